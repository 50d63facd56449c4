//! From the typed views of the files to the model. Never fails: what is not understood becomes `Type::Unknown` or is left
//! out, and a diagnostic says so, once.
//!
//! The order of the passes is the order of what they need: names, settings, enums, heads and fields of entities, who owns
//! what, the fields that follow from that, relations to many, and last everything that names fields.

mod allow;
mod attrs;
mod clauses;
mod collisions;
mod constants;
mod describe;
mod enums;
mod exprs;
mod fields;
mod found;
mod found_clauses;
mod heads;
mod implied;
mod late;
mod names;
mod numbers;
mod operators;
mod ownership;
mod paths;
mod policy;
mod project;
mod queries;
mod relations;
mod retention;
mod shapes;
mod times;
mod types;

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use diagnostics::{Certainty, Diagnostic, Diagnostics, FileId, Rule, Span, did_you_mean};
use syntax::ast;

use crate::{EntityId, Field, FieldId, FieldOrigin, Model, Name};

/// How many names a whole run compares letter by letter to find what was meant; beyond that, complaints go without.
const NEAR_BUDGET: usize = 2_000_000;

/// Resolves the files of one project. What the parser found stays in each [`syntax::Parse`].
///
/// Linear in the size of the files, whatever is in them.
#[must_use]
pub fn resolve(files: &[(FileId, &syntax::Parse)]) -> (Model, Diagnostics) {
    let mut resolver = Resolver::default();
    resolver.collect(files);
    resolver.projects();
    resolver.policies();
    resolver.enumerations();
    resolver.heads();
    resolver.shape_fields();
    resolver.written_fields();
    resolver.find_actor();
    resolver.ownerships();
    resolver.implied_fields();
    resolver.relations();
    resolver.found_entities();
    resolver.late_attributes();
    resolver.clauses();
    resolver.finish_enums();
    resolver.collisions();
    (resolver.model, resolver.found)
}

/// What a name at the top of a file stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Named {
    Entity(EntityId),
    Found(crate::found::FoundId),
    Enum(crate::EnumId),
    Shape(crate::ShapeId),
}

