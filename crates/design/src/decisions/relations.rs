//! Decision: references between tables.

use diagnostics::Diagnostic;
use model::{Entity, Field, FieldId, FieldOrigin, OnDelete, Type};
use physical::{ForeignKey, Ident, Name, OnDelete as Action, Origin};

use super::copies::copy;
use super::uniqueness::{full, scope};
use crate::decisions::Kind;
use crate::draft::{Draft, decided, fields, subject};
use crate::facts::Descent;
use crate::names::Space;
use crate::{Alternative, Attacker, Decision, codes};

pub(crate) static KIND: Kind = Kind {
    id: "relations",
    title: "references between tables",
    reason: "a foreign key to the internal key, refused by default when the other row goes: what is deleted along should be said",
    alternatives: &[
        Alternative {
            option: "refuse",
            how: "`@on_delete(restrict)` (the default)",
        },
        Alternative {
            option: "delete along",
            how: "`@on_delete(cascade)`",
        },
        Alternative {
            option: "empty the reference",
            how: "`@on_delete(set_null)` on an optional reference",
        },
        Alternative {
            option: "one to one",
            how: "`@unique` on the reference",
        },
        Alternative {
            option: "a composite foreign key",
            how: "`reference name (…) -> Entity (…)`",
        },
    ],
    attacker: Some(Attacker::A1),
    apply,
};

/// The columns of a foreign key, side by side.
pub(super) struct Pairs {
    /// The referring columns, the reference first.
    pub own: Vec<Ident>,
    /// The columns referred to.
    pub theirs: Vec<Ident>,
    /// Whether a change of what is referred to is passed on: copies of owners and public ids stand among them.
    pub follows: bool,
    /// The columns that are emptied by set-null: never the tenant or the owner.
    pub emptied: Vec<Ident>,
}

/// What a reference's foreign key consists of: its own column, and owner, tenant and public id where they must agree.
pub(super) fn pairs(draft: &Draft<'_>, id: FieldId) -> Option<Pairs> {
    let field = draft.model.field(id)?;
    let Type::Reference(target) = field.ty else {
        return None;
    };
    let (facts, parent) = (draft.facts(id.entity), draft.facts(target));
    let (own, theirs) = (facts.column(id)?.0.clone(), parent.single_key()?.0.clone());
    let mut pairs = Pairs {
        emptied: vec![own.clone()],
        own: vec![own],
        theirs: vec![theirs],
        follows: false,
    };
    if let (Some(owner), Some(above)) = (&facts.owner, &parent.owner)
        && owner.how == Descent::Through(id)
    {
        pairs.own.push(owner.column.clone());
        pairs.theirs.push(above.column.clone());
        pairs.follows = true;
    }
    if let (Some(tenant), Some(above)) = (&facts.tenant, &parent.tenant) {
        pairs.own.push(tenant.clone());
        pairs.theirs.push(above.clone());
    }
    if let Some((copied, public_id)) = copy(draft, field) {
        pairs.emptied.push(copied.clone());
        pairs.own.push(copied);
        pairs.theirs.push(public_id);
        pairs.follows = true;
    }
    Some(pairs)
}

fn apply(draft: &mut Draft<'_>) {
    for entity in &draft.model.entities {
        for (id, field) in fields(entity) {
            if field.origin == FieldOrigin::Written {
                plain(draft, entity, id, field);
            }
        }
        tenant(draft, entity);
        for reference in &entity.references {
            composite(draft, entity, reference);
        }
    }
}

/// The foreign key of a field.
fn plain(draft: &mut Draft<'_>, entity: &Entity, id: FieldId, field: &Field) {
    let (Some(pairs), Type::Reference(target)) = (pairs(draft, id), &field.ty) else {
        return;
    };
    let table = draft.facts(entity.id).table.clone();
    let parent = draft.facts(*target).table.clone();
    let declared = field.on_delete.map_or(OnDelete::Restrict, |(action, _)| action);
    let on_delete = match declared {
        // Said by the model already: a required reference cannot be emptied.
        OnDelete::SetNull if !field.optional => Action::Restrict,
        other => action(other),
    };
    refuse_partitioned(draft, *target, field.type_span, &field.name.text);
    key_of(draft, &parent, &pairs.theirs, decided(&KIND, entity));
    let name = draft
        .names
        .constraint(Space::App, &table.name, &pairs.own, "fkey");
    let whole_key = pairs.emptied.len() == pairs.own.len();
    let mut decision = Decision::new(&KIND, subject(entity, field), choice(&parent, declared, &pairs))
        .members(&table, pairs.own.iter().take(1).chain([&name]));
    decision.said = field.on_delete.map(|(_, span)| span);
    draft.decide(decision);
    let key = ForeignKey {
        name,
        set_null: if on_delete == Action::SetNull && !whole_key {
            pairs.emptied
        } else {
            Vec::new()
        },
        columns: pairs.own,
        references: parent,
        referenced: pairs.theirs,
        on_delete,
        on_update: if pairs.follows {
            Action::Cascade
        } else {
            Action::NoAction
        },
        deferred: false,
        validated: true,
        comment: field.doc.clone(),
        origin: Origin::Span(field.name.span),
    };
    draft.change(&table, |table| table.foreign_keys.push(key));
}

