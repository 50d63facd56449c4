//! Two people write migrations on branches of their own, and then merge the folders.

use std::fs;

use serde_json::Value;

use super::{BOTH, Stage};
use crate::support::{Ran, finish, root, validate};

/// A project with migrations of two branches.
struct Merged {
    stage: Stage,
    product: &'static str,
}

impl Merged {
    /// One migration that both branches go on from.
    fn new(product: &'static str) -> Self {
        let stage = Stage::empty(product);
        let it = Self { stage, product };
        it.write("base", "base").ends(0);
        it
    }

    /// One that adds tags, and one that adds carts.
    fn usual(product: &'static str) -> Self {
        let it = Self::new(product);
        it.beside(&["tags"], &["carts"]);
        it
    }

    fn goal(&self, name: &str) {
        let path = root().join(format!("fixtures/migrate/new/branches/{name}.sql"));
        self.stage
            .project
            .write("goal.sql", fs::read_to_string(path).unwrap());
    }

    fn write(&self, name: &str, goal: &str) -> Ran {
        self.goal(goal);
        let arguments = ["new", name, "--on", self.product, "--to", "goal.sql"];
        self.stage.migrate(&arguments)
    }

    /// Writes each of these after the other, twice from the same start; then all of them lie in one folder.
    fn beside(&self, one: &[&str], other: &[&str]) {
        let aside = self.stage.project.at("aside");
        fs::create_dir_all(&aside).unwrap();
        let numbered = |number: usize, name: &str| format!("{number:04}_{name}");
        for (place, name) in one.iter().enumerate() {
            self.write(name, name).ends(0);
            assert!(self.has(&numbered(place + 2, name)));
        }
        for (place, name) in one.iter().enumerate() {
            let title = numbered(place + 2, name);
            fs::rename(self.at(&title), aside.join(&title)).unwrap();
        }
        for name in other {
            self.write(name, name).ends(0);
        }
        for (place, name) in one.iter().enumerate() {
            let title = numbered(place + 2, name);
            fs::rename(aside.join(&title), self.at(&title)).unwrap();
        }
        fs::remove_dir(aside).unwrap();
    }

    fn at(&self, title: &str) -> std::path::PathBuf {
        self.stage.project.at(&format!("migrations/{title}"))
    }

    fn has(&self, title: &str) -> bool {
        self.at(title).is_dir()
    }

    fn text(&self, path: &str) -> String {
        self.stage.project.read(&format!("migrations/{path}"))
    }

    fn plan(&self, title: &str) -> Value {
        serde_json::from_str(&self.text(&format!("{title}/plan.json"))).unwrap()
    }

    fn rebase(&self, title: &str) -> Ran {
        // It must be applied nowhere, and is asked about on the database of the stage.
        self.stage.migrate(&["rebase", title])
    }

    /// What each command that reads the folder says.
    fn told_by_all(&self, words: &[&str]) {
        // A file of SQLite is there from now on.
        drop(self.stage.connect());
        let mut said = vec![self.stage.migrate(&["status"])];
        said.push(self.stage.migrate(&["verify"]).ends(1));
        said.push(self.stage.migrate(&["apply"]).ends(1));
        said.push(self.stage.migrate(&["apply", "--dry-run"]).ends(1));
        said.push(self.write("more", "both").ends(1));
        for ran in said {
            words.iter().fold(ran, |ran, words| ran.says(words));
        }
        assert!(
            self.stage.connect().execute("SELECT * FROM customers").is_err(),
            "something was run"
        );
    }

    fn runs_both_ways(&self) {
        self.stage.migrate(&["apply"]).ends(0).keeps_silent_about("note");
        self.stage.migrate(&["verify"]).ends(0);
        self.stage
            .migrate(&["rollback", "--to", "0"])
            .ends(0)
            .keeps_silent_about("note");
        self.stage.migrate(&["apply"]).ends(0);
        self.stage.migrate(&["verify"]).ends(0);
    }
}

