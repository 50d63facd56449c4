//! Where schemas come from.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use serde_json::Value as Json;

/// A schema as SQL.
pub(crate) struct Input {
    /// What it is called in reports.
    pub(crate) name: String,
    /// Whom it comes from.
    pub(crate) source: String,
    /// What builds it.
    pub(crate) sql: String,
    /// Whether it is a script for the server's client, in which a statement may fail.
    pub(crate) script: bool,
}

/// Every `.sql` file of a folder.
pub(crate) fn files(folder: &Path, source: &str) -> Vec<Input> {
    let paths = entries(folder).into_iter().filter(|path| is_sql(path));
    paths
        .map(|path| Input {
            name: path.file_name().unwrap().to_string_lossy().into_owned(),
            source: source.to_owned(),
            sql: std::fs::read_to_string(&path).unwrap(),
            script: false,
        })
        .collect()
}

/// The pairs and the schemas of a corpus.
pub(crate) fn corpus(folder: &Path) -> Vec<Input> {
    let mut out = pairs(&folder.join("pairs/postgres.jsonl"));
    for path in entries(&folder.join("sql")) {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if ["mysql", "sqlite"].iter().any(|other| name.contains(other)) {
            continue;
        }
        let texts = scripts(&path).into_iter();
        let texts = texts.map(|file| std::fs::read_to_string(file).unwrap());
        out.push(Input {
            name: name.clone(),
            source: name,
            sql: texts.collect::<Vec<_>>().join("\n;\n"),
            script: true,
        });
    }
    out
}

fn pairs(path: &Path) -> Vec<Input> {
    let mut seen = HashSet::new();
    let mut out = Vec::new();
    for line in std::fs::read_to_string(path).unwrap_or_default().lines() {
        let pair: Json = serde_json::from_str(line).unwrap();
        for side in ["before", "after"] {
            let sql = pair[side].as_str().unwrap_or_default().to_owned();
            if seen.insert(sql.clone()) {
                out.push(Input {
                    name: format!("{} {side}", pair["id"].as_str().unwrap_or_default()),
                    source: pair["source"].as_str().unwrap_or_default().to_owned(),
                    sql,
                    script: false,
                });
            }
        }
    }
    out
}

fn is_sql(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "sql")
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return Vec::new();
    };
    let mut out: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    out.sort();
    out
}

/// A file, or a folder of migrations in the order of their names.
fn scripts(path: &Path) -> Vec<PathBuf> {
    if path.is_file() {
        return vec![path.to_owned()];
    }
    let all = entries(path).into_iter().flat_map(|path| scripts(&path));
    all.filter(|path| is_sql(path) && !path.ends_with("down.sql"))
        .collect()
}
