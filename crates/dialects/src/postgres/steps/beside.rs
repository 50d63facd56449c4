//! Whether columns of a large table get their types beside the old ones, and if not, why.

use physical::{
    Column, Database, Expr, Function, Ident, Opaque, SqlType, Table, TriggerAction, TriggerEvent,
};
use plan::{Edit, TableChange, Unspeakable};

use super::column::rewrites;
use super::shown;
use super::swap::{last_trigger, whole_key};
use crate::postgres::expression::expression;
use crate::postgres::ident;

/// The columns whose types would have the table written anew, when all of them can be filled beside the old ones.
pub(in super::super) fn beside(change: &TableChange<'_>) -> Result<Vec<Ident>, Unspeakable> {
    let pairs = change.edits.iter().filter_map(|edit| match edit {
        Edit::ChangeColumn(before, after) if rewrites(before, after) => Some((*before, *after)),
        _ => None,
    });
    let pairs: Vec<(&Column, &Column)> = pairs.collect();
    if pairs.is_empty() {
        return Ok(Vec::new());
    }
    let column = pairs.iter().find_map(|pair| of_column(change, *pair));
    let why = of_table(change)
        .or(column)
        .or_else(|| of_what_hangs_on(change, &pairs))
        .or_else(|| of_functions(change));
    match why {
        Some(reason) => Err(Unspeakable { reason }),
        None => Ok(pairs.iter().map(|(before, _)| before.name.clone()).collect()),
    }
}

/// What of the table itself is in the way.
fn of_table(change: &TableChange<'_>) -> Option<String> {
    let table = change.from;
    let name = shown(&table.name);
    let heirs = |database: &Database| {
        let inherits = database.tables.iter().filter_map(|each| each.inherits.as_ref());
        inherits
            .flat_map(|each| &each.parents)
            .any(|each| *each == table.name)
    };
    let (from, to) = change.databases;
    if table.inherits.is_some() || change.to.inherits.is_some() || heirs(from) || heirs(to) {
        return Some(format!("{name} inherits, or others inherit from it"));
    }
    let partitioned = |table: &Table| table.partitioned.is_some() || table.partition_of.is_some();
    if !change.parts.is_empty() || partitioned(table) || partitioned(change.to) {
        return Some(format!("{name} is cut into partitions, or is one"));
    }
    if whole_key(table).is_none() || whole_key(change.to).is_none() {
        return Some(format!("no key tells the rows of {name} apart"));
    }
    if last_trigger(change, "").is_none() {
        return Some(format!(
            "a trigger of {name} has a name that no other sorts behind"
        ));
    }
    None
}

/// What of a column is in the way.
fn of_column(change: &TableChange<'_>, (before, after): (&Column, &Column)) -> Option<String> {
    let name = format!("{}.{}", shown(&change.to.name), after.name);
    if before.identity.is_some() || after.identity.is_some() {
        return Some(format!("{name} is an identity column"));
    }
    if before.generated.is_some() || after.generated.is_some() {
        return Some(format!("{name} is computed"));
    }
    let computed = |table: &Table| {
        let exprs = table.columns.iter().filter_map(|each| each.generated.as_ref());
        exprs.map(|each| &each.expr).any(|expr| speaks(expr, &after.name))
    };
    if computed(change.from) || computed(change.to) {
        return Some(format!("another column is computed from {name}"));
    }
    let (from, to) = change.databases;
    let types = [&before.ty, &after.ty];
    if types
        .iter()
        .any(|ty| !(is_there(ty, from, to) && is_there(ty, to, from)))
    {
        return Some(format!("a type of {name} comes or goes along with it"));
    }
    let home = change.to.name.schema.as_ref();
    if !can_be_named(&after.ty, home) || !can_be_named(&before.ty, home) {
        return Some(format!(
            "the type of {name} is in another schema, into which not everybody may look who writes rows"
        ));
    }
    // What a name is that stands behind `::` cannot be told from a column's.
    let texts = |table: &Table| {
        let checks = table.checks.iter().map(|each| &each.expr);
        let keys = table
            .indexes
            .iter()
            .flat_map(|each| &each.keys)
            .map(|key| &key.expr);
        let predicates = table.indexes.iter().filter_map(|each| each.predicate.as_ref());
        let mut exprs = checks.chain(keys).chain(predicates);
        let cast = format!("::{}", quoted(&after.name));
        exprs.any(|expr| matches!(expr, Expr::Sql(sql) if sql.contains(&cast)))
    };
    (texts(change.from) || texts(change.to))
        .then(|| format!("{name} has the name of a type that its table speaks of"))
}

