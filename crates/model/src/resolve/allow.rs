//! Rights beyond those of the owner.

use syntax::ast::{self, AllowWhen};

use super::exprs::{Place, Scope};
use super::{Near, Resolver};
use crate::{AccessRule, Action, Allow, EntityId, Ownership, RoleId, codes};

const ACTIONS: [(&str, Action); 4] = [
    ("read", Action::Read),
    ("create", Action::Create),
    ("update", Action::Update),
    ("delete", Action::Delete),
];

impl<'t> Resolver<'t> {
    pub(super) fn allow(&mut self, id: EntityId, view: ast::Allow<'t>) {
        let mut actions = Vec::new();
        for name in view.operations() {
            match ACTIONS.iter().find(|(word, _)| *word == name.text) {
                Some((_, action)) if actions.contains(action) => {
                    let message = format!("`{}` is listed twice", name.text);
                    self.report(&codes::REPEATED_NAME, name.span, message, "remove one of them");
                }
                Some((_, action)) => actions.push(*action),
                None => {
                    let meant = self.near(name.text, ACTIONS.iter().map(|(word, _)| *word));
                    let message = format!("`{}` is nothing that can be allowed", name.text);
                    let help = "there are `read`, `create`, `update` and `delete`";
                    self.unknown(
                        &codes::UNKNOWN_ACTION,
                        name.span,
                        message,
                        Near {
                            typed: name.text,
                            meant,
                        },
                        help,
                    );
                }
            }
        }
        let mut roles = Vec::new();
        for name in view.roles() {
            roles.extend(self.expect_role(name));
        }
        let rule = match view.when() {
            None => Some(AccessRule::Always),
            Some(AllowWhen::Name(name)) => self.allowed_to(id, name),
            Some(AllowWhen::Expr(expr)) => {
                let mut scope = Scope::new(id, Place::Allow);
                Some(AccessRule::When(self.condition(&mut scope, expr)))
            }
        };
        let named = view.roles().next().is_some();
        if let Some(rule) = rule.filter(|_| !actions.is_empty() && named != roles.is_empty()) {
            let allow = Allow {
                actions,
                roles,
                rule,
                span: view.span(),
            };
            self.change(id, |entity| entity.allows.push(allow));
        }
    }

    fn expect_role(&mut self, name: ast::Name<'_>) -> Option<RoleId> {
        if let Some(id) = self.roles.get(name.text) {
            return Some(*id);
        }
        let mut names: Vec<&str> = self.roles.keys().copied().collect();
        names.sort_unstable();
        let meant = self.near(name.text, names.into_iter());
        let message = format!("there is no role `{}`", name.text);
        let help = format!("declare it: `role {} because \"…\"`", name.text);
        self.unknown(
            &codes::UNKNOWN_ROLE,
            name.span,
            message,
            Near {
                typed: name.text,
                meant,
            },
            &help,
        );
        None
    }

    fn allowed_to(&mut self, id: EntityId, name: ast::Name<'t>) -> Option<AccessRule> {
        let entity = self.model.entity(id)?;
        let owned = matches!(
            entity.ownership,
            Ownership::Itself | Ownership::Owner(_) | Ownership::Inherited { .. }
        );
        let in_tenant = entity.tenant.value || entity.ownership == Ownership::IsTenant;
        let unclear = entity.ownership == Ownership::Unknown;
        let (rule, exists) = match name.text {
            "owner" => (AccessRule::Owner, owned || unclear),
            "tenant" => (AccessRule::Tenant, in_tenant || self.tenant_unclear),
            _ => {
                let meant = self.near(name.text, ["owner", "tenant"].into_iter());
                let message = format!("`when {}` says nothing", name.text);
                let help = "write `when owner`, `when tenant`, or a condition in parentheses: `when (published = true)`";
                self.unknown(
                    &codes::UNKNOWN_ACTION,
                    name.span,
                    message,
                    Near {
                        typed: name.text,
                        meant,
                    },
                    help,
                );
                return None;
            }
        };
        if !exists {
            let message = format!("a `{}` has no {}", entity.name.text, name.text);
            self.report(
                &codes::NOBODY_TO_ALLOW,
                name.span,
                message,
                "write a condition in parentheses, or nothing to allow it for every row",
            );
            return None;
        }
        Some(rule)
    }
}
