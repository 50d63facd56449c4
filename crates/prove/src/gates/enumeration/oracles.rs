//! Does a row exist? Errors must not say.

use std::collections::BTreeSet;

use engine::Connection;
use model::{Action, Field, Scalar, Type, UniqueScope};
use physical::{Ident, Name, Purpose, Table};

use crate::bench::{Bench, Loaded};
use crate::data::{Datum, Speller, Values, indexed_columns};
use crate::gate::Stop;
use crate::gates::isolation::ground::{self, Ground};
use crate::gates::isolation::guise::Guise;
use crate::gates::isolation::reach::{Row, promise};
use crate::gates::isolation::sheet::Sheet;
use crate::gates::isolation::try_out::{Outcome, Session};

pub(super) const CLAIM: &str = "errors and counts say nothing about rows that the asker cannot see";

/// What the attacker stands on.
pub(super) struct Arena<'a, 'm> {
    pub(super) loaded: &'a Loaded<'m>,
    pub(super) guises: &'a [Guise],
    pub(super) speller: Speller,
}

/// Nobody has come this far.
const NO_SUCH_ID: i64 = 8_999_999_999_999;

/// A key of the same kind that no row has.
const fn nobody_like(id: &Datum) -> Option<Datum> {
    match id {
        Datum::Int(_) => Some(Datum::Int(NO_SUCH_ID)),
        Datum::Uuid(_) => Some(Datum::Uuid(
            *b"\x5c\xa1\xab\x1e\x00\x00\x40\x00\x80\x00\x00\x00\x00\x00\xde\xad",
        )),
        _ => None,
    }
}

/// Everything that an answer tells, apart from what the asker said.
pub(super) fn essence(outcome: &Outcome) -> String {
    let plain = |text: &str| text.chars().filter(|c| !c.is_ascii_digit()).collect::<String>();
    match outcome {
        Outcome::Changed(count) => format!("{count} rows changed"),
        Outcome::Answered(rows) => format!("{} rows", rows.rows.len()),
        Outcome::Refused(error) => format!(
            "{} {} constraint {} detail {}",
            error.code,
            plain(&error.message),
            error.constraint.as_deref().unwrap_or("-"),
            plain(error.detail.as_deref().unwrap_or("-"))
        ),
    }
}

/// Probes each table as the application.
pub(super) fn all(
    bench: &mut Bench<'_>,
    arena: &Arena<'_, '_>,
    superuser: &mut Connection,
) -> Result<(), Stop> {
    let grounds = ground::read(bench.subject, superuser, arena.speller)?;
    let role = bench.subject.blueprint.roles.app.as_str().to_owned();
    let rights = ground::rights(superuser, arena.speller, std::slice::from_ref(&role), &grounds)?;
    let (Some(own), Some(party)) = (arena.guises.first(), arena.loaded.parties.first()) else {
        return Ok(());
    };
    let found = bench.introspect(superuser)?;
    let mut maker = arena.loaded.maker.clone();
    for ground in &grounds {
        if !matches!(ground.info.purpose, Purpose::Entity(_) | Purpose::Link(..)) {
            continue;
        }
        let fixed = maker.fixed(&ground.table.name, party);
        let Ok(draft) = maker.draft(&ground.table.name, &fixed, false) else {
            continue;
        };
        crate::bench::write(superuser, &mut maker)?;
        let columns = rights
            .get(&(role.clone(), ground.table.name.clone()))
            .cloned()
            .unwrap_or_default();
        let probe = Probe {
            arena,
            role: &role,
            own,
            ground,
            grounds: &grounds,
            insert: columns.insert,
            update: columns.update,
            keys: found.table(&ground.table.name).map(keys).unwrap_or_default(),
            draft,
        };
        let mut connection = arena.loaded.db.member(&role)?;
        let Some(mut session) = Session::begin(&mut connection, own)? else {
            continue;
        };
        let mut sheet = Sheet::new("oracles", ground.table.name.to_string(), CLAIM);
        probe.references(bench, &mut session, &mut sheet)?;
        probe.public_id(&mut session, &mut sheet)?;
        probe.uniques(bench, &mut session, &mut sheet)?;
        let tried = session.end()?;
        bench.count("answers compared", tried);
        sheet.summary = format!("{tried} answers");
        sheet.file(bench);
    }
    Ok(())
}

