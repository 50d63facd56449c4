//! Steps, actions, locks, hazards and undo: the shape of a migration; and [`Relational`], the contract of a dialect.
//!
//! A plan is data. It is made by `migrate`, whose statements come from a dialect, and run by `engine`. It holds no connection.

mod attributes;
mod beside;
mod change;
mod dialect;
mod document;
mod keep;
mod rename;
mod way;

pub use attributes::{attribute_name, attributes, regrown};
pub use beside::{Beside, LARGE, Swap, large_from};
pub use change::{Change, Edit, Key, Object, TableChange};
pub use dialect::{CatalogError, CatalogQuery, ContextValues, Relational, Unspeakable};
pub use document::{Document, End, JSON_SCHEMA, Note, SCHEMA, StepDocument, Summary};
pub use keep::{Keep, row_key};
pub use rename::Rename;
pub use way::{Direction, Leg};

use physical::{Ident, Origin};
use serde::Serialize;

/// What leads from one schema to another, and back.
#[derive(Debug, Clone, Serialize)]
pub struct Plan {
    /// The dialect's name.
    pub dialect: &'static str,
    /// Hash of the schema that it starts from; execution checks it first.
    pub from: String,
    /// Hash of the schema that it leads to.
    pub to: String,
    /// Statements that begin each transaction of the way back.
    pub undo_prelude: &'static [&'static str],
    /// In order of execution; the way back is the undo of each, from last to first.
    pub steps: Vec<Step>,
}

/// One step of a plan.
#[derive(Debug, Clone, Serialize)]
pub struct Step {
    /// What it does, as a heading would say it: "table orders".
    pub title: String,
    /// Steps of the same section stand together in emitted files: "orders".
    pub section: Section,
    /// How it is done.
    pub action: Action,
    /// How it is undone.
    pub undo: Undo,
    /// The strongest lock that it takes on something that existed before.
    pub lock: Lock,
    /// What can go wrong; possibly nothing, never unknown.
    pub hazards: Vec<Hazard>,
    /// Which part of the change it belongs to.
    pub phase: Phase,
    /// Whether it may run inside a transaction.
    pub transactional: bool,
    /// Who must run it.
    pub runs_as: RunsAs,
    /// What it makes, for whoever says it in other words than SQL.
    #[serde(skip)]
    pub makes: Made,
    /// Which of its statements go without saying once the object is made in other words: that it is made, and what it and its
    /// columns are for. The others (owner, partitions, comments on constraints) come on top.
    #[serde(skip)]
    pub told: Vec<usize>,
    /// What it only looks at or builds beside a running application, by name: this may be put off, but not behind what names it.
    #[serde(skip)]
    pub apart: Option<Ident>,
    /// Where it comes from.
    #[serde(skip)]
    pub origin: Origin,
}

/// An object that other words than SQL have a name for, by its place in the database that the plan leads to.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Made {
    /// None of these.
    #[default]
    Other,
    /// A table, with those of its foreign keys that are made with it.
    Table(usize, Vec<usize>),
    /// A foreign key of a table, added afterwards.
    ForeignKey(usize, usize),
    /// An index of a table.
    Index(usize, usize),
}

/// A chapter of an emitted file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Section {
    /// Roles and schemas: run once by an administrator.
    Access,
    /// Enum types and domains.
    Types,
    /// Functions that tables need.
    Functions,
    /// A table and what belongs to it alone: constraints, indexes, comments.
    Table(String),
    /// Foreign keys that close a cycle.
    ForeignKeys,
    /// Triggers and their functions.
    Triggers,
    /// Row-level security.
    RowSecurity,
    /// Views.
    Views,
    /// Functions that the application calls.
    Services,
    /// Rights.
    Grants,
    /// Rows that the schema needs.
    Seeds,
    /// SQL written by the user.
    Raw,
}

/// What tells SQL of the user's that is run before there are tables from the rest of it ([`physical::Opaque::detail`]).
pub const FIRST: &str = "first";

/// How a step is done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// SQL statements, each complete and without the final semicolon.
    Sql(Vec<String>),
}

/// How a step is undone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Undo {
    /// By these statements.
    Sql(Vec<String>),
    /// It goes with something that an earlier step's undo removes (an index with its table).
    WithOther,
    /// It cannot be undone, and why.
    Impossible(String),
}

/// Table locks of PostgreSQL, weakest first; other databases map theirs to what they block.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Lock {
    /// Nothing that existed before is locked.
    None,
    /// Reads and writes go on.
    ShareUpdateExclusive,
    /// Writes wait.
    Share,
    /// Writes wait; reads go on.
    ShareRowExclusive,
    /// Everything waits.
    AccessExclusive,
    /// The whole database file is locked (SQLite).
    Database,
}

/// What can go wrong with a step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "kind", content = "detail")]
pub enum Hazard {
    /// Data goes for good.
    DataLoss(String),
    /// Others wait.
    Blocks(String),
    /// The whole table is written again.
    Rewrite(String),
    /// The whole table is read.
    Scan(String),
    /// Rows that are there may make it fail.
    MayFail(String),
    /// Running code may break.
    BreaksCode(String),
}

/// Which part of a change a step belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// Adds what new code needs; old code goes on.
    Expand,
    /// Fills it.
    Backfill,
    /// Removes what old code needed.
    Contract,
}

/// Whose rights a step needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RunsAs {
    /// CREATEROLE and CREATE on the database.
    Administrator,
    /// The project's migrator.
    Migrator,
}
