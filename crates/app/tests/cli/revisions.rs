//! Revisions for Alembic: a build leaves them alone, `migrate new` writes the next, and Alembic runs them both ways with the rows there.

use std::path::Path;
use std::process::{Command, Stdio};

use engine::{ConnectOptions, Connection, DatabaseUrl};

use crate::support::{Project, Ran, finish, python, root, server};

/// The schemas of `fixtures/models/revisions`, one after the other.
struct Course {
    project: Project,
}

impl Course {
    /// A project whose first revision is written.
    fn begin() -> Self {
        let it = Self {
            project: Project::new(&[]),
        };
        it.is_now("one");
        it.project.run(&["build"]).ends(0);
        it
    }

    /// The schema becomes another.
    fn is_now(&self, name: &str) {
        let schema = root().join(format!("fixtures/models/revisions/{name}.arch"));
        self.project
            .write("schema/schema.arch", std::fs::read(schema).unwrap());
    }

    /// The schema becomes another, and so does everything that follows it.
    fn goes_on(&self, name: &str) -> Ran {
        self.is_now(name);
        self.project.run(&["build"]).ends(0);
        self.project.run(&["migrate", "new", name]).ends(0)
    }

    /// The revisions and what lies beside them, with their bytes.
    fn revisions(&self) -> Vec<(String, Vec<u8>)> {
        let mut files = self.project.files();
        files.retain(|(path, _)| {
            path.starts_with("migrations/versions") || path.starts_with("migrations/sql")
        });
        files
    }
}

#[test]
fn a_build_leaves_revisions_as_they_are_and_says_that_one_is_missing() {
    let course = Course::begin();
    course.project.run(&["build", "--check"]).ends(0);
    let first = course.revisions();
    course.is_now("two");
    for arguments in [&["build"][..], &["build", "--overwrite"]] {
        course
            .project
            .run(arguments)
            .ends(0)
            .says("STA017")
            .says("`architrave migrate new NAME`");
        assert_eq!(course.revisions(), first);
    }
    course
        .project
        .run(&["build", "--check"])
        .ends(1)
        .says("the last revision, `0001_first_build`")
        .keeps_silent_about("stale");
    course
        .project
        .run(&["migrate", "new", "two"])
        .ends(0)
        .says("new     migrations/versions/0002_two.py");
    course.project.run(&["build", "--check"]).ends(0);
    let second = course.revisions();
    assert!(first.iter().all(|file| second.contains(file)));
    course.project.run(&["build"]).ends(0);
    assert_eq!(course.revisions(), second);
    course
        .project
        .run(&["migrate", "new", "again"])
        .ends(0)
        .says("nothing to do: 0002_two leads to the schema already");
    assert_eq!(course.revisions(), second);
}

#[test]
fn who_removes_the_first_revision_gets_another() {
    let course = Course::begin();
    let before = course.revisions();
    std::fs::remove_file(course.project.at("migrations/versions/0001_first_build.py")).unwrap();
    course.is_now("three");
    course
        .project
        .run(&["build"])
        .ends(0)
        .says("new     migrations/versions/0001_first_build.py");
    let after = course.revisions();
    for (old, new) in before.iter().zip(&after) {
        assert_eq!(old.0, new.0);
        assert_ne!(old.1, new.1, "{} is of the schema as it is", old.0);
    }
    course.project.run(&["build", "--check"]).ends(0);
}

#[test]
fn the_revision_of_an_older_version_is_completed_or_told() {
    let course = Course::begin();
    let whole = course.revisions();
    let beside = || std::fs::remove_dir_all(course.project.at("migrations/sql")).unwrap();
    beside();
    course.project.run(&["build"]).ends(0);
    assert_eq!(course.revisions(), whole);
    beside();
    course.is_now("two");
    course
        .project
        .run(&["build"])
        .ends(0)
        .says("nothing says which schema the revisions lead to");
    course
        .project
        .run(&["migrate", "new", "two"])
        .ends(1)
        .says("build once with the schema that they were made from");
    course.is_now("one");
    course.project.run(&["build"]).ends(0);
    assert_eq!(course.revisions(), whole);
}

#[test]
fn what_two_branches_have_written_is_told() {
    let course = Course::begin();
    course.goes_on("two");
    let text = course.project.read("migrations/versions/0002_two.py");
    let other = text.replace("revision = \"0002\"", "revision = \"0003\"");
    course.project.write("migrations/versions/0003_other.py", &other);
    course
        .project
        .run(&["build", "--check"])
        .ends(1)
        .says("nothing follows the revisions `0002` and `0003`");
    course.is_now("three");
    let before = course.revisions();
    course
        .project
        .run(&["migrate", "new", "three"])
        .ends(1)
        .says("two branches were merged");
    assert_eq!(course.revisions(), before);
    // One of somebody's own between ours is followed.
    let other = text
        .replace("revision = \"0002\"", "revision: str = 'by_hand'")
        .replace("down_revision = \"0001\"", "down_revision: str | None = '0002'");
    course.project.write("migrations/versions/0003_other.py", &other);
    course.project.run(&["migrate", "new", "three"]).ends(0);
    let next = course.project.read("migrations/versions/0004_three.py");
    assert!(
        next.contains("\nrevision = \"0004\"\ndown_revision = \"by_hand\"\n"),
        "{next}"
    );
}

