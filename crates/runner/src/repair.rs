//! What only a person can decide.

use engine::{ConnectOptions, Connection, EngineError};
use journal::{Event, EventKind, Sums, chain_fault, compare, extend};

use crate::lease::{self, Lease};
use crate::run::{Held, hold};
use crate::store::Store;
use crate::{Job, Stop, Tell};

/// What somebody consents to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Repair {
    /// The files of an applied migration are right as they are now.
    AcceptFiles(i64),
    /// The statement that began and is not known to have ended was done.
    Done,
    /// It was not, and shall run again.
    Again,
    /// The run that has the lease is gone.
    RemoveLease,
    /// What a migration did that has begun was undone by hand.
    ForgetUnfinished,
    /// The history is right as it is now.
    AcceptHistory,
}

/// Does what somebody consented to, and says what it was.
///
/// # Errors
/// When there is nothing of the kind, or as [`crate::apply`].
pub fn repair(job: &Job<'_>, what: Repair, tell: Tell<'_>) -> Result<String, Stop> {
    if what == Repair::RemoveLease {
        return remove_lease(job);
    }
    hold(job, tell, |held, lease, _| match what {
        Repair::AcceptFiles(number) => accept_files(held, lease, number),
        Repair::Done => decide(held, true),
        Repair::Again => decide(held, false),
        Repair::ForgetUnfinished => forget(held),
        Repair::AcceptHistory | Repair::RemoveLease => accept_history(held, lease),
    })
}

fn remove_lease(job: &Job<'_>) -> Result<String, Stop> {
    let mut connection = Connection::open(job.url, &ConnectOptions::default())?;
    let store = Store::of(&connection);
    if !store.exists(&mut connection)? {
        return Err(nothing("there is no history in this database"));
    }
    match lease::remove(&mut connection, store)? {
        Some(holder) => Ok(format!(
            "removed the lease of {holder}; if that run lives, it stops at its next statement"
        )),
        None => Err(nothing("nobody has a lease")),
    }
}

fn nothing(what: &str) -> Stop {
    Stop::wrong(what, "`migrate status` tells what there is")
}

fn accept_files(held: &mut Held<'_>, lease: &Lease, number: i64) -> Result<String, Stop> {
    if let Some((position, what)) = chain_fault(&held.events) {
        return Err(crate::run::edited_history(position, what));
    }
    let entries = compare(held.job.migrations, &held.events);
    let applied = entries
        .iter()
        .find(|entry| entry.number == number && entry.is_applied());
    let migration = held.job.migrations.iter().find(|it| it.number == number);
    let (Some(entry), Some(migration)) = (applied, migration) else {
        return Err(nothing(&format!(
            "no migration {number} is both applied and in the folder"
        )));
    };
    if entry.name != migration.name {
        return Err(nothing(&format!(
            "{} is another migration than {}",
            migration.title(),
            entry.title()
        )));
    }
    let none = Sums {
        bytes: String::new(),
        text: String::new(),
    };
    let Some(last) = held.events.last() else {
        return Err(nothing("the history is empty"));
    };
    let event = Event {
        number,
        name: migration.name.clone(),
        up: migration.up.sums.clone(),
        down: migration.down.as_ref().map_or(none, |down| down.sums.clone()),
        ..held.nothing_changed(EventKind::FilesAccepted, last)?
    };
    held.append(lease, event)?;
    Ok(format!(
        "the files of {} are accepted as they are, and the history says so",
        migration.title()
    ))
}

/// Writes down what somebody saw of the statement that is open.
fn decide(held: &mut Held<'_>, done: bool) -> Result<String, Stop> {
    let open = held.lines.iter().find(|line| line.finished.is_empty());
    let (Some(begun), Some(open)) = (&held.begun, open) else {
        return Err(nothing("no statement is open"));
    };
    let (run, position, now) = (begun.run, open.position, held.now());
    if done {
        held.store.finish(&mut held.connection, run, position, &now)?;
    } else {
        held.store.strike(&mut held.connection, run, position)?;
    }
    let number = position + 1;
    Ok(if done {
        format!("statement {number} counts as done; `migrate apply` or `migrate rollback` goes on behind it")
    } else {
        format!("statement {number} runs again with the next `migrate apply` or `migrate rollback`")
    })
}

fn forget(held: &mut Held<'_>) -> Result<String, Stop> {
    let Some(begun) = held.begun.clone() else {
        return Err(nothing("nothing has begun that has not ended"));
    };
    let store = held.store;
    held.connection.transaction(|connection| {
        store.strike(connection, begun.run, 0)?;
        store.end(connection)
    })?;
    Ok(format!("{:04}_{} counts as not begun", begun.number, begun.name))
}

/// Chains the rows anew, as they are, and says so in one more.
fn accept_history(held: &mut Held<'_>, lease: &Lease) -> Result<String, Stop> {
    let Some((position, _)) = chain_fault(&held.events) else {
        return Err(nothing("the history is as it was written"));
    };
    if held.begun.is_some() {
        return Err(nothing(
            "a migration has begun and has not ended; finish or forget it first",
        ));
    }
    if held
        .events
        .iter()
        .zip(1_i64..)
        .any(|(event, expected)| event.position != expected)
    {
        return Err(Stop::wrong(
            format!("row {position} of the history is missing"),
            "put a row there that says what you know: restore the table, or copy the row of another database with the same history",
        ));
    }
    let mut previous = String::new();
    for event in &mut held.events {
        event.chain = extend(&previous, event);
        previous.clone_from(&event.chain);
    }
    let (store, events) = (held.store, held.events.clone());
    held.connection
        .transaction(|connection| -> Result<(), EngineError> {
            events
                .iter()
                .try_for_each(|event| store.set_chain(connection, event.position, &event.chain))
        })?;
    if let Some(last) = held.events.last().cloned() {
        let event = Event {
            kind: EventKind::HistoryAccepted,
            before: last.after.clone(),
            started: held.now(),
            ..last
        };
        held.append(lease, event)?;
    }
    Ok(format!(
        "the history is accepted as it is from row {position} on, and a new row says so"
    ))
}
