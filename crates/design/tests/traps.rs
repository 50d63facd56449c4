//! The traps of the fine print, one test each.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests may fail loudly"
)]

mod common;

use common::{behaviours, codes, designed, expr, services, table, try_model, with_project};
use physical::*;

const USER: &str =
    "entity User owns self { email Email @unique(global) because \"one account per address\" }\n";

fn policy<'t>(table: &'t Table, name: &str) -> &'t Policy {
    table
        .policies
        .iter()
        .find(|policy| policy.name.as_str() == name)
        .unwrap_or_else(|| panic!("no policy {name}"))
}

fn granted(table: &Table, role: &str, privilege: Privilege) -> Option<Vec<String>> {
    let to = Grantee::Role(Ident::from(role));
    let grant = table
        .grants
        .iter()
        .find(|grant| grant.grantee == to && grant.privilege == privilege)?;
    Some(grant.columns.iter().map(ToString::to_string).collect())
}

#[test]
fn tenant_policies_restrict_and_allows_permit() {
    let all = designed(
        "policy { tenant Organisation }\nrole support because \"help\"\nentity Organisation { name String(9) allow update allow read to support }\n\
         entity User owns self { email Email @unique(global) because \"x\" }\nentity Task { name String(9) allow read, update to support }",
    );
    for name in ["tasks", "organisations"] {
        let table = table(&all, name);
        let tenant = policy(table, &format!("{name}_tenant"));
        assert!(!tenant.permissive && tenant.command == PolicyCommand::All);
        assert_eq!(
            tenant.roles,
            [Ident::from("shop_app"), Ident::from("shop_support")]
        );
        assert!(
            table
                .policies
                .iter()
                .filter(|policy| policy.name.as_str().contains("allow"))
                .all(|policy| policy.permissive)
        );
        assert_eq!(table.row_security, RowSecurity::Forced);
    }
}

#[test]
fn no_policy_speaks_of_deletion() {
    let all = designed(&format!("{USER}entity Order {{ customer User @owner }}"));
    for table in &all.blueprint.database.tables {
        for policy in &table.policies {
            let text = policy
                .using
                .iter()
                .chain(&policy.check)
                .map(expr)
                .collect::<String>();
            assert!(!text.contains("deleted"), "{}: {text}", policy.name);
        }
    }
}

#[test]
fn the_tenant_is_not_emptied_with_a_reference() {
    let all = designed(
        "policy { tenant Org }\nentity Org { name String(9) }\nentity User owns self { email Email @unique(global) because \"x\" }\nentity A { name String(9) }\nentity B { a A? @on_delete(set_null) }",
    );
    let key = table(&all, "bs")
        .foreign_keys
        .iter()
        .find(|key| key.columns.len() == 2)
        .unwrap();
    assert_eq!(key.on_delete, OnDelete::SetNull);
    assert_eq!(key.set_null, [Ident::from("a_id")]);
}

#[test]
fn two_roots_of_the_same_name_collide() {
    let all = designed(
        "entity Category public because \"all\" { name String(9) parent Category? unique (parent, name) }",
    );
    let unique = table(&all, "categories")
        .indexes
        .iter()
        .find(|index| index.unique)
        .unwrap();
    assert!(unique.nulls_not_distinct);
    assert_eq!(
        unique.predicate.as_ref().map(expr).as_deref(),
        Some("deleted_at is null")
    );
}

