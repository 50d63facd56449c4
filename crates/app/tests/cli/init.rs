//! `init`: what it concludes of applications under `fixtures/init`, what it writes, and what it refuses.
//!
//! A case is a folder of plain files and the text that is printed, in a file of its name beside it. `UPDATE_FIXTURES=1` writes the texts.

use std::path::{Path, PathBuf};

use crate::support::{Project, is_root, root};

fn cases() -> Vec<PathBuf> {
    let entries = std::fs::read_dir(root().join("fixtures/init")).unwrap();
    let mut folders: Vec<PathBuf> = entries
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_dir())
        .collect();
    folders.sort();
    assert!(folders.len() > 12);
    folders
}

/// A copy of a case in a folder that is called like it.
fn copied(case: &Path) -> Project {
    let project = Project::new(&[]);
    let name = case.file_name().unwrap().to_str().unwrap();
    std::fs::create_dir(project.at(name)).unwrap();
    copy(case, &project, &format!("{name}/"));
    project
}

fn copy(from: &Path, to: &Project, prefix: &str) {
    for entry in std::fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let name = format!("{prefix}{}", path.file_name().unwrap().to_str().unwrap());
        if path.is_dir() {
            copy(&path, to, &format!("{name}/"));
        } else {
            to.write(&name, std::fs::read(&path).unwrap());
        }
    }
}

#[test]
fn every_case_says_what_was_reviewed_and_holds() {
    for case in cases() {
        let name = case.file_name().unwrap().to_str().unwrap();
        let project = copied(&case);
        let before = project.files();
        let ran = project.run(&["init", name, "--dry-run"]);
        assert_eq!(project.files(), before, "{name}: --dry-run writes nothing");
        let said = format!("exit {}\n{}{}", ran.code.unwrap(), ran.out, ran.err);
        let file = case.with_extension("txt");
        if std::env::var_os("UPDATE_FIXTURES").is_some() {
            std::fs::write(&file, &said).unwrap();
        }
        let expected = std::fs::read_to_string(&file).unwrap_or_default();
        assert_eq!(
            said, expected,
            "{name}: UPDATE_FIXTURES=1 writes it anew; read the difference"
        );
        for secret in ["hunter2", "password@", "secret@"] {
            assert!(!said.contains(secret), "{name} shows a secret");
        }
        let wrote = project.run(&["init", name]);
        assert_eq!(wrote.code, ran.code, "{name}");
        if ran.code != Some(0) {
            assert_eq!(project.files(), before, "{name}: nothing is written");
            continue;
        }
        for (path, bytes) in &before {
            assert_eq!(*bytes, std::fs::read(project.at(path)).unwrap(), "{name}/{path}");
        }
        let checked = project.run(&["check", name]).ends(0);
        assert!(
            !checked.out.contains("warning") && checked.out.matches("note[").count() < 2,
            "{name}: {}",
            checked.out
        );
        project.run(&["fmt", name, "--check"]).ends(0);
        project.run(&["build", name]).ends(0);
        project.run(&["build", name, "--check"]).ends(0);
        for (path, bytes) in before.iter().filter(|(_, bytes)| !bytes.trim_ascii().is_empty()) {
            assert_eq!(*bytes, std::fs::read(project.at(path)).unwrap(), "{name}/{path}");
        }
        project.run(&["init", name]).ends(1).says("INI001");
    }
}

#[test]
fn flags_say_what_files_do_not() {
    let two = root().join("fixtures/init/two-packages");
    let project = copied(&two);
    project
        .run(&[
            "init",
            "two-packages",
            "--folder",
            "shipping",
            "--name",
            "parcels",
            "--database",
            "sqlite,postgres",
        ])
        .ends(0);
    let toml = project.read("two-packages/architrave.toml");
    assert!(toml.contains("folder = \"shipping\""), "{toml}");
    let schema = project.read("two-packages/schema/parcels.arch");
    assert!(schema.contains("database  sqlite, postgres\n"), "{schema}");
    project.run(&["build", "two-packages"]).ends(0);

    let project = copied(&two);
    project
        .run(&["init", "two-packages", "--folder", "billing"])
        .ends(0)
        .says("`billing/models.py` is in the way in `billing`");

    let project = Project::new(&[]);
    project
        .run(&["init", "--models", "sqlalchemy", "--name", "alone"])
        .ends(0);
    assert!(project.read("schema/alone.arch").contains("models    sqlalchemy"));
    project.run(&["build"]).ends(0).says("models/models/user.py");

    let project = Project::new(&[]);
    project.run(&["init", "--models", "none"]).ends(0);
    assert!(!project.read("schema/project.arch").contains("sqlalchemy"));
}

