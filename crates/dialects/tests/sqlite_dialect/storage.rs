//! Every type holds what it should and refuses what it should.

use physical::{DefaultValue, Expr, Literal, SqlType, Table};

use crate::shop::{app, blueprint, column, default, nullable};
use crate::support::{Built, build};

fn with(ty: SqlType) -> Built {
    let mut plan = blueprint();
    plan.behaviours.clear();
    plan.services.clear();
    plan.database.views.clear();
    let mut table = Table::new(app("things"), crate::shop::NONE);
    table.columns = vec![column("v", ty)];
    plan.database.tables.push(table);
    build(plan)
}

fn check(ty: SqlType, legal: &[&str], illegal: &[&str]) {
    let built = with(ty.clone());
    for value in legal {
        built.run(&format!("INSERT INTO things (v) VALUES ({value})"));
    }
    for value in illegal {
        let sql = format!("INSERT INTO things (v) VALUES ({value})");
        assert!(
            built.connection.execute_batch(&sql).is_err(),
            "{ty:?} took {value}"
        );
    }
}

#[test]
fn types_hold_their_values_and_no_others() {
    check(SqlType::Boolean, &["0", "1"], &["2", "-1", "'t'", "NULL"]);
    check(
        SqlType::SmallInt,
        &["32767", "-32768"],
        &["32768", "-32769", "1.5", "'x'"],
    );
    check(
        SqlType::Integer,
        &["2147483647", "-2147483648"],
        &["2147483648", "-2147483649"],
    );
    check(
        SqlType::BigInt,
        &["9223372036854775807"],
        &["9223372036854775808", "'x'"],
    );
    check(
        SqlType::Numeric(Some((4, 2))),
        &["9999", "-9999", "0"],
        &["10000", "-10000", "0.5", "'x'"],
    );
    check(
        SqlType::Numeric(Some((38, 2))),
        &["'12345678901234567890.12'", "'-1'"],
        &["'1-2'", "'x'", "'1.2.3'", "''", "'-'"],
    );
    check(SqlType::Varchar(3), &["'äöü'", "''"], &["'abcd'", "x'00'"]);
    check(
        SqlType::Uuid,
        &["'f47ac10b-58cc-4372-a567-0e02b2c3d479'"],
        &[
            "'F47AC10B-58CC-4372-A567-0E02B2C3D479'",
            "'f47ac10b58cc4372a5670e02b2c3d479'",
            "'f47ac10b-58cc-4372-a567-0e02b2c3d47g'",
            "'-47ac10b-58cc-4372-a567-0e02b2c3d479'",
            "''",
        ],
    );
    check(
        SqlType::Date,
        &["'2024-02-29'", "'0001-01-01'"],
        &[
            "'2023-02-29'",
            "'2024-2-9'",
            "'12'",
            "'now'",
            "'2024-01-01T00:00:00Z'",
            "''",
        ],
    );
    check(
        SqlType::Time,
        &["'23:59:59.999'"],
        &["'24:00:00.000'", "'12:00'", "'now'"],
    );
    check(
        SqlType::TimestampTz,
        &["'2024-02-29T23:59:59.999Z'"],
        &[
            "'2024-02-30T00:00:00.000Z'",
            "'2024-02-29 23:59:59.999Z'",
            "'2024-02-29T23:59:59Z'",
            "'2024-02-29T23:59:59.999'",
            "'2024-02-29T23:59:59.999+01:00'",
            "'now'",
            "1709251199",
        ],
    );
    check(
        SqlType::Json,
        &["'{\"a\": [1]}'", "'null'"],
        &["'{a: 1}'", "'{'", "''"],
    );
    check(
        SqlType::Array(Box::new(SqlType::Text)),
        &["'[]'", "'[\"a\"]'"],
        &["'{}'", "'[,]'", "'x'"],
    );
    check(SqlType::Interval, &["-1"], &["'1 day'"]);
    check(SqlType::Bytes, &["x'00'"], &["'00'", "1"]);
    check(SqlType::Double, &["1", "1.5"], &["'x'"]);
}

