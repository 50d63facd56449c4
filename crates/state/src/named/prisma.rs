//! Prisma schemas as states: read without a database, as far as their words alone say what they make.

use std::path::{Path, PathBuf};

pub(super) use ::prisma::document;
use ::prisma::{Docs, Schema};
use diagnostics::{Diagnostic, Severity, Sources};
use physical::Database;
use plan::{Note, Relational};
use project::System;

use super::owners::RUNNER;
use super::place::has_extension;
use super::temporary::{self, Temporary};
use super::{Failure, Fault, Loaded, Named, built};
use crate::codes;

/// Where Prisma Migrate notes which migrations were run. It is no part of any schema.
const LEDGER: &str = "_prisma_migrations";
/// How deep the folders of a schema are looked into.
const DEEPEST: usize = 8;

/// What was read of a schema, besides its database.
#[derive(Debug, Default)]
pub(super) struct Said {
    /// What its `///` say.
    pub(super) docs: Vec<Docs>,
    /// What it speaks of and does not make.
    pub(super) notes: Vec<Note>,
    /// Whether a server was, or would have to be, asked what it makes.
    pub(super) asks_server: bool,
}

/// The files of the schema in a folder: those in it, or in its folder `schema`; and what lies beneath.
pub(super) fn files(system: &dyn System, folder: &Path) -> Vec<PathBuf> {
    let directly = |folder: &Path| {
        let entries = system.list(folder).unwrap_or_default();
        entries
            .iter()
            .any(|entry| !entry.is_dir && has_extension(&entry.path, "prisma"))
    };
    let mut all = Vec::new();
    if directly(folder) || directly(&folder.join("schema")) {
        collect(system, folder, DEEPEST, &mut all);
    }
    all
}

fn collect(system: &dyn System, folder: &Path, depth: usize, all: &mut Vec<PathBuf>) {
    for entry in system.list(folder).unwrap_or_default() {
        if !entry.is_dir {
            all.extend(Some(entry.path).filter(|path| has_extension(path, "prisma")));
        } else if depth > 0 && !entry.path.ends_with("node_modules") {
            collect(system, &entry.path, depth - 1, all);
        }
    }
}

fn parse(system: &dyn System, files: &[PathBuf]) -> Loaded<(Schema, Sources)> {
    let mut sources = Sources::default();
    for path in files {
        let text = temporary::read_text(system, path)?;
        sources.add(path.display().to_string().replace('\\', "/"), text);
    }
    let schema = ::prisma::parse(&sources);
    // What is shown has no addresses in it.
    let mut shown = Sources::default();
    for (_, source) in sources.iter() {
        shown.add(source.path.as_str(), ::prisma::masked(&source.text));
    }
    Ok((schema, shown))
}

/// The dialect of the provider; `None` where the schema does not say it, which is told when it is loaded.
///
/// # Errors
/// When a file cannot be read, and when the provider has no dialect yet.
pub(super) fn dialect(system: &dyn System, files: &[PathBuf]) -> Loaded<Option<&'static Relational>> {
    let (schema, sources) = parse(system, files)?;
    match schema.not_yet() {
        // What else is wrong with it can be mended before.
        Some(finding) => {
            let mut findings: Vec<Diagnostic> = schema.diagnostics.into_sorted();
            findings.push(finding);
            Err(failed(sources, findings))
        }
        None => Ok(schema
            .provider()
            .and_then(|provider| dialects::by_name(provider.dialect()?))),
    }
}

fn failed(sources: Sources, findings: Vec<Diagnostic>) -> Box<Failure> {
    Box::new(Failure {
        fault: Fault::State,
        sources,
        findings,
    })
}

/// What a schema makes. To be compared, it is made on a temporary database where its words leave open what a server makes of them.
pub(super) fn load(
    system: &dyn System,
    temporary: &mut Temporary,
    dialect: &'static Relational,
    files: &[PathBuf],
    compared: bool,
) -> Loaded<(Database, Said)> {
    let (mut schema, sources) = parse(system, files)?;
    let mut found = std::mem::take(&mut schema.diagnostics);
    let built = ::prisma::build(&schema, dialect);
    found.append(built.diagnostics);
    if found.has_errors() {
        return Err(failed(sources, found.into_sorted()));
    }
    let notes = found.iter().filter(|finding| finding.severity != Severity::Error);
    let said = Said {
        docs: built.docs,
        notes: notes.map(note).collect(),
        asks_server: built.asks_server,
    };
    let mut database = built.database;
    if compared && said.asks_server {
        database = built::database(temporary, &database, dialect)?;
    } else {
        own(&mut database);
    }
    Ok((database, said))
}

/// Says of sequences that whoever runs scripts owns them, as is read of scripts that were run.
fn own(database: &mut Database) {
    for opaque in database.opaque.iter_mut().filter(|each| each.kind == "sequence") {
        let name = opaque.definition.strip_prefix("CREATE SEQUENCE ");
        let name = name
            .and_then(|rest| rest.rsplit_once(" AS "))
            .map(|(name, _)| name.to_owned());
        if let Some(name) = name {
            opaque
                .definition
                .push_str(&format!(";\nALTER SEQUENCE {name} OWNER TO {RUNNER}"));
        }
    }
}

fn note(finding: &Diagnostic) -> Note {
    Note {
        code: finding.rule.code,
        message: finding.message.clone(),
        help: finding.help.clone(),
    }
}

/// What Prisma Migrate keeps for itself is no difference. It neither makes comments nor takes them away: where it leads to, they are what they were; and what a schema documents is no
/// difference to a comment that says the same.
pub(super) fn settle(
    (from, to): (&Named, &Named),
    (first, second): (&mut Database, &mut Database),
    docs: &[Docs],
) {
    let is_prisma = |state: &Named| matches!(state, Named::Prisma { .. });
    if is_prisma(from) || is_prisma(to) {
        for database in [&mut *first, &mut *second] {
            database.tables.retain(|table| table.name.name.as_str() != LEDGER);
        }
    }
    if is_prisma(to) {
        document(second, &comments_of(first));
    } else if is_prisma(from) {
        let there = comments_of(second);
        let same: Vec<Docs> = docs.iter().filter(|each| there.contains(each)).cloned().collect();
        document(first, &same);
    }
}

/// The comments of a database, as documentation.
fn comments_of(database: &Database) -> Vec<Docs> {
    let mut all = Vec::new();
    let mut add = |name: &physical::Name, column: Option<&physical::Ident>, text: Option<&String>| {
        all.extend(text.map(|text| Docs {
            name: name.clone(),
            column: column.cloned(),
            text: text.clone(),
        }));
    };
    for ty in &database.types {
        add(&ty.name, None, ty.comment.as_ref());
    }
    for table in &database.tables {
        add(&table.name, None, table.comment.as_ref());
        for column in &table.columns {
            add(&table.name, Some(&column.name), column.comment.as_ref());
        }
    }
    all
}

/// That nothing says which of a schema and some scripts is meant.
pub(super) fn and_scripts(path: &Path) -> Box<Failure> {
    let message = format!(
        "`{}` holds .prisma and .sql files: nothing says which are meant",
        path.display()
    );
    let finding = Diagnostic::global(&codes::NO_SCHEMA_THERE, message);
    Failure::new(
        Fault::Call,
        finding.help("name one of the files, or move them apart"),
    )
}
