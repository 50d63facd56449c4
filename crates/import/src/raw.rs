//! What stays SQL: the statements that a plan from nothing has for it, in the order of that plan.

use std::collections::BTreeMap;

use physical::{Column, Database, DefaultValue, Expr, Name, NamedType, Opaque, SqlType, Table};
use plan::{Action, Change, Made, Object, Step, Undo};

use crate::text::{remark, sql as quoted_sql};
use crate::{Ground, Raw, references, sayable};

/// What stays SQL.
#[derive(Debug, Default)]
pub(crate) struct Sql {
    /// What stands apart from the entities.
    pub text: String,
    /// What belongs to one table that is an entity.
    pub inside: BTreeMap<Name, Vec<String>>,
    /// All of it, by name.
    pub objects: Vec<Raw>,
}

/// A block of SQL.
struct Block<'a> {
    title: &'a str,
    why: Option<&'a String>,
    first: bool,
    up: Vec<String>,
    undo: Option<String>,
}

/// Says what the entities do not.
pub(crate) fn write(ground: &Ground<'_>, why: &BTreeMap<Name, String>) -> Result<Sql, migrate::Refused> {
    let rest = rest(ground);
    let plan = migrate::plan(&Database::default(), &rest, ground.asked.dialect)?;
    let tables = plan.steps.iter().position(|step| matches!(step.makes, Made::Table(..)));
    let tables = tables.unwrap_or(plan.steps.len());
    let mut out = Sql::default();
    let mut late = Vec::new();
    for (at, step) in plan.steps.iter().enumerate() {
        match step.makes {
            Made::Table(table, ref keys) => {
                let Some(table) = rest.tables.get(table) else { continue };
                if is_entity(ground, table) {
                    beside(ground, &mut out, table, step);
                    late.extend(keys.iter().filter_map(|key| Some((table, table.foreign_keys.get(*key)?))));
                } else {
                    out.apart(ground, &Block::of(step, false, why.get(&table.name)));
                }
            }
            Made::Index(table, index) => {
                let Some(table) = rest.tables.get(table) else { continue };
                let said = table.indexes.get(index).is_some_and(sayable::index_is_plain);
                match (is_entity(ground, table), said) {
                    (true, true) => {}
                    (true, false) => out.inside(ground, table, &of_index(ground, table, index, step)),
                    _ => out.apart(ground, &Block::of(step, false, None)),
                }
            }
            Made::ForeignKey(table, key) => {
                let Some(table) = rest.tables.get(table) else { continue };
                let said = table.foreign_keys.get(key).is_some_and(|key| references::is_sayable(ground, key));
                if !(said && is_entity(ground, table)) {
                    out.apart(ground, &Block::of(step, false, None));
                }
            }
            Made::Other => out.apart(ground, &Block::of(step, at < tables, None)),
        }
    }
    for (table, key) in late.into_iter().filter(|(_, key)| !references::is_sayable(ground, key)) {
        for step in (ground.asked.dialect.steps)(&Change::Create(Object::ForeignKey(table, key))) {
            out.apart(ground, &Block::of(&step, false, None));
        }
    }
    more_of_schemas(ground, &mut out);
    Ok(out)
}

fn is_entity(ground: &Ground<'_>, table: &Table) -> bool {
    ground.entities.contains_key(&table.name)
}

/// The database without what enums, entities and their schemas say by being there.
fn rest(ground: &Ground<'_>) -> Database {
    let mut rest = ground.asked.database.clone();
    // Roles are the server's.
    rest.roles.clear();
    let said = ground.schemas();
    rest.schemas.retain(|schema| !said.contains(&schema.name));
    rest.types.retain(|ty: &NamedType| !ground.enums.contains_key(&ty.name));
    let serial: Vec<Name> = ground
        .asked
        .database
        .tables
        .iter()
        .filter(|table| is_entity(ground, table))
        .flat_map(|table| table.columns.iter().map(move |column| (table, column)))
        .filter(|(table, column)| is_serial(ground, table, column))
        .map(|(table, column)| sequence_of(table, column))
        .collect();
    let of_serial = |opaque: &Opaque| {
        matches!(opaque.kind.as_str(), "sequence" | "sequence owner") && serial.contains(&opaque.name)
    };
    rest.opaque.retain(|opaque| !of_serial(opaque));
    rest
}

fn sequence_of(table: &Table, column: &Column) -> Name {
    Name {
        schema: table.name.schema.clone(),
        name: format!("{}_{}_seq", table.name.name, column.name).into(),
    }
}

