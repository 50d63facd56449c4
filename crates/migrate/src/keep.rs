//! What a plan sets aside in place of losing it: tables, with what they need, and values of columns.

use std::collections::BTreeSet;

use physical::{Column, DefaultValue, Expr, Ident, NamedType, NamedTypeKind, OWN, Opaque, SqlType, Table};
use plan::{Change, Keep, Object, Relational, Step};

use crate::change::Work;
use crate::diff;
use crate::mentions::{is_of, mentions};

/// Sets aside what would be lost, in places with a label of the plan's own.
pub(crate) struct Keeper<'d> {
    dialect: &'d Relational,
    label: String,
    /// A place for each schema, in the order in which they were needed: names stay, and those of two schemas may be the same.
    schemas: Vec<Option<Ident>>,
}

/// What of one difference is set aside.
pub(crate) struct Kept<'w, 'a> {
    work: &'w Work<'a>,
    needed: BTreeSet<String>,
}

impl<'d> Keeper<'d> {
    pub(crate) fn new(label: &str, dialect: &'d Relational) -> Self {
        Self {
            dialect,
            label: label.to_owned(),
            schemas: Vec::new(),
        }
    }

    /// The steps of a change by which nothing is lost; `None` when none is, or nothing can be done about it.
    pub(crate) fn steps(&mut self, kept: &Kept<'_, '_>, change: &Change<'_>) -> Option<Vec<Step>> {
        let keep = self.dialect.keep;
        match change {
            Change::Drop(Object::Table(table, keys)) | Change::GoesAlong(Object::Table(table, keys))
                if kept.work.keeps(table) =>
            {
                self.aside(table.name.schema.as_ref(), |place| {
                    keep(&Keep::Table(table, keys, place))
                })
            }
            Change::GoesAlong(object) if kept.hangs_on_kept(object) => keep(&Keep::Along(*object)),
            Change::Drop(object) if kept.needed.contains(&diff::identity(object)) => {
                self.aside(schema_of(object), |place| keep(&Keep::Needed(*object, place)))
            }
            Change::DropRetyped { from, was }
                if kept.needed.contains(&diff::identity(&Object::Type(from))) =>
            {
                self.aside(from.name.schema.as_ref(), |place| {
                    keep(&Keep::Retyped { from, was, place })
                })
            }
            Change::Alter(change) => self.aside(change.from.name.schema.as_ref(), |place| {
                keep(&Keep::Columns(change, place))
            }),
            _ => None,
        }
    }

    /// What a dialect says in the place of a schema, which counts as used then.
    fn aside(
        &mut self,
        schema: Option<&Ident>,
        words: impl FnOnce(&Ident) -> Option<Vec<Step>>,
    ) -> Option<Vec<Step>> {
        let known = self.schemas.iter().position(|each| each.as_ref() == schema);
        let steps = words(&self.place(known.unwrap_or(self.schemas.len())))?;
        if known.is_none() {
            self.schemas.push(schema.cloned());
        }
        Some(steps)
    }

    fn place(&self, at: usize) -> Ident {
        let end = match at {
            0 => String::new(),
            at => format!("_{}", at + 1),
        };
        let mut name = format!("{OWN}_{}", self.label);
        while name.len() + end.len() > self.dialect.identifier_limit {
            name.pop();
        }
        Ident::new(name + &end)
    }

    /// The steps that make the places, which come before all others.
    pub(crate) fn places(&self) -> Vec<Step> {
        let places = (0..self.schemas.len()).map(|at| self.place(at));
        let steps = places.filter_map(|place| (self.dialect.keep)(&Keep::Place(&place)));
        steps.flatten().collect()
    }
}

fn schema_of<'a>(object: &Object<'a>) -> Option<&'a Ident> {
    match object {
        Object::Type(ty) => ty.name.schema.as_ref(),
        Object::Function(function) => function.name.schema.as_ref(),
        Object::Opaque(opaque) => opaque.name.schema.as_ref(),
        _ => None,
    }
}

