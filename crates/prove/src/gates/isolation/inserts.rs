//! Adding rows for others, and moving rows to others.

use model::Action;
use physical::{ForeignKey, Ident, Purpose};

use super::cells::Arena;
use super::ground::Ground;
use super::guise::Guise;
use super::reach::{Promise, Row, promise};
use super::sheet::Sheet;
use super::try_out::{Outcome, Session};
use crate::bench::Bench;
use crate::data::{Datum, Maker, Values};
use crate::gate::Stop;

/// Tries as everyone who may add rows.
pub(super) fn all<'m>(bench: &mut Bench<'_>, arena: &Arena<'_, 'm>) -> Result<(), Stop> {
    let roles = bench.subject.blueprint.roles.clone();
    // One for all: no two rows get the same key.
    let mut maker = arena.loaded.maker.clone();
    for role in std::iter::once(&roles.app).chain(&roles.declared) {
        for ground in arena.grounds {
            if !matches!(ground.info.purpose, Purpose::Entity(_) | Purpose::Link(..)) {
                continue;
            }
            let create = promise(bench.subject, role.as_str(), ground.info, Action::Create);
            if create.is_given() {
                of_table(bench, arena, &mut maker, (role.as_str(), ground), &create)?;
            }
        }
    }
    Ok(())
}

struct Trial<'a, 'm> {
    arena: &'a Arena<'a, 'm>,
    role: &'a str,
    ground: &'a Ground<'m>,
    insert: Vec<String>,
    update: Vec<String>,
    /// A row that the guise could add: a legal one, of columns that the role may fill.
    draft: Values,
    own: &'a Guise,
}

fn of_table<'m>(
    bench: &mut Bench<'_>,
    arena: &Arena<'_, 'm>,
    maker: &mut Maker<'m>,
    (role, ground): (&str, &Ground<'m>),
    create: &Promise,
) -> Result<(), Stop> {
    let (Some(own), Some(party)) = (arena.guises.first(), arena.loaded.parties.first()) else {
        return Ok(());
    };
    let rights = arena.rights(role, &ground.table.name);
    let fixed = maker.fixed(&ground.table.name, party);
    let Ok(draft) = maker.draft(&ground.table.name, &fixed, false) else {
        return Ok(());
    };
    // A draft may need new rows; those that other parties own would say nothing.
    let mut superuser = arena.loaded.db.superuser()?;
    crate::bench::write(&mut superuser, maker)?;
    let trial = Trial {
        arena,
        role,
        ground,
        insert: rights.insert,
        update: rights.update,
        draft,
        own,
    };
    let object = format!("{role} × {}", ground.table.name);
    let mut sheet = Sheet::new(
        "foreign-writes",
        object,
        "no row can be added for others, moved to others, or made to refer to what is not the writer's",
    );
    let mut connection = arena.loaded.db.member(role)?;
    let Some(mut session) = Session::begin(&mut connection, own)? else {
        return Ok(());
    };
    let added = trial.own_row(&mut session, &mut sheet, create)?;
    if !added {
        bench.note(format!(
            "{role} could not add a row to {} in its own context, so attempts for others say less",
            ground.table.name
        ));
    }
    trial.for_others(&mut session, &mut sheet)?;
    trial.by_reference(bench, &mut session, &mut sheet)?;
    trial.by_conflict(&mut session, &mut sheet)?;
    trial.by_copy(&mut sheet)?;
    let tried = session.end()?;
    for guise in arena
        .guises
        .iter()
        .filter(|guise| guise.owner.is_none() && guise.tenant.is_none())
    {
        let Some(mut session) = Session::begin(&mut connection, guise)? else {
            continue;
        };
        trial.for_nobody(&mut session, guise, &mut sheet, create)?;
        bench.count("statements tried", session.end()?);
    }
    sheet.summary = format!("{tried} statements");
    bench.count("statements tried", tried);
    sheet.file(bench);
    Ok(())
}

