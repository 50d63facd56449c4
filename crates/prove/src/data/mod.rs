//! Rows that a schema accepts, made from nothing but the schema and a seed.
//!
//! [`Maker`] knows every row that it made: gates ask it for rows of an owner or a tenant, for drafts to be spoiled, and for
//! fresh graphs. It works on the physical schema and the blueprint; nothing here talks to a database.

mod datum;
mod domain;
mod eval;
mod pattern;
mod plan;
mod rng;
mod spell;

use std::collections::{BTreeMap, HashSet};
use std::fmt;

use physical::{ForeignKey, Literal, Name};

pub use datum::{DAY, Datum, EPOCH_DAY, base64, date_text, decimal_text, time_text, uuid_text};
pub use domain::{Domain, Flavour, scale_of, type_range};
pub use eval::{Values, columns, eval};
pub use pattern::Pattern;
pub use plan::{ColumnPlan, TablePlan, indexed_columns};
pub use rng::Rng;
pub use spell::Speller;

use crate::subject::Subject;

/// Rows are counted from here, above what the schema seeds and below what sequences reach in a proof.
const FIRST_ID: i64 = 1001;
/// So often a row is tried before a constraint is said to be unsatisfiable.
const MOST_ATTEMPTS: u32 = 48;
/// From this attempt on, new rows are made for what is referred to: `unique (user)` runs out of users.
const FRESH_PARENTS_FROM: u32 = 10;
/// Chains of required references are not followed further.
const MOST_DEPTH: u32 = 64;

/// No row could be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unsatisfiable {
    /// Of which table.
    pub table: String,
    /// What stood in the way.
    pub constraint: String,
    /// How.
    pub reason: String,
}

impl fmt::Display for Unsatisfiable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "no row of `{}` could be made: {} `{}`",
            self.table, self.reason, self.constraint
        )
    }
}

/// Someone whose rows they are.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Party {
    /// Key of the tenant's row, where there are tenants.
    pub tenant: Option<Datum>,
    /// Public id of the tenant's row.
    pub tenant_public: Option<String>,
    /// Key of the user's row, where there are users.
    pub owner: Option<Datum>,
}

/// Makes rows. A clone goes its own way: for graphs that are rolled back.
#[derive(Debug, Clone)]
pub struct Maker<'a> {
    subject: &'a Subject,
    speller: Speller,
    seed: u64,
    first: i64,
    plans: Vec<TablePlan<'a>>,
    order: Vec<usize>,
    index: BTreeMap<&'a Name, usize>,
    rows: Vec<Vec<Values>>,
    drafted: Vec<i64>,
    written: Vec<usize>,
    log: Vec<(usize, usize)>,
    taken: HashSet<(usize, usize, String)>,
    /// What could not be made on the way, once each.
    pub shortfalls: Vec<Unsatisfiable>,
}

impl<'a> Maker<'a> {
    /// A maker that has made nothing yet.
    #[must_use]
    pub fn new(subject: &'a Subject, seed: u64) -> Self {
        let plans: Vec<TablePlan<'a>> = subject
            .realised
            .database
            .tables
            .iter()
            .map(|table| TablePlan::new(subject, table))
            .collect();
        let order = plan::ordered(&plans);
        let index = subject
            .realised
            .database
            .tables
            .iter()
            .enumerate()
            .map(|(i, table)| (&table.name, i))
            .collect();
        let count = plans.len();
        let mut maker = Self {
            subject,
            speller: Speller::new(subject.dialect),
            seed,
            first: FIRST_ID,
            plans,
            order,
            index,
            rows: vec![Vec::new(); count],
            drafted: vec![0; count],
            written: vec![0; count],
            log: Vec::new(),
            taken: HashSet::new(),
            shortfalls: Vec::new(),
        };
        maker.learn_seeds();
        maker
    }

    /// Counts rows from this number on: above those of another maker, where both write to one database.
    #[must_use]
    pub const fn counting_from(mut self, first: i64) -> Self {
        self.first = first;
        self
    }

    fn learn_seeds(&mut self) {
        for seed in &self.subject.realised.database.seeds {
            let Some(table) = self.index.get(&seed.table).copied() else {
                continue;
            };
            for row in &seed.rows {
                let pairs = seed
                    .columns
                    .iter()
                    .zip(row)
                    .filter(|(_, value)| **value != Literal::Null);
                let values: Values = pairs
                    .filter_map(|(column, value)| {
                        Some((column.as_str().to_owned(), Datum::of_literal(value, None)?))
                    })
                    .collect();
                if let Some(rows) = self.rows.get_mut(table) {
                    rows.push(values);
                }
            }
        }
    }

    /// How values are written.
    #[must_use]
    pub const fn speller(&self) -> Speller {
        self.speller
    }

