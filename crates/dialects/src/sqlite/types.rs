//! How values are stored: STRICT tables know five types, and everything finer is a CHECK.

use physical::{Check, Column, DefaultValue, Expr, Literal, Origin, SqlType, Table};
use plan::Unspeakable;

use super::expression::Renderer;
use super::ident::{ident, literal, text};
use super::kind::Kind;
use super::literals;

/// The one form in which instants are stored: UTC, milliseconds, comparable as text.
pub(super) const INSTANT_FORMAT: &str = "%Y-%m-%dT%H:%M:%fZ";

/// The instant of the running statement, in the stored form.
pub(super) const NOW: &str = "strftime('%Y-%m-%dT%H:%M:%fZ', 'now')";

/// Digits that an exact decimal can have when it is stored as a scaled 64-bit integer.
pub(super) const MAX_DIGITS: u32 = 18;

/// Writes a type.
#[must_use]
pub(super) fn type_name(ty: &SqlType) -> String {
    match ty {
        SqlType::Boolean | SqlType::SmallInt | SqlType::Integer | SqlType::BigInt | SqlType::Interval => {
            "INTEGER".to_owned()
        }
        SqlType::Real | SqlType::Double => "REAL".to_owned(),
        SqlType::Numeric(_) => if scale_of(ty).is_some() { "INTEGER" } else { "TEXT" }.to_owned(),
        SqlType::Bytes => "BLOB".to_owned(),
        SqlType::Other(name) => name.clone(),
        SqlType::Text
        | SqlType::Varchar(_)
        | SqlType::Char(_)
        | SqlType::Uuid
        | SqlType::Date
        | SqlType::Time
        | SqlType::Timestamp
        | SqlType::TimestampTz
        | SqlType::Json
        | SqlType::JsonText
        | SqlType::Inet
        | SqlType::Array(_)
        | SqlType::Named(_) => "TEXT".to_owned(),
    }
}

/// The type that a column of a STRICT table reads back as.
pub(super) fn stored(ty: &SqlType) -> SqlType {
    match type_name(ty).to_ascii_uppercase().as_str() {
        "INTEGER" | "INT" => SqlType::BigInt,
        "REAL" => SqlType::Double,
        "TEXT" => SqlType::Text,
        "BLOB" => SqlType::Bytes,
        other => SqlType::Other(other.to_owned()),
    }
}

/// How many decimal places a scaled integer has; `None` for what is not stored so.
pub(super) fn scale_of(ty: &SqlType) -> Option<u32> {
    match ty {
        SqlType::Numeric(Some((precision, scale))) if *precision <= MAX_DIGITS && scale <= precision => {
            Some(*scale)
        }
        _ => None,
    }
}

/// Ten to the power of a scale.
pub(super) fn power(scale: u32) -> i64 {
    10_i64.checked_pow(scale).unwrap_or(i64::MAX)
}

/// A decimal as a whole number of units of `10^-scale`; `None` when it has more places than that, or does not fit.
pub(super) fn scaled(decimal: &str, scale: u32) -> Option<i64> {
    let (negative, digits) = match decimal.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, decimal),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let fraction = fraction.trim_end_matches('0');
    let places = u32::try_from(fraction.len()).ok()?;
    if places > scale || !whole.chars().chain(fraction.chars()).all(|c| c.is_ascii_digit()) {
        return None;
    }
    let zeros = "0".repeat(usize::try_from(scale - places).ok()?);
    let value: i64 = format!("0{whole}{fraction}{zeros}").parse().ok()?;
    Some(if negative { -value } else { value })
}

/// Writes a constant for a column of this type.
pub(super) fn literal_for(value: &Literal, ty: &SqlType) -> Result<String, Unspeakable> {
    if matches!(value, Literal::Null) {
        return Ok("NULL".to_owned());
    }
    Ok(literals::literal_as(value, &Kind::of(ty))?.text)
}

/// Writes a default, without the parentheses that an expression needs.
pub(super) fn default_text(value: &DefaultValue, ty: &SqlType) -> Result<String, Unspeakable> {
    match value {
        DefaultValue::Literal(value) => literal_for(value, ty),
        DefaultValue::Now => Ok(NOW.to_owned()),
        DefaultValue::Today => Ok("date('now')".to_owned()),
        DefaultValue::Uuid4 => Ok(UUID4.to_owned()),
        DefaultValue::Uuid7 => Ok(UUID7.to_owned()),
        DefaultValue::Expr(Expr::Sql(sql)) => Ok(sql.clone()),
        DefaultValue::Expr(expr) => Renderer::default().render_as(expr, ty),
    }
}

