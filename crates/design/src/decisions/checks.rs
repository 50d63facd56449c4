//! Decision: what the database checks about values.

use diagnostics::{Diagnostic, Span};
use model::{Entity, ExprKind, Field, FieldId, FieldOrigin, Protection, Scalar, Type};
use physical::{Builtin, Check, Comparison, Expr, Ident, Literal, Origin};

use super::enums::is_native;
use crate::decisions::Kind;
use crate::draft::{Draft, fields, subject};
use crate::lower::{Lowering, constant};
use crate::names::Space;
use crate::{Alternative, Attacker, Decision, codes};

pub(crate) static KIND: Kind = Kind {
    id: "checks",
    title: "what is checked about values",
    reason: "a rule that only the application knows is broken by the first script that does not; each check has a name that leads back to \
             its field, and never repeats the value",
    alternatives: &[Alternative {
        option: "another rule",
        how: "`@range`, `@min`, `@max`, `@pattern` on the field, `check (…)` in the entity",
    }],
    attacker: Some(Attacker::A2),
    apply,
};

const EMAIL: &str = "^[^@ ]+@[^@ ]+$";
const PHONE: &str = r"^\+[1-9][0-9]{1,14}$";
const URL: &str = "^https?://[^ ]+$";

fn apply(draft: &mut Draft<'_>) {
    for entity in &draft.model.entities {
        for (id, field) in fields(entity) {
            let checked = field.origin == FieldOrigin::Written && field.computed.is_none();
            if checked && !matches!(field.protection, Protection::Encrypted { .. }) {
                of_field(draft, entity, id, field);
            }
        }
        for check in &entity.checks {
            declared(draft, entity, check);
        }
    }
}

fn of_field(draft: &mut Draft<'_>, entity: &Entity, id: FieldId, field: &Field) {
    let Some((name, ty)) = draft.facts(entity.id).column(id).cloned() else {
        return;
    };
    let column = Expr::column(name.clone(), ty);
    let mut made: Vec<(&str, Expr, String, Span)> = Vec::new();
    if let Some((expr, said, span)) = length(field, &column) {
        made.push(("length", expr, said, span));
    }
    if let Some((low, high, span)) = &field.range {
        let end =
            |end: &Option<model::Literal>| end.as_ref().and_then(|end| constant(draft.model, end, &field.ty));
        if let Some((expr, said)) = between(&column, end(low), end(high)) {
            made.push(("range", expr, said, *span));
        }
    }
    if let Some((pattern, span)) = pattern(field) {
        made.push((
            "pattern",
            Expr::Matches(Box::new(column.clone()), pattern.clone()),
            format!("matches `{pattern}`"),
            span,
        ));
    }
    if let Some((expr, said)) = members(draft, field, &column) {
        made.push(("state", expr, said, field.type_span));
    }
    warn_of_elements(draft, field);
    for (suffix, expr, said, span) in made {
        add(
            draft,
            entity,
            &name,
            suffix,
            expr,
            (subject(entity, field), said, span),
        );
    }
}

fn add(
    draft: &mut Draft<'_>,
    entity: &Entity,
    column: &Ident,
    suffix: &str,
    expr: Expr,
    (subject, said, span): (String, String, Span),
) {
    let table = draft.facts(entity.id).table.clone();
    let name = draft.names.constraint(Space::App, &table.name, [column], suffix);
    draft.decide(
        Decision::new(&KIND, subject, said)
            .at(span)
            .members(&table, [&name]),
    );
    let check = Check {
        name,
        expr,
        validated: true,
        comment: None,
        origin: Origin::Span(span),
    };
    draft.change(&table, |table| table.checks.push(check));
}

/// The length of a text, of bytes, or of an array.
fn length(field: &Field, column: &Expr) -> Option<(Expr, String, Span)> {
    let by_type = match field.ty {
        Type::Scalar(Scalar::String(most)) => Some(most),
        Type::Scalar(Scalar::Email) => Some(254),
        Type::Scalar(Scalar::Url) => Some(2048),
        Type::Scalar(Scalar::PasswordHash) => Some(512),
        Type::Scalar(Scalar::Bytes(most)) => most,
        _ => None,
    };
    let (measure, unit) = match &field.ty {
        Type::Scalar(Scalar::Token) => return None,
        Type::Array(_) => (Builtin::Count, "elements"),
        Type::Scalar(Scalar::Bytes(_)) => (Builtin::ByteLength, "bytes"),
        _ => (Builtin::Length, "characters"),
    };
    let most = match (by_type, field.max_length) {
        (Some(by_type), Some((declared, _))) => Some(by_type.min(declared)),
        (by_type, declared) => by_type.or(declared.map(|(most, _)| most)),
    };
    let least = field.min_length.map(|(least, _)| least);
    let span = field
        .min_length
        .or(field.max_length)
        .map_or(field.type_span, |(_, span)| span);
    let literal = |length: u32| Literal::Int(i64::from(length));
    let measured = Expr::Call(measure, vec![column.clone()]);
    let (expr, said) = between(&measured, least.map(literal), most.map(literal))?;
    Some((expr, format!("{said} {unit}"), span))
}

