//! Findings on the way from a model to databases, and about states.

use diagnostics::{Rule, Severity};

/// A database cannot give a guarantee.
pub static GUARANTEE_LOST: Rule = Rule {
    code: "DBL001",
    name: "guarantee-lost",
    severity: Severity::Note,
    summary: "a database that the project names cannot give a guarantee of the schema",
};
/// Nothing is emitted for a database yet.
pub static NOT_YET: Rule = Rule {
    code: "DBL002",
    name: "database-not-yet-emitted",
    severity: Severity::Warning,
    summary: "nothing is emitted yet for a database that the project names",
};
/// A schema cannot be planned.
pub static NO_PLAN: Rule = Rule {
    code: "DBL003",
    name: "no-plan",
    severity: Severity::Error,
    summary: "no order was found in which the schema can be made",
};
/// Nothing is emitted for a framework yet.
pub static MODELS_NOT_YET: Rule = Rule {
    code: "DBL004",
    name: "models-not-yet-emitted",
    severity: Severity::Warning,
    summary: "nothing is emitted yet for a framework that the project names",
};

/// There is nothing at a place that was named as a state.
pub static NO_SUCH_STATE: Rule = Rule {
    code: "STA001",
    name: "no-such-state",
    severity: Severity::Error,
    summary: "nothing is there that was named as a state",
};
/// What is there holds no schema.
pub static NO_SCHEMA_THERE: Rule = Rule {
    code: "STA002",
    name: "no-schema-there",
    severity: Severity::Error,
    summary: "what was named as a state holds no schema",
};
/// The address of a database cannot be used.
pub static BAD_ADDRESS: Rule = Rule {
    code: "STA003",
    name: "bad-address",
    severity: Severity::Error,
    summary: "the address of a database cannot be read or is not safe to use",
};
/// Nothing says which database the states are for.
pub static UNKNOWN_DIALECT: Rule = Rule {
    code: "STA004",
    name: "unknown-database",
    severity: Severity::Error,
    summary: "nothing says which database product the states are for",
};
/// The states are of different products.
pub static DIFFERENT_DATABASES: Rule = Rule {
    code: "STA005",
    name: "different-databases",
    severity: Severity::Error,
    summary: "the states are of different database products",
};
/// A script cannot be read.
pub static SCRIPT_UNREAD: Rule = Rule {
    code: "STA006",
    name: "unread-script",
    severity: Severity::Error,
    summary: "a script of SQL cannot be split into statements or read",
};
/// A statement of a script fails.
pub static STATEMENT_FAILED: Rule = Rule {
    code: "STA007",
    name: "statement-failed",
    severity: Severity::Error,
    summary: "a statement of a script fails on an empty database",
};
/// A database cannot be reached.
pub static UNREACHABLE: Rule = Rule {
    code: "STA008",
    name: "unreachable-database",
    severity: Severity::Error,
    summary: "a database cannot be reached, or turns us away",
};
/// A server is too old.
pub static TOO_OLD: Rule = Rule {
    code: "STA009",
    name: "server-too-old",
    severity: Severity::Error,
    summary: "a server is older than the oldest version that is supported",
};
/// A catalog cannot be read.
pub static CATALOG_UNREAD: Rule = Rule {
    code: "STA010",
    name: "unread-catalog",
    severity: Severity::Error,
    summary: "the catalog of a database cannot be read",
};
/// There is no temporary database.
pub static NO_TEMPORARY: Rule = Rule {
    code: "STA011",
    name: "no-temporary-database",
    severity: Severity::Error,
    summary: "there is no temporary database to run scripts on",
};
/// There is no plan between two states.
pub static NO_WAY: Rule = Rule {
    code: "STA012",
    name: "no-way-between",
    severity: Severity::Error,
    summary: "no plan leads from one state to the other",
};
/// A state speaks of roles that nothing makes.
pub static ROLES_TAKEN: Rule = Rule {
    code: "STA013",
    name: "roles-taken-for-granted",
    severity: Severity::Note,
    summary: "a state speaks of roles that no step makes",
};
/// A comment about a rename stands where nothing is renamed.
pub static MISPLACED_WAS: Rule = Rule {
    code: "STA014",
    name: "misplaced-was",
    severity: Severity::Error,
    summary: "`-- was:` stands where there is no table or column",
};
/// What goes and what comes look alike.
pub static MAYBE_RENAMED: Rule = Rule {
    code: "STA015",
    name: "maybe-renamed",
    severity: Severity::Warning,
    summary: "something goes and something like it comes, and nothing says that it is a rename",
};
/// The revisions of a project do not follow one another.
pub static REVISIONS_DISAGREE: Rule = Rule {
    code: "STA016",
    name: "revisions-disagree",
    severity: Severity::Warning,
    summary: "revisions for Alembic do not follow one another, or it is not known where they lead",
};
/// No revision leads to the schema as it is.
pub static NO_REVISION: Rule = Rule {
    code: "STA017",
    name: "no-revision",
    severity: Severity::Warning,
    summary: "the schema has changed since the last revision for Alembic",
};

/// A state cannot be turned into text.
pub static NO_IMPORT: Rule = Rule {
    code: "STA018",
    name: "no-import",
    severity: Severity::Error,
    summary: "a state holds what cannot be said in `.arch`, not even as SQL",
};

/// All of them.
pub const ALL: &[&Rule] = &[
    &GUARANTEE_LOST,
    &NOT_YET,
    &NO_PLAN,
    &MODELS_NOT_YET,
    &NO_SUCH_STATE,
    &NO_SCHEMA_THERE,
    &BAD_ADDRESS,
    &UNKNOWN_DIALECT,
    &DIFFERENT_DATABASES,
    &SCRIPT_UNREAD,
    &STATEMENT_FAILED,
    &UNREACHABLE,
    &TOO_OLD,
    &CATALOG_UNREAD,
    &NO_TEMPORARY,
    &NO_WAY,
    &ROLES_TAKEN,
    &MISPLACED_WAS,
    &MAYBE_RENAMED,
    &REVISIONS_DISAGREE,
    &NO_REVISION,
    &NO_IMPORT,
];
