//! Physical times physical to a plan.
//!
//! Statements come from the dialect; what is decided here is what must be done, in which order, and what goes without saying
//! because the object is new. Where the order is free it is that of the source, so that plans read like the schema.

mod absent;
mod change;
mod diff;
mod graph;
mod keep;
mod mentions;
mod parts;
mod reduce;
mod rename;

pub use rename::{plan_keeping, plan_renaming};

use std::collections::HashSet;
use std::panic::resume_unwind;
use std::thread;

use physical::{Database, Name};
use plan::{Change, Hazard, Lock, Object, Plan, Relational, Section, Step, Undo};

use absent::Course;
use change::Work;
use diff::Side;
use graph::{Class, Graph, Node};
use keep::{Keeper, Kept};

/// As much as a main thread has: expressions nest.
const STACK: usize = 8 << 20;

/// Why there is no plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refused {
    /// Something differs that cannot be changed yet.
    NotYet {
        /// What, by kind and name.
        what: Vec<String>,
    },
    /// It leads to a schema with objects that nobody can say how to make.
    Unread {
        /// Which.
        objects: Vec<String>,
    },
}

impl std::fmt::Display for Refused {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::NotYet { what } => {
                write!(
                    f,
                    "this cannot be changed yet where it is in use: {}",
                    what.join(", ")
                )
            }
            Self::Unread { objects } => write!(
                f,
                "the schema holds what cannot be read from a catalog: {}",
                objects.join(", ")
            ),
        }
    }
}

impl std::error::Error for Refused {}

/// What leads from one schema to another.
///
/// # Errors
///
/// [`Refused::NotYet`] with everything that differs and cannot be changed; [`Refused::Unread`] when `to` holds what is
/// known by name only.
pub fn plan(from: &Database, to: &Database, dialect: &Relational) -> Result<Plan, Refused> {
    plan_with(from, to, dialect, None)
}

/// The plan, when what it would lose is set aside, or is not.
fn plan_with(
    from: &Database,
    to: &Database,
    dialect: &Relational,
    keeper: Option<&mut Keeper<'_>>,
) -> Result<Plan, Refused> {
    if count(from) > 0 {
        return between(from, to, dialect, keeper);
    }
    let unread = to.unread().map(|each| format!("{} {}", each.kind, each.name));
    let objects: Vec<String> = unread.collect();
    if !objects.is_empty() {
        return Err(Refused::Unread { objects });
    }
    let (steps, hash_of_to) = thread::scope(|scope| {
        let hashing = thread::Builder::new().stack_size(STACK);
        let hashing = hashing.spawn_scoped(scope, || hash(to, dialect));
        let steps = steps(to, dialect);
        let hashed = match hashing {
            Ok(hashing) => hashing.join().unwrap_or_else(|panic| resume_unwind(panic)),
            Err(_) => hash(to, dialect),
        };
        (steps, hashed)
    });
    Ok(Plan {
        dialect: dialect.name,
        undo_prelude: dialect.undo_prelude,
        from: hash(from, dialect),
        to: hash_of_to,
        steps: (dialect.frame)(steps, (from, to)),
    })
}

/// The plan when something is there.
fn between(
    from: &Database,
    to: &Database,
    dialect: &Relational,
    keeper: Option<&mut Keeper<'_>>,
) -> Result<Plan, Refused> {
    let (steps, hashes) = thread::scope(|scope| {
        let hashing = thread::Builder::new().stack_size(STACK);
        let hashing = hashing.spawn_scoped(scope, || (hash(from, dialect), hash(to, dialect)));
        let steps = changes(from, to, dialect, keeper);
        let hashes = match hashing {
            Ok(hashing) => hashing.join().unwrap_or_else(|panic| resume_unwind(panic)),
            Err(_) => (hash(from, dialect), hash(to, dialect)),
        };
        (steps, hashes)
    });
    Ok(Plan {
        dialect: dialect.name,
        undo_prelude: dialect.undo_prelude,
        from: hashes.0,
        to: hashes.1,
        steps: steps?,
    })
}

