//! `prove`: what it answers, what it refuses, and what it never tells.

use crate::support::{Project, finish, server, validate};

/// Small, and quick to prove.
const SMALL: &str = "policy {\n  actor  User\n}\n\nentity User owns self {\n  email  Email  @unique(global) because \"x\"\n}\n";

#[test]
fn evidence_is_what_its_schema_says_and_is_written_beside() {
    let project = Project::of(SMALL);
    let ran = project
        .run(&[
            "prove",
            "--gate",
            "apply",
            "--gate",
            "relations",
            "--format",
            "json",
        ])
        .ends(0);
    let document = ran.json();
    validate("evidence-1.schema.json", &document);
    assert_eq!(document["aggregate"]["verdict"], "proved");
    let gates: Vec<String> = document["gates"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| {
            format!(
                "{}/{}",
                it["id"].as_str().unwrap(),
                it["dialect"].as_str().unwrap()
            )
        })
        .collect();
    assert_eq!(
        gates,
        [
            "apply/postgres",
            "relations/postgres",
            "apply/sqlite",
            "relations/sqlite"
        ]
    );
    assert_eq!(project.read(".architrave/evidence.json"), ran.out);
    let again = project
        .run(&[
            "prove",
            "--gate",
            "apply",
            "--gate",
            "relations",
            "--format",
            "json",
        ])
        .ends(0)
        .json();
    assert_eq!(
        document["hash"], again["hash"],
        "the hash is of claims and verdicts, never of times"
    );
    project
        .run(&[
            "prove",
            "--gate",
            "apply",
            "--on",
            "sqlite",
            "--evidence",
            "deep/down.json",
        ])
        .ends(0)
        .says("proved");
    assert!(project.at("deep/down.json").is_file());
    assert_eq!(
        std::fs::read_dir(project.tmp()).unwrap().count(),
        0,
        "nothing temporary is left"
    );
}

#[test]
fn a_refuted_schema_ends_with_1() {
    // SQL by hand takes row-level security away.
    let project = Project::of(&format!(
        "{SMALL}\nentity Note {{\n  user  User  @owner\n  text  Text\n}}\n\nsql postgres \"\"\"ALTER TABLE p.notes DISABLE ROW LEVEL SECURITY;\"\"\" undo \"\"\"SELECT 1;\"\"\"\n"
    ));
    let ran = project
        .run(&["prove", "--gate", "isolation", "--on", "postgres"])
        .ends(1)
        .says("refuted");
    assert!(ran.out.contains('✗'), "{}", ran.out);
    let evidence: serde_json::Value =
        serde_json::from_str(&project.read(".architrave/evidence.json")).unwrap();
    validate("evidence-1.schema.json", &evidence);
    assert_eq!(evidence["aggregate"]["verdict"], "refuted");
}

#[test]
fn what_cannot_be_asked_for_ends_with_2() {
    let project = Project::of(SMALL);
    project
        .run(&["prove", "--gate", "aply"])
        .ends(2)
        .says("there is no gate `aply`")
        .says("secure-fields");
    project
        .run(&["prove", "--on", "env:NO_SUCH_VARIABLE"])
        .ends(2)
        .says("NO_SUCH_VARIABLE");
    project
        .run(&["prove", "--on", "mysql://u@localhost/d"])
        .ends(2)
        .says("nothing is proven there yet");
    project.run(&["prove", "--on", ""]).ends(2);
    let none = Project::new(&[("a.arch", "project p {\n  database mongodb\n}\n")]);
    none.run(&["prove"])
        .ends(2)
        .says("no database that can be proven");
    assert!(!project.at(".architrave").exists());
}

