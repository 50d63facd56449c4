//! Expressions mean here what they mean elsewhere.

use dialects::sqlite::render;
use physical::*;

use crate::support::{open, query, show};

fn column(name: &str, ty: SqlType) -> Expr {
    Expr::column(name, ty)
}

fn text(value: &str) -> Expr {
    Expr::Literal(Literal::Text(value.into()))
}

fn money(name: &str) -> Expr {
    column(name, SqlType::Numeric(Some((12, 2))))
}

fn decimal(value: &str) -> Expr {
    Expr::Literal(Literal::Decimal(value.into()))
}

/// What an expression answers over one row.
fn answer(expr: &Expr, row: &str) -> String {
    let sql = format!("SELECT {} FROM (SELECT {row})", render(expr).unwrap());
    show(query(&open(), &sql).scalar().unwrap())
}

fn boxed(expr: Expr) -> Box<Expr> {
    Box::new(expr)
}

#[test]
fn text_is_searched_literally_and_with_its_case() {
    let name = || boxed(column("n", SqlType::Text));
    for (row, prefix, wanted) in [
        ("'abc' AS n", "ab", "1"),
        ("'ABC' AS n", "ab", "0"),
        ("'a%c' AS n", "a%", "1"),
        ("'abc' AS n", "a%", "0"),
        ("NULL AS n", "a", "NULL"),
        ("'äöü' AS n", "äö", "1"),
        ("'a' AS n", "", "1"),
    ] {
        assert_eq!(
            answer(&Expr::StartsWith(name(), boxed(text(prefix))), row),
            wanted,
            "{row} {prefix}"
        );
    }
    for (row, suffix, wanted) in [
        ("'abc' AS n", "bc", "1"),
        ("'abc' AS n", "", "1"),
        ("'bc' AS n", "abc", "0"),
        ("'a_c' AS n", "_c", "1"),
        ("'abc' AS n", "_c", "0"),
        ("NULL AS n", "", "NULL"),
    ] {
        assert_eq!(
            answer(&Expr::EndsWith(name(), boxed(text(suffix))), row),
            wanted,
            "{row} {suffix}"
        );
        let by_column = Expr::EndsWith(name(), boxed(column("s", SqlType::Text)));
        assert_eq!(
            answer(&by_column, &format!("{row}, '{suffix}' AS s")),
            wanted,
            "{row} {suffix}"
        );
    }
    assert_eq!(
        answer(&Expr::Contains(name(), boxed(text("%"))), "'a%' AS n"),
        "1"
    );
    assert_eq!(
        answer(&Expr::Contains(name(), boxed(text("B"))), "'abc' AS n"),
        "0"
    );
}

#[test]
fn decimals_are_exact() {
    let compare = |left: Expr, op, right: Expr| Expr::compare(left, op, right);
    assert_eq!(
        answer(&compare(money("m"), Comparison::Equal, decimal("0.3")), "30 AS m"),
        "1"
    );
    assert_eq!(
        answer(
            &compare(money("m"), Comparison::Greater, decimal("0.299")),
            "30 AS m"
        ),
        "1"
    );
    assert_eq!(
        answer(
            &compare(
                money("m"),
                Comparison::GreaterOrEqual,
                Expr::Literal(Literal::Int(1))
            ),
            "99 AS m"
        ),
        "0"
    );
    let rate = || column("r", SqlType::Numeric(Some((6, 4))));
    assert_eq!(
        answer(
            &compare(money("m"), Comparison::Equal, rate()),
            "150 AS m, 15000 AS r"
        ),
        "1"
    );
    let product = Expr::Product(vec![(Factor::Times, money("m")), (Factor::Times, rate())]);
    assert_eq!(
        answer(
            &compare(product, Comparison::Equal, decimal("2.25")),
            "150 AS m, 15000 AS r"
        ),
        "1"
    );
    let sum = Expr::Sum(vec![
        (Sign::Plus, money("m")),
        (Sign::Minus, rate()),
        (Sign::Plus, decimal("0.1")),
    ]);
    assert_eq!(
        answer(
            &compare(sum, Comparison::Equal, decimal("0.1")),
            "150 AS m, 15000 AS r"
        ),
        "1"
    );
    // A product that leaves 64 bits still compares rightly.
    let large = Expr::Product(vec![
        (Factor::Times, money("m")),
        (Factor::Times, column("q", SqlType::BigInt)),
    ]);
    assert_eq!(
        answer(
            &compare(large, Comparison::Greater, money("m")),
            "999999999999 AS m, 999999999999999999 AS q"
        ),
        "1"
    );
    let divided = Expr::Product(vec![
        (Factor::Times, money("m")),
        (Factor::Over, Expr::Literal(Literal::Int(3))),
    ]);
    assert!(render(&divided).is_err());
    assert!(
        render(&compare(
            column("n", SqlType::Numeric(None)),
            Comparison::Less,
            decimal("1")
        ))
        .is_err()
    );
}

