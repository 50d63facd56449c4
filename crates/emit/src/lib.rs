//! Plan to SQL files, model and blueprint to packages of models; pure and deterministic.
//!
//! Nothing here knows a clock, a random number or a database: the same input gives the same bytes.

pub mod alembic;
mod placement;
mod sql;
pub mod sqlalchemy;
pub mod way;

pub use placement::Placement;
pub use sql::{scripts, sql};

/// What stands at the head of emitted files.
#[derive(Debug, Clone)]
pub struct Heading {
    /// The project's name.
    pub project: String,
    /// The database, for people: `PostgreSQL`.
    pub dialect: String,
    /// The oldest version that is supported.
    pub floor: String,
    /// Which generator, with its version: `architrave 0.1.0`.
    pub generator: String,
    /// The hash of the schema.
    pub hash: String,
    /// Statements that a file begins with.
    pub opening: &'static [&'static str],
    /// What ends a statement that holds semicolons, where the database's client does not see it.
    pub delimiter: Option<&'static str>,
    /// What an administrator should know, a line each.
    pub administrator: &'static [&'static str],
}

impl Heading {
    /// The heading of files for a product.
    #[must_use]
    pub fn of(dialect: &plan::Relational, project: &str, generator: String, hash: &str) -> Self {
        Self {
            project: project.to_owned(),
            dialect: dialect.title.to_owned(),
            floor: dialect.floor.to_owned(),
            generator,
            hash: hash.to_owned(),
            opening: dialect.opening,
            delimiter: dialect.delimiter,
            administrator: dialect.administrator,
        }
    }
}

/// A file to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// Relative to the output folder, with `/` between parts.
    pub path: String,
    /// What is in it.
    pub text: String,
}
