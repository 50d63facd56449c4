//! What is written and what the server prints must become one; what differs must stay different.

use std::collections::HashSet;

use dialects::postgres::{POSTGRES, expression};
use physical::*;

use crate::support::{database, introspect};

const COLUMNS: &str = "
    id bigint, small smallint, n integer, big bigint, price numeric(12,2), rate numeric, ratio double precision,
    a text, v varchar(50), c char(3), flag boolean, on_day date, at timestamptz, local timestamp, span interval,
    tags text[], numbers integer[], doc jsonb, raw bytea, u uuid, ip inet, status spelling.status, mail spelling.email";

/// Conditions as people write them.
const WRITTEN: &[&str] = &[
    "n > 0",
    "n >= -1",
    "n <> 5 AND n < 10 OR flag",
    "(n > 0 AND (n < 10 AND n <> 5))",
    "NOT flag",
    "NOT (n = 1 OR n = 2)",
    "price >= 0",
    "price > -0.5",
    "price * n <= 1000",
    "price * 1.5 > n",
    "n / 2 > 3",
    "n::numeric / 2 > 3",
    "(n + small) * 2 > big",
    "n - (small - 1) > 0",
    "big > 3000000000",
    "ratio > 0.5",
    "ratio > n",
    "a = 'x'",
    "a <> 'it''s'",
    "a = E'back\\\\slash'",
    "v = 'x'",
    "v = a",
    "v || a <> 'xy'",
    "lower(v) = v",
    "LOWER(a) = a",
    "char_length(v) <= 50",
    "length(a) BETWEEN 1 AND 10",
    "length(a) NOT BETWEEN 1 AND 10",
    "c = 'abc'",
    "mail LIKE '%@%'",
    "lower(mail) = mail",
    "a IN ('x', 'y')",
    "a NOT IN ('x', 'y')",
    "v IN ('x', 'y', 'z')",
    "a IN ('x')",
    "n IN (1, 2, 3)",
    "price IN (1, 2.5)",
    "n IN (1, small, 2)",
    "status = 'open'",
    "status IN ('open', 'paid')",
    "status <> ALL (ARRAY['open', 'paid']::spelling.status[])",
    "a = ANY (tags)",
    "tags @> ARRAY['x']",
    "tags = '{}'",
    "cardinality(tags) < 5",
    "tags[1] = 'x'",
    "a LIKE 'x%'",
    "a NOT LIKE '%x'",
    "a ILIKE 'x_'",
    "a LIKE '50!%' ESCAPE '!'",
    "a SIMILAR TO 'x+'",
    "a ~ '^[a-z]+$'",
    "v !~* 'x'",
    "starts_with(a, 'x_')",
    "right(a, length(v)) = v",
    "strpos(a, 'x') > 0",
    "position('x' in a) > 0",
    "substring(a from 1 for 2) = 'xy'",
    "trim(a) = a",
    "trim(both 'x' from a) = a",
    "on_day > '2024-01-31'",
    "on_day > DATE '2024-01-31'",
    "on_day <= (now() AT TIME ZONE 'UTC')::date",
    "on_day + 30 > '2024-01-31'",
    "at > '2024-01-31 00:00:00+00'",
    "at <= now()",
    "at <= CURRENT_TIMESTAMP",
    "at + interval '30 days' > now()",
    "at - interval '1 year 2 months' > now()",
    "at > now() - interval '36 hours'",
    "(at AT TIME ZONE 'UTC' + interval '1 month') AT TIME ZONE 'UTC' > now()",
    "extract(year from at) > 2000",
    "date_trunc('month', at) = at",
    "span < '90 minutes'",
    "local > on_day",
    "doc ->> 'k' = 'v'",
    "doc @> '{\"a\": [1,  2]}'",
    "jsonb_typeof(doc -> 'a') = 'array'",
    "octet_length(raw) = 32",
    "raw <> '\\xFF'::bytea",
    "u <> '00000000-0000-0000-0000-000000000000'",
    "a IS NULL OR v IS NOT NULL",
    "(a IS NULL) = (v IS NULL)",
    "flag IS NOT TRUE",
    "a IS DISTINCT FROM v",
    "n IS NOT DISTINCT FROM small",
    "coalesce(n, small, 0) > 0",
    "coalesce(price, 0) > 0",
    "CASE WHEN n > 0 THEN price ELSE 0 END > 1",
    "CASE n WHEN 1 THEN 'x' WHEN 2 THEN 'y' END = a",
    "greatest(n, 5) < 10",
    "abs(price) < 5",
    "num_nonnulls(a, v) = 1",
    "a COLLATE \"C\" < 'x'",
    "(n, small) = (1, 2)",
    "n % 2 = 0",
    "2 ^ n < 100",
    "-n > 3",
    "n = 1 AND (a = 'x' OR a = 'y') AND NOT (v = 'z')",
    "family(ip) = 4",
    "nullif(current_setting('app.actor', true), '')::bigint = big",
    "COALESCE(current_setting('app.backfill', true), '') = ''
        OR NOT pg_has_role('pg_monitor', 'USAGE')",
    "COALESCE(current_setting('app.backfill', true), '') <> '' AND pg_has_role('pg_monitor', 'USAGE')",
    "a IS DISTINCT FROM v
        OR (a IS NOT NULL AND v IS NULL)",
];

