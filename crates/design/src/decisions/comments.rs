//! Decision: what the database says about itself.

use model::{Entity, Field, FieldId, FieldOrigin, Privacy, Protection, Type};

use super::privacy::blind_column;
use crate::decisions::Kind;
use crate::draft::{Draft, fields};
use crate::{Alternative, Decision};

pub(crate) static KIND: Kind = Kind {
    id: "comments",
    title: "what the database says about itself",
    reason: "whoever looks at the database without the source should understand it: every table and column has a comment, from the `///` \
             text where there is one, and personal data is marked as such",
    alternatives: &[Alternative {
        option: "other words",
        how: "`///` in front of the entity or field",
    }],
    attacker: None,
    apply,
};

fn apply(draft: &mut Draft<'_>) {
    draft.decide(Decision::new(
        &KIND,
        "policy.comments",
        "every table and column has one",
    ));
    for entity in &draft.model.entities {
        let name = draft.facts(entity.id).table.clone();
        let comments: Vec<(physical::Ident, String)> = fields(entity)
            .filter(|(_, field)| field.origin == FieldOrigin::Written)
            .filter_map(|(id, field)| {
                Some((
                    draft.facts(entity.id).column(id)?.0.clone(),
                    column(draft, entity, id, field),
                ))
            })
            .collect();
        let about = entity
            .doc
            .clone()
            .unwrap_or_else(|| format!("Rows of `{}`", entity.name.text));
        draft.change(&name, |table| {
            table.comment.get_or_insert(about);
            for (name, text) in comments {
                if let Some(column) = table.columns.iter_mut().find(|column| column.name == name) {
                    column.comment.get_or_insert(text);
                }
            }
        });
    }
    for table in &mut draft.blueprint.database.tables {
        for column in table.columns.iter_mut().filter(|column| column.comment.is_none()) {
            column.comment = Some(plain(column.name.as_str()));
        }
    }
}

/// A column of a table that no entity has: its name says it.
fn plain(name: &str) -> String {
    match name {
        "id" => "Internal key; never leaves the database".to_owned(),
        "public_id" => "What the outside calls the row".to_owned(),
        "created_at" => "When the row was made".to_owned(),
        other => {
            let words = other.replace('_', " ");
            let mut letters = words.chars();
            letters
                .next()
                .map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
        }
    }
}

fn column(draft: &Draft<'_>, entity: &Entity, id: FieldId, field: &Field) -> String {
    let about = field.doc.clone().unwrap_or_else(|| match &field.ty {
        Type::Reference(target) => {
            let target = draft.facts(*target);
            let whose = draft.facts(entity.id).owner.as_ref();
            let is_owner = whose.is_some_and(|owner| {
                draft
                    .facts(entity.id)
                    .column(id)
                    .is_some_and(|(name, _)| *name == owner.column)
            });
            let role = if is_owner { "Whose the row is" } else { "Refers to" };
            if is_owner {
                format!("{role}: a row of `{}`", target.table.name)
            } else {
                format!("{role} `{}`", target.table.name)
            }
        }
        _ => plain(&field.name.text),
    });
    let mut text = about;
    match field.privacy {
        Privacy::None => {}
        Privacy::Personal => text.push_str(" (personal)"),
        Privacy::Special => text.push_str(" (personal, of a special category)"),
        Privacy::Secret => text.push_str(" (secret)"),
    }
    match field.protection {
        Protection::Plain => {}
        Protection::Encrypted { .. } => {
            let by =
                blind_column(field).map_or_else(String::new, |blind| format!("; looked up by `{blind}`"));
            text.push_str(&format!(" (encrypted by the application{by})"));
        }
        Protection::Hashed => text.push_str(" (only a hash is stored)"),
    }
    text
}
