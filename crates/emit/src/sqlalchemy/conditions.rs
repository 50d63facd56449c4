//! Conditions of declared queries as expressions of SQLAlchemy.

use std::collections::{BTreeMap, BTreeSet};

use model::{
    Compare, Expr, ExprKind, FactorOp, Field, FieldId, Function, Literal, ParamId, Path, Protection, Scalar,
    TermSign, Tracked, Type,
};

use super::finders::{HowNamed, Needed, how_named};
use super::imports::Imports;
use super::names::member;
use super::py::{Py, string};
use super::units::{Unit, Units};

/// What a condition is written in terms of.
pub(super) struct Conditions<'c, 'a> {
    pub(super) units: &'c Units<'a>,
    pub(super) own: &'c Unit<'a>,
    /// The names of the parameters.
    pub(super) params: Vec<String>,
    pub(super) tracked: &'c [Tracked],
    /// Types of parameters that are not those of their fields, by position.
    pub(super) annotations: BTreeMap<usize, &'static str>,
    /// Classes that must be there when the function runs.
    pub(super) needed: Needed,
    /// While a comparison speaks of several rows: which they are, by the way to them.
    pub(super) bases: Vec<(Vec<FieldId>, &'c Unit<'a>)>,
}

impl<'c, 'a> Conditions<'c, 'a> {
    /// A condition; `None` for what has no words in SQLAlchemy that hold on every database.
    pub(super) fn condition(&mut self, expr: &Expr, imports: &mut Imports) -> Option<Py> {
        match far(expr).as_slice() {
            [] => self.near(expr, "cls", imports),
            [prefix] if prefix.is_empty() => self.near(expr, "cls", imports),
            [prefix] if !asks_for_nothing(expr) || !self.may_be_missing(prefix) => {
                self.over(prefix, expr, imports)
            }
            several => self.apart(expr, several, false, imports),
        }
    }

    /// A condition about several rows, taken apart into conditions about one each. What is negated is so at the leaves: a row that is not
    /// there makes each leaf false, as NULL does where everything else is `and` and `or`.
    fn apart(
        &mut self,
        expr: &Expr,
        rows: &[Vec<FieldId>],
        negated: bool,
        imports: &mut Imports,
    ) -> Option<Py> {
        let word = |and: bool| if and == negated { "sa.or_" } else { "sa.and_" };
        let (word, all) = match &expr.kind {
            ExprKind::And(all) => (word(true), all),
            ExprKind::Or(all) => (word(false), all),
            ExprKind::Not(inner) => return self.apart(inner, &far(inner), !negated, imports),
            ExprKind::IsNull(value, is_not) if matches!(rows, [way] if !way.is_empty()) => {
                return self.missing(value, *is_not != negated, imports);
            }
            _ if negated => {
                let kind = ExprKind::Not(Box::new(expr.clone()));
                return self.leaf(&Expr { kind, ..expr.clone() }, rows, imports);
            }
            _ => return self.leaf(expr, rows, imports),
        };
        imports.sqlalchemy();
        let parts: Option<Vec<Py>> = all
            .iter()
            .map(|part| self.apart(part, &far(part), negated, imports))
            .collect();
        Some(Py::call(word, parts?))
    }

    /// One comparison.
    fn leaf(&mut self, expr: &Expr, rows: &[Vec<FieldId>], imports: &mut Imports) -> Option<Py> {
        match rows {
            [] => self.near(expr, "cls", imports),
            [prefix] if prefix.is_empty() => self.near(expr, "cls", imports),
            [prefix] if !asks_for_nothing(expr) || !self.may_be_missing(prefix) => {
                self.over(prefix, expr, imports)
            }
            [_] => None,
            several => self.across(expr, several, imports),
        }
    }

    /// Whether there is nothing where a path leads: also when the path ends early.
    fn missing(&mut self, value: &Expr, is_not: bool, imports: &mut Imports) -> Option<Py> {
        let kind = ExprKind::IsNull(Box::new(value.clone()), true);
        let there = self.condition(
            &Expr {
                kind,
                ..value.clone()
            },
            imports,
        )?;
        Some(if is_not { there } else { negate(there, imports) })
    }

