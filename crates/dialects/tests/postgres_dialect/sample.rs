//! A schema by hand that uses all that the physical model can say.

use physical::*;

const SCHEMA: &str = "shop";
const ORIGIN: Origin = Origin::Found;

fn name(name: &str) -> Name {
    Name::new(SCHEMA, name)
}

fn note(text: &str) -> Option<String> {
    Some(text.to_owned())
}

fn column(name: &str, ty: SqlType) -> Column {
    let mut column = Column::new(name, ty, ORIGIN);
    column.comment = Some(format!("what {name} is, and whose"));
    column
}

fn col(name: &str, ty: SqlType) -> Expr {
    Expr::column(name, ty)
}

fn text(text: &str) -> Expr {
    Expr::Literal(Literal::Text(text.to_owned()))
}

fn int(value: i64) -> Expr {
    Expr::Literal(Literal::Int(value))
}

fn check(name: &str, expr: Expr) -> Check {
    Check {
        name: name.into(),
        expr,
        validated: true,
        comment: note("it's so"),
        origin: ORIGIN,
    }
}

fn key(column: &str, ty: SqlType) -> IndexKey {
    IndexKey {
        expr: col(column, ty),
        descending: false,
        nulls_first: None,
        operator_class: None,
    }
}

fn index(name: &str, keys: Vec<IndexKey>) -> Index {
    Index {
        name: name.into(),
        unique: false,
        nulls_not_distinct: false,
        method: IndexMethod::BTree,
        keys,
        include: Vec::new(),
        predicate: None,
        comment: None,
        origin: ORIGIN,
    }
}

fn foreign_key(
    table: &str,
    columns: &[&str],
    to: &str,
    referenced: &[&str],
    on_delete: OnDelete,
) -> ForeignKey {
    ForeignKey {
        name: format!("{table}_{}_fkey", columns.join("_")).into(),
        columns: columns.iter().map(|name| Ident::new(*name)).collect(),
        references: name(to),
        referenced: referenced.iter().map(|name| Ident::new(*name)).collect(),
        on_delete,
        on_update: OnDelete::NoAction,
        set_null: Vec::new(),
        deferred: false,
        validated: true,
        comment: None,
        origin: ORIGIN,
    }
}

fn grant(privilege: Privilege, columns: &[&str], role: &str) -> Grant {
    Grant {
        privilege,
        columns: columns.iter().map(|name| Ident::new(*name)).collect(),
        grantee: Grantee::Role(role.into()),
    }
}

fn role(name: &str, member_of: &[&str]) -> Role {
    Role {
        name: name.into(),
        login: false,
        superuser: false,
        bypass_rls: false,
        member_of: member_of.iter().map(|name| Ident::new(*name)).collect(),
        comment: Some(format!("{name}: nobody logs in as it")),
        origin: ORIGIN,
    }
}

fn schema(name: &str) -> Schema {
    Schema {
        name: name.into(),
        owner: Some("shop_owner".into()),
        grants: vec![
            grant(Privilege::Usage, &[], "shop_app"),
            grant(Privilege::Usage, &[], "shop_guard"),
            grant(Privilege::Create, &[], "shop_guard"),
        ],
        comment: note("the shop"),
        origin: ORIGIN,
    }
}

fn base(table: &str) -> Table {
    let mut out = Table::new(name(table), ORIGIN);
    out.owner = Some("shop_owner".into());
    out.comment = Some(format!("every {table}; it's \\ said"));
    let mut id = column("id", SqlType::BigInt);
    id.identity = Some(Identity::Always);
    let mut public_id = column("public_id", SqlType::Uuid);
    public_id.default = Some(DefaultValue::Uuid4);
    let mut created_at = column("created_at", SqlType::TimestampTz);
    created_at.default = Some(DefaultValue::Now);
    out.columns = vec![id, public_id, created_at];
    out.primary_key = Some(PrimaryKey {
        name: format!("{table}_pkey").into(),
        columns: vec!["id".into()],
    });
    out.uniques = vec![Unique {
        name: format!("{table}_public_id_key").into(),
        columns: vec!["public_id".into()],
        nulls_not_distinct: false,
        deferred: false,
        comment: note("the only id that leaves"),
        origin: ORIGIN,
    }];
    out
}

