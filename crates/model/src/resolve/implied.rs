//! The fields that the policy adds. What form they take in a database is decided elsewhere.

use std::borrow::Cow;

use diagnostics::{Diagnostic, Span};

use super::Resolver;
use crate::{
    Access, Entity, EntityId, Field, FieldOrigin, Identity, ImpliedField, Name, Ownership, Privacy,
    Protection,
};
use crate::{Scalar, Type, Versioning, codes};

/// A field to add.
struct Implied {
    what: ImpliedField,
    name: Cow<'static, str>,
    column: Cow<'static, str>,
    ty: Type,
    optional: bool,
}

fn implied(
    what: ImpliedField,
    name: impl Into<Cow<'static, str>>,
    scalar: Scalar,
    optional: bool,
) -> Implied {
    let name = name.into();
    Implied {
        what,
        column: name.clone(),
        name,
        ty: Type::Scalar(scalar),
        optional,
    }
}

impl Resolver<'_> {
    pub(super) fn implied_fields(&mut self) {
        for at in 0..self.model.entities.len() {
            let id = EntityId(at as u32);
            let Some(entity) = self.model.entity(id) else {
                continue;
            };
            // Those whose names are not fixed come first: the others are found by looking at the last few fields.
            let mut all = self.state_fields(entity);
            all.extend(self.identity_fields(entity));
            all.extend(self.principal_fields(entity));
            all.extend(policy_fields(entity, self.counts_from_access(id)));
            self.change(id, |entity| entity.fields.reserve_exact(all.len()));
            for field in all {
                self.imply(id, field);
            }
        }
    }

    fn imply(&mut self, id: EntityId, implied: Implied) {
        let Some(entity) = self.model.entity(id) else {
            return;
        };
        let span = entity.name.span;
        if let Some(written) = self.field_named(id, &implied.name) {
            let place = self
                .field(written)
                .map(|field| field.name.span)
                .unwrap_or_default();
            return self.declared_by_hand(place, &implied);
        }
        let field = Field {
            name: Name {
                text: implied.name.to_string(),
                span,
            },
            column: implied.column.to_string(),
            was: Vec::new(),
            doc: None,
            ty: implied.ty,
            type_span: span,
            optional: implied.optional,
            default: None,
            origin: FieldOrigin::Implied(implied.what),
            privacy: Privacy::None,
            protection: Protection::Plain,
            owner: None,
            on_delete: None,
            relation: None,
            range: None,
            min_length: None,
            max_length: None,
            pattern: None,
            computed: None,
            immutable: None,
        };
        let index = entity.fields.len() as u32;
        let fixed = !matches!(
            implied.what,
            ImpliedField::StateChangedAt | ImpliedField::StateChangedBy
        );
        if let Some(names) = self.fields.get_mut(id.0 as usize).filter(|_| !fixed) {
            names.insert(implied.name, index);
        }
        self.change(id, |entity| entity.fields.push(field));
    }

    fn declared_by_hand(&mut self, span: Span, implied: &Implied) {
        let message = format!("`{}` is there already: the policy adds it", implied.name);
        let found = Diagnostic::new(&codes::IMPLIED_FIELD, span, message);
        let out = match implied.what {
            ImpliedField::PublicId => Some("public_id"),
            ImpliedField::CreatedAt | ImpliedField::UpdatedAt => Some("timestamps"),
            ImpliedField::CreatedBy | ImpliedField::UpdatedBy => Some("authors"),
            ImpliedField::Version => Some("versioning"),
            ImpliedField::DeletedAt | ImpliedField::DeletedBy | ImpliedField::DeletionReason => {
                Some("soft_delete")
            }
            _ => None,
        };
        self.push(match out {
            Some(out) => found.help(format!(
                "remove it; if it means something else, rename it or write `without {out} because \"…\"`"
            )),
            None => found.help("remove it, or rename it if it means something else"),
        });
    }

    fn identity_fields(&self, entity: &Entity) -> Vec<Implied> {
        match entity.identity.value {
            Identity::Dual(_) => vec![
                implied(ImpliedField::Id, "id", Scalar::BigInt, false),
                implied(ImpliedField::PublicId, "public_id", Scalar::Uuid, false),
            ],
            Identity::Uuid(_) => vec![implied(ImpliedField::Id, "id", Scalar::Uuid, false)],
            Identity::Internal => vec![implied(ImpliedField::Id, "id", Scalar::BigInt, false)],
            Identity::Natural => Vec::new(),
        }
    }

    fn principal_fields(&self, entity: &Entity) -> Vec<Implied> {
        let mut all = Vec::new();
        let tenant = self.model.policy.tenant.value.filter(|_| entity.tenant.value);
        if let Some(tenant) = tenant {
            let mut field = implied(ImpliedField::Tenant, "tenant", Scalar::BigInt, false);
            field.column = Cow::Borrowed("tenant_id");
            field.ty = Type::Reference(tenant);
            all.push(field);
        }
        if let Ownership::Inherited { root, .. } = entity.ownership {
            let mut field = implied(ImpliedField::Owner, "owner", Scalar::BigInt, false);
            field.column = Cow::Borrowed("owner_id");
            field.ty = Type::Reference(root);
            all.push(field);
        }
        all
    }

    /// When a state with declared moves was entered last, and by whom.
    fn state_fields(&self, entity: &Entity) -> Vec<Implied> {
        let mut all = Vec::new();
        for field in &entity.fields {
            let Type::Enum(id) = field.ty else { continue };
            if self.model.enumeration(id).is_none_or(|it| it.moves.is_empty()) {
                continue;
            }
            let name = &field.name.text;
            if entity.timestamps.value {
                all.push(implied(
                    ImpliedField::StateChangedAt,
                    format!("{name}_changed_at"),
                    Scalar::Instant,
                    field.optional,
                ));
            }
            if entity.authors.value {
                all.push(implied(
                    ImpliedField::StateChangedBy,
                    format!("{name}_changed_by"),
                    Scalar::BigInt,
                    true,
                ));
            }
        }
        all
    }

    /// Whether a retention of the entity starts at its last access.
    fn counts_from_access(&self, id: EntityId) -> bool {
        let Some(view) = self.entities.get(id.0 as usize) else {
            return false;
        };
        view.parts().any(|part| match part {
            syntax::ast::Part::Retain(retain) => retain
                .after()
                .is_some_and(|after| matches!(after.text, "accessed" | "last_accessed")),
            _ => false,
        })
    }
}

