//! Puts a migration of another branch behind all others, after all of them were run together on a temporary database.

use std::path::{Path, PathBuf};

use diagnostics::render::visible;
use dialects::by_name;
use engine::{DatabaseUrl, StartOptions};
use journal::{Migration, Placed};
use physical::Database;
use plan::{Direction, Plan, Relational};
use project::System as _;
use runner::{Job, Settings, Stop};
use state::named::{self, Failure, Named};

use super::differ::Replica;
use super::placing::{Written, carry_out};
use super::{Told, new, settings, tell_faults};
use crate::cli::MigrateRebase;
use crate::commands::{diff, findings, trail};
use crate::{Context, Outcome};

pub(super) fn run(context: Context, arguments: &MigrateRebase) -> Result<Outcome, Told> {
    let base = new::base(context, &arguments.path);
    new::below(context, &arguments.folder)?;
    let folder = base.join(&arguments.folder);
    confined(context, &base, &folder)?;
    let placed = journal::all(&context.machine, &folder).map_err(|faults| tell_faults(context, &faults))?;
    let order = Order::of(context, &placed, &arguments.name)?;
    let bench = Bench::begin(context, arguments, &order)?;
    bench.is_applied_nowhere(arguments, &order)?;
    let ends = bench.prove(&order)?;
    let written = order.written(context, &folder, &ends)?;
    if !arguments.dry_run {
        carry_out(context, &written)?;
    }
    context.terminal.print(&said(arguments, &order, &written));
    Ok(Outcome::Holds)
}

/// Nothing is renamed that a link leads to from the project.
fn confined(context: Context, base: &Path, folder: &Path) -> Result<(), Told> {
    let real = |path: &Path| context.machine.resolve(path).ok();
    let inside = real(base)
        .zip(real(folder))
        .is_none_or(|(base, folder)| folder.starts_with(base));
    if inside {
        return Ok(());
    }
    let message = format!("`{}` leads out of the project's folder", folder.display());
    Err(new::refuse(
        context,
        &message,
        "run this where the migrations are",
    ))
}

/// The migrations as they shall follow each other.
struct Order {
    /// Those that stay, as they are.
    stay: Vec<Placed>,
    /// Those that come behind them, as they are: the one that was named, and what was planned to go on from it.
    moved: Vec<Placed>,
    /// The numbers that these get.
    numbers: Vec<i64>,
    /// How many of those that stay were there when these were written.
    known: usize,
}

impl Order {
    fn of(context: Context, placed: &[Placed], name: &str) -> Result<Self, Told> {
        let called =
            |it: &&Placed| it.migration.title() == name || it.folder.file_name().is_some_and(|it| it == name);
        let Some(first) = placed.iter().find(called) else {
            let message = format!("there is no migration `{name}`");
            findings::complain(
                context,
                &message,
                Some("name one by number and name: `0003_orders`"),
            );
            return Err(Told::Outcome(Outcome::Misused));
        };
        let all: Vec<Migration> = placed.iter().map(|it| it.migration.clone()).collect();
        let branch = journal::branch(&all, &first.migration);
        let (moved, stay): (Vec<Placed>, Vec<Placed>) = placed
            .iter()
            .cloned()
            .partition(|it| branch.iter().any(|one| **one == it.migration));
        let last = stay.last().map_or(0, |it| it.migration.number);
        let behind = moved.iter().all(|it| it.migration.number > last);
        let numbers = match behind {
            true => moved.iter().map(|it| it.migration.number).collect(),
            false => (1..)
                .map(|more| last.saturating_add(more))
                .take(moved.len())
                .collect(),
        };
        Ok(Self {
            known: known(&all, &stay, &first.migration),
            stay,
            moved,
            numbers,
        })
    }

    /// What comes behind, as it shall be called.
    fn renumbered(&self) -> Vec<Migration> {
        let pairs = self.moved.iter().zip(&self.numbers);
        pairs
            .map(|(it, number)| Migration {
                number: *number,
                ..it.migration.clone()
            })
            .collect()
    }

