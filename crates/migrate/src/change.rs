//! What must be done, and in which order, when something is there already.
//!
//! First goes what stands in the way, in the reverse of the order in which it could be made; then everything is made or changed in the order of
//! the goal; last goes what nothing leans on any more.

use std::collections::{BTreeMap, BTreeSet};

use physical::{
    Database, Expr, Ident, Index, Name, NamedType, Opaque, PartitionOf, SqlType, Table, TriggerAction,
    TriggerEvent, ViewQuery,
};
use plan::{Change, Object, TableChange};

use crate::diff::{self, Side, identity};
use crate::graph::{Class, Graph, Node};
use crate::mentions::each_path;
use crate::parts::Parts;

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
    parts: Parts,
    /// In both, and made anew with their rows: how they are cut into partitions is another.
    recut: BTreeSet<Name>,
    /// In both, and made anew with all columns that are of them.
    retyped: BTreeSet<String>,
}

impl<'a> Work<'a> {
    pub(crate) fn compare(from: Side<'a>, to: Side<'a>) -> Self {
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
                Some(other) if diff::same(object, other) && !self.is_moved(object) => false,
                Some(_) if self.is_moved(object) => self.remade.insert(name.clone()),
                Some(other) if diff::retyped(object, other) => self.retyped.insert(name.clone()),
                Some(other) if diff::in_place(object, other) => self.replaced.insert(name.clone()),
                Some(_) => self.remade.insert(name.clone()),
            };
        }
        let found = |object: &Object<'_>| matches!(object, Object::Role(role) if role.origin == physical::Origin::Found);
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
            match self.to.given.table(&table.name) {
                None => {
                    self.gone.insert(name);
                }
                Some(other) => {
                    if let Some(mut change) = diff::table((&self.from, &self.to), (table, other), &self.parts)
                    {
                        change.edits.retain(|edit| !self.is_defaulted(edit));
                        self.tables.insert(name, change);
                    }
                }
            }
        }
        for table in &self.to.given.tables {
            if self.from.given.table(&table.name).is_none() {
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

    fn is_retyped(&self, ty: &SqlType) -> bool {
        is_of(ty, &|name| self.retyped.contains(&format!("type {name}")))
    }

    fn mentions_retyped(&self, text: &str) -> bool {
        mentions(text, &|name| self.retyped.contains(&format!("type {name}")))
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
            Object::Function(function) => {
                let types = function.arguments.iter().map(|argument| argument.ty.as_str());
                types
                    .chain([function.returns.as_str()])
                    .any(|text| self.mentions_retyped(text))
            }
            Object::Index(_, index) => {
                let keys = index.keys.iter().map(|key| &key.expr);
                keys.chain(&index.predicate)
                    .any(|expr| matches!(expr, Expr::Sql(sql) if self.mentions_retyped(sql)))
            }
            Object::ForeignKey(_, key) if self.recut.contains(&key.references) => true,
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
            Object::Opaque(opaque) => self.opaque_is_upset(opaque),
            _ => false,
        }
    }

    /// Whether what it hangs on is made anew, or the column whose sequence it speaks of.
    fn opaque_is_upset(&self, opaque: &Opaque) -> bool {
        let remade = |name: &physical::Name| {
            let hosts = ["view ", "foreign table ", "index "];
            let plain = name.to_string();
            self.remade.iter().any(|known| {
                hosts.iter().any(|kind| known.strip_prefix(kind) == Some(&plain))
                    || known.starts_with(&format!("index {} of", name.name))
            })
        };
        let counted = opaque.kind.starts_with("identity sequence")
            && opaque.depends_on.first().is_some_and(|table| {
                self.tables
                    .get(&format!("table {table}"))
                    .is_some_and(|change| diff::recounts(change, &opaque.detail))
            });
        // A sequence that a table owns would go with it.
        let owned =
            opaque.kind == "sequence owner" && opaque.depends_on.iter().any(|name| self.recut.contains(name));
        let routine =
            diff::is_routine(opaque) && self.mentions_retyped(&opaque.undo.clone().unwrap_or_default());
        counted || owned || routine || opaque.depends_on.iter().any(remade)
    }

    fn upset_columns(&self, table: &str) -> BTreeSet<String> {
        self.tables
            .get(&format!("table {table}"))
            .map(diff::upset)
            .unwrap_or_default()
    }

    fn relation_is_upset(&self, name: &str) -> bool {
        !self.upset_columns(name).is_empty()
            || self.remade.contains(&format!("view {name}"))
            || self.recut.iter().any(|table| table.to_string() == name)
            || self.from.given.tables.iter().any(|table| {
                let retyped = |column: &physical::Column| self.is_retyped(&column.ty);
                !self.retyped.is_empty()
                    && table.name.to_string() == name
                    && table.columns.iter().any(retyped)
            })
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
        mentions(sql, &|path| {
            self.relation_is_upset(path) || self.function_is_remade(path)
        })
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
            let below = self.parts.below(&table.name, (self.from.given, self.to.given));
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
        remade.cloned().chain(mixed).chain(stuck).collect()
    }

    fn goes_or_comes(&self, object: &Object<'_>) -> bool {
        self.goes(object) || self.come.contains(&identity(object))
    }

    /// Calls a function with each change, in order.
    pub(crate) fn each(&self, tell: &mut dyn FnMut(Change<'_>)) {
        let before = Graph::new(self.from.given).order();
        let after = Graph::new(self.to.given).order();
        self.drop_keys(tell);
        self.drop_wholes(&before, tell);
        self.drop(&before, false, tell);
        let behaves = |node: &&Node<'_>| node.class >= Class::Triggers;
        let (structure, behaviour): (Vec<_>, Vec<_>) = after.iter().partition(|node| !behaves(node));
        for node in structure {
            self.make(node, tell);
        }
        self.bring_back(tell);
        for node in behaviour {
            self.make(node, tell);
        }
        self.make_wholes(tell);
        self.make_keys(tell);
        self.drop(&before, true, tell);
        for ty in &self.from.given.types {
            if self.retyped.contains(&identity(&Object::Type(ty))) {
                let was = self.free_name(&ty.name);
                tell(Change::DropRetyped { from: ty, was });
            }
        }
    }

    /// Whether a partition goes with the table that it is a partition of.
    fn rides(&self, table: &Table) -> bool {
        let gone = |name: &Name| self.gone.contains(&format!("table {name}"));
        gone(&table.name)
            && table
                .partition_of
                .as_ref()
                .is_some_and(|place| gone(&place.parent))
    }

    /// A name beside another one that nothing has.
    fn free_name(&self, name: &Name) -> Name {
        let taken = |other: &Name| {
            [self.from.given, self.to.given].iter().any(|database| {
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
    fn staying(&self, table: &Table) -> Vec<Name> {
        let places = self.from.given.tables.iter().filter(|part| {
            let place = part.partition_of.as_ref();
            place.is_some_and(|place| place.parent == table.name)
        });
        let stay = places.filter(|part| !self.gone.contains(&identity(&Object::Table(part, &[]))));
        stay.map(|part| part.name.clone()).collect()
    }

    fn set_aside(&self, table: &'a Table, tell: &mut dyn FnMut(Change<'_>)) {
        if self.recut.contains(&table.name) {
            tell(Change::SetAside {
                table,
                aside: self.free_name(&table.name),
                except: self.staying(table),
            });
        }
    }

    fn bring_back(&self, tell: &mut dyn FnMut(Change<'_>)) {
        for name in &self.recut {
            let sides = (self.from.given.table(name), self.to.given.table(name));
            if let (Some(from), Some(to)) = sides {
                let (aside, except) = (self.free_name(name), self.staying(from));
                tell(Change::BringBack {
                    from,
                    to,
                    aside,
                    except,
                });
            }
        }
    }

    fn retype(&self, to: &'a NamedType, tell: &mut dyn FnMut(Change<'_>)) {
        let Some(from) = self.from.given.types.iter().find(|ty| ty.name == to.name) else {
            return;
        };
        let own = to.name.to_string();
        let of = |ty: &SqlType| is_of(ty, &|name| name == own);
        let mut columns = Vec::new();
        for table in &self.from.given.tables {
            let Some(after) = self.to.given.table(&table.name) else {
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
        tell(Change::Retype {
            from,
            to,
            was,
            columns,
        });
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

    /// Indexes of partitioned tables go before those that are parts of them, which go along.
    fn drop_wholes(&self, before: &[Node<'_>], tell: &mut dyn FnMut(Change<'_>)) {
        for object in before.iter().flat_map(|node| node.objects(self.from.given)) {
            let Object::Index(table, index) = object else {
                continue;
            };
            if !self.goes_with_whole(&object) {
                continue;
            }
            let along = self.parts.is_lost(&table.name, &index.name);
            let parts = self.parts_of(table, &index.name);
            if parts.is_empty() {
                tell(Change::GoesAlong(object));
            } else {
                let keys = parts.iter().any(|(part, name)| is_key(part, name));
                let parts = parts.into_iter().map(|(part, name)| {
                    let mut full = part.name.clone();
                    full.name = name.clone();
                    full
                });
                tell(Change::DropWhole {
                    table,
                    index,
                    parts: parts.collect(),
                    keys,
                    along,
                });
            }
        }
    }

    /// Whether an index goes as a part of one of the whole, or has such parts.
    fn goes_with_whole(&self, object: &Object<'_>) -> bool {
        let Object::Index(table, index) = object else {
            return false;
        };
        let lost = self.parts.is_lost(&table.name, &index.name) && !self.is_part_of_text(table, &index.name);
        lost || self.goes(object) && !self.parts_of(table, &index.name).is_empty()
    }

    /// Whether an index is a part of one that is not valid yet, and kept as text.
    fn is_part_of_text(&self, table: &Table, index: &Ident) -> bool {
        let place = table.partition_of.as_ref();
        let whole = place.and_then(|place| Some((&place.parent, place.parts.get(index)?)));
        let Some((parent, whole)) = whole else {
            return false;
        };
        let mut name = parent.clone();
        name.name.clone_from(whole);
        let mut opaque = self.from.given.opaque.iter();
        opaque.any(|each| each.kind == "index" && each.name == name)
    }

    /// The indexes that are parts of one, before, in partitions that stay.
    fn parts_of(&self, table: &Table, index: &Ident) -> Vec<(&'a Table, &'a Ident)> {
        let below = self.parts.below(&table.name, (self.from.given, self.to.given));
        let places = below
            .into_iter()
            .filter_map(|(was, _)| Some((was, was.partition_of.as_ref()?)));
        let direct = places.filter(|(_, place)| place.parent == table.name);
        let parts =
            direct.flat_map(|(was, place)| place.parts.iter().map(move |(part, whole)| (was, part, whole)));
        parts
            .filter(|(_, _, whole)| *whole == index)
            .map(|(was, part, _)| (was, part))
            .collect()
    }

    fn goes(&self, object: &Object<'_>) -> bool {
        let name = identity(object);
        self.gone.contains(&name) || self.remade.contains(&name)
    }

    fn drop(&self, before: &[Node<'_>], late: bool, tell: &mut dyn FnMut(Change<'_>)) {
        let keys_first = before
            .iter()
            .rev()
            .filter(|node| node.class == Class::ForeignKeys);
        let others = before
            .iter()
            .rev()
            .filter(|node| node.class != Class::ForeignKeys);
        for node in keys_first.chain(others) {
            for object in node.objects(self.from.given).into_iter().rev() {
                if self.goes_with_whole(&object) {
                    continue;
                }
                let with_table = diff::table_of(&object)
                    .and_then(|name| self.from.given.table(name))
                    .is_some_and(|table| self.gone.contains(&identity(&Object::Table(table, &[]))));
                if self.waits(&object) != late {
                    continue;
                }
                match object {
                    Object::Seed(..) => {}
                    Object::Place(table, _) if self.rides(table) => tell(Change::GoesAlong(object)),
                    Object::Place(..) if self.goes(&object) => tell(Change::Drop(object)),
                    Object::Place(..) => {}
                    Object::Index(table, index) if self.parts.is_lost(&table.name, &index.name) => {
                        tell(Change::GoesAlong(object));
                    }
                    Object::Table(table, _) if self.rides(table) => tell(Change::GoesAlong(object)),
                    Object::Table(table, _) if with_table => {
                        self.set_aside(table, tell);
                        tell(Change::Drop(object));
                    }
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
            Object::Opaque(opaque) if opaque.kind == "sequence" => !remade,
            // What stands by itself may be leant on; a body that the server has read leans on what it names.
            Object::Opaque(opaque) => {
                let alone = opaque.depends_on.is_empty() && !opaque.setting;
                alone && !remade && !self.mentions_gone(&opaque.definition)
            }
            _ => false,
        }
    }

    /// Whether a function takes or answers rows of a table that goes.
    fn speaks_of_gone(&self, function: &physical::Function) -> bool {
        let types = function.arguments.iter().map(|argument| argument.ty.as_str());
        types
            .chain([function.returns.as_str()])
            .any(|text| self.mentions_gone(text))
    }

    fn mentions_gone(&self, text: &str) -> bool {
        let kinds = ["table", "view"];
        mentions(text, &|path| {
            kinds
                .iter()
                .any(|kind| self.gone.contains(&format!("{kind} {path}")))
        })
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
                        tell(Change::Alter(change.clone()));
                    }
                }
                // Rows, rights and protection of what is there are settings of it.
                Object::Seed(seed, _) if self.from.given.table(&seed.table).is_none() => {
                    tell(Change::Create(object));
                }
                Object::Seed(..) => {}
                Object::Type(ty) if self.retyped.contains(&name) => self.retype(ty, tell),
                _ if new_table => tell(Change::Create(object)),
                Object::RowSecurity(_) | Object::Grants(_) | Object::ForeignKey(..) => {}
                Object::Index(table, index) => self.make_index(table, index, tell),
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

    /// An index of a table that stays, unless that has partitions, whose indexes are made first.
    fn make_index(&self, table: &'a Table, index: &'a Index, tell: &mut dyn FnMut(Change<'_>)) {
        let object = Object::Index(table, index);
        let name = identity(&object);
        let is_new = self.come.contains(&name) || self.remade.contains(&name);
        let below = self.parts.below(&table.name, (self.from.given, self.to.given));
        if is_new {
            match self.parts.whole_of(table, &index.name) {
                _ if !below.is_empty() => {}
                Some(_) => tell(Change::AddPart(object)),
                None => tell(Change::Add(object)),
            }
        } else if let Some(before) = self
            .replaced
            .contains(&name)
            .then(|| find(self.from.given, &name))
            .flatten()
        {
            tell(Change::Replace(before, object));
        }
    }

    /// Indexes and keys of tables with partitions that stay, the innermost first: each takes in those of its partitions.
    fn make_wholes(&self, tell: &mut dyn FnMut(Change<'_>)) {
        let both = (self.from.given, self.to.given);
        let stay = |table: &&Table| self.from.given.table(&table.name).is_some();
        let mut wholes: Vec<(usize, &Table)> = self
            .to
            .given
            .tables
            .iter()
            .filter(stay)
            .map(|table| (self.parts.below(&table.name, both).len(), table))
            .filter(|(below, _)| *below > 0)
            .collect();
        wholes.sort_by_key(|(below, _)| *below);
        for (_, table) in wholes {
            let mut new: BTreeSet<&Ident> = BTreeSet::new();
            self.make_whole_keys(table, &mut new, tell);
            for index in &table.indexes {
                let name = identity(&Object::Index(table, index));
                if self.come.contains(&name) || self.remade.contains(&name) {
                    new.insert(&index.name);
                    let below = self.parts.below(&table.name, both);
                    let parts = joining(&below, &table.name, &index.name);
                    tell(Change::AddWhole {
                        table,
                        index,
                        standing: self.standing(&below, &table.name, &index.name),
                        keys: parts.iter().any(|(_, is, part)| is_key(is, part)),
                        joins: self.parts.whole_of(table, &index.name).is_some(),
                    });
                }
            }
            for (part, place) in self.places_in(table) {
                for (own, whole) in place.parts.iter().filter(|(_, whole)| new.contains(whole)) {
                    tell(Change::Join {
                        table: part,
                        part: own,
                        whole,
                    });
                }
            }
        }
    }

    fn make_whole_keys(
        &self,
        table: &'a Table,
        new: &mut BTreeSet<&'a Ident>,
        tell: &mut dyn FnMut(Change<'_>),
    ) {
        let from = self.from.given.table(&table.name);
        let was = self.from.canonical.table(&table.name);
        let is = self.to.canonical.table(&table.name);
        let (Some(from), Some(was), Some(is)) = (from, was, is) else {
            return;
        };
        for edit in diff::keys_that_come((was, is), table, &self.parts) {
            if let plan::Edit::AddPart(plan::Key::Primary(key)) | plan::Edit::AddPrimaryKey(key) = edit {
                new.insert(&key.name);
            } else if let plan::Edit::AddPart(plan::Key::Unique(key)) | plan::Edit::AddUnique(key) = edit {
                new.insert(&key.name);
            }
            tell(Change::Alter(TableChange {
                from,
                to: table,
                edits: vec![edit],
                parts: self.parts.below(&table.name, (self.from.given, self.to.given)),
                databases: (self.from.given, self.to.given),
            }));
        }
    }

    /// The partitions of a table that stay, as they shall be.
    fn places_in(&self, whole: &Table) -> Vec<(&'a Table, &'a PartitionOf)> {
        let below = self.parts.below(&whole.name, (self.from.given, self.to.given));
        let places = below
            .into_iter()
            .filter_map(|(_, is)| Some((is, is.partition_of.as_ref()?)));
        places.filter(|(_, place)| place.parent == whole.name).collect()
    }

    /// Those indexes of partitions that stand by themselves and will be parts of one.
    fn standing(
        &self,
        below: &[(&'a Table, &'a Table)],
        whole: &Name,
        index: &Ident,
    ) -> Vec<(&'a Table, &'a Index)> {
        let mut out = Vec::new();
        for (was, _, part) in joining(below, whole, index) {
            let own = was.indexes.iter().find(|own| own.name == *part);
            let own = own.filter(|own| !self.goes(&Object::Index(was, own)));
            out.extend(own.map(|own| (was, own)));
        }
        out
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

/// Whether a type is one of a name, or an array of it.
fn is_of(ty: &SqlType, is: &dyn Fn(&str) -> bool) -> bool {
    match ty {
        SqlType::Array(element) => is_of(element, is),
        SqlType::Named(name) => is(&name.to_string()),
        SqlType::Other(text) => mentions(text, is),
        _ => false,
    }
}

/// Whether a text mentions a name for which something holds.
fn mentions(text: &str, holds: &dyn Fn(&str) -> bool) -> bool {
    let mut found = false;
    each_path(text, &mut |schema, name| {
        found |= match schema {
            Some(schema) => holds(&format!("{schema}.{name}")),
            None => holds(name),
        };
    });
    found
}

/// Indexes and keys of partitions that shall be parts of one of the whole.
fn joining<'a>(
    below: &[(&'a Table, &'a Table)],
    whole: &Name,
    index: &Ident,
) -> Vec<(&'a Table, &'a Table, &'a Ident)> {
    let places = below
        .iter()
        .filter_map(|(was, is)| Some((*was, *is, is.partition_of.as_ref()?)));
    let direct = places.filter(|(_, _, place)| place.parent == *whole);
    let parts = direct.flat_map(|(was, is, place)| place.parts.iter().map(move |part| (was, is, part)));
    parts
        .filter(|(_, _, (_, of))| *of == index)
        .map(|(was, is, (part, _))| (was, is, part))
        .collect()
}

fn is_key(table: &Table, name: &Ident) -> bool {
    table.primary_key.as_ref().is_some_and(|key| key.name == *name)
        || table.uniques.iter().any(|key| key.name == *name)
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
