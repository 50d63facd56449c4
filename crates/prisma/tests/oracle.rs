//! Prisma itself is asked what it makes of schemas; what is read of them must be the same, in both directions, and after an import.
//!
//! The schemas are those under `fixtures/prisma`, and with `ARCHITRAVE_CORPUS`, the name of a folder with `prisma/…`, those of real
//! applications. Prisma's engine is a package, which `npm ci` puts into `tests/oracle`; it needs no database.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test may fail loudly, and reads its environment"
)]

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use engine::StartOptions;
use plan::Relational;
use project::Memory;
use serde_json::{Value, json};
use state::named::{self, Named, State};

/// A schema: its name, and its files.
struct Case {
    name: String,
    files: Vec<(String, String)>,
    /// Whether Prisma is known to take it, since it is ours.
    ours: bool,
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Every schema of a folder.
fn cases(folder: &Path, ours: bool) -> Vec<Case> {
    let mut cases = Vec::new();
    let mut paths: Vec<PathBuf> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| !path.ends_with("broken"))
        .collect();
    paths.sort();
    for path in paths {
        let mut files = Vec::new();
        read(&path, &path, &mut files);
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if !files.is_empty() {
            cases.push(Case { name, files, ours });
        }
    }
    cases
}

fn read(top: &Path, path: &Path, files: &mut Vec<(String, String)>) {
    if path.is_dir() {
        let mut inside: Vec<PathBuf> = std::fs::read_dir(path)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .collect();
        inside.sort();
        inside.iter().for_each(|path| read(top, path, files));
    } else if path.extension().is_some_and(|extension| extension == "prisma") {
        let name = path.strip_prefix(top).ok().filter(|name| *name != Path::new(""));
        let name = name.unwrap_or_else(|| Path::new("schema.prisma"));
        let text = std::fs::read_to_string(path).unwrap();
        files.push((name.to_string_lossy().into_owned(), text));
    }
}

fn all() -> Vec<Case> {
    let mut all = cases(&root().join("fixtures/prisma"), true);
    assert!(all.len() > 6);
    if let Some(corpus) = std::env::var_os("ARCHITRAVE_CORPUS") {
        all.extend(cases(&Path::new(&corpus).join("prisma"), false));
    }
    all
}

/// As Prisma 7 wants it: where the database is stands elsewhere, and there are fewer features that are not settled yet.
fn for_prisma(text: &str) -> String {
    let gone = ["url", "directUrl", "shadowDatabaseUrl"];
    let kept = text.lines().filter(|line| {
        let word = line.split('=').next().unwrap_or_default().trim();
        !(line.contains('=') && gone.contains(&word)) && !line.contains("\"metrics\"")
    });
    kept.collect::<Vec<_>>().join("\n") + "\n"
}

fn provider(case: &Case) -> &'static str {
    let text: String = case.files.iter().map(|(_, text)| text.as_str()).collect();
    let source = &text[text.find("datasource").expect("a datasource")..];
    let said = source
        .split("provider")
        .nth(1)
        .unwrap()
        .split('"')
        .nth(1)
        .unwrap();
    match said {
        "postgres" | "postgresql" => "postgres",
        "sqlite" => "sqlite",
        _ => "other",
    }
}

/// What Prisma answers for each schema: SQL, or why it refuses.
fn ask(cases: &[Case]) -> Vec<Result<String, String>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/oracle");
    assert!(
        folder.join("node_modules/@prisma/schema-engine-wasm").is_dir(),
        "Prisma's engine is missing: run `npm ci` in {}",
        folder.display()
    );
    let question: Vec<Value> = cases
        .iter()
        .map(|case| {
            let files = case
                .files
                .iter()
                .map(|(path, text)| json!([path, for_prisma(text)]));
            json!({"provider": provider(case), "files": files.collect::<Vec<_>>()})
        })
        .collect();
    let mut child = Command::new("node")
        .arg(folder.join("sql.mjs"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("these tests need Node.js 20 or newer");
    let input = serde_json::to_vec(&question).unwrap();
    child.stdin.take().unwrap().write_all(&input).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "tests/oracle/sql.mjs failed");
    let answers: Vec<Value> = serde_json::from_slice(&output.stdout).unwrap();
    answers
        .iter()
        .map(|answer| match answer["sql"].as_str() {
            Some(sql) => Ok(sql.to_owned()),
            None => Err(answer["refused"].as_str().unwrap_or_default().to_owned()),
        })
        .collect()
}

fn start() -> (tempfile::TempDir, StartOptions) {
    let cache = tempfile::tempdir().unwrap();
    let mut options = StartOptions::new(cache.path(), std::env::temp_dir());
    options.search.path = std::env::var_os("PATH");
    (cache, options)
}

fn named(name: &str) -> (Named, Named, Named) {
    let prisma = PathBuf::from("prisma");
    let _ = name;
    let scripts = Named::Scripts {
        shown: "made.sql".to_owned(),
        files: vec![PathBuf::from("made.sql")],
    };
    let schema = Named::Prisma {
        shown: "prisma".to_owned(),
        files: vec![prisma],
    };
    (schema, scripts, Named::Project(PathBuf::from("project")))
}