#[test]
fn two_of_one_number_are_told_and_one_comes_behind_the_other() {
    for product in BOTH {
        let it = Merged::usual(product);
        it.told_by_all(&[
            "0002_tags: number 2 is taken by `0002_carts` already; both go on from 0001_base",
            "two branches were merged",
            "`architrave migrate rebase 0002_tags`",
        ]);
        let up = it.text("0002_tags/up.sql");
        it.rebase("0002_tags")
            .ends(0)
            .says("moved   migrations/0002_tags to migrations/0003_tags")
            .says("written migrations/0003_tags/plan.json")
            .says("0003_tags goes on from 0002_carts");
        assert!(!it.has("0002_tags"));
        assert_eq!(
            it.text("0003_tags/up.sql"),
            up,
            "what was read and reviewed stays as it is"
        );
        let (carts, tags) = (it.plan("0002_carts"), it.plan("0003_tags"));
        validate("plan-1.schema.json", &tags);
        assert_eq!(tags["from"], carts["to"]);
        assert_eq!(tags["to"]["name"], "0003_tags");
        it.write("more", "both").ends(0).says("nothing to do");
        it.runs_both_ways();
    }
}

#[test]
fn one_that_was_renumbered_by_hand_is_told_and_put_right() {
    for product in BOTH {
        let it = Merged::usual(product);
        fs::rename(it.at("0002_tags"), it.at("0003_tags")).unwrap();
        it.told_by_all(&[
            "0003_tags and 0002_carts both go on from 0001_base",
            "`architrave migrate rebase 0003_tags`",
        ]);
        let document = it.stage.migrate(&["status", "--format", "json"]).ends(0).json();
        validate("migrate-1.schema.json", &document);
        assert_eq!(document["migrations"][2]["state"], "beside");
        assert_eq!(document["migrations"][2]["detail"]["other"], "0002_carts");
        it.rebase("0003_tags")
            .ends(0)
            .says("written migrations/0003_tags/plan.json")
            .keeps_silent_about("moved");
        it.rebase("0003_tags")
            .ends(0)
            .says("nothing to do: 0003_tags goes on from 0002_carts");
        it.runs_both_ways();
    }
}

#[test]
fn first_migrations_of_two_branches_both_begin_with_nothing() {
    let it = Merged {
        stage: Stage::empty("sqlite"),
        product: "sqlite",
    };
    it.write("base", "base").ends(0);
    fs::rename(it.at("0001_base"), it.stage.project.at("aside")).unwrap();
    it.stage
        .project
        .write("goal.sql", "CREATE TABLE tags (id integer PRIMARY KEY);");
    it.stage
        .migrate(&["new", "tags", "--on", "sqlite", "--to", "goal.sql"])
        .ends(0);
    fs::rename(it.stage.project.at("aside"), it.at("0001_base")).unwrap();
    it.told_by_all(&["number 1 is taken by `0001_base` already; both go on from the empty database"]);
    it.rebase("0001_tags")
        .ends(0)
        .says("0002_tags goes on from 0001_base");
    it.runs_both_ways();
}

#[test]
fn what_goes_on_from_a_migration_comes_behind_with_it() {
    for product in BOTH {
        let it = Merged::new(product);
        it.beside(&["carts", "carts_index"], &["tags"]);
        it.rebase("0002_carts")
            .ends(0)
            .says("moved   migrations/0002_carts to migrations/0003_carts")
            .says("moved   migrations/0003_carts_index to migrations/0004_carts_index")
            .says("0003_carts, 0004_carts_index go on from 0002_tags");
        assert_eq!(it.plan("0004_carts_index")["from"], it.plan("0003_carts")["to"]);
        it.runs_both_ways();
    }
}

