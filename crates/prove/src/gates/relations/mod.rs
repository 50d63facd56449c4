//! Each foreign key acts as declared, and soft deletion acts as the foreign key would; nothing falls that should stand, nothing
//! stands that should fall.
//!
//! For each reference a small graph is made: a row, two rows that refer to it, and beside them a row of the same kind with a
//! row of its own that must not be touched. Then the first row goes, and every table is compared with what it held before.

mod expected;
mod graph;
mod singles;
mod soft;
mod state;
mod trees;

use engine::Connection;
use evidence::{Claim, Counterexample, Proof};
use model::Ownership;
use physical::{ForeignKey, Name, OnDelete, Table};

use crate::bench::{Bench, Loaded};
use crate::gate::{Gate, Stop};
use crate::rejection::{Kind, Rejection};
use expected::Wanted;
use graph::Graph;
use state::State;

/// The gate.
pub(super) static GATE: Gate = Gate {
    id: "relations",
    title: "relations",
    claim: "each reference acts as declared, for good and for soft deletion; cascades take no more and no less",
    attacker: Some("A2: the application's own mistakes"),
    guarantees: &["living-parent", "no-cycle", "soft-delete"],
    run,
};

fn run(bench: &mut Bench<'_>) -> Result<(), Stop> {
    let loaded = bench.loaded(1)?;
    let mut connection = loaded.db.superuser()?;
    let database = &bench.subject.realised.database;
    let tables: Vec<&Table> = loaded
        .maker
        .tables()
        .into_iter()
        .filter_map(|name| database.table(name))
        .collect();
    let wanted = expected::wanted(bench.subject);
    let found = bench.introspect(&mut connection)?;
    expected::compare(bench, &wanted, &found);
    if tables.iter().all(|table| table.foreign_keys.is_empty()) {
        let claim = "each reference acts as declared";
        bench.claim(Claim::not_applicable(
            "on-delete",
            None,
            claim,
            "the schema has no references",
        ));
    }
    let total = tables.len();
    for (index, table) in tables.iter().enumerate() {
        bench.step(index, total, table.name.name.as_str())?;
        for key in &table.foreign_keys {
            hard(bench, &loaded, &mut connection, (table, key), &wanted)?;
        }
        singles::table(bench, &loaded, &mut connection, table)?;
        soft::table(bench, &loaded, &mut connection, table)?;
        trees::table(bench, &loaded, &mut connection, table)?;
    }
    drop(connection);
    bench.step(total, total, "done")
}

/// What the model declares for a reference, by itself or by what follows from tenants and authors. What it knows nothing of is
/// not tried, and named.
fn declared<'w>(
    bench: &mut Bench<'_>,
    table: &Name,
    key: &ForeignKey,
    wanted: &'w [Wanted],
) -> Option<&'w Wanted> {
    let declared = wanted.iter().find(|want| want.is(table, key));
    if declared.is_none() {
        bench.count("not tried", 1);
        bench.note(format!(
            "not tried: nothing in the model calls for the foreign key `{}`",
            key.name
        ));
    }
    declared
}

fn hard<'a>(
    bench: &mut Bench<'a>,
    loaded: &Loaded<'a>,
    connection: &mut Connection,
    (table, key): (&'a Table, &ForeignKey),
    wanted: &[Wanted],
) -> Result<(), Stop> {
    let Some(graph) = Graph::plan(bench, loaded, table, key)? else {
        return Ok(());
    };
    let Some(declared) = declared(bench, &table.name, key, wanted) else {
        return Ok(());
    };
    let object = Some(key.name.as_str().to_owned());
    let claim = match declared.action {
        OnDelete::Cascade => "deleting the row deletes exactly the rows that refer to it",
        OnDelete::SetNull | OnDelete::SetDefault => "deleting the row empties exactly the references to it",
        OnDelete::Restrict | OnDelete::NoAction => "the row cannot be deleted while others refer to it",
    };
    connection.begin()?;
    let result = hard_probe(bench, loaded, connection, &graph, declared, key);
    connection.rollback()?;
    bench.count("foreign keys", 1);
    bench.claim(match result? {
        Ok(detail) => Claim::proved("on-delete", object, claim, Proof::new(detail)),
        Err(example) => Claim::refuted("on-delete", object, claim, example),
    });
    Ok(())
}

type Answer = Result<String, Counterexample>;

fn hard_probe(
    bench: &mut Bench<'_>,
    loaded: &Loaded<'_>,
    connection: &mut Connection,
    graph: &Graph<'_>,
    declared: &Wanted,
    key: &ForeignKey,
) -> Result<Answer, Stop> {
    let action = declared.action;
    if let Err(example) = graph.write(connection)? {
        return Ok(Err(example));
    }
    let before = State::read(bench.subject, loaded, connection)?;
    let delete = format!(
        "DELETE FROM {} WHERE {}",
        graph.parent_table, graph.parent_condition
    );
    connection.batch("SAVEPOINT probe")?;
    let outcome = connection.execute(&delete);
    bench.count("deletions", 1);
    if let Err(error) = outcome {
        if error.sql().is_none() {
            return Err(error.into());
        }
        connection.batch("ROLLBACK TO SAVEPOINT probe")?;
        let refused = Rejection::of(&error).is_some_and(|it| it.kind == Kind::ForeignKey);
        return Ok(match action {
            OnDelete::Restrict | OnDelete::NoAction if refused => Ok("refused".to_owned()),
            _ => Err(graph.example(key, &delete, "it is deleted", &error.to_string())),
        });
    }
    let after = State::read(bench.subject, loaded, connection)?;
    let mut expected = before.clone();
    expected.remove(&graph.parent.name, &graph.parent_key);
    match action {
        OnDelete::Restrict | OnDelete::NoAction => {
            return Ok(Err(graph.example(key, &delete, "refused", "deleted")));
        }
        OnDelete::Cascade => graph
            .child_keys
            .iter()
            .for_each(|child| expected.remove(&graph.child.name, child)),
        OnDelete::SetNull | OnDelete::SetDefault => {
            let emptied = declared.emptied(key);
            for child in &graph.child_keys {
                expected.empty(&graph.child.name, child, &emptied);
            }
        }
    }
    let differences = expected.differences(&after);
    Ok(if differences.is_empty() {
        Ok(format!("{} rows compared", before.rows()))
    } else {
        let what = "something else went, or stayed, than should have";
        Err(graph
            .example(key, &delete, "only what refers to the row", what)
            .with_differences(differences))
    })
}

/// Whether rows of a table belong to themselves: users, tenants.
fn is_root(bench: &Bench<'_>, table: &Name) -> bool {
    bench
        .subject
        .entity_of(table)
        .is_some_and(|entity| matches!(entity.ownership, Ownership::Itself | Ownership::IsTenant))
}
