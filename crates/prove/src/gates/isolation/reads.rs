//! Saying of rows that they were read, by those who cannot see them.

use model::Action;
use physical::{Ident, Name, Purpose, Service};

use super::cells::Arena;
use super::ground::Ground;
use super::reach::promise;
use super::sheet::Sheet;
use super::try_out::Session;
use crate::bench::Bench;
use crate::gate::Stop;

const CLAIM: &str = "nobody records of a row that it was read who cannot see it";

/// Writes where reads are recorded, past the function that is for it: retention may count from there.
pub(super) fn all(bench: &mut Bench<'_>, arena: &Arena<'_, '_>) -> Result<(), Stop> {
    let roles = bench.subject.blueprint.roles.clone();
    for role in std::iter::once(&roles.app).chain(&roles.declared) {
        for ground in arena.grounds {
            if matches!(ground.info.purpose, Purpose::Entity(_)) {
                of_table(bench, arena, role.as_str(), ground)?;
            }
        }
    }
    Ok(())
}

fn of_table(
    bench: &mut Bench<'_>,
    arena: &Arena<'_, '_>,
    role: &str,
    ground: &Ground<'_>,
) -> Result<(), Stop> {
    let read = promise(bench.subject, role, ground.info, Action::Read);
    let (Some(own), Some(records)) = (arena.guises.first(), records(bench, ground)) else {
        return Ok(());
    };
    let hidden = ground.rows.iter().find(|row| read.forbids(row, own));
    let (Some(id), Some(ty)) = (hidden.and_then(|row| row.id.as_ref()), key_type(ground)) else {
        return Ok(());
    };
    let sql = format!(
        "INSERT INTO {} (row_id) VALUES ({})",
        arena.speller.name(&records),
        arena.speller.value(id, ty)
    );
    let mut connection = arena.loaded.db.member(role)?;
    let Some(mut session) = Session::begin(&mut connection, own)? else {
        return Ok(());
    };
    let mut sheet = Sheet::new("reads", format!("{role} {records}"), CLAIM);
    let outcome = session.change(&sql)?;
    if !outcome.is_forbidden() {
        let what = "records that a row was read which it cannot see";
        sheet.wrong(role, own, &sql, "refused (42501)", &outcome, what);
    }
    let tried = session.end()?;
    bench.count("statements tried", tried);
    sheet.summary = "refused".to_owned();
    sheet.file(bench);
    Ok(())
}

/// Where reads of a table's rows are recorded: the table of access; where access stands on the row, the one that says what to write.
fn records(bench: &Bench<'_>, ground: &Ground<'_>) -> Option<Name> {
    let subject = bench.subject;
    subject.blueprint.services.iter().find_map(|placed| {
        let Service::TouchAccess { access, .. } = &placed.what else {
            return None;
        };
        if subject.realised_name(&placed.table) != ground.table.name {
            return None;
        }
        if *access != placed.table {
            return Some(subject.realised_name(access));
        }
        let schema = subject.blueprint.private_schema.clone();
        let name = Name::new(schema, Ident::new(format!("{}_reads", placed.table.name)));
        subject
            .realised
            .database
            .table(&name)
            .map(|table| table.name.clone())
    })
}

fn key_type<'g>(ground: &'g Ground<'_>) -> Option<&'g physical::SqlType> {
    let key = ground.table.primary_key.as_ref()?.columns.first()?;
    Some(&ground.table.column(key.as_str())?.ty)
}
