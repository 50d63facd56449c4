//! A database that has the schema of some migrations already, though none of them was run here.

use journal::{Event, EventKind, Migration, Sums};

use crate::run::hold;
use crate::{Job, Stop, Tell};

/// Writes down that the migrations up to a number are applied, without running them. That the schema is theirs is for the caller to
/// have seen. Answers how many.
///
/// # Errors
/// When there is a history already, or no such migration; as [`crate::apply`].
pub fn baseline(job: &Job<'_>, to: i64, tell: Tell<'_>) -> Result<usize, Stop> {
    hold(job, tell, |held, lease, _| {
        if held.begun.is_some() || !held.events.is_empty() {
            return Err(Stop::wrong(
                "this database has a history already",
                "`migrate status` tells what is applied; `migrate apply` goes on from there",
            ));
        }
        let covered: Vec<&Migration> = job.migrations.iter().filter(|it| it.number <= to).collect();
        if covered.last().is_none_or(|last| last.number != to) {
            return Err(Stop::wrong(
                format!("there is no migration {to}"),
                "`migrate status` lists them",
            ));
        }
        let schema = held.see()?.hash;
        for migration in &covered {
            let none = Sums {
                bytes: String::new(),
                text: String::new(),
            };
            let event = Event {
                position: 0,
                kind: EventKind::Baselined,
                number: migration.number,
                name: migration.name.clone(),
                up: migration.up.sums.clone(),
                down: migration.down.as_ref().map_or(none, |down| down.sums.clone()),
                before: schema.clone(),
                after: schema.clone(),
                maker: String::new(),
                started: held.now(),
                finished: String::new(),
                actor: String::new(),
                chain: String::new(),
            };
            held.append(lease, event)?;
        }
        Ok(covered.len())
    })
}
