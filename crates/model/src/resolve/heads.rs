//! The heads of entities: whose they are, what they leave out, and their attributes.

use diagnostics::{Diagnostic, Span};
use syntax::ast::{self, Expr};

use super::policy::{access_of, audit_of, identity_of, versioning_of};
use super::{Near, Resolver};
use crate::{Access, AuditMode, Entity, EntityId, Identity, Opted, Ownership, Versioning, codes, naming};

const OPT_OUTS: [&str; 9] = [
    "soft_delete",
    "versioning",
    "timestamps",
    "authors",
    "audit",
    "access",
    "public_id",
    "tenant",
    "defaults",
];
const ATTRIBUTES: [&str; 8] = [
    "identity",
    "table",
    "was",
    "partition",
    "shard",
    "versioning",
    "access",
    "audit",
];

impl<'t> Resolver<'t> {
    pub(super) fn heads(&mut self) {
        for (at, view) in self.entities.clone().into_iter().enumerate() {
            self.head(EntityId(at as u32), view);
        }
    }

    fn head(&mut self, id: EntityId, view: ast::Entity<'t>) {
        let policy = self.model.policy.clone();
        let ownership = self.said_ownership(id, view);
        let Some(entity) = self.model.entities.get_mut(id.0 as usize) else {
            return;
        };
        entity.identity = policy.identity;
        entity.timestamps = policy.timestamps;
        entity.authors = Opted {
            value: policy.actors,
            said: policy.actor.said,
            because: policy.actor.because,
        };
        entity.soft_delete = policy.soft_delete;
        entity.versioning = policy.versioning;
        entity.audit = policy.audit;
        entity.access = policy.access;
        let in_tenant = policy.tenant.value.is_some_and(|tenant| tenant != id);
        // What is public is everyone's, and who owns themselves may belong to several tenants.
        let apart = matches!(ownership, Ownership::Public { .. } | Ownership::Itself);
        entity.tenant = Opted::by_default(in_tenant && !apart);
        entity.ownership = ownership;
        self.head_attrs(id, view);
        for without in view.without() {
            let because = without.reason().map(|reason| reason.value());
            for name in without.names() {
                self.opt_out(id, name, because.clone());
            }
        }
        self.natural_identity(id, view);
        self.check_principal(id);
    }

    /// What the head says about whose the rows are.
    fn said_ownership(&mut self, id: EntityId, view: ast::Entity<'t>) -> Ownership {
        let public = view.public().map(|public| {
            let because = public.reason().map(|reason| reason.value()).unwrap_or_default();
            Ownership::Public {
                because,
                span: public.span(),
            }
        });
        let tenant = self.model.policy.tenant.clone();
        let is_tenant = tenant.value == Some(id);
        let itself = view.owns_self().map(ast::OwnsSelf::span);
        let second = view.publics().nth(1).map(ast::Public::span);
        let clash = match (itself, &public) {
            (Some(first), Some(Ownership::Public { span, .. })) => Some((first, *span)),
            (None, Some(Ownership::Public { span, .. })) if is_tenant => {
                Some((tenant.said.unwrap_or_default(), *span))
            }
            (Some(first), None) if is_tenant => Some((tenant.said.unwrap_or_default(), first)),
            (_, Some(Ownership::Public { span, .. })) => second.map(|second| (*span, second)),
            _ => None,
        };
        if let Some((first, second)) = clash {
            let message = format!(
                "`{}` says two things about whose its rows are",
                self.entity_name(id)
            );
            let found = Diagnostic::new(&codes::CONTRADICTORY_OWNERSHIP, second, message)
                .also(first, "the other one");
            self.push(found.help("keep one of `owns self`, `public because` and being the tenant"));
        }
        match (itself, public) {
            (Some(_), _) if !is_tenant => Ownership::Itself,
            _ if is_tenant => Ownership::IsTenant,
            (_, Some(public)) => public,
            _ => Ownership::Unknown,
        }
    }

