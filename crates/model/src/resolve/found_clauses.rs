//! Clauses of entities without defaults.

use diagnostics::Span;
use syntax::ast::{self, Part};

use super::{Named, Resolver, doc_of, name_of};
use crate::codes;
use crate::found::{
    Found, FoundAction, FoundCheck, FoundId, FoundIndex, FoundKey, FoundReference, FoundSort, FoundTarget,
};

impl<'t> Resolver<'t> {
    pub(super) fn found_clauses(&mut self, id: FoundId, view: ast::Entity<'t>) {
        for part in view.parts() {
            match part {
                Part::Field(_) => {}
                Part::Unique(view) => self.found_unique(id, view),
                Part::Key(view) => self.found_key(id, view),
                Part::Index(view) => self.found_index(id, view),
                Part::Reference(view) => self.found_reference(id, view),
                Part::Check(view) => self.found_check(id, view),
                Part::Sql(view) => {
                    if let Some(sql) = self.raw_sql(view) {
                        self.change_found(id, |found| found.sql.push(sql));
                    }
                }
                Part::Query(_) | Part::Volume(_) | Part::Retain(_) | Part::Allow(_) => {
                    self.found_no_clause(part.node().span());
                }
            }
        }
    }

    fn found_no_clause(&mut self, span: Span) {
        let message = "an entity without defaults says what its table is, and no more";
        let help = "take `without defaults` away: then queries, volumes, retention and rights can be said";
        self.report(&codes::FOUND_ONLY, span, message, help);
    }

    fn change_found(&mut self, id: FoundId, change: impl FnOnce(&mut Found)) {
        if let Some(found) = self.model.found.get_mut(id.0 as usize) {
            change(found);
        }
    }

    fn found_column(&mut self, id: FoundId, name: ast::Name<'t>) -> Option<u32> {
        let found = self.model.found.get(id.0 as usize)?;
        let known = found.column(name.text);
        if known.is_none() {
            let names: Vec<String> = found
                .columns
                .iter()
                .map(|column| column.name.text.clone())
                .collect();
            let message = format!("`{}` has no field `{}`", found.name.text, name.text);
            let meant = self.near(name.text, names.iter().map(String::as_str));
            let near = super::Near {
                typed: name.text,
                meant,
            };
            let help = format!("it has {}", super::describe::list(&names));
            self.unknown(&codes::UNKNOWN_FIELD, name.span, message, near, &help);
        }
        known
    }

    fn found_columns(&mut self, id: FoundId, names: impl Iterator<Item = ast::Name<'t>>) -> Option<Vec<u32>> {
        let all: Vec<Option<u32>> = names.map(|name| self.found_column(id, name)).collect();
        let all: Option<Vec<u32>> = all.into_iter().collect();
        all.filter(|all| !all.is_empty())
    }

    /// The attributes of a clause, each known, each once.
    fn found_attrs(
        &mut self,
        attrs: impl Iterator<Item = ast::Attr<'t>>,
        known: &[&str],
        what: &str,
    ) -> Vec<(&'t str, ast::Attr<'t>)> {
        let attrs = self.clause_attrs(attrs, known, what);
        attrs
            .into_iter()
            .filter_map(|attr| Some((attr.name()?.text, attr)))
            .collect()
    }

    fn found_name(&mut self, attr: ast::Attr<'t>) -> Option<String> {
        let name = self.text_arg(attr, "write its name: `@name(\"users_by_email\")`");
        name.map(|(name, _)| name)
    }

    fn only_name(&mut self, attrs: impl Iterator<Item = ast::Attr<'t>>, what: &str) -> Option<String> {
        let attrs = self.found_attrs(attrs, &["name"], what);
        attrs.first().and_then(|(_, attr)| self.found_name(*attr))
    }

    fn found_unique(&mut self, id: FoundId, view: ast::Unique<'t>) {
        let attrs = self.found_attrs(view.attrs(), &["name", "deferred"], "this `unique`");
        let name = attrs.iter().find(|(name, _)| *name == "name");
        let name = name.and_then(|(_, attr)| self.found_name(*attr));
        let deferred = attrs.iter().any(|(name, _)| *name == "deferred");
        if let Some(columns) = self.found_columns(id, view.names()) {
            let (doc, span) = (doc_of(Part::Unique(view).doc()), view.span());
            self.change_found(id, |found| {
                found.uniques.push(FoundKey {
                    columns,
                    doc,
                    deferred,
                    name,
                    span,
                });
            });
        }
    }

