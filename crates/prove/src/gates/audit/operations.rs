//! Random changes by the application, each held to the journal.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use engine::{Connection, EngineError};
use evidence::{Claim, Counterexample};
use physical::{Grantee, Ident, Privilege, Value};

use super::journal::{self, Snapshot};
use super::{ENTRIES, Stage, Watched, enter, report};
use crate::bench::Bench;
use crate::data::{Datum, Rng, Values};
use crate::gate::Stop;
use crate::gates::isolation::guise::Guise;

/// What can be done to a row.
const KINDS: [&str; 5] = ["insert", "update", "soft delete", "restore", "delete"];
/// So many changes are tried.
const CHANGES: usize = 60;

/// A change in the making.
pub(super) struct Change {
    pub(super) role: String,
    pub(super) table: usize,
    pub(super) guise: usize,
    pub(super) sql: String,
    pub(super) kind: &'static str,
}

/// Makes changes up.
pub(super) struct Author<'a, 's, 'm> {
    stage: &'s Stage<'a, 'm>,
    rng: Rng,
}

impl<'a, 's, 'm> Author<'a, 's, 'm> {
    pub(super) fn new(bench: &Bench<'_>, stage: &'s Stage<'a, 'm>, purpose: &str) -> Self {
        Self {
            stage,
            rng: Rng::new(bench.options.seed, purpose),
        }
    }

    /// A change that is likely to be legal. `None` when nobody may do it.
    pub(super) fn next(
        &mut self,
        bench: &Bench<'_>,
        superuser: &mut Connection,
    ) -> Result<Option<Change>, Stop> {
        let table = usize::try_from(self.rng.below(self.stage.watched.len() as u64)).unwrap_or(0);
        let guise = usize::try_from(self.rng.below(self.stage.guises.len() as u64)).unwrap_or(0);
        let kind = match self.rng.below(10) {
            0..=3 => "insert",
            4..=6 => "update",
            7 => "soft delete",
            8 => "restore",
            _ => "delete",
        };
        self.of(bench, superuser, table, guise, kind)
    }

    /// A change of a kind.
    pub(super) fn of(
        &mut self,
        bench: &Bench<'_>,
        superuser: &mut Connection,
        table: usize,
        guise: usize,
        kind: &'static str,
    ) -> Result<Option<Change>, Stop> {
        let Some(watched) = self.stage.watched.get(table) else {
            return Ok(None);
        };
        let privilege = match kind {
            "insert" => Privilege::Insert,
            "delete" => Privilege::Delete,
            _ => Privilege::Update,
        };
        let Some((role, columns)) = writer(bench, watched, privilege) else {
            return Ok(None);
        };
        let sql = match kind {
            "insert" => self.insert(superuser, watched, guise, &columns)?,
            "update" => self.update(superuser, watched, guise, &columns)?,
            "soft delete" => watched
                .deleted_at
                .and_then(|at| self.mortal(watched, guise, superuser, &columns, at.as_str(), true)),
            "restore" => watched
                .deleted_at
                .and_then(|at| self.mortal(watched, guise, superuser, &columns, at.as_str(), false)),
            _ => self
                .row(watched, guise, superuser, None)
                .map(|condition| format!("DELETE FROM {} WHERE {condition}", watched.sql)),
        };
        Ok(sql.map(|sql| Change {
            role,
            table,
            guise,
            sql,
            kind,
        }))
    }

    /// A row of a party that would be legal; what it refers to is there.
    fn draft(
        &self,
        superuser: &mut Connection,
        watched: &Watched<'_>,
        guise: usize,
    ) -> Result<Option<Values>, Stop> {
        let Some(party) = self.stage.loaded.parties.get(guise) else {
            return Ok(None);
        };
        let mut maker = self.stage.maker.borrow_mut();
        let fixed = maker.fixed(&watched.table.name, party);
        let Ok(draft) = maker.draft(&watched.table.name, &fixed, false) else {
            return Ok(None);
        };
        crate::bench::write(superuser, &mut maker)?;
        Ok(Some(draft))
    }

