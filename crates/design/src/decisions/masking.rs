//! Decision: what the reader sees.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use model::{EntityId, Field, FieldId, FieldOrigin, Identity, ImpliedField, Privacy, Protection, Type};
use physical::{
    Expr, Grant, Grantee, Ident, Literal, Name, Origin, Privilege, SqlType, View, ViewJoin, ViewQuery,
};

use crate::decisions::Kind;
use crate::draft::{Draft, decided, fields};
use crate::names::{Space, shorten};
use crate::{Alternative, Attacker, Decision};

pub(crate) static KIND: Kind = Kind {
    id: "masking",
    title: "what the reader sees",
    reason: "a view per table: the public id as `id`, references as the other row's public id, personal values masked, secrets and \
             ciphertexts absent. Owned by a role that cannot log in and stands under row-level security: a superuser's view would \
             bypass it, and one with the invoker's rights would need rights on the columns that it hides",
    alternatives: &[Alternative {
        option: "more than the reader",
        how: "`role analyst because \"…\"` and `allow read to analyst`",
    }],
    attacker: Some(Attacker::A4),
    apply,
};

const MASK: &str = "***";

/// A view while it is made.
struct Draught {
    joins: Vec<ViewJoin>,
    items: Vec<(Ident, Expr)>,
    masked: Vec<String>,
    absent: Vec<String>,
}

fn apply(draft: &mut Draft<'_>) {
    for entity in &draft.model.entities {
        let facts = draft.facts(entity.id).clone();
        if facts.key.is_empty() {
            continue;
        }
        let mut view = Draught {
            joins: Vec::new(),
            items: Vec::new(),
            masked: Vec::new(),
            absent: Vec::new(),
        };
        if let Some(public_id) = &facts.public_id {
            view.items
                .push((Ident::from("id"), of_t(public_id, SqlType::Uuid)));
        }
        for (id, field) in fields(entity) {
            item(draft, id, field, &mut view);
        }
        if let Some(deletion) = &facts.deletion {
            let is_deleted = Expr::is_not_null(of_t(&deletion.at, SqlType::TimestampTz));
            view.items.push((Ident::from("is_deleted"), is_deleted));
        }
        let name = add(
            draft,
            &facts.table,
            view.items,
            view.joins,
            decided(&KIND, entity),
        );
        let decision = Decision::new(
            &KIND,
            &entity.name.text,
            choice(&name, &view.masked, &view.absent),
        );
        draft.decide(decision.name(&name));
    }
    for (link, made) in draft.model.links.iter().zip(draft.links.clone()) {
        if draft.table(&made.table).is_some() {
            link_view(
                draft,
                &made.table,
                [(link.left, made.left), (link.right, made.right)],
            );
        }
    }
}

fn choice(name: &Name, masked: &[String], absent: &[String]) -> String {
    let mut choice = format!("`{name}`");
    if !masked.is_empty() {
        choice.push_str(&format!(", {} masked", masked.join(", ")));
    }
    if !absent.is_empty() {
        choice.push_str(&format!(", {} absent", absent.join(", ")));
    }
    choice
}

/// A column of the table behind a view.
fn of_t(name: &Ident, ty: SqlType) -> Expr {
    of(&Ident::from("t"), name, ty)
}

fn of(alias: &Ident, name: &Ident, ty: SqlType) -> Expr {
    Expr::Column {
        table: Some(alias.clone()),
        name: name.clone(),
        ty,
    }
}

fn item(draft: &Draft<'_>, id: FieldId, field: &Field, view: &mut Draught) {
    let name = Ident::new(&field.name.text);
    let Some((column, ty)) = draft.facts(id.entity).column(id).cloned() else {
        return;
    };
    if let FieldOrigin::Implied(what) = field.origin {
        return implied(draft, id.entity, what, (name, column, ty), field, view);
    }
    if field.privacy == Privacy::Secret || field.protection != Protection::Plain {
        view.absent.push(field.name.text.clone());
        return;
    }
    let masked = match field.privacy {
        Privacy::Personal if ty == SqlType::Text => Some(Expr::Literal(Literal::Text(MASK.to_owned()))),
        Privacy::Personal | Privacy::Special => Some(Expr::Literal(Literal::Null)),
        Privacy::None | Privacy::Secret => None,
    };
    match (masked, &field.ty) {
        (Some(masked), _) => {
            view.masked.push(field.name.text.clone());
            view.items.push((name, masked));
        }
        (None, Type::Reference(target)) => resolve(draft, *target, name, column, view),
        (None, _) => view.items.push((name, of_t(&column, ty))),
    }
}

