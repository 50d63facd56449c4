//! Decision: many-to-many relations without an entity of their own.

use std::rc::Rc;

use model::{Entity, EntityId, ManyToMany, Ownership};
use physical::{
    Behaviour, Column, DefaultValue, ForeignKey, Ident, Index, IndexMethod, Literal, Name, OnDelete, Origin,
    PrimaryKey, Purpose, SqlType, Table, TableInfo,
};

use super::actors::SYSTEM;
use super::authorship::{actor_key, has_authors};
use super::relations::key_of;
use super::uniqueness::key;
use crate::decisions::Kind;
use crate::draft::{Draft, LinkTable};
use crate::facts::{Facts, Typed};
use crate::names::{Space, shorten};
use crate::{Alternative, Attacker, Decision};

pub(crate) static KIND: Kind = Kind {
    id: "links",
    title: "many-to-many relations",
    reason: "a table of pairs with the pair as its key, which leads from one side, and an index the other way round, which leads from the \
             other; who linked and when stands on it. Owner and tenant of the declaring side stand on it, too, so that row-level \
             security reads one row",
    alternatives: &[Alternative {
        option: "with fields on the link",
        how: "an entity with two references, and `@through(…)`",
    }],
    attacker: Some(Attacker::A1),
    apply,
};

fn apply(draft: &mut Draft<'_>) {
    for link in &draft.model.links {
        let (Some(left), Some(right)) = (draft.model.entity(link.left), draft.model.entity(link.right))
        else {
            draft.links.push(LinkTable::none());
            continue;
        };
        let made = make(draft, link, left, right).unwrap_or_else(LinkTable::none);
        draft.links.push(made);
    }
}

impl LinkTable {
    /// Of a relation that could not be made; the model has said why.
    fn none() -> Self {
        let nothing = Ident::from("");
        Self {
            table: Name::bare(""),
            left: nothing.clone(),
            right: nothing,
            owner: None,
            tenant: None,
        }
    }
}

/// One side of a link.
struct Side {
    facts: Rc<Facts>,
    column: Ident,
    key: Typed,
    /// Owner and tenant that must agree: (column of the link, column of the side).
    agree: Vec<(Ident, Ident)>,
}

fn make(draft: &mut Draft<'_>, link: &ManyToMany, left: &Entity, right: &Entity) -> Option<LinkTable> {
    let span = draft.model.field(link.field)?.name.span;
    let origin = Origin::Decision(KIND.id, Some(span));
    let (mut a, mut b) = (
        side(draft, left, "")?,
        side(draft, right, if left.id == right.id { "related_" } else { "" })?,
    );
    let guide = guide(draft, left, right);
    let (owner, tenant) = agree(&guide, &mut a, &mut b);
    let table_name = draft.names.take(Space::App, &link.table);
    let name = Name {
        schema: Some(draft.blueprint.schema.clone()),
        name: table_name,
    };
    let mut table = Table::new(name.clone(), origin);
    table.comment = Some(format!("Which {} belong to which {}", right.table, left.table));
    columns(
        draft,
        &mut table,
        left,
        (&a, &b),
        owner.as_ref().zip(guide.owner.as_ref().map(|owner| &owner.ty)),
        tenant.as_ref(),
    );
    let pair = vec![a.column.clone(), b.column.clone()];
    let pkey = draft.names.constraint(Space::App, &name.name, [], "pkey");
    table.primary_key = Some(PrimaryKey {
        name: pkey,
        columns: pair,
    });
    for side in [&a, &b] {
        let foreign = foreign_key(draft, &name, side, origin);
        table.foreign_keys.push(foreign);
    }
    table.foreign_keys.extend(created_by(draft, &table, origin));
    table
        .foreign_keys
        .extend(tenant_key(draft, &name, tenant.as_ref(), origin));
    let idx = draft
        .names
        .constraint(Space::App, &name.name, [&b.column, &a.column], "idx");
    table.indexes.push(reverse(idx.clone(), &a, &b, origin));
    let info = TableInfo {
        name: name.clone(),
        purpose: Purpose::Link(left.id, right.id),
        columns: Vec::new(),
        owner: owner.clone(),
        tenant: tenant.clone(),
    };
    let field = draft.model.field(link.field)?;
    let subject = format!("{}.{}", left.name.text, field.name.text);
    let decision = Decision::new(&KIND, subject, format!("a link table `{name}`"))
        .at(span)
        .name(&name.name)
        .name(&name);
    draft.decide(decision.members(&name, [&a.column, &b.column, &idx]));
    draft.add_table(table, info);
    behave(draft, &name, left, (&a, &b), &guide, origin);
    Some(LinkTable {
        table: name,
        left: a.column,
        right: b.column,
        owner,
        tenant,
    })
}

