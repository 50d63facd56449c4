//! What a declared query needs of an index: equality, then order, then range.

use diagnostics::Span;
use model::{Compare, Entity, ExprKind, FieldId, Query, Scalar, Type};
use physical::{Expr, Ident, IndexKey, IndexMethod, SqlType};

use super::super::checks::read;
use super::super::privacy::blind_column;
use super::super::uniqueness::key;
use super::column_of;
use crate::draft::Draft;
use crate::facts::{Descent, Typed};

/// More keys than this help no query.
const MOST_KEYS: usize = 8;

/// An index that something needs.
#[derive(Debug, Clone)]
pub(super) struct Candidate {
    /// In key order.
    pub keys: Vec<IndexKey>,
    /// How it is built.
    pub method: IndexMethod,
    /// Whether living rows are enough.
    pub living: bool,
    /// Another condition.
    pub predicate: Option<Expr>,
    /// Who needs it.
    pub why: Vec<String>,
    /// What the decision is about.
    pub subjects: Vec<String>,
    /// Where the source asks for it.
    pub said: Option<Span>,
    /// How many leading keys are compared for equality.
    pub equalities: usize,
}

impl Candidate {
    /// The columns of the keys.
    pub(super) fn columns(&self) -> Vec<Ident> {
        self.keys.iter().filter_map(|key| column_of(&key.expr)).collect()
    }

    /// Whether this index serves whatever the other would.
    pub(super) fn covers(&self, other: &Self) -> bool {
        let rows = self.predicate == other.predicate && (!self.living || other.living);
        rows && self.method == other.method && self.keys.starts_with(&other.keys)
    }

    /// Whether the index begins the columns of a key.
    pub(super) fn begins(&self, columns: &[&Ident]) -> bool {
        let plain = |key: &IndexKey| !key.descending && key.operator_class.is_none();
        self.keys.len() <= columns.len()
            && self
                .keys
                .iter()
                .zip(columns)
                .all(|(key, column)| plain(key) && column_of(&key.expr).as_ref() == Some(*column))
    }

    /// Whether the equalities alone determine a key, so that there is one row at most.
    pub(super) fn pinned_by(&self, columns: &[&Ident]) -> bool {
        let equal: Vec<Ident> = self
            .keys
            .iter()
            .take(self.equalities)
            .filter_map(|key| column_of(&key.expr))
            .collect();
        !columns.is_empty() && columns.iter().all(|column| equal.contains(column))
    }

    /// The keys for people.
    pub(super) fn describe(&self) -> String {
        let keys: Vec<String> = self
            .keys
            .iter()
            .filter_map(|key| {
                column_of(&key.expr)
                    .map(|name| format!("{name}{}", if key.descending { " desc" } else { "" }))
            })
            .collect();
        keys.join(", ")
    }
}

/// What the conditions of a query ask for.
#[derive(Default)]
struct Wanted {
    equal: Vec<Typed>,
    listed: Vec<Typed>,
    ranges: Vec<IndexKey>,
    members: Vec<Typed>,
}

/// The index that a query needs; `None` when it needs none, or none could help.
pub(super) fn of_query(draft: &Draft<'_>, entity: &Entity, query: &Query) -> Option<Candidate> {
    let facts = draft.facts(entity.id);
    let mut wanted = Wanted::default();
    if let Some(condition) = &query.condition {
        collect(draft, condition, &mut wanted);
    }
    let reads_dead = reads_deletion(draft, entity, query);
    let base = |keys: Vec<IndexKey>, method: IndexMethod, equalities: usize| Candidate {
        keys,
        method,
        living: facts.deletion.is_some() && !reads_dead,
        predicate: None,
        why: vec![format!("query `{}`", query.name.text)],
        subjects: vec![format!("{}.{}", entity.name.text, query.name.text)],
        said: None,
        equalities,
    };
    let mut equal: Vec<Typed> = Vec::new();
    lead(draft, entity, &mut equal);
    for column in wanted.equal {
        if !equal.contains(&column) {
            equal.push(column);
        }
    }
    let sorted = order(draft, query, &equal);
    let inverted = wanted.members.first().cloned();
    if let Some((name, ty)) =
        inverted.filter(|_| sorted.is_empty() && wanted.ranges.is_empty() && wanted.listed.is_empty())
    {
        return Some(base(vec![key(name, ty)], IndexMethod::Gin, 0));
    }
    let listed = wanted.listed.into_iter().map(|(name, ty)| key(name, ty));
    let ranged = wanted.ranges.into_iter();
    let equalities = equal.len();
    let mut keys: Vec<IndexKey> = equal.into_iter().map(|(name, ty)| key(name, ty)).collect();
    let rest: Vec<IndexKey> = if sorted.is_empty() {
        listed.chain(ranged.take(1)).collect()
    } else {
        sorted.into_iter().chain(listed).chain(ranged.take(1)).collect()
    };
    for next in rest {
        let name = column_of(&next.expr);
        let known = keys.iter_mut().find(|known| column_of(&known.expr) == name);
        match known {
            Some(known) => known.operator_class = known.operator_class.take().or(next.operator_class),
            None => keys.push(next),
        }
    }
    keys.truncate(MOST_KEYS);
    (!keys.is_empty()).then(|| base(keys, IndexMethod::BTree, equalities))
}

