//! What leans on a function that makes way for another one. Defaults, checks and domains let go of it before it goes, and take hold of the
//! one that has come.

use std::collections::BTreeSet;

use physical::{Check, Column, DefaultValue, Expr, NamedType, NamedTypeKind, Table};
use plan::{Change, Edit, Object, TableChange};

use super::Work;
use crate::mentions::mentions;

impl<'a> Work<'a> {
    /// Names of functions that the goal has.
    pub(super) fn functions_of_goal(&self) -> BTreeSet<String> {
        let functions = self
            .to
            .given
            .functions
            .iter()
            .map(|function| function.name.to_string());
        let others = self
            .to
            .given
            .opaque
            .iter()
            .filter(|opaque| crate::diff::is_routine(opaque));
        functions
            .chain(others.map(|opaque| opaque.name.to_string()))
            .collect()
    }

    /// Whether a function of a name makes way for another one.
    pub(super) fn function_is_remade(&self, name: &str) -> bool {
        let start = format!("function {name}(");
        let has = |set: &BTreeSet<String>| {
            let mut after = set.range(start.clone()..);
            after.next().is_some_and(|known| known.starts_with(&start))
        };
        has(&self.remade) || has(&self.gone) && self.callable.contains(name)
    }

    pub(super) fn leans(&self, expr: &Expr) -> bool {
        matches!(expr, Expr::Sql(sql) if mentions(sql, &|name| self.function_is_remade(name)))
    }

    fn default_leans(&self, column: &Column) -> bool {
        matches!(&column.default, Some(DefaultValue::Expr(expr)) if self.leans(expr))
    }

    /// A check that is the table's own.
    fn check_leans(&self, table: &Table, check: &Check) -> bool {
        let place = table.partition_of.as_ref().map(|place| &place.parent);
        let parents = table.inherits.iter().flat_map(|inherits| &inherits.parents);
        let mut above = parents.chain(place).filter_map(|name| self.from.table(name));
        let inherited = above.any(|whole| whole.checks.iter().any(|other| other.name == check.name));
        !inherited && self.leans(&check.expr)
    }

    /// A table that stays, without what leans; `None` where nothing does.
    pub(super) fn freed(&self, table: &Table) -> Option<Table> {
        let stays = self.to.table(&table.name).is_some() && !self.recut.contains(&table.name);
        let leans = table.columns.iter().any(|column| self.default_leans(column))
            || table.checks.iter().any(|check| self.check_leans(table, check));
        if !(stays && leans) {
            return None;
        }
        let mut freed = table.clone();
        for column in freed
            .columns
            .iter_mut()
            .filter(|column| self.default_leans(column))
        {
            column.default = None;
        }
        freed.checks.retain(|check| !self.check_leans(table, check));
        Some(freed)
    }

    fn freed_domain(&self, ty: &NamedType) -> Option<NamedType> {
        let mut freed = ty.clone();
        let NamedTypeKind::Domain { checks, .. } = &mut freed.kind else {
            return None;
        };
        let before = checks.len();
        checks.retain(|(_, check)| !self.leans(check));
        let stays = self.to.given.types.iter().any(|other| other.name == ty.name);
        (stays && checks.len() < before).then_some(freed)
    }

    /// Whether anything can lean at all.
    pub(super) fn is_firm(&self) -> bool {
        let functions = |name: &String| name.starts_with("function ");
        !(self.remade.iter().any(functions) || self.gone.iter().any(functions))
    }

    pub(super) fn let_go(&self, tell: &mut dyn FnMut(Change<'_>)) {
        if self.is_firm() {
            return;
        }
        for table in &self.from.given.tables {
            let Some(freed) = self.freed(table) else { continue };
            let columns = table.columns.iter().zip(&freed.columns);
            let mut edits: Vec<Edit<'_>> = columns
                .filter(|(was, is)| was.default != is.default)
                .map(|(was, is)| Edit::ChangeColumn(was, is))
                .collect();
            let gone = table.checks.iter().filter(|check| self.check_leans(table, check));
            edits.extend(gone.map(Edit::DropCheck));
            tell(Change::Alter(TableChange {
                from: table,
                to: &freed,
                edits,
                parts: Vec::new(),
                stays: Vec::new(),
                beside: None,
                databases: (self.from.given, self.to.given),
            }));
        }
        for ty in &self.from.given.types {
            if let Some(freed) = self.freed_domain(ty) {
                tell(Change::Replace(Object::Type(ty), Object::Type(&freed)));
            }
        }
    }

    /// What is left to do with a table that has let go; whether it had to.
    pub(super) fn take_hold(
        &self,
        table: &'a Table,
        change: Option<&TableChange<'a>>,
        tell: &mut dyn FnMut(Change<'_>),
    ) -> bool {
        if self.is_firm() {
            return false;
        }
        let Some(from) = self.from.table(&table.name) else {
            return false;
        };
        let Some(freed) = self.freed(from) else {
            return false;
        };
        let as_freed = |column: &'a Column| freed.column(column.name.as_str());
        let changes = change.iter().flat_map(|change| change.edits.iter().copied());
        let mut edits: Vec<Edit<'_>> = Vec::new();
        for edit in changes {
            match edit {
                Edit::DropCheck(check) if self.check_leans(from, check) => {}
                Edit::ChangeColumn(before, after) => {
                    edits.push(Edit::ChangeColumn(as_freed(before).unwrap_or(before), after));
                }
                Edit::DropColumn(column) => edits.push(Edit::DropColumn(as_freed(column).unwrap_or(column))),
                other => edits.push(other),
            }
        }
        let changed = |name: &physical::Ident, edits: &[Edit<'_>]| {
            edits.iter().any(|edit| match edit {
                Edit::ChangeColumn(column, _) | Edit::DropColumn(column) => column.name == *name,
                _ => false,
            })
        };
        for column in from.columns.iter().filter(|column| self.default_leans(column)) {
            let after = table.column(column.name.as_str());
            if let (Some(before), Some(after), false) =
                (as_freed(column), after, changed(&column.name, &edits))
            {
                edits.push(Edit::ChangeColumn(before, after));
            }
        }
        for check in from.checks.iter().filter(|check| self.check_leans(from, check)) {
            let again = table.checks.iter().find(|other| other.name == check.name);
            let comes = |edit: &Edit<'_>| matches!(edit, Edit::AddCheck(other) if other.name == check.name);
            if let (Some(again), false) = (again, edits.iter().any(comes)) {
                edits.push(Edit::AddCheck(again));
            }
        }
        let (parts, stays) = change.map_or_else(Default::default, |change| {
            (change.parts.clone(), change.stays.clone())
        });
        tell(Change::Alter(TableChange {
            from: &freed,
            to: table,
            edits,
            parts,
            stays,
            beside: change.and_then(|change| change.beside.clone()),
            databases: (self.from.given, self.to.given),
        }));
        true
    }

    /// The same for a domain.
    pub(super) fn take_hold_of_values(&self, ty: &'a NamedType, tell: &mut dyn FnMut(Change<'_>)) -> bool {
        if self.is_firm() {
            return false;
        }
        let from = self.from.given.types.iter().find(|other| other.name == ty.name);
        let Some(freed) = from.and_then(|from| self.freed_domain(from)) else {
            return false;
        };
        tell(Change::Replace(Object::Type(&freed), Object::Type(ty)));
        true
    }
}
