//! New columns whose default is another for each row: the server would write the whole table again while everybody waits.

use physical::{Column, RowSecurity, Table};
use plan::{Hazard, Lock, Phase, Section, Step, TableChange, Undo, row_key};

use super::alter::quoted;
use super::column::{add_column, not_null};
use super::frame::seeing;
use super::{locking, shown, step};
use crate::postgres::expression::{default_value, or_refused};

/// What answers the same for all rows of a statement, so that it is computed once and kept apart from the rows.
const STABLE: &[&str] = &[
    "now()",
    "transaction_timestamp()",
    "statement_timestamp()",
    "current_database()",
    "current_schema()",
    "current_setting(",
    "session_user",
];

/// Whether the default of a column may be another for each row. What nobody here knows may be.
pub(super) fn differs(column: &Column) -> bool {
    let Some(default) = &column.default else {
        return false;
    };
    let mut text = or_refused(default_value(default)).to_lowercase();
    for known in STABLE {
        text = text.replace(known, "");
    }
    !only_types(&text)
}

/// Whether every parenthesis behind a word is the length of a type.
fn only_types(text: &str) -> bool {
    const TYPES: &[&str] = &[
        "varchar",
        "varying",
        "char",
        "character",
        "bpchar",
        "numeric",
        "bit",
        "timestamp",
        "time",
        "interval",
    ];
    let is_word = |c: char| c.is_alphanumeric() || matches!(c, '_' | '"' | '.');
    text.match_indices('(').all(|(at, _)| {
        let head = text.get(..at).unwrap_or_default().trim_end();
        let word = head.rsplit(|c| !is_word(c)).next().unwrap_or_default();
        word.is_empty() || TYPES.contains(&word)
    })
}

/// First the column, empty, and its default for new rows; then the rows that are there, in batches; and last that none lacks a value. `None`
/// where that is no better, or rows cannot be told apart.
pub(super) fn filled(change: &TableChange<'_>, name: &str, column: &Column) -> Option<Vec<Step>> {
    let alone =
        change.parts.is_empty() && change.to.partitioned.is_none() && change.to.partition_of.is_none();
    let inherits = change
        .databases
        .0
        .tables
        .iter()
        .filter_map(|table| table.inherits.as_ref());
    let inherited = change.to.inherits.is_some()
        || inherits
            .flat_map(|each| &each.parents)
            .any(|parent| *parent == change.from.name);
    let plain = column.identity.is_none() && column.generated.is_none();
    if !alone || inherited || !plain || !differs(column) {
        return None;
    }
    let key = row_key(change, |_, column| !column.nullable)?;
    let default = or_refused(default_value(column.default.as_ref()?));
    let own = quoted(&column.name);
    let mut bare = column.clone();
    bare.nullable = true;
    bare.default = None;
    let mut added = add_column(change, name, &bare);
    let plan::Action::Sql(statements) = &mut added.action;
    statements.push(format!(
        "ALTER TABLE {name} ALTER COLUMN {own} SET DEFAULT {default}"
    ));
    let mut steps = vec![added];
    let key: Vec<String> = key.iter().map(quoted).collect();
    let update = format!(
        "-- architrave: batches by {}\nUPDATE {name}\nSET {own} = {default}\nWHERE {own} IS NULL",
        key.join(", ")
    );
    let forced = change.from.row_security == RowSecurity::Forced;
    let tables = [change.from.name.clone()];
    steps.extend(forced.then(|| seeing(&tables, true)));
    let title = format!("values of {}.{}", shown(&change.to.name), column.name);
    steps.push(batches(change.from, title, update));
    steps.extend(forced.then(|| seeing(&tables, false)));
    if !column.nullable {
        steps.extend(not_null(change.to, column));
    }
    Some(steps)
}

/// Rows of a table that are written once, so many at a time.
pub(super) fn batches(of: &Table, title: String, update: String) -> Step {
    let table = shown(&of.name);
    let mut made = step(
        title,
        Section::Table(table.clone()),
        vec![update],
        Undo::WithOther,
        of.origin,
    );
    made.phase = Phase::Backfill;
    let mut hazards = vec![Hazard::Scan(format!(
        "every row of {table} is written once, in batches; room for as many again is needed until they are vacuumed"
    ))];
    if !of.triggers.is_empty() {
        hazards.push(Hazard::BreaksCode(format!(
            "triggers of {table} fire for every row"
        )));
    }
    locking(made, Lock::ShareUpdateExclusive, hazards)
}

#[cfg(test)]
mod tests {
    use physical::{Column, DefaultValue, Expr, SqlType};

    use super::differs;

    #[test]
    fn what_is_computed_once_is_told_from_what_is_not() {
        let of = |sql: &str| {
            let mut column = Column::new("c", SqlType::Text, physical::Origin::Found);
            column.default = Some(DefaultValue::Expr(Expr::Sql(sql.to_owned())));
            differs(&column)
        };
        for same in [
            "'a'",
            "0",
            "now()",
            "CURRENT_TIMESTAMP",
            "('x'::varchar(10))",
            "(now() + '1 day'::interval)",
            "'{}'::numeric(4,2)[]",
            "current_setting('a.b'::text)",
        ] {
            assert!(!of(same), "{same}");
        }
        for other in [
            "gen_random_uuid()",
            "nextval('s'::regclass)",
            "clock_timestamp()",
            "public.f()",
            "md5((random())::text)",
            "\"F\"()",
        ] {
            assert!(of(other), "{other}");
        }
    }
}
