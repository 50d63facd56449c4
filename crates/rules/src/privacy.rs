//! What happens to data about people.

pub(crate) mod anonymise_nothing;
pub(crate) mod guessable_blind_index;
pub(crate) mod immutable_ciphertext;
pub(crate) mod impossible_purge;
pub(crate) mod ordered_ciphertext;
pub(crate) mod personal_copy;
pub(crate) mod personal_data_for_ever;
pub(crate) mod special_category_in_plain;
pub(crate) mod unclassified_personal_data;
pub(crate) mod unsearchable_ciphertext;
