//! Sealing, verifying, late commits and erasure, with the code that `architrave seal` and `verify` run.

use crypto::Key;
use engine::Connection;
use evidence::Counterexample;
use physical::{Chain, Service, Value};

use super::operations::{Author, now};
use super::scenarios::some_changes;
use super::{Stage, enter, report, tamper};
use crate::bench::Bench;
use crate::gate::Stop;
use crate::seal::{SealError, SealReport, VerifyReport, seal, verify};

const KEY_ID: &str = "proof/1";

/// A key of this proof, and who seals and verifies.
pub(super) struct Seals {
    key: Key,
    keys: Vec<(String, Key)>,
    pub(super) anchors: String,
}

impl Seals {
    pub(super) fn new(bench: &Bench<'_>) -> Self {
        let key = Key::new(bench.options.entropy);
        Self {
            keys: vec![(KEY_ID.to_owned(), key.clone())],
            key,
            anchors: String::new(),
        }
    }

    pub(super) fn seal(
        &mut self,
        bench: &Bench<'_>,
        sealer: &mut Connection,
        now: i64,
    ) -> Result<SealReport, Stop> {
        let subject = bench.subject;
        let report = seal(
            sealer,
            &subject.blueprint,
            subject.dialect,
            &self.key,
            KEY_ID,
            now,
        )
        .map_err(unable)?;
        self.anchors.push_str(&report.lines());
        Ok(report)
    }

    pub(super) fn verify(
        &self,
        bench: &Bench<'_>,
        auditor: &mut Connection,
        anchors: &str,
    ) -> Result<VerifyReport, Stop> {
        let subject = bench.subject;
        verify(auditor, &subject.blueprint, subject.dialect, &self.keys, anchors).map_err(unable)
    }
}

fn unable(error: SealError) -> Stop {
    match error {
        SealError::Engine(error) => match error.sql() {
            Some(_) => Stop::Unable(format!("sealing or verifying failed: {error}")),
            None => error.into(),
        },
        other => Stop::Unable(other.to_string()),
    }
}

/// What verifying found, in a few words.
pub(super) fn told(report: &VerifyReport) -> String {
    if report.faults.is_empty() {
        return format!("{} seals over {} entries, no fault", report.seals, report.entries);
    }
    report
        .faults
        .iter()
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join("; ")
}

/// Seals, verifies, and tampers.
pub(super) fn all(
    bench: &mut Bench<'_>,
    stage: &Stage<'_, '_>,
    superuser: &mut Connection,
    chain: Chain,
) -> Result<(), Stop> {
    bench.step(0, 4, "sealing")?;
    let roles = bench.subject.blueprint.roles.clone();
    let mut sealer = stage.login(roles.sealer.as_str())?;
    let mut auditor = stage.login(roles.auditor.as_str())?;
    let mut seals = Seals::new(bench);
    sealed(bench, stage, superuser, (&mut sealer, &mut auditor), &mut seals)?;
    if chain == Chain::Inline {
        bench.note("writers of an inline chain wait for each other, so no transaction can be late");
    } else if !stage.file {
        late(bench, stage, superuser, (&mut sealer, &mut auditor), &mut seals)?;
    }
    bench.step(1, 4, "erasing")?;
    erased(bench, stage, superuser, (&mut sealer, &mut auditor), &mut seals)?;
    some_changes(bench, stage, superuser, "before the last seal")?;
    let at = now(stage, superuser)?;
    seals.seal(bench, &mut sealer, at)?;
    bench.step(2, 4, "tampering")?;
    drop(sealer);
    tamper::all(bench, stage, superuser, &mut auditor, &seals)
}

