//! What people see, to the character.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test may fail loudly"
)]

use diagnostics::render::{Options, terminal};
use diagnostics::{Certainty, Diagnostic, FileId, Rule, Severity, Sources, Span};

static SECRET: Rule = Rule {
    code: "SEC004",
    name: "plain-text-secret",
    severity: Severity::Error,
    summary: "a secret in plain text",
};

fn sources(text: &str) -> Sources {
    let mut sources = Sources::default();
    sources.add("schema/auth.arch", text);
    sources
}

fn span(text: &str, words: &str) -> Span {
    let start = text.find(words).unwrap() as u32;
    Span::new(FileId(0), start, start + words.len() as u32)
}

fn check(text: &str, found: &[Diagnostic], expect: &str) {
    let got = terminal(&sources(text), found, &Options::default());
    assert_eq!(got, expect, "\n{got}");
}

#[test]
fn one_word_with_help_and_fix() {
    let text = "\n\n\n\n\n\n\n\n\n\nentity User {\n  reset_token  String(64)\n}\n";
    let at = span(text, "String(64)");
    let found = Diagnostic::new(&SECRET, at, "`reset_token` stores a secret in plain text")
        .label("anyone who reads the table can take over accounts")
        .help("use `Token`: the database keeps a SHA-256 of it, the caller sees it once")
        .replace(Certainty::Certain, "write `Token`", at, "Token");
    check(
        text,
        &[found],
        "\
error[SEC004]: `reset_token` stores a secret in plain text
  ┌─ schema/auth.arch:12:16
  │
12│   reset_token  String(64)
  │                ^^^^^^^^^^ anyone who reads the table can take over accounts
  = help: use `Token`: the database keeps a SHA-256 of it, the caller sees it once
  = fix: write `Token`

1 error; 1 can be fixed with --fix
",
    );
}

#[test]
fn second_labels_near_and_far() {
    let text = "a Int\nb Int\nc Int\nd Int\n";
    let found = Diagnostic::new(&SECRET, span(text, "d"), "four")
        .also(span(text, "a"), "one")
        .also(span(text, "b"), "two")
        .also(Span::new(FileId(0), 20, 23), "its type")
        .replace(Certainty::Suggested, "remove it", span(text, "d"), "");
    check(
        text,
        &[found],
        "\
error[SEC004]: four
 ┌─ schema/auth.arch:4:1
 │
1│ a Int
 │ - one
2│ b Int
 │ - two
 ·
4│ d Int
 │ ^
 │   --- its type
 = fix: remove it (suggested)

1 error
",
    );
}

#[test]
fn spans_of_several_lines() {
    let text = "entity A {\n  x Int\n  y Int\n}\nrest";
    let found = Diagnostic::new(&SECRET, Span::new(FileId(0), 0, 29), "too much").label("all of it");
    check(
        text,
        &[found],
        "\
error[SEC004]: too much
 ┌─ schema/auth.arch:1:1
 │
1│ entity A {
 │ ^^^^^^^^^^
 ·
4│ }
 │ ^ all of it

1 error
",
    );
}

#[test]
fn tabs_wide_characters_and_empty_spans() {
    let text = "\t価格 Int\n\u{301}e\u{301}x Int\n";
    let wide = Diagnostic::new(&SECRET, span(text, "格"), "wide");
    let behind = Diagnostic::new(&SECRET, span(text, "x").after(), "behind").label("here");
    check(
        text,
        &[wide, behind],
        "\
error[SEC004]: wide
 ┌─ schema/auth.arch:1:3
 │
1│     価格 Int
 │       ^^

error[SEC004]: behind
 ┌─ schema/auth.arch:2:5
 │
2│ \u{301}e\u{301}x Int
 │   ^ here

2 errors
",
    );
}

