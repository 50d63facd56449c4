//! Views, triggers and partitions.

use physical::{Ident, Name, Origin, Timing, Trigger, TriggerAction, TriggerEvent, View, ViewQuery};
use plan::CatalogError;

use super::Reading;
use super::answers::Answers;
use super::text::{constant, quote, without_database};

/// Reads views, without their definers, who are whoever makes them.
pub(super) fn views(answers: &Answers<'_>, reading: &mut Reading) -> Result<(), CatalogError> {
    for mut row in answers.rows("views") {
        let name = row.text()?;
        let query = without_database(row.maybe()?.unwrap_or_default(), &reading.database);
        let check = row.text()?;
        let invoker = row.text()? == "INVOKER";
        let algorithm = row.text()?;
        // Who may not see a view's text is told nothing of it.
        if query.is_empty() {
            reading.unread("view", name, "");
            continue;
        }
        let query = match check {
            "NONE" => query,
            check => format!("{query} WITH {check} CHECK OPTION"),
        };
        if algorithm != "UNDEFINED" {
            let security = if invoker { "INVOKER" } else { "DEFINER" };
            let quoted = quote(name);
            let definition =
                format!("CREATE ALGORITHM = {algorithm} SQL SECURITY {security} VIEW {quoted} AS {query}");
            let undo = Some(format!("DROP VIEW {quoted}"));
            reading.push(super::opaque("view", name, definition, undo));
            continue;
        }
        reading.out.views.push(View {
            name: Name::bare(name),
            owner: None,
            query: ViewQuery::Sql(query),
            materialized: false,
            security_barrier: false,
            security_invoker: invoker,
            grants: Vec::new(),
            comment: None,
            origin: Origin::Found,
        });
    }
    Ok(())
}

/// Whether a body may be another one than the catalog prints: it writes backslashes of texts as they are, and line breaks as
/// `\n`, so that the two cannot be told apart.
pub(super) fn is_garbled(body: &str) -> bool {
    body.contains('\\')
}

/// Reads triggers: those of one table, time and event in the order in which they fire.
pub(super) fn triggers(answers: &Answers<'_>, reading: &mut Reading) -> Result<(), CatalogError> {
    for mut row in answers.rows("triggers") {
        let (table, name) = (row.text()?, row.text()?);
        let timing = match row.text()? {
            "BEFORE" => Timing::Before,
            _ => Timing::After,
        };
        let event = match row.text()? {
            "INSERT" => TriggerEvent::Insert,
            "DELETE" => TriggerEvent::Delete,
            _ => TriggerEvent::Update(Vec::new()),
        };
        let body = row.text()?;
        if is_garbled(body) {
            reading.unread("trigger", table, name);
        }
        if let Some(table) = reading.table(table) {
            table.triggers.push(Trigger {
                name: Ident::from(name),
                timing,
                events: vec![event],
                per_row: true,
                transition_tables: (None, None),
                when: None,
                action: TriggerAction::Body(body.to_owned()),
                enabled: true,
                comment: None,
                origin: Origin::Found,
            });
        }
    }
    Ok(())
}

/// How a table is cut, as the server lists it: a row for each part.
struct Cut {
    table: String,
    method: String,
    expression: String,
    nested: bool,
    /// Name, bound and comment.
    parts: Vec<(String, Option<String>, Option<String>)>,
}

/// Reads partitions. They are no tables here: a table says how it is cut.
pub(super) fn partitions(answers: &Answers<'_>, reading: &mut Reading) -> Result<(), CatalogError> {
    let mut all: Vec<Cut> = Vec::new();
    for mut row in answers.rows("partitions") {
        let (table, name) = (row.text()?, row.text()?);
        let nested = row.maybe()?.is_some();
        let method = row.maybe()?.unwrap_or_default();
        let expression = row.maybe()?.unwrap_or_default();
        let bound = row.maybe()?.map(str::to_owned);
        let part = (name.to_owned(), bound, row.comment()?);
        match all.last_mut() {
            Some(last) if last.table == table => last.parts.push(part),
            _ => all.push(Cut {
                table: table.to_owned(),
                method: method.to_owned(),
                expression: expression.to_owned(),
                nested,
                parts: vec![part],
            }),
        }
    }
    for cut in all {
        match written(&cut) {
            Some(how) => {
                let table = quote(&cut.table);
                let definition = format!("ALTER TABLE {table} PARTITION BY {how}");
                let undo = format!("ALTER TABLE {table} REMOVE PARTITIONING");
                reading.of_table("partitions", &cut.table, "", definition, Some(undo));
            }
            None => reading.unread("partitions", &cut.table, &cut.method),
        }
    }
    Ok(())
}

/// What stands behind `PARTITION BY`; `None` for what the catalog does not say whole.
fn written(cut: &Cut) -> Option<String> {
    let Cut {
        method, expression, ..
    } = cut;
    if cut.nested {
        return None;
    }
    let word = match method.as_str() {
        "RANGE" | "RANGE COLUMNS" => "VALUES LESS THAN",
        "LIST" | "LIST COLUMNS" => "VALUES IN",
        "HASH" | "LINEAR HASH" | "KEY" | "LINEAR KEY" => {
            return Some(format!("{method} ({expression}) PARTITIONS {}", cut.parts.len()));
        }
        _ => return None,
    };
    let parts: Option<Vec<String>> = cut
        .parts
        .iter()
        .map(|(name, bound, comment)| {
            let bound = bound.as_deref()?;
            // What is in no list is in this one.
            let rest = word == "VALUES IN" && (bound.contains("MAXVALUE") || bound == "DEFAULT");
            // So it is printed where there is one column; but so is a list of nothing but zero.
            if method == "LIST" && bound == "0" {
                return None;
            }
            let bound = if rest {
                "DEFAULT".to_owned()
            } else {
                format!("{word} ({bound})")
            };
            let comment = comment
                .as_deref()
                .map(|text| format!(" COMMENT = {}", constant(text)));
            Some(format!(
                "PARTITION {} {bound}{}",
                quote(name),
                comment.unwrap_or_default()
            ))
        })
        .collect();
    Some(format!("{method} ({expression}) ({})", parts?.join(", ")))
}
