//! A row, two rows that refer to it, and a neighbour with a row of its own.

use engine::Connection;
use evidence::Counterexample;
use physical::{ForeignKey, Table};

use super::is_root;
use crate::bench::{Bench, Loaded};
use crate::data::{Datum, Maker, Speller, TablePlan, Values};
use crate::gate::Stop;

/// A small graph around one reference.
pub(super) struct Graph<'a> {
    pub(super) parent: &'a Table,
    pub(super) child: &'a Table,
    pub(super) parent_table: String,
    pub(super) parent_condition: String,
    pub(super) parent_key: String,
    pub(super) child_keys: Vec<String>,
    pub(super) child_conditions: Vec<String>,
    pub(super) child_table: String,
    pub(super) statements: Vec<String>,
    pub(super) maker: Maker<'a>,
    pub(super) pointing: Values,
    pub(super) speller: Speller,
}

impl<'a> Graph<'a> {
    /// Plans the graph of a foreign key. `None` where the rows are not the generator's to make (pseudonyms, keys), or where the
    /// reference is not there in its own right (stamps, owner and tenant by themselves).
    pub(super) fn plan(
        bench: &mut Bench<'a>,
        loaded: &Loaded<'a>,
        table: &'a Table,
        key: &ForeignKey,
    ) -> Result<Option<Self>, Stop> {
        let subject = bench.subject;
        let Some(parent) = subject.realised.database.table(&key.references) else {
            return Ok(None);
        };
        let is_ours = |table: &Table| loaded.maker.plan(&table.name).is_some_and(TablePlan::holds_rows);
        let own = loaded
            .maker
            .plan(&table.name)
            .is_some_and(|plan| plan.foreign_keys.iter().any(|(other, _)| other.name == key.name));
        if !is_ours(parent) || !own {
            return Ok(None);
        }
        let mut maker = loaded.maker.clone();
        let built = build(bench, loaded, &mut maker, table, parent, key);
        match built {
            Ok(graph) => Ok(Some(graph)),
            Err(reason) => {
                bench.note(format!("no graph could be made for {}: {reason}", key.name));
                Ok(None)
            }
        }
    }

    /// Writes the graph, inside the running transaction.
    pub(super) fn write(&self, connection: &mut Connection) -> Result<Result<(), Counterexample>, Stop> {
        for statement in &self.statements {
            if let Err(error) = connection.batch(statement) {
                if error.sql().is_none() {
                    return Err(error.into());
                }
                let example = Counterexample::new("a legal row is refused", "accepted", error.to_string());
                return Ok(Err(example
                    .with_statements([statement.clone()])
                    .run_as("superuser")));
            }
        }
        Ok(Ok(()))
    }

    pub(super) fn example(
        &self,
        key: &ForeignKey,
        last: &str,
        expected: &str,
        observed: &str,
    ) -> Counterexample {
        let summary = format!("`{}` does not act as declared", key.name);
        Counterexample::new(summary, expected, observed)
            .with_statements(self.statements.iter().cloned().chain([last.to_owned()]))
            .run_as("superuser")
    }

    /// A row that refers to the parent, as an INSERT.
    pub(super) fn another_child(&mut self) -> Option<String> {
        let row = self
            .maker
            .make(&self.child.name, &self.pointing.clone(), false)
            .ok()?;
        // Only the row itself: what it refers to besides is there.
        let _ = self.maker.statements();
        Some(self.speller.insert(self.child, &row))
    }

    /// What a second row would take to refer to the parent, where only one may: a row of somebody else's making that points
    /// there all the same.
    pub(super) fn rival(&mut self, key: &ForeignKey) -> Result<Vec<String>, String> {
        let mut elsewhere = self.pointing.clone();
        elsewhere.retain(|column, _| !key.columns.iter().any(|own| own.as_str() == column));
        let mut row = self
            .maker
            .draft(&self.child.name, &elsewhere, true)
            .map_err(|fault| fault.to_string())?;
        row.extend(self.pointing.clone());
        let mut statements = self.maker.statements();
        statements.push(self.speller.insert(self.child, &row));
        Ok(statements)
    }
}

