//! Every constraint rejects what it should and accepts what it should.
//!
//! For each constraint of the schema, and each that the real catalog holds, rows are made that break just this one, and legal
//! rows that come as near as can be. A constraint that a trigger forestalls is met again with the triggers off. Constraints
//! bind superusers too, so a superuser probes: every column can be written.

mod candidates;
mod checks;
mod keys;
mod moves;
mod probe;

use evidence::{Claim, Counterexample, Proof};
use physical::{Database, Ident, Table};

use crate::bench::Bench;
use crate::data::{Datum, Maker, Party, TablePlan, Values};
use crate::gate::{Gate, Stop};
use crate::rejection::{Kind, Rejection};
use probe::{Outcome, Probe, complete};

/// The gate.
pub(super) static GATE: Gate = Gate {
    id: "constraints",
    title: "constraints",
    claim: "every constraint rejects the rows that it should, by itself, and accepts the legal ones next to them",
    attacker: Some("A2: the application's own mistakes"),
    guarantees: &["transitions", "pattern", "check"],
    run,
};

const NOT_TRIED: &str = "not tried";
const IN_CATALOG: &str = "the constraint stands in the catalog; no row was found that it alone refuses";

fn run(bench: &mut Bench<'_>) -> Result<(), Stop> {
    let loaded = match bench.loaded(2) {
        Err(Stop::Refused(example)) => {
            bench.claim(Claim::refuted(
                "legal-row",
                None,
                "legal rows are accepted",
                *example,
            ));
            return Ok(());
        }
        other => other?,
    };
    let mut connection = loaded.db.superuser()?;
    let found = bench.introspect(&mut connection)?;
    let goal = &bench.subject.realised.database;
    connection.begin()?;
    let mut maker = loaded.maker.clone();
    let tables = maker.tables();
    let total = tables.len();
    for (index, name) in tables.into_iter().enumerate() {
        bench.step(index, total, name.name.as_str())?;
        let Some(table) = goal.table(name) else { continue };
        let probe = Probe {
            connection: &mut connection,
            speller: maker.speller(),
            tried: 0,
        };
        let mut trial = Trial {
            bench,
            probe,
            maker: &mut maker,
            table,
            found: found.table(name),
            party: loaded.parties.first().cloned().unwrap_or_default(),
            other: loaded.parties.last().cloned().unwrap_or_default(),
        };
        trial.table()?;
    }
    connection.rollback()?;
    untried(bench, &found);
    bench.step(total, total, "done")
}

/// Tables of the tool itself (the trail, its seals, keys) hold what functions write; their constraints are read, not probed.
fn untried(bench: &mut Bench<'_>, found: &Database) {
    let others = found.tables.iter().filter(|table| {
        bench.subject.info(&table.name).is_none_or(|info| {
            !matches!(
                info.purpose,
                physical::Purpose::Entity(_) | physical::Purpose::Link(..)
            )
        })
    });
    let count = others
        .map(|table| table.checks.len() + table.uniques.len() + table.foreign_keys.len())
        .sum::<usize>();
    if count > 0 {
        bench.note(format!(
            "{count} constraints of technical tables were read from the catalog, not probed"
        ));
    }
}

/// One table under trial.
struct Trial<'t, 'b, 'c, 'm> {
    bench: &'t mut Bench<'b>,
    probe: Probe<'c>,
    maker: &'t mut Maker<'m>,
    /// As it was planned.
    table: &'t Table,
    /// As it was found.
    found: Option<&'t Table>,
    party: Party,
    /// Somebody else, of another tenant where there are tenants.
    other: Party,
}

/// How a constraint did.
enum Answer {
    /// A violation was refused by it alone, and so many legal rows beside it were accepted.
    Holds,
    /// It was broken, or refused what is legal.
    Broken(Counterexample),
    /// No row was found that breaks it alone; why.
    Untouched(String),
}

impl Trial<'_, '_, '_, '_> {
    fn table(&mut self) -> Result<(), Stop> {
        let base = match self.draft(&Values::new()) {
            Ok(row) => row,
            Err(Stop::Unable(reason)) => {
                let object = Some(self.table.name.to_string());
                self.bench.claim(Claim::not_run(
                    "legal-row",
                    object,
                    "a legal row is accepted",
                    reason,
                ));
                return Ok(());
            }
            Err(other) => return Err(other),
        };
        if let Outcome::Rejected(rejection) = self.probe.insert(self.table, &base)? {
            let example = Counterexample::new("a legal row is refused", "it is accepted", rejection.message)
                .with_statements([self.probe.speller.insert(self.table, &base)])
                .run_as("superuser");
            let object = Some(self.table.name.to_string());
            self.bench.claim(Claim::refuted(
                "legal-row",
                object,
                "a legal row is accepted",
                example,
            ));
            return Ok(());
        }
        self.not_nulls(&base)?;
        self.lengths(&base)?;
        self.checks(&base)?;
        self.keys()?;
        self.foreign_keys()?;
        self.moves()?;
        self.bench.count("probes", std::mem::take(&mut self.probe.tried));
        Ok(())
    }

