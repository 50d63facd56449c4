//! Input that nobody means to write.

use std::path::Path;
use std::process::Command;
use std::time::Instant;

use diagnostics::render::{self, Options};
use project::Memory;

use crate::support::{HEAD, Project, root};

/// What is wrong with a project whose only file is made by a function.
#[track_caller]
fn told(make: impl Fn(&Path), code: &str) {
    let project = Project::new(&[]);
    std::fs::create_dir(project.at("schema")).unwrap();
    make(&project.at("schema/x.arch"));
    let json = project.run(&["check", "--format", "json"]).ends(1).json();
    let codes: Vec<&str> = json["diagnostics"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["code"].as_str().unwrap())
        .collect();
    assert_eq!(codes, [code], "{json:#}");
    for command in ["fmt", "build", "prove"] {
        project.run(&[command]);
    }
    assert!(!project.at("sql").exists() && !project.at(".architrave.json").exists());
}

#[test]
fn what_is_no_text_file_is_told_and_never_waited_for() {
    let link = |to: &'static str| move |path: &Path| std::os::unix::fs::symlink(to, path).unwrap();
    told(|path| std::fs::create_dir(path).unwrap(), "PRJ003");
    told(link("gone.arch"), "PRJ001");
    told(link("/dev/zero"), "PRJ006");
    told(link("x.arch"), "PRJ001");
    told(link("/etc/passwd"), "PRJ006");
    told(
        |path| assert!(Command::new("mkfifo").arg(path).status().unwrap().success()),
        "PRJ001",
    );
    told(
        |path| std::fs::write(path, b"project p { database sqlite }\n\xff\xfe").unwrap(),
        "PRJ002",
    );
    told(
        |path| std::fs::write(path, b"\xff\xfep\0r\0o\0").unwrap(),
        "PRJ002",
    );
    // Holes: only their length is large.
    let hole = |length: u64| move |path: &Path| std::fs::File::create(path).unwrap().set_len(length).unwrap();
    told(hole(65 * 1024 * 1024), "PRJ005");
    told(hole(1024 * 1024 * 1024 * 1024), "PRJ001");
}

#[test]
fn a_file_that_is_named_is_read_no_differently() {
    let project = Project::new(&[]);
    std::os::unix::fs::symlink("/dev/zero", project.at("z.arch")).unwrap();
    project.run(&["check", "z.arch"]).ends(1).says("PRJ001");
    std::fs::create_dir(project.at("d.arch")).unwrap();
    project.run(&["check", "d.arch"]).ends(1).says("PRJ003");
    project.write("notes.txt", "words");
    project.run(&["check", "notes.txt"]).ends(1).says("PRJ001");
}

#[test]
fn an_unreadable_file_is_told() {
    use std::os::unix::fs::PermissionsExt as _;
    let project = Project::of("");
    std::fs::set_permissions(
        project.at("schema/a.arch"),
        std::fs::Permissions::from_mode(0o000),
    )
    .unwrap();
    if std::fs::read(project.at("schema/a.arch")).is_ok() {
        println!("skipped: root reads everything");
        return;
    }
    project
        .run(&["check"])
        .ends(1)
        .says("PRJ001")
        .keeps_silent_about("POL001");
}

#[test]
fn nothing_and_next_to_nothing() {
    for text in ["", "\n\n", "// only words\n", "/// of what?\n", "\u{feff}"] {
        let project = Project::new(&[("schema/a.arch", text)]);
        project.run(&["check"]).ends(1).says("POL001");
        project.run(&["fmt"]);
        project.run(&["build"]).ends(1);
        assert_eq!(project.files().len(), 1, "{text:?} makes nothing");
    }
    Project::new(&[]).run(&["check"]).ends(1).says("PRJ003");
    // A project without entities is nothing to complain of, and nothing to build.
    Project::of("").run(&["check"]).ends(0);
}

