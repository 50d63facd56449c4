//! Writes the next revision for Alembic: a migration for each database of the project, found and run both ways as any other, and once
//! more in Python.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use clap::ValueEnum as _;
use diagnostics::render::visible;
use dialects::by_name;
use emit::alembic::{Branch, Change, How, Said, change};
use emit::way::{self, Journey};
use journal::{Kind, Language, Migration, Mode, Script};
use plan::{Direction, Leg, Phase, Relational, RunsAs};
use project::System as _;
use runner::Stop;
use state::revisions::{Goal, Revisions, goal_path, of_project, with_place};
use state::{Built, Checked};

use super::new::{Made, Planned, Work, files, refuse};
use super::written::closed;
use super::{Told, read};
use crate::cli::{Format, MigrateNew, Product};
use crate::commands::findings;
use crate::{Context, Outcome};

/// A project whose migrations are revisions.
pub(super) struct Project<'a> {
    context: Context,
    arguments: &'a MigrateNew,
    checked: Checked,
    built: Built,
    revisions: Revisions,
    /// Where files are written.
    output: PathBuf,
}

/// What the next revision does in one database.
struct Part {
    dialect: &'static Relational,
    work: Work,
    planned: Planned,
    /// Nothing, where nothing changes.
    made: Option<Made>,
    /// What an administrator runs before, where there is such.
    roles: Option<String>,
}

/// What an administrator runs before a revision.
const ROLES: &str = "roles.sql";

impl<'a> Project<'a> {
    /// The project, when a next migration of it is a revision: it has models for SQLAlchemy, and nobody asks for SQL alone.
    pub(super) fn find(context: Context, arguments: &'a MigrateNew) -> Result<Option<Self>, Told> {
        if arguments.folder.is_some() || arguments.to.is_some() || !context.machine.exists(&arguments.path) {
            return Ok(None);
        }
        let mut checked = state::check(&context.machine, &arguments.path);
        let Some(revisions) = of_project(&context.machine, &checked) else {
            return Ok(None);
        };
        let mut found = std::mem::take(&mut checked.diagnostics);
        let built = state::build(&checked);
        if !found.has_errors() {
            found.extend(built.diagnostics.iter().cloned());
        }
        if found.has_errors() {
            let text = findings::rendered(
                crate::cli::FindingFormat::Text,
                &checked.loaded.sources,
                &found.into_sorted(),
                context.terminal.error_color,
            );
            context.terminal.complain(&text);
            return Err(Told::Outcome(Outcome::Wrong));
        }
        Ok(Some(Self {
            output: checked.loaded.root.output_folder(),
            context,
            arguments,
            checked,
            built,
            revisions,
        }))
    }

    /// Writes the next revision.
    pub(super) fn next(&self, name: &str) -> Result<Outcome, Told> {
        let head = self.head()?;
        let folders = self.folders()?;
        let number = self.number(&folders)?;
        let title = journal::title(number, name);
        let mut parts = Vec::new();
        for (dialect, migrations) in folders {
            parts.push(self.part(dialect, migrations, (number, name, &title))?);
        }
        if parts.iter().all(|part| part.made.is_none()) {
            return self.nothing_to_do(&parts);
        }
        let id = format!("{number:04}");
        let python = self.python(&parts, (name, &id, head))?;
        let all = self.files(&parts, (&title, &id), python);
        if !self.arguments.dry_run {
            self.write(&all)?;
        }
        self.print(&parts, &all);
        Ok(Outcome::Holds)
    }

    /// The revision that the next one follows.
    fn head(&self) -> Result<&str, Told> {
        let faults = self.revisions.faults();
        if let Some(fault) = faults.first() {
            let help = fault.help.first().map_or("", String::as_str);
            return Err(refuse(self.context, &fault.message, help));
        }
        if self.arguments.on.is_some() {
            let help =
                "without `--on` it is for each; `--folder FOLDER --on DATABASE` writes a migration in SQL";
            refuse(
                self.context,
                "a revision is for all databases of the project",
                help,
            );
            return Err(Told::Outcome(Outcome::Misused));
        }
        let none = || {
            let help = "`architrave build` writes the first one; `--folder FOLDER` writes a migration in SQL instead";
            refuse(
                self.context,
                "there is no revision yet that a next one could follow",
                help,
            )
        };
        self.revisions.head().ok_or_else(none)
    }

    /// The migrations in SQL beside the revisions, for each database.
    fn folders(&self) -> Result<Vec<(&'static Relational, Vec<Migration>)>, Told> {
        let targets = self.built.targets.iter();
        let folders = targets.map(|target| {
            let path = with_place(&self.checked, |place| {
                emit::alembic::sql_folder(place, target.dialect.name)
            });
            let folder = self.output.join(path);
            if !self.context.machine.exists(&folder) {
                let message = format!("the revisions are not for {}", target.dialect.title);
                let help = "while none has run anywhere, remove them, and `architrave build` writes the first one for all databases";
                return Err(refuse(self.context, &message, help));
            }
            Ok((target.dialect, read(self.context, &folder)?))
        });
        folders.collect()
    }

