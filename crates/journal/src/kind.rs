//! What a statement is, as far as a run must know: whether it can share a transaction, and how to see whether it was done.

use crate::lexer::{Lexer, Token};
use crate::split::{Language, Words};

/// How a statement is run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// In one transaction with its neighbours.
    Together,
    /// In a transaction of its own, with its entry in the ledger.
    Alone,
    /// Outside of any transaction: its entry is written before it and after it.
    Outside,
}

/// What a statement is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// CREATE INDEX CONCURRENTLY: the index's name, if it has one, and the table as written.
    CreateIndex {
        /// As written; none when the server makes one up.
        name: Option<String>,
        /// As written, with its schema.
        table: String,
    },
    /// DROP INDEX CONCURRENTLY, with the index as written.
    DropIndex(String),
    /// ALTER TABLE … DETACH PARTITION … CONCURRENTLY: both tables as written.
    Detach {
        /// The partitioned table.
        parent: String,
        /// The partition.
        partition: String,
    },
    /// REINDEX … CONCURRENTLY, which can be run again but leaves invalid copies behind: the index or table as written, where it is
    /// about one.
    Reindex(Option<String>),
    /// Running it again changes nothing more.
    Repeatable,
    /// It sets something of the session, and must be said again in another one.
    Session,
    /// An UPDATE or DELETE that its file wants done in batches, each in a transaction of its own, in the order of a key. Done again, it
    /// changes nothing more.
    Batches {
        /// The table as written.
        table: String,
        /// The columns of the key as written.
        key: Vec<String>,
        /// Where in the text its condition begins, and where that ends.
        condition: (usize, usize),
    },
    /// ALTER TYPE … ADD VALUE, which nothing of the same transaction can use.
    AddValue,
    /// Anything else.
    Other,
}

pub(crate) fn is_trigger(words: &Words<'_>) -> bool {
    let after = |position| is(words, position, "TRIGGER");
    is(words, 0, "CREATE") && (after(1) || (is(words, 1, "TEMP") || is(words, 1, "TEMPORARY")) && after(2))
}

pub(crate) fn is_routine(words: &Words<'_>) -> bool {
    let at = if is(words, 1, "OR") { 3 } else { 1 };
    is(words, 0, "CREATE") && (is(words, at, "FUNCTION") || is(words, at, "PROCEDURE"))
}

/// Why a statement cannot stand in a migration, and what to do.
pub(crate) fn refusal(words: &Words<'_>, language: Language) -> Option<(&'static str, &'static str)> {
    const TRANSACTION: &str = "a migration runs in a transaction already, and `-- architrave: no-transaction` takes it out; remove this statement";
    let first = word(words, 0)?.to_ascii_uppercase();
    let two_phase = is(words, 1, "TRANSACTION") || is(words, 1, "PREPARED");
    match first.as_str() {
        "BEGIN" | "COMMIT" | "ROLLBACK" | "SAVEPOINT" | "RELEASE" | "END" | "ABORT" => {
            Some(("a migration that controls transactions itself", TRANSACTION))
        }
        "START" if is(words, 1, "TRANSACTION") => {
            Some(("a migration that controls transactions itself", TRANSACTION))
        }
        "PREPARE" if two_phase => Some(("a prepared transaction in a migration", TRANSACTION)),
        "COPY" if has(words, "STDIN") || has(words, "STDOUT") => Some((
            "COPY with data of the client",
            "write INSERT statements, or load the data apart from the migration",
        )),
        "SET" if has(words, "AUTHORIZATION") => Some((
            "SET SESSION AUTHORIZATION in a migration",
            "use SET ROLE, or run the migration as the user that it is for",
        )),
        "ATTACH" | "DETACH" if language == Language::Sqlite => Some((
            "another database file in a migration",
            "a migration is about one file; copy data apart from it",
        )),
        _ => None,
    }
}

