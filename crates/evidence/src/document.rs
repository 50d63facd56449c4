//! The document.

use serde::{Deserialize, Serialize};

use crate::{Counterexample, SCHEMA, Verdict, hash};

/// What a proof found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Evidence {
    /// [`SCHEMA`].
    pub schema: String,
    /// What was proven, and on what.
    pub subject: Subject,
    /// Over everything.
    pub aggregate: Aggregate,
    /// One entry per gate and database, in the order in which they were run.
    pub gates: Vec<GateResult>,
    /// SHA-256 over claims and verdicts, in hex: the same for the same findings, whatever the clock says.
    pub hash: String,
}

/// What was proven, and on what.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Subject {
    /// The project's name.
    pub project: String,
    /// Hash of the model: the same for the same meaning.
    pub model: String,
    /// The databases.
    pub databases: Vec<Database>,
}

/// A database that a schema was proven on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Database {
    /// As configuration spells it: `postgres`.
    pub dialect: String,
    /// For people: `PostgreSQL`.
    pub title: String,
    /// The server's version; absent when none answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// Where it ran: `temporary server`, `temporary file`, `given server`.
    pub place: String,
    /// Hash of the physical schema.
    pub schema_hash: String,
}

/// Over everything.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Aggregate {
    /// Over all gates on all databases.
    pub verdict: Verdict,
    /// Per gate, over all databases.
    pub gates: Vec<GateVerdict>,
}

/// A gate over all databases.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GateVerdict {
    /// The gate.
    pub id: String,
    /// Its verdict.
    pub verdict: Verdict,
}

/// One gate on one database.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct GateResult {
    /// The gate.
    pub id: String,
    /// The database.
    pub dialect: String,
    /// Over its claims.
    pub verdict: Verdict,
    /// What it claims.
    pub claim: String,
    /// Against whom; absent when no attacker is meant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attacker: Option<String>,
    /// The finding that decided: the evidence, the first counterexample, or the reason why not.
    #[serde(flatten)]
    pub finding: Finding,
    /// What it is made of.
    pub claims: Vec<Claim>,
    /// How long it took. Not part of the hash.
    pub seconds: f64,
}

/// A part of a gate's claim.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claim {
    /// A stable word within the gate: `public-id`.
    pub id: String,
    /// What it speaks of, when not of the whole schema: a table, a constraint, a foreign key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub object: Option<String>,
    /// The claim, as a sentence without a final period.
    pub claim: String,
    /// What was found.
    pub verdict: Verdict,
    /// The finding.
    #[serde(flatten)]
    pub finding: Finding,
}

/// What was found, in the form that goes with the verdict.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Finding {
    /// Proved.
    Evidence(Proof),
    /// Refuted.
    Counterexample(Box<Counterexample>),
    /// Not applicable, or not run.
    Reason(String),
}

/// Why a claim is believed.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Proof {
    /// In a few words: `117 constraints · 234 probes`.
    pub summary: String,
    /// What was counted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub facts: Vec<Fact>,
    /// What the reader should know beside it: reasons for what is left out, what could not be tried.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}

/// Something that was counted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fact {
    /// What: `probes`.
    pub name: String,
    /// How many.
    pub value: Number,
}

/// A count. Measured times are not facts: they differ from run to run.
pub type Number = u64;

impl Proof {
    /// Evidence in a few words.
    #[must_use]
    pub fn new(summary: impl Into<String>) -> Self {
        Self {
            summary: summary.into(),
            ..Self::default()
        }
    }
}

impl Claim {
    fn with(id: &str, object: Option<String>, claim: String, verdict: Verdict, finding: Finding) -> Self {
        Self {
            id: id.to_owned(),
            object,
            claim,
            verdict,
            finding,
        }
    }

    /// A claim that held.
    #[must_use]
    pub fn proved(id: &str, object: Option<String>, claim: impl Into<String>, proof: Proof) -> Self {
        Self::with(
            id,
            object,
            claim.into(),
            Verdict::Proved,
            Finding::Evidence(proof),
        )
    }

    /// A claim that does not hold.
    #[must_use]
    pub fn refuted(
        id: &str,
        object: Option<String>,
        claim: impl Into<String>,
        example: Counterexample,
    ) -> Self {
        Self::with(
            id,
            object,
            claim.into(),
            Verdict::Refuted,
            Finding::Counterexample(Box::new(example)),
        )
    }

    /// A claim that this database cannot hold.
    #[must_use]
    pub fn not_applicable(
        id: &str,
        object: Option<String>,
        claim: impl Into<String>,
        reason: impl Into<String>,
    ) -> Self {
        Self::with(
            id,
            object,
            claim.into(),
            Verdict::NotApplicable,
            Finding::Reason(reason.into()),
        )
    }

    /// A claim that was not tried to the end.
    #[must_use]
    pub fn not_run(
        id: &str,
        object: Option<String>,
        claim: impl Into<String>,
        reason: impl Into<String>,
    ) -> Self {
        Self::with(
            id,
            object,
            claim.into(),
            Verdict::NotRun,
            Finding::Reason(reason.into()),
        )
    }
}

impl Finding {
    /// The finding that decides over several claims, given their verdict: the first that has it.
    #[must_use]
    pub fn deciding(claims: &[Claim], verdict: Verdict) -> Option<&Self> {
        claims
            .iter()
            .find(|claim| claim.verdict == verdict)
            .map(|claim| &claim.finding)
    }
}

impl Evidence {
    /// Puts a document together: adds up the verdicts and computes the hash.
    #[must_use]
    pub fn new(subject: Subject, gates: Vec<GateResult>) -> Self {
        let mut ids: Vec<&str> = Vec::new();
        for gate in &gates {
            if !ids.contains(&gate.id.as_str()) {
                ids.push(&gate.id);
            }
        }
        let over = |id: &str| Verdict::aggregate(gates.iter().filter(|g| g.id == id).map(|g| g.verdict));
        let aggregate = Aggregate {
            verdict: Verdict::aggregate(gates.iter().map(|gate| gate.verdict)),
            gates: ids
                .iter()
                .map(|id| GateVerdict {
                    id: (*id).to_owned(),
                    verdict: over(id),
                })
                .collect(),
        };
        let hash = hash::of(&subject, &gates);
        Self {
            schema: SCHEMA.to_owned(),
            subject,
            aggregate,
            gates,
            hash,
        }
    }

    /// Whether the hash is that of the claims and verdicts that stand here.
    #[must_use]
    pub fn is_intact(&self) -> bool {
        self.schema == SCHEMA && self.hash == hash::of(&self.subject, &self.gates)
    }

    /// The exit code of a run that found this.
    #[must_use]
    pub const fn exit_code(&self, allow_not_run: bool) -> u8 {
        self.aggregate.verdict.exit_code(allow_not_run)
    }

    /// As JSON text, with a final newline.
    ///
    /// # Errors
    /// None that these types can cause; serialising is fallible by its signature.
    pub fn to_json(&self) -> Result<String, serde_json::Error> {
        serde_json::to_string_pretty(self).map(|mut text| {
            text.push('\n');
            text
        })
    }

    /// Reads a document.
    ///
    /// # Errors
    /// When the text is not JSON of this shape.
    pub fn from_json(text: &str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(text)
    }
}
