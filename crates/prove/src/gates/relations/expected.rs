//! The foreign keys that the model calls for: those of its references, and those by which tenants, owners and authors agree.
//! They are derived from the model alone and held against the real catalog; what the plan says plays no part.

use evidence::{Claim, Counterexample, Proof};
use model::{Entity, FieldId, FieldOrigin, ImpliedField, Ownership, Reference, Type, UniqueScope};
use physical::{Database, ForeignKey, Name, OnDelete, Purpose, Table};

use crate::bench::Bench;
use crate::subject::Subject;

const CLAIM: &str = "the foreign key that the model calls for is there, carries owner and tenant where they must agree, and acts as declared";

/// A foreign key that must be there.
#[derive(Debug, Clone)]
pub(super) struct Wanted {
    /// On which table.
    pub(super) table: Name,
    /// The column that refers; links say only where to.
    pub(super) column: Option<String>,
    /// To which table.
    pub(super) to: Name,
    /// What must agree besides: (own column, the other's).
    pub(super) agree: Vec<(String, String)>,
    /// What happens when the other row goes.
    pub(super) action: OnDelete,
}

/// Everything that the model calls for.
pub(super) fn wanted(subject: &Subject) -> Vec<Wanted> {
    let mut found = Vec::new();
    for entity in &subject.model.entities {
        if let Some(table) = subject.table_of(entity.id) {
            of_entity(subject, entity, &table.name, &mut found);
        }
    }
    for info in &subject.blueprint.tables {
        let table = subject.realised_name(&info.name);
        match info.purpose {
            Purpose::Link(left, right) => of_link(subject, &table, left, right, &mut found),
            Purpose::Actors => found.extend(of_actors(subject, table)),
            _ => {}
        }
    }
    found
}

fn of_entity(subject: &Subject, entity: &Entity, table: &Name, found: &mut Vec<Wanted>) {
    let model = &subject.model;
    let mut want = |column: &str, to: Option<Name>, agree: Vec<(String, String)>, action: OnDelete| {
        found.extend(to.map(|to| Wanted {
            table: table.clone(),
            column: Some(column.to_owned()),
            to,
            agree,
            action,
        }));
    };
    for (index, field) in entity.fields.iter().enumerate() {
        let id = FieldId {
            entity: entity.id,
            index: u32::try_from(index).unwrap_or(u32::MAX),
        };
        match (field.origin, &field.ty) {
            (FieldOrigin::Written, Type::Reference(target)) if field.relation.is_none() => {
                let Some(other) = model.entity(*target) else {
                    continue;
                };
                let declared = field
                    .on_delete
                    .map_or(model::OnDelete::Restrict, |(action, _)| action);
                // What is required cannot be emptied.
                let action = match action(declared) {
                    OnDelete::SetNull if !field.optional => OnDelete::Restrict,
                    other => other,
                };
                let to = subject.table_of(other.id).map(|table| table.name.clone());
                want(&field.column, to, agreeing(entity, other, Some(id)), action);
            }
            (FieldOrigin::Implied(ImpliedField::Tenant), _) => {
                want(
                    &field.column,
                    subject.tenant_table(),
                    Vec::new(),
                    OnDelete::Restrict,
                );
            }
            (FieldOrigin::Implied(what), _) if is_author(what) => {
                want(&field.column, actors(subject), Vec::new(), OnDelete::Restrict);
            }
            _ => {}
        }
    }
    for reference in &entity.references {
        let column = reference
            .fields
            .first()
            .and_then(|id| model.field(*id))
            .map(|field| field.column.as_str());
        if let (Some(column), Some(other)) = (column, model.entity(reference.target)) {
            let to = subject.table_of(other.id).map(|table| table.name.clone());
            let mut agree = agreeing(entity, other, None);
            if names_an_owners(other, reference)
                && let (Some(own), Some(theirs)) = (owner_column(entity), owner_column(other))
            {
                agree.push((own, theirs));
            }
            want(column, to, agree, action(reference.on_delete));
        }
    }
}

