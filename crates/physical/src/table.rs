//! Tables and what hangs on them.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::{Expr, Grant, Ident, Literal, Name, Origin, Policy, SqlType, Trigger};

/// A table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Table {
    /// Its name.
    pub name: Name,
    /// Who owns it; `None` where there are no roles.
    pub owner: Option<Ident>,
    /// In physical order.
    pub columns: Vec<Column>,
    /// The primary key.
    pub primary_key: Option<PrimaryKey>,
    /// Unique constraints over all rows. Partial uniqueness is an [`Index`].
    pub uniques: Vec<Unique>,
    /// Foreign keys.
    pub foreign_keys: Vec<ForeignKey>,
    /// Checks.
    pub checks: Vec<Check>,
    /// Indexes that do not back a constraint.
    pub indexes: Vec<Index>,
    /// Triggers.
    pub triggers: Vec<Trigger>,
    /// Row-level security.
    pub row_security: RowSecurity,
    /// Policies of row-level security.
    pub policies: Vec<Policy>,
    /// How it is cut into partitions.
    pub partitioned: Option<Partitioned>,
    /// The partition key as the server prints it, where it is more than columns: expressions, collations, operator classes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub partition_key: Option<String>,
    /// PostgreSQL: the tables that it inherits from. Partitions inherit by being partitions.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub inherits: Option<Inheritance>,
    /// Of which table it is a partition, when it is a table in its own right as well. Partitions that are all that their parent
    /// says stand in [`Partitioned::partitions`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub partition_of: Option<PartitionOf>,
    /// Percentage to which pages are filled, where it is not the database's default.
    pub fillfactor: Option<u8>,
    /// Not written to the log: emptied after a crash, absent from standbys. For state of running transactions only.
    pub unlogged: bool,
    /// SQLite: `STRICT`.
    pub strict: bool,
    /// SQLite: `WITHOUT ROWID`.
    pub without_rowid: bool,
    /// SQLite: what stands behind the name in the statement that made a table that was found, where it says more than the fields
    /// here can hold (`ON CONFLICT`, a collation of a key). Whoever makes the table says it word for word.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verbatim: Option<String>,
    /// SQLite: how it was said, where it was found.
    #[serde(skip)]
    pub written: Written,
    /// How many rows it may have.
    #[serde(skip)]
    pub expected: Expected,
    /// Rights.
    pub grants: Vec<Grant>,
    /// What it is for.
    pub comment: Option<String>,
    /// Where it comes from.
    #[serde(skip)]
    pub origin: Origin,
}

impl Table {
    /// An empty table.
    #[must_use]
    pub fn new(name: Name, origin: Origin) -> Self {
        Self {
            name,
            owner: None,
            columns: Vec::new(),
            primary_key: None,
            uniques: Vec::new(),
            foreign_keys: Vec::new(),
            checks: Vec::new(),
            indexes: Vec::new(),
            triggers: Vec::new(),
            row_security: RowSecurity::Off,
            policies: Vec::new(),
            partitioned: None,
            partition_key: None,
            inherits: None,
            partition_of: None,
            fillfactor: None,
            unlogged: false,
            strict: false,
            without_rowid: false,
            verbatim: None,
            written: Written::default(),
            expected: Expected::default(),
            grants: Vec::new(),
            comment: None,
            origin,
        }
    }

    /// A column by name.
    #[must_use]
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.name.as_str() == name)
    }
}

/// The words in which a table and what hangs on it were found. They are no part of what a table is: two are equal however they
/// were written. Who compares words asks for them.
#[derive(Debug, Clone, Default)]
pub struct Written {
    /// What stands behind the table's name.
    pub table: Option<String>,
    /// Statements of indexes, by name.
    pub indexes: BTreeMap<Ident, String>,
    /// Statements of triggers, by name.
    pub triggers: BTreeMap<Ident, String>,
}

impl PartialEq for Written {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Written {}

/// How many rows a table may have, as the text says or a server estimates; `None` where nobody does. It is no part of what a table is:
/// two are equal whatever is in them.
#[derive(Debug, Clone, Copy, Default)]
pub struct Expected(pub Option<u64>);

impl PartialEq for Expected {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Expected {}

/// A column.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Column {
    /// Its name.
    pub name: Ident,
    /// Its type.
    pub ty: SqlType,
    /// Whether NULL may stand in it.
    pub nullable: bool,
    /// What stands in it when nothing is given.
    pub default: Option<DefaultValue>,
    /// `GENERATED … AS IDENTITY`; SQLite: `INTEGER PRIMARY KEY AUTOINCREMENT`.
    pub identity: Option<Identity>,
    /// Computed from other columns.
    pub generated: Option<Generated>,
    /// A collation other than the default.
    pub collation: Option<String>,
    /// What it is for.
    pub comment: Option<String>,
    /// Where it comes from.
    #[serde(skip)]
    pub origin: Origin,
}

impl Column {
    /// A NOT NULL column without anything else.
    #[must_use]
    pub fn new(name: impl Into<Ident>, ty: SqlType, origin: Origin) -> Self {
        Self {
            name: name.into(),
            ty,
            nullable: false,
            default: None,
            identity: None,
            generated: None,
            collation: None,
            comment: None,
            origin,
        }
    }
}

/// How an identity column treats a value that is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Identity {
    /// Refused.
    Always,
    /// Taken.
    ByDefault,
}

/// A computed column.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
pub struct Generated {
    /// What it is computed from.
    pub expr: Expr,
    /// Stored, or computed at every read.
    pub stored: bool,
}