impl<'w, 'a> Kept<'w, 'a> {
    pub(crate) fn of(work: &'w Work<'a>) -> Self {
        let tables: Vec<&Table> = work.kept_tables().collect();
        let mut said = Said::default();
        for table in &tables {
            said.table(table);
        }
        let mut opaque = work.before().opaque.iter();
        let constraints = opaque.by_ref().filter(|each| {
            let on = each.depends_on.first();
            on.is_some_and(|on| tables.iter().any(|table| table.name == *on))
        });
        said.texts.extend(constraints.map(|each| each.definition.clone()));
        Self {
            work,
            needed: needed(work, said, tables.is_empty()),
        }
    }

    fn hangs_on_kept(&self, object: &Object<'_>) -> bool {
        let table = diff::table_of(object).and_then(|name| self.work.before().table(name));
        table.is_some_and(|table| self.work.keeps(table))
    }
}

/// The objects that go and without which what stays aside could not be there, as they are known.
fn needed(work: &Work<'_>, mut said: Said, nothing: bool) -> BTreeSet<String> {
    let mut out = BTreeSet::new();
    if nothing {
        return out;
    }
    let before = work.before();
    let types = before
        .types
        .iter()
        .map(|ty| (ty.name.to_string(), Object::Type(ty)));
    let functions = before
        .functions
        .iter()
        .map(|function| (function.name.to_string(), Object::Function(function)));
    let others = before.opaque.iter().filter(|opaque| !opaque.setting);
    let others = others.map(|opaque| (opaque.name.to_string(), Object::Opaque(opaque)));
    let all = types.chain(functions).chain(others);
    let mut open: Vec<(String, Object<'_>)> = all.filter(|(_, object)| work.leaves(object)).collect();
    loop {
        let (found, rest): (Vec<_>, Vec<_>) = open.into_iter().partition(|(path, _)| said.mentions(path));
        if found.is_empty() {
            return out;
        }
        for (_, object) in &found {
            out.insert(diff::identity(object));
            said.object(object);
        }
        open = rest;
    }
}

/// What is said in tables, and in what they need.
#[derive(Debug, Default)]
struct Said {
    types: Vec<SqlType>,
    texts: Vec<String>,
}

impl Said {
    fn mentions(&self, path: &str) -> bool {
        let is = |name: &str| name == path;
        self.types.iter().any(|ty| is_of(ty, &is)) || self.texts.iter().any(|text| mentions(text, &is))
    }

    fn expr(&mut self, expr: &Expr) {
        if let Expr::Sql(sql) = expr {
            self.texts.push(sql.clone());
        }
        expr.children(&mut |child| self.expr(child));
    }

    fn table(&mut self, table: &Table) {
        for column in &table.columns {
            self.column(column);
        }
        table.checks.iter().for_each(|check| self.expr(&check.expr));
        for index in &table.indexes {
            index.keys.iter().for_each(|key| self.expr(&key.expr));
            index.predicate.iter().for_each(|expr| self.expr(expr));
        }
        self.texts.extend(table.partition_key.clone());
    }

    fn column(&mut self, column: &Column) {
        self.types.push(column.ty.clone());
        if let Some(DefaultValue::Expr(expr)) = &column.default {
            self.expr(expr);
        }
        if let Some(generated) = &column.generated {
            self.expr(&generated.expr);
        }
    }

    fn object(&mut self, object: &Object<'_>) {
        match object {
            Object::Type(NamedType {
                kind: NamedTypeKind::Domain { base, checks, .. },
                ..
            }) => {
                self.types.push(base.clone());
                checks.iter().for_each(|(_, check)| self.expr(check));
            }
            Object::Function(function) => {
                let types = function.arguments.iter().map(|argument| argument.ty.clone());
                self.texts.extend(types);
                self.texts.push(function.returns.clone());
            }
            Object::Opaque(Opaque { definition, .. }) => self.texts.push(definition.clone()),
            _ => {}
        }
    }
}
