//! Columns that get another type beside the application.
//!
//! A column of the new type is made, and a trigger keeps it equal to what the old one would be as that type. Rows that were there are
//! written in batches; what stands on the column is made on the new one, while everybody reads and writes. Last, in one short
//! transaction, the old column goes and the new one takes its name.

mod way;

pub(super) use way::{last_trigger, whole_key};

use physical::{
    Column, Function, Ident, Opaque, Origin, RowSecurity, SqlType, Timing, Trigger, TriggerAction,
    TriggerEvent, Volatility,
};
use plan::{Action, Beside, Hazard, Lock, Object, Phase, Section, Step, TableChange, Undo};

use super::alter::{one, quoted};
use super::beside::mentions;
use super::column::{conversion, rights, widens};
use super::frame::seeing;
use super::{create, fill, in_use, key, locking, step};
use way::{Pair, Way};

use crate::postgres::expression::{default_value, or_refused};
use crate::postgres::{ident, types};

/// Whether what a value becomes depends on the session in which it does.
fn depends_on_session(pair: &Pair<'_>) -> bool {
    let of = |ty: &SqlType| {
        matches!(
            ty,
            SqlType::Date
                | SqlType::Time
                | SqlType::Timestamp
                | SqlType::TimestampTz
                | SqlType::Interval
                | SqlType::Real
                | SqlType::Double
                | SqlType::Bytes
                | SqlType::Array(_)
                | SqlType::Named(_)
                | SqlType::Other(_)
        )
    };
    of(&pair.before.ty) || of(&pair.after.ty)
}

/// What is made while everybody reads and writes.
pub(super) fn beside(change: &TableChange<'_>) -> Vec<Step> {
    match &change.beside {
        Some(Beside::Columns(swap)) => prepare(&Way::new(change, swap, false)),
        _ => Vec::new(),
    }
}

/// The same for the way back, whose first steps these are: their undo.
pub(super) fn beside_back(change: &TableChange<'_>) -> Vec<Step> {
    let Some(Beside::Columns(swap)) = &change.beside else {
        return Vec::new();
    };
    let mut steps = prepare(&Way::new(change, swap, true));
    steps.reverse();
    for step in &mut steps {
        let Action::Sql(statements) = &mut step.action;
        let mut statements = std::mem::take(statements);
        // Which of them share a transaction cannot be seen from the other end.
        let long = step.lock == Lock::ShareUpdateExclusive && step.transactional;
        if long {
            step.transactional = false;
            for statement in statements.iter_mut().filter(|each| !each.starts_with("-- ")) {
                statement.insert_str(0, "-- architrave: no-transaction\n");
            }
        }
        step.undo = Undo::Sql(statements);
        step.hazards.clear();
        step.lock = Lock::None;
    }
    steps
}

fn prepare(way: &Way<'_>) -> Vec<Step> {
    let mut steps = vec![expand(way)];
    steps.extend(filled(way));
    steps.push(complete(way));
    for index in way.indexes() {
        let mut aside = index.clone();
        aside.name = way.aside(&index.name);
        aside.comment = None;
        steps.push(in_use::add_index(way.beside, &aside));
    }
    for name in way.keys() {
        steps.push(key::index_for(way.beside, name, &way.aside(name)));
    }
    for check in way.checks() {
        let mut aside = check.clone();
        aside.name = way.aside(&check.name);
        aside.comment = None;
        steps.extend(super::alter::add_check(way.plain, &way.name(), &aside));
    }
    steps.push(sampled(way));
    for step in &mut steps {
        step.undo = Undo::WithOther;
    }
    steps
}

fn columns(way: &Way<'_>) -> String {
    let names = way.pairs.iter().map(|pair| pair.before.name.to_string());
    names.collect::<Vec<_>>().join(", ")
}

fn besides(way: &Way<'_>) -> String {
    let names = way.pairs.iter().map(|pair| pair.called.to_string());
    names.collect::<Vec<_>>().join(", ")
}

