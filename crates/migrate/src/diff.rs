//! What differs between two schemas, object by object.
//!
//! Objects are the same when they have the same name in the same place. Two of one name are compared in their canonical form; what is
//! put into words is always the form in which it was given.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use physical::{
    Column, Database, Expr, Function, Ident, Name, NamedTypeKind, Opaque, Partition, SqlType, Table,
};
use plan::{Edit, Key, Object, Relational, TableChange};

use crate::mentions::mentions;
use crate::parts::Parts;

/// A database with its canonical form.
pub(crate) struct Side<'a> {
    pub(crate) given: &'a Database,
    pub(crate) canonical: Database,
    pub(crate) dialect: &'a Relational,
    /// By name; in small letters where the database does not tell large ones apart.
    tables: HashMap<Name, &'a Table>,
}

impl<'a> Side<'a> {
    /// Tables of which both sides have the same need no form in which they can be compared.
    pub(crate) fn new(given: &'a Database, dialect: &'a Relational, same: &HashSet<Name>) -> Self {
        let mut side = Self {
            given,
            canonical: canonical(given, dialect, same),
            dialect,
            tables: HashMap::new(),
        };
        let tables = given.tables.iter().map(|table| (side.folded(&table.name), table));
        side.tables = tables.collect();
        side
    }

    fn folded(&self, name: &Name) -> Name {
        let mut folded = name.clone();
        if self.dialect.folds_case {
            folded.name = Ident::new(name.name.as_str().to_ascii_lowercase());
        }
        folded
    }

    /// A table as it was given, by name, whatever its letters where the database does not tell them apart.
    pub(crate) fn table(&self, name: &Name) -> Option<&'a Table> {
        self.tables.get(&self.folded(name)).copied()
    }

    /// A table in its canonical form, whose tables are sorted.
    pub(crate) fn canonical_table(&self, name: &Name) -> Option<&Table> {
        let tables = &self.canonical.tables;
        let at = tables.binary_search_by(|table| table.name.cmp(name)).ok()?;
        tables.get(at)
    }

    fn alike(&self, one: &Ident, other: &Ident) -> bool {
        self.dialect.folds_case && one.as_str().eq_ignore_ascii_case(other.as_str())
    }

    /// A column of a table, likewise.
    fn column<'t>(&self, table: &'t Table, name: &Ident) -> Option<&'t Column> {
        let found = table.column(name.as_str());
        found.or_else(|| table.columns.iter().find(|column| self.alike(&column.name, name)))
    }
}

fn canonical(given: &Database, dialect: &Relational, same: &HashSet<Name>) -> Database {
    if same.is_empty() {
        return (dialect.canonical)(given);
    }
    let (calm, others): (Vec<_>, Vec<_>) = given
        .tables
        .iter()
        .cloned()
        .partition(|table| same.contains(&table.name));
    let mut rest = given.clone();
    rest.tables = others;
    let mut canonical = (dialect.canonical)(&rest);
    canonical.tables.extend(calm);
    canonical.tables.sort_by(|one, other| one.name.cmp(&other.name));
    canonical
}

/// What an object is called, whatever it is like.
pub(crate) fn identity(object: &Object<'_>) -> String {
    match object {
        Object::Role(role) => format!("role {}", role.name),
        Object::Schema(schema) => format!("schema {}", schema.name),
        Object::Extension(name) => format!("extension {name}"),
        Object::Type(ty) => format!("type {}", ty.name),
        Object::Table(table, _) => format!("table {}", table.name),
        Object::ForeignKey(table, key) => format!("foreign key {} of {}", key.name, table.name),
        Object::Index(table, index) => format!("index {} of {}", index.name, table.name),
        Object::Function(function) => signature(function),
        Object::Place(table, _) => format!("place of {}", table.name),
        Object::Trigger(table, trigger) => format!("trigger {} of {}", trigger.name, table.name),
        Object::RowSecurity(table) => format!("row-level security of {}", table.name),
        Object::Policy(table, policy) => format!("policy {} of {}", policy.name, table.name),
        Object::View(view) => format!("view {}", view.name),
        Object::Grants(table) => format!("rights on {}", table.name),
        Object::Seed(seed, _) => format!("rows of {}", seed.table),
        Object::Opaque(opaque) if is_routine(opaque) => {
            format!("function {}({})", opaque.name, opaque.detail)
        }
        Object::Opaque(opaque) => {
            let text = format!("{} {} {}", opaque.kind, opaque.name, opaque.detail);
            text.trim_end().to_owned()
        }
    }
}

