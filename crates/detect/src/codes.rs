//! Findings about starting a project.

use diagnostics::{Rule, Severity};

/// There is a project already.
pub static ALREADY_THERE: Rule = Rule {
    code: "INI001",
    name: "project-already-there",
    severity: Severity::Error,
    summary: "a file that `init` would write is there already",
};
/// Only the user can choose.
pub static SEVERAL: Rule = Rule {
    code: "INI002",
    name: "several-candidates",
    severity: Severity::Error,
    summary: "the files of the application say several things, and only one can be meant",
};
/// A manifest cannot be understood.
pub static BROKEN: Rule = Rule {
    code: "INI003",
    name: "broken-manifest",
    severity: Severity::Error,
    summary: "a file that says what the application uses cannot be understood",
};
/// A file was not looked at.
pub static NOT_READ: Rule = Rule {
    code: "INI004",
    name: "file-not-read",
    severity: Severity::Warning,
    summary: "a file of the application was left unread",
};

/// All of them.
pub const ALL: &[&Rule] = &[&ALREADY_THERE, &SEVERAL, &BROKEN, &NOT_READ];
