//! Runs gates and puts together what they found.

use std::ffi::OsString;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::time::Instant;

use engine::CancelToken;
use evidence::{Claim, Database, Evidence, Finding, GateResult, Proof, Verdict};

use crate::bench::Bench;
use crate::gate::{Gate, Stop};
use crate::gates::GATES;
use crate::host::{Host, Target};
use crate::progress::Progress;
use crate::subject::Subject;

/// One schema, and where it is to be proven.
#[derive(Debug, Clone)]
pub struct Job {
    /// The schema.
    pub subject: Subject,
    /// Where.
    pub target: Target,
}

/// How to prove.
#[derive(Debug, Clone)]
pub struct Options {
    /// Only these gates, by id; empty for all.
    pub gates: Vec<String>,
    /// Rows of each table, for each party.
    pub rows: usize,
    /// From which the test data follows: the same seed, the same rows.
    pub seed: u64,
    /// Randomness for keys and passwords that live as long as the proof.
    pub entropy: [u8; 32],
    /// Tries every place where gates otherwise try a sample.
    pub thorough: bool,
    /// Where foreign programs work; without it what needs them is not run.
    pub workplace: Option<Workplace>,
    /// By which the proof is given up.
    pub cancel: CancelToken,
    /// Statements that are run on each database after the schema is built. Tests plant faults by them that a gate must find.
    pub sabotage: Vec<String>,
}

/// Where foreign programs are found, and where they work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Workplace {
    /// What is kept between proofs: the user's own folder.
    pub cache: PathBuf,
    /// Where private folders are made.
    pub temporary: PathBuf,
    /// The folders in which programs are looked for, as `PATH` has them.
    pub path: Option<OsString>,
    /// What a package manager needs to reach the network: proxies, certificates, its index.
    pub network: Vec<(String, OsString)>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            gates: Vec::new(),
            rows: 3,
            seed: 1,
            entropy: [0; 32],
            thorough: false,
            workplace: None,
            cancel: CancelToken::default(),
            sabotage: Vec::new(),
        }
    }
}

/// The gates that were asked for, in their order; or the first name that is no gate.
pub fn chosen(names: &[String]) -> Result<Vec<&'static Gate>, String> {
    if let Some(unknown) = names
        .iter()
        .find(|name| GATES.iter().all(|gate| gate.id != name.as_str()))
    {
        return Err(unknown.clone());
    }
    let wanted = |gate: &&&Gate| names.is_empty() || names.iter().any(|name| name == gate.id);
    Ok(GATES.iter().filter(wanted).copied().collect())
}

/// Proves schemas. Never fails: what could not be done is *not run*, with the reason.
///
/// Unknown names in [`Options::gates`] choose nothing; ask [`chosen`] first.
pub fn prove(jobs: &[Job], options: &Options, progress: &mut dyn Progress) -> Evidence {
    let wanted = |gate: &&&Gate| options.gates.is_empty() || options.gates.iter().any(|name| name == gate.id);
    let gates: Vec<&'static Gate> = GATES.iter().filter(wanted).copied().collect();
    let mut results = Vec::new();
    let mut databases = Vec::new();
    for job in jobs {
        databases.push(prove_one(job, &gates, options, progress, &mut results));
    }
    let first = jobs.first().map(|job| &job.subject);
    let subject = evidence::Subject {
        project: first.map(|subject| subject.project.clone()).unwrap_or_default(),
        model: first
            .map(|subject| subject.model_hash.clone())
            .unwrap_or_default(),
        databases,
    };
    Evidence::new(subject, results)
}

