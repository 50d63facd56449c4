//! The `architrave` binary: command line, printing, and the only user of the real machine.

mod cli;
mod commands;
mod machine;
mod pages;
mod progress;
mod terminal;

use std::process::ExitCode;

use clap::Parser as _;
use project::System as _;

use cli::{Cli, Command};
use machine::Machine;
use terminal::Terminal;

/// How a command ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It holds.
    Holds,
    /// Something is wrong with the user's schema, or a gate refuted.
    Wrong,
    /// The call was wrong.
    Misused,
    /// The environment failed: no such server, no room, no right.
    Failed,
}

impl From<Outcome> for ExitCode {
    fn from(outcome: Outcome) -> Self {
        Self::from(match outcome {
            Outcome::Holds => 0,
            Outcome::Wrong => 1,
            Outcome::Misused => 2,
            Outcome::Failed => 3,
        })
    }
}

/// What every command is given.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Context {
    pub(crate) machine: Machine,
    pub(crate) terminal: Terminal,
}

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version are answers; everything else is a wrong call.
            let asked = !error.use_stderr();
            let unread = match error.print() {
                Err(cause) => cause.kind() != std::io::ErrorKind::BrokenPipe,
                Ok(()) => false,
            };
            return match (asked, unread) {
                (false, _) => Outcome::Misused,
                (true, true) => Outcome::Failed,
                (true, false) => Outcome::Holds,
            }
            .into();
        }
    };
    let machine = Machine;
    let context = Context {
        machine,
        terminal: Terminal::new(machine, cli.color),
    };
    let outcome = run(context, &cli.command);
    if outcome == Outcome::Holds && context.terminal.lost_output() {
        Outcome::Failed
    } else {
        outcome
    }
    .into()
}

fn run(context: Context, command: &Command) -> Outcome {
    if let Some(path) = command.path()
        && !context.machine.exists(path)
    {
        let message = format!("there is nothing at `{}`", path.display());
        commands::findings::complain(
            context,
            &message,
            Some("name the project's folder, or one .arch file"),
        );
        return Outcome::Misused;
    }
    match command {
        Command::Init(arguments) => commands::init::run(context, arguments),
        Command::Check(arguments) => commands::check::run(context, arguments),
        Command::Fmt(arguments) => commands::fmt::run(context, arguments),
        Command::Build(arguments) => commands::build::run(context, arguments),
        Command::Explain(arguments) => commands::explain::run(context, arguments),
        Command::Import(arguments) => commands::import::run(context, arguments),
        Command::Diff(arguments) => commands::diff::run(context, arguments),
        Command::Prove(arguments) => commands::prove::run(context, arguments),
        Command::Migrate(arguments) => commands::migrate::run(context, &arguments.command),
        Command::Seal(arguments) => commands::seal::run(context, arguments),
        Command::Verify(arguments) => commands::verify::run(context, arguments),
    }
}
