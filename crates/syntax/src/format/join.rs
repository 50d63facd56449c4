//! Puts tokens on one line with the blanks that belong between them, and breaks what is too long.

use crate::{NodeKind, TokenKind, Tree};

/// Knows for each token which node it belongs to, since `-`, `/` and `(` depend on it.
pub(super) struct Joiner<'t> {
    tree: &'t Tree,
    owners: Vec<NodeKind>,
}

impl<'t> Joiner<'t> {
    pub(super) fn new(tree: &'t Tree) -> Self {
        let mut owners = vec![NodeKind::File; tree.tokens().count()];
        for node in tree.nodes() {
            for token in node.own_tokens() {
                if let Some(owner) = owners.get_mut(token.index() as usize) {
                    *owner = node.kind();
                }
            }
        }
        Self { tree, owners }
    }

    fn owner(&self, index: u32) -> NodeKind {
        self.owners.get(index as usize).copied().unwrap_or(NodeKind::File)
    }

    /// The tokens of a range that are not trivia.
    fn indices(&self, from: u32, to: u32) -> impl Iterator<Item = u32> {
        (from..to).filter(|index| !self.tree.token_ref(*index).kind().is_trivia())
    }

    /// The tokens on one line.
    pub(super) fn join(&self, from: u32, to: u32) -> String {
        self.wrapped(from, to, usize::MAX, 0)
    }

    /// The tokens on one line if it has room for them, and else broken behind commas, before arrows, and
    /// before `and` and `or`, with the further lines indented.
    pub(super) fn wrapped(&self, from: u32, to: u32, room: usize, indent: usize) -> String {
        let pieces = self.pieces(from, to);
        let whole: usize = pieces.iter().map(|(_, text)| text.chars().count()).sum();
        let mut out = String::with_capacity(whole);
        let mut line = 0;
        for (may_break, piece) in pieces {
            let width = piece.chars().count();
            if whole > room && may_break && line > 0 && line + piece.trim_end().chars().count() > room {
                out.truncate(out.trim_end().len());
                out.push('\n');
                out.extend(std::iter::repeat_n(' ', indent));
                out.push_str(piece.trim_start());
                line = piece.trim_start().chars().count();
            } else {
                out.push_str(&piece);
                line += width;
            }
        }
        out
    }

    /// The tokens with the line ends that the author gave them and the comments among them. Lines after
    /// the first hang in, except that a `{` stands below the first word.
    pub(super) fn spread(&self, from: u32, to: u32, indent: usize, hang: usize) -> String {
        let mut out = String::new();
        let mut before: Option<u32> = None;
        for index in from..to {
            let token = self.tree.token_ref(index);
            match token.kind() {
                TokenKind::Space => continue,
                TokenKind::LineBreak => {
                    out.push('\n');
                    before = None;
                    continue;
                }
                _ => {}
            }
            if out.ends_with('\n') {
                let hang = if token.kind() == TokenKind::LBrace {
                    0
                } else {
                    hang
                };
                out.extend(std::iter::repeat_n(' ', indent + hang));
            } else if token.kind() == TokenKind::Comment {
                out.push_str("  ");
            } else if before.is_some_and(|before| self.blank(before, index)) {
                out.push(' ');
            }
            out.push_str(token.text().trim_end());
            before = Some(index);
        }
        out
    }

    /// The text between the places where a line may be broken, each with whether it may be before it.
    fn pieces(&self, from: u32, to: u32) -> Vec<(bool, String)> {
        let mut pieces: Vec<(bool, String)> = Vec::new();
        let mut before: Option<u32> = None;
        for index in self.indices(from, to) {
            let may_break = before.is_some_and(|before| self.may_break(before, index));
            if may_break || pieces.is_empty() {
                pieces.push((may_break, String::new()));
            }
            let blank = before.is_some_and(|before| self.blank(before, index));
            if let Some((_, piece)) = pieces.last_mut() {
                if blank {
                    piece.push(' ');
                }
                piece.push_str(self.tree.token_ref(index).text());
            }
            before = Some(index);
        }
        pieces
    }

    fn may_break(&self, before: u32, index: u32) -> bool {
        let kind = self.tree.token_ref(index).kind();
        self.tree.token_ref(before).kind() == TokenKind::Comma
            || kind == TokenKind::Arrow && self.owner(index) == NodeKind::Chain
            || kind == TokenKind::Lower && matches!(self.owner(index), NodeKind::And | NodeKind::Or)
    }

    /// Whether a blank stands between two tokens.
    fn blank(&self, before: u32, index: u32) -> bool {
        use TokenKind::{
            At, Colon, Comma, Dot, DotDot, LBracket, LParen, Minus, Question, RBracket, RParen, Slash,
        };
        let (first, second) = (
            self.tree.token_ref(before).kind(),
            self.tree.token_ref(index).kind(),
        );
        let tight_before = match second {
            RParen | RBracket | Comma | Question | Dot | DotDot | Colon => true,
            LParen => self.owner(index) == NodeKind::Args,
            Slash => self.owner(index) == NodeKind::Rate,
            _ => false,
        };
        let tight_behind = match first {
            LParen | LBracket | At | Dot | DotDot => true,
            Minus => self.owner(before) == NodeKind::Neg,
            Slash => self.owner(before) == NodeKind::Rate,
            _ => false,
        };
        !tight_before && !tight_behind
    }
}
