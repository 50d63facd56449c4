//! Ids cannot be guessed, counted or walked, and knowing one gives nothing.
//!
//! The attacker has one account and knows ids of others. What is predicted are ids that the built schema mints by its own default, through
//! real inserts; what is probed are the answers of the real database. See `docs/gates/enumeration.md`.

mod bits;
mod knowing;
mod minting;
mod oracles;
mod predict;
mod timing;
mod walking;

use crate::bench::Bench;
use crate::data::Speller;
use crate::gate::{Gate, Stop};
use crate::gates::isolation::guise;

/// The gate.
pub(super) static GATE: Gate = Gate {
    id: "enumeration",
    title: "enumeration",
    claim: "ids cannot be guessed, counted or walked, and knowing the id of another's row gives nothing",
    attacker: Some("A1: an outsider with an account, who knows the ids of others"),
    guarantees: &["identity-always", "returning"],
    run,
};

fn run(bench: &mut Bench<'_>) -> Result<(), Stop> {
    let loaded = bench.loaded(2)?;
    let mut superuser = loaded.db.superuser()?;
    let speller = Speller::new(bench.subject.dialect);
    bench.step(0, 5, "predicting ids")?;
    minting::all(bench, &loaded, &mut superuser, speller)?;
    if bench.subject.has_roles() {
        let guises = guise::all(bench, &mut superuser, &loaded.parties)?;
        let arena = oracles::Arena {
            loaded: &loaded,
            guises: &guises,
            speller,
        };
        bench.step(1, 5, "walking")?;
        walking::all(bench, &arena, &mut superuser)?;
        bench.step(2, 5, "probing")?;
        oracles::all(bench, &arena, &mut superuser)?;
        bench.step(3, 5, "using foreign ids")?;
        knowing::all(bench, &arena, &mut superuser)?;
        bench.step(4, 5, "timing")?;
        timing::all(bench, &arena, &mut superuser)?;
    } else {
        let reason = format!(
            "{} has no roles: whoever opens the file reads every id, so walking, probing and timing have no meaning there",
            bench.subject.dialect.title
        );
        for (id, claim) in [
            ("walking", walking::CLAIM),
            ("oracles", oracles::CLAIM),
            ("knowing", knowing::CLAIM),
            ("timing", timing::CLAIM),
        ] {
            bench.claim(evidence::Claim::not_applicable(id, None, claim, reason.clone()));
        }
    }
    let text = format!(
        "{} ids minted · {} guessed · {} answers compared · {} look-ups timed",
        bench.counted("ids minted"),
        bench.counted("ids guessed"),
        bench.counted("answers compared"),
        bench.counted("look-ups timed")
    );
    bench.headline(text);
    bench.step(5, 5, "done")
}
