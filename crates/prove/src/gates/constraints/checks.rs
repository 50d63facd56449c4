//! Checks, and the limits of types.

use physical::{Behaviour, Check, Expr, Ident, NormalForm, SqlType};

use super::candidates::{blind, candidates};
use super::probe::{Outcome, complete};
use super::{Answer, Trial};
use crate::data::{ColumnPlan, Datum, Domain, Values, columns, eval};
use crate::gate::Stop;
use crate::rejection::Kind;

/// So many rows are tried on either side of a check.
const MOST_ROWS: usize = 4;
/// So many values are thrown at a check that is not taken apart.
const MOST_BLIND: usize = 24;

impl Trial<'_, '_, '_, '_> {
    pub(super) fn checks(&mut self, base: &Values) -> Result<(), Stop> {
        let mut checks: Vec<Check> = self.table.checks.clone();
        // Checks that only the catalog knows are probed too, as far as they can be.
        let known = |name: &str| self.table.checks.iter().any(|check| check.name.as_str() == name);
        let others = self.found.into_iter().flat_map(|table| &table.checks);
        checks.extend(others.filter(|check| !known(check.name.as_str())).cloned());
        for check in checks {
            let name = check.name.as_str().to_owned();
            let answer = self.check(&check, base)?;
            self.answer(
                "check",
                &name,
                "what it forbids is refused and what it allows is accepted",
                answer,
            );
        }
        Ok(())
    }

    fn check(&mut self, check: &Check, base: &Values) -> Result<Answer, Stop> {
        let name = check.name.as_str();
        if self.speaks_of_stamps(&check.expr) {
            return self.check_of_stamps(check, base);
        }
        if eval(&check.expr, base).is_none() {
            return self.blind_check(check, base);
        }
        let rows = self.variants(&check.expr, base);
        let allowed = |row: &Values| eval(&check.expr, row) != Some(Datum::Bool(false));
        let spoiled: Vec<&Values> = rows.iter().filter(|row| !allowed(row)).take(MOST_ROWS).collect();
        let legal: Vec<&Values> = rows.iter().filter(|row| allowed(row)).take(MOST_ROWS).collect();
        for row in legal {
            let insert = self.probe.speller.insert(self.table, row);
            if let Outcome::Rejected(rejection) = self.probe.try_all(std::slice::from_ref(&insert))?
                && rejection.is_by(Kind::Check, name, &[])
                && rejection.constraint.is_some()
            {
                return Ok(self.broken(
                    name,
                    &format!("a legal row is refused: {}", rejection.message),
                    vec![insert],
                ));
            }
        }
        let mut answer = if self.is_found(Kind::Check, name) {
            Answer::Untouched("no row was found that breaks it alone".to_owned())
        } else {
            self.broken(name, "the catalog has no such constraint", Vec::new())
        };
        // Each side of a range by itself: what is refused below may be accepted above.
        for row in spoiled {
            let constraint = (Kind::Check, name, &[][..]);
            // What a trigger would put right is met without it.
            let tried = if self.is_filled(row) {
                self.violated_bare(constraint, &[], &complete(self.table, row))?
            } else {
                self.violated(constraint, &[], row)?
            };
            match tried {
                broken @ Answer::Broken(_) => return Ok(broken),
                Answer::Holds => answer = Answer::Holds,
                Answer::Untouched(_) => {}
            }
        }
        Ok(answer)
    }

    /// Rows that differ from a legal one in the columns of an expression, near its limits, and break no other rule that is
    /// understood.
    fn variants(&self, expr: &Expr, base: &Values) -> Vec<Values> {
        let Some(plan) = self.plan() else {
            return Vec::new();
        };
        let mut names = Vec::new();
        columns(expr, &mut names);
        let mut rows: Vec<Values> = Vec::new();
        for name in names {
            let Some(column) = plan.columns.iter().find(|column| column.name == name) else {
                continue;
            };
            for value in candidates(column, expr, base) {
                let value = self.stored(name, value);
                let mut row = base.clone();
                row.insert(name.to_owned(), value.clone());
                let others = self.table.checks.iter().filter(|check| check.expr != *expr);
                let good = others
                    .into_iter()
                    .all(|check| eval(&check.expr, &row) != Some(Datum::Bool(false)));
                if good && fits(column, &value) && !rows.contains(&row) {
                    rows.push(row);
                }
            }
        }
        rows
    }

