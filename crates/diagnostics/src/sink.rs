//! Collects findings, with a limit per kind, so that hostile input cannot fill the memory with complaints.

use crate::{Diagnostic, Severity};

/// How many findings of one rule are kept. The rest are counted.
const LIMIT_PER_RULE: usize = 1_000;

/// A growing list of findings.
#[derive(Debug, Default)]
pub struct Diagnostics {
    found: Vec<Diagnostic>,
    per_rule: Vec<(&'static str, usize)>,
    errors: usize,
}

impl Diagnostics {
    /// Adds a finding, unless a thousand of its kind are there already.
    pub fn push(&mut self, diagnostic: Diagnostic) {
        self.errors += usize::from(diagnostic.severity == Severity::Error);
        let code = diagnostic.rule.code;
        let known = self.per_rule.iter_mut().find(|(known, _)| *known == code);
        let count = match known {
            Some((_, count)) => {
                *count += 1;
                *count
            }
            None => {
                self.per_rule.push((code, 1));
                1
            }
        };
        if count <= LIMIT_PER_RULE {
            self.found.push(diagnostic);
        }
    }

    /// Adds all of another list.
    pub fn append(&mut self, other: Self) {
        for diagnostic in other.found {
            self.push(diagnostic);
        }
    }

    /// Whether any error was found.
    #[must_use]
    pub fn has_errors(&self) -> bool {
        self.errors > 0
    }

    /// What was found, in the order of finding.
    pub fn iter(&self) -> impl Iterator<Item = &Diagnostic> {
        self.found.iter()
    }

    /// How many findings of each rule were left out because of the limit.
    pub fn left_out(&self) -> impl Iterator<Item = (&'static str, usize)> {
        self.per_rule
            .iter()
            .filter(|(_, count)| *count > LIMIT_PER_RULE)
            .map(|(code, count)| (*code, count - LIMIT_PER_RULE))
    }

    /// What was found, by file and place; findings without a place come first.
    #[must_use]
    pub fn into_sorted(mut self) -> Vec<Diagnostic> {
        self.found
            .sort_by_key(|d| (d.primary.as_ref().map(|label| label.span), d.rule.code));
        self.found
    }

    /// How many findings are kept.
    #[must_use]
    pub fn len(&self) -> usize {
        self.found.len()
    }

    /// Whether nothing was found.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.found.is_empty()
    }
}

impl Extend<Diagnostic> for Diagnostics {
    fn extend<T: IntoIterator<Item = Diagnostic>>(&mut self, iter: T) {
        for diagnostic in iter {
            self.push(diagnostic);
        }
    }
}