/// What a statement is, and how it is run when the user has said that it shall stay out of the common transaction, or has not.
pub(crate) fn classify(words: &Words<'_>, language: Language, alone: bool) -> (Kind, Mode) {
    let (kind, outside) = match language {
        Language::Postgres => postgres(words),
        Language::Sqlite => sqlite(words),
    };
    let routine = is(words, 0, "CALL") || is(words, 0, "DO");
    let mode = match (outside, alone) {
        (true, _) => Mode::Outside,
        (false, false) => Mode::Together,
        // Only these may end transactions themselves; and what a server refuses inside of one cannot be known for all extensions.
        (false, true) if routine || !is_plain(words) => Mode::Outside,
        (false, true) => Mode::Alone,
    };
    (kind, mode)
}

/// Statements that certainly can run in a transaction, so that their entry in the ledger commits with them.
fn is_plain(words: &Words<'_>) -> bool {
    const PLAIN: &[&str] = &[
        "INSERT", "UPDATE", "DELETE", "MERGE", "WITH", "ALTER", "ANALYZE", "COMMENT", "GRANT", "REVOKE",
        "TRUNCATE",
    ];
    PLAIN.iter().any(|plain| is(words, 0, plain)) && !is(words, 1, "SYSTEM")
        || is(words, 0, "CREATE")
            && !is(words, 1, "DATABASE")
            && !is(words, 1, "TABLESPACE")
            && !is(words, 1, "SUBSCRIPTION")
}

fn postgres(words: &Words<'_>) -> (Kind, bool) {
    let concurrently = has(words, "CONCURRENTLY");
    let first = word(words, 0).unwrap_or("").to_ascii_uppercase();
    match first.as_str() {
        "CREATE" if concurrently && (is(words, 1, "INDEX") || is(words, 2, "INDEX")) => {
            (create_index(words), true)
        }
        "CREATE" | "DROP" if ["DATABASE", "TABLESPACE"].iter().any(|it| is(words, 1, it)) => {
            (Kind::Other, true)
        }
        "CREATE" | "DROP" | "ALTER" if is(words, 1, "SUBSCRIPTION") => (Kind::Other, true),
        "DROP" if concurrently && is(words, 1, "INDEX") => {
            let mut at = 3;
            if is(words, at, "IF") {
                at += 2;
            }
            (Kind::DropIndex(name(words, at).0), true)
        }
        "REINDEX" if concurrently => (reindex(words), true),
        "VACUUM" | "REINDEX" => (Kind::Repeatable, true),
        "CLUSTER" if words.len() == 1 => (Kind::Repeatable, true),
        "ALTER" if is(words, 1, "SYSTEM") => (Kind::Repeatable, true),
        "ALTER" if concurrently && has(words, "DETACH") => (detach(words), true),
        "ALTER" if is(words, 1, "TYPE") && follows(words, "ADD", "VALUE") => (Kind::AddValue, false),
        "SET" | "RESET"
            if !is(words, 1, "LOCAL") && !is(words, 1, "CONSTRAINTS") && !is(words, 1, "TRANSACTION") =>
        {
            (Kind::Session, false)
        }
        _ => (Kind::Other, false),
    }
}

fn sqlite(words: &Words<'_>) -> (Kind, bool) {
    match word(words, 0).unwrap_or("").to_ascii_uppercase().as_str() {
        // Some have no effect inside of a transaction (foreign_keys), some are refused there (journal_mode).
        "PRAGMA" if is(words, 1, "defer_foreign_keys") => (Kind::Other, false),
        "PRAGMA" => (Kind::Session, true),
        "VACUUM" => (Kind::Repeatable, true),
        _ => (Kind::Other, false),
    }
}

/// What an UPDATE or DELETE in batches is about, or why it cannot be one.
pub(crate) fn batches(
    words: &Words<'_>,
    text: &str,
    language: Language,
    key: &str,
) -> Result<Kind, (&'static str, &'static str)> {
    const PLAIN: &str = "batches are of one table: write `UPDATE table SET … WHERE …`, or `DELETE FROM table WHERE …`, without RETURNING, \
                         such that nothing is left to do for a row that was done";
    let mut at = match word(words, 0).map(str::to_ascii_uppercase).as_deref() {
        Some("UPDATE") => 1,
        Some("DELETE") if is(words, 1, "FROM") => 2,
        _ => return Err(("batches of what is no UPDATE or DELETE", PLAIN)),
    };
    if is(words, at, "ONLY") {
        at += 1;
    }
    let (table, end) = name(words, at);
    let plain = match word(words, 0) {
        Some(first) if first.eq_ignore_ascii_case("delete") => is(words, end, "WHERE"),
        _ => is(words, end, "SET"),
    };
    let (condition, others) = condition(text, language);
    let key: Vec<String> = key.split(',').map(|part| part.trim().to_owned()).collect();
    match condition {
        Some(start) if plain && !others && !table.is_empty() => Ok(Kind::Batches {
            table,
            key,
            condition: (start, text.len()),
        }),
        _ => Err(("a statement that cannot be done in batches", PLAIN)),
    }
}

