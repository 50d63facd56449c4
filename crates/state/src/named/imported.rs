//! A state as text of the language, tried before it is given away: what is built of it is compared with what was found.

use std::collections::BTreeMap;
use std::path::Path;

use diagnostics::{Diagnostic, FileId, Severity};
use engine::StartOptions;
use import::{Asked, Raw, Refused, Said};
use physical::{Column, Database, DefaultValue, Expr, Ident, Name, Opaque, SqlType};
use plan::{Action, Note, Relational, Section, Step};
use project::{Memory, System};

use super::temporary::Temporary;
use super::{Failure, Fault, Loaded, Named, built, owners, settle};
use crate::codes;

/// Where the entities stand.
const SCHEMA: &str = "schema.arch";
/// Where the SQL stands.
const SQL: &str = "sql.arch";
/// The files that an import may write.
pub const FILES: [&str; 2] = [SCHEMA, SQL];

/// What a state became.
#[derive(Debug)]
pub struct Imported {
    /// The files, formatted: name and text.
    pub files: Vec<(&'static str, String)>,
    /// The entities, each with its table.
    pub entities: Vec<(String, Name)>,
    /// How many enums there are.
    pub enums: usize,
    /// What stays SQL.
    pub raw: Vec<Raw>,
    /// What the state speaks of and does not make.
    pub notes: Vec<Note>,
}

/// What came of trying.
enum Tried {
    /// It builds what was found.
    Same,
    /// It does not, on account of these.
    Differs(Refused),
    /// It does not, and nothing says on account of what.
    Unclear(Box<Failure>),
}

/// Turns a state into text of the language. It is built on a temporary database and compared; a table that comes out otherwise than it
/// was found becomes the SQL that makes it, until nothing differs.
///
/// # Errors
/// When the state cannot be read, or holds what nobody can say how to make.
pub fn import(
    system: &dyn System,
    start: &StartOptions,
    dialect: &'static Relational,
    named: &Named,
    project: &str,
) -> Result<Imported, Box<Failure>> {
    if *named == Named::Empty {
        let finding = Diagnostic::global(&codes::NO_SCHEMA_THERE, "there is nothing to import");
        let help = "name what holds a schema: SQL, migrations, an SQLite file, the URL of a database";
        return Err(Failure::new(Fault::Call, finding.help(help)));
    }
    let mut temporary = Temporary::new(start.clone());
    let read = super::read(system, &mut temporary, dialect, named, true)?;
    let mut found = read.database;
    let mut by_words = matches!(named, Named::Prisma { .. }) && !read.said.asks_server;
    super::prisma::document(&mut found, &read.said.docs);
    settle::leave_out(&mut found, dialect);
    owners::disown(&mut found, dialect);
    sort(&mut found);
    let mut refused = Refused::default();
    loop {
        let said = import::say(Asked {
            database: &found,
            dialect,
            project,
            refused: &refused,
        });
        let said = said.map_err(|why| cannot(named, &why.to_string()))?;
        let files = files(&said);
        let place = if by_words {
            Place::Words
        } else {
            Place::Server(&mut temporary)
        };
        match attempt(place, dialect, (named, &found), (&said, &refused, &files))? {
            Tried::Same => {
                return Ok(Imported {
                    files,
                    entities: said.entities,
                    enums: said.enums,
                    raw: said.raw,
                    notes: read.said.notes,
                });
            }
            // A server shows more of it than words.
            _ if by_words => by_words = false,
            Tried::Differs(more) => {
                refused.tables.extend(more.tables);
                refused.indexes.extend(more.indexes);
            }
            // Whatever it is, without entities it is not theirs.
            Tried::Unclear(_) if !said.entities.is_empty() => {
                let all = said.entities.iter();
                let why = "something of the whole came out otherwise with entities";
                refused
                    .tables
                    .extend(all.map(|(_, table)| (table.clone(), why.to_owned())));
            }
            Tried::Unclear(failure) => return Err(failure),
        }
    }
}

/// By name: in which order things were made is an accident, and would be another one in what is built.
fn sort(database: &mut Database) {
    database.schemas.sort_by(|a, b| a.name.cmp(&b.name));
    database.types.sort_by(|a, b| a.name.cmp(&b.name));
    database.tables.sort_by(|a, b| a.name.cmp(&b.name));
    database.views.sort_by(|a, b| a.name.cmp(&b.name));
    database.functions.sort_by(|a, b| a.name.cmp(&b.name));
    let place = |opaque: &Opaque| (opaque.kind.clone(), opaque.name.clone(), opaque.detail.clone());
    database.opaque.sort_by_cached_key(place);
    for table in &mut database.tables {
        table.indexes.sort_by(|a, b| a.name.cmp(&b.name));
        table.triggers.sort_by(|a, b| a.name.cmp(&b.name));
    }
}

fn cannot(named: &Named, why: &str) -> Box<Failure> {
    let finding = Diagnostic::global(
        &codes::NO_IMPORT,
        format!("`{named}` cannot be said in .arch: {why}"),
    );
    let help = "take it out of what is imported, and keep it beside the project";
    Failure::new(Fault::State, finding.help(help))
}

/// As a person would write them.
fn files(said: &Said) -> Vec<(&'static str, String)> {
    let all = [(SCHEMA, &said.schema), (SQL, &said.sql)];
    let there = all.into_iter().filter(|(_, text)| !text.is_empty());
    let format = |text: &String| {
        let parse = syntax::parse(FileId::default(), text);
        syntax::format(&parse).unwrap_or_else(|| text.clone())
    };
    there.map(|(name, text)| (name, format(text))).collect()
}

/// Where it is found out what a text makes.
enum Place<'t> {
    /// In the text itself, against a state that was read without a database, too.
    Words,
    /// On a temporary database.
    Server(&'t mut Temporary),
}

fn attempt(
    place: Place<'_>,
    dialect: &'static Relational,
    (named, found): (&Named, &Database),
    (said, refused, files): (&Said, &Refused, &[(&'static str, String)]),
) -> Loaded<Tried> {
    let system = Memory::with(
        files
            .iter()
            .map(|(name, text)| (format!("schema/{name}"), text.clone())),
    );
    let mut checked = crate::check(&system, Path::new(""));
    let mut findings = std::mem::take(&mut checked.diagnostics);
    let mut designed = design::design(&checked.model);
    findings.append(std::mem::take(&mut designed.diagnostics));
    let errors: Vec<Diagnostic> = findings
        .into_sorted()
        .into_iter()
        .filter(|finding| finding.severity == Severity::Error)
        .collect();
    if !errors.is_empty() {
        let blamed = errors
            .iter()
            .filter_map(|error| Some((of_text(error, &checked.loaded.sources, said)?, error)));
        let blamed: BTreeMap<Name, String> = blamed
            .map(|(table, error)| (table, error.message.clone()))
            .collect();
        if !blamed.is_empty() {
            return Ok(Tried::Differs(tables(blamed)));
        }
        return Ok(Tried::Unclear(Box::new(Failure {
            fault: Fault::State,
            sources: checked.loaded.sources,
            findings: errors,
        })));
    }
    let temporary = match place {
        Place::Server(temporary) => temporary,
        Place::Words => {
            let database = (dialect.realise)(&designed.blueprint).database;
            return compare(
                dialect,
                (named, &of_entities(found)),
                of_entities(&database),
                (said, refused),
            );
        }
    };
    match built::run(temporary, &designed, dialect) {
        Ok(database) => compare(dialect, (named, found), database, (said, refused)),
        Err(failure) if failure.fault == Fault::Environment => Err(failure),
        Err(failure) => Ok(of_failure(failure, said, dialect)),
    }
}

/// A database without what stands in the text as the very statement that makes it: there is nothing to find out about that.
fn of_entities(database: &Database) -> Database {
    let mut entities = database.clone();
    entities.roles.clear();
    entities.extensions.clear();
    entities.opaque.clear();
    let columns = entities.tables.iter_mut().flat_map(|table| &mut table.columns);
    columns.for_each(counted);
    entities
}

/// A column that counts by a sequence of its own, however that is said.
fn counted(column: &mut Column) {
    let by_type = match &column.ty {
        SqlType::Other(name) => match name.as_str() {
            "smallserial" => Some(SqlType::SmallInt),
            "serial" => Some(SqlType::Integer),
            "bigserial" => Some(SqlType::BigInt),
            _ => None,
        },
        _ => None,
    };
    let by_default =
        matches!(&column.default, Some(DefaultValue::Expr(Expr::Sql(sql))) if sql.starts_with("nextval("));
    if by_type.is_some() || by_default {
        column.default = Some(DefaultValue::Expr(Expr::Sql("nextval()".to_owned())));
    }
    if let Some(ty) = by_type {
        column.ty = ty;
    }
}

/// What still differs, by the tables that are entities.
fn compare(
    dialect: &'static Relational,
    (named, found): (&Named, &Database),
    mut built: Database,
    (said, refused): (&Said, &Refused),
) -> Loaded<Tried> {
    let mut found = found.clone();
    settle::leave_out(&mut built, dialect);
    owners::settle(&mut built, &mut found, dialect);
    match migrate::steps_between(&built, &found, dialect) {
        Ok(steps) if steps.is_empty() => Ok(Tried::Same),
        Ok(steps) => {
            let mut blamed = Refused::default();
            for step in &steps {
                match of_index(step, (said, refused), &built) {
                    // Once it stays SQL it cannot be the index any more.
                    Some(index) => drop(blamed.indexes.insert(index)),
                    None => blamed.tables.extend(of_step(step, said, dialect)),
                }
            }
            if blamed != Refused::default() {
                return Ok(Tried::Differs(blamed));
            }
            let titles: Vec<&str> = steps.iter().map(|step| step.title.as_str()).take(5).collect();
            let why = format!("it would come out otherwise: {}", titles.join("; "));
            Ok(Tried::Unclear(cannot(named, &why)))
        }
        Err(why) => Ok(Tried::Unclear(cannot(named, &why.to_string()))),
    }
}

/// The entity in whose text a finding stands.
fn of_text(error: &Diagnostic, sources: &diagnostics::Sources, said: &Said) -> Option<Name> {
    const HEAD: &str = "\nentity ";
    let span = error.primary.as_ref()?.span;
    let text = &sources.get(span.file)?.text;
    let (before, after) = text.split_at_checked(usize::try_from(span.start).ok()?)?;
    // What is above an entity belongs to it.
    let rest = match before.rfind(HEAD) {
        Some(at) => text.get(at..)?,
        None => after.get(after.find(HEAD)?..)?,
    };
    let name = rest.get(HEAD.len()..)?.split_whitespace().next()?;
    let entity = said.entities.iter().find(|(called, _)| called == name);
    entity.map(|(_, table)| table.clone())
}

/// The index of an entity that a step makes or removes, if it is one that was said.
fn of_index(step: &Step, (said, refused): (&Said, &Refused), built: &Database) -> Option<(Name, Ident)> {
    let name = step.title.strip_prefix("index ")?;
    let name = name.strip_suffix(" goes").unwrap_or(name);
    let entities = said.entities.iter().filter_map(|(_, table)| built.table(table));
    let mut with_index =
        entities.filter(|table| table.indexes.iter().any(|index| index.name.as_str() == name));
    let table = with_index.next()?.name.clone();
    let index = (table, Ident::new(name));
    (with_index.next().is_none() && !refused.indexes.contains(&index)).then_some(index)
}

fn tables(tables: BTreeMap<Name, String>) -> Refused {
    Refused {
        tables,
        ..Refused::default()
    }
}

fn of_step(step: &Step, said: &Said, dialect: &Relational) -> Vec<(Name, String)> {
    // Where foreign keys stand in tables, such a step is about the steps around it.
    if dialect.keys_in_tables && step.section == Section::ForeignKeys {
        return Vec::new();
    }
    let Action::Sql(statements) = &step.action;
    let why = format!("as an entity it would come out otherwise: {}", step.title);
    let mut tables = mentioned(&step.title, said, dialect);
    if tables.is_empty() {
        tables = statements
            .iter()
            .flat_map(|sql| mentioned(sql, said, dialect))
            .collect();
    }
    tables.into_iter().map(|table| (table, why.clone())).collect()
}

fn of_failure(failure: Box<Failure>, said: &Said, dialect: &Relational) -> Tried {
    let mut blamed = BTreeMap::new();
    for finding in &failure.findings {
        let why = format!("as an entity it could not be made: {}", finding.message);
        let text = finding
            .primary
            .as_ref()
            .map_or("", |label| failure.sources.text(label.span));
        for table in mentioned(&finding.message, said, dialect)
            .into_iter()
            .chain(mentioned(text, said, dialect))
        {
            blamed.insert(table, why.clone());
        }
    }
    if blamed.is_empty() {
        Tried::Unclear(failure)
    } else {
        Tried::Differs(tables(blamed))
    }
}

/// The entities whose tables a text speaks of.
fn mentioned(text: &str, said: &Said, dialect: &Relational) -> Vec<Name> {
    let is_whole = |at: usize, name: &str| {
        let word = |c: char| c.is_alphanumeric() || c == '_';
        let before = text.get(..at).and_then(|before| before.chars().next_back());
        let after = text.get(at + name.len()..).and_then(|after| after.chars().next());
        !before.is_some_and(word) && !after.is_some_and(word)
    };
    let speaks_of = |name: &str| text.match_indices(name).any(|(at, _)| is_whole(at, name));
    let tables = said.entities.iter().map(|(_, table)| table);
    let spoken = tables.filter(|table| {
        let quoted = (dialect.ident)(table.name.as_str());
        let quoted = match &table.schema {
            Some(schema) => format!("{}.{quoted}", (dialect.ident)(schema.as_str())),
            None => quoted,
        };
        speaks_of(&table.to_string()) || speaks_of(&quoted)
    });
    spoken.cloned().collect()
}
