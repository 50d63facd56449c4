//! Prints figures, next to what they are promised to be.
//!
//!     cargo run --release -p architrave-bench            # all of them
//!     cargo run --release -p architrave-bench -- check   # one group
//!
//! `ARCHITRAVE_ROWS` makes the largest table of `backfill`, and those of `retrofit` and `retype`, as large.
//!
//! `imports` and `finders` run the programs in `crates/bench/python`.
//!
//! Every figure is the median of several runs on a warm machine; peaks of memory are those of a fresh process. Ratios are
//! taken within one run. Nothing here is a test: a noisy machine makes figures worse, not failures.
#![allow(
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a program that prints figures"
)]

mod difference;
mod machine;
mod migrations;
mod prisma;
mod python;
mod retype;
mod sample;
mod schema;
mod server;
mod stats;
mod trail;
mod whole;

use std::env;
use std::process::ExitCode;

type Failure = Box<dyn std::error::Error>;

/// A group of figures: its name, and what prints them.
type Group = (&'static str, fn() -> Result<(), Failure>);

const GROUPS: &[Group] = &[
    ("check", schema::check),
    ("build", schema::build),
    ("server", server::start),
    ("introspect", server::introspect),
    ("diff", difference::difference),
    ("prisma", prisma::import),
    ("backfill", migrations::backfill),
    ("retrofit", migrations::retrofit),
    ("retype", retype::retype),
    ("trail", trail::price),
    ("prove", whole::prove),
    ("imports", python::imports),
    ("finders", python::finders),
];

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    if let [word, entities] = arguments.as_slice()
        && word == "peak-of-check"
    {
        schema::check_once(entities.parse().unwrap_or(0));
        return ExitCode::SUCCESS;
    }
    for (name, group) in GROUPS {
        if !arguments.is_empty() && !arguments.iter().any(|wanted| wanted == name) {
            continue;
        }
        println!("{name}");
        if let Err(error) = group() {
            println!("  failed: {error}");
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}
