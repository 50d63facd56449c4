//! Words, constants and operators of SQL, as PostgreSQL's own scanner splits them.

/// A token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Token {
    /// A word without quotes, in lower case.
    Word(String),
    /// A name in double quotes, as stored.
    Quoted(String),
    /// A text constant, decoded.
    Text(String),
    /// A number as written.
    Number(String),
    /// `$1`, `:name`: a value that the caller supplies.
    Param(String),
    /// An operator, `::` included.
    Op(String),
    /// One of `( ) [ ] , . ; :`.
    Punct(char),
}

impl Token {
    /// Whether it is this word, without quotes.
    pub(crate) fn is_word(&self, word: &str) -> bool {
        matches!(self, Self::Word(text) if text == word)
    }
}

const OPERATOR: &str = "+-*/<>=~!@#%^&|`?";
/// An operator may end in `+` or `-` only when it holds one of these.
const LOOSE: &str = "~!@#%^&|`?";

/// Splits SQL into tokens; `None` when a constant or comment does not end.
pub(crate) fn tokens(sql: &str) -> Option<Vec<Token>> {
    let mut scanner = Scanner {
        chars: sql.chars().collect(),
        at: 0,
    };
    let mut out = Vec::new();
    while let Some(c) = scanner.peek(0) {
        if c.is_whitespace() {
            scanner.at += 1;
        } else if c == '-' && scanner.peek(1) == Some('-') {
            scanner.take_while(|c| c != '\n');
        } else if c == '/' && scanner.peek(1) == Some('*') {
            scanner.comment()?;
        } else {
            out.push(scanner.token(c)?);
        }
    }
    Some(out)
}

struct Scanner {
    chars: Vec<char>,
    at: usize,
}

impl Scanner {
    fn peek(&self, ahead: usize) -> Option<char> {
        self.chars.get(self.at + ahead).copied()
    }

    fn bump(&mut self) -> Option<char> {
        let c = self.peek(0)?;
        self.at += 1;
        Some(c)
    }

    fn take_while(&mut self, keep: impl Fn(char) -> bool) -> String {
        let mut out = String::new();
        while let Some(c) = self.peek(0).filter(|c| keep(*c)) {
            out.push(c);
            self.at += 1;
        }
        out
    }

    fn comment(&mut self) -> Option<()> {
        let mut depth = 0_usize;
        loop {
            match (self.peek(0)?, self.peek(1)) {
                ('/', Some('*')) => {
                    depth += 1;
                    self.at += 2;
                }
                ('*', Some('/')) => {
                    depth -= 1;
                    self.at += 2;
                    if depth == 0 {
                        return Some(());
                    }
                }
                _ => self.at += 1,
            }
        }
    }

    fn token(&mut self, c: char) -> Option<Token> {
        let next = self.peek(1);
        match c {
            '\'' => {
                self.at += 1;
                self.quoted('\'', false).map(Token::Text)
            }
            'e' | 'E' if next == Some('\'') => {
                self.at += 2;
                self.quoted('\'', true).map(Token::Text)
            }
            '"' => {
                self.at += 1;
                self.quoted('"', false).map(Token::Quoted)
            }
            '$' if next.is_some_and(|c| c.is_ascii_digit()) => {
                self.at += 1;
                Some(Token::Param(self.take_while(|c| c.is_ascii_digit())))
            }
            '$' => self.dollar().map(Token::Text),
            ':' if next == Some(':') => {
                self.at += 2;
                Some(Token::Op("::".to_owned()))
            }
            ':' if next.is_some_and(is_word_start) => {
                self.at += 1;
                Some(Token::Param(self.take_while(is_word_part)))
            }
            '(' | ')' | '[' | ']' | ',' | ';' | ':' => {
                self.at += 1;
                Some(Token::Punct(c))
            }
            '.' if !next.is_some_and(|c| c.is_ascii_digit()) => {
                self.at += 1;
                Some(Token::Punct('.'))
            }
            _ if c.is_ascii_digit() || c == '.' => Some(Token::Number(self.number())),
            _ if is_word_start(c) => Some(Token::Word(self.take_while(is_word_part).to_lowercase())),
            _ if OPERATOR.contains(c) => Some(Token::Op(self.operator())),
            _ => None,
        }
    }