fn prove_one(
    job: &Job,
    gates: &[&'static Gate],
    options: &Options,
    progress: &mut dyn Progress,
    results: &mut Vec<GateResult>,
) -> Database {
    let subject = &job.subject;
    let mut host = start(job, options);
    let version = host.as_ref().ok().and_then(Host::version);
    for gate in gates {
        progress.started(gate, subject.dialect.name);
        // A gate may have been about the server's death, or have caused it.
        if host.as_ref().is_ok_and(|host| !host.is_alive()) {
            if let Ok(dead) = host {
                dead.close(subject);
            }
            host = start(job, options);
        }
        let result = match &mut host {
            Ok(host) => run(gate, subject, options, host, progress),
            Err(stop) => not_run(gate, subject, stop),
        };
        progress.finished(&result);
        results.push(result);
    }
    if let Ok(host) = host {
        host.close(subject);
    }
    Database {
        dialect: subject.dialect.name.to_owned(),
        title: subject.dialect.title.to_owned(),
        version,
        place: job.target.place().to_owned(),
        schema_hash: subject.plan.to.clone(),
    }
}

fn start(job: &Job, options: &Options) -> Result<Host, Stop> {
    let host = Host::start(&job.target, &options.sabotage, options.entropy)?;
    host.admit(&job.subject)?;
    Ok(host)
}

fn run(
    gate: &'static Gate,
    subject: &Subject,
    options: &Options,
    host: &mut Host,
    progress: &mut dyn Progress,
) -> GateResult {
    let started = Instant::now();
    let mut bench = Bench::new(subject, options, host, progress);
    for claim in lost(gate, subject) {
        bench.claim(claim);
    }
    let outcome = if options.cancel.is_cancelled() {
        Err(Stop::Cancelled)
    } else {
        // A fault of a gate must cost that gate, not the others' findings.
        catch_unwind(AssertUnwindSafe(|| (gate.run)(&mut bench))).unwrap_or_else(|_| {
            Err(Stop::Unable(
                "the gate itself failed; please report this".to_owned(),
            ))
        })
    };
    if let Err(stop) = outcome {
        bench.claim(Claim::not_run(
            "finished",
            None,
            "the gate was tried to its end",
            stop.to_string(),
        ));
    }
    let Bench {
        claims,
        facts,
        notes,
        headline,
        ..
    } = bench;
    let counted = || {
        let parts: Vec<String> = facts
            .iter()
            .map(|fact| format!("{} {}", fact.value, fact.name))
            .collect();
        parts.join(" · ")
    };
    let proof = Proof {
        summary: headline.unwrap_or_else(counted),
        facts: facts.clone(),
        notes,
    };
    assemble(gate, subject, claims, proof, started.elapsed().as_secs_f64())
}

fn not_run(gate: &'static Gate, subject: &Subject, stop: &Stop) -> GateResult {
    let claim = Claim::not_run(
        "finished",
        None,
        "the gate was tried to its end",
        stop.to_string(),
    );
    assemble(gate, subject, vec![claim], Proof::default(), 0.0)
}

fn assemble(
    gate: &'static Gate,
    subject: &Subject,
    claims: Vec<Claim>,
    proof: Proof,
    seconds: f64,
) -> GateResult {
    let verdict = Verdict::aggregate(claims.iter().map(|claim| claim.verdict));
    let finding = match verdict {
        Verdict::Proved => Finding::Evidence(proof),
        other => Finding::deciding(&claims, other)
            .cloned()
            .unwrap_or_else(|| Finding::Reason("the gate found nothing to try".to_owned())),
    };
    GateResult {
        id: gate.id.to_owned(),
        dialect: subject.dialect.name.to_owned(),
        verdict,
        claim: gate.claim.to_owned(),
        attacker: gate.attacker.map(str::to_owned),
        finding,
        claims,
        seconds: (seconds * 1000.0).round() / 1000.0,
    }
}

/// The guarantees that this database cannot give and this gate speaks of.
fn lost(gate: &Gate, subject: &Subject) -> Vec<Claim> {
    let spoken = |word: &str| GATES.iter().any(|gate| gate.guarantees.contains(&word));
    let mine = |word: &str| gate.guarantees.contains(&word) || (gate.id == "secure-fields" && !spoken(word));
    subject
        .realised
        .lost
        .iter()
        .filter(|lost| mine(lost.guarantee))
        .map(|lost| {
            let claim = format!(
                "{} has {}",
                subject.dialect.title,
                lost.guarantee.replace('-', " ")
            );
            Claim::not_applicable(
                lost.guarantee,
                Some(lost.object.clone()),
                claim,
                lost.reason.clone(),
            )
        })
        .collect()
}
