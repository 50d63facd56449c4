//! A plan as people and databases read it.

mod script;
mod text;

pub use script::{migration, script};
pub use text::text;

use plan::{Direction, Leg, Note};

/// A plan in one direction, with what is said about it.
#[derive(Debug, Clone, Copy)]
pub struct Journey<'a> {
    /// The dialect's name: `postgres`.
    pub dialect: &'a str,
    /// The product: `PostgreSQL`.
    pub title: &'a str,
    /// Which way.
    pub direction: Direction,
    /// What the schema is called that it starts from.
    pub from: &'a str,
    /// What the schema is called that it leads to.
    pub to: &'a str,
    /// Statements that begin each transaction.
    pub prelude: &'a [&'static str],
    /// The steps.
    pub legs: &'a [Leg<'a>],
    /// What a reader should know besides.
    pub notes: &'a [Note],
}

/// `3 steps`, `1 step`.
fn counted(count: usize, one: &str) -> String {
    if count == 1 {
        format!("1 {one}")
    } else {
        format!("{count} {one}s")
    }
}
