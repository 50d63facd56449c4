//! When a row was last read: in a table of its own, since what reads should not write to the row it reads; or, on request,
//! on the row itself.

use physical::{
    Expr, Ident, Index, IndexKey, IndexMethod, Name, Policy, PolicyCommand, Privilege, RowSecurity, Timing,
    TriggerEvent, Volatility,
};

use super::Place;
use super::code::{Part, Section};
use super::emit::{array, bounded, id, qualified, text};
use super::realiser::{Draft, Hook, Realiser, RunsAs};
use super::signed::{not_null, private_table};

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

/// On the row itself (`access inline`): whoever may only read a row has no right to write there. The caller says which row
/// was read in a table where nothing stays; row-level security lets in rows that the caller sees and no others, and a trigger
/// with guard's rights writes the two columns. The row's other triggers let that pass.
fn inline(r: &mut Realiser<'_>, at: Place<'_>, name: &Ident, throttle: u32) {
    let (key, public_id) = r.keys_of(at.table);
    let due = format!(
        "(t.{0} IS NULL OR t.{0} <= clock_timestamp() - interval '{throttle} seconds')",
        INLINE[0]
    );
    let reads = add_reads(r, at, name, &key);
    let body = format!(
        "
BEGIN
    -- most reads stay reads
    INSERT INTO {reads} (row_id)
    SELECT t.{key} FROM {table} AS t
    WHERE t.{public_id} = row_public_id AND {due};
END
",
        reads = qualified(&reads),
        table = qualified(at.table),
    );
    add_touch(r, at, name, throttle, body);
    write_reads(r, at, &reads, &key, &due);
    reading_is_no_change(r, at);
}

/// The table in which callers say which row they have read.
fn add_reads(r: &mut Realiser<'_>, at: Place<'_>, touch: &Ident, key: &str) -> Name {
    let reads = r.private_of(at.table, "reads");
    let owner = r.blueprint.roles.owner.clone();
    let comment = format!(
        "Rows of {} that are being read; empty between transactions, filled by {touch}().",
        qualified(at.table)
    );
    let mut table = private_table(&reads, owner, &comment);
    table.unlogged = true;
    table.origin = at.origin;
    let row = not_null("row_id", r.key_type(Some(at.table)), "The row's internal key.");
    // Not unique: two who read a row at once do not wait for each other.
    table.indexes.push(Index {
        name: bounded(&format!("{}_row_id_idx", reads.name)),
        unique: false,
        nulls_not_distinct: false,
        method: IndexMethod::BTree,
        keys: vec![IndexKey {
            expr: Expr::column("row_id", row.ty.clone()),
            descending: false,
            nulls_first: None,
            operator_class: None,
        }],
        include: Vec::new(),
        predicate: None,
        comment: Some("For its own trigger".to_owned()),
        origin: at.origin,
    });
    table.columns = vec![row];
    table.row_security = RowSecurity::Forced;
    let callers = r.applications();
    table.policies.push(Policy {
        name: bounded(&format!("{}_visible", reads.name)),
        permissive: true,
        command: PolicyCommand::Insert,
        roles: callers.clone(),
        using: None,
        check: Some(sees_row(at, &reads, key)),
        comment: Some("Whoever sees the row may say that it was read.".to_owned()),
        origin: at.origin,
    });
    r.add_table(table);
    let (migrator, backup) = (
        r.blueprint.roles.migrator.clone(),
        r.blueprint.roles.backup.clone(),
    );
    r.see_all(&reads, &migrator, "migrator");
    r.see_all(&reads, &backup, "backup");
    for role in &callers {
        r.allow(&reads, Privilege::Insert, &["row_id".into()], role);
    }
    reads
}

/// What happens to a row that was read: the two columns are written, and the note is gone.
fn write_reads(r: &mut Realiser<'_>, at: Place<'_>, reads: &Name, key: &str, due: &str) {
    let [last, count] = INLINE.map(Ident::from);
    let body = format!(
        "
BEGIN
    DELETE FROM {reads} AS r WHERE r.row_id = NEW.row_id;
    -- who reads does not wait for who writes
    PERFORM FROM {table} AS t WHERE t.{key} = NEW.row_id AND {due}
    FOR NO KEY UPDATE SKIP LOCKED;
    IF FOUND THEN
        UPDATE {table} AS t
        SET {last} = clock_timestamp(), {count} = t.{count} + 1
        WHERE t.{key} = NEW.row_id;
    END IF;
    RETURN NULL;
END
",
        reads = qualified(reads),
        table = qualified(at.table),
    );
    r.guard(reads, Privilege::Select, &[]);
    r.guard(reads, Privilege::Delete, &[]);
    r.guard(at.table, Privilege::Select, &[]);
    r.guard(at.table, Privilege::Update, &[last, count]);
    let function = r.private_of(at.table, "was_read");
    r.add_trigger_function(
        function.clone(),
        RunsAs::Guard,
        body,
        format!(
            "Writes to a row of {} that it was read, and nothing else.",
            qualified(at.table)
        ),
        at.origin,
    );
    r.add_trigger(
        reads,
        Hook {
            name: "t60_read",
            timing: Timing::After,
            events: vec![TriggerEvent::Insert],
            per_row: true,
            when: None,
            function,
            arguments: Vec::new(),
            comment: "Writes that the row was read.".to_owned(),
            origin: at.origin,
        },
    );
}

/// Whether whoever asks sees the row that `row_id` names.
fn sees_row(at: Place<'_>, of: &Name, key: &str) -> Expr {
    Expr::Sql(format!(
        "(EXISTS (SELECT FROM {} AS t WHERE t.{key} = {}.row_id))",
        qualified(at.table),
        id(&of.name)
    ))
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
    let visible = sees_row(at, access, key);
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