/// Whether a column has a sequence of its own that is in no way different from that of a `serial`.
pub(crate) fn is_serial(ground: &Ground<'_>, table: &Table, column: &Column) -> bool {
    let (word, most) = match column.ty {
        SqlType::SmallInt => ("smallint", i64::from(i16::MAX)),
        SqlType::Integer => ("integer", i64::from(i32::MAX)),
        SqlType::BigInt => ("bigint", i64::MAX),
        _ => return false,
    };
    let name = sequence_of(table, column);
    let quoted = qualified(ground, &name);
    let DefaultValue::Expr(Expr::Sql(default)) = (match &column.default {
        Some(default) => default,
        None => return false,
    }) else {
        return false;
    };
    let made = format!(
        "CREATE SEQUENCE {quoted} AS {word} INCREMENT BY 1 MINVALUE 1 MAXVALUE {most} START WITH 1 CACHE 1 NO CYCLE"
    );
    let owned = format!(
        "ALTER SEQUENCE {quoted} OWNED BY {}.{}",
        qualified(ground, &table.name),
        (ground.asked.dialect.ident)(column.name.as_str())
    );
    let says = |kind: &str, text: &str| {
        let mut all = ground.asked.database.opaque.iter();
        all.any(|opaque| opaque.kind == kind && opaque.name == name && opaque.definition == text)
    };
    let counts = default.strip_prefix("nextval('").and_then(|rest| rest.strip_suffix("'::regclass)"));
    // A name in quotes has them in a text as well, with those of the text doubled.
    counts.is_some_and(|counted| counted.replace("''", "'") == quoted)
        && !column.nullable
        && name.name.as_str().len() <= ground.asked.dialect.identifier_limit
        && says("sequence", &made)
        && says("sequence owner", &owned)
}

fn qualified(ground: &Ground<'_>, name: &Name) -> String {
    let ident = ground.asked.dialect.ident;
    match &name.schema {
        Some(schema) => format!("{}.{}", ident(schema.as_str()), ident(name.name.as_str())),
        None => ident(name.name.as_str()),
    }
}

/// What a table's step says beyond what its entity does: checks that are not validated, comments on constraints.
fn beside(ground: &Ground<'_>, out: &mut Sql, table: &Table, step: &Step) {
    let Action::Sql(statements) = &step.action;
    let mut more = statements.iter().enumerate();
    let up: Vec<String> = more
        .by_ref()
        .filter(|(at, _)| !step.told.contains(at))
        .map(|(_, statement)| statement.clone())
        .collect();
    // Without a word about which they are, the first is all there is.
    if !up.is_empty() && !step.told.is_empty() {
        let title = format!("more of {}", step.title);
        let block = Block { title: &title, why: None, first: false, up, undo: Some(gone_with_table()) };
        out.inside(ground, table, &block);
    }
}

fn of_index<'s>(ground: &Ground<'_>, table: &Table, index: usize, step: &'s Step) -> Block<'s> {
    let mut block = Block::of(step, false, None);
    let made = table.indexes.get(index);
    let alone = made.map(|index| (ground.asked.dialect.steps)(&Change::Create(Object::Index(table, index))));
    let undo = alone.into_iter().flatten().find_map(|step| undo(&step.undo));
    block.undo = undo.or(block.undo);
    block
}

/// Comments and rights of schemas that entities stand in.
fn more_of_schemas(ground: &Ground<'_>, out: &mut Sql) {
    let said = ground.schemas();
    let schemas = ground.asked.database.schemas.iter();
    for schema in schemas.filter(|schema| said.contains(&schema.name)) {
        for step in (ground.asked.dialect.steps)(&Change::Create(Object::Schema(schema))) {
            let mut block = Block::of(&step, false, None);
            block.up.retain(|statement| !statement.starts_with("CREATE SCHEMA"));
            block.undo = Some(gone_with_table());
            if !block.up.is_empty() {
                out.apart(ground, &block);
            }
        }
    }
}

/// The undo of what goes with what it hangs on.
fn gone_with_table() -> String {
    "SELECT 1".to_owned()
}

fn undo(undo: &Undo) -> Option<String> {
    match undo {
        Undo::Sql(statements) if !statements.is_empty() => Some(statements.join(";\n")),
        Undo::Sql(_) | Undo::WithOther => Some(gone_with_table()),
        Undo::Impossible(_) => None,
    }
}

impl<'a> Block<'a> {
    fn of(step: &'a Step, first: bool, why: Option<&'a String>) -> Self {
        let Action::Sql(statements) = &step.action;
        Self {
            title: &step.title,
            why,
            first,
            up: statements.clone(),
            undo: undo(&step.undo),
        }
    }

    fn write(&self, ground: &Ground<'_>) -> String {
        let why = self.why.map_or_else(String::new, |why| format!(": {why}"));
        let mut out = remark(&format!("{}{why}", self.title));
        let first = if self.first { " first" } else { "" };
        out.push_str(&format!(
            "sql {}{first} {}",
            ground.asked.dialect.name,
            quoted_sql(&self.up.join(";\n"))
        ));
        if let Some(undo) = &self.undo {
            out.push_str(&format!(" undo {}", quoted_sql(undo)));
        }
        out.push('\n');
        out
    }
}

impl Sql {
    fn tell(&mut self, block: &Block<'_>) {
        self.objects.push(Raw {
            title: block.title.to_owned(),
            why: block.why.cloned(),
        });
    }

    fn apart(&mut self, ground: &Ground<'_>, block: &Block<'_>) {
        if block.up.is_empty() {
            return;
        }
        if !self.text.is_empty() {
            self.text.push('\n');
        }
        self.text.push_str(&block.write(ground));
        self.tell(block);
    }

    fn inside(&mut self, ground: &Ground<'_>, table: &Table, block: &Block<'_>) {
        let blocks = self.inside.entry(table.name.clone()).or_default();
        blocks.push(block.write(ground));
        self.tell(block);
    }
}
