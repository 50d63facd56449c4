//! Whatever the text is, parsing and formatting do what they promise, and no input makes them slow or deep.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    clippy::string_slice,
    reason = "a test may fail loudly"
)]

mod support;

use support::{Random, all_files, check_any, parse, report, shape};
use syntax::TokenKind;

#[test]
fn every_prefix_of_every_fixture() {
    for (_, text) in all_files() {
        for end in (0..text.len()).filter(|end| text.is_char_boundary(*end)) {
            check_any(&text[..end]);
        }
    }
}

#[test]
fn single_mutations_of_every_fixture() {
    let mut random = Random(7);
    let inserts = [
        "\0", "\u{feff}", "\r\n", "é", "\"", "'", "}", "{", "(", ")", "//", "///", "x", "X", "5m", "@", ",",
        "\n", " ",
    ];
    for (_, text) in all_files() {
        // Long fixtures are sampled: each mutation parses the whole file several times.
        let step = 1 + text.len() / 1_000;
        for at in (0..text.len())
            .step_by(step)
            .filter(|at| text.is_char_boundary(*at))
        {
            let next = at + text[at..].chars().next().map_or(0, char::len_utf8);
            check_any(&format!("{}{}", &text[..at], &text[next..]));
            let insert = random.pick(&inserts);
            check_any(&format!("{}{insert}{}", &text[..at], &text[at..]));
            check_any(&format!("{}{insert}{}", &text[..at], &text[next..]));
        }
    }
}

#[test]
fn random_bytes() {
    let mut random = Random(42);
    for _ in 0..3_000 {
        let bytes: Vec<u8> = (0..random.below(200)).map(|_| random.below(256) as u8).collect();
        check_any(&String::from_utf8_lossy(&bytes));
        let ascii: String = bytes.iter().map(|byte| char::from(byte & 0x7f)).collect();
        check_any(&ascii);
    }
}

/// Random words of the language find what random bytes never reach.
#[test]
fn random_words() {
    const WORDS: &[&str] = &[
        "entity",
        "enum",
        "shape",
        "project",
        "policy",
        "role",
        "sql",
        "owns",
        "self",
        "public",
        "because",
        "without",
        "unique",
        "index",
        "key",
        "reference",
        "check",
        "query",
        "volume",
        "purge",
        "anonymise",
        "allow",
        "select",
        "where",
        "order",
        "limit",
        "expect",
        "within",
        "grows",
        "updates",
        "after",
        "to",
        "when",
        "undo",
        "and",
        "or",
        "not",
        "in",
        "between",
        "is",
        "null",
        "starts",
        "with",
        "contains",
        "matches",
        "true",
        "asc",
        "desc",
        "a",
        "b_c",
        "Order",
        "Text",
        "String",
        "\"s\"",
        "\"\"\"raw\nline\"\"\"",
        "$p",
        "1",
        "0.5",
        "5M",
        "20ms",
        "35%",
        "5m",
        "day",
        "{",
        "}",
        "(",
        ")",
        "[",
        "]",
        ",",
        ":",
        "?",
        "@",
        ".",
        "..",
        "->",
        "=",
        "!=",
        "<",
        "+",
        "-",
        "*",
        "/",
        ";",
        "==",
        "\n",
        "\n",
        "\n\n",
        "// c\n",
        "/// d\n",
        "'q'",
        "#",
        "\t",
    ];
    let mut random = Random(99);
    for round in 0..6_000 {
        let words: Vec<&str> = (0..random.below(60)).map(|_| *random.pick(WORDS)).collect();
        check_any(&words.join(if round % 2 == 0 { " " } else { "" }));
    }
}

