//! Soft deletion: what falls with a row, what holds it, and what comes back.

use engine::Connection;
use evidence::{Claim, Counterexample, Proof};
use physical::{Behaviour, ForeignKey, Ident, SoftAction, SoftChild, Table};

use super::graph::Graph;
use super::state::State;
use crate::bench::{Bench, Loaded};
use crate::gate::Stop;
use crate::rejection::{Kind, Rejection};

const CLAIM: &str =
    "soft deletion does to what refers to the row what was declared, and restoring brings back exactly that";
const LIVING: &str = "a living row cannot refer to a dead one";

/// Tries soft deletion of rows of a table, once for each reference to it.
pub(super) fn table<'a>(
    bench: &mut Bench<'a>,
    loaded: &Loaded<'a>,
    connection: &mut Connection,
    parent: &'a Table,
) -> Result<(), Stop> {
    let subject = bench.subject;
    let found = subject
        .behaviours(&parent.name)
        .find_map(|behaviour| match behaviour {
            Behaviour::SoftDelete {
                deleted_at,
                batch,
                children,
                ..
            } => Some((deleted_at, batch, children)),
            _ => None,
        });
    let Some((deleted_at, batch, children)) = found else {
        return Ok(());
    };
    for child in children {
        let name = subject.realised_name(&child.table);
        let Some(table) = subject.realised.database.table(&name) else {
            continue;
        };
        let key = table
            .foreign_keys
            .iter()
            .find(|key| key.references == parent.name && key.columns.first() == child.columns.first());
        let Some(key) = key else { continue };
        let Some(graph) = Graph::plan(bench, loaded, table, key)? else {
            continue;
        };
        connection.begin()?;
        let result = probe(bench, loaded, connection, graph, (deleted_at, batch), child, key);
        connection.rollback()?;
        let object = Some(format!("{} → {}", parent.name.name, key.name));
        bench.count("soft deletions", 1);
        let (fall, living) = result?;
        bench.claim(match fall {
            Ok(detail) => Claim::proved("soft-delete", object.clone(), CLAIM, Proof::new(detail)),
            Err(example) => Claim::refuted("soft-delete", object.clone(), CLAIM, example),
        });
        match living {
            Some(Ok(())) => bench.claim(Claim::proved(
                "living-parent",
                object,
                LIVING,
                Proof::new("refused"),
            )),
            Some(Err(example)) => bench.claim(Claim::refuted("living-parent", object, LIVING, example)),
            None => {}
        }
    }
    Ok(())
}

type Fall = Result<String, Counterexample>;
type Living = Option<Result<(), Counterexample>>;

