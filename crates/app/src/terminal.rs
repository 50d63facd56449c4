//! Printing: the only place that writes to standard output and standard error.

use std::io::{self, BufRead as _, ErrorKind, IsTerminal as _, Write as _};
use std::sync::atomic::{AtomicBool, Ordering};

use project::System;

use crate::cli::When;
use crate::machine::Machine;

/// Whether an answer could not be written whole, for another reason than that nobody reads it.
static CUT_OFF: AtomicBool = AtomicBool::new(false);

/// Where output goes, and how it may look.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Terminal {
    /// Whether standard output takes colours.
    pub(crate) color: bool,
    /// Whether standard error does.
    pub(crate) error_color: bool,
    /// Whether standard error is a terminal, so that progress makes sense.
    pub(crate) progress: bool,
    /// Whether somebody sits there who can answer.
    pub(crate) can_ask: bool,
    /// Columns.
    pub(crate) width: usize,
}

impl Terminal {
    /// What the machine and the user say.
    pub(crate) fn new(machine: Machine, when: When) -> Self {
        let plain =
            machine.variable("NO_COLOR").is_some() || machine.variable("TERM").as_deref() == Some("dumb");
        let colored = |terminal: bool| match when {
            When::Always => true,
            When::Never => false,
            When::Auto => terminal && !plain,
        };
        let (color, error_color) = (
            colored(io::stdout().is_terminal()),
            colored(io::stderr().is_terminal()),
        );
        let width = machine
            .variable("COLUMNS")
            .and_then(|columns| columns.parse().ok())
            .unwrap_or(100);
        Self {
            color,
            error_color,
            progress: io::stderr().is_terminal() && !plain,
            can_ask: io::stdin().is_terminal() && io::stderr().is_terminal(),
            width: width.clamp(40, 160),
        }
    }

    /// Asks a question; whatever is not a yes is a no.
    pub(crate) fn ask(self, question: &str) -> bool {
        self.complain(&format!("{question} [y/N] "));
        let mut answer = String::new();
        let read = io::stdin().lock().read_line(&mut answer);
        read.is_ok() && matches!(answer.trim().to_lowercase().as_str(), "y" | "yes")
    }

    /// Prints to standard output. A reader that has gone (`| head`) is no error; a disk that is full is.
    pub(crate) fn print(self, text: &str) {
        let mut out = io::stdout().lock();
        let Err(error) = out.write_all(text.as_bytes()).and_then(|()| out.flush()) else {
            return;
        };
        if error.kind() != ErrorKind::BrokenPipe && !CUT_OFF.swap(true, Ordering::Relaxed) {
            self.complain(&format!("error: the answer cannot be written: {error}\n"));
        }
    }

    /// Whether an answer was lost: whoever reads the file later must not take it for whole.
    pub(crate) fn lost_output(self) -> bool {
        CUT_OFF.load(Ordering::Relaxed)
    }

    /// Prints to standard error.
    pub(crate) fn complain(self, text: &str) {
        let mut out = io::stderr().lock();
        if out.write_all(text.as_bytes()).and_then(|()| out.flush()).is_err() {
            // There is nowhere else to say it.
        }
    }
}
