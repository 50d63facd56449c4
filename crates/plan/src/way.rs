//! A plan in one of its two directions, as it is run and shown.

use crate::{Action, Hazard, Lock, Phase, Plan, RunsAs, Step, Undo};

/// Which way a plan is gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// From the first schema to the second.
    Forth,
    /// Back again, from the last step to the first.
    Back,
}

/// A step in one direction.
#[derive(Debug, Clone)]
pub struct Leg<'p> {
    /// The step.
    pub step: &'p Step,
    /// What it does, as a heading would say it.
    pub title: String,
    /// What is run.
    pub statements: Vec<&'p str>,
    /// Why this direction is closed here; nothing is run then.
    pub closed: Option<&'p str>,
    /// The strongest lock on something that was there before.
    pub lock: Lock,
    /// What can go wrong.
    pub hazards: Vec<Hazard>,
    /// Which part of the change it belongs to.
    pub phase: Phase,
}

impl Leg<'_> {
    /// Whether it shares no transaction with its neighbours: because it cannot, or because it reads a whole table beside a running
    /// application, all the while the locks of the steps before it would be held.
    #[must_use]
    pub fn stands_alone(&self) -> bool {
        !self.step.transactional || self.reads_long()
    }

    /// Whether it reads a whole table while others go on with their work.
    #[must_use]
    pub fn reads_long(&self) -> bool {
        reads_long(self.lock, &self.hazards)
    }
}

impl Step {
    /// The same of the way forth.
    #[must_use]
    pub fn stands_alone(&self) -> bool {
        !self.transactional || reads_long(self.lock, &self.hazards)
    }
}

fn reads_long(lock: Lock, hazards: &[Hazard]) -> bool {
    lock == Lock::ShareUpdateExclusive && hazards.iter().any(|hazard| matches!(hazard, Hazard::Scan(_)))
}

impl Plan {
    /// The steps that do something in a direction, in the order in which they are run.
    #[must_use]
    pub fn way(&self, direction: Direction) -> Vec<Leg<'_>> {
        let legs: Vec<Leg<'_>> = match direction {
            Direction::Forth => self.steps.iter().map(forth).collect(),
            Direction::Back => self
                .steps
                .iter()
                .rev()
                .map(|step| back(step, self.dialect))
                .collect(),
        };
        let does = |leg: &Leg<'_>| leg.closed.is_some() || !leg.statements.is_empty();
        legs.into_iter().filter(does).collect()
    }

    /// Whether the two schemas are the same.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.way(Direction::Forth).is_empty()
    }
}

fn said(statements: &[String]) -> Vec<&str> {
    let statements = statements.iter().map(|each| each.trim_end());
    statements.filter(|each| !each.is_empty()).collect()
}

fn forth(step: &Step) -> Leg<'_> {
    let Action::Sql(statements) = &step.action;
    Leg {
        step,
        title: step.title.clone(),
        statements: said(statements),
        closed: None,
        lock: step.lock,
        hazards: step.hazards.clone(),
        phase: step.phase,
    }
}

/// What a step locks on its way back is not written in it: what removes an object keeps everyone away from it, and what works beside a running
/// application in one direction does so in the other.
fn back<'p>(step: &'p Step, dialect: &str) -> Leg<'p> {
    let (statements, closed) = match &step.undo {
        Undo::Sql(statements) => (said(statements), None),
        Undo::WithOther => (Vec::new(), None),
        Undo::Impossible(why) => (Vec::new(), Some(why.as_str())),
    };
    let lock = match (dialect, step.transactional) {
        _ if step.runs_as == RunsAs::Administrator => Lock::None,
        ("sqlite", _) => Lock::Database,
        (_, false) => Lock::ShareUpdateExclusive,
        (_, true) => Lock::AccessExclusive,
    };
    // What is ours was a copy.
    let goes = |words: &str| {
        let mut others = statements.iter().filter(|each| !each.contains(physical::OWN));
        others.any(|each| each.contains(words))
    };
    let mut hazards = Vec::new();
    // A column whose name another one takes has its values there.
    let swapped = statements.iter().any(|each| each.contains(" RENAME COLUMN "));
    if goes("DROP TABLE ") || goes("DROP COLUMN ") && !swapped {
        hazards.push(Hazard::DataLoss("what was written there since".to_owned()));
    }
    Leg {
        step,
        title: format!("undo: {}", step.title),
        statements,
        closed,
        lock,
        hazards,
        phase: Phase::Contract,
    }
}

impl Lock {
    /// What the database calls it.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::ShareUpdateExclusive => "SHARE UPDATE EXCLUSIVE",
            Self::Share => "SHARE",
            Self::ShareRowExclusive => "SHARE ROW EXCLUSIVE",
            Self::AccessExclusive => "ACCESS EXCLUSIVE",
            Self::Database => "the whole file",
        }
    }

    /// Who waits for it.
    #[must_use]
    pub const fn waits(self) -> &'static str {
        match self {
            Self::None => "nobody",
            Self::ShareUpdateExclusive => "other DDL",
            Self::Share | Self::ShareRowExclusive => "writes",
            Self::AccessExclusive => "reads, writes",
            Self::Database => "everyone",
        }
    }
}

impl Hazard {
    /// Its kind, in a word or two, and what it is about.
    #[must_use]
    pub fn said(&self) -> (&'static str, &str) {
        match self {
            Self::DataLoss(what) => ("data loss", what),
            Self::Blocks(what) => ("blocks", what),
            Self::Rewrite(what) => ("rewrite", what),
            Self::Scan(what) => ("scan", what),
            Self::MayFail(what) => ("may fail", what),
            Self::BreaksCode(what) => ("breaks code", what),
        }
    }
}
