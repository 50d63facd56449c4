//! What is set aside in place of going for good.
//!
//! A table moves to another schema as it is: nothing is copied, however large it is. Values of columns are copied with the key of each row
//! while everybody waits, since what were written in between would be lost.

use physical::{Column, Ident, Name, NamedType, NamedTypeKind, RowSecurity, SqlType, Table};
use plan::{Action, Edit, Hazard, Keep, Lock, Object, Phase, Section, Step, TableChange, Undo, row_key};

use super::alter::{self, one, quoted};
use super::column::{conversion, widens};
use super::{in_use, locking, routine, shown, step};
use crate::postgres::{ident, types};

/// Puts into words what is set aside.
pub(in super::super) fn keep(what: &Keep<'_>) -> Option<Vec<Step>> {
    match what {
        Keep::Place(place) => Some(vec![new_place(place)]),
        Keep::Table(table, keys, place) => Some(table_moves(table, keys, place)),
        Keep::Along(object) => Some(along(object)),
        Keep::Needed(object, place) => needed(object, place).map(|step| vec![step]),
        Keep::Columns(change, place) => columns(change, place),
        Keep::Retyped { from, was, place } => {
            let mut old = (*from).clone();
            old.name.clone_from(was);
            needed(&Object::Type(&old), place).map(|step| vec![step])
        }
    }
}

fn new_place(place: &Ident) -> Step {
    let name = quoted(place);
    let why = "What a migration took out of the schema, until `architrave migrate contract` destroys it";
    step(
        format!("schema {place}, for what is set aside"),
        Section::Access,
        vec![
            format!("CREATE SCHEMA {name}"),
            super::said("SCHEMA", &name, Some(why)),
        ],
        Undo::Sql(vec![format!("DROP SCHEMA {name}")]),
        physical::Origin::Found,
    )
}

/// `ALTER what name SET SCHEMA place`, and back.
fn moves(kind: &str, name: &Name, arguments: &str, place: &Ident) -> (String, String) {
    let there = Name {
        schema: Some(place.clone()),
        name: name.name.clone(),
    };
    let home = name.schema.clone().unwrap_or_else(|| Ident::new("public"));
    let word = |from: &Name, to: &Ident| {
        format!(
            "ALTER {kind} {}{arguments} SET SCHEMA {}",
            ident::name(from),
            quoted(to)
        )
    };
    (word(name, place), word(&there, &home))
}

/// A table moves with its rows, indexes and constraints; only keys that would bind the rows of others are taken off.
fn table_moves(table: &Table, keys: &[usize], place: &Ident) -> Vec<Step> {
    let name = ident::name(&table.name);
    let mut forth = Vec::new();
    let mut back = Vec::new();
    for key in keys.iter().filter_map(|at| table.foreign_keys.get(*at)) {
        let made = in_use::drop(&Object::ForeignKey(table, key));
        let Action::Sql(statements) = made.action;
        forth.extend(statements);
        if let Undo::Sql(statements) = made.undo {
            back.extend(statements);
        }
    }
    let partitions = table.partitioned.iter().flat_map(|each| &each.partitions);
    let tables = std::iter::once(&table.name).chain(partitions.map(|each| &each.name));
    for (at, each) in tables.enumerate() {
        let (there, again) = moves("TABLE", each, "", place);
        forth.push(there);
        back.insert(at, again);
    }
    let made = one(
        table,
        format!("table {} is set aside", shown(&table.name)),
        forth,
        back,
    );
    vec![contracts(made, &name)]
}

fn contracts(made: Step, name: &str) -> Step {
    let code = vec![Hazard::BreaksCode(format!("whatever still names {name}"))];
    let mut made = locking(made, Lock::AccessExclusive, code);
    made.phase = Phase::Contract;
    made
}

/// What is a part of the table stays one. What would do something, or lean on what goes, is removed, and made again on the way back.
fn along(object: &Object<'_>) -> Vec<Step> {
    let stays = match object {
        Object::Trigger(..) | Object::Policy(..) | Object::ForeignKey(..) => false,
        Object::Opaque(opaque) => {
            opaque.setting
                || matches!(
                    opaque.kind.as_str(),
                    "constraint" | "index" | "identity sequence name"
                )
        }
        _ => true,
    };
    if stays {
        return Vec::new();
    }
    vec![in_use::drop(object)]
}

