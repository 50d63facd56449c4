//! Each table has what the policy says, or a written reason.
//!
//! What is expected follows from the model and the policy alone, never from what was designed; what is found comes from the
//! real catalog, and where a catalog can lie (a trigger that is there and does nothing), from trying.

mod live;
mod shape;

use evidence::{Claim, Counterexample, Proof};
use model::{AuditMode, Entity, Opted};
use physical::{Database, Ident, Purpose, Table};

use crate::bench::Bench;
use crate::gate::{Gate, Stop};
use crate::subject::Subject;

/// The gate.
pub(super) static GATE: Gate = Gate {
    id: "secure-fields",
    title: "secure fields",
    claim: "every table has the identifiers, stamps, versions, soft deletion, audit and protection that the policy says, or a written reason",
    attacker: Some("A1 and A2: an outsider with an account, and the application's own mistakes"),
    guarantees: &[],
    run,
};

/// An entity, and the table that was found for it.
struct Found<'a> {
    entity: &'a Entity,
    table: &'a Table,
    /// What the table is partitioned by: every key that is kept unique ends with it.
    partition_key: Vec<Ident>,
}

fn run(bench: &mut Bench<'_>) -> Result<(), Stop> {
    let loaded = bench.loaded(1)?;
    let mut superuser = loaded.db.superuser()?;
    let database = bench.introspect(&mut superuser)?;
    let subject = bench.subject;
    let total = subject.model.entities.len();
    for (index, entity) in subject.model.entities.iter().enumerate() {
        bench.step(index, total, &entity.name.text)?;
        reasons(bench, entity);
        let Some(table) = find(bench, &database, entity) else {
            continue;
        };
        let found = Found {
            entity,
            table,
            partition_key: partition_key(subject, entity),
        };
        shape::entity(bench, &found);
        live::entity(bench, &loaded, &mut superuser, &found)?;
        bench.count("tables", 1);
    }
    shape::everywhere(bench, &database);
    let claims = bench.claims.len() as u64;
    bench.count("claims", claims);
    bench.step(total, total, "done")
}

fn partition_key(subject: &Subject, entity: &Entity) -> Vec<Ident> {
    let infos = &subject.blueprint.tables;
    let info = infos
        .iter()
        .find(|info| info.purpose == Purpose::Entity(entity.id));
    let planned = info.and_then(|info| subject.blueprint.database.table(&info.name));
    planned
        .and_then(|table| table.partitioned.as_ref())
        .map_or_else(Vec::new, |by| by.columns.clone())
}

/// The table of an entity, looked for in the real catalog by the model's own name for it.
fn find<'a>(bench: &mut Bench<'_>, database: &'a Database, entity: &Entity) -> Option<&'a Table> {
    let schema = bench.subject.blueprint.schema.as_str();
    let found = database.tables.iter().find(|table| {
        let own = table
            .name
            .schema
            .as_ref()
            .is_none_or(|name| name.as_str() == schema);
        own && table.name.name.as_str() == entity.table
    });
    let faults = if found.is_some() {
        Vec::new()
    } else {
        vec!["no such table".to_owned()]
    };
    report(
        bench,
        "table",
        &entity.table,
        "the entity has a table",
        faults,
        &[],
    );
    found
}

/// Notes what was left out, and why.
fn reasons(bench: &mut Bench<'_>, entity: &Entity) {
    let name = &entity.name.text;
    let mut note = |what: &str, off: bool, said: bool, because: &Option<String>| {
        if !off || !said {
            return;
        }
        let reason = because
            .as_deref()
            .map_or_else(|| "by the policy".to_owned(), |text| format!("\"{text}\""));
        bench.note(format!("{name} has no {what}: {reason}"));
    };
    note(
        "soft delete",
        !entity.soft_delete.value,
        entity.soft_delete.said.is_some(),
        &entity.soft_delete.because,
    );
    note(
        "timestamps",
        !entity.timestamps.value,
        entity.timestamps.said.is_some(),
        &entity.timestamps.because,
    );
    note(
        "authors",
        !entity.authors.value,
        entity.authors.said.is_some(),
        &entity.authors.because,
    );
    let versioning = &entity.versioning;
    note(
        "version",
        versioning.value == model::Versioning::Off,
        versioning.said.is_some(),
        &versioning.because,
    );
    note(
        "audit trail",
        entity.audit.value == AuditMode::Off,
        entity.audit.said.is_some(),
        &entity.audit.because,
    );
}

/// Whether something was left out without a reason: neither the entity nor the policy says why.
fn unexplained<T>(opted: &Opted<T>, off: bool) -> bool {
    off && opted.said.is_none() && opted.because.is_none()
}

/// Writes down one aspect of one table: proved when there is no fault.
fn report(
    bench: &mut Bench<'_>,
    id: &str,
    object: &str,
    claim: &str,
    faults: Vec<String>,
    statements: &[String],
) {
    let object = Some(object.to_owned());
    bench.claim(if faults.is_empty() {
        Claim::proved(id, object, claim, Proof::new("found so"))
    } else {
        let summary = format!(
            "`{}`: {}",
            object.as_deref().unwrap_or_default(),
            faults.first().cloned().unwrap_or_default()
        );
        let example = Counterexample::new(summary, claim, faults.join("; "));
        Claim::refuted(
            id,
            object,
            claim,
            example.with_statements(statements.iter().cloned()),
        )
    });
}
