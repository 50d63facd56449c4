//! What stands behind a table's name, cut into its items.

use super::super::catalog::lexer::{Token, TokenKind, exact, tokens};

/// The items of a table, as they are written.
#[derive(Debug)]
pub(super) struct Parts<'a> {
    /// Definitions of columns.
    pub(super) columns: Vec<Item<'a>>,
    /// Constraints of the table.
    pub(super) constraints: Vec<Item<'a>>,
    /// What stands behind the parenthesis.
    pub(super) options: String,
}

/// Text between two commas.
#[derive(Debug)]
pub(super) struct Item<'a> {
    /// As it is written, with its comments.
    pub(super) text: &'a str,
    tokens: Vec<Token<'a>>,
    /// In one spelling, with its comments and the blank lines around them, which tell what they speak of.
    said: String,
}

impl<'a> Item<'a> {
    fn new(text: &'a str) -> Self {
        Self {
            text: text.trim(),
            said: said(&tokens(text)),
            tokens: tokens(text),
        }
    }

    /// Whether comments stand within.
    pub(super) fn is_commented(&self) -> bool {
        let mut comments = self.tokens.iter();
        comments.any(|token| token.kind == TokenKind::Comment)
    }

    /// Whether two say the same, comments included.
    pub(super) fn says(&self, other: &Self) -> bool {
        self.said == other.said
    }

    /// Whether a word stands in it, outside of parentheses.
    pub(super) fn has(&self, word: &str) -> bool {
        self.outside().any(|token| token.is(word))
    }

    /// What follows a word.
    pub(super) fn after(&self, word: &str) -> Option<Token<'a>> {
        let mut said = self.outside().skip_while(|token| !token.is(word));
        said.nth(1)
    }

    /// Tokens that stand in no parentheses; the parentheses themselves do.
    fn outside(&self) -> impl Iterator<Item = Token<'a>> {
        let mut depth = 0_i32;
        let said = self
            .tokens
            .iter()
            .filter(|token| token.kind != TokenKind::Comment);
        said.filter(move |token| {
            let open = token.is("(");
            depth -= i32::from(token.is(")"));
            let outside = depth == 0;
            depth += i32::from(open);
            outside
        })
        .copied()
    }
}

fn said(tokens: &[Token<'_>]) -> String {
    let mut out = String::new();
    let mut near_comment = false;
    for token in tokens {
        let comment = token.kind == TokenKind::Comment;
        let apart = (near_comment || comment) && token.breaks > 1;
        out.push_str(if apart { "\n\n" } else { " " });
        if comment {
            out.push_str(token.text.trim());
        } else {
            out.push_str(&exact(token.text));
        }
        near_comment = comment;
    }
    out
}

/// Whether a name occurs in SQL, quoted or not.
pub(super) fn mentions(sql: &str, name: &str) -> bool {
    let names = tokens(sql).into_iter();
    names
        .filter(|token| token.kind != TokenKind::Comment)
        .filter_map(|token| token.name())
        .any(|found| found.eq_ignore_ascii_case(name))
}

/// Whether a name occurs in SQL with a point behind it.
pub(super) fn qualifies(sql: &str, name: &str) -> bool {
    let said = tokens(sql).into_iter();
    let said: Vec<Token<'_>> = said.filter(|token| token.kind != TokenKind::Comment).collect();
    let mut pairs = said.iter().zip(said.iter().skip(1));
    pairs.any(|(first, second)| {
        second.is(".") && first.name().is_some_and(|found| found.eq_ignore_ascii_case(name))
    })
}

/// Cuts what stands behind a table's name; `None` when it has fewer items than columns.
pub(super) fn parts(body: &str, columns: usize) -> Option<Parts<'_>> {
    let mut items = Vec::new();
    let mut depth = 0_u32;
    let mut start = 0;
    let mut end = None;
    for token in tokens(body) {
        if token.is("(") {
            depth += 1;
            if depth == 1 {
                start = token.end();
            }
        } else if token.is(")") {
            depth = depth.checked_sub(1)?;
            if depth == 0 {
                items.push(Item::new(body.get(start..token.start)?));
                end = Some(token.end());
                break;
            }
        } else if token.is(",") && depth == 1 {
            items.push(Item::new(body.get(start..token.start)?));
            start = token.end();
        }
    }
    let options = exact(body.get(end?..)?);
    if items.len() < columns {
        return None;
    }
    let constraints = items.split_off(columns);
    Some(Parts {
        columns: items,
        constraints,
        options,
    })
}