/// Where the condition of a statement begins, and whether something else stands beside it: another table, RETURNING.
fn condition(text: &str, language: Language) -> (Option<usize>, bool) {
    let mut lexer = Lexer::new(text, language);
    let (mut depth, mut found, mut others) = (0_usize, None, false);
    let mut previous = "";
    while let Some((token, start, end)) = lexer.next() {
        let slice = text.get(start..end).unwrap_or("");
        match token {
            Token::Sign('(') => depth += 1,
            Token::Sign(')') => depth = depth.saturating_sub(1),
            Token::Word if depth == 0 => {
                let is = |word: &str| slice.eq_ignore_ascii_case(word);
                if is("WHERE") && found.is_none() {
                    found = Some(end);
                }
                let another = is("FROM") && found.is_none() && !previous.eq_ignore_ascii_case("DELETE");
                others |= another || is("RETURNING") || is("USING");
                previous = slice;
            }
            _ => {}
        }
    }
    (found, others)
}

fn create_index(words: &Words<'_>) -> Kind {
    let at = words
        .iter()
        .position(|(text, token)| *token == Token::Word && text.eq_ignore_ascii_case("concurrently"));
    let mut at = at.unwrap_or(0) + 1;
    if is(words, at, "IF") {
        at += 3;
    }
    let index = (!is(words, at, "ON")).then(|| name(words, at));
    let mut table_at = index.as_ref().map_or(at, |(_, end)| *end) + 1;
    if is(words, table_at, "ONLY") {
        table_at += 1;
    }
    Kind::CreateIndex {
        name: index.map(|(name, _)| name),
        table: name(words, table_at).0,
    }
}

fn reindex(words: &Words<'_>) -> Kind {
    let at = (0..words.len()).find(|at| is(words, *at, "INDEX") || is(words, *at, "TABLE"));
    Kind::Reindex(at.map(|at| {
        let more = usize::from(is(words, at + 1, "CONCURRENTLY"));
        name(words, at + 1 + more).0
    }))
}

fn detach(words: &Words<'_>) -> Kind {
    let mut at = 2;
    if is(words, at, "IF") {
        at += 2;
    }
    if is(words, at, "ONLY") {
        at += 1;
    }
    let (parent, end) = name(words, at);
    // DETACH PARTITION
    Kind::Detach {
        parent,
        partition: name(words, end + 2).0,
    }
}

/// A name with its schema, as written, and the position after it.
fn name(words: &Words<'_>, mut at: usize) -> (String, usize) {
    let mut text = String::new();
    loop {
        let Some((part, Token::Word | Token::Quoted)) = words.get(at) else {
            return (text, at);
        };
        text.push_str(part);
        at += 1;
        if words.get(at).map(|(_, token)| *token) != Some(Token::Sign('.')) {
            return (text, at);
        }
        text.push('.');
        at += 1;
    }
}

fn word<'a>(words: &Words<'a>, at: usize) -> Option<&'a str> {
    words
        .get(at)
        .filter(|(_, token)| *token == Token::Word)
        .map(|(text, _)| *text)
}

fn is(words: &Words<'_>, at: usize, expected: &str) -> bool {
    word(words, at).is_some_and(|word| word.eq_ignore_ascii_case(expected))
}

fn has(words: &Words<'_>, expected: &str) -> bool {
    (0..words.len()).any(|at| is(words, at, expected))
}

fn follows(words: &Words<'_>, first: &str, second: &str) -> bool {
    (0..words.len()).any(|at| is(words, at, first) && is(words, at + 1, second))
}
