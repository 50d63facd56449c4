//! Ids that the built schema mints by its own default, through real inserts, and attackers who know some of them.

use engine::Connection;
use evidence::{Claim, Counterexample, Fact, Proof};
use model::{Entity, Identity, ImpliedField, UuidVersion};
use physical::{Table, Value};

use super::bits::{Sample, allowance, bits, collisions, longest_shared_prefix, random_bits, version};
use super::predict::{MOST_GUESSES, STRATEGIES, time_v7};
use crate::bench::{Bench, Loaded};
use crate::data::{Datum, Speller, Values, uuid_text};
use crate::gate::Stop;

/// So many ids are minted for each table.
const MINTED: usize = 400;
/// So many rows are made by one statement.
const STRETCH: usize = 50;
/// So many are made one by one.
const SINGLE: usize = 60;
/// So many of the last ones are predicted.
const TARGETS: usize = 12;

const CLAIM: &str = "whoever knows ids that were minted, and when, cannot name the ones that are minted next";

/// Tries every table that has ids for the outside.
pub(super) fn all(
    bench: &mut Bench<'_>,
    loaded: &Loaded<'_>,
    superuser: &mut Connection,
    speller: Speller,
) -> Result<(), Stop> {
    let subject = bench.subject;
    for entity in &subject.model.entities {
        let Some(table) = subject.table_of(entity.id) else {
            continue;
        };
        let column = match entity.identity.value {
            Identity::Dual(_) => implied(entity, ImpliedField::PublicId, "public_id"),
            Identity::Uuid(_) => implied(entity, ImpliedField::Id, "id"),
            Identity::Internal | Identity::Natural => {
                bench.note(format!(
                    "{} has no id for the outside, as its schema says",
                    entity.name.text
                ));
                continue;
            }
        };
        of_table(bench, loaded, superuser, speller, entity, table, &column)?;
    }
    Ok(())
}

fn implied(entity: &Entity, what: ImpliedField, default: &str) -> String {
    entity
        .implied(what)
        .map_or_else(|| default.to_owned(), |(_, field)| field.column.clone())
}

fn of_table(
    bench: &mut Bench<'_>,
    loaded: &Loaded<'_>,
    superuser: &mut Connection,
    speller: Speller,
    entity: &Entity,
    table: &Table,
    column: &str,
) -> Result<(), Stop> {
    let object = Some(table.name.to_string());
    let (samples, sql) = match mint(bench, loaded, superuser, speller, table, column)? {
        Ok(minted) => minted,
        Err(reason) => {
            bench.claim(Claim::not_run("prediction", object, CLAIM, reason));
            return Ok(());
        }
    };
    bench.count("ids minted", samples.len() as u64);
    let ids: Vec<u128> = samples.iter().map(|sample| sample.id).collect();
    let opted = matches!(
        entity.identity.value,
        Identity::Dual(UuidVersion::V7) | Identity::Uuid(UuidVersion::V7)
    );
    let reason = entity.identity.because.clone().or_else(|| {
        let unconcerned = !entity.is_personal();
        unconcerned.then(|| "the rows say nothing about a person".to_owned())
    });
    if let Some((name, guesses, known, next)) = predicted(&samples) {
        let example = Counterexample::new(
            format!("the next id of `{}` is predicted by {name}", table.name),
            format!("no id within {MOST_GUESSES} guesses"),
            format!(
                "knowing {known} ids, the next one, {}, was guess {guesses}; the database confirms it",
                uuid_text(&next.to_be_bytes())
            ),
        );
        bench.count("ids guessed", 1);
        bench.claim(Claim::refuted(
            "prediction",
            object,
            CLAIM,
            example.with_statements([sql]),
        ));
        return Ok(());
    }
    let random = random_bits(&ids);
    let repeated = collisions(&ids);
    if opted && ids.iter().all(|id| version(*id) == 7) {
        bench.claim(timed(&samples, table, reason, repeated));
        return Ok(());
    }
    bench.claim(judged(&ids, table, &sql, (random, repeated)));
    Ok(())
}

