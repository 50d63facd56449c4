//! What `[T]` of an entity stands for (M3).

use std::collections::HashMap;

use diagnostics::Span;
use syntax::ast::{self, Expr};

use super::describe::list as names_list;
use super::{Named, Resolver};
use crate::{
    EntityId, FieldId, FieldOrigin, ImpliedField, Inverse, LinkId, ManyToMany, Relation, Type, codes, naming,
};

/// A relation to many, before it is known how it is stored.
struct Open<'t> {
    field: FieldId,
    target: EntityId,
    span: Span,
    view: ast::Field<'t>,
}

/// The single references from one entity to another: written ones, the tenant's, and as a last resort the inherited owner.
type References = HashMap<(EntityId, EntityId), Vec<FieldId>>;

impl<'t> Resolver<'t> {
    pub(super) fn relations(&mut self) {
        let references = self.single_references();
        let mut links: Vec<(Open<'t>, Option<FieldId>)> = Vec::new();
        for open in self.open_relations() {
            if let Some(attr) = attr_of(open.view, "through") {
                self.through(&open, attr, &references);
            } else if let Some(attr) = attr_of(open.view, "inverse") {
                if let Some(back) = self.inverse(&open, attr) {
                    links.push((open, Some(back)));
                }
            } else if open.target == open.field.entity {
                self.unexplained(&open);
            } else {
                match references
                    .get(&(open.target, open.field.entity))
                    .map(Vec::as_slice)
                {
                    Some([only]) => self.relate(open.field, Relation::Inverse(Inverse { of: *only })),
                    Some([_, _, ..]) => self.ambiguous(&open, &references),
                    _ => links.push((open, None)),
                }
            }
        }
        self.links(links);
    }

    fn open_relations(&self) -> Vec<Open<'t>> {
        let mut all = Vec::new();
        for (entity, views) in self.model.entities.iter().zip(&self.field_views) {
            for (at, (field, view)) in entity.fields.iter().zip(views).enumerate() {
                if let Type::Related(target) = field.ty {
                    let id = FieldId {
                        entity: entity.id,
                        index: at as u32,
                    };
                    all.push(Open {
                        field: id,
                        target,
                        span: field.type_span,
                        view: *view,
                    });
                }
            }
        }
        all
    }

    fn single_references(&self) -> References {
        let mut written = References::new();
        let mut owners = References::new();
        for entity in &self.model.entities {
            for (at, field) in entity.fields.iter().enumerate() {
                let Type::Reference(target) = field.ty else {
                    continue;
                };
                let id = FieldId {
                    entity: entity.id,
                    index: at as u32,
                };
                let list = match field.origin {
                    FieldOrigin::Implied(ImpliedField::Owner) => &mut owners,
                    _ => &mut written,
                };
                list.entry((entity.id, target)).or_default().push(id);
            }
        }
        for (pair, fields) in owners {
            written.entry(pair).or_insert(fields);
        }
        written
    }

    fn relate(&mut self, field: FieldId, relation: Relation) {
        if let Some(field) = self.field_mut(field) {
            field.relation = Some(relation);
        }
    }

    fn unexplained(&mut self, open: &Open<'t>) {
        let name = self.entity_name(open.target);
        let message = format!("a `{name}` relates to many of its own kind: how?");
        let parents = self.candidates(open.target, open.target);
        let help = match parents.first() {
            Some(parent) => format!("for the other side of `{parent}`, write `@inverse({parent})`; for a table between, `@through(Entity.field)`"),
            None => "declare an entity with two references and write `@through(Entity.field)`, naming the one to this side".to_owned(),
        };
        self.report(&codes::SELF_RELATION, open.span, message, &help);
    }

    /// Names of written single references from one entity to another.
    fn candidates(&self, from: EntityId, to: EntityId) -> Vec<String> {
        let Some(entity) = self.model.entity(from) else {
            return Vec::new();
        };
        let fields = entity
            .fields
            .iter()
            .filter(|field| field.ty == Type::Reference(to));
        fields.map(|field| field.name.text.clone()).collect()
    }

    fn ambiguous(&mut self, open: &Open<'t>, references: &References) {
        let of = references.get(&(open.target, open.field.entity));
        let names: Vec<String> = of
            .into_iter()
            .flatten()
            .filter_map(|id| self.field(*id))
            .map(|field| field.name.text.clone())
            .collect();
        let target = self.entity_name(open.target);
        let message = format!(
            "`{target}` refers here in {} ways: {}",
            names.len(),
            names_list(&names)
        );
        let first = names.first().map_or("field", String::as_str);
        self.report(
            &codes::AMBIGUOUS_RELATION,
            open.span,
            message,
            &format!("say which: `@inverse({first})`"),
        );
    }

    /// `@inverse(f)`; answers a field that is itself a relation to many.
    fn inverse(&mut self, open: &Open<'t>, attr: ast::Attr<'t>) -> Option<FieldId> {
        let word = self.word_arg(attr, "write the field on the other side: `@inverse(order)`")?;
        let back = self.expect_field(open.target, word)?;
        let (target, here) = (self.entity_name(open.target), self.entity_name(open.field.entity));
        match self.field(back).map(|field| field.ty.clone()) {
            Some(Type::Reference(to)) if to == open.field.entity => {
                self.relate(open.field, Relation::Inverse(Inverse { of: back }));
                None
            }
            Some(Type::Related(to)) if to == open.field.entity && back != open.field => Some(back),
            Some(Type::Unknown) | None => None,
            Some(_) => {
                let message = format!("`{target}.{}` does not refer to `{here}`", word.text);
                let names = self.candidates(open.target, open.field.entity);
                let help = match names.is_empty() {
                    true => format!("`{target}` has no reference to `{here}`"),
                    false => format!("these do: {}", names_list(&names)),
                };
                self.report(&codes::BAD_INVERSE, word.span, message, &help);
                None
            }
        }
    }

