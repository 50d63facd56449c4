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
    opening: &[],
    delimiter: None,
    administrator: &[
        "Roles, schemas and extensions. An administrator runs this once per database, before schema.sql.",
        "Roles belong to the whole cluster: those that are there already are left as they are. A schema that is there already is",
        "an error: somebody else may have put it there.",
        "Whoever runs it is a superuser; or owns the database, has CREATEROLE, and is a member of each role made here. For the latter,",
        "on PostgreSQL 15 add GRANT <role> TO CURRENT_USER; behind each role, from 16 on SET createrole_self_grant = 'set, inherit'; first.",
    ],
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
