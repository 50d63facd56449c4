//! What only trying shows.

use std::collections::BTreeSet;

use engine::Connection;
use model::{AuditMode, Identity, ImpliedField, Protection, Scalar, Type, UuidVersion, Versioning};
use physical::{Purpose, Value};

use super::shape::public_id_column;
use super::{Found, report};
use crate::bench::{Bench, Loaded};
use crate::data::{Datum, Speller, Values};
use crate::gate::Stop;
use crate::rejection::{Kind, Rejection};

/// So many ids are minted by each default.
const SAMPLES: usize = 1000;

/// Tries what the columns of an entity's table do.
pub(super) fn entity(
    bench: &mut Bench<'_>,
    loaded: &Loaded<'_>,
    superuser: &mut Connection,
    found: &Found<'_>,
) -> Result<(), Stop> {
    minted(bench, superuser, found)?;
    let rows = loaded.maker.rows(&found.table.name);
    let key = loaded
        .maker
        .plan(&found.table.name)
        .map(crate::data::TablePlan::primary_key)
        .unwrap_or_default();
    let Some(row) = rows.last() else { return Ok(()) };
    let speller = loaded.maker.speller();
    let trial = Trial {
        table: speller.name(&found.table.name),
        condition: speller.condition(found.table, row, key.iter().copied()),
        speller,
        row,
    };
    stamps(bench, superuser, found, &trial)?;
    tokens(bench, superuser, found, &trial)?;
    if bench.subject.has_roles() {
        not_overridable(bench, loaded, found, &trial)?;
    }
    Ok(())
}

struct Trial<'a> {
    table: String,
    condition: String,
    speller: Speller,
    row: &'a Values,
}

/// Calls the default of the public id, as the catalog has it, many times.
fn minted(bench: &mut Bench<'_>, superuser: &mut Connection, found: &Found<'_>) -> Result<(), Stop> {
    let version = match found.entity.identity.value {
        Identity::Dual(version) | Identity::Uuid(version) => version,
        Identity::Internal | Identity::Natural => return Ok(()),
    };
    let Some(column) = public_id_column(found) else {
        return Ok(());
    };
    let Some(default) = default_text(bench, superuser, found, column.name.as_str())? else {
        return Ok(());
    };
    let sql = if bench.subject.has_roles() {
        format!("SELECT ({default})::text FROM generate_series(1, {SAMPLES})")
    } else {
        format!(
            "WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < {SAMPLES}) SELECT {default} FROM n"
        )
    };
    let rows = superuser.query(&sql, &[])?;
    let ids: Vec<String> = rows
        .rows
        .iter()
        .filter_map(|row| row.first()?.as_text().map(str::to_owned))
        .collect();
    bench.count("minted ids", ids.len() as u64);
    let claim = "ids that the database mints repeat never and follow no order";
    report(
        bench,
        "random-ids",
        &found.entity.table,
        claim,
        faults_of(&ids, version),
        &[sql],
    );
    Ok(())
}

fn default_text(
    bench: &Bench<'_>,
    superuser: &mut Connection,
    found: &Found<'_>,
    column: &str,
) -> Result<Option<String>, Stop> {
    let speller = Speller::new(bench.subject.dialect);
    let sql = if bench.subject.has_roles() {
        format!(
            "SELECT pg_get_expr(d.adbin, d.adrelid) FROM pg_attrdef AS d JOIN pg_attribute AS a \
             ON a.attrelid = d.adrelid AND a.attnum = d.adnum WHERE d.adrelid = {}::regclass AND a.attname = {}",
            speller.text(&speller.name(&found.table.name)),
            speller.text(column)
        )
    } else {
        format!(
            "SELECT dflt_value FROM pragma_table_info({}) WHERE name = {}",
            speller.text(found.table.name.name.as_str()),
            speller.text(column)
        )
    };
    Ok(superuser
        .query(&sql, &[])?
        .scalar()
        .and_then(Value::as_text)
        .map(str::to_owned))
}

