//! Columns of large tables that get another type beside an application.

use std::io::{BufRead as _, BufReader};
use std::thread;

use engine::{Connection, DatabaseUrl};

use super::Stage;
use crate::support::{server, signal, until};

const MANY: i64 = 30_000;

const WIDER: (&str, &str) = ("integer", "bigint");

const ROLES: &str = "
    DO $$ BEGIN CREATE ROLE retyper LOGIN; EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$;
    DO $$ BEGIN CREATE ROLE retype_clerk LOGIN; EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$;";

/// Whole numbers of one width, in a table whose owner sees no row of it.
fn schema(number: &str, money: &str) -> String {
    format!(
        "CREATE TABLE people (id integer PRIMARY KEY);
         CREATE TABLE things (
             id {number} PRIMARY KEY,
             amount {money} NOT NULL DEFAULT 5,
             owner {number} CONSTRAINT things_owner REFERENCES people,
             code text NOT NULL,
             CONSTRAINT things_code UNIQUE (code, amount),
             CONSTRAINT things_amount CHECK (amount >= 0)
         );
         CREATE INDEX things_owner_idx ON things (owner) WHERE owner > 1;
         CREATE TABLE parts (id integer PRIMARY KEY, thing {number} NOT NULL CONSTRAINT parts_thing REFERENCES things ON DELETE CASCADE);
         CREATE VIEW rich AS SELECT id, amount FROM things WHERE amount > 100;
         ALTER TABLE things ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
         CREATE POLICY clerks ON things TO retype_clerk USING (amount >= 0);
         GRANT SELECT, INSERT, UPDATE, DELETE ON things TO retype_clerk;
         GRANT SELECT ON people TO retype_clerk;"
    )
}

/// A database whose owner is no superuser.
fn owned() -> Stage {
    let mut stage = Stage::empty("postgres");
    let name = DatabaseUrl::parse(&stage.address).unwrap().database();
    stage.sql(&format!(
        "{ROLES} ALTER DATABASE {name} OWNER TO retyper; ALTER SCHEMA public OWNER TO retyper;"
    ));
    stage.address = server().url(&name, "retyper").to_string();
    stage
}

/// With many rows under the first migration; the second is written by the program.
fn planned(rows: i64, number: (&str, &str), money: (&str, &str)) -> Stage {
    let stage = owned();
    stage.project.write("before.sql", schema(number.0, money.0));
    stage.project.write("after.sql", schema(number.1, money.1));
    for (name, to) in [("first", "before.sql"), ("wide", "after.sql")] {
        let arguments = ["new", name, "--on", "postgres", "--to", to, "--large", "0"];
        stage.migrate(&arguments).ends(0);
    }
    filled(&stage, rows);
    stage
}

fn filled(stage: &Stage, rows: i64) {
    stage.migrate(&["apply", "--to", "1"]).ends(0);
    superuser(
        stage,
        &format!(
            "INSERT INTO people SELECT generate_series(1, 9);
             INSERT INTO things SELECT n, n % 500, nullif(n % 9, 0), 't' || n FROM generate_series(1, {rows}) n;
             INSERT INTO parts SELECT n, n FROM generate_series(1, 100) n;"
        ),
    );
}

fn connect(stage: &Stage, role: &str) -> Connection {
    let name = DatabaseUrl::parse(&stage.address).unwrap().database();
    server().connect(&name, role).unwrap()
}

fn superuser(stage: &Stage, sql: &str) {
    connect(stage, server().superuser()).batch(sql).unwrap();
}

fn seen(stage: &Stage, sql: &str) -> Vec<String> {
    let rows = connect(stage, server().superuser()).query(sql, &[]).unwrap();
    rows.rows.iter().map(|row| format!("{row:?}")).collect()
}

const TYPES: &str = "SELECT string_agg(format_type(atttypid, atttypmod), ' ' ORDER BY attname) FROM pg_attribute \
    WHERE attrelid = 'things'::regclass AND attnum > 0 AND NOT attisdropped";

/// Keeps a second account of what it writes.
const MIRROR: &str = "CREATE SCHEMA aside; GRANT USAGE ON SCHEMA aside TO retype_clerk;
    CREATE TABLE aside.things AS SELECT id::bigint, amount::numeric AS amount, owner::bigint, code FROM things;
    CREATE UNIQUE INDEX ON aside.things (id); GRANT ALL ON aside.things TO retype_clerk;
    CREATE FUNCTION aside.slow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(0.0001); RETURN NEW; END $$;
    CREATE TRIGGER slow BEFORE UPDATE ON things FOR EACH ROW EXECUTE FUNCTION aside.slow();";

const LOST: &str = "SELECT (SELECT count(*) FROM (SELECT id, amount, owner, code FROM things EXCEPT SELECT * FROM aside.things) a), \
    (SELECT count(*) FROM (SELECT * FROM aside.things EXCEPT SELECT id, amount, owner, code FROM things) b), \
    (SELECT abs(count(*) - (SELECT count(*) FROM aside.things)) FROM things)";

