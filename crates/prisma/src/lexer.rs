//! Cuts the text of a Prisma schema into tokens. What is no token is told and left out.

use diagnostics::{Diagnostic, Diagnostics, FileId, Span};

use crate::codes;

/// What a token is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum TokenKind {
    /// A name or keyword.
    Word(String),
    /// A text in quotes, decoded.
    Text(String),
    /// A number as written.
    Number(String),
    /// One of `{}()[],:=@.?!`.
    Mark(char),
    /// `@@`
    Ats,
    /// The end of a line.
    Line,
    /// `/// …`, without the marks and the blank behind them.
    Docs(String),
    /// The end of the text.
    End,
}

/// A piece of the text.
#[derive(Debug, Clone)]
pub(crate) struct Token {
    pub(crate) kind: TokenKind,
    pub(crate) span: Span,
}

/// The tokens of a text; the last one is [`TokenKind::End`].
pub(crate) fn lex(file: FileId, text: &str, found: &mut Diagnostics) -> Vec<Token> {
    let mut lexer = Lexer {
        file,
        text,
        at: if text.starts_with('\u{feff}') { 3 } else { 0 },
        tokens: Vec::with_capacity(text.len() / 4 + 1),
        found,
    };
    while let Some(c) = lexer.rest().chars().next() {
        lexer.token(c);
    }
    let end = lexer.span(lexer.at);
    lexer.tokens.push(Token {
        kind: TokenKind::End,
        span: end,
    });
    lexer.tokens
}

struct Lexer<'t, 'd> {
    file: FileId,
    text: &'t str,
    at: usize,
    tokens: Vec<Token>,
    found: &'d mut Diagnostics,
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_' || c == '-'
}

