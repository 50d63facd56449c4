//! `diff`: what it says of states under `fixtures/diff`, and that its scripts do what they say.
//!
//! `UPDATE_FIXTURES=1` writes the texts of the cases anew.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use engine::{Access, ConnectOptions, Connection, DatabaseUrl};

use crate::support::{Project, Ran, finish, root, server, validate};

fn cases() -> Vec<PathBuf> {
    let entries = std::fs::read_dir(root().join("fixtures/diff")).unwrap();
    let paths = entries.map(|entry| entry.unwrap().path());
    let mut folders: Vec<PathBuf> = paths.filter(|path| path.is_dir()).collect();
    folders.sort();
    assert!(folders.len() > 9);
    folders
}

fn copy(from: &Path, to: &Project, prefix: &str) {
    for entry in std::fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let name = format!("{prefix}{}", path.file_name().unwrap().to_str().unwrap());
        if path.is_dir() {
            copy(&path, to, &format!("{name}/"));
        } else {
            to.write(&name, std::fs::read(&path).unwrap());
        }
    }
}

/// The database that a case asks for, and its address.
fn database(case: &Path, name: &str, project: &Project) -> Option<String> {
    let script = |product: &str| std::fs::read_to_string(case.join(format!("database.{product}.sql"))).ok();
    if let Some(sql) = script("sqlite") {
        let url = DatabaseUrl::Sqlite(project.at("database.sqlite"));
        let mut connection = Connection::open(&url, &ConnectOptions::default()).unwrap();
        connection.batch(&sql).unwrap();
        return Some("database.sqlite".to_owned());
    }
    let sql = script("postgres")?;
    Some(on_server(&format!("diff_{}", name.replace('-', "_")), &sql))
}

/// A database of its own on the shared server, and its address.
fn on_server(name: &str, sql: &str) -> String {
    server().create_database(name).unwrap();
    server().superuser_connection(name).unwrap().batch(sql).unwrap();
    server().url(name, server().superuser()).to_string()
}

fn said(project: &Project, calls: &str, database: Option<&str>) -> String {
    let mut said = String::new();
    for call in calls.lines() {
        let address = database.unwrap_or("DATABASE");
        let arguments: Vec<String> = call
            .split(' ')
            .map(|word| word.replace("DATABASE", address))
            .collect();
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let ran = project.run(&arguments);
        assert!(
            !(ran.out.contains("hunter2") || ran.err.contains("hunter2")),
            "{call} shows a password"
        );
        let text = format!("{}{}", ran.out, ran.err).replace(address, "DATABASE");
        said.push_str(&format!("$ architrave {call}\n{text}= {}\n\n", ran.code.unwrap()));
    }
    said
}

#[test]
fn every_case_says_what_was_reviewed() {
    for case in cases() {
        let name = case.file_name().unwrap().to_str().unwrap();
        let project = Project::new(&[]);
        copy(&case, &project, "");
        let address = database(&case, name, &project);
        let before = project.files();
        let said = said(&project, &project.read("calls"), address.as_deref());
        assert_eq!(project.files(), before, "{name}: nothing is written");
        let file = case.with_extension("txt");
        if std::env::var_os("UPDATE_FIXTURES").is_some() {
            std::fs::write(&file, &said).unwrap();
        }
        let expected = std::fs::read_to_string(&file).unwrap_or_default();
        assert_eq!(
            said, expected,
            "{name}: UPDATE_FIXTURES=1 writes it anew; read the difference"
        );
    }
}

/// Pairs of schemas as plain files, which the tests of plans use as well.
fn pairs(product: &str) -> Vec<(String, String, String)> {
    let folder = root().join("fixtures/pairs").join(product);
    let mut paths: Vec<PathBuf> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    paths.sort();
    let pair = |path: PathBuf| {
        let text = std::fs::read_to_string(&path).unwrap();
        let (before, after) = text.split_once("-- becomes\n").unwrap();
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        (name, before.to_owned(), after.to_owned())
    };
    paths.into_iter().map(pair).collect()
}

