//! Builds subjects from folders of `.arch` files, and finds fixtures.
#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may fail loudly, and not every test file uses every helper"
)]

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use diagnostics::{FileId, Severity};
use engine::StartOptions;
use physical::Database;
use prove::{Framework, Job, Models, Options, Silent, Subject, Target, Workplace, prove};

pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .canonicalize()
        .unwrap()
}

pub(crate) fn arch_files(folder: &Path) -> Vec<String> {
    arch_paths(folder)
        .iter()
        .map(|path| fs::read_to_string(path).unwrap())
        .collect()
}

/// The .arch files of a folder, in order.
pub(crate) fn arch_paths(folder: &Path) -> Vec<PathBuf> {
    let mut paths: Vec<PathBuf> = fs::read_dir(folder)
        .unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|it| it == "arch"))
        .collect();
    paths.sort();
    paths
}

/// The subject of some sources on a kind of database.
pub(crate) fn subject(sources: &[String], dialect: &str) -> Subject {
    let parses: Vec<syntax::Parse> = sources
        .iter()
        .enumerate()
        .map(|(index, text)| syntax::parse(FileId(index as u32), text))
        .collect();
    let files: Vec<(FileId, &syntax::Parse)> = parses
        .iter()
        .enumerate()
        .map(|(index, parse)| (FileId(index as u32), parse))
        .collect();
    let (model, found) = model::resolve(&files);
    let errors: Vec<String> = found
        .iter()
        .filter(|it| it.severity == Severity::Error)
        .map(|it| format!("{it:?}"))
        .collect();
    assert!(errors.is_empty(), "{errors:#?}");
    let designed = design::design(&model);
    let dialect = dialects::by_name(dialect).expect("a dialect");
    let realised = (dialect.realise)(&designed.blueprint);
    let plan = migrate::plan(&Database::default(), &realised.database, dialect).expect("a plan");
    let models = models(&model, &designed.blueprint);
    let mut subject = Subject::new(
        Arc::new(model),
        Arc::new(designed.blueprint),
        realised,
        plan,
        dialect,
    );
    subject.models = models;
    subject
}

/// The package that `build` would write, when the project asks for one.
fn models(model: &model::Model, blueprint: &physical::Blueprint) -> Option<Models> {
    let project = model.project.as_ref()?;
    if !project.models.contains(&model::ModelsTarget::Sqlalchemy) {
        return None;
    }
    let sqlite = dialects::by_name("sqlite").expect("a dialect");
    let input = emit::sqlalchemy::Input {
        model,
        blueprint,
        postgres: dialects::by_name("postgres").expect("a dialect"),
        scripts: &(sqlite.scripts)(blueprint),
        source: &|_| "schema.arch".to_owned(),
        place: emit::Placement::default(),
    };
    let files = emit::sqlalchemy::sqlalchemy(&input).into_iter();
    Some(Models {
        framework: Framework::Sqlalchemy,
        package: "app".to_owned(),
        files: files
            .map(|file| (format!("app/{}", file.path), file.text))
            .collect(),
    })
}

/// Where Python works for tests; what it installs is kept between them.
pub(crate) fn workplace() -> Workplace {
    Workplace {
        cache: PathBuf::from(env!("CARGO_TARGET_TMPDIR")),
        temporary: PathBuf::from("/tmp"),
        path: std::env::var_os("PATH"),
        network: Vec::new(),
    }
}

pub(crate) fn target(dialect: &str, folder: &Path) -> Target {
    match dialect {
        "postgres" => Target::Postgres(Box::new(StartOptions::new(folder.join("cache"), folder))),
        _ => Target::Sqlite(folder.to_owned()),
    }
}

/// A folder for one test that goes with the value.
pub(crate) fn scratch() -> tempfile::TempDir {
    tempfile::Builder::new().prefix("ap").tempdir_in("/tmp").unwrap()
}

/// Proves sources on a kind of database.
pub(crate) fn evidence(sources: &[String], dialect: &str, options: &Options) -> evidence::Evidence {
    let folder = scratch();
    let job = Job {
        subject: subject(sources, dialect),
        target: target(dialect, folder.path()),
    };
    prove(&[job], options, &mut Silent)
}
