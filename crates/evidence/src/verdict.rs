//! What a gate answers, and how answers add up.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What was found about a claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// It was attacked and held.
    Proved,
    /// It does not hold, and here is how to see it.
    Refuted,
    /// This database cannot give the guarantee.
    NotApplicable,
    /// Nobody tried, or trying could not be finished. Never a success.
    NotRun,
}

impl Verdict {
    /// The verdict over several: refuted before not run before proved. What is not applicable is left out, unless all are.
    /// Nothing at all is not run, because nothing was tried.
    #[must_use]
    pub fn aggregate(verdicts: impl IntoIterator<Item = Self>) -> Self {
        let mut answer: Option<Self> = None;
        for verdict in verdicts {
            answer = Some(match answer {
                Some(worst) if worst.weight() >= verdict.weight() => worst,
                _ => verdict,
            });
        }
        answer.unwrap_or(Self::NotRun)
    }

    const fn weight(self) -> u8 {
        match self {
            Self::NotApplicable => 0,
            Self::Proved => 1,
            Self::NotRun => 2,
            Self::Refuted => 3,
        }
    }

    /// The exit code that it means: a refutation is 1, a gate that was not run 3 (unless that is allowed), all else 0.
    #[must_use]
    pub const fn exit_code(self, allow_not_run: bool) -> u8 {
        match self {
            Self::Refuted => 1,
            Self::NotRun if !allow_not_run => 3,
            Self::NotRun | Self::Proved | Self::NotApplicable => 0,
        }
    }

    /// As it stands in JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Proved => "proved",
            Self::Refuted => "refuted",
            Self::NotApplicable => "not-applicable",
            Self::NotRun => "not-run",
        }
    }
}

impl fmt::Display for Verdict {
    /// For people: `not run` rather than `not-run`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::NotApplicable => "not applicable",
            Self::NotRun => "not run",
            other => other.as_str(),
        })
    }
}
