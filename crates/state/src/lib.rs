//! The whole way in one page: from a path to sources, model, design, databases and plans.
//!
//! The command line, and whatever else calls the tool, go through these operations and print what they answer.

pub mod codes;
mod database;
mod hash;
mod lost;
mod models;
pub mod named;
pub mod revisions;
pub use models::package;

pub use database::{introspect, is_empty};
pub use hash::source_hash;
pub use lost::{LostGuarantee, by_guarantee};

use std::panic::resume_unwind;
use std::path::Path;
use std::thread;

use design::Designed;
use diagnostics::{Diagnostic, Diagnostics, FileId};
use model::Model;
use physical::{Database, Realised};
use plan::{Plan, Relational};
use project::{Loaded, System};
use syntax::{Parse, Tree};

/// What a project's text means, and what is wrong with it.
#[derive(Debug)]
pub struct Checked {
    /// Root, sources, and where they lie.
    pub loaded: Loaded,
    /// The tree of each source, in order.
    pub trees: Vec<Tree>,
    /// The logical schema.
    pub model: Model,
    /// Everything that was found: in the folder, the text, its meaning, and by the rules.
    pub diagnostics: Diagnostics,
}

/// A schema for one database product.
#[derive(Debug)]
pub struct Target {
    /// The product.
    pub dialect: &'static Relational,
    /// What shall exist, and what is lost.
    pub realised: Realised,
    /// How it is made from nothing.
    pub plan: Plan,
}

/// Everything that follows from the text.
#[derive(Debug)]
pub struct Built {
    /// What was decided, and why.
    pub designed: Designed,
    /// One for each relational database that the project is meant for, in the order in which it names them.
    pub targets: Vec<Target>,
    /// What was found on the way: by the design, and by each dialect.
    pub diagnostics: Diagnostics,
}

/// Reads, parses, resolves and lints the project at a path. Never fails; touches no database.
#[must_use]
pub fn check(system: &dyn System, path: &Path) -> Checked {
    let mut loaded = project::load(system, path);
    let mut diagnostics = std::mem::take(&mut loaded.diagnostics);
    let mut parses: Vec<Parse> = loaded
        .sources
        .iter()
        .map(|(id, source)| syntax::parse(id, &source.text))
        .collect();
    for parse in &mut parses {
        diagnostics.append(std::mem::take(&mut parse.diagnostics));
    }
    let files: Vec<(FileId, &Parse)> = loaded.sources.iter().map(|(id, _)| id).zip(&parses).collect();
    let (model, found) = model::resolve(&files);
    // The project may be declared in what could not be read: that was told, and is what has to be mended first.
    let unread = diagnostics
        .iter()
        .any(|finding| project::codes::ALL.contains(&finding.rule));
    let implied = |finding: &Diagnostic| unread && finding.rule == &model::codes::NO_PROJECT;
    diagnostics.extend(found.iter().filter(|finding| !implied(finding)).cloned());
    diagnostics.append(rules::check(&model));
    let trees = parses.into_iter().map(|parse| parse.tree).collect();
    Checked {
        loaded,
        trees,
        model,
        diagnostics,
    }
}

/// Designs, realises and plans what was checked. Sensible only when there are no errors, but safe at any time.
#[must_use]
pub fn build(checked: &Checked) -> Built {
    let mut designed = design::design(&checked.model);
    let mut diagnostics = std::mem::take(&mut designed.diagnostics);
    let mut targets = Vec::new();
    let dialects = dialects_of(&checked.model, &mut diagnostics);
    for (dialect, realised) in at_once(dialects, |dialect| (dialect, realise(&designed, dialect))) {
        match realised {
            Ok(target) => {
                diagnostics.extend(lost::finding(dialect, &target.realised.lost));
                targets.push(target);
            }
            Err(finding) => diagnostics.push(*finding),
        }
    }
    Built {
        designed,
        targets,
        diagnostics,
    }
}

/// As much as a main thread has: expressions nest.
const STACK: usize = 8 << 20;

