//! A blueprint by hand: small, with one of every behaviour and service.

use physical::*;

use crate::support::Variant;

const ORIGIN: Origin = Origin::Found;
const IMPLIED: [&str; 6] = [
    "updated_at",
    "updated_by",
    "version",
    "deletion_batch",
    "last_accessed",
    "access_count",
];

pub(crate) fn name(table: &str) -> Name {
    Name::new("shop", table)
}

fn audit_name(table: &str) -> Name {
    Name::new("shop_audit", table)
}

fn ids(names: &[&str]) -> Vec<Ident> {
    names.iter().map(|name| Ident::from(*name)).collect()
}

fn column(name: &str, ty: SqlType) -> Column {
    Column::new(name, ty, ORIGIN)
}

fn nullable(name: &str, ty: SqlType) -> Column {
    Column {
        nullable: true,
        ..column(name, ty)
    }
}

fn with_default(name: &str, ty: SqlType, default: DefaultValue) -> Column {
    Column {
        default: Some(default),
        ..column(name, ty)
    }
}

fn sql_default(name: &str, ty: SqlType, sql: &str) -> Column {
    with_default(name, ty, DefaultValue::Expr(Expr::Sql(sql.to_owned())))
}

fn id() -> Column {
    Column {
        identity: Some(Identity::Always),
        ..column("id", SqlType::BigInt)
    }
}

fn grant(privilege: Privilege, columns: &[&str], role: &str) -> Grant {
    Grant {
        privilege,
        columns: ids(columns),
        grantee: Grantee::Role(role.into()),
    }
}

fn policy(name: &str, permissive: bool, command: PolicyCommand, role: &str, sql: Expr) -> Policy {
    let using = (command != PolicyCommand::Insert).then(|| sql.clone());
    let check = (command != PolicyCommand::Select && command != PolicyCommand::Delete).then_some(sql);
    Policy {
        name: name.into(),
        permissive,
        command,
        roles: ids(&[role]),
        using,
        check,
        comment: None,
        origin: ORIGIN,
    }
}

fn is_context(column: &str, context: Context) -> Expr {
    Expr::equal(Expr::column(column, SqlType::BigInt), Expr::Context(context))
}

fn all() -> Expr {
    Expr::Literal(Literal::Bool(true))
}

fn foreign_key(table: &str, columns: &[&str], references: &str, referenced: &[&str]) -> ForeignKey {
    ForeignKey {
        name: format!("{table}_{}_fkey", columns.join("_")).into(),
        columns: ids(columns),
        references: name(references),
        referenced: ids(referenced),
        on_delete: OnDelete::NoAction,
        on_update: OnDelete::NoAction,
        set_null: Vec::new(),
        deferred: false,
        validated: true,
        comment: None,
        origin: ORIGIN,
    }
}

fn unique(table: &str, columns: &[&str]) -> Unique {
    Unique {
        name: format!("{table}_{}_key", columns.join("_")).into(),
        columns: ids(columns),
        nulls_not_distinct: false,
        deferred: false,
        comment: None,
        origin: ORIGIN,
    }
}

/// What an entity is beside its own columns.
struct Entity<'a> {
    table: &'a str,
    own: Vec<Column>,
    /// What the application may say.
    writable: &'a [&'a str],
    visible: Expr,
    mortal: bool,
    children: Vec<SoftChild>,
    subject: Option<&'a str>,
    tenant: Option<&'a str>,
    redacted: &'a [&'a str],
}

struct Builder {
    blueprint: Blueprint,
    variant: Variant,
}

impl Builder {
    fn place(&mut self, table: &str, what: Behaviour) {
        self.blueprint.behaviours.push(Placed {
            table: name(table),
            what,
            origin: ORIGIN,
        });
    }

    fn serve(&mut self, table: Name, what: Service) {
        self.blueprint.services.push(Placed {
            table,
            what,
            origin: ORIGIN,
        });
    }

    fn table(&mut self, table: &str) -> &mut Table {
        let wanted = name(table);
        self.blueprint
            .database
            .tables
            .iter_mut()
            .find(|table| table.name == wanted)
            .unwrap()
    }

