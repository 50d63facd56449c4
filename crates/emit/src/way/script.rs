//! A plan as a script for `psql` or `sqlite3`.

use plan::{Direction, Leg, Lock, Note};

use super::{Journey, counted};

/// How long a transaction waits for a lock that keeps others from their work, before it gives up: whoever comes later waits behind it.
const PATIENCE: &str = "SET LOCAL lock_timeout = '3s'";

/// A plan as a script that can be run as it stands: transactions where they are possible, what each step locks and risks in comments.
#[must_use]
pub fn script(journey: &Journey<'_>) -> String {
    let mut out = String::new();
    head(&mut out, journey);
    if journey.legs.is_empty() {
        comment(&mut out, "no difference");
        return out;
    }
    out.push('\n');
    out.push_str(match journey.dialect {
        "sqlite" => ".bail on\n",
        _ => "\\set ON_ERROR_STOP on\n",
    });
    let numbered: Vec<(usize, &Leg<'_>)> = (1..).zip(journey.legs).collect();
    for group in numbered.chunk_by(|(_, a), (_, b)| together(a, b)) {
        write_group(&mut out, journey, group);
    }
    out
}

/// A plan as a file of a folder of migrations, whose runner makes the transactions and waits for locks. `heading` stands above it, a
/// line each.
#[must_use]
pub fn migration(journey: &Journey<'_>, heading: &[String]) -> String {
    let mut out = String::new();
    for line in heading {
        comment(&mut out, line);
    }
    comments(&mut out, journey.notes);
    let numbered: Vec<(usize, &Leg<'_>)> = (1..).zip(journey.legs).collect();
    for group in numbered.chunk_by(|(_, a), (_, b)| together(a, b)) {
        let says = group.iter().any(|(_, leg)| !leg.statements.is_empty());
        let transaction = says && group.iter().all(|(_, leg)| leg.step.transactional);
        if transaction && !journey.prelude.is_empty() {
            out.push('\n');
            for statement in journey.prelude {
                finish(&mut out, statement.trim_end());
            }
        }
        for (number, leg) in group {
            out.push('\n');
            // Before the first statement it would be about the whole file; and there, no strong lock is held meanwhile.
            let alone = *number > 1 && leg.step.transactional && leg.reads_long();
            write_leg(&mut out, *number, leg, alone);
        }
    }
    out
}

/// Whether two neighbours share a transaction.
fn together(one: &Leg<'_>, other: &Leg<'_>) -> bool {
    !one.stands_alone() && !other.stands_alone()
}

fn head(out: &mut String, journey: &Journey<'_>) {
    comment(out, &format!("from  {}", journey.from));
    comment(out, &format!("to    {}", journey.to));
    let way = match journey.direction {
        Direction::Forth => "",
        Direction::Back => ", the way back",
    };
    comment(out, &format!("for   {}{way}", journey.title));
    if journey.legs.is_empty() {
        return;
    }
    let run = match journey.dialect {
        "sqlite" => "sqlite3 DATABASE < this file",
        _ => "psql -X -f this file",
    };
    comment(
        out,
        &format!("{}; run with: {run}", counted(journey.legs.len(), "step")),
    );
    if journey.dialect != "sqlite" {
        comment(
            out,
            "A transaction that has to wait for a lock for three seconds gives up and changes nothing: run the rest again then.",
        );
    }
    comments(out, journey.notes);
}

fn comments(out: &mut String, notes: &[Note]) {
    for note in notes {
        comment(out, &format!("{}: {}", note.code, note.message));
        for help in &note.help {
            comment(out, &format!("    {help}"));
        }
    }
}

/// A comment line. What would end it becomes a blank.
fn comment(out: &mut String, text: &str) {
    let text: String = text
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    out.push_str(format!("-- {text}").trim_end());
    out.push('\n');
}

fn write_group(out: &mut String, journey: &Journey<'_>, group: &[(usize, &Leg<'_>)]) {
    let transaction = group.iter().all(|(_, leg)| leg.step.transactional)
        && group.iter().any(|(_, leg)| !leg.statements.is_empty());
    if transaction {
        out.push_str("\nBEGIN;\n");
        let locks = group.iter().any(|(_, leg)| leg.lock > Lock::ShareUpdateExclusive);
        if journey.dialect != "sqlite" && locks {
            finish(out, PATIENCE);
        }
        for statement in journey.prelude {
            finish(out, statement.trim_end());
        }
    }
    for (number, leg) in group {
        out.push('\n');
        write_leg(out, *number, leg, false);
    }
    if transaction {
        out.push_str("\nCOMMIT;\n");
    }
}

/// A step; `alone` in a migration whose runner shall give each of its statements a transaction of its own.
fn write_leg(out: &mut String, number: usize, leg: &Leg<'_>, alone: bool) {
    if !describe(out, number, leg) {
        return;
    }
    if !leg.step.transactional {
        comment(out, "outside a transaction");
    }
    for statement in &leg.statements {
        if alone {
            comment(out, "architrave: no-transaction");
        }
        finish(out, statement);
    }
}

/// What a step does, locks and risks, in comments; false where it cannot be done.
fn describe(out: &mut String, number: usize, leg: &Leg<'_>) -> bool {
    comment(out, &format!("{number}. {}", leg.title));
    if let Some(why) = leg.closed {
        comment(out, &format!("cannot be undone: {why}"));
        return false;
    }
    if leg.lock != Lock::None {
        comment(
            out,
            &format!("lock: {}; waits: {}", leg.lock.title(), leg.lock.waits()),
        );
    }
    for hazard in &leg.hazards {
        let (kind, what) = hazard.said();
        comment(out, &format!("{kind}: {what}"));
    }
    true
}

fn finish(out: &mut String, statement: &str) {
    out.push_str(statement);
    let ends_in_comment = statement
        .lines()
        .next_back()
        .is_some_and(|line| line.contains("--"));
    // A comment at the end would swallow the semicolon.
    out.push_str(if ends_in_comment { "\n;\n" } else { ";\n" });
}
