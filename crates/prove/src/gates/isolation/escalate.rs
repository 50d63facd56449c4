//! What no role may do at all: become another, make objects, switch protections off, call what is not for it.

use std::collections::BTreeSet;

use physical::Service;

use super::cells::Arena;
use super::guise::Guise;
use super::sheet::Sheet;
use super::try_out::{Outcome, Session};
use crate::bench::Bench;
use crate::gate::Stop;

/// Tries for one role, over a fresh login.
pub(super) fn of_role(bench: &mut Bench<'_>, arena: &Arena<'_, '_>, role: &str) -> Result<(), Stop> {
    let mut connection = arena.loaded.db.member(role)?;
    let guise = arena.guises.first().cloned().unwrap_or_default();
    let mut sheet = Sheet::new(
        "escalation",
        role,
        "the role cannot become another, make objects, or switch protections off",
    );
    let Some(mut session) = Session::begin(&mut connection, &guise)? else {
        return Ok(());
    };
    for sql in attempts(bench, arena, role) {
        let outcome = session.undone(|connection| connection.batch(&sql).map(|()| Outcome::Changed(0)))?;
        if !matches!(outcome, Outcome::Refused(_)) {
            sheet.wrong(role, &guise, &sql, "refused", &outcome, "may do what it must not");
        }
    }
    hidden_rows(arena, role, &guise, &mut session, &mut sheet)?;
    let tried = session.end()?;
    sheet.summary = format!("{tried} attempts");
    bench.count("statements tried", tried);
    sheet.file(bench);
    functions(bench, arena, role, &guise)
}

fn attempts(bench: &Bench<'_>, arena: &Arena<'_, '_>, role: &str) -> Vec<String> {
    let blueprint = &bench.subject.blueprint;
    let roles = &blueprint.roles;
    let ident = |name: &str| arena.speller.ident(name);
    let fixed = [
        &roles.owner,
        &roles.guard,
        &roles.mask,
        &roles.migrator,
        &roles.app,
        &roles.reader,
        &roles.auditor,
        &roles.sealer,
        &roles.eraser,
        &roles.backup,
    ];
    let others = fixed
        .into_iter()
        .chain(&roles.declared)
        .map(physical::Ident::as_str)
        .filter(|other| *other != role);
    let mut all: Vec<String> = others
        .flat_map(|other| {
            [
                format!("SET LOCAL ROLE {}", ident(other)),
                format!("GRANT {} TO CURRENT_USER", ident(other)),
            ]
        })
        .collect();
    for schema in [
        &blueprint.schema,
        &blueprint.private_schema,
        &blueprint.audit_schema,
        &blueprint.masked_schema,
    ] {
        let schema = ident(schema.as_str());
        all.push(format!("CREATE TABLE {schema}.mine (a integer)"));
        all.push(format!("CREATE VIEW {schema}.mine AS SELECT 1 AS a"));
        all.push(format!(
            "CREATE FUNCTION {schema}.mine() RETURNS integer LANGUAGE sql AS 'SELECT 1'"
        ));
        all.push(format!("DROP SCHEMA {schema} CASCADE"));
    }
    all.extend(
        [
            "CREATE TABLE public.mine (a integer)",
            "CREATE SCHEMA mine",
            "CREATE EXTENSION dblink",
            "CREATE ROLE mine",
            "ALTER ROLE CURRENT_USER SUPERUSER",
            "ALTER ROLE CURRENT_USER BYPASSRLS",
            "SET LOCAL session_replication_role = 'replica'",
            "ALTER SYSTEM SET log_statement = 'all'",
            "SELECT pg_read_file('PG_VERSION')",
            "SELECT lo_import('/etc/hostname')",
            "SELECT rolpassword FROM pg_authid",
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename <> current_user",
        ]
        .map(str::to_owned),
    );
    // Nobody else may be connected: then the last one answers nothing, and proves nothing either.
    all.pop();
    all
}

/// Switching row security off makes the database refuse, never show more.
fn hidden_rows(
    arena: &Arena<'_, '_>,
    role: &str,
    guise: &Guise,
    session: &mut Session<'_>,
    sheet: &mut Sheet,
) -> Result<(), Stop> {
    for ground in arena
        .grounds
        .iter()
        .filter(|ground| ground.info.owner.is_some() || ground.info.tenant.is_some())
    {
        let sql = format!("SELECT {} FROM {} AS t", ground.key, ground.sql);
        let outcome = session.undone(|connection| {
            connection.batch("SET LOCAL row_security = off")?;
            connection.query(&sql, &[]).map(Outcome::Answered)
        })?;
        let is_backup = role.ends_with("_backup");
        if let (Outcome::Answered(rows), false) = (&outcome, is_backup)
            && rows.rows.len() >= ground.rows.len()
            && !ground.rows.is_empty()
        {
            sheet.wrong(
                role,
                guise,
                &format!("SET LOCAL row_security = off; {sql}"),
                "refused",
                &outcome,
                "sees rows by switching row security off",
            );
        }
    }
    Ok(())
}