#[test]
fn no_owner_collides_with_the_rows_of_another() {
    let all = designed(&format!(
        "{USER}entity Rack {{ user User @owner floor Int name String(9) unique (floor, name) label String(9)? @unique \
         code String(9) @unique(global) because \"printed on it\" }}\n\
         entity Book {{ rack Rack place Int note String(9)? unique (rack, place) unique (note) }}\n\
         entity Plan {{ user User @owner floor Int name String(9) reference of (floor, name) -> Rack (floor, name) }}"
    ));
    let columns = |name: &str| -> Vec<String> {
        let table = table(&all, name);
        let unique = table.indexes.iter().filter(|index| index.unique);
        unique.map(|index| index.name.to_string()).collect()
    };
    assert_eq!(columns("racks"), ["racks_user_id_label_key", "racks_code_key"]);
    // The reference by which the owner comes stands for the owner.
    assert_eq!(
        columns("books"),
        ["books_rack_id_place_key", "books_owner_id_note_key"]
    );
    let plans = table(&all, "plans");
    let key = plans
        .foreign_keys
        .iter()
        .find(|key| key.references.name.as_str() == "racks")
        .unwrap();
    let names: Vec<String> = key.columns.iter().map(ToString::to_string).collect();
    assert_eq!(names, ["floor", "name", "user_id"]);
    let full = &table(&all, "racks").uniques;
    assert!(full.iter().any(|unique| unique.columns == key.referenced));
}

#[test]
fn what_nobody_names_does_not_count_its_reads() {
    let all = designed(&format!(
        "policy {{ access inline }}\n{USER}entity Currency public because \"x\" without public_id because \"ISO 4217\" {{ code String(3) key (code) }}\n\
         entity Note {{ user User @owner body Text }}"
    ));
    let counts = |name: &str| table(&all, name).column("access_count").is_some();
    assert!(counts("notes") && !counts("currencies"));
    // What shows the table masked speaks of no column that is not there.
    for view in &all.blueprint.database.views {
        let shown = format!("{:?}", view.query).contains("access_count");
        assert_eq!(shown, view.name.name.as_str() != "currencies", "{}", view.name);
    }
}

#[test]
fn a_lone_optional_value_may_be_missing_many_times() {
    let all = designed(
        "entity Shop public because \"all\" { nick String(9)? @unique unique (a, b) a Int? b Int? }",
    );
    let found: Vec<(bool, String)> = table(&all, "shops")
        .indexes
        .iter()
        .filter(|index| index.unique)
        .map(|index| {
            (
                index.nulls_not_distinct,
                index.predicate.as_ref().map(expr).unwrap(),
            )
        })
        .collect();
    assert!(
        found.contains(&(false, "deleted_at is null".to_owned())),
        "{found:?}"
    );
    assert!(
        found.contains(&(
            true,
            "(deleted_at is null and (a is not null or b is not null))".to_owned()
        )),
        "{found:?}"
    );
}

#[test]
fn nobody_chooses_ids_authors_owners_or_tenants() {
    let all = designed(
        "policy { tenant Org }\nentity Org { name String(9) }\nentity User owns self { email Email @unique(global) because \"x\" }\n\
        entity Order { customer User @owner name String(9) @immutable }\nentity Line { order Order count Int }",
    );
    for name in ["orders", "lines"] {
        for privilege in [Privilege::Insert, Privilege::Update] {
            let columns = granted(table(&all, name), "shop_app", privilege).unwrap();
            assert!(!columns.is_empty(), "a right on no column is one on all");
            for forbidden in [
                "id",
                "public_id",
                "created_at",
                "created_by",
                "updated_at",
                "updated_by",
                "owner_id",
                "customer_id",
                "tenant_id",
                "deleted_by",
                "deletion_batch",
            ] {
                assert!(
                    !columns.iter().any(|column| column == forbidden),
                    "{name} {privilege:?} {forbidden}"
                );
            }
        }
        assert_eq!(
            granted(table(&all, name), "shop_app", Privilege::Delete),
            None,
            "soft deletion only"
        );
    }
    let update = granted(table(&all, "orders"), "shop_app", Privilege::Update).unwrap();
    assert_eq!(
        update,
        ["version", "deleted_at", "deletion_reason"],
        "the name is immutable"
    );
    let no_truncate = |table: &Table| {
        table
            .grants
            .iter()
            .all(|grant| grant.privilege != Privilege::Truncate)
    };
    assert!(all.blueprint.database.tables.iter().all(no_truncate));
}

