//! Writes the next migration, after it was run both ways on a temporary database.

use std::path::{Component, Path, PathBuf};

use diagnostics::render::visible;
use dialects::by_name;
use emit::way::{self, Journey};
use engine::StartOptions;
use journal::{Migration, Script};
use physical::Database;
use plan::{Direction, Document, Hazard, Leg, Plan, Relational};
use project::System as _;
use runner::{Settings, Stop};
use state::named::{self, Difference, Failure, Named, State};

use super::differ::Replica;
use super::written::{self, closed, is_reversible};
use super::{Told, alembic, read, settings};
use crate::cli::{Format, MigrateNew};
use crate::commands::{diff, findings};
use crate::{Context, Outcome};

/// The longest name; folders of 255 bytes are possible, and nobody reads them.
const LONGEST: usize = 80;

pub(super) fn run(context: Context, arguments: &MigrateNew) -> Result<Outcome, Told> {
    let name = name(context, &arguments.name)?;
    if let Some(project) = alembic::Project::find(context, arguments)? {
        return project.next(&name);
    }
    let base = base(context, &arguments.path);
    below(context, arguments.folder())?;
    let folder = base.join(arguments.folder());
    let migrations = match context.machine.exists(&folder) {
        true => read(context, &folder)?,
        false => Vec::new(),
    };
    goes_on(context, &migrations)?;
    let number = migrations.last().map_or(0, |last| last.number).checked_add(1);
    let Some(number) = number else {
        return Err(refuse(
            context,
            "there is no number after the last migration's",
            "give it a lower one",
        ));
    };
    let work = Work::begin(context, arguments, migrations)?;
    let title = journal::title(number, &name);
    let planned = work.plan((!arguments.keep_nothing).then_some(title.as_str()))?;
    if planned.difference.plan.is_empty() {
        let text = work.nothing_to_do(arguments.format, &planned)?;
        context.terminal.print(&text);
        return Ok(Outcome::Holds);
    }
    planned.consented(arguments)?;
    let made = work.prove(&planned, (number, &name))?;
    if !arguments.dry_run {
        write(context, &base, arguments.folder(), &made)?;
    }
    print(context, arguments, &work, &planned, &made);
    Ok(Outcome::Holds)
}

/// A name as folders have it.
fn name(context: Context, text: &str) -> Result<String, Told> {
    let name = text.to_ascii_lowercase();
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    if !name.is_empty() && name.len() <= LONGEST && name.bytes().all(fits) {
        return Ok(name);
    }
    let message = format!("`{text}` cannot be the name of a migration");
    let help = format!("a name is 1 to {LONGEST} letters, digits, `_` and `-`: `add_orders`");
    findings::complain(context, &message, Some(&help));
    Err(Told::Outcome(Outcome::Misused))
}

/// The project's folder.
pub(super) fn base(context: Context, path: &Path) -> PathBuf {
    if context.machine.is_dir(path) {
        return path.to_owned();
    }
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    parent.unwrap_or(Path::new(".")).to_owned()
}

/// Files are written below the project's folder only.
pub(super) fn below(context: Context, folder: &Path) -> Result<(), Told> {
    let stays = |part| matches!(part, Component::Normal(_) | Component::CurDir);
    if folder.components().all(stays) {
        return Ok(());
    }
    let shown = folder.display();
    let message = format!("the folder of the migrations, `{shown}`, is not below the project's folder");
    findings::complain(context, &message, Some("name one that is: `--folder FOLDER`"));
    Err(Told::Outcome(Outcome::Misused))
}

/// Nothing goes on from migrations of which one does not go on from the other.
fn goes_on(context: Context, migrations: &[Migration]) -> Result<(), Told> {
    let forks = journal::forks(migrations);
    for (title, beside) in &forks {
        let (message, help) = beside.fault(title);
        findings::complain(context, &message, Some(&help));
    }
    match forks.is_empty() {
        true => Ok(()),
        false => Err(Told::Outcome(Outcome::Wrong)),
    }
}

pub(super) fn refuse(context: Context, message: &str, help: &str) -> Told {
    findings::complain(context, message, Some(help));
    Told::Outcome(Outcome::Wrong)
}

/// What was edited may lead elsewhere than its plan says, and the next plan would not be one for it.
fn as_planned(context: Context, migrations: &[Migration], found: &str) -> Result<(), Told> {
    let Some((last, plan)) = migrations
        .last()
        .and_then(|last| Some((last, last.plan.as_ref()?)))
    else {
        return Ok(());
    };
    if plan.to == found {
        return Ok(());
    }
    let title = last.title();
    Err(refuse(
        context,
        &format!("{title} does not lead to the schema that it was planned for: it was edited"),
        &format!("`architrave migrate rebase {title}` runs it both ways and writes down what it leads to"),
    ))
}

