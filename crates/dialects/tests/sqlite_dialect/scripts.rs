//! Services as statements: each runs, and does what it says.

use dialects::sqlite::{leave, scripts};
use physical::{Behaviour, Column, DefaultValue, Literal, Origin, Service, SqlType};
use rusqlite::Connection;

use crate::shop::blueprint;
use crate::support::{Built, build};

fn script(built: &Built, name: &str) -> String {
    let found = scripts(&built.blueprint).into_iter().find(|(own, _)| own == name);
    found.unwrap_or_else(|| panic!("no script {name}")).1
}

/// All values of a row.
fn spelled(row: &rusqlite::Row<'_>) -> String {
    let values = (0..row.as_ref().column_count()).map(|at| row.get::<_, Option<String>>(at).unwrap());
    values.flatten().collect::<Vec<_>>().join(" ")
}

/// Runs every statement of a script; the last row that is answered.
fn call(connection: &Connection, sql: &str, parameters: &[(&str, &dyn rusqlite::ToSql)]) -> Option<String> {
    let mut answer = None;
    for part in sql.split(";\n").filter(|part| !part.trim().is_empty()) {
        let mut statement = connection
            .prepare(part)
            .unwrap_or_else(|error| panic!("{error}\n{part}"));
        for (name, value) in parameters {
            if let Some(at) = statement.parameter_index(name).unwrap() {
                statement.raw_bind_parameter(at, value).unwrap();
            }
        }
        let mut rows = statement.raw_query();
        let told = rows.next().unwrap().map(spelled);
        // Statements behind the one that answers are about events.
        answer = told.or(answer);
        while rows.next().unwrap().is_some() {}
    }
    answer
}

fn shop() -> Built {
    let built = build(blueprint());
    built.run("INSERT INTO tenants (name) VALUES ('one'); INSERT INTO users (email, password) VALUES ('ann@x.org', 'p')");
    built
}

#[test]
fn a_token_is_redeemed_once_and_in_time() {
    let built = shop();
    built.run("INSERT INTO tokens (user_id, token, expires_at) VALUES (1, x'01', '2099-01-01T00:00:00.000Z'), (1, x'02', '2001-01-01T00:00:00.000Z')");
    let sql = script(&built, "redeem_token");
    // Of two people each learns of their own pseudonym, and of nobody else's.
    built.run("INSERT INTO users (email, password) VALUES ('bob@x.org', 'q'); INSERT INTO tokens (user_id, token, expires_at) VALUES (2, x'04', '2099-01-01T00:00:00.000Z')");
    let two = built.one("SELECT u.public_id || ' ' || a.public_id FROM users AS u JOIN actors AS a ON a.user_id = u.id WHERE u.id = 2");
    assert_eq!(
        call(&built.connection, &sql, &[(":token", &vec![4_u8])]),
        Some(two)
    );
    let owner = built.one("SELECT public_id FROM users WHERE id = 1");
    let actor = built.one("SELECT public_id FROM actors WHERE user_id = 1");
    assert_eq!(
        call(&built.connection, &sql, &[(":token", &vec![1_u8])]),
        Some(format!("{owner} {actor}"))
    );
    assert_eq!(call(&built.connection, &sql, &[(":token", &vec![1_u8])]), None);
    assert_eq!(call(&built.connection, &sql, &[(":token", &vec![2_u8])]), None);
    assert_eq!(call(&built.connection, &sql, &[(":token", &vec![3_u8])]), None);
}

#[test]
fn the_living_are_found() {
    let built = shop();
    let sql = script(&built, "find_user_by_email");
    assert!(call(&built.connection, &sql, &[(":email", &"ann@x.org")]).is_some());
    built.run("UPDATE users SET deleted_at = '2001-01-01T00:00:00.000Z'");
    assert!(call(&built.connection, &sql, &[(":email", &"ann@x.org")]).is_none());
}

