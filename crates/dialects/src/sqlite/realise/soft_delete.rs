//! Deleting softly, with all that goes with it, and bringing it back.

use std::collections::HashMap;

use physical::{Behaviour, Blueprint, Ident, Name, SoftAction, SoftChild};

use super::super::ident::{ident, table};
use super::super::types::{NOW, UUID4};
use super::triggers::{SoftColumns, Work};
use crate::source::{Source, key_of, local};

/// The columns of soft deletion.
#[derive(Debug)]
pub(super) struct Stamps<'a> {
    pub(super) deleted_at: &'a Ident,
    pub(super) deleted_by: Option<&'a Ident>,
    pub(super) reason: Option<&'a Ident>,
    pub(super) batch: &'a Ident,
}

pub(super) fn add(blueprint: &Source<'_>, work: &mut Work, stamps: &Stamps<'_>, children: &[SoftChild]) {
    let deleted_at = ident(stamps.deleted_at);
    let batch = ident(stamps.batch);
    guards(work, stamps);
    work.soft = Some(SoftColumns {
        deleted_at: stamps.deleted_at.clone(),
        deleted_by: stamps.deleted_by.cloned(),
        batch: stamps.batch.clone(),
    });
    let by_state = |fallen: &str, risen: &str| {
        format!("CASE WHEN NEW.{deleted_at} IS NOT NULL THEN {fallen} ELSE {risen} END")
    };
    work.soft_sets
        .push((stamps.deleted_at.clone(), by_state(NOW, "NULL")));
    if let Some(deleted_by) = stamps.deleted_by {
        let actor = work.actor.clone();
        work.soft_sets
            .push((deleted_by.clone(), by_state(&actor, "NULL")));
    }
    if let Some(reason) = stamps.reason {
        work.soft_sets
            .push((reason.clone(), by_state(&ident(reason), "NULL")));
    }
    work.soft_sets.push((
        stamps.batch.clone(),
        by_state(&format!("coalesce(NEW.{batch}, {UUID4})"), "NULL"),
    ));
    for child in children {
        add_child(blueprint, work, stamps, child);
    }
}

fn guards(work: &mut Work, stamps: &Stamps<'_>) {
    let deleted_at = ident(stamps.deleted_at);
    let mut born_dead = vec![
        format!("NEW.{deleted_at} IS NOT NULL"),
        format!("NEW.{} IS NOT NULL", ident(stamps.batch)),
    ];
    if let Some(deleted_by) = stamps.deleted_by {
        born_dead.push(format!("NEW.{} IS NOT NULL", ident(deleted_by)));
        let name = ident(deleted_by);
        let condition = format!(
            "NEW.{name} IS NOT OLD.{name} AND NEW.{name} IS NOT NULL AND NEW.{name} IS NOT {}",
            work.actor
        );
        let guard = work.guard("42501", &format!("{deleted_by}_stamped"), &condition);
        work.before_update.push(guard);
        let lifted =
            format!("NEW.{name} IS NULL AND OLD.{name} IS NOT NULL AND NEW.{deleted_at} IS NOT NULL");
        let guard = work.guard("42501", &format!("{deleted_by}_stamped"), &lifted);
        work.before_update.push(guard);
        work.stamps.push(deleted_by.clone());
    }
    if let Some(reason) = stamps.reason {
        born_dead.push(format!("NEW.{} IS NOT NULL", ident(reason)));
        let name = ident(reason);
        let condition = format!(
            "NEW.{deleted_at} IS NULL AND OLD.{deleted_at} IS NULL AND NEW.{name} IS NOT NULL \
                                 AND NEW.{name} IS NOT OLD.{name}"
        );
        let guard = work.guard("23514", &format!("{reason}_living"), &condition);
        work.before_update.push(guard);
    }
    let guard = work.guard(
        "23514",
        &format!("{}_insert", stamps.deleted_at),
        &born_dead.join("\n   OR "),
    );
    work.before_insert.push(guard);
    // A dead row keeps its time of death.
    let condition = format!(
        "OLD.{deleted_at} IS NOT NULL AND NEW.{deleted_at} IS NOT NULL AND NEW.{deleted_at} IS NOT OLD.{deleted_at} \
         AND NEW.{deleted_at} IS NOT {NOW}"
    );
    let guard = work.guard("42501", &format!("{}_stamped", stamps.deleted_at), &condition);
    work.before_update.push(guard);
}

