//! The emitted models work in their own framework.
//!
//! A fixed program in the framework's language ([`python`]) is handed the package, a database, logins of members of the
//! roles, and rows that the schema accepts ([`plan`]). It tries the package and writes one line for each claim; this module makes findings of
//! them. See `docs/gates/models.md`.

mod plan;
mod python;

use engine::{EngineError, Task, Workshop};
use evidence::{Claim, Counterexample, Proof};
use serde::Deserialize;

use crate::bench::Bench;
use crate::data::Speller;
use crate::gate::{Gate, Stop};
use crate::subject::{Framework, Models};
use plan::Victim;

/// The gate.
pub(super) static GATE: Gate = Gate {
    id: "models",
    title: "models",
    claim: "the emitted models work in their own framework, against the real database, for members of its roles",
    attacker: Some("A1 and A2: an outsider with an account, and the application's own forgotten filter"),
    guarantees: &[],
    run,
};

const HARNESS: &str = include_str!("behaviour.py");
/// How long the harness may take.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(180);

/// One line of the harness.
#[derive(Debug, Deserialize)]
struct Line {
    id: String,
    #[serde(default)]
    object: String,
    #[serde(default)]
    claim: String,
    #[serde(default)]
    verdict: String,
    #[serde(default)]
    detail: String,
    #[serde(default)]
    statements: Vec<String>,
}

fn run(bench: &mut Bench<'_>) -> Result<(), Stop> {
    let Some(models) = &bench.subject.models else {
        bench.claim(Claim::not_applicable(
            "package",
            None,
            "the emitted models work in their own framework",
            "the project asks for no models that are emitted (`models sqlalchemy`)",
        ));
        return Ok(());
    };
    match models.framework {
        Framework::Sqlalchemy => sqlalchemy(bench, models),
    }
}

fn sqlalchemy(bench: &mut Bench<'_>, models: &Models) -> Result<(), Stop> {
    let Some(workplace) = &bench.options.workplace else {
        return Err(Stop::Unable("it was not said where Python may work".to_owned()));
    };
    bench.step(0, 4, "Python and its packages")?;
    let python = python::ready(workplace, bench.cancel())?;
    bench.step(1, 4, "rows")?;
    let mut loaded = bench.loaded(bench.options.rows.min(2))?;
    let mut superuser = loaded.db.superuser()?;
    let made = plan::make(bench, &mut loaded, &mut superuser)?;
    let workshop = Workshop::create(&workplace.temporary)?;
    for (path, text) in &models.files {
        workshop.write(&format!("project/{path}"), text.as_bytes())?;
    }
    let harness = workshop.write("behaviour.py", HARNESS.as_bytes())?;
    let mut plan = made.json;
    plan.insert("package".to_owned(), models.package.clone().into());
    let folder = workshop.folder().join("project");
    plan.insert("folder".to_owned(), folder.display().to_string().into());
    bench.step(2, 4, "the package")?;
    let done = workshop.run(&Task {
        program: &python,
        arguments: vec!["-I".into(), "-B".into(), harness.into()],
        environment: vec![
            ("PATH".to_owned(), "/usr/bin:/bin".into()),
            ("HOME".to_owned(), workshop.folder().into()),
            ("PYTHONDONTWRITEBYTECODE".to_owned(), "1".into()),
        ],
        input: serde_json::Value::Object(plan).to_string().into_bytes(),
        patience: PATIENCE,
        cancel: bench.cancel().clone(),
    });
    let done = match done {
        Err(EngineError::Timeout { message }) => {
            refute(bench, "finished", "the models can be tried to the end", &message);
            return Ok(());
        }
        other => other?,
    };
    let lines = read(&done.output);
    let ended = lines
        .as_ref()
        .is_some_and(|lines| lines.last().is_some_and(|line| line.id == "end"));
    match lines {
        None => {
            return Err(Stop::Unable(
                "what the harness wrote is not understood; please report this".to_owned(),
            ));
        }
        Some(_) if !ended => {
            // Of a traceback the kind of error alone: its text may hold values.
            let last = done.errors.lines().rev().find(|line| !line.trim().is_empty());
            let kind = last.and_then(|line| line.split(':').next()).unwrap_or("no word");
            let observed = format!("it ended with {kind}");
            refute(bench, "finished", "the models can be tried to the end", &observed);
        }
        Some(lines) => lines
            .into_iter()
            .filter(|line| line.id != "end")
            .for_each(|line| tell(bench, line)),
    }
    bench.step(3, 4, "what is left of the erased")?;
    erased(bench, &mut superuser, &made.victims)?;
    bench.count("files", u64::try_from(models.files.len()).unwrap_or(0));
    bench.step(4, 4, "done")
}

/// The lines of the harness; `None` when they are not lines of it.
fn read(output: &str) -> Option<Vec<Line>> {
    output
        .lines()
        .map(|line| serde_json::from_str(line).ok())
        .collect()
}

fn refute(bench: &mut Bench<'_>, id: &str, claim: &str, observed: &str) {
    let example = Counterexample::new(format!("not so: {claim}"), claim, observed);
    bench.claim(Claim::refuted(id, None, claim, example));
}

fn tell(bench: &mut Bench<'_>, line: Line) {
    let object = Some(line.object.clone()).filter(|object| !object.is_empty());
    let id = line.id.as_str();
    bench.count("claims", 1);
    let claim = match line.verdict.as_str() {
        "proved" => {
            let summary = if line.detail.is_empty() {
                "tried".to_owned()
            } else {
                line.detail
            };
            Claim::proved(id, object, line.claim, Proof::new(summary))
        }
        "refuted" => {
            let summary = format!("`{}`: {}", line.object, line.detail);
            let example = Counterexample::new(summary, line.claim.clone(), line.detail)
                .with_statements(line.statements);
            Claim::refuted(id, object, line.claim, example)
        }
        "not-applicable" => Claim::not_applicable(id, object, line.claim, line.detail),
        _ => Claim::not_run(id, object, line.claim, line.detail),
    };
    bench.claim(claim);
}

/// A superuser looks for what those who were erased had.
fn erased(bench: &mut Bench<'_>, superuser: &mut engine::Connection, victims: &[Victim]) -> Result<(), Stop> {
    let speller = Speller::new(bench.subject.dialect);
    let claim = "nothing personal of an erased person is left in its row";
    if !bench
        .claims
        .iter()
        .any(|claim| claim.id == "erase" && claim.verdict == evidence::Verdict::Proved)
    {
        return Ok(());
    }
    for victim in victims {
        for (column, value) in &victim.personal {
            let query = format!(
                "SELECT 1 FROM {} WHERE {} = {} AND {} = {value}",
                speller.name(&victim.table),
                speller.ident(&victim.name),
                speller.text(&victim.public_id),
                speller.ident(column),
            );
            if !superuser.query(&query, &[])?.rows.is_empty() {
                let observed = format!("`{column}` still holds the value");
                refute(bench, "erased", claim, &observed);
                return Ok(());
            }
        }
    }
    let columns: usize = victims.iter().map(|victim| victim.personal.len()).sum();
    let proof = Proof::new(format!("{columns} columns of {} rows", victims.len()));
    bench.claim(Claim::proved("erased", None, claim, proof));
    Ok(())
}
