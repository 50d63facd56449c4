//! What can be said on the command line.

use std::path::{Path, PathBuf};

use clap::{ArgGroup, Args, Parser, Subcommand, ValueEnum};

/// A security-first database architect: one description of an application's data becomes a secure schema that is proven on a
/// real database.
#[derive(Debug, Parser)]
#[command(
    name = "architrave",
    bin_name = "architrave",
    version,
    max_term_width = 100,
    arg_required_else_help = true
)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,

    /// When to use colours
    #[arg(
        long,
        global = true,
        value_name = "WHEN",
        default_value = "auto",
        hide_possible_values = false
    )]
    pub(crate) color: When,
}

/// When to use colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum When {
    /// On a terminal, unless NO_COLOR is set
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Begin a project: see what an application uses, and write settings and a first schema that fit
    Init(Init),
    /// Find what is wrong with a schema: no database, milliseconds
    Check(Check),
    /// Write .arch files in their one form
    Fmt(Fmt),
    /// Write the SQL of a schema
    Build(Build),
    /// Say why a table, column, index, policy or finding is as it is
    Explain(Explain),
    /// Turn what a database or SQL holds into .arch, from which the same is built
    Import(Import),
    /// Say what leads from one schema to another, step by step: locks, hazards, SQL, and the way back
    Diff(Diff),
    /// Try to refute a schema on real temporary databases
    Prove(Prove),
    /// Run a folder of migrations, back and forth
    #[command(subcommand_required = true, arg_required_else_help = true)]
    Migrate(Migrate),
    /// Seal the entries of an audit trail that are committed
    Seal(Seal),
    /// Check the seals of an audit trail, and say what was changed
    Verify(Verify),
}

impl Command {
    /// The project that it is about, if it is about one.
    pub(crate) fn path(&self) -> Option<&Path> {
        Some(match self {
            Self::Diff(_) | Self::Import(_) => return None,
            Self::Init(Init { path, .. })
            | Self::Check(Check { path, .. })
            | Self::Fmt(Fmt { path, .. })
            | Self::Build(Build { path, .. })
            | Self::Explain(Explain { path, .. })
            | Self::Prove(Prove { path, .. })
            | Self::Seal(Seal { path, .. })
            | Self::Verify(Verify { path, .. }) => path,
            Self::Migrate(migrate) => migrate.command.path(),
        })
    }
}

/// How findings are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum FindingFormat {
    /// For people
    Text,
    /// One line each
    Concise,
    /// `architrave.diagnostics/1`
    Json,
    /// SARIF 2.1.0
    Sarif,
    /// Annotations of GitHub Actions
    Github,
}

/// How anything else is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people
    Text,
    /// For programs
    Json,
}

/// Databases that SQL is emitted for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Product {
    /// PostgreSQL
    Postgres,
    /// SQLite
    Sqlite,
}

impl Product {
    /// As dialects are called.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Postgres => "postgres",
            Self::Sqlite => "sqlite",
        }
    }
}

/// What models are emitted for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Models {
    /// A package for SQLAlchemy and Pydantic, with migrations for Alembic
    Sqlalchemy,
    /// SQL alone
    None,
}

#[derive(Debug, Args)]
pub(crate) struct Init {
    /// The application's folder
    #[arg(default_value = ".")]
    pub(crate) path: PathBuf,
    /// The project's name: schemas and roles are called by it
    #[arg(long, value_name = "NAME")]
    pub(crate) name: Option<String>,
    /// The database; several are parted by commas
    #[arg(long, value_name = "DATABASE", value_delimiter = ',')]
    pub(crate) database: Vec<Product>,
    /// What models are written for
    #[arg(long, value_name = "FRAMEWORK")]
    pub(crate) models: Option<Models>,
    /// The package that the models go into, from the application's folder: app, backend/app
    #[arg(long, value_name = "FOLDER")]
    pub(crate) folder: Option<String>,
    /// Write nothing; print what would be written
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// How to print it
    #[arg(long, default_value = "text")]
    pub(crate) format: Format,
}

