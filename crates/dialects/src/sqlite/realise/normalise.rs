//! One stored form. A trigger that rewrote the value would do so after uniqueness was looked at, so another form is refused.

use physical::{Ident, NormalForm, Origin};

use super::super::ident::ident;
use super::triggers::Work;
use crate::losses::Losses;

pub(super) fn add(work: &mut Work, column: &Ident, form: NormalForm, losses: &mut Losses) {
    let name = ident(column);
    let normal = match form {
        NormalForm::Trimmed => format!("trim(NEW.{name})"),
        NormalForm::TrimmedLower => format!("lower(trim(NEW.{name}))"),
    };
    let guard = work.guard(
        "23514",
        &format!("{column}_normal"),
        &format!("NEW.{name} <> {normal}"),
    );
    work.before_insert.push(guard.clone());
    work.before_update.push(guard);
    losses.add(
        "normal-form",
        format!("{}.{column}", work.name),
        "SQLite refuses a value that is not in its stored form instead of rewriting it, and knows the lower case of ASCII only: \
         the models write the stored form",
        Origin::Decision("normalise", None),
    );
}