fn users() -> Table {
    let mut table = base("users");
    let email = SqlType::Varchar(254);
    table.columns.push(column("email", email.clone()));
    let mut born = column("born_on", SqlType::Date);
    born.nullable = true;
    table.columns.push(born);
    // Closes a cycle with orders.
    let mut last = column("last_order_id", SqlType::BigInt);
    last.nullable = true;
    table.columns.push(last);
    let mut lower = column("email_lower", SqlType::Text);
    lower.nullable = true;
    lower.generated = Some(Generated {
        expr: Expr::Call(Builtin::Lower, vec![col("email", email.clone())]),
        stored: true,
    });
    table.columns.push(lower);
    table.foreign_keys.push(foreign_key(
        "users",
        &["last_order_id"],
        "orders",
        &["id"],
        OnDelete::SetNull,
    ));
    table.checks.push(check(
        "users_email_pattern",
        Expr::Matches(
            Box::new(col("email", email.clone())),
            "^[^@\\s]+@[^@\\s]+$".to_owned(),
        ),
    ));
    table.checks.push(check(
        "users_email_length",
        Expr::Between {
            value: Box::new(Expr::Call(Builtin::Length, vec![col("email", email.clone())])),
            low: Box::new(int(3)),
            high: Box::new(int(254)),
            negated: false,
        },
    ));
    let mut unique = index(
        "users_email_key",
        vec![IndexKey {
            expr: Expr::Call(Builtin::Lower, vec![col("email", email)]),
            descending: false,
            nulls_first: None,
            operator_class: None,
        }],
    );
    unique.unique = true;
    unique.predicate = Some(Expr::is_null(col("last_order_id", SqlType::BigInt)));
    unique.comment = note("an address is used once");
    table.indexes.push(unique);
    table
}

fn orders() -> Table {
    let mut table = base("orders");
    let status = SqlType::Named(name("status"));
    table.columns.push({
        let mut owner = column("customer_id", SqlType::BigInt);
        owner.default = Some(DefaultValue::Expr(Expr::Sql("shop.current_user_id()".to_owned())));
        owner
    });
    table.columns.push({
        let mut column = column("status", status.clone());
        column.default = Some(DefaultValue::Literal(Literal::Text("open".to_owned())));
        column
    });
    table.columns.push({
        let mut column = column("total", SqlType::Numeric(Some((12, 2))));
        column.default = Some(DefaultValue::Literal(Literal::Int(0)));
        column
    });
    table.columns.push({
        let mut column = column("tags", SqlType::Array(Box::new(SqlType::Text)));
        column.default = Some(DefaultValue::Literal(Literal::EmptyArray));
        column
    });
    table.columns.push({
        let mut column = column("extra", SqlType::Json);
        column.default = Some(DefaultValue::Literal(Literal::Text("{\"a\":  1}".to_owned())));
        column
    });
    table.columns.push({
        let mut column = column("user", SqlType::Text);
        column.nullable = true;
        column.collation = Some("C".to_owned());
        column
    });
    table.foreign_keys.push(foreign_key(
        "orders",
        &["customer_id"],
        "users",
        &["id"],
        OnDelete::Restrict,
    ));
    table.uniques.push(Unique {
        name: "orders_id_customer_id_key".into(),
        columns: vec!["id".into(), "customer_id".into()],
        nulls_not_distinct: true,
        deferred: true,
        comment: None,
        origin: ORIGIN,
    });
    table.checks.push(check(
        "orders_total_range",
        Expr::compare(
            col("total", SqlType::Numeric(Some((12, 2)))),
            Comparison::GreaterOrEqual,
            int(0),
        ),
    ));
    table.checks.push(check(
        "orders_status_check",
        Expr::In {
            value: Box::new(col("status", status.clone())),
            items: vec![text("open"), text("paid")],
            negated: false,
        },
    ));
    let mut by_status = index(
        "orders_status_idx",
        vec![
            key("status", status),
            IndexKey {
                expr: col("created_at", SqlType::TimestampTz),
                descending: true,
                nulls_first: Some(false),
                operator_class: None,
            },
            IndexKey {
                expr: col("user", SqlType::Text),
                descending: false,
                nulls_first: None,
                operator_class: Some("text_pattern_ops".to_owned()),
            },
        ],
    );
    by_status.include = vec!["total".into()];
    by_status.predicate = Some(Expr::compare(
        col("total", SqlType::Numeric(Some((12, 2)))),
        Comparison::Greater,
        Expr::Literal(Literal::Decimal("-10.50".to_owned())),
    ));
    table.indexes.push(by_status);
    let mut tags = index(
        "orders_tags_idx",
        vec![key("tags", SqlType::Array(Box::new(SqlType::Text)))],
    );
    tags.method = IndexMethod::Gin;
    table.indexes.push(tags);
    table.row_security = RowSecurity::Forced;
    table.policies = policies();
    table.triggers = triggers();
    table.fillfactor = Some(90);
    table.grants = vec![
        grant(Privilege::Select, &[], "shop_app"),
        grant(Privilege::Insert, &["status", "tags", "extra"], "shop_app"),
        grant(Privilege::Update, &["status", "user"], "shop_app"),
        grant(Privilege::Select, &[], "shop_guard"),
    ];
    table
}

