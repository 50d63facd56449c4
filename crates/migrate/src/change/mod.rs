//! What must be done when something is there already.

mod anew;
mod beside;
mod lean;
mod order;
mod upset;
mod wholes;

use std::collections::{BTreeMap, BTreeSet};

use physical::{Column, Database, Expr, Index, Name, Opaque, Origin, Role, SqlType, Table};
use plan::{Object, TableChange};

use crate::diff::{self, Side, identity};
use crate::mentions::{is_of, mentions};
use crate::parts::Parts;

/// Two schemas, compared.
pub(crate) struct Work<'a> {
    from: Side<'a>,
    to: Side<'a>,
    /// Both, with what need not be looked at.
    whole: (&'a Database, &'a Database),
    gone: BTreeSet<String>,
    come: BTreeSet<String>,
    /// In both, and made anew: different, or in the way of what is.
    remade: BTreeSet<String>,
    /// In both, different, and changed where they stand.
    replaced: BTreeSet<String>,
    tables: BTreeMap<String, TableChange<'a>>,
    parts: Parts,
    /// In both, and made anew with their rows: how they are cut into partitions is another.
    recut: BTreeSet<Name>,
    /// In both, and made anew with all columns that are of them.
    retyped: BTreeSet<String>,
    /// Tables of which views and policies must make way.
    upset: BTreeSet<String>,
    /// What is replaced, as it was.
    known: BTreeMap<String, Object<'a>>,
    /// Names of functions that the goal has.
    callable: BTreeSet<String>,
}

impl<'a> Work<'a> {
    pub(crate) fn compare(from: Side<'a>, to: Side<'a>, whole: (&'a Database, &'a Database)) -> Self {
        let recut = diff::recut(&from, &to);
        let mut work = Self {
            gone: BTreeSet::new(),
            come: BTreeSet::new(),
            remade: BTreeSet::new(),
            replaced: BTreeSet::new(),
            tables: BTreeMap::new(),
            parts: Parts::of(&from, &to, &recut),
            recut,
            retyped: BTreeSet::new(),
            upset: BTreeSet::new(),
            known: BTreeMap::new(),
            callable: BTreeSet::new(),
            whole,
            from,
            to,
        };
        work.callable = work.functions_of_goal();
        work.objects();
        work.tables();
        work.upset = work.upset_tables();
        work.spread();
        work.known = named(work.from.given, &|_| true)
            .filter(|(name, _)| work.replaced.contains(name))
            .collect();
        work
    }

    fn objects(&mut self) {
        // Most tables are the same, with all that hangs on them, in most differences.
        let (from, to) = (&self.from, &self.to);
        let differs = |table: &Table| {
            let (was, is) = (from.canonical_table(&table.name), to.canonical_table(&table.name));
            was != is
                || was
                    .zip(is)
                    .is_some_and(|(was, is)| diff::written_otherwise(was, is))
        };
        let broken: BTreeSet<&Name> = self.parts.broken().map(|(table, _)| table).collect();
        let moved = |table: &Table| {
            let whole = table.partition_of.as_ref().map(|place| &place.parent);
            self.recut.contains(&table.name) || whole.is_some_and(|whole| self.recut.contains(whole))
        };
        let wanted = |table: &Table| differs(table) || moved(table) || broken.contains(&table.name);
        let before: BTreeMap<String, Object<'_>> = named(&from.canonical, &wanted).collect();
        let after: BTreeMap<String, Object<'_>> = named(&to.canonical, &wanted).collect();
        for (name, object) in &before {
            // Roles belong to the server and to other databases, too: those that are found are left alone.
            if let Object::Role(_) = object {
                continue;
            }
            match after.get(name) {
                None => self.gone.insert(name.clone()),
                Some(other) if diff::same(object, other) && !self.is_moved(object) => false,
                Some(_) if self.is_moved(object) => self.remade.insert(name.clone()),
                Some(other) if diff::retyped(object, other) => self.retyped.insert(name.clone()),
                Some(other) if diff::in_place(object, other) => self.replaced.insert(name.clone()),
                Some(_) => self.remade.insert(name.clone()),
            };
        }
        // Where it comes from is no part of the form in which they are compared.
        let is_found = |role: &Role| {
            let mut given = to.given.roles.iter().filter(|given| given.name == role.name);
            given.all(|given| given.origin == Origin::Found)
        };
        let found = |object: &Object<'_>| matches!(object, Object::Role(role) if is_found(role));
        let come = after
            .iter()
            .filter(|(name, object)| !before.contains_key(*name) && !found(object));
        self.come.extend(come.map(|(name, _)| name.clone()));
        for (table, key) in self.parts.broken() {
            let name = format!("index {key} of {table}");
            if before.contains_key(&name) && after.contains_key(&name) {
                self.replaced.remove(&name);
                self.remade.insert(name);
            }
        }
    }

