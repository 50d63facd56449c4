//! What must be done, and in which order, when something is there already.
//!
//! First goes what stands in the way, in the reverse of the order in which it could be made; then everything is made or changed in the order of
//! the goal; last goes what nothing leans on any more.

use std::collections::{BTreeMap, BTreeSet};

use physical::{Database, Expr, Table, TriggerAction, TriggerEvent, ViewQuery};
use plan::{Change, Object, TableChange};

use crate::diff::{self, Side, identity};
use crate::graph::{Graph, Node};
use crate::mentions::each_path;

/// Two schemas, compared.
pub(crate) struct Work<'a> {
    from: Side<'a>,
    to: Side<'a>,
    gone: BTreeSet<String>,
    come: BTreeSet<String>,
    /// In both, and made anew: different, or in the way of what is.
    remade: BTreeSet<String>,
    /// In both, different, and changed where they stand.
    replaced: BTreeSet<String>,
    tables: BTreeMap<String, TableChange<'a>>,
}

impl<'a> Work<'a> {
    pub(crate) fn compare(from: Side<'a>, to: Side<'a>) -> Self {
        let mut work = Self {
            gone: BTreeSet::new(),
            come: BTreeSet::new(),
            remade: BTreeSet::new(),
            replaced: BTreeSet::new(),
            tables: BTreeMap::new(),
            from,
            to,
        };
        work.objects();
        work.tables();
        work.spread();
        work
    }

    fn objects(&mut self) {
        let mut before: BTreeMap<String, Object<'_>> = BTreeMap::new();
        before.extend(named(&self.from.canonical));
        let mut after: BTreeMap<String, Object<'_>> = BTreeMap::new();
        after.extend(named(&self.to.canonical));
        for (name, object) in &before {
            // Roles belong to the server and to other databases, too: those that are found are left alone.
            if let Object::Role(_) = object {
                continue;
            }
            match after.get(name) {
                None => self.gone.insert(name.clone()),
                Some(other) if diff::same(object, other) => false,
                Some(other) if diff::in_place(object, other) => self.replaced.insert(name.clone()),
                Some(_) => self.remade.insert(name.clone()),
            };
        }
        let found = |object: &Object<'_>| matches!(object, Object::Role(role) if role.origin == physical::Origin::Found);
        let come = after
            .iter()
            .filter(|(name, object)| !before.contains_key(*name) && !found(object));
        self.come.extend(come.map(|(name, _)| name.clone()));
    }

