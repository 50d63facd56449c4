//! What random changes seldom hit: two changes in one transaction, overlapping transactions, rollbacks, TRUNCATE, and hands
//! on the trail itself.

use std::collections::BTreeSet;

use engine::{Connection, EngineError};
use evidence::Counterexample;
use physical::Value;

use super::journal::{self, Entry};
use super::operations::{Author, perform};
use super::{Stage, Watched, enter, report};
use crate::bench::Bench;
use crate::data::Datum;
use crate::gate::Stop;
use crate::gates::isolation::{self, guise::Guise};

/// Tries them all.
pub(super) fn all(
    bench: &mut Bench<'_>,
    stage: &Stage<'_, '_>,
    superuser: &mut Connection,
) -> Result<(), Stop> {
    bench.step(0, 4, "transactions")?;
    transactions(bench, stage, superuser)?;
    if !stage.file {
        bench.step(1, 4, "overlaps")?;
        overlapping(bench, stage, superuser)?;
        truncated(bench, stage, superuser)?;
    }
    bench.step(2, 4, "hands on the trail")?;
    untouchable(bench, stage)?;
    bench.step(3, 4, "values")?;
    redacted(bench, stage, superuser)
}

/// Two legal changes of a context, by the application.
fn pair(
    bench: &Bench<'_>,
    stage: &Stage<'_, '_>,
    superuser: &mut Connection,
    guise: usize,
) -> Result<Vec<(String, String)>, Stop> {
    let mut author = Author::new(bench, stage, "pairs");
    let mut found = Vec::new();
    for round in 0..4 {
        for table in 0..stage.watched.len() {
            let Some(change) = author.of(bench, superuser, table, guise, "insert")? else {
                continue;
            };
            let Some(who) = stage.guises.get(guise) else {
                continue;
            };
            // Tried once and undone: what is refused would say nothing.
            let mut connection = stage.writer(&change.role)?;
            connection.begin()?;
            enter(&mut connection, who)?;
            let works = connection.execute(&change.sql).is_ok();
            connection.rollback()?;
            if works && !found.iter().any(|(_, sql)| *sql == change.sql) {
                found.push((change.role, change.sql));
            }
            if found.len() >= 2
                && found
                    .iter()
                    .all(|(role, _)| Some(role) == found.first().map(|(role, _)| role))
            {
                return Ok(found);
            }
            if found.len() >= 2 {
                found.remove(0);
            }
        }
        if round > 2 {
            break;
        }
    }
    Ok(found)
}

fn own(entries: &[Entry]) -> usize {
    entries
        .iter()
        .filter(|entry| entry.told.operation == "insert")
        .count()
}

fn transactions(
    bench: &mut Bench<'_>,
    stage: &Stage<'_, '_>,
    superuser: &mut Connection,
) -> Result<(), Stop> {
    let Some(guise) = stage.guises.first() else {
        return Ok(());
    };
    let changes = pair(bench, stage, superuser, 0)?;
    let (Some((role, one)), Some((_, two))) = (changes.first(), changes.get(1)) else {
        bench.note("no two changes were legal at once, so transactions of several changes were not tried");
        return Ok(());
    };
    let mut connection = stage.writer(role)?;
    let mut run = |superuser: &mut Connection, parts: &[&str]| -> Result<Vec<Entry>, Stop> {
        let last = stage.last_entry(superuser)?;
        connection.begin()?;
        enter(&mut connection, guise)?;
        for part in parts {
            connection.batch(part)?;
        }
        journal::entries(stage, superuser, last)
    };
    let cases: [(&str, &str, Vec<&str>, usize); 3] = [
        (
            "rolled-back",
            "a transaction that is rolled back leaves no entry",
            vec![one, two, "ROLLBACK"],
            0,
        ),
        (
            "savepoints",
            "what is undone to a savepoint leaves no entry, and what stands leaves one",
            vec![one, "SAVEPOINT s", two, "ROLLBACK TO SAVEPOINT s", "COMMIT"],
            1,
        ),
        (
            "several-changes",
            "each change of a transaction leaves an entry of its own",
            vec![two, "COMMIT"],
            1,
        ),
    ];
    for (id, claim, parts, wanted) in cases {
        let found = run(superuser, &parts)?;
        let fault = (own(&found) != wanted || (wanted == 0 && !found.is_empty())).then(|| {
            let observed = format!("{} entries", found.len());
            example(
                guise,
                claim,
                &format!("{wanted} entries of the change itself"),
                &observed,
                &parts,
                role,
            )
        });
        report(bench, id, None, claim, fault, format!("{} entries", found.len()));
    }
    updated_twice(bench, stage, superuser)
}

