//! What the guard needs, so that its functions can do what behaviours and services promise; nothing beyond.

use std::collections::{BTreeMap, BTreeSet};

use physical::{Behaviour, ErasureStep, Name, Privilege, Purpose, Service, SoftAction};

use super::grant;
use crate::draft::Draft;

type Needs = BTreeMap<Name, BTreeSet<Privilege>>;

/// Gives the guard its rights.
pub(super) fn guard(draft: &mut Draft<'_>) {
    let mut needs = Needs::new();
    for info in &draft.blueprint.tables {
        need(&mut needs, &info.name, &[Privilege::Select]);
        if info.purpose == Purpose::Context {
            need(
                &mut needs,
                &info.name,
                &[Privilege::Insert, Privilege::Update, Privilege::Delete],
            );
        }
    }
    for placed in &draft.blueprint.behaviours {
        of_behaviour(&mut needs, &placed.table, &placed.what);
    }
    for placed in &draft.blueprint.services {
        of_service(&mut needs, &placed.table, &placed.what);
    }
    let role = draft.blueprint.roles.guard.clone();
    for (table, privileges) in needs {
        for privilege in privileges {
            grant(draft, &table, &role, privilege, Vec::new());
        }
    }
}

fn need(needs: &mut Needs, table: &Name, privileges: &[Privilege]) {
    needs.entry(table.clone()).or_default().extend(privileges);
}

fn of_behaviour(needs: &mut Needs, table: &Name, what: &Behaviour) {
    match what {
        Behaviour::MakesActor { actors, .. } => need(needs, actors, &[Privilege::Insert]),
        Behaviour::Audit { log, .. } => need(needs, log, &[Privilege::Insert]),
        // FOR SHARE wants the right to UPDATE.
        Behaviour::LivingParent { parent, .. } => need(needs, parent, &[Privilege::Update]),
        Behaviour::SoftDelete { children, .. } => {
            need(needs, table, &[Privilege::Update]);
            for child in children {
                match child.action {
                    SoftAction::Cascade | SoftAction::SetNull => {
                        need(needs, &child.table, &[Privilege::Update])
                    }
                    SoftAction::Destroy => need(needs, &child.table, &[Privilege::Delete]),
                    SoftAction::Restrict | SoftAction::Leave => {}
                }
            }
        }
        _ => {}
    }
}

fn of_service(needs: &mut Needs, table: &Name, what: &Service) {
    match what {
        Service::RedeemToken { .. } | Service::Anonymise { .. } => need(needs, table, &[Privilege::Update]),
        Service::SignUp { .. } | Service::SecurityEvents => need(needs, table, &[Privilege::Insert]),
        Service::Purge { .. } => need(needs, table, &[Privilege::Delete]),
        Service::TouchAccess { access, .. } => need(needs, access, &[Privilege::Insert, Privilege::Update]),
        Service::Erase { steps, .. } => {
            need(needs, table, &[Privilege::Update]);
            for step in steps {
                match step {
                    ErasureStep::Delete { table, .. } => need(needs, table, &[Privilege::Delete]),
                    ErasureStep::Empty { table, .. }
                    | ErasureStep::AuditPayloads { log: table }
                    | ErasureStep::Key { table }
                    | ErasureStep::Actor { table, .. } => need(needs, table, &[Privilege::Update]),
                }
            }
        }
        Service::Context | Service::LookUp { .. } | Service::AuditTrail { .. } | Service::Keys => {}
    }
}
