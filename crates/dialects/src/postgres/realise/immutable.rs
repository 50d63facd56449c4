//! Columns that never change.

use physical::Ident;

use super::Place;
use super::code::{Part, Section};
use super::emit::{Refusal, bounded, id, indented, text};
use super::realiser::Realiser;

/// Refuses a change, except by the functions of guard (erasure, what a deletion does to references).
pub(super) fn realise(r: &mut Realiser<'_>, at: Place<'_>, columns: &[Ident]) {
    let guard = text(r.blueprint.roles.guard.as_str());
    let Some(code) = r.code_of(at.table, at.origin) else {
        return;
    };
    for column in columns {
        let constraint = bounded(&format!("{}_{column}_immutable", at.table.name));
        let raise = Refusal {
            code: "check_violation",
            message: "the column never changes",
            table: at.table,
            column: Some(column),
            constraint: &constraint,
        }
        .raise();
        code.update.push(Section {
            part: Part::Immutable,
            title: format!("{column} never changes"),
            lines: format!(
                "IF NEW.{0} IS DISTINCT FROM OLD.{0} AND current_user <> {guard} THEN\n{1}END IF;",
                id(column),
                indented(&raise, 4)
            ),
            uses_actor: false,
        });
    }
}
