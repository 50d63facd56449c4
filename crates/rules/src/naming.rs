//! Names that mislead, or that make SQL by hand a nuisance.

pub(crate) mod camel_case_column;
pub(crate) mod id_suffix;
pub(crate) mod lying_flag;
pub(crate) mod plural_entity;
pub(crate) mod sql_keyword;