/// Part of a field that can be read only when all fields are known.
#[derive(Debug, Clone, Copy)]
enum Late<'t> {
    Default(ast::Expr<'t>),
    Range(ast::Attr<'t>),
    Computed(ast::Attr<'t>),
}

#[derive(Default)]
struct Resolver<'t> {
    model: Model,
    found: Diagnostics,
    items: HashMap<&'t str, (Named, Span)>,
    roles: HashMap<&'t str, crate::RoleId>,
    projects: Vec<ast::Project<'t>>,
    policies: Vec<ast::Policy<'t>>,
    /// The views of entities, enums and shapes, by their ids.
    entities: Vec<ast::Entity<'t>>,
    enums: Vec<ast::Enum<'t>>,
    found_views: Vec<ast::Entity<'t>>,
    shapes: Vec<ast::Shape<'t>>,
    /// Positions of members, by enum and name.
    members: Vec<HashMap<String, u32>>,
    /// Members that say `@initial`, by enum.
    said_initial: Vec<Vec<u32>>,
    /// Positions of fields, by entity and name.
    fields: Vec<HashMap<Cow<'t, str>, u32>>,
    /// The views of written fields, by entity and position.
    field_views: Vec<Vec<ast::Field<'t>>>,
    /// What waits until all fields are known.
    late: Vec<(FieldId, Late<'t>)>,
    late_in_shapes: Vec<(crate::ShapeId, u32, Late<'t>)>,
    /// `@id` on a field, by entity.
    id_attributes: HashMap<EntityId, (FieldId, Span)>,
    /// Entities of which something was not understood.
    unsure: HashSet<EntityId>,
    /// The policy names a tenant that is not understood.
    tenant_unclear: bool,
    /// Whether the policy says who acts.
    actor_said: bool,
    compared: usize,
}

impl<'t> Resolver<'t> {
    fn push(&mut self, diagnostic: Diagnostic) {
        self.found.push(diagnostic);
    }

    fn report(&mut self, rule: &'static Rule, span: Span, message: impl Into<String>, help: &str) {
        self.found.push(Diagnostic::new(rule, span, message).help(help));
    }

    /// The candidate that was probably meant, as long as there is time to look for it.
    fn near<'c>(&mut self, typed: &str, candidates: impl Iterator<Item = &'c str>) -> Option<String> {
        if self.compared > NEAR_BUDGET {
            return None;
        }
        let all: Vec<&str> = candidates.collect();
        self.compared += all.len();
        did_you_mean(typed, all).map(str::to_owned)
    }

    /// A complaint about a name that does not exist, with the one that was probably meant, or with other help.
    fn unknown(&mut self, rule: &'static Rule, span: Span, message: String, near: Near<'_>, help: &str) {
        let found = Diagnostic::new(rule, span, message);
        let found = match near.meant {
            Some(meant) => {
                let only_case = meant.eq_ignore_ascii_case(near.typed);
                let certainty = if only_case {
                    Certainty::Certain
                } else {
                    Certainty::Suggested
                };
                let title = format!("write `{meant}`");
                found
                    .help(format!("did you mean `{meant}`?"))
                    .replace(certainty, title, span, meant)
            }
            None if help.is_empty() => found,
            None => found.help(help),
        };
        self.push(found);
    }

    fn field(&self, id: FieldId) -> Option<&Field> {
        self.model.field(id)
    }

    fn field_mut(&mut self, id: FieldId) -> Option<&mut Field> {
        self.model
            .entities
            .get_mut(id.entity.0 as usize)?
            .fields
            .get_mut(id.index as usize)
    }

    fn field_named(&self, entity: EntityId, name: &str) -> Option<FieldId> {
        /// No entity has more implied fields whose names are fixed.
        const IMPLIED: usize = 24;
        let known = self.fields.get(entity.0 as usize)?.get(name).copied();
        if let Some(index) = known {
            return Some(FieldId { entity, index });
        }
        let fields = &self.model.entity(entity)?.fields;
        let mut last = fields.iter().enumerate().rev().take(IMPLIED);
        let (at, _) =
            last.find(|(_, field)| field.origin != FieldOrigin::Written && field.name.text == name)?;
        Some(FieldId {
            entity,
            index: at as u32,
        })
    }

    /// The fields of an entity that may be named in the source.
    fn field_names(&self, entity: EntityId) -> Vec<String> {
        let entity = self.model.entity(entity);
        entity
            .map(|entity| {
                entity
                    .fields
                    .iter()
                    .map(|field| field.name.text.clone())
                    .collect()
            })
            .unwrap_or_default()
    }

    /// A field of an entity by the name that the source gives, or a complaint.
    fn expect_field(&mut self, entity: EntityId, name: ast::Name<'_>) -> Option<FieldId> {
        let known = self.field_named(entity, name.text);
        if known.is_none() {
            self.unknown_field(entity, name);
        }
        known
    }

    fn unknown_field(&mut self, entity: EntityId, name: ast::Name<'_>) {
        let names = self.field_names(entity);
        let meant = self.near(name.text, names.iter().map(String::as_str));
        let owner = self.entity_name(entity);
        let message = format!("`{owner}` has no field `{}`", name.text);
        let help = if names.is_empty() {
            String::new()
        } else {
            format!("it has {}", describe::list(&names))
        };
        self.unknown(
            &crate::codes::UNKNOWN_FIELD,
            name.span,
            message,
            Near {
                typed: name.text,
                meant,
            },
            &help,
        );
    }

    fn entity_name(&self, entity: EntityId) -> String {
        self.model
            .entity(entity)
            .map(|entity| entity.name.text.clone())
            .unwrap_or_default()
    }
}

/// A misspelled name and what it was probably meant to be.
struct Near<'a> {
    typed: &'a str,
    meant: Option<String>,
}

fn name_of(name: ast::Name<'_>) -> Name {
    Name {
        text: name.text.to_owned(),
        span: name.span,
    }
}

fn doc_of(doc: Option<ast::Doc<'_>>) -> Option<String> {
    doc.map(ast::Doc::text)
}
