//! The schema while it is being decided.

use std::collections::HashMap;
use std::hash::BuildHasherDefault;
use std::rc::Rc;

use diagnostics::{Diagnostic, Diagnostics};
use model::{ContextMode, Entity, EntityId, Field, FieldId, Model, Ownership, Type};
use physical::{
    Actors, Behaviour, Blueprint, Column, Database, Ident, Name, Origin, Placed, Purpose, Roles, Schema,
    Service, Table, TableInfo,
};

use crate::facts::{self, Facts};
use crate::names::{Fnv, Names, Space};
use crate::{Decision, Designed, Kind, codes};

/// The schema so far, and what the decisions share.
pub(crate) struct Draft<'m> {
    /// What was asked for.
    pub model: &'m Model,
    /// Names that are taken.
    pub names: Names,
    /// What will be answered.
    pub blueprint: Blueprint,
    /// Why.
    pub decisions: Vec<Decision>,
    /// What cannot be.
    pub diagnostics: Diagnostics,
    /// Per link: its table.
    pub links: Vec<LinkTable>,
    /// The audit log, when there is one.
    pub log: Option<Name>,
    /// The key table, when anything is encrypted.
    pub keys: Option<Name>,
    facts: Vec<Rc<Facts>>,
    incoming: Vec<Vec<FieldId>>,
    user: Option<&'m Entity>,
    nothing: Rc<Facts>,
    tables: HashMap<Name, usize, BuildHasherDefault<Fnv>>,
}

/// The table of a many-to-many relation.
#[derive(Debug, Clone)]
pub(crate) struct LinkTable {
    /// Its name.
    pub table: Name,
    /// The column that refers to the declaring side.
    pub left: Ident,
    /// The column that refers to the other side.
    pub right: Ident,
    /// The owner's column.
    pub owner: Option<Ident>,
    /// The tenant's column.
    pub tenant: Option<Ident>,
}

impl<'m> Draft<'m> {
    /// Tables without columns, one per entity.
    pub(crate) fn new(model: &'m Model) -> Self {
        let mut names = Names::default();
        let blueprint = empty(model, &mut names);
        let facts = facts::gather(model, &blueprint.schema, &mut names);
        let mut draft = Self {
            model,
            names,
            blueprint,
            decisions: Vec::new(),
            diagnostics: Diagnostics::default(),
            links: Vec::new(),
            log: None,
            keys: None,
            incoming: incoming(model),
            user: user(model),
            facts: facts.into_iter().map(Rc::new).collect(),
            nothing: Rc::new(Facts::nothing()),
            tables: HashMap::default(),
        };
        for entity in &model.entities {
            draft.entity_table(entity);
        }
        draft
    }

    fn entity_table(&mut self, entity: &Entity) {
        let facts = self.facts(entity.id);
        let name = facts.table.clone();
        let mut columns = Vec::new();
        for index in 0..entity.fields.len() as u32 {
            let field = FieldId {
                entity: entity.id,
                index,
            };
            columns.extend(facts.column(field).map(|(column, _)| (column.clone(), field)));
        }
        let info = TableInfo {
            name: name.clone(),
            purpose: Purpose::Entity(entity.id),
            columns,
            owner: facts.owner.as_ref().map(|owner| owner.column.clone()),
            tenant: facts.tenant.clone(),
        };
        self.add_table(Table::new(name, Origin::Span(entity.name.span)), info);
    }

    /// Whether nothing is designed: then no decision has anything to serve.
    pub(crate) fn is_bare(&self) -> bool {
        self.model.entities.is_empty()
    }

    /// Adds a table.
    pub(crate) fn add_table(&mut self, table: Table, info: TableInfo) {
        self.tables
            .insert(table.name.clone(), self.blueprint.database.tables.len());
        self.blueprint.database.tables.push(table);
        self.blueprint.tables.push(info);
    }

    /// A table by name.
    pub(crate) fn table(&self, name: &Name) -> Option<&Table> {
        self.blueprint.database.tables.get(*self.tables.get(name)?)
    }

