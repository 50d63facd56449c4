//! `seal` and `verify`: a whole round on both databases.

use engine::{Access, ConnectOptions, Connection, DatabaseUrl};
use physical::{Blueprint, Value};
use plan::ContextValues;
use serde_json::Value as Json;

use crate::support::{Project, server};

struct Place {
    project: Project,
    blueprint: Blueprint,
    sealer: String,
    auditor: String,
}

fn place(sealer: String, auditor: String) -> Place {
    let project = Project::example("shop");
    project.run(&["build"]).ends(0);
    project.write("key", format!("{}\n", "0f".repeat(32)));
    let source = project::Memory::with([("p/schema/shop.arch", project.read("schema/shop.arch"))]);
    let checked = state::check(&source, std::path::Path::new("p"));
    let blueprint = state::build(&checked).designed.blueprint;
    Place {
        project,
        blueprint,
        sealer,
        auditor,
    }
}

impl Place {
    fn seal(&self) -> Json {
        self.project
            .run(&[
                "seal",
                "--on",
                &self.sealer,
                "--key",
                "key",
                "--anchors",
                "anchors.txt",
                "--format",
                "json",
            ])
            .ends(0)
            .json()
    }

    fn verify(&self, code: i32) -> Json {
        let arguments = [
            "verify",
            "--on",
            &self.auditor,
            "--key",
            "key",
            "--anchors",
            "anchors.txt",
        ];
        let text = self.project.run(&arguments).ends(code);
        assert!(
            text.out.contains(if code == 0 { '✓' } else { '✗' }),
            "{}",
            text.out
        );
        self.project
            .run(&[&arguments[..], &["--format", "json"]].concat())
            .ends(code)
            .json()
    }

    fn anchors(&self) -> usize {
        self.project.read("anchors.txt").lines().count()
    }

    /// Writes as the application does: someone signs up, and fills a cart.
    fn work(&self, app: &mut Connection, email: &str) {
        let postgres = self.sealer.starts_with("postgres");
        let dialect = dialects::by_name(if postgres { "postgres" } else { "sqlite" }).unwrap();
        let parameters = [
            email,
            "$argon2id$v=19$m=65536,t=3,p=4$c29tZXNhbHQ$aGFzaGhhc2hoYXNo",
        ]
        .map(|it| Value::Text(it.to_owned()));
        let actor = if postgres {
            app.query(
                "SELECT actor::text FROM shop_private.sign_up_user($1, $2)",
                &parameters,
            )
            .unwrap()
        } else {
            app.execute_with("INSERT INTO users (email, password) VALUES (?1, ?2)", &parameters)
                .unwrap();
            app.query(
                "SELECT public_id FROM actors WHERE user_id = (SELECT max(id) FROM users)",
                &[],
            )
            .unwrap()
        };
        let Some(Value::Text(actor)) = actor.scalar() else {
            panic!("{actor:?}")
        };
        app.begin().unwrap();
        let context = ContextValues {
            actor: Some(actor.clone()),
            ..ContextValues::default()
        };
        for statement in (dialect.enter)(&self.blueprint, &context) {
            app.batch(&statement).unwrap();
        }
        let orders = if postgres { "shop.orders" } else { "orders" };
        app.execute(&format!(
            "INSERT INTO {orders} (total) VALUES ({})",
            if postgres { "12.5" } else { "125000" }
        ))
        .unwrap();
        app.execute(&format!("UPDATE {orders} SET state = 'placed'"))
            .unwrap();
        for statement in (dialect.leave)(&self.blueprint) {
            app.batch(&statement).unwrap();
        }
        app.commit().unwrap();
    }

    /// The whole round; `tamper` changes one entry as whoever owns the database could, and answers which.
    fn round(&self, app: &mut Connection, tamper: impl FnOnce() -> i64) {
        self.work(app, "ann@example.org");
        let sealed = self.seal();
        let entries = sealed["entries"].as_u64().unwrap();
        assert!(entries >= 3, "{sealed}");
        assert_eq!(self.anchors(), 1);
        let report = self.verify(0);
        assert_eq!(report["entries"], entries);
        assert_eq!(report["open"]["entries"], 0);

        assert_eq!(self.seal()["entries"], 0, "nothing new");
        let said = self
            .project
            .run(&[
                "seal",
                "--on",
                &self.sealer,
                "--key",
                "key",
                "--anchors",
                "anchors.txt",
            ])
            .ends(0);
        assert_eq!(said.out, "nothing new to seal\n");
        assert_eq!(self.anchors(), 1);

        self.work(app, "bob@example.org");
        assert!(self.verify(0)["open"]["entries"].as_u64() >= Some(3));
        assert!(self.seal()["entries"].as_u64() >= Some(3));
        assert_eq!(self.anchors(), 2, "anchors are appended");
        self.verify(0);

        // Another key knows nothing of these seals.
        self.project.write("other", "1e".repeat(32));
        self.project
            .run(&["verify", "--on", &self.auditor, "--key", "other"])
            .ends(1);
        self.project
            .run(&["verify", "--on", &self.auditor, "--key", "other", "--key", "key"])
            .ends(0);
        self.project.write("broken.txt", "architrave-anchor/1 what\n");
        self.project
            .run(&[
                "verify",
                "--on",
                &self.auditor,
                "--key",
                "key",
                "--anchors",
                "broken.txt",
            ])
            .ends(3)
            .says("line 1");
        self.project
            .run(&[
                "verify",
                "--on",
                &self.auditor,
                "--key",
                "key",
                "--anchors",
                "none.txt",
            ])
            .ends(3)
            .says("none.txt");

        let entry = tamper();
        let report = self.verify(1);
        let faults = report["faults"].as_array().unwrap();
        assert!(faults.iter().any(|fault| fault["seq"] == entry), "{report:#}");
        let text = self
            .project
            .run(&["verify", "--on", &self.auditor, "--key", "key"])
            .ends(1);
        assert!(
            text.out
                .lines()
                .any(|line| line.starts_with('✗') && line.contains(&format!(" {entry}"))),
            "{}",
            text.out
        );
    }
}

