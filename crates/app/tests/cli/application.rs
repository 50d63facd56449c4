//! A package of models in an application that is there already: its base, its log, its tables and its files stay its own.

use std::path::Path;
use std::process::Command;

use crate::support::{Project, finish, python, root};

/// A copy of the application with a schema that stands in `fixtures`.
fn application() -> Project {
    let project = Project::new(&[]);
    copy(&root().join("fixtures/models/application"), &project, "");
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
fn the_models_take_the_base_and_the_log_of_the_application() {
    let project = application();
    let before = project.files();
    project.run(&["build"]).ends(0);
    project.run(&["build", "--check"]).ends(0);
    for (path, bytes) in before.iter().filter(|(_, bytes)| !bytes.is_empty()) {
        assert_eq!(
            *bytes,
            std::fs::read(project.at(path)).unwrap(),
            "{path} is the application's"
        );
    }
    // The gate tries the package by itself, and has the packages of Python.
    project
        .run(&["prove", "--on", "sqlite", "--gate", "models"])
        .ends(0);
    let mut command = Command::new(python());
    command.arg("try.py").current_dir(project.path()).env_clear();
    command
        .env("DATABASE_URL", "sqlite:///app.db")
        .env("PATH", "/usr/bin:/bin");
    command
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped());
    finish(&mut command)
        .ends(0)
        .says("the application and its models hold");
}

#[test]
fn what_the_application_wrote_by_hand_is_told_and_nothing_is_written() {
    let project = application();
    project.write("app/models/note.py", "class Note: ...\n");
    project.write("app/schemas.py", "class NoteRead: ...\n");
    let before = project.files();
    project
        .run(&["build"])
        .ends(1)
        .says("`app/models/note.py` is there already")
        .says("`app/schemas.py` could not be imported any more: the package `app/schemas/` would hide it")
        .says("`folder` or `support` under `[models]`");
    assert_eq!(project.files(), before);
    project
        .run(&["build", "--check"])
        .ends(1)
        .says("foreign app/models/note.py")
        .says("hidden  app/schemas.py");
}

#[test]
fn a_folder_that_python_cannot_import_is_refused_everywhere() {
    for (settings, code, words) in [
        ("folder = \"my-app\"", "PRJ007", "`folder = \"my_app\"`"),
        ("folder = \"types\"", "PRJ007", "`folder = \"types_app\"`"),
        (
            "folder = \"app\"\nbase = \"app.core.database.Base\"",
            "PRJ008",
            "`support = \"app/architrave\"`",
        ),
    ] {
        let project = application();
        project.write("architrave.toml", format!("[models]\n{settings}\n"));
        let before = project.files();
        for arguments in [
            &["check"][..],
            &["build"],
            &["build", "--check"],
            &["prove", "--on", "sqlite"],
        ] {
            project
                .run(arguments)
                .ends(1)
                .says(code)
                .says("`architrave.toml` line ")
                .says(words);
        }
        assert_eq!(project.files(), before, "{settings}");
    }
}
