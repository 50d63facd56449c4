//! Cuts a text into tokens that cover every byte of it.

use crate::codes;
use crate::decode::{Amount, Number, StringFault, string};
use crate::kind::TokenKind;
use crate::tree::Token;
use diagnostics::{Certainty, Diagnostic, Diagnostics, FileId, Span};

/// The tokens of a text, the last of which is an empty [`TokenKind::Eof`], and what is wrong with them.
pub(crate) fn lex(file: FileId, text: &str) -> (Vec<Token>, Diagnostics) {
    let tokens = Vec::with_capacity(text.len() / 4 + 1);
    let mut lexer = Lexer {
        file,
        text,
        bytes: text.as_bytes(),
        at: 0,
        tokens,
        found: Diagnostics::default(),
    };
    if text.starts_with('\u{feff}') {
        lexer.at = '\u{feff}'.len_utf8();
        lexer.tokens.push(Token {
            start: 0,
            kind: TokenKind::Space,
        });
    }
    while let Some(byte) = lexer.peek(0) {
        let start = lexer.at;
        let kind = lexer.token(byte);
        lexer.tokens.push(Token {
            start: start as u32,
            kind,
        });
    }
    lexer.tokens.push(Token {
        start: lexer.at as u32,
        kind: TokenKind::Eof,
    });
    (lexer.tokens, lexer.found)
}

struct Lexer<'s> {
    file: FileId,
    text: &'s str,
    bytes: &'s [u8],
    at: usize,
    tokens: Vec<Token>,
    found: Diagnostics,
}

const fn is_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

const fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\n')
}

