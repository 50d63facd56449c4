//! Pairs on PostgreSQL.

use std::sync::OnceLock;

use dialects::postgres::POSTGRES;
use engine::{Connection, Server, StartOptions};
use physical::Value;
use plan::{Plan, Relational};

use crate::{Product, fixtures, rest, with_the_way_back};

fn server() -> &'static Server {
    static SERVER: OnceLock<(tempfile::TempDir, Server)> = OnceLock::new();
    let (_, server) = SERVER.get_or_init(|| {
        let cache = tempfile::tempdir().unwrap();
        let mut options = StartOptions::new(cache.path(), std::env::temp_dir());
        options.search.path = std::env::var_os("PATH");
        let server = Server::start(&options).expect("these tests need PostgreSQL 15 or newer");
        (cache, server)
    });
    server
}

/// A database of a temporary server, which goes with the value.
pub(crate) struct Postgres {
    name: String,
    /// Only closed before the database can go.
    connection: Option<Connection>,
}

/// Options come in the order in which they were given.
fn sort_options(line: &mut String) {
    let options = line.strip_prefix("WITH (").and_then(|rest| rest.split_once(')'));
    if let Some((options, rest)) = options {
        let mut options: Vec<&str> = options.split(", ").collect();
        options.sort_unstable();
        *line = format!("WITH ({}){rest}", options.join(", "));
    }
}

fn told(error: engine::StepError) -> String {
    let statement = error.statement.as_deref().unwrap_or_default();
    format!("{error}\n    {statement}")
}

impl Product for Postgres {
    fn dialect() -> &'static Relational {
        &POSTGRES
    }

    fn build(name: &str, sql: &str) -> Option<Self> {
        server().create_database(name).unwrap();
        let mut connection = server().superuser_connection(name).unwrap();
        let built = connection.batch(sql).is_ok();
        let made = Self {
            name: name.to_owned(),
            connection: Some(connection),
        };
        built.then_some(made)
    }

    fn connection(&mut self) -> &mut Connection {
        self.connection.as_mut().unwrap()
    }

    /// The server takes it for granted that rows are as constraints say, and does not look again.
    fn carelessly() -> Option<(&'static str, &'static str)> {
        None
    }

    fn up(&mut self, plan: &Plan) -> Result<(), String> {
        engine::apply(self.connection(), &plan.steps).map_err(told)
    }

    fn down(&mut self, plan: &Plan) -> Result<(), String> {
        engine::undo(self.connection(), plan).map_err(told)
    }

    /// The server's own dump, line by line: columns come in the order in which they were added.
    fn dump(&mut self) -> Vec<String> {
        let login = server().url(&self.name, server().superuser()).login().unwrap();
        let output = std::process::Command::new("pg_dump")
            .args(["-h", &login.host, "-p", &login.port.to_string()])
            .args(["-U", &login.user, "-s", "-d", &login.database])
            .args(["-N", "architrave_migrations*"])
            .output()
            .expect("these tests need pg_dump");
        // One that is older than the server dumps nothing: then our own reading is all there is.
        if String::from_utf8_lossy(&output.stderr).contains("server version mismatch") {
            return Vec::new();
        }
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(text.contains("dump complete"), "{} cannot be dumped", self.name);
        let mut lines: Vec<String> = text
            .lines()
            .map(|line| line.trim_end().trim_end_matches(',').to_owned())
            .filter(|line| !(line.is_empty() || line.starts_with("--") || line.starts_with('\\')))
            .collect();
        lines.iter_mut().for_each(sort_options);
        lines.sort();
        lines
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        drop(self.connection.take());
        if let Ok(mut superuser) = server().superuser_connection("postgres") {
            let _ = superuser.execute(&format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name));
        }
    }
}

#[test]
fn postgres() {
    crate::try_all::<Postgres>(with_the_way_back(fixtures("postgres")));
}

