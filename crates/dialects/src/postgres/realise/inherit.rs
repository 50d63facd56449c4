//! Owner and tenant of a child, and copies of public ids, from the row it refers to.
//!
//! The parent is read with the caller's rights: one that row-level security hides is refused as one that is not there.

use physical::{Ident, Name};

use super::Place;
use super::code::{Part, Section};
use super::emit::{Refusal, id, indented, qualified};
use super::realiser::Realiser;

/// Fills the pairs (own column, parent's column).
pub(super) fn realise(
    r: &mut Realiser<'_>,
    at: Place<'_>,
    via: &Ident,
    (parent, key): (&Name, &Ident),
    columns: &[(Ident, Ident)],
) {
    if columns.is_empty() {
        return;
    }
    let constraint = r.foreign_key_name(at.table, Some(via), parent);
    let raise = Refusal {
        code: "foreign_key_violation",
        message: &super::living_parent::message(at.table, &constraint),
        table: at.table,
        column: None,
        constraint: &constraint,
    }
    .raise();
    let via_name = id(via);
    let own = |column: &Ident| format!("NEW.{}", id(column));
    let read = format!(
        "SELECT {} INTO parent FROM {} AS p WHERE p.{} = NEW.{via_name};\nIF NOT FOUND THEN\n{}END IF;\n",
        columns
            .iter()
            .map(|(_, theirs)| format!("p.{}", id(theirs)))
            .collect::<Vec<_>>()
            .join(", "),
        qualified(parent),
        id(key),
        indented(&raise, 4),
    );
    let fill: String = columns
        .iter()
        .map(|(ours, theirs)| format!("{0} := COALESCE({0}, parent.{1});\n", own(ours), id(theirs)))
        .collect();
    let follow: String = columns
        .iter()
        .map(|(ours, theirs)| format!("{} := parent.{};\n", own(ours), id(theirs)))
        .collect();
    let open: Vec<String> = columns
        .iter()
        .map(|(ours, _)| format!("{} IS NULL", own(ours)))
        .collect();
    let nullable = |column: &Ident| {
        let found = r.table(at.table).and_then(|table| table.column(column.as_str()));
        found.is_some_and(|column| column.nullable)
    };
    let emptied: String = columns
        .iter()
        .filter(|(ours, _)| nullable(ours))
        .map(|(ours, _)| format!("{} := NULL;\n", own(ours)))
        .collect();
    let emptied = if emptied.is_empty() {
        emptied
    } else {
        format!(
            "ELSIF NEW.{via_name} IS NULL AND OLD.{via_name} IS NOT NULL THEN\n{}",
            indented(&emptied, 4)
        )
    };
    let title = format!("owner, tenant and copies through {via}");
    let Some(code) = r.code_of(at.table, at.origin) else {
        return;
    };
    if !code.locals.iter().any(|local| local == "parent record") {
        code.locals.push("parent record".to_owned());
    }
    let section = |lines: String| Section {
        part: Part::Inherit,
        title: title.clone(),
        lines,
        uses_actor: false,
    };
    code.insert.push(section(format!(
        "IF NEW.{via_name} IS NOT NULL AND ({}) THEN\n{}END IF;",
        open.join(" OR "),
        indented(&format!("{read}{fill}"), 4)
    )));
    code.update.push(section(format!(
        "IF NEW.{via_name} IS NOT NULL AND NEW.{via_name} IS DISTINCT FROM OLD.{via_name} THEN\n{}{emptied}END IF;",
        indented(&format!("{read}{follow}"), 4)
    )));
}
