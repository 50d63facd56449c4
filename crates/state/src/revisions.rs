//! The revisions for Alembic of a project: which there are, which schema they lead to, and what a build leaves as it is.
//!
//! A revision may have run somewhere as soon as it is written, so nothing here ever changes one. Beside each that the tool has made stands
//! its goal: the hash of the schema that it was made for. A build compares that with the schema as it is, without any database.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use diagnostics::Diagnostic;
use emit::Placement;
use project::{Generated, Keeps, System};
use serde::{Deserialize, Serialize};

use crate::models::{FIRST, Settings, asked};
use crate::{Built, Checked, codes};

/// The revisions of a folder.
#[derive(Debug, Clone, Default)]
pub struct Revisions {
    /// In the order of their files.
    found: Vec<Revision>,
    /// In the order of their numbers, each with its file's name without the extension.
    goals: BTreeMap<String, Goal>,
    /// Files that are no goals.
    unread: Vec<String>,
}

/// A revision, as far as its text says what it is.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Revision {
    file: String,
    id: String,
    after: Vec<String>,
}

/// The name of the shape of a goal.
const SCHEMA: &str = "architrave.revision/1";

/// Which schema a revision was made for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Goal {
    schema: String,
    /// The identifier of the revision.
    revision: String,
    /// Of what kind the hashes are.
    format: String,
    /// The hash of the schema as it was designed, by the name of each dialect.
    leads_to: BTreeMap<String, String>,
}

impl Goal {
    /// The schema as it is built now.
    #[must_use]
    pub fn of(revision: &str, built: &Built) -> Self {
        let hashes = built.targets.iter();
        let hashes = hashes.map(|target| (target.dialect.name.to_owned(), target.plan.to.clone()));
        Self {
            schema: SCHEMA.to_owned(),
            revision: revision.to_owned(),
            format: physical::FORMAT.to_owned(),
            leads_to: hashes.collect(),
        }
    }

    /// As it is written.
    #[must_use]
    pub fn render(&self) -> String {
        // A map of strings always serialises.
        serde_json::to_string_pretty(self).unwrap_or_default() + "\n"
    }
}

/// Where the goal of a revision lies, relative to the output folder.
#[must_use]
pub fn goal_path(place: &Placement<'_>, title: &str) -> String {
    format!("{}/sql/{title}.json", place.migrations)
}

/// The place of the migrations of a project with models for SQLAlchemy, and what is in it; `None` for another project.
#[must_use]
pub fn of_project(system: &dyn System, checked: &Checked) -> Option<Revisions> {
    let settings = asked(checked).then(|| Settings::of(checked))?;
    let folder = checked.loaded.root.output_folder();
    Some(Revisions::read(system, &folder.join(settings.place().migrations)))
}

