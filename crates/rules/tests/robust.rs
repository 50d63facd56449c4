//! Broken schemas: thousands of mutations are resolved and linted without a panic, and the size of the input is all that costs time.

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
    paths.iter().map(|path| std::fs::read_to_string(path).unwrap()).collect()
}

/// A small generator, so that a failure can be had again.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % limit.max(1)
    }
}

#[test]
fn token_mutations_never_panic() {
    const EXTRA: [&str; 16] =
        ["@owner", "?", "{", "}", "(", ")", "=", "null", "$p", "where", "User", "[User]", "->", "@computed(a)", "9", "\"x\""];
    let mut random = Random(7);
    for text in schemas() {
        let parse = syntax::parse(FileId::default(), &text);
        let tokens: Vec<&str> = parse.tree.tokens().map(|token| token.text()).collect();
        for _ in 0..150 {
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
    let text = format!("entity U owns self {{ a Int  check {} }}", nested("not (a > 1) and a + (a * 2) > 3"));
    run(&text);
    let flat = format!("entity U owns self {{ a Int  check (a > 0{}) }}", " and a > 0".repeat(50_000));
    run(&flat);
}

/// Grows the input tenfold and demands that the time grows by less than thirtyfold: quadratic code would take a hundredfold.
fn grows_linearly(what: &str, make: impl Fn(usize) -> String) {
    let time = |count: usize| {
        let text = make(count);
        let best = (0..3).map(|_| {
            let start = std::time::Instant::now();
            run(&text);
            start.elapsed()
        });
        best.min().unwrap().as_secs_f64().max(0.002)
    };
    let (small, large) = (time(300), time(3_000));
    assert!(large / small < 30.0, "{what}: {small:.4} s for 300, {large:.4} s for 3000");
}

#[test]
fn time_is_linear_in_the_size() {
    let user = "project p { database postgres } entity User owns self { email Email }\n";
    let many = |count: usize, one: &dyn Fn(usize) -> String| {
        let all: String = (0..count).map(one).collect();
        format!("{user}{all}")
    };
    grows_linearly("entities", |count| {
        many(count, &|n| {
            format!("entity Thing{n} {{ user User @owner  name String(80)  price Money  query a {{ where name = $n and price > 3 limit 9 }} }}\n")
        })
    });
    grows_linearly("a chain of entities", |count| {
        many(count, &|n| {
            let to = if n == 0 { "User @owner".to_owned() } else { format!("Thing{}", n - 1) };
            format!("entity Thing{n} {{ above {to} }}\n")
        })
    });
    grows_linearly("unknown names", |count| {
        many(count, &|n| format!("entity Thing{n} {{ user User @owner  other Thnig{n}  unique (usr) }}\n"))
    });
    grows_linearly("fields", |count| {
        let fields: String = (0..count).map(|n| format!("  f{n} Int\n")).collect();
        format!("entity U owns self {{\n{fields}}}\n")
    });
    grows_linearly("members", |count| {
        let members: String = (0..count).map(|n| format!("  m{n} -> m{}\n", n + 1)).collect();
        format!("enum E {{\n{members}}}\n")
    });
    grows_linearly("relations", |count| {
        let lists: String = (0..count).map(|n| format!("  l{n} [T{n}]\n")).collect();
        many(count, &|n| format!("entity T{n} {{ u User @owner }}\n")).replace("email Email", &format!("email Email\n{lists}"))
    });
}

#[test]
fn every_finding_can_be_shown() {
    for text in schemas() {
        let mut sources = Sources::default();
        sources.add("a.arch", text.clone());
        let found = run(&text);
        let shown = render::terminal(&sources, &found, &render::Options::default());
        assert_eq!(shown.is_empty(), found.is_empty());
        assert!(found.iter().all(|it| it.severity != Severity::Error || !it.message.is_empty()));
    }
}