    fn insert(
        &mut self,
        superuser: &mut Connection,
        watched: &Watched<'_>,
        guise: usize,
        columns: &[String],
    ) -> Result<Option<String>, Stop> {
        let Some(draft) = self.draft(superuser, watched, guise)? else {
            return Ok(None);
        };
        let row: Values = draft
            .into_iter()
            .filter(|(column, _)| columns.contains(column))
            .collect();
        if row.is_empty() {
            return Ok(None);
        }
        let speller = self.stage.speller;
        let (names, values): (Vec<String>, Vec<String>) = row
            .iter()
            .filter_map(|(column, value)| {
                Some((
                    speller.ident(column),
                    speller.value(value, &watched.table.column(column)?.ty),
                ))
            })
            .unzip();
        Ok(Some(format!(
            "INSERT INTO {} ({}) VALUES ({})",
            watched.sql,
            names.join(", "),
            values.join(", ")
        )))
    }

    fn update(
        &mut self,
        superuser: &mut Connection,
        watched: &Watched<'_>,
        guise: usize,
        columns: &[String],
    ) -> Result<Option<String>, Stop> {
        let Some(draft) = self.draft(superuser, watched, guise)? else {
            return Ok(None);
        };
        let refers = |column: &str| {
            watched
                .table
                .foreign_keys
                .iter()
                .any(|key| key.columns.iter().any(|it| it.as_str() == column))
        };
        let fit: Vec<(&String, &Datum)> = draft
            .iter()
            .filter(|(column, _)| columns.contains(column) && !refers(column) && column.as_str() != "version")
            .collect();
        let Some((column, value)) = self.rng.pick(&fit).copied() else {
            return Ok(None);
        };
        let Some(condition) = self.row(watched, guise, superuser, Some(false)) else {
            return Ok(None);
        };
        let Some(ty) = watched.table.column(column).map(|column| &column.ty) else {
            return Ok(None);
        };
        let speller = self.stage.speller;
        Ok(Some(format!(
            "UPDATE {} SET {} = {} WHERE {condition}",
            watched.sql,
            speller.ident(column),
            speller.value(value, ty)
        )))
    }

    fn mortal(
        &mut self,
        watched: &Watched<'_>,
        guise: usize,
        superuser: &mut Connection,
        columns: &[String],
        at: &str,
        die: bool,
    ) -> Option<String> {
        if !columns.iter().any(|column| column == at) {
            return None;
        }
        let condition = self.row(watched, guise, superuser, Some(!die))?;
        let speller = self.stage.speller;
        let now = if self.stage.file {
            "strftime('%Y-%m-%dT%H:%M:%fZ', 'now')"
        } else {
            "now()"
        };
        let reason = watched
            .deletion_reason
            .filter(|_| die)
            .map(|reason| format!(", {} = 'tried'", speller.ident(reason.as_str())));
        let value = if die { now } else { "NULL" };
        Some(format!(
            "UPDATE {} SET {} = {value}{} WHERE {condition}",
            watched.sql,
            speller.ident(at),
            reason.unwrap_or_default()
        ))
    }

    /// A condition that finds a row of the party: dead, living, or either.
    fn row(
        &mut self,
        watched: &Watched<'_>,
        guise: usize,
        superuser: &mut Connection,
        dead: Option<bool>,
    ) -> Option<String> {
        let speller = self.stage.speller;
        let party = self.stage.loaded.parties.get(guise)?;
        let fixed = self.stage.maker.borrow().fixed(&watched.table.name, party);
        let names: Vec<&str> = fixed.keys().map(String::as_str).collect();
        let mut conditions = vec![speller.condition(watched.table, &fixed, names)];
        conditions.retain(|condition| !condition.is_empty());
        if let (Some(dead), Some(at)) = (dead, watched.deleted_at) {
            conditions.push(format!(
                "{} IS {}NULL",
                speller.ident(at.as_str()),
                if dead { "NOT " } else { "" }
            ));
        }
        let filter = if conditions.is_empty() {
            "1 = 1".to_owned()
        } else {
            conditions.join(" AND ")
        };
        let key: Vec<String> = watched
            .table
            .primary_key
            .iter()
            .flat_map(|key| &key.columns)
            .map(|column| speller.ident(column.as_str()))
            .collect();
        let rows = superuser
            .query(
                &format!(
                    "SELECT {} FROM {} WHERE {filter} ORDER BY 1",
                    key.join(", "),
                    watched.sql
                ),
                &[],
            )
            .ok()?;
        let row = self.rng.pick(&rows.rows)?;
        let parts = key.iter().zip(row).map(|(column, value)| match value {
            Value::Int(value) => format!("{column} = {value}"),
            other => format!(
                "{column} = {}",
                speller.text(&crate::gates::isolation::try_out::shown(other))
            ),
        });
        Some(parts.collect::<Vec<_>>().join(" AND "))
    }
}

