//! Names and constants as SQLite spells them.

use std::sync::LazyLock;

use physical::{Ident, Literal, Name};

use crate::source::flat;
use crate::words::Words;

/// SQLite's keywords. All of them are quoted: the parser accepts some as names today, and later versions may not.
static SORTED: &[&str] = &[
    "ABORT",
    "ACTION",
    "ADD",
    "AFTER",
    "ALL",
    "ALTER",
    "ALWAYS",
    "ANALYZE",
    "AND",
    "AS",
    "ASC",
    "ATTACH",
    "AUTOINCREMENT",
    "BEFORE",
    "BEGIN",
    "BETWEEN",
    "BY",
    "CASCADE",
    "CASE",
    "CAST",
    "CHECK",
    "COLLATE",
    "COLUMN",
    "COMMIT",
    "CONFLICT",
    "CONSTRAINT",
    "CREATE",
    "CROSS",
    "CURRENT",
    "CURRENT_DATE",
    "CURRENT_TIME",
    "CURRENT_TIMESTAMP",
    "DATABASE",
    "DEFAULT",
    "DEFERRABLE",
    "DEFERRED",
    "DELETE",
    "DESC",
    "DETACH",
    "DISTINCT",
    "DO",
    "DROP",
    "EACH",
    "ELSE",
    "END",
    "ESCAPE",
    "EXCEPT",
    "EXCLUDE",
    "EXCLUSIVE",
    "EXISTS",
    "EXPLAIN",
    "FAIL",
    "FALSE",
    "FILTER",
    "FIRST",
    "FOLLOWING",
    "FOR",
    "FOREIGN",
    "FROM",
    "FULL",
    "GENERATED",
    "GLOB",
    "GROUP",
    "GROUPS",
    "HAVING",
    "IF",
    "IGNORE",
    "IMMEDIATE",
    "IN",
    "INDEX",
    "INDEXED",
    "INITIALLY",
    "INNER",
    "INSERT",
    "INSTEAD",
    "INTERSECT",
    "INTO",
    "IS",
    "ISNULL",
    "JOIN",
    "KEY",
    "LAST",
    "LEFT",
    "LIKE",
    "LIMIT",
    "MATCH",
    "MATERIALIZED",
    "NATURAL",
    "NEW",
    "NO",
    "NOT",
    "NOTHING",
    "NOTNULL",
    "NULL",
    "NULLS",
    "OF",
    "OFFSET",
    "OLD",
    "ON",
    "OR",
    "ORDER",
    "OTHERS",
    "OUTER",
    "OVER",
    "PARTITION",
    "PLAN",
    "PRAGMA",
    "PRECEDING",
    "PRIMARY",
    "QUERY",
    "RAISE",
    "RANGE",
    "RECURSIVE",
    "REFERENCES",
    "REGEXP",
    "REINDEX",
    "RELEASE",
    "RENAME",
    "REPLACE",
    "RESTRICT",
    "RETURNING",
    "RIGHT",
    "ROLLBACK",
    "ROW",
    "ROWID",
    "ROWS",
    "SAVEPOINT",
    "SELECT",
    "SET",
    "STORED",
    "STRICT",
    "TABLE",
    "TEMP",
    "TEMPORARY",
    "THEN",
    "TIES",
    "TO",
    "TRANSACTION",
    "TRIGGER",
    "TRUE",
    "UNBOUNDED",
    "UNION",
    "UNIQUE",
    "UPDATE",
    "USING",
    "VACUUM",
    "VALUES",
    "VIEW",
    "VIRTUAL",
    "WHEN",
    "WHERE",
    "WINDOW",
    "WITH",
    "WITHIN",
    "WITHOUT",
];

static KEYWORDS: LazyLock<Words> = LazyLock::new(|| Words::new(SORTED));

/// Whether a bare word must be quoted.
#[must_use]
pub fn reserved(word: &str) -> bool {
    KEYWORDS.may_hold(word) && KEYWORDS.hold(&word.to_ascii_uppercase())
}

/// Whether a name can stand without quotes.
pub(super) fn is_plain(name: &str) -> bool {
    let mut bytes = name.bytes();
    matches!(bytes.next(), Some(b'a'..=b'z' | b'_'))
        && bytes.all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_'))
        && !reserved(name)
}

/// Writes a name, quoted where it must be.
#[must_use]
pub fn quote(name: &str) -> String {
    if is_plain(name) {
        return name.to_owned();
    }
    // A NUL ends SQL text; no stored name can hold one.
    let clean: String = name.chars().filter(|c| *c != '\0').collect();
    format!("\"{}\"", clean.replace('"', "\"\""))
}

/// Writes a name of the model.
pub(super) fn ident(name: &Ident) -> String {
    quote(name.as_str())
}

/// Writes several names with commas.
pub(super) fn idents<'a>(names: impl IntoIterator<Item = &'a Ident>) -> String {
    names.into_iter().map(ident).collect::<Vec<_>>().join(", ")
}

/// Writes the name of a table or view.
pub(super) fn table(name: &Name) -> String {
    quote(&flat(name))
}

/// Writes a text constant. A NUL character would end the statement, so it is put together from pieces.
#[must_use]
pub fn text(value: &str) -> String {
    if value.contains('\0') {
        let pieces: Vec<String> = value
            .split('\0')
            .map(|piece| format!("'{}'", piece.replace('\'', "''")))
            .collect();
        return format!("({})", pieces.join(" || char(0) || "));
    }
    format!("'{}'", value.replace('\'', "''"))
}

/// Writes bytes.
#[must_use]
pub fn bytes(value: &[u8]) -> String {
    use std::fmt::Write as _;
    let mut hex = String::with_capacity(value.len() * 2 + 3);
    hex.push_str("x'");
    for byte in value {
        // Writing into a String cannot fail.
        let _ = write!(hex, "{byte:02x}");
    }
    hex.push('\'');
    hex
}

/// Writes a constant without knowing the column that it is for. Decimals are written as text there is no scale for; columns
/// with a scale are written by [`super::types::literal_for`].
#[must_use]
pub fn literal(value: &Literal) -> String {
    match value {
        Literal::Null => "NULL".to_owned(),
        Literal::Bool(value) => i32::from(*value).to_string(),
        // The most negative number has no positive twin to negate.
        Literal::Int(i64::MIN) => "(-9223372036854775807 - 1)".to_owned(),
        Literal::Int(value) => value.to_string(),
        Literal::Decimal(value) => value.clone(),
        Literal::Text(value) => text(value),
        Literal::Bytes(value) => bytes(value),
        Literal::EmptyArray => "'[]'".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keywords_are_sorted_for_binary_search() {
        assert!(SORTED.is_sorted());
    }

    #[test]
    fn names_are_quoted_only_where_they_must_be() {
        assert_eq!(quote("orders"), "orders");
        assert_eq!(quote("order"), "\"order\"");
        assert_eq!(quote("Größe"), "\"Größe\"");
        assert_eq!(quote("a\"b"), "\"a\"\"b\"");
        assert_eq!(quote("1st"), "\"1st\"");
        assert_eq!(quote(""), "\"\"");
    }

    #[test]
    fn constants_cannot_break_out() {
        assert_eq!(text("it's"), "'it''s'");
        assert_eq!(text("a\0b"), "('a' || char(0) || 'b')");
        assert_eq!(literal(&Literal::Bytes(vec![0, 255])), "x'00ff'");
        assert_eq!(literal(&Literal::Int(i64::MIN)), "(-9223372036854775807 - 1)");
    }
}
