//! Where proofs take place: databases made for them alone.
//!
//! On PostgreSQL the schema is built once, as an administrator who is no superuser and a login member of the migrator, into a
//! template; every gate gets a copy. Roles belong to the whole server, so a gate that must start from nothing gets a server of
//! its own. On SQLite every gate builds its own file: that is faster than copying one.

use std::path::PathBuf;
use std::rc::Rc;

use engine::{
    ConnectOptions, Connection, DatabaseKind, DatabaseUrl, EngineError, Login, Secret, Server, StartOptions,
    TemporarySqlite, quote_identifier, quote_literal,
};
use plan::RunsAs;
use sha2::{Digest, Sha256};

use crate::execute::{self, Failure};
use crate::gate::Stop;
use crate::subject::Subject;

/// Where a schema is to be proven.
#[derive(Debug, Clone)]
pub enum Target {
    /// On a temporary PostgreSQL of our own.
    Postgres(Box<StartOptions>),
    /// On temporary SQLite files under this folder.
    Sqlite(PathBuf),
    /// On a server that the user gave. Databases for the proof are made beside the one that is named, which is never touched.
    Given {
        /// The address, with the rights of a superuser.
        url: DatabaseUrl,
        /// Whether the database that is named may hold something.
        allow_existing: bool,
        /// Where SQLite files are made.
        temporary: PathBuf,
    },
}

impl Target {
    /// As it stands in the evidence.
    #[must_use]
    pub const fn place(&self) -> &'static str {
        match self {
            Self::Postgres(_) => "temporary server",
            Self::Sqlite(_) => "temporary file",
            Self::Given { .. } => "given server",
        }
    }
}

/// The administrator of a proof: makes roles, owns the database, is no superuser.
pub(crate) const ADMINISTRATOR: &str = "architrave_proof_admin";
/// How long one statement may take or wait, as settings of the server.
const LIMITS: [(&str, &str); 2] = [("statement_timeout", "60s"), ("lock_timeout", "20s")];
const TEMPLATE: &str = "architrave_proof_template";

#[derive(Debug)]
enum Home {
    Own(Box<Server>),
    Given(DatabaseUrl, [u8; 32]),
    Files(PathBuf),
}

/// The server (or folder) of a proof, and what was made on it.
#[derive(Debug)]
pub(crate) struct Host {
    target: Target,
    home: Rc<Home>,
    template: Option<Result<(), Failure>>,
    sabotage: Vec<String>,
    entropy: [u8; 32],
    count: u32,
    elevated: bool,
    rebuilt: bool,
}

/// A database of a proof. It goes when the value does.
#[derive(Debug)]
pub struct Db {
    home: Rc<Home>,
    name: String,
    file: Option<TemporarySqlite>,
    keep: bool,
    elevated: bool,
}

impl Host {
    /// Starts the server. A given database that is not empty is refused, unless that is allowed.
    pub(crate) fn start(target: &Target, sabotage: &[String], entropy: [u8; 32]) -> Result<Self, Stop> {
        let home = match target {
            Target::Postgres(options) => {
                let mut options = options.clone();
                // What waits for ever, for a lock that its own gate holds, must cost a claim and not the proof.
                options
                    .settings
                    .extend(LIMITS.map(|(name, value)| (name.to_owned(), value.to_owned())));
                Home::Own(Box::new(Server::start(&options)?))
            }
            Target::Sqlite(folder) => Home::Files(folder.clone()),
            Target::Given {
                url,
                allow_existing,
                temporary,
            } => given(url, *allow_existing, temporary, entropy)?,
        };
        Ok(Self {
            target: target.clone(),
            home: Rc::new(home),
            template: None,
            sabotage: sabotage.to_vec(),
            entropy,
            count: 0,
            elevated: false,
            rebuilt: false,
        })
    }

    /// Whether it still answers.
    pub(crate) fn is_alive(&self) -> bool {
        match &*self.home {
            Home::Own(server) => server.is_running() && server.superuser_connection("postgres").is_ok(),
            Home::Given(url, _) => Connection::open(url, &ConnectOptions::default()).is_ok(),
            Home::Files(folder) => folder.is_dir(),
        }
    }

    /// Where the proof takes place.
    pub(crate) const fn target(&self) -> &Target {
        &self.target
    }

