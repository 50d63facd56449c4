//! When the time of a row is over: it goes (`purge`), or stays without the person (`anonymise`).
//!
//! Both work in batches, skip rows that others hold, and empty the audit payloads of what they touched: a trail that keeps
//! what the table forgot would be no retention at all.

use physical::{Behaviour, Ident, Name, Privilege, Service, SqlType, Tombstone, Volatility};

use super::Place;
use super::emit::{id, qualified, text};
use super::realiser::{Draft, Realiser, RunsAs};
use crate::postgres::{ident, types};

/// Removes due rows for good.
pub(super) fn purge(r: &mut Realiser<'_>, at: Place<'_>, service: &Service) {
    let Service::Purge {
        name,
        after,
        months,
        micros,
        batch,
    } = service
    else {
        return;
    };
    let (key, _) = r.keys_of(at.table);
    let due = due(r, at.table, after, *months, *micros);
    let forget = forget_call(r, at.table, "forget_deleted", "");
    let body = format!(
        "
DECLARE
    done bigint;
BEGIN
    WITH due AS (
        SELECT t.{key} AS id
        FROM {table} AS t
        WHERE {due}
        ORDER BY t.{after}
        LIMIT {batch}
        FOR UPDATE SKIP LOCKED
    ), gone AS (
        DELETE FROM {table} AS t USING due WHERE t.{key} = due.id RETURNING t.{key}
    )
    SELECT count(*) INTO done FROM gone;
{forget}    RETURN done;
END
",
        table = qualified(at.table),
        after = id(after),
    );
    for privilege in [Privilege::Select, Privilege::Delete] {
        r.guard(at.table, privilege, &[]);
    }
    r.guard(at.table, Privilege::Update, std::slice::from_ref(after));
    let comment = format!(
        "Removes rows of {} whose time is over, at most {batch} at a call; answers how many.",
        qualified(at.table)
    );
    add(r, at, name, body, comment);
}

/// Empties due rows of the person.
pub(super) fn anonymise(r: &mut Realiser<'_>, at: Place<'_>, service: &Service) {
    let Service::Anonymise {
        name,
        after,
        months,
        micros,
        tombstones,
        done,
        batch,
    } = service
    else {
        return;
    };
    let (key, public_id) = r.keys_of(at.table);
    let due = due(r, at.table, after, *months, *micros);
    let mut set: Vec<String> = tombstones
        .iter()
        .map(|(column, tombstone)| format!("{} = {}", id(column), stone(tombstone, &public_id)))
        .collect();
    let open = match done {
        Some(column) => {
            set.push(format!("{} = {}", id(column), done_value(r, at.table, column)));
            not_done(r, at.table, column)
        }
        None => tombstones
            .iter()
            .map(|(column, tombstone)| {
                format!(
                    "t.{} IS DISTINCT FROM {}",
                    id(column),
                    stone(tombstone, &public_id)
                )
            })
            .collect::<Vec<_>>()
            .join(" OR "),
    };
    let key_type = r.reference_type(Some(at.table), key.trim_matches('"'));
    let entity = text(at.table.name.as_str());
    // The trail tells rows by number or by UUID; those of other keys are told by their payloads alone, which stay.
    let forget = match key_type {
        SqlType::BigInt | SqlType::Integer | SqlType::SmallInt => {
            forget_call(r, at.table, "forget_rows", &format!("{entity}, emptied, NULL"))
        }
        SqlType::Uuid => forget_call(r, at.table, "forget_rows", &format!("{entity}, NULL, emptied")),
        _ => String::new(),
    };
    let body = format!(
        "
DECLARE
    emptied {key_type}[];
BEGIN
    WITH due AS (
        SELECT t.{key} AS id
        FROM {table} AS t
        WHERE {due}
          AND ({open})
        ORDER BY t.{after}
        LIMIT {batch}
        FOR UPDATE SKIP LOCKED
    ), changed AS (
        UPDATE {table} AS t
        SET {set}
        FROM due
        WHERE t.{key} = due.id
        RETURNING t.{key} AS id
    )
    SELECT COALESCE(array_agg(changed.id), '{{}}') INTO emptied FROM changed;
{forget}    RETURN cardinality(emptied);
END
",
        table = qualified(at.table),
        after = id(after),
        key_type = types::type_name(&key_type),
        set = set.join(",\n            "),
    );
    r.guard(at.table, Privilege::Select, &[]);
    let mut columns: Vec<Ident> = tombstones.iter().map(|(column, _)| column.clone()).collect();
    columns.extend(done.clone());
    r.guard(at.table, Privilege::Update, &columns);
    let comment = format!(
        "Empties rows of {} of the person when their time is over, at most {batch} at a call; answers how many.",
        qualified(at.table)
    );
    add(r, at, name, body, comment);
}