/// A temporary database with the migrations that are there, and what the next one shall lead to.
pub(super) struct Work {
    context: Context,
    start: StartOptions,
    settings: Settings,
    dialect: &'static Relational,
    goal: Named,
    migrations: Vec<Migration>,
    replica: Replica,
    before: Database,
    /// From how many rows on a table is large.
    large: u64,
}

/// What the next migration shall do.
pub(super) struct Planned {
    states: (State, State),
    pub(super) difference: Difference,
}

/// The next migration.
pub(super) struct Made {
    title: String,
    pub(super) up: String,
    pub(super) down: Option<String>,
    pub(super) plan: String,
}

impl Work {
    pub(super) fn begin(
        context: Context,
        arguments: &MigrateNew,
        migrations: Vec<Migration>,
    ) -> Result<Self, Told> {
        let told = |failure: Box<Failure>| Told::Outcome(diff::tell(context, &failure));
        let goal = goal(context, arguments)?;
        let before = migrations.iter().rev().find_map(|it| it.plan.as_ref());
        let asked = arguments.on.map(|product| product.name());
        let asked = asked
            .or(before.map(|plan| plan.dialect.as_str()))
            .and_then(by_name);
        let dialect = named::dialect(&context.machine, &[&goal], asked).map_err(told)?;
        if let Some(plan) = before.filter(|plan| plan.dialect != dialect.name) {
            let theirs = by_name(&plan.dialect).map_or(plan.dialect.as_str(), |it| it.title);
            let message = format!("the migrations are for {theirs}, and not for {}", dialect.title);
            return Err(refuse(
                context,
                &message,
                "name another folder: `--folder FOLDER`",
            ));
        }
        let start = diff::start_options(context, arguments.postgres.clone());
        let settings = settings(context, None);
        // What this user owns counts as nobody's.
        let replica = Replica::new(&start, dialect, ("state", Some(named::RUNNER))).map_err(Stop::from)?;
        let rerun = replica.apply(context, &migrations, &settings);
        rerun.map_err(|stop| on_temporary("the migrations that are there cannot be run", stop))?;
        let before = replica.read().map_err(Stop::from)?;
        as_planned(context, &migrations, &runner::plan_hash(&before, dialect))?;
        Ok(Self {
            before,
            large: arguments.large,
            context,
            start,
            settings,
            dialect,
            goal,
            migrations,
            replica,
        })
    }

    /// What is there, as far as the migrations go, and the goal.
    fn states(&self, from: &Named) -> Result<(State, State), Told> {
        let told = |failure: Box<Failure>| Told::Outcome(diff::tell(self.context, &failure));
        named::load(
            &self.context.machine,
            &self.start,
            self.dialect,
            (from, &self.goal),
        )
        .map_err(told)
    }

    /// What leads on from the last migration. With a label, what it would lose is set aside under it.
    pub(super) fn plan(&self, keep: Option<&str>) -> Result<Planned, Told> {
        let there = Named::Database(self.replica.url.clone());
        let last = self.migrations.last();
        // A plan from nothing also makes what a new database has already.
        let mut states = self.states(if last.is_some() { &there } else { &Named::Empty })?;
        if let Some(last) = last {
            states.0.shown = last.title();
        }
        plan::large_from(&mut states.0.database, self.large);
        plan::large_from(&mut states.1.database, self.large);
        let difference = diff::compare(self.context, &mut states, self.dialect, keep)
            .map_err(|failure| Told::Outcome(diff::tell(self.context, &failure)))?;
        Ok(Planned { states, difference })
    }

    pub(super) fn nothing_to_do(&self, format: Format, planned: &Planned) -> Result<String, Told> {
        let last = &planned.states.0.shown;
        if format == Format::Json {
            let hash = self.hash_before();
            return Ok(document(planned, (last, &hash), (last, &hash))?);
        }
        let goal = visible(&planned.states.1.shown);
        Ok(match self.migrations.is_empty() {
            true => format!("nothing to do: {goal} is empty\n"),
            false => format!("nothing to do: {} leads to {goal} already\n", visible(last)),
        })
    }

