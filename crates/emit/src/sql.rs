//! SQL files: what an administrator runs, the schema, and the way back.

use std::borrow::Cow;

use plan::{Action, Plan, RunsAs, Section, Step, Undo};

use crate::{File, Heading};

/// What a step says: statements without semicolon and blanks at their ends.
type Statements<'a> = Vec<Cow<'a, str>>;

/// How wide headings are drawn.
const RULE: usize = 80;

/// The files of a plan: `roles.sql` where an administrator has something to do, `schema.sql`, `undo.sql`.
#[must_use]
pub fn sql(plan: &Plan, heading: &Heading) -> Vec<File> {
    let (admin, own): (Vec<&Step>, Vec<&Step>) = plan
        .steps
        .iter()
        .partition(|step| step.runs_as == RunsAs::Administrator);
    let mut files = Vec::new();
    let mut push = |name: &str, text: String| {
        files.push(File {
            path: format!("sql/{}/{name}", plan.dialect),
            text,
        });
    };
    if !admin.is_empty() {
        let mut text = head(heading, "roles and schemas", heading.administrator);
        forwards(&mut text, heading, &admin);
        push("roles.sql", text);
    }
    let before = if admin.is_empty() {
        "Builds the schema in an empty database."
    } else {
        "Builds the schema in an empty database, after roles.sql."
    };
    let mut text = head(heading, "schema", &[before]);
    forwards(&mut text, heading, &own);
    push("schema.sql", text);

    let purpose = ["Removes all that schema.sql made, with every row in it, from last to first."];
    let mut text = head(heading, "the way back", &purpose);
    backwards(&mut text, (heading, plan.undo_prelude), &own);
    if !admin.is_empty() {
        text.push_str("\n-- What follows undoes roles.sql, and needs an administrator.\n");
        backwards(&mut text, (heading, plan.undo_prelude), &admin);
    }
    push("undo.sql", text);
    files
}

/// The services of a schema as statements with parameters, for a database that stores no functions; `None` when there is none.
#[must_use]
pub fn scripts(dialect: &str, scripts: &[(String, String)], heading: &Heading) -> Option<File> {
    if scripts.is_empty() {
        return None;
    }
    let purpose = [
        "What the application and its operators call, with parameters (:name): this database stores no functions.",
        "Each runs in a transaction of its own, in order.",
    ];
    let mut text = head(heading, "services", &purpose);
    for (name, script) in scripts {
        heading_line(&mut text, name);
        text.push_str(script.trim_end());
        text.push('\n');
    }
    Some(File {
        path: format!("sql/{dialect}/services.sql"),
        text,
    })
}

fn head(heading: &Heading, what: &str, purpose: &[&str]) -> String {
    let mut out = String::new();
    let title = format!(
        "{}: {what}, for {} {} and newer",
        heading.project, heading.dialect, heading.floor
    );
    comment(&mut out, &title);
    for line in purpose {
        comment(&mut out, line);
    }
    comment(&mut out, "");
    let made = format!(
        "Made by {}. Change the .arch files, not this one.",
        heading.generator
    );
    comment(&mut out, &made);
    comment(&mut out, &format!("schema {}", heading.hash));
    out
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

/// What a section is called.
pub(crate) fn title(section: &Section) -> &str {
    match section {
        Section::Access => "roles and schemas",
        Section::Types => "types",
        Section::Functions => "functions",
        Section::Table(name) => name,
        Section::ForeignKeys => "foreign keys",
        Section::Triggers => "triggers",
        Section::RowSecurity => "row-level security",
        Section::Views => "views",
        Section::Services => "functions for the application",
        Section::Grants => "rights",
        Section::Seeds => "rows",
        Section::Raw => "further SQL",
    }
}

fn heading_line(out: &mut String, name: &str) {
    let name: String = name
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    let width = RULE.saturating_sub(name.chars().count() + 7);
    out.push_str("\n-- ── ");
    out.push_str(&name);
    out.push(' ');
    out.push_str(&"─".repeat(width));
    out.push_str("\n\n");
}

fn forwards(out: &mut String, heading: &Heading, steps: &[&Step]) {
    let parts = steps.iter().map(|step| {
        let Action::Sql(statements) = &step.action;
        let statements = statements.iter().map(|each| each.trim_end().into());
        (*step, statements.collect())
    });
    write(out, (heading, &[]), steps, parts.collect());
}

fn backwards(out: &mut String, of: (&Heading, &[&str]), steps: &[&Step]) {
    let parts = steps.iter().rev().map(|step| {
        let statements = match &step.undo {
            Undo::Sql(statements) => statements
                .iter()
                .filter(|each| !each.trim().is_empty())
                .map(|each| each.trim_end().into())
                .collect(),
            Undo::WithOther => Vec::new(),
            Undo::Impossible(why) => {
                let mut text = String::new();
                comment(&mut text, &format!("{}: {why}", step.title));
                vec![text.trim_end().to_owned().into()]
            }
        };
        (*step, statements)
    });
    write(out, of, steps, parts.collect());
}

/// A statement with its semicolon; a comment has none.
fn finish(out: &mut String, statement: &str) {
    out.push_str(statement);
    let comment = statement.starts_with("--") && !statement.contains('\n');
    out.push_str(if comment { "\n" } else { ";\n" });
}

/// The same for a client that takes the first semicolon for the end.
fn end(out: &mut String, statement: &str, delimiter: Option<&str>) {
    match delimiter.filter(|_| statement.contains(";\n")) {
        Some(delimiter) => out.push_str(&format!(
            "DELIMITER {delimiter}\n{statement}{delimiter}\nDELIMITER ;\n"
        )),
        None => finish(out, statement),
    }
}

/// Statements under the headings of their sections, in one transaction where that is possible.
fn write(
    out: &mut String,
    (heading, prelude): (&Heading, &[&str]),
    steps: &[&Step],
    parts: Vec<(&Step, Statements<'_>)>,
) {
    if !heading.opening.is_empty() {
        out.push('\n');
    }
    for statement in heading.opening {
        finish(out, statement);
    }
    let transaction = steps.iter().all(|step| step.transactional);
    if transaction {
        out.push_str("\nBEGIN;\n");
        for statement in prelude {
            finish(out, statement.trim_end());
        }
    }
    let mut last: Option<&Section> = None;
    let mut before: Option<Statements<'_>> = None;
    for (step, statements) in parts {
        if statements.is_empty() {
            continue;
        }
        if last != Some(&step.section) {
            heading_line(out, title(&step.section));
            last = Some(&step.section);
            before = None;
        }
        if before.take().is_some_and(|before| apart(&before, &statements)) {
            out.push('\n');
        }
        for (index, statement) in statements.iter().enumerate() {
            let behind_long = index > 0
                && statements
                    .get(index - 1)
                    .is_some_and(|previous| previous.contains('\n'));
            let long = index > 0 && statement.contains('\n');
            if behind_long || long {
                out.push('\n');
            }
            end(out, statement, heading.delimiter);
        }
        before = Some(statements);
    }
    if transaction {
        out.push_str("\nCOMMIT;\n");
    }
}

/// Whether two steps stand apart: all do, but lines of one kind.
fn apart(before: &[Cow<'_, str>], after: &[Cow<'_, str>]) -> bool {
    match (before, after) {
        ([before], [after]) if !before.contains('\n') && !after.contains('\n') => {
            let words = |text| str::split_whitespace(text).take(2);
            words(before).ne(words(after))
        }
        _ => true,
    }
}
