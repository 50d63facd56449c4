//! What the behaviours and services work on: the database in the making, and who may do what in it.

use std::collections::{BTreeMap, HashMap, HashSet};

use physical::{
    Argument, Behaviour, Blueprint, Database, Expr, Function, Grant, Grantee, Ident, Literal, Name, Origin,
    Policy, PolicyCommand, Privilege, Purpose, RowSecurity, Schema, SqlType, Table, Timing, Trigger,
    TriggerAction, TriggerEvent, Volatility,
};

use super::code::TableCode;
use super::emit::{bounded, id, qualified};
use crate::postgres::types;

/// With whose rights a function runs.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum RunsAs {
    /// The caller's.
    Caller,
    /// Those of `guard`.
    Guard,
    /// Those of the tables' owner: DDL only.
    Owner,
}

/// A function to be made.
pub(super) struct Draft {
    pub(super) name: Name,
    pub(super) arguments: Vec<(&'static str, String)>,
    pub(super) returns: String,
    pub(super) language: &'static str,
    pub(super) volatility: Volatility,
    pub(super) runs_as: RunsAs,
    pub(super) body: String,
    pub(super) execute: Vec<Ident>,
    pub(super) comment: String,
    pub(super) origin: Origin,
}

/// A trigger to be made.
pub(super) struct Hook {
    pub(super) name: &'static str,
    pub(super) timing: Timing,
    pub(super) events: Vec<TriggerEvent>,
    pub(super) per_row: bool,
    pub(super) when: Option<String>,
    pub(super) function: Name,
    pub(super) arguments: Vec<String>,
    pub(super) comment: String,
    pub(super) origin: Origin,
}

/// The columns of a table that can be soft-deleted.
#[derive(Clone)]
pub(super) struct Mortal {
    pub(super) deleted_at: Ident,
}

/// The work in progress.
pub(super) struct Realiser<'a> {
    pub(super) blueprint: &'a Blueprint,
    pub(super) database: Database,
    pub(super) code: BTreeMap<usize, TableCode>,
    positions: HashMap<Name, usize>,
    mortals: HashMap<Name, Mortal>,
    /// How the audit trail knows the rows of a table: by their key, and by their public id.
    audited: HashMap<&'a Name, (&'a Ident, Option<&'a Ident>)>,
    taken: HashSet<Name>,
}

fn audited(blueprint: &Blueprint) -> HashMap<&Name, (&Ident, Option<&Ident>)> {
    let mut audited = HashMap::new();
    for placed in &blueprint.behaviours {
        if let Behaviour::Audit { key, public_id, .. } = &placed.what {
            audited.entry(&placed.table).or_insert((key, public_id.as_ref()));
        }
    }
    audited
}

impl<'a> Realiser<'a> {
    pub(super) fn new(blueprint: &'a Blueprint) -> Self {
        let database = blueprint.database.clone();
        let positions = database
            .tables
            .iter()
            .enumerate()
            .map(|(index, table)| (table.name.clone(), index))
            .collect();
        let taken = database
            .functions
            .iter()
            .map(|function| function.name.clone())
            .collect();
        let mortals = blueprint
            .behaviours
            .iter()
            .filter_map(|placed| match &placed.what {
                Behaviour::SoftDelete { deleted_at, .. } => Some((
                    placed.table.clone(),
                    Mortal {
                        deleted_at: deleted_at.clone(),
                    },
                )),
                _ => None,
            })
            .collect();
        Self {
            blueprint,
            database,
            code: BTreeMap::new(),
            positions,
            mortals,
            audited: audited(blueprint),
            taken,
        }
    }

    pub(super) fn finish(self) -> Database {
        self.database
    }

    /// A table by name.
    pub(super) fn table(&self, name: &Name) -> Option<&Table> {
        self.positions
            .get(name)
            .and_then(|index| self.database.tables.get(*index))
    }

    pub(super) fn table_mut(&mut self, name: &Name) -> Option<&mut Table> {
        let index = *self.positions.get(name)?;
        self.database.tables.get_mut(index)
    }

    /// Adds a table that `design` did not make.
    pub(super) fn add_table(&mut self, table: Table) {
        if self.positions.contains_key(&table.name) {
            return;
        }
        self.positions
            .insert(table.name.clone(), self.database.tables.len());
        self.database.tables.push(table);
    }

