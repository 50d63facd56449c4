//! Each `fixtures/design/*.arch` designs to the `.txt` beside it. `UPDATE_FIXTURES=1` writes them again.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests may fail loudly"
)]

mod common;

use std::collections::BTreeSet;
use std::path::PathBuf;

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/design")
}

fn names(extension: &str) -> BTreeSet<String> {
    let files = std::fs::read_dir(folder())
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let of_kind = files.filter(|path| path.extension().is_some_and(|found| found == extension));
    of_kind
        .map(|path| path.file_stem().unwrap().to_string_lossy().into_owned())
        .collect()
}

fn dump_of(name: &str) -> String {
    let text = std::fs::read_to_string(folder().join(format!("{name}.arch"))).unwrap();
    common::dump(&common::designed(&text))
}

#[test]
fn fixtures_design_to_what_stands_beside_them() {
    #[allow(
        clippy::disallowed_methods,
        reason = "tests are asked for new fixtures by the environment"
    )]
    let update = std::env::var("UPDATE_FIXTURES").is_ok();
    let mut wrong = Vec::new();
    for name in names("arch") {
        let path = folder().join(format!("{name}.txt"));
        let got = dump_of(&name);
        if update {
            std::fs::write(&path, &got).unwrap();
        } else if std::fs::read_to_string(&path).unwrap_or_default() != got {
            wrong.push(name);
        }
    }
    assert!(
        wrong.is_empty(),
        "changed: {wrong:?}; look at them with UPDATE_FIXTURES=1 and git diff"
    );
    assert_eq!(names("arch"), names("txt"), "a text without a fixture");
}