fn implied(
    draft: &Draft<'_>,
    entity: EntityId,
    what: ImpliedField,
    (name, column, ty): (Ident, Ident, SqlType),
    field: &Field,
    view: &mut Draught,
) {
    use ImpliedField as F;
    match what {
        // Shown already, internal, or free text that may name someone.
        F::Id | F::PublicId | F::DeletionReason | F::DeletionBatch => {}
        F::Tenant | F::Owner => {
            let target = match (what, &field.ty) {
                (_, Type::Reference(target)) => Some(*target),
                (F::Tenant, _) => draft.model.policy.tenant.value,
                _ => draft.user().map(|user| user.id),
            };
            if let Some(target) = target.filter(|target| *target != entity) {
                resolve(draft, target, name, column, view);
            }
        }
        F::CreatedBy | F::UpdatedBy | F::DeletedBy | F::StateChangedBy | F::VersionUpdatedBy => {
            if let Some(actors) = &draft.blueprint.actors {
                let key = Ident::from("id");
                join(&actors.table, &key, &Ident::from("public_id"), name, column, view);
            }
        }
        _ => view.items.push((name, of_t(&column, ty))),
    }
}

/// Shows a reference as the public id of the row that it refers to; not at all when that has none.
fn resolve(draft: &Draft<'_>, target: EntityId, name: Ident, column: Ident, view: &mut Draught) {
    let facts = draft.facts(target);
    let natural = draft
        .model
        .entity(target)
        .is_some_and(|target| target.identity.value == Identity::Natural);
    let (Some((key, ty)), public_id) = (facts.single_key(), &facts.public_id) else {
        return;
    };
    match public_id {
        Some(public_id) if public_id == key => view.items.push((name, of_t(&column, ty.clone()))),
        Some(public_id) => join(&facts.table, key, public_id, name, column, view),
        None if natural => view.items.push((name, of_t(&column, ty.clone()))),
        None => view.absent.push(name.to_string()),
    }
}

fn join(table: &Name, key: &Ident, public_id: &Ident, name: Ident, column: Ident, view: &mut Draught) {
    let alias = Ident::new(shorten(&format!("r_{name}")));
    view.items.push((name, of(&alias, public_id, SqlType::Uuid)));
    view.joins.push(ViewJoin {
        table: table.clone(),
        alias,
        on: vec![(key.clone(), column)],
    });
}

fn link_view(draft: &mut Draft<'_>, table: &Name, sides: [(EntityId, Ident); 2]) {
    let mut view = Draught {
        joins: Vec::new(),
        items: Vec::new(),
        masked: Vec::new(),
        absent: Vec::new(),
    };
    for (side, column) in sides {
        let name = column
            .as_str()
            .strip_suffix("_id")
            .map_or_else(|| column.clone(), Ident::from);
        resolve(draft, side, name, column, &mut view);
    }
    if view.items.is_empty() {
        return;
    }
    let name = add(
        draft,
        table,
        view.items,
        view.joins,
        Origin::Decision(KIND.id, None),
    );
    draft.decide(Decision::new(&KIND, table.name.to_string(), format!("`{name}`")).name(&name));
}

fn add(
    draft: &mut Draft<'_>,
    table: &Name,
    items: Vec<(Ident, Expr)>,
    joins: Vec<ViewJoin>,
    origin: Origin,
) -> Name {
    let ident = draft.names.take(Space::Masked, table.name.as_str());
    let name = Name {
        schema: Some(draft.blueprint.masked_schema.clone()),
        name: ident,
    };
    let reader = Grantee::Role(draft.blueprint.roles.reader.clone());
    draft.blueprint.database.views.push(View {
        name: name.clone(),
        owner: Some(draft.blueprint.roles.mask.clone()),
        query: ViewQuery::Select {
            from: table.clone(),
            joins,
            items,
            filter: None,
        },
        materialized: false,
        security_barrier: true,
        security_invoker: false,
        grants: vec![Grant {
            privilege: Privilege::Select,
            columns: Vec::new(),
            grantee: reader,
        }],
        comment: Some(format!(
            "`{}` for the reader: public ids, personal values masked",
            table.name
        )),
        origin,
    });
    name
}

/// The columns of each table that the views read.
pub(super) fn reads<'d>(draft: &'d Draft<'_>) -> BTreeMap<Name, BTreeSet<Ident>> {
    let mut all: HashMap<&'d Name, Vec<&'d Ident>> = HashMap::new();
    let mut add = |table: &'d Name, column: &'d Ident| {
        let columns = all.entry(table).or_default();
        if !columns.contains(&column) {
            columns.push(column);
        }
    };
    for view in &draft.blueprint.database.views {
        let ViewQuery::Select {
            from, joins, items, ..
        } = &view.query
        else {
            continue;
        };
        for (theirs, ours, join) in joins
            .iter()
            .flat_map(|join| join.on.iter().map(move |(a, b)| (a, b, join)))
        {
            add(&join.table, theirs);
            add(from, ours);
        }
        for (_, expr) in items {
            let column = match expr {
                Expr::IsNull { value, .. } => value.as_ref(),
                other => other,
            };
            if let Expr::Column {
                table: Some(alias),
                name,
                ..
            } = column
            {
                let joined = joins.iter().find(|join| join.alias == *alias);
                add(joined.map_or(from, |join| &join.table), name);
            }
        }
    }
    let owned =
        |(table, columns): (&Name, Vec<&Ident>)| (table.clone(), columns.into_iter().cloned().collect());
    all.into_iter().map(owned).collect()
}