/// The answers for several products or jobs, in their order, each worked out on a thread of its own where there is one to have.
fn at_once<P: Copy + Send, T: Send>(
    products: impl IntoIterator<Item = P>,
    work: impl Fn(P) -> T + Sync,
) -> Vec<T> {
    let work = &work;
    thread::scope(|scope| {
        let started: Vec<_> = products
            .into_iter()
            .map(|product| {
                let thread = thread::Builder::new().stack_size(STACK);
                let thread = thread.spawn_scoped(scope, move || work(product));
                (product, thread)
            })
            .collect();
        let answers = started.into_iter().map(|(product, thread)| match thread {
            Ok(thread) => thread.join().unwrap_or_else(|panic| resume_unwind(panic)),
            Err(_) => work(product),
        });
        answers.collect()
    })
}

/// What one product makes of a design, also one that the project does not name.
///
/// # Errors
/// A finding, when there is no order in which it can be made.
pub fn realise(designed: &Designed, dialect: &'static Relational) -> Result<Target, Box<Diagnostic>> {
    let realised = (dialect.realise)(&designed.blueprint);
    match migrate::plan(&Database::default(), &realised.database, dialect) {
        Ok(plan) => Ok(Target {
            dialect,
            realised,
            plan,
        }),
        Err(error) => Err(Box::new(Diagnostic::global(&codes::NO_PLAN, error.to_string()))),
    }
}

/// The relational products that a project names; one that there is no dialect for is told.
fn dialects_of(model: &Model, diagnostics: &mut Diagnostics) -> Vec<&'static Relational> {
    let Some(project) = &model.project else {
        return Vec::new();
    };
    let mut found = Vec::new();
    for target in project
        .models
        .iter()
        .filter(|target| **target != model::ModelsTarget::Sqlalchemy)
    {
        let message = format!("no models are emitted for `{}` yet", framework(*target));
        diagnostics.push(
            Diagnostic::new(&codes::MODELS_NOT_YET, project.name.span, message)
                .help("`build` writes the SQL; the setting can stay"),
        );
    }
    for database in &project.databases {
        match dialects::by_name(name_of(*database)) {
            Some(dialect) => found.push(dialect),
            None => diagnostics.push(
                Diagnostic::new(
                    &codes::NOT_YET,
                    project.name.span,
                    format!("nothing is emitted for `{}` yet", name_of(*database)),
                )
                .help("today there are `postgres`, `sqlite` and `mariadb`; everything else of the schema is checked all the same"),
            ),
        }
    }
    found
}

const fn framework(target: model::ModelsTarget) -> &'static str {
    match target {
        model::ModelsTarget::Sqlalchemy => "sqlalchemy",
        model::ModelsTarget::Prisma => "prisma",
        model::ModelsTarget::Beanie => "beanie",
    }
}

/// The name of a product, as the language and the command line have it.
#[must_use]
pub const fn name_of(database: model::Database) -> &'static str {
    match database {
        model::Database::Postgres => "postgres",
        model::Database::Sqlite => "sqlite",
        model::Database::Mariadb => "mariadb",
        model::Database::Mysql => "mysql",
        model::Database::Mongodb => "mongodb",
    }
}

/// The files that a build writes, relative to the project's output folder.
#[must_use]
pub fn emit(checked: &Checked, built: &Built, version: &str) -> Vec<project::Generated> {
    let project = checked
        .model
        .project
        .as_ref()
        .map_or("", |project| project.name.text.as_str());
    let jobs = built.targets.iter().map(Job::Sql);
    let files = at_once(jobs.chain([Job::Models, Job::Migrations]), |job| match job {
        Job::Sql(target) => sql(project, built, target, version),
        Job::Models => models::sqlalchemy(checked, built),
        Job::Migrations => models::alembic(checked, built),
    });
    files.into_iter().flatten().collect()
}

/// What is written by itself.
#[derive(Clone, Copy)]
enum Job<'b> {
    Sql(&'b Target),
    Models,
    Migrations,
}

/// The SQL for one product.
fn sql(project: &str, built: &Built, target: &Target, version: &str) -> Vec<project::Generated> {
    let generator = format!("architrave {version}");
    let heading = emit::Heading::of(target.dialect, project, generator, &target.plan.to);
    let generator = format!("sql {}", target.dialect.name);
    let scripts = (target.dialect.scripts)(&built.designed.blueprint);
    let services = emit::scripts(target.dialect.name, &scripts, &heading);
    let files = emit::sql(&target.plan, &heading).into_iter().chain(services);
    let generated = files.map(|file| project::Generated {
        path: file.path,
        text: file.text,
        generator: generator.clone(),
        keeps: project::Keeps::Nothing,
    });
    generated.collect()
}
