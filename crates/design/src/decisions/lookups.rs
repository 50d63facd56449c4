//! Decision: requests that come before anyone is known.

use model::{Entity, Field, FieldId, FieldOrigin, Ownership, Protection, Scalar, Type};
use physical::{Ident, Service};

use super::grants::insertable;
use super::privacy::blind_column;
use crate::decisions::Kind;
use crate::draft::{Draft, decided, fields, subject};
use crate::facts::{Descent, Facts};
use crate::{Attacker, Decision};

pub(crate) static KIND: Kind = Kind {
    id: "look-ups",
    title: "requests before anyone is known",
    reason: "login, redeeming a token, and signing up happen before actor and tenant are known, when row-level security shows nothing: \
             each has one function with a pinned search path, that answers one row, by a value that is unique, without internal ids",
    alternatives: &[],
    attacker: Some(Attacker::A1),
    apply,
};

fn apply(draft: &mut Draft<'_>) {
    for entity in &draft.model.entities {
        match entity.ownership {
            Ownership::Itself => {
                find(draft, entity);
                sign_up(draft, entity);
            }
            Ownership::IsTenant => sign_up(draft, entity),
            _ => {}
        }
        redeem(draft, entity);
    }
}

/// Finds a person by each value that is theirs alone.
fn find(draft: &mut Draft<'_>, entity: &Entity) {
    let facts = draft.facts(entity.id).clone();
    let Some(public_id) = facts.public_id.clone() else {
        return;
    };
    let secrets = fields(entity).filter(|(_, field)| field.ty == Type::Scalar(Scalar::PasswordHash));
    let secrets: Vec<Ident> = secrets
        .filter_map(|(id, _)| facts.column(id).map(|(name, _)| name.clone()))
        .collect();
    for unique in &entity.uniques {
        let [id] = unique.fields.as_slice() else { continue };
        let Some((field, by)) = draft
            .model
            .field(*id)
            .and_then(|field| Some((field, searched(&facts, *id, field)?)))
        else {
            continue;
        };
        let name = draft.function(&format!("find_{}_by_{}", facts.singular, field.name.text));
        let mut returns = vec![public_id.clone()];
        returns.extend(secrets.iter().cloned());
        let decision = Decision::new(
            &KIND,
            subject(entity, field),
            format!("`{name}` finds the living row, for login"),
        )
        .at(unique.span)
        .name(&name)
        .members(&facts.table, [&by]);
        draft.decide(decision);
        let deleted_at = facts.deletion.as_ref().map(|deletion| deletion.at.clone());
        draft.offer(
            &facts.table,
            Service::LookUp {
                name,
                by,
                returns,
                deleted_at,
            },
            decided(&KIND, entity),
        );
    }
}

/// The column by which a value is looked up.
fn searched(facts: &Facts, id: FieldId, field: &Field) -> Option<Ident> {
    let plain = || facts.column(id).map(|(name, _)| name.clone());
    let is_value = matches!(field.ty, Type::Scalar(scalar) if scalar != Scalar::Token);
    match field.protection {
        _ if !is_value => None,
        Protection::Plain => plain(),
        Protection::Encrypted { .. } => blind_column(field),
        Protection::Hashed => None,
    }
}

/// Makes the first row of someone whom no context can speak for yet.
fn sign_up(draft: &mut Draft<'_>, entity: &Entity) {
    let facts = draft.facts(entity.id).clone();
    if facts.public_id.is_none() {
        return;
    }
    // Ciphertext binds to the public id, which is not there yet; a blind index does not.
    let encrypted: Vec<Ident> = fields(entity)
        .filter(|(_, field)| matches!(field.protection, Protection::Encrypted { .. }))
        .filter_map(|(id, _)| facts.column(id).map(|(name, _)| name.clone()))
        .collect();
    let columns = insertable(draft, entity)
        .into_iter()
        .filter(|column| !encrypted.contains(column))
        .collect();
    let verb = if entity.ownership == Ownership::Itself {
        "sign_up"
    } else {
        "found"
    };
    let name = draft.function(&format!("{verb}_{}", facts.singular));
    let decision = Decision::new(
        &KIND,
        &entity.name.text,
        format!("`{name}` makes a row before anyone is known"),
    );
    draft.decide(decision.name(&name).name(&facts.table.name));
    draft.offer(
        &facts.table,
        Service::SignUp { name, columns },
        decided(&KIND, entity),
    );
}

/// Takes a token, once and in time.
fn redeem(draft: &mut Draft<'_>, entity: &Entity) {
    let facts = draft.facts(entity.id).clone();
    let tokens: Vec<(FieldId, &Field)> = fields(entity)
        .filter(|(_, field)| field.ty == Type::Scalar(Scalar::Token))
        .collect();
    let column = |id: FieldId| facts.column(id).map(|(name, _)| name.clone());
    let instant = |names: &[&str]| {
        let named = |(_, field): &(FieldId, &Field)| names.contains(&field.name.text.as_str());
        let is_instant = |(_, field): &(FieldId, &Field)| field.ty == Type::Scalar(Scalar::Instant);
        fields(entity)
            .filter(|(_, field)| field.origin == FieldOrigin::Written)
            .filter(is_instant)
            .find(named)
            .and_then(|(id, _)| column(id))
    };
    for (id, field) in &tokens {
        let Some(token) = column(*id) else { continue };
        let name = if tokens.len() == 1 {
            format!("redeem_{}", facts.singular)
        } else {
            format!("redeem_{}_{}", facts.singular, field.name.text)
        };
        let name = draft.function(&name);
        let decision = Decision::new(
            &KIND,
            subject(entity, field),
            format!("`{name}` takes it once, in time"),
        )
        .at(field.type_span)
        .name(&name)
        .members(&facts.table, [&token]);
        draft.decide(decision);
        let what = Service::RedeemToken {
            name,
            token,
            expires_at: instant(&["expires_at", "expires", "valid_until", "expiry"]),
            used_at: instant(&["used_at", "redeemed_at", "consumed_at", "spent_at"]),
            owner: owner(draft, &facts),
            returns: facts.public_id.iter().cloned().collect(),
            deleted_at: facts.deletion.as_ref().map(|deletion| deletion.at.clone()),
        };
        draft.offer(&facts.table, what, decided(&KIND, entity));
    }
}

/// The reference to the owner, and the owner's table.
fn owner(draft: &Draft<'_>, facts: &Facts) -> Option<(Ident, physical::Name)> {
    let owner = facts.owner.as_ref()?;
    if owner.how == Descent::Itself {
        return None;
    }
    let user = draft.user()?;
    Some((owner.column.clone(), draft.facts(user.id).table.clone()))
}
