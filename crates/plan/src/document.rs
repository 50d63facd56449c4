//! The published shape of a plan: `architrave.plan/1`.

use serde::Serialize;

use crate::{Direction, Hazard, Leg, Lock, Phase, Plan, RunsAs, Section, Undo};

/// The name of this shape; another shape has another name.
pub const SCHEMA: &str = "architrave.plan/1";

/// Its JSON Schema.
pub const JSON_SCHEMA: &str = include_str!("../../../docs/schemas/plan-1.schema.json");

/// A plan in one direction, for programs.
#[derive(Debug, Serialize)]
pub struct Document<'p> {
    /// [`SCHEMA`].
    pub schema: &'static str,
    /// The dialect's name.
    pub dialect: &'static str,
    /// Which way it is gone.
    pub direction: &'static str,
    /// Where it starts.
    pub from: End<'p>,
    /// Where it leads.
    pub to: End<'p>,
    /// Whether there is anything to do.
    pub verdict: &'static str,
    /// In the order in which they are run.
    pub steps: Vec<StepDocument<'p>>,
    /// What they come to.
    pub summary: Summary,
    /// What a reader should know besides.
    pub notes: &'p [Note],
}

/// One of the two schemas.
#[derive(Debug, Serialize)]
pub struct End<'p> {
    /// As it was named; without a password.
    pub name: &'p str,
    /// Hash of its canonical form.
    pub hash: &'p str,
}

/// A remark about a whole plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Note {
    /// The code of the finding.
    pub code: &'static str,
    /// What there is to know.
    pub message: String,
    /// What to do about it.
    pub help: Vec<String>,
}

/// A step.
#[derive(Debug, Serialize)]
pub struct StepDocument<'p> {
    number: usize,
    title: &'p str,
    section: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    table: Option<&'p str>,
    statements: &'p [&'p str],
    #[serde(skip_serializing_if = "Option::is_none")]
    impossible: Option<&'p str>,
    lock: Lock,
    waits: &'static str,
    hazards: &'p [Hazard],
    phase: Phase,
    transactional: bool,
    runs_as: RunsAs,
    /// Absent on the way back.
    #[serde(skip_serializing_if = "Option::is_none")]
    undo: Option<UndoDocument<'p>>,
}

/// How a step is undone.
#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
enum UndoDocument<'p> {
    Sql { statements: &'p [String] },
    WithOther,
    Impossible { reason: &'p str },
}

/// What steps come to: how many there are of each kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Summary {
    /// All of them.
    pub steps: usize,
    /// That add what new code needs.
    pub expand: usize,
    /// That fill it.
    pub backfill: usize,
    /// That remove what old code needed.
    pub contract: usize,
    /// That run outside a transaction.
    pub outside_transaction: usize,
    /// That keep reads and writes of something that was there waiting.
    pub exclusive: usize,
    /// That lose data.
    pub data_loss: usize,
    /// That cannot be undone, or on the way back that cannot be done.
    pub irreversible: usize,
}

impl Summary {
    /// What the steps of one direction come to.
    #[must_use]
    pub fn of(legs: &[Leg<'_>]) -> Self {
        let count = |test: &dyn Fn(&Leg<'_>) -> bool| legs.iter().filter(|leg| test(leg)).count();
        Self {
            steps: legs.len(),
            expand: count(&|leg| leg.phase == Phase::Expand),
            backfill: count(&|leg| leg.phase == Phase::Backfill),
            contract: count(&|leg| leg.phase == Phase::Contract),
            outside_transaction: count(&|leg| !leg.step.transactional),
            exclusive: count(&|leg| matches!(leg.lock, Lock::AccessExclusive | Lock::Database)),
            data_loss: count(&|leg| {
                leg.hazards
                    .iter()
                    .any(|hazard| matches!(hazard, Hazard::DataLoss(_)))
            }),
            irreversible: count(&|leg| matches!(leg.step.undo, Undo::Impossible(_))),
        }
    }
}

impl<'p> Document<'p> {
    /// The document of a plan whose steps in a direction are `legs`; `from` and `to` are what its two schemas are called.
    #[must_use]
    pub fn new(
        plan: &'p Plan,
        direction: Direction,
        legs: &'p [Leg<'p>],
        (from, to): (&'p str, &'p str),
        notes: &'p [Note],
    ) -> Self {
        let steps = legs
            .iter()
            .enumerate()
            .map(|(at, leg)| step(at + 1, leg, direction));
        let first = End {
            name: from,
            hash: &plan.from,
        };
        let last = End {
            name: to,
            hash: &plan.to,
        };
        let (word, from, to) = match direction {
            Direction::Forth => ("forth", first, last),
            Direction::Back => ("back", last, first),
        };
        Self {
            schema: SCHEMA,
            dialect: plan.dialect,
            direction: word,
            from,
            to,
            verdict: if legs.is_empty() {
                "no-difference"
            } else {
                "difference"
            },
            steps: steps.collect(),
            summary: Summary::of(legs),
            notes,
        }
    }
}

fn step<'p>(number: usize, leg: &'p Leg<'p>, direction: Direction) -> StepDocument<'p> {
    let undo = match &leg.step.undo {
        Undo::Sql(statements) => UndoDocument::Sql { statements },
        Undo::WithOther => UndoDocument::WithOther,
        Undo::Impossible(reason) => UndoDocument::Impossible { reason },
    };
    let (section, table) = section(&leg.step.section);
    StepDocument {
        number,
        title: &leg.title,
        section,
        table,
        statements: &leg.statements,
        impossible: leg.closed,
        lock: leg.lock,
        waits: leg.lock.waits(),
        hazards: &leg.hazards,
        phase: leg.phase,
        transactional: leg.step.transactional,
        runs_as: leg.step.runs_as,
        undo: (direction == Direction::Forth).then_some(undo),
    }
}

fn section(section: &Section) -> (&'static str, Option<&str>) {
    match section {
        Section::Access => ("access", None),
        Section::Types => ("types", None),
        Section::Functions => ("functions", None),
        Section::Table(name) => ("table", Some(name)),
        Section::ForeignKeys => ("foreign_keys", None),
        Section::Triggers => ("triggers", None),
        Section::RowSecurity => ("row_security", None),
        Section::Views => ("views", None),
        Section::Services => ("services", None),
        Section::Grants => ("grants", None),
        Section::Seeds => ("seeds", None),
        Section::Raw => ("raw", None),
    }
}
