//! The SQLite dialect on a real SQLite: what it builds holds, what breaks a rule is refused, and what is read back is the same.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests fail as loudly as the tests"
)]

mod behaviours;
#[path = "../shared/cases.rs"]
mod cases;
mod catalog;
mod conformance;
mod expressions;
mod scripts;
mod shop;
mod storage;
mod support;
