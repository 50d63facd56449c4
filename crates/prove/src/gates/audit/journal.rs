//! What really changed, from rows read before and after; and what the trail says changed.

use std::collections::BTreeMap;

use engine::Connection;
use physical::{SqlType, Value};
use serde_json::{Map, Value as Json};

use super::{Stage, Watched};
use crate::data::scale_of;
use crate::gate::Stop;

/// A row, column by column, as the trail spells it.
type Image = Map<String, Json>;

/// All rows of all audited tables.
pub(super) type Snapshot = Vec<BTreeMap<String, Image>>;

/// An entry as it should be, or as it is.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Told {
    pub(super) entity: String,
    pub(super) operation: String,
    pub(super) row_id: Option<i64>,
    pub(super) public_id: Option<String>,
    pub(super) tenant: Option<String>,
    pub(super) subject: Option<String>,
    pub(super) changes: Json,
}

/// An entry of the log.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub(super) seq: i64,
    /// Microseconds since 1970.
    pub(super) at: i64,
    pub(super) transaction: i64,
    pub(super) actor: Option<i64>,
    pub(super) told: Told,
}

/// Reads all rows of all audited tables.
pub(super) fn snapshot(stage: &Stage<'_, '_>, superuser: &mut Connection) -> Result<Snapshot, Stop> {
    if stage.file {
        return stage
            .watched
            .iter()
            .map(|watched| images(stage, superuser, watched))
            .collect();
    }
    // One question for all tables: it is asked before and after each change.
    let parts = stage.watched.iter().enumerate();
    let parts: Vec<String> = parts
        .map(|(number, watched)| {
            format!(
                "SELECT {number}::bigint, to_jsonb(t)::text FROM {} AS t",
                watched.sql
            )
        })
        .collect();
    let rows = superuser.query(&parts.join(" UNION ALL "), &[])?;
    let mut all: Snapshot = vec![BTreeMap::new(); stage.watched.len()];
    for row in &rows.rows {
        let number = row
            .first()
            .and_then(Value::as_int)
            .and_then(|number| usize::try_from(number).ok());
        let parsed = row
            .get(1)
            .and_then(Value::as_text)
            .and_then(|text| serde_json::from_str::<Json>(text).ok());
        let place = number.and_then(|number| Some((stage.watched.get(number)?, all.get_mut(number)?)));
        if let (Some((watched, images)), Some(Json::Object(image))) = (place, parsed) {
            images.insert(key_of(watched, &image), image);
        }
    }
    Ok(all)
}

fn key_of(watched: &Watched<'_>, image: &Image) -> String {
    let columns = watched.table.primary_key.iter().flat_map(|key| &key.columns);
    let parts: Vec<String> = columns
        .map(|column| {
            image
                .get(column.as_str())
                .map(Json::to_string)
                .unwrap_or_default()
        })
        .collect();
    parts.join("|")
}

/// The rows of one table of a file.
fn images(
    stage: &Stage<'_, '_>,
    superuser: &mut Connection,
    watched: &Watched<'_>,
) -> Result<BTreeMap<String, Image>, Stop> {
    let columns: Vec<String> = watched
        .table
        .columns
        .iter()
        .map(|column| stage.speller.ident(column.name.as_str()))
        .collect();
    let rows = superuser.query(
        &format!("SELECT {} FROM {}", columns.join(", "), watched.sql),
        &[],
    )?;
    let read = |row: &Vec<Value>| {
        let pairs = watched.table.columns.iter().zip(row);
        let image: Image = pairs
            .map(|(column, value)| (column.name.as_str().to_owned(), spelled(value, &column.ty)))
            .collect();
        (key_of(watched, &image), image)
    };
    Ok(rows.rows.iter().map(read).collect())
}

