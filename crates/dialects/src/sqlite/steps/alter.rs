//! Tables that stay and become others: where they stand if SQLite has words for it that lead to the same, else made anew.

use physical::{Column, Database, SqlType, Table};
use plan::{Edit, Hazard, Phase, Section, Step, TableChange, Undo};

use super::super::ident::{quote, table as table_name};
use super::keep::Kept;
use super::parts::{Item, Parts, mentions, parts};
use super::rebuild::{self, Missing, Rebuild};
use super::{step, table};

/// The step that makes one table of the other, and back.
pub(super) fn step_for(change: &TableChange<'_>) -> Step {
    let (before, after) = change.databases;
    let forth = words((change.from, before), (change.to, after), change, Missing::Fails);
    let back = words((change.to, after), (change.from, before), change, Missing::Filled);
    with_words(change, forth, back)
}

/// That step when what would be lost was set aside by the statements, and comes back.
pub(super) fn step_keeping(change: &TableChange<'_>, aside: Vec<String>, kept: &Kept<'_>) -> Step {
    let (before, after) = change.databases;
    let mut forth = words((change.from, before), (change.to, after), change, Missing::Fails);
    forth.statements.splice(0..0, aside);
    let rebuild = Rebuild {
        from: change.to,
        to: change.from,
        databases: (after, before),
        stays: &change.stays,
        missing: Missing::Filled,
        kept: Some(kept),
    };
    let mut statements = rebuild::statements(&rebuild);
    statements.extend(kept.forget());
    let back = Words {
        statements,
        rewrites: true,
        loses_rows: rebuild::loses_rows(&rebuild),
    };
    let mut made = with_words(change, forth, back);
    made.hazards.retain(|hazard| !kept.spares(hazard));
    made
}

fn with_words(change: &TableChange<'_>, forth: Words, back: Words) -> Step {
    let mut made = step(
        format!("table {} changes", change.to.name),
        Section::Table(change.to.name.name.to_string()),
        forth.statements,
        Undo::Sql(back.statements),
        change.to.origin,
    );
    made.hazards = hazards(change, forth.rewrites);
    if forth.loses_rows {
        let rows = format!("the rows of `{}`: no column of theirs stays", change.to.name);
        made.hazards.insert(0, Hazard::DataLoss(rows));
    }
    let loses = |edit: &Edit<'_>| matches!(edit, Edit::DropColumn(column) if is_gone(change, column));
    if change.edits.iter().any(loses) {
        made.phase = Phase::Contract;
    }
    made.told = Vec::new();
    made
}

/// Statements, and whether they write the whole table again.
struct Words {
    statements: Vec<String>,
    rewrites: bool,
    loses_rows: bool,
}

fn words(
    (from, before): (&Table, &Database),
    (to, after): (&Table, &Database),
    change: &TableChange<'_>,
    missing: Missing,
) -> Words {
    if let Some(words) = in_place((from, before), to) {
        return words;
    }
    let rebuild = Rebuild {
        from,
        to,
        databases: (before, after),
        stays: &change.stays,
        missing,
        kept: None,
    };
    Words {
        statements: rebuild::statements(&rebuild),
        rewrites: true,
        loses_rows: rebuild::loses_rows(&rebuild),
    }
}

/// ADD COLUMN and DROP COLUMN, where they are allowed whatever rows there are and leave the statement as the goal has it.
fn in_place((from, before): (&Table, &Database), to: &Table) -> Option<Words> {
    if from.name != to.name {
        return None;
    }
    let (was, is) = (table::body(from), table::body(to));
    let was = parts(&was, from.columns.len())?;
    let is = parts(&is, to.columns.len())?;
    if was.options != is.options || !all_say(&was.constraints, &is.constraints) {
        return None;
    }
    let name = table_name(&from.name);
    let stays = |item: &Item<'_>| is.columns.iter().any(|other| other.says(item));
    let (kept, gone): (Vec<_>, Vec<_>) = from
        .columns
        .iter()
        .zip(&was.columns)
        .partition(|(_, item)| stays(item));
    let begins = is.columns.iter().zip(&kept).all(|(a, (_, b))| a.says(b));
    if kept.is_empty() || !begins || kept.len() > is.columns.len() {
        return None;
    }
    let mut statements = Vec::new();
    if !gone.is_empty() && !leaves_others_alone(before) {
        return None;
    }
    for (column, item) in &gone {
        if rebuild::column_of(to, column).is_some() || !can_go((column, item), &was, from) {
            return None;
        }
        let own = quote(column.name.as_str());
        statements.push(format!("ALTER TABLE {name} DROP COLUMN {own}"));
    }
    for (column, item) in to.columns.iter().zip(&is.columns).skip(kept.len()) {
        if !can_come(column, item) {
            return None;
        }
        statements.push(format!("ALTER TABLE {name} ADD COLUMN {}", item.text));
    }
    // Nothing but comments differs, and those are no column's.
    (!statements.is_empty()).then_some(Words {
        statements,
        rewrites: !gone.is_empty(),
        loses_rows: false,
    })
}

fn all_say(these: &[Item<'_>], those: &[Item<'_>]) -> bool {
    these.len() == those.len() && these.iter().zip(those).all(|(a, b)| a.says(b))
}

/// Whether DROP COLUMN touches nothing else: it fails over any view or trigger that is broken or will be another one, and
/// writes every statement again in which a text stands in double quotes.
fn leaves_others_alone(database: &Database) -> bool {
    let quotes = |sql: &String| sql.contains('"');
    let hangs = |opaque: &physical::Opaque| opaque.kind == "view" || opaque.kind == "trigger";
    database.views.is_empty()
        && !database.opaque.iter().any(hangs)
        && database.tables.iter().all(|table| {
            let written = &table.written;
            table.triggers.is_empty()
                && !written.table.iter().any(quotes)
                && !written.indexes.values().any(quotes)
        })
}