    /// Whether a reference on the way is optional.
    fn may_be_missing(&self, prefix: &[FieldId]) -> bool {
        prefix.iter().any(|step| {
            let entity = self.units.entity(step.entity).and_then(Unit::entity);
            let field = entity.and_then(|entity| entity.fields.get(step.index as usize));
            field.is_none_or(|field| field.optional)
        })
    }

    /// A condition about a row that is reached over references.
    fn over(&mut self, prefix: &[FieldId], expr: &Expr, imports: &mut Imports) -> Option<Py> {
        let (heads, base) = self.heads("cls".to_owned(), self.own, prefix)?;
        let piece = self.near(expr, &base.class, imports)?;
        Some(within(heads, piece))
    }

    /// The words that lead from a row to another, and the class of that one.
    fn heads(
        &mut self,
        start: String,
        from: &'c Unit<'a>,
        steps: &[FieldId],
    ) -> Option<(Vec<String>, &'c Unit<'a>)> {
        let (mut base, mut unit) = (start, from);
        let mut heads = Vec::new();
        for step in steps {
            let Type::Reference(target) = unit.entity()?.fields.get(step.index as usize)?.ty else {
                return None;
            };
            heads.push(format!("{base}.{}.has", unit.relation(step.index)?));
            unit = self.units.entity(target)?;
            self.needed.insert((unit.module.clone(), unit.class.clone()));
            base.clone_from(&unit.class);
        }
        Some((heads, unit))
    }

    /// A comparison between values of several rows: one `has` inside of the other. `None` when two of the rows are of one class, which
    /// would stand for either.
    fn across(&mut self, expr: &Expr, rows: &[Vec<FieldId>], imports: &mut Imports) -> Option<Py> {
        let mut rows = rows.to_vec();
        rows.sort_by_key(Vec::len);
        let mut heads = Vec::new();
        let mut classes = vec![self.own.class.clone()];
        self.bases = vec![(Vec::new(), self.own)];
        for row in rows.iter().filter(|row| !row.is_empty()) {
            let known = self.bases.iter().filter(|(known, _)| row.starts_with(known));
            let (known, unit) = known.max_by_key(|(known, _)| known.len()).cloned()?;
            let start = if known.is_empty() {
                "cls".to_owned()
            } else {
                unit.class.clone()
            };
            let steps = row.get(known.len()..)?;
            for at in 1..=steps.len() {
                classes.push(self.heads(start.clone(), unit, steps.get(..at)?)?.1.class.clone());
            }
            let (more, unit) = self.heads(start, unit, steps)?;
            heads.extend(more);
            self.bases.push((row.clone(), unit));
        }
        let distinct: BTreeSet<&String> = classes.iter().collect();
        let piece = (distinct.len() == classes.len())
            .then(|| self.near(expr, "cls", imports))
            .flatten();
        self.bases.clear();
        Some(within(heads, piece?))
    }

