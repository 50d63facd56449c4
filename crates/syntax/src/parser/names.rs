//! Names, in the case that their place demands (R2), and the small things that stand behind them.

use super::{Broken, Parsed, Parser};
use crate::case::{camel, known_type, snake};
use crate::kind::{NodeKind, TokenKind};
use crate::{ITEM_WORDS, codes};
use diagnostics::{Certainty, Diagnostic};

const RESERVED: [&str; 4] = ["not", "true", "false", "null"];

impl Parser<'_> {
    /// A LOWER name of something, `what`; in the wrong case it is taken all the same.
    pub(super) fn lower(&mut self, what: &str) -> Parsed {
        match self.kind() {
            TokenKind::Upper => {
                self.complain_upper(what);
                self.bump();
                Ok(())
            }
            TokenKind::Lower => {
                self.check_reserved(what);
                self.bump();
                Ok(())
            }
            _ => Err(self.expected(&codes::MISSING_NAME, what)),
        }
    }

    /// A LOWER name behind a word; a line that begins something else is not taken for it.
    pub(super) fn lower_on_line(&mut self, what: &str) -> Parsed {
        let other = self.fresh && (self.at_member_line() || ITEM_WORDS.contains(&self.word()));
        if other {
            Err(self.expected(&codes::MISSING_NAME, what))
        } else {
            self.lower(what)
        }
    }

    pub(super) fn complain_upper(&mut self, what: &str) {
        let _ = self.complain(|p| {
            let fixed = snake(p.word());
            let message = format!("`{}` must begin with a lower case letter", p.shown(p.at));
            Diagnostic::new(&codes::UPPER_CASE_NAME, p.span(), message)
                .label(format!("expected {what}"))
                .help("types, entities, enums and shapes begin with an upper case letter, everything else does not")
                .replace(Certainty::Certain, format!("write `{fixed}`"), p.span(), fixed)
        });
    }

    fn check_reserved(&mut self, what: &str) {
        if RESERVED.contains(&self.word()) {
            let _ = self.complain(|p| {
                let message = format!("`{}` is a reserved word", p.shown(p.at));
                Diagnostic::new(&codes::RESERVED_WORD, p.span(), message)
                    .label(format!("expected {what}"))
                    .help("only `not`, `true`, `false` and `null` are reserved: choose another word")
            });
        }
    }

    /// An UPPER name; in the wrong case it is taken all the same.
    pub(super) fn upper(&mut self, what: &str) -> Parsed {
        match self.kind() {
            _ if self.fresh && !self.is(TokenKind::Upper) => Err(self.expected(&codes::MISSING_NAME, what)),
            TokenKind::Upper => {
                self.bump();
                Ok(())
            }
            TokenKind::Lower => {
                self.complain_lower(what);
                self.bump();
                Ok(())
            }
            _ => Err(self.expected(&codes::MISSING_NAME, what)),
        }
    }

    pub(super) fn complain_lower(&mut self, what: &str) {
        let _ = self.complain(|p| {
            let word = p.word();
            let fixed = known_type(word).map_or_else(|| camel(word), str::to_owned);
            let found = Diagnostic::new(
                &codes::LOWER_CASE_TYPE,
                p.span(),
                format!("`{word}` must begin with an upper case letter"),
            )
            .label(format!("expected {what}"))
            .help(
                "types, entities, enums and shapes begin with an upper case letter, everything else does not",
            );
            if fixed.is_empty() || RESERVED.contains(&word) {
                return found;
            }
            found.replace(Certainty::Certain, format!("write `{fixed}`"), p.span(), fixed)
        });
    }

    /// A name of either case, as members of enums have.
    pub(super) fn member_name(&mut self) -> Parsed {
        match self.kind() {
            TokenKind::Upper | TokenKind::String => {
                self.bump();
                Ok(())
            }
            TokenKind::Lower => {
                self.check_reserved("the name of a member");
                self.bump();
                Ok(())
            }
            _ => Err(self.expected(&codes::MISSING_NAME, "a member")),
        }
    }

    /// `LOWER { "," LOWER }`
    pub(super) fn names(&mut self, what: &str) -> Parsed {
        let mark = self.mark();
        let parsed = self.comma_separated(|p| p.lower(what));
        self.close(mark, NodeKind::Names);
        parsed
    }

    pub(super) fn comma_separated(&mut self, mut one: impl FnMut(&mut Self) -> Parsed) -> Parsed {
        loop {
            one(self)?;
            if !self.is(TokenKind::Comma) {
                return Ok(());
            }
            if matches!(
                self.second().0,
                TokenKind::RParen | TokenKind::RBrace | TokenKind::Eof
            ) {
                self.foreign_separator("nothing follows this comma");
                return Ok(());
            }
            self.bump();
        }
    }

    /// `"(" inside ")"`
    pub(super) fn parens(&mut self, what: &str, inside: impl FnOnce(&mut Self) -> Parsed) -> Parsed {
        let open = self.span();
        if !self.eat(TokenKind::LParen) {
            return Err(self.unexpected(&format!("`(` and {what}")));
        }
        let inside = inside(self);
        self.close_paren(inside, open, TokenKind::RParen)
    }

    /// `"because" STRING`; missing is an error at the spot, and the tree goes on.
    pub(super) fn reason(&mut self, what: &str) {
        if self.is_tail("because") {
            let mark = self.mark();
            self.bump();
            if self.is(TokenKind::String) {
                self.bump();
            } else {
                let _ = self.expected_with(&codes::MISSING_REASON, "a reason in quotes", |found| {
                    found.help("write why, for whoever reviews this: `because \"…\"`")
                });
                self.skip_unquoted();
            }
            self.close(mark, NodeKind::Reason);
            return;
        }
        let last = self.span_of(self.last());
        let found = Diagnostic::new(&codes::MISSING_REASON, last, format!("{what} needs a reason"))
            .help("write `because \"…\"` behind it: the reason ends up in the documents and in the report");
        // This is about what is absent, so the token that comes next may still be complained about.
        self.push(found);
    }

    /// Skips a reason without quotes.
    fn skip_unquoted(&mut self) {
        let mark = self.mark();
        while !self.fresh && self.kind().is_word() {
            self.bump();
        }
        self.close(mark, NodeKind::Error);
    }

    /// `{ "@" LOWER [ args ] [ reason ] }`
    pub(super) fn attrs(&mut self) -> Parsed {
        while self.is(TokenKind::At) {
            self.attr()?;
        }
        Ok(())
    }

    pub(super) fn attr(&mut self) -> Parsed {
        let mark = self.mark();
        self.bump();
        let parsed = self.attr_tail();
        self.close(mark, NodeKind::Attr);
        parsed
    }

    fn attr_tail(&mut self) -> Parsed {
        self.lower_on_line("the name of an attribute")?;
        if self.is(TokenKind::LParen) {
            self.args()?;
        }
        if self.is_tail("because") {
            self.reason("the attribute");
        }
        Ok(())
    }

    /// `"(" [ arg { "," arg } ] ")"`
    pub(super) fn args(&mut self) -> Parsed {
        let mark = self.mark();
        let open = self.span();
        self.bump();
        let inside = self.nested(|p| {
            if p.is(TokenKind::RParen) {
                Ok(())
            } else {
                p.comma_separated(Self::arg)
            }
        });
        let parsed = self.close_paren(inside, open, TokenKind::RParen);
        self.close(mark, NodeKind::Args);
        parsed
    }

    /// `[ LOWER ":" ] ( ".." sum | expr [ ".." [ sum ] ] )`
    fn arg(&mut self) -> Parsed {
        let mark = self.mark();
        if self.kind().is_word() && self.second().0 == TokenKind::Colon {
            if self.is(TokenKind::Upper) {
                self.complain_upper("the label of an argument");
            }
            self.bump();
            self.bump();
        }
        let range = self.mark();
        let parsed = self.arg_value();
        let is_range = matches!(parsed, Ok(true));
        if is_range {
            self.close(range, NodeKind::Range);
        }
        self.close(mark, NodeKind::Arg);
        parsed.map(|_| ())
    }

    /// Answers whether it was a range.
    fn arg_value(&mut self) -> Result<bool, Broken> {
        if self.eat(TokenKind::DotDot) {
            self.sum()?;
            return Ok(true);
        }
        self.expr()?;
        if !self.eat(TokenKind::DotDot) {
            return Ok(false);
        }
        if !matches!(self.kind(), TokenKind::RParen | TokenKind::Comma) {
            self.sum()?;
        }
        Ok(true)
    }

    /// Runs a production inside parentheses, unless they are nested too deep.
    pub(super) fn nested(&mut self, inside: impl FnOnce(&mut Self) -> Parsed) -> Parsed {
        if self.depth >= crate::MAX_NESTING {
            return Err(self.complain(|p| {
                let span = p.span_of(p.last());
                Diagnostic::new(&codes::NESTED_TOO_DEEP, span, "parentheses are nested too deep")
                    .help(format!("up to {} levels are read", crate::MAX_NESTING))
            }));
        }
        self.depth += 1;
        let parsed = inside(self);
        self.depth -= 1;
        parsed
    }
}
