//! New names for what stays.

use physical::{Ident, Name, Origin};
use plan::{Hazard, Lock, Rename, Section, Step, Undo};

use super::{locking, shown, step};
use crate::postgres::ident;

/// Whoever names what is renamed is stopped or misled; nothing is read or written.
pub(super) fn rename(rename: &Rename) -> Step {
    let table = |name: &Name| format!("ALTER TABLE {} ", ident::name(name));
    match rename {
        Rename::Table { from, to } => named(
            (format!("table {} is renamed", shown(from)), shown(to)),
            (table(from), table(to)),
            "",
            (&from.name, &to.name),
        ),
        Rename::Column { table: of, from, to } => named(
            (format!("column {}.{from} is renamed", shown(of)), shown(of)),
            (table(of), table(of)),
            "COLUMN ",
            (from, to),
        ),
        Rename::Constraint { table: of, from, to } => quiet(named(
            (
                format!("constraint {from} of {} is renamed", shown(of)),
                shown(of),
            ),
            (table(of), table(of)),
            "CONSTRAINT ",
            (from, to),
        )),
        Rename::Index { table: of, from, to } => {
            let index = |name: &Ident| {
                let mut whole = Name::bare(name.clone());
                whole.schema.clone_from(&of.schema);
                format!("ALTER INDEX {} ", ident::name(&whole))
            };
            let mut step = quiet(named(
                (format!("index {from} of {} is renamed", shown(of)), shown(of)),
                (index(from), index(to)),
                "",
                (from, to),
            ));
            step.lock = Lock::ShareUpdateExclusive;
            step
        }
        Rename::Sequence { from, to } => {
            let sequence = |name: &Name| format!("ALTER SEQUENCE {} ", ident::name(name));
            named(
                (format!("sequence {} is renamed", shown(from)), shown(to)),
                (sequence(from), sequence(to)),
                "",
                (&from.name, &to.name),
            )
        }
    }
}

fn named(
    (title, section): (String, String),
    (forth, back): (String, String),
    kind: &str,
    (from, to): (&Ident, &Ident),
) -> Step {
    let (old, new) = (ident::ident(from.as_str()), ident::ident(to.as_str()));
    let statement = |alter: &str, from: &str, to: &str| match kind {
        "" => format!("{alter}RENAME TO {to}"),
        kind => format!("{alter}RENAME {kind}{from} TO {to}"),
    };
    let step = step(
        format!("{title} {to}"),
        Section::Table(section),
        vec![statement(&forth, &old, &new)],
        Undo::Sql(vec![statement(&back, &new, &old)]),
        Origin::Found,
    );
    let code = vec![Hazard::BreaksCode(format!("whatever still says {from}"))];
    locking(step, Lock::AccessExclusive, code)
}

/// Nobody names a constraint or an index in their statements.
fn quiet(mut step: Step) -> Step {
    step.hazards.clear();
    step
}