/// What a table that is set aside needs moves, too.
fn needed(object: &Object<'_>, place: &Ident) -> Option<Step> {
    let (kind, name, arguments) = match object {
        Object::Type(ty) => (type_word(ty), &ty.name, String::new()),
        Object::Function(function) => {
            let signature = routine::signature(function);
            let arguments = signature.get(ident::name(&function.name).len()..)?;
            ("FUNCTION", &function.name, arguments.to_owned())
        }
        Object::Opaque(opaque) => {
            let kind = match opaque.kind.as_str() {
                "sequence" => "SEQUENCE",
                "domain" => "DOMAIN",
                "type" | "base type" | "composite type" | "range type" => "TYPE",
                _ => return None,
            };
            (kind, &opaque.name, String::new())
        }
        _ => return None,
    };
    let (forth, back) = moves(kind, name, &arguments, place);
    let made = step(
        format!("{} {} is set aside", kind.to_lowercase(), shown(name)),
        Section::Types,
        vec![forth],
        Undo::Sql(vec![back]),
        physical::Origin::Found,
    );
    Some(contracts(made, &shown(name)))
}

const fn type_word(ty: &NamedType) -> &'static str {
    match ty.kind {
        NamedTypeKind::Enum(_) => "TYPE",
        NamedTypeKind::Domain { .. } => "DOMAIN",
    }
}

/// The change of a table, with what it would lose set aside before.
fn columns(change: &TableChange<'_>, place: &Ident) -> Option<Vec<Step>> {
    let gone = change.edits.iter().filter_map(|edit| match edit {
        Edit::DropColumn(column) if column.generated.is_none() => Some(*column),
        _ => None,
    });
    let gone: Vec<&Column> = gone.collect();
    let narrowed: Vec<(&Column, &Column)> = change
        .edits
        .iter()
        .filter_map(|edit| match edit {
            Edit::ChangeColumn(before, after) if narrows(before, after) => Some((*before, *after)),
            _ => None,
        })
        .collect();
    if gone.is_empty() && narrowed.is_empty() || is_inherited(change) {
        return None;
    }
    let key = row_key(change, |_, column| !column.nullable)?;
    let bare = Bare::of(change, &gone);
    let mut steps = bare.first_edits(change);
    if !gone.is_empty() {
        steps.extend(
            gone.iter()
                .filter(|column| column.identity.is_some())
                .map(|column| counting(change.from, column)),
        );
        steps.extend(bare.emptied(change, &gone));
        steps.push(values_aside(change, key, &gone, place));
    }
    for (before, after) in narrowed {
        steps.push(narrowed_aside(change, key, (before, after), place));
    }
    steps.extend(bare.other_edits(change, &gone));
    Some(steps)
}

/// Once an identity column is there again, it goes on behind the numbers that came back.
fn counting(table: &Table, column: &Column) -> Step {
    let name = ident::name(&table.name);
    let sequence = format!(
        "pg_get_serial_sequence({}, {})",
        ident::text(&name),
        ident::text(column.name.as_str())
    );
    let own = quoted(&column.name);
    let back = seeing_all(
        table,
        vec![format!("SELECT setval({sequence}, max({own})) FROM {name}")],
    );
    one(
        table,
        format!("numbers of {}.{}", shown(&table.name), column.name),
        Vec::new(),
        back,
    )
}

/// Rows of those that inherit are rows of the table, and no key holds them all apart.
fn is_inherited(change: &TableChange<'_>) -> bool {
    let (from, name) = (change.databases.0, &change.from.name);
    let mut heirs = from.tables.iter().filter_map(|table| table.inherits.as_ref());
    change.from.inherits.is_some() || heirs.any(|heir| heir.parents.contains(name))
}

/// Whether values may become less than they were.
fn narrows(before: &Column, after: &Column) -> bool {
    before.ty != after.ty
        && !widens(&before.ty, &after.ty)
        && before.generated.is_none()
        && after.generated.is_none()
}

/// A table and its partitions whose columns that go may be empty, as they are between coming back and being filled.
struct Bare {
    table: Table,
    parts: Vec<Table>,
}

impl Bare {
    fn of(change: &TableChange<'_>, gone: &[&Column]) -> Self {
        let bare = |table: &Table| {
            let mut table = table.clone();
            let names = |column: &&mut Column| gone.iter().any(|each| each.name == column.name);
            for column in table.columns.iter_mut().filter(names) {
                column.nullable = true;
                column.identity = None;
            }
            table
        };
        Self {
            table: bare(change.from),
            parts: change.parts.iter().map(|(was, _)| bare(was)).collect(),
        }
    }

