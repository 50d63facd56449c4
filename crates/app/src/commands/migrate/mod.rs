//! `architrave migrate`

mod alembic;
mod differ;
mod new;
mod placing;
mod rebase;
mod show;
mod watch;
pub(super) mod written;

use std::fmt::Write as _;
use std::path::Path;
use std::time::Duration;

use diagnostics::render::visible;
use engine::{CancelToken, DatabaseUrl};
use journal::{Fault, Language, Migration};
use plan::Relational;
use runner::{Aside, Cause, Drift, Job, Repair, Settings, Stop};

use super::{findings, trail};
use crate::cli::{
    Format, MigrateApply, MigrateBaseline, MigrateCommand, MigrateContract, MigrateRepair, MigrateRollback,
    MigrateStatus, Place, Waits,
};
use crate::{Context, Outcome};

pub(crate) fn run(context: Context, command: &MigrateCommand) -> Outcome {
    let done = match command {
        MigrateCommand::New(arguments) => new::run(context, arguments),
        MigrateCommand::Rebase(arguments) => rebase::run(context, arguments),
        MigrateCommand::Status(arguments) => status(context, arguments, false),
        MigrateCommand::Verify(arguments) => status(context, arguments, true),
        MigrateCommand::Apply(arguments) => apply(context, arguments),
        MigrateCommand::Rollback(arguments) => rollback(context, arguments),
        MigrateCommand::Contract(arguments) => contract(context, arguments),
        MigrateCommand::Baseline(arguments) => baseline(context, arguments),
        MigrateCommand::Repair(arguments) => repair(context, arguments),
    };
    match done {
        Ok(outcome) | Err(Told::Outcome(outcome)) => outcome,
        Err(Told::Stop(stop)) => complain(context, &stop),
    }
}

/// Why a command ends early: told already, or to be told.
enum Told {
    Outcome(Outcome),
    Stop(Box<Stop>),
}

impl From<Stop> for Told {
    fn from(stop: Stop) -> Self {
        Self::Stop(Box::new(stop))
    }
}

fn complain(context: Context, stop: &Stop) -> Outcome {
    findings::complain(context, &stop.message, None);
    let mut text = String::new();
    // What a server says can have several lines.
    for line in stop.details.iter().flat_map(|it| it.lines()) {
        let _ = writeln!(text, "  {}", visible(line));
    }
    if let Some(help) = &stop.help {
        let _ = writeln!(text, "  = help: {}", visible(help));
    }
    context.terminal.complain(&text);
    match stop.cause {
        Cause::Wrong => Outcome::Wrong,
        Cause::Failed => Outcome::Failed,
    }
}

fn read(context: Context, folder: &Path) -> Result<Vec<Migration>, Told> {
    journal::read(&context.machine, folder).map_err(|faults| tell_faults(context, &faults))
}

fn tell_faults(context: Context, faults: &[Fault]) -> Told {
    for fault in faults {
        findings::complain(context, &fault.to_string(), fault.help.as_deref());
    }
    Told::Outcome(Outcome::Wrong)
}

/// What every part of the command works on.
struct Subject {
    url: DatabaseUrl,
    dialect: &'static Relational,
    migrations: Vec<Migration>,
}

impl Subject {
    fn read(context: Context, place: &Place) -> Result<Self, Told> {
        let url = trail::address(context, &place.database).map_err(Told::Outcome)?;
        let folder = place.path.join(&place.folder);
        let migrations = read(context, &folder)?;
        let name = match url {
            DatabaseUrl::Postgres(_) => "postgres",
            DatabaseUrl::Sqlite(_) => "sqlite",
            DatabaseUrl::Mariadb(_) => "mariadb",
        };
        let dialect = dialects::by_name(name).ok_or(Told::Outcome(Outcome::Failed))?;
        Ok(Self {
            url,
            dialect,
            migrations,
        })
    }