#[derive(Debug, Args)]
pub(crate) struct Check {
    /// The project's folder, or one .arch file
    #[arg(default_value = ".")]
    pub(crate) path: PathBuf,
    /// How to print findings
    #[arg(long, default_value = "text")]
    pub(crate) format: FindingFormat,
    /// Apply every fix that is certain
    #[arg(long)]
    pub(crate) fix: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Fmt {
    /// The project's folder, or one .arch file
    #[arg(default_value = ".")]
    pub(crate) path: PathBuf,
    /// Write nothing; answer 1 when a file is not in its form
    #[arg(long)]
    pub(crate) check: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Build {
    /// The project's folder, or one .arch file
    #[arg(default_value = ".")]
    pub(crate) path: PathBuf,
    /// Write nothing; answer 1 when a file is stale, missing, or was edited
    #[arg(long)]
    pub(crate) check: bool,
    /// Overwrite files that were edited, or that something else made
    #[arg(long, conflicts_with = "check")]
    pub(crate) overwrite: bool,
    /// How to print findings
    #[arg(long, default_value = "text")]
    pub(crate) format: FindingFormat,
}

#[derive(Debug, Args)]
pub(crate) struct Explain {
    /// What to explain: `Order.public_id`, `orders`, `orders_state_idx`, `SEC004`
    pub(crate) name: String,
    /// The project's folder, or one .arch file
    #[arg(default_value = ".")]
    pub(crate) path: PathBuf,
    /// How to print it
    #[arg(long, default_value = "text")]
    pub(crate) format: Format,
}

/// How a plan is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum PlanFormat {
    /// For people
    Text,
    /// A script for psql or sqlite3
    Sql,
    /// `architrave.plan/1`
    Json,
}

#[derive(Debug, Args)]
#[command(group = ArgGroup::new("states").args(["from", "to"]).multiple(true).required(true))]
pub(crate) struct Diff {
    /// The state that is there: a folder of .arch or .sql files, one such file, an SQLite file, the URL of a database, env:NAME,
    /// or empty
    #[arg(long, value_name = "STATE", default_value = "empty")]
    pub(crate) from: String,
    /// The state that shall be: named like the other
    #[arg(long, value_name = "STATE", default_value = "empty")]
    pub(crate) to: String,
    /// The database product, where the states do not say
    #[arg(long, value_name = "DATABASE")]
    pub(crate) on: Option<Product>,
    /// Print the way back
    #[arg(long)]
    pub(crate) down: bool,
    /// Answer 1 when there is a difference
    #[arg(long)]
    pub(crate) check: bool,
    /// From how many rows on a table gets columns of other types beside the application; 0 is always
    #[arg(long, value_name = "ROWS", default_value_t = plan::LARGE)]
    pub(crate) large: u64,
    /// The folder with PostgreSQL's programs, when they are not where they usually are
    #[arg(long, value_name = "FOLDER")]
    pub(crate) postgres: Option<PathBuf>,
    /// How to print the plan
    #[arg(long, default_value = "text")]
    pub(crate) format: PlanFormat,
}

#[derive(Debug, Args)]
pub(crate) struct Import {
    /// What is turned into .arch: a folder of .sql files, one such file, a folder of migrations, an SQLite file, the URL of a database,
    /// or env:NAME
    #[arg(value_name = "STATE")]
    pub(crate) state: String,
    /// The database product, where the state does not say
    #[arg(long, value_name = "DATABASE")]
    pub(crate) on: Option<Product>,
    /// The project's name, from the state's otherwise
    #[arg(long, value_name = "NAME")]
    pub(crate) name: Option<String>,
    /// The folder that the files are written to; standard output otherwise
    #[arg(long, value_name = "FOLDER")]
    pub(crate) out: Option<PathBuf>,
    /// Replace the files of an earlier import
    #[arg(long, requires = "out")]
    pub(crate) force: bool,
    /// The folder with PostgreSQL's programs, when they are not where they usually are
    #[arg(long, value_name = "FOLDER")]
    pub(crate) postgres: Option<PathBuf>,
    /// How to print what was done
    #[arg(long, default_value = "text")]
    pub(crate) format: Format,
}

#[derive(Debug, Args)]
pub(crate) struct Prove {
    /// The project's folder, or one .arch file
    #[arg(default_value = ".")]
    pub(crate) path: PathBuf,
    /// Where to prove: sqlite, postgres, the URL of an empty database, or env:NAME; may be given more than once
    #[arg(long, value_name = "DATABASE")]
    pub(crate) on: Vec<String>,
    /// Only this gate; may be given more than once
    #[arg(long, value_name = "ID")]
    pub(crate) gate: Vec<String>,
    /// Rows of each table, for each party
    #[arg(long, value_name = "N")]
    pub(crate) rows: Option<usize>,
    /// An earlier version, with rows in it, from which the gates apply and rollback go to this one and back: its project's folder or
    /// .arch file
    #[arg(long, value_name = "PROJECT")]
    pub(crate) from: Option<PathBuf>,
    /// The folder of the migration that leads from there to here [default: what `migrate new` would write]
    #[arg(long, value_name = "FOLDER", requires = "from")]
    pub(crate) by: Option<PathBuf>,
    /// Try every place where gates otherwise try a sample
    #[arg(long)]
    pub(crate) thorough: bool,
    /// Makes the generated data another
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(crate) seed: u64,
    /// Answer 0 even when a gate could not be run
    #[arg(long)]
    pub(crate) allow_not_run: bool,
    /// Prove on a database that holds something already: it will be written to
    #[arg(long, requires = "on")]
    pub(crate) allow_existing: bool,
    /// The folder with PostgreSQL's programs, when they are not where they usually are
    #[arg(long, value_name = "FOLDER")]
    pub(crate) postgres: Option<PathBuf>,
    /// Where the evidence is written, besides being printed [default: .architrave/evidence.json in the project]
    #[arg(long, value_name = "FILE")]
    pub(crate) evidence: Option<PathBuf>,
    /// How to print the evidence
    #[arg(long, default_value = "text")]
    pub(crate) format: Format,
}

#[derive(Debug, Args)]
pub(crate) struct Seal {
    /// The project's folder, or one .arch file
    #[arg(default_value = ".")]
    pub(crate) path: PathBuf,
    /// The database: a postgres:// URL of a member of the sealer's role, the path of an SQLite file, or env:NAME
    #[arg(long, value_name = "URL")]
    pub(crate) on: String,
    /// A file with the sealing key: 64 hexadecimal digits
    #[arg(long, value_name = "FILE")]
    pub(crate) key: PathBuf,
    /// Append the new seal to this file, which should lie where the database's administrators cannot write
    #[arg(long, value_name = "FILE")]
    pub(crate) anchors: Option<PathBuf>,
    /// How to print it
    #[arg(long, default_value = "text")]
    pub(crate) format: Format,
}

#[derive(Debug, Args)]
pub(crate) struct Verify {
    /// The project's folder, or one .arch file
    #[arg(default_value = ".")]
    pub(crate) path: PathBuf,
    /// The database: a postgres:// URL of a member of the auditor's role, the path of an SQLite file, or env:NAME
    #[arg(long, value_name = "URL")]
    pub(crate) on: String,
    /// A file with a sealing key; may be given more than once, when keys have changed
    #[arg(long, value_name = "FILE", required = true)]
    pub(crate) key: Vec<PathBuf>,
    /// The file of anchors that `seal` has written
    #[arg(long, value_name = "FILE")]
    pub(crate) anchors: Option<PathBuf>,
    /// How to print it
    #[arg(long, default_value = "text")]
    pub(crate) format: Format,
}

#[derive(Debug, Args)]
pub(crate) struct Migrate {
    #[command(subcommand)]
    pub(crate) command: MigrateCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum MigrateCommand {
    /// Write the next migration: what leads from the last one to the schema, tried both ways
    New(MigrateNew),
    /// Put a migration of another branch behind all others, when they lead to the same together
    Rebase(MigrateRebase),
    /// List migrations, and where each stands
    Status(MigrateStatus),
    /// Apply what is pending
    Apply(MigrateApply),
    /// Roll back what was applied last
    Rollback(MigrateRollback),
    /// Write down that migrations are applied whose schema is there already, without running them
    Baseline(MigrateBaseline),
    /// Hold files, history and schema to each other; answer 1 when they do not agree
    Verify(MigrateStatus),
    /// Destroy what migrations have set aside, which then cannot be rolled back
    Contract(MigrateContract),
    /// Decide what only a person can decide
    Repair(MigrateRepair),
}

impl MigrateCommand {
    fn path(&self) -> &Path {
        match self {
            Self::New(it) => &it.path,
            Self::Rebase(it) => &it.path,
            Self::Status(it) | Self::Verify(it) => &it.place.path,
            Self::Apply(it) => &it.place.path,
            Self::Rollback(it) => &it.place.path,
            Self::Contract(it) => &it.place.path,
            Self::Baseline(it) => &it.place.path,
            Self::Repair(it) => &it.place.path,
        }
    }
}

/// Which migrations, and which database.
#[derive(Debug, Args)]
pub(crate) struct Place {
    /// The project's folder
    #[arg(default_value = ".")]
    pub(crate) path: PathBuf,
    /// The folder of the migrations, from the project's
    #[arg(long, value_name = "FOLDER", default_value = "migrations")]
    pub(crate) folder: PathBuf,
    /// The database: a postgres:// URL, the path of an SQLite file, or env:NAME
    #[arg(long, value_name = "URL", default_value = "env:DATABASE_URL")]
    pub(crate) database: String,
}

/// How long to wait for others.
#[derive(Debug, Args)]
pub(crate) struct Waits {
    /// How long to wait for another run to end
    #[arg(long, value_name = "SECONDS", default_value_t = 60)]
    pub(crate) wait: u64,
    /// How long a statement may wait for a lock; others wait behind it
    #[arg(long, value_name = "MILLISECONDS", default_value_t = 2000)]
    pub(crate) lock_timeout: u64,
    /// How often to try what others were in the way of
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) tries: u32,
    /// Go on although the schema is not what the last migration left, and write that down
    #[arg(long)]
    pub(crate) accept_drift: bool,
    /// Print a line for each statement
    #[arg(long)]
    pub(crate) verbose: bool,
}

#[derive(Debug, Args)]
pub(crate) struct MigrateBaseline {
    #[command(flatten)]
    pub(crate) place: Place,
    /// Up to this migration, with it
    #[arg(long, value_name = "NUMBER")]
    pub(crate) to: i64,
    /// Although the schema is not what these migrations make
    #[arg(long)]
    pub(crate) accept_drift: bool,
}

#[derive(Debug, Args)]
pub(crate) struct MigrateContract {
    #[command(flatten)]
    pub(crate) place: Place,
    /// Up to this migration, with it [default: all that are applied]
    #[arg(long, value_name = "NUMBER")]
    pub(crate) to: Option<i64>,
    /// Do it: without this, what would be destroyed is listed
    #[arg(long)]
    pub(crate) destroy: bool,
}

#[derive(Debug, Clone, Args)]
pub(crate) struct MigrateNew {
    /// What it is called: letters, digits, `_`, `-`
    pub(crate) name: String,
    /// The project's folder, or one .arch file
    #[arg(default_value = ".")]
    pub(crate) path: PathBuf,
    /// The folder of the migrations, from the project's [default: migrations; with models for SQLAlchemy, a revision for
    /// Alembic is written where `build` has put the first]
    #[arg(long, value_name = "FOLDER")]
    pub(crate) folder: Option<PathBuf>,
    /// The state that shall be, named as for `diff` [default: the project's schema]
    #[arg(long, value_name = "STATE")]
    pub(crate) to: Option<String>,
    /// The database product, where neither the migrations nor the state say
    #[arg(long, value_name = "DATABASE")]
    pub(crate) on: Option<Product>,
    /// Write it although it loses data
    #[arg(long)]
    pub(crate) accept_data_loss: bool,
    /// From how many rows on a table gets columns of other types beside the application; 0 is always
    #[arg(long, value_name = "ROWS", default_value_t = plan::LARGE)]
    pub(crate) large: u64,
    /// Do not set aside what goes, for the way back: it is lost at once
    #[arg(long)]
    pub(crate) keep_nothing: bool,
    /// Write it without `down.sql` where there is no way back
    #[arg(long)]
    pub(crate) irreversible: bool,
    /// Write nothing; print the files
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// The folder with PostgreSQL's programs, when they are not where they usually are
    #[arg(long, value_name = "FOLDER")]
    pub(crate) postgres: Option<PathBuf>,
    /// How to print the plan
    #[arg(long, default_value = "text")]
    pub(crate) format: Format,
}

impl MigrateNew {
    /// The folder of migrations in SQL.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.as_deref().unwrap_or(Path::new("migrations"))
    }
}

