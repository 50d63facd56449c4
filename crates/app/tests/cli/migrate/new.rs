//! `migrate new`: what it writes, what it refuses, and that what it writes runs.

use std::fs;
use std::path::PathBuf;

use super::{BOTH, Stage};
use crate::support::{Ran, is_root, root, validate};

fn fixture(path: &str) -> String {
    let whole = root().join("fixtures/migrate/new").join(path);
    fs::read_to_string(&whole).unwrap_or_else(|error| panic!("{}: {error}", whole.display()))
}

/// A project whose schema is one of the fixtures, on a database of its own.
struct Written {
    stage: Stage,
    product: &'static str,
}

impl Written {
    fn new(product: &'static str) -> Self {
        let it = Self {
            stage: Stage::empty(product),
            product,
        };
        it.schema("one");
        it
    }

    /// The schema as it was at a time. Roles are for a whole server, so each project has a name of its own.
    fn schema(&self, time: &str) {
        let text = fixture(&format!("{time}/schema/shop.arch"));
        let name = match self.stage.address.rsplit_once("/migrate_") {
            Some((_, rest)) => {
                let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
                format!("project shop{digits} ")
            }
            None => "project shop ".to_owned(),
        };
        let text = text.replace("project shop ", &name);
        self.stage.project.write("schema/shop.arch", text);
    }

    fn migration(&self, name: &str, more: &[&str]) -> Ran {
        let mut arguments = vec!["new", name, "--on", self.product];
        arguments.extend(more);
        self.stage.migrate(&arguments)
    }

    /// A migration that leads to a file of SQL.
    fn to(&self, name: &str, goal: &str, more: &[&str]) -> Ran {
        self.stage.project.write("goal.sql", fixture(goal));
        let mut arguments = vec!["--to", "goal.sql"];
        arguments.extend(more);
        self.migration(name, &arguments)
    }

    fn at(&self, path: &str) -> PathBuf {
        self.stage.project.at(&format!("migrations/{path}"))
    }

    fn titles(&self) -> Vec<String> {
        let entries = fs::read_dir(self.at("")).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<String> = names.collect();
        names.sort();
        names
    }
}

#[test]
fn migrations_are_written_as_the_schema_changes_and_run_both_ways() {
    for product in BOTH {
        let it = Written::new(product);
        it.migration("first", &[])
            .ends(0)
            .says("new     migrations/0001_first/up.sql");
        it.schema("two");
        it.migration("Second", &[])
            .ends(0)
            .says("new     migrations/0002_second/down.sql");
        it.stage.migrate(&["apply"]).ends(0).says("2 migrations applied");
        it.stage.migrate(&["verify"]).ends(0);
        it.schema("three");
        it.migration("third", &[]).ends(0);
        assert_eq!(it.titles(), ["0001_first", "0002_second", "0003_third"]);
        it.stage.migrate(&["apply"]).ends(0).says("1 migration applied");
        it.stage
            .migrate(&["rollback", "--to", "0"])
            .ends(0)
            .says("3 migrations rolled back");
        it.stage.migrate(&["apply"]).ends(0).says("3 migrations applied");
        it.stage.migrate(&["verify"]).ends(0);
    }
}

#[test]
fn each_plan_starts_where_the_one_before_it_ends() {
    let it = Written::new("sqlite");
    it.migration("first", &[]).ends(0);
    it.schema("two");
    it.migration("second", &[]).ends(0);
    let plan = |title: &str| -> serde_json::Value {
        serde_json::from_str(&it.stage.project.read(&format!("migrations/{title}/plan.json"))).unwrap()
    };
    let (first, second) = (plan("0001_first"), plan("0002_second"));
    assert_eq!(second["from"], first["to"]);
    assert_eq!(second["from"]["name"], "0001_first");
    assert_ne!(second["from"]["hash"], second["to"]["hash"]);
}

