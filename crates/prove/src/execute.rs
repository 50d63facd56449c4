//! Runs a plan, and the way back.

use engine::{Connection, EngineError};
use plan::{Action, Plan, RunsAs, Step, Undo};

/// A stretch of steps that one role runs in one transaction (or one step that must not).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    /// Whose rights it needs.
    pub runs_as: RunsAs,
    /// Whether it is one transaction.
    pub transactional: bool,
    /// Whether it makes roles that whoever runs it must become a member of.
    pub grants: bool,
    /// Title and statements of each step, in order.
    pub steps: Vec<(String, Vec<String>)>,
}

/// A statement that failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// The step.
    pub step: String,
    /// The statement.
    pub statement: String,
    /// As whom.
    pub runs_as: RunsAs,
    /// What the database said.
    pub error: EngineError,
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.step, self.error)
    }
}

/// The way there, as stretches.
#[must_use]
pub fn forward(plan: &Plan) -> Vec<Run> {
    let statements = |step: &Step| match &step.action {
        Action::Sql(statements) => Some(statements.clone()),
    };
    let mut runs = stretches(plan.steps.iter(), statements);
    for run in &mut runs {
        run.grants = run.runs_as == RunsAs::Administrator && plan.dialect == "postgres";
    }
    runs
}

/// The way back, as stretches; or what cannot be undone, and why.
pub fn backward(plan: &Plan) -> Result<Vec<Run>, (String, String)> {
    for step in &plan.steps {
        if let Undo::Impossible(reason) = &step.undo {
            return Err((step.title.clone(), reason.clone()));
        }
    }
    let statements = |step: &Step| match &step.undo {
        Undo::Sql(statements) => Some(statements.clone()),
        Undo::WithOther | Undo::Impossible(_) => None,
    };
    let mut runs = stretches(plan.steps.iter().rev(), statements);
    if !plan.undo_prelude.is_empty() {
        let prelude: Vec<String> = plan.undo_prelude.iter().map(|each| (*each).to_owned()).collect();
        for run in runs.iter_mut().filter(|run| run.transactional) {
            run.steps.insert(0, ("the beginning".to_owned(), prelude.clone()));
        }
    }
    Ok(runs)
}

fn stretches<'a>(
    steps: impl Iterator<Item = &'a Step>,
    statements: impl Fn(&Step) -> Option<Vec<String>>,
) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    for step in steps {
        let Some(statements) = statements(step) else {
            continue;
        };
        let entry = (step.title.clone(), statements);
        match runs.last_mut() {
            Some(run) if run.runs_as == step.runs_as && run.transactional && step.transactional => {
                run.steps.push(entry);
            }
            _ => runs.push(Run {
                runs_as: step.runs_as,
                transactional: step.transactional,
                grants: false,
                steps: vec![entry],
            }),
        }
    }
    runs
}

impl Run {
    /// Runs the stretch on a connection of the right role.
    ///
    /// # Errors
    /// The first statement that failed; a transaction is rolled back.
    pub fn execute(&self, connection: &mut Connection) -> Result<(), Failure> {
        let whole = |error: EngineError, statement: &str| self.failure("the transaction", statement, error);
        if self.transactional {
            connection.begin().map_err(|error| whole(error, "BEGIN"))?;
        }
        let result = self.steps_upto(connection, usize::MAX);
        if !self.transactional {
            return result;
        }
        match result {
            Ok(()) => connection.commit().map_err(|error| whole(error, "COMMIT")),
            Err(failure) => {
                // The failure tells why; that the rollback fails too could only say that the connection is gone.
                let _ = connection.rollback();
                Err(failure)
            }
        }
    }

    /// Runs the first steps of the stretch, without a transaction of its own.
    ///
    /// # Errors
    /// The first statement that failed.
    pub fn steps_upto(&self, connection: &mut Connection, count: usize) -> Result<(), Failure> {
        for (title, statements) in self.steps.iter().take(count) {
            for statement in statements.iter().chain(self.self_grant(title).as_ref()) {
                connection
                    .batch(statement)
                    .map_err(|error| self.failure(title, statement, error))?;
            }
        }
        Ok(())
    }

    /// An administrator who is no superuser must be a member of a role to hand objects to it. From PostgreSQL 16 the server
    /// does this for whoever makes a role (`createrole_self_grant`); on 15 the administrator does it.
    fn self_grant(&self, title: &str) -> Option<String> {
        let role = title.strip_prefix("role ").filter(|_| self.grants)?;
        Some(format!(
            "GRANT {} TO CURRENT_USER",
            engine::quote_identifier(role)
        ))
    }

    fn failure(&self, step: &str, statement: &str, error: EngineError) -> Failure {
        Failure {
            step: step.to_owned(),
            statement: statement.to_owned(),
            runs_as: self.runs_as,
            error,
        }
    }
}
