//! Views, triggers, routines, events, sequences, partitions, versions and options.

use physical::{Timing, TriggerAction, TriggerEvent, ViewQuery, Volatility};

use crate::support::{comes_back, made, opaque, table};

#[test]
fn views_say_what_they_show_and_by_whose_rights() {
    let (mut connection, found) = made(
        "views",
        "CREATE TABLE t (a int, b text);
         CREATE VIEW plain AS SELECT a, 'views.`t`' AS x FROM t WHERE b <> 'it''s';
         CREATE SQL SECURITY INVOKER VIEW asker AS SELECT a FROM t WHERE a > 1 WITH LOCAL CHECK OPTION;
         CREATE ALGORITHM = MERGE SQL SECURITY INVOKER VIEW merged AS SELECT a FROM plain",
    );
    let views: Vec<(&str, bool, &ViewQuery)> = found
        .views
        .iter()
        .map(|view| (view.name.name.as_str(), view.security_invoker, &view.query))
        .collect();
    let sql = |text: &str| ViewQuery::Sql(text.to_owned());
    assert_eq!(
        views,
        [
            (
                "asker",
                true,
                &sql("select `t`.`a` AS `a` from `t` where `t`.`a` > 1 WITH LOCAL CHECK OPTION")
            ),
            (
                "plain",
                false,
                &sql("select `t`.`a` AS `a`,'views.`t`' AS `x` from `t` where `t`.`b` <> 'it\\'s'")
            ),
        ]
    );
    assert_eq!(
        opaque(&found),
        [[
            "view",
            "merged",
            "",
            "CREATE ALGORITHM = MERGE SQL SECURITY INVOKER VIEW `merged` AS select `plain`.`a` AS `a` from `plain`"
        ]]
    );
    comes_back(&mut connection, &found);
}

#[test]
fn triggers_come_in_the_order_in_which_they_fire() {
    let (_, found) = made(
        "triggers",
        "CREATE TABLE t (a int);
         CREATE TRIGGER z BEFORE INSERT ON t FOR EACH ROW SET NEW.a = NEW.a + 1;
         CREATE TRIGGER y BEFORE INSERT ON t FOR EACH ROW FOLLOWS z BEGIN IF NEW.a = 1 THEN SET NEW.a = 2; END IF; END;
         CREATE TRIGGER x BEFORE INSERT ON t FOR EACH ROW PRECEDES z SET @x = 'it\\'s \"';
         CREATE TRIGGER w AFTER UPDATE ON t FOR EACH ROW SET @w = OLD.a;
         CREATE TRIGGER v AFTER DELETE ON t FOR EACH ROW SET @v = 1",
    );
    let triggers: Vec<(&str, Timing, &TriggerEvent)> = table(&found, "t")
        .triggers
        .iter()
        .map(|it| (it.name.as_str(), it.timing, &it.events[0]))
        .collect();
    assert_eq!(
        triggers,
        [
            ("v", Timing::After, &TriggerEvent::Delete),
            ("w", Timing::After, &TriggerEvent::Update(Vec::new())),
            ("x", Timing::Before, &TriggerEvent::Insert),
            ("z", Timing::Before, &TriggerEvent::Insert),
            ("y", Timing::Before, &TriggerEvent::Insert),
        ]
    );
    let body = |at: usize| match &table(&found, "t").triggers[at].action {
        TriggerAction::Body(text) => text.clone(),
        other => panic!("{other:?}"),
    };
    assert_eq!(body(2), "SET @x = 'it''s \"'");
    assert_eq!(body(4), "BEGIN IF NEW.a = 1 THEN SET NEW.a = 2; END IF; END");
}

