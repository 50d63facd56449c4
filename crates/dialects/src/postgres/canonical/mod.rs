//! The one form in which two databases are compared.
//!
//! A database that was designed and one that was read back differ in order, in where their objects come from, and in how the
//! server spells expressions. Here all of that is evened out, and nothing else: `tests/postgres_canonical.rs` holds spellings
//! that must become equal and changes that must not.

mod database;
mod lexer;
mod normalise;
mod parser;
pub(crate) mod tree;

pub use database::canonical;

use tree::Level;

/// The normal form of an expression in SQL, given the types of columns; token by token when it is not understood.
#[must_use]
pub fn expression(sql: &str, types: &dyn Fn(&[String]) -> Option<String>) -> String {
    match parser::expression(sql) {
        Some(node) => normalise::normal(node, types).print(),
        None => token_text(sql),
    }
}

/// As [`expression`], for what stands in a column of this type.
#[must_use]
pub fn value(sql: &str, ty: &str, types: &dyn Fn(&[String]) -> Option<String>) -> String {
    match parser::expression(sql) {
        Some(node) => normalise::value(node, ty, types).print(),
        None => token_text(sql),
    }
}

/// The normal form of a query.
#[must_use]
pub fn query(sql: &str, types: &dyn Fn(&[String]) -> Option<String>) -> String {
    match parser::query(sql) {
        Some(select) => normalise::normal_query(select, types).print(),
        None => token_text(sql),
    }
}

/// How tightly SQL of unknown origin binds; loosest when it is not understood.
pub(crate) fn level(sql: &str) -> Level {
    match parser::expression(sql) {
        // The tree says what the text means. As text, LIKE and AT TIME ZONE bind more loosely than the operator and the call
        // that they stand for.
        Some(tree::Node::Call { name, .. }) if name.last().is_some_and(|last| last == "timezone") => {
            Level::Zone
        }
        Some(node) => match node.level() {
            Level::Operator => Level::Range,
            level => level,
        },
        None => Level::Or,
    }
}

/// The constant that an expression is, if it is one.
pub(crate) fn constant(sql: &str, ty: &str) -> Option<tree::Node> {
    let node = normalise::value(parser::expression(sql)?, ty, &|_| None);
    node.is_constant().then_some(node)
}

/// Names with at least one point that occur in SQL, and names that are called: what it may depend on.
#[must_use]
pub fn mentions(sql: &str) -> Vec<Vec<String>> {
    use lexer::Token;

    let mut out = Vec::new();
    let mut path: Vec<String> = Vec::new();
    let mut joined = false;
    for token in lexer::tokens(sql).unwrap_or_default() {
        match token {
            Token::Word(name) | Token::Quoted(name) => {
                if !joined {
                    flush(&mut path, &mut out);
                }
                path.push(name);
                joined = false;
            }
            Token::Punct('.') => joined = true,
            // `'shop.orders_id_seq'::regclass` names an object, too.
            Token::Text(text) => {
                flush(&mut path, &mut out);
                let parts = super::ident::split_path(&text);
                if parts.len() == 2 {
                    out.push(parts);
                }
                joined = false;
            }
            _ => {
                flush(&mut path, &mut out);
                joined = false;
            }
        }
    }
    flush(&mut path, &mut out);
    out
}

fn flush(path: &mut Vec<String>, out: &mut Vec<Vec<String>>) {
    if path.len() > 1 {
        out.push(std::mem::take(path));
    } else {
        path.clear();
    }
}

/// SQL with one blank between tokens and words in lower case.
fn token_text(sql: &str) -> String {
    use lexer::Token;

    let Some(tokens) = lexer::tokens(sql) else {
        return sql.trim().to_owned();
    };
    let words: Vec<String> = tokens
        .into_iter()
        .map(|token| match token {
            Token::Word(text) | Token::Number(text) | Token::Op(text) => text,
            Token::Quoted(text) => super::ident::ident(&text),
            Token::Text(text) => super::ident::text(&text),
            Token::Param(text) => format!(":{text}"),
            Token::Punct(c) => c.to_string(),
        })
        .collect();
    words.join(" ")
}
