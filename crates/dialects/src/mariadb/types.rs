//! How values are stored.
//!
//! Text is compared by code points, blanks at its end included, as everywhere else ([`COLLATION`]); instants are `datetime(6)` in UTC,
//! since `timestamp` ends in 2038; booleans are `tinyint(1)` with a CHECK.

use physical::{Check, Column, DefaultValue, Expr, Literal, Origin, SqlType, Table};
use plan::Unspeakable;

use super::expression::{Renderer, unspeakable};
use super::ident::{ident, literal, text};
use crate::clock;

/// How tables compare text: by code points, without padding.
pub const COLLATION: &str = "utf8mb4_nopad_bin";

/// The instant at which the running statement began, in UTC.
pub(super) const NOW: &str = "utc_timestamp(6)";

/// The same in the spelling of the catalog, of the day alone.
pub(super) const TODAY: &str = "utc_date()";

/// The most digits that a decimal can have, and the most of them behind the point.
pub(super) const DECIMAL: (u32, u32) = (65, 38);

/// 122 random bits with the version and variant of RFC 9562 in their places. `UUID()` is version 1: a clock and a counter.
pub(super) const UUID4: &str = "concat(hex(random_bytes(4)),'-',hex(random_bytes(2)),'-4',substr(hex(random_bytes(2)),2),'-',\
hex(char(128 + (ascii(random_bytes(1)) & 63))),hex(random_bytes(1)),'-',hex(random_bytes(6)))";

/// Milliseconds since 1970 and 74 random bits.
const UUID7: &str = "insert(concat(lpad(hex(timestampdiff(MICROSECOND,'1970-01-01',utc_timestamp(6)) DIV 1000),12,'0'),'-7',\
substr(hex(random_bytes(2)),2),'-',hex(char(128 + (ascii(random_bytes(1)) & 63))),hex(random_bytes(1)),'-',hex(random_bytes(6))),9,0,'-')";

/// Writes a type.
#[must_use]
pub(super) fn type_name(ty: &SqlType) -> String {
    match ty {
        SqlType::Boolean => "tinyint(1)".to_owned(),
        SqlType::SmallInt => "smallint".to_owned(),
        SqlType::Integer => "int".to_owned(),
        SqlType::BigInt | SqlType::Interval => "bigint".to_owned(),
        SqlType::Real => "float".to_owned(),
        SqlType::Double => "double".to_owned(),
        SqlType::Numeric(None) => format!("decimal({},{})", DECIMAL.0, 30),
        SqlType::Numeric(Some((precision, scale))) => {
            format!(
                "decimal({},{})",
                (*precision).min(DECIMAL.0),
                (*scale).min(DECIMAL.1)
            )
        }
        SqlType::Text => "longtext".to_owned(),
        SqlType::Varchar(length) => format!("varchar({length})"),
        SqlType::Char(length) => format!("char({length})"),
        SqlType::Uuid => "uuid".to_owned(),
        SqlType::Bytes => "longblob".to_owned(),
        SqlType::Date => "date".to_owned(),
        SqlType::Time => "time(6)".to_owned(),
        SqlType::Timestamp | SqlType::TimestampTz => "datetime(6)".to_owned(),
        SqlType::Json | SqlType::JsonText | SqlType::Array(_) => "json".to_owned(),
        SqlType::Inet => "varchar(43)".to_owned(),
        // `realise` puts the members of an enum in its place.
        SqlType::Named(name) => format!("varchar(255) /* {} */", name.name.as_str().replace("*/", "")),
        SqlType::Other(text) => text.clone(),
    }
}

/// Writes a constant for a column of this type.
pub(super) fn literal_for(value: &Literal, ty: &SqlType) -> Result<String, Unspeakable> {
    let Literal::Text(said) = value else {
        return Ok(literal(value));
    };
    match ty {
        SqlType::TimestampTz | SqlType::Timestamp => match instant(said) {
            Some(stored) => Ok(text(&stored)),
            None => unspeakable(format!("`{said}` is no instant that microseconds can hold")),
        },
        SqlType::Date => match clock::date(said) {
            Some((year, month, day)) => Ok(text(&format!("{year:04}-{month:02}-{day:02}"))),
            None => unspeakable(format!("`{said}` is no date")),
        },
        SqlType::Time => match clock::time(said) {
            Some((hour, minute, second, micros)) => {
                Ok(text(&format!("{hour:02}:{minute:02}:{second:02}.{micros:06}")))
            }
            None => unspeakable(format!("`{said}` is no time of day that microseconds can hold")),
        },
        _ => Ok(text(said)),
    }
}

/// An instant in the stored form.
pub(super) fn instant(said: &str) -> Option<String> {
    let ((year, month, day), (hour, minute, second, micros)) = clock::instant(said)?;
    Some(format!(
        "{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}.{micros:06}"
    ))
}

/// Writes what stands behind `DEFAULT`; expressions have parentheses.
pub(super) fn default_text(value: &DefaultValue, ty: &SqlType) -> Result<String, Unspeakable> {
    let expression = |sql: &str| Ok(format!("({sql})"));
    match value {
        DefaultValue::Literal(value) => literal_for(value, ty),
        DefaultValue::Now => expression(NOW),
        DefaultValue::Today => expression(TODAY),
        DefaultValue::Uuid4 => expression(UUID4),
        DefaultValue::Uuid7 => expression(UUID7),
        DefaultValue::Expr(Expr::Sql(sql)) => Ok(sql.clone()),
        DefaultValue::Expr(expr) => expression(&Renderer::default().render_as(expr, ty)?),
    }
}

/// The check that keeps a column's storage to its type; `None` where the type alone does.
pub(super) fn storage_check(table: &Table, column: &Column) -> Option<Check> {
    let name = ident(&column.name);
    let rule = match column.ty {
        SqlType::Boolean => format!("{name} in (0,1)"),
        SqlType::Array(_) => format!("json_type({name}) = 'ARRAY'"),
        _ => return None,
    };
    Some(Check {
        name: format!("{}_{}_type", table.name.name, column.name).into(),
        expr: Expr::Sql(rule),
        validated: true,
        comment: None,
        origin: Origin::Decision("storage", column.origin.span()),
    })
}