/// Calls a function with where things lie in a project.
pub fn with_place<T>(checked: &Checked, tell: impl FnOnce(&Placement<'_>) -> T) -> T {
    tell(&Settings::of(checked).place())
}

impl Revisions {
    /// The revisions in a folder of migrations. What is not there is none.
    #[must_use]
    pub fn read(system: &dyn System, folder: &Path) -> Self {
        let mut all = Self::default();
        for (name, text) in texts(system, &folder.join("versions"), "py") {
            all.found.extend(Revision::parse(&name, &text));
        }
        for (name, text) in texts(system, &folder.join("sql"), "json") {
            let goal = serde_json::from_str(&text).ok();
            match goal.filter(|goal: &Goal| goal.schema == SCHEMA) {
                Some(goal) => drop(all.goals.insert(name, goal)),
                None => all.unread.push(name),
            }
        }
        all
    }

    /// Whether there is none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    /// The identifiers that nothing follows.
    fn heads(&self) -> Vec<&str> {
        let followed: BTreeSet<&str> = self
            .found
            .iter()
            .flat_map(|each| each.after.iter().map(String::as_str))
            .collect();
        let ids: BTreeSet<&str> = self.found.iter().map(|each| each.id.as_str()).collect();
        ids.difference(&followed).copied().collect()
    }

    /// The identifier that the next revision follows, when there is one such.
    #[must_use]
    pub fn head(&self) -> Option<&str> {
        match self.heads().as_slice() {
            [only] => Some(only),
            _ => None,
        }
    }

    /// The highest number that a revision of ours has.
    #[must_use]
    pub fn highest(&self) -> i64 {
        let ids = self.found.iter().map(|each| each.id.as_str());
        let files = self.found.iter().map(|each| each.file.as_str());
        let files = files.chain(self.goals.keys().map(String::as_str));
        let numbers = files.filter_map(|file| file.split_once('_').map(|(digits, _)| digits));
        let usual = |digits: &&str| digits.len() <= 9;
        let numbers = ids.chain(numbers).filter(usual);
        numbers
            .filter_map(|digits| digits.parse().ok())
            .max()
            .unwrap_or(0)
    }

    /// The file of the goal of the last revision of ours, without its extension, and the identifier of that.
    #[must_use]
    pub fn last(&self) -> Option<(&str, &str)> {
        let (title, goal) = self.goals.last_key_value()?;
        Some((title, &goal.revision))
    }

    /// Whether the last revision was made for the schema as it is.
    #[must_use]
    pub fn is_current(&self, built: &Built) -> bool {
        let last = self.goals.values().next_back();
        last.is_some_and(|goal| *goal == Goal::of(&goal.revision, built))
    }

    /// What keeps a next revision from being made.
    #[must_use]
    pub fn faults(&self) -> Vec<Diagnostic> {
        let mut faults = Vec::new();
        let mut say = |message: String, help: &str| {
            faults.push(Diagnostic::global(&codes::REVISIONS_DISAGREE, message).help(help));
        };
        for name in &self.unread {
            say(
                format!("`sql/{name}.json` beside the revisions does not say where one leads"),
                "restore it from your history",
            );
        }
        for (title, goal) in &self.goals {
            if !self.found.iter().any(|each| each.id == goal.revision) {
                say(
                    format!(
                        "there is no revision `{}`, which `sql/{title}.json` is about",
                        goal.revision
                    ),
                    "restore the revision; or, if it has run nowhere, remove what has its name below `sql` as well",
                );
            }
        }
        let mut seen: BTreeMap<&str, &str> = BTreeMap::new();
        for each in &self.found {
            if let Some(other) = seen.insert(&each.id, &each.file) {
                say(
                    format!("`{other}` and `{}` are both revision `{}`", each.file, each.id),
                    BRANCHES,
                );
            }
        }
        let heads = self.heads();
        if heads.len() > 1 {
            let names: Vec<String> = heads.iter().map(|head| format!("`{head}`")).collect();
            say(
                format!("nothing follows the revisions {}", names.join(" and ")),
                BRANCHES,
            );
        }
        if self.goals.is_empty() && self.unread.is_empty() && !self.is_empty() {
            say(
                "nothing says which schema the revisions lead to".to_owned(),
                "build once with the schema that they were made from, so that it is written down; or, if they have run nowhere, remove them",
            );
        }
        faults
    }
}

const BRANCHES: &str = "two branches were merged: of the one that has run nowhere, remove the revision and what has its name below `sql`, \
                        and write it again with `architrave migrate new`";

/// The files of a folder with an extension: their names without it, and what is in them.
fn texts(system: &dyn System, folder: &Path, extension: &str) -> Vec<(String, String)> {
    let listed = system.list(folder).unwrap_or_default().into_iter();
    let files = listed
        .filter(|entry| !entry.is_dir && entry.path.extension().is_some_and(|found| found == extension));
    files
        .filter_map(|entry| {
            let name = entry.path.file_stem()?.to_string_lossy().into_owned();
            let bytes = system.read(&entry.path).ok()?;
            Some((name, String::from_utf8_lossy(&bytes).into_owned()))
        })
        .collect()
}

impl Revision {
    /// What the text of a module says; `None` when it is no revision.
    fn parse(file: &str, text: &str) -> Option<Self> {
        Some(Self {
            file: file.to_owned(),
            id: assigned(text, "revision")?.into_iter().next()?,
            after: assigned(text, "down_revision").unwrap_or_default(),
        })
    }
}

/// The texts that a module gives to a name at its outermost level, alone or in a tuple or list.
fn assigned(text: &str, name: &str) -> Option<Vec<String>> {
    let mut rest = None;
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let behind = line.strip_prefix(name).map(str::trim_start);
        if behind.is_some_and(|behind| behind.starts_with([':', '='])) {
            let equals = line.find('=')?;
            rest = text.get(at + equals + 1..);
        }
        at += line.len();
    }
    let value = rest?.trim_start_matches([' ', '\t']);
    let end = match value.chars().next()? {
        '(' => value.find(')')?,
        '[' => value.find(']')?,
        _ => value.find('\n').unwrap_or(value.len()),
    };
    Some(literals(value.get(..end)?))
}

/// The texts between quotes.
fn literals(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(start) = rest.find(['"', '\'', '#']) {
        let quote = rest.get(start..=start).unwrap_or_default();
        let behind = rest.get(start + 1..).unwrap_or_default();
        let closing = if quote == "#" { "\n" } else { quote };
        let Some(end) = behind.find(closing) else { break };
        if quote != "#" {
            found.extend(behind.get(..end).map(str::to_owned));
        }
        rest = behind.get(end + 1..).unwrap_or_default();
    }
    found
}

