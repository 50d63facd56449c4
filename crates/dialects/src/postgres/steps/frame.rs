//! What stands around statements that look whether rows refer to what is there.
//!
//! Where the owner of both tables asks, PostgreSQL answers by a query of the owner's own, which the policies of a table under FORCE ROW
//! LEVEL SECURITY filter: references that lead somewhere lead to nothing then, and rows that refer to nothing are not looked at
//! (`RI_Initial_Check` in `ri_triggers.c`). So for that long the owner sees every row. Nobody else sees more by it.

use std::collections::{BTreeSet, HashMap, HashSet};

use physical::{Database, ForeignKey, Name, RowSecurity, Table};
use plan::{Action, Lock, Object, Section, Step, Undo};

use super::alter::validated;
use super::{create, locking, shown, step};
use crate::postgres::ident;

/// Lets owners see all rows around those steps that must, and new objects have no rights but their own.
pub(in super::super) fn frame(steps: Vec<Step>, (from, to): (&Database, &Database)) -> Vec<Step> {
    let steps = super::counters::settled(steps, (from, to));
    let mut steps = super::by_default::taken(steps, (from, to));
    steps.iter_mut().for_each(hold_arrays);
    let (forth, back) = (Looks::of(to, Some(from)), Looks::of(from, None));
    if forth.is_empty() && back.is_empty() {
        return steps;
    }
    let mut out = Vec::with_capacity(steps.len());
    for mut step in steps {
        if let Undo::Sql(statements) = &mut step.undo {
            back.wrap(statements);
        }
        let Action::Sql(statements) = &mut step.action;
        match statements.as_slice() {
            // It has a transaction of its own, so that nobody waits for it; and must go on having it.
            [only] if step.lock == Lock::ShareUpdateExclusive && forth.tables(only).is_some() => {
                let tables = forth.tables(only).unwrap_or_default().to_vec();
                out.push(seeing(&tables, true));
                out.push(step);
                out.push(seeing(&tables, false));
            }
            _ => {
                forth.wrap(statements);
                out.push(step);
            }
        }
    }
    out
}

fn hold_arrays(step: &mut Step) {
    let Action::Sql(statements) = &mut step.action;
    let back = match &mut step.undo {
        Undo::Sql(statements) => statements.as_mut_slice(),
        _ => &mut [],
    };
    for statement in statements.iter_mut().chain(back) {
        if let Some(kept) = super::arrays::kept(statement) {
            *statement = kept;
        }
    }
}

/// A step after which owners see all rows, or no longer.
pub(super) fn seeing(tables: &[Name], all: bool) -> Step {
    let names: Vec<String> = tables.iter().map(shown).collect();
    let (title, words) = if all {
        ("see all rows", "NO FORCE")
    } else {
        ("see what policies let them see", "FORCE")
    };
    let made = step(
        format!("owners of {} {title}", names.join(", ")),
        Section::ForeignKeys,
        tables.iter().map(|table| said(table, words)).collect(),
        Undo::WithOther,
        physical::Origin::Found,
    );
    locking(made, Lock::AccessExclusive, Vec::new())
}

fn said(table: &Name, words: &str) -> String {
    format!("ALTER TABLE {} {words} ROW LEVEL SECURITY", ident::name(table))
}

/// Statements that look at references, with the tables whose owners must see all rows meanwhile.
struct Looks(HashMap<String, Vec<Name>>);

impl Looks {
    /// Those about foreign keys of a schema; where `before` is given, of tables that were there, since others have no rows.
    fn of(schema: &Database, before: Option<&Database>) -> Self {
        let forced: HashSet<&Name> = schema
            .tables
            .iter()
            .filter(|table| table.row_security == RowSecurity::Forced)
            .map(|table| &table.name)
            .collect();
        let mut looks = Self(HashMap::new());
        if forced.is_empty() {
            return looks;
        }
        let known: Option<HashSet<&Name>> =
            before.map(|before| before.tables.iter().map(|table| &table.name).collect());
        for table in &schema.tables {
            if known.as_ref().is_some_and(|known| !known.contains(&table.name)) {
                continue;
            }
            for key in &table.foreign_keys {
                let both = [&table.name, &key.references];
                let bound: BTreeSet<&Name> = both.into_iter().filter(|name| forced.contains(name)).collect();
                if !bound.is_empty() {
                    let tables: Vec<Name> = bound.into_iter().cloned().collect();
                    looks.add(table, key, &tables);
                }
            }
        }
        looks
    }

    fn add(&mut self, table: &Table, key: &ForeignKey, tables: &[Name]) {
        let made = create(&Object::ForeignKey(table, key));
        let Action::Sql(statements) = made.action;
        if key.validated {
            self.0
                .extend(statements.into_iter().next().map(|add| (add, tables.to_vec())));
        }
        let look = validated(&ident::name(&table.name), &key.name);
        self.0.insert(look, tables.to_vec());
    }

    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn tables(&self, statement: &str) -> Option<&[Name]> {
        self.0.get(statement).map(Vec::as_slice)
    }

    /// Puts what is needed around the statements that look.
    fn wrap(&self, statements: &mut Vec<String>) {
        if !statements.iter().any(|each| self.0.contains_key(each)) {
            return;
        }
        let mut out = Vec::new();
        for statement in statements.drain(..) {
            let tables = self.0.get(&statement).cloned().unwrap_or_default();
            out.extend(tables.iter().map(|table| said(table, "NO FORCE")));
            out.push(statement);
            out.extend(tables.iter().map(|table| said(table, "FORCE")));
        }
        *statements = out;
    }
}