/// Whether those who write rows of a table in a schema can name a type: the trigger does so with their rights.
fn can_be_named(ty: &SqlType, home: Option<&Ident>) -> bool {
    let open = |schema: &str| {
        let home = home.is_some_and(|home| home.as_str() == schema);
        home || ["public", "pg_catalog"].contains(&schema)
    };
    match ty {
        SqlType::Array(element) => can_be_named(element, home),
        SqlType::Named(name) => name.schema.as_ref().is_none_or(|schema| open(schema.as_str())),
        SqlType::Other(text) => match ident::split_path(text).as_slice() {
            [schema, _, ..] => open(schema),
            _ => true,
        },
        _ => true,
    }
}

/// Whether a type is in a database as it is in another.
fn is_there(ty: &SqlType, one: &Database, other: &Database) -> bool {
    match ty {
        SqlType::Array(element) => is_there(element, one, other),
        SqlType::Named(name) => {
            let named = one.types.iter().any(|each| each.name == *name);
            named || one.opaque.iter().any(|each| !each.setting && each.name == *name)
        }
        SqlType::Other(_) => one.extensions == other.extensions,
        _ => true,
    }
}

/// What stands on the table and cannot be made on a column beside.
fn of_what_hangs_on(change: &TableChange<'_>, pairs: &[(&Column, &Column)]) -> Option<String> {
    let (from, to) = change.databases;
    let opaque = from.opaque.iter().chain(&to.opaque);
    opaque
        .into_iter()
        .find_map(|opaque| stands_in_the_way(change, opaque, pairs))
}

fn stands_in_the_way(
    change: &TableChange<'_>,
    opaque: &Opaque,
    pairs: &[(&Column, &Column)],
) -> Option<String> {
    let table = shown(&change.from.name);
    let text = &opaque.definition;
    if opaque.kind == "publication" {
        let all = text.contains(" FOR ALL TABLES") || text.contains("TABLES IN SCHEMA");
        let why = format!(
            "publication {} has {table}, and subscribers do not know the column beside",
            opaque.name
        );
        return (all || mentions(text, &change.from.name.name)).then_some(why);
    }
    if !opaque.depends_on.contains(&change.from.name) {
        return None;
    }
    let of_column = pairs.iter().any(|(before, _)| mentions(text, &before.name));
    let told = format!(
        "{} {} cannot be made on another column beside",
        opaque.kind, opaque.name
    );
    let in_the_way = match opaque.kind.as_str() {
        "rule" => true,
        // By the name of an index: REPLICA IDENTITY, CLUSTER.
        "table option" => {
            let indexes = change.from.indexes.iter().map(|each| &each.name);
            let uniques = change.from.uniques.iter().map(|each| &each.name);
            let primary = change.from.primary_key.iter().map(|each| &each.name);
            let mut names = indexes.chain(uniques).chain(primary);
            names.any(|name| mentions(text, name))
        }
        "sequence owner" => false,
        _ if opaque.setting => false,
        _ => of_column,
    };
    in_the_way.then_some(told)
}