/// Whether it is a function that the model has no words for.
pub(crate) fn is_routine(opaque: &Opaque) -> bool {
    matches!(opaque.kind.as_str(), "function" | "procedure" | "aggregate")
}

fn signature(function: &Function) -> String {
    let types: Vec<&str> = function
        .arguments
        .iter()
        .map(|argument| argument.ty.as_str())
        .collect();
    format!("function {}({})", function.name, types.join(", "))
}

/// Objects that stand by themselves or on a table that is wanted; tables aside.
pub(crate) fn objects<'a, 'b>(
    database: &'a Database,
    wanted: &'b dyn Fn(&Table) -> bool,
) -> impl Iterator<Item = Object<'a>> + use<'a, 'b> {
    let alone = (database.roles.iter().map(Object::Role))
        .chain(database.schemas.iter().map(Object::Schema))
        .chain(database.extensions.iter().map(Object::Extension))
        .chain(database.types.iter().map(Object::Type))
        .chain(database.functions.iter().map(Object::Function))
        .chain(database.views.iter().map(Object::View))
        .chain(database.opaque.iter().map(Object::Opaque));
    alone.chain(
        database
            .tables
            .iter()
            .filter(|table| wanted(table))
            .flat_map(hanging),
    )
}

/// What hangs on a table.
fn hanging(table: &Table) -> impl Iterator<Item = Object<'_>> {
    let places = table
        .partition_of
        .iter()
        .map(move |place| Object::Place(table, place));
    let keys = table
        .foreign_keys
        .iter()
        .map(move |key| Object::ForeignKey(table, key));
    let indexes = table.indexes.iter().map(move |index| Object::Index(table, index));
    let triggers = table
        .triggers
        .iter()
        .map(move |trigger| Object::Trigger(table, trigger));
    let policies = table
        .policies
        .iter()
        .map(move |policy| Object::Policy(table, policy));
    places.chain(keys).chain(indexes).chain(triggers).chain(policies)
}

/// Whether two objects of one name are the same, in everything.
pub(crate) fn same(one: &Object<'_>, other: &Object<'_>) -> bool {
    match (one, other) {
        (Object::Role(a), Object::Role(b)) => a == b,
        (Object::Schema(a), Object::Schema(b)) => a == b,
        (Object::Type(a), Object::Type(b)) => a == b,
        (Object::ForeignKey(_, a), Object::ForeignKey(_, b)) => a == b,
        (Object::Index(ours, a), Object::Index(theirs, b)) => {
            let said = (
                ours.written.indexes.get(&a.name),
                theirs.written.indexes.get(&b.name),
            );
            a == b && !said_otherwise(said)
        }
        (Object::Function(a), Object::Function(b)) => a == b,
        (Object::Trigger(ours, a), Object::Trigger(theirs, b)) => {
            let said = (
                ours.written.triggers.get(&a.name),
                theirs.written.triggers.get(&b.name),
            );
            a == b && !said_otherwise(said)
        }
        (Object::Policy(_, a), Object::Policy(_, b)) => a == b,
        (Object::View(a), Object::View(b)) => a == b,
        (Object::Opaque(a), Object::Opaque(b)) => a.definition == b.definition && a.undo == b.undo,
        (Object::Extension(a), Object::Extension(b)) => a == b,
        (Object::Place(_, a), Object::Place(_, b)) => (&a.parent, &a.bound) == (&b.parent, &b.bound),
        _ => false,
    }
}

