//! What differs between two schemas, object by object.
//!
//! Objects are the same when they have the same name in the same place. Two of one name are compared in their canonical form; what is
//! put into words is always the form in which it was given.

use std::collections::{BTreeMap, BTreeSet};

use physical::{Column, Database, Function, Ident, Name, NamedTypeKind, Partition, Table};
use plan::{Edit, Object, Relational, TableChange};

/// A database with its canonical form.
pub(crate) struct Side<'a> {
    pub(crate) given: &'a Database,
    pub(crate) canonical: Database,
    pub(crate) dialect: &'a Relational,
}

impl<'a> Side<'a> {
    /// A table by name, whatever its letters where the database does not tell them apart.
    pub(crate) fn table(&self, name: &Name) -> Option<&'a Table> {
        let found = self.given.table(name);
        found.or_else(|| {
            let tables = self.dialect.folds_case.then_some(&self.given.tables)?;
            tables
                .iter()
                .find(|table| self.alike(&table.name.name, &name.name))
        })
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
        Object::Trigger(table, trigger) => format!("trigger {} of {}", trigger.name, table.name),
        Object::RowSecurity(table) => format!("row-level security of {}", table.name),
        Object::Policy(table, policy) => format!("policy {} of {}", policy.name, table.name),
        Object::View(view) => format!("view {}", view.name),
        Object::Grants(table) => format!("rights on {}", table.name),
        Object::Seed(seed, _) => format!("rows of {}", seed.table),
        Object::Opaque(opaque) => format!("{} {}", opaque.kind, opaque.name),
    }
}

fn signature(function: &Function) -> String {
    let types: Vec<&str> = function
        .arguments
        .iter()
        .map(|argument| argument.ty.as_str())
        .collect();
    format!("function {}({})", function.name, types.join(", "))
}

/// Objects that stand by themselves or on a table; tables aside.
pub(crate) fn objects(database: &Database) -> Vec<Object<'_>> {
    let mut all: Vec<Object<'_>> = Vec::new();
    all.extend(database.roles.iter().map(Object::Role));
    all.extend(database.schemas.iter().map(Object::Schema));
    all.extend(database.extensions.iter().map(Object::Extension));
    all.extend(database.types.iter().map(Object::Type));
    all.extend(database.functions.iter().map(Object::Function));
    all.extend(database.views.iter().map(Object::View));
    all.extend(database.opaque.iter().map(Object::Opaque));
    for table in &database.tables {
        all.extend(
            table
                .foreign_keys
                .iter()
                .map(|key| Object::ForeignKey(table, key)),
        );
        all.extend(table.indexes.iter().map(|index| Object::Index(table, index)));
        all.extend(
            table
                .triggers
                .iter()
                .map(|trigger| Object::Trigger(table, trigger)),
        );
        all.extend(table.policies.iter().map(|policy| Object::Policy(table, policy)));
    }
    all
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
        _ => false,
    }
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
            _ => a.kind == b.kind,
        },
        // What only says more about a thing says it again.
        (Object::Opaque(a), Object::Opaque(b)) => {
            let more = a.undo.is_none() && a.depends_on.contains(&a.name);
            // Its rows come along.
            more || a.kind == "virtual table" && a.kind == b.kind
        }
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

/// Whether an enum only gains members.
fn grows(from: &[String], to: &[String]) -> bool {
    let mut kept = to.iter().filter(|member| from.contains(member));
    from.iter().all(|member| kept.next() == Some(member))
}

/// What is to be done with two tables of one name; `None` when nothing is.
pub(crate) fn table<'a>(
    (from, to): (&Side<'a>, &Side<'a>),
    (old, new): (&'a Table, &'a Table),
) -> Option<TableChange<'a>> {
    let was = from.canonical.table(&old.name)?;
    let is = to.canonical.table(&new.name)?;
    let mut edits = Vec::new();
    constraints_that_go(was, is, old, &mut edits);
    columns(to, (was, is), (old, new), &mut edits);
    constraints_that_come(was, is, new, &mut edits);
    partitions(was, is, old, new, &mut edits);
    let keys_differ = to.dialect.keys_in_tables && was.foreign_keys != is.foreign_keys;
    let said_otherwise = said_otherwise((was.written.table.as_ref(), is.written.table.as_ref()));
    if keys_differ
        || said_otherwise
        || settings(was) != settings(is)
        || inner_comments(was) != inner_comments(is)
    {
        edits.push(Edit::Settings);
    }
    (!edits.is_empty()).then_some(TableChange {
        from: old,
        to: new,
        edits,
        stays: Vec::new(),
        databases: (from.given, to.given),
    })
}

