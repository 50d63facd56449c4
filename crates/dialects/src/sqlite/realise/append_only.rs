//! Rows that are only ever added.

use physical::Ident;

use super::super::ident::ident;
use super::triggers::Work;

/// Set once by the tool when it seals: SQLite cannot compute it.
const COMMITMENT: &str = "commitment";

pub(super) fn add(work: &mut Work, erasable: &[Ident]) {
    let columns = work.all_columns();
    let sealed_later = columns.iter().any(|column| column.as_str() == COMMITMENT) && !erasable.is_empty();
    let mut changed: Vec<String> = Vec::new();
    for column in &columns {
        let name = ident(column);
        changed.push(if erasable.contains(column) {
            format!("(NEW.{name} IS NOT OLD.{name} AND NEW.{name} IS NOT NULL)")
        } else if sealed_later && column.as_str() == COMMITMENT {
            format!("(NEW.{name} IS NOT OLD.{name} AND OLD.{name} IS NOT NULL)")
        } else {
            format!("NEW.{name} IS NOT OLD.{name}")
        });
    }
    let guard = work.guard("42501", "append_only", &changed.join("\n   OR "));
    work.before_update.push(guard);
    let guard = work.guard("42501", "append_only", "1");
    work.before_delete.push(guard);
}
