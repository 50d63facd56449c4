//! One file for each place where applications say what they use. To add one: write its file, and its line in [`ALL`].

mod alembic;
mod containers;
mod django;
mod environment;
mod node;
mod prose;
mod python;
mod sources;

use crate::look::Look;

/// A place where applications say what they use.
pub(crate) struct Ecosystem {
    /// What it is called.
    pub(crate) name: &'static str,
    /// Reads its files and tells what they say.
    pub(crate) look: fn(&mut Look<'_>),
}

/// All of them, in the order in which what they say is shown.
pub(crate) const ALL: &[Ecosystem] = &[
    python::ECOSYSTEM,
    node::ECOSYSTEM,
    containers::ECOSYSTEM,
    environment::ECOSYSTEM,
    alembic::ECOSYSTEM,
    django::ECOSYSTEM,
    sources::ECOSYSTEM,
    prose::ECOSYSTEM,
];

/// The scheme of an address without its driver: `postgresql` of `postgresql+asyncpg://…`. Nothing else of it is looked at.
fn scheme(address: &str) -> Option<&str> {
    let (scheme, _) = address.trim().trim_matches(['"', '\'']).split_once("://")?;
    let scheme = scheme.split('+').next()?;
    scheme
        .chars()
        .all(|c| c.is_ascii_alphanumeric())
        .then_some(scheme)
}
