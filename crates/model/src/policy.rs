//! The project and its policy.

use crate::{EntityId, Name};

/// `project shop { … }`.
#[derive(Debug, Clone)]
pub struct Project {
    /// Its name.
    pub name: Name,
    /// The databases it is meant for, the first being the main one.
    pub databases: Vec<Database>,
    /// The models to emit.
    pub models: Vec<ModelsTarget>,
    /// The schema (namespace) of its tables; `None` for the project's name.
    pub schema: Option<Name>,
    /// Version of the language.
    pub language: u32,
}

/// A database product.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Database {
    /// PostgreSQL 15 or later.
    Postgres,
    /// SQLite 3.40 or later.
    Sqlite,
    /// MariaDB 10.11 or later.
    Mariadb,
    /// MySQL 8.
    Mysql,
    /// MongoDB 6 or later.
    Mongodb,
}

/// A framework whose models are emitted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ModelsTarget {
    /// SQLAlchemy with Alembic and Pydantic.
    Sqlalchemy,
    /// Prisma.
    Prisma,
    /// Beanie.
    Beanie,
}

/// Something that stands by default, or was left out with a reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opted<T> {
    /// What holds.
    pub value: T,
    /// Where it was said; `None` for the default.
    pub said: Option<diagnostics::Span>,
    /// The reason that was given.
    pub because: Option<String>,
}

impl<T> Opted<T> {
    /// The default, about which nothing was said.
    pub const fn by_default(value: T) -> Self {
        Self {
            value,
            said: None,
            because: None,
        }
    }
}

/// Which UUID a public id is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum UuidVersion {
    /// Random.
    V4,
    /// Time-ordered: says when the row was made.
    V7,
}

/// How rows are identified.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Identity {
    /// An internal bigint, and a public UUID.
    Dual(UuidVersion),
    /// One UUID as primary key, which is public too.
    Uuid(UuidVersion),
    /// An internal bigint only: nothing outside ever names the row.
    Internal,
    /// The declared `key (…)`.
    Natural,
}

/// Where reads are recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Access {
    /// Nowhere.
    Off,
    /// In a table of its own, throttled.
    Separate,
    /// On the row itself, as many do.
    Inline,
}

/// The audit trail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AuditMode {
    /// None.
    Off,
    /// Entries.
    Plain,
    /// Entries, sealed by a chain after commit.
    Chained,
    /// Entries, chained inside the transaction.
    Inline,
}

/// Optimistic versions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Versioning {
    /// None.
    Off,
    /// `version`.
    On,
    /// `version`, `version_updated_at`, `version_updated_by`.
    Full,
}

/// What row-level security trusts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ContextMode {
    /// A setting.
    Setting,
    /// A signed context.
    Signed,
}

/// How enums are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum StatusStorage {
    /// Text and a CHECK: values can be removed again.
    Check,
    /// The database's own enum type.
    Native,
}

/// In which order columns are laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ColumnOrder {
    /// By alignment, wide and rare last.
    Aligned,
    /// As written.
    AsWritten,
}

/// A span of time: months and microseconds, as calendars want it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Span {
    /// Months (a year has twelve).
    pub months: i32,
    /// Microseconds (a day has 86 400 seconds).
    pub micros: i64,
}

/// `policy { … }`, with the defaults for what it does not say.
#[derive(Debug, Clone)]
pub struct Policy {
    /// `identity dual(uuid4)`.
    pub identity: Opted<Identity>,
    /// `actor User`; `Some(None)` is written `actor none`; the value is the entity of people who log in.
    pub actor: Opted<Option<EntityId>>,
    /// Whether there are actors at all.
    pub actors: bool,
    /// `timestamps on`.
    pub timestamps: Opted<bool>,
    /// `soft_delete on`.
    pub soft_delete: Opted<bool>,
    /// `versioning on`.
    pub versioning: Opted<Versioning>,
    /// `access separate`.
    pub access: Opted<Access>,
    /// `audit chained`.
    pub audit: Opted<AuditMode>,
    /// `tenant none`, or an entity.
    pub tenant: Opted<Option<EntityId>>,
    /// `context setting`.
    pub context: Opted<ContextMode>,
    /// `enums check`.
    pub enums: Opted<StatusStorage>,
    /// `columns aligned`.
    pub columns: Opted<ColumnOrder>,
    /// `references resolved`, or `copied`: a copy of the referred row's public id beside each reference, kept true by a composite key.
    pub copied_references: Opted<bool>,
    /// `storage 35%`: what the storage gate demands against the naive schema, in percent.
    pub storage: Option<u32>,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            identity: Opted::by_default(Identity::Dual(UuidVersion::V4)),
            actor: Opted::by_default(None),
            actors: true,
            timestamps: Opted::by_default(true),
            soft_delete: Opted::by_default(true),
            versioning: Opted::by_default(Versioning::On),
            access: Opted::by_default(Access::Separate),
            audit: Opted::by_default(AuditMode::Chained),
            tenant: Opted::by_default(None),
            context: Opted::by_default(ContextMode::Setting),
            enums: Opted::by_default(StatusStorage::Check),
            columns: Opted::by_default(ColumnOrder::Aligned),
            copied_references: Opted::by_default(false),
            storage: None,
        }
    }
}