    /// Kills a server of our own as a crash would, and starts it again on its data.
    pub(crate) fn crash(&self) -> Result<(), Stop> {
        match &*self.home {
            Home::Own(server) => {
                server.kill9();
                Ok(server.restart()?)
            }
            Home::Given(..) | Home::Files(_) => {
                Err(Stop::Unable("only a server of our own is killed".to_owned()))
            }
        }
    }

    /// The server's version.
    pub(crate) fn version(&self) -> Option<String> {
        match &*self.home {
            Home::Own(server) => Some(server.version().to_string()),
            Home::Given(url, _) => Connection::open(url, &ConnectOptions::default())
                .ok()
                .map(|it| it.version().to_string()),
            Home::Files(_) => Connection::sqlite_in_memory()
                .ok()
                .map(|it| it.version().to_string()),
        }
    }

    /// Another server, with nothing on it; for what must begin before the roles are there.
    pub(crate) fn another(&self) -> Result<Self, Stop> {
        if let Target::Given {
            url: DatabaseUrl::Postgres(_),
            ..
        } = self.target
        {
            return Err(Stop::Unable(
                "it needs a server without the project's roles, and the given one has them by now; prove it on a temporary server"
                    .to_owned(),
            ));
        }
        let mut host = Self::start(&self.target, &self.sabotage, self.entropy)?;
        host.elevated = self.elevated;
        Ok(host)
    }

    /// A database with nothing in it.
    pub(crate) fn empty(&mut self) -> Result<Db, Stop> {
        self.count += 1;
        let name = format!("architrave_proof_{}", self.count);
        self.make(&name, None)
    }

    /// A database with the schema in it.
    pub(crate) fn fresh(&mut self, subject: &Subject) -> Result<Db, Stop> {
        if let Home::Files(_) = *self.home {
            let db = self.empty()?;
            build(&db, subject).map_err(|failure| not_built(&failure))?;
            db.sabotage(&self.sabotage)?;
            return Ok(db);
        }
        let refused = self.build_template(subject)?.is_err();
        if refused && !self.rebuilt {
            self.drop_template()?;
            self.again(subject)?;
            self.rebuilt = true;
        }
        self.count += 1;
        let name = format!("architrave_proof_{}", self.count);
        self.make(&name, Some(TEMPLATE))
    }

    /// Builds the schema from nothing, once; later calls answer what the first found.
    ///
    /// A build that the planned roles are refused is done again by the superuser, so that the other gates still have a schema
    /// to try; that it was refused is for the gate apply to tell.
    pub(crate) fn build_template(&mut self, subject: &Subject) -> Result<Result<(), Failure>, Stop> {
        if let Some(result) = &self.template {
            return Ok(result.clone());
        }
        let db = self.make(TEMPLATE, None)?;
        let result = build(&db, subject);
        self.template = Some(result.clone());
        if result.is_ok() {
            self.finish(db)?;
        } else {
            self.drop_template()?;
            drop(db);
            self.elevated = true;
        }
        Ok(result)
    }

    /// The same by the superuser, for the other gates.
    fn again(&mut self, subject: &Subject) -> Result<(), Stop> {
        let db = self.make(TEMPLATE, None)?;
        build(&db, subject).map_err(|failure| not_built(&failure))?;
        self.finish(db)
    }

    fn finish(&self, mut db: Db) -> Result<(), Stop> {
        db.sabotage(&self.sabotage)?;
        db.keep = true;
        Ok(())
    }

    fn drop_template(&self) -> Result<(), Stop> {
        match &*self.home {
            Home::Own(server) => server.drop_database(TEMPLATE)?,
            Home::Given(url, _) => {
                let sql = format!(
                    "DROP DATABASE IF EXISTS {} WITH (FORCE)",
                    quote_identifier(TEMPLATE)
                );
                Connection::open(url, &ConnectOptions::default())?.execute(&sql)?;
            }
            Home::Files(_) => {}
        }
        Ok(())
    }

    /// Whether the schema had to be built by the superuser, because the planned roles were refused.
    pub(crate) const fn elevated(&self) -> bool {
        self.elevated
    }

    /// What the statements of a test, run after the schema is built, are.
    pub(crate) fn sabotage(&self) -> &[String] {
        &self.sabotage
    }

