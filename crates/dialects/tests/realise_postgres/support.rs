//! A server, a hand-made blueprint with one of everything, and people who log in.

use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{OnceLock, RwLock, RwLockReadGuard, RwLockWriteGuard};

use dialects::postgres;
use engine::{Connection, EngineError, Server, SqlError, StartOptions};
use physical::{Blueprint, Value};
use plan::{Action, Change, ContextValues, Object};

use crate::shop;

/// Which schema a test wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Variant {
    /// `context setting`, `audit chained`.
    Setting,
    /// `context signed`.
    Signed,
    /// The chain inside the transaction.
    Inline,
    /// No audit trail at all.
    Silent,
    /// No audit trail, and nothing that the database does by itself but to fill in the owner.
    Bare,
}

/// A database of its own.
pub(crate) struct Shop {
    pub(crate) blueprint: Blueprint,
    name: String,
    _turn: Turn,
}

/// A transaction anywhere in the cluster holds the sealer back, so tests that count what is sealed run alone.
enum Turn {
    Shared(#[allow(dead_code, reason = "held")] RwLockReadGuard<'static, ()>),
    Alone(#[allow(dead_code, reason = "held")] RwLockWriteGuard<'static, ()>),
}

static TURNS: RwLock<()> = RwLock::new(());

fn server() -> &'static Server {
    static SERVER: OnceLock<(tempfile::TempDir, Server)> = OnceLock::new();
    let (_, server) = SERVER.get_or_init(|| {
        let cache = tempfile::tempdir().unwrap();
        let options = StartOptions::new(cache.path(), Path::new("/tmp"));
        let server = Server::start(&options).expect("these tests need PostgreSQL 15 or newer");
        (cache, server)
    });
    server
}

/// Statements that make everything, in an order that works.
pub(crate) fn statements(database: &physical::Database) -> Vec<String> {
    let mut objects = Vec::new();
    objects.extend(database.roles.iter().map(Object::Role));
    objects.extend(database.schemas.iter().map(Object::Schema));
    objects.extend(database.functions.iter().map(Object::Function));
    objects.extend(database.tables.iter().map(|table| Object::Table(table, &[])));
    for table in &database.tables {
        objects.extend(
            table
                .foreign_keys
                .iter()
                .map(|key| Object::ForeignKey(table, key)),
        );
        objects.extend(table.indexes.iter().map(|index| Object::Index(table, index)));
    }
    objects.extend(database.seeds.iter().map(|seed| Object::Seed(seed, database)));
    for table in &database.tables {
        objects.extend(
            table
                .triggers
                .iter()
                .map(|trigger| Object::Trigger(table, trigger)),
        );
        if table.row_security != physical::RowSecurity::Off {
            objects.push(Object::RowSecurity(table));
        }
        objects.extend(table.policies.iter().map(|policy| Object::Policy(table, policy)));
        objects.push(Object::Grants(table));
    }
    objects.extend(database.views.iter().map(Object::View));
    objects.extend(database.opaque.iter().map(Object::Opaque));
    let steps = objects
        .into_iter()
        .flat_map(|object| postgres::steps::steps(&Change::Create(object)));
    steps
        .flat_map(|step| {
            let Action::Sql(sql) = step.action;
            sql
        })
        .collect()
}

const LOGINS: &[(&str, &str)] = &[
    ("ann_app", "shop_app"),
    ("rita_reader", "shop_reader"),
    ("mia_migrator", "shop_migrator"),
    ("sam_sealer", "shop_sealer"),
    ("eve_eraser", "shop_eraser"),
    ("otto_auditor", "shop_auditor"),
];

fn template(variant: Variant) -> &'static str {
    static TEMPLATES: [OnceLock<String>; 5] = [const { OnceLock::new() }; 5];
    static ROLES: std::sync::Mutex<()> = std::sync::Mutex::new(());
    let slot = &TEMPLATES[variant as usize];
    slot.get_or_init(|| {
        let _one_at_a_time = ROLES.lock().unwrap();
        let name = format!("template_{variant:?}").to_lowercase();
        server().create_database(&name).unwrap();
        let mut admin = server().superuser_connection(&name).unwrap();
        let realised = postgres::realise::realise(&shop::blueprint(variant));
        assert!(realised.lost.is_empty());
        for statement in statements(&realised.database) {
            admin
                .batch(&statement)
                .unwrap_or_else(|error| panic!("{error:?}\n{statement}"));
        }
        for (login, role) in LOGINS {
            let known = admin
                .query("SELECT 1 FROM pg_roles WHERE rolname = $1", &[text(login)])
                .unwrap();
            if known.rows.is_empty() {
                admin
                    .batch(&format!("CREATE ROLE {login} LOGIN IN ROLE {role}"))
                    .unwrap();
            }
        }
        name
    })
}