/// Who may do it, by what the design grants, and with which columns. Catalogues without a declared
/// writer are filled by migrations.
fn writer(bench: &Bench<'_>, watched: &Watched<'_>, privilege: Privilege) -> Option<(String, Vec<String>)> {
    let blueprint = &bench.subject.blueprint;
    let planned = blueprint
        .database
        .tables
        .iter()
        .find(|table| bench.subject.realised_name(&table.name) == watched.table.name)?;
    let roles = &blueprint.roles;
    let granted = std::iter::once(&roles.app)
        .chain(&roles.declared)
        .find_map(|role| {
            let grant = planned
                .grants
                .iter()
                .find(|grant| grant.privilege == privilege && grant.grantee == Grantee::Role(role.clone()))?;
            Some((role, grant.columns.as_slice()))
        });
    let writes = |role: &Ident| {
        let own = planned
            .grants
            .iter()
            .filter(|grant| grant.grantee == Grantee::Role(role.clone()));
        own.into_iter().any(|grant| grant.privilege != Privilege::Select)
    };
    let is_catalogue = !std::iter::once(&roles.app).chain(&roles.declared).any(writes);
    let (role, columns) = match granted {
        Some(found) => found,
        None if is_catalogue => (&roles.migrator, [].as_slice()),
        None => return None,
    };
    let all = planned
        .columns
        .iter()
        .filter(|column| column.identity.is_none() && column.generated.is_none());
    let names: Vec<String> = if columns.is_empty() {
        all.map(|column| column.name.as_str().to_owned()).collect()
    } else {
        columns.iter().map(|column| column.as_str().to_owned()).collect()
    };
    Some((role.as_str().to_owned(), names))
}

/// The internal id of the pseudonym that a guise acts as.
pub(super) fn actor_id(
    bench: &Bench<'_>,
    superuser: &mut Connection,
    guise: &Guise,
) -> Result<Option<i64>, Stop> {
    let (Some(actors), Some(public)) = (&bench.subject.blueprint.actors, &guise.values.actor) else {
        return Ok(None);
    };
    let speller = crate::data::Speller::new(bench.subject.dialect);
    let table = speller.name(&bench.subject.realised_name(&actors.table));
    let rows = superuser.query(
        &format!(
            "SELECT id FROM {table} WHERE public_id = {}",
            speller.text(public)
        ),
        &[],
    )?;
    Ok(rows.scalar().and_then(Value::as_int))
}

/// Does one change in a transaction of its own.
pub(super) fn perform(
    connection: &mut Connection,
    guise: &Guise,
    sql: &str,
) -> Result<Result<u64, EngineError>, Stop> {
    connection.begin()?;
    enter(connection, guise)?;
    match connection.execute(sql) {
        Ok(count) => {
            connection.commit()?;
            Ok(Ok(count))
        }
        Err(error) => {
            connection.rollback()?;
            let waited = matches!(error, EngineError::Timeout { .. });
            if error.sql().is_none() && !waited {
                Err(error.into())
            } else {
                Ok(Err(error))
            }
        }
    }
}