    fn entity(&mut self, entity: Entity<'_>) {
        let mut table = Table::new(name(entity.table), ORIGIN);
        table.owner = Some("shop_owner".into());
        table.columns = vec![
            id(),
            with_default("public_id", SqlType::Uuid, DefaultValue::Uuid4),
        ];
        table.columns.extend(entity.own);
        for (name, ty) in [
            ("created_at", SqlType::TimestampTz),
            ("updated_at", SqlType::TimestampTz),
            ("created_by", SqlType::BigInt),
            ("updated_by", SqlType::BigInt),
        ] {
            table.columns.push(column(name, ty));
        }
        table.columns.push(with_default(
            "version",
            SqlType::Integer,
            DefaultValue::Literal(Literal::Int(1)),
        ));
        let mut writable = entity.writable.to_vec();
        let mut insertable = writable.clone();
        if entity.mortal {
            for (name, ty) in [
                ("deleted_at", SqlType::TimestampTz),
                ("deleted_by", SqlType::BigInt),
                ("deletion_reason", SqlType::Text),
                ("deletion_batch", SqlType::Uuid),
            ] {
                table.columns.push(nullable(name, ty));
            }
            writable.extend(["deleted_at", "deletion_reason"]);
        }
        writable.push("version");
        insertable.retain(|name| *name != "state_changed_at");
        table.primary_key = Some(PrimaryKey {
            name: format!("{}_pkey", entity.table).into(),
            columns: ids(&["id"]),
        });
        table.uniques.push(unique(entity.table, &["public_id"]));
        table.row_security = RowSecurity::Forced;
        let p = |suffix: &str| format!("{}_{suffix}", entity.table);
        table.policies = vec![
            policy(
                &p("visible"),
                true,
                PolicyCommand::All,
                "shop_app",
                entity.visible,
            ),
            policy(&p("migrator"), true, PolicyCommand::All, "shop_migrator", all()),
            policy(&p("backup"), true, PolicyCommand::Select, "shop_backup", all()),
        ];
        table.grants = vec![
            grant(Privilege::Select, &[], "shop_app"),
            grant(Privilege::Insert, &insertable, "shop_app"),
            grant(Privilege::Update, &writable, "shop_app"),
        ];
        if !entity.mortal {
            table.grants.push(grant(Privilege::Delete, &[], "shop_app"));
        }
        self.blueprint.database.tables.push(table);

        self.place(
            entity.table,
            Behaviour::StampTimes {
                created_at: Some("created_at".into()),
                updated_at: Some("updated_at".into()),
            },
        );
        self.place(
            entity.table,
            Behaviour::StampAuthors {
                created_by: Some("created_by".into()),
                updated_by: Some("updated_by".into()),
            },
        );
        self.place(
            entity.table,
            Behaviour::RaiseVersion {
                version: "version".into(),
                updated_at: None,
                updated_by: None,
            },
        );
        if entity.mortal {
            self.place(
                entity.table,
                Behaviour::SoftDelete {
                    key: "id".into(),
                    deleted_at: "deleted_at".into(),
                    deleted_by: Some("deleted_by".into()),
                    reason: Some("deletion_reason".into()),
                    batch: "deletion_batch".into(),
                    children: entity.children,
                },
            );
        }
        if !matches!(self.variant, Variant::Silent | Variant::Bare) {
            self.place(
                entity.table,
                Behaviour::Audit {
                    log: audit_name("log"),
                    key: "id".into(),
                    public_id: Some("public_id".into()),
                    tenant: entity.tenant.map(Ident::from),
                    subject: entity.subject.map(Ident::from),
                    redacted: ids(entity.redacted),
                    ignored: ids(&IMPLIED),
                    inline_chain: self.variant == Variant::Inline,
                },
            );
        }
    }

    fn reference(&mut self, table: &str, columns: &[&str], parent: &str, referenced: &[&str], living: bool) {
        let key = foreign_key(table, columns, parent, referenced);
        self.table(table).foreign_keys.push(key);
        if living {
            self.place(
                table,
                Behaviour::LivingParent {
                    columns: ids(columns),
                    parent: name(parent),
                    referenced: ids(referenced),
                    deleted_at: "deleted_at".into(),
                },
            );
        }
    }