impl Lexer<'_> {
    fn peek(&self, ahead: usize) -> Option<u8> {
        self.bytes.get(self.at + ahead).copied()
    }

    fn eat_while(&mut self, accept: impl Fn(u8) -> bool) {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        self.at += rest.iter().position(|byte| !accept(*byte)).unwrap_or(rest.len());
    }

    fn rest(&self) -> &str {
        self.text.get(self.at..).unwrap_or("")
    }

    fn span(&self, start: usize, end: usize) -> Span {
        Span::new(self.file, start as u32, end as u32)
    }

    fn slice(&self, start: usize, end: usize) -> &str {
        self.text.get(start..end).unwrap_or("")
    }

    fn token(&mut self, byte: u8) -> TokenKind {
        match byte {
            b' ' | b'\t' | b'\n' | b'\r' => self.blank(),
            b'a'..=b'z' | b'_' => self.word(TokenKind::Lower),
            b'A'..=b'Z' => self.word(TokenKind::Upper),
            b'0'..=b'9' => self.number(),
            b'"' => self.quoted(),
            b'$' => self.param(),
            b'/' if self.peek(1) == Some(b'/') => self.comment(),
            b'/' if self.peek(1) == Some(b'*') => self.block_comment(),
            b'#' => self.hash_comment(),
            b'\'' => self.single_quoted(),
            _ => self.punctuation(byte),
        }
    }

    fn blank(&mut self) -> TokenKind {
        let start = self.at;
        self.eat_while(is_blank);
        let blanks = self.bytes.get(start..self.at).unwrap_or_default();
        if blanks.contains(&b'\n') {
            TokenKind::LineBreak
        } else {
            TokenKind::Space
        }
    }

    fn word(&mut self, kind: TokenKind) -> TokenKind {
        let start = self.at;
        self.eat_while(is_name);
        if self.peek(0).is_some_and(|byte| !byte.is_ascii())
            && self.rest().chars().next().is_some_and(char::is_alphanumeric)
        {
            return self.foreign_word(start, kind);
        }
        kind
    }

    /// A word with letters that no identifier may have: one token, so that there is one complaint.
    fn foreign_word(&mut self, start: usize, kind: TokenKind) -> TokenKind {
        let rest = self.rest();
        let end = rest
            .find(|c: char| !(c.is_alphanumeric() || c == '_'))
            .unwrap_or(rest.len());
        self.at += end;
        let span = self.span(start, self.at);
        let message = format!(
            "`{}` has letters that names cannot have",
            self.slice(start, self.at)
        );
        self.found
            .push(Diagnostic::new(&codes::NON_ASCII_NAME, span, message).help(
            "names are ASCII letters, digits and `_`; `@table(\"…\")` and `@column(\"…\")` name what exists",
        ));
        kind
    }

    fn comment(&mut self) -> TokenKind {
        let doc = self.peek(2) == Some(b'/') && self.peek(3) != Some(b'/');
        self.skip_line();
        if doc { TokenKind::Doc } else { TokenKind::Comment }
    }

    /// Moves to the line end; the `\r` of a `\r\n` is part of the line end.
    fn skip_line(&mut self) {
        self.eat_while(|byte| byte != b'\n');
        let before = self.at.checked_sub(1).and_then(|at| self.bytes.get(at));
        if self.peek(0) == Some(b'\n') && before == Some(&b'\r') {
            self.at -= 1;
        }
    }

    fn hash_comment(&mut self) -> TokenKind {
        let start = self.at;
        self.skip_line();
        let sign = self.span(start, start + 1);
        self.found.push(
            Diagnostic::new(&codes::FOREIGN_COMMENT, sign, "`#` begins no comment here")
                .help("comments begin with `//`, documentation with `///`")
                .replace(Certainty::Certain, "write `//`", sign, "//"),
        );
        TokenKind::Comment
    }

    fn block_comment(&mut self) -> TokenKind {
        let start = self.at;
        let body = self.text.get(start + 2..).unwrap_or("");
        let end = body.find("*/").map_or(self.text.len(), |at| start + at + 4);
        let one_line = !self.slice(start, end).contains('\n');
        self.at = end;
        let span = self.span(start, start + 2);
        let mut found = Diagnostic::new(&codes::FOREIGN_COMMENT, span, "there are no block comments")
            .help("begin each line with `//`, or with `///` where it documents what follows");
        let last = self
            .rest()
            .lines()
            .next()
            .is_none_or(|rest| rest.trim().is_empty());
        if one_line && last && self.slice(start, end).ends_with("*/") && end >= start + 4 {
            let inner = self.slice(start + 2, end - 2).trim_matches('*').trim().to_owned();
            let whole = self.span(start, end);
            found = found.replace(Certainty::Certain, "write `//`", whole, format!("// {inner}"));
        }
        self.found.push(found);
        TokenKind::Comment
    }

    fn param(&mut self) -> TokenKind {
        let start = self.at;
        self.at += 1;
        match self.peek(0) {
            Some(b'a'..=b'z' | b'_') => self.eat_while(is_name),
            Some(b'A'..=b'Z') => {
                self.eat_while(is_name);
                let name = crate::case::snake(self.slice(start + 1, self.at));
                let span = self.span(start + 1, self.at);
                let message = format!(
                    "`{}` must begin with a lower case letter",
                    self.slice(start, self.at)
                );
                self.found.push(
                    Diagnostic::new(&codes::UPPER_CASE_NAME, span, message)
                        .help("parameters are written like fields: `$name`")
                        .replace(Certainty::Certain, format!("write `${name}`"), span, name),
                );
            }
            _ => {
                let span = self.span(start, self.at);
                self.found.push(
                    Diagnostic::new(
                        &codes::MISSING_NAME,
                        span,
                        "`$` needs the name of a parameter right behind it",
                    )
                    .help("write `$name`"),
                );
            }
        }
        TokenKind::Param
    }

    fn number(&mut self) -> TokenKind {
        let start = self.at;
        self.eat_while(|byte| byte.is_ascii_digit() || byte == b'_');
        if self.peek(0) == Some(b'.') && self.peek(1).is_some_and(|byte| byte.is_ascii_digit()) {
            self.at += 1;
            self.eat_while(|byte| byte.is_ascii_digit());
        }
        let end = self.at;
        if Number::decode(self.slice(start, end)).is_none() {
            let digits = Diagnostic::new(
                &codes::LONG_NUMBER,
                self.span(start, end),
                "the number has too many digits",
            );
            self.found.push(digits.help("numbers have up to 38 digits"));
        }
        match self.peek(0) {
            Some(b'%') => self.at += 1,
            Some(byte) if byte.is_ascii_alphabetic() => self.eat_while(is_name),
            _ => return TokenKind::Number,
        }
        self.check_unit(start, end);
        TokenKind::Amount
    }

    fn check_unit(&mut self, start: usize, unit: usize) {
        if Amount::decode(self.slice(start, self.at)).is_some() {
            return;
        }
        let number = self.slice(start, unit).to_owned();
        let word = self.slice(unit, self.at).to_owned();
        let span = self.span(start, self.at);
        let found = Diagnostic::new(
            &codes::BAD_UNIT,
            span,
            format!("`{number}{word}` has an unknown unit"),
        );
        let found = match (word.as_str(), better_unit(&word)) {
            ("m", _) => found
                .label("minutes, months or millions?")
                .help(format!("write `{number}min`, `{number} months` or `{number}M`")),
            (_, Some(unit)) => {
                let text = format!("{number}{unit}");
                found.replace(Certainty::Certain, format!("write `{text}`"), span, text)
            }
            _ if Number::decode(&number).is_none() => return,
            _ => found.help("counts take `K`, `M`, `G`; times `ms`, `s`, `min`, `h`; shares `%`; longer times a word: `30 days`"),
        };
        self.found.push(found);
    }

    fn quoted(&mut self) -> TokenKind {
        let start = self.at;
        if self.rest().starts_with("\"\"\"") {
            return self.raw(start);
        }
        self.at += 1;
        loop {
            self.eat_while(|byte| !matches!(byte, b'"' | b'\\' | b'\n'));
            match self.peek(0) {
                Some(b'"') => {
                    self.at += 1;
                    self.check_string(start);
                    return TokenKind::String;
                }
                Some(b'\\') if self.peek(1).is_some_and(|byte| byte != b'\n') => {
                    self.at += 1;
                    let next = self.rest().chars().next();
                    self.at += next.map_or(0, char::len_utf8);
                }
                Some(b'\\') => self.at += 1,
                _ => return self.unterminated(start),
            }
        }
    }

    fn unterminated(&mut self, start: usize) -> TokenKind {
        if self.slice(start, self.at).ends_with('\r') {
            self.at -= 1;
        }
        let found = Diagnostic::new(
            &codes::UNTERMINATED_STRING,
            self.span(start, self.at),
            "the string is not closed on its line",
        );
        self.found
            .push(found.help("close it with `\"`; text of several lines stands between `\"\"\"`"));
        TokenKind::String
    }

    fn raw(&mut self, start: usize) -> TokenKind {
        let body = self.text.get(start + 3..).unwrap_or("");
        if let Some(at) = body.find("\"\"\"") {
            self.at = start + at + 6;
        } else {
            self.at = self.text.len();
            let open = self.span(start, start + 3);
            let found = Diagnostic::new(&codes::UNTERMINATED_RAW, open, "the raw string is never closed");
            self.found.push(found.help("close it with `\"\"\"`"));
        }
        TokenKind::Raw
    }

    fn check_string(&mut self, start: usize) {
        let inner = self.slice(start + 1, self.at - 1);
        if !inner
            .bytes()
            .any(|byte| byte == b'\\' || !(0x20..0x7f).contains(&byte))
        {
            return;
        }
        let mut faults = Vec::new();
        string(inner, |fault| faults.push(fault));
        for bad in faults {
            let from = start + 1 + bad.at;
            let span = self.span(from, from + bad.len);
            let written = self.slice(from, from + bad.len);
            let found = match bad.fault {
                StringFault::Escape => {
                    Diagnostic::new(&codes::BAD_ESCAPE, span, format!("unknown escape `{written}`")).help(
                        "the escapes are `\\\"` `\\\\` `\\/` `\\b` `\\f` `\\n` `\\r` `\\t` and `\\u0000`",
                    )
                }
                StringFault::Unicode => Diagnostic::new(
                    &codes::BAD_ESCAPE,
                    span,
                    format!("`{written}` stands for no character"),
                )
                .help("`\\u` takes four hexadecimal digits; characters beyond them take a surrogate pair"),
                StringFault::Control => {
                    let escape = control_escape(written);
                    Diagnostic::new(&codes::BAD_ESCAPE, span, "a control character stands in a string")
                        .replace(Certainty::Certain, format!("write `{escape}`"), span, escape)
                }
            };
            self.found.push(found);
        }
    }

    fn single_quoted(&mut self) -> TokenKind {
        let start = self.at;
        let line = self.bytes.get(start + 1..).unwrap_or_default();
        let end = line.iter().position(|byte| matches!(byte, b'\'' | b'\n'));
        let Some(end) = end.filter(|end| line.get(*end) == Some(&b'\'')) else {
            return self.stray();
        };
        self.at = start + end + 2;
        let span = self.span(start, self.at);
        let inner = self.slice(start + 1, self.at - 1);
        let plain = !inner.contains(['"', '\\']) && !inner.chars().any(char::is_control);
        let fixed = format!("\"{inner}\"");
        let found = Diagnostic::new(&codes::SINGLE_QUOTES, span, "strings stand in double quotes");
        self.found.push(if plain {
            found.replace(Certainty::Certain, format!("write `{fixed}`"), span, fixed)
        } else {
            found.help("write it between `\"` and escape `\"` and `\\` inside with `\\`")
        });
        TokenKind::String
    }

    fn punctuation(&mut self, byte: u8) -> TokenKind {
        use TokenKind as T;
        let (kind, len) = match (byte, self.peek(1)) {
            (b'{', _) => (T::LBrace, 1),
            (b'}', _) => (T::RBrace, 1),
            (b'(', _) => (T::LParen, 1),
            (b')', _) => (T::RParen, 1),
            (b'[', _) => (T::LBracket, 1),
            (b']', _) => (T::RBracket, 1),
            (b',', _) => (T::Comma, 1),
            (b':', _) => (T::Colon, 1),
            (b'?', _) => (T::Question, 1),
            (b'@', _) => (T::At, 1),
            (b'.', Some(b'.')) => (T::DotDot, 2),
            (b'.', _) => (T::Dot, 1),
            (b'-', Some(b'>')) => (T::Arrow, 2),
            (b'-', _) => (T::Minus, 1),
            (b'=', Some(b'=')) => (T::EqEq, 2),
            (b'=', _) => (T::Eq, 1),
            (b'!', Some(b'=')) => (T::NotEq, 2),
            (b'!', _) => (T::Bang, 1),
            (b'<', Some(b'=')) => (T::LtEq, 2),
            (b'<', Some(b'>')) => (T::LtGt, 2),
            (b'<', _) => (T::Lt, 1),
            (b'>', Some(b'=')) => (T::GtEq, 2),
            (b'>', _) => (T::Gt, 1),
            (b'+', _) => (T::Plus, 1),
            (b'*', _) => (T::Star, 1),
            (b'/', _) => (T::Slash, 1),
            (b'&', Some(b'&')) => (T::AndAnd, 2),
            (b'|', Some(b'|')) => (T::OrOr, 2),
            (b';', _) => (T::Semicolon, 1),
            _ => return self.other(),
        };
        self.at += len;
        kind
    }

    /// A character outside ASCII, or one without a meaning.
    fn other(&mut self) -> TokenKind {
        let start = self.at;
        match self.rest().chars().next() {
            Some(c) if c.is_alphabetic() => {
                let kind = if c.is_uppercase() {
                    TokenKind::Upper
                } else {
                    TokenKind::Lower
                };
                self.foreign_word(start, kind)
            }
            _ => self.stray(),
        }
    }

    /// A run of characters without a meaning, as one token with one complaint.
    fn stray(&mut self) -> TokenKind {
        let start = self.at;
        let meaningless = |c: char| match c {
            '&' | '|' | '\\' | '`' | '~' | '^' | '%' | '\'' => true,
            c => !c.is_alphabetic() && !c.is_ascii_graphic() && !c.is_ascii_whitespace(),
        };
        let rest = self.rest();
        let mut end = rest.chars().next().map_or(1, char::len_utf8);
        let tail = rest.get(end..).unwrap_or("");
        end += tail.find(|c: char| !meaningless(c)).unwrap_or(tail.len());
        self.at += end;
        let shown: String = self
            .slice(start, self.at)
            .chars()
            .take(8)
            .flat_map(visible)
            .collect();
        let message = format!("`{shown}` has no meaning here");
        self.found.push(
            Diagnostic::new(&codes::STRAY_CHARACTER, self.span(start, self.at), message).help("remove it"),
        );
        TokenKind::Unknown
    }
}

