//! Values, before any database spells them.

use std::cmp::Ordering;

use physical::{Literal, SqlType};

/// A value.
#[derive(Debug, Clone, PartialEq)]
pub enum Datum {
    /// NULL.
    Null,
    /// True or false.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// An exact decimal: units of `10^-scale`.
    Decimal(i128, u32),
    /// A binary floating point number.
    Float(f64),
    /// Text.
    Text(String),
    /// Bytes.
    Bytes(Vec<u8>),
    /// A UUID.
    Uuid([u8; 16]),
    /// Days since 1970.
    Date(i64),
    /// Microseconds since midnight.
    Time(i64),
    /// Microseconds since 1970, UTC.
    Instant(i64),
    /// Months and microseconds.
    Interval(i32, i64),
    /// JSON text.
    Json(String),
    /// A list.
    Array(Vec<Datum>),
}

/// 2026-01-01, the day around which dates are made.
pub const EPOCH_DAY: i64 = 20_454;
/// Microseconds of a day.
pub const DAY: i64 = 86_400_000_000;

impl Datum {
    /// Whether it is NULL.
    #[must_use]
    pub const fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// The value of a key as counterexamples and cells of a result spell it; `None` for what is no key.
    #[must_use]
    pub fn key_text(&self) -> Option<String> {
        match self {
            Self::Int(value) => Some(value.to_string()),
            Self::Text(text) => Some(text.clone()),
            Self::Uuid(bytes) => Some(uuid_text(bytes)),
            _ => None,
        }
    }

    /// A number as units of `10^-scale`, when it is one that has no more places.
    #[must_use]
    pub fn units(&self, scale: u32) -> Option<i128> {
        match self {
            Self::Int(value) => i128::from(*value).checked_mul(10_i128.checked_pow(scale)?),
            Self::Decimal(units, own) if *own <= scale => {
                units.checked_mul(10_i128.checked_pow(scale - own)?)
            }
            Self::Decimal(units, own) => {
                let power = 10_i128.checked_pow(own - scale)?;
                (units % power == 0).then_some(units / power)
            }
            _ => None,
        }
    }

    /// How two values compare; `None` when that is not certain without asking the database.
    #[must_use]
    pub fn compare(&self, other: &Self) -> Option<Ordering> {
        match (self, other) {
            (Self::Bool(a), Self::Bool(b)) => Some(a.cmp(b)),
            (Self::Date(a), Self::Date(b))
            | (Self::Time(a), Self::Time(b))
            | (Self::Instant(a), Self::Instant(b)) => Some(a.cmp(b)),
            (Self::Date(day), Self::Instant(at)) => Some((day * DAY).cmp(at)),
            (Self::Instant(at), Self::Date(day)) => Some(at.cmp(&(day * DAY))),
            (Self::Uuid(a), Self::Uuid(b)) => Some(a.cmp(b)),
            (Self::Bytes(a), Self::Bytes(b)) => Some(a.cmp(b)),
            // Order of texts is a matter of collation; equality is not.
            (Self::Text(a), Self::Text(b)) => (a == b).then_some(Ordering::Equal),
            (Self::Float(a), b) => a.partial_cmp(&b.as_float()?),
            (a, Self::Float(b)) => a.as_float()?.partial_cmp(b),
            (a, b) => {
                let scale = a.scale()?.max(b.scale()?);
                Some(a.units(scale)?.cmp(&b.units(scale)?))
            }
        }
    }

    /// Whether two values are the same; `None` when one is NULL or that is not certain.
    #[must_use]
    pub fn equals(&self, other: &Self) -> Option<bool> {
        match (self, other) {
            (Self::Text(a), Self::Text(b)) => Some(a == b),
            (Self::Array(a), Self::Array(b)) => Some(a == b),
            (a, b) => a.compare(b).map(Ordering::is_eq),
        }
    }

    /// Decimal places, of a number.
    #[must_use]
    pub const fn scale(&self) -> Option<u32> {
        match self {
            Self::Int(_) => Some(0),
            Self::Decimal(_, scale) => Some(*scale),
            _ => None,
        }
    }

    /// A number as floating point.
    #[must_use]
    pub fn as_float(&self) -> Option<f64> {
        match self {
            Self::Int(value) => Some(*value as f64),
            Self::Float(value) => Some(*value),
            Self::Decimal(units, scale) => Some(*units as f64 / 10_f64.powi(i32::try_from(*scale).ok()?)),
            _ => None,
        }
    }

    /// A constant of an expression, read as a value of a type.
    #[must_use]
    pub fn of_literal(literal: &Literal, ty: Option<&SqlType>) -> Option<Self> {
        Some(match literal {
            Literal::Null => Self::Null,
            Literal::Bool(value) => Self::Bool(*value),
            Literal::Int(value) => Self::Int(*value),
            Literal::Decimal(text) => decimal(text)?,
            Literal::Bytes(bytes) => Self::Bytes(bytes.clone()),
            Literal::EmptyArray => Self::Array(Vec::new()),
            Literal::Text(text) => match ty {
                None | Some(SqlType::Text | SqlType::Varchar(_) | SqlType::Char(_) | SqlType::Named(_)) => {
                    Self::Text(text.clone())
                }
                Some(SqlType::Date) => Self::Date(parse_date(text)?),
                Some(_) => return None,
            },
        })
    }
}

