//! Scripts of SQL, statement by statement, as `psql` and `sqlite3` split them.

use std::ops::Range;

use super::words::{Scanner, Word};

/// Which program a script was written for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Flavor {
    /// `psql`.
    Postgres,
    /// `sqlite3`.
    Sqlite,
}

/// Why a script cannot be split.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Unsplit {
    /// Where.
    pub(super) range: Range<usize>,
    /// What is wrong.
    pub(super) message: String,
    /// What to do.
    pub(super) help: &'static str,
}

/// Commands of `psql` and `sqlite3` that change nothing of a schema.
const HARMLESS: &[&str] = &[
    "bail",
    "changes",
    "echo",
    "encoding",
    "headers",
    "mode",
    "pset",
    "qecho",
    "restrict",
    "set",
    "timing",
    "unrestrict",
    "unset",
];

/// A script in pieces.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Split {
    /// Statements.
    pub(super) statements: Vec<Range<usize>>,
    /// What comments say, without what marks them.
    pub(super) comments: Vec<Range<usize>>,
}

/// The ranges of the statements, in order, each without its semicolon and the blanks around it. Rows for `COPY … FROM stdin` are left out with
/// their statement, and so are commands of the client that change nothing: a schema holds no rows.
///
/// # Errors
/// [`Unsplit`] for a quote or comment that does not end, and for commands of the client that would change what is read.
pub(super) fn split(text: &str, flavor: Flavor) -> Result<Split, Unsplit> {
    let mut splitter = Splitter {
        text,
        flavor,
        scanner: Scanner::new(text, flavor == Flavor::Postgres),
        out: Vec::new(),
    };
    while splitter.statement()? {}
    Ok(Split {
        statements: splitter.out,
        comments: splitter.scanner.comments,
    })
}

struct Splitter<'t> {
    text: &'t str,
    flavor: Flavor,
    scanner: Scanner<'t>,
    out: Vec<Range<usize>>,
}

/// What has been read of one statement.
#[derive(Default)]
struct Read {
    start: Option<usize>,
    end: usize,
    /// Round brackets.
    brackets: usize,
    /// `BEGIN … END` and `CASE … END` in a body.
    blocks: usize,
    /// Its first words, in lower case.
    words: Vec<String>,
    /// Whether it says `from stdin`.
    from_stdin: bool,
}

impl Splitter<'_> {
    /// Reads one statement; false at the end.
    fn statement(&mut self) -> Result<bool, Unsplit> {
        let mut read = Read::default();
        loop {
            let word = self.scanner.next().map_err(|open| Unsplit {
                range: open.range,
                message: format!("{} does not end", open.what),
                help: "close it; everything behind it was taken for a part of it",
            })?;
            let Some((word, range)) = word else {
                self.keep(&read);
                return Ok(false);
            };
            match word {
                Word::Mark(';') if read.brackets == 0 && read.blocks == 0 => {
                    self.end(&read);
                    return Ok(true);
                }
                Word::Mark(mark) if read.start.is_none() && self.is_command(mark, range.start) => {
                    self.command(range.start)?;
                    continue;
                }
                Word::Mark('(') => read.brackets += 1,
                Word::Mark(')') => read.brackets = read.brackets.saturating_sub(1),
                Word::Plain(word) => self.word(&mut read, &word.to_ascii_lowercase()),
                Word::Mark(_) | Word::Quoted => {}
            }
            read.start.get_or_insert(range.start);
            read.end = range.end;
        }
    }

    fn word(&self, read: &mut Read, word: &str) {
        read.from_stdin |= word == "stdin" && read.words.last().is_some_and(|last| last == "from");
        let in_body = match self.flavor {
            Flavor::Postgres => {
                word == "atomic" && read.words.last().is_some_and(|last| last == "begin")
                    || read.blocks > 0 && word == "case"
            }
            Flavor::Sqlite => {
                is_trigger(&read.words) && (word == "begin" || read.blocks > 0 && word == "case")
            }
        };
        if in_body {
            read.blocks += 1;
        } else if word == "end" {
            read.blocks = read.blocks.saturating_sub(1);
        }
        // The last is looked at, and the first few; statements are long.
        if read.words.len() > 4 {
            read.words.pop();
        }
        read.words.push(word.to_owned());
    }

    fn end(&mut self, read: &Read) {
        if read.from_stdin && read.words.first().is_some_and(|word| word == "copy") {
            self.scanner.skip_rows();
            return;
        }
        self.keep(read);
    }

    fn keep(&mut self, read: &Read) {
        if let Some(start) = read.start {
            self.out.push(start..read.end);
        }
    }

    /// Whether a command of the client begins here, rather than a statement.
    fn is_command(&self, mark: char, at: usize) -> bool {
        let begins_line = self
            .text
            .get(..at)
            .is_some_and(|before| before.is_empty() || before.ends_with('\n'));
        match self.flavor {
            Flavor::Postgres => mark == '\\',
            Flavor::Sqlite => mark == '.' && begins_line,
        }
    }

    fn command(&mut self, at: usize) -> Result<(), Unsplit> {
        let line = self.scanner.skip_line();
        let whole = self.text.get(at..line).unwrap_or_default().trim_end();
        let name: String = whole
            .chars()
            .skip(1)
            .take_while(|c| c.is_alphanumeric() || *c == '_')
            .collect();
        if HARMLESS.contains(&name.as_str()) {
            return Ok(());
        }
        let client = match self.flavor {
            Flavor::Postgres => "psql",
            Flavor::Sqlite => "sqlite3",
        };
        let first = whole.split_whitespace().next().unwrap_or_default();
        Err(Unsplit {
            range: at..at + whole.len(),
            message: format!("`{first}` is a command of `{client}`, and not SQL"),
            help: "take it out; a folder of scripts is read whole, in the order of the names",
        })
    }
}

