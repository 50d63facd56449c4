//! The emitted files are run as they are, by the server's own client.

use dialects::postgres::POSTGRES;
use emit::Heading;
use physical::Database;

use crate::sample::shop;
use crate::support::{assert_same, introspect, server};

#[test]
fn files_build_the_schema_and_take_it_back() {
    let goal = shop();
    let plan = migrate::plan(&Database::default(), &goal, &POSTGRES).unwrap();
    let heading = Heading::of(&POSTGRES, "shop", "architrave 0.1.0".to_owned(), &plan.to);
    let files = emit::sql(&plan, &heading);
    assert_eq!(files, emit::sql(&plan, &heading));
    let text = |path: &str| {
        let file = files.iter().find(|file| file.path == path);
        file.unwrap_or_else(|| panic!("no {path}")).text.as_str()
    };
    let (roles, schema, undo) = (
        text("sql/postgres/roles.sql"),
        text("sql/postgres/schema.sql"),
        text("sql/postgres/undo.sql"),
    );
    assert!(!schema.contains("CREATE ROLE"));
    assert!(!schema.contains("architrave_cannot_say"));
    if let Some(folder) = std::env::var_os("ARCHITRAVE_SHOW") {
        for file in &files {
            let path = std::path::Path::new(&folder).join(file.path.replace('/', "-"));
            std::fs::write(path, &file.text).unwrap();
        }
    }
    let server = server();
    server.create_database("files").unwrap();
    let mut connection = server.superuser_connection("files").unwrap();
    for part in [roles, schema] {
        connection.batch(part).unwrap_or_else(|error| panic!("{error:?}"));
    }
    assert_same(&goal, &introspect(&mut connection));
    connection.batch(undo).unwrap_or_else(|error| panic!("{error:?}"));
    assert_eq!(introspect(&mut connection), Database::default());
}
