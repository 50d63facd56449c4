//! A folder of migrations: `0001_name/up.sql`, and beside it `down.sql` and `plan.json` where there are such.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use project::System;
use serde::{Deserialize, Deserializer};
use sha2::{Digest, Sha256};

use crate::fault::Fault;
use crate::lexer::{Lexer, Token};
use crate::lineage;
use crate::split::{Language, Statement, split};

/// One migration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Migration {
    /// Its place in the order; gaps are allowed.
    pub number: i64,
    /// What follows the number and `_`.
    pub name: String,
    /// The way there.
    pub up: Script,
    /// The way back, if there is one.
    pub down: Option<Script>,
    /// The schemas that its plan was made for.
    pub plan: Option<Bound>,
}

/// The schemas that a plan was made for, as hashes.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Bound {
    /// The dialect that it speaks.
    pub dialect: String,
    /// What it starts from.
    #[serde(deserialize_with = "end")]
    pub from: String,
    /// What it leads to.
    #[serde(deserialize_with = "end")]
    pub to: String,
}

/// A hash by itself, or with the name of what it is of, as `architrave.plan/1` has it.
fn end<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum End {
        Bare(String),
        Named { hash: String },
    }
    Ok(match End::deserialize(deserializer)? {
        End::Bare(hash) | End::Named { hash } => hash,
    })
}

/// A file of SQL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Script {
    /// Where it is, for people.
    pub file: String,
    /// What it was when it was read.
    pub sums: Sums,
    text: String,
}

/// Checksums of a file, SHA-256 in hexadecimal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sums {
    /// Of the bytes as they are.
    pub bytes: String,
    /// Of the text: without a byte order mark, lines ending in LF. Tells an edit from what a checkout did.
    pub text: String,
}

impl Script {
    /// Reads the bytes of a file.
    ///
    /// # Errors
    /// When they are not UTF-8.
    pub fn new(file: &str, bytes: &[u8]) -> Result<Self, Fault> {
        let text = std::str::from_utf8(bytes).map_err(|error| {
            let utf16 = bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]);
            let message = if utf16 {
                "it is UTF-16".to_owned()
            } else {
                format!("it is not UTF-8 at byte {}", error.valid_up_to() + 1)
            };
            Fault::of(file, message, "save it as UTF-8")
        })?;
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        Ok(Self {
            file: file.to_owned(),
            sums: Sums {
                bytes: sha256(bytes),
                text: sha256(text.replace("\r\n", "\n").as_bytes()),
            },
            text: text.to_owned(),
        })
    }

    /// The names that it speaks of, bare or quoted, as they are stored.
    #[must_use]
    pub fn names(&self, language: Language) -> BTreeSet<String> {
        let mut lexer = Lexer::new(&self.text, language);
        let mut names = BTreeSet::new();
        while let Some((token, start, end)) = lexer.next() {
            let text = self.text.get(start..end).unwrap_or_default();
            match token {
                Token::Word => names.insert(text.to_owned()),
                Token::Quoted => names.insert(unquoted(text)),
                _ => false,
            };
        }
        names
    }

    /// Its statements.
    ///
    /// # Errors
    /// As [`split`].
    pub fn statements(&self, language: Language) -> Result<Vec<Statement>, Fault> {
        split(&self.file, &self.text, language)
    }
}

/// A name without its quotes.
fn unquoted(text: &str) -> String {
    let mut chars = text.chars();
    let quote = chars.next();
    chars.next_back();
    match quote {
        Some('"') => chars.as_str().replace("\"\"", "\""),
        Some('`') => chars.as_str().replace("``", "`"),
        _ => chars.as_str().to_owned(),
    }
}

impl Migration {
    /// `0003_add_orders`, however many digits the folder has.
    #[must_use]
    pub fn title(&self) -> String {
        title(self.number, &self.name)
    }
}

/// `0003_add_orders`, however many digits the folder has.
#[must_use]
pub fn title(number: i64, name: &str) -> String {
    format!("{number:04}_{name}")
}

/// SHA-256 in hexadecimal.
#[must_use]
pub fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

/// A migration, and the folder that it is in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placed {
    /// The folder.
    pub folder: PathBuf,
    /// What is in it.
    pub migration: Migration,
}

