//! Names in Alembic's words: which it can say, and how those of tables are said.

use physical::{Database, Ident, Name};

use super::Flavour;
use crate::sqlalchemy::py::{Py, string};

/// Words that a database reserves and SQLAlchemy does not quote.
const UNQUOTED: &[&str] = &[
    "collation",
    "concurrently",
    "lateral",
    "nothing",
    "returning",
    "tablesample",
];

/// Whether Alembic writes a name as it is: it cuts names at points, and leaves some words without quotes.
pub(super) fn is_sayable(name: &str) -> bool {
    let unquoted = UNQUOTED.iter().any(|word| word.eq_ignore_ascii_case(name));
    !unquoted && !name.is_empty() && !name.contains(['.', '\0'])
}

/// A table: its schema where there are any, and its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) schema: Option<String>,
    pub(super) table: String,
}

impl Place {
    /// `None` when Alembic has no words for it.
    pub(super) fn of(flavour: Flavour, name: &Name) -> Option<Self> {
        let schema = name.schema.as_ref().map(Ident::as_str);
        let place = match flavour {
            Flavour::Postgresql => Self {
                schema: schema.map(str::to_owned),
                table: name.name.to_string(),
            },
            // A schema that is still there becomes a prefix.
            Flavour::Sqlite => Self {
                schema: None,
                table: schema.map_or_else(
                    || name.name.to_string(),
                    |schema| format!("{schema}_{}", name.name),
                ),
            },
        };
        let sayable = is_sayable(&place.table) && place.schema.as_deref().is_none_or(is_sayable);
        sayable.then_some(place)
    }

    /// `schema="…"`
    pub(super) fn schema(&self) -> Option<Py> {
        self.schema.as_deref().map(|schema| Py::text("schema", schema))
    }

    /// A column, as foreign keys name it.
    pub(super) fn column(&self, column: &str) -> String {
        match &self.schema {
            Some(schema) => format!("{schema}.{}.{column}", self.table),
            None => format!("{}.{column}", self.table),
        }
    }
}

/// Column names, each a literal; `None` when Alembic cannot say one of them.
pub(super) fn columns(names: &[Ident]) -> Option<Vec<Py>> {
    let literal = |name: &Ident| is_sayable(name.as_str()).then(|| Py::Atom(string(name.as_str())));
    names.iter().map(literal).collect()
}

/// An enum of the database, by name.
pub(super) fn is_enum(database: &Database, name: &Name) -> bool {
    let found = database.types.iter().find(|each| each.name == *name);
    found.is_some_and(|each| matches!(each.kind, physical::NamedTypeKind::Enum(_)))
}
