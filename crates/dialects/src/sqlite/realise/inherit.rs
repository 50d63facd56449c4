//! Owner and tenant from the row referred to.

use physical::{Ident, Name};

use super::super::ident::{ident, table};
use super::fill;
use super::triggers::Work;
use crate::source::{Source, local};

pub(super) fn add(
    blueprint: &Source<'_>,
    work: &mut Work,
    via: &Ident,
    parent: &Name,
    key: &Ident,
    columns: &[(Ident, Ident)],
) {
    let parent = table(&local(blueprint, parent));
    let entering = work.entering(via);
    for (own, theirs) in columns {
        let value = |at: &str| {
            let (theirs, key) = (ident(theirs), ident(key));
            format!("(SELECT p.{theirs} FROM {parent} AS p WHERE p.{key} = {at})")
        };
        let followed = value(&format!("NEW.{}", ident(via)));
        work.follows.push((own.clone(), via.clone(), followed));
        fill::add(work, own, value(&entering));
    }
}