/// Two updates of one row in one transaction are two entries, and the second begins where the first ended.
fn updated_twice(
    bench: &mut Bench<'_>,
    stage: &Stage<'_, '_>,
    superuser: &mut Connection,
) -> Result<(), Stop> {
    let claim = "two updates of one row in one transaction leave two entries, each with its own values";
    let Some(guise) = stage.guises.first() else {
        return Ok(());
    };
    for (index, watched) in stage.watched.iter().enumerate() {
        let Some(reason) = watched.deletion_reason else {
            continue;
        };
        let mut author = Author::new(bench, stage, "twice");
        let Some(change) = author.of(bench, superuser, index, 0, "soft delete")? else {
            continue;
        };
        let Some((_, condition)) = change.sql.rsplit_once(" WHERE ") else {
            continue;
        };
        let column = stage.speller.ident(reason.as_str());
        let update = |value: &str| {
            format!(
                "UPDATE {} SET {column} = '{value}' WHERE {condition}",
                watched.sql
            )
        };
        let statements = [change.sql.clone(), update("first"), update("second")];
        let last = stage.last_entry(superuser)?;
        let mut connection = stage.writer(&change.role)?;
        connection.begin()?;
        enter(&mut connection, guise)?;
        let mut works = true;
        for statement in &statements {
            works = works && connection.execute(statement).is_ok();
        }
        if !works {
            connection.rollback()?;
            continue;
        }
        connection.commit()?;
        let found = journal::entries(stage, superuser, last)?;
        let updates: Vec<&Entry> = found
            .iter()
            .filter(|entry| {
                entry.told.operation == "update" && entry.told.entity == watched.table.name.name.as_str()
            })
            .collect();
        let told = |entry: &Entry| entry.told.changes.get(reason.as_str()).cloned();
        let expected = [
            Some(serde_json::json!(["tried", "first"])),
            Some(serde_json::json!(["first", "second"])),
        ];
        let got: Vec<_> = updates.iter().map(|entry| told(entry)).collect();
        let redacted = watched.redacted.contains(reason);
        let right = if redacted { got.len() == 2 } else { got == expected };
        let fault = (!right).then(|| {
            let parts: Vec<&str> = statements.iter().map(String::as_str).collect();
            example(
                guise,
                claim,
                "2 entries",
                &format!("{} entries of updates, or other values", updates.len()),
                &parts,
                &change.role,
            )
        });
        report(
            bench,
            "updated-twice",
            Some(watched.table.name.to_string()),
            claim,
            fault,
            "2 entries".to_owned(),
        );
        return Ok(());
    }
    Ok(())
}

fn example(
    guise: &Guise,
    claim: &str,
    expected: &str,
    observed: &str,
    parts: &[&str],
    role: &str,
) -> Counterexample {
    let mut statements = vec!["BEGIN".to_owned()];
    statements.extend(guise.enter.iter().cloned());
    statements.extend(parts.iter().map(|part| (*part).to_owned()));
    Counterexample::new(format!("not so: {claim}"), expected, observed)
        .with_statements(statements)
        .run_as(role)
}

/// Two transactions that overlap; the one that began later commits first.
fn overlapping(bench: &mut Bench<'_>, stage: &Stage<'_, '_>, superuser: &mut Connection) -> Result<(), Stop> {
    let claim = "overlapping transactions that commit out of order leave their own entries each";
    let (Some(one), Some(two)) = (stage.guises.first(), stage.guises.get(1)) else {
        return Ok(());
    };
    let (first, second) = (
        pair(bench, stage, superuser, 0)?,
        pair(bench, stage, superuser, 1)?,
    );
    let (Some((role_one, sql_one)), Some((role_two, sql_two))) = (first.first(), second.first()) else {
        return Ok(());
    };
    let last = stage.last_entry(superuser)?;
    let (mut a, mut b) = (stage.writer(role_one)?, stage.writer(role_two)?);
    b.set_statement_timeout(Some(std::time::Duration::from_secs(5)))?;
    a.begin()?;
    enter(&mut a, one)?;
    a.execute(sql_one)?;
    b.begin()?;
    enter(&mut b, two)?;
    if b.execute(sql_two).is_err() {
        b.rollback()?;
        a.rollback()?;
        bench.note("writers of the trail wait for each other, so transactions cannot overlap");
        return Ok(());
    }
    b.commit()?;
    let between = journal::entries(stage, superuser, last)?;
    a.commit()?;
    let found = journal::entries(stage, superuser, last)?;
    let transactions: BTreeSet<i64> = found.iter().map(|entry| entry.transaction).collect();
    let right = own(&between) == 1 && own(&found) == 2 && transactions.len() == 2;
    let fault = (!right).then(|| {
        let observed = format!("{} entries of {} transactions", found.len(), transactions.len());
        example(
            one,
            claim,
            "2 entries of 2 transactions",
            &observed,
            &[sql_one, "-- and elsewhere, committed before:", sql_two, "COMMIT"],
            role_one,
        )
    });
    report(
        bench,
        "overlapping",
        None,
        claim,
        fault,
        "2 transactions, the later one first".to_owned(),
    );
    Ok(())
}