/// A sealed trail verifies, sealing again seals nothing, and what comes after is told to be open.
fn sealed(
    bench: &mut Bench<'_>,
    stage: &Stage<'_, '_>,
    superuser: &mut Connection,
    (sealer, auditor): (&mut Connection, &mut Connection),
    seals: &mut Seals,
) -> Result<(), Stop> {
    let claim = "a sealed trail verifies, is sealed once, and the window that is still open is shown";
    let at = now(stage, superuser)?;
    let first = seals.seal(bench, sealer, at)?;
    let again = seals.seal(bench, sealer, at + 1_000_000)?;
    let clean = seals.verify(bench, auditor, &seals.anchors)?;
    some_changes(bench, stage, superuser, "after the first seal")?;
    let total = superuser.query(&format!("SELECT count(*) FROM {}", stage.log), &[])?;
    let total = total.scalar().and_then(Value::as_int).unwrap_or_default();
    let open = seals.verify(bench, auditor, &seals.anchors)?;
    let second = seals.seal(bench, sealer, at + 2_000_000)?;
    let closed = seals.verify(bench, auditor, &seals.anchors)?;
    let mut wrong = Vec::new();
    let mut hold = |what: bool, text: String| {
        if !what {
            wrong.push(text);
        }
    };
    hold(
        first.entries > 0 && !first.anchors.is_empty(),
        "nothing was sealed".to_owned(),
    );
    hold(
        again.entries == 0,
        format!("sealing again sealed {} entries", again.entries),
    );
    hold(clean.faults.is_empty() && clean.open.entries == 0, told(&clean));
    hold(
        clean.entries == first.entries,
        format!(
            "{} entries are sealed and {} verified",
            first.entries, clean.entries
        ),
    );
    hold(
        i64::try_from(open.entries + open.open.entries) == Ok(total),
        "entries are neither sealed nor open".to_owned(),
    );
    hold(
        open.open.entries > 0 && open.open.since.is_some(),
        "the open window is not shown".to_owned(),
    );
    hold(
        second.entries > 0 && closed.faults.is_empty() && closed.open.entries == 0,
        told(&closed),
    );
    hold(
        closed.anchored.is_some(),
        "the anchors were not looked at".to_owned(),
    );
    let fault = (!wrong.is_empty()).then(|| {
        Counterexample::new(
            "sealing or verifying does not do what it says",
            claim,
            wrong.join("; "),
        )
    });
    let proof = format!(
        "{} seals over {} entries; {} were open in between",
        closed.seals, closed.entries, open.open.entries
    );
    report(bench, "sealed", None, claim, fault, proof);
    Ok(())
}

/// A transaction that began early and commits late is neither skipped nor slipped into an old seal.
fn late(
    bench: &mut Bench<'_>,
    stage: &Stage<'_, '_>,
    superuser: &mut Connection,
    (sealer, auditor): (&mut Connection, &mut Connection),
    seals: &mut Seals,
) -> Result<(), Stop> {
    let claim = "a transaction that began before a seal and committed after it is sealed by the next one";
    let Some(guise) = stage.guises.first() else {
        return Ok(());
    };
    let mut author = Author::new(bench, stage, "late");
    for table in 0..stage.watched.len() {
        let Some(change) = author.of(bench, superuser, table, 0, "insert")? else {
            continue;
        };
        let mut slow = stage.writer(&change.role)?;
        slow.begin()?;
        enter(&mut slow, guise)?;
        if slow.execute(&change.sql).is_err() {
            slow.rollback()?;
            continue;
        }
        // Others write, commit, and are followed by a seal while the slow one is open.
        superuser.set_statement_timeout(Some(std::time::Duration::from_secs(10)))?;
        some_changes(bench, stage, superuser, "overtaking")?;
        superuser.set_statement_timeout(None)?;
        let at = now(stage, superuser)?;
        seals.seal(bench, sealer, at)?;
        slow.commit()?;
        let between = seals.verify(bench, auditor, &seals.anchors)?;
        seals.seal(bench, sealer, at + 1_000_000)?;
        let after = seals.verify(bench, auditor, &seals.anchors)?;
        let right = between.faults.is_empty()
            && between.open.entries > 0
            && after.faults.is_empty()
            && after.open.entries == 0;
        let fault = (!right).then(|| {
            let observed = format!(
                "after the commit: {}; after the next seal: {}",
                told(&between),
                told(&after)
            );
            Counterexample::new("a late transaction upsets the seals", claim, observed).with_statements([
                "-- the slow one: BEGIN".to_owned(),
                change.sql.clone(),
                "-- others commit, and are sealed; then the slow one: COMMIT".to_owned(),
            ])
        });
        report(
            bench,
            "late-commit",
            None,
            claim,
            fault,
            format!("{} entries were open in between", between.open.entries),
        );
        return Ok(());
    }
    bench.note("no change could be kept open, so late commits were not tried");
    Ok(())
}

