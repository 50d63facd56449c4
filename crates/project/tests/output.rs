//! What a build may write, and what it must leave alone.

#![allow(clippy::unwrap_used, reason = "tests may fail loudly")]

use std::path::Path;

use project::{Generated, Keeps, Memory, OutputError, Outputs, Standing, System};

fn file(path: &str, text: &str) -> Generated {
    Generated {
        path: path.into(),
        text: text.into(),
        generator: "sql postgres".into(),
        keeps: Keeps::Nothing,
    }
}

fn shared(path: &str, text: &str) -> Generated {
    Generated {
        keeps: Keeps::Below,
        ..file(path, text)
    }
}

fn standings(system: &Memory, files: Vec<Generated>) -> Vec<(String, Standing)> {
    let plan = Outputs::new(system, Path::new("/p")).plan(files).unwrap();
    plan.changes
        .into_iter()
        .map(|change| (change.path, change.standing))
        .collect()
}

fn build(system: &Memory, files: Vec<Generated>) {
    let outputs = Outputs::new(system, Path::new("/p"));
    outputs.write(&outputs.plan(files).unwrap()).unwrap();
}

#[test]
fn a_second_build_changes_nothing() {
    let system = Memory::with([("/p/a.arch", "")]);
    build(&system, vec![file("sql/a.sql", "one")]);
    assert_eq!(
        standings(&system, vec![file("sql/a.sql", "one")]),
        [("sql/a.sql".into(), Standing::Fresh)]
    );
}

#[test]
fn a_changed_schema_makes_files_stale_and_an_edit_is_told_apart() {
    let system = Memory::with([("/p/a.arch", "")]);
    build(&system, vec![file("a.sql", "one"), file("b.sql", "one")]);
    system.write(Path::new("/p/b.sql"), b"mine").unwrap();
    let expected = [
        ("a.sql".to_owned(), Standing::Stale),
        ("b.sql".to_owned(), Standing::Edited),
    ];
    assert_eq!(
        standings(&system, vec![file("a.sql", "two"), file("b.sql", "two")]),
        expected
    );
}

#[test]
fn a_file_that_we_did_not_make_is_in_the_way() {
    let system = Memory::with([("/p/a.sql", "mine")]);
    let plan = Outputs::new(&system, Path::new("/p"))
        .plan(vec![file("a.sql", "ours")])
        .unwrap();
    assert_eq!(plan.in_the_way().count(), 1);
}

#[test]
fn what_is_no_longer_generated_is_removed_unless_edited() {
    let system = Memory::with([("/p/a.arch", "")]);
    build(&system, vec![file("a.sql", "one"), file("b.sql", "one")]);
    system.write(Path::new("/p/b.sql"), b"mine").unwrap();
    build(&system, vec![]);
    assert!(!system.exists(Path::new("/p/a.sql")));
    assert_eq!(system.read(Path::new("/p/b.sql")).unwrap(), b"mine");
}

#[test]
fn a_path_out_of_the_project_is_refused() {
    let system = Memory::default();
    for path in ["../a.sql", "/etc/a.sql", "x/../../a.sql"] {
        let answer = Outputs::new(&system, Path::new("/p")).plan(vec![file(path, "")]);
        assert!(matches!(answer, Err(OutputError::Outside(_))), "{path}");
    }
}

/// A system whose disk is full after so many writes.
#[derive(Debug)]
struct Full {
    inner: Memory,
    left: std::cell::Cell<u32>,
}

