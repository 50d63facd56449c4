//! One entry per change, written by triggers that run with the rights of who made them: the application has none on the log.

use physical::{Behaviour, Ident, SqlType};

use super::context::TRANSACTION;
use super::work::{Moment, Part, Work, indented};
use crate::mariadb::ident::{ident, table, text};
use crate::mariadb::types::COLLATION;
use crate::source::{Source, local};

/// What an entry says beside its changes.
struct Entry<'a> {
    log: String,
    key: Option<&'a Ident>,
    public_id: Option<&'a Ident>,
    tenant: Option<&'a Ident>,
    subject: Option<&'a Ident>,
}

pub(super) fn add(blueprint: &Source<'_>, work: &mut Work, what: &Behaviour) {
    let Behaviour::Audit {
        log,
        key,
        public_id,
        tenant,
        subject,
        redacted,
        ignored,
        ..
    } = what
    else {
        return;
    };
    let is = |column: &Ident, test: fn(&SqlType) -> bool| work.type_of(column).is_some_and(test);
    let whole = |ty: &SqlType| matches!(ty, SqlType::BigInt | SqlType::Integer | SqlType::SmallInt);
    let counted = is(key, whole);
    // Where the key is a UUID, there is only the one.
    let outside = public_id
        .as_ref()
        .or(Some(key).filter(|key| is(key, |ty| *ty == SqlType::Uuid)));
    let entry = Entry {
        log: table(&local(blueprint, log)),
        key: Some(key).filter(|_| counted),
        public_id: outside,
        tenant: tenant.as_ref(),
        subject: subject.as_ref(),
    };
    let told: Vec<(Ident, SqlType)> = work
        .columns
        .iter()
        .filter(|(column, _)| !ignored.contains(column))
        .cloned()
        .collect();
    // Where neither id tells the row, its key does.
    let named = if outside.is_none() && !counted {
        work.key.clone()
    } else {
        Vec::new()
    };
    let insert = statement(work, &entry, ("'insert'", "NEW"), &all(&told, redacted, "NEW"));
    let delete = statement(work, &entry, ("'delete'", "OLD"), &all(&told, redacted, "OLD"));
    let operation = match work.deleted_at.as_ref().map(ident) {
        Some(at) => format!(
            "CASE\n    WHEN (OLD.{at} IS NULL) = (NEW.{at} IS NULL) THEN 'update'\n    \
             WHEN NEW.{at} IS NULL THEN 'restore'\n    ELSE 'soft_delete'\nEND"
        ),
        None => "'update'".to_owned(),
    };
    let update = statement(
        work,
        &entry,
        (&operation, "NEW"),
        &differences(&told, redacted, &named),
    );
    let update = format!("IF {} THEN\n{};\nEND IF", differs(&told), indented(&update, 4));
    work.add(Moment::AfterInsert, Part::Trail, insert);
    work.add(Moment::AfterUpdate, Part::Trail, update);
    work.add(Moment::AfterDelete, Part::Trail, delete);
}

/// The commitment binds the payload to the chain, and tells nothing once the salt is gone.
fn statement(work: &Work, entry: &Entry<'_>, (operation, row): (&str, &str), changes: &str) -> String {
    let of = |column: Option<&Ident>| {
        column.map_or("NULL".to_owned(), |column| format!("{row}.{}", ident(column)))
    };
    format!(
        "INSERT INTO {} (recorded_at, transaction_id, actor_id, tenant_id, subject_id, entity, row_id, row_public_id, operation, \
         changes, salt, commitment)\nSELECT utc_timestamp(6), {TRANSACTION}, {}, {}, {}, {}, {}, {}, {operation}, e.changes, e.salt,\n    \
         unhex(sha2(concat(e.salt, cast(e.changes AS binary)), 256))\nFROM (SELECT random_bytes(16) AS salt, {changes} AS changes) AS e",
        entry.log,
        work.actor,
        of(entry.tenant),
        of(entry.subject),
        text(work.name.name.as_str()),
        of(entry.key),
        of(entry.public_id),
    )
}

fn differs(told: &[(Ident, SqlType)]) -> String {
    let same: Vec<String> = told
        .iter()
        .map(|(column, _)| format!("NEW.{0} <=> OLD.{0}", ident(column)))
        .collect();
    match same.as_slice() {
        [] => "FALSE".to_owned(),
        same => format!("NOT ({})", same.join(" AND ")),
    }
}

/// `{"column": value}` for every column.
fn all(told: &[(Ident, SqlType)], redacted: &[Ident], row: &str) -> String {
    let pairs = told.iter().map(|(column, ty)| {
        let value = match redacted.contains(column) {
            true => "'changed'".to_owned(),
            false => json_value(&format!("{row}.{}", ident(column)), ty),
        };
        format!("{}, {value}", text(column.as_str()))
    });
    object(&pairs.collect::<Vec<_>>())
}

/// `{"column": [old, new]}` for columns that changed: a merge patch leaves out what is NULL.
fn differences(told: &[(Ident, SqlType)], redacted: &[Ident], named: &[Ident]) -> String {
    let pairs = told.iter().map(|(column, ty)| {
        let name = ident(column);
        let value = if redacted.contains(column) {
            "'changed'".to_owned()
        } else {
            let old = json_value(&format!("OLD.{name}"), ty);
            let new = json_value(&format!("NEW.{name}"), ty);
            format!("json_array({old}, {new})")
        };
        let value = match named.contains(column) {
            true => value,
            false => format!("if(NEW.{name} <=> OLD.{name}, NULL, {value})"),
        };
        format!("{}, {value}", text(column.as_str()))
    });
    format!("json_merge_patch('{{}}', {})", object(&pairs.collect::<Vec<_>>()))
}

fn object(pairs: &[String]) -> String {
    format!("json_object(\n        {})", pairs.join(",\n        "))
}

/// A value as the audit trail spells it, the same as on other databases.
fn json_value(column: &str, ty: &SqlType) -> String {
    match ty {
        SqlType::Boolean => {
            format!("json_extract(if({column}, 'true', if({column} IS NULL, 'null', 'false')), '$')")
        }
        SqlType::Json | SqlType::JsonText | SqlType::Array(_) => {
            // The server keeps JSON in another collation than the rest of the row.
            format!("json_extract({column} COLLATE {COLLATION}, '$')")
        }
        _ if is_bytes(ty) => format!("concat(char(92 USING utf8mb4), 'x', lower(hex({column})))"),
        SqlType::Timestamp | SqlType::TimestampTz => {
            format!("date_format({column}, '%Y-%m-%dT%H:%i:%s.%f+00:00')")
        }
        SqlType::Uuid => format!("cast({column} AS char)"),
        _ => column.to_owned(),
    }
}

fn is_bytes(ty: &SqlType) -> bool {
    match ty {
        SqlType::Bytes => true,
        SqlType::Other(name) => name.starts_with("varbinary"),
        _ => false,
    }
}
