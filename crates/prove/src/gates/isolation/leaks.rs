//! What a condition, a view or a mask lets through.

use std::collections::BTreeSet;

use engine::Connection;
use evidence::Counterexample;
use model::{Action, Privacy, Protection};
use physical::{View, ViewQuery};

use super::cells::Arena;
use super::guise::Guise;
use super::reach::promise;
use super::sheet::Sheet;
use super::try_out::{Outcome, Session, shown};
use crate::bench::Bench;
use crate::data::{Datum, uuid_text};
use crate::gate::Stop;

/// A function that costs nothing, so that the planner calls it first, and tells every value that it is shown.
const TELL: &str = "CREATE FUNCTION pg_temp.tell(text) RETURNS boolean LANGUAGE plpgsql COST 0.0000001 \
    AS 'BEGIN RAISE NOTICE ''told %'', $1; RETURN true; END'";

/// Tries conditions with side effects, and reads the masked views.
pub(super) fn all(bench: &mut Bench<'_>, arena: &Arena<'_, '_>) -> Result<(), Stop> {
    let roles = bench.subject.blueprint.roles.clone();
    for role in std::iter::once(&roles.app).chain(&roles.declared) {
        conditions(bench, arena, role.as_str())?;
    }
    masks(bench, arena, roles.reader.as_str())
}

/// What the function was shown. `None` when the role may not make it.
fn told(session: &mut Session<'_>, from: &str, expression: &str) -> Result<Option<BTreeSet<String>>, Stop> {
    let _ = session.connection().take_notices();
    let sql = format!("SELECT count(*) FROM {from} WHERE pg_temp.tell({expression})");
    let outcome = session.undone(|connection| {
        connection.batch(TELL)?;
        connection.query(&sql, &[]).map(Outcome::Answered)
    })?;
    let notices = session.connection().take_notices();
    if matches!(outcome, Outcome::Refused(_)) && notices.is_empty() {
        return Ok(None);
    }
    let texts = notices
        .iter()
        .filter_map(|notice| notice.message.strip_prefix("told ").map(str::to_owned));
    Ok(Some(texts.collect()))
}

fn conditions(bench: &mut Bench<'_>, arena: &Arena<'_, '_>, role: &str) -> Result<(), Stop> {
    let mut connection = arena.loaded.db.member(role)?;
    let Some(guise) = arena.guises.first() else {
        return Ok(());
    };
    let Some(mut session) = Session::begin(&mut connection, guise)? else {
        return Ok(());
    };
    let mut sheet = Sheet::new(
        "conditions",
        role,
        "a function in a condition is shown no row that its caller cannot see",
    );
    let mut tables = 0;
    for ground in arena.grounds {
        let read = promise(bench.subject, role, ground.info, Action::Read);
        if !read.is_given() || (ground.info.owner.is_none() && ground.info.tenant.is_none()) {
            continue;
        }
        let Some(keys) = told(&mut session, &format!("{} AS t", ground.sql), &ground.key)? else {
            continue;
        };
        tables += 1;
        if let Some(row) = ground
            .rows
            .iter()
            .find(|row| keys.contains(&row.key) && read.forbids(row, guise))
        {
            let sql = format!(
                "{TELL}; SELECT count(*) FROM {} AS t WHERE pg_temp.tell({})",
                ground.sql, ground.key
            );
            let observed = format!("it was shown the key of the row with {}", row.condition);
            sheet.observed(
                role,
                guise,
                &sql,
                "it is shown own rows only",
                &observed,
                "leaks hidden rows through a condition",
            );
        }
    }
    let tried = session.end()?;
    sheet.summary = format!("{tables} tables");
    bench.count("statements tried", tried);
    sheet.file(bench);
    Ok(())
}

/// Values that the reader must not see: personal, secret, encrypted.
fn hidden_values(bench: &Bench<'_>, arena: &Arena<'_, '_>) -> BTreeSet<String> {
    let mut values = BTreeSet::new();
    for entity in &bench.subject.model.entities {
        let Some(table) = bench.subject.table_of(entity.id) else {
            continue;
        };
        let fields = entity
            .fields
            .iter()
            .filter(|field| field.privacy != Privacy::None || field.protection != Protection::Plain);
        for field in fields {
            for row in arena.loaded.maker.rows(&table.name) {
                match row.get(&field.column) {
                    Some(Datum::Text(text)) if text.len() >= 6 => {
                        values.insert(text.clone());
                    }
                    Some(Datum::Bytes(bytes)) if bytes.len() >= 6 => {
                        values.insert(bytes.iter().map(|byte| format!("{byte:02x}")).collect());
                    }
                    _ => {}
                }
            }
        }
    }
    values
}