/// Inserts, changes and deletes as an ordinary user until the child ends; how often.
fn work(stage: &Stage, child: &mut std::process::Child) -> i64 {
    let mut clerk = connect(stage, "retype_clerk");
    let mut done = 0;
    loop {
        let row = done * 7919 % MANY + 1;
        let new = seen(stage, "SELECT max(id) + 1 FROM aside.things");
        let new: i64 = new[0].trim_matches(|c: char| !c.is_numeric()).parse().unwrap();
        let statements: String = ["things", "aside.things"]
            .iter()
            .map(|table| {
                format!(
                    "INSERT INTO {table} (id, amount, owner, code) VALUES ({new}, {done}, 3, 'new{new}');
                     UPDATE {table} SET amount = amount + 1000, owner = NULL WHERE id = {row};
                     UPDATE {table} SET code = code || '!' WHERE id = {MANY} - {row};
                     DELETE FROM {table} WHERE id = {row} + 5 AND id > 200;"
                )
            })
            .collect();
        clerk.batch(&format!("BEGIN; {statements} COMMIT")).unwrap();
        done += 1;
        if let Some(status) = child.try_wait().unwrap() {
            assert!(status.success());
            return done;
        }
    }
}

/// Starts a command, and answers it once it writes rows.
fn started(stage: &Stage, command: &[&str]) -> std::process::Child {
    let mut child = stage
        .command(command)
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let begun = lines.find(|line| line.as_ref().unwrap().contains("UPDATE public.things"));
    assert!(begun.is_some(), "the run ended before its batches");
    // Somebody must go on reading, or the run waits.
    thread::spawn(move || lines.for_each(drop));
    child
}

#[test]
fn an_application_that_writes_meanwhile_loses_nothing_both_ways() {
    let stage = planned(MANY, WIDER, ("integer", "bigint"));
    let up = stage.project.read("migrations/0002_wide/up.sql");
    assert!(
        up.contains("-- architrave: batches by id\nUPDATE public.things"),
        "{up}"
    );
    assert!(!up.contains(" USING amount"), "{up}");
    superuser(&stage, MIRROR);
    let mut child = started(&stage, &["apply", "--verbose", "--accept-drift"]);
    assert!(work(&stage, &mut child) > 10);
    assert_eq!(seen(&stage, TYPES), ["[Text(\"bigint text bigint bigint\")]"]);
    assert_eq!(seen(&stage, LOST), ["[Int(0), Int(0), Int(0)]"]);
    let mut child = started(&stage, &["rollback", "--verbose", "--accept-drift"]);
    assert!(work(&stage, &mut child) > 10);
    assert_eq!(seen(&stage, TYPES), ["[Text(\"integer text integer integer\")]"]);
    assert_eq!(seen(&stage, LOST), ["[Int(0), Int(0), Int(0)]"]);
    superuser(&stage, "DROP TRIGGER slow ON things; DROP SCHEMA aside CASCADE");
    // What was set up for the test is gone since.
    stage.migrate(&["apply", "--accept-drift"]).ends(0);
    stage.migrate(&["verify"]).ends(0);
}

/// Values that are less than they were come back where nobody has written since.
#[test]
fn values_that_get_narrower_come_back() {
    let stage = planned(400, ("integer", "integer"), ("numeric(10,2)", "integer"));
    superuser(
        &stage,
        "UPDATE things SET amount = amount + 0.25 WHERE id % 2 = 0",
    );
    stage.migrate(&["apply"]).ends(0);
    assert_eq!(seen(&stage, TYPES), ["[Text(\"integer text integer integer\")]"]);
    stage.migrate(&["verify"]).ends(0);
    superuser(&stage, "UPDATE things SET amount = 7 WHERE id = 2");
    stage.migrate(&["rollback"]).ends(0);
    let found = "SELECT count(*) FILTER (WHERE amount % 1 = 0.25), (SELECT amount FROM things WHERE id = 2)::text FROM things";
    assert_eq!(seen(&stage, found), ["[Int(199), Text(\"7.00\")]"]);
}

/// Whether a row does not fit is found out before anything takes another's place.
#[test]
fn a_value_that_does_not_fit_stops_it_and_is_mended() {
    let stage = planned(400, WIDER, ("bigint", "integer"));
    superuser(&stage, "UPDATE things SET amount = 5000000000 WHERE id = 300");
    stage.migrate(&["apply"]).ends(1).says("out of range");
    assert_eq!(
        connect(&stage, "retype_clerk")
            .query("SELECT amount FROM things WHERE id = 300", &[])
            .unwrap()
            .scalar(),
        Some(&physical::Value::Int(5_000_000_000))
    );
    superuser(&stage, "UPDATE things SET amount = 5 WHERE id = 300");
    stage.migrate(&["apply"]).ends(0);
    stage.migrate(&["verify"]).ends(0);
    assert_eq!(seen(&stage, TYPES), ["[Text(\"integer text bigint bigint\")]"]);
}

