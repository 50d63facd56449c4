//! A designed schema with rows in it becomes what an edit of its text says, and itself again with every row; by somebody who is no superuser.

use std::fs;

use engine::{Connection, DatabaseUrl};

use super::Stage;
use crate::support::{root, server};

/// The edits of a fixture: blocks of lines to find (`- `) and to put in their place (`+ `).
fn edited(text: &str, edits: &str) -> String {
    let mut text = text.to_owned();
    for block in edits.trim_end().split("\n\n") {
        let lines = |sign: &str| -> String {
            let found = block.lines().filter_map(|line| line.strip_prefix(sign));
            found.collect::<Vec<_>>().join("\n")
        };
        let (old, new) = (lines("- "), lines("+ "));
        assert!(text.contains(&old), "the schema has no `{old}`");
        text = text.replace(&old, &new);
    }
    text
}

/// Every row of every table.
fn rows(connection: &mut Connection) -> Vec<String> {
    let tables = "SELECT c.oid::regclass::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace \
                  WHERE nspname LIKE 'edits%' AND relkind = 'r' ORDER BY 1";
    let found = connection.query(tables, &[]).unwrap();
    let mut out = Vec::new();
    for table in found.rows.iter().map(|row| row[0].as_text().unwrap().to_owned()) {
        let sql = format!("SELECT to_jsonb(t)::text FROM {table} AS t ORDER BY 1");
        let rows = connection.query(&sql, &[]).unwrap();
        out.extend(
            rows.rows
                .iter()
                .map(|row| format!("{table} {}", row[0].as_text().unwrap())),
        );
    }
    out
}

/// A database of the example, and the address under which an ordinary user deploys to it.
fn deployed(schema: &str, deployer: &str) -> Stage {
    let mut stage = Stage::empty("postgres");
    stage.project.write("architrave.toml", "");
    stage.project.write("schema/shop.arch", schema);
    stage.migrate(&["new", "init", "--on", "postgres"]).ends(0);
    let name = DatabaseUrl::parse(&stage.address).unwrap().database();
    stage.sql(&format!(
        "DO $$ BEGIN CREATE ROLE {deployer} LOGIN CREATEROLE; EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$;
         ALTER DATABASE {name} OWNER TO {deployer};"
    ));
    stage.address = server().url(&name, deployer).to_string();
    stage
}

/// The roles of the example belong to the server: an administrator makes them, and lets the deployer act for them.
fn roles(schema: &str, deployer: &str) {
    let mut stage = deployed(schema, deployer);
    let name = DatabaseUrl::parse(&stage.address).unwrap().database();
    stage.address = server().url(&name, server().superuser()).to_string();
    stage.migrate(&["apply"]).ends(0);
    stage.sql(&format!(
        "DO $$ DECLARE each name; BEGIN
             FOR each IN SELECT rolname FROM pg_roles WHERE rolname LIKE 'edits\\_%' LOOP
                 EXECUTE format('GRANT %I TO {deployer} WITH ADMIN OPTION', each);
             END LOOP;
         END $$"
    ));
}

#[test]
fn every_edit_and_its_way_back_keep_every_row() {
    let folder = root().join("fixtures/migrate/edits");
    let schema = fs::read_to_string(root().join("examples/shop/schema/shop.arch")).unwrap();
    // Roles are for a whole server, so the project has a name that no other test gives to one.
    let schema = schema.replace("project shop {", "project edits {");
    let filling = fs::read_to_string(folder.join("rows.sql"))
        .unwrap()
        .replace("shop.", "edits.");
    roles(&schema, "deploys_edits");
    let mut paths: Vec<_> = fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    paths.retain(|path| path.extension().is_some_and(|end| end == "txt"));
    paths.sort();
    assert!(paths.len() >= 8);
    for path in paths {
        let name = path.file_stem().unwrap().to_str().unwrap();
        let stage = deployed(&schema, "deploys_edits");
        stage.migrate(&["apply"]).ends(0);
        let database = DatabaseUrl::parse(&stage.address).unwrap().database();
        let mut superuser = server().superuser_connection(&database).unwrap();
        superuser.batch(&filling).unwrap();
        let before = rows(&mut superuser);
        assert!(before.len() > 2000, "{}", before.len());
        stage.project.write(
            "schema/shop.arch",
            edited(&schema, &fs::read_to_string(&path).unwrap()),
        );
        stage
            .migrate(&["new", name, "--on", "postgres"])
            .ends(0)
            .keeps_silent_about("data loss");
        stage.migrate(&["apply"]).ends(0);
        stage.migrate(&["verify"]).ends(0);
        let after = rows(&mut superuser);
        stage
            .migrate(&["rollback"])
            .ends(0)
            .keeps_silent_about("does not undo all of it");
        let again = rows(&mut superuser);
        let lost: Vec<&String> = before.iter().filter(|row| !again.contains(row)).take(3).collect();
        assert!(lost.is_empty() && again.len() == before.len(), "{name}: {lost:?}");
        stage.migrate(&["apply"]).ends(0);
        assert_eq!(rows(&mut superuser).len(), after.len(), "{name}");
    }
}