    /// Whether it is the place of a partition in a table that is made anew, or of one that is.
    fn is_moved(&self, object: &Object<'_>) -> bool {
        let Object::Place(table, place) = object else {
            return false;
        };
        self.recut.contains(&table.name) || self.recut.contains(&place.parent)
    }

    fn tables(&mut self) {
        for table in &self.from.given.tables {
            let name = identity(&Object::Table(table, &[]));
            if self.recut.contains(&table.name) {
                self.gone.insert(name.clone());
                self.come.insert(name);
                continue;
            }
            match self.to.table(&table.name) {
                None => {
                    self.gone.insert(name);
                }
                Some(other) => {
                    let name = identity(&Object::Table(other, &[]));
                    if let Some(mut change) = diff::table((&self.from, &self.to), (table, other), &self.parts)
                    {
                        change
                            .edits
                            .retain(|edit| !(self.is_defaulted(edit) || self.is_checked(table, edit)));
                        self.keep_checks(&mut change);
                        if !change.edits.is_empty() {
                            self.tables.insert(name, change);
                        }
                    }
                }
            }
        }
        for table in &self.to.given.tables {
            if self.from.table(&table.name).is_none() {
                self.come.insert(identity(&Object::Table(table, &[])));
            }
        }
    }

    /// Whether an edit only gives another default to a column whose type is made anew, which does that, too.
    fn is_defaulted(&self, edit: &plan::Edit<'_>) -> bool {
        let plan::Edit::ChangeColumn(before, after) = edit else {
            return false;
        };
        let mut bare = (*before).clone();
        bare.default.clone_from(&after.default);
        bare.origin = after.origin;
        self.is_retyped(&before.ty) && bare == **after
    }

    /// Whether an edit is of a check that is made anew with a column's type.
    fn is_checked(&self, table: &Table, edit: &plan::Edit<'_>) -> bool {
        match edit {
            plan::Edit::DropCheck(check) | plan::Edit::AddCheck(check) => {
                self.speaks_of_retyped(table, &check.expr)
            }
            _ => false,
        }
    }

    /// Whether an expression on a table names a column whose type is made anew.
    fn speaks_of_retyped(&self, table: &Table, expr: &Expr) -> bool {
        let Expr::Sql(sql) = expr else { return false };
        let column = |name: &str| {
            table
                .column(name)
                .is_some_and(|column| self.is_retyped(&column.ty))
        };
        !self.retyped.is_empty() && mentions(sql, &column)
    }

    fn is_retyped(&self, ty: &SqlType) -> bool {
        is_of(ty, &|name| self.retyped.contains(&format!("type {name}")))
    }

    fn mentions_retyped(&self, text: &str) -> bool {
        mentions(text, &|name| self.retyped.contains(&format!("type {name}")))
    }

    /// What stands on what is changed or made anew is made anew, too, as long as there is any.
    fn spread(&mut self) {
        let calm = self.upset.is_empty() && self.tables.is_empty() && self.retyped.is_empty();
        if calm && self.remade.is_empty() && !self.others_come() {
            return;
        }
        loop {
            let mut more = BTreeSet::new();
            for object in diff::objects(self.to.given, &|_| true).filter(|object| self.is_upset(object)) {
                let name = identity(&object);
                if !self.come.contains(&name) && !self.remade.contains(&name) {
                    more.insert(name);
                }
            }
            if more.is_empty() {
                return;
            }
            for name in more {
                self.replaced.remove(&name);
                self.remade.insert(name);
            }
        }
    }

    /// Whether something comes by the name of something that goes.
    fn others_come(&self) -> bool {
        self.gone.iter().any(|name| {
            let function = name
                .strip_prefix("function ")
                .and_then(|rest| rest.split_once('('));
            let relation = ["table ", "view "]
                .iter()
                .find_map(|kind| name.strip_prefix(kind));
            let comes = |path: &str| {
                let kinds = ["table", "view", "foreign table"];
                kinds
                    .iter()
                    .any(|kind| self.come.contains(&format!("{kind} {path}")))
            };
            function.is_some_and(|(path, _)| self.callable.contains(path)) || relation.is_some_and(comes)
        })
    }
    fn upset_columns(&self, table: &str) -> BTreeSet<String> {
        self.tables
            .get(&format!("table {table}"))
            .map(diff::upset)
            .unwrap_or_default()
    }