impl<'t> Lexer<'t, '_> {
    fn rest(&self) -> &'t str {
        self.text.get(self.at..).unwrap_or_default()
    }

    /// From a place to where the lexer stands.
    fn span(&self, start: usize) -> Span {
        let at = |offset: usize| u32::try_from(offset).unwrap_or(u32::MAX);
        Span::new(self.file, at(start), at(self.at))
    }

    fn push(&mut self, kind: TokenKind, start: usize) {
        let span = self.span(start);
        self.tokens.push(Token { kind, span });
    }

    fn token(&mut self, c: char) {
        let start = self.at;
        match c {
            '\n' => {
                self.at += 1;
                self.push(TokenKind::Line, start);
            }
            ' ' | '\t' | '\r' => self.at += 1,
            '/' => self.comment(),
            '"' => self.quoted(),
            '{' | '}' | '(' | ')' | '[' | ']' | ',' | ':' | '=' | '.' | '?' | '!' => {
                self.at += 1;
                self.push(TokenKind::Mark(c), start);
            }
            '@' if self.rest().starts_with("@@") => {
                self.at += 2;
                self.push(TokenKind::Ats, start);
            }
            '@' => {
                self.at += 1;
                self.push(TokenKind::Mark('@'), start);
            }
            c if c.is_ascii_digit() || c == '-' => self.number(),
            c if is_word(c) => {
                let end = self.rest().find(|c| !is_word(c));
                let word = self.rest().get(..end.unwrap_or(self.rest().len()));
                let word = word.unwrap_or_default().to_owned();
                self.at += word.len();
                self.push(TokenKind::Word(word), start);
            }
            c => self.strange(c),
        }
    }

    /// A run of characters that begin nothing, as one finding.
    fn strange(&mut self, first: char) {
        let start = self.at;
        let end = self
            .rest()
            .find(|c: char| is_word(c) || c.is_whitespace() || "/\"{}()[],:=.?!@".contains(c));
        self.at += end.unwrap_or(self.rest().len()).max(first.len_utf8());
        let message = if first.is_control() {
            format!(
                "the control character U+{:04X} cannot stand here",
                u32::from(first)
            )
        } else {
            format!("`{first}` begins nothing")
        };
        let finding = Diagnostic::new(&codes::UNREAD, self.span(start), message);
        self.found.push(finding.help("take it out"));
    }

    fn comment(&mut self) {
        let start = self.at;
        let rest = self.rest();
        if rest.starts_with("/*") {
            let end = rest.find("*/");
            self.at += end.map_or(rest.len(), |end| end + 2);
            if end.is_none() {
                self.open(start, "a comment", "write `*/` where it ends");
            }
            return;
        }
        if !rest.starts_with("//") {
            self.at += 1;
            let finding = Diagnostic::new(&codes::UNREAD, self.span(start), "`/` begins nothing");
            self.found.push(finding.help("a comment begins with `//`"));
            return;
        }
        let line = rest.split('\n').next().unwrap_or_default();
        self.at += line.len();
        if let Some(docs) = line.strip_prefix("///") {
            let docs = docs.strip_prefix(' ').unwrap_or(docs).trim_end();
            self.push(TokenKind::Docs(docs.to_owned()), start);
        }
    }

    fn open(&mut self, start: usize, what: &str, help: &str) {
        let line = self
            .text
            .get(start..)
            .and_then(|rest| rest.split('\n').next())
            .unwrap_or_default();
        let at = |offset: usize| u32::try_from(offset).unwrap_or(u32::MAX);
        let span = Span::new(self.file, at(start), at(start + line.len()));
        let finding = Diagnostic::new(
            &codes::UNREAD,
            span,
            format!("{what} begins here and does not end"),
        );
        self.found.push(finding.help(help));
    }

    fn number(&mut self) {
        let start = self.at;
        let rest = self.rest();
        let sign = usize::from(rest.starts_with('-'));
        let digits = |from: usize| {
            let rest = rest.get(from..).unwrap_or_default();
            rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len())
        };
        let mut length = sign + digits(sign);
        if length > sign && rest.get(length..).is_some_and(|rest| rest.starts_with('.')) {
            let fraction = digits(length + 1);
            length += if fraction > 0 { fraction + 1 } else { 0 };
        }
        self.at += length;
        // A name may begin with a digit in older schemas: the members of enums do.
        let tail = self.rest();
        let tail = tail.find(|c| !is_word(c)).unwrap_or(tail.len());
        if length == sign || tail > 0 {
            self.at += tail;
            let word = self.text.get(start..self.at).unwrap_or_default().to_owned();
            let span = self.span(start);
            let finding = Diagnostic::new(&codes::UNREAD, span, format!("`{word}` is no number and no name"));
            self.found
                .push(finding.help("numbers are written in full: `10000`, `-0.5`"));
            self.push(TokenKind::Word(word), start);
            return;
        }
        let number = rest.get(..length).unwrap_or_default().to_owned();
        self.push(TokenKind::Number(number), start);
    }

    fn quoted(&mut self) {
        let start = self.at;
        let mut text = String::new();
        let mut chars = self.rest().char_indices().skip(1);
        let mut end = None;
        let mut bad = None;
        while let Some((at, c)) = chars.next() {
            match c {
                '"' => {
                    end = Some(at + 1);
                    break;
                }
                '\n' => break,
                '\\' => match escape(&mut chars) {
                    Some(c) => text.push(c),
                    None => bad = bad.or(Some(at)),
                },
                c if c.is_control() && c != '\t' => bad = bad.or(Some(at)),
                c => text.push(c),
            }
        }
        let line = || self.rest().find('\n').unwrap_or(self.rest().len());
        self.at += end.unwrap_or_else(line);
        if end.is_none() {
            self.open(start, "a text", "write `\"` where it ends, on the same line");
        } else if let Some(bad) = bad {
            let at = |offset: usize| u32::try_from(offset).unwrap_or(u32::MAX);
            let span = Span::new(self.file, at(start + bad), at(start + bad + 1));
            let finding = Diagnostic::new(&codes::UNREAD, span, "this is no character of a text");
            self.found
                .push(finding.help(r#"escapes are `\"`, `\\`, `\n`, `\r`, `\t` and `\u00e9`"#));
        }
        self.push(TokenKind::Text(text), start);
    }
}

/// The character that an escape stands for; the backslash was read.
fn escape(chars: &mut impl Iterator<Item = (usize, char)>) -> Option<char> {
    match chars.next()?.1 {
        'n' => Some('\n'),
        'r' => Some('\r'),
        't' => Some('\t'),
        'b' => Some('\u{8}'),
        'f' => Some('\u{c}'),
        'u' => {
            let first = unit(chars)?;
            if !(0xd800..0xdc00).contains(&first) {
                return char::from_u32(first).filter(|c| *c != '\0');
            }
            // The other half follows in an escape of its own.
            let follows = chars.next()?.1 == '\\' && chars.next()?.1 == 'u';
            let second = unit(chars).filter(|low| follows && (0xdc00..0xe000).contains(low))?;
            char::from_u32(0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00))
        }
        c @ ('"' | '\\' | '/' | '\'') => Some(c),
        _ => None,
    }
}

/// Four hexadecimal digits.
fn unit(chars: &mut impl Iterator<Item = (usize, char)>) -> Option<u32> {
    let mut value = 0;
    for _ in 0..4 {
        value = value * 16 + chars.next()?.1.to_digit(16)?;
    }
    Some(value)
}