    fn inherit(&mut self, table: &str, via: &str, parent: &str, columns: &[(&str, &str)]) {
        let columns = columns
            .iter()
            .map(|(own, theirs)| (Ident::from(*own), Ident::from(*theirs)))
            .collect();
        self.place(
            table,
            Behaviour::Inherit {
                via: via.into(),
                parent: name(parent),
                key: "id".into(),
                columns,
            },
        );
    }
}

fn child(table: &str, column: &str, action: SoftAction, mortal: bool) -> SoftChild {
    SoftChild {
        table: name(table),
        columns: ids(&[column]),
        referenced: ids(&["id"]),
        set_null: (action == SoftAction::SetNull)
            .then(|| column.into())
            .into_iter()
            .collect(),
        action,
        deleted_at: mortal.then(|| "deleted_at".into()),
        batch: mortal.then(|| "deletion_batch".into()),
    }
}

pub(crate) fn blueprint(variant: Variant) -> Blueprint {
    let mut builder = Builder {
        blueprint: empty(variant),
        variant,
    };
    access(&mut builder);
    actors(&mut builder);
    people(&mut builder);
    keys(&mut builder);
    orders(&mut builder);
    catalogue(&mut builder);
    tenants(&mut builder);
    letters(&mut builder);
    trail(&mut builder);
    if variant == Variant::Bare {
        bare(&mut builder.blueprint);
    }
    builder.blueprint
}

/// Leaves the stamps to defaults: what there is to compare with.
fn bare(blueprint: &mut Blueprint) {
    blueprint.behaviours.retain(|placed| {
        matches!(
            placed.what,
            Behaviour::FromContext { .. } | Behaviour::MakesActor { .. }
        )
    });
    let stamped = ["created_at", "updated_at", "created_by", "updated_by"];
    let columns = blueprint
        .database
        .tables
        .iter_mut()
        .flat_map(|table| &mut table.columns);
    for column in columns.filter(|column| stamped.contains(&column.name.as_str())) {
        column.default = Some(if column.ty == SqlType::TimestampTz {
            DefaultValue::Now
        } else {
            DefaultValue::Literal(Literal::Int(1))
        });
    }
}

fn empty(variant: Variant) -> Blueprint {
    let role = |suffix: &str| Ident::new(format!("shop_{suffix}"));
    Blueprint {
        project: "shop".into(),
        schema: "shop".into(),
        private_schema: "shop_private".into(),
        audit_schema: "shop_audit".into(),
        masked_schema: "shop_masked".into(),
        roles: Roles {
            owner: role("owner"),
            guard: role("guard"),
            mask: role("mask"),
            migrator: role("migrator"),
            app: role("app"),
            reader: role("reader"),
            auditor: role("auditor"),
            sealer: role("sealer"),
            eraser: role("eraser"),
            backup: role("backup"),
            declared: Vec::new(),
        },
        context: if variant == Variant::Signed {
            ContextMode::Signed
        } else {
            ContextMode::Setting
        },
        actors: Some(Actors {
            table: name("actors"),
            user: Some(name("users")),
        }),
        tenant: Some(name("orgs")),
        database: Database::default(),
        tables: Vec::new(),
        behaviours: Vec::new(),
        services: Vec::new(),
        found: physical::Database::default(),
        raw: Vec::new(),
    }
}

fn access(b: &mut Builder) {
    let roles = &b.blueprint.roles;
    for role in [
        &roles.owner,
        &roles.guard,
        &roles.mask,
        &roles.migrator,
        &roles.app,
        &roles.reader,
        &roles.auditor,
        &roles.sealer,
        &roles.eraser,
        &roles.backup,
    ] {
        b.blueprint.database.roles.push(Role {
            name: role.clone(),
            login: false,
            superuser: false,
            bypass_rls: false,
            member_of: if *role == roles.migrator {
                vec![roles.owner.clone()]
            } else {
                Vec::new()
            },
            comment: None,
            origin: ORIGIN,
        });
    }
    for schema in ["shop", "shop_private", "shop_audit"] {
        let grants = if schema == "shop" {
            vec![grant(Privilege::Usage, &[], "shop_app")]
        } else {
            Vec::new()
        };
        b.blueprint.database.schemas.push(Schema {
            name: schema.into(),
            owner: Some("shop_owner".into()),
            grants,
            comment: None,
            origin: ORIGIN,
        });
    }
    b.serve(name("actors"), Service::Context);
}

