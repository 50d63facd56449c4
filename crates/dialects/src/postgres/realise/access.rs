//! When a row was last read: in a table of its own, since what reads should not write to the row it reads; or, on request,
//! on the row itself.

use physical::{Expr, Ident, Name, Policy, PolicyCommand, Privilege, RowSecurity, Volatility};

use super::Place;
use super::code::{Part, Section};
use super::emit::{array, bounded, id, qualified, text};
use super::realiser::{Draft, Realiser, RunsAs};

/// Makes the function that records a read, at most once in so many seconds.
///
/// It runs as the caller, so that only rows which the caller sees can be touched; row-level security on the table of access
/// says the same to whoever writes there without it.
pub(super) fn realise(r: &mut Realiser<'_>, at: Place<'_>, name: &Ident, access: &Name, throttle: u32) {
    if access == at.table {
        inline(r, at, name, throttle);
        return;
    }
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
    add_touch(r, at, name, throttle, body);
}

fn add_touch(r: &mut Realiser<'_>, at: Place<'_>, name: &Ident, throttle: u32, body: String) {
    let draft = Draft {
        name: r.private(name.as_str()),
        arguments: vec![("row_public_id", "uuid".to_owned())],
        returns: "void".to_owned(),
        language: "plpgsql",
        volatility: Volatility::Volatile,
        runs_as: RunsAs::Caller,
        body,
        execute: r.applications(),
        comment: format!(
            "Records that a row of {} was read, at most once in {throttle} seconds; silent about rows that the caller does not see.",
            qualified(at.table)
        ),
        origin: at.origin,
    };
    r.add_function(draft);
}

/// On the row itself (`access inline`): whoever may only read a row has no right to write there, so that the caller's
/// rights say whether the row is seen, and guard's write the two columns. The row's other triggers let that pass.
fn inline(r: &mut Realiser<'_>, at: Place<'_>, name: &Ident, throttle: u32) {
    let (_, public_id) = r.keys_of(at.table);
    let table = qualified(at.table);
    let [last, count] = INLINE.map(Ident::from);
    let write = r.private_of(at.table, "read");
    let body = format!(
        "
BEGIN
    -- most reads stay reads
    IF EXISTS (
        SELECT FROM {table} AS t
        WHERE t.{public_id} = row_public_id
          AND (t.{last} IS NULL OR t.{last} <= clock_timestamp() - interval '{throttle} seconds')
    ) THEN
        PERFORM {}(row_public_id);
    END IF;
END
",
        qualified(&write)
    );
    add_touch(r, at, name, throttle, body);
    let body = format!(
        "
BEGIN
    -- who reads does not wait for who writes
    PERFORM FROM {table} AS t
    WHERE t.{public_id} = row_public_id
      AND (t.{last} IS NULL OR t.{last} <= clock_timestamp() - interval '{throttle} seconds')
    FOR NO KEY UPDATE SKIP LOCKED;
    IF FOUND THEN
        UPDATE {table} AS t
        SET {last} = clock_timestamp(), {count} = t.{count} + 1
        WHERE t.{public_id} = row_public_id;
    END IF;
END
"
    );
    r.guard(at.table, Privilege::Select, &[]);
    r.guard(at.table, Privilege::Update, &[last, count]);
    let draft = Draft {
        name: write,
        arguments: vec![("row_public_id", "uuid".to_owned())],
        returns: "void".to_owned(),
        language: "plpgsql",
        volatility: Volatility::Volatile,
        runs_as: RunsAs::Guard,
        body,
        execute: r.applications(),
        comment: format!(
            "Writes to a row of {table} that it was read, at most once in {throttle} seconds, and nothing else; asked by `{name}`."
        ),
        origin: at.origin,
    };
    r.add_function(draft);
    reading_is_no_change(r, at);
}

/// The columns of access on the row itself.
const INLINE: [&str; 2] = ["last_accessed", "access_count"];

/// Neither stamps nor the version move when nothing but the columns of access has changed.
fn reading_is_no_change(r: &mut Realiser<'_>, at: Place<'_>) {
    // A generated column has no value yet when the trigger looks.
    let generated = r.table(at.table).into_iter().flat_map(|table| {
        let of = table.columns.iter().filter(|column| column.generated.is_some());
        of.map(|column| column.name.clone())
    });
    let apart: Vec<Ident> = INLINE.map(Ident::from).into_iter().chain(generated).collect();
    let apart = text(&array(&apart));
    let Some(code) = r.code_of(at.table, at.origin) else {
        return;
    };
    code.update.push(Section {
        part: Part::Read,
        title: "being read is no change".to_owned(),
        lines: format!(
            "IF NEW.{0} IS DISTINCT FROM OLD.{0} AND to_jsonb(NEW) - {apart}::text[] = to_jsonb(OLD) - {apart}::text[] THEN\n    RETURN NEW;\nEND IF;",
            "last_accessed"
        ),
        uses_actor: false,
    });
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
