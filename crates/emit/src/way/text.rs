//! A plan for people: a line for each step, what it locks, who waits, and what can go wrong beneath.

use plan::{Direction, Hazard, Leg, Lock, Phase, Summary, Undo};

use super::{Journey, counted};

const BOLD: &str = "1";
const RED: &str = "31";
const YELLOW: &str = "33";
const GREEN: &str = "32";
const FAINT: &str = "2";

/// A plan for people, with colours or without.
#[must_use]
pub fn text(journey: &Journey<'_>, color: bool) -> String {
    let paint = Paint(color);
    if journey.legs.is_empty() {
        return format!("{}\n", paint.with(GREEN, "no difference"));
    }
    let mut out = String::new();
    for (word, value) in [("from", journey.from), ("to", journey.to), ("for", journey.title)] {
        out.push_str(&format!("{word:<5} {}\n", visible(value)));
    }
    out.push('\n');
    let widths = Widths::of(journey.legs);
    let header = widths.row("#", "phase", "lock", "waits", "step");
    out.push_str(&format!("{}\n", paint.with(BOLD, &header)));
    for (number, leg) in (1..).zip(journey.legs) {
        leg_lines(&mut out, number, leg, &widths, paint, journey.direction);
    }
    out.push('\n');
    out.push_str(&counts(journey.legs));
    for note in journey.notes {
        out.push_str(&format!(
            "{}[{}]: {}\n",
            paint.with(BOLD, "note"),
            note.code,
            visible(&note.message)
        ));
        for help in &note.help {
            out.push_str(&format!("  = help: {}\n", visible(help)));
        }
    }
    out.push_str(&verdict(journey, paint));
    out
}

#[derive(Clone, Copy)]
struct Paint(bool);

impl Paint {
    fn with(self, code: &str, text: &str) -> String {
        if self.0 && !text.is_empty() {
            format!("\x1b[{code}m{text}\x1b[0m")
        } else {
            text.to_owned()
        }
    }
}

/// Names come from databases: nothing in them may move the cursor.
fn visible(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() { '\u{fffd}' } else { c })
        .collect()
}

/// How wide the columns are.
struct Widths {
    number: usize,
    phase: usize,
    lock: usize,
    waits: usize,
}

impl Widths {
    fn of(legs: &[Leg<'_>]) -> Self {
        let widest = |width: &dyn Fn(&Leg<'_>) -> usize| legs.iter().map(width).max().unwrap_or(0);
        Self {
            number: legs.len().to_string().len(),
            phase: widest(&|leg| phase(leg.phase).len()).max("phase".len()),
            lock: widest(&|leg| lock(leg.lock).len()).max("lock".len()),
            waits: widest(&|leg| leg.lock.waits().len()).max("waits".len()),
        }
    }

    fn row(&self, number: &str, phase: &str, lock: &str, waits: &str, step: &str) -> String {
        let (a, b, c, d) = (self.number, self.phase, self.lock, self.waits);
        format!("{number:>a$}  {phase:<b$}  {lock:<c$}  {waits:<d$}  {step}")
    }

    /// Where the last column begins.
    fn indent(&self) -> String {
        " ".repeat(self.number + self.phase + self.lock + self.waits + 8)
    }
}

const fn phase(phase: Phase) -> &'static str {
    match phase {
        Phase::Expand => "expand",
        Phase::Backfill => "backfill",
        Phase::Contract => "contract",
    }
}

const fn lock(lock: Lock) -> &'static str {
    match lock {
        Lock::None => "-",
        other => other.title(),
    }
}