#[test]
fn routines_and_events_come_back_by_their_own_statements() {
    let (mut connection, found) = made(
        "routines",
        "CREATE TABLE t (a int);
         CREATE FUNCTION f(x int, `y``y` varchar(10)) RETURNS varchar(20) CHARACTER SET latin1 DETERMINISTIC COMMENT 'it''s'
            RETURN concat(x, `y``y`, _utf8mb4 'a''b', x'5c');
         CREATE FUNCTION nothing() RETURNS int NO SQL RETURN 1;
         CREATE AGGREGATE FUNCTION total(x int) RETURNS int BEGIN DECLARE s int DEFAULT 0;
            DECLARE CONTINUE HANDLER FOR NOT FOUND RETURN s; LOOP FETCH GROUP NEXT ROW; SET s = s + x; END LOOP; END;
         CREATE PROCEDURE p(IN a int, OUT b text, INOUT c enum('x','it''s')) SQL SECURITY INVOKER READS SQL DATA
            BEGIN SELECT 1; -- a comment
            SELECT 2; END;
         CREATE PROCEDURE f() SELECT 'of the same name';
         CREATE EVENT daily ON SCHEDULE EVERY 1 DAY STARTS '2030-01-01 00:00:00' ENDS '2031-01-01 00:00:00' DO DELETE FROM t;
         CREATE EVENT odd ON SCHEDULE EVERY '1:30' HOUR_MINUTE STARTS '2030-01-01 00:00:00' DISABLE DO DO 1;
         CREATE EVENT once ON SCHEDULE AT '2037-01-01 00:00:00' ON COMPLETION PRESERVE COMMENT 'c' DO BEGIN DO 1; DO 2; END",
    );
    let said: Vec<[&str; 2]> = opaque(&found).iter().map(|it| [it[0], it[1]]).collect();
    assert_eq!(
        said,
        [
            ["function", "f"],
            ["function", "nothing"],
            ["function", "total"],
            ["procedure", "f"],
            ["procedure", "p"],
            ["event", "daily"],
            ["event", "odd"],
            ["event", "once"],
        ]
    );
    assert_eq!(found.unread().count(), 0);
    assert!(
        found.opaque[2]
            .definition
            .starts_with("CREATE AGGREGATE FUNCTION")
    );
    comes_back(&mut connection, &found);
}

#[test]
fn functions_that_read_are_taken_apart() {
    let (_, found) = made(
        "readers",
        "CREATE TABLE t (a int);
         CREATE FUNCTION looks(x int, y varchar(9) CHARACTER SET latin1) RETURNS bigint READS SQL DATA SQL SECURITY INVOKER COMMENT 'why'
            BEGIN RETURN (SELECT count(*) FROM t WHERE a = x); END;
         CREATE FUNCTION pure() RETURNS int DETERMINISTIC READS SQL DATA RETURN 1",
    );
    assert!(found.opaque.is_empty(), "{:?}", opaque(&found));
    let [looks, pure] = found.functions.as_slice() else {
        panic!("{:?}", found.functions)
    };
    assert_eq!(
        (pure.volatility, pure.security_definer),
        (Volatility::Immutable, true)
    );
    assert_eq!(
        (looks.volatility, looks.security_definer),
        (Volatility::Volatile, false)
    );
    assert_eq!(
        (looks.returns.as_str(), looks.comment.as_deref()),
        ("bigint", Some("why"))
    );
    let arguments: Vec<(&str, &str)> = looks
        .arguments
        .iter()
        .map(|it| (it.name.as_str(), it.ty.as_str()))
        .collect();
    assert_eq!(
        arguments,
        [
            ("x", "int"),
            ("y", "varchar(9) CHARACTER SET latin1 COLLATE latin1_swedish_ci")
        ]
    );
    assert_eq!(
        looks.body,
        "BEGIN RETURN (SELECT count(*) FROM t WHERE a = x); END"
    );
}