    /// What is collected for a table's own trigger functions.
    pub(super) fn code_of(&mut self, table: &Name, origin: Origin) -> Option<&mut TableCode> {
        let index = *self.positions.get(table)?;
        Some(
            self.code
                .entry(index)
                .or_insert_with(|| TableCode::new(table.clone(), origin)),
        )
    }

    /// The spelled type of a column; `text` for one that is not there.
    pub(super) fn type_of(&self, table: &Name, column: &Ident) -> String {
        self.table(table)
            .and_then(|table| table.column(column.as_str()))
            .map_or_else(|| "text".to_owned(), |column| types::type_name(&column.ty))
    }

    /// The `deleted_at` of a table that can be soft-deleted.
    pub(super) fn mortal(&self, table: &Name) -> Option<&Mortal> {
        self.mortals.get(table)
    }

    /// The name that a refusal about a reference carries: its foreign key's.
    pub(super) fn foreign_key_name(&self, table: &Name, column: Option<&Ident>, parent: &Name) -> Ident {
        let found = self.table(table).and_then(|table| {
            let mut keys = table.foreign_keys.iter().filter(|key| key.references == *parent);
            keys.find(|key| column.is_none_or(|column| key.columns.contains(column)))
        });
        found.map_or_else(
            || {
                bounded(&format!(
                    "{}_{}_fkey",
                    table.name,
                    column.map_or("parent", Ident::as_str)
                ))
            },
            |key| key.name.clone(),
        )
    }

    /// A function's name in the private schema.
    pub(super) fn private(&self, name: &str) -> Name {
        Name::new(self.blueprint.private_schema.clone(), bounded(name))
    }

    /// The name of a function that belongs to one table; never taken twice.
    pub(super) fn private_of(&mut self, table: &Name, suffix: &str) -> Name {
        let stem = match &table.schema {
            Some(schema) if *schema != self.blueprint.schema => format!("{schema}_{}", table.name),
            _ => table.name.to_string(),
        };
        let mut name = self.private(&format!("{stem}_{suffix}"));
        let mut count = 1;
        while self.taken.contains(&name) {
            count += 1;
            name = self.private(&format!("{stem}_{suffix}_{count}"));
        }
        name
    }

    /// The call of a function in the private schema.
    pub(super) fn call(&self, function: &str) -> String {
        format!("{}()", qualified(&self.private(function)))
    }

    /// The acting pseudonym's id; the system's when nobody is known.
    pub(super) fn actor(&self) -> String {
        format!("COALESCE({}, 1)", self.call("current_actor"))
    }

    /// Whether the statement is part of a backfill, for PL/pgSQL. Only members of `migrator` are believed.
    pub(super) fn backfill(&self) -> String {
        format!(
            "COALESCE(current_setting('app.backfill', true), '') <> '' AND pg_has_role({}, 'USAGE')",
            super::emit::text(self.blueprint.roles.migrator.as_str())
        )
    }

    /// The same, or that it is none, as the condition of a trigger.
    pub(super) fn backfill_when(&self, wanted: bool) -> String {
        if wanted {
            return self.backfill();
        }
        format!(
            "COALESCE(current_setting('app.backfill', true), '') = ''\n          OR NOT pg_has_role({}, 'USAGE')",
            super::emit::text(self.blueprint.roles.migrator.as_str())
        )
    }

    /// Everyone whose statements evaluate policies, defaults and views.
    pub(super) fn everyone(&self) -> Vec<Ident> {
        let roles = &self.blueprint.roles;
        let fixed = [
            &roles.app,
            &roles.reader,
            &roles.auditor,
            &roles.eraser,
            &roles.backup,
            &roles.migrator,
            &roles.mask,
        ];
        fixed.into_iter().chain(&roles.declared).cloned().collect()
    }

    /// The application, and the roles that the schema declares.
    pub(super) fn applications(&self) -> Vec<Ident> {
        let roles = &self.blueprint.roles;
        std::iter::once(&roles.app)
            .chain(&roles.declared)
            .cloned()
            .collect()
    }