    /// One number for all databases.
    fn number(&self, folders: &[(&'static Relational, Vec<Migration>)]) -> Result<i64, Told> {
        let last = folders.iter().filter_map(|(_, all)| all.last());
        let last = last.map(|migration| migration.number).max();
        let highest = last.unwrap_or(0).max(self.revisions.highest());
        highest.checked_add(1).ok_or_else(|| {
            refuse(
                self.context,
                "there is no number after the last revision's",
                "give it a lower one",
            )
        })
    }

    fn part(
        &self,
        dialect: &'static Relational,
        migrations: Vec<Migration>,
        (number, name, title): (i64, &str, &str),
    ) -> Result<Part, Told> {
        let arguments = MigrateNew {
            on: Product::from_str(dialect.name, false).ok(),
            ..self.arguments.clone()
        };
        let work = Work::begin(self.context, &arguments, migrations)?;
        let planned = work.plan((!arguments.keep_nothing).then_some(title))?;
        let made = if planned.difference.plan.is_empty() {
            None
        } else {
            planned.consented(&arguments)?;
            Some(work.prove(&planned, (number, name))?)
        };
        Ok(Part {
            roles: roles(&planned, dialect, title),
            dialect,
            work,
            planned,
            made,
        })
    }

    /// Notes that the last revision leads to the schema as it is, however that is hashed now.
    fn nothing_to_do(&self, parts: &[Part]) -> Result<Outcome, Told> {
        let current = self.revisions.is_current(&self.built);
        if let (false, false, Some((title, id))) = (current, self.arguments.dry_run, self.revisions.last()) {
            let path = with_place(&self.checked, |place| goal_path(place, title));
            let text = Goal::of(id, &self.built).render();
            let written = self
                .context
                .machine
                .write(&self.output.join(path), text.as_bytes());
            written.map_err(|error| self.failed(&error.to_string()))?;
        }
        self.context.terminal.print(&match self.arguments.format {
            Format::Json => {
                let told: Result<Vec<String>, Told> = parts
                    .iter()
                    .map(|part| part.work.nothing_to_do(Format::Json, &part.planned))
                    .collect();
                array(told?.iter().map(String::as_str))
            }
            Format::Text => {
                let (title, _) = self.revisions.last().unwrap_or_default();
                format!("nothing to do: {} leads to the schema already\n", visible(title))
            }
        });
        Ok(Outcome::Holds)
    }

    fn python(&self, parts: &[Part], (name, id, after): (&str, &str, &str)) -> Result<String, Told> {
        let mut branches = Vec::new();
        for part in parts {
            let mut branch = part.branch()?;
            let title = format!("{id}_{name}");
            let file = || format!("../sql/{}/{title}/{ROLES}", part.dialect.name);
            branch.before = part.roles.as_ref().map(|_| file());
            branches.push(branch);
        }
        Ok(with_place(&self.checked, |place| {
            change(&Change {
                name,
                id,
                after,
                place: *place,
                branches: &branches,
            })
        }))
    }

    /// All files, relative to the output folder. The goal is the first and the revision the last: a run that is cut off between leaves what is
    /// told, and nothing that Alembic would run.
    fn files(&self, parts: &[Part], (title, id): (&str, &str), python: String) -> Vec<(String, String)> {
        with_place(&self.checked, |place| {
            let goal = Goal::of(id, &self.built).render();
            let mut all = vec![(goal_path(place, title), goal)];
            for part in parts {
                let folder = emit::alembic::sql_folder(place, part.dialect.name);
                let roles = part.roles.iter().map(|text| (ROLES, text.as_str()));
                let made = roles.chain(part.made.iter().flat_map(files));
                all.extend(made.map(|(file, text)| (format!("{folder}/{title}/{file}"), text.to_owned())));
            }
            all.push((emit::alembic::revision_path(place, title), python));
            all
        })
    }

    fn write(&self, all: &[(String, String)]) -> Result<(), Told> {
        let all: Vec<(&str, &str)> = all
            .iter()
            .map(|(path, text)| (path.as_str(), text.as_str()))
            .collect();
        project::create(&self.context.machine, &self.output, &all)
            .map_err(|error| self.failed(&error.to_string()))
    }

    fn failed(&self, message: &str) -> Told {
        findings::complain(self.context, message, Some("nothing was written"));
        Told::Outcome(Outcome::Failed)
    }

    fn print(&self, parts: &[Part], all: &[(String, String)]) {
        if self.arguments.format == Format::Json {
            let plans = parts.iter().filter_map(|part| part.made.as_ref());
            let plans = array(plans.map(|made| made.plan.as_str()));
            return self.context.terminal.print(&plans);
        }
        let mut text = String::new();
        for part in parts.iter().filter(|part| part.made.is_some()) {
            text.push_str(&part.planned.text(self.context, part.dialect));
        }
        for (path, content) in all {
            let shown = visible(&shown(&self.output, path));
            text.push_str(&match self.arguments.dry_run {
                false => format!("new     {shown}\n"),
                true if Path::new(path).extension().is_some_and(|it| it == "json") => String::new(),
                true => format!("\n==> {shown}\n{content}"),
            });
        }
        self.context.terminal.print(&text);
    }
}

/// A path as whoever calls would write it.
fn shown(output: &Path, path: &str) -> String {
    let whole = output.join(path);
    let whole = whole.strip_prefix(".").unwrap_or(&whole);
    whole.display().to_string()
}

/// Documents as one.
fn array<'t>(documents: impl Iterator<Item = &'t str>) -> String {
    let documents: Vec<&str> = documents.map(str::trim_end).collect();
    format!("[{}]\n", documents.join(",\n"))
}

impl Part {
    /// What it does, statement by statement.
    fn branch(&self) -> Result<Branch, Told> {
        let language = match self.dialect.name {
            "sqlite" => Language::Sqlite,
            _ => Language::Postgres,
        };
        let plan = &self.planned.difference.plan;
        let others = [Direction::Forth, Direction::Back].map(|way| administered(&plan.way(way)));
        let own = |said: &Said| !others.iter().any(|all| all.contains(&said.sql));
        let said = |text: &str| {
            let all = statements(text, language).map_err(|fault| Told::from(Stop::from(fault)))?;
            Ok::<_, Told>(all.into_iter().filter(own).collect())
        };
        let (up, down) = match &self.made {
            None => (Vec::new(), Ok(Vec::new())),
            Some(made) => {
                let lines =
                    closed(&self.planned.difference.plan).map(|(title, why)| format!("{title}: {why}"));
                let down = made.down.as_deref().map(said).transpose()?;
                (said(&made.up)?, down.ok_or_else(|| lines.collect()))
            }
        };
        Ok(Branch {
            dialect: by_name(self.dialect.name).unwrap_or(self.dialect),
            up,
            down,
            before: None,
        })
    }
}

/// The statements of roles, schemas and extensions, which whoever runs revisions may not say.
fn administered(legs: &[Leg<'_>]) -> BTreeSet<String> {
    let legs = legs.iter().filter(|leg| is_administered(leg));
    let statements = legs.flat_map(|leg| &leg.statements);
    statements.map(|sql| (*sql).to_owned()).collect()
}

fn is_administered(leg: &Leg<'_>) -> bool {
    leg.step.runs_as == RunsAs::Administrator
}

/// What must be there before the revision can run. What goes stays, as on the way back: somebody else may use it.
fn roles(planned: &Planned, dialect: &Relational, title: &str) -> Option<String> {
    let all = planned.difference.plan.way(Direction::Forth).into_iter();
    let legs: Vec<Leg<'_>> = all
        .filter(|leg| is_administered(leg) && leg.phase != Phase::Contract)
        .collect();
    let heading = [
        format!("{title}: roles, schemas and extensions, for {}", dialect.title),
        "An administrator runs this once per database, before the revision.".to_owned(),
    ];
    let journey = Journey {
        dialect: dialect.name,
        title: dialect.title,
        direction: Direction::Forth,
        from: "",
        to: title,
        prelude: &[],
        legs: &legs,
        notes: &[],
    };
    (!legs.is_empty()).then(|| way::migration(&journey, &heading))
}

/// The statements of a file, each with the comments right above it.
fn statements(text: &str, language: Language) -> Result<Vec<Said>, journal::Fault> {
    let lines: Vec<&str> = text.lines().collect();
    let statements = Script::new("the migration", text.as_bytes())?.statements(language)?;
    let said = statements.into_iter().map(|statement| {
        let above = lines
            .get(..statement.place.0.saturating_sub(1) as usize)
            .unwrap_or_default();
        let comments = above.iter().rev().map_while(|line| line.strip_prefix("--"));
        let comments = comments.map(str::trim).filter(|line| is_for_people(line));
        let mut comments: Vec<String> = comments.map(str::to_owned).collect();
        comments.reverse();
        Said {
            comments,
            how: how(&statement.kind, statement.mode),
            sql: statement.text,
        }
    });
    Ok(said.collect())
}

/// Whether a comment says what the Python around the statement does not.
fn is_for_people(line: &str) -> bool {
    !line.starts_with("architrave:") && line != "outside a transaction"
}

fn how(kind: &Kind, mode: Mode) -> How {
    match (kind, mode) {
        (
            Kind::Batches {
                table,
                key,
                condition,
            },
            _,
        ) => How::Batches {
            table: table.clone(),
            key: key.clone(),
            condition: condition.0,
        },
        // What follows in the same transaction could not use the value.
        (Kind::AddValue, _) | (_, Mode::Alone | Mode::Outside) => How::Alone,
        (_, Mode::Together) => How::Together,
    }
}
