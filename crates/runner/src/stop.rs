//! Why a run ends before its end.

use engine::EngineError;
use journal::Fault;

/// Whose matter it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// The migrations, the history or the schema are not as they must be.
    Wrong,
    /// The environment: no server, no right, no room, another run.
    Failed,
}

/// Why a run ends, what state things are in, and what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stop {
    /// Whose matter it is.
    pub cause: Cause,
    /// What is wrong.
    pub message: String,
    /// More of it, a line each.
    pub details: Vec<String>,
    /// What to do.
    pub help: Option<String>,
}

impl Stop {
    pub(crate) fn wrong(message: impl Into<String>, help: impl Into<String>) -> Self {
        Self::new(Cause::Wrong, message, help)
    }

    pub(crate) fn failed(message: impl Into<String>, help: impl Into<String>) -> Self {
        Self::new(Cause::Failed, message, help)
    }

    fn new(cause: Cause, message: impl Into<String>, help: impl Into<String>) -> Self {
        Self {
            cause,
            message: message.into(),
            details: Vec::new(),
            help: Some(help.into()),
        }
    }

    pub(crate) fn with(mut self, details: impl IntoIterator<Item = String>) -> Self {
        self.details.extend(details);
        self
    }
}

impl From<EngineError> for Stop {
    fn from(error: EngineError) -> Self {
        Self {
            cause: Cause::Failed,
            message: error.to_string(),
            details: Vec::new(),
            help: error.help().map(str::to_owned),
        }
    }
}

impl From<Fault> for Stop {
    fn from(fault: Fault) -> Self {
        Self {
            cause: Cause::Wrong,
            message: fault.to_string(),
            details: Vec::new(),
            help: fault.help,
        }
    }
}