/// Whether two tables that were both found, or what hangs on them, were found in different words.
pub(crate) fn written_otherwise(one: &Table, other: &Table) -> bool {
    let (one, other) = (&one.written, &other.written);
    let differ = |these: &BTreeMap<Ident, String>, those: &BTreeMap<Ident, String>| {
        let mut these = these.iter();
        these.any(|(name, said)| said_otherwise((Some(said), those.get(name))))
    };
    said_otherwise((one.table.as_ref(), other.table.as_ref()))
        || differ(&one.indexes, &other.indexes)
        || differ(&one.triggers, &other.triggers)
}

/// Whether two objects that were both found were found in different words.
fn said_otherwise((one, other): (Option<&String>, Option<&String>)) -> bool {
    matches!((one, other), (Some(one), Some(other)) if one != other)
}

/// Whether one can become the other where it stands, with whatever hangs on it.
pub(crate) fn in_place(one: &Object<'_>, other: &Object<'_>) -> bool {
    match (one, other) {
        (Object::Role(_), Object::Role(_)) | (Object::Schema(_), Object::Schema(_)) => true,
        (Object::Function(a), Object::Function(b)) => {
            let plain = |function: &Function| {
                let arguments = function.arguments.iter();
                let arguments: Vec<_> = arguments
                    .map(|each| (each.name.clone(), each.ty.clone(), each.default.is_some()))
                    .collect();
                (arguments, function.returns.clone())
            };
            plain(a) == plain(b)
        }
        (Object::View(a), Object::View(b)) => {
            a.query == b.query
                && a.materialized == b.materialized
                && (a.security_barrier, a.security_invoker) == (b.security_barrier, b.security_invoker)
        }
        (Object::Type(a), Object::Type(b)) => match (&a.kind, &b.kind) {
            (NamedTypeKind::Enum(a), NamedTypeKind::Enum(b)) => grows(a, b),
            (NamedTypeKind::Domain { base: a, .. }, NamedTypeKind::Domain { base: b, .. }) => a == b,
            _ => false,
        },
        (Object::Opaque(a), _) if is_routine(a) => head(one).is_some() && head(one) == head(other),
        (Object::Function(_), Object::Opaque(b)) if is_routine(b) => head(one) == head(other),
        (Object::Opaque(a), Object::Opaque(b)) if a.kind == "sequence" => b.kind == "sequence",
        (Object::Opaque(a), Object::Opaque(b)) if a.kind == "composite type" => {
            a.kind == b.kind && plan::regrown(&a.definition, &b.definition).is_some()
        }
        // Their rows come along.
        (Object::Opaque(a), Object::Opaque(b)) if a.kind == "virtual table" => a.kind == b.kind,
        (Object::Opaque(a), Object::Opaque(b)) => a.setting && b.setting,
        (Object::Index(_, a), Object::Index(_, b)) => {
            let mut bare = (*a).clone();
            bare.comment.clone_from(&b.comment);
            bare == **b
        }
        (Object::ForeignKey(_, a), Object::ForeignKey(_, b)) => {
            let mut bare = (*a).clone();
            bare.comment.clone_from(&b.comment);
            // A key that was not looked at yet can be.
            bare.validated |= b.validated;
            bare == **b
        }
        _ => false,
    }
}

/// Name, arguments and result of a function as the server prints them, where it can be made in the place of another.
fn head(object: &Object<'_>) -> Option<(String, String)> {
    match object {
        Object::Function(function) => {
            let arguments = function.arguments.iter().map(|each| {
                let default = each.default.as_ref().map(|value| format!(" DEFAULT {value}"));
                let text = format!("{} {}{}", each.name, each.ty, default.unwrap_or_default());
                text.trim_start().to_owned()
            });
            let arguments: Vec<String> = arguments.collect();
            let name = format!(
                "CREATE OR REPLACE FUNCTION {}({})",
                function.name,
                arguments.join(", ")
            );
            Some((name, format!(" RETURNS {}", function.returns)))
        }
        Object::Opaque(opaque) if opaque.definition.starts_with("CREATE OR REPLACE ") => {
            let mut lines = opaque.definition.lines();
            Some((lines.next()?.to_owned(), lines.next()?.to_owned()))
        }
        _ => None,
    }
}