    /// Runs what is planned, and back, and says what it was only if it did what it shall.
    pub(super) fn prove(&self, planned: &Planned, (number, name): (i64, &str)) -> Result<Made, Told> {
        let plan = &planned.difference.plan;
        let title = journal::title(number, name);
        let shown = (planned.states.0.shown.as_str(), title.as_str());
        let up = written::script(self.dialect, &planned.difference, Direction::Forth, shown);
        let down = is_reversible(plan)
            .then(|| written::script(self.dialect, &planned.difference, Direction::Back, shown));
        let script = |file: &str, text: &str| Script::new(&format!("{title}/{file}"), text.as_bytes());
        let migration = Migration {
            number,
            name: name.to_owned(),
            up: script("up.sql", &up).map_err(Stop::from)?,
            down: down
                .as_ref()
                .map(|text| script("down.sql", text))
                .transpose()
                .map_err(Stop::from)?,
            plan: None,
        };
        let mut all = self.migrations.clone();
        all.push(migration);
        let after = self.both_ways(&all, down.is_some())?;
        let hashes = (self.hash_before(), runner::plan_hash(&after, self.dialect));
        Ok(Made {
            plan: document(planned, (shown.0, &hashes.0), (shown.1, &hashes.1))?,
            title,
            up,
            down,
        })
    }

    fn hash_before(&self) -> String {
        let nothing = Database::default();
        let before = if self.migrations.is_empty() {
            &nothing
        } else {
            &self.before
        };
        runner::plan_hash(before, self.dialect)
    }

    /// Runs the last of these, and rolls it back where it can be. Answers what it has led to.
    fn both_ways(&self, all: &[Migration], back: bool) -> Result<Database, Told> {
        let (context, settings) = (self.context, &self.settings);
        let forth = self.replica.apply(context, all, settings);
        forth.map_err(|stop| on_temporary("the new migration cannot be run, and was not written", stop))?;
        let after = self.replica.read().map_err(Stop::from)?;
        let (reached, goal) = self.states(&Named::Database(self.replica.url.clone()))?;
        let missed = named::compare(&reached, &goal, self.dialect, None)
            .map_err(|failure| Told::Outcome(diff::tell(context, &failure)))?;
        self.same(&missed.plan, "the new migration does not lead to the schema")?;
        if back {
            let undone = self.replica.rollback(context, all, settings);
            undone.map_err(|stop| {
                on_temporary(
                    "the new migration cannot be rolled back, and was not written",
                    stop,
                )
            })?;
            let found = self.replica.read().map_err(Stop::from)?;
            let missed = migrate::plan(&found, &self.before, self.dialect).map_err(|refused| {
                let message = format!("the way back does not lead back: {refused}");
                refuse(context, &message, NOT_WRITTEN)
            })?;
            self.same(&missed, "the way back does not lead back")?;
        }
        Ok(after)
    }

    fn same(&self, missed: &Plan, message: &str) -> Result<(), Told> {
        if missed.is_empty() {
            return Ok(());
        }
        let told = refuse(
            self.context,
            &format!("{message}; it was not written"),
            NOT_WRITTEN,
        );
        let mut text = String::new();
        for leg in missed.way(Direction::Forth) {
            text.push_str(&format!("  still to be done: {}\n", visible(&leg.title)));
        }
        self.context.terminal.complain(&text);
        Err(told)
    }
}

const NOT_WRITTEN: &str = "this is a fault of ours: please report it with the schema; `architrave diff --format sql` prints the statements";

fn goal(context: Context, arguments: &MigrateNew) -> Result<Named, Told> {
    let told = |failure: Box<Failure>| Told::Outcome(diff::tell(context, &failure));
    if let Some(goal) = &arguments.to {
        return named::named(&context.machine, goal).map_err(told);
    }
    let path = arguments.path.to_string_lossy();
    if let Ok(goal @ Named::Project(_)) = named::named(&context.machine, &path) {
        return Ok(goal);
    }
    findings::complain(
        context,
        &format!("there is no project at `{path}`"),
        Some("name its folder, or say which schema shall be: `--to STATE`"),
    );
    Err(Told::Outcome(Outcome::Misused))
}

/// What a run on the temporary database says is about the files.
pub(super) fn on_temporary(message: &str, stop: Stop) -> Told {
    let mut details = vec![stop.message];
    details.extend(stop.details);
    Told::Stop(Box::new(Stop {
        message: format!("{message}; on a temporary database:"),
        details,
        ..stop
    }))
}

