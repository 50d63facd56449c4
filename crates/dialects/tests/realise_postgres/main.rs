//! Behaviours and services on a real PostgreSQL, tried by people who log in: never by a superuser, who would get past
//! everything that is tested here.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests"
)]

mod chain;
mod context;
mod cost;
mod life;
mod retention;
mod shop;
mod stamps;
mod support;
mod trail;
