//! A role that nothing names is a leftover, or a forgotten `allow`.

use diagnostics::{Diagnostic, Diagnostics, Rule, Severity};
use model::{Model, RoleId};

use crate::Lint;

static RULE: Rule = Rule {
    code: "SEC009",
    name: "role-without-rights",
    severity: Severity::Warning,
    summary: "a role is declared and may do nothing",
};

/// The lint.
pub(crate) static LINT: Lint = Lint { rule: &RULE, check };

fn check(model: &Model, found: &mut Diagnostics) {
    let mut used = vec![false; model.roles.len()];
    let named = model
        .entities
        .iter()
        .flat_map(|entity| &entity.allows)
        .flat_map(|allow| &allow.roles);
    for RoleId(role) in named {
        if let Some(used) = used.get_mut(*role as usize) {
            *used = true;
        }
    }
    for (role, _) in model.roles.iter().zip(used).filter(|(_, used)| !used) {
        let message = format!("`{}` may do nothing", role.name.text);
        found.push(Diagnostic::new(&RULE, role.name.span, message).help(format!(
            "write `allow read to {}` in an entity, or remove the role",
            role.name.text
        )));
    }
}