fn truncated(bench: &mut Bench<'_>, stage: &Stage<'_, '_>, superuser: &mut Connection) -> Result<(), Stop> {
    let claim = "emptying a table leaves an entry, whoever does it";
    for watched in &stage.watched {
        let sql = format!("TRUNCATE {} CASCADE", watched.sql);
        let last = stage.last_entry(superuser)?;
        superuser.begin()?;
        let result = superuser.batch(&sql);
        let found = if result.is_ok() {
            journal::entries(stage, superuser, last)
        } else {
            Ok(Vec::new())
        };
        superuser.rollback()?;
        let found = found?;
        if let Err(error) = &result {
            if error.sql().is_none() {
                return Err(error.clone().into());
            }
            continue;
        }
        let name = watched.table.name.name.as_str();
        let count = found
            .iter()
            .filter(|entry| entry.told.operation == "truncate" && entry.told.entity == name)
            .count();
        let fault = (count != 1).then(|| {
            Counterexample::new(
                format!("emptying `{name}` is not recorded"),
                "1 entry",
                format!("{count} entries"),
            )
            .with_statements([sql.clone()])
            .run_as("superuser")
        });
        report(
            bench,
            "truncate",
            Some(watched.table.name.to_string()),
            claim,
            fault,
            "1 entry".to_owned(),
        );
    }
    Ok(())
}

/// Nobody who can log in adds, changes or removes entries; the application does not even read them.
fn untouchable(bench: &mut Bench<'_>, stage: &Stage<'_, '_>) -> Result<(), Stop> {
    let claim = "entries and seals cannot be added, changed or removed by hand";
    let guise = stage.guises.first().cloned().unwrap_or_default();
    let roles = bench.subject.blueprint.roles.clone();
    let names = if stage.file {
        vec!["everyone".to_owned()]
    } else {
        isolation::roles(bench)
    };
    for role in names {
        let mut connection = stage.writer(&role)?;
        let mut fault = None;
        let mut tried = 0;
        for table in [&stage.log, &stage.seals] {
            let mut attempts = vec![
                format!("UPDATE {table} SET key_id = key_id || 'x'"),
                format!("DELETE FROM {table}"),
            ];
            if *table == stage.log {
                attempts = vec![
                    format!("UPDATE {table} SET actor_id = actor_id + 1"),
                    format!("UPDATE {table} SET operation = 'update', entity = 'x'"),
                    format!("DELETE FROM {table}"),
                ];
                if role == roles.app.as_str() || roles.declared.iter().any(|other| other.as_str() == role) {
                    attempts.push(format!("SELECT count(*) FROM {table}"));
                }
            }
            if !stage.file {
                attempts.push(format!("TRUNCATE {table}"));
                if *table == stage.log {
                    attempts.push(format!("INSERT INTO {table} (recorded_at, transaction_id, actor_id, entity, operation) VALUES (now(), 1, 1, 'x', 'update')"));
                }
            }
            for sql in attempts {
                tried += 1;
                connection.begin()?;
                if enter(&mut connection, &guise).is_err() {
                    // Roles that act for nobody may have no right to enter a context.
                    connection.rollback()?;
                    connection.begin()?;
                }
                let result = connection.execute(&sql);
                connection.rollback()?;
                let refused = match &result {
                    Err(error) if error.sql().is_none() => return Err(error.clone().into()),
                    // Nothing to change is nothing changed.
                    Ok(0) => stage.file && sql.contains(&stage.seals),
                    other => other.is_err(),
                };
                if !refused && fault.is_none() {
                    let observed = format!("it worked: {} rows", result.unwrap_or(0));
                    fault = Some(example(&guise, claim, "refused", &observed, &[&sql], &role));
                }
            }
        }
        report(
            bench,
            "untouchable",
            Some(role),
            claim,
            fault,
            format!("{tried} attempts"),
        );
    }
    Ok(())
}