/// Pairs that differ by one thing, which must show.
const DIFFERENT: &[(&str, &str)] = &[
    ("n > 0", "n >= 0"),
    ("n > 0", "n > 1"),
    ("n > 0", "small > 0"),
    ("n > 0", "n > -0.0"),
    ("NOT flag", "flag"),
    ("n > 0 AND flag", "n > 0 OR flag"),
    ("(n > 0 OR flag) AND n < 9", "n > 0 OR flag AND n < 9"),
    ("n - (small - 1) > 0", "n - small - 1 > 0"),
    ("n * (small + 1) > 0", "n * small + 1 > 0"),
    ("a = 'x'", "a = 'X'"),
    ("a = 'x'", "a = 'x '"),
    ("a IN ('x', 'y')", "a IN ('x', 'z')"),
    ("a IN ('x', 'y')", "a NOT IN ('x', 'y')"),
    ("a LIKE 'x%'", "a ILIKE 'x%'"),
    ("a LIKE 'x%'", "a NOT LIKE 'x%'"),
    ("a ~ 'x'", "a ~* 'x'"),
    ("n BETWEEN 1 AND 10", "n BETWEEN 1 AND 11"),
    ("n BETWEEN 1 AND 10", "n NOT BETWEEN 1 AND 10"),
    ("a IS NULL", "a IS NOT NULL"),
    ("a IS DISTINCT FROM v", "a = v"),
    ("n / 2 > 3", "n::numeric / 2 > 3"),
    ("price::integer > 3", "price > 3"),
    ("at::date > '2024-01-31'", "at > '2024-01-31'"),
    ("a::varchar(1) = 'x'", "a = 'x'"),
    ("n::text = '1'", "n = 1"),
    (
        "at + interval '1 day' > now()",
        "at + interval '24 hours' > now()",
    ),
    ("at + interval '1 day' > now()", "at - interval '1 day' > now()"),
    ("coalesce(n, 0) > 0", "coalesce(n, 1) > 0"),
    ("lower(a) = a", "upper(a) = a"),
    ("lower(a) = a", "lower(v) = a"),
    ("lower(a) = v", "a = lower(v)"),
    (
        "(at AT TIME ZONE 'UTC')::date > '2024-01-01'",
        "(at AT TIME ZONE 'CET')::date > '2024-01-01'",
    ),
    ("a COLLATE \"C\" < 'x'", "a < 'x'"),
    ("doc ->> 'k' = 'v'", "(doc -> 'k')::text = 'v'"),
    (
        "CASE WHEN n > 0 THEN 1 ELSE 2 END > 1",
        "CASE WHEN n > 0 THEN 2 ELSE 1 END > 1",
    ),
    ("tags @> ARRAY['x']", "tags <@ ARRAY['x']"),
    ("tags[1] = 'x'", "tags[2] = 'x'"),
    ("n = ANY (numbers)", "n = ALL (numbers)"),
];