/// Runs a script as a person would; `None` when the program is not there.
fn client(program: &str, arguments: &[&str], script: &str) -> Option<Ran> {
    let mut command = Command::new(program);
    command
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().ok()?;
    std::io::Write::write_all(&mut child.stdin.take().unwrap(), script.as_bytes()).unwrap();
    Some(Ran::of(child.wait_with_output().unwrap()))
}

#[test]
fn scripts_run_in_psql_and_lead_there_and_back() {
    let (mut tried, mut passed_over) = (0, 0);
    for (name, before, after) in pairs("postgres") {
        let database = format!("diff_script_{name}");
        let url = on_server(&database, &before);
        let project = Project::new(&[("before.sql", &before), ("after.sql", &after)]);
        let diff = |to: &str, more: &[&str]| {
            project.run(&[&["diff", "--from", &url, "--to", to][..], more].concat())
        };
        let up = diff("after.sql", &["--format", "sql"]);
        // A state in files is built by somebody who is no superuser (42501: insufficient privilege).
        if up.code != Some(0) && up.err.contains("(42501)") {
            passed_over += 1;
            continue;
        }
        let up = up.ends(0).out;
        let down = diff("after.sql", &["--format", "sql", "--down"]).ends(0).out;
        diff("after.sql", &["--check"]).ends(1);
        let login = server().url(&database, server().superuser()).login().unwrap();
        let port = login.port.to_string();
        let psql = |script: &str| {
            client(
                "psql",
                &[
                    "-X",
                    "-q",
                    "-h",
                    &login.host,
                    "-p",
                    &port,
                    "-U",
                    &login.user,
                    "-d",
                    &login.database,
                ],
                script,
            )
        };
        let Some(ran) = psql(&up) else {
            println!("skipped: there is no psql");
            return;
        };
        assert_eq!(
            (ran.code, ran.err.contains("ERROR")),
            (Some(0), false),
            "{name}: {}\n{up}",
            ran.err
        );
        assert_eq!(
            diff("after.sql", &["--check"]).ends(0).out,
            "no difference\n",
            "{name}"
        );
        if !down.contains("cannot be undone") {
            let ran = psql(&down).unwrap();
            assert_eq!(
                (ran.code, ran.err.contains("ERROR")),
                (Some(0), false),
                "{name}: {}\n{down}",
                ran.err
            );
            diff("before.sql", &["--check"]).ends(0);
        }
        tried += 1;
    }
    assert!(
        tried > 10 * passed_over,
        "{tried} were tried, {passed_over} passed over"
    );
}

#[test]
fn scripts_run_in_sqlite3_and_lead_there_and_back() {
    let before = "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT);\nCREATE INDEX t_a_idx ON t (a);\nCREATE VIEW v AS SELECT a FROM t;\n";
    let after = "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT);\nCREATE TABLE u (id INTEGER PRIMARY KEY, t_id INTEGER REFERENCES t (id));\n\
                 CREATE TRIGGER x AFTER INSERT ON t BEGIN\n  SELECT CASE WHEN 1 THEN 2 END;\n  DELETE FROM u;\nEND;\n";
    let project = Project::new(&[("before.sql", before), ("after.sql", after)]);
    let file = project.at("database.sqlite");
    let file = file.to_str().unwrap();
    let Some(made) = client("sqlite3", &[file], before) else {
        println!("skipped: there is no sqlite3");
        return;
    };
    made.ends(0);
    let diff =
        |to: &str, more: &[&str]| project.run(&[&["diff", "--from", file, "--to", to][..], more].concat());
    let up = diff("after.sql", &["--format", "sql"]).ends(0).out;
    let down = diff("after.sql", &["--format", "sql", "--down"]).ends(0).out;
    client("sqlite3", &[file], &up).unwrap().ends(0);
    diff("after.sql", &["--check"]).ends(0);
    diff("before.sql", &["--check"]).ends(1);
    client("sqlite3", &[file], &down).unwrap().ends(0);
    diff("before.sql", &["--check"]).ends(0);
}