/// The steps from one state to another.
fn steps(
    memory: &Memory,
    options: &StartOptions,
    dialect: &'static Relational,
    (from, to): (&Named, &Named),
) -> Vec<String> {
    let said = |failure: Box<named::Failure>| -> Vec<String> {
        let findings = failure.findings.iter();
        findings
            .map(|finding| format!("{}: {}", finding.rule.code, finding.message))
            .collect()
    };
    let compared = |(from, to): (State, State)| named::compare(&from, &to, dialect, None);
    let difference = named::load(memory, options, dialect, (from, to)).and_then(compared);
    match difference {
        Ok(difference) => difference
            .plan
            .steps
            .iter()
            .map(|step| step.title.clone())
            .collect(),
        Err(failure) => said(failure),
    }
}

/// What is wrong with how a schema is read, held against what Prisma makes.
fn differs(case: &Case, sql: &str, options: &StartOptions) -> Vec<String> {
    let dialect = dialects::by_name(provider(case)).unwrap();
    let (mut schema, scripts, project) = named(&case.name);
    let files = case
        .files
        .iter()
        .map(|(path, text)| (format!("prisma/{path}"), text.clone()));
    let mut texts: Vec<(String, String)> = files.collect();
    if let Named::Prisma { files, .. } = &mut schema {
        *files = texts.iter().map(|(path, _)| PathBuf::from(path)).collect();
    }
    texts.push(("made.sql".to_owned(), granted(case, dialect) + sql));
    let imported = named::import(
        &Memory::with(texts.clone()),
        options,
        dialect,
        &schema,
        "imported",
    );
    let mut wrong = Vec::new();
    match imported {
        Ok(imported) => {
            let files = imported.files.into_iter();
            texts.extend(files.map(|(name, text)| (format!("project/schema/{name}"), text)));
        }
        Err(failure) => wrong.push(format!("import: {:?}", failure.findings)),
    }
    let memory = Memory::with(texts);
    for (what, pair) in [
        ("from Prisma's", (&scripts, &schema)),
        ("to Prisma's", (&schema, &scripts)),
        ("from the import", (&project, &schema)),
        ("to the import", (&schema, &project)),
        ("from the import to Prisma's", (&project, &scripts)),
    ] {
        let steps = steps(&memory, options, dialect, pair);
        // Prisma makes no comments, and an import keeps them.
        let steps: Vec<String> = steps
            .into_iter()
            .filter(|step| !(what.contains("to Prisma's") && step.starts_with("comment")))
            .collect();
        if !steps.is_empty() {
            wrong.push(format!("{what}: {}", steps.join("; ")));
        }
    }
    wrong
}

/// Prisma takes extensions for granted that it does not make.
fn granted(case: &Case, dialect: &'static Relational) -> String {
    let mut sources = diagnostics::Sources::default();
    for (path, text) in &case.files {
        sources.add(path.as_str(), text.as_str());
    }
    let built = prisma::build(&prisma::parse(&sources), dialect);
    let extensions = built.database.extensions.iter();
    extensions
        .map(|name| format!("CREATE EXTENSION IF NOT EXISTS \"{name}\";\n"))
        .collect()
}

#[test]
fn what_is_read_is_what_prisma_makes() {
    let cases = all();
    let answers = ask(&cases);
    let (_cache, options) = start();
    let mut wrong = Vec::new();
    let mut compared = 0;
    for (case, answer) in cases.iter().zip(answers) {
        if provider(case) == "other" {
            continue;
        }
        match answer {
            Ok(sql) => {
                compared += 1;
                let found = differs(case, &sql, &options);
                wrong.extend(found.iter().map(|found| format!("{}: {found}", case.name)));
            }
            Err(why) if case.ours => wrong.push(format!("{}: Prisma refuses it: {why}", case.name)),
            Err(why) => {
                let line = why.lines().next().unwrap_or_default();
                println!(
                    "{}: Prisma refuses it, and it is imported all the same: {line}",
                    case.name
                );
                let found = only_imported(case, &options);
                wrong.extend(found.map(|found| format!("{}: {found}", case.name)));
            }
        }
    }
    println!(
        "{compared} of {} schemas are what Prisma makes of them",
        cases.len()
    );
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn only_imported(case: &Case, options: &StartOptions) -> Option<String> {
    let dialect = dialects::by_name(provider(case)).unwrap();
    let paths = case.files.iter().map(|(path, _)| PathBuf::from(path));
    let schema = Named::Prisma {
        shown: case.name.clone(),
        files: paths.collect(),
    };
    let memory = Memory::with(case.files.clone());
    let imported = named::import(&memory, options, dialect, &schema, "imported");
    imported.err().map(|failure| format!("{:?}", failure.findings))
}

#[test]
fn schemas_of_other_databases_are_parsed_and_told_apart() {
    for case in all().iter().filter(|case| provider(case) == "other") {
        let mut sources = diagnostics::Sources::default();
        for (path, text) in &case.files {
            sources.add(path.as_str(), text.as_str());
        }
        let schema = prisma::parse(&sources);
        let found: Vec<_> = schema.diagnostics.iter().collect();
        assert!(found.is_empty(), "{}: {found:?}", case.name);
        assert_eq!(schema.not_yet().unwrap().rule.code, "PSM003", "{}", case.name);
    }
}
