//! Queries, and what they are measured by.

use super::part::names;
use super::{Doc, Expr, Name, doc, keyword, nth_word, own, views};
use crate::TokenKind;
use crate::decode::{Amount, Number, Unit};

views! {
    /// `query name { … }`
    Query = Query;
    /// `select names`
    Select = Select;
    /// `where expr`
    Where = Where;
    /// `order sorts`
    Order = Order;
    /// `limit 50`
    Limit = Limit;
    /// `expect rate within duration`
    Expect = Expect;
    /// `volume 5M grows 20K/day updates 1K/day`
    Volume = Volume;
    /// `path desc`
    Sort = Sort;
    /// `300/s`
    Rate = Rate;
    /// `5M`
    Count = Count;
}

impl<'t> Query<'t> {
    /// The query's name.
    #[must_use]
    pub fn name(self) -> Option<Name<'t>> {
        nth_word(self.0, 1)
    }

    /// The documentation before it.
    #[must_use]
    pub fn doc(self) -> Option<Doc<'t>> {
        doc(self.0)
    }

    /// `select`
    #[must_use]
    pub fn select(self) -> Option<Select<'t>> {
        self.0.children().find_map(Select::cast)
    }

    /// `where`; absent also when its expression is.
    #[must_use]
    pub fn filter(self) -> Option<Where<'t>> {
        self.0.children().find_map(Where::cast)
    }

    /// `order`
    #[must_use]
    pub fn order(self) -> Option<Order<'t>> {
        self.0.children().find_map(Order::cast)
    }

    /// `limit`
    #[must_use]
    pub fn limit(self) -> Option<Limit<'t>> {
        self.0.children().find_map(Limit::cast)
    }

    /// `expect`
    #[must_use]
    pub fn expect(self) -> Option<Expect<'t>> {
        self.0.children().find_map(Expect::cast)
    }
}

impl<'t> Select<'t> {
    /// The fields.
    pub fn names(self) -> impl Iterator<Item = Name<'t>> + Clone {
        names(self.0)
    }
}

impl<'t> Where<'t> {
    /// The condition.
    #[must_use]
    pub fn expr(self) -> Option<Expr<'t>> {
        self.0.children().find_map(Expr::cast)
    }
}

impl<'t> Order<'t> {
    /// What is sorted by, most significant first.
    pub fn sorts(self) -> impl Iterator<Item = Sort<'t>> + Clone {
        self.0.children().filter_map(Sort::cast)
    }
}

impl<'t> Sort<'t> {
    /// The field.
    #[must_use]
    pub fn path(self) -> Option<super::Path<'t>> {
        self.0.children().find_map(super::Path::cast)
    }

    /// Whether `desc` stands behind it.
    #[must_use]
    pub fn descending(self) -> bool {
        keyword(self.0, "desc").is_some()
    }
}

/// How many rows a query answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LimitValue<'t> {
    /// `50`
    Number(Number),
    /// `$n`
    Param(Name<'t>),
}

impl<'t> Limit<'t> {
    /// The limit; none if its number does not decode.
    #[must_use]
    pub fn value(self) -> Option<LimitValue<'t>> {
        if let Some(token) = own(self.0, TokenKind::Param) {
            return Some(LimitValue::Param(super::expr::param(token)));
        }
        Number::decode(own(self.0, TokenKind::Number)?.text()).map(LimitValue::Number)
    }
}

impl<'t> Expect<'t> {
    /// How often it is asked.
    #[must_use]
    pub fn rate(self) -> Option<Rate<'t>> {
        self.0.children().find_map(Rate::cast)
    }

    /// How long it may take.
    #[must_use]
    pub fn within(self) -> Option<super::DurationExpr<'t>> {
        self.0.children().find_map(super::DurationExpr::cast)
    }
}

impl Count<'_> {
    /// How many; none if the number does not decode or is no count.
    #[must_use]
    pub fn value(self) -> Option<Number> {
        let token = self.0.own_tokens().next()?;
        match token.kind() {
            TokenKind::Number => Number::decode(token.text()),
            _ => match Amount::decode(token.text())? {
                Amount::Count(number) => Some(number),
                Amount::Percent(_) | Amount::Time(_) => None,
            },
        }
    }
}

impl<'t> Rate<'t> {
    /// How many per unit.
    #[must_use]
    pub fn count(self) -> Option<Number> {
        self.0.children().find_map(Count::cast)?.value()
    }

    /// The unit.
    #[must_use]
    pub fn unit(self) -> Option<Unit> {
        Unit::from_rate(nth_word(self.0, 0)?.text)
    }

    /// How many per second, for estimates.
    #[must_use]
    pub fn per_second(self) -> Option<f64> {
        Some(self.count()?.as_f64() / self.unit()?.seconds())
    }
}

impl<'t> Volume<'t> {
    /// How many rows there will be.
    #[must_use]
    pub fn count(self) -> Option<Count<'t>> {
        self.0.children().find_map(Count::cast)
    }

    fn rate_after(self, word: &str) -> Option<Rate<'t>> {
        let start = keyword(self.0, word)?.span().start;
        self.0
            .children()
            .filter(|node| node.span().start > start)
            .find_map(Rate::cast)
    }

    /// How many rows come.
    #[must_use]
    pub fn grows(self) -> Option<Rate<'t>> {
        self.rate_after("grows")
    }

    /// How many rows change.
    #[must_use]
    pub fn updates(self) -> Option<Rate<'t>> {
        self.rate_after("updates")
    }
}
