//! Whether rows refer to what is there.

use std::collections::{HashMap, HashSet};

use physical::{Database, ForeignKey, Ident, Origin, Table};

use super::super::catalog::lexer::exact;
use super::super::ident::{table as table_name, text};
use super::parts::mentions;
use super::table;

/// Tables by name, whatever its letters.
pub(super) struct Tables<'d> {
    by_name: HashMap<String, &'d Table>,
    in_order: &'d [Table],
    /// What has a name like a table's, and is none.
    others: HashSet<String>,
}

impl<'d> Tables<'d> {
    pub(super) fn new(database: &'d Database) -> Self {
        let views = database.views.iter().map(|view| &view.name.name);
        let opaque = database.opaque.iter().map(|opaque| &opaque.name.name);
        let tables = database.tables.iter();
        Self {
            by_name: tables.map(|table| (lower(&table.name.name), table)).collect(),
            in_order: &database.tables,
            others: views.chain(opaque).map(lower).collect(),
        }
    }

    /// Statements that drop those that were not there before.
    pub(super) fn dropping_new_ones(&self, before: &Self) -> HashSet<String> {
        let new = self.in_order.iter();
        let new = new.filter(|table| before.find(&lower(&table.name.name)).is_none());
        new.map(|table| format!("DROP TABLE {}", table_name(&table.name)))
            .collect()
    }

    /// Whether those that were not there before can be dropped while foreign keys count: none that was refers to them; those that
    /// were designed can, and of those that were found, each must refer to a key.
    pub(super) fn new_ones_go_one_by_one(&self, before: &Self) -> bool {
        let is_new = |table: &Table| before.find(&lower(&table.name.name)).is_none();
        let refers_to_new = |table: &Table| {
            let mut keys = table.foreign_keys.iter();
            keys.any(|key| before.find(&lower(&key.references.name)).is_none())
        };
        self.in_order.iter().all(|table| {
            if !is_new(table) {
                return !refers_to_new(table);
            }
            let mut keys = table.foreign_keys.iter();
            table.origin != Origin::Found
                || self.can_be_checked(table)
                    && keys.all(|key| self.find(&lower(&key.references.name)).is_some())
        })
    }

    fn find(&self, name: &str) -> Option<&'d Table> {
        self.by_name.get(name).copied()
    }

    /// Whether every foreign key of a table refers to a key, or to a table that is not there.
    fn can_be_checked(&self, table: &Table) -> bool {
        table.foreign_keys.iter().all(|key| {
            let name = lower(&key.references.name);
            match self.find(&name) {
                Some(parent) => key.columns.len() == key.referenced.len() && is_key(parent, &key.referenced),
                None => !self.others.contains(&name),
            }
        })
    }
}

fn lower(name: &Ident) -> String {
    name.as_str().to_ascii_lowercase()
}

/// A table whose references are looked at, by its name, and whether only those to some tables are.
pub(super) type Looked = (String, Option<Vec<String>>);

/// Tables whose references may lead to nothing when they become those of another database, or did. Those whose keys SQLite itself
/// cannot look at (they refer to what is no key) are left out: it answers with an error.
pub(super) fn touched(tables: &Tables<'_>, others: &Tables<'_>) -> Vec<String> {
    let differs = |name: &Ident| {
        let name = lower(name);
        match (tables.find(&name), others.find(&name)) {
            (Some(one), Some(other)) => exact(&table::body(one)) != exact(&table::body(other)),
            _ => true,
        }
    };
    let keyed = tables
        .in_order
        .iter()
        .filter(|table| !table.foreign_keys.is_empty());
    keyed
        .filter(|table| {
            let mut keys = table.foreign_keys.iter();
            differs(&table.name.name) || keys.any(|key| differs(&key.references.name))
        })
        .filter(|table| tables.can_be_checked(table))
        .map(|table| table.name.name.to_string())
        .collect()
}

