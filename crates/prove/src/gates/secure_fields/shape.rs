//! What the catalog shows.

use model::{Identity, ImpliedField, Protection, Scalar, Type, Versioning};
use physical::{Column, Database, Expr, ForeignKey, Index, Purpose, RowSecurity, SqlType, Table};

use super::{Found, report, unexplained};
use crate::bench::Bench;

/// Checks the shape of an entity's table.
pub(super) fn entity(bench: &mut Bench<'_>, found: &Found<'_>) {
    let name = found.entity.table.clone();
    let mut tell = |id: &str, claim: &str, faults: Vec<String>| report(bench, id, &name, claim, faults, &[]);
    tell(
        "identity",
        "the internal key is a counted bigint, or what was declared instead",
        identity(found),
    );
    if has_public_id(found) {
        tell(
            "public-id",
            "the public id is a NOT NULL, unique uuid with a default in the database",
            public_id(found),
        );
    }
    tell(
        "timestamps",
        "created_at and updated_at are instants that are always there",
        timestamps(found),
    );
    tell(
        "authors",
        "created_by and updated_by always refer to a pseudonym",
        authors(found),
    );
    tell(
        "version",
        "a version is counted, or a reason says why not",
        version(found),
    );
    tell(
        "soft-delete",
        "rows can be deleted softly, or a reason says why not",
        soft_delete(found),
    );
    tell(
        "secrets",
        "no secret and nothing encrypted is stored as plain text",
        secrets(found),
    );
}

/// Checks what every table must have.
pub(super) fn everywhere(bench: &mut Bench<'_>, database: &Database) {
    let subject = bench.subject;
    for table in &database.tables {
        let name = table.name.to_string();
        let zones: Vec<String> = table
            .columns
            .iter()
            .filter(|column| column.ty == SqlType::Timestamp)
            .map(|column| format!("{} is a timestamp without time zone", column.name))
            .collect();
        report(
            bench,
            "time-zones",
            &name,
            "every timestamp has a zone",
            zones,
            &[],
        );
        let actors = subject
            .blueprint
            .actors
            .as_ref()
            .map(|actors| subject.realised_name(&actors.table));
        // Pseudonyms are never deleted nor renumbered, so nothing ever looks for the rows that an author made by that key.
        let stands = |key: &&ForeignKey| Some(&key.references) == actors.as_ref();
        if table
            .foreign_keys
            .iter()
            .any(|key| stands(&key) && !is_indexed(table, key))
        {
            bench.note("references to pseudonyms have no index: pseudonyms are never deleted");
        }
        let bare: Vec<String> = table
            .foreign_keys
            .iter()
            .filter(|key| !stands(key) && !is_indexed(table, key))
            .map(|key| {
                format!(
                    "the foreign key {} has no index that begins with its column",
                    key.name
                )
            })
            .collect();
        if !table.foreign_keys.is_empty() {
            report(
                bench,
                "foreign-key-indexes",
                &name,
                "every foreign key has an index",
                bare,
                &[],
            );
        }
        let holds_rows = subject
            .info(&table.name)
            .is_some_and(|info| matches!(info.purpose, Purpose::Entity(_) | Purpose::Link(..)));
        if holds_rows && subject.has_roles() {
            report(
                bench,
                "row-security",
                &name,
                "row-level security is on, forced, and has policies",
                security(table),
                &[],
            );
        }
    }
}

fn security(table: &Table) -> Vec<String> {
    let mut faults = Vec::new();
    match table.row_security {
        RowSecurity::Off => faults.push("row-level security is off".to_owned()),
        RowSecurity::Enabled => {
            faults.push("row-level security is not forced: it does not bind the owner".to_owned())
        }
        RowSecurity::Forced => {}
    }
    if table.policies.is_empty() {
        faults.push("there is no policy".to_owned());
    }
    faults
}

fn has_public_id(found: &Found<'_>) -> bool {
    matches!(found.entity.identity.value, Identity::Dual(_) | Identity::Uuid(_))
}