#[test]
fn the_application_has_no_right_on_the_trail() {
    let all = designed(USER);
    for name in ["log", "seals", "events", "users_access"] {
        let grants = &table(&all, name).grants;
        assert!(
            grants
                .iter()
                .all(|grant| grant.grantee != Grantee::Role(Ident::from("shop_app"))),
            "{name}"
        );
    }
    let update = granted(table(&all, "seals"), "shop_sealer", Privilege::Update);
    assert_eq!(update, None, "the sealer only adds");
}

#[test]
fn the_catalogue_is_read_by_all_and_written_by_whom_it_names() {
    let all = designed(
        "role staff because \"shop\"\nentity Product public because \"all\" { name String(9) allow create, update to staff }",
    );
    let product = table(&all, "products");
    assert_eq!(granted(product, "shop_app", Privilege::Insert), None);
    assert!(granted(product, "shop_staff", Privilege::Insert).is_some());
    assert!(
        policy(product, "products_public")
            .roles
            .contains(&Ident::from("shop_staff")),
        "an UPDATE that sees no row changes none"
    );
}

#[test]
fn tokens_are_unique_among_all_rows_even_where_the_dead_remain() {
    let all = designed(&format!(
        "{USER}entity Invite {{ user User @owner token Token @unique expires_at Instant used_at Instant? }}"
    ));
    let invites = table(&all, "invites");
    assert!(
        invites
            .uniques
            .iter()
            .any(|unique| unique.columns == [Ident::from("token")])
    );
    assert!(
        invites.indexes.iter().all(|index| !index.unique),
        "{:?}",
        invites.indexes
    );
    let redeem = services(&all, "invites")
        .into_iter()
        .find_map(|service| match service {
            Service::RedeemToken {
                expires_at,
                used_at,
                owner,
                ..
            } => Some((expires_at.clone(), used_at.clone(), owner.clone())),
            _ => None,
        });
    let (expires_at, used_at, owner) = redeem.unwrap();
    assert_eq!(expires_at, Some(Ident::from("expires_at")));
    assert_eq!(used_at, Some(Ident::from("used_at")));
    assert_eq!(owner.unwrap().1, Name::new("shop", "users"));
}

#[test]
fn what_is_sensitive_is_redacted_masked_and_absent() {
    let all = designed(
        "entity User owns self { email Email @unique(global) because \"x\" password PasswordHash ssn String(9)? @pii(special) @encrypted(searchable) }",
    );
    let redacted = behaviours(&all, "users").into_iter().find_map(|what| match what {
        Behaviour::Audit { redacted, .. } => Some(redacted.clone()),
        _ => None,
    });
    assert_eq!(
        redacted.unwrap(),
        ["email", "password", "ssn", "ssn_bidx"].map(Ident::from)
    );
    let view = all
        .blueprint
        .database
        .views
        .iter()
        .find(|view| view.name.name.as_str() == "users")
        .unwrap();
    let ViewQuery::Select { items, .. } = &view.query else {
        panic!()
    };
    let shown: Vec<(&str, String)> = items
        .iter()
        .map(|(name, item)| (name.as_str(), expr(item)))
        .collect();
    assert!(shown.contains(&("email", "'***'".to_owned())));
    assert!(
        !shown
            .iter()
            .any(|(name, _)| name.contains("password") || name.contains("ssn"))
    );
    assert!(
        !shown.iter().any(|(_, item)| item == "t.id"),
        "internal ids never leave"
    );
    let mask = granted(table(&all, "users"), "shop_mask", Privilege::Select).unwrap();
    assert!(
        !mask
            .iter()
            .any(|column| column == "password" || column == "ssn" || column == "email")
    );
}

#[test]
fn trees_refuse_cycles_and_pairs_do_not() {
    let all = designed("entity Node public because \"all\" { parent Node? twin Node? @unique }");
    let trees: Vec<&Behaviour> = behaviours(&all, "nodes")
        .into_iter()
        .filter(|what| matches!(what, Behaviour::NoCycle { .. }))
        .collect();
    assert_eq!(
        trees,
        [&Behaviour::NoCycle {
            key: Ident::from("id"),
            parent: Ident::from("parent_id")
        }]
    );
}