fn policies() -> Vec<Policy> {
    let own = Expr::equal(
        col("customer_id", SqlType::BigInt),
        Expr::Sql("(SELECT shop.current_user_id())".to_owned()),
    );
    vec![
        Policy {
            name: "owner".into(),
            permissive: true,
            command: PolicyCommand::All,
            roles: vec!["shop_app".into()],
            using: Some(own.clone()),
            check: Some(own),
            comment: note("whose row it is"),
            origin: ORIGIN,
        },
        Policy {
            name: "listed".into(),
            permissive: false,
            command: PolicyCommand::Select,
            roles: Vec::new(),
            using: Some(Expr::Sql(
                "EXISTS (SELECT 1 FROM shop.users u WHERE u.id = orders.customer_id AND u.email <> '')"
                    .to_owned(),
            )),
            check: None,
            comment: None,
            origin: ORIGIN,
        },
    ]
}

fn triggers() -> Vec<Trigger> {
    vec![
        Trigger {
            name: "t10_stamp".into(),
            timing: Timing::Before,
            events: vec![
                TriggerEvent::Insert,
                TriggerEvent::Update(vec!["status".into(), "total".into()]),
            ],
            per_row: true,
            transition_tables: (None, None),
            when: Some(Expr::Sql(
                "NEW.total >= 0 AND NEW.\"user\" IS DISTINCT FROM 'x'".to_owned(),
            )),
            action: TriggerAction::Call {
                function: name("stamp"),
                arguments: vec!["it's".to_owned(), "two".to_owned()],
            },
            enabled: true,
            comment: note("stamps"),
            origin: ORIGIN,
        },
        Trigger {
            name: "t20_seen".into(),
            timing: Timing::After,
            events: vec![TriggerEvent::Update(Vec::new())],
            per_row: false,
            transition_tables: (Some("was".into()), Some("became".into())),
            when: None,
            action: TriggerAction::Call {
                function: name("seen"),
                arguments: Vec::new(),
            },
            enabled: false,
            comment: None,
            origin: ORIGIN,
        },
    ]
}

fn log() -> Table {
    let mut table = Table::new(name("log"), ORIGIN);
    table.owner = Some("shop_owner".into());
    let mut seq = column("seq", SqlType::BigInt);
    seq.identity = Some(Identity::ByDefault);
    table.columns = vec![seq, column("recorded_at", SqlType::TimestampTz)];
    table.primary_key = Some(PrimaryKey {
        name: "log_pkey".into(),
        columns: vec!["seq".into(), "recorded_at".into()],
    });
    table.indexes.push(index(
        "log_recorded_at_idx",
        vec![key("recorded_at", SqlType::TimestampTz)],
    ));
    table.partitioned = Some(Partitioned {
        by: PartitionBy::Range,
        columns: vec!["recorded_at".into()],
        partitions: vec![
            Partition {
                name: name("log_default"),
                bound: None,
            },
            Partition {
                name: name("log_2026_11"),
                bound: note("FOR VALUES FROM ('2026-11-01 00:00:00+00') TO ('2026-12-01 00:00:00+00')"),
            },
        ],
        managed: true,
    });
    table
}

fn function(function: &str, returns: &str, language: &str, body: &str) -> Function {
    Function {
        name: name(function),
        owner: Some("shop_guard".into()),
        arguments: Vec::new(),
        returns: returns.to_owned(),
        language: language.to_owned(),
        volatility: Volatility::Volatile,
        strict: false,
        security_definer: false,
        settings: vec![("search_path".to_owned(), "pg_catalog, pg_temp".to_owned())],
        body: body.to_owned(),
        grants: Vec::new(),
        comment: Some(format!("{function}, as it is")),
        origin: ORIGIN,
    }
}

