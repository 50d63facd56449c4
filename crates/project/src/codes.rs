//! Findings about the project folder.

use diagnostics::{Rule, Severity};

/// A file of the project cannot be read.
pub static UNREADABLE: Rule = Rule {
    code: "PRJ001",
    name: "unreadable-file",
    severity: Severity::Error,
    summary: "a file or folder of the project cannot be read",
};
/// A file is not text.
pub static NOT_UTF8: Rule = Rule {
    code: "PRJ002",
    name: "not-utf-8",
    severity: Severity::Error,
    summary: "a source file is not UTF-8 text",
};
/// There is nothing to read.
pub static NO_SOURCES: Rule = Rule {
    code: "PRJ003",
    name: "no-sources",
    severity: Severity::Error,
    summary: "the project has no `.arch` file",
};
/// `architrave.toml` cannot be understood.
pub static BAD_CONFIG: Rule = Rule {
    code: "PRJ004",
    name: "bad-configuration",
    severity: Severity::Error,
    summary: "`architrave.toml` cannot be understood",
};
/// A file is too large to be a schema.
pub static TOO_LARGE: Rule = Rule {
    code: "PRJ005",
    name: "file-too-large",
    severity: Severity::Error,
    summary: "a source file is larger than 64 MiB",
};
/// A path leads out of the project.
pub static OUTSIDE: Rule = Rule {
    code: "PRJ006",
    name: "outside-the-project",
    severity: Severity::Error,
    summary: "a path of the project leads out of its folder",
};
/// A package of models would have a name that Python cannot import.
pub static BAD_PACKAGE_NAME: Rule = Rule {
    code: "PRJ007",
    name: "bad-package-name",
    severity: Severity::Error,
    summary: "a package would have a name that Python cannot import, or that hides what the models import",
};
/// Two things would lie in one place.
pub static IN_THE_WAY: Rule = Rule {
    code: "PRJ008",
    name: "packages-in-each-others-way",
    severity: Severity::Error,
    summary: "the settings under `[models]` put two things into one place, or apart what belongs together",
};

/// All of them.
pub const ALL: &[&Rule] = &[
    &UNREADABLE,
    &NOT_UTF8,
    &NO_SOURCES,
    &BAD_CONFIG,
    &TOO_LARGE,
    &OUTSIDE,
    &BAD_PACKAGE_NAME,
    &IN_THE_WAY,
];