    /// The edits that come before those of columns.
    fn first_edits(&self, change: &TableChange<'_>) -> Vec<Step> {
        let mut first = change.clone();
        first.edits.retain(is_first);
        alter::table(&first)
    }

    /// Columns that go may be empty.
    fn emptied(&self, change: &TableChange<'_>, gone: &[&Column]) -> Vec<Step> {
        let wanted = |column: &&&Column| !column.nullable || column.identity.is_some();
        let edits = gone.iter().filter(&wanted).filter_map(|column| {
            let bare = self.table.column(column.name.as_str())?;
            Some(Edit::ChangeColumn(column, bare))
        });
        let relaxed = TableChange {
            from: change.from,
            to: &self.table,
            edits: edits.collect(),
            parts: change
                .parts
                .iter()
                .map(|(was, _)| *was)
                .zip(&self.parts)
                .collect(),
            stays: Vec::new(),
            beside: None,
            databases: change.databases,
        };
        let mut steps = alter::table(&relaxed);
        for (step, column) in steps.iter_mut().zip(gone.iter().filter(wanted)) {
            step.title = format!("column {}.{} may be empty", shown(&change.to.name), column.name);
        }
        steps
    }

    /// The others, which find the columns as they may be empty.
    fn other_edits(&self, change: &TableChange<'_>, gone: &[&Column]) -> Vec<Step> {
        let edits = change.edits.iter().filter(|edit| !is_first(edit));
        let edits = edits.map(|edit| match edit {
            Edit::DropColumn(column) => {
                let bare = self.table.column(column.name.as_str());
                Edit::DropColumn(bare.unwrap_or(column))
            }
            other => *other,
        });
        let rest = TableChange {
            from: &self.table,
            to: change.to,
            edits: edits.collect(),
            parts: self
                .parts
                .iter()
                .zip(change.parts.iter().map(|(_, is)| *is))
                .collect(),
            stays: Vec::new(),
            beside: change.beside.clone(),
            databases: change.databases,
        };
        let mut steps = alter::table(&rest);
        for column in gone {
            let lost = format!("the values of {}.{}", shown(&change.to.name), column.name);
            for step in &mut steps {
                step.hazards
                    .retain(|hazard| *hazard != Hazard::DataLoss(lost.clone()));
            }
        }
        steps
    }
}

const fn is_first(edit: &Edit<'_>) -> bool {
    matches!(
        edit,
        Edit::DropCheck(_)
            | Edit::DropUnique(_)
            | Edit::DropPrimaryKey(_)
            | Edit::LoseUnique(_)
            | Edit::LosePrimaryKey(_)
            | Edit::DropPartition(_)
    )
}

/// Whether a type goes nowhere, so that a column that is set aside can be of it.
fn is_plain(ty: &SqlType) -> bool {
    match ty {
        SqlType::Array(element) => is_plain(element),
        SqlType::Named(_) | SqlType::Other(_) => false,
        _ => true,
    }
}

/// A name for copies of values of a table. The tables that are set aside in the same place have no such names.
fn copy_name(table: &Table, what: &str, place: &Ident) -> Name {
    let end = format!(".{what}");
    let mut start = table.name.name.as_str();
    // PostgreSQL cuts names at 63 bytes.
    while start.len() + end.len() > 63 && !start.is_empty() {
        let mut chars = start.chars();
        chars.next_back();
        start = chars.as_str();
    }
    Name {
        schema: Some(place.clone()),
        name: Ident::new(format!("{start}{end}")),
    }
}

/// Statements around those that must see every row, also of a table whose owner sees only some, and that no trigger shall notice.
fn seeing_all(table: &Table, statements: Vec<String>) -> Vec<String> {
    let name = ident::name(&table.name);
    let mut out = Vec::new();
    let forced = table.row_security == RowSecurity::Forced;
    if forced {
        out.push(format!("ALTER TABLE {name} NO FORCE ROW LEVEL SECURITY"));
    }
    if table.row_security != RowSecurity::Off {
        out.push("SET LOCAL row_security = off".to_owned());
    }
    out.extend(statements);
    if table.row_security != RowSecurity::Off {
        out.push("SET LOCAL row_security = on".to_owned());
    }
    if forced {
        out.push(format!("ALTER TABLE {name} FORCE ROW LEVEL SECURITY"));
    }
    out
}

