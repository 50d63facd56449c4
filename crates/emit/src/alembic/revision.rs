//! A revision: `upgrade()` and `downgrade()`, a function for each database where there are several.

use plan::{Action, Made, RunsAs, Section, Step, Undo};

use super::text::run;
use super::{Migrations, Target, index, table};
use crate::Placement;
use crate::sqlalchemy::py::{Py, comment, docstring, statement, string};

/// How deep the body of a function stands.
pub(super) const INDENT: usize = 4;

/// Which names a revision uses.
#[derive(Debug, Default)]
pub(super) struct Uses {
    pub(super) op: bool,
    sqlalchemy: bool,
    postgresql: bool,
    pub(super) run: bool,
    pub(super) batches: bool,
    pub(super) rest: bool,
}

impl Uses {
    /// The import of what the support package has for revisions; empty where nothing is used.
    fn helpers(&self, place: &Placement<'_>) -> String {
        let all = [
            (self.rest, "keys_at_rest"),
            (self.run, "run"),
            (self.batches, "run_in_batches"),
        ];
        let used = all.iter().filter(|(used, _)| *used).map(|(_, name)| *name);
        let names: Vec<&str> = used.collect();
        if names.is_empty() {
            return String::new();
        }
        format!(
            "from {}.{}.migrations import {}\n",
            place.package,
            place.support_module(),
            names.join(", ")
        )
    }
}

/// A direction of a revision.
#[derive(Clone, Copy)]
pub(super) enum Way {
    Up,
    Down,
}

impl Way {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Up => "upgrade",
            Self::Down => "downgrade",
        }
    }
}

/// The revision that builds the schema in an empty database.
pub(super) fn first_build(input: &Migrations<'_>) -> String {
    let mut uses = Uses::default();
    let mut functions = String::new();
    match input.targets {
        [only] => {
            for way in [Way::Up, Way::Down] {
                functions.push_str(&function(only, way, way.name(), &mut uses));
            }
        }
        targets => {
            uses.op |= !targets.is_empty();
            let names: Vec<&str> = targets.iter().map(Target::name).collect();
            for way in [Way::Up, Way::Down] {
                functions.push_str(&branches(&names, way));
            }
            for target in targets {
                for way in [Way::Up, Way::Down] {
                    let name = format!("_{}_{}", way.name(), target.name());
                    functions.push_str(&function(target, way, &name, &mut uses));
                }
            }
        }
    }
    let about = format!("The first build of {}.\n\n{ONCE}", input.project);
    let mut text = head(&about, ("0001", None), &uses, &input.place);
    text.push_str(&functions);
    text
}

/// A revision that has run somewhere must stay what it is.
const ONCE: &str =
    "Made by architrave from schema/*.arch, once: `architrave migrate new` writes the revisions that follow.";

/// What stands above the functions of a revision, which has an identifier, and but for the first comes after another.
pub(super) fn head(
    about: &str,
    (id, after): (&str, Option<&str>),
    uses: &Uses,
    place: &Placement<'_>,
) -> String {
    let revises = after.map_or(String::new(), |after| format!(" {after}"));
    let mut text = docstring(0, &format!("{about}\n\nRevision ID: {id}\nRevises:{revises}"));
    text.push_str("\nfrom __future__ import annotations\n");
    let run = uses.helpers(place);
    let theirs = [
        (uses.sqlalchemy, "import sqlalchemy as sa\n"),
        (uses.op, "from alembic import op\n"),
        (uses.postgresql, "from sqlalchemy.dialects import postgresql\n"),
    ];
    let ours = [(!run.is_empty(), run.as_str())];
    for group in [theirs.as_slice(), &ours] {
        let lines: String = group
            .iter()
            .filter(|(used, _)| *used)
            .map(|(_, line)| *line)
            .collect();
        if !lines.is_empty() {
            text.push('\n');
            text.push_str(&lines);
        }
    }
    let after = after.map_or_else(|| "None".to_owned(), string);
    text.push_str(&format!(
        "\nrevision = {}\ndown_revision = {after}\nbranch_labels = None\ndepends_on = None\n",
        string(id)
    ));
    text
}

/// The function that Alembic calls, where there are several databases; each has SQLAlchemy's name.
pub(super) fn branches(names: &[&str], way: Way) -> String {
    let mut text = format!("\n\ndef {}() -> None:\n", way.name());
    let Some((last, others)) = names.split_last() else {
        text.push_str("    pass\n");
        return text;
    };
    for (position, name) in others.iter().enumerate() {
        let word = if position == 0 { "if" } else { "elif" };
        let literal = string(name);
        text.push_str(&format!(
            "    {word} op.get_context().dialect.name == {literal}:\n"
        ));
        text.push_str(&format!("        _{}_{name}()\n", way.name()));
    }
    text.push_str(&format!("    else:\n        _{}_{last}()\n", way.name()));
    text
}

