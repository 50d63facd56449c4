//! No role sees, changes or infers rows that are not its own.
//!
//! What each role is promised is read from the model ([`reach`]); every cell of role × table × statement × context is then
//! tried over a fresh login, with the rows of others proven to exist by a superuser's count. See `docs/gates/isolation.md`.

mod catalog;
mod cells;
mod escalate;
pub(super) mod ground;
pub(super) mod guise;
mod inserts;
mod leaks;
pub(super) mod reach;
mod reads;
pub(super) mod sheet;
pub(super) mod try_out;

use crate::bench::Bench;
use crate::data::Speller;
use crate::gate::{Gate, Stop};

/// The gate.
pub(super) static GATE: Gate = Gate {
    id: "isolation",
    title: "isolation",
    claim: "no role sees, changes or infers rows that are not its own, in any context",
    attacker: Some(
        "A1, A2 and A4: an outsider with an account, a forgotten filter, someone with the reader's role",
    ),
    guarantees: &[
        "row-level-security",
        "roles",
        "grants",
        "context",
        "signed-context",
    ],
    run,
};

fn run(bench: &mut Bench<'_>) -> Result<(), Stop> {
    if !bench.subject.has_roles() {
        return file(bench);
    }
    let loaded = bench.loaded(bench.options.rows.min(2))?;
    let mut superuser = loaded.db.superuser()?;
    let speller = Speller::new(bench.subject.dialect);
    let guises = guise::all(bench, &mut superuser, &loaded.parties)?;
    let grounds = ground::read(bench.subject, &mut superuser, speller)?;
    let roles = roles(bench);
    let rights = ground::rights(&mut superuser, speller, &roles, &grounds)?;
    let arena = cells::Arena {
        loaded: &loaded,
        guises: &guises,
        grounds: &grounds,
        rights: &rights,
        speller,
    };
    cells::populated(bench, &arena);
    for (index, role) in roles.iter().enumerate() {
        bench.step(index, roles.len() + 3, role)?;
        cells::of_role(bench, &arena, role)?;
        escalate::of_role(bench, &arena, role)?;
    }
    bench.step(roles.len(), roles.len() + 3, "foreign rows")?;
    inserts::all(bench, &arena)?;
    reads::all(bench, &arena)?;
    bench.step(roles.len() + 1, roles.len() + 3, "leaks")?;
    leaks::all(bench, &arena)?;
    bench.step(roles.len() + 2, roles.len() + 3, "catalog")?;
    catalog::all(bench, &mut superuser)?;
    let text = format!(
        "{} cells · {} roles · {} statements tried",
        bench.counted("cells"),
        roles.len(),
        bench.counted("statements tried")
    );
    bench.headline(text);
    bench.step(roles.len() + 3, roles.len() + 3, "done")
}

/// Every role that somebody can be a member of. Nobody is ever a member of owner, guard or mask.
pub(crate) fn roles(bench: &Bench<'_>) -> Vec<String> {
    let roles = &bench.subject.blueprint.roles;
    let fixed = [
        &roles.app,
        &roles.reader,
        &roles.auditor,
        &roles.sealer,
        &roles.eraser,
        &roles.backup,
    ];
    fixed
        .into_iter()
        .chain(&roles.declared)
        .map(|role| role.as_str().to_owned())
        .collect()
}

/// A file has no roles: nothing can be tried, and the guarantees that are lost are named one by one.
fn file(bench: &mut Bench<'_>) -> Result<(), Stop> {
    let title = bench.subject.dialect.title;
    bench.claim(evidence::Claim::not_applicable(
        "cells",
        None,
        "every role reaches its own rows and no others",
        format!("{title} has no roles and no row-level security: whoever opens the file sees every row, and the finders must filter"),
    ));
    bench.step(1, 1, "done")
}