/// What a build writes, with the revisions that are there as they are; and what there is to say about them.
#[must_use]
pub fn settle(
    system: &dyn System,
    (checked, built): (&Checked, &Built),
    files: Vec<Generated>,
) -> (Vec<Generated>, Vec<Diagnostic>) {
    let Some(revisions) = of_project(system, checked) else {
        return (files, Vec::new());
    };
    if revisions.is_empty() {
        return (files, revisions.faults());
    }
    let folder = checked.loaded.root.output_folder();
    let on_disk = |file: &Generated| system.read(&folder.join(&file.path)).ok();
    // One that an older version has made lacks what lies beside it.
    let same = files
        .iter()
        .filter(|file| file.generator == FIRST && file.path.ends_with(".py"))
        .any(|file| on_disk(file).is_some_and(|bytes| bytes == file.text.as_bytes()));
    let untold = revisions.goals.is_empty() && same;
    let settled = files.into_iter().filter_map(|mut file| {
        if file.generator == FIRST {
            file.keeps = Keeps::WhatIsThere;
            return (on_disk(&file).is_some() || untold).then_some(file);
        }
        Some(file)
    });
    let settled = settled.collect();
    if untold {
        return (settled, Vec::new());
    }
    let mut found = revisions.faults();
    if found.is_empty() && !revisions.is_current(built) {
        found.push(moved_on(&revisions));
    }
    (settled, found)
}

fn moved_on(revisions: &Revisions) -> Diagnostic {
    let (title, _) = revisions.last().unwrap_or_default();
    let message = format!("the schema is not the one that the last revision, `{title}`, leads to");
    Diagnostic::global(&codes::NO_REVISION, message).help(
        "`architrave migrate new NAME` writes the next one; while none has run anywhere, remove them, and `build` writes the first again",
    )
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use project::Memory;

    use super::{Revision, Revisions, assigned};

    #[test]
    fn modules_say_what_they_are_in_every_usual_way() {
        for (text, id, after) in [
            ("revision = \"0001\"\ndown_revision = None\n", "0001", &[][..]),
            (
                "revision: str = 'a1'\ndown_revision: str | None = 'b2'  # 'c'\n",
                "a1",
                &["b2"],
            ),
            (
                "revision: str = \"m\"\ndown_revision: Union[str, Sequence[str], None] = (\n    \"a\",  # it's\n    'b',\n)\n",
                "m",
                &["a", "b"],
            ),
            (
                "  revision = \"in\"\nrevision=\"x\"\r\ndown_revision=\"y\"\r\n",
                "x",
                &["y"],
            ),
        ] {
            let found = Revision::parse("f", text).unwrap();
            assert_eq!(
                (found.id.as_str(), &found.after[..]),
                (
                    id,
                    &after.iter().map(|it| (*it).to_owned()).collect::<Vec<_>>()[..]
                ),
                "{text}"
            );
        }
        for text in [
            "",
            "revisions = \"x\"\n",
            "revision = None\n",
            "def f():\n    revision = \"x\"\n",
            "revision = (\"x\"",
        ] {
            assert_eq!(Revision::parse("f", text), None, "{text}");
        }
        assert_eq!(
            assigned("down_revision = None", "down_revision"),
            Some(Vec::new())
        );
    }

    fn with(files: &[(&str, &str)]) -> Revisions {
        let files = files.iter().map(|(path, text)| (format!("m/{path}"), *text));
        Revisions::read(&Memory::with(files), Path::new("m"))
    }

    const ONE: (&str, &str) = (
        "versions/0001_a.py",
        "revision = \"0001\"\ndown_revision = None\n",
    );
    const GOAL: (&str, &str) = (
        "sql/0001_a.json",
        r#"{"schema": "architrave.revision/1", "revision": "0001", "format": "f", "leads_to": {}}"#,
    );

    #[test]
    fn the_head_is_what_nothing_follows() {
        let all = with(&[
            ONE,
            GOAL,
            (
                "versions/ab12_x.py",
                "revision = \"ab12\"\ndown_revision = \"0001\"\n",
            ),
            ("versions/README", "revision = \"no\""),
        ]);
        assert_eq!(all.head(), Some("ab12"));
        assert_eq!(all.highest(), 1);
        assert_eq!(all.last(), Some(("0001_a", "0001")));
        assert!(all.faults().is_empty());
        assert!(with(&[]).is_empty() && with(&[]).faults().is_empty());
    }

    #[test]
    fn what_does_not_fit_is_told() {
        let two = (
            "versions/0002_b.py",
            "revision = \"0002\"\ndown_revision = \"0001\"\n",
        );
        let other = (
            "versions/0002_c.py",
            "revision = \"0002\"\ndown_revision = \"0001\"\n",
        );
        let third = ("versions/x.py", "revision = \"x\"\ndown_revision = \"0001\"\n");
        for (files, words) in [
            (vec![ONE], "nothing says which schema"),
            (vec![GOAL], "there is no revision `0001`"),
            (vec![ONE, GOAL, two, other], "are both revision `0002`"),
            (
                vec![ONE, GOAL, two, third],
                "nothing follows the revisions `0002` and `x`",
            ),
            (
                vec![ONE, ("sql/0001_a.json", "{}")],
                "does not say where one leads",
            ),
        ] {
            let faults = with(&files).faults();
            assert!(
                faults.len() == 1 && faults[0].message.contains(words),
                "{words}: {faults:?}"
            );
        }
    }
}
