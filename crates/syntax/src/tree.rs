//! The lossless tree: two flat vectors, and views of them that are two words wide.

use crate::{NodeKind, TokenKind};
use diagnostics::{FileId, Span};

/// A token: it ends where the next one starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Token {
    pub(crate) start: u32,
    pub(crate) kind: TokenKind,
}

/// A node: its tokens, and the index behind its last descendant. Children follow their parent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Node {
    pub(crate) kind: NodeKind,
    pub(crate) first_token: u32,
    pub(crate) end_token: u32,
    pub(crate) subtree_end: u32,
}

/// A syntax tree that covers every byte of its text. Immutable; nodes stand in pre-order.
#[derive(Debug)]
pub struct Tree {
    file: FileId,
    text: Box<str>,
    tokens: Vec<Token>,
    nodes: Vec<Node>,
}

impl Tree {
    pub(crate) fn new(file: FileId, text: &str, tokens: Vec<Token>, nodes: Vec<Node>) -> Self {
        Self {
            file,
            text: text.into(),
            tokens,
            nodes,
        }
    }

    /// The file that was parsed.
    #[must_use]
    pub const fn file(&self) -> FileId {
        self.file
    }

    /// The text that was parsed.
    #[must_use]
    pub const fn text(&self) -> &str {
        &self.text
    }

    /// The node of the whole file.
    #[must_use]
    pub const fn root(&self) -> NodeRef<'_> {
        NodeRef { tree: self, index: 0 }
    }

    /// Every token, trivia included, without the empty one at the end.
    pub fn tokens(&self) -> impl Iterator<Item = TokenRef<'_>> + Clone {
        let count = self.tokens.len().saturating_sub(1) as u32;
        (0..count).map(|index| TokenRef { tree: self, index })
    }

    /// Every node in pre-order.
    pub fn nodes(&self) -> impl Iterator<Item = NodeRef<'_>> + Clone {
        (0..self.nodes.len() as u32).map(|index| NodeRef { tree: self, index })
    }

    /// The token that covers an offset; at the border of two, the one that starts there.
    #[must_use]
    pub fn token_at(&self, offset: u32) -> Option<TokenRef<'_>> {
        let behind = self.tokens.partition_point(|token| token.start <= offset);
        let index = behind.checked_sub(1)? as u32;
        Some(TokenRef { tree: self, index }).filter(|token| token.kind() != TokenKind::Eof)
    }

    /// The innermost node that covers an offset.
    #[must_use]
    pub fn node_at(&self, offset: u32) -> NodeRef<'_> {
        let mut found = self.root();
        while let Some(inner) = found.children().find(|child| child.contains(offset)) {
            found = inner;
        }
        found
    }

    pub(crate) const fn token_ref(&self, index: u32) -> TokenRef<'_> {
        TokenRef { tree: self, index }
    }

    fn node(&self, index: u32) -> Node {
        const NONE: Node = Node {
            kind: NodeKind::Error,
            first_token: 0,
            end_token: 0,
            subtree_end: 0,
        };
        self.nodes.get(index as usize).copied().unwrap_or(NONE)
    }

    fn token(&self, index: u32) -> Token {
        let end = Token {
            start: self.text.len() as u32,
            kind: TokenKind::Eof,
        };
        self.tokens.get(index as usize).copied().unwrap_or(end)
    }
}

/// A token of a tree.
#[derive(Clone, Copy)]
pub struct TokenRef<'t> {
    tree: &'t Tree,
    index: u32,
}

impl<'t> TokenRef<'t> {
    /// What it is.
    #[must_use]
    pub fn kind(self) -> TokenKind {
        self.tree.token(self.index).kind
    }

    /// Its characters.
    #[must_use]
    pub fn text(self) -> &'t str {
        self.tree.text.get(self.span().range()).unwrap_or("")
    }

    /// Where it stands.
    #[must_use]
    pub fn span(self) -> Span {
        let start = self.tree.token(self.index).start;
        Span::new(self.tree.file, start, self.tree.token(self.index + 1).start)
    }

    /// Its place among all tokens of the tree.
    #[must_use]
    pub const fn index(self) -> u32 {
        self.index
    }

    /// The token before it, trivia included.
    #[must_use]
    pub fn previous(self) -> Option<Self> {
        let index = self.index.checked_sub(1)?;
        Some(Self { index, ..self })
    }

    /// The token behind it, trivia included.
    #[must_use]
    pub fn next(self) -> Option<Self> {
        let next = Self {
            index: self.index + 1,
            ..self
        };
        (next.kind() != TokenKind::Eof).then_some(next)
    }
}

