//! Entities and what they are made of.

use diagnostics::Span;

use crate::{Access, AuditMode, Duration, Expr, Identity, Literal, Name, Opted, Type, Versioning};

/// An index into [`crate::Model::entities`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EntityId(pub u32);

/// An index into [`crate::Model::enums`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EnumId(pub u32);

/// An index into [`crate::Model::shapes`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ShapeId(pub u32);

/// An index into [`crate::Model::roles`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RoleId(pub u32);

/// An index into [`crate::Model::links`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LinkId(pub u32);

/// A field of an entity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FieldId {
    /// The entity.
    pub entity: EntityId,
    /// The position in [`Entity::fields`].
    pub index: u32,
}

/// A kind of thing whose rows are kept.
#[derive(Debug, Clone)]
pub struct Entity {
    /// Its own id.
    pub id: EntityId,
    /// Its name.
    pub name: Name,
    /// The table's name: `@table("…")`, or the plural in snake case.
    pub table: String,
    /// Names it had before (`@was(Old)` or `@was(old_table)`), as table names.
    pub was: Vec<String>,
    /// The `///` text, without the slashes.
    pub doc: Option<String>,
    /// Whose its rows are.
    pub ownership: Ownership,
    /// How its rows are identified.
    pub identity: Opted<Identity>,
    /// `created_at`, `updated_at`.
    pub timestamps: Opted<bool>,
    /// `created_by`, `updated_by`.
    pub authors: Opted<bool>,
    /// `deleted_at` and the like.
    pub soft_delete: Opted<bool>,
    /// `version`.
    pub versioning: Opted<Versioning>,
    /// Whether entries of the audit trail are made.
    pub audit: Opted<AuditMode>,
    /// Where reads are recorded.
    pub access: Opted<Access>,
    /// Whether each row belongs to one tenant; then there is an implied field for it.
    pub tenant: Opted<bool>,
    /// Written fields in source order, then implied ones.
    pub fields: Vec<Field>,
    /// `unique (…)` and `@unique`.
    pub uniques: Vec<Unique>,
    /// `index (…)`.
    pub indexes: Vec<Index>,
    /// `key (…)`.
    pub key: Option<Key>,
    /// `reference name (…) -> T (…)`.
    pub references: Vec<Reference>,
    /// `check (…)`.
    pub checks: Vec<Check>,
    /// Declared queries.
    pub queries: Vec<Query>,
    /// `volume …`.
    pub volume: Option<Volume>,
    /// `purge …`, `anonymise …`.
    pub retention: Vec<Retention>,
    /// `allow …`.
    pub allows: Vec<Allow>,
    /// `@partition(by: field)`: by month of an instant or date.
    pub partition: Option<(FieldId, Span)>,
    /// `@shard(field)`: a hint for databases that shard.
    pub shard: Option<(FieldId, Span)>,
    /// SQL in the entity's body.
    pub sql: Vec<RawSql>,
}

impl Entity {
    /// A field by name.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<(FieldId, &Field)> {
        let index = self.fields.iter().position(|field| field.name.text == name)?;
        Some((
            FieldId {
                entity: self.id,
                index: index as u32,
            },
            self.fields.get(index)?,
        ))
    }

    /// Whether a row says something about a person: it is one, belongs to one, or holds personal data.
    #[must_use]
    pub fn is_personal(&self) -> bool {
        let whose = matches!(
            self.ownership,
            Ownership::Itself | Ownership::Owner(_) | Ownership::Inherited { .. }
        );
        whose || self.fields.iter().any(|field| field.privacy != Privacy::None)
    }

    /// The field that the policy added for a purpose.
    #[must_use]
    pub fn implied(&self, what: ImpliedField) -> Option<(FieldId, &Field)> {
        let index = self
            .fields
            .iter()
            .position(|field| field.origin == FieldOrigin::Implied(what))?;
        Some((
            FieldId {
                entity: self.id,
                index: index as u32,
            },
            self.fields.get(index)?,
        ))
    }
}