/// Whether an enum loses members, or has them in another order; or a domain is of another type.
pub(crate) fn retyped(one: &Object<'_>, other: &Object<'_>) -> bool {
    match (one, other) {
        (Object::Type(a), Object::Type(b)) => match (&a.kind, &b.kind) {
            (NamedTypeKind::Enum(a), NamedTypeKind::Enum(b)) => !grows(a, b),
            (NamedTypeKind::Domain { base: a, .. }, NamedTypeKind::Domain { base: b, .. }) => a != b,
            _ => false,
        },
        _ => false,
    }
}

/// Tables whose rows are cut into partitions otherwise than before: they are made anew.
pub(crate) fn recut(from: &Side<'_>, to: &Side<'_>) -> BTreeSet<Name> {
    let cut = |table: &Table| {
        let by = table
            .partitioned
            .as_ref()
            .map(|each| (each.by, each.columns.clone()));
        (by, table.partition_key.clone())
    };
    let other = |table: &&Table| {
        let is = to.canonical_table(&table.name);
        is.is_some_and(|is| cut(is) != cut(table))
    };
    let tables = from.canonical.tables.iter().filter(other);
    tables.map(|table| table.name.clone()).collect()
}

/// Whether an enum only gains members.
fn grows(from: &[String], to: &[String]) -> bool {
    let mut kept = to.iter().filter(|member| from.contains(member));
    from.iter().all(|member| kept.next() == Some(member))
}

/// What is to be done with two tables of one name; `None` when nothing is.
pub(crate) fn table<'a>(
    (from, to): (&Side<'a>, &Side<'a>),
    (old, new): (&'a Table, &'a Table),
    parts: &Parts,
) -> Option<TableChange<'a>> {
    let was = from.canonical_table(&old.name)?;
    let is = to.canonical_table(&new.name)?;
    let below = parts.below(&old.name, (from, to));
    let heirs = parts.heirs(&old.name, (from, to));
    if was == is && below.is_empty() && parts.whole(&old.name).is_none() {
        return None;
    }
    let mut edits = Vec::new();
    let whole = parts.whole(&old.name);
    let whole = whole.and_then(|name| Some((from.table(name)?, to.table(name)?)));
    let own = columns(to, (was, is), (old, new));
    checks_that_go(was, is, (old, whole), &mut edits);
    keys_that_go((was, is), old, parts, &mut edits);
    let again = made_again(&own, (old, new), (from, to), whole.is_some());
    edits.extend(again.iter().map(|(goes, _)| *goes));
    edits.extend(
        own.into_iter()
            .filter(|edit| !reached((from, to), (old, new), parts, edit)),
    );
    if below.is_empty() {
        edits.extend(keys_that_come((was, is), new, parts));
    }
    checks_that_come(was, is, (new, whole), &mut edits);
    edits.extend(again.iter().map(|(_, comes)| *comes));
    partitions(was, is, old, new, &mut edits);
    let keys_differ = to.dialect.keys_in_tables && was.foreign_keys != is.foreign_keys;
    let said_otherwise = said_otherwise((was.written.table.as_ref(), is.written.table.as_ref()));
    if keys_differ
        || said_otherwise
        || settings(was, is) != settings(is, was)
        || inner_comments(was) != inner_comments(is)
    {
        edits.push(Edit::Settings);
    }
    (!edits.is_empty()).then_some(TableChange {
        from: old,
        to: new,
        edits,
        parts: if below.is_empty() { heirs } else { below },
        stays: Vec::new(),
        beside: None,
        databases: (from.given, to.given),
    })
}

