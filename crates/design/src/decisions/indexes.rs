//! Decision: which indexes there are.

mod candidates;

use model::{Entity, RetentionKind};
use physical::{Expr, Ident, Index, IndexKey, IndexMethod, Name, Origin, SqlType, Table};

use self::candidates::{Candidate, of_query};
use super::uniqueness::key;
use crate::decisions::Kind;
use crate::draft::{Draft, decided};
use crate::facts::Descent;
use crate::lower::living;
use crate::names::Space;
use crate::{Alternative, Decision};

pub(crate) static KIND: Kind = Kind {
    id: "indexes",
    title: "indexes",
    reason: "every foreign key, what the declared queries need, merged by prefix, and nothing else: 36 % of real foreign keys have no index, \
             and the brief's naive set takes 1.5 to 2 times the space. Indexes of queries hold living rows only; those of foreign keys \
             hold all, or checks could not use them",
    alternatives: &[
        Alternative {
            option: "one more",
            how: "`index (…)` in the entity",
        },
        Alternative {
            option: "for a query",
            how: "`query name { where … order … }` in the entity",
        },
        Alternative {
            option: "advice from measurements",
            how: "`architrave advise`",
        },
    ],
    attacker: None,
    apply,
};

/// The column that a key of an index is; `None` for expressions.
pub(super) fn column_of(expr: &Expr) -> Option<Ident> {
    match expr {
        Expr::Column { name, .. } => Some(name.clone()),
        _ => None,
    }
}

fn apply(draft: &mut Draft<'_>) {
    for entity in &draft.model.entities {
        let mut chosen: Vec<Candidate> = Vec::new();
        declared(draft, entity, &mut chosen);
        for query in &entity.queries {
            if let Some(candidate) = of_query(draft, entity, query) {
                merge(draft, entity, &mut chosen, candidate);
            }
        }
        foreign_keys(draft, entity, &mut chosen);
        retention(draft, entity, &mut chosen);
        for candidate in chosen {
            build(draft, entity, candidate);
        }
    }
    links(draft);
}

/// What the entity says itself: kept, unless another index serves it already.
fn declared(draft: &Draft<'_>, entity: &Entity, chosen: &mut Vec<Candidate>) {
    for index in &entity.indexes {
        let facts = draft.facts(entity.id);
        let keys: Option<Vec<IndexKey>> = index
            .keys
            .iter()
            .map(|sort| match sort.path.steps.as_slice() {
                [field] => facts.column(*field).cloned().map(|(name, ty)| IndexKey {
                    descending: sort.descending,
                    ..key(name, ty)
                }),
                _ => None,
            })
            .collect();
        let Some(keys) = keys.filter(|keys| !keys.is_empty()) else {
            continue;
        };
        let candidate = Candidate {
            keys,
            method: IndexMethod::BTree,
            living: facts.deletion.is_some(),
            predicate: None,
            why: vec!["what the schema declares".to_owned()],
            subjects: vec![entity.name.text.clone()],
            said: Some(index.span),
            equalities: 0,
        };
        let table = draft.table(&facts.table);
        // A lint says that it is redundant; here it is just left out.
        let served = table.is_some_and(|table| is_served(table, &candidate));
        if !served && !chosen.iter().any(|known| known.covers(&candidate)) {
            chosen.retain(|known| !candidate.covers(known));
            chosen.push(candidate);
        }
    }
}

/// Adds what a query needs, unless something serves it; drops what it serves in turn.
fn merge(draft: &Draft<'_>, entity: &Entity, chosen: &mut Vec<Candidate>, candidate: Candidate) {
    let table = draft.table(&draft.facts(entity.id).table);
    if table.is_some_and(|table| is_served(table, &candidate)) {
        return;
    }
    if let Some(known) = chosen.iter_mut().find(|known| known.covers(&candidate)) {
        known.why.extend(candidate.why);
        known.subjects.extend(candidate.subjects);
        return;
    }
    let mut candidate = candidate;
    chosen.retain(|known| {
        let dropped = known.said.is_none() && candidate.covers(known);
        if dropped {
            candidate.why.extend(known.why.iter().cloned());
            candidate.subjects.extend(known.subjects.iter().cloned());
        }
        !dropped
    });
    chosen.push(candidate);
}

