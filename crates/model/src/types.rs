//! Types of fields.

use crate::{EntityId, EnumId, ShapeId};

/// The built-in types. `Email`, `Phone`, `Money`, `PasswordHash` and `Token` carry privacy, storage and output rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Scalar {
    /// True or false.
    Bool,
    /// 32-bit whole number.
    Int,
    /// 64-bit whole number.
    BigInt,
    /// 64-bit binary floating point.
    Float,
    /// Exact decimal: digits in all, digits after the point.
    Decimal(u32, u32),
    /// An amount: exact, 18 digits, 4 after the point.
    Money,
    /// Text of at most so many characters.
    String(u32),
    /// Text of any length.
    Text,
    /// A UUID.
    Uuid,
    /// A day.
    Date,
    /// A time of day.
    Time,
    /// An instant, microseconds.
    Instant,
    /// A span of time.
    Duration,
    /// Bytes, at most so many when given.
    Bytes(Option<u32>),
    /// JSON of any form.
    Json,
    /// An address for mail: at most 254 characters, trimmed, lower case, personal.
    Email,
    /// A telephone number in E.164, personal.
    Phone,
    /// A web address, at most 2048 characters.
    Url,
    /// An IP address, personal.
    Ip,
    /// An encoded password hash (PHC string): secret, never leaves, never logged.
    PasswordHash,
    /// 256 random bits handed out once; only the SHA-256 is stored. Unique by type, everywhere.
    Token,
}

/// The type of a field.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Type {
    /// Built in.
    Scalar(Scalar),
    /// An enum.
    Enum(EnumId),
    /// JSON of a declared form.
    Shape(ShapeId),
    /// A reference to a row of an entity.
    Reference(EntityId),
    /// A list of values, in one column.
    Array(Box<Type>),
    /// `[T]` of an entity: the other side of a reference, or a many-to-many relation. See [`crate::Relation`].
    Related(EntityId),
    /// Could not be resolved; a diagnostic says why.
    Unknown,
}
