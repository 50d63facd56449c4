//! Someone with every right on the database, and without the key.

use engine::Connection;
use evidence::Counterexample;
use physical::Value;

use super::seals::{Seals, told};
use super::{Stage, report};
use crate::bench::Bench;
use crate::gate::Stop;
use crate::seal::FaultKind;

/// What is done, and any of which faults must be found.
struct Trick {
    name: &'static str,
    statements: Vec<String>,
    found: &'static [FaultKind],
}

/// Plays every trick, each on the untouched trail.
pub(super) fn all(
    bench: &mut Bench<'_>,
    stage: &Stage<'_, '_>,
    superuser: &mut Connection,
    auditor: &mut Connection,
    seals: &Seals,
) -> Result<(), Stop> {
    let clean = seals.verify(bench, auditor, &seals.anchors)?;
    let claim = "before anything is tampered with, the trail verifies";
    let fault = (!clean.faults.is_empty())
        .then(|| Counterexample::new("the untouched trail does not verify", "no fault", told(&clean)));
    report(bench, "untouched", None, claim, fault, told(&clean));
    if stage.file {
        unguard(stage, superuser)?;
    }
    for (copy, original) in [("kept_log", &stage.log), ("kept_seals", &stage.seals)] {
        superuser.batch(&format!(
            "CREATE TABLE {} AS SELECT * FROM {original}",
            kept(stage, copy)
        ))?;
    }
    let tricks = tricks(stage, superuser)?;
    for trick in &tricks {
        played(bench, stage, superuser, auditor, seals, trick)?;
    }
    without_anchors(bench, stage, superuser, auditor, seals)?;
    bench.count("kinds of tampering", tricks.len() as u64);
    Ok(())
}

fn kept(stage: &Stage<'_, '_>, name: &str) -> String {
    if stage.file {
        name.to_owned()
    } else {
        format!("public.{name}")
    }
}

/// Whoever can write a file can drop its triggers.
fn unguard(stage: &Stage<'_, '_>, superuser: &mut Connection) -> Result<(), Stop> {
    let name = |sql: &str| stage.speller.text(sql.trim_matches('"'));
    let found = superuser.query(
        &format!(
            "SELECT name FROM sqlite_schema WHERE type = 'trigger' AND tbl_name IN ({}, {})",
            name(&stage.log),
            name(&stage.seals)
        ),
        &[],
    )?;
    for row in &found.rows {
        if let Some(Value::Text(trigger)) = row.first() {
            superuser.batch(&format!("DROP TRIGGER {}", stage.speller.ident(trigger)))?;
        }
    }
    Ok(())
}

fn by_force(stage: &Stage<'_, '_>, superuser: &mut Connection, statements: &[String]) -> Result<(), Stop> {
    superuser.begin()?;
    if !stage.file {
        // No trigger fires: neither those that refuse, nor those that record.
        superuser.batch("SET LOCAL session_replication_role = 'replica'")?;
    }
    for statement in statements {
        if let Err(error) = superuser.batch(statement) {
            superuser.rollback()?;
            return Err(match error.sql() {
                Some(sql) => Stop::Unable(format!(
                    "the tamperer's own statement failed ({}): {statement}",
                    sql.message
                )),
                None => error.into(),
            });
        }
    }
    Ok(superuser.commit()?)
}

fn restore(stage: &Stage<'_, '_>, superuser: &mut Connection) -> Result<(), Stop> {
    let overriding = if stage.file {
        ""
    } else {
        " OVERRIDING SYSTEM VALUE"
    };
    let mut statements = Vec::new();
    for (copy, original) in [("kept_log", &stage.log), ("kept_seals", &stage.seals)] {
        statements.push(format!("DELETE FROM {original}"));
        statements.push(format!(
            "INSERT INTO {original}{overriding} SELECT * FROM {}",
            kept(stage, copy)
        ));
    }
    by_force(stage, superuser, &statements)
}

