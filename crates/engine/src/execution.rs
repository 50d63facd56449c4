//! Running the steps of a plan, forwards and back.

use std::fmt;

use plan::{Action, Plan, Step, Undo};

use crate::connection::Connection;
use crate::error::EngineError;

/// A step that failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StepError {
    /// Its position in the steps that were given, from 0.
    pub step: usize,
    /// Its title.
    pub title: String,
    /// The statement that failed; none when it failed as a whole, as a commit does.
    pub statement: Option<String>,
    /// Why.
    pub error: EngineError,
}

impl fmt::Display for StepError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "step {} ({}): {}", self.step + 1, self.title, self.error)
    }
}

impl std::error::Error for StepError {}

/// What one step has to run.
struct Job<'a> {
    step: usize,
    title: &'a str,
    statements: &'a [String],
    transactional: bool,
}

impl Job<'_> {
    fn failed(&self, statement: Option<&str>, error: EngineError) -> StepError {
        StepError {
            step: self.step,
            title: self.title.to_owned(),
            statement: statement.map(str::to_owned),
            error,
        }
    }
}

/// Runs steps in order. Neighbours that may run inside a transaction share one, so a failure leaves none of them
/// behind; a step that may not runs alone. The connection must not be in a transaction.
///
/// # Errors
/// The first step that failed. Its transaction is rolled back; earlier ones stay committed.
pub fn apply(connection: &mut Connection, steps: &[Step]) -> Result<(), StepError> {
    let jobs = steps.iter().enumerate().map(|(position, step)| {
        let Action::Sql(statements) = &step.action;
        Job {
            step: position,
            title: &step.title,
            statements,
            transactional: step.transactional,
        }
    });
    run(connection, &[], &jobs.collect::<Vec<_>>())
}

/// Undoes a plan, from its last step to its first, in the same transactions as [`apply`].
///
/// # Errors
/// [`EngineError::Unsupported`], before anything is run, when a step cannot be undone; else as [`apply`].
pub fn undo(connection: &mut Connection, plan: &Plan) -> Result<(), StepError> {
    let steps = &plan.steps;
    let mut jobs = Vec::with_capacity(steps.len());
    for (position, step) in steps.iter().enumerate().rev() {
        let statements: &[String] = match &step.undo {
            Undo::Sql(statements) => statements,
            Undo::WithOther => continue,
            Undo::Impossible(reason) => {
                let error = EngineError::unsupported(
                    format!("it cannot be undone: {reason}"),
                    "restore a backup, or write a step that goes on from here",
                );
                return Err(StepError {
                    step: position,
                    title: step.title.clone(),
                    statement: None,
                    error,
                });
            }
        };
        jobs.push(Job {
            step: position,
            title: &step.title,
            statements,
            transactional: step.transactional,
        });
    }
    run(connection, plan.undo_prelude, &jobs)
}

fn run(connection: &mut Connection, prelude: &[&str], jobs: &[Job<'_>]) -> Result<(), StepError> {
    let done = run_groups(connection, prelude, jobs);
    if let Err(error) = &done {
        settle(connection, jobs, error.step);
    }
    done
}

/// Says to the session what would have been said after the step that failed: what was set for the whole plan does not stay set.
fn settle(connection: &mut Connection, jobs: &[Job<'_>], failed: usize) {
    let later = jobs.iter().skip_while(|job| job.step != failed).skip(1);
    let settings = later.filter(|job| {
        let mut statements = job.statements.iter();
        !job.transactional && statements.all(|statement| statement.starts_with("PRAGMA "))
    });
    for statement in settings.flat_map(|job| job.statements) {
        // The error of the step says more.
        let _ = connection.batch(statement);
    }
}

fn run_groups(connection: &mut Connection, prelude: &[&str], jobs: &[Job<'_>]) -> Result<(), StepError> {
    for group in jobs.chunk_by(|a, b| a.transactional && b.transactional) {
        let Some((first, last)) = group.first().zip(group.last()) else {
            continue;
        };
        if !first.transactional {
            run_statements(connection, group)?;
            continue;
        }
        connection.begin().map_err(|error| first.failed(None, error))?;
        let done = prelude
            .iter()
            .try_for_each(|statement| {
                connection
                    .batch(statement)
                    .map_err(|error| first.failed(Some(statement), error))
            })
            .and_then(|()| run_statements(connection, group))
            .and_then(|()| connection.commit().map_err(|error| last.failed(None, error)));
        if done.is_err() {
            // The first error tells why; one of the rollback could only say that the connection is gone too.
            let _ = connection.rollback();
        }
        done?;
    }
    Ok(())
}

fn run_statements(connection: &mut Connection, jobs: &[Job<'_>]) -> Result<(), StepError> {
    for job in jobs {
        for statement in job.statements {
            connection
                .batch(statement)
                .map_err(|error| job.failed(Some(statement), error))?;
        }
    }
    Ok(())
}