    /// Whether an expression speaks of columns that only triggers write.
    fn speaks_of_stamps(&self, expr: &Expr) -> bool {
        let given = |name: &str| {
            self.plan()
                .is_some_and(|plan| plan.columns.iter().any(|column| column.name == name))
        };
        let mut stamps = self
            .table
            .columns
            .iter()
            .map(|column| column.name.as_str())
            .filter(|it| !given(it));
        stamps.any(|name| names(expr, name))
    }

    /// A check of what triggers write is met with the triggers off.
    fn check_of_stamps(&mut self, check: &Check, base: &Values) -> Result<Answer, Stop> {
        let mut base = complete(self.table, base);
        for column in &self.table.columns {
            let name = column.name.as_str();
            if column.nullable && !base.contains_key(name) {
                base.insert(name.to_owned(), Datum::Null);
            }
        }
        let mut spoiled: Vec<Values> = Vec::new();
        for column in &self.table.columns {
            if !names(&check.expr, column.name.as_str()) {
                continue;
            }
            let plan = ColumnPlan {
                name: column.name.as_str().to_owned(),
                ty: column.ty.clone(),
                nullable: column.nullable,
                identity: false,
                domain: Domain::of_type(&column.ty),
            };
            let mut values = candidates(&plan, &check.expr, &base);
            values.extend(blind(&plan));
            for value in values {
                let mut row = base.clone();
                row.insert(plan.name.clone(), value);
                // What is understood and allowed breaks nothing.
                if eval(&check.expr, &row) != Some(Datum::Bool(true)) {
                    spoiled.push(row);
                }
            }
        }
        let name = check.name.as_str();
        let mut untouched =
            Answer::Untouched("no value that was written past the triggers broke it".to_owned());
        for row in spoiled.iter().take(MOST_BLIND) {
            let understood = eval(&check.expr, row) == Some(Datum::Bool(false));
            match self.violated_bare((Kind::Check, name, &[]), &[], row)? {
                Answer::Holds => return Ok(Answer::Holds),
                broken @ Answer::Broken(_) if understood || !self.is_found(Kind::Check, name) => {
                    return Ok(broken);
                }
                Answer::Broken(_) => {}
                other @ Answer::Untouched(_) => untouched = other,
            }
        }
        Ok(untouched)
    }

    /// A value as it is stored: what the database brings into its normal form is judged in that form.
    fn stored(&self, column: &str, value: Datum) -> Datum {
        let form = self
            .bench
            .subject
            .behaviours(&self.table.name)
            .find_map(|behaviour| match behaviour {
                Behaviour::Normalise { column: own, form } if own.as_str() == column => Some(*form),
                _ => None,
            });
        match (form, value) {
            (Some(NormalForm::Trimmed), Datum::Text(text)) => Datum::Text(text.trim().to_owned()),
            (Some(NormalForm::TrimmedLower), Datum::Text(text)) => Datum::Text(text.trim().to_lowercase()),
            (_, value) => value,
        }
    }

    /// Whether the database fills a column that the row leaves empty, from the row that it refers to.
    fn is_filled(&self, row: &Values) -> bool {
        let is_empty = |column: &Ident| row.get(column.as_str()).is_none_or(Datum::is_null);
        self.bench
            .subject
            .behaviours(&self.table.name)
            .any(|behaviour| match behaviour {
                Behaviour::Inherit { via, columns, .. } => {
                    !is_empty(via) && columns.iter().any(|(own, _)| is_empty(own))
                }
                _ => false,
            })
    }

    /// A check that is not taken apart: values are thrown at it until it refuses one by name.
    fn blind_check(&mut self, check: &Check, base: &Values) -> Result<Answer, Stop> {
        let name = check.name.as_str();
        let found = self.is_found(Kind::Check, name);
        let Some(plan) = self.plan() else {
            return Ok(Answer::Untouched("the table is not known".to_owned()));
        };
        let text = match &check.expr {
            Expr::Sql(text) => text.clone(),
            other => format!("{other:?}"),
        };
        let mut spoiled: Vec<Values> = Vec::new();
        for column in plan.columns.iter().filter(|column| mentions(&text, &column.name)) {
            for value in blind(column) {
                let mut row = base.clone();
                row.insert(column.name.clone(), value);
                spoiled.push(row);
            }
        }
        let mut accepted: Option<String> = None;
        for row in spoiled.iter().take(MOST_BLIND) {
            let insert = self.probe.speller.insert(self.table, row);
            match self.probe.try_all(std::slice::from_ref(&insert))? {
                Outcome::Rejected(rejection) if rejection.is_by(Kind::Check, name, &[]) => {
                    return Ok(Answer::Holds);
                }
                Outcome::Rejected(_) => {}
                Outcome::Accepted => accepted = accepted.or(Some(insert)),
            }
        }
        Ok(if found {
            Answer::Untouched("it is not taken apart, and no value that was thrown at it broke it".to_owned())
        } else {
            self.broken(
                name,
                "the catalog has no such constraint",
                accepted.into_iter().collect(),
            )
        })
    }

