//! Decision: which rows each role sees.

use model::{AccessRule, Action, Allow, Entity, Ownership};
use physical::{Context, Expr, Ident, Name, Origin, Policy, PolicyCommand, Purpose, RowSecurity, SqlType};

use crate::decisions::Kind;
use crate::draft::{Draft, decided};
use crate::lower::{Lowering, always};
use crate::names::Space;
use crate::{Alternative, Attacker, Decision};

pub(crate) static KIND: Kind = Kind {
    id: "row-security",
    title: "which rows each role sees",
    reason: "row-level security, enabled and forced: a row of another owner is not there, to be read or written. Policies by owner and by \
             `allow` are permissive, those by tenant restrictive, so that no `allow` reaches into another tenant. They do not speak of \
             deletion: a policy that hides dead rows refuses the UPDATE that deletes",
    alternatives: &[
        Alternative {
            option: "more than the owner",
            how: "`allow read, update to role when (…)` in the entity",
        },
        Alternative {
            option: "readable by everyone",
            how: "`public because \"…\"`",
        },
    ],
    attacker: Some(Attacker::A2),
    apply,
};

fn apply(draft: &mut Draft<'_>) {
    for entity in &draft.model.entities {
        of_entity(draft, entity);
    }
    of_links(draft);
    of_others(draft);
}

/// One policy in the making.
struct Rule<'a> {
    what: &'a str,
    permissive: bool,
    command: PolicyCommand,
    roles: Vec<Ident>,
    condition: Expr,
    comment: &'a str,
}

fn add(draft: &mut Draft<'_>, table: &Name, origin: Origin, rule: Rule<'_>) -> Ident {
    let name = draft
        .names
        .take(Space::Policy, &format!("{}_{}", table.name, rule.what));
    let reads = !matches!(rule.command, PolicyCommand::Insert);
    let writes = !matches!(rule.command, PolicyCommand::Select | PolicyCommand::Delete);
    let policy = Policy {
        name: name.clone(),
        permissive: rule.permissive,
        command: rule.command,
        roles: rule.roles,
        using: reads.then(|| rule.condition.clone()),
        check: writes.then_some(rule.condition),
        comment: Some(rule.comment.to_owned()),
        origin,
    };
    draft.change(table, |table| {
        table.row_security = RowSecurity::Forced;
        table.policies.push(policy);
    });
    name
}

/// Guard and migrator see everything; what is copied out may be read.
fn operators(draft: &mut Draft<'_>, table: &Name, origin: Origin, mask: bool) -> Vec<Ident> {
    let roles = draft.blueprint.roles.clone();
    let operate = Rule {
        what: "operators",
        permissive: true,
        command: PolicyCommand::All,
        roles: vec![roles.guard, roles.migrator],
        condition: always(),
        comment: "Functions that work across contexts, and migrations: FORCE would show them nothing",
    };
    let copy = Rule {
        what: "copies",
        permissive: true,
        command: PolicyCommand::Select,
        roles: std::iter::once(roles.backup)
            .chain(mask.then_some(roles.mask))
            .collect(),
        condition: always(),
        comment: "Backups, and what the masked views show",
    };
    vec![
        add(draft, table, origin, operate),
        add(draft, table, origin, copy),
    ]
}

fn of_entity(draft: &mut Draft<'_>, entity: &Entity) {
    let facts = draft.facts(entity.id).clone();
    let origin = decided(&KIND, entity);
    let mut names = operators(draft, &facts.table, origin, true);
    // The tenant's own table has no tenant column: there the key is it.
    let own_key = || facts.single_key().map(|(key, _)| key.clone());
    let tenant = if entity.ownership == Ownership::IsTenant {
        own_key()
    } else {
        facts.tenant.clone()
    };
    if let Some(tenant) = &tenant {
        names.extend(tenant_policies(draft, &facts.table, tenant, origin));
    }
    if let Some(rule) = base_rule(draft, entity) {
        names.push(add(draft, &facts.table, origin, rule));
    }
    for allow in &entity.allows {
        names.extend(allowed(draft, entity, allow));
    }
    let decision = Decision::new(
        &KIND,
        &entity.name.text,
        choice(&entity.ownership, facts.tenant.is_some()),
    );
    draft.decide(decision.members(&facts.table, &names));
}

