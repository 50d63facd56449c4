//! What a database cannot give: one entry per guarantee and reason, naming every object.

use std::collections::BTreeSet;

use physical::{Lost, Origin};

/// Guarantees that are lost, gathered.
#[derive(Debug, Default)]
pub(crate) struct Losses {
    list: Vec<(&'static str, String, BTreeSet<String>, Origin)>,
}

impl Losses {
    /// Adds an object to a guarantee that is lost.
    pub(crate) fn add(&mut self, guarantee: &'static str, object: String, reason: &str, origin: Origin) {
        let known = self
            .list
            .iter_mut()
            .find(|(known, why, ..)| *known == guarantee && why == reason);
        match known {
            Some((_, _, objects, _)) => {
                objects.insert(object);
            }
            None => self
                .list
                .push((guarantee, reason.to_owned(), BTreeSet::from([object]), origin)),
        }
    }

    /// One entry per guarantee and reason.
    pub(crate) fn into_list(self) -> Vec<Lost> {
        let entries = self.list.into_iter().map(|(guarantee, reason, objects, origin)| {
            let object = objects.into_iter().collect::<Vec<_>>().join(", ");
            Lost {
                guarantee,
                object,
                reason,
                origin,
            }
        });
        entries.collect()
    }
}