    /// Text as long as its type allows, and one character longer.
    pub(super) fn lengths(&mut self, base: &Values) -> Result<(), Stop> {
        let Some(plan) = self.plan() else { return Ok(()) };
        let limited: Vec<(String, usize)> = plan
            .columns
            .iter()
            .filter_map(|column| match column.ty {
                SqlType::Varchar(most) if self.table.name.schema.is_some() => {
                    Some((column.name.clone(), most as usize))
                }
                _ => None,
            })
            .collect();
        for (column, most) in limited {
            let answer = self.length(&column, most, base)?;
            self.answer(
                "length",
                &column,
                "it takes as many characters as it says, and not one more",
                answer,
            );
        }
        Ok(())
    }

    fn length(&mut self, column: &str, most: usize, base: &Values) -> Result<Answer, Stop> {
        let longer = self.text_of(column, most + 1, base, false);
        let mut row = base.clone();
        row.insert(column.to_owned(), Datum::Text(longer));
        let insert = self.probe.speller.insert(self.table, &row);
        match self.probe.try_all(std::slice::from_ref(&insert))? {
            Outcome::Accepted => {
                return Ok(self.broken(
                    &format!("{column} length"),
                    "a longer text is accepted",
                    vec![insert],
                ));
            }
            Outcome::Rejected(rejection) if rejection.kind == Kind::Type => {}
            Outcome::Rejected(rejection) => {
                return Ok(Answer::Untouched(format!(
                    "{} refuses first",
                    super::by(&rejection)
                )));
            }
        }
        let longest = self.text_of(column, most, base, true);
        row.insert(column.to_owned(), Datum::Text(longest));
        let legal = self
            .table
            .checks
            .iter()
            .all(|check| eval(&check.expr, &row) == Some(Datum::Bool(true)));
        if !legal {
            return Ok(Answer::Holds);
        }
        let insert = self.probe.speller.insert(self.table, &row);
        Ok(match self.probe.try_all(std::slice::from_ref(&insert))? {
            Outcome::Rejected(rejection) if rejection.kind == Kind::Type => self.broken(
                &format!("{column} length"),
                "a text that fits is refused",
                vec![insert],
            ),
            _ => Answer::Holds,
        })
    }

    /// A text of a length, of two-byte characters where the column's pattern allows it.
    fn text_of(&self, column: &str, length: usize, base: &Values, legal: bool) -> String {
        let wide = "ä".repeat(length);
        let domain = self
            .plan()
            .and_then(|plan| plan.columns.iter().find(|it| it.name == column))
            .map(|it| &it.domain);
        let pattern = domain.and_then(|domain| domain.patterns.first());
        let mut row = base.clone();
        row.insert(column.to_owned(), Datum::Text(wide.clone()));
        let fits = self
            .table
            .checks
            .iter()
            .all(|check| eval(&check.expr, &row) != Some(Datum::Bool(false)));
        if fits || !legal {
            return wide;
        }
        let mut rng = crate::data::Rng::new(2, column);
        pattern
            .and_then(|pattern| pattern.generate(&mut rng, length, length))
            .unwrap_or(wide)
    }
}

/// Whether the type takes a value: what the type refuses says nothing about a check.
fn fits(column: &ColumnPlan, value: &Datum) -> bool {
    match (&column.ty, value) {
        (SqlType::Varchar(most) | SqlType::Char(most), Datum::Text(text)) => {
            text.chars().count() <= *most as usize
        }
        (_, Datum::Null) => column.nullable,
        _ => true,
    }
}

/// Whether an expression names a column.
fn names(expr: &Expr, name: &str) -> bool {
    let mut found = Vec::new();
    columns(expr, &mut found);
    found.contains(&name) || matches!(expr, Expr::Sql(text) if mentions(text, name))
}

fn mentions(sql: &str, name: &str) -> bool {
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    sql.split(|c: char| !is_part(c)).any(|word| word == name)
}