/// The columns, and the trigger that fills them whenever a row is written.
fn expand(way: &Way<'_>) -> Step {
    let name = way.name();
    let mut statements = Vec::new();
    for pair in &way.pairs {
        let mut bare = Column::new(pair.called.clone(), pair.after.ty.clone(), Origin::Found);
        bare.nullable = true;
        bare.collation.clone_from(&pair.after.collation);
        statements.push(format!(
            "ALTER TABLE {name} ADD COLUMN {}",
            super::column::column_text(&bare)
        ));
    }
    statements.extend(keeping(way));
    for pair in &way.pairs {
        statements.push(format!(
            "ALTER TABLE {name} ADD CONSTRAINT {} CHECK ({}) NOT VALID",
            quoted(&way.complete(pair)),
            rule(pair)
        ));
    }
    let title = format!("column {}.{}, beside {}", way.shown(), besides(way), columns(way));
    let narrow = way
        .pairs
        .iter()
        .filter(|pair| !widens(&pair.before.ty, &pair.after.ty));
    let hazards = narrow.map(|pair| {
        Hazard::BreaksCode(format!(
            "from now on, nobody can write a value of {}.{} that is none of {}",
            way.shown(),
            pair.before.name,
            types::type_name(&pair.after.ty)
        ))
    });
    let hazards = hazards.collect();
    locking(
        one(way.plain, title, statements, Vec::new()),
        Lock::AccessExclusive,
        hazards,
    )
}

/// What holds of every row once it is filled. That a column has a value must stand by itself: the server takes it from there.
fn rule(pair: &Pair<'_>) -> String {
    let (old, new) = (quoted(&pair.before.name), quoted(pair.called));
    let value = conversion(&old, &pair.before.ty, &pair.after.ty);
    match (pair.filled(), is_compared(pair)) {
        (true, true) => format!("{new} IS NOT NULL AND {new} = {value}"),
        (true, false) => format!("{new} IS NOT NULL"),
        (false, true) => format!("{new} IS NOT DISTINCT FROM {value}"),
        (false, false) => format!("({new} IS NULL) = ({old} IS NULL)"),
    }
}

/// Whether values can be compared, with the same result in every session.
fn is_compared(pair: &Pair<'_>) -> bool {
    let of = |ty: &SqlType| {
        matches!(
            ty,
            SqlType::SmallInt
                | SqlType::Integer
                | SqlType::BigInt
                | SqlType::Numeric(_)
                | SqlType::Boolean
                | SqlType::Uuid
                | SqlType::Text
                | SqlType::Varchar(_)
        )
    };
    of(&pair.before.ty) && of(&pair.after.ty) && pair.before.collation == pair.after.collation
}

/// The function and the trigger by which the columns are what the old ones are.
fn keeping(way: &Way<'_>) -> Vec<String> {
    let (function, trigger) = way.keeps();
    let lines = way.pairs.iter().map(|pair| {
        let old = format!("NEW.{}", quoted(&pair.before.name));
        let value = conversion(&old, &pair.before.ty, &pair.after.ty);
        format!("    NEW.{} := {value};\n", quoted(pair.called))
    });
    let lines: String = lines.collect();
    let made = Function {
        name: function.clone(),
        owner: None,
        arguments: Vec::new(),
        returns: "trigger".to_owned(),
        language: "plpgsql".to_owned(),
        volatility: Volatility::Volatile,
        strict: false,
        security_definer: false,
        settings: vec![("search_path".to_owned(), "pg_catalog, pg_temp".to_owned())],
        body: format!("BEGIN\n{lines}    RETURN NEW;\nEND"),
        grants: Vec::new(),
        comment: None,
        origin: Origin::Decision("beside", None),
    };
    let fires = Trigger {
        name: trigger.clone(),
        timing: Timing::Before,
        events: vec![TriggerEvent::Insert, TriggerEvent::Update(Vec::new())],
        per_row: true,
        transition_tables: (None, None),
        when: None,
        action: TriggerAction::Call {
            function: function.clone(),
            arguments: Vec::new(),
        },
        enabled: true,
        comment: None,
        origin: Origin::Decision("beside", None),
    };
    let words = |object: Object<'_>| {
        let Action::Sql(statements) = create(&object).action;
        statements
    };
    let mut out = words(Object::Function(&made));
    if way.pairs.iter().any(depends_on_session) {
        // A value becomes the same whoever writes it: what it would in the session that runs this.
        for setting in [
            "TimeZone",
            "DateStyle",
            "IntervalStyle",
            "extra_float_digits",
            "bytea_output",
        ] {
            let function = ident::name(&function);
            out.push(format!("ALTER FUNCTION {function}() SET {setting} FROM CURRENT"));
        }
    }
    out.extend(words(Object::Trigger(way.plain, &fires)));
    // Rows that come by replication, too.
    out.push(format!(
        "ALTER TABLE {} ENABLE ALWAYS TRIGGER {}",
        way.name(),
        quoted(&trigger)
    ));
    out
}