#[test]
fn every_millisecond_of_a_minute_is_an_instant() {
    let built = with(SqlType::TimestampTz);
    built.run(
        "INSERT INTO things (v) WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 59999) \
         SELECT printf('2024-07-01T10:20:%02d.%03dZ', i / 1000, i % 1000) FROM n",
    );
    assert_eq!(built.one("SELECT count(*) FROM things"), "60000");
}

#[test]
fn nullable_columns_hold_null_whatever_their_type() {
    for ty in [
        SqlType::Boolean,
        SqlType::Uuid,
        SqlType::Date,
        SqlType::TimestampTz,
        SqlType::Json,
        SqlType::Array(Box::new(SqlType::Text)),
        SqlType::Numeric(None),
        SqlType::Varchar(1),
    ] {
        let mut plan = blueprint();
        plan.behaviours.clear();
        let mut table = Table::new(app("things"), crate::shop::NONE);
        table.columns = vec![nullable("v", ty.clone())];
        plan.database.tables.push(table);
        build(plan).run("INSERT INTO things (v) VALUES (NULL)");
    }
}

#[test]
fn defaults_are_of_their_type() {
    let mut plan = blueprint();
    plan.behaviours.clear();
    let mut table = Table::new(app("things"), crate::shop::NONE);
    table.columns = vec![
        default(column("a", SqlType::Uuid), DefaultValue::Uuid4),
        default(column("b", SqlType::Uuid), DefaultValue::Uuid7),
        default(column("c", SqlType::TimestampTz), DefaultValue::Now),
        default(column("d", SqlType::Date), DefaultValue::Today),
        default(
            column("e", SqlType::Numeric(Some((10, 3)))),
            DefaultValue::Literal(Literal::Decimal("-1.5".into())),
        ),
        default(
            column("f", SqlType::TimestampTz),
            DefaultValue::Literal(Literal::Text("2024-01-01T00:00:00+01:00".into())),
        ),
        default(
            column("g", SqlType::Text),
            DefaultValue::Literal(Literal::Text("it's".into())),
        ),
        default(
            column("h", SqlType::Bytes),
            DefaultValue::Literal(Literal::Bytes(vec![1, 2])),
        ),
        default(
            column("i", SqlType::BigInt),
            DefaultValue::Expr(Expr::Sum(vec![
                (physical::Sign::Plus, Expr::Literal(Literal::Int(1))),
                (physical::Sign::Minus, Expr::Literal(Literal::Int(-2))),
            ])),
        ),
    ];
    plan.database.tables.push(table);
    let built = build(plan);
    for _ in 0..500 {
        built.run("INSERT INTO things DEFAULT VALUES");
    }
    assert_eq!(built.one("SELECT count(DISTINCT a) FROM things WHERE substr(a, 15, 1) = '4' AND substr(a, 20, 1) IN ('8', '9', 'a', 'b')"), "500");
    assert_eq!(
        built.one("SELECT count(DISTINCT substr(a, 20, 1)) FROM things"),
        "4"
    );
    assert_eq!(built.one("SELECT count(DISTINCT b) FROM things WHERE substr(b, 15, 1) = '7' AND substr(b, 20, 1) IN ('8', '9', 'a', 'b')"), "500");
    assert_eq!(built.one("SELECT count(*) FROM things AS x JOIN things AS y ON y.rowid = x.rowid + 1 WHERE substr(y.b, 1, 13) < substr(x.b, 1, 13)"), "0");
    assert_eq!(
        built.all("SELECT DISTINCT e, f, g, hex(h), i FROM things"),
        "-1500|2023-12-31T23:00:00.000Z|it's|0102|3"
    );
}

