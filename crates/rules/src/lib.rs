//! Lints on a resolved model: one file for each, listed once.
//!
//! A lint says what is legal and still wrong, or wrong in a way that needs the whole model to see. It never looks at the text. What
//! could not be resolved is [`model::Type::Unknown`] and gives no finding here, since it has given one already.

mod integrity;
mod naming;
mod performance;
mod privacy;
mod security;
mod support;

use diagnostics::{Diagnostics, Rule};
use model::Model;

/// A rule and the function that looks for it.
pub struct Lint {
    /// What it is called, and how much it matters.
    pub rule: &'static Rule,
    /// Adds a finding for each place where the bad pattern stands.
    pub check: fn(&Model, &mut Diagnostics),
}

/// Every lint, in the order of the folders and codes.
pub const ALL: &[&Lint] = &[
    &security::time_ordered_personal_id::LINT,
    &security::public_personal_data::LINT,
    &security::token_without_expiry::LINT,
    &security::natural_key_of_owned::LINT,
    &security::plain_text_secret::LINT,
    &security::soft_deleted_token::LINT,
    &security::unconditional_write::LINT,
    &security::public_without_writer::LINT,
    &security::unaudited_personal_data::LINT,
    &security::role_without_rights::LINT,
    &security::indexed_secret::LINT,
    &privacy::unclassified_personal_data::LINT,
    &privacy::special_category_in_plain::LINT,
    &privacy::ordered_ciphertext::LINT,
    &privacy::unsearchable_ciphertext::LINT,
    &privacy::personal_data_for_ever::LINT,
    &privacy::anonymise_nothing::LINT,
    &privacy::guessable_blind_index::LINT,
    &privacy::immutable_ciphertext::LINT,
    &privacy::impossible_purge::LINT,
    &privacy::personal_copy::LINT,
    &integrity::float_money::LINT,
    &integrity::default_out_of_bounds::LINT,
    &integrity::unreachable_state::LINT,
    &integrity::optional_in_unique::LINT,
    &integrity::hard_cascade_into_soft::LINT,
    &integrity::tree_without_on_delete::LINT,
    &integrity::unversioned_money::LINT,
    &integrity::time_as_text::LINT,
    &integrity::state_as_text::LINT,
    &integrity::order_by_enum::LINT,
    &integrity::constant_check::LINT,
    &integrity::reference_as_value::LINT,
    &integrity::too_many_fields::LINT,
    &performance::redundant_index::LINT,
    &performance::unbounded_query::LINT,
    &performance::expect_without_volume::LINT,
    &performance::search_without_anchor::LINT,
    &performance::inline_access::LINT,
    &performance::flag_index::LINT,
    &performance::many_indexes::LINT,
    &performance::huge_page::LINT,
    &naming::lying_flag::LINT,
    &naming::plural_entity::LINT,
    &naming::id_suffix::LINT,
    &naming::camel_case_column::LINT,
    &naming::sql_keyword::LINT,
];

/// Runs every lint.
#[must_use]
pub fn check(model: &Model) -> Diagnostics {
    let mut found = Diagnostics::default();
    for lint in ALL {
        (lint.check)(model, &mut found);
    }
    found
}
