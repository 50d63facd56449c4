//! The schema that a database has, without what the tool keeps in it for itself.

use engine::{Connection, EngineError};
use physical::{Database, Grant, Grantee, Privilege, Rows, Schema};
use plan::Relational;

/// A schema, as far as a run compares it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) hash: String,
    /// As a plan has it.
    pub(crate) planned: String,
    /// Whether it holds nothing of a user's: what a server puts into every new database does not count.
    pub(crate) is_new: bool,
}

/// The schema as the open transaction sees it.
pub(crate) fn see(connection: &mut Connection, dialect: &Relational) -> Result<Seen, EngineError> {
    let queries = (dialect.catalog)();
    let answers: Result<Vec<Rows>, EngineError> = queries
        .iter()
        .map(|query| connection.query(query.sql, &[]))
        .collect();
    let mut found = (dialect.read_catalog)(&answers?).map_err(|error| EngineError::Unsupported {
        message: error.to_string(),
        help: None,
    })?;
    physical::leave_out_own(&mut found);
    Ok(Seen {
        is_new: found.tables.is_empty()
            && found.views.is_empty()
            && found.functions.is_empty()
            && found.types.is_empty()
            && found.opaque.is_empty(),
        planned: plan_hash(&found, dialect),
        hash: hash(&found, dialect),
    })
}

fn hash(database: &Database, dialect: &Relational) -> String {
    physical::hash(&(dialect.canonical)(database))
}

/// The hash of a schema as a `plan.json` has it: without roles and who owns what, since a plan is made on one machine and run on
/// others, by whoever runs it there.
#[must_use]
pub fn plan_hash(database: &Database, dialect: &Relational) -> String {
    // First, because what an owner has been granted goes without saying.
    let mut neutral = (dialect.canonical)(database);
    neutral.roles.clear();
    for schema in &mut neutral.schemas {
        schema.owner = None;
    }
    neutral.schemas.retain(|schema| !is_public_as_made(schema));
    for ty in &mut neutral.types {
        ty.owner = None;
    }
    for table in &mut neutral.tables {
        table.owner = None;
    }
    for view in &mut neutral.views {
        view.owner = None;
    }
    for function in &mut neutral.functions {
        function.owner = None;
    }
    for opaque in &mut neutral.opaque {
        let owns = |statement: &&str| statement.starts_with("ALTER ") && statement.contains(" OWNER TO ");
        let others = opaque
            .definition
            .split(";\n")
            .filter(|statement| !owns(statement));
        opaque.definition = others.collect::<Vec<_>>().join(";\n");
    }
    physical::hash(&neutral)
}

/// Whether it is PostgreSQL's own `public`, which counts as nothing, whoever it was given to.
fn is_public_as_made(schema: &Schema) -> bool {
    let usual = |grant: &Grant| grant.privilege == Privilege::Usage && grant.grantee == Grantee::Public;
    schema.name.as_str() == "public"
        && schema.comment.as_deref() == Some("standard public schema")
        && schema.grants.iter().all(usual)
}

/// The hash of the schema that a database has, as the history has it. The connection must not be in a transaction.
///
/// # Errors
/// What the database says; when the dialect does not understand it.
pub fn schema_hash(connection: &mut Connection, dialect: &Relational) -> Result<String, EngineError> {
    connection.begin_snapshot()?;
    let seen = see(connection, dialect);
    // Nothing was written, so this only ends the snapshot.
    let _ = connection.rollback();
    seen.map(|seen| seen.hash)
}

impl Seen {
    /// Whether it is the schema with this hash: also that of nothing at all, from which first plans start.
    pub(crate) fn is(&self, expected: &str, dialect: &Relational) -> bool {
        let nothing = || {
            let nothing = Database::default();
            [hash(&nothing, dialect), plan_hash(&nothing, dialect)].contains(&expected.to_owned())
        };
        self.planned == expected || self.hash == expected || self.is_new && nothing()
    }
}
