//! Proofs on a server that was given, proofs that are given up, and servers that die: nothing is left behind, nobody's things
//! are touched, and what was not tried is not run.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may fail loudly"
)]

mod support;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::mpsc;
use std::thread;

use engine::{CancelToken, Connection, Server, StartOptions};
use evidence::{Evidence, Finding, GateResult, Verdict};
use prove::{Gate, Job, Options, Progress, Silent, Subject, Target, prove, summary};

fn lab(dialect: &str) -> Subject {
    let fixture = support::root().join("fixtures/prove/apply/dropped-check");
    support::subject(&support::arch_files(&fixture), dialect)
}

fn gates(names: &[&str]) -> Options {
    Options {
        gates: names.iter().map(|&name| name.to_owned()).collect(),
        ..Options::default()
    }
}

fn verdicts(evidence: &Evidence) -> Vec<(&str, Verdict)> {
    let gates = evidence.gates.iter();
    gates.map(|gate| (gate.id.as_str(), gate.verdict)).collect()
}

fn reason(gate: &GateResult) -> &str {
    match &gate.finding {
        Finding::Reason(reason) => reason,
        other => panic!("{other:?}"),
    }
}

/// What lies in a folder for temporary things, but for the cache.
fn left_in(folder: &Path) -> Vec<String> {
    let names = fs::read_dir(folder).unwrap();
    names
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .filter(|name| name != "cache")
        .collect()
}

/// Databases and roles of a server.
fn census(server: &Server) -> BTreeSet<String> {
    let mut superuser = server.superuser_connection("postgres").unwrap();
    let sql =
        "SELECT 'database ' || datname FROM pg_database UNION ALL SELECT 'role ' || rolname FROM pg_roles";
    let rows = superuser.query(sql, &[]).unwrap().rows;
    rows.iter()
        .map(|row| row[0].as_text().unwrap().to_owned())
        .collect()
}

fn given(server: &Server, folder: &Path, allow_existing: bool) -> Job {
    Job {
        subject: lab("postgres"),
        target: Target::Given {
            url: server.url("mine", server.superuser()),
            allow_existing,
            temporary: folder.to_owned(),
        },
    }
}

fn server(folder: &Path) -> (Server, Connection) {
    let server = Server::start(&StartOptions::new(folder.join("cache"), folder)).unwrap();
    server.create_database("mine").unwrap();
    let connection = server.superuser_connection("mine").unwrap();
    (server, connection)
}

#[test]
fn a_given_server_is_left_as_it_was() {
    let folder = support::scratch();
    let (server, _mine) = server(folder.path());
    let before = census(&server);
    let names = ["apply", "secure-fields", "constraints", "relations", "rollback"];
    let evidence = prove(
        &[given(&server, folder.path(), false)],
        &gates(&names),
        &mut Silent,
    );
    let text = summary(&evidence, 140, false);
    for (gate, verdict) in verdicts(&evidence) {
        // It needs a server without the project's roles, and says so.
        let expected = if gate == "rollback" {
            Verdict::NotRun
        } else {
            Verdict::Proved
        };
        assert_eq!(verdict, expected, "{gate}\n{text}");
    }
    assert_eq!(evidence.subject.databases[0].place, "given server");
    assert_eq!(census(&server), before);
}

#[test]
fn a_given_database_that_holds_something_is_refused_unless_allowed_and_never_touched() {
    let folder = support::scratch();
    let (server, mut mine) = server(folder.path());
    mine.batch("CREATE TABLE treasure (worth int); INSERT INTO treasure VALUES (42)")
        .unwrap();
    let before = census(&server);

    let refused = prove(
        &[given(&server, folder.path(), false)],
        &gates(&["apply"]),
        &mut Silent,
    );
    assert_eq!(verdicts(&refused), [("apply", Verdict::NotRun)]);
    assert!(
        reason(&refused.gates[0]).contains("--allow-existing"),
        "{}",
        reason(&refused.gates[0])
    );
    assert_eq!(census(&server), before);

    let allowed = prove(
        &[given(&server, folder.path(), true)],
        &gates(&["apply"]),
        &mut Silent,
    );
    assert_eq!(verdicts(&allowed), [("apply", Verdict::Proved)]);
    assert_eq!(census(&server), before);
    let rows = mine.query("SELECT worth FROM treasure", &[]).unwrap();
    assert_eq!(rows.scalar().and_then(physical::Value::as_int), Some(42));
}

#[test]
fn roles_and_databases_that_are_there_already_are_nobodys_to_remove() {
    for mine in ["CREATE ROLE lab_app", "CREATE DATABASE architrave_proof_7"] {
        let folder = support::scratch();
        let (server, mut superuser) = server(folder.path());
        superuser.batch(mine).unwrap();
        let before = census(&server);
        let evidence = prove(
            &[given(&server, folder.path(), false)],
            &gates(&["apply"]),
            &mut Silent,
        );
        assert_eq!(verdicts(&evidence), [("apply", Verdict::NotRun)]);
        assert!(
            reason(&evidence.gates[0]).contains("already"),
            "{}",
            reason(&evidence.gates[0])
        );
        assert_eq!(census(&server), before);
    }
}

