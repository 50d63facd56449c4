//! What each database can hold, how it spells it, and how its catalog reads back.
//!
//! One folder per product with the same file names in each, and one line in [`ALL`].

pub mod mariadb;
pub mod postgres;
pub mod sql;
pub mod sqlite;
mod words;

use plan::Relational;

/// Every relational product, in the order in which they are offered.
pub static ALL: &[&Relational] = &[&postgres::POSTGRES, &sqlite::SQLITE];

/// The product with this name, as configuration and the command line spell it.
#[must_use]
pub fn by_name(name: &str) -> Option<&'static Relational> {
    ALL.iter().find(|dialect| dialect.name == name).copied()
}
