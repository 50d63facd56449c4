//! The edges between crates are those that ARCHITECTURE.md draws, and no others.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "tests may fail loudly"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use serde_json::Value;

/// What each crate may depend on within the workspace. `bench` prints figures and may use what it measures.
const ALLOWED: &[(&str, &[&str])] = &[
    ("diagnostics", &[]),
    ("crypto", &[]),
    ("evidence", &[]),
    ("syntax", &["diagnostics"]),
    ("model", &["diagnostics", "syntax"]),
    ("rules", &["diagnostics", "model"]),
    ("physical", &["diagnostics", "model"]),
    ("plan", &["physical"]),
    ("dialects", &["physical", "plan"]),
    ("design", &["diagnostics", "model", "physical"]),
    ("migrate", &["physical", "plan"]),
    ("prisma", &["diagnostics", "physical", "plan"]),
    ("import", &["migrate", "model", "physical", "plan"]),
    ("emit", &["diagnostics", "model", "physical", "plan"]),
    ("project", &["diagnostics"]),
    ("detect", &["diagnostics", "project"]),
    ("engine", &["physical", "plan"]),
    ("journal", &["project"]),
    ("runner", &["engine", "journal", "physical", "plan", "project"]),
    (
        "prove",
        &[
            "crypto", "engine", "evidence", "journal", "model", "physical", "plan", "project", "runner",
        ],
    ),
    (
        "state",
        &[
            "design",
            "diagnostics",
            "dialects",
            "emit",
            "engine",
            "import",
            "migrate",
            "model",
            "physical",
            "plan",
            "prisma",
            "project",
            "rules",
            "syntax",
        ],
    ),
];

/// Crates that talk to a database, and who may use them.
const CLIENTS: &[&str] = &[
    "tokio-postgres",
    "rusqlite",
    "postgres",
    "mysql",
    "mysql_async",
    "mongodb",
    "sqlx",
];

fn packages() -> Vec<Value> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--no-deps", "--offline"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    metadata["packages"].as_array().unwrap().clone()
}

fn short(name: &str) -> &str {
    name.strip_prefix("architrave-").unwrap_or(name)
}

/// Ordinary dependencies of each package; those of tests and build scripts are not edges of the program.
fn edges() -> BTreeMap<String, BTreeSet<String>> {
    let mut edges = BTreeMap::new();
    for package in packages() {
        let ordinary = package["dependencies"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|dependency| dependency["kind"].is_null());
        let names = ordinary
            .map(|dependency| short(dependency["name"].as_str().unwrap()).to_owned())
            .collect();
        edges.insert(short(package["name"].as_str().unwrap()).to_owned(), names);
    }
    edges
}

#[test]
fn every_edge_is_on_the_map() {
    let edges = edges();
    let ours: BTreeSet<&str> = edges.keys().map(String::as_str).collect();
    let mapped: BTreeSet<&str> = ALLOWED
        .iter()
        .map(|(name, _)| *name)
        .chain(["architrave", "bench"])
        .collect();
    assert_eq!(
        ours, mapped,
        "a crate is missing from the map, or the map from the crates"
    );
    for (name, allowed) in ALLOWED {
        let found: BTreeSet<&str> = edges[*name]
            .iter()
            .map(String::as_str)
            .filter(|name| ours.contains(name))
            .collect();
        let extra: Vec<_> = found
            .difference(&allowed.iter().copied().collect())
            .copied()
            .collect();
        assert!(
            extra.is_empty(),
            "`{name}` must not know {extra:?}; see ARCHITECTURE.md"
        );
    }
}

#[test]
fn only_the_engine_depends_on_a_database_client() {
    for (name, dependencies) in edges() {
        let clients: Vec<_> = dependencies
            .iter()
            .filter(|dependency| CLIENTS.contains(&dependency.as_str()))
            .collect();
        assert!(
            name == "engine" || clients.is_empty(),
            "`{name}` depends on {clients:?}"
        );
    }
}

#[test]
fn the_map_names_every_crate() {
    let map = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../ARCHITECTURE.md")).unwrap();
    for (name, _) in ALLOWED {
        assert!(
            map.contains(&format!("| `{name}` |")),
            "ARCHITECTURE.md has no row for `{name}`"
        );
    }
}

#[test]
fn every_crate_keeps_the_lints_of_the_workspace() {
    for package in packages() {
        let manifest = std::fs::read_to_string(package["manifest_path"].as_str().unwrap()).unwrap();
        assert!(
            manifest.contains("[lints]\nworkspace = true"),
            "{}",
            package["name"]
        );
    }
}
