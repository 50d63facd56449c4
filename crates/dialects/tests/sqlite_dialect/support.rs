//! A database in memory, built by the dialect's own steps.

use dialects::sqlite::{CONNECTION, SQLITE};
use physical::{Blueprint, Database, Realised, Rows, Value};
use plan::{Action, Change, ContextValues, Object, Step, Undo};
use rusqlite::Connection;
use rusqlite::types::ValueRef;

/// A database that was built from a blueprint.
pub(crate) struct Built {
    pub(crate) blueprint: Blueprint,
    pub(crate) realised: Realised,
    pub(crate) connection: Connection,
    pub(crate) steps: Vec<Step>,
}

pub(crate) fn open() -> Connection {
    let connection = Connection::open_in_memory().unwrap();
    for pragma in CONNECTION {
        connection.execute_batch(pragma).unwrap();
    }
    connection
}

/// All steps that make a database, in a working order.
pub(crate) fn steps(database: &Database) -> Vec<Step> {
    let mut objects = Vec::new();
    let positions: Vec<Vec<usize>> = database
        .tables
        .iter()
        .map(|t| (0..t.foreign_keys.len()).collect())
        .collect();
    for (table, positions) in database.tables.iter().zip(&positions) {
        objects.push(Object::Table(table, positions));
        objects.extend(table.indexes.iter().map(|index| Object::Index(table, index)));
    }
    for table in &database.tables {
        objects.extend(
            table
                .triggers
                .iter()
                .map(|trigger| Object::Trigger(table, trigger)),
        );
    }
    objects.extend(database.views.iter().map(Object::View));
    objects.extend(database.seeds.iter().map(|seed| Object::Seed(seed, database)));
    objects.extend(database.opaque.iter().map(Object::Opaque));
    objects
        .iter()
        .flat_map(|object| (SQLITE.steps)(&Change::Create(*object)))
        .collect()
}

pub(crate) fn run(connection: &Connection, steps: &[Step]) {
    for step in steps {
        let Action::Sql(statements) = &step.action;
        for statement in statements {
            if let Err(error) = connection.execute_batch(statement) {
                panic!("{error}\n{statement}");
            }
        }
    }
}

pub(crate) fn undo(connection: &Connection, steps: &[Step]) {
    for step in steps.iter().rev() {
        if let Undo::Sql(statements) = &step.undo {
            for statement in statements {
                connection
                    .execute_batch(statement)
                    .unwrap_or_else(|error| panic!("{error}\n{statement}"));
            }
        }
    }
}

pub(crate) fn build(blueprint: Blueprint) -> Built {
    let realised = (SQLITE.realise)(&blueprint);
    let connection = open();
    let steps = steps(&realised.database);
    run(&connection, &steps);
    Built {
        blueprint,
        realised,
        connection,
        steps,
    }
}

pub(crate) fn query(connection: &Connection, sql: &str) -> Rows {
    let mut statement = connection
        .prepare(sql)
        .unwrap_or_else(|error| panic!("{error}\n{sql}"));
    let columns: Vec<String> = statement.column_names().map(str::to_owned).collect();
    let width = columns.len();
    let mut rows = statement.query([]).unwrap();
    let mut out = Rows {
        columns,
        rows: Vec::new(),
    };
    while let Some(row) = rows.next().unwrap() {
        out.rows
            .push((0..width).map(|at| value(row.get_ref(at).unwrap())).collect());
    }
    out
}

fn value(value: ValueRef<'_>) -> Value {
    match value {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(number) => Value::Int(number),
        ValueRef::Real(number) => Value::Float(number),
        ValueRef::Text(text) => Value::Text(String::from_utf8(text.to_vec()).unwrap()),
        ValueRef::Blob(bytes) => Value::Bytes(bytes.to_vec()),
    }
}

pub(crate) fn introspect(connection: &Connection) -> Database {
    let answers: Vec<Rows> = (SQLITE.catalog)()
        .iter()
        .map(|of| query(connection, of.sql))
        .collect();
    (SQLITE.read_catalog)(&answers).unwrap()
}

impl Built {
    pub(crate) fn run(&self, sql: &str) {
        self.connection
            .execute_batch(sql)
            .unwrap_or_else(|error| panic!("{error}\n{sql}"));
    }

    /// Expects a refusal whose message holds `wanted`, and that nothing of the statement stays.
    pub(crate) fn refuse(&self, sql: &str, wanted: &str) {
        match self.connection.execute_batch(sql) {
            Ok(()) => panic!("was not refused: {sql}"),
            Err(error) => assert!(error.to_string().contains(wanted), "{error}\n{sql}"),
        }
    }

    pub(crate) fn one(&self, sql: &str) -> String {
        let rows = query(&self.connection, sql);
        assert_eq!(rows.rows.len(), 1, "{sql}");
        show(rows.scalar().unwrap())
    }

    pub(crate) fn all(&self, sql: &str) -> String {
        let rows = query(&self.connection, sql);
        let lines: Vec<String> = rows
            .rows
            .iter()
            .map(|row| row.iter().map(show).collect::<Vec<_>>().join("|"))
            .collect();
        lines.join("\n")
    }

    pub(crate) fn enter(&self, actor: Option<&str>, tenant: Option<&str>) {
        let values = ContextValues {
            actor: actor.map(str::to_owned),
            tenant: tenant.map(str::to_owned),
            signature: None,
        };
        for statement in (SQLITE.enter)(&self.blueprint, &values) {
            self.run(&statement);
        }
    }
}

pub(crate) fn show(value: &Value) -> String {
    match value {
        Value::Null => "NULL".to_owned(),
        Value::Bool(value) => value.to_string(),
        Value::Int(value) => value.to_string(),
        Value::Float(value) => format!("{value:?}"),
        Value::Text(value) => value.clone(),
        Value::Bytes(value) => format!("{value:?}"),
    }
}
