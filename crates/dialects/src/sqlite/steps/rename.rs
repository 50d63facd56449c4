//! New names for what stays.

use physical::{Ident, Name, Origin};
use plan::{Action, Hazard, Lock, Made, Phase, Rename, RunsAs, Section, Step, Undo};

use super::{quote, table_name};

/// Tables and columns have names that can change; constraints and indexes are made anew.
pub(super) fn rename(rename: &Rename) -> Option<Step> {
    match rename {
        Rename::Table { from, to } => {
            let statement = |from: &Name, to: &Name| {
                format!("ALTER TABLE {} RENAME TO {}", table_name(from), table_name(to))
            };
            let title = format!("table {} is renamed {}", from.name, to.name);
            Some(step(
                title,
                to,
                &from.name,
                (statement(from, to), statement(to, from)),
            ))
        }
        Rename::Column { table, from, to } => {
            let statement = |from: &Ident, to: &Ident| {
                let (from, to) = (quote(from.as_str()), quote(to.as_str()));
                format!("ALTER TABLE {} RENAME COLUMN {from} TO {to}", table_name(table))
            };
            let title = format!("column {}.{from} is renamed {to}", table.name);
            Some(step(
                title,
                table,
                from,
                (statement(from, to), statement(to, from)),
            ))
        }
        Rename::Constraint { .. } | Rename::Index { .. } | Rename::Sequence { .. } => None,
    }
}

fn step(title: String, table: &Name, from: &Ident, (forth, back): (String, String)) -> Step {
    Step {
        title,
        section: Section::Table(table.name.to_string()),
        action: Action::Sql(vec![forth]),
        undo: Undo::Sql(vec![back]),
        lock: Lock::Database,
        hazards: vec![Hazard::BreaksCode(format!("whatever still says {from}"))],
        phase: Phase::Expand,
        transactional: true,
        runs_as: RunsAs::Migrator,
        makes: Made::Other,
        told: Vec::new(),
        apart: None,
        origin: Origin::Found,
    }
}
