//! What the harness is told: where the database is, who may act, what there is to try, and rows that the schema accepts.

use std::collections::BTreeMap;

use engine::Connection;
use model::{Action, Compare, Entity, Expr, ExprKind, FieldId, Ownership, Privacy};
use physical::{Behaviour, Ident, Name, Purpose, Service, Table, TableInfo};
use serde_json::{Map, Value, json};

use crate::bench::{Bench, Loaded, write};
use crate::data::{
    DAY, Datum, Maker, Party, Speller, Values, base64, columns, decimal_text, eval, uuid_text,
};
use crate::gate::Stop;
use crate::gates::isolation::ground;
use crate::subject::Subject;

/// Rows of each table that nobody has inserted: for both drivers.
const DRAFTS: usize = 24;
/// So often a draft is made again because it collides with an earlier one.
const MOST_ATTEMPTS: usize = 6;
/// Rows that are there already, as far as the harness is told.
const SHOWN: usize = 4;

/// The plan, and who will be erased by it.
pub(super) struct Made {
    /// As the harness reads it.
    pub(super) json: Map<String, Value>,
    /// One for each driver.
    pub(super) victims: Vec<Victim>,
}

/// Someone who has nothing yet.
struct Newcomer {
    party: Party,
    row: Values,
}

/// Someone who is erased, and what was known of them.
#[derive(Debug, Clone)]
pub(super) struct Victim {
    /// The table of people.
    pub(super) table: Name,
    /// The column by which the outside knows the row.
    pub(super) name: String,
    /// What the outside calls the row.
    pub(super) public_id: String,
    /// Personal columns, with the value as SQL.
    pub(super) personal: Vec<(String, String)>,
}

/// Puts the plan together, and plants what it speaks of.
pub(super) fn make(
    bench: &mut Bench<'_>,
    loaded: &mut Loaded<'_>,
    superuser: &mut Connection,
) -> Result<Made, Stop> {
    let subject = bench.subject;
    let rights = Rights::read(subject, superuser)?;
    let newcomers = newcomers(subject, loaded)?;
    let victims = victims(subject, &newcomers);
    let mut entities = Vec::new();
    for table in &subject.realised.database.tables {
        let Some(info) = subject.info(&table.name) else {
            continue;
        };
        if let Purpose::Entity(_) | Purpose::Link(..) = info.purpose {
            entities.push(entity(subject, loaded, &rights, &newcomers, (table, info)));
        }
    }
    write(superuser, &mut loaded.maker)?;
    for statement in loaded.maker.counters() {
        superuser.batch(&statement)?;
    }
    let mut parties = Vec::new();
    let mut key = None;
    for party in &loaded.parties {
        let context = bench.context_of(superuser, party)?;
        if context.signature.is_some() {
            let hex: String = bench
                .options
                .entropy
                .iter()
                .map(|byte| format!("{byte:02x}"))
                .collect();
            key = Some(hex);
        }
        parties.push(json!({"actor": context.actor, "tenant": context.tenant}));
    }
    let mut people = Vec::new();
    for newcomer in &newcomers {
        let context = bench.context_of(superuser, &newcomer.party)?;
        people.push(json!({"actor": context.actor, "tenant": context.tenant}));
    }
    let condemned: Vec<&str> = victims.iter().map(|victim| victim.public_id.as_str()).collect();
    let mut json = Map::new();
    json.insert("dialect".to_owned(), subject.dialect.name.into());
    json.insert("signing_key".to_owned(), key.into());
    json.insert("parties".to_owned(), parties.into());
    json.insert("newcomers".to_owned(), people.into());
    json.insert("victims".to_owned(), condemned.into());
    json.insert("entities".to_owned(), entities.into());
    json.insert("services".to_owned(), services(subject, !victims.is_empty()));
    if let Some(file) = loaded.db.file() {
        json.insert("file".to_owned(), file.display().to_string().into());
    }
    json.insert("logins".to_owned(), logins(subject, loaded)?);
    Ok(Made { json, victims })
}