fn actors(b: &mut Builder) {
    let mut table = Table::new(name("actors"), ORIGIN);
    table.owner = Some("shop_owner".into());
    table.columns = vec![
        id(),
        with_default("public_id", SqlType::Uuid, DefaultValue::Uuid4),
        column("kind", SqlType::Text),
        nullable("user_id", SqlType::BigInt),
        nullable("label", SqlType::Text),
        with_default("created_at", SqlType::TimestampTz, DefaultValue::Now),
    ];
    table.primary_key = Some(PrimaryKey {
        name: "actors_pkey".into(),
        columns: ids(&["id"]),
    });
    table.uniques = vec![unique("actors", &["public_id"]), unique("actors", &["user_id"])];
    table.row_security = RowSecurity::Forced;
    b.blueprint.database.tables.push(table);
    b.blueprint.database.seeds.push(Seed {
        table: name("actors"),
        columns: ids(&["id", "kind", "label"]),
        rows: [(1, "system"), (2, "migration")]
            .map(|(id, kind)| {
                vec![
                    Literal::Int(id),
                    Literal::Text(kind.into()),
                    Literal::Text(kind.into()),
                ]
            })
            .to_vec(),
        comment: None,
        origin: ORIGIN,
    });
}

fn people(b: &mut Builder) {
    b.entity(Entity {
        table: "users",
        own: vec![
            column("email", SqlType::Text),
            column("password_hash", SqlType::Text),
            nullable("full_name", SqlType::Text),
        ],
        writable: &["email", "password_hash", "full_name"],
        visible: is_context("id", Context::User),
        mortal: true,
        children: vec![
            child("orders", "customer_id", SoftAction::Cascade, true),
            child("password_resets", "user_id", SoftAction::Destroy, false),
        ],
        subject: Some("id"),
        tenant: None,
        redacted: &["password_hash"],
    });
    b.table("users").uniques.push(unique("users", &["email"]));
    b.place(
        "users",
        Behaviour::Normalise {
            column: "email".into(),
            form: NormalForm::TrimmedLower,
        },
    );
    b.place(
        "users",
        Behaviour::MakesActor {
            actors: name("actors"),
            link: "user_id".into(),
            key: "id".into(),
        },
    );
    b.entity(Entity {
        table: "password_resets",
        own: vec![
            column("user_id", SqlType::BigInt),
            column("token", SqlType::Bytes),
            column("expires_at", SqlType::TimestampTz),
            nullable("used_at", SqlType::TimestampTz),
        ],
        writable: &["user_id", "token", "expires_at"],
        visible: is_context("user_id", Context::User),
        mortal: false,
        children: Vec::new(),
        subject: Some("user_id"),
        tenant: None,
        redacted: &["token"],
    });
    b.reference("password_resets", &["user_id"], "users", &["id"], true);
    b.serve(
        name("users"),
        Service::SignUp {
            name: "sign_up_user".into(),
            columns: ids(&["email", "password_hash"]),
        },
    );
    b.serve(
        name("users"),
        Service::LookUp {
            name: "find_user_by_email".into(),
            by: "email".into(),
            returns: ids(&["public_id", "password_hash"]),
            deleted_at: Some("deleted_at".into()),
        },
    );
    b.serve(
        name("password_resets"),
        Service::RedeemToken {
            name: "redeem_password_reset".into(),
            token: "token".into(),
            expires_at: Some("expires_at".into()),
            used_at: Some("used_at".into()),
            owner: Some(("user_id".into(), name("users"))),
            returns: ids(&["expires_at"]),
            deleted_at: None,
        },
    );
    b.serve(
        name("password_resets"),
        Service::Purge {
            name: "purge_password_resets".into(),
            after: "expires_at".into(),
            months: 0,
            micros: 86_400_000_000,
            batch: 3,
        },
    );
    let tombstones = || {
        vec![
            (
                Ident::from("email"),
                Tombstone::UniqueText {
                    suffix: "@invalid".into(),
                },
            ),
            (Ident::from("full_name"), Tombstone::Null),
            (
                Ident::from("password_hash"),
                Tombstone::Literal(Literal::Text("!".into())),
            ),
        ]
    };
    b.serve(
        name("users"),
        Service::Anonymise {
            name: "anonymise_users".into(),
            after: "deleted_at".into(),
            months: 1,
            micros: 0,
            tombstones: tombstones(),
            done: None,
            batch: 100,
        },
    );
    b.serve(
        name("users"),
        Service::Erase {
            name: "erase_user".into(),
            steps: vec![
                ErasureStep::AuditPayloads {
                    log: audit_name("log"),
                },
                ErasureStep::Delete {
                    table: name("password_resets"),
                    subject: "user_id".into(),
                },
                ErasureStep::Empty {
                    table: name("users"),
                    subject: "id".into(),
                    tombstones: tombstones(),
                },
                ErasureStep::Key {
                    table: Name::new("shop_private", "data_keys"),
                },
                ErasureStep::Actor {
                    table: name("actors"),
                    link: "user_id".into(),
                },
            ],
        },
    );
}