#[test]
fn a_round_on_sqlite() {
    let file = "app.db".to_owned();
    let place = place(file.clone(), file);
    let path = place.project.at("app.db");
    let open = || Connection::open(&DatabaseUrl::Sqlite(path.clone()), &ConnectOptions::default()).unwrap();
    let mut app = open();
    app.batch(&place.project.read("sql/sqlite/schema.sql")).unwrap();
    place.round(&mut app, || {
        let mut thief = open();
        let triggers = thief
            .query(
                "SELECT name FROM sqlite_schema WHERE type = 'trigger' AND tbl_name = 'shop_audit_log'",
                &[],
            )
            .unwrap();
        for row in &triggers.rows {
            let Value::Text(name) = &row[0] else {
                panic!("{row:?}")
            };
            thief.batch(&format!("DROP TRIGGER \"{name}\"")).unwrap();
        }
        assert_eq!(
            thief
                .execute("UPDATE shop_audit_log SET changes = '{}' WHERE seq = 2")
                .unwrap(),
            1
        );
        2
    });
}

#[test]
fn a_round_on_postgresql() {
    let (socket, port) = server()
        .url("trail", "postgres")
        .socket()
        .map(|(path, port)| (path.to_owned(), port))
        .unwrap();
    let address = |role: &str| format!("postgres://{role}@/trail?host={}&port={port}", socket.display());
    let place = place(address("sam_sealer"), address("otto_auditor"));
    server().create_database("trail").unwrap();
    let mut admin = server().superuser_connection("trail").unwrap();
    for script in ["roles", "schema"] {
        admin
            .batch(&place.project.read(&format!("sql/postgres/{script}.sql")))
            .unwrap();
    }
    admin.batch("CREATE ROLE ann_app LOGIN IN ROLE shop_app; CREATE ROLE sam_sealer LOGIN IN ROLE shop_sealer; CREATE ROLE otto_auditor LOGIN IN ROLE shop_auditor").unwrap();
    let mut app = server().connect("trail", "ann_app").unwrap();
    place.round(&mut app, || {
        let first = admin.query("SELECT min(seq) FROM shop_audit.log", &[]).unwrap();
        let entry = first.scalar().and_then(Value::as_int).unwrap();
        admin
            .batch(&format!("SET session_replication_role = replica; UPDATE shop_audit.log SET changes = '{{}}' WHERE seq = {entry}"))
            .unwrap();
        entry
    });
    // Who may not seal is refused by the database, and told so.
    let ran = place
        .project
        .run(&["seal", "--on", &address("ann_app"), "--key", "key"])
        .ends(3);
    assert!(ran.err.contains("permission denied"), "{}", ran.err);
}

#[test]
fn what_is_no_key_ends_with_2() {
    let place = place("app.db".to_owned(), "app.db".to_owned());
    for (name, text) in [
        ("empty", String::new()),
        ("short", "0f".repeat(31)),
        ("long", "0f".repeat(33)),
        ("letters", "zz".repeat(32)),
        ("two", format!("{0}\n{0}\n", "0f".repeat(32))),
    ] {
        place.project.write(name, text);
        for command in ["seal", "verify"] {
            let ran = place
                .project
                .run(&[command, "--on", "app.db", "--key", name])
                .ends(2)
                .says("holds no key");
            assert!(!ran.err.contains("0f0f"), "a key is never told");
        }
    }
    place.project.write("binary", [0xff; 32]);
    place
        .project
        .run(&["seal", "--on", "app.db", "--key", "binary"])
        .ends(2);
    place
        .project
        .run(&["seal", "--on", "app.db", "--key", "nowhere"])
        .ends(3)
        .says("openssl rand -hex 32");
    // Neither makes a database that is not there.
    for command in ["seal", "verify"] {
        place
            .project
            .run(&[command, "--on", "app.db", "--key", "key"])
            .ends(3);
    }
    assert!(!place.project.at("app.db").exists());
    let mut other = Connection::open(
        &DatabaseUrl::Sqlite(place.project.at("other.db")),
        &ConnectOptions {
            access: Access::ReadWrite,
            ..ConnectOptions::default()
        },
    )
    .unwrap();
    other.batch("CREATE TABLE t (n)").unwrap();
    place
        .project
        .run(&["verify", "--on", "other.db", "--key", "key"])
        .ends(3);
    let plain = Project::of(
        "policy {\n  actor  User\n  audit  off(\"x\")\n}\nentity User owns self {\n  n  Int\n}\n",
    );
    plain.write("key", "0f".repeat(32));
    plain.write("other.db", std::fs::read(place.project.at("other.db")).unwrap());
    let ran = plain.run(&["seal", "--on", "other.db", "--key", "key"]);
    assert!(matches!(ran.code, Some(2 | 3)), "{ran:?}");
}
