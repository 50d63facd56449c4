//! How to see for oneself that a claim does not hold.

use serde::{Deserialize, Serialize};

/// A way to see that a claim does not hold, complete enough to be replayed by hand.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Counterexample {
    /// What is wrong, in a sentence.
    pub summary: String,
    /// Whose statements these are; absent when the catalog alone shows it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actor: Option<Actor>,
    /// What to run, in order, on a freshly built schema.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub statements: Vec<String>,
    /// What should have happened.
    pub expected: String,
    /// What happened.
    pub observed: String,
    /// Object by object, when two schemas differ.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub differences: Vec<String>,
}

/// As whom, and for whom, statements were run.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Actor {
    /// The role of the database; `superuser` for the server's own.
    pub role: String,
    /// Public id of the actor in the context, when one was set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actor: Option<String>,
    /// Public id of the tenant in the context, when one was set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tenant: Option<String>,
}

impl Counterexample {
    /// What is wrong, what should have happened, and what happened.
    #[must_use]
    pub fn new(summary: impl Into<String>, expected: impl Into<String>, observed: impl Into<String>) -> Self {
        Self {
            summary: summary.into(),
            expected: expected.into(),
            observed: observed.into(),
            ..Self::default()
        }
    }

    /// With the statements that show it.
    #[must_use]
    pub fn with_statements(mut self, statements: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.statements.extend(statements.into_iter().map(Into::into));
        self
    }

    /// With the role that ran them.
    #[must_use]
    pub fn run_as(mut self, role: impl Into<String>) -> Self {
        self.actor = Some(Actor {
            role: role.into(),
            ..Actor::default()
        });
        self
    }

    /// With the differences that show it.
    #[must_use]
    pub fn with_differences(mut self, differences: impl IntoIterator<Item = String>) -> Self {
        self.differences.extend(differences);
        self
    }
}
