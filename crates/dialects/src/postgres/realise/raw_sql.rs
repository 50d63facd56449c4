//! SQL that the user wrote: run as it stands, after everything else.

use physical::{Name, Opaque};

use super::realiser::Realiser;

pub(super) fn realise(r: &mut Realiser<'_>) {
    let written = r.blueprint.raw.iter().filter(|raw| raw.dialect == "postgres");
    for (position, raw) in written.enumerate() {
        r.database.opaque.push(Opaque {
            kind: "user sql".to_owned(),
            name: Name::bare(format!("sql_{}", position + 1)),
            definition: raw.up.clone(),
            undo: raw.undo.clone(),
            depends_on: Vec::new(),
            origin: raw.origin,
        });
    }
}
