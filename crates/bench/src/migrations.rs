//! Figures of migrations that run beside an application.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::machine::Chance;
use dialects::postgres::POSTGRES;
use emit::way::{self, Journey};
use engine::{CancelToken, Connection, Durability, Server, StartOptions};
use journal::{Migration, Script};
use plan::Direction;
use runner::{Job, Settings};

use crate::Failure;
use crate::stats::line;

/// A server that writes as one in production does.
pub(crate) fn server() -> Result<(tempfile::TempDir, Server), Failure> {
    let cache = tempfile::tempdir()?;
    let mut options = StartOptions::new(cache.path(), std::env::temp_dir());
    options.durability = Durability::Durable;
    let settings = [
        ("shared_buffers", "1GB"),
        ("max_wal_size", "8GB"),
        ("maintenance_work_mem", "512MB"),
    ];
    options.settings = settings
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .to_vec();
    let server = Server::start(&options)?;
    Ok((cache, server))
}

fn settings() -> Settings {
    Settings {
        actor: "bench".to_owned(),
        host: "bench".to_owned(),
        process: std::process::id(),
        patience: Duration::from_secs(10),
        lock_timeout: Duration::from_secs(2),
        tries: 50,
        maker: "bench".to_owned(),
        accept_drift: true,
        out_of_order: false,
        cancel: CancelToken::default(),
    }
}

pub(crate) fn run(server: &Server, database: &str, up: &str) -> Result<Duration, Failure> {
    let migrations = [Migration {
        number: 1,
        name: "bench".to_owned(),
        up: Script::new("up.sql", up.as_bytes()).map_err(|fault| fault.to_string())?,
        down: None,
        plan: None,
    }];
    let job = Job {
        system: &Chance,
        url: &server.url(database, server.superuser()),
        dialect: &POSTGRES,
        migrations: &migrations,
        settings: &settings(),
    };
    let started = Instant::now();
    runner::apply(&job, None, &mut |_| {}).map_err(|stop| format!("{}: {:?}", stop.message, stop.details))?;
    Ok(started.elapsed())
}

fn filled(server: &Server, database: &str, rows: u64) -> Result<Connection, Failure> {
    server.create_database(database)?;
    let mut connection = server.superuser_connection(database)?;
    connection.batch(&format!(
        "CREATE TABLE customers (id bigserial PRIMARY KEY, email text NOT NULL, name text NOT NULL, public_id uuid);
         INSERT INTO customers (email, name)
         SELECT 'c' || n || '@example.com', 'Customer ' || n FROM generate_series(1, {rows}) n;"
    ))?;
    connection.batch("VACUUM ANALYZE customers; ")?;
    connection.batch("CHECKPOINT")?;
    Ok(connection)
}

const UPDATE: &str = "UPDATE customers SET public_id = gen_random_uuid() WHERE public_id IS NULL";

/// A column filled in batches, against one bare UPDATE of the same table.
pub(crate) fn backfill() -> Result<(), Failure> {
    let (_cache, server) = server()?;
    let mut sizes = vec![10_000, 100_000, 1_000_000];
    sizes.extend(many()?.filter(|rows| *rows > 1_000_000));
    let mut first = None;
    for rows in sizes {
        let mut bare = filled(&server, &format!("bare_{rows}"), rows)?;
        let started = Instant::now();
        bare.execute(UPDATE)?;
        let bare = started.elapsed();
        server.drop_database(&format!("bare_{rows}"))?;
        drop(filled(&server, &format!("batches_{rows}"), rows)?);
        let up = format!("-- architrave: batches by id\n{UPDATE};");
        let took = run(&server, &format!("batches_{rows}"), &up)?;
        server.drop_database(&format!("batches_{rows}"))?;
        let speed = |took: Duration| rows as f64 / took.as_secs_f64();
        let first = *first.get_or_insert_with(|| speed(took));
        line(
            &format!("{rows} rows in batches"),
            &format!("{:.0}/s", speed(took)),
            "≥ 100,000 rows/s",
        );
        line(
            "  of one bare UPDATE",
            &format!("{:.2} ×", speed(took) / speed(bare)),
            "≥ 0.80",
        );
        line(
            "  of the smallest table",
            &format!("{:.2} ×", speed(took) / first),
            "≥ 0.80",
        );
    }
    Ok(())
}

