//! PostgreSQL 15 and later.

pub mod ident;
pub mod realise;
pub mod types;