/// What is wrong with minted ids. Of a thousand random hexadecimal digits at one place, fewer than ten of the sixteen occur
/// less than once in 10^200 runs.
fn faults_of(ids: &[String], version: UuidVersion) -> Vec<String> {
    let mut faults = Vec::new();
    if ids.len() < SAMPLES {
        faults.push(format!("only {} of {SAMPLES} calls answered a text", ids.len()));
    }
    let distinct: BTreeSet<&String> = ids.iter().collect();
    if distinct.len() != ids.len() {
        faults.push(format!(
            "{} of {} ids repeat",
            ids.len() - distinct.len(),
            ids.len()
        ));
    }
    let digits: Vec<Vec<char>> = ids
        .iter()
        .map(|id| id.chars().filter(|c| *c != '-').collect())
        .collect();
    let at = |place: usize| {
        digits
            .iter()
            .map(|id| id.get(place).copied())
            .collect::<BTreeSet<Option<char>>>()
    };
    let (mark, free) = match version {
        UuidVersion::V4 => ('4', 0),
        UuidVersion::V7 => ('7', 13),
    };
    if at(12) != BTreeSet::from([Some(mark)]) {
        let seen: String = at(12).into_iter().flatten().collect();
        faults.push(format!("the version digit is {seen}, not {mark}"));
    }
    if !at(16)
        .iter()
        .all(|digit| matches!(digit, Some('8' | '9' | 'a' | 'b')))
    {
        faults.push("the variant is not that of RFC 9562".to_owned());
    }
    let stiff: Vec<String> = (free..32)
        .filter(|place| !matches!(place, 12 | 16))
        .filter(|place| at(*place).len() < 10)
        .map(|place| place.to_string())
        .collect();
    if !stiff.is_empty() {
        faults.push(format!(
            "{} of the digits that should be random hardly vary: they can be guessed",
            stiff.len()
        ));
    }
    faults
}

/// Whether stamps and versions follow a change, whatever the statement says, and the audit trail notes it.
fn stamps(
    bench: &mut Bench<'_>,
    superuser: &mut Connection,
    found: &Found<'_>,
    trial: &Trial<'_>,
) -> Result<(), Stop> {
    let entity = found.entity;
    let column = |what: ImpliedField| entity.implied(what).map(|(_, field)| field.column.clone());
    let mut watched: Vec<String> = Vec::new();
    let mut forged: Vec<String> = Vec::new();
    let old = Datum::Instant(946_684_800_000_000);
    let instant = physical::SqlType::TimestampTz;
    if entity.timestamps.value {
        for what in [ImpliedField::CreatedAt, ImpliedField::UpdatedAt] {
            if let Some(name) = column(what) {
                forged.push(format!(
                    "{} = {}",
                    trial.speller.ident(&name),
                    trial.speller.value(&old, &instant)
                ));
                watched.push(name);
            }
        }
    }
    if entity.authors.value {
        for what in [ImpliedField::CreatedBy, ImpliedField::UpdatedBy] {
            if let Some(name) = column(what) {
                // 2 is the pseudonym of migrations, which nobody here is.
                forged.push(format!("{} = 2", trial.speller.ident(&name)));
                watched.push(name);
            }
        }
    }
    let version = column(ImpliedField::Version).filter(|_| entity.versioning.value != Versioning::Off);
    let same = trial
        .row
        .keys()
        .find(|name| !matches!(name.as_str(), "id" | "public_id"))
        .cloned();
    let Some(same) = same else { return Ok(()) };
    let same = trial.speller.ident(&same);
    watched.extend(version.clone());
    if watched.is_empty() {
        return Ok(());
    }
    let read = {
        let columns: Vec<String> = watched.iter().map(|name| trial.speller.ident(name)).collect();
        format!(
            "SELECT {} FROM {} WHERE {}",
            columns.join(", "),
            trial.table,
            trial.condition
        )
    };
    let log = audit_log(bench, trial.speller);
    let audited = entity.audit.value != AuditMode::Off;
    let touch = format!(
        "UPDATE {} SET {same} = {same} WHERE {}",
        trial.table, trial.condition
    );
    let forge = format!(
        "UPDATE {} SET {} WHERE {}",
        trial.table,
        forged.join(", "),
        trial.condition
    );
    superuser.begin()?;
    let result = (|| {
        let before = superuser.query(&read, &[])?;
        superuser.execute(&touch)?;
        let touched = superuser.query(&read, &[])?;
        let forging = if forged.is_empty() {
            Ok(0)
        } else {
            superuser.execute(&forge)
        };
        let after = match &forging {
            Ok(_) => superuser.query(&read, &[])?,
            Err(_) => touched.clone(),
        };
        Ok::<_, engine::EngineError>((before, touched, after))
    })();
    superuser.rollback()?;
    let (before, touched, after) = match result {
        Ok(answers) => answers,
        Err(error) => {
            report(
                bench,
                "stamps",
                &entity.table,
                STAMPS,
                vec![error.to_string()],
                &[touch],
            );
            return Ok(());
        }
    };
    let cell = |rows: &physical::Rows, name: &str| -> Option<Value> {
        rows.rows.first()?.get(rows.column(name)?).cloned()
    };
    let mut faults = Vec::new();
    if let Some(version) = &version {
        let (was, is) = (cell(&before, version), cell(&touched, version));
        if was.as_ref().and_then(Value::as_int).map(|it| it + 1) != is.as_ref().and_then(Value::as_int) {
            faults.push(format!("{version} was not raised by an UPDATE"));
        }
    }
    for (what, follows) in [
        (ImpliedField::CreatedAt, false),
        (ImpliedField::CreatedBy, false),
        (ImpliedField::UpdatedAt, true),
        (ImpliedField::UpdatedBy, true),
    ] {
        let Some(name) = column(what).filter(|name| watched.contains(name)) else {
            continue;
        };
        let (was, is) = (cell(&before, &name), cell(&after, &name));
        let is_forged = match &is {
            Some(Value::Text(text)) => text.starts_with("2000-01-01") || text.starts_with("1999-12-31"),
            Some(Value::Int(actor)) => *actor == 2,
            _ => true,
        };
        if is_forged {
            faults.push(format!("{name} is what a statement says"));
        } else if !follows && was != is {
            faults.push(format!("{name} changed after the row was made"));
        } else if what == ImpliedField::UpdatedAt && was == is && bench.subject.has_roles() {
            faults.push(format!("{name} did not follow an UPDATE"));
        }
    }
    report(
        bench,
        "stamps",
        &entity.table,
        STAMPS,
        faults,
        &[touch.clone(), forge, read],
    );
    if let (true, Some(log)) = (audited, log) {
        audit(bench, superuser, found, change_of(trial), &log)?;
    }
    Ok(())
}