/// A link goes with either of its sides.
fn of_link(
    subject: &Subject,
    table: &Name,
    left: model::EntityId,
    right: model::EntityId,
    found: &mut Vec<Wanted>,
) {
    for side in [left, right] {
        let to = subject.table_of(side).map(|table| table.name.clone());
        found.extend(to.map(|to| Wanted {
            table: table.clone(),
            column: None,
            to,
            agree: Vec::new(),
            action: OnDelete::Cascade,
        }));
    }
    let sides = [left, right]
        .into_iter()
        .filter_map(|id| subject.model.entity(id));
    let tenants = sides.filter_map(|side| implied(side, ImpliedField::Tenant));
    found.extend(tenants.take(1).filter_map(|column| {
        Some(Wanted {
            table: table.clone(),
            column: Some(column),
            to: subject.tenant_table()?,
            agree: Vec::new(),
            action: OnDelete::Restrict,
        })
    }));
}

/// A pseudonym outlives the user behind it.
fn of_actors(subject: &Subject, table: Name) -> Option<Wanted> {
    let user = subject.blueprint.actors.as_ref()?.user.as_ref()?;
    Some(Wanted {
        table,
        column: None,
        to: subject.realised_name(user),
        agree: Vec::new(),
        action: OnDelete::SetNull,
    })
}

/// Owner, where it is inherited by this reference, and tenant, where both rows have one.
fn agreeing(entity: &Entity, other: &Entity, field: Option<FieldId>) -> Vec<(String, String)> {
    let mut agree = Vec::new();
    let inherits = matches!(&entity.ownership, Ownership::Inherited { via, .. } if Some(*via) == field);
    if inherits && let (Some(own), Some(theirs)) = (owner_column(entity), owner_column(other)) {
        agree.push((own, theirs));
    }
    if let (Some(own), Some(theirs)) = (
        implied(entity, ImpliedField::Tenant),
        implied(other, ImpliedField::Tenant),
    ) {
        agree.push((own, theirs));
    }
    agree
}

/// Whether a composite reference names values that are unique among the rows of one owner: then the owner must agree.
fn names_an_owners(other: &Entity, reference: &Reference) -> bool {
    let unique = other
        .uniques
        .iter()
        .find(|unique| unique.fields == reference.referenced);
    let Some(unique) = unique.filter(|unique| unique.scope == UniqueScope::Own) else {
        return false;
    };
    match &other.ownership {
        Ownership::Owner(via) | Ownership::Inherited { via, .. } => !unique.fields.contains(via),
        _ => false,
    }
}

fn owner_column(entity: &Entity) -> Option<String> {
    match &entity.ownership {
        Ownership::Itself => implied(entity, ImpliedField::Id),
        Ownership::Owner(field) => entity
            .fields
            .get(usize::try_from(field.index).ok()?)
            .map(|field| field.column.clone()),
        Ownership::Inherited { .. } => implied(entity, ImpliedField::Owner),
        _ => None,
    }
}

fn implied(entity: &Entity, what: ImpliedField) -> Option<String> {
    let field = entity
        .fields
        .iter()
        .find(|field| field.origin == FieldOrigin::Implied(what))?;
    Some(field.column.clone())
}

const fn is_author(what: ImpliedField) -> bool {
    matches!(
        what,
        ImpliedField::CreatedBy
            | ImpliedField::UpdatedBy
            | ImpliedField::DeletedBy
            | ImpliedField::VersionUpdatedBy
            | ImpliedField::StateChangedBy
    )
}

fn actors(subject: &Subject) -> Option<Name> {
    let actors = subject.blueprint.actors.as_ref()?;
    Some(subject.realised_name(&actors.table))
}

const fn action(declared: model::OnDelete) -> OnDelete {
    match declared {
        model::OnDelete::Restrict => OnDelete::Restrict,
        model::OnDelete::Cascade => OnDelete::Cascade,
        model::OnDelete::SetNull => OnDelete::SetNull,
    }
}

