//! Types of the language in Python: as attributes of the models, and as columns.

use model::{Field, Privacy, Protection, Scalar, Type};
use physical::{Column, SqlType};

use super::imports::Imports;
use super::units::Units;

/// What stands in `Mapped[…]`, and the type of the column where that does not tell it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Stored {
    pub(super) annotation: String,
    pub(super) column: Option<String>,
}

impl Stored {
    fn plain(annotation: &str) -> Self {
        Self {
            annotation: annotation.to_owned(),
            column: None,
        }
    }

    fn by(annotation: &str, column: &str) -> Self {
        Self {
            annotation: annotation.to_owned(),
            column: Some(column.to_owned()),
        }
    }
}

/// The type of a field's value in Python; a reference is the class of the other row.
pub(super) fn value(units: &Units<'_>, ty: &Type, imports: &mut Imports, models: &str) -> String {
    match ty {
        Type::Scalar(scalar) => scalar_value(*scalar, imports).to_owned(),
        Type::Enum(id) => match units.enums.get(id.0 as usize) {
            Some(class) => {
                imports.own(&format!("{models}enums"), class);
                class.clone()
            }
            None => "str".to_owned(),
        },
        Type::Array(item) => format!("list[{}]", value(units, item, imports, models)),
        Type::Shape(_) | Type::Unknown | Type::Reference(_) | Type::Related(_) => {
            imports.standard("typing", "Any");
            "Any".to_owned()
        }
    }
}

fn scalar_value(scalar: Scalar, imports: &mut Imports) -> &'static str {
    match scalar {
        Scalar::Bool => "bool",
        Scalar::Int | Scalar::BigInt => "int",
        Scalar::Float => "float",
        Scalar::Decimal(..) | Scalar::Money => {
            imports.standard("decimal", "Decimal");
            "Decimal"
        }
        Scalar::Uuid => {
            imports.standard("uuid", "UUID");
            "UUID"
        }
        Scalar::Date => dt(imports, "dt.date"),
        Scalar::Time => dt(imports, "dt.time"),
        Scalar::Instant => dt(imports, "dt.datetime"),
        Scalar::Duration => dt(imports, "dt.timedelta"),
        Scalar::Bytes(_) | Scalar::Token => "bytes",
        Scalar::Json => {
            imports.standard("typing", "Any");
            "Any"
        }
        Scalar::Ip => {
            imports.own("..core.types", "Ip");
            "Ip"
        }
        Scalar::String(_)
        | Scalar::Text
        | Scalar::Email
        | Scalar::Phone
        | Scalar::Url
        | Scalar::PasswordHash => "str",
    }
}

