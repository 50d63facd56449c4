//! Schemas that nobody here designed: each is built, read, built again elsewhere from what was read, and both are the same by
//! the server's own dump and by the catalog.
//!
//! `fixtures/found/postgres/*.sql` always run. Where `ARCHITRAVE_CORPUS` names a folder, its `pairs/postgres.jsonl` (schemas
//! under `before` and `after`) and the schemas of `sql/` run too; `ARCHITRAVE_FOUND_ONLY` picks those whose name holds a text.

#![allow(clippy::disallowed_methods, reason = "tests read the environment they run in")]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stderr,
    reason = "tests fail loudly, and say what they skip"
)]

mod inputs;
mod journey;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use inputs::Input;
use journey::{Journey, Outcome};

/// What became of all inputs: by source, how many passed, failed and were not for this server; why they failed; why they were
/// not for it.
type Told = (BTreeMap<String, [usize; 3]>, Vec<String>, Vec<String>);

fn run(inputs: &[Input], threads: usize) -> Told {
    let next = AtomicUsize::new(0);
    let told = Mutex::new(Told::default());
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                // Roles belong to the cluster, so each thread has one of its own.
                let mut journey = Journey::new();
                while let Some(input) = inputs.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let outcome = journey.take(input);
                    let mut told = told.lock().unwrap();
                    let counts = told.0.entry(input.source.clone()).or_default();
                    match outcome {
                        Outcome::Same => counts[0] += 1,
                        Outcome::Differs(why) => {
                            counts[1] += 1;
                            told.1.push(format!("{}: {why}", input.name));
                        }
                        Outcome::NotForThisServer(why) => {
                            counts[2] += 1;
                            told.2.push(format!("{}: {why}", input.name));
                        }
                    }
                }
            });
        }
    });
    told.into_inner().unwrap()
}

fn report(inputs: &[Input]) -> (Vec<String>, Vec<String>) {
    let (counts, failures, skipped) = run(inputs, 2);
    for failure in &failures {
        eprintln!("{failure}\n");
    }
    for (source, [passed, failed, skipped]) in counts {
        eprintln!("{source}: {passed} passed, {failed} failed, {skipped} not for this server");
    }
    (failures, skipped)
}

#[test]
fn what_is_found_can_be_built_again() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/found/postgres");
    let inputs = inputs::files(&folder, "fixtures");
    assert!(!inputs.is_empty());
    let (failures, skipped) = report(&inputs);
    assert!(failures.is_empty(), "{} of {} fail", failures.len(), inputs.len());
    assert!(skipped.is_empty(), "{skipped:#?}");
}

#[test]
fn what_others_made_can_be_built_again() {
    let Some(folder) = std::env::var_os("ARCHITRAVE_CORPUS") else {
        eprintln!("skipped: ARCHITRAVE_CORPUS names no folder");
        return;
    };
    let only = std::env::var("ARCHITRAVE_FOUND_ONLY").unwrap_or_default();
    let mut inputs = inputs::corpus(Path::new(&folder));
    inputs.retain(|input| input.name.contains(&only));
    let (_, skipped) = report(&inputs);
    for why in skipped {
        eprintln!("not for this server: {why}");
    }
}
