//! MariaDB, 10.11 and newer.

mod canonical;
mod catalog;
mod expression;
pub mod ident;
mod pattern;
mod realise;
mod steps;
mod types;

pub use catalog::{queries as catalog, read as read_catalog};
pub use expression::render;
pub use types::COLLATION;

use plan::Relational;

/// What every session says first. A routine keeps what its maker's session said; and with another `sql_mode` the server takes values that
/// do not fit, and changes them.
pub const SESSION: &[&str] = &[
    "SET NAMES utf8mb4 COLLATE utf8mb4_nopad_bin",
    "SET SESSION sql_mode = 'STRICT_ALL_TABLES,STRICT_TRANS_TABLES,NO_ZERO_IN_DATE,NO_ZERO_DATE,\
ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION', SESSION time_zone = '+00:00', SESSION autocommit = 1, \
SESSION foreign_key_checks = 1, SESSION unique_checks = 1, SESSION check_constraint_checks = 1",
];

/// MariaDB.
pub static MARIADB: Relational = Relational {
    name: "mariadb",
    title: "MariaDB",
    floor: "10.11",
    identifier_limit: 64,
    folds_case: false,
    keys_in_tables: false,
    opening: SESSION,
    delimiter: Some("//"),
    administrator: &[
        "Roles. An administrator runs this once per database, before schema.sql.",
        "Roles belong to the whole server: those that are there already are left as they are. Whoever runs it needs CREATE USER.",
    ],
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
    leave: realise::leave,
    scripts: |_| Vec::new(),
    undo_prelude: &[],
    steps: steps::steps,
    keep: |_| None,
    beside: |_| Ok(Vec::new()),
    frame: |steps, _| steps,
    catalog: catalog::queries,
    read_catalog: catalog::read,
    canonical: canonical::canonical,
};
