//! Rows that are only ever added.

use physical::{Ident, Timing, TriggerEvent, Volatility};

use super::Place;
use super::emit::{array, text};
use super::realiser::{Draft, Hook, Realiser, RunsAs};

/// Refuses UPDATE, DELETE and TRUNCATE; guard may empty what is erasable.
pub(super) fn realise(r: &mut Realiser<'_>, at: Place<'_>, erasable: &[Ident]) {
    let function = r.private("refuse_change");
    if !r.database.functions.iter().any(|there| there.name == function) {
        let body = format!(
            "
DECLARE
    erasable constant text[] := TG_ARGV[0];
    -- told and not asked: a partition is spoken of as its table
    table_name constant text := TG_ARGV[1];
BEGIN
    -- erasure empties these columns and touches no other
    IF TG_OP = 'UPDATE' AND current_user = {guard} THEN
        IF to_jsonb(NEW) = to_jsonb(OLD) || (SELECT jsonb_object_agg(e.name, NULL) FROM unnest(erasable) AS e (name)) THEN
            RETURN NEW;
        END IF;
    END IF;
    RAISE EXCEPTION USING
        ERRCODE = 'insufficient_privilege',
        MESSAGE = format('rows of %I are only ever added', table_name),
        SCHEMA = TG_TABLE_SCHEMA, TABLE = table_name, CONSTRAINT = table_name || '_append_only';
END
",
            guard = text(r.blueprint.roles.guard.as_str())
        );
        let draft = Draft {
            name: function.clone(),
            arguments: Vec::new(),
            returns: "trigger".to_owned(),
            language: "plpgsql",
            volatility: Volatility::Volatile,
            runs_as: RunsAs::Caller,
            body,
            execute: Vec::new(),
            comment: "Refuses to change or remove rows that are only ever added.".to_owned(),
            origin: at.origin,
        };
        r.add_function(draft);
    }
    for (name, events, per_row) in [
        (
            "t00_append_only",
            vec![TriggerEvent::Update(Vec::new()), TriggerEvent::Delete],
            true,
        ),
        ("t01_never_truncated", vec![TriggerEvent::Truncate], false),
    ] {
        r.add_trigger(
            at.table,
            Hook {
                name,
                timing: Timing::Before,
                events,
                per_row,
                when: None,
                function: function.clone(),
                arguments: vec![array(erasable), at.table.name.as_str().to_owned()],
                comment: "Rows are only ever added.".to_owned(),
                origin: at.origin,
            },
        );
    }
}