fn played(
    bench: &mut Bench<'_>,
    stage: &Stage<'_, '_>,
    superuser: &mut Connection,
    auditor: &mut Connection,
    seals: &Seals,
    trick: &Trick,
) -> Result<(), Stop> {
    by_force(stage, superuser, &trick.statements)?;
    let found = seals.verify(bench, auditor, &seals.anchors);
    restore(stage, superuser)?;
    let found = found?;
    let is_found = found.faults.iter().any(|fault| trick.found.contains(&fault.kind));
    let claim = "verify finds what a superuser without the key does to the sealed trail";
    let fault = (!is_found).then(|| {
        Counterexample::new(
            format!("a tamperer goes unseen: {}", trick.name),
            format!("{:?}", trick.found),
            told(&found),
        )
        .with_statements(trick.statements.clone())
        .run_as("superuser")
    });
    let first = found
        .faults
        .iter()
        .find(|fault| trick.found.contains(&fault.kind))
        .map(ToString::to_string);
    report(
        bench,
        "tampering",
        Some(trick.name.to_owned()),
        claim,
        fault,
        first.unwrap_or_default(),
    );
    Ok(())
}

/// Without anchors a cut tail must not be found: the claim says so, and so does the report.
fn without_anchors(
    bench: &mut Bench<'_>,
    stage: &Stage<'_, '_>,
    superuser: &mut Connection,
    auditor: &mut Connection,
    seals: &Seals,
) -> Result<(), Stop> {
    by_force(stage, superuser, &cut(stage))?;
    let found = seals.verify(bench, auditor, "");
    restore(stage, superuser)?;
    let found = found?;
    if found.faults.is_empty() && found.anchored.is_none() {
        bench.note("a cut tail is found by an anchor only: without one verify sees an intact, shorter trail, and says that it has no anchor");
    }
    Ok(())
}

fn cut(stage: &Stage<'_, '_>) -> Vec<String> {
    let (log, seals) = (&stage.log, &stage.seals);
    let last = format!("(SELECT max(id) FROM {seals})");
    vec![
        format!(
            "DELETE FROM {log} WHERE transaction_id >= (SELECT max(up_to_transaction) FROM {seals} WHERE id < {last})"
        ),
        format!("DELETE FROM {seals} WHERE id = {last}"),
    ]
}

