//! What the schema promises each role about each table: read from the model, never from policies.

use model::{AccessRule, Action, Allow, Entity, Ownership};
use physical::{Ident, Purpose, TableInfo};

use super::guise::Guise;
use crate::data::Datum;
use crate::subject::Subject;

/// Rows that a role reaches by one promise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reach {
    /// Those of the owner in the context.
    Own,
    /// Those of the tenant in the context.
    Tenant,
    /// The tenant's own row.
    TenantItself,
    /// All.
    All,
    /// By a condition that the gate does not evaluate.
    Conditional,
}

/// Everything that a role is promised about a table and an action. Nothing promised: every attempt must be refused.
#[derive(Debug, Clone, Default)]
pub(crate) struct Promise {
    reaches: Vec<Reach>,
    tenant: Option<Ident>,
    /// The tenant stands above every promise.
    strict: bool,
    /// What the gate does not hold to an exact set of rows.
    pub(crate) inexact: bool,
}

/// A row, as far as it matters here.
#[derive(Debug, Clone)]
pub(crate) struct Row {
    /// Its key as text.
    pub(crate) key: String,
    /// A condition that finds it.
    pub(crate) condition: String,
    pub(crate) owner: Option<Datum>,
    pub(crate) tenant: Option<Datum>,
    /// The key itself, when it is one number.
    pub(crate) id: Option<Datum>,
}

impl Promise {
    /// Whether the role may do it at all.
    pub(crate) fn is_given(&self) -> bool {
        !self.reaches.is_empty()
    }

    /// Whether a row is within the promise.
    pub(crate) fn reaches(&self, row: &Row, guise: &Guise) -> bool {
        let same = |a: &Option<Datum>, b: &Option<Datum>| a.is_some() && a == b;
        if self.strict && self.tenant.is_some() && !same(&row.tenant, &guise.tenant) {
            return false;
        }
        self.reaches.iter().any(|reach| match reach {
            Reach::Own => same(&row.owner, &guise.owner),
            Reach::Tenant => same(&row.tenant, &guise.tenant),
            Reach::TenantItself => same(&row.id, &guise.tenant),
            Reach::All => true,
            Reach::Conditional => false,
        })
    }

    /// Whether a row lies beyond every promise, conditions included.
    pub(crate) fn forbids(&self, row: &Row, guise: &Guise) -> bool {
        let foreign_tenant =
            self.strict && self.tenant.is_some() && (row.tenant.is_none() || row.tenant != guise.tenant);
        let conditional = self.reaches.contains(&Reach::Conditional);
        foreign_tenant || (!conditional && !self.inexact && !self.reaches(row, guise))
    }
}

/// What is promised.
pub(crate) fn promise(subject: &Subject, role: &str, info: &TableInfo, action: Action) -> Promise {
    let roles = &subject.blueprint.roles;
    let mut promise = Promise {
        tenant: info.tenant.clone(),
        ..Promise::default()
    };
    let is_app = role == roles.app.as_str();
    let declared = roles.declared.iter().position(|name| name.as_str() == role);
    promise.strict = is_app || declared.is_some();
    if role == roles.backup.as_str() {
        // A backup holds everything of the application; what is private state of the server is not dumped by rows.
        if action == Action::Read && !matches!(info.purpose, Purpose::Context | Purpose::Private) {
            promise.reaches.push(Reach::All);
        }
        return promise;
    }
    match info.purpose {
        Purpose::Entity(id) => {
            let Some(entity) = subject.model.entity(id) else {
                return promise;
            };
            if is_app {
                promise.reaches.extend(base(&entity.ownership, action));
            }
            // What everyone may read, whoever keeps it may read, too.
            let keeps = entity
                .allows
                .iter()
                .any(|allow| by_allow(allow, is_app, declared).is_some());
            if keeps && matches!(entity.ownership, Ownership::Public { .. }) && action == Action::Read {
                promise.reaches.push(Reach::All);
            }
            promise.reaches.extend(
                entity
                    .allows
                    .iter()
                    .filter(|it| it.actions.contains(&action))
                    .filter_map(|allow| by_allow(allow, is_app, declared)),
            );
        }
        Purpose::Link(left, _) => {
            if let Some(entity) = subject.model.entity(left) {
                link(&mut promise, entity, info, (is_app, declared), action);
            }
        }
        other => special(&mut promise, subject, role, other, action),
    }
    promise
}

