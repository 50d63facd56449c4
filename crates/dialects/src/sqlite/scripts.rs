//! Services as statements with parameters: SQLite stores no functions.
//!
//! Each script is run inside a transaction, in order, with the parameters that it names bound. Times are the database's own.

use physical::{
    Behaviour, Blueprint, DefaultValue, ErasureStep, Expr, Ident, Name, Service, SqlType, Tombstone,
};

use super::expression::Renderer;
use super::ident::{ident, idents, table, text};
use super::realise::{LEAVE, context_table, ids};
use super::temporal;
use super::types::{self, NOW};
use crate::source::{Source, local};

/// Statements that end the context of the running transaction: to be run before COMMIT.
#[must_use]
pub fn leave(blueprint: &Blueprint) -> Vec<String> {
    vec![format!(
        "UPDATE {} SET {LEAVE} WHERE id = 1",
        table(&context_table(blueprint))
    )]
}

/// The services of a blueprint: the name of each and its statements, ready to be written to a file and to be run.
#[must_use]
pub fn scripts(blueprint: &Blueprint) -> Vec<(String, String)> {
    let blueprint = &Source::new(blueprint);
    let mut scripts = Vec::new();
    for placed in &blueprint.services {
        let own = Own {
            blueprint,
            name: &placed.table,
            sql: table(&local(blueprint, &placed.table)),
        };
        let made = match &placed.what {
            Service::LookUp {
                name,
                by,
                returns,
                deleted_at,
            } => Some((name, look_up(&own, by, returns, deleted_at.as_ref()))),
            Service::RedeemToken { name, .. } => Some((name, redeem(&own, &placed.what))),
            Service::SignUp { name, columns } => Some((name, sign_up(&own, columns))),
            Service::Purge {
                name,
                after,
                months,
                micros,
                batch,
            } => due(&own, after, *months, *micros).map(|due| (name, purge(&own, &due, *batch))),
            Service::Anonymise {
                name,
                after,
                months,
                micros,
                tombstones,
                done,
                batch,
            } => due(&own, after, *months, *micros)
                .map(|due| (name, anonymise(&own, &due, tombstones, done.as_ref(), *batch))),
            Service::Erase { name, steps } => Some((name, erase(&own, steps))),
            Service::TouchAccess {
                name,
                access,
                throttle_seconds,
            } => Some((name, touch(&own, access, *throttle_seconds))),
            Service::SecurityEvents => {
                scripts.push(("record_event".to_owned(), record_event(&own)));
                None
            }
            Service::Context | Service::AuditTrail { .. } | Service::Keys => None,
        };
        if let Some((name, sql)) = made {
            scripts.push((name.to_string(), sql));
        }
    }
    scripts
}

/// The table that a service belongs to.
struct Own<'a> {
    blueprint: &'a Source<'a>,
    name: &'a Name,
    sql: String,
}

impl Own<'_> {
    fn column_type(&self, column: &Ident) -> SqlType {
        let table = self.blueprint.table(self.name);
        table
            .and_then(|table| table.column(column.as_str()))
            .map_or(SqlType::Text, |column| column.ty.clone())
    }

    fn key(&self) -> String {
        ident(&ids(self.blueprint, self.name).0)
    }

    /// The pseudonym of a row, by an expression for its key; nothing for a table whose rows have none.
    fn actor(&self, of: &Name, key: &str) -> Option<String> {
        let actors = self.blueprint.actors.as_ref()?;
        (actors.user.as_ref() == Some(of)).then(|| {
            format!(
                "(SELECT a.public_id FROM {} AS a WHERE a.user_id = {key}) AS actor",
                table(&local(self.blueprint, &actors.table))
            )
        })
    }

    /// A column's parameter; what is left out is what the column would be.
    fn given(&self, column: &Ident) -> String {
        let table = self.blueprint.table(self.name);
        let default = table
            .and_then(|table| table.column(column.as_str()))
            .and_then(|column| match &column.default {
                Some(DefaultValue::Literal(value)) => types::literal_for(value, &column.ty).ok(),
                _ => None,
            });
        default.map_or_else(
            || format!(":{column}"),
            |default| format!("coalesce(:{column}, {default})"),
        )
    }

    /// When rows of a table die, if they do.
    fn mortal(&self, of: &Name) -> Option<&Ident> {
        let behaviours = &self.blueprint.behaviours;
        behaviours.iter().find_map(|placed| match &placed.what {
            Behaviour::SoftDelete { deleted_at, .. } if placed.table == *of => Some(deleted_at),
            _ => None,
        })
    }

    /// The log of security events.
    fn events(&self) -> Option<String> {
        let services = &self.blueprint.services;
        let events = services
            .iter()
            .find(|placed| placed.what == Service::SecurityEvents)?;
        Some(table(&local(self.blueprint, &events.table)))
    }

    /// The column by which rows are known outside.
    fn public(&self) -> String {
        ident(&ids(self.blueprint, self.name).2)
    }
}