/// An owner is no superuser, and where row-level security is forced a policy hides rows from it, too. None may be lost by that.
#[test]
fn an_owner_who_sees_no_row_loses_none() {
    let mut database = Postgres::build("by_owner", OWNED).unwrap();
    let from = database.read().unwrap();
    let mut goal = from.clone();
    goal.tables.retain(|table| table.partition_of.is_none());
    for table in &mut goal.tables {
        table.partitioned = None;
        table.partition_key = None;
    }
    let plan = migrate::plan(&from, &goal, Postgres::dialect()).unwrap();
    let count = |database: &mut Postgres| {
        let found = database.connection().query("SELECT count(*) FROM kept", &[]);
        found.unwrap().scalar().cloned()
    };
    let rows = count(&mut database);
    assert_eq!(rows, Some(Value::Int(7)));
    let mut owner = server().connect("by_owner", "keeper").unwrap();
    let seen = owner.query("SELECT count(*) FROM kept", &[]).unwrap();
    assert_eq!(
        seen.scalar(),
        Some(&Value::Int(0)),
        "the owner sees them, so nothing is tried"
    );
    engine::apply(&mut owner, &plan.steps).map_err(told).unwrap();
    assert_eq!(count(&mut database), rows);
    engine::undo(&mut owner, &plan).map_err(told).unwrap();
    assert_eq!(count(&mut database), rows);
}

/// What a policy hides from the owner is neither missing when a foreign key is looked at, nor passed over.
#[test]
fn references_are_looked_at_as_they_are() {
    let mut database = Postgres::build("by_keys", KEYED).unwrap();
    let from = database.read().unwrap();
    let mut after = Postgres::build("by_keys_after", &format!("{KEYED}{KEY}")).unwrap();
    let goal = after.read().unwrap();
    let plan = migrate::plan(&from, &goal, Postgres::dialect()).unwrap();
    let mut owner = server().connect("by_keys", "keyed").unwrap();
    engine::apply(&mut owner, &plan.steps).map_err(told).unwrap();
    rest(&mut database, &goal).unwrap();
    engine::undo(&mut owner, &plan).map_err(told).unwrap();
    rest(&mut database, &from).unwrap();
    database
        .connection()
        .batch("INSERT INTO child VALUES (9, 99)")
        .unwrap();
    let error = engine::apply(&mut owner, &plan.steps).map_err(told).unwrap_err();
    assert!(error.contains("child_parent_fkey"), "{error}");
    // The same where the key is there, goes, and comes back while a row refers to nothing.
    let mut database = Postgres::build("by_keys_back", &format!("{KEYED}{KEY}")).unwrap();
    let plan = migrate::plan(&goal, &from, Postgres::dialect()).unwrap();
    let mut owner = server().connect("by_keys_back", "keyed").unwrap();
    engine::apply(&mut owner, &plan.steps).map_err(told).unwrap();
    engine::undo(&mut owner, &plan).map_err(told).unwrap();
    rest(&mut database, &goal).unwrap();
}

const KEYED: &str = "
DO $$ BEGIN CREATE ROLE keyed LOGIN; EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$;
ALTER SCHEMA public OWNER TO keyed;
CREATE TABLE parent (id int PRIMARY KEY);
CREATE TABLE child (id int PRIMARY KEY, parent int NOT NULL);
INSERT INTO parent SELECT generate_series(1, 5);
INSERT INTO child SELECT n, n FROM generate_series(1, 5) n;
ALTER TABLE parent OWNER TO keyed;
ALTER TABLE child OWNER TO keyed;
ALTER TABLE parent ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE child ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY nobody ON parent USING (false);
CREATE POLICY nobody ON child USING (false);
";

const KEY: &str = "
ALTER TABLE child NO FORCE ROW LEVEL SECURITY;
ALTER TABLE child ADD CONSTRAINT child_parent_fkey FOREIGN KEY (parent) REFERENCES parent;
ALTER TABLE child FORCE ROW LEVEL SECURITY;
";

const OWNED: &str = "
DO $$ BEGIN CREATE ROLE keeper LOGIN; EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$;
ALTER SCHEMA public OWNER TO keeper;
CREATE TABLE kept (id int NOT NULL, whose text NOT NULL) PARTITION BY LIST (whose);
CREATE TABLE kept_a PARTITION OF kept FOR VALUES IN ('a');
CREATE TABLE kept_rest PARTITION OF kept DEFAULT;
ALTER TABLE kept OWNER TO keeper;
ALTER TABLE kept_a OWNER TO keeper;
ALTER TABLE kept_rest OWNER TO keeper;
INSERT INTO kept SELECT n, chr(96 + n) FROM generate_series(1, 7) n;
ALTER TABLE kept ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY nobody ON kept USING (false);
";
