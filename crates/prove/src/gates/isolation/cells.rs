//! The matrix: role × table × statement × context.

use std::collections::{BTreeMap, BTreeSet};

use engine::Connection;
use evidence::{Claim, Proof};
use model::Action;
use physical::{Behaviour, Name, Purpose};

use super::ground::{Ground, Rights};
use super::guise::Guise;
use super::reach::{Promise, Row, promise};
use super::sheet::Sheet;
use super::try_out::{Outcome, Session};
use crate::bench::{Bench, Loaded};
use crate::data::{Datum, Speller};
use crate::gate::Stop;

/// What the cells are tried on.
pub(super) struct Arena<'a, 'm> {
    pub(super) loaded: &'a Loaded<'m>,
    pub(super) guises: &'a [Guise],
    pub(super) grounds: &'a [Ground<'m>],
    pub(super) rights: &'a BTreeMap<(String, Name), Rights>,
    pub(super) speller: Speller,
}

impl Arena<'_, '_> {
    pub(super) fn rights(&self, role: &str, table: &Name) -> Rights {
        self.rights
            .get(&(role.to_owned(), table.clone()))
            .cloned()
            .unwrap_or_default()
    }
}

/// An empty table proves nothing: there must be rows of two owners, and of two tenants.
pub(super) fn populated(bench: &mut Bench<'_>, arena: &Arena<'_, '_>) {
    let claim = "rows of two owners, and of two tenants, are there before anything is tried";
    for ground in arena.grounds {
        if !matches!(ground.info.purpose, Purpose::Entity(_) | Purpose::Link(..)) {
            continue;
        }
        let distinct = |of: fn(&Row) -> Option<&Datum>| {
            ground
                .rows
                .iter()
                .filter_map(of)
                .map(|datum| format!("{datum:?}"))
                .collect::<BTreeSet<_>>()
                .len()
        };
        let owners = distinct(|row| row.owner.as_ref());
        let tenants = distinct(|row| row.tenant.as_ref());
        let object = Some(ground.table.name.to_string());
        let enough =
            (ground.info.owner.is_none() || owners > 1) && (ground.info.tenant.is_none() || tenants > 1);
        bench.claim(if enough && !ground.rows.is_empty() {
            let told = format!("{} rows, {owners} owners, {tenants} tenants", ground.rows.len());
            Claim::proved("populated", object, claim, Proof::new(told))
        } else {
            let told = format!(
                "there are {} rows of {owners} owners and {tenants} tenants",
                ground.rows.len()
            );
            Claim::not_run("populated", object, claim, told)
        });
    }
}

/// All tables for one role.
pub(super) fn of_role(bench: &mut Bench<'_>, arena: &Arena<'_, '_>, role: &str) -> Result<(), Stop> {
    let mut matrix = Vec::new();
    let mut shared = arena.loaded.db.member(role)?;
    for ground in arena.grounds {
        let promised = [Action::Read, Action::Create, Action::Update, Action::Delete]
            .into_iter()
            .any(|action| promise(bench.subject, role, ground.info, action).is_given());
        // Where something is promised, every table is met over a login of its own; where nothing is, one login meets them all.
        let letters = if promised {
            of_table(bench, arena, role, ground, &mut arena.loaded.db.member(role)?)?
        } else {
            of_table(bench, arena, role, ground, &mut shared)?
        };
        if letters != "----" {
            matrix.push(format!("{} {letters}", ground.table.name));
        }
    }
    let reached = if matrix.is_empty() {
        "no table".to_owned()
    } else {
        matrix.join(", ")
    };
    bench.note(format!(
        "{role} reaches (select, insert, update, delete): {reached}"
    ));
    Ok(())
}

/// Everything about one cell.
struct Cell<'a, 'm> {
    arena: &'a Arena<'a, 'm>,
    role: &'a str,
    ground: &'a Ground<'m>,
    rights: Rights,
    read: Promise,
    create: Promise,
    /// Changing, and deleting softly.
    update: Vec<Promise>,
    delete: Promise,
    deleted_at: Option<String>,
}

