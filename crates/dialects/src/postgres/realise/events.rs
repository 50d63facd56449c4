//! The store of security events.

use physical::{Privilege, Volatility};

use super::Place;
use super::context;
use super::emit::qualified;
use super::realiser::{Draft, Realiser, RunsAs};

/// Makes the one function that writes events.
///
/// Details are codes and small numbers. Anything else could be a value of a row and is replaced, whoever calls.
pub(super) fn realise(r: &mut Realiser<'_>, at: Place<'_>) {
    let body = format!(
        "
BEGIN
    IF kind !~ '^[a-z][a-z0-9_]{{0,62}}$' THEN
        RAISE EXCEPTION USING
            ERRCODE = 'invalid_parameter_value',
            MESSAGE = 'the kind of an event is a word in lower case';
    END IF;
    INSERT INTO {table} (recorded_at, kind, actor_id, tenant_id, entity, row_public_id, detail)
    VALUES (
        clock_timestamp(),
        kind,
        {actor},
        {tenant},
        entity,
        row_public_id,
        (
            SELECT jsonb_object_agg(d.key, CASE
                WHEN jsonb_typeof(d.value) IN ('boolean', 'null') THEN d.value
                WHEN jsonb_typeof(d.value) = 'number' AND d.value::text ~ '^-?[0-9]{{1,6}}$' THEN d.value
                WHEN jsonb_typeof(d.value) = 'string' AND d.value #>> '{{}}' ~ '^[a-z][a-z_]{{0,31}}$' THEN d.value
                ELSE '\"redacted\"'::jsonb
            END)
            FROM jsonb_each(CASE WHEN jsonb_typeof(detail) = 'object' THEN detail ELSE '{{}}' END) AS d
            WHERE d.key ~ '^[a-z][a-z_]{{0,31}}$'
        )
    );
END
",
        table = qualified(at.table),
        actor = context::actor(r),
        tenant = context::tenant(r),
    );
    r.guard(at.table, Privilege::Insert, &[]);
    let auditor = r.blueprint.roles.auditor.clone();
    r.allow(at.table, Privilege::Select, &[], &auditor);
    r.see_all(at.table, &auditor, "auditor");
    let mut execute = r.applications();
    execute.push(r.blueprint.roles.eraser.clone());
    execute.push(r.blueprint.roles.migrator.clone());
    let draft = Draft {
        name: r.private("record_event"),
        arguments: vec![
            ("kind", "text".to_owned()),
            ("entity", "text".to_owned()),
            ("row_public_id", "uuid".to_owned()),
            ("detail", "jsonb".to_owned()),
        ],
        returns: "void".to_owned(),
        language: "plpgsql",
        volatility: Volatility::Volatile,
        runs_as: RunsAs::Guard,
        body,
        execute,
        comment: "Records a security event with the context's actor; details other than codes and small numbers are replaced.".to_owned(),
        origin: at.origin,
    };
    r.add_function(draft);
}
