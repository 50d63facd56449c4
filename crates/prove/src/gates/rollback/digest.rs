//! What the loaded tables hold, as one line per row.

use engine::Connection;
use physical::Value;
use sha2::{Digest, Sha256};

use crate::data::Maker;
use crate::gate::Stop;

/// A digest of every row that the generator wrote: of the columns that it wrote, since stamps follow the clock.
pub(super) fn rows(maker: &Maker<'_>, connection: &mut Connection) -> Result<Vec<String>, Stop> {
    let speller = maker.speller();
    let mut lines = Vec::new();
    for name in maker.tables() {
        let Some(plan) = maker.plan(name) else { continue };
        let columns: Vec<String> = plan
            .columns
            .iter()
            .map(|column| speller.ident(&column.name))
            .collect();
        let found = connection.query(
            &format!("SELECT {} FROM {}", columns.join(", "), speller.name(name)),
            &[],
        )?;
        let mut digests: Vec<String> = found
            .rows
            .iter()
            .map(|row| format!("row {name} {}", digest(row)))
            .collect();
        digests.sort();
        lines.extend(digests);
    }
    Ok(lines)
}

fn digest(row: &[Value]) -> String {
    let mut hash = Sha256::new();
    for value in row {
        let text = format!("{value:?}");
        hash.update((text.len() as u64).to_be_bytes());
        hash.update(text.as_bytes());
    }
    hash.finalize()
        .iter()
        .take(16)
        .map(|byte| format!("{byte:02x}"))
        .collect()
}
