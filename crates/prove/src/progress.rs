//! What a proof tells while it runs.

use evidence::GateResult;

use crate::gate::Gate;

/// Whoever watches a proof. The terminal implements it; a machine may not care.
pub trait Progress {
    /// A gate begins on a kind of database.
    fn started(&mut self, gate: &Gate, dialect: &str);
    /// A gate has come so far.
    fn step(&mut self, done: usize, of: usize, what: &str);
    /// A gate is over.
    fn finished(&mut self, result: &GateResult);
}

/// Nobody watches.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

impl Progress for Silent {
    fn started(&mut self, _gate: &Gate, _dialect: &str) {}
    fn step(&mut self, _done: usize, _of: usize, _what: &str) {}
    fn finished(&mut self, _result: &GateResult) {}
}
