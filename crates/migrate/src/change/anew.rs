//! What is made anew with what is in it: tables that are cut into partitions otherwise, enums that lose members.

use physical::{Check, Column, Ident, Name, NamedType, SqlType, Table};
use plan::{Change, Object};

use super::Work;
use crate::diff::identity;
use crate::mentions::is_of;

impl<'a> Work<'a> {
    /// Whether a partition goes with the table that it is a partition of.
    pub(super) fn rides(&self, table: &Table) -> bool {
        let gone = |name: &Name| self.gone.contains(&format!("table {name}"));
        gone(&table.name)
            && table
                .partition_of
                .as_ref()
                .is_some_and(|place| gone(&place.parent))
    }

    /// A name beside another one that nothing has.
    pub(super) fn free_name(&self, name: &Name) -> Name {
        let taken = |other: &Name| {
            [self.whole.0, self.whole.1].iter().any(|database| {
                let types = database.types.iter().map(|ty| &ty.name);
                let views = database.views.iter().map(|view| &view.name);
                let tables = database.tables.iter().map(|table| &table.name);
                let opaque = database.opaque.iter().map(|opaque| &opaque.name);
                types
                    .chain(views)
                    .chain(tables)
                    .chain(opaque)
                    .any(|known| known == other)
            })
        };
        let mut free = name.clone();
        for number in 0.. {
            let end = if number == 0 {
                "_before".to_owned()
            } else {
                format!("_before_{number}")
            };
            // PostgreSQL cuts names at 63 bytes.
            let mut start = name.name.as_str();
            while start.len() + end.len() > 63 {
                let mut chars = start.chars();
                chars.next_back();
                start = chars.as_str();
            }
            free.name = Ident::new(format!("{start}{end}"));
            if !taken(&free) {
                break;
            }
        }
        free
    }

    /// Partitions of a table that is made anew which stay as they are, with their rows.
    fn staying_partitions(&self, table: &Table) -> Vec<Name> {
        let places = self.from.given.tables.iter().filter(|part| {
            let place = part.partition_of.as_ref();
            place.is_some_and(|place| place.parent == table.name)
        });
        let stay = places.filter(|part| !self.gone.contains(&identity(&Object::Table(part, &[]))));
        stay.map(|part| part.name.clone()).collect()
    }

    pub(super) fn set_aside(&self, tell: &mut dyn FnMut(Change<'_>)) {
        for table in self.recut.iter().filter_map(|name| self.from.table(name)) {
            tell(Change::SetAside {
                table,
                aside: self.free_name(&table.name),
                except: self.staying_partitions(table),
            });
        }
    }

    pub(super) fn bring_back(&self, tell: &mut dyn FnMut(Change<'_>)) {
        for name in &self.recut {
            let sides = (self.from.table(name), self.to.table(name));
            if let (Some(from), Some(to)) = sides {
                let (aside, except) = (self.free_name(name), self.staying_partitions(from));
                tell(Change::BringBack {
                    from,
                    to,
                    aside,
                    except,
                });
            }
        }
    }

    pub(super) fn retype(&self, to: &'a NamedType, tell: &mut dyn FnMut(Change<'_>)) {
        let Some(from) = self.from.given.types.iter().find(|ty| ty.name == to.name) else {
            return;
        };
        let own = to.name.to_string();
        let of = |ty: &SqlType| is_of(ty, &|name| name == own);
        let mut columns = Vec::new();
        for table in &self.from.given.tables {
            let Some(after) = self.to.table(&table.name) else {
                continue;
            };
            // A column of a partition, or one that is inherited, changes with that of the whole.
            if table.partition_of.is_some() || self.recut.contains(&table.name) {
                continue;
            }
            for column in table.columns.iter().filter(|column| of(&column.ty)) {
                let same = after
                    .column(column.name.as_str())
                    .filter(|after| after.ty == column.ty);
                columns.extend(same.map(|after| (table, column, after)));
            }
        }
        let was = self.free_name(&to.name);
        let from_checks = self.checks_of(&columns, |table| self.from.table(&table.name));
        let to_checks = self.checks_of(&columns, |table| self.to.table(&table.name));
        tell(Change::Retype {
            from,
            to,
            was,
            columns,
            checks: [from_checks, to_checks],
        });
    }

    /// Checks that name one of the columns.
    fn checks_of(
        &self,
        columns: &[(&'a Table, &'a Column, &'a Column)],
        side: impl Fn(&Table) -> Option<&'a Table>,
    ) -> Vec<(&'a Table, &'a Check)> {
        let mut tables: Vec<&Table> = columns.iter().map(|(table, ..)| *table).collect();
        tables.dedup_by(|a, b| a.name == b.name);
        let tables = tables.into_iter().filter_map(side);
        tables
            .flat_map(|table| table.checks.iter().map(move |check| (table, check)))
            .filter(|(table, check)| self.speaks_of_retyped(table, &check.expr))
            .collect()
    }
}
