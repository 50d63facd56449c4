//! Types of Prisma's, and the types of columns that hold them.

use diagnostics::{Diagnostic, Diagnostics};
use physical::SqlType;

use crate::ast::{Arity, Attribute, ValueKind};
use crate::codes;
use crate::ground::{FieldOf, Flavor, Ground, Kind};

/// A type of Prisma's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scalar {
    String,
    Boolean,
    Int,
    BigInt,
    Float,
    Decimal,
    DateTime,
    Json,
    Bytes,
}

const ALL: [(&str, Scalar); 9] = [
    ("String", Scalar::String),
    ("Boolean", Scalar::Boolean),
    ("Int", Scalar::Int),
    ("BigInt", Scalar::BigInt),
    ("Float", Scalar::Float),
    ("Decimal", Scalar::Decimal),
    ("DateTime", Scalar::DateTime),
    ("Json", Scalar::Json),
    ("Bytes", Scalar::Bytes),
];

impl Scalar {
    pub(crate) fn of(name: &str) -> Option<Self> {
        ALL.iter()
            .find(|(known, _)| *known == name)
            .map(|(_, scalar)| *scalar)
    }

    pub(crate) fn names() -> impl Iterator<Item = &'static str> {
        ALL.iter().map(|(name, _)| *name)
    }

    pub(crate) fn name(self) -> &'static str {
        ALL.iter()
            .find(|(_, scalar)| *scalar == self)
            .map_or("", |(name, _)| *name)
    }

    /// The type of a column of PostgreSQL, where no native type is said.
    fn postgres(self) -> SqlType {
        match self {
            Self::String => SqlType::Text,
            Self::Boolean => SqlType::Boolean,
            Self::Int => SqlType::Integer,
            Self::BigInt => SqlType::BigInt,
            Self::Float => SqlType::Double,
            Self::Decimal => SqlType::Numeric(Some((65, 30))),
            Self::DateTime => SqlType::Other("timestamp(3)".to_owned()),
            Self::Json => SqlType::Json,
            Self::Bytes => SqlType::Bytes,
        }
    }

    /// The type of a column of SQLite, as its catalog is read.
    fn sqlite(self) -> SqlType {
        let other = |name: &str| SqlType::Other(name.to_owned());
        match self {
            Self::String => SqlType::Text,
            Self::Boolean => other("BOOLEAN"),
            Self::Int => SqlType::BigInt,
            Self::BigInt => other("BIGINT"),
            Self::Float => SqlType::Double,
            Self::Decimal => other("DECIMAL"),
            Self::DateTime => other("DATETIME"),
            Self::Json => other("JSONB"),
            Self::Bytes => SqlType::Bytes,
        }
    }
}

/// The native type of a field: its attribute, and its name without that of the datasource.
pub(crate) fn native<'s>(ground: &Ground<'_>, field: &FieldOf<'s>) -> Option<(&'s Attribute, &'s str)> {
    let mut attributes = field.field.attributes.iter();
    attributes.find_map(|attribute| {
        let (prefix, name) = attribute.name.text.split_once('.')?;
        (prefix == ground.source.name.text).then_some((attribute, name))
    })
}

/// The type of a field's column; `None` for a field that is none. What its database does not have is told.
pub(crate) fn column(ground: &Ground<'_>, field: &FieldOf<'_>, found: &mut Diagnostics) -> Option<SqlType> {
    let native = native(ground, field);
    let one = match field.kind {
        Kind::Scalar(scalar) => match (native, ground.flavor) {
            (None, Flavor::Postgres) => scalar.postgres(),
            (None, Flavor::Sqlite) => scalar.sqlite(),
            (Some((attribute, name)), Flavor::Postgres) => {
                let ty = postgres(scalar, attribute, name, found);
                ty.unwrap_or_else(|| scalar.postgres())
            }
            (Some((attribute, _)), Flavor::Sqlite) => {
                none_here(attribute, "SQLite has no native types", found);
                scalar.sqlite()
            }
        },
        Kind::Enum(at) => {
            if let Some((attribute, _)) = native {
                none_here(attribute, "an enum is a type already", found);
            }
            match (ground.flavor, ground.enums.get(at)) {
                (Flavor::Postgres, Some(of)) => SqlType::Named(of.name.clone()),
                _ => SqlType::Text,
            }
        }
        Kind::Unsupported => unsupported(ground.flavor, &field.field.ty.text),
        Kind::Relation(_) | Kind::Unknown => return None,
    };
    if field.field.arity != Arity::List {
        return Some(one);
    }
    if ground.flavor == Flavor::Sqlite {
        let finding = Diagnostic::new(&codes::BAD_TYPE, field.field.ty.span, "SQLite has no lists");
        found.push(finding.help("make it a model of its own, or a field of type `Json`"));
    }
    Some(SqlType::Array(Box::new(one)))
}

