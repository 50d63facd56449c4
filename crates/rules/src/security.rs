//! What lets others in, or gives secrets away.

pub(crate) mod indexed_secret;
pub(crate) mod natural_key_of_owned;
pub(crate) mod plain_text_secret;
pub(crate) mod public_personal_data;
pub(crate) mod public_without_writer;
pub(crate) mod role_without_rights;
pub(crate) mod soft_deleted_token;
pub(crate) mod time_ordered_personal_id;
pub(crate) mod token_without_expiry;
pub(crate) mod unaudited_personal_data;
pub(crate) mod unconditional_write;