const fn choice(ownership: &Ownership, tenant: bool) -> &'static str {
    match (ownership, tenant) {
        (Ownership::Itself | Ownership::Owner(_) | Ownership::Inherited { .. }, false) => "the owner's rows",
        (Ownership::Itself | Ownership::Owner(_) | Ownership::Inherited { .. }, true) => {
            "the owner's rows, within the tenant"
        }
        (Ownership::Tenant, _) => "the tenant's rows",
        (Ownership::IsTenant, _) => "the tenant's own row",
        (Ownership::Public { .. }, false) => "all rows may be read",
        (Ownership::Public { .. }, true) => "all rows of the tenant may be read",
        (Ownership::Unknown, _) => "no rows",
    }
}

/// What the application may see without any `allow`.
fn base_rule<'a>(draft: &Draft<'_>, entity: &Entity) -> Option<Rule<'a>> {
    let app = vec![draft.blueprint.roles.app.clone()];
    let rule = |what, command, condition, comment| Rule {
        what,
        permissive: true,
        command,
        roles: app,
        condition,
        comment,
    };
    Some(match &entity.ownership {
        Ownership::Itself | Ownership::Owner(_) | Ownership::Inherited { .. } => rule(
            "owner",
            PolicyCommand::All,
            own_rows(draft, entity)?,
            "The owner's own rows",
        ),
        Ownership::Tenant => rule(
            "members",
            PolicyCommand::All,
            own_rows(draft, entity)?,
            "Everyone of the tenant",
        ),
        Ownership::IsTenant => {
            let (key, ty) = draft.facts(entity.id).single_key()?.clone();
            let own = Expr::equal(Expr::column(key, ty), Expr::Context(Context::Tenant));
            rule(
                "tenant_itself",
                PolicyCommand::Select,
                own,
                "The tenant's own row",
            )
        }
        Ownership::Public { .. } => {
            let readers = std::iter::once(draft.blueprint.roles.app.clone()).chain(named(draft, entity));
            let public = rule(
                "public",
                PolicyCommand::Select,
                always(),
                "Readable by everyone, as the schema says",
            );
            Rule {
                roles: readers.collect(),
                ..public
            }
        }
        Ownership::Unknown => return None,
    })
}

/// The rows with which the application may do everything without any `allow`.
pub(super) fn own_rows(draft: &Draft<'_>, entity: &Entity) -> Option<Expr> {
    match &entity.ownership {
        Ownership::Itself | Ownership::Owner(_) | Ownership::Inherited { .. } => owned(draft, entity),
        Ownership::Tenant => in_tenant(draft, entity),
        Ownership::IsTenant | Ownership::Public { .. } | Ownership::Unknown => None,
    }
}

/// Declared roles that an entity names: what everyone may read, they may, too, or no UPDATE of theirs would find a row.
pub(super) fn named(draft: &Draft<'_>, entity: &Entity) -> std::collections::BTreeSet<Ident> {
    let app = &draft.blueprint.roles.app;
    let all = entity.allows.iter().flat_map(|allow| grantees(draft, allow));
    all.filter(|role| role != app).collect()
}

pub(super) fn owned(draft: &Draft<'_>, entity: &Entity) -> Option<Expr> {
    let owner = draft.facts(entity.id).owner.clone()?;
    Some(Expr::equal(
        Expr::column(owner.column, owner.ty),
        Expr::Context(Context::User),
    ))
}

pub(super) fn in_tenant(draft: &Draft<'_>, entity: &Entity) -> Option<Expr> {
    let facts = draft.facts(entity.id);
    let column = match entity.ownership {
        Ownership::IsTenant => facts.single_key().map(|(key, _)| key.clone()),
        _ => facts.tenant.clone(),
    }?;
    Some(tenant_is(column, crate::facts::tenant_key(draft.model)))
}

fn tenant_is(column: Ident, ty: SqlType) -> Expr {
    Expr::equal(Expr::column(column, ty), Expr::Context(Context::Tenant))
}

/// Above every other right: nothing of another tenant.
fn tenant_policies(draft: &mut Draft<'_>, table: &Name, column: &Ident, origin: Origin) -> [Ident; 2] {
    let roles = draft.blueprint.roles.clone();
    let own = tenant_is(column.clone(), crate::facts::tenant_key(draft.model));
    let strict = Rule {
        what: "tenant",
        permissive: false,
        command: PolicyCommand::All,
        roles: std::iter::once(roles.app).chain(roles.declared).collect(),
        condition: own.clone(),
        comment: "Above every other right: nothing of another tenant",
    };
    let mask = Rule {
        what: "tenant_views",
        permissive: false,
        command: PolicyCommand::Select,
        roles: vec![roles.mask],
        condition: Expr::Or(vec![Expr::is_null(Expr::Context(Context::Tenant)), own]),
        comment: "A reader who names a tenant sees that one only",
    };
    [add(draft, table, origin, strict), add(draft, table, origin, mask)]
}

