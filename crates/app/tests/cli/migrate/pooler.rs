//! Behind a PgBouncer in transaction mode, which gives each transaction another session, and gives a session to whoever comes next.

use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use engine::{ConnectOptions, Connection, DatabaseUrl};

use super::Stage;
use super::concurrent::read_until;
use crate::support::{Ran, is_root, server, signal, until};

/// Where `./test` puts one, or where a system has it; `None` where there is none and nobody said that there must be.
fn program() -> Option<PathBuf> {
    if let Some(named) = std::env::var_os("ARCHITRAVE_PGBOUNCER") {
        return Some(named.into());
    }
    let usual = [
        "/usr/sbin/pgbouncer",
        "/usr/bin/pgbouncer",
        "/opt/homebrew/bin/pgbouncer",
    ];
    usual.iter().map(PathBuf::from).find(|path| path.exists())
}

/// One that was unpacked may lie where only root can go, and root is refused: it is copied.
fn reachable(program: &Path, folder: &Path) -> PathBuf {
    let unpacked = program.file_name().is_some_and(|name| name == "run");
    if !(unpacked && is_root()) {
        return program.to_owned();
    }
    let copy = folder.join("program");
    let done = Command::new("cp")
        .arg("-r")
        .arg(program.parent().unwrap())
        .arg(&copy)
        .status();
    assert!(done.unwrap().success());
    copy.join("run")
}

/// A pooler in front of the server of the tests. It ends with the value.
struct Pooler {
    child: Child,
    folder: tempfile::TempDir,
}

impl Pooler {
    fn start(program: &Path) -> Self {
        let login = server().url("postgres", server().superuser()).login().unwrap();
        let folder = tempfile::Builder::new()
            .prefix("pooler")
            .tempdir_in("/tmp")
            .unwrap();
        std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o777)).unwrap();
        let at = folder.path().display();
        let settings = format!(
            "[databases]\n* = host={} port={}\n[pgbouncer]\nunix_socket_dir = {at}\nlisten_addr =\nlisten_port = 6432\n\
             auth_type = trust\nauth_file = {at}/users\npool_mode = transaction\ndefault_pool_size = 3\n",
            login.host, login.port
        );
        std::fs::write(folder.path().join("settings"), settings).unwrap();
        std::fs::write(folder.path().join("users"), format!("\"{}\" \"\"\n", login.user)).unwrap();
        let mut command = Command::new(reachable(program, folder.path()));
        command
            .arg("-q")
            .arg(folder.path().join("settings"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        if is_root() {
            // It refuses to be root, and needs whoever may reach the server's socket.
            let owner = std::fs::metadata(&login.host).unwrap();
            command.uid(owner.uid()).gid(owner.gid());
        }
        let child = command.spawn().unwrap();
        let it = Self { child, folder };
        until("the pooler listens", || {
            it.folder.path().join(".s.PGSQL.6432").exists()
        });
        it
    }

    /// A database of the server, through the pooler.
    fn url(&self, direct: &str) -> String {
        let name = DatabaseUrl::parse(direct).unwrap().database();
        format!(
            "postgres://{}@localhost:6432/{name}?host={}",
            server().superuser(),
            self.folder.path().display()
        )
    }
}

impl Drop for Pooler {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A stage and its address through the pooler; nothing where there is no pooler.
#[expect(
    clippy::print_stderr,
    reason = "whoever runs the tests shall know what was not tried"
)]
fn behind(work: impl Fn(&Stage, &str)) {
    let Some(program) = program() else {
        eprintln!("not run: there is no PgBouncer here");
        return;
    };
    let pooler = Pooler::start(&program);
    let stage = Stage::empty("postgres");
    stage.write(
        "0001_notes/up.sql",
        "CREATE TABLE notes (id int PRIMARY KEY, text text);\n",
    );
    stage.write("0001_notes/down.sql", "DROP TABLE notes;\n");
    stage.write(
        "0002_words/up.sql",
        "INSERT INTO notes VALUES (1, 'one');\nCREATE INDEX CONCURRENTLY notes_text ON notes (text);\n",
    );
    stage.write(
        "0002_words/down.sql",
        "DROP INDEX CONCURRENTLY notes_text;\nDELETE FROM notes;\n",
    );
    stage.write(
        "0003_more/up.sql",
        "SET LOCAL search_path = public;\nALTER TABLE notes ADD COLUMN more text;\n-- architrave: batches by id\nUPDATE notes SET more = text WHERE more IS NULL;\n",
    );
    stage.write("0003_more/down.sql", "ALTER TABLE notes DROP COLUMN more;\n");
    let pooled = pooler.url(&stage.address);
    work(&stage, &pooled);
}

