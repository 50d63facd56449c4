//! The catalog of a real MariaDB, read back.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::disallowed_methods,
    reason = "tests fail loudly"
)]

mod columns;
mod keys;
mod names;
mod others;
mod rights;
mod shapes;
mod support;
