//! Types in PostgreSQL's own spelling, both ways.

use physical::SqlType;

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