/// What sessions of the pool remember of whoever had them.
fn left(pooled: &str) -> Vec<String> {
    let url = DatabaseUrl::parse(pooled).unwrap();
    let mut connection = Connection::open(&url, &ConnectOptions::default()).unwrap();
    assert!(connection.is_pooled());
    let sql = "SELECT name FROM pg_settings WHERE source = 'session' AND name <> 'application_name' AND name NOT IN \
               ('client_encoding', 'DateStyle', 'TimeZone', 'standard_conforming_strings') \
               UNION ALL SELECT 'lock' FROM pg_locks WHERE locktype = 'advisory' \
               UNION ALL SELECT 'prepared ' || statement FROM pg_prepared_statements WHERE statement NOT LIKE '%pg_prepared_statements%'";
    // Outside of a transaction of ours, where ours are set.
    let mut found = Vec::new();
    for _ in 0..6 {
        connection.begin().unwrap();
        connection
            .batch("RESET bytea_output; RESET extra_float_digits; RESET \"IntervalStyle\"")
            .unwrap();
        let rows = connection.query(sql, &[]).unwrap();
        connection.rollback().unwrap();
        found.extend(rows.rows.iter().map(|row| row[0].as_text().unwrap().to_owned()));
    }
    found
}

#[test]
fn migrations_run_through_a_pooler_and_leave_its_sessions_alone() {
    behind(|stage, pooled| {
        let migrate = |arguments: &[&str]| {
            let mut command = stage.command(arguments);
            command.env("DATABASE_URL", pooled);
            crate::support::finish(&mut command)
        };
        migrate(&["apply"]).ends(0).says("3 migrations applied");
        migrate(&["status"]).ends(0);
        migrate(&["verify"]).ends(0);
        migrate(&["rollback", "--to", "0"]).ends(0);
        migrate(&["apply"]).ends(0);
        stage.migrate(&["verify"]).ends(0);
        let diff = ["diff", "--from", pooled, "--to", &stage.address];
        stage.project.run(&diff).ends(0).says("no difference");
        assert_eq!(left(pooled), Vec::<String>::new());
        // Nobody else gets a session that only reads.
        let url = DatabaseUrl::parse(pooled).unwrap();
        let mut other = Connection::open(&url, &ConnectOptions::default()).unwrap();
        for _ in 0..6 {
            other
                .batch("CREATE TABLE written (); DROP TABLE written")
                .unwrap();
        }
    });
}

#[test]
fn of_runs_at_once_behind_a_pooler_each_migration_is_applied_once() {
    behind(|stage, pooled| {
        let children: Vec<Child> = [pooled, pooled, &stage.address]
            .iter()
            .map(|address| {
                let mut command = stage.command(&["apply"]);
                command.env("DATABASE_URL", address).spawn().unwrap()
            })
            .collect();
        for child in children {
            Ran::of(child.wait_with_output().unwrap()).ends(0);
        }
        let applied = stage.rows(&format!(
            "SELECT number FROM {} ORDER BY position",
            stage.history()
        ));
        assert_eq!(applied, ["[Int(1)]", "[Int(2)]", "[Int(3)]"]);
    });
}

#[test]
fn a_run_that_was_killed_behind_a_pooler_is_gone_on_with() {
    behind(|stage, pooled| {
        stage.write(
            "0004_slow/up.sql",
            "CREATE TABLE slow (id int);\nSELECT pg_sleep(60);\n",
        );
        let mut command = stage.command(&["apply", "--verbose"]);
        let mut child = command.env("DATABASE_URL", pooled).spawn().unwrap();
        read_until(&mut child, "pg_sleep");
        signal(child.id(), "KILL");
        child.wait().unwrap();
        stage.write("0004_slow/up.sql", "CREATE TABLE slow (id int);\n");
        // Its lease is nobody's, which a pooler does not say: it is waited for, or removed by somebody who knows.
        stage.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(60)%' AND pid <> pg_backend_pid()");
        let mut again = stage.command(&["apply", "--wait", "60"]);
        crate::support::finish(again.env("DATABASE_URL", pooled)).ends(0);
        assert_eq!(stage.rows("SELECT count(*) FROM slow"), ["[Int(0)]"]);
    });
}

#[test]
fn what_is_set_for_a_session_is_refused_behind_a_pooler() {
    behind(|stage, pooled| {
        stage.write(
            "0004_session/up.sql",
            "CREATE TABLE t ();\nSET search_path = elsewhere;\n",
        );
        let mut command = stage.command(&["apply"]);
        crate::support::finish(command.env("DATABASE_URL", pooled))
            .ends(3)
            .says("a pooler stands between us and the server")
            .says("0004_session:2:1: SET search_path = elsewhere");
        assert!(!stage.migrate(&["status"]).ends(0).out.contains("  applied"));
    });
}
