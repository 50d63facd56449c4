//! Steps run forwards and back, and fail whole.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests fail loudly"
)]

mod common;

use common::database;
use engine::{Access, ConnectOptions, Connection, DatabaseKind, EngineError, apply, undo};
use physical::{Origin, Value};
use plan::{Action, Lock, Phase, RunsAs, Section, Step, Undo};

fn plan_of(steps: &[Step]) -> plan::Plan {
    plan::Plan {
        dialect: "any",
        from: String::new(),
        to: String::new(),
        undo_prelude: &[],
        steps: steps.to_vec(),
    }
}

fn step(title: &str, statements: &[&str], undo: Undo) -> Step {
    Step {
        title: title.to_owned(),
        section: Section::Raw,
        action: Action::Sql(statements.iter().map(ToString::to_string).collect()),
        undo,
        lock: Lock::None,
        hazards: Vec::new(),
        phase: Phase::Expand,
        transactional: true,
        runs_as: RunsAs::Migrator,
        makes: plan::Made::Other,
        told: vec![0],
        apart: None,
        origin: Origin::Found,
    }
}

fn by(statement: &str) -> Undo {
    Undo::Sql(vec![statement.to_owned()])
}

fn tables(it: &mut Connection) -> Vec<String> {
    let sql = match it.kind() {
        DatabaseKind::Postgres => "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1",
        DatabaseKind::Sqlite => "SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY 1",
        DatabaseKind::Mariadb => {
            "SELECT table_name FROM information_schema.tables WHERE table_schema = DATABASE() ORDER BY 1"
        }
    };
    let rows = it.query(sql, &[]).unwrap().rows;
    rows.iter()
        .map(|row| row[0].as_text().unwrap().to_owned())
        .collect()
}

#[test]
fn steps_run_forwards_and_back() {
    let (_, postgres) = database("steps");
    for mut it in [postgres, Connection::sqlite_in_memory().unwrap()] {
        let steps = [
            step(
                "table a",
                &["CREATE TABLE a (i integer)", "INSERT INTO a VALUES (1)"],
                by("DROP TABLE a"),
            ),
            step("index of a", &["CREATE INDEX a_i ON a (i)"], Undo::WithOther),
            step("table b", &["CREATE TABLE b (i integer)"], by("DROP TABLE b")),
        ];
        apply(&mut it, &steps).unwrap();
        assert_eq!(tables(&mut it), ["a", "b"]);
        // The second table first: the last step is undone first.
        undo(&mut it, &plan_of(&steps)).unwrap();
        assert!(tables(&mut it).is_empty());
    }
}

#[test]
fn a_failure_leaves_nothing_of_its_transaction() {
    let (_, postgres) = database("failures");
    for mut it in [postgres, Connection::sqlite_in_memory().unwrap()] {
        let mut alone = step(
            "alone",
            &["CREATE TABLE alone (i integer)"],
            by("DROP TABLE alone"),
        );
        alone.transactional = false;
        let steps = [
            step("a", &["CREATE TABLE a (i integer)"], by("DROP TABLE a")),
            alone,
            step("b", &["CREATE TABLE b (i integer)"], by("DROP TABLE b")),
            step(
                "c",
                &["CREATE TABLE c (i integer)", "INSERT INTO missing VALUES (1)"],
                by("DROP TABLE c"),
            ),
        ];
        let error = apply(&mut it, &steps).unwrap_err();
        assert_eq!((error.step, error.title.as_str()), (3, "c"));
        assert_eq!(error.statement.as_deref(), Some("INSERT INTO missing VALUES (1)"));
        assert!(error.to_string().starts_with("step 4 (c): "), "{error}");
        assert_eq!(
            tables(&mut it),
            ["a", "alone"],
            "what was committed before stays, all of its own does not"
        );
        undo(&mut it, &plan_of(&steps[..2])).unwrap();
        assert!(tables(&mut it).is_empty());
    }
}