/// One table that has each condition as a check, by number.
fn table_with(connection: &mut engine::Connection, table: &str, conditions: &[&str]) -> Table {
    let checks: Vec<String> = conditions
        .iter()
        .enumerate()
        .map(|(number, condition)| format!("CONSTRAINT k{number:03} CHECK ({condition})"))
        .collect();
    for (check, condition) in checks.iter().zip(conditions) {
        let sql = format!("CREATE TEMP TABLE probe ({COLUMNS}, {check}); DROP TABLE probe");
        connection
            .batch(&sql)
            .unwrap_or_else(|error| panic!("the server refuses {condition}: {error:?}"));
    }
    connection
        .batch(&format!(
            "CREATE TABLE spelling.{table} ({COLUMNS}, {})",
            checks.join(", ")
        ))
        .unwrap();
    let found = introspect(connection);
    let name = Name::new("spelling", table);
    (POSTGRES.canonical)(&found).table(&name).unwrap().clone()
}

/// The same table as it would be designed: columns as read, conditions as written.
fn designed(connection: &mut engine::Connection, table: &str, conditions: &[&str]) -> Table {
    let mut goal = introspect(connection);
    let name = Name::new("spelling", table);
    let own = goal.tables.iter_mut().find(|each| each.name == name).unwrap();
    for (check, condition) in own.checks.iter_mut().zip(conditions) {
        check.expr = Expr::Sql((*condition).to_owned());
    }
    (POSTGRES.canonical)(&goal).table(&name).unwrap().clone()
}

fn prepare(name: &str) -> engine::Connection {
    let mut connection = database(name);
    connection
        .batch(
            "CREATE SCHEMA spelling; CREATE TYPE spelling.status AS ENUM ('open', 'paid');
             CREATE DOMAIN spelling.email AS text CHECK (VALUE LIKE '%@%' AND length(VALUE) < 255)",
        )
        .unwrap();
    connection
}

#[test]
fn what_the_server_prints_equals_what_was_written() {
    let mut connection = prepare("written");
    let found = table_with(&mut connection, "written", WRITTEN);
    let goal = designed(&mut connection, "written", WRITTEN);
    let mut wrong = Vec::new();
    for ((written, goal), found) in WRITTEN.iter().zip(&goal.checks).zip(&found.checks) {
        if goal.expr != found.expr {
            wrong.push(format!(
                "{written}\n  goal  {:?}\n  found {:?}",
                goal.expr, found.expr
            ));
        }
    }
    assert!(
        wrong.is_empty(),
        "{} of {} differ:\n{}",
        wrong.len(),
        WRITTEN.len(),
        wrong.join("\n")
    );
    // None of them hides another.
    let all: HashSet<&Expr> = found.checks.iter().map(|check| &check.expr).collect();
    let same_by_meaning = ["CURRENT_TIMESTAMP", "DATE '2024", "LOWER(a)", "(n > 0 AND (n <"];
    assert!(
        all.len() + same_by_meaning.len() >= WRITTEN.len(),
        "{} of {}",
        all.len(),
        WRITTEN.len()
    );
}

#[test]
fn what_differs_stays_different() {
    let mut connection = prepare("different");
    let left: Vec<&str> = DIFFERENT.iter().map(|(left, _)| *left).collect();
    let right: Vec<&str> = DIFFERENT.iter().map(|(_, right)| *right).collect();
    let left_found = table_with(&mut connection, "left_side", &left);
    let right_found = table_with(&mut connection, "right_side", &right);
    let left_goal = designed(&mut connection, "left_side", &left);
    for (at, (a, b)) in DIFFERENT.iter().enumerate() {
        let expr = |table: &Table| table.checks[at].expr.clone();
        assert_ne!(expr(&left_found), expr(&right_found), "{a} | {b}");
        assert_ne!(expr(&left_goal), expr(&right_found), "{a} | {b}");
        assert_eq!(expr(&left_goal), expr(&left_found), "{a}");
    }
}