fn add(r: &mut Realiser<'_>, at: Place<'_>, name: &Ident, body: String, comment: String) {
    let draft = Draft {
        name: r.private(name.as_str()),
        arguments: Vec::new(),
        returns: "bigint".to_owned(),
        language: "plpgsql",
        volatility: Volatility::Volatile,
        runs_as: RunsAs::Guard,
        body,
        execute: vec![r.blueprint.roles.eraser.clone()],
        comment,
        origin: at.origin,
    };
    r.add_function(draft);
}

/// What stands in a column afterwards.
pub(super) fn stone(tombstone: &Tombstone, public_id: &str) -> String {
    match tombstone {
        Tombstone::Null => "NULL".to_owned(),
        Tombstone::Literal(literal) => ident::literal(literal),
        Tombstone::UniqueText { suffix } => {
            format!("'deleted-' || t.{public_id}::text || {}", text(suffix))
        }
    }
}

/// Whether the table leaves a trail.
pub(super) fn audited(r: &Realiser<'_>, table: &Name) -> bool {
    r.blueprint
        .behaviours
        .iter()
        .any(|placed| placed.table == *table && matches!(placed.what, Behaviour::Audit { .. }))
}

fn forget_call(r: &Realiser<'_>, table: &Name, function: &str, arguments: &str) -> String {
    let trail = r
        .blueprint
        .services
        .iter()
        .any(|placed| matches!(placed.what, Service::AuditTrail { .. }));
    if !trail || (function == "forget_rows" && !audited(r, table)) {
        return String::new();
    }
    format!("    PERFORM {}({arguments});\n", qualified(&r.private(function)))
}

fn due(r: &Realiser<'_>, table: &Name, after: &Ident, months: i32, micros: i64) -> String {
    let seconds = micros / 1_000_000;
    let fraction = micros.rem_euclid(1_000_000);
    let span = format!("make_interval(months => {months}, secs => {seconds}.{fraction:06})");
    let date = r
        .table(table)
        .and_then(|table| table.column(after.as_str()))
        .is_some_and(|column| column.ty == SqlType::Date);
    if date {
        format!("t.{} < (now() AT TIME ZONE 'UTC' - {span})::date", id(after))
    } else {
        format!("t.{} < now() - {span}", id(after))
    }
}

fn done_value(r: &Realiser<'_>, table: &Name, column: &Ident) -> &'static str {
    if is_boolean(r, table, column) {
        "true"
    } else {
        "now()"
    }
}

fn not_done(r: &Realiser<'_>, table: &Name, column: &Ident) -> String {
    if is_boolean(r, table, column) {
        format!("t.{} IS NOT TRUE", id(column))
    } else {
        format!("t.{} IS NULL", id(column))
    }
}

fn is_boolean(r: &Realiser<'_>, table: &Name, column: &Ident) -> bool {
    r.table(table)
        .and_then(|table| table.column(column.as_str()))
        .is_some_and(|column| column.ty == SqlType::Boolean)
}