fn living(deleted_at: Option<&Ident>) -> String {
    deleted_at.map_or(String::new(), |at| format!("\n  AND {} IS NULL", ident(at)))
}

fn look_up(own: &Own<'_>, by: &Ident, returns: &[Ident], deleted_at: Option<&Ident>) -> String {
    let sql = &own.sql;
    let info = own.blueprint.tables.iter().find(|info| info.name == *own.name);
    let tenant = info
        .and_then(|info| info.tenant.as_ref())
        .map_or(String::new(), |tenant| {
            let context = table(&context_table(own.blueprint));
            format!(
                "\n    AND {} = coalesce((SELECT tenant_id FROM {context}), {0})",
                ident(tenant)
            )
        });
    // Whoever logs in then acts by their pseudonym.
    let actor = own.actor(own.name, &format!("{sql}.{}", own.key()));
    let (named, made) = match &actor {
        Some(actor) => (", actor".to_owned(), format!(", {actor}")),
        None => (String::new(), String::new()),
    };
    format!(
        "-- Where several rows match, none is answered.\nSELECT {0}{named}\nFROM (\n  SELECT {0}{made}, count(*) OVER () AS matches\n  \
         FROM {sql}\n  WHERE {1} = :{by}{tenant}{2}\n)\nWHERE matches = 1;\n",
        idents(returns),
        ident(by),
        living(deleted_at)
    )
}

fn redeem(own: &Own<'_>, service: &Service) -> String {
    let Service::RedeemToken {
        token,
        expires_at,
        used_at,
        owner,
        returns,
        deleted_at,
        ..
    } = service
    else {
        return String::new();
    };
    let spend = match used_at {
        Some(used_at) => format!("UPDATE {}\nSET {} = {NOW}\n", own.sql, ident(used_at)),
        // Without a mark the token is spent by going.
        None => format!("DELETE FROM {}\n", own.sql),
    };
    let mut sql = format!("{spend}WHERE {} = :{token}", ident(token));
    if let Some(used_at) = used_at {
        sql.push_str(&format!("\n  AND {} IS NULL", ident(used_at)));
    }
    if let Some(expires_at) = expires_at {
        sql.push_str(&format!("\n  AND {} > {NOW}", ident(expires_at)));
    }
    sql.push_str(&living(deleted_at.as_ref()));
    let mut answers: Vec<String> = Vec::new();
    // Bare, a column of the table that is asked would be meant first.
    let mine = |column: &Ident| format!("{}.{}", own.sql, ident(column));
    if let Some((reference, of)) = owner {
        let (key, _, public) = ids(own.blueprint, of);
        if let Some(dies) = own.mortal(of) {
            sql.push_str(&format!(
                "\n  AND {} IN (SELECT o.{} FROM {} AS o WHERE o.{} IS NULL)",
                ident(reference),
                ident(&key),
                table(&local(own.blueprint, of)),
                ident(dies)
            ));
        }
        answers.push(format!(
            "(SELECT o.{} FROM {} AS o WHERE o.{} = {}) AS owner",
            ident(&public),
            table(&local(own.blueprint, of)),
            ident(&key),
            mine(reference)
        ));
        answers.extend(own.actor(of, &mine(reference)));
    }
    answers.extend(returns.iter().map(ident));
    if answers.is_empty() {
        answers.push("1 AS redeemed".to_owned());
    }
    sql.push_str(&format!("\nRETURNING\n  {};\n", answers.join(",\n  ")));
    if let Some(events) = own.events() {
        sql.push_str(&format!(
            "-- A token that is not good is a security event.\n\
             INSERT INTO {events} (recorded_at, kind, actor_id, tenant_id, entity)\n\
             SELECT {NOW}, 'token_refused', c.actor_id, c.tenant_id, {}\nFROM {} AS c\nWHERE changes() = 0;\n",
            text(local(own.blueprint, own.name).name.as_str()),
            table(&context_table(own.blueprint))
        ));
    }
    sql
}

