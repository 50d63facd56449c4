//! Names that a database would take amiss.

use crate::support::Project;

/// Words that are reserved by PostgreSQL, by SQLite, by both, or that are columns of every table of theirs.
const WORDS: &[&str] = &[
    "order",
    "user",
    "select",
    "table",
    "group",
    "limit",
    "check",
    "from",
    "where",
    "default",
    "primary",
    "references",
    "index",
    "grant",
    "analyse",
    "desc",
    "column",
    "constraint",
    "window",
    "offset",
    "fetch",
    "lateral",
    "natural",
    "left",
    "on",
    "both",
    "array",
    "any",
    "case",
    "when",
    "end",
    "in",
    "is",
    "isnull",
    "like",
    "between",
    "exists",
    "cast",
    "distinct",
    "union",
    "having",
    "into",
    "values",
    "returning",
    "transaction",
    "action",
    "autoincrement",
    "cascade",
    "current_user",
    "session_user",
    "glob",
    "indexed",
    "raise",
    "regexp",
    "trigger",
    "unique",
    "with",
    "new",
    "old",
    "rowid",
    "oid",
    "role",
    "value",
    "type",
];

#[test]
fn reserved_words_are_names_like_others_on_both_databases() {
    // As columns, all of them; as tables, those whose plural is reserved too, or whose name is used in triggers.
    let columns: String = WORDS.iter().map(|word| format!("  {word}  Int?\n")).collect();
    let mut text = format!(
        "policy {{\n  actor  User\n}}\n\nentity User owns self {{\n  name  String(20)\n}}\n\nentity Word {{\n  owner  User  @owner\n{columns}  unique (order, select)\n  index (group, limit desc)\n  check (check > 0 or table is null)\n}}\n"
    );
    for entity in [
        "Select", "Table", "Value", "Row", "Old", "New", "Offset", "Group", "End",
    ] {
        text.push_str(&format!(
            "\nentity {entity} public because \"x\" {{\n  order  Word?\n  table  Int\n  unique (table)\n}}\n"
        ));
    }
    text.push_str("\nenum State { select, from, where }\n\nentity Order {\n  user   User  @owner\n  group  State = select\n  @table(\"order\")\n}\n".replace("\n  @table(\"order\")", "").as_str());
    text = text.replace("entity Order {", "entity Order @table(\"order\") {");
    let project = Project::of(&text);
    project.run(&["check"]).ends(0).says("NAM105");
    project.run(&["prove", "--gate", "apply"]).ends(0);
}

#[track_caller]
fn refused(text: &str, code: &str) {
    Project::of(text)
        .run(&["check", "--format", "concise"])
        .ends(1)
        .says(code);
}

#[test]
fn names_that_would_be_one_are_refused() {
    refused(
        "entity Ab public because \"x\" {\n n Int\n}\nentity AB public because \"x\" {\n n Int\n}\n",
        "NAM007",
    );
    refused(
        "entity FooBar public because \"x\" {\n n Int\n}\nentity Foo_bar public because \"x\" {\n n Int\n}\n",
        "NAM007",
    );
    refused("entity A public because \"x\" {\n aB Int\n ab Int\n}\n", "NAM008");
    refused("entity A public because \"x\" {\n n Int\n n Int\n}\n", "NAM002");
    refused(
        "entity User owns self {\n n Int\n}\nentity A {\n user User @owner\n user_id Int\n}\n",
        "NAM008",
    );
    refused(
        "entity A public because \"x\" {\n created_at Instant\n}\n",
        "NAM010",
    );
}

#[test]
fn names_of_63_bytes_hold_and_longer_ones_are_refused() {
    let field = "f".repeat(63);
    let entity = format!("E{}", "e".repeat(61));
    let ok = format!(
        "entity {entity} public because \"x\" {{\n  {field} Int @unique\n  {}g Int @range(1..5)\n  unique ({field}, {0}g)\n  index ({0}g)\n  link {entity}? @on_delete(set_null)\n}}\n",
        "f".repeat(62)
    );
    // Constraints of such tables get shortened names, which must stay different.
    Project::of(&ok).run(&["prove", "--gate", "apply"]).ends(0);
    refused(&ok.replace(&field, &"f".repeat(64)), "NAM009");
    refused(&ok.replace(&entity, &format!("{entity}x")), "NAM009");
    // By @table and @column nothing longer gets in, either.
    refused(
        &format!(
            "entity A @table(\"{}\") public because \"x\" {{\n n Int\n}}\n",
            "t".repeat(64)
        ),
        "NAM009",
    );
    refused(
        &format!(
            "entity A public because \"x\" {{\n n Int @column(\"{}\")\n}}\n",
            "ö".repeat(32)
        ),
        "NAM009",
    );
}
