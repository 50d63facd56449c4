//! One table as an entity without defaults.

use std::collections::BTreeMap;

use physical::{Column, Expr, ForeignKey, Ident, Identity, Name, Table};

use crate::names::Fields;
use crate::text::{doc, quoted};
use crate::{Ground, clauses, defaults, raw, references, types};

/// Says a table; with the SQL that belongs to it alone.
pub(crate) fn write(
    ground: &Ground<'_>,
    table: &Table,
    called: &str,
    inside: &BTreeMap<Name, Vec<String>>,
) -> String {
    let mut out = format!(
        "\n{}{}",
        doc(table.comment.as_ref(), ""),
        head(ground, table, called)
    );
    let fields = field_names(ground, table);
    for column in &table.columns {
        out.push_str(&field(ground, table, column, &fields));
    }
    let clauses = clauses::write(ground, table, &fields);
    if !clauses.is_empty() {
        out.push('\n');
        out.push_str(&clauses);
    }
    for block in inside.get(&table.name).into_iter().flatten() {
        out.push('\n');
        out.push_str(block);
    }
    out.push_str("}\n");
    out
}

/// On one line where it has room.
fn head(ground: &Ground<'_>, table: &Table, called: &str) -> String {
    const WIDTH: usize = 110;
    let mut parts = vec![
        format!("entity {called}"),
        "without defaults because \"as found\"".to_owned(),
    ];
    if model::naming::table(called) != table.name.name.as_str() {
        parts.push(format!("@table({})", quoted(table.name.name.as_str())));
    }
    if let Some(schema) = table
        .name
        .schema
        .as_ref()
        .filter(|_| !ground.is_at_home(&table.name))
    {
        parts.push(format!("@schema({})", quoted(schema.as_str())));
    }
    parts.extend(table.strict.then(|| "@strict".to_owned()));
    parts.extend(table.without_rowid.then(|| "@without_rowid".to_owned()));
    let line = parts.join(" ");
    if line.chars().count() < WIDTH {
        return format!("{line} {{\n");
    }
    format!("{}\n{{\n", parts.join("\n  "))
}

/// Columns by what their fields are called. Columns that keep their name come first: no reference may take it.
pub(crate) fn field_names(ground: &Ground<'_>, table: &Table) -> BTreeMap<Ident, String> {
    let mut names = Fields::default();
    let refers = |column: &Column| references::of_column(ground, table, column.name.as_str()).is_some();
    let mut all = BTreeMap::new();
    for column in table.columns.iter().filter(|column| !refers(column)) {
        all.insert(column.name.clone(), names.value(column.name.as_str()));
    }
    for column in table.columns.iter().filter(|column| refers(column)) {
        all.insert(column.name.clone(), names.reference(column.name.as_str()));
    }
    all
}

fn field(ground: &Ground<'_>, table: &Table, column: &Column, names: &BTreeMap<Ident, String>) -> String {
    let name = names.get(&column.name).map_or("", String::as_str);
    let reference = references::of_column(ground, table, column.name.as_str());
    let mut line = doc(column.comment.as_ref(), "  ");
    line.push_str(&format!("  {name} "));
    let optional = if column.nullable { "?" } else { "" };
    let serial = raw::is_serial(ground, table, column);
    match reference {
        Some(key) => line.push_str(&referring(ground, key, column, optional)),
        None => {
            let Some(ty) = types::say(ground, &column.ty) else {
                return String::new();
            };
            line.push_str(&format!("{}{optional}", ty.word));
            if !serial {
                line.push_str(&defaults::write(ground, column, &ty));
            }
            line.push_str(&ty.attribute());
        }
    }
    if model::naming::column(name, reference.is_some()) != column.name.as_str() {
        line.push_str(&format!(" @column({})", quoted(column.name.as_str())));
    }
    let made = match (column.identity, serial) {
        (_, true) => " @generated(serial)",
        (Some(Identity::Always), _) => " @generated(always)",
        (Some(Identity::ByDefault), _) => " @generated(by_default)",
        _ => "",
    };
    if let Some(collation) = &column.collation {
        line.push_str(&format!(" @collate({})", quoted(collation)));
    }
    line.push_str(clauses::on_field(table, column));
    line.push_str(made);
    if let Some(Expr::Sql(sql)) = column.generated.as_ref().map(|it| &it.expr) {
        line.push_str(&format!(" @computed({})", quoted(sql)));
    }
    line.push_str(&reference.map_or_else(String::new, |key| references::attributes(table, key)));
    line.push('\n');
    line
}

/// A field that refers: its type is the entity, unless the key over there has another.
fn referring(ground: &Ground<'_>, key: &ForeignKey, column: &Column, optional: &str) -> String {
    let called = ground.entities.get(&key.references).map_or("", String::as_str);
    let mut out = format!("{called}{optional}");
    let target = ground.asked.database.table(&key.references);
    let theirs = target.and_then(|table| table.column(key.referenced.first()?.as_str()));
    if theirs.is_none_or(|theirs| theirs.ty != column.ty) {
        out.push_str(&format!(
            " @type({})",
            quoted(&(ground.asked.dialect.type_name)(&column.ty))
        ));
    }
    let no_word = types::Said {
        word: String::new(),
        spelled: None,
    };
    out.push_str(&defaults::write(ground, column, &no_word));
    out
}