fn of_table(
    bench: &mut Bench<'_>,
    arena: &Arena<'_, '_>,
    role: &str,
    ground: &Ground<'_>,
    connection: &mut Connection,
) -> Result<String, Stop> {
    let subject = bench.subject;
    let deleted_at = subject
        .behaviours(&ground.table.name)
        .find_map(|behaviour| match behaviour {
            Behaviour::SoftDelete { deleted_at, .. } => Some(deleted_at.as_str().to_owned()),
            _ => None,
        });
    let promised = |action| promise(subject, role, ground.info, action);
    let mut update = vec![promised(Action::Update)];
    let mut delete = promised(Action::Delete);
    if deleted_at.is_some() && matches!(ground.info.purpose, Purpose::Entity(_)) {
        // Deleting softly is changing; nobody is promised to delete for good.
        update.push(std::mem::take(&mut delete));
    }
    let rights = arena.rights(role, &ground.table.name);
    let (read, create) = (promised(Action::Read), promised(Action::Create));
    let cell = Cell {
        arena,
        role,
        ground,
        rights,
        read,
        create,
        update,
        delete,
        deleted_at,
    };
    let object = format!("{role} × {}", ground.table.name);
    let mut sheet = Sheet::new(
        "cells",
        object,
        "reached are exactly the rows that the schema promises",
    );
    let reaches = cell.read.is_given() || cell.may_update() || cell.delete.is_given();
    let mut tried = 0;
    let mut guises = 0;
    for (index, guise) in arena.guises.iter().enumerate() {
        // Where nothing is promised, the context cannot matter; two show that it does not.
        if !reaches && index > 1 {
            break;
        }
        // A setting that was ever used in a session reads as empty from then on: who never said anything needs a new one.
        let mut unused = if reaches && guise.enter.is_empty() {
            Some(arena.loaded.db.member(role)?)
        } else {
            None
        };
        let connection = unused.as_mut().unwrap_or(&mut *connection);
        let Some(mut session) = Session::begin(connection, guise)? else {
            continue;
        };
        guises += 1;
        cell.select(&mut session, guise, &mut sheet)?;
        cell.change(&mut session, guise, &mut sheet)?;
        cell.remove(&mut session, guise, &mut sheet)?;
        if index == 0 {
            cell.insert(&mut session, guise, &mut sheet)?;
            cell.truncate(&mut session, guise, &mut sheet)?;
        }
        tried += session.end()?;
    }
    sheet.summary = format!("{guises} contexts, {tried} statements");
    bench.count("cells", guises * 4);
    bench.count("statements tried", tried);
    sheet.file(bench);
    Ok(cell.letters())
}

impl Cell<'_, '_> {
    fn may_update(&self) -> bool {
        self.update.iter().any(Promise::is_given)
    }

    /// A column that the role has a right on, else one on which nothing but a right is missing.
    fn some_column<'s>(&'s self, granted: &'s [String]) -> Option<&'s str> {
        let plain = self
            .ground
            .table
            .columns
            .iter()
            .find(|column| column.identity.is_none() && column.generated.is_none());
        granted
            .first()
            .map(String::as_str)
            .or_else(|| plain.map(|column| column.name.as_str()))
    }

    fn letters(&self) -> String {
        let letter = |given: bool, letter: char| if given { letter } else { '-' };
        [
            letter(self.read.is_given(), 'S'),
            letter(self.create.is_given(), 'I'),
            letter(self.may_update(), 'U'),
            letter(self.delete.is_given(), 'D'),
        ]
        .iter()
        .collect()
    }

