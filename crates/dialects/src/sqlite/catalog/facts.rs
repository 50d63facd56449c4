//! What SQLite itself says of tables, apart from their statements.

use std::collections::BTreeMap;

use physical::{OnDelete, Rows, Value};
use plan::CatalogError;

use super::{int, text};

/// What SQLite says of a table.
#[derive(Debug, Default)]
pub(super) struct Facts {
    /// `table`, `virtual`, `shadow`; empty when it lists no such table.
    pub(super) kind: String,
    pub(super) strict: bool,
    pub(super) without_rowid: bool,
    pub(super) columns: Vec<FoundColumn>,
    pub(super) foreign_keys: BTreeMap<i64, FoundKey>,
    /// How many keys each index has that was made by a statement of its own.
    pub(super) indexes: BTreeMap<String, usize>,
    pub(super) unique_constraints: usize,
}

/// What it says of a column.
#[derive(Debug)]
pub(super) struct FoundColumn {
    pub(super) name: String,
    pub(super) declared: String,
    pub(super) not_null: bool,
    pub(super) default: Option<String>,
    /// The place in the primary key, from 1; 0 outside of it.
    pub(super) key: i64,
    /// `Some(true)` for a stored one.
    pub(super) generated: Option<bool>,
}

/// What it says of a foreign key.
#[derive(Debug, Default)]
pub(super) struct FoundKey {
    pub(super) columns: Vec<String>,
    pub(super) table: String,
    pub(super) referenced: Vec<String>,
    pub(super) on_update: Option<OnDelete>,
    pub(super) on_delete: Option<OnDelete>,
}

/// Sorts the catalog's answers by table.
///
/// # Errors
///
/// When an answer has another shape than its query asks for.
pub(super) fn gather(
    columns: &Rows,
    keys: &Rows,
    indexes: &Rows,
    kinds: &Rows,
) -> Result<BTreeMap<String, Facts>, CatalogError> {
    let mut all: BTreeMap<String, Facts> = BTreeMap::new();
    for row in &columns.rows {
        let facts = all.entry(text("columns", row, 0)?).or_default();
        facts.columns.push(column(row)?);
    }
    for row in &keys.rows {
        let facts = all.entry(text("foreign keys", row, 0)?).or_default();
        let key = facts
            .foreign_keys
            .entry(int("foreign keys", row, 1)?)
            .or_default();
        key.table = text("foreign keys", row, 3)?;
        key.columns.push(text("foreign keys", row, 4)?);
        // Without a name it is the parent's key.
        key.referenced
            .extend(row.get(5).and_then(Value::as_text).map(str::to_owned));
        key.on_update = action(&text("foreign keys", row, 6)?);
        key.on_delete = action(&text("foreign keys", row, 7)?);
    }
    for row in &indexes.rows {
        let facts = all.entry(text("indexes", row, 0)?).or_default();
        match text("indexes", row, 3)?.as_str() {
            "c" => {
                let keys = usize::try_from(int("indexes", row, 5)?).unwrap_or(0);
                facts.indexes.insert(text("indexes", row, 1)?, keys);
            }
            "u" => facts.unique_constraints += 1,
            _ => {}
        }
    }
    for row in &kinds.rows {
        let facts = all.entry(text("kinds of tables", row, 0)?).or_default();
        facts.kind = text("kinds of tables", row, 1)?;
        facts.without_rowid = int("kinds of tables", row, 2)? != 0;
        facts.strict = int("kinds of tables", row, 3)? != 0;
    }
    Ok(all)
}

fn column(row: &[Value]) -> Result<FoundColumn, CatalogError> {
    Ok(FoundColumn {
        name: text("columns", row, 1)?,
        declared: text("columns", row, 2)?,
        not_null: int("columns", row, 3)? != 0,
        key: int("columns", row, 4)?,
        generated: match int("columns", row, 5)? {
            2 => Some(false),
            3 => Some(true),
            _ => None,
        },
        default: row.get(6).and_then(Value::as_text).map(str::to_owned),
    })
}

fn action(word: &str) -> Option<OnDelete> {
    Some(match word {
        "NO ACTION" => OnDelete::NoAction,
        "RESTRICT" => OnDelete::Restrict,
        "CASCADE" => OnDelete::Cascade,
        "SET NULL" => OnDelete::SetNull,
        "SET DEFAULT" => OnDelete::SetDefault,
        _ => return None,
    })
}
