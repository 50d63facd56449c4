//! The triggers of one table, gathered behaviour by behaviour and written once for each event.

use physical::{
    Context, ForeignKey, Ident, Name, Origin, SqlType, Table, Timing, Trigger, TriggerAction, TriggerEvent,
};

use super::{context, unique};
use crate::mariadb::ident::{ident, table, text};
use crate::source::{Source, key_columns, local};

/// In which order statements of one trigger run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Part {
    /// Values are brought into their stored form.
    Form,
    /// Empty columns are filled from the context.
    Context,
    /// Then from the rows referred to.
    Inherit,
    /// What is not allowed is refused.
    Guard,
    /// What only the database sets is set.
    Stamp,
    /// Other rows follow.
    Follow,
    /// The trail, last.
    Trail,
}

/// An event of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Moment {
    BeforeInsert,
    BeforeUpdate,
    BeforeDelete,
    AfterInsert,
    AfterUpdate,
    AfterDelete,
}

impl Moment {
    /// In the order in which they happen to a row.
    const ALL: [Self; 6] = [
        Self::BeforeInsert,
        Self::AfterInsert,
        Self::BeforeUpdate,
        Self::AfterUpdate,
        Self::BeforeDelete,
        Self::AfterDelete,
    ];

    const fn suffix(self) -> &'static str {
        match self {
            Self::BeforeInsert => "before_insert",
            Self::BeforeUpdate => "before_update",
            Self::BeforeDelete => "before_delete",
            Self::AfterInsert => "after_insert",
            Self::AfterUpdate => "after_update",
            Self::AfterDelete => "after_delete",
        }
    }

    const fn timing(self) -> Timing {
        match self {
            Self::BeforeInsert | Self::BeforeUpdate | Self::BeforeDelete => Timing::Before,
            Self::AfterInsert | Self::AfterUpdate | Self::AfterDelete => Timing::After,
        }
    }

    const fn event(self) -> TriggerEvent {
        match self {
            Self::BeforeInsert | Self::AfterInsert => TriggerEvent::Insert,
            Self::BeforeUpdate | Self::AfterUpdate => TriggerEvent::Update(Vec::new()),
            Self::BeforeDelete | Self::AfterDelete => TriggerEvent::Delete,
        }
    }
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
    /// The actor of the context, or the system's.
    pub(super) actor: String,
    /// Columns of access that is kept inline: reading is no change.
    pub(super) access: Vec<Ident>,
    /// Columns that follow a reference: the column, the reference, and the value.
    pub(super) follows: Vec<(Ident, Ident, String)>,
    /// The table's own, whichever behaviour comes first.
    pub(super) deleted_at: Option<Ident>,
    statements: Vec<(Moment, Part, String)>,
    origin: Origin,
}

impl Work {
    pub(super) fn new(blueprint: &Source<'_>, of: &Table) -> Self {
        // What makes keys unique says nothing that other columns do not say.
        let columns = of.columns.iter().filter(|column| column.origin != unique::BY);
        Self {
            name: of.name.clone(),
            sql: table(&of.name),
            key: key_columns(of),
            columns: columns
                .map(|column| (column.name.clone(), column.ty.clone()))
                .collect(),
            actor: match blueprint.actors {
                Some(_) => format!("coalesce({}, 1)", context::variable(Context::Actor)),
                None => "NULL".to_owned(),
            },
            access: Vec::new(),
            follows: Vec::new(),
            deleted_at: None,
            statements: Vec::new(),
            origin: of.origin,
        }
    }

    /// Where the next behaviour comes from.
    pub(super) fn origin(&mut self, origin: Origin) {
        self.origin = origin;
    }

    /// Adds a statement, without its semicolon.
    pub(super) fn add(&mut self, moment: Moment, part: Part, statement: impl Into<String>) {
        self.statements.push((moment, part, statement.into()));
    }

    /// Sets columns of the row that is written.
    pub(super) fn set(&mut self, moment: Moment, part: Part, column: &Ident, value: &str) {
        self.add(moment, part, format!("SET NEW.{} = {value}", ident(column)));
    }

    /// Refuses a row of which a condition is true, naming the rule and never a value.
    pub(super) fn refuse(&mut self, moment: Moment, state: &str, rule: &str, condition: &str) {
        let statement = refusal(state, self.name.name.as_str(), rule, condition);
        self.add(moment, Part::Guard, statement);
    }

