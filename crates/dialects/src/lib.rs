//! What each database can hold, how it spells it, and how its catalog reads back.
//!
//! One folder per product with the same file names in each, and one line in [`ALL`].

mod clock;
mod losses;
pub mod mariadb;
pub mod postgres;
mod select;
mod source;
pub mod sql;
pub mod sqlite;
mod substitute;
mod words;

use plan::Relational;

/// Every relational product, in the order in which they are offered.
pub static ALL: &[&Relational] = &[&postgres::POSTGRES, &sqlite::SQLITE, &mariadb::MARIADB];

/// The product with this name, as configuration and the command line spell it.
#[must_use]
pub fn by_name(name: &str) -> Option<&'static Relational> {
    ALL.iter().find(|dialect| dialect.name == name).copied()
}
