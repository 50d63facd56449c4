//! The program from outside: a folder goes in; an exit code, text and files come out.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "tests may fail loudly, and read the environment that they run in"
)]

mod application;
mod build;
mod changes;
mod check;
mod diff;
mod explain;
mod form;
mod help;
mod import;
mod init;
mod input;
mod migrate;
mod names;
mod prisma;
mod prove;
mod revisions;
mod signals;
mod support;
mod trail;