    /// Changes a table.
    pub(crate) fn change(&mut self, name: &Name, change: impl FnOnce(&mut Table)) {
        let table = self
            .tables
            .get(name)
            .and_then(|at| self.blueprint.database.tables.get_mut(*at));
        if let Some(table) = table {
            change(table);
        }
    }

    /// Adds a column to an entity's table, unless it is there.
    pub(crate) fn add_column(&mut self, entity: EntityId, column: Column) {
        let name = self.facts(entity).table.clone();
        self.change(&name, |table| {
            if table.column(column.name.as_str()).is_none() {
                table.columns.push(column);
            }
        });
    }

    /// The facts of an entity.
    pub(crate) fn facts(&self, id: EntityId) -> &Rc<Facts> {
        self.facts.get(id.0 as usize).unwrap_or(&self.nothing)
    }

    /// The references to an entity.
    pub(crate) fn incoming(&self, id: EntityId) -> &[FieldId] {
        self.incoming.get(id.0 as usize).map_or(&[], Vec::as_slice)
    }

    /// Records a decision.
    pub(crate) fn decide(&mut self, decision: Decision) {
        self.decisions.push(decision);
    }

    /// Gives a finding.
    pub(crate) fn complain(&mut self, diagnostic: Diagnostic) {
        self.diagnostics.push(diagnostic);
    }

    /// Says what a table does.
    pub(crate) fn behave(&mut self, table: &Name, what: Behaviour, origin: Origin) {
        self.blueprint.behaviours.push(Placed {
            table: table.clone(),
            what,
            origin,
        });
    }

    /// Says what the schema offers.
    pub(crate) fn offer(&mut self, table: &Name, what: Service, origin: Origin) {
        self.blueprint.services.push(Placed {
            table: table.clone(),
            what,
            origin,
        });
    }

    /// The entity of the people who log in.
    pub(crate) const fn user(&self) -> Option<&'m Entity> {
        self.user
    }

    /// A name in the private schema.
    pub(crate) fn private(&mut self, name: &str) -> Name {
        let ident = self.names.take(Space::Private, name);
        Name {
            schema: Some(self.blueprint.private_schema.clone()),
            name: ident,
        }
    }

    /// A name in the audit schema.
    pub(crate) fn audit(&mut self, name: &str) -> Name {
        let ident = self.names.take(Space::Audit, name);
        Name {
            schema: Some(self.blueprint.audit_schema.clone()),
            name: ident,
        }
    }

    /// The name of a function.
    pub(crate) fn function(&mut self, name: &str) -> Ident {
        self.names.take(Space::Function, name)
    }

    /// The answer.
    pub(crate) fn finish(mut self) -> Designed {
        for shortened in std::mem::take(&mut self.names.shortened) {
            let message = format!("`{}` is longer than databases take", shortened.full);
            let finding = Diagnostic::global(&codes::NAME_SHORTENED, message);
            self.complain(finding.help(format!("it is called `{}` in the database", shortened.short)));
        }
        read_in_order(&mut self.blueprint);
        Designed {
            blueprint: self.blueprint,
            decisions: self.decisions,
            diagnostics: self.diagnostics,
        }
    }
}

/// Puts what the user wrote first and what serves it after: the order in which people read the SQL. Dependencies are
/// satisfied later, as far as they differ from it.
fn read_in_order(blueprint: &mut Blueprint) {
    let ranks: HashMap<Name, u8> = blueprint
        .tables
        .iter()
        .map(|info| (info.name.clone(), rank(info.purpose)))
        .collect();
    blueprint
        .database
        .tables
        .sort_by_key(|table| ranks.get(&table.name).copied().unwrap_or(0));
}

const fn rank(purpose: Purpose) -> u8 {
    match purpose {
        Purpose::Entity(_) | Purpose::Link(..) => 0,
        Purpose::Actors => 1,
        Purpose::Access(_) => 2,
        Purpose::Keys | Purpose::Context | Purpose::Private => 3,
        Purpose::Audit => 4,
        Purpose::Seals => 5,
        Purpose::Events => 6,
    }
}

