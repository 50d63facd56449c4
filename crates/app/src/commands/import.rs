//! `architrave import`

use std::path::Path;

use diagnostics::render::visible;
use dialects::by_name;
use serde_json::{Value, json};
use state::named::{self, Failure, Imported, Named};

use super::{diff, findings};
use crate::cli::{Format, Import};
use crate::{Context, Outcome};

pub(crate) fn run(context: Context, arguments: &Import) -> Outcome {
    if let Some(name) = arguments.name.as_deref().filter(|name| !detect::is_name(name)) {
        let message = format!("`{name}` cannot be the name of a project");
        let help = "it begins with a letter from a to z, and has such letters, digits and `_`, 40 at most";
        findings::complain(context, &message, Some(help));
        return Outcome::Misused;
    }
    let imported = match import(context, arguments) {
        Ok(imported) => imported,
        Err(failure) => return diff::tell(context, &failure),
    };
    if let Some(folder) = &arguments.out
        && let Err(error) = write(context, folder, &imported, arguments.force)
    {
        let help = "nothing was written; name another folder, or `--force` to replace what is there";
        findings::complain(context, &error.to_string(), Some(help));
        return Outcome::Failed;
    }
    print(context, arguments, &imported);
    Outcome::Holds
}

fn import(context: Context, arguments: &Import) -> Result<Imported, Box<Failure>> {
    let machine = context.machine;
    let state = named::named(&machine, &arguments.state)?;
    let product = arguments.on.and_then(|product| by_name(product.name()));
    let dialect = named::dialect(&machine, &[&state], product)?;
    let start = diff::start_options(context, arguments.postgres.clone());
    let name = arguments.name.clone().unwrap_or_else(|| project_name(&state));
    named::import(&machine, &start, dialect, &state, &name)
}

/// What a project is called whose name nobody says: as the file, folder or database is.
fn project_name(state: &Named) -> String {
    let stem = |path: &Path| path.file_stem().map(|stem| stem.to_string_lossy().into_owned());
    let found = match state {
        Named::Empty => None,
        Named::Project(path) => stem(path),
        Named::Scripts { shown, .. } | Named::Prisma { shown, .. } => stem(Path::new(shown)),
        Named::Database(url) => Some(url.database()),
    };
    let letters = found.unwrap_or_default().to_ascii_lowercase();
    let mut name: String = letters
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c } else { '_' })
        .skip_while(|c| !c.is_ascii_alphabetic())
        .take(40)
        .collect();
    name.truncate(name.trim_end_matches('_').len());
    if detect::is_name(&name) {
        name
    } else {
        "imported".to_owned()
    }
}

fn write(
    context: Context,
    folder: &Path,
    imported: &Imported,
    force: bool,
) -> Result<(), project::OutputError> {
    let files: Vec<(&str, &str)> = imported
        .files
        .iter()
        .map(|(path, text)| (*path, text.as_str()))
        .collect();
    if force {
        project::replace(&context.machine, folder, &files, &named::IMPORTED)
    } else {
        project::create(&context.machine, folder, &files)
    }
}

fn print(context: Context, arguments: &Import, imported: &Imported) {
    let text = match arguments.format {
        Format::Json => document(arguments, imported),
        Format::Text if arguments.out.is_some() => {
            let folder = arguments.out.as_deref().unwrap_or(Path::new(""));
            let new = imported
                .files
                .iter()
                .map(|(name, _)| format!("new     {}\n", folder.join(name).display()));
            format!("{}\n{}", new.collect::<String>(), summary(imported))
        }
        Format::Text => {
            // What stands on standard output can be kept as a file.
            context.terminal.complain(&summary(imported));
            let texts: Vec<&str> = imported.files.iter().map(|(_, text)| text.as_str()).collect();
            texts.join("\n")
        }
    };
    context.terminal.print(&text);
}

/// What became what; for people.
fn summary(imported: &Imported) -> String {
    let mut text = format!(
        "{}, {}; {} SQL. What is built of it is what was found.\n",
        count(imported.entities.len(), "entity", "entities"),
        count(imported.enums, "enum", "enums"),
        match imported.raw.len() {
            1 => "1 object stays".to_owned(),
            other => format!("{other} objects stay"),
        },
    );
    for raw in imported.raw.iter().filter(|raw| raw.why.is_some()) {
        let why = raw.why.as_deref().unwrap_or_default();
        text.push_str(&format!(
            "  {}\n",
            visible(&format!("{} stays SQL: {why}", raw.title))
        ));
    }
    for note in &imported.notes {
        let said = format!("note[{}]: {}", note.code, note.message);
        text.push_str(&format!("{}\n", visible(&said)));
        for help in &note.help {
            text.push_str(&format!("  help: {}\n", visible(help)));
        }
    }
    text
}

fn count(number: usize, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

/// The same for programs.
fn document(arguments: &Import, imported: &Imported) -> String {
    let entities: Vec<Value> = imported
        .entities
        .iter()
        .map(|(entity, table)| json!({"entity": entity, "table": table.to_string()}))
        .collect();
    let raw: Vec<Value> = imported
        .raw
        .iter()
        .map(|raw| json!({"object": raw.title, "why": raw.why}))
        .collect();
    let files: Vec<Value> = imported
        .files
        .iter()
        .map(|(path, text)| json!({"path": path, "text": text}))
        .collect();
    let notes: Vec<Value> = imported
        .notes
        .iter()
        .map(|note| json!({"code": note.code, "message": note.message, "help": note.help}))
        .collect();
    let document = json!({
        "schema": "architrave.import/1",
        "written": arguments.out.is_some(),
        "entities": entities,
        "enums": imported.enums,
        "sql": raw,
        "notes": notes,
        "files": files,
    });
    format!("{document:#}\n")
}