/// One row answers: the public id, and the pseudonym of whoever has one.
fn sign_up(own: &Own<'_>, columns: &[Ident]) -> String {
    let params: Vec<String> = columns.iter().map(|column| own.given(column)).collect();
    let insert = format!(
        "INSERT INTO {} ({})\nVALUES ({})",
        own.sql,
        idents(columns),
        params.join(", ")
    );
    let actors = own.blueprint.actors.as_ref();
    match actors.filter(|actors| actors.user.as_ref() == Some(own.name)) {
        Some(actors) => {
            let actors = table(&local(own.blueprint, &actors.table));
            format!(
                "{insert};\nSELECT t.{}{}, a.public_id AS actor\nFROM {actors} AS a\nJOIN {} AS t ON t.{} = a.user_id\n\
                 WHERE a.id = (SELECT max(id) FROM {actors});\n",
                own.public(),
                if own.public() == "public_id" {
                    ""
                } else {
                    " AS public_id"
                },
                own.sql,
                own.key(),
            )
        }
        None => format!("{insert}\nRETURNING {};\n", own.public()),
    }
}

/// The condition that a row's time is over.
fn due(own: &Own<'_>, after: &Ident, months: i32, micros: i64) -> Option<String> {
    let start = Expr::column(after.clone(), own.column_type(after));
    let terms = [
        (physical::Sign::Plus, start),
        (physical::Sign::Plus, Expr::Duration { months, micros }),
    ];
    let end = temporal::sum(&Renderer::default(), &terms).ok()?;
    Some(format!("{} <= {NOW}", end.text))
}

fn purge(own: &Own<'_>, due: &str, batch: u32) -> String {
    let key = own.key();
    let delete = format!(
        "DELETE FROM {0}\nWHERE {key} IN (\n  SELECT {key} FROM {0}\n  WHERE {due}\n  LIMIT {batch}\n);\n",
        own.sql
    );
    // Rows of other tables fall with it.
    forgetting(own, &delete, "d.operation = 'delete'")
}

/// The statement, and after it the trail's payloads of the rows that it touched: a trail that keeps what the table forgot would
/// be no retention at all. Each row gets the mark without which an emptied payload counts as destroyed.
fn forgetting(own: &Own<'_>, statement: &str, touched: &str) -> String {
    let head = "-- Run it until it changes no more rows.\n";
    let trail = own
        .blueprint
        .services
        .iter()
        .find_map(|placed| match placed.what {
            Service::AuditTrail { .. } => Some(table(&local(own.blueprint, &placed.table))),
            _ => None,
        });
    let Some(log) = trail else {
        return format!("{head}{statement}");
    };
    let context = table(&context_table(own.blueprint));
    let told = |column: &str| {
        format!(
            "(l.entity, l.{column}) IN (\n    SELECT d.entity, d.{column}\n    FROM {log} AS d\n    JOIN {context} AS c ON c.transaction_id = d.transaction_id\n    \
             WHERE d.operation = 'erase' AND d.{column} IS NOT NULL\n  )"
        )
    };
    format!(
        "{head}-- A number by which the trail knows this transaction.\nUPDATE {context} SET transaction_id = transaction_id + 1;\n{statement}\
         -- The marks without which an emptied payload counts as destroyed.\n\
         INSERT INTO {log} (recorded_at, transaction_id, actor_id, tenant_id, entity, row_id, row_public_id, operation)\n\
         SELECT DISTINCT {NOW}, c.transaction_id, coalesce(c.actor_id, 1), d.tenant_id, d.entity, d.row_id,\n  \
         CASE WHEN d.row_id IS NULL THEN d.row_public_id END, 'erase'\n\
         FROM {log} AS d\nJOIN {context} AS c ON c.transaction_id = d.transaction_id\n\
         WHERE {touched}\n  AND coalesce(d.row_id, d.row_public_id) IS NOT NULL;\n\
         UPDATE {log} AS l\nSET changes = NULL,\n    salt = NULL\nWHERE l.changes IS NOT NULL\n  AND ({}\n  OR l.row_id IS NULL AND {});\n",
        told("row_id"),
        told("row_public_id")
    )
}

