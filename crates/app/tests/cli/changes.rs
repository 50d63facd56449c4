//! `prove --from`: changes of the examples hold, on rows and both ways; migrations that somebody wrote badly are refuted.

use std::fs;
use std::path::{Path, PathBuf};

use crate::support::{Project, Ran, root};

fn fixtures() -> PathBuf {
    root().join("fixtures/changes")
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    found.sort();
    found
}

fn name(path: &Path) -> &str {
    path.file_stem().unwrap().to_str().unwrap()
}

/// Puts the edits of a change into a project.
fn edit(project: &Project, change: &Path) {
    let edits = fs::read_to_string(change).unwrap();
    for block in edits.trim_end().split("\n\n") {
        let lines = |sign: &str| -> String {
            let found = block.lines().filter_map(|line| line.strip_prefix(sign));
            found.collect::<Vec<_>>().join("\n")
        };
        let (old, new) = (lines("- "), lines("+ "));
        let files = entries(&project.at("schema"));
        let file = files
            .iter()
            .find(|file| fs::read_to_string(file).unwrap().contains(&old));
        let file = file.unwrap_or_else(|| panic!("{}: no file has `{old}`", change.display()));
        fs::write(file, fs::read_to_string(file).unwrap().replace(&old, &new)).unwrap();
    }
}

/// Proves a project, which stands in the folder of another as it was before.
fn prove(before: &Project, after: &Project, more: &[&str]) -> Ran {
    let from = before.path();
    let arguments = ["prove", "--from", from.to_str().unwrap()];
    after.run(&[&arguments, more].concat())
}

fn every_change_of(example: &str) {
    let changes = entries(&fixtures().join(example));
    assert!(changes.len() >= 3, "{changes:?}");
    for change in changes {
        let (before, after) = (Project::example(example), Project::example(example));
        edit(&after, &change);
        let gates = ["--gate", "apply", "--gate", "rollback", "--format", "json"];
        let ran = prove(&before, &after, &gates);
        let document = ran.json();
        assert_eq!(
            document["aggregate"]["verdict"],
            "proved",
            "{}: {document:#}",
            change.display()
        );
        // Each was tried, on each database.
        for gate in document["gates"].as_array().unwrap() {
            let claims = gate["claims"].as_array().unwrap();
            let of_change = |claim: &&serde_json::Value| claim["id"].as_str().unwrap().starts_with("earlier");
            let tried = claims.iter().filter(of_change).count();
            let wanted = if gate["id"] == "apply" { 1 } else { 4 };
            assert_eq!(tried, wanted, "{}: {gate:#}", change.display());
        }
        ran.ends(0);
    }
}

#[test]
fn changes_of_the_shop() {
    every_change_of("shop");
}

#[test]
fn changes_of_accounts() {
    every_change_of("auth");
}

#[test]
fn changes_of_the_tracker() {
    every_change_of("tracker");
}

fn lab() -> Project {
    let text = fs::read_to_string(fixtures().join("refuted/lab.arch")).unwrap();
    Project::new(&[("schema/lab.arch", &text)])
}

#[test]
fn migrations_that_somebody_wrote_badly_are_refuted() {
    let (before, after) = (lab(), lab());
    for product in ["postgres", "sqlite"] {
        for case in entries(&fixtures().join("refuted").join(product)) {
            let (gate, _) = name(&case).split_once('-').unwrap();
            let by = case.join("0001_change");
            let expected = fs::read_to_string(case.join("expect")).unwrap();
            prove(
                &before,
                &after,
                &["--on", product, "--gate", gate, "--by", by.to_str().unwrap()],
            )
            .ends(1)
            .says(expected.trim_end());
        }
    }
}

#[test]
fn what_is_the_same_needs_no_migration() {
    let (before, after) = (lab(), lab());
    prove(&before, &after, &["--on", "sqlite", "--gate", "apply"])
        .ends(0)
        .says("nothing leads from")
        .says("since they are the same");
}

#[test]
fn a_migration_without_a_way_back_is_told() {
    let (before, after) = (lab(), lab());
    before.write("0001_change/up.sql", "CREATE TABLE extra (id int);\n");
    let by = before.at("0001_change");
    let more = [
        "--on",
        "sqlite",
        "--gate",
        "rollback",
        "--by",
        by.to_str().unwrap(),
    ];
    prove(&before, &after, &more)
        .ends(3)
        .says("0001_change has no `down.sql`");
}

#[test]
fn what_cannot_be_meant_is_refused() {
    let (before, after) = (lab(), lab());
    let nowhere = before.at("nowhere");
    after
        .run(&["prove", "--from", nowhere.to_str().unwrap(), "--gate", "apply"])
        .ends(1);
    prove(&before, &after, &["--by", nowhere.to_str().unwrap()])
        .ends(1)
        .says("not named as a migration");
    before.write("0001_change/up.sql", "SELECT 1;\n");
    let by = before.at("0001_change");
    prove(&before, &after, &["--by", by.to_str().unwrap()])
        .ends(2)
        .says("for which database 0001_change is")
        .says("--on");
    before.write("schema/lab.arch", "entity {");
    prove(&before, &after, &["--on", "sqlite"]).ends(1);
}

#[test]
fn a_change_is_cut_off_before_every_statement() {
    let (before, after) = (Project::example("auth"), Project::example("auth"));
    edit(&after, &fixtures().join("auth/names-go.txt"));
    prove(&before, &after, &["--gate", "rollback", "--thorough"]).ends(0);
}
