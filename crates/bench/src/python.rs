//! Figures of the emitted package, in a real Python: what it costs to import, and what its finders cost.
//!
//! The programs stand in `crates/bench/python`. They need the packages that the gate `models` needs: an environment with them is made
//! once beside this program, or named by `ARCHITRAVE_BENCH_PYTHON`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use engine::{Connection, Server, StartOptions, TemporarySqlite};
use project::Memory;

use crate::{Failure, sample};

/// How many rows the tables of the finders have.
const ROWS: u32 = 100_000;

/// Import of 200 entities, against the same models written by hand.
pub(crate) fn imports() -> Result<(), Failure> {
    let folder = tempfile::tempdir()?;
    write(&sample::with_models(200), folder.path())?;
    run("imports.py", &[&folder.path().display().to_string(), "models"])
}

/// Generated finders, against the `select` that they stand for; on both databases, by each driver.
pub(crate) fn finders() -> Result<(), Failure> {
    let folder = tempfile::tempdir()?;
    let schema = fs::read_to_string(programs().join("finders.arch"))?;
    write(&schema, folder.path())?;
    let cache = tempfile::tempdir()?;
    let server = Server::start(&StartOptions::new(cache.path(), std::env::temp_dir()))?;
    let file = TemporarySqlite::create(&std::env::temp_dir())?;
    let databases = [postgres(&server, &schema)?, sqlite(&file, &schema)?];
    let plan = format!(
        "{{\"folder\": {:?}, \"package\": \"models\", \"rows\": {ROWS}, \"databases\": [{}]}}",
        folder.path().display().to_string(),
        databases.join(", "),
    );
    let path = folder.path().join("plan.json");
    fs::write(&path, plan)?;
    run("finders.py", &[&path.display().to_string()])
}

/// Builds the schema on PostgreSQL; answers what the plan says of it.
fn postgres(server: &Server, schema: &str) -> Result<String, Failure> {
    server.create_database("figures")?;
    let mut admin = server.superuser_connection("figures")?;
    apply(&mut admin, schema, "postgres")?;
    admin.batch("CREATE ROLE figures_bench LOGIN IN ROLE figures_app, figures_keeper")?;
    let login = server.url("figures", "figures_bench").login();
    let login = login.ok_or("the server has no address")?;
    let url = |driver: &str, role: &str| {
        let (host, port) = (&login.host, login.port);
        format!("\"postgresql+{driver}://{role}@/figures?host={host}&port={port}\"")
    };
    Ok(format!(
        "{{\"name\": \"PostgreSQL {}\", \"owner\": {}, \"drivers\": [{}, {}]}}",
        server.version(),
        url("psycopg", server.superuser()),
        url("psycopg", "figures_bench"),
        url("asyncpg", "figures_bench"),
    ))
}

/// The same on SQLite.
fn sqlite(file: &TemporarySqlite, schema: &str) -> Result<String, Failure> {
    apply(&mut file.connect()?, schema, "sqlite")?;
    let path = file.folder().join("database.sqlite");
    let path = path.display();
    Ok(format!(
        "{{\"name\": \"SQLite\", \"owner\": \"sqlite:///{path}\", \"drivers\": [\"sqlite:///{path}\", \"sqlite+aiosqlite:///{path}\"]}}"
    ))
}

fn apply(connection: &mut Connection, schema: &str, dialect: &str) -> Result<(), Failure> {
    let built = state::build(&checked(schema)?);
    let target = built
        .targets
        .iter()
        .find(|target| target.dialect.name == dialect)
        .ok_or("nothing was built")?;
    engine::apply(connection, &target.plan.steps).map_err(|error| error.to_string())?;
    Ok(())
}

/// Writes the package of a schema, as `models`.
fn write(schema: &str, folder: &Path) -> Result<(), Failure> {
    let checked = checked(schema)?;
    let (_, files) = state::package(&checked, &state::build(&checked)).ok_or("no models were emitted")?;
    for (path, text) in files {
        let path = folder.join(path);
        fs::create_dir_all(path.parent().unwrap_or(folder))?;
        fs::write(path, text)?;
    }
    Ok(())
}

fn checked(schema: &str) -> Result<state::Checked, Failure> {
    let system = Memory::with([("/p/all.arch", schema)]);
    let checked = state::check(&system, Path::new("/p"));
    if checked.diagnostics.has_errors() {
        return Err("the schema that is measured has errors".into());
    }
    Ok(checked)
}

fn programs() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("python")
}

/// Runs one of the programs, which prints by itself.
fn run(program: &str, arguments: &[&str]) -> Result<(), Failure> {
    let status = Command::new(python()?)
        .arg("-B")
        .arg(programs().join(program))
        .args(arguments)
        .status()?;
    if status.success() {
        Ok(())
    } else {
        Err(format!("`{program}` ended with {status}").into())
    }
}

/// A Python with the packages.
fn python() -> Result<PathBuf, Failure> {
    if let Some(named) = std::env::var_os("ARCHITRAVE_BENCH_PYTHON") {
        return Ok(named.into());
    }
    let folder = std::env::current_exe()?.with_file_name("bench-python");
    let program = folder.join("bin").join("python");
    let complete = folder.join("complete");
    if complete.exists() {
        return Ok(program);
    }
    let list = programs().join("../../prove/src/gates/models/requirements.txt");
    let made = Command::new("python3")
        .args(["-m", "venv"])
        .arg(&folder)
        .status()?;
    let install = ["-m", "pip", "install", "--quiet", "--require-hashes", "-r"];
    if !made.success() || !Command::new(&program).args(install).arg(list).status()?.success() {
        return Err("there is no Python with the packages of the models".into());
    }
    fs::write(complete, "")?;
    Ok(program)
}
