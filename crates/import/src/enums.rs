//! Enum types of the database.

use physical::{Name, NamedType, NamedTypeKind};

use crate::Ground;
use crate::text::{doc, is_doc, quoted};

/// Whether a type can be said as an enum.
pub(crate) fn is_sayable(ground: &Ground<'_>, ty: &NamedType) -> bool {
    let NamedTypeKind::Enum(values) = &ty.kind else {
        return false;
    };
    let told = ty.comment.as_ref().is_none_or(|comment| is_doc(comment));
    let line = |value: &String| !value.is_empty() && !value.contains(char::is_control);
    ground.is_at_home(&ty.name) && ty.owner.is_none() && told && !values.is_empty() && values.iter().all(line)
}

/// Whether a member can be written without quotes.
pub(crate) fn is_word(value: &str) -> bool {
    let mut letters = value.chars();
    let first = letters
        .next()
        .is_some_and(|c| c.is_ascii_alphabetic() || c == '_');
    first
        && letters.all(|c| c.is_ascii_alphanumeric() || c == '_')
        && !matches!(value, "not" | "true" | "false" | "null")
}

/// Says an enum.
pub(crate) fn write(ground: &Ground<'_>, name: &Name, called: &str) -> String {
    let found = ground.asked.database.types.iter().find(|ty| ty.name == *name);
    let Some(NamedType {
        kind: NamedTypeKind::Enum(values),
        comment,
        ..
    }) = found
    else {
        return String::new();
    };
    let members: Vec<String> = values
        .iter()
        .map(|value| {
            if is_word(value) {
                value.clone()
            } else {
                quoted(value)
            }
        })
        .collect();
    let mut out = format!("\n{}enum {called} @native", doc(comment.as_ref(), ""));
    if format!("{}_kind", model::naming::snake(called)) != name.name.as_str() {
        out.push_str(&format!(" @type({})", quoted(name.name.as_str())));
    }
    out.push_str(&format!(" {{ {} }}\n", members.join(", ")));
    out
}
