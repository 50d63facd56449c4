//! The PostgreSQL dialect against a real server.

#![allow(clippy::disallowed_methods, reason = "tests read the environment they run in")]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stderr,
    reason = "tests fail loudly, and say what they skip"
)]

#[path = "../shared/cases.rs"]
mod cases;
mod conformance;
mod corpus;
mod files;
mod pace;
mod round_trip;
mod sample;
mod spelling;
mod support;