/// Reads `-?[0-9]+(\.[0-9]+)?`.
#[must_use]
pub(super) fn decimal(text: &str) -> Option<Datum> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let scale = u32::try_from(fraction.len()).ok()?;
    Some(Datum::Decimal(format!("{whole}{fraction}").parse().ok()?, scale))
}

/// Writes units of `10^-scale`.
#[must_use]
pub fn decimal_text(units: i128, scale: u32) -> String {
    let sign = if units < 0 { "-" } else { "" };
    let width = scale as usize + 1;
    let digits = format!("{:0>width$}", units.unsigned_abs());
    let split = digits.len() - scale as usize;
    let whole: String = digits.chars().take(split).collect();
    let fraction: String = digits.chars().skip(split).collect();
    if scale == 0 {
        format!("{sign}{whole}")
    } else {
        format!("{sign}{whole}.{fraction}")
    }
}

/// Year, month and day of a day since 1970, in the Gregorian calendar.
#[must_use]
pub(super) fn civil(day: i64) -> (i64, i64, i64) {
    let shifted = day + 719_468;
    let era = shifted.div_euclid(146_097);
    let of_era = shifted.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_index = (5 * of_year + 2) / 153;
    let month = if month_index < 10 {
        month_index + 3
    } else {
        month_index - 9
    };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month, of_year - (153 * month_index + 2) / 5 + 1)
}

fn parse_date(text: &str) -> Option<i64> {
    let mut parts = text.splitn(3, '-').map(|part| part.parse::<i64>().ok());
    let (year, month, day) = (parts.next()??, parts.next()??, parts.next()??);
    let shifted = if month <= 2 { year - 1 } else { year };
    let era = shifted.div_euclid(400);
    let of_era = shifted.rem_euclid(400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    Some(era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468)
}

/// `2026-01-31`.
#[must_use]
pub fn date_text(day: i64) -> String {
    let (year, month, day) = civil(day);
    format!("{year:04}-{month:02}-{day:02}")
}

/// `12:30:00.000000`, with so many decimal places.
#[must_use]
pub fn time_text(micros: i64, places: u32) -> String {
    let micros = micros.rem_euclid(DAY);
    let (seconds, rest) = (micros / 1_000_000, micros % 1_000_000);
    let fraction: String = format!("{rest:06}").chars().take(places as usize).collect();
    format!(
        "{:02}:{:02}:{:02}.{fraction}",
        seconds / 3600,
        seconds / 60 % 60,
        seconds % 60
    )
}

/// `01234567-89ab-4cde-8f01-23456789abcd`.
#[must_use]
pub fn uuid_text(bytes: &[u8; 16]) -> String {
    let mut text = String::with_capacity(36);
    for (index, byte) in bytes.iter().enumerate() {
        if matches!(index, 4 | 6 | 8 | 10) {
            text.push('-');
        }
        text.push_str(&format!("{byte:02x}"));
    }
    text
}

/// Bytes as text: RFC 4648, with padding.
#[must_use]
pub fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let bits = chunk
            .iter()
            .chain([&0, &0])
            .take(3)
            .fold(0_usize, |bits, byte| bits << 8 | usize::from(*byte));
        for place in 0..4 {
            let letter = LETTERS.get(bits >> (18 - 6 * place) & 63).copied();
            text.push(match letter {
                Some(letter) if place <= chunk.len() => char::from(letter),
                _ => '=',
            });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_become_base64() {
        for (plain, coded) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
        ] {
            assert_eq!(base64(plain.as_bytes()), coded);
        }
    }

    #[test]
    fn days_become_dates_and_back() {
        assert_eq!(date_text(0), "1970-01-01");
        assert_eq!(date_text(EPOCH_DAY), "2026-01-01");
        assert_eq!(date_text(11_016), "2000-02-29");
        for day in (-40_000..60_000).step_by(17) {
            assert_eq!(parse_date(&date_text(day)), Some(day));
        }
    }

    #[test]
    fn decimals_keep_their_places() {
        assert_eq!(decimal_text(-5, 2), "-0.05");
        assert_eq!(decimal_text(1234, 0), "1234");
        assert_eq!(decimal("12.50"), Some(Datum::Decimal(1250, 2)));
        assert_eq!(
            Datum::Int(3).compare(&Datum::Decimal(29_999, 4)),
            Some(Ordering::Greater)
        );
        assert_eq!(Datum::Decimal(1250, 2).units(1), Some(125));
        assert_eq!(Datum::Decimal(1255, 2).units(1), None);
    }
}