#[test]
fn what_cannot_be_is_refused_and_nothing_is_written() {
    let project = Project::new(&[("file.txt", "")]);
    let before = project.files();
    for (arguments, code, words) in [
        (&["init", "nowhere"][..], 2, "there is nothing at `nowhere`"),
        (&["init", "file.txt"], 2, "`file.txt` is not a folder"),
        (&["init", "--name", "Shop"], 2, "cannot be the name of a project"),
        (&["init", "--name", "../x"], 2, "cannot be the name of a project"),
        (&["init", "--database", "mongodb"], 2, "invalid value"),
        (
            &["init", "--models", "sqlalchemy", "--folder", "my-app"],
            1,
            "PRJ007",
        ),
        (
            &["init", "--models", "sqlalchemy", "--folder", "../app"],
            1,
            "PRJ006",
        ),
    ] {
        project.run(arguments).ends(code).says(words);
        assert_eq!(project.files(), before, "{arguments:?}");
    }
}

#[test]
fn files_that_cannot_be_read_are_told() {
    for (path, bytes, words) in [
        (
            "pyproject.toml",
            &b"[project]\nname = \"\xff\"\n"[..],
            "it is not UTF-8 text",
        ),
        ("package.json", b"{ \"name\": ", "it is not JSON"),
        ("requirements.txt", b"\xfe\xff", "it is not UTF-8 text"),
    ] {
        let project = Project::new(&[]);
        project.write(path, bytes);
        project.run(&["init"]).ends(1).says("INI003").says(words);
        assert_eq!(project.files().len(), 1, "{path}");
    }
    let project = Project::new(&[]);
    project.write("pyproject.toml", vec![b'#'; 3 << 20]);
    project.run(&["init"]).ends(1).says("INI003").says("3 MiB large");
    // One module among many stops nothing.
    let project = Project::new(&[]);
    project.write("app/huge.py", vec![b'#'; 3 << 20]);
    project.write("app/odd.py", b"\xff");
    project
        .run(&["init", "--name", "x"])
        .ends(0)
        .says("INI004")
        .says("app/huge.py")
        .says("app/odd.py");
}

#[test]
fn links_out_of_the_project_are_not_followed() {
    let outside = crate::support::folder();
    std::fs::write(
        outside.path().join("pyproject.toml"),
        "[project]\nname = \"stolen\"\n",
    )
    .unwrap();
    let project = Project::new(&[]);
    std::os::unix::fs::symlink(
        outside.path().join("pyproject.toml"),
        project.at("pyproject.toml"),
    )
    .unwrap();
    let ran = project.run(&["init"]).ends(1).says("a link out of the project");
    ran.keeps_silent_about("stolen");
    std::fs::remove_file(project.at("pyproject.toml")).unwrap();
    std::os::unix::fs::symlink(outside.path(), project.at("lib")).unwrap();
    std::os::unix::fs::symlink(outside.path(), project.at("schema")).unwrap();
    project
        .run(&["init"])
        .ends(3)
        .says("leads out of the output folder")
        .keeps_silent_about("stolen");
    assert_eq!(std::fs::read_dir(outside.path()).unwrap().count(), 1);
    assert!(!project.at("architrave.toml").exists(), "not by half");
}

#[test]
fn a_folder_that_takes_no_files_is_told() {
    let project = Project::new(&[]);
    // A file where the folder of the schema would be: the second write cannot be done, and the first is undone.
    project.write("schema", "");
    project.run(&["init"]).ends(3).says("cannot be written");
    assert_eq!(project.files().len(), 1);
    if is_root() {
        println!("skipped: root may write anywhere");
        return;
    }
    use std::os::unix::fs::PermissionsExt as _;
    let project = Project::new(&[]);
    std::fs::set_permissions(project.path(), std::fs::Permissions::from_mode(0o555)).unwrap();
    project.run(&["init"]).ends(3).says("cannot be written");
}

#[test]
fn programs_get_a_document() {
    let case = root().join("fixtures/init/fastapi");
    let project = copied(&case);
    let document = project
        .run(&["init", "fastapi", "--format", "json"])
        .ends(0)
        .json();
    assert_eq!(document["schema"], "architrave.init/1");
    assert_eq!(document["written"], true);
    let database = document["found"]
        .as_array()
        .unwrap()
        .iter()
        .find(|found| found["what"] == "database")
        .unwrap();
    assert_eq!(
        (&database["value"], &database["line"]),
        (&"postgres".into(), &2.into())
    );
    assert_eq!(document["files"][0]["path"], "architrave.toml");
    let schema = std::fs::read_to_string(root().join("docs/schemas/init-1.schema.json")).unwrap();
    let schema: serde_json::Value = serde_json::from_str(&schema).unwrap();
    for (part, described) in [
        (&document, &schema),
        (&document["found"][0], &schema["$defs"]["found"]),
        (&document["files"][0], &schema["properties"]["files"]["items"]),
    ] {
        let keys: Vec<&String> = part.as_object().unwrap().keys().collect();
        let known: Vec<&String> = described["properties"].as_object().unwrap().keys().collect();
        assert_eq!(keys, known);
        assert_eq!(described["required"].as_array().unwrap().len(), known.len());
    }
    let again = project
        .run(&["init", "fastapi", "--format", "json"])
        .ends(1)
        .json();
    assert_eq!(again["schema"], "architrave.diagnostics/1");
}
