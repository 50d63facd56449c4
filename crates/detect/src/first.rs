//! The two files that are written: the settings that differ from the defaults, and a schema to start from.

use crate::layout::Layout;

/// What the first schema is about.
#[derive(Debug, Clone)]
pub(crate) struct Schema<'a> {
    pub(crate) name: &'a str,
    pub(crate) databases: &'a [String],
    pub(crate) models: bool,
    /// The entity of those who log in: `User`.
    pub(crate) person: &'a str,
    /// The entity of what they own: `Note`.
    pub(crate) thing: &'a str,
}

/// `architrave.toml`: a line for each setting that is not the default.
pub(crate) fn settings(layout: &Layout) -> String {
    let mut text = String::from(
        "# Where architrave reads and writes. Every line is optional; what the schema is stands in schema/*.arch.\n",
    );
    if let Some(output) = &layout.output {
        text.push_str(&format!(
            "output = \"{output}\"  # sql/, the models and the migrations go below this folder\n"
        ));
    }
    let models = [
        (
            "folder",
            &layout.folder,
            "the package that gets models/ and schemas/",
        ),
        ("package", &layout.package, "by what it is imported"),
        ("support", &layout.support, "what the models stand on"),
        ("migrations", &layout.migrations, "beside the application's own"),
        ("base", &layout.base, "the models are subclasses of it, too"),
        ("log", &layout.log, "security events are told to it, too"),
    ];
    let lines: Vec<String> = models
        .into_iter()
        .filter_map(|(name, value, about)| Some(format!("{name} = \"{}\"  # {about}\n", value.as_ref()?)))
        .collect();
    if lines.is_empty() && layout.output.is_none() {
        text.push_str("# Nothing differs from the defaults: the schema is in schema/, and what is built lies beside it.\n");
    }
    if !lines.is_empty() {
        text.push_str(if layout.output.is_some() {
            "\n[models]\n"
        } else {
            "[models]\n"
        });
        text.extend(lines);
    }
    text
}

/// A schema that holds, in its form: somebody who logs in, and something that they own.
pub(crate) fn schema(of: &Schema<'_>) -> String {
    let Schema {
        name, person, thing, ..
    } = of;
    let databases = of.databases.join(", ");
    let models = if of.models { "\n  models    sqlalchemy" } else { "" };
    let pad = " ".repeat("String(200)".len().saturating_sub(person.len()));
    format!(
        r#"/// One description of the data: `architrave check` reads it, `architrave build` writes what follows, `architrave prove` tries to refute it.
project {name} {{
  database  {databases}{models}
}}

/// Someone who can log in. `owns self`: nobody else reads or changes the row, and the database sees to it.
entity {person} owns self {{
  email      Email         @unique(global) because "one account per address"
  password   PasswordHash
  full_name  String(100)?  @pii

  // Rows that others need stay, emptied of the person.
  anonymise 30 days after deleted
}}

/// What somebody writes down.
entity {thing} {{
  // Whose it is: everybody else's rows are out of sight.
  author  {person}{pad}  @owner
  title   String(200)
  body    Text?

  // A query gets the index that it needs, and in the models it is a method.
  query of_author {{
    where author = $author
    order created_at desc
    limit 50
  }}
}}

// What every entity gets without a word. These are the defaults: change one here for all, or leave it out for one entity, as in
// `entity {thing} without soft_delete because "..."`. The reason is asked for, and stands in the documents.
policy {{
  identity     dual(uuid4)  // a key inside, which joins, and a random one outside, which cannot be guessed; or natural, uuid7
  actor        {person}{pad}  // whom created_by and updated_by point to
  timestamps   on           // created_at and updated_at, kept by the database; or off("why")
  soft_delete  on           // what is deleted stays, out of sight, and can be restored; or off("why")
  versioning   on           // who would overwrite a change that they have not seen is refused; or off("why")
  access       separate     // when a row was read last, and how often, beside the row; or inline, off("why")
  audit        chained      // who changed what, in a trail that cannot be changed unnoticed; or plain, off("why")
  tenant       none         // or an entity: then every row belongs to one
  context      setting      // what row-level security trusts; signed raises the bar
}}
"#
    )
}