/// Whether a key of the table serves an index: it begins with its columns, or pins the row by its equalities alone.
fn is_served(table: &Table, candidate: &Candidate) -> bool {
    if candidate.method != IndexMethod::BTree {
        return false;
    }
    let full = table
        .primary_key
        .iter()
        .map(|key| &key.columns)
        .chain(table.uniques.iter().map(|unique| &unique.columns));
    full.map(|columns| columns.iter().collect::<Vec<_>>())
        .any(|columns| candidate.begins(&columns) || candidate.pinned_by(&columns))
        || table.indexes.iter().filter(|index| index.unique).any(|index| {
            let columns: Vec<Ident> = index.keys.iter().filter_map(|key| column_of(&key.expr)).collect();
            let columns: Vec<&Ident> = columns.iter().collect();
            candidate.living && (candidate.begins(&columns) || candidate.pinned_by(&columns))
        })
}

/// Every foreign key, and the owner and tenant that row-level security looks for.
fn foreign_keys(draft: &Draft<'_>, entity: &Entity, chosen: &mut Vec<Candidate>) {
    let facts = draft.facts(entity.id);
    let Some(table) = draft.table(&facts.table) else {
        return;
    };
    let actors = draft.blueprint.actors.as_ref().map(|actors| &actors.table);
    let through = facts
        .owner
        .as_ref()
        .filter(|owner| matches!(owner.how, Descent::Through(_)))
        .map(|owner| &owner.column);
    let lead = |own: &[Ident]| -> Vec<Ident> {
        facts
            .tenant
            .iter()
            .chain(through)
            .filter(|column| own.contains(column))
            .cloned()
            .collect()
    };
    for foreign in &table.foreign_keys {
        if Some(&foreign.references) == actors {
            continue;
        }
        let Some(reference) = foreign.columns.first() else {
            continue;
        };
        let mut columns = lead(&foreign.columns);
        if !columns.contains(reference) {
            columns.push(reference.clone());
        }
        let why = format!("foreign key {}", foreign.name);
        need(table, chosen, columns, reference, &foreign.columns, (entity, why));
    }
    if let Some(owner) = facts.owner.as_ref().filter(|owner| owner.how != Descent::Itself) {
        let columns: Vec<Ident> = facts.tenant.iter().chain([&owner.column]).cloned().collect();
        need(
            table,
            chosen,
            columns.clone(),
            &owner.column,
            &columns,
            (entity, "row-level security by owner".to_owned()),
        );
    }
    if let Some(tenant) = &facts.tenant {
        let columns = vec![tenant.clone()];
        need(
            table,
            chosen,
            columns.clone(),
            tenant,
            &columns,
            (entity, "row-level security by tenant".to_owned()),
        );
    }
}

/// Makes sure that a full index leads to `goal` through nothing but `within`.
fn need(
    table: &Table,
    chosen: &mut Vec<Candidate>,
    columns: Vec<Ident>,
    goal: &Ident,
    within: &[Ident],
    (entity, why): (&Entity, String),
) {
    let leads = |keys: &[Ident]| {
        keys.iter()
            .take_while(|key| within.contains(key))
            .any(|key| key == goal)
    };
    let full = table
        .primary_key
        .iter()
        .map(|key| &key.columns)
        .chain(table.uniques.iter().map(|unique| &unique.columns));
    if full.into_iter().any(|columns| leads(columns)) {
        return;
    }
    let btree = |known: &&mut Candidate| known.method == IndexMethod::BTree && known.predicate.is_none();
    if let Some(known) = chosen
        .iter_mut()
        .filter(btree)
        .find(|known| leads(&known.columns()))
    {
        // One index over all rows in place of one over the living and one for the foreign key.
        known.living = false;
        known.why.push(why);
        return;
    }
    let typed = |name: Ident| {
        let ty = table
            .column(name.as_str())
            .map_or(SqlType::BigInt, |column| column.ty.clone());
        key(name, ty)
    };
    chosen.push(Candidate {
        keys: columns.into_iter().map(typed).collect(),
        method: IndexMethod::BTree,
        living: false,
        predicate: None,
        why: vec![why],
        subjects: vec![entity.name.text.clone()],
        said: None,
        equalities: 0,
    });
}

