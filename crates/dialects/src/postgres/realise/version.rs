//! The version of a row: raised for everyone, checked where the statement supplies one.

use physical::Ident;

use super::Place;
use super::code::{Part, Section};
use super::emit::{Refusal, bounded, id, indented};
use super::realiser::Realiser;

/// Raises the version by one; any other new value is a lost update.
pub(super) fn realise(
    r: &mut Realiser<'_>,
    at: Place<'_>,
    version: &Ident,
    updated_at: Option<&Ident>,
    updated_by: Option<&Ident>,
) {
    let constraint = bounded(&format!("{}_{version}", at.table.name));
    let raise = Refusal {
        code: "serialization_failure",
        message: "the row was changed since it was read",
        table: at.table,
        column: Some(version),
        constraint: &constraint,
    }
    .raise();
    let mut stamps = String::new();
    if let Some(column) = updated_at {
        stamps.push_str(&format!("NEW.{} := now();\n", id(column)));
    }
    if let Some(column) = updated_by {
        stamps.push_str(&format!("NEW.{} := actor;\n", id(column)));
    }
    let version = id(version);
    let Some(code) = r.code_of(at.table, at.origin) else {
        return;
    };
    code.insert.push(Section {
        part: Part::Version,
        title: "version".to_owned(),
        lines: format!("NEW.{version} := 1;\n{stamps}"),
        uses_actor: updated_by.is_some(),
    });
    code.update.push(Section {
        part: Part::Version,
        title: "version, raised by one; an ORM's own raise stands".to_owned(),
        lines: format!(
            "IF NEW.{version} NOT IN (OLD.{version}, OLD.{version} + 1) THEN\n{}END IF;\nNEW.{version} := OLD.{version} + 1;\n{stamps}",
            indented(&raise, 4)
        ),
        uses_actor: updated_by.is_some(),
    });
}