/// Every row of the secure defaults, with every option: fixture, and what it shows there.
const OPTIONS: &[(&str, &str, &str, &str)] = &[
    (
        "internal key",
        "bigint identity",
        "defaults",
        "id bigint not null identity Always",
    ),
    (
        "internal key",
        "natural",
        "identity",
        "primary key currencies_pkey (code)",
    ),
    (
        "internal key",
        "uuid",
        "identity",
        "id uuid not null default Uuid4",
    ),
    (
        "internal key",
        "internal",
        "identity",
        "[public-id] Counter: none: nothing outside names the row because \"nobody names a counter\"",
    ),
    (
        "public id",
        "v4",
        "defaults",
        "public_id uuid not null default Uuid4",
    ),
    (
        "public id",
        "uuid7",
        "identity",
        "public_id uuid not null default Uuid7",
    ),
    ("public id", "none", "plain", "because \"nobody names a draft\""),
    (
        "what leaves",
        "resolved",
        "defaults",
        "customer = r_customer.public_id",
    ),
    (
        "what leaves",
        "copied",
        "options",
        "(shelf_id, owner_id, shelf_public_id) -> shop.shelfs (id, user_id, public_id)",
    ),
    (
        "secrets",
        "token",
        "privacy",
        "check invitations_token_length ByteLength(token) = 32",
    ),
    (
        "timestamps",
        "on",
        "defaults",
        "updated_at timestamptz not null default Now",
    ),
    (
        "timestamps",
        "off",
        "off",
        "[timestamps] Rate: none because \"rows are rebuilt every night\"",
    ),
    (
        "authorship",
        "actors",
        "defaults",
        "foreign key orders_created_by_fkey (created_by) -> shop.actors (id)",
    ),
    (
        "authorship",
        "no actor",
        "off",
        "no actors: changes have no author because \"a batch program without users\"",
    ),
    (
        "authorship",
        "without authors",
        "plain",
        "[authorship] Draft: none because \"written by a job\"",
    ),
    (
        "soft delete",
        "on",
        "defaults",
        "unique index users_email_key BTree (email) where deleted_at is null",
    ),
    (
        "soft delete",
        "off",
        "off",
        "[soft-delete] Rate: off: DELETE removes the row because",
    ),
    (
        "status",
        "check",
        "defaults",
        "check orders_state_state state in ('cart', 'placed', 'paid', 'cancelled')",
    ),
    (
        "status",
        "moves",
        "defaults",
        "does Transitions { column: state, initial: [\"cart\"]",
    ),
    ("status", "native", "options", "type shop.colour_kind"),
    (
        "versioning",
        "on",
        "defaults",
        "version integer not null default 1",
    ),
    (
        "versioning",
        "full",
        "options",
        "version_updated_by bigint not null default 1",
    ),
    (
        "versioning",
        "off",
        "off",
        "[versioning] Rate: off because \"one writer\"",
    ),
    ("access", "separate", "defaults", "table shop.orders_access"),
    (
        "access",
        "inline",
        "options",
        "access_count bigint not null default 0",
    ),
    (
        "access",
        "off",
        "off",
        "[access] Rate: nowhere because \"nobody asks\"",
    ),
    ("audit", "chained", "defaults", "chain: Sealed"),
    ("audit", "plain", "plain", "chain: Plain"),
    ("audit", "inline", "options", "chain: Inline"),
    (
        "audit",
        "off",
        "off",
        "[audit] Rate: no entries because \"rows are rebuilt every night\"",
    ),
    (
        "ownership",
        "inherited",
        "defaults",
        "foreign key order_lines_order_id_owner_id_fkey (order_id, owner_id) -> shop.orders (id, customer_id)",
    ),
    (
        "ownership",
        "tenant",
        "tenant",
        "policy tasks_tenant restrictive All to shop_app, shop_support using tenant_id = context tenant check tenant_id = context tenant",
    ),
    (
        "ownership",
        "the tenant itself",
        "tenant",
        "policy organisations_tenant restrictive All to shop_app, shop_support using id = context tenant",
    ),
    (
        "privacy",
        "encrypted",
        "privacy",
        "check users_birth_date_length ByteLength(birth_date) >= 45",
    ),
    (
        "privacy",
        "searchable",
        "privacy",
        "unique index users_email_bidx_key BTree (email_bidx) where deleted_at is null",
    ),
    (
        "retention",
        "purge",
        "privacy",
        "offers Purge { name: purge_invitations, after: expires_at",
    ),
    (
        "retention",
        "anonymise",
        "defaults",
        "offers Anonymise { name: anonymise_users",
    ),
    ("retention", "erase", "privacy", "Key { table: data_keys }"),
    (
        "indexes",
        "merged",
        "indexes",
        "index posts_author_id_published_idx BTree (author_id, published)",
    ),
    (
        "columns",
        "aligned",
        "defaults",
        "[columns] Order: ordered by alignment",
    ),
    (
        "immutable",
        "public id and owner",
        "defaults",
        "does Immutable { columns: [public_id, customer_id] }",
    ),
    (
        "immutable",
        "fields",
        "options",
        "[immutable] Book.pages: set once",
    ),
    ("columns", "as written", "options", "[columns] Book: as written"),
    (
        "roles",
        "prefixed",
        "defaults",
        "role shop_migrator of shop_owner",
    ),
    (
        "context",
        "setting",
        "defaults",
        "[context] policy.context: two settings",
    ),
    (
        "context",
        "signed",
        "options",
        "table shop_private.signed_contexts",
    ),
    ("events", "store", "defaults", "table shop_audit.events"),
    (
        "masking",
        "views",
        "defaults",
        "is_deleted = t.deleted_at is not null",
    ),
    (
        "partitions",
        "keys",
        "partitions",
        "unique readings_public_id_key (public_id, taken_at)",
    ),
    (
        "raw sql",
        "undo",
        "sql",
        "sql postgres: CREATE EXTENSION IF NOT EXISTS pg_trgm / Some(\"DROP EXTENSION pg_trgm\")",
    ),
];

#[test]
fn every_option_of_the_secure_defaults_is_shown_by_a_fixture() {
    let mut missing = Vec::new();
    for (row, option, fixture, shown) in OPTIONS {
        if !dump_of(fixture).contains(shown) {
            missing.push(format!("{row} / {option}: `{shown}` is not in {fixture}"));
        }
    }
    assert!(missing.is_empty(), "{}", missing.join("\n"));
}

#[test]
fn every_kind_of_decision_is_made_by_a_fixture() {
    let mut made = BTreeSet::new();
    for name in names("arch") {
        let text = std::fs::read_to_string(folder().join(format!("{name}.arch"))).unwrap();
        made.extend(
            common::designed(&text)
                .decisions
                .iter()
                .map(|decision| decision.id),
        );
    }
    let all: BTreeSet<&str> = design::kinds().iter().map(|kind| kind.id).collect();
    assert_eq!(made, all);
}

#[test]
fn each_decision_has_a_file_and_is_listed() {
    let files = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/src/decisions")).unwrap();
    let files = files
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_file());
    let files = files.filter(|path| path.file_stem().unwrap() != "mod").count();
    assert_eq!(files, design::kinds().len());
    let ids: BTreeSet<&str> = design::kinds().iter().map(|kind| kind.id).collect();
    assert_eq!(ids.len(), files, "two decisions share an id");
    for kind in design::kinds() {
        assert!(kind.reason.len() > 40, "{} has no reason", kind.id);
    }
}
