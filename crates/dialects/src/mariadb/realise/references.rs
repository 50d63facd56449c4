//! Rows that refer to others: living parents, what follows a reference, trees, columns that never change.

use physical::{Ident, Name, OnDelete, Tombstone};

use super::work::{Moment, Part, Work};
use crate::mariadb::ident::{ident, table};
use crate::source::{Source, key_of, local};

/// Owner and tenant from the row referred to.
pub(super) fn inherit(
    blueprint: &Source<'_>,
    work: &mut Work,
    (via, parent, key): (&Ident, &Name, &Ident),
    columns: &[(Ident, Ident)],
) {
    let parent = table(&local(blueprint, parent));
    for (own, theirs) in columns {
        let (theirs, key, via_sql) = (ident(theirs), ident(key), ident(via));
        let value = format!("(SELECT p.{theirs} FROM {parent} AS p WHERE p.{key} = NEW.{via_sql})");
        let several = work.follows.iter().any(|(known, ..)| known == own);
        let first = match several {
            true => format!("coalesce({value}, NEW.{})", ident(own)),
            false => value.clone(),
        };
        work.set(Moment::BeforeInsert, Part::Inherit, own, &first);
        work.follows.push((own.clone(), via.clone(), value));
    }
}

/// The living refer only to the living, which stay locked until the transaction ends.
pub(super) fn living_parent(
    blueprint: &Source<'_>,
    work: &mut Work,
    pairs: &[(&Ident, &Ident)],
    (parent, deleted_at): (&Name, &Ident),
) {
    let on: Vec<String> = pairs
        .iter()
        .map(|(own, theirs)| format!("p.{} = NEW.{}", ident(theirs), ident(own)))
        .collect();
    let dead = format!(
        "EXISTS (SELECT 1 FROM {} AS p WHERE {} AND p.{} IS NOT NULL LOCK IN SHARE MODE)",
        table(&local(blueprint, parent)),
        on.join(" AND "),
        ident(deleted_at)
    );
    let own = work.name.clone();
    let key = key_of(blueprint, &own, pairs.first().map(|(own, _)| *own), parent);
    work.refuse_key(Moment::BeforeInsert, blueprint, key, &own, &dead);
    let mut changed: Vec<String> = pairs
        .iter()
        .map(|(own, _)| format!("NOT (NEW.{0} <=> OLD.{0})", ident(own)))
        .collect();
    let condition = match work.deleted_at.as_ref().map(ident) {
        Some(at) => {
            changed.push(format!("OLD.{at} IS NOT NULL"));
            format!("NEW.{at} IS NULL AND ({})\n  AND {dead}", changed.join(" OR "))
        }
        None => format!("({})\n  AND {dead}", changed.join(" OR ")),
    };
    work.refuse_key(Moment::BeforeUpdate, blueprint, key, &own, &condition);
}

/// A self reference makes no cycle. A new row has nobody below it yet, but itself.
pub(super) fn no_cycle(work: &mut Work, key: &Ident, parent: &Ident) {
    let (own, key, up) = (work.sql.clone(), ident(key), ident(parent));
    let condition = format!(
        "NEW.{up} IS NOT NULL AND NOT (NEW.{up} <=> OLD.{up})\n  AND NEW.{key} IN (\n    \
         WITH RECURSIVE above (id) AS (\n      \
         SELECT NEW.{up}\n      \
         UNION\n      \
         SELECT t.{up} FROM {own} AS t JOIN above ON t.{key} = above.id WHERE t.{up} IS NOT NULL\n    \
         )\n    SELECT id FROM above\n  )"
    );
    let rule = format!("{parent}_cycle");
    work.refuse(Moment::BeforeUpdate, "23514", &rule, &condition);
    // Its number is known only once it is there.
    let itself = format!("NEW.{up} = NEW.{key}");
    work.refuse(Moment::AfterInsert, "23514", &rule, &itself);
}

/// Columns that never change, except to what erasure writes, and to NULL where a deletion sets it.
pub(super) fn immutable(blueprint: &Source<'_>, work: &mut Work, columns: &[Ident]) {
    for column in columns {
        // What follows a reference is set back by itself.
        if work.follows.iter().any(|(follower, ..)| follower == column) {
            continue;
        }
        let name = ident(column);
        let mut condition = format!("NOT (NEW.{name} <=> OLD.{name})");
        for value in exempt(blueprint, work, column) {
            condition.push_str(&format!(" AND NOT (NEW.{name} <=> {value})"));
        }
        work.refuse(
            Moment::BeforeUpdate,
            "23514",
            &format!("{column}_immutable"),
            &condition,
        );
    }
}