/// What the design gives a table goes on while its columns change: versions, the audit trail, policies, views.
#[test]
fn a_designed_table_changes_beside_what_the_design_gives_it() {
    let mut stage = Stage::empty("postgres");
    let name = DatabaseUrl::parse(&stage.address).unwrap().database();
    let text = |number: &str| {
        format!(
            "project wide {{\n  database postgres\n}}\n
             entity Visit public because \"counted\" {{\n  page String(200)\n  seconds {number} = 0\n  score {number}?\n
               check (seconds >= 0)\n  index (score)\n  volume 5M\n}}\n"
        )
    };
    stage.project.write("a.arch", text("Int"));
    stage.migrate(&["new", "first", "a.arch"]).ends(0);
    stage.migrate(&["apply"]).ends(0);
    stage.sql("INSERT INTO wide.visits (page, seconds, score) SELECT 'p' || n, n, nullif(n % 3, 0) FROM generate_series(1, 3000) n");
    stage.project.write("a.arch", text("BigInt"));
    stage
        .migrate(&["new", "second", "a.arch"])
        .ends(0)
        .says("beside seconds, score");
    stage.address = server().url(&name, server().superuser()).to_string();
    stage.migrate(&["apply"]).ends(0);
    let found = "SELECT count(*), sum(seconds), sum(score), pg_typeof(min(seconds))::text, min(version)::text FROM wide.visits";
    assert_eq!(
        stage.rows(found),
        ["[Int(3000), Text(\"4501500\"), Text(\"3000\"), Text(\"bigint\"), Text(\"2\")]"]
    );
    stage.migrate(&["verify"]).ends(0);
    stage.migrate(&["rollback"]).ends(0);
    assert_eq!(
        stage.rows("SELECT sum(seconds), sum(score), pg_typeof(min(score))::text FROM wide.visits"),
        ["[Int(4501500), Int(3000), Text(\"integer\")]"]
    );
}

/// Runs a command, killing it at its `line`th line (from 0). Answers whether it got so far.
fn killed_at(stage: &Stage, arguments: &[&str], line: usize) -> bool {
    let mut child = stage
        .command(arguments)
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    if lines.nth(line).is_none() {
        assert!(child.wait().unwrap().success());
        return false;
    }
    signal(child.id(), "KILL");
    child.wait().unwrap();
    true
}

/// Everything that is there, but for times.
const STATE: &str = "SELECT string_agg(x, E'\\n' ORDER BY x) FROM (
    SELECT format('%s %s', conname, pg_get_constraintdef(oid)) FROM pg_constraint WHERE connamespace = 'public'::regnamespace
    UNION ALL SELECT format('%s %s', indexrelid::regclass, indisvalid) FROM pg_index i JOIN pg_class c ON c.oid = indexrelid
        WHERE relnamespace = 'public'::regnamespace
    UNION ALL SELECT format('%s %s', tgname, tgrelid::regclass) FROM pg_trigger WHERE NOT tgisinternal
    UNION ALL SELECT proname::text FROM pg_proc WHERE pronamespace = 'public'::regnamespace
    UNION ALL SELECT format('%s %s', relname, relforcerowsecurity) FROM pg_class WHERE relnamespace = 'public'::regnamespace
    UNION ALL SELECT format('%s %s', polname, pg_get_expr(polqual, polrelid)) FROM pg_policy
    UNION ALL SELECT format('%s %s %s', attrelid::regclass, attname, format_type(atttypid, atttypmod)) FROM pg_attribute
        WHERE attrelid = 'things'::regclass AND attnum > 0 AND NOT attisdropped
    UNION ALL SELECT concat_ws(' ', id, amount, owner, code) FROM things) AS found (x)";

#[test]
fn a_run_that_is_killed_goes_on() {
    let undisturbed = planned(300, WIDER, ("integer", "bigint"));
    let before = seen(&undisturbed, STATE);
    undisturbed.migrate(&["apply"]).ends(0);
    let after = seen(&undisturbed, STATE);
    // `ARCHITRAVE_EVERY=1` kills at each line.
    let every = std::env::var("ARCHITRAVE_EVERY").map_or(9, |text| text.parse().unwrap());
    let ways: [(&[&str], _); 2] = [(&["apply"], &after), (&["rollback", "--to", "1"], &before)];
    for (command, expected) in ways {
        let mut line = 2;
        loop {
            let stage = owned();
            stage.copy(&undisturbed.project.at("migrations"));
            filled(&stage, 300);
            if command != ["apply"] {
                stage.migrate(&["apply"]).ends(0);
            }
            if !killed_at(&stage, &[command, &["--verbose"]].concat(), line) {
                break;
            }
            until("nothing works any more", || {
                seen(
                    &stage,
                    "SELECT count(*) FROM pg_stat_activity WHERE usename = 'retyper' AND datname = current_database()",
                ) == ["[Int(0)]"]
            });
            stage.migrate(command).ends(0);
            let found = seen(&stage, STATE);
            assert_eq!(&found, expected, "{command:?}, killed at line {line}");
            line += every;
        }
        assert!(line > 20, "only {line} lines");
    }
}
