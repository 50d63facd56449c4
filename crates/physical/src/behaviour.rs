//! What tables do, and what the schema offers, said without a dialect.
//!
//! `design` answers a [`Blueprint`]. Each dialect *realises* it: behaviours become triggers and functions, services become
//! functions or documented scripts, and what the database cannot hold becomes a [`Lost`] guarantee that is named to the user.

use model::{EntityId, FieldId};
use serde::Serialize;

use crate::{Database, Expr, Ident, Literal, Name, Origin};

/// A schema before any dialect: what shall exist and how it shall behave.
#[derive(Debug, Clone)]
pub struct Blueprint {
    /// The project's name; prefixes roles and schemas.
    pub project: Ident,
    /// Where the application's tables live.
    pub schema: Ident,
    /// Functions and key tables that are nobody's business.
    pub private_schema: Ident,
    /// The audit trail, its seals, and the security events.
    pub audit_schema: Ident,
    /// Views that show personal data masked.
    pub masked_schema: Ident,
    /// The roles; those whose database has none ignore them.
    pub roles: Roles,
    /// What row-level security trusts.
    pub context: ContextMode,
    /// The table of pseudonyms behind `created_by`, and the user table it links to; `None` when `actor none`: then `app.actor`
    /// holds the public id of the user's row itself, [`Service::Context`] is placed on the user's table, and the current actor is NULL.
    pub actors: Option<Actors>,
    /// The tenant's table.
    pub tenant: Option<Name>,
    /// Tables, views, policies, rights: without triggers and functions.
    pub database: Database,
    /// What each table is for.
    pub tables: Vec<TableInfo>,
    /// What tables do.
    pub behaviours: Vec<Placed<Behaviour>>,
    /// What the schema offers.
    pub services: Vec<Placed<Service>>,
    /// What is as it was found: no dialect adds to it. Types are as the source spells them.
    pub found: Database,
    /// SQL written by the user, per dialect.
    pub raw: Vec<RawSql>,
}

/// The roles of a project.
#[derive(Debug, Clone)]
pub struct Roles {
    /// Owns every object. NOLOGIN, and nobody ever becomes it.
    pub owner: Ident,
    /// Owns the SECURITY DEFINER functions: the few reads and writes that happen without or across contexts. NOLOGIN.
    pub guard: Ident,
    /// Owns the masked views. NOLOGIN, under row-level security.
    pub mask: Ident,
    /// Runs migrations: a member of `owner`, with policies of its own.
    pub migrator: Ident,
    /// The application.
    pub app: Ident,
    /// Reads the masked views.
    pub reader: Ident,
    /// Reads the audit trail and the security events.
    pub auditor: Ident,
    /// Seals the audit trail.
    pub sealer: Ident,
    /// Erases people.
    pub eraser: Ident,
    /// Dumps everything.
    pub backup: Ident,
    /// Roles that the schema declares (`role analyst because …`), prefixed, in order of declaration.
    pub declared: Vec<Ident>,
}

/// What the policies of row-level security believe.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ContextMode {
    /// A setting of the transaction (`app.actor`, `app.tenant`): stops a forgotten filter, not injected SQL.
    Setting,
    /// A row that a SECURITY DEFINER function writes after checking a MAC.
    Signed,
}

/// The table of pseudonyms.
#[derive(Debug, Clone)]
pub struct Actors {
    /// The table; columns `id`, `public_id`, `kind`, `user_id`, `label`, `created_at`.
    pub table: Name,
    /// The entity that users are, when there is one.
    pub user: Option<Name>,
}

/// What a table is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableInfo {
    /// The table.
    pub name: Name,
    /// Its purpose.
    pub purpose: Purpose,
    /// Which column holds which field; implied fields included. A reference's field maps to its first own column.
    pub columns: Vec<(Ident, FieldId)>,
    /// The column that says whose a row is, and whether it is the row's own key (`owns self`).
    pub owner: Option<Ident>,
    /// The column of the tenant.
    pub tenant: Option<Ident>,
}

/// What a table is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Rows of an entity.
    Entity(EntityId),
    /// A many-to-many link without fields, made for `[T]`.
    Link(EntityId, EntityId),
    /// The pseudonyms behind `created_by`.
    Actors,
    /// The audit trail.
    Audit,
    /// Its seals.
    Seals,
    /// Security events.
    Events,
    /// When rows were last read (one per entity).
    Access(EntityId),
    /// Keys of encryption, per subject: `id`, `key_id` (the id in envelopes), `subject_id`, `kek_id`, `wrapped` (NULL once shredded),
    /// `created_at`, `shredded_at`.
    Keys,
    /// The signed context: `backend_pid` (key), `transaction_id`, `actor_id`, `user_id`, `tenant_id`; unlogged.
    Context,
    /// Signing keys of the signed context: `id`, `key`, `created_at`, `retired_at`.
    Private,
}