/// A stored value as the trail spells it.
fn spelled(value: &Value, ty: &SqlType) -> Json {
    match (value, ty) {
        (Value::Null, _) => Json::Null,
        (Value::Int(value), SqlType::Boolean) => Json::Bool(*value != 0),
        (Value::Int(value), SqlType::Numeric(Some((precision, _))))
            if *precision <= 18 && scale_of(ty) > 0 =>
        {
            let text = crate::data::decimal_text(i128::from(*value), scale_of(ty));
            serde_json::from_str(&text).unwrap_or(Json::Null)
        }
        (Value::Text(text), SqlType::Json | SqlType::Array(_)) => {
            serde_json::from_str(text).unwrap_or_else(|_| text.clone().into())
        }
        (Value::Int(value), _) => (*value).into(),
        (Value::Float(value), _) => (*value).into(),
        (Value::Bool(value), _) => (*value).into(),
        (Value::Text(text), _) => text.clone().into(),
        (Value::Bytes(bytes), _) => {
            let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
            format!("\\x{hex}").into()
        }
    }
}

/// The entries that a change from one state to another must have left.
pub(super) fn expected(stage: &Stage<'_, '_>, before: &Snapshot, after: &Snapshot) -> Vec<Told> {
    let mut all = Vec::new();
    for ((watched, before), after) in stage.watched.iter().zip(before).zip(after) {
        for (key, old) in before {
            match after.get(key) {
                None => all.push(told(watched, "delete", old, whole(watched, old, stage.file))),
                Some(new) => all.extend(changed(watched, old, new)),
            }
        }
        let new = after.iter().filter(|(key, _)| !before.contains_key(*key));
        all.extend(new.map(|(_, image)| told(watched, "insert", image, whole(watched, image, stage.file))));
    }
    all
}

fn told(watched: &Watched<'_>, operation: &str, image: &Image, changes: Json) -> Told {
    let number = |column: Option<&physical::Ident>| image.get(column?.as_str())?.as_i64();
    let key = |column: Option<&physical::Ident>| match image.get(column?.as_str())? {
        Json::Number(number) => Some(number.to_string()),
        Json::String(text) => Some(text.clone()),
        _ => None,
    };
    Told {
        entity: watched.table.name.name.as_str().to_owned(),
        operation: operation.to_owned(),
        row_id: number(Some(watched.key)),
        public_id: watched
            .public_id
            .and_then(|column| Some(image.get(column.as_str())?.as_str()?.to_owned())),
        tenant: key(watched.tenant),
        subject: key(watched.subject),
        changes,
    }
}

fn is_ignored(watched: &Watched<'_>, column: &str) -> bool {
    watched.ignored.iter().any(|other| other.as_str() == column)
}

fn is_redacted(watched: &Watched<'_>, column: &str) -> bool {
    watched.redacted.iter().any(|other| other.as_str() == column)
}

fn whole(watched: &Watched<'_>, image: &Image, file: bool) -> Json {
    let pairs = image
        .iter()
        .filter(|(column, _)| !is_ignored(watched, column))
        .map(|(column, value)| {
            // A file says "changed" of every redacted column, a server keeps NULL: neither tells a value.
            let hidden = is_redacted(watched, column) && (file || !value.is_null());
            (
                column.clone(),
                if hidden {
                    Json::from("changed")
                } else {
                    value.clone()
                },
            )
        });
    Json::Object(pairs.collect())
}

fn changed(watched: &Watched<'_>, old: &Image, new: &Image) -> Option<Told> {
    let mut changes = Map::new();
    for (column, value) in new {
        let was = old.get(column).cloned().unwrap_or(Json::Null);
        if was == *value || is_ignored(watched, column) {
            continue;
        }
        let entry = if is_redacted(watched, column) {
            Json::from("changed")
        } else {
            Json::Array(vec![was, value.clone()])
        };
        changes.insert(column.clone(), entry);
    }
    if changes.is_empty() {
        return None;
    }
    for column in watched.named.iter().map(physical::Ident::as_str) {
        let value = new.get(column).cloned().unwrap_or(Json::Null);
        let entry = if is_redacted(watched, column) {
            Json::from("changed")
        } else {
            Json::Array(vec![value.clone(), value])
        };
        changes.entry(column).or_insert(entry);
    }
    let dead = |image: &Image| {
        watched
            .deleted_at
            .is_some_and(|at| image.get(at.as_str()).is_some_and(|value| !value.is_null()))
    };
    let operation = match (dead(old), dead(new)) {
        (false, true) => "soft_delete",
        (true, false) => "restore",
        _ => "update",
    };
    Some(told(watched, operation, new, Json::Object(changes)))
}