/// Rows that are there, in batches. The trigger fills them as it fills others.
fn filled(way: &Way<'_>) -> Vec<Step> {
    let each = |pair: &Pair<'_>| {
        let (old, new) = (quoted(&pair.before.name), quoted(pair.called));
        let value = conversion(&old, &pair.before.ty, &pair.after.ty);
        (
            format!("{new} = {value}"),
            format!("{new} IS NULL AND {old} IS NOT NULL"),
        )
    };
    let (values, open): (Vec<String>, Vec<String>) = way.pairs.iter().map(each).unzip();
    let open = match open.as_slice() {
        [only] => only.clone(),
        several => format!("({})", several.join(") OR (")),
    };
    let key: Vec<String> = whole_key(way.plain)
        .unwrap_or_default()
        .iter()
        .map(quoted)
        .collect();
    let update = format!(
        "-- architrave: batches by {}\nUPDATE {}\nSET {}\nWHERE {open}",
        key.join(", "),
        way.name(),
        values.join(", ")
    );
    let mut batches = fill::batches(
        way.plain,
        format!("values of {}.{}", way.shown(), besides(way)),
        update,
    );
    for pair in way
        .pairs
        .iter()
        .filter(|pair| !widens(&pair.before.ty, &pair.after.ty))
    {
        let may = format!("a value of {}.{} may not fit", way.shown(), pair.before.name);
        batches.hazards.push(Hazard::MayFail(may));
    }
    let forced = way.plain.row_security == RowSecurity::Forced;
    let tables = [way.plain.name.clone()];
    let mut steps = Vec::new();
    steps.extend(forced.then(|| seeing(&tables, true)));
    steps.push(batches);
    steps.extend(forced.then(|| seeing(&tables, false)));
    steps
}

/// That no row was left out.
fn complete(way: &Way<'_>) -> Step {
    let rules = way.pairs.iter().map(|pair| way.complete(pair));
    let each = rules.map(|rule| format!("VALIDATE CONSTRAINT {}", quoted(&rule)));
    let statement = format!(
        "ALTER TABLE {} {}",
        way.name(),
        each.collect::<Vec<_>>().join(", ")
    );
    let mut made = step(
        format!("every row of {} has {}", way.shown(), besides(way)),
        Section::Table(way.shown()),
        vec![statement],
        Undo::WithOther,
        way.plain.origin,
    );
    made.phase = Phase::Backfill;
    let mut hazards = vec![Hazard::Scan(format!("{} is read whole", way.shown()))];
    let gains = way
        .pairs
        .iter()
        .filter(|pair| pair.before.nullable && pair.filled());
    hazards.extend(gains.map(|pair| super::column::empty(way.plain, pair.after)));
    locking(made, Lock::ShareUpdateExclusive, hazards)
}

/// What the server knows of values it keeps with the column; it would know nothing of the new one.
fn sampled(way: &Way<'_>) -> Step {
    let mut made = step(
        format!("statistics of {}", way.shown()),
        Section::Table(way.shown()),
        vec![format!("ANALYZE {}", way.name())],
        Undo::WithOther,
        way.plain.origin,
    );
    made.phase = Phase::Backfill;
    let hazards = vec![Hazard::Scan(format!("a sample of {} is read", way.shown()))];
    locking(made, Lock::ShareUpdateExclusive, hazards)
}

/// The new columns take the places of the old ones; for all of a table at once, where the first is spoken of.
pub(super) fn swapped(change: &TableChange<'_>, before: &Column) -> Option<Vec<Step>> {
    let Some(Beside::Columns(swap)) = &change.beside else {
        return None;
    };
    let at = swap.columns.iter().position(|(name, _)| *name == before.name)?;
    if at > 0 {
        return Some(Vec::new());
    }
    let (forth, back) = (Way::new(change, swap, false), Way::new(change, swap, true));
    let title = format!("column {}.{} changes", forth.shown(), columns(&forth));
    let mut made = one(change.to, title, taking_over(&forth), taking_over(&back));
    made.phase = Phase::Contract;
    let come = if forth.pairs.len() == 1 { "comes" } else { "come" };
    let order = format!(
        "what relies on the order of columns of {}: {} {come} last",
        forth.shown(),
        columns(&forth)
    );
    Some(vec![locking(
        made,
        Lock::AccessExclusive,
        vec![Hazard::BreaksCode(order)],
    )])
}