#[derive(Debug, Args)]
pub(crate) struct MigrateRebase {
    /// Which: its number and name, `0003_orders`; what was planned to go on from it goes with it
    pub(crate) name: String,
    /// The project's folder, or one .arch file
    #[arg(default_value = ".")]
    pub(crate) path: PathBuf,
    /// The folder of the migrations, from the project's
    #[arg(long, value_name = "FOLDER", default_value = "migrations")]
    pub(crate) folder: PathBuf,
    /// What all of them shall lead to, named as for `diff` [default: the project's schema, or the same in either order]
    #[arg(long, value_name = "STATE")]
    pub(crate) to: Option<String>,
    /// The database product, where neither the migrations nor the state say
    #[arg(long, value_name = "DATABASE")]
    pub(crate) on: Option<Product>,
    /// Where it must not be applied yet: a postgres:// URL, the path of an SQLite file, or env:NAME [default: env:DATABASE_URL, if there is one]
    #[arg(long, value_name = "URL")]
    pub(crate) database: Option<String>,
    /// Change nothing; say what would be
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// The folder with PostgreSQL's programs, when they are not where they usually are
    #[arg(long, value_name = "FOLDER")]
    pub(crate) postgres: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct MigrateStatus {
    #[command(flatten)]
    pub(crate) place: Place,
    /// How to print it
    #[arg(long, default_value = "text")]
    pub(crate) format: Format,
}

#[derive(Debug, Args)]
pub(crate) struct MigrateApply {
    #[command(flatten)]
    pub(crate) place: Place,
    #[command(flatten)]
    pub(crate) waits: Waits,
    /// Only up to this number
    #[arg(long, value_name = "N")]
    pub(crate) to: Option<i64>,
    /// Change nothing; print the statements
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Apply also what has a lower number than what is applied
    #[arg(long)]
    pub(crate) out_of_order: bool,
}

#[derive(Debug, Args)]
pub(crate) struct MigrateRollback {
    #[command(flatten)]
    pub(crate) place: Place,
    #[command(flatten)]
    pub(crate) waits: Waits,
    /// All with a number above this one
    #[arg(long, value_name = "N", conflicts_with = "steps")]
    pub(crate) to: Option<i64>,
    /// So many
    #[arg(long, value_name = "K", default_value_t = 1)]
    pub(crate) steps: usize,
}

#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("what").required(true))]
pub(crate) struct MigrateRepair {
    #[command(flatten)]
    pub(crate) place: Place,
    /// The files of this applied migration are right as they are now
    #[arg(long, value_name = "N", group = "what")]
    pub(crate) accept_files: Option<i64>,
    /// The statement that began and is not known to have ended was done
    #[arg(long, group = "what")]
    pub(crate) done: bool,
    /// It was not done, and shall run again
    #[arg(long, group = "what")]
    pub(crate) again: bool,
    /// The run that has the lease is gone
    #[arg(long, group = "what")]
    pub(crate) remove_lease: bool,
    /// What the unfinished migration did was undone by hand
    #[arg(long, group = "what")]
    pub(crate) forget_unfinished: bool,
    /// The history is right as it is now
    #[arg(long, group = "what")]
    pub(crate) accept_history: bool,
}