fn probe(
    bench: &mut Bench<'_>,
    loaded: &Loaded<'_>,
    connection: &mut Connection,
    mut graph: Graph<'_>,
    (deleted_at, batch): (&Ident, &Ident),
    child: &SoftChild,
    key: &ForeignKey,
) -> Result<(Fall, Living), Stop> {
    let speller = loaded.maker.speller();
    let ident = |ident: &Ident| speller.ident(ident.as_str());
    let now = speller.value(
        &crate::data::Datum::Instant(1_767_225_600_000_000),
        &physical::SqlType::TimestampTz,
    );
    let set = |table: &str, condition: &str, value: &str| {
        format!(
            "UPDATE {table} SET {} = {value} WHERE {condition}",
            ident(deleted_at)
        )
    };
    // A child that died before, by itself: it must not come back with the parent.
    let dead_before = child.deleted_at.is_some() && graph.child_conditions.len() > 1;
    if let (true, Some(condition)) = (dead_before, graph.child_conditions.last()) {
        let sql = set(&graph.child_table, condition, &now);
        graph.statements.push(sql);
    }
    if let Err(example) = graph.write(connection)? {
        return Ok((Err(example), None));
    }
    let before = State::read(bench.subject, loaded, connection)?;
    let kill = set(&graph.parent_table, &graph.parent_condition, &now);
    connection.batch("SAVEPOINT probe")?;
    if let Err(error) = connection.execute(&kill) {
        if error.sql().is_none() {
            return Err(error.into());
        }
        connection.batch("ROLLBACK TO SAVEPOINT probe")?;
        let refused = Rejection::of(&error).is_some_and(|it| it.kind == Kind::ForeignKey);
        let fall = if child.action == SoftAction::Restrict && refused {
            Ok("refused while a living row refers to it".to_owned())
        } else {
            Err(graph.example(key, &kill, "deleted softly", &error.to_string()))
        };
        return Ok((fall, None));
    }
    let living_children: Vec<&String> = {
        let count = graph.child_keys.len() - usize::from(dead_before);
        graph.child_keys.iter().take(count).collect()
    };
    if child.action == SoftAction::Restrict {
        let fall = Err(graph.example(
            key,
            &kill,
            "refused while a living row refers to it",
            "deleted softly",
        ));
        return Ok((fall, None));
    }
    let mut expected = before.clone();
    expected.set(&graph.parent.name, &graph.parent_key, &["deleted_at"], "dead");
    for child_key in &living_children {
        match child.action {
            SoftAction::Cascade => expected.set(&graph.child.name, child_key, &["deleted_at"], "dead"),
            SoftAction::Destroy => expected.remove(&graph.child.name, child_key),
            SoftAction::SetNull => {
                let emptied: Vec<&str> = child.set_null.iter().map(Ident::as_str).collect();
                expected.empty(&graph.child.name, child_key, &emptied);
            }
            SoftAction::Leave | SoftAction::Restrict => {}
        }
    }
    // Set null, destroy: what refers to the row is looked for without asking whether it lives.
    if let (true, SoftAction::Destroy, Some(last)) = (dead_before, child.action, graph.child_keys.last()) {
        expected.remove(&graph.child.name, last);
    }
    let after = State::read(bench.subject, loaded, connection)?;
    let mut differences = expected.differences(&after);
    if child.action == SoftAction::SetNull {
        // Whether a dead row's reference is emptied too is nobody's business: it is not seen, and both are consistent.
        if let (true, Some(last)) = (dead_before, graph.child_keys.last()) {
            let mark = format!(" {last}:");
            differences.retain(|line| !line.contains(&mark));
        }
    }
    if !differences.is_empty() {
        let example = graph.example(
            key,
            &kill,
            &format!("{:?}", child.action).to_lowercase(),
            "something else",
        );
        return Ok((Err(example.with_differences(differences)), None));
    }
    if let Some(example) = same_batch(connection, &graph, batch, child, key, &kill)? {
        return Ok((Err(example), None));
    }
    let living = refer_to_dead(bench, connection, &mut graph, child)?;
    let restore = set(&graph.parent_table, &graph.parent_condition, "NULL");
    if let Err(error) = connection.execute(&restore) {
        let example = graph.example(key, &restore, "restored", &error.to_string());
        return Ok((Err(example.with_statements([kill])), living));
    }
    let restored = State::read(bench.subject, loaded, connection)?;
    let mut expected = before.clone();
    if matches!(child.action, SoftAction::Destroy | SoftAction::SetNull) {
        // What is gone, or emptied, does not come back: the state after the fall, with the parent alive.
        expected = after;
        expected.set(&graph.parent.name, &graph.parent_key, &["deleted_at"], "alive");
    }
    let differences = expected.differences(&restored);
    if differences.is_empty() {
        let detail = format!(
            "{}, restored, {} rows compared",
            format!("{:?}", child.action).to_lowercase(),
            before.rows()
        );
        return Ok((Ok(detail), living));
    }
    let example = graph.example(key, &kill, "exactly what fell comes back", "something else");
    Ok((
        Err(example.with_statements([restore]).with_differences(differences)),
        living,
    ))
}

/// What fell together carries the same mark.
fn same_batch(
    connection: &mut Connection,
    graph: &Graph<'_>,
    batch: &Ident,
    child: &SoftChild,
    key: &ForeignKey,
    kill: &str,
) -> Result<Option<Counterexample>, Stop> {
    let (SoftAction::Cascade, Some(own), Some(condition)) =
        (child.action, &child.batch, graph.child_conditions.first())
    else {
        return Ok(None);
    };
    let sql = format!(
        "SELECT (SELECT {} FROM {} WHERE {condition}) = (SELECT {} FROM {} WHERE {})",
        graph.speller.ident(own.as_str()),
        graph.child_table,
        graph.speller.ident(batch.as_str()),
        graph.parent_table,
        graph.parent_condition
    );
    let same = connection
        .query(&sql, &[])?
        .scalar()
        .and_then(physical::Value::as_bool)
        == Some(true);
    Ok((!same).then(|| {
        graph.example(
            key,
            kill,
            "the rows that fell share a batch",
            "their batches differ",
        )
    }))
}

fn refer_to_dead(
    bench: &mut Bench<'_>,
    connection: &mut Connection,
    graph: &mut Graph<'_>,
    child: &SoftChild,
) -> Result<Living, Stop> {
    let guarded = bench.subject.behaviours(&graph.child.name).any(|behaviour| {
        matches!(behaviour, Behaviour::LivingParent { columns, .. } if columns.first() == child.columns.first())
    });
    if !guarded {
        return Ok(None);
    }
    let Some(insert) = graph.another_child() else {
        return Ok(None);
    };
    connection.batch("SAVEPOINT late")?;
    let result = connection.execute(&insert);
    connection.batch("ROLLBACK TO SAVEPOINT late")?;
    bench.count("late references", 1);
    Ok(match result {
        Err(error) if error.sql().is_none() => return Err(error.into()),
        Err(_) => Some(Ok(())),
        Ok(_) => {
            let example = Counterexample::new("a new row refers to a dead one", "refused", "accepted");
            Some(Err(example
                .with_statements(graph.statements.iter().cloned().chain([insert]))
                .run_as("superuser")))
        }
    })
}
