//! What was designed is what is read back, and no difference hides.

use physical::*;

use dialects::sqlite::SQLITE;

use crate::shop::{blueprint, living};
use crate::support::{build, introspect, open, run, steps};

#[test]
fn what_was_designed_is_what_is_read_back() {
    let built = build(blueprint());
    let designed = (SQLITE.canonical)(&built.realised.database);
    let found = (SQLITE.canonical)(&introspect(&built.connection));
    for (a, b) in designed.tables.iter().zip(&found.tables) {
        assert_eq!(a, b);
    }
    assert_eq!(
        Database {
            seeds: Vec::new(),
            ..designed
        },
        found
    );
}

#[test]
fn what_was_read_can_be_built_again() {
    let built = build(blueprint());
    let found = introspect(&built.connection);
    let second = open();
    run(&second, &steps(&found));
    assert_eq!(
        (SQLITE.canonical)(&found),
        (SQLITE.canonical)(&introspect(&second))
    );
}

#[test]
fn canonical_is_stable() {
    let database = (SQLITE.realise)(&blueprint()).database;
    let once = (SQLITE.canonical)(&database);
    assert_eq!(once, (SQLITE.canonical)(&once));
}

fn table<'a>(database: &'a mut Database, name: &str) -> &'a mut Table {
    database
        .tables
        .iter_mut()
        .find(|table| table.name.name.as_str() == name)
        .unwrap()
}

