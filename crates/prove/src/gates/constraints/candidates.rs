//! Values from which violations and boundary cases are made: the constants of a check, one less and one more; lengths that just
//! fit and just do not; texts that nearly match.

use physical::{Expr, Literal, SqlType};

use crate::data::{ColumnPlan, DAY, Datum, Pattern, Values, eval, scale_of, type_range};

/// Candidates for a column, derived from the expressions that speak of it and from the row at hand.
pub(super) fn candidates(column: &ColumnPlan, expr: &Expr, row: &Values) -> Vec<Datum> {
    let mut marks = Marks::default();
    marks.read(expr, row, &column.name);
    let mut found: Vec<Datum> = Vec::new();
    let mut add = |value: Datum| {
        if !found.contains(&value) {
            found.push(value);
        }
    };
    let current = row.get(&column.name).cloned().unwrap_or(Datum::Null);
    match &column.ty {
        SqlType::SmallInt | SqlType::Integer | SqlType::BigInt | SqlType::Numeric(_) => {
            numbers(column, &marks).into_iter().for_each(&mut add);
        }
        SqlType::Text | SqlType::Varchar(_) | SqlType::Char(_) | SqlType::Named(_) => {
            texts(column, &marks, &current).into_iter().for_each(&mut add);
        }
        SqlType::Bytes => {
            let lengths = marks
                .lengths
                .iter()
                .flat_map(|n| [n.saturating_sub(1), *n, n + 1]);
            lengths
                .chain([0, 1, 31, 33])
                .for_each(|length| add(Datum::Bytes(vec![0x5a; length])));
        }
        SqlType::Array(element) => {
            let inner = crate::data::Domain::of_type(element);
            let mut rng = crate::data::Rng::new(0, &column.name);
            let lengths = marks
                .lengths
                .iter()
                .flat_map(|n| [n.saturating_sub(1), *n, n + 1])
                .chain([0]);
            for length in lengths {
                let items: Option<Vec<Datum>> = (0..length).map(|_| inner.draw(element, &mut rng)).collect();
                items.into_iter().for_each(|items| add(Datum::Array(items)));
            }
        }
        SqlType::Boolean => [true, false]
            .into_iter()
            .for_each(|value| add(Datum::Bool(value))),
        SqlType::Date | SqlType::Timestamp | SqlType::TimestampTz | SqlType::Time => {
            moments(&marks, &current).into_iter().for_each(&mut add);
        }
        _ => {}
    }
    if column.nullable {
        add(Datum::Null);
    }
    found
}

/// Constants that a check speaks of.
#[derive(Default)]
struct Marks {
    values: Vec<Datum>,
    lengths: Vec<usize>,
    patterns: Vec<Pattern>,
}

impl Marks {
    fn read(&mut self, expr: &Expr, row: &Values, own: &str) {
        match expr {
            Expr::Literal(Literal::Null) => {}
            Expr::Literal(literal) => {
                if let Some(value) = Datum::of_literal(literal, None) {
                    if let Datum::Int(length) = value {
                        self.lengths
                            .extend(usize::try_from(length).ok().filter(|length| *length <= 100_000));
                    }
                    self.values.push(value);
                }
            }
            // What another column holds is a mark too: `starts <= ends`.
            Expr::Column { name, .. } if name.as_str() != own => {
                self.values
                    .extend(row.get(name.as_str()).filter(|value| !value.is_null()).cloned());
            }
            Expr::Column { .. }
            | Expr::Param { .. }
            | Expr::Context(_)
            | Expr::Duration { .. }
            | Expr::Sql(_) => {}
            Expr::And(items) | Expr::Or(items) | Expr::Call(_, items) => {
                items.iter().for_each(|item| self.read(item, row, own));
            }
            Expr::Negate(inner) => {
                self.values.extend(eval(expr, row));
                self.read(inner, row, own);
            }
            Expr::Not(inner) => self.read(inner, row, own),
            Expr::Matches(inner, pattern) => {
                self.patterns.extend(Pattern::parse(pattern));
                self.read(inner, row, own);
            }
            Expr::Compare { left, right, .. } => {
                [left, right].iter().for_each(|side| self.read(side, row, own))
            }
            Expr::IsNull { value, .. } => self.read(value, row, own),
            Expr::In { value, items, .. } => {
                self.read(value, row, own);
                items.iter().for_each(|item| self.read(item, row, own));
            }
            Expr::Between { value, low, high, .. } => {
                [value, low, high]
                    .iter()
                    .for_each(|side| self.read(side, row, own));
            }
            Expr::StartsWith(a, b) | Expr::EndsWith(a, b) | Expr::Contains(a, b) => {
                self.read(a, row, own);
                self.read(b, row, own);
            }
            Expr::Sum(terms) => terms.iter().for_each(|(_, term)| self.read(term, row, own)),
            Expr::Product(factors) => factors.iter().for_each(|(_, factor)| self.read(factor, row, own)),
        }
    }
}

fn numbers(column: &ColumnPlan, marks: &Marks) -> Vec<Datum> {
    let scale = scale_of(&column.ty);
    let one = |units: i128| -> Option<Datum> {
        let (least, most) = type_range(&column.ty)?;
        let fits = (least..=most).contains(&units);
        let whole = !matches!(column.ty, SqlType::Numeric(_));
        fits.then(|| match i64::try_from(units) {
            Ok(value) if whole => Datum::Int(value),
            _ => Datum::Decimal(units, scale),
        })
    };
    let units = marks.values.iter().filter_map(|value| value.units(scale));
    let near = units.flat_map(|units| [units, units - 1, units + 1]);
    let ends = type_range(&column.ty).map(|(least, most)| [least, most]);
    near.chain([0, -1, 1])
        .chain(ends.into_iter().flatten())
        .filter_map(one)
        .collect()
}