/// Whose the rows of an entity are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ownership {
    /// `owns self`: a row belongs to the user that it is.
    Itself,
    /// `@owner` on a reference to an entity that owns itself (or to one that is owned).
    Owner(FieldId),
    /// Follows from a required reference to an owned entity.
    Inherited {
        /// The reference.
        via: FieldId,
        /// The entity that owns itself, at the end of the chain.
        root: EntityId,
    },
    /// Everyone of the tenant.
    Tenant,
    /// This entity is the tenant.
    IsTenant,
    /// `public because "…"`.
    Public {
        /// The reason.
        because: String,
        /// Where it is said.
        span: Span,
    },
    /// Nothing says; a diagnostic was given.
    Unknown,
}

/// Where a field comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FieldOrigin {
    /// Written in the source.
    Written,
    /// Added by the policy.
    Implied(ImpliedField),
}

/// Fields that the policy adds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ImpliedField {
    /// `id`, internal.
    Id,
    /// `public_id`.
    PublicId,
    /// The tenant.
    Tenant,
    /// The owner, in entities that inherit one.
    Owner,
    /// `created_at`.
    CreatedAt,
    /// `created_by`.
    CreatedBy,
    /// `updated_at`.
    UpdatedAt,
    /// `updated_by`.
    UpdatedBy,
    /// `version`.
    Version,
    /// `version_updated_at`.
    VersionUpdatedAt,
    /// `version_updated_by`.
    VersionUpdatedBy,
    /// `deleted_at`.
    DeletedAt,
    /// `deleted_by`.
    DeletedBy,
    /// `deletion_reason`.
    DeletionReason,
    /// `deletion_batch`.
    DeletionBatch,
    /// `<state>_changed_at`.
    StateChangedAt,
    /// `<state>_changed_by`.
    StateChangedBy,
    /// `last_accessed`. With [`crate::Access::Separate`] it is here only when a retention counts from `accessed`, and stands in the
    /// access table; with [`crate::Access::Inline`] it is a column of the row.
    LastAccessed,
    /// `access_count`.
    AccessCount,
}

/// What a value says about people.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Privacy {
    /// Nothing.
    #[default]
    None,
    /// Personal (`@pii`).
    Personal,
    /// Of a special category (`@pii(special)`).
    Special,
    /// A secret (`@secret`, `PasswordHash`, `Token`): never leaves, never logged.
    Secret,
}

/// How a value is kept from those who can read the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Protection {
    /// Not at all.
    #[default]
    Plain,
    /// Encrypted by the application (`@encrypted`).
    Encrypted {
        /// With a blind index, so that equality can be looked up (`@encrypted(searchable)`).
        searchable: bool,
    },
    /// Only a hash is stored.
    Hashed,
}

/// A field.
#[derive(Debug, Clone)]
pub struct Field {
    /// Its name; for implied fields the span is the entity's name.
    pub name: Name,
    /// The column's name: `@column("…")`, or the name (with `_id` for references).
    pub column: String,
    /// Names that the column had before.
    pub was: Vec<String>,
    /// The `///` text.
    pub doc: Option<String>,
    /// Its type.
    pub ty: Type,
    /// Where the type is written.
    pub type_span: Span,
    /// Whether it may be empty.
    pub optional: bool,
    /// What it is when nothing is given.
    pub default: Option<(Literal, Span)>,
    /// Where it comes from.
    pub origin: FieldOrigin,
    /// What it says about people.
    pub privacy: Privacy,
    /// How it is kept.
    pub protection: Protection,
    /// `@owner`.
    pub owner: Option<Span>,
    /// For references: what happens when the other row goes; `None` is the default (restrict).
    pub on_delete: Option<(OnDelete, Span)>,
    /// For `[T]` of an entity.
    pub relation: Option<Relation>,
    /// `@range(a..b)`, both ends included.
    pub range: Option<(Option<Literal>, Option<Literal>, Span)>,
    /// `@min(n)`: shortest length, in characters (elements of an array).
    pub min_length: Option<(u32, Span)>,
    /// `@max(n)`: longest length.
    pub max_length: Option<(u32, Span)>,
    /// `@pattern("…")`.
    pub pattern: Option<(String, Span)>,
    /// `@computed(…)`.
    pub computed: Option<(Expr, Span)>,
    /// `@immutable`.
    pub immutable: Option<Span>,
}

