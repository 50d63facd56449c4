//! Everything that a database holds, one line each: what an undo must bring back to what it was.

use std::collections::HashSet;

use engine::{Connection, DatabaseKind, EngineError};
use physical::Value;

/// System objects aside, everything in the catalog of a PostgreSQL database and the roles of its server.
const POSTGRES: &str = "
WITH mine AS (
    SELECT oid, nspname FROM pg_namespace
    WHERE nspname NOT LIKE 'pg\\_%' AND nspname <> 'information_schema'
)
SELECT 'role ' || rolname || CASE WHEN rolcanlogin THEN ' login' ELSE '' END AS line
FROM pg_roles WHERE rolname NOT LIKE 'pg\\_%' AND rolname NOT LIKE 'proof\\_%'
UNION ALL
SELECT 'membership ' || m.roleid::regrole || ' of ' || m.member::regrole FROM pg_auth_members AS m
WHERE m.member::regrole::text NOT LIKE '%proof\\_%' AND m.roleid::regrole::text NOT LIKE 'pg\\_%'
UNION ALL
SELECT 'setting ' || COALESCE(r.rolname, 'everyone') || ' ' || s.setconfig::text
FROM pg_db_role_setting AS s LEFT JOIN pg_roles AS r ON r.oid = s.setrole
UNION ALL
SELECT 'schema ' || n.nspname || ' ' || COALESCE(n.nspacl::text, '') FROM pg_namespace AS n WHERE n.oid IN (SELECT oid FROM mine)
UNION ALL
SELECT 'relation ' || n.nspname || '.' || c.relname || ' ' || c.relkind::text || ' ' || COALESCE(c.relacl::text, '')
FROM pg_class AS c JOIN mine AS n ON n.oid = c.relnamespace
UNION ALL
SELECT 'function ' || p.oid::regprocedure || ' ' || COALESCE(p.proacl::text, '') FROM pg_proc AS p JOIN mine AS n ON n.oid = p.pronamespace
UNION ALL
SELECT 'type ' || t.oid::regtype FROM pg_type AS t JOIN mine AS n ON n.oid = t.typnamespace
UNION ALL
SELECT 'operator ' || o.oid::regoperator FROM pg_operator AS o JOIN mine AS n ON n.oid = o.oprnamespace
UNION ALL
SELECT 'constraint ' || c.conname || ' on ' || c.conrelid::regclass || ' ' || pg_get_constraintdef(c.oid)
FROM pg_constraint AS c JOIN mine AS n ON n.oid = c.connamespace
UNION ALL
SELECT 'trigger ' || t.tgname || ' on ' || t.tgrelid::regclass || ' ' || t.tgenabled::text FROM pg_trigger AS t WHERE NOT t.tgisinternal
UNION ALL
SELECT 'policy ' || p.polname || ' on ' || p.polrelid::regclass FROM pg_policy AS p
UNION ALL
SELECT 'default rights ' || d.defaclacl::text FROM pg_default_acl AS d
UNION ALL
SELECT 'extension ' || e.extname FROM pg_extension AS e
UNION ALL
SELECT 'event trigger ' || e.evtname FROM pg_event_trigger AS e
UNION ALL
SELECT 'large object ' || l.oid FROM pg_largeobject_metadata AS l
UNION ALL
SELECT 'publication ' || p.pubname FROM pg_publication AS p
UNION ALL
SELECT 'rights on database ' || COALESCE(d.datacl::text, '') FROM pg_database AS d WHERE d.datname = current_database()
ORDER BY line";

const SQLITE: &str = "
SELECT type || ' ' || name || ' ' || COALESCE(sql, '') AS line FROM sqlite_schema WHERE name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY line";

const MARIADB: &str = "
SELECT CONCAT(table_type, ' ', table_name) AS line FROM information_schema.tables WHERE table_schema = DATABASE()
UNION ALL SELECT CONCAT('trigger ', trigger_name, ' ', action_statement) FROM information_schema.triggers WHERE trigger_schema = DATABASE()
UNION ALL SELECT CONCAT(routine_type, ' ', routine_name) FROM information_schema.routines WHERE routine_schema = DATABASE() ORDER BY line";

/// Reads the inventory, with a superuser's connection. Roles by which proofs log in are left out.
///
/// # Errors
/// What the database says.
pub fn inventory(connection: &mut Connection) -> Result<Vec<String>, EngineError> {
    let sql = match connection.kind() {
        DatabaseKind::Postgres => POSTGRES,
        DatabaseKind::Sqlite => SQLITE,
        DatabaseKind::Mariadb => MARIADB,
    };
    let rows = connection.query(sql, &[])?;
    let lines = rows
        .rows
        .into_iter()
        .filter_map(|row| match row.into_iter().next() {
            Some(Value::Text(line)) => Some(line),
            _ => None,
        });
    Ok(lines.collect())
}

/// What only the first or only the second holds, marked `-` and `+`.
#[must_use]
pub(crate) fn differences(before: &[String], after: &[String]) -> Vec<String> {
    let only = |these: &[String], those: &[String], mark: char| -> Vec<String> {
        let those: HashSet<&String> = those.iter().collect();
        let lines = these.iter().filter(|line| !those.contains(line));
        lines.map(|line| format!("{mark} {line}")).collect()
    };
    let mut lines = only(before, after, '-');
    lines.extend(only(after, before, '+'));
    lines
}