#[test]
fn soft_deletion_takes_along_what_was_said() {
    let all = designed(&format!(
        "{USER}entity Order {{ customer User @owner }}\n\
         entity Note {{ order Order @on_delete(cascade) }}\n\
         entity Key without soft_delete because \"gone\" {{ order Order @on_delete(cascade) token Token expires_at Instant }}\n\
         entity Row without soft_delete because \"gone\" {{ order Order @on_delete(cascade) }}\n\
         entity Link {{ user User @owner order Order? @on_delete(set_null) }}"
    ));
    let children = behaviours(&all, "orders")
        .into_iter()
        .find_map(|what| match what {
            Behaviour::SoftDelete { children, .. } => Some(children.clone()),
            _ => None,
        });
    let actions: Vec<(String, SoftAction)> = children
        .unwrap()
        .into_iter()
        .map(|child| (child.table.name.to_string(), child.action))
        .collect();
    let expected = [
        ("notes", SoftAction::Cascade),
        ("keys", SoftAction::Destroy),
        ("rows", SoftAction::Leave),
        ("links", SoftAction::SetNull),
    ];
    assert_eq!(actions, expected.map(|(name, action)| (name.to_owned(), action)));
}

#[test]
fn every_foreign_key_is_led_to_by_a_full_index() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/design");
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "arch") {
            continue;
        }
        let all = designed(&std::fs::read_to_string(&path).unwrap());
        for table in &all.blueprint.database.tables {
            let mut keys: Vec<Vec<Ident>> = table.primary_key.iter().map(|key| key.columns.clone()).collect();
            keys.extend(table.uniques.iter().map(|unique| unique.columns.clone()));
            for index in table.indexes.iter().filter(|index| index.predicate.is_none()) {
                let column = |key: &IndexKey| match &key.expr {
                    Expr::Column { name, .. } => name.clone(),
                    _ => Ident::from(""),
                };
                keys.push(index.keys.iter().map(column).collect());
            }
            let to_actors = |key: &&ForeignKey| key.references.name.as_str() == "actors";
            for key in table.foreign_keys.iter().filter(|key| !to_actors(key)) {
                let goal = &key.columns[0];
                let led = keys.iter().any(|columns| {
                    columns
                        .iter()
                        .take_while(|column| key.columns.contains(column))
                        .any(|column| column == goal)
                });
                assert!(led, "{}: {} has no index", path.display(), key.name);
            }
            let mut plain = keys.clone();
            plain.sort();
            plain.dedup();
            assert_eq!(
                plain.len(),
                keys.len(),
                "{}: an index of {} stands twice",
                path.display(),
                table.name
            );
        }
    }
}

#[test]
fn names_never_exceed_the_limit_nor_collide() {
    let long = "a".repeat(60);
    let all = designed(&format!(
        "entity {}x public because \"all\" {{ {long} String(9) @unique\n{long}b String(9) @unique\n unique ({long}, {long}b) }}\n\
         entity A public because \"all\" @table(\"a\") {{ b_c String(9) @unique }}\nentity AB public because \"all\" @table(\"a_b\") {{ c String(9) @unique }}",
        "A".repeat(50)
    ));
    let mut seen = std::collections::HashSet::new();
    for table in &all.blueprint.database.tables {
        let mut names = vec![table.name.name.clone()];
        names.extend(table.primary_key.iter().map(|key| key.name.clone()));
        names.extend(table.uniques.iter().map(|unique| unique.name.clone()));
        names.extend(table.indexes.iter().map(|index| index.name.clone()));
        names.extend(table.checks.iter().map(|check| check.name.clone()));
        names.extend(table.foreign_keys.iter().map(|key| key.name.clone()));
        for name in names {
            assert!(name.as_str().len() <= 63, "{name}");
            assert!(
                seen.insert((table.name.schema.clone(), name.clone())),
                "{name} stands twice"
            );
        }
    }
    assert!(codes(&all).contains(&"DES003"));
}