fn policy_fields(entity: &Entity, counts_from_access: bool) -> Vec<Implied> {
    use ImpliedField as F;
    let mut all = Vec::new();
    let mut add =
        |what, name: &'static str, scalar, optional| all.push(implied(what, name, scalar, optional));
    let authors = entity.authors.value;
    if entity.timestamps.value {
        add(F::CreatedAt, "created_at", Scalar::Instant, false);
        add(F::UpdatedAt, "updated_at", Scalar::Instant, false);
    }
    if authors {
        add(F::CreatedBy, "created_by", Scalar::BigInt, false);
        add(F::UpdatedBy, "updated_by", Scalar::BigInt, false);
    }
    if entity.versioning.value != Versioning::Off {
        add(F::Version, "version", Scalar::Int, false);
    }
    if entity.versioning.value == Versioning::Full {
        add(F::VersionUpdatedAt, "version_updated_at", Scalar::Instant, false);
        if authors {
            add(F::VersionUpdatedBy, "version_updated_by", Scalar::BigInt, false);
        }
    }
    if entity.soft_delete.value {
        add(F::DeletedAt, "deleted_at", Scalar::Instant, true);
        if authors {
            add(F::DeletedBy, "deleted_by", Scalar::BigInt, true);
        }
        add(F::DeletionReason, "deletion_reason", Scalar::String(200), true);
        add(F::DeletionBatch, "deletion_batch", Scalar::Uuid, true);
    }
    match entity.access.value {
        Access::Inline => {
            add(F::LastAccessed, "last_accessed", Scalar::Instant, true);
            add(F::AccessCount, "access_count", Scalar::BigInt, false);
        }
        Access::Separate if counts_from_access => {
            add(F::LastAccessed, "last_accessed", Scalar::Instant, true)
        }
        _ => {}
    }
    all
}
