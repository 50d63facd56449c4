//! What a proof found, for people.

use std::fmt::Write as _;

use evidence::{Claim, Counterexample, Evidence, Finding, GateResult, Verdict};

/// How the summary is laid out.
struct Page {
    width: usize,
    color: bool,
    text: String,
}

/// Writes a summary: the verdict first, one line for each gate and database, counterexamples in full, and what a database
/// cannot give. Lines are at most `width` wide, where words allow it.
#[must_use]
pub fn summary(evidence: &Evidence, width: usize, color: bool) -> String {
    let mut page = Page {
        width: width.clamp(40, 140),
        color,
        text: String::new(),
    };
    page.verdict(evidence);
    page.gates(evidence);
    for result in evidence
        .gates
        .iter()
        .filter(|result| result.verdict == Verdict::Refuted)
    {
        page.refuted(result);
    }
    page.not_run(evidence);
    page.not_applicable(evidence);
    page.line(&format!("evidence {}", short(&evidence.hash)), Paint::Dim);
    page.text
}

fn short(hash: &str) -> String {
    hash.chars().take(12).collect()
}

#[derive(Clone, Copy)]
enum Paint {
    Plain,
    Bold,
    Dim,
    Good,
    Bad,
    Warn,
}

const fn paint_of(verdict: Verdict) -> Paint {
    match verdict {
        Verdict::Proved => Paint::Good,
        Verdict::Refuted => Paint::Bad,
        Verdict::NotRun => Paint::Warn,
        Verdict::NotApplicable => Paint::Dim,
    }
}

const fn sign_of(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Proved => "✓",
        Verdict::Refuted => "✗",
        Verdict::NotRun => "?",
        Verdict::NotApplicable => "–",
    }
}

impl Page {
    fn painted(&self, text: &str, paint: Paint) -> String {
        let code = match paint {
            _ if !self.color => return text.to_owned(),
            Paint::Plain => return text.to_owned(),
            Paint::Bold => "1",
            Paint::Dim => "2",
            Paint::Good => "32",
            Paint::Bad => "1;31",
            Paint::Warn => "33",
        };
        format!("\u{1b}[{code}m{text}\u{1b}[0m")
    }

    fn line(&mut self, text: &str, paint: Paint) {
        let painted = self.painted(text, paint);
        self.text.push_str(painted.trim_end());
        self.text.push('\n');
    }

    /// Text broken into lines, each after the same blanks.
    fn wrapped(&mut self, text: &str, indent: usize, paint: Paint) {
        let room = self.width.saturating_sub(indent).max(20);
        for line in wrap(text, room) {
            let line = format!("{}{line}", " ".repeat(indent));
            self.line(&line, paint);
        }
    }

    fn verdict(&mut self, evidence: &Evidence) {
        let verdict = evidence.aggregate.verdict;
        let on: Vec<String> = evidence
            .subject
            .databases
            .iter()
            .map(|it| {
                it.version
                    .as_ref()
                    .map_or_else(|| it.title.clone(), |version| format!("{} {version}", it.title))
            })
            .collect();
        let seconds: f64 = evidence.gates.iter().map(|result| result.seconds).sum();
        let head = format!("{} {} is {verdict}", sign_of(verdict), evidence.subject.project);
        let head = self.painted(
            &head,
            if verdict == Verdict::Proved {
                Paint::Good
            } else {
                paint_of(verdict)
            },
        );
        let rest = self.painted(&format!(" on {} in {seconds:.1} s", on.join(" and ")), Paint::Dim);
        let _ = writeln!(self.text, "{head}{rest}\n");
    }

    fn gates(&mut self, evidence: &Evidence) {
        let widest = |part: fn(&GateResult) -> &str| {
            evidence
                .gates
                .iter()
                .map(|result| part(result).chars().count())
                .max()
                .unwrap_or(0)
        };
        let (id, dialect) = (widest(|it| &it.id), widest(|it| &it.dialect));
        for result in &evidence.gates {
            let fact = match &result.finding {
                Finding::Evidence(proof) => proof.summary.clone(),
                Finding::Counterexample(example) => example.summary.clone(),
                Finding::Reason(reason) => reason.clone(),
            };
            let seconds = format!("{:.1} s", result.seconds);
            let verdict = format!("{:<14}", result.verdict.to_string());
            let used = 2 + id + 2 + dialect + 2 + 14 + 2 + seconds.len() + 2;
            let room = self.width.saturating_sub(used).max(16);
            let fact = cut(&fact, room);
            let gap = " ".repeat(room.saturating_sub(fact.chars().count()));
            let _ = writeln!(
                self.text,
                "{} {:<id$}  {}  {}  {fact}{gap}  {}",
                self.painted(sign_of(result.verdict), paint_of(result.verdict)),
                result.id,
                self.painted(&format!("{:<dialect$}", result.dialect), Paint::Dim),
                self.painted(&verdict, paint_of(result.verdict)),
                self.painted(&seconds, Paint::Dim),
            );
        }
        self.text.push('\n');
    }