    fn job<'a>(&'a self, context: &'a Context, settings: &'a Settings) -> Job<'a> {
        Job {
            system: &context.machine,
            url: &self.url,
            dialect: self.dialect,
            migrations: &self.migrations,
            settings,
        }
    }

    fn language(&self) -> Language {
        match self.url {
            DatabaseUrl::Postgres(_) => Language::Postgres,
            // No command goes on with an address of MariaDB.
            DatabaseUrl::Sqlite(_) | DatabaseUrl::Mariadb(_) => Language::Sqlite,
        }
    }
}

fn settings(context: Context, waits: Option<&Waits>) -> Settings {
    let (user, host) = context.machine.person();
    Settings {
        actor: user,
        host,
        process: std::process::id(),
        patience: Duration::from_secs(waits.map_or(10, |it| it.wait)),
        lock_timeout: Duration::from_millis(waits.map_or(2000, |it| it.lock_timeout)),
        tries: waits.map_or(10, |it| it.tries),
        maker: format!("architrave {}, {}", env!("CARGO_PKG_VERSION"), physical::FORMAT),
        accept_drift: waits.is_some_and(|it| it.accept_drift),
        out_of_order: false,
        cancel: CancelToken::default(),
    }
}

fn status(context: Context, arguments: &MigrateStatus, verify: bool) -> Result<Outcome, Told> {
    let subject = Subject::read(context, &arguments.place)?;
    let settings = settings(context, None);
    let survey = runner::survey(&subject.job(&context, &settings))?;
    let faults = survey.faults();
    let drifted = matches!(survey.drift, Drift::Differs { .. });
    let differences = (verify && drifted).then(|| differ::explain(context, &subject, &settings, &survey));
    context.terminal.print(&match arguments.format {
        Format::Json => show::json(&survey, &faults, differences.as_ref()),
        Format::Text => show::text(&survey, &faults, verify) + &show::differences(differences.as_ref()),
    });
    Ok(if verify && !faults.is_empty() {
        Outcome::Wrong
    } else {
        Outcome::Holds
    })
}

fn apply(context: Context, arguments: &MigrateApply) -> Result<Outcome, Told> {
    let subject = Subject::read(context, &arguments.place)?;
    let settings = Settings {
        out_of_order: arguments.out_of_order,
        ..settings(context, Some(&arguments.waits))
    };
    let job = subject.job(&context, &settings);
    if arguments.dry_run {
        return dry_run(context, &subject, &job, arguments);
    }
    let mut watch = watch::Watch::new(context, arguments.waits.verbose);
    let count = runner::apply(&job, arguments.to, &mut |told| watch.tell(&told))?;
    drop(watch);
    context.terminal.print(&match count {
        0 => "nothing is pending\n".to_owned(),
        1 => "1 migration applied\n".to_owned(),
        _ => format!("{count} migrations applied\n"),
    });
    Ok(Outcome::Holds)
}

/// The statements that would run, each with how it would.
fn dry_run(
    context: Context,
    subject: &Subject,
    job: &Job<'_>,
    arguments: &MigrateApply,
) -> Result<Outcome, Told> {
    let survey = runner::survey(job)?;
    let mut text = String::new();
    for entry in survey.migrations.iter().filter(|entry| !entry.is_applied()) {
        let migration = subject.migrations.iter().find(|it| it.number == entry.number);
        let wanted = arguments.to.is_none_or(|to| entry.number <= to);
        if let Some(migration) = migration.filter(|_| wanted) {
            let statements = migration.up.statements(subject.language()).map_err(Stop::from)?;
            text.push_str(&show::statements(&migration.title(), &statements));
        }
    }
    context.terminal.print(&text);
    let faults = survey.faults();
    for (message, help) in &faults {
        findings::complain(context, message, Some(help));
    }
    Ok(if faults.is_empty() {
        Outcome::Holds
    } else {
        Outcome::Wrong
    })
}

fn rollback(context: Context, arguments: &MigrateRollback) -> Result<Outcome, Told> {
    let subject = Subject::read(context, &arguments.place)?;
    let settings = settings(context, Some(&arguments.waits));
    let mut watch = watch::Watch::new(context, arguments.waits.verbose);
    let job = subject.job(&context, &settings);
    let count = runner::rollback(&job, arguments.to, arguments.steps, &mut |told| watch.tell(&told))?;
    drop(watch);
    context.terminal.print(&match count {
        0 => "there is nothing to roll back\n".to_owned(),
        1 => "1 migration rolled back\n".to_owned(),
        _ => format!("{count} migrations rolled back\n"),
    });
    Ok(Outcome::Holds)
}

