//! From an argument of the command line to what it names.

use std::path::{Path, PathBuf};

use diagnostics::Diagnostic;
use engine::DatabaseUrl;
use project::System;

use super::{Failure, Fault, Loaded, Named, prisma};
use crate::codes;

/// What an argument names: `empty`, a path, the URL of a database, or `env:NAME` for a variable that holds one of these.
///
/// # Errors
/// When nothing is there, or when what is there holds no schema.
pub fn named(system: &dyn System, text: &str) -> Loaded<Named> {
    if let Some(name) = text.strip_prefix("env:") {
        return match system.variable(name) {
            Some(text) => place(system, &text, &format!("what the variable `{name}` names")),
            None => {
                let finding = Diagnostic::global(
                    &codes::NO_SUCH_STATE,
                    format!("the environment has no variable `{name}`"),
                );
                Err(Failure::new(
                    Fault::Call,
                    finding.help("set it, or name the state itself"),
                ))
            }
        };
    }
    place(system, text, &format!("`{text}`"))
}

const KINDS: &str = "a state is a folder of .arch, .sql or .prisma files, one such file, an SQLite file, a `postgres://` or `sqlite:` URL, `env:NAME`, or `empty`";

fn place(system: &dyn System, text: &str, shown: &str) -> Loaded<Named> {
    if text.is_empty() || text == "empty" {
        return Ok(Named::Empty);
    }
    let path = Path::new(text);
    let address = text.contains("://") || text.starts_with("sqlite:");
    if !address && system.exists(path) {
        return at(system, path);
    }
    // Whatever looks like an address is never repeated: it may hold a password.
    if address || text.split_once(':').is_some_and(|(_, rest)| rest.contains('@')) {
        let url =
            DatabaseUrl::parse(text).map_err(|error| Failure::engine(&codes::BAD_ADDRESS, "", &error))?;
        if let DatabaseUrl::Sqlite(file) = &url
            && !system.exists(file)
        {
            return Err(missing(&format!("`{}`", file.display())));
        }
        return Ok(Named::Database(url));
    }
    Err(missing(shown))
}

fn missing(shown: &str) -> Box<Failure> {
    let finding = Diagnostic::global(&codes::NO_SUCH_STATE, format!("there is nothing at {shown}"));
    Failure::new(Fault::Call, finding.help(KINDS))
}

pub(super) fn has_extension(path: &Path, wanted: &str) -> bool {
    path.extension()
        .is_some_and(|extension| extension.eq_ignore_ascii_case(wanted))
}

/// What is at a path that exists.
fn at(system: &dyn System, path: &Path) -> Loaded<Named> {
    if system.is_dir(path) {
        return folder(system, path);
    }
    if has_extension(path, "arch") {
        return Ok(Named::Project(path.to_owned()));
    }
    if has_extension(path, "sql") {
        return Ok(scripts(path, vec![path.to_owned()]));
    }
    if has_extension(path, "prisma") {
        return Ok(of_prisma(path, vec![path.to_owned()]));
    }
    let bytes = system.read(path).map_err(|error| unreadable(path, &error))?;
    let usual = ["db", "db3", "sqlite", "sqlite3"]
        .iter()
        .any(|known| has_extension(path, known));
    // A file that SQLite has made and never written to is empty.
    if bytes.starts_with(b"SQLite format 3\0") || bytes.is_empty() && usual {
        return Ok(Named::Database(DatabaseUrl::Sqlite(path.to_owned())));
    }
    let finding = Diagnostic::global(
        &codes::NO_SCHEMA_THERE,
        format!(
            "`{}` is no state: it is neither .arch nor .sql nor .prisma, and no SQLite file",
            path.display()
        ),
    );
    Err(Failure::new(Fault::Call, finding.help(KINDS)))
}

pub(super) fn unreadable(path: &Path, error: &std::io::Error) -> Box<Failure> {
    let finding = Diagnostic::global(
        &project::codes::UNREADABLE,
        format!("`{}` cannot be read: {error}", path.display()),
    );
    Failure::new(Fault::Environment, finding.help("check that you may read it"))
}

