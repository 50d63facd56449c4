//! Which names there are.

use diagnostics::{Diagnostic, FileId, Span};
use syntax::ast::{self, Item};

use super::found::is_found;
use super::{Named, Resolver, doc_of, name_of, types};
use crate::found::FoundId;
use crate::{Access, AuditMode, Entity, EntityId, Enum, EnumId, Identity, Opted, Ownership};
use crate::{Role, RoleId, Shape, ShapeId, UuidVersion, Versioning, codes, naming};

impl<'t> Resolver<'t> {
    pub(super) fn collect(&mut self, files: &[(FileId, &'t syntax::Parse)]) {
        for (_, parse) in files {
            for item in parse.file().items() {
                self.item(item);
            }
        }
    }

    fn item(&mut self, item: Item<'t>) {
        match item {
            Item::Project(project) => self.projects.push(project),
            Item::Policy(policy) => self.policies.push(policy),
            Item::Enum(view) => self.add_enum(view),
            Item::Entity(view) => self.add_entity(view),
            Item::Shape(view) => self.add_shape(view),
            Item::Role(view) => self.add_role(view),
            Item::Sql(view) => {
                if let Some(sql) = self.raw_sql(view) {
                    self.model.sql.push(sql);
                }
            }
        }
    }

    /// Takes a name, unless it is taken.
    fn take(&mut self, name: ast::Name<'t>, named: Named) -> bool {
        if types::is_built_in(name.text) {
            let message = format!("`{}` is a built-in type", name.text);
            let found = Diagnostic::new(&codes::BUILT_IN_NAME, name.span, message);
            let table = naming::table(name.text);
            self.push(match named {
                Named::Entity(_) | Named::Found(_) => found.help(format!(
                    "give it another name, and keep its table with `@table(\"{table}\")`"
                )),
                _ => found.help("give it another name"),
            });
        }
        if let Some((_, first)) = self.items.get(name.text) {
            let message = format!("there are two items named `{}`", name.text);
            let found =
                Diagnostic::new(&codes::DUPLICATE_ITEM, name.span, message).also(*first, "the first one");
            self.push(found.help("entities, enums and shapes share their names across all files"));
            return false;
        }
        self.items.insert(name.text, (named, name.span));
        true
    }

    fn add_enum(&mut self, view: ast::Enum<'t>) {
        let id = EnumId(self.model.enums.len() as u32);
        let Some(name) = view.name() else { return };
        if self.take(name, Named::Enum(id)) {
            self.enums.push(view);
            self.model.enums.push(Enum {
                name: name_of(name),
                doc: doc_of(view.doc()),
                members: Vec::new(),
                moves: Vec::new(),
                initial: Vec::new(),
                native: false,
                type_name: None,
            });
        }
    }

    fn add_shape(&mut self, view: ast::Shape<'t>) {
        let id = ShapeId(self.model.shapes.len() as u32);
        let Some(name) = view.name() else { return };
        if self.take(name, Named::Shape(id)) {
            self.shapes.push(view);
            self.model.shapes.push(Shape {
                name: name_of(name),
                doc: doc_of(view.doc()),
                fields: Vec::new(),
            });
        }
    }

    fn add_role(&mut self, view: ast::Role<'t>) {
        let Some(name) = view.name() else { return };
        let id = RoleId(self.model.roles.len() as u32);
        if let Some(first) = self
            .roles
            .get(name.text)
            .and_then(|id| self.model.role(*id))
            .map(|role| role.name.span)
        {
            let message = format!("there are two roles named `{}`", name.text);
            self.push(
                Diagnostic::new(&codes::DUPLICATE_ITEM, name.span, message).also(first, "the first one"),
            );
            return;
        }
        self.roles.insert(name.text, id);
        let because = view.reason().map(|reason| reason.value()).unwrap_or_default();
        self.model.roles.push(Role {
            name: name_of(name),
            doc: doc_of(view.doc()),
            because,
        });
    }

    fn add_entity(&mut self, view: ast::Entity<'t>) {
        let id = EntityId(self.model.entities.len() as u32);
        let Some(name) = view.name() else { return };
        if is_found(view) {
            let id = FoundId(self.model.found.len() as u32);
            if self.take(name, Named::Found(id)) {
                self.add_found(view, name);
            }
            return;
        }
        if self.take(name, Named::Entity(id)) {
            self.entities.push(view);
            let mut entity = blank(id, name.text, name.span);
            entity.doc = doc_of(view.doc());
            self.model.entities.push(entity);
        }
    }

    /// An entity by name, or a complaint.
    pub(super) fn expect_entity(&mut self, name: ast::Name<'_>) -> Option<EntityId> {
        match self.items.get(name.text) {
            Some((Named::Entity(id), _)) => Some(*id),
            Some((Named::Found(_), _)) => {
                self.refers_to_found(name);
                None
            }
            _ => {
                let names: Vec<String> = self
                    .model
                    .entities
                    .iter()
                    .map(|entity| entity.name.text.clone())
                    .collect();
                let meant = self.near(name.text, names.iter().map(String::as_str));
                let message = format!("there is no entity `{}`", name.text);
                let near = super::Near {
                    typed: name.text,
                    meant,
                };
                self.unknown(
                    &codes::UNKNOWN_TYPE,
                    name.span,
                    message,
                    near,
                    "declare it with `entity`",
                );
                None
            }
        }
    }
}

impl Resolver<'_> {
    /// What is designed relies on what every designed table has: an id, an owner, deletion that leaves a trace.
    pub(super) fn refers_to_found(&mut self, name: ast::Name<'_>) {
        let message = format!(
            "`{}` is without defaults, and what is designed cannot refer to it",
            name.text
        );
        let help = "decide for the entity that is referred to first: take its `without defaults` away";
        self.report(&codes::REFERS_TO_FOUND, name.span, message, help);
    }
}

fn blank(id: EntityId, name: &str, span: Span) -> Entity {
    Entity {
        id,
        name: crate::Name {
            text: name.to_owned(),
            span,
        },
        table: naming::table(name),
        was: Vec::new(),
        doc: None,
        ownership: Ownership::Unknown,
        identity: Opted::by_default(Identity::Dual(UuidVersion::V4)),
        timestamps: Opted::by_default(true),
        authors: Opted::by_default(true),
        soft_delete: Opted::by_default(true),
        versioning: Opted::by_default(Versioning::On),
        audit: Opted::by_default(AuditMode::Chained),
        access: Opted::by_default(Access::Separate),
        tenant: Opted::by_default(false),
        fields: Vec::new(),
        uniques: Vec::new(),
        indexes: Vec::new(),
        key: None,
        references: Vec::new(),
        checks: Vec::new(),
        queries: Vec::new(),
        volume: None,
        retention: Vec::new(),
        allows: Vec::new(),
        partition: None,
        shard: None,
        sql: Vec::new(),
    }
}
