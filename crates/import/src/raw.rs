//! What stays SQL: the statements that a plan from nothing has for it, in the order of that plan.

use std::collections::BTreeMap;

use physical::{Column, Database, DefaultValue, Expr, Name, NamedType, Opaque, SqlType, Table};
use plan::{Action, Change, Made, Object, Section, Step, Undo};

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
#[derive(Debug)]
struct Block {
    title: String,
    why: Option<String>,
    first: bool,
    /// The table that it makes.
    table: Option<Name>,
    up: Vec<String>,
    undo: Option<String>,
}

/// All blocks, in order.
#[derive(Debug, Default)]
struct Blocks {
    apart: Vec<Block>,
    inside: Vec<(Name, Block)>,
}

/// Says what the entities do not.
pub(crate) fn write(ground: &Ground<'_>, why: &BTreeMap<Name, String>) -> Result<Sql, migrate::Refused> {
    let rest = rest(ground);
    let plan = migrate::plan(&Database::default(), &rest, ground.asked.dialect)?;
    let tables = plan
        .steps
        .iter()
        .position(|step| matches!(step.makes, Made::Table(..)));
    let tables = tables.unwrap_or(plan.steps.len());
    let mut blocks = Blocks::default();
    for (at, step) in plan.steps.iter().enumerate() {
        match step.makes {
            Made::Table(table, _) => blocks.table(ground, rest.tables.get(table), step, why),
            Made::Index(table, index) => blocks.index(ground, rest.tables.get(table), index, step),
            Made::ForeignKey(table, key) => blocks.foreign_key(ground, rest.tables.get(table), key, step),
            Made::Other if is_frame(ground, step) => {}
            Made::Other => match of_trigger(ground, step) {
                Some(table) => blocks.inside.push((table.name.clone(), Block::of(step))),
                None => blocks.apart(Block {
                    first: at < tables,
                    ..Block::of(step)
                }),
            },
        }
    }
    for step in &plan.steps {
        if let Made::Table(table, keys) = &step.makes {
            blocks.keys_of_entity(ground, rest.tables.get(*table), keys);
        }
    }
    blocks.more_of_schemas(ground);
    Ok(blocks.write(ground))
}

impl Blocks {
    fn apart(&mut self, block: Block) {
        if !block.up.is_empty() {
            self.apart.push(block);
        }
    }

    /// A table that stays SQL; of an entity, what its step says beyond what the entity does: checks that are not validated,
    /// comments on constraints.
    fn table(
        &mut self,
        ground: &Ground<'_>,
        table: Option<&Table>,
        step: &Step,
        why: &BTreeMap<Name, String>,
    ) {
        let Some(table) = table else { return };
        let mut block = Block::of(step);
        if !is_entity(ground, table) {
            block.why = why.get(&table.name).cloned();
            block.table = Some(table.name.clone());
            return self.apart(block);
        }
        let said = said_comments(ground, table);
        let unsaid = unsaid_comments(ground, table);
        let is_unsaid = |sql: &String| unsaid.iter().any(|words| sql.starts_with(words));
        let is_said = |sql: &String| said.iter().any(|words| sql.starts_with(words));
        let more = block
            .up
            .iter()
            .enumerate()
            .filter(|(at, sql)| is_unsaid(sql) || !step.told.contains(at) && !is_said(sql));
        block.up = more.map(|(_, statement)| statement.clone()).collect();
        // Without a word about which they are, the first is all there is.
        if !block.up.is_empty() && !step.told.is_empty() {
            block.title = format!("more of {}", block.title);
            block.undo = Some(gone_with_table());
            self.inside.push((table.name.clone(), block));
        }
    }

    /// An index that cannot be said stands with its entity; one of a table that stays SQL, with that.
    fn index(&mut self, ground: &Ground<'_>, table: Option<&Table>, index: usize, step: &Step) {
        let Some(table) = table else { return };
        let made = table.indexes.get(index);
        if !is_entity(ground, table) {
            let mut blocks = self.apart.iter_mut().rev();
            return match blocks.find(|block| block.table.as_ref() == Some(&table.name)) {
                Some(block) => block.up.extend(statements(step)),
                None => self.apart(Block::of(step)),
            };
        }
        if made.is_some_and(|index| sayable::index_is_plain(ground, table, index)) {
            return;
        }
        let alone =
            made.map(|index| (ground.asked.dialect.steps)(&Change::Create(Object::Index(table, index))));
        let undo = alone.into_iter().flatten().find_map(|step| undo(&step.undo));
        let mut block = Block::of(step);
        block.undo = undo.or(block.undo);
        self.inside.push((table.name.clone(), block));
    }

    fn foreign_key(&mut self, ground: &Ground<'_>, table: Option<&Table>, key: usize, step: &Step) {
        let Some(table) = table else { return };
        let said = table
            .foreign_keys
            .get(key)
            .is_some_and(|key| references::is_sayable(ground, key));
        if !(said && is_entity(ground, table)) {
            self.apart(Block::of(step));
        }
    }

