//! What the fixtures mean, beyond that they resolve.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::disallowed_methods,
    reason = "a test may fail loudly"
)]

use std::path::Path;

use diagnostics::{FileId, Severity, Sources};
use model::{
    AccessRule, Action, ContextMode, Database, Entity, Expr, ExprKind, FieldOrigin, Identity, ImpliedField,
    Literal, Model, OnDelete, Ownership, Privacy, Protection, Relation, RetentionKind, Scalar, Type,
    UniqueScope, UuidVersion, Versioning,
};

fn fixture(name: &str) -> Model {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../fixtures/model/ok")
        .join(name);
    let text = std::fs::read_to_string(path).unwrap();
    let parse = syntax::parse(FileId::default(), &text);
    model::resolve(&[(FileId::default(), &parse)]).0
}

fn entity<'m>(model: &'m Model, name: &str) -> &'m Entity {
    model.entity_named(name).unwrap()
}

#[test]
fn settings_are_what_they_say() {
    let model = fixture("everything.arch");
    let project = model.project.as_ref().unwrap();
    assert_eq!(project.databases, [Database::Postgres, Database::Sqlite]);
    assert_eq!(project.schema.as_ref().unwrap().text, "everything");
    let policy = &model.policy;
    assert_eq!(policy.context.value, ContextMode::Signed);
    assert_eq!(policy.storage, Some(35));
    assert_eq!(policy.tenant.value, Some(entity(&model, "Company").id));
    assert_eq!(policy.actor.value, Some(entity(&model, "Person").id));
}

#[test]
fn heads_override_the_policy_with_their_reasons() {
    let model = fixture("everything.arch");
    let measurement = entity(&model, "Measurement");
    assert_eq!(measurement.identity.value, Identity::Dual(UuidVersion::V7));
    assert_eq!(measurement.versioning.value, Versioning::Full);
    assert!(!measurement.soft_delete.value);
    assert_eq!(
        measurement.soft_delete.because.as_deref(),
        Some("numbers of a machine")
    );
    assert!(measurement.implied(ImpliedField::DeletedAt).is_none());
    assert!(measurement.implied(ImpliedField::VersionUpdatedBy).is_some());
    let (taken, _) = measurement.field("taken_at").unwrap();
    assert_eq!(measurement.partition.unwrap().0, taken);
    let warehouse = entity(&model, "Warehouse");
    assert_eq!(warehouse.identity.value, Identity::Natural);
    assert!(warehouse.implied(ImpliedField::Id).is_none());
    assert_eq!(entity(&model, "Country").identity.value, Identity::Internal);
    let person = entity(&model, "Person");
    assert_eq!(person.was, ["humans"]);
    assert_eq!(person.field("id").unwrap().1.ty, Type::Scalar(Scalar::Uuid));
}

#[test]
fn rows_belong_to_someone() {
    let model = fixture("everything.arch");
    assert_eq!(entity(&model, "Company").ownership, Ownership::IsTenant);
    assert_eq!(entity(&model, "Person").ownership, Ownership::Itself);
    assert_eq!(entity(&model, "Task").ownership, Ownership::Tenant);
    assert!(matches!(
        entity(&model, "Country").ownership,
        Ownership::Public { .. }
    ));
    for (name, in_tenant) in [
        ("Company", false),
        ("Person", false),
        ("Task", true),
        ("Profile", true),
        ("Country", false),
    ] {
        assert_eq!(
            entity(&model, name).implied(ImpliedField::Tenant).is_some(),
            in_tenant,
            "{name}"
        );
    }
    let model = fixture("relations.arch");
    let person = entity(&model, "Person").id;
    for name in ["Wallet", "Coin", "Scratch"] {
        let Ownership::Inherited { root, .. } = entity(&model, name).ownership else {
            panic!("{name}")
        };
        assert_eq!(root, person);
        let (_, owner) = entity(&model, name).implied(ImpliedField::Owner).unwrap();
        assert_eq!(
            (owner.column.as_str(), &owner.ty),
            ("owner_id", &Type::Reference(person))
        );
    }
    assert!(matches!(entity(&model, "Account").ownership, Ownership::Owner(_)));
}

#[test]
fn relations_are_what_they_say() {
    let model = fixture("relations.arch");
    let relation = |name: &str, field: &str| entity(&model, name).field(field).unwrap().1.relation.unwrap();
    let of = |name: &str, field: &str| entity(&model, name).field(field).unwrap().0;
    assert!(matches!(relation("Person", "posts"), Relation::Inverse(it) if it.of == of("Post", "author")));
    assert!(matches!(relation("Person", "pupils"), Relation::Inverse(it) if it.of == of("Person", "mentor")));
    let Relation::Through { near, far, .. } = relation("Person", "friends") else {
        panic!()
    };
    assert_eq!((near, far), (of("Friendship", "from"), of("Friendship", "to")));
    // Both sides declare the relation: one link.
    assert_eq!(relation("Post", "tags"), relation("Tag", "posts"));
    assert_eq!(relation("Person", "likes"), relation("Post", "liked_by"));
    assert_eq!(relation("Person", "groups"), relation("Group", "members"));
    assert_eq!(model.links.len(), 3);
    let line = entity(&model, "HTTPServer");
    assert_eq!(
        (line.table.as_str(), line.was.as_slice()),
        ("http_servers", ["web_servers".to_owned()].as_slice())
    );
}