/// The column of an implied field, by the model's name for it.
fn implied<'a>(found: &Found<'a>, what: ImpliedField, default: &str) -> Option<&'a Column> {
    let name = found
        .entity
        .implied(what)
        .map_or(default, |(_, field)| field.column.as_str());
    found.table.column(name)
}

/// What is wrong with a column that must be there with a type.
fn column_faults(column: Option<&Column>, name: &str, allowed: &[SqlType], nullable: bool) -> Vec<String> {
    let Some(column) = column else {
        return vec![format!("{name} is missing")];
    };
    let mut faults = Vec::new();
    if !allowed.contains(&column.ty) {
        faults.push(format!("{name} has the type {:?}", column.ty));
    }
    if column.nullable && !nullable {
        faults.push(format!("{name} can be NULL"));
    }
    faults
}

/// A file stores UUIDs and instants as text that a check keeps in form.
const UUID: &[SqlType] = &[SqlType::Uuid, SqlType::Text];
const INSTANT: &[SqlType] = &[SqlType::TimestampTz, SqlType::Text];

fn identity(found: &Found<'_>) -> Vec<String> {
    let key: Vec<&str> = found
        .table
        .primary_key
        .iter()
        .flat_map(|key| &key.columns)
        .filter(|column| !found.partition_key.contains(column))
        .map(physical::Ident::as_str)
        .collect();
    match found.entity.identity.value {
        Identity::Dual(_) | Identity::Internal => {
            let column = implied(found, ImpliedField::Id, "id");
            let mut faults = column_faults(column, "id", &[SqlType::BigInt], false);
            if let Some(column) = column {
                if column.identity.is_none() {
                    faults.push("id is not counted by the database".to_owned());
                }
                if key != [column.name.as_str()] {
                    faults.push(format!("the primary key is ({}), not id", key.join(", ")));
                }
            }
            faults
        }
        Identity::Uuid(_) | Identity::Natural => {
            if key.is_empty() {
                vec!["there is no primary key".to_owned()]
            } else {
                Vec::new()
            }
        }
    }
}

fn public_id(found: &Found<'_>) -> Vec<String> {
    let Some(column) = public_id_column(found) else {
        return vec!["public_id is missing".to_owned()];
    };
    let name = column.name.as_str();
    let mut faults = column_faults(Some(column), name, UUID, false);
    if column.default.is_none() {
        faults.push(format!("{name} has no default in the database"));
    }
    // No database keeps a key unique across partitions without the partition key in it.
    let alone = |columns: &[physical::Ident]| {
        let mut own = columns.iter().filter(|it| !found.partition_key.contains(it));
        own.next().is_some_and(|it| it.as_str() == name) && own.next().is_none()
    };
    let table = found.table;
    let unique = table.primary_key.iter().any(|key| alone(&key.columns))
        || table.uniques.iter().any(|unique| alone(&unique.columns))
        || table
            .indexes
            .iter()
            .any(|index| index.unique && index.predicate.is_none() && leads(index) == [name]);
    if !unique {
        faults.push(format!("{name} is not unique by itself"));
    }
    faults
}

/// The column that the outside knows a row by.
pub(super) fn public_id_column<'a>(found: &Found<'a>) -> Option<&'a Column> {
    match found.entity.identity.value {
        Identity::Dual(_) => implied(found, ImpliedField::PublicId, "public_id"),
        Identity::Uuid(_) => implied(found, ImpliedField::Id, "id"),
        Identity::Internal | Identity::Natural => None,
    }
}

fn timestamps(found: &Found<'_>) -> Vec<String> {
    let opted = &found.entity.timestamps;
    if !opted.value {
        return silent(unexplained(opted, true), "timestamps");
    }
    [
        (ImpliedField::CreatedAt, "created_at"),
        (ImpliedField::UpdatedAt, "updated_at"),
    ]
    .into_iter()
    .flat_map(|(what, name)| column_faults(implied(found, what, name), name, INSTANT, false))
    .collect()
}