fn tombstone(own: &Own<'_>, column: &Ident, value: &Tombstone) -> String {
    tombstone_in(own, column, value, "")
}

fn tombstone_in(own: &Own<'_>, column: &Ident, value: &Tombstone, row: &str) -> String {
    match value {
        Tombstone::Null => "NULL".to_owned(),
        Tombstone::Literal(value) => types::literal_for(value, &own.column_type(column))
            .unwrap_or_else(|_| super::ident::literal(value)),
        Tombstone::UniqueText { suffix } => {
            format!("'deleted-' || {row}{} || {}", own.public(), text(suffix))
        }
    }
}

/// What stands in a column of the new row once the person is gone from it, by any of the services.
pub(super) fn tombstones(blueprint: &Source<'_>, name: &Name, column: &Ident) -> Vec<String> {
    let own = Own {
        blueprint,
        name,
        sql: String::new(),
    };
    let mut all: Vec<String> = Vec::new();
    let here = blueprint.tombstones(name);
    for (_, value) in here.iter().filter(|(emptied, _)| emptied == column) {
        let sql = unequal(tombstone_in(&own, column, value, "NEW."));
        if !all.contains(&sql) {
            all.push(sql);
        }
    }
    all
}

fn sets(own: &Own<'_>, tombstones: &[(Ident, Tombstone)]) -> Vec<String> {
    tombstones
        .iter()
        .map(|(column, value)| format!("{} = {}", ident(column), tombstone(own, column, value)))
        .collect()
}

fn differs(own: &Own<'_>, tombstones: &[(Ident, Tombstone)]) -> String {
    let parts = tombstones.iter().map(|(column, value)| {
        format!(
            "{} IS NOT {}",
            ident(column),
            unequal(tombstone(own, column, value))
        )
    });
    parts.collect::<Vec<_>>().join("\n      OR ")
}

/// Concatenations are bracketed, so that a reader need not know how tightly they bind.
fn unequal(value: String) -> String {
    if value.contains("||") {
        format!("({value})")
    } else {
        value
    }
}

fn anonymise(
    own: &Own<'_>,
    due: &str,
    tombstones: &[(Ident, Tombstone)],
    done: Option<&Ident>,
    batch: u32,
) -> String {
    let key = own.key();
    let mut sets = sets(own, tombstones);
    let open = match done {
        Some(done) => {
            sets.push(format!("{} = {NOW}", ident(done)));
            format!("{} IS NULL", ident(done))
        }
        None => format!("({})", differs(own, tombstones)),
    };
    let update = format!(
        "UPDATE {0}\nSET {1}\nWHERE {key} IN (\n  SELECT {key} FROM {0}\n  WHERE {due}\n    AND {open}\n  LIMIT {batch}\n);\n",
        own.sql,
        sets.join(",\n    ")
    );
    let entity = text(local(own.blueprint, own.name).name.as_str());
    forgetting(
        own,
        &update,
        &format!("d.operation = 'update' AND d.entity = {entity}"),
    )
}

fn erase(own: &Own<'_>, steps: &[ErasureStep]) -> String {
    let at = |name: &Name| table(&local(own.blueprint, name));
    let log = steps.iter().find_map(|step| match step {
        ErasureStep::AuditPayloads { log } => Some(at(log)),
        _ => None,
    });
    let subject = subject(own, log.as_deref());
    let mut sql = String::from("-- One transaction.\n");
    // Payloads go after what the erasure itself records, and the row that says who the subject is goes last.
    let rank = |step: &&ErasureStep| match step {
        ErasureStep::Delete { table, .. } if table == own.name => 2,
        ErasureStep::AuditPayloads { .. } => 1,
        _ => 0,
    };
    let mut ordered: Vec<&ErasureStep> = steps.iter().collect();
    ordered.sort_by_key(rank);
    for step in ordered {
        sql.push_str(&erasure(own, step, &subject));
    }
    if let Some(log) = log {
        let context = table(&context_table(own.blueprint));
        let row = if own.public() == own.key() {
            "NULL"
        } else {
            ":public_id"
        };
        sql.push_str(&format!(
            "-- The mark without which an emptied payload counts as destroyed.\n\
             INSERT INTO {log} (recorded_at, transaction_id, actor_id, tenant_id, subject_id, entity, row_id, row_public_id, operation)\n\
             SELECT {NOW}, c.transaction_id, coalesce(c.actor_id, 1), c.tenant_id, {subject}, {}, NULL, {row}, 'erase'\n\
             FROM {context} AS c\nWHERE {subject} IS NOT NULL;\n",
            text(local(own.blueprint, own.name).name.as_str())
        ));
    }
    if let Some(events) = own.events() {
        let context = table(&context_table(own.blueprint));
        sql.push_str(&format!(
            "INSERT INTO {} (recorded_at, kind, actor_id, tenant_id, entity, row_public_id)\n\
             SELECT {NOW}, 'erasure', c.actor_id, c.tenant_id, {}, :public_id\nFROM {context} AS c\nWHERE {subject} IS NOT NULL;\n",
            events,
            text(local(own.blueprint, own.name).name.as_str())
        ));
    }
    sql
}