fn keys(b: &mut Builder) {
    let table = Name::new("shop_private", "data_keys");
    let mut keys = Table::new(table.clone(), ORIGIN);
    keys.owner = Some("shop_owner".into());
    keys.columns = vec![
        id(),
        column("subject_id", SqlType::BigInt),
        nullable("shredded_at", SqlType::TimestampTz),
        nullable("wrapped", SqlType::Bytes),
    ];
    keys.foreign_keys
        .push(foreign_key("data_keys", &["subject_id"], "users", &["id"]));
    b.blueprint.database.tables.push(keys);
    b.serve(table, Service::Keys);
}

fn orders(b: &mut Builder) {
    b.entity(Entity {
        table: "orders",
        own: vec![
            column("customer_id", SqlType::BigInt),
            nullable("category_id", SqlType::BigInt),
            with_default(
                "state",
                SqlType::Text,
                DefaultValue::Literal(Literal::Text("cart".into())),
            ),
            nullable("state_changed_at", SqlType::TimestampTz),
            nullable("note", SqlType::Text),
            with_default(
                "reference",
                SqlType::Text,
                DefaultValue::Literal(Literal::Text("r".into())),
            ),
        ],
        writable: &["category_id", "state", "note", "reference"],
        visible: is_context("customer_id", Context::User),
        mortal: true,
        children: vec![
            child("order_lines", "order_id", SoftAction::Cascade, true),
            child("gifts", "order_id", SoftAction::SetNull, false),
        ],
        subject: Some("customer_id"),
        tenant: None,
        redacted: &[],
    });
    let key = unique("orders", &["id", "customer_id"]);
    b.table("orders").uniques.push(key);
    b.reference("orders", &["customer_id"], "users", &["id"], true);
    b.reference("orders", &["category_id"], "categories", &["id"], true);
    b.place(
        "orders",
        Behaviour::FromContext {
            owner: Some("customer_id".into()),
            tenant: None,
        },
    );
    b.place(
        "orders",
        Behaviour::Immutable {
            columns: ids(&["reference"]),
        },
    );
    b.place(
        "orders",
        Behaviour::Transitions {
            column: "state".into(),
            initial: vec!["cart".into()],
            moves: [
                ("cart", "placed"),
                ("placed", "paid"),
                ("cart", "cancelled"),
                ("placed", "cancelled"),
            ]
            .map(|(from, to)| (from.to_owned(), to.to_owned()))
            .to_vec(),
            changed_at: Some("state_changed_at".into()),
            changed_by: None,
        },
    );
    for (table, mortal) in [("order_lines", true), ("gifts", false)] {
        let order = if mortal { column } else { nullable };
        let mut own = vec![
            order("order_id", SqlType::BigInt),
            order("owner_id", SqlType::BigInt),
            with_default(
                "quantity",
                SqlType::Integer,
                DefaultValue::Literal(Literal::Int(1)),
            ),
        ];
        if table == "gifts" {
            own.extend(read_here());
        }
        b.entity(Entity {
            table,
            own,
            writable: &["order_id", "quantity"],
            visible: is_context("owner_id", Context::User),
            mortal,
            children: Vec::new(),
            subject: Some("owner_id"),
            tenant: None,
            redacted: &[],
        });
        b.inherit(table, "order_id", "orders", &[("owner_id", "customer_id")]);
    }
    b.reference(
        "order_lines",
        &["order_id", "owner_id"],
        "orders",
        &["id", "customer_id"],
        true,
    );
    b.reference("gifts", &["order_id"], "orders", &["id"], true);
    b.table("gifts").foreign_keys[0].on_delete = OnDelete::SetNull;
    b.place(
        "gifts",
        Behaviour::Immutable {
            columns: ids(&["public_id", "owner_id", "order_id"]),
        },
    );
    b.serve(
        name("gifts"),
        Service::TouchAccess {
            name: "touch_gift".into(),
            access: name("gifts"),
            throttle_seconds: 60,
        },
    );

    let mut access = Table::new(name("orders_access"), ORIGIN);
    access.owner = Some("shop_owner".into());
    access.columns = vec![
        column("row_id", SqlType::BigInt),
        column("last_accessed", SqlType::TimestampTz),
        column("access_count", SqlType::BigInt),
    ];
    access.primary_key = Some(PrimaryKey {
        name: "orders_access_pkey".into(),
        columns: ids(&["row_id"]),
    });
    b.blueprint.database.tables.push(access);
    b.serve(
        name("orders"),
        Service::TouchAccess {
            name: "touch_order".into(),
            access: name("orders_access"),
            throttle_seconds: 60,
        },
    );
}

