//! What every decision needs to know about an entity: its table, its key, and which columns hold which fields.

use model::{
    Access, Entity, EntityId, Field, FieldId, FieldOrigin, Identity, ImpliedField, Model, Ownership,
    Protection, Scalar, StatusStorage, Type,
};
use physical::{Ident, Name, SqlType};

use crate::names::{Names, Space, snake};

/// How many references a key may lead through before we take it for a circle.
const DEEPEST_KEY: u32 = 16;

/// A column with its type.
pub(crate) type Typed = (Ident, SqlType);

/// What is known about an entity before anything is decided for its table.
#[derive(Debug, Clone)]
pub(crate) struct Facts {
    /// Its table.
    pub table: Name,
    /// The entity's name in snake case, for names of functions and columns.
    pub singular: String,
    /// The primary key.
    pub key: Vec<Typed>,
    /// The column by which the outside names a row.
    pub public_id: Option<Ident>,
    /// Whose a row is.
    pub owner: Option<Owner>,
    /// The tenant's column.
    pub tenant: Option<Ident>,
    /// The columns of soft deletion.
    pub deletion: Option<Deletion>,
    /// The partition key.
    pub partition: Option<Ident>,
    /// Columns by field, in the order of the entity's fields.
    pub columns: Vec<Vec<Typed>>,
}

/// The column that says whose a row is.
#[derive(Debug, Clone)]
pub(crate) struct Owner {
    /// The column.
    pub column: Ident,
    /// Its type: that of the user's key.
    pub ty: SqlType,
    /// How it comes to be.
    pub how: Descent,
}

/// How a row comes to its owner.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Descent {
    /// The row is its own owner.
    Itself,
    /// A reference to the owner.
    Direct(FieldId),
    /// A copy of the owner of the row that this field refers to.
    Through(FieldId),
}

/// The columns of soft deletion.
#[derive(Debug, Clone)]
pub(crate) struct Deletion {
    /// `deleted_at`.
    pub at: Ident,
    /// `deleted_by`.
    pub by: Option<Ident>,
    /// `deletion_reason`.
    pub reason: Ident,
    /// `deletion_batch`.
    pub batch: Ident,
}

impl Facts {
    /// Of an entity that does not exist.
    pub(crate) fn nothing() -> Self {
        Self {
            table: Name::bare(""),
            singular: String::new(),
            key: Vec::new(),
            public_id: None,
            owner: None,
            tenant: None,
            deletion: None,
            partition: None,
            columns: Vec::new(),
        }
    }

    /// The columns of a field.
    pub(crate) fn columns(&self, field: FieldId) -> &[Typed] {
        self.columns.get(field.index as usize).map_or(&[], Vec::as_slice)
    }

    /// The first column of a field.
    pub(crate) fn column(&self, field: FieldId) -> Option<&Typed> {
        self.columns(field).first()
    }

    /// The key, when it is one column.
    pub(crate) fn single_key(&self) -> Option<&Typed> {
        match self.key.as_slice() {
            [key] => Some(key),
            _ => None,
        }
    }

    /// A public id that is not the key itself.
    pub(crate) fn separate_public_id(&self) -> Option<&Ident> {
        self.public_id
            .as_ref()
            .filter(|id| self.key.iter().all(|(key, _)| key != *id))
    }
}

/// The facts of every entity of a model.
pub(crate) fn gather(model: &Model, schema: &Ident, names: &mut Names) -> Vec<Facts> {
    let mut all: Vec<Facts> = model
        .entities
        .iter()
        .map(|entity| base(model, entity, schema, names))
        .collect();
    for entity in &model.entities {
        let owner = owner(model, entity, DEEPEST_KEY);
        let columns = (0..entity.fields.len() as u32)
            .map(|index| FieldId {
                entity: entity.id,
                index,
            })
            .map(|id| field_columns(model, entity, id, owner.as_ref()))
            .collect();
        if let Some(facts) = all.get_mut(entity.id.0 as usize) {
            facts.partition = entity
                .partition
                .and_then(|(field, _)| column_of(model, field, DEEPEST_KEY).map(|(name, _)| name));
            facts.owner = owner;
            facts.columns = columns;
        }
    }
    all
}

