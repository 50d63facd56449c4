//! `fmt`.

use crate::support::{HEAD, Project};

#[test]
fn fmt_writes_the_one_form_and_check_names_the_files_that_lack_it() {
    let crooked =
        format!("{HEAD}entity   A public because \"x\" {{ // a\n n    Int\n\n\n\n text String(5)  }}\n");
    let project = Project::new(&[
        ("schema/a.arch", &crooked),
        (
            "schema/deep/b.arch",
            "entity B public because \"y\" {\n  n  Int\n}\n",
        ),
    ]);
    let ran = project.run(&["fmt", "--check"]).ends(1);
    assert_eq!(ran.out, "schema/a.arch\n");
    assert_eq!(project.read("schema/a.arch"), crooked, "check writes nothing");
    assert_eq!(project.run(&["fmt"]).ends(0).out, "");
    let formed = project.read("schema/a.arch");
    assert!(formed.contains("// a") && formed != crooked, "{formed}");
    assert_eq!(project.run(&["fmt", "--check"]).ends(0).out, "");
    project.run(&["fmt"]).ends(0);
    assert_eq!(project.read("schema/a.arch"), formed);
}

#[test]
fn examples_are_in_their_form() {
    for name in ["shop", "auth", "tracker"] {
        assert_eq!(
            Project::example(name).run(&["fmt", "--check"]).ends(0).out,
            "",
            "{name}"
        );
    }
}

#[test]
fn a_broken_file_keeps_its_form_and_the_others_get_theirs() {
    let broken = "entity A {{{ nonsense\n";
    let project = Project::new(&[
        ("schema/a.arch", broken),
        ("schema/b.arch", &format!("{HEAD}enum   E {{ a,b }}")),
    ]);
    project.run(&["fmt"]).ends(1).says("schema/a.arch");
    assert_eq!(project.read("schema/a.arch"), broken);
    assert!(
        project.read("schema/b.arch").contains("enum E { a, b }"),
        "{}",
        project.read("schema/b.arch")
    );
}

#[test]
fn one_file_can_be_formed_alone() {
    let project = Project::new(&[
        ("schema/a.arch", &format!("{HEAD}enum   E {{ a }}\n")),
        ("schema/b.arch", "enum   F { a }\n"),
    ]);
    project.run(&["fmt", "schema/b.arch"]).ends(0);
    assert_eq!(project.read("schema/b.arch"), "enum F { a }\n");
    assert!(project.read("schema/a.arch").contains("enum   E"));
}

#[test]
fn line_ends_and_byte_order_marks_go() {
    let project = Project::new(&[(
        "a.arch",
        "\u{feff}project p {\r\n  database  sqlite\r\n}\r\n// why\r\n",
    )]);
    project.run(&["check"]).ends(0);
    project.run(&["fmt"]).ends(0);
    let text = project.read("a.arch");
    assert!(
        !text.contains('\r') && text.starts_with("project p {") && text.ends_with("// why\n"),
        "{text:?}"
    );
}

#[cfg(unix)]
#[test]
fn the_mode_of_a_file_stays() {
    use std::os::unix::fs::PermissionsExt as _;
    let project = Project::new(&[("a.arch", "project   p { database sqlite }\n")]);
    std::fs::set_permissions(project.at("a.arch"), std::fs::Permissions::from_mode(0o640)).unwrap();
    project.run(&["fmt"]).ends(0);
    assert_eq!(
        std::fs::metadata(project.at("a.arch"))
            .unwrap()
            .permissions()
            .mode()
            & 0o777,
        0o640
    );
}
