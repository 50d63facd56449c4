//! Expressions: operators of one level make one flat node.

use super::{Broken, Parsed, Parser};
use crate::codes;
use crate::decode::{Amount, Unit};
use crate::kind::{NodeKind, TokenKind};
use diagnostics::{Certainty, Diagnostic};

/// Operators of other languages, with ours.
const OURS: [(TokenKind, &str); 5] = [
    (TokenKind::EqEq, "="),
    (TokenKind::LtGt, "!="),
    (TokenKind::AndAnd, "and"),
    (TokenKind::OrOr, "or"),
    (TokenKind::Bang, "not "),
];

/// The words that are operators, for those who write them in upper case.
const OPERATORS: [&str; 9] = ["and", "or", "not", "in", "between", "is", "null", "like", "ilike"];

impl Parser<'_> {
    /// `conj { "or" conj }`
    pub(super) fn expr(&mut self) -> Parsed {
        self.flat(NodeKind::Or, Self::conjunction, |p| {
            p.at_operator("or", TokenKind::OrOr)
        })
    }

    fn conjunction(&mut self) -> Parsed {
        self.flat(NodeKind::And, Self::negation, |p| {
            p.at_operator("and", TokenKind::AndAnd)
        })
    }

    pub(super) fn sum(&mut self) -> Parsed {
        self.flat(NodeKind::Sum, Self::product, |p| {
            matches!(p.kind(), TokenKind::Plus | TokenKind::Minus)
        })
    }

    fn product(&mut self) -> Parsed {
        self.flat(NodeKind::Product, Self::unary, |p| {
            matches!(p.kind(), TokenKind::Star | TokenKind::Slash)
        })
    }

    /// `one { operator one }`, as one node if there is an operator.
    fn flat(
        &mut self,
        kind: NodeKind,
        one: impl Fn(&mut Self) -> Parsed,
        at_operator: impl Fn(&Self) -> bool,
    ) -> Parsed {
        let mark = self.mark();
        let mut parsed = one(self);
        let mut flat = false;
        while parsed.is_ok() && at_operator(self) {
            self.operator();
            flat = true;
            parsed = one(self);
        }
        if flat {
            self.close(mark, kind);
        }
        parsed
    }

    /// Whether an operator stands here, in our writing, in upper case, or in that of another language.
    fn at_operator(&self, word: &str, foreign: TokenKind) -> bool {
        match self.kind() {
            TokenKind::Lower => self.word() == word,
            TokenKind::Upper => self.word().eq_ignore_ascii_case(word) && self.word().len() > 1,
            kind => kind == foreign,
        }
    }

    fn at_keyword(&self, word: &str) -> bool {
        self.kind().is_word() && self.word().eq_ignore_ascii_case(word) && OPERATORS.contains(&word)
    }

    /// Takes an operator, and says how it is written here.
    fn operator(&mut self) {
        let kind = self.kind();
        if let Some((_, ours)) = OURS.iter().find(|(foreign, _)| *foreign == kind) {
            let ours = ours.trim();
            let sure = kind != TokenKind::OrOr;
            let certainty = if sure {
                Certainty::Certain
            } else {
                Certainty::Suggested
            };
            let _ = self.complain(|p| {
                let message = format!("`{}` is written `{ours}` here", p.shown(p.at));
                Diagnostic::new(&codes::FOREIGN_OPERATOR, p.span(), message).replace(
                    certainty,
                    format!("write `{ours}`"),
                    p.span(),
                    p.spaced(ours),
                )
            });
        } else if kind == TokenKind::Upper
            || kind == TokenKind::Lower && self.word().bytes().any(|b| b.is_ascii_uppercase())
        {
            let _ = self.complain(|p| {
                let lower = p.word().to_ascii_lowercase();
                let message = format!("`{}` is written in lower case", p.shown(p.at));
                Diagnostic::new(&codes::UPPER_CASE_KEYWORD, p.span(), message).replace(
                    Certainty::Certain,
                    format!("write `{lower}`"),
                    p.span(),
                    lower,
                )
            });
        }
        self.bump();
    }

    /// A word in place of a sign needs blanks where the sign had none.
    fn spaced(&self, word: &str) -> String {
        if !word.bytes().all(|byte| byte.is_ascii_alphabetic()) {
            return word.to_owned();
        }
        let blank = |kind: TokenKind| kind.is_trivia();
        let before = if self.at > 0 && blank(self.token(self.at - 1).kind) {
            ""
        } else {
            " "
        };
        let after = if blank(self.token(self.at + 1).kind) {
            ""
        } else {
            " "
        };
        format!("{before}{word}{after}")
    }

    /// `[ "not" ] pred`
    fn negation(&mut self) -> Parsed {
        let mark = self.mark();
        if self.is(TokenKind::Bang) {
            let sure = self.second().0 == TokenKind::LParen;
            let certainty = if sure {
                Certainty::Certain
            } else {
                Certainty::Suggested
            };
            let _ = self.complain(|p| {
                Diagnostic::new(&codes::FOREIGN_OPERATOR, p.span(), "`!` is written `not` here").replace(
                    certainty,
                    "write `not`",
                    p.span(),
                    "not ",
                )
            });
            self.bump();
        } else if self.at_keyword("not")
            && !matches!(
                self.second().0,
                TokenKind::Dot | TokenKind::Comma | TokenKind::RParen
            )
        {
            self.operator();
        } else {
            return self.predicate();
        }
        let parsed = self.predicate();
        self.close(mark, NodeKind::Not);
        parsed
    }

    fn predicate(&mut self) -> Parsed {
        let mark = self.mark();
        self.sum()?;
        let (kind, parsed) = if self.at_comparison() {
            (NodeKind::Compare, self.comparison())
        } else if let Some(found) = self.word_predicate() {
            found
        } else {
            return Ok(());
        };
        self.close(mark, kind);
        parsed
    }

    fn at_comparison(&self) -> bool {
        use TokenKind::{Eq, EqEq, Gt, GtEq, Lt, LtEq, LtGt, NotEq};
        matches!(self.kind(), Eq | NotEq | Lt | LtEq | Gt | GtEq | EqEq | LtGt)
    }

    fn comparison(&mut self) -> Parsed {
        self.operator();
        self.sum()?;
        while self.at_comparison() {
            let _ = self.complain(|p| {
                Diagnostic::new(
                    &codes::CHAINED_COMPARISON,
                    p.span(),
                    "a comparison cannot be compared again",
                )
                .help("write `a < b and b < c`, or `b between a and c`, both ends included")
            });
            self.bump();
            self.sum()?;
        }
        Ok(())
    }

    /// The predicates that begin with a word.
    fn word_predicate(&mut self) -> Option<(NodeKind, Parsed)> {
        if !self.kind().is_word() {
            return None;
        }
        let negated = self.at_keyword("not");
        let word = if negated {
            self.text_of(self.second().2)
        } else {
            self.word()
        };
        let in_or_between = ["in", "between"]
            .iter()
            .find(|known| word.eq_ignore_ascii_case(known));
        if let Some(known) = in_or_between {
            if negated {
                self.operator();
            }
            self.operator();
            return Some(match *known {
                "in" => (NodeKind::In, self.in_list()),
                _ => (NodeKind::Between, self.between()),
            });
        }
        if negated {
            return None;
        }
        match word {
            _ if self.at_keyword("is") => Some((NodeKind::IsNull, self.is_null())),
            "starts" | "ends" => Some((NodeKind::TextMatch, self.starts_with())),
            "contains" => {
                self.bump();
                Some((NodeKind::TextMatch, self.sum()))
            }
            "matches" => {
                self.bump();
                Some((NodeKind::TextMatch, self.pattern()))
            }
            _ if self.at_keyword("like") || self.at_keyword("ilike") => {
                Some((NodeKind::TextMatch, self.like()))
            }
            _ => None,
        }
    }

    fn in_list(&mut self) -> Parsed {
        if self.eat(TokenKind::Param) {
            return Ok(());
        }
        if !self.is(TokenKind::LParen) {
            return Err(self.expected(&codes::MISSING_VALUE, "a list in parentheses or a parameter"));
        }
        let open = self.span();
        self.bump();
        let inside = self.nested(|p| p.comma_separated(Self::sum));
        self.close_paren(inside, open, TokenKind::RParen)
    }

    fn between(&mut self) -> Parsed {
        self.sum()?;
        if !self.at_operator("and", TokenKind::AndAnd) {
            return Err(self.unexpected("`and` and the upper end"));
        }
        self.operator();
        self.sum()
    }

    fn is_null(&mut self) -> Parsed {
        self.operator();
        if self.at_keyword("not") {
            self.operator();
        }
        if !self.at_keyword("null") {
            return Err(self.unexpected("`null` or `not null`"));
        }
        self.operator();
        Ok(())
    }

    fn starts_with(&mut self) -> Parsed {
        self.bump();
        if !self.eat_word("with") {
            return Err(self.unexpected("`with`"));
        }
        self.sum()
    }

    fn pattern(&mut self) -> Parsed {
        if self.eat(TokenKind::String) {
            return Ok(());
        }
        Err(self.expected(&codes::MISSING_VALUE, "a pattern in quotes"))
    }

    fn like(&mut self) -> Parsed {
        let _ = self.complain(|p| {
            let message = format!("there is no `{}`", p.shown(p.at));
            Diagnostic::new(&codes::FOREIGN_OPERATOR, p.span(), message)
                .help("write `starts with`, `ends with`, `contains`, or `matches` with a pattern")
        });
        self.bump();
        self.sum()
    }

    fn unary(&mut self) -> Parsed {
        let mark = self.mark();
        if !self.eat(TokenKind::Minus) {
            return self.atom();
        }
        let parsed = self.atom();
        self.close(mark, NodeKind::Neg);
        parsed
    }

    fn atom(&mut self) -> Parsed {
        self.stray_docs();
        let mark = self.mark();
        let kind = match self.kind() {
            TokenKind::Number => self.number(),
            TokenKind::Amount => {
                let time = matches!(Amount::decode(self.word()), Some(Amount::Time(_)));
                self.bump();
                if time {
                    NodeKind::Duration
                } else {
                    NodeKind::Literal
                }
            }
            TokenKind::String => {
                self.bump();
                NodeKind::Literal
            }
            TokenKind::Param => {
                self.bump();
                NodeKind::Param
            }
            TokenKind::Lower if matches!(self.word(), "true" | "false" | "null") => {
                self.bump();
                NodeKind::Literal
            }
            TokenKind::Lower | TokenKind::Upper => return self.path_or_call(mark),
            TokenKind::LParen => return self.paren(mark),
            _ => return Err(self.expected(&codes::MISSING_VALUE, "a value")),
        };
        self.close(mark, kind);
        Ok(())
    }

    /// `NUMBER [ unit ]`
    fn number(&mut self) -> NodeKind {
        self.bump();
        if self.is(TokenKind::Lower) && Unit::from_word(self.word()).is_some() {
            self.bump();
            return NodeKind::Duration;
        }
        NodeKind::Literal
    }

    fn path_or_call(&mut self, mark: super::Mark) -> Parsed {
        self.path()?;
        if self.is(TokenKind::LParen) {
            let parsed = self.args();
            self.close(mark, NodeKind::Call);
            return parsed;
        }
        Ok(())
    }

    /// `WORD { "." WORD }`
    pub(super) fn path(&mut self) -> Parsed {
        let mark = self.mark();
        let parsed = self.path_words();
        self.close(mark, NodeKind::Path);
        parsed
    }

    fn path_words(&mut self) -> Parsed {
        if !self.kind().is_word() {
            return Err(self.expected(&codes::MISSING_NAME, "the name of a field"));
        }
        if self.is_word("not") {
            return Err(self.expected(&codes::MISSING_VALUE, "a value"));
        }
        self.bump();
        while self.eat(TokenKind::Dot) {
            if !self.kind().is_word() {
                return Err(self.expected(&codes::MISSING_NAME, "a name behind the dot"));
            }
            self.bump();
        }
        Ok(())
    }

    fn paren(&mut self, mark: super::Mark) -> Parsed {
        let open = self.span();
        self.bump();
        let inside = self.nested(Self::expr);
        let parsed = self.close_paren(inside, open, TokenKind::RParen);
        self.close(mark, NodeKind::Paren);
        parsed
    }

    /// `"(" expr ")"`
    pub(super) fn condition(&mut self) -> Parsed {
        if !self.is(TokenKind::LParen) {
            return Err(self.unexpected("`(` and a condition"));
        }
        let open = self.span();
        self.bump();
        let inside = self.nested(Self::expr);
        self.close_paren(inside, open, TokenKind::RParen)
    }

    /// `AMOUNT | NUMBER unit`
    pub(super) fn duration(&mut self) -> Parsed {
        let mark = self.mark();
        match self.kind() {
            TokenKind::Amount => {
                if matches!(
                    Amount::decode(self.word()),
                    Some(Amount::Count(_) | Amount::Percent(_))
                ) {
                    let _ = self.complain(|p| {
                        let message = format!("`{}` is no time", p.shown(p.at));
                        Diagnostic::new(&codes::BAD_UNIT, p.span(), message)
                            .help("times take `ms`, `s`, `min`, `h`, or a word: `30 days`")
                    });
                }
                self.bump();
            }
            TokenKind::Number => {
                self.bump();
                if !self.is(TokenKind::Lower) || Unit::from_word(self.word()).is_none() {
                    self.close(mark, NodeKind::Duration);
                    return Err(self.no_unit());
                }
                self.bump();
            }
            _ => return Err(self.expected(&codes::MISSING_VALUE, "a time such as `30 days` or `20ms`")),
        }
        self.close(mark, NodeKind::Duration);
        Ok(())
    }

    fn no_unit(&mut self) -> Broken {
        self.expected_with(&codes::BAD_UNIT, "a unit of time", |found| {
            found.help("units are `ms`, `seconds`, `minutes`, `hours`, `days`, `weeks`, `months`, `years`")
        })
    }
}
