//! Deleting softly, with all that goes with it, and bringing it back.

use physical::{Behaviour, Ident, SoftAction, SoftChild};

use super::work::{Moment, Part, Work, indented};
use crate::losses::Losses;
use crate::mariadb::ident::{ident, table};
use crate::mariadb::types::{NOW, UUID4};
use crate::source::{Source, key_of, local};

/// The columns of soft deletion.
pub(super) struct Columns<'a> {
    pub(super) deleted_at: &'a Ident,
    pub(super) deleted_by: Option<&'a Ident>,
    pub(super) reason: Option<&'a Ident>,
    pub(super) batch: &'a Ident,
}

pub(super) fn add(
    blueprint: &Source<'_>,
    work: &mut Work,
    columns: &Columns<'_>,
    children: &[SoftChild],
    losses: &mut Losses,
) {
    born_living(work, columns);
    stamps(blueprint, work, columns);
    for child in children {
        let own = local(blueprint, &child.table);
        let acts = !matches!(child.action, SoftAction::Leave | SoftAction::Restrict);
        if acts && own == work.name {
            losses.add(
                "own rows that follow",
                format!("{}.{}", own.name, columns.deleted_at),
                "a trigger cannot change the table that it stands on: a row with living rows of its own table below it cannot be \
                 deleted before them",
                work_origin(blueprint),
            );
            restrict(blueprint, work, columns, child);
        } else {
            follow(blueprint, work, columns, child);
        }
    }
}

fn work_origin(blueprint: &Source<'_>) -> physical::Origin {
    let placed = blueprint.behaviours.first();
    placed.map_or(physical::Origin::Found, |placed| placed.origin)
}

fn born_living(work: &mut Work, columns: &Columns<'_>) {
    let all = [
        Some(columns.deleted_at),
        columns.deleted_by,
        columns.reason,
        Some(columns.batch),
    ];
    let given: Vec<String> = all
        .into_iter()
        .flatten()
        .map(|column| format!("NEW.{} IS NOT NULL", ident(column)))
        .collect();
    let rule = format!("{}_insert", columns.deleted_at);
    work.refuse(Moment::BeforeInsert, "23514", &rule, &given.join("\n   OR "));
    if let Some(reason) = columns.reason {
        let (at, name) = (ident(columns.deleted_at), ident(reason));
        let living = format!(
            "NEW.{at} IS NULL AND OLD.{at} IS NULL AND NEW.{name} IS NOT NULL AND NOT (NEW.{name} <=> OLD.{name})"
        );
        work.refuse(
            Moment::BeforeUpdate,
            "23514",
            &format!("{reason}_living"),
            &living,
        );
    }
}

/// Time, actor and batch, whatever the statement says. The batch is that of the parent with which the row falls.
fn stamps(blueprint: &Source<'_>, work: &mut Work, columns: &Columns<'_>) {
    let (at, batch) = (ident(columns.deleted_at), ident(columns.batch));
    let mut falls = vec![format!("SET NEW.{at} = {NOW}")];
    let mut lives = vec![format!("SET NEW.{batch} = NULL")];
    let mut stays = vec![
        format!("SET NEW.{at} = OLD.{at}"),
        format!("SET NEW.{batch} = OLD.{batch}"),
    ];
    if let Some(deleted_by) = columns.deleted_by.map(ident) {
        falls.push(format!("SET NEW.{deleted_by} = {}", work.actor));
        lives.push(format!("SET NEW.{deleted_by} = NULL"));
        stays.push(format!("SET NEW.{deleted_by} = OLD.{deleted_by}"));
    }
    if let Some(reason) = columns.reason.map(ident) {
        lives.push(format!("SET NEW.{reason} = NULL"));
    }
    let parents = with_parents(blueprint, work, &batch);
    falls.push(match parents.as_slice() {
        [] => format!("SET NEW.{batch} = {UUID4}"),
        parents => format!(
            "IF NOT (NEW.{batch} IS NOT NULL AND ({})) THEN\n    SET NEW.{batch} = {UUID4};\nEND IF",
            parents.join("\n    OR ")
        ),
    });
    let block = |statements: &[String]| {
        let lines: Vec<String> = statements.iter().map(|each| indented(each, 4)).collect();
        lines.join(";\n")
    };
    let statement = format!(
        "IF NEW.{at} IS NULL THEN\n{};\nELSEIF OLD.{at} IS NULL THEN\n{};\nELSE\n{};\nEND IF",
        block(&lives),
        block(&falls),
        block(&stays)
    );
    work.add(Moment::BeforeUpdate, Part::Stamp, statement);
}