/// Who may log in: a member of the application's role, of it and a declared one, of the eraser, of the migrator.
fn logins(subject: &Subject, loaded: &Loaded<'_>) -> Result<Value, Stop> {
    let mut all = Map::new();
    if !subject.has_roles() {
        return Ok(all.into());
    }
    let roles = &subject.blueprint.roles;
    let mut wanted: Vec<(&str, Vec<&str>)> = vec![
        ("app", vec![roles.app.as_str()]),
        ("eraser", vec![roles.eraser.as_str()]),
        ("migrator", vec![roles.migrator.as_str()]),
    ];
    wanted.extend(
        roles
            .declared
            .iter()
            .map(|role| (role.as_str(), vec![role.as_str(), roles.app.as_str()])),
    );
    for (name, memberships) in wanted {
        let Some(login) = loaded.db.login_of(&memberships)? else {
            continue;
        };
        all.insert(
            name.to_owned(),
            json!({
                "host": login.host,
                "port": login.port,
                "user": login.user,
                "password": login.password,
                "database": login.database,
            }),
        );
    }
    Ok(all.into())
}

/// Which columns the application may write, alone or with a declared role.
struct Rights {
    /// By table: the login and what it may insert and update. Empty where there are no roles.
    found: Option<BTreeMap<(String, Name), ground::Rights>>,
    roles: Vec<(String, String)>,
}

impl Rights {
    fn read(subject: &Subject, superuser: &mut Connection) -> Result<Self, Stop> {
        let roles = &subject.blueprint.roles;
        let names: Vec<(String, String)> = std::iter::once(("app".to_owned(), roles.app.as_str().to_owned()))
            .chain(
                roles
                    .declared
                    .iter()
                    .map(|role| (role.as_str().to_owned(), role.as_str().to_owned())),
            )
            .collect();
        if !subject.has_roles() {
            return Ok(Self {
                found: None,
                roles: names,
            });
        }
        let speller = Speller::new(subject.dialect);
        let grounds = ground::read(subject, superuser, speller)?;
        let in_database: Vec<String> = names.iter().map(|(_, role)| role.clone()).collect();
        let found = ground::rights(superuser, speller, &in_database, &grounds)?;
        Ok(Self {
            found: Some(found),
            roles: names,
        })
    }

    /// The first login that may do it, and the columns.
    fn first(
        &self,
        table: &Table,
        columns: impl Fn(&ground::Rights) -> &Vec<String>,
        enough: impl Fn(&[String]) -> bool,
    ) -> Option<(String, Vec<String>)> {
        let Some(found) = &self.found else {
            let all: Vec<String> = table
                .columns
                .iter()
                .map(|column| column.name.as_str().to_owned())
                .collect();
            return Some(("app".to_owned(), all));
        };
        let mut own: Vec<String> = Vec::new();
        for (login, role) in &self.roles {
            let more = found
                .get(&(role.clone(), table.name.clone()))
                .map(|rights| columns(rights).clone());
            let more = more.unwrap_or_default();
            if login == "app" {
                own.clone_from(&more);
            }
            let all: Vec<String> = own.iter().chain(&more).cloned().collect();
            if enough(&all) {
                return Some((login.clone(), all));
            }
        }
        None
    }
}

