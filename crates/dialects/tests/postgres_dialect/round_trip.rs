//! Build, read back, compare; undo, and find nothing.

use dialects::postgres::POSTGRES;
use physical::{Database, Value};

use crate::sample::shop;
use crate::support::{assert_same, introspect, server};

#[test]
fn what_is_built_is_what_is_read_and_undo_leaves_nothing() {
    let server = server();
    server.create_database("shop").unwrap();
    let mut connection = server.superuser_connection("shop").unwrap();
    let empty = introspect(&mut connection);
    assert_eq!(empty, Database::default());

    let goal = shop();
    let plan = migrate::plan(&empty, &goal, &POSTGRES).unwrap();
    engine::apply(&mut connection, &plan.steps).unwrap_or_else(|error| panic!("{error:#?}"));
    let found = introspect(&mut connection);
    assert_same(&goal, &found);
    assert_eq!(plan.to, physical::hash(&(POSTGRES.canonical)(&found)));

    // The sequence stands behind the rows that were given.
    let next = connection
        .query("INSERT INTO shop.users (email) VALUES ('a@b') RETURNING id", &[])
        .unwrap();
    assert_eq!(next.scalar(), Some(&Value::Int(3)));

    // What was read can be built again elsewhere, and is the same there.
    server.create_database("again").unwrap();
    let mut other = server.superuser_connection("again").unwrap();
    let second = migrate::plan(&Database::default(), &found, &POSTGRES).unwrap();
    engine::apply(&mut other, &second.steps).unwrap_or_else(|error| panic!("{error:#?}"));
    assert_same(&found, &introspect(&mut other));

    // Roles are shared: undoing one database leaves what the other still uses.
    engine::undo(&mut connection, &plan).unwrap_or_else(|error| panic!("{error:#?}"));
    assert_eq!(introspect(&mut connection), Database::default());
    assert_same(&found, &introspect(&mut other));

    engine::undo(&mut other, &second).unwrap_or_else(|error| panic!("{error:#?}"));
    assert_eq!(introspect(&mut other), Database::default());
    let left = other
        .query("SELECT count(*) FROM pg_roles WHERE rolname LIKE 'shop%'", &[])
        .unwrap();
    // Those that were found belong to the server, and not to a schema that was read.
    assert_eq!(left.scalar(), Some(&Value::Int(4)));
}

#[test]
fn a_schema_that_is_there_goes_and_comes_again() {
    let server = server();
    server.create_database("going").unwrap();
    let mut connection = server.superuser_connection("going").unwrap();
    let goal = shop();
    let build = migrate::plan(&Database::default(), &goal, &POSTGRES).unwrap();
    engine::apply(&mut connection, &build.steps).unwrap_or_else(|error| panic!("{error:#?}"));
    let found = introspect(&mut connection);

    let away = migrate::plan(&found, &Database::default(), &POSTGRES).unwrap();
    engine::apply(&mut connection, &away.steps).unwrap_or_else(|error| panic!("{error:#?}"));
    assert_eq!(introspect(&mut connection), Database::default());

    engine::undo(&mut connection, &away).unwrap_or_else(|error| panic!("{error:#?}"));
    assert_same(&found, &introspect(&mut connection));
    engine::undo(&mut connection, &build).unwrap_or_else(|error| panic!("{error:#?}"));
}

#[test]
fn names_and_texts_cannot_leave_their_quotes() {
    use physical::{Column, Name, Origin, Schema, SqlType, Table};

    let server = server();
    server.create_database("quotes").unwrap();
    let mut connection = server.superuser_connection("quotes").unwrap();
    let evil = "a\"; DROP SCHEMA pg_catalog CASCADE; --'$$\\";
    let mut table = Table::new(Name::new(evil, evil), Origin::Found);
    let mut column = Column::new(evil, SqlType::Text, Origin::Found);
    column.comment = Some(evil.to_owned());
    column.default = Some(physical::DefaultValue::Literal(physical::Literal::Text(
        evil.to_owned(),
    )));
    table.columns.push(column);
    table.owner = Some(server.superuser().into());
    table.comment = Some(evil.to_owned());
    let superuser = physical::Role {
        name: evil.into(),
        login: false,
        superuser: false,
        bypass_rls: false,
        member_of: Vec::new(),
        comment: Some(evil.to_owned()),
        origin: Origin::Found,
    };
    let goal = Database {
        roles: vec![superuser],
        schemas: vec![Schema {
            name: evil.into(),
            owner: Some(evil.into()),
            grants: Vec::new(),
            comment: Some(evil.to_owned()),
            origin: Origin::Found,
        }],
        tables: vec![table],
        ..Database::default()
    };
    let plan = migrate::plan(&Database::default(), &goal, &POSTGRES).unwrap();
    engine::apply(&mut connection, &plan.steps).unwrap_or_else(|error| panic!("{error:#?}"));
    let mut found = introspect(&mut connection);
    found.roles.retain(|role| !role.superuser);
    assert_same(&goal, &found);
    engine::undo(&mut connection, &plan).unwrap_or_else(|error| panic!("{error:#?}"));
    assert_eq!(introspect(&mut connection), Database::default());
}