#[test]
fn sql_alone_is_written_where_a_folder_is_named() {
    let course = Course::begin();
    let before = course.revisions();
    course
        .project
        .run(&["migrate", "new", "init", "--on", "sqlite", "--folder", "native"])
        .ends(0)
        .says("new     native/0001_init/up.sql");
    assert_eq!(course.revisions(), before);
    course
        .project
        .run(&["migrate", "new", "init", "--on", "sqlite"])
        .ends(2)
        .says("a revision is for all databases");
    std::fs::remove_dir_all(course.project.at("migrations")).unwrap();
    course
        .project
        .run(&["migrate", "new", "init"])
        .ends(1)
        .says("`architrave build` writes the first one");
}

#[test]
fn a_dry_run_writes_nothing_and_prints_the_revision() {
    let course = Course::begin();
    let before = course.revisions();
    course.is_now("two");
    course
        .project
        .run(&["migrate", "new", "two", "--dry-run"])
        .ends(0)
        .says("==> migrations/versions/0002_two.py")
        .says("down_revision = \"0001\"");
    let plans = course
        .project
        .run(&["migrate", "new", "two", "--dry-run", "--format", "json"])
        .ends(0)
        .json();
    let dialects: Vec<&str> = plans
        .as_array()
        .unwrap()
        .iter()
        .map(|plan| plan["dialect"].as_str().unwrap())
        .collect();
    assert_eq!(dialects, ["postgres", "sqlite"]);
    assert_eq!(course.revisions(), before);
}

/// A database that Alembic works on, as whoever may migrate and no more.
struct Database<'c> {
    course: &'c Course,
    /// As SQLAlchemy has it.
    url: String,
    /// A connection that sees everything.
    all: DatabaseUrl,
}

impl<'c> Database<'c> {
    fn sqlite(course: &'c Course, name: &str, driver: &str) -> Self {
        let path = course.project.at(name);
        Self {
            course,
            url: format!("{driver}:///{}", path.display()),
            all: DatabaseUrl::Sqlite(path),
        }
    }

    fn postgres(course: &'c Course, name: &str, driver: &str) -> Self {
        server().create_database(name).unwrap();
        let all = server().url(name, server().superuser());
        let it = Self {
            course,
            url: server()
                .url(name, "revisions_login")
                .to_string()
                .replace("postgres:", &format!("{driver}:")),
            all,
        };
        it.sql(&course.project.read("sql/postgres/roles.sql"));
        it.sql(
            "DO $$ BEGIN CREATE ROLE revisions_login LOGIN IN ROLE revisions_migrator; \
             EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$",
        );
        it.sql(&format!("GRANT CREATE ON DATABASE {name} TO revisions_migrator"));
        it
    }

    fn connect(&self) -> Connection {
        Connection::open(&self.all, &ConnectOptions::default()).unwrap()
    }

    fn sql(&self, sql: &str) {
        self.connect().batch(sql).unwrap();
    }

    /// All rows of a query, as text.
    fn rows(&self, sql: &str) -> Vec<String> {
        let found = self.connect().query(sql, &[]).unwrap();
        found.rows.iter().map(|row| format!("{row:?}")).collect()
    }

    fn alembic(&self, arguments: &[&str]) -> Ran {
        let mut command = Command::new(python());
        command
            .args(["-W", "error", "-m", "alembic"])
            .args(arguments)
            .current_dir(self.course.project.path())
            .env_clear()
            .env("DATABASE_URL", &self.url)
            .env("PATH", "/usr/bin:/bin")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        finish(&mut command)
    }

    /// Up, with rows that are there from the first revision on; back, with the rows as they were; and up again.
    fn goes_both_ways(&self, schema: &str, marks: usize) {
        self.alembic(&["upgrade", "0001"]).ends(0);
        self.fill(schema, marks);
        let before = self.contents(schema);
        self.alembic(&["upgrade", "0002"]).ends(0);
        let keys = format!("SELECT count(DISTINCT public_id) FROM {schema}marks");
        assert_eq!(self.rows(&keys), [format!("[Int({marks})]")]);
        assert_eq!(
            self.rows(&format!("SELECT title, state FROM {schema}orders")),
            ["[Text(\"first\"), Text(\"open\")]"]
        );
        self.alembic(&["upgrade", "head"]).ends(0);
        self.alembic(&["check"]).ends(0);
        assert_eq!(
            self.rows(&format!("SELECT subject FROM {schema}orders")),
            ["[Text(\"first\")]"]
        );
        self.alembic(&["downgrade", "-1"]).ends(0);
        self.alembic(&["downgrade", "-1"]).ends(0);
        assert_eq!(self.contents(schema), before);
        self.alembic(&["upgrade", "head"]).ends(0);
        self.alembic(&["check"]).ends(0);
        self.alembic(&["downgrade", "base"]).ends(0);
        self.alembic(&["upgrade", "head"]).ends(0);
        self.alembic(&["check"]).ends(0);
    }