    /// Foreign keys of an entity that a plan makes with its table, and that the entity cannot say.
    fn keys_of_entity(&mut self, ground: &Ground<'_>, table: Option<&Table>, keys: &[usize]) {
        let Some(table) = table.filter(|table| is_entity(ground, table)) else {
            return;
        };
        let keys = keys.iter().filter_map(|key| table.foreign_keys.get(*key));
        for key in keys.filter(|key| !references::is_sayable(ground, key)) {
            for step in (ground.asked.dialect.steps)(&Change::Create(Object::ForeignKey(table, key))) {
                self.apart(Block::of(&step));
            }
        }
    }

    /// Comments and rights of schemas that entities stand in.
    fn more_of_schemas(&mut self, ground: &Ground<'_>) {
        let said = ground.schemas();
        let schemas = ground.asked.database.schemas.iter();
        for schema in schemas.filter(|schema| said.contains(&schema.name)) {
            for step in (ground.asked.dialect.steps)(&Change::Create(Object::Schema(schema))) {
                let mut block = Block::of(&step);
                // A new schema is nobody else's anyway.
                let goes_without = ["CREATE SCHEMA", "REVOKE ALL ON SCHEMA"];
                block
                    .up
                    .retain(|sql| !goes_without.iter().any(|words| sql.starts_with(words)));
                block.undo = Some(gone_with_table());
                self.apart(block);
            }
        }
    }

    fn write(self, ground: &Ground<'_>) -> Sql {
        let mut out = Sql::default();
        for block in self.apart {
            if !out.text.is_empty() {
                out.text.push('\n');
            }
            out.text.push_str(&block.write(ground));
            out.objects.push(Raw {
                title: block.title,
                why: block.why,
            });
        }
        for (table, block) in self.inside {
            out.inside.entry(table).or_default().push(block.write(ground));
            out.objects.push(Raw {
                title: block.title,
                why: block.why,
            });
        }
        out
    }
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
    rest.types
        .retain(|ty: &NamedType| !ground.enums.contains_key(&ty.name));
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
    let counts = default
        .strip_prefix("nextval('")
        .and_then(|rest| rest.strip_suffix("'::regclass)"));
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

/// Whether a step is only about the steps around it: where foreign keys stand in tables, none is a step of its own.
fn is_frame(ground: &Ground<'_>, step: &Step) -> bool {
    ground.asked.dialect.keys_in_tables && step.section == Section::ForeignKeys
}

/// How statements begin whose comments cannot stand above what they are about.
fn unsaid_comments(ground: &Ground<'_>, table: &Table) -> Vec<String> {
    let name = qualified(ground, &table.name);
    let ident = ground.asked.dialect.ident;
    let columns = table
        .columns
        .iter()
        .filter(|column| !sayable::is_told(column.comment.as_ref()));
    let columns = columns.map(|column| format!("COMMENT ON COLUMN {name}.{} ", ident(column.name.as_str())));
    let whole = (!sayable::is_told(table.comment.as_ref())).then(|| format!("COMMENT ON TABLE {name} "));
    columns.chain(whole).collect()
}

/// How statements begin whose comments stand above clauses of an entity.
fn said_comments(ground: &Ground<'_>, table: &Table) -> Vec<String> {
    let uniques = table.uniques.iter().map(|unique| &unique.name);
    let checks = table
        .checks
        .iter()
        .filter(|check| sayable::check_is_plain(check))
        .map(|check| &check.name);
    let keys = table
        .foreign_keys
        .iter()
        .filter(|key| references::is_sayable(ground, key))
        .map(|key| &key.name);
    let ident = ground.asked.dialect.ident;
    let names = uniques.chain(checks).chain(keys);
    names
        .map(|name| format!("COMMENT ON CONSTRAINT {} ON ", ident(name.as_str())))
        .collect()
}

/// The entity whose trigger a step makes.
fn of_trigger<'g>(ground: &Ground<'g>, step: &Step) -> Option<&'g Table> {
    if step.section != Section::Triggers || !step.title.starts_with("trigger ") {
        return None;
    }
    let tables = ground.asked.database.tables.iter();
    let mut entities = tables.filter(|table| is_entity(ground, table));
    entities.find(|table| {
        let named = |trigger: &physical::Trigger| {
            let shown = format!("trigger {}", trigger.name);
            step.title == shown || step.title == format!("{shown} on {}", table.name)
        };
        table.triggers.iter().any(named)
    })
}

/// The undo of what goes with what it hangs on.
fn gone_with_table() -> String {
    String::new()
}

fn undo(undo: &Undo) -> Option<String> {
    match undo {
        Undo::Sql(statements) if !statements.is_empty() => Some(statements.join(";\n")),
        Undo::Sql(_) | Undo::WithOther => Some(gone_with_table()),
        Undo::Impossible(_) => None,
    }
}

fn statements(step: &Step) -> Vec<String> {
    let Action::Sql(statements) = &step.action;
    statements.clone()
}

impl Block {
    fn of(step: &Step) -> Self {
        Self {
            title: step.title.clone(),
            why: None,
            first: false,
            table: None,
            up: statements(step),
            undo: undo(&step.undo),
        }
    }

    fn write(&self, ground: &Ground<'_>) -> String {
        let why = self
            .why
            .as_ref()
            .map_or_else(String::new, |why| format!(": {why}"));
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