    /// The rest of a quoted text, up to the quote that is not doubled.
    fn quoted(&mut self, quote: char, escapes: bool) -> Option<String> {
        let mut out = String::new();
        loop {
            let c = self.bump()?;
            if c == quote {
                if self.peek(0) != Some(quote) {
                    return Some(out);
                }
                self.at += 1;
                out.push(quote);
            } else if c == '\\' && escapes {
                out.push(self.escape()?);
            } else {
                out.push(c);
            }
        }
    }

    fn escape(&mut self) -> Option<char> {
        Some(match self.bump()? {
            'n' => '\n',
            't' => '\t',
            'r' => '\r',
            'b' => '\u{8}',
            'f' => '\u{c}',
            'u' => self.code_point(4)?,
            'U' => self.code_point(8)?,
            'x' => self.code_point(2)?,
            other => other,
        })
    }

    fn code_point(&mut self, digits: usize) -> Option<char> {
        let mut value = 0_u32;
        for _ in 0..digits {
            value = value * 16 + self.bump()?.to_digit(16)?;
        }
        char::from_u32(value)
    }

    fn dollar(&mut self) -> Option<String> {
        self.at += 1;
        let tag = self.take_while(|c| is_word_part(c) && c != '$');
        if self.bump()? != '$' {
            return None;
        }
        let close: Vec<char> = format!("${tag}$").chars().collect();
        let rest = self.chars.get(self.at..)?;
        let end = rest
            .windows(close.len())
            .position(|window| window == close.as_slice())?;
        let body = rest.get(..end)?.iter().collect();
        self.at += end + close.len();
        Some(body)
    }

    fn number(&mut self) -> String {
        let mut out = self.take_while(|c| c.is_ascii_digit());
        // `1..2` is not a number followed by one: two points never belong to it.
        if self.peek(0) == Some('.') && self.peek(1) != Some('.') {
            self.at += 1;
            out.push('.');
            out.push_str(&self.take_while(|c| c.is_ascii_digit()));
        }
        if matches!(self.peek(0), Some('e' | 'E')) {
            let signed = matches!(self.peek(1), Some('+' | '-'));
            if self
                .peek(if signed { 2 } else { 1 })
                .is_some_and(|c| c.is_ascii_digit())
            {
                out.push('e');
                self.at += 1;
                if signed {
                    out.extend(self.bump());
                }
                out.push_str(&self.take_while(|c| c.is_ascii_digit()));
            }
        }
        out
    }

    fn operator(&mut self) -> String {
        let mut out = String::new();
        while let Some(c) = self.peek(0).filter(|c| OPERATOR.contains(*c)) {
            let comment = matches!((c, self.peek(1)), ('-', Some('-')) | ('/', Some('*')));
            if comment && !out.is_empty() {
                break;
            }
            out.push(c);
            self.at += 1;
        }
        while out.chars().count() > 1 && out.ends_with(['+', '-']) && !out.contains(|c| LOOSE.contains(c)) {
            out.pop();
            self.at -= 1;
        }
        out
    }
}

fn is_word_start(c: char) -> bool {
    c.is_alphabetic() || c == '_'
}

fn is_word_part(c: char) -> bool {
    c.is_alphanumeric() || c == '_' || c == '$'
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn splits_like_the_server() {
        assert_eq!(
            tokens("a<-1 -- x\n/* y /* z */ */ >= E'\\'\\n' || $q$it's$q$").unwrap(),
            vec![
                Token::Word("a".into()),
                Token::Op("<".into()),
                Token::Op("-".into()),
                Token::Number("1".into()),
                Token::Op(">=".into()),
                Token::Text("'\n".into()),
                Token::Op("||".into()),
                Token::Text("it's".into()),
            ]
        );
        assert_eq!(
            tokens("\"A\"\"b\".c::text[1]").unwrap(),
            vec![
                Token::Quoted("A\"b".into()),
                Token::Punct('.'),
                Token::Word("c".into()),
                Token::Op("::".into()),
                Token::Word("text".into()),
                Token::Punct('['),
                Token::Number("1".into()),
                Token::Punct(']'),
            ]
        );
        assert_eq!(tokens("'open"), None);
    }
}