fn none_here(attribute: &Attribute, message: &str, found: &mut Diagnostics) {
    let finding = Diagnostic::new(&codes::BAD_TYPE, attribute.name.span, message);
    found.push(finding.help(format!("take `@{}` out", attribute.name.text)));
}

/// Types that a server spells as they are spelled here.
const SETTLED: &[&str] = &[
    "money",
    "oid",
    "xml",
    "varchar",
    "timestamp",
    "timestamptz",
    "time",
    "timetz",
    "bit",
    "bit varying",
    "tsvector",
    "tsquery",
    "point",
    "circle",
    "box",
    "path",
    "polygon",
    "line",
    "lseg",
    "cidr",
    "macaddr",
    "int4range",
    "int8range",
    "numrange",
    "tsrange",
    "tstzrange",
    "daterange",
    "name",
];

/// Whether only a server knows how it spells a type.
pub(crate) fn is_open(ty: &SqlType) -> bool {
    match ty {
        SqlType::Array(of) => is_open(of),
        SqlType::Other(text) => {
            let base = text.split('(').next().unwrap_or_default();
            !SETTLED.contains(&base)
        }
        _ => false,
    }
}

/// A type as its database names it; those that have one spelling only are taken apart.
fn unsupported(flavor: Flavor, text: &str) -> SqlType {
    let known = match flavor {
        Flavor::Sqlite => match text.to_ascii_uppercase().as_str() {
            "INTEGER" => Some(SqlType::BigInt),
            "TEXT" => Some(SqlType::Text),
            "REAL" => Some(SqlType::Double),
            "BLOB" => Some(SqlType::Bytes),
            _ => None,
        },
        Flavor::Postgres => match text.to_ascii_lowercase().as_str() {
            "interval" => Some(SqlType::Interval),
            _ => None,
        },
    };
    known.unwrap_or_else(|| SqlType::Other(text.trim().to_owned()))
}

/// What each type of Prisma's may be in PostgreSQL.
const POSTGRES: &[(Scalar, &[&str])] = &[
    (
        Scalar::String,
        &[
            "Text", "VarChar", "Char", "Bit", "VarBit", "Uuid", "Xml", "Inet", "Citext",
        ],
    ),
    (Scalar::Boolean, &["Boolean"]),
    (Scalar::Int, &["Integer", "SmallInt", "Oid"]),
    (Scalar::BigInt, &["BigInt"]),
    (Scalar::Float, &["DoublePrecision", "Real"]),
    (Scalar::Decimal, &["Decimal", "Money"]),
    (
        Scalar::DateTime,
        &["Timestamp", "Timestamptz", "Date", "Time", "Timetz"],
    ),
    (Scalar::Json, &["Json", "JsonB"]),
    (Scalar::Bytes, &["ByteA"]),
];

