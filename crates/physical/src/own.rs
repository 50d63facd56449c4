//! What this tool keeps in a database for itself. It is no part of anybody's schema.

use crate::{Database, Name};

/// The schema of PostgreSQL, and the beginning of the names of SQLite's tables, that hold the history of migrations; what a migration sets
/// aside is in a schema, or in tables, whose names go on with `_` and its own.
pub const OWN: &str = "architrave_migrations";

/// Takes it out of a schema.
pub fn leave_out_own(database: &mut Database) {
    database.schemas.retain(|schema| !is_ours(schema.name.as_str()));
    database.types.retain(|each| !is_own(&each.name));
    database.tables.retain(|table| !is_own(&table.name));
    database.views.retain(|view| !is_own(&view.name));
    database.functions.retain(|function| !is_own(&function.name));
    database.seeds.retain(|seed| !is_own(&seed.table));
    database
        .opaque
        .retain(|each| !is_own(&each.name) && !each.depends_on.iter().any(is_own));
}

fn is_own(name: &Name) -> bool {
    is_ours(name.schema.as_ref().unwrap_or(&name.name).as_str())
}

fn is_ours(name: &str) -> bool {
    let rest = name.strip_prefix(OWN);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('_'))
}

#[cfg(test)]
mod tests {
    use super::leave_out_own;
    use crate::{Database, Name, Origin, Table};

    #[test]
    fn only_our_own_goes() {
        let names = [
            Name::new("architrave_migrations", "history"),
            Name::new("architrave_migrations_0001_init", "orders"),
            Name::new("shop", "architrave_migrations_history"),
            Name::bare("architrave_migrations_history"),
            Name::bare("architrave_migrationsx"),
        ];
        let mut database = Database {
            tables: names.map(|name| Table::new(name, Origin::Found)).to_vec(),
            ..Database::default()
        };
        leave_out_own(&mut database);
        let left: Vec<String> = database
            .tables
            .iter()
            .map(|table| table.name.to_string())
            .collect();
        assert_eq!(
            left,
            ["shop.architrave_migrations_history", "architrave_migrationsx"]
        );
    }
}
