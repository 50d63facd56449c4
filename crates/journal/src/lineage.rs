//! Who goes on from whom, by the schemas that plans were made for. Branches that were merged are told by it.

use serde::Serialize;

use crate::folder::{Bound, Migration};

/// Why a migration does not go on from the one before it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Beside {
    /// The one before it, or, on another branch, the first one there.
    pub other: String,
    /// What both go on from; nothing when that is the empty database.
    pub parent: Option<String>,
    /// Whether both go on from one schema. Otherwise one of them was edited, or something between them is gone.
    pub branch: bool,
}

/// Says that two branches were merged.
pub(crate) const MERGED: &str = "two branches were merged";

impl Beside {
    /// What is wrong with the migration of this title, and what to do.
    #[must_use]
    pub fn fault(&self, title: &str) -> (String, String) {
        let other = &self.other;
        let rebase = format!("`architrave migrate rebase {title}`");
        if !self.branch {
            return (
                format!("{title} was planned for another schema than {other} leads to"),
                format!(
                    "if {other} was edited, {rebase} runs both and writes down what they lead to; if a migration between them is on another branch, bring it here"
                ),
            );
        }
        (
            format!(
                "{title} and {other} both go on from {}",
                from(self.parent.as_deref())
            ),
            format!("{MERGED}: {rebase} makes it go on from all others, if it is applied nowhere"),
        )
    }
}

pub(crate) fn from(parent: Option<&str>) -> &str {
    parent.unwrap_or("the empty database")
}

/// The migrations of a folder that do not go on from the one before them, each with its title. They must be in order.
#[must_use]
pub fn forks(folder: &[Migration]) -> Vec<(String, Beside)> {
    let found = folder.iter().map(|it| (it.title(), beside(folder, it)));
    found.filter_map(|(title, it)| Some((title, it?))).collect()
}

/// Whether a migration does not go on from the one before it; only plans can tell.
pub(crate) fn beside(folder: &[Migration], migration: &Migration) -> Option<Beside> {
    let plan = migration.plan.as_ref()?;
    let before = earlier(folder, migration).next_back()?;
    let same = |other: &Bound| other.dialect == plan.dialect;
    let last = before.plan.as_ref().filter(|it| same(it))?;
    if last.to == plan.from {
        return None;
    }
    let sibling = earlier(folder, migration).find(|it| goes_on_from(it, plan));
    if let Some(sibling) = sibling {
        return Some(Beside {
            other: sibling.title(),
            parent: parent(folder, sibling).map(Migration::title),
            branch: true,
        });
    }
    let parent = led_to(folder, migration);
    let first = parent.and_then(|parent| earlier(folder, migration).find(|it| it.number > parent.number));
    Some(Beside {
        other: first.unwrap_or(before).title(),
        parent: parent.map(Migration::title),
        branch: parent.is_some(),
    })
}

/// What a migration goes on from: by its plan, or else by its number.
#[must_use]
pub fn parent<'a>(folder: &'a [Migration], migration: &Migration) -> Option<&'a Migration> {
    let before = earlier(folder, migration).next_back();
    match (led_to(folder, migration), before) {
        (Some(parent), _) => Some(parent),
        (None, Some(before)) if migration.plan.is_none() || before.plan.is_none() => Some(before),
        (None, _) => None,
    }
}

/// The last one that both of two go on from.
pub(crate) fn common<'a>(
    folder: &'a [Migration],
    one: &Migration,
    other: &Migration,
) -> Option<&'a Migration> {
    let others = line(folder, other);
    let mut own = line(folder, one).into_iter();
    own.find(|it| others.iter().any(|other| std::ptr::eq(*it, *other)))
}

/// Everything that a migration goes on from, nearest first.
fn line<'a>(folder: &'a [Migration], migration: &Migration) -> Vec<&'a Migration> {
    // Each has a lower number than the one before, so this ends.
    std::iter::successors(parent(folder, migration), |it| parent(folder, it)).collect()
}

/// A migration and all that go on from it, by their plans, in order. More than one can have the same number.
#[must_use]
pub fn branch<'a>(folder: &'a [Migration], first: &'a Migration) -> Vec<&'a Migration> {
    let mut found = vec![first];
    for migration in folder.iter().filter(|it| it.number > first.number) {
        let Some(plan) = &migration.plan else { continue };
        let leads = |it: &&Migration| it.plan.as_ref().is_some_and(|it| leads_to(it, plan));
        if found.iter().any(leads) {
            found.push(migration);
        }
    }
    found
}

fn earlier<'a>(
    folder: &'a [Migration],
    migration: &Migration,
) -> impl DoubleEndedIterator<Item = &'a Migration> {
    let number = migration.number;
    folder.iter().filter(move |it| it.number < number)
}