#[test]
fn what_cannot_be_undone_is_said_before_anything_is() {
    let mut it = Connection::sqlite_in_memory().unwrap();
    let steps = [
        step(
            "a",
            &["CREATE TABLE a (i integer)"],
            Undo::Impossible("its rows are gone".to_owned()),
        ),
        step("b", &["CREATE TABLE b (i integer)"], by("DROP TABLE b")),
    ];
    apply(&mut it, &steps).unwrap();
    let error = undo(&mut it, &plan_of(&steps)).unwrap_err();
    assert!(matches!(error.error, EngineError::Unsupported { .. }));
    assert_eq!(
        error.to_string(),
        "step 1 (a): it cannot be undone: its rows are gone"
    );
    assert_eq!(tables(&mut it), ["a", "b"]);
}

#[test]
fn a_step_that_refuses_transactions_runs_without_one() {
    let (_, mut it) = database("alone");
    it.batch("CREATE TABLE a (i integer)").unwrap();
    let mut index = step(
        "index",
        &["CREATE INDEX CONCURRENTLY a_i ON a (i)"],
        by("DROP INDEX CONCURRENTLY a_i"),
    );
    assert_eq!(
        apply(&mut it, std::slice::from_ref(&index))
            .unwrap_err()
            .error
            .code(),
        Some("25001")
    );
    index.transactional = false;
    apply(&mut it, std::slice::from_ref(&index)).unwrap();
    let count = it
        .query("SELECT count(*) FROM pg_indexes WHERE indexname = 'a_i'", &[])
        .unwrap();
    assert_eq!(count.scalar(), Some(&Value::Int(1)));
    undo(&mut it, &plan_of(&[index])).unwrap();
}

#[test]
fn a_deferred_constraint_fails_the_commit() {
    let (_, mut it) = database("deferred");
    let steps = [step(
        "pair",
        &[
            "CREATE TABLE a (i integer UNIQUE DEFERRABLE INITIALLY DEFERRED)",
            "INSERT INTO a VALUES (1), (1)",
        ],
        by("DROP TABLE a"),
    )];
    let error = apply(&mut it, &steps).unwrap_err();
    assert_eq!((error.statement, error.error.code()), (None, Some("23505")));
    assert!(tables(&mut it).is_empty());
}

#[test]
fn what_a_session_has_set_is_taken_back_and_what_we_rely_on_stays() {
    let (server, _) = common::database("reset");
    let options = ConnectOptions {
        access: Access::ReadOnly,
        ..ConnectOptions::default()
    };
    let mut it = Connection::open(&server.url("reset", server.superuser()), &options).unwrap();
    let settings = "SELECT concat_ws(' ', current_user <> session_user, current_setting('search_path'), \
                    current_setting('TimeZone'), current_setting('bytea_output'), current_setting('transaction_read_only'))";
    let seen = |it: &mut Connection| it.query(settings, &[]).unwrap().scalar().cloned();
    let before = seen(&mut it);
    it.batch("SET ROLE pg_monitor; SET search_path = a; SET TimeZone = 'Asia/Kathmandu'; SET bytea_output = escape")
        .unwrap();
    assert_ne!(seen(&mut it), before);
    it.reset_session().unwrap();
    assert_eq!(seen(&mut it), before);

    let mut it = Connection::sqlite_in_memory().unwrap();
    it.batch("PRAGMA foreign_keys = OFF").unwrap();
    it.reset_session().unwrap();
    let enforced = it.query("PRAGMA foreign_keys", &[]).unwrap();
    assert_eq!(enforced.scalar().and_then(physical::Value::as_bool), Some(true));
}

#[test]
fn a_process_that_ended_does_not_run() {
    assert!(engine::process_runs(std::process::id()));
    let mut gone = std::process::Command::new("true").spawn().unwrap();
    gone.wait().unwrap();
    assert!(!engine::process_runs(gone.id()));
    assert!(!engine::process_runs(0));
}
