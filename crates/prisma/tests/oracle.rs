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
        let is_gone = line.contains('=') && gone.contains(&word) || line.contains("\"metrics\"");
        !is_gone
    });
    kept.collect::<Vec<_>>().join("\n") + "\n"
}

fn provider(case: &Case) -> &'static str {
    let text: String = case.files.iter().map(|(_, text)| text.as_str()).collect();
    let (_, source) = text.split_once("datasource").expect("a datasource");
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

/// The files of a schema in the folder `prisma`, what Prisma makes in `made.sql`, and what is imported in `project`.
fn world(case: &Case, sql: &str, options: &StartOptions) -> Result<(Memory, Named), String> {
    let dialect = dialects::by_name(provider(case)).unwrap();
    let files = case.files.iter();
    let mut texts: Vec<(String, String)> = files
        .map(|(path, text)| (format!("prisma/{path}"), text.clone()))
        .collect();
    let schema = Named::Prisma {
        shown: "prisma".to_owned(),
        files: texts.iter().map(|(path, _)| PathBuf::from(path)).collect(),
    };
    texts.push(("made.sql".to_owned(), granted(case, dialect) + sql));
    let imported = named::import(
        &Memory::with(texts.clone()),
        options,
        dialect,
        &schema,
        "imported",
    );
    let imported = imported.map_err(|failure| format!("import: {:?}", failure.findings))?;
    let files = imported.files.into_iter();
    texts.extend(files.map(|(name, text)| (format!("project/schema/{name}"), text)));
    Ok((Memory::with(texts), schema))
}

/// What is wrong with how a schema is read, held against what Prisma makes.
fn differs(case: &Case, sql: &str, options: &StartOptions) -> Vec<String> {
    let scripts = Named::Scripts {
        shown: "made.sql".to_owned(),
        files: vec![PathBuf::from("made.sql")],
    };
    let project = Named::Project(PathBuf::from("project"));
    // Prisma makes no comments, and an import keeps what is documented: here there is nothing.
    let plain = Case {
        name: case.name.clone(),
        files: case
            .files
            .iter()
            .map(|(path, text)| (path.clone(), text.replace("///", "//")))
            .collect(),
        ours: case.ours,
    };
    let (memory, schema) = match world(&plain, sql, options) {
        Ok(world) => world,
        Err(why) => return vec![why],
    };
    let mut wrong = Vec::new();
    let mut hold = |memory: &Memory, what: &str, pair: (&Named, &Named)| {
        let steps = steps(memory, options, dialects::by_name(provider(case)).unwrap(), pair);
        if !steps.is_empty() {
            wrong.push(format!("{what}: {}", steps.join("; ")));
        }
    };
    hold(&memory, "from Prisma's", (&scripts, &schema));
    hold(&memory, "to Prisma's", (&schema, &scripts));
    hold(&memory, "from the import to Prisma's", (&project, &scripts));
    if case.files.iter().any(|(_, text)| text.contains("///")) {
        match world(case, sql, options) {
            Ok((memory, schema)) => {
                hold(&memory, "from the import", (&project, &schema));
                hold(&memory, "to the import", (&schema, &project));
            }
            Err(why) => wrong.push(why),
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
    let judged = |half: usize| -> Vec<String> {
        let pairs = cases.iter().zip(&answers).skip(half).step_by(2);
        pairs
            .flat_map(|(case, answer)| judged(case, answer, &options))
            .collect()
    };
    let wrong = std::thread::scope(|scope| {
        let other = scope.spawn(|| judged(1));
        let mut wrong = judged(0);
        wrong.extend(other.join().unwrap());
        wrong
    });
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What is wrong with one schema, by what Prisma answered.
fn judged(case: &Case, answer: &Result<String, String>, options: &StartOptions) -> Vec<String> {
    if provider(case) == "other" {
        return Vec::new();
    }
    let found = match answer {
        Ok(sql) => differs(case, sql, options),
        Err(why) if case.ours => vec![format!("Prisma refuses it: {why}")],
        Err(why) => {
            let line = why.lines().next().unwrap_or_default();
            println!(
                "{}: Prisma refuses it, and it is imported all the same: {line}",
                case.name
            );
            only_imported(case, options).into_iter().collect()
        }
    };
    if found.is_empty() && answer.is_ok() {
        println!("{} is what Prisma makes of it", case.name);
    }
    found
        .iter()
        .map(|found| format!("{}: {found}", case.name))
        .collect()
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