#[test]
fn a_password_is_never_told() {
    let project = Project::of(SMALL);
    let secret = "S3cr%40tPassw0rd";
    let addresses = [
        format!("postgres://u:{secret}@127.0.0.1:1/x"),
        format!("postgres://u:{secret}@127.0.0.1:port/x"),
        format!("postgres://u:{secret}@h.example.org/x"),
        format!("postgres://u:{secret}@h/x?sslmode=require"),
        format!("postgres://u:{secret}/x@127.0.0.1:1"),
        format!("postgres://127.0.0.1:1/x?user=u&password={secret}"),
        format!("postgres://127.0.0.1:1/x&password={secret}"),
        format!("postgre://u:{secret}@h/x"),
        format!("postgres:/u:{secret}@h/x"),
        format!("postgres//u:{secret}@h/x"),
        format!("u:{secret}@h/x"),
        format!("mysql://u:{secret}@h/x"),
        format!("mysql://u:{secret}@localhost/x"),
        format!("mariadb://u:{secret}@/x?socket=/none"),
        format!("postgres://u:{secret}%@h/x"),
        format!("postgres://u:{secret}%00@127.0.0.1:1/x"),
        format!("postgres://:{secret}@127.0.0.1:1/x"),
        format!("postgresql://u:{secret}@[::1]:1/x"),
        format!("postgres://u:{secret}@127.0.0.1:1,127.0.0.1:2/x"),
    ];
    for address in &addresses {
        for in_environment in [false, true] {
            let on = if in_environment {
                "env:DATABASE_URL"
            } else {
                address
            };
            let mut command = project.command(&[
                "prove",
                "--gate",
                "apply",
                "--on",
                on,
                "--format",
                "json",
                "--evidence",
                "e.json",
            ]);
            let ran = finish(command.env("DATABASE_URL", address));
            assert!(matches!(ran.code, Some(2 | 3)), "{address}: {ran:?}");
            let evidence = std::fs::read_to_string(project.at("e.json")).unwrap_or_default();
            for words in ["S3cr", "Passw0rd"] {
                assert!(!evidence.contains(words), "{address}: {evidence}");
                assert!(
                    !ran.out.contains(words) && !ran.err.contains(words),
                    "{address}: {ran:?}"
                );
            }
            let _ = std::fs::remove_file(project.at("e.json"));
        }
    }
    for command in ["seal", "verify"] {
        project.write("key", "0f".repeat(32));
        for address in &addresses {
            let ran = project
                .run(&[command, "--on", address, "--key", "key"])
                .keeps_silent_about("S3cr")
                .keeps_silent_about("Passw0rd");
            assert!(matches!(ran.code, Some(2 | 3)), "{address}: {ran:?}");
        }
    }
}

#[test]
fn a_server_that_does_not_answer_is_not_run() {
    let project = Project::of(SMALL);
    let on = ["prove", "--gate", "apply", "--on", "postgres://u:x@127.0.0.1:1/x"];
    project.run(&on).ends(3).says("not run").says("cannot be reached");
    project
        .run(&[&on[..], &["--allow-not-run"]].concat())
        .ends(0)
        .says("not run");
    let file = project.at("no.db");
    std::fs::write(
        &file,
        "this is no database, but it is long enough to be looked at by one",
    )
    .unwrap();
    project
        .run(&["prove", "--gate", "apply", "--on", file.to_str().unwrap()])
        .ends(3);
    assert!(project.read("no.db").starts_with("this is no database"));
}

#[test]
fn without_postgresql_sqlite_is_proven_and_the_rest_is_named() {
    let project = Project::of(SMALL);
    let arguments = ["prove", "--gate", "apply", "--postgres", "/nonexistent"];
    let ran = finish(project.command(&arguments).env("PATH", "")).ends(0);
    assert!(
        ran.err.contains("PostgreSQL is left out") && ran.err.contains("apt install postgresql"),
        "{}",
        ran.err
    );
    assert!(
        ran.out.contains("sqlite") && !ran.out.contains("postgres "),
        "{}",
        ran.out
    );
    // Whoever asks for it by name is not put off with less.
    finish(
        project
            .command(&[&arguments[..], &["--on", "postgres"]].concat())
            .env("PATH", ""),
    )
    .ends(3)
    .says("not run");
    let only = Project::new(&[(
        "a.arch",
        &format!("project p {{\n  database postgres\n}}\n{SMALL}"),
    )]);
    finish(only.command(&arguments).env("PATH", ""))
        .ends(3)
        .says("does not hold `postgres`");
}

/// The first command of the README on a machine with nothing but Rust.
#[test]
fn with_sqlite_alone_an_example_is_proven_by_every_gate() {
    let project = Project::example("auth");
    let ran = finish(
        project
            .command(&["prove", "--postgres", "/nonexistent", "--format", "json"])
            .env("PATH", ""),
    )
    .ends(0);
    let document = ran.json();
    validate("evidence-1.schema.json", &document);
    let lost = document["gates"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|gate| gate["claims"].as_array().unwrap())
        .filter(|claim| claim["verdict"] == "not-applicable");
    let reasons: Vec<&str> = lost.map(|claim| claim["reason"].as_str().unwrap()).collect();
    assert!(reasons.len() > 5, "what SQLite cannot give is named: {reasons:?}");
}

