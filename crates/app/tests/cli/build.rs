//! `build`: what is written, what is left alone, and that all of it runs.

use std::path::Path;
use std::process::Command;

use engine::{Access, ConnectOptions, Connection, DatabaseUrl};

use crate::support::{Project, finish, folder, is_root, server};

const OUTPUTS: &[&str] = &[
    "sql/postgres/roles.sql",
    "sql/postgres/schema.sql",
    "sql/postgres/undo.sql",
    "sql/sqlite/schema.sql",
    "sql/sqlite/services.sql",
    "sql/sqlite/undo.sql",
];

/// What a build says about files, without its findings.
fn listed(out: &str) -> Vec<&str> {
    out.lines().filter(|line| line.contains("  sql/")).collect()
}

#[test]
fn a_build_writes_its_files_once() {
    let project = Project::example("shop");
    project.run(&["build", "--check"]).ends(1);
    assert!(!project.at("sql").exists(), "check writes nothing");
    let ran = project.run(&["build"]).ends(0);
    assert_eq!(listed(&ran.out).len(), OUTPUTS.len());
    assert!(
        listed(&ran.out).iter().all(|line| line.starts_with("new ")),
        "{}",
        ran.out
    );
    for output in OUTPUTS {
        assert!(project.read(output).contains("Made by architrave"), "{output}");
    }
    let before = project.files();
    let modified = std::fs::metadata(project.at(OUTPUTS[1]))
        .unwrap()
        .modified()
        .unwrap();
    assert_eq!(listed(&project.run(&["build"]).ends(0).out), Vec::<&str>::new());
    project.run(&["build", "--check"]).ends(0);
    assert_eq!(project.files(), before);
    assert_eq!(
        std::fs::metadata(project.at(OUTPUTS[1]))
            .unwrap()
            .modified()
            .unwrap(),
        modified,
        "nothing is written again"
    );
}

#[test]
fn a_stale_file_is_written_again_and_an_edited_one_is_not() {
    let project = Project::example("shop");
    project.run(&["build"]).ends(0);
    let schema = project.read("schema/shop.arch");
    project.write("schema/shop.arch", schema.replace("String(80)", "String(90)"));
    let ran = project.run(&["build", "--check"]).ends(1);
    assert!(
        listed(&ran.out).contains(&"stale   sql/postgres/schema.sql"),
        "{}",
        ran.out
    );
    project.run(&["build"]).ends(0);
    project.run(&["build", "--check"]).ends(0);

    let edited = format!("{}-- by hand\n", project.read(OUTPUTS[1]));
    project.write(OUTPUTS[1], &edited);
    let ran = project.run(&["build", "--check"]).ends(1);
    assert_eq!(listed(&ran.out), ["edited  sql/postgres/schema.sql"]);
    let before = project.files();
    project
        .run(&["build"])
        .ends(1)
        .says("`sql/postgres/schema.sql` was edited")
        .says("--overwrite");
    assert_eq!(project.files(), before, "nothing at all is written");
    project.run(&["build", "--overwrite"]).ends(0);
    assert!(!project.read(OUTPUTS[1]).contains("by hand"));
    std::fs::remove_file(project.at(OUTPUTS[2])).unwrap();
    project
        .run(&["build", "--check"])
        .ends(1)
        .says("new     sql/postgres/undo.sql");
    project.run(&["build"]).ends(0);
    project.run(&["build", "--check"]).ends(0);
}

#[test]
fn what_somebody_else_made_is_in_the_way() {
    let project = Project::example("shop");
    project.write(OUTPUTS[3], "-- mine\n");
    project.run(&["build"]).ends(1).says("was not made by architrave");
    assert_eq!(project.read(OUTPUTS[3]), "-- mine\n");
    assert_eq!(project.files().len(), 2, "nothing else was written");
    // A manifest that is lost or broken makes strangers of all that changed since.
    project.run(&["build", "--overwrite"]).ends(0);
    project.write(".architrave.json", "{ nonsense");
    project.run(&["build", "--check"]).ends(0);
    project.write(
        "schema/shop.arch",
        project
            .read("schema/shop.arch")
            .replace("String(80)", "String(90)"),
    );
    project.run(&["build"]).ends(1).says("was not made by architrave");
}

