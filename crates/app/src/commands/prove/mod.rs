//! `architrave prove`

use std::path::{Path, PathBuf};
use std::sync::Arc;

use diagnostics::Diagnostic;
use dialects::by_name;
use engine::{BinarySearch, CancelToken, DatabaseUrl, Server, StartOptions};
use evidence::{Evidence, GateResult, Verdict};
use plan::Relational;
use project::System as _;
use prove::{Gate, Job, Options, Progress, Subject, Target, Workplace};
use state::{Built, Checked};

mod earlier;

use super::{findings, trail};
use crate::cli::{FindingFormat, Format, Prove};
use crate::progress::Line;
use crate::{Context, Outcome};

pub(crate) fn run(context: Context, arguments: &Prove) -> Outcome {
    if let Err(unknown) = prove::chosen(&arguments.gate) {
        let known: Vec<&str> = prove::GATES.iter().map(|gate| gate.id).collect();
        let help = format!("there are {}", known.join(", "));
        findings::complain(context, &format!("there is no gate `{unknown}`"), Some(&help));
        return Outcome::Misused;
    }
    let mut checked = state::check(&context.machine, &arguments.path);
    let mut found = std::mem::take(&mut checked.diagnostics);
    if found.has_errors() {
        return findings::show(
            context,
            FindingFormat::Text,
            &checked.loaded.sources,
            &found.into_sorted(),
        );
    }
    let built = state::build(&checked);
    found.extend(built.diagnostics.iter().cloned());
    if found.has_errors() {
        return findings::show(
            context,
            FindingFormat::Text,
            &checked.loaded.sources,
            &found.into_sorted(),
        );
    }
    if built.designed.blueprint.is_bare() && !checked.model.found.is_empty() {
        let help = "take `without defaults` away from an entity and say whose its rows are; `architrave diff` compares what is built with what is there";
        findings::complain(
            context,
            "nothing is designed yet: no claim is made that could be proved",
            Some(help),
        );
        return Outcome::Wrong;
    }
    let cancel = CancelToken::default();
    watch_signals(&cancel);
    let mut jobs = match jobs(context, arguments, &checked, &built, &cancel) {
        Ok(jobs) => jobs,
        Err(outcome) => return outcome,
    };
    if let Some(from) = &arguments.from
        && let Err(outcome) = earlier::add(context, arguments, from, &mut jobs)
    {
        return outcome;
    }
    let mut options = Options {
        gates: arguments.gate.clone(),
        seed: arguments.seed,
        thorough: arguments.thorough,
        workplace: Some(workplace(context)),
        cancel,
        ..Options::default()
    };
    if let Some(rows) = arguments.rows {
        options.rows = rows;
    }
    if let Err(error) = context.machine.random(&mut options.entropy) {
        findings::complain(
            context,
            &format!("the machine has no source of chance: {error}"),
            None,
        );
        return Outcome::Failed;
    }
    let evidence = {
        let mut watcher = Watcher {
            line: Line::new(context.terminal),
            gate: String::new(),
        };
        prove::prove(&jobs, &options, &mut watcher)
    };
    report(context, arguments, &checked.loaded.root.folder, &evidence)
}

/// A signal ends the work: servers are stopped and folders removed before the program goes.
pub(super) fn watch_signals(cancel: &CancelToken) {
    let cancel = cancel.clone();
    let installed = ctrlc::set_handler(move || {
        cancel.cancel();
        engine::shutdown_all();
        std::process::exit(130);
    });
    // Without a handler the watcher of each temporary server still ends it.
    drop(installed);
}

fn jobs(
    context: Context,
    arguments: &Prove,
    checked: &Checked,
    built: &Built,
    cancel: &CancelToken,
) -> Result<Vec<Job>, Outcome> {
    let mut jobs = Vec::new();
    for (dialect, target) in places(context, arguments, built, cancel)? {
        let subject = subject(checked, built, dialect).map_err(|finding| {
            findings::show(context, FindingFormat::Text, &checked.loaded.sources, &[*finding])
        })?;
        jobs.push(Job { subject, target });
    }
    Ok(jobs)
}

/// What is proven on one kind of database.
fn subject(
    checked: &Checked,
    built: &Built,
    dialect: &'static Relational,
) -> Result<Subject, Box<Diagnostic>> {
    let made = state::realise(&built.designed, dialect)?;
    let project = checked.model.project.as_ref();
    Ok(Subject {
        project: project
            .map(|project| project.name.text.clone())
            .unwrap_or_default(),
        model: Arc::new(checked.model.clone()),
        blueprint: Arc::new(built.designed.blueprint.clone()),
        realised: made.realised,
        plan: made.plan,
        dialect,
        model_hash: state::source_hash(checked),
        models: state::package(checked, built).map(|(package, files)| prove::Models {
            framework: prove::Framework::Sqlalchemy,
            package,
            files,
        }),
        change: None,
    })
}

