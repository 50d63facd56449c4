//! `explain`.

use crate::support::Project;

#[test]
fn everything_that_has_a_name_is_explained() {
    let project = Project::example("shop");
    for (name, words) in [
        ("Order", "Order.public_id"),
        ("Order.public_id", "sequential ids let anyone count"),
        ("Order.state", "Order.state"),
        ("orders", "led to"),
        ("orders.public_id", "public id"),
        ("orders_public_id_key", "Order.public_id"),
        ("shop.orders", "Order"),
        ("SEC004", "plain-text-secret"),
        ("sec004", "plain-text-secret"),
        ("sqlite", "row-level-security"),
        ("postgres", "PostgreSQL gives every guarantee"),
    ] {
        let ran = project.run(&["explain", name]).ends(0).says(words);
        assert_eq!(ran.err, "");
        let json = project.run(&["explain", name, "--format", "json"]).ends(0).json();
        assert_eq!(json["schema"], "architrave.explanation/1");
        assert_eq!(json["name"], name);
        let filled = ["decisions", "lost", "page"]
            .iter()
            .any(|key| json.get(key).is_some());
        assert!(filled, "{json:#}");
    }
    let json = project
        .run(&["explain", "User.email", "--format", "json"])
        .ends(0)
        .json();
    let decisions = json["decisions"].as_array().unwrap();
    assert!(
        decisions.iter().all(|it| ["title", "choice", "reason"]
            .iter()
            .all(|key| it[key].is_string())),
        "{json:#}"
    );
    let said = decisions.iter().find(|it| it["said"].is_object()).unwrap();
    assert_eq!(said["said"]["path"], "schema/shop.arch");
}

#[test]
fn an_unknown_name_ends_with_2_and_a_suggestion() {
    let project = Project::example("shop");
    for (name, near) in [
        ("Ordr", "`Order`"),
        ("Order.stat", "`Order.state`"),
        ("ordes", "`orders`"),
    ] {
        let ran = project.run(&["explain", name]).ends(2).says(near);
        assert_eq!(ran.out, "", "{name}");
    }
    project
        .run(&["explain", "qqqqqqqqqqqq"])
        .ends(2)
        .says("name an entity");
    project
        .run(&["explain", "\x1b[31m"])
        .ends(2)
        .keeps_silent_about("\x1b[31m");
}

#[test]
fn a_rule_needs_no_project_and_a_name_needs_a_sound_one() {
    let nothing = Project::new(&[]);
    nothing.run(&["explain", "NAM003"]).ends(0);
    nothing.run(&["explain", "Order"]).ends(1).says("PRJ003");
    Project::of("entity A { n Intt }\n")
        .run(&["explain", "A"])
        .ends(1)
        .says("NAM003");
}
