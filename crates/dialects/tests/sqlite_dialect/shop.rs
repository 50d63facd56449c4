//! A blueprint by hand: tenants, users, a tree, orders with lines, tokens, an audit trail.

use physical::*;

pub(crate) const NONE: Origin = Origin::Found;

pub(crate) fn app(name: &str) -> Name {
    Name::new("shop", name)
}

pub(crate) fn column(name: &str, ty: SqlType) -> Column {
    Column::new(name, ty, NONE)
}

pub(crate) fn nullable(name: &str, ty: SqlType) -> Column {
    let mut column = column(name, ty);
    column.nullable = true;
    column
}

pub(crate) fn default(mut column: Column, value: DefaultValue) -> Column {
    column.default = Some(value);
    column
}

fn idents(names: &[&str]) -> Vec<Ident> {
    names.iter().map(|name| Ident::from(*name)).collect()
}

pub(crate) fn key(
    table: &str,
    columns: &[&str],
    to: &Name,
    referenced: &[&str],
    on_delete: OnDelete,
) -> ForeignKey {
    ForeignKey {
        name: format!("{table}_{}_fkey", columns.join("_")).into(),
        columns: idents(columns),
        references: to.clone(),
        referenced: idents(referenced),
        on_delete,
        on_update: OnDelete::NoAction,
        set_null: Vec::new(),
        deferred: false,
        validated: true,
        comment: None,
        origin: NONE,
    }
}

pub(crate) fn index(name: &str, unique: bool, columns: &[(&str, SqlType)], predicate: Option<Expr>) -> Index {
    Index {
        name: name.into(),
        unique,
        nulls_not_distinct: false,
        method: IndexMethod::BTree,
        keys: columns
            .iter()
            .map(|(name, ty)| IndexKey {
                expr: Expr::column(*name, ty.clone()),
                descending: false,
                nulls_first: None,
                operator_class: None,
            })
            .collect(),
        include: Vec::new(),
        predicate,
        comment: Some("Only among the living.\nSecond line.".to_owned()),
        origin: NONE,
    }
}

pub(crate) fn living() -> Expr {
    Expr::is_null(Expr::column("deleted_at", SqlType::TimestampTz))
}

/// A table with all technical columns.
pub(crate) fn entity(name: &str, own: Vec<Column>, soft: bool) -> Table {
    let mut table = Table::new(app(name), NONE);
    let mut id = column("id", SqlType::BigInt);
    id.identity = Some(Identity::Always);
    id.comment = Some("Internal key; never leaves the database.".to_owned());
    table.columns = vec![
        id,
        default(column("public_id", SqlType::Uuid), DefaultValue::Uuid4),
    ];
    table.columns.extend(own);
    table.columns.extend([
        default(column("created_at", SqlType::TimestampTz), DefaultValue::Now),
        column("created_by", SqlType::BigInt),
        default(column("updated_at", SqlType::TimestampTz), DefaultValue::Now),
        column("updated_by", SqlType::BigInt),
        default(
            column("version", SqlType::BigInt),
            DefaultValue::Literal(Literal::Int(1)),
        ),
    ]);
    if soft {
        table.columns.extend([
            nullable("deleted_at", SqlType::TimestampTz),
            nullable("deleted_by", SqlType::BigInt),
            nullable("deletion_reason", SqlType::Text),
            nullable("deletion_batch", SqlType::Uuid),
        ]);
    }
    table.primary_key = Some(PrimaryKey {
        name: format!("{name}_pkey").into(),
        columns: idents(&["id"]),
    });
    table.uniques.push(Unique {
        name: format!("{name}_public_id_key").into(),
        columns: idents(&["public_id"]),
        nulls_not_distinct: false,
        deferred: false,
        comment: None,
        origin: NONE,
    });
    let actors = app("actors");
    table
        .foreign_keys
        .push(key(name, &["created_by"], &actors, &["id"], OnDelete::NoAction));
    table
        .foreign_keys
        .push(key(name, &["updated_by"], &actors, &["id"], OnDelete::NoAction));
    table.comment = Some(format!(
        "Rows of {name}.\n\nA second paragraph; with 'quotes' -- and dashes."
    ));
    table
}

fn unique(table: &mut Table, columns: &[&str]) {
    table.uniques.push(Unique {
        name: format!("{}_{}_key", table.name.name, columns.join("_")).into(),
        columns: idents(columns),
        nulls_not_distinct: false,
        deferred: false,
        comment: None,
        origin: NONE,
    });
}

