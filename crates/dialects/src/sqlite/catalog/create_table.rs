//! What a CREATE TABLE statement says beyond the catalog's functions: names, checks, expressions, comments.

use physical::OnDelete;

use super::cursor::Cursor;
use super::lexer::{TokenKind, tokens, unquote};

/// A table as its statement says it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct CreateTable {
    pub(super) comment: Option<String>,
    pub(super) columns: Vec<ColumnDef>,
    pub(super) primary_key: Option<(Option<String>, Vec<String>)>,
    pub(super) uniques: Vec<UniqueDef>,
    pub(super) checks: Vec<CheckDef>,
    pub(super) foreign_keys: Vec<ForeignKeyDef>,
    pub(super) strict: bool,
    pub(super) without_rowid: bool,
    /// The statement says something that no field here or in the model holds.
    pub(super) says_more: bool,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct ColumnDef {
    pub(super) name: String,
    pub(super) declared: String,
    pub(super) not_null: bool,
    pub(super) default: Option<String>,
    pub(super) generated: Option<(String, bool)>,
    pub(super) collation: Option<String>,
    pub(super) autoincrement: bool,
    /// `PRIMARY KEY DESC`: then the column is not the rowid, whatever its type.
    pub(super) key_descends: bool,
    pub(super) comment: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct UniqueDef {
    pub(super) name: Option<String>,
    pub(super) columns: Vec<String>,
    pub(super) comment: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct CheckDef {
    pub(super) name: Option<String>,
    pub(super) expr: String,
    pub(super) comment: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ForeignKeyDef {
    pub(super) name: Option<String>,
    pub(super) columns: Vec<String>,
    pub(super) table: String,
    pub(super) referenced: Vec<String>,
    pub(super) on_delete: OnDelete,
    pub(super) on_update: OnDelete,
    pub(super) deferred: bool,
    pub(super) comment: Option<String>,
}

/// Everything in front of the columns; `None` when it is no CREATE TABLE statement.
fn head(sql: &str) -> Option<Cursor<'_>> {
    let mut head = Cursor::new(sql);
    if !head.eat("CREATE") {
        return None;
    }
    let _ = head.eat("TEMP") || head.eat("TEMPORARY");
    if !head.eat("TABLE") {
        return None;
    }
    head.eat_all(&["IF", "NOT", "EXISTS"]);
    head.name()?;
    if head.eat(".") {
        head.name()?;
    }
    Some(head)
}

/// What stands behind the name in a CREATE TABLE statement.
pub(super) fn behind_name(sql: &str) -> Option<&str> {
    let mut cursor = head(sql)?;
    let start = cursor.offset();
    while cursor.next().is_some() {}
    // A comment at the end would swallow what is written after it.
    let text = cursor.slice(start, cursor.last_end());
    Some(text.trim_end_matches(';').trim_end())
}

/// Reads a CREATE TABLE statement; `None` when it is not one that we understand to its end.
pub(super) fn parse(sql: &str) -> Option<CreateTable> {
    let mut head = head(sql)?;
    let inside = head.group()?;
    let mut table = CreateTable::default();
    while head.peek().is_some_and(|token| !token.is(";")) {
        if head.eat("STRICT") {
            table.strict = true;
        } else if head.eat_all(&["WITHOUT", "ROWID"]) {
            table.without_rowid = true;
        } else if !head.eat(",") {
            return None;
        }
    }
    body(&mut Cursor::new(inside), &mut table)?;
    Some(table)
}

fn body(cursor: &mut Cursor<'_>, table: &mut CreateTable) -> Option<()> {
    let mut comments = cursor.comments();
    let mut kept = cursor.comments_ahead();
    // The first paragraph speaks of the table when another or a blank line follows it.
    if comments.len() > 1 {
        table.comment = Some(comments.remove(0)).filter(|text| !text.is_empty());
    }
    table.says_more |= comments.len() > 1;
    let mut above = comments.pop();
    loop {
        let comment = above.take().filter(|text| !text.is_empty());
        if is_constraint(cursor) {
            constraint(cursor, table, comment)?;
        } else {
            column(cursor, table, comment)?;
        }
        // Commas between table constraints are optional in SQLite.
        if cursor.peek().is_none() {
            table.says_more |= kept < cursor.comments_in_all();
            return Some(());
        }
        let comma = cursor.eat(",");
        if !comma && !is_constraint(cursor) {
            return None;
        }
        let mut paragraphs = cursor.comments();
        above = paragraphs.pop();
        table.says_more |= !paragraphs.is_empty();
        kept += cursor.comments_ahead();
    }
}

fn is_constraint(cursor: &Cursor<'_>) -> bool {
    let (Some(first), second) = (cursor.peek(), cursor.peek_second()) else {
        return false;
    };
    let second_is = |words: &[&str]| second.is_some_and(|token| words.iter().any(|word| token.is(word)));
    first.is("CONSTRAINT")
        || (first.is("PRIMARY") && second_is(&["KEY"]))
        || (first.is("FOREIGN") && second_is(&["KEY"]))
        || (first.is("UNIQUE") && second_is(&["("]))
        || (first.is("CHECK") && second_is(&["("]))
}

fn conflict(cursor: &mut Cursor<'_>, table: &mut CreateTable) {
    if cursor.eat_all(&["ON", "CONFLICT"]) {
        // ABORT is what happens anyhow.
        table.says_more |= !cursor.eat("ABORT") && cursor.next().is_some();
    }
}

/// The columns of a key; a collation or a direction is more than the model holds.
fn key_columns(cursor: &mut Cursor<'_>, table: &mut CreateTable) -> Option<Vec<String>> {
    let (names, plain) = cursor.names()?;
    table.says_more |= !plain;
    Some(names)
}

/// An expression in parentheses.
fn expression(cursor: &mut Cursor<'_>) -> Option<String> {
    Some(closed(cursor.group()?))
}

/// SQL that something may be written behind: a comment at its end keeps the line break that ends it.
pub(super) fn closed(sql: &str) -> String {
    let sql = sql.trim();
    let last = tokens(sql).pop();
    let open = last.is_some_and(|token| token.kind == TokenKind::Comment && token.text.starts_with("--"));
    if open { format!("{sql}\n") } else { sql.to_owned() }
}

fn constraint(cursor: &mut Cursor<'_>, table: &mut CreateTable, comment: Option<String>) -> Option<()> {
    let mut name = None;
    while cursor.eat("CONSTRAINT") {
        name = Some(cursor.name()?);
    }
    if cursor.eat_all(&["PRIMARY", "KEY"]) {
        let counts = cursor.group_ends_with("AUTOINCREMENT");
        let columns = key_columns(cursor, table)?;
        // The grammar has it here, too, for a key of one column.
        let named = |column: &&mut ColumnDef| {
            let mut names = columns.iter();
            counts && names.any(|name| name.eq_ignore_ascii_case(&column.name))
        };
        if let Some(column) = table.columns.iter_mut().find(named) {
            column.autoincrement = true;
        }
        table.primary_key = Some((name, columns));
        conflict(cursor, table);
    } else if cursor.eat("UNIQUE") {
        let columns = key_columns(cursor, table)?;
        table.uniques.push(UniqueDef {
            name,
            columns,
            comment,
        });
        conflict(cursor, table);
    } else if cursor.eat("CHECK") {
        table.checks.push(CheckDef {
            name,
            expr: expression(cursor)?,
            comment,
        });
        conflict(cursor, table);
    } else if cursor.eat_all(&["FOREIGN", "KEY"]) {
        let (columns, _) = cursor.names()?;
        let key = references(cursor, table, name, columns, comment)?;
        table.foreign_keys.push(key);
    } else {
        return None;
    }
    Some(())
}

fn column(cursor: &mut Cursor<'_>, table: &mut CreateTable, comment: Option<String>) -> Option<()> {
    let mut column = ColumnDef {
        name: cursor.name()?,
        comment,
        ..ColumnDef::default()
    };
    column.declared = declared(cursor)?;
    let mut name: Option<String> = None;
    while let Some(token) = cursor.peek() {
        if token.is(",") {
            break;
        }
        if cursor.eat("CONSTRAINT") {
            name = Some(cursor.name()?);
            continue;
        }
        column_constraint(cursor, table, &mut column, name.take())?;
    }
    table.columns.push(column);
    Some(())
}

const COLUMN_WORDS: &[&str] = &[
    "CONSTRAINT",
    "PRIMARY",
    "NOT",
    "NULL",
    "UNIQUE",
    "CHECK",
    "DEFAULT",
    "COLLATE",
    "REFERENCES",
    "GENERATED",
    "AS",
    ",",
];

fn declared(cursor: &mut Cursor<'_>) -> Option<String> {
    let start = cursor.offset();
    let mut end = start;
    while let Some(token) = cursor.peek() {
        if COLUMN_WORDS.iter().any(|word| token.is(word)) {
            break;
        }
        if token.is("(") {
            cursor.group()?;
        } else {
            token.name()?;
            cursor.next();
        }
        end = cursor.last_end();
    }
    let said = tokens(cursor.slice(start, end));
    if said.iter().any(|token| token.kind == TokenKind::Comment) {
        // Half a line of comment would hide the rest of the column.
        let words = said.iter().filter(|token| token.kind != TokenKind::Comment);
        return Some(words.map(|token| token.text).collect::<Vec<_>>().join(" "));
    }
    let words = cursor.slice(start, end).split_whitespace();
    Some(words.collect::<Vec<_>>().join(" "))
}

fn column_constraint(
    cursor: &mut Cursor<'_>,
    table: &mut CreateTable,
    column: &mut ColumnDef,
    name: Option<String>,
) -> Option<()> {
    let own = vec![column.name.clone()];
    if cursor.eat_all(&["PRIMARY", "KEY"]) {
        if !cursor.eat("ASC") && cursor.eat("DESC") {
            column.key_descends = true;
            table.says_more = true;
        }
        conflict(cursor, table);
        column.autoincrement = cursor.eat("AUTOINCREMENT");
        table.primary_key = Some((name, own));
    } else if cursor.eat_all(&["NOT", "NULL"]) {
        column.not_null = true;
        conflict(cursor, table);
    } else if cursor.eat("NULL") {
        conflict(cursor, table);
    } else if cursor.eat("UNIQUE") {
        table.uniques.push(UniqueDef {
            name,
            columns: own,
            comment: None,
        });
        conflict(cursor, table);
    } else if cursor.eat("CHECK") {
        table.checks.push(CheckDef {
            name,
            expr: expression(cursor)?,
            comment: None,
        });
        conflict(cursor, table);
    } else if cursor.eat("DEFAULT") {
        column.default = Some(default(cursor)?);
    } else if cursor.eat("COLLATE") {
        column.collation = Some(cursor.name()?);
    } else if cursor.peek().is_some_and(|token| token.is("REFERENCES")) {
        let key = references(cursor, table, name, own, None)?;
        table.foreign_keys.push(key);
    } else if cursor.eat_all(&["GENERATED", "ALWAYS", "AS"]) || cursor.eat("AS") {
        let expr = expression(cursor)?;
        let stored = cursor.eat("STORED");
        if !stored {
            cursor.eat("VIRTUAL");
        }
        column.generated = Some((expr, stored));
    } else if let Some(deferred) = deferrable(cursor) {
        // A clause of its own speaks of the key before it.
        table.foreign_keys.last_mut()?.deferred = deferred;
        table.says_more |= !deferred;
    } else {
        return None;
    }
    Some(())
}

fn default(cursor: &mut Cursor<'_>) -> Option<String> {
    if let Some(inside) = expression_if_any(cursor) {
        return Some(inside);
    }
    let start = cursor.offset();
    let signed = cursor.eat("-") || cursor.eat("+");
    let value = cursor.next()?;
    let constants = [
        "NULL",
        "TRUE",
        "FALSE",
        "CURRENT_TIME",
        "CURRENT_DATE",
        "CURRENT_TIMESTAMP",
    ];
    let known = constants.iter().any(|word| value.is(word));
    if !signed && !known && matches!(value.kind, TokenKind::Word | TokenKind::Quoted) {
        // SQLite takes a name for a text here.
        let name = if value.kind == TokenKind::Word {
            value.text.to_owned()
        } else {
            unquote(value.text)
        };
        return Some(super::super::ident::text(&name));
    }
    Some(cursor.slice(start, value.end()).to_owned())
}

fn expression_if_any(cursor: &mut Cursor<'_>) -> Option<String> {
    cursor.peek().filter(|token| token.is("("))?;
    expression(cursor)
}

/// `DEFERRABLE` in any spelling: whether the key is looked at when the transaction ends.
fn deferrable(cursor: &mut Cursor<'_>) -> Option<bool> {
    let not = cursor.eat_all(&["NOT", "DEFERRABLE"]);
    if !not && !cursor.eat("DEFERRABLE") {
        return None;
    }
    let deferred = cursor.eat_all(&["INITIALLY", "DEFERRED"]);
    if !deferred {
        cursor.eat_all(&["INITIALLY", "IMMEDIATE"]);
    }
    Some(deferred && !not)
}

fn references(
    cursor: &mut Cursor<'_>,
    made: &mut CreateTable,
    name: Option<String>,
    columns: Vec<String>,
    comment: Option<String>,
) -> Option<ForeignKeyDef> {
    if !cursor.eat("REFERENCES") {
        return None;
    }
    let table = cursor.name()?;
    let referenced = if cursor.peek().is_some_and(|token| token.is("(")) {
        cursor.names()?.0
    } else {
        Vec::new()
    };
    let mut key = ForeignKeyDef {
        name,
        columns,
        table,
        referenced,
        on_delete: OnDelete::NoAction,
        on_update: OnDelete::NoAction,
        deferred: false,
        comment,
    };
    loop {
        if cursor.eat_all(&["ON", "INSERT"]) {
            // Taken, and without an effect.
            action(cursor)?;
            made.says_more = true;
        } else if cursor.eat_all(&["ON", "DELETE"]) {
            key.on_delete = action(cursor)?;
        } else if cursor.eat_all(&["ON", "UPDATE"]) {
            key.on_update = action(cursor)?;
        } else if cursor.eat("MATCH") {
            cursor.name()?;
            made.says_more = true;
        } else if let Some(deferred) = deferrable(cursor) {
            key.deferred = deferred;
            made.says_more |= !deferred;
        } else {
            return Some(key);
        }
    }
}

fn action(cursor: &mut Cursor<'_>) -> Option<OnDelete> {
    if cursor.eat_all(&["SET", "NULL"]) {
        Some(OnDelete::SetNull)
    } else if cursor.eat_all(&["SET", "DEFAULT"]) {
        Some(OnDelete::SetDefault)
    } else if cursor.eat("CASCADE") {
        Some(OnDelete::Cascade)
    } else if cursor.eat("RESTRICT") {
        Some(OnDelete::Restrict)
    } else if cursor.eat_all(&["NO", "ACTION"]) {
        Some(OnDelete::NoAction)
    } else {
        None
    }
}
