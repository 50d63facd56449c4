//! Decision: the one form in which a value is stored.

use model::{FieldOrigin, Protection, Scalar, Type};
use physical::{Behaviour, NormalForm};

use crate::decisions::Kind;
use crate::draft::{Draft, decided, fields, subject};
use crate::{Alternative, Decision};

pub(crate) static KIND: Kind = Kind {
    id: "normal-forms",
    title: "the one form of a value",
    reason: "what is compared must be written in one way: an address with a blank or a capital letter is the same address, and would \
             otherwise be a second account",
    alternatives: &[Alternative {
        option: "as given",
        how: "`String(n)` in place of the type",
    }],
    attacker: None,
    apply,
};

fn apply(draft: &mut Draft<'_>) {
    for entity in &draft.model.entities {
        for (id, field) in fields(entity) {
            if field.origin != FieldOrigin::Written || field.protection != Protection::Plain {
                continue;
            }
            let (form, choice) = match field.ty {
                Type::Scalar(Scalar::Email) => (
                    NormalForm::TrimmedLower,
                    "without blanks at both ends, in lower case",
                ),
                Type::Scalar(Scalar::Phone | Scalar::Url) => {
                    (NormalForm::Trimmed, "without blanks at both ends")
                }
                _ => continue,
            };
            let facts = draft.facts(entity.id);
            let (table, Some((column, _))) = (facts.table.clone(), facts.column(id).cloned()) else {
                continue;
            };
            let decision = Decision::new(&KIND, subject(entity, field), choice).at(field.type_span);
            draft.decide(decision.members(&table, [&column]));
            draft.behave(
                &table,
                Behaviour::Normalise { column, form },
                decided(&KIND, entity),
            );
        }
    }
}