/// What retention looks for: dead rows are few, so an index of them costs next to nothing.
fn retention(draft: &Draft<'_>, entity: &Entity, chosen: &mut Vec<Candidate>) {
    let facts = draft.facts(entity.id);
    let Some(deletion) = &facts.deletion else { return };
    let counts = entity.retention.iter().find(|kept| {
        facts
            .column(kept.field)
            .is_some_and(|(name, _)| *name == deletion.at)
    });
    let Some(kept) = counts else { return };
    let verb = if kept.kind == RetentionKind::Purge {
        "purge"
    } else {
        "anonymise"
    };
    chosen.push(Candidate {
        keys: vec![key(deletion.at.clone(), SqlType::TimestampTz)],
        method: IndexMethod::BTree,
        living: false,
        predicate: Some(Expr::is_not_null(Expr::column(
            deletion.at.clone(),
            SqlType::TimestampTz,
        ))),
        why: vec![format!("{verb}, which looks at dead rows only")],
        subjects: vec![entity.name.text.clone()],
        said: Some(kept.span),
        equalities: 0,
    });
}

fn build(draft: &mut Draft<'_>, entity: &Entity, candidate: Candidate) {
    let facts = draft.facts(entity.id);
    let table = facts.table.clone();
    let predicate = match (&facts.deletion, candidate.living) {
        (Some(deletion), true) => Some(living(&deletion.at)),
        _ => candidate.predicate.clone(),
    };
    let name = draft
        .names
        .constraint(Space::App, &table.name, &candidate.columns(), "idx");
    let why = candidate.why.join("; ");
    let rows = if candidate.living { "living rows" } else { "rows" };
    for subject in &candidate.subjects {
        let choice = format!(
            "{} of {rows} by {}",
            method(&candidate.method),
            candidate.describe()
        );
        let mut decision = Decision::new(&KIND, subject, choice)
            .members(&table, [&name])
            .why(format!("{why}. {}", KIND.reason));
        decision.said = candidate.said;
        draft.decide(decision);
    }
    let index = Index {
        name,
        unique: false,
        nulls_not_distinct: false,
        method: candidate.method,
        keys: candidate.keys,
        include: Vec::new(),
        predicate,
        comment: Some(format!("For {why}")),
        origin: candidate
            .said
            .map_or_else(|| decided(&KIND, entity), Origin::Span),
    };
    draft.change(&table, |table| table.indexes.push(index));
}

const fn method(method: &IndexMethod) -> &'static str {
    match method {
        IndexMethod::Gin => "an inverted index",
        _ => "an index",
    }
}

/// Links have their way there and back; what is left is the owner and the tenant.
fn links(draft: &mut Draft<'_>) {
    let made: Vec<(Name, Vec<Ident>)> = draft
        .links
        .iter()
        .map(|link| {
            (
                link.table.clone(),
                link.tenant.iter().chain(&link.owner).cloned().collect::<Vec<_>>(),
            )
        })
        .filter(|(_, columns)| !columns.is_empty())
        .collect();
    for (name, columns) in made {
        let Some(table) = draft.table(&name) else { continue };
        let leads = |keys: &[Ident]| {
            columns.iter().zip(keys).all(|(wanted, key)| wanted == key) && keys.len() >= columns.len()
        };
        let there = table.primary_key.iter().any(|key| leads(&key.columns))
            || table.indexes.iter().any(|index| {
                leads(
                    &index
                        .keys
                        .iter()
                        .filter_map(|key| column_of(&key.expr))
                        .collect::<Vec<_>>(),
                )
            });
        if there {
            continue;
        }
        let typed = |name: &Ident| {
            key(
                name.clone(),
                table
                    .column(name.as_str())
                    .map_or(SqlType::BigInt, |column| column.ty.clone()),
            )
        };
        let keys: Vec<IndexKey> = columns.iter().map(typed).collect();
        let origin = table.origin;
        let index_name = draft.names.constraint(Space::App, &name.name, &columns, "idx");
        let index = Index {
            name: index_name,
            unique: false,
            nulls_not_distinct: false,
            method: IndexMethod::BTree,
            keys,
            include: Vec::new(),
            predicate: None,
            comment: Some("For row-level security".to_owned()),
            origin,
        };
        draft.change(&name, |table| table.indexes.push(index));
    }
}