    fn refuted(&mut self, result: &GateResult) {
        let broken: Vec<&Claim> = result
            .claims
            .iter()
            .filter(|claim| claim.verdict == Verdict::Refuted)
            .collect();
        self.line(&format!("✗ {} on {}", result.id, result.dialect), Paint::Bad);
        self.wrapped(&format!("claimed: {}", result.claim), 2, Paint::Dim);
        for claim in broken {
            self.text.push('\n');
            let Finding::Counterexample(example) = &claim.finding else {
                continue;
            };
            let head = match &claim.object {
                Some(object) => format!("{object}: {}", example.summary),
                None => example.summary.clone(),
            };
            self.wrapped(&head, 2, Paint::Bold);
            self.wrapped(&format!("claim     {}", claim.claim), 4, Paint::Plain);
            self.wrapped(&format!("expected  {}", example.expected), 4, Paint::Plain);
            self.wrapped(&format!("observed  {}", example.observed), 4, Paint::Plain);
            self.replay(example);
        }
        self.text.push('\n');
    }

    fn replay(&mut self, example: &Counterexample) {
        for difference in &example.differences {
            self.wrapped(difference, 6, Paint::Plain);
        }
        if example.statements.is_empty() {
            return;
        }
        let whom = example.actor.as_ref().map_or_else(String::new, |actor| {
            let mut whom = format!(" as {}", actor.role);
            if let Some(id) = &actor.actor {
                let _ = write!(whom, ", acting for {id}");
            }
            if let Some(id) = &actor.tenant {
                let _ = write!(whom, ", in tenant {id}");
            }
            whom
        });
        self.wrapped(
            &format!("to see it, on a freshly built schema{whom}:"),
            4,
            Paint::Dim,
        );
        for statement in &example.statements {
            for line in format!("{statement};").lines() {
                self.line(&format!("      {line}"), Paint::Plain);
            }
        }
    }

    fn not_run(&mut self, evidence: &Evidence) {
        let open = evidence.gates.iter().flat_map(|result| {
            let claims = result
                .claims
                .iter()
                .filter(|claim| claim.verdict == Verdict::NotRun);
            claims.map(move |claim| (result, claim))
        });
        let mut any = false;
        for (result, claim) in open {
            if !any {
                self.line("not run", Paint::Warn);
                any = true;
            }
            let Finding::Reason(reason) = &claim.finding else {
                continue;
            };
            let object = claim
                .object
                .as_ref()
                .map(|object| format!(" {object}"))
                .unwrap_or_default();
            self.wrapped(
                &format!("{} on {}{object}: {reason}", result.id, result.dialect),
                2,
                Paint::Plain,
            );
        }
        if any {
            self.text.push('\n');
        }
    }

    fn not_applicable(&mut self, evidence: &Evidence) {
        for database in &evidence.subject.databases {
            // One entry for each guarantee and reason, with the objects that would have had it.
            let mut lost: Vec<(&str, &str, Vec<&str>)> = Vec::new();
            let results = evidence
                .gates
                .iter()
                .filter(|result| result.dialect == database.dialect);
            for claim in results.flat_map(|result| &result.claims) {
                let (Verdict::NotApplicable, Finding::Reason(reason)) = (claim.verdict, &claim.finding)
                else {
                    continue;
                };
                let object = claim.object.as_deref().unwrap_or("everything");
                match lost
                    .iter_mut()
                    .find(|(id, why, _)| *id == claim.id && *why == reason.as_str())
                {
                    Some((_, _, objects)) => objects.push(object),
                    None => lost.push((&claim.id, reason, vec![object])),
                }
            }
            if lost.is_empty() {
                continue;
            }
            self.line(&format!("not applicable on {}", database.title), Paint::Bold);
            for (id, reason, objects) in lost {
                // One loss may speak of every table: a few names say which kind of thing it is.
                let names: Vec<&str> = objects.iter().flat_map(|object| object.split(", ")).collect();
                let of = match names.as_slice() {
                    [first, second, third, _, _, ..] => {
                        format!("{id} of {first}, {second}, {third} and {} more", names.len() - 3)
                    }
                    few => format!("{id} of {}", few.join(", ")),
                };
                self.wrapped(&format!("– {of}: {reason}"), 2, Paint::Plain);
            }
            self.text.push('\n');
        }
    }
}