fn choice(parent: &Name, declared: OnDelete, pairs: &Pairs) -> String {
    let when = match declared {
        OnDelete::Restrict => "refused when that row goes",
        OnDelete::Cascade => "goes with that row",
        OnDelete::SetNull => "emptied when that row goes",
    };
    let composite = if pairs.own.len() > 1 {
        let columns: Vec<&str> = pairs.theirs.iter().map(Ident::as_str).collect();
        format!(
            " ({}), so that owner, tenant and copies agree",
            columns.join(", ")
        )
    } else {
        String::new()
    };
    format!("refers to `{parent}`{composite}; {when}")
}

pub(super) const fn action(declared: OnDelete) -> Action {
    match declared {
        OnDelete::Restrict => Action::Restrict,
        OnDelete::Cascade => Action::Cascade,
        OnDelete::SetNull => Action::SetNull,
    }
}

/// The foreign key of the tenant's column itself.
fn tenant(draft: &mut Draft<'_>, entity: &Entity) {
    let facts = draft.facts(entity.id).clone();
    let root = draft.model.policy.tenant.value.map(|id| draft.facts(id).clone());
    let (Some(column), Some(root)) = (facts.tenant.clone(), root) else {
        return;
    };
    let Some((key, _)) = root.single_key().cloned() else {
        return;
    };
    let foreign = ForeignKey {
        name: draft
            .names
            .constraint(Space::App, &facts.table.name, [&column], "fkey"),
        columns: vec![column],
        references: root.table.clone(),
        referenced: vec![key],
        on_delete: Action::Restrict,
        on_update: Action::NoAction,
        set_null: Vec::new(),
        deferred: false,
        validated: true,
        comment: Some("The tenant".to_owned()),
        origin: Origin::Decision(super::tenant::KIND.id, Some(entity.name.span)),
    };
    draft.change(&facts.table, |table| table.foreign_keys.push(foreign));
}

/// What a composite reference's foreign key consists of: its columns, and owner and tenant where they must agree. `None` also
/// where the values are unique within an owner and the referring rows have none.
pub(super) fn composite_pairs(
    draft: &Draft<'_>,
    entity: &Entity,
    reference: &model::Reference,
) -> Option<Pairs> {
    let columns = |fields: &[FieldId]| -> Option<Vec<Ident>> {
        let column = |id: &FieldId| draft.facts(id.entity).column(*id).map(|(name, _)| name.clone());
        fields.iter().map(column).collect()
    };
    let (own, theirs) = (columns(&reference.fields)?, columns(&reference.referenced)?);
    if own.is_empty() || own.len() != theirs.len() {
        return None;
    }
    let (facts, parent) = (draft.facts(entity.id), draft.facts(reference.target));
    let mut pairs = Pairs {
        emptied: own.clone(),
        own,
        theirs,
        follows: false,
    };
    if within_owner(draft, reference) {
        pairs.own.push(facts.owner.as_ref()?.column.clone());
        pairs.theirs.push(parent.owner.as_ref()?.column.clone());
    }
    if let (Some(tenant), Some(above)) = (&facts.tenant, &parent.tenant) {
        pairs.own.push(tenant.clone());
        pairs.theirs.push(above.clone());
    }
    Some(pairs)
}

/// A composite foreign key that was written as one.
fn composite(draft: &mut Draft<'_>, entity: &Entity, reference: &model::Reference) {
    let (facts, parent) = (
        draft.facts(entity.id).clone(),
        draft.facts(reference.target).clone(),
    );
    let Some(pairs) = composite_pairs(draft, entity, reference) else {
        let ownerless_one = facts.owner.is_none() || parent.owner.is_none();
        if ownerless_one && within_owner(draft, reference) {
            ownerless(draft, entity, reference);
        }
        return;
    };
    let Pairs {
        own, theirs, emptied, ..
    } = pairs;
    refuse_partitioned(draft, reference.target, reference.span, &reference.name.text);
    key_of_composite(draft, reference, &parent.table, &theirs);
    let name = draft
        .names
        .constraint(Space::App, &facts.table.name, &own, "fkey");
    let subject = format!("{}.{}", entity.name.text, reference.name.text);
    let decision = Decision::new(
        &KIND,
        subject,
        format!("a composite foreign key to `{}`", parent.table),
    )
    .at(reference.span)
    .members(&facts.table, [&name]);
    draft.decide(decision);
    let on_delete = action(reference.on_delete);
    let key = ForeignKey {
        name,
        set_null: if on_delete == Action::SetNull && emptied.len() < own.len() {
            emptied
        } else {
            Vec::new()
        },
        columns: own,
        references: parent.table.clone(),
        referenced: theirs,
        on_delete,
        on_update: Action::NoAction,
        deferred: false,
        validated: true,
        comment: Some(format!("`{}`", reference.name.text)),
        origin: Origin::Span(reference.span),
    };
    draft.change(&facts.table, |table| table.foreign_keys.push(key));
}