/// That the batch is one of a row with which this one falls.
fn with_parents(blueprint: &Source<'_>, work: &Work, batch: &str) -> Vec<String> {
    let mut all = Vec::new();
    for placed in &blueprint.behaviours {
        let Behaviour::SoftDelete {
            batch: theirs,
            children,
            ..
        } = &placed.what
        else {
            continue;
        };
        let own = children.iter().filter(|child| {
            child.action == SoftAction::Cascade
                && local(blueprint, &child.table) == work.name
                && local(blueprint, &placed.table) != work.name
        });
        for child in own {
            let pairs = child.columns.iter().zip(&child.referenced);
            let on: Vec<String> = pairs
                .map(|(mine, key)| format!("p.{} = NEW.{}", ident(key), ident(mine)))
                .collect();
            all.push(format!(
                "EXISTS (SELECT 1 FROM {} AS p WHERE {} AND p.{} = NEW.{batch})",
                table(&local(blueprint, &placed.table)),
                on.join(" AND "),
                ident(theirs)
            ));
        }
    }
    all
}

fn refers(child: &SoftChild, alias: &str, side: &str) -> String {
    let pairs = child.columns.iter().zip(&child.referenced);
    let parts = pairs.map(|(own, theirs)| format!("{alias}{} = {side}.{}", ident(own), ident(theirs)));
    parts.collect::<Vec<_>>().join(" AND ")
}

fn restrict(blueprint: &Source<'_>, work: &mut Work, columns: &Columns<'_>, child: &SoftChild) {
    let at = ident(columns.deleted_at);
    let living = child.deleted_at.as_ref();
    let living = living.map_or(String::new(), |at| format!(" AND c.{} IS NULL", ident(at)));
    let condition = format!(
        "OLD.{at} IS NULL AND NEW.{at} IS NOT NULL\n  AND EXISTS (SELECT 1 FROM {} AS c WHERE {}{living})",
        table(&local(blueprint, &child.table)),
        refers(child, "c.", "OLD"),
    );
    let parent = work.name.clone();
    let key = key_of(blueprint, &child.table, child.columns.first(), &parent);
    work.refuse_key(Moment::BeforeUpdate, blueprint, key, &child.table, &condition);
}

fn follow(blueprint: &Source<'_>, work: &mut Work, columns: &Columns<'_>, child: &SoftChild) {
    let name = table(&local(blueprint, &child.table));
    let (at, batch) = (ident(columns.deleted_at), ident(columns.batch));
    let falls = format!("OLD.{at} IS NULL AND NEW.{at} IS NOT NULL");
    let on = refers(child, "", "NEW");
    let living = child.deleted_at.as_ref();
    let living = living.map_or(String::new(), |at| format!(" AND {} IS NULL", ident(at)));
    let mut when = |condition: &str, statement: String| {
        let statement = indented(&statement, 4);
        let statement = format!("IF {condition} THEN\n{statement};\nEND IF");
        work.add(Moment::AfterUpdate, Part::Follow, statement);
    };
    match child.action {
        SoftAction::Restrict => restrict(blueprint, work, columns, child),
        SoftAction::Cascade => {
            let (Some(theirs), Some(mark)) = (&child.deleted_at, &child.batch) else {
                return;
            };
            let (theirs, mark) = (ident(theirs), ident(mark));
            when(
                &falls,
                format!("UPDATE {name}\nSET {theirs} = {NOW}, {mark} = NEW.{batch}\nWHERE {on}{living}"),
            );
            when(
                &format!("OLD.{at} IS NOT NULL AND NEW.{at} IS NULL"),
                format!("UPDATE {name}\nSET {theirs} = NULL\nWHERE {on} AND {mark} = OLD.{batch}"),
            );
        }
        SoftAction::SetNull => {
            let emptied = child.set_null.iter();
            let emptied: Vec<String> = emptied
                .map(|column| format!("{} = NULL", ident(column)))
                .collect();
            if !emptied.is_empty() {
                when(
                    &falls,
                    format!("UPDATE {name}\nSET {}\nWHERE {on}{living}", emptied.join(", ")),
                );
            }
        }
        SoftAction::Destroy => when(&falls, format!("DELETE FROM {name}\nWHERE {on}")),
        SoftAction::Leave => {}
    }
}
