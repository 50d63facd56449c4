//! One to one: a second row that refers to the same is refused.

use engine::Connection;
use evidence::{Claim, Counterexample, Proof};
use model::{Entity, FieldId, Type};
use physical::Table;

use super::graph::Graph;
use crate::bench::{Bench, Loaded};
use crate::gate::Stop;
use crate::rejection::{Kind, Rejection};

const CLAIM: &str = "of two rows that refer to the same, where one may, the second is refused";

/// Tries every reference of a table that the model declares to be one to one.
pub(super) fn table<'a>(
    bench: &mut Bench<'a>,
    loaded: &Loaded<'a>,
    connection: &mut Connection,
    table: &'a Table,
) -> Result<(), Stop> {
    let Some(entity) = bench.subject.entity_of(&table.name) else {
        return Ok(());
    };
    for column in single(entity) {
        let key = table.foreign_keys.iter().find(|key| {
            key.columns
                .first()
                .is_some_and(|own| own.as_str() == column.as_str())
        });
        let graph = match key {
            Some(key) => Graph::plan(bench, loaded, table, key)?,
            None => None,
        };
        let (Some(key), Some(mut graph)) = (key, graph) else {
            bench.count("not tried", 1);
            bench.note(format!("not tried: the one to one of `{}.{column}`", table.name));
            continue;
        };
        let object = Some(format!("{}.{column}", table.name.name));
        let rival = match graph.rival(key) {
            Ok(statements) => statements,
            Err(reason) => {
                bench.claim(Claim::not_run("one-to-one", object, CLAIM, reason));
                continue;
            }
        };
        connection.begin()?;
        let result = second(connection, &graph, &rival);
        connection.rollback()?;
        bench.count("one to one", 1);
        bench.claim(match result? {
            None => Claim::proved("one-to-one", object, CLAIM, Proof::new("refused as a duplicate")),
            Some(example) => Claim::refuted("one-to-one", object, CLAIM, example),
        });
    }
    Ok(())
}

/// The columns of references that no two rows may share.
pub(super) fn single(entity: &Entity) -> Vec<String> {
    let alone = |fields: &[FieldId]| match fields {
        [only] => Some(*only),
        _ => None,
    };
    let uniques = entity.uniques.iter().filter_map(|unique| alone(&unique.fields));
    let mut found: Vec<String> = Vec::new();
    for id in uniques {
        let field = usize::try_from(id.index)
            .ok()
            .and_then(|index| entity.fields.get(index));
        if let Some(field) = field.filter(|field| matches!(field.ty, Type::Reference(_)))
            && !found.contains(&field.column)
        {
            found.push(field.column.clone());
        }
    }
    found
}

fn second(
    connection: &mut Connection,
    graph: &Graph<'_>,
    rival: &[String],
) -> Result<Option<Counterexample>, Stop> {
    if let Err(example) = graph.write(connection)? {
        return Ok(Some(example));
    }
    let Some((last, before)) = rival.split_last() else {
        return Ok(None);
    };
    for statement in before {
        connection.batch(statement)?;
    }
    let observed = match connection.execute(last) {
        Ok(_) => "accepted".to_owned(),
        Err(error) => match Rejection::of(&error) {
            Some(rejection) if rejection.kind == Kind::Unique => return Ok(None),
            Some(rejection) => rejection.message,
            None => return Err(error.into()),
        },
    };
    let example = Counterexample::new(
        "a second row refers to what only one may refer to",
        "refused as a duplicate",
        observed,
    );
    let statements = graph.statements.iter().chain(rival).cloned();
    Ok(Some(example.with_statements(statements).run_as("superuser")))
}