    fn relation_is_upset(&self, name: &str) -> bool {
        let has = |set: &BTreeSet<String>, kind: &str| set.contains(&format!("{kind} {name}"));
        // Something else may come in its place.
        self.upset.contains(name)
            || has(&self.remade, "view")
            || has(&self.gone, "view")
            || has(&self.gone, "table")
    }

    fn upset_tables(&self) -> BTreeSet<String> {
        let upset = |table: &&Table| {
            let retyped = |column: &Column| self.is_retyped(&column.ty);
            self.recut.contains(&table.name)
                || !self.upset_columns(&table.name.to_string()).is_empty()
                || !self.retyped.is_empty() && table.columns.iter().any(retyped)
        };
        let tables = self.from.given.tables.iter().filter(upset);
        tables.map(|table| table.name.to_string()).collect()
    }

    fn mentions_remade(&self, sql: &str) -> bool {
        mentions(sql, &|name| self.function_is_remade(name))
    }

    /// Tables that stay and lean on a function that cannot be changed where it stands.
    fn leaning(&self) -> Vec<String> {
        let is_function = |name: &String| name.starts_with("function ");
        if !(self.remade.iter().any(is_function) || self.gone.iter().any(is_function)) {
            return Vec::new();
        }
        let column_leans = |column: &Column| {
            let generated = column.generated.as_ref();
            generated.is_some_and(|each| self.leans(&each.expr))
        };
        let stays = |table: &&Table| self.to.table(&table.name).is_some();
        let tables = self.from.given.tables.iter().filter(stays);
        tables
            .filter(|table| table.columns.iter().any(column_leans))
            .map(|table| {
                format!(
                    "a function on which {} leans, whose arguments or result are others",
                    table.name
                )
            })
            .collect()
    }

    /// Tables whose columns would be their own where they were inherited, or the other way round.
    fn other_heirs(&self) -> Vec<String> {
        let inherited = |table: &Table, other: &Table| -> BTreeSet<String> {
            let columns = table.inherits.iter().flat_map(|inherits| &inherits.columns);
            let stay = columns.filter(|name| other.column(name.as_str()).is_some());
            stay.map(physical::Ident::to_string).collect()
        };
        let parents = |table: &Table| table.inherits.as_ref().map(|inherits| inherits.parents.clone());
        let mut out = Vec::new();
        for table in &self.from.given.tables {
            let Some(after) = self.to.table(&table.name) else {
                continue;
            };
            let (was, is) = (inherited(table, after), inherited(after, table));
            let moved = parents(table) != parents(after);
            if was != is || moved && !(was.is_empty() && is.is_empty()) {
                out.push(format!(
                    "table {}, whose columns are inherited otherwise",
                    table.name
                ));
            }
        }
        out
    }

    /// Types that are kept as text, cannot be changed where they stand, and of which a table has a column.
    fn of_remade(&self) -> Vec<String> {
        let types = self.to.given.opaque.iter().filter(|opaque| {
            let ty = matches!(
                opaque.kind.as_str(),
                "composite type" | "range type" | "domain" | "collation"
            );
            ty && self.remade.contains(&identity(&Object::Opaque(opaque)))
        });
        let used = types.filter(|opaque| {
            let name = opaque.name.to_string();
            let own = |path: &str| path == name;
            let of = |column: &Column| {
                is_of(&column.ty, &own) || column.collation.as_ref().is_some_and(|text| mentions(text, &own))
            };
            let mut stay = self
                .from
                .given
                .tables
                .iter()
                .filter(|table| self.to.table(&table.name).is_some());
            stay.any(|table| table.columns.iter().any(of))
        });
        let changed = |path: &str| {
            let name = format!("composite type {path}");
            self.remade.contains(&name) || self.replaced.contains(&name)
        };
        let all = self.to.given.opaque.iter();
        let typed = all.filter(|each| each.kind == "table option" && each.detail == "of");
        let typed = typed.filter(|each| mentions(&each.definition, &changed));
        used.map(|opaque| identity(&Object::Opaque(opaque)))
            .chain(typed.map(|each| format!("the type that table {} is of", each.name)))
            .collect()
    }