/// One policy per statement that an `allow` speaks of.
fn allowed(draft: &mut Draft<'_>, entity: &Entity, allow: &Allow) -> Vec<Ident> {
    let facts = draft.facts(entity.id).clone();
    let condition = match &allow.rule {
        AccessRule::Always => Some(always()),
        AccessRule::Owner => owned(draft, entity),
        AccessRule::Tenant => in_tenant(draft, entity),
        AccessRule::When(expr) => Lowering {
            model: draft.model,
            facts: &facts,
        }
        .expr(expr),
    };
    // The model has said why there is none.
    let Some(condition) = condition else {
        return Vec::new();
    };
    let roles = grantees(draft, allow);
    let mut names = Vec::new();
    for action in &allow.actions {
        let (word, command) = match action {
            Action::Read => ("read", PolicyCommand::Select),
            Action::Create => ("create", PolicyCommand::Insert),
            Action::Update => ("update", PolicyCommand::Update),
            Action::Delete if facts.deletion.is_some() => ("delete", PolicyCommand::Update),
            Action::Delete => ("delete", PolicyCommand::Delete),
        };
        let rule = Rule {
            what: &format!("allow_{word}"),
            permissive: true,
            command,
            roles: roles.clone(),
            condition: condition.clone(),
            comment: "As the schema allows",
        };
        names.push(add(draft, &facts.table, Origin::Span(allow.span), rule));
    }
    names
}

/// The roles that an `allow` speaks of; the application when it names none.
pub(super) fn grantees(draft: &Draft<'_>, allow: &Allow) -> Vec<Ident> {
    if allow.roles.is_empty() {
        return vec![draft.blueprint.roles.app.clone()];
    }
    allow
        .roles
        .iter()
        .filter_map(|role| draft.blueprint.roles.declared.get(role.0 as usize).cloned())
        .collect()
}

/// Links are seen with the row that declares them.
fn of_links(draft: &mut Draft<'_>) {
    for (link, made) in draft.model.links.iter().zip(draft.links.clone()) {
        let Some(table) = draft.table(&made.table) else {
            continue;
        };
        let origin = table.origin;
        let owner = made
            .owner
            .as_ref()
            .and_then(|owner| table.column(owner.as_str()))
            .map(|column| (column.name.clone(), column.ty.clone()));
        operators(draft, &made.table, origin, true);
        if let Some(tenant) = &made.tenant {
            tenant_policies(draft, &made.table, tenant, origin);
        }
        let app = vec![draft.blueprint.roles.app.clone()];
        let rule = |what, command, condition, comment| Rule {
            what,
            permissive: true,
            command,
            roles: app,
            condition,
            comment,
        };
        let left = draft.model.entity(link.left).map(|left| left.ownership.clone());
        let rule = match (owner, &made.tenant, left) {
            (Some((owner, ty)), ..) => {
                let own = Expr::equal(Expr::column(owner, ty), Expr::Context(Context::User));
                rule("owner", PolicyCommand::All, own, "The owner's own links")
            }
            (None, Some(tenant), Some(left)) if !matches!(left, Ownership::Public { .. }) => {
                let own = tenant_is(tenant.clone(), crate::facts::tenant_key(draft.model));
                rule("members", PolicyCommand::All, own, "Everyone of the tenant")
            }
            (None, _, Some(Ownership::Public { .. })) => rule(
                "public",
                PolicyCommand::Select,
                always(),
                "Readable by everyone, like what it links",
            ),
            _ => continue,
        };
        add(draft, &made.table, origin, rule);
        link_allows(draft, link.left, &made.table);
    }
}

