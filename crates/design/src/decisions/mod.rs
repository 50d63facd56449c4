//! The decisions, one per file, and the one list that names them, in the order in which they are applied.

mod access;
mod actors;
mod as_found;
mod audit;
mod authorship;
mod checks;
mod columns;
mod comments;
mod computed;
mod context;
mod copies;
mod defaults;
mod enums;
mod erasure;
mod events;
mod grants;
mod identity;
mod immutable;
mod indexes;
mod links;
mod living;
mod lookups;
mod masking;
mod naming;
mod normal_forms;
mod ownership;
mod partitions;
mod passwords;
mod privacy;
mod public_id;
mod raw_sql;
mod relations;
mod retention;
mod rights;
mod row_security;
mod soft_delete;
mod status;
mod tenant;
mod timestamps;
mod tokens;
mod trees;
mod types;
mod uniqueness;
mod versioning;

use crate::draft::Draft;
use crate::{Alternative, Attacker};

/// One kind of decision: static metadata and one function.
pub struct Kind {
    /// The name of its file, in kebab case where it has several words.
    pub id: &'static str,
    /// What it decides, as a title.
    pub title: &'static str,
    /// Why the default is the default.
    pub reason: &'static str,
    /// What else there is.
    pub alternatives: &'static [Alternative],
    /// Against whom it stands.
    pub attacker: Option<Attacker>,
    apply: fn(&mut Draft<'_>),
}

impl std::fmt::Debug for Kind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Kind({})", self.id)
    }
}

impl Kind {
    /// Decides for the whole schema.
    pub(crate) fn apply(&self, draft: &mut Draft<'_>) {
        (self.apply)(draft);
    }

    /// Whether there is something to decide where nothing is designed.
    pub(crate) fn speaks_of_found(&self) -> bool {
        let these = [enums::KIND.id, as_found::KIND.id, raw_sql::KIND.id];
        these.contains(&self.id)
    }
}

/// All kinds of decisions, in the order in which they are applied.
#[must_use]
pub fn kinds() -> &'static [&'static Kind] {
    KINDS
}

/// Columns first, then keys and references, then what needs them.
static KINDS: &[&Kind] = &[
    &naming::KIND,
    &context::KIND,
    &identity::KIND,
    &public_id::KIND,
    &enums::KIND,
    &types::KIND,
    &defaults::KIND,
    &privacy::KIND,
    &computed::KIND,
    &ownership::KIND,
    &tenant::KIND,
    &copies::KIND,
    &actors::KIND,
    &status::KIND,
    &timestamps::KIND,
    &authorship::KIND,
    &versioning::KIND,
    &soft_delete::KIND,
    &partitions::KIND,
    &links::KIND,
    &relations::KIND,
    &trees::KIND,
    &living::KIND,
    &uniqueness::KIND,
    &tokens::KIND,
    &passwords::KIND,
    &normal_forms::KIND,
    &immutable::KIND,
    &checks::KIND,
    &access::KIND,
    &events::KIND,
    &audit::KIND,
    &indexes::KIND,
    &retention::KIND,
    &erasure::KIND,
    &lookups::KIND,
    &as_found::KIND,
    &raw_sql::KIND,
    &masking::KIND,
    &row_security::KIND,
    &rights::KIND,
    &grants::KIND,
    &columns::KIND,
    &comments::KIND,
];
