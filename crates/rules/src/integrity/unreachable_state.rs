//! The moves lead to it, but nothing leads to the moves.

use diagnostics::{Diagnostic, Diagnostics, Rule, Severity};
use model::{Enum, Model};

use crate::Lint;

static RULE: Rule = Rule {
    code: "INT003",
    name: "unreachable-state",
    severity: Severity::Warning,
    summary: "a state can be entered only from states that are never entered",
};

/// The lint.
pub(crate) static LINT: Lint = Lint { rule: &RULE, check };

fn check(model: &Model, found: &mut Diagnostics) {
    for it in model.enums.iter().filter(|it| !it.moves.is_empty()) {
        let reached = reached(it);
        for (at, member) in it.members.iter().enumerate() {
            let entered = it.moves.iter().any(|(_, to)| *to as usize == at);
            if entered && reached.get(at) == Some(&false) {
                let message = format!("no row of state `{}` can ever exist", member.name.text);
                let help = "only states lead to it that are unreachable themselves: add a move from a first state, or `@initial`";
                found.push(Diagnostic::new(&RULE, member.name.span, message).help(help));
            }
        }
    }
}

/// Which members some chain of moves from a first one leads to.
fn reached(it: &Enum) -> Vec<bool> {
    let mut next: Vec<Vec<u32>> = vec![Vec::new(); it.members.len()];
    for (from, to) in &it.moves {
        if let Some(list) = next.get_mut(*from as usize) {
            list.push(*to);
        }
    }
    let mut reached = vec![false; it.members.len()];
    let mut open = it.initial.clone();
    while let Some(at) = open.pop() {
        if let Some(seen) = reached.get_mut(at as usize).filter(|seen| !**seen) {
            *seen = true;
            open.extend(next.get(at as usize).into_iter().flatten());
        }
    }
    // What no move enters is said by the resolver.
    reached
}
