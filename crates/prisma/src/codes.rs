//! Findings about Prisma schemas.

use diagnostics::{Rule, Severity};

/// The text is not of the language.
pub static UNREAD: Rule = Rule {
    code: "PSM001",
    name: "unread-prisma",
    severity: Severity::Error,
    summary: "a Prisma schema holds what is not of its language",
};
/// Nothing says which database the schema is for.
pub static NO_DATASOURCE: Rule = Rule {
    code: "PSM002",
    name: "no-datasource",
    severity: Severity::Error,
    summary: "a Prisma schema does not say for which database it is",
};
/// The database is one that cannot be made yet.
pub static NOT_YET: Rule = Rule {
    code: "PSM003",
    name: "provider-not-yet",
    severity: Severity::Error,
    summary: "a Prisma schema is for a database whose schemas are not read yet",
};
/// A name that nothing has.
pub static NO_SUCH_NAME: Rule = Rule {
    code: "PSM004",
    name: "no-such-name-in-prisma",
    severity: Severity::Error,
    summary: "a Prisma schema names what is not there",
};
/// A name that something else has already.
pub static TAKEN: Rule = Rule {
    code: "PSM005",
    name: "name-taken-in-prisma",
    severity: Severity::Error,
    summary: "two things of a Prisma schema have the same name",
};
/// An attribute, argument or setting that is not known.
pub static UNKNOWN: Rule = Rule {
    code: "PSM006",
    name: "unknown-prisma-attribute",
    severity: Severity::Error,
    summary: "an attribute, argument or setting of a Prisma schema is not known, or not of its database",
};
/// The value of an argument does not fit.
pub static BAD_VALUE: Rule = Rule {
    code: "PSM007",
    name: "bad-prisma-value",
    severity: Severity::Error,
    summary: "a value in a Prisma schema is missing, or is none that can stand there",
};
/// A type that its database does not have.
pub static BAD_TYPE: Rule = Rule {
    code: "PSM008",
    name: "bad-prisma-type",
    severity: Severity::Error,
    summary: "a field of a Prisma schema has a type that its database does not have",
};
/// A relation that says too little or too much.
pub static BAD_RELATION: Rule = Rule {
    code: "PSM009",
    name: "bad-prisma-relation",
    severity: Severity::Error,
    summary: "a relation of a Prisma schema has no other side, or does not say which columns hold it",
};
/// Something that Prisma Migrate does not make.
pub static NOT_MADE: Rule = Rule {
    code: "PSM010",
    name: "not-made-by-prisma",
    severity: Severity::Note,
    summary: "a Prisma schema speaks of what Prisma Migrate makes in no database",
};
/// A model without a key.
pub static NO_KEY: Rule = Rule {
    code: "PSM011",
    name: "prisma-model-without-key",
    severity: Severity::Error,
    summary: "a model of a Prisma schema has nothing that tells its rows apart",
};
/// A relation that only one side speaks of.
pub static LONELY: Rule = Rule {
    code: "PSM012",
    name: "one-sided-prisma-relation",
    severity: Severity::Warning,
    summary: "a relation of a Prisma schema is spoken of by one of its models only, which Prisma refuses",
};
/// An extension that nothing makes.
pub static EXTENSION: Rule = Rule {
    code: "PSM013",
    name: "extension-taken-for-granted",
    severity: Severity::Note,
    summary: "a Prisma schema needs an extension that it does not name",
};

/// All of them.
pub const ALL: &[&Rule] = &[
    &UNREAD,
    &NO_DATASOURCE,
    &NOT_YET,
    &NO_SUCH_NAME,
    &TAKEN,
    &UNKNOWN,
    &BAD_VALUE,
    &BAD_TYPE,
    &BAD_RELATION,
    &NOT_MADE,
    &NO_KEY,
    &LONELY,
    &EXTENSION,
];
