//! Findings on the way from a model to databases.

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

/// All of them.
pub const ALL: &[&Rule] = &[&GUARANTEE_LOST, &NOT_YET, &NO_PLAN, &MODELS_NOT_YET];