fn texts(column: &ColumnPlan, marks: &Marks, current: &Datum) -> Vec<Datum> {
    let base = match current {
        Datum::Text(text) => text.clone(),
        _ => "value".to_owned(),
    };
    let mut found: Vec<String> = marks
        .values
        .iter()
        .filter_map(|value| match value {
            Datum::Text(text) => Some(text.clone()),
            _ => None,
        })
        .collect();
    let mut lengths: Vec<usize> = marks.lengths.clone();
    lengths.extend(column.domain.longest);
    let mut rng = crate::data::Rng::new(1, &column.name);
    for length in lengths {
        for wanted in [length, length + 1, length.saturating_sub(1)] {
            found.extend(
                column
                    .domain
                    .patterns
                    .first()
                    .and_then(|it| it.generate(&mut rng, wanted, wanted)),
            );
            // Characters of two bytes: a limit that counts bytes is not the limit that was declared.
            found.push("ä".repeat(wanted));
            found.push(base.chars().chain(std::iter::repeat('x')).take(wanted).collect());
        }
    }
    for pattern in &marks.patterns {
        let shortest = column.domain.shortest;
        let longest = column.domain.longest.unwrap_or(200);
        found.extend(pattern.generate(&mut rng, shortest, longest));
        for spoiled in [
            format!("!{base}"),
            format!("{base}!"),
            format!(" {base}"),
            base.to_uppercase(),
            base.to_lowercase(),
            base.chars().rev().collect(),
            base.chars().map(|_| '!').collect(),
            base.chars().skip(1).collect(),
        ] {
            found.push(spoiled);
        }
    }
    found.push("no such value".to_owned());
    found.push(String::new());
    found.into_iter().map(Datum::Text).collect()
}

fn moments(marks: &Marks, current: &Datum) -> Vec<Datum> {
    let all = marks.values.iter().chain(std::iter::once(current));
    all.flat_map(|value| match (value, current) {
        (Datum::Date(day), Datum::Instant(_)) => [-DAY, 0, DAY]
            .iter()
            .map(|by| Datum::Instant(day * DAY + by))
            .collect(),
        (Datum::Date(day), _) => [-1, 0, 1].iter().map(|by| Datum::Date(day + by)).collect(),
        (Datum::Instant(at), Datum::Date(_)) => {
            let day = at.div_euclid(DAY);
            [-1, 0, 1].iter().map(|by| Datum::Date(day + by)).collect()
        }
        (Datum::Instant(at), _) => [-1_000_000, 0, 1_000_000]
            .iter()
            .map(|by| Datum::Instant(at + by))
            .collect(),
        (Datum::Time(at), _) => [-1_000_000, 0, 1_000_000]
            .iter()
            .map(|by| Datum::Time(at + by))
            .collect::<Vec<_>>(),
        _ => Vec::new(),
    })
    .collect()
}

/// Candidates for a column about which a check speaks that is not taken apart: of every kind that a column can be given.
pub(super) fn blind(column: &ColumnPlan) -> Vec<Datum> {
    let longest = column.domain.longest.unwrap_or(0);
    let mut found: Vec<Datum> = match &column.ty {
        SqlType::SmallInt | SqlType::Integer | SqlType::BigInt => {
            [-1, 0, 2, 99, i64::MAX, i64::MIN].map(Datum::Int).to_vec()
        }
        SqlType::Boolean => vec![Datum::Int(2), Datum::Int(-1)],
        SqlType::Numeric(_) => {
            // Just past what the type says it can hold, where a check stands for the type.
            let (least, most) = type_range(&column.ty).unwrap_or((0, 0));
            let scale = scale_of(&column.ty);
            vec![
                Datum::Decimal(most.saturating_add(1), scale),
                Datum::Decimal(least.saturating_sub(1), scale),
                Datum::Decimal(-1, 0),
                Datum::Text("no number".to_owned()),
            ]
        }
        SqlType::Bytes => [0, 1, 31, 33, 5000]
            .map(|length| Datum::Bytes(vec![0x5a; length]))
            .to_vec(),
        _ => Vec::new(),
    };
    if let SqlType::SmallInt | SqlType::Integer = column.ty {
        let (least, most) = type_range(&column.ty).unwrap_or((0, 0));
        found.extend(
            [least - 1, most + 1]
                .iter()
                .filter_map(|it| i64::try_from(*it).ok())
                .map(Datum::Int),
        );
    }
    if !matches!(
        column.ty,
        SqlType::SmallInt | SqlType::Integer | SqlType::BigInt | SqlType::Bytes | SqlType::Boolean
    ) {
        let texts = [
            "",
            "no such value",
            " ",
            "!",
            "{",
            "9999-99-99",
            "zzzzzzzz-zzzz-zzzz-zzzz-zzzzzzzzzzzz",
        ];
        found.extend(texts.map(|text| Datum::Text(text.to_owned())));
        found.push(Datum::Text("ä".repeat(longest + 1)));
        found.push(Datum::Text("x".repeat(20_001)));
    }
    found
}