/// A version 4 default must show 122 random bits; less is a finding, whatever the default is called.
fn judged(ids: &[u128], table: &Table, sql: &str, (random, repeated): (u32, usize)) -> Claim {
    let object = Some(table.name.to_string());
    let shared = longest_shared_prefix(ids, !0);
    let mut faults = Vec::new();
    if repeated > 0 {
        faults.push(format!("{repeated} of {} ids repeat", ids.len()));
    }
    if random < 122 {
        let allowed = allowance(ids.len() - 1);
        let stiff: Vec<String> = bits(ids)
            .iter()
            .enumerate()
            .filter(|(_, bit)| (bit.ones - 0.5).abs() > allowed || (bit.flips - 0.5).abs() > allowed)
            .map(|(place, _)| place.to_string())
            .collect();
        faults.push(format!(
            "{random} bits vary as random ones do, not 122; these do not: {}",
            stiff.join(", ")
        ));
    }
    // Pairs of random ids agree in about twice the logarithm of their count; far more is a pattern.
    let most = 2.0 * (ids.len() as f64).log2() + 24.0;
    if f64::from(shared) > most {
        faults.push(format!("two ids share their first {shared} bits"));
    }
    if faults.is_empty() {
        let facts = [
            ("ids", ids.len() as u64),
            ("random bits", u64::from(random)),
            ("guesses tried for each", MOST_GUESSES as u64),
        ];
        let proof = Proof {
            summary: format!(
                "{random} bits of entropy by {} samples: about 2^{} guesses for one id",
                ids.len(),
                random - 1
            ),
            facts: facts
                .map(|(name, value)| Fact {
                    name: name.to_owned(),
                    value,
                })
                .to_vec(),
            notes: Vec::new(),
        };
        return Claim::proved("prediction", object, CLAIM, proof);
    }
    let example = Counterexample::new(
        format!("ids of `{}` are not random", table.name),
        "122 random bits",
        faults.join("; "),
    );
    Claim::refuted(
        "prediction",
        object,
        CLAIM,
        example.with_statements([sql.to_owned()]),
    )
}

/// A version 7 default is answered honestly: what it leaks, and what guessing still costs.
fn timed(samples: &[Sample], table: &Table, reason: Option<String>, repeated: usize) -> Claim {
    let object = Some(table.name.to_string());
    let ids: Vec<u128> = samples.iter().map(|sample| sample.id).collect();
    let off = samples
        .iter()
        .map(|sample| (time_v7(sample.id) - sample.at / 1000).abs())
        .max()
        .unwrap_or(0);
    let low: Vec<u128> = ids.iter().map(|id| id & ((1 << 62) - 1)).collect();
    let allowed = allowance(ids.len() - 1);
    let random = bits(&low)
        .iter()
        .skip(66)
        .filter(|bit| (bit.ones - 0.5).abs() <= allowed && (bit.flips - 0.5).abs() <= allowed)
        .count();
    let told = format!(
        "an id tells when its row was made, within {off} ms; {random} random bits remain: about 2^{} guesses for a known millisecond",
        random.saturating_sub(1)
    );
    if repeated > 0 || random < 62 {
        let example = Counterexample::new(
            format!("ids of `{}` can be guessed", table.name),
            "62 random bits below the time",
            told,
        );
        return Claim::refuted("prediction", object, CLAIM, example);
    }
    match reason {
        Some(reason) => Claim::proved(
            "prediction",
            object,
            CLAIM,
            Proof {
                notes: vec![format!("accepted: {reason}")],
                ..Proof::new(told)
            },
        ),
        None => {
            let example = Counterexample::new(
                format!(
                    "ids of `{}` tell when their rows were made, and nothing says that this is accepted",
                    table.name
                ),
                "a reason, or `@identity(uuid4)`",
                told,
            );
            Claim::refuted("prediction", object, CLAIM, example)
        }
    }
}

/// The first prediction that comes true: strategy, number of the guess, ids known, and the id.
fn predicted(samples: &[Sample]) -> Option<(&'static str, usize, usize, u128)> {
    let start = samples.len().checked_sub(TARGETS)?;
    for strategy in STRATEGIES {
        for index in start..samples.len() {
            let (Some(known), Some(target)) = (samples.get(..index), samples.get(index)) else {
                continue;
            };
            let guesses = (strategy.guess)(known, target.at);
            if let Some(found) = guesses
                .iter()
                .take(MOST_GUESSES)
                .position(|guess| *guess == target.id)
            {
                return Some((strategy.name, found + 1, index, target.id));
            }
        }
    }
    None
}

type Minted = Result<(Vec<Sample>, String), String>;