/// Within two ends, of which one may be absent.
fn between(value: &Expr, low: Option<Literal>, high: Option<Literal>) -> Option<(Expr, String)> {
    let show = crate::lower::show;
    Some(match (low, high) {
        (Some(low), Some(high)) => {
            let said = format!("{} to {}", show(&low), show(&high));
            let expr = Expr::Between {
                value: Box::new(value.clone()),
                low: Box::new(Expr::Literal(low)),
                high: Box::new(Expr::Literal(high)),
                negated: false,
            };
            (expr, said)
        }
        (Some(low), None) => {
            let said = format!("at least {}", show(&low));
            (
                Expr::compare(value.clone(), Comparison::GreaterOrEqual, Expr::Literal(low)),
                said,
            )
        }
        (None, Some(high)) => {
            let said = format!("at most {}", show(&high));
            (
                Expr::compare(value.clone(), Comparison::LessOrEqual, Expr::Literal(high)),
                said,
            )
        }
        (None, None) => return None,
    })
}

fn pattern(field: &Field) -> Option<(String, Span)> {
    let by_type = match field.ty {
        Type::Scalar(Scalar::Email) => Some(EMAIL),
        Type::Scalar(Scalar::Phone) => Some(PHONE),
        Type::Scalar(Scalar::Url) => Some(URL),
        _ => None,
    };
    field
        .pattern
        .clone()
        .or_else(|| by_type.map(|pattern| (pattern.to_owned(), field.type_span)))
}

/// The members of an enum that is stored as text.
fn members(draft: &Draft<'_>, field: &Field, column: &Expr) -> Option<(Expr, String)> {
    let Type::Enum(id) = field.ty else { return None };
    let of = draft
        .model
        .enumeration(id)
        .filter(|of| !is_native(draft, of) && !of.members.is_empty())?;
    let items = of
        .members
        .iter()
        .map(|member| Expr::Literal(Literal::Text(member.value.clone())))
        .collect();
    let expr = Expr::In {
        value: Box::new(column.clone()),
        items,
        negated: false,
    };
    Some((expr, format!("a member of `{}`", of.name.text)))
}

fn warn_of_elements(draft: &mut Draft<'_>, field: &Field) {
    let Type::Array(of) = &field.ty else { return };
    let Type::Enum(id) = **of else { return };
    let Some(of) = draft.model.enumeration(id).filter(|of| !is_native(draft, of)) else {
        return;
    };
    let message = format!(
        "the elements of `{}` are not checked to be members of `{}`",
        field.name.text, of.name.text
    );
    draft.complain(
        Diagnostic::new(&codes::UNCHECKED_ELEMENTS, field.type_span, message)
            .label("a CHECK sees the array, not its elements")
            .help(format!(
                "write `@native` on `{}`, or make an entity of it; the emitted models check it either way",
                of.name.text
            )),
    );
}

/// `check (…)`.
fn declared(draft: &mut Draft<'_>, entity: &Entity, check: &model::Check) {
    let facts = draft.facts(entity.id);
    let table = facts.table.clone();
    let Some(expr) = (Lowering {
        model: draft.model,
        facts,
    })
    .expr(&check.expr) else {
        return;
    };
    let mut columns = Vec::new();
    read(&check.expr, &mut |id| {
        if let Some((column, _)) = draft.facts(id.entity).column(id)
            && !columns.contains(column)
        {
            columns.push(column.clone());
        }
    });
    let name = match &check.name {
        Some(name) => draft.names.take(Space::App, name),
        None => draft.names.constraint(Space::App, &table.name, &columns, "check"),
    };
    let decision = Decision::new(
        &KIND,
        format!("{}.{name}", entity.name.text),
        "a rule of the row, as written",
    );
    draft.decide(decision.at(check.span).members(&table, [&name]));
    let made = Check {
        name,
        expr,
        validated: true,
        comment: None,
        origin: Origin::Span(check.span),
    };
    draft.change(&table, |table| table.checks.push(made));
}

/// Visits the fields of the row that an expression reads.
pub(super) fn read(expr: &model::Expr, found: &mut dyn FnMut(FieldId)) {
    match &expr.kind {
        ExprKind::Path(path) => {
            if let Some(first) = path.steps.first() {
                found(*first);
            }
        }
        ExprKind::And(parts) | ExprKind::Or(parts) | ExprKind::Call(_, parts) => {
            parts.iter().for_each(|part| read(part, found));
        }
        ExprKind::Not(inner)
        | ExprKind::Negate(inner)
        | ExprKind::IsNull(inner, _)
        | ExprKind::InParam(inner, ..)
        | ExprKind::Matches(inner, _) => read(inner, found),
        ExprKind::Compare(_, left, right)
        | ExprKind::StartsWith(left, right)
        | ExprKind::EndsWith(left, right)
        | ExprKind::Contains(left, right) => {
            read(left, found);
            read(right, found);
        }
        ExprKind::In(value, items, _) => {
            read(value, found);
            items.iter().for_each(|item| read(item, found));
        }
        ExprKind::Between(value, low, high, _) => {
            [value, low, high].into_iter().for_each(|part| read(part, found))
        }
        ExprKind::Sum(terms) => terms.iter().for_each(|(_, term)| read(term, found)),
        ExprKind::Product(factors) => factors.iter().for_each(|(_, factor)| read(factor, found)),
        ExprKind::Literal(_) | ExprKind::Param(_) | ExprKind::Duration(_) | ExprKind::Unknown => {}
    }
}