/// The columns of `access inline`, and one that the server computes.
fn read_here() -> [Column; 3] {
    [
        nullable("last_accessed", SqlType::TimestampTz),
        with_default(
            "access_count",
            SqlType::BigInt,
            DefaultValue::Literal(Literal::Int(0)),
        ),
        Column {
            generated: Some(Generated {
                expr: Expr::Sql("quantity * 2".to_owned()),
                stored: true,
            }),
            ..nullable("pieces", SqlType::Integer)
        },
    ]
}

fn catalogue(b: &mut Builder) {
    b.entity(Entity {
        table: "categories",
        own: vec![
            column("name", SqlType::Text),
            nullable("parent_id", SqlType::BigInt),
        ],
        writable: &["name", "parent_id"],
        visible: all(),
        mortal: true,
        children: vec![
            child("categories", "parent_id", SoftAction::Restrict, true),
            child("orders", "category_id", SoftAction::Leave, true),
        ],
        subject: None,
        tenant: None,
        redacted: &[],
    });
    b.reference("categories", &["parent_id"], "categories", &["id"], true);
    b.place(
        "categories",
        Behaviour::NoCycle {
            key: "id".into(),
            parent: "parent_id".into(),
        },
    );
}

fn tenants(b: &mut Builder) {
    b.entity(Entity {
        table: "orgs",
        own: vec![column("name", SqlType::Text)],
        writable: &["name"],
        visible: is_context("id", Context::Tenant),
        mortal: true,
        children: Vec::new(),
        subject: None,
        tenant: Some("id"),
        redacted: &[],
    });
    b.entity(Entity {
        table: "memos",
        own: vec![
            column("tenant_id", SqlType::BigInt),
            column("body", SqlType::Text),
        ],
        writable: &["body"],
        visible: all(),
        mortal: true,
        children: Vec::new(),
        subject: None,
        tenant: Some("tenant_id"),
        redacted: &[],
    });
    b.reference("memos", &["tenant_id"], "orgs", &["id"], false);
    b.place(
        "memos",
        Behaviour::FromContext {
            owner: None,
            tenant: Some("tenant_id".into()),
        },
    );
    let memos = b.table("memos");
    memos.policies.push(policy(
        "memos_tenant",
        false,
        PolicyCommand::All,
        "shop_app",
        is_context("tenant_id", Context::Tenant),
    ));
    memos.columns[1].default = Some(DefaultValue::Uuid7);
}