/// A table without what is compared apart.
fn settings(table: &Table) -> Table {
    let mut bare = table.clone();
    bare.columns.clear();
    bare.primary_key = None;
    bare.uniques.clear();
    bare.checks.clear();
    bare.foreign_keys.clear();
    bare.indexes.clear();
    bare.triggers.clear();
    bare.policies.clear();
    bare.partitioned = None;
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

fn constraints_that_go<'a>(was: &Table, is: &Table, old: &'a Table, edits: &mut Vec<Edit<'a>>) {
    for check in &old.checks {
        let before = was.checks.iter().find(|each| each.name == check.name);
        let after = is.checks.iter().find(|each| each.name == check.name);
        let stays =
            matches!((before, after), (Some(a), Some(b)) if a.expr == b.expr && a.validated == b.validated);
        if !stays {
            edits.push(Edit::DropCheck(check));
        }
    }
    for unique in &old.uniques {
        if !stays_unique(was, is, &unique.name) {
            edits.push(Edit::DropUnique(unique));
        }
    }
    if let Some(key) = old
        .primary_key
        .as_ref()
        .filter(|_| was.primary_key != is.primary_key)
    {
        edits.push(Edit::DropPrimaryKey(key));
    }
}

fn stays_unique(was: &Table, is: &Table, name: &physical::Ident) -> bool {
    let bare = |table: &Table| {
        let found = table.uniques.iter().find(|each| each.name == *name).cloned();
        found.map(|mut unique| {
            unique.comment = None;
            unique
        })
    };
    bare(was).is_some() && bare(was) == bare(is)
}

fn columns<'a>(
    side: &Side<'_>,
    (was, is): (&Table, &Table),
    (old, new): (&'a Table, &'a Table),
    edits: &mut Vec<Edit<'a>>,
) {
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
}

/// What a column is computed from cannot be changed: it is another column.
fn remade(was: Option<&Column>, is: Option<&Column>) -> bool {
    let computed = |column: Option<&Column>| column.and_then(|column| column.generated.clone());
    computed(is).is_some() && computed(was) != computed(is)
}

fn constraints_that_come<'a>(was: &Table, is: &Table, new: &'a Table, edits: &mut Vec<Edit<'a>>) {
    if let Some(key) = new
        .primary_key
        .as_ref()
        .filter(|_| was.primary_key != is.primary_key)
    {
        edits.push(Edit::AddPrimaryKey(key));
    }
    for unique in &new.uniques {
        if !stays_unique(was, is, &unique.name) {
            edits.push(Edit::AddUnique(unique));
        }
    }
    for check in &new.checks {
        let before = was.checks.iter().find(|each| each.name == check.name);
        let after = is.checks.iter().find(|each| each.name == check.name);
        let stays =
            matches!((before, after), (Some(a), Some(b)) if a.expr == b.expr && a.validated == b.validated);
        if !stays {
            edits.push(Edit::AddCheck(check));
        }
    }
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
                if before.ty != after.ty || before.collation != after.collation =>
            {
                columns.insert(before.name.to_string());
            }
            _ => {}
        }
    }
    columns
}

/// Whether a key that foreign keys may lean on goes, even if it comes again.
pub(crate) fn loses_key(change: &TableChange<'_>) -> bool {
    let goes = |edit: &Edit<'_>| matches!(edit, Edit::DropPrimaryKey(_) | Edit::DropUnique(_));
    change.edits.iter().any(goes)
}

/// The name of a table that an object stands on.
pub(crate) fn table_of<'a>(object: &Object<'a>) -> Option<&'a Name> {
    match object {
        Object::ForeignKey(table, _)
        | Object::Index(table, _)
        | Object::Trigger(table, _)
        | Object::Policy(table, _)
        | Object::RowSecurity(table)
        | Object::Grants(table)
        | Object::Table(table, _) => Some(&table.name),
        _ => None,
    }
}