    fn staying(&self) -> Vec<Migration> {
        self.stay.iter().map(|it| it.migration.clone()).collect()
    }

    fn is_renumbered(&self) -> bool {
        let pairs = self.moved.iter().zip(&self.numbers);
        pairs
            .into_iter()
            .any(|(it, number)| it.migration.number != *number)
    }

    /// The first whose plan is held to what was measured: the first of the other branch, or else the one before.
    fn start(&self) -> usize {
        self.known.min(self.stay.len().saturating_sub(1))
    }

    /// Every migration, as it shall be called; where two have one number still, in the order of their names.
    fn whole(&self) -> Vec<Migration> {
        ascending(&[&self.staying(), &self.renumbered()])
    }

    /// What is to be done to the files.
    fn written(&self, context: Context, folder: &Path, ends: &Ends) -> Result<Vec<Written>, Told> {
        let stay = self.stay.iter().map(|it| (it, it.migration.number));
        let all = stay.chain(self.moved.iter().zip(self.numbers.iter().copied()));
        let mut before = self
            .start()
            .checked_sub(1)
            .and_then(|at| self.stay.get(at))
            .map(|it| it.migration.title());
        let mut written = Vec::new();
        for ((placed, number), pair) in all.skip(self.start()).zip(ends.windows(2)) {
            let title = journal::title(number, &placed.migration.name);
            let place = match number == placed.migration.number {
                true => placed.folder.clone(),
                false => folder.join(&title),
            };
            if let [from, to] = pair
                && !self.is_shared(number)
            {
                let from = (before.as_deref().unwrap_or("empty"), from.as_str());
                written.push(Written::of(context, placed, place, (from, (&title, to)))?);
            }
            before = Some(title);
        }
        Ok(written)
    }

    /// Whether others that stay have one number, of which all but one will be moved yet: by plans as they are.
    fn is_shared(&self, number: i64) -> bool {
        self.stay
            .iter()
            .filter(|it| it.migration.number == number)
            .count()
            > 1
    }
}

/// How many of those that stay a migration was written to go on from.
fn known(all: &[Migration], stay: &[Placed], first: &Migration) -> usize {
    if let Some(parent) = journal::parent(all, first) {
        let at = stay.iter().position(|it| it.migration == *parent);
        return at.map_or(0, |at| at + 1);
    }
    let from = |migration: &Migration| migration.plan.as_ref().map(|plan| plan.from.clone());
    match stay.first() {
        // Both begin with nothing.
        Some(other) if from(&other.migration) == from(first) => 0,
        // What it was planned for is nowhere: the last one was edited.
        _ => stay.len(),
    }
}

/// Hashes of the schemas: before the first that is measured, and after each.
type Ends = Vec<String>;

/// Where migrations are tried.
struct Bench {
    context: Context,
    start: StartOptions,
    settings: Settings,
    dialect: &'static Relational,
    /// What all of them shall lead to, where somebody says.
    goal: Option<Named>,
}

impl Bench {
    fn begin(context: Context, arguments: &MigrateRebase, order: &Order) -> Result<Self, Told> {
        let told = |failure: Box<Failure>| Told::Outcome(diff::tell(context, &failure));
        let path = arguments.path.to_string_lossy();
        let goal = match &arguments.to {
            Some(to) => Some(named::named(&context.machine, to).map_err(told)?),
            None => named::named(&context.machine, &path)
                .ok()
                .filter(|it| matches!(it, Named::Project(_))),
        };
        let mut plans = order
            .moved
            .iter()
            .chain(&order.stay)
            .filter_map(|it| it.migration.plan.as_ref());
        let asked = arguments.on.map(|product| product.name());
        let asked = asked
            .or(plans.next().map(|plan| plan.dialect.as_str()))
            .and_then(by_name);
        let states: Vec<&Named> = goal.iter().collect();
        Ok(Self {
            dialect: named::dialect(&context.machine, &states, asked).map_err(told)?,
            start: diff::start_options(context, arguments.postgres.clone()),
            settings: settings(context, None),
            context,
            goal,
        })
    }

