//! SQL as far as it must be understood to know where a statement ends.

use crate::split::Language;

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Token {
    /// A bare word or number.
    Word,
    /// A name in quotes.
    Quoted,
    /// A text, in single quotes or dollars.
    Text,
    /// A comment.
    Comment,
    /// Blanks.
    Blank,
    /// Any other character.
    Sign(char),
    /// A text, name or comment without an end.
    Open(&'static str),
}

/// Walks over SQL; every byte belongs to exactly one token.
#[derive(Debug)]
pub(crate) struct Lexer<'a> {
    text: &'a str,
    at: usize,
    language: Language,
    /// Whether the token before was the bare word `E`, right before a quote.
    escapes: bool,
}

impl<'a> Lexer<'a> {
    pub(crate) fn new(text: &'a str, language: Language) -> Self {
        Self {
            text,
            at: 0,
            language,
            escapes: false,
        }
    }

    /// The next token with the bytes where it begins and ends.
    pub(crate) fn next(&mut self) -> Option<(Token, usize, usize)> {
        let start = self.at;
        let rest = self.rest();
        let first = rest.chars().next()?;
        let escapes = std::mem::take(&mut self.escapes);
        let token = match first {
            _ if first.is_whitespace() => self.run(Token::Blank, char::is_whitespace),
            '-' if rest.starts_with("--") => self.run(Token::Comment, |letter| letter != '\n'),
            '/' if rest.starts_with("/*") => self.block_comment(),
            '\'' => self.quoted('\'', escapes, Token::Text, "this text in single quotes"),
            '"' => self.quoted('"', false, Token::Quoted, "this name in double quotes"),
            '`' if self.language == Language::Sqlite => {
                self.quoted('`', false, Token::Quoted, "this name in backticks")
            }
            '[' if self.language == Language::Sqlite => self.bracketed(),
            '$' if self.language == Language::Postgres => self.dollar(),
            _ if is_word(first) => {
                let token = self.run(Token::Word, |letter| is_word(letter) || letter == '$');
                let word = self.text.get(start..self.at);
                self.escapes = self.language == Language::Postgres
                    && word.is_some_and(|word| word.eq_ignore_ascii_case("e"));
                token
            }
            _ => {
                self.at += first.len_utf8();
                Token::Sign(first)
            }
        };
        Some((token, start, self.at))
    }

    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or("")
    }

    fn run(&mut self, token: Token, belongs: impl Fn(char) -> bool) -> Token {
        let rest = self.rest();
        self.at += rest.find(|letter| !belongs(letter)).unwrap_or(rest.len());
        token
    }

    /// PostgreSQL nests comments; SQLite does not, and lets the last one stay open.
    fn block_comment(&mut self) -> Token {
        let rest = self.rest().as_bytes();
        let (mut depth, mut at) = (1_usize, 2);
        while depth > 0 {
            match (rest.get(at), rest.get(at + 1)) {
                (Some(b'*'), Some(b'/')) => {
                    depth -= 1;
                    at += 2;
                }
                (Some(b'/'), Some(b'*')) if self.language == Language::Postgres => {
                    depth += 1;
                    at += 2;
                }
                (Some(_), _) => at += 1,
                (None, _) => {
                    self.at = self.text.len();
                    return match self.language {
                        Language::Postgres => Token::Open("this comment"),
                        Language::Sqlite => Token::Comment,
                    };
                }
            }
        }
        self.at += at;
        Token::Comment
    }

    fn quoted(&mut self, quote: char, escapes: bool, token: Token, what: &'static str) -> Token {
        let mut letters = self.rest().char_indices().skip(1).peekable();
        while let Some((at, letter)) = letters.next() {
            if letter == '\\' && escapes {
                letters.next();
            } else if letter == quote && letters.next_if(|(_, next)| *next == quote).is_none() {
                self.at += at + 1;
                return token;
            }
        }
        self.at = self.text.len();
        Token::Open(what)
    }

    fn bracketed(&mut self) -> Token {
        match self.rest().find(']') {
            Some(end) => {
                self.at += end + 1;
                Token::Quoted
            }
            None => {
                self.at = self.text.len();
                Token::Open("this name in brackets")
            }
        }
    }

    /// `$$…$$` or `$tag$…$tag$`; `$1` and a lone `$` are signs.
    fn dollar(&mut self) -> Token {
        let rest = self.rest();
        let tag = rest
            .get(1..)
            .and_then(|after| after.split_once('$'))
            .map(|(tag, _)| tag);
        let tag = tag
            .filter(|tag| tag.chars().all(is_word) && !tag.starts_with(|first: char| first.is_ascii_digit()));
        let Some(delimiter) = tag.and_then(|tag| rest.get(..tag.len() + 2)) else {
            self.at += 1;
            return Token::Sign('$');
        };
        let body = rest.get(delimiter.len()..).unwrap_or("");
        match body.find(delimiter) {
            Some(end) => {
                self.at += delimiter.len() + end + delimiter.len();
                Token::Text
            }
            None => {
                self.at = self.text.len();
                Token::Open("this text in dollars")
            }
        }
    }
}

fn is_word(letter: char) -> bool {
    letter.is_alphanumeric() || letter == '_' || !letter.is_ascii() && !letter.is_whitespace()
}
