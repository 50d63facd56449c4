//! Which columns come from the support package, and which a class must say itself.

use std::collections::BTreeSet;

use physical::{Blueprint, Column, ForeignKey, OnDelete, SqlType, Table};

use super::constraints::conventional;
use super::units::{Of, Unit};

/// The types of those columns.
#[derive(Clone, Copy)]
enum Kind {
    Key,
    Number,
    Text,
    Uuid,
    Moment,
}

impl Kind {
    fn is(self, ty: &SqlType) -> bool {
        let own = match self {
            Self::Key => SqlType::BigInt,
            Self::Number => SqlType::Integer,
            Self::Text => SqlType::Text,
            Self::Uuid => SqlType::Uuid,
            Self::Moment => SqlType::TimestampTz,
        };
        own == *ty
    }
}

/// A column of a class of the support package.
#[derive(Clone, Copy)]
struct Standard {
    name: &'static str,
    ty: Kind,
    nullable: bool,
    comment: &'static str,
    /// Whether it refers to an actor.
    actor: bool,
}

const fn column(name: &'static str, ty: Kind, comment: &'static str) -> Standard {
    Standard {
        name,
        ty,
        nullable: false,
        comment,
        actor: false,
    }
}

const fn actor(name: &'static str, comment: &'static str) -> Standard {
    Standard {
        actor: true,
        ..column(name, Kind::Key, comment)
    }
}

const fn optional(standard: Standard) -> Standard {
    Standard {
        nullable: true,
        ..standard
    }
}

const IDENTIFIED: &[Standard] = &[
    column("id", Kind::Key, "Internal key; never leaves the database"),
    column("public_id", Kind::Uuid, "What the outside calls the row"),
];
const SELF_NAMED: &[Standard] = &[column("id", Kind::Uuid, "The row's name, inside and outside")];
const TIMED: &[Standard] = &[
    column("created_at", Kind::Moment, "When the row was made"),
    column("updated_at", Kind::Moment, "When the row was changed last"),
];
const AUTHORED: &[Standard] = &[
    actor("created_by", "Who made the row"),
    actor("updated_by", "Who changed the row last"),
];
const VERSIONED: &[Standard] = &[column(
    "version",
    Kind::Number,
    "Raised by every change; a stale one is refused",
)];
const MORTAL: &[Standard] = &[
    optional(column(
        "deleted_at",
        Kind::Moment,
        "When the row was deleted; empty while it lives",
    )),
    optional(column("deletion_reason", Kind::Text, "Why the row was deleted")),
    optional(column(
        "deletion_batch",
        Kind::Uuid,
        "What fell together, and is restored together",
    )),
];
const SOFT_DELETED: &[Standard] = &[
    optional(column(
        "deleted_at",
        Kind::Moment,
        "When the row was deleted; empty while it lives",
    )),
    optional(actor("deleted_by", "Who deleted the row")),
    optional(column("deletion_reason", Kind::Text, "Why the row was deleted")),
    optional(column(
        "deletion_batch",
        Kind::Uuid,
        "What fell together, and is restored together",
    )),
];
const OF_TENANT: &[Standard] = &[column(
    "tenant_id",
    Kind::Key,
    "The tenant; filled from the context",
)];
const LINKED: &[Standard] = &[
    column("created_at", Kind::Moment, "When the link was made"),
    actor("created_by", "Who made the link"),
];

/// The classes that a class is made of, and the columns that it has from them.
#[derive(Debug, Default)]
pub(super) struct Bases {
    pub(super) classes: Vec<&'static str>,
    /// Columns that need no word.
    pub(super) given: BTreeSet<&'static str>,
}

impl Bases {
    pub(super) fn of(blueprint: &Blueprint, unit: &Unit<'_>) -> Self {
        let mut bases = Self::default();
        match unit.of {
            Of::Link(_) => bases.take(blueprint, unit, "Linked", LINKED),
            Of::Entity(_) | Of::Actors => {
                if !bases.take(blueprint, unit, "Identified", IDENTIFIED)
                    && unit.table.column("public_id").is_none()
                {
                    bases.take(blueprint, unit, "IdentifiedByUuid", SELF_NAMED);
                }
                bases.take(blueprint, unit, "Timed", TIMED);
                bases.take(blueprint, unit, "Authored", AUTHORED);
                if !bases.take(blueprint, unit, "Versioned", VERSIONED) {
                    bases.classes.push("Unversioned");
                }
                let whole = bases.take(blueprint, unit, "SoftDeleted", SOFT_DELETED);
                whole || bases.take(blueprint, unit, "Mortal", MORTAL)
            }
        };
        if matches!(unit.of, Of::Link(_)) && bases.classes.is_empty() {
            bases.classes.push("Unversioned");
        }
        if unit.info.tenant.is_some() {
            bases.take(blueprint, unit, "OfTenant", OF_TENANT);
        }
        if unit.info.owner.is_some() {
            bases.classes.push("Owned");
        }
        if unit.accessed {
            bases.classes.push("Accessed");
        }
        bases
    }

    /// Takes a class when the table has all of its columns; those that differ in anything are said again.
    fn take(
        &mut self,
        blueprint: &Blueprint,
        unit: &Unit<'_>,
        class: &'static str,
        columns: &[Standard],
    ) -> bool {
        let found: Option<Vec<(&Standard, &Column)>> = columns
            .iter()
            .map(|standard| Some((standard, unit.table.column(standard.name)?)))
            .filter(|pair| {
                pair.as_ref()
                    .is_none_or(|(standard, column)| standard.ty.is(&column.ty))
            })
            .collect();
        let Some(found) = found.filter(|found| found.len() == columns.len()) else {
            return false;
        };
        self.classes.push(class);
        for (standard, column) in found {
            if is_standard(blueprint, unit.table, standard, column) {
                self.given.insert(standard.name);
            }
        }
        true
    }
}

fn is_standard(blueprint: &Blueprint, table: &Table, standard: &Standard, column: &Column) -> bool {
    let same = column.nullable == standard.nullable && column.comment.as_deref() == Some(standard.comment);
    let mut keys = table
        .foreign_keys
        .iter()
        .filter(|key| key.columns == [column.name.clone()]);
    let referring = match (standard.actor, keys.next()) {
        (true, Some(key)) => is_to_actors(blueprint, table, key),
        // The tenant's own key stands among the arguments of the table.
        (false, key) => key.is_none() || standard.name == "tenant_id",
        (true, None) => false,
    };
    let unique = table
        .uniques
        .iter()
        .find(|unique| unique.columns == [column.name.clone()]);
    let unique = match (standard.name, unique) {
        ("public_id", Some(unique)) => conventional(table, &unique.columns, "key") == unique.name.as_str(),
        ("public_id", None) => false,
        (_, unique) => unique.is_none(),
    };
    let key = table
        .primary_key
        .as_ref()
        .is_some_and(|key| key.columns.contains(&column.name));
    same && referring && unique && key == (standard.name == "id")
}

fn is_to_actors(blueprint: &Blueprint, table: &Table, key: &ForeignKey) -> bool {
    let actors = blueprint
        .actors
        .as_ref()
        .is_some_and(|actors| actors.table == key.references);
    actors
        && key.references.name.as_str() == "actors"
        && key.on_delete == OnDelete::Restrict
        && key.on_update == OnDelete::NoAction
        && conventional(table, &key.columns, "fkey") == key.name.as_str()
}