/// A thing of a table.
#[derive(Debug, Clone)]
pub struct Placed<T> {
    /// The table.
    pub table: Name,
    /// The thing.
    pub what: T,
    /// Where it comes from.
    pub origin: Origin,
}

/// What a table does by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Behaviour {
    /// `created_at` is the start of the inserting transaction and never changes; `updated_at` follows every UPDATE.
    StampTimes {
        /// `created_at`.
        created_at: Option<Ident>,
        /// `updated_at`.
        updated_at: Option<Ident>,
    },
    /// `created_by` and `updated_by` are the context's actor, whatever the statement says; the system's actor when none is set.
    StampAuthors {
        /// `created_by`.
        created_by: Option<Ident>,
        /// `updated_by`.
        updated_by: Option<Ident>,
    },
    /// `version` starts at 1 and becomes `OLD.version + 1` on UPDATE. A statement that sets it to just that (an ORM's own raise)
    /// stands; any other value that differs from OLD.version is refused as a lost update (SQLSTATE 40001).
    RaiseVersion {
        /// `version`.
        version: Ident,
        /// `version_updated_at`, on request.
        updated_at: Option<Ident>,
        /// `version_updated_by`, on request.
        updated_by: Option<Ident>,
    },
    /// Only some first states, and only declared moves (SQLSTATE 23514).
    Transitions {
        /// The column.
        column: Ident,
        /// States that a new row may have.
        initial: Vec<String>,
        /// Pairs (from, to).
        moves: Vec<(String, String)>,
        /// Stamped when the state changes.
        changed_at: Option<Ident>,
        /// Stamped when the state changes.
        changed_by: Option<Ident>,
    },
    /// Setting `deleted_at` deletes; setting it back to NULL restores what fell in the same batch.
    /// Time, actor and batch are stamped, whatever the statement says.
    SoftDelete {
        /// The table's internal key.
        key: Ident,
        /// `deleted_at`.
        deleted_at: Ident,
        /// `deleted_by`.
        deleted_by: Option<Ident>,
        /// `deletion_reason`; emptied on restore.
        reason: Option<Ident>,
        /// `deletion_batch`: what fell together has the same value.
        batch: Ident,
        /// What refers to the row.
        children: Vec<SoftChild>,
    },
    /// A living row may refer only to a living row, which stays locked FOR SHARE until the transaction ends. Checked on INSERT, when
    /// one of the columns changes, and when the row is restored; not by other changes of a row whose parent died since.
    LivingParent {
        /// The referring columns.
        columns: Vec<Ident>,
        /// The table referred to.
        parent: Name,
        /// The columns referred to.
        referenced: Vec<Ident>,
        /// The parent's `deleted_at`.
        deleted_at: Ident,
    },
    /// These columns never change after INSERT (SQLSTATE 23514).
    Immutable {
        /// Which.
        columns: Vec<Ident>,
    },
    /// A self reference makes no cycle.
    NoCycle {
        /// The table's key.
        key: Ident,
        /// The reference.
        parent: Ident,
    },
    /// Owner and tenant columns, and copies of public ids, are filled from the row referred to: on INSERT, and when the reference
    /// changes, whatever the statement says (NULL when the reference is). A composite foreign key with ON UPDATE CASCADE keeps
    /// them true when the other row changes. A table may have several of these; they run before the columns are checked.
    Inherit {
        /// The reference.
        via: Ident,
        /// The table referred to.
        parent: Name,
        /// The key referred to.
        key: Ident,
        /// Pairs (own column, parent's column).
        columns: Vec<(Ident, Ident)>,
    },
    /// These columns are filled from the context on INSERT when nothing is given (a column default on PostgreSQL; `design` writes no
    /// default itself). The types are those of the user's and the tenant's key. Without a context they stay NULL and NOT NULL refuses.
    FromContext {
        /// The owner's column.
        owner: Option<Ident>,
        /// The tenant's column.
        tenant: Option<Ident>,
    },
    /// A new row gets an actor of kind `user`.
    MakesActor {
        /// The table of actors.
        actors: Name,
        /// Its link to this table.
        link: Ident,
        /// This table's key.
        key: Ident,
    },
    /// The column is stored in one form.
    Normalise {
        /// Which.
        column: Ident,
        /// How.
        form: NormalForm,
    },
    /// Every INSERT, UPDATE, DELETE and TRUNCATE leaves one entry per row (per statement for TRUNCATE).
    Audit {
        /// The log; see [`Service::AuditTrail`].
        log: Name,
        /// The table's internal key; the first column of a composite one. `row_id` holds it when it is a whole number, and
        /// `row_public_id` when it is a UUID. Where neither it nor a public id tells the row, an update's `changes` name the
        /// key's columns, too.
        key: Ident,
        /// Its public id, if any.
        public_id: Option<Ident>,
        /// The tenant's column, if any.
        tenant: Option<Ident>,
        /// The subject's column, if any: whose personal data the entry may hold.
        subject: Option<Ident>,
        /// Sensitive columns: recorded as changed, without values.
        redacted: Vec<Ident>,
        /// Technical columns that make no entry by themselves. An UPDATE of nothing but inline `last_accessed` and `access_count`
        /// (see [`Service::TouchAccess`]) neither stamps nor raises the version either.
        ignored: Vec<Ident>,
        /// Chained inside the transaction (`audit inline chain`).
        inline_chain: bool,
    },
    /// Who may change a row and who may delete it are not the same people, and deleting is an UPDATE: row-level security, which sees no
    /// columns, lets through whoever may do either.
    Rights {
        /// Columns that deletion sets.
        deletion: Vec<Ident>,
        /// Columns that belong to the row itself.
        own: Vec<Ident>,
        /// Who may change these.
        update: Vec<Right>,
        /// Who may set those.
        delete: Vec<Right>,
    },
    /// Rows are only ever added: no UPDATE, DELETE or TRUNCATE, except what is named.
    AppendOnly {
        /// Columns that may be emptied (set to NULL) by erasure.
        erasable: Vec<Ident>,
    },
}

