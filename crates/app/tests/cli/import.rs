//! `import`: what it makes of the schemas under `fixtures/import`, and that what is built of that is the schema again.
//!
//! `UPDATE_FIXTURES=1` writes the `.arch` beside each schema anew. With `ARCHITRAVE_CORPUS`, the name of a folder with `sql/…`, schemas of
//! real applications are tried as well, and counted.

use std::path::{Path, PathBuf};

use crate::support::{Project, root, server};

/// The schemas of one product.
fn schemas(product: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(root().join("fixtures/import").join(product)).unwrap();
    let paths = entries.map(|entry| entry.unwrap().path());
    let mut paths: Vec<PathBuf> = paths
        .filter(|path| path.extension().is_some_and(|extension| extension == "sql"))
        .collect();
    paths.sort();
    assert!(paths.len() > 2, "{paths:?}");
    paths
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// All that an import wrote, as one text.
pub(crate) fn written(project: &Project, folder: &str) -> String {
    let files = ["schema.arch", "sql.arch"].map(|name| project.at(folder).join(name));
    let texts = files.iter().filter_map(|file| std::fs::read_to_string(file).ok());
    texts.collect::<Vec<_>>().join("\n")
}

/// Imports a state, builds what came of it, and holds that against the state in every way there is.
pub(crate) fn there_and_back(state: &str, product: &str) -> Project {
    let project = Project::new(&[]);
    let import = [
        "import", state, "--on", product, "--name", "found", "--out", "schema",
    ];
    project.run(&import).ends(0).says("new     schema/schema.arch");
    let checked = project.run(&["check", "."]).ends(0);
    assert!(!checked.out.contains("error["), "{}", checked.out);
    project.run(&["fmt", ".", "--check"]).ends(0);
    project.run(&["build", "."]).ends(0);
    let built = format!("sql/{product}");
    for (from, to) in [(state, built.as_str()), (".", state)] {
        let diff = ["diff", "--from", from, "--to", to, "--on", product, "--check"];
        project.run(&diff).ends(0).says("no difference");
    }
    project
}

/// What is built of an import is imported as what it was built of.
fn again(project: &Project, product: &str) {
    let built = format!("sql/{product}");
    let import = [
        "import", &built, "--on", product, "--name", "found", "--out", "again",
    ];
    project.run(&import).ends(0);
    let (first, second) = (written(project, "schema"), written(project, "again"));
    let differs = first.lines().zip(second.lines()).find(|(one, two)| one != two);
    assert_eq!((differs, first.len()), (None, second.len()));
}

fn fixtures(product: &str) {
    let mut wrong = Vec::new();
    for path in schemas(product) {
        let project = there_and_back(text(&path), product);
        again(&project, product);
        let got = written(&project, "schema");
        let golden = path.with_extension("arch");
        if std::env::var_os("UPDATE_FIXTURES").is_some() {
            std::fs::write(&golden, &got).unwrap();
        } else if std::fs::read_to_string(&golden).unwrap_or_default() != got {
            wrong.push(golden);
        }
    }
    assert!(wrong.is_empty(), "UPDATE_FIXTURES=1 writes them anew: {wrong:?}");
}

#[test]
fn schemas_of_postgres_come_back() {
    fixtures("postgres");
}

#[test]
fn schemas_of_sqlite_come_back() {
    fixtures("sqlite");
}

#[test]
fn typical_tables_become_entities_and_others_say_why_not() {
    let project = Project::new(&[]);
    let typical = root().join("fixtures/import/postgres/typical.sql");
    let answer = project.run(&["import", text(&typical), "--on", "postgres", "--format", "json"]);
    let answer = answer.ends(0).json();
    assert_eq!(answer["schema"], "architrave.import/1");
    assert_eq!(answer["entities"].as_array().unwrap().len(), 4);
    assert_eq!(answer["enums"], 1);
    assert_eq!(answer["sql"].as_array().unwrap().len(), 0, "{}", answer["sql"]);
    assert!(
        !project.at("schema").exists(),
        "nothing is written unless it is asked for"
    );
    let raw = root().join("fixtures/import/postgres/raw.sql");
    project
        .run(&["import", text(&raw), "--on", "postgres"])
        .ends(0)
        .says("table public.events stays SQL: it is cut into partitions")
        .says("table public.secrets stays SQL: it has row-level security, which is a decision");
}

#[test]
fn databases_that_run_are_imported_and_only_read() {
    let script = std::fs::read_to_string(root().join("fixtures/import/postgres/typical.sql")).unwrap();
    server().create_database("imported").unwrap();
    let mut connection = server().superuser_connection("imported").unwrap();
    connection.batch(&script).unwrap();
    connection
        .batch("INSERT INTO users (email) VALUES ('a@example.org')")
        .unwrap();
    let url = server().url("imported", server().superuser()).to_string();
    let project = there_and_back(&url, "postgres");
    let golden = root().join("fixtures/import/postgres/typical.arch");
    let golden = std::fs::read_to_string(golden).unwrap();
    assert_eq!(written(&project, "schema"), golden);
    let left = connection.query("SELECT email FROM users", &[]).unwrap();
    assert_eq!(left.rows.len(), 1);
}

#[test]
fn nothing_is_overwritten_without_a_word() {
    let project = Project::new(&[
        (
            "a.sql",
            "CREATE TABLE users (id int PRIMARY KEY);\nCREATE VIEW v AS SELECT 1 AS one;",
        ),
        ("b.sql", "CREATE TABLE users (id int PRIMARY KEY, name text);"),
        ("schema/schema.arch", "// mine\n"),
    ]);
    let import = |file: &str, more: &[&str]| {
        let call = ["import", file, "--on", "postgres", "--out", "schema"];
        project.run(&[&call, more].concat())
    };
    import("a.sql", &[]).ends(3).says("nothing was written");
    assert_eq!(project.read("schema/schema.arch"), "// mine\n");
    assert!(!project.at("schema/sql.arch").exists());
    import("a.sql", &["--force"]).ends(0);
    assert!(project.read("schema/sql.arch").contains("CREATE VIEW public.v"));
    import("b.sql", &["--force"]).ends(0);
    assert!(project.read("schema/schema.arch").contains("name  Text?"));
    assert!(
        !project.at("schema/sql.arch").exists(),
        "what the last import does not say is gone"
    );
}

#[test]
fn what_cannot_be_imported_is_said() {
    let project = Project::new(&[
        ("bad.sql", "CREATE TABLE users (id nothing);"),
        ("good.sql", "CREATE TABLE users (id int);"),
    ]);
    project
        .run(&["import", "gone.sql"])
        .ends(2)
        .says("there is nothing at `gone.sql`");
    project
        .run(&["import", "good.sql"])
        .ends(2)
        .says("add `--on postgres`");
    project
        .run(&["import", "bad.sql", "--on", "postgres"])
        .ends(1)
        .says("nothing");
    project
        .run(&["import", "good.sql", "--on", "postgres", "--name", "No Name"])
        .ends(2)
        .says("cannot be the name of a project");
    project
        .run(&["import", "good.sql", "--on", "postgres", "--force"])
        .ends(2)
        .says("--out");
    project
        .run(&["import", "good.sql", "--on", "postgres"])
        .ends(0)
        .says("project good {");
}

#[test]
fn a_decision_for_one_table_leaves_the_others_as_they_are() {
    let project = Project::new(&[(
        "a.sql",
        "CREATE TABLE countries (id bigint PRIMARY KEY, name text NOT NULL);\nCREATE TABLE cities (id int PRIMARY KEY, name varchar(80), country_id bigint NOT NULL REFERENCES countries);",
    )]);
    let import = [
        "import", "a.sql", "--on", "postgres", "--name", "map", "--out", "schema",
    ];
    project.run(&import).ends(0);
    let schema = project.read("schema/schema.arch");
    let (head, rest) = schema.split_once("entity Country").unwrap();
    let (_, rest) = rest.split_once("}\n").unwrap();
    let decided =
        "entity Country public because \"a map\" without authors because \"nobody logs in\" { name Text }\n";
    let policy = "policy { actor none(\"nobody logs in\") }\n";
    project.write("schema/schema.arch", format!("{head}{policy}{decided}{rest}"));
    project.run(&["check", "."]).ends(0);
    project.run(&["build", "."]).ends(0);
    let built = project.read("sql/postgres/schema.sql");
    assert!(built.contains("    deleted_at "), "{built}");
    let city = built.split_once("CREATE TABLE public.cities (").unwrap().1;
    let (city, _) = city.split_once(";").unwrap();
    assert!(
        city.contains("varchar(80)") && !city.contains("created_at"),
        "{city}"
    );
    assert!(city.contains("REFERENCES public.countries (id)"), "{city}");
    project
        .run(&[
            "diff",
            "--from",
            "sql/postgres",
            "--to",
            ".",
            "--on",
            "postgres",
            "--check",
        ])
        .ends(0);
}

#[test]
fn what_was_imported_is_renamed_and_not_lost() {
    let script = "CREATE TABLE cities (id int PRIMARY KEY, name varchar(80));";
    for product in ["postgres", "sqlite"] {
        let project = Project::new(&[("a.sql", script)]);
        let import = [
            "import", "a.sql", "--on", product, "--name", "map", "--out", "schema",
        ];
        project.run(&import).ends(0);
        let schema = project.read("schema/schema.arch");
        let schema = schema.replace("entity City ", "entity Town @was(City) ");
        let renamed = schema
            .replace("  name  ", "  label @was(name) ")
            .replace("@was(name) String(80)?", "String(80)? @was(name)");
        assert!(renamed.contains("label String(80)? @was(name)"), "{renamed}");
        project.write("schema/schema.arch", renamed);
        let diff = [
            "diff", "--from", "a.sql", "--to", ".", "--on", product, "--format", "sql",
        ];
        let plan = project.run(&diff).ends(0).out;
        assert!(
            plan.contains("RENAME TO towns") && plan.contains("RENAME COLUMN name TO label"),
            "{plan}"
        );
        assert!(!plan.contains("data loss"), "{plan}");
    }
}

#[test]
fn what_nobody_has_decided_makes_no_claim() {
    let project = Project::new(&[("a.sql", "CREATE TABLE cities (id int PRIMARY KEY);")]);
    let import = [
        "import", "a.sql", "--on", "sqlite", "--name", "map", "--out", "schema",
    ];
    project.run(&import).ends(0);
    project
        .run(&["prove", "."])
        .ends(1)
        .says("nothing is designed yet");
    project
        .run(&["explain", "City", "."])
        .ends(0)
        .says("as it was found");
}

#[test]
fn nothing_is_no_state_to_import() {
    let project = Project::new(&[]);
    project
        .run(&["import", "empty", "--on", "sqlite"])
        .ends(2)
        .says("there is nothing to import");
}

/// Schemas of real applications: a folder or file of `sql/`, and the product.
const CORPUS: &[(&str, &str)] = &[
    ("azimutt-sample-basic.sql", "postgres"),
    ("azimutt-structure-pgdump.sql", "postgres"),
    ("bytebase-LATEST-pg.sql", "postgres"),
    ("bytebase-pgdump.sql", "postgres"),
    ("dispatch-multitenant-migration-pg.sql", "postgres"),
    ("documenso-prisma-migrations-pg", "postgres"),
    ("hoppscotch-prisma-migrations-pg", "postgres"),
    ("papermark-prisma-migrations-pg", "postgres"),
    ("sakila-pgdump.sql", "postgres"),
    ("synapse-72-postgres", "postgres"),
    ("synapse-72-sqlite", "sqlite"),
    ("umami-prisma-migrations-pg", "postgres"),
    ("vaultwarden-postgresql", "postgres"),
];

#[test]
fn schemas_of_real_applications_come_back() {
    let Some(folder) = std::env::var_os("ARCHITRAVE_CORPUS") else {
        return;
    };
    let mut failed = Vec::new();
    for (name, product) in CORPUS {
        let path = Path::new(&folder).join("sql").join(name);
        let tried = std::panic::catch_unwind(|| {
            let project = there_and_back(text(&path), product);
            again(&project, product);
            let call = ["import", "schema", "--on", product, "--format", "json"];
            let call = project.run(&call).ends(0).json();
            let count = |what: &str| call[what].as_array().unwrap().len();
            let raw = call["sql"].as_array().unwrap().iter();
            let tables = raw.filter(|raw| raw["object"].as_str().unwrap().starts_with("table "));
            (count("entities"), tables.count(), count("sql"))
        });
        match tried {
            Ok((entities, tables, raw)) => {
                println!(
                    "{name:<42} {entities:>4} entities {tables:>3} tables as SQL {raw:>4} objects as SQL, equal"
                );
            }
            Err(_) => failed.push(*name),
        }
    }
    assert!(failed.is_empty(), "{failed:?}");
}
