//! Which files make a project, and what is said of those that cannot be read.

use std::path::Path;

use project::{Memory, load};

fn codes(loaded: project::Loaded) -> Vec<&'static str> {
    loaded
        .diagnostics
        .into_sorted()
        .iter()
        .map(|d| d.rule.code)
        .collect()
}

fn paths(loaded: &project::Loaded) -> Vec<&str> {
    loaded
        .sources
        .iter()
        .map(|(_, source)| source.path.as_str())
        .collect()
}

#[test]
fn files_of_the_schema_folder_are_read_in_order() {
    let system = Memory::with([
        ("/p/schema/b.arch", ""),
        ("/p/schema/a/z.arch", ""),
        ("/p/schema/.hidden/x.arch", ""),
        ("/p/schema/notes.md", ""),
        ("/p/other.arch", ""),
    ]);
    assert_eq!(
        paths(&load(&system, Path::new("/p"))),
        ["schema/a/z.arch", "schema/b.arch"]
    );
}

#[test]
fn without_a_schema_folder_the_folder_itself_is_read() {
    let system = Memory::with([("/p/b.arch", ""), ("/p/a.arch", "")]);
    assert_eq!(paths(&load(&system, Path::new("/p"))), ["a.arch", "b.arch"]);
}

#[test]
fn one_file_is_a_project_by_itself() {
    let system = Memory::with([("/p/b.arch", ""), ("/p/a.arch", "")]);
    assert_eq!(paths(&load(&system, Path::new("/p/b.arch"))), ["b.arch"]);
}

#[test]
fn the_configuration_moves_the_schema_but_not_out_of_the_project() {
    let system = Memory::with([("/p/architrave.toml", "schema = \"db\"\n"), ("/p/db/a.arch", "")]);
    assert_eq!(paths(&load(&system, Path::new("/p"))), ["db/a.arch"]);
    let system = Memory::with([
        ("/p/architrave.toml", "schema = \"../db\"\n"),
        ("/p/schema/a.arch", ""),
    ]);
    assert_eq!(codes(load(&system, Path::new("/p"))), ["PRJ006"]);
}

#[test]
fn an_unknown_setting_is_told_with_its_line() {
    let system = Memory::with([("/p/architrave.toml", "\n\nshcema = \"db\"\n"), ("/p/a.arch", "")]);
    let found = load(&system, Path::new("/p")).diagnostics.into_sorted();
    assert_eq!(found[0].rule.code, "PRJ004");
    assert!(found[0].message.contains("line 3"), "{}", found[0].message);
}

#[test]
fn bytes_that_are_no_text_are_told_with_their_line() {
    let system = Memory::with([("/p/a.arch", &b"entity\n\xff"[..])]);
    let found = load(&system, Path::new("/p")).diagnostics.into_sorted();
    assert_eq!(found[0].rule.code, "PRJ002");
    assert!(found[0].message.contains("line 2"));
}

#[test]
fn an_empty_project_says_so() {
    assert_eq!(
        codes(load(&Memory::with([("/p/readme.md", "")]), Path::new("/p"))),
        ["PRJ003"]
    );
    assert_eq!(codes(load(&Memory::default(), Path::new("/nowhere"))), ["PRJ001"]);
}