fn lost(legs: &[Leg<'_>]) -> Vec<String> {
    let hazards = legs
        .iter()
        .flat_map(|leg| leg.hazards.iter().map(move |hazard| (leg, hazard)));
    let losses = hazards.filter_map(|(leg, hazard)| match hazard {
        Hazard::DataLoss(what) => Some(format!("{}: {what}", leg.title)),
        _ => None,
    });
    losses.collect()
}

impl Planned {
    /// Whether whoever calls wants what cannot be undone.
    pub(super) fn consented(&self, arguments: &MigrateNew) -> Result<(), Told> {
        let plan = &self.difference.plan;
        let losses = lost(&plan.way(Direction::Forth));
        if !losses.is_empty() && !arguments.accept_data_loss {
            let by = self.states.1.says_renames_by;
            let rename = by.map_or(String::new(), |by| {
                format!("if something is only called otherwise, say so by {by}; ")
            });
            let help = format!("{rename}to lose it, `--accept-data-loss`; nothing was written");
            return Err(listed("the migration would lose data", losses, help));
        }
        if !is_reversible(plan) && !arguments.irreversible {
            let steps = closed(plan)
                .map(|(title, why)| format!("{title}: {why}"))
                .collect();
            let help = "to write it without `down.sql`, `--irreversible`; nothing was written".to_owned();
            return Err(listed("the migration could not be rolled back", steps, help));
        }
        Ok(())
    }
}

impl Planned {
    /// The plan, for people.
    pub(super) fn text(&self, context: Context, dialect: &Relational) -> String {
        let legs = self.difference.plan.way(Direction::Forth);
        way::text(
            &Journey {
                dialect: dialect.name,
                title: dialect.title,
                direction: Direction::Forth,
                from: &self.states.0.shown,
                to: &self.states.1.shown,
                prelude: &[],
                legs: &legs,
                notes: &self.difference.notes,
            },
            context.terminal.color,
        )
    }
}

fn listed(message: &str, details: Vec<String>, help: String) -> Told {
    Told::Stop(Box::new(Stop {
        cause: runner::Cause::Wrong,
        message: message.to_owned(),
        details,
        help: Some(help),
    }))
}

fn document(planned: &Planned, from: (&str, &str), to: (&str, &str)) -> Result<String, Stop> {
    let Difference { plan, notes, .. } = &planned.difference;
    let legs = plan.way(Direction::Forth);
    let mut document = Document::new(plan, Direction::Forth, &legs, (from.0, to.0), notes);
    // Those that were measured: what is planned is not held to itself.
    document.from.hash = from.1;
    document.to.hash = to.1;
    rendered(&document)
}

fn rendered(document: &Document<'_>) -> Result<String, Stop> {
    let text = serde_json::to_string_pretty(document).map_err(|error| Stop {
        cause: runner::Cause::Failed,
        message: format!("the plan cannot be written: {error}"),
        details: Vec::new(),
        help: None,
    })?;
    Ok(format!("{text}\n"))
}

/// The files, below the folder of the migrations. `up.sql` is the last: a folder without it is refused, and never half run.
pub(super) fn files(made: &Made) -> Vec<(&'static str, &str)> {
    let mut files = vec![("plan.json", made.plan.as_str())];
    files.extend(made.down.as_deref().map(|down| ("down.sql", down)));
    files.push(("up.sql", &made.up));
    files
}

fn write(context: Context, base: &Path, folder: &Path, made: &Made) -> Result<(), Told> {
    let folder = folder.to_string_lossy().replace('\\', "/");
    let folder = folder.trim_end_matches('/');
    let files = files(made);
    let paths: Vec<(String, &str)> = files
        .iter()
        .map(|(file, text)| (format!("{folder}/{}/{file}", made.title), *text))
        .collect();
    let paths: Vec<(&str, &str)> = paths.iter().map(|(path, text)| (path.as_str(), *text)).collect();
    project::create(&context.machine, base, &paths).map_err(|error| {
        findings::complain(context, &error.to_string(), Some("nothing was written"));
        Told::Outcome(Outcome::Failed)
    })
}

fn print(context: Context, arguments: &MigrateNew, work: &Work, planned: &Planned, made: &Made) {
    if arguments.format == Format::Json {
        context.terminal.print(&made.plan);
        return;
    }
    let mut text = planned.text(context, work.dialect);
    let folder = arguments.folder().join(&made.title);
    for (file, content) in files(made) {
        let path = visible(&folder.join(file).display().to_string());
        text.push_str(&match (arguments.dry_run, file) {
            (false, _) => format!("new     {path}\n"),
            (true, "plan.json") => String::new(),
            (true, _) => format!("\n==> {path}\n{content}"),
        });
    }
    context.terminal.print(&text);
}
