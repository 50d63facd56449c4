//! What a project says about itself in words: in capitals at its root (`AGENTS.md`), in `tech_stack.md`, and under `project-context/`.
//!
//! Words count least: they are heard where no file that runs says anything.

use super::Ecosystem;
use crate::clue::{Framework, Product, Said, Weight};
use crate::look::Look;

pub(super) const ECOSYSTEM: Ecosystem = Ecosystem {
    name: "descriptions",
    look,
};

/// Files in capitals that are about something else.
const OTHERS: &[&str] = &[
    "AUTHORS",
    "CHANGELOG",
    "CODE_OF_CONDUCT",
    "CONTRIBUTING",
    "HISTORY",
    "LICENSE",
    "NOTICE",
    "README",
    "SECURITY",
];

/// Whether a file describes how the application is made.
fn describes(path: &str) -> bool {
    let Some(stem) = path.strip_suffix(".md") else {
        return false;
    };
    let (folder, name) = stem.rsplit_once('/').unwrap_or(("", stem));
    let in_capitals = !name.contains(|c: char| c.is_ascii_lowercase()) && !OTHERS.contains(&name);
    let stack = name.to_ascii_lowercase().replace('-', "_");
    folder.is_empty() && in_capitals || folder.ends_with("project-context") || stack == "tech_stack"
}

/// Words, and what they speak of.
const WORDS: &[(&str, Said)] = &[
    ("postgresql", Said::Database(Product::Postgres, Weight::Word)),
    ("postgres", Said::Database(Product::Postgres, Weight::Word)),
    ("sqlite", Said::Database(Product::Sqlite, Weight::Word)),
    ("mariadb", Said::Database(Product::Mariadb, Weight::Word)),
    ("mysql", Said::Database(Product::Mysql, Weight::Word)),
    ("mongodb", Said::Database(Product::Mongodb, Weight::Word)),
    ("sqlalchemy", Said::Mentioned(Framework::Sqlalchemy)),
    ("prisma", Said::Mentioned(Framework::NotYet("Prisma"))),
    ("beanie", Said::Mentioned(Framework::NotYet("Beanie"))),
    ("sqlmodel", Said::Mentioned(Framework::Unknown("SQLModel"))),
    ("drizzle", Said::Mentioned(Framework::Unknown("Drizzle"))),
    ("mongoose", Said::Mentioned(Framework::Unknown("Mongoose"))),
];

fn look(look: &mut Look<'_>) {
    let files: Vec<String> = look
        .files
        .iter()
        .filter(|path| describes(path))
        .cloned()
        .collect();
    for path in files {
        let Some(text) = look.module(&path) else { continue };
        let mut heard: Vec<&Said> = Vec::new();
        for (at, line) in text.lines().enumerate() {
            let line = line.to_ascii_lowercase();
            for word in line.split(|c: char| !c.is_ascii_alphanumeric()) {
                let Some((word, said)) = WORDS.iter().find(|(known, _)| *known == word) else {
                    continue;
                };
                if !heard.contains(&said) {
                    heard.push(said);
                    look.say_of_module(&path, &text, at, said.clone(), format!("it speaks of `{word}`"));
                }
            }
        }
    }
}