/// Statements that put values back, without anything that triggers would add to it. Triggers that do not stay are not there then.
fn quietly(change: &TableChange<'_>, update: String, copy: &str) -> Vec<String> {
    let table = change.from;
    let name = ident::name(&table.name);
    let fires = |object: &Object<'_>| match object {
        Object::Trigger(_, trigger) if trigger.enabled => Some(quoted(&trigger.name)),
        _ => None,
    };
    let mut out = Vec::new();
    let triggers: Vec<String> = change.stays.iter().filter_map(fires).collect();
    if !triggers.is_empty() {
        out.push(format!("ALTER TABLE {name} DISABLE TRIGGER USER"));
    }
    out.push(update);
    // One by one, since others may have been off before.
    out.extend(
        triggers
            .iter()
            .map(|trigger| format!("ALTER TABLE {name} ENABLE TRIGGER {trigger}")),
    );
    let mut out = seeing_all(table, out);
    out.push(format!("DROP TABLE {copy}"));
    out
}

fn same_row(key: &[Ident]) -> String {
    let each = |column: &Ident| {
        let own = quoted(column);
        format!("k.{own} = t.{own}")
    };
    key.iter().map(each).collect::<Vec<_>>().join(" AND ")
}

fn names(key: &[Ident]) -> Vec<String> {
    key.iter().map(quoted).collect()
}

/// Copies the values of columns that go.
fn values_aside(change: &TableChange<'_>, key: &[Ident], gone: &[&Column], place: &Ident) -> Step {
    let table = change.from;
    let name = ident::name(&table.name);
    let copy = ident::name(&copy_name(table, "columns", place));
    let mut taken = names(key);
    let mut given = Vec::new();
    for column in gone {
        let own = quoted(&column.name);
        // What its type is may go as well; its text stays what it says.
        if is_plain(&column.ty) {
            given.push(format!("{own} = k.{own}"));
            taken.push(own);
        } else {
            let ty = types::type_name(&column.ty);
            given.push(format!("{own} = k.{own}::{ty}"));
            taken.push(format!("{own}::text AS {own}"));
        }
    }
    let select = format!("CREATE TABLE {copy} AS\nSELECT {}\nFROM {name}", taken.join(", "));
    let update = format!(
        "UPDATE {name} AS t\nSET {}\nFROM {copy} AS k\nWHERE {}",
        given.join(", "),
        same_row(key)
    );
    let back = quietly(change, update, &copy);
    let columns: Vec<&str> = gone.iter().map(|column| column.name.as_str()).collect();
    let title = format!(
        "values of {}.{} are set aside",
        shown(&table.name),
        columns.join(", ")
    );
    aside(table, title, select, back)
}

fn aside(table: &Table, title: String, select: String, back: Vec<String>) -> Step {
    let name = ident::name(&table.name);
    let mut forth = vec![format!("LOCK TABLE {name} IN ACCESS EXCLUSIVE MODE")];
    forth.extend(seeing_all(table, vec![select]));
    let hazards = vec![
        Hazard::Scan(format!("{} is read whole", shown(&table.name))),
        Hazard::Blocks(format!(
            "everything that reads or writes {} waits until its values are copied",
            shown(&table.name)
        )),
    ];
    let mut made = locking(one(table, title, forth, back), Lock::AccessExclusive, hazards);
    made.phase = Phase::Contract;
    made
}

/// Copies those values of a column that would not be the same again. On the way back they are put where nobody has written since.
fn narrowed_aside(
    change: &TableChange<'_>,
    key: &[Ident],
    (before, after): (&Column, &Column),
    place: &Ident,
) -> Step {
    let table = change.from;
    let name = ident::name(&table.name);
    let copy = ident::name(&copy_name(table, before.name.as_str(), place));
    let own = quoted(&before.name);
    let again = |value: &str| {
        let there = conversion(value, &before.ty, &after.ty);
        conversion(&format!("({there})"), &after.ty, &before.ty)
    };
    let keys = names(key).join(", ");
    let select = format!(
        "CREATE TABLE {copy} AS\nSELECT {keys}, {own}::text AS {own}\nFROM {name}\nWHERE {own}::text IS DISTINCT FROM ({})::text",
        again(&own)
    );
    let ty = types::type_name(&before.ty);
    let was = format!("k.{own}::{ty}");
    let update = format!(
        "UPDATE {name} AS t\nSET {own} = {was}\nFROM {copy} AS k\nWHERE {}\n    AND t.{own}::text IS NOT DISTINCT FROM ({})::text",
        same_row(key),
        again(&was)
    );
    let title = format!(
        "values of {}.{} that get narrower are set aside",
        shown(&table.name),
        before.name
    );
    aside(table, title, select, quietly(change, update, &copy))
}