fn scripts(path: &Path, files: Vec<PathBuf>) -> Named {
    Named::Scripts {
        shown: path.display().to_string(),
        files,
    }
}

fn of_prisma(path: &Path, files: Vec<PathBuf>) -> Named {
    Named::Prisma {
        shown: path.display().to_string(),
        files,
    }
}

/// A project, a Prisma schema, or a folder of SQL: as `build` writes it, in the order of the names, or one folder for each migration.
fn folder(system: &dyn System, path: &Path) -> Loaded<Named> {
    // Where there is a project, scripts that lie about are no part of it.
    let schema = path.join("schema");
    if system.exists(&path.join("architrave.toml"))
        || holds_arch(system, path, 0)
        || holds_arch(system, &schema, 8)
    {
        return Ok(Named::Project(path.to_owned()));
    }
    let entries = system.list(path).map_err(|error| unreadable(path, &error))?;
    let files: Vec<PathBuf> = entries
        .iter()
        .filter(|entry| !entry.is_dir && has_extension(&entry.path, "sql"))
        .map(|entry| entry.path.clone())
        .collect();
    let schemas = prisma::files(system, path);
    if !schemas.is_empty() {
        if !files.is_empty() {
            return Err(prisma::and_scripts(path));
        }
        return Ok(of_prisma(path, schemas));
    }
    let built = path.join("schema.sql");
    if files.contains(&built) && files.contains(&path.join("undo.sql")) {
        let order = [path.join("roles.sql"), built];
        return Ok(scripts(
            path,
            order.into_iter().filter(|file| files.contains(file)).collect(),
        ));
    }
    let steps: Vec<PathBuf> = entries
        .iter()
        .filter(|entry| entry.is_dir)
        .filter_map(|entry| migration(system, &entry.path))
        .collect();
    let forward: Vec<PathBuf> = files.into_iter().filter(|file| !leads_back(file)).collect();
    match (forward.is_empty(), steps.is_empty()) {
        (false, true) => Ok(scripts(path, forward)),
        (true, false) => Ok(scripts(path, steps)),
        (false, false) => Err(two_orders(path)),
        (true, true) if holds_arch(system, path, 8) => Ok(Named::Project(path.to_owned())),
        (true, true) => {
            let finding = Diagnostic::global(
                &codes::NO_SCHEMA_THERE,
                format!(
                    "the folder `{}` holds neither .arch nor .sql nor .prisma files",
                    path.display()
                ),
            );
            Err(Failure::new(Fault::Call, finding.help(KINDS)))
        }
    }
}

fn two_orders(path: &Path) -> Box<Failure> {
    let message = format!(
        "`{}` holds .sql files and folders of migrations: nothing says which come first",
        path.display()
    );
    let finding = Diagnostic::global(&codes::NO_SCHEMA_THERE, message);
    Failure::new(
        Fault::Call,
        finding.help("name one of the files, or move them apart"),
    )
}

/// The script of a migration that has a folder of its own: the native layout, and Prisma's.
fn migration(system: &dyn System, folder: &Path) -> Option<PathBuf> {
    let names = ["up.sql", "migration.sql"];
    names
        .iter()
        .map(|name| folder.join(name))
        .find(|file| system.exists(file))
}

/// Whether a script undoes what another one does, by its name.
fn leads_back(file: &Path) -> bool {
    let name = file
        .file_name()
        .map(|name| name.to_string_lossy().to_ascii_lowercase());
    let name = name.unwrap_or_default();
    let stem = name.strip_suffix(".sql").unwrap_or(&name);
    ["down", "undo"].iter().any(|word| {
        stem == *word
            || stem
                .strip_suffix(word)
                .is_some_and(|rest| rest.ends_with(['.', '_', '-']))
    })
}

fn holds_arch(system: &dyn System, folder: &Path, depth: usize) -> bool {
    let Ok(entries) = system.list(folder) else {
        return false;
    };
    let below = |path: &Path| depth > 0 && holds_arch(system, path, depth - 1);
    entries.iter().any(|entry| {
        if entry.is_dir {
            below(&entry.path)
        } else {
            has_extension(&entry.path, "arch")
        }
    })
}