fn masks(bench: &mut Bench<'_>, arena: &Arena<'_, '_>, role: &str) -> Result<(), Stop> {
    let hidden = hidden_values(bench, arena);
    let mut superuser = arena.loaded.db.superuser()?;
    let schema = arena
        .speller
        .text(&format!("\"{}\"", bench.subject.blueprint.masked_schema));
    let views = superuser.query(
        &format!("SELECT c.oid::regclass::text FROM pg_class AS c WHERE c.relkind IN ('v', 'm') AND c.relnamespace = {schema}::regnamespace ORDER BY 1"),
        &[],
    )?;
    let mut connection = arena.loaded.db.member(role)?;
    for name in views.rows.iter().filter_map(|row| row.first().map(shown)) {
        let mut sheet = Sheet::new(
            "masks",
            name.clone(),
            "the reader sees no personal or secret value, and no other tenant when one is named",
        );
        let nobody = Guise {
            name: "nobody",
            ..Guise::default()
        };
        for guise in std::iter::once(&nobody).chain(arena.guises.first()) {
            let Some(mut session) = Session::begin(&mut connection, guise)? else {
                continue;
            };
            of_view(role, &name, guise, &hidden, &mut session, &mut sheet)?;
            bench.count("statements tried", session.end()?);
        }
        sheet.summary = format!("{} values looked for", hidden.len());
        sheet.file(bench);
    }
    let views: Vec<View> = bench.subject.realised.database.views.clone();
    tenants(bench, arena, role, &views, &mut connection)
}

fn of_view(
    role: &str,
    name: &str,
    guise: &Guise,
    hidden: &BTreeSet<String>,
    session: &mut Session<'_>,
    sheet: &mut Sheet,
) -> Result<(), Stop> {
    let sql = format!("SELECT v::text FROM {name} AS v");
    let outcome = session.ask(&sql)?;
    if matches!(outcome, Outcome::Refused(_)) {
        sheet.wrong(
            role,
            guise,
            &sql,
            "an answer",
            &outcome,
            "cannot read a masked view",
        );
        return Ok(());
    }
    let seen = outcome.keys();
    let shows = |text: &String| hidden.iter().any(|value| text.contains(value));
    if seen.iter().any(shows) {
        sheet.observed(
            role,
            guise,
            &sql,
            "masked values",
            "a value of a row, unmasked",
            "reads what should be masked",
        );
    }
    let Some(told) = told(session, &format!("{name} AS v"), "v::text")? else {
        return Ok(());
    };
    if told.len() > seen.len() || told.iter().any(shows) {
        let sql = format!("{TELL}; SELECT count(*) FROM {name} AS v WHERE pg_temp.tell(v::text)");
        sheet.observed(
            role,
            guise,
            &sql,
            "it is shown the view's rows",
            "it was shown more",
            "leaks through a condition on a view",
        );
    }
    let update = format!("DELETE FROM {name}");
    let outcome = session.change(&update)?;
    if !matches!(outcome, Outcome::Refused(_)) {
        sheet.wrong(
            role,
            guise,
            &update,
            "refused",
            &outcome,
            "may write through a masked view",
        );
    }
    Ok(())
}

/// A reader who names a tenant sees that one only.
fn tenants(
    bench: &mut Bench<'_>,
    arena: &Arena<'_, '_>,
    role: &str,
    views: &[View],
    connection: &mut Connection,
) -> Result<(), Stop> {
    let Some(guise) = arena.guises.first().filter(|guise| guise.tenant.is_some()) else {
        return Ok(());
    };
    let mut sheet = Sheet::new(
        "masked-tenants",
        role,
        "a reader who names a tenant sees rows of that tenant only",
    );
    let Some(mut session) = Session::begin(connection, guise)? else {
        return Ok(());
    };
    for view in views {
        let ViewQuery::Select { from, .. } = &view.query else {
            continue;
        };
        let Some(ground) = arena
            .grounds
            .iter()
            .find(|ground| ground.table.name == *from && ground.info.tenant.is_some())
        else {
            continue;
        };
        let foreign: BTreeSet<String> = ground
            .rows
            .iter()
            .filter(|row| row.tenant != guise.tenant)
            .filter_map(|row| match ground.made(arena.loaded, row)?.get("public_id") {
                Some(Datum::Uuid(bytes)) => Some(uuid_text(bytes)),
                _ => None,
            })
            .collect();
        let sql = format!("SELECT id::text FROM {}", arena.speller.name(&view.name));
        let Outcome::Answered(rows) = session.ask(&sql)? else {
            continue;
        };
        let seen = rows.rows.iter().filter_map(|row| row.first()).map(shown);
        if seen.clone().any(|id| foreign.contains(&id)) {
            let told = format!(
                "{} rows of another tenant",
                seen.filter(|id| foreign.contains(id)).count()
            );
            sheet.observed(
                role,
                guise,
                &sql,
                "rows of one tenant",
                &told,
                "sees rows of another tenant",
            );
        }
    }
    let tried = session.end()?;
    sheet.summary = format!("{tried} views");
    sheet.file(bench);
    Ok(())
}

/// A fault that the catalog shows.
pub(super) fn catalog_fault(summary: String, observed: String, sql: &str) -> Counterexample {
    Counterexample::new(summary, "no such object", observed)
        .with_statements([sql.to_owned()])
        .run_as("superuser")
}