impl Wanted {
    /// Whether a foreign key is meant by this.
    pub(super) fn is(&self, table: &Name, key: &ForeignKey) -> bool {
        self.table == *table
            && self.to == key.references
            && self
                .column
                .as_deref()
                .is_none_or(|column| key.columns.first().is_some_and(|own| own.as_str() == column))
    }

    /// What a deletion empties: the reference, and copies of public ids beside it. Owner and tenant stay.
    pub(super) fn emptied<'k>(&self, key: &'k ForeignKey) -> Vec<&'k str> {
        let columns = key.columns.iter().map(physical::Ident::as_str);
        columns
            .filter(|column| self.agree.iter().all(|(own, _)| own != column))
            .collect()
    }

    fn carries(&self, key: &ForeignKey) -> bool {
        self.agree.iter().all(|(own, theirs)| {
            let mut pairs = key.columns.iter().zip(&key.referenced);
            pairs.any(|(a, b)| a.as_str() == own && b.as_str() == theirs)
        })
    }

    /// Whether it acts so, as far as the catalog tells: where triggers do it, trying it will tell.
    fn acts(&self, key: &ForeignKey, subject: &Subject) -> bool {
        match (self.action, key.on_delete) {
            (OnDelete::Restrict, OnDelete::NoAction) => !key.deferred,
            (OnDelete::SetNull, OnDelete::SetNull) => {
                // Owner and tenant stay when the reference is emptied.
                let kept = |own: &String| !key.set_null.iter().any(|column| column.as_str() == own);
                self.agree.is_empty()
                    || !key.set_null.is_empty() && self.agree.iter().all(|(own, _)| kept(own))
            }
            (OnDelete::SetNull, OnDelete::NoAction | OnDelete::Restrict) => {
                !subject.has_roles() && key.columns.len() > 1
            }
            (wanted, is) => wanted == is,
        }
    }

    fn fault(&self, found: Option<&Table>, subject: &Subject) -> Option<String> {
        let keys = found
            .map(|table| table.foreign_keys.as_slice())
            .unwrap_or_default();
        let mine: Vec<&ForeignKey> = keys.iter().filter(|key| self.is(&self.table, key)).collect();
        if mine.is_empty() {
            return Some("there is none".to_owned());
        }
        let whole: Vec<&&ForeignKey> = mine.iter().filter(|key| self.carries(key)).collect();
        if whole.is_empty() {
            let agree: Vec<&str> = self.agree.iter().map(|(own, _)| own.as_str()).collect();
            return Some(format!(
                "it does not carry {}, so what it refers to may be another's",
                agree.join(" and ")
            ));
        }
        // A link to an entity may have an author, who is one of the same entity.
        if whole.iter().any(|key| self.acts(key, subject)) {
            return None;
        }
        let acts: Vec<String> = whole.iter().map(|key| format!("{:?}", key.on_delete)).collect();
        Some(format!("it is {}, declared {:?}", acts.join(", "), self.action))
    }
}

/// Holds what the model calls for against the catalog.
pub(super) fn compare(bench: &mut Bench<'_>, wanted: &[Wanted], found: &Database) {
    for want in wanted {
        let column = want.column.as_deref().unwrap_or("*");
        let object = Some(format!("{}.{column} → {}", want.table.name, want.to.name));
        bench.count("foreign keys compared", 1);
        bench.claim(match want.fault(found.table(&want.table), bench.subject) {
            None => {
                let proof = Proof::new(format!("{:?}", want.action).to_lowercase());
                Claim::proved("declared-key", object, CLAIM, proof)
            }
            Some(fault) => {
                let summary = format!(
                    "the foreign key of `{}.{column}` to `{}` is not as declared",
                    want.table.name, want.to.name
                );
                let example = Counterexample::new(summary, "as the model declares", fault);
                Claim::refuted("declared-key", object, CLAIM, example)
            }
        });
    }
}