#[test]
fn bytes_that_would_drive_a_terminal_are_shown_and_not_obeyed() {
    let project =
        Project::of("entity A\0 public because \"\x1b[31m\u{202e}\" {\n  n Int \x1b]0;title\x07\n}\n");
    let ran = project.run(&["check"]).ends(1);
    assert!(
        !ran.out.contains(['\x1b', '\0', '\x07', '\u{202e}']),
        "{}",
        ran.out
    );
    let ran = project.run(&["check", "--format", "concise"]).ends(1);
    assert!(
        !ran.out.contains(['\x1b', '\0', '\x07', '\u{202e}']),
        "{}",
        ran.out
    );
    project.run(&["check", "--format", "json"]).ends(1).json();
}

/// Large enough that anything quadratic shows, small enough for an unoptimised build.
#[test]
fn size_alone_is_no_trouble() {
    let long = "x".repeat(10_000_000);
    let fields: String = (0..100_000).map(|at| format!(" f{at} Int")).collect();
    let words = "A".repeat(1_000_000);
    let begun = Instant::now();
    for (text, code, end) in [
        (
            format!("entity A public because \"{long}\" {{\n  n Int\n}}\n"),
            "SEC007",
            0,
        ),
        ("@".repeat(10_000_000), "SYN014", 1),
        (
            format!("entity A public because \"x\" {{{fields} }}\n"),
            "INT013",
            1,
        ),
        (
            format!("entity {words} public because \"x\" {{\n  n Int\n}}\n"),
            "NAM009",
            1,
        ),
        ("entity A {".repeat(100_000), "SYN021", 1),
        (
            format!(
                "entity A public because \"x\" {{\n  n Int\n  check ({}n > 0{})\n}}\n",
                "(".repeat(100_000),
                ")".repeat(100_000)
            ),
            "SYN033",
            1,
        ),
    ] {
        let project = Project::of(&text);
        for form in ["concise", "text"] {
            let ran = project.run(&["check", "--format", form]).ends(end).says(code);
            assert!(
                ran.out.len() < 300_000,
                "{code}: {} bytes of output",
                ran.out.len()
            );
        }
    }
    assert!(begun.elapsed().as_secs() < 100, "{:?}", begun.elapsed());
}

/// Samples of all prefixes, in this process: whatever is cut off where, there are findings and no panic, and every form prints them.
#[test]
fn every_prefix_of_every_example_is_answered() {
    const SAMPLES: usize = 120;
    for example in ["shop", "auth", "tracker"] {
        let folder = root().join("examples").join(example).join("schema");
        for entry in std::fs::read_dir(folder).unwrap() {
            let text = std::fs::read_to_string(entry.unwrap().path()).unwrap();
            let step = (text.len() / SAMPLES).max(1);
            let cuts = (0..text.len())
                .step_by(step)
                .filter(|at| text.is_char_boundary(*at));
            for cut in cuts {
                answers(&text[..cut]);
            }
        }
    }
}

fn answers(text: &str) {
    let memory = Memory::with([("p/schema/a.arch", text), ("p/schema/b.arch", HEAD)]);
    let mut checked = state::check(&memory, Path::new("p"));
    let errors = checked.diagnostics.has_errors();
    // Safe at any time, sensible or not.
    let built = state::build(&checked);
    assert!(
        errors
            || !state::emit(&checked, &built, "0").is_empty()
            || text.trim().is_empty()
            || built.diagnostics.has_errors()
            || checked.model.entities.is_empty()
    );
    let found = std::mem::take(&mut checked.diagnostics).into_sorted();
    for finding in &found {
        let label = finding.primary.as_ref();
        let source = label.and_then(|label| Some((label.span, checked.loaded.sources.get(label.span.file)?)));
        if let Some((span, source)) = source {
            assert!(
                source.text.get(span.range()).is_some(),
                "{finding:?} lies outside of\n{text}"
            );
        }
    }
    let options = Options::default();
    for render in [
        render::terminal,
        render::concise,
        render::json,
        render::sarif,
        render::github,
    ] {
        render(&checked.loaded.sources, &found, &options);
    }
}