/// Members of any of these roles, on rows of which this is true.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Right {
    /// Who.
    pub roles: Vec<Ident>,
    /// Which rows.
    pub rows: Expr,
}

/// A stored form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum NormalForm {
    /// Without blanks at both ends.
    Trimmed,
    /// Trimmed and in lower case.
    TrimmedLower,
}

/// Something that refers to a row that can be soft-deleted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SoftChild {
    /// The referring table.
    pub table: Name,
    /// Its referring columns.
    pub columns: Vec<Ident>,
    /// The columns referred to.
    pub referenced: Vec<Ident>,
    /// The columns that become NULL with [`SoftAction::SetNull`]: the reference and copies beside it, never owner or tenant.
    pub set_null: Vec<Ident>,
    /// What happens to it.
    pub action: SoftAction,
    /// The child's own `deleted_at`; `None` when it is not soft-deleted.
    pub deleted_at: Option<Ident>,
    /// The child's own `deletion_batch`.
    pub batch: Option<Ident>,
}

/// What soft deletion does to what refers to the row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SoftAction {
    /// Refuses while a living child is there (SQLSTATE 23503).
    Restrict,
    /// Deletes the child softly, in the same batch.
    Cascade,
    /// Sets the reference, and what is copied beside it, to NULL.
    SetNull,
    /// Deletes the child for good: credentials, tokens, and rows that live and die with their parent but cannot be dead
    /// themselves only when they are secrets; others are left, hidden behind their dead parent.
    Destroy,
    /// Leaves the child: it is reached only through its parent.
    Leave,
}

