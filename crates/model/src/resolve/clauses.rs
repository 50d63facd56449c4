//! Clauses of entities: uniqueness, indexes, keys, references, checks, volume, SQL.

use std::collections::{HashMap, HashSet};

use diagnostics::{Diagnostic, Span};
use syntax::ast::{self, Part};

use super::exprs::{Place, Scope};
use super::types::Class;
use super::{Resolver, describe, name_of};
use crate::{Check, EntityId, FieldId, Identity, Index, Key, OnDelete, RawSql, Reference, SortKey, Type};
use crate::{Unique, UniqueScope, Volume, codes};

/// What was seen of an entity, to find what stands there twice.
#[derive(Default)]
pub(super) struct Seen<'t> {
    pub(super) queries: HashMap<&'t str, Span>,
    volume: Option<Span>,
    references: Vec<(usize, Span)>,
    reference_names: HashMap<&'t str, Span>,
}

impl<'t> Resolver<'t> {
    pub(super) fn clauses(&mut self) {
        let views = self.entities.clone();
        let mut pending = Vec::new();
        for (at, view) in views.into_iter().enumerate() {
            let id = EntityId(at as u32);
            let mut seen = Seen::default();
            for part in view.parts() {
                self.part(id, part, &mut seen);
            }
            self.natural_key(id);
            pending.extend(seen.references.into_iter().map(|(at, span)| (id, at, span)));
        }
        // Only now the keys and unique fields of every entity are known.
        for (id, at, span) in pending {
            self.referenced_unique(id, at, span);
        }
        self.composite_targets();
    }

    fn part(&mut self, id: EntityId, part: Part<'t>, seen: &mut Seen<'t>) {
        match part {
            Part::Field(_) => {}
            Part::Unique(view) => self.unique(id, view),
            Part::Index(view) => self.index(id, view),
            Part::Key(view) => self.key(id, view),
            Part::Reference(view) => self.reference(id, view, seen),
            Part::Check(view) => self.check(id, view),
            Part::Query(view) => self.query(id, view, seen),
            Part::Volume(view) => self.volume(id, view, seen),
            Part::Retain(view) => self.retain(id, view),
            Part::Allow(view) => self.allow(id, view),
            Part::Sql(view) => {
                if let Some(sql) = self.raw_sql(view) {
                    self.change(id, |entity| entity.sql.push(sql));
                }
            }
        }
    }

    /// Fields by name, each once, none of them a relation to many.
    pub(super) fn field_list(
        &mut self,
        id: EntityId,
        names: impl Iterator<Item = ast::Name<'t>>,
    ) -> Option<Vec<FieldId>> {
        let mut fields = Vec::new();
        let mut known: HashMap<FieldId, Span> = HashMap::new();
        let mut whole = true;
        for name in names {
            let Some(field) = self.expect_field(id, name) else {
                whole = false;
                continue;
            };
            if let Some(first) = known.insert(field, name.span) {
                let message = format!("`{}` is listed twice", name.text);
                let found =
                    Diagnostic::new(&codes::REPEATED_NAME, name.span, message).also(first, "the first time");
                self.push(found.help("remove one of them"));
                continue;
            }
            if matches!(self.field(field).map(|field| &field.ty), Some(Type::Related(_))) {
                let message = format!("`{}` stands for many rows, not for a value", name.text);
                self.report(
                    &codes::RELATION_AS_VALUE,
                    name.span,
                    message,
                    "put the clause into the entity on the other side",
                );
                whole = false;
                continue;
            }
            fields.push(field);
        }
        whole.then_some(fields).filter(|fields| !fields.is_empty())
    }

