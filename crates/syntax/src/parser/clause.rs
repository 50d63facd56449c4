//! Queries and their clauses.

use super::{Parsed, Parser};
use crate::decode::{Amount, Unit};
use crate::kind::{NodeKind, TokenKind};
use crate::{CLAUSE_WORDS, codes};
use diagnostics::{Certainty, Diagnostic, Span, did_you_mean};

impl Parser<'_> {
    /// `"query" LOWER "{" { clause } "}"`
    pub(super) fn query(&mut self) -> Parsed {
        self.bump();
        if self.is(TokenKind::LBrace) {
            self.complain_nameless("the name of a query");
        } else {
            self.lower_on_line("the name of a query")?;
        }
        let open = self.open_brace("a query");
        let mut seen = [None; CLAUSE_WORDS.len()];
        while !self.at_block_end() {
            self.clause(&mut seen);
        }
        self.close_brace(open);
        Ok(())
    }

    fn clause(&mut self, seen: &mut [Option<Span>]) {
        self.stray_docs();
        if self.at_block_end() {
            return;
        }
        let mark = self.mark();
        let Some(which) = self.clause_word() else {
            return self.unknown_clause();
        };
        if let Some(slot) = seen.get_mut(which) {
            match *slot {
                Some(first) => self.duplicate_clause(first),
                None => *slot = Some(self.span()),
            }
        }
        self.bump();
        let (kind, parsed) = match which {
            0 => (NodeKind::Select, self.names("the name of a field")),
            1 => (NodeKind::Where, self.expr()),
            2 => (NodeKind::Order, self.sorts()),
            3 => (NodeKind::Limit, self.limit()),
            _ => (NodeKind::Expect, self.expect()),
        };
        if parsed.is_ok() && matches!(self.kind(), TokenKind::Semicolon | TokenKind::Comma) {
            self.foreign_separator("clauses need no separator");
        }
        self.close(mark, kind);
        self.recover(parsed);
    }

    fn duplicate_clause(&mut self, first: Span) {
        let span = self.span();
        let found = Diagnostic::new(
            &codes::DUPLICATE_CLAUSE,
            span,
            format!("this query has two `{}`", self.word()),
        );
        self.push(
            found
                .also(first, "the first one")
                .help("join conditions with `and`, names with `,`"),
        );
    }

    /// Which clause begins here, also when its word is misspelled.
    fn clause_word(&mut self) -> Option<usize> {
        if !self.kind().is_word() {
            return None;
        }
        let word = self.word();
        let known = |name: &str| CLAUSE_WORDS.iter().position(|clause| *clause == name);
        if let Some(which) = known(word) {
            return Some(which);
        }
        let lower = word.to_ascii_lowercase();
        let near = known(&lower).or_else(|| did_you_mean(&lower, &CLAUSE_WORDS).and_then(known))?;
        let meant = CLAUSE_WORDS.get(near).copied()?;
        let sure = if lower == meant {
            Certainty::Certain
        } else {
            Certainty::Suggested
        };
        let _ = self.complain(|p| {
            Diagnostic::new(
                &codes::UNKNOWN_CLAUSE,
                p.span(),
                format!("`{word}` is no clause of a query"),
            )
            .help(format!("did you mean `{meant}`?"))
            .replace(sure, format!("write `{meant}`"), p.span(), meant)
        });
        Some(near)
    }

    fn unknown_clause(&mut self) {
        let _ = self.complain(|p| {
            let message = format!("expected a clause, found `{}`", p.shown(p.at));
            Diagnostic::new(&codes::UNKNOWN_CLAUSE, p.span(), message)
                .help("a query has `select`, `where`, `order`, `limit` and `expect`")
        });
        self.skip_line();
    }

    /// `path [ "asc" | "desc" ] { "," … }`
    pub(super) fn sorts(&mut self) -> Parsed {
        self.comma_separated(|p| {
            let mark = p.mark();
            let parsed = p.path();
            if parsed.is_ok() && (p.is_word("asc") || p.is_word("desc")) {
                p.bump();
            }
            p.close(mark, NodeKind::Sort);
            parsed
        })
    }

    fn limit(&mut self) -> Parsed {
        if matches!(self.kind(), TokenKind::Number | TokenKind::Param) {
            self.bump();
            return Ok(());
        }
        Err(self.expected(&codes::MISSING_VALUE, "a number or a parameter"))
    }

    fn expect(&mut self) -> Parsed {
        self.rate()?;
        if !self.eat_word("within") {
            return Err(self.unexpected("`within` and a time"));
        }
        self.duration()
    }

    /// `count "/" LOWER`
    pub(super) fn rate(&mut self) -> Parsed {
        let mark = self.mark();
        let parsed = self.rate_inside();
        self.close(mark, NodeKind::Rate);
        parsed
    }

    fn rate_inside(&mut self) -> Parsed {
        self.count("a rate such as `300/s`")?;
        if !self.eat(TokenKind::Slash) {
            return Err(self.unexpected("`/` and a unit of time, as in `300/s`"));
        }
        if self.is(TokenKind::Lower) && Unit::from_rate(self.word()).is_none() {
            let _ = self.complain(|p| {
                Diagnostic::new(
                    &codes::BAD_UNIT,
                    p.span(),
                    format!("`{}` is no unit of a rate", p.shown(p.at)),
                )
                .help("rates are per `s`, `min`, `h`, `day`, `week`, `month` or `year`")
            });
        }
        self.lower("a unit of time")
    }

    /// `NUMBER | AMOUNT`
    pub(super) fn count(&mut self, what: &str) -> Parsed {
        let mark = self.mark();
        match self.kind() {
            TokenKind::Number => {}
            TokenKind::Amount => {
                if matches!(
                    Amount::decode(self.word()),
                    Some(Amount::Time(_) | Amount::Percent(_))
                ) {
                    let _ = self.complain(|p| {
                        Diagnostic::new(
                            &codes::BAD_UNIT,
                            p.span(),
                            format!("`{}` is no count", p.shown(p.at)),
                        )
                        .help("counts take `K`, `M` and `G`")
                    });
                }
            }
            _ => return Err(self.expected(&codes::MISSING_VALUE, what)),
        }
        self.bump();
        self.close(mark, NodeKind::Count);
        Ok(())
    }
}