    /// A condition about the row that `base` stands for.
    fn near(&mut self, expr: &Expr, base: &str, imports: &mut Imports) -> Option<Py> {
        match &expr.kind {
            ExprKind::And(all) => self.several("sa.and_", all, base, imports),
            ExprKind::Or(all) => self.several("sa.or_", all, base, imports),
            ExprKind::Not(inner) => {
                self.several("sa.not_", std::slice::from_ref(inner.as_ref()), base, imports)
            }
            ExprKind::Compare(op, left, right) => self.compare(*op, left, right, base, imports),
            ExprKind::IsNull(value, negated) => {
                let value = self.value(value, &Type::Unknown, base, imports)?;
                Some(Py::Atom(format!(
                    "{value}.{}(None)",
                    if *negated { "is_not" } else { "is_" }
                )))
            }
            ExprKind::In(value, items, negated) => {
                let items: Option<Vec<Py>> = items
                    .iter()
                    .map(|item| self.operand(item, value, base, imports).map(Py::Atom))
                    .collect();
                self.in_list(value, Py::Tuple(items?), *negated, base, imports)
            }
            ExprKind::InParam(value, id, negated) => {
                let list = self.list(*id, value, imports)?;
                self.in_list(value, list, *negated, base, imports)
            }
            ExprKind::Between(value, low, high, negated) => {
                let (low, high) = (
                    self.operand(low, value, base, imports)?,
                    self.operand(high, value, base, imports)?,
                );
                let value = self.value(value, &Type::Unknown, base, imports)?;
                let made = Py::call(format!("{value}.between"), [Py::Atom(low), Py::Atom(high)]);
                Some(if *negated { negate(made, imports) } else { made })
            }
            ExprKind::StartsWith(text, part) => self.text("starts_with", text, part, base, imports),
            ExprKind::EndsWith(text, part) => self.text("ends_with", text, part, base, imports),
            ExprKind::Contains(whole, part) if matches!(whole.ty, Type::Array(_)) => {
                imports.own("..core.database", "has_item");
                let part = self.operand(part, whole, base, imports)?;
                let whole = self.value(whole, &Type::Unknown, base, imports)?;
                Some(Py::call("has_item", [Py::Atom(whole), Py::Atom(part)]))
            }
            ExprKind::Contains(text, part) => self.text("has_text", text, part, base, imports),
            ExprKind::Matches(text, pattern) => {
                let text = self.value(text, &Type::Unknown, base, imports)?;
                Some(Py::call(
                    format!("{text}.regexp_match"),
                    [Py::Atom(string(pattern))],
                ))
            }
            ExprKind::Path(_) => {
                let value = self.value(expr, &Type::Unknown, base, imports)?;
                Some(Py::Atom(format!("{value}.is_(True)")))
            }
            _ => None,
        }
    }

    fn several(&mut self, word: &str, all: &[Expr], base: &str, imports: &mut Imports) -> Option<Py> {
        imports.sqlalchemy();
        let parts: Option<Vec<Py>> = all.iter().map(|part| self.near(part, base, imports)).collect();
        Some(Py::call(word, parts?))
    }

    fn compare(
        &mut self,
        op: Compare,
        left: &Expr,
        right: &Expr,
        base: &str,
        imports: &mut Imports,
    ) -> Option<Py> {
        // What is asked stands on the left: a plain value there would compare as Python does.
        if is_plain(left) {
            return if is_plain(right) {
                None
            } else {
                self.compare(flipped(op), right, left, base, imports)
            };
        }
        let value = self.value(left, &right.ty, base, imports)?;
        let other = self.operand(right, left, base, imports)?;
        let sign = match op {
            Compare::Equal if matches!(other.as_str(), "True" | "False") => {
                return Some(Py::Atom(format!("{value}.is_({other})")));
            }
            Compare::NotEqual if matches!(other.as_str(), "True" | "False") => {
                return Some(Py::Atom(format!("{value}.is_not({other})")));
            }
            Compare::Equal => "==",
            Compare::NotEqual => "!=",
            Compare::Less => "<",
            Compare::LessOrEqual => "<=",
            Compare::Greater => ">",
            Compare::GreaterOrEqual => ">=",
        };
        Some(Py::Atom(format!("{value} {sign} {other}")))
    }

    fn in_list(
        &mut self,
        value: &Expr,
        list: Py,
        negated: bool,
        base: &str,
        imports: &mut Imports,
    ) -> Option<Py> {
        let value = self.value(value, &Type::Unknown, base, imports)?;
        Some(Py::call(
            format!("{value}.{}", if negated { "not_in" } else { "in_" }),
            [list],
        ))
    }

    fn text(
        &mut self,
        word: &str,
        text: &Expr,
        part: &Expr,
        base: &str,
        imports: &mut Imports,
    ) -> Option<Py> {
        if !is_plain(part) {
            return None;
        }
        imports.own("..core.database", word);
        let part = self.operand(part, text, base, imports)?;
        let text = self.value(text, &Type::Unknown, base, imports)?;
        Some(Py::call(word, [Py::Atom(text), Py::Atom(part)]))
    }

