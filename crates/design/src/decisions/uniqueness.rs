//! Decision: among which rows values are unique.

use diagnostics::Diagnostic;
use model::{Entity, Field, Protection, Scalar, Type, UniqueScope};
use physical::{Expr, Ident, Index, IndexKey, IndexMethod, Origin, SqlType, Unique};

use super::privacy::blind_column;
use super::types::is_nullable;
use crate::decisions::Kind;
use crate::draft::{Draft, subject};
use crate::facts::{Descent, Facts, Typed};
use crate::lower::living;
use crate::names::Space;
use crate::{Alternative, Attacker, Decision, codes};

pub(crate) static KIND: Kind = Kind {
    id: "uniqueness",
    title: "among which rows values are unique",
    reason: "among the living, within the tenant, and among the owner's rows where rows belong to someone: uniqueness looks past row-level \
             security, so whoever collides with another's row learns that it is there; and a plain UNIQUE blocks whoever registers again, \
             and tells that a deleted account exists (46 % of the soft-deleting tables looked at)",
    alternatives: &[
        Alternative {
            option: "everywhere, which tells that a value exists",
            how: "`@unique(global) because \"…\"`",
        },
        Alternative {
            option: "among the dead, too",
            how: "`without soft_delete because \"…\"`",
        },
    ],
    attacker: Some(Attacker::A1),
    apply,
};

/// A unique constraint over all rows.
pub(super) fn full(name: Ident, columns: Vec<Ident>, comment: &str, origin: Origin) -> Unique {
    Unique {
        name,
        columns,
        nulls_not_distinct: false,
        deferred: false,
        comment: Some(comment.to_owned()),
        origin,
    }
}

fn apply(draft: &mut Draft<'_>) {
    for entity in &draft.model.entities {
        for unique in &entity.uniques {
            declare(draft, entity, unique);
        }
    }
}

fn declare(draft: &mut Draft<'_>, entity: &Entity, unique: &model::Unique) {
    let members: Vec<&Field> = unique
        .fields
        .iter()
        .filter_map(|id| draft.model.field(*id))
        .collect();
    // Values that are encrypted at random are never equal: a lint says so.
    let hidden = members
        .iter()
        .any(|field| field.protection == Protection::Encrypted { searchable: false });
    // A token is unique everywhere, whatever is said: see `tokens`.
    let token = matches!(members.as_slice(), [field] if field.ty == Type::Scalar(Scalar::Token));
    if members.len() != unique.fields.len() || hidden || token {
        return;
    }
    let facts = draft.facts(entity.id).clone();
    let Some(mut columns) = columns(&facts, unique, &members) else {
        return;
    };
    let nulls = Nulls::of(&members);
    let optional: Vec<Typed> = columns.clone();
    let scope = scope(draft, &facts, unique);
    let leading = scope.columns().filter(|known| !columns.contains(known)).cloned();
    columns.splice(0..0, leading.collect::<Vec<_>>());
    if known(draft, &facts, &columns) || split(draft, entity, &facts, unique, &columns) {
        return;
    }
    let name = draft.names.constraint(
        Space::App,
        &facts.table.name,
        columns.iter().map(|(column, _)| column),
        "key",
    );
    draft.decide(decision(
        entity,
        unique,
        &members,
        &facts,
        (&scope, &nulls),
        &name,
    ));
    let predicate = predicate(&facts, &nulls, &optional);
    let comment = comment(unique, &facts, &scope);
    let origin = Origin::Span(unique.span);
    draft.change(&facts.table, |table| match predicate {
        None => table.uniques.push(Unique {
            name,
            columns: columns.into_iter().map(|(column, _)| column).collect(),
            nulls_not_distinct: nulls.count(),
            deferred: false,
            comment: Some(comment),
            origin,
        }),
        Some(predicate) => table.indexes.push(Index {
            name,
            unique: true,
            nulls_not_distinct: nulls.count(),
            method: IndexMethod::BTree,
            keys: columns.into_iter().map(|(column, ty)| key(column, ty)).collect(),
            include: Vec::new(),
            predicate: Some(predicate),
            comment: Some(comment),
            origin,
        }),
    });
}

/// Within what values are unique: what leads the key.
pub(super) struct Scope {
    tenant: Option<Typed>,
    owner: Option<Typed>,
}

impl Scope {
    /// The tenant's column before the owner's, as in indexes.
    fn columns(&self) -> impl Iterator<Item = &Typed> {
        self.tenant.iter().chain(&self.owner)
    }

    /// Whether values are unique among the rows of one owner only.
    pub(super) const fn has_owner(&self) -> bool {
        self.owner.is_some()
    }
}

/// Among whose rows something is unique: a collision must tell nothing of rows that the writer cannot see.
///
/// The reference by which a row comes to its owner stands for the owner: its foreign key carries both.
pub(super) fn scope(draft: &Draft<'_>, facts: &Facts, unique: &model::Unique) -> Scope {
    let mut scope = Scope {
        tenant: None,
        owner: None,
    };
    if unique.scope != UniqueScope::Own {
        return scope;
    }
    let tenant = facts.tenant.clone();
    scope.tenant = tenant.map(|tenant| (tenant, crate::facts::tenant_key(draft.model)));
    let owner = facts.owner.as_ref().filter(|owner| match owner.how {
        Descent::Itself => false,
        Descent::Direct(field) | Descent::Through(field) => !unique.fields.contains(&field),
    });
    scope.owner = owner.map(|owner| (owner.column.clone(), owner.ty.clone()));
    scope
}