    /// How rows of a table are made.
    #[must_use]
    pub fn plan(&self, table: &Name) -> Option<&TablePlan<'a>> {
        self.plans.get(*self.index.get(table)?)
    }

    /// The tables that hold rows of entities and links; what they require stands before them.
    #[must_use]
    pub fn tables(&self) -> Vec<&'a Name> {
        let plans = self.order.iter().filter_map(|index| self.plans.get(*index));
        plans
            .filter(|plan| plan.holds_rows())
            .map(|plan| &plan.table.name)
            .collect()
    }

    /// All rows of a table, in the order in which they were made.
    #[must_use]
    pub fn rows(&self, table: &Name) -> &[Values] {
        self.index
            .get(table)
            .and_then(|index| self.rows.get(*index))
            .map(Vec::as_slice)
            .unwrap_or_default()
    }

    /// Rows of a table that belong to someone: by tenant and owner columns, where the table has them.
    pub fn rows_of<'s>(
        &'s self,
        table: &Name,
        party: &'s Party,
    ) -> impl Iterator<Item = &'s Values> + use<'s, 'a> {
        let fixed = self.fixed(table, party);
        self.rows(table)
            .iter()
            .filter(move |row| fixed.iter().all(|(column, value)| row.get(column) == Some(value)))
    }

    /// The columns that say whose a row is, with the values of someone.
    #[must_use]
    pub fn fixed(&self, table: &Name, party: &Party) -> Values {
        let mut fixed = Values::new();
        let Some(info) = self.plan(table).and_then(|plan| plan.info) else {
            return fixed;
        };
        if let (Some(column), Some(tenant)) = (&info.tenant, &party.tenant) {
            fixed.insert(column.as_str().to_owned(), tenant.clone());
        }
        if let (Some(column), Some(owner)) = (&info.owner, &party.owner) {
            fixed.insert(column.as_str().to_owned(), owner.clone());
        }
        fixed
    }

    /// Makes the parties: two owners, or two tenants with two owners each.
    pub fn parties(&mut self) -> Result<Vec<Party>, Unsatisfiable> {
        let tenant_table = self.subject.tenant_table();
        let owner_table = self.subject.user_table();
        let mut parties = Vec::new();
        for _ in 0..if tenant_table.is_some() { 2 } else { 1 } {
            let mut party = Party::default();
            if let Some(table) = &tenant_table {
                let row = self.make(table, &Values::new(), false)?;
                party.tenant = self.key_of(table, &row);
                party.tenant_public = match row.get("public_id") {
                    Some(Datum::Uuid(bytes)) => Some(uuid_text(bytes)),
                    _ => None,
                };
            }
            for _ in 0..2 {
                let mut party = party.clone();
                if let Some(table) = &owner_table {
                    let fixed = self.fixed(table, &party);
                    let row = self.make(table, &fixed, false)?;
                    party.owner = self.key_of(table, &row);
                }
                parties.push(party);
                if owner_table.is_none() {
                    break;
                }
            }
        }
        Ok(parties)
    }

    fn key_of(&self, table: &Name, row: &Values) -> Option<Datum> {
        let key = self.plan(table)?.primary_key();
        row.get(*key.first()?).cloned()
    }

    /// Fills every table: so many rows for each party, or so many in all where rows belong to nobody.
    ///
    /// A row that cannot be made is left out and remembered in `shortfalls`; the others are still good.
    pub fn populate(&mut self, parties: &[Party], rows: usize) {
        let special = [self.subject.tenant_table(), self.subject.user_table()];
        for table in self.tables() {
            if special.iter().flatten().any(|other| other == table) {
                continue;
            }
            let owned = self.plan(table).and_then(|plan| plan.info);
            let belongs = owned.is_some_and(|info| info.owner.is_some() || info.tenant.is_some());
            let everyone = [Party::default()];
            for party in if belongs { parties } else { &everyone } {
                for _ in 0..rows {
                    let fixed = self.fixed(table, party);
                    if let Err(fault) = self.make(table, &fixed, false) {
                        if !self.shortfalls.contains(&fault) {
                            self.shortfalls.push(fault);
                        }
                        break;
                    }
                }
            }
        }
    }

    /// Makes a row, and rows for what it refers to where none fits (or always, when `fresh`).
    ///
    /// # Errors
    /// When no row satisfies the constraints that are understood.
    pub fn make(&mut self, table: &Name, fixed: &Values, fresh: bool) -> Result<Values, Unsatisfiable> {
        self.make_at(table, fixed, fresh, 0)
    }

    fn make_at(
        &mut self,
        table: &Name,
        fixed: &Values,
        fresh: bool,
        depth: u32,
    ) -> Result<Values, Unsatisfiable> {
        let row = self.draft_at(table, fixed, fresh, depth)?;
        self.keep(table, row.clone());
        Ok(row)
    }

    /// Counts a draft among the rows that exist.
    pub fn keep(&mut self, table: &Name, row: Values) {
        let Some(index) = self.index.get(table).copied() else {
            return;
        };
        let keys = self
            .plans
            .get(index)
            .map(|plan| plan.keys.as_slice())
            .unwrap_or_default();
        for (position, (_, columns, nulls)) in keys.iter().enumerate() {
            if let Some(text) = key_text(&row, columns, *nulls) {
                self.taken.insert((index, position, text));
            }
        }
        if let Some(rows) = self.rows.get_mut(index) {
            self.log.push((index, rows.len()));
            rows.push(row);
        }
    }

    /// A row that could be inserted now. What it refers to is made, the row itself is not counted as existing.
    ///
    /// # Errors
    /// When no row satisfies the constraints that are understood.
    pub fn draft(&mut self, table: &Name, fixed: &Values, fresh: bool) -> Result<Values, Unsatisfiable> {
        self.draft_at(table, fixed, fresh, 0)
    }

    fn draft_at(
        &mut self,
        table: &Name,
        fixed: &Values,
        fresh: bool,
        depth: u32,
    ) -> Result<Values, Unsatisfiable> {
        let fault = |constraint: &str, reason: &str| Unsatisfiable {
            table: table.name.as_str().to_owned(),
            constraint: constraint.to_owned(),
            reason: reason.to_owned(),
        };
        let Some(index) = self.index.get(table).copied() else {
            return Err(fault(table.name.as_str(), "the schema has no table"));
        };
        if depth > MOST_DEPTH {
            return Err(fault(
                table.name.as_str(),
                "required references go in a circle through",
            ));
        }
        let number = match self.drafted.get_mut(index) {
            Some(count) => {
                *count += 1;
                *count
            }
            None => 0,
        };
        let mut rng = Rng::new(self.seed, &format!("{table}#{number}"));
        let mut last = fault("", "nothing was tried for");
        for attempt in 0..MOST_ATTEMPTS {
            let mut row = fixed.clone();
            let fresh = fresh || attempt >= FRESH_PARENTS_FROM;
            self.refer(index, &mut row, fresh, &mut rng, depth)?;
            self.fill(index, &mut row, number, &mut rng)
                .map_err(|column| fault(&column, "nothing fits the column"))?;
            match self.objection(index, &row) {
                None => return Ok(row),
                Some((name, reason)) => last = fault(&name, reason),
            }
        }
        Err(last)
    }

    /// Chooses what the row refers to.
    fn refer(
        &mut self,
        index: usize,
        row: &mut Values,
        fresh: bool,
        rng: &mut Rng,
        depth: u32,
    ) -> Result<(), Unsatisfiable> {
        let keys: Vec<(&'a ForeignKey, bool)> = self
            .plans
            .get(index)
            .map(|plan| plan.foreign_keys.clone())
            .unwrap_or_default();
        for (key, required) in keys {
            self.refer_by(index, key, required, row, fresh, rng, depth)?;
        }
        Ok(())
    }

    #[allow(
        clippy::too_many_arguments,
        reason = "one call site; the arguments are the state of one attempt"
    )]
    fn refer_by(
        &mut self,
        index: usize,
        key: &'a ForeignKey,
        required: bool,
        row: &mut Values,
        fresh: bool,
        rng: &mut Rng,
        depth: u32,
    ) -> Result<(), Unsatisfiable> {
        let pairs = || {
            key.columns
                .iter()
                .zip(&key.referenced)
                .map(|(own, other)| (own.as_str(), other.as_str()))
        };
        if pairs().any(|(own, _)| row.get(own).is_some_and(Datum::is_null)) {
            return Ok(());
        }
        let wanted: Values = pairs()
            .filter_map(|(own, other)| Some((other.to_owned(), row.get(own)?.clone())))
            .collect();
        let to_itself = self.index.get(&key.references) == Some(&index);
        let fits = |row: &&Values| {
            wanted
                .iter()
                .all(|(column, value)| row.get(column) == Some(value))
        };
        let candidates: Vec<Values> = self.rows(&key.references).iter().filter(fits).cloned().collect();
        let decided = wanted.len() == key.columns.len();
        let parent = self.plan(&key.references);
        let parent_holds_rows = parent.is_some_and(TablePlan::holds_rows);
        // A part of the key may say already which row it is.
        let named = parent.is_some_and(|parent| {
            parent
                .keys
                .iter()
                .any(|(_, columns, _)| columns.iter().all(|column| wanted.contains_key(column)))
        });
        let may_be_new = parent_holds_rows && !to_itself && required && !decided && !named;
        let chosen = if required
            && (fresh && may_be_new || candidates.is_empty() && parent_holds_rows && !to_itself)
        {
            Some(self.make_at(&key.references, &wanted, fresh && depth < 2, depth + 1)?)
        } else if required || rng.below(4) > 0 && parent_holds_rows {
            rng.pick(&candidates).cloned()
        } else {
            None
        };
        for (own, other) in pairs() {
            let value = chosen.as_ref().and_then(|parent| parent.get(other)).cloned();
            let nullable = self
                .plans
                .get(index)
                .and_then(|plan| plan.columns.iter().find(|column| column.name == own))
                .is_some_and(|it| it.nullable);
            match value {
                Some(value) => {
                    row.insert(own.to_owned(), value);
                }
                None if nullable && !row.contains_key(own) => {
                    row.insert(own.to_owned(), Datum::Null);
                }
                None => {}
            }
        }
        Ok(())
    }

    /// Makes the values that are not decided yet. Answers the column for which there is none.
    fn fill(&self, index: usize, row: &mut Values, number: i64, rng: &mut Rng) -> Result<(), String> {
        let Some(plan) = self.plans.get(index) else {
            return Ok(());
        };
        for column in &plan.columns {
            if row.contains_key(&column.name) {
                continue;
            }
            let value = if column.identity {
                Datum::Int(self.first + number - 1)
            } else if column.nullable && rng.below(4) == 0 {
                Datum::Null
            } else {
                match column.domain.draw(&column.ty, rng) {
                    Some(value) => value,
                    None if column.nullable => Datum::Null,
                    None => return Err(column.name.clone()),
                }
            };
            row.insert(column.name.clone(), value);
        }
        Ok(())
    }

    /// What speaks against a row, as far as that is known without asking the database.
    fn objection(&self, index: usize, row: &Values) -> Option<(String, &'static str)> {
        let plan = self.plans.get(index)?;
        for check in plan.checks() {
            if eval(&check.expr, row) == Some(Datum::Bool(false)) {
                return Some((
                    check.name.as_str().to_owned(),
                    "no value was found that satisfies",
                ));
            }
        }
        for (position, (name, columns, nulls)) in plan.keys.iter().enumerate() {
            let Some(text) = key_text(row, columns, *nulls) else {
                continue;
            };
            if self.taken.contains(&(index, position, text)) {
                return Some((name.clone(), "every value that was tried is taken under"));
            }
        }
        None
    }

    /// The statements that insert what was made since the last call, and move the counters of identity past it.
    pub fn statements(&mut self) -> Vec<String> {
        let log = std::mem::take(&mut self.log);
        let mut statements = Vec::new();
        let mut run: Vec<(usize, usize)> = Vec::new();
        for entry in log {
            let same = run
                .last()
                .is_some_and(|last| last.0 == entry.0 && self.same_columns(*last, entry));
            if !same || run.len() >= 200 {
                statements.extend(self.insert(&run));
                run.clear();
            }
            run.push(entry);
            if let Some(written) = self.written.get_mut(entry.0) {
                *written += 1;
            }
        }
        statements.extend(self.insert(&run));
        statements
    }

    fn row(&self, at: (usize, usize)) -> Option<&Values> {
        self.rows.get(at.0)?.get(at.1)
    }

    fn same_columns(&self, a: (usize, usize), b: (usize, usize)) -> bool {
        match (self.row(a), self.row(b)) {
            (Some(a), Some(b)) => a.keys().eq(b.keys()),
            _ => false,
        }
    }

    fn insert(&self, run: &[(usize, usize)]) -> Option<String> {
        let table = self.plans.get(run.first()?.0)?.table;
        let rows: Vec<&Values> = run.iter().filter_map(|at| self.row(*at)).collect();
        Some(self.speller.insert_many(table, &rows))
    }

    /// Statements that move the counters of identity columns past the rows that were made.
    #[must_use]
    pub fn counters(&self) -> Vec<String> {
        if self.subject.dialect.name != "postgres" {
            return Vec::new();
        }
        let touched = self
            .plans
            .iter()
            .zip(&self.drafted)
            .filter(|(_, drafted)| **drafted > 0);
        touched
            .filter_map(|(plan, drafted)| {
                let column = plan
                    .table
                    .columns
                    .iter()
                    .find(|column| column.identity.is_some())?;
                let table = self.speller.text(&self.speller.name(&plan.table.name));
                let column = self.speller.text(column.name.as_str());
                let next = self.first + drafted;
                Some(format!(
                    "SELECT setval(pg_get_serial_sequence({table}, {column}), {next}, false)"
                ))
            })
            .collect()
    }
}

fn key_text(row: &Values, columns: &[String], nulls_count: bool) -> Option<String> {
    let mut text = String::new();
    for column in columns {
        let value = row.get(column).unwrap_or(&Datum::Null);
        if value.is_null() && !nulls_count {
            return None;
        }
        text.push_str(&format!("{value:?}\u{1f}"));
    }
    Some(text)
}