/// A character as a message may show it: nothing invisible, nothing that moves a cursor.
fn visible(c: char) -> Vec<char> {
    let hidden = c.is_control()
        || c.is_whitespace() && c != ' '
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}');
    if hidden {
        format!("U+{:04X}", u32::from(c)).chars().collect()
    } else {
        vec![c]
    }
}

/// The escape of a control character.
fn control_escape(written: &str) -> String {
    match written {
        "\t" => "\\t".to_owned(),
        "\r" => "\\r".to_owned(),
        other => other
            .chars()
            .map(|c| format!("\\u{:04x}", u32::from(c)))
            .collect(),
    }
}

/// What an unknown unit can only have meant.
fn better_unit(word: &str) -> Option<&'static str> {
    Some(match word {
        "k" => "K",
        "g" | "B" | "bn" => "G",
        "mn" | "mio" | "mil" => "M",
        "MS" | "msec" | "millis" => "ms",
        "S" | "sec" | "secs" | "second" | "seconds" => "s",
        "mins" | "minute" | "minutes" => "min",
        "H" | "hr" | "hrs" | "hour" | "hours" => "h",
        "d" | "day" | "days" => " days",
        "w" | "week" | "weeks" => " weeks",
        "month" | "months" => " months",
        "y" | "yr" | "year" | "years" => " years",
        _ => return None,
    })
}
