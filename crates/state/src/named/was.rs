//! What states say was called otherwise before: `@was(…)` in .arch, `-- was: …` in SQL.

use std::ops::Range;

use diagnostics::{Diagnostic, FileId};
use model::Model;
use physical::{Blueprint, Database, Ident, Name, Purpose, Table};
use plan::Rename;

use super::script::Flavor;
use super::temporary::{Scripts, span};
use super::words::{Scanner, Word};
use crate::codes;

/// The renames that a project speaks of, by the names of the database that it becomes.
pub(super) fn in_model(model: &Model, blueprint: &Blueprint, database: &Database) -> Vec<Rename> {
    let stored = |name: &Name| {
        let same = |table: &&Table| {
            table.name.name == name.name && (table.name.schema.is_none() || table.name.schema == name.schema)
        };
        database.tables.iter().find(same).map(|table| table.name.clone())
    };
    let mut out = of_found(model, blueprint);
    for info in &blueprint.tables {
        let Some(table) = stored(&info.name) else { continue };
        let entity = match info.purpose {
            Purpose::Entity(id) | Purpose::Access(id) | Purpose::Link(id, _) => model.entity(id),
            _ => None,
        };
        // What a table of ours is called begins with what its entity's is.
        let rest = entity
            .and_then(|entity| Some((entity, table.name.as_str().strip_prefix(entity.table.as_str())?)));
        if let Some((entity, rest)) = rest {
            out.extend(
                entity
                    .was
                    .iter()
                    .map(|old| table_was(&table, &format!("{old}{rest}"))),
            );
        }
        for (column, field) in &info.columns {
            let names = model
                .field(*field)
                .map(|field| field.was.as_slice())
                .unwrap_or_default();
            out.extend(names.iter().map(|old| Rename::Column {
                table: table.clone(),
                from: Ident::from(old.as_str()),
                to: column.clone(),
            }));
        }
    }
    out
}

/// Those of tables as they were found, which are in the order of the source.
fn of_found(model: &Model, blueprint: &Blueprint) -> Vec<Rename> {
    let mut out = Vec::new();
    let bare = |name: &Name| Name::bare(name.name.clone());
    let in_schema = model
        .project
        .as_ref()
        .is_none_or(|project| !project.databases.contains(&model::Database::Sqlite));
    for (found, table) in model.found.iter().zip(&blueprint.found.tables) {
        let table = if in_schema {
            table.name.clone()
        } else {
            bare(&table.name)
        };
        out.extend(found.was.iter().map(|old| table_was(&table, old)));
        for column in &found.columns {
            out.extend(column.was.iter().map(|old| Rename::Column {
                table: table.clone(),
                from: Ident::from(old.as_str()),
                to: Ident::from(column.column.as_str()),
            }));
        }
    }
    out
}

fn table_was(table: &Name, old: &str) -> Rename {
    let mut from = table.clone();
    from.name = Ident::from(old);
    Rename::Table {
        from,
        to: table.clone(),
    }
}

/// The renames that comments of scripts speak of.
///
/// # Errors
/// The finding about a comment that stands at nothing that can be renamed.
pub(super) fn in_scripts(
    scripts: &Scripts,
    database: &Database,
    flavor: Flavor,
) -> Result<Vec<Rename>, Box<Diagnostic>> {
    let mut out = Vec::new();
    for (file, comments) in &scripts.comments {
        let Some(source) = scripts.sources.get(*file) else {
            continue;
        };
        let statements = scripts.statements.iter().find(|(id, _)| id == file);
        let statements = statements
            .map(|(_, ranges)| ranges.as_slice())
            .unwrap_or_default();
        let page = Page {
            file: *file,
            text: &source.text,
            statements,
            flavor,
        };
        for comment in comments {
            page.renames(comment, database, &mut out)?;
        }
    }
    Ok(out)
}

/// One script.
struct Page<'s> {
    file: FileId,
    text: &'s str,
    statements: &'s [Range<usize>],
    flavor: Flavor,
}