#[test]
fn a_plan_can_be_read_as_a_state() {
    // The script is SQL with a command of the client in front, and leads from nothing to what it was made of.
    let project = Project::example("shop");
    for product in ["postgres", "sqlite"] {
        let script = project
            .run(&["diff", "--to", ".", "--on", product, "--format", "sql"])
            .ends(0)
            .out;
        let plan = format!("{product}.sql");
        project.write(&plan, script);
        let ran = project
            .run(&["diff", "--from", &plan, "--to", ".", "--on", product, "--check"])
            .ends(0);
        assert_eq!(ran.out, "no difference\n");
    }
}

#[test]
fn what_build_writes_is_what_diff_compares() {
    let project = Project::example("tracker");
    project.run(&["build"]).ends(0);
    for (product, folder) in [("postgres", "sql/postgres"), ("sqlite", "sql/sqlite")] {
        project
            .run(&["diff", "--from", folder, "--to", ".", "--on", product, "--check"])
            .ends(0)
            .says("no difference");
    }
}

#[test]
fn documents_are_what_their_schema_says() {
    let project = Project::new(&[]);
    copy(&root().join("fixtures/diff/everyday"), &project, "");
    let diff = |more: &[&str]| {
        let call = [
            "diff", "--from", "was.sql", "--to", "is.sql", "--on", "postgres", "--format", "json",
        ];
        let document = project.run(&[&call[..], more].concat()).ends(0).json();
        validate("plan-1.schema.json", &document);
        document
    };
    let forth = diff(&[]);
    assert_eq!(forth["verdict"], "difference");
    assert_eq!(forth["notes"][0]["code"], "STA013");
    let steps = forth["steps"].as_array().unwrap();
    assert!(
        steps
            .iter()
            .any(|step| step["lock"] == "access_exclusive" && step["waits"] == "reads, writes")
    );
    assert!(steps.iter().any(|step| step["transactional"] == false));
    assert_eq!(forth["summary"]["data_loss"], 1);
    assert_eq!(forth["summary"]["irreversible"], 1);
    let back = diff(&["--down"]);
    assert_eq!((&back["from"], &back["to"]), (&forth["to"], &forth["from"]));
    assert!(
        back["steps"]
            .as_array()
            .unwrap()
            .iter()
            .any(|step| step.get("impossible").is_some())
    );
    let ran = project.run(&[
        "diff", "--from", "is.sql", "--to", "is.sql", "--on", "postgres", "--format", "json",
    ]);
    let same = ran.ends(0).json();
    validate("plan-1.schema.json", &same);
    assert_eq!(same["verdict"], "no-difference");
    assert_eq!(same["from"]["hash"], same["to"]["hash"]);
}

#[test]
fn colours_are_for_terminals() {
    let project = Project::new(&[("a.sql", "CREATE TABLE t (a integer);\n")]);
    let call = ["diff", "--to", "a.sql", "--on", "sqlite"];
    assert!(!project.run(&call).ends(0).out.contains('\x1b'));
    let insisted = [&call[..], &["--color", "always"]].concat();
    assert!(project.run(&insisted).ends(0).out.contains("\x1b[1m"));
}

#[test]
fn a_role_that_may_not_read_the_catalog_is_told_so() {
    let name = "diff_no_catalog";
    on_server(
        name,
        "CREATE TABLE t (a integer); CREATE ROLE diff_lowly LOGIN; REVOKE SELECT ON pg_catalog.pg_policy FROM PUBLIC",
    );
    let project = Project::new(&[]);
    let url = server().url(name, "diff_lowly").to_string();
    let ran = project.run(&["diff", "--from", &url, "--to", "empty"]).ends(3);
    assert!(
        ran.err.contains("error[STA010]")
            && ran.err.contains("pg_policy")
            && ran.err.contains("owner of the database"),
        "{}",
        ran.err
    );
    assert_eq!(ran.out, "");
}