/// Functions that answer rows of the table rely on the order of its columns; triggers may refuse that every row is written.
fn of_functions(change: &TableChange<'_>) -> Option<String> {
    let table = change.from;
    let (from, to) = change.databases;
    let names = |text: &str| mentions(text, &table.name.name);
    let answers = |function: &&Function| {
        let body = function.body.trim_start().to_uppercase();
        let read = body.starts_with("BEGIN ATOMIC") || body.starts_with("RETURN");
        let arguments = function.arguments.iter().any(|each| names(&each.ty));
        names(&function.returns) || arguments || read && names(&function.body)
    };
    let mut functions = from.functions.iter().chain(&to.functions);
    if let Some(function) = functions.find(answers) {
        return Some(format!(
            "function {} is made of the columns of {}",
            function.name,
            shown(&table.name)
        ));
    }
    let routine = |opaque: &&Opaque| {
        let kinds = ["function", "procedure", "aggregate"];
        kinds.contains(&opaque.kind.as_str()) && {
            let head = opaque.definition.split("\nAS ").next().unwrap_or_default();
            names(head) || opaque.undo.as_deref().is_some_and(names)
        }
    };
    let mut routines = from.opaque.iter().chain(&to.opaque);
    if let Some(opaque) = routines.find(routine) {
        return Some(format!(
            "{} {} is made of the columns of {}",
            opaque.kind,
            opaque.name,
            shown(&table.name)
        ));
    }
    let refusing = |(table, database): (&Table, &Database)| {
        let mut triggers = table.triggers.iter().filter(|trigger| {
            let updates = |event: &TriggerEvent| matches!(event, TriggerEvent::Update(_));
            trigger.enabled && trigger.when.is_none() && trigger.events.iter().any(updates)
        });
        let refuses = triggers.find(|trigger| match &trigger.action {
            TriggerAction::Call { function, .. } => {
                let mut all = database.functions.iter();
                all.any(|each| each.name == *function && refuses(&each.body))
            }
            TriggerAction::Body(_) => true,
        });
        refuses.map(|trigger| trigger.name.clone())
    };
    let trigger = refusing((table, from)).or_else(|| refusing((change.to, to)))?;
    Some(format!(
        "trigger {trigger} of {} refuses that rows are written",
        shown(&table.name)
    ))
}

/// Whether a body raises an exception whatever it was called for: outside of every IF, CASE and loop.
fn refuses(body: &str) -> bool {
    let code: String = body
        .lines()
        .map(|line| line.split("--").next().unwrap_or_default())
        .collect::<Vec<_>>()
        .join(" ")
        .to_uppercase();
    let words: Vec<&str> = code
        .split(|c: char| !(c.is_alphanumeric() || c == '_'))
        .filter(|word| !word.is_empty())
        .collect();
    let mut depth = 0_usize;
    let mut before = "";
    for (at, word) in words.iter().enumerate() {
        let next = words.get(at + 1).copied().unwrap_or_default();
        match *word {
            "IF" | "LOOP" | "CASE" if before == "END" => depth = depth.saturating_sub(1),
            "IF" | "LOOP" | "CASE" => depth += 1,
            "RAISE" if depth == 0 && matches!(next, "EXCEPTION" | "USING" | "SQLSTATE") => return true,
            _ => {}
        }
        before = word;
    }
    false
}

/// Whether an expression names a column.
fn speaks(expr: &Expr, column: &Ident) -> bool {
    expression(expr).map_or(true, |text| mentions(&text, column))
}

/// Whether a text has a name in it, quoted or as a word.
pub(super) fn mentions(text: &str, name: &Ident) -> bool {
    let quoted = quoted(name);
    if quoted.starts_with('"') {
        return text.contains(&quoted);
    }
    let is_word = |c: char| c.is_alphanumeric() || matches!(c, '_' | '$');
    text.split(|c| !is_word(c)).any(|word| word == quoted)
}

fn quoted(name: &Ident) -> String {
    ident::ident(name.as_str())
}

#[cfg(test)]
mod tests {
    use super::refuses;

    #[test]
    fn what_always_raises_is_told_from_what_may() {
        assert!(refuses("BEGIN RAISE EXCEPTION 'no'; END"));
        assert!(refuses(
            "DECLARE x int; BEGIN\n-- IF it is\nIF a THEN RETURN NEW; END IF;\nRAISE EXCEPTION USING MESSAGE = 'no'; END"
        ));
        assert!(!refuses("BEGIN NEW.version := OLD.version + 1; RETURN NEW; END"));
        assert!(!refuses(
            "BEGIN IF NEW.a <> OLD.a THEN IF b THEN RETURN NULL; END IF; RAISE EXCEPTION 'no'; END IF; RETURN NEW; END"
        ));
        assert!(!refuses(
            "BEGIN FOR r IN q LOOP RAISE EXCEPTION 'no'; END LOOP; RETURN NEW; END"
        ));
        assert!(!refuses("BEGIN RAISE NOTICE 'hm'; RETURN NEW; END"));
    }
}