fn functions() -> Vec<Function> {
    let mut current = function(
        "current_user_id",
        "bigint",
        "sql",
        "    SELECT NULLIF(current_setting('app.actor', true), '')::bigint",
    );
    current.volatility = Volatility::Stable;
    current.security_definer = true;
    current.grants = vec![grant(Privilege::Execute, &[], "shop_app")];
    let mut find = function(
        "find_user",
        "TABLE(public_id uuid, email character varying)",
        "sql",
        "    SELECT u.public_id, u.email FROM shop.users u WHERE u.email = address -- $function$ and $function_1$\n    LIMIT most",
    );
    find.arguments = vec![
        Argument {
            name: "address".into(),
            ty: "text".to_owned(),
            default: None,
        },
        Argument {
            name: "most".into(),
            ty: "integer".to_owned(),
            default: Some("10".to_owned()),
        },
    ];
    find.strict = true;
    find.grants = vec![grant(Privilege::Execute, &[], "shop_app")];
    vec![
        find,
        function("stamp", "trigger", "plpgsql", "BEGIN\n    RETURN NEW;\nEND"),
        function("seen", "trigger", "plpgsql", "BEGIN\n    RETURN NULL;\nEND"),
        current,
    ]
}

fn masked() -> View {
    let column = |table: &str, name: &str, ty: SqlType| Expr::Column {
        table: Some(table.into()),
        name: name.into(),
        ty,
    };
    View {
        name: name("masked_orders"),
        owner: Some("shop_owner".into()),
        query: ViewQuery::Select {
            from: name("orders"),
            joins: vec![ViewJoin {
                table: name("users"),
                alias: "customer".into(),
                on: vec![("id".into(), "customer_id".into())],
            }],
            items: vec![
                ("public_id".into(), column("t", "public_id", SqlType::Uuid)),
                ("customer".into(), column("customer", "public_id", SqlType::Uuid)),
                (
                    "email".into(),
                    Expr::Sql("left(customer.email, 2) || '***'".to_owned()),
                ),
                (
                    "total".into(),
                    column("t", "total", SqlType::Numeric(Some((12, 2)))),
                ),
            ],
            filter: Some(Expr::compare(
                column("t", "total", SqlType::Numeric(Some((12, 2)))),
                Comparison::Greater,
                int(0),
            )),
        },
        materialized: false,
        security_barrier: true,
        security_invoker: false,
        grants: vec![grant(Privilege::Select, &[], "shop_app")],
        comment: note("orders, masked"),
        origin: ORIGIN,
    }
}

pub(crate) fn shop() -> Database {
    let mut secrets = Table::new(name("context"), ORIGIN);
    secrets.owner = Some("shop_owner".into());
    secrets.columns = vec![column("key", SqlType::Bytes)];
    secrets.columns[0].default = Some(DefaultValue::Literal(Literal::Bytes(vec![0, 0xff])));
    secrets.unlogged = true;
    Database {
        roles: vec![
            role("shop_migrator", &["shop_owner"]),
            role("shop_owner", &[]),
            role("shop_guard", &[]),
            role("shop_app", &[]),
        ],
        schemas: vec![schema("shop")],
        extensions: Vec::new(),
        types: vec![
            NamedType {
                name: name("status"),
                owner: Some("shop_owner".into()),
                kind: NamedTypeKind::Enum(vec!["open".to_owned(), "paid".to_owned(), "it's \\".to_owned()]),
                comment: note("states"),
                origin: ORIGIN,
            },
            NamedType {
                name: name("percent"),
                owner: Some("shop_owner".into()),
                kind: NamedTypeKind::Domain {
                    base: SqlType::SmallInt,
                    not_null: true,
                    checks: vec![(
                        "percent_check".into(),
                        Expr::Sql("VALUE BETWEEN 0 AND 100".to_owned()),
                    )],
                },
                comment: None,
                origin: ORIGIN,
            },
        ],
        tables: vec![orders(), users(), log(), secrets],
        views: vec![masked()],
        functions: functions(),
        seeds: vec![Seed {
            table: name("users"),
            columns: vec!["id".into(), "email".into()],
            rows: vec![
                vec![Literal::Int(1), Literal::Text("system@shop.invalid".to_owned())],
                vec![Literal::Int(2), Literal::Text("it's@shop.invalid".to_owned())],
            ],
            comment: None,
            origin: ORIGIN,
        }],
        opaque: Vec::new(),
    }
}
