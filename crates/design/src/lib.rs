//! Model to physical: one file per decision, each with its reason.
//!
//! [`design`] is pure and deterministic, knows no dialect, and never fails: a model with errors designs as far as it was
//! understood. What it decides stands in [`Designed::decisions`], so that `architrave explain Order.public_id` can answer.

pub mod codes;
mod decision;
mod decisions;
mod draft;
mod explain;
mod facts;
mod lower;
mod names;

pub use decision::{Alternative, Attacker, Decision};
pub use decisions::{Kind, kinds};
pub use explain::{explain, suggest};

use diagnostics::Diagnostics;
use model::Model;
use physical::Blueprint;

/// What the design of a model came to.
#[derive(Debug)]
pub struct Designed {
    /// What shall exist, and how it shall behave.
    pub blueprint: Blueprint,
    /// Why, in the order of deciding.
    pub decisions: Vec<Decision>,
    /// What cannot be as it is written.
    pub diagnostics: Diagnostics,
}

/// Designs a schema for a model.
#[must_use]
pub fn design(model: &Model) -> Designed {
    let mut draft = draft::Draft::new(model);
    let bare = draft.is_bare();
    for kind in kinds().iter().filter(|kind| !bare || kind.speaks_of_found()) {
        kind.apply(&mut draft);
    }
    draft.finish()
}
