//! Broken schemas: thousands of mutations are resolved and linted without a panic, and the size of the input is all that costs time.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    clippy::string_slice,
    reason = "a test may fail loudly"
)]

use std::path::{Path, PathBuf};

use diagnostics::{FileId, Severity, Sources, render};

fn run(text: &str) -> Vec<diagnostics::Diagnostic> {
    let parse = syntax::parse(FileId::default(), text);
    let (model, mut found) = model::resolve(&[(FileId::default(), &parse)]);
    found.append(rules::check(&model));
    found.append(parse.diagnostics);
    found.into_sorted()
}

fn files(folder: &Path, out: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, out);
        } else if path.extension().is_some_and(|extension| extension == "arch") {
            out.push(path);
        }
    }
}

fn schemas() -> Vec<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut paths = Vec::new();
    files(&root.join("fixtures/model"), &mut paths);
    files(&root.join("examples"), &mut paths);
    paths.sort();
    assert!(paths.len() >= 3);
    paths
        .iter()
        .map(|path| std::fs::read_to_string(path).unwrap())
        .collect()
}

/// A small generator, so that a failure can be had again.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % limit.max(1)
    }
}

#[test]
fn token_mutations_never_panic() {
    const EXTRA: [&str; 16] = [
        "@owner",
        "?",
        "{",
        "}",
        "(",
        ")",
        "=",
        "null",
        "$p",
        "where",
        "User",
        "[User]",
        "->",
        "@computed(a)",
        "9",
        "\"x\"",
    ];
    let mut random = Random(7);
    for text in schemas() {
        let parse = syntax::parse(FileId::default(), &text);
        let tokens: Vec<&str> = parse.tree.tokens().map(|token| token.text()).collect();
        for _ in 0..60 {
            let mut tokens = tokens.clone();
            for _ in 0..=random.below(3) {
                let at = random.below(tokens.len());
                let other = tokens[random.below(tokens.len())];
                match random.below(4) {
                    0 => drop(tokens.remove(at)),
                    1 => tokens.insert(at, other),
                    2 => tokens[at] = other,
                    _ => tokens.insert(at, EXTRA[random.below(EXTRA.len())]),
                }
            }
            run(&tokens.concat());
        }
    }
}

#[test]
fn deep_expressions_do_not_exhaust_the_stack() {
    let nested = |inner: &str| format!("{}{inner}{}", "(".repeat(127), ")".repeat(127));
    let text = format!(
        "entity U owns self {{ a Int  check {} }}",
        nested("not (a > 1) and a + (a * 2) > 3")
    );
    run(&text);
    let flat = format!(
        "entity U owns self {{ a Int  check (a > 0{}) }}",
        " and a > 0".repeat(50_000)
    );
    run(&flat);
}

/// Large inputs, each of a form that a scan within a scan would turn into minutes.
/// `cargo run --release -p architrave-bench -- check` prints times.
#[test]
fn large_inputs_are_read() {
    const MANY: usize = 1_500;
    let user = "project p { database postgres } entity User owns self { email Email LISTS }\n";
    let each = |one: &dyn Fn(usize) -> String| -> String { (0..MANY).map(one).collect() };
    let read = |what: &str, lists: &str, rest: String, expected: usize| {
        let text = format!("{}{rest}", user.replace("LISTS", lists));
        let errors = run(&text)
            .into_iter()
            .filter(|it| it.severity == Severity::Error)
            .count();
        assert_eq!(errors, expected, "{what}");
    };
    read(
        "entities",
        "",
        each(&|n| {
            format!(
                "entity Thing{n} {{ user User @owner  price Money  query a {{ where price > $n limit 9 }} }}\n"
            )
        }),
        0,
    );
    let above = |n: usize| {
        if n == 0 {
            "User @owner".to_owned()
        } else {
            format!("Thing{}", n - 1)
        }
    };
    read(
        "a chain of entities",
        "",
        each(&|n| format!("entity Thing{n} {{ above {} }}\n", above(n))),
        0,
    );
    // A thousand of each kind are kept.
    let unknown =
        each(&|n| format!("entity Thing{n} {{ user User @owner  other Thnig{n}  unique (usr) }}\n"));
    read("unknown names", "", unknown, 2_000);
    // One for all of them: no table has so many columns.
    read("fields", &each(&|n| format!("  f{n} Int\n")), String::new(), 1);
    read(
        "members",
        "",
        format!("enum E {{\n{}}}\n", each(&|n| format!("  m{n} -> m{}\n", n + 1))),
        0,
    );
    read(
        "relations",
        &each(&|n| format!("  l{n} [T{n}]\n")),
        each(&|n| format!("entity T{n} {{ u User @owner }}\n")),
        0,
    );
}

#[test]
fn every_finding_can_be_shown() {
    for text in schemas() {
        let mut sources = Sources::default();
        sources.add("a.arch", text.clone());
        let found = run(&text);
        let shown = render::terminal(&sources, &found, &render::Options::default());
        assert_eq!(shown.is_empty(), found.is_empty());
        assert!(
            found
                .iter()
                .all(|it| it.severity != Severity::Error || !it.message.is_empty())
        );
    }
}
