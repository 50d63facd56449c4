//! The formatter: one way to write a file, with every comment kept.
//!
//! A file with an error is refused as a whole, as other formatters do: what the author meant by the broken
//! part decides where the parts behind it belong. What a comment cuts in the middle, such as an argument
//! list, keeps its lines; only its blanks change.

mod join;
mod lines;

use crate::ast::{Attr, Type};
use crate::{NodeKind, NodeRef, Parse, TokenKind, TokenRef, Tree};
use join::Joiner;
use lines::{Column, Line};

/// Lists and conditions that make a line longer than this are broken.
const WIDTH: usize = 100;
/// The columns of one level.
const INDENT: usize = 2;

/// The file in its one form; none if it has errors.
///
/// Formatting is idempotent, and changes nothing but blanks, line ends, and the order of the clauses of a
/// query: `select`, `where`, `order`, `limit`, `expect`.
#[must_use]
pub fn format(parse: &Parse) -> Option<String> {
    if parse.diagnostics.has_errors() {
        return None;
    }
    let tree = &parse.tree;
    let mut formatter = Formatter {
        tree,
        joiner: Joiner::new(tree),
        lines: Vec::new(),
        indent: 0,
    };
    formatter.file(tree.root());
    Some(lines::render(&formatter.lines))
}

struct Formatter<'t> {
    tree: &'t Tree,
    joiner: Joiner<'t>,
    lines: Vec<Line>,
    indent: usize,
}

