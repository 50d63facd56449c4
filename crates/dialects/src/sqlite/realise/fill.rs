//! Columns that the database fills on INSERT.

use physical::Ident;

use super::super::ident::ident;
use super::triggers::{UNFILLED, Work};

/// Fills a column with a value when the INSERT says nothing.
pub(super) fn add(work: &mut Work, column: &Ident, value: String) {
    match work.fills.iter_mut().find(|(known, _)| known == column) {
        Some((_, values)) if values.contains(&value) => {}
        Some((_, values)) => values.push(value),
        None => work.fills.push((column.clone(), vec![value])),
    }
}

/// The first of several values that there is.
pub(super) fn first_of(values: &[String]) -> String {
    match values {
        [only] => only.clone(),
        many => format!("coalesce({})", many.join(", ")),
    }
}

/// Refuses a row whose column stays empty.
fn required(work: &mut Work, column: &Ident, value: &str) {
    let name = ident(column);
    let marker = work.marker(column);
    let rule = format!("{column}_required");
    let guard = work.guard(
        "23502",
        &rule,
        &format!("NEW.{name} IS {marker} AND {value} IS NULL"),
    );
    work.before_insert.push(guard);
    if marker != UNFILLED {
        let guard = work.guard(
            "23502",
            &rule,
            &format!("NEW.{name} IS NULL AND OLD.{name} IS NOT NULL"),
        );
        work.before_update.push(guard);
    }
}

/// Owner and tenant from the context.
pub(super) fn from_context(work: &mut Work, owner: Option<&Ident>, tenant: Option<&Ident>) {
    if let Some(owner) = owner {
        let value = work.user.clone();
        add(work, owner, value);
    }
    if let Some(tenant) = tenant {
        let value = work.tenant.clone();
        let name = ident(tenant);
        let marker = work.marker(tenant);
        let foreign = work.guard(
            "42501",
            &format!("{tenant}_foreign"),
            &format!("NEW.{name} IS NOT {marker} AND NEW.{name} <> {value}"),
        );
        work.before_insert.push(foreign.clone());
        work.before_update.push(foreign);
        add(work, tenant, value);
    }
}

/// Once every value of a column is known: a required column that none of them can fill is refused by name.
pub(super) fn guards(work: &mut Work, is_required: impl Fn(&Ident) -> bool) {
    for (column, values) in work.fills.clone() {
        if is_required(&column) {
            required(work, &column, &first_of(&values));
        }
    }
}
