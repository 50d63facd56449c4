//! Lexer, parser, lossless tree, typed views and formatter of the .arch language.
//!
//! Parsing never fails: [`parse`] answers a [`Tree`] that covers every byte of any input, and what is wrong
//! with it. The tree is a flat arena in pre-order, so that a project of ten thousand entities costs a few
//! allocations; [`ast`] gives typed views of it, in which all that broken input may lack is an `Option`.

pub mod ast;
mod case;
pub mod codes;
mod decode;
mod format;
mod kind;
mod lexer;
mod parser;
mod tree;

pub use decode::{Amount, Duration, Number, Unit};
pub use format::format;
pub use kind::{NodeKind, TokenKind};
pub use tree::{NodeRef, TokenRef, Tree};

use diagnostics::{Diagnostics, FileId};

/// How deep parentheses may be nested before the parser refuses to look inside.
pub const MAX_NESTING: u32 = 128;

/// The words that begin an item.
pub const ITEM_WORDS: [&str; 7] = ["project", "policy", "enum", "entity", "shape", "role", "sql"];

/// The words that begin a part of an entity other than a field.
pub const PART_WORDS: [&str; 11] = [
    "unique",
    "index",
    "key",
    "reference",
    "check",
    "query",
    "volume",
    "purge",
    "anonymise",
    "allow",
    "sql",
];

/// The words that begin a clause of a query, in the order that the formatter gives them.
pub const CLAUSE_WORDS: [&str; 5] = ["select", "where", "order", "limit", "expect"];

/// What a file was understood to say.
#[derive(Debug)]
pub struct Parse {
    /// Every byte of the text, as a tree.
    pub tree: Tree,
    /// What is wrong with the text.
    pub diagnostics: Diagnostics,
}

impl Parse {
    /// The typed view of the whole file.
    #[must_use]
    pub fn file(&self) -> ast::File<'_> {
        ast::File(self.tree.root())
    }
}

/// Parses a file, whatever is in it: no input makes it fail, panic, or take more than linear time.
#[must_use]
pub fn parse(file: FileId, text: &str) -> Parse {
    let (tokens, diagnostics) = lexer::lex(file, text);
    let (nodes, tokens, diagnostics) = parser::parse(file, text, tokens, diagnostics);
    Parse {
        tree: Tree::new(file, text, tokens, nodes),
        diagnostics,
    }
}