/// Pieces that are right by themselves, in any order: most of these files have no error.
#[test]
fn random_members() {
    const PARTS: &[&str] = &[
        "x Int",
        "order Order",
        "check Text",
        "y [Tag]? @a(1..5) = -1",
        "z String(10) = \"en\" @min(..-2, x: 1..) because \"w\"",
        "// note\n",
        "  // aside\n",
        "/// doc\n",
        "\n",
        "\n\n\n",
        "unique (a, b) @x",
        "index (a desc, b.c asc,\n d)",
        "check (a + b * -c >= 0 and not (x in (1, 2) or y is not null))",
        "volume 5M grows 20K/day updates 1/s",
        "purge 30 days after deleted",
        "anonymise 20ms\nafter x",
        "allow read, create to analyst when owner",
        "allow update when (a = $b)",
        "sql postgres \"\"\"a\n  b\"\"\" undo \"c\"",
        "reference r (a, b) -> Order (c, d)",
        "query q { limit 5 where a = b }",
        "query q {\n  expect 3/s within 5ms // e\n  // o\n  order a desc\n}",
        "query q {}",
        "key (a,\n // in\n b)",
        "d Json = []",
        "e Instant = now()",
        "f OrderState = cart @was(g)\n",
    ];
    let mut random = Random(5);
    let mut sound = 0;
    for _ in 0..4_000 {
        let count = random.below(12);
        let parts: Vec<&str> = (0..count).map(|_| *random.pick(PARTS)).collect();
        let text = format!(
            "entity A owns self @t(\"x\") {{\n{}\n}}\nrole r because \"x\"",
            parts.join("\n")
        );
        sound += usize::from(!parse(&text).diagnostics.has_errors());
        check_any(&text);
    }
    assert!(sound > 1_000, "only {sound} texts were formatted");
}

#[test]
fn sound_lines_stay_sound_when_lines_are_joined() {
    let text =
        "entity A { x Int y Text? = null @a unique (x, y) query q { where x = $x limit 5 } volume 5 z [B] }";
    assert_eq!(report(text), "");
    check_any(text);
}

/// The text without comments and documentation, with or without its line ends.
fn bare(text: &str, line_ends: bool) -> String {
    let parsed = parse(text);
    let tokens = parsed
        .tree
        .tokens()
        .filter(|token| !matches!(token.kind(), TokenKind::Comment | TokenKind::Doc));
    tokens
        .map(|token| {
            if token.kind() == TokenKind::LineBreak && !line_ends {
                " "
            } else {
                token.text()
            }
        })
        .collect()
}

#[test]
fn newlines_are_never_needed() {
    for (path, text) in support::files("ok") {
        let (lines, line) = (bare(&text, true), bare(&text, false));
        assert_eq!(report(&line), "", "{} on one line", path.display());
        let shapes = [lines, line].map(|text| shape(parse(&text).tree.root()));
        assert_eq!(
            shapes[0],
            shapes[1],
            "{} means something else on one line",
            path.display()
        );
    }
}

#[test]
fn nesting_is_a_finding_and_not_a_crash() {
    for (open, close) in [
        ("(", ")"),
        ("f(", ")"),
        ("not (", ")"),
        ("x in (", ")"),
        ("-(", ")"),
        ("[", "]"),
        ("{", "}"),
    ] {
        for depth in [127, 128, 200_000] {
            let inner = format!("{}a{}", open.repeat(depth), close.repeat(depth));
            check_any(&inner);
            let text = format!("entity A {{ check ({inner})\n x Int }}\nentity B {{}}");
            check_any(&text);
        }
    }
    let deep = |depth| {
        format!(
            "entity A {{\n  check {}a{}\n  x Int\n}}\n",
            "(".repeat(depth),
            ")".repeat(depth)
        )
    };
    assert_eq!(report(&deep(128)), "");
    let wide = format!(
        "entity A {{\n{}}}",
        "  check (f(a) = (b) or c in (1, 2))\n".repeat(200)
    );
    assert_eq!(report(&wide), "", "parentheses beside each other are not nested");
    let found = report(&deep(129));
    assert_eq!(found.matches("SYN033").count(), 1, "{found}");
    assert_eq!(found.matches("error[").count(), 1, "{found}");
}

#[test]
fn large_inputs() {
    let line = format!("entity A {{ x Int @a({}) }}", "1 + ".repeat(500_000) + "1");
    check_any(&line);
    check_any(&"a".repeat(2_000_000));
    check_any(&"entity A ".repeat(100_000));
    check_any(&"entity A {\n".repeat(100_000));
    check_any(&"/* ".repeat(100_000));
    check_any(&"query a ".repeat(100_000));
    check_any(&"x Int // c\n".repeat(50_000));
    check_any(&format!("entity A {{\n{}}}", "x Int\n".repeat(200_000)));
    check_any(&format!(
        "entity A {{ unique ({}) }}",
        "a, ".repeat(100_000) + "a"
    ));
}

#[test]
fn findings_are_few_when_everything_is_wrong() {
    let text = "entity A {\n".to_owned() + &"name text @\n".repeat(50_000);
    assert!(parse(&text).diagnostics.len() <= 3_000);
}
