//! A whole relational database.

use serde::Serialize;

use crate::{Expr, Function, Grant, Ident, Name, Origin, Role, Seed, SqlType, Table, View};

/// Everything that a relational database holds, or shall hold.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Database {
    /// Roles that the schema speaks of.
    pub roles: Vec<Role>,
    /// Schemas; empty where the database has none.
    pub schemas: Vec<Schema>,
    /// Extensions, by name.
    pub extensions: Vec<Ident>,
    /// Enum types and domains.
    pub types: Vec<NamedType>,
    /// Tables.
    pub tables: Vec<Table>,
    /// Views.
    pub views: Vec<View>,
    /// Functions and procedures.
    pub functions: Vec<Function>,
    /// Rows that the schema itself needs.
    pub seeds: Vec<Seed>,
    /// What we cannot take apart.
    pub opaque: Vec<Opaque>,
}

impl Database {
    /// A table by name.
    #[must_use]
    pub fn table(&self, name: &Name) -> Option<&Table> {
        self.tables.iter().find(|table| table.name == *name)
    }

    /// What is there and cannot be made again: known by name only. No plan may lose it in silence.
    pub fn unread(&self) -> impl Iterator<Item = &Opaque> {
        self.opaque.iter().filter(|each| each.is_unread())
    }
}

/// A schema (namespace).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Schema {
    /// Its name.
    pub name: Ident,
    /// Who owns it.
    pub owner: Option<Ident>,
    /// Rights.
    pub grants: Vec<Grant>,
    /// What it is for.
    pub comment: Option<String>,
    /// Where it comes from.
    #[serde(skip)]
    pub origin: Origin,
}

/// A type with a name of its own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NamedType {
    /// Its name.
    pub name: Name,
    /// Who owns it.
    pub owner: Option<Ident>,
    /// What it is.
    pub kind: NamedTypeKind,
    /// What it is for.
    pub comment: Option<String>,
    /// Where it comes from.
    #[serde(skip)]
    pub origin: Origin,
}

/// What a named type is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum NamedTypeKind {
    /// An enumeration, in order.
    Enum(Vec<String>),
    /// A type with conditions.
    Domain {
        /// The type below.
        base: SqlType,
        /// Whether NULL is refused.
        not_null: bool,
        /// Conditions by name.
        checks: Vec<(Ident, Expr)>,
    },
}

impl Opaque {
    /// Tells it from others of its kind and name: the argument types of a function, the name of an option.
    #[must_use]
    pub fn told_by(mut self, detail: impl Into<String>) -> Self {
        self.detail = detail.into();
        self
    }

    /// Makes it a setting of something that is there.
    #[must_use]
    pub const fn as_setting(mut self) -> Self {
        self.setting = true;
        self
    }

    /// Whether it is known by name only: nobody can say how it is made.
    #[must_use]
    pub fn is_unread(&self) -> bool {
        self.definition.is_empty()
    }
}

/// An object that we do not take apart: compared as the server prints it, ordered by what it depends on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Opaque {
    /// What kind of object (`aggregate`, `rule`, `user sql`).
    pub kind: String,
    /// Its name.
    pub name: Name,
    /// What tells it from others of its kind and name; possibly nothing.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub detail: String,
    /// Whether it is but a setting of something that is there, as an option is: said anew it takes the place of what was said
    /// before, and it goes with what it is about.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub setting: bool,
    /// The statement that makes it; empty when nobody can say it.
    pub definition: String,
    /// The statement that removes it, where one is known.
    pub undo: Option<String>,
    /// Objects that must be there before.
    pub depends_on: Vec<Name>,
    /// Where it comes from.
    #[serde(skip)]
    pub origin: Origin,
}
