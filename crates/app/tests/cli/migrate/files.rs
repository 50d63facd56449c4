//! Files that were edited, moved, or are not what they should be.

use std::fs;

use super::{BOTH, Stage};

#[test]
fn line_ends_and_a_byte_order_mark_are_no_edit() {
    for product in BOTH {
        let stage = Stage::fixture(product);
        stage.migrate(&["apply"]).ends(0);
        let text = stage.project.read("migrations/0001_customers/up.sql");
        stage.write(
            "0001_customers/up.sql",
            format!("\u{feff}{}", text.replace('\n', "\r\n")),
        );
        stage.migrate(&["apply"]).ends(0).says("nothing is pending");
        stage
            .migrate(&["verify"])
            .ends(0)
            .says("differ from what was applied in line ends");
    }
}

#[test]
fn a_migration_in_another_systems_line_ends_is_applied() {
    for product in BOTH {
        let stage = Stage::fixture(product);
        for name in ["0001_customers", "0002_orders"] {
            let text = stage.project.read(&format!("migrations/{name}/up.sql"));
            stage.write(
                &format!("{name}/up.sql"),
                format!("\u{feff}{}", text.replace('\n', "\r\n")),
            );
        }
        stage.migrate(&["apply"]).ends(0).says("3 migrations applied");
        stage.migrate(&["verify"]).ends(0);
    }
}

#[test]
fn an_edited_migration_stops_until_somebody_accepts_it() {
    for product in BOTH {
        let stage = Stage::fixture(product);
        stage.migrate(&["apply", "--to", "2"]).ends(0);
        let text = stage.project.read("migrations/0001_customers/up.sql");
        stage.write("0001_customers/up.sql", format!("{text}-- more\n"));
        stage
            .migrate(&["status"])
            .ends(0)
            .says("applied, up.sql changed since");
        stage
            .migrate(&["apply"])
            .ends(1)
            .says("`up.sql` of 0001_customers was edited");
        stage.migrate(&["verify"]).ends(1);
        stage.migrate(&["repair", "--accept-files", "3"]).ends(1);
        stage.migrate(&["repair", "--accept-files", "1"]).ends(0);
        stage.migrate(&["apply"]).ends(0).says("1 migration applied");
        stage.migrate(&["verify"]).ends(0);
    }
}

#[test]
fn an_edited_way_back_is_not_gone() {
    let stage = Stage::fixture("postgres");
    stage.migrate(&["apply"]).ends(0);
    stage.write("0003_search/down.sql", "DROP SCHEMA shop CASCADE;");
    stage
        .migrate(&["verify"])
        .ends(1)
        .says("`down.sql` of 0003_search was edited");
    stage
        .migrate(&["rollback"])
        .ends(1)
        .says("`down.sql` of 0003_search was edited");
}

#[test]
fn folders_that_went_or_got_another_number_or_name_are_told() {
    let stage = Stage::fixture("sqlite");
    stage.migrate(&["apply"]).ends(0);
    let at = |name: &str| stage.project.at(&format!("migrations/{name}"));
    fs::rename(at("0002_orders"), at("0005_orders")).unwrap();
    stage
        .migrate(&["apply"])
        .ends(1)
        .says("0005_orders was applied as number 2");
    fs::rename(at("0005_orders"), at("0002_purchases")).unwrap();
    stage
        .migrate(&["apply"])
        .ends(1)
        .says("its folder is named `0002_purchases` now");
    fs::rename(at("0002_purchases"), stage.project.at("elsewhere")).unwrap();
    stage
        .migrate(&["apply"])
        .ends(1)
        .says("0002_orders is applied, and its folder is gone");
    fs::rename(stage.project.at("elsewhere"), at("0002_orders")).unwrap();
    stage.migrate(&["apply"]).ends(0);
}

#[test]
fn two_branches_with_one_number_are_told_apart() {
    let stage = Stage::fixture("sqlite");
    stage.write("0002_carts/up.sql", "CREATE TABLE carts (x);");
    stage
        .migrate(&["apply"])
        .ends(1)
        .says("number 2 is taken by `0002_");
    fs::rename(
        stage.project.at("migrations/0002_carts"),
        stage.project.at("migrations/0004_carts"),
    )
    .unwrap();
    stage.migrate(&["apply"]).ends(0).says("4 migrations applied");
}