#[test]
fn signing_up_makes_a_user_and_an_actor() {
    let built = shop();
    let actor = call(
        &built.connection,
        &script(&built, "sign_up"),
        &[(":email", &"eve@x.org"), (":password", &"h")],
    );
    assert_eq!(
        actor.unwrap(),
        built.one("SELECT u.public_id || ' ' || a.public_id FROM actors AS a JOIN users AS u ON u.id = a.user_id WHERE u.id = 2")
    );
    // Whoever logs in learns as whom to act.
    let found = call(
        &built.connection,
        &script(&built, "find_user_by_email"),
        &[(":email", &"eve@x.org")],
    );
    assert!(
        found
            .unwrap()
            .ends_with(&built.one("SELECT public_id FROM actors WHERE user_id = 2"))
    );
}

#[test]
fn what_is_over_is_purged_and_nothing_else() {
    let built = shop();
    built.run(
        "INSERT INTO tokens (user_id, token, expires_at) VALUES (1, x'01', '2001-01-31T00:00:00.000Z'), \
         (1, x'02', '2099-01-01T00:00:00.000Z'), (1, x'03', strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-20 days'))",
    );
    call(&built.connection, &script(&built, "purge_tokens"), &[]);
    assert_eq!(built.all("SELECT hex(token) FROM tokens ORDER BY id"), "02\n03");
    // The trail forgets the row that went, says so, and keeps the others.
    let trail = "SELECT group_concat(operation || coalesce(changes IS NULL, ''), ' ') FROM (SELECT * FROM shop_audit_log WHERE entity = 'tokens' AND row_id = ";
    assert_eq!(
        built.one(&format!("{trail}1 ORDER BY seq)")),
        "insert1 delete1 erase1"
    );
    assert_eq!(built.one(&format!("{trail}2 ORDER BY seq)")), "insert0");
}

#[test]
fn the_dead_are_emptied_of_the_person() {
    let built = shop();
    built.run("INSERT INTO users (email, password) VALUES ('bob@x.org', 'q'); UPDATE users SET deleted_at = '2001-01-01T00:00:00.000Z' WHERE id = 1");
    std::thread::sleep(std::time::Duration::from_millis(3));
    let sql = script(&built, "anonymise_users");
    call(&built.connection, &sql, &[]);
    assert_eq!(
        built.one(
            "SELECT email = 'deleted-' || public_id || '@invalid' AND password = '!' FROM users WHERE id = 1"
        ),
        "1"
    );
    assert_eq!(built.one("SELECT email FROM users WHERE id = 2"), "bob@x.org");
    let kept = |id: i32| {
        built.one(&format!(
            "SELECT count(changes) || '/' || sum(operation = 'erase') FROM shop_audit_log WHERE entity = 'users' AND row_id = {id}"
        ))
    };
    assert_eq!((kept(1), kept(2)), ("0/1".to_owned(), "1/0".to_owned()));
    let version = built.one("SELECT version FROM users WHERE id = 1");
    call(&built.connection, &sql, &[]);
    assert_eq!(built.one("SELECT version FROM users WHERE id = 1"), version);
}

#[test]
fn nothing_of_an_erased_subject_remains() {
    let built = shop();
    built
        .run("INSERT INTO tokens (user_id, token, expires_at) VALUES (1, x'01', '2099-01-01T00:00:00.000Z')");
    built.run("INSERT INTO orders (tenant_id, customer_id) VALUES (1, 1)");
    built.run("UPDATE shop_audit_log SET commitment = x'aa'");
    let id = built.one("SELECT public_id FROM users");
    let sql = script(&built, "erase_user");
    built.run("UPDATE orders SET deleted_at = '2001-01-01T00:00:00.000Z'");
    call(&built.connection, &sql, &[(":public_id", &id)]);
    // Emptying is no deletion, and no rule about what refers to the row holds it up.
    assert_eq!(built.one("SELECT deleted_at IS NULL FROM users"), "1");
    let mark = "SELECT subject_id || '/' || (changes IS NULL) || '/' || (commitment IS NULL) FROM shop_audit_log WHERE operation = 'erase'";
    assert_eq!(built.one(mark), "1/1/1");
    // Erasing again finds the same person, although the mark of the first names no row; nobody of that name leaves no mark.
    call(&built.connection, &sql, &[(":public_id", &id)]);
    call(
        &built.connection,
        &sql,
        &[(":public_id", &"00000000-0000-4000-8000-000000000000")],
    );
    assert_eq!(built.all(mark), "1/1/1\n1/1/1");
    assert_eq!(built.one("SELECT count(*) FROM tokens"), "0");
    assert_eq!(
        built.one("SELECT count(*) FROM users WHERE email LIKE 'ann%'"),
        "0"
    );
    assert_eq!(
        built.one("SELECT count(*) FROM actors WHERE user_id IS NOT NULL"),
        "0"
    );
    assert_eq!(
        built.one("SELECT count(*) FROM shop_audit_log WHERE subject_id = 1 AND changes IS NOT NULL"),
        "0"
    );
    assert_ne!(
        built.one("SELECT count(*) FROM shop_audit_log WHERE subject_id IS NULL AND changes IS NOT NULL"),
        "0"
    );
}

