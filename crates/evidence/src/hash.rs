//! The hash over what was claimed and found: never over times, counts, server versions or wording of counterexamples, which
//! differ between two runs that found the same.

use sha2::{Digest, Sha256};

use crate::{GateResult, SCHEMA, Subject};

/// Every text is preceded by its length, so that no two documents run together to the same bytes.
struct Writer(Sha256);

impl Writer {
    fn text(&mut self, text: &str) {
        self.number(text.len());
        self.0.update(text.as_bytes());
    }

    fn number(&mut self, number: usize) {
        self.0.update((number as u64).to_be_bytes());
    }
}

pub(crate) fn of(subject: &Subject, gates: &[GateResult]) -> String {
    let mut writer = Writer(Sha256::new());
    writer.text(SCHEMA);
    writer.text(&subject.project);
    writer.text(&subject.model);
    writer.number(subject.databases.len());
    for database in &subject.databases {
        writer.text(&database.dialect);
        writer.text(&database.schema_hash);
    }
    writer.number(gates.len());
    for gate in gates {
        writer.text(&gate.id);
        writer.text(&gate.dialect);
        writer.text(gate.verdict.as_str());
        writer.text(&gate.claim);
        writer.number(gate.claims.len());
        for claim in &gate.claims {
            writer.text(&claim.id);
            writer.text(claim.object.as_deref().unwrap_or_default());
            writer.text(&claim.claim);
            writer.text(claim.verdict.as_str());
        }
    }
    writer
        .0
        .finalize()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}