    /// `@through(L)` or `@through(L.f)`, where `f` refers to this side.
    fn through(&mut self, open: &Open<'t>, attr: ast::Attr<'t>, references: &References) {
        let path = match attr.args().next().and_then(ast::Arg::expr) {
            Some(Expr::Path(path)) => path,
            _ => return self.bad_argument(attr, "write the entity between: `@through(Membership)`"),
        };
        let names: Vec<ast::Name<'t>> = path.names().collect();
        let Some(first) = names.first().copied() else {
            return;
        };
        let Some((Named::Entity(between), _)) = self.items.get(first.text).copied() else {
            let _ = self.expect_entity(first);
            return;
        };
        let here = open.field.entity;
        let of = |to: EntityId| references.get(&(between, to)).cloned().unwrap_or_default();
        let (mut near, mut far) = (of(here), of(open.target));
        if let Some(name) = names.get(1) {
            let Some(said) = self.expect_field(between, *name) else {
                return;
            };
            near.retain(|field| *field == said);
        }
        if here == open.target
            && let [near] = near.as_slice()
        {
            far.retain(|field| field != near);
        }
        if let ([near], [far]) = (near.as_slice(), far.as_slice())
            && near != far
        {
            let relation = Relation::Through {
                entity: between,
                near: *near,
                far: *far,
            };
            return self.relate(open.field, relation);
        }
        let (link, this, other) = (first.text, self.entity_name(here), self.entity_name(open.target));
        let message = format!("`{link}` does not link one `{this}` with one `{other}`");
        let help = format!(
            "it needs one required reference to each; with several, name the one to this side: `@through({link}.field)`"
        );
        self.report(&codes::BAD_THROUGH, attr.span(), message, &help);
    }

    /// Pairs the sides of many-to-many relations, and makes a link for each.
    fn links(&mut self, links: Vec<(Open<'t>, Option<FieldId>)>) {
        let mut between: HashMap<(EntityId, EntityId), Vec<usize>> = HashMap::new();
        for (at, (open, back)) in links.iter().enumerate() {
            if back.is_none() {
                between
                    .entry((open.field.entity, open.target))
                    .or_default()
                    .push(at);
            }
        }
        let said: HashMap<FieldId, FieldId> = links
            .iter()
            .filter_map(|(open, back)| Some((open.field, (*back)?)))
            .collect();
        let said_back: HashMap<FieldId, FieldId> = said.iter().map(|(field, back)| (*back, *field)).collect();
        for (open, back) in &links {
            if self
                .field(open.field)
                .is_none_or(|field| field.relation.is_some())
            {
                continue;
            }
            let back = back.or_else(|| said_back.get(&open.field).copied());
            let back = back.or_else(|| {
                let free = |at: &&usize| {
                    links
                        .get(**at)
                        .is_some_and(|(it, _)| !said_back.contains_key(&it.field))
                };
                let mine = between.get(&(open.field.entity, open.target))?;
                let theirs = between.get(&(open.target, open.field.entity))?;
                let both = mine.iter().filter(free).count() == 1 && theirs.iter().filter(free).count() == 1;
                let only = theirs.iter().find(free).filter(|_| both)?;
                links.get(*only).map(|(it, _)| it.field)
            });
            let unclear = back.is_none() && between.contains_key(&(open.target, open.field.entity));
            if unclear {
                let names = self.many_names(open.target, open.field.entity);
                let message = format!(
                    "`{}` relates back in several ways: {}",
                    self.entity_name(open.target),
                    names_list(&names)
                );
                let first = names.first().map_or("field", String::as_str);
                self.report(
                    &codes::AMBIGUOUS_RELATION,
                    open.span,
                    message,
                    &format!("say which: `@inverse({first})`"),
                );
                continue;
            }
            self.link(open, back);
        }
    }

    fn many_names(&self, from: EntityId, to: EntityId) -> Vec<String> {
        let Some(entity) = self.model.entity(from) else {
            return Vec::new();
        };
        entity
            .fields
            .iter()
            .filter(|field| field.ty == Type::Related(to))
            .map(|field| field.name.text.clone())
            .collect()
    }

    fn link(&mut self, open: &Open<'t>, back: Option<FieldId>) {
        let id = LinkId(self.model.links.len() as u32);
        let name = self
            .field(open.field)
            .map(|field| field.name.text.clone())
            .unwrap_or_default();
        let mut table = format!(
            "{}_{}",
            naming::snake(&self.entity_name(open.field.entity)),
            naming::snake(&name)
        );
        if let Some(attr) = attr_of(open.view, "table")
            && let Some((said, _)) = self.text_arg(attr, "write the table's name: `@table(\"product_tags\")`")
        {
            table = said;
        }
        self.relate(open.field, Relation::Link(id));
        if let Some(back) = back {
            self.relate(back, Relation::Link(id));
        }
        let (left, right) = (open.field.entity, open.target);
        self.model.links.push(ManyToMany {
            field: open.field,
            back,
            left,
            right,
            table,
        });
    }
}

fn attr_of<'t>(view: ast::Field<'t>, name: &str) -> Option<ast::Attr<'t>> {
    view.attrs()
        .find(|attr| attr.name().is_some_and(|it| it.text == name))
}
