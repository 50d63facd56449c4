//! Columns that never change.

use physical::Ident;

use super::Place;
use super::code::{Part, Section};
use super::emit::{Refusal, bounded, id, indented, text};
use super::realiser::Realiser;

/// Refuses a change, except by the functions of guard (erasure, what a deletion does to references), by the actions of
/// foreign keys, which run as the tables' owner, and by backfills.
pub(super) fn realise(r: &mut Realiser<'_>, at: Place<'_>, columns: &[Ident]) {
    let roles = &r.blueprint.roles;
    let exempt = format!(
        "current_user NOT IN ({}, {}) AND NOT ({})",
        text(roles.guard.as_str()),
        text(roles.owner.as_str()),
        r.backfill()
    );
    let Some(code) = r.code_of(at.table, at.origin) else {
        return;
    };
    let changed = |column: &Ident| format!("NEW.{0} IS DISTINCT FROM OLD.{0}", id(column));
    let raises = columns.iter().map(|column| {
        let constraint = bounded(&format!("{}_{column}_immutable", at.table.name));
        let raise = Refusal {
            code: "check_violation",
            message: "the column never changes",
            table: at.table,
            column: Some(column),
            constraint: &constraint,
        }
        .raise();
        format!("IF {} THEN\n{}END IF;\n", changed(column), indented(&raise, 4))
    });
    let raises: String = raises.collect();
    // Looked at together: a change of none of them costs one expression.
    let any: Vec<String> = columns.iter().map(changed).collect();
    let names: Vec<&str> = columns.iter().map(Ident::as_str).collect();
    code.update.push(Section {
        part: Part::Immutable,
        title: format!("never changed: {}", names.join(", ")),
        lines: format!(
            "IF ({})\n   AND {exempt}\nTHEN\n{}END IF;",
            any.join("\n    OR "),
            indented(&raises, 4)
        ),
        uses_actor: false,
    });
}
