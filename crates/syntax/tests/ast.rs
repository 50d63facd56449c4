//! The typed views, on sound and on broken input.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may fail loudly"
)]

mod support;

use support::parse;
use syntax::ast::{
    AllowWhen, ArgValue, CompareOp, Entity, Expr, InList, Item, LimitValue, LiteralValue, Name,
    Negatable as _, Part, TextOp, ValueKind,
};
use syntax::{Amount, Number, Parse, Unit};

fn texts<'t>(names: impl Iterator<Item = Name<'t>>) -> Vec<&'t str> {
    names.map(|name| name.text).collect()
}

fn entity(parsed: &Parse) -> Entity<'_> {
    let mut items = parsed.file().items();
    items
        .find_map(|item| {
            if let Item::Entity(it) = item {
                Some(it)
            } else {
                None
            }
        })
        .unwrap()
}

/// The expression of the only check in an entity.
fn with_check(text: &str, look: impl FnOnce(Expr<'_>)) {
    let parsed = parse(&format!("entity A {{ check ({text}) }}"));
    let Some(Part::Check(check)) = entity(&parsed).parts().next() else {
        panic!("no check")
    };
    look(check.expr().unwrap());
}

/// An expression with explicit parentheses around everything.
fn show(expr: Expr<'_>) -> String {
    let list = |exprs: Vec<Expr<'_>>, sign: &str| {
        let shown: Vec<String> = exprs.into_iter().map(show).collect();
        format!("({})", shown.join(sign))
    };
    let signed = |terms: Vec<(bool, Expr<'_>)>, signs: [&str; 2]| {
        let shown: Vec<String> = terms
            .into_iter()
            .map(|(inverse, it)| format!("{}{}", signs[usize::from(inverse)], show(it)))
            .collect();
        format!("({})", shown.join(" "))
    };
    let some = |expr: Option<Expr<'_>>| expr.map_or("?".to_owned(), show);
    let not = |negated: bool| if negated { "not-" } else { "" };
    match expr {
        Expr::Or(it) => list(it.operands().collect(), " or "),
        Expr::And(it) => list(it.operands().collect(), " and "),
        Expr::Not(it) => format!("not({})", some(it.operand())),
        Expr::Compare(it) => {
            let op = it.op().map_or("?".to_owned(), |op| format!("{op:?}"));
            format!("({} {op} {})", some(it.left()), some(it.right()))
        }
        Expr::In(it) => {
            let list_of = match it.list() {
                InList::Param(name) => format!("${name}"),
                InList::Values => list(it.values().collect(), ", "),
            };
            format!("({} {}in {list_of})", some(it.operand()), not(it.negated()))
        }
        Expr::Between(it) => {
            format!(
                "({} {}between {}..{})",
                some(it.operand()),
                not(it.negated()),
                some(it.lo()),
                some(it.hi())
            )
        }
        Expr::IsNull(it) => format!("({} is {}null)", some(it.operand()), not(it.negated())),
        Expr::TextMatch(it) => {
            let text = it
                .pattern()
                .filter(|_| it.op() == Some(TextOp::Matches))
                .map(|text| text.raw.to_owned());
            format!(
                "({} {:?} {})",
                some(it.operand()),
                it.op().unwrap(),
                text.unwrap_or_else(|| some(it.text()))
            )
        }
        Expr::Sum(it) => signed(it.terms().collect(), ["+", "-"]),
        Expr::Product(it) => signed(it.factors().collect(), ["*", "/"]),
        Expr::Neg(it) => format!("neg {}", some(it.operand())),
        Expr::Literal(it) => match it.value() {
            Some(LiteralValue::Number(number)) => number.to_string(),
            Some(LiteralValue::Text(text)) => format!("{:?}", text.value()),
            other => format!("{other:?}"),
        },
        Expr::Param(it) => format!("${}", it.name().unwrap()),
        Expr::Path(it) => texts(it.names()).join("."),
        Expr::Call(it) => {
            let args = it
                .args()
                .unwrap()
                .iter()
                .map(|arg| some(arg.expr()))
                .collect::<Vec<_>>()
                .join(", ");
            format!("{}({args})", texts(it.path().unwrap().names()).join("."))
        }
        Expr::Paren(it) => some(it.expr()),
        Expr::Duration(it) => format!(
            "{:?}",
            it.value().map(|value| (value.amount.to_string(), value.unit))
        ),
        Expr::EmptyList(_) => "[]".to_owned(),
    }
}