#[test]
fn three_branches_are_merged_one_after_the_other() {
    let it = Merged::usual("sqlite");
    let aside = |title: &str| it.stage.project.at(&format!("aside_{title}"));
    for title in ["0002_carts", "0002_tags"] {
        fs::rename(it.at(title), aside(title)).unwrap();
    }
    it.stage.project.write(
        "goal.sql",
        "CREATE TABLE customers (id integer PRIMARY KEY, name text NOT NULL); CREATE TABLE shops (id integer PRIMARY KEY);",
    );
    it.stage.migrate(&["new", "shops", "--to", "goal.sql"]).ends(0);
    for title in ["0002_carts", "0002_tags"] {
        fs::rename(aside(title), it.at(title)).unwrap();
    }
    it.rebase("0002_carts").ends(0).says("to migrations/0003_carts");
    it.stage
        .migrate(&["new", "more", "--to", "goal.sql"])
        .ends(1)
        .says("number 2 is taken by `0002_shops` already");
    it.rebase("0002_shops").ends(0).says("to migrations/0004_shops");
    let ends = ["0001_base", "0002_tags", "0003_carts", "0004_shops"].map(|title| it.plan(title));
    for pair in ends.windows(2) {
        assert_eq!(pair[0]["to"]["hash"], pair[1]["from"]["hash"]);
    }
    it.runs_both_ways();
}

/// Each folder moves in one step and each plan is written in one, so that there is an end of every kind in between.
#[test]
fn a_rebase_that_was_cut_off_goes_on() {
    for cut in 0..3 {
        let it = Merged::new("sqlite");
        it.beside(&["carts", "carts_index"], &["tags"]);
        let plan = it.text("0003_carts_index/plan.json");
        let mut name = "0002_carts";
        fs::rename(it.at("0003_carts_index"), it.at("0004_carts_index")).unwrap();
        if cut > 0 {
            fs::rename(it.at("0002_carts"), it.at("0003_carts")).unwrap();
            name = "0003_carts";
        }
        if cut > 1 {
            it.rebase(name).ends(0);
            it.stage.write("0004_carts_index/plan.json", plan);
            name = "0004_carts_index";
        }
        it.told_by_all(&["architrave migrate rebase", name]);
        it.rebase(name).ends(0);
        assert!(it.has("0003_carts") && it.has("0004_carts_index"));
        it.runs_both_ways();
    }
}

