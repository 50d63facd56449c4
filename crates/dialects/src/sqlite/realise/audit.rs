//! One entry per change, from the finished row.

use physical::{Behaviour, Blueprint, Ident, SqlType};

use super::super::ident::{ident, table, text};
use super::super::types::{NOW, power, scale_of};
use super::triggers::{Entries, Work};
use crate::source::local;

/// Pairs in one call of `json_object`: a function takes 127 arguments at most.
const PAIRS: usize = 60;

/// What an entry says beside its changes.
struct Columns<'a> {
    key: &'a Ident,
    public_id: Option<&'a Ident>,
    tenant: Option<&'a Ident>,
    subject: Option<&'a Ident>,
}

pub(super) fn add(blueprint: &Blueprint, work: &mut Work, what: &Behaviour) {
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
    // Where the key is a UUID, there is only the one.
    let outside = public_id.as_ref().or(Some(key).filter(|key| is_uuid(work, key)));
    let columns = Columns {
        key,
        public_id: outside,
        tenant: tenant.as_ref(),
        subject: subject.as_ref(),
    };
    let into = table(&local(blueprint, log));
    let told: Vec<(Ident, SqlType)> = work
        .columns
        .iter()
        .filter(|(column, _)| !ignored.contains(column))
        .cloned()
        .collect();
    let from = format!("FROM {} AS r\nWHERE {}", work.sql, work.this_row("NEW", "r"));
    let changed = differs(&told);
    let entry =
        |operation: &str, row: &str, changes: &str| head(work, &into, &columns, operation, row, changes);
    let insert = format!("{}\n{from}", entry("'insert'", "r", &whole(&told, redacted, "r")));
    // Where neither id tells the row, its key does.
    let named = if outside.is_none() && !is_whole(work, key) {
        work.key.clone()
    } else {
        Vec::new()
    };
    let diff = diff(&told, redacted, &named);
    let update = format!("{}\n{from}\n  AND ({changed})", entry("'update'", "r", &diff));
    let soft = work.deleted_at.as_ref().map(ident).map(|at| {
        let operation = format!("CASE WHEN NEW.{at} IS NULL THEN 'restore' ELSE 'soft_delete' END");
        format!("{}\n{from}", entry(&operation, "r", &diff))
    });
    let delete = entry("'delete'", "OLD", &whole(&told, redacted, "OLD"));
    work.audit = Some(Entries {
        insert,
        update,
        soft,
        delete,
    });
}

fn head(work: &Work, log: &str, columns: &Columns<'_>, operation: &str, row: &str, changes: &str) -> String {
    let of = |column: Option<&Ident>| {
        column.map_or("NULL".to_owned(), |column| format!("{row}.{}", ident(column)))
    };
    format!(
        "INSERT INTO {log} (recorded_at, transaction_id, actor_id, tenant_id, subject_id,\n  \
         entity, row_id, row_public_id, operation, changes, salt)\n\
         SELECT {NOW},\n  {},\n  {},\n  {},\n  {},\n  {},\n  {},\n  {},\n  {operation},\n  {changes},\n  randomblob(16)",
        work.transaction,
        work.actor,
        of(columns.tenant),
        of(columns.subject),
        text(work.name.name.as_str()),
        of(Some(columns.key).filter(|key| is_whole(work, key))),
        of(columns.public_id),
    )
}

fn is_whole(work: &Work, key: &Ident) -> bool {
    matches!(
        type_of(work, key),
        Some(SqlType::BigInt | SqlType::Integer | SqlType::SmallInt)
    )
}

fn is_uuid(work: &Work, key: &Ident) -> bool {
    matches!(type_of(work, key), Some(SqlType::Uuid))
}

fn type_of<'a>(work: &'a Work, key: &Ident) -> Option<&'a SqlType> {
    let found = work.columns.iter().find(|(column, _)| column == key);
    found.map(|(_, ty)| ty)
}

fn differs(told: &[(Ident, SqlType)]) -> String {
    let parts: Vec<String> = told
        .iter()
        .map(|(column, _)| format!("r.{0} IS NOT OLD.{0}", ident(column)))
        .collect();
    if parts.is_empty() {
        "0".to_owned()
    } else {
        parts.join("\n    OR ")
    }
}

/// `{"column": value}` for every column.
fn whole(told: &[(Ident, SqlType)], redacted: &[Ident], row: &str) -> String {
    let pairs: Vec<String> = told
        .iter()
        .map(|(column, ty)| {
            let value = if redacted.contains(column) {
                "'changed'".to_owned()
            } else {
                json_value(&format!("{row}.{}", ident(column)), ty)
            };
            format!("{}, {value}", text(column.as_str()))
        })
        .collect();
    let objects: Vec<String> = pairs.chunks(PAIRS).map(object).collect();
    match objects.as_slice() {
        [] => "'{}'".to_owned(),
        [only] => only.clone(),
        // json_patch would drop columns that are NULL: the objects are joined as text, without their inner braces.
        many => {
            let inner = many
                .iter()
                .map(|object| format!("substr({object}, 2, length({object}) - 2)"));
            format!(
                "'{{' || {} || '}}'",
                inner.collect::<Vec<_>>().join(" || ',' || ")
            )
        }
    }
}

/// `{"column": [old, new]}` for columns that changed: a merge patch leaves out what is NULL.
fn diff(told: &[(Ident, SqlType)], redacted: &[Ident], named: &[Ident]) -> String {
    let pairs: Vec<String> = told
        .iter()
        .map(|(column, ty)| {
            let name = ident(column);
            let value = if redacted.contains(column) {
                "'changed'".to_owned()
            } else {
                let old = json_value(&format!("OLD.{name}"), ty);
                let new = json_value(&format!("r.{name}"), ty);
                format!("json_array({old}, {new})")
            };
            if named.contains(column) {
                return format!("{}, {value}", text(column.as_str()));
            }
            format!(
                "{}, CASE WHEN r.{name} IS NOT OLD.{name} THEN {value} END",
                text(column.as_str())
            )
        })
        .collect();
    let objects = pairs.chunks(PAIRS).map(object);
    objects.fold("'{}'".to_owned(), |left, right| {
        format!("json_patch({left}, {right})")
    })
}

fn object(pairs: &[String]) -> String {
    format!("json_object(\n    {})", pairs.join(",\n    "))
}

/// A value as the audit trail spells it, the same as on other databases.
pub(super) fn json_value(column: &str, ty: &SqlType) -> String {
    match ty {
        SqlType::Boolean => format!("json(CASE {column} WHEN 1 THEN 'true' WHEN 0 THEN 'false' END)"),
        SqlType::Json | SqlType::Array(_) => format!("json({column})"),
        // hex() of nothing is an empty text.
        SqlType::Bytes => format!("CASE WHEN {column} IS NOT NULL THEN '\\x' || lower(hex({column})) END"),
        SqlType::Numeric(_) => match scale_of(ty) {
            Some(scale) if scale > 0 => {
                let unit = power(scale);
                format!(
                    "json(CASE WHEN {column} IS NOT NULL THEN printf('%s%d.%0{scale}d', \
                     CASE WHEN {column} < 0 THEN '-' ELSE '' END, abs({column}) / {unit}, abs({column}) % {unit}) END)"
                )
            }
            _ => column.to_owned(),
        },
        _ => column.to_owned(),
    }
}