impl std::fmt::Debug for TokenRef<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?} {:?}", self.kind(), self.text())
    }
}

/// A node of a tree.
#[derive(Clone, Copy)]
pub struct NodeRef<'t> {
    tree: &'t Tree,
    index: u32,
}

impl PartialEq for NodeRef<'_> {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self.tree, other.tree) && self.index == other.index
    }
}

impl Eq for NodeRef<'_> {}

impl<'t> NodeRef<'t> {
    /// What it is.
    #[must_use]
    pub fn kind(self) -> NodeKind {
        self.tree.node(self.index).kind
    }

    /// The tree that it is part of.
    #[must_use]
    pub const fn tree(self) -> &'t Tree {
        self.tree
    }

    /// Its place among all nodes of the tree, in pre-order.
    #[must_use]
    pub const fn index(self) -> u32 {
        self.index
    }

    /// Its children, in the order of the text.
    pub fn children(self) -> impl Iterator<Item = NodeRef<'t>> + Clone {
        let end = self.tree.node(self.index).subtree_end;
        let mut next = self.index + 1;
        std::iter::from_fn(move || {
            (next < end).then(|| {
                let child = NodeRef {
                    tree: self.tree,
                    index: next,
                };
                next = self.tree.node(next).subtree_end.max(next + 1);
                child
            })
        })
    }

    /// The first child of a kind.
    #[must_use]
    pub fn child(self, kind: NodeKind) -> Option<NodeRef<'t>> {
        self.children().find(|child| child.kind() == kind)
    }

    /// All its tokens, those of its descendants and trivia included.
    pub fn tokens(self) -> impl Iterator<Item = TokenRef<'t>> + Clone {
        let node = self.tree.node(self.index);
        (node.first_token..node.end_token).map(move |index| TokenRef {
            tree: self.tree,
            index,
        })
    }

    /// The tokens that are its own and not those of a child, without trivia.
    pub fn own_tokens(self) -> impl Iterator<Item = TokenRef<'t>> + Clone {
        let node = self.tree.node(self.index);
        let mut at = node.first_token;
        let mut child = self.index + 1;
        std::iter::from_fn(move || {
            while child < node.subtree_end && at >= self.tree.node(child).first_token {
                let inner = self.tree.node(child);
                at = at.max(inner.end_token);
                child = inner.subtree_end.max(child + 1);
            }
            (at < node.end_token).then(|| {
                at += 1;
                TokenRef {
                    tree: self.tree,
                    index: at - 1,
                }
            })
        })
        .filter(|token| !token.kind().is_trivia())
    }

    /// The indices of its tokens, trivia inside included.
    pub(crate) fn token_range(self) -> std::ops::Range<u32> {
        let node = self.tree.node(self.index);
        node.first_token..node.end_token
    }

    /// Its first token; none for an empty file.
    #[must_use]
    pub fn first_token(self) -> Option<TokenRef<'t>> {
        self.tokens().next()
    }

    /// Its last token; none for an empty file.
    #[must_use]
    pub fn last_token(self) -> Option<TokenRef<'t>> {
        let node = self.tree.node(self.index);
        (node.end_token > node.first_token).then(|| TokenRef {
            tree: self.tree,
            index: node.end_token - 1,
        })
    }

    /// Where it stands.
    #[must_use]
    pub fn span(self) -> Span {
        let node = self.tree.node(self.index);
        let end = self.tree.token(node.end_token).start;
        Span::new(self.tree.file, self.tree.token(node.first_token).start, end)
    }

    /// Its characters, trivia inside included.
    #[must_use]
    pub fn text(self) -> &'t str {
        self.tree.text.get(self.span().range()).unwrap_or("")
    }

    /// Whether the parser had to skip something here or below.
    #[must_use]
    pub fn is_broken(self) -> bool {
        let end = self.tree.node(self.index).subtree_end;
        (self.index..end).any(|index| self.tree.node(index).kind == NodeKind::Error)
    }

    fn contains(self, offset: u32) -> bool {
        let span = self.span();
        span.start <= offset && offset < span.end
    }
}

impl std::fmt::Debug for NodeRef<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?} {:?}", self.kind(), self.text())
    }
}
