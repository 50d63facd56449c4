//! A file as statements.

use std::borrow::Cow;

use crate::fault::Fault;
use crate::folder::sha256;
use crate::kind::{self, Kind, Mode};
use crate::lexer::{Lexer, Token};

/// Whose SQL it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    /// PostgreSQL's.
    Postgres,
    /// SQLite's.
    Sqlite,
}

/// One statement of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// As it stands in the file, without the final semicolon and without comments before it.
    pub text: String,
    /// Line and column of its beginning, from 1.
    pub place: (u32, u32),
    /// SHA-256 of the text, with its lines ending as they would on this machine's kind: CR LF counts as LF.
    pub sha256: String,
    /// How it is run.
    pub mode: Mode,
    /// What it is, as far as a run must know.
    pub kind: Kind,
}

impl Statement {
    /// The text as it can be shown: what stands behind PASSWORD, and texts that speak of one, are masked.
    #[must_use]
    pub fn masked(&self) -> Cow<'_, str> {
        const SECRET: &str = "password";
        if !self.text.to_ascii_lowercase().contains(SECRET) {
            return Cow::Borrowed(&self.text);
        }
        let mut shown = String::with_capacity(self.text.len());
        let mut lexer = Lexer::new(&self.text, Language::Postgres);
        let mut follows = false;
        while let Some((token, start, end)) = lexer.next() {
            let slice = self.text.get(start..end).unwrap_or("");
            let speaks = slice.to_ascii_lowercase().contains(SECRET);
            let text = matches!(token, Token::Text | Token::Open(_));
            shown.push_str(if text && (follows || speaks) {
                "'***'"
            } else {
                slice
            });
            follows = match token {
                Token::Blank | Token::Comment | Token::Sign('=') => follows,
                Token::Word | Token::Quoted => speaks || follows && slice.len() == 1,
                _ => false,
            };
        }
        Cow::Owned(shown)
    }

    /// Line and column in the file of a character of the statement, from 1, as databases count.
    #[must_use]
    pub fn place_of(&self, character: u32) -> (u32, u32) {
        let before: String = self
            .text
            .chars()
            .take(character.saturating_sub(1) as usize)
            .collect();
        let (line, column) = count(&before);
        if line == 1 {
            (self.place.0, self.place.1 + column - 1)
        } else {
            (self.place.0 + line - 1, column)
        }
    }
}

/// The first words of a statement, in capitals, and names in quotes as they stand; what decides about it.
pub(crate) type Words<'a> = Vec<(&'a str, Token)>;

/// No decision needs more of a statement than this.
const MOST_WORDS: usize = 256;

/// The statements of a file, which has no byte order mark any more.
///
/// # Errors
/// The first that cannot be run by us: a text without an end, COPY with its data in the file, a command of a shell, a transaction
/// of its own, a directive that we do not know.
pub fn split(file: &str, text: &str, language: Language) -> Result<Vec<Statement>, Fault> {
    let mut splitter = Splitter {
        file,
        text,
        language,
        found: Vec::new(),
        current: Current::default(),
        whole_file_alone: false,
        seen: 0,
        place: (1, 1),
    };
    let mut lexer = Lexer::new(text, language);
    while let Some((token, start, end)) = lexer.next() {
        splitter.take(token, start, end)?;
    }
    splitter.finish(text.len())?;
    Ok(splitter.found)
}

#[derive(Debug, Default)]
struct Current<'a> {
    start: Option<usize>,
    end: usize,
    words: Words<'a>,
    parentheses: usize,
    /// How deep in BEGIN ATOMIC … END of a routine.
    atomic: usize,
    /// The last two tokens that count, for the end of a trigger.
    last: [Last; 2],
    alone: bool,
    /// The key of batches.
    batches: Option<&'a str>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Last {
    #[default]
    Other,
    Semicolon,
    Begin,
    End,
}

struct Splitter<'a> {
    file: &'a str,
    text: &'a str,
    language: Language,
    found: Vec<Statement>,
    current: Current<'a>,
    whole_file_alone: bool,
    /// Up to where lines have been counted, and the place of that.
    seen: usize,
    place: (u32, u32),
}