/// Columns that go and come again, here or on the way back: what is made of them goes along.
pub(crate) fn renewed(edits: &[Edit<'_>]) -> BTreeSet<String> {
    let comes = |name: &Ident| {
        edits
            .iter()
            .any(|edit| matches!(edit, Edit::AddColumn(column) if column.name == *name))
    };
    let names = edits.iter().filter_map(|edit| match edit {
        Edit::DropColumn(column) if comes(&column.name) => Some(&column.name),
        Edit::ChangeColumn(before, after) if before.generated.is_some() && after.generated.is_none() => {
            Some(&before.name)
        }
        _ => None,
    });
    names.map(Ident::to_string).collect()
}

/// Columns of another type: the server reads expressions of them anew, and may find another meaning.
pub(crate) fn recast(edits: &[Edit<'_>]) -> BTreeSet<String> {
    let text = |ty: &SqlType| matches!(ty, SqlType::Text | SqlType::Varchar(_));
    let named = |ty: &SqlType| matches!(ty, SqlType::Named(_) | SqlType::Other(_) | SqlType::Array(_));
    let same = |one: &SqlType, other: &SqlType| {
        text(one) && text(other)
            || !named(one) && std::mem::discriminant(one) == std::mem::discriminant(other)
    };
    let other = |one: &SqlType, other: &SqlType| one != other && !same(one, other);
    let names = edits.iter().filter_map(|edit| match edit {
        Edit::ChangeColumn(before, after) if other(&before.ty, &after.ty) => Some(&before.name),
        _ => None,
    });
    names.map(Ident::to_string).collect()
}

/// Whether an expression names one of these columns.
pub(crate) fn speaks_of(expr: &Expr, columns: &BTreeSet<String>) -> bool {
    let mut found = match expr {
        Expr::Sql(sql) => mentions(sql, &|name| columns.contains(name)),
        Expr::Column { name, .. } => columns.contains(name.as_str()),
        _ => false,
    };
    expr.children(&mut |child| found |= speaks_of(child, columns));
    found
}

/// Constraints that are the same and have to go and come all the same, with columns that they are of.
fn made_again<'a>(
    own: &[Edit<'a>],
    (old, new): (&'a Table, &'a Table),
    (from, to): (&Side<'a>, &Side<'a>),
    is_part: bool,
) -> Vec<(Edit<'a>, Edit<'a>)> {
    let (Some(was), Some(is)) = (from.canonical_table(&old.name), to.canonical_table(&new.name)) else {
        return Vec::new();
    };
    let (mut all, renewed) = (recast(own), renewed(own));
    all.extend(renewed.iter().cloned());
    if all.is_empty() || is_part || to.dialect.keys_in_tables {
        return Vec::new();
    }
    let mut out = Vec::new();
    for check in old.checks.iter().filter(|check| speaks_of(&check.expr, &all)) {
        let again = new.checks.iter().find(|other| other.name == check.name);
        let again = again.filter(|_| check_stays(was, is, &check.name));
        out.extend(again.map(|again| (Edit::DropCheck(check), Edit::AddCheck(again))));
    }
    for unique in &old.uniques {
        let of = unique
            .columns
            .iter()
            .any(|column| renewed.contains(column.as_str()));
        let again = new.uniques.iter().find(|other| other.name == unique.name);
        let again = again.filter(|_| of && stays_unique(was, is, &unique.name));
        out.extend(again.map(|again| (Edit::DropUnique(unique), Edit::AddUnique(again))));
    }
    out
}

/// A table without what is compared apart.
fn settings(table: &Table, other: &Table) -> Table {
    let mut bare = table.clone();
    // Columns that a parent gains or loses come and go with it.
    if let Some(inherits) = &mut bare.inherits {
        let stays =
            |name: &Ident| table.column(name.as_str()).is_some() && other.column(name.as_str()).is_some();
        inherits.columns.retain(stays);
        inherits.columns.sort();
    }
    bare.columns.clear();
    bare.primary_key = None;
    bare.uniques.clear();
    bare.checks.clear();
    bare.foreign_keys.clear();
    bare.indexes.clear();
    bare.triggers.clear();
    bare.policies.clear();
    bare.partitioned = None;
    bare.partition_of = None;
    bare.grants.sort();
    bare
}

/// Comments on constraints, by name.
fn inner_comments(table: &Table) -> BTreeMap<String, Option<String>> {
    let uniques = table
        .uniques
        .iter()
        .map(|each| (each.name.to_string(), each.comment.clone()));
    let checks = table
        .checks
        .iter()
        .map(|each| (each.name.to_string(), each.comment.clone()));
    uniques.chain(checks).filter(|(_, text)| text.is_some()).collect()
}

/// Before and after, where both are there.
type Both<'a> = Option<(&'a Table, &'a Table)>;

fn has_check(table: &Table, name: &Ident) -> bool {
    table.checks.iter().any(|check| check.name == *name)
}

/// Whether a check is in both, and says the same.
pub(crate) fn check_stays(was: &Table, is: &Table, name: &Ident) -> bool {
    let of = |table: &Table| {
        let found = table.checks.iter().find(|check| check.name == *name);
        found.map(|check| (check.expr.clone(), check.validated))
    };
    of(was).is_some() && of(was) == of(is)
}

/// Checks of a partition that its whole has, too, go and come with that.
fn checks_that_go<'a>(
    was: &Table,
    is: &Table,
    (old, whole): (&'a Table, Both<'_>),
    edits: &mut Vec<Edit<'a>>,
) {
    for check in &old.checks {
        let with_whole = whole.is_some_and(|(before, _)| has_check(before, &check.name));
        if !with_whole && !check_stays(was, is, &check.name) {
            edits.push(Edit::DropCheck(check));
        }
    }
}

fn checks_that_come<'a>(
    was: &Table,
    is: &Table,
    (new, whole): (&'a Table, Both<'_>),
    edits: &mut Vec<Edit<'a>>,
) {
    for check in &new.checks {
        let of_whole = whole.map(|(before, after)| {
            let has = |table| has_check(table, &check.name);
            (has(before), has(after))
        });
        let comes = match of_whole {
            Some((_, true)) => false,
            Some((true, false)) => true,
            _ => !check_stays(was, is, &check.name),
        };
        if comes {
            edits.push(Edit::AddCheck(check));
        }
    }
}

