//! What the crate serialises is what the published JSON Schema describes, and the schema refuses what it should.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may fail loudly"
)]

use evidence::{
    Actor, Claim, Counterexample, Database, Evidence, Fact, Finding, GateResult, JSON_SCHEMA, Proof, Subject,
    Verdict,
};
use serde_json::{Value, json};

/// The part of JSON Schema that our schema uses. A keyword that is not known here fails, so the test cannot fall behind.
fn validate(root: &Value, schema: &Value, value: &Value, at: &str, faults: &mut Vec<String>) {
    for (keyword, rule) in schema.as_object().expect("a schema is an object") {
        let holds = match keyword.as_str() {
            "$schema" | "$id" | "$defs" | "title" | "description" => true,
            "$ref" => {
                let path = rule.as_str().unwrap().strip_prefix('#').unwrap();
                validate(root, root.pointer(path).expect("a definition"), value, at, faults);
                true
            }
            "const" => rule == value,
            "enum" => rule.as_array().unwrap().contains(value),
            "minimum" => value.as_f64() >= rule.as_f64(),
            "type" => match rule.as_str().unwrap() {
                "object" => value.is_object(),
                "array" => value.is_array(),
                "string" => value.is_string(),
                "number" => value.is_number(),
                "integer" => value.is_i64() || value.is_u64(),
                other => panic!("unknown type {other}"),
            },
            "pattern" => pattern(rule.as_str().unwrap(), value.as_str().unwrap_or("")),
            "required" => rule
                .as_array()
                .unwrap()
                .iter()
                .all(|name| value.get(name.as_str().unwrap()).is_some()),
            "properties" => {
                for (name, rule) in rule.as_object().unwrap() {
                    if let Some(member) = value.get(name) {
                        validate(root, rule, member, &format!("{at}/{name}"), faults);
                    }
                }
                true
            }
            "additionalProperties" => {
                let known = schema["properties"].as_object().unwrap();
                value
                    .as_object()
                    .is_none_or(|members| members.keys().all(|name| known.contains_key(name)))
            }
            "items" => {
                for (index, item) in value.as_array().into_iter().flatten().enumerate() {
                    validate(root, rule, item, &format!("{at}/{index}"), faults);
                }
                true
            }
            "oneOf" => {
                let fits = |branch: &&Value| {
                    let mut inner = Vec::new();
                    validate(root, branch, value, at, &mut inner);
                    inner.is_empty()
                };
                rule.as_array().unwrap().iter().filter(fits).count() == 1
            }
            other => panic!("the schema uses `{other}`, which this test does not know"),
        };
        if !holds {
            faults.push(format!("{at}: {keyword}"));
        }
    }
}

fn pattern(pattern: &str, text: &str) -> bool {
    let lower = |c: char| c.is_ascii_lowercase();
    match pattern {
        "^[0-9a-f]{64}$" => {
            text.len() == 64
                && text
                    .chars()
                    .all(|c| c.is_ascii_digit() || ('a'..='f').contains(&c))
        }
        "^[a-z][a-z-]*$" => text.starts_with(lower) && text.chars().all(|c| lower(c) || c == '-'),
        "^[a-z][a-z0-9-]*$" => {
            text.starts_with(lower) && text.chars().all(|c| lower(c) || c.is_ascii_digit() || c == '-')
        }
        other => panic!("the schema uses the pattern `{other}`, which this test does not know"),
    }
}

fn faults(value: &Value) -> Vec<String> {
    let schema: Value = serde_json::from_str(JSON_SCHEMA).unwrap();
    let mut faults = Vec::new();
    validate(&schema, &schema, value, "", &mut faults);
    faults
}