fn dt(imports: &mut Imports, name: &'static str) -> &'static str {
    imports.datetime();
    name
}

/// The type of a column of a field.
pub(super) fn stored(units: &Units<'_>, field: &Field, column: &Column, imports: &mut Imports) -> Stored {
    match field.protection {
        Protection::Encrypted { searchable } => encrypted(units, field, column, searchable, imports),
        Protection::Plain | Protection::Hashed => of_type(units, &field.ty, column, imports),
    }
}

fn encrypted(
    units: &Units<'_>,
    field: &Field,
    column: &Column,
    searchable: bool,
    imports: &mut Imports,
) -> Stored {
    imports.own("..core.crypto", "Encrypted");
    imports.own("..core.crypto", "Envelope");
    // What has no text of its own is sealed as bytes.
    let plain = match &field.ty {
        Type::Scalar(Scalar::Json | Scalar::Ip | Scalar::Duration | Scalar::Float | Scalar::Bool)
        | Type::Shape(_)
        | Type::Array(_)
        | Type::Unknown => "bytes".to_owned(),
        ty => value(units, ty, imports, "."),
    };
    let mut blind = if searchable {
        format!(", blind={}", super::py::string(&format!("{}_bidx", column.name)))
    } else {
        String::new()
    };
    if searchable && field.ty == Type::Scalar(Scalar::Email) {
        blind.push_str(", email=True");
    }
    Stored::by(
        &format!("Envelope[{plain}]"),
        &format!("Encrypted({plain}{blind})"),
    )
}

fn of_type(units: &Units<'_>, ty: &Type, column: &Column, imports: &mut Imports) -> Stored {
    let core = |imports: &mut Imports, name: &str| imports.own("..core.types", name);
    match ty {
        Type::Scalar(scalar) => scalar_stored(*scalar, imports),
        Type::Enum(_) => {
            core(imports, "Choice");
            let class = value(units, ty, imports, ".");
            let native = match &column.ty {
                SqlType::Named(name) => format!(", native={}", super::py::string(name.name.as_str())),
                _ => String::new(),
            };
            Stored::by(&class, &format!("Choice({class}{native})"))
        }
        Type::Shape(_) => {
            core(imports, "Json");
            imports.standard("typing", "Any");
            Stored::by("Any", "Json()")
        }
        Type::Array(item) => {
            core(imports, "ListOf");
            let annotation = value(units, ty, imports, ".");
            Stored::by(
                &annotation,
                &format!("ListOf({})", item_type(units, item, imports)),
            )
        }
        Type::Reference(_) | Type::Related(_) | Type::Unknown => physical_type(&column.ty, imports),
    }
}

fn scalar_stored(scalar: Scalar, imports: &mut Imports) -> Stored {
    if scalar == Scalar::Money {
        imports.own("..core.types", "Money");
        return Stored::plain("Money");
    }
    let annotation = scalar_value(scalar, imports);
    match column_type(scalar, imports) {
        Some(column) => Stored::by(annotation, &column),
        None => Stored::plain(annotation),
    }
}

/// The type of a column, where the annotation does not say it.
fn column_type(scalar: Scalar, imports: &mut Imports) -> Option<String> {
    let name = match scalar {
        Scalar::Bool => "Flag",
        Scalar::BigInt => {
            imports.own("..core.types", "BigInt");
            return Some("BigInt".to_owned());
        }
        Scalar::Float => {
            imports.own("..core.types", "Float");
            return Some("Float".to_owned());
        }
        Scalar::Decimal(digits, scale) => {
            imports.own("..core.types", "Exact");
            return Some(format!("Exact({digits}, {scale})"));
        }
        Scalar::Date => "Day",
        Scalar::Time => "TimeOfDay",
        Scalar::Duration => "Duration",
        Scalar::Json => "Json",
        Scalar::Email => "EmailAddress",
        Scalar::Ip => "IpAddress",
        _ => return None,
    };
    imports.own("..core.types", name);
    Some(format!("{name}()"))
}

/// The type of the elements of a list.
fn item_type(units: &Units<'_>, item: &Type, imports: &mut Imports) -> String {
    let scalar = match item {
        Type::Scalar(scalar) => *scalar,
        Type::Enum(_) => {
            imports.own("..core.types", "Choice");
            return format!("Choice({})", value(units, item, imports, "."));
        }
        _ => Scalar::Json,
    };
    let name = match scalar {
        Scalar::Money => {
            imports.own("..core.types", "Exact");
            return "Exact(18, 4)".to_owned();
        }
        Scalar::Instant => "Instant",
        Scalar::Uuid => "Guid",
        Scalar::Int => return sa(imports, "sa.Integer()"),
        Scalar::Bytes(_) | Scalar::Token => "Blob",
        other => {
            return match column_type(other, imports) {
                Some(column) => column,
                None => sa(imports, "sa.Text()"),
            };
        }
    };
    imports.own("..core.types", name);
    format!("{name}()")
}

fn sa(imports: &mut Imports, text: &str) -> String {
    imports.sqlalchemy();
    text.to_owned()
}

/// The type of a column that no field tells of: keys, copies, stamps.
pub(super) fn physical_type(ty: &SqlType, imports: &mut Imports) -> Stored {
    match ty {
        SqlType::BigInt => {
            imports.own("..core.types", "Key");
            Stored::plain("Key")
        }
        SqlType::SmallInt | SqlType::Integer => Stored::plain("int"),
        SqlType::Boolean => scalar_stored(Scalar::Bool, imports),
        SqlType::Real | SqlType::Double => scalar_stored(Scalar::Float, imports),
        SqlType::Numeric(Some((digits, scale))) => scalar_stored(Scalar::Decimal(*digits, *scale), imports),
        SqlType::Numeric(None) => scalar_stored(Scalar::Money, imports),
        SqlType::Uuid => scalar_stored(Scalar::Uuid, imports),
        SqlType::Bytes => Stored::plain("bytes"),
        SqlType::Date => scalar_stored(Scalar::Date, imports),
        SqlType::Time => scalar_stored(Scalar::Time, imports),
        SqlType::Timestamp | SqlType::TimestampTz => scalar_stored(Scalar::Instant, imports),
        SqlType::Interval => scalar_stored(Scalar::Duration, imports),
        SqlType::Json | SqlType::JsonText => scalar_stored(Scalar::Json, imports),
        SqlType::Inet => scalar_stored(Scalar::Ip, imports),
        _ => Stored::plain("str"),
    }
}

/// The mark of a field's privacy on its column.
pub(super) const fn privacy(field: &Field) -> Option<&'static str> {
    match field.privacy {
        Privacy::None => None,
        Privacy::Personal => Some("PERSONAL"),
        Privacy::Special => Some("SPECIAL"),
        Privacy::Secret => Some("SECRET"),
    }
}
