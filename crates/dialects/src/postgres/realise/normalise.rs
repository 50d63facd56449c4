//! Stored forms.

use physical::{Ident, NormalForm};

use super::Place;
use super::code::{Part, Section};
use super::emit::id;
use super::realiser::Realiser;

/// A value in its stored form. Only A–Z are lowered: no two languages fold other letters alike, and `docs/spec/envelope-v1.md`
/// says the same of what is hashed.
pub(super) fn normal(value: &str, form: NormalForm) -> String {
    match form {
        NormalForm::Trimmed => format!("btrim({value}, E' \\t\\n\\r')"),
        NormalForm::TrimmedLower => format!("lower(btrim({value}, E' \\t\\n\\r') COLLATE \"C\")"),
    }
}

/// Brings the column into its form before anything looks at it.
pub(super) fn realise(r: &mut Realiser<'_>, at: Place<'_>, column: &Ident, form: NormalForm) {
    let Some(code) = r.code_of(at.table, at.origin) else {
        return;
    };
    let name = id(column);
    let line = format!("NEW.{name} := {};", normal(&format!("NEW.{name}"), form));
    let section = |lines: String| Section {
        part: Part::NormalForm,
        title: format!("one form of {column}"),
        lines,
        uses_actor: false,
    };
    code.insert.push(section(line.clone()));
    code.update.push(section(line));
}