/// What a column gets when an INSERT says nothing.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DefaultValue {
    /// A constant.
    Literal(Literal),
    /// The start of the transaction.
    Now,
    /// Today in UTC.
    Today,
    /// 122 random bits (RFC 9562, version 4), made by the database from a cryptographic source.
    Uuid4,
    /// Time-ordered (RFC 9562, version 7): says when it was made.
    Uuid7,
    /// An expression.
    Expr(Expr),
}

/// A primary key.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
pub struct PrimaryKey {
    /// Constraint name.
    pub name: Ident,
    /// In key order.
    pub columns: Vec<Ident>,
}

/// A unique constraint over all rows.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
pub struct Unique {
    /// Constraint name.
    pub name: Ident,
    /// In key order.
    pub columns: Vec<Ident>,
    /// Whether two NULLs count as the same.
    pub nulls_not_distinct: bool,
    /// `DEFERRABLE INITIALLY DEFERRED`.
    pub deferred: bool,
    /// Why it is there.
    pub comment: Option<String>,
    /// Where it comes from.
    #[serde(skip)]
    pub origin: Origin,
}

/// What happens to a row when the row that it refers to goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum OnDelete {
    /// Refused, checked at the end of the statement.
    NoAction,
    /// Refused at once.
    Restrict,
    /// It goes too.
    Cascade,
    /// It refers to nothing.
    SetNull,
    /// It refers to the default.
    SetDefault,
}

/// A foreign key.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
pub struct ForeignKey {
    /// Constraint name.
    pub name: Ident,
    /// The referring columns.
    pub columns: Vec<Ident>,
    /// The table referred to.
    pub references: Name,
    /// The columns referred to, in the same order.
    pub referenced: Vec<Ident>,
    /// When the other row goes.
    pub on_delete: OnDelete,
    /// When the other row's key changes.
    pub on_update: OnDelete,
    /// With [`OnDelete::SetNull`]: only these become NULL; empty for all.
    pub set_null: Vec<Ident>,
    /// `DEFERRABLE INITIALLY DEFERRED`.
    pub deferred: bool,
    /// False for `NOT VALID`.
    pub validated: bool,
    /// Why it is there.
    pub comment: Option<String>,
    /// Where it comes from.
    #[serde(skip)]
    pub origin: Origin,
}

/// A check.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
pub struct Check {
    /// Constraint name.
    pub name: Ident,
    /// What must not be false.
    pub expr: Expr,
    /// False for `NOT VALID`.
    pub validated: bool,
    /// Why it is there.
    pub comment: Option<String>,
    /// Where it comes from.
    #[serde(skip)]
    pub origin: Origin,
}

/// How an index is built.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum IndexMethod {
    /// The usual one.
    BTree,
    /// Equality of wide keys.
    Hash,
    /// Members of arrays, keys of JSON.
    Gin,
    /// Ranges and geometry.
    Gist,
    /// Block ranges.
    Brin,
    /// Any other, by name.
    Other(String),
}

/// An index. A unique one with a predicate is uniqueness among some rows.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
pub struct Index {
    /// Its name; in the schema of its table.
    pub name: Ident,
    /// Whether keys are unique.
    pub unique: bool,
    /// Whether two NULLs count as the same, in a unique index.
    pub nulls_not_distinct: bool,
    /// How it is built.
    pub method: IndexMethod,
    /// In key order.
    pub keys: Vec<IndexKey>,
    /// Columns that ride along.
    pub include: Vec<Ident>,
    /// Only rows for which this is true.
    pub predicate: Option<Expr>,
    /// Why it is there.
    pub comment: Option<String>,
    /// Where it comes from.
    #[serde(skip)]
    pub origin: Origin,
}

/// One key of an index.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
pub struct IndexKey {
    /// A column or an expression.
    pub expr: Expr,
    /// Descending.
    pub descending: bool,
    /// NULLs at the start; `None` for what the database does by default.
    pub nulls_first: Option<bool>,
    /// An operator class other than the default (`text_pattern_ops`).
    pub operator_class: Option<String>,
}

/// Row-level security of a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RowSecurity {
    /// Off.
    Off,
    /// On, but not for the table's owner.
    Enabled,
    /// On for everyone without BYPASSRLS.
    Forced,
}

/// How a table is cut into partitions.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
pub struct Partitioned {
    /// By range, list or hash.
    pub by: PartitionBy,
    /// The partition key.
    pub columns: Vec<Ident>,
    /// Partitions that are named by the schema: at least the default one.
    pub partitions: Vec<Partition>,
    /// Whether further ones are made as time goes, by a function, and do not count as a difference.
    pub managed: bool,
}

/// What a table has from others.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
pub struct Inheritance {
    /// From whom, in order.
    pub parents: Vec<Name>,
    /// Those of its columns that it would not have otherwise.
    pub columns: Vec<Ident>,
}

/// The place of a table among the partitions of another.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
pub struct PartitionOf {
    /// The partitioned table.
    pub parent: Name,
    /// The bound as the server prints it: `FOR VALUES …` or `DEFAULT`.
    pub bound: String,
    /// Those of its indexes and keys that are parts of one of the parent, each with the name of that one.
    pub parts: BTreeMap<Ident, Ident>,
}

/// A partition strategy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PartitionBy {
    /// Ranges.
    Range,
    /// Listed values.
    List,
    /// Hash.
    Hash,
}

/// One partition.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
pub struct Partition {
    /// The table that holds it.
    pub name: Name,
    /// `None` for the default partition; else the bound as the server prints it.
    pub bound: Option<String>,
}

/// Rows that the schema itself needs, such as the system's actor.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Seed {
    /// Into which table.
    pub table: Name,
    /// Which columns.
    pub columns: Vec<Ident>,
    /// The rows.
    pub rows: Vec<Vec<Literal>>,
    /// Why.
    pub comment: Option<String>,
    /// Where it comes from.
    #[serde(skip)]
    pub origin: Origin,
}
