//! What the program says about itself, and how it ends.

use std::fmt::Write as _;
use std::io::Read as _;
use std::process::Command;

use crate::support::{Project, finish, root};

const COMMANDS: &[&str] = &[
    "init", "check", "fmt", "build", "explain", "import", "diff", "prove", "migrate", "seal", "verify",
];

/// Commands of a command.
const PARTS: &[(&str, &[&str])] = &[(
    "migrate",
    &[
        "new", "rebase", "status", "apply", "rollback", "verify", "contract", "repair",
    ],
)];

fn parts(command: &str) -> impl Iterator<Item = &'static str> {
    let of = PARTS.iter().filter(move |(name, _)| *name == command);
    of.flat_map(|(_, parts)| parts.iter().copied())
}

fn whole_help() -> String {
    let project = Project::new(&[]);
    let mut text = String::new();
    let mut one = |arguments: &[&str]| {
        let ran = project.run(arguments).ends(0);
        writeln!(text, "$ architrave {}\n{}", arguments.join(" "), ran.out).unwrap();
        assert_eq!(ran.err, "");
    };
    one(&["--help"]);
    for command in COMMANDS {
        one(&[command, "--help"]);
        for part in parts(command) {
            one(&[command, part, "--help"]);
        }
    }
    // Lines of nothing but blanks are clap's way to part paragraphs.
    text.lines()
        .map(|line| format!("{}\n", line.trim_end()))
        .collect()
}

#[test]
fn the_help_is_as_it_was_reviewed() {
    let file = root().join("fixtures/cli/help.txt");
    let found = whole_help();
    if std::env::var_os("UPDATE_FIXTURES").is_some() {
        std::fs::write(&file, &found).unwrap();
    }
    let expected = std::fs::read_to_string(&file).unwrap_or_default();
    assert_eq!(
        found, expected,
        "run with UPDATE_FIXTURES=1 and read the difference"
    );
}

#[test]
fn the_reference_names_every_command_and_option() {
    let reference = std::fs::read_to_string(root().join("docs/cli.md")).unwrap();
    let project = Project::new(&[]);
    for command in COMMANDS {
        let section = reference
            .split("\n## ")
            .find(|section| section.starts_with(&format!("{command}\n")))
            .unwrap_or_else(|| panic!("docs/cli.md has no section `{command}`"));
        let mut help = project.run(&[command, "--help"]).ends(0).out;
        for part in parts(command) {
            help += &project.run(&[command, part, "--help"]).ends(0).out;
        }
        for option in help
            .split_whitespace()
            .filter(|word| word.starts_with("--") && word.len() > 2)
        {
            let global = ["--help", "--color"].contains(&option);
            let place = if global { reference.as_str() } else { section };
            assert!(
                place.contains(&format!("`{option}")),
                "docs/cli.md, `{command}`: no `{option}`"
            );
        }
        for option in section
            .split('`')
            .filter_map(|words| words.split_whitespace().next())
        {
            assert!(
                !option.starts_with("--") || help.contains(option),
                "docs/cli.md, `{command}`: `{option}` is not there"
            );
        }
    }
    let help = project.run(&["--help"]).ends(0).out;
    let (_, listed) = help.split_once("Commands:\n").unwrap();
    let names = listed.lines().map_while(|line| line.split_whitespace().next());
    let names: Vec<&str> = names.filter(|name| *name != "help").collect();
    assert_eq!(names, COMMANDS, "a command that no test knows");
}

#[test]
fn a_wrong_call_ends_with_2_and_says_what_would_be_right() {
    let project = Project::of("");
    for wrong in [
        &["frobnicate"][..],
        &["check", "--frobnicate"],
        &["check", "--format", "xml"],
        &["check", "a", "b"],
        &["build", "--check", "--overwrite"],
        &["prove", "--rows", "many"],
        &["prove", "--allow-existing"],
        &["seal"],
        &["verify", "--on", "x"],
        &[],
    ] {
        let ran = project.run(wrong).ends(2);
        assert_eq!(ran.out, "", "{wrong:?}");
        assert!(
            ran.err.contains("Usage: architrave") || ran.err.contains("try '--help'"),
            "{wrong:?}: {}",
            ran.err
        );
    }
    project.run(&["chekc"]).ends(2).says("'check'");
    let version = project.run(&["--version"]).ends(0);
    assert_eq!(version.out, format!("architrave {}\n", env!("CARGO_PKG_VERSION")));
}