/// What there is to try on one table.
fn entity(
    subject: &Subject,
    loaded: &mut Loaded<'_>,
    rights: &Rights,
    newcomers: &[Newcomer],
    (table, info): (&Table, &TableInfo),
) -> Value {
    let entity = subject.entity_of(&table.name);
    let primary = primary_key(table);
    let owns_itself = entity.is_some_and(|entity| entity.ownership == Ownership::Itself);
    let is_tenant = subject.tenant_table().as_ref() == Some(&table.name);
    let party = loaded.parties.first().cloned().unwrap_or_default();
    let (drafts, fault) = drafts(&mut loaded.maker, table, &party, &primary);
    // Where each person has one row and no more, those who have none yet can make one.
    let firsts: Vec<Value> = if drafts.is_empty() && info.owner.is_some() {
        let drafts = newcomers.iter().map(|newcomer| {
            let fixed = loaded.maker.fixed(&table.name, &newcomer.party);
            let draft = loaded.maker.draft(&table.name, &fixed, true).ok();
            draft.as_ref().map_or(Value::Null, values)
        });
        drafts.collect()
    } else {
        Vec::new()
    };
    let insert = rights.first(table, |rights| &rights.insert, |columns| !columns.is_empty());
    let stamps = ["deleted_at", "deletion_reason"];
    let update = rights.first(
        table,
        |rights| &rights.update,
        |columns| columns.iter().any(|column| !stamps.contains(&column.as_str())),
    );
    let delete = rights.first(
        table,
        |rights| &rights.update,
        |columns| columns.iter().any(|column| column == "deleted_at"),
    );
    let because = match (owns_itself, is_tenant) {
        (true, _) => Some("rows are made by signing up"),
        (_, true) => Some("rows are made by founding a tenant"),
        _ => None,
    };
    let strangers: Vec<usize> = (1..loaded.parties.len())
        .filter(|index| info.owner.is_some() || owns_itself || *index >= 2)
        .collect();
    let shared = entity.is_some_and(|entity| {
        entity
            .allows
            .iter()
            .any(|allow| allow.actions.contains(&Action::Read) && allow.roles.is_empty())
    });
    let belongs = info.owner.is_some() || info.tenant.is_some();
    let has = |name: &str| table.columns.iter().any(|column| column.name.as_str() == name);
    let update_columns = update
        .as_ref()
        .map(|(_, columns)| columns.clone())
        .unwrap_or_default();
    let wrong = drafts
        .first()
        .map(|draft| wrong(&loaded.maker, table, draft))
        .unwrap_or_default();
    let uniques = uniques(&loaded.maker, table, &primary);
    let planted: Vec<Value> = loaded
        .parties
        .iter()
        .map(|party| {
            let rows: Vec<&Values> = loaded
                .maker
                .rows_of(&table.name, party)
                .filter(|row| row.contains_key("public_id") || !has("public_id"))
                .take(SHOWN)
                .collect();
            let names: Vec<String> = rows
                .iter()
                .filter_map(|row| match row.get("public_id").or_else(|| row.get("id"))? {
                    Datum::Uuid(bytes) => Some(uuid_text(bytes)),
                    _ => None,
                })
                .collect();
            let rows: Vec<Value> = rows.iter().map(|row| values(row)).collect();
            json!({"names": names, "rows": rows})
        })
        .collect();
    let login = |found: Option<(String, Vec<String>)>| found.map(|(login, _)| login);
    let shared_rows = shared_rows(subject, loaded, table, info);
    json!({
        "table": table.name.name.as_str(),
        "private": belongs && !shared && !strangers.is_empty(),
        "strangers": strangers,
        "shared": shared_rows,
        "soft": has("deleted_at"),
        "version": has("version") && subject.behaviours(&table.name).any(|it| matches!(it, Behaviour::RaiseVersion { .. })),
        "times": has("created_at") && has("updated_at"),
        "insert": login(insert).filter(|_| because.is_none()),
        "because": because,
        "update": login(update),
        "updatable": update_columns,
        "delete": login(delete).filter(|_| because.is_none()),
        "uniques": uniques.iter().map(|(_, columns)| columns).collect::<Vec<_>>(),
        "frees": frees(table, &uniques),
        "transitions": transitions(subject, table),
        "queries": entity.map(queries).unwrap_or_default(),
        "wrong": wrong,
        "planted": planted,
        "fault": fault,
        "firsts": firsts,
        "drafts": drafts.iter().map(values).collect::<Vec<_>>(),
    })
}

