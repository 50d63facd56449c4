//! Owner and tenant from the row referred to.

use physical::{Ident, Name};

use super::super::ident::{ident, table};
use super::triggers::Work;
use super::{fill, local};
use crate::sqlite::source::Source;

pub(super) fn add(
    blueprint: &Source<'_>,
    work: &mut Work,
    via: &Ident,
    parent: &Name,
    key: &Ident,
    columns: &[(Ident, Ident)],
) {
    let parent = table(&local(blueprint, parent));
    for (own, theirs) in columns {
        let value = format!(
            "(SELECT p.{} FROM {parent} AS p WHERE p.{} = NEW.{})",
            ident(theirs),
            ident(key),
            ident(via)
        );
        work.follows.push((own.clone(), via.clone(), value.clone()));
        fill::add(work, own, value);
    }
}
