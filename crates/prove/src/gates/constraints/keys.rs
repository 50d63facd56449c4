//! Uniqueness, among all or among the living, and foreign keys.

use physical::{Expr, ForeignKey, Index};

use super::probe::{Outcome, complete};
use super::{Answer, Trial};
use crate::data::{Datum, Values, indexed_columns};
use crate::gate::Stop;
use crate::rejection::Kind;

/// So often a row with every column of a key is looked for.
const MOST_DRAFTS: u32 = 24;

/// Something that must not stand twice.
struct Key {
    name: String,
    columns: Vec<String>,
    /// Columns that are NULL in every row that it speaks of.
    nulls: Vec<String>,
    /// Whether it speaks of the living only, by this column.
    living: Option<String>,
}

impl Trial<'_, '_, '_, '_> {
    pub(super) fn keys(&mut self) -> Result<(), Stop> {
        for key in self.all_keys() {
            let answer = self.key(&key)?;
            self.answer("unique", &key.name, "what stands once cannot stand twice", answer);
        }
        Ok(())
    }

    fn all_keys(&self) -> Vec<Key> {
        let names = |columns: &[physical::Ident]| columns.iter().map(|it| it.as_str().to_owned()).collect();
        let whole = |name: &physical::Ident, columns: &[physical::Ident]| Key {
            name: name.as_str().to_owned(),
            columns: names(columns),
            nulls: Vec::new(),
            living: None,
        };
        let table = self.table;
        let primary = table.primary_key.iter().map(|key| whole(&key.name, &key.columns));
        let uniques = table
            .uniques
            .iter()
            .map(|unique| whole(&unique.name, &unique.columns));
        let indexes = table
            .indexes
            .iter()
            .filter(|index| index.unique)
            .filter_map(partial);
        primary.chain(uniques).chain(indexes).collect()
    }

    fn key(&mut self, key: &Key) -> Result<Answer, Stop> {
        let Some((first, second)) = self.twins(key)? else {
            if self.is_found(Kind::Unique, &key.name) {
                return Ok(Answer::Untouched(self.why_no_twins(key)));
            }
            return Ok(self.broken(&key.name, "the catalog has no such constraint", Vec::new()));
        };
        let columns: Vec<&str> = key.columns.iter().map(String::as_str).collect();
        let insert = self.probe.speller.insert(self.table, &first);
        let answer = self.violated(
            (Kind::Unique, &key.name, &columns),
            std::slice::from_ref(&insert),
            &second,
        )?;
        let (Answer::Holds, Some(deleted_at)) = (&answer, &key.living) else {
            return Ok(answer);
        };
        // Among the living only: what a dead row holds is free again.
        let Some(plan) = self.plan() else {
            return Ok(answer);
        };
        let condition = self
            .probe
            .speller
            .condition(self.table, &first, plan.primary_key());
        let kill = format!(
            "UPDATE {} SET {} = {} WHERE {condition}",
            self.probe.speller.name(&self.table.name),
            self.probe.speller.ident(deleted_at),
            self.probe.speller.value(
                &Datum::Instant(1_767_225_600_000_000),
                &physical::SqlType::TimestampTz
            )
        );
        let again = self.probe.speller.insert(self.table, &second);
        let statements = vec![insert, kill, again];
        Ok(match self.probe.try_all(&statements)? {
            Outcome::Accepted => answer,
            Outcome::Rejected(rejection) => {
                let observed = format!("a dead row still occupies its value: {}", rejection.message);
                self.broken(&key.name, &observed, statements)
            }
        })
    }

    fn why_no_twins(&self, key: &Key) -> String {
        let narrower = self.plan().and_then(|plan| {
            let mut keys = plan.keys.iter();
            keys.find(|(name, columns, _)| {
                *name != key.name && columns.iter().all(|it| key.columns.contains(it))
            })
        });
        match narrower {
            Some((name, ..)) => format!("`{name}` forbids all that it forbids"),
            None => "no two rows could be made that differ in all but this".to_owned(),
        }
    }

    /// Two legal rows that are the same in a key and differ in every other one.
    fn twins(&mut self, key: &Key) -> Result<Option<(Values, Values)>, Stop> {
        let fixed: Values = key
            .nulls
            .iter()
            .map(|column| (column.clone(), Datum::Null))
            .collect();
        for attempt in 0..MOST_DRAFTS {
            let first = match self.draft(&fixed) {
                Ok(row) => row,
                Err(Stop::Unable(_)) => return Ok(None),
                Err(other) => return Err(other),
            };
            if key
                .columns
                .iter()
                .any(|column| first.get(column).is_none_or(Datum::is_null))
            {
                continue;
            }
            let mut same = fixed.clone();
            same.extend(
                key.columns
                    .iter()
                    .filter_map(|column| Some((column.clone(), first.get(column)?.clone()))),
            );
            // Keys that name an owner or a tenant are kept apart by rows of different ones.
            let party = if attempt % 2 == 0 {
                &self.party
            } else {
                &self.other
            };
            let second = match self.draft_of(&party.clone(), &same) {
                Ok(row) => row,
                Err(Stop::Unable(_)) => continue,
                Err(other) => return Err(other),
            };
            let clashes = self.plan().is_some_and(|plan| {
                plan.keys.iter().any(|(name, columns, _)| {
                    *name != key.name
                        && columns != &key.columns
                        && columns.iter().all(|it| {
                            first
                                .get(it)
                                .is_some_and(|a| !a.is_null() && Some(a) == second.get(it))
                        })
                })
            });
            if !clashes {
                return Ok(Some((first, second)));
            }
        }
        Ok(None)
    }

