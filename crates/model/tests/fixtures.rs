//! Fixture files, whose folder is the assertion: `ok` resolves without an error, `err` finds what the `.txt` beside it says.
//!
//! `UPDATE_FIXTURES=1` writes the `.txt` files anew.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    clippy::string_slice,
    reason = "a test may fail loudly"
)]

use std::path::{Path, PathBuf};

use diagnostics::{Diagnostics, Severity, Sources, render};
use model::{Ownership, Relation};

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../fixtures/model")
        .join(name)
}

fn schemas(folder: &Path) -> Vec<(String, String)> {
    let mut all: Vec<(String, String)> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "arch"))
        .map(|path| {
            (
                path.file_name().unwrap().to_str().unwrap().to_owned(),
                std::fs::read_to_string(&path).unwrap(),
            )
        })
        .collect();
    all.sort();
    assert!(!all.is_empty(), "no fixture in {}", folder.display());
    all
}

fn check(name: &str, text: &str) -> (model::Model, Sources, Diagnostics) {
    let mut sources = Sources::default();
    let file = sources.add(name, text);
    let parse = syntax::parse(file, text);
    let (model, found) = model::resolve(&[(file, &parse)]);
    let mut all = parse.diagnostics;
    all.append(found);
    (model, sources, all)
}

#[test]
fn good_schemas_resolve_without_an_error() {
    for (name, text) in schemas(&folder("ok")) {
        let (model, sources, found) = check(&name, &text);
        let errors: Vec<_> = found
            .into_sorted()
            .into_iter()
            .filter(|it| it.severity == Severity::Error)
            .collect();
        assert!(
            errors.is_empty(),
            "{}",
            render::concise(&sources, &errors, &render::Options::default())
        );
        for entity in &model.entities {
            assert_ne!(
                entity.ownership,
                Ownership::Unknown,
                "{name}: {}",
                entity.name.text
            );
            for field in &entity.fields {
                assert_ne!(
                    field.ty,
                    model::Type::Unknown,
                    "{name}: {}.{}",
                    entity.name.text,
                    field.name.text
                );
                let related = matches!(field.ty, model::Type::Related(_));
                assert_eq!(
                    related,
                    field.relation.is_some(),
                    "{name}: {}.{}",
                    entity.name.text,
                    field.name.text
                );
            }
        }
    }
}

fn is_known(expr: &model::Expr) -> bool {
    let mut known = expr.kind != model::ExprKind::Unknown;
    expr.children(&mut |child| known &= is_known(child));
    known
}

#[test]
fn every_expression_of_good_schemas_is_understood() {
    let mut seen = 0;
    for (name, text) in schemas(&folder("ok")) {
        let (model, _, _) = check(&name, &text);
        for entity in &model.entities {
            let conditions = entity.queries.iter().filter_map(|query| query.condition.as_ref());
            for expr in conditions.chain(entity.checks.iter().map(|check| &check.expr)) {
                assert!(is_known(expr), "{name}: {} {:?}", entity.name.text, expr.span);
                seen += 1;
            }
            for query in &entity.queries {
                for param in &query.params {
                    assert_ne!(param.ty, model::Type::Unknown, "{name}: ${}", param.name);
                }
            }
        }
    }
    assert!(seen > 10);
}

#[test]
fn bad_schemas_are_told_what_is_wrong() {
    let folder = folder("err");
    for (name, text) in schemas(&folder) {
        let (_, sources, found) = check(&name, &text);
        let shown = render::concise(&sources, &found.into_sorted(), &render::Options::default());
        let expected = folder.join(&name).with_extension("txt");
        if std::env::var_os("UPDATE_FIXTURES").is_some() {
            std::fs::write(&expected, &shown).unwrap();
        }
        let expected = std::fs::read_to_string(&expected).unwrap_or_default();
        assert_eq!(
            shown, expected,
            "{name}: run with UPDATE_FIXTURES=1 and look at the difference"
        );
        assert!(shown.contains(" error"), "{name} has no error:\n{shown}");
    }
}

#[test]
fn every_prefix_of_the_shop_resolves() {
    let text = std::fs::read_to_string(folder("ok").join("shop.arch")).unwrap();
    for end in (0..text.len()).filter(|end| text.is_char_boundary(*end)) {
        let (model, _, _) = check("prefix.arch", &text[..end]);
        assert!(model.entities.len() <= 8);
    }
}

#[test]
fn the_shop_means_what_it_says() {
    let text = std::fs::read_to_string(folder("ok").join("shop.arch")).unwrap();
    let (model, _, _) = check("shop.arch", &text);
    let entity = |name: &str| model.entity_named(name).unwrap();
    let user = entity("User").id;
    assert_eq!(model.policy.actor.value, Some(user));
    assert!(matches!(entity("Order").ownership, Ownership::Owner(_)));
    let (via, _) = entity("OrderLine").field("order").unwrap();
    assert_eq!(
        entity("OrderLine").ownership,
        Ownership::Inherited { via, root: user }
    );
    assert!(
        matches!(entity("Order").field("lines").unwrap().1.relation, Some(Relation::Inverse(it)) if it.of == via)
    );
    assert!(matches!(
        entity("Product").field("tags").unwrap().1.relation,
        Some(Relation::Link(_))
    ));
    assert_eq!(model.links[0].table, "product_tags");
    let columns: Vec<&str> = entity("OrderLine")
        .fields
        .iter()
        .map(|field| field.column.as_str())
        .collect();
    let expected = "order_id product_id quantity price id public_id owner_id created_at updated_at created_by updated_by version";
    assert_eq!(columns.join(" "), expected);
    let states = entity("Order").field("state_changed_at").unwrap().1;
    assert_eq!(states.column, "state_changed_at");
    let query = &entity("Product").queries[0];
    let params: Vec<String> = query
        .params
        .iter()
        .map(|it| format!("{} {:?}", it.name, it.ty))
        .collect();
    assert_eq!(
        params,
        [
            "category Reference(EntityId(2))",
            "low Scalar(Money)",
            "high Scalar(Money)"
        ]
    );
}
