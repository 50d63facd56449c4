//! Entities without defaults: tables that are as they were found. No decision of the design adds to them; what stands in the
//! source is all that there is.
//!
//! They are apart from [`crate::Entity`] on purpose: whatever asks a model whose rows are, when they go and who may read them
//! never meets a table about which nobody has decided.

use crate::{EntityId, EnumId, Literal, Name, RawSql, Scalar};
use diagnostics::Span;

/// An entity without defaults, as a position in [`crate::Model::found`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FoundId(pub u32);

/// What a reference of a found table points at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FoundTarget {
    /// Another found table.
    Found(FoundId),
    /// An entity that is designed.
    Entity(EntityId),
}

/// An entity without defaults.
#[derive(Debug, Clone)]
pub struct Found {
    /// Its name.
    pub name: Name,
    /// Why nothing is added to it.
    pub because: String,
    /// The table's name.
    pub table: String,
    /// Names that it had before.
    pub was: Vec<String>,
    /// The schema of its table, where it is not the project's: `@schema("…")`.
    pub schema: Option<String>,
    /// `@strict`: SQLite holds its columns to their types.
    pub strict: bool,
    /// `@without_rowid`: SQLite keeps its rows by their key.
    pub without_rowid: bool,
    /// The `///` text.
    pub doc: Option<String>,
    /// Columns, as written; that is their order in the table, too.
    pub columns: Vec<FoundColumn>,
    /// The primary key.
    pub key: Option<FoundKey>,
    /// Unique constraints.
    pub uniques: Vec<FoundKey>,
    /// Indexes.
    pub indexes: Vec<FoundIndex>,
    /// Foreign keys.
    pub references: Vec<FoundReference>,
    /// Checks.
    pub checks: Vec<FoundCheck>,
    /// SQL in its body.
    pub sql: Vec<RawSql>,
}

/// The type of a column.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum FoundType {
    /// A built-in type, as the database has it: `String(80)` is `varchar(80)`.
    Scalar(Scalar),
    /// The database's own enum type.
    Enum(EnumId),
    /// An array.
    List(Box<FoundType>),
    /// As `@type("…")` spells it.
    Sql(String),
    /// That of the key that it refers to.
    KeyOf(FoundTarget),
    /// Not understood; a diagnostic was given.
    Unknown,
}

/// How a column gets its value when it is the database that makes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FoundMade {
    /// `@generated(always)`: an identity column that refuses other values; in SQLite `AUTOINCREMENT`.
    Always,
    /// `@generated(by_default)`: an identity column that takes them.
    ByDefault,
    /// `@generated(serial)`: a sequence of its own behind a default.
    Serial,
}

/// What a column gets when an INSERT says nothing.
#[derive(Debug, Clone, PartialEq)]
pub enum FoundDefault {
    /// `= 0`
    Constant(Literal),
    /// `@default("…")`
    Sql(String),
}

/// A column.
#[derive(Debug, Clone)]
pub struct FoundColumn {
    /// The field's name.
    pub name: Name,
    /// The column's name.
    pub column: String,
    /// Names that it had before.
    pub was: Vec<String>,
    /// The `///` text.
    pub doc: Option<String>,
    /// Its type.
    pub ty: FoundType,
    /// Whether NULL may stand in it.
    pub optional: bool,
    /// Its default.
    pub default: Option<FoundDefault>,
    /// `@generated(…)`
    pub made: Option<FoundMade>,
    /// `@computed("…")`, stored.
    pub computed: Option<String>,
    /// `@collate("…")`: in which order its texts stand, and which are equal.
    pub collation: Option<String>,
}

/// Columns by position, under a name when it is not the usual one: a key, or what is unique.
#[derive(Debug, Clone)]
pub struct FoundKey {
    /// In key order.
    pub columns: Vec<u32>,
    /// The `///` text.
    pub doc: Option<String>,
    /// `@deferred`: looked at when the transaction ends.
    pub deferred: bool,
    /// `@name("…")`
    pub name: Option<String>,
    /// Where.
    pub span: Span,
}

/// A key of an index.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FoundSort {
    /// Which column.
    pub column: u32,
    /// Descending.
    pub descending: bool,
}

/// An index.
#[derive(Debug, Clone)]
pub struct FoundIndex {
    /// In key order.
    pub keys: Vec<FoundSort>,
    /// `@unique`
    pub unique: bool,
    /// `@using(gin)`
    pub method: Option<String>,
    /// `@where("…")`
    pub predicate: Option<String>,
    /// The `///` text.
    pub doc: Option<String>,
    /// `@name("…")`
    pub name: Option<String>,
    /// Where.
    pub span: Span,
}

/// What happens to a row when the one that it refers to goes, or gets another key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum FoundAction {
    /// Refused at the end of the statement: what databases do by themselves.
    #[default]
    NoAction,
    /// Refused at once.
    Restrict,
    /// It follows.
    Cascade,
    /// It refers to nothing.
    SetNull,
    /// It refers to the default.
    SetDefault,
}

/// A foreign key.
#[derive(Debug, Clone)]
pub struct FoundReference {
    /// Own columns.
    pub columns: Vec<u32>,
    /// The other table.
    pub target: FoundTarget,
    /// The names of its fields, in the same order; empty for its key.
    pub referenced: Vec<Name>,
    /// When the other row goes.
    pub on_delete: FoundAction,
    /// When the other row's key changes.
    pub on_update: FoundAction,
    /// The `///` text, where it is a clause.
    pub doc: Option<String>,
    /// `@deferred`: looked at when the transaction ends.
    pub deferred: bool,
    /// `@name("…")`
    pub name: Option<String>,
    /// Where.
    pub span: Span,
}

/// A check, in SQL.
#[derive(Debug, Clone)]
pub struct FoundCheck {
    /// What must not be false.
    pub sql: String,
    /// The `///` text.
    pub doc: Option<String>,
    /// `@name("…")`
    pub name: Option<String>,
    /// Where.
    pub span: Span,
}

impl Found {
    /// The position of a field.
    #[must_use]
    pub fn column(&self, field: &str) -> Option<u32> {
        let at = self.columns.iter().position(|column| column.name.text == field)?;
        u32::try_from(at).ok()
    }
}