fn tricks(stage: &Stage<'_, '_>, superuser: &mut Connection) -> Result<Vec<Trick>, Stop> {
    use FaultKind as F;
    let (log, seals) = (&stage.log, &stage.seals);
    let sealed = superuser.query(
        &format!(
            "SELECT seq FROM {log} WHERE changes IS NOT NULL AND commitment IS NOT NULL AND transaction_id < (SELECT max(up_to_transaction) FROM {seals}) ORDER BY seq"
        ),
        &[],
    )?;
    let seqs: Vec<i64> = sealed
        .rows
        .iter()
        .filter_map(|row| row.first()?.as_int())
        .collect();
    let at = |part: usize| seqs.get(seqs.len() * part / 4).copied().unwrap_or_default();
    let (one, two) = (at(0), at(3));
    let payload = "'{\"total\": [\"1.00\", \"9999.00\"]}'";
    let other_time = if stage.file {
        "'2001-01-01T00:00:00.000Z'"
    } else {
        "recorded_at + interval '1 second'"
    };
    let recomputed = if stage.file {
        // Whoever tampers computes elsewhere; any 32 bytes stand for the right ones here.
        format!(
            "UPDATE {log} SET changes = {payload}, salt = x'00', commitment = x'{}' WHERE seq = {one}",
            hex(&crypto::chain::commitment(&[0], payload.trim_matches('\'')))
        )
    } else {
        format!(
            "UPDATE {log} SET changes = {payload}, commitment = sha256(salt || convert_to({payload}::jsonb::text, 'UTF8')) WHERE seq = {one}"
        )
    };
    let columns = "recorded_at, transaction_id, actor_id, tenant_id, subject_id, entity, row_id, row_public_id, operation, changes, salt, commitment";
    let last = format!("(SELECT max(id) FROM {seals})");
    let mut all = vec![
        Trick {
            name: "another actor in an entry",
            statements: vec![format!(
                "UPDATE {log} SET actor_id = COALESCE(actor_id, 0) + 1 WHERE seq = {one}"
            )],
            found: &[F::Mac],
        },
        Trick {
            name: "another time in an entry",
            statements: vec![format!(
                "UPDATE {log} SET recorded_at = {other_time} WHERE seq = {one}"
            )],
            found: &[F::Mac],
        },
        Trick {
            name: "another operation in an entry",
            statements: vec![format!(
                "UPDATE {log} SET operation = CASE operation WHEN 'insert' THEN 'update' ELSE 'insert' END WHERE seq = {one}"
            )],
            found: &[F::Mac],
        },
        Trick {
            name: "another table in an entry",
            statements: vec![format!(
                "UPDATE {log} SET entity = entity || '_' WHERE seq = {one}"
            )],
            found: &[F::Mac],
        },
        Trick {
            name: "another payload",
            statements: vec![format!("UPDATE {log} SET changes = {payload} WHERE seq = {one}")],
            found: &[F::Payload],
        },
        Trick {
            name: "another payload with its commitment recomputed",
            statements: vec![recomputed],
            found: &[F::Mac],
        },
        Trick {
            name: "a payload destroyed without an erasure",
            statements: vec![destroy(stage, superuser)?],
            found: &[F::Destroyed],
        },
        Trick {
            name: "an entry removed",
            statements: vec![format!("DELETE FROM {log} WHERE seq = {two}")],
            found: &[F::Count],
        },
        Trick {
            name: "an entry added to an old transaction",
            statements: vec![format!(
                "INSERT INTO {log} ({columns}) SELECT {columns} FROM {log} WHERE seq = {one}"
            )],
            found: &[F::Count],
        },
        Trick {
            name: "an entry removed and another added",
            statements: vec![
                format!("DELETE FROM {log} WHERE seq = {two}"),
                format!("INSERT INTO {log} ({columns}) SELECT {columns} FROM {log} WHERE seq = {one}"),
            ],
            found: &[F::Mac, F::Count],
        },
        Trick {
            name: "two entries swapped",
            statements: swap(stage, one, two),
            found: &[F::Mac],
        },
        Trick {
            name: "a seal's count adapted to a removed entry",
            statements: vec![
                format!(
                    "UPDATE {seals} SET entries = entries - (SELECT count(*) FROM {log} WHERE seq = {two} AND transaction_id < {seals}.up_to_transaction AND transaction_id >= COALESCE((SELECT max(s.up_to_transaction) FROM {seals} AS s WHERE s.id < {seals}.id), 0))"
                ),
                format!("DELETE FROM {log} WHERE seq = {two}"),
            ],
            found: &[F::Mac],
        },
        Trick {
            name: "a seal's bound moved",
            statements: vec![format!(
                "UPDATE {seals} SET up_to_transaction = up_to_transaction + 1 WHERE id = {last}"
            )],
            found: &[F::Mac],
        },
        Trick {
            name: "a seal's time changed",
            statements: vec![format!(
                "UPDATE {seals} SET sealed_at = {} WHERE id = {last}",
                other_time.replace("recorded_at", "sealed_at")
            )],
            found: &[F::Mac],
        },
        Trick {
            name: "a seal's key renamed",
            statements: vec![format!("UPDATE {seals} SET key_id = 'another' WHERE id = {last}")],
            found: &[F::UnknownKey, F::Mac],
        },
        Trick {
            name: "a seal removed from the middle",
            statements: vec![format!(
                "DELETE FROM {seals} WHERE id = (SELECT min(id) FROM {seals} WHERE id > (SELECT min(id) FROM {seals}))"
            )],
            found: &[F::Order, F::Missing],
        },
        Trick {
            name: "a seal forged without the key",
            statements: vec![format!(
                "UPDATE {seals} SET mac = {} WHERE id = {last}",
                if stage.file {
                    "zeroblob(32)".to_owned()
                } else {
                    "sha256(mac)".to_owned()
                }
            )],
            found: &[F::Mac],
        },
        Trick {
            name: "the last seal removed, its entries left open",
            statements: vec![format!("DELETE FROM {seals} WHERE id = {last}")],
            found: &[F::Missing],
        },
        Trick {
            name: "the tail cut, seals and entries",
            statements: cut(stage),
            found: &[F::Missing],
        },
        Trick {
            name: "everything removed",
            statements: vec![format!("DELETE FROM {log}"), format!("DELETE FROM {seals}")],
            found: &[F::Missing],
        },
    ];
    all.extend(belongings(stage, superuser)?);
    Ok(all)
}

