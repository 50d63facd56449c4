//! With the public ids of others in hand.

use engine::Connection;
use model::Action;
use physical::{Name, Purpose, Service};

use super::oracles::{Arena, essence};
use crate::bench::Bench;
use crate::data::{Datum, uuid_text};
use crate::gate::Stop;
use crate::gates::isolation::ground;
use crate::gates::isolation::reach::promise;
use crate::gates::isolation::sheet::Sheet;
use crate::gates::isolation::try_out::{Outcome, Session};

pub(super) const CLAIM: &str = "the public id of another's row answers exactly as one that nobody has";
/// An id of the right form that nobody has.
pub(super) const NOBODY: &str = "5ca1ab1e-0000-4000-8000-00000000beef";

/// Hidden public ids of a table, for an attacker in the first guise.
pub(super) fn hidden(bench: &Bench<'_>, arena: &Arena<'_, '_>, ground: &ground::Ground<'_>) -> Vec<String> {
    let Some(own) = arena.guises.first() else {
        return Vec::new();
    };
    let read = promise(
        bench.subject,
        bench.subject.blueprint.roles.app.as_str(),
        ground.info,
        Action::Read,
    );
    let rows = ground.rows.iter().filter(|row| read.forbids(row, own));
    rows.filter_map(|row| match ground.made(arena.loaded, row)?.get("public_id") {
        Some(Datum::Uuid(bytes)) => Some(uuid_text(bytes)),
        _ => None,
    })
    .collect()
}

/// Uses them in every statement and every function.
pub(super) fn all(
    bench: &mut Bench<'_>,
    arena: &Arena<'_, '_>,
    superuser: &mut Connection,
) -> Result<(), Stop> {
    let grounds = ground::read(bench.subject, superuser, arena.speller)?;
    let roles = bench.subject.blueprint.roles.clone();
    let role = roles.app.as_str();
    let Some(own) = arena.guises.first() else {
        return Ok(());
    };
    for ground in grounds
        .iter()
        .filter(|ground| matches!(ground.info.purpose, Purpose::Entity(_)))
    {
        let ids = hidden(bench, arena, ground);
        let Some(foreign) = ids.first() else { continue };
        let mut connection = arena.loaded.db.member(role)?;
        let Some(mut session) = Session::begin(&mut connection, own)? else {
            continue;
        };
        let mut sheet = Sheet::new("knowing", ground.table.name.to_string(), CLAIM);
        for id in [foreign, ids.last().unwrap_or(foreign)] {
            for statement in statements(bench, arena, &ground.sql, &ground.table.name) {
                let with = |id: &str| statement.replace("{id}", &arena.speller.text(id));
                let (there, nowhere) = (
                    answer(&mut session, &with(id))?,
                    answer(&mut session, &with(NOBODY))?,
                );
                if there != nowhere {
                    let sql = format!(
                        "{}; -- and with an id that nobody has: {}",
                        with(id),
                        with(NOBODY)
                    );
                    let observed = format!("for another's row: {there}; for none: {nowhere}");
                    sheet.observed(
                        role,
                        own,
                        &sql,
                        "the same answer",
                        &observed,
                        "learns something by another's public id",
                    );
                }
            }
        }
        let tried = session.end()?;
        bench.count("answers compared", tried);
        sheet.summary = format!("{tried} answers");
        sheet.file(bench);
    }
    Ok(())
}

/// The answer, and what the access tables say afterwards.
fn answer(session: &mut Session<'_>, sql: &str) -> Result<String, Stop> {
    let outcome = if sql.starts_with("SELECT") {
        session.ask(sql)?
    } else {
        session.change(sql)?
    };
    Ok(match &outcome {
        Outcome::Answered(rows) => format!("{:?}", rows.rows),
        other => essence(other),
    })
}

fn statements(bench: &Bench<'_>, arena: &Arena<'_, '_>, table: &str, name: &Name) -> Vec<String> {
    let blueprint = &bench.subject.blueprint;
    let mut all = vec![
        format!("SELECT * FROM {table} WHERE public_id = {{id}}"),
        format!("SELECT count(*) FROM {table} WHERE public_id = {{id}}"),
        format!("UPDATE {table} SET version = version WHERE public_id = {{id}}"),
        format!("UPDATE {table} SET deleted_at = now() WHERE public_id = {{id}}"),
        format!("DELETE FROM {table} WHERE public_id = {{id}}"),
    ];
    let call = |function: &str| {
        arena.speller.name(&Name::new(
            blueprint.private_schema.clone(),
            physical::Ident::new(function),
        ))
    };
    for placed in &blueprint.services {
        if bench.subject.realised_name(&placed.table) != *name && placed.what != Service::SecurityEvents {
            continue;
        }
        match &placed.what {
            Service::TouchAccess {
                name: function,
                access,
                ..
            } => {
                all.push(format!("SELECT {}({{id}}::uuid)::text", call(function.as_str())));
                let access = arena.speller.name(&bench.subject.realised_name(access));
                all.push(format!(
                    "SELECT count(*) FROM {access}, LATERAL {}({{id}}::uuid)",
                    call(function.as_str())
                ));
            }
            Service::Erase { name: function, .. } => {
                all.push(format!("SELECT {}({{id}}::uuid)", call(function.as_str())))
            }
            Service::SecurityEvents => {
                let entity = arena.speller.text(name.name.as_str());
                all.push(format!(
                    "SELECT {}('probe', {entity}, {{id}}::uuid, NULL)::text",
                    call("record_event")
                ));
            }
            _ => {}
        }
    }
    all
}
