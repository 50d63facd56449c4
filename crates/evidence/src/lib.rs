//! The published shape of what a proof found: `architrave.evidence/1`.
//!
//! Types only, and what follows from them alone: how verdicts add up, which exit code they mean, and the hash that binds an
//! approval to what was claimed and found. The shape is versioned: `docs/schemas/evidence-1.schema.json` is its JSON Schema,
//! and a test validates real output against it.

mod counterexample;
mod document;
mod hash;
mod verdict;

pub use counterexample::{Actor, Counterexample};
pub use document::{
    Aggregate, Claim, Database, Evidence, Fact, Finding, GateResult, GateVerdict, Number, Proof, Subject,
};
pub use verdict::Verdict;

/// The name and version of the shape, as it stands in every document.
pub const SCHEMA: &str = "architrave.evidence/1";

/// The JSON Schema of the shape.
pub const JSON_SCHEMA: &str = include_str!("../../../docs/schemas/evidence-1.schema.json");