impl Trial<'_, '_> {
    fn sql_of(&self, row: &Values, tail: &str) -> String {
        let speller = self.arena.speller;
        let pairs: Vec<(String, String)> = row
            .iter()
            .filter_map(|(column, value)| {
                let ty = &self.ground.table.column(column)?.ty;
                Some((speller.ident(column), speller.value(value, ty)))
            })
            .collect();
        let (columns, values): (Vec<String>, Vec<String>) = pairs.into_iter().unzip();
        if columns.is_empty() {
            return format!("INSERT INTO {} DEFAULT VALUES{tail}", self.ground.sql);
        }
        format!(
            "INSERT INTO {} ({}) VALUES ({}){tail}",
            self.ground.sql,
            columns.join(", "),
            values.join(", ")
        )
    }

    fn allowed(&self) -> Values {
        self.draft
            .iter()
            .filter(|(column, _)| self.insert.contains(column))
            .map(|(column, value)| (column.clone(), value.clone()))
            .collect()
    }

    fn whose(&self) -> String {
        let column = |column: &Option<Ident>| {
            column
                .as_ref()
                .map_or("NULL".to_owned(), |it| self.arena.speller.ident(it.as_str()))
        };
        format!(
            " RETURNING {}, {}",
            column(&self.ground.info.owner),
            column(&self.ground.info.tenant)
        )
    }

    /// Whether an answer of [`Self::whose`] speaks of somebody else.
    fn is_foreign(&self, outcome: &Outcome, guise: &Guise) -> bool {
        let Outcome::Answered(rows) = outcome else {
            return false;
        };
        let Some(row) = rows.rows.first() else {
            return false;
        };
        let differs = |column: &Option<Ident>, value: Option<&physical::Value>, own: &Option<Datum>| {
            let found = match value {
                Some(physical::Value::Int(value)) => Some(value.to_string()),
                Some(physical::Value::Text(text)) => Some(text.clone()),
                _ => None,
            };
            column.is_some() && found != own.as_ref().and_then(Datum::key_text)
        };
        differs(&self.ground.info.owner, row.first(), &guise.owner)
            || differs(&self.ground.info.tenant, row.get(1), &guise.tenant)
    }

    /// The row can be added, and is the writer's own.
    fn own_row(&self, session: &mut Session<'_>, sheet: &mut Sheet, create: &Promise) -> Result<bool, Stop> {
        let bare = self.sql_of(&self.allowed(), "");
        let outcome = session.change(&bare)?;
        let sql = self.sql_of(&self.allowed(), &self.whose());
        let told = session.ask(&sql)?;
        if self.is_foreign(&told, self.own) && !create.inexact {
            sheet.wrong(
                self.role,
                self.own,
                &sql,
                "a row of its own",
                &told,
                "adds a row that belongs to somebody else",
            );
        }
        Ok(matches!(outcome, Outcome::Changed(1)))
    }

    /// Naming the owner or the tenant.
    fn for_others(&self, session: &mut Session<'_>, sheet: &mut Sheet) -> Result<(), Stop> {
        let columns = [(&self.ground.info.owner, 0), (&self.ground.info.tenant, 1)];
        for (column, kind) in columns {
            let Some(column) = column else { continue };
            for other in self.arena.guises.iter().skip(1).take(2) {
                let (value, own) = if kind == 0 {
                    (&other.owner, &self.own.owner)
                } else {
                    (&other.tenant, &self.own.tenant)
                };
                let Some(value) = value.as_ref().filter(|value| Some(*value) != own.as_ref()) else {
                    continue;
                };
                let mut row = self.allowed();
                row.insert(column.as_str().to_owned(), value.clone());
                let sql = self.sql_of(&row, &self.whose());
                let outcome = session.ask(&sql)?;
                // Taken and overruled is as good as refused.
                if self.is_foreign(&outcome, self.own) {
                    sheet.wrong(
                        self.role,
                        self.own,
                        &sql,
                        "refused",
                        &outcome,
                        "adds a row for somebody else",
                    );
                }
                self.moved(session, sheet, column, value)?;
            }
        }
        Ok(())
    }

