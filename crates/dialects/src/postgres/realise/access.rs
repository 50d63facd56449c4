//! When a row was last read, in a table of its own: what reads never writes to the row it reads.

use physical::{Expr, Ident, Name, Policy, PolicyCommand, Privilege, RowSecurity, Volatility};

use super::Place;
use super::emit::{bounded, id, qualified};
use super::realiser::{Draft, Realiser, RunsAs};

/// Makes the function that records a read, at most once in so many seconds.
///
/// It runs as the caller, so that only rows which the caller sees can be touched; row-level security on the table of access
/// says the same to whoever writes there without it.
pub(super) fn realise(r: &mut Realiser<'_>, at: Place<'_>, name: &Ident, access: &Name, throttle: u32) {
    let (key, public_id) = r.keys_of(at.table);
    let body = format!(
        "
#variable_conflict use_variable
DECLARE
    found_id {key_type};
BEGIN
    SELECT t.{key} INTO found_id FROM {table} AS t WHERE t.{public_id} = row_public_id;
    IF found_id IS NULL THEN
        RETURN;
    END IF;
    -- looked at before it is written: most reads stay reads
    IF EXISTS (
        SELECT FROM {access} AS a
        WHERE a.row_id = found_id AND a.last_accessed > clock_timestamp() - interval '{throttle} seconds'
    ) THEN
        RETURN;
    END IF;
    INSERT INTO {access} AS a (row_id, last_accessed, access_count)
    VALUES (found_id, clock_timestamp(), 1)
    ON CONFLICT (row_id) DO UPDATE
    SET last_accessed = EXCLUDED.last_accessed, access_count = a.access_count + 1
    WHERE a.last_accessed <= EXCLUDED.last_accessed - interval '{throttle} seconds';
END
",
        table = qualified(at.table),
        access = qualified(access),
        key_type = crate::postgres::types::type_name(&r.key_type(Some(at.table))),
    );
    let callers = r.applications();
    let written: [Ident; 3] = ["row_id".into(), "last_accessed".into(), "access_count".into()];
    for role in &callers {
        r.allow(access, Privilege::Select, &[], role);
        r.allow(access, Privilege::Insert, &written, role);
        r.allow(
            access,
            Privilege::Update,
            &["last_accessed".into(), "access_count".into()],
            role,
        );
    }
    protect(r, at, access, &key, &callers);
    let draft = Draft {
        name: r.private(name.as_str()),
        arguments: vec![("row_public_id", "uuid".to_owned())],
        returns: "void".to_owned(),
        language: "plpgsql",
        volatility: Volatility::Volatile,
        runs_as: RunsAs::Caller,
        body,
        execute: callers,
        comment: format!(
            "Records that a row of {} was read, at most once in {throttle} seconds; silent about rows that the caller does not see.",
            qualified(at.table)
        ),
        origin: at.origin,
    };
    r.add_function(draft);
}

/// Rows of the table of access are there for whoever sees the row that they speak of.
fn protect(r: &mut Realiser<'_>, at: Place<'_>, access: &Name, key: &str, callers: &[Ident]) {
    let (migrator, backup) = (
        r.blueprint.roles.migrator.clone(),
        r.blueprint.roles.backup.clone(),
    );
    let visible = Expr::Sql(format!(
        "(EXISTS (SELECT FROM {} AS t WHERE t.{key} = {}.row_id))",
        qualified(at.table),
        id(&access.name)
    ));
    let Some(table) = r.table_mut(access) else { return };
    if table
        .policies
        .iter()
        .any(|policy| policy.roles.iter().any(|role| callers.contains(role)))
    {
        return;
    }
    let fresh = table.row_security == RowSecurity::Off;
    table.row_security = RowSecurity::Forced;
    table.policies.push(Policy {
        name: bounded(&format!("{}_visible", access.name)),
        permissive: true,
        command: PolicyCommand::All,
        roles: callers.to_vec(),
        using: Some(visible.clone()),
        check: Some(visible),
        comment: Some("Whoever sees the row may record that it was read.".to_owned()),
        origin: at.origin,
    });
    if fresh {
        r.see_all(access, &migrator, "migrator");
        r.see_all(access, &backup, "backup");
    }
}