fn leg_lines(
    out: &mut String,
    number: usize,
    leg: &Leg<'_>,
    widths: &Widths,
    paint: Paint,
    direction: Direction,
) {
    let outside = if leg.step.transactional {
        ""
    } else {
        " (outside a transaction)"
    };
    let row = widths.row(
        &number.to_string(),
        phase(leg.phase),
        lock(leg.lock),
        leg.lock.waits(),
        &visible(&leg.title),
    );
    out.push_str(&format!("{row}{}\n", paint.with(FAINT, outside)));
    let indent = widths.indent();
    for hazard in &leg.hazards {
        let (kind, what) = hazard.said();
        let code = match hazard {
            Hazard::DataLoss(_) => RED,
            _ => YELLOW,
        };
        out.push_str(&format!(
            "{indent}{}: {}\n",
            paint.with(code, kind),
            visible(what)
        ));
    }
    match (&leg.step.undo, direction) {
        (Undo::Impossible(why), Direction::Forth) => {
            out.push_str(&format!(
                "{indent}{}: {}\n",
                paint.with(RED, "no way back"),
                visible(why)
            ));
        }
        (Undo::Impossible(why), Direction::Back) => {
            out.push_str(&format!(
                "{indent}{}: {}\n",
                paint.with(RED, "cannot be undone"),
                visible(why)
            ));
        }
        _ => {}
    }
}

fn counts(legs: &[Leg<'_>]) -> String {
    let sum = Summary::of(legs);
    let mut parts = vec![counted(sum.steps, "step")];
    let phases = [
        (sum.expand, "expand"),
        (sum.backfill, "backfill"),
        (sum.contract, "contract"),
    ];
    let phases = phases.iter().filter(|(count, _)| *count > 0);
    let phases: Vec<String> = phases.map(|(count, word)| format!("{count} {word}")).collect();
    parts.push(phases.join(", "));
    if sum.exclusive > 0 {
        parts.push(format!("{} under an exclusive lock", sum.exclusive));
    }
    if sum.outside_transaction > 0 {
        parts.push(format!("{} outside a transaction", sum.outside_transaction));
    }
    format!("{}\n", parts.join("; "))
}

/// What it comes to, in one line: the worst first, with the steps that it is about.
fn verdict(journey: &Journey<'_>, paint: Paint) -> String {
    let numbers = |test: &dyn Fn(&Leg<'_>) -> bool| -> Vec<usize> {
        let found = (1..).zip(journey.legs).filter(|(_, leg)| test(leg));
        found.map(|(number, _)| number).collect()
    };
    let has = |test: fn(&Hazard) -> bool| numbers(&|leg| leg.hazards.iter().any(test));
    let strong = |leg: &Leg<'_>| leg.lock > Lock::ShareUpdateExclusive;
    let whole = |hazard: &Hazard| matches!(hazard, Hazard::Scan(_) | Hazard::Rewrite(_) | Hazard::Blocks(_));
    let impossible = |leg: &Leg<'_>| matches!(leg.step.undo, Undo::Impossible(_));
    let told = [
        (
            RED,
            "data is lost",
            has(|hazard| matches!(hazard, Hazard::DataLoss(_))),
        ),
        (
            RED,
            if journey.direction == Direction::Forth {
                "there is no way back"
            } else {
                "this cannot be undone"
            },
            numbers(&impossible),
        ),
        (
            YELLOW,
            "others wait while a whole table is read or written",
            numbers(&|leg| strong(leg) && leg.hazards.iter().any(whole)),
        ),
        (
            YELLOW,
            "rows that are there may make it fail",
            has(|hazard| matches!(hazard, Hazard::MayFail(_))),
        ),
        (
            YELLOW,
            "running code may break",
            has(|hazard| matches!(hazard, Hazard::BreaksCode(_))),
        ),
    ];
    let parts: Vec<String> = told
        .iter()
        .filter(|(_, _, steps)| !steps.is_empty())
        .map(|(code, what, steps)| format!("{} ({})", paint.with(code, what), listed(steps)))
        .collect();
    if parts.is_empty() {
        return format!(
            "{}\n",
            paint.with(GREEN, "nothing is lost, and nobody waits for long")
        );
    }
    format!("{}\n", parts.join("; "))
}

/// `step 3`, `steps 1, 2 and 3 more`.
fn listed(steps: &[usize]) -> String {
    const SHOWN: usize = 6;
    let word = if steps.len() == 1 { "step" } else { "steps" };
    let first: Vec<String> = steps.iter().take(SHOWN).map(ToString::to_string).collect();
    let more = steps.len().saturating_sub(SHOWN);
    let rest = if more > 0 {
        format!(" and {more} more")
    } else {
        String::new()
    };
    format!("{word} {}{rest}", first.join(", "))
}