fn side(draft: &Draft<'_>, entity: &Entity, prefix: &str) -> Option<Side> {
    let facts = draft.facts(entity.id).clone();
    let key = facts.single_key()?.clone();
    let column = Ident::new(shorten(&format!("{prefix}{}_id", facts.singular)));
    Some(Side {
        facts,
        column,
        key,
        agree: Vec::new(),
    })
}

/// The side whose owner the link has: the declaring one, or the other when the declaring one is everyone's.
fn guide(draft: &Draft<'_>, left: &Entity, right: &Entity) -> Rc<Facts> {
    let public = matches!(left.ownership, Ownership::Public { .. });
    draft.facts(if public { right.id } else { left.id }).clone()
}

/// Gives the link the owner and tenant columns, and says which of the sides they must agree with.
fn agree(guide: &Facts, a: &mut Side, b: &mut Side) -> (Option<Ident>, Option<Ident>) {
    let mut owner = None;
    for side in [&mut *a, &mut *b] {
        let Some(theirs) = side.facts.owner.as_ref().filter(|_| guide.owner.is_some()) else {
            continue;
        };
        if side.key.0 == theirs.column {
            // The side is a person: its own key says whose the link is, when it guides.
            if side.facts.table == guide.table && owner.is_none() {
                owner = Some(side.column.clone());
            }
            continue;
        }
        let own = owner.get_or_insert_with(|| Ident::from("owner_id")).clone();
        side.agree.push((own, theirs.column.clone()));
    }
    let tenant = a.facts.tenant.clone().or_else(|| b.facts.tenant.clone());
    if let Some(own) = &tenant {
        for side in [a, b] {
            if let Some(theirs) = side.facts.tenant.clone() {
                side.agree.push((own.clone(), theirs));
            }
        }
    }
    (owner, tenant)
}

fn columns(
    draft: &Draft<'_>,
    table: &mut Table,
    left: &Entity,
    (a, b): (&Side, &Side),
    owner: Option<(&Ident, &SqlType)>,
    tenant: Option<&Ident>,
) {
    let origin = table.origin;
    let column = |name: &Ident, ty: &SqlType, comment: String| Column {
        comment: Some(comment),
        ..Column::new(name.clone(), ty.clone(), origin)
    };
    table.columns.push(column(
        &a.column,
        &a.key.1,
        format!("Refers to `{}`", a.facts.table.name),
    ));
    table.columns.push(column(
        &b.column,
        &b.key.1,
        format!("Refers to `{}`", b.facts.table.name),
    ));
    if let Some((owner, ty)) = owner.filter(|(owner, _)| **owner != a.column && **owner != b.column) {
        table.columns.push(column(
            owner,
            ty,
            "Whose the link is: a copy that composite foreign keys keep true".to_owned(),
        ));
    }
    if let Some(tenant) = tenant {
        table.columns.push(column(
            tenant,
            &crate::facts::tenant_key(draft.model),
            "The tenant".to_owned(),
        ));
    }
    if left.timestamps.value {
        let mut created = column(
            &Ident::from("created_at"),
            &SqlType::TimestampTz,
            "When the link was made".to_owned(),
        );
        created.default = Some(DefaultValue::Now);
        table.columns.push(created);
    }
    if has_authors(draft, left) {
        let mut created = column(
            &Ident::from("created_by"),
            &SqlType::BigInt,
            "Who made the link".to_owned(),
        );
        created.default = Some(DefaultValue::Literal(Literal::Int(SYSTEM)));
        table.columns.push(created);
    }
}