/// Rows whose key is what leaves the system.
fn letters(b: &mut Builder) {
    b.entity(Entity {
        table: "letters",
        own: vec![
            nullable("body", SqlType::Text),
            column("due", SqlType::TimestampTz),
        ],
        writable: &["body", "due"],
        visible: all(),
        mortal: false,
        children: Vec::new(),
        subject: None,
        tenant: None,
        redacted: &[],
    });
    let table = b.table("letters");
    table.columns.remove(0);
    table.uniques.clear();
    table.primary_key = Some(PrimaryKey {
        name: "letters_pkey".into(),
        columns: ids(&["public_id"]),
    });
    for placed in &mut b.blueprint.behaviours {
        if let Behaviour::Audit { key, public_id, .. } = &mut placed.what
            && placed.table == name("letters")
        {
            *key = "public_id".into();
            *public_id = None;
        }
    }
    b.serve(
        name("letters"),
        Service::Purge {
            name: "purge_letters".into(),
            after: "due".into(),
            months: 2,
            micros: 0,
            batch: 100,
        },
    );
    b.serve(
        name("letters"),
        Service::Anonymise {
            name: "anonymise_letters".into(),
            after: "due".into(),
            months: 1,
            micros: 0,
            tombstones: vec![("body".into(), Tombstone::Null)],
            done: None,
            batch: 100,
        },
    );
}

fn trail(b: &mut Builder) {
    let mut log = Table::new(audit_name("log"), ORIGIN);
    log.owner = Some("shop_owner".into());
    log.columns = vec![
        id(),
        column("recorded_at", SqlType::TimestampTz),
        column("transaction_id", SqlType::BigInt),
        column("actor_id", SqlType::BigInt),
        nullable("tenant_id", SqlType::BigInt),
        nullable("subject_id", SqlType::BigInt),
        column("entity", SqlType::Text),
        nullable("row_id", SqlType::BigInt),
        nullable("row_public_id", SqlType::Uuid),
        column("operation", SqlType::Text),
        nullable("changes", SqlType::Json),
        nullable("salt", SqlType::Bytes),
        nullable("commitment", SqlType::Bytes),
    ];
    log.columns[0].name = "seq".into();
    log.primary_key = Some(PrimaryKey {
        name: "log_pkey".into(),
        columns: ids(&["seq", "recorded_at"]),
    });
    log.partitioned = Some(Partitioned {
        by: PartitionBy::Range,
        columns: ids(&["recorded_at"]),
        partitions: vec![Partition {
            name: audit_name("log_default"),
            bound: None,
        }],
        managed: true,
    });
    let mut seals = Table::new(audit_name("seals"), ORIGIN);
    seals.owner = Some("shop_owner".into());
    seals.columns = vec![
        id(),
        column("sealed_at", SqlType::TimestampTz),
        column("up_to_transaction", SqlType::BigInt),
        column("entries", SqlType::BigInt),
        nullable("previous", SqlType::Bytes),
        column("mac", SqlType::Bytes),
        column("key_id", SqlType::Text),
    ];
    let mut events = Table::new(audit_name("events"), ORIGIN);
    events.owner = Some("shop_owner".into());
    events.columns = vec![
        id(),
        sql_default("recorded_at", SqlType::TimestampTz, "clock_timestamp()"),
        column("kind", SqlType::Text),
        nullable("actor_id", SqlType::BigInt),
        nullable("tenant_id", SqlType::BigInt),
        nullable("entity", SqlType::Text),
        nullable("row_public_id", SqlType::Uuid),
        nullable("detail", SqlType::Json),
    ];
    b.blueprint.database.tables.extend([log, seals, events]);
    for table in ["log", "seals", "events"] {
        let erasable = if table == "log" {
            ids(&["changes", "salt"])
        } else {
            Vec::new()
        };
        b.blueprint.behaviours.push(Placed {
            table: audit_name(table),
            what: Behaviour::AppendOnly { erasable },
            origin: ORIGIN,
        });
    }
    let chain = if b.variant == Variant::Inline {
        Chain::Inline
    } else {
        Chain::Sealed
    };
    b.serve(
        audit_name("log"),
        Service::AuditTrail {
            seals: audit_name("seals"),
            chain,
            months_ahead: 2,
        },
    );
    b.serve(audit_name("events"), Service::SecurityEvents);
}