    /// What is applied somewhere keeps its number. One database can be asked.
    fn is_applied_nowhere(&self, arguments: &MigrateRebase, order: &Order) -> Result<(), Told> {
        let known = self
            .context
            .machine
            .variable("DATABASE_URL")
            .map(|_| "env:DATABASE_URL".to_owned());
        let Some(database) = arguments
            .database
            .clone()
            .or(known)
            .filter(|_| order.is_renumbered())
        else {
            return Ok(());
        };
        let url = trail::address(self.context, &database).map_err(Told::Outcome)?;
        let can_know = match &url {
            DatabaseUrl::Postgres(_) => self.dialect.name == "postgres",
            DatabaseUrl::Mariadb(_) => self.dialect.name == "mariadb",
            DatabaseUrl::Sqlite(file) => self.dialect.name == "sqlite" && self.context.machine.exists(file),
        };
        if !can_know {
            return Ok(());
        }
        let survey = runner::survey(&Job {
            system: &self.context.machine,
            url: &url,
            dialect: self.dialect,
            migrations: &[],
            settings: &self.settings,
        })?;
        let titles: Vec<String> = order.moved.iter().map(|it| it.migration.title()).collect();
        let applied = survey
            .migrations
            .iter()
            .find(|entry| entry.is_applied() && titles.contains(&entry.title()));
        match applied {
            None => Ok(()),
            Some(entry) => Err(new::refuse(
                self.context,
                &format!(
                    "{} is applied on that database, and keeps its number",
                    entry.title()
                ),
                "rebase the other one; if that is applied elsewhere, roll this one back first, on the branch that it is from",
            )),
        }
    }

    fn replica(&self) -> Result<Replica, Told> {
        let own = ("state", Some(named::RUNNER));
        Ok(Replica::new(&self.start, self.dialect, own).map_err(Stop::from)?)
    }

    /// Runs everything in its new order, holds it to what it shall lead to, and goes back.
    fn prove(&self, order: &Order) -> Result<Ends, Told> {
        let replica = self.replica()?;
        let mut run = order.whole();
        let mut states = Vec::new();
        for count in order.start()..=run.len() {
            self.apply(&replica, run.get(..count).unwrap_or_default())?;
            states.push(self.read(&replica)?);
        }
        match &self.goal {
            Some(goal) => self.leads_to(&replica, goal)?,
            None => self.either_order(order, states.last())?,
        }
        let behind = states.iter().rev().take(order.moved.len() + 1);
        self.back(&replica, &mut run, behind)?;
        let hash = |state: &Database| runner::plan_hash(state, self.dialect);
        let mut ends: Ends = states.iter().map(hash).collect();
        if let Some(first) = ends.first_mut().filter(|_| order.start() == 0) {
            // What a new database has already counts as nothing.
            *first = hash(&Database::default());
        }
        Ok(ends)
    }

    fn apply(&self, replica: &Replica, migrations: &[Migration]) -> Result<(), Told> {
        let applied = replica.apply(self.context, migrations, &self.settings);
        applied.map_err(|stop| {
            new::on_temporary(
                "the migrations cannot be run in this order, and nothing was changed",
                stop,
            )
        })
    }

    fn read(&self, replica: &Replica) -> Result<Database, Told> {
        Ok(replica.read().map_err(Stop::from)?)
    }

    fn leads_to(&self, replica: &Replica, goal: &Named) -> Result<(), Told> {
        let told = |failure: Box<Failure>| Told::Outcome(diff::tell(self.context, &failure));
        let reached = Named::Database(replica.url.clone());
        let states = (&reached, goal);
        let (reached, goal) =
            named::load(&self.context.machine, &self.start, self.dialect, states).map_err(told)?;
        let missed = named::compare(&reached, &goal, self.dialect, None).map_err(told)?;
        self.same(&missed.plan, "together the migrations do not lead to the schema")
    }