    fn found_key(&mut self, id: FoundId, view: ast::Key<'t>) {
        let name = self.only_name(view.attrs(), "this key");
        let Some(columns) = self.found_columns(id, view.names()) else {
            return;
        };
        let span = view.span();
        if self
            .model
            .found
            .get(id.0 as usize)
            .is_some_and(|found| found.key.is_some())
        {
            let help = "keep one of them; the other can be `unique (…)`";
            self.report(&codes::SECOND_CLAUSE, span, "an entity has one key", help);
            return;
        }
        self.change_found(id, |found| {
            found.key = Some(FoundKey {
                columns,
                doc: None,
                deferred: false,
                name,
                span,
            });
        });
    }

    fn found_index(&mut self, id: FoundId, view: ast::Index<'t>) {
        let mut index = FoundIndex {
            keys: Vec::new(),
            unique: false,
            method: None,
            predicate: None,
            doc: doc_of(Part::Index(view).doc()),
            name: None,
            span: view.span(),
        };
        for (name, attr) in
            self.found_attrs(view.attrs(), &["name", "unique", "using", "where"], "this index")
        {
            match name {
                "name" => index.name = self.found_name(attr),
                "unique" => {
                    self.no_args(attr);
                    index.unique = true;
                }
                "using" => {
                    let method = self.word_arg(attr, "write the kind of index: `@using(gin)`");
                    index.method = method.map(|word| word.text.to_owned());
                }
                _ => {
                    let sql = self.text_arg(attr, "write SQL: `@where(\"deleted_at IS NULL\")`");
                    index.predicate = sql.map(|(sql, _)| sql);
                }
            }
        }
        for sort in view.sorts() {
            let path = sort.path().and_then(ast::Path::single);
            let Some(name) = path else {
                let help = "put the index into the entity of that field";
                self.report(
                    &codes::FOREIGN_FIELD,
                    sort.span(),
                    "an index covers the fields of its own entity",
                    help,
                );
                return;
            };
            let Some(column) = self.found_column(id, name) else {
                return;
            };
            index.keys.push(FoundSort {
                column,
                descending: sort.descending(),
            });
        }
        if !index.keys.is_empty() {
            self.change_found(id, |found| found.indexes.push(index));
        }
    }

    fn found_reference(&mut self, id: FoundId, view: ast::Reference<'t>) {
        let known = ["name", "on_delete", "on_update", "deferred"];
        let attrs = self.found_attrs(view.attrs(), &known, "this reference");
        let Some(target) = view.target().and_then(|name| self.found_target(name)) else {
            return;
        };
        let Some(columns) = self.found_columns(id, view.from()) else {
            return;
        };
        let referenced: Vec<crate::Name> = view.to().map(name_of).collect();
        if columns.len() != referenced.len() {
            let message = format!("{} fields refer to {}", columns.len(), referenced.len());
            let help = "name as many fields on the right as on the left, in the same order";
            self.report(&codes::REFERENCE_COUNT, view.span(), message, help);
            return;
        }
        if !view.to().all(|name| self.target_has(target, name)) {
            return;
        }
        let mut reference = FoundReference {
            columns,
            target,
            referenced,
            on_delete: FoundAction::NoAction,
            on_update: FoundAction::NoAction,
            doc: doc_of(Part::Reference(view).doc()),
            deferred: false,
            name: None,
            span: view.span(),
        };
        for (name, attr) in attrs {
            match name {
                "name" => reference.name = self.found_name(attr),
                "on_delete" => reference.on_delete = self.found_action(attr),
                "deferred" => reference.deferred = true,
                _ => reference.on_update = self.found_action(attr),
            }
        }
        self.change_found(id, |found| found.references.push(reference));
    }

    fn found_target(&mut self, name: ast::Name<'t>) -> Option<FoundTarget> {
        match self.items.get(name.text).map(|(named, _)| *named) {
            Some(Named::Found(id)) => Some(FoundTarget::Found(id)),
            _ => self.expect_entity(name).map(FoundTarget::Entity),
        }
    }

    fn target_has(&mut self, target: FoundTarget, name: ast::Name<'t>) -> bool {
        match target {
            FoundTarget::Found(id) => self.found_column(id, name).is_some(),
            FoundTarget::Entity(id) => self.expect_field(id, name).is_some(),
        }
    }

    fn found_check(&mut self, id: FoundId, view: ast::Check<'t>) {
        let name = self.only_name(view.attrs(), "this check");
        if let Some(sql) = self.found_sql(view.expr(), view.span()) {
            let span = view.span();
            let doc = doc_of(Part::Check(view).doc());
            self.change_found(id, |found| found.checks.push(FoundCheck { sql, doc, name, span }));
        }
    }
}