impl<'a> Splitter<'a> {
    fn take(&mut self, token: Token, start: usize, end: usize) -> Result<(), Fault> {
        let text: &'a str = self.text;
        let slice = text.get(start..end).unwrap_or("");
        match token {
            Token::Blank => return Ok(()),
            Token::Comment => return self.comment(slice, start),
            Token::Open(what) => {
                let help = "close it; nothing of this file was run";
                return Err(self.fault(start, format!("{what} has no end"), help));
            }
            Token::Sign('\\') if self.current.start.is_none() => {
                let help = "write SQL; commands of `psql` do not reach the server";
                return Err(self.fault(start, "a command of `psql` in a migration", help));
            }
            Token::Sign(';') if self.ends() => return self.finish(start),
            Token::Sign('(') => self.current.parentheses += 1,
            Token::Sign(')') => self.current.parentheses = self.current.parentheses.saturating_sub(1),
            Token::Word => self.word(slice),
            _ => {}
        }
        let current = &mut self.current;
        if current.words.len() < MOST_WORDS {
            current.words.push((slice, token));
        }
        let last = match token {
            Token::Sign(';') => Last::Semicolon,
            Token::Word if slice.eq_ignore_ascii_case("begin") => Last::Begin,
            Token::Word if slice.eq_ignore_ascii_case("end") => Last::End,
            _ => Last::Other,
        };
        current.last = [current.last[1], last];
        current.start.get_or_insert(start);
        current.end = end;
        Ok(())
    }

    /// Whether a semicolon here ends the statement.
    fn ends(&self) -> bool {
        let current = &self.current;
        match self.language {
            Language::Postgres => current.parentheses == 0 && current.atomic == 0,
            Language::Sqlite => {
                !kind::is_trigger(&current.words)
                    || matches!(current.last, [Last::Semicolon | Last::Begin, Last::End])
            }
        }
    }

    /// Bodies of routines that are SQL, not text, have semicolons of their own.
    fn word(&mut self, word: &str) {
        let current = &mut self.current;
        if self.language != Language::Postgres || !kind::is_routine(&current.words) {
            return;
        }
        let after_begin = current.last[1] == Last::Begin;
        if current.atomic == 0 {
            current.atomic = usize::from(after_begin && word.eq_ignore_ascii_case("atomic"));
        } else if word.eq_ignore_ascii_case("case") {
            current.atomic += 1;
        } else if word.eq_ignore_ascii_case("end") {
            current.atomic -= 1;
        }
    }

    fn comment(&mut self, text: &'a str, start: usize) -> Result<(), Fault> {
        let line = text.trim_start_matches('-').trim();
        let Some(directive) = line.strip_prefix("architrave:").map(str::trim) else {
            return Ok(());
        };
        let help = "there are `-- architrave: no-transaction`, before the first statement for the file, \
                    or right before a statement for that one, and `-- architrave: batches by KEY` before an UPDATE or DELETE";
        let batches = directive.strip_prefix("batches by ").map(str::trim);
        if !text.starts_with("--") || directive != "no-transaction" && batches.is_none_or(str::is_empty) {
            return Err(self.fault(start, format!("the directive `{directive}` is not known"), help));
        }
        if self.current.start.is_some() {
            return Err(self.fault(start, "a directive inside of a statement", help));
        }
        if batches.is_some() {
            self.current.batches = batches;
            return Ok(());
        }
        if self.found.is_empty() {
            self.whole_file_alone = true;
        } else {
            self.current.alone = true;
        }
        Ok(())
    }

    fn finish(&mut self, _at: usize) -> Result<(), Fault> {
        let current = std::mem::take(&mut self.current);
        let Some(start) = current.start else {
            // Nothing but blanks and comments before a semicolon.
            return Ok(());
        };
        let place = self.count_to(start);
        let text = self.text.get(start..current.end).unwrap_or("");
        if let Some((message, help)) = kind::refusal(&current.words, self.language) {
            return Err(self.fault(start, message, help));
        }
        if text.contains('\0') {
            let help = "no database takes one in SQL; remove it";
            return Err(self.fault(start, "a NUL byte in a statement", help));
        }
        let alone = self.whole_file_alone || current.alone;
        let (kind, mode) = match current.batches {
            None => kind::classify(&current.words, self.language, alone),
            Some(key) => match kind::batches(&current.words, text, self.language, key) {
                Ok(kind) => (kind, Mode::Alone),
                Err((message, help)) => return Err(self.fault(start, message, help)),
            },
        };
        self.found.push(Statement {
            sha256: sha256(text.replace("\r\n", "\n").as_bytes()),
            text: text.to_owned(),
            place,
            mode,
            kind,
        });
        Ok(())
    }

    /// The place of a byte; bytes are asked for in order, so that a file is counted once.
    fn count_to(&mut self, at: usize) -> (u32, u32) {
        let between = self.text.get(self.seen..at).unwrap_or("");
        let (lines, column) = count(between);
        self.place = if lines == 1 {
            (self.place.0, self.place.1 + column - 1)
        } else {
            (self.place.0 + lines - 1, column)
        };
        self.seen = at;
        self.place
    }

    fn fault(&self, at: usize, message: impl Into<String>, help: &str) -> Fault {
        Fault {
            file: self.file.to_owned(),
            place: Some(count(self.text.get(..at).unwrap_or(""))),
            message: message.into(),
            help: Some(help.to_owned()),
        }
    }
}