impl System for Full {
    fn read(&self, path: &Path) -> std::io::Result<Vec<u8>> {
        self.inner.read(path)
    }
    fn list(&self, folder: &Path) -> std::io::Result<Vec<project::Listed>> {
        self.inner.list(folder)
    }
    fn resolve(&self, path: &Path) -> std::io::Result<std::path::PathBuf> {
        self.inner.resolve(path)
    }
    fn is_dir(&self, path: &Path) -> bool {
        self.inner.is_dir(path)
    }
    fn exists(&self, path: &Path) -> bool {
        self.inner.exists(path)
    }
    fn write(&self, path: &Path, bytes: &[u8]) -> std::io::Result<()> {
        if self.left.get() == 0 {
            return Err(std::io::Error::from(std::io::ErrorKind::StorageFull));
        }
        self.left.set(self.left.get() - 1);
        self.inner.write(path, bytes)
    }
    fn remove(&self, path: &Path) -> std::io::Result<()> {
        self.inner.remove(path)
    }
    fn remove_folder(&self, path: &Path) -> std::io::Result<()> {
        self.inner.remove_folder(path)
    }
    fn rename_folder(&self, from: &Path, to: &Path) -> std::io::Result<()> {
        self.inner.rename_folder(from, to)
    }
    fn variable(&self, _name: &str) -> Option<String> {
        None
    }
    fn now(&self) -> u64 {
        0
    }
    fn random(&self, _buffer: &mut [u8]) -> std::io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_build_that_is_cut_off_anywhere_leaves_nothing_that_looks_edited() {
    let files = |text: &str| vec![file("a.sql", text), file("b.sql", text), file("c.sql", text)];
    for writes in 0..5 {
        let system = Full {
            inner: Memory::with([("/p/a.arch", "")]),
            left: std::cell::Cell::new(99),
        };
        let outputs = Outputs::new(&system, Path::new("/p"));
        outputs.write(&outputs.plan(files("one")).unwrap()).unwrap();
        system.left.set(writes);
        let cut = outputs.write(&outputs.plan(files("two")).unwrap());
        assert!(cut.is_err(), "{writes}");
        let after = outputs.plan(files("three")).unwrap();
        assert_eq!(
            after.in_the_way().count(),
            0,
            "after {writes} writes: {:?}",
            after.changes
        );
    }
}

const LINE: &str = "# -- yours --\n";

fn read(system: &Memory, path: &str) -> String {
    String::from_utf8(system.read(Path::new(path)).unwrap()).unwrap()
}

#[test]
fn what_stands_below_the_line_is_the_users() {
    let system = Memory::with([("/p/a.arch", "")]);
    let one = format!("one\n{LINE}");
    build(&system, vec![shared("m.py", &one)]);
    assert_eq!(read(&system, "/p/m.py"), one);
    let mine = format!("{one}def mine(): ...\n{LINE}");
    system.write(Path::new("/p/m.py"), mine.as_bytes()).unwrap();
    let same = vec![shared("m.py", &one)];
    assert_eq!(standings(&system, same), [("m.py".into(), Standing::Fresh)]);

    let two = format!("two\n{LINE}");
    let changed = vec![shared("m.py", &two)];
    assert_eq!(
        standings(&system, changed.clone()),
        [("m.py".into(), Standing::Stale)]
    );
    build(&system, changed);
    assert_eq!(read(&system, "/p/m.py"), format!("{two}def mine(): ...\n{LINE}"));
}

#[test]
fn an_edit_above_the_line_and_a_lost_line_are_told() {
    let system = Memory::with([("/p/a.arch", "")]);
    let one = format!("one\n{LINE}");
    build(&system, vec![shared("m.py", &one), shared("n.py", &one)]);
    system
        .write(Path::new("/p/m.py"), format!("1\n{LINE}mine\n").as_bytes())
        .unwrap();
    system.write(Path::new("/p/n.py"), b"one\n").unwrap();
    let files = vec![shared("m.py", &one), shared("n.py", &one)];
    let expected = [
        ("m.py".to_owned(), Standing::Edited),
        ("n.py".to_owned(), Standing::Edited),
    ];
    assert_eq!(standings(&system, files.clone()), expected);
    // Said by the user: what is above is written anew, what is below stays.
    build(&system, files);
    assert_eq!(read(&system, "/p/m.py"), format!("{one}mine\n"));
    assert_eq!(read(&system, "/p/n.py"), one);
}

#[test]
fn a_file_that_is_gone_is_removed_only_when_nothing_of_the_users_is_in_it() {
    let system = Memory::with([("/p/a.arch", "")]);
    let one = format!("one\n{LINE}");
    build(&system, vec![shared("m.py", &one), shared("n.py", &one)]);
    system
        .write(Path::new("/p/m.py"), format!("{one}mine\n").as_bytes())
        .unwrap();
    let expected = [
        ("m.py".to_owned(), Standing::GoneEdited),
        ("n.py".to_owned(), Standing::Gone),
    ];
    assert_eq!(standings(&system, vec![]), expected);
    build(&system, vec![]);
    assert_eq!(read(&system, "/p/m.py"), format!("{one}mine\n"));
    assert!(!system.exists(Path::new("/p/n.py")));
}

#[test]
fn a_build_that_was_cut_off_leaves_no_edit_behind() {
    let system = Memory::with([("/p/a.arch", "")]);
    build(&system, vec![shared("m.py", &format!("one\n{LINE}"))]);
    system
        .write(Path::new("/p/m.py"), format!("one\n{LINE}mine\n").as_bytes())
        .unwrap();
    let two = vec![shared("m.py", &format!("two\n{LINE}"))];
    let before = read(&system, "/p/.architrave.json");
    build(&system, two.clone());
    // The manifest as it stands while files are written: the old one, with what comes next.
    let mut manifest: serde_json::Value = serde_json::from_str(&before).unwrap();
    let after: serde_json::Value = serde_json::from_str(&read(&system, "/p/.architrave.json")).unwrap();
    manifest["files"]["m.py"]["next"] = after["files"]["m.py"]["sha256"].clone();
    system
        .write(Path::new("/p/.architrave.json"), manifest.to_string().as_bytes())
        .unwrap();
    assert_eq!(
        standings(&system, two.clone()),
        [("m.py".into(), Standing::Fresh)]
    );
    build(&system, two);
    assert_eq!(read(&system, "/p/m.py"), format!("two\n{LINE}mine\n"));
}

#[test]
fn a_file_that_may_be_there_is_left_alone() {
    let system = Memory::with([("/p/app/__init__.py", "mine")]);
    let file = Generated {
        keeps: Keeps::WhatIsThere,
        ..file("app/__init__.py", "")
    };
    assert_eq!(standings(&system, vec![file.clone()]), []);
    build(&system, vec![file.clone()]);
    assert_eq!(read(&system, "/p/app/__init__.py"), "mine");
    let empty = Memory::with([("/p/a.arch", "")]);
    build(&empty, vec![file.clone()]);
    assert_eq!(read(&empty, "/p/app/__init__.py"), "");
    // Once it was made, the user may fill it.
    empty.write(Path::new("/p/app/__init__.py"), b"mine").unwrap();
    assert_eq!(standings(&empty, vec![file]), []);
}

#[test]
fn an_empty_file_is_nobodys_work() {
    let system = Memory::with([("/p/app/models/__init__.py", "\n")]);
    assert_eq!(
        standings(&system, vec![file("app/models/__init__.py", "x = 1\n")]),
        [("app/models/__init__.py".into(), Standing::New)]
    );
    assert_eq!(
        standings(
            &Memory::with([("/p/core/__init__.py", "")]),
            vec![file("core/__init__.py", "")]
        ),
        [("core/__init__.py".into(), Standing::Fresh)]
    );
}

#[test]
fn a_module_that_a_package_would_hide_is_in_the_way() {
    let system = Memory::with([("/p/app/models.py", "class User: ...\n"), ("/p/sql.py", "")]);
    let files = || {
        vec![
            file("app/models/user.py", "1"),
            file("app/core/types.py", "1"),
            file("sql/a.sql", "1"),
        ]
    };
    let plan = Outputs::new(&system, Path::new("/p")).plan(files()).unwrap();
    let found: Vec<_> = plan
        .in_the_way()
        .map(|change| (change.path.as_str(), change.standing))
        .collect();
    assert_eq!(found, [("app/models.py", Standing::Hidden)]);
}

#[test]
fn a_folder_is_renamed_with_all_that_is_in_it() {
    let system = Memory::with([
        ("/p/a/up.sql", "a"),
        ("/p/a/more/b", "b"),
        ("/p/ab", "c"),
        ("/p/d/e", "e"),
    ]);
    let (from, to) = (Path::new("/p/a"), Path::new("/p/z"));
    assert!(system.rename_folder(from, Path::new("/p/d")).is_err());
    assert!(system.rename_folder(Path::new("/p/nowhere"), to).is_err());
    system.rename_folder(from, to).unwrap();
    assert!(!system.exists(from));
    for (path, text) in [
        ("/p/z/up.sql", "a"),
        ("/p/z/more/b", "b"),
        ("/p/ab", "c"),
        ("/p/d/e", "e"),
    ] {
        assert_eq!(system.read(Path::new(path)).unwrap(), text.as_bytes(), "{path}");
    }
}
