//! Times, authors and versions, set by the database and refused from anyone else.

use physical::Ident;

use super::super::ident::ident;
use super::super::types::NOW;
use super::fill;
use super::triggers::{UNFILLED, Work};

/// A column that holds the time of a change: it stays, or becomes the time of this statement.
pub(super) fn stamped_time(work: &mut Work, column: &Ident) {
    let name = ident(column);
    let condition = format!("NEW.{name} IS NOT OLD.{name} AND NEW.{name} IS NOT {NOW}");
    let guard = work.guard("42501", &format!("{column}_stamped"), &condition);
    work.before_update.push(guard);
    work.stamps.push(column.clone());
}

/// A column that holds the author of a change: it stays, or becomes the actor of this transaction.
pub(super) fn stamped_actor(work: &mut Work, column: &Ident) {
    let name = ident(column);
    let condition = format!(
        "NEW.{name} IS NOT OLD.{name} AND NEW.{name} IS NOT {}",
        work.actor
    );
    let guard = work.guard("42501", &format!("{column}_stamped"), &condition);
    work.before_update.push(guard);
    work.stamps.push(column.clone());
}

pub(super) fn times(work: &mut Work, created_at: Option<&Ident>, updated_at: Option<&Ident>) {
    for column in [created_at, updated_at].into_iter().flatten() {
        let condition = format!("NEW.{} IS NOT {NOW}", ident(column));
        let guard = work.guard("42501", &format!("{column}_stamped"), &condition);
        work.before_insert.push(guard);
    }
    if let Some(created_at) = created_at {
        let name = ident(created_at);
        let guard = work.guard(
            "42501",
            &format!("{created_at}_stamped"),
            &format!("NEW.{name} IS NOT OLD.{name}"),
        );
        work.before_update.push(guard);
        work.stamps.push(created_at.clone());
    }
    if let Some(updated_at) = updated_at {
        stamped_time(work, updated_at);
        work.change_sets.push((updated_at.clone(), NOW.to_owned()));
        work.touch.push((updated_at.clone(), NOW.to_owned()));
    }
}

pub(super) fn authors(work: &mut Work, created_by: Option<&Ident>, updated_by: Option<&Ident>) {
    let actor = work.actor.clone();
    for column in [created_by, updated_by].into_iter().flatten() {
        let name = ident(column);
        let condition = format!("NEW.{name} IS NOT {UNFILLED} AND NEW.{name} IS NOT {actor}");
        let guard = work.guard("42501", &format!("{column}_stamped"), &condition);
        work.before_insert.push(guard);
        fill::add(work, column, actor.clone());
    }
    if let Some(created_by) = created_by {
        let name = ident(created_by);
        let condition = format!("NEW.{name} IS NOT OLD.{name} AND OLD.{name} IS NOT {UNFILLED}");
        let guard = work.guard("42501", &format!("{created_by}_stamped"), &condition);
        work.before_update.push(guard);
        work.stamps.push(created_by.clone());
    }
    if let Some(updated_by) = updated_by {
        stamped_actor(work, updated_by);
        work.change_sets.push((updated_by.clone(), actor.clone()));
        work.touch.push((updated_by.clone(), actor));
    }
}

pub(super) fn version(
    work: &mut Work,
    version: &Ident,
    updated_at: Option<&Ident>,
    updated_by: Option<&Ident>,
) {
    let name = ident(version);
    let first = work.guard("42501", &format!("{version}_first"), &format!("NEW.{name} <> 1"));
    work.before_insert.push(first);
    let condition = format!("NEW.{name} NOT IN (OLD.{name}, OLD.{name} + 1)");
    let conflict = work.guard("40001", version.as_str(), &condition);
    work.before_update.push(conflict);
    work.stamps.push(version.clone());
    work.version = Some(version.clone());
    work.change_sets
        .push((version.clone(), format!("OLD.{name} + 1")));
    if let Some(updated_at) = updated_at {
        stamped_time(work, updated_at);
        work.change_sets.push((updated_at.clone(), NOW.to_owned()));
        work.touch.push((updated_at.clone(), NOW.to_owned()));
    }
    if let Some(updated_by) = updated_by {
        let actor = work.actor.clone();
        stamped_actor(work, updated_by);
        work.change_sets.push((updated_by.clone(), actor.clone()));
        work.touch.push((updated_by.clone(), actor));
    }
}