    /// Rows that a promise does not reach, one of each kind.
    fn beyond<'s>(&'s self, promises: &[&Promise], guise: &Guise) -> Vec<&'s Row> {
        let mut kinds: BTreeSet<String> = BTreeSet::new();
        let foreign = |row: &&Row| promises.iter().all(|promise| promise.forbids(row, guise));
        let rows = self.ground.rows.iter().filter(foreign);
        rows.filter(|row| kinds.insert(format!("{:?} {:?}", row.owner, row.tenant)))
            .take(4)
            .collect()
    }

    fn select(&self, session: &mut Session<'_>, guise: &Guise, sheet: &mut Sheet) -> Result<(), Stop> {
        let sql = format!("SELECT {} FROM {} AS t", self.ground.key, self.ground.sql);
        let outcome = session.ask(&sql)?;
        if !self.read.is_given() {
            if !outcome.is_forbidden() {
                sheet.wrong(
                    self.role,
                    guise,
                    &sql,
                    "refused (42501)",
                    &outcome,
                    "may read a table that it was promised nothing of",
                );
            }
            return Ok(());
        }
        if let Outcome::Refused(error) = &outcome {
            // A garbled setting is refused where a policy reads it: nothing is answered. And where the promise hangs on rows
            // that the role may not read, nothing is, either.
            if !(self.read.inexact || guise.refusable && error.code.starts_with("22")) {
                sheet.wrong(
                    self.role,
                    guise,
                    &sql,
                    "an answer",
                    &outcome,
                    "cannot read what it was promised",
                );
            }
            return Ok(());
        }
        let seen: BTreeSet<String> = outcome.keys().into_iter().collect();
        if let Some(row) = self
            .ground
            .rows
            .iter()
            .find(|row| seen.contains(&row.key) && self.read.forbids(row, guise))
        {
            let sql = format!("SELECT * FROM {} WHERE {}", self.ground.sql, row.condition);
            sheet.observed(
                self.role,
                guise,
                &sql,
                "no row",
                "1 row",
                "sees a row that is not its own",
            );
        }
        let unknown = seen
            .iter()
            .find(|key| !self.ground.rows.iter().any(|row| row.key == **key));
        let missing = self
            .ground
            .rows
            .iter()
            .find(|row| self.read.reaches(row, guise) && !seen.contains(&row.key));
        if let (Some(row), false) = (missing, self.read.inexact || unknown.is_some()) {
            let sql = format!("SELECT * FROM {} WHERE {}", self.ground.sql, row.condition);
            sheet.observed(
                self.role,
                guise,
                &sql,
                "1 row",
                "no row",
                "does not see a row that is its own",
            );
        }
        Ok(())
    }

    /// A column to change, and a constant that may stand in it: changing without reading meets the policies for changes alone.
    fn blind(&self) -> Option<(String, String)> {
        let plan = self.arena.loaded.maker.plan(&self.ground.table.name);
        let keyed = |column: &str| {
            plan.is_some_and(|plan| {
                plan.keys
                    .iter()
                    .any(|(_, columns, _)| columns.iter().any(|it| it == column))
            })
        };
        let referring = |column: &str| {
            self.ground
                .table
                .foreign_keys
                .iter()
                .any(|key| key.columns.iter().any(|it| it.as_str() == column))
        };
        let reason = self
            .rights
            .update
            .iter()
            .find(|column| column.as_str() == "deletion_reason");
        if let Some(column) = reason {
            return Some((column.clone(), "'a'".to_owned()));
        }
        let row = self
            .ground
            .rows
            .first()
            .and_then(|row| self.ground.made(self.arena.loaded, row))?;
        let column = self
            .rights
            .update
            .iter()
            .find(|column| !keyed(column) && !referring(column) && row.contains_key(*column))?;
        let ty = &self.ground.table.column(column)?.ty;
        Some((column.clone(), self.arena.speller.value(row.get(column)?, ty)))
    }

    fn change(&self, session: &mut Session<'_>, guise: &Guise, sheet: &mut Sheet) -> Result<(), Stop> {
        let ident = |column: &str| self.arena.speller.ident(column);
        let Some(any) = self.some_column(&self.rights.update).map(ident) else {
            return Ok(());
        };
        if !self.may_update() {
            let sql = format!("UPDATE {} SET {any} = {any}", self.ground.sql);
            let outcome = session.change(&sql)?;
            if !outcome.is_forbidden() {
                sheet.wrong(
                    self.role,
                    guise,
                    &sql,
                    "refused (42501)",
                    &outcome,
                    "may change a table that it was promised nothing of",
                );
            }
            return Ok(());
        }
        let promises: Vec<&Promise> = self.update.iter().filter(|promise| promise.is_given()).collect();
        let inexact = promises.iter().any(|promise| promise.inexact);
        if let (Some((column, value)), false) = (self.blind(), inexact) {
            let sql = format!("UPDATE {} SET {} = {value}", self.ground.sql, ident(&column));
            let own = self
                .ground
                .rows
                .iter()
                .filter(|row| promises.iter().any(|promise| promise.reaches(row, guise)))
                .count();
            self.at_most(
                &session.change(&sql)?,
                own,
                guise,
                &sql,
                sheet,
                "changes rows that are not its own, without reading them",
            );
        }
        for row in self.beyond(&promises, guise) {
            let mut statements = vec![format!(
                "UPDATE {} SET {any} = {any} WHERE {}",
                self.ground.sql, row.condition
            )];
            if let Some(column) = self
                .deleted_at
                .as_ref()
                .filter(|column| self.rights.update.contains(column))
            {
                statements.push(format!(
                    "UPDATE {} SET {} = now() WHERE {}",
                    self.ground.sql,
                    ident(column),
                    row.condition
                ));
            }
            statements.push(format!(
                "MERGE INTO {} AS t USING (VALUES (1)) AS s (x) ON t.{} WHEN MATCHED THEN UPDATE SET {any} = t.{any}",
                self.ground.sql,
                row.condition.replace(" AND ", " AND t.")
            ));
            for sql in statements {
                self.at_most(
                    &session.change(&sql)?,
                    0,
                    guise,
                    &sql,
                    sheet,
                    "changes a row that is not its own",
                );
            }
        }
        Ok(())
    }

    fn remove(&self, session: &mut Session<'_>, guise: &Guise, sheet: &mut Sheet) -> Result<(), Stop> {
        let all = format!("DELETE FROM {}", self.ground.sql);
        if !self.delete.is_given() {
            let outcome = session.change(&all)?;
            if !outcome.is_forbidden() {
                sheet.wrong(
                    self.role,
                    guise,
                    &all,
                    "refused (42501)",
                    &outcome,
                    "may delete for good",
                );
            }
            return Ok(());
        }
        let own = self
            .ground
            .rows
            .iter()
            .filter(|row| self.delete.reaches(row, guise))
            .count();
        self.at_most(
            &session.change(&all)?,
            own,
            guise,
            &all,
            sheet,
            "deletes rows that are not its own, without reading them",
        );
        for row in self.beyond(&[&self.delete], guise) {
            let sql = format!("DELETE FROM {} WHERE {}", self.ground.sql, row.condition);
            self.at_most(
                &session.change(&sql)?,
                0,
                guise,
                &sql,
                sheet,
                "deletes a row that is not its own",
            );
        }
        Ok(())
    }

    /// A refusal changes nothing, whatever its reason.
    fn at_most(
        &self,
        outcome: &Outcome,
        most: usize,
        guise: &Guise,
        sql: &str,
        sheet: &mut Sheet,
        what: &str,
    ) {
        if let Outcome::Changed(count) = outcome
            && *count > most as u64
        {
            sheet.wrong(
                self.role,
                guise,
                sql,
                &format!("at most {most} rows"),
                outcome,
                what,
            );
        }
    }

    fn insert(&self, session: &mut Session<'_>, guise: &Guise, sheet: &mut Sheet) -> Result<(), Stop> {
        if self.create.is_given() {
            return Ok(());
        }
        let Some(column) = self.some_column(&self.rights.insert) else {
            return Ok(());
        };
        let sql = format!(
            "INSERT INTO {} ({}) VALUES (NULL)",
            self.ground.sql,
            self.arena.speller.ident(column)
        );
        let outcome = session.change(&sql)?;
        if !outcome.is_forbidden() {
            sheet.wrong(
                self.role,
                guise,
                &sql,
                "refused (42501)",
                &outcome,
                "may add rows that it was promised nothing of",
            );
        }
        Ok(())
    }

    fn truncate(&self, session: &mut Session<'_>, guise: &Guise, sheet: &mut Sheet) -> Result<(), Stop> {
        let name = &self.ground.sql;
        for sql in [
            format!("TRUNCATE {name} CASCADE"),
            format!("ALTER TABLE {name} DISABLE TRIGGER ALL"),
            format!("ALTER TABLE {name} DISABLE ROW LEVEL SECURITY"),
            format!("ALTER TABLE {name} NO FORCE ROW LEVEL SECURITY"),
            format!("CREATE POLICY everyone ON {name} USING (true)"),
            format!(
                "CREATE TRIGGER mine BEFORE INSERT ON {name} FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()"
            ),
            format!("CREATE RULE mine AS ON DELETE TO {name} DO INSTEAD NOTHING"),
            format!("COPY {name} TO PROGRAM 'cat'"),
        ] {
            let outcome =
                session.undone(|connection| connection.batch(&sql).map(|()| Outcome::Changed(0)))?;
            if !matches!(outcome, Outcome::Refused(_)) {
                sheet.wrong(
                    self.role,
                    guise,
                    &sql,
                    "refused",
                    &outcome,
                    "may do what only an owner may",
                );
            }
        }
        Ok(())
    }
}