fn exempt(blueprint: &Source<'_>, work: &Work, column: &Ident) -> Vec<String> {
    let Some(source) = blueprint.table_here(&work.name) else {
        return Vec::new();
    };
    let tombstones = blueprint.tombstones(&source.name).iter();
    let mut values: Vec<String> = tombstones
        .filter(|(own, _)| own == column)
        .filter_map(|(_, tombstone)| match tombstone {
            Tombstone::Null => Some("NULL".to_owned()),
            Tombstone::Literal(value) => Some(crate::mariadb::ident::literal(value)),
            Tombstone::UniqueText { suffix } => {
                let public = source.column("public_id")?;
                let end = crate::mariadb::ident::text(suffix);
                Some(format!("concat('deleted-', NEW.{}, {end})", ident(&public.name)))
            }
        })
        .collect();
    let by_key = source.foreign_keys.iter().any(|key| {
        let cleared = if key.set_null.is_empty() {
            &key.columns
        } else {
            &key.set_null
        };
        key.on_delete == OnDelete::SetNull && cleared.contains(column)
    });
    let softly = blueprint.cleared(&source.name).iter();
    if by_key || softly.into_iter().any(|child| child.set_null.contains(column)) {
        values.push("NULL".to_owned());
    }
    values.dedup();
    values
}

/// Rows that are only ever added.
pub(super) fn append_only(work: &mut Work, erasable: &[Ident]) {
    let changed: Vec<String> = work
        .columns
        .iter()
        .map(|(column, _)| {
            let name = ident(column);
            match erasable.contains(column) {
                true => format!("(NOT (NEW.{name} <=> OLD.{name}) AND NEW.{name} IS NOT NULL)"),
                false => format!("NOT (NEW.{name} <=> OLD.{name})"),
            }
        })
        .collect();
    work.refuse(
        Moment::BeforeUpdate,
        "42501",
        "append_only",
        &changed.join("\n   OR "),
    );
    work.refuse(Moment::BeforeDelete, "42501", "append_only", "TRUE");
}

/// What a foreign key's own action cannot do here: fire the triggers of the other table, or empty some of its columns.
pub(super) fn on_delete(blueprint: &Source<'_>, work: &mut Work, losses: &mut crate::losses::Losses) {
    let tables = blueprint.database.tables.iter();
    for child in tables {
        for key in &child.foreign_keys {
            if local(blueprint, &key.references) != work.name {
                continue;
            }
            let own = local(blueprint, &child.name);
            let acts = matches!(key.on_delete, OnDelete::Cascade | OnDelete::SetNull);
            if acts && own == work.name {
                losses.add(
                    "own rows that follow",
                    format!("{}.{}", own.name, key.name),
                    "a trigger cannot change the table that it stands on: a row to which others of its table refer cannot be deleted \
                     before them",
                    key.origin,
                );
                continue;
            }
            let pairs = key.columns.iter().zip(&key.referenced);
            let refers: Vec<String> = pairs
                .map(|(mine, theirs)| format!("{} = OLD.{}", ident(mine), ident(theirs)))
                .collect();
            let (name, refers) = (table(&own), refers.join(" AND "));
            match key.on_delete {
                OnDelete::Cascade => {
                    let statement = format!("DELETE FROM {name}\nWHERE {refers}");
                    work.add(Moment::BeforeDelete, Part::Follow, statement);
                }
                OnDelete::SetNull => {
                    let emptied = if key.set_null.is_empty() {
                        &key.columns
                    } else {
                        &key.set_null
                    };
                    let emptied: Vec<String> = emptied
                        .iter()
                        .map(|column| format!("{} = NULL", ident(column)))
                        .collect();
                    let statement = format!("UPDATE {name}\nSET {}\nWHERE {refers}", emptied.join(", "));
                    work.add(Moment::BeforeDelete, Part::Follow, statement);
                }
                _ => {}
            }
        }
    }
}
