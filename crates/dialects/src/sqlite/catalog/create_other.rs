//! CREATE INDEX, TRIGGER and VIEW statements.

use physical::{
    Expr, Index, IndexKey, IndexMethod, Name, Origin, SqlType, Timing, Trigger, TriggerAction, TriggerEvent,
    View, ViewQuery,
};

use super::create_table::closed;
use super::cursor::Cursor;
use super::lexer::TokenKind;

fn head<'a>(sql: &'a str, kind: &str) -> Option<(Cursor<'a>, String, bool)> {
    let mut cursor = Cursor::new(sql);
    if !cursor.eat("CREATE") {
        return None;
    }
    let unique = cursor.eat("UNIQUE");
    let _ = cursor.eat("TEMP") || cursor.eat("TEMPORARY");
    if !cursor.eat(kind) {
        return None;
    }
    cursor.eat_all(&["IF", "NOT", "EXISTS"]);
    let mut name = cursor.name()?;
    if cursor.eat(".") {
        name = cursor.name()?;
    }
    Some((cursor, name, unique))
}

fn joined(comments: Vec<String>) -> Option<String> {
    let text = comments
        .into_iter()
        .filter(|text| !text.is_empty())
        .collect::<Vec<_>>()
        .join("\n");
    (!text.is_empty()).then_some(text)
}

/// What is left, without a semicolon or comment at its end.
fn rest<'a>(cursor: &mut Cursor<'a>) -> &'a str {
    let start = cursor.offset();
    while cursor.next().is_some() {}
    let end = cursor.last_end().max(start);
    cursor.slice(start, end).trim_end_matches(';').trim()
}

/// Reads a CREATE INDEX statement.
pub(super) fn index(sql: &str, column_type: impl Fn(&str) -> Option<SqlType>) -> Option<Index> {
    let (mut cursor, name, unique) = head(sql, "INDEX")?;
    let comment = joined(cursor.comments());
    if !cursor.eat("ON") {
        return None;
    }
    cursor.name()?;
    let inside = cursor.group()?;
    let predicate = if cursor.eat("WHERE") {
        Some(Expr::Sql(rest(&mut cursor).to_owned()))
    } else if cursor.peek().is_none_or(|token| token.is(";")) {
        None
    } else {
        return None;
    };
    Some(Index {
        name: name.into(),
        unique,
        nulls_not_distinct: false,
        method: IndexMethod::BTree,
        keys: keys(inside, &column_type),
        include: Vec::new(),
        predicate,
        comment,
        origin: Origin::Found,
    })
}

/// An index whose statement we do not take apart: as good as it for whoever compares and makes it, by its words.
pub(super) fn unread_index(name: &str, sql: &str) -> Index {
    Index {
        name: name.into(),
        unique: sql
            .split_whitespace()
            .nth(1)
            .is_some_and(|word| word.eq_ignore_ascii_case("UNIQUE")),
        nulls_not_distinct: false,
        method: IndexMethod::BTree,
        keys: vec![IndexKey {
            expr: Expr::Sql(sql.to_owned()),
            descending: false,
            nulls_first: None,
            operator_class: None,
        }],
        include: Vec::new(),
        predicate: None,
        comment: None,
        origin: Origin::Found,
    }
}

fn keys(inside: &str, column_type: &impl Fn(&str) -> Option<SqlType>) -> Vec<IndexKey> {
    let mut cursor = Cursor::new(inside);
    let mut keys = Vec::new();
    while cursor.peek().is_some() {
        let start = cursor.offset();
        let mut end = start;
        let mut key = IndexKey {
            expr: Expr::Sql(String::new()),
            descending: false,
            nulls_first: None,
            operator_class: None,
        };
        while let Some(token) = cursor.peek() {
            if token.is(",") {
                break;
            }
            if cursor.eat("COLLATE") {
                key.operator_class = cursor.name();
            } else if cursor.eat("DESC") {
                key.descending = true;
            } else if !cursor.eat("ASC") {
                if token.is("(") {
                    if cursor.group().is_none() {
                        cursor.next();
                    }
                } else {
                    cursor.next();
                }
                end = cursor.last_end();
            }
        }
        cursor.eat(",");
        let text = cursor.slice(start, end).trim();
        let mut only = Cursor::new(text);
        let column = only
            .name()
            .filter(|_| only.peek().is_none())
            .and_then(|name| column_type(&name).map(|ty| Expr::column(name, ty)));
        key.expr = column.unwrap_or_else(|| Expr::Sql(text.to_owned()));
        keys.push(key);
    }
    keys
}

