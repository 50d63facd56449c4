//! The audit trail: one entry per change, written by triggers that the application cannot get around.
//!
//! One function serves all tables: the row's columns are read as JSON, so that a new column is recorded from its first day.
//! It runs as guard, which may add entries; the application has no right on the log at all.

use physical::{Behaviour, Ident, Name, Origin, Privilege, SqlType, Timing, TriggerEvent};

use super::Place;
use super::context;
use super::emit::{array, indented, qualified};
use super::realiser::{Hook, Realiser, RunsAs};

/// The columns of the log that a trigger fills, in the order in which [`entry`] gives their values.
const COLUMNS: &str = "recorded_at, transaction_id, actor_id, tenant_id, subject_id, entity, row_id, row_public_id, operation, changes, salt, commitment";

/// Puts the trail on a table.
pub(super) fn realise(r: &mut Realiser<'_>, at: Place<'_>, behaviour: &Behaviour) {
    let Behaviour::Audit {
        log,
        key,
        public_id,
        tenant,
        subject,
        redacted,
        ignored,
        // A chain inside the transaction is one for the whole log: see `trail`.
        inline_chain: _,
    } = behaviour
    else {
        return;
    };
    let row = function(r, at.origin, log, "audit_row", &row_body);
    let statement = function(r, at.origin, log, "audit_statement", &statement_body);
    let mortal = r.mortal(at.table).map(|mortal| mortal.deleted_at.clone());
    let name = |ident: Option<&Ident>| ident.map_or_else(String::new, |ident| ident.as_str().to_owned());
    // A row is told by its number inside and its UUID outside; where the key is a UUID, there is only the one.
    let key_type = r.reference_type(Some(at.table), key.as_str());
    let counted = matches!(key_type, SqlType::BigInt | SqlType::Integer | SqlType::SmallInt);
    let unique = Some(key).filter(|_| key_type == SqlType::Uuid);
    let outside = public_id.as_ref().or(unique);
    let named = if counted || outside.is_some() {
        Vec::new()
    } else {
        r.primary_key(at.table)
    };
    let mut arguments = vec![
        name(Some(key).filter(|_| counted)),
        name(outside),
        name(tenant.as_ref()),
        name(subject.as_ref()),
        name(mortal.as_ref()),
        array(redacted),
        array(ignored),
        array(&named),
    ];
    // A partition's trigger tells the name of the partition.
    if r.is_partitioned(at.table) {
        arguments.push(at.table.name.as_str().to_owned());
    }
    let changes = || {
        vec![
            TriggerEvent::Insert,
            TriggerEvent::Update(Vec::new()),
            TriggerEvent::Delete,
        ]
    };
    let (by_row, by_backfill) = (r.backfill_when(false), r.backfill_when(true));
    for (name, events, per_row, when, function, arguments, comment) in [
        (
            "t50_audit",
            changes(),
            true,
            Some(by_row),
            row,
            arguments,
            "One entry per changed row.",
        ),
        (
            "t51_audit_truncate",
            vec![TriggerEvent::Truncate],
            false,
            None,
            statement.clone(),
            Vec::new(),
            "One entry when the table is emptied.",
        ),
        (
            "t52_audit_backfill",
            changes(),
            false,
            Some(by_backfill),
            statement,
            Vec::new(),
            "One entry per statement of a backfill.",
        ),
    ] {
        r.add_trigger(
            at.table,
            Hook {
                name,
                timing: Timing::After,
                events,
                per_row,
                when,
                function,
                arguments,
                comment: comment.to_owned(),
                origin: at.origin,
            },
        );
    }
}