#[test]
fn scripts_reach_nothing_but_their_database() {
    let owner = "CREATE FUNCTION f() RETURNS int LANGUAGE sql SECURITY DEFINER AS 'SELECT 1';\nALTER FUNCTION f() OWNER TO";
    let project = Project::new(&[]);
    let touched = project.at("touched");
    for (statement, at) in [
        (
            format!(
                "CREATE TABLE t (a text);\nCOPY t FROM PROGRAM 'touch {}';",
                touched.display()
            ),
            2,
        ),
        (
            format!("CREATE TABLE t (a text);\nCOPY t TO '{}';", touched.display()),
            2,
        ),
        ("ALTER SYSTEM SET work_mem = '1GB';".to_owned(), 1),
        ("CREATE DATABASE other;".to_owned(), 1),
        ("CREATE ROLE another SUPERUSER;".to_owned(), 1),
        (format!("{owner} architrave_administrator;"), 2),
        (format!("{owner} architrave_bootstrap;"), 2),
        (
            "SET SESSION AUTHORIZATION architrave_administrator;".to_owned(),
            1,
        ),
    ] {
        project.write("a.sql", &statement);
        let ran = project
            .run(&["diff", "--to", "a.sql", "--on", "postgres"])
            .ends(1);
        let place = format!("a.sql:{at}:1");
        let told = ["error[STA007]", "(42501)", "no superuser", &place];
        assert!(
            told.iter().all(|words| ran.err.contains(words)),
            "{statement}: {}",
            ran.err
        );
        assert!(!touched.exists(), "{statement}");
    }
}

#[test]
fn a_database_is_only_read() {
    let name = "diff_only_read";
    let url = on_server(name, "CREATE TABLE t (a integer)");
    let count = || {
        let options = ConnectOptions {
            access: Access::ReadOnly,
            ..ConnectOptions::default()
        };
        let url = server().url(name, server().superuser());
        let mut connection = Connection::open(&url, &options).unwrap();
        let sql = "SELECT count(*)::int8, (SELECT count(*)::int8 FROM pg_roles) FROM pg_class";
        connection.query(sql, &[]).unwrap().rows
    };
    let before = count();
    let project = Project::new(&[(
        "a.sql",
        "CREATE ROLE made_by_a_script;\nCREATE TABLE t (a text);\nGRANT SELECT ON t TO made_by_a_script, taken_for_granted;\n",
    )]);
    project
        .run(&["diff", "--from", &url, "--to", "a.sql"])
        .ends(0)
        .says("taken_for_granted");
    assert_eq!(before, count());
}

#[test]
fn passwords_stay_in_the_environment() {
    let project = Project::new(&[]);
    let mut command = project.command(&["diff", "--to", "env:STATE"]);
    let ran = finish(command.env("STATE", "postgres://u:hunter2@localhost:1/x")).ends(3);
    assert!(
        ran.err.contains("u:***@") && !ran.err.contains("hunter2"),
        "{}",
        ran.err
    );
    let ran = finish(command.env("STATE", "pg:u:hunter2@localhost/x")).ends(2);
    assert!(!ran.err.contains("hunter2"), "{}", ran.err);
    let ran = finish(command.env("STATE", "hunter2")).ends(2);
    assert!(
        ran.err.contains("STATE") && !ran.err.contains("hunter2"),
        "{}",
        ran.err
    );
}

/// Runs the steps of a plan, read from its document.
fn run_document(connection: &mut Connection, document: &serde_json::Value) {
    for step in document["steps"].as_array().unwrap() {
        for statement in step["statements"].as_array().unwrap() {
            let statement = statement.as_str().unwrap();
            connection
                .batch(statement)
                .unwrap_or_else(|error| panic!("{statement}: {error}"));
        }
    }
}