/// Erasing a person empties payloads, and the chain still verifies.
fn erased(
    bench: &mut Bench<'_>,
    stage: &Stage<'_, '_>,
    superuser: &mut Connection,
    (sealer, auditor): (&mut Connection, &mut Connection),
    seals: &mut Seals,
) -> Result<(), Stop> {
    let claim = "erasing a person empties payloads, and the trail still verifies";
    let subject = bench.subject;
    let erase = subject
        .blueprint
        .services
        .iter()
        .find_map(|placed| match &placed.what {
            Service::Erase { name, .. } => Some((subject.realised_name(&placed.table), name.clone())),
            _ => None,
        });
    let (Some((table, function)), Some(party)) = (erase, stage.loaded.parties.get(1)) else {
        return Ok(());
    };
    let Some(id) = party.owner.as_ref().and_then(crate::data::Datum::key_text) else {
        return Ok(());
    };
    let id = stage.speller.text(&id);
    let gone = format!(
        "SELECT count(*) FROM {} WHERE subject_id = {id} AND changes IS NOT NULL",
        stage.log
    );
    let before = superuser
        .query(&gone, &[])?
        .scalar()
        .and_then(Value::as_int)
        .unwrap_or_default();
    if before == 0 {
        bench.note("no payload speaks of a person, so there was nothing to erase");
        return Ok(());
    }
    let sql = erase_person(bench, stage, superuser, (&table, function), &id)?;
    let after = superuser
        .query(&gone, &[])?
        .scalar()
        .and_then(Value::as_int)
        .unwrap_or_default();
    let open = seals.verify(bench, auditor, &seals.anchors)?;
    let at = now(stage, superuser)?;
    seals.seal(bench, sealer, at)?;
    let closed = seals.verify(bench, auditor, &seals.anchors)?;
    let right = after == 0 && open.faults.is_empty() && closed.faults.is_empty();
    let fault = (!right).then(|| {
        let observed = format!(
            "{before} payloads before, {after} after; {}; {}",
            told(&open),
            told(&closed)
        );
        Counterexample::new("erasure and the seals do not go together", claim, observed)
            .with_statements([sql])
            .run_as(subject.blueprint.roles.eraser.as_str())
    });
    report(
        bench,
        "erasure",
        None,
        claim,
        fault,
        format!("{before} payloads emptied"),
    );
    Ok(())
}

/// Erases a person as the schema does it; answers the statement.
fn erase_person(
    bench: &Bench<'_>,
    stage: &Stage<'_, '_>,
    superuser: &mut Connection,
    (table, function): (&physical::Name, physical::Ident),
    id: &str,
) -> Result<String, Stop> {
    let subject = bench.subject;
    let outside = if stage.outside(table) { "public_id" } else { "id" };
    let cast = if stage.file { "" } else { "::text" };
    let public = superuser.query(
        &format!(
            "SELECT {outside}{cast} FROM {} WHERE id = {id}",
            stage.speller.name(table)
        ),
        &[],
    )?;
    let public = public.scalar().and_then(Value::as_text).unwrap_or_default();
    let public = stage.speller.text(public);
    if stage.file {
        // The emitted script, with its one parameter.
        let scripts = (subject.dialect.scripts)(&subject.blueprint);
        let script = scripts.into_iter().find(|(name, _)| *name == function.as_str());
        let sql = script.unwrap_or_default().1.replace(":public_id", &public);
        superuser.begin()?;
        for statement in (subject.dialect.enter)(&subject.blueprint, &plan::ContextValues::default()) {
            superuser.batch(&statement)?;
        }
        superuser.batch(&sql)?;
        for statement in (subject.dialect.leave)(&subject.blueprint) {
            superuser.batch(&statement)?;
        }
        superuser.commit()?;
        return Ok(sql);
    }
    let name = stage.speller.name(&physical::Name::new(
        subject.blueprint.private_schema.clone(),
        function,
    ));
    let sql = format!("SELECT {name}({public})");
    let mut eraser = stage.login(subject.blueprint.roles.eraser.as_str())?;
    eraser.query(&sql, &[])?;
    Ok(sql)
}