/// Tries random changes.
pub(super) fn all(
    bench: &mut Bench<'_>,
    stage: &Stage<'_, '_>,
    superuser: &mut Connection,
) -> Result<(), Stop> {
    let mut author = Author::new(bench, stage, "changes");
    let mut fault: Option<Counterexample> = None;
    let mut refused = 0_u64;
    let mut covered: std::collections::BTreeSet<(usize, &'static str)> = std::collections::BTreeSet::new();
    let mut entries = 0;
    let mut writers: BTreeMap<String, Connection> = BTreeMap::new();
    let plan: Vec<(usize, &'static str)> = (0..stage.watched.len())
        .flat_map(|table| KINDS.map(|kind| (table, kind)))
        .collect();
    for index in 0..CHANGES.max(plan.len()) {
        bench.step(index, CHANGES.max(plan.len()), "changes")?;
        // Every kind on every table first, then at random.
        let change = match plan.get(index).copied() {
            Some((table, kind)) => {
                author.of(bench, superuser, table, index % stage.guises.len().max(1), kind)?
            }
            None => author.next(bench, superuser)?,
        };
        let Some(change) = change else { continue };
        let Some(guise) = stage.guises.get(change.guise) else {
            continue;
        };
        let last = stage.last_entry(superuser)?;
        let before = journal::snapshot(stage, superuser)?;
        let started = now(stage, superuser)?;
        let connection = match writers.entry(change.role.clone()) {
            Entry::Occupied(there) => there.into_mut(),
            Entry::Vacant(free) => free.insert(stage.writer(&change.role)?),
        };
        let done = perform(connection, guise, &change.sql)?;
        let ended = now(stage, superuser)?;
        let found = journal::entries(stage, superuser, last)?;
        let after = journal::snapshot(stage, superuser)?;
        if done.is_ok() {
            covered.insert((change.table, change.kind));
            bench.count("changes", 1);
        } else {
            refused += 1;
        }
        entries += found.len() as u64;
        let actor = actor_id(bench, superuser, guise)?;
        let wrong = verdict(
            stage,
            (&before, &after),
            &found,
            actor,
            (started, ended),
            done.is_ok(),
        );
        if let (Some(observed), None) = (wrong, &fault) {
            fault = Some(example(stage, guise, &change, last, observed));
        }
    }
    bench.count("entries", entries);
    bench.count("refused changes without an entry", refused);
    if covered.is_empty() {
        let reason = "nobody could change anything, so there was nothing to record";
        bench.claim(Claim::not_run("entries", None, ENTRIES, reason));
        return Ok(());
    }
    let tables = covered
        .iter()
        .map(|(table, _)| table)
        .collect::<std::collections::BTreeSet<_>>()
        .len();
    report(
        bench,
        "entries",
        None,
        ENTRIES,
        fault,
        format!(
            "{} kinds of change on {tables} tables, {entries} entries",
            covered.len()
        ),
    );
    Ok(())
}

/// How to see what was not recorded as it happened.
fn example(
    stage: &Stage<'_, '_>,
    guise: &Guise,
    change: &Change,
    last: i64,
    observed: String,
) -> Counterexample {
    let mut statements = vec!["BEGIN".to_owned()];
    statements.extend(guise.enter.iter().cloned());
    statements.extend([
        change.sql.clone(),
        "COMMIT".to_owned(),
        format!("SELECT * FROM {} WHERE seq > {last}", stage.log),
    ]);
    let what = stage.watched.get(change.table);
    let what = what.map_or_else(String::new, |watched| watched.table.name.to_string());
    let summary = format!(
        "the {} of a row of `{what}` is not recorded as it happened",
        change.kind
    );
    Counterexample::new(
        summary,
        "exactly one entry per changed row, as it changed",
        observed,
    )
    .with_statements(statements)
    .run_as(change.role.clone())
}

/// The database's clock, in microseconds since 1970.
pub(super) fn now(stage: &Stage<'_, '_>, superuser: &mut Connection) -> Result<i64, Stop> {
    let sql = if stage.file {
        "SELECT CAST(strftime('%s', 'now') AS INTEGER) * 1000000 + CAST(substr(strftime('%f', 'now'), 4) AS INTEGER) * 1000"
    } else {
        "SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint"
    };
    Ok(superuser
        .query(sql, &[])?
        .scalar()
        .and_then(Value::as_int)
        .unwrap_or_default())
}

fn verdict(
    stage: &Stage<'_, '_>,
    (before, after): (&Snapshot, &Snapshot),
    found: &[journal::Entry],
    actor: Option<i64>,
    (started, ended): (i64, i64),
    done: bool,
) -> Option<String> {
    let expected = journal::expected(stage, before, after);
    if !done && !expected.is_empty() {
        return Some("a refused change changed rows".to_owned());
    }
    if let Some(difference) = journal::difference(&expected, found) {
        return Some(difference);
    }
    for entry in found {
        if entry.actor != actor.or(Some(1)) {
            return Some(format!(
                "entry {} names another actor than the one in the context",
                entry.seq
            ));
        }
        // A file counts milliseconds.
        let slack = if stage.file { 1000 } else { 0 };
        if entry.at + slack < started || entry.at > ended + slack {
            return Some(format!(
                "entry {} was not recorded when the change happened",
                entry.seq
            ));
        }
        if found
            .first()
            .is_some_and(|first| first.transaction != entry.transaction)
        {
            return Some("entries of one transaction name different ones".to_owned());
        }
    }
    None
}