const STAMPS: &str = "stamps and versions follow every change and cannot be forged";

/// A change that the trail must note: a text field gets another value of the same kind; the row goes where it has none.
fn change_of(trial: &Trial<'_>) -> String {
    let text = trial.row.iter().find_map(|(name, value)| match value {
        Datum::Text(text) if text.contains(' ') => Some((name.clone(), text.replacen(' ', "x", 1))),
        _ => None,
    });
    match text {
        Some((name, text)) => format!(
            "UPDATE {} SET {} = {} WHERE {}",
            trial.table,
            trial.speller.ident(&name),
            trial.speller.value(&Datum::Text(text), &physical::SqlType::Text),
            trial.condition
        ),
        None => format!("DELETE FROM {} WHERE {}", trial.table, trial.condition),
    }
}

fn audit_log(bench: &Bench<'_>, speller: Speller) -> Option<String> {
    let info = bench
        .subject
        .blueprint
        .tables
        .iter()
        .find(|info| info.purpose == Purpose::Audit)?;
    Some(speller.name(&bench.subject.realised_name(&info.name)))
}

fn audit(
    bench: &mut Bench<'_>,
    superuser: &mut Connection,
    found: &Found<'_>,
    statement: String,
    log: &str,
) -> Result<(), Stop> {
    let count = format!("SELECT count(*) FROM {log}");
    superuser.begin()?;
    let result = (|| {
        let before = superuser.query(&count, &[])?;
        superuser.execute(&statement)?;
        Ok::<_, engine::EngineError>((before, superuser.query(&count, &[])?))
    })();
    superuser.rollback()?;
    // A row that others need cannot be deleted: there is nothing that the trail would have had to note.
    let Ok((before, after)) = result else {
        return Ok(());
    };
    let number = |rows: &physical::Rows| rows.scalar().and_then(Value::as_int).unwrap_or(0);
    let faults = if number(&after) > number(&before) {
        Vec::new()
    } else {
        vec!["a change left no entry in the audit trail".to_owned()]
    };
    report(
        bench,
        "audited",
        &found.entity.table,
        "a change leaves an entry in the audit trail",
        faults,
        &[statement, count],
    );
    Ok(())
}