#[test]
fn operators_bind_as_the_grammar_says() {
    for (text, expect) in [
        ("a or b and not c = 1 or d", "(a or (b and not((c Eq 1))) or d)"),
        ("a + b - c * -d / 2 >= 0", "((+a +b -(*c *neg d /2)) Ge 0)"),
        ("a - (b - c) != d", "((+a -(+b -c)) Ne d)"),
        ("a between 1 and 2 + 3 and b", "((a between 1..(+2 +3)) and b)"),
        ("a not between $lo and $hi", "(a not-between $lo..$hi)"),
        (
            "a in (1, 2, \"z\") and b not in $list",
            "((a in (1, 2, \"z\")) and (b not-in $list))",
        ),
        (
            "a is null or a.b is not null",
            "((a is null) or (a.b is not-null))",
        ),
        (
            "a starts with \"x\" and b ends with $p",
            "((a Starts \"x\") and (b Ends $p))",
        ),
        (
            "a contains b or a matches \"^x\"",
            "((a Contains b) or (a Matches \"^x\"))",
        ),
        ("at > now() - 30 days", "(at Gt (+now() -Some((\"30\", Day))))"),
    ] {
        with_check(text, |expr| assert_eq!(show(expr), expect, "{text}"));
    }
}

#[test]
fn long_chains_are_one_flat_node() {
    let text = vec!["a = 1"; 10_000].join(" and ");
    with_check(&text, |expr| {
        let Expr::And(and) = expr else { panic!("{expr:?}") };
        assert_eq!(and.operands().count(), 10_000);
    });
}

#[test]
fn operators_of_other_languages_mean_ours() {
    with_check("a == 1 && b <> 2 || c IN (3)", |expr| {
        assert_eq!(show(expr), "(((a Eq 1) and (b Ne 2)) or (c in (3)))");
    });
}

#[test]
fn broken_expressions_lack_what_is_not_there() {
    with_check("a = ", |expr| {
        let Expr::Compare(it) = expr else {
            panic!("{expr:?}")
        };
        assert_eq!(
            (it.op(), it.left().is_some(), it.right()),
            (Some(CompareOp::Eq), true, None)
        );
    });
    with_check("a between 1", |expr| {
        let Expr::Between(it) = expr else {
            panic!("{expr:?}")
        };
        assert_eq!((it.lo().is_some(), it.hi()), (true, None));
    });
}

