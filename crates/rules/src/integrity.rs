//! What lets the data contradict itself.

pub(crate) mod constant_check;
pub(crate) mod default_out_of_bounds;
pub(crate) mod float_money;
pub(crate) mod hard_cascade_into_soft;
pub(crate) mod optional_in_unique;
pub(crate) mod order_by_enum;
pub(crate) mod reference_as_value;
pub(crate) mod state_as_text;
pub(crate) mod time_as_text;
pub(crate) mod too_many_fields;
pub(crate) mod tree_without_on_delete;
pub(crate) mod unreachable_state;
pub(crate) mod unversioned_money;
