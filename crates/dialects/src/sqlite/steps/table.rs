//! CREATE TABLE and CREATE INDEX.

use physical::{Column, DefaultValue, ForeignKey, Index, IndexKey, OnDelete, SqlType, Table};
use plan::Unspeakable;

use super::super::expression::{self, Renderer};
use super::super::ident::{ident, idents, table as table_name};
use super::super::types;
use super::text::comment;
use crate::select::pad;

/// Writes a table with everything that belongs to it alone. Comments stand inside, where the catalog keeps them.
pub(in super::super) fn create(table: &Table) -> String {
    create_as(table, &table_name(&table.name))
}

/// Writes a table under another name, which is quoted already where it must be.
pub(super) fn create_as(table: &Table, name: &str) -> String {
    format!("CREATE TABLE {name} {}", body(table))
}

/// What stands behind the name.
pub(super) fn body(table: &Table) -> String {
    if let Some(written) = table.written.table.as_ref().or(table.verbatim.as_ref()) {
        return written.clone();
    }
    let items = items(table);
    let mut sql = "(\n".to_owned();
    let heading = comment(table.comment.as_ref(), "  ");
    if !heading.is_empty() {
        sql.push_str(&heading);
        sql.push('\n');
    }
    let last = items.len().saturating_sub(1);
    for (position, (above, line)) in items.iter().enumerate() {
        // The first constraint stands apart from the columns.
        if position == table.columns.len() && position > 0 {
            sql.push('\n');
        }
        sql.push_str(above);
        sql.push_str("  ");
        sql.push_str(line);
        sql.push_str(if position == last { "\n" } else { ",\n" });
    }
    sql.push(')');
    let options: Vec<&str> = [(table.strict, "STRICT"), (table.without_rowid, "WITHOUT ROWID")]
        .into_iter()
        .filter_map(|(on, word)| on.then_some(word))
        .collect();
    if !options.is_empty() {
        sql.push(' ');
        sql.push_str(&options.join(", "));
    }
    sql
}

/// Columns and constraints, each with the comment above it.
fn items(table: &Table) -> Vec<(String, String)> {
    let mut items: Vec<(String, String)> = Vec::new();
    let names = table
        .columns
        .iter()
        .map(|column| ident(&column.name).chars().count())
        .max()
        .unwrap_or(0);
    let types = table
        .columns
        .iter()
        .map(|column| types::type_name(&column.ty).chars().count())
        .max()
        .unwrap_or(0);
    let rowid = rowid_column(table);
    for column in &table.columns {
        let key = rowid.filter(|rowid| rowid.name == column.name);
        items.push((
            comment(column.comment.as_ref(), "  "),
            column_line(table, column, key.is_some(), names, types),
        ));
    }
    if let (Some(key), None) = (&table.primary_key, rowid) {
        items.push((
            String::new(),
            format!(
                "CONSTRAINT {} PRIMARY KEY ({})",
                ident(&key.name),
                idents(&key.columns)
            ),
        ));
    }
    for unique in &table.uniques {
        let line = format!(
            "CONSTRAINT {} UNIQUE ({})",
            ident(&unique.name),
            idents(&unique.columns)
        );
        items.push((comment(unique.comment.as_ref(), "  "), line));
    }
    for key in &table.foreign_keys {
        items.push((comment(key.comment.as_ref(), "  "), foreign_key(key)));
    }
    for check in &table.checks {
        if let Ok(expr) = expression::render(&check.expr) {
            let line = format!("CONSTRAINT {} CHECK ({expr})", ident(&check.name));
            items.push((comment(check.comment.as_ref(), "  "), line));
        }
    }
    items
}

/// The column that is the rowid: a single INTEGER key.
pub(in super::super) fn rowid_column(table: &Table) -> Option<&Column> {
    let key = table.primary_key.as_ref()?;
    let [only] = key.columns.as_slice() else {
        return None;
    };
    let column = table.column(only.as_str())?;
    let found = matches!(column.ty, SqlType::Other(_));
    let integer = types::type_name(&column.ty).eq_ignore_ascii_case("integer") && !found;
    (integer && !table.without_rowid).then_some(column)
}