struct Probe<'a, 'm> {
    arena: &'a Arena<'a, 'm>,
    role: &'a str,
    own: &'a Guise,
    ground: &'a Ground<'m>,
    grounds: &'a [Ground<'m>],
    insert: Vec<String>,
    update: Vec<String>,
    /// What must differ between rows, as the catalog has it: names and columns.
    keys: Vec<(String, Vec<String>)>,
    draft: Values,
}

impl Probe<'_, '_> {
    fn insertion(&self, changes: &[(&str, Datum)], tail: &str) -> String {
        let mut row: Values = self
            .draft
            .iter()
            .filter(|(column, _)| self.insert.contains(column))
            .map(|(column, value)| (column.clone(), value.clone()))
            .collect();
        row.extend(
            changes
                .iter()
                .map(|(column, value)| ((*column).to_owned(), value.clone())),
        );
        let speller = self.arena.speller;
        let (names, values): (Vec<String>, Vec<String>) = row
            .iter()
            .filter_map(|(column, value)| {
                Some((
                    speller.ident(column),
                    speller.value(value, &self.ground.table.column(column)?.ty),
                ))
            })
            .unzip();
        format!(
            "INSERT INTO {} ({}) VALUES ({}){tail}",
            self.ground.sql,
            names.join(", "),
            values.join(", ")
        )
    }

