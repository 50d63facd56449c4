//! Figures without a database: check and build.

use std::path::Path;
use std::process::Command;

use project::Memory;

use crate::stats::{line, median, ms, peak};
use crate::{Failure, sample};

/// Check of 1,000 and 10,000 entities.
pub(crate) fn check() -> Result<(), Failure> {
    for (entities, promise) in [(1_000, "≤ 50 ms"), (10_000, "≤ 350 ms"), (20_000, "linear")] {
        let system = Memory::with([("/p/all.arch", sample::project(entities))]);
        let took = median(5, || state::check(&system, Path::new("/p")));
        line(&format!("check of {entities} entities"), &ms(took), promise);
    }
    for (entities, promise) in [(1_000, "≤ 40 MB"), (10_000, "")] {
        let answer = Command::new(std::env::current_exe()?)
            .args(["peak-of-check", &entities.to_string()])
            .output()?;
        line(
            &format!("peak memory of it, {entities} entities"),
            String::from_utf8(answer.stdout)?.trim(),
            promise,
        );
    }
    Ok(())
}

/// One check, in a process of its own; prints the peak.
pub(crate) fn check_once(entities: usize) {
    let system = Memory::with([("/p/all.arch", sample::project(entities))]);
    let checked = state::check(&system, Path::new("/p"));
    println!("{:.0} MB", peak().unwrap_or_default());
    drop(checked);
}

/// Build of 1,000 entities to SQL, text to text.
pub(crate) fn build() -> Result<(), Failure> {
    for (entities, promise) in [(1_000, "≤ 150 ms"), (4_000, "linear")] {
        let system = Memory::with([("/p/all.arch", sample::project(entities))]);
        let took = median(5, || {
            let checked = state::check(&system, Path::new("/p"));
            let built = state::build(&checked);
            state::emit(&checked, &built, "0")
        });
        line(
            &format!("build of {entities} entities, both databases"),
            &ms(took),
            promise,
        );
    }
    Ok(())
}