fn add_child(blueprint: &Source<'_>, work: &mut Work, stamps: &Stamps<'_>, child: &SoftChild) {
    let name = table(&local(blueprint, &child.table));
    let refers = |alias: &str, side: &str| {
        let pairs = child.columns.iter().zip(&child.referenced);
        let parts = pairs.map(|(own, theirs)| format!("{alias}{} = {side}.{}", ident(own), ident(theirs)));
        parts.collect::<Vec<_>>().join(" AND ")
    };
    let deleted_at = ident(stamps.deleted_at);
    let batch = ident(stamps.batch);
    let falls = format!("NEW.{deleted_at} IS NOT NULL");
    let living = child
        .deleted_at
        .as_ref()
        .map_or(String::new(), |at| format!(" AND {} IS NULL", ident(at)));
    match child.action {
        SoftAction::Restrict => {
            let condition = format!(
                "OLD.{deleted_at} IS NULL AND {falls}\n  AND EXISTS (SELECT 1 FROM {name} AS c WHERE {}{})",
                refers("c.", "OLD"),
                child
                    .deleted_at
                    .as_ref()
                    .map_or(String::new(), |at| format!(" AND c.{} IS NULL", ident(at)))
            );
            let parent = work.name.clone();
            let key = key_of(blueprint, &child.table, child.columns.first(), &parent);
            let guard = work.guard_key(blueprint, key, &child.table, &condition);
            work.before_update.push(guard);
        }
        SoftAction::Cascade => {
            let (Some(child_at), Some(child_batch)) = (&child.deleted_at, &child.batch) else {
                return;
            };
            let (at, mark) = (ident(child_at), ident(child_batch));
            let mine = format!(
                "(SELECT t.{batch} FROM {} AS t WHERE {})",
                work.sql,
                work.this_row("NEW", "t")
            );
            work.soft_deleted.push(format!(
                "UPDATE {name}\nSET {at} = {NOW},\n    {mark} = {mine}\nWHERE {falls} AND {} AND {at} IS NULL",
                refers("", "NEW")
            ));
            work.soft_deleted.push(format!(
                "UPDATE {name}\nSET {at} = NULL\nWHERE NEW.{deleted_at} IS NULL AND {} AND {mark} = OLD.{batch}",
                refers("", "NEW")
            ));
        }
        SoftAction::SetNull => {
            let emptied: Vec<String> = child
                .set_null
                .iter()
                .map(|column| format!("{} = NULL", ident(column)))
                .collect();
            if !emptied.is_empty() {
                work.soft_deleted.push(format!(
                    "UPDATE {name}\nSET {}\nWHERE {falls} AND {}{living}",
                    emptied.join(", "),
                    refers("", "NEW")
                ));
            }
        }
        SoftAction::Destroy => {
            work.soft_deleted.push(format!(
                "DELETE FROM {name}\nWHERE {falls} AND {}",
                refers("", "NEW")
            ));
        }
        SoftAction::Leave => {}
    }
}

/// A batch is given by the database, or by the parent that the row falls with.
pub(super) fn batches(blueprint: &Source<'_>, work: &mut [Work]) {
    let parents = parents(blueprint);
    for own in work {
        let Some(soft) = own.soft.clone() else { continue };
        let (deleted_at, batch) = (ident(&soft.deleted_at), ident(&soft.batch));
        let mut allowed = vec![
            format!("OLD.{deleted_at} IS NOT NULL AND OLD.{batch} IS NULL"),
            format!("NEW.{deleted_at} IS NULL AND NEW.{batch} IS NULL"),
        ];
        for (parent, theirs, child) in parents.get(&own.name).into_iter().flatten() {
            let pairs = child.columns.iter().zip(&child.referenced);
            let on: Vec<String> = pairs
                .map(|(mine, key)| format!("p.{} = NEW.{}", ident(key), ident(mine)))
                .collect();
            allowed.push(format!(
                "EXISTS (SELECT 1 FROM {} AS p WHERE {} AND p.{} = NEW.{batch})",
                table(&local(blueprint, parent)),
                on.join(" AND "),
                ident(theirs)
            ));
        }
        let allowed: Vec<String> = allowed.iter().map(|one| format!("({one})")).collect();
        let condition = format!(
            "NEW.{batch} IS NOT OLD.{batch}\n  AND NOT ({})",
            allowed.join("\n    OR ")
        );
        let guard = own.guard("42501", &format!("{}_stamped", soft.batch), &condition);
        own.before_update.push(guard);
    }
}

/// The parents that each table falls with: their name, their batch, and how the table refers to them.
fn parents(blueprint: &Blueprint) -> HashMap<Name, Vec<(&Name, &Ident, &SoftChild)>> {
    let mut parents: HashMap<Name, Vec<_>> = HashMap::new();
    for placed in &blueprint.behaviours {
        let Behaviour::SoftDelete { batch, children, .. } = &placed.what else {
            continue;
        };
        for child in children
            .iter()
            .filter(|child| child.action == SoftAction::Cascade)
        {
            let of_child = parents.entry(local(blueprint, &child.table)).or_default();
            of_child.push((&placed.table, batch, child));
        }
    }
    parents
}
