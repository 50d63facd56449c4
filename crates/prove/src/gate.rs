//! What a gate is: static metadata and one function.

use engine::EngineError;
use evidence::Counterexample;

use crate::bench::Bench;

/// A claim, and the function that tries to refute it on a real database.
#[derive(Debug)]
pub struct Gate {
    /// A stable word: `secure-fields`. Its page is `docs/gates/<id>.md`.
    pub id: &'static str,
    /// For people: `secure fields`.
    pub title: &'static str,
    /// What it claims, as a sentence without a final period.
    pub claim: &'static str,
    /// Against whom; `None` when no attacker is meant.
    pub attacker: Option<&'static str>,
    /// Guarantees (the words of [`physical::Lost`]) that this gate speaks of: where a database cannot give one, the gate says so.
    /// What no gate speaks of is said by `secure-fields`.
    pub guarantees: &'static [&'static str],
    /// Tries to refute it. What it finds goes to the bench; the error is why it could not go on.
    pub run: fn(&mut Bench<'_>) -> Result<(), Stop>,
}

/// Why a gate could not go on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stop {
    /// Somebody asked for the end.
    Cancelled,
    /// The database, or the way to it, failed.
    Engine(EngineError),
    /// Rows that should be legal are refused; a finding for the gate that speaks of constraints, an obstacle for the others.
    Refused(Box<Counterexample>),
    /// What the gate needs is not there, in a sentence.
    Unable(String),
}

impl From<EngineError> for Stop {
    fn from(error: EngineError) -> Self {
        match error {
            EngineError::Cancelled => Self::Cancelled,
            other => Self::Engine(other),
        }
    }
}

impl std::fmt::Display for Stop {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Cancelled => f.write_str("cancelled"),
            Self::Engine(error) => match error.help() {
                Some(help) => write!(f, "{error}; {help}"),
                None => write!(f, "{error}"),
            },
            Self::Refused(example) => write!(f, "{}: {}", example.summary, example.observed),
            Self::Unable(reason) => f.write_str(reason),
        }
    }
}