#[test]
fn tables_say_how_they_are_kept() {
    let (mut connection, found) = made(
        "kept",
        "CREATE TABLE packed (a int) ROW_FORMAT = COMPRESSED KEY_BLOCK_SIZE = 8 STATS_PERSISTENT = 1;
         CREATE TABLE isam (a int) ENGINE = MyISAM CHECKSUM = 1;
         CREATE TABLE latin (a varchar(9)) CHARACTER SET latin1;
         CREATE TABLE versioned (a int) WITH SYSTEM VERSIONING;
         CREATE TABLE ranged (x int, y date) PARTITION BY RANGE (x) (PARTITION p0 VALUES LESS THAN (10) COMMENT 'it''s', PARTITION `p``m` VALUES LESS THAN MAXVALUE);
         CREATE TABLE dated (x int, y date) PARTITION BY RANGE COLUMNS (y, x) (PARTITION p0 VALUES LESS THAN ('2026-01-01', 5), PARTITION pm VALUES LESS THAN (MAXVALUE, MAXVALUE));
         CREATE TABLE listed (x int) PARTITION BY LIST (x) (PARTITION a VALUES IN (1, 2, NULL), PARTITION b VALUES IN (0, 7));
         CREATE TABLE pairs (x int, y date) PARTITION BY LIST COLUMNS (x, y) (PARTITION a VALUES IN ((1, '2026-01-01'), (2, NULL)), PARTITION rest DEFAULT);
         CREATE TABLE hashed (x int) PARTITION BY LINEAR HASH (x + 1) PARTITIONS 3;
         CREATE TABLE keyed (x int PRIMARY KEY) PARTITION BY KEY (x) PARTITIONS 2",
    );
    assert_eq!(found.tables.len(), 10);
    assert_eq!(found.unread().count(), 0, "{:#?}", opaque(&found));
    let kinds: Vec<[&str; 3]> = opaque(&found).iter().map(|it| [it[0], it[1], it[2]]).collect();
    for expected in [
        ["option", "isam", "ENGINE"],
        ["option", "isam", ""],
        ["option", "latin", "COLLATE"],
        ["option", "packed", ""],
        ["system versioning", "versioned", ""],
        ["partitions", "ranged", ""],
        ["partitions", "dated", ""],
        ["partitions", "listed", ""],
        ["partitions", "pairs", ""],
        ["partitions", "hashed", ""],
        ["partitions", "keyed", ""],
    ] {
        assert!(kinds.contains(&expected), "{expected:?} in {kinds:?}");
    }
    assert_eq!(kinds.len(), 11, "{kinds:?}");
    comes_back(&mut connection, &found);
}

#[test]
fn what_the_catalog_does_not_say_is_named() {
    let (_, found) = made(
        "unsaid",
        "CREATE SEQUENCE numbers START 5; CREATE TABLE t (a text);
         CREATE TRIGGER slash BEFORE INSERT ON t FOR EACH ROW SET NEW.a = '\\\\n';
         CREATE PROCEDURE slash() SELECT '\\n'; CREATE EVENT slash ON SCHEDULE EVERY 1 DAY DO SELECT '\\t';
         CREATE TABLE period (a int, s timestamp(6) GENERATED ALWAYS AS ROW START, e timestamp(6) GENERATED ALWAYS AS ROW END,
            PERIOD FOR SYSTEM_TIME (s, e)) WITH SYSTEM VERSIONING;
         CREATE TABLE nested (x int) PARTITION BY RANGE (x) SUBPARTITION BY HASH (x) SUBPARTITIONS 2 (PARTITION p0 VALUES LESS THAN (10));
         CREATE TABLE zero (x int) PARTITION BY LIST (x) (PARTITION a VALUES IN (1), PARTITION rest DEFAULT);
         CREATE TABLE history (a int) WITH SYSTEM VERSIONING PARTITION BY SYSTEM_TIME (PARTITION old HISTORY, PARTITION now CURRENT)",
    );
    let unread: Vec<(&str, &str)> = found
        .unread()
        .map(|it| (it.kind.as_str(), it.name.name.as_str()))
        .collect();
    assert_eq!(
        unread,
        [
            ("sequence", "numbers"),
            ("system versioning", "period"),
            ("system versioning", "period"),
            ("partitions", "history"),
            ("partitions", "nested"),
            ("partitions", "zero"),
            ("trigger", "t"),
            ("procedure", "slash"),
            ("event", "slash"),
        ]
    );
}
