//! What this tool keeps in a database for itself. It is no part of anybody's schema.

use crate::{Database, Name};

/// The schema of PostgreSQL, and the beginning of the names of SQLite's tables, that hold the history of migrations and what they set aside.
pub const OWN: &str = "architrave_migrations";

/// Takes it out of a schema.
pub fn leave_out_own(database: &mut Database) {
    database.schemas.retain(|schema| schema.name.as_str() != OWN);
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
    let beneath = |text: &str| text.strip_prefix(OWN).is_some_and(|rest| rest.starts_with('_'));
    match &name.schema {
        Some(schema) => schema.as_str() == OWN,
        None => name.name.as_str() == OWN || beneath(name.name.as_str()),
    }
}

#[cfg(test)]
mod tests {
    use super::leave_out_own;
    use crate::{Database, Name, Origin, Table};

    #[test]
    fn only_our_own_goes() {
        let names = [
            Name::new("architrave_migrations", "history"),
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
