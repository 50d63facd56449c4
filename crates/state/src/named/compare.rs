//! The difference of two states.

use diagnostics::Diagnostic;
use physical::{Ident, Name, Origin};
use plan::{Note, Plan, Relational, Rename};

use super::{Failure, Fault, State, owners, suspects};
use crate::codes;

/// What leads from one state to another.
#[derive(Debug)]
pub struct Difference {
    /// The steps.
    pub plan: Plan,
    /// What a reader should know besides.
    pub notes: Vec<Note>,
    /// What looks like a rename and is not said to be one: whoever can be asked should be.
    pub suspects: Vec<Rename>,
}

/// Compares two states. With a label, what the plan would lose is set aside under it, as far as it can be.
///
/// # Errors
/// When there is no plan: something differs that cannot be changed, or cannot be made.
pub fn compare(
    from: &State,
    to: &State,
    dialect: &'static Relational,
    keep: Option<&str>,
) -> Result<Difference, Box<Failure>> {
    let renames = renames(from, to);
    let (was, is) = owners::follow(&from.database, &to.database, &renames);
    let plan = match keep {
        Some(label) => migrate::plan_keeping(&was, &is, dialect, &renames, label),
        None => migrate::plan_renaming(&was, &is, dialect, &renames),
    };
    let plan = plan.map_err(|refused| {
        let message = format!(
            "there is no plan from `{}` to `{}`: {refused}",
            from.shown, to.shown
        );
        let help = match refused {
            migrate::Refused::NotYet { .. } => "change it by hand, or leave it as it is; then compare again",
            migrate::Refused::Unread { .. } => {
                "take it out of the schema that shall be reached, or make it by hand"
            }
        };
        Failure::new(
            Fault::State,
            Diagnostic::global(&codes::NO_WAY, message).help(help),
        )
    })?;
    let suspects = suspects::find(&from.database, &to.database, &renames);
    let mut notes: Vec<Note> = from.notes.iter().chain(&to.notes).cloned().collect();
    notes.extend(missing_roles(from, to, &plan));
    notes.extend(suspects.iter().filter_map(|rename| suspects::note(rename, to)));
    Ok(Difference {
        plan,
        notes,
        suspects,
    })
}

/// What the goal says was called otherwise before; and what the start says, the other way round.
fn renames(from: &State, to: &State) -> Vec<Rename> {
    let mut all = to.renames.clone();
    let tables: Vec<(&Name, &Name)> = from
        .renames
        .iter()
        .filter_map(|rename| match rename {
            Rename::Table { from, to } => Some((from, to)),
            _ => None,
        })
        .collect();
    all.extend(tables.iter().map(|(old, new)| Rename::Table {
        from: (*new).clone(),
        to: (*old).clone(),
    }));
    for rename in &from.renames {
        if let Rename::Column {
            table,
            from: old,
            to: new,
        } = rename
        {
            let names = tables
                .iter()
                .filter(|(_, new)| *new == table)
                .map(|(old, _)| *old);
            all.extend(names.chain([table]).map(|table| Rename::Column {
                table: table.clone(),
                from: new.clone(),
                to: old.clone(),
            }));
        }
    }
    all
}

/// Roles that the goal speaks of and that nothing makes: they are the server's.
fn missing_roles(from: &State, to: &State, plan: &Plan) -> Option<Note> {
    // A plan from nothing makes the roles as well.
    let made = |name: &Ident| plan.steps.iter().any(|step| step.title == format!("role {name}"));
    let known = |name: &Ident| made(name) || from.database.roles.iter().any(|role| role.name == *name);
    let found = to
        .database
        .roles
        .iter()
        .filter(|role| role.origin == Origin::Found && !known(&role.name));
    let names: Vec<String> = found.map(|role| format!("`{}`", role.name)).collect();
    if names.is_empty() {
        return None;
    }
    Some(Note {
        code: codes::ROLES_TAKEN.code,
        message: format!("roles that have to be there: {}", names.join(", ")),
        help: vec!["roles belong to the server and not to a schema: no step makes them".to_owned()],
    })
}
