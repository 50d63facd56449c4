//! Figures of columns that get another type beside an application.

use std::thread;
use std::time::Duration;

use physical::Value;

use crate::Failure;
use crate::migrations::{Application, many, migration, run, server, told};

const fn schema(wide: bool) -> &'static str {
    if wide {
        "CREATE TABLE customers (
             id bigint PRIMARY KEY, email text NOT NULL, name text NOT NULL, total bigint NOT NULL DEFAULT 0,
             CONSTRAINT customers_total CHECK (total >= 0)
         );
         CREATE INDEX customers_total_idx ON customers (total);
         CREATE INDEX customers_email_idx ON customers (email);"
    } else {
        "CREATE TABLE customers (
             id integer PRIMARY KEY, email text NOT NULL, name text NOT NULL, total integer NOT NULL DEFAULT 0,
             CONSTRAINT customers_total CHECK (total >= 0)
         );
         CREATE INDEX customers_total_idx ON customers (total);
         CREATE INDEX customers_email_idx ON customers (email);"
    }
}

/// A key and an amount get wider, beside the application and in place.
pub(crate) fn retype() -> Result<(), Failure> {
    let (_cache, server) = server()?;
    let rows = many()?.next().unwrap_or(1_000_000);
    for (name, large) in [("beside", true), ("in_place", false)] {
        let up = migration(&server, (schema(false), schema(true)), large)?;
        server.create_database(name)?;
        let mut connection = server.superuser_connection(name)?;
        connection.batch(schema(false))?;
        connection.batch(&format!(
            "INSERT INTO customers SELECT n, 'c' || n || '@example.com', 'Customer ' || n, n % 1000 FROM generate_series(1, {rows}) n"
        ))?;
        connection.batch("VACUUM ANALYZE customers")?;
        connection.batch("CHECKPOINT")?;
        let application = Application::start(&server, name, rows)?;
        thread::sleep(Duration::from_secs(5));
        told("before", None, &application.end()?, "");
        let application = Application::start(&server, name, rows)?;
        thread::sleep(Duration::from_millis(200));
        let took = run(&server, name, &up)?;
        told(
            &format!("{rows} rows, {name}"),
            Some(took),
            &application.end()?,
            "",
        );
        let sum = connection.query("SELECT sum(total) = sum(id % 1000) FROM customers", &[])?;
        if sum.scalar().and_then(Value::as_bool) != Some(true) {
            return Err("some total is not what it was".into());
        }
        drop(connection);
        server.drop_database(name)?;
    }
    Ok(())
}