#[test]
fn what_is_no_longer_generated_goes_unless_it_was_edited() {
    let project = Project::example("shop");
    project.run(&["build"]).ends(0);
    let schema = project.read("schema/shop.arch");
    project.write("schema/shop.arch", schema.replace("postgres, sqlite", "postgres"));
    project.write(OUTPUTS[4], "-- mine now\n");
    project.run(&["build"]).ends(1).says(OUTPUTS[4]);
    assert!(project.at(OUTPUTS[3]).exists());
    project
        .run(&["build", "--overwrite"])
        .ends(0)
        .says("gone    sql/sqlite/schema.sql")
        .says("kept    sql/sqlite/services.sql");
    assert!(!project.at(OUTPUTS[3]).exists() && !project.at(OUTPUTS[5]).exists());
    assert_eq!(project.read(OUTPUTS[4]), "-- mine now\n");
    project.run(&["build", "--check"]).ends(0);
}

#[test]
fn nothing_is_written_through_a_link_out_of_the_project() {
    let outside = folder();
    let project = Project::example("shop");
    std::os::unix::fs::symlink(outside.path(), project.at("sql")).unwrap();
    for arguments in [&["build"][..], &["build", "--overwrite"], &["build", "--check"]] {
        project
            .run(arguments)
            .ends(3)
            .says("leads out of the output folder");
    }
    assert_eq!(std::fs::read_dir(outside.path()).unwrap().count(), 0);
    assert!(!project.at(".architrave.json").exists());

    // A single file that is a link: to another file, and to nothing yet.
    std::fs::remove_file(project.at("sql")).unwrap();
    std::fs::create_dir_all(project.at("sql/postgres")).unwrap();
    std::fs::write(outside.path().join("precious"), "precious").unwrap();
    for target in ["precious", "not-yet"] {
        std::os::unix::fs::symlink(outside.path().join(target), project.at(OUTPUTS[1])).unwrap();
        project.run(&["build", "--overwrite"]);
        assert_eq!(
            std::fs::read_to_string(outside.path().join("precious")).unwrap(),
            "precious"
        );
        assert!(!outside.path().join("not-yet").exists());
        std::fs::remove_file(project.at(OUTPUTS[1])).unwrap();
    }
    let other = Project::new(&[
        ("architrave.toml", "output = \"../elsewhere\"\n"),
        ("schema/a.arch", crate::support::HEAD),
    ]);
    other.run(&["build"]).ends(1).says("PRJ006");
}

#[test]
fn configuration_says_where_things_lie() {
    let project = Project::new(&[
        ("architrave.toml", "schema = \"model\"\noutput = \"generated\"\n"),
        ("model/a.arch", crate::support::HEAD),
        ("model/b.arch", "entity A public because \"x\" {\n  n  Int\n}\n"),
    ]);
    project.run(&["build"]).ends(0);
    assert!(
        project.at("generated/sql/sqlite/schema.sql").is_file()
            && project.at("generated/.architrave.json").is_file()
    );
    project.write("architrave.toml", "shema = \"model\"\n");
    project.run(&["build"]).ends(1).says("PRJ004").says("shema");
}

#[test]
fn models_keep_what_is_the_users() {
    let project = Project::example("shop");
    let schema = project.read("schema/shop.arch");
    let schema = schema.replacen("project shop {", "project shop {\n  models sqlalchemy", 1);
    project.write("schema/shop.arch", &schema);
    project.write("architrave.toml", "[models]\nfolder = \"app\"\n");
    let ran = project.run(&["build"]).ends(0);
    assert!(
        !ran.out.contains("DBL004") && !ran.err.contains("DBL004"),
        "{}{}",
        ran.out,
        ran.err
    );
    let module = "app/models/order.py";
    let made = project.read(module);
    assert!(made.contains("class Order(") && project.at("app/core/session.py").exists());

    let mine = format!("{made}\n    def is_mine(self) -> bool:\n        return True\n");
    project.write(module, &mine);
    project.run(&["build", "--check"]).ends(0);
    project.write(
        "schema/shop.arch",
        schema.replace("/// What a customer buys.", "/// What somebody buys."),
    );
    project.run(&["build", "--check"]).ends(1);
    project.run(&["build"]).ends(0);
    let changed = mine.replace("What a customer buys.", "What somebody buys.");
    assert_eq!(project.read(module), changed);

    project.write(module, changed.replace("limit=50", "limit=5000"));
    let ran = project.run(&["build", "--check"]).ends(1);
    assert!(ran.out.contains("edited  app/models/order.py"), "{}", ran.out);
    project.run(&["build"]).ends(1);
    assert!(
        project.read(module).contains("limit=5000"),
        "an edit is not overwritten in silence"
    );
    project.run(&["build", "--overwrite"]).ends(0);
    assert_eq!(project.read(module), changed, "what is below the line stays");
}

