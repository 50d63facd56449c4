//! Names and constants in PostgreSQL's own spelling.

use std::sync::LazyLock;

use physical::{Ident, Literal};

use crate::sql::{Quoting, Sql};
use crate::words::Words;

/// How PostgreSQL quotes.
pub static QUOTING: Quoting = Quoting { ident, literal, text };

/// Keywords that cannot stand as a name everywhere: all but the unreserved ones of versions 15 to 18, as
/// `pg_get_keywords()` answers them. The server's `quote_ident` quotes the same.
#[rustfmt::skip]
static SORTED: &[&str] = &[
    "all", "analyse", "analyze", "and", "any", "array", "as", "asc", "asymmetric", "authorization",
    "between", "bigint", "binary", "bit", "boolean", "both", "case", "cast", "char", "character", "check",
    "coalesce", "collate", "collation", "column", "concurrently", "constraint", "create", "cross",
    "current_catalog", "current_date", "current_role", "current_schema", "current_time",
    "current_timestamp", "current_user", "dec", "decimal", "default", "deferrable", "desc", "distinct",
    "do", "else", "end", "except", "exists", "extract", "false", "fetch", "float", "for", "foreign",
    "freeze", "from", "full", "grant", "greatest", "group", "grouping", "having", "ilike", "in",
    "initially", "inner", "inout", "int", "integer", "intersect", "interval", "into", "is", "isnull",
    "join", "json", "json_array", "json_arrayagg", "json_exists", "json_object", "json_objectagg",
    "json_query", "json_scalar", "json_serialize", "json_table", "json_value", "lateral", "leading",
    "least", "left", "like", "limit", "localtime", "localtimestamp", "merge_action", "national", "natural",
    "nchar", "none", "normalize", "not", "notnull", "null", "nullif", "numeric", "offset", "on", "only",
    "or", "order", "out", "outer", "overlaps", "overlay", "placing", "position", "precision", "primary",
    "real", "references", "returning", "right", "row", "select", "session_user", "setof", "similar",
    "smallint", "some", "substring", "symmetric", "system_user", "table", "tablesample", "then", "time",
    "timestamp", "to", "trailing", "treat", "trim", "true", "union", "unique", "user", "using", "values",
    "varchar", "variadic", "verbose", "when", "where", "window", "with", "xmlattributes", "xmlconcat",
    "xmlelement", "xmlexists", "xmlforest", "xmlnamespaces", "xmlparse", "xmlpi", "xmlroot", "xmlserialize",
    "xmltable",
];

static KEYWORDS: LazyLock<Words> = LazyLock::new(|| Words::new(SORTED));

/// An empty text in PostgreSQL's quoting.
#[must_use]
pub const fn sql() -> Sql {
    Sql::new(&QUOTING)
}

/// Whether a bare word must be quoted to be a name.
#[must_use]
pub fn reserved(word: &str) -> bool {
    KEYWORDS.hold(word)
}

/// Writes a name, quoted where it must be: what is not lower case, digits and underscores, and keywords.
#[must_use]
pub fn ident(name: &str) -> String {
    let mut bytes = name.bytes();
    let plain_start = matches!(bytes.next(), Some(b'a'..=b'z' | b'_'));
    let plain = plain_start && bytes.all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_'));
    if plain && !reserved(name) {
        return name.to_owned();
    }
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// A name with its schema.
#[must_use]
pub fn name(name: &physical::Name) -> String {
    sql().name(name).finish()
}

/// Names with commas between.
#[must_use]
pub fn idents(names: &[Ident]) -> String {
    sql().idents(names).finish()
}

/// Writes a text constant. `E''` only where there is a backslash, so that it reads the same whatever
/// `standard_conforming_strings` says.
#[must_use]
pub fn text(value: &str) -> String {
    let doubled = value.replace('\'', "''");
    if value.contains('\\') {
        format!("E'{}'", doubled.replace('\\', "\\\\"))
    } else {
        format!("'{doubled}'")
    }
}

/// Writes a constant.
#[must_use]
pub fn literal(literal: &Literal) -> String {
    match literal {
        Literal::Null => "NULL".to_owned(),
        Literal::Bool(true) => "true".to_owned(),
        Literal::Bool(false) => "false".to_owned(),
        Literal::Int(value) => value.to_string(),
        Literal::Decimal(value) => value.clone(),
        Literal::Text(value) => text(value),
        Literal::Bytes(bytes) => bytea(bytes),
        Literal::EmptyArray => "'{}'".to_owned(),
    }
}

fn bytea(bytes: &[u8]) -> String {
    use std::fmt::Write as _;

    let mut out = String::from("'\\x");
    for byte in bytes {
        // Writing to a String cannot fail.
        let _ = write!(out, "{byte:02x}");
    }
    out.push_str("'::bytea");
    out
}

/// Takes a printed name apart at its points: `a."B.c"` is `a` and `B.c`. Empty when it is no name.
#[must_use]
pub fn split_path(text: &str) -> Vec<String> {
    let mut parts = Vec::new();
    let mut part = String::new();
    let mut chars = text.chars().peekable();
    let mut quoted = false;
    while let Some(c) = chars.next() {
        match c {
            '"' if quoted && chars.peek() == Some(&'"') => {
                chars.next();
                part.push('"');
            }
            '"' => quoted = !quoted,
            '.' if !quoted => parts.push(std::mem::take(&mut part)),
            c if quoted || c.is_alphanumeric() || matches!(c, '_' | '$') => part.push(c),
            _ => return Vec::new(),
        }
    }
    parts.push(part);
    parts
}