/// Whoever may change the declaring row may link it.
fn link_allows(draft: &mut Draft<'_>, left: model::EntityId, table: &Name) {
    let Some(left) = draft.model.entity(left) else {
        return;
    };
    for allow in &left.allows {
        let always_holds = matches!(allow.rule, AccessRule::Always);
        let changes = allow
            .actions
            .iter()
            .any(|action| matches!(action, Action::Create | Action::Update));
        let reads = allow.actions.contains(&Action::Read);
        if !always_holds || !(changes || reads) {
            continue;
        }
        let roles = grantees(draft, allow);
        let rule = Rule {
            what: if changes { "allow_change" } else { "allow_read" },
            permissive: true,
            command: if changes {
                PolicyCommand::All
            } else {
                PolicyCommand::Select
            },
            roles,
            condition: always(),
            comment: "As the schema allows for the declaring side",
        };
        add(draft, table, Origin::Span(allow.span), rule);
    }
}

/// Tables that no entity has: closed to everyone but those who are named.
fn of_others(draft: &mut Draft<'_>) {
    let infos: Vec<(Name, Purpose)> = draft
        .blueprint
        .tables
        .iter()
        .map(|info| (info.name.clone(), info.purpose))
        .collect();
    let roles = draft.blueprint.roles.clone();
    for (name, purpose) in infos {
        let Some(origin) = draft.table(&name).map(|table| table.origin) else {
            continue;
        };
        let select = |what, roles, comment| Rule {
            what,
            permissive: true,
            command: PolicyCommand::Select,
            roles,
            condition: always(),
            comment,
        };
        match purpose {
            Purpose::Entity(_) | Purpose::Link(..) | Purpose::Context | Purpose::Private => continue,
            Purpose::Access(_) => {
                operators(draft, &name, origin, false);
            }
            Purpose::Actors => {
                operators(draft, &name, origin, true);
                let (rule, own) = actor_rule(&roles.app);
                add(
                    draft,
                    &name,
                    origin,
                    Rule {
                        condition: own,
                        ..rule
                    },
                );
            }
            Purpose::Audit => {
                operators(draft, &name, origin, false);
                let readers = vec![roles.auditor.clone(), roles.sealer.clone()];
                add(
                    draft,
                    &name,
                    origin,
                    select("readers", readers, "Auditors read, the sealer seals"),
                );
            }
            Purpose::Events => {
                operators(draft, &name, origin, false);
                add(
                    draft,
                    &name,
                    origin,
                    select("readers", vec![roles.auditor.clone()], "Auditors read"),
                );
            }
            Purpose::Seals => {
                operators(draft, &name, origin, false);
                add(
                    draft,
                    &name,
                    origin,
                    select("readers", vec![roles.auditor.clone()], "Auditors read"),
                );
                let seal = Rule {
                    what: "sealer",
                    permissive: true,
                    command: PolicyCommand::All,
                    roles: vec![roles.sealer.clone()],
                    condition: always(),
                    comment: "The sealer adds; grants keep it from changing",
                };
                add(draft, &name, origin, seal);
            }
            Purpose::Keys => {
                operators(draft, &name, origin, false);
                key_rule(draft, &name, origin);
            }
        }
    }
}

/// The application sees its own pseudonym and those of programs: how many people there are is nobody's business.
fn actor_rule<'a>(app: &Ident) -> (Rule<'a>, Expr) {
    let own = Expr::equal(Expr::column("id", SqlType::BigInt), Expr::Context(Context::Actor));
    let person = Expr::Literal(physical::Literal::Text("user".to_owned()));
    let program = Expr::compare(
        Expr::column("kind", SqlType::Text),
        physical::Comparison::NotEqual,
        person,
    );
    let rule = Rule {
        what: "own",
        permissive: true,
        command: PolicyCommand::Select,
        roles: vec![app.clone()],
        condition: always(),
        comment: "One's own pseudonym, and those of programs",
    };
    (rule, Expr::Or(vec![own, program]))
}

/// The application wraps and unwraps the keys of the person that it acts for, and those of no person.
fn key_rule(draft: &mut Draft<'_>, name: &Name, origin: Origin) {
    let subject = draft
        .table(name)
        .and_then(|table| table.column("subject_id"))
        .map(|column| (column.name.clone(), column.ty.clone()));
    let condition = match subject {
        Some((subject, ty)) => {
            let column = Expr::column(subject, ty);
            Expr::Or(vec![
                Expr::is_null(column.clone()),
                Expr::equal(column, Expr::Context(Context::User)),
            ])
        }
        None => always(),
    };
    let rule = Rule {
        what: "owner",
        permissive: true,
        command: PolicyCommand::All,
        roles: vec![draft.blueprint.roles.app.clone()],
        condition,
        comment: "The keys of the person acted for, and those of no person",
    };
    add(draft, name, origin, rule);
}