#[test]
fn integers_truncate_and_never_divide_by_zero() {
    let over = |divisor: Expr| {
        Expr::Product(vec![
            (Factor::Times, column("a", SqlType::Integer)),
            (Factor::Over, divisor),
        ])
    };
    assert_eq!(answer(&over(Expr::Literal(Literal::Int(2))), "-7 AS a"), "-3");
    let by_column = over(column("b", SqlType::Integer));
    assert_eq!(answer(&by_column, "7 AS a, NULL AS b"), "NULL");
    assert_eq!(answer(&by_column, "7 AS a, 2 AS b"), "3");
    let sql = format!(
        "SELECT {} FROM (SELECT 7 AS a, 0 AS b)",
        render(&by_column).unwrap()
    );
    let error = open().query_row(&sql, [], |_| Ok(())).unwrap_err();
    assert!(error.to_string().contains("overflow"), "{error}");
}

#[test]
fn months_end_where_they_end() {
    let at = || column("t", SqlType::TimestampTz);
    for (start, months, micros, end) in [
        ("2024-01-31T10:20:30.456Z", 1, 0, "2024-02-29T10:20:30.456Z"),
        ("2023-01-31T10:20:30.456Z", 1, 0, "2023-02-28T10:20:30.456Z"),
        ("2024-03-31T00:00:00.000Z", -1, 0, "2024-02-29T00:00:00.000Z"),
        ("2024-12-15T00:00:00.000Z", 14, 0, "2026-02-15T00:00:00.000Z"),
        ("2024-02-28T23:59:59.999Z", 0, 1_000, "2024-02-29T00:00:00.000Z"),
        (
            "2024-02-28T12:00:00.000Z",
            0,
            2 * 86_400_000_000,
            "2024-03-01T12:00:00.000Z",
        ),
        (
            "2024-01-01T00:00:00.000Z",
            0,
            -1_500_000,
            "2023-12-31T23:59:58.500Z",
        ),
    ] {
        let sum = Expr::Sum(vec![
            (Sign::Plus, at()),
            (Sign::Plus, Expr::Duration { months, micros }),
        ]);
        assert_eq!(answer(&sum, &format!("'{start}' AS t")), end);
    }
    let difference = Expr::Sum(vec![
        (Sign::Plus, at()),
        (Sign::Minus, column("u", SqlType::TimestampTz)),
    ]);
    assert_eq!(
        answer(
            &difference,
            "'2024-01-02T00:00:00.001Z' AS t, '2024-01-01T00:00:00.000Z' AS u"
        ),
        "86400001000"
    );
    let offset = Expr::equal(at(), text("2024-01-01T02:00:00+02:00"));
    assert_eq!(answer(&offset, "'2024-01-01T00:00:00.000Z' AS t"), "1");
    let day = Expr::compare(column("d", SqlType::Date), Comparison::Less, at());
    assert_eq!(
        answer(&day, "'2024-01-01' AS d, '2024-01-01T00:00:00.001Z' AS t"),
        "1"
    );
    assert!(render(&Expr::Duration { months: 1, micros: 0 }).is_err());
}

#[test]
fn null_is_neither_true_nor_false() {
    let flag = || column("b", SqlType::Boolean);
    assert_eq!(
        answer(
            &Expr::And(vec![flag(), Expr::Literal(Literal::Bool(false))]),
            "NULL AS b"
        ),
        "0"
    );
    assert_eq!(
        answer(
            &Expr::Or(vec![flag(), Expr::Literal(Literal::Bool(false))]),
            "NULL AS b"
        ),
        "NULL"
    );
    assert_eq!(answer(&Expr::Not(boxed(flag())), "NULL AS b"), "NULL");
    assert_eq!(
        answer(
            &Expr::Not(boxed(Expr::equal(flag(), Expr::Literal(Literal::Bool(true))))),
            "0 AS b"
        ),
        "1"
    );
    let within = Expr::In {
        value: boxed(column("n", SqlType::Integer)),
        items: vec![Expr::Literal(Literal::Int(1)), Expr::Literal(Literal::Null)],
        negated: true,
    };
    assert_eq!(answer(&within, "2 AS n"), "NULL");
}

#[test]
fn arrays_hold_their_elements() {
    let tags = || boxed(column("a", SqlType::Array(boxed_type())));
    let holds = |part: &str| Expr::Contains(tags(), boxed(text(part)));
    assert_eq!(answer(&holds("x"), "'[\"q,\",\",x\"]' AS a"), "0");
    assert_eq!(answer(&holds("x"), "'[\"q\",\"x\"]' AS a"), "1");
    assert_eq!(answer(&holds("x"), "NULL AS a"), "NULL");
    assert_eq!(
        answer(&Expr::Call(Builtin::Count, vec![*tags()]), "'[1,2]' AS a"),
        "2"
    );
}

