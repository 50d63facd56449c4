//! What is proven: one schema on one kind of database.

use std::sync::Arc;

use model::{Entity, Model, Ownership};
use physical::{Behaviour, Blueprint, Name, Placed, Purpose, Realised, Table, TableInfo};
use plan::{Plan, Relational};

use crate::deploy::Change;

/// One schema on one kind of database.
#[derive(Debug, Clone)]
pub struct Subject {
    /// The project's name.
    pub project: String,
    /// What the schema means.
    pub model: Arc<Model>,
    /// What was designed, before any database.
    pub blueprint: Arc<Blueprint>,
    /// What this kind of database makes of it, and what it cannot give.
    pub realised: Realised,
    /// The way from nothing to there.
    pub plan: Plan,
    /// The kind of database.
    pub dialect: &'static Relational,
    /// Hash of the model.
    pub model_hash: String,
    /// The package of models that was emitted, if the project asks for one.
    pub models: Option<Models>,
    /// An earlier version from which a migration leads here, if one was named.
    pub change: Option<Arc<Change>>,
}

/// A package of models, as it was emitted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Models {
    /// For which framework.
    pub framework: Framework,
    /// By which name the package is imported; its files stand under the folders of that name.
    pub package: String,
    /// Path and text of each file, `/` between parts.
    pub files: Vec<(String, String)>,
}

/// A framework whose models can be tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Framework {
    /// SQLAlchemy with Pydantic.
    Sqlalchemy,
}

impl Subject {
    /// Whether this is PostgreSQL: the one with roles, schemas and row-level security.
    #[must_use]
    pub fn has_roles(&self) -> bool {
        self.dialect.name == "postgres"
    }

    /// How this database calls a table of the blueprint.
    #[must_use]
    pub fn realised_name(&self, name: &Name) -> Name {
        let schema = name
            .schema
            .as_ref()
            .map(physical::Ident::as_str)
            .unwrap_or_default();
        let candidates = [
            name.clone(),
            Name::bare(name.name.clone()),
            Name::bare(format!("{schema}_{}", name.name)),
        ];
        let own = self.blueprint.schema.as_str() == schema;
        let exists = |candidate: &&Name| self.realised.database.table(candidate).is_some();
        // A bare name is the application's own; `audit.log` and a table `log` are not the same.
        let order: [usize; 3] = if own { [0, 1, 2] } else { [0, 2, 1] };
        let found = order
            .iter()
            .filter_map(|index| candidates.get(*index))
            .find(exists);
        found.unwrap_or(name).clone()
    }

    /// What a table of this database is for.
    #[must_use]
    pub fn info(&self, table: &Name) -> Option<&TableInfo> {
        self.blueprint
            .tables
            .iter()
            .find(|info| self.realised_name(&info.name) == *table)
    }

    /// What a table of this database does by itself.
    pub fn behaviours(&self, table: &Name) -> impl Iterator<Item = &Behaviour> {
        let placed = self
            .blueprint
            .behaviours
            .iter()
            .filter(|placed: &&Placed<Behaviour>| {
                placed.table == *table || self.realised_name(&placed.table) == *table
            });
        placed.map(|placed| &placed.what)
    }

    /// The table of an entity in this database.
    #[must_use]
    pub fn table_of(&self, entity: model::EntityId) -> Option<&Table> {
        let info = self
            .blueprint
            .tables
            .iter()
            .find(|info| info.purpose == Purpose::Entity(entity))?;
        self.realised.database.table(&self.realised_name(&info.name))
    }

    /// The entity that a table of this database holds.
    #[must_use]
    pub fn entity_of(&self, table: &Name) -> Option<&Entity> {
        match self.info(table)?.purpose {
            Purpose::Entity(entity) => self.model.entity(entity),
            _ => None,
        }
    }

    /// The tenant's table in this database.
    #[must_use]
    pub fn tenant_table(&self) -> Option<Name> {
        self.blueprint
            .tenant
            .as_ref()
            .map(|name| self.realised_name(name))
    }

    /// The table of those who own rows in this database.
    #[must_use]
    pub fn user_table(&self) -> Option<Name> {
        if let Some(user) = self
            .blueprint
            .actors
            .as_ref()
            .and_then(|actors| actors.user.as_ref())
        {
            return Some(self.realised_name(user));
        }
        let owner = self
            .model
            .entities
            .iter()
            .find(|entity| entity.ownership == Ownership::Itself)?;
        self.table_of(owner.id).map(|table| table.name.clone())
    }
}

impl Subject {
    /// Puts together what is proven. The model's hash is that of what was designed from it, before any database.
    #[must_use]
    pub fn new(
        model: Arc<Model>,
        blueprint: Arc<Blueprint>,
        realised: Realised,
        plan: Plan,
        dialect: &'static Relational,
    ) -> Self {
        Self {
            project: blueprint.project.as_str().to_owned(),
            model_hash: physical::hash(&blueprint.database),
            model,
            blueprint,
            realised,
            plan,
            dialect,
            models: None,
            change: None,
        }
    }
}
