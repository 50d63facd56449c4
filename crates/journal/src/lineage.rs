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