fn boxed_type() -> Box<SqlType> {
    Box::new(SqlType::Text)
}

#[test]
fn patterns_mean_what_they_mean_elsewhere() {
    let cases: &[(&str, &[&str], &[&str])] = &[
        ("^[a-z0-9-]+$", &["a", "a-1"], &["", "A", "a b", "a\nb"]),
        ("^[A-Z]{2}[0-9]{4}$", &["AB1234"], &["AB123", "ab1234", "AB12345"]),
        (
            "^[A-Z]{3}-[0-9]+-[a-z]$",
            &["ABC-1-x", "ABC-123-x"],
            &["ABC--x", "ABC-1a-x", "ABC-1-"],
        ),
        (
            "^[^@\\s]+@[^@\\s]+\\.[^@\\s.]+$",
            &["a@b.c", "a.b@c.d.ef"],
            &[
                "a@b",
                "a@.c",
                "a@b.",
                "a b@c.d",
                "a@b@c.d",
                "@b.c",
                "a@b..",
                "a@b.c\u{3000}",
            ],
        ),
        ("^[^@]+@[^@]+$", &["a@b", "ab@cd"], &["@b", "a@", "a@b@c", "ab"]),
        (
            "^\\+?[0-9]{2,4}$",
            &["12", "+1234"],
            &["1", "++12", "+12345", "12a"],
        ),
        (
            "^(draft|v[0-9]+)$",
            &["draft", "v1", "v12"],
            &["v", "drafts", "1"],
        ),
        (
            "^\\$[a-z0-9-]+\\$.*$",
            &["$argon2id$v=19$x", "$2b$"],
            &["argon2id$x", "$$x", "$A$x", "x$a$b", "$ab"],
        ),
        ("a+b*", &["a", "xaby"], &["b", ""]),
        ("^a+", &["a", "aab"], &["ba"]),
        ("x*", &["", "y"], &[]),
        ("abc", &["abc", "xabcx"], &["ab", "ABC"]),
        ("^a*b?$", &["", "a", "aab", "b"], &["ba", "abb"]),
        ("^.{2,3}$", &["ab", "äöü"], &["a", "abcd"]),
        ("^[]*?^-]+$", &["]*?^-"], &["a"]),
        ("^\\*\\[x\\]$", &["*[x]"], &["a[x]", "*x"]),
        (
            "^[0-9]{3}-?[0-9]{3}$",
            &["123-456", "123456"],
            &["123--456", "12-3456"],
        ),
        ("^\\d+$", &["0", "42"], &["", "4 2", "x"]),
        (
            "^#([0-9a-f]{3}){1,2}$",
            &["#abc", "#abcdef"],
            &["#ab", "#abcd", "abc"],
        ),
    ];
    let connection = open();
    for (regex, matching, others) in cases {
        let expr = Expr::Matches(boxed(column("v", SqlType::Text)), (*regex).to_owned());
        let sql = match render(&expr) {
            Ok(sql) => sql,
            Err(_) if matching.is_empty() => continue,
            Err(error) => panic!("{regex}: {error}"),
        };
        for (values, wanted) in [(matching, true), (others, false)] {
            for value in *values {
                let found: bool = connection
                    .query_row(&format!("SELECT {sql} FROM (SELECT ?1 AS v)"), [value], |row| {
                        row.get(0)
                    })
                    .unwrap();
                assert_eq!(found, wanted, "{regex} {value:?}\n{sql}");
            }
        }
        let null = query(&connection, &format!("SELECT {sql} FROM (SELECT NULL AS v)"));
        assert_eq!(null.scalar(), Some(&Value::Null), "{regex}");
    }
}

#[test]
fn brackets_stand_where_they_must() {
    let n = || column("n", SqlType::Integer);
    let one = || Expr::Literal(Literal::Int(1));
    let sum = Expr::Sum(vec![
        (Sign::Plus, n()),
        (
            Sign::Minus,
            Expr::Sum(vec![(Sign::Plus, n()), (Sign::Minus, one())]),
        ),
    ]);
    assert_eq!(render(&sum).unwrap(), "n - (n - 1)");
    let product = Expr::Product(vec![
        (Factor::Times, n()),
        (
            Factor::Times,
            Expr::Sum(vec![(Sign::Plus, n()), (Sign::Plus, one())]),
        ),
    ]);
    assert_eq!(render(&product).unwrap(), "n * (n + 1)");
    assert_eq!(
        render(&Expr::Negate(boxed(Expr::Literal(Literal::Int(-1))))).unwrap(),
        "-(-1)"
    );
    let either = Expr::Or(vec![
        Expr::And(vec![Expr::is_null(n()), Expr::is_null(n())]),
        Expr::is_null(n()),
    ]);
    assert_eq!(render(&either).unwrap(), "(n IS NULL AND n IS NULL) OR n IS NULL");
    assert!(render(&Expr::Context(Context::Actor)).is_err());
}