/// Whom an entry speaks of, taken out: a number or a UUID, whichever the schema's keys are. Only where some sealed entry says it.
fn belongings(stage: &Stage<'_, '_>, superuser: &mut Connection) -> Result<Vec<Trick>, Stop> {
    let (log, seals) = (&stage.log, &stage.seals);
    let mut found = Vec::new();
    for (name, column) in [
        ("an entry that no longer says whose data it holds", "subject_id"),
        ("an entry that no longer says of which tenant it is", "tenant_id"),
        ("an entry that no longer says of which row it is", "row_public_id"),
    ] {
        let first = format!(
            "SELECT min(seq) FROM {log} WHERE {column} IS NOT NULL AND transaction_id < (SELECT max(up_to_transaction) FROM {seals})"
        );
        let Some(seq) = superuser.query(&first, &[])?.scalar().and_then(Value::as_int) else {
            continue;
        };
        found.push(Trick {
            name,
            statements: vec![format!("UPDATE {log} SET {column} = NULL WHERE seq = {seq}")],
            found: &[FaultKind::Mac],
        });
    }
    Ok(found)
}

/// A payload that no erasure explains.
fn destroy(stage: &Stage<'_, '_>, superuser: &mut Connection) -> Result<String, Stop> {
    let log = &stage.log;
    let sql = format!(
        "SELECT max(l.seq) FROM {log} AS l WHERE l.changes IS NOT NULL AND l.commitment IS NOT NULL AND NOT EXISTS (\
         SELECT 1 FROM {log} AS e WHERE e.operation = 'erase' AND (e.subject_id = l.subject_id OR (e.entity = l.entity AND e.row_id = l.row_id)))"
    );
    let seq = superuser
        .query(&sql, &[])?
        .scalar()
        .and_then(Value::as_int)
        .unwrap_or_default();
    Ok(format!(
        "UPDATE {log} SET changes = NULL, salt = NULL WHERE seq = {seq}"
    ))
}

fn swap(stage: &Stage<'_, '_>, one: i64, two: i64) -> Vec<String> {
    let log = &stage.log;
    // An identity column can be set on neither database by a plain UPDATE; what is exchanged are the transactions.
    let of = |seq: i64| {
        format!(
            "(SELECT transaction_id FROM {} WHERE seq = {seq})",
            kept(stage, "kept_log")
        )
    };
    vec![
        format!(
            "UPDATE {log} SET transaction_id = {}, actor_id = (SELECT actor_id FROM {k} WHERE seq = {two}), row_id = (SELECT row_id FROM {k} WHERE seq = {two}) WHERE seq = {one}",
            of(two),
            k = kept(stage, "kept_log")
        ),
        format!(
            "UPDATE {log} SET transaction_id = {}, actor_id = (SELECT actor_id FROM {k} WHERE seq = {one}), row_id = (SELECT row_id FROM {k} WHERE seq = {one}) WHERE seq = {two}",
            of(one),
            k = kept(stage, "kept_log")
        ),
    ]
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