/// Row-level security compares tenant and owner in every query of the application.
fn lead(draft: &Draft<'_>, entity: &Entity, equal: &mut Vec<Typed>) {
    let facts = draft.facts(entity.id);
    if let Some(tenant) = &facts.tenant {
        equal.push((tenant.clone(), crate::facts::tenant_key(draft.model)));
    }
    if let Some(owner) = facts.owner.as_ref().filter(|owner| owner.how != Descent::Itself) {
        equal.push((owner.column.clone(), owner.ty.clone()));
    }
}

/// Whether the query looks at dead rows by name.
fn reads_deletion(draft: &Draft<'_>, entity: &Entity, query: &Query) -> bool {
    let facts = draft.facts(entity.id);
    let Some(deletion) = &facts.deletion else {
        return false;
    };
    let is_deletion = |id: FieldId| {
        id.entity == entity.id && facts.column(id).is_some_and(|(name, _)| *name == deletion.at)
    };
    let mut found = false;
    if let Some(condition) = &query.condition {
        read(condition, &mut |id| found |= is_deletion(id));
    }
    let ordered = query.order.iter().filter_map(|sort| sort.path.steps.first());
    found || ordered.copied().any(is_deletion)
}

/// The columns that rows are sorted by. A backward scan sorts the other way round, so one direction is ascending.
fn order(draft: &Draft<'_>, query: &Query, equal: &[Typed]) -> Vec<IndexKey> {
    let mut keys = Vec::new();
    for sort in &query.order {
        let [field] = sort.path.steps.as_slice() else {
            break;
        };
        let Some((name, ty)) = plain(draft, *field) else {
            break;
        };
        if equal.iter().all(|(known, _)| *known != name) {
            keys.push(IndexKey {
                descending: sort.descending,
                ..key(name, ty)
            });
        }
    }
    if keys.iter().all(|key| key.descending) {
        keys.iter_mut().for_each(|key| key.descending = false);
    }
    keys
}

/// Sorts the conditions that all must hold by how an index can serve them.
fn collect(draft: &Draft<'_>, expr: &model::Expr, wanted: &mut Wanted) {
    match &expr.kind {
        ExprKind::And(parts) => parts.iter().for_each(|part| collect(draft, part, wanted)),
        ExprKind::Compare(op, left, right) => {
            let Some(field) = compared(left, right).or_else(|| compared(right, left)) else {
                return;
            };
            match op {
                Compare::Equal => wanted.equal.extend(searched(draft, field)),
                Compare::NotEqual => {}
                _ => wanted
                    .ranges
                    .extend(plain(draft, field).map(|(name, ty)| key(name, ty))),
            }
        }
        ExprKind::Path(_) => {
            if let Some(field) = path(expr).filter(|_| expr.ty == Type::Scalar(Scalar::Bool)) {
                wanted.equal.extend(plain(draft, field));
            }
        }
        ExprKind::IsNull(inner, false) => {
            wanted.equal.extend(
                path(inner)
                    .filter(|field| !is_deletion(draft, *field))
                    .and_then(|field| plain(draft, field)),
            );
        }
        ExprKind::In(inner, _, false) | ExprKind::InParam(inner, _, false) => {
            wanted
                .listed
                .extend(path(inner).and_then(|field| searched(draft, field)));
        }
        ExprKind::Between(inner, _, _, false) => {
            wanted.ranges.extend(
                path(inner)
                    .and_then(|field| plain(draft, field))
                    .map(|(name, ty)| key(name, ty)),
            );
        }
        ExprKind::StartsWith(inner, _) => {
            let found = path(inner)
                .and_then(|field| plain(draft, field))
                .filter(|(_, ty)| *ty == SqlType::Text);
            let pattern = |(name, ty)| IndexKey {
                operator_class: Some("text_pattern_ops".to_owned()),
                ..key(name, ty)
            };
            wanted.ranges.extend(found.map(pattern));
        }
        ExprKind::Contains(inner, _) if matches!(inner.ty, Type::Array(_)) => {
            wanted
                .members
                .extend(path(inner).and_then(|field| plain(draft, field)));
        }
        _ => {}
    }
}

fn is_deletion(draft: &Draft<'_>, field: FieldId) -> bool {
    let facts = draft.facts(field.entity);
    let at = facts.deletion.as_ref().map(|deletion| &deletion.at);
    facts.column(field).is_some_and(|(name, _)| Some(name) == at)
}

/// A field of the row at hand.
fn path(expr: &model::Expr) -> Option<FieldId> {
    match &expr.kind {
        ExprKind::Path(path) => match path.steps.as_slice() {
            [field] => Some(*field),
            _ => None,
        },
        _ => None,
    }
}

/// A field compared with something that is no field.
fn compared(field: &model::Expr, value: &model::Expr) -> Option<FieldId> {
    let mut reads = false;
    read(value, &mut |_| reads = true);
    path(field).filter(|_| !reads)
}

/// The column in which equality can be looked up.
fn searched(draft: &Draft<'_>, field: FieldId) -> Option<Typed> {
    let declared = draft.model.field(field)?;
    blind_column(declared)
        .map(|blind| (blind, SqlType::Bytes))
        .or_else(|| plain(draft, field))
}

/// The column of a field whose order means something.
fn plain(draft: &Draft<'_>, field: FieldId) -> Option<Typed> {
    let declared = draft.model.field(field)?;
    let hidden = matches!(declared.protection, model::Protection::Encrypted { .. });
    draft
        .facts(field.entity)
        .column(field)
        .filter(|_| !hidden)
        .cloned()
}