#[test]
fn fields_have_names_types_defaults_and_attributes() {
    let parsed = parse(
        "entity A { /// one\n /// two\n price Decimal(6, 2)? = -1.50 @range(-5..0.5) @min(..3) @max(1..) \
         @x(lo: 1, cascade) because \"why \\u00e9\"\n tags [Tag] = []\n at Instant = now() }",
    );
    let fields: Vec<_> = entity(&parsed).fields().collect();
    let price = fields[0];
    assert_eq!(price.name().unwrap().text, "price");
    assert_eq!(price.doc().unwrap().text(), "one\ntwo");
    let ty = price.ty().unwrap();
    assert_eq!(
        (ty.name().unwrap().text, ty.is_list(), price.is_optional()),
        ("Decimal", false, true)
    );
    assert_eq!(ty.args().unwrap().iter().count(), 2);
    let minus = Number {
        mantissa: -150,
        scale: 2,
    };
    assert_eq!(price.default().unwrap().value().unwrap().as_number(), Some(minus));
    let attrs: Vec<_> = price.attrs().collect();
    assert_eq!(
        attrs
            .iter()
            .map(|attr| attr.name().unwrap().text)
            .collect::<Vec<_>>(),
        ["range", "min", "max", "x"]
    );
    let ends: Vec<_> = attrs
        .iter()
        .take(3)
        .map(|attr| {
            let Some(ArgValue::Range(range)) = attr.args().next().unwrap().value() else {
                panic!("no range")
            };
            (range.lo().map(show), range.hi().map(show))
        })
        .collect();
    let some = |text: &str| Some(text.to_owned());
    assert_eq!(
        ends,
        [(some("neg 5"), some("0.5")), (None, some("3")), (some("1"), None)]
    );
    let args: Vec<_> = attrs[3].args().collect();
    assert_eq!(args[0].label().unwrap().text, "lo");
    assert_eq!(
        (args[1].label(), args[1].expr().unwrap().as_word().unwrap().text),
        (None, "cascade")
    );
    assert_eq!(attrs[3].reason().unwrap().value(), "why é");
    assert!(fields[1].ty().unwrap().is_list());
    assert!(matches!(
        fields[1].default().unwrap().value(),
        Some(Expr::EmptyList(_))
    ));
    assert!(matches!(
        fields[2].default().unwrap().value(),
        Some(Expr::Call(_))
    ));
}

#[test]
fn heads_of_entities() {
    let parsed = parse(
        "/// d\nentity A owns self public because \"p\" without x, y because \"w\" @table(\"t\") without z because \"v\" {}",
    );
    let a = entity(&parsed);
    assert_eq!(
        (a.name().unwrap().text, a.doc().unwrap().text().as_str()),
        ("A", "d")
    );
    assert!(a.owns_self().is_some());
    assert_eq!(a.public().unwrap().reason().unwrap().value(), "p");
    let without: Vec<_> = a
        .without()
        .map(|it| (texts(it.names()), it.reason().unwrap().value()))
        .collect();
    assert_eq!(
        without,
        [(vec!["x", "y"], "w".to_owned()), (vec!["z"], "v".to_owned())]
    );
    assert_eq!(a.attrs().next().unwrap().name().unwrap().text, "table");
}