fn baseline(context: Context, arguments: &MigrateBaseline) -> Result<Outcome, Told> {
    let subject = Subject::read(context, &arguments.place)?;
    let settings = settings(context, None);
    if !arguments.accept_drift {
        let covered = subject.migrations.iter().filter(|it| it.number <= arguments.to);
        let covered: Vec<Migration> = covered.cloned().collect();
        is_there(context, &subject, &settings, &covered)?;
    }
    let mut watch = watch::Watch::new(context, false);
    let job = subject.job(&context, &settings);
    let count = runner::baseline(&job, arguments.to, &mut |told| watch.tell(&told))?;
    drop(watch);
    context.terminal.print(&match count {
        1 => "1 migration counts as applied; it was not run\n".to_owned(),
        _ => format!("{count} migrations count as applied; none was run\n"),
    });
    Ok(Outcome::Holds)
}

/// Runs migrations on a temporary database, and stops where the database has another schema.
fn is_there(
    context: Context,
    subject: &Subject,
    settings: &Settings,
    covered: &[Migration],
) -> Result<(), Told> {
    let stop = |message: &str, details: Vec<String>, help: &str| {
        Told::Stop(Box::new(Stop {
            cause: Cause::Wrong,
            message: message.to_owned(),
            details,
            help: Some(help.to_owned()),
        }))
    };
    match differ::beyond(context, subject, settings, covered) {
        Ok(statements) if statements.is_empty() => Ok(()),
        Ok(statements) => Err(stop(
            "the database has another schema than these migrations make; what it has beyond, as statements:",
            statements,
            "change the migrations, or the database; to take it as it is, `--accept-drift`; nothing was written",
        )),
        Err(reason) => Err(stop(
            &format!("whether the schema is there cannot be said: {reason}"),
            Vec::new(),
            "mend that; if you know that it is, `--accept-drift`; nothing was written",
        )),
    }
}

fn contract(context: Context, arguments: &MigrateContract) -> Result<Outcome, Told> {
    let subject = Subject::read(context, &arguments.place)?;
    let settings = settings(context, None);
    let job = subject.job(&context, &settings);
    let text = if arguments.destroy {
        let mut watch = watch::Watch::new(context, false);
        let gone = runner::contract(&job, arguments.to, &mut |told| watch.tell(&told))?;
        drop(watch);
        show::asides(&gone, "destroyed")
    } else {
        let survey = runner::survey(&job)?;
        let wanted = |aside: &&Aside| aside.by.is_some_and(|by| arguments.to.is_none_or(|to| by <= to));
        let kept: Vec<Aside> = survey.kept.iter().filter(wanted).cloned().collect();
        let mut text = show::asides(&kept, "set aside");
        if !kept.is_empty() {
            text.push_str("nothing was destroyed; `--destroy` does it, and then these migrations cannot be rolled back\n");
        }
        text
    };
    context.terminal.print(&text);
    Ok(Outcome::Holds)
}

fn repair(context: Context, arguments: &MigrateRepair) -> Result<Outcome, Told> {
    let subject = Subject::read(context, &arguments.place)?;
    let settings = settings(context, None);
    let what = match arguments {
        MigrateRepair {
            accept_files: Some(number),
            ..
        } => Repair::AcceptFiles(*number),
        it if it.done => Repair::Done,
        it if it.again => Repair::Again,
        it if it.remove_lease => Repair::RemoveLease,
        it if it.forget_unfinished => Repair::ForgetUnfinished,
        _ => Repair::AcceptHistory,
    };
    let mut watch = watch::Watch::new(context, false);
    let said = runner::repair(&subject.job(&context, &settings), what, &mut |told| {
        watch.tell(&told)
    })?;
    drop(watch);
    context.terminal.print(&format!("{said}\n"));
    Ok(Outcome::Holds)
}