fn column_line(table: &Table, column: &Column, is_rowid: bool, names: usize, types: usize) -> String {
    let mut line = format!(
        "{} {}",
        pad(&ident(&column.name), names),
        pad(&types::type_name(&column.ty), types)
    );
    if is_rowid {
        if let Some(key) = table
            .primary_key
            .as_ref()
            .filter(|key| key.name.as_str() != default_key(table))
        {
            line.push_str(&format!(" CONSTRAINT {}", ident(&key.name)));
        }
        line.push_str(" PRIMARY KEY");
        if column.identity.is_some() {
            // Without it the highest id is used again after its row has gone.
            line.push_str(" AUTOINCREMENT");
        }
    } else if !column.nullable {
        line.push_str(" NOT NULL");
    }
    if let Some(collation) = &column.collation {
        line.push_str(&format!(" COLLATE {}", super::super::ident::quote(collation)));
    }
    if let Some(Ok(value)) = column
        .default
        .as_ref()
        .map(|value| default_text(value, &column.ty))
    {
        line.push_str(&format!(" DEFAULT {value}"));
    }
    if let Some(generated) = &column.generated
        && let Ok(expr) = Renderer::default().render_as(&generated.expr, &column.ty)
    {
        let kind = if generated.stored { "STORED" } else { "VIRTUAL" };
        line.push_str(&format!(" GENERATED ALWAYS AS ({expr}) {kind}"));
    }
    line.trim_end().to_owned()
}

/// The name that the key of a rowid table has when none is written.
pub(in super::super) fn default_key(table: &Table) -> String {
    format!("{}_pkey", table.name.name)
}

/// What stands behind `DEFAULT`.
pub(in super::super) fn default_text(value: &DefaultValue, ty: &SqlType) -> Result<String, Unspeakable> {
    let text = types::default_text(value, ty)?;
    Ok(if is_constant(&text) {
        text
    } else {
        format!("({text})")
    })
}

/// Whether a default needs no parentheses.
fn is_constant(value: &str) -> bool {
    let number = value.strip_prefix(['-', '+']).unwrap_or(value);
    let is_number = !number.is_empty() && number.chars().all(|c| c.is_ascii_digit() || c == '.');
    let is_text = value.len() > 1
        && value
            .strip_prefix('\'')
            .and_then(|rest| rest.strip_suffix('\''))
            .is_some_and(|inner| !inner.replace("''", "").contains('\''));
    let is_blob = value
        .strip_prefix("x'")
        .and_then(|rest| rest.strip_suffix('\''))
        .is_some_and(|inner| inner.chars().all(|c| c.is_ascii_hexdigit()));
    is_number || is_text || is_blob || value == "NULL"
}

fn foreign_key(key: &ForeignKey) -> String {
    let mut line = format!(
        "CONSTRAINT {} FOREIGN KEY ({})\n    REFERENCES {}",
        ident(&key.name),
        idents(&key.columns),
        table_name(&key.references)
    );
    if !key.referenced.is_empty() {
        line.push_str(&format!(" ({})", idents(&key.referenced)));
    }
    if key.on_delete != OnDelete::NoAction {
        line.push_str(&format!(" ON DELETE {}", action(key.on_delete)));
    }
    if key.on_update != OnDelete::NoAction {
        line.push_str(&format!(" ON UPDATE {}", action(key.on_update)));
    }
    if key.deferred {
        line.push_str(" DEFERRABLE INITIALLY DEFERRED");
    }
    line
}

const fn action(action: OnDelete) -> &'static str {
    match action {
        OnDelete::NoAction => "NO ACTION",
        OnDelete::Restrict => "RESTRICT",
        OnDelete::Cascade => "CASCADE",
        OnDelete::SetNull => "SET NULL",
        OnDelete::SetDefault => "SET DEFAULT",
    }
}

/// Writes a key of an index.
pub(in super::super) fn index_key(key: &IndexKey) -> Result<String, Unspeakable> {
    let expr = expression::render(&key.expr)?;
    let collation = key.operator_class.as_ref().map_or(String::new(), |name| {
        format!(" COLLATE {}", super::super::ident::quote(name))
    });
    let direction = if key.descending { " DESC" } else { "" };
    Ok(format!("{expr}{collation}{direction}"))
}

/// Writes an index.
pub(in super::super) fn index(table: &Table, index: &Index) -> String {
    if let Some(written) = table.written.indexes.get(&index.name) {
        return written.clone();
    }
    let unique = if index.unique { "UNIQUE " } else { "" };
    let keys: Vec<String> = index.keys.iter().filter_map(|key| index_key(key).ok()).collect();
    let mut sql = format!("CREATE {unique}INDEX {}\n", ident(&index.name));
    sql.push_str(&comment(index.comment.as_ref(), "  "));
    sql.push_str(&format!("  ON {} ({})", table_name(&table.name), keys.join(", ")));
    if let Some(Ok(predicate)) = index.predicate.as_ref().map(expression::render) {
        sql.push_str(&format!("\n  WHERE {predicate}"));
    }
    sql
}
