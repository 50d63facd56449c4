//! Times, authors, versions and states: set by the database, whatever a statement says.

use physical::{Ident, NormalForm};

use super::work::{Moment, Part, Work};
use crate::mariadb::ident::{ident, text};
use crate::mariadb::types::NOW;

/// A column that a change sets and that stays otherwise; on INSERT too.
fn always(work: &mut Work, column: &Ident, value: &str) {
    work.set(Moment::BeforeInsert, Part::Stamp, column, value);
    work.set(Moment::BeforeUpdate, Part::Stamp, column, value);
}

/// A column that is set once.
fn once(work: &mut Work, column: &Ident, value: &str) {
    work.set(Moment::BeforeInsert, Part::Stamp, column, value);
    let was = format!("OLD.{}", ident(column));
    work.set(Moment::BeforeUpdate, Part::Stamp, column, &was);
}

pub(super) fn times(work: &mut Work, created_at: Option<&Ident>, updated_at: Option<&Ident>) {
    if let Some(created_at) = created_at {
        once(work, created_at, NOW);
    }
    if let Some(updated_at) = updated_at {
        always(work, updated_at, NOW);
    }
}

pub(super) fn authors(work: &mut Work, created_by: Option<&Ident>, updated_by: Option<&Ident>) {
    let actor = work.actor.clone();
    if let Some(created_by) = created_by {
        once(work, created_by, &actor);
    }
    if let Some(updated_by) = updated_by {
        always(work, updated_by, &actor);
    }
}

pub(super) fn version(
    work: &mut Work,
    version: &Ident,
    updated_at: Option<&Ident>,
    updated_by: Option<&Ident>,
) {
    let name = ident(version);
    let lost = format!("NEW.{name} NOT IN (OLD.{name}, OLD.{name} + 1)");
    work.refuse(Moment::BeforeUpdate, "40001", version.as_str(), &lost);
    work.set(Moment::BeforeInsert, Part::Stamp, version, "1");
    work.set(
        Moment::BeforeUpdate,
        Part::Stamp,
        version,
        &format!("OLD.{name} + 1"),
    );
    let actor = work.actor.clone();
    if let Some(updated_at) = updated_at {
        always(work, updated_at, NOW);
    }
    if let Some(updated_by) = updated_by {
        always(work, updated_by, &actor);
    }
}

/// First states and declared moves.
pub(super) fn transitions(
    work: &mut Work,
    column: &Ident,
    (initial, moves): (&[String], &[(String, String)]),
    (changed_at, changed_by): (Option<&Ident>, Option<&Ident>),
) {
    let name = ident(column);
    let rule = format!("{column}_transition");
    if !initial.is_empty() {
        let states: Vec<String> = initial.iter().map(|state| text(state)).collect();
        let other = format!("NEW.{name} NOT IN ({})", states.join(", "));
        work.refuse(Moment::BeforeInsert, "23514", &rule, &other);
    }
    let changed = format!("NOT (NEW.{name} <=> OLD.{name})");
    let pairs: Vec<String> = moves
        .iter()
        .map(|(from, to)| format!("({}, {})", text(from), text(to)))
        .collect();
    let undeclared = match pairs.as_slice() {
        [] => changed.clone(),
        pairs => format!(
            "{changed}\n  AND (OLD.{name}, NEW.{name}) NOT IN ({})",
            pairs.join(", ")
        ),
    };
    work.refuse(Moment::BeforeUpdate, "23514", &rule, &undeclared);
    let actor = work.actor.clone();
    for (stamped, value) in [(changed_at, NOW), (changed_by, actor.as_str())] {
        let Some(stamped) = stamped else { continue };
        work.set(Moment::BeforeInsert, Part::Stamp, stamped, value);
        let kept = format!("if({changed}, {value}, OLD.{})", ident(stamped));
        work.set(Moment::BeforeUpdate, Part::Stamp, stamped, &kept);
    }
}

/// One stored form.
pub(super) fn normalise(work: &mut Work, column: &Ident, form: NormalForm) {
    let name = ident(column);
    let value = match form {
        NormalForm::Trimmed => format!("trim(NEW.{name})"),
        NormalForm::TrimmedLower => format!("lower(trim(NEW.{name}))"),
    };
    for moment in [Moment::BeforeInsert, Moment::BeforeUpdate] {
        work.set(moment, Part::Form, column, &value);
    }
}