fn is_trigger(words: &[String]) -> bool {
    let mut words = words.iter().map(String::as_str);
    words.next() == Some("create")
        && match words.next() {
            Some("temp" | "temporary") => words.next() == Some("trigger"),
            second => second == Some("trigger"),
        }
}

#[cfg(test)]
mod tests {
    use super::{Flavor, split};

    fn parts(text: &str, flavor: Flavor) -> Vec<&str> {
        let ranges = split(text, flavor).unwrap();
        ranges
            .statements
            .into_iter()
            .map(|range| text.get(range).unwrap())
            .collect()
    }

    #[test]
    fn semicolons_in_quotes_comments_brackets_and_bodies_end_nothing() {
        let text = "-- a; b\nSELECT ';', \"a;b\", E'\\';', $x$ ; $$ $x$ /* ; /* ; */ */;\n\n\
                    CREATE RULE r AS ON INSERT TO t DO (SELECT 1; SELECT 2);;\
                    CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT CASE WHEN true THEN 1 END; SELECT 2; END; SELECT 3";
        let found = parts(text, Flavor::Postgres);
        assert_eq!(found.len(), 4, "{found:#?}");
        assert!(
            found[0].starts_with("SELECT ';'") && found[0].ends_with("$x$"),
            "{}",
            found[0]
        );
        assert_eq!(
            found[1],
            "CREATE RULE r AS ON INSERT TO t DO (SELECT 1; SELECT 2)"
        );
        assert!(found[2].ends_with("SELECT 2; END"), "{}", found[2]);
        assert_eq!(found[3], "SELECT 3");
    }

    #[test]
    fn triggers_of_sqlite_are_whole() {
        let text = "CREATE TABLE [a;b] (`c;d` TEXT);\nCREATE TEMP TRIGGER x AFTER INSERT ON t BEGIN\n  SELECT CASE WHEN 1 THEN 2 END;\n  DELETE FROM t;\nEND;\n\
                    BEGIN;\nSELECT 1;\nEND;";
        let found = parts(text, Flavor::Sqlite);
        assert_eq!(found.len(), 5, "{found:#?}");
        assert!(found[1].ends_with("END"), "{}", found[1]);
        assert_eq!(&found[2..], ["BEGIN", "SELECT 1", "END"]);
    }

    #[test]
    fn what_is_for_the_client_goes_or_is_told() {
        let text = "\\set ON_ERROR_STOP on\n\\restrict x\nCOPY t (a) FROM stdin;\n1;2\n\\.\nSELECT 1;";
        assert_eq!(parts(text, Flavor::Postgres), ["SELECT 1"]);
        assert_eq!(parts(".bail on\nSELECT 1;", Flavor::Sqlite), ["SELECT 1"]);
        let told = split("SELECT 1;\n\\i other.sql\n", Flavor::Postgres).unwrap_err();
        assert!(
            told.message.contains("`\\i`") && told.range == (10..22),
            "{told:?}"
        );
        let told = split(".read other.sql", Flavor::Sqlite).unwrap_err();
        assert!(told.message.contains("`.read`"), "{told:?}");
    }

    #[test]
    fn what_does_not_end_is_told_where_it_begins() {
        for (text, at) in [
            ("SELECT 'a", 7),
            ("SELECT \"a", 7),
            ("/* a", 0),
            ("SELECT 1; $a$ b $b$", 10),
            ("SELECT E'\\'", 8),
        ] {
            let told = split(text, Flavor::Postgres).unwrap_err();
            assert_eq!(told.range.start, at, "{told:?}");
        }
    }

    #[test]
    fn nothing_makes_it_panic() {
        let hard = [
            "é", "$", "$$", "'", "\\", "\"", ";", "(", "--", "/*", "\n", "e'", "x", "END", "[", "`", ".",
        ];
        for a in hard {
            for b in hard {
                for c in hard {
                    for flavor in [Flavor::Postgres, Flavor::Sqlite] {
                        let text = format!("{a}{b} {c}{a}");
                        for range in split(&text, flavor).unwrap_or_default().statements {
                            assert!(text.get(range).is_some());
                        }
                    }
                }
            }
        }
    }
}