    /// The same by the name of a foreign key, which says whose it is.
    pub(super) fn refuse_key(
        &mut self,
        moment: Moment,
        blueprint: &Source<'_>,
        key: Option<&ForeignKey>,
        of: &Name,
        condition: &str,
    ) {
        let own = local(blueprint, of);
        let rule = key.map_or("reference", |key| {
            let name = key.name.as_str();
            name.strip_prefix(of.name.as_str())
                .and_then(|rest| rest.strip_prefix('_'))
                .unwrap_or(name)
        });
        let statement = refusal("23503", own.name.as_str(), rule, condition);
        self.add(moment, Part::Guard, statement);
    }

    /// The type of a column.
    pub(super) fn type_of(&self, column: &Ident) -> Option<&SqlType> {
        let found = self.columns.iter().find(|(own, _)| own == column);
        found.map(|(_, ty)| ty)
    }

    /// Gives the table its triggers.
    pub(super) fn place(mut self, table: &mut Table) {
        self.follow_references();
        for moment in Moment::ALL {
            if let Some(body) = self.body(moment) {
                table.triggers.push(Trigger {
                    name: format!("{}_{}", self.name.name, moment.suffix()).into(),
                    timing: moment.timing(),
                    events: vec![moment.event()],
                    per_row: true,
                    transition_tables: (None, None),
                    when: None,
                    action: TriggerAction::Body(body),
                    enabled: true,
                    comment: None,
                    origin: self.origin,
                });
            }
        }
    }

    /// What follows a reference stays with it, whatever the statement says.
    fn follow_references(&mut self) {
        let mut done: Vec<Ident> = Vec::new();
        for (column, ..) in self.follows.clone() {
            if done.contains(&column) {
                continue;
            }
            let mut value = String::from("CASE");
            for (_, via, theirs) in self.follows.iter().filter(|(own, ..)| *own == column) {
                value.push_str(&format!(
                    "\n    WHEN NOT (NEW.{0} <=> OLD.{0}) THEN {theirs}",
                    ident(via)
                ));
            }
            value.push_str(&format!("\n    ELSE OLD.{}\nEND", ident(&column)));
            self.set(Moment::BeforeUpdate, Part::Inherit, &column, &value);
            done.push(column);
        }
    }

    fn body(&self, moment: Moment) -> Option<String> {
        let own = self.statements.iter().filter(|(at, ..)| *at == moment);
        let mut own: Vec<(Part, &str)> = own.map(|(_, part, sql)| (*part, sql.as_str())).collect();
        own.sort_by_key(|(part, _)| *part);
        // Reading a row is no change of it: what is set by changes stays as it was.
        let read = self.only_read().filter(|_| moment == Moment::BeforeUpdate);
        let is_stamp = |(part, _): &(Part, &str)| *part == Part::Stamp;
        let (stamps, others): (Vec<_>, Vec<_>) = match &read {
            Some(_) => own.into_iter().partition(is_stamp),
            None => (Vec::new(), own),
        };
        let mut statements: Vec<String> = others.iter().map(|(_, sql)| indented(sql, 4)).collect();
        if let Some(read) = read.filter(|_| !stamps.is_empty()) {
            let stamps: Vec<String> = stamps.iter().map(|(_, sql)| indented(sql, 4)).collect();
            let block = format!("IF NOT ({read}) THEN\n{};\nEND IF", stamps.join(";\n"));
            statements.push(indented(&block, 4));
        }
        (!statements.is_empty()).then(|| format!("BEGIN\n{};\nEND", statements.join(";\n")))
    }

    /// Whether nothing but columns of access differs.
    fn only_read(&self) -> Option<String> {
        if self.access.is_empty() {
            return None;
        }
        let others = self
            .columns
            .iter()
            .filter(|(column, _)| !self.access.contains(column));
        let same: Vec<String> = others
            .map(|(column, _)| format!("NEW.{0} <=> OLD.{0}", ident(column)))
            .collect();
        Some(same.join(" AND "))
    }
}

/// Every line behind so many blanks; empty lines stay empty.
pub(super) fn indented(text: &str, blanks: usize) -> String {
    let lines = text.lines().map(|line| match line {
        "" => String::new(),
        line => format!("{}{line}", " ".repeat(blanks)),
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// The server takes messages of at most 128 characters.
const MESSAGE: usize = 128;

fn refusal(state: &str, table: &str, rule: &str, condition: &str) -> String {
    let message: String = format!("architrave:{state}:{table}:{rule}")
        .chars()
        .take(MESSAGE)
        .collect();
    let condition = condition.replace('\n', "\n   ");
    format!(
        "IF {condition} THEN\n    SIGNAL SQLSTATE {} SET MESSAGE_TEXT = {};\nEND IF",
        text(state),
        text(&message)
    )
}