#[test]
fn everything_says_what_it_is_for() {
    let all = designed(&format!(
        "{USER}entity Order {{ customer User @owner tags [Tag] }}\nentity Tag public because \"all\" {{ name String(9) }}"
    ));
    for table in &all.blueprint.database.tables {
        assert!(table.comment.is_some(), "{}", table.name);
        assert!(
            table.columns.iter().all(|column| column.comment.is_some()),
            "{}",
            table.name
        );
        assert_eq!(table.owner, Some(Ident::from("shop_owner")));
    }
    assert!(
        all.blueprint
            .database
            .roles
            .iter()
            .all(|role| !role.login && !role.superuser && !role.bypass_rls && role.comment.is_some())
    );
}

#[test]
fn explain_finds_things_by_every_name() {
    let all = designed(&format!(
        "{USER}entity Order {{ customer User @owner total Money check (total >= 0) }}"
    ));
    for name in [
        "Order.public_id",
        "order.PUBLIC_ID",
        "Order",
        "orders",
        "orders.public_id",
        "orders_total_check",
        "orders_owner",
        "orders_customer_id_idx",
        "shop_app",
        "find_user_by_email",
        "Order.total",
        "shop_masked.orders",
    ] {
        assert!(!design::explain(&all, name).is_empty(), "{name}");
    }
    assert!(design::explain(&all, "Ordr.public_id").is_empty());
    assert_eq!(
        design::suggest(&all, "Ordr.public_id")
            .first()
            .map(String::as_str),
        Some("Order.public_id")
    );
    assert_eq!(
        design::suggest(&all, "Oder").first().map(String::as_str),
        Some("Order")
    );
    let public_id = design::explain(&all, "Order.public_id");
    assert!(
        public_id
            .iter()
            .all(|decision| decision.subject == "Order.public_id"),
        "nothing about the whole entity"
    );
    let json = serde_json::to_value(public_id[0]).unwrap();
    assert_eq!(json["id"], "public-id");
    assert_eq!(json["attacker"], "A1");
}

#[test]
fn designing_never_fails_whatever_is_broken() {
    let text = std::fs::read_to_string(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../fixtures/design/privacy.arch"
    ))
    .unwrap();
    let text = with_project(&text);
    for end in 0..=text.len() {
        if let Some(prefix) = text.get(..end) {
            let (model, _) = try_model(prefix);
            let _ = design::design(&model);
        }
    }
    for broken in [
        "",
        "entity A { a A }",
        "entity A { b B @owner }\nentity B { a A @owner }",
        "entity A { key (a) a B }\nentity B { key (b) b A }",
        "policy { tenant A }\nentity A { a Nope }",
    ] {
        let (model, _) = try_model(&with_project(broken));
        let _ = design::design(&model);
    }
}

#[test]
fn the_same_text_designs_to_the_same_schema() {
    let text = std::fs::read_to_string(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../fixtures/design/options.arch"
    ))
    .unwrap();
    assert_eq!(common::dump(&designed(&text)), common::dump(&designed(&text)));
}

#[test]
fn what_is_set_once_is_refused_by_a_trigger_too() {
    let all = designed(&format!(
        "policy {{ tenant Organisation }}\nentity Organisation {{ name String(9) allow update }}\n{USER}\
         entity Order {{ customer User @owner  number String(9) @immutable  note String(9)  lines [Line] }}\n\
         entity Line {{ order Order  text String(9) }}"
    ));
    let fixed = |table: &str| {
        let found = behaviours(&all, table).into_iter().find_map(|what| match what {
            Behaviour::Immutable { columns } => Some(columns.iter().map(ToString::to_string).collect()),
            _ => None,
        });
        found.unwrap_or_else(Vec::<String>::new)
    };
    assert_eq!(
        fixed("orders"),
        ["public_id", "customer_id", "tenant_id", "number"]
    );
    assert_eq!(fixed("lines"), ["public_id", "owner_id", "tenant_id"]);
    assert_eq!(fixed("users"), ["public_id"]);
}