/// What happens to a row when the row that it refers to goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum OnDelete {
    /// Refused.
    Restrict,
    /// It goes too.
    Cascade,
    /// It refers to nothing.
    SetNull,
}

/// What `[T]` of an entity stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Relation {
    /// The other side of a reference.
    Inverse(Inverse),
    /// Many to many without fields, by a link table.
    Link(LinkId),
    /// Many to many through an entity (`@through(L)`): its references to this entity and to the other.
    Through {
        /// The entity between.
        entity: EntityId,
        /// Its reference to this entity.
        near: FieldId,
        /// Its reference to the other.
        far: FieldId,
    },
}

/// The other side of a reference.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Inverse {
    /// The reference.
    pub of: FieldId,
}

/// A many-to-many relation without an entity of its own.
#[derive(Debug, Clone)]
pub struct ManyToMany {
    /// The field that declares it.
    pub field: FieldId,
    /// The field on the other side, when that declares it too.
    pub back: Option<FieldId>,
    /// The entity that declares it.
    pub left: EntityId,
    /// The other.
    pub right: EntityId,
    /// The link table's name.
    pub table: String,
}

/// Among which rows something is unique.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UniqueScope {
    /// Among the rows that whoever asks may see: within the tenant, and among the owner's rows where rows belong to someone.
    Own,
    /// Everywhere, and the reason why that may be told.
    Global(Option<String>),
}

/// Uniqueness, among the living.
#[derive(Debug, Clone)]
pub struct Unique {
    /// Fields, in order.
    pub fields: Vec<FieldId>,
    /// Among which rows.
    pub scope: UniqueScope,
    /// From `@unique` on a field (else a clause).
    pub from_field: bool,
    /// Where.
    pub span: Span,
}

/// A key of an order or index.
#[derive(Debug, Clone, PartialEq)]
pub struct SortKey {
    /// What is sorted by.
    pub path: crate::Path,
    /// Descending.
    pub descending: bool,
    /// Where.
    pub span: Span,
}

/// `index (…)`.
#[derive(Debug, Clone)]
pub struct Index {
    /// Keys, in order.
    pub keys: Vec<SortKey>,
    /// Where.
    pub span: Span,
}

/// `key (…)`.
#[derive(Debug, Clone)]
pub struct Key {
    /// Fields, in order.
    pub fields: Vec<FieldId>,
    /// Where.
    pub span: Span,
}

/// A composite foreign key.
#[derive(Debug, Clone)]
pub struct Reference {
    /// Its name.
    pub name: Name,
    /// Own fields.
    pub fields: Vec<FieldId>,
    /// The entity referred to.
    pub target: EntityId,
    /// Its fields, in the same order.
    pub referenced: Vec<FieldId>,
    /// What happens when the other row goes.
    pub on_delete: OnDelete,
    /// Where.
    pub span: Span,
}

/// `check (…)`.
#[derive(Debug, Clone)]
pub struct Check {
    /// What must not be false.
    pub expr: Expr,
    /// A name given by `@name("…")`.
    pub name: Option<String>,
    /// Where.
    pub span: Span,
}

/// A parameter of a query.
#[derive(Debug, Clone)]
pub struct Tracked {
    /// Without the `$`.
    pub name: String,
    /// What it is compared with.
    pub ty: Type,
    /// Whether it stands for a list (`in $ids`).
    pub list: bool,
    /// Where it is first used.
    pub span: Span,
}