    fn expr_is_upset(&self, expr: &Expr) -> bool {
        let mut found = match expr {
            Expr::Sql(sql) => self.mentions_upset(sql),
            _ => false,
        };
        expr.children(&mut |child| found |= self.expr_is_upset(child));
        found
    }

    fn mentions_upset(&self, sql: &str) -> bool {
        let names = mentions(sql, &|path| {
            self.relation_is_upset(path) || self.function_is_remade(path)
        });
        names || self.mentions_other(sql)
    }

    /// Whether nothing is to be done.
    fn is_nothing(&self) -> bool {
        let sets = [
            &self.gone,
            &self.come,
            &self.remade,
            &self.replaced,
            &self.retyped,
        ];
        sets.iter().all(|set| set.is_empty()) && self.tables.is_empty() && self.recut.is_empty()
    }

    /// What nobody can say how to make, and is not there already.
    pub(crate) fn unread(&self) -> Vec<String> {
        let new = |opaque: &&Opaque| {
            let name = identity(&Object::Opaque(opaque));
            self.come.contains(&name) || self.remade.contains(&name) || self.replaced.contains(&name)
        };
        let unread = self.to.given.unread().filter(new);
        unread
            .map(|opaque| format!("{} {}", opaque.kind, opaque.name))
            .collect()
    }

    pub(crate) const fn before(&self) -> &'a Database {
        self.from.given
    }

    /// Whether a table goes in such a way that it can be set aside: not to be made anew, nor along with one that is.
    pub(crate) fn keeps(&self, table: &Table) -> bool {
        let mut table = Some(table);
        let mut goes = false;
        // A table cannot be a part of itself, but nobody here has proved that.
        for _ in 0..=self.from.given.tables.len() {
            let Some(each) = table else { break };
            if self.recut.contains(&each.name) {
                return false;
            }
            let gone = self.gone.contains(&identity(&Object::Table(each, &[])));
            goes |= gone;
            let whole = each.partition_of.as_ref().filter(|_| gone);
            table = whole.and_then(|place| self.from.table(&place.parent));
        }
        goes
    }

    /// The tables that can be set aside.
    pub(crate) fn kept_tables(&self) -> impl Iterator<Item = &'a Table> {
        let tables = self.from.given.tables.iter();
        tables.filter(|table| self.gone.contains(&identity(&Object::Table(table, &[]))) && self.keeps(table))
    }

    /// Whether an object will not be what it is.
    pub(crate) fn leaves(&self, object: &Object<'_>) -> bool {
        self.goes(object) || self.retyped.contains(&identity(object))
    }

    /// What cannot be done, by name.
    pub(crate) fn refused(&self) -> Vec<String> {
        let kinds = ["type ", "extension "];
        let remade = self
            .remade
            .iter()
            .filter(|name| kinds.iter().any(|kind| name.starts_with(kind)));
        let mixed = self.to.given.tables.iter().filter(|table| {
            let plain = table.partitioned.iter().any(|each| !each.partitions.is_empty());
            let below = self.parts.below(&table.name, (&self.from, &self.to));
            let comes = |index: &Index| self.goes_or_comes(&Object::Index(table, index));
            plain && !below.is_empty() && table.indexes.iter().any(comes)
        });
        let mixed = mixed.map(|table| {
            format!(
                "indexes of {}, some of whose partitions have more than it says",
                table.name
            )
        });
        let stuck = self.from.given.opaque.iter().filter(|opaque| {
            let name = identity(&Object::Opaque(opaque));
            let with_another = opaque
                .depends_on
                .iter()
                .any(|other| self.gone.contains(&format!("table {other}")));
            opaque.undo.is_none()
                && !with_another
                && (self.gone.contains(&name) || self.remade.contains(&name))
        });
        let stuck = stuck.map(|opaque| format!("{} {}", opaque.kind, opaque.name));
        remade
            .cloned()
            .chain(mixed)
            .chain(stuck)
            .chain(self.leaning())
            .chain(self.of_remade())
            .chain(self.other_heirs())
            .collect()
    }

    fn goes_or_comes(&self, object: &Object<'_>) -> bool {
        self.goes(object) || self.come.contains(&identity(object))
    }
}

fn named<'a, 'b>(
    database: &'a Database,
    wanted: &'b dyn Fn(&Table) -> bool,
) -> impl Iterator<Item = (String, Object<'a>)> + use<'a, 'b> {
    diff::objects(database, wanted).map(|object| (identity(&object), object))
}
