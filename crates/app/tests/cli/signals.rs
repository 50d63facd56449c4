//! A proof that is ended from outside leaves nothing running and nothing lying about.

use std::path::Path;
use std::process::Child;

use crate::support::{Project, Ran, signal, until};

/// The temporary server of a proof, once it runs.
fn postmaster(tmp: &Path) -> Option<u32> {
    let folders = std::fs::read_dir(tmp).ok()?.flatten();
    let mut files = folders.map(|entry| entry.path().join("data/postmaster.pid"));
    files.find_map(|file| std::fs::read_to_string(file).ok()?.lines().next()?.parse().ok())
}

/// The processes whose command line names a folder.
fn processes_in(folder: &Path) -> Vec<String> {
    let name = folder.display().to_string();
    let entries = std::fs::read_dir("/proc").unwrap().flatten();
    entries
        .filter_map(|entry| std::fs::read_to_string(entry.path().join("cmdline")).ok())
        .filter(|line| line.contains(&name))
        .collect()
}

fn proving(project: &Project) -> Child {
    let mut child = project.command(&["prove", "--on", "postgres"]).spawn().unwrap();
    until("the server runs", || {
        postmaster(&project.tmp()).is_some() || child.try_wait().unwrap().is_some()
    });
    assert!(child.try_wait().unwrap().is_none(), "the proof ended by itself");
    child
}

fn nothing_is_left(project: &Project) {
    until("the folders are gone", || {
        std::fs::read_dir(project.tmp()).unwrap().count() == 0
    });
    until("nothing runs", || processes_in(&project.tmp()).is_empty());
    assert!(
        !project.at(".architrave").exists(),
        "no evidence of a proof that was not finished"
    );
}

#[test]
fn interrupted_and_terminated_proofs_end_with_130_and_leave_nothing() {
    for name in ["INT", "TERM"] {
        let project = Project::example("tracker");
        let child = proving(&project);
        signal(child.id(), name);
        let ran = Ran::of(child.wait_with_output().unwrap());
        assert_eq!(ran.code, Some(130), "{name}: {ran:?}");
        nothing_is_left(&project);
    }
}

#[test]
fn a_killed_proof_is_cleaned_up_behind() {
    let project = Project::example("tracker");
    let mut child = proving(&project);
    child.kill().unwrap();
    child.wait().unwrap();
    nothing_is_left(&project);
}

#[test]
fn a_server_that_dies_costs_its_gate_and_no_panic() {
    let project = Project::example("shop");
    let mut child = project
        .command(&[
            "prove",
            "--on",
            "postgres",
            "--gate",
            "relations",
            "--gate",
            "constraints",
        ])
        .spawn()
        .unwrap();
    // Every server that is started anew dies, too.
    until("the proof ends", || {
        if let Some(id) = postmaster(&project.tmp()) {
            signal(id, "KILL");
        }
        child.try_wait().unwrap().is_some()
    });
    let ran = Ran::of(child.wait_with_output().unwrap()).ends(3).says("not run");
    assert!(
        ran.out.contains("relations on postgres: "),
        "each with its reason: {}",
        ran.out
    );
    until("the folders are gone", || {
        std::fs::read_dir(project.tmp()).unwrap().count() == 0
    });
}
