//! One table as an entity without defaults.

use std::collections::BTreeMap;

use physical::{Column, Expr, ForeignKey, Ident, Identity, Index, IndexMethod, Name, Table};

use crate::names::Fields;
use crate::text::{bare, doc, quoted};
use crate::{Ground, defaults, raw, references, sayable, types};

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
    let clauses = clauses(ground, table, &fields);
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
    line.push_str(single_keys(table, column));
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

/// ` @id`, ` @unique`, where the constraint has the usual name.
fn single_keys(table: &Table, column: &Column) -> &'static str {
    let alone = |columns: &[Ident]| columns == [column.name.clone()];
    let key = table.primary_key.as_ref().filter(|key| alone(&key.columns));
    if key.is_some_and(|key| key.name.as_str() == usual(table, &[], "pkey")) {
        return " @id";
    }
    let mut uniques = table.uniques.iter().filter(|unique| alone(&unique.columns));
    let is_usual = uniques.any(|unique| {
        let plain = !unique.deferred && unique.comment.is_none();
        plain && unique.name.as_str() == usual(table, &unique.columns, "key")
    });
    if is_usual { " @unique" } else { "" }
}

/// What databases call a constraint or an index by themselves.
fn usual(table: &Table, columns: &[Ident], kind: &str) -> String {
    let parts = columns.iter().map(Ident::as_str);
    let parts: Vec<&str> = std::iter::once(table.name.name.as_str())
        .chain(parts)
        .chain([kind])
        .collect();
    parts.join("_")
}

fn clauses(ground: &Ground<'_>, table: &Table, names: &BTreeMap<Ident, String>) -> String {
    let list = |columns: &[Ident]| {
        let fields: Vec<&str> = columns
            .iter()
            .filter_map(|column| names.get(column))
            .map(String::as_str)
            .collect();
        fields.join(", ")
    };
    let unusual = |name: &Ident, usual: String| {
        let said = format!(" @name({})", quoted(name.as_str()));
        if name.as_str() == usual {
            String::new()
        } else {
            said
        }
    };
    let on_field =
        |columns: &[Ident], name: &Ident, usual: &str| columns.len() == 1 && name.as_str() == usual;
    let mut out = String::new();
    if let Some(key) = &table.primary_key {
        let usual = usual(table, &[], "pkey");
        if !on_field(&key.columns, &key.name, &usual) {
            out.push_str(&format!(
                "  key ({}){}\n",
                list(&key.columns),
                unusual(&key.name, usual)
            ));
        }
    }
    for unique in &table.uniques {
        let name = usual(table, &unique.columns, "key");
        let column = unique
            .columns
            .first()
            .and_then(|column| table.column(column.as_str()));
        let said = column.is_some_and(|column| single_keys(table, column) == " @unique");
        if !(said && on_field(&unique.columns, &unique.name, &name)) {
            out.push_str(&doc(unique.comment.as_ref(), "  "));
            out.push_str(&format!(
                "  unique ({}){}{}\n",
                list(&unique.columns),
                if unique.deferred { " @deferred" } else { "" },
                unusual(&unique.name, name)
            ));
        }
    }
    for key in table
        .foreign_keys
        .iter()
        .filter(|key| references::is_sayable(ground, key))
    {
        let on_field = matches!(key.columns.as_slice(), [only] if references::of_column(ground, table, only.as_str()) == Some(key));
        if !on_field {
            out.push_str(&reference(ground, table, key, &list(&key.columns), names));
        }
    }
    for index in table
        .indexes
        .iter()
        .filter(|index| sayable::index_is_plain(ground, table, index))
    {
        out.push_str(&index_clause(table, index, names));
    }
    for (at, check) in table.checks.iter().enumerate() {
        if let (true, Expr::Sql(sql)) = (sayable::check_is_plain(check), &check.expr) {
            let usual = format!("{}_check{}", table.name.name, at + 1);
            out.push_str(&doc(check.comment.as_ref(), "  "));
            out.push_str(&format!(
                "  check ({}){}\n",
                quoted(bare(sql)),
                unusual(&check.name, usual)
            ));
        }
    }
    out
}

fn reference(
    ground: &Ground<'_>,
    table: &Table,
    key: &ForeignKey,
    own: &str,
    names: &BTreeMap<Ident, String>,
) -> String {
    let called = ground.entities.get(&key.references).map_or("", String::as_str);
    let target = ground.asked.database.table(&key.references);
    let theirs = target.map(|target| {
        if target.name == table.name {
            names.clone()
        } else {
            field_names(ground, target)
        }
    });
    let theirs = theirs.unwrap_or_default();
    let referenced: Vec<&str> = key
        .referenced
        .iter()
        .filter_map(|column| theirs.get(column))
        .map(String::as_str)
        .collect();
    let mut word = model::naming::snake(called);
    let mut count = 1;
    while names.values().any(|name| *name == word) {
        count += 1;
        word = format!("{}_{count}", model::naming::snake(called));
    }
    format!(
        "{}  reference {word} ({own}) -> {called} ({}){}\n",
        doc(key.comment.as_ref(), "  "),
        referenced.join(", "),
        references::attributes(table, key)
    )
}

fn index_clause(table: &Table, index: &Index, names: &BTreeMap<Ident, String>) -> String {
    let mut columns = Vec::new();
    let mut keys = Vec::new();
    for key in &index.keys {
        let Expr::Column { name, .. } = &key.expr else {
            continue;
        };
        let field = names.get(name).map_or("", String::as_str);
        keys.push(format!("{field}{}", if key.descending { " desc" } else { "" }));
        columns.push(name.clone());
    }
    let told = doc(index.comment.as_ref(), "  ");
    let mut out = format!("{told}  index ({})", keys.join(", "));
    if index.unique {
        out.push_str(" @unique");
    }
    let method = match &index.method {
        IndexMethod::BTree | IndexMethod::Other(_) => "",
        IndexMethod::Hash => " @using(hash)",
        IndexMethod::Gin => " @using(gin)",
        IndexMethod::Gist => " @using(gist)",
        IndexMethod::Brin => " @using(brin)",
    };
    out.push_str(method);
    if let Some(Expr::Sql(sql)) = &index.predicate {
        out.push_str(&format!(" @where({})", quoted(bare(sql))));
    }
    if index.name.as_str() != usual(table, &columns, "idx") {
        out.push_str(&format!(" @name({})", quoted(index.name.as_str())));
    }
    out.push('\n');
    out
}
