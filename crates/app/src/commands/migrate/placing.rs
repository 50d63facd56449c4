//! Moves folders of migrations and rewrites their plans: all of it, or nothing as far as the machine lets us.

use std::path::PathBuf;

use journal::Placed;
use project::System as _;
use serde_json::{Value, json};

use super::Told;
use crate::commands::findings;
use crate::{Context, Outcome};

/// The name and the hash of a schema.
type End<'a> = (&'a str, &'a str);

/// What is done to one migration.
pub(super) struct Written {
    /// Its folder.
    pub(super) from: PathBuf,
    /// Where that shall be.
    pub(super) to: PathBuf,
    /// Its plan before and after, where it has one.
    plan: Option<(Vec<u8>, String)>,
}

impl Written {
    /// With these ends in its plan, if it has one.
    pub(super) fn of(
        context: Context,
        placed: &Placed,
        to: PathBuf,
        (from_end, to_end): (End<'_>, End<'_>),
    ) -> Result<Self, Told> {
        let from = placed.folder.clone();
        let mut written = Self { from, to, plan: None };
        if placed.migration.plan.is_none() {
            return Ok(written);
        }
        let path = written.from.join("plan.json");
        let broken = |error: &dyn std::fmt::Display| {
            let message = format!("`{}` cannot be read: {error}", path.display());
            findings::complain(context, &message, Some("nothing was changed"));
            Told::Outcome(Outcome::Failed)
        };
        let bytes = context.machine.read(&path).map_err(|error| broken(&error))?;
        let mut plan: Value = serde_json::from_slice(&bytes).map_err(|error| broken(&error))?;
        let mut changed = false;
        for (key, (name, hash)) in [("from", from_end), ("to", to_end)] {
            if let Some(there) = plan.get_mut(key) {
                changed |= hash_of(there) != Some(hash);
                *there = match there {
                    Value::String(_) => json!(hash),
                    _ => json!({ "name": name, "hash": hash }),
                };
            }
        }
        let moves = written.from != written.to;
        if changed || moves {
            written.plan = Some((bytes, format!("{plan:#}\n")));
        }
        Ok(written)
    }

    pub(super) fn moves(&self) -> bool {
        self.from != self.to
    }

    pub(super) fn changes(&self) -> bool {
        self.plan.is_some()
    }
}

/// A hash by itself, or with the name of what it is of.
fn hash_of(end: &Value) -> Option<&str> {
    end.as_str().or_else(|| end.get("hash").and_then(Value::as_str))
}

/// Does it. When something fails, what was done by then is undone.
///
/// A folder moves in one step, with its plan as it was: whoever is cut off here finds migrations of which every command says that they
/// do not go on from each other, and the same command again puts that right.
pub(super) fn carry_out(context: Context, written: &[Written]) -> Result<(), Told> {
    let mut undo: Vec<Done<'_>> = Vec::new();
    let done = moved(context, written, &mut undo).and_then(|()| planned(context, written, &mut undo));
    done.map_err(|(path, error)| {
        for step in undo.iter().rev() {
            step.undo(context);
        }
        let message = format!("`{}` cannot be written: {error}", path.display());
        findings::complain(context, &message, Some("nothing was changed"));
        Told::Outcome(Outcome::Failed)
    })
}

/// A step that was done.
enum Done<'a> {
    Moved(&'a Written),
    Planned(PathBuf, &'a [u8]),
}

impl Done<'_> {
    fn undo(&self, context: Context) {
        // The first error is the one to tell.
        let _ = match self {
            Self::Moved(it) => context.machine.rename_folder(&it.to, &it.from),
            Self::Planned(path, bytes) => context.machine.write(path, bytes),
        };
    }
}

type Steps = Result<(), (PathBuf, std::io::Error)>;

fn moved<'a>(context: Context, written: &'a [Written], undo: &mut Vec<Done<'a>>) -> Steps {
    // From the last, so that the number of each is free.
    for it in written.iter().rev().filter(|it| it.moves()) {
        let done = context.machine.rename_folder(&it.from, &it.to);
        done.map_err(|error| (it.to.clone(), error))?;
        undo.push(Done::Moved(it));
    }
    Ok(())
}

fn planned<'a>(context: Context, written: &'a [Written], undo: &mut Vec<Done<'a>>) -> Steps {
    for it in written {
        let Some((before, after)) = &it.plan else { continue };
        let path = it.to.join("plan.json");
        let done = context.machine.write(&path, after.as_bytes());
        done.map_err(|error| (path.clone(), error))?;
        undo.push(Done::Planned(path, before));
    }
    Ok(())
}