/// Rows of others: which of them the first party may read, and which it may not, as the conditions of `allow read` have it; and whether
/// others may change any. `None` where nothing is allowed.
fn shared_rows(subject: &Subject, loaded: &Loaded<'_>, table: &Table, info: &TableInfo) -> Option<Value> {
    info.owner.as_ref()?;
    let planned = subject.blueprint.database.table(&info.name)?;
    let app = &subject.blueprint.roles.app;
    let rules: Vec<&physical::Expr> = planned
        .policies
        .iter()
        .filter(|policy| policy.permissive && policy.roles.contains(app))
        .filter(|policy| policy.command == physical::PolicyCommand::Select)
        .filter_map(|policy| policy.using.as_ref())
        .collect();
    if rules.is_empty() {
        return None;
    }
    let may_change = planned.policies.iter().any(|policy| {
        policy.permissive && policy.roles.contains(app) && policy.command == physical::PolicyCommand::Update
    });
    let (first, others) = loaded.parties.split_first()?;
    let (mut open, mut closed) = (Vec::new(), Vec::new());
    for other in others.iter().filter(|other| other.tenant == first.tenant) {
        for row in loaded.maker.rows_of(&table.name, other) {
            let Some(Datum::Uuid(name)) = row.get("public_id").or_else(|| row.get("id")) else {
                continue;
            };
            let verdicts: Vec<Option<Datum>> = rules.iter().map(|rule| eval(rule, row)).collect();
            if verdicts.contains(&Some(Datum::Bool(true))) {
                open.push(uuid_text(name));
            } else if verdicts
                .iter()
                .all(|verdict| *verdict == Some(Datum::Bool(false)))
            {
                closed.push(uuid_text(name));
            }
        }
    }
    Some(json!({"open": open, "closed": closed, "may_change": may_change}))
}

fn primary_key(table: &Table) -> Vec<String> {
    let key = table.primary_key.as_ref();
    key.map(|key| {
        key.columns
            .iter()
            .map(|column| column.as_str().to_owned())
            .collect()
    })
    .unwrap_or_default()
}

/// Legal rows that are not there yet; what they refer to is new, and will be.
fn drafts(
    maker: &mut Maker<'_>,
    table: &Table,
    party: &Party,
    primary: &[String],
) -> (Vec<Values>, Option<String>) {
    let mut fixed = maker.fixed(&table.name, party);
    // Who owns itself would be the same person again.
    fixed.retain(|column, _| primary != [column.clone()]);
    let keys: Vec<(String, Vec<String>, bool)> = maker
        .plan(&table.name)
        .map(|plan| plan.keys.clone())
        .unwrap_or_default();
    let mut made: Vec<Values> = Vec::new();
    let mut fault = None;
    for _ in 0..DRAFTS {
        for _ in 0..MOST_ATTEMPTS {
            let draft = match maker.draft(&table.name, &fixed, true) {
                Ok(draft) => draft,
                Err(reason) => {
                    fault = Some(reason.to_string());
                    continue;
                }
            };
            let collides = made.iter().any(|other| {
                keys.iter().any(|(_, columns, nulls)| {
                    let empty = |column: &String| draft.get(column).is_none_or(Datum::is_null);
                    (*nulls || !columns.iter().any(empty))
                        && columns
                            .iter()
                            .all(|column| draft.get(column) == other.get(column))
                })
            });
            if !collides {
                made.push(draft);
                break;
            }
        }
    }
    let fault = fault.filter(|_| made.is_empty());
    (made, fault)
}

/// Values that a check on one column refuses.
fn wrong(maker: &Maker<'_>, table: &Table, draft: &Values) -> Vec<Value> {
    let Some(plan) = maker.plan(&table.name) else {
        return Vec::new();
    };
    let mut found = Vec::new();
    for check in &table.checks {
        let mut names = Vec::new();
        columns(&check.expr, &mut names);
        let [column] = names.as_slice() else { continue };
        let Some(column) = plan.columns.iter().find(|it| it.name == *column) else {
            continue;
        };
        let domain = &column.domain;
        let mut candidates: Vec<Datum> = Vec::new();
        match draft.get(&column.name) {
            Some(Datum::Text(_)) => {
                let long = domain.longest.unwrap_or(0) + 1;
                candidates.push(Datum::Text("x".repeat(long.min(100_000))));
                candidates.push(Datum::Text("x".repeat(domain.shortest.saturating_sub(1))));
                candidates.push(Datum::Text("?? ??".to_owned()));
            }
            Some(Datum::Int(_)) => {
                let bounds = [domain.min.map(|it| it - 1), domain.max.map(|it| it + 1)];
                let within = bounds
                    .into_iter()
                    .flatten()
                    .filter_map(|it| i32::try_from(it).ok());
                candidates.extend(within.map(|it| Datum::Int(i64::from(it))));
            }
            Some(Datum::Decimal(_, scale)) => {
                let bounds = [domain.min.map(|it| it - 1), domain.max.map(|it| it + 1)];
                candidates.extend(bounds.into_iter().flatten().map(|it| Datum::Decimal(it, *scale)));
            }
            _ => {}
        }
        for candidate in candidates {
            let mut row = draft.clone();
            row.insert(column.name.clone(), candidate.clone());
            if eval(&check.expr, &row) == Some(Datum::Bool(false)) {
                found.push(json!({
                    "column": column.name,
                    "value": value(&candidate),
                    "check": check.name.as_str(),
                }));
            }
        }
    }
    found
}

