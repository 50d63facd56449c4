//! Column types in SQLAlchemy's words: those that write exactly what the dialect writes.

use physical::{Column, SqlType};

use super::names::{is_enum, is_sayable};
use super::{Flavour, Target};
use crate::sqlalchemy::py::Py;

/// The type of a column, with its collation; `None` when there is no word for it.
pub(super) fn column_type(target: &Target<'_>, column: &Column) -> Option<Py> {
    let plain = match target.flavour()? {
        Flavour::Postgresql => postgresql(target, &column.ty)?,
        Flavour::Sqlite => sqlite(&(target.dialect.type_name)(&column.ty))?,
    };
    let Some(collation) = column.collation.as_deref() else {
        return Some(plain);
    };
    match plain {
        Py::Call(head, mut arguments) if head == "sa.Text" && is_sayable(collation) => {
            arguments.push(Py::text("collation", collation));
            Some(Py::Call(head, arguments))
        }
        _ => None,
    }
}

fn word(name: &str) -> Py {
    Py::call(name, [])
}

fn number(value: u32) -> Py {
    Py::atom(value.to_string())
}

fn sqlite(name: &str) -> Option<Py> {
    Some(word(match name {
        "INTEGER" => "sa.Integer",
        "TEXT" => "sa.Text",
        "BLOB" => "sa.LargeBinary",
        "REAL" => "sa.REAL",
        _ => return None,
    }))
}

fn postgresql(target: &Target<'_>, ty: &SqlType) -> Option<Py> {
    Some(match ty {
        SqlType::Boolean => word("sa.Boolean"),
        SqlType::SmallInt => word("sa.SmallInteger"),
        SqlType::Integer => word("sa.Integer"),
        SqlType::BigInt => word("sa.BigInteger"),
        SqlType::Real => word("sa.REAL"),
        SqlType::Double => word("sa.Double"),
        SqlType::Numeric(None) => word("sa.Numeric"),
        SqlType::Numeric(Some((precision, scale))) => {
            Py::call("sa.Numeric", [number(*precision), number(*scale)])
        }
        SqlType::Text => word("sa.Text"),
        SqlType::Varchar(length) => Py::call("sa.String", [number(*length)]),
        SqlType::Char(length) => Py::call("sa.CHAR", [number(*length)]),
        SqlType::Uuid => word("sa.Uuid"),
        SqlType::Bytes => word("sa.LargeBinary"),
        SqlType::Date => word("sa.Date"),
        SqlType::Time => word("sa.Time"),
        SqlType::Timestamp => word("sa.DateTime"),
        SqlType::TimestampTz => Py::call("sa.DateTime", [Py::atom("timezone=True")]),
        SqlType::Interval => word("sa.Interval"),
        SqlType::Json => word("postgresql.JSONB"),
        SqlType::JsonText => word("postgresql.JSON"),
        SqlType::Inet => word("postgresql.INET"),
        SqlType::Array(element) => array(target, element)?,
        SqlType::Named(name) => {
            let schema = name.schema.as_ref().map(physical::Ident::as_str);
            let sayable = is_sayable(name.name.as_str()) && schema.is_none_or(is_sayable);
            if !sayable || !is_enum(target.database, name) {
                return None;
            }
            let mut arguments = vec![Py::text("name", name.name.as_str())];
            arguments.extend(schema.map(|schema| Py::text("schema", schema)));
            arguments.push(Py::atom("create_type=False"));
            Py::call("postgresql.ENUM", arguments)
        }
        SqlType::Other(_) => return None,
    })
}

/// An array of arrays is one array of several dimensions.
fn array(target: &Target<'_>, element: &SqlType) -> Option<Py> {
    let mut inner = element;
    let mut dimensions = 1_u32;
    while let SqlType::Array(element) = inner {
        inner = element;
        dimensions += 1;
    }
    let mut arguments = vec![postgresql(target, inner)?];
    if dimensions > 1 {
        arguments.push(Py::atom(format!("dimensions={dimensions}")));
    }
    Some(Py::call("postgresql.ARRAY", arguments))
}
