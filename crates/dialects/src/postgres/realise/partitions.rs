//! Monthly partitions, made ahead: of the audit trail, and of entities that ask for them.

use physical::{Name, Opaque, Origin, Service, Table, Volatility};

use super::emit::{qualified, text};
use super::realiser::{Draft, Realiser, RunsAs};

/// Months made ahead where no trail says how many.
const MONTHS: u32 = 3;

/// Makes `ensure_partitions(months)`, and has the migration call it.
///
/// It is the one function that runs with the owner's rights: only an owner can add a partition.
pub(super) fn realise(r: &mut Realiser<'_>) {
    let managed = |table: &&Table| table.partitioned.as_ref().is_some_and(|by| by.managed);
    let tables: Vec<(Name, Origin)> = r
        .database
        .tables
        .iter()
        .filter(managed)
        .map(|table| (table.name.clone(), table.origin))
        .collect();
    let Some((_, origin)) = tables.first().cloned() else {
        return;
    };
    let name = r.private("ensure_partitions");
    let mut execute = vec![r.blueprint.roles.migrator.clone()];
    let trail = r.blueprint.services.iter().find_map(|placed| match placed.what {
        Service::AuditTrail { months_ahead, .. } => Some(months_ahead),
        _ => None,
    });
    if trail.is_some() {
        execute.push(r.blueprint.roles.sealer.clone());
    }
    r.add_function(Draft {
        name: name.clone(),
        arguments: vec![("months", "integer".to_owned())],
        returns: "integer".to_owned(),
        language: "plpgsql",
        volatility: Volatility::Volatile,
        runs_as: RunsAs::Owner,
        body: body(&tables),
        execute,
        comment: "Makes the partitions for this month and so many more; answers how many are new.".to_owned(),
        origin,
    });
    // Making a partition waits for everyone who writes the table, and everyone else waits behind it: not for long.
    if let Some(function) = r.database.functions.last_mut() {
        function
            .settings
            .push(("lock_timeout".to_owned(), "2s".to_owned()));
    }
    r.database.opaque.push(Opaque {
        kind: "call".to_owned(),
        detail: String::new(),
        setting: false,
        definition: format!("SELECT {}({})", qualified(&name), trail.unwrap_or(MONTHS)),
        name,
        // The partitions go with their tables.
        undo: Some("SELECT 'the partitions go with their table'".to_owned()),
        depends_on: tables.into_iter().map(|(table, _)| table).collect(),
        origin,
    });
}

fn body(tables: &[(Name, Origin)]) -> String {
    let listed: Vec<String> = tables
        .iter()
        .map(|(table, _)| {
            let schema = table.schema.as_ref().map_or("", physical::Ident::as_str);
            format!("({}, {})", text(schema), text(table.name.as_str()))
        })
        .collect();
    format!(
        "
DECLARE
    this_month constant timestamp := date_trunc('month', now() AT TIME ZONE 'UTC');
    first_day timestamp;
    partition_name text;
    target record;
    made integer := 0;
BEGIN
    FOR target IN
        SELECT t.schema_name, t.table_name
        FROM (VALUES {}) AS t (schema_name, table_name)
    LOOP
        FOR ahead IN 0..months LOOP
            first_day := this_month + make_interval(months => ahead);
            partition_name := left(target.table_name, 55) || '_' || to_char(first_day, 'YYYY_MM');
            CONTINUE WHEN to_regclass(format('%I.%I', target.schema_name, partition_name)) IS NOT NULL;
            BEGIN
                EXECUTE format(
                    'CREATE TABLE %I.%I PARTITION OF %I.%I FOR VALUES FROM (%L) TO (%L)',
                    target.schema_name, partition_name, target.schema_name, target.table_name,
                    to_char(first_day, 'YYYY-MM-DD') || ' 00:00:00+00',
                    to_char(first_day + interval '1 month', 'YYYY-MM-DD') || ' 00:00:00+00');
                made := made + 1;
            EXCEPTION WHEN check_violation THEN
                -- rows of that month wait in the default partition: they are found there all the same
                RAISE WARNING 'partition % is not made: its rows are in the default partition', partition_name;
            END;
        END LOOP;
    END LOOP;
    RETURN made;
END
",
        listed.join(", ")
    )
}
