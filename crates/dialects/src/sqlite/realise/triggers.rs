//! The triggers of one table, gathered behaviour by behaviour and written once.

use physical::{
    Context, Expr, ForeignKey, Ident, Name, Origin, SqlType, Table, Timing, Trigger, TriggerAction,
    TriggerEvent,
};

use super::super::ident::{ident, table, text};
use super::super::types::NOW;
use super::{context_sql, fill};
use crate::source::{Source, key_columns, local};

/// A value of a column that no committed row holds: "the database fills this".
pub(super) const UNFILLED: &str = "0";

/// Columns of soft deletion, which have a trigger of their own.
#[derive(Debug, Clone)]
pub(super) struct SoftColumns {
    pub(super) deleted_at: Ident,
    pub(super) deleted_by: Option<Ident>,
    pub(super) batch: Ident,
}

/// What the triggers of a table will do.
#[derive(Debug)]
pub(super) struct Work {
    pub(super) name: Name,
    /// The table's name as SQL.
    pub(super) sql: String,
    pub(super) key: Vec<Ident>,
    /// Columns and their types, in physical order.
    pub(super) columns: Vec<(Ident, SqlType)>,
    generated: Vec<Ident>,
    origin: Origin,
    /// The actor of the context, or the system's.
    pub(super) actor: String,
    pub(super) user: String,
    pub(super) tenant: String,
    pub(super) transaction: String,
    /// Columns filled on INSERT: how, in order of preference.
    pub(super) fills: Vec<(Ident, Vec<String>)>,
    /// Columns that follow a reference: the column, the reference, and the value.
    pub(super) follows: Vec<(Ident, Ident, String)>,
    /// Columns of access that is kept inline: reading is no change.
    pub(super) access: Vec<Ident>,
    /// Columns that only the database sets.
    pub(super) stamps: Vec<Ident>,
    pub(super) soft: Option<SoftColumns>,
    /// The table's own, whichever behaviour comes first.
    pub(super) deleted_at: Option<Ident>,
    pub(super) before_insert: Vec<String>,
    pub(super) before_update: Vec<String>,
    pub(super) before_delete: Vec<String>,
    /// Set by every change.
    pub(super) change_sets: Vec<(Ident, String)>,
    /// Set by a statement that raises the version alone.
    pub(super) touch: Vec<(Ident, String)>,
    pub(super) version: Option<Ident>,
    /// Set by soft deletion and restoring.
    pub(super) soft_sets: Vec<(Ident, String)>,
    /// After filling.
    pub(super) inserted: Vec<String>,
    /// After stamping.
    pub(super) updated: Vec<String>,
    /// After the row itself fell or came back.
    pub(super) soft_deleted: Vec<String>,
    pub(super) deleted: Vec<String>,
    /// The audit entries, written last.
    pub(super) audit: Option<Entries>,
}

/// Statements that write audit entries.
#[derive(Debug)]
pub(super) struct Entries {
    pub(super) insert: String,
    pub(super) update: String,
    pub(super) soft: Option<String>,
    pub(super) delete: String,
}

impl Work {
    pub(super) fn new(blueprint: &Source<'_>, of: &Table) -> Self {
        let actor = context_sql(blueprint, Context::Actor);
        let actor = if blueprint.actors.is_some() {
            format!("coalesce({actor}, 1)")
        } else {
            actor
        };
        let context = table(&super::context_table(blueprint));
        Self {
            name: of.name.clone(),
            sql: table(&of.name),
            key: key_columns(of),
            columns: of
                .columns
                .iter()
                .map(|column| (column.name.clone(), column.ty.clone()))
                .collect(),
            generated: of
                .columns
                .iter()
                .filter(|c| c.generated.is_some())
                .map(|c| c.name.clone())
                .collect(),
            origin: of.origin,
            actor,
            user: context_sql(blueprint, Context::User),
            tenant: context_sql(blueprint, Context::Tenant),
            transaction: format!("(SELECT transaction_id FROM {context})"),
            fills: Vec::new(),
            follows: Vec::new(),
            access: Vec::new(),
            stamps: Vec::new(),
            soft: None,
            deleted_at: None,
            before_insert: Vec::new(),
            before_update: Vec::new(),
            before_delete: Vec::new(),
            change_sets: Vec::new(),
            touch: Vec::new(),
            version: None,
            soft_sets: Vec::new(),
            inserted: Vec::new(),
            updated: Vec::new(),
            soft_deleted: Vec::new(),
            deleted: Vec::new(),
            audit: None,
        }
    }