/// Whether what is no hash can be stored where a token's or a password's hash belongs.
fn tokens(
    bench: &mut Bench<'_>,
    superuser: &mut Connection,
    found: &Found<'_>,
    trial: &Trial<'_>,
) -> Result<(), Stop> {
    for field in &found.entity.fields {
        let plain = match (&field.ty, field.protection) {
            (_, Protection::Encrypted { .. }) => Datum::Bytes(b"1999-12-31".to_vec()),
            (Type::Scalar(Scalar::Token), _) => Datum::Bytes(b"a token as it was handed out".to_vec()),
            (Type::Scalar(Scalar::PasswordHash), _) => Datum::Text("hunter2".to_owned()),
            _ => continue,
        };
        let Some(column) = found.table.column(&field.column) else {
            continue;
        };
        let sql = format!(
            "UPDATE {} SET {} = {} WHERE {}",
            trial.table,
            trial.speller.ident(&field.column),
            trial.speller.value(&plain, &column.ty),
            trial.condition
        );
        superuser.begin()?;
        let result = superuser.execute(&sql);
        superuser.rollback()?;
        let faults = match result {
            Ok(_) => vec![format!(
                "{} takes what is neither hashed nor encrypted",
                field.column
            )],
            Err(error) if error.is_connection_lost() => return Err(error.into()),
            Err(_) => Vec::new(),
        };
        let object = format!("{}.{}", found.entity.table, field.column);
        let claim = "what is not hashed or encrypted is refused";
        // Where the database cannot say the form of a hash, it says that it cannot: then nobody claims it.
        let given_up = bench.subject.realised.lost.iter().find(|lost| {
            lost.guarantee == "check"
                && lost
                    .object
                    .starts_with(&format!("{0}.{0}_{1}_", found.entity.table, field.column))
        });
        if let (Some(lost), false) = (given_up, faults.is_empty()) {
            bench.claim(evidence::Claim::not_applicable(
                "only-hashes",
                Some(object),
                claim,
                lost.reason.clone(),
            ));
            continue;
        }
        let claim = "what is not hashed or encrypted is refused";
        // Where the database cannot say the form of a hash, it says that it cannot: then nobody claims it.
        let given_up = bench.subject.realised.lost.iter().find(|lost| {
            lost.guarantee == "check"
                && lost
                    .object
                    .starts_with(&format!("{0}.{0}_{1}_", found.entity.table, field.column))
        });
        if let (Some(lost), false) = (given_up, faults.is_empty()) {
            bench.claim(evidence::Claim::not_applicable(
                "only-hashes",
                Some(object),
                claim,
                lost.reason.clone(),
            ));
            continue;
        }
        report(
            bench,
            "only-hashes",
            &object,
            "what is not hashed or encrypted is refused",
            faults,
            &[sql],
        );
    }
    Ok(())
}

/// Whether the application may write what is not its to write.
fn not_overridable(
    bench: &mut Bench<'_>,
    loaded: &Loaded<'_>,
    found: &Found<'_>,
    trial: &Trial<'_>,
) -> Result<(), Stop> {
    let app = bench.subject.blueprint.roles.app.as_str().to_owned();
    let mut connection = loaded.db.member(&app)?;
    let mut faults = Vec::new();
    let mut statements = Vec::new();
    for what in [
        ImpliedField::Id,
        ImpliedField::PublicId,
        ImpliedField::CreatedAt,
        ImpliedField::CreatedBy,
        ImpliedField::UpdatedAt,
        ImpliedField::UpdatedBy,
        ImpliedField::DeletedBy,
        ImpliedField::DeletionBatch,
        ImpliedField::Tenant,
    ] {
        let Some((_, field)) = found.entity.implied(what) else {
            continue;
        };
        if found.table.column(&field.column).is_none() {
            continue;
        }
        let name = trial.speller.ident(&field.column);
        let attempts = [
            format!("UPDATE {} SET {name} = {name}", trial.table),
            format!("INSERT INTO {} ({name}) VALUES (NULL)", trial.table),
        ];
        for sql in attempts {
            connection.begin()?;
            let result = connection.execute(&sql);
            connection.rollback()?;
            let refused = match &result {
                Err(error) if error.is_connection_lost() => return Err(error.clone().into()),
                // 428C9: an identity that is always counted is refused to everyone, before rights are looked at.
                Err(error) => {
                    Rejection::of(error).is_some_and(|it| it.kind == Kind::Right || it.code == "428C9")
                }
                Ok(_) => false,
            };
            bench.count("forgeries tried", 1);
            if !refused {
                faults.push(format!("the application may write {}", field.column));
                statements.push(sql);
            }
        }
    }
    faults.dedup();
    let claim = "the application has no right to write identifiers, stamps, authors or the tenant";
    report(
        bench,
        "not-overridable",
        &found.entity.table,
        claim,
        faults,
        &statements,
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::{Rng, uuid_text};

    #[test]
    fn random_ids_pass_and_ordered_ones_do_not() {
        let mut rng = Rng::new(7, "ids");
        let random: Vec<String> = (0..SAMPLES).map(|_| uuid_text(&rng.uuid())).collect();
        assert_eq!(faults_of(&random, UuidVersion::V4), Vec::<String>::new());
        let counted: Vec<String> = (0..SAMPLES)
            .map(|n| format!("00000000-0000-4000-8000-{n:012x}"))
            .collect();
        assert!(
            faults_of(&counted, UuidVersion::V4)
                .iter()
                .any(|fault| fault.contains("guessed"))
        );
        let v1: Vec<String> = (0..SAMPLES)
            .map(|n| format!("{n:08x}-1234-11f0-8abc-0123456789ab"))
            .collect();
        assert!(
            faults_of(&v1, UuidVersion::V4)
                .iter()
                .any(|fault| fault.contains("version"))
        );
        let same = vec![random[0].clone(); SAMPLES];
        assert!(
            faults_of(&same, UuidVersion::V4)
                .iter()
                .any(|fault| fault.contains("repeat"))
        );
    }
}