fn authors(found: &Found<'_>) -> Vec<String> {
    if !found.entity.authors.value {
        return Vec::new();
    }
    let mut faults = Vec::new();
    for (what, name) in [
        (ImpliedField::CreatedBy, "created_by"),
        (ImpliedField::UpdatedBy, "updated_by"),
    ] {
        let column = implied(found, what, name);
        faults.extend(column_faults(column, name, &[SqlType::BigInt], false));
        let refers =
            |key: &ForeignKey| key.columns.len() == 1 && key.columns.iter().all(|it| it.as_str() == name);
        if column.is_some() && !found.table.foreign_keys.iter().any(refers) {
            faults.push(format!("{name} refers to nothing"));
        }
    }
    faults
}

fn version(found: &Found<'_>) -> Vec<String> {
    let opted = &found.entity.versioning;
    if opted.value == Versioning::Off {
        return silent(unexplained(opted, true), "a version");
    }
    column_faults(
        implied(found, ImpliedField::Version, "version"),
        "version",
        &[SqlType::Integer, SqlType::BigInt],
        false,
    )
}

fn soft_delete(found: &Found<'_>) -> Vec<String> {
    let opted = &found.entity.soft_delete;
    if !opted.value {
        return silent(unexplained(opted, true), "soft deletion");
    }
    let mut faults = column_faults(
        implied(found, ImpliedField::DeletedAt, "deleted_at"),
        "deleted_at",
        INSTANT,
        true,
    );
    for (what, name) in [
        (ImpliedField::DeletionReason, "deletion_reason"),
        (ImpliedField::DeletionBatch, "deletion_batch"),
    ] {
        if implied(found, what, name).is_none() {
            faults.push(format!("{name} is missing"));
        }
    }
    if found.table.column("is_deleted").is_some() {
        faults.push("is_deleted is a second truth beside deleted_at".to_owned());
    }
    faults
}

fn silent(unexplained: bool, what: &str) -> Vec<String> {
    if unexplained {
        vec![format!("{what} was left out and nothing says why")]
    } else {
        Vec::new()
    }
}

fn secrets(found: &Found<'_>) -> Vec<String> {
    let mut faults = Vec::new();
    for field in &found.entity.fields {
        let is_token = field.ty == Type::Scalar(Scalar::Token);
        let is_encrypted = matches!(field.protection, Protection::Encrypted { .. });
        if !is_token && !is_encrypted {
            continue;
        }
        match found.table.column(&field.column) {
            None => faults.push(format!("{} is missing", field.column)),
            Some(column) if column.ty != SqlType::Bytes => {
                let what = if is_token { "a token" } else { "an encrypted field" };
                faults.push(format!(
                    "{} holds {what} and has the type {:?}",
                    field.column, column.ty
                ));
            }
            Some(_) => {}
        }
    }
    faults
}

fn leads(index: &Index) -> Vec<&str> {
    index
        .keys
        .iter()
        .map_while(|key| match &key.expr {
            Expr::Column { name, .. } => Some(name.as_str()),
            Expr::Sql(text) => Some(text.trim_matches('"')),
            _ => None,
        })
        .collect()
}

/// Whether an index serves a foreign key: it begins with the reference itself, or with all its columns in any order.
fn is_indexed(table: &Table, key: &ForeignKey) -> bool {
    let wanted: Vec<&str> = key.columns.iter().map(physical::Ident::as_str).collect();
    // All columns of the key are compared, so the index may lead to the reference through any of them.
    let serves = |columns: &[&str]| {
        let mut lead = columns.iter().take_while(|column| wanted.contains(column));
        lead.any(|column| wanted.first() == Some(column))
    };
    let names = |columns: &'_ [physical::Ident]| {
        columns
            .iter()
            .map(|it| it.as_str().to_owned())
            .collect::<Vec<_>>()
    };
    let as_strs = |columns: &[String]| serves(&columns.iter().map(String::as_str).collect::<Vec<_>>());
    table.primary_key.iter().any(|key| as_strs(&names(&key.columns)))
        || table
            .uniques
            .iter()
            .any(|unique| as_strs(&names(&unique.columns)))
        || table.indexes.iter().any(|index| serves(&leads(index)))
}
