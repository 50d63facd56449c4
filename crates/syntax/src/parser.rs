//! The recursive descent parser: its machinery here, its productions in the files below.
//!
//! Nodes are collected in post-order, where a node can be put around finished ones without moving them, and
//! turned into pre-order at the end.

mod chain;
mod clause;
mod expr;
mod file;
mod names;
mod part;
mod recover;

use crate::codes;
use crate::kind::{NodeKind, TokenKind};
use crate::tree::{Node, Token};
use diagnostics::{Diagnostic, Diagnostics, FileId, Rule, Span};

/// Parses tokens; hands them back with the nodes in pre-order.
pub(crate) fn parse(
    file: FileId,
    text: &str,
    tokens: Vec<Token>,
    found: Diagnostics,
) -> (Vec<Node>, Vec<Token>, Diagnostics) {
    let nodes = Vec::with_capacity(tokens.len() / 4 + 1);
    let mut parser = Parser {
        file,
        text,
        tokens,
        nodes,
        at: 0,
        end: 0,
        fresh: true,
        depth: 0,
        complained: None,
        found,
    };
    parser.settle(0);
    parser.file();
    let count = parser.tokens.len() as u32;
    parser.nodes.push(Closed {
        kind: NodeKind::File,
        first_token: 0,
        end_token: count.saturating_sub(1),
        start: 0,
    });
    (pre_order(&parser.nodes), parser.tokens, parser.found)
}

/// A finished node; its descendants are the nodes from `start` to itself.
#[derive(Clone, Copy)]
struct Closed {
    kind: NodeKind,
    first_token: u32,
    end_token: u32,
    start: u32,
}

/// Where a node will begin.
#[derive(Clone, Copy)]
pub(crate) struct Mark {
    token: u32,
    node: u32,
}

/// A production did not find what it needs and has said so; the caller skips to where it can go on.
#[derive(Debug)]
pub(crate) struct Broken;

pub(crate) type Parsed = Result<(), Broken>;

pub(crate) struct Parser<'s> {
    file: FileId,
    text: &'s str,
    tokens: Vec<Token>,
    nodes: Vec<Closed>,
    /// The next token that is not trivia.
    at: u32,
    /// Behind the last token that was taken.
    end: u32,
    /// Whether a line end stands before the next token.
    fresh: bool,
    /// How many parentheses are open.
    depth: u32,
    /// The token of the last complaint: one mistake, one diagnostic.
    complained: Option<u32>,
    found: Diagnostics,
}

impl<'s> Parser<'s> {
    fn token(&self, index: u32) -> Token {
        let end = Token {
            start: self.text.len() as u32,
            kind: TokenKind::Eof,
        };
        self.tokens.get(index as usize).copied().unwrap_or(end)
    }

    /// Finds the next token that is not trivia, from an index on. What the lexer could make nothing of is
    /// passed over as well: it has said so.
    fn settle(&mut self, from: u32) {
        self.at = from;
        self.fresh = from == 0;
        loop {
            match self.token(self.at).kind {
                TokenKind::LineBreak => self.fresh = true,
                kind if kind.is_trivia() || kind == TokenKind::Unknown => {}
                _ => return,
            }
            self.at += 1;
        }
    }

    fn kind(&self) -> TokenKind {
        self.token(self.at).kind
    }

    /// The kind of the token behind the next one, and whether it stands on the same line.
    fn second(&self) -> (TokenKind, bool, u32) {
        self.behind(self.at)
    }

    /// The kind of the token behind an index, whether it stands on the same line, and its index.
    fn behind(&self, index: u32) -> (TokenKind, bool, u32) {
        let mut at = index + 1;
        let mut same_line = true;
        loop {
            match self.token(at).kind {
                TokenKind::LineBreak => same_line = false,
                kind if kind.is_trivia() || kind == TokenKind::Unknown => {}
                kind => return (kind, same_line, at),
            }
            at += 1;
        }
    }

