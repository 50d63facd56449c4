//! `architrave explain`

use design::{Decision, Designed};
use diagnostics::Sources;
use serde_json::{Value, json};

use super::findings;
use crate::cli::{Explain, Format};
use crate::{Context, Outcome, pages};

pub(crate) fn run(context: Context, arguments: &Explain) -> Outcome {
    if let Some(page) = pages::page(&arguments.name) {
        context.terminal.print(&match arguments.format {
            Format::Text => page.to_owned(),
            Format::Json => format!(
                "{}\n",
                json!({ "schema": SCHEMA, "name": arguments.name, "page": page })
            ),
        });
        return Outcome::Holds;
    }
    let checked = state::check(&context.machine, &arguments.path);
    if checked.diagnostics.has_errors() {
        let found = checked.diagnostics.into_sorted();
        return findings::show(
            context,
            crate::cli::FindingFormat::Text,
            &checked.loaded.sources,
            &found,
        );
    }
    let built = state::build(&checked);
    if let Some(target) = built
        .targets
        .iter()
        .find(|target| target.dialect.name == arguments.name)
    {
        context.terminal.print(&match arguments.format {
            Format::Text => lost(context, target),
            Format::Json => lost_document(target),
        });
        return Outcome::Holds;
    }
    let decisions = design::explain(&built.designed, &arguments.name);
    if decisions.is_empty() {
        return unknown(context, &built.designed, &arguments.name);
    }
    let sources = &checked.loaded.sources;
    context.terminal.print(&match arguments.format {
        Format::Text => text(context, sources, &decisions),
        Format::Json => document(sources, &arguments.name, &decisions),
    });
    Outcome::Holds
}

/// The published form of `--format json`.
const SCHEMA: &str = "architrave.explanation/1";

fn unknown(context: Context, designed: &Designed, name: &str) -> Outcome {
    let near = design::suggest(designed, name);
    let help = match near.as_slice() {
        [] => "name an entity (`Order`), a field (`Order.state`), a table, column, constraint, index or policy, or a rule's code".to_owned(),
        near => format!("did you mean {}?", near.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(" or ")),
    };
    findings::complain(context, &format!("nothing here is called `{name}`"), Some(&help));
    Outcome::Misused
}

fn text(context: Context, sources: &Sources, decisions: &[&Decision]) -> String {
    let (bold, dim, off) = if context.terminal.color {
        ("\x1b[1m", "\x1b[2m", "\x1b[0m")
    } else {
        ("", "", "")
    };
    let mut text = String::new();
    let mut subject = "";
    for decision in decisions {
        if decision.subject != subject {
            subject = &decision.subject;
            text.push_str(&format!(
                "{}{bold}{subject}{off}\n",
                if text.is_empty() { "" } else { "\n" }
            ));
        }
        text.push_str(&format!("  {bold}{}{off}: {}\n", decision.title, decision.choice));
        paragraph(&mut text, context.terminal.width, "why", &decision.reason);
        if let Some(because) = &decision.because {
            paragraph(
                &mut text,
                context.terminal.width,
                "said",
                &format!("“{because}”{}", place(sources, decision)),
            );
        }
        if let Some(attacker) = decision.attacker {
            paragraph(
                &mut text,
                context.terminal.width,
                "against",
                &format!("{attacker:?}, {}", attacker.describe()),
            );
        }
        if !decision.names.is_empty() {
            paragraph(
                &mut text,
                context.terminal.width,
                "led to",
                &decision.names.join(", "),
            );
        }
        for alternative in decision.alternatives {
            let line = format!("{}: {}", alternative.option, alternative.how);
            paragraph(&mut text, context.terminal.width, &format!("{dim}or{off}"), &line);
        }
    }
    text
}

/// What a database cannot give.
fn lost(context: Context, target: &state::Target) -> String {
    let (bold, off) = if context.terminal.color {
        ("\x1b[1m", "\x1b[0m")
    } else {
        ("", "")
    };
    let title = target.dialect.title;
    let all = state::by_guarantee(&target.realised.lost);
    if all.is_empty() {
        return format!("{title} gives every guarantee of this schema\n");
    }
    let mut text = format!("{bold}{title}{off} cannot give:\n");
    for lost in all {
        text.push_str(&format!("\n  {bold}{}{off}\n", lost.guarantee));
        for reason in lost.reasons {
            paragraph(&mut text, context.terminal.width, "why", reason);
        }
        paragraph(&mut text, context.terminal.width, "to", &lost.objects.join(", "));
    }
    text
}

fn lost_document(target: &state::Target) -> String {
    let all: Vec<Value> = state::by_guarantee(&target.realised.lost)
        .iter()
        .map(|lost| json!({ "guarantee": lost.guarantee, "objects": lost.objects, "reasons": lost.reasons }))
        .collect();
    let document = json!({ "schema": SCHEMA, "name": target.dialect.name, "lost": all });
    format!(
        "{}\n",
        serde_json::to_string_pretty(&document).unwrap_or_default()
    )
}

fn place(sources: &Sources, decision: &Decision) -> String {
    let Some((span, source)) = decision
        .said
        .and_then(|span| Some((span, sources.get(span.file)?)))
    else {
        return String::new();
    };
    format!(" ({}:{})", source.path, source.position(span.start).line + 1)
}

/// A labelled paragraph, wrapped to the width with the text hanging beside its label.
fn paragraph(into: &mut String, width: usize, label: &str, words: &str) {
    const INDENT: usize = 14;
    let visible = label
        .trim_start_matches("\x1b[2m")
        .trim_end_matches("\x1b[0m")
        .chars()
        .count();
    into.push_str(&format!(
        "    {label}{}",
        " ".repeat(INDENT.saturating_sub(4 + visible))
    ));
    let mut column = INDENT;
    for (at, word) in words.split_whitespace().enumerate() {
        let length = word.chars().count();
        if at > 0 && column + 1 + length > width {
            into.push_str(&format!("\n{}", " ".repeat(INDENT)));
            column = INDENT;
        } else if at > 0 {
            into.push(' ');
            column += 1;
        }
        into.push_str(word);
        column += length;
    }
    into.push('\n');
}

fn document(sources: &Sources, name: &str, decisions: &[&Decision]) -> String {
    let decisions: Vec<Value> = decisions
        .iter()
        .map(|decision| {
            let mut value = serde_json::to_value(decision).unwrap_or_default();
            if let (Some(object), Some(span)) = (value.as_object_mut(), decision.said)
                && let Some(source) = sources.get(span.file)
            {
                let line = source.position(span.start).line + 1;
                object.insert("said".into(), json!({ "path": source.path, "line": line }));
            }
            value
        })
        .collect();
    // A value of strings and numbers always serialises.
    let document = json!({ "schema": SCHEMA, "name": name, "decisions": decisions });
    format!(
        "{}\n",
        serde_json::to_string_pretty(&document).unwrap_or_default()
    )
}