    fn moved(
        &self,
        session: &mut Session<'_>,
        sheet: &mut Sheet,
        column: &Ident,
        value: &Datum,
    ) -> Result<(), Stop> {
        let speller = self.arena.speller;
        let Some(row) = self.own_rows().next() else {
            return Ok(());
        };
        let Some(ty) = self.ground.table.column(column.as_str()).map(|column| &column.ty) else {
            return Ok(());
        };
        let sql = format!(
            "UPDATE {} SET {} = {} WHERE {}",
            self.ground.sql,
            speller.ident(column.as_str()),
            speller.value(value, ty),
            row.condition
        );
        let outcome = session.change(&sql)?;
        if matches!(outcome, Outcome::Changed(1..)) {
            sheet.wrong(
                self.role,
                self.own,
                &sql,
                "refused",
                &outcome,
                "moves a row to somebody else",
            );
        }
        Ok(())
    }

    fn own_rows(&self) -> impl Iterator<Item = &Row> {
        let same = |row: &&Row| {
            (self.ground.info.owner.is_none() || row.owner == self.own.owner)
                && (self.ground.info.tenant.is_none() || row.tenant == self.own.tenant)
        };
        self.ground.rows.iter().filter(same)
    }

    /// Referring to rows that are not there for the writer.
    fn by_reference(
        &self,
        bench: &mut Bench<'_>,
        session: &mut Session<'_>,
        sheet: &mut Sheet,
    ) -> Result<(), Stop> {
        for key in &self.ground.table.foreign_keys {
            let Some(parent) = self
                .arena
                .grounds
                .iter()
                .find(|ground| ground.table.name == key.references)
            else {
                continue;
            };
            if !matches!(parent.info.purpose, Purpose::Entity(_) | Purpose::Link(..)) {
                continue;
            }
            let read = promise(bench.subject, self.role, parent.info, Action::Read);
            let foreign = |row: &&Row| read.forbids(row, self.own) && row.id.is_some();
            let mut kinds: Vec<(Option<Datum>, Option<Datum>)> = Vec::new();
            for target in parent.rows.iter().filter(foreign) {
                let kind = (target.owner.clone(), target.tenant.clone());
                if kinds.contains(&kind) || kinds.len() > 2 {
                    continue;
                }
                kinds.push(kind);
                self.refer(session, sheet, key, target)?;
            }
        }
        Ok(())
    }

    fn refer(
        &self,
        session: &mut Session<'_>,
        sheet: &mut Sheet,
        key: &ForeignKey,
        target: &Row,
    ) -> Result<(), Stop> {
        let Some(position) = key
            .columns
            .iter()
            .position(|column| self.insert.iter().any(|it| it == column.as_str()))
        else {
            return Ok(());
        };
        let (Some(column), Some(id)) = (key.columns.get(position), &target.id) else {
            return Ok(());
        };
        let mut row = self.allowed();
        row.insert(column.as_str().to_owned(), id.clone());
        let sql = self.sql_of(&row, "");
        let outcome = session.change(&sql)?;
        if matches!(outcome, Outcome::Changed(1..)) {
            let what = format!("adds a row that refers by {} to one that it cannot see", key.name);
            sheet.wrong(self.role, self.own, &sql, "refused", &outcome, &what);
        }
        // A row that refers there already changes nothing by saying so again.
        let refers = |row: &&Row| {
            let made = self.ground.made(self.arena.loaded, row);
            made.and_then(|made| made.get(column.as_str())) == Some(id)
        };
        let (true, Some(own)) = (
            self.update.iter().any(|it| it == column.as_str()),
            self.own_rows().find(|row| !refers(row)),
        ) else {
            return Ok(());
        };
        let Some(ty) = self.ground.table.column(column.as_str()).map(|column| &column.ty) else {
            return Ok(());
        };
        let speller = self.arena.speller;
        let sql = format!(
            "UPDATE {} SET {} = {} WHERE {}",
            self.ground.sql,
            speller.ident(column.as_str()),
            speller.value(id, ty),
            own.condition
        );
        let outcome = session.change(&sql)?;
        if matches!(outcome, Outcome::Changed(1..)) {
            let what = format!("makes a row refer by {} to one that it cannot see", key.name);
            sheet.wrong(self.role, self.own, &sql, "refused", &outcome, &what);
        }
        Ok(())
    }

