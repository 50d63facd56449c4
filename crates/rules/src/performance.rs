//! What will be slow once there are many rows.

pub(crate) mod expect_without_volume;
pub(crate) mod flag_index;
pub(crate) mod huge_page;
pub(crate) mod inline_access;
pub(crate) mod many_indexes;
pub(crate) mod redundant_index;
pub(crate) mod search_without_anchor;
pub(crate) mod unbounded_query;