    pub(super) fn clause_attrs(
        &mut self,
        attrs: impl Iterator<Item = ast::Attr<'t>>,
        known: &[&str],
        what: &str,
    ) -> Vec<ast::Attr<'t>> {
        let mut seen = Vec::new();
        let mut good = Vec::new();
        for attr in attrs {
            let Some(name) = attr.name() else { continue };
            if self.is_second(&mut seen, name) {
                continue;
            }
            if known.contains(&name.text) {
                good.push(attr);
            } else {
                self.unknown_attribute(name, known, what);
            }
        }
        good
    }

    fn unique(&mut self, id: EntityId, view: ast::Unique<'t>) {
        let mut scope = UniqueScope::Own;
        for attr in self.clause_attrs(view.attrs(), &["global"], "a `unique` clause") {
            self.no_args(attr);
            scope = UniqueScope::Global(
                self.needed_reason(attr, "whoever may try values learns which exist anywhere"),
            );
        }
        if let Some(fields) = self.field_list(id, view.names()) {
            let unique = Unique {
                fields,
                scope,
                from_field: false,
                span: view.span(),
            };
            self.change(id, |entity| entity.uniques.push(unique));
        }
    }

    fn index(&mut self, id: EntityId, view: ast::Index<'t>) {
        self.clause_attrs(view.attrs(), &[], "an index");
        let keys = self.sort_keys(id, view.sorts(), true);
        if !keys.is_empty() {
            let index = Index {
                keys,
                span: view.span(),
            };
            self.change(id, |entity| entity.indexes.push(index));
        }
    }

    /// Keys of an order, or of an index, which sees one table alone.
    pub(super) fn sort_keys(
        &mut self,
        id: EntityId,
        sorts: impl Iterator<Item = ast::Sort<'t>>,
        own: bool,
    ) -> Vec<SortKey> {
        let mut keys: Vec<SortKey> = Vec::new();
        let mut known: HashSet<crate::Path> = HashSet::new();
        for sort in sorts {
            let Some(view) = sort.path() else { continue };
            let names: Vec<ast::Name<'t>> = view.names().collect();
            let Some((path, ty)) = self.field_path(id, &names) else {
                continue;
            };
            let shown = describe::type_name(&self.model, &ty);
            let secret = path
                .steps
                .last()
                .and_then(|id| self.field(*id))
                .is_some_and(|field| field.privacy == crate::Privacy::Secret && !own);
            if own && path.steps.len() > 1 {
                let message = "an index covers the fields of its own entity";
                self.report(
                    &codes::FOREIGN_FIELD,
                    view.span(),
                    message,
                    "put the index into the entity of that field",
                );
            } else if matches!(ty, Type::Related(_)) {
                let message = format!("`{}` stands for many rows, not for a value", view.node().text());
                self.report(
                    &codes::RELATION_AS_VALUE,
                    view.span(),
                    message,
                    "put the clause into the entity on the other side",
                );
            } else if secret {
                self.secret_read(view.node().text(), view.span());
            } else if matches!(Class::of(&ty), Class::Json | Class::List) {
                let message = format!("values of type `{shown}` have no order");
                self.report(
                    &codes::UNORDERED,
                    view.span(),
                    message,
                    "move what is sorted by into a field of its own",
                );
            } else if known.insert(path.clone()) {
                keys.push(SortKey {
                    path,
                    descending: sort.descending(),
                    span: sort.span(),
                });
            } else {
                let message = format!("`{}` is listed twice", view.node().text());
                self.report(&codes::REPEATED_NAME, view.span(), message, "remove one of them");
            }
        }
        keys
    }

    fn key(&mut self, id: EntityId, view: ast::Key<'t>) {
        self.clause_attrs(view.attrs(), &[], "a key");
        let first = self
            .model
            .entity(id)
            .and_then(|entity| entity.key.as_ref())
            .map(|key| key.span);
        if let Some(first) = first {
            let found = Diagnostic::new(&codes::SECOND_CLAUSE, view.span(), "an entity has one key")
                .also(first, "the first one");
            self.push(found.help("write `unique (…)` for the other"));
            return;
        }
        let Some(fields) = self.field_list(id, view.names()) else {
            return;
        };
        for (field, name) in fields.clone().into_iter().zip(view.names()) {
            if let Some(place) = self
                .field(field)
                .filter(|field| field.optional)
                .map(|field| field.type_span)
            {
                let message = format!("`{}` is part of the key, and may be empty", name.text);
                let found =
                    Diagnostic::new(&codes::OPTIONAL_KEY, name.span, message).also(place, "may be empty");
                self.push(found.help("remove the `?` behind its type"));
            }
        }
        self.change(id, |entity| {
            entity.key = Some(Key {
                fields,
                span: view.span(),
            })
        });
    }

    /// `@id` on a field is a key of one field.
    fn natural_key(&mut self, id: EntityId) {
        let Some((field, span)) = self.id_attributes.get(&id).copied() else {
            return;
        };
        let first = self
            .model
            .entity(id)
            .and_then(|entity| entity.key.as_ref())
            .map(|key| key.span);
        match first {
            Some(first) => {
                let found = Diagnostic::new(&codes::SECOND_CLAUSE, span, "an entity has one key")
                    .also(first, "the other one");
                self.push(found.help("keep one of them"));
            }
            None => self.change(id, |entity| {
                entity.key = Some(Key {
                    fields: vec![field],
                    span,
                })
            }),
        }
    }

    fn reference(&mut self, id: EntityId, view: ast::Reference<'t>, seen: &mut Seen<'t>) {
        let (on_delete, on_delete_span) = self.reference_on_delete(view);
        let (Some(name), Some(target)) = (view.name(), view.target()) else {
            return;
        };
        if let Some(first) = self.reference_named(id, name.text, seen) {
            let message = format!("`{}` is the name of something else already", name.text);
            let found =
                Diagnostic::new(&codes::DUPLICATE_FIELD, name.span, message).also(first, "the first one");
            self.push(found.help("rename one of them: references and fields share their names"));
            return;
        }
        let target_id = self.expect_entity(target);
        let fields = self.field_list(id, view.from());
        let Some(target_id) = target_id else { return };
        let (Some(fields), Some(referenced)) = (fields, self.field_list(target_id, view.to())) else {
            return;
        };
        if fields.len() != referenced.len() {
            let message = format!("{} fields refer to {}", fields.len(), referenced.len());
            self.report(
                &codes::REFERENCE_COUNT,
                view.span(),
                message,
                "name as many fields on the right as on the left, in the same order",
            );
            return;
        }
        for (own, other) in fields.iter().zip(&referenced) {
            self.paired_types(*own, *other, view.span());
        }
        if on_delete == OnDelete::SetNull {
            let required = fields
                .iter()
                .filter_map(|id| self.field(*id))
                .find(|field| !field.optional);
            if let Some((text, place)) = required.map(|field| (field.name.text.clone(), field.type_span)) {
                let message = format!("`{text}` is required, so it cannot be emptied");
                let span = on_delete_span.unwrap_or_default();
                let found =
                    Diagnostic::new(&codes::SET_NULL_ON_REQUIRED, span, message).also(place, "required");
                self.push(found.help("write a `?` behind its type, or another `@on_delete`"));
            }
        }
        let reference = Reference {
            name: name_of(name),
            fields,
            target: target_id,
            referenced,
            on_delete,
            span: view.span(),
        };
        if let Some(entity) = self.model.entity(id) {
            seen.reference_names.insert(name.text, name.span);
            seen.references.push((entity.references.len(), view.span()));
        }
        self.change(id, |entity| entity.references.push(reference));
    }

    fn reference_on_delete(&mut self, view: ast::Reference<'t>) -> (OnDelete, Option<Span>) {
        const HELP: &str = "write one of `cascade`, `restrict`, `set_null`";
        let attrs = self.clause_attrs(view.attrs(), &["on_delete"], "a reference");
        let Some(attr) = attrs.first().copied() else {
            return (OnDelete::Restrict, None);
        };
        let action = match self.word_arg(attr, HELP).map(|word| word.text) {
            Some("cascade") => OnDelete::Cascade,
            Some("set_null") => OnDelete::SetNull,
            Some("restrict") | None => OnDelete::Restrict,
            Some(_) => {
                self.bad_argument(attr, HELP);
                OnDelete::Restrict
            }
        };
        (action, Some(attr.span()))
    }

    /// A field or another reference of the same name.
    fn reference_named(&self, id: EntityId, name: &'t str, seen: &mut Seen<'t>) -> Option<Span> {
        let field = self.field_named(id, name).and_then(|field| self.field(field));
        field
            .map(|field| field.name.span)
            .or_else(|| seen.reference_names.get(name).copied())
    }

    fn paired_types(&mut self, own: FieldId, other: FieldId, span: Span) {
        let (Some(one), Some(two)) = (self.field(own), self.field(other)) else {
            return;
        };
        let same = one.ty == two.ty || one.ty == Type::Unknown || two.ty == Type::Unknown;
        if same {
            return;
        }
        let (a, b) = (
            describe::type_name(&self.model, &one.ty),
            describe::type_name(&self.model, &two.ty),
        );
        let message = format!(
            "`{}` is of type `{a}`, and `{}` of type `{b}`",
            one.name.text, two.name.text
        );
        let found =
            Diagnostic::new(&codes::REFERENCE_TYPES, span, message).also(one.type_span, format!("`{a}`"));
        let found = found.also(two.type_span, format!("`{b}`"));
        self.push(found.help("give both the same type"));
    }

    fn referenced_unique(&mut self, id: EntityId, at: usize, span: Span) {
        let Some(reference) = self.model.entity(id).and_then(|entity| entity.references.get(at)) else {
            return;
        };
        let Some(target) = self.model.entity(reference.target) else {
            return;
        };
        let wanted: HashSet<FieldId> = reference.referenced.iter().copied().collect();
        let same = |fields: &[FieldId]| {
            fields.len() == wanted.len() && fields.iter().all(|field| wanted.contains(field))
        };
        let key = target.key.as_ref().is_some_and(|key| same(&key.fields));
        let id_field = target
            .implied(crate::ImpliedField::Id)
            .is_some_and(|(id, _)| wanted.contains(&id));
        let public = target
            .implied(crate::ImpliedField::PublicId)
            .is_some_and(|(id, _)| same(&[id]));
        if key || id_field || public || target.uniques.iter().any(|unique| same(&unique.fields)) {
            return;
        }
        let names: Vec<String> = wanted_names(target, &reference.referenced);
        let message = format!(
            "several rows of `{}` could have the same {}",
            target.name.text,
            describe::list(&names)
        );
        let help = format!("write `unique ({})` in `{}`", names.join(", "), target.name.text);
        self.report(&codes::REFERENCE_NOT_UNIQUE, span, message, &help);
    }

    /// A plain reference has one column, so it cannot hold a key of several fields.
    fn composite_targets(&mut self) {
        let composite: HashSet<EntityId> = self
            .model
            .entities
            .iter()
            .filter(|entity| entity.identity.value == Identity::Natural)
            .filter(|entity| entity.key.as_ref().is_some_and(|key| key.fields.len() > 1))
            .map(|entity| entity.id)
            .collect();
        if composite.is_empty() {
            return;
        }
        let mut found = Vec::new();
        for field in self.model.entities.iter().flat_map(|entity| &entity.fields) {
            if let Type::Reference(target) = field.ty
                && composite.contains(&target)
            {
                found.push((field.type_span, self.entity_name(target)));
            }
        }
        for (span, name) in found {
            let message =
                format!("`{name}` is identified by several fields, which one reference cannot hold");
            let help = format!("declare its fields here and write `reference name (…) -> {name} (…)`");
            self.report(&codes::COMPOSITE_TARGET, span, message, &help);
        }
    }

    fn check(&mut self, id: EntityId, view: ast::Check<'t>) {
        let mut name = None;
        for attr in self.clause_attrs(view.attrs(), &["name"], "a check") {
            name = self
                .text_arg(attr, "write a name: `@name(\"price_not_negative\")`")
                .map(|(name, _)| name);
        }
        let Some(expr) = view.expr() else { return };
        let mut scope = Scope::new(id, Place::Check);
        let expr = self.condition(&mut scope, expr);
        let check = Check {
            expr,
            name,
            span: view.span(),
        };
        self.change(id, |entity| entity.checks.push(check));
    }

    fn volume(&mut self, id: EntityId, view: ast::Volume<'t>, seen: &mut Seen<'t>) {
        if let Some(first) = seen.volume.replace(view.span()) {
            let found = Diagnostic::new(&codes::SECOND_CLAUSE, view.span(), "an entity has one volume")
                .also(first, "the first one");
            self.push(found.help("keep one of them"));
            return;
        }
        let rows = view
            .count()
            .and_then(ast::Count::value)
            .map(|number| number.as_f64().max(0.0) as u64);
        let Some(rows) = rows else { return };
        let grows = view.grows().and_then(ast::Rate::per_second);
        let updates = view.updates().and_then(ast::Rate::per_second);
        self.change(id, |entity| {
            entity.volume = Some(Volume {
                rows,
                grows,
                updates,
                span: view.span(),
            })
        });
    }

    pub(super) fn raw_sql(&mut self, view: ast::Sql<'t>) -> Option<RawSql> {
        const DIALECTS: [&str; 5] = ["postgres", "sqlite", "mariadb", "mysql", "mongodb"];
        let (database, statement) = (view.database()?, view.statement()?);
        if !DIALECTS.contains(&database.text) {
            let meant = self.near(database.text, DIALECTS.into_iter());
            let message = format!("there is no database `{}`", database.text);
            let near = super::Near {
                typed: database.text,
                meant,
            };
            let help = format!(
                "it is one of {}",
                DIALECTS.map(|name| format!("`{name}`")).join(", ")
            );
            self.unknown(&codes::SQL_DIALECT, database.span, message, near, &help);
            return None;
        }
        let undo = view.undo().map(|undo| undo.value());
        if undo.is_none() {
            let message = "nothing says how to undo this statement";
            self.report(
                &codes::SQL_WITHOUT_UNDO,
                database.span,
                message,
                "write `undo \"…\"` behind it: without it no migration over this can be rolled back",
            );
        }
        Some(RawSql {
            dialect: name_of(database),
            up: statement.value(),
            undo,
            first: view.is_first(),
            span: view.span(),
        })
    }
}

fn wanted_names(entity: &crate::Entity, fields: &[FieldId]) -> Vec<String> {
    fields
        .iter()
        .filter_map(|id| entity.fields.get(id.index as usize))
        .map(|field| field.name.text.clone())
        .collect()
}