    fn make(&self, name: &str, original: Option<&str>) -> Result<Db, Stop> {
        let db = |file| Db {
            home: Rc::clone(&self.home),
            name: name.to_owned(),
            file,
            keep: false,
            elevated: self.elevated,
        };
        match &*self.home {
            Home::Files(folder) => return Ok(db(Some(TemporarySqlite::create(folder)?))),
            Home::Own(server) => match original {
                Some(original) => server.clone_database(name, original)?,
                None => server.create_database(name)?,
            },
            Home::Given(url, _) => {
                let template = original
                    .map(|it| format!(" TEMPLATE {}", quote_identifier(it)))
                    .unwrap_or_default();
                let sql = format!("CREATE DATABASE {}{template}", quote_identifier(name));
                let mut superuser = Connection::open(url, &ConnectOptions::default())?;
                superuser.execute(&sql)?;
                for (setting, value) in LIMITS {
                    let quoted = quote_identifier(name);
                    superuser.batch(&format!("ALTER DATABASE {quoted} SET {setting} = '{value}'"))?;
                }
            }
        }
        let db = db(None);
        if original.is_none() {
            let mut superuser = db.superuser()?;
            let (admin, quoted) = (quote_identifier(ADMINISTRATOR), quote_identifier(name));
            db.login(&mut superuser, ADMINISTRATOR, "CREATEROLE")?;
            superuser.batch(&format!("ALTER DATABASE {quoted} OWNER TO {admin}"))?;
        }
        Ok(db)
    }

    /// Refuses a given server that holds roles or databases by the names that a proof makes: it would remove what is not its own.
    pub(crate) fn admit(&self, subject: &Subject) -> Result<(), Stop> {
        let Home::Given(url, _) = &*self.home else {
            return Ok(());
        };
        let names: Vec<String> = made_roles(subject)
            .iter()
            .map(|role| quote_literal(role))
            .collect();
        let sql = format!(
            "SELECT rolname::text FROM pg_catalog.pg_roles WHERE rolname IN ({}) \
             UNION ALL SELECT datname::text FROM pg_catalog.pg_database WHERE datname LIKE 'architrave\\_proof\\_%'",
            names.join(", ")
        );
        let found = Connection::open(url, &ConnectOptions::default())?.query(&sql, &[])?;
        match found.scalar().and_then(physical::Value::as_text) {
            Some(name) => Err(Stop::Unable(format!(
                "the given server has `{name}` already, which a proof would make and remove; give a server without it, or prove on a \
                 temporary one"
            ))),
            None => Ok(()),
        }
    }

    /// Removes what was made on a given server. A server of our own goes with its value.
    pub(crate) fn close(self, subject: &Subject) {
        let Home::Given(url @ DatabaseUrl::Postgres(_), _) = &*self.home else {
            return;
        };
        let Ok(mut connection) = Connection::open(url, &ConnectOptions::default()) else {
            return;
        };
        // Each may fail because an earlier failure left it unmade; nothing can be done about it here.
        let _ = connection.batch(&format!(
            "DROP DATABASE IF EXISTS {} WITH (FORCE)",
            quote_identifier(TEMPLATE)
        ));
        for role in made_roles(subject) {
            let _ = connection.batch(&format!("DROP ROLE IF EXISTS {}", quote_identifier(&role)));
        }
    }
}

/// The roles that a proof makes on a server, those that depend on others first.
fn made_roles(subject: &Subject) -> Vec<String> {
    let roles = &subject.realised.database.roles;
    let names = || roles.iter().map(|role| role.name.as_str());
    let members = names().map(member);
    let pairs = subject
        .blueprint
        .roles
        .declared
        .iter()
        .map(|role| member(&format!("{}+{}", role, subject.blueprint.roles.app)));
    members
        .chain(pairs)
        .chain(names().map(str::to_owned))
        .chain([ADMINISTRATOR.to_owned()])
        .collect()
}

fn not_built(failure: &Failure) -> Stop {
    Stop::Unable(format!(
        "the schema could not be built ({failure}); see the gate apply"
    ))
}

