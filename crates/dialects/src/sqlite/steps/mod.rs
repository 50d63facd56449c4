//! Changes in SQLite's words.

mod alter;
mod frame;
mod keep;
mod parts;
mod rebuild;
mod references;
mod rename;
mod table;
mod text;
mod view;
mod virtual_table;

pub(super) use frame::frame;
pub(super) use keep::keep;
pub(super) use table::{default_text, index_key, rowid_column};
pub(super) use view::query as view_query;

use physical::{Database, Opaque, Seed, Table};
use plan::{Action, Change, Hazard, Lock, Made, Object, Phase, RunsAs, Section, Step, Undo};

use super::ident::{quote, table as table_name};
use super::types;

/// Puts a change into words.
#[must_use]
pub(super) fn steps(change: &Change<'_>) -> Vec<Step> {
    match change {
        Change::Create(object) | Change::Add(object) => create(object),
        Change::Drop(object) => create(object)
            .into_iter()
            .map(|step| dropped(object, gone(step)))
            .collect(),
        Change::GoesAlong(object) => create(object).into_iter().map(along).collect(),
        Change::Rename(rename) => rename::rename(rename).into_iter().collect(),
        Change::Replace(Object::Opaque(from), Object::Opaque(to)) if from.kind == "virtual table" => {
            virtual_table::replace(from, to).into_iter().collect()
        }
        Change::Replace(from, to) => {
            let gone = create(from).into_iter().map(gone);
            gone.chain(create(to)).collect()
        }
        Change::Alter(change) => vec![alter::step_for(change)],
        // No table here is a partition of another, no column is filled beside another, and there are no types to be had.
        Change::Beside(_)
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

/// What goes with an object that goes.
fn dropped(object: &Object<'_>, mut step: Step) -> Step {
    step.phase = Phase::Contract;
    step.hazards.clear();
    let code = |name: &physical::Name| Hazard::BreaksCode(format!("whatever still names `{name}`"));
    match object {
        Object::Table(table, _) => {
            let rows = Hazard::DataLoss(format!("the rows of `{}`", table.name));
            step.hazards.extend([rows, code(&table.name)]);
        }
        Object::Opaque(opaque) if opaque.kind == "virtual table" => {
            let rows = Hazard::DataLoss(format!("the rows of `{}`", opaque.name));
            step.hazards.extend([rows, code(&opaque.name)]);
        }
        Object::View(view) => step.hazards.push(code(&view.name)),
        _ => {}
    }
    step
}

/// A step the other way round.
fn gone(mut step: Step) -> Step {
    let Action::Sql(made) = step.action;
    let (statements, undo) = match step.undo {
        Undo::Sql(statements) => (statements, Undo::Sql(made)),
        other => (Vec::new(), other),
    };
    step.title.push_str(" goes");
    step.action = Action::Sql(statements);
    step.undo = undo;
    step
}

/// What goes by itself comes again by a step.
fn along(step: Step) -> Step {
    let mut step = gone(step);
    step.action = Action::Sql(Vec::new());
    step
}

fn create(object: &Object<'_>) -> Vec<Step> {
    match object {
        Object::Table(table, _) => vec![table_step(table)],
        Object::Index(table, index) => vec![index_step(table, index)],
        Object::Trigger(table, trigger) => vec![trigger_step(table, trigger)],
        Object::View(view) => vec![view_step(view)],
        Object::Seed(seed, database) => seed_step(seed, database).into_iter().collect(),
        Object::Opaque(opaque) => vec![opaque_step(opaque)],
        // A foreign key stands in its table, which may name tables that come later; the others do not exist here.
        Object::ForeignKey(..)
        | Object::Role(_)
        | Object::Schema(_)
        | Object::Extension(_)
        | Object::Type(_)
        | Object::Function(_)
        | Object::Place(..)
        | Object::RowSecurity(_)
        | Object::Policy(..)
        | Object::Grants(_) => Vec::new(),
    }
}

fn step(title: String, section: Section, sql: Vec<String>, undo: Undo, origin: physical::Origin) -> Step {
    Step {
        title,
        section,
        action: Action::Sql(sql),
        undo,
        // Whatever writes the schema has the whole file for itself.
        lock: Lock::Database,
        hazards: Vec::new(),
        phase: Phase::Expand,
        transactional: true,
        runs_as: RunsAs::Migrator,
        makes: Made::Other,
        told: vec![0],
        apart: None,
        origin,
    }
}

fn table_step(table: &Table) -> Step {
    step(
        format!("table {}", table.name),
        Section::Table(table.name.name.to_string()),
        vec![table::create(table)],
        Undo::Sql(vec![format!("DROP TABLE {}", table_name(&table.name))]),
        table.origin,
    )
}

fn index_step(table: &Table, index: &physical::Index) -> Step {
    let mut made = step(
        format!("index {}", index.name),
        Section::Table(table.name.name.to_string()),
        vec![table::index(table, index)],
        Undo::Sql(vec![format!("DROP INDEX {}", quote(index.name.as_str()))]),
        index.origin,
    );
    made.hazards.push(Hazard::Scan(format!(
        "reads all of `{}` while the file is locked",
        table.name
    )));
    if index.unique {
        made.hazards.push(Hazard::MayFail(format!(
            "fails when rows of `{}` have the same key",
            table.name
        )));
    }
    made
}

fn trigger_step(table: &Table, trigger: &physical::Trigger) -> Step {
    step(
        format!("trigger {}", trigger.name),
        Section::Triggers,
        vec![view::trigger(table, trigger)],
        Undo::Sql(vec![format!("DROP TRIGGER {}", quote(trigger.name.as_str()))]),
        trigger.origin,
    )
}

fn view_step(view: &physical::View) -> Step {
    step(
        format!("view {}", view.name),
        Section::Views,
        vec![view::create(view)],
        Undo::Sql(vec![format!("DROP VIEW {}", table_name(&view.name))]),
        view.origin,
    )
}

fn seed_step(seed: &Seed, database: &Database) -> Option<Step> {
    let table = database.table(&seed.table)?;
    let columns: Vec<String> = seed.columns.iter().map(|column| quote(column.as_str())).collect();
    let mut rows = Vec::with_capacity(seed.rows.len());
    for row in &seed.rows {
        let values = row.iter().zip(&seed.columns).map(|(value, column)| {
            let ty = table
                .column(column.as_str())
                .map_or(physical::SqlType::Text, |column| column.ty.clone());
            types::literal_for(value, &ty).unwrap_or_else(|_| super::ident::literal(value))
        });
        rows.push(format!("  ({})", values.collect::<Vec<_>>().join(", ")));
    }
    let name = table_name(&seed.table);
    let sql = format!(
        "INSERT INTO {name} ({})\nVALUES\n{}",
        columns.join(", "),
        rows.join(",\n")
    );
    Some(step(
        format!("rows of {}", seed.table),
        Section::Seeds,
        vec![sql],
        Undo::WithOther,
        seed.origin,
    ))
}

fn opaque_step(opaque: &Opaque) -> Step {
    let undo = match &opaque.undo {
        Some(sql) => Undo::Sql(vec![sql.clone()]),
        None => Undo::Impossible("its author gave no way back".to_owned()),
    };
    let definition = opaque.definition.trim().trim_end_matches(';').to_owned();
    step(
        format!("{} {}", opaque.kind, opaque.name),
        Section::Raw,
        vec![definition],
        undo,
        opaque.origin,
    )
}