/// Written fields of an entity with their ids.
pub(crate) fn fields(entity: &Entity) -> impl Iterator<Item = (FieldId, &Field)> {
    let id = entity.id;
    entity.fields.iter().enumerate().map(move |(index, field)| {
        (
            FieldId {
                entity: id,
                index: index as u32,
            },
            field,
        )
    })
}

/// The entity of the people who log in.
fn user(model: &Model) -> Option<&Entity> {
    let owns_itself = || {
        model
            .entities
            .iter()
            .find(|entity| entity.ownership == Ownership::Itself)
    };
    model
        .policy
        .actor
        .value
        .and_then(|id| model.entity(id))
        .or_else(owns_itself)
}

/// Where an object comes from that a decision made for an entity.
pub(crate) fn decided(kind: &Kind, entity: &Entity) -> Origin {
    Origin::Decision(kind.id, Some(entity.name.span))
}

/// `Order.total`.
pub(crate) fn subject(entity: &Entity, field: &Field) -> String {
    [entity.name.text.as_str(), ".", field.name.text.as_str()].concat()
}

/// The references to each entity, in source order.
fn incoming(model: &Model) -> Vec<Vec<FieldId>> {
    let mut all = vec![Vec::new(); model.entities.len()];
    for entity in &model.entities {
        for (id, field) in fields(entity) {
            if let (model::FieldOrigin::Written, Type::Reference(target)) = (field.origin, &field.ty)
                && let Some(list) = all.get_mut(target.0 as usize)
            {
                list.push(id);
            }
        }
    }
    all
}

/// A blueprint with names and without tables.
fn empty(model: &Model, names: &mut Names) -> Blueprint {
    let project = model
        .project
        .as_ref()
        .map_or("project", |project| project.name.text.as_str());
    let schema = names.take(Space::Role, facts::schema_of(model).as_str());
    let mut suffixed = |suffix: &str| names.take(Space::Role, &format!("{project}_{suffix}"));
    let (private_schema, audit_schema, masked_schema) =
        (suffixed("private"), suffixed("audit"), suffixed("masked"));
    let roles = Roles {
        owner: suffixed("owner"),
        guard: suffixed("guard"),
        mask: suffixed("mask"),
        migrator: suffixed("migrator"),
        app: suffixed("app"),
        reader: suffixed("reader"),
        auditor: suffixed("auditor"),
        sealer: suffixed("sealer"),
        eraser: suffixed("eraser"),
        backup: suffixed("backup"),
        declared: model.roles.iter().map(|role| suffixed(&role.name.text)).collect(),
    };
    Blueprint {
        project: Ident::from(project),
        context: match model.policy.context.value {
            ContextMode::Setting => physical::ContextMode::Setting,
            ContextMode::Signed => physical::ContextMode::Signed,
        },
        database: Database {
            schemas: if model.entities.is_empty() {
                Vec::new()
            } else {
                schemas([&schema, &private_schema, &audit_schema, &masked_schema])
            },
            ..Database::default()
        },
        schema,
        private_schema,
        audit_schema,
        masked_schema,
        roles,
        actors: None::<Actors>,
        tenant: None,
        tables: Vec::new(),
        behaviours: Vec::new(),
        services: Vec::new(),
        found: Database::default(),
        raw: Vec::new(),
    }
}

/// The four schemas; rights come later.
fn schemas(names: [&Ident; 4]) -> Vec<Schema> {
    let purposes = [
        "The application's tables",
        "Functions and state that are nobody's business",
        "The audit trail, its seals, and the security events",
        "Views that show personal data masked",
    ];
    let schema = |(name, purpose): (&Ident, &str)| Schema {
        name: name.clone(),
        owner: None,
        grants: Vec::new(),
        comment: Some(purpose.to_owned()),
        origin: Origin::Decision("grants", None),
    };
    names.into_iter().zip(purposes).map(schema).collect()
}
