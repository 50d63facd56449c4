//! First states and declared moves.

use physical::Ident;

use super::super::ident::{ident, text};
use super::super::types::NOW;
use super::stamps::{stamped_actor, stamped_time};
use super::triggers::Work;

pub(super) fn add(
    work: &mut Work,
    column: &Ident,
    initial: &[String],
    moves: &[(String, String)],
    (changed_at, changed_by): (Option<&Ident>, Option<&Ident>),
) {
    let name = ident(column);
    let firsts: Vec<String> = initial.iter().map(|state| text(state)).collect();
    let first = format!("NEW.{name} NOT IN ({})", firsts.join(", "));
    let guard = work.guard("23514", &format!("{column}_transition"), &first);
    work.before_insert.push(guard);
    let moves: Vec<String> = moves
        .iter()
        .map(|(from, to)| format!("({}, {})", text(from), text(to)))
        .collect();
    let mut condition = format!("NEW.{name} IS NOT OLD.{name}");
    if !moves.is_empty() {
        condition.push_str(&format!(
            "\n  AND (OLD.{name}, NEW.{name}) NOT IN (VALUES {})",
            moves.join(", ")
        ));
    }
    let guard = work.guard("23514", &format!("{column}_transition"), &condition);
    work.before_update.push(guard);
    let stamp = |stamped: &Ident, value: &str| {
        let own = ident(stamped);
        (
            stamped.clone(),
            format!("CASE WHEN NEW.{name} IS NOT OLD.{name} THEN {value} ELSE {own} END"),
        )
    };
    if let Some(changed_at) = changed_at {
        stamped_time(work, changed_at);
        work.change_sets.push(stamp(changed_at, NOW));
    }
    if let Some(changed_by) = changed_by {
        let actor = work.actor.clone();
        stamped_actor(work, changed_by);
        work.change_sets.push(stamp(changed_by, &actor));
    }
}