    /// Where the next behaviour comes from.
    pub(super) fn origin(&mut self, origin: Origin) {
        self.origin = origin;
    }

    /// `SELECT RAISE(…) WHERE …`: refuses, naming the rule and never a value.
    pub(super) fn guard(&self, state: &str, rule: &str, condition: &str) -> String {
        refusal(state, self.name.name.as_str(), rule, condition)
    }

    /// The same by the name of a foreign key, which says whose it is.
    pub(super) fn guard_key(
        &self,
        blueprint: &Source<'_>,
        key: Option<&ForeignKey>,
        of: &Name,
        condition: &str,
    ) -> String {
        let own = local(blueprint, of);
        let rule = key.map_or("reference", |key| {
            let name = key.name.as_str();
            name.strip_prefix(of.name.as_str())
                .and_then(|rest| rest.strip_prefix('_'))
                .unwrap_or(name)
        });
        refusal("23503", own.name.as_str(), rule, condition)
    }

    /// `id = NEW.id`, over all key columns.
    pub(super) fn this_row(&self, side: &str, alias: &str) -> String {
        let dot = if alias.is_empty() {
            String::new()
        } else {
            format!("{alias}.")
        };
        if self.key.is_empty() {
            return format!("{dot}rowid = {side}.rowid");
        }
        let parts = self
            .key
            .iter()
            .map(|key| format!("{dot}{0} = {side}.{0}", ident(key)));
        parts.collect::<Vec<_>>().join(" AND ")
    }

