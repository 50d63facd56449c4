//! The resolved logical schema: what the text means.
//!
//! Every name is resolved once, here. Every item keeps the span it came from. Fields that the policy adds (`created_at`,
//! `public_id`, …) are ordinary [`Field`]s with [`FieldOrigin::Implied`], because queries and indexes name them; what form they
//! take in a database is `design`'s business.

pub mod codes;
mod entity;
mod expr;
pub mod found;
pub mod naming;
mod policy;
mod resolve;
mod types;

pub use entity::{
    AccessRule, Action, Allow, Check, Entity, EntityId, Enum, EnumId, EnumMember, Field, FieldId,
    FieldOrigin, ImpliedField, Index, Inverse, Key, LinkId, ManyToMany, OnDelete, Ownership, Privacy,
    Protection, Query, RawSql, Reference, Relation, Retention, RetentionKind, Role, RoleId, Shape, ShapeId,
    SortKey, Tracked, Unique, UniqueScope, Volume,
};
pub use expr::{Compare, Expr, ExprKind, FactorOp, Function, Literal, ParamId, Path, TermSign};
pub use policy::{
    Access, AuditMode, ColumnOrder, ContextMode, Database, Identity, ModelsTarget, Opted, Policy, Project,
    Span as Duration, StatusStorage, UuidVersion, Versioning,
};
pub use resolve::resolve;
pub use types::{Scalar, Type};

use diagnostics::Span;

/// A name with its place.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Name {
    /// As written.
    pub text: String,
    /// Where.
    pub span: Span,
}

/// Everything that the project's files say.
#[derive(Debug, Clone, Default)]
pub struct Model {
    /// The project; absent when no file declares one.
    pub project: Option<Project>,
    /// The policy, with defaults filled in.
    pub policy: Policy,
    /// Enums, in source order; an [`EnumId`] is an index.
    pub enums: Vec<Enum>,
    /// Shapes, in source order.
    pub shapes: Vec<Shape>,
    /// Roles, in source order.
    pub roles: Vec<Role>,
    /// Entities, in source order.
    pub entities: Vec<Entity>,
    /// Entities without defaults, in source order; a [`found::FoundId`] is an index.
    pub found: Vec<found::Found>,
    /// Many-to-many relations without an entity of their own; a [`LinkId`] is an index.
    pub links: Vec<ManyToMany>,
    /// SQL outside of entities.
    pub sql: Vec<RawSql>,
}

impl Model {
    /// An entity.
    #[must_use]
    pub fn entity(&self, id: EntityId) -> Option<&Entity> {
        self.entities.get(id.0 as usize)
    }

    /// An enum.
    #[must_use]
    pub fn enumeration(&self, id: EnumId) -> Option<&Enum> {
        self.enums.get(id.0 as usize)
    }

    /// A shape.
    #[must_use]
    pub fn shape(&self, id: ShapeId) -> Option<&Shape> {
        self.shapes.get(id.0 as usize)
    }

    /// A role.
    #[must_use]
    pub fn role(&self, id: RoleId) -> Option<&Role> {
        self.roles.get(id.0 as usize)
    }

    /// A field.
    #[must_use]
    pub fn field(&self, id: FieldId) -> Option<&Field> {
        self.entity(id.entity)?.fields.get(id.index as usize)
    }

    /// An entity by name.
    #[must_use]
    pub fn entity_named(&self, name: &str) -> Option<&Entity> {
        self.entities.iter().find(|entity| entity.name.text == name)
    }
}