#[test]
fn a_lower_number_than_what_is_applied_is_applied_when_that_is_meant() {
    let stage = Stage::empty("sqlite");
    stage.write("1_a/up.sql", "CREATE TABLE a (x);");
    stage.write("3_c/up.sql", "CREATE TABLE c (x);");
    stage.migrate(&["apply"]).ends(0);
    stage.write("2_b/up.sql", "CREATE TABLE b (x);");
    stage.migrate(&["status"]).ends(0).says("pending, out of order");
    stage
        .migrate(&["apply"])
        .ends(1)
        .says("0002_b is not applied, and one with a higher number is");
    stage
        .migrate(&["apply", "--out-of-order"])
        .ends(0)
        .says("1 migration applied");
    stage.migrate(&["verify"]).ends(0);
}

#[test]
fn files_that_cannot_be_run_are_refused_before_anything_is() {
    let refused: &[(&str, &[u8], &str)] = &[
        (
            "postgres",
            b"SELECT 1;\nCOPY t FROM STDIN;\n1\t'\n\\.\n",
            "up.sql:2:1: COPY with data of the client",
        ),
        (
            "postgres",
            b"BEGIN;\nSELECT 1;\nCOMMIT;\n",
            "up.sql:1:1: a migration that controls transactions itself",
        ),
        (
            "postgres",
            b"SELECT 1;\n\\connect other\n",
            "up.sql:2:1: a command of `psql`",
        ),
        (
            "postgres",
            b"SELECT 'open;\n",
            "up.sql:1:8: this text in single quotes has no end",
        ),
        (
            "postgres",
            b"DO $x$ BEGIN END $y$;\n",
            "up.sql:1:4: this text in dollars has no end",
        ),
        (
            "postgres",
            b"/* /* */ SELECT 1;\n",
            "up.sql:1:1: this comment has no end",
        ),
        (
            "postgres",
            b"-- architrave: no-transactions\nSELECT 1;\n",
            "the directive `no-transactions` is not known",
        ),
        ("postgres", b"\xff\xfeS\0", "it is UTF-16"),
        ("sqlite", b"SELECT '\xe4';\n", "it is not UTF-8 at byte 9"),
        ("sqlite", b"ATTACH 'x' AS x;\n", "another database file"),
        (
            "sqlite",
            b"SELECT \"a;\n",
            "this name in double quotes has no end",
        ),
        ("sqlite", b"SAVEPOINT a;\n", "controls transactions itself"),
    ];
    for (product, text, message) in refused {
        let stage = Stage::empty(product);
        stage.write("1_good/up.sql", "CREATE TABLE good (x integer);");
        stage.write("2_bad/up.sql", text);
        stage.migrate(&["apply"]).ends(1).says(message);
        assert!(
            stage.connect().execute("SELECT * FROM good").is_err(),
            "{message}"
        );
    }
}

#[test]
fn empty_files_and_files_of_comments_are_migrations_that_do_nothing() {
    for product in BOTH {
        let stage = Stage::empty(product);
        stage.write("1_nothing/up.sql", "");
        stage.write("2_words/up.sql", "-- only words\n;;\n/* ; */");
        stage.migrate(&["apply"]).ends(0).says("2 migrations applied");
        stage.migrate(&["verify"]).ends(0);
    }
}

#[test]
fn folders_that_are_no_migrations_are_told() {
    let stage = Stage::empty("sqlite");
    stage.write("notes/up.sql", "");
    stage.write("2_b/down.sql", "");
    stage.write("README.md", "");
    stage
        .migrate(&["status"])
        .ends(1)
        .says("the folder is not named as a migration")
        .says("there is no `up.sql`")
        .keeps_silent_about("README");
    stage
        .migrate(&["apply", "--folder", "nowhere"])
        .ends(1)
        .says("cannot be read");
}

#[test]
fn a_file_of_ten_megabytes_is_run() {
    let stage = Stage::empty("sqlite");
    let mut text = "CREATE TABLE big (n INTEGER, t TEXT);\n".to_owned();
    let filler = "x".repeat(1000);
    for number in 0..10_000 {
        text.push_str(&format!("INSERT INTO big VALUES ({number}, '{filler};');\n"));
    }
    assert!(text.len() > 10_000_000);
    stage.write("1_big/up.sql", text);
    stage.migrate(&["apply"]).ends(0);
    assert_eq!(
        stage.rows("SELECT count(*), count(DISTINCT n) FROM big"),
        ["[Int(10000), Int(10000)]"]
    );
    assert_eq!(
        stage.rows(&format!("SELECT count(*) FROM {}", stage.ledger())),
        ["[Int(10001)]"]
    );
}