fn cut(text: &str, room: usize) -> String {
    let line = text.lines().next().unwrap_or_default();
    if line.chars().count() <= room {
        return line.to_owned();
    }
    line.chars().take(room.saturating_sub(1)).chain(['…']).collect()
}

fn wrap(text: &str, room: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = String::new();
    for word in text.split_whitespace() {
        if !line.is_empty() && line.chars().count() + 1 + word.chars().count() > room {
            lines.push(std::mem::take(&mut line));
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    if !line.is_empty() {
        lines.push(line);
    }
    lines
}

#[cfg(test)]
mod tests {
    use evidence::{Database, Proof, Subject};

    use super::*;

    fn gate(id: &str, dialect: &str, claims: Vec<Claim>) -> GateResult {
        let verdict = Verdict::aggregate(claims.iter().map(|claim| claim.verdict));
        GateResult {
            id: id.into(),
            dialect: dialect.into(),
            verdict,
            claim: "it holds".into(),
            attacker: None,
            finding: Finding::deciding(&claims, verdict).unwrap().clone(),
            claims,
            seconds: 0.31,
        }
    }

    fn sample() -> Evidence {
        let database = |dialect: &str, title: &str| Database {
            dialect: dialect.into(),
            title: title.into(),
            version: Some("15.14".into()),
            place: "temporary server".into(),
            schema_hash: "h".into(),
        };
        let subject = Subject {
            project: "shop".into(),
            model: "m".into(),
            databases: vec![database("postgres", "PostgreSQL"), database("sqlite", "SQLite")],
        };
        let example = Counterexample::new(
            "`orders_total_range` of `orders` does not hold",
            "refused",
            "accepted",
        )
        .with_statements(["INSERT INTO shop.orders (total) VALUES (-1)"])
        .run_as("superuser");
        let lost = |object: &str| {
            Claim::not_applicable(
                "row-level-security",
                Some(object.into()),
                "it has",
                "files have no roles",
            )
        };
        let gates = vec![
            gate(
                "constraints",
                "postgres",
                vec![Claim::refuted("check", Some("orders".into()), "refused", example)],
            ),
            gate(
                "apply",
                "sqlite",
                vec![
                    Claim::proved(
                        "runs",
                        None,
                        "every step runs",
                        Proof::new("117 constraints · 234 probes"),
                    ),
                    lost("orders"),
                    lost("users"),
                ],
            ),
        ];
        Evidence::new(subject, gates)
    }

    #[test]
    fn the_verdict_is_first_and_counterexamples_can_be_replayed() {
        let text = summary(&sample(), 100, false);
        assert!(
            text.starts_with("✗ shop is refuted on PostgreSQL 15.14 and SQLite 15.14 in 0.6 s\n"),
            "{text}"
        );
        assert!(text.contains("117 constraints · 234 probes"), "{text}");
        assert!(text.contains("to see it, on a freshly built schema as superuser:\n      INSERT INTO shop.orders (total) VALUES (-1);\n"), "{text}");
        assert!(
            text.contains("– row-level-security of orders, users: files have no roles"),
            "{text}"
        );
    }

    #[test]
    fn lines_align_and_fit_and_colour_is_only_where_asked_for() {
        let plain = summary(&sample(), 80, false);
        assert!(!plain.contains('\u{1b}'));
        assert!(plain.lines().all(|line| line.chars().count() <= 80), "{plain}");
        let at = |needle: &str| {
            plain
                .lines()
                .find(|line| line.contains(needle))
                .and_then(|line| line.find(needle))
        };
        assert_eq!(at("refuted       "), at("proved        "));
        let colored = summary(&sample(), 80, true);
        assert!(colored.contains("\u{1b}[1;31m"));
    }
}
