//! What SQLite cannot give: one entry per guarantee, naming every object.

use physical::{Blueprint, Chain, ContextMode, Origin, Service};

use crate::losses::Losses;

/// What no schema in this product can have.
pub(super) fn of_the_product(losses: &mut Losses, blueprint: &Blueprint) {
    const BY: Origin = Origin::Decision("sqlite", None);
    let project = blueprint.project.to_string();
    losses.add(
        "file",
        project.clone(),
        "whoever can write the file can change anything in it, triggers and audit trail included: guard the file, and \
         export the anchors of the seals",
        BY,
    );
    losses.add(
        "roles",
        project.clone(),
        "SQLite has no roles and no rights: every connection may do everything",
        BY,
    );
    losses.add(
        "connection-settings",
        project.clone(),
        "foreign keys and the triggers of replaced rows are switched per connection: `PRAGMA foreign_keys = ON` and \
         `PRAGMA recursive_triggers = ON` are checked when a transaction enters a context, not when it does not",
        BY,
    );
    losses.add(
        "context",
        project.clone(),
        "the context is a row that the transaction sets and clears: it fills and checks columns, and stops no injected SQL",
        BY,
    );
    losses.add(
        "transaction-time",
        project.clone(),
        "the time of a change is the start of its statement in milliseconds, not of its transaction in microseconds",
        BY,
    );
    losses.add(
        "returning",
        project,
        "RETURNING and `ON CONFLICT` see a row before the database has filled owner, tenant and author: read it again, and \
         give owner and tenant where a conflict is to be found by them",
        BY,
    );
    of_access(losses, blueprint);
}

fn of_access(losses: &mut Losses, blueprint: &Blueprint) {
    if blueprint.context == ContextMode::Signed {
        losses.add(
            "signed-context",
            blueprint.project.to_string(),
            "SQLite cannot check a MAC: the context is believed as it is set",
            Origin::Decision("context", None),
        );
    }
    for table in &blueprint.database.tables {
        let name = table.name.name.to_string();
        if !table.policies.is_empty() {
            losses.add(
                "row-level-security",
                name.clone(),
                "SQLite has no row-level security: a query without a filter sees every row, and the finders must filter",
                table.origin,
            );
        }
        if !table.grants.is_empty() {
            losses.add(
                "grants",
                name.clone(),
                "SQLite has no rights: columns that the application may not write are kept by triggers where one can tell",
                table.origin,
            );
        }
        if table.partitioned.is_some() {
            losses.add(
                "partitions",
                name.clone(),
                "SQLite has no partitions: old rows are removed one by one",
                table.origin,
            );
        }
        if table
            .columns
            .iter()
            .any(|column| column.identity == Some(physical::Identity::Always))
        {
            losses.add(
                "identity-always",
                name,
                "SQLite takes an id that is given; ids are still never used twice",
                table.origin,
            );
        }
    }
    of_services(losses, blueprint);
}

fn of_services(losses: &mut Losses, blueprint: &Blueprint) {
    for placed in &blueprint.services {
        if matches!(
            placed.what,
            Service::AuditTrail {
                chain: Chain::Sealed | Chain::Inline,
                ..
            }
        ) {
            losses.add(
                "commitments",
                placed.table.name.to_string(),
                "SQLite has no SHA-256: the commitment of an entry is made when it is sealed, not when it is written",
                placed.origin,
            );
        }
    }
}