#[test]
fn parts_of_entities() {
    let parsed = parse(
        "entity A { unique (a, b) @x\n key (c)\n index (a.b desc, c)\n reference r (a, b) -> B (c, d) @y\n \
         volume 5M grows 20K/day updates 1/s\n volume 7\n purge 1 day after x\n anonymise 20ms after y\n \
         allow read, create to p, q when owner\n allow update when (a = 1)\n allow delete\n \
         sql postgres \"\"\"a\"\"\" undo \"b\\n\" }",
    );
    assert!(parsed.diagnostics.is_empty());
    let parts: Vec<_> = entity(&parsed).parts().collect();
    let Part::Unique(unique) = parts[0] else { panic!() };
    assert_eq!(
        (texts(unique.names()), unique.attrs().count()),
        (vec!["a", "b"], 1)
    );
    let Part::Key(key) = parts[1] else { panic!() };
    assert_eq!(texts(key.names()), ["c"]);
    let Part::Index(index) = parts[2] else { panic!() };
    let sorts: Vec<_> = index
        .sorts()
        .map(|it| (texts(it.path().unwrap().names()), it.descending()))
        .collect();
    assert_eq!(sorts, [(vec!["a", "b"], true), (vec!["c"], false)]);
    let Part::Reference(reference) = parts[3] else {
        panic!()
    };
    assert_eq!(
        (reference.name().unwrap().text, reference.target().unwrap().text),
        ("r", "B")
    );
    assert_eq!(
        (texts(reference.from()), texts(reference.to())),
        (vec!["a", "b"], vec!["c", "d"])
    );
    let Part::Volume(volume) = parts[4] else { panic!() };
    assert_eq!(
        volume.count().unwrap().value().unwrap().as_integer(),
        Some(5_000_000)
    );
    let grows = volume.grows().unwrap();
    assert_eq!(
        (grows.count().unwrap().as_integer(), grows.unit()),
        (Some(20_000), Some(Unit::Day))
    );
    assert_eq!(volume.updates().unwrap().unit(), Some(Unit::Second));
    let Part::Volume(volume) = parts[5] else { panic!() };
    assert_eq!((volume.grows(), volume.updates()), (None, None));
    let retain = |part| if let Part::Retain(it) = part { it } else { panic!() };
    let (purge, anonymise) = (retain(parts[6]), retain(parts[7]));
    assert_eq!((purge.anonymises(), purge.after().unwrap().text), (false, "x"));
    assert_eq!(purge.duration().unwrap().unit, Unit::Day);
    assert_eq!(
        (anonymise.anonymises(), anonymise.duration().unwrap().unit),
        (true, Unit::Millisecond)
    );
    let allow = |part| if let Part::Allow(it) = part { it } else { panic!() };
    let (first, second, third) = (allow(parts[8]), allow(parts[9]), allow(parts[10]));
    assert_eq!(
        (texts(first.operations()), texts(first.roles())),
        (vec!["read", "create"], vec!["p", "q"])
    );
    assert!(matches!(first.when(), Some(AllowWhen::Name(name)) if name.text == "owner"));
    assert_eq!(
        (texts(second.operations()), texts(second.roles())),
        (vec!["update"], vec![])
    );
    assert!(matches!(second.when(), Some(AllowWhen::Expr(Expr::Compare(_)))));
    assert!(third.when().is_none() && third.roles().next().is_none());
    let Part::Sql(sql) = parts[11] else { panic!() };
    assert_eq!(sql.database().unwrap().text, "postgres");
    assert_eq!(
        (sql.statement().unwrap().value(), sql.undo().unwrap().value()),
        ("a".to_owned(), "b\n".to_owned())
    );
}

#[test]
fn queries_have_their_clauses_in_any_order() {
    let parsed = parse(
        "entity A { query q { expect 3K/min within 20ms limit $n order a desc, b where a = 1 select a, b } query r { limit 9 } }",
    );
    let queries: Vec<_> = entity(&parsed)
        .parts()
        .map(|part| if let Part::Query(it) = part { it } else { panic!() })
        .collect();
    let q = queries[0];
    assert_eq!(q.name().unwrap().text, "q");
    assert_eq!(texts(q.select().unwrap().names()), ["a", "b"]);
    assert!(matches!(q.filter().unwrap().expr(), Some(Expr::Compare(_))));
    assert_eq!(
        q.order()
            .unwrap()
            .sorts()
            .map(|sort| sort.descending())
            .collect::<Vec<_>>(),
        [true, false]
    );
    assert!(matches!(q.limit().unwrap().value(), Some(LimitValue::Param(name)) if name.text == "n"));
    let expect = q.expect().unwrap();
    assert_eq!(expect.rate().unwrap().per_second(), Some(50.0));
    assert_eq!(expect.within().unwrap().value().unwrap().seconds(), 0.02);
    let r = queries[1];
    assert!(r.select().is_none() && r.filter().is_none() && r.order().is_none() && r.expect().is_none());
    assert!(
        matches!(r.limit().unwrap().value(), Some(LimitValue::Number(number)) if number.as_integer() == Some(9))
    );
}

