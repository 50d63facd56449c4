//! What stands around steps that make tables anew.
//!
//! A table that is dropped takes the rows with it that refer to it, unless foreign keys rest; and whether they do can only be said
//! outside of a transaction. So it is said before and after, and within it is seen that it was, and that no row refers to
//! nothing that referred to something before.

use physical::{Database, Origin};
use plan::{Action, Hazard, Lock, Section, Step, Undo};

use super::references::{self, Looked, Tables};
use super::step;

/// Puts around steps what they need if they drop a table, on the way there or back.
pub(in super::super) fn frame(steps: Vec<Step>, (from, to): (&Database, &Database)) -> Vec<Step> {
    // What a person wrote is run as it stands, and drops what that person made.
    let ours = || {
        steps
            .iter()
            .filter(|step| step.section != Section::Raw || step.origin == Origin::Found)
    };
    let all = ours().flat_map(|step| forth(step).iter().chain(back(step)));
    if !all.clone().any(|statement| drops(statement)) {
        return steps;
    }
    let (from, to) = (Tables::new(from), Tables::new(to));
    // New tables only: they go as they came, unless some key refers to none.
    let comes = to.dropping_new_ones(&from);
    let comes_only = ours().all(|step| {
        let mut undone = back(step).iter().filter(|statement| drops(statement));
        // A column that was added where its table stands may have to be undone by making the table anew.
        !forth(step).iter().any(|statement| drops(statement))
            && undone.all(|statement| comes.contains(statement))
    });
    if comes_only && to.new_ones_go_one_by_one(&from) {
        return steps;
    }
    let off = vec![
        "PRAGMA foreign_keys = OFF".to_owned(),
        "PRAGMA legacy_alter_table = ON".to_owned(),
    ];
    let on = vec![
        "PRAGMA legacy_alter_table = OFF".to_owned(),
        "PRAGMA foreign_keys = ON".to_owned(),
    ];
    let (before, after) = (references::touched(&from, &to), references::touched(&to, &from));
    let kept = references::kept(&before, (&from, &to));
    let mut out = vec![
        outside("foreign keys rest", off.clone(), on.clone()),
        within(
            "references as they are",
            references::count(&before),
            references::compare(&kept),
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

fn forth(step: &Step) -> &[String] {
    let Action::Sql(statements) = &step.action;
    statements
}

fn back(step: &Step) -> &[String] {
    match &step.undo {
        Undo::Sql(statements) => statements,
        _ => &[],
    }
}

fn drops(statement: &str) -> bool {
    statement.starts_with("DROP TABLE ")
}

fn within(title: &str, forth: Vec<String>, back: Vec<String>) -> Step {
    let undo = Undo::Sql(back);
    let mut made = step(title.to_owned(), Section::ForeignKeys, forth, undo, Origin::Found);
    made.told = Vec::new();
    made
}

fn outside(title: &str, forth: Vec<String>, back: Vec<String>) -> Step {
    let mut made = within(title, forth, back);
    made.transactional = false;
    made.lock = Lock::None;
    made
}
