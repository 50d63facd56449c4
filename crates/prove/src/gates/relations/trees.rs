//! Trees refuse cycles.

use engine::Connection;
use evidence::{Claim, Counterexample, Proof};
use model::Type;
use physical::Table;

use super::is_root;
use crate::bench::{Bench, Loaded};
use crate::data::{Datum, TablePlan, Values};
use crate::gate::Stop;
use crate::rejection::{Kind, Rejection};

const CLAIM: &str = "a row is never its own ancestor";

/// Tries to close circles in every self reference that the model declares for a table.
pub(super) fn table(
    bench: &mut Bench<'_>,
    loaded: &Loaded<'_>,
    connection: &mut Connection,
    table: &Table,
) -> Result<(), Stop> {
    let Some(entity) = bench.subject.entity_of(&table.name) else {
        return Ok(());
    };
    let references = entity
        .fields
        .iter()
        .filter(|field| field.ty == Type::Reference(entity.id) && field.optional);
    let pairs = super::singles::single(entity);
    // One to one: a pair may refer to each other.
    for field in references.filter(|field| !pairs.contains(&field.column)) {
        let column = field.column.clone();
        connection.begin()?;
        let root = is_root(bench, &table.name);
        let result = circles(loaded, connection, table, &column, root);
        connection.rollback()?;
        let object = Some(format!("{}.{column}", table.name.name));
        bench.count("trees", 1);
        bench.claim(match result? {
            Ok(()) => Claim::proved(
                "no-cycle",
                object,
                CLAIM,
                Proof::new("circles of one, two and three rows are refused"),
            ),
            Err(example) => Claim::refuted("no-cycle", object, CLAIM, example),
        });
    }
    Ok(())
}

fn circles(
    loaded: &Loaded<'_>,
    connection: &mut Connection,
    table: &Table,
    column: &str,
    root: bool,
) -> Result<Result<(), Counterexample>, Stop> {
    let mut maker = loaded.maker.clone();
    let speller = maker.speller();
    let party = loaded.parties.first().cloned().unwrap_or_default();
    let keys = maker
        .plan(&table.name)
        .map(TablePlan::primary_key)
        .unwrap_or_default();
    let Some(key) = keys.first().copied() else {
        return Ok(Ok(()));
    };
    let mut rows: Vec<Values> = Vec::new();
    for _ in 0..3 {
        let mut fixed = maker.fixed(&table.name, &party);
        if root {
            // Whoever is their own owner is somebody new.
            fixed.retain(|column, _| column != key);
        }
        let above = rows
            .last()
            .and_then(|row| row.get(key))
            .cloned()
            .unwrap_or(Datum::Null);
        fixed.insert(column.to_owned(), above);
        let row = maker
            .make(&table.name, &fixed, false)
            .map_err(|fault| Stop::Unable(fault.to_string()))?;
        rows.push(row);
    }
    let built = maker.statements();
    for statement in &built {
        connection.batch(statement)?;
    }
    let Some(top) = rows.first() else {
        return Ok(Ok(()));
    };
    let mut refused = false;
    for below in &rows {
        let Some(value) = below.get(key) else { continue };
        let ty = table
            .column(key)
            .map_or(physical::SqlType::BigInt, |column| column.ty.clone());
        let sql = format!(
            "UPDATE {} SET {} = {} WHERE {}",
            speller.name(&table.name),
            speller.ident(column),
            speller.value(value, &ty),
            speller.condition(table, top, [key])
        );
        connection.batch("SAVEPOINT circle")?;
        let result = connection.execute(&sql);
        connection.batch("ROLLBACK TO SAVEPOINT circle")?;
        match result {
            Err(error) if error.sql().is_none() => return Err(error.into()),
            // One to one: that another row refers there already says nothing about circles.
            Err(error) => refused |= Rejection::of(&error).is_some_and(|it| it.kind != Kind::Unique),
            Ok(_) => return Ok(Err(circle("accepted", built, Some(sql)))),
        }
    }
    Ok(if refused {
        Ok(())
    } else {
        Err(circle("refused as duplicates only", built, None))
    })
}

fn circle(observed: &str, built: Vec<String>, last: Option<String>) -> Counterexample {
    Counterexample::new("a row becomes its own ancestor: a cycle", "refused", observed)
        .with_statements(built.into_iter().chain(last))
        .run_as("superuser")
}