/// A fresh database with the schema in it.
pub(crate) fn shop(variant: Variant) -> Shop {
    fresh(
        variant,
        Turn::Shared(TURNS.read().unwrap_or_else(std::sync::PoisonError::into_inner)),
    )
}

/// The same, with nobody else in the cluster.
pub(crate) fn shop_alone(variant: Variant) -> Shop {
    fresh(
        variant,
        Turn::Alone(TURNS.write().unwrap_or_else(std::sync::PoisonError::into_inner)),
    )
}

fn fresh(variant: Variant, turn: Turn) -> Shop {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    static CLONING: std::sync::Mutex<()> = std::sync::Mutex::new(());
    let template = template(variant);
    let name = format!("shop_{}", COUNT.fetch_add(1, Ordering::Relaxed));
    let _one_at_a_time = CLONING.lock().unwrap();
    server().clone_database(&name, template).unwrap();
    Shop {
        blueprint: shop::blueprint(variant),
        name,
        _turn: turn,
    }
}

/// A person of the shop, as the application knows them.
#[derive(Clone, Debug)]
pub(crate) struct Person {
    pub(crate) user: String,
    pub(crate) actor: String,
}

impl Shop {
    pub(crate) fn admin(&self) -> Connection {
        server().superuser_connection(&self.name).unwrap()
    }

    /// A login that is a member of a role.
    pub(crate) fn login(&self, role: &str) -> Connection {
        let (login, _) = LOGINS
            .iter()
            .find(|(_, of)| *of == format!("shop_{role}"))
            .unwrap();
        server().connect(&self.name, login).unwrap()
    }

    pub(crate) fn app(&self) -> Connection {
        self.login("app")
    }

    pub(crate) fn sign_up(&self, email: &str) -> Person {
        let mut app = self.app();
        let rows = app
            .query(
                "SELECT public_id::text, actor::text FROM shop_private.sign_up_user($1, $2)",
                &[text(email), text("$argon2id$hash")],
            )
            .unwrap();
        Person {
            user: cell(&rows, 0, 0),
            actor: cell(&rows, 0, 1),
        }
    }

    pub(crate) fn enter(&self, connection: &mut Connection, person: &Person) {
        let values = ContextValues {
            actor: Some(person.actor.clone()),
            ..ContextValues::default()
        };
        for statement in postgres::realise::enter(&self.blueprint, &values) {
            connection.batch(&statement).unwrap();
        }
    }

    /// Runs statements as the application, for a person, in one transaction that commits.
    pub(crate) fn act(&self, person: &Person, sql: &str) -> Result<(), EngineError> {
        let mut app = self.app();
        app.begin().unwrap();
        self.enter(&mut app, person);
        app.batch(sql)?;
        app.commit()
    }

    /// What a query answers the application, for a person.
    pub(crate) fn ask(&self, person: &Person, sql: &str) -> Vec<Vec<Value>> {
        let mut app = self.app();
        app.begin().unwrap();
        self.enter(&mut app, person);
        app.query(sql, &[])
            .unwrap_or_else(|error| panic!("{error:?}\n{sql}"))
            .rows
    }

    /// One value that the superuser sees.
    pub(crate) fn truth(&self, sql: &str) -> String {
        let rows = self.admin().query(&format!("SELECT ({sql})::text"), &[]).unwrap();
        cell(&rows, 0, 0)
    }

    /// The id of an order made for a person.
    pub(crate) fn order(&self, person: &Person) -> i64 {
        let rows = {
            let mut app = self.app();
            app.begin().unwrap();
            self.enter(&mut app, person);
            let rows = app
                .query("INSERT INTO shop.orders (note) VALUES ('n') RETURNING id", &[])
                .unwrap();
            app.commit().unwrap();
            rows
        };
        rows.rows[0][0].as_int().unwrap()
    }
}

pub(crate) fn text(value: &str) -> Value {
    Value::Text(value.to_owned())
}

pub(crate) fn cell(rows: &physical::Rows, row: usize, column: usize) -> String {
    match &rows.rows[row][column] {
        Value::Null => "NULL".to_owned(),
        Value::Text(text) => text.clone(),
        Value::Int(value) => value.to_string(),
        Value::Bool(value) => value.to_string(),
        other => format!("{other:?}"),
    }
}

/// What the server said about a statement that must fail.
#[track_caller]
pub(crate) fn refusal(result: Result<(), EngineError>) -> SqlError {
    let error = result.expect_err("this had to be refused");
    error.sql().unwrap_or_else(|| panic!("{error:?}")).clone()
}

/// The SQLSTATE and the constraint of a refusal.
#[track_caller]
pub(crate) fn refused(result: Result<(), EngineError>, code: &str, constraint: &str) {
    let error = refusal(result);
    assert_eq!(error.code, code, "{error:?}");
    assert_eq!(error.constraint.as_deref().unwrap_or(""), constraint, "{error:?}");
}