    /// A list that is given.
    fn list(&mut self, id: ParamId, asked: &Expr, imports: &mut Imports) -> Option<Py> {
        let name = self.params.get(id.0 as usize)?.clone();
        let one = self.given(id, "one", asked, imports)?;
        if one == "one" {
            return Some(Py::Atom(name));
        }
        Some(Py::Listed(
            "[",
            vec![Py::Atom(format!("{one} for one in {name}"))],
            "]",
        ))
    }

    /// A value that is compared with another, in the form of that other.
    fn operand(&mut self, expr: &Expr, asked: &Expr, base: &str, imports: &mut Imports) -> Option<String> {
        match &expr.kind {
            ExprKind::Param(id) => {
                let name = self.params.get(id.0 as usize)?.clone();
                self.given(*id, &name, asked, imports)
            }
            _ => self.value(expr, &asked.ty, base, imports),
        }
    }

    /// A parameter as it is compared with what is asked.
    fn given(&mut self, id: ParamId, name: &str, asked: &Expr, imports: &mut Imports) -> Option<String> {
        if let Some(field) = self.field(asked) {
            if matches!(field.protection, Protection::Encrypted { .. }) {
                // The blind index, made by `Session.blind`.
                self.annotations.insert(id.0 as usize, "bytes");
                return Some(name.to_owned());
            }
            if field.ty == Type::Scalar(Scalar::Token) {
                self.annotations.insert(id.0 as usize, "str");
                imports.own("..core.crypto", "Token");
                return Some(format!("Token.hash({name})"));
            }
        }
        let ty = self.tracked.get(id.0 as usize).map(|param| &param.ty);
        let Some(Type::Reference(target)) = ty else {
            return Some(name.to_owned());
        };
        let other = self.units.entity(*target)?;
        match how_named(other) {
            HowNamed::ByPublicId => {
                imports.own("..core.database", "key");
                let class = if other.class == self.own.class {
                    "cls".to_owned()
                } else {
                    self.needed.insert((other.module.clone(), other.class.clone()));
                    other.class.clone()
                };
                Some(format!("key({class}, {name})"))
            }
            HowNamed::ByKey => Some(name.to_owned()),
            HowNamed::NotAtAll => Some(format!("{name}.{}", other.attribute(other.key()?.name.as_str()))),
        }
    }