fn by_allow(allow: &Allow, is_app: bool, declared: Option<usize>) -> Option<Reach> {
    let named = declared.is_some_and(|index| allow.roles.iter().any(|role| role.0 as usize == index));
    let meant = named || (is_app && allow.roles.is_empty());
    meant.then_some(match &allow.rule {
        AccessRule::Always => Reach::All,
        AccessRule::Owner => Reach::Own,
        AccessRule::Tenant => Reach::Tenant,
        AccessRule::When(_) => Reach::Conditional,
    })
}

fn base(ownership: &Ownership, action: Action) -> Option<Reach> {
    match (ownership, action) {
        (Ownership::Itself, Action::Create) | (Ownership::Unknown, _) => None,
        (Ownership::Itself | Ownership::Owner(_) | Ownership::Inherited { .. }, _) => Some(Reach::Own),
        (Ownership::Tenant, _) => Some(Reach::Tenant),
        (Ownership::IsTenant, Action::Read) => Some(Reach::TenantItself),
        (Ownership::Public { .. }, Action::Read) => Some(Reach::All),
        (Ownership::IsTenant | Ownership::Public { .. }, _) => None,
    }
}

/// A link is reached like the row that declares it; links are made and removed, never changed.
fn link(
    promise: &mut Promise,
    left: &Entity,
    info: &TableInfo,
    (is_app, declared): (bool, Option<usize>),
    action: Action,
) {
    if action == Action::Update {
        return;
    }
    if is_app {
        let reach = match (&info.owner, &left.ownership) {
            (Some(_), _) => Some(Reach::Own),
            (None, Ownership::Public { .. }) => (action == Action::Read).then_some(Reach::All),
            (None, _) => info.tenant.as_ref().map(|_| Reach::Tenant),
        };
        promise.reaches.extend(reach);
    }
    for allow in &left.allows {
        let changes = allow
            .actions
            .iter()
            .any(|it| matches!(it, Action::Create | Action::Update));
        let speaks = if action == Action::Read {
            changes || allow.actions.contains(&Action::Read)
        } else {
            changes
        };
        promise
            .reaches
            .extend(speaks.then(|| by_allow(allow, is_app, declared)).flatten());
    }
}

/// Tables that no entity has.
fn special(promise: &mut Promise, subject: &Subject, role: &str, purpose: Purpose, action: Action) {
    let roles = &subject.blueprint.roles;
    let read = action == Action::Read;
    let is = |other: &Ident| role == other.as_str();
    let given = match purpose {
        Purpose::Audit => read && (is(&roles.auditor) || is(&roles.sealer)),
        Purpose::Seals => {
            (read && (is(&roles.auditor) || is(&roles.sealer)))
                || (action == Action::Create && is(&roles.sealer))
        }
        Purpose::Events => read && is(&roles.auditor),
        // The application sees its own pseudonym and those of programs.
        Purpose::Actors => read && is(&roles.app),
        // The wrapped keys of the person acted for, and of no person.
        Purpose::Keys => is(&roles.app) && action != Action::Delete,
        Purpose::Access(_) => (is(&roles.app) || roles.declared.iter().any(is)) && action != Action::Delete,
        Purpose::Entity(_) | Purpose::Link(..) | Purpose::Context | Purpose::Private => false,
    };
    if given {
        promise.reaches.push(if purpose == Purpose::Keys {
            Reach::Own
        } else {
            Reach::All
        });
        promise.inexact = matches!(
            purpose,
            Purpose::Actors | Purpose::Access(_) | Purpose::Keys | Purpose::Seals
        );
    }
}
