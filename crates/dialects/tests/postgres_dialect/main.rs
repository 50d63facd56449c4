//! The PostgreSQL dialect against a real server.

#![allow(clippy::disallowed_methods, reason = "tests read the environment they run in")]

mod conformance;
mod corpus;
mod files;
mod round_trip;
mod sample;
mod spelling;
mod support;