/// Whether the values that a composite reference names are unique among the rows of one owner only.
fn within_owner(draft: &Draft<'_>, reference: &model::Reference) -> bool {
    let facts = draft.facts(reference.target);
    let target = draft.model.entity(reference.target);
    let mut uniques = target.into_iter().flat_map(|target| &target.uniques);
    uniques
        .find(|unique| unique.fields == reference.referenced)
        .is_some_and(|unique| scope(draft, facts, unique).has_owner())
}

/// Uniqueness for the foreign key alone would be among all owners, and tell of rows that are hidden.
fn ownerless(draft: &mut Draft<'_>, entity: &Entity, reference: &model::Reference) {
    let target = draft.model.entity(reference.target);
    let target = target.map_or("", |target| target.name.text.as_str());
    let message = format!(
        "`{}` refers to values of `{target}` that each owner may have once, and `{}` has no owner",
        reference.name.text, entity.name.text
    );
    draft.complain(
        Diagnostic::new(&codes::VALUES_OF_AN_OWNER, reference.span, message)
            .label("whose row is meant?")
            .help(format!(
                "refer to the entity itself: `{} {target}`",
                reference.name.text
            ))
            .help("or make the values unique everywhere: `unique (…) @global because \"…\"`"),
    );
}

/// Uniqueness among the living is no target for a foreign key: then the dead count, too, and that is said.
fn key_of_composite(draft: &mut Draft<'_>, reference: &model::Reference, parent: &Name, theirs: &[Ident]) {
    let target = draft.model.entity(reference.target);
    let partial = target.is_some_and(|target| {
        target.soft_delete.value
            && target
                .uniques
                .iter()
                .any(|unique| unique.fields == reference.referenced)
    });
    let added = key_of(draft, parent, theirs, Origin::Span(reference.span));
    if let (true, true, Some(target)) = (partial, added, target) {
        let message = format!(
            "deleted rows of `{}` keep their values, because `{}` refers to them",
            target.name.text, reference.name.text
        );
        draft.complain(
            Diagnostic::new(&codes::DEAD_ROWS_BLOCK, reference.span, message)
                .label("a foreign key needs uniqueness among all rows, the dead included")
                .help("refer to the entity itself, or leave soft deletion out of it: `without soft_delete because \"…\"`"),
        );
    }
}

/// Makes sure that columns can be referred to: they are the primary key, or unique among all rows. Answers whether it had to.
pub(super) fn key_of(draft: &mut Draft<'_>, table: &Name, columns: &[Ident], origin: Origin) -> bool {
    let Some(found) = draft.table(table) else {
        return false;
    };
    let same =
        |known: &[Ident]| known.len() == columns.len() && columns.iter().all(|column| known.contains(column));
    if found.primary_key.as_ref().is_some_and(|key| same(&key.columns))
        || found.uniques.iter().any(|unique| same(&unique.columns))
    {
        return false;
    }
    let name = draft.names.constraint(Space::App, &table.name, columns, "key");
    let unique = full(
        name.clone(),
        columns.to_vec(),
        "What composite foreign keys refer to",
        origin,
    );
    draft.change(table, |table| table.uniques.push(unique));
    let decision = Decision::new(&KIND, format!("{}.{name}", table.name), "unique, so that composite foreign keys can refer to it")
        .why("owner, tenant and public id on the rows that refer here are copies; the foreign key that carries them keeps them true")
        .members(table, [&name]);
    draft.decide(decision);
    true
}

fn refuse_partitioned(draft: &mut Draft<'_>, target: model::EntityId, span: diagnostics::Span, name: &str) {
    let Some(target) = draft
        .model
        .entity(target)
        .filter(|target| target.partition.is_some())
    else {
        return;
    };
    let message = format!("`{name}` refers to `{}`, which is partitioned", target.name.text);
    let finding = Diagnostic::new(&codes::PARTITIONED_TARGET, span, message)
        .label("uniqueness of the key alone does not exist across partitions")
        .help(format!(
            "leave `@partition` out of `{}`, or keep its public id in a `Uuid` field instead of a reference",
            target.name.text
        ));
    draft.complain(finding);
}
