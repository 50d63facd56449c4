//! Monthly partitions, made ahead.

use physical::{Opaque, Volatility};

use super::Place;
use super::emit::{qualified, text};
use super::realiser::{Draft, Realiser, RunsAs};

/// Makes `ensure_partitions(months)`, and has the migration call it.
///
/// It is the one function that runs with the owner's rights: only an owner can add a partition.
pub(super) fn realise(r: &mut Realiser<'_>, at: Place<'_>, months: u32) {
    let partitioned = r.table(at.table).is_some_and(|table| table.partitioned.is_some());
    let Some(schema) = at.table.schema.as_ref().filter(|_| partitioned) else {
        return;
    };
    let body = format!(
        "
DECLARE
    this_month constant timestamp := date_trunc('month', now() AT TIME ZONE 'UTC');
    first_day timestamp;
    partition_name text;
    made integer := 0;
BEGIN
    FOR ahead IN 0..months LOOP
        first_day := this_month + make_interval(months => ahead);
        partition_name := {stem} || to_char(first_day, 'YYYY_MM');
        CONTINUE WHEN to_regclass(format('%I.%I', {schema}, partition_name)) IS NOT NULL;
        BEGIN
            EXECUTE format(
                'CREATE TABLE %I.%I PARTITION OF {table} FOR VALUES FROM (%L) TO (%L)',
                {schema}, partition_name,
                to_char(first_day, 'YYYY-MM-DD') || ' 00:00:00+00',
                to_char(first_day + interval '1 month', 'YYYY-MM-DD') || ' 00:00:00+00');
            made := made + 1;
        EXCEPTION WHEN check_violation THEN
            -- rows of that month wait in the default partition: they are found there all the same
            RAISE WARNING 'partition % is not made: its rows are in the default partition', partition_name;
        END;
    END LOOP;
    RETURN made;
END
",
        stem = text(&format!("{}_", at.table.name)),
        schema = text(schema.as_str()),
        table = qualified(at.table).replace('%', "%%").replace('\'', "''"),
    );
    let name = r.private("ensure_partitions");
    let call = format!("SELECT {}({months})", qualified(&name));
    let execute = vec![
        r.blueprint.roles.migrator.clone(),
        r.blueprint.roles.sealer.clone(),
    ];
    r.add_function(Draft {
        name: name.clone(),
        arguments: vec![("months", "integer".to_owned())],
        returns: "integer".to_owned(),
        language: "plpgsql",
        volatility: Volatility::Volatile,
        runs_as: RunsAs::Owner,
        body,
        execute,
        comment: "Makes the log's partitions for this month and so many more; answers how many are new."
            .to_owned(),
        origin: at.origin,
    });
    // Making a partition waits for everyone who writes the log, and everyone else waits behind it: not for long.
    if let Some(function) = r.database.functions.last_mut() {
        function
            .settings
            .push(("lock_timeout".to_owned(), "2s".to_owned()));
    }
    r.database.opaque.push(Opaque {
        kind: "call".to_owned(),
        name,
        definition: call,
        // The partitions go with the log.
        undo: Some("SELECT 'the partitions go with their table'".to_owned()),
        depends_on: vec![at.table.clone()],
        origin: at.origin,
    });
}
