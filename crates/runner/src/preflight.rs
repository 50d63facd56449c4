//! What must hold before anything is run.

use engine::{Connection, DatabaseKind, OLDEST_MAJOR};
use journal::{Kind, Language, Migration, Statement};
use physical::{OWN, Value};

use crate::Stop;
use crate::store::text;

/// Looks at the server's version, whether it takes writes, and whether the history can be kept.
pub(crate) fn check(connection: &mut Connection) -> Result<(), Stop> {
    if connection.kind() == DatabaseKind::Sqlite {
        return Ok(());
    }
    if connection.kind() == DatabaseKind::Mariadb {
        return Err(Stop::wrong(
            "migrations are not run on MariaDB by this build",
            "name a PostgreSQL or a SQLite database",
        ));
    }
    let version = connection.version();
    if version.major < OLDEST_MAJOR {
        return Err(Stop::failed(
            format!("the server is PostgreSQL {version}, and {OLDEST_MAJOR} is the oldest that is supported"),
            "upgrade the server",
        ));
    }
    let rows = connection.query(
        "SELECT pg_catalog.pg_is_in_recovery(), current_setting('default_transaction_read_only') = 'on', \
                session_user::text, current_database()::text",
        &[],
    )?;
    let row = rows.rows.first().map_or(&[][..], Vec::as_slice);
    let yes = |at: usize| row.get(at).and_then(Value::as_bool) == Some(true);
    if yes(0) {
        return Err(Stop::failed(
            "the server is a replica, which takes no writes",
            "name the primary",
        ));
    }
    if yes(1) {
        return Err(Stop::failed(
            "sessions of this user read only (`default_transaction_read_only`)",
            "name a user that may write",
        ));
    }
    rights(connection, &text(row, 2), &text(row, 3))
}

/// Each right that the history needs, and whether we have it.
const RIGHTS: &str = "\
SELECT CASE WHEN n.oid IS NULL THEN 'CREATE on database ' || quote_ident(current_database())
            ELSE 'USAGE on schema architrave_migrations' END,
       CASE WHEN n.oid IS NULL THEN has_database_privilege(current_database(), 'CREATE')
            ELSE has_schema_privilege(n.oid, 'USAGE') END
  FROM (SELECT 1) AS one LEFT JOIN pg_catalog.pg_namespace n ON n.nspname = 'architrave_migrations'
UNION ALL
SELECT p.privilege || ' on table architrave_migrations.' || quote_ident(c.relname),
       has_table_privilege(c.oid, p.privilege)
  FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
 CROSS JOIN (VALUES ('SELECT'), ('INSERT'), ('UPDATE'), ('DELETE')) AS p (privilege)
 WHERE n.nspname = 'architrave_migrations' AND c.relkind = 'r'";

fn rights(connection: &mut Connection, user: &str, database: &str) -> Result<(), Stop> {
    let rows = connection.query(RIGHTS, &[])?;
    let missing: Vec<String> = rows
        .rows
        .iter()
        .filter(|row| row.get(1).and_then(Value::as_bool) != Some(true))
        .map(|row| text(row, 0))
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    Err(Stop::failed(
        format!("`{user}` lacks rights that the history in `{database}` needs"),
        "grant them, or run as the user that ran the migrations before; nothing was run",
    )
    .with(missing.into_iter().map(|right| format!("missing: {right}"))))
}

/// Whether everything that migrations set for the session can be set: behind a pooler it would reach others, and not what comes next.
pub(crate) fn can_set<'m>(
    connection: &Connection,
    scripts: impl Iterator<Item = (&'m Migration, &'m [Statement])>,
) -> Result<(), Stop> {
    if !connection.is_pooled() {
        return Ok(());
    }
    let set: Vec<String> = scripts
        .flat_map(|(migration, statements)| {
            let for_session = statements
                .iter()
                .filter(|statement| statement.kind == Kind::Session);
            for_session.map(|statement| {
                let (line, column) = statement.place;
                format!("{}:{line}:{column}: {}", migration.title(), statement.masked())
            })
        })
        .collect();
    if set.is_empty() {
        return Ok(());
    }
    Err(Stop::failed(
        "a pooler stands between us and the server, and these set something of the session, which is somebody else's there",
        "name the server's own address, or say SET LOCAL; nothing was run",
    )
    .with(set))
}

/// Whether places for what migrations set aside can be made: each is a schema of its own.
pub(crate) fn can_set_aside(connection: &mut Connection, migrations: &[&Migration]) -> Result<(), Stop> {
    if connection.kind() == DatabaseKind::Sqlite {
        return Ok(());
    }
    let place = format!("{OWN}_");
    let names = |it: &&&Migration| {
        it.up
            .names(Language::Postgres)
            .iter()
            .any(|name| name.starts_with(&place))
    };
    let Some(first) = migrations.iter().find(names) else {
        return Ok(());
    };
    let sql = "SELECT has_database_privilege(current_database(), 'CREATE'), quote_ident(current_database()), session_user::text";
    let rows = connection.query(sql, &[])?;
    let row = rows.rows.first().map_or(&[][..], Vec::as_slice);
    if row.first().and_then(Value::as_bool) == Some(true) {
        return Ok(());
    }
    let (database, user) = (text(row, 1), text(row, 2));
    Err(Stop::failed(
        format!(
            "{} sets aside what goes, and `{user}` lacks the right to make a schema for it",
            first.title()
        ),
        "grant it, or plan again with `--keep-nothing`; nothing was run",
    )
    .with([format!("missing: CREATE on database {database}")]))
}