/// What needs no other entity.
fn base(model: &Model, entity: &Entity, schema: &Ident, names: &mut Names) -> Facts {
    let table = names.take(Space::App, &entity.table);
    let deletion = entity.soft_delete.value.then(|| Deletion {
        at: implied(entity, ImpliedField::DeletedAt, "deleted_at"),
        by: model
            .policy
            .actors
            .then(|| implied(entity, ImpliedField::DeletedBy, "deleted_by")),
        reason: implied(entity, ImpliedField::DeletionReason, "deletion_reason"),
        batch: implied(entity, ImpliedField::DeletionBatch, "deletion_batch"),
    });
    Facts {
        table: Name {
            schema: Some(schema.clone()),
            name: table,
        },
        singular: snake(&entity.name.text),
        key: key(model, entity, DEEPEST_KEY),
        public_id: match entity.identity.value {
            Identity::Dual(_) => Some(implied(entity, ImpliedField::PublicId, "public_id")),
            Identity::Uuid(_) => key(model, entity, 1).into_iter().next().map(|(name, _)| name),
            Identity::Internal | Identity::Natural => None,
        },
        owner: None,
        tenant: entity
            .implied(ImpliedField::Tenant)
            .map(|(_, field)| Ident::new(&field.column)),
        deletion,
        partition: None,
        columns: Vec::new(),
    }
}

/// The column of a field that the policy adds.
pub(crate) fn implied(entity: &Entity, what: ImpliedField, otherwise: &str) -> Ident {
    entity
        .implied(what)
        .map_or_else(|| Ident::from(otherwise), |(_, field)| Ident::new(&field.column))
}

/// The primary key of an entity's table.
pub(crate) fn key(model: &Model, entity: &Entity, depth: u32) -> Vec<Typed> {
    match entity.identity.value {
        Identity::Dual(_) | Identity::Internal => {
            vec![(implied(entity, ImpliedField::Id, "id"), SqlType::BigInt)]
        }
        Identity::Uuid(_) => {
            let id = match entity.implied(ImpliedField::PublicId) {
                Some((_, field)) => Ident::new(&field.column),
                None => implied(entity, ImpliedField::Id, "id"),
            };
            vec![(id, SqlType::Uuid)]
        }
        Identity::Natural => {
            let fields = entity.key.iter().flat_map(|key| &key.fields);
            fields
                .filter_map(|field| column_of(model, *field, depth.saturating_sub(1)))
                .collect()
        }
    }
}

/// The column of a field, when it has just one.
fn column_of(model: &Model, field: FieldId, depth: u32) -> Option<Typed> {
    let field = model.field(field)?;
    Some((Ident::new(&field.column), stored_type(model, field, depth)?))
}

/// Whose the rows are: the column, and the type of the user's key at the end of the chain.
fn owner(model: &Model, entity: &Entity, depth: u32) -> Option<Owner> {
    let depth = depth.checked_sub(1)?;
    match entity.ownership {
        Ownership::Itself => {
            let (column, ty) = key(model, entity, DEEPEST_KEY).into_iter().next()?;
            Some(Owner {
                column,
                ty,
                how: Descent::Itself,
            })
        }
        Ownership::Owner(via) | Ownership::Inherited { via, .. } => {
            let reference = model.field(via)?;
            let Type::Reference(target) = reference.ty else {
                return None;
            };
            let target = model.entity(target)?;
            let above = if target.id == entity.id {
                None
            } else {
                owner(model, target, depth)
            }?;
            let column = match above.how {
                Descent::Itself => Ident::new(&reference.column),
                _ => implied(entity, ImpliedField::Owner, "owner_id"),
            };
            let how = match above.how {
                Descent::Itself => Descent::Direct(via),
                _ => Descent::Through(via),
            };
            Some(Owner {
                column,
                ty: above.ty,
                how,
            })
        }
        _ => None,
    }
}

/// The columns that hold a field.
fn field_columns(model: &Model, entity: &Entity, id: FieldId, owner: Option<&Owner>) -> Vec<Typed> {
    let Some(field) = model.field(id) else {
        return Vec::new();
    };
    let name = Ident::new(&field.column);
    let typed = match field.origin {
        FieldOrigin::Written => stored_type(model, field, DEEPEST_KEY).map(|ty| (name, ty)),
        FieldOrigin::Implied(what) => implied_column(model, entity, what, name, owner),
    };
    typed.into_iter().collect()
}

/// The column of a field that the policy adds.
fn implied_column(
    model: &Model,
    entity: &Entity,
    what: ImpliedField,
    name: Ident,
    owner: Option<&Owner>,
) -> Option<Typed> {
    let ty = match what {
        ImpliedField::Id => return key(model, entity, DEEPEST_KEY).into_iter().next(),
        ImpliedField::Owner => return owner.map(|owner| (owner.column.clone(), owner.ty.clone())),
        ImpliedField::Tenant => tenant_key(model),
        ImpliedField::PublicId | ImpliedField::DeletionBatch => SqlType::Uuid,
        ImpliedField::LastAccessed | ImpliedField::AccessCount if !holds_access(entity) => return None,
        ImpliedField::CreatedAt
        | ImpliedField::UpdatedAt
        | ImpliedField::VersionUpdatedAt
        | ImpliedField::DeletedAt
        | ImpliedField::StateChangedAt
        | ImpliedField::LastAccessed => SqlType::TimestampTz,
        ImpliedField::DeletionReason => SqlType::Text,
        ImpliedField::Version => SqlType::Integer,
        ImpliedField::CreatedBy
        | ImpliedField::UpdatedBy
        | ImpliedField::VersionUpdatedBy
        | ImpliedField::DeletedBy
        | ImpliedField::StateChangedBy
        | ImpliedField::AccessCount => SqlType::BigInt,
    };
    Some((name, ty))
}

