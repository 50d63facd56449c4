//! The difference of two states.

use diagnostics::Diagnostic;
use physical::{Ident, Origin};
use plan::{Note, Plan, Relational};

use super::{Failure, Fault, State};
use crate::codes;

/// What leads from one state to another.
#[derive(Debug)]
pub struct Difference {
    /// The steps.
    pub plan: Plan,
    /// What a reader should know besides.
    pub notes: Vec<Note>,
}

/// Compares two states.
///
/// # Errors
/// When there is no plan: something differs that cannot be changed, or cannot be made.
pub fn compare(from: &State, to: &State, dialect: &'static Relational) -> Result<Difference, Box<Failure>> {
    let plan = migrate::plan(&from.database, &to.database, dialect).map_err(|refused| {
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
    let notes = missing_roles(from, to, &plan).into_iter().collect();
    Ok(Difference { plan, notes })
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
