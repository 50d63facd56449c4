//! A living row refers only to living rows.
//!
//! The parent is locked FOR SHARE. A foreign key locks it only FOR KEY SHARE, which lets a soft deletion pass: it is an UPDATE
//! of a column outside every key.

use physical::{Ident, Name, Privilege};

use super::Place;
use super::code::{Reference, changed};
use super::emit::{Refusal, id, indented, pairs, qualified};
use super::realiser::Realiser;

/// The server's own sentence for a foreign key: a dead row answers as one that is not there.
pub(super) fn message(table: &Name, constraint: &Ident) -> String {
    format!(
        "insert or update on table \"{}\" violates foreign key constraint \"{constraint}\"",
        table.name
    )
}

/// Refuses a reference to a dead row.
pub(super) fn realise(
    r: &mut Realiser<'_>,
    at: Place<'_>,
    columns: &[Ident],
    parent: &Name,
    referenced: &[Ident],
    deleted_at: &Ident,
) {
    let constraint = r.foreign_key_name(at.table, columns.first(), parent);
    let raise = Refusal {
        code: "foreign_key_violation",
        message: &message(at.table, &constraint),
        table: at.table,
        column: None,
        constraint: &constraint,
    }
    .raise();
    let own = r.mortal(at.table).map(|mortal| mortal.deleted_at.clone());
    let mut conditions: Vec<String> = columns
        .iter()
        .map(|column| format!("NEW.{} IS NOT NULL", id(column)))
        .collect();
    let mut moved: Vec<String> = vec!["TG_OP = 'INSERT'".to_owned()];
    moved.extend(
        columns
            .iter()
            .map(|column| format!("NEW.{0} IS DISTINCT FROM OLD.{0}", id(column))),
    );
    let mut when: Vec<String> = columns.iter().map(changed).collect();
    if let Some(own) = &own {
        conditions.push(format!("NEW.{} IS NULL", id(own)));
        moved.push(format!("OLD.{} IS NOT NULL", id(own)));
        when.push(format!("(OLD.{0} IS NOT NULL AND NEW.{0} IS NULL)", id(own)));
    }
    conditions.push(format!("({})", moved.join(" OR ")));
    let names: Vec<&str> = columns.iter().map(Ident::as_str).collect();
    let lines = format!(
        "IF {} THEN\n    SELECT p.{} INTO died FROM {} AS p WHERE {} FOR SHARE;\n    IF died IS NOT NULL THEN\n{}    END IF;\nEND IF;",
        conditions.join("\n   AND "),
        id(deleted_at),
        qualified(parent),
        pairs("p", referenced, "NEW", columns),
        indented(&raise, 8),
    );
    r.guard(parent, Privilege::Select, &[]);
    // Locking a row takes a right to change it; one column is enough.
    r.guard(parent, Privilege::Update, std::slice::from_ref(deleted_at));
    let Some(code) = r.code_of(at.table, at.origin) else {
        return;
    };
    code.references.push(Reference {
        title: format!("{} refers to a living row of {}", names.join(", "), parent.name),
        declare: vec!["died timestamptz".to_owned()],
        lines,
        when,
    });
}
