//! The server is killed between commit and seal, and between seal and answer.

use std::cell::RefCell;

use engine::{Connection, Durability};
use evidence::{Claim, Counterexample};
use physical::{Purpose, Value};

use super::journal::entries;
use super::operations::{Author, now, perform};
use super::seals::{Seals, told};
use super::{Stage, enter, report, watched};
use crate::bench::{Bench, Loaded, write};
use crate::data::{Maker, Speller};
use crate::gate::Stop;
use crate::gates::isolation::guise;
use crate::host::{Host, Target, build};

const CLAIM: &str =
    "what was committed before a crash has its entry, what was not has none, and sealing goes on";
/// So many changes are committed before the crash.
const COMMITTED: usize = 6;

/// Tries it on a server of its own, which commits as in production.
pub(super) fn all(bench: &mut Bench<'_>, sealed: bool) -> Result<(), Stop> {
    bench.step(3, 4, "a crash")?;
    let mut host = match bench.host.target() {
        Target::Postgres(options) => {
            let mut options = options.clone();
            options.durability = Durability::Durable;
            // A commit waits until the log is written, as in production. What the system has of it survives the death of every
            // process; forcing it on to the disk is against a loss of power, which nobody can try here.
            options.settings.push(("fsync".to_owned(), "off".to_owned()));
            Host::start(
                &Target::Postgres(options),
                bench.host.sabotage(),
                bench.options.entropy,
            )?
        }
        Target::Sqlite(_) => return vanished(bench),
        Target::Given {
            url: engine::DatabaseUrl::Sqlite(_),
            ..
        } => return vanished(bench),
        Target::Given { .. } => {
            bench.claim(Claim::not_run(
                "crash",
                None,
                CLAIM,
                "a given server is not killed; prove it on a temporary server",
            ));
            return Ok(());
        }
    };
    let subject = bench.subject;
    // The one database of this server: built where it is used, not copied.
    let db = host.empty()?;
    build(&db, subject)
        .map_err(|failure| Stop::Unable(format!("the schema could not be built: {failure}")))?;
    db.sabotage(bench.host.sabotage())?;
    let mut maker = Maker::new(subject, bench.options.seed);
    let parties = maker.parties().map_err(|fault| Stop::Unable(fault.to_string()))?;
    maker.populate(&parties, 1);
    let mut superuser = db.superuser()?;
    write(&mut superuser, &mut maker)?;
    for statement in maker.counters() {
        superuser.batch(&statement)?;
    }
    let loaded = Loaded { db, parties, maker };
    let speller = Speller::new(subject.dialect);
    let guises = guise::all(bench, &mut superuser, &loaded.parties)?
        .into_iter()
        .take(loaded.parties.len().min(3))
        .collect();
    let name = |purpose: Purpose| {
        let info = subject
            .blueprint
            .tables
            .iter()
            .find(|info| info.purpose == purpose);
        info.map(|info| speller.name(&subject.realised_name(&info.name)))
            .unwrap_or_default()
    };
    let stage = Stage {
        loaded: &loaded,
        maker: RefCell::new(loaded.maker.clone()),
        watched: watched(subject, speller),
        guises,
        speller,
        log: name(Purpose::Audit),
        seals: name(Purpose::Seals),
        file: false,
    };
    killed(bench, &host, &stage, superuser, sealed)
}

fn killed(
    bench: &mut Bench<'_>,
    host: &Host,
    stage: &Stage<'_, '_>,
    mut superuser: Connection,
    sealed: bool,
) -> Result<(), Stop> {
    let last = stage.last_entry(&mut superuser)?;
    let mut committed = Vec::new();
    let mut author = Author::new(bench, stage, "crash");
    let mut open: Option<Connection> = None;
    let plan = (0..stage.watched.len()).cycle().take(COMMITTED * 3);
    for (round, table) in plan.enumerate() {
        let Some(change) = author.of(bench, &mut superuser, table, 0, "insert")? else {
            continue;
        };
        let Some(guise) = stage.guises.get(change.guise) else {
            continue;
        };
        let mut connection = stage.writer(&change.role)?;
        if committed.len() < COMMITTED {
            let before = stage.last_entry(&mut superuser)?;
            if perform(&mut connection, guise, &change.sql)?.is_ok() {
                committed.extend(
                    entries(stage, &mut superuser, before)?
                        .into_iter()
                        .map(|entry| entry.seq),
                );
            }
        } else if open.is_none() && round > COMMITTED {
            connection.begin()?;
            enter(&mut connection, guise)?;
            if connection.execute(&change.sql).is_ok() {
                open = Some(connection);
            }
        }
    }
    drop(superuser);
    host.crash()?;
    drop(open);
    let mut superuser = stage.loaded.db.superuser()?;
    let found: Vec<i64> = entries(stage, &mut superuser, last)?
        .into_iter()
        .map(|entry| entry.seq)
        .collect();
    let mut wrong = Vec::new();
    // The rows that the gate itself prepares leave entries too; those of the application are the ones that it saw committed.
    if let Some(seq) = committed.iter().find(|seq| !found.contains(seq)) {
        wrong.push(format!("entry {seq} was committed and is gone"));
    }
    if committed.is_empty() {
        wrong.push("no change could be committed".to_owned());
    }
    let orphans = unmatched(stage, &mut superuser, last)?;
    wrong.extend(orphans);
    if sealed {
        wrong.extend(sealing(bench, host, stage, superuser)?);
    }
    let fault =
        (!wrong.is_empty()).then(|| Counterexample::new("a crash upsets the trail", CLAIM, wrong.join("; ")));
    report(
        bench,
        "crash",
        None,
        CLAIM,
        fault,
        format!("{} entries survived kill -9", committed.len()),
    );
    Ok(())
}