/// What must differ between living rows, keys of the database aside, by the name of the key or index.
fn uniques(maker: &Maker<'_>, table: &Table, primary: &[String]) -> Vec<(String, Vec<String>)> {
    let Some(plan) = maker.plan(&table.name) else {
        return Vec::new();
    };
    let named = table
        .columns
        .iter()
        .any(|column| column.name.as_str() == "public_id");
    let hashes = |column: &String| {
        table
            .columns
            .iter()
            .any(|it| it.name.as_str() == column && matches!(it.ty, physical::SqlType::Bytes))
    };
    plan.keys
        .iter()
        .filter(|(_, columns, _)| {
            !columns
                .iter()
                .any(|column| column == "public_id" || named && primary.contains(column) || hashes(column))
        })
        .map(|(name, columns, _)| (name.clone(), columns.clone()))
        .collect()
}

/// Whether a row that is deleted leaves its values to others: what is unique is unique among the living.
fn frees(table: &Table, uniques: &[(String, Vec<String>)]) -> bool {
    let among_the_living = |name: &str| {
        let mut indexes = table.indexes.iter();
        indexes.any(|index| index.name.as_str() == name && index.predicate.is_some())
    };
    !uniques.is_empty() && uniques.iter().all(|(name, _)| among_the_living(name))
}

fn transitions(subject: &Subject, table: &Table) -> Vec<Value> {
    subject
        .behaviours(&table.name)
        .filter_map(|behaviour| match behaviour {
            Behaviour::Transitions {
                column,
                initial,
                moves,
                ..
            } => Some(json!({"column": column.as_str(), "initial": initial, "moves": moves})),
            _ => None,
        })
        .collect()
}