/// A case of renames, on a database with rows: what is in it must be there afterwards, and after the way back.
fn keeps_rows(case: &str, from: &str, connection: &mut Connection, sequence: &str) {
    let project = Project::new(&[]);
    copy(&root().join("fixtures/diff").join(case), &project, "");
    let rows = "INSERT INTO clients (name, tel) VALUES ('Ada', '1'), ('Bob', '2');\nINSERT INTO orders (client_id) VALUES (2)";
    connection.batch(&project.read("was.sql")).unwrap();
    connection.batch(rows).unwrap();
    let diff = |more: &[&str]| {
        project
            .run(&[&["diff", "--from", from][..], more].concat())
            .ends(0)
    };
    let forth = diff(&["--to", "is.sql", "--format", "json"]).json();
    let back = diff(&["--to", "is.sql", "--format", "json", "--down"]).json();
    assert_eq!(forth["summary"]["data_loss"], 0, "{forth:#}");
    run_document(connection, &forth);
    diff(&["--to", "is.sql", "--check"]);
    let joined = "SELECT c.full_name FROM customers AS c JOIN orders AS o ON o.customer_id = c.id";
    let name = |connection: &mut Connection, sql: &str| {
        connection
            .query(sql, &[])
            .unwrap()
            .scalar()
            .unwrap()
            .as_text()
            .unwrap()
            .to_owned()
    };
    assert_eq!(name(connection, joined), "Bob");
    // Numbers go on from where they were.
    connection
        .batch("INSERT INTO customers (full_name) VALUES ('Cyd')")
        .unwrap();
    assert_eq!(name(connection, sequence), "3");
    run_document(connection, &back);
    diff(&["--to", "was.sql", "--check"]);
    assert_eq!(name(connection, "SELECT name FROM clients WHERE id = 3"), "Cyd");
}

#[test]
fn what_is_renamed_keeps_its_rows_in_postgres() {
    let url = on_server(
        "diff_renames",
        "CREATE SCHEMA empty_otherwise; DROP SCHEMA empty_otherwise",
    );
    let mut connection = server().superuser_connection("diff_renames").unwrap();
    // Roles are the server's.
    connection.batch("CREATE ROLE reader").unwrap();
    let id = "SELECT id::text FROM customers WHERE full_name = 'Cyd'";
    keeps_rows("renames-postgres", &url, &mut connection, id);
}

#[test]
fn what_is_renamed_keeps_its_rows_in_sqlite() {
    let place = crate::support::folder();
    let file = place.path().join("database.sqlite");
    let url = DatabaseUrl::Sqlite(file.clone());
    let mut connection = Connection::open(&url, &ConnectOptions::default()).unwrap();
    let id = "SELECT CAST(id AS TEXT) FROM customers WHERE full_name = 'Cyd'";
    keeps_rows("renames-sqlite", file.to_str().unwrap(), &mut connection, id);
}

/// On a terminal, which `script` makes, people are asked.
#[test]
fn people_are_asked_what_is_a_rename() {
    let project = Project::new(&[]);
    copy(&root().join("fixtures/diff/maybe-renamed"), &project, "");
    let answered = |answers: &str| {
        let line = format!(
            "{} diff --from was.sql --to is.sql --on postgres --color never",
            env!("CARGO_BIN_EXE_architrave")
        );
        let mut command = project.command(&[]);
        let environment: Vec<_> = command
            .get_envs()
            .filter_map(|(name, value)| Some((name.to_owned(), value?.to_owned())))
            .collect();
        command = Command::new("script");
        command
            .args(["-qec", &line, "/dev/null"])
            .current_dir(project.path())
            .envs(environment);
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn().ok()?;
        std::io::Write::write_all(&mut child.stdin.take().unwrap(), answers.as_bytes()).unwrap();
        let text = String::from_utf8(child.wait_with_output().unwrap().stdout).unwrap();
        text.contains("is it renamed? [y/N]").then_some(text)
    };
    let Some(yes) = answered("y\ny\n") else {
        println!("skipped: there is no `script` that makes a terminal");
        return;
    };
    assert!(yes.contains("table public.people is renamed persons"), "{yes}");
    assert!(
        yes.contains("column public.orders.note is renamed remark"),
        "{yes}"
    );
    let no = answered("n\n\n").unwrap();
    assert!(
        !no.contains("is renamed ") && no.contains("table public.people goes") && no.contains("STA015"),
        "{no}"
    );
}
