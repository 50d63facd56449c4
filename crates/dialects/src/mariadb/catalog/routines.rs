//! Stored functions, procedures and events: as statements that make them, without their definers, who are whoever makes them.

use std::collections::HashMap;

use plan::CatalogError;

use super::Reading;
use super::answers::Answers;
use super::others::is_garbled;
use super::text::{constant, quote};

/// Reads functions and procedures.
pub(super) fn routines(answers: &Answers<'_>, reading: &mut Reading) -> Result<(), CatalogError> {
    let arguments = parameters(answers, &reading.collation)?;
    for mut row in answers.rows("routines") {
        let (name, kind) = (row.text()?, row.text()?);
        let returns = row.maybe()?.unwrap_or_default();
        let collation = row.maybe()?;
        let body = row.maybe()?.unwrap_or_default();
        let deterministic = row.bool()?;
        let (access, security) = (row.text()?, row.text()?);
        let comment = row.comment()?;
        // Packages say their parts in a way of their own; who may not see a body is told nothing of it.
        if !matches!(kind, "FUNCTION" | "PROCEDURE") || body.is_empty() || is_garbled(body) {
            reading.unread(&kind.to_lowercase(), name, "");
            continue;
        }
        let quoted = quote(name);
        let list = arguments.get(&(kind.to_owned(), name.to_owned()));
        let list = list.map(|list| list.join(", ")).unwrap_or_default();
        let aggregate = kind == "FUNCTION" && body.to_ascii_uppercase().contains("FETCH GROUP NEXT ROW");
        let mut text = format!(
            "CREATE {}{kind} {quoted}({list})",
            if aggregate { "AGGREGATE " } else { "" }
        );
        if kind == "FUNCTION" {
            text.push_str(" RETURNS ");
            text.push_str(&typed(returns, collation, &reading.collation));
        }
        if deterministic {
            text.push_str(" DETERMINISTIC");
        }
        if access != "CONTAINS SQL" {
            text.push(' ');
            text.push_str(access);
        }
        if security == "INVOKER" {
            text.push_str(" SQL SECURITY INVOKER");
        }
        if let Some(comment) = comment {
            text.push_str(" COMMENT ");
            text.push_str(&constant(&comment));
        }
        text.push('\n');
        text.push_str(body);
        let undo = Some(format!("DROP {kind} {quoted}"));
        reading.push(super::opaque(&kind.to_lowercase(), name, text, undo));
    }
    Ok(())
}

type Arguments = HashMap<(String, String), Vec<String>>;

fn parameters(answers: &Answers<'_>, usual: &str) -> Result<Arguments, CatalogError> {
    let mut all = Arguments::new();
    for mut row in answers.rows("parameters") {
        let (kind, routine) = (row.text()?.to_owned(), row.text()?.to_owned());
        let mode = row.maybe()?.filter(|mode| *mode != "IN");
        let name = row.maybe()?.unwrap_or_default();
        let ty = typed(row.text()?, row.maybe()?, usual);
        let mode = mode.map(|mode| format!("{mode} ")).unwrap_or_default();
        let written = format!("{mode}{} {ty}", quote(name));
        all.entry((kind, routine)).or_default().push(written);
    }
    Ok(all)
}

/// A type, and how it compares where that is not as the database says.
fn typed(ty: &str, collation: Option<&str>, usual: &str) -> String {
    match collation {
        Some(collation) if collation != usual => {
            let charset = collation.split('_').next().unwrap_or(collation);
            format!("{ty} CHARACTER SET {charset} COLLATE {collation}")
        }
        _ => ty.to_owned(),
    }
}

/// Reads events.
pub(super) fn events(answers: &Answers<'_>, reading: &mut Reading) -> Result<(), CatalogError> {
    for mut row in answers.rows("events") {
        let name = row.text()?;
        let body = row.maybe()?.unwrap_or_default();
        let at = row.maybe()?;
        let (count, unit) = (row.maybe()?, row.maybe()?);
        let (starts, ends) = (row.maybe()?, row.maybe()?);
        let (status, completion) = (row.text()?, row.text()?);
        let comment = row.comment()?;
        let zone = row.text()?;
        // Its times are told in a zone of its own, which no statement about it can name.
        if body.is_empty() || is_garbled(body) || !matches!(zone, "+00:00" | "UTC" | "SYSTEM") {
            reading.unread("event", name, "");
            continue;
        }
        let schedule = match (at, count, unit) {
            (Some(at), ..) => format!("AT {}", constant(at)),
            (None, Some(count), Some(unit)) => {
                let moment = |word: &str, value: Option<&str>| {
                    value
                        .map(|value| format!(" {word} {}", constant(value)))
                        .unwrap_or_default()
                };
                // `1` of one unit, `1:30` of two.
                let count = count.trim_matches('\'');
                format!(
                    "EVERY {} {unit}{}{}",
                    constant(count),
                    moment("STARTS", starts),
                    moment("ENDS", ends)
                )
            }
            _ => {
                reading.unread("event", name, "");
                continue;
            }
        };
        let kept = if completion == "PRESERVE" {
            " ON COMPLETION PRESERVE"
        } else {
            ""
        };
        let state = match status {
            "DISABLED" => " DISABLE",
            "SLAVESIDE_DISABLED" => " DISABLE ON SLAVE",
            _ => "",
        };
        let comment = comment.map(|text| format!(" COMMENT {}", constant(&text)));
        let quoted = quote(name);
        let text = format!(
            "CREATE EVENT {quoted} ON SCHEDULE {schedule}{kept}{state}{} DO {body}",
            comment.unwrap_or_default()
        );
        let undo = Some(format!("DROP EVENT {quoted}"));
        reading.push(super::opaque("event", name, text, undo));
    }
    Ok(())
}
