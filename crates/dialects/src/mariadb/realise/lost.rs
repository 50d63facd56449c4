//! What MariaDB cannot give.

use physical::{Blueprint, ContextMode, Origin, Service};

use crate::losses::Losses;

/// What no schema in this product can have.
pub(super) fn of_the_product(losses: &mut Losses, blueprint: &Blueprint) {
    const BY: Origin = Origin::Decision("mariadb", None);
    let project = blueprint.project.to_string();
    losses.add(
        "context",
        project.clone(),
        "the context is kept in variables of the session: it fills and checks columns, stops no injected SQL, and must be left at the end \
         of a transaction",
        BY,
    );
    losses.add(
        "transaction-time",
        project.clone(),
        "the time of a change is the start of its statement, not of its transaction",
        BY,
    );
    losses.add(
        "ddl",
        project.clone(),
        "every statement that changes the schema commits by itself: a build that fails in the middle leaves what was made",
        BY,
    );
    losses.add(
        "cascades",
        project,
        "keys that change with those that they refer to (ON UPDATE CASCADE) fire no triggers: such a change is not stamped and leaves no \
         entry in the trail",
        BY,
    );
    of_tables(losses, blueprint);
    of_services(losses, blueprint);
}

fn of_tables(losses: &mut Losses, blueprint: &Blueprint) {
    if blueprint.context == ContextMode::Signed {
        losses.add(
            "signed-context",
            blueprint.project.to_string(),
            "no MAC is checked: the context is believed as it is set",
            Origin::Decision("context", None),
        );
    }
    for table in &blueprint.database.tables {
        let name = table.name.name.to_string();
        if !table.policies.is_empty() {
            losses.add(
                "row-level-security",
                name.clone(),
                "MariaDB has no row-level security: a query without a filter sees every row, and the finders must filter",
                table.origin,
            );
        }
        if table.partitioned.is_some() {
            losses.add(
                "partitions",
                name,
                "a partitioned table can have no foreign keys, and its keys must hold the partition key: old rows are removed one by one",
                table.origin,
            );
        }
    }
}

fn of_services(losses: &mut Losses, blueprint: &Blueprint) {
    for placed in &blueprint.services {
        let name = match &placed.what {
            Service::LookUp { name, .. }
            | Service::RedeemToken { name, .. }
            | Service::SignUp { name, .. }
            | Service::Purge { name, .. }
            | Service::Anonymise { name, .. }
            | Service::Erase { name, .. }
            | Service::TouchAccess { name, .. } => name,
            Service::Context | Service::SecurityEvents | Service::AuditTrail { .. } | Service::Keys => {
                continue;
            }
        };
        losses.add(
            "services",
            name.to_string(),
            "not written for MariaDB yet: the application does this by itself",
            placed.origin,
        );
    }
}