    fn head_attrs(&mut self, id: EntityId, view: ast::Entity<'t>) {
        let mut seen = Vec::new();
        for attr in view.attrs() {
            let Some(name) = attr.name() else { continue };
            if self.is_second(&mut seen, name) {
                continue;
            }
            match name.text {
                "identity" => self.identity(id, attr),
                "table" => {
                    if let Some((table, _)) =
                        self.text_arg(attr, "write the table's name: `@table(\"orders\")`")
                    {
                        self.change(id, |entity| entity.table = table);
                    }
                }
                "was" => {
                    let tables = self.tables_arg(attr);
                    self.change(id, |entity| entity.was = tables);
                }
                "versioning" => self.choice_attr(id, attr, "on", "full", |entity, word, span| {
                    versioning_of(word).map(|value| entity.versioning = said(value, span))
                }),
                "access" => self.choice_attr(id, attr, "separate", "inline", |entity, word, span| {
                    access_of(word).map(|value| entity.access = said(value, span))
                }),
                "audit" => self.choice_attr(id, attr, "plain", "chained", |entity, word, span| {
                    audit_of(word).map(|value| entity.audit = said(value, span))
                }),
                // These name fields, which are not known yet.
                "partition" | "shard" => {}
                _ => self.unknown_attribute(name, &ATTRIBUTES, "an entity"),
            }
        }
    }

    /// Former names of a table: those of entities stand for their tables.
    pub(super) fn tables_arg(&mut self, attr: ast::Attr<'t>) -> Vec<String> {
        let names = self.names_arg(attr, "write the former name: `@was(OldName)`");
        let upper = |name: &str| name.chars().next().is_some_and(char::is_uppercase);
        let tables = names.into_iter().map(|(name, quoted)| match quoted {
            false if upper(&name) => naming::table(&name),
            _ => name,
        });
        tables.collect()
    }

    pub(super) fn change(&mut self, id: EntityId, change: impl FnOnce(&mut Entity)) {
        if let Some(entity) = self.model.entities.get_mut(id.0 as usize) {
            change(entity);
        }
    }

    fn choice_attr(
        &mut self,
        id: EntityId,
        attr: ast::Attr<'t>,
        one: &str,
        other: &str,
        set: impl FnOnce(&mut Entity, &str, Span) -> Option<()>,
    ) {
        let name = attr.name().map_or("", |name| name.text);
        let help = format!(
            "write `@{name}({one})` or `@{name}({other})`; to leave it out, `without {name} because \"…\"`"
        );
        let Some(word) = self.word_arg(attr, &help) else {
            return;
        };
        let Some(entity) = self.model.entities.get_mut(id.0 as usize) else {
            return;
        };
        if word.text == "off" || set(entity, word.text, attr.span()).is_none() {
            self.bad_argument(attr, &help);
        }
    }

    fn identity(&mut self, id: EntityId, attr: ast::Attr<'t>) {
        let mut args = attr.args();
        let first = args.next().and_then(ast::Arg::expr);
        let identity = match first {
            Some(Expr::Path(path)) => path.single().and_then(|word| identity_of(word.text, None)),
            Some(Expr::Call(call)) => {
                let word = call.path().and_then(ast::Path::single);
                let inner = call
                    .args()
                    .and_then(|args| args.iter().next())
                    .and_then(ast::Arg::expr)
                    .and_then(Expr::as_word);
                word.zip(inner)
                    .and_then(|(word, inner)| identity_of(word.text, Some(inner.text)))
            }
            _ => None,
        };
        let Some(identity) = identity.filter(|_| args.next().is_none()) else {
            self.bad_argument(
                attr,
                "write one of `uuid4`, `uuid7`, `uuid(uuid4)`, `internal`, `natural`",
            );
            return;
        };
        let because = match identity {
            Identity::Internal => self.needed_reason(attr, "nothing outside can name its rows"),
            _ => attr.reason().map(|reason| reason.value()),
        };
        self.change(id, |entity| {
            entity.identity = Opted {
                value: identity,
                said: Some(attr.span()),
                because,
            }
        });
    }

