//! Writes down what was found in a cell.

use evidence::{Actor, Claim, Counterexample, Proof};

use super::guise::Guise;
use super::try_out::Outcome;
use crate::bench::Bench;

/// The counterexamples to one claim about one object.
#[derive(Debug)]
pub(crate) struct Sheet {
    id: &'static str,
    object: String,
    claim: String,
    /// In a few words, what was tried.
    pub(crate) summary: String,
    found: Vec<Counterexample>,
}

impl Sheet {
    pub(crate) fn new(id: &'static str, object: impl Into<String>, claim: impl Into<String>) -> Self {
        Self {
            id,
            object: object.into(),
            claim: claim.into(),
            summary: String::new(),
            found: Vec::new(),
        }
    }

    /// Something that should not be.
    pub(crate) fn wrong(
        &mut self,
        role: &str,
        guise: &Guise,
        sql: &str,
        expected: &str,
        outcome: &Outcome,
        what: &str,
    ) {
        self.observed(role, guise, sql, expected, &outcome.told(), what);
    }

    /// The same, with what happened in words.
    pub(crate) fn observed(
        &mut self,
        role: &str,
        guise: &Guise,
        sql: &str,
        expected: &str,
        observed: &str,
        what: &str,
    ) {
        let mut example =
            Counterexample::new(format!("`{role}` for {}: {what}", guise.name), expected, observed);
        example.actor = Some(Actor {
            role: role.to_owned(),
            actor: guise.values.actor.clone(),
            tenant: guise.values.tenant.clone(),
        });
        let begin = std::iter::once("BEGIN".to_owned());
        self.found
            .push(example.with_statements(begin.chain(guise.enter.iter().cloned()).chain([sql.to_owned()])));
    }

    /// A counterexample that the catalog alone shows.
    pub(crate) fn fault(&mut self, example: Counterexample) {
        self.found.push(example);
    }

    /// Gives the finding to the bench: the first counterexample, and how many more there were.
    pub(crate) fn file(self, bench: &mut Bench<'_>) {
        let more = self.found.len().saturating_sub(1);
        let object = Some(self.object).filter(|object| !object.is_empty());
        bench.claim(match self.found.into_iter().next() {
            None => Claim::proved(self.id, object, self.claim, Proof::new(self.summary)),
            Some(mut example) => {
                if more > 0 {
                    example.observed.push_str(&format!(" (and {more} more like it)"));
                }
                Claim::refuted(self.id, object, self.claim, example)
            }
        });
    }
}