/// An ascending key over a column.
pub(super) const fn key(column: Ident, ty: SqlType) -> IndexKey {
    IndexKey {
        expr: Expr::Column {
            table: None,
            name: column,
            ty,
        },
        descending: false,
        nulls_first: None,
        operator_class: None,
    }
}

/// What an empty value means for uniqueness.
enum Nulls {
    /// No field may be empty.
    None,
    /// One field that may be empty: any number of rows may have none.
    Any,
    /// Some of several: empty is a value like others, so that two roots of the same name collide.
    Value,
    /// All of several: the same, but rows in which all are empty are left out.
    AllOptional,
}

impl Nulls {
    fn of(members: &[&Field]) -> Self {
        let optional = members.iter().filter(|field| is_nullable(field)).count();
        match (optional, members.len()) {
            (0, _) => Self::None,
            (_, 1) => Self::Any,
            (some, all) if some == all => Self::AllOptional,
            _ => Self::Value,
        }
    }

    const fn count(&self) -> bool {
        matches!(self, Self::Value | Self::AllOptional)
    }
}

fn predicate(facts: &Facts, nulls: &Nulls, optional: &[Typed]) -> Option<Expr> {
    let living = facts.deletion.as_ref().map(|deletion| living(&deletion.at));
    let given = matches!(nulls, Nulls::AllOptional).then(|| {
        let given = |(name, ty): &Typed| Expr::is_not_null(Expr::column(name.clone(), ty.clone()));
        Expr::Or(optional.iter().map(given).collect())
    });
    match (living, given) {
        (Some(living), Some(given)) => Some(Expr::And(vec![living, given])),
        (one, other) => one.or(other),
    }
}

fn columns(facts: &Facts, unique: &model::Unique, members: &[&Field]) -> Option<Vec<Typed>> {
    let column = |(id, field): (&model::FieldId, &&Field)| {
        blind_column(field)
            .map(|blind| (blind, SqlType::Bytes))
            .or_else(|| facts.column(*id).cloned())
    };
    unique.fields.iter().zip(members).map(column).collect()
}

/// Whether the columns are unique already: as the primary key, by a constraint, or by an equal declaration.
fn known(draft: &Draft<'_>, facts: &Facts, columns: &[Typed]) -> bool {
    let Some(table) = draft.table(&facts.table) else {
        return true;
    };
    let same = |known: &[Ident]| {
        known.len() == columns.len() && columns.iter().all(|(column, _)| known.contains(column))
    };
    let index = |index: &Index| {
        let keys: Vec<Ident> = index
            .keys
            .iter()
            .filter_map(|key| super::indexes::column_of(&key.expr))
            .collect();
        index.unique && same(&keys)
    };
    table.primary_key.as_ref().is_some_and(|key| same(&key.columns))
        || table.uniques.iter().any(|unique| same(&unique.columns))
        || table.indexes.iter().any(index)
}

/// Whether a partitioned table makes the uniqueness impossible, which is said.
fn split(
    draft: &mut Draft<'_>,
    entity: &Entity,
    facts: &Facts,
    unique: &model::Unique,
    columns: &[Typed],
) -> bool {
    let Some(partition) = &facts.partition else {
        return false;
    };
    if columns.iter().any(|(column, _)| column == partition) {
        return false;
    }
    let message = format!(
        "`{}` is partitioned by `{partition}`, so this cannot be unique across its months",
        entity.name.text
    );
    let mut finding = Diagnostic::new(&codes::UNIQUE_ACROSS_PARTITIONS, unique.span, message)
        .help(format!(
            "add `{partition}` to it, which makes it unique within a month"
        ))
        .help("or keep the value in an entity of its own, and refer to that from here");
    if let Some((_, span)) = entity.partition {
        finding = finding.also(span, "partitioned here");
    }
    draft.complain(finding);
    true
}

fn decision(
    entity: &Entity,
    unique: &model::Unique,
    members: &[&Field],
    facts: &Facts,
    (scope, nulls): (&Scope, &Nulls),
    name: &Ident,
) -> Decision {
    let among = if facts.deletion.is_some() {
        "among living rows"
    } else {
        "among all rows"
    };
    let within = match (&unique.scope, scope) {
        (UniqueScope::Global(_), _) => ", everywhere",
        (_, Scope { owner: Some(_), .. }) => ", among the rows of one owner",
        (_, Scope { tenant: Some(_), .. }) => ", within the tenant",
        _ => "",
    };
    let empty = match nulls {
        Nulls::None => "",
        Nulls::Any => "; any number of rows may have none",
        Nulls::Value => "; an empty value is a value like others",
        Nulls::AllOptional => "; rows without any of the values are left out",
    };
    let subject = match members {
        [one] => subject(entity, one),
        _ => {
            let names: Vec<&str> = members.iter().map(|field| field.name.text.as_str()).collect();
            format!("{}.({})", entity.name.text, names.join(", "))
        }
    };
    let decision = Decision::new(&KIND, subject, format!("unique {among}{within}{empty}"))
        .at(unique.span)
        .members(&facts.table, [name]);
    match &unique.scope {
        UniqueScope::Global(Some(reason)) => decision.because(Some(reason)),
        _ => decision,
    }
}

fn comment(unique: &model::Unique, facts: &Facts, scope: &Scope) -> String {
    let among = if facts.deletion.is_some() {
        "Unique among living rows"
    } else {
        "Unique"
    };
    match &unique.scope {
        UniqueScope::Global(Some(reason)) => format!("{among}, everywhere: {reason}"),
        UniqueScope::Own if scope.owner.is_some() => format!("{among} of an owner"),
        UniqueScope::Own if scope.tenant.is_some() => format!("{among} of a tenant"),
        _ => among.to_owned(),
    }
}