    /// Adds a function, and lets its callers into its schema.
    pub(super) fn add_function(&mut self, draft: Draft) {
        let roles = &self.blueprint.roles;
        let owner = match draft.runs_as {
            RunsAs::Guard => roles.guard.clone(),
            RunsAs::Caller | RunsAs::Owner => roles.owner.clone(),
        };
        if let Some(schema) = &draft.name.schema {
            for role in draft.execute.iter().chain([&owner]) {
                self.allow_schema(schema, Privilege::Usage, role);
            }
            if draft.runs_as == RunsAs::Guard {
                // A schema's objects can be given only to who may create in it.
                self.allow_schema(schema, Privilege::Create, &owner);
            }
        }
        self.taken.insert(draft.name.clone());
        self.database.functions.push(Function {
            name: draft.name,
            owner: Some(owner),
            arguments: draft
                .arguments
                .into_iter()
                .map(|(name, ty)| Argument {
                    name: name.into(),
                    ty,
                    default: None,
                })
                .collect(),
            returns: draft.returns,
            language: draft.language.to_owned(),
            volatility: draft.volatility,
            strict: false,
            security_definer: draft.runs_as != RunsAs::Caller,
            settings: vec![("search_path".to_owned(), "pg_catalog, pg_temp".to_owned())],
            body: draft.body,
            grants: draft
                .execute
                .into_iter()
                .map(|role| right(Privilege::Execute, role))
                .collect(),
            comment: Some(draft.comment),
            origin: draft.origin,
        });
    }

    /// Adds a trigger function: nobody calls it, and only who makes the trigger needs a right on it.
    pub(super) fn add_trigger_function(
        &mut self,
        name: Name,
        runs_as: RunsAs,
        body: String,
        comment: String,
        origin: Origin,
    ) {
        let execute = match runs_as {
            // The owner makes partitions, and with each its triggers.
            RunsAs::Guard => vec![
                self.blueprint.roles.owner.clone(),
                self.blueprint.roles.migrator.clone(),
            ],
            RunsAs::Caller | RunsAs::Owner => Vec::new(),
        };
        self.add_function(Draft {
            name,
            arguments: Vec::new(),
            returns: "trigger".to_owned(),
            language: "plpgsql",
            volatility: Volatility::Volatile,
            runs_as,
            body,
            execute,
            comment,
            origin,
        });
    }

    /// Adds a trigger.
    pub(super) fn add_trigger(&mut self, table: &Name, hook: Hook) {
        let Some(table) = self.table_mut(table) else {
            return;
        };
        table.triggers.push(Trigger {
            name: hook.name.into(),
            timing: hook.timing,
            events: hook.events,
            per_row: hook.per_row,
            transition_tables: (None, None),
            when: hook.when.map(Expr::Sql),
            action: TriggerAction::Call {
                function: hook.function,
                arguments: hook.arguments,
            },
            enabled: true,
            comment: Some(hook.comment),
            origin: hook.origin,
        });
    }

    /// Gives `guard` a right on a table, lets it into the schema, and past row-level security.
    pub(super) fn guard(&mut self, table: &Name, privilege: Privilege, columns: &[Ident]) {
        let guard = self.blueprint.roles.guard.clone();
        self.allow(table, privilege, columns, &guard);
        self.see_all(table, &guard, "guard");
    }

    /// Gives a role a right on a table.
    pub(super) fn allow(&mut self, table: &Name, privilege: Privilege, columns: &[Ident], role: &Ident) {
        if let Some(schema) = &table.schema {
            self.allow_schema(schema, Privilege::Usage, role);
        }
        let Some(table) = self.table_mut(table) else {
            return;
        };
        let grantee = Grantee::Role(role.clone());
        let held = table
            .grants
            .iter_mut()
            .find(|grant| grant.privilege == privilege && grant.grantee == grantee);
        match held {
            Some(grant) if grant.columns.is_empty() => {}
            Some(grant) if columns.is_empty() => grant.columns.clear(),
            Some(grant) => {
                for column in columns {
                    if !grant.columns.contains(column) {
                        grant.columns.push(column.clone());
                    }
                }
            }
            None => table.grants.push(Grant {
                privilege,
                columns: columns.to_vec(),
                grantee,
            }),
        }
    }