fn actors() -> Table {
    let mut table = Table::new(app("actors"), NONE);
    let mut id = column("id", SqlType::BigInt);
    id.identity = Some(Identity::Always);
    table.columns = vec![
        id,
        default(column("public_id", SqlType::Uuid), DefaultValue::Uuid4),
        column("kind", SqlType::Text),
        nullable("user_id", SqlType::BigInt),
        nullable("label", SqlType::Text),
        default(column("created_at", SqlType::TimestampTz), DefaultValue::Now),
    ];
    table.primary_key = Some(PrimaryKey {
        name: "actors_pkey".into(),
        columns: idents(&["id"]),
    });
    unique(&mut table, &["user_id"]);
    unique(&mut table, &["public_id"]);
    table.foreign_keys.push(key(
        "actors",
        &["user_id"],
        &app("users"),
        &["id"],
        OnDelete::SetNull,
    ));
    table.checks.push(Check {
        name: "actors_kind_check".into(),
        expr: Expr::In {
            value: Box::new(Expr::column("kind", SqlType::Text)),
            items: ["user", "service", "system", "migration"]
                .map(|k| Expr::Literal(Literal::Text(k.into())))
                .to_vec(),
            negated: false,
        },
        validated: true,
        comment: None,
        origin: NONE,
    });
    table
}

fn log() -> Table {
    let mut table = Table::new(Name::new("shop_audit", "log"), NONE);
    let mut seq = column("seq", SqlType::BigInt);
    seq.identity = Some(Identity::Always);
    table.columns = vec![
        seq,
        default(column("recorded_at", SqlType::TimestampTz), DefaultValue::Now),
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
        column("commitment", SqlType::Bytes),
    ];
    table.primary_key = Some(PrimaryKey {
        name: "log_pkey".into(),
        columns: idents(&["seq", "recorded_at"]),
    });
    table.partitioned = Some(Partitioned {
        by: PartitionBy::Range,
        columns: idents(&["recorded_at"]),
        partitions: Vec::new(),
        managed: true,
    });
    table
        .indexes
        .push(index("log_entity_idx", false, &[("entity", SqlType::Text)], None));
    table
}

