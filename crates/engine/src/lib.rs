//! The only crate that talks to databases.
