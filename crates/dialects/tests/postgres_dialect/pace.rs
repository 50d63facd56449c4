//! Understanding the catalog's answers costs little beside asking for them.

use std::time::Instant;

use dialects::postgres::POSTGRES;
use physical::Rows;

use crate::support::database;

const TABLES: &str = "
CREATE SCHEMA pace;
DO $$
BEGIN
    FOR n IN 1..1000 LOOP
        EXECUTE format(
            'CREATE TABLE pace.t%s (
                 id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, public_id uuid NOT NULL DEFAULT gen_random_uuid() UNIQUE,
                 name varchar(80) NOT NULL, total numeric(12,2) DEFAULT 0 CHECK (total >= 0), at timestamptz DEFAULT now(),
                 parent bigint REFERENCES pace.t%s ON DELETE CASCADE, status text CHECK (status IN (%L, %L)))',
            n, greatest(n - 1, 1), 'open', 'paid');
        EXECUTE format('CREATE INDEX ON pace.t%s (parent) WHERE total > 0', n);
        EXECUTE format('COMMENT ON COLUMN pace.t%s.name IS %L', n, 'its name');
        -- Each statement holds locks until the end: one transaction for all would run out of them.
        COMMIT;
    END LOOP;
END
$$";

#[test]
fn reading_a_thousand_tables_costs_less_than_asking() {
    let mut connection = database("pace");
    for statement in TABLES.splitn(2, ";\n") {
        connection.batch(statement).unwrap();
    }
    connection.batch("ANALYZE").unwrap();
    let mut asking = Vec::new();
    let mut reading = Vec::new();
    for _ in 0..3 {
        connection.begin().unwrap();
        let start = Instant::now();
        let answers: Vec<Rows> = (POSTGRES.catalog)()
            .iter()
            .map(|query| connection.query(query.sql, &[]).unwrap())
            .collect();
        asking.push(start.elapsed());
        connection.rollback().unwrap();
        let start = Instant::now();
        let found = (POSTGRES.read_catalog)(&answers).unwrap();
        reading.push(start.elapsed());
        assert_eq!(found.tables.len(), 1000);
    }
    let (asking, reading) = (asking.iter().min().unwrap(), reading.iter().min().unwrap());
    eprintln!("1,000 tables: asking {asking:?}, reading {reading:?}");
    // Unoptimised code is several times slower; what must not happen is a quadratic answer.
    let factor = if cfg!(debug_assertions) { 1.0 } else { 0.3 };
    assert!(
        reading.as_secs_f64() < asking.as_secs_f64() * factor,
        "asking {asking:?}, reading {reading:?}"
    );
}