fn given(
    url: &DatabaseUrl,
    allow_existing: bool,
    temporary: &std::path::Path,
    entropy: [u8; 32],
) -> Result<Home, Stop> {
    let mut connection = Connection::open(url, &ConnectOptions::default())?;
    let sql = match connection.kind() {
        DatabaseKind::Postgres => {
            "SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace \
             WHERE n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema'"
        }
        DatabaseKind::Sqlite => "SELECT count(*) FROM sqlite_schema",
        DatabaseKind::Mariadb => {
            return Err(Stop::Unable(
                "nothing is proven on a given MariaDB by this build".to_owned(),
            ));
        }
    };
    let objects = connection
        .query(sql, &[])?
        .scalar()
        .and_then(physical::Value::as_int)
        .unwrap_or(1);
    if objects > 0 && !allow_existing {
        return Err(Stop::Unable(format!(
            "the given database holds {objects} objects; name an empty one, or say --allow-existing (nothing in it is touched)"
        )));
    }
    if connection.kind() == DatabaseKind::Sqlite {
        return Ok(Home::Files(temporary.to_owned()));
    }
    let superuser = connection.query("SELECT rolsuper FROM pg_roles WHERE rolname = current_user", &[])?;
    if superuser.scalar().and_then(physical::Value::as_bool) != Some(true) {
        return Err(Stop::Unable(
            "a proof counts orphans past row-level security: the given role must be a superuser of a server made for tests".to_owned(),
        ));
    }
    Ok(Home::Given(url.clone(), entropy))
}

/// The login role that stands for a group role in proofs.
fn member(role: &str) -> String {
    let name = format!("proof_{role}");
    if name.len() <= 63 {
        return name;
    }
    let digest: String = Sha256::digest(role.as_bytes())
        .iter()
        .take(8)
        .map(|byte| format!("{byte:02x}"))
        .collect();
    format!("proof_{digest}")
}

/// Builds the schema in an empty database: each stretch of the plan as whom it says.
///
/// # Errors
/// The first statement that failed.
pub(crate) fn build(db: &Db, subject: &Subject) -> Result<(), Failure> {
    run(db, subject, &execute::forward(&subject.plan))
}

/// Runs stretches, each as whom it says.
pub(crate) fn run(db: &Db, subject: &Subject, runs: &[execute::Run]) -> Result<(), Failure> {
    for run in runs {
        let mut connection = db.runner(subject, run.runs_as).map_err(|error| Failure {
            step: "connecting".to_owned(),
            statement: String::new(),
            runs_as: run.runs_as,
            error,
        })?;
        run.execute(&mut connection)?;
    }
    Ok(())
}

impl Db {
    /// Its name on the server.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// A connection that may do anything: to introspect, to count past row-level security, to plant rows. Never to stand in
    /// for a user.
    ///
    /// # Errors
    /// What the server says.
    pub fn superuser(&self) -> Result<Connection, EngineError> {
        match (&*self.home, &self.file) {
            (_, Some(file)) => file.connect(),
            (Home::Own(server), None) => server.superuser_connection(&self.name),
            (Home::Given(url, _), None) => {
                Connection::open(&url.with_database(&self.name), &ConnectOptions::default())
            }
            (Home::Files(_), None) => Err(EngineError::Unavailable {
                message: "the file is gone".to_owned(),
                help: None,
            }),
        }
    }

    /// A connection of whom a step of a plan needs.
    pub(crate) fn runner(&self, subject: &Subject, runs_as: RunsAs) -> Result<Connection, EngineError> {
        if self.file.is_some() || self.elevated {
            return self.superuser();
        }
        match runs_as {
            RunsAs::Administrator => self.connect(ADMINISTRATOR),
            RunsAs::Migrator => {
                // A membership goes with its role, and an undo removes roles: the login may be an old one.
                let migrator = subject.blueprint.roles.migrator.as_str();
                let login = member(migrator);
                let mut superuser = self.superuser()?;
                self.login(&mut superuser, &login, "")?;
                let (role, quoted) = (quote_identifier(migrator), quote_identifier(&login));
                superuser.batch(&format!("GRANT {role} TO {quoted}"))?;
                self.connect(&login)
            }
        }
    }

    /// How whoever deploys logs in: the owner of the database, who may make roles and is a member of the project's.
    ///
    /// # Errors
    /// [`Stop::Unable`] where the planned roles were refused, so that a superuser would have to do it.
    pub(crate) fn deployer(&self) -> Result<DatabaseUrl, Stop> {
        if let Some(file) = &self.file {
            return Ok(file.url());
        }
        if self.elevated {
            return Err(Stop::Unable(
                "the planned roles were refused, and a superuser would prove nothing; see the gate apply"
                    .to_owned(),
            ));
        }
        Ok(self.url(ADMINISTRATOR))
    }