#[test]
fn fields_carry_their_rules() {
    let model = fixture("everything.arch");
    let person = entity(&model, "Person");
    let field = |name: &str| person.field(name).unwrap().1;
    assert_eq!(field("email").privacy, Privacy::Personal);
    assert_eq!(
        field("born").protection,
        Protection::Encrypted { searchable: false }
    );
    assert_eq!(field("pin").privacy, Privacy::Secret);
    assert_eq!(field("manager").on_delete.unwrap().0, OnDelete::SetNull);
    assert!(
        matches!(&person.uniques[0].scope, UniqueScope::Global(Some(why)) if why == "one account per address")
    );
    let task = entity(&model, "Task");
    assert!(matches!(
        task.field("ticket").unwrap().1.default,
        Some((Literal::Member(_, 0), _))
    ));
    let changed = task.implied(ImpliedField::StateChangedAt).unwrap().1;
    assert_eq!(changed.name.text, "ticket_changed_at");
    assert_eq!(changed.origin, FieldOrigin::Implied(ImpliedField::StateChangedAt));
    let ticket = model.enums.iter().find(|it| it.name.text == "Ticket").unwrap();
    assert_eq!(
        ticket.initial,
        [0, 3],
        "the first member, and the one that says so"
    );
    assert_eq!(person.retention[0].kind, RetentionKind::Anonymise);
    assert_eq!(
        (person.retention[1].after.months, person.retention[1].after.micros),
        (36, 0)
    );
    let volume = entity(&model, "Measurement").volume.clone().unwrap();
    assert_eq!(volume.rows, 500_000_000);
    assert!((volume.grows.unwrap() - 2_000_000.0 / 86_400.0).abs() < 0.01);
}

#[test]
fn queries_and_rights_are_typed() {
    let model = fixture("everything.arch");
    let task = entity(&model, "Task");
    let params = |name: &str| -> Vec<(String, Type, bool)> {
        let query = task.queries.iter().find(|query| query.name.text == name).unwrap();
        query
            .params
            .iter()
            .map(|it| (it.name.clone(), it.ty.clone(), it.list))
            .collect()
    };
    assert_eq!(
        params("mine"),
        [(
            "me".to_owned(),
            Type::Reference(entity(&model, "Person").id),
            false
        )]
    );
    assert_eq!(
        params("ids")[0],
        ("ids".to_owned(), Type::Scalar(Scalar::Uuid), true)
    );
    assert_eq!(params("words")[0].1, Type::Scalar(Scalar::String(20)));
    let [support, tenant] = task.allows.as_slice() else {
        panic!()
    };
    assert_eq!(support.actions, [Action::Read, Action::Update]);
    assert!(
        matches!(&support.rule, AccessRule::When(Expr { kind: ExprKind::And(parts), .. }) if parts.len() == 2)
    );
    assert!(matches!(tenant.rule, AccessRule::Tenant) && tenant.roles.is_empty());
}

#[test]
fn files_of_one_project_share_their_names() {
    let mut sources = Sources::default();
    let texts = [
        "entity Order { customer User @owner  state State = open  country Country }",
        "project shop { database sqlite }\nenum State { open -> closed }\nentity User owns self { orders [Order] }",
        "entity Country public because \"an open list\" { name String(80) }\nenum State { a }",
    ];
    let parses: Vec<_> = texts
        .iter()
        .enumerate()
        .map(|(at, text)| {
            let file = sources.add(format!("{at}.arch"), *text);
            (file, syntax::parse(file, text))
        })
        .collect();
    let files: Vec<_> = parses.iter().map(|(file, parse)| (*file, parse)).collect();
    let (model, found) = model::resolve(&files);
    let errors: Vec<_> = found.iter().filter(|it| it.severity == Severity::Error).collect();
    let [only] = errors.as_slice() else {
        panic!("{errors:?}")
    };
    assert_eq!(only.rule.code, "NAM001");
    assert_eq!(only.primary.as_ref().unwrap().span.file, FileId(2));
    assert_eq!(only.secondary[0].span.file, FileId(1));
    assert_eq!(model.entities.len(), 3);
}

#[test]
fn findings_come_with_fixes_where_they_are_certain() {
    let fix = |text: &str| {
        let parse = syntax::parse(FileId::default(), text);
        let (_, found) = model::resolve(&[(FileId::default(), &parse)]);
        let fix = found.iter().find_map(|it| it.fix.clone()).unwrap();
        let edit = &fix.edits[0];
        (
            text[edit.span.range()].to_owned(),
            edit.text.clone(),
            fix.certainty == diagnostics::Certainty::Certain,
        )
    };
    let owned = |inner: &str| format!("project p {{ }} entity User owns self {{ age Int?  {inner} }}");
    let (typed, meant, certain) = fix(&owned("query q { where age = null limit 1 }"));
    assert_eq!(
        (typed.as_str(), meant.as_str(), certain),
        ("age = null", "age is null", true)
    );
    let (typed, meant, certain) = fix(&owned("query q { where aeg = 1 limit 1 }"));
    assert_eq!((typed.as_str(), meant.as_str(), certain), ("aeg", "age", false));
    let (typed, meant, certain) = fix(&owned("query q { where aGe = 1 limit 1 }"));
    assert_eq!((typed.as_str(), meant.as_str(), certain), ("aGe", "age", true));
}
