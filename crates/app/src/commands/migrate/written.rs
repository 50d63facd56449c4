//! A difference as the files of a migration.

use emit::way::{self, Journey};
use plan::{Direction, Note, Plan, Relational};
use state::named::Difference;

/// The steps that have no way back, and why.
pub(crate) fn closed(plan: &Plan) -> impl Iterator<Item = (String, String)> {
    let legs = plan.way(Direction::Back).into_iter();
    legs.filter_map(|leg| {
        let title = leg.step.title.clone();
        leg.closed.map(|why| (title, why.to_owned()))
    })
}

pub(crate) fn is_reversible(plan: &Plan) -> bool {
    closed(plan).next().is_none()
}

/// One way of a migration: its text, from what is there to what has its title.
pub(crate) fn script(
    dialect: &Relational,
    difference: &Difference,
    direction: Direction,
    (from, title): (&str, &str),
) -> String {
    let plan = &difference.plan;
    let legs = plan.way(direction);
    let mut heading = vec![match direction {
        // Not where the goal was read from: that is a place on one machine.
        Direction::Forth => format!("{title}: the way on from {from}"),
        Direction::Back => format!("{title}: the way back to {from}"),
    }];
    heading.push(format!(
        "Made by `architrave migrate new` for {}, and run on a temporary database without rows.",
        dialect.title
    ));
    heading.push("It may be edited until it is applied; `migrate apply` makes the transactions.".to_owned());
    if direction == Direction::Forth && !is_reversible(plan) {
        heading.push("There is no way back:".to_owned());
        heading.extend(closed(plan).map(|(title, why)| format!("  {title}: {why}")));
    }
    let (prelude, notes): (_, &[Note]) = match direction {
        Direction::Forth => (&[][..], &difference.notes),
        Direction::Back => (plan.undo_prelude, &[]),
    };
    let journey = Journey {
        dialect: dialect.name,
        title: dialect.title,
        direction,
        from,
        to: title,
        prelude,
        legs: &legs,
        notes,
    };
    way::migration(&journey, &heading)
}
