//! Figures without a database: check and build.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use project::{Generated, Memory};

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

/// Build of 1,000 entities, text to text: the SQL alone, and with the models and their migrations.
pub(crate) fn build() -> Result<(), Failure> {
    for (entities, promise) in [(1_000, "≤ 150 ms"), (2_000, "linear"), (4_000, "linear")] {
        let (took, _) = built(sample::project(entities));
        line(
            &format!("SQL of {entities} entities, both databases"),
            &ms(took),
            promise,
        );
    }
    for (entities, promise) in [(1_000, "≤ 300 ms"), (2_000, "linear"), (4_000, "linear")] {
        let (took, files) = built(sample::with_models(entities));
        line(
            &format!("the same with models, {entities} entities"),
            &ms(took),
            promise,
        );
        if entities == 1_000 {
            parts(&files);
        }
    }
    written()
}

/// How long a build takes, and what it makes.
fn built(text: String) -> (Duration, Vec<Generated>) {
    let system = Memory::with([("/p/all.arch", text)]);
    let build = || {
        let checked = state::check(&system, Path::new("/p"));
        let built = state::build(&checked);
        state::emit(&checked, &built, "0")
    };
    (median(5, build), build())
}

/// How much of what there is.
fn parts(files: &[Generated]) {
    let kinds: BTreeSet<&str> = files.iter().map(|file| file.generator.as_str()).collect();
    for kind in kinds {
        let sizes = files
            .iter()
            .filter(|file| file.generator == kind)
            .map(|file| file.text.len());
        let bytes: usize = sizes.clone().sum();
        line(
            &format!("  of it {kind}"),
            &format!("{:.1} MB", bytes as f64 / 1e6),
            &format!("{} files", sizes.count()),
        );
    }
}

/// The command, with the folder written anew, and once more with nothing to change.
fn written() -> Result<(), Failure> {
    let program = std::env::current_exe()?.with_file_name("architrave");
    if !program.is_file() {
        line(
            "with the files written",
            "",
            "`architrave` is missing: cargo build --release",
        );
        return Ok(());
    }
    let folder = tempfile::tempdir()?;
    std::fs::write(folder.path().join("all.arch"), sample::with_models(1_000))?;
    let run = || Command::new(&program).arg("build").arg(folder.path()).output();
    let anew = median(5, || {
        let _ = std::fs::remove_dir_all(folder.path().join("build"));
        run()
    });
    line("the command, all files written", &ms(anew), "");
    line("the command again, nothing to change", &ms(median(5, run)), "");
    Ok(())
}