fn foreign_key(draft: &mut Draft<'_>, table: &Name, side: &Side, origin: Origin) -> ForeignKey {
    let own: Vec<Ident> = std::iter::once(&side.column)
        .chain(side.agree.iter().map(|(own, _)| own))
        .cloned()
        .collect();
    let theirs: Vec<Ident> = std::iter::once(&side.key.0)
        .chain(side.agree.iter().map(|(_, theirs)| theirs))
        .cloned()
        .collect();
    key_of(draft, &side.facts.table, &theirs, origin);
    ForeignKey {
        name: draft.names.constraint(Space::App, &table.name, &own, "fkey"),
        columns: own,
        references: side.facts.table.clone(),
        referenced: theirs,
        on_delete: OnDelete::Cascade,
        on_update: if side.agree.is_empty() {
            OnDelete::NoAction
        } else {
            OnDelete::Cascade
        },
        set_null: Vec::new(),
        deferred: false,
        validated: true,
        comment: None,
        origin,
    }
}

fn created_by(draft: &mut Draft<'_>, table: &Table, origin: Origin) -> Option<ForeignKey> {
    let column = table.column("created_by")?.name.clone();
    actor_key(draft, &table.name, &column, Space::App, origin)
}

fn tenant_key(
    draft: &mut Draft<'_>,
    table: &Name,
    tenant: Option<&Ident>,
    origin: Origin,
) -> Option<ForeignKey> {
    let column = tenant?.clone();
    let root: EntityId = draft.model.policy.tenant.value?;
    let root = draft.facts(root).clone();
    Some(ForeignKey {
        name: draft.names.constraint(Space::App, &table.name, [&column], "fkey"),
        columns: vec![column],
        references: root.table.clone(),
        referenced: vec![root.single_key()?.0.clone()],
        on_delete: OnDelete::Restrict,
        on_update: OnDelete::NoAction,
        set_null: Vec::new(),
        deferred: false,
        validated: true,
        comment: Some("The tenant".to_owned()),
        origin,
    })
}

fn reverse(name: Ident, a: &Side, b: &Side, origin: Origin) -> Index {
    Index {
        name,
        unique: false,
        nulls_not_distinct: false,
        method: IndexMethod::BTree,
        keys: vec![
            key(b.column.clone(), b.key.1.clone()),
            key(a.column.clone(), a.key.1.clone()),
        ],
        include: Vec::new(),
        predicate: None,
        comment: Some("The way back".to_owned()),
        origin,
    }
}

fn behave(
    draft: &mut Draft<'_>,
    table: &Name,
    left: &Entity,
    (a, b): (&Side, &Side),
    guide: &Facts,
    origin: Origin,
) {
    let from = if a.facts.table == guide.table { a } else { b };
    if !from.agree.is_empty() {
        let what = Behaviour::Inherit {
            via: from.column.clone(),
            parent: from.facts.table.clone(),
            key: from.key.0.clone(),
            columns: from.agree.clone(),
        };
        draft.behave(table, what, origin);
    }
    if left.timestamps.value {
        let what = Behaviour::StampTimes {
            created_at: Some(Ident::from("created_at")),
            updated_at: None,
        };
        draft.behave(table, what, origin);
    }
    if has_authors(draft, left) {
        let what = Behaviour::StampAuthors {
            created_by: Some(Ident::from("created_by")),
            updated_by: None,
        };
        draft.behave(table, what, origin);
    }
}
