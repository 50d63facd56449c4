//! The pages of `docs/rules` about starting a project are run: each bad block finds what it marks, and each good block finds nothing.
//!
//! A block is fenced as `project`: `-- path` begins a file, and a mark stands in the first line: `// error: [CODE]`.

#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a test may fail loudly, and reads pages"
)]

use std::path::Path;

use detect::{Wishes, codes, detect};
use project::Memory;

/// The mark of a block, and its files.
type Block = (Option<String>, Vec<(String, String)>);

fn blocks(page: &str) -> Vec<Block> {
    let inside = page.split("```project\n").skip(1);
    inside
        .map(|block| {
            let block = block.split("```").next().unwrap();
            let mark = block.lines().next().and_then(|line| line.strip_prefix("// "));
            let files = block.split("-- ").skip(1).map(|file| {
                let (path, text) = file.split_once('\n').unwrap();
                let long = text.trim() == "# and 2 MiB more";
                let text = if long {
                    "#".repeat(2 << 20)
                } else {
                    text.to_owned()
                };
                (format!("/p/{path}"), text)
            });
            (mark.map(str::to_owned), files.collect())
        })
        .collect()
}

#[test]
fn every_page_does_what_it_says() {
    for rule in codes::ALL {
        let page = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../../docs/rules/{}.md", rule.code));
        let page = std::fs::read_to_string(page).unwrap();
        assert_eq!(
            page.lines().next().unwrap(),
            format!("# {} {}", rule.code, rule.name)
        );
        let (mut good, mut bad) = (0, 0);
        for (mark, files) in blocks(&page) {
            let start = detect(&Memory::with(files), Path::new("/p"), &Wishes::default());
            let found: Vec<String> = start
                .diagnostics
                .iter()
                .map(|it| format!("{}: [{}]", it.severity.name(), it.rule.code))
                .collect();
            assert_eq!(found, Vec::from_iter(mark.clone()), "{}", rule.code);
            assert_eq!(start.files.is_empty(), start.diagnostics.has_errors());
            if mark.is_some() { bad += 1 } else { good += 1 }
        }
        assert!(
            good > 0 && bad > 0,
            "{} needs a good and a bad example",
            rule.code
        );
    }
}

/// What is read is somebody's: anything may stand in it.
#[test]
fn any_text_makes_no_panic() {
    let texts = [
        "",
        "=",
        "[",
        "{",
        "image:",
        "class (",
        "class A(DeclarativeBase",
        " = declarative_base(",
        "://@",
        "a=://",
        "é=ü://ß@",
        "-- \u{0}",
        "provider = \"",
        "install_requires = \u{feff}",
    ];
    let names = [
        "pyproject.toml",
        "Pipfile",
        "package.json",
        "requirements.txt",
        "setup.cfg",
        "alembic.ini",
        ".env.example",
        "compose.yml",
        "schema.prisma",
        "manage.py",
        "app/a.py",
        "src/a/b.py",
        "AGENTS.md",
    ];
    for name in names {
        for text in texts {
            for more in ["", "\n", "\r\n    x", "\n\u{feff}name = \"\""] {
                let system = Memory::with([(format!("/p/{name}"), format!("{text}{more}{text}"))]);
                let start = detect(&system, Path::new("/p"), &Wishes::default());
                assert_eq!(start.files.is_empty(), start.diagnostics.has_errors());
            }
        }
    }
}

#[test]
fn every_ecosystem_is_listed() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/ecosystems");
    let files = std::fs::read_dir(folder).unwrap().count();
    assert_eq!(detect::ecosystems().len(), files - 1, "mod.rs lists them");
}