    /// A new login of a member of a role.
    ///
    /// # Errors
    /// What the server says; on SQLite there are no roles, and everyone is the same.
    pub fn member(&self, role: &str) -> Result<Connection, EngineError> {
        if self.file.is_some() {
            return self.superuser();
        }
        let name = member(role);
        match self.connect(&name) {
            Err(EngineError::Refused { .. } | EngineError::Sql(_)) => {
                let mut superuser = self.superuser()?;
                self.login(
                    &mut superuser,
                    &name,
                    &format!("IN ROLE {}", quote_identifier(role)),
                )?;
                self.connect(&name)
            }
            other => other,
        }
    }

    /// The file, where the database is one.
    #[must_use]
    pub fn file(&self) -> Option<PathBuf> {
        match self.file.as_ref()?.url() {
            DatabaseUrl::Sqlite(path) => Some(path),
            DatabaseUrl::Postgres(_) | DatabaseUrl::Mariadb(_) => None,
        }
    }

    /// How a foreign program logs in as a member of roles; `None` for a file, which everyone opens alike.
    ///
    /// # Errors
    /// What the server says.
    pub fn login_of(&self, roles: &[&str]) -> Result<Option<Login>, EngineError> {
        let Some(first) = roles.first() else {
            return Ok(None);
        };
        if self.file.is_some() {
            return Ok(None);
        }
        let mut superuser = self.superuser()?;
        let name = if roles.len() == 1 {
            member(first)
        } else {
            member(&roles.join("+"))
        };
        self.login(&mut superuser, &name, "")?;
        for role in roles {
            superuser.batch(&format!(
                "GRANT {} TO {}",
                quote_identifier(role),
                quote_identifier(&name)
            ))?;
        }
        Ok(self.url(&name).login())
    }

    fn url(&self, role: &str) -> DatabaseUrl {
        match &*self.home {
            Home::Own(server) => server.url(&self.name, role),
            Home::Given(url, entropy) => url
                .with_database(&self.name)
                .with_user(role, Some(password(role, entropy))),
            Home::Files(folder) => DatabaseUrl::Sqlite(folder.clone()),
        }
    }

    fn connect(&self, role: &str) -> Result<Connection, EngineError> {
        match &*self.home {
            Home::Own(server) => server.connect(&self.name, role),
            Home::Given(..) => Connection::open(&self.url(role), &ConnectOptions::default()),
            Home::Files(_) => self.superuser(),
        }
    }

    /// Makes a role that can log in, unless it is there.
    fn login(&self, superuser: &mut Connection, role: &str, options: &str) -> Result<(), EngineError> {
        let there = format!("SELECT 1 FROM pg_roles WHERE rolname = {}", quote_literal(role));
        if !superuser.query(&there, &[])?.rows.is_empty() {
            return Ok(());
        }
        let secret = match &*self.home {
            Home::Given(_, entropy) => format!(" PASSWORD {}", quote_literal(&password_text(role, entropy))),
            Home::Own(_) | Home::Files(_) => String::new(),
        };
        superuser.batch(&format!(
            "CREATE ROLE {} LOGIN {options}{secret}",
            quote_identifier(role)
        ))
    }

    /// Runs the statements by which a test plants a fault.
    pub(crate) fn sabotage(&self, statements: &[String]) -> Result<(), Stop> {
        if statements.is_empty() {
            return Ok(());
        }
        let mut superuser = self.superuser()?;
        for statement in statements {
            superuser
                .batch(statement)
                .map_err(|error| Stop::Unable(format!("the fault could not be planted: {error}")))?;
        }
        Ok(())
    }
}

fn password_text(role: &str, entropy: &[u8; 32]) -> String {
    let digest = Sha256::new()
        .chain_update(entropy)
        .chain_update(role.as_bytes())
        .finalize();
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn password(role: &str, entropy: &[u8; 32]) -> Secret {
    Secret::new(password_text(role, entropy))
}

impl Drop for Db {
    fn drop(&mut self) {
        if self.keep {
            return;
        }
        // On a server of our own everything goes with the server; dropping each database would only cost time.
        if let Home::Given(url, _) = &*self.home
            && let Ok(mut connection) = Connection::open(url, &ConnectOptions::default())
        {
            let _ = connection.batch(&format!(
                "DROP DATABASE IF EXISTS {} WITH (FORCE)",
                quote_identifier(&self.name)
            ));
        }
    }
}
