//! Schemas that are wrong are told so, whatever is wrong with them, and nothing panics, overflows, or takes long.
//!
//! `fixtures/prisma/broken/*.prisma` each have their findings in a `.txt` beside them; `UPDATE_FIXTURES=1` writes these anew.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::disallowed_methods,
    clippy::string_slice,
    reason = "a test may fail loudly, and reads its environment"
)]

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use diagnostics::{Diagnostic, Sources};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/prisma")
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut paths: Vec<PathBuf> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "prisma"))
        .collect();
    paths.sort();
    assert!(paths.len() > 5);
    paths
}

/// All findings of a schema, for the product of its provider, or PostgreSQL.
fn findings(text: &str) -> (Sources, Vec<Diagnostic>) {
    let mut sources = Sources::default();
    sources.add("schema.prisma", text);
    let mut schema = prisma::parse(&sources);
    let name = schema.provider().and_then(prisma::Provider::dialect);
    let dialect = dialects::by_name(name.unwrap_or("postgres")).unwrap();
    let mut found = std::mem::take(&mut schema.diagnostics);
    let mut built = prisma::build(&schema, dialect);
    found.append(std::mem::take(&mut built.diagnostics));
    found.extend(schema.not_yet());
    prisma::document(&mut built.database, &built.docs);
    (sources, found.into_sorted())
}

fn told(text: &str) -> String {
    let (sources, found) = findings(text);
    let mut out = String::new();
    for finding in found {
        let place = finding.primary.as_ref().map(|label| {
            let source = sources.get(label.span.file).unwrap();
            let at = source.position(label.span.start);
            format!(
                "{}:{}: `{}`",
                at.line + 1,
                at.column + 1,
                sources.text(label.span)
            )
        });
        let place = place.unwrap_or_else(|| "-".to_owned());
        out.push_str(&format!("{place}\n  {} {}\n", finding.rule.code, finding.message));
        for help in &finding.help {
            out.push_str(&format!("  = {help}\n"));
        }
    }
    out
}

#[test]
fn every_finding_says_what_was_reviewed() {
    let mut wrong = Vec::new();
    for path in files(&root().join("broken")) {
        let said = told(&std::fs::read_to_string(&path).unwrap());
        let golden = path.with_extension("txt");
        if std::env::var_os("UPDATE_FIXTURES").is_some() {
            std::fs::write(&golden, &said).unwrap();
        }
        if std::fs::read_to_string(&golden).unwrap_or_default() != said {
            wrong.push(golden);
        }
        assert!(!said.is_empty(), "{path:?} is not wrong");
    }
    assert!(wrong.is_empty(), "UPDATE_FIXTURES=1 writes them anew: {wrong:?}");
}

#[test]
fn every_code_is_found_somewhere() {
    let mut all = files(&root());
    all.extend(files(&root().join("broken")));
    let said: String = all
        .iter()
        .map(|path| told(&std::fs::read_to_string(path).unwrap()))
        .collect();
    let extra = "datasource db {\n provider = \"mysql\"\n}\n";
    let granted =
        "datasource db {\n provider = \"postgresql\"\n}\nmodel A {\n id Unsupported(\"vector(3)\") @id\n}\n";
    let said = said + &told(extra) + &told(granted);
    for rule in prisma::codes::ALL {
        assert!(said.contains(rule.code), "{} is found nowhere", rule.code);
    }
}

#[test]
fn every_beginning_of_a_schema_is_read() {
    for path in files(&root()) {
        let text = std::fs::read_to_string(&path).unwrap();
        for (at, _) in text.char_indices() {
            findings(&text[..at]);
        }
    }
}

/// A generator of numbers that are always the same.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, most: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % u64::try_from(most.max(1)).unwrap()).unwrap()
    }
}

#[test]
fn mutations_of_schemas_are_read() {
    const PIECES: &[&str] = &[
        "{",
        "}",
        "(",
        ")",
        "[",
        "]",
        "@",
        "@@",
        "\"",
        "\\",
        "\n",
        ",",
        ":",
        ".",
        "?",
        "=",
        "-",
        "///",
        "//",
        "/*",
        "\0",
        "é",
        "Int",
        "id",
        "1",
        "@id",
        "@@id([a])",
        "@relation(fields: [a], references: [b])",
        "model",
        "enum",
        "\u{feff}",
        "😀",
    ];
    let mut numbers = Numbers(0x9e37_79b9_7f4a_7c15);
    for path in files(&root()) {
        let text: Vec<char> = std::fs::read_to_string(&path).unwrap().chars().collect();
        for _ in 0..300 {
            let mut mutated = text.clone();
            for _ in 0..=numbers.below(4) {
                let at = numbers.below(mutated.len());
                let end = (at + numbers.below(20)).min(mutated.len());
                let piece = PIECES.get(numbers.below(PIECES.len())).unwrap();
                match numbers.below(4) {
                    0 => drop(mutated.splice(at..at, piece.chars())),
                    1 => drop(mutated.drain(at..end)),
                    2 => drop(mutated.splice(at..end, piece.chars())),
                    _ => {
                        let copied: Vec<char> = mutated.drain(at..end).collect();
                        let to = numbers.below(mutated.len());
                        mutated.splice(to..to, copied);
                    }
                }
            }
            findings(&mutated.iter().collect::<String>());
        }
    }
}

#[test]
fn hostile_texts_take_no_longer_than_their_length() {
    let head = "datasource db {\n  provider = \"postgresql\"\n}\n";
    let large = 1 << 20;
    let many = |piece: &str| piece.repeat(large / piece.len());
    let texts = [
        "x".repeat(large),
        "\0".repeat(large),
        format!("{head}model A {{\n  a Int @default({}", "[".repeat(large)),
        format!("{head}model A {{\n  a Int @default({}", "f(".repeat(large / 2)),
        format!("{head}model A {{\n  a Int @default({}", "{a:".repeat(large / 3)),
        format!(
            "{head}model A {{\n  a String @default(\"{}\")\n}}",
            "y".repeat(large)
        ),
        format!("{head}model A {{\n  id Int @id {}\n}}", many("@id ")),
        format!(
            "{head}model A {{\n  id Int @id\n{}}}",
            many("  a Int @foo(x: 1)\n")
        ),
        format!("{head}{}", many("model A {\n}\n")),
        format!("{head}{}", many("}}}{{{")),
        many("enum E {\n"),
        many("\"\\u12"),
        format!("{head}model A {{\n id Int @id @@index({}", many("a, ")),
    ];
    for text in &texts {
        let began = Instant::now();
        findings(text);
        let beginning: String = text.chars().take(80).collect();
        assert!(
            began.elapsed() < Duration::from_secs(20),
            "{beginning}: {:?}",
            began.elapsed()
        );
    }
}

#[test]
fn addresses_are_never_looked_at() {
    let text = "datasource db {\n  provider = \"postgresql\"\n  url = \"postgres://u:hunter2@h/d\"\n  directUrl = env(\"X\")\n}\n";
    assert!(!told(text).contains("hunter2"));
}
