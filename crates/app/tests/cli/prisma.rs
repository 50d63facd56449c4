//! Prisma schemas as states: what is imported of those under `fixtures/prisma`, and the folders and files that are taken for one.
//!
//! `UPDATE_FIXTURES=1` writes the `.arch` beside each schema anew.

use std::path::PathBuf;

use crate::import::{there_and_back, written};
use crate::support::{Project, root};

/// Every schema: its path, and the product that it is for.
fn schemas() -> Vec<(PathBuf, &'static str)> {
    let entries = std::fs::read_dir(root().join("fixtures/prisma")).unwrap();
    let paths = entries.map(|entry| entry.unwrap().path());
    let is_schema = |path: &PathBuf| {
        path.extension().is_some_and(|extension| extension == "prisma") || path.ends_with("several")
    };
    let mut paths: Vec<PathBuf> = paths.filter(is_schema).collect();
    paths.sort();
    assert!(paths.len() > 7, "{paths:?}");
    let product = |path: &PathBuf| {
        let name = path.file_name().unwrap().to_string_lossy();
        if name.contains("sqlite") {
            "sqlite"
        } else {
            "postgres"
        }
    };
    paths
        .into_iter()
        .map(|path| {
            let product = product(&path);
            (path, product)
        })
        .collect()
}

#[test]
fn schemas_come_back() {
    let mut wrong = Vec::new();
    for (path, product) in schemas() {
        let project = there_and_back(path.to_str().unwrap(), product);
        let got = written(&project, "schema");
        let golden = path.with_extension("arch");
        if std::env::var_os("UPDATE_FIXTURES").is_some() {
            std::fs::write(&golden, &got).unwrap();
        } else if std::fs::read_to_string(&golden).unwrap_or_default() != got {
            wrong.push(golden);
        }
    }
    assert!(wrong.is_empty(), "UPDATE_FIXTURES=1 writes them anew: {wrong:?}");
}

#[test]
fn the_product_is_that_of_the_provider() {
    let sqlite = root().join("fixtures/prisma/types-sqlite.prisma");
    let sqlite = sqlite.to_str().unwrap();
    let project = Project::new(&[]);
    project.run(&["import", sqlite]).ends(0).says("database  sqlite");
    project
        .run(&["import", sqlite, "--on", "postgres"])
        .ends(2)
        .says("STA005");
}

#[test]
fn what_a_schema_documents_is_told_above_what_it_is_about() {
    let schema = "datasource db {\n  provider = \"sqlite\"\n}\n\n/// Pages.\nmodel Page {\n  id Int @id /// Counts.\n}\n";
    let project = Project::new(&[]);
    project.write("prisma/schema.prisma", schema);
    let ran = project
        .run(&["import", "prisma/schema.prisma", "--format", "json"])
        .ends(0);
    assert!(
        ran.out.contains("/// Pages.") && ran.out.contains("/// Counts."),
        "{}",
        ran.out
    );
    project.run(&["import", "prisma", "--out", "schema"]).ends(0);
    project
        .run(&["diff", "--from", "prisma", "--to", ".", "--check"])
        .ends(0);
}

#[test]
fn a_migration_leads_to_a_schema_of_prisma() {
    let schema = "datasource db {\n  provider = \"sqlite\"\n}\n\nmodel Page {\n  id Int @id\n}\n";
    let project = Project::new(&[]);
    project.write("prisma/schema.prisma", schema);
    let new = [
        "migrate",
        "new",
        "pages",
        "--to",
        "prisma/schema.prisma",
        "--on",
        "sqlite",
    ];
    project.run(&new).ends(0);
    let goal = [
        "diff",
        "--from",
        "prisma/schema.prisma",
        "--to",
        "migrations",
        "--on",
        "sqlite",
        "--check",
    ];
    project.run(&goal).ends(0);
}

#[test]
fn hostile_schemas_are_told_so() {
    let project = Project::new(&[]);
    let head = "datasource db {\n  provider = \"sqlite\"\n}\n";
    let texts = [
        "x".repeat(1 << 20),
        format!("{head}model A {{\n  id Int @id @map(\"a\0b\")\n}}\n"),
        format!(
            "{head}model A {{\n  id Int @id @default({}\n}}\n",
            "[".repeat(100_000)
        ),
        format!("{head}{}", "model A {\n}\n".repeat(10_000)),
    ];
    for text in texts {
        project.write("schema.prisma", text);
        project.run(&["import", "schema.prisma"]).ends(1);
        project.run(&["diff", "--to", "schema.prisma"]).ends(1);
    }
}