/// How many rows are wanted: `ARCHITRAVE_ROWS`.
pub(crate) fn many() -> Result<impl Iterator<Item = u64>, Failure> {
    let rows = std::env::var("ARCHITRAVE_ROWS").ok();
    Ok(rows.map(|rows| rows.parse()).transpose()?.into_iter())
}

const BEFORE: &str =
    "CREATE TABLE customers (id bigserial PRIMARY KEY, email text NOT NULL, name text NOT NULL);";

const AFTER: &str = "
CREATE TABLE customers (
    id bigserial PRIMARY KEY, email text NOT NULL, name text NOT NULL,
    public_id uuid NOT NULL DEFAULT gen_random_uuid(),
    created_at timestamptz NOT NULL DEFAULT now(), updated_at timestamptz NOT NULL DEFAULT now(), deleted_at timestamptz,
    version bigint NOT NULL DEFAULT 1,
    CONSTRAINT customers_public_id UNIQUE (public_id), CONSTRAINT customers_version CHECK (version > 0)
);
CREATE UNIQUE INDEX customers_email_living ON customers (email) WHERE deleted_at IS NULL;
CREATE FUNCTION customers_touch() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN NEW.updated_at := now(); NEW.version := OLD.version + 1; RETURN NEW; END $$;
CREATE TRIGGER customers_touch BEFORE UPDATE ON customers FOR EACH ROW EXECUTE FUNCTION customers_touch();
ALTER TABLE customers ENABLE ROW LEVEL SECURITY;
CREATE POLICY living ON customers USING (deleted_at IS NULL);
";

/// The same, as it is written by somebody who does not think of those who wait.
const NAIVE: &str = "
ALTER TABLE customers
    ADD COLUMN public_id uuid NOT NULL DEFAULT gen_random_uuid(),
    ADD COLUMN created_at timestamptz NOT NULL DEFAULT now(), ADD COLUMN updated_at timestamptz NOT NULL DEFAULT now(),
    ADD COLUMN deleted_at timestamptz, ADD COLUMN version bigint NOT NULL DEFAULT 1,
    ADD CONSTRAINT customers_public_id UNIQUE (public_id), ADD CONSTRAINT customers_version CHECK (version > 0);
CREATE UNIQUE INDEX customers_email_living ON customers (email) WHERE deleted_at IS NULL;
CREATE FUNCTION customers_touch() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN NEW.updated_at := now(); NEW.version := OLD.version + 1; RETURN NEW; END $$;
CREATE TRIGGER customers_touch BEFORE UPDATE ON customers FOR EACH ROW EXECUTE FUNCTION customers_touch();
ALTER TABLE customers ENABLE ROW LEVEL SECURITY;
CREATE POLICY living ON customers USING (deleted_at IS NULL);
";

/// The migration from one schema to another, as `migrate new` writes it; for tables that are large, or are not.
pub(crate) fn migration(
    server: &Server,
    (before, after): (&str, &str),
    large: bool,
) -> Result<String, Failure> {
    let read = |name: &str, sql: &str| -> Result<physical::Database, Failure> {
        server.create_database(name)?;
        let mut connection = server.superuser_connection(name)?;
        connection.batch(sql)?;
        let found = state::introspect(&mut connection, &POSTGRES)?;
        drop(connection);
        server.drop_database(name)?;
        Ok(found)
    };
    let (mut from, to) = (read("schema_before", before)?, read("schema_after", after)?);
    if large {
        plan::large_from(&mut from, 0);
    }
    let plan = migrate::plan_keeping(&from, &to, &POSTGRES, &[], "0001_bench")?;
    let legs = plan.way(Direction::Forth);
    let journey = Journey {
        dialect: POSTGRES.name,
        title: POSTGRES.title,
        direction: Direction::Forth,
        from: "before",
        to: "after",
        prelude: &[],
        legs: &legs,
        notes: &[],
    };
    Ok(way::migration(&journey, &[]))
}

