//! What stands around steps that make tables anew.
//!
//! A table that is dropped takes the rows with it that refer to it, unless foreign keys rest; and whether they do can only be said
//! outside of a transaction. So it is said before and after, and within it is seen that it was, and that no row refers to
//! nothing that referred to something before.

use physical::{Database, Ident, Table};
use plan::{Action, Hazard, Lock, Section, Step, Undo};

use super::super::catalog::lexer::exact;
use super::super::ident::text;
use super::parts::mentions;
use super::{step, table};

const FOREIGN_KEYS: (&str, &str) = ("PRAGMA foreign_keys = ON", "PRAGMA foreign_keys = OFF");
const LEGACY: (&str, &str) = (
    "PRAGMA legacy_alter_table = ON",
    "PRAGMA legacy_alter_table = OFF",
);

/// Puts around steps what they need if they drop a table, on the way there or back.
pub(in super::super) fn frame(steps: Vec<Step>, (from, to): (&Database, &Database)) -> Vec<Step> {
    if !steps
        .iter()
        .any(|step| says(step, |sql| sql.starts_with("DROP TABLE ")))
    {
        return if steps
            .iter()
            .any(|step| says(step, |sql| sql.contains(" DROP COLUMN ")))
        {
            unchecked(steps)
        } else {
            steps
        };
    }
    let off = vec![FOREIGN_KEYS.1.to_owned(), LEGACY.0.to_owned()];
    let on = vec![LEGACY.1.to_owned(), FOREIGN_KEYS.0.to_owned()];
    let (before, after) = (referring(from, to), referring(to, from));
    let mut out = vec![
        outside("foreign keys rest", off.clone(), on.clone()),
        within(
            "references as they are",
            count(&before),
            compare(&before, &gone(from, to)),
        ),
    ];
    out.extend(steps);
    let mut looks = within("references as they were", compare(&after, &[]), count(&after));
    if !after.is_empty() {
        let nothing = "rows may refer to what is not there".to_owned();
        looks.hazards.push(Hazard::MayFail(nothing));
    }
    out.push(looks);
    out.push(outside("foreign keys count again", on, off));
    out
}

/// Around columns that go: SQLite would look at every view and trigger, those that change afterwards and those that were broken
/// before.
fn unchecked(steps: Vec<Step>) -> Vec<Step> {
    let [on, off] = [LEGACY.0, LEGACY.1].map(|sql| vec![sql.to_owned()]);
    let unlocked = |title: &str, forth: &[String], back: &[String]| {
        let mut made = within(title, forth.to_vec(), back.to_vec());
        made.lock = Lock::None;
        made
    };
    let mut out = vec![unlocked("views and triggers are left alone", &on, &off)];
    out.extend(steps);
    out.push(unlocked("views and triggers are looked at again", &off, &on));
    out
}

/// Whether a step, or its undo, says something.
fn says(step: &Step, what: impl Fn(&str) -> bool) -> bool {
    let Action::Sql(forth) = &step.action;
    let back = match &step.undo {
        Undo::Sql(statements) => statements.as_slice(),
        _ => &[],
    };
    forth.iter().chain(back).any(|statement| what(statement))
}

fn within(title: &str, forth: Vec<String>, back: Vec<String>) -> Step {
    let undo = Undo::Sql(back);
    let mut made = step(
        title.to_owned(),
        Section::ForeignKeys,
        forth,
        undo,
        physical::Origin::Found,
    );
    made.told = Vec::new();
    made
}

fn outside(title: &str, forth: Vec<String>, back: Vec<String>) -> Step {
    let mut made = within(title, forth, back);
    made.transactional = false;
    made.lock = Lock::None;
    made
}

/// Tables that go. On the way back they come without their rows, and what referred to those is left as it is.
fn gone(from: &Database, to: &Database) -> Vec<String> {
    let names = from.tables.iter().map(|table| table.name.name.as_str());
    names
        .filter(|name| find(to, name).is_none())
        .map(|name| text(&name.to_ascii_lowercase()))
        .collect()
}

/// Tables of a database whose references may lead to nothing when it becomes the other, or did. Those whose keys SQLite itself
/// cannot look at (they refer to what is no key) are left out: it answers with an error.
fn referring(database: &Database, other: &Database) -> Vec<String> {
    let touched = |name: &str| match (find(database, name), find(other, name)) {
        (Some(one), Some(other)) => exact(&table::body(one)) != exact(&table::body(other)),
        _ => true,
    };
    let tables = database.tables.iter();
    let keyed = tables.filter(|table| !table.foreign_keys.is_empty());
    keyed
        .filter(|table| {
            let mut keys = table.foreign_keys.iter();
            touched(table.name.name.as_str()) || keys.any(|key| touched(key.references.name.as_str()))
        })
        .filter(|table| can_be_checked(database, table))
        .map(|table| table.name.name.to_string())
        .collect()
}

fn find<'d>(database: &'d Database, name: &str) -> Option<&'d Table> {
    let mut tables = database.tables.iter();
    tables.find(|table| table.name.name.as_str().eq_ignore_ascii_case(name))
}

/// Whether every foreign key of a table refers to a key, or to a table that is not there.
fn can_be_checked(database: &Database, table: &Table) -> bool {
    table.foreign_keys.iter().all(|key| {
        let name = key.references.name.as_str();
        let Some(parent) = find(database, name) else {
            let views = database.views.iter().map(|view| &view.name.name);
            let opaque = database.opaque.iter().map(|opaque| &opaque.name.name);
            return !views
                .chain(opaque)
                .any(|other| other.as_str().eq_ignore_ascii_case(name));
        };
        key.columns.len() == key.referenced.len() && is_key(parent, &key.referenced)
    })
}

fn is_key(parent: &Table, columns: &[Ident]) -> bool {
    let same = |key: &[Ident]| {
        let lower = |names: &[Ident]| {
            let mut names: Vec<String> = names
                .iter()
                .map(|name| name.as_str().to_ascii_lowercase())
                .collect();
            names.sort();
            names
        };
        lower(key) == lower(columns)
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
fn count(tables: &[String]) -> Vec<String> {
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
fn compare(tables: &[String], came_empty: &[String]) -> Vec<String> {
    let forget = "DROP TABLE temp.architrave_broken".to_owned();
    if tables.is_empty() {
        return vec![forget];
    }
    let mut out = vec![
        "CREATE TEMP TABLE architrave_broken_now (\n  more INTEGER CONSTRAINT \"rows refer to what is there\" \
         CHECK (more <= 0)\n)"
            .to_owned(),
    ];
    let but = if came_empty.is_empty() {
        String::new()
    } else {
        format!("WHERE lower(c.parent) NOT IN ({})\n", came_empty.join(", "))
    };
    out.extend(tables.iter().map(|table| {
        format!(
            "INSERT INTO temp.architrave_broken_now (more)\n\
             SELECT count(*) - coalesce((SELECT b.found FROM temp.architrave_broken AS b\n\
             \u{20} WHERE b.\"table\" = lower(c.\"table\") AND b.parent = lower(c.parent)), 0)\n\
             FROM pragma_foreign_key_check({}) AS c\n{but}GROUP BY lower(c.\"table\"), lower(c.parent)",
            text(table)
        )
    }));
    out.push("DROP TABLE temp.architrave_broken_now".to_owned());
    out.push(forget);
    out
}