fn tables() -> Vec<Table> {
    let tenants = entity("tenants", vec![column("name", SqlType::Varchar(40))], false);
    let users = entity(
        "users",
        vec![
            column("email", SqlType::Varchar(254)),
            column("password", SqlType::Text),
            default(
                column("is_admin", SqlType::Boolean),
                DefaultValue::Literal(Literal::Bool(false)),
            ),
        ],
        true,
    );
    let mut users = users;
    users.indexes.push(index(
        "users_email_key",
        true,
        &[("email", SqlType::Varchar(254))],
        Some(living()),
    ));
    let mut categories = entity(
        "categories",
        vec![
            column("name", SqlType::Varchar(80)),
            nullable("parent_id", SqlType::BigInt),
        ],
        true,
    );
    categories.foreign_keys.push(key(
        "categories",
        &["parent_id"],
        &app("categories"),
        &["id"],
        OnDelete::Restrict,
    ));
    let mut by_name = index(
        "categories_parent_id_name_key",
        true,
        &[("parent_id", SqlType::BigInt), ("name", SqlType::Text)],
        Some(living()),
    );
    by_name.nulls_not_distinct = true;
    categories.indexes.push(by_name);
    let mut orders = entity(
        "orders",
        vec![
            column("tenant_id", SqlType::BigInt),
            column("customer_id", SqlType::BigInt),
            default(
                column("state", SqlType::Text),
                DefaultValue::Literal(Literal::Text("cart".into())),
            ),
            nullable("state_changed_at", SqlType::TimestampTz),
            default(
                column("total", SqlType::Numeric(Some((12, 2)))),
                DefaultValue::Literal(Literal::Decimal("0.50".into())),
            ),
            default(
                column("tags", SqlType::Array(Box::new(SqlType::Text))),
                DefaultValue::Literal(Literal::EmptyArray),
            ),
            nullable("category_id", SqlType::BigInt),
        ],
        true,
    );
    unique(&mut orders, &["id", "customer_id"]);
    unique(&mut orders, &["id", "tenant_id"]);
    orders.foreign_keys.push(key(
        "orders",
        &["tenant_id"],
        &app("tenants"),
        &["id"],
        OnDelete::NoAction,
    ));
    orders.foreign_keys.push(key(
        "orders",
        &["customer_id"],
        &app("users"),
        &["id"],
        OnDelete::NoAction,
    ));
    orders.foreign_keys.push(key(
        "orders",
        &["category_id"],
        &app("categories"),
        &["id"],
        OnDelete::SetNull,
    ));
    orders.policies.push(Policy {
        name: "orders_owner".into(),
        permissive: true,
        command: PolicyCommand::All,
        roles: Vec::new(),
        using: None,
        check: None,
        comment: None,
        origin: NONE,
    });
    let mut lines = entity(
        "order_lines",
        vec![
            column("tenant_id", SqlType::BigInt),
            column("order_id", SqlType::BigInt),
            column("owner_id", SqlType::BigInt),
            default(
                column("quantity", SqlType::Integer),
                DefaultValue::Literal(Literal::Int(1)),
            ),
            column("price", SqlType::Numeric(Some((12, 2)))),
            nullable("approver_id", SqlType::BigInt),
        ],
        true,
    );
    lines.columns.push(Column {
        generated: Some(Generated {
            expr: Expr::Product(vec![
                (
                    Factor::Times,
                    Expr::column("price", SqlType::Numeric(Some((12, 2)))),
                ),
                (Factor::Times, Expr::column("quantity", SqlType::Integer)),
            ]),
            stored: true,
        }),
        ..nullable("amount", SqlType::Numeric(Some((14, 2))))
    });
    lines.foreign_keys.push(key(
        "order_lines",
        &["order_id", "owner_id"],
        &app("orders"),
        &["id", "customer_id"],
        OnDelete::Cascade,
    ));
    lines.foreign_keys.push(key(
        "order_lines",
        &["order_id", "tenant_id"],
        &app("orders"),
        &["id", "tenant_id"],
        OnDelete::Cascade,
    ));
    unique(&mut users, &["id", "public_id"]);
    let mut tokens = entity(
        "tokens",
        vec![
            column("user_id", SqlType::BigInt),
            column("token", SqlType::Bytes),
            column("expires_at", SqlType::TimestampTz),
            nullable("used_at", SqlType::TimestampTz),
        ],
        false,
    );
    tokens.foreign_keys.push(key(
        "tokens",
        &["user_id"],
        &app("users"),
        &["id"],
        OnDelete::Cascade,
    ));
    let mut access = Table::new(app("users_access"), NONE);
    access.columns = vec![
        column("row_id", SqlType::BigInt),
        default(column("last_accessed", SqlType::TimestampTz), DefaultValue::Now),
        default(
            column("access_count", SqlType::BigInt),
            DefaultValue::Literal(Literal::Int(0)),
        ),
    ];
    access.primary_key = Some(PrimaryKey {
        name: "users_access_pkey".into(),
        columns: idents(&["row_id"]),
    });
    access.foreign_keys.push(key(
        "users_access",
        &["row_id"],
        &app("users"),
        &["id"],
        OnDelete::Cascade,
    ));
    vec![
        tenants,
        actors(),
        users,
        categories,
        orders,
        lines,
        tokens,
        access,
        log(),
    ]
}

fn child(table: &str, column: &str, action: SoftAction, soft: bool) -> SoftChild {
    SoftChild {
        table: app(table),
        columns: idents(&[column]),
        referenced: idents(&["id"]),
        set_null: (action == SoftAction::SetNull)
            .then(|| column.into())
            .into_iter()
            .collect(),
        action,
        deleted_at: soft.then(|| "deleted_at".into()),
        batch: soft.then(|| "deletion_batch".into()),
    }
}

fn soft(children: Vec<SoftChild>) -> Behaviour {
    Behaviour::SoftDelete {
        key: "id".into(),
        deleted_at: "deleted_at".into(),
        deleted_by: Some("deleted_by".into()),
        reason: Some("deletion_reason".into()),
        batch: "deletion_batch".into(),
        children,
    }
}