type Place = (&'static Relational, Target);

/// Where to prove: where the user says, or else on every database of the project that can be had here.
fn places(
    context: Context,
    arguments: &Prove,
    built: &Built,
    cancel: &CancelToken,
) -> Result<Vec<Place>, Outcome> {
    let start = start_options(context, arguments, cancel);
    if !arguments.on.is_empty() {
        return arguments
            .on
            .iter()
            .map(|on| named(context, arguments, on, &start))
            .collect();
    }
    let mut places = Vec::new();
    let (mut missing, mut unknown) = (None, Vec::new());
    for target in &built.targets {
        match target.dialect.name {
            "postgres" => match Server::available(&start) {
                Ok(_) => places.push((target.dialect, Target::Postgres(Box::new(start.clone())))),
                Err(error) => missing = Some(error),
            },
            "sqlite" => places.push((target.dialect, Target::Sqlite(start.temporary.clone()))),
            _ => unknown.push(target.dialect.title),
        }
    }
    for title in &unknown {
        context.terminal.complain(&format!("{}\n\n", unproven(title)));
    }
    if places.is_empty() && missing.is_none() && !unknown.is_empty() {
        return Err(Outcome::Failed);
    }
    if let Some(error) = missing {
        if places.is_empty() {
            findings::complain(context, &error.to_string(), error.help());
            return Err(Outcome::Failed);
        }
        let help = error.help().unwrap_or_default();
        context
            .terminal
            .complain(&format!("PostgreSQL is left out: {error}\n  = help: {help}\n\n"));
    }
    if places.is_empty() {
        let help = "name one in the project block (`database postgres, sqlite`), or with `--on`";
        findings::complain(
            context,
            "the project names no database that can be proven",
            Some(help),
        );
        return Err(Outcome::Misused);
    }
    Ok(places)
}

/// No gate knows the product yet: that nothing was tried must not look like a proof.
fn unproven(title: &str) -> String {
    format!(
        "{title} is left out: nothing is proven there yet\n  = help: `architrave build` writes its SQL, and docs/mariadb.md says what is tried of it"
    )
}

fn named(context: Context, arguments: &Prove, on: &str, start: &StartOptions) -> Result<Place, Outcome> {
    let dialect = |name: &str| by_name(name).ok_or(Outcome::Misused);
    match on {
        "postgres" => Ok((dialect("postgres")?, Target::Postgres(Box::new(start.clone())))),
        "sqlite" => Ok((dialect("sqlite")?, Target::Sqlite(start.temporary.clone()))),
        "mariadb" | "mysql" => {
            context.terminal.complain(&format!("{}\n\n", unproven("MariaDB")));
            Err(Outcome::Misused)
        }
        url => {
            let url = trail::address(context, url)?;
            let name = match url {
                DatabaseUrl::Postgres(_) => "postgres",
                DatabaseUrl::Sqlite(_) => "sqlite",
                DatabaseUrl::Mariadb(_) => {
                    context.terminal.complain(&format!("{}\n\n", unproven("MariaDB")));
                    return Err(Outcome::Misused);
                }
            };
            let temporary = start.temporary.clone();
            Ok((
                dialect(name)?,
                Target::Given {
                    url,
                    allow_existing: arguments.allow_existing,
                    temporary,
                },
            ))
        }
    }
}

/// What a package manager may need to reach the network. Everything else of the user's environment stays here.
const NETWORK: [&str; 12] = [
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "ALL_PROXY",
    "NO_PROXY",
    "http_proxy",
    "https_proxy",
    "no_proxy",
    "SSL_CERT_FILE",
    "PIP_CERT",
    "PIP_INDEX_URL",
    "PIP_EXTRA_INDEX_URL",
    "PIP_FIND_LINKS",
];

fn workplace(context: Context) -> Workplace {
    let machine = context.machine;
    let network = NETWORK
        .iter()
        .filter_map(|name| Some(((*name).to_owned(), machine.variable(name)?.into())));
    Workplace {
        cache: machine.cache(),
        temporary: temporary(context),
        path: machine.variable("PATH").map(Into::into),
        network: network.collect(),
    }
}

pub(super) fn temporary(context: Context) -> PathBuf {
    let named = context.machine.variable("TMPDIR");
    named.map_or_else(|| PathBuf::from("/tmp"), PathBuf::from)
}

fn start_options(context: Context, arguments: &Prove, cancel: &CancelToken) -> StartOptions {
    let machine = context.machine;
    let mut options = StartOptions::new(machine.cache(), temporary(context));
    options.search = BinarySearch {
        folder: arguments.postgres.clone(),
        path: machine.variable("PATH").map(Into::into),
        project: Some(arguments.path.clone()),
    };
    options.cancel = cancel.clone();
    options
}

fn report(context: Context, arguments: &Prove, folder: &Path, evidence: &Evidence) -> Outcome {
    let json = match evidence.to_json() {
        Ok(json) => json,
        Err(error) => {
            findings::complain(context, &format!("the evidence cannot be written: {error}"), None);
            return Outcome::Failed;
        }
    };
    context.terminal.print(&match arguments.format {
        Format::Json => json.clone(),
        Format::Text => prove::summary(evidence, context.terminal.width, context.terminal.color),
    });
    let file = arguments
        .evidence
        .clone()
        .unwrap_or_else(|| folder.join(".architrave").join("evidence.json"));
    if let Err(error) = context.machine.write(&file, json.as_bytes()) {
        findings::complain(
            context,
            &format!("`{}` cannot be written: {error}", file.display()),
            None,
        );
        return Outcome::Failed;
    }
    match evidence.aggregate.verdict {
        Verdict::Refuted => Outcome::Wrong,
        Verdict::NotRun if !arguments.allow_not_run => Outcome::Failed,
        _ => Outcome::Holds,
    }
}

/// Shows which gate is at work.
#[derive(Debug)]
struct Watcher {
    line: Line,
    gate: String,
}

impl Progress for Watcher {
    fn started(&mut self, gate: &Gate, dialect: &str) {
        self.gate = format!("{} on {dialect}", gate.id);
        self.line.say(&self.gate.clone());
    }

    fn step(&mut self, done: usize, of: usize, what: &str) {
        self.line.say(&format!("{} · {done}/{of} {what}", self.gate));
    }

    fn finished(&mut self, _result: &GateResult) {}
}