/// Inserted rows and entries of insertion are the same set after the crash.
fn unmatched(stage: &Stage<'_, '_>, superuser: &mut Connection, last: i64) -> Result<Option<String>, Stop> {
    for watched in &stage.watched {
        let Some(column) = watched.public_id else { continue };
        let sql = format!(
            "SELECT count(*) FROM {} AS l WHERE l.seq > {last} AND l.entity = {} AND l.operation = 'insert' \
             AND NOT EXISTS (SELECT 1 FROM {} AS t WHERE t.{} = l.row_public_id)",
            stage.log,
            stage.speller.text(watched.table.name.name.as_str()),
            watched.sql,
            stage.speller.ident(column.as_str())
        );
        let count = superuser
            .query(&sql, &[])?
            .scalar()
            .and_then(Value::as_int)
            .unwrap_or_default();
        if count > 0 {
            return Ok(Some(format!(
                "{count} entries speak of rows of {} that are not there",
                watched.table.name
            )));
        }
    }
    Ok(None)
}

/// Seals, loses the server before anybody hears of it, and seals again.
fn sealing(
    bench: &Bench<'_>,
    host: &Host,
    stage: &Stage<'_, '_>,
    mut superuser: Connection,
) -> Result<Vec<String>, Stop> {
    let roles = &bench.subject.blueprint.roles;
    let mut seals = Seals::new(bench);
    let at = now(stage, &mut superuser)?;
    drop(superuser);
    {
        let mut sealer = stage.login(roles.sealer.as_str())?;
        seals.seal(bench, &mut sealer, at)?;
    }
    host.crash()?;
    let mut sealer = stage.login(roles.sealer.as_str())?;
    let again = seals.seal(bench, &mut sealer, at + 1_000_000)?;
    let mut auditor = stage.login(roles.auditor.as_str())?;
    let found = seals.verify(bench, &mut auditor, &seals.anchors)?;
    let mut wrong = Vec::new();
    if again.entries > 0 {
        wrong.push(format!("{} entries were sealed twice", again.entries));
    }
    if !found.faults.is_empty() || found.open.entries > 0 || found.entries == 0 {
        wrong.push(format!(
            "after the crash: {}, {} open",
            told(&found),
            found.open.entries
        ));
    }
    Ok(wrong)
}

/// A file has no server: the writer vanishes in the middle of a transaction.
fn vanished(bench: &mut Bench<'_>) -> Result<(), Stop> {
    let loaded = bench.loaded(1)?;
    let subject = bench.subject;
    let Some(info) = subject
        .blueprint
        .tables
        .iter()
        .find(|info| info.purpose == Purpose::Audit)
    else {
        return Ok(());
    };
    let log = Speller::new(subject.dialect).name(&subject.realised_name(&info.name));
    let count = format!("SELECT count(*) FROM {log}");
    let mut maker = loaded.maker.clone();
    let number = |connection: &mut Connection| -> Result<i64, Stop> {
        Ok(connection
            .query(&count, &[])?
            .scalar()
            .and_then(Value::as_int)
            .unwrap_or_default())
    };
    let mut writer = loaded.db.superuser()?;
    let before = number(&mut writer)?;
    let party = loaded.parties.first().cloned().unwrap_or_default();
    for table in maker.tables() {
        let fixed = maker.fixed(table, &party);
        // What cannot be made for this table is made for another.
        let _ = maker.make(table, &fixed, false);
    }
    writer.begin()?;
    for statement in maker.statements() {
        writer.batch(&statement)?;
    }
    let within = number(&mut writer)?;
    drop(writer);
    let after = number(&mut loaded.db.superuser()?)?;
    let right = within > before && after == before;
    let fault = (!right).then(|| {
        Counterexample::new(
            "a writer that vanishes upsets the trail",
            CLAIM,
            format!("{before} entries before, {within} within, {after} after"),
        )
    });
    report(
        bench,
        "crash",
        None,
        CLAIM,
        fault,
        format!(
            "{} entries of an unfinished transaction went with it",
            within - before
        ),
    );
    Ok(())
}