/// Calls every function of the schemas that the role was not promised; each must be refused.
fn functions(bench: &mut Bench<'_>, arena: &Arena<'_, '_>, role: &str, guise: &Guise) -> Result<(), Stop> {
    let allowed = allowed(bench, role);
    let mut superuser = arena.loaded.db.superuser()?;
    let found = superuser.query(
        "SELECT n.nspname::text, p.proname::text, \
            COALESCE((SELECT string_agg('NULL::' || format_type(t.oid, NULL), ', ' ORDER BY t.n) FROM unnest(p.proargtypes) WITH ORDINALITY AS t (oid, n)), ''), \
            p.prorettype = 'trigger'::regtype \
         FROM pg_proc AS p JOIN pg_namespace AS n ON n.oid = p.pronamespace \
         WHERE n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema' \
         AND NOT EXISTS (SELECT FROM pg_depend AS d WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e') \
         ORDER BY 1, 2",
        &[],
    )?;
    let mut connection = arena.loaded.db.member(role)?;
    let Some(mut session) = Session::begin(&mut connection, guise)? else {
        return Ok(());
    };
    let mut sheet = Sheet::new(
        "functions",
        role,
        "the role can call the functions that are for it, and no others",
    );
    for row in &found.rows {
        let [schema, name, arguments, trigger] = row.as_slice() else {
            continue;
        };
        let (Some(schema), Some(name), Some(arguments)) =
            (schema.as_text(), name.as_text(), arguments.as_text())
        else {
            continue;
        };
        if trigger.as_bool() == Some(true) || allowed.contains(name) {
            continue;
        }
        let sql = format!(
            "SELECT {}.{}({arguments})",
            arena.speller.ident(schema),
            arena.speller.ident(name)
        );
        let outcome = session.ask(&sql)?;
        if !outcome.is_forbidden() {
            sheet.wrong(
                role,
                guise,
                &sql,
                "refused (42501)",
                &outcome,
                "calls a function that is not for it",
            );
        }
    }
    let tried = session.end()?;
    sheet.summary = format!(
        "{} functions are for it, {tried} others were refused",
        allowed.len()
    );
    bench.count("statements tried", tried);
    sheet.file(bench);
    Ok(())
}

/// The functions that a role was promised, by the services of the schema.
fn allowed(bench: &Bench<'_>, role: &str) -> BTreeSet<String> {
    let blueprint = &bench.subject.blueprint;
    let roles = &blueprint.roles;
    let application =
        role == roles.app.as_str() || roles.declared.iter().any(|declared| declared.as_str() == role);
    let (eraser, sealer, auditor) = (
        role == roles.eraser.as_str(),
        role == roles.sealer.as_str(),
        role == roles.auditor.as_str(),
    );
    let mut names: BTreeSet<String> = BTreeSet::new();
    let mut give = |name: &str, when: bool| {
        if when {
            names.insert(name.to_owned());
        }
    };
    // Policies and defaults of whoever runs a statement read the context; it tells the caller only what they said.
    for name in [
        "current_actor",
        "current_user_id",
        "current_tenant",
        "uuid7",
        "uuid_v7",
    ] {
        give(name, true);
    }
    // Who acts for nobody enters no context.
    give("enter", application || eraser || role == roles.reader.as_str());
    for placed in &blueprint.services {
        match &placed.what {
            Service::LookUp { name, .. }
            | Service::RedeemToken { name, .. }
            | Service::SignUp { name, .. }
            | Service::TouchAccess { name, .. } => {
                give(name.as_str(), application);
            }
            Service::Purge { name, .. } | Service::Anonymise { name, .. } | Service::Erase { name, .. } => {
                give(name.as_str(), eraser)
            }
            Service::SecurityEvents => give("record_event", application || eraser),
            Service::AuditTrail { .. } => {
                give("unsealed_entries", sealer);
                give("add_seal", sealer);
                give("ensure_partitions", sealer);
                give("audit_entry_bytes", sealer || auditor);
            }
            Service::Context | Service::Keys => {}
        }
    }
    names
}