/// Customers who read and write while something goes on: how long each had to wait, in order of length.
pub(crate) struct Application {
    stop: Arc<AtomicBool>,
    threads: Vec<thread::JoinHandle<Result<Vec<Duration>, String>>>,
}

impl Application {
    pub(crate) fn start(server: &Server, database: &str, rows: u64) -> Result<Self, Failure> {
        let stop = Arc::new(AtomicBool::new(false));
        let mut threads = Vec::new();
        for number in 0..2_u64 {
            let mut connection = server.superuser_connection(database)?;
            let stop = Arc::clone(&stop);
            threads.push(thread::spawn(move || {
                let mut waits = Vec::new();
                let mut id = number * 7919 + 1;
                while !stop.load(Ordering::Relaxed) {
                    id = id
                        .wrapping_mul(6_364_136_223_846_793_005)
                        .wrapping_add(1_442_695_040_888_963_407);
                    let row = id % rows + 1;
                    let sql = if id % 4 == 0 {
                        format!("UPDATE customers SET name = 'n{id}' WHERE id = {row}")
                    } else {
                        format!("SELECT email, name FROM customers WHERE id = {row}")
                    };
                    let started = Instant::now();
                    connection.batch(&sql).map_err(|error| error.to_string())?;
                    waits.push(started.elapsed());
                    thread::sleep(Duration::from_millis(2));
                }
                Ok(waits)
            }));
        }
        Ok(Self { stop, threads })
    }

    pub(crate) fn end(self) -> Result<Vec<Duration>, Failure> {
        self.stop.store(true, Ordering::Relaxed);
        let mut all = Vec::new();
        for thread in self.threads {
            all.extend(thread.join().map_err(|_| "a customer panicked")??);
        }
        all.sort();
        Ok(all)
    }
}

pub(crate) fn told(what: &str, took: Option<Duration>, waits: &[Duration], promise: &str) {
    let at = |part: f64| {
        let index = (waits.len().saturating_sub(1) as f64 * part) as usize;
        waits.get(index).copied().unwrap_or_default().as_secs_f64() * 1000.0
    };
    let took = took.map_or(String::new(), |took| format!(" in {:.1} s", took.as_secs_f64()));
    line(
        &format!("{what}{took}: p50, p99, longest wait"),
        &format!("{:.1}, {:.1}, {:.0} ms", at(0.5), at(0.99), at(1.0)),
        promise,
    );
}

/// A table with sequential ids becomes the secure form while an application reads and writes it.
pub(crate) fn retrofit() -> Result<(), Failure> {
    let (_cache, server) = server()?;
    let rows = many()?.next().unwrap_or(1_000_000);
    let up = migration(&server, (BEFORE, AFTER), false)?;
    for (name, naive) in [("planned", false), ("naive", true)] {
        let mut connection = filled(&server, name, rows)?;
        connection.batch("ALTER TABLE customers DROP COLUMN public_id")?;
        if !naive {
            let application = Application::start(&server, name, rows)?;
            thread::sleep(Duration::from_secs(5));
            told("before", None, &application.end()?, "");
        }
        let application = Application::start(&server, name, rows)?;
        thread::sleep(Duration::from_millis(200));
        let took = if naive {
            let started = Instant::now();
            connection.transaction(|connection| connection.batch(NAIVE))?;
            started.elapsed()
        } else {
            run(&server, name, &up)?
        };
        let title = format!("{rows} rows, {name}");
        told(&title, Some(took), &application.end()?, "");
        let missing = connection.query("SELECT count(*) FROM customers WHERE public_id IS NULL", &[])?;
        if missing.scalar().and_then(physical::Value::as_int) != Some(0) {
            return Err("some row has no public id".into());
        }
        drop(connection);
        server.drop_database(name)?;
    }
    Ok(())
}