/// Makes a function of the trail unless it is there.
fn function(
    r: &mut Realiser<'_>,
    origin: Origin,
    log: &Name,
    name: &str,
    body: &dyn Fn(&Realiser<'_>, &Name) -> String,
) -> Name {
    let function = r.private(name);
    if r.database.functions.iter().any(|there| there.name == function) {
        return function;
    }
    let body = body(r, log);
    r.guard(log, Privilege::Insert, &[]);
    let comment = if name == "audit_row" {
        "Records a changed row. Arguments: the columns of key, public id, tenant, subject and deletion (empty when there is none), columns recorded without values, columns not recorded, columns recorded even when they stay, and the table's name where it has partitions."
    } else {
        "Records a statement: TRUNCATE, or a step of a backfill."
    };
    r.add_trigger_function(function.clone(), RunsAs::Guard, body, comment.to_owned(), origin);
    function
}

fn row_body(r: &Realiser<'_>, log: &Name) -> String {
    let values = Entry {
        actor: context::actor_or(r, "1"),
        tenant: format!("(this ->> TG_ARGV[2])::{}", r.type_of(log, &"tenant_id".into())),
        subject: format!("(this ->> TG_ARGV[3])::{}", r.type_of(log, &"subject_id".into())),
        row_id: "(this ->> TG_ARGV[0])::bigint",
        row_public_id: "(this ->> TG_ARGV[1])::uuid",
    };
    format!(
        "
DECLARE
    redacted constant text[] := TG_ARGV[5];
    ignored constant text[] := TG_ARGV[6];
    named constant text[] := TG_ARGV[7];
    operation text := lower(TG_OP);
    was jsonb;
    this jsonb;
    changes jsonb;
    column_name text;
    salt constant bytea := uuid_send(gen_random_uuid());
BEGIN
    IF TG_OP = 'UPDATE' THEN
        was := to_jsonb(OLD);
        this := to_jsonb(NEW);
        SELECT jsonb_object_agg(n.key, CASE WHEN n.key = ANY (redacted) THEN '\"changed\"'::jsonb ELSE jsonb_build_array(was -> n.key, n.value) END)
        INTO changes
        FROM jsonb_each(this) AS n
        WHERE n.value IS DISTINCT FROM was -> n.key
          AND n.key <> ALL (ignored);
        -- nothing but technical columns changed
        IF changes IS NULL THEN
            RETURN NULL;
        END IF;
        -- a row without number and UUID is told by its key
        FOREACH column_name IN ARRAY named LOOP
            changes := jsonb_build_object(column_name, CASE WHEN column_name = ANY (redacted) THEN '\"changed\"'::jsonb ELSE jsonb_build_array(was -> column_name, this -> column_name) END) || changes;
        END LOOP;
        IF this -> TG_ARGV[4] IS DISTINCT FROM was -> TG_ARGV[4] THEN
            operation := CASE WHEN this ->> TG_ARGV[4] IS NULL THEN 'restore' ELSE 'soft_delete' END;
        END IF;
    ELSE
        this := to_jsonb(COALESCE(NEW, OLD));
        changes := this - ignored;
        FOREACH column_name IN ARRAY redacted LOOP
            IF this ->> column_name IS NOT NULL THEN
                changes := jsonb_set(changes, ARRAY[column_name], '\"changed\"');
            END IF;
        END LOOP;
    END IF;

{append}    RETURN NULL;
END
",
        append = indented(&entry(r, log, &values), 4),
    )
}

fn statement_body(r: &Realiser<'_>, log: &Name) -> String {
    let values = Entry {
        actor: context::actor_or(r, "CASE WHEN changes IS NULL THEN 1 ELSE 2 END"),
        tenant: "NULL".to_owned(),
        subject: "NULL".to_owned(),
        row_id: "NULL",
        row_public_id: "NULL",
    };
    format!(
        "
DECLARE
    operation text := 'backfill';
    changes jsonb := jsonb_build_object('step', current_setting('app.backfill', true), 'statement', lower(TG_OP));
    salt constant bytea := uuid_send(gen_random_uuid());
BEGIN
    IF TG_OP = 'TRUNCATE' THEN
        operation := 'truncate';
        changes := NULL;
    END IF;

{append}    RETURN NULL;
END
",
        append = indented(&entry(r, log, &values), 4),
    )
}

struct Entry {
    actor: String,
    tenant: String,
    subject: String,
    row_id: &'static str,
    row_public_id: &'static str,
}

/// The INSERT.
fn entry(r: &Realiser<'_>, log: &Name, values: &Entry) -> String {
    format!(
        "{turn}INSERT INTO {log} ({COLUMNS})
VALUES (
    clock_timestamp(),
    pg_current_xact_id()::text::bigint,
    {actor},
    {tenant},
    {subject},
    COALESCE(TG_ARGV[8], TG_TABLE_NAME),
    {row_id},
    {row_public_id},
    operation,
    changes,
    CASE WHEN changes IS NOT NULL THEN salt END,
    sha256(salt || convert_to(changes::text, 'UTF8'))
);
",
        log = qualified(log),
        actor = values.actor,
        tenant = values.tenant,
        subject = values.subject,
        row_id = values.row_id,
        row_public_id = values.row_public_id,
        turn = super::inline_chain::turn(r),
    )
}
