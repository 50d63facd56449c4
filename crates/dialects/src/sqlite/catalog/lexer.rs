//! SQLite's tokens. Never fails: what is no token is a token of its own.

use super::super::ident::{is_plain, quote, reserved};

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum TokenKind {
    /// A bare word: keyword or name.
    Word,
    /// A name in quotes, brackets or backticks.
    Quoted,
    /// A text constant.
    Text,
    /// A blob constant.
    Blob,
    /// A number.
    Number,
    /// `?1`, `:name`, `@name`, `$name`.
    Parameter,
    /// An operator or punctuation.
    Symbol,
    /// A comment.
    Comment,
}

/// A token with its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) struct Token<'a> {
    pub(in super::super) kind: TokenKind,
    pub(in super::super) text: &'a str,
    pub(in super::super) start: usize,
    /// Line breaks between this token and the one before.
    pub(in super::super) breaks: usize,
}

impl Token<'_> {
    pub(in super::super) fn is(&self, word: &str) -> bool {
        matches!(self.kind, TokenKind::Word | TokenKind::Symbol) && self.text.eq_ignore_ascii_case(word)
    }

    pub(in super::super) const fn end(&self) -> usize {
        self.start + self.text.len()
    }

    /// The name that the token stands for; SQLite takes a text constant for a name where it expects one.
    pub(in super::super) fn name(&self) -> Option<String> {
        match self.kind {
            TokenKind::Word => Some(self.text.to_owned()),
            TokenKind::Quoted | TokenKind::Text => Some(unquote(self.text)),
            _ => None,
        }
    }
}

/// Takes the quotes off.
pub(in super::super) fn unquote(text: &str) -> String {
    let mut chars = text.chars();
    let Some(open) = chars.next() else {
        return String::new();
    };
    let close = if open == '[' { ']' } else { open };
    let inner = chars.as_str();
    let inner = inner.strip_suffix(close).unwrap_or(inner);
    if open == '[' {
        inner.to_owned()
    } else {
        inner.replace(&format!("{close}{close}"), &close.to_string())
    }
}

/// Cuts SQL into tokens, comments included.
pub(in super::super) fn tokens(sql: &str) -> Vec<Token<'_>> {
    Scanner { sql, at: 0 }.collect()
}

/// SQL, cut up to some place.
struct Scanner<'a> {
    sql: &'a str,
    at: usize,
}

impl<'a> Iterator for Scanner<'a> {
    type Item = Token<'a>;

    fn next(&mut self) -> Option<Token<'a>> {
        let left = self.sql.get(self.at..)?;
        let rest = left.trim_start_matches(|c: char| c.is_ascii_whitespace() || c == '\u{feff}');
        let blank = left.get(..left.len() - rest.len()).unwrap_or_default();
        self.at += blank.len();
        if rest.is_empty() {
            return None;
        }
        let (kind, length) = token(rest);
        let text = rest.get(..length).unwrap_or(rest);
        let start = self.at;
        self.at += text.len().max(1);
        Some(Token {
            kind,
            text,
            start,
            breaks: blank.bytes().filter(|byte| *byte == b'\n').count(),
        })
    }
}

fn token(rest: &str) -> (TokenKind, usize) {
    let mut chars = rest.chars();
    let first = chars.next().unwrap_or(' ');
    let second = chars.next();
    match (first, second) {
        ('-', Some('-')) => (TokenKind::Comment, rest.find('\n').unwrap_or(rest.len())),
        ('/', Some('*')) => {
            let end = rest
                .get(2..)
                .and_then(|body| body.find("*/"))
                .map_or(rest.len(), |end| end + 4);
            (TokenKind::Comment, end)
        }
        ('\'', _) => (TokenKind::Text, quoted(rest, '\'')),
        ('"' | '`', _) => (TokenKind::Quoted, quoted(rest, first)),
        ('[', _) => (
            TokenKind::Quoted,
            rest.find(']').map_or(rest.len(), |end| end + 1),
        ),
        ('x' | 'X', Some('\'')) => (
            TokenKind::Blob,
            1 + quoted(rest.get(1..).unwrap_or_default(), '\''),
        ),
        ('.', Some(next)) if next.is_ascii_digit() => (TokenKind::Number, number(rest)),
        (c, _) if c.is_ascii_digit() => (TokenKind::Number, number(rest)),
        ('?' | ':' | '@' | '$' | '#', _) => (
            TokenKind::Parameter,
            first.len_utf8() + word(rest.get(1..).unwrap_or_default()),
        ),
        (c, _) if is_word(c) => (TokenKind::Word, word(rest)),
        _ => (TokenKind::Symbol, symbol(rest, first)),
    }
}

fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_' || c == '$' || !c.is_ascii()
}

fn word(rest: &str) -> usize {
    // Every byte of a character beyond ASCII belongs to a word.
    let is_word = |byte: &u8| !byte.is_ascii() || is_word(char::from(*byte));
    rest.bytes()
        .position(|byte| !is_word(&byte))
        .unwrap_or(rest.len())
}

fn number(rest: &str) -> usize {
    let mut length = 0;
    let mut before = ' ';
    for c in rest.chars() {
        let exponent = matches!(before, 'e' | 'E') && matches!(c, '+' | '-') && !rest.starts_with("0x");
        if !(c.is_ascii_alphanumeric() || c == '.' || c == '_' || exponent) {
            break;
        }
        before = c;
        length += 1;
    }
    length
}

fn quoted(rest: &str, quote: char) -> usize {
    let mut at = 1;
    while let Some(found) = rest.get(at..).and_then(|inside| inside.find(quote)) {
        at += found + 1;
        if !rest.get(at..).is_some_and(|after| after.starts_with(quote)) {
            return at;
        }
        at += 1;
    }
    rest.len()
}

fn symbol(rest: &str, first: char) -> usize {
    if !matches!(first, '-' | '|' | '<' | '>' | '!' | '=') {
        return first.len_utf8();
    }
    for long in ["->>", "->", "||", "<<", ">>", "<=", ">=", "<>", "!=", "=="] {
        if rest.starts_with(long) {
            return long.len();
        }
    }
    first.len_utf8()
}

/// SQL in one spelling: no comments, single blanks, names without needless quotes, words in lower case. Two texts that SQLite
/// reads alike token by token become the same; others stay different.
pub(in super::super) fn normal(sql: &str) -> String {
    spelled(sql, Letters::Lower)
}

/// SQL as it was said, but for comments, blanks, needless quotes and the case of keywords: names keep their letters.
pub(in super::super) fn exact(sql: &str) -> String {
    spelled(sql, Letters::AsTheyAre)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Letters {
    Lower,
    AsTheyAre,
}

fn spelled(sql: &str, letters: Letters) -> String {
    let mut out = String::with_capacity(sql.len());
    let said = Scanner { sql, at: 0 }.filter(|token| token.kind != TokenKind::Comment);
    for token in said {
        if !out.is_empty() {
            out.push(' ');
        }
        match token.kind {
            TokenKind::Word if letters == Letters::AsTheyAre && !reserved(token.text) => {
                out.push_str(token.text);
            }
            TokenKind::Word | TokenKind::Blob | TokenKind::Number => {
                let start = out.len();
                out.push_str(token.text);
                if let Some(added) = out.get_mut(start..) {
                    added.make_ascii_lowercase();
                }
            }
            TokenKind::Quoted => {
                let name = unquote(token.text);
                let lower = name.to_ascii_lowercase();
                if letters == Letters::AsTheyAre && is_plain(&lower) {
                    out.push_str(&name);
                } else if letters == Letters::AsTheyAre {
                    out.push_str(&quote(&name));
                } else {
                    out.push_str(&quote(&lower));
                }
            }
            _ => match token.text {
                "==" => out.push('='),
                "!=" => out.push_str("<>"),
                text => out.push_str(text),
            },
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[allow(clippy::string_slice, reason = "a test may fail loudly")]
    fn every_byte_is_in_a_token_or_blank() {
        for sql in [
            "a'b''c'[d]\"e\"\"f\"`g`",
            "'open",
            "/* open",
            "x'00' 1.5e-3 .5 0x1F ?1 :a @b $c",
            "é--c\nü",
            "[",
            "\"",
            "a\0b",
            "->>",
        ] {
            let mut at = 0;
            for token in tokens(sql) {
                assert!(sql[at..token.start].trim().is_empty(), "{sql}");
                at = token.end();
            }
            assert_eq!(at, sql.len(), "{sql}");
        }
    }

    #[test]
    fn letters_of_names_can_be_kept() {
        assert_eq!(exact("CREATE [A] -- b\n(\"Order\")"), "create A ( \"Order\" )");
        assert_ne!(exact("Price"), exact("price"));
        assert_eq!(exact("NOT NULL"), exact("not null"));
    }

    #[test]
    fn spelling_does_not_matter_and_meaning_does() {
        assert_eq!(
            normal("CHECK( \"price\">=0 ) -- why"),
            normal("check ([Price] >= 0)")
        );
        assert_ne!(normal("a = 'x'"), normal("a = 'X'"));
        assert_ne!(normal("\"order\""), normal("order"));
        assert_ne!(normal("a - -1"), normal("a --1"));
    }
}
