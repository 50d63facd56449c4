//! One direction of columns that take the place of others: what stands on them, and what everything is called meanwhile.

use std::collections::HashSet;

use physical::{Check, Column, Ident, Index, Name, PrimaryKey, Table, Unique};
use plan::{Swap, TableChange};

use super::super::shown;
use crate::postgres::ident;

/// As long as a name can be.
const LIMIT: usize = 63;

/// A column on its way: as it is, as it shall be, and the name beside.
pub(super) struct Pair<'a> {
    pub(super) before: &'a Column,
    pub(super) after: &'a Column,
    pub(super) called: &'a Ident,
}

impl Pair<'_> {
    /// Whether it must have a value.
    pub(super) const fn filled(&self) -> bool {
        !self.after.nullable
    }
}

/// One of the two directions.
pub(super) struct Way<'a> {
    pub(super) change: &'a TableChange<'a>,
    /// The table as it is where this way begins.
    pub(super) plain: &'a Table,
    /// As it is where this way ends; what is made on the new columns is said as it is there.
    pub(super) goal: &'a Table,
    /// The same, with what stays on it, where columns have their names beside.
    pub(super) beside: &'a Table,
    pub(super) pairs: Vec<Pair<'a>>,
    taken: HashSet<String>,
}

impl<'a> Way<'a> {
    pub(super) fn new(change: &'a TableChange<'a>, swap: &'a Swap, back: bool) -> Self {
        let (from, to) = (change.from, change.to);
        let (plain, goal) = if back { (to, from) } else { (from, to) };
        let pair = |(name, called): &'a (Ident, Ident)| {
            let (before, after) = (plain.column(name.as_str())?, goal.column(name.as_str())?);
            Some(Pair {
                before,
                after,
                called,
            })
        };
        Self {
            change,
            plain,
            goal,
            beside: if back { &swap.tables.0 } else { &swap.tables.1 },
            pairs: swap.columns.iter().filter_map(pair).collect(),
            taken: taken(change),
        }
    }

    pub(super) fn name(&self) -> String {
        ident::name(&self.plain.name)
    }

    pub(super) fn shown(&self) -> String {
        shown(&self.plain.name)
    }

    /// A name that nothing has, for what shall have another one in the end.
    fn free(&self, name: &str, end: &str) -> Ident {
        let mut end = end.to_owned();
        loop {
            let free = cut(name, &end);
            if !self.taken.contains(&free) {
                return Ident::new(free);
            }
            end.push('_');
        }
    }

    pub(super) fn aside(&self, name: &Ident) -> Ident {
        let name = name.as_str();
        if name.len() + "_new".len() <= LIMIT {
            return self.free(name, "_new");
        }
        // Two long names may differ where they are cut.
        let sum = name.bytes().fold(0_u16, |sum, byte| {
            sum.wrapping_mul(31).wrapping_add(u16::from(byte))
        });
        self.free(name, &format!("_{sum:04x}_new"))
    }

    /// The check that no row was left out.
    pub(super) fn complete(&self, pair: &Pair<'_>) -> Ident {
        self.free(pair.called.as_str(), "_filled")
    }

    /// The function and the trigger.
    pub(super) fn keeps(&self) -> (Name, Ident) {
        let first = self.pairs.first().map_or("", |pair| pair.called.as_str());
        let mut function = self.plain.name.clone();
        function.name = self.free(&cut(function.name.as_str(), &format!("_{first}")), "");
        let trigger = last_trigger(self.change, first).unwrap_or_else(|| Ident::new("zz"));
        (function, trigger)
    }

    /// Those of the things that stay whose words are others when the columns are called otherwise.
    fn moved<T: PartialEq>(beside: &'a [T], plain: &'a [T]) -> impl Iterator<Item = &'a T> {
        beside.iter().filter(|each| !plain.contains(each))
    }

    pub(super) fn indexes(&self) -> impl Iterator<Item = &'a Index> {
        Self::moved(&self.beside.indexes, &self.goal.indexes)
    }

    pub(super) fn uniques(&self) -> impl Iterator<Item = &'a Unique> {
        Self::moved(&self.beside.uniques, &self.goal.uniques)
    }

    pub(super) fn checks(&self) -> impl Iterator<Item = &'a Check> {
        Self::moved(&self.beside.checks, &self.goal.checks)
    }

    pub(super) fn primary(&self) -> Option<&'a PrimaryKey> {
        let key = self.beside.primary_key.as_ref()?;
        (self.goal.primary_key.as_ref() != Some(key)).then_some(key)
    }

    /// Keys, by name.
    pub(super) fn keys(&self) -> impl Iterator<Item = &'a Ident> {
        let primary = self.primary().map(|key| &key.name);
        primary
            .into_iter()
            .chain(self.uniques().map(|unique| &unique.name))
    }
}

/// A name with an end, as long as a name can be.
fn cut(name: &str, end: &str) -> String {
    let mut out = name.to_owned();
    while out.len() + end.len() > LIMIT && !out.is_empty() {
        out.pop();
    }
    out + end
}

/// The names of constraints, indexes, tables and functions, before and after.
fn taken(change: &TableChange<'_>) -> HashSet<String> {
    let mut out = HashSet::new();
    let (from, to) = change.databases;
    for database in [from, to] {
        for table in &database.tables {
            let indexes = table.indexes.iter().map(|each| &each.name);
            let uniques = table.uniques.iter().map(|each| &each.name);
            let primary = table.primary_key.iter().map(|each| &each.name);
            let checks = table.checks.iter().map(|each| &each.name);
            let keys = table.foreign_keys.iter().map(|each| &each.name);
            let all = indexes.chain(uniques).chain(primary).chain(checks).chain(keys);
            out.extend(all.chain([&table.name.name]).map(ToString::to_string));
        }
        let functions = database.functions.iter().map(|each| &each.name.name);
        let views = database.views.iter().map(|each| &each.name.name);
        let others = database.opaque.iter().map(|each| &each.name.name);
        out.extend(functions.chain(views).chain(others).map(ToString::to_string));
    }
    out
}

/// The columns that tell the rows of a table apart and always have a value.
pub(in super::super) fn whole_key(table: &Table) -> Option<&[Ident]> {
    let primary = table.primary_key.iter().map(|key| key.columns.as_slice());
    let uniques = table.uniques.iter().map(|unique| unique.columns.as_slice());
    let valued = |name: &Ident| table.column(name.as_str()).is_some_and(|column| !column.nullable);
    primary
        .chain(uniques)
        .find(|columns| !columns.is_empty() && columns.iter().all(valued))
}

/// A name that sorts behind those of all triggers: the last one sees what the others have made of a row.
pub(in super::super) fn last_trigger(change: &TableChange<'_>, column: &str) -> Option<Ident> {
    let tables = [change.from, change.to];
    let mut last = String::new();
    let known = tables
        .iter()
        .flat_map(|table| &table.triggers)
        .map(|each| each.name.to_string());
    let (from, to) = change.databases;
    // A trigger that is kept as text is called `name on table`.
    let kept = from
        .opaque
        .iter()
        .chain(&to.opaque)
        .filter(|each| each.kind == "trigger" && each.depends_on.first() == Some(&change.from.name));
    let kept = kept.map(|each| each.name.name.to_string());
    for name in known.chain(kept) {
        last = last.max(name);
    }
    let mut name = cut(&format!("zz_{column}"), "");
    while name <= last {
        name = format!("{last}~");
        if name.len() > LIMIT {
            return None;
        }
    }
    Some(Ident::new(name))
}