/// The entries after a number, in order.
pub(super) fn entries(
    stage: &Stage<'_, '_>,
    superuser: &mut Connection,
    after: i64,
) -> Result<Vec<Entry>, Stop> {
    let (at, public, changes) = if stage.file {
        (
            "CAST(strftime('%s', recorded_at) AS INTEGER) * 1000000 + CAST(substr(strftime('%f', recorded_at), 4) AS INTEGER) * 1000",
            "row_public_id",
            "changes",
        )
    } else {
        (
            "(extract(epoch FROM recorded_at) * 1000000)::bigint",
            "row_public_id::text",
            "changes::text",
        )
    };
    let sql = format!(
        "SELECT seq, {at}, transaction_id, actor_id, entity, operation, row_id, {public}, CAST(tenant_id AS text), CAST(subject_id AS text), {changes} \
         FROM {} WHERE seq > {after} ORDER BY seq",
        stage.log
    );
    let rows = superuser.query(&sql, &[])?;
    let read = |row: &Vec<Value>| {
        let number = |at: usize| row.get(at).and_then(Value::as_int);
        let text = |at: usize| row.get(at).and_then(Value::as_text).map(str::to_owned);
        Entry {
            seq: number(0).unwrap_or_default(),
            at: number(1).unwrap_or_default(),
            transaction: number(2).unwrap_or_default(),
            actor: number(3),
            told: Told {
                entity: text(4).unwrap_or_default(),
                operation: text(5).unwrap_or_default(),
                row_id: number(6),
                public_id: text(7),
                tenant: text(8),
                subject: text(9),
                changes: text(10)
                    .and_then(|text| serde_json::from_str(&text).ok())
                    .unwrap_or(Json::Null),
            },
        }
    };
    Ok(rows.rows.iter().map(read).collect())
}

/// What the trail lacks, has too much, or tells otherwise; without values.
pub(super) fn difference(expected: &[Told], found: &[Entry]) -> Option<String> {
    let mut open: Vec<&Entry> = found.iter().collect();
    let mut missing: Vec<&Told> = Vec::new();
    for told in expected {
        match open.iter().position(|entry| entry.told == *told) {
            Some(index) => {
                open.swap_remove(index);
            }
            None => missing.push(told),
        }
    }
    let what = |told: &Told| {
        format!(
            "{} of {} {}",
            told.operation,
            told.entity,
            told.row_id.unwrap_or_default()
        )
    };
    match (missing.first(), open.first()) {
        (None, None) => None,
        (Some(missing), Some(extra)) if same_row(missing, &extra.told) => Some(format!(
            "the entry for {} tells otherwise: {}",
            what(missing),
            differing(missing, &extra.told).join(", ")
        )),
        (Some(missing), _) => Some(format!("there is no entry for {}", what(missing))),
        (None, Some(extra)) => {
            let columns = extra
                .told
                .changes
                .as_object()
                .map(|changes| changes.keys().cloned().collect::<Vec<_>>().join(", "));
            Some(format!(
                "an entry for {} ({}) that did not happen, or happened once only",
                what(&extra.told),
                columns.unwrap_or_default()
            ))
        }
    }
}

fn same_row(a: &Told, b: &Told) -> bool {
    a.entity == b.entity && a.row_id == b.row_id
}

fn differing(wanted: &Told, found: &Told) -> Vec<String> {
    let mut names = Vec::new();
    let mut tell = |name: &str, differs: bool| {
        if differs {
            names.push(name.to_owned());
        }
    };
    tell("the operation", wanted.operation != found.operation);
    tell("the public id", wanted.public_id != found.public_id);
    tell("the tenant", wanted.tenant != found.tenant);
    tell("the subject", wanted.subject != found.subject);
    if let (Json::Object(wanted), Json::Object(found)) = (&wanted.changes, &found.changes) {
        let keys = wanted
            .keys()
            .chain(found.keys().filter(|key| !wanted.contains_key(*key)));
        for key in keys.filter(|key| wanted.get(*key) != found.get(*key)) {
            tell(&format!("`{key}`"), true);
        }
    } else {
        tell("the changes", wanted.changes != found.changes);
    }
    names
}