/// Values that must not stand in the trail: those of redacted columns.
fn redacted(bench: &mut Bench<'_>, stage: &Stage<'_, '_>, superuser: &mut Connection) -> Result<(), Stop> {
    let claim = "sensitive values never stand in the trail";
    let rows = superuser.query(
        &format!(
            "SELECT seq, {} FROM {}",
            if stage.file { "changes" } else { "changes::text" },
            stage.log
        ),
        &[],
    )?;
    let texts: Vec<(i64, String)> = rows
        .rows
        .iter()
        .filter_map(|row| {
            Some((
                row.first()?.as_int()?,
                row.get(1).and_then(Value::as_text)?.to_lowercase(),
            ))
        })
        .collect();
    for watched in stage
        .watched
        .iter()
        .filter(|watched| !watched.redacted.is_empty())
    {
        let values = sensitive(stage, superuser, watched)?;
        let found = texts
            .iter()
            .find(|(_, text)| values.iter().any(|value| text.contains(value)));
        let fault = found.map(|(seq, _)| {
            let columns: Vec<&str> = watched.redacted.iter().map(physical::Ident::as_str).collect();
            Counterexample::new(
                format!("the trail of `{}` holds a sensitive value", watched.table.name),
                "none of the values of sensitive columns",
                format!("entry {seq} holds a value of one of {}", columns.join(", ")),
            )
            .with_statements([format!("SELECT changes FROM {} WHERE seq = {seq}", stage.log)])
            .run_as("superuser")
        });
        let proof = format!("{} values looked for in {} entries", values.len(), texts.len());
        report(
            bench,
            "redaction",
            Some(watched.table.name.to_string()),
            claim,
            fault,
            proof,
        );
    }
    Ok(())
}

/// The values of a table's sensitive columns: those that stand there, and those that were put there once.
fn sensitive(
    stage: &Stage<'_, '_>,
    superuser: &mut Connection,
    watched: &Watched<'_>,
) -> Result<BTreeSet<String>, Stop> {
    let mut values: BTreeSet<String> = BTreeSet::new();
    for column in watched.redacted {
        let stored = superuser.query(
            &format!(
                "SELECT {} FROM {}",
                stage.speller.ident(column.as_str()),
                watched.sql
            ),
            &[],
        )?;
        let made = stage
            .loaded
            .maker
            .rows(&watched.table.name)
            .iter()
            .filter_map(|row| row.get(column.as_str()));
        let made = made.filter_map(|datum| match datum {
            Datum::Text(text) => Some(text.clone()),
            Datum::Bytes(bytes) => Some(hex(bytes)),
            _ => None,
        });
        let stored = stored.rows.iter().filter_map(|row| match row.first() {
            Some(Value::Text(text)) => Some(text.clone()),
            Some(Value::Bytes(bytes)) => Some(hex(bytes)),
            _ => None,
        });
        // Short values occur by accident; as JSON they stand escaped.
        let long = made.chain(stored).filter(|text| text.len() >= 8);
        values.extend(long.map(|text| {
            serde_json::Value::from(text)
                .to_string()
                .trim_matches('"')
                .to_lowercase()
        }));
    }
    Ok(values)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Does a few changes, so that there is something to seal; answers how many were done.
pub(super) fn some_changes(
    bench: &Bench<'_>,
    stage: &Stage<'_, '_>,
    superuser: &mut Connection,
    purpose: &str,
) -> Result<u64, Stop> {
    let mut author = Author::new(bench, stage, purpose);
    let mut done = 0;
    let mut writers: std::collections::BTreeMap<String, Connection> = std::collections::BTreeMap::new();
    for _ in 0..60 {
        if done >= 5 {
            break;
        }
        let Some(change) = author.next(bench, superuser)? else {
            continue;
        };
        let Some(guise) = stage.guises.get(change.guise) else {
            continue;
        };
        let connection = match writers.entry(change.role.clone()) {
            std::collections::btree_map::Entry::Occupied(there) => there.into_mut(),
            std::collections::btree_map::Entry::Vacant(free) => free.insert(stage.writer(&change.role)?),
        };
        match perform(connection, guise, &change.sql)? {
            Ok(_) => done += 1,
            // Writers of an inline chain wait for each other, and here for one that we keep open ourselves: the next would wait, too.
            Err(EngineError::Timeout { .. }) => break,
            Err(_) => {}
        }
    }
    Ok(done)
}