    /// What an unfilled column holds: 0 where keys are numbers, else NULL.
    pub(super) fn marker(&self, column: &Ident) -> &'static str {
        let found = self.columns.iter().find(|(own, _)| own == column);
        match found.map(|(_, ty)| ty) {
            Some(SqlType::BigInt | SqlType::Integer | SqlType::SmallInt) => UNFILLED,
            _ => "NULL",
        }
    }

    /// What a column will hold, given where it stands now and what may fill it.
    fn filled(&self, now: &str, column: &Ident, values: &[String]) -> String {
        let value = fill::first_of(values);
        match self.marker(column) {
            "NULL" => format!("coalesce({now}, {value})"),
            marker => format!("CASE {now} WHEN {marker} THEN {value} ELSE {now} END"),
        }
    }

    /// What a column of a new row will hold, as far as it is known by now who fills it.
    pub(super) fn entering(&self, column: &Ident) -> String {
        let now = format!("NEW.{}", ident(column));
        match self.fills.iter().find(|(filled, _)| filled == column) {
            Some((_, values)) => self.filled(&now, column, values),
            None => now,
        }
    }

    /// Whether a column is filled by the database after INSERT.
    pub(super) fn is_filled(&self, column: &Ident) -> bool {
        self.fills.iter().any(|(filled, _)| filled == column)
    }

    /// All columns.
    pub(super) fn all_columns(&self) -> Vec<Ident> {
        self.columns.iter().map(|(column, _)| column.clone()).collect()
    }

    /// Columns whose change is a change of the row.
    pub(super) fn own_columns(&self) -> Vec<Ident> {
        let soft = self.soft.as_ref();
        let own = self.columns.iter().map(|(column, _)| column).filter(|column| {
            !self.stamps.contains(*column)
                && !self.access.contains(*column)
                && !self.follows.iter().any(|(follower, ..)| follower == *column)
                && !self.generated.contains(*column)
                && soft.is_none_or(|soft| soft.deleted_at != **column && soft.batch != **column)
        });
        own.cloned().collect()
    }

    /// Gives the table its triggers, and the columns that are filled their marker.
    pub(super) fn place(self, table: &mut Table) {
        for (column, _) in &self.fills {
            let marker = self.marker(column);
            if let Some(column) = table.columns.iter_mut().find(|own| own.name == *column) {
                if marker == UNFILLED {
                    column.default = Some(physical::DefaultValue::Literal(physical::Literal::Int(0)));
                } else {
                    // Empty for as long as the INSERT runs; a trigger stands in for NOT NULL.
                    column.default = None;
                    column.nullable = true;
                }
            }
        }
        let made = [
            self.make_before(
                "insert",
                TriggerEvent::Insert,
                &self.before_insert,
                "What a new row must be like.",
            ),
            self.make_inserted(),
            self.make_before(
                "update",
                TriggerEvent::Update(Vec::new()),
                &self.before_update,
                "What may change, and how.",
            ),
            self.make_updated(),
            self.make_touched(),
            self.make_soft_deleted(),
            self.make_before(
                "delete",
                TriggerEvent::Delete,
                &self.before_delete,
                "Before a row goes for good.",
            ),
            self.make_deleted(),
        ];
        table.triggers.extend(made.into_iter().flatten());
    }

    fn trigger(
        &self,
        suffix: &str,
        timing: Timing,
        event: TriggerEvent,
        when: Vec<String>,
        statements: &[String],
        comment: &str,
    ) -> Option<Trigger> {
        if statements.is_empty() {
            return None;
        }
        let mut body = String::from("\n");
        for statement in statements {
            for line in statement.lines() {
                body.push_str("  ");
                body.push_str(line);
                body.push('\n');
            }
            body.pop();
            body.push_str(";\n");
        }
        Some(Trigger {
            name: format!("{}_{suffix}", self.name.name).into(),
            timing,
            events: vec![event],
            per_row: true,
            transition_tables: (None, None),
            when: (!when.is_empty()).then(|| Expr::Sql(when.join(" AND "))),
            action: TriggerAction::Body(body),
            enabled: true,
            comment: Some(comment.to_owned()),
            origin: self.origin,
        })
    }

    fn make_before(
        &self,
        suffix: &str,
        event: TriggerEvent,
        statements: &[String],
        comment: &str,
    ) -> Option<Trigger> {
        self.trigger(
            &format!("before_{suffix}"),
            Timing::Before,
            event,
            Vec::new(),
            statements,
            comment,
        )
    }

    fn update_row(&self, sets: &[(Ident, String)]) -> Option<String> {
        if sets.is_empty() {
            return None;
        }
        let width = sets
            .iter()
            .map(|(column, _)| ident(column).chars().count())
            .max()
            .unwrap_or(0);
        let sets = sets.iter().map(|(column, value)| {
            let column = ident(column);
            let pad = " ".repeat(width.saturating_sub(column.chars().count()));
            format!("{column}{pad} = {value}")
        });
        let sets = sets.collect::<Vec<_>>().join(",\n    ");
        Some(format!(
            "UPDATE {}\nSET {sets}\nWHERE {}",
            self.sql,
            self.this_row("NEW", "")
        ))
    }

    fn make_inserted(&self) -> Option<Trigger> {
        let sets: Vec<(Ident, String)> = self
            .fills
            .iter()
            .map(|(column, values)| (column.clone(), self.filled(&ident(column), column, values)))
            .collect();
        let mut statements: Vec<String> = self.update_row(&sets).into_iter().collect();
        statements.extend(self.inserted.iter().cloned());
        statements.extend(self.audit.iter().map(|entries| entries.insert.clone()));
        let comment = "Fills what the database knows better, then records the new row.";
        self.trigger(
            "inserted",
            Timing::After,
            TriggerEvent::Insert,
            Vec::new(),
            &statements,
            comment,
        )
    }

    /// The nested UPDATE that fills a new row is part of its INSERT.
    fn not_filling(&self) -> Vec<String> {
        self.fills
            .iter()
            .filter(|(column, _)| self.marker(column) == UNFILLED)
            .map(|(column, _)| format!("OLD.{} IS NOT {UNFILLED}", ident(column)))
            .collect()
    }

    /// What every change sets: stamps, and what follows a reference.
    fn all_change_sets(&self) -> Vec<(Ident, String)> {
        let mut sets = self.change_sets.clone();
        let mut done: Vec<&Ident> = Vec::new();
        for (column, ..) in &self.follows {
            if done.contains(&column) {
                continue;
            }
            done.push(column);
            let mut value = String::from("CASE");
            for (_, via, theirs) in self.follows.iter().filter(|(follower, ..)| follower == column) {
                value.push_str(&format!(" WHEN NEW.{0} IS NOT OLD.{0} THEN {theirs}", ident(via)));
            }
            sets.push((column.clone(), format!("{value} ELSE {} END", ident(column))));
        }
        sets
    }

    fn make_updated(&self) -> Option<Trigger> {
        let mut statements: Vec<String> = self.update_row(&self.all_change_sets()).into_iter().collect();
        statements.extend(self.updated.iter().cloned());
        statements.extend(self.audit.iter().map(|entries| entries.update.clone()));
        let mut when = self.not_filling();
        if let Some(soft) = &self.soft {
            let deleted_at = ident(&soft.deleted_at);
            when.push(format!("(OLD.{deleted_at} IS NULL) = (NEW.{deleted_at} IS NULL)"));
            // A row that is just falling is dead and has nobody who deleted it yet, one that is just rising lives and still has
            // somebody (where nobody is noted: a batch). What is set then is part of the fall.
            let mark = ident(soft.deleted_by.as_ref().unwrap_or(&soft.batch));
            when.push(format!("(OLD.{deleted_at} IS NULL) = (OLD.{mark} IS NULL)"));
        }
        let event = TriggerEvent::Update(self.own_columns());
        self.trigger(
            "updated",
            Timing::After,
            event,
            when,
            &statements,
            "Stamps and records a change.",
        )
    }

    /// A statement that raises the version and nothing else is a change too.
    fn make_touched(&self) -> Option<Trigger> {
        let version = self.version.as_ref()?;
        let (first, _) = self.touch.first()?;
        let statement = self.update_row(&self.touch)?;
        let when = vec![
            format!("NEW.{0} = OLD.{0} + 1", ident(version)),
            match self.touch.iter().find(|(_, value)| value == NOW) {
                Some((column, _)) => format!("NEW.{} IS NOT {NOW}", ident(column)),
                None => format!("NEW.{} IS NOT {}", ident(first), self.actor),
            },
        ];
        let event = TriggerEvent::Update(vec![version.clone()]);
        self.trigger(
            "touched",
            Timing::After,
            event,
            when,
            &[statement],
            "A version raised by the application is a change.",
        )
    }

    fn make_soft_deleted(&self) -> Option<Trigger> {
        let soft = self.soft.as_ref()?;
        let mut sets = self.soft_sets.clone();
        sets.extend(self.all_change_sets());
        let mut statements: Vec<String> = self.update_row(&sets).into_iter().collect();
        statements.extend(self.updated.iter().cloned());
        statements.extend(self.soft_deleted.iter().cloned());
        statements.extend(self.audit.iter().filter_map(|entries| entries.soft.clone()));
        let deleted_at = ident(&soft.deleted_at);
        let when = vec![format!(
            "(OLD.{deleted_at} IS NULL) <> (NEW.{deleted_at} IS NULL)"
        )];
        let event = TriggerEvent::Update(vec![soft.deleted_at.clone()]);
        let comment = "A row falls or comes back, with everything that goes with it.";
        self.trigger("soft_deleted", Timing::After, event, when, &statements, comment)
    }

    fn make_deleted(&self) -> Option<Trigger> {
        let mut statements = self.deleted.clone();
        statements.extend(self.audit.iter().map(|entries| entries.delete.clone()));
        self.trigger(
            "deleted",
            Timing::After,
            TriggerEvent::Delete,
            Vec::new(),
            &statements,
            "Records that a row went for good.",
        )
    }
}

fn refusal(state: &str, table: &str, rule: &str, condition: &str) -> String {
    let message = text(&format!("architrave:{state}:{table}:{rule}"));
    format!("SELECT RAISE(ABORT, {message})\nWHERE {condition}")
}
