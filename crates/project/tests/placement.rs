//! Where `[models]` may put a package: what Python can import, without being in anybody's way.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "tests may fail loudly"
)]

use std::path::Path;

use project::{Loaded, Memory, load};

fn loaded(models: &str) -> Loaded {
    let text = format!("[models]\n{models}\n");
    load(
        &Memory::with([("/p/architrave.toml", text.as_str()), ("/p/schema/a.arch", "")]),
        Path::new("/p"),
    )
}

/// What is found of these settings: code, message and help in one line.
fn told(models: &str) -> Vec<String> {
    let found = loaded(models).diagnostics.into_sorted();
    found
        .iter()
        .map(|it| format!("{} {} | {}", it.rule.code, it.message, it.help.join(" ")))
        .collect()
}

#[track_caller]
fn refuses(models: &str, code: &str, words: &[&str]) {
    let told = told(models);
    assert_eq!(told.len(), 1, "{models}: {told:?}");
    assert!(told[0].starts_with(code), "{told:?}");
    for word in words {
        assert!(told[0].contains(word), "`{word}` is not in {told:?}");
    }
}

#[test]
fn a_part_that_python_cannot_import_is_refused_with_its_line_and_a_name_that_would_do() {
    refuses(
        "folder = \"my-app\"",
        "PRJ007",
        &["line 2", "`my-app`", "`folder = \"my_app\"`"],
    );
    refuses("folder = \"2fa\"", "PRJ007", &["`2fa`", "`folder = \"app_2fa\"`"]);
    refuses(
        "folder = \"class\"",
        "PRJ007",
        &["keyword", "`folder = \"class_\"`"],
    );
    refuses(
        "folder = \"a/my app/b\"",
        "PRJ007",
        &["`folder = \"a/my_app/b\"`"],
    );
    refuses("folder = \"größe\"", "PRJ007", &["`folder = \"gr__e\"`"]);
    refuses(
        "folder = \".\"",
        "PRJ007",
        &["a folder of its own", "`folder = \"app\"`"],
    );
    refuses("folder = \"\"", "PRJ007", &["a folder of its own"]);
    refuses(
        "\n\nsupport = \"models/lambda\"",
        "PRJ007",
        &["line 4", "`support = \"models/lambda_\"`"],
    );
}

#[test]
fn a_name_that_hides_what_the_package_imports_is_refused() {
    for name in [
        "types",
        "logging",
        "sqlalchemy",
        "pydantic",
        "alembic",
        "cryptography",
        "asyncpg",
    ] {
        refuses(
            &format!("folder = \"{name}\""),
            "PRJ007",
            &[&format!("`folder = \"{name}_app\"`"), "hide"],
        );
    }
    // Below another package the name is another one.
    assert_eq!(told("folder = \"app/types\""), Vec::<String>::new());
    refuses(
        "folder = \"src/types\"\npackage = \"types\"",
        "PRJ007",
        &["`types`"],
    );
}

#[test]
fn packages_that_are_in_each_others_way_are_refused() {
    refuses(
        "folder = \"app\"\nsupport = \"lib\"",
        "PRJ008",
        &["below `app`", "`support = \"app/lib\"`"],
    );
    refuses("folder = \"app\"\nsupport = \"app\"", "PRJ008", &["below `app`"]);
    refuses(
        "folder = \"app\"\nsupport = \"app/models\"",
        "PRJ008",
        &["`app/models`"],
    );
    refuses(
        "folder = \"app\"\nsupport = \"app/schemas/core\"",
        "PRJ008",
        &["`app/schemas`"],
    );
    refuses(
        "folder = \"src/shop\"\npackage = \"store\"",
        "PRJ008",
        &["`package = \"shop\"`"],
    );
    refuses(
        "folder = \"app\"\nbase = \"app.core.database.Base\"",
        "PRJ008",
        &["line 3", "`app.core`", "`support = \"app/architrave\"`"],
    );
    refuses(
        "folder = \"app\"\nlog = \"app.models.log\"",
        "PRJ008",
        &["`app.models`"],
    );
    refuses(
        "folder = \"app\"\nmigrations = \"app/models/m\"",
        "PRJ008",
        &["migrations"],
    );
}

#[test]
fn a_base_or_log_that_is_no_dotted_name_is_refused() {
    refuses(
        "base = \"Base\"",
        "PRJ007",
        &["`base`", "`base = \"package.module.Base\"`"],
    );
    refuses("log = \"app.core.log-event\"", "PRJ007", &["`log-event`"]);
    refuses("base = \"app..Base\"", "PRJ007", &[]);
}

#[test]
fn an_application_says_where_everything_is() {
    let models = "folder = \"src/shop\"\npackage = \"shop\"\nsupport = \"src/shop/db/architrave\"\n\
        base = \"shop.core.database.Base\"\nlog = \"shop.core.logging.log_security_event\"";
    let loaded = loaded(models);
    assert_eq!(told(models), Vec::<String>::new());
    let models = loaded.root.config.models;
    assert_eq!(models.place(), "src/shop/");
    assert_eq!(models.import(), "shop");
    assert_eq!(models.support_below(), "db/architrave");
    assert_eq!(models.root(), "src");
    assert_eq!(models.migrations_place(), "migrations/");
}

#[test]
fn silence_means_a_package_of_its_own() {
    let models = loaded("").root.config.models;
    assert_eq!(
        (models.place().as_str(), models.import().as_str()),
        ("models/", "models")
    );
    assert_eq!(
        (models.support_below().as_str(), models.root().as_str()),
        ("core", "")
    );
}

#[test]
fn a_path_out_of_the_project_is_told_once() {
    refuses("folder = \"../app\"", "PRJ006", &["models.folder"]);
    refuses("support = \"/etc\"", "PRJ006", &["models.support"]);
    refuses("migrations = \"../m\"", "PRJ006", &["models.migrations"]);
}