    fn text_of(&self, index: u32) -> &'s str {
        self.text.get(self.span_of(index).range()).unwrap_or("")
    }

    fn span_of(&self, index: u32) -> Span {
        Span::new(self.file, self.token(index).start, self.token(index + 1).start)
    }

    /// The text of the next token.
    fn word(&self) -> &'s str {
        self.text_of(self.at)
    }

    fn span(&self) -> Span {
        self.span_of(self.at)
    }

    /// The last token that was taken.
    fn last(&self) -> u32 {
        self.end.saturating_sub(1)
    }

    fn is(&self, kind: TokenKind) -> bool {
        self.kind() == kind
    }

    fn is_word(&self, word: &str) -> bool {
        self.kind() == TokenKind::Lower && self.word() == word
    }

    /// Whether an optional tail begins here: the word, unless it is the name of a field (R3).
    fn is_tail(&self, word: &str) -> bool {
        self.is_word(word) && !matches!(self.second().0, TokenKind::Upper | TokenKind::LBracket)
    }

    fn bump(&mut self) {
        if self.kind() != TokenKind::Eof {
            self.end = self.at + 1;
            self.settle(self.end);
        }
    }

    fn eat(&mut self, kind: TokenKind) -> bool {
        let found = self.is(kind);
        if found {
            self.bump();
        }
        found
    }

    fn eat_word(&mut self, word: &str) -> bool {
        let found = self.is_word(word);
        if found {
            self.bump();
        }
        found
    }

    fn mark(&self) -> Mark {
        Mark {
            token: self.at,
            node: self.nodes.len() as u32,
        }
    }

    /// Ends a node that began at the mark; a node without a token is none.
    fn close(&mut self, mark: Mark, kind: NodeKind) {
        if self.end > mark.token {
            let node = Closed {
                kind,
                first_token: mark.token,
                end_token: self.end,
                start: mark.node,
            };
            self.nodes.push(node);
        }
    }

    fn push(&mut self, diagnostic: Diagnostic) {
        self.found.push(diagnostic);
    }

    /// Complains at the next token, unless that was done.
    fn complain(&mut self, make: impl FnOnce(&Self) -> Diagnostic) -> Broken {
        if self.complained != Some(self.at) && !self.behind_open_string() {
            let diagnostic = make(self);
            self.found.push(diagnostic);
            self.complained = Some(self.at);
        }
        Broken
    }

    /// Whether the line ended in a string that is not closed: it may have swallowed what is missing.
    fn behind_open_string(&self) -> bool {
        if !self.fresh || self.end == 0 || self.token(self.last()).kind != TokenKind::String {
            return false;
        }
        let text = self.text_of(self.last());
        text.len() < 2 || text.starts_with('"') && !text.ends_with('"')
    }

    /// Something of the given kind should have come next.
    fn expected(&mut self, rule: &'static Rule, what: &str) -> Broken {
        self.expected_with(rule, what, |found| found)
    }

    fn expected_with(
        &mut self,
        rule: &'static Rule,
        what: &str,
        more: impl FnOnce(Diagnostic) -> Diagnostic,
    ) -> Broken {
        self.complain(|p| more(p.expectation(rule, what)))
    }

    /// What is missing at a line end is shown behind the word before it, where it belongs.
    fn expectation(&self, rule: &'static Rule, what: &str) -> Diagnostic {
        if self.fresh || self.is(TokenKind::Eof) || self.is(TokenKind::Doc) {
            let last = self.last();
            if self.end == 0 {
                return Diagnostic::new(rule, self.span(), format!("expected {what}"));
            }
            let message = format!("expected {what} after `{}`", self.shown(last));
            return Diagnostic::new(rule, self.span_of(last), message);
        }
        let message = format!("expected {what}, found `{}`", self.shown(self.at));
        Diagnostic::new(rule, self.span(), message)
    }

    /// A token as a message shows it: short, on one line.
    fn shown(&self, index: u32) -> String {
        let text = self.text_of(index);
        let line = text.lines().next().unwrap_or("");
        let short: String = line.chars().take(40).filter(|c| !c.is_control()).collect();
        if short.len() == text.len() {
            short
        } else {
            format!("{short}…")
        }
    }

    fn unexpected(&mut self, what: &str) -> Broken {
        self.expected(&codes::UNEXPECTED, what)
    }
}

/// Turns post-order into pre-order: a child that starts `n` nodes behind its parent's start stands `n + 1`
/// places behind it.
fn pre_order(closed: &[Closed]) -> Vec<Node> {
    let blank = Node {
        kind: NodeKind::Error,
        first_token: 0,
        end_token: 0,
        subtree_end: 0,
    };
    let mut nodes = vec![blank; closed.len()];
    // The ancestors of the node at hand: where each starts in post-order and stands in pre-order.
    let mut above: Vec<(u32, u32)> = Vec::new();
    for (index, node) in closed.iter().enumerate().rev() {
        let index = index as u32;
        while above.last().is_some_and(|(start, _)| *start > index) {
            above.pop();
        }
        let place = above
            .last()
            .map_or(0, |(start, place)| place + 1 + (node.start - start));
        let subtree_end = place + 1 + (index - node.start);
        if let Some(slot) = nodes.get_mut(place as usize) {
            *slot = Node {
                kind: node.kind,
                first_token: node.first_token,
                end_token: node.end_token,
                subtree_end,
            };
        }
        above.push((node.start, place));
    }
    nodes
}