/// The steps of [`plan()`], without the hashes of both schemas, which take longer than the comparison.
///
/// # Errors
/// As [`plan()`].
pub fn steps_between(from: &Database, to: &Database, dialect: &Relational) -> Result<Vec<Step>, Refused> {
    changes(from, to, dialect, None)
}

fn changes(
    from: &Database,
    to: &Database,
    dialect: &Relational,
    mut keeper: Option<&mut Keeper<'_>>,
) -> Result<Vec<Step>, Refused> {
    let reduced = reduce::reduce(from, to, dialect);
    let (was, is) = reduced.as_ref().map_or((from, to), |it| (&it.from, &it.to));
    let none: HashSet<Name> = HashSet::new();
    let same = reduced.as_ref().map_or(&none, |it| &it.same);
    let side = |given| Side::new(given, dialect, same);
    let work = Work::compare(side(was), side(is), (from, to));
    let objects = work.unread();
    if !objects.is_empty() {
        return Err(Refused::Unread { objects });
    }
    let what = work.refused();
    if !what.is_empty() {
        return Err(Refused::NotYet { what });
    }
    let mut course = Course::default();
    let mut unsaid = Vec::new();
    let kept = keeper.is_some().then(|| Kept::of(&work));
    work.each(&mut |change| {
        let aside = keeper.as_mut().zip(kept.as_ref());
        let aside = aside.and_then(|(keeper, kept)| keeper.steps(kept, &change));
        let mut made = aside.unwrap_or_else(|| (dialect.steps)(&change));
        if let Change::Create(object) = &change {
            made.iter_mut().for_each(|step| on_new(step, object));
        }
        if let (Change::Alter(change), true) = (&change, made.is_empty()) {
            unsaid.push(format!("table {}", change.to.name));
        }
        course.extend(&change, made);
    });
    if !unsaid.is_empty() {
        return Err(Refused::NotYet { what: unsaid });
    }
    Ok((dialect.frame)(course.finish(), (from, to)))
}

fn hash(database: &Database, dialect: &Relational) -> String {
    physical::hash(&(dialect.canonical)(database))
}

fn steps(to: &Database, dialect: &Relational) -> Vec<Step> {
    let mut steps = Vec::new();
    for node in Graph::new(to).order() {
        write(&node, to, dialect, &mut steps);
    }
    steps
}

fn count(database: &Database) -> usize {
    database.roles.len()
        + database.schemas.len()
        + database.extensions.len()
        + database.types.len()
        + database.tables.len()
        + database.views.len()
        + database.functions.len()
        + database.opaque.len()
}

/// What hangs on a table that is as new as itself keeps nobody waiting, reads nothing twice, and goes with it.
fn on_new(step: &mut Step, object: &Object<'_>) {
    match object {
        Object::Index(..) | Object::RowSecurity(_) | Object::Grants(_) => {
            step.undo = Undo::WithOther;
        }
        Object::Trigger(..) | Object::Policy(..) | Object::View(_) | Object::Function(_) => {}
        _ => return,
    }
    if step.lock != Lock::Database {
        step.lock = Lock::None;
    }
    step.hazards = Vec::<Hazard>::new();
}

/// The steps of one node. Everything is new, so nobody waits and nothing is read twice; and what hangs on a new table alone
/// goes with it.
fn write(node: &Node<'_>, to: &Database, dialect: &Relational, steps: &mut Vec<Step>) {
    for (position, object) in node.objects(to).into_iter().enumerate() {
        let goes_with_table = matches!(
            object,
            Object::Index(..) | Object::RowSecurity(_) | Object::Grants(_)
        );
        for mut step in (dialect.steps)(&Change::Create(object)) {
            step.lock = Lock::None;
            step.hazards = Vec::<Hazard>::new();
            step.makes = node.made(position);
            if goes_with_table {
                step.undo = Undo::WithOther;
            }
            if let Object::Function(_) = object {
                step.section = match node.class {
                    Class::Triggers => Section::Triggers,
                    Class::Services => Section::Services,
                    _ => Section::Functions,
                };
            }
            steps.push(step);
        }
    }
}