#[test]
fn evidence_that_cannot_be_written_does_not_take_the_verdict_with_it() {
    let project = Project::of(SMALL);
    project.write(".architrave", "a file where the folder would be");
    project
        .run(&["prove", "--gate", "apply", "--on", "sqlite"])
        .ends(3)
        .says("is proved")
        .says("cannot be written");
    project
        .run(&[
            "prove",
            "--gate",
            "apply",
            "--on",
            "sqlite",
            "--evidence",
            "/proc/no/e.json",
        ])
        .ends(3)
        .says("is proved");
    project
        .run(&[
            "prove",
            "--gate",
            "apply",
            "--on",
            "sqlite",
            "--evidence",
            "schema",
        ])
        .ends(3)
        .says("is proved");
    assert!(project.at("schema/a.arch").is_file());
    // A device is written to, and stays one. It is a link to one here, so that a fault would cost the link alone.
    std::os::unix::fs::symlink("/dev/null", project.at("null")).unwrap();
    project
        .run(&["prove", "--gate", "apply", "--on", "sqlite", "--evidence", "null"])
        .ends(0);
    assert!(project.at("null").is_symlink());
    std::os::unix::fs::symlink("/dev/full", project.at("full")).unwrap();
    project
        .run(&["prove", "--gate", "apply", "--on", "sqlite", "--evidence", "full"])
        .ends(3)
        .says("No space left");
}

#[test]
fn a_database_that_holds_something_is_not_touched() {
    let project = Project::of(SMALL);
    server().create_database("occupied").unwrap();
    let mut connection = server().superuser_connection("occupied").unwrap();
    connection
        .batch("CREATE TABLE precious (n int); INSERT INTO precious VALUES (7)")
        .unwrap();
    let (socket, port) = server()
        .url("occupied", "postgres")
        .socket()
        .map(|(path, port)| (path.to_owned(), port))
        .unwrap();
    let address = |database: &str| {
        format!(
            "postgres://postgres@/{database}?host={}&port={port}",
            socket.display()
        )
    };
    let on = |database: &str| {
        [
            "prove".to_owned(),
            "--gate".to_owned(),
            "apply".to_owned(),
            "--on".to_owned(),
            address(database),
        ]
    };
    let run = |database: &str, more: &[&str]| {
        let arguments = on(database);
        let mut all: Vec<&str> = arguments.iter().map(String::as_str).collect();
        all.extend(more);
        project.run(&all)
    };
    run("occupied", &[])
        .ends(3)
        .says("--allow-existing")
        .says("not run");
    let count = connection.query("SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace OR relnamespace::regnamespace::text LIKE 'p%' AND relnamespace::regnamespace::text NOT LIKE 'pg%'", &[]).unwrap();
    assert_eq!(
        count.scalar().and_then(physical::Value::as_int),
        Some(1),
        "only `precious` is there"
    );
    server().create_database("vacant").unwrap();
    run("vacant", &[]).ends(0).says("is proved");

    let file = project.at("full.db");
    let url = engine::DatabaseUrl::Sqlite(file.clone());
    let mut connection = engine::Connection::open(&url, &engine::ConnectOptions::default()).unwrap();
    connection
        .batch("CREATE TABLE precious (n int); INSERT INTO precious VALUES (7)")
        .unwrap();
    drop(connection);
    let before = std::fs::read(&file).unwrap();
    project
        .run(&["prove", "--gate", "apply", "--on", file.to_str().unwrap()])
        .ends(3)
        .says("--allow-existing");
    assert_eq!(std::fs::read(&file).unwrap(), before);
}

#[test]
fn sql_by_hand_runs_and_is_undone_and_named() {
    let project = Project::of(&format!(
        "{SMALL}\nsql postgres \"\"\"CREATE VIEW p.addresses AS SELECT email FROM p.users;\"\"\" undo \"\"\"DROP VIEW p.addresses;\"\"\"\nsql sqlite \"CREATE VIEW addresses AS SELECT email FROM users\" undo \"DROP VIEW addresses\"\n"
    ));
    project.run(&["build"]).ends(0);
    for dialect in ["postgres", "sqlite"] {
        assert!(
            project
                .read(&format!("sql/{dialect}/schema.sql"))
                .contains("CREATE VIEW")
        );
        assert!(
            project
                .read(&format!("sql/{dialect}/undo.sql"))
                .contains("DROP VIEW")
        );
    }
    let arguments = [
        "prove", "--gate", "apply", "--gate", "rollback", "--format", "json",
    ];
    let evidence = project.run(&arguments).ends(0).out;
    assert!(evidence.contains("addresses was not planned"), "{evidence}");
}