fn taking_over(way: &Way<'_>) -> Vec<String> {
    let name = way.name();
    let alter = format!("ALTER TABLE {name}");
    let (function, trigger) = way.keeps();
    let mut out = vec![
        format!("DROP TRIGGER {} ON {name}", quoted(&trigger)),
        format!("DROP FUNCTION {}()", ident::name(&function)),
    ];
    for pair in &way.pairs {
        if pair.filled() {
            out.push(format!(
                "{alter} ALTER COLUMN {} SET NOT NULL",
                quoted(pair.called)
            ));
        }
        out.push(format!("{alter} DROP CONSTRAINT {}", quoted(&way.complete(pair))));
    }
    for pair in &way.pairs {
        let own = quoted(&pair.before.name);
        out.extend(owned_sequences(way, pair));
        out.push(format!("{alter} DROP COLUMN {own}"));
        out.push(format!("{alter} RENAME COLUMN {} TO {own}", quoted(pair.called)));
    }
    constraints(way, &mut out);
    for pair in &way.pairs {
        let own = quoted(&pair.before.name);
        if let Some(default) = &pair.after.default {
            let value = or_refused(default_value(default));
            out.push(format!("{alter} ALTER COLUMN {own} SET DEFAULT {value}"));
        }
        super::comment(
            &mut out,
            "COLUMN",
            &format!("{name}.{own}"),
            pair.after.comment.as_deref(),
        );
        // What changes is given, and taken again, with the table's other settings.
        out.extend(rights(&name, &way.change.from.grants, pair.before));
    }
    out.extend(settings(way));
    out
}

/// A sequence would go with the column that owns it.
fn owned_sequences(way: &Way<'_>, pair: &Pair<'_>) -> Vec<String> {
    let end = format!(" OWNED BY {}.{}", way.name(), quoted(&pair.before.name));
    let both = both_say(way.change);
    let owned = both.filter(|opaque| opaque.kind == "sequence owner");
    let heads = owned.filter_map(|opaque| opaque.definition.strip_suffix(&end));
    heads
        .map(|head| format!("{head} OWNED BY {}.{}", way.name(), quoted(pair.called)))
        .collect()
}

/// What is said of the same thing before and after.
fn both_say<'a>(change: &'a TableChange<'a>) -> impl Iterator<Item = &'a Opaque> {
    let (from, to) = change.databases;
    let on_table = from
        .opaque
        .iter()
        .filter(|each| each.depends_on.contains(&change.from.name));
    on_table.filter(|each| {
        let mut others = to.opaque.iter();
        others
            .any(|other| (&other.kind, &other.name, &other.detail) == (&each.kind, &each.name, &each.detail))
    })
}

/// Keys, indexes and checks take the names of those that went with the old columns.
fn constraints(way: &Way<'_>, out: &mut Vec<String>) {
    let (name, table) = (way.name(), way.goal);
    for key in way.keys() {
        let Action::Sql(statements) = key::taking(table, key, &way.aside(key)).action;
        out.extend(statements);
        let unique = table.uniques.iter().find(|each| each.name == *key);
        let text = unique.and_then(|each| each.comment.as_deref());
        super::comment(out, "CONSTRAINT", &format!("{} ON {name}", quoted(key)), text);
    }
    for index in way.indexes() {
        let full = |own: &Ident| {
            let mut full = table.name.clone();
            full.name.clone_from(own);
            ident::name(&full)
        };
        let aside = full(&way.aside(&index.name));
        out.push(format!("ALTER INDEX {aside} RENAME TO {}", quoted(&index.name)));
        super::comment(out, "INDEX", &full(&index.name), index.comment.as_deref());
    }
    for check in way.checks() {
        let (aside, own) = (quoted(&way.aside(&check.name)), quoted(&check.name));
        out.push(format!("ALTER TABLE {name} RENAME CONSTRAINT {aside} TO {own}"));
        super::comment(
            out,
            "CONSTRAINT",
            &format!("{own} ON {name}"),
            check.comment.as_deref(),
        );
    }
}

/// What was set for the columns and for what stood on them is set again.
fn settings(way: &Way<'_>) -> Vec<String> {
    let mut names: Vec<&Ident> = way.pairs.iter().map(|pair| &pair.before.name).collect();
    names.extend(way.keys());
    names.extend(way.indexes().map(|each| &each.name));
    names.extend(way.checks().map(|each| &each.name));
    let kinds = ["column option", "index option", "comment", "right"];
    let said = both_say(way.change).filter(|each| each.setting && kinds.contains(&each.kind.as_str()));
    said.filter(|each| names.iter().any(|name| mentions(&each.definition, name)))
        .flat_map(|each| each.definition.split(";\n").map(str::to_owned))
        .collect()
}