#[test]
fn a_schema_that_is_reached_needs_no_migration() {
    for product in BOTH {
        let it = Written::new(product);
        it.migration("first", &[]).ends(0);
        it.migration("again", &[])
            .ends(0)
            .says("nothing to do: 0001_first leads to");
        let document = it.migration("again", &["--format", "json"]).ends(0).json();
        validate("plan-1.schema.json", &document);
        assert_eq!(document["from"], document["to"]);
        assert_eq!(document["verdict"], "no-difference");
        assert_eq!(it.titles(), ["0001_first"]);
    }
}

#[test]
fn an_empty_schema_needs_no_first_migration() {
    for product in BOTH {
        let it = Written::new(product);
        it.migration("first", &["--to", "empty"])
            .ends(0)
            .says("nothing to do: empty is empty");
        assert!(it.titles().is_empty());
    }
}

#[test]
fn a_dry_run_prints_the_files_and_writes_none() {
    for product in BOTH {
        let it = Written::new(product);
        let before = it.stage.project.files();
        let said = it.migration("first", &["--dry-run"]).ends(0);
        assert_eq!(it.stage.project.files(), before);
        it.migration("first", &[]).ends(0);
        for file in ["up.sql", "down.sql"] {
            let path = format!("migrations/0001_first/{file}");
            let text = it.stage.project.read(&path);
            assert!(
                said.out.contains(&format!("==> {path}\n{text}")),
                "{product}: {path}"
            );
        }
    }
}

#[test]
fn what_is_printed_as_json_is_the_plan_that_is_written() {
    for product in BOTH {
        let it = Written::new(product);
        it.migration("first", &[]).ends(0);
        it.schema("two");
        let dry = it.migration("second", &["--dry-run", "--format", "json"]).ends(0);
        let said = it.migration("second", &["--format", "json"]).ends(0);
        validate("plan-1.schema.json", &said.json());
        assert_eq!(dry.out, said.out);
        assert_eq!(
            said.out,
            it.stage.project.read("migrations/0002_second/plan.json")
        );
    }
}

#[test]
fn rows_that_nothing_tells_apart_are_lost_only_by_consent() {
    for product in BOTH {
        let it = Written::new(product);
        it.to("first", "keyless/one.sql", &[]).ends(0);
        let refused = it.to("less", "keyless/two.sql", &[]).ends(1);
        refused
            .says("the migration would lose data")
            .says("--accept-data-loss");
        assert_eq!(it.titles(), ["0001_first"]);
        it.to("less", "keyless/two.sql", &["--accept-data-loss"])
            .ends(0)
            .says("data loss");
        it.stage.migrate(&["apply"]).ends(0).says("2 migrations applied");
    }
}

#[test]
fn what_cannot_be_undone_is_written_only_by_consent() {
    let it = Written::new("postgres");
    it.to("first", "enum/one.sql", &[]).ends(0);
    it.to("mad", "enum/two.sql", &[])
        .ends(1)
        .says("the migration could not be rolled back")
        .says("--irreversible");
    assert_eq!(it.titles(), ["0001_first"]);
    it.to("mad", "enum/two.sql", &["--irreversible"]).ends(0);
    assert!(!it.at("0002_mad/down.sql").exists());
    assert!(
        it.stage
            .project
            .read("migrations/0002_mad/up.sql")
            .contains("There is no way back:")
    );
    it.stage.migrate(&["apply"]).ends(0);
    it.stage
        .migrate(&["rollback"])
        .ends(1)
        .says("0002_mad has no `down.sql`");
}

#[test]
fn names_that_folders_should_not_have_are_refused() {
    let it = Written::new("sqlite");
    let long = "x".repeat(81);
    for name in ["", "two words", "../up", "a/b", "é", ".", &long] {
        it.migration(name, &[])
            .ends(2)
            .says("cannot be the name of a migration");
    }
    it.migration(&long[1..], &[]).ends(0);
    assert_eq!(it.titles(), [format!("0001_{}", &long[1..])]);
}

#[test]
fn a_folder_is_for_one_product() {
    let it = Written::new("sqlite");
    it.migration("first", &[]).ends(0);
    it.schema("two");
    it.stage
        .migrate(&["new", "second", "--on", "postgres"])
        .ends(1)
        .says("the migrations are for SQLite, and not for PostgreSQL")
        .says("--folder");
    it.stage.migrate(&["new", "second"]).ends(0);
    let plan = it.stage.project.read("migrations/0002_second/plan.json");
    assert!(plan.contains("\"dialect\": \"sqlite\""), "{plan}");
}

