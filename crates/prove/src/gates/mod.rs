//! One folder per gate, and the list.

mod apply;
mod audit;
mod constraints;
mod enumeration;
mod isolation;
mod models;
mod relations;
mod rollback;
mod secure_fields;

use crate::gate::Gate;

/// Every gate, in the order in which they are run: what the later ones take for granted is proven first.
pub static GATES: &[&Gate] = &[
    &apply::GATE,
    &secure_fields::GATE,
    &constraints::GATE,
    &relations::GATE,
    &rollback::GATE,
    &isolation::GATE,
    &audit::GATE,
    &enumeration::GATE,
    &models::GATE,
];