#[test]
fn defaults_are_read_as_what_they_are() {
    let mut connection = prepare("defaults");
    let cases = [
        ("now()", "timestamptz", DefaultValue::Now),
        (
            "CURRENT_TIMESTAMP",
            "timestamptz",
            DefaultValue::Expr(Expr::Sql("CURRENT_TIMESTAMP".into())),
        ),
        ("gen_random_uuid()", "uuid", DefaultValue::Uuid4),
        ("(now() AT TIME ZONE 'UTC')::date", "date", DefaultValue::Today),
        ("0", "numeric(5,2)", DefaultValue::Literal(Literal::Int(0))),
        ("-1", "integer", DefaultValue::Literal(Literal::Int(-1))),
        (
            "1.50",
            "numeric",
            DefaultValue::Literal(Literal::Decimal("1.50".into())),
        ),
        (
            "'it''s'",
            "varchar(9)",
            DefaultValue::Literal(Literal::Text("it's".into())),
        ),
        ("true", "boolean", DefaultValue::Literal(Literal::Bool(true))),
        ("'{}'", "text[]", DefaultValue::Literal(Literal::EmptyArray)),
        (
            "'open'",
            "spelling.status",
            DefaultValue::Literal(Literal::Text("open".into())),
        ),
    ];
    let columns: Vec<String> = cases
        .iter()
        .enumerate()
        .map(|(at, (sql, ty, _))| format!("c{at} {ty} DEFAULT {sql}"))
        .collect();
    connection
        .batch(&format!(
            "CREATE TABLE spelling.defaults ({})",
            columns.join(", ")
        ))
        .unwrap();
    let found = introspect(&mut connection);
    let table = found.table(&Name::new("spelling", "defaults")).unwrap();
    for (column, (sql, ty, expected)) in table.columns.iter().zip(&cases) {
        assert_eq!(column.default.as_ref(), Some(expected), "{ty} DEFAULT {sql}");
    }
}

#[test]
fn parentheses_stand_where_they_must_and_nowhere_else() {
    let n = || Expr::column("n", SqlType::Integer);
    let flag = || Expr::column("flag", SqlType::Boolean);
    let one = || Expr::Literal(Literal::Int(1));
    let positive = || Expr::compare(n(), Comparison::Greater, one());
    let cases = [
        (
            Expr::And(vec![positive(), Expr::Or(vec![flag(), positive()])]),
            "n > 1 AND (flag OR n > 1)",
        ),
        (
            Expr::Or(vec![Expr::And(vec![flag(), flag()]), flag()]),
            "(flag AND flag) OR flag",
        ),
        (Expr::Not(Box::new(flag())), "NOT flag"),
        (Expr::Not(Box::new(positive())), "NOT (n > 1)"),
        (
            Expr::Product(vec![
                (
                    Factor::Times,
                    Expr::Sum(vec![(Sign::Plus, n()), (Sign::Minus, one())]),
                ),
                (
                    Factor::Over,
                    Expr::Product(vec![(Factor::Times, n()), (Factor::Times, one())]),
                ),
            ]),
            "(n - 1) / (n * 1)",
        ),
        (
            Expr::Sum(vec![
                (Sign::Plus, n()),
                (Sign::Minus, Expr::Literal(Literal::Int(-1))),
            ]),
            "n - (-1)",
        ),
        (Expr::equal(positive(), flag()), "(n > 1) = flag"),
        (Expr::is_null(positive()), "(n > 1) IS NULL"),
        (Expr::equal(n(), Expr::Sql("a OR b".to_owned())), "n = (a OR b)"),
        (Expr::equal(n(), Expr::Sql("f(x)".to_owned())), "n = f(x)"),
        (Expr::Negate(Box::new(Expr::Negate(Box::new(n())))), "-(-n)"),
    ];
    for (expr, expected) in cases {
        assert_eq!(expression::expression(&expr).unwrap(), expected);
    }
    assert!(expression::expression(&Expr::Context(Context::Actor)).is_err());
}
