//! A server, and databases that are built by the dialect's own steps.

use std::cell::RefCell;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use dialects::mariadb::MARIADB;
use engine::{Connection, MariadbServer, StartOptions};
use physical::{Blueprint, Database, Realised, Value};
use plan::{ContextValues, Plan};

pub(crate) fn server() -> &'static MariadbServer {
    static SERVER: OnceLock<(tempfile::TempDir, MariadbServer)> = OnceLock::new();
    let (_, server) = SERVER.get_or_init(|| {
        let cache = tempfile::tempdir().unwrap();
        let mut options = StartOptions::new(cache.path(), std::env::temp_dir());
        options.search.path = std::env::var_os("PATH");
        let server = MariadbServer::start(&options).expect("these tests need MariaDB 10.11 or newer");
        (cache, server)
    });
    server
}

/// A connection to a new database.
pub(crate) fn database() -> (String, Connection) {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let name = format!("dialect_{}", COUNT.fetch_add(1, Ordering::Relaxed));
    server().create_database(&name).unwrap();
    let connection = server().superuser_connection(&name).unwrap();
    (name, connection)
}

/// Builds what is not there.
pub(crate) fn make(connection: &mut Connection, database: &Database) -> Plan {
    let plan = migrate::plan(&Database::default(), database, &MARIADB).unwrap();
    if let Err(error) = engine::apply(connection, &plan.steps) {
        panic!("{error}\n{}", error.statement.as_deref().unwrap_or_default());
    }
    plan
}

/// A database that was built from a blueprint.
pub(crate) struct Built {
    pub(crate) blueprint: Blueprint,
    pub(crate) realised: Realised,
    pub(crate) name: String,
    pub(crate) plan: Plan,
    connection: RefCell<Connection>,
}

pub(crate) fn build(blueprint: Blueprint) -> Built {
    let realised = (MARIADB.realise)(&blueprint);
    let (name, mut connection) = database();
    let plan = make(&mut connection, &realised.database);
    Built {
        blueprint,
        realised,
        name,
        plan,
        connection: RefCell::new(connection),
    }
}

impl Built {
    pub(crate) fn run(&self, sql: &str) {
        let ran = self.connection.borrow_mut().batch(sql);
        ran.unwrap_or_else(|error| panic!("{error}\n{sql}"));
    }

    /// Expects a refusal whose message holds `wanted`.
    pub(crate) fn refuse(&self, sql: &str, wanted: &str) {
        match self.connection.borrow_mut().batch(sql) {
            Ok(()) => panic!("was not refused: {sql}"),
            Err(error) => assert!(error.to_string().contains(wanted), "{error}\n{sql}"),
        }
    }

    pub(crate) fn one(&self, sql: &str) -> String {
        let rows = self.connection.borrow_mut().query(sql, &[]);
        let rows = rows.unwrap_or_else(|error| panic!("{error}\n{sql}"));
        assert_eq!(rows.rows.len(), 1, "{sql}");
        show(rows.scalar().unwrap())
    }

    pub(crate) fn all(&self, sql: &str) -> String {
        let rows = self.connection.borrow_mut().query(sql, &[]);
        let rows = rows.unwrap_or_else(|error| panic!("{error}\n{sql}"));
        let line = |row: &Vec<Value>| row.iter().map(show).collect::<Vec<_>>().join("|");
        rows.rows.iter().map(line).collect::<Vec<_>>().join("\n")
    }

    /// The statements that put a transaction into a context.
    pub(crate) fn entering(&self, actor: Option<&str>, tenant: Option<&str>) -> Vec<String> {
        let values = ContextValues {
            actor: actor.map(str::to_owned),
            tenant: tenant.map(str::to_owned),
            signature: None,
        };
        (MARIADB.enter)(&self.blueprint, &values)
    }

    pub(crate) fn enter(&self, actor: Option<&str>, tenant: Option<&str>) {
        for statement in self.entering(actor, tenant) {
            self.run(&statement);
        }
    }

    /// Takes everything back.
    pub(crate) fn undo(&self) {
        let undone = engine::undo(&mut self.connection.borrow_mut(), &self.plan);
        if let Err(error) = undone {
            panic!("{error}\n{}", error.statement.as_deref().unwrap_or_default());
        }
    }
}

pub(crate) fn show(value: &Value) -> String {
    match value {
        Value::Null => "NULL".to_owned(),
        Value::Bool(value) => value.to_string(),
        Value::Int(value) => value.to_string(),
        Value::Float(value) => format!("{value:?}"),
        Value::Text(value) => value.clone(),
        Value::Bytes(value) => format!("{value:?}"),
    }
}
