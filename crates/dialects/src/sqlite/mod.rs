//! SQLite, 3.40 and newer.

mod canonical;
mod catalog;
mod expression;
pub mod ident;
mod kind;
mod literals;
mod pattern;
mod realise;
mod scripts;
mod steps;
mod temporal;
mod types;

pub use expression::render;
pub use scripts::{leave, scripts};

use plan::Relational;

/// What every connection to a database of ours must say first, outside of a transaction.
pub const CONNECTION: &[&str] = &[
    "PRAGMA foreign_keys = ON",
    "PRAGMA recursive_triggers = ON",
    "PRAGMA busy_timeout = 5000",
];

/// SQLite.
pub static SQLITE: Relational = Relational {
    name: "sqlite",
    title: "SQLite",
    floor: "3.40",
    // SQLite has no limit of its own; the tightest of the others keeps schemas portable.
    identifier_limit: 63,
    folds_case: true,
    keys_in_tables: true,
    opening: &[],
    delimiter: None,
    administrator: &[],
    ident: ident::quote,
    literal: ident::literal,
    type_name: types::type_name,
    expression: expression::render,
    computed: |expr, ty| expression::Renderer::default().render_as(expr, ty),
    default: steps::default_text,
    index_key: steps::index_key,
    reserved: ident::reserved,
    realise: realise::realise,
    enter: realise::enter,
    leave: scripts::leave,
    scripts: scripts::scripts,
    // A table that refers to itself, or to one that goes before it, is emptied row by row.
    undo_prelude: &["PRAGMA defer_foreign_keys = ON"],
    steps: steps::steps,
    keep: steps::keep,
    // A change of a table is one transaction, and nobody else writes to the file meanwhile.
    beside: |_| Ok(Vec::new()),
    frame: steps::frame,
    catalog: catalog::queries,
    read_catalog: catalog::read,
    canonical: canonical::canonical,
};