    fn hidden<'s>(&self, bench: &Bench<'_>, ground: &'s Ground<'_>) -> Option<&'s Row> {
        let read = promise(bench.subject, self.role, ground.info, Action::Read);
        ground.rows.iter().find(|row| read.forbids(row, self.own))
    }

    /// Referring to a hidden row, and to one that is not there.
    fn references(
        &self,
        bench: &Bench<'_>,
        session: &mut Session<'_>,
        sheet: &mut Sheet,
    ) -> Result<(), Stop> {
        for key in &self.ground.table.foreign_keys {
            let Some(parent) = self
                .grounds
                .iter()
                .find(|ground| ground.table.name == key.references)
            else {
                continue;
            };
            if !matches!(parent.info.purpose, Purpose::Entity(_)) {
                continue;
            }
            let Some(column) = key
                .columns
                .iter()
                .find(|column| self.insert.iter().any(|it| it == column.as_str()))
            else {
                continue;
            };
            let Some(id) = self.hidden(bench, parent).and_then(|row| row.id.clone()) else {
                continue;
            };
            let Some(none) = nobody_like(&id) else { continue };
            let column = column.as_str();
            let there = self.insertion(&[(column, id.clone())], "");
            let nowhere = self.insertion(&[(column, none.clone())], "");
            let what = format!("learns by {} whether a row is there that it cannot see", key.name);
            self.same(session, sheet, (&there, &nowhere), &what)?;
            let own = self.ground.rows.iter().find(|row| {
                let made = self.ground.made(self.arena.loaded, row);
                let refers = made.and_then(|made| made.get(column)) == Some(&id);
                !refers && (self.ground.info.owner.is_none() || row.owner == self.own.owner)
            });
            if let (true, Some(own)) = (self.update.iter().any(|it| it == column), own) {
                let change = |id: &Datum| {
                    format!(
                        "UPDATE {} SET {} = {} WHERE {}",
                        self.ground.sql,
                        self.arena.speller.ident(column),
                        self.arena.speller.text(&id.key_text().unwrap_or_default()),
                        own.condition
                    )
                };
                self.same(session, sheet, (&change(&id), &change(&none)), &what)?;
            }
        }
        Ok(())
    }

    fn same(
        &self,
        session: &mut Session<'_>,
        sheet: &mut Sheet,
        (there, nowhere): (&str, &str),
        what: &str,
    ) -> Result<(), Stop> {
        let (a, b) = (session.change(there)?, session.change(nowhere)?);
        let (a, b) = (essence(&a), essence(&b));
        if a != b {
            let observed = format!("for a hidden row: {a}; for none: {b}");
            sheet.observed(
                self.role,
                self.own,
                &format!("{there}; -- and with an id that nobody has: {nowhere}"),
                "the same answer",
                &observed,
                what,
            );
        }
        Ok(())
    }

    /// A client that chooses a public id would learn whether it is taken.
    fn public_id(&self, session: &mut Session<'_>, sheet: &mut Sheet) -> Result<(), Stop> {
        let column = "public_id";
        if self.ground.table.column(column).is_none() {
            return Ok(());
        }
        let taken = self
            .ground
            .rows
            .iter()
            .filter_map(|row| self.ground.made(self.arena.loaded, row)?.get(column).cloned())
            .next_back();
        let Some(taken) = taken else { return Ok(()) };
        let sql = self.insertion(&[(column, taken)], "");
        let outcome = session.change(&sql)?;
        if !outcome.is_forbidden() {
            sheet.wrong(
                self.role,
                self.own,
                &sql,
                "refused (42501)",
                &outcome,
                "may choose a public id, and learns whether it is taken",
            );
        }
        Ok(())
    }

    /// Colliding with hidden rows. What the schema accepts is noted with its reason.
    fn uniques(
        &self,
        bench: &mut Bench<'_>,
        session: &mut Session<'_>,
        sheet: &mut Sheet,
    ) -> Result<(), Stop> {
        for (name, columns) in &self.keys {
            let Some(made) = self.secret(bench, columns) else {
                continue;
            };
            let fillable = columns
                .iter()
                .all(|column| self.insert.contains(column) || self.is_context(column));
            let changeable = columns
                .iter()
                .all(|column| self.update.contains(column) || self.is_context(column));
            let values: Vec<(&str, Datum)> = columns
                .iter()
                .filter(|column| !self.is_context(column))
                .filter_map(|column| Some((column.as_str(), made.get(column)?.clone())))
                .collect();
            if values.is_empty() {
                continue;
            }
            let mut statements = Vec::new();
            if fillable {
                statements.push(self.insertion(&values, ""));
                statements.push(self.insertion(&values, " ON CONFLICT DO NOTHING"));
            }
            let own = self
                .ground
                .rows
                .iter()
                .find(|row| row.owner == self.own.owner && row.tenant == self.own.tenant);
            if let (true, Some(own)) = (changeable, own) {
                let set: Vec<String> = values
                    .iter()
                    .filter_map(|(column, value)| {
                        let ty = &self.ground.table.column(column)?.ty;
                        Some(format!(
                            "{} = {}",
                            self.arena.speller.ident(column),
                            self.arena.speller.value(value, ty)
                        ))
                    })
                    .collect();
                statements.push(format!(
                    "UPDATE {} SET {} WHERE {}",
                    self.ground.sql,
                    set.join(", "),
                    own.condition
                ));
            }
            self.collide(bench, session, sheet, (name, columns), &statements)?;
        }
        Ok(())
    }

    /// A hidden row by whose values nothing collides that the asker sees: only then a collision tells of it.
    fn secret(&self, bench: &Bench<'_>, columns: &[String]) -> Option<&Values> {
        let read = promise(bench.subject, self.role, self.ground.info, Action::Read);
        let made = |row: &Row| self.ground.made(self.arena.loaded, row);
        let (hidden, seen): (Vec<&Row>, Vec<&Row>) = self
            .ground
            .rows
            .iter()
            .partition(|row| read.forbids(row, self.own));
        let chosen: Vec<&String> = columns.iter().filter(|column| !self.is_context(column)).collect();
        let same = |a: &Values, b: &Values| chosen.iter().all(|column| a.get(*column) == b.get(*column));
        let seen: Vec<&Values> = seen.into_iter().filter_map(made).collect();
        hidden
            .into_iter()
            .filter_map(made)
            .find(|values| seen.iter().all(|other| !same(values, other)))
    }

    fn collide(
        &self,
        bench: &mut Bench<'_>,
        session: &mut Session<'_>,
        sheet: &mut Sheet,
        (name, columns): (&str, &[String]),
        statements: &[String],
    ) -> Result<(), Stop> {
        let hidden = self.values(bench);
        for sql in statements {
            let outcome = session.change(sql)?;
            let collided = matches!(&outcome, Outcome::Refused(error) if error.code == "23505")
                || (sql.ends_with("DO NOTHING") && outcome == Outcome::Changed(0));
            if let Outcome::Refused(error) = &outcome {
                let text = format!(
                    "{} {}",
                    error.message,
                    error.detail.as_deref().unwrap_or_default()
                );
                if hidden
                    .iter()
                    .any(|value| text.contains(value) && !sql.contains(value))
                {
                    sheet.observed(
                        self.role,
                        self.own,
                        sql,
                        "no value of a row",
                        "a value of a hidden row",
                        "reads a value from an error",
                    );
                }
            }
            if !collided {
                continue;
            }
            match accepted(bench, &self.ground.table.name, columns) {
                Some(reason) => bench.note(format!(
                    "accepted: {name} tells that a value is taken: \"{reason}\""
                )),
                None => {
                    let what = format!("learns by {name} that a row is there that it cannot see");
                    sheet.wrong(
                        self.role,
                        self.own,
                        sql,
                        "the answer that a free value gets",
                        &outcome,
                        &what,
                    );
                }
            }
        }
        Ok(())
    }

    fn is_context(&self, column: &str) -> bool {
        [&self.ground.info.owner, &self.ground.info.tenant]
            .iter()
            .any(|it| it.as_ref().is_some_and(|it| it.as_str() == column))
    }

    /// Values of rows that the attacker cannot see.
    fn values(&self, bench: &Bench<'_>) -> BTreeSet<String> {
        let read = promise(bench.subject, self.role, self.ground.info, Action::Read);
        let hidden = self.ground.rows.iter().filter(|row| read.forbids(row, self.own));
        let made = hidden.filter_map(|row| self.ground.made(self.arena.loaded, row));
        made.flat_map(|row| {
            row.values().filter_map(|value| match value {
                Datum::Text(text) if text.len() >= 8 => Some(text.clone()),
                _ => None,
            })
        })
        .collect()
    }
}

