//! What only a person decides.

use super::{BOTH, Stage};

#[test]
fn an_edited_history_stops_everything_until_somebody_accepts_it() {
    for product in BOTH {
        let stage = Stage::fixture(product);
        stage.migrate(&["apply", "--to", "2"]).ends(0);
        stage
            .migrate(&["repair", "--accept-history"])
            .ends(1)
            .says("the history is as it was written");
        stage.sql(&format!(
            "UPDATE {} SET actor = 'somebody else' WHERE position = 1",
            stage.history()
        ));
        stage
            .migrate(&["verify"])
            .ends(1)
            .says("the history was edited: row 1");
        for command in ["apply", "rollback"] {
            stage
                .migrate(&[command])
                .ends(1)
                .says("the history was edited: row 1");
        }
        stage
            .migrate(&["repair", "--accept-files", "1"])
            .ends(1)
            .says("the history was edited");
        stage.migrate(&["repair", "--accept-history"]).ends(0);
        stage.migrate(&["apply"]).ends(0).says("1 migration applied");
        stage.migrate(&["verify"]).ends(0);
    }
}

#[test]
fn a_row_that_is_gone_is_not_papered_over() {
    let stage = Stage::fixture("sqlite");
    stage.migrate(&["apply"]).ends(0);
    stage.sql("DELETE FROM architrave_migrations_history WHERE position = 2");
    stage
        .migrate(&["apply"])
        .ends(1)
        .says("row 2 of `architrave_migrations`: it is missing");
    stage
        .migrate(&["repair", "--accept-history"])
        .ends(1)
        .says("row 2 of the history is missing");
}

#[test]
fn repairs_that_repair_nothing_say_so() {
    let stage = Stage::fixture("sqlite");
    stage.migrate(&["apply"]).ends(0);
    stage.migrate(&["repair"]).ends(2);
    stage.migrate(&["repair", "--done", "--again"]).ends(2);
    stage
        .migrate(&["repair", "--done"])
        .ends(1)
        .says("no statement is open");
    stage
        .migrate(&["repair", "--remove-lease"])
        .ends(1)
        .says("nobody has a lease");
    stage
        .migrate(&["repair", "--forget-unfinished"])
        .ends(1)
        .says("nothing has begun");
}

#[test]
fn what_was_undone_by_hand_can_be_forgotten() {
    let stage = Stage::empty("postgres");
    stage.write(
        "1_a/up.sql",
        "CREATE TABLE a (x integer);\nVACUUM a;\nSELECT nonsense;\n",
    );
    stage
        .migrate(&["apply"])
        .ends(1)
        .says("the first 2 of 3 statements are done");
    stage.sql("DROP TABLE a");
    stage.migrate(&["repair", "--forget-unfinished"]).ends(0);
    stage.write("1_a/up.sql", "CREATE TABLE a (y integer);\n");
    stage.migrate(&["apply"]).ends(0);
    stage.migrate(&["verify"]).ends(0);
}
