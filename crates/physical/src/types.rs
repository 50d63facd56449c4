//! Column types, as wide as the databases that we read and as narrow as what we write.
//!
//! `docs/types.md` has the table: type × database × storage × comparison × rounding.

use serde::Serialize;

use crate::Name;

/// The type of a column. Each dialect spells it, and adds the checks that its storage needs.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SqlType {
    /// True or false.
    Boolean,
    /// 16 bits.
    SmallInt,
    /// 32 bits.
    Integer,
    /// 64 bits.
    BigInt,
    /// 32-bit binary floating point.
    Real,
    /// 64-bit binary floating point.
    Double,
    /// Exact decimal; `None` for as many digits as it takes.
    Numeric(Option<(u32, u32)>),
    /// Text of any length.
    Text,
    /// Text of at most so many characters.
    Varchar(u32),
    /// Blank-padded text.
    Char(u32),
    /// 16 bytes, RFC 9562.
    Uuid,
    /// Bytes.
    Bytes,
    /// A day without a time.
    Date,
    /// A time of day without a zone.
    Time,
    /// A date and time without a zone; found, never designed.
    Timestamp,
    /// An instant: microseconds, UTC inside.
    TimestampTz,
    /// A span of time.
    Interval,
    /// JSON, parsed (jsonb where there is one).
    Json,
    /// JSON kept as text.
    JsonText,
    /// An IP address or network.
    Inet,
    /// An array of a type.
    Array(Box<SqlType>),
    /// An enum or domain of the database.
    Named(Name),
    /// A type that we do not take apart, as the server prints it.
    Other(String),
}
