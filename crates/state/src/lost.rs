//! What a database cannot give: told in one finding, and explained in full on request.

use diagnostics::Diagnostic;
use physical::Lost;
use plan::Relational;

use crate::codes;

/// A guarantee that a database cannot give, with all the objects that would have had it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LostGuarantee<'a> {
    /// Which: `row-level-security`.
    pub guarantee: &'static str,
    /// What would have had it.
    pub objects: Vec<&'a str>,
    /// What that means, and what stands in for it; one for each different reason.
    pub reasons: Vec<&'a str>,
}

/// Guarantees in the order in which they were lost, each once.
#[must_use]
pub fn by_guarantee(lost: &[Lost]) -> Vec<LostGuarantee<'_>> {
    let mut all: Vec<LostGuarantee<'_>> = Vec::new();
    for one in lost {
        let at = match all.iter().position(|known| known.guarantee == one.guarantee) {
            Some(at) => at,
            None => {
                all.push(LostGuarantee {
                    guarantee: one.guarantee,
                    objects: Vec::new(),
                    reasons: Vec::new(),
                });
                all.len() - 1
            }
        };
        let Some(known) = all.get_mut(at) else { continue };
        known.objects.push(&one.object);
        if !known.reasons.contains(&one.reason.as_str()) {
            known.reasons.push(&one.reason);
        }
    }
    all
}

/// One note for a database, or none when nothing is lost.
pub(crate) fn finding(dialect: &Relational, lost: &[Lost]) -> Option<Diagnostic> {
    let all = by_guarantee(lost);
    if all.is_empty() {
        return None;
    }
    let names: Vec<&str> = all.iter().map(|lost| lost.guarantee).collect();
    let plural = if names.len() == 1 { "" } else { "s" };
    let message = format!(
        "{} cannot give {} guarantee{plural} of this schema",
        dialect.title,
        names.len()
    );
    Some(
        Diagnostic::global(&codes::GUARANTEE_LOST, message)
            .help(names.join(", "))
            .help(format!(
                "`architrave explain {}` says what each means, and what stands in for it",
                dialect.name
            )),
    )
}
