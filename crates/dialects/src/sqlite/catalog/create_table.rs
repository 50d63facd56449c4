//! What a CREATE TABLE statement says beyond the catalog's functions: names, checks, expressions, comments.

use physical::OnDelete;

use super::cursor::Cursor;

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

/// Reads a CREATE TABLE statement; `None` when it is not one that we understand to its end.
pub(super) fn parse(sql: &str) -> Option<CreateTable> {
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
    // The first paragraph speaks of the table when another or a blank line follows it.
    if comments.len() > 1 {
        table.comment = Some(comments.remove(0)).filter(|text| !text.is_empty());
    }
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
            return Some(());
        }
        let comma = cursor.eat(",");
        if !comma && !is_constraint(cursor) {
            return None;
        }
        above = cursor.comments().pop();
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

fn conflict(cursor: &mut Cursor<'_>) {
    if cursor.eat_all(&["ON", "CONFLICT"]) {
        cursor.next();
    }
}

fn constraint(cursor: &mut Cursor<'_>, table: &mut CreateTable, comment: Option<String>) -> Option<()> {
    let mut name = None;
    while cursor.eat("CONSTRAINT") {
        name = Some(cursor.name()?);
    }
    if cursor.eat_all(&["PRIMARY", "KEY"]) {
        let columns = cursor.names()?;
        table.primary_key = Some((name, columns));
        conflict(cursor);
    } else if cursor.eat("UNIQUE") {
        table.uniques.push(UniqueDef {
            name,
            columns: cursor.names()?,
            comment,
        });
        conflict(cursor);
    } else if cursor.eat("CHECK") {
        table.checks.push(CheckDef {
            name,
            expr: cursor.group()?.trim().to_owned(),
            comment,
        });
        conflict(cursor);
    } else if cursor.eat_all(&["FOREIGN", "KEY"]) {
        let columns = cursor.names()?;
        let key = references(cursor, name, columns, comment)?;
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
    Some(
        cursor
            .slice(start, end)
            .split_whitespace()
            .collect::<Vec<_>>()
            .join(" "),
    )
}

fn column_constraint(
    cursor: &mut Cursor<'_>,
    table: &mut CreateTable,
    column: &mut ColumnDef,
    name: Option<String>,
) -> Option<()> {
    let own = vec![column.name.clone()];
    if cursor.eat_all(&["PRIMARY", "KEY"]) {
        let _ = cursor.eat("ASC") || cursor.eat("DESC");
        conflict(cursor);
        column.autoincrement = cursor.eat("AUTOINCREMENT");
        table.primary_key = Some((name, own));
    } else if cursor.eat_all(&["NOT", "NULL"]) {
        column.not_null = true;
        conflict(cursor);
    } else if cursor.eat("NULL") {
        conflict(cursor);
    } else if cursor.eat("UNIQUE") {
        table.uniques.push(UniqueDef {
            name,
            columns: own,
            comment: None,
        });
        conflict(cursor);
    } else if cursor.eat("CHECK") {
        table.checks.push(CheckDef {
            name,
            expr: cursor.group()?.trim().to_owned(),
            comment: None,
        });
        conflict(cursor);
    } else if cursor.eat("DEFAULT") {
        column.default = Some(default(cursor)?);
    } else if cursor.eat("COLLATE") {
        column.collation = Some(cursor.name()?);
    } else if cursor.peek().is_some_and(|token| token.is("REFERENCES")) {
        let key = references(cursor, name, own, None)?;
        table.foreign_keys.push(key);
    } else if cursor.eat_all(&["GENERATED", "ALWAYS", "AS"]) || cursor.eat("AS") {
        let expr = cursor.group()?.trim().to_owned();
        let stored = cursor.eat("STORED");
        if !stored {
            cursor.eat("VIRTUAL");
        }
        column.generated = Some((expr, stored));
    } else {
        return None;
    }
    Some(())
}

fn default(cursor: &mut Cursor<'_>) -> Option<String> {
    if let Some(inside) = cursor.group() {
        return Some(inside.trim().to_owned());
    }
    let start = cursor.offset();
    let sign = cursor.eat("-") || cursor.eat("+");
    let value = cursor.next()?;
    let _ = sign;
    Some(cursor.slice(start, value.end()).to_owned())
}

fn references(
    cursor: &mut Cursor<'_>,
    name: Option<String>,
    columns: Vec<String>,
    comment: Option<String>,
) -> Option<ForeignKeyDef> {
    if !cursor.eat("REFERENCES") {
        return None;
    }
    let table = cursor.name()?;
    let referenced = if cursor.peek().is_some_and(|token| token.is("(")) {
        cursor.names()?
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
        if cursor.eat_all(&["ON", "DELETE"]) {
            key.on_delete = action(cursor)?;
        } else if cursor.eat_all(&["ON", "UPDATE"]) {
            key.on_update = action(cursor)?;
        } else if cursor.eat("MATCH") {
            cursor.name()?;
        } else if cursor.eat_all(&["NOT", "DEFERRABLE"]) {
            let _ = cursor.eat_all(&["INITIALLY", "DEFERRED"]) || cursor.eat_all(&["INITIALLY", "IMMEDIATE"]);
        } else if cursor.eat("DEFERRABLE") {
            key.deferred = cursor.eat_all(&["INITIALLY", "DEFERRED"]);
            if !key.deferred {
                cursor.eat_all(&["INITIALLY", "IMMEDIATE"]);
            }
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