#[test]
fn the_end_of_the_file_and_places_outside_of_it() {
    let text = "x\n";
    let end = Diagnostic::new(&SECRET, Span::new(FileId(0), 2, 2), "end");
    let beyond = Diagnostic::new(&SECRET, Span::new(FileId(0), 90, 95), "beyond");
    let other = Diagnostic::new(&SECRET, Span::new(FileId(7), 0, 1), "no file");
    check(
        text,
        &[
            end,
            beyond,
            other,
            Diagnostic::global(&SECRET, "everywhere").help("one\ntwo"),
        ],
        "\
error[SEC004]: end
 ┌─ schema/auth.arch:2:1
 │
2│
 │ ^

error[SEC004]: beyond
 ┌─ schema/auth.arch:2:1
 │
2│
 │ ^

error[SEC004]: no file

error[SEC004]: everywhere
 = help: one
         two

4 errors
",
    );
}

#[test]
fn long_lines_are_cut_around_the_words() {
    let text = format!("{}needle{}\n", "ä".repeat(5_000_000), "b ".repeat(500_000));
    let found = Diagnostic::new(&SECRET, span(&text, "needle"), "found").label("it");
    let expect = format!(
        "\
error[SEC004]: found
 ┌─ schema/auth.arch:1:5000001
 │
1│ …{}needle{}…
 │  {}^^^^^^ it

1 error
",
        "ä".repeat(40),
        "b ".repeat(37),
        " ".repeat(40),
    );
    check(&text, &[found], &expect);
}

#[test]
fn nothing_of_the_source_acts_on_the_terminal() {
    let mut sources = Sources::default();
    let text = "x \u{1b}]0;owned\u{7} \u{202e}y\r\nz";
    let file = sources.add("a\u{1b}[2J\n.arch", text);
    let found = Diagnostic::new(&SECRET, Span::new(file, 2, 3), "bad `\u{1b}[31m`")
        .label("\u{9b}31m")
        .help("never \u{1b}")
        .fix(Certainty::Suggested, "drop \u{7}", Vec::new());
    let got = terminal(&sources, &[found], &Options::default());
    let expect = "\
error[SEC004]: bad `\\u{1b}[31m`
 ┌─ a\\u{1b}[2J\\u{a}.arch:1:3
 │
1│ x \\u{1b}]0;owned\\u{7} \\u{202e}y
 │   ^^^^^^ \\u{9b}31m
 = help: never \\u{1b}
 = fix: drop \\u{7} (suggested)

1 error
";
    assert_eq!(got, expect, "\n{got}");
}

#[test]
fn colours_are_plain_codes_and_only_on_request() {
    let text = "x Int\n";
    let found = Diagnostic::new(&SECRET, span(text, "x"), "no")
        .label("this")
        .help("do");
    let got = terminal(
        &sources(text),
        &[found],
        &Options {
            color: true,
            ..Options::default()
        },
    );
    let expect = "\
\u{1b}[1;31merror[SEC004]\u{1b}[0m\u{1b}[1m: no\u{1b}[0m
\u{1b}[34m ┌─\u{1b}[0m schema/auth.arch:1:1
\u{1b}[34m │\u{1b}[0m
\u{1b}[34m1│\u{1b}[0m x Int
\u{1b}[34m │\u{1b}[0m \u{1b}[1;31m^ this\u{1b}[0m
 \u{1b}[34m=\u{1b}[0m \u{1b}[32mhelp:\u{1b}[0m do

1 error
";
    assert_eq!(got, expect, "\n{got}");
}

#[test]
fn labels_in_another_file_have_their_own_place() {
    let mut sources = sources("x Int\n");
    let other = sources.add("schema/other.arch", "\n\nx Text\n");
    let found = Diagnostic::new(&SECRET, Span::new(FileId(0), 0, 1), "twice")
        .also(Span::new(other, 2, 3), "the first");
    let got = terminal(&sources, &[found], &Options::default());
    let expect = "\
error[SEC004]: twice
 ┌─ schema/auth.arch:1:1
 │
1│ x Int
 │ ^
 ├─ schema/other.arch:3:1
 │
3│ x Text
 │ - the first

1 error
";
    assert_eq!(got, expect, "\n{got}");
}