    fn opt_out(&mut self, id: EntityId, name: ast::Name<'t>, because: Option<String>) {
        let Some(entity) = self.model.entities.get_mut(id.0 as usize) else {
            return;
        };
        let said = Some(name.span);
        let was_there = match name.text {
            "soft_delete" => switch_off(&mut entity.soft_delete, said, because),
            "timestamps" => switch_off(&mut entity.timestamps, said, because),
            "authors" => switch_off(&mut entity.authors, said, because),
            "tenant" => switch_off(&mut entity.tenant, said, because),
            "versioning" => replace(&mut entity.versioning, Versioning::Off, said, because),
            "audit" => replace(&mut entity.audit, AuditMode::Off, said, because),
            "access" => replace(&mut entity.access, Access::Off, said, because),
            "public_id" => replace(&mut entity.identity, Identity::Internal, said, because),
            _ => {
                let meant = self.near(name.text, OPT_OUTS.into_iter());
                let help = format!(
                    "one can leave out {}",
                    OPT_OUTS.map(|name| format!("`{name}`")).join(", ")
                );
                let message = format!("`{}` is nothing that can be left out", name.text);
                self.unknown(
                    &codes::UNKNOWN_OPT_OUT,
                    name.span,
                    message,
                    Near {
                        typed: name.text,
                        meant,
                    },
                    &help,
                );
                return;
            }
        };
        if !was_there {
            let message = format!("`{}` has no `{}` to leave out", self.entity_name(id), name.text);
            self.report(
                &codes::USELESS_OPT_OUT,
                name.span,
                message,
                "remove it: the policy or this line left it out already",
            );
        }
    }

    /// A declared key is the identity, unless the head says something else.
    fn natural_identity(&mut self, id: EntityId, view: ast::Entity<'t>) {
        let key = view.parts().find_map(|part| match part {
            ast::Part::Key(key) => Some(key.span()),
            ast::Part::Field(field) => {
                let mut attrs = field.attrs();
                attrs
                    .find(|attr| attr.name().is_some_and(|name| name.text == "id"))
                    .map(ast::Attr::span)
            }
            _ => None,
        });
        let said = view
            .attrs()
            .any(|attr| attr.name().is_some_and(|name| name.text == "identity"));
        let Some(entity) = self.model.entity(id) else {
            return;
        };
        let (natural, name) = (entity.identity.value == Identity::Natural, entity.name.clone());
        let place = entity.identity.said.unwrap_or(name.span);
        match key {
            None if natural => {
                let message = format!("`{}` has no key to be identified by", name.text);
                self.report(
                    &codes::KEY_MISMATCH,
                    place,
                    message,
                    "write `key (a, b)`, or leave the identity as it is by default",
                );
            }
            Some(key) if said && !natural => {
                let message = format!("`{}` says how it is identified, and declares a key", name.text);
                let found = Diagnostic::new(&codes::KEY_MISMATCH, key, message).also(place, "said here");
                self.push(found.help("remove `@identity`, or write `unique (…)` in place of the key"));
            }
            Some(key) if !said => {
                let natural = Opted {
                    value: Identity::Natural,
                    said: Some(key),
                    because: None,
                };
                self.change(id, |entity| entity.identity = natural);
            }
            _ => {}
        }
    }

    /// The context names the actor and the tenant by their public ids, so they need one.
    fn check_principal(&mut self, id: EntityId) {
        let Some(entity) = self.model.entity(id) else {
            return;
        };
        let principal = matches!(entity.ownership, Ownership::Itself | Ownership::IsTenant);
        if principal && matches!(entity.identity.value, Identity::Internal | Identity::Natural) {
            let span = entity.identity.said.unwrap_or(entity.name.span);
            let message = format!(
                "the context names a `{}` by its public id, and it has none",
                entity.name.text
            );
            self.report(
                &codes::NEEDS_PUBLIC_ID,
                span,
                message,
                "leave its identity as it is by default",
            );
        }
    }
}

fn said<T>(value: T, span: Span) -> Opted<T> {
    Opted {
        value,
        said: Some(span),
        because: None,
    }
}

fn switch_off(it: &mut Opted<bool>, said: Option<Span>, because: Option<String>) -> bool {
    replace(it, false, said, because)
}

/// Leaves something out; answers whether it was there.
fn replace<T: PartialEq>(it: &mut Opted<T>, off: T, said: Option<Span>, because: Option<String>) -> bool {
    let was_there = it.value != off;
    if was_there {
        *it = Opted {
            value: off,
            said,
            because,
        };
    }
    was_there
}