/// Line and column after a text that begins at the first of each.
fn count(text: &str) -> (u32, u32) {
    let lines = text.bytes().filter(|byte| *byte == b'\n').count() + 1;
    let last = text.rsplit('\n').next().unwrap_or("");
    let small = |number: usize| u32::try_from(number).unwrap_or(u32::MAX - 1);
    (small(lines), small(last.chars().count() + 1))
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;
    use std::path::Path;

    use super::*;

    /// Each statement on a line: its place, how it is run, what it is, and its text.
    fn told(text: &str, language: Language) -> String {
        let mut told = String::new();
        for statement in split("f", text, language).unwrap() {
            let (line, column) = statement.place;
            let Statement { mode, kind, text, .. } = statement;
            writeln!(told, "{line}:{column} {mode:?} {kind:?} {text:?}").unwrap();
        }
        told
    }

    #[test]
    #[allow(clippy::disallowed_methods, reason = "a test that may write what it found")]
    fn files_are_split_as_their_database_would() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/migrate/split");
        for (name, language) in [("postgres", Language::Postgres), ("sqlite", Language::Sqlite)] {
            let text = std::fs::read_to_string(folder.join(format!("{name}.sql"))).unwrap();
            let found = told(&text, language);
            let file = folder.join(format!("{name}.expected"));
            if std::env::var_os("UPDATE_FIXTURES").is_some() {
                std::fs::write(&file, &found).unwrap();
            }
            assert_eq!(found, std::fs::read_to_string(&file).unwrap_or_default());
            assert_eq!(
                told(&text.replace('\n', "\r\n"), language).lines().count(),
                found.lines().count()
            );
        }
    }

    #[test]
    fn passwords_are_not_shown() {
        let masked = |text: &str| {
            split("f", text, Language::Postgres).unwrap()[0]
                .masked()
                .into_owned()
        };
        for (text, shown) in [
            (
                "ALTER ROLE a PASSWORD 'geheim' LOGIN",
                "ALTER ROLE a PASSWORD '***' LOGIN",
            ),
            (
                "CREATE ROLE a ENCRYPTED PASSWORD /* x */ E'ge\\'heim'",
                "CREATE ROLE a ENCRYPTED PASSWORD /* x */ E'***'",
            ),
            (
                "CREATE ROLE a PASSWORD $p$geheim$p$",
                "CREATE ROLE a PASSWORD '***'",
            ),
            (
                "CREATE USER MAPPING FOR a SERVER s OPTIONS (user 'a', password 'geheim')",
                "CREATE USER MAPPING FOR a SERVER s OPTIONS (user 'a', password '***')",
            ),
            (
                "CREATE SUBSCRIPTION s CONNECTION 'host=a password=geheim' PUBLICATION p",
                "CREATE SUBSCRIPTION s CONNECTION '***' PUBLICATION p",
            ),
            (
                "UPDATE t SET password_hash = 'geheim', x = 'seen'",
                "UPDATE t SET password_hash = '***', x = 'seen'",
            ),
            ("SELECT 'seen'", "SELECT 'seen'"),
        ] {
            assert_eq!(masked(text), shown);
        }
    }

    #[test]
    fn a_place_in_a_statement_is_one_in_the_file() {
        let statements = split("f", "SELECT 1;\n  SELECT\n ß, x;", Language::Postgres).unwrap();
        assert_eq!(statements[1].place_of(1), (2, 3));
        assert_eq!(statements[1].place_of(12), (3, 5));
    }

    #[test]
    fn no_text_is_too_odd_to_be_split_or_refused() {
        let pieces = [
            "'",
            "\"",
            "$",
            "$a$",
            "$$",
            "/*",
            "*/",
            "--",
            "\n",
            ";",
            "\\",
            "e'",
            "(",
            ")",
            "é",
            "`",
            "[",
            "]",
            "begin",
            "end",
            "create trigger",
            "\u{a0}",
            "\0",
        ];
        // Every sequence of three pieces, which a generator of texts would take long to find.
        for a in pieces {
            for b in pieces {
                for c in pieces {
                    let text = format!("{a}{b} {c}");
                    for language in [Language::Postgres, Language::Sqlite] {
                        if let Ok(statements) = split("f", &text, language) {
                            assert!(
                                statements
                                    .iter()
                                    .all(|it| text.contains(&it.text) && !it.text.is_empty()),
                                "{text:?}"
                            );
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn a_file_of_ten_megabytes_is_split_at_once() {
        let one = format!("INSERT INTO t VALUES ('{};');\n", "x".repeat(70));
        let statements = split("f", &one.repeat(100_000), Language::Postgres).unwrap();
        assert_eq!(statements.len(), 100_000);
        assert_eq!(statements[99_999].place, (100_000, 1));
    }
}
