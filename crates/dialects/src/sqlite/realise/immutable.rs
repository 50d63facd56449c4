//! Columns that never change.

use physical::Ident;

use super::super::ident::ident;
use super::triggers::Work;

pub(super) fn add(work: &mut Work, columns: &[Ident]) {
    for column in columns {
        let name = ident(column);
        let mut condition = format!("NEW.{name} IS NOT OLD.{name}");
        if work.is_filled(column) {
            condition.push_str(&format!(" AND OLD.{name} IS NOT {}", work.marker(column)));
        }
        let guard = work.guard("23514", &format!("{column}_immutable"), &condition);
        work.before_update.push(guard);
    }
}