/// A declared query.
#[derive(Debug, Clone)]
pub struct Query {
    /// Its name.
    pub name: Name,
    /// The `///` text.
    pub doc: Option<String>,
    /// Its parameters, in order of first use.
    pub params: Vec<Tracked>,
    /// Fields read; empty for the whole row.
    pub select: Vec<FieldId>,
    /// Which rows.
    pub condition: Option<Expr>,
    /// In which order.
    pub order: Vec<SortKey>,
    /// How many at most.
    pub limit: Option<Literal>,
    /// `limit $n`.
    pub limit_param: Option<crate::ParamId>,
    /// How often per second, and within which time.
    pub expect: Option<(f64, Duration)>,
    /// Where.
    pub span: Span,
}

/// `volume 5M grows 20K/day updates 1M/day`.
#[derive(Debug, Clone, PartialEq)]
pub struct Volume {
    /// Rows today.
    pub rows: u64,
    /// New rows per second.
    pub grows: Option<f64>,
    /// Changed rows per second.
    pub updates: Option<f64>,
    /// Where.
    pub span: Span,
}

/// What happens when time is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RetentionKind {
    /// The row goes.
    Purge,
    /// The row stays, emptied of the person.
    Anonymise,
}

/// `purge 1 day after expires_at`.
#[derive(Debug, Clone)]
pub struct Retention {
    /// What happens.
    pub kind: RetentionKind,
    /// After how long.
    pub after: Duration,
    /// The field that starts the time.
    pub field: FieldId,
    /// Where.
    pub span: Span,
}

/// What may be done with a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Action {
    /// See it.
    Read,
    /// Add one.
    Create,
    /// Change it.
    Update,
    /// Delete it.
    Delete,
}

/// Under which condition something is allowed.
#[derive(Debug, Clone)]
pub enum AccessRule {
    /// Always (within the tenant).
    Always,
    /// For the owner.
    Owner,
    /// For everyone of the tenant.
    Tenant,
    /// For rows of which this is true.
    When(Expr),
}

/// `allow read to analyst when (…)`.
#[derive(Debug, Clone)]
pub struct Allow {
    /// What.
    pub actions: Vec<Action>,
    /// To whom; empty for the application itself.
    pub roles: Vec<RoleId>,
    /// For which rows.
    pub rule: AccessRule,
    /// Where.
    pub span: Span,
}

/// `role analyst because "…"`.
#[derive(Debug, Clone)]
pub struct Role {
    /// Its name.
    pub name: Name,
    /// The `///` text.
    pub doc: Option<String>,
    /// Why it exists.
    pub because: String,
}

/// `enum OrderState { … }`.
#[derive(Debug, Clone)]
pub struct Enum {
    /// Its name.
    pub name: Name,
    /// The `///` text.
    pub doc: Option<String>,
    /// Its members, in source order.
    pub members: Vec<EnumMember>,
    /// Allowed moves, as positions; empty when there is no arrow (any move is allowed).
    pub moves: Vec<(u32, u32)>,
    /// Where a row may begin, as positions; all when there is no arrow.
    pub initial: Vec<u32>,
    /// `@native`: stored in the database's own enum type; else the policy decides.
    pub native: bool,
    /// `@type("…")`: what that type is called, where it is not called as usual.
    pub type_name: Option<String>,
}

/// A member of an enum.
#[derive(Debug, Clone)]
pub struct EnumMember {
    /// As written.
    pub name: Name,
    /// What is stored: `@value("…")`, or the name.
    pub value: String,
    /// The `///` text.
    pub doc: Option<String>,
}

/// `shape Address { … }`.
#[derive(Debug, Clone)]
pub struct Shape {
    /// Its name.
    pub name: Name,
    /// The `///` text.
    pub doc: Option<String>,
    /// Its members. References, computed and owned fields cannot stand here.
    pub fields: Vec<Field>,
}

/// SQL written by the user.
#[derive(Debug, Clone)]
pub struct RawSql {
    /// For which database.
    pub dialect: Name,
    /// The statements.
    pub up: String,
    /// How to undo them.
    pub undo: Option<String>,
    /// Whether they are run before there are tables: `sql postgres first """…"""`.
    pub first: bool,
    /// Where.
    pub span: Span,
}
