//! Stored functions, procedures and events, without their definers, who are whoever makes them.

use std::collections::HashMap;

use physical::{Argument, Function, Ident, Name, Origin, Volatility};
use plan::CatalogError;

use super::Reading;
use super::answers::Answers;
use super::columns::plain;
use super::others::is_garbled;
use super::text::{constant, quote};

/// A routine as the server lists it.
struct Found<'a> {
    name: &'a str,
    kind: &'a str,
    returns: String,
    body: &'a str,
    deterministic: bool,
    access: &'a str,
    invoker: bool,
    comment: Option<String>,
    /// Name, type and mode (`None` for what is only given) of each.
    arguments: Vec<Parameter>,
}

type Parameter = (String, String, Option<String>);

/// Reads functions and procedures. Functions that read are taken apart, as those that we design; all else is kept as a statement.
pub(super) fn routines(answers: &Answers<'_>, reading: &mut Reading) -> Result<(), CatalogError> {
    let mut parameters = parameters(answers, &reading.collation)?;
    for mut row in answers.rows("routines") {
        let (name, kind) = (row.text()?, row.text()?);
        let returns = row.maybe()?.unwrap_or_default();
        let returns = typed(returns, row.maybe()?, &reading.collation);
        let found = Found {
            name,
            kind,
            returns,
            body: row.maybe()?.unwrap_or_default(),
            deterministic: row.bool()?,
            access: row.text()?,
            invoker: row.text()? == "INVOKER",
            comment: row.comment()?,
            arguments: parameters
                .remove(&(kind.to_owned(), name.to_owned()))
                .unwrap_or_default(),
        };
        // Packages say their parts in a way of their own; who may not see a body is told nothing of it.
        if !matches!(kind, "FUNCTION" | "PROCEDURE") || found.body.is_empty() || is_garbled(found.body) {
            reading.unread(&kind.to_lowercase(), name, "");
        } else if kind == "FUNCTION" && found.access == "READS SQL DATA" && !found.is_aggregate() {
            reading.out.functions.push(found.function());
        } else {
            let undo = Some(format!("DROP {kind} {}", quote(name)));
            reading.push(super::opaque(&kind.to_lowercase(), name, found.written(), undo));
        }
    }
    Ok(())
}

impl Found<'_> {
    /// Only those fetch rows that they are given; the catalog has no other word for it.
    fn is_aggregate(&self) -> bool {
        self.kind == "FUNCTION" && self.body.to_ascii_uppercase().contains("FETCH GROUP NEXT ROW")
    }

    fn function(self) -> Function {
        let argument = |(name, ty, _): Parameter| Argument {
            name: Ident::from(name),
            ty,
            default: None,
        };
        Function {
            name: Name::bare(self.name),
            owner: None,
            arguments: self.arguments.into_iter().map(argument).collect(),
            returns: self.returns,
            language: "sql".to_owned(),
            volatility: match self.deterministic {
                true => Volatility::Immutable,
                false => Volatility::Volatile,
            },
            strict: false,
            security_definer: !self.invoker,
            settings: Vec::new(),
            body: self.body.to_owned(),
            grants: Vec::new(),
            comment: self.comment,
            origin: Origin::Found,
        }
    }

    fn written(&self) -> String {
        let arguments = self.arguments.iter().map(|(name, ty, mode)| {
            let mode = mode.as_ref().map(|mode| format!("{mode} ")).unwrap_or_default();
            format!("{mode}{} {ty}", quote(name))
        });
        let arguments: Vec<String> = arguments.collect();
        let aggregate = if self.is_aggregate() { "AGGREGATE " } else { "" };
        let mut text = format!(
            "CREATE {aggregate}{} {}({})",
            self.kind,
            quote(self.name),
            arguments.join(", ")
        );
        if self.kind == "FUNCTION" {
            text.push_str(&format!(" RETURNS {}", self.returns));
        }
        if self.deterministic {
            text.push_str(" DETERMINISTIC");
        }
        if self.access != "CONTAINS SQL" {
            text.push_str(&format!(" {}", self.access));
        }
        if self.invoker {
            text.push_str(" SQL SECURITY INVOKER");
        }
        if let Some(comment) = &self.comment {
            text.push_str(&format!(" COMMENT {}", constant(comment)));
        }
        format!("{text}\n{}", self.body)
    }
}

type Parameters = HashMap<(String, String), Vec<Parameter>>;

fn parameters(answers: &Answers<'_>, usual: &str) -> Result<Parameters, CatalogError> {
    let mut all = Parameters::new();
    for mut row in answers.rows("parameters") {
        let (kind, routine) = (row.text()?.to_owned(), row.text()?.to_owned());
        let mode = row.maybe()?.filter(|mode| *mode != "IN").map(str::to_owned);
        let name = row.maybe()?.unwrap_or_default().to_owned();
        let ty = typed(row.text()?, row.maybe()?, usual);
        all.entry((kind, routine)).or_default().push((name, ty, mode));
    }
    Ok(all)
}

/// A type, and how it compares where that is not as the database says.
fn typed(ty: &str, collation: Option<&str>, usual: &str) -> String {
    let ty = plain(ty);
    match collation {
        Some(collation) if collation != usual => {
            let charset = collation.split('_').next().unwrap_or(collation);
            format!("{ty} CHARACTER SET {charset} COLLATE {collation}")
        }
        _ => ty,
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