/// The last of the earlier ones that leads to what this one was planned for.
fn led_to<'a>(folder: &'a [Migration], migration: &Migration) -> Option<&'a Migration> {
    let plan = migration.plan.as_ref()?;
    earlier(folder, migration).rfind(|it| it.plan.as_ref().is_some_and(|it| leads_to(it, plan)))
}

fn leads_to(one: &Bound, next: &Bound) -> bool {
    one.dialect == next.dialect && one.to == next.from
}

fn goes_on_from(migration: &Migration, plan: &Bound) -> bool {
    let other = migration.plan.as_ref();
    other.is_some_and(|other| other.dialect == plan.dialect && other.from == plan.from)
}

#[cfg(test)]
#[allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "tests may fail loudly"
)]
mod tests {
    use super::*;
    use crate::folder::Script;

    /// Migrations by number, name and, where they were planned, from where to where.
    fn folder(all: &[(i64, &str, &str)]) -> Vec<Migration> {
        let bound = |plan: &str| {
            let (from, to) = plan.split_once('>')?;
            Some(Bound {
                dialect: "sqlite".to_owned(),
                from: from.to_owned(),
                to: to.to_owned(),
            })
        };
        let one = |(number, name, plan): &(i64, &str, &str)| Migration {
            number: *number,
            name: (*name).to_owned(),
            up: Script::new("up.sql", b"").unwrap(),
            down: None,
            plan: bound(plan),
        };
        all.iter().map(one).collect()
    }

    /// What is told of a folder: the migration, the other one, what both go on from.
    fn told(all: &[(i64, &str, &str)]) -> Vec<String> {
        let forks = forks(&folder(all)).into_iter();
        forks
            .map(|(title, it)| match it.branch {
                true => format!("{title} {} {}", it.other, from(it.parent.as_deref())),
                false => format!("{title} {} edited", it.other),
            })
            .collect()
    }

    #[test]
    fn a_line_and_what_nobody_planned_are_no_branches() {
        assert!(told(&[(1, "a", "0>1"), (2, "b", "1>2"), (7, "c", "2>1"), (8, "d", "1>2")]).is_empty());
        assert!(told(&[(1, "a", ""), (2, "b", "1>2"), (3, "c", ""), (4, "d", "1>3")]).is_empty());
    }

    #[test]
    fn a_branch_is_told_with_the_first_of_the_other_and_where_they_part() {
        let parent = (1, "a", "0>1");
        assert_eq!(
            told(&[parent, (2, "b", "1>2"), (3, "c", "1>3")]),
            ["0003_c 0002_b 0001_a"]
        );
        // Only the first of a branch is beside; what goes on from it is not.
        let longer = [
            parent,
            (2, "b", "1>2"),
            (3, "c", "2>3"),
            (4, "d", "1>4"),
            (5, "e", "4>5"),
        ];
        assert_eq!(told(&longer), ["0004_d 0002_b 0001_a"]);
        // Of which the first was written by hand.
        assert_eq!(
            told(&[parent, (2, "b", ""), (3, "c", "2>3"), (4, "d", "1>4")]),
            ["0004_d 0002_b 0001_a"]
        );
        assert_eq!(
            told(&[parent, (2, "b", "0>2")]),
            ["0002_b 0001_a the empty database"]
        );
    }

    #[test]
    fn what_was_planned_for_no_schema_that_is_there_is_told_as_an_edit() {
        assert_eq!(
            told(&[(1, "a", "0>1"), (2, "b", "x>2")]),
            ["0002_b 0001_a edited"]
        );
    }

    #[test]
    fn the_common_parent_is_found_through_both_branches() {
        let all = folder(&[
            (1, "a", "0>1"),
            (2, "b", "1>2"),
            (2, "c", "1>3"),
            (3, "d", "2>4"),
            (3, "e", "3>5"),
        ]);
        assert_eq!(common(&all, &all[3], &all[4]), Some(&all[0]));
        assert_eq!(common(&all, &all[0], &all[1]), None);
        let with_hand = folder(&[(1, "a", ""), (2, "b", "1>2"), (2, "c", "")]);
        assert_eq!(
            common(&with_hand, &with_hand[1], &with_hand[2]),
            Some(&with_hand[0])
        );
    }

    #[test]
    fn a_branch_has_all_that_goes_on_from_its_first() {
        let all = folder(&[
            (1, "a", "0>1"),
            (2, "b", "1>2"),
            (2, "c", "1>3"),
            (3, "d", "2>4"),
            (3, "e", "3>5"),
            (4, "f", "5>6"),
        ]);
        let names = |first: usize| {
            branch(&all, &all[first])
                .iter()
                .map(|it| it.name.as_str())
                .collect::<String>()
        };
        assert_eq!([names(1), names(2), names(5)], ["bd", "cef", "f"]);
    }
}
