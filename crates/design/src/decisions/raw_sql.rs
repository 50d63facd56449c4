//! Decision: SQL that the user wrote.

use physical::{Origin, RawSql};

use crate::Decision;
use crate::decisions::Kind;
use crate::draft::Draft;

pub(crate) static KIND: Kind = Kind {
    id: "raw-sql",
    title: "SQL as written",
    reason: "where all else fails: it is run as it stands, after everything else, and only on the database that it names",
    alternatives: &[],
    attacker: None,
    apply,
};

fn apply(draft: &mut Draft<'_>) {
    let mut all: Vec<(String, &model::RawSql)> = draft
        .model
        .sql
        .iter()
        .map(|sql| ("project".to_owned(), sql))
        .collect();
    for entity in &draft.model.entities {
        all.extend(entity.sql.iter().map(|sql| (entity.name.text.clone(), sql)));
    }
    for found in &draft.model.found {
        all.extend(found.sql.iter().map(|sql| (found.name.text.clone(), sql)));
    }
    for (subject, sql) in all {
        let undone = if sql.undo.is_some() {
            ""
        } else {
            ", and cannot be undone"
        };
        let choice = format!("SQL for {}, as written{undone}", sql.dialect.text);
        draft.decide(Decision::new(&KIND, subject, choice).at(sql.span));
        draft.blueprint.raw.push(RawSql {
            dialect: sql.dialect.text.clone(),
            up: sql.up.clone(),
            undo: sql.undo.clone(),
            first: sql.first,
            origin: Origin::Span(sql.span),
        });
    }
}
