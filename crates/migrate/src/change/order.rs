//! The order: first goes what stands in the way, in the reverse of the order in which it could be made; then everything is made or
//! changed in the order of the goal; last goes what nothing leans on any more.

use physical::{Expr, Index, Opaque, Policy, Table};
use plan::{Change, Object};

use super::Work;
use crate::diff::{self, identity};
use crate::graph::{Class, Graph, Node};
use crate::mentions::mentions;

impl<'a> Work<'a> {
    /// Calls a function with each change, in order.
    pub(crate) fn each(&self, tell: &mut dyn FnMut(Change<'_>)) {
        if self.is_nothing() {
            return;
        }
        let before = Graph::new(self.from.given).order();
        let after = Graph::new(self.to.given).order();
        for change in self.besides() {
            tell(Change::Beside(change));
        }
        self.let_go(tell);
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
        for change in self.besides().into_iter().rev() {
            tell(Change::BesideBack(change));
        }
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

    pub(super) fn goes(&self, object: &Object<'_>) -> bool {
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
        let mut aside = late;
        for node in keys_first.chain(others) {
            // What answers to rows that come and go is no longer there then, nor is it yet on the way back.
            if !aside && node.class <= Class::Partitions {
                aside = true;
                self.set_aside(tell);
            }
            for object in node.objects(self.from.given).into_iter().rev() {
                if self.goes_with_whole(&object) {
                    continue;
                }
                let with_table = diff::table_of(&object)
                    .and_then(|name| self.from.table(name))
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
                        tell(Change::DropWhole {
                            table,
                            index,
                            parts: Vec::new(),
                            keys: false,
                            along: true,
                        });
                    }
                    Object::Table(table, _) if self.rides(table) => tell(Change::GoesAlong(object)),
                    Object::Table(..) if with_table => tell(Change::Drop(object)),
                    // Of a table that goes, those keys that would keep another from going.
                    Object::ForeignKey(..) if with_table => tell(Change::Drop(object)),
                    // A policy may lean on a table that goes before its own.
                    Object::Policy(_, policy) if with_table && self.leans_on_gone(policy) => {
                        tell(Change::Drop(object));
                    }
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
            Object::Function(function) => {
                let makes_way = self.function_is_remade(&function.name.to_string());
                !remade && !self.speaks_of_gone(function) && !makes_way
            }
            Object::Type(ty) => !remade && !self.makes_way(&ty.name),
            Object::Schema(_) | Object::Role(_) | Object::Extension(_) => !remade,
            // A default still asks it for the next number.
            Object::Opaque(opaque) if opaque.kind == "sequence" => !remade && !self.makes_way(&opaque.name),
            Object::Opaque(opaque)
                if diff::is_routine(opaque) && self.function_is_remade(&opaque.name.to_string()) =>
            {
                false
            }
            // What stands by itself may be leant on; a body that the server has read leans on what it names.
            Object::Opaque(opaque) => {
                let alone = opaque.depends_on.is_empty() && !opaque.setting;
                let firm = !(remade || self.makes_way(&opaque.name) || self.text_is_upset(opaque));
                alone && firm && !self.mentions_gone(&opaque.definition)
            }
            _ => false,
        }
    }

    /// Whether something of another kind comes by the same name.
    fn makes_way(&self, name: &physical::Name) -> bool {
        let kinds = [
            "type",
            "composite type",
            "range type",
            "base type",
            "domain",
            "table",
            "view",
            "foreign table",
            "sequence",
        ];
        kinds
            .iter()
            .any(|kind| self.come.contains(&format!("{kind} {name}")))
    }

    fn leans_on_gone(&self, policy: &Policy) -> bool {
        let conditions = [&policy.using, &policy.check];
        conditions.into_iter().flatten().any(|condition| match condition {
            Expr::Sql(sql) => self.mentions_gone(sql),
            _ => true,
        })
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

    /// Whether it is a constraint of a table that is there already.
    fn is_on_staying(&self, opaque: &Opaque) -> bool {
        let table = opaque.depends_on.first();
        opaque.kind == "constraint" && table.is_some_and(|name| self.from.table(name).is_some())
    }

    /// Indexes and triggers of a table that nothing has removed when the table's turn comes.
    pub(super) fn staying(&self, table: &'a Table) -> Vec<Object<'a>> {
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
            let table = diff::table_of(&object).and_then(|name| self.to.table(name));
            let new_table =
                table.is_some_and(|table| self.come.contains(&identity(&Object::Table(table, &[]))));
            match object {
                Object::Table(..) if is_new => tell(Change::Create(object)),
                Object::Table(..) => {
                    let change = self.tables.get(&name).map(|change| self.settled(change));
                    let held = table.is_some_and(|table| self.take_hold(table, change.as_ref(), tell));
                    if let Some(change) = change.filter(|_| !held) {
                        tell(Change::Alter(change));
                    }
                }
                // Rows, rights and protection of what is there are settings of it.
                Object::Seed(seed, _) if self.from.table(&seed.table).is_none() => {
                    tell(Change::Create(object));
                }
                Object::Seed(..) => {}
                Object::Type(ty) if !is_new && self.take_hold_of_values(ty, tell) => {}
                Object::Type(ty) if self.retyped.contains(&name) => self.retype(ty, tell),
                _ if new_table => tell(Change::Create(object)),
                Object::RowSecurity(_) | Object::Grants(_) | Object::ForeignKey(..) => {}
                Object::Index(table, index) => self.make_index(table, index, tell),
                _ if is_new && table.is_some() => tell(Change::Add(object)),
                Object::Opaque(opaque) if is_new && self.is_on_staying(opaque) => tell(Change::Add(object)),
                _ if is_new => tell(Change::Create(object)),
                _ if self.replaced.contains(&name) => {
                    if let Some(before) = self.known.get(&name).copied() {
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
        let below = self.parts.below(&table.name, (&self.from, &self.to));
        if is_new {
            match self.parts.whole_of(table, &index.name) {
                _ if !below.is_empty() => {}
                Some(_) => tell(Change::AddPart(object)),
                None => tell(Change::Add(object)),
            }
        } else if let Some(before) = self
            .replaced
            .contains(&name)
            .then(|| self.known.get(&name).copied())
            .flatten()
        {
            tell(Change::Replace(before, object));
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
                    .then(|| self.known.get(&name).copied())
                    .flatten()
                {
                    tell(Change::Replace(before, object));
                }
            }
        }
    }
}
