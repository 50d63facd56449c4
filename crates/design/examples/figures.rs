//! Prints how long it takes to design projects of 1,000 and 10,000 entities. Never a test: machines differ.
//!
//! `cargo run --release -p architrave-design --example figures`
#![allow(
    clippy::print_stdout,
    clippy::expect_used,
    reason = "an example that prints figures"
)]

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use diagnostics::FileId;

/// Entities that refer to each other, with states, queries and links.
fn project(entities: usize) -> String {
    let mut text = String::from(
        "project big { database postgres }\nenum State { open -> done }\nentity User owns self { email Email @unique(global) because \"one\" }\n",
    );
    for at in 0..entities {
        let parent = if at % 10 == 0 {
            String::new()
        } else {
            format!("  parent E{} @on_delete(cascade)\n", at - at % 10)
        };
        let owner = if at % 10 == 0 { "  user User @owner\n" } else { "" };
        let _ = writeln!(
            text,
            "entity E{at} {{\n{owner}{parent}  name String(80) @min(2)\n  state State = open\n  total Money = 0\n  note Text? @pii\n  at Instant?\n  \
             unique (name)\n  check (total >= 0)\n  query recent {{ where state = $state order at desc limit 20 }}\n}}"
        );
    }
    text
}

fn best<T>(mut run: impl FnMut() -> T) -> Duration {
    let times = (0..7).map(|_| {
        let start = Instant::now();
        let made = run();
        let time = start.elapsed();
        drop(made);
        time
    });
    times.min().expect("seven runs")
}

fn main() {
    for entities in [1_000, 2_000, 10_000] {
        let text = project(entities);
        let parse = syntax::parse(FileId(0), &text);
        let (model, _) = model::resolve(&[(FileId(0), &parse)]);
        let time = best(|| design::design(&model));
        let designed = design::design(&model);
        println!(
            "{entities:>6} entities: {time:>9.1?}, {} decisions, {} tables",
            designed.decisions.len(),
            designed.blueprint.database.tables.len()
        );
    }
}
