//! CREATE TABLE, foreign keys, indexes.

use physical::{Column, DefaultValue, ForeignKey, Index, IndexKey, OnDelete, SqlType, Table};
use plan::{Hazard, Lock, Section, Step, Unspeakable};

use super::{step, undo};
use crate::mariadb::expression::{self, Renderer};
use crate::mariadb::ident::{ident, idents, table as table_name, text};
use crate::mariadb::types;
use crate::select::pad;

/// A table with everything that belongs to it alone, its indexes included: the server makes one for each foreign key that finds none.
pub(super) fn table(table: &Table, keys: &[usize]) -> Step {
    let name = table_name(&table.name);
    let mut lines = column_lines(table);
    if let Some(key) = &table.primary_key {
        lines.push(format!("PRIMARY KEY ({})", idents(&key.columns)));
    }
    for unique in &table.uniques {
        let columns = idents(&unique.columns);
        let mut line = format!("UNIQUE KEY {} ({columns})", ident(&unique.name));
        comment(&mut line, unique.comment.as_ref());
        lines.push(line);
    }
    lines.extend(table.indexes.iter().map(index_line));
    let keys = keys.iter().filter_map(|at| table.foreign_keys.get(*at));
    lines.extend(keys.map(foreign_key_line));
    let checks = table.checks.iter().filter_map(|check| {
        let expr = expression::render(&check.expr).ok()?;
        Some(format!("CONSTRAINT {} CHECK ({expr})", ident(&check.name)))
    });
    lines.extend(checks);
    let mut create = format!(
        "CREATE TABLE {name} (\n    {}\n) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE={}",
        lines.join(",\n    "),
        types::COLLATION
    );
    if let Some(said) = &table.comment {
        create.push_str(&format!("\nCOMMENT={}", text(said)));
    }
    step(
        format!("table {}", table.name),
        Section::Table(table.name.to_string()),
        vec![create],
        undo(format!("DROP TABLE {name}")),
        table.origin,
    )
}

/// ` COMMENT '…'`, when there is one.
fn comment(line: &mut String, said: Option<&String>) {
    if let Some(said) = said {
        line.push_str(&format!(" COMMENT {}", text(said)));
    }
}

fn column_lines(table: &Table) -> Vec<String> {
    let width = |of: &dyn Fn(&Column) -> String| {
        let widths = table.columns.iter().map(|column| of(column).chars().count());
        widths.max().unwrap_or(0)
    };
    let names = width(&|column| ident(&column.name));
    let types = width(&|column| types::type_name(&column.ty)).min(24);
    let line = |column: &Column| {
        let (name, ty) = (ident(&column.name), types::type_name(&column.ty));
        let mut line = format!("{} {}", pad(&name, names), pad(&ty, types));
        line.push_str(&rest(column));
        line.trim_end().to_owned()
    };
    table.columns.iter().map(line).collect()
}

/// What stands behind name and type.
fn rest(column: &Column) -> String {
    let mut line = String::new();
    if let Some(collation) = &column.collation {
        line.push_str(&format!(" COLLATE {collation}"));
    }
    if let Some(generated) = &column.generated
        && let Ok(expr) = Renderer::default().render_as(&generated.expr, &column.ty)
    {
        let kind = if generated.stored { "STORED" } else { "VIRTUAL" };
        line.push_str(&format!(" AS ({expr}) {kind}"));
        comment(&mut line, column.comment.as_ref());
        return line;
    }
    line.push_str(if column.nullable { " NULL" } else { " NOT NULL" });
    if column.identity.is_some() {
        line.push_str(" AUTO_INCREMENT");
    }
    let default = column
        .default
        .as_ref()
        .map(|value| default_text(value, &column.ty));
    if let Some(Ok(value)) = default {
        line.push_str(&format!(" DEFAULT {value}"));
    }
    comment(&mut line, column.comment.as_ref());
    line
}

/// What stands behind `DEFAULT`.
pub(in super::super) fn default_text(value: &DefaultValue, ty: &SqlType) -> Result<String, Unspeakable> {
    types::default_text(value, ty)
}

fn index_keys(index: &Index) -> String {
    let keys = index.keys.iter().filter_map(|key| index_key(key).ok());
    keys.collect::<Vec<_>>().join(", ")
}

fn index_line(index: &Index) -> String {
    let unique = if index.unique { "UNIQUE " } else { "" };
    let mut line = format!("{unique}KEY {} ({})", ident(&index.name), index_keys(index));
    comment(&mut line, index.comment.as_ref());
    line
}

/// Writes a key of an index: so much of the column as its operator class says.
pub(in super::super) fn index_key(key: &IndexKey) -> Result<String, Unspeakable> {
    let expr = expression::render(&key.expr)?;
    let prefix = key.operator_class.as_deref().unwrap_or_default();
    let direction = if key.descending { " DESC" } else { "" };
    Ok(format!("{expr}{prefix}{direction}"))
}

/// An index on a table that is in use: built while others read and write, as far as the server can.
pub(super) fn add_index(table: &Table, index: &Index) -> Step {
    let name = table_name(&table.name);
    let mut made = step(
        format!("index {}", index.name),
        Section::Table(table.name.to_string()),
        vec![format!(
            "ALTER TABLE {name} ADD {}, ALGORITHM=INPLACE, LOCK=NONE",
            index_line(index)
        )],
        undo(format!("ALTER TABLE {name} DROP INDEX {}", ident(&index.name))),
        index.origin,
    );
    made.hazards = vec![Hazard::Scan(format!("{} is read whole", table.name))];
    if index.unique {
        let twice = format!("rows of {} may have the same values", table.name);
        made.hazards.push(Hazard::MayFail(twice));
    }
    made
}

fn foreign_key_line(key: &ForeignKey) -> String {
    let mut line = format!(
        "CONSTRAINT {} FOREIGN KEY ({})\n        REFERENCES {} ({})",
        ident(&key.name),
        idents(&key.columns),
        table_name(&key.references),
        idents(&key.referenced)
    );
    for (event, action) in [("DELETE", key.on_delete), ("UPDATE", key.on_update)] {
        if let Some(word) = action_word(action) {
            line.push_str(&format!(" ON {event} {word}"));
        }
    }
    line
}

/// NO ACTION is RESTRICT here, and what is said when nothing is said.
const fn action_word(action: OnDelete) -> Option<&'static str> {
    match action {
        OnDelete::NoAction | OnDelete::Restrict | OnDelete::SetDefault => None,
        OnDelete::Cascade => Some("CASCADE"),
        OnDelete::SetNull => Some("SET NULL"),
    }
}

pub(super) fn foreign_key(table: &Table, key: &ForeignKey) -> Step {
    let name = table_name(&table.name);
    let mut made = step(
        format!("foreign key {}", key.name),
        Section::ForeignKeys,
        vec![format!("ALTER TABLE {name} ADD {}", foreign_key_line(key))],
        undo(format!(
            "ALTER TABLE {name} DROP FOREIGN KEY {}",
            ident(&key.name)
        )),
        key.origin,
    );
    made.lock = Lock::Share;
    made.hazards = vec![
        Hazard::Blocks(format!("writes to {} wait while the table is copied", table.name)),
        Hazard::MayFail(format!("a row of {} may refer to nothing", table.name)),
    ];
    made
}