/// The keys of a table. A collision under an expression cannot be made by choosing columns, so those are left out.
fn keys(table: &Table) -> Vec<(String, Vec<String>)> {
    let names = |columns: &[Ident]| columns.iter().map(|column| column.as_str().to_owned()).collect();
    let primary = table.primary_key.iter().map(|key| (&key.name, &key.columns));
    let uniques = table.uniques.iter().map(|unique| (&unique.name, &unique.columns));
    let constraints = primary
        .chain(uniques)
        .map(|(name, columns)| (name.as_str().to_owned(), names(columns)));
    let indexes = table
        .indexes
        .iter()
        .filter(|index| index.unique)
        .filter_map(|index| Some((index.name.as_str().to_owned(), indexed_columns(index)?)));
    constraints.chain(indexes).collect()
}

/// Why the schema accepts that a value tells: `@unique(global) because "…"`; or that only who has the value can ask.
fn accepted(bench: &Bench<'_>, table: &Name, columns: &[String]) -> Option<String> {
    let entity = bench.subject.entity_of(table)?;
    if holds_token(&entity.fields, columns) {
        return Some("256 random bits: who can name the value holds the token already".to_owned());
    }
    entity.uniques.iter().find_map(|unique| {
        let fields: Vec<&Field> = unique
            .fields
            .iter()
            .filter_map(|field| bench.subject.model.field(*field))
            .collect();
        let same = columns.iter().all(|column| {
            fields
                .iter()
                .any(|field| *column == field.column || column.starts_with(&field.column))
        });
        if !same {
            return None;
        }
        match &unique.scope {
            UniqueScope::Global(reason) => reason.clone(),
            UniqueScope::Own => None,
        }
    })
}

/// Whether a token is among the columns of a key. The type makes it unique everywhere, whether the schema says `@unique` or not.
fn holds_token(fields: &[Field], columns: &[String]) -> bool {
    let mut tokens = fields
        .iter()
        .filter(|field| field.ty == Type::Scalar(Scalar::Token));
    tokens.any(|token| columns.contains(&token.column))
}