    pub(super) fn foreign_keys(&mut self) -> Result<(), Stop> {
        let keys: Vec<ForeignKey> = self.table.foreign_keys.clone();
        for key in keys {
            let answer = self.foreign_key(&key)?;
            self.answer(
                "foreign-key",
                key.name.as_str(),
                "a reference to nothing is refused",
                answer,
            );
        }
        Ok(())
    }

    fn foreign_key(&mut self, key: &ForeignKey) -> Result<Answer, Stop> {
        let columns: Vec<&str> = key.columns.iter().map(physical::Ident::as_str).collect();
        let mut row = self.draft(&Values::new())?;
        let given = self.plan().is_some_and(|plan| {
            columns
                .iter()
                .all(|it| plan.columns.iter().any(|own| own.name == *it))
        });
        if !given {
            return self.stamped(key, &row);
        }
        // What shares a column with it and may be empty is emptied, so that nothing else refuses first.
        let others = self
            .table
            .foreign_keys
            .iter()
            .filter(|other| other.name != key.name);
        for other in others.filter(|other| other.columns.iter().any(|it| key.columns.contains(it))) {
            for column in other.columns.iter().filter(|it| !key.columns.contains(it)) {
                if self.table.column(column.as_str()).is_some_and(|it| it.nullable) {
                    row.insert(column.as_str().to_owned(), Datum::Null);
                }
            }
        }
        // The reference itself comes first in a composite key; owner and tenant, which follow, stay as they are.
        let (head, rest) = match columns.split_first() {
            Some(parts) => parts,
            None => return Ok(Answer::Untouched("it has no columns".to_owned())),
        };
        row.insert((*head).to_owned(), self.nowhere(head));
        for column in rest {
            if row.get(*column).is_none_or(Datum::is_null) {
                row.insert((*column).to_owned(), self.nowhere(column));
            }
        }
        let answer = self.violated((Kind::ForeignKey, key.name.as_str(), &columns), &[], &row)?;
        self.by_name(key, &row, answer)
    }

    /// SQLite does not say which foreign key refused; asked for all that are broken by the row, it does.
    fn by_name(&mut self, key: &ForeignKey, row: &Values, answer: Answer) -> Result<Answer, Stop> {
        if self.table.name.schema.is_some() || !matches!(answer, Answer::Holds) {
            return Ok(answer);
        }
        let insert = self.probe.speller.insert(self.table, &complete(self.table, row));
        let broken = self.probe.broken_keys(self.table, &insert)?;
        let own: Vec<&str> = key.columns.iter().map(physical::Ident::as_str).collect();
        if broken.iter().any(|columns| columns.iter().eq(own.iter())) {
            return Ok(answer);
        }
        let others: Vec<String> = broken.iter().map(|columns| columns.join(", ")).collect();
        Ok(Answer::Untouched(format!(
            "the reference by {} refuses first",
            others.join(" and by ")
        )))
    }

    /// Only triggers write its columns: it is met with the triggers off.
    fn stamped(&mut self, key: &ForeignKey, row: &Values) -> Result<Answer, Stop> {
        let columns: Vec<&str> = key.columns.iter().map(physical::Ident::as_str).collect();
        let mut row = complete(self.table, row);
        for column in &columns {
            row.insert((*column).to_owned(), self.nowhere(column));
        }
        let answer = self.violated_bare((Kind::ForeignKey, key.name.as_str(), &columns), &[], &row)?;
        self.by_name(key, &row, answer)
    }

    fn nowhere(&self, column: &str) -> Datum {
        match self.table.column(column).map(|column| &column.ty) {
            Some(physical::SqlType::Uuid) => Datum::Uuid([0xee; 16]),
            Some(physical::SqlType::Text | physical::SqlType::Varchar(_)) => {
                Datum::Text("nowhere".to_owned())
            }
            _ => Datum::Int(999_999_999),
        }
    }
}

/// A unique index over columns, with a predicate that is understood.
fn partial(index: &Index) -> Option<Key> {
    let columns = indexed_columns(index);
    let mut nulls = Vec::new();
    let mut living = None;
    let parts = match &index.predicate {
        Some(Expr::And(items)) => items.iter().collect(),
        Some(one) => vec![one],
        None => Vec::new(),
    };
    for part in parts {
        if let Expr::IsNull {
            value,
            negated: false,
        } = part
            && let Expr::Column { name, .. } = &**value
        {
            match name.as_str() {
                "deleted_at" => living = Some("deleted_at".to_owned()),
                other => nulls.push(other.to_owned()),
            }
        }
    }
    Some(Key {
        name: index.name.as_str().to_owned(),
        columns: columns?,
        nulls,
        living,
    })
}