#[test]
fn a_path_with_nothing_there_is_a_wrong_call() {
    let project = Project::of("");
    for command in ["check", "fmt", "build", "prove"] {
        let ran = project
            .run(&[command, "nowhere"])
            .ends(2)
            .says("there is nothing at `nowhere`");
        assert_eq!(ran.out, "");
        project.run(&[command, "nowhere.arch"]).ends(2);
    }
    project.run(&["explain", "A", "nowhere"]).ends(2);
}

#[test]
fn colours_are_for_terminals_and_for_those_who_insist() {
    let project = Project::of("entity A { n Intt }\n");
    let escape = '\x1b';
    assert!(
        !project.run(&["check"]).out.contains(escape),
        "a pipe takes no colours"
    );
    assert!(!project.run(&["check", "--color", "never"]).out.contains(escape));
    for arguments in [["check", "--color", "always"], ["--color", "always", "check"]] {
        assert!(project.run(&arguments).out.contains(escape));
        let insisted = finish(project.command(&arguments).env("NO_COLOR", "1"));
        assert!(insisted.out.contains(escape), "who says always means it");
    }
    // Errors go to another stream, and have their own answer.
    assert!(!project.run(&["check", "nowhere"]).err.contains(escape));
    assert!(
        project
            .run(&["check", "nowhere", "--color", "always"])
            .err
            .contains(escape)
    );
}

/// The same on a terminal, which `script` makes.
#[test]
fn on_a_terminal_no_color_and_dumb_terminals_are_heeded() {
    let project = Project::of("entity A { n Intt }\n");
    let on_terminal = |variable: Option<(&str, &str)>| {
        let line = format!("{} check", env!("CARGO_BIN_EXE_architrave"));
        let mut command = Command::new("script");
        command
            .args(["-qec", &line, "/dev/null"])
            .current_dir(project.path())
            .env_remove("NO_COLOR")
            .env("TERM", "xterm");
        command.stdin(std::process::Stdio::null());
        if let Some((name, value)) = variable {
            command.env(name, value);
        }
        let output = command.output().ok()?;
        let text = String::from_utf8(output.stdout).unwrap();
        text.contains("NAM003").then_some(text)
    };
    let Some(plain) = on_terminal(None) else {
        println!("skipped: there is no `script` that makes a terminal");
        return;
    };
    assert!(plain.contains("\x1b[1;31m"), "{plain}");
    assert!(!on_terminal(Some(("NO_COLOR", "1"))).unwrap().contains('\x1b'));
    assert!(!on_terminal(Some(("TERM", "dumb"))).unwrap().contains('\x1b'));
    assert!(
        on_terminal(Some(("NO_COLOR", ""))).unwrap().contains('\x1b'),
        "empty means unset"
    );
}

#[test]
fn a_reader_that_goes_is_no_error() {
    let project = Project::example("shop");
    for arguments in [
        &["--help"][..],
        &["prove", "--help"],
        &["check"],
        &["explain", "Order"],
        &["explain", "SEC004"],
    ] {
        let mut child = project.command(arguments).spawn().unwrap();
        // Closed before anything is written, or after a byte.
        let mut out = child.stdout.take().unwrap();
        if arguments.len() > 1 {
            let _ = out.read(&mut [0]);
        }
        drop(out);
        let ran = crate::support::Ran::of(child.wait_with_output().unwrap());
        assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""), "{arguments:?}");
    }
}

#[test]
fn an_answer_that_was_cut_off_is_not_taken_for_whole() {
    if !std::path::Path::new("/dev/full").exists() {
        println!("skipped: there is no /dev/full");
        return;
    }
    let project = Project::example("shop");
    for arguments in [&["check", "--format", "json"][..], &["explain", "SEC004"]] {
        let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
        let ran = finish(project.command(arguments).stdout(full)).ends(3);
        assert_eq!(
            ran.err.matches("the answer cannot be written").count(),
            1,
            "{}",
            ran.err
        );
    }
}