/// Whether an index, primary key or unique constraint is the same before and after.
pub(crate) fn key_stays((from, to): (&Side<'_>, &Side<'_>), table: &Name, key: &Ident) -> bool {
    let (Some(was), Some(is)) = (from.canonical_table(table), to.canonical_table(table)) else {
        return false;
    };
    let primary = |table: &Table| table.primary_key.as_ref().is_some_and(|each| each.name == *key);
    if primary(was) {
        return was.primary_key == is.primary_key;
    }
    let index = |table: &Table| {
        let found = table.indexes.iter().find(|each| each.name == *key).cloned();
        found.map(|mut index| {
            index.comment = None;
            index
        })
    };
    if index(was).is_some() {
        return index(was) == index(is);
    }
    // One that is not valid yet is kept as text.
    let text = |side: &Side<'_>| {
        let mut name = table.clone();
        name.name.clone_from(key);
        let mut all = side.canonical.opaque.iter();
        let found = all.find(|each| each.kind == "index" && each.name == name);
        found.map(|each| each.definition.clone())
    };
    stays_unique(was, is, key) || text(from).is_some() && text(from) == text(to)
}

fn keys_that_go<'a>((was, is): (&Table, &Table), old: &'a Table, parts: &Parts, edits: &mut Vec<Edit<'a>>) {
    for unique in &old.uniques {
        if parts.is_lost(&old.name, &unique.name) {
            edits.push(Edit::LoseUnique(unique));
        } else if !stays_unique(was, is, &unique.name) || parts.is_broken(&old.name, &unique.name) {
            edits.push(Edit::DropUnique(unique));
        }
    }
    if let Some(key) = &old.primary_key {
        if parts.is_lost(&old.name, &key.name) {
            edits.push(Edit::LosePrimaryKey(key));
        } else if was.primary_key != is.primary_key || parts.is_broken(&old.name, &key.name) {
            edits.push(Edit::DropPrimaryKey(key));
        }
    }
}