    /// A legal row that is not in the table. What it refers to is written.
    fn draft(&mut self, wanted: &Values) -> Result<Values, Stop> {
        self.draft_of(&self.party.clone(), wanted)
    }

    fn draft_of(&mut self, party: &Party, wanted: &Values) -> Result<Values, Stop> {
        let mut fixed = self.maker.fixed(&self.table.name, party);
        // Whoever owns themselves exists once; a second one is somebody else.
        let key = self.plan().map(TablePlan::primary_key).unwrap_or_default();
        fixed.retain(|column, _| !key.contains(&column.as_str()));
        fixed.extend(wanted.clone());
        // Where a person may have one row only, and has it, the row is somebody else's.
        let row = self
            .maker
            .draft(&self.table.name, &fixed, false)
            .or_else(|_| self.maker.draft(&self.table.name, wanted, false))
            .map_err(|fault| Stop::Unable(fault.to_string()))?;
        self.write_parents()?;
        Ok(row)
    }

    fn write_parents(&mut self) -> Result<(), Stop> {
        for statement in self.maker.statements() {
            self.probe
                .connection
                .batch(&statement)
                .map_err(|error| Stop::Unable(format!("rows that should be legal are refused: {error}")))?;
        }
        Ok(())
    }

    fn plan(&self) -> Option<&TablePlan<'_>> {
        self.maker.plan(&self.table.name)
    }

    /// Writes down how a constraint did.
    fn answer(&mut self, id: &str, name: &str, claim: &str, answer: Answer) {
        let object = Some(format!("{}.{name}", self.table.name.name));
        let untouched = matches!(answer, Answer::Untouched(_));
        self.bench
            .count(if untouched { NOT_TRIED } else { "constraints" }, 1);
        match answer {
            Answer::Holds => self.bench.claim(Claim::proved(
                id,
                object,
                claim,
                Proof::new("refused and accepted as it should"),
            )),
            Answer::Broken(example) => self.bench.claim(Claim::refuted(id, object, claim, example)),
            Answer::Untouched(reason) => {
                // That it is there is all that is claimed: nothing was refused by it.
                self.bench.note(format!(
                    "not tried: `{name}` of `{}`: {reason}",
                    self.table.name.name
                ));
                let proof = Proof::new(format!("not tried: {reason}"));
                self.bench
                    .claim(Claim::proved("in-catalog", object, IN_CATALOG, proof));
            }
        }
    }

    fn broken(&self, name: &str, observed: &str, statements: Vec<String>) -> Answer {
        let summary = format!("`{name}` of `{}` does not hold", self.table.name.name);
        let expected = format!("refused by `{name}`");
        Answer::Broken(
            Counterexample::new(summary, expected, observed)
                .with_statements(statements)
                .run_as("superuser"),
        )
    }

    /// Judges a row that breaks one constraint. Where a trigger or another rule forestalls it, the triggers are taken off.
    fn violated(
        &mut self,
        (kind, name, columns): (Kind, &str, &[&str]),
        before: &[String],
        row: &Values,
    ) -> Result<Answer, Stop> {
        let insert = self.probe.speller.insert(self.table, row);
        let statements: Vec<String> = before.iter().cloned().chain([insert]).collect();
        let first = match self.probe.try_all(&statements)? {
            Outcome::Accepted => return Ok(self.broken(name, "accepted", statements)),
            Outcome::Rejected(rejection) if rejection.is_by(kind, name, columns) => return Ok(Answer::Holds),
            Outcome::Rejected(rejection) => rejection,
        };
        match self.violated_bare((kind, name, columns), before, &complete(self.table, row))? {
            // Refused with its triggers and accepted without: the rule holds, and a trigger holds it.
            Answer::Broken(_) if self.is_found(kind, name) => {
                Ok(Answer::Untouched(format!("{} refuses first", by(&first))))
            }
            answer => Ok(answer),
        }
    }

    /// Judges a row that breaks one constraint, with the triggers off.
    fn violated_bare(
        &mut self,
        (kind, name, columns): (Kind, &str, &[&str]),
        before: &[String],
        row: &Values,
    ) -> Result<Answer, Stop> {
        let insert = self.probe.speller.insert(self.table, row);
        let statements: Vec<String> = before.iter().cloned().chain([insert]).collect();
        Ok(match self.probe.try_bare(self.table, &statements)? {
            Outcome::Accepted => {
                let off = self.probe.triggers_off(self.table)?;
                self.broken(
                    name,
                    "accepted once the triggers are off",
                    off.into_iter().chain(statements).collect(),
                )
            }
            Outcome::Rejected(rejection) if rejection.is_by(kind, name, columns) => Answer::Holds,
            Outcome::Rejected(rejection) => self.forestalled(kind, name, &rejection),
        })
    }

    fn forestalled(&self, kind: Kind, name: &str, rejection: &Rejection) -> Answer {
        if self.is_found(kind, name) {
            return Answer::Untouched(format!("{} refuses first", by(rejection)));
        }
        self.broken(
            name,
            &format!("the catalog has no such constraint; {} refused", by(rejection)),
            Vec::new(),
        )
    }

    /// Whether the real catalog holds the constraint.
    fn is_found(&self, kind: Kind, name: &str) -> bool {
        let Some(table) = self.found else { return false };
        match kind {
            Kind::NotNull => table.column(name).is_some_and(|column| !column.nullable),
            Kind::Check => table.checks.iter().any(|check| check.name.as_str() == name),
            Kind::ForeignKey => table.foreign_keys.iter().any(|key| key.name.as_str() == name),
            Kind::Unique => {
                table.primary_key.as_ref().is_some_and(|key| key.name.as_str() == name)
                    || table.uniques.iter().any(|unique| unique.name.as_str() == name)
                    || table.indexes.iter().any(|index| index.unique && index.name.as_str() == name)
                    // SQLite keeps no names of keys: the columns must do.
                    || table.name.schema.is_none() && self.key_columns(name).is_some_and(|columns| has_key(table, columns))
            }
            _ => true,
        }
    }

    /// The columns of a planned key.
    fn key_columns(&self, name: &str) -> Option<&[Ident]> {
        let primary = self.table.primary_key.iter().map(|key| (&key.name, &key.columns));
        let uniques = self
            .table
            .uniques
            .iter()
            .map(|unique| (&unique.name, &unique.columns));
        let mut keys = primary.chain(uniques);
        keys.find(|(own, _)| own.as_str() == name)
            .map(|(_, columns)| columns.as_slice())
    }

    fn not_nulls(&mut self, base: &Values) -> Result<(), Stop> {
        let columns: Vec<String> = self
            .table
            .columns
            .iter()
            .filter(|column| !column.nullable && column.identity.is_none() && column.generated.is_none())
            .map(|column| column.name.as_str().to_owned())
            .collect();
        for column in columns {
            let mut row = base.clone();
            row.insert(column.clone(), Datum::Null);
            let answer = self.not_null(&column, &row)?;
            self.answer(
                "not-null",
                &column,
                "NULL is refused, or replaced by the database",
                answer,
            );
        }
        Ok(())
    }

    fn not_null(&mut self, column: &str, row: &Values) -> Result<Answer, Stop> {
        let insert = self.probe.speller.insert(self.table, row);
        match self.probe.try_all(std::slice::from_ref(&insert))? {
            Outcome::Rejected(rejection) if rejection.kind == Kind::NotNull => Ok(Answer::Holds),
            Outcome::Rejected(_) => self.violated((Kind::NotNull, column, &[column]), &[], row),
            // Accepted: then something must stand there.
            Outcome::Accepted if self.is_found(Kind::NotNull, column) => Ok(Answer::Holds),
            Outcome::Accepted => {
                Ok(self.broken(&format!("{column} NOT NULL"), "NULL is accepted", vec![insert]))
            }
        }
    }
}

/// Whether a table has a key over just these columns.
fn has_key(table: &Table, columns: &[Ident]) -> bool {
    let primary = table.primary_key.iter().map(|key| &key.columns);
    let mut keys = primary.chain(table.uniques.iter().map(|unique| &unique.columns));
    keys.any(|own| own.as_slice() == columns)
}

fn by(rejection: &Rejection) -> String {
    match &rejection.constraint {
        Some(name) => format!("`{name}`"),
        None => format!("\"{}\"", rejection.message),
    }
}