    fn fill(&self, schema: &str, marks: usize) {
        self.sql(&format!(
            "INSERT INTO {schema}users (name) VALUES ('somebody');
             INSERT INTO {schema}orders (customer_id, title, total, note) VALUES (1, 'first', 5, '100% :kept');
             INSERT INTO {schema}drafts (owner_id, text) VALUES (1, 'goes and comes');
             INSERT INTO {schema}marks (order_id, name)
             WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {marks}) SELECT 1, 'm' FROM n;"
        ));
    }

    /// What was there before the second revision, and is again once it is undone.
    fn contents(&self, schema: &str) -> Vec<String> {
        let queries = [
            "SELECT id, name FROM {}users",
            "SELECT id, customer_id, title, total, note, version FROM {}orders",
            "SELECT id, owner_id, text, version FROM {}drafts",
            "SELECT count(*), min(name) FROM {}marks",
        ];
        queries
            .iter()
            .flat_map(|query| self.rows(&query.replace("{}", schema)))
            .collect()
    }
}

/// Puts the packages of Python there, which the gate of the models installs.
fn install(course: &Course) {
    course
        .project
        .run(&["prove", "--on", "sqlite", "--gate", "models"])
        .ends(0);
}

fn three() -> Course {
    let course = Course::begin();
    install(&course);
    course.goes_on("two");
    course.goes_on("three");
    course
}

#[test]
fn alembic_runs_revisions_both_ways_on_sqlite() {
    let course = three();
    Database::sqlite(&course, "a.db", "sqlite").goes_both_ways("", 3);
    Database::sqlite(&course, "b.db", "sqlite+aiosqlite").goes_both_ways("", 3);
    // A script does the same.
    let script = Database::sqlite(&course, "c.db", "sqlite");
    let sql = script.alembic(&["upgrade", "head", "--sql"]).ends(0).out;
    script.sql(&sql);
    script.alembic(&["check"]).ends(0);
    // In scripts Alembic writes four blanks for a tab, and nothing behind the last word.
    let schema = "SELECT rtrim(replace(sql, char(9), '    '), char(10)) FROM sqlite_schema WHERE name NOT LIKE 'sqlite_%' ORDER BY name";
    let whole = Database::sqlite(&course, "a.db", "sqlite").rows(schema);
    let scripted = script.rows(schema);
    for (one, other) in scripted.iter().zip(&whole) {
        assert_eq!(one, other);
    }
    assert_eq!(scripted.len(), whole.len());
}

#[test]
fn foreign_keys_of_sqlite_act_behind_a_revision_that_lets_them_rest() {
    let course = three();
    let hand = root().join("fixtures/models/revisions/by_hand.py");
    course
        .project
        .write("migrations/versions/by_hand.py", std::fs::read(hand).unwrap());
    let database = Database::sqlite(&course, "a.db", "sqlite");
    database
        .alembic(&["upgrade", "head"])
        .ends(1)
        .says("BadReference");
    // What came before is done, each with its number.
    database.alembic(&["current"]).ends(0).says("0003");
}

#[test]
fn alembic_runs_revisions_both_ways_on_postgres() {
    let course = three();
    // So many rows need several batches.
    Database::postgres(&course, "revisions_a", "postgresql+asyncpg").goes_both_ways("revisions.", 11_000);
    Database::postgres(&course, "revisions_b", "postgresql+psycopg").goes_both_ways("revisions.", 3);
    let script = Database::postgres(&course, "revisions_c", "postgresql+psycopg");
    let sql = script.alembic(&["upgrade", "head", "--sql"]).ends(0).out;
    course.project.write("upgrade.sql", &sql);
    script.psql(&course.project.at("upgrade.sql")).ends(0);
    script.alembic(&["check"]).ends(0);
}

impl Database<'_> {
    /// Runs a script as whoever may migrate: the program itself sends one statement after the other.
    fn psql(&self, script: &Path) -> Ran {
        let url = self.url.replacen("postgresql+psycopg", "postgresql", 1);
        let mut command = Command::new("psql");
        command
            .args(["-qX", "-v", "ON_ERROR_STOP=1", "-d", &url, "-f"])
            .arg(script)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        finish(&mut command)
    }
}
