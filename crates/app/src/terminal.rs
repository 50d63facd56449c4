//! Printing: the only place that writes to standard output and standard error.

use std::io::{self, IsTerminal as _, Write as _};

use project::System;

use crate::cli::When;
use crate::machine::Machine;

/// Where output goes, and how it may look.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Terminal {
    /// Whether standard output takes colours.
    pub(crate) color: bool,
    /// Whether standard error is a terminal, so that progress makes sense.
    pub(crate) progress: bool,
    /// Columns.
    pub(crate) width: usize,
}

impl Terminal {
    /// What the machine and the user say.
    pub(crate) fn new(machine: Machine, when: When) -> Self {
        let plain = machine.variable("NO_COLOR").is_some() || machine.variable("TERM").as_deref() == Some("dumb");
        let color = match when {
            When::Always => true,
            When::Never => false,
            When::Auto => io::stdout().is_terminal() && !plain,
        };
        let width = machine.variable("COLUMNS").and_then(|columns| columns.parse().ok()).unwrap_or(100);
        Self { color, progress: io::stderr().is_terminal() && !plain, width: width.clamp(40, 160) }
    }

    /// Prints to standard output. A reader that has gone (`| head`) is no error.
    pub(crate) fn print(self, text: &str) {
        let mut out = io::stdout().lock();
        if out.write_all(text.as_bytes()).and_then(|()| out.flush()).is_err() {
            // Nobody listens any more; what is left to do does not depend on it.
        }
    }

    /// Prints to standard error.
    pub(crate) fn complain(self, text: &str) {
        let mut out = io::stderr().lock();
        if out.write_all(text.as_bytes()).and_then(|()| out.flush()).is_err() {
            // There is nowhere else to say it.
        }
    }
}