fn build<'a>(
    bench: &Bench<'a>,
    loaded: &Loaded<'a>,
    maker: &mut Maker<'a>,
    child: &'a Table,
    parent: &'a Table,
    key: &ForeignKey,
) -> Result<Graph<'a>, String> {
    let party = loaded.parties.first().cloned().unwrap_or_default();
    let speller = maker.speller();
    let own_key = |maker: &Maker<'a>, table: &Table| -> Vec<String> {
        maker
            .plan(&table.name)
            .map(TablePlan::primary_key)
            .unwrap_or_default()
            .into_iter()
            .map(str::to_owned)
            .collect()
    };
    let (parent_key, child_key) = (own_key(maker, parent), own_key(maker, child));
    let root = is_root(bench, &parent.name);
    let mut parents = Vec::new();
    for _ in 0..2 {
        let mut fixed = maker.fixed(&parent.name, &party);
        if root {
            fixed.retain(|column, _| !parent_key.contains(column));
        }
        lonely(maker, parent, &mut fixed);
        parents.push(
            maker
                .make(&parent.name, &fixed, false)
                .map_err(|fault| fault.to_string())?,
        );
    }
    let [first, second] = parents.as_slice() else {
        return Err("no rows".to_owned());
    };
    let point_at = |row: &Values| -> Values {
        let pairs = key.columns.iter().zip(&key.referenced);
        pairs
            .filter_map(|(own, other)| Some((own.as_str().to_owned(), row.get(other.as_str())?.clone())))
            .collect()
    };
    let mut children = Vec::new();
    let mut pointing = Values::new();
    for (target, parent_row) in [first, first, second].into_iter().enumerate() {
        let mut fixed = maker.fixed(&child.name, &party);
        if root {
            // Rows of another owner: whose they are follows from what they refer to.
            fixed.retain(|column, _| !key.columns.iter().any(|own| own.as_str() == column));
            let info = bench.subject.info(&child.name);
            let owner = info
                .and_then(|info| info.owner.as_ref())
                .map(|it| it.as_str().to_owned());
            fixed.retain(|column, _| Some(column) != owner.as_ref());
        }
        others(maker, child, key, &mut fixed);
        fixed.extend(point_at(parent_row));
        if target == 0 {
            pointing = fixed.clone();
        }
        match maker.make(&child.name, &fixed, false) {
            Ok(row) => children.push((target, row)),
            // One to one: there is no second row.
            Err(_) if target == 1 => {}
            Err(fault) => return Err(fault.to_string()),
        }
    }
    let text = |row: &Values, key: &[String]| super::state::key_text(row, key);
    let mine: Vec<&Values> = children
        .iter()
        .filter(|(target, _)| *target < 2)
        .map(|(_, row)| row)
        .collect();
    Ok(Graph {
        parent,
        child,
        parent_table: speller.name(&parent.name),
        parent_condition: speller.condition(parent, first, parent_key.iter().map(String::as_str)),
        parent_key: text(first, &parent_key),
        child_keys: mine.iter().map(|row| text(row, &child_key)).collect(),
        child_conditions: mine
            .iter()
            .map(|row| speller.condition(child, row, child_key.iter().map(String::as_str)))
            .collect(),
        child_table: speller.name(&child.name),
        statements: maker.statements(),
        maker: maker.clone(),
        pointing,
        speller,
    })
}

/// Empties what a row need not refer to, so that only the reference under trial is there.
fn lonely(maker: &Maker<'_>, table: &Table, fixed: &mut Values) {
    let Some(plan) = maker.plan(&table.name) else {
        return;
    };
    for (key, required) in &plan.foreign_keys {
        if *required {
            continue;
        }
        for column in &key.columns {
            let nullable = table
                .column(column.as_str())
                .is_some_and(|column| column.nullable);
            if nullable && !fixed.contains_key(column.as_str()) {
                fixed.insert(column.as_str().to_owned(), Datum::Null);
            }
        }
    }
}

/// The same for all references of a row but one; a required one to the same table gets a row that was there before.
fn others(maker: &Maker<'_>, table: &Table, under_trial: &ForeignKey, fixed: &mut Values) {
    let Some(plan) = maker.plan(&table.name) else {
        return;
    };
    for (key, required) in &plan.foreign_keys {
        if key.name == under_trial.name {
            continue;
        }
        if *required && key.references == under_trial.references {
            let fits = |row: &&Values| {
                key.columns.iter().zip(&key.referenced).all(|(own, other)| {
                    fixed
                        .get(own.as_str())
                        .is_none_or(|value| row.get(other.as_str()) == Some(value))
                })
            };
            let Some(row) = maker.rows(&key.references).iter().find(fits) else {
                continue;
            };
            let pairs: Vec<(String, Datum)> = key
                .columns
                .iter()
                .zip(&key.referenced)
                .filter(|(own, _)| !under_trial.columns.contains(own))
                .filter_map(|(own, other)| Some((own.as_str().to_owned(), row.get(other.as_str())?.clone())))
                .collect();
            fixed.extend(pairs);
        } else if !required {
            for column in key
                .columns
                .iter()
                .filter(|column| !under_trial.columns.contains(column))
            {
                let nullable = table
                    .column(column.as_str())
                    .is_some_and(|column| column.nullable);
                if nullable && !fixed.contains_key(column.as_str()) {
                    fixed.insert(column.as_str().to_owned(), Datum::Null);
                }
            }
        }
    }
}
