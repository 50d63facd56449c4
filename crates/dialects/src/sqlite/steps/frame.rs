//! What stands around steps that make tables anew.
//!
//! A table that is dropped takes the rows with it that refer to it, unless foreign keys rest; and whether they do can only be said
//! outside of a transaction. So it is said before and after, and within it is seen that it was, and that no row refers to
//! nothing that referred to something before.

use physical::Database;
use plan::{Action, Hazard, Lock, Section, Step, Undo};

use super::references::{self, Looked, Tables};
use super::step;

const FOREIGN_KEYS: (&str, &str) = ("PRAGMA foreign_keys = ON", "PRAGMA foreign_keys = OFF");
const LEGACY: (&str, &str) = (
    "PRAGMA legacy_alter_table = ON",
    "PRAGMA legacy_alter_table = OFF",
);

/// Puts around steps what they need if they drop a table, on the way there or back.
pub(in super::super) fn frame(steps: Vec<Step>, (from, to): (&Database, &Database)) -> Vec<Step> {
    let (from, to) = (Tables::new(from), Tables::new(to));
    // New tables only: they go as they came, unless some key refers to none.
    if from.is_empty() && to.can_all_be_checked() {
        return steps;
    }
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
    let (before, after) = (references::touched(&from, &to), references::touched(&to, &from));
    let mut out = vec![
        outside("foreign keys rest", off.clone(), on.clone()),
        within(
            "references as they are",
            references::count(&before),
            references::compare(&references::kept(&before, (&from, &to))),
        ),
    ];
    out.extend(steps);
    let all: Vec<Looked> = after.iter().map(|name| (name.clone(), None)).collect();
    let mut looks = within(
        "references as they were",
        references::compare(&all),
        references::count(&after),
    );
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
