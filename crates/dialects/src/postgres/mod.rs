//! PostgreSQL 15 and later.

pub mod canonical;
pub mod catalog;
pub mod expression;
pub mod ident;
pub mod realise;
pub mod steps;
pub mod types;

use plan::Relational;

/// PostgreSQL.
pub static POSTGRES: Relational = Relational {
    name: "postgres",
    title: "PostgreSQL",
    floor: "15",
    identifier_limit: 63,
    folds_case: false,
    keys_in_tables: false,
    ident: ident::ident,
    literal: ident::literal,
    type_name: types::type_name,
    expression: expression::expression,
    computed: |expr, _| expression::expression(expr),
    default: |value, _| expression::default_value(value),
    index_key: steps::index_key,
    reserved: ident::reserved,
    realise: realise::realise,
    enter: realise::enter,
    leave: |_| Vec::new(),
    scripts: |_| Vec::new(),
    undo_prelude: &[],
    steps: steps::steps,
    keep: steps::keep,
    beside: steps::beside,
    frame: steps::frame,
    catalog: catalog::catalog,
    read_catalog: catalog::read_catalog,
    canonical: canonical::canonical,
};