/// Inserts rows, one statement each for the last ones, so that each is minted at an instant of its own; undone in the end.
fn mint(
    bench: &Bench<'_>,
    loaded: &Loaded<'_>,
    superuser: &mut Connection,
    speller: Speller,
    table: &Table,
    column: &str,
) -> Result<Minted, Stop> {
    let mut maker = loaded.maker.clone();
    let Some(party) = loaded.parties.first() else {
        return Ok(Err("there is nobody to own rows".to_owned()));
    };
    let mut fixed = maker.fixed(&table.name, party);
    // Whoever is their own owner is somebody new.
    fixed.retain(|column, _| {
        !table
            .primary_key
            .iter()
            .flat_map(|key| &key.columns)
            .any(|key| key.as_str() == column)
    });
    let info = bench.subject.info(&table.name);
    let owner = info
        .and_then(|info| info.owner.as_ref())
        .map(physical::Ident::as_str);
    let mut rows: Vec<Values> = Vec::new();
    for _ in 0..MINTED {
        let made = maker.make(&table.name, &fixed, false).or_else(|_| {
            // An owner may have one row only: each further one is somebody else's.
            let mut others = fixed.clone();
            others.retain(|column, _| Some(column.as_str()) != owner);
            maker.make(&table.name, &others, true)
        });
        // Uniqueness runs out for some tables; what they minted until then must do.
        let Ok(row) = made else { break };
        rows.push(row);
    }
    let statements = maker.statements();
    let now = if bench.subject.has_roles() {
        "(extract(epoch FROM clock_timestamp()) * 1000000)::bigint"
    } else {
        "CAST(strftime('%s', 'now') AS INTEGER) * 1000000 + CAST(substr(strftime('%f', 'now'), 4) AS INTEGER) * 1000"
    };
    let cast = if bench.subject.has_roles() { "::text" } else { "" };
    superuser.begin()?;
    let result = minted(superuser, speller, table, (column, cast, now), &rows, &statements);
    superuser.rollback()?;
    match result {
        Ok((samples, sql)) if samples.len() >= 200 => Ok(Ok((samples, sql))),
        Ok((samples, _)) => Ok(Err(format!(
            "only {} rows could be made, too few to judge their ids",
            samples.len()
        ))),
        Err(error) if error.sql().is_some() => {
            Ok(Err(format!("rows that should be legal are refused: {error}")))
        }
        Err(error) => Err(error.into()),
    }
}

fn minted(
    connection: &mut Connection,
    speller: Speller,
    table: &Table,
    (column, cast, now): (&str, &str, &str),
    rows: &[Values],
    statements: &[String],
) -> Result<(Vec<Sample>, String), engine::EngineError> {
    // Rows that are referred to are written as they are; those of the table without their id, so that its default mints one.
    let own = speller.name(&table.name);
    let mine = format!("INSERT INTO {own} ");
    for statement in statements
        .iter()
        .filter(|statement| !statement.starts_with(&mine))
    {
        connection.batch(statement)?;
    }
    let ident = speller.ident(column);
    let mut samples = Vec::with_capacity(rows.len());
    let mut last = String::new();
    // The last ones are minted one by one, each at an instant of its own; those before in stretches, which is faster.
    let (many, single) = rows.split_at(rows.len().saturating_sub(SINGLE));
    for stretch in many.chunks(STRETCH).chain(single.chunks(1)) {
        let bare: Vec<Values> = stretch.iter().map(|row| bare(table, column, row)).collect();
        for part in bare.chunk_by(|a, b| a.keys().eq(b.keys())) {
            let part: Vec<&Values> = part.iter().collect();
            let insert = speller.insert_many(table, &part);
            let (sql, answers) = if table.without_rowid || !cast.is_empty() {
                let sql = format!("{insert} RETURNING {ident}{cast}, {now}");
                let answers = connection.query(&sql, &[])?;
                (sql, answers)
            } else {
                // On a file RETURNING shows a row before its triggers are through.
                let newest = connection.query(&format!("SELECT COALESCE(max(rowid), 0) FROM {own}"), &[])?;
                let newest = newest.scalar().and_then(Value::as_int).unwrap_or_default();
                connection.execute(&insert)?;
                let read = format!("SELECT {ident}, {now} FROM {own} WHERE rowid > {newest} ORDER BY rowid");
                let answers = connection.query(&read, &[])?;
                (format!("{insert}; {read}"), answers)
            };
            for answer in &answers.rows {
                let [id, at] = answer.as_slice() else { continue };
                samples.extend(number(id).zip(at.as_int()).map(|(id, at)| Sample { id, at }));
            }
            last = sql;
        }
    }
    Ok((samples, last))
}

/// A row without its id, and without references to others of the table by ids that were never minted.
fn bare(table: &Table, column: &str, row: &Values) -> Values {
    let mut row = row.clone();
    row.remove(column);
    let lost = table
        .foreign_keys
        .iter()
        .filter(|key| key.references == table.name && key.referenced.iter().any(|it| it.as_str() == column));
    for own in lost.flat_map(|key| &key.columns) {
        let nullable = table.column(own.as_str()).is_some_and(|it| it.nullable);
        if let (true, Some(value)) = (nullable, row.get_mut(own.as_str())) {
            *value = Datum::Null;
        }
    }
    row
}

/// An id as a number: a UUID, a counted number, or hexadecimal digits.
fn number(value: &Value) -> Option<u128> {
    match value {
        Value::Int(value) => u128::try_from(*value).ok(),
        Value::Text(text) => {
            let digits: String = text.chars().filter(|digit| *digit != '-').collect();
            u128::from_str_radix(&digits, 16).ok()
        }
        _ => None,
    }
}