#[test]
fn a_full_disk_leaves_whole_files_and_no_rubbish() {
    if !is_root() {
        println!("skipped: only root can mount a small disk");
        return;
    }
    let project = Project::example("shop");
    let complete = Project::example("shop");
    complete.run(&["build"]).ends(0);
    let disk = project.at("disk");
    std::fs::create_dir(&disk).unwrap();
    let mount = |arguments: &[&str]| {
        Command::new("mount")
            .args(arguments)
            .arg(&disk)
            .status()
            .is_ok_and(|it| it.success())
    };
    if !mount(&["-t", "tmpfs", "-o", "size=256k", "none"]) {
        println!("skipped: this root may not mount");
        return;
    }
    project.write("disk/schema/shop.arch", project.read("schema/shop.arch"));
    let tight = project.run(&["build", "disk"]);
    let left: Vec<String> = project
        .files()
        .into_iter()
        .map(|(path, _)| path)
        .filter(|path| path.starts_with("disk/"))
        .collect();
    let whole = left.iter().filter(|path| path.contains("/sql/")).all(|path| {
        let twin = path.trim_start_matches("disk/");
        project.read(path) == complete.read(twin)
    });
    let rubbish = left.iter().any(|path| path.contains("/.architrave-"));
    let roomy = mount(&["-o", "remount,size=8m"]);
    let again = project.run(&["build", "disk"]);
    let unmounted = Command::new("umount")
        .arg(&disk)
        .status()
        .is_ok_and(|it| it.success());
    assert!(roomy && unmounted);
    tight.ends(3).says("No space left on device");
    assert!(whole, "{left:?}");
    assert!(!rubbish, "{left:?}");
    again.ends(0);
}

#[test]
fn the_same_schema_gives_the_same_bytes_anywhere() {
    for example in ["shop", "auth", "tracker"] {
        let here = Project::example(example);
        let there = Project::example(example);
        here.run(&["build"]).ends(0);
        let elsewhere = folder();
        let mut command = there.command(&["build", there.path().to_str().unwrap()]);
        command.current_dir(elsewhere.path());
        for (name, value) in [
            ("LC_ALL", "tr_TR.UTF-8"),
            ("LANG", "tr_TR.UTF-8"),
            ("TZ", "Asia/Kathmandu"),
            ("HOME", "/nowhere"),
            ("COLUMNS", "40"),
        ] {
            command.env(name, value);
        }
        finish(&mut command).ends(0);
        assert_eq!(here.files(), there.files(), "{example}");
        assert_eq!(std::fs::read_dir(elsewhere.path()).unwrap().count(), 0);
    }
}

fn sqlite(path: &Path) -> Connection {
    let options = ConnectOptions {
        access: Access::ReadWrite,
        ..ConnectOptions::default()
    };
    Connection::open(&DatabaseUrl::Sqlite(path.to_owned()), &options).unwrap()
}

fn objects(connection: &mut Connection, sql: &str) -> Option<i64> {
    connection
        .query(sql, &[])
        .unwrap()
        .scalar()
        .and_then(physical::Value::as_int)
}

#[test]
fn the_scripts_run_as_they_are() {
    for example in ["shop", "auth", "tracker"] {
        let project = Project::example(example);
        project.run(&["build"]).ends(0);

        let name = format!("scripts_{example}");
        server().create_database(&name).unwrap();
        let mut postgres = server().superuser_connection(&name).unwrap();
        let tables =
            format!("SELECT count(*) FROM pg_class WHERE relnamespace::regnamespace::text LIKE '{example}%'");
        // Twice: the way back leaves nothing that would be in the way.
        for round in 0..2 {
            for output in &OUTPUTS[..2] {
                postgres
                    .batch(&project.read(output))
                    .unwrap_or_else(|error| panic!("{output} of {example}, {round}: {error}"));
            }
            assert!(objects(&mut postgres, &tables) > Some(20), "{example}");
            postgres
                .batch(&project.read(OUTPUTS[2]))
                .unwrap_or_else(|error| panic!("undo of {example}, {round}: {error}"));
            assert_eq!(objects(&mut postgres, &tables), Some(0), "{example}");
        }

        let mut file = sqlite(&project.at("app.db"));
        for _ in 0..2 {
            file.batch(&project.read(OUTPUTS[3])).unwrap();
            assert!(objects(&mut file, "SELECT count(*) FROM sqlite_schema") > Some(20));
            file.batch(&project.read(OUTPUTS[5])).unwrap();
            let left = "SELECT count(*) FROM sqlite_schema WHERE name NOT LIKE 'sqlite_%'";
            assert_eq!(objects(&mut file, left), Some(0), "{example}");
        }
    }
}