    /// Colliding with a foreign row, to change it by ON CONFLICT.
    fn by_conflict(&self, session: &mut Session<'_>, sheet: &mut Sheet) -> Result<(), Stop> {
        let Some(plan) = self.arena.loaded.maker.plan(&self.ground.table.name) else {
            return Ok(());
        };
        let Some(any) = self.update.first().map(|column| self.arena.speller.ident(column)) else {
            return Ok(());
        };
        let foreign = |row: &&Row| {
            (self.ground.info.owner.is_some() && row.owner != self.own.owner)
                || (self.ground.info.tenant.is_some() && row.tenant != self.own.tenant)
        };
        for (name, columns, _) in &plan.keys {
            let fillable = columns.iter().all(|column| self.insert.contains(column));
            if !fillable {
                continue;
            }
            for target in self.ground.rows.iter().filter(foreign).take(2) {
                let Some(made) = self.ground.made(self.arena.loaded, target) else {
                    continue;
                };
                let mut row = self.allowed();
                for column in columns {
                    row.extend(made.get(column).map(|value| (column.clone(), value.clone())));
                }
                let listed: Vec<String> = columns
                    .iter()
                    .map(|column| self.arena.speller.ident(column))
                    .collect();
                let predicate = self.predicate(name);
                let tail = format!(
                    " ON CONFLICT ({}){predicate} DO UPDATE SET {any} = EXCLUDED.{any} RETURNING {}",
                    listed.join(", "),
                    self.ground.key.replace("t.", "")
                );
                let sql = self.sql_of(&row, &tail);
                let outcome = session.ask(&sql)?;
                if outcome.keys().contains(&target.key) {
                    sheet.wrong(
                        self.role,
                        self.own,
                        &sql,
                        "refused",
                        &outcome,
                        "changes a foreign row by colliding with it",
                    );
                }
            }
        }
        Ok(())
    }

    fn predicate(&self, index: &str) -> String {
        let found = self
            .ground
            .table
            .indexes
            .iter()
            .find(|it| it.name.as_str() == index);
        let predicate = found.and_then(|index| index.predicate.as_ref());
        let text = predicate.and_then(|predicate| (self.arena.speller.dialect().expression)(predicate).ok());
        text.map_or_else(String::new, |text| format!(" WHERE {text}"))
    }

    /// COPY would bypass what INSERT meets. A login of its own: a refused COPY leaves the client out of step with the server.
    fn by_copy(&self, sheet: &mut Sheet) -> Result<(), Stop> {
        let other = self.arena.guises.get(1).and_then(|guise| guise.owner.clone());
        let (Some(column), Some(value)) = (&self.ground.info.owner, other.and_then(|it| it.key_text()))
        else {
            return Ok(());
        };
        let column = self.arena.speller.ident(column.as_str());
        let sql = format!("COPY {} ({column}) FROM STDIN", self.ground.sql);
        let mut connection = self.arena.loaded.db.member(self.role)?;
        connection.begin()?;
        for statement in &self.own.enter {
            connection.batch(statement)?;
        }
        let mut lines = std::iter::once(format!("{value}\n").into_bytes());
        if let Ok(count) = connection.copy_in(&sql, &mut lines) {
            let outcome = Outcome::Changed(count);
            sheet.wrong(
                self.role,
                self.own,
                &sql,
                "refused",
                &outcome,
                "copies rows in for somebody else",
            );
        }
        Ok(())
    }

    /// Without a context, no row of anyone can be added.
    fn for_nobody(
        &self,
        session: &mut Session<'_>,
        guise: &Guise,
        sheet: &mut Sheet,
        create: &Promise,
    ) -> Result<(), Stop> {
        let belongs = self.ground.info.owner.is_some() || self.ground.info.tenant.is_some();
        if !belongs || create.inexact {
            return Ok(());
        }
        let sql = self.sql_of(&self.allowed(), "");
        let outcome = session.change(&sql)?;
        if matches!(outcome, Outcome::Changed(1..)) {
            sheet.wrong(
                self.role,
                guise,
                &sql,
                "refused",
                &outcome,
                "adds a row without being anyone",
            );
        }
        Ok(())
    }
}
