//! Types in PostgreSQL's own spelling, both ways.

use physical::{Name, SqlType};

use super::ident;

/// Writes a type, as `format_type` would print it except for the short `timestamptz`.
#[must_use]
pub fn type_name(ty: &SqlType) -> String {
    match ty {
        SqlType::Boolean => "boolean".to_owned(),
        SqlType::SmallInt => "smallint".to_owned(),
        SqlType::Integer => "integer".to_owned(),
        SqlType::BigInt => "bigint".to_owned(),
        SqlType::Real => "real".to_owned(),
        SqlType::Double => "double precision".to_owned(),
        SqlType::Numeric(None) => "numeric".to_owned(),
        SqlType::Numeric(Some((precision, scale))) => format!("numeric({precision},{scale})"),
        SqlType::Text => "text".to_owned(),
        SqlType::Varchar(length) => format!("varchar({length})"),
        SqlType::Char(length) => format!("char({length})"),
        SqlType::Uuid => "uuid".to_owned(),
        SqlType::Bytes => "bytea".to_owned(),
        SqlType::Date => "date".to_owned(),
        SqlType::Time => "time".to_owned(),
        SqlType::Timestamp => "timestamp".to_owned(),
        SqlType::TimestampTz => "timestamptz".to_owned(),
        SqlType::Interval => "interval".to_owned(),
        SqlType::Json => "jsonb".to_owned(),
        SqlType::JsonText => "json".to_owned(),
        SqlType::Inet => "inet".to_owned(),
        SqlType::Array(element) => format!("{}[]", type_name(element)),
        SqlType::Named(name) => ident::name(name),
        SqlType::Other(text) => text.clone(),
    }
}

/// Reads a type as the server or a person writes it. Total: what is not known by name is [`SqlType::Named`] when it has a
/// schema, else [`SqlType::Other`].
#[must_use]
pub fn parse(text: &str) -> SqlType {
    let text = text.trim();
    if let Some(element) = text.strip_suffix("[]") {
        return SqlType::Array(Box::new(parse(element)));
    }
    let (base, modifier, tail) = modifiers(text);
    let base = base.to_lowercase();
    match (base.as_str(), modifier.as_slice()) {
        ("timestamp" | "time", _) if !modifier.is_empty() => SqlType::Other(precise(&base, &modifier, tail)),
        ("boolean" | "bool", []) => SqlType::Boolean,
        ("smallint" | "int2", []) => SqlType::SmallInt,
        ("integer" | "int" | "int4", []) => SqlType::Integer,
        ("bigint" | "int8", []) => SqlType::BigInt,
        ("real" | "float4", []) => SqlType::Real,
        ("double precision" | "float8" | "float", []) => SqlType::Double,
        ("numeric" | "decimal" | "dec", []) => SqlType::Numeric(None),
        ("numeric" | "decimal" | "dec", [precision]) => SqlType::Numeric(Some((*precision, 0))),
        ("numeric" | "decimal" | "dec", [precision, scale]) => SqlType::Numeric(Some((*precision, *scale))),
        ("text", []) => SqlType::Text,
        ("character varying" | "varchar", [length]) => SqlType::Varchar(*length),
        ("character varying" | "varchar", []) => SqlType::Other("varchar".to_owned()),
        ("character" | "char" | "bpchar", [length]) => SqlType::Char(*length),
        ("character" | "char", []) => SqlType::Char(1),
        ("uuid", []) => SqlType::Uuid,
        ("bytea", []) => SqlType::Bytes,
        ("date", []) => SqlType::Date,
        ("time without time zone" | "time", []) => SqlType::Time,
        ("timestamp without time zone" | "timestamp", []) => SqlType::Timestamp,
        ("timestamp with time zone" | "timestamptz", []) => SqlType::TimestampTz,
        ("time with time zone" | "timetz", []) => SqlType::Other("timetz".to_owned()),
        ("interval", []) => SqlType::Interval,
        ("jsonb", []) => SqlType::Json,
        ("json", []) => SqlType::JsonText,
        ("inet", []) => SqlType::Inet,
        _ => named(text),
    }
}

/// Whether a type has one spelling only, which reads back as the same type.
#[must_use]
pub fn is_settled(ty: &SqlType) -> bool {
    match ty {
        SqlType::Array(element) => is_settled(element),
        SqlType::Named(_) | SqlType::Other(_) => false,
        _ => true,
    }
}

/// The one spelling of a type, whatever the one at hand.
#[must_use]
pub fn spelled(text: &str) -> String {
    type_name(&parse(text))
}

/// Takes `numeric(10,2)` apart; what follows the modifier is `with time zone` or nothing.
fn modifiers(text: &str) -> (&str, Vec<u32>, &str) {
    let Some((base, rest)) = text.split_once('(') else {
        return (text, Vec::new(), "");
    };
    let Some((inside, tail)) = rest.split_once(')') else {
        return (text, Vec::new(), "");
    };
    let numbers: Result<Vec<u32>, _> = inside.split(',').map(|number| number.trim().parse()).collect();
    match numbers {
        Ok(numbers) => (base.trim(), numbers, tail.trim()),
        Err(_) => (text, Vec::new(), ""),
    }
}

/// `timestamp(3) with time zone` as `timestamptz(3)`.
fn precise(base: &str, modifier: &[u32], tail: &str) -> String {
    let zone = if tail == "with time zone" { "tz" } else { "" };
    let digits = modifier.first().copied().unwrap_or_default();
    format!("{base}{zone}({digits})")
}

fn named(text: &str) -> SqlType {
    let parts = super::ident::split_path(text);
    match parts.as_slice() {
        [schema, name] if schema == "pg_catalog" => SqlType::Other(super::ident::ident(name)),
        [schema, name] => SqlType::Named(Name::new(schema.as_str(), name.as_str())),
        _ => SqlType::Other(text.to_owned()),
    }
}
