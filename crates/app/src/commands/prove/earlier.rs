//! An earlier version of the project, and the migration that leads from there to what is proven.

use std::path::Path;
use std::sync::Arc;

use journal::{Migration, Script};
use plan::{Direction, Relational};
use project::System as _;
use prove::{Change, Job, Subject};
use runner::Stop;
use state::named::{self, Failure, Named};

use super::subject;
use crate::cli::{FindingFormat, Prove};
use crate::commands::migrate::written::{closed, is_reversible, script};
use crate::commands::{diff, findings};
use crate::{Context, Outcome};

/// What the migration is called where nothing else names it: also what is set aside stands under this name.
const TITLE: (i64, &str) = (1, "change");

/// Gives each job the change from an earlier version. One without a difference gets none, which is told.
pub(super) fn add(context: Context, arguments: &Prove, from: &Path, jobs: &mut [Job]) -> Result<(), Outcome> {
    let written = arguments.by.as_deref().map(|by| read(context, by)).transpose()?;
    let several = jobs.len() > 1;
    for job in jobs {
        let dialect = job.subject.dialect;
        let change = match &written {
            None => planned(context, arguments, from, dialect)?,
            Some(migration) => {
                let product = migration.plan.as_ref().map(|plan| plan.dialect.as_str());
                match product {
                    Some(product) if product != dialect.name => continue,
                    None if several => return Err(which(context, migration)),
                    // It is planned for what migrations lead to: the build that it meets here has their schema, and not their history.
                    _ => {
                        let plan = None;
                        Some((
                            Migration {
                                plan,
                                ..migration.clone()
                            },
                            Vec::new(),
                        ))
                    }
                }
            }
        };
        let Some((migration, closed)) = change else {
            let message = format!(
                "{}: nothing leads from {} to this version, since they are the same\n",
                dialect.title,
                from.display()
            );
            context.terminal.complain(&message);
            continue;
        };
        job.subject.change = Some(Arc::new(Change {
            from: Arc::new(earlier(context, from, dialect)?),
            shown: from.display().to_string(),
            migration,
            closed,
            system: Arc::new(context.machine),
        }));
    }
    Ok(())
}

fn which(context: Context, migration: &Migration) -> Outcome {
    let message = format!(
        "nothing says for which database {} is: it has no `plan.json`",
        migration.title()
    );
    findings::complain(context, &message, Some("add `--on postgres` or `--on sqlite`"));
    Outcome::Misused
}

/// The earlier version as it was designed.
fn earlier(context: Context, from: &Path, dialect: &'static Relational) -> Result<Subject, Outcome> {
    let mut checked = state::check(&context.machine, from);
    let mut found = std::mem::take(&mut checked.diagnostics);
    let show = |found: &[diagnostics::Diagnostic]| {
        findings::show(context, FindingFormat::Text, &checked.loaded.sources, found)
    };
    if found.has_errors() {
        return Err(show(&found.into_sorted()));
    }
    let built = state::build(&checked);
    found.extend(built.diagnostics.iter().cloned());
    if found.has_errors() {
        return Err(show(&found.into_sorted()));
    }
    subject(&checked, &built, dialect).map_err(|finding| show(&[*finding]))
}

type Planned = Option<(Migration, Vec<String>)>;

/// What `migrate new` would write, and its steps without a way back.
fn planned(
    context: Context,
    arguments: &Prove,
    from: &Path,
    dialect: &'static Relational,
) -> Result<Planned, Outcome> {
    let told = |failure: Box<Failure>| diff::tell(context, &failure);
    let start = diff::start_options(context, arguments.postgres.clone());
    let sides = (
        Named::Project(from.to_owned()),
        Named::Project(arguments.path.clone()),
    );
    let mut states = named::load(&context.machine, &start, dialect, (&sides.0, &sides.1)).map_err(told)?;
    let title = journal::title(TITLE.0, TITLE.1);
    let difference = diff::compare(context, &mut states, dialect, Some(&title)).map_err(told)?;
    if difference.plan.is_empty() {
        return Ok(None);
    }
    let shown = from.display().to_string();
    let text = |direction| script(dialect, &difference, direction, (&shown, &title));
    let file = |name: &str, text: &str| {
        Script::new(&format!("{title}/{name}"), text.as_bytes()).map_err(|fault| stop(context, &fault.into()))
    };
    let down = is_reversible(&difference.plan).then(|| text(Direction::Back));
    let migration = Migration {
        number: TITLE.0,
        name: TITLE.1.to_owned(),
        up: file("up.sql", &text(Direction::Forth))?,
        down: down.map(|down| file("down.sql", &down)).transpose()?,
        plan: None,
    };
    let closed = closed(&difference.plan).map(|(title, why)| format!("{title}: {why}"));
    Ok(Some((migration, closed.collect())))
}

fn stop(context: Context, stop: &Stop) -> Outcome {
    findings::complain(context, &stop.message, stop.help.as_deref());
    Outcome::Wrong
}

/// A migration that somebody has written.
fn read(context: Context, folder: &Path) -> Result<Migration, Outcome> {
    // `.` and `..` have no name of their own.
    let folder = context
        .machine
        .resolve(folder)
        .unwrap_or_else(|_| folder.to_owned());
    journal::one(&context.machine, &folder).map_err(|fault| stop(context, &fault.into()))
}
