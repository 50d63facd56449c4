//! The MariaDB dialect on a real MariaDB: what it builds holds, and what breaks a rule is refused.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "helpers of tests fail as loudly as the tests, and read the environment they run in"
)]

mod behaviours;
#[path = "../shared/cases.rs"]
mod cases;
mod conformance;
#[path = "../sqlite_dialect/shop.rs"]
mod shop;
mod support;