fn behaviours() -> Vec<Placed<Behaviour>> {
    let mut all: Vec<(Name, Behaviour)> = Vec::new();
    for name in [
        "tenants",
        "users",
        "categories",
        "orders",
        "order_lines",
        "tokens",
    ] {
        let personal: &[&str] = if name == "users" {
            &["email", "password"]
        } else {
            &[]
        };
        let tenant = matches!(name, "orders" | "order_lines").then(|| Ident::from("tenant_id"));
        let subject = match name {
            "users" => Some("id".into()),
            "orders" => Some("customer_id".into()),
            _ => None,
        };
        all.extend([
            (
                app(name),
                Behaviour::StampTimes {
                    created_at: Some("created_at".into()),
                    updated_at: Some("updated_at".into()),
                },
            ),
            (
                app(name),
                Behaviour::StampAuthors {
                    created_by: Some("created_by".into()),
                    updated_by: Some("updated_by".into()),
                },
            ),
            (
                app(name),
                Behaviour::RaiseVersion {
                    version: "version".into(),
                    updated_at: None,
                    updated_by: None,
                },
            ),
            (
                app(name),
                Behaviour::Audit {
                    log: Name::new("shop_audit", "log"),
                    key: "id".into(),
                    public_id: Some("public_id".into()),
                    tenant,
                    subject,
                    redacted: idents(personal),
                    ignored: idents(&[
                        "created_at",
                        "created_by",
                        "updated_at",
                        "updated_by",
                        "version",
                        "deleted_by",
                        "deletion_batch",
                    ]),
                    inline_chain: false,
                },
            ),
        ]);
    }
    all.extend([
        (
            app("users"),
            Behaviour::MakesActor {
                actors: app("actors"),
                link: "user_id".into(),
                key: "id".into(),
            },
        ),
        (
            app("users"),
            Behaviour::Normalise {
                column: "email".into(),
                form: NormalForm::TrimmedLower,
            },
        ),
        (
            app("users"),
            soft(vec![
                child("orders", "customer_id", SoftAction::Restrict, true),
                child("tokens", "user_id", SoftAction::Destroy, false),
            ]),
        ),
        (
            app("categories"),
            soft(vec![
                child("categories", "parent_id", SoftAction::Cascade, true),
                child("orders", "category_id", SoftAction::SetNull, true),
            ]),
        ),
        (
            app("categories"),
            Behaviour::NoCycle {
                key: "id".into(),
                parent: "parent_id".into(),
            },
        ),
        (
            app("orders"),
            soft(vec![child("order_lines", "order_id", SoftAction::Cascade, true)]),
        ),
        (app("order_lines"), soft(vec![])),
        (
            app("orders"),
            Behaviour::Transitions {
                column: "state".into(),
                initial: vec!["cart".into()],
                moves: vec![("cart".into(), "placed".into()), ("placed".into(), "paid".into())],
                changed_at: Some("state_changed_at".into()),
                changed_by: None,
            },
        ),
        (
            app("orders"),
            Behaviour::FromContext {
                owner: Some("customer_id".into()),
                tenant: Some("tenant_id".into()),
            },
        ),
        (
            app("orders"),
            Behaviour::Immutable {
                columns: idents(&["public_id", "tenant_id"]),
            },
        ),
        (
            app("order_lines"),
            Behaviour::Inherit {
                via: "order_id".into(),
                parent: app("orders"),
                key: "id".into(),
                columns: vec![
                    ("owner_id".into(), "customer_id".into()),
                    ("tenant_id".into(), "tenant_id".into()),
                ],
            },
        ),
        (
            app("order_lines"),
            Behaviour::LivingParent {
                columns: idents(&["order_id", "owner_id"]),
                parent: app("orders"),
                referenced: idents(&["id", "customer_id"]),
                deleted_at: "deleted_at".into(),
            },
        ),
        (
            Name::new("shop_audit", "log"),
            Behaviour::AppendOnly {
                erasable: idents(&["changes", "salt"]),
            },
        ),
    ]);
    all.into_iter()
        .map(|(table, what)| Placed {
            table,
            what,
            origin: NONE,
        })
        .collect()
}

