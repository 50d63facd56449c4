//! Counting and walking: numbers that go up, wherever the outside can see them.

use engine::Connection;
use evidence::Counterexample;

use super::oracles::Arena;
use crate::bench::Bench;
use crate::gate::Stop;
use crate::gates::isolation::sheet::Sheet;
use crate::gates::isolation::try_out::{Outcome, Session, shown};

pub(super) const CLAIM: &str = "no number that goes up is shown outside, and no counter can be read";

/// What must be nowhere, asked of the catalog.
const SHOWN: &[(&str, &str, &str)] = &[
    (
        "views",
        "no masked view shows an internal id",
        "SELECT c.oid::regclass || '.' || a.attname FROM pg_attribute AS a JOIN pg_class AS c ON c.oid = a.attrelid \
         WHERE c.relkind IN ('v', 'm') AND c.relnamespace = {masked}::regnamespace AND a.attnum > 0 AND a.atttypid IN ('bigint'::regtype, 'integer'::regtype) \
         AND (a.attname = 'id' OR a.attname LIKE '%\\_id')",
    ),
    (
        "functions",
        "no function that the application calls answers an internal id of somebody else",
        "SELECT p.oid::regprocedure || ' answers ' || a.name FROM pg_proc AS p, unnest(p.proallargtypes, p.proargmodes, p.proargnames) AS a (type, mode, name) \
         WHERE p.pronamespace = {private}::regnamespace AND has_function_privilege({app}::name, p.oid, 'EXECUTE') \
         AND a.mode = 't' AND a.type IN ('bigint'::oid::regtype, 'integer'::regtype) AND (a.name = 'id' OR a.name LIKE '%\\_id')",
    ),
];

/// Tries to read counters, and looks at what is shown.
pub(super) fn all(
    bench: &mut Bench<'_>,
    arena: &Arena<'_, '_>,
    superuser: &mut Connection,
) -> Result<(), Stop> {
    let blueprint = bench.subject.blueprint.clone();
    let text = |value: &str| arena.speller.text(value);
    for (id, claim, sql) in SHOWN {
        let sql = sql
            .replace("'bigint'::oid::regtype", "'bigint'::regtype")
            .replace("{masked}", &text(&format!("\"{}\"", blueprint.masked_schema)))
            .replace("{private}", &text(&format!("\"{}\"", blueprint.private_schema)))
            .replace("{app}", &text(blueprint.roles.app.as_str()));
        let found = superuser.query(&sql, &[])?;
        let mut sheet = Sheet::new("walking", *id, *claim);
        for row in &found.rows {
            let name = row.first().map(shown).unwrap_or_default();
            let example = Counterexample::new(
                format!("`{name}` can be counted and walked"),
                "public ids only",
                name,
            );
            sheet.fault(example.with_statements([sql.clone()]).run_as("superuser"));
        }
        sheet.summary = "the catalog shows none".to_owned();
        sheet.file(bench);
    }
    counters(bench, arena, superuser)?;
    bench.note("the application reads the internal ids of rows that it may read, to join them; what is meant for the outside is the public id");
    Ok(())
}

fn counters(bench: &mut Bench<'_>, arena: &Arena<'_, '_>, superuser: &mut Connection) -> Result<(), Stop> {
    let sequences = superuser.query(
        "SELECT c.oid::regclass::text FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace \
         WHERE c.relkind = 'S' AND n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema' ORDER BY 1",
        &[],
    )?;
    let names: Vec<String> = sequences
        .rows
        .iter()
        .filter_map(|row| row.first().map(shown))
        .collect();
    let roles = bench.subject.blueprint.roles.clone();
    for role in [&roles.app, &roles.reader].into_iter().chain(&roles.declared) {
        let role = role.as_str();
        let mut connection = arena.loaded.db.member(role)?;
        let Some(guise) = arena.guises.first() else {
            return Ok(());
        };
        let Some(mut session) = Session::begin(&mut connection, guise)? else {
            return Ok(());
        };
        let mut sheet = Sheet::new(
            "counters",
            role,
            "no counter can be read, so nobody counts the rows of others",
        );
        for name in &names {
            let literal = arena.speller.text(name);
            for sql in [
                format!("SELECT last_value FROM {name}"),
                format!("SELECT nextval({literal})"),
                format!("SELECT setval({literal}, 1)"),
                format!(
                    "SELECT last_value FROM pg_sequences WHERE format('%I.%I', schemaname, sequencename) = {literal} AND last_value IS NOT NULL"
                ),
            ] {
                let outcome = session.ask(&sql)?;
                let told = matches!(&outcome, Outcome::Answered(rows) if !rows.rows.is_empty());
                if told {
                    sheet.wrong(role, guise, &sql, "refused", &outcome, "reads a counter");
                }
            }
        }
        let tried = session.end()?;
        bench.count("answers compared", tried);
        sheet.summary = format!("{} counters", names.len());
        sheet.file(bench);
    }
    Ok(())
}