/// The subject's key; from the audit trail when the row itself has gone.
fn subject(own: &Own<'_>, log: Option<&str>) -> String {
    let (key, public) = (own.key(), own.public());
    let row = format!(
        "SELECT s.{key} FROM {} AS s WHERE s.{public} = :public_id",
        own.sql
    );
    let told = if public == key { "row_public_id" } else { "row_id" };
    match log {
        Some(log) => format!(
            "(\n  {row}\n  UNION\n  SELECT l.{told} FROM {log} AS l WHERE l.entity = {} AND l.row_public_id = :public_id AND l.{told} IS NOT NULL\n)",
            text(local(own.blueprint, own.name).name.as_str())
        ),
        None => format!("({row})"),
    }
}

fn erasure(own: &Own<'_>, step: &ErasureStep, subject: &str) -> String {
    let at = |name: &Name| table(&local(own.blueprint, name));
    match step {
        ErasureStep::Delete {
            table,
            subject: column,
        } => {
            format!(
                "DELETE FROM {}\nWHERE {} = {subject};\n",
                at(table),
                ident(column)
            )
        }
        ErasureStep::Empty {
            table: name,
            subject: column,
            tombstones,
        } => {
            let there = Own {
                blueprint: own.blueprint,
                name,
                sql: at(name),
            };
            format!(
                "UPDATE {}\nSET {}\nWHERE {} = {subject}\n  AND ({});\n",
                there.sql,
                sets(&there, tombstones).join(",\n    "),
                ident(column),
                differs(&there, tombstones)
            )
        }
        ErasureStep::AuditPayloads { log } => format!(
            "UPDATE {}\nSET changes = NULL,\n    salt = NULL\nWHERE subject_id = {subject};\n",
            at(log)
        ),
        ErasureStep::Key { table } => format!(
            "UPDATE {}\nSET wrapped = NULL,\n    shredded_at = {NOW}\nWHERE subject_id = {subject}\n  AND shredded_at IS NULL;\n",
            at(table)
        ),
        ErasureStep::Actor { table, link } => {
            format!(
                "UPDATE {}\nSET {1} = NULL\nWHERE {1} = {subject};\n",
                at(table),
                ident(link)
            )
        }
    }
}

fn touch(own: &Own<'_>, access: &Name, throttle_seconds: u32) -> String {
    if access == own.name {
        return format!(
            "UPDATE {}\nSET last_accessed = {NOW},\n    access_count = access_count + 1\nWHERE {} = :public_id\n  \
             AND (last_accessed IS NULL OR last_accessed <= strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-{throttle_seconds} seconds'));\n",
            own.sql,
            own.public()
        );
    }
    format!(
        "INSERT INTO {0} AS a (row_id, last_accessed, access_count)\n\
         SELECT t.{2}, {NOW}, 1 FROM {1} AS t WHERE t.{3} = :public_id\n\
         ON CONFLICT (row_id) DO UPDATE\n\
         SET last_accessed = excluded.last_accessed,\n    access_count = a.access_count + 1\n\
         WHERE a.last_accessed <= strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-{throttle_seconds} seconds');\n",
        table(&local(own.blueprint, access)),
        own.sql,
        own.key(),
        own.public()
    )
}

fn record_event(own: &Own<'_>) -> String {
    let context = table(&context_table(own.blueprint));
    format!(
        "INSERT INTO {} (recorded_at, kind, actor_id, tenant_id, entity, row_public_id, detail)\n\
         SELECT {NOW}, :kind, c.actor_id, c.tenant_id, :entity, :row_public_id, :detail\nFROM {context} AS c;\n",
        own.sql
    )
}
