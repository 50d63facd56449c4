//! What a project makes, found out by making it: SQL that somebody wrote says more than can be read in it.

use std::path::PathBuf;

use design::Designed;
use diagnostics::Diagnostic;
use physical::Database;
use plan::{Plan, Relational};
use project::Memory;

use super::temporary::Temporary;
use super::{Failure, Fault, Loaded};
use crate::codes;

/// Builds a project on a temporary database, and reads what is there then.
pub(super) fn run(
    temporary: &mut Temporary,
    designed: &Designed,
    dialect: &'static Relational,
) -> Loaded<Database> {
    let target = crate::realise(designed, dialect).map_err(|finding| Failure::new(Fault::State, *finding))?;
    make(
        temporary,
        &target.plan,
        designed.blueprint.project.as_str(),
        dialect,
    )
}

/// Makes a database on a temporary one, and reads what is there then.
pub(super) fn database(
    temporary: &mut Temporary,
    database: &Database,
    dialect: &'static Relational,
) -> Loaded<Database> {
    let plan = migrate::plan(&Database::default(), database, dialect).map_err(|why| {
        let finding = Diagnostic::global(&codes::NO_PLAN, why.to_string());
        Failure::new(Fault::State, finding)
    })?;
    make(temporary, &plan, "", dialect)
}

fn make(
    temporary: &mut Temporary,
    plan: &Plan,
    project: &str,
    dialect: &'static Relational,
) -> Loaded<Database> {
    let heading = emit::Heading::of(dialect, project, String::new(), &plan.to);
    let files = emit::sql(plan, &heading);
    let files = files.into_iter().filter(|file| !file.path.ends_with("/undo.sql"));
    let files: Vec<(PathBuf, String)> = files.map(|file| (PathBuf::from(file.path), file.text)).collect();
    let paths: Vec<PathBuf> = files.iter().map(|(path, _)| path.clone()).collect();
    let (database, _) = temporary.load(&Memory::with(files), &paths, dialect)?;
    Ok(database)
}

/// The server knows the roles that it was given, and not that this project makes them; nor how many rows there will be.
pub(super) fn know(built: &mut Database, designed: Database) {
    for table in &mut built.tables {
        let same = designed.tables.iter().find(|each| each.name == table.name);
        table.expected = same.map(|each| each.expected).unwrap_or_default();
    }
    built.roles = designed.roles;
}
