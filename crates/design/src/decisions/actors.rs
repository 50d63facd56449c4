//! Decision: the table of pseudonyms behind `created_by`.

use physical::{
    Actors, Behaviour, Check, Column, DefaultValue, Expr, ForeignKey, Ident, Identity, Literal, Name,
    OnDelete, Origin, PrimaryKey, Purpose, Seed, Service, SqlType, Table, TableInfo,
};

use super::uniqueness::full;
use crate::decisions::Kind;
use crate::draft::Draft;
use crate::names::Space;
use crate::{Alternative, Attacker, Decision};

pub(crate) static KIND: Kind = Kind {
    id: "actors",
    title: "who acts",
    reason: "the first user, sign-up, jobs and support staff have no user row, and foreign keys straight to users would make erasure \
             impossible: an actor is a pseudonym that is never deleted, with a link to the user that can be cut",
    alternatives: &[
        Alternative {
            option: "actors of an entity of users",
            how: "`actor User` in the policy",
        },
        Alternative {
            option: "no actors, and no authorship",
            how: "`actor none(\"…\")` in the policy",
        },
    ],
    attacker: Some(Attacker::A4),
    apply,
};

/// The actor of everything that happens without a context.
pub(super) const SYSTEM: i64 = 1;
/// The actor of migrations.
const MIGRATION: i64 = 2;

fn apply(draft: &mut Draft<'_>) {
    let policy = &draft.model.policy;
    let origin = Origin::Decision(KIND.id, policy.actor.said);
    if !policy.actors {
        draft.decide(
            Decision::new(&KIND, "policy.actor", "no actors: changes have no author").opted(&policy.actor),
        );
        let user = draft.user().map(|user| draft.facts(user.id).table.clone());
        let first = user.or_else(|| draft.blueprint.tables.first().map(|info| info.name.clone()));
        if let Some(first) = first {
            draft.offer(&first, Service::Context, origin);
        }
        return;
    }
    let name = Name {
        schema: Some(draft.blueprint.schema.clone()),
        name: draft.names.take(Space::App, "actors"),
    };
    let user = draft.user();
    let linked = user.and_then(|user| {
        let facts = draft.facts(user.id);
        facts
            .single_key()
            .map(|(key, ty)| (facts.table.clone(), key.clone(), ty.clone()))
    });
    let mut table = actors_table(draft, &name, origin);
    if let Some((users, key, ty)) = &linked {
        link(draft, &mut table, users, key, ty, origin);
    }
    let info = TableInfo {
        name: name.clone(),
        purpose: Purpose::Actors,
        columns: Vec::new(),
        owner: None,
        tenant: None,
    };
    draft.add_table(table, info);
    draft.blueprint.database.seeds.push(seeds(&name, origin));
    draft.blueprint.actors = Some(Actors {
        table: name.clone(),
        user: linked.as_ref().map(|(users, _, _)| users.clone()),
    });
    let choice = linked.as_ref().map_or_else(
        || format!("pseudonyms in `{name}`, linked to no one"),
        |(users, _, _)| format!("pseudonyms in `{name}`, each linked to at most one row of `{users}`"),
    );
    draft.decide(
        Decision::new(&KIND, "policy.actor", choice)
            .opted(&policy.actor)
            .name(&name.name)
            .name(&name),
    );
    draft.offer(&name, Service::Context, origin);
    if let Some((users, key, _)) = linked {
        let what = Behaviour::MakesActor {
            actors: name,
            link: Ident::from("user_id"),
            key,
        };
        draft.behave(&users, what, origin);
    }
}

fn actors_table(draft: &mut Draft<'_>, name: &Name, origin: Origin) -> Table {
    let mut table = Table::new(name.clone(), origin);
    table.comment = Some("Pseudonyms of whoever changes something; never deleted".to_owned());
    let mut id = Column::new("id", SqlType::BigInt, origin);
    id.identity = Some(Identity::Always);
    let mut public_id = Column::new("public_id", SqlType::Uuid, origin);
    public_id.default = Some(DefaultValue::Uuid4);
    let mut created = Column::new("created_at", SqlType::TimestampTz, origin);
    created.default = Some(DefaultValue::Now);
    let mut kind = Column::new("kind", SqlType::Text, origin);
    kind.comment = Some("A person, a program, the system itself, or a migration".to_owned());
    let mut label = Column::new("label", SqlType::Text, origin);
    label.nullable = true;
    label.comment = Some("What a program or service calls itself; never a person's name".to_owned());
    table.columns = vec![id, public_id, created, kind, label];
    let pkey = draft.names.constraint(Space::App, &name.name, [], "pkey");
    table.primary_key = Some(PrimaryKey {
        name: pkey,
        columns: vec![Ident::from("id")],
    });
    let public = Ident::from("public_id");
    let unique = draft.names.constraint(Space::App, &name.name, [&public], "key");
    table.uniques.push(full(
        unique,
        vec![public],
        "What the outside calls the actor",
        origin,
    ));
    let text = |value: &str| Expr::Literal(Literal::Text(value.to_owned()));
    table.checks.push(Check {
        name: draft
            .names
            .constraint(Space::App, &name.name, [&Ident::from("kind")], "state"),
        expr: Expr::In {
            value: Box::new(Expr::column("kind", SqlType::Text)),
            items: ["user", "service", "system", "migration"].map(text).into(),
            negated: false,
        },
        validated: true,
        comment: None,
        origin,
    });
    table
}

fn link(draft: &mut Draft<'_>, table: &mut Table, users: &Name, key: &Ident, ty: &SqlType, origin: Origin) {
    let column = Ident::from("user_id");
    let mut user = Column::new(column.clone(), ty.clone(), origin);
    user.nullable = true;
    user.comment = Some("Whose pseudonym it is; cut by erasure".to_owned());
    table.columns.push(user);
    let unique = draft
        .names
        .constraint(Space::App, &table.name.name, [&column], "key");
    table.uniques.push(full(
        unique,
        vec![column.clone()],
        "A user has one pseudonym",
        origin,
    ));
    table.foreign_keys.push(ForeignKey {
        name: draft
            .names
            .constraint(Space::App, &table.name.name, [&column], "fkey"),
        columns: vec![column],
        references: users.clone(),
        referenced: vec![key.clone()],
        on_delete: OnDelete::SetNull,
        on_update: OnDelete::NoAction,
        set_null: Vec::new(),
        deferred: false,
        validated: true,
        comment: Some("The pseudonym outlives the user".to_owned()),
        origin,
    });
}

fn seeds(table: &Name, origin: Origin) -> Seed {
    let row = |id: i64, kind: &str, label: &str| {
        vec![
            Literal::Int(id),
            Literal::Text(kind.to_owned()),
            Literal::Text(label.to_owned()),
        ]
    };
    Seed {
        table: table.clone(),
        columns: ["id", "kind", "label"].map(Ident::from).into(),
        rows: vec![
            row(SYSTEM, "system", "the system itself"),
            row(MIGRATION, "migration", "migrations"),
        ],
        comment: Some("Who acts when no one is known".to_owned()),
        origin,
    }
}