fn services() -> Vec<Placed<Service>> {
    let all = vec![
        (app("actors"), Service::Context),
        (
            Name::new("shop_audit", "log"),
            Service::AuditTrail {
                seals: Name::new("shop_audit", "seals"),
                chain: Chain::Sealed,
                months_ahead: 3,
            },
        ),
        (
            app("users"),
            Service::LookUp {
                name: "find_user_by_email".into(),
                by: "email".into(),
                returns: idents(&["public_id", "password"]),
                deleted_at: Some("deleted_at".into()),
            },
        ),
        (
            app("tokens"),
            Service::RedeemToken {
                name: "redeem_token".into(),
                token: "token".into(),
                expires_at: Some("expires_at".into()),
                used_at: Some("used_at".into()),
                owner: Some(("user_id".into(), app("users"))),
                returns: vec![],
                deleted_at: None,
            },
        ),
        (
            app("users"),
            Service::SignUp {
                name: "sign_up".into(),
                columns: idents(&["email", "password"]),
            },
        ),
        (
            app("tokens"),
            Service::Purge {
                name: "purge_tokens".into(),
                after: "expires_at".into(),
                months: 1,
                micros: 86_400_000_000,
                batch: 10,
            },
        ),
        (
            app("users"),
            Service::Anonymise {
                name: "anonymise_users".into(),
                after: "deleted_at".into(),
                months: 0,
                micros: 0,
                tombstones: vec![
                    (
                        "email".into(),
                        Tombstone::UniqueText {
                            suffix: "@invalid".into(),
                        },
                    ),
                    ("password".into(), Tombstone::Literal(Literal::Text("!".into()))),
                ],
                done: None,
                batch: 10,
            },
        ),
        (
            app("users"),
            Service::Erase {
                name: "erase_user".into(),
                steps: vec![
                    ErasureStep::Delete {
                        table: app("tokens"),
                        subject: "user_id".into(),
                    },
                    ErasureStep::Empty {
                        table: app("users"),
                        subject: "id".into(),
                        tombstones: vec![(
                            "email".into(),
                            Tombstone::UniqueText {
                                suffix: "@invalid".into(),
                            },
                        )],
                    },
                    ErasureStep::AuditPayloads {
                        log: Name::new("shop_audit", "log"),
                    },
                    ErasureStep::Actor {
                        table: app("actors"),
                        link: "user_id".into(),
                    },
                ],
            },
        ),
        (
            app("users"),
            Service::TouchAccess {
                name: "touch_user".into(),
                access: app("users_access"),
                throttle_seconds: 60,
            },
        ),
    ];
    all.into_iter()
        .map(|(table, what)| Placed {
            table,
            what,
            origin: NONE,
        })
        .collect()
}

/// The whole blueprint.
pub(crate) fn blueprint() -> Blueprint {
    let seeds = vec![Seed {
        table: app("actors"),
        columns: idents(&["id", "kind"]),
        rows: vec![
            vec![Literal::Int(1), Literal::Text("system".into())],
            vec![Literal::Int(2), Literal::Text("migration".into())],
        ],
        comment: None,
        origin: NONE,
    }];
    let masked = View {
        name: Name::new("shop_masked", "users"),
        owner: None,
        query: ViewQuery::Select {
            from: app("users"),
            joins: vec![ViewJoin {
                table: app("actors"),
                alias: "a".into(),
                on: vec![("user_id".into(), "id".into())],
            }],
            items: vec![
                (
                    "id".into(),
                    Expr::Column {
                        table: Some("t".into()),
                        name: "public_id".into(),
                        ty: SqlType::Uuid,
                    },
                ),
                (
                    "actor".into(),
                    Expr::Column {
                        table: Some("a".into()),
                        name: "public_id".into(),
                        ty: SqlType::Uuid,
                    },
                ),
                ("email".into(), Expr::Literal(Literal::Text("***".into()))),
            ],
            filter: Some(Expr::is_null(Expr::Column {
                table: Some("t".into()),
                name: "deleted_at".into(),
                ty: SqlType::TimestampTz,
            })),
        },
        materialized: false,
        security_barrier: true,
        security_invoker: false,
        grants: Vec::new(),
        comment: Some("Users without personal data.".into()),
        origin: NONE,
    };
    Blueprint {
        project: "shop".into(),
        schema: "shop".into(),
        private_schema: "shop_private".into(),
        audit_schema: "shop_audit".into(),
        masked_schema: "shop_masked".into(),
        roles: Roles {
            owner: "shop_owner".into(),
            guard: "shop_guard".into(),
            mask: "shop_mask".into(),
            migrator: "shop_migrator".into(),
            app: "shop_app".into(),
            reader: "shop_reader".into(),
            auditor: "shop_auditor".into(),
            sealer: "shop_sealer".into(),
            eraser: "shop_eraser".into(),
            backup: "shop_backup".into(),
            declared: Vec::new(),
        },
        context: ContextMode::Setting,
        actors: Some(Actors {
            table: app("actors"),
            user: Some(app("users")),
        }),
        tenant: Some(app("tenants")),
        database: Database {
            tables: tables(),
            views: vec![masked],
            seeds,
            ..Database::default()
        },
        tables: Vec::new(),
        behaviours: behaviours(),
        services: services(),
        found: physical::Database::default(),
        raw: Vec::new(),
    }
}