fn postgres(scalar: Scalar, attribute: &Attribute, name: &str, found: &mut Diagnostics) -> Option<SqlType> {
    let fits = POSTGRES.iter().find(|(known, _)| *known == scalar);
    let fits = fits.map(|(_, names)| *names).unwrap_or_default();
    if !fits.contains(&name) {
        let whose = POSTGRES.iter().find(|(_, names)| names.contains(&name));
        let message = match whose {
            Some((other, _)) => format!(
                "`{name}` is for fields of type `{}`, not `{}`",
                other.name(),
                scalar.name()
            ),
            None => format!("PostgreSQL has no native type `{name}`"),
        };
        let finding = Diagnostic::new(&codes::BAD_TYPE, attribute.name.span, message);
        found.push(finding.help(format!(
            "fields of type `{}` may be `{}`",
            scalar.name(),
            fits.join("`, `")
        )));
        return None;
    }
    let numbers = numbers(attribute, found);
    let ty = sized(name, &numbers);
    if ty.is_none() {
        let message = format!("these are no sizes of `{name}`");
        let finding = Diagnostic::new(&codes::BAD_VALUE, attribute.name.span, message);
        found.push(finding.help("as in `@db.VarChar(80)`, `@db.Decimal(10, 2)`, `@db.Timestamp(3)`"));
    }
    ty
}

/// The numbers in parentheses; what is none is told.
fn numbers(attribute: &Attribute, found: &mut Diagnostics) -> Vec<u32> {
    let mut all = Vec::new();
    for argument in &attribute.arguments {
        let number = match &argument.value.kind {
            ValueKind::Number(text) => text.parse().ok(),
            _ => None,
        };
        match number {
            Some(number) => all.push(number),
            None => found.push(crate::arguments::bad(
                &argument.value,
                "a whole number is expected here",
                "as in `@db.VarChar(80)`",
            )),
        }
    }
    all
}

fn sized(name: &str, numbers: &[u32]) -> Option<SqlType> {
    let other = |text: &str| SqlType::Other(text.to_owned());
    let length = |length: &u32| (1..=10_485_760).contains(length);
    let digits = |digits: &u32| *digits <= 6;
    Some(match (name, numbers) {
        ("Text", []) => SqlType::Text,
        ("VarChar", []) => other("varchar"),
        ("VarChar", [n]) if length(n) => SqlType::Varchar(*n),
        ("Char", []) => SqlType::Char(1),
        ("Char", [n]) if length(n) => SqlType::Char(*n),
        ("Bit", []) => other("bit(1)"),
        ("Bit", [n]) => SqlType::Other(format!("bit({n})")),
        ("VarBit", []) => other("bit varying"),
        ("VarBit", [n]) => SqlType::Other(format!("bit varying({n})")),
        ("Uuid", []) => SqlType::Uuid,
        ("Xml", []) => other("xml"),
        ("Inet", []) => SqlType::Inet,
        ("Citext", []) => other("citext"),
        ("Boolean", []) => SqlType::Boolean,
        ("Integer", []) => SqlType::Integer,
        ("SmallInt", []) => SqlType::SmallInt,
        ("Oid", []) => other("oid"),
        ("BigInt", []) => SqlType::BigInt,
        ("DoublePrecision", []) => SqlType::Double,
        ("Real", []) => SqlType::Real,
        ("Decimal", []) => SqlType::Numeric(None),
        ("Decimal", [precision, scale]) if (1..=1000).contains(precision) && scale <= precision => {
            SqlType::Numeric(Some((*precision, *scale)))
        }
        ("Money", []) => other("money"),
        ("Timestamp", []) => SqlType::Timestamp,
        ("Timestamp", [n]) if digits(n) => SqlType::Other(format!("timestamp({n})")),
        ("Timestamptz", []) => SqlType::TimestampTz,
        ("Timestamptz", [n]) if digits(n) => SqlType::Other(format!("timestamptz({n})")),
        ("Date", []) => SqlType::Date,
        ("Time", []) => SqlType::Time,
        ("Time", [n]) if digits(n) => SqlType::Other(format!("time({n})")),
        ("Timetz", []) => other("timetz"),
        ("Timetz", [n]) if digits(n) => SqlType::Other(format!("timetz({n})")),
        ("Json", []) => SqlType::JsonText,
        ("JsonB", []) => SqlType::Json,
        ("ByteA", []) => SqlType::Bytes,
        _ => return None,
    })
}