#[test]
fn the_goal_can_be_any_state() {
    let it = Written::new("sqlite");
    it.to("first", "keyless/two.sql", &[]).ends(0);
    let up = it.stage.project.read("migrations/0001_first/up.sql");
    assert!(up.contains("CREATE TABLE readings"), "{up}");
    assert!(!up.contains("categories"), "{up}");
    it.migration("second", &["--to", "nowhere.sql"])
        .ends(2)
        .says("nowhere.sql");
    assert_eq!(it.titles(), ["0001_first"]);
}

#[test]
fn without_a_project_the_goal_must_be_said() {
    let stage = Stage::empty("sqlite");
    stage
        .migrate(&["new", "first", "--on", "sqlite"])
        .ends(2)
        .says("there is no project at `.`")
        .says("--to STATE");
}

#[test]
fn an_earlier_migration_that_no_longer_runs_is_told_with_its_place() {
    for product in BOTH {
        let it = Written::new(product);
        it.to("first", "keyless/one.sql", &[]).ends(0);
        let up = it.stage.project.read("migrations/0001_first/up.sql");
        it.stage
            .write("0001_first/up.sql", format!("{up}SELECT nothing_of_the_kind;\n"));
        let line = up.lines().count() + 1;
        it.to("second", "keyless/two.sql", &[])
            .ends(1)
            .says("the migrations that are there cannot be run")
            .says(&format!("migrations/0001_first/up.sql:{line}:"));
        assert_eq!(it.titles(), ["0001_first"]);
    }
}

#[test]
fn what_is_there_is_never_overwritten() {
    let it = Written::new("sqlite");
    it.migration("first", &[]).ends(0);
    it.schema("two");
    // Without `up.sql` it is no migration, and nothing goes on beside it.
    it.stage.write("0002_second/notes.txt", "mine");
    let before = it.stage.project.files();
    it.migration("second", &[]).ends(1).says("there is no `up.sql`");
    assert_eq!(it.stage.project.files(), before);
    fs::remove_dir_all(it.at("0002_second")).unwrap();
    // A file where the folder would be.
    it.stage.write("0002_second", "mine");
    it.migration("second", &[]).ends(3);
    assert_eq!(it.stage.project.read("migrations/0002_second"), "mine");
}

#[test]
fn the_same_schemas_give_the_same_bytes() {
    for product in BOTH {
        let files = || {
            let it = Written::new(product);
            // One name, so that nothing but the place differs.
            for time in ["one", "two"] {
                let text = fixture(&format!("{time}/schema/shop.arch"));
                it.stage.project.write("schema/shop.arch", text);
                it.migration(time, &[]).ends(0);
            }
            it.stage.project.files()
        };
        let (one, other) = (files(), files());
        assert_eq!(one.len(), 7);
        assert!(one == other, "{product}: two runs wrote different files");
    }
}

#[test]
fn a_folder_outside_of_the_project_is_refused_before_anything_is_done() {
    let it = Written::new("sqlite");
    for folder in ["../elsewhere", "/tmp", "migrations/../.."] {
        for more in [&["--folder", folder][..], &["--folder", folder, "--dry-run"]] {
            it.migration("first", more)
                .ends(2)
                .says("is not below the project's folder");
        }
    }
}

#[test]
fn a_folder_that_takes_no_files_gets_none() {
    use std::os::unix::fs::PermissionsExt as _;
    if is_root() {
        println!("skipped: root may write anywhere");
        return;
    }
    let it = Written::new("sqlite");
    let mode = |mode| fs::set_permissions(it.at(""), fs::Permissions::from_mode(mode)).unwrap();
    mode(0o555);
    let ran = it.migration("first", &[]);
    mode(0o755);
    ran.ends(3).says("cannot be written").says("nothing was written");
    assert!(it.titles().is_empty());
    it.migration("first", &[]).ends(0);
}