impl Page<'_> {
    fn renames(
        &self,
        comment: &Range<usize>,
        database: &Database,
        out: &mut Vec<Rename>,
    ) -> Result<(), Box<Diagnostic>> {
        let said = self.text.get(comment.clone()).unwrap_or_default();
        let Some(names) = said.trim().strip_prefix("was:") else {
            return Ok(());
        };
        let misplaced = |message: String| {
            let finding = Diagnostic::new(&codes::MISPLACED_WAS, span(self.file, comment), message);
            Box::new(finding.help("write it on the line of a column, or on that of `CREATE TABLE`, or on a line of its own before"))
        };
        let nothing =
            || misplaced("there is no table or column here that could have been called otherwise".to_owned());
        let at = self.target(comment).ok_or_else(nothing)?;
        let statement = self
            .statements
            .iter()
            .find(|range| range.contains(&at))
            .ok_or_else(nothing)?;
        let table = self.created(statement).ok_or_else(nothing)?;
        // What the scripts remove or rename again is not in the state that they make.
        let Some(found) = self.find(database, &table) else {
            return Ok(());
        };
        let old = names
            .split(',')
            .map(|name| self.stored(name.trim()))
            .filter(|name| !name.is_empty());
        if at == statement.start {
            out.extend(old.map(|old| table_was(&found.name, &old)));
            return Ok(());
        }
        let column = self.piece(at);
        let same = |name: &Ident| self.is_same(name.as_str(), &column);
        let Some(column) = found.columns.iter().find(|each| same(&each.name)) else {
            return Err(misplaced(format!("`{column}` is no column of `{}`", found.name)));
        };
        out.extend(old.map(|old| Rename::Column {
            table: found.name.clone(),
            from: Ident::from(old),
            to: column.name.clone(),
        }));
        Ok(())
    }

    /// Where the thing begins that a comment is about: on its own line, or on the next that says something.
    fn target(&self, comment: &Range<usize>) -> Option<usize> {
        let before = self.text.get(..comment.start)?;
        let line = before.rfind('\n').map_or(0, |at| at + 1);
        let first = |from: usize| {
            let rest = self.text.get(from..)?;
            let mut scanner = Scanner::new(rest, self.flavor == Flavor::Postgres);
            loop {
                match scanner.next() {
                    Ok(Some((Word::Mark(','), _))) => {}
                    Ok(Some((_, range))) => return Some(from + range.start),
                    _ => return None,
                }
            }
        };
        match first(line) {
            Some(at) if at < comment.start => Some(at),
            _ => first(comment.end),
        }
    }

    /// The word or quoted name that begins at a place, as stored.
    fn piece(&self, at: usize) -> String {
        let rest = self.text.get(at..).unwrap_or_default();
        let mut scanner = Scanner::new(rest, self.flavor == Flavor::Postgres);
        match scanner.next() {
            Ok(Some((_, range))) => self.stored(rest.get(range).unwrap_or_default()),
            _ => String::new(),
        }
    }

    fn stored(&self, name: &str) -> String {
        for (open, close) in [('"', '"'), ('`', '`'), ('[', ']')] {
            if let Some(inner) = name.strip_prefix(open).and_then(|rest| rest.strip_suffix(close)) {
                return inner.replace(&format!("{close}{close}"), &close.to_string());
            }
        }
        match self.flavor {
            Flavor::Postgres => name.to_lowercase(),
            Flavor::Sqlite => name.to_owned(),
        }
    }

    fn is_same(&self, one: &str, other: &str) -> bool {
        match self.flavor {
            Flavor::Postgres => one == other,
            Flavor::Sqlite => one.eq_ignore_ascii_case(other),
        }
    }

    /// The parts of the name of the table that a statement makes.
    fn created(&self, statement: &Range<usize>) -> Option<Vec<String>> {
        let text = self.text.get(statement.clone())?;
        let mut scanner = Scanner::new(text, self.flavor == Flavor::Postgres);
        let mut words: Vec<String> = Vec::new();
        let mut parts: Vec<String> = Vec::new();
        while let Ok(Some((word, range))) = scanner.next() {
            let raw = text.get(range)?;
            match word {
                Word::Plain(word) if words.last().is_none_or(|last| last != "name") => {
                    let word = word.to_ascii_lowercase();
                    let is_head = match words.len() {
                        0 => word == "create",
                        _ => [
                            "global",
                            "local",
                            "temp",
                            "temporary",
                            "unlogged",
                            "table",
                            "if",
                            "not",
                            "exists",
                        ]
                        .contains(&word.as_str()),
                    };
                    match is_head {
                        true => words.push(word),
                        false if words.iter().any(|word| word == "table") => {
                            parts.push(self.stored(raw));
                            words.push("name".to_owned());
                        }
                        false => return None,
                    }
                }
                Word::Quoted | Word::Plain(_) if words.iter().any(|word| word == "table") => {
                    parts.push(self.stored(raw));
                    words.push("name".to_owned());
                }
                Word::Mark('.') => {}
                _ => break,
            }
        }
        (!parts.is_empty()).then_some(parts)
    }

    fn find<'d>(&self, database: &'d Database, parts: &[String]) -> Option<&'d Table> {
        let (name, rest) = parts.split_last()?;
        let schema = rest.last();
        let mut found = database.tables.iter().filter(|table| {
            let in_schema = match (&table.name.schema, schema) {
                (Some(own), Some(schema)) => own.as_str() == schema,
                _ => true,
            };
            in_schema && self.is_same(table.name.name.as_str(), name)
        });
        let only = found.next()?;
        found.next().is_none().then_some(only)
    }
}

/// Takes remarks about renames out of comments: SQLite keeps the words of a statement, and what stands before a column there is taken for its comment.
pub(super) fn leave_out(database: &mut Database) {
    for table in &mut database.tables {
        let columns = table.columns.iter_mut().map(|column| &mut column.comment);
        let checks = table.checks.iter_mut().map(|check| &mut check.comment);
        for comment in columns.chain(checks).chain([&mut table.comment]) {
            let Some(text) = comment else { continue };
            let lines: Vec<&str> = text
                .lines()
                .filter(|line| !line.trim().starts_with("was:"))
                .collect();
            *comment = Some(lines.join("\n")).filter(|text| !text.trim().is_empty());
        }
    }
}