/// References that are there before and after. Others come back without being looked at: what they refer to may have gone for
/// good, and rows that were written meanwhile must not keep anybody from going back.
pub(super) fn kept(children: &[String], (from, to): (&Tables<'_>, &Tables<'_>)) -> Vec<Looked> {
    let kept = |name: &String| {
        let lowered = name.to_ascii_lowercase();
        let (before, after) = (from.find(&lowered)?, to.find(&lowered)?);
        let still: Vec<_> = after.foreign_keys.iter().map(said).collect();
        let checked = to.can_be_checked(after);
        let (stay, lost): (Vec<_>, Vec<_>) = before
            .foreign_keys
            .iter()
            .map(said)
            .partition(|key| checked && still.contains(key));
        let lost: HashSet<String> = lost.into_iter().map(|(parent, ..)| parent).collect();
        let mut parents: Vec<String> = stay.into_iter().map(|(parent, ..)| parent).collect();
        // Rows are counted for each key, even for one that is there twice.
        let same_number = |parent: &String| {
            let of = |table: &Table| {
                let keys = table.foreign_keys.iter();
                keys.filter(|key| lower(&key.references.name) == *parent).count()
            };
            of(before) == of(after)
        };
        parents.retain(|parent| !lost.contains(parent) && to.find(parent).is_some() && same_number(parent));
        parents.dedup();
        (!parents.is_empty()).then(|| (name.clone(), Some(parents)))
    };
    children.iter().filter_map(kept).collect()
}

/// What a foreign key says: to which table, from which columns, to which.
fn said(key: &ForeignKey) -> (String, Vec<String>, Vec<String>) {
    let all = |names: &[Ident]| names.iter().map(lower).collect();
    (
        lower(&key.references.name),
        all(&key.columns),
        all(&key.referenced),
    )
}

fn is_key(parent: &Table, columns: &[Ident]) -> bool {
    let same = |key: &[Ident]| {
        let sorted = |names: &[Ident]| {
            let mut names: Vec<String> = names.iter().map(lower).collect();
            names.sort();
            names
        };
        sorted(key) == sorted(columns)
    };
    let primary = parent.primary_key.as_ref();
    if table::rowid_column(parent).is_some() && primary.is_some_and(|key| same(&key.columns)) {
        return true;
    }
    // A key that compares otherwise than its columns is none to refer to.
    if mentions(&table::body(parent), "COLLATE") {
        return false;
    }
    let indexes = parent.indexes.iter();
    primary.is_some_and(|key| same(&key.columns))
        || parent.uniques.iter().any(|unique| same(&unique.columns))
        || indexes
            .filter(|index| index.unique && index.predicate.is_none())
            .any(|index| {
                let names = index.keys.iter().map(|key| match &key.expr {
                    physical::Expr::Column { name, .. } if key.operator_class.is_none() => Some(name.clone()),
                    _ => None,
                });
                let names: Option<Vec<Ident>> = names.collect();
                names.is_some_and(|names| same(&names))
            })
}

/// Remembers how many rows of each table refer to nothing, and sees that foreign keys rest.
pub(super) fn count(tables: &[String]) -> Vec<String> {
    let mut out = vec![
        "CREATE TEMP TABLE architrave_broken (\n  \"table\" TEXT,\n  parent TEXT,\n  found INTEGER,\n  \
         resting INTEGER CONSTRAINT \"foreign keys are off while tables are made anew\" CHECK (resting)\n)"
            .to_owned(),
        "INSERT INTO temp.architrave_broken (resting)\nSELECT NOT foreign_keys FROM pragma_foreign_keys"
            .to_owned(),
    ];
    out.extend(tables.iter().map(|table| {
        format!(
            "INSERT INTO temp.architrave_broken (\"table\", parent, found)\n\
             SELECT lower(\"table\"), lower(parent), count(*) FROM pragma_foreign_key_check({})\nGROUP BY 1, 2",
            text(table)
        )
    }));
    out
}

/// Fails when more rows refer to nothing than were remembered.
pub(super) fn compare(tables: &[Looked]) -> Vec<String> {
    let forget = "DROP TABLE temp.architrave_broken".to_owned();
    if tables.is_empty() {
        return vec![forget];
    }
    let mut out = vec![
        "CREATE TEMP TABLE architrave_broken_now (\n  more INTEGER CONSTRAINT \"rows refer to what is there\" \
         CHECK (more <= 0)\n)"
            .to_owned(),
    ];
    out.extend(tables.iter().map(|(table, only)| {
        let only = only.as_ref().map_or_else(String::new, |parents| {
            let parents: Vec<String> = parents.iter().map(|parent| text(parent)).collect();
            format!("WHERE lower(c.parent) IN ({})\n", parents.join(", "))
        });
        format!(
            "INSERT INTO temp.architrave_broken_now (more)\n\
             SELECT count(*) - coalesce((SELECT b.found FROM temp.architrave_broken AS b\n\
             \u{20} WHERE b.\"table\" = lower(c.\"table\") AND b.parent = lower(c.parent)), 0)\n\
             FROM pragma_foreign_key_check({}) AS c\n{only}GROUP BY lower(c.\"table\"), lower(c.parent)",
            text(table)
        )
    }));
    out.push("DROP TABLE temp.architrave_broken_now".to_owned());
    out.push(forget);
    out
}
