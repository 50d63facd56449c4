//! What an application already uses, concluded from its files, and the first schema that fits it.
//!
//! Files are listed and read through a `project::System`, parsed or scanned, and never run. What is concluded names the line that
//! it was concluded from; what several lines contradict is left to the user.

mod clue;
pub mod codes;
mod conclude;
mod ecosystems;
mod first;
mod layout;
mod look;
mod mask;

use std::path::Path;

use diagnostics::{Diagnostics, Sources};
use project::System;

use look::Look;

/// What the user has said already; it is not asked of the files then.
#[derive(Debug, Clone, Default)]
pub struct Wishes {
    /// The project's name.
    pub name: Option<String>,
    /// The databases, by the words of the language.
    pub databases: Vec<String>,
    /// Whether models for SQLAlchemy are wanted.
    pub models: Option<bool>,
    /// The package of the application, relative to the project's folder.
    pub folder: Option<String>,
}

/// Something that was concluded, and from what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// What it is about: `database`.
    pub what: String,
    /// What was concluded: `postgres`.
    pub value: String,
    /// Why: "image `postgres:16`".
    pub why: String,
    /// The file that says so, relative to the project's folder, when one does.
    pub path: Option<String>,
    /// Its line, from one.
    pub line: Option<u32>,
}

/// A file to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// Relative to the project's folder, `/` between parts.
    pub path: String,
    /// What stands in it.
    pub text: String,
}

/// What was found, and what would be written.
#[derive(Debug)]
pub struct Start {
    /// What was concluded.
    pub found: Vec<Found>,
    /// What the application uses and nothing is emitted for.
    pub not_yet: Vec<Found>,
    /// What the files do not say, and what stands in its place.
    pub unknown: Vec<String>,
    /// The files: the settings and a first schema. Empty when there is an error.
    pub files: Vec<File>,
    /// What is wrong.
    pub diagnostics: Diagnostics,
    /// The files that findings point into.
    pub sources: Sources,
}

/// Looks at an application's folder and concludes how to begin. Never fails, and writes nothing: what is wrong is among the findings.
#[must_use]
pub fn detect(system: &dyn System, folder: &Path, wishes: &Wishes) -> Start {
    let mut look = Look::at(system, folder);
    conclude::refuse_a_second_time(&mut look);
    for ecosystem in ecosystems::ALL {
        (ecosystem.look)(&mut look);
    }
    conclude::conclude(look, system, folder, wishes)
}

/// The places in which an application is looked for, for people.
#[must_use]
pub fn ecosystems() -> Vec<&'static str> {
    ecosystems::ALL.iter().map(|one| one.name).collect()
}

/// Whether a word can be the name of a project: it begins the names of roles and schemas.
#[must_use]
pub fn is_name(word: &str) -> bool {
    let begins = word.starts_with(|c: char| c.is_ascii_lowercase());
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    begins && word.len() <= conclude::LONGEST_NAME && word.chars().all(plain)
}
