//! What is set aside in place of going for good: copies of rows, and of values with the key of each row, in tables of the tool's own.

use physical::{Column, Ident, Name, Table};
use plan::{Action, Change, Edit, Hazard, Keep, Object, Step, TableChange, Undo, row_key};

use super::super::ident::{quote, table as table_name, text};
use super::super::types;
use super::rebuild::{self, is_numeric, rowid};
use super::{alter, dropped, steps, table, table_step};

/// Puts into words what is set aside.
pub(in super::super) fn keep(what: &Keep<'_>) -> Option<Vec<Step>> {
    match what {
        Keep::Place(_) => Some(Vec::new()),
        Keep::Table(table, _, place) => Some(vec![table_aside(table, place)]),
        // The table itself is dropped, and what hangs on it is made again with it.
        Keep::Along(object) => Some(steps(&Change::GoesAlong(*object))),
        Keep::Columns(change, place) => columns(change, place),
        // There are neither types nor functions.
        Keep::Needed(..) | Keep::Retyped { .. } => None,
    }
}

/// A name that begins with the place.
fn named(place: &Ident, table: &Table, what: &str) -> Name {
    Name::bare(format!("{place}_{}{what}", table.name.name))
}

/// A table goes when its rows are copied.
fn table_aside(of: &Table, place: &Ident) -> Step {
    let made = table_step(of);
    let Action::Sql(mut back) = made.action.clone();
    let name = table_name(&of.name);
    let copy = table_name(&named(place, of, ""));
    let counted = table_name(&named(place, of, "_sequence"));
    let own: Vec<String> = of
        .columns
        .iter()
        .filter(|column| column.generated.is_none())
        .map(|column| quote(column.name.as_str()))
        .collect();
    let mut taken = own.clone();
    let mut given = own.clone();
    let mut into = own;
    // Rows keep their numbers, by which full-text indexes may know them.
    if let Some(number) = rowid(of).filter(|_| table::rowid_column(of).is_none()) {
        let kept = quote("architrave row");
        taken.insert(0, format!("{number} AS {kept}"));
        given.insert(0, kept);
        into.insert(0, number.to_owned());
    }
    let mut forth = vec![format!(
        "CREATE TABLE {copy} AS\nSELECT {} FROM {name}",
        taken.join(", ")
    )];
    back.push(format!(
        "{} INTO {name} ({})\nSELECT {} FROM {copy}",
        rebuild::insert(of),
        into.join(", "),
        given.join(", ")
    ));
    back.push(format!("DROP TABLE {copy}"));
    if rebuild::counts(of) {
        let quoted = text(of.name.name.as_str());
        forth.push(format!(
            "CREATE TABLE {counted} AS\nSELECT seq FROM sqlite_sequence WHERE name = {quoted}"
        ));
        back.extend([
            format!("DELETE FROM sqlite_sequence WHERE name = {quoted}"),
            format!("INSERT INTO sqlite_sequence (name, seq)\nSELECT {quoted}, seq FROM {counted}"),
            format!("DROP TABLE {counted}"),
        ]);
    }
    if let Undo::Sql(drop) = &made.undo {
        forth.extend(drop.iter().cloned());
    }
    let mut aside = dropped(&Object::Table(of, &[]), made);
    aside.title = format!("table {} is set aside", of.name);
    aside.action = Action::Sql(forth);
    aside.undo = Undo::Sql(back);
    aside
        .hazards
        .retain(|hazard| !matches!(hazard, Hazard::DataLoss(_)));
    aside
        .hazards
        .push(Hazard::Scan(format!("copies all of `{}`", of.name)));
    aside
}

