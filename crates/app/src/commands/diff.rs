//! `architrave diff`

use std::path::PathBuf;

use dialects::by_name;
use emit::way::{self, Journey};
use engine::{BinarySearch, CancelToken, StartOptions};
use plan::{Direction, Document, Note, Relational, Rename};
use project::System as _;
use state::named::{self, Difference, Failure, Fault, State};

use super::{findings, prove};
use crate::cli::{Diff, FindingFormat, PlanFormat};
use crate::{Context, Outcome};

pub(crate) fn run(context: Context, arguments: &Diff) -> Outcome {
    match difference(context, arguments) {
        Ok((dialect, states, difference)) => print(context, arguments, dialect, &states, &difference),
        Err(failure) => tell(context, &failure),
    }
}

type Compared = (&'static Relational, (State, State), Difference);

fn difference(context: Context, arguments: &Diff) -> Result<Compared, Box<Failure>> {
    let machine = context.machine;
    let from = named::named(&machine, &arguments.from)?;
    let to = named::named(&machine, &arguments.to)?;
    let product = arguments.on.and_then(|product| by_name(product.name()));
    let dialect = named::dialect(&machine, &[&from, &to], product)?;
    let start = start_options(context, arguments.postgres.clone());
    let mut states = named::load(&machine, &start, dialect, (&from, &to))?;
    plan::large_from(&mut states.0.database, arguments.large);
    plan::large_from(&mut states.1.database, arguments.large);
    let difference = compare(context, &mut states, dialect, None)?;
    Ok((dialect, states, difference))
}

/// Compares states, and asks what is renamed where somebody can be asked.
pub(super) fn compare(
    context: Context,
    states: &mut (State, State),
    dialect: &'static Relational,
    keep: Option<&str>,
) -> Result<Difference, Box<Failure>> {
    let mut difference = named::compare(&states.0, &states.1, dialect, keep)?;
    // What is renamed may hold what looks renamed.
    let mut asked = Vec::new();
    loop {
        let renames = ask(context, &difference.suspects, &mut asked);
        if renames.is_empty() {
            return Ok(difference);
        }
        states.1.renames.extend(renames);
        difference = named::compare(&states.0, &states.1, dialect, keep)?;
    }
}

/// Asks whoever sits at the terminal which of these are renames; where nobody does, nothing is guessed.
fn ask(context: Context, suspects: &[Rename], asked: &mut Vec<Rename>) -> Vec<Rename> {
    if !context.terminal.can_ask {
        return Vec::new();
    }
    let new: Vec<&Rename> = suspects.iter().filter(|rename| !asked.contains(rename)).collect();
    asked.extend(new.iter().map(|rename| (*rename).clone()));
    let renamed = new.into_iter().filter(|rename| {
        named::shown(rename).is_some_and(|(old, new)| {
            let question = format!("`{old}` goes and `{new}` comes: is it renamed?");
            context.terminal.ask(&diagnostics::render::visible(&question))
        })
    });
    renamed.cloned().collect()
}

/// How temporary servers start, with PostgreSQL's programs from a folder where one is named. They end when the program is ended.
pub(super) fn start_options(context: Context, postgres: Option<PathBuf>) -> StartOptions {
    let machine = context.machine;
    let mut options = StartOptions::new(machine.cache(), prove::temporary(context));
    options.search = BinarySearch {
        folder: postgres,
        path: machine.variable("PATH").map(Into::into),
        project: None,
    };
    options.cancel = CancelToken::default();
    prove::watch_signals(&options.cancel);
    options
}

/// Says why there is no answer, on standard error: standard output holds plans only.
pub(super) fn tell(context: Context, failure: &Failure) -> Outcome {
    let text = findings::rendered(
        FindingFormat::Text,
        &failure.sources,
        &failure.findings,
        context.terminal.error_color,
    );
    context.terminal.complain(&text);
    match failure.fault {
        Fault::State => Outcome::Wrong,
        Fault::Call => Outcome::Misused,
        Fault::Environment => Outcome::Failed,
    }
}

fn print(
    context: Context,
    arguments: &Diff,
    dialect: &Relational,
    states: &(State, State),
    difference: &Difference,
) -> Outcome {
    let direction = if arguments.down {
        Direction::Back
    } else {
        Direction::Forth
    };
    let plan = &difference.plan;
    let legs = plan.way(direction);
    let shown = (states.0.shown.as_str(), states.1.shown.as_str());
    let (from, to, prelude): (&str, &str, &[&'static str]) = match direction {
        Direction::Forth => (shown.0, shown.1, &[]),
        Direction::Back => (shown.1, shown.0, plan.undo_prelude),
    };
    // They are about the schema that is to be reached.
    let notes: &[Note] = match direction {
        Direction::Forth => &difference.notes,
        Direction::Back => &[],
    };
    let journey = Journey {
        dialect: dialect.name,
        title: dialect.title,
        direction,
        from,
        to,
        prelude,
        legs: &legs,
        notes,
    };
    let text = match arguments.format {
        PlanFormat::Text => way::text(&journey, context.terminal.color),
        PlanFormat::Sql => way::script(&journey),
        PlanFormat::Json => {
            let document = Document::new(plan, direction, &legs, shown, notes);
            match serde_json::to_string_pretty(&document) {
                Ok(text) => format!("{text}\n"),
                Err(error) => {
                    findings::complain(context, &format!("the plan cannot be written: {error}"), None);
                    return Outcome::Failed;
                }
            }
        }
    };
    context.terminal.print(&text);
    if arguments.check && !legs.is_empty() {
        Outcome::Wrong
    } else {
        Outcome::Holds
    }
}
