//! The packages that are emitted for the examples work, on both databases; and what cannot be tried is not run, with the reason.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test may fail loudly"
)]

mod support;

use std::fs;
use std::thread;
use std::time::{Duration, Instant};

use evidence::{Evidence, Finding, Verdict};
use prove::{Options, Workplace, summary};

fn sources(example: &str) -> Vec<String> {
    let folder = support::root().join("examples").join(example).join("schema");
    let mut sources = support::arch_files(&folder);
    if !sources.iter().any(|text| text.contains("models ")) {
        for text in &mut sources {
            *text = text.replacen("database ", "models sqlalchemy\n  database ", 1);
        }
    }
    sources
}

fn options() -> Options {
    Options {
        gates: vec!["models".to_owned()],
        workplace: Some(support::workplace()),
        ..Options::default()
    }
}

fn work(example: &str, dialect: &str) {
    let evidence = support::evidence(&sources(example), dialect, &options());
    let text = summary(&evidence, 140, false);
    assert_eq!(evidence.aggregate.verdict, Verdict::Proved, "\n{text}");
    let claims = evidence.gates.iter().flat_map(|gate| &gate.claims);
    let proved = claims.filter(|claim| claim.verdict == Verdict::Proved).count();
    assert!(proved > 30, "{proved} claims are few\n{text}");
}

#[test]
fn shop_on_postgres() {
    work("shop", "postgres");
}

#[test]
fn shop_on_sqlite() {
    work("shop", "sqlite");
}

#[test]
fn auth_on_postgres() {
    work("auth", "postgres");
}

#[test]
fn auth_on_sqlite() {
    work("auth", "sqlite");
}

#[test]
fn tracker_on_postgres() {
    work("tracker", "postgres");
}

#[test]
fn tracker_on_sqlite() {
    work("tracker", "sqlite");
}

/// Whatever a schema may say: the fixtures of `design` hold every option, those of `models` every name that gets in the way.
fn every_form_works(dialect: &str) {
    let fixtures = support::root().join("fixtures");
    let mut faults = Vec::new();
    let mut files = support::arch_paths(&fixtures.join("design"));
    files.push(fixtures.join("models/awkward.arch"));
    assert!(files.len() > 12);
    for path in files {
        let text = fs::read_to_string(&path).unwrap();
        let mut entities = text.lines().filter(|line| line.starts_with("entity ")).peekable();
        if entities.peek().is_some() && entities.all(|line| line.contains(" without defaults ")) {
            // Nothing is designed, so there are no models.
            continue;
        }
        let project = if text.lines().any(|line| line.starts_with("project ")) {
            ""
        } else {
            "project shop {\n  database postgres, sqlite\n}\n"
        };
        let mut text = format!("{project}{text}");
        if !text.contains("models ") {
            text = text.replacen("  database ", "  models sqlalchemy\n  database ", 1);
        }
        let evidence = support::evidence(&[text], dialect, &options());
        if evidence.aggregate.verdict != Verdict::Proved {
            faults.push(format!("{}\n{}", path.display(), summary(&evidence, 140, false)));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n\n"));
}

#[test]
fn every_form_on_postgres() {
    every_form_works("postgres");
}

#[test]
fn every_form_on_sqlite() {
    every_form_works("sqlite");
}

fn not_run(evidence: &Evidence) -> String {
    assert_eq!(evidence.aggregate.verdict, Verdict::NotRun);
    match &evidence.gates.first().unwrap().finding {
        Finding::Reason(reason) => reason.clone(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn without_python_it_is_not_run() {
    let folder = support::scratch();
    let workplace = |path: &std::path::Path| Workplace {
        cache: folder.path().join("cache"),
        path: Some(path.as_os_str().to_owned()),
        ..support::workplace()
    };
    let with = |workplace| Options {
        workplace: Some(workplace),
        ..options()
    };
    let none = support::evidence(&sources("shop"), "sqlite", &with(workplace(folder.path())));
    assert!(not_run(&none).contains("need Python 3.11 or later: there is none on the path"));
    let old = folder.path().join("old");
    fs::create_dir(&old).unwrap();
    script(&old.join("python3"), "printf '%s\\n' /usr/bin/python3 3 9");
    let told = not_run(&support::evidence(
        &sources("shop"),
        "sqlite",
        &with(workplace(&old)),
    ));
    assert!(told.contains("is Python 3.9"), "{told}");
    let offline = folder.path().join("offline");
    fs::create_dir(&offline).unwrap();
    let own = offline.join("python3");
    // Makes environments whose Python cannot install anything.
    let text = format!(
        "case \"$*\" in *venv*ensurepip*) printf '%s\\n' {own} 3 12;; *'-m venv'*) mkdir -p \"$4/bin\"; cp {own} \"$4/bin/python\";; \
         *) echo 'no route to the index' >&2; exit 1;; esac",
        own = own.display()
    );
    script(&own, &text);
    let told = not_run(&support::evidence(
        &sources("shop"),
        "sqlite",
        &with(workplace(&offline)),
    ));
    assert!(told.contains("is there a network?"), "{told}");
    assert!(told.contains("no route to the index"), "{told}");
    let left = fs::read_dir(folder.path().join("cache/python")).unwrap();
    let left: Vec<String> = left
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .filter(|name| {
            std::path::Path::new(name)
                .extension()
                .is_none_or(|it| it != "lock")
        })
        .collect();
    assert!(left.is_empty(), "{left:?}");
}

fn script(path: &std::path::Path, text: &str) {
    use std::os::unix::fs::PermissionsExt as _;
    fs::write(path, format!("#!/bin/sh\n{text}\n")).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
}

#[test]
fn without_models_it_is_not_applicable() {
    let fixture = support::root().join("fixtures/prove/apply/dropped-check");
    let evidence = support::evidence(&support::arch_files(&fixture), "sqlite", &options());
    assert_eq!(evidence.aggregate.verdict, Verdict::NotApplicable);
}

#[test]
fn it_can_be_given_up() {
    let options = options();
    let cancel = options.cancel.clone();
    let waiting = thread::spawn(move || {
        thread::sleep(Duration::from_secs(3));
        cancel.cancel();
        Instant::now()
    });
    let evidence = support::evidence(&sources("tracker"), "sqlite", &options);
    let ended = Instant::now();
    assert!(ended.duration_since(waiting.join().unwrap()) < Duration::from_secs(3));
    assert_eq!(not_run(&evidence), "cancelled");
}