/// The declared queries: by which fields of a row its own finder can be called.
fn queries(entity: &Entity) -> Vec<Value> {
    entity
        .queries
        .iter()
        .map(|query| {
            let mut uses: Vec<Option<(String, &'static str)>> = vec![None; query.params.len()];
            let mut exact = true;
            if let Some(condition) = &query.condition {
                walk(entity, condition, &mut uses, &mut exact);
            }
            let limit = query.limit_param.map(|param| param.0 as usize);
            let params: Vec<Value> = query
                .params
                .iter()
                .zip(&uses)
                .enumerate()
                .map(|(index, (_, used))| match used {
                    _ if limit == Some(index) => json!({"how": "limit", "field": null}),
                    Some((field, how)) => json!({"how": how, "field": field}),
                    None => json!({"how": "", "field": null}),
                })
                .collect();
            json!({"name": query.name.text, "params": params, "exact": exact})
        })
        .collect()
}

/// Finds which field each parameter is compared with. `exact` falls when the condition says more than that.
fn walk(entity: &Entity, expr: &Expr, uses: &mut [Option<(String, &'static str)>], exact: &mut bool) {
    let field = |expr: &Expr| -> Option<String> {
        let ExprKind::Path(path) = &expr.kind else {
            return None;
        };
        let [FieldId { entity: id, index }] = path.steps.as_slice() else {
            return None;
        };
        (*id == entity.id)
            .then(|| entity.fields.get(*index as usize))
            .flatten()
            .map(|field| field.name.text.clone())
    };
    let mut note = |param: &Expr, of: &Expr, how: &'static str| {
        let ExprKind::Param(id) = &param.kind else {
            return false;
        };
        match (uses.get_mut(id.0 as usize), field(of)) {
            (Some(slot), Some(name)) => {
                *slot = Some((name, how));
                true
            }
            _ => false,
        }
    };
    match &expr.kind {
        ExprKind::And(all) => {
            for part in all {
                walk(entity, part, uses, exact);
            }
        }
        ExprKind::Compare(compare, left, right) => {
            let known = note(right, left, "value") || note(left, right, "value");
            *exact &= known
                && matches!(
                    compare,
                    Compare::Equal | Compare::LessOrEqual | Compare::GreaterOrEqual
                );
        }
        ExprKind::InParam(of, param, negated) => {
            let known = match (uses.get_mut(param.0 as usize), field(of)) {
                (Some(slot), Some(name)) => {
                    *slot = Some((name, "list"));
                    true
                }
                _ => false,
            };
            *exact &= known && !negated;
        }
        ExprKind::Between(of, low, high, negated) => {
            let known = note(low, of, "value") & note(high, of, "value");
            *exact &= known && !negated;
        }
        ExprKind::StartsWith(of, part) => *exact &= note(part, of, "prefix"),
        ExprKind::EndsWith(of, part) => *exact &= note(part, of, "suffix"),
        ExprKind::Contains(of, part) => *exact &= note(part, of, "part"),
        _ => {
            *exact = false;
            expr.children(&mut |child| walk(entity, child, uses, exact));
        }
    }
}

/// People who have nothing yet, one for each driver; empty where nobody owns anything.
fn newcomers(subject: &Subject, loaded: &mut Loaded<'_>) -> Result<Vec<Newcomer>, Stop> {
    let Some(table) = subject.user_table() else {
        return Ok(Vec::new());
    };
    let Some(physical) = subject.realised.database.table(&table) else {
        return Ok(Vec::new());
    };
    let first = loaded.parties.first().cloned().unwrap_or_default();
    let primary = primary_key(physical);
    let mut fixed = loaded.maker.fixed(&table, &first);
    fixed.retain(|column, _| !primary.contains(column));
    let mut found = Vec::new();
    for _ in 0..2 {
        let row = loaded
            .maker
            .make(&table, &fixed, false)
            .map_err(|fault| Stop::Unable(fault.to_string()))?;
        let party = Party {
            owner: primary.first().and_then(|key| row.get(key)).cloned(),
            ..first.clone()
        };
        found.push(Newcomer { party, row });
    }
    Ok(found)
}

/// Those of them who can be erased, and what was known of them.
fn victims(subject: &Subject, newcomers: &[Newcomer]) -> Vec<Victim> {
    let mut services = subject.blueprint.services.iter();
    let erasable = services.find(|placed| matches!(placed.what, Service::Erase { .. }));
    let Some(table) = subject.user_table() else {
        return Vec::new();
    };
    let physical = subject.realised.database.table(&table);
    let Some(physical) =
        physical.filter(|_| erasable.is_some_and(|erasable| subject.realised_name(&erasable.table) == table))
    else {
        return Vec::new();
    };
    let speller = Speller::new(subject.dialect);
    let victim = |newcomer: &Newcomer| {
        let row = &newcomer.row;
        let name = ["public_id", "id"]
            .into_iter()
            .find(|name| row.contains_key(*name))?;
        let Datum::Uuid(bytes) = row.get(name)? else {
            return None;
        };
        let personal = personal(subject, physical).into_iter().filter_map(|column| {
            let value = row.get(column.as_str()).filter(|value| !value.is_null())?;
            let ty = &physical.column(column.as_str())?.ty;
            Some((column.as_str().to_owned(), speller.value(value, ty)))
        });
        Some(Victim {
            table: table.clone(),
            name: name.to_owned(),
            public_id: uuid_text(bytes),
            personal: personal.collect(),
        })
    };
    newcomers.iter().filter_map(victim).collect()
}

/// The columns of a table that hold personal data.
fn personal(subject: &Subject, table: &Table) -> Vec<Ident> {
    let Some(info) = subject.info(&table.name) else {
        return Vec::new();
    };
    info.columns
        .iter()
        .filter(|(_, field)| {
            let field = subject
                .model
                .entity(field.entity)
                .and_then(|entity| entity.fields.get(field.index as usize));
            field.is_some_and(|field| field.privacy != Privacy::None)
        })
        .map(|(column, _)| column.clone())
        .collect()
}

/// What the schema offers beside its tables.
fn services(subject: &Subject, erasable: bool) -> Value {
    let (mut look_ups, mut redeem, mut sign_up, mut erase, mut retention) =
        (Vec::new(), Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let users = subject.user_table();
    let tenants = subject.tenant_table();
    let actors = subject.blueprint.actors.is_some();
    let text = |ident: &Option<Ident>| ident.as_ref().map(|ident| ident.as_str().to_owned());
    for placed in &subject.blueprint.services {
        let table = subject.realised_name(&placed.table);
        let of_users = users.as_ref() == Some(&table);
        let bare = table.name.as_str();
        match &placed.what {
            Service::LookUp { name, by, .. } => look_ups.push(json!({
                "name": name.as_str(), "table": bare, "by": by.as_str(), "actor": of_users && actors,
            })),
            Service::RedeemToken {
                name,
                token,
                expires_at,
                used_at,
                owner,
                ..
            } => redeem.push(json!({
                "name": name.as_str(),
                "table": bare,
                "token": token.as_str(),
                "expires_at": text(expires_at),
                "used_at": text(used_at),
                "actor": owner.is_some() && actors,
            })),
            Service::SignUp { name, .. } => sign_up.push(json!({
                "name": name.as_str(),
                "table": bare,
                "actor": of_users && actors,
                "tenant": tenants.as_ref() != Some(&table),
            })),
            Service::Erase { name, .. } if erasable && of_users => {
                erase.push(json!({"name": name.as_str(), "table": bare}));
            }
            Service::Purge { name, .. } | Service::Anonymise { name, .. } => {
                retention.push(Value::from(name.as_str()));
            }
            _ => {}
        }
    }
    json!({"look_ups": look_ups, "redeem": redeem, "sign_up": sign_up, "erase": erase, "retention": retention})
}

fn values(row: &Values) -> Value {
    let pairs = row.iter().map(|(column, datum)| (column.clone(), value(datum)));
    Value::Object(pairs.collect())
}

/// A value as a client would send it.
fn value(datum: &Datum) -> Value {
    match datum {
        Datum::Null => Value::Null,
        Datum::Bool(value) => (*value).into(),
        Datum::Int(value) => (*value).into(),
        Datum::Decimal(units, scale) => decimal_text(*units, *scale).into(),
        Datum::Float(value) => (*value).into(),
        Datum::Text(text) => text.clone().into(),
        Datum::Bytes(bytes) => base64(bytes).into(),
        Datum::Uuid(bytes) => uuid_text(bytes).into(),
        Datum::Date(day) => crate::data::date_text(*day).into(),
        Datum::Time(micros) => crate::data::time_text(*micros, 3).into(),
        Datum::Instant(micros) => {
            let day = crate::data::date_text(micros.div_euclid(DAY));
            format!("{day}T{}Z", crate::data::time_text(*micros, 3)).into()
        }
        Datum::Interval(months, micros) => {
            let days = i64::from(*months) * 30;
            format!("P{days}DT{}S", decimal_text(i128::from(*micros), 6)).into()
        }
        Datum::Json(text) => serde_json::from_str(text).unwrap_or(Value::Null),
        Datum::Array(items) => items.iter().map(value).collect::<Vec<_>>().into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_what_a_client_sends() {
        assert_eq!(value(&Datum::Decimal(1250, 2)), "12.50");
        assert_eq!(value(&Datum::Interval(1, 1_500_000)), "P30DT1.500000S");
        assert_eq!(value(&Datum::Instant(0)), "1970-01-01T00:00:00.000Z");
    }
}
