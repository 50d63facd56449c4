//! Behaviours and services as triggers, functions, policies and grants of PostgreSQL.

use physical::{Blueprint, Realised};
use plan::ContextValues;

/// Makes triggers and functions of behaviours and services.
#[must_use]
pub fn realise(blueprint: &Blueprint) -> Realised {
    Realised {
        database: blueprint.database.clone(),
        lost: Vec::new(),
    }
}

/// Statements that put the running transaction into a context.
#[must_use]
pub fn enter(_blueprint: &Blueprint, _values: &ContextValues) -> Vec<String> {
    Vec::new()
}