impl<'t> Formatter<'t> {
    fn token(&self, index: u32) -> TokenRef<'t> {
        self.tree.token_ref(index)
    }

    fn push(&mut self, column: Column, cells: Vec<String>, blank: bool) {
        self.lines.push(Line {
            indent: self.indent,
            blank,
            column,
            cells,
            reserve: 0,
            comment: None,
        });
    }

    fn text(&mut self, text: String, blank: bool) {
        self.push(Column::Plain, vec![text], blank);
    }

    fn file(&mut self, root: NodeRef<'t>) {
        let mut at = root.token_range().start;
        let mut tall_before = false;
        for item in root.children() {
            let range = item.token_range();
            let first_line = self.lines.len();
            let blank = self.gap(at, range.start, first_line == 0);
            self.member(item, blank);
            let tall = self.lines.len() > first_line + 1;
            if first_line > 0 && (tall || tall_before) && !self.lead_is_separated(first_line) {
                self.separate(first_line);
            }
            tall_before = tall;
            at = range.end;
        }
        self.gap(at, root.token_range().end, self.lines.is_empty());
    }

    /// Whether a blank line stands before an item, or between it and the comments before it.
    fn lead_is_separated(&self, first_line: usize) -> bool {
        let comments = self
            .lines
            .iter()
            .skip(first_line)
            .take_while(|line| line.column == Column::Comment)
            .count();
        self.lines
            .iter()
            .skip(first_line)
            .take(comments + 1)
            .any(|line| line.blank)
    }

    fn separate(&mut self, line: usize) {
        if let Some(line) = self.lines.get_mut(line) {
            line.blank = true;
        }
    }

    /// The comments between two tokens; answers whether a blank line stands behind them.
    fn gap(&mut self, from: u32, to: u32, mut first: bool) -> bool {
        let mut line_ends = 0;
        for index in from..to {
            let token = self.token(index);
            match token.kind() {
                TokenKind::LineBreak => line_ends += token.text().matches('\n').count(),
                TokenKind::Comment | TokenKind::Doc => {
                    let text = token.text().trim_end().to_owned();
                    match self
                        .lines
                        .last_mut()
                        .filter(|_| line_ends == 0 && token.kind() == TokenKind::Comment)
                    {
                        Some(line) => line.comment = Some(text),
                        None => {
                            self.push(Column::Comment, vec![text], line_ends > 1 && !first);
                            first = false;
                        }
                    }
                    line_ends = 0;
                }
                _ => {}
            }
        }
        line_ends > 1 && !first
    }

    /// An item, part, clause or setting, with the documentation before it.
    fn member(&mut self, node: NodeRef<'t>, blank: bool) {
        let range = node.token_range();
        let lead = |kind: TokenKind| kind.is_trivia() || kind == TokenKind::Doc;
        let first = range
            .clone()
            .find(|index| !lead(self.token(*index).kind()))
            .unwrap_or(range.end);
        let mut blank = blank;
        if first > range.start {
            let before = self.lines.len();
            self.lead(range.start, first, blank);
            blank = blank && self.lines.len() == before;
        }
        let open = node.own_tokens().find(|token| token.kind() == TokenKind::LBrace);
        match open {
            Some(open) => self.block(node, first, open.index(), blank),
            None => self.simple(node, first, blank),
        }
    }

    /// Documentation, and the comments in it. No blank line stands behind documentation.
    fn lead(&mut self, from: u32, to: u32, mut blank: bool) {
        for index in from..to {
            let token = self.token(index);
            if matches!(token.kind(), TokenKind::Doc | TokenKind::Comment) {
                self.push(Column::Comment, vec![token.text().trim_end().to_owned()], blank);
                blank = false;
            }
        }
    }

    /// Whether a comment stands among the tokens.
    fn has_comment(&self, from: u32, to: u32) -> bool {
        (from..to).any(|index| self.token(index).kind() == TokenKind::Comment)
    }

    fn has_line_break(&self, from: u32, to: u32) -> bool {
        (from..to).any(|index| self.token(index).kind() == TokenKind::LineBreak)
    }

    /// A member without a body.
    fn simple(&mut self, node: NodeRef<'t>, first: u32, blank: bool) {
        let end = node.token_range().end;
        if self.has_comment(first, end) {
            let hang = if node.kind() == NodeKind::Chain {
                0
            } else {
                2 * INDENT
            };
            let text = self.joiner.spread(first, end, self.indent, hang);
            return self.text(text, blank);
        }
        match node.kind() {
            NodeKind::Field => self.field(node, first, blank),
            NodeKind::Setting => self.columns(Column::Setting, first, end, blank),
            NodeKind::Select | NodeKind::Where | NodeKind::Order | NodeKind::Limit | NodeKind::Expect => {
                self.columns(Column::Clause, first, end, blank);
            }
            _ => {
                let text = self.joiner.wrapped(
                    first,
                    end,
                    WIDTH.saturating_sub(self.indent),
                    self.indent + 2 * INDENT,
                );
                self.text(text, blank);
            }
        }
    }

    /// The name, the type with a default right behind it, and the attributes with a default among them.
    fn field(&mut self, node: NodeRef<'t>, first: u32, blank: bool) {
        let end = node.token_range().end;
        let typed = node
            .children()
            .find_map(Type::cast)
            .map_or(end, |ty| ty.node().token_range().start);
        let rest = node
            .children()
            .find_map(Attr::cast)
            .map_or(end, |attr| attr.node().token_range().start);
        let mut cells = vec![self.joiner.join(first, typed), self.joiner.join(typed, rest)];
        // Attributes stand behind the longest type; a default pushes them only if it has some behind it.
        let default = node
            .child(NodeKind::Default)
            .map_or(rest, |node| node.token_range().start);
        let reserve = self.joiner.join(typed, default.min(rest)).chars().count();
        if rest < end {
            cells.push(self.joiner.join(rest, end));
        }
        self.push(Column::Field, cells, blank);
        if let Some(line) = self.lines.last_mut().filter(|_| rest == end) {
            line.reserve = reserve;
        }
    }

    /// A word and what it is about.
    fn columns(&mut self, column: Column, first: u32, end: u32, blank: bool) {
        let word = self.token(first).text();
        let room = WIDTH.saturating_sub(self.indent + word.len() + 1);
        let text = self
            .joiner
            .wrapped(first + 1, end, room, self.indent + 2 * INDENT);
        self.push(column, vec![word.to_owned(), text], blank);
    }

    /// A member with a body in braces.
    fn block(&mut self, node: NodeRef<'t>, first: u32, open: u32, blank: bool) {
        let end = node.token_range().end;
        let close = end.saturating_sub(1);
        if self.one_line(node, first, open, blank) {
            return;
        }
        self.head(node, first, open, blank);
        let header = self.lines.len();
        self.indent += INDENT;
        self.body(node, open, close);
        self.indent -= INDENT;
        let bare = self.lines.len() == header;
        match self
            .lines
            .last_mut()
            .filter(|line| bare && line.comment.is_none())
        {
            Some(line) => line.append("}"),
            None => self.text("}".to_owned(), false),
        }
    }

    fn body(&mut self, node: NodeRef<'t>, open: u32, close: u32) {
        let start = self.lines.len();
        let mut at = open + 1;
        let mut segments = Vec::new();
        for child in node.children().filter(|child| child.token_range().start > open) {
            let from = self.lines.len();
            let range = child.token_range();
            let blank = self.gap(at, range.start, from == start);
            self.member(child, blank);
            at = range.end;
            segments.push((rank(child.kind()), from, self.lines.len()));
        }
        let sorted = segments
            .iter()
            .zip(segments.iter().skip(1))
            .all(|(a, b)| a.0 <= b.0);
        // The comment behind the last clause is still to come, and belongs to it wherever it goes.
        let end = self.lines.len();
        self.gap(at, close, end == start);
        if !sorted {
            self.reorder(start, end, segments);
        }
    }

    /// Puts the clauses of a query in order, each with the comments before and behind it.
    fn reorder(&mut self, start: usize, end: usize, mut segments: Vec<(usize, usize, usize)>) {
        segments.sort_by_key(|(rank, ..)| *rank);
        let old: Vec<Line> = self.lines.get(start..end).unwrap_or_default().to_vec();
        let lines = segments
            .iter()
            .flat_map(|(_, from, to)| old.get(from - start..to - start).unwrap_or_default());
        let mut sorted: Vec<Line> = lines.cloned().collect();
        if let Some(first) = sorted.first_mut() {
            first.blank = false;
        }
        self.lines.splice(start..end, sorted);
    }

    /// What stands before a body. Heads that the author put on lines of their own stay there.
    fn head(&mut self, node: NodeRef<'t>, first: u32, open: u32, blank: bool) {
        if self.has_comment(first, open) {
            let text = self.joiner.spread(first, open + 1, self.indent, INDENT);
            return self.text(text, blank);
        }
        let heads: Vec<_> = node
            .children()
            .map(NodeRef::token_range)
            .filter(|range| range.start > first && range.start < open)
            .collect();
        let (Some(head), true) = (heads.first(), self.has_line_break(first, open)) else {
            let text = self.joiner.join(first, open + 1);
            return self.text(text, blank);
        };
        let text = self.joiner.join(first, head.start);
        self.text(text, blank);
        self.indent += INDENT;
        for head in heads {
            let text = self.joiner.join(head.start, head.end);
            self.text(text, false);
        }
        self.indent -= INDENT;
        self.text("{".to_owned(), false);
    }

    /// A query or an enum that the author wrote on one line stays there, if it fits.
    fn one_line(&mut self, node: NodeRef<'t>, first: u32, open: u32, blank: bool) -> bool {
        let range = node.token_range();
        let short = matches!(node.kind(), NodeKind::Query | NodeKind::Enum);
        if !short || self.has_line_break(first, range.end) || self.has_comment(first, range.end) {
            return false;
        }
        let mut inner: Vec<NodeRef<'t>> = node
            .children()
            .filter(|child| child.token_range().start > open)
            .collect();
        inner.sort_by_key(|child| rank(child.kind()));
        let inner: Vec<String> = inner
            .iter()
            .map(|child| {
                self.joiner
                    .join(child.token_range().start, child.token_range().end)
            })
            .collect();
        if inner.is_empty() {
            return false;
        }
        let text = format!("{} {} }}", self.joiner.join(first, open + 1), inner.join("  "));
        let fits = self.indent + text.chars().count() <= WIDTH;
        if fits {
            self.text(text, blank);
        }
        fits
    }
}

/// The place of a clause among those of a query; other members keep theirs.
const fn rank(kind: NodeKind) -> usize {
    match kind {
        NodeKind::Select => 1,
        NodeKind::Where => 2,
        NodeKind::Order => 3,
        NodeKind::Limit => 4,
        NodeKind::Expect => 5,
        _ => 0,
    }
}
