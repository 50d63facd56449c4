//! A place in a list of tokens.

use super::lexer::{Token, TokenKind, tokens};

/// Reads tokens from left to right; comments are kept aside.
#[derive(Debug, Clone)]
pub(super) struct Cursor<'a> {
    sql: &'a str,
    tokens: Vec<Token<'a>>,
    at: usize,
}

impl<'a> Cursor<'a> {
    pub(super) fn new(sql: &'a str) -> Self {
        Self {
            sql,
            tokens: tokens(sql),
            at: 0,
        }
    }

    /// The next token that is no comment.
    pub(super) fn peek(&self) -> Option<Token<'a>> {
        self.tokens
            .iter()
            .skip(self.at)
            .find(|token| token.kind != TokenKind::Comment)
            .copied()
    }

    /// The token after the next.
    pub(super) fn peek_second(&self) -> Option<Token<'a>> {
        self.tokens
            .iter()
            .skip(self.at)
            .filter(|token| token.kind != TokenKind::Comment)
            .nth(1)
            .copied()
    }

    pub(super) fn next(&mut self) -> Option<Token<'a>> {
        while let Some(token) = self.tokens.get(self.at).copied() {
            self.at += 1;
            if token.kind != TokenKind::Comment {
                return Some(token);
            }
        }
        None
    }

    /// Takes the next token if it is this word.
    pub(super) fn eat(&mut self, word: &str) -> bool {
        let found = self.peek().is_some_and(|token| token.is(word));
        if found {
            self.next();
        }
        found
    }

    /// Takes these words if all of them come next.
    pub(super) fn eat_all(&mut self, words: &[&str]) -> bool {
        let start = self.at;
        let found = words.iter().all(|word| self.eat(word));
        if !found {
            self.at = start;
        }
        found
    }

    pub(super) fn name(&mut self) -> Option<String> {
        let name = self.peek()?.name()?;
        self.next();
        Some(name)
    }

    /// `( … )`: what is between, with its own comments.
    pub(super) fn group(&mut self) -> Option<&'a str> {
        let open = self.peek().filter(|token| token.is("("))?;
        self.next();
        let mut depth = 1_u32;
        while let Some(token) = self.next() {
            if token.is("(") {
                depth += 1;
            } else if token.is(")") {
                depth -= 1;
                if depth == 0 {
                    return self.sql.get(open.end()..token.start);
                }
            }
        }
        None
    }

    /// Whether the group that comes next has this word at its end.
    pub(super) fn group_ends_with(&self, word: &str) -> bool {
        let inside = self.clone().group().unwrap_or_default();
        let mut said = tokens(inside).into_iter().rev();
        let last = said.find(|token| token.kind != TokenKind::Comment);
        last.is_some_and(|token| token.is(word))
    }

    /// Names in parentheses, and whether nothing else was said of them (`COLLATE x`, `DESC`).
    pub(super) fn names(&mut self) -> Option<(Vec<String>, bool)> {
        let inside = self.group()?;
        let mut inner = Cursor::new(inside);
        let mut names = Vec::new();
        let mut plain = true;
        while let Some(name) = inner.name() {
            names.push(name);
            while inner.peek().is_some_and(|token| !token.is(",")) {
                plain &= inner.eat("ASC") || inner.next().is_none();
            }
            inner.eat(",");
        }
        Some((names, plain))
    }

    /// How many comments stand before the next token.
    pub(super) fn comments_ahead(&self) -> usize {
        let ahead = self.tokens.iter().skip(self.at);
        ahead.take_while(|token| token.kind == TokenKind::Comment).count()
    }

    /// How many comments there are.
    pub(super) fn comments_in_all(&self) -> usize {
        let all = self.tokens.iter();
        all.filter(|token| token.kind == TokenKind::Comment).count()
    }

    /// Comments before the next token: paragraphs, separated by blank lines.
    pub(super) fn comments(&self) -> Vec<String> {
        let mut groups: Vec<Vec<String>> = Vec::new();
        let mut after = 0;
        for token in self.tokens.iter().skip(self.at) {
            after = token.breaks;
            if token.kind != TokenKind::Comment {
                break;
            }
            let text = comment_text(token.text);
            match groups.last_mut() {
                Some(group) if token.breaks < 2 => group.push(text),
                _ => groups.push(vec![text]),
            }
        }
        if after >= 2 && !groups.is_empty() {
            // A blank line after the last paragraph: nothing is said of the next token.
            groups.push(Vec::new());
        }
        groups.into_iter().map(|group| group.join("\n")).collect()
    }

    /// Where the next token starts.
    pub(super) fn offset(&self) -> usize {
        self.peek().map_or(self.sql.len(), |token| token.start)
    }

    /// Where the last token ended.
    pub(super) fn last_end(&self) -> usize {
        let before = self
            .tokens
            .iter()
            .take(self.at)
            .rev()
            .find(|token| token.kind != TokenKind::Comment);
        before.map_or(0, Token::end)
    }

    pub(super) fn slice(&self, from: usize, to: usize) -> &'a str {
        self.sql.get(from..to).unwrap_or_default()
    }

    pub(super) const fn source(&self) -> &'a str {
        self.sql
    }
}

fn comment_text(comment: &str) -> String {
    let inner = match comment.strip_prefix("--") {
        Some(line) => line,
        None => comment.trim_start_matches("/*").trim_end_matches("*/"),
    };
    inner.trim().to_owned()
}
