//! The package for SQLAlchemy against files that were read and run, and on everything that a schema can say.

#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "tests may fail loudly, and read fixtures"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use diagnostics::{FileId, Sources, Span};
use emit::sqlalchemy::{Input, Keeps, Module, sqlalchemy};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The sources of a folder, or one file, by path.
fn sources(path: &Path) -> BTreeMap<String, String> {
    let files: Vec<PathBuf> = if path.is_dir() {
        std::fs::read_dir(path)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .collect()
    } else {
        vec![path.to_owned()]
    };
    let named = files.into_iter().map(|file| {
        let name = format!("schema/{}", file.file_name().unwrap().to_string_lossy());
        (name, std::fs::read_to_string(file).unwrap())
    });
    named.collect()
}

fn emitted(files: &BTreeMap<String, String>) -> BTreeMap<String, Module> {
    let mut sources = Sources::default();
    let parsed: Vec<(FileId, syntax::Parse)> = files
        .iter()
        .map(|(path, text)| {
            let id = sources.add(path.clone(), text.clone());
            (id, syntax::parse(id, text))
        })
        .collect();
    let parses: Vec<(FileId, &syntax::Parse)> = parsed.iter().map(|(id, parse)| (*id, parse)).collect();
    let (model, _) = model::resolve(&parses);
    let designed = design::design(&model);
    let sqlite = dialects::by_name("sqlite").unwrap();
    let source = |span: Span| {
        sources
            .get(span.file)
            .map_or_else(String::new, |source| source.path.clone())
    };
    let input = Input {
        model: &model,
        blueprint: &designed.blueprint,
        postgres: dialects::by_name("postgres").unwrap(),
        scripts: &(sqlite.scripts)(&designed.blueprint),
        source: &source,
        place: emit::Placement::default(),
    };
    let modules = sqlalchemy(&input);
    let count = modules.len();
    let modules: BTreeMap<String, Module> = modules
        .into_iter()
        .map(|module| (module.path.clone(), module))
        .collect();
    assert_eq!(modules.len(), count, "two files have one path");
    modules
}

/// Compares what depends on the schema with the files of a folder. `UPDATE_FIXTURES=1` writes them.
fn golden(name: &str, schema: &Path) {
    let folder = root().join("fixtures/models").join(name);
    let modules = emitted(&sources(schema));
    let depends = |path: &str| !path.starts_with("core/") || path == "core/project.py";
    let update = std::env::var_os("UPDATE_FIXTURES").is_some();
    if update && folder.exists() {
        std::fs::remove_dir_all(&folder).unwrap();
    }
    let mut expected = BTreeSet::new();
    for (path, module) in modules.iter().filter(|(path, _)| depends(path)) {
        let file = folder.join(path);
        if update {
            std::fs::create_dir_all(file.parent().unwrap()).unwrap();
            std::fs::write(&file, &module.text).unwrap();
        }
        let known = std::fs::read_to_string(&file).unwrap_or_default();
        assert_eq!(
            module.text, known,
            "{name}/{path}: UPDATE_FIXTURES=1 writes it anew; read the difference"
        );
        expected.insert(file);
    }
    for group in ["models", "schemas"] {
        for entry in std::fs::read_dir(folder.join(group)).unwrap() {
            let file = entry.unwrap().path();
            assert!(
                expected.contains(&file),
                "{} is no longer written",
                file.display()
            );
        }
    }
}

#[test]
fn shop_is_as_it_was_run() {
    golden("shop", &root().join("examples/shop/schema"));
}

#[test]
fn awkward_names_and_every_form_are_as_they_were_run() {
    golden("awkward", &root().join("fixtures/models/awkward.arch"));
}

#[test]
fn every_design_has_models() {
    let designs = std::fs::read_dir(root().join("fixtures/design")).unwrap();
    let mut seen = 0;
    for file in designs.map(|entry| entry.unwrap().path()) {
        if file.extension().is_some_and(|extension| extension == "arch") {
            let modules = emitted(&sources(&file));
            assert!(modules.contains_key("models/__init__.py"), "{}", file.display());
            seen += 1;
        }
    }
    assert!(seen > 5);
}

#[test]
fn what_is_wrong_or_empty_makes_no_panic() {
    for text in [
        "",
        "entity",
        "entity A { b B c [C] d D? @unique }",
        "entity A owns self { x A @owner query q { where x.y.z = $a order x.y limit $n } }",
        "project p { models sqlalchemy } entity A public because \"x\" { a [A] @through(B.c) e E = f } enum E { }",
        "shape S { s S? l [S] } entity A owns self { s S? key (s) }",
    ] {
        emitted(&BTreeMap::from([("schema/a.arch".to_owned(), text.to_owned())]));
    }
}

#[test]
fn the_same_schema_gives_the_same_bytes() {
    let schema = sources(&root().join("examples/tracker/schema"));
    assert_eq!(emitted(&schema), emitted(&schema));
}

#[test]
fn a_module_of_the_users_ends_with_the_line() {
    let modules = emitted(&sources(&root().join("fixtures/models/awkward.arch")));
    for (path, module) in &modules {
        let lines = || {
            module
                .text
                .lines()
                .filter(|line| line.trim_start().starts_with("# ── yours "))
        };
        let expected = usize::from(module.keeps == Keeps::Below);
        assert_eq!(lines().count(), expected, "{path}");
        if expected == 1 {
            assert_eq!(lines().next(), module.text.lines().next_back(), "{path}");
        }
    }
}

#[test]
fn secrets_and_internal_keys_are_never_shown() {
    for project in ["shop", "auth", "tracker"] {
        let modules = emitted(&sources(&root().join("examples").join(project).join("schema")));
        for (path, module) in modules.iter().filter(|(path, _)| path.starts_with("schemas/")) {
            let read: Vec<&str> = module
                .text
                .split("\nclass ")
                .filter(|class| class.contains("Read(Read):"))
                .collect();
            for word in [
                "password",
                "token",
                "_bidx",
                "created_by",
                "tenant",
                "_id:",
                "id: int",
            ] {
                let shown = read
                    .iter()
                    .any(|class| class.lines().any(|line| line.trim_start().starts_with(word)));
                assert!(!shown, "{project}/{path} shows {word}");
            }
        }
    }
}

#[test]
fn modules_that_need_each_other_import_late() {
    let text = "project p { database postgres }
        entity User owns self { email Email @unique(global) because \"x\" anonymise 1 day after deleted }
        entity A { user User @owner b B? @on_delete(set_null) query of { where b = $b limit 1 } }
        entity B { user User @owner a A? @on_delete(set_null) query of { where a = $a limit 1 } }";
    let modules = emitted(&BTreeMap::from([("schema/p.arch".to_owned(), text.to_owned())]));
    let text = |path: &str| modules.get(path).unwrap().text.clone();
    assert!(text("models/a.py").contains("\nfrom .b import B\n"));
    assert!(text("models/b.py").contains("\n    from .a import A\n"));
    assert!(text("models/b.py").contains("\n        from .a import A\n\n        return "));
}
