//! What the tests of this crate share.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    clippy::string_slice,
    reason = "a test may fail loudly"
)]
#![allow(dead_code, reason = "each test file uses its part")]

use diagnostics::{FileId, Sources, Span};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use syntax::{NodeKind, NodeRef, Parse, TokenKind};

pub(crate) fn parse(text: &str) -> Parse {
    syntax::parse(FileId(0), text)
}

pub(crate) fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../fixtures/syntax")
        .join(name)
}

/// The `.arch` files of a fixture folder, in the order of their names.
pub(crate) fn files(name: &str) -> Vec<(PathBuf, String)> {
    let entries = std::fs::read_dir(folder(name)).unwrap();
    let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "arch"));
    paths.sort();
    assert!(!paths.is_empty(), "{name} has no fixtures");
    paths
        .into_iter()
        .map(|path| (path.clone(), std::fs::read_to_string(path).unwrap()))
        .collect()
}

pub(crate) fn all_files() -> Vec<(PathBuf, String)> {
    ["ok", "err", "fmt"].iter().flat_map(|name| files(name)).collect()
}

/// Each finding on a line of the concise form, with the underlined words, help and fix below it.
pub(crate) fn report(text: &str) -> String {
    let mut sources = Sources::default();
    sources.add("test.arch", text);
    let options = diagnostics::render::Options::default();
    let mut out = String::new();
    for found in parse(text).diagnostics.into_sorted() {
        out.push_str(&diagnostics::render::concise(
            &sources,
            std::slice::from_ref(&found),
            &options,
        ));
        let words = |span: Span| diagnostics::render::visible(sources.text(span));
        let primary = found.primary.as_ref().unwrap();
        let label = if primary.text.is_empty() {
            String::new()
        } else {
            format!("  {}", primary.text)
        };
        writeln!(out, "    ^ `{}`{label}", words(primary.span)).unwrap();
        for label in &found.secondary {
            writeln!(out, "    - `{}`  {}", words(label.span), label.text).unwrap();
        }
        for help in &found.help {
            writeln!(out, "    help: {help}").unwrap();
        }
        if let Some(fix) = &found.fix {
            writeln!(out, "    fix: {} ({:?})", fix.title, fix.certainty).unwrap();
        }
    }
    out
}

/// The tree without trivia, and with the clauses of queries in the formatter's order.
pub(crate) fn shape(node: NodeRef<'_>) -> String {
    let mut out = format!("({:?}", node.kind());
    for token in node.own_tokens() {
        let text = token.text();
        let text = if token.kind() == TokenKind::Doc {
            text.trim_end()
        } else {
            text
        };
        write!(out, " {text}").unwrap();
    }
    let mut children: Vec<_> = node.children().collect();
    if node.kind() == NodeKind::Query {
        children.sort_by_key(|child| {
            use NodeKind::{Expect, Limit, Order, Select, Where};
            [Select, Where, Order, Limit, Expect]
                .iter()
                .position(|kind| *kind == child.kind())
        });
    }
    for child in children {
        out.push_str(&shape(child));
    }
    out.push(')');
    out
}

/// All comments, in the order of the text.
pub(crate) fn comments(parse: &Parse) -> Vec<String> {
    let tokens = parse
        .tree
        .tokens()
        .filter(|token| token.kind() == TokenKind::Comment);
    tokens.map(|token| token.text().trim_end().to_owned()).collect()
}

/// What must hold of any text: see the messages.
pub(crate) fn check_any(text: &str) {
    let parsed = parse(text);
    let all: String = parsed.tree.tokens().map(|token| token.text()).collect();
    assert_eq!(all, text, "the tokens are not the text");
    check_nesting(&parsed);
    for found in parsed.diagnostics.iter() {
        let labels = found
            .primary
            .iter()
            .chain(&found.secondary)
            .map(|label| label.span);
        let edits = found.fix.iter().flat_map(|fix| &fix.edits).map(|edit| edit.span);
        for span in labels.chain(edits) {
            assert!(
                text.get(span.range()).is_some(),
                "{} points outside of the text",
                found.rule.code
            );
        }
    }
    let Some(formatted) = syntax::format(&parsed) else {
        assert!(
            parsed.diagnostics.has_errors(),
            "a file without errors is not formatted: {text:?}"
        );
        return;
    };
    let again = parse(&formatted);
    assert!(
        !again.diagnostics.has_errors(),
        "{text:?} became broken:\n{formatted}\n{}",
        report(&formatted)
    );
    assert_eq!(
        shape(again.tree.root()),
        shape(parsed.tree.root()),
        "the tree of {text:?} changed:\n{formatted}"
    );
    let (mut before, mut after) = (comments(&parsed), comments(&again));
    before.sort();
    after.sort();
    assert_eq!(before, after, "comments of {text:?} changed:\n{formatted}");
    assert_eq!(
        syntax::format(&again).as_ref(),
        Some(&formatted),
        "{text:?} is formatted differently the second time"
    );
}

/// Children lie within their parents, one behind the other, and every node is reached once.
fn check_nesting(parsed: &Parse) {
    let mut seen = 0;
    for node in parsed.tree.nodes() {
        seen += 1;
        let mut at = node.span().start;
        for child in node.children() {
            assert!(
                child.span().start >= at && child.span().end <= node.span().end,
                "{child:?} sticks out of {node:?}"
            );
            assert!(
                child.span().start < child.span().end,
                "{:?} is empty",
                child.kind()
            );
            at = child.span().end;
            seen += 1;
        }
    }
    assert_eq!(
        seen,
        2 * parsed.tree.nodes().count() - 1,
        "a node has two parents or none"
    );
}

/// Small, fast, and the same everywhere (xorshift64*).
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) as usize % limit.max(1)
    }

    pub(crate) fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.below(from.len())]
    }
}
