//! Values, in and out.

use mysql::consts::ColumnType;
use mysql::{Column, Value as Wire};
use physical::Value;

use crate::error::{EngineError, SqlError};

/// The character set of what is no text.
const BINARY: u16 = 63;
/// In place of a number of decimals: as many as there are.
const ANY: u8 = 31;

/// A parameter. Texts and bytes travel alike; the statement says what they become.
pub(super) fn parameter(value: &Value) -> Result<Wire, EngineError> {
    Ok(match value {
        Value::Null => Wire::NULL,
        Value::Bool(value) => Wire::Int(i64::from(*value)),
        Value::Int(value) => Wire::Int(*value),
        Value::Float(value) if value.is_finite() => Wire::Double(*value),
        Value::Float(_) => {
            return Err(EngineError::Sql(Box::new(SqlError {
                code: "22003".to_owned(),
                message: "MariaDB has neither infinite numbers nor what is no number".to_owned(),
                ..SqlError::default()
            })));
        }
        Value::Text(text) => Wire::Bytes(text.as_bytes().to_owned()),
        Value::Bytes(bytes) => Wire::Bytes(bytes.clone()),
    })
}

/// A value of a column, in either protocol.
pub(super) fn value(value: Option<Wire>, column: &Column) -> Value {
    match value {
        None | Some(Wire::NULL) => Value::Null,
        Some(Wire::Int(value)) => Value::Int(value),
        // Larger than any integer of ours: its digits.
        Some(Wire::UInt(value)) => {
            i64::try_from(value).map_or_else(|_| Value::Text(value.to_string()), Value::Int)
        }
        Some(Wire::Float(value)) => single(value),
        Some(Wire::Double(value)) => Value::Float(value),
        Some(Wire::Date(year, month, day, hour, minute, second, micros)) => {
            let date = format!("{year:04}-{month:02}-{day:02}");
            Value::Text(match column.column_type() {
                ColumnType::MYSQL_TYPE_DATE | ColumnType::MYSQL_TYPE_NEWDATE => date,
                _ => format!(
                    "{date} {hour:02}:{minute:02}:{second:02}{}",
                    fraction(micros, column.decimals())
                ),
            })
        }
        Some(Wire::Time(negative, days, hours, minutes, seconds, micros)) => {
            let hours = u64::from(days) * 24 + u64::from(hours);
            let sign = if negative { "-" } else { "" };
            let fraction = fraction(micros, column.decimals());
            Value::Text(format!("{sign}{hours:02}:{minutes:02}:{seconds:02}{fraction}"))
        }
        Some(Wire::Bytes(bytes)) => from_bytes(bytes, column),
    }
}

/// A single-precision number as the double that prints the same: 0.1 is to stay 0.1.
fn single(value: f32) -> Value {
    Value::Float(value.to_string().parse().unwrap_or_else(|_| f64::from(value)))
}

/// Parts of a second, with as many digits as the column has.
fn fraction(micros: u32, decimals: u8) -> String {
    let digits = match decimals {
        0 => return String::new(),
        ANY.. if micros == 0 => return String::new(),
        digits => usize::from(digits).min(6),
    };
    let all = format!("{micros:06}");
    format!(".{}", all.get(..digits).unwrap_or(&all))
}

fn from_bytes(bytes: Vec<u8>, column: &Column) -> Value {
    use ColumnType as T;
    match column.column_type() {
        // In text, numbers come as their digits.
        T::MYSQL_TYPE_TINY
        | T::MYSQL_TYPE_SHORT
        | T::MYSQL_TYPE_INT24
        | T::MYSQL_TYPE_LONG
        | T::MYSQL_TYPE_LONGLONG
        | T::MYSQL_TYPE_YEAR => number(bytes, Value::Int),
        T::MYSQL_TYPE_FLOAT | T::MYSQL_TYPE_DOUBLE => number(bytes, Value::Float),
        T::MYSQL_TYPE_BIT | T::MYSQL_TYPE_GEOMETRY => Value::Bytes(bytes),
        T::MYSQL_TYPE_STRING
        | T::MYSQL_TYPE_VAR_STRING
        | T::MYSQL_TYPE_VARCHAR
        | T::MYSQL_TYPE_TINY_BLOB
        | T::MYSQL_TYPE_MEDIUM_BLOB
        | T::MYSQL_TYPE_LONG_BLOB
        | T::MYSQL_TYPE_BLOB
            if column.character_set() == BINARY =>
        {
            Value::Bytes(bytes)
        }
        _ => text(bytes),
    }
}

fn number<T: std::str::FromStr>(bytes: Vec<u8>, make: fn(T) -> Value) -> Value {
    let parsed = std::str::from_utf8(&bytes)
        .ok()
        .and_then(|text| text.parse().ok());
    parsed.map_or_else(|| text(bytes), make)
}

/// What claims to be text and is none is shown as what it is.
fn text(bytes: Vec<u8>) -> Value {
    String::from_utf8(bytes).map_or_else(|error| Value::Bytes(error.into_bytes()), Value::Text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_of_a_second_have_the_digits_of_their_column() {
        assert_eq!(fraction(0, 0), "");
        assert_eq!(fraction(0, 6), ".000000");
        assert_eq!(fraction(120_000, 3), ".120");
        assert_eq!(fraction(120_000, ANY), ".120000");
        assert_eq!(fraction(0, ANY), "");
    }

    #[test]
    fn numbers_beyond_all_integers_keep_their_digits() {
        let column = Column::new(ColumnType::MYSQL_TYPE_LONGLONG);
        let most = value(Some(Wire::UInt(u64::MAX)), &column);
        assert_eq!(most, Value::Text("18446744073709551615".to_owned()));
        assert_eq!(
            value(Some(Wire::Bytes(b"18446744073709551615".to_vec())), &column),
            most
        );
        assert_eq!(value(Some(Wire::Bytes(b"-5".to_vec())), &column), Value::Int(-5));
        assert!(parameter(&Value::Float(f64::NAN)).is_err());
    }
}