/// Keys that come, as edits of their table. Those of a table with partitions come when these have theirs.
pub(crate) fn keys_that_come<'a>(
    (was, is): (&Table, &Table),
    new: &'a Table,
    parts: &Parts,
) -> Vec<Edit<'a>> {
    let primary = new
        .primary_key
        .as_ref()
        .map(|key| (Key::Primary(key), was.primary_key == is.primary_key));
    let uniques = new
        .uniques
        .iter()
        .map(|unique| (Key::Unique(unique), stays_unique(was, is, &unique.name)));
    let come = primary
        .into_iter()
        .chain(uniques)
        .filter(|(key, stays)| !stays || parts.is_broken(&new.name, key.name()));
    come.map(|(key, _)| match (parts.whole_of(new, key.name()), key) {
        (Some(_), key) => Edit::AddPart(key),
        (None, Key::Primary(key)) => Edit::AddPrimaryKey(key),
        (None, Key::Unique(unique)) => Edit::AddUnique(unique),
    })
    .collect()
}

fn stays_unique(was: &Table, is: &Table, name: &Ident) -> bool {
    let bare = |table: &Table| {
        let found = table.uniques.iter().find(|each| each.name == *name).cloned();
        found.map(|mut unique| {
            unique.comment = None;
            unique
        })
    };
    bare(was).is_some() && bare(was) == bare(is)
}

/// Whether a change of a partition's column is reached by one of the same column of its whole, which then speaks for both; so it is with
/// a column that is inherited.
fn reached(
    (from, to): (&Side<'_>, &Side<'_>),
    (table, after): (&Table, &Table),
    parts: &Parts,
    edit: &Edit<'_>,
) -> bool {
    let column = match edit {
        Edit::DropColumn(column) | Edit::AddColumn(column) | Edit::ChangeColumn(_, column) => &column.name,
        _ => return false,
    };
    let of = |side: &Side<'_>, whole: &Name| {
        let whole = side.canonical_table(whole);
        whole.and_then(|whole| whole.column(column.as_str()).cloned())
    };
    let Some(root) = parts.root(&table.name) else {
        let only = |heir: &Table| {
            heir.inherits
                .as_ref()
                .is_some_and(|inherits| inherits.columns.contains(column))
        };
        let inherited = match edit {
            Edit::DropColumn(_) => only(table),
            Edit::AddColumn(_) => only(after),
            _ => true,
        };
        return inherited
            && ancestors(&table.name, parts)
                .iter()
                .any(|parent| of(from, parent) != of(to, parent));
    };
    of(from, root) != of(to, root)
}

/// All that a table inherits from, by others or not.
fn ancestors<'p>(table: &Name, parts: &'p Parts) -> Vec<&'p Name> {
    let mut out: Vec<&Name> = parts.parents(table).iter().collect();
    let mut next = 0;
    while let Some(parent) = out.get(next).copied() {
        let more: Vec<&Name> = parts
            .parents(parent)
            .iter()
            .filter(|name| !out.contains(name))
            .collect();
        out.extend(more);
        next += 1;
    }
    out
}

fn columns<'a>(
    side: &Side<'_>,
    (was, is): (&Table, &Table),
    (old, new): (&'a Table, &'a Table),
) -> Vec<Edit<'a>> {
    let mut edits = Vec::new();
    let gone = old
        .columns
        .iter()
        .filter(|column| side.column(new, &column.name).is_none());
    edits.extend(gone.map(Edit::DropColumn));
    for column in &new.columns {
        let Some(before) = side.column(old, &column.name) else {
            edits.push(Edit::AddColumn(column));
            continue;
        };
        let (a, b) = (was.column(before.name.as_str()), is.column(column.name.as_str()));
        if remade(a, b) {
            edits.push(Edit::DropColumn(before));
            edits.push(Edit::AddColumn(column));
        } else if a != b {
            edits.push(Edit::ChangeColumn(before, column));
        }
    }
    edits
}