#[test]
fn a_disk_that_is_full_in_the_middle_keeps_nothing() {
    if !is_root() {
        println!("skipped: only root can mount a small disk");
        return;
    }
    let it = Written::new("sqlite");
    // Room for the plan, and not for all that comes behind it.
    let dry = it.migration("first", &["--dry-run", "--format", "json"]).ends(0);
    let room = dry.out.len() / 1024 + 8;
    let folder = it.at("").display().to_string();
    let mount = |arguments: &[&str]| {
        let mut command = std::process::Command::new("mount");
        let status = command.args(arguments).arg(&folder).status();
        status.is_ok_and(|it| it.success())
    };
    if !mount(&["-t", "tmpfs", "-o", &format!("size={room}k"), "none"]) {
        println!("skipped: this root may not mount");
        return;
    }
    let tight = it.migration("first", &[]);
    let left = it.titles();
    let roomy = mount(&["-o", "remount,size=4m"]);
    let again = it.migration("first", &[]);
    let unmounted = std::process::Command::new("umount").arg(&folder).status();
    assert!(roomy && unmounted.is_ok_and(|it| it.success()));
    tight
        .ends(3)
        .says("sql` cannot be written: No space left")
        .says("nothing was written");
    assert!(left.is_empty(), "{left:?}");
    again.ends(0);
}

/// What a schema says in SQL of its own is there, and no migration takes it away.
#[test]
fn sql_of_the_schema_itself_stays() {
    let text = |more: &str| {
        format!(
            "project shop {{\n  database  postgres\n}}\n\nentity Note public because \"anyone may see it\" {{\n  text  Text\n{more}\n  \
             sql postgres \"CREATE INDEX notes_text_hash ON shop.notes USING hash (text)\" undo \"DROP INDEX shop.notes_text_hash\"\n}}\n"
        )
    };
    let stage = Stage::empty("postgres");
    stage.project.write("architrave.toml", "");
    stage.project.write("schema/notes.arch", text(""));
    stage.migrate(&["new", "first"]).ends(0);
    stage.migrate(&["new", "again"]).ends(0).says("nothing to do");
    stage
        .project
        .write("schema/notes.arch", text("  title String(40)?"));
    stage.migrate(&["new", "title"]).ends(0);
    let up = stage.project.read("migrations/0002_title/up.sql");
    assert!(!up.contains("notes_text_hash"), "{up}");
    stage.migrate(&["apply"]).ends(0);
    let found = stage.rows("SELECT count(*) FROM pg_class WHERE relname = 'notes_text_hash'");
    assert_eq!(found, ["[Int(1)]"]);
}

/// What it makes is changed when the SQL changes, and what the SQL does to the schema's own tables stays.
#[test]
fn sql_of_the_schema_itself_is_changed_with_it() {
    for product in BOTH {
        let stage = Stage::empty(product);
        let becomes = |name: &str| {
            let text = fs::read(root().join(format!("fixtures/migrate/own_sql/{name}.arch"))).unwrap();
            stage.project.write("schema/shelf.arch", text);
        };
        let new = |name: &str| stage.migrate(&["new", name, "--on", product]);
        becomes("one");
        new("first").ends(0);
        becomes("two");
        new("second").ends(0).says("index categories_lower");
        let up = stage.project.read("migrations/0002_second/up.sql");
        assert!(up.contains("count(*) + 1"), "{up}");
        new("again").ends(0).says("nothing to do");
        stage.migrate(&["apply"]).ends(0).says("2 migrations applied");
        stage.migrate(&["rollback"]).ends(0);
        stage.migrate(&["apply"]).ends(0);
        if product == "postgres" {
            becomes("mixed");
            new("settings").ends(0);
            let up = stage.project.read("migrations/0003_settings/up.sql");
            assert!(
                up.contains("fillfactor = '50'") || up.contains("fillfactor = 50"),
                "{up}"
            );
            new("again").ends(0).says("nothing to do");
            stage.migrate(&["apply"]).ends(0);
        }
    }
}