    fn field(&self, expr: &Expr) -> Option<&'c Field> {
        let ExprKind::Path(Path { steps }) = &expr.kind else {
            return None;
        };
        let last = steps.last()?;
        self.units
            .entity(last.entity)?
            .entity()?
            .fields
            .get(last.index as usize)
    }

    /// An expression that answers a value.
    fn value(&mut self, expr: &Expr, wanted: &Type, base: &str, imports: &mut Imports) -> Option<String> {
        match &expr.kind {
            ExprKind::Path(path) => self.path(path, base),
            ExprKind::Literal(value) => literal(self.units, value, wanted, imports),
            ExprKind::Param(id) => self.params.get(id.0 as usize).cloned(),
            ExprKind::Call(function, arguments) => self.call(*function, arguments, wanted, base, imports),
            ExprKind::Sum(terms) => match from_clock(terms) {
                Some((word, months, micros)) => {
                    imports.own("..core.database", word);
                    {
                        let parts = [("months", months), ("microseconds", micros)];
                        let parts = parts.iter().filter(|(_, count)| *count != 0);
                        let parts: Vec<String> =
                            parts.map(|(name, count)| format!("{name}={count}")).collect();
                        Some(format!("{word}({})", parts.join(", ")))
                    }
                }
                None => self.sum(terms, wanted, base, imports),
            },
            ExprKind::Product(factors) => self.product(factors, wanted, base, imports),
            ExprKind::Negate(inner) => Some(format!("-{}", self.value(inner, wanted, base, imports)?)),
            _ => None,
        }
    }

    fn path(&self, path: &Path, base: &str) -> Option<String> {
        let last = path.steps.last()?;
        let unit = self.units.entity(last.entity)?;
        let field = unit.entity()?.fields.get(last.index as usize)?;
        let mut attribute = unit.value(last.index)?;
        if let Protection::Encrypted { searchable: true } = field.protection {
            let blind = format!("{}_bidx", unit.column(last.index)?.name);
            attribute = unit.attribute(unit.table.column(&blind)?.name.as_str());
        }
        let way = path.steps.split_last().map(|(_, way)| way).unwrap_or_default();
        let found = self
            .bases
            .iter()
            .find(|(known, _)| !known.is_empty() && known == way);
        let base = found.map_or(base, |(_, unit)| unit.class.as_str());
        Some(format!("{base}.{attribute}"))
    }

    fn sum(
        &mut self,
        terms: &[(TermSign, Expr)],
        wanted: &Type,
        base: &str,
        imports: &mut Imports,
    ) -> Option<String> {
        let mut out = String::new();
        for (at, (sign, term)) in terms.iter().enumerate() {
            out.push_str(match (at, sign) {
                (0, TermSign::Plus) => "",
                (0, TermSign::Minus) => "-",
                (_, TermSign::Plus) => " + ",
                (_, TermSign::Minus) => " - ",
            });
            out.push_str(&self.value(term, wanted, base, imports)?);
        }
        Some(format!("({out})"))
    }

    fn product(
        &mut self,
        factors: &[(FactorOp, Expr)],
        wanted: &Type,
        base: &str,
        imports: &mut Imports,
    ) -> Option<String> {
        let mut out = String::new();
        for (at, (op, factor)) in factors.iter().enumerate() {
            if at > 0 {
                out.push_str(if *op == FactorOp::Times { " * " } else { " / " });
            }
            out.push_str(&self.value(factor, wanted, base, imports)?);
        }
        Some(format!("({out})"))
    }

    fn call(
        &mut self,
        function: Function,
        arguments: &[Expr],
        wanted: &Type,
        base: &str,
        imports: &mut Imports,
    ) -> Option<String> {
        let name = match function {
            Function::Now => return literal(self.units, &Literal::Now, wanted, imports),
            Function::Today => return literal(self.units, &Literal::Today, wanted, imports),
            Function::Length => "length",
            Function::Lower => "lower",
            Function::Upper => "upper",
            Function::Trim => "trim",
            Function::Coalesce => "coalesce",
            Function::Abs => "abs",
            Function::Count => return None,
        };
        imports.sqlalchemy();
        let arguments: Option<Vec<String>> = arguments
            .iter()
            .map(|argument| self.value(argument, wanted, base, imports))
            .collect();
        Some(format!("sa.func.{name}({})", arguments?.join(", ")))
    }
}

fn negate(piece: Py, imports: &mut Imports) -> Py {
    imports.sqlalchemy();
    Py::call("sa.not_", [piece])
}

/// Words around a condition.
fn within(heads: Vec<String>, piece: Py) -> Py {
    heads
        .into_iter()
        .rev()
        .fold(piece, |piece, head| Py::call(head, [piece]))
}

/// The ways to the rows that a condition speaks of, each once; the empty one is the row itself.
fn far(expr: &Expr) -> Vec<Vec<FieldId>> {
    let mut found: Vec<Vec<FieldId>> = Vec::new();
    collect(expr, &mut found);
    let mut seen = BTreeSet::new();
    found.retain(|way| seen.insert(way.clone()));
    found
}

/// Whether a condition may hold because something is missing.
fn asks_for_nothing(expr: &Expr) -> bool {
    let mut found = matches!(
        expr.kind,
        ExprKind::IsNull(_, false) | ExprKind::Call(Function::Coalesce, _)
    );
    if let ExprKind::Not(inner) = &expr.kind {
        found |= matches!(inner.kind, ExprKind::IsNull(_, true));
    }
    expr.children(&mut |child| found |= asks_for_nothing(child));
    found
}

fn collect(expr: &Expr, found: &mut Vec<Vec<FieldId>>) {
    if let ExprKind::Path(Path { steps }) = &expr.kind {
        found.push(
            steps
                .split_last()
                .map(|(_, prefix)| prefix.to_vec())
                .unwrap_or_default(),
        );
    }
    expr.children(&mut |child| collect(child, found));
}