/// What the schema offers beside its tables.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Service {
    /// `current_actor()`, `current_user_id()`, `current_tenant()`: from the context, NULL when none is set.
    /// `table` is the actors table (or the first table when there are none).
    Context,
    /// Requests without a context: finds one living row by a unique value. Where the table has a tenant's column and the context
    /// names a tenant, only there; where several rows match, none is answered.
    LookUp {
        /// The function.
        name: Ident,
        /// By which column.
        by: Ident,
        /// The answer's columns; internal ids never among them.
        returns: Vec<Ident>,
        /// The table's `deleted_at`.
        deleted_at: Option<Ident>,
    },
    /// Takes a token by the hash of it: once, in time, and answers whose it is.
    RedeemToken {
        /// The function.
        name: Ident,
        /// The column with the hash.
        token: Ident,
        /// Not after this.
        expires_at: Option<Ident>,
        /// Set by redeeming; a token with it set is spent.
        used_at: Option<Ident>,
        /// The reference to the owner, and the owner's table: answered as its public id.
        owner: Option<(Ident, Name)>,
        /// Further columns answered.
        returns: Vec<Ident>,
        /// The table's `deleted_at`.
        deleted_at: Option<Ident>,
    },
    /// Makes a row of the user entity before anyone is logged in; answers its public id and its actor's (NULL when there are no
    /// actors). A tenant's column is filled from the context. On the tenant's own table it founds a tenant, and answers its public
    /// id and NULL. Encrypted columns are never among the arguments: ciphertext binds to the public id, so it is written afterwards.
    SignUp {
        /// The function.
        name: Ident,
        /// The columns taken as arguments.
        columns: Vec<Ident>,
    },
    /// Removes rows for good, in batches, when their time is over.
    Purge {
        /// The function.
        name: Ident,
        /// The instant or date that starts the time.
        after: Ident,
        /// How long: months.
        months: i32,
        /// How long: microseconds on top.
        micros: i64,
        /// Rows per call.
        batch: u32,
    },
    /// Empties rows of the person, in batches, when their time is over. Without `done`, rows in which every tombstone stands
    /// already are left alone.
    Anonymise {
        /// The function.
        name: Ident,
        /// The instant or date that starts the time.
        after: Ident,
        /// How long: months.
        months: i32,
        /// How long: microseconds on top.
        micros: i64,
        /// What stands there afterwards.
        tombstones: Vec<(Ident, Tombstone)>,
        /// Marks a row that is done; `None` when the tombstones tell.
        done: Option<Ident>,
        /// Rows per call.
        batch: u32,
    },
    /// Erases one subject by public id: everywhere, the audit trail's payloads and keys included. The step that empties the
    /// subject's own table also deletes the row softly where the table does that. The erasure itself is a security event.
    Erase {
        /// The function.
        name: Ident,
        /// What is done, in order.
        steps: Vec<ErasureStep>,
    },
    /// The store of security events, written through one function, redacted by construction. `table` is the store.
    SecurityEvents,
    /// Records that a row was read, in a table of its own, at most once in so many seconds.
    TouchAccess {
        /// The function.
        name: Ident,
        /// The table of access: `row_id`, `last_accessed`, `access_count`; or the table itself, which then has the last two (`access inline`).
        access: Name,
        /// At most one write per row in this time.
        throttle_seconds: u32,
    },
    /// The audit trail. `table` is the log.
    AuditTrail {
        /// The table of seals.
        seals: Name,
        /// How it is chained.
        chain: Chain,
        /// Monthly partitions made ahead.
        months_ahead: u32,
    },
    /// Keys of encryption, wrapped; one per subject, so that erasing a subject shreds it. `table` is the key table.
    Keys,
}

/// How the audit trail is chained.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Chain {
    /// Not at all.
    Plain,
    /// Sealed after commit by the sealer.
    Sealed,
    /// Inside the transaction: the log's column `chain` is the SHA-256 of the entry before's and this entry's commitment.
    Inline,
}

/// What stands in a column that was emptied of a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Tombstone {
    /// NULL.
    Null,
    /// A constant.
    Literal(Literal),
    /// A text that is unique by the row's public id: `deleted-<public id>`, with a suffix (`@invalid` for addresses).
    UniqueText {
        /// What follows.
        suffix: String,
    },
}

/// One step of erasing a subject.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ErasureStep {
    /// Removes rows whose column refers to the subject.
    Delete {
        /// From where.
        table: Name,
        /// The reference to the subject.
        subject: Ident,
    },
    /// Empties rows whose column refers to the subject.
    Empty {
        /// Where.
        table: Name,
        /// The reference to the subject.
        subject: Ident,
        /// What stands there afterwards.
        tombstones: Vec<(Ident, Tombstone)>,
    },
    /// Empties the audit payloads that speak of the subject.
    AuditPayloads {
        /// The log.
        log: Name,
    },
    /// Shreds the subject's key.
    Key {
        /// The key table.
        table: Name,
    },
    /// Cuts the actor's link to the subject.
    Actor {
        /// The table of actors.
        table: Name,
        /// The link.
        link: Ident,
    },
}

/// SQL that the user wrote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RawSql {
    /// For which dialect (`postgres`, `sqlite`).
    pub dialect: String,
    /// The statements.
    pub up: String,
    /// How to undo them.
    pub undo: Option<String>,
    /// Whether they are run before there are tables.
    pub first: bool,
    /// Where it comes from.
    pub origin: Origin,
}

impl Blueprint {
    /// Whether nothing is designed: then there is nothing but what is as found, and SQL as written.
    #[must_use]
    pub const fn is_bare(&self) -> bool {
        self.database.tables.is_empty()
    }
}

/// What a dialect made of a blueprint.
#[derive(Debug, Clone)]
pub struct Realised {
    /// What shall exist, triggers and functions included.
    pub database: Database,
    /// What this database cannot give.
    pub lost: Vec<Lost>,
}

/// A guarantee that a database cannot give.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Lost {
    /// Which guarantee, as a stable word: `row-level-security`, `roles`, `column-grants`, `partitions`, …
    pub guarantee: &'static str,
    /// The object that would have had it.
    pub object: String,
    /// What that means, and what stands in for it.
    pub reason: String,
    /// Where the object comes from.
    #[serde(skip)]
    pub origin: Origin,
}
