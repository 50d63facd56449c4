//! Decision: what stands in a column when nothing is given.

use model::{Field, FieldOrigin, Literal, Model, Protection};
use physical::DefaultValue;

use crate::decisions::Kind;
use crate::draft::{Draft, fields, subject};
use crate::lower::constant;
use crate::{Alternative, Decision};

pub(crate) static KIND: Kind = Kind {
    id: "defaults",
    title: "the default of a column",
    reason: "a default belongs to the database, so that every way of writing gets the same; what time it is and what is random are \
             asked there, too",
    alternatives: &[Alternative {
        option: "no default",
        how: "leave `= …` out",
    }],
    attacker: None,
    apply,
};

fn apply(draft: &mut Draft<'_>) {
    for entity in &draft.model.entities {
        let table = draft.facts(entity.id).table.clone();
        for (id, field) in fields(entity) {
            let Some((name, _)) = draft.facts(entity.id).column(id).cloned() else {
                continue;
            };
            let Some((value, span)) = default(draft.model, field) else {
                continue;
            };
            let decision = Decision::new(&KIND, subject(entity, field), describe(&value))
                .at(span)
                .members(&table, [&name]);
            draft.decide(decision);
            draft.change(&table, |table| {
                let column = table.columns.iter_mut().find(|column| column.name == name);
                if let Some(column) = column {
                    column.default = Some(value);
                }
            });
        }
    }
}

fn default(model: &Model, field: &Field) -> Option<(DefaultValue, diagnostics::Span)> {
    // The database cannot encrypt, and computes what is computed.
    if field.origin != FieldOrigin::Written
        || field.protection != Protection::Plain
        || field.computed.is_some()
    {
        return None;
    }
    let (literal, span) = field.default.as_ref()?;
    let value = match literal {
        Literal::Null => return None,
        Literal::Now => DefaultValue::Now,
        Literal::Today => DefaultValue::Today,
        Literal::Uuid4 => DefaultValue::Uuid4,
        Literal::Uuid7 => DefaultValue::Uuid7,
        constant_value => DefaultValue::Literal(constant(model, constant_value, &field.ty)?),
    };
    Some((value, *span))
}

fn describe(value: &DefaultValue) -> String {
    match value {
        DefaultValue::Literal(literal) => format!("defaults to {}", crate::lower::show(literal)),
        DefaultValue::Now => "defaults to the start of the transaction".to_owned(),
        DefaultValue::Today => "defaults to today in UTC".to_owned(),
        DefaultValue::Uuid4 => "defaults to a random UUID".to_owned(),
        DefaultValue::Uuid7 => "defaults to a time-ordered UUID".to_owned(),
        DefaultValue::Expr(_) => "defaults to an expression".to_owned(),
    }
}