#[test]
fn enums_projects_policies_roles_and_shapes() {
    let parsed = parse(
        "project p { language 1 database postgres, sqlite identity dual(uuid4) storage 35% note \"x\" }\n\
         enum E @t { a, B -> \"c d\" @was(e)\n /// last\n f }\nrole r because \"w\"\nshape S { x Int }\npolicy { audit on }",
    );
    assert!(parsed.diagnostics.is_empty());
    let items: Vec<_> = parsed.file().items().collect();
    let Item::Project(project) = items[0] else {
        panic!()
    };
    assert_eq!(project.name().unwrap().text, "p");
    let settings: Vec<_> = project.settings().collect();
    assert_eq!(settings[1].name().unwrap().text, "database");
    assert_eq!(
        settings[1]
            .values()
            .map(|value| value.word().unwrap().text)
            .collect::<Vec<_>>(),
        ["postgres", "sqlite"]
    );
    let kinds: Vec<_> = settings
        .iter()
        .map(|setting| setting.values().next().unwrap().kind().unwrap())
        .collect();
    assert!(matches!(kinds[0], ValueKind::Number(number) if number.as_integer() == Some(1)));
    assert!(
        matches!(kinds[3], ValueKind::Amount(Amount::Percent(number)) if number.as_integer() == Some(35))
    );
    assert!(matches!(kinds[4], ValueKind::Text(text) if text.value() == "x"));
    assert_eq!(
        settings[2]
            .values()
            .next()
            .unwrap()
            .args()
            .unwrap()
            .iter()
            .count(),
        1
    );
    let Item::Enum(states) = items[1] else { panic!() };
    assert_eq!((states.name().unwrap().text, states.attrs().count()), ("E", 1));
    let chains: Vec<Vec<Vec<String>>> = states
        .chains()
        .map(|chain| {
            chain
                .groups()
                .map(|group| group.members().map(|it| it.value().unwrap()).collect())
                .collect()
        })
        .collect();
    assert_eq!(chains, [vec![vec!["a", "B"], vec!["c d"]], vec![vec!["f"]]]);
    assert_eq!(states.chains().nth(1).unwrap().doc().unwrap().text(), "last");
    let Item::Role(role) = items[2] else { panic!() };
    assert_eq!(
        (role.name().unwrap().text, role.reason().unwrap().value().as_str()),
        ("r", "w")
    );
    let Item::Shape(shape) = items[3] else { panic!() };
    assert_eq!((shape.name().unwrap().text, shape.fields().count()), ("S", 1));
    let Item::Policy(policy) = items[4] else { panic!() };
    assert_eq!(policy.settings().count(), 1);
}

#[test]
fn broken_items_lack_what_is_not_there() {
    let parsed = parse("entity {\n x\n y Int @\n}\nrole\nenum");
    let a = entity(&parsed);
    assert_eq!(a.name(), None);
    assert_eq!(a.fields().count(), 1);
    assert_eq!(a.fields().next().unwrap().attrs().next().unwrap().name(), None);
    assert_eq!(parsed.file().items().count(), 3);
}

#[test]
fn numbers_and_amounts_decode() {
    let number = |text: &str| Number::decode(text);
    assert_eq!(
        number("1_000"),
        Some(Number {
            mantissa: 1000,
            scale: 0
        })
    );
    assert_eq!(number("0.250").unwrap().to_string(), "0.250");
    assert_eq!(number("2.50").unwrap().as_integer(), None);
    assert_eq!(number("2.00").unwrap().as_integer(), Some(2));
    assert_eq!(
        number(&"9".repeat(38)).unwrap().mantissa.to_string(),
        "9".repeat(38)
    );
    assert_eq!(number(&"9".repeat(39)), None);
    assert_eq!(
        number("").or(number("_")).or(number("1.2.3")).or(number("x")),
        None
    );
    assert_eq!(
        Amount::decode("1.5K"),
        Some(Amount::Count(Number {
            mantissa: 15_000,
            scale: 1
        }))
    );
    assert_eq!(Amount::decode("5m"), None);
    assert_eq!(Amount::decode(&format!("{}G", "9".repeat(38))), None);
}

#[test]
fn places_in_the_tree_can_be_found() {
    let parsed = parse("entity A { x Int @min(3) }");
    assert_eq!(parsed.tree.token_at(21).unwrap().text(), "(");
    assert_eq!(parsed.tree.node_at(22).kind(), syntax::NodeKind::Literal);
    assert_eq!(parsed.tree.node_at(11).text(), "x Int @min(3)");
    assert!(parsed.tree.token_at(26).is_none());
}