#[test]
fn reads_are_counted_beside_the_row_and_throttled() {
    let built = shop();
    let id = built.one("SELECT public_id FROM users");
    let sql = script(&built, "touch_user");
    call(&built.connection, &sql, &[(":public_id", &id)]);
    call(&built.connection, &sql, &[(":public_id", &id)]);
    assert_eq!(built.one("SELECT access_count FROM users_access"), "1");
    built.run("UPDATE users_access SET last_accessed = '2001-01-01T00:00:00.000Z'");
    call(&built.connection, &sql, &[(":public_id", &id)]);
    assert_eq!(built.one("SELECT access_count FROM users_access"), "2");
    assert_eq!(built.one("SELECT version FROM users"), "1");
}

#[test]
fn reads_recorded_on_the_row_itself_are_no_change_of_it() {
    let mut blueprint = blueprint();
    for placed in &mut blueprint.services {
        if let Service::TouchAccess { access, .. } = &mut placed.what {
            *access = placed.table.clone();
        }
    }
    for placed in &mut blueprint.behaviours {
        if let Behaviour::Audit { ignored, .. } = &mut placed.what {
            ignored.extend(["last_accessed".into(), "access_count".into()]);
        }
    }
    let users = blueprint
        .database
        .tables
        .iter_mut()
        .find(|table| table.name.name.as_str() == "users");
    let mut last = Column::new("last_accessed", SqlType::TimestampTz, Origin::Found);
    last.nullable = true;
    let mut count = Column::new("access_count", SqlType::BigInt, Origin::Found);
    count.default = Some(DefaultValue::Literal(Literal::Int(0)));
    users.unwrap().columns.extend([last, count]);
    let built = build(blueprint);
    built.run("INSERT INTO tenants (name) VALUES ('one'); INSERT INTO users (email, password) VALUES ('ann@x.org', 'p'), ('bob@x.org', 'p')");
    let id = built.one("SELECT public_id FROM users WHERE id = 1");
    let sql = script(&built, "touch_user");
    let rest =
        "SELECT version || updated_at || (SELECT count(*) FROM shop_audit_log) FROM users WHERE id = 1";
    let before = built.one(rest);
    call(&built.connection, &sql, &[(":public_id", &id)]);
    call(&built.connection, &sql, &[(":public_id", &id)]);
    assert_eq!(built.one("SELECT group_concat(access_count) FROM users"), "1,0");
    built.run("UPDATE users SET last_accessed = '2001-01-01T00:00:00.000Z'");
    call(&built.connection, &sql, &[(":public_id", &id)]);
    assert_eq!(built.one("SELECT group_concat(access_count) FROM users"), "2,0");
    assert_eq!(
        built.one(rest),
        before,
        "neither version nor stamps nor the trail"
    );
    built.run("UPDATE users SET email = 'eve@x.org' WHERE id = 1");
    assert_eq!(built.one("SELECT version FROM users WHERE id = 1"), "2");
}

#[test]
fn leaving_clears_the_context() {
    let built = shop();
    let actor = built.one("SELECT public_id FROM actors WHERE user_id = 1");
    built.enter(Some(&actor), None);
    assert_eq!(
        built.one("SELECT actor_id IS NOT NULL FROM shop_private_context"),
        "1"
    );
    for statement in leave(&built.blueprint) {
        built.run(&statement);
    }
    assert_eq!(
        built.one("SELECT actor_id IS NULL AND actor IS NULL FROM shop_private_context"),
        "1"
    );
}