/// Whether DROP COLUMN is allowed, and takes nothing else along: it cuts from the column's name to that of the next.
fn can_go((column, item): (&Column, &Item<'_>), was: &Parts<'_>, from: &Table) -> bool {
    let name = column.name.as_str();
    let others = was.columns.iter().chain(&was.constraints);
    let mut others = others.filter(|other| !std::ptr::eq(*other, item));
    let mut indexed = from.indexes.iter().map(|index| table::index(from, index));
    let keyed = ["PRIMARY", "UNIQUE", "REFERENCES"]
        .iter()
        .any(|word| item.has(word));
    let mut next = was.columns.iter().skip_while(|other| !std::ptr::eq(*other, item));
    let cuts_comments = item.is_commented() || next.nth(1).is_some_and(Item::is_commented);
    !keyed
        && !cuts_comments
        && !others.any(|other| mentions(other.text, name))
        && !indexed.any(|sql| mentions(&sql, name))
}

/// Whether ADD COLUMN is allowed whatever rows there are.
fn can_come(column: &Column, item: &Item<'_>) -> bool {
    let keyed = item.has("PRIMARY") || item.has("UNIQUE");
    let stored = column
        .generated
        .as_ref()
        .is_some_and(|generated| generated.stored);
    let value = item.after("DEFAULT");
    let varies =
        value.is_some_and(|token| token.is("(") || token.text.to_ascii_uppercase().starts_with("CURRENT_"));
    let has_value = value.is_some_and(|token| !token.is("NULL"));
    let refers = item.has("REFERENCES");
    let never_null = item.after("NOT").is_some();
    let barred = keyed || stored || varies || item.is_commented() || refers && has_value;
    !barred && (!never_null || has_value || column.generated.is_some())
}

/// Whether the values of a column go for good: those of one that was computed can be computed again.
fn is_gone(change: &TableChange<'_>, column: &Column) -> bool {
    let after = rebuild::column_of(change.to, column);
    after.is_none_or(|after| after.generated.is_some() && column.generated.is_none())
}

fn hazards(change: &TableChange<'_>, rewrites: bool) -> Vec<Hazard> {
    let table = &change.to.name;
    let mut out = Vec::new();
    if rewrites {
        out.push(Hazard::Rewrite(format!("`{table}` is written anew")));
        out.push(Hazard::Blocks(
            "nobody else writes to the file meanwhile".to_owned(),
        ));
    }
    for edit in &change.edits {
        out.extend(edit_hazards(change, edit));
    }
    let keys = |table: &Table| {
        let keys = table.foreign_keys.iter();
        keys.map(|key| {
            (
                key.columns.clone(),
                key.references.clone(),
                key.referenced.clone(),
            )
        })
        .collect::<Vec<_>>()
    };
    let known = keys(change.from);
    if keys(change.to).iter().any(|key| !known.contains(key)) {
        let nothing = format!("rows of `{table}` may refer to what is not there");
        out.push(Hazard::MayFail(nothing));
    }
    out
}

fn edit_hazards(change: &TableChange<'_>, edit: &Edit<'_>) -> Vec<Hazard> {
    let table = &change.to.name;
    match edit {
        Edit::DropColumn(column) if is_gone(change, column) => {
            let filler = rebuild::filler(change.from, column);
            let after = filler.map_or_else(String::new, |value| {
                format!("; the way back fills it with {value}")
            });
            vec![
                Hazard::DataLoss(format!("the values of `{table}.{}`{after}", column.name)),
                Hazard::BreaksCode(format!("whatever still names `{table}.{}`", column.name)),
            ]
        }
        Edit::AddColumn(column) if rebuild::needs_value(change.to, column) => {
            vec![Hazard::MayFail(format!(
                "rows of `{table}` would have no value for `{}`",
                column.name
            ))]
        }
        Edit::AddColumn(column) if is_demanding(change.to, column) => vec![Hazard::MayFail(format!(
            "what is computed for `{table}.{}` may not be a value of it",
            column.name
        ))],
        Edit::ChangeColumn(before, after) => column_hazards(change.to, before, after),
        Edit::AddCheck(check) => vec![Hazard::MayFail(format!(
            "some row of `{table}` may break the check `{}`",
            check.name
        ))],
        Edit::AddUnique(_) | Edit::AddPrimaryKey(_) => vec![Hazard::MayFail(format!(
            "rows of `{table}` may have the same key, or none"
        ))],
        _ => Vec::new(),
    }
}

/// Whether not everything can be computed for a column.
fn is_demanding(table: &Table, column: &Column) -> bool {
    let picky = table.strict || !column.nullable || rebuild::is_unique(table, column);
    column.generated.is_some() && picky
}

fn column_hazards(table: &Table, before: &Column, after: &Column) -> Vec<Hazard> {
    let place = format!("`{}.{}`", table.name, after.name);
    let mut out = Vec::new();
    if before.nullable && !after.nullable {
        out.push(Hazard::MayFail(format!("{place} may be empty in some row")));
    }
    let retyped = before.ty != after.ty;
    if retyped && table.strict && after.ty != SqlType::Other("ANY".to_owned()) {
        out.push(Hazard::MayFail(format!(
            "values of {place} may not be of the new type"
        )));
    } else if retyped && rebuild::is_numeric(after, false) != rebuild::is_numeric(before, false) {
        out.push(Hazard::DataLoss(format!(
            "how values of {place} are written: texts that look like numbers become numbers, or numbers texts"
        )));
    }
    out
}
