//! Owner and tenant of a new row, from the context.

use physical::Ident;

use super::Place;
use super::code::{Part, Section};
use super::emit::id;
use super::realiser::Realiser;

/// Fills what the statement leaves open; the application has no right to say it.
pub(super) fn realise(r: &mut Realiser<'_>, at: Place<'_>, owner: Option<&Ident>, tenant: Option<&Ident>) {
    let user = r.call("current_user_id");
    let current = r.call("current_tenant");
    let fill = |column: &Ident, call: &str| {
        format!(
            "IF NEW.{0} IS NULL THEN\n    NEW.{0} := {call};\nEND IF;\n",
            id(column)
        )
    };
    let mut lines = String::new();
    if let Some(column) = owner {
        lines.push_str(&fill(column, &user));
    }
    if let Some(column) = tenant {
        lines.push_str(&fill(column, &current));
    }
    let Some(code) = r.code_of(at.table, at.origin) else {
        return;
    };
    if !lines.is_empty() {
        code.insert.push(Section {
            part: Part::Context,
            title: "owner and tenant from the context".to_owned(),
            lines,
            uses_actor: false,
        });
    }
}