    /// Where nobody says what the branches shall lead to, it must not matter which of them comes first.
    fn either_order(&self, order: &Order, reached: Option<&Database>) -> Result<(), Told> {
        let stay = order.staying();
        let Some((known, others)) = stay
            .split_at_checked(order.known)
            .filter(|(_, others)| !others.is_empty())
        else {
            return Ok(());
        };
        let replica = self.replica()?;
        let behind = order.renumbered();
        self.apply(&replica, &ascending(&[known, &behind, others]))?;
        let (found, reached) = (self.read(&replica)?, reached.cloned().unwrap_or_default());
        if runner::plan_hash(&found, self.dialect) == runner::plan_hash(&reached, self.dialect) {
            return Ok(());
        }
        let message = "the branches lead to one schema in one order, and to another in the other";
        let missed = migrate::plan(&reached, &found, self.dialect)
            .map_err(|refused| new::refuse(self.context, &format!("{message}: {refused}"), AGAIN))?;
        self.same(&missed, message)
    }

    /// Rolls back what comes behind, as far as it can be, and looks at what each step leaves.
    fn back<'s>(
        &self,
        replica: &Replica,
        run: &mut Vec<Migration>,
        last_first: impl Iterator<Item = &'s Database>,
    ) -> Result<(), Told> {
        for before in last_first.skip(1) {
            if run.last().is_none_or(|last| last.down.is_none()) {
                return Ok(());
            }
            let undone = replica.rollback(self.context, run, &self.settings);
            undone.map_err(|stop| {
                new::on_temporary(
                    "what comes behind cannot be rolled back, and nothing was changed",
                    stop,
                )
            })?;
            let message = "the way back does not lead back";
            let missed = migrate::plan(&self.read(replica)?, before, self.dialect)
                .map_err(|refused| new::refuse(self.context, &format!("{message}: {refused}"), AGAIN))?;
            self.same(&missed, message)?;
            run.pop();
        }
        Ok(())
    }

    fn same(&self, missed: &Plan, message: &str) -> Result<(), Told> {
        if missed.is_empty() {
            return Ok(());
        }
        let told = new::refuse(self.context, &format!("{message}; nothing was changed"), AGAIN);
        let legs = missed.way(Direction::Forth);
        let lines = legs
            .iter()
            .map(|leg| format!("  still to be done: {}\n", visible(&leg.title)));
        self.context.terminal.complain(&lines.collect::<String>());
        Err(told)
    }
}

const AGAIN: &str = "remove its folder, if it is applied nowhere, and write it anew from the schema that has both: `architrave migrate new NAME`";

/// Migrations in this order, each with a number above the one before it: its own where that is so.
fn ascending(parts: &[&[Migration]]) -> Vec<Migration> {
    let mut last = -1;
    let mut all = Vec::new();
    for migration in parts.iter().copied().flatten() {
        last = migration.number.max(last + 1);
        all.push(Migration {
            number: last,
            ..migration.clone()
        });
    }
    all
}

fn said(arguments: &MigrateRebase, order: &Order, written: &[Written]) -> String {
    let shown = |folder: &PathBuf| {
        let name = folder.file_name().unwrap_or_default();
        visible(&arguments.folder.join(name).display().to_string())
    };
    let mut text = String::new();
    for it in written {
        if it.moves() {
            text.push_str(&format!("moved   {} to {}\n", shown(&it.from), shown(&it.to)));
        }
        if it.changes() {
            text.push_str(&format!("written {}/plan.json\n", shown(&it.to)));
        }
    }
    let titles: Vec<String> = order.renumbered().iter().map(Migration::title).collect();
    let before = order.stay.last().map(|it| it.migration.title());
    let before = before.as_deref().unwrap_or("the empty database");
    if text.is_empty() {
        text = "nothing to do: ".to_owned();
    }
    let goes = if titles.len() == 1 { "goes" } else { "go" };
    text.push_str(&visible(&format!(
        "{} {goes} on from {before}",
        titles.join(", ")
    )));
    text.push_str(if arguments.dry_run {
        "; nothing was written\n"
    } else {
        "\n"
    });
    text
}