/// Does something at the first step of a gate that is past its beginning.
struct At<'a> {
    gate: &'a str,
    now: bool,
    done: bool,
    what: &'a mut dyn FnMut(),
}

impl Progress for At<'_> {
    fn started(&mut self, gate: &Gate, _dialect: &str) {
        self.now = gate.id == self.gate;
    }
    fn step(&mut self, done: usize, _of: usize, _what: &str) {
        if self.now && done > 0 && !self.done {
            self.done = true;
            (self.what)();
        }
    }
    fn finished(&mut self, _result: &GateResult) {}
}

#[test]
fn who_gives_up_in_the_middle_gets_what_was_found_and_leaves_nothing() {
    for dialect in ["postgres", "sqlite"] {
        let folder = support::scratch();
        let cancel = CancelToken::default();
        let options = Options {
            cancel: cancel.clone(),
            ..gates(&["apply", "constraints", "relations", "rollback"])
        };
        let (ask, asked) = mpsc::channel::<()>();
        let (answer, answered) = mpsc::channel::<()>();
        let other = thread::spawn(move || {
            asked.recv().unwrap();
            cancel.cancel();
            answer.send(()).unwrap();
        });
        let mut what = || {
            ask.send(()).unwrap();
            answered.recv().unwrap();
        };
        let mut progress = At {
            gate: "constraints",
            now: false,
            done: false,
            what: &mut what,
        };
        let job = Job {
            subject: lab(dialect),
            target: support::target(dialect, folder.path()),
        };
        let evidence = prove(&[job], &options, &mut progress);
        other.join().unwrap();
        let expected = [
            ("apply", Verdict::Proved),
            ("constraints", Verdict::NotRun),
            ("relations", Verdict::NotRun),
            ("rollback", Verdict::NotRun),
        ];
        assert_eq!(verdicts(&evidence), expected, "{dialect}");
        assert!(
            evidence
                .gates
                .iter()
                .skip(1)
                .all(|gate| reason(gate) == "cancelled")
        );
        assert_eq!(evidence.exit_code(false), 3);
        assert_eq!(left_in(folder.path()), [""; 0], "{dialect}");
    }
}

/// Kills the only server whose folder lies here, without its knowing.
fn kill(folder: &Path) {
    let file = left_in(folder)
        .iter()
        .map(|name| folder.join(name).join("data/postmaster.pid"))
        .find(|path| path.exists())
        .expect("a server");
    let text = fs::read_to_string(file).unwrap();
    let id = text.lines().next().unwrap();
    assert!(Command::new("kill").args(["-9", id]).status().unwrap().success());
}

#[test]
fn a_server_that_dies_costs_one_gate() {
    let folder = support::scratch();
    let mut what = || kill(folder.path());
    let mut progress = At {
        gate: "constraints",
        now: false,
        done: false,
        what: &mut what,
    };
    let job = Job {
        subject: lab("postgres"),
        target: support::target("postgres", folder.path()),
    };
    let options = gates(&["apply", "constraints", "relations"]);
    let evidence = prove(&[job], &options, &mut progress);
    let expected = [
        ("apply", Verdict::Proved),
        ("constraints", Verdict::NotRun),
        ("relations", Verdict::Proved),
    ];
    assert_eq!(
        verdicts(&evidence),
        expected,
        "{}",
        summary(&evidence, 140, false)
    );
    let said = reason(&evidence.gates[1]);
    assert!(said.contains("connection") || said.contains("terminat"), "{said}");
    assert_eq!(left_in(folder.path()), [""; 0]);
}

#[test]
fn a_file_that_vanishes_costs_one_gate() {
    let folder = support::scratch();
    let mut what = || {
        for name in left_in(folder.path()) {
            fs::remove_dir_all(folder.path().join(name)).unwrap();
        }
    };
    let mut progress = At {
        gate: "rollback",
        now: false,
        done: false,
        what: &mut what,
    };
    let job = Job {
        subject: lab("sqlite"),
        target: support::target("sqlite", folder.path()),
    };
    let evidence = prove(&[job], &gates(&["rollback", "audit"]), &mut progress);
    let expected = [("rollback", Verdict::NotRun), ("audit", Verdict::Proved)];
    assert_eq!(
        verdicts(&evidence),
        expected,
        "{}",
        summary(&evidence, 140, false)
    );
    assert_eq!(left_in(folder.path()), [""; 0]);
}

#[test]
fn every_place_is_cut_when_that_is_asked_for() {
    let sources = support::arch_files(&support::root().join("examples/auth/schema"));
    let options = Options {
        thorough: true,
        ..gates(&["rollback"])
    };
    for dialect in ["sqlite", "postgres"] {
        let evidence = support::evidence(&sources, dialect, &options);
        let text = summary(&evidence, 140, false);
        assert_eq!(evidence.aggregate.verdict, Verdict::Proved, "{text}");
        let Finding::Evidence(proof) = &evidence.gates[0].finding else {
            panic!("{text}")
        };
        let fact = |name: &str| {
            proof
                .facts
                .iter()
                .find(|fact| fact.name == name)
                .map_or(0, |fact| fact.value)
        };
        // The build is cut after every step but the last, the undo as well.
        assert!(fact("cuts") > fact("steps"), "{text}");
    }
}
