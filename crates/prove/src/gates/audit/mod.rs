//! Every change leaves exactly one entry, and nobody changes entries unseen.
//!
//! The gate keeps a journal of its own from rows read before and after each change, and holds the trail to it. Then it seals,
//! as `architrave seal` does, and plays the tamperer that the seals are against. See `docs/gates/audit.md`.

mod crash;
mod journal;
mod operations;
mod scenarios;
mod seals;
mod tamper;

use std::cell::RefCell;

use engine::Connection;
use evidence::{Claim, Counterexample, Proof};
use physical::{Behaviour, Chain, Ident, Service, SqlType, Table};

use crate::bench::{Bench, Loaded};
use crate::data::{Maker, Speller};
use crate::gate::{Gate, Stop};
use crate::gates::isolation::guise::{self, Guise};
use crate::subject::Subject;

/// The gate.
pub(super) static GATE: Gate = Gate {
    id: "audit",
    title: "audit",
    claim: "every change leaves exactly one entry with who, what and when, and no entry is changed unseen up to the last anchor",
    attacker: Some(
        "A3 and A5: injected SQL as the application, and the owner or a superuser, where only detection is promised",
    ),
    guarantees: &["file", "commitments", "inline-chain", "functions"],
    run,
};

/// An audited table.
struct Watched<'a> {
    table: &'a Table,
    sql: String,
    key: &'a Ident,
    public_id: Option<&'a Ident>,
    /// Columns that an entry names even when they stay: the key of rows that have neither number nor UUID.
    named: &'a [Ident],
    tenant: Option<&'a Ident>,
    subject: Option<&'a Ident>,
    redacted: &'a [Ident],
    ignored: &'a [Ident],
    deleted_at: Option<&'a Ident>,
    deletion_reason: Option<&'a Ident>,
}

/// What the gate works on.
struct Stage<'a, 'm> {
    loaded: &'a Loaded<'m>,
    /// One for the whole gate: no two rows get the same key.
    maker: RefCell<Maker<'m>>,
    watched: Vec<Watched<'m>>,
    guises: Vec<Guise>,
    speller: Speller,
    /// As SQL.
    log: String,
    seals: String,
    file: bool,
}

fn run(bench: &mut Bench<'_>) -> Result<(), Stop> {
    let subject = bench.subject;
    let trail = subject
        .blueprint
        .services
        .iter()
        .find_map(|placed| match &placed.what {
            Service::AuditTrail { seals, chain, .. } => Some((
                subject.realised_name(&placed.table),
                subject.realised_name(seals),
                *chain,
            )),
            _ => None,
        });
    let Some((log, seals, chain)) = trail else {
        let reason = "the schema keeps no audit trail, as its policy says";
        bench.claim(Claim::not_applicable("entries", None, ENTRIES, reason));
        return Ok(());
    };
    let loaded = bench.loaded(2)?;
    let mut superuser = loaded.db.superuser()?;
    let speller = Speller::new(subject.dialect);
    let guises = guise::all(bench, &mut superuser, &loaded.parties)?;
    // Those who act for a party; the others change nothing.
    let guises = guises.into_iter().take(loaded.parties.len().min(3)).collect();
    let stage = Stage {
        loaded: &loaded,
        maker: RefCell::new(loaded.maker.clone()),
        watched: watched(subject, speller),
        guises,
        speller,
        log: speller.name(&log),
        seals: speller.name(&seals),
        file: !subject.has_roles(),
    };
    operations::all(bench, &stage, &mut superuser)?;
    scenarios::all(bench, &stage, &mut superuser)?;
    if chain == Chain::Plain {
        bench.note("the policy asks for a trail without seals: what a superuser does to it is not found");
    } else {
        seals::all(bench, &stage, &mut superuser, chain)?;
    }
    drop(superuser);
    crash::all(bench, chain != Chain::Plain)?;
    let text = format!(
        "{} changes · {} entries · {} kinds of tampering found",
        bench.counted("changes"),
        bench.counted("entries"),
        bench.counted("kinds of tampering")
    );
    bench.headline(text);
    bench.step(1, 1, "done")
}

/// How long a change waits for others.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(3);

const ENTRIES: &str = "every change leaves exactly one entry with who, what and when";

fn watched<'a>(subject: &'a Subject, speller: Speller) -> Vec<Watched<'a>> {
    let mut all = Vec::new();
    for placed in &subject.blueprint.behaviours {
        let Behaviour::Audit {
            key,
            public_id,
            tenant,
            subject: whose,
            redacted,
            ignored,
            ..
        } = &placed.what
        else {
            continue;
        };
        let name = subject.realised_name(&placed.table);
        let Some(table) = subject.realised.database.table(&name) else {
            continue;
        };
        let planned = subject.blueprint.database.table(&placed.table);
        let key_type = planned
            .and_then(|table| table.column(key.as_str()))
            .map(|column| &column.ty);
        let told = matches!(
            key_type,
            Some(SqlType::BigInt | SqlType::Integer | SqlType::SmallInt | SqlType::Uuid)
        );
        let soft = subject.behaviours(&name).find_map(|behaviour| match behaviour {
            Behaviour::SoftDelete {
                deleted_at, reason, ..
            } => Some((deleted_at, reason.as_ref())),
            _ => None,
        });
        all.push(Watched {
            table,
            sql: speller.name(&name),
            key,
            public_id: public_id
                .as_ref()
                .or(Some(key).filter(|_| key_type == Some(&SqlType::Uuid))),
            named: match &table.primary_key {
                Some(primary) if public_id.is_none() && !told => &primary.columns,
                _ => &[],
            },
            tenant: tenant.as_ref(),
            subject: whose.as_ref(),
            redacted,
            ignored,
            deleted_at: soft.map(|(at, _)| at),
            deletion_reason: soft.and_then(|(_, reason)| reason),
        });
    }
    all
}

impl Stage<'_, '_> {
    /// Whether rows of a table are known outside by a public id, and not by their key.
    fn outside(&self, table: &physical::Name) -> bool {
        let plan = self.loaded.maker.plan(table);
        plan.is_some_and(|plan| plan.table.column("public_id").is_some())
    }

    /// A login of a member of a role; on a file, everyone.
    fn login(&self, role: &str) -> Result<Connection, Stop> {
        Ok(self.loaded.db.member(role)?)
    }

    /// A login of whoever changes rows. It gives up waiting for others: some of them are ourselves.
    fn writer(&self, role: &str) -> Result<Connection, Stop> {
        let mut connection = self.login(role)?;
        connection.set_statement_timeout(Some(PATIENCE))?;
        Ok(connection)
    }

    /// The newest entry's number.
    fn last_entry(&self, superuser: &mut Connection) -> Result<i64, Stop> {
        let rows = superuser.query(&format!("SELECT COALESCE(max(seq), 0) FROM {}", self.log), &[])?;
        Ok(rows.scalar().and_then(physical::Value::as_int).unwrap_or(0))
    }
}

/// Enters a context; the transaction has begun.
fn enter(connection: &mut Connection, guise: &Guise) -> Result<(), Stop> {
    for statement in &guise.enter {
        connection.batch(statement)?;
    }
    Ok(())
}

/// Writes a finding down.
fn report(
    bench: &mut Bench<'_>,
    id: &str,
    object: Option<String>,
    claim: &str,
    fault: Option<Counterexample>,
    proof: String,
) {
    bench.claim(match fault {
        None => Claim::proved(id, object, claim, Proof::new(proof)),
        Some(example) => Claim::refuted(id, object, claim, example),
    });
}