    /// A policy by which a role sees and may write every row, unless it has one.
    pub(super) fn see_all(&mut self, table: &Name, role: &Ident, short: &str) {
        let Some(table) = self.table_mut(table) else {
            return;
        };
        let there = table.policies.iter().any(|policy| {
            policy.permissive && policy.command == PolicyCommand::All && policy.roles.contains(role)
        });
        if table.row_security == RowSecurity::Off || there {
            return;
        }
        let all = Expr::Literal(Literal::Bool(true));
        table.policies.push(Policy {
            name: bounded(&format!("{}_{short}", table.name.name)),
            permissive: true,
            command: PolicyCommand::All,
            roles: vec![role.clone()],
            using: Some(all.clone()),
            check: Some(all),
            comment: Some("Functions that work across contexts; what they do is in their bodies.".to_owned()),
            origin: table.origin,
        });
    }

    /// Gives a role a right on a schema; the schema is made when `design` did not.
    pub(super) fn allow_schema(&mut self, schema: &Ident, privilege: Privilege, role: &Ident) {
        if *role == self.blueprint.roles.owner {
            return;
        }
        if !self.database.schemas.iter().any(|there| there.name == *schema) {
            self.database.schemas.push(Schema {
                name: schema.clone(),
                owner: Some(self.blueprint.roles.owner.clone()),
                grants: Vec::new(),
                comment: Some("Functions of the schema, and state that is nobody's business.".to_owned()),
                origin: Origin::Decision("context", None),
            });
        }
        let wanted = right(privilege, role.clone());
        let found = self
            .database
            .schemas
            .iter_mut()
            .find(|there| there.name == *schema);
        if let Some(schema) = found
            && !schema.grants.contains(&wanted)
        {
            schema.grants.push(wanted);
        }
    }

    /// The key and the public id of a table's rows, quoted. Where the key is what leaves the system, both are the same.
    pub(super) fn keys_of(&self, table: &Name) -> (String, String) {
        let Some(found) = self.table(table) else {
            return ("id".to_owned(), "public_id".to_owned());
        };
        let said = self.audited.get(table).copied();
        let first = found.primary_key.as_ref().and_then(|key| key.columns.first());
        let key = said.map(|(key, _)| key).or(first);
        let key = key.map_or_else(|| "id".to_owned(), id);
        let public = said.and_then(|(_, public)| public);
        let public = public.or_else(|| found.column("public_id").map(|column| &column.name));
        let public = public.map_or_else(|| key.clone(), id);
        (key, public)
    }

    /// The type of a column that refers to a row; `bigint` unless the table says otherwise.
    pub(super) fn reference_type(&self, table: Option<&Name>, column: &str) -> SqlType {
        table
            .and_then(|table| self.table(table))
            .and_then(|table| table.column(column))
            .map_or(SqlType::BigInt, |column| column.ty.clone())
    }

    /// The table of pseudonyms, for a table whose rows have one.
    pub(super) fn actors_of(&self, table: &Name) -> Option<Name> {
        let actors = self.blueprint.actors.as_ref()?;
        (actors.user.as_ref() == Some(table)).then(|| actors.table.clone())
    }

    /// The columns of a table's key.
    pub(super) fn primary_key(&self, table: &Name) -> Vec<Ident> {
        let key = self.table(table).and_then(|table| table.primary_key.as_ref());
        key.map_or_else(Vec::new, |key| key.columns.clone())
    }

    /// Whether a table's rows stand in partitions.
    pub(super) fn is_partitioned(&self, table: &Name) -> bool {
        self.table(table).is_some_and(|table| table.partitioned.is_some())
    }

    /// The type of a table's first key column.
    pub(super) fn key_type(&self, table: Option<&Name>) -> SqlType {
        let found = table.and_then(|table| self.table(table));
        let first = found.and_then(|table| table.primary_key.as_ref()?.columns.first());
        first.map_or(SqlType::BigInt, |column| {
            self.reference_type(table, column.as_str())
        })
    }

    /// The table with a purpose, where `design` has made one.
    pub(super) fn table_for(&self, purpose: Purpose, column: &str) -> Option<Name> {
        let mut infos = self
            .blueprint
            .tables
            .iter()
            .filter(|info| info.purpose == purpose);
        let has = |info: &&physical::TableInfo| {
            self.table(&info.name)
                .is_some_and(|table| table.column(column).is_some())
        };
        infos.find(has).map(|info| info.name.clone())
    }
}

fn right(privilege: Privilege, role: Ident) -> Grant {
    Grant {
        privilege,
        columns: Vec::new(),
        grantee: Grantee::Role(role),
    }
}