fn function(target: &Target<'_>, way: Way, name: &str, uses: &mut Uses) -> String {
    let steps = target.plan.steps.iter();
    let own: Vec<&Step> = steps
        .filter(|step| step.runs_as != RunsAs::Administrator)
        .collect();
    let before = own.len() < target.plan.steps.len();
    let about = match (way, before) {
        (Way::Up, true) => "As a member of the migrator; what roles.sql makes is there already.",
        (Way::Down, true) => "What roles.sql made stays.",
        (Way::Up, false) => "From an empty database.",
        (Way::Down, false) => "With every row, from last to first.",
    };
    let mut text = format!("\n\ndef {name}() -> None:\n");
    text.push_str(&docstring(INDENT, about));
    let mut body = Body {
        text,
        section: None,
        uses,
    };
    match way {
        Way::Up => own.iter().for_each(|step| body.forwards(target, step)),
        Way::Down => {
            if !target.plan.undo_prelude.is_empty() && !own.is_empty() {
                body.text.push('\n');
            }
            target.plan.undo_prelude.iter().for_each(|sql| body.run(sql));
            own.iter().rev().for_each(|step| body.backwards(target, step));
        }
    }
    body.text
}

/// The body of a function, as far as it is written.
struct Body<'b, 'u> {
    text: String,
    section: Option<&'b Section>,
    uses: &'u mut Uses,
}

impl<'b> Body<'b, '_> {
    fn forwards(&mut self, target: &Target<'_>, step: &'b Step) {
        let Action::Sql(statements) = &step.action;
        if statements.iter().all(|sql| sql.trim().is_empty()) {
            return;
        }
        self.enter(&step.section);
        let word = made(target, step);
        if let Some(word) = &word {
            self.say(word);
        }
        for (position, sql) in statements.iter().enumerate() {
            if word.is_none() || !step.told.contains(&position) {
                self.run(sql);
            }
        }
    }

    fn backwards(&mut self, target: &Target<'_>, step: &'b Step) {
        match &step.undo {
            Undo::WithOther => {}
            Undo::Impossible(why) => {
                self.enter(&step.section);
                self.text
                    .push_str(&format!("    # {}\n", comment(&format!("{}: {why}", step.title))));
            }
            Undo::Sql(statements) => {
                self.enter(&step.section);
                match unmade(target, step) {
                    Some(word) => self.say(&word),
                    None => statements.iter().for_each(|sql| self.run(sql)),
                }
            }
        }
    }

    /// Steps of one section stand together, under its name.
    fn enter(&mut self, section: &'b Section) {
        if self.section != Some(section) {
            let title = comment(crate::sql::title(section));
            self.text.push_str(&format!("\n    # {}\n\n", title.trim()));
            self.section = Some(section);
        }
    }

    fn say(&mut self, word: &Py) {
        self.uses.op = true;
        self.uses.sqlalchemy |= uses(word, "sa.");
        self.uses.postgresql |= uses(word, "postgresql.");
        self.text.push_str(&statement(INDENT, "", word, ""));
    }

    fn run(&mut self, sql: &str) {
        let sql = sql.trim_end();
        if !sql.is_empty() {
            self.uses.run = true;
            run(&mut self.text, INDENT, sql);
        }
    }
}

/// Whether a piece names something of a module.
fn uses(piece: &Py, module: &str) -> bool {
    match piece {
        Py::Atom(text) => text.starts_with(module),
        Py::Before(_, inner) => uses(inner, module),
        Py::Call(head, arguments) => {
            head.starts_with(module) || arguments.iter().any(|each| uses(each, module))
        }
        Py::Tuple(items) | Py::Listed(_, items, _) => items.iter().any(|each| uses(each, module)),
    }
}

/// What a step makes, in Alembic's words.
fn made(target: &Target<'_>, step: &Step) -> Option<Py> {
    let tables = &target.database.tables;
    match &step.makes {
        Made::Other => None,
        Made::Table(at, keys) => table::create(target, tables.get(*at)?, keys),
        Made::ForeignKey(at, key) => {
            let table = tables.get(*at)?;
            table::add_foreign_key(target, table, table.foreign_keys.get(*key)?)
        }
        Made::Index(at, index) => {
            let table = tables.get(*at)?;
            index::create(target, table, table.indexes.get(*index)?)
        }
    }
}

/// How it goes again. An index goes with its table.
fn unmade(target: &Target<'_>, step: &Step) -> Option<Py> {
    let tables = &target.database.tables;
    match &step.makes {
        Made::Other | Made::Index(..) => None,
        Made::Table(at, _) => table::drop(target, tables.get(*at)?),
        Made::ForeignKey(at, key) => {
            let table = tables.get(*at)?;
            table::drop_foreign_key(target, table, table.foreign_keys.get(*key)?)
        }
    }
}
