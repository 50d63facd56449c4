//! Where the parser goes on after a mistake (R4).

use super::{Broken, Parsed, Parser};
use crate::codes;
use crate::kind::{NodeKind, TokenKind};
use crate::{ITEM_WORDS, PART_WORDS};
use diagnostics::{Certainty, Diagnostic, Span};

impl Parser<'_> {
    /// Whether a line begins here that can only begin an item, although a block is still open.
    pub(super) fn at_item_line(&self) -> bool {
        if !self.fresh || !self.is(TokenKind::Lower) {
            return false;
        }
        let (second, same_line, index) = self.second();
        match self.word() {
            "policy" => second == TokenKind::LBrace,
            "project" => same_line && second.is_word() && self.behind(index).0 == TokenKind::LBrace,
            "entity" | "enum" | "shape" => same_line && second.is_word() && self.at_heads(index),
            _ => false,
        }
    }

    /// Whether the rest of the line behind an item's name is heads and a brace.
    fn at_heads(&self, name: u32) -> bool {
        let mut at = name;
        let mut attribute = false;
        loop {
            let (kind, same_line, index) = self.behind(at);
            if kind == TokenKind::LBrace {
                return same_line || at == name;
            }
            let head = match self.text_of(index) {
                "owns" | "public" | "without" => {
                    let (kind, together, _) = self.behind(index);
                    return at == name && same_line && together && kind == TokenKind::Lower;
                }
                "because" => true,
                _ => attribute || kind != TokenKind::Lower,
            };
            if !same_line || !head || kind == TokenKind::Eof {
                return false;
            }
            attribute = matches!(
                kind,
                TokenKind::At | TokenKind::LParen | TokenKind::Comma | TokenKind::Dot
            );
            at = index;
        }
    }

    /// Whether the next token ends the inside of a block.
    pub(super) fn at_block_end(&self) -> bool {
        matches!(self.kind(), TokenKind::RBrace | TokenKind::Eof) || self.at_item_line()
    }

    /// Takes the `{` of a block; without one the block is read as if it were there.
    pub(super) fn open_brace(&mut self, what: &str) -> Span {
        let span = self.span();
        if !self.eat(TokenKind::LBrace) {
            let _ = self.expected_with(&codes::MISSING_BRACE, "`{`", |found| {
                found.help(format!("the body of {what} stands between `{{` and `}}`"))
            });
            self.skip_line_to_brace();
            self.eat(TokenKind::LBrace);
        }
        span
    }

    /// Skips what stands between a head and the `{` on the same line.
    fn skip_line_to_brace(&mut self) {
        let mark = self.mark();
        let mut at = self.at;
        if self.fresh {
            return;
        }
        loop {
            match self.token(at).kind {
                TokenKind::LBrace => break,
                TokenKind::LineBreak | TokenKind::Eof | TokenKind::RBrace | TokenKind::Doc => return,
                _ => at += 1,
            }
        }
        while !self.is(TokenKind::LBrace) && !self.is(TokenKind::Eof) {
            self.bump();
        }
        self.close(mark, NodeKind::Error);
    }

    /// Takes the `}` of a block, or says that it is missing and where the block began.
    pub(super) fn close_brace(&mut self, open: Span) {
        if self.eat(TokenKind::RBrace) {
            return;
        }
        let behind = self.span_of(self.last()).after();
        let _ = self.complain(|p| {
            let found = if p.is(TokenKind::Eof) {
                "end of the file".to_owned()
            } else {
                format!("`{}`", p.word())
            };
            Diagnostic::new(&codes::UNCLOSED_BRACE, open, "this `{` is never closed")
                .also(p.span(), format!("expected `}}` before the {found}"))
                .replace(Certainty::Suggested, "close the block", behind, "\n}")
        });
    }

    /// Skips to the next line, or to the `}` that ends the block; inner blocks are skipped whole.
    pub(super) fn skip_line(&mut self) {
        let mark = self.mark();
        while !self.at_block_end() {
            if self.is(TokenKind::LBrace) {
                self.skip_block();
            } else {
                self.bump();
            }
            if self.fresh {
                break;
            }
        }
        self.close(mark, NodeKind::Error);
    }

    /// Skips from a `{` to its `}`; stops at a line that can only begin an item.
    fn skip_block(&mut self) {
        let mut open = 0_u32;
        loop {
            match self.kind() {
                TokenKind::LBrace => open += 1,
                TokenKind::RBrace => open = open.saturating_sub(1),
                TokenKind::Eof => return,
                _ if self.at_item_line() => return,
                _ => {}
            }
            self.bump();
            if open == 0 {
                return;
            }
        }
    }

    /// Goes on behind a broken production.
    pub(super) fn recover(&mut self, parsed: Parsed) {
        if parsed.is_err() && !self.fresh {
            self.skip_line();
        }
    }

    /// Skips to a line that begins with the word of an item.
    pub(super) fn skip_to_item(&mut self) {
        let mark = self.mark();
        while !self.is(TokenKind::Eof) {
            if self.is(TokenKind::LBrace) {
                self.skip_block();
            } else {
                self.bump();
            }
            let begins = self.is(TokenKind::Lower) && ITEM_WORDS.contains(&self.word());
            if self.fresh && (begins || self.is(TokenKind::Doc)) {
                break;
            }
        }
        self.close(mark, NodeKind::Error);
    }

    /// Takes the `)` or `]` of something opened at `open`; after a mistake inside, skips to it.
    pub(super) fn close_paren(&mut self, inside: Parsed, open: Span, closer: TokenKind) -> Parsed {
        if inside.is_ok() && self.eat(closer) {
            return Ok(());
        }
        let sign = if closer == TokenKind::RParen { ")" } else { "]" };
        if inside.is_ok() {
            let unclosed = matches!(
                self.kind(),
                TokenKind::Eof | TokenKind::RBrace | TokenKind::LBrace
            ) || self.fresh && self.at_member_line()
                || self.is(TokenKind::At)
                || self.fresh && closer == TokenKind::RBracket;
            if unclosed {
                let last = self.span_of(self.last());
                let _ = self.complain(|_| {
                    let opened = if sign == ")" { "(" } else { "[" };
                    Diagnostic::new(
                        &codes::UNCLOSED_PAREN,
                        open,
                        format!("this `{opened}` is never closed"),
                    )
                    .also(last, format!("expected `{sign}` behind this"))
                    .replace(
                        Certainty::Suggested,
                        format!("write `{sign}`"),
                        last.after(),
                        sign,
                    )
                });
                return if self.is(TokenKind::At) {
                    Ok(())
                } else {
                    Err(Broken)
                };
            }
            let wanted = if sign == ")" { "`,` or `)`" } else { "`]`" };
            let _ = self.unexpected(wanted);
        }
        self.skip_to_closer(closer)
    }

    fn skip_to_closer(&mut self, closer: TokenKind) -> Parsed {
        let mark = self.mark();
        let mut open = 0_u32;
        loop {
            match self.kind() {
                TokenKind::LParen | TokenKind::LBracket => open += 1,
                kind if open == 0 && kind == closer => break,
                TokenKind::RParen | TokenKind::RBracket => open = open.saturating_sub(1),
                TokenKind::Eof | TokenKind::RBrace | TokenKind::LBrace => break,
                _ if self.fresh && self.at_member_line() => break,
                _ => {}
            }
            self.bump();
        }
        self.close(mark, NodeKind::Error);
        if self.eat(closer) { Ok(()) } else { Err(Broken) }
    }

    /// Whether a line begins here that looks like a member and not like the inside of parentheses.
    pub(super) fn at_member_line(&self) -> bool {
        if self.is(TokenKind::Doc) || self.at_item_line() {
            return true;
        }
        if !self.is(TokenKind::Lower) {
            return false;
        }
        let (second, same_line, _) = self.second();
        let field = same_line && matches!(second, TokenKind::Upper | TokenKind::LBracket);
        let clause =
            second.is_word() || matches!(second, TokenKind::LParen | TokenKind::Number | TokenKind::Amount);
        field || same_line && clause && PART_WORDS.contains(&self.word())
    }

    /// Documentation that stands where nothing follows that it could document.
    pub(super) fn stray_docs(&mut self) {
        while self.is(TokenKind::Doc) {
            let mark = self.mark();
            let _ = self.complain(|p| {
                Diagnostic::new(
                    &codes::DOC_WITHOUT_ITEM,
                    p.span(),
                    "this doc comment documents nothing",
                )
                .help("`///` stands before an item or member; write `//` for a plain comment")
            });
            let on = self.at;
            self.bump();
            if self.complained == Some(on) && self.is(TokenKind::Doc) {
                self.complained = Some(self.at);
            }
            self.close(mark, NodeKind::Error);
        }
    }

    /// A separator that other languages want behind a member.
    pub(super) fn foreign_separator(&mut self, message: &str) {
        let mark = self.mark();
        let span = self.span();
        let sign = self.word().to_owned();
        let message = message.to_owned();
        let _ = self.complain(|_| {
            Diagnostic::new(&codes::FOREIGN_SEPARATOR, span, message).replace(
                Certainty::Certain,
                format!("remove the `{sign}`"),
                span,
                "",
            )
        });
        self.bump();
        self.close(mark, NodeKind::Error);
    }
}
