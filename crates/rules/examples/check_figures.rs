//! Prints how long `check` takes: parsing, resolving and linting of generated projects. Run with `--release`.

#![allow(clippy::print_stdout, reason = "printing figures is what this is for")]

use std::time::Instant;

use diagnostics::FileId;

/// Entities as applications have them: references, an enum, checks, indexes and two queries each.
fn project(entities: usize) -> String {
    use std::fmt::Write as _;
    let mut text = "project figures { database postgres }\nentity User owns self { email Email  anonymise 30 days after deleted }\n".to_owned();
    for n in 0..entities {
        let parent = n / 2;
        let above = if n < 2 {
            String::new()
        } else {
            format!("  above     Thing{parent}?  @on_delete(set_null)\n")
        };
        let _ = write!(
            text,
            "/// The thing of number {n}.\nenum State{n} {{ open -> running -> closed  open -> closed }}\n\
             entity Thing{n} {{\n  user      User @owner @on_delete(cascade)\n{above}  name      String(80)  @min(2)\n  state     State{n} = open\n  \
             price     Money  @range(0..)\n  quantity  Int = 1  @range(1..1000)\n  total     Money  @computed(price * quantity)\n  \
             placed_at Instant?\n  notes     Text?\n  check (price >= 0 and quantity > 0)\n  unique (user, name)\n  index (state, placed_at desc)\n  \
             query of_user {{ where user = $user and state = $state  order placed_at desc  limit 50  expect 200/s within 20ms }}\n  \
             query search {{ where name starts with $prefix and price between $low and $high  limit 20 }}\n  volume 1M grows 10K/day\n}}\n"
        );
    }
    text
}

/// The best of five runs, in milliseconds: parse, resolve, lint.
fn measure(text: &str) -> ([f64; 3], usize) {
    let mut best = [f64::MAX; 3];
    let mut found = 0;
    for _ in 0..5 {
        let start = Instant::now();
        let parse = syntax::parse(FileId::default(), text);
        let parsed = start.elapsed();
        let (model, diagnostics) = model::resolve(&[(FileId::default(), &parse)]);
        let resolved = start.elapsed();
        let lints = rules::check(&model);
        let linted = start.elapsed();
        found = diagnostics.len() + lints.len() + parse.diagnostics.len();
        let all = [parsed, resolved - parsed, linted - resolved];
        for (best, now) in best.iter_mut().zip(all) {
            *best = best.min(now.as_secs_f64() * 1_000.0);
        }
    }
    (best, found)
}

fn main() {
    println!(
        "{:>9} {:>9} {:>9} {:>9} {:>9} {:>9}",
        "entities", "KB", "parse", "resolve", "lint", "all (ms)"
    );
    for entities in [100, 1_000, 10_000] {
        let text = project(entities);
        let ([parse, resolve, lint], found) = measure(&text);
        let size = text.len() / 1024;
        let all = parse + resolve + lint;
        println!(
            "{entities:>9} {size:>9} {parse:>9.1} {resolve:>9.1} {lint:>9.1} {all:>9.1}   {found} findings"
        );
    }
}