    fn tables(&mut self) {
        for table in &self.from.given.tables {
            let name = identity(&Object::Table(table, &[]));
            match self.to.table(&table.name) {
                None => {
                    self.gone.insert(name);
                }
                Some(other) => {
                    let name = identity(&Object::Table(other, &[]));
                    if let Some(change) = diff::table((&self.from, &self.to), (table, other)) {
                        self.tables.insert(name, change);
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

    /// What stands on what is changed or made anew is made anew, too, as long as there is any.
    fn spread(&mut self) {
        loop {
            let mut more = BTreeSet::new();
            for object in diff::objects(self.to.given) {
                let name = identity(&object);
                let stays = !self.come.contains(&name) && !self.remade.contains(&name);
                if stays && self.is_upset(&object) {
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

    fn is_upset(&self, object: &Object<'_>) -> bool {
        match object {
            Object::View(view) => match &view.query {
                ViewQuery::Sql(sql) => self.mentions_upset(sql),
                ViewQuery::Select { from, joins, .. } => {
                    let names = std::iter::once(from).chain(joins.iter().map(|join| &join.table));
                    names
                        .into_iter()
                        .any(|name| self.relation_is_upset(&name.to_string()))
                }
            },
            Object::Policy(table, policy) => {
                self.relation_is_upset(&table.name.to_string())
                    || policy
                        .using
                        .iter()
                        .chain(&policy.check)
                        .any(|expr| self.expr_is_upset(expr))
            }
            Object::Trigger(table, trigger) => {
                let narrow = trigger
                    .events
                    .iter()
                    .any(|event| matches!(event, TriggerEvent::Update(columns) if !columns.is_empty()));
                let calls_remade = match &trigger.action {
                    TriggerAction::Call { function, .. } => self.function_is_remade(&function.to_string()),
                    TriggerAction::Body(_) => false,
                };
                calls_remade
                    || (narrow || trigger.when.is_some()) && self.relation_is_upset(&table.name.to_string())
            }
            Object::ForeignKey(table, key) => {
                let own = self.upset_columns(&table.name.to_string());
                let theirs = self.upset_columns(&key.references.to_string());
                let loses = self
                    .tables
                    .get(&format!("table {}", key.references))
                    .is_some_and(diff::loses_key);
                loses
                    || key.columns.iter().any(|column| own.contains(column.as_str()))
                    || key
                        .referenced
                        .iter()
                        .any(|column| theirs.contains(column.as_str()))
            }
            // What hangs on a view goes with it.
            Object::Opaque(opaque) => opaque.depends_on.iter().any(|other| {
                let view = format!("view {other}");
                self.remade.contains(&view) || opaque.kind == "trigger" && self.replaced.contains(&view)
            }),
            _ => false,
        }
    }

    fn upset_columns(&self, table: &str) -> BTreeSet<String> {
        self.tables
            .get(&format!("table {table}"))
            .map(diff::upset)
            .unwrap_or_default()
    }

    fn relation_is_upset(&self, name: &str) -> bool {
        !self.upset_columns(name).is_empty() || self.remade.contains(&format!("view {name}"))
    }

    fn function_is_remade(&self, name: &str) -> bool {
        let start = format!("function {name}(");
        self.remade.iter().any(|known| known.starts_with(&start))
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
        let mut found = false;
        each_path(sql, &mut |schema, name| {
            let path = schema.map_or_else(|| name.to_owned(), |schema| format!("{schema}.{name}"));
            found |= self.relation_is_upset(&path) || self.function_is_remade(&path);
        });
        found
    }

    /// What cannot be done, by name.
    pub(crate) fn refused(&self) -> Vec<String> {
        let kinds = ["type ", "extension "];
        let remade = self
            .remade
            .iter()
            .filter(|name| kinds.iter().any(|kind| name.starts_with(kind)));
        let parted = self.tables.values().filter_map(|change| {
            let by = |table: &Table| {
                let partitioned = table.partitioned.as_ref();
                partitioned.map(|each| (each.by, each.columns.clone()))
            };
            (by(change.from) != by(change.to))
                .then(|| format!("how table {} is partitioned", change.from.name))
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
        remade.cloned().chain(parted).chain(stuck).collect()
    }

    /// Calls a function with each change, in order.
    pub(crate) fn each(&self, tell: &mut dyn FnMut(Change<'_>)) {
        let before = Graph::new(self.from.given).order();
        let after = Graph::new(self.to.given).order();
        self.drop_keys(tell);
        self.drop(&before, false, tell);
        for node in &after {
            self.make(node, tell);
        }
        self.make_keys(tell);
        self.drop(&before, true, tell);
    }

    /// Foreign keys of tables that stay go first.
    fn drop_keys(&self, tell: &mut dyn FnMut(Change<'_>)) {
        for table in &self.from.given.tables {
            if self.gone.contains(&identity(&Object::Table(table, &[]))) {
                continue;
            }
            for key in &table.foreign_keys {
                let object = Object::ForeignKey(table, key);
                if self.goes(&object) {
                    tell(Change::Drop(object));
                }
            }
        }
    }

    fn goes(&self, object: &Object<'_>) -> bool {
        let name = identity(object);
        self.gone.contains(&name) || self.remade.contains(&name)
    }

    fn drop(&self, before: &[Node<'_>], late: bool, tell: &mut dyn FnMut(Change<'_>)) {
        for node in before.iter().rev() {
            for object in node.objects(self.from.given).into_iter().rev() {
                let with_table = diff::table_of(&object)
                    .and_then(|name| self.from.given.table(name))
                    .is_some_and(|table| self.gone.contains(&identity(&Object::Table(table, &[]))));
                if self.waits(&object) != late {
                    continue;
                }
                match object {
                    Object::Seed(..) => {}
                    Object::Table(..) if with_table => tell(Change::Drop(object)),
                    // Of a table that goes, those keys that would keep another from going.
                    Object::ForeignKey(..) if with_table => tell(Change::Drop(object)),
                    _ if with_table => tell(Change::GoesAlong(object)),
                    Object::Table(..)
                    | Object::RowSecurity(_)
                    | Object::Grants(_)
                    | Object::ForeignKey(..) => {}
                    _ if self.goes(&object) => tell(Change::Drop(object)),
                    _ => {}
                }
            }
        }
    }

    /// Whether something may lean on an object until everything else is done.
    fn waits(&self, object: &Object<'_>) -> bool {
        let remade = self.remade.contains(&identity(object));
        match object {
            Object::Function(function) => !remade && !self.speaks_of_gone(function),
            Object::Type(_) | Object::Schema(_) | Object::Role(_) | Object::Extension(_) => !remade,
            // A default still asks it for the next number.
            Object::Opaque(opaque) => opaque.kind == "sequence" && !remade,
            _ => false,
        }
    }

    /// Whether a function takes or answers rows of a table that goes.
    fn speaks_of_gone(&self, function: &physical::Function) -> bool {
        let mut found = false;
        let types = function.arguments.iter().map(|argument| argument.ty.as_str());
        for text in types.chain([function.returns.as_str()]) {
            each_path(text, &mut |schema, name| {
                let path = schema.map_or_else(|| name.to_owned(), |schema| format!("{schema}.{name}"));
                found |= self.gone.contains(&format!("table {path}"));
            });
        }
        found
    }

    /// Indexes and triggers of a table that nothing has removed when the table's turn comes.
    fn staying(&self, table: &'a Table) -> Vec<Object<'a>> {
        let indexes = table.indexes.iter().map(|index| Object::Index(table, index));
        let triggers = table
            .triggers
            .iter()
            .map(|trigger| Object::Trigger(table, trigger));
        let all = indexes.chain(triggers);
        all.filter(|object| !self.goes(object)).collect()
    }

    fn make(&self, node: &Node<'_>, tell: &mut dyn FnMut(Change<'_>)) {
        for object in node.objects(self.to.given) {
            let name = identity(&object);
            let is_new = self.come.contains(&name) || self.remade.contains(&name);
            let table = diff::table_of(&object).and_then(|name| self.to.given.table(name));
            let new_table =
                table.is_some_and(|table| self.come.contains(&identity(&Object::Table(table, &[]))));
            match object {
                Object::Table(..) if is_new => tell(Change::Create(object)),
                Object::Table(..) => {
                    if let Some(change) = self.tables.get(&name) {
                        let mut change = change.clone();
                        change.stays = self.staying(change.from);
                        tell(Change::Alter(change));
                    }
                }
                // Rows, rights and protection of what is there are settings of it.
                Object::Seed(seed, _) if self.from.given.table(&seed.table).is_none() => {
                    tell(Change::Create(object));
                }
                Object::Seed(..) => {}
                _ if new_table => tell(Change::Create(object)),
                Object::RowSecurity(_) | Object::Grants(_) | Object::ForeignKey(..) => {}
                _ if is_new && table.is_some() => tell(Change::Add(object)),
                _ if is_new => tell(Change::Create(object)),
                _ if self.replaced.contains(&name) => {
                    if let Some(before) = find(self.from.given, &name) {
                        tell(Change::Replace(before, object));
                    }
                }
                _ => {}
            }
        }
    }

    /// Foreign keys of tables that stay come last: what they refer to is there then.
    fn make_keys(&self, tell: &mut dyn FnMut(Change<'_>)) {
        for table in &self.to.given.tables {
            if self.come.contains(&identity(&Object::Table(table, &[]))) {
                continue;
            }
            for key in &table.foreign_keys {
                let object = Object::ForeignKey(table, key);
                let name = identity(&object);
                if self.come.contains(&name) || self.remade.contains(&name) {
                    tell(Change::Add(object));
                } else if let Some(before) = self
                    .replaced
                    .contains(&name)
                    .then(|| find(self.from.given, &name))
                    .flatten()
                {
                    tell(Change::Replace(before, object));
                }
            }
        }
    }
}

fn named(database: &Database) -> impl Iterator<Item = (String, Object<'_>)> {
    diff::objects(database)
        .into_iter()
        .map(|object| (identity(&object), object))
}

fn find<'a>(database: &'a Database, name: &str) -> Option<Object<'a>> {
    diff::objects(database)
        .into_iter()
        .find(|object| identity(object) == name)
}
