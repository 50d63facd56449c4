//! What SQL answers: the part of a type that decides how values are compared and calculated with.

use physical::SqlType;
use plan::Unspeakable;

use super::expression::unspeakable;
use super::types::{MAX_DIGITS, scale_of};

/// What a piece of SQL answers, as far as its meaning depends on it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Kind {
    /// 0 or 1.
    Bool,
    /// A whole number of so many digits.
    Int(u32),
    /// A whole number of units of `10^-scale`, of so many digits.
    Decimal(u32, u32),
    /// Binary floating point.
    Float,
    Text,
    Uuid,
    Date,
    Time,
    Instant,
    /// Microseconds.
    Interval,
    Bytes,
    Json,
    Array(Box<Kind>),
    /// Not known: SQL that we did not take apart, or NULL.
    Any,
    /// Decimals that do not fit into 64 bits.
    Unbounded,
}

impl Kind {
    /// The kind of a column.
    pub(super) fn of(ty: &SqlType) -> Self {
        match ty {
            SqlType::Boolean => Self::Bool,
            SqlType::SmallInt => Self::Int(5),
            SqlType::Integer => Self::Int(10),
            SqlType::BigInt => Self::Int(MAX_DIGITS),
            SqlType::Real | SqlType::Double => Self::Float,
            SqlType::Numeric(Some((precision, _))) => {
                scale_of(ty).map_or(Self::Unbounded, |scale| Self::Decimal(*precision, scale))
            }
            SqlType::Numeric(None) => Self::Unbounded,
            SqlType::Text | SqlType::Varchar(_) | SqlType::Char(_) | SqlType::Inet | SqlType::Named(_) => {
                Self::Text
            }
            SqlType::Uuid => Self::Uuid,
            SqlType::Bytes => Self::Bytes,
            SqlType::Date => Self::Date,
            SqlType::Time => Self::Time,
            SqlType::TimestampTz | SqlType::Timestamp => Self::Instant,
            SqlType::Interval => Self::Interval,
            SqlType::Json | SqlType::JsonText => Self::Json,
            SqlType::Array(of) => Self::Array(Box::new(Self::of(of))),
            SqlType::Other(_) => Self::Any,
        }
    }

    pub(super) const fn is_exact_number(&self) -> bool {
        matches!(self, Self::Int(_) | Self::Decimal(..))
    }

    pub(super) const fn scale(&self) -> u32 {
        match self {
            Self::Decimal(_, scale) => *scale,
            _ => 0,
        }
    }

    pub(super) const fn digits(&self) -> u32 {
        match self {
            Self::Int(digits) | Self::Decimal(digits, _) => *digits,
            _ => 0,
        }
    }
}

/// The kind in which two are compared or added.
pub(super) fn common(left: Kind, right: Kind) -> Result<Kind, Unspeakable> {
    Ok(match (left, right) {
        (left, right) if left == right => left,
        (Kind::Any, other) | (other, Kind::Any) => other,
        (Kind::Unbounded, _) | (_, Kind::Unbounded) => Kind::Unbounded,
        (Kind::Int(a), Kind::Int(b)) => Kind::Int(a.max(b)),
        (Kind::Float, other) | (other, Kind::Float) if other.is_exact_number() => Kind::Float,
        (a, b) if a.is_exact_number() && b.is_exact_number() => {
            let scale = a.scale().max(b.scale());
            Kind::Decimal(
                (a.digits() + scale - a.scale()).max(b.digits() + scale - b.scale()),
                scale,
            )
        }
        (Kind::Date, Kind::Instant) | (Kind::Instant, Kind::Date) => Kind::Instant,
        (Kind::Array(a), Kind::Array(_)) => Kind::Array(a),
        (Kind::Text, Kind::Uuid) | (Kind::Uuid, Kind::Text) => Kind::Uuid,
        _ => return unspeakable("values of different kinds are not compared"),
    })
}
