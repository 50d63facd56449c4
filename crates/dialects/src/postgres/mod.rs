//! PostgreSQL 15 and later.

pub mod canonical;
pub mod expression;
pub mod ident;
pub mod realise;
pub mod steps;
pub mod types;

pub use canonical::canonical;