fn sample() -> Evidence {
    let subject = Subject {
        project: "shop".into(),
        model: "m".into(),
        databases: vec![Database {
            dialect: "postgres".into(),
            title: "PostgreSQL".into(),
            version: Some("15.14".into()),
            place: "temporary server".into(),
            schema_hash: "s".into(),
        }],
    };
    let counterexample = Counterexample {
        actor: Some(Actor {
            role: "shop_app".into(),
            actor: Some("a".into()),
            tenant: None,
        }),
        differences: vec!["- table orders".into()],
        ..Counterexample::new("it was accepted", "rejected", "accepted").with_statements(["INSERT"])
    };
    let proof = Proof {
        facts: vec![Fact {
            name: "probes".into(),
            value: 3,
        }],
        notes: vec!["n".into()],
        ..Proof::new("3 probes")
    };
    let claims = vec![
        Claim::proved("unique", Some("users".into()), "it holds", proof.clone()),
        Claim::refuted("range", None, "it holds", counterexample),
        Claim::not_applicable("rls", None, "it holds", "no roles"),
        Claim::not_run("late", None, "it holds", "cancelled"),
    ];
    let gate = |id: &str, claims: Vec<Claim>| {
        let verdict = Verdict::aggregate(claims.iter().map(|claim| claim.verdict));
        let finding = Finding::deciding(&claims, verdict).unwrap().clone();
        GateResult {
            id: id.into(),
            dialect: "postgres".into(),
            verdict,
            claim: "c".into(),
            attacker: Some("A1".into()),
            finding,
            claims,
            seconds: 0.25,
        }
    };
    let gates = claims
        .iter()
        .map(|claim| gate(&claim.id, vec![claim.clone()]))
        .chain([gate("all", claims.clone())]);
    Evidence::new(subject, gates.collect())
}

#[test]
fn output_fits_the_published_schema_and_reads_back() {
    let evidence = sample();
    let json = evidence.to_json().unwrap();
    assert_eq!(
        faults(&serde_json::from_str(&json).unwrap()),
        Vec::<String>::new()
    );
    let back = Evidence::from_json(&json).unwrap();
    assert_eq!(back, evidence);
    assert!(back.is_intact());
}

#[test]
fn the_published_schema_refuses_other_shapes() {
    let good: Value = serde_json::to_value(sample()).unwrap();
    let breaks: [(&str, Value); 8] = [
        ("/schema", json!("architrave.evidence/2")),
        ("/hash", json!("abc")),
        ("/gates/0/verdict", json!("passed")),
        ("/gates/0/verdict", json!("refuted")),
        ("/gates/1/counterexample", json!("accepted")),
        ("/gates/0/seconds", json!("fast")),
        ("/subject/databases/0/password", json!("x")),
        ("/gates/0/claims/0/evidence/facts/0/value", json!(-1)),
    ];
    for (path, value) in breaks {
        let mut broken = good.clone();
        let (parent, member) = path.rsplit_once('/').unwrap();
        broken.pointer_mut(parent).unwrap()[member] = value;
        assert!(!faults(&broken).is_empty(), "{path} was not refused");
    }
}

#[test]
fn verdicts_add_up() {
    use Verdict::{NotApplicable, NotRun, Proved, Refuted};
    let cases: [(&[Verdict], Verdict); 6] = [
        (&[], NotRun),
        (&[NotApplicable, NotApplicable], NotApplicable),
        (&[NotApplicable, Proved], Proved),
        (&[Proved, NotRun, Proved], NotRun),
        (&[NotRun, Refuted, Proved], Refuted),
        (&[Proved], Proved),
    ];
    for (verdicts, expected) in cases {
        assert_eq!(
            Verdict::aggregate(verdicts.iter().copied()),
            expected,
            "{verdicts:?}"
        );
    }
    let codes = [Proved, NotApplicable, Refuted, NotRun].map(|v| (v.exit_code(false), v.exit_code(true)));
    assert_eq!(codes, [(0, 0), (0, 0), (1, 1), (3, 0)]);
}

#[test]
fn the_hash_follows_claims_and_verdicts_and_not_the_clock() {
    let evidence = sample();
    let rehash = |change: &dyn Fn(&mut GateResult)| {
        let mut gates = evidence.gates.clone();
        change(&mut gates[0]);
        Evidence::new(evidence.subject.clone(), gates).hash
    };
    assert_eq!(rehash(&|gate| gate.seconds = 9.0), evidence.hash);
    assert_ne!(rehash(&|gate| gate.verdict = Verdict::NotRun), evidence.hash);
    assert_ne!(rehash(&|gate| gate.claims[0].claim.push('!')), evidence.hash);
    assert_ne!(rehash(&|gate| gate.dialect = "sqlite".into()), evidence.hash);
    let mut forged = evidence.clone();
    forged.gates[1].verdict = Verdict::Proved;
    assert!(!forged.is_intact());
}
