//! Turns what a database cannot give into findings: one for each guarantee, however many objects would have had it.

use diagnostics::Diagnostic;
use physical::Lost;
use plan::Relational;

use crate::codes;

/// One note per guarantee, in the order in which they were lost.
pub(crate) fn findings(dialect: &Relational, lost: &[Lost]) -> Vec<Diagnostic> {
    let mut seen: Vec<(&str, Vec<&Lost>)> = Vec::new();
    for one in lost {
        match seen.iter_mut().find(|(guarantee, _)| *guarantee == one.guarantee) {
            Some((_, all)) => all.push(one),
            None => seen.push((one.guarantee, vec![one])),
        }
    }
    seen.into_iter()
        .filter_map(|(guarantee, all)| finding(dialect, guarantee, &all))
        .collect()
}

fn finding(dialect: &Relational, guarantee: &str, all: &[&Lost]) -> Option<Diagnostic> {
    let first = all.first()?;
    let more = match all.len() {
        1 => String::new(),
        count => format!(" (and {} more)", count - 1),
    };
    let title = dialect.title;
    let message = format!("{title} cannot give `{guarantee}` to `{}`{more}", first.object);
    let finding = match first.origin.span() {
        Some(span) => Diagnostic::new(&codes::GUARANTEE_LOST, span, message),
        None => Diagnostic::global(&codes::GUARANTEE_LOST, message),
    };
    Some(finding.help(first.reason.clone()))
}