/// What a table loses, and where it is.
#[derive(Debug)]
pub(super) struct Kept<'a> {
    /// Columns by which rows are told apart.
    pub(super) key: &'a [Ident],
    /// The table as it was.
    pub(super) table: &'a Table,
    /// Columns that go, and the table with their values, as written.
    pub(super) gone: (Vec<&'a Column>, String),
    /// Columns whose values become others, each with its table.
    pub(super) narrowed: Vec<(&'a Column, String)>,
}

fn columns(change: &TableChange<'_>, place: &Ident) -> Option<Vec<Step>> {
    let gone = change.edits.iter().filter_map(|edit| match edit {
        Edit::DropColumn(column) if column.generated.is_none() => Some(*column),
        _ => None,
    });
    let gone: Vec<&Column> = gone.collect();
    let narrowed: Vec<(&Column, &Column)> = change
        .edits
        .iter()
        .filter_map(|edit| match edit {
            Edit::ChangeColumn(before, after) if narrows(change, before, after) => Some((*before, *after)),
            _ => None,
        })
        .collect();
    if gone.is_empty() && narrowed.is_empty() {
        return None;
    }
    let key = row_key(change, |table, column| {
        let counts = table::rowid_column(table).is_some_and(|alias| alias.name == column.name);
        counts || !column.nullable
    })?;
    let mut forth = Vec::new();
    let copy = table_name(&named(place, change.from, "_columns"));
    if !gone.is_empty() {
        forth.extend(values_aside(change.from, key, &gone, &copy));
    }
    let mut others = Vec::new();
    for (before, after) in narrowed {
        let copy = table_name(&named(place, change.from, &format!("_{}", before.name)));
        forth.extend(narrowed_aside(change.from, key, (before, after), &copy));
        others.push((before, copy));
    }
    let kept = Kept {
        key,
        table: change.from,
        gone: (gone, copy),
        narrowed: others,
    };
    Some(vec![alter::step_keeping(change, forth, &kept)])
}

/// Whether how values are written may become another.
fn narrows(change: &TableChange<'_>, before: &Column, after: &Column) -> bool {
    let strict = change.from.strict || change.to.strict;
    before.ty != after.ty
        && !strict
        && before.generated.is_none()
        && after.generated.is_none()
        && is_numeric(before, false) != is_numeric(after, false)
}

fn key_columns(from: &Table, key: &[Ident]) -> (Vec<String>, String) {
    let names: Vec<String> = key.iter().map(|name| quote(name.as_str())).collect();
    let typed = key.iter().filter_map(|name| {
        let column = from.column(name.as_str())?;
        let line = format!("{} {}", quote(name.as_str()), types::type_name(&column.ty));
        Some(line.trim_end().to_owned())
    });
    let typed: Vec<String> = typed.collect();
    let lines = typed.join(", ");
    (names, lines)
}

fn values_aside(from: &Table, key: &[Ident], gone: &[&Column], copy: &str) -> Vec<String> {
    let (mut names, typed) = key_columns(from, key);
    let keys = names.join(", ");
    let own: Vec<String> = gone.iter().map(|column| quote(column.name.as_str())).collect();
    names.extend(own.iter().cloned());
    vec![
        // Columns without a type take values as they are.
        format!(
            "CREATE TABLE {copy} ({typed}, {}, PRIMARY KEY ({keys}))",
            own.join(", ")
        ),
        format!(
            "INSERT INTO {copy}\nSELECT {} FROM {}",
            names.join(", "),
            table_name(&from.name)
        ),
    ]
}

/// Those values that a column of the new type takes as others.
fn narrowed_aside(
    from: &Table,
    key: &[Ident],
    (before, after): (&Column, &Column),
    copy: &str,
) -> Vec<String> {
    let (names, typed) = key_columns(from, key);
    let keys = names.join(", ");
    let own = quote(before.name.as_str());
    let ty = types::type_name(&after.ty);
    vec![
        format!("CREATE TABLE {copy} ({typed}, {WAS}, {IS} {ty}, PRIMARY KEY ({keys}))"),
        format!(
            "INSERT INTO {copy}\nSELECT {keys}, {own}, {own} FROM {}",
            table_name(&from.name)
        ),
        format!("DELETE FROM {copy}\nWHERE typeof({WAS}) = typeof({IS}) AND {WAS} IS {IS}"),
    ]
}

/// Columns of a copy, which no key is called.
const WAS: &str = "\"architrave was\"";
const IS: &str = "\"architrave is\"";

impl Kept<'_> {
    fn same_row(&self, here: &str) -> String {
        let each = |name: &Ident| {
            let own = quote(name.as_str());
            format!("k.{own} = {here}.{own}")
        };
        self.key.iter().map(each).collect::<Vec<_>>().join(" AND ")
    }

    /// The value that a column of a row of `here` had, and else something.
    pub(super) fn value(
        &self,
        column: &Column,
        here: &str,
        other: &dyn Fn() -> Option<String>,
    ) -> Option<String> {
        let rows = self.same_row(here);
        let is = |each: &&Column| each.name == column.name;
        let own = quote(column.name.as_str());
        if self.gone.0.iter().any(is) {
            let copy = &self.gone.1;
            let was = format!("(SELECT k.{own} FROM {copy} AS k WHERE {rows})");
            return Some(match other() {
                None => was,
                Some(other) if column.nullable => format!(
                    "CASE WHEN EXISTS (SELECT 1 FROM {copy} AS k WHERE {rows})\n    THEN {was}\n    ELSE {other} END"
                ),
                Some(other) => format!("coalesce({was}, {other})"),
            });
        }
        let (_, copy) = self.narrowed.iter().find(|(each, _)| is(each))?;
        let same = format!("FROM {copy} AS k WHERE {rows} AND k.{IS} IS {here}.{own}");
        Some(format!(
            "CASE WHEN EXISTS (SELECT 1 {same})\n    THEN (SELECT k.{WAS} {same})\n    ELSE {here}.{own} END"
        ))
    }

    /// Statements that remove the copies.
    pub(super) fn forget(&self) -> Vec<String> {
        let gone = (!self.gone.0.is_empty()).then_some(&self.gone.1);
        let copies = gone.into_iter().chain(self.narrowed.iter().map(|(_, copy)| copy));
        copies.map(|copy| format!("DROP TABLE {copy}")).collect()
    }

    /// Whether a hazard is that of losing what is kept.
    pub(super) fn spares(&self, hazard: &Hazard) -> bool {
        let Hazard::DataLoss(what) = hazard else {
            return false;
        };
        let places = |column: &Column| format!("`{}.{}`", self.table.name, column.name);
        let gone = self.gone.0.iter().copied();
        let narrowed = self.narrowed.iter().map(|(column, _)| *column);
        gone.chain(narrowed).any(|column| what.contains(&places(column)))
    }
}