/// What a column is computed from cannot be changed: it is another column.
fn remade(was: Option<&Column>, is: Option<&Column>) -> bool {
    let computed = |column: Option<&Column>| column.and_then(|column| column.generated.clone());
    computed(is).is_some() && computed(was) != computed(is)
}

fn partitions<'a>(was: &Table, is: &Table, old: &'a Table, new: &'a Table, edits: &mut Vec<Edit<'a>>) {
    let of = |table: &Table| {
        let partitioned = table.partitioned.clone();
        partitioned.map(|each| each.partitions).unwrap_or_default()
    };
    // Where a function makes partitions as time goes, only those count that the canonical form keeps.
    let managed = |table: &Table| table.partitioned.as_ref().is_some_and(|each| each.managed);
    let (before, after) = if managed(old) || managed(new) {
        (of(was), of(is))
    } else {
        (of(old), of(new))
    };
    let listed = |table: &'a Table| table.partitioned.iter().flat_map(|each| &each.partitions);
    let one_of = |all: &[Partition], partition: &Partition| {
        all.iter().find(|each| each.name == partition.name).cloned()
    };
    let stays = |partition: &Partition| {
        let (was, is) = (one_of(&before, partition), one_of(&after, partition));
        was == is
    };
    let gone = listed(old).filter(|partition| !stays(partition));
    let come = listed(new).filter(|partition| !stays(partition));
    edits.extend(gone.map(Edit::DropPartition));
    edits.extend(come.map(Edit::AddPartition));
}

/// The names of tables that changes of a column reach beyond the table itself: its type, or that it goes.
pub(crate) fn upset(change: &TableChange<'_>) -> BTreeSet<String> {
    let mut columns = BTreeSet::new();
    for edit in &change.edits {
        match edit {
            Edit::DropColumn(column) => {
                columns.insert(column.name.to_string());
            }
            Edit::ChangeColumn(before, after)
                if before.ty != after.ty
                    || before.collation != after.collation
                    || before.generated.is_some() != after.generated.is_some() =>
            {
                columns.insert(before.name.to_string());
            }
            _ => {}
        }
    }
    columns
}

/// Whether the sequence behind an identity column comes or goes.
pub(crate) fn recounts(change: &TableChange<'_>, column: &str) -> bool {
    change.edits.iter().any(|edit| match edit {
        Edit::AddColumn(each) | Edit::DropColumn(each) => each.name.as_str() == column,
        Edit::ChangeColumn(before, after) => {
            after.name.as_str() == column && before.identity.is_some() != after.identity.is_some()
        }
        _ => false,
    })
}

/// Whether a key that foreign keys may lean on goes, even if it comes again.
pub(crate) fn loses_key(change: &TableChange<'_>) -> bool {
    let goes = |edit: &Edit<'_>| {
        matches!(
            edit,
            Edit::DropPrimaryKey(_) | Edit::DropUnique(_) | Edit::LosePrimaryKey(_) | Edit::LoseUnique(_)
        )
    };
    change.edits.iter().any(goes)
}

/// The name of a table that an object stands on.
pub(crate) fn table_of<'a>(object: &Object<'a>) -> Option<&'a Name> {
    match object {
        Object::ForeignKey(table, _)
        | Object::Index(table, _)
        | Object::Place(table, _)
        | Object::Trigger(table, _)
        | Object::Policy(table, _)
        | Object::RowSecurity(table)
        | Object::Grants(table)
        | Object::Table(table, _) => Some(&table.name),
        // A key holds another table, too.
        Object::Opaque(opaque) if opaque.kind != "constraint" => opaque.depends_on.first(),
        _ => None,
    }
}