/// 122 random bits with the version and variant of RFC 9562 in their places.
pub(super) const UUID4: &str = "lower(hex(randomblob(4)) || '-' || hex(randomblob(2)) || '-4' || \
substr(hex(randomblob(2)), 2) || '-' || substr('89ab', 1 + (random() & 3), 1) || substr(hex(randomblob(2)), 2) || '-' || \
hex(randomblob(6)))";

/// Milliseconds since 1970 and 74 random bits.
const UUID7: &str = "lower(substr(printf('%012x', CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER)), 1, 8) || \
'-' || substr(printf('%012x', CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER)), 9, 4) || '-7' || \
substr(hex(randomblob(2)), 2) || '-' || substr('89ab', 1 + (random() & 3), 1) || substr(hex(randomblob(2)), 2) || '-' || \
hex(randomblob(6)))";

/// The check that keeps a column's storage to its type; `None` where STRICT alone does.
pub(super) fn storage_check(table: &Table, column: &Column) -> Option<Check> {
    let expr = storage_rule(&ident(&column.name), &column.ty)?;
    Some(Check {
        name: format!("{}_{}_type", table.name.name, column.name).into(),
        expr: Expr::Sql(expr),
        validated: true,
        comment: None,
        origin: Origin::Decision("storage", column.origin.span()),
    })
}

fn storage_rule(column: &str, ty: &SqlType) -> Option<String> {
    match ty {
        SqlType::Boolean => Some(format!("{column} IN (0, 1)")),
        SqlType::SmallInt => Some(format!("{column} BETWEEN -32768 AND 32767")),
        SqlType::Integer => Some(format!("{column} BETWEEN -2147483648 AND 2147483647")),
        SqlType::Numeric(Some((precision, _))) if scale_of(ty).is_some() => {
            let most = power(*precision).saturating_sub(1);
            Some(format!("{column} BETWEEN -{most} AND {most}"))
        }
        SqlType::Numeric(_) => Some(format!(
            "{column} NOT GLOB '*[^0-9.-]*' AND {column} GLOB '*[0-9]*' AND substr({column}, 2) NOT GLOB '*-*' \
             AND {column} NOT GLOB '*.*.*'"
        )),
        SqlType::Varchar(most) | SqlType::Char(most) => Some(format!("length({column}) <= {most}")),
        SqlType::Uuid => Some(format!(
            "{column} GLOB '????????-????-????-????-????????????' AND length(replace({column}, '-', '')) = 32 \
             AND replace({column}, '-', '') NOT GLOB '*[^0-9a-f]*'"
        )),
        SqlType::Date => Some(format!("{column} IS date({column})")),
        SqlType::Time => Some(format!("{column} IS strftime('%H:%M:%f', {column})")),
        SqlType::TimestampTz => Some(format!(
            "{column} IS strftime({}, {column})",
            text(INSTANT_FORMAT)
        )),
        SqlType::Timestamp => Some(format!("{column} IS strftime('%Y-%m-%dT%H:%M:%f', {column})")),
        SqlType::Json | SqlType::JsonText => Some(format!("{column} IS NULL OR json_valid({column})")),
        SqlType::Array(_) => Some(format!(
            "{column} IS NULL OR json_valid({column}) AND json_type({column}) = 'array'"
        )),
        SqlType::BigInt
        | SqlType::Real
        | SqlType::Double
        | SqlType::Text
        | SqlType::Bytes
        | SqlType::Interval
        | SqlType::Inet
        | SqlType::Named(_)
        | SqlType::Other(_) => None,
    }
}

/// A check that a text column holds one of these.
pub(super) fn one_of(table: &Table, column: &Column, values: &[String]) -> Check {
    let items: Vec<String> = values
        .iter()
        .map(|value| literal(&Literal::Text(value.clone())))
        .collect();
    Check {
        name: format!("{}_{}_type", table.name.name, column.name).into(),
        expr: Expr::Sql(format!("{} IN ({})", ident(&column.name), items.join(", "))),
        validated: true,
        comment: None,
        origin: Origin::Decision("storage", column.origin.span()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_become_whole_numbers_exactly() {
        assert_eq!(scaled("12.34", 2), Some(1234));
        assert_eq!(scaled("-0.05", 2), Some(-5));
        assert_eq!(scaled("7", 4), Some(70000));
        assert_eq!(scaled("1.500", 1), Some(15));
        assert_eq!(scaled("1.55", 1), None);
        assert_eq!(scaled("99999999999999999999", 0), None);
        assert_eq!(scaled("1e5", 0), None);
    }
}
