//! Enums: their members, and the moves between them.

use super::{Parsed, Parser};
use crate::kind::{NodeKind, TokenKind};

impl Parser<'_> {
    /// `"enum" UPPER { attr } "{" { { DOC } chain } "}"`
    pub(super) fn enumeration(&mut self) -> NodeKind {
        self.bump();
        if self.is(TokenKind::LBrace) {
            self.complain_nameless("the name of an enum");
        } else {
            let _ = self.upper("the name of an enum");
        }
        let attrs = self.attrs();
        drop(attrs);
        let open = self.open_brace("an enum");
        while !self.at_block_end() {
            self.chain();
        }
        self.close_brace(open);
        NodeKind::Enum
    }

    /// `group { "->" group }`
    fn chain(&mut self) {
        let mark = self.mark();
        let doc = self.at;
        self.docs();
        if self.at_block_end() {
            return self.useless_docs(doc);
        }
        let first = self.at;
        let parsed = self.groups();
        if parsed.is_ok() && !self.fresh && matches!(self.kind(), TokenKind::Semicolon) {
            self.foreign_separator("members need no separator");
        }
        self.close(mark, NodeKind::Chain);
        if parsed.is_err() && (!self.fresh || self.at == first) {
            self.skip_line();
        }
    }

    fn groups(&mut self) -> Parsed {
        loop {
            let mark = self.mark();
            let group = self.comma_separated(Self::member);
            self.close(mark, NodeKind::Group);
            group?;
            if !self.eat(TokenKind::Arrow) {
                return Ok(());
            }
        }
    }

    /// `( WORD | STRING ) { attr }`
    fn member(&mut self) -> Parsed {
        let mark = self.mark();
        let parsed = self.member_name().and_then(|()| self.attrs());
        self.close(mark, NodeKind::Member);
        parsed
    }
}
