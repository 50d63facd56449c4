//! PostgreSQL's values, in and out.

use std::error::Error;
use std::fmt::Write as _;

use physical::Value;
use tokio_postgres::types::private::BytesMut;
use tokio_postgres::types::{Format, FromSql, IsNull, Kind, ToSql, Type, to_sql_checked};

/// A parameter, sent as text: the server reads it as whatever type the statement wants there.
#[derive(Debug)]
pub(super) struct Parameter<'a>(pub(super) &'a Value);

impl ToSql for Parameter<'_> {
    fn to_sql(&self, _: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        match text_of(self.0) {
            Some(text) => {
                out.extend_from_slice(text.as_bytes());
                Ok(IsNull::No)
            }
            None => Ok(IsNull::Yes),
        }
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    fn encode_format(&self, _: &Type) -> Format {
        Format::Text
    }

    to_sql_checked!();
}

/// How PostgreSQL reads a value; `None` is NULL.
pub(super) fn text_of(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::Bool(value) => Some(if *value { "true" } else { "false" }.to_owned()),
        Value::Int(value) => Some(value.to_string()),
        // Its own notation for those two; all others print as the shortest text that reads back the same.
        Value::Float(value) if value.is_infinite() => {
            Some(if *value > 0.0 { "Infinity" } else { "-Infinity" }.to_owned())
        }
        Value::Float(value) => Some(value.to_string()),
        Value::Text(text) => Some(text.clone()),
        Value::Bytes(bytes) => {
            let mut text = String::with_capacity(2 + bytes.len() * 2);
            text.push_str("\\x");
            for byte in bytes {
                // Writing to a String cannot fail.
                let _ = write!(text, "{byte:02x}");
            }
            Some(text)
        }
    }
}

/// The bytes of a column, whatever its type.
pub(super) struct Raw<'a>(pub(super) Option<&'a [u8]>);

impl<'a> FromSql<'a> for Raw<'a> {
    fn from_sql(_: &Type, raw: &'a [u8]) -> Result<Self, Box<dyn Error + Sync + Send>> {
        Ok(Self(Some(raw)))
    }

    fn from_sql_null(_: &Type) -> Result<Self, Box<dyn Error + Sync + Send>> {
        Ok(Self(None))
    }

    fn accepts(_: &Type) -> bool {
        true
    }
}

/// Whether [`binary`] knows a type. Rows with others are asked for as text.
pub(super) fn is_binary(ty: &Type) -> bool {
    matches!(
        *ty,
        Type::BOOL
            | Type::INT2
            | Type::INT4
            | Type::INT8
            | Type::OID
            | Type::FLOAT4
            | Type::FLOAT8
            | Type::BYTEA
            | Type::UUID
            | Type::CHAR
    ) || is_text(ty)
}

/// Types whose binary form is their text.
fn is_text(ty: &Type) -> bool {
    matches!(
        *ty,
        Type::TEXT | Type::VARCHAR | Type::BPCHAR | Type::NAME | Type::JSON | Type::XML | Type::UNKNOWN
    ) || matches!(ty.kind(), Kind::Enum(_))
}

/// Reads a value in PostgreSQL's binary form; `None` when it is malformed.
pub(super) fn binary(ty: &Type, raw: Option<&[u8]>) -> Option<Value> {
    let Some(raw) = raw else { return Some(Value::Null) };
    Some(match *ty {
        Type::BOOL => Value::Bool(*raw.first()? != 0),
        Type::INT2 => Value::Int(i16::from_be_bytes(raw.try_into().ok()?).into()),
        Type::INT4 => Value::Int(i32::from_be_bytes(raw.try_into().ok()?).into()),
        Type::INT8 => Value::Int(i64::from_be_bytes(raw.try_into().ok()?)),
        Type::OID => Value::Int(u32::from_be_bytes(raw.try_into().ok()?).into()),
        Type::FLOAT4 => single(f32::from_be_bytes(raw.try_into().ok()?)),
        Type::FLOAT8 => Value::Float(f64::from_be_bytes(raw.try_into().ok()?)),
        Type::BYTEA => Value::Bytes(raw.to_owned()),
        Type::UUID => Value::Text(uuid(raw.try_into().ok()?)),
        Type::CHAR => Value::Text(match raw.first()? {
            0 => String::new(),
            byte => char::from(*byte).to_string(),
        }),
        _ => Value::Text(std::str::from_utf8(raw).ok()?.to_owned()),
    })
}

/// A single-precision number as the double that prints the same: 0.1 is to stay 0.1.
fn single(value: f32) -> Value {
    Value::Float(value.to_string().parse().unwrap_or_else(|_| f64::from(value)))
}

fn uuid(bytes: [u8; 16]) -> String {
    let mut text = String::with_capacity(36);
    for (position, byte) in bytes.iter().enumerate() {
        if matches!(position, 4 | 6 | 8 | 10) {
            text.push('-');
        }
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

/// Reads a value in PostgreSQL's text form, as it is set up on every connection of ours.
pub(super) fn text(ty: &Type, text: Option<&str>) -> Value {
    let Some(text) = text else { return Value::Null };
    let value = match *ty {
        Type::BOOL => Some(Value::Bool(text == "t")),
        Type::INT2 | Type::INT4 | Type::INT8 | Type::OID => text.parse().ok().map(Value::Int),
        Type::FLOAT4 | Type::FLOAT8 => text.parse().ok().map(Value::Float),
        Type::BYTEA => text.strip_prefix("\\x").and_then(bytes).map(Value::Bytes),
        _ => None,
    };
    value.unwrap_or_else(|| Value::Text(text.to_owned()))
}

fn bytes(hex: &str) -> Option<Vec<u8>> {
    let (pairs, rest) = hex.as_bytes().as_chunks::<2>();
    if !rest.is_empty() {
        return None;
    }
    let digit = |byte: &u8| {
        char::from(*byte)
            .to_digit(16)
            .and_then(|digit| u8::try_from(digit).ok())
    };
    pairs
        .iter()
        .map(|[high, low]| Some(digit(high)? * 16 + digit(low)?))
        .collect()
}