type Mutation = (&'static str, fn(&mut Database));

#[test]
fn no_difference_hides() {
    let mutations: Vec<Mutation> = vec![
        ("column gone", |d| {
            table(d, "orders").columns.pop();
        }),
        ("column order", |d| table(d, "orders").columns.swap(2, 3)),
        ("length", |d| {
            let checks = &mut table(d, "users").checks;
            let check = checks
                .iter_mut()
                .find(|c| c.name.as_str() == "users_email_type")
                .unwrap();
            check.expr = Expr::Sql("length(email) <= 255".into());
        }),
        ("null", |d| table(d, "users").columns[2].nullable = true),
        ("default", |d| {
            table(d, "orders").columns[4].default = Some(DefaultValue::Literal(Literal::Text("Cart".into())))
        }),
        ("no default", |d| table(d, "orders").columns[4].default = None),
        ("type", |d| table(d, "users").columns[3].ty = SqlType::Bytes),
        ("comment", |d| table(d, "users").columns[0].comment = None),
        ("table comment", |d| {
            table(d, "users").comment = Some("Other.".into())
        }),
        ("index comment", |d| table(d, "users").indexes[0].comment = None),
        ("identity", |d| table(d, "users").columns[0].identity = None),
        ("unique gone", |d| {
            table(d, "users").uniques.pop();
        }),
        ("unique columns", |d| {
            table(d, "orders").uniques[1].columns.pop();
        }),
        ("check gone", |d| {
            table(d, "actors").checks.pop();
        }),
        ("check name", |d| {
            table(d, "actors").checks[0].name = "other".into()
        }),
        ("key action", |d| {
            table(d, "tokens").foreign_keys[2].on_delete = OnDelete::NoAction
        }),
        ("key deferred", |d| {
            table(d, "tokens").foreign_keys[2].deferred = true
        }),
        ("key target", |d| {
            table(d, "tokens").foreign_keys[2].references = Name::bare("tenants")
        }),
        ("index predicate", |d| {
            table(d, "users").indexes[0].predicate = None
        }),
        ("index predicate turned", |d| {
            table(d, "users").indexes[0].predicate = Some(Expr::Not(Box::new(living())));
        }),
        ("index unique", |d| table(d, "users").indexes[0].unique = false),
        ("index order", |d| {
            table(d, "categories").indexes[0].keys.reverse()
        }),
        ("index direction", |d| {
            table(d, "categories").indexes[0].keys[1].descending = true
        }),
        ("trigger gone", |d| {
            table(d, "orders").triggers.pop();
        }),
        ("trigger body", |d| {
            let trigger = &mut table(d, "orders").triggers[0];
            if let TriggerAction::Body(body) = &mut trigger.action {
                *body = body.replacen("42501", "42502", 1);
            }
        }),
        ("trigger event", |d| {
            let trigger = table(d, "orders")
                .triggers
                .iter_mut()
                .find(|t| t.name.as_str() == "orders_updated")
                .unwrap();
            trigger.events = vec![TriggerEvent::Update(Vec::new())];
        }),
        ("trigger condition", |d| {
            table(d, "orders")
                .triggers
                .iter_mut()
                .find(|t| t.name.as_str() == "orders_updated")
                .unwrap()
                .when = None;
        }),
        ("generated", |d| {
            let column = table(d, "order_lines")
                .columns
                .iter_mut()
                .find(|c| c.generated.is_some())
                .unwrap();
            column.generated.as_mut().unwrap().expr = Expr::column("price", SqlType::Numeric(Some((12, 2))));
        }),
        ("generated kind", |d| {
            let column = table(d, "order_lines")
                .columns
                .iter_mut()
                .find(|c| c.generated.is_some())
                .unwrap();
            column.generated.as_mut().unwrap().stored = false;
        }),
        ("strict", |d| table(d, "users").strict = false),
        ("view", |d| {
            d.views[0].query = ViewQuery::Sql("SELECT 1 AS id".into())
        }),
        ("view comment", |d| d.views[0].comment = None),
        ("table gone", |d| {
            d.tables.remove(0);
        }),
    ];
    let built = build(blueprint());
    let found = (SQLITE.canonical)(&introspect(&built.connection));
    for (name, mutate) in mutations {
        let mut designed = built.realised.database.clone();
        mutate(&mut designed);
        designed.seeds.clear();
        assert_ne!((SQLITE.canonical)(&designed), found, "{name}");
    }
}

#[test]
fn foreign_schemas_are_read_whole() {
    let connection = open();
    connection
        .execute_batch(
            "CREATE TABLE [My Parent] (a int, `b c` VARCHAR(40) COLLATE nocase NOT NULL DEFAULT 'x,)', PRIMARY KEY (a, `b c`)) WITHOUT ROWID;
             CREATE TABLE child (id integer primary key, -- the key
               p int, q text, x DECIMAL(10,5) default -1.5 check (x > 0) unique on conflict ignore,
               y as (x * 2), z int constraint named not null references solo on update cascade deferrable initially deferred,
               foreign key (p, q) references \"my parent\" /* a comment, with ) */ on delete set null
               check (q <> ')' or q is null));
             CREATE TABLE solo (k integer primary key autoincrement);
             CREATE TABLE odd (\"select\" , 'text name' blob, unique (\"select\" collate nocase desc));
             CREATE UNIQUE INDEX i1 ON child (lower(q) COLLATE nocase DESC, \"p\") WHERE p IS NOT NULL AND q <> 'WHERE';
             CREATE TRIGGER t1 AFTER UPDATE OF p, q ON child WHEN CASE WHEN new.p THEN 1 END BEGIN
               UPDATE child SET x = CASE WHEN 1 THEN 2 END; SELECT 'END'; END;
             CREATE VIEW v (one, two) AS SELECT p, q FROM child;
             CREATE TRIGGER t2 INSTEAD OF INSERT ON v BEGIN SELECT 1; END;
             CREATE VIRTUAL TABLE docs USING fts5(body);
             CREATE TABLE copy AS SELECT 1 AS one, 'x' AS two;
             ALTER TABLE solo ADD COLUMN more TEXT DEFAULT (lower('X'));",
        )
        .unwrap();
    let found = introspect(&connection);
    let names: Vec<&str> = found
        .tables
        .iter()
        .map(|table| table.name.name.as_str())
        .collect();
    assert_eq!(names, ["My Parent", "child", "solo", "odd", "copy"]);
    let opaque: Vec<String> = found
        .opaque
        .iter()
        .map(|o| format!("{} {}", o.kind, o.name))
        .collect();
    assert_eq!(opaque, ["virtual table docs", "trigger t2"]);
    let parent = &found.tables[0];
    assert!(parent.without_rowid && !parent.columns[0].nullable);
    assert_eq!(parent.columns[1].collation.as_deref(), Some("nocase"));
    assert_eq!(parent.columns[1].ty, SqlType::Other("VARCHAR(40)".into()));
    let child = &found.tables[1];
    assert_eq!(child.columns[0].ty, SqlType::BigInt);
    assert_eq!(
        child.columns[3].default,
        Some(DefaultValue::Expr(Expr::Sql("-1.5".into())))
    );
    assert_eq!(
        child.columns[4].generated.as_ref().unwrap().expr,
        Expr::Sql("x * 2".into())
    );
    assert_eq!(child.checks.len(), 2);
    assert_eq!(child.foreign_keys[0].referenced, ["k".into()]);
    assert!(child.foreign_keys[0].deferred);
    assert_eq!(child.foreign_keys[1].references, Name::bare("My Parent"));
    assert_eq!(child.foreign_keys[1].referenced, ["a".into(), "b c".into()]);
    assert_eq!(child.indexes[0].keys.len(), 2);
    assert!(child.indexes[0].keys[0].descending);
    assert_eq!(child.indexes[0].keys[0].operator_class.as_deref(), Some("nocase"));
    assert!(found.tables[2].columns[0].identity.is_some() && found.tables[2].columns.len() == 2);
    let TriggerAction::Body(body) = &child.triggers[0].action else {
        panic!()
    };
    assert!(
        body.trim().starts_with("UPDATE child") && body.trim().ends_with("SELECT 'END';"),
        "{body}"
    );
    let second = open();
    run(&second, &steps(&found));
    assert_eq!(
        (SQLITE.canonical)(&found).tables,
        (SQLITE.canonical)(&introspect(&second)).tables
    );
}

#[test]
fn answers_of_another_shape_are_refused() {
    assert!((SQLITE.read_catalog)(&[]).is_err());
    let mut answers = vec![Rows::default(); (SQLITE.catalog)().len()];
    assert_eq!((SQLITE.read_catalog)(&answers), Ok(Database::default()));
    answers[0].rows.push(vec![Value::Null]);
    assert!((SQLITE.read_catalog)(&answers).is_err());
}