/// Reads a CREATE TRIGGER statement.
pub(super) fn trigger(sql: &str) -> Option<Trigger> {
    let (mut cursor, name, _) = head(sql, "TRIGGER")?;
    let timing = if cursor.eat("BEFORE") {
        Timing::Before
    } else if cursor.eat("AFTER") {
        Timing::After
    } else if cursor.eat_all(&["INSTEAD", "OF"]) {
        Timing::InsteadOf
    } else {
        Timing::Before
    };
    let event = if cursor.eat("INSERT") {
        TriggerEvent::Insert
    } else if cursor.eat("DELETE") {
        TriggerEvent::Delete
    } else if cursor.eat("UPDATE") {
        let mut columns = Vec::new();
        if cursor.eat("OF") {
            columns.push(cursor.name()?.into());
            while cursor.eat(",") {
                columns.push(cursor.name()?.into());
            }
        }
        TriggerEvent::Update(columns)
    } else {
        return None;
    };
    if !cursor.eat("ON") {
        return None;
    }
    cursor.name()?;
    cursor.eat_all(&["FOR", "EACH", "ROW"]);
    let comment = joined(cursor.comments());
    let when = when(&mut cursor)?;
    if !cursor.eat("BEGIN") {
        return None;
    }
    let start = cursor.last_end();
    let source = cursor.source();
    let mut end = None;
    while let Some(token) = cursor.next() {
        if token.is("END") && token.kind == TokenKind::Word {
            end = Some(token.start);
        }
    }
    Some(Trigger {
        name: name.into(),
        timing,
        events: vec![event],
        per_row: true,
        transition_tables: (None, None),
        when,
        action: TriggerAction::Body(source.get(start..end?)?.to_owned()),
        enabled: true,
        comment,
        origin: Origin::Found,
    })
}

/// A trigger whose statement we do not take apart: whoever compares or makes it does so by its words.
pub(super) fn unread_trigger(name: &str, sql: &str) -> Trigger {
    Trigger {
        name: name.into(),
        timing: Timing::Before,
        events: Vec::new(),
        per_row: true,
        transition_tables: (None, None),
        when: None,
        action: TriggerAction::Body(sql.to_owned()),
        enabled: true,
        comment: None,
        origin: Origin::Found,
    }
}

/// The outer `None` when WHEN is not followed by BEGIN.
#[expect(
    clippy::option_option,
    reason = "a condition that is absent is not one that cannot be read"
)]
fn when(cursor: &mut Cursor<'_>) -> Option<Option<Expr>> {
    if !cursor.eat("WHEN") {
        return Some(None);
    }
    let start = cursor.offset();
    while let Some(token) = cursor.peek() {
        if token.is("BEGIN") {
            let text = cursor.slice(start, cursor.last_end());
            return Some(Some(Expr::Sql(closed(text))));
        }
        if token.is("(") && cursor.group().is_some() {
            continue;
        }
        cursor.next();
    }
    None
}

/// Reads a CREATE VIEW statement.
pub(super) fn view(sql: &str) -> Option<View> {
    let (mut cursor, name, _) = head(sql, "VIEW")?;
    let columns = if cursor.peek().is_some_and(|token| token.is("(")) {
        cursor.group()
    } else {
        None
    };
    if !cursor.eat("AS") {
        return None;
    }
    let comment = joined(cursor.comments());
    let query = rest(&mut cursor);
    let query = match columns {
        // Names given before AS stand before what it shows; no query begins with a parenthesis.
        Some(columns) => format!("({}) AS {query}", closed(columns)),
        None => query.to_owned(),
    };
    Some(View {
        name: Name::bare(name),
        owner: None,
        query: ViewQuery::Sql(query),
        materialized: false,
        security_barrier: false,
        security_invoker: false,
        grants: Vec::new(),
        comment,
        origin: Origin::Found,
    })
}
