//! Words, quotes and comments of SQL text: enough to know where a statement ends, and what a comment says.

use std::ops::Range;

/// A piece of SQL that is no blank and no comment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Word<'t> {
    /// A word or number without quotes.
    Plain(&'t str),
    /// A constant or a name in quotes.
    Quoted,
    /// Any other character.
    Mark(char),
}

/// Something that begins and does not end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Open {
    pub(super) what: &'static str,
    pub(super) range: Range<usize>,
}

/// Reads SQL text from its beginning to its end.
pub(super) struct Scanner<'t> {
    text: &'t str,
    at: usize,
    postgres: bool,
    /// Comments on the way, without what marks them.
    pub(super) comments: Vec<Range<usize>>,
}

impl<'t> Scanner<'t> {
    /// `postgres` says whether dollars quote, comments nest, and brackets and back ticks do not quote.
    pub(super) fn new(text: &'t str, postgres: bool) -> Self {
        // A byte order mark is no part of the text.
        let at = if text.starts_with('\u{feff}') { 3 } else { 0 };
        Self {
            text,
            at,
            postgres,
            comments: Vec::new(),
        }
    }

    fn rest(&self) -> &'t str {
        self.text.get(self.at..).unwrap_or_default()
    }

    /// The next word and where it stands; `None` at the end.
    pub(super) fn next(&mut self) -> Result<Option<(Word<'t>, Range<usize>)>, Open> {
        self.skip_blanks()?;
        let start = self.at;
        let rest = self.rest();
        let Some(c) = rest.chars().next() else {
            return Ok(None);
        };
        let word = match c {
            '\'' => self.quoted('\'', false, "a text")?,
            '"' => self.quoted('"', false, "a name in double quotes")?,
            '`' if !self.postgres => self.quoted('`', false, "a name in back ticks")?,
            '[' if !self.postgres => self.quoted(']', false, "a name in brackets")?,
            'e' | 'E' if self.postgres && rest.as_bytes().get(1) == Some(&b'\'') => {
                self.at += 1;
                self.quoted('\'', true, "a text")?
            }
            '$' if self.postgres && dollar_tag(rest).is_some() => self.dollars()?,
            c if is_word(c) => {
                let end = rest.find(|c| !(is_word(c) || c == '$')).unwrap_or(rest.len());
                self.at += end;
                Word::Plain(rest.get(..end).unwrap_or_default())
            }
            c => {
                self.at += c.len_utf8();
                Word::Mark(c)
            }
        };
        Ok(Some((word, start..self.at)))
    }

    fn skip_blanks(&mut self) -> Result<(), Open> {
        loop {
            let rest = self.rest();
            let bare = rest.trim_start();
            self.at += rest.len() - bare.len();
            if bare.starts_with("--") {
                let end = bare.find('\n').unwrap_or(bare.len());
                self.comments.push(self.at + 2..self.at + end);
                self.at += end;
            } else if bare.starts_with("/*") {
                self.block()?;
            } else {
                return Ok(());
            }
        }
    }

    fn block(&mut self) -> Result<(), Open> {
        let rest = self.rest();
        let bytes = rest.as_bytes();
        let mut depth = 0_usize;
        let mut at = 0;
        while at < bytes.len() {
            match bytes.get(at..at + 2) {
                Some(b"/*") if self.postgres || depth == 0 => {
                    depth += 1;
                    at += 2;
                }
                Some(b"*/") => {
                    depth -= 1;
                    at += 2;
                    if depth == 0 {
                        self.comments.push(self.at + 2..self.at + at - 2);
                        self.at += at;
                        return Ok(());
                    }
                }
                _ => at += 1,
            }
        }
        Err(self.open("a comment", self.at))
    }

    /// From the opening quote, which stands here, to its end. Two of the closing ones stand for one.
    fn quoted(&mut self, close: char, escapes: bool, what: &'static str) -> Result<Word<'t>, Open> {
        let start = self.at;
        let mut chars = self.rest().char_indices().skip(1).peekable();
        while let Some((at, c)) = chars.next() {
            if escapes && c == '\\' {
                chars.next();
            } else if c == close {
                if close != ']' && chars.peek().is_some_and(|(_, next)| *next == close) {
                    chars.next();
                } else {
                    self.at = start + at + 1;
                    return Ok(Word::Quoted);
                }
            }
        }
        Err(self.open(what, start))
    }

    fn dollars(&mut self) -> Result<Word<'t>, Open> {
        let start = self.at;
        let tag = dollar_tag(self.rest()).unwrap_or_default();
        let body = self.rest().get(tag.len()..).unwrap_or_default();
        match body.find(tag) {
            Some(end) => {
                self.at = start + tag.len() + end + tag.len();
                Ok(Word::Quoted)
            }
            None => Err(self.open("a text between dollars", start)),
        }
    }

    /// The place where something opens; the rest of its line is shown.
    fn open(&self, what: &'static str, start: usize) -> Open {
        let rest = self.text.get(start..).unwrap_or_default();
        let end = rest.find('\n').unwrap_or(rest.len());
        Open {
            what,
            range: start..start + end,
        }
    }

    /// Goes behind the end of the line, and answers where the line ends.
    pub(super) fn skip_line(&mut self) -> usize {
        let rest = self.rest();
        self.at += rest.find('\n').unwrap_or(rest.len());
        self.at
    }

    /// Goes behind the rows of `COPY … FROM stdin`, which `\.` ends.
    pub(super) fn skip_rows(&mut self) {
        loop {
            let end = self.skip_line();
            self.at = (end + 1).min(self.text.len());
            let line = self.rest().split('\n').next().unwrap_or_default();
            if line.trim_end() == "\\." || self.rest().is_empty() {
                self.skip_line();
                return;
            }
        }
    }
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// `$$` or `$tag$` at the beginning of a text.
fn dollar_tag(text: &str) -> Option<&str> {
    let rest = text.strip_prefix('$')?;
    let end = rest.find('$')?;
    let tag = rest.get(..end)?;
    let named = tag.chars().all(is_word) && !tag.starts_with(|c: char| c.is_ascii_digit());
    named.then(|| text.get(..end + 2)).flatten()
}