/// Whether rows say themselves when they were read: asked for, and named from outside one by one.
fn holds_access(entity: &Entity) -> bool {
    let named = matches!(entity.identity.value, Identity::Dual(_) | Identity::Uuid(_));
    entity.access.value == Access::Inline && named && entity.partition.is_none()
}

/// The type of the tenant's key.
pub(crate) fn tenant_key(model: &Model) -> SqlType {
    let tenant = model.policy.tenant.value.and_then(|id| model.entity(id));
    let key = tenant.and_then(|tenant| key(model, tenant, DEEPEST_KEY).into_iter().next());
    key.map_or(SqlType::BigInt, |(_, ty)| ty)
}

/// The type of the column that stores a written field; `None` when none does.
fn stored_type(model: &Model, field: &Field, depth: u32) -> Option<SqlType> {
    if matches!(field.protection, Protection::Encrypted { .. }) {
        return (!matches!(field.ty, Type::Related(_) | Type::Unknown)).then_some(SqlType::Bytes);
    }
    sql_type(model, &field.ty, depth)
}

/// The type of the column for values of a type.
fn sql_type(model: &Model, ty: &Type, depth: u32) -> Option<SqlType> {
    match ty {
        Type::Scalar(scalar) => Some(scalar_type(*scalar)),
        Type::Enum(id) => Some(enum_type(model, *id)),
        Type::Shape(_) => Some(SqlType::Json),
        Type::Array(of) => Some(SqlType::Array(Box::new(sql_type(model, of, depth)?))),
        Type::Reference(target) => referred_type(model, *target, depth),
        Type::Related(_) | Type::Unknown => None,
    }
}

/// The type of a column that refers to an entity.
fn referred_type(model: &Model, target: EntityId, depth: u32) -> Option<SqlType> {
    let depth = depth.checked_sub(1)?;
    key(model, model.entity(target)?, depth)
        .into_iter()
        .next()
        .map(|(_, ty)| ty)
}

/// How an enum is stored.
fn enum_type(model: &Model, id: model::EnumId) -> SqlType {
    match model.enumeration(id) {
        Some(enumeration) if enumeration.native || model.policy.enums.value == StatusStorage::Native => {
            SqlType::Named(native_type(model, enumeration))
        }
        _ => SqlType::Text,
    }
}

/// The type of the database that an enum is.
pub(crate) fn native_type(model: &Model, enumeration: &model::Enum) -> Name {
    let usual = || native_name(&enumeration.name.text);
    Name {
        schema: Some(schema_of(model)),
        name: Ident::new(enumeration.type_name.clone().unwrap_or_else(usual)),
    }
}

/// The name of a native enum type; apart from the tables, which are plural.
fn native_name(name: &str) -> String {
    crate::names::shorten(&format!("{}_kind", snake(name)))
}

/// Where the application's tables live.
pub(crate) fn schema_of(model: &Model) -> Ident {
    let project = model.project.as_ref();
    let name = project.map_or("project", |project| {
        project
            .schema
            .as_ref()
            .map_or(project.name.text.as_str(), |schema| schema.text.as_str())
    });
    Ident::new(crate::names::shorten(name))
}

/// The type of the column for a built-in type.
pub(crate) const fn scalar_type(scalar: Scalar) -> SqlType {
    match scalar {
        Scalar::Bool => SqlType::Boolean,
        Scalar::Int => SqlType::Integer,
        Scalar::BigInt => SqlType::BigInt,
        Scalar::Float => SqlType::Double,
        Scalar::Decimal(digits, scale) => SqlType::Numeric(Some((digits, scale))),
        Scalar::Money => SqlType::Numeric(Some((18, 4))),
        Scalar::String(_)
        | Scalar::Text
        | Scalar::Email
        | Scalar::Phone
        | Scalar::Url
        | Scalar::PasswordHash => SqlType::Text,
        Scalar::Uuid => SqlType::Uuid,
        Scalar::Date => SqlType::Date,
        Scalar::Time => SqlType::Time,
        Scalar::Instant => SqlType::TimestampTz,
        Scalar::Duration => SqlType::Interval,
        Scalar::Bytes(_) | Scalar::Token => SqlType::Bytes,
        Scalar::Json => SqlType::Json,
        Scalar::Ip => SqlType::Inet,
    }
}