#[test]
fn what_is_set_aside_comes_back_from_behind_as_well() {
    for product in BOTH {
        let it = Merged::new(product);
        it.stage
            .project
            .write("goal.sql", "CREATE TABLE customers (id integer PRIMARY KEY);");
        it.stage.migrate(&["new", "nameless", "--to", "goal.sql"]).ends(0);
        fs::rename(it.at("0002_nameless"), it.stage.project.at("aside")).unwrap();
        it.write("tags", "tags").ends(0);
        fs::rename(it.stage.project.at("aside"), it.at("0002_nameless")).unwrap();
        it.rebase("0002_nameless").ends(0);
        it.stage.migrate(&["apply", "--to", "2"]).ends(0);
        it.stage.sql("INSERT INTO customers VALUES (1, 'somebody')");
        it.stage.migrate(&["apply"]).ends(0);
        it.stage.migrate(&["status"]).ends(0).says("; migration 3, ");
        it.stage.migrate(&["rollback"]).ends(0);
        assert_eq!(
            it.stage.rows("SELECT id, name FROM customers"),
            [r#"[Int(1), Text("somebody")]"#]
        );
    }
}

#[test]
fn branches_that_do_not_fit_together_stay_as_they_are() {
    for product in BOTH {
        let it = Merged::new(product);
        it.beside(&["one"], &["two"]);
        let before = it.stage.project.files();
        it.rebase("0002_one")
            .ends(1)
            .says("the branches lead to one schema in one order, and to another in the other; nothing was changed")
            .says("architrave migrate new NAME");
        assert_eq!(it.stage.project.files(), before);
        // Whoever says what shall be is held to that, and to the way back: one undoes what the other has done.
        for (goal, words) in [
            ("two", "together the migrations do not lead to the schema"),
            ("one", "the way back does not lead back"),
        ] {
            it.goal(goal);
            it.stage
                .migrate(&["rebase", "0002_one", "--to", "goal.sql"])
                .ends(1)
                .says(words)
                .says("still to be done");
            assert!(it.has("0002_one") && it.has("0002_two"));
        }
    }
}

#[test]
fn one_that_cannot_run_behind_the_others_stays_where_it_is() {
    let it = Merged::new("postgres");
    it.beside(&["tags"], &["carts"]);
    let up = it.text("0002_carts/up.sql");
    it.stage.write(
        "0002_carts/up.sql",
        format!("{up}CREATE TABLE tags (x integer);\n"),
    );
    let before = it.stage.project.files();
    it.rebase("0002_tags")
        .ends(1)
        .says("the migrations cannot be run in this order, and nothing was changed")
        .says("migrations/0002_tags/up.sql:");
    assert_eq!(it.stage.project.files(), before);
}

#[test]
fn what_is_applied_keeps_its_number() {
    for product in BOTH {
        let it = Merged::usual(product);
        fs::rename(it.at("0002_carts"), it.stage.project.at("aside")).unwrap();
        it.stage.migrate(&["apply"]).ends(0).says("2 migrations applied");
        fs::rename(it.stage.project.at("aside"), it.at("0002_carts")).unwrap();
        it.rebase("0002_tags")
            .ends(1)
            .says("0002_tags is applied on that database, and keeps its number");
        assert!(it.has("0002_tags"));
        it.rebase("0002_carts").ends(0);
        it.stage.migrate(&["apply"]).ends(0).says("1 migration applied");
        it.stage.migrate(&["verify"]).ends(0);
    }
}

/// Nobody can ask every database; the one where it is applied says so itself.
#[test]
fn what_was_applied_elsewhere_and_got_another_number_is_told_there() {
    for product in BOTH {
        let it = Merged::usual(product);
        fs::rename(it.at("0002_carts"), it.stage.project.at("aside")).unwrap();
        it.stage.migrate(&["apply"]).ends(0);
        fs::rename(it.stage.project.at("aside"), it.at("0002_carts")).unwrap();
        let mut command = it.stage.command(&["rebase", "0002_tags"]);
        finish(command.env_remove("DATABASE_URL")).ends(0);
        for command in ["apply", "verify"] {
            it.stage
                .migrate(&[command])
                .ends(1)
                .says("0002_tags is applied, and its folder is named `0003_tags` now")
                .says("0003_tags was applied as number 2");
        }
    }
}

#[test]
fn an_edited_migration_gets_a_plan_that_says_where_it_leads() {
    for product in BOTH {
        let it = Merged::new(product);
        let up = it.text("0001_base/up.sql");
        it.stage.write(
            "0001_base/up.sql",
            format!("{up}CREATE INDEX names ON customers (name);\n"),
        );
        let down = it.text("0001_base/down.sql");
        it.stage
            .write("0001_base/down.sql", format!("DROP INDEX names;\n{down}"));
        it.write("tags", "tags")
            .ends(1)
            .says("0001_base does not lead to the schema that it was planned for")
            .says("`architrave migrate rebase 0001_base`");
        it.rebase("0001_base")
            .ends(0)
            .says("written migrations/0001_base/plan.json");
        it.write("tags", "tags").ends(0);
        it.runs_both_ways();
    }
}

/// Whoever edits a migration that another one goes on from changes what that was planned for.
#[test]
fn one_that_was_edited_below_another_is_told() {
    let it = Merged::new("sqlite");
    it.write("tags", "tags").ends(0);
    let mut plan = it.plan("0001_base");
    plan["to"]["hash"] = Value::String("0".repeat(64));
    it.stage.write("0001_base/plan.json", plan.to_string());
    it.told_by_all(&["0002_tags was planned for another schema than 0001_base leads to"]);
    it.rebase("0002_tags")
        .ends(0)
        .says("written migrations/0001_base/plan.json");
    assert_eq!(it.plan("0001_base")["to"], it.plan("0002_tags")["from"]);
    it.runs_both_ways();
}

#[test]
fn a_dry_run_says_what_would_be_and_changes_nothing() {
    let it = Merged::usual("sqlite");
    let before = it.stage.project.files();
    it.stage
        .migrate(&["rebase", "0002_tags", "--dry-run"])
        .ends(0)
        .says("moved   migrations/0002_tags to migrations/0003_tags")
        .says("nothing was written");
    assert_eq!(it.stage.project.files(), before);
}

#[test]
fn a_move_that_fails_in_the_middle_is_undone() {
    let it = Merged::new("sqlite");
    it.beside(&["carts", "carts_index"], &["tags"]);
    // The second has been moved when the first finds its place taken.
    it.stage.write("0003_carts", "mine");
    let before = it.stage.project.files();
    it.rebase("0002_carts")
        .ends(3)
        .says("0003_carts` cannot be written")
        .says("nothing was changed");
    assert_eq!(it.stage.project.files(), before);
    assert!(!it.has("0004_carts_index"));
}

#[test]
fn only_migrations_that_are_there_can_be_named() {
    let it = Merged::usual("sqlite");
    for name in ["tags", "2", "0009_tags", ""] {
        it.rebase(name)
            .ends(2)
            .says(&format!("there is no migration `{name}`"));
    }
    it.stage
        .migrate(&["rebase", "0002_tags", "--folder", "../x"])
        .ends(2);
}

#[test]
fn migrations_without_plans_are_put_behind_as_well() {
    for product in BOTH {
        let stage = Stage::empty(product);
        stage.write("1_base/up.sql", "CREATE TABLE base (x integer);");
        stage.write("2_one/up.sql", "CREATE TABLE one (x integer);");
        stage.write("2_one/down.sql", "DROP TABLE one;");
        stage.write("2_other/up.sql", "ALTER TABLE base ADD COLUMN y integer;");
        stage
            .migrate(&["apply"])
            .ends(1)
            .says("both go on from 0001_base");
        stage
            .migrate(&["rebase", "2_one", "--on", product])
            .ends(0)
            .says("0003_one goes on from 0002_other");
        stage.migrate(&["apply"]).ends(0).says("3 migrations applied");
        stage.migrate(&["verify"]).ends(0);
    }
}

#[test]
fn the_schema_of_the_project_decides_whether_branches_fit_together() {
    for product in BOTH {
        let stage = Stage::empty(product);
        let schema = |time: &str| {
            let path = root().join(format!("fixtures/migrate/new/branches/{time}.arch"));
            stage
                .project
                .write("schema/shop.arch", fs::read_to_string(path).unwrap());
        };
        let at = |title: &str| stage.project.at(&format!("migrations/{title}"));
        for (time, aside) in [("base", None), ("tags", Some("0002_tags")), ("carts", None)] {
            schema(time);
            stage.migrate(&["new", time, "--on", product]).ends(0);
            if let Some(title) = aside {
                fs::rename(at(title), stage.project.at(title)).unwrap();
            }
        }
        fs::rename(stage.project.at("0002_tags"), at("0002_tags")).unwrap();
        // The schema was not merged yet.
        stage
            .migrate(&["rebase", "0002_tags"])
            .ends(1)
            .says("do not lead to the schema");
        schema("both");
        stage.migrate(&["rebase", "0002_tags"]).ends(0);
        stage.migrate(&["new", "more"]).ends(0).says("nothing to do");
        stage.migrate(&["apply"]).ends(0);
        stage.migrate(&["rollback", "--to", "0"]).ends(0);
    }
}
