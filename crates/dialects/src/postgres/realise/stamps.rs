//! Times and authors: set by the database, whatever the statement says.

use physical::Ident;

use super::Place;
use super::code::{Part, Section};
use super::emit::id;
use super::realiser::Realiser;

/// `created_at`, `updated_at`: the start of the transaction.
pub(super) fn times(r: &mut Realiser<'_>, at: Place<'_>, created: Option<&Ident>, updated: Option<&Ident>) {
    stamps(r, at, created, updated, "now()", "times");
}

/// `created_by`, `updated_by`: the context's actor.
pub(super) fn authors(r: &mut Realiser<'_>, at: Place<'_>, created: Option<&Ident>, updated: Option<&Ident>) {
    stamps(r, at, created, updated, "actor", "authors");
}

fn stamps(
    r: &mut Realiser<'_>,
    at: Place<'_>,
    created: Option<&Ident>,
    updated: Option<&Ident>,
    value: &str,
    title: &str,
) {
    let Some(code) = r.code_of(at.table, at.origin) else {
        return;
    };
    let insert: Vec<String> = created
        .iter()
        .chain(updated.iter())
        .map(|column| format!("NEW.{} := {value};", id(column)))
        .collect();
    let mut update: Vec<String> = Vec::new();
    update.extend(created.map(|column| format!("NEW.{0} := OLD.{0};", id(column))));
    update.extend(updated.map(|column| format!("NEW.{} := {value};", id(column))));
    let section = |lines: &[String], uses: bool| Section {
        part: Part::Stamps,
        title: title.to_owned(),
        lines: lines.join("\n"),
        uses_actor: uses && value == "actor",
    };
    if !insert.is_empty() {
        code.insert.push(section(&insert, true));
    }
    if !update.is_empty() {
        code.update.push(section(&update, updated.is_some()));
    }
}