/// `now() - 30 days`: the clock, months and microseconds.
fn from_clock(terms: &[(TermSign, Expr)]) -> Option<(&'static str, i64, i64)> {
    let ((TermSign::Plus, first), rest) = terms.split_first()? else {
        return None;
    };
    let word = match &first.kind {
        ExprKind::Call(Function::Now, _) | ExprKind::Literal(Literal::Now) => "from_now",
        ExprKind::Call(Function::Today, _) | ExprKind::Literal(Literal::Today) => "from_today",
        _ => return None,
    };
    let (mut months, mut micros) = (0_i64, 0_i64);
    for (sign, term) in rest {
        let ExprKind::Duration(span) = &term.kind else {
            return None;
        };
        let sign = if *sign == TermSign::Plus { 1 } else { -1 };
        months += sign * i64::from(span.months);
        micros = micros.checked_add(sign * span.micros)?;
    }
    Some((word, months, micros))
}

/// Whether an expression asks nothing of the database.
fn is_plain(expr: &Expr) -> bool {
    match &expr.kind {
        ExprKind::Literal(Literal::Now | Literal::Today) | ExprKind::Call(..) | ExprKind::Path(_) => false,
        ExprKind::Literal(_) | ExprKind::Param(_) => true,
        ExprKind::Sum(terms) => terms.iter().all(|(_, term)| is_plain(term)) || from_clock(terms).is_some(),
        ExprKind::Product(factors) => factors.iter().all(|(_, factor)| is_plain(factor)),
        ExprKind::Negate(inner) => is_plain(inner),
        _ => false,
    }
}

const fn flipped(op: Compare) -> Compare {
    match op {
        Compare::Less => Compare::Greater,
        Compare::LessOrEqual => Compare::GreaterOrEqual,
        Compare::Greater => Compare::Less,
        Compare::GreaterOrEqual => Compare::LessOrEqual,
        Compare::Equal | Compare::NotEqual => op,
    }
}

/// A constant in the form of a type.
pub(super) fn literal(
    units: &Units<'_>,
    value: &Literal,
    wanted: &Type,
    imports: &mut Imports,
) -> Option<String> {
    let exact = matches!(wanted, Type::Scalar(Scalar::Money | Scalar::Decimal(..)));
    let number = |imports: &mut Imports, text: &str| {
        imports.standard("decimal", "Decimal");
        text.to_owned()
    };
    Some(match value {
        Literal::Null => "None".to_owned(),
        Literal::Bool(true) => "True".to_owned(),
        Literal::Bool(false) => "False".to_owned(),
        Literal::Int(value) if exact => number(imports, &format!("Decimal({value})")),
        Literal::Int(value) => value.to_string(),
        Literal::Decimal(text) if *wanted == Type::Scalar(Scalar::Float) => text.clone(),
        Literal::Decimal(text) => number(imports, &format!("Decimal({})", string(text))),
        Literal::Text(text) => texts(text, wanted, imports),
        Literal::Member(id, at) => {
            let class = units.enums.get(id.0 as usize)?;
            let name = units.member(*id, *at)?;
            imports.own(".enums", class);
            format!("{class}.{name}")
        }
        Literal::EmptyArray => "[]".to_owned(),
        Literal::Now => {
            imports.own("..core.database", "now");
            "now()".to_owned()
        }
        Literal::Today => {
            imports.own("..core.database", "today");
            "today()".to_owned()
        }
        Literal::Uuid4 | Literal::Uuid7 => return None,
    })
}

fn texts(text: &str, wanted: &Type, imports: &mut Imports) -> String {
    let text = string(text);
    let class = match wanted {
        Type::Scalar(Scalar::Date) => "dt.date",
        Type::Scalar(Scalar::Time) => "dt.time",
        Type::Scalar(Scalar::Instant) => "dt.datetime",
        Type::Scalar(Scalar::Uuid) => {
            imports.standard("uuid", "UUID");
            return format!("UUID({text})");
        }
        _ => return text,
    };
    imports.datetime();
    format!("{class}.fromisoformat({text})")
}

/// The names of the members of an enum.
pub(super) fn members(one: &model::Enum) -> Vec<String> {
    let mut names = super::names::Names::members();
    one.members
        .iter()
        .map(|each| names.take(&member(&each.name.text)))
        .collect()
}