/// The migrations of a folder, in order. Files beside them, and folders whose names begin with a point, are left alone.
///
/// # Errors
/// As [`all`], and when two have the same number.
pub fn read(system: &dyn System, folder: &Path) -> Result<Vec<Migration>, Vec<Fault>> {
    let placed = all(system, folder)?;
    let migrations: Vec<Migration> = placed.iter().map(|it| it.migration.clone()).collect();
    let pairs = migrations.windows(2).zip(placed.iter().skip(1));
    let faults: Vec<Fault> = pairs
        .filter_map(|(pair, place)| match pair {
            [one, other] if one.number == other.number => Some(twice(&migrations, one, other, &place.folder)),
            _ => None,
        })
        .collect();
    if faults.is_empty() {
        Ok(migrations)
    } else {
        Err(faults)
    }
}

/// The migrations of a folder, by number and name; two can have the same number.
///
/// # Errors
/// Everything that is wrong with it: no such folder, folders that are not named as migrations, files that cannot be read, are
/// missing, or are not UTF-8.
pub fn all(system: &dyn System, folder: &Path) -> Result<Vec<Placed>, Vec<Fault>> {
    let shown = folder.display().to_string();
    let listed = system.list(folder).map_err(|error| {
        let help = "name the folder with the migrations: `--folder FOLDER`";
        let message = format!("the folder cannot be read: {error}");
        vec![Fault::of(&shown, message, help)]
    })?;
    let mut faults = Vec::new();
    let mut found = Vec::new();
    for entry in listed.into_iter().filter(|entry| entry.is_dir) {
        let Some(name) = entry
            .path
            .file_name()
            .map(|name| name.to_string_lossy().into_owned())
        else {
            continue;
        };
        if name.starts_with('.') {
            continue;
        }
        let folder = entry.path.clone();
        match one(system, &entry.path) {
            Err(fault) => faults.push(fault),
            Ok(migration) => found.push(Placed { folder, migration }),
        }
    }
    found.sort_by(|one, other| key(&one.migration).cmp(&key(&other.migration)));
    if faults.is_empty() { Ok(found) } else { Err(faults) }
}

fn key(migration: &Migration) -> (i64, &str) {
    (migration.number, &migration.name)
}

fn twice(all: &[Migration], one: &Migration, other: &Migration, place: &Path) -> Fault {
    let (first, second) = (one.title(), other.title());
    let parent = lineage::common(all, one, other).map(Migration::title);
    let parent = lineage::from(parent.as_deref());
    Fault::of(
        &place.display().to_string(),
        format!(
            "number {} is taken by `{first}` already; both go on from {parent}",
            one.number
        ),
        &format!(
            "{}: put the one that is applied nowhere behind all others, `architrave migrate rebase {second}` or `… {first}`",
            lineage::MERGED
        ),
    )
}

/// The migration of one folder, whose name says its number and its own.
///
/// # Errors
/// A folder that is not named as a migration, or a file that cannot be read, is missing, or is not UTF-8.
pub fn one(system: &dyn System, path: &Path) -> Result<Migration, Fault> {
    let shown = path.display().to_string();
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned());
    let name = name.unwrap_or_default();
    let parts = name.split_once('_').filter(|(digits, rest)| {
        !digits.is_empty() && !rest.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
    });
    let number = parts.and_then(|(digits, _)| digits.parse::<i64>().ok());
    let (Some((_, rest)), Some(number)) = (parts, number) else {
        let help = "name it by a number and a name, `0001_orders`, or move it elsewhere";
        return Err(Fault::of(&shown, "the folder is not named as a migration", help));
    };
    let Some(up) = script(system, &path.join("up.sql"))? else {
        let help = "write one, or remove the folder if it is applied nowhere";
        return Err(Fault::of(&shown, "there is no `up.sql`", help));
    };
    Ok(Migration {
        number,
        name: rest.to_owned(),
        up,
        down: script(system, &path.join("down.sql"))?,
        plan: bound(system, &path.join("plan.json"))?,
    })
}

fn bytes(system: &dyn System, path: &Path) -> Result<Option<Vec<u8>>, Fault> {
    if !system.exists(path) {
        return Ok(None);
    }
    system.read(path).map(Some).map_err(|error| {
        let shown = path.display().to_string();
        Fault::of(
            &shown,
            format!("it cannot be read: {error}"),
            "see whose file it is",
        )
    })
}

fn script(system: &dyn System, path: &Path) -> Result<Option<Script>, Fault> {
    bytes(system, path)?
        .map(|bytes| Script::new(&path.display().to_string(), &bytes))
        .transpose()
}

fn bound(system: &dyn System, path: &Path) -> Result<Option<Bound>, Fault> {
    let Some(bytes) = bytes(system, path)? else {
        return Ok(None);
    };
    serde_json::from_slice(&bytes).map(Some).map_err(|error| {
        let help = "remove it, or write the migration again";
        Fault::of(
            &path.display().to_string(),
            format!("it is not a plan: {error}"),
            help,
        )
    })
}
