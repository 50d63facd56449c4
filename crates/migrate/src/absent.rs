//! What goes and comes back is missing for no longer than a transaction takes.
//!
//! A view that makes way for another type of a column is gone for everyone as soon as its transaction is over. So nothing that has to
//! stand outside of that, because it reads a whole table beside the application, may lie between.

use plan::{Action, Change, Object, Step};

use crate::diff::identity;
use crate::mentions::mentions;

/// Steps, as they are planned, with what they do to objects that somebody would miss.
#[derive(Default)]
pub(crate) struct Course {
    steps: Vec<Marked>,
}

struct Marked {
    step: Step,
    mark: Mark,
}

#[derive(PartialEq, Eq)]
enum Mark {
    Goes(String),
    Comes(String),
    /// Has an effect of its own, which others may need, and can be had sooner.
    Early,
    /// Nothing else needs it.
    Late,
    None,
}

impl Course {
    /// The steps of a change, behind the others.
    pub(crate) fn extend(&mut self, change: &Change<'_>, steps: Vec<Step>) {
        for step in steps {
            let mark = mark(change, &step);
            self.steps.push(Marked { step, mark });
        }
    }

    /// The steps in an order in which nothing is missed for longer than it must be.
    pub(crate) fn finish(mut self) -> Vec<Step> {
        for (from, to) in self.absences() {
            self.hoist(from, to);
        }
        for (from, to) in self.absences() {
            self.sink(from, to);
        }
        self.steps.into_iter().map(|marked| marked.step).collect()
    }

    /// From where to where something is missing, those that overlap as one.
    fn absences(&self) -> Vec<(usize, usize)> {
        let mut found: Vec<(usize, usize)> = Vec::new();
        for (at, marked) in self.steps.iter().enumerate() {
            let Mark::Goes(name) = &marked.mark else { continue };
            let comes = |marked: &Marked| matches!(&marked.mark, Mark::Comes(other) if other == name);
            let Some(back) = self.steps.iter().rposition(comes) else {
                continue;
            };
            match found.last_mut() {
                Some((_, to)) if at <= *to => *to = back.max(*to),
                _ if back > at => found.push((at, back)),
                _ => {}
            }
        }
        found
    }

    /// What must be committed before it can be used comes first.
    fn hoist(&mut self, from: usize, to: usize) {
        let mut place = from;
        for at in from..=to {
            if self.steps.get(at).is_some_and(|each| each.mark == Mark::Early) {
                let early = self.steps.remove(at);
                self.steps.insert(place, early);
                place += 1;
            }
        }
    }

    /// What is done beside the application comes last, with what is said of it.
    fn sink(&mut self, from: usize, to: usize) {
        let between: Vec<Marked> = self.steps.splice(from..=to, []).collect();
        let grouped = between.iter().any(is_grouped);
        let put_off = |marked: &Marked| {
            let apart = marked.step.apart.is_some() && !(grouped && is_unique(&marked.step));
            apart || marked.mark == Mark::Late
        };
        let (mut first, mut last): (Vec<Marked>, Vec<Marked>) = (Vec::new(), Vec::new());
        for marked in between {
            let waits = put_off(&marked) || last.iter().any(|each| speaks_of(&marked.step, &each.step));
            match waits {
                true => last.push(marked),
                false => first.push(marked),
            }
        }
        // Whoever waits for something that is missing keeps it missing: then all stays as it was.
        first.extend(last);
        self.steps.splice(from..from, first);
    }
}

/// Whether a view comes back that shows columns which hang on a key that it groups by.
fn is_grouped(marked: &Marked) -> bool {
    let Action::Sql(statements) = &marked.step.action;
    matches!(&marked.mark, Mark::Comes(name) if name.starts_with("view "))
        && statements.iter().any(|statement| statement.contains("GROUP BY"))
}

fn is_unique(step: &Step) -> bool {
    let Action::Sql(statements) = &step.action;
    let unique = |statement: &String| statement.starts_with("CREATE UNIQUE INDEX ");
    statements.iter().any(unique)
}

/// Whether a step names what another looks at or builds.
fn speaks_of(step: &Step, other: &Step) -> bool {
    let Some(name) = &other.apart else { return false };
    let Action::Sql(statements) = &step.action;
    statements
        .iter()
        .any(|statement| mentions(statement, &|found| found == name.as_str()))
}

fn mark(change: &Change<'_>, step: &Step) -> Mark {
    match change {
        Change::Drop(object) if is_missed(object) => Mark::Goes(identity(object)),
        Change::Create(object) | Change::Add(object) if is_missed(object) => Mark::Comes(identity(object)),
        Change::Replace(_, Object::Type(_)) if !step.transactional => Mark::Early,
        // A part of an index goes with the whole; and keys stand on those that are unique.
        Change::Drop(Object::Index(table, _)) if !step.transactional && table.partition_of.is_none() => {
            Mark::Early
        }
        Change::Drop(Object::ForeignKey(..)) => Mark::Early,
        Change::Create(Object::ForeignKey(..)) | Change::Add(Object::ForeignKey(..)) => Mark::Late,
        _ => Mark::None,
    }
}

/// Whether applications do something else, or nothing at all, while it is not there.
fn is_missed(object: &Object<'_>) -> bool {
    match object {
        Object::View(_) | Object::Policy(..) | Object::Trigger(..) | Object::Function(_) => true,
        Object::Opaque(opaque) => !opaque.setting,
        _ => false,
    }
}