#[test]
fn references_that_may_be_emptied_in_part_are() {
    let mut plan = blueprint();
    let table = plan
        .database
        .tables
        .iter_mut()
        .find(|table| table.name == app("order_lines"))
        .unwrap();
    table.uniques.retain(|unique| unique.name.as_str() != "none");
    let mut key = crate::shop::key(
        "order_lines",
        &["approver_id", "tenant_id"],
        &app("approvers"),
        &["id", "tenant_id"],
        physical::OnDelete::SetNull,
    );
    key.set_null = vec!["approver_id".into()];
    table.foreign_keys.push(key);
    let mut approvers = Table::new(app("approvers"), crate::shop::NONE);
    approvers.columns = vec![
        column("id", SqlType::BigInt),
        column("tenant_id", SqlType::BigInt),
    ];
    approvers.primary_key = Some(physical::PrimaryKey {
        name: "approvers_pkey".into(),
        columns: vec!["id".into(), "tenant_id".into()],
    });
    plan.database.tables.push(approvers);
    let built = build(plan);
    built.run(
        "INSERT INTO tenants (name) VALUES ('one'); INSERT INTO users (email, password) VALUES ('a@x', 'p')",
    );
    built.run(
        "INSERT INTO approvers VALUES (5, 1); INSERT INTO orders (tenant_id, customer_id) VALUES (1, 1)",
    );
    built.run("INSERT INTO order_lines (order_id, price, approver_id) VALUES (1, 1, 5)");
    built.run("DELETE FROM approvers");
    assert_eq!(
        built.all("SELECT tenant_id, approver_id FROM order_lines"),
        "1|NULL"
    );
}

#[test]
fn wide_rows_are_recorded_whole() {
    let mut plan = blueprint();
    let table = plan
        .database
        .tables
        .iter_mut()
        .find(|table| table.name == app("tenants"))
        .unwrap();
    table
        .columns
        .extend((0..150).map(|n| nullable(&format!("c{n}"), SqlType::Integer)));
    let built = build(plan);
    built.run("INSERT INTO tenants (name, c149) VALUES ('one', 7)");
    assert_eq!(
        built.one("SELECT count(*) FROM shop_audit_log AS l, json_each(l.changes)"),
        "153"
    );
    built.run("UPDATE tenants SET c0 = 1, c149 = NULL");
    assert_eq!(
        built.one("SELECT changes FROM shop_audit_log WHERE operation = 'update'"),
        "{\"c0\":[null,1],\"c149\":[7,null]}"
    );
}

#[test]
fn conditions_that_need_a_query_are_kept_by_triggers() {
    let mut plan = blueprint();
    let table = plan
        .database
        .tables
        .iter_mut()
        .find(|table| table.name == app("orders"))
        .unwrap();
    table.checks.push(physical::Check {
        name: "orders_tags_check".into(),
        expr: Expr::Not(Box::new(Expr::Contains(
            Box::new(Expr::column("tags", SqlType::Array(Box::new(SqlType::Text)))),
            Box::new(Expr::Literal(Literal::Text("banned".into()))),
        ))),
        validated: true,
        comment: None,
        origin: crate::shop::NONE,
    });
    let built = build(plan);
    built.run(
        "INSERT INTO tenants (name) VALUES ('one'); INSERT INTO users (email, password) VALUES ('a@x', 'p')",
    );
    built.refuse(
        "INSERT INTO orders (tenant_id, customer_id, tags) VALUES (1, 1, '[\"banned\"]')",
        "architrave:23514:orders:tags_check",
    );
    built.run("INSERT INTO orders (tenant_id, customer_id, tags) VALUES (1, 1, '[\"fine\"]')");
    built.refuse(
        "UPDATE orders SET tags = '[\"a\", \"banned\"]'",
        "architrave:23514:orders:tags_check",
    );
}

#[test]
fn what_cannot_be_said_is_lost_by_name() {
    let mut plan = blueprint();
    let table = plan
        .database
        .tables
        .iter_mut()
        .find(|table| table.name == app("orders"))
        .unwrap();
    table.checks.push(physical::Check {
        name: "orders_state_pattern".into(),
        expr: Expr::Matches(Box::new(Expr::column("state", SqlType::Text)), "^(a|b)*$".into()),
        validated: true,
        comment: None,
        origin: crate::shop::NONE,
    });
    let built = build(plan);
    let lost = built
        .realised
        .lost
        .iter()
        .find(|lost| lost.guarantee == "check")
        .unwrap();
    assert_eq!(lost.object, "orders.orders_state_pattern");
    assert!(lost.reason.contains("`^(a|b)*$`"), "{}", lost.reason);
}
