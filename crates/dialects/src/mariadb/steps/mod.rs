//! Changes in MariaDB's words.
//!
//! Every statement that changes the schema commits by itself here, so no step shares a transaction with another.

mod access;
mod routine;
mod table;

pub(super) use routine::view_query;
pub(super) use table::{default_text, index_key};

use physical::{Database, Opaque, Origin, Seed, SqlType};
use plan::{Action, Change, Hazard, Lock, Made, Object, Phase, RunsAs, Section, Step, Undo};

use super::ident::{idents, literal, table as table_name};
use super::types;

/// Puts a change into words. What is in use cannot be changed yet: whoever asks is told so.
#[must_use]
pub(super) fn steps(change: &Change<'_>) -> Vec<Step> {
    match change {
        // It stands in its table.
        Change::Create(Object::Index(..)) => Vec::new(),
        Change::Create(object) => create(object),
        Change::Add(Object::Index(table, index)) => vec![table::add_index(table, index)],
        Change::Add(object) => create(object),
        Change::Drop(Object::Index(table, index)) => vec![dropped(table::add_index(table, index), None)],
        Change::Drop(object) => {
            let lost = rows_of(object);
            let made = create(object).into_iter();
            made.map(|step| dropped(step, lost.clone())).collect()
        }
        Change::GoesAlong(object) => create(object).into_iter().map(along).collect(),
        Change::Replace(from, to) => {
            let gone = create(from).into_iter().map(|step| dropped(step, None));
            gone.chain(create(to)).collect()
        }
        Change::Alter(_)
        | Change::Rename(_)
        | Change::Beside(_)
        | Change::BesideBack(_)
        | Change::AddPart(_)
        | Change::AddWhole { .. }
        | Change::DropWhole { .. }
        | Change::Join { .. }
        | Change::Retype { .. }
        | Change::DropRetyped { .. }
        | Change::SetAside { .. }
        | Change::BringBack { .. } => Vec::new(),
    }
}

fn create(object: &Object<'_>) -> Vec<Step> {
    match object {
        Object::Role(role) => vec![access::role(role)],
        Object::Table(table, keys) => vec![table::table(table, keys)],
        Object::ForeignKey(table, key) => vec![table::foreign_key(table, key)],
        Object::Index(table, index) => vec![table::add_index(table, index)],
        Object::Function(function) => vec![routine::function(function)],
        Object::Trigger(table, trigger) => vec![routine::trigger(table, trigger)],
        Object::View(view) => vec![routine::view(view)],
        Object::Grants(table) => access::grants(table).into_iter().collect(),
        Object::Seed(seed, database) => rows(seed, database).into_iter().collect(),
        Object::Opaque(opaque) => vec![verbatim(opaque)],
        // A database is a schema, and has no types, policies or partitions of their own.
        Object::Schema(_)
        | Object::Extension(_)
        | Object::Type(_)
        | Object::Place(..)
        | Object::RowSecurity(_)
        | Object::Policy(..) => Vec::new(),
    }
}

fn rows_of(object: &Object<'_>) -> Option<Hazard> {
    match object {
        Object::Table(table, _) => Some(Hazard::DataLoss(format!("the rows of {}", table.name))),
        _ => None,
    }
}

/// A step the other way round.
fn dropped(mut step: Step, lost: Option<Hazard>) -> Step {
    let Action::Sql(made) = step.action;
    let (statements, undo) = match step.undo {
        Undo::Sql(statements) => (statements, Undo::Sql(made)),
        other => (Vec::new(), other),
    };
    step.title.push_str(" goes");
    step.action = Action::Sql(statements);
    step.undo = undo;
    step.phase = Phase::Contract;
    step.lock = Lock::AccessExclusive;
    step.hazards = lost.into_iter().collect();
    step
}

/// What goes by itself comes again by a step.
fn along(step: Step) -> Step {
    let mut step = dropped(step, None);
    step.action = Action::Sql(Vec::new());
    step
}

fn step(title: String, section: Section, sql: Vec<String>, undo: Undo, origin: Origin) -> Step {
    Step {
        title,
        section,
        action: Action::Sql(sql),
        undo,
        lock: Lock::None,
        hazards: Vec::new(),
        phase: Phase::Expand,
        transactional: false,
        runs_as: RunsAs::Migrator,
        makes: Made::Other,
        told: vec![0],
        apart: None,
        origin,
    }
}

fn undo(statement: String) -> Undo {
    Undo::Sql(vec![statement])
}

fn rows(seed: &Seed, database: &Database) -> Option<Step> {
    let table = database.table(&seed.table)?;
    let rows = seed.rows.iter().map(|row| {
        let values = row.iter().zip(&seed.columns).map(|(value, column)| {
            let column = table.column(column.as_str());
            let ty = column.map_or(SqlType::Text, |column| column.ty.clone());
            types::literal_for(value, &ty).unwrap_or_else(|_| literal(value))
        });
        format!("    ({})", values.collect::<Vec<_>>().join(", "))
    });
    let sql = format!(
        "INSERT INTO {} ({})\nVALUES\n{}",
        table_name(&seed.table),
        idents(&seed.columns),
        rows.collect::<Vec<_>>().join(",\n")
    );
    let mut made = step(
        format!("rows of {}", seed.table),
        Section::Seeds,
        vec![sql],
        Undo::WithOther,
        seed.origin,
    );
    made.transactional = true;
    Some(made)
}

fn verbatim(opaque: &Opaque) -> Step {
    let back = match &opaque.undo {
        Some(sql) => undo(sql.clone()),
        None => Undo::Impossible("its author gave no way back".to_owned()),
    };
    let definition = opaque.definition.trim().trim_end_matches(';').to_owned();
    step(
        format!("{} {}", opaque.kind, opaque.name),
        Section::Raw,
        vec![definition],
        back,
        opaque.origin,
    )
}
