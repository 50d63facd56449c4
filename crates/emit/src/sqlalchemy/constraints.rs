//! What stands in `__table_args__`: keys, checks and indexes as the database has them.

use physical::{
    Check, Expr, ForeignKey, Ident, Index, IndexKey, IndexMethod, OnDelete, PartitionBy, Table, Unique,
};

use super::Input;
use super::imports::Imports;
use super::mixins::Bases;
use super::py::{Py, documented, string};
use super::units::Unit;

/// The name that the models' metadata gives a constraint by itself.
pub(super) fn conventional(table: &Table, columns: &[Ident], kind: &str) -> String {
    let columns: Vec<&str> = columns.iter().map(Ident::as_str).collect();
    format!("{}_{}_{kind}", table.name.name, columns.join("_"))
}

/// The arguments of a table.
pub(super) fn arguments(input: &Input<'_>, unit: &Unit<'_>, bases: &Bases, imports: &mut Imports) -> Vec<Py> {
    let table = unit.table;
    let mut all = Vec::new();
    all.extend(
        table
            .uniques
            .iter()
            .filter(|one| !is_on_column(table, one))
            .map(|one| unique(table, one)),
    );
    let keys = table.foreign_keys.iter().filter(|key| !is_in_column(bases, key));
    all.extend(keys.map(|key| foreign_key(table, key)));
    all.extend(table.checks.iter().filter_map(|one| check(input, one)));
    all.extend(table.indexes.iter().filter_map(|one| index(input, one, imports)));
    if !all.is_empty() {
        imports.sqlalchemy();
    }
    all.extend(options(table));
    all
}

/// Whether a unique constraint can be said on its column.
pub(super) fn is_on_column(table: &Table, unique: &Unique) -> bool {
    unique.columns.len() == 1
        && !unique.nulls_not_distinct
        && !unique.deferred
        && conventional(table, &unique.columns, "key") == unique.name.as_str()
}

/// Whether a foreign key is said on its column, by the class or by one of its bases.
fn is_in_column(bases: &Bases, key: &ForeignKey) -> bool {
    match key.columns.as_slice() {
        [one] => !(one.as_str() == "tenant_id" && bases.given.contains("tenant_id")),
        _ => false,
    }
}

fn names(columns: &[Ident]) -> Vec<Py> {
    columns
        .iter()
        .map(|column| Py::Atom(string(column.as_str())))
        .collect()
}

fn unique(table: &Table, unique: &Unique) -> Py {
    let mut arguments = names(&unique.columns);
    if conventional(table, &unique.columns, "key") != unique.name.as_str() {
        arguments.push(Py::text("name", unique.name.as_str()));
    }
    if unique.deferred {
        arguments.extend(deferred());
    }
    if unique.nulls_not_distinct {
        arguments.push(Py::atom("postgresql_nulls_not_distinct=True"));
    }
    Py::call("sa.UniqueConstraint", arguments)
}

fn deferred() -> [Py; 2] {
    [Py::atom("deferrable=True"), Py::text("initially", "DEFERRED")]
}

fn foreign_key(table: &Table, key: &ForeignKey) -> Py {
    let theirs = key
        .referenced
        .iter()
        .map(|column| Py::Atom(string(&format!("{}.{column}", key.references.name))));
    let mut arguments = vec![Py::list(names(&key.columns)), Py::list(theirs)];
    arguments.extend(actions(table, key));
    Py::call("sa.ForeignKeyConstraint", arguments)
}

/// What a foreign key does when the other row changes or goes, and its name where it is not the usual one.
pub(super) fn actions(table: &Table, key: &ForeignKey) -> Vec<Py> {
    let mut arguments = Vec::new();
    if let Some(action) = action(key.on_update, &[]) {
        arguments.push(Py::text("onupdate", &action));
    }
    if let Some(action) = action(key.on_delete, &key.set_null) {
        arguments.push(Py::text("ondelete", &action));
    }
    if key.deferred {
        arguments.extend(deferred());
    }
    if conventional(table, &key.columns, "fkey") != key.name.as_str() {
        arguments.push(Py::text("name", key.name.as_str()));
    }
    arguments
}

fn action(action: OnDelete, emptied: &[Ident]) -> Option<String> {
    let columns: Vec<&str> = emptied.iter().map(Ident::as_str).collect();
    match action {
        OnDelete::NoAction => None,
        OnDelete::Restrict => Some("RESTRICT".to_owned()),
        OnDelete::Cascade => Some("CASCADE".to_owned()),
        OnDelete::SetNull if columns.is_empty() => Some("SET NULL".to_owned()),
        OnDelete::SetNull => Some(format!("SET NULL ({})", columns.join(", "))),
        OnDelete::SetDefault => Some("SET DEFAULT".to_owned()),
    }
}

fn check(input: &Input<'_>, check: &Check) -> Option<Py> {
    let text = sql(input, &check.expr)?;
    let arguments = [Py::Atom(string(&text)), Py::text("name", check.name.as_str())];
    Some(Py::call("sa.CheckConstraint", arguments))
}

/// An expression as PostgreSQL has it, in which SQLAlchemy finds no parameter. What cannot be said there is left out.
pub(super) fn sql(input: &Input<'_>, expr: &Expr) -> Option<String> {
    (input.postgres.expression)(expr)
        .ok()
        .map(|text| without_parameters(&text))
}

/// `:name` would be a parameter.
fn without_parameters(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut before = ' ';
    let mut letters = text.chars().peekable();
    while let Some(c) = letters.next() {
        let word = letters
            .peek()
            .is_some_and(|next| next.is_alphanumeric() || *next == '_');
        if c == ':' && word && before != ':' && before != '\\' && !before.is_alphanumeric() && before != '_' {
            out.push('\\');
        }
        out.push(c);
        before = c;
    }
    out
}

fn index(input: &Input<'_>, index: &Index, imports: &mut Imports) -> Option<Py> {
    let mut arguments = vec![Py::Atom(string(index.name.as_str()))];
    for key in &index.keys {
        arguments.push(index_key(input, key)?);
    }
    if index.unique {
        arguments.push(Py::atom("unique=True"));
    }
    if let Some(method) = method(&index.method) {
        arguments.push(Py::text("postgresql_using", method));
    }
    let classes = index
        .keys
        .iter()
        .filter_map(|key| Some((column_of(&key.expr)?, key.operator_class.as_ref()?)));
    let classes: Vec<Py> = classes
        .map(|(name, class)| Py::atom(format!("{}: {}", string(name), string(class))))
        .collect();
    if !classes.is_empty() {
        arguments.push(Py::named("postgresql_ops", Py::Listed("{", classes, "}")));
    }
    if !index.include.is_empty() {
        arguments.push(Py::named("postgresql_include", Py::list(names(&index.include))));
    }
    if index.nulls_not_distinct {
        arguments.push(Py::atom("postgresql_nulls_not_distinct=True"));
    }
    if let Some(predicate) = &index.predicate {
        let condition = sql(input, predicate)?;
        let word = if condition == "deleted_at IS NULL" {
            "alive"
        } else {
            "where"
        };
        imports.own("..core.database", word);
        arguments.push(Py::atom(if word == "alive" {
            "**alive()".to_owned()
        } else {
            format!("**where({})", string(&condition))
        }));
    }
    Some(Py::call("sa.Index", arguments))
}

fn column_of(expr: &Expr) -> Option<&str> {
    match expr {
        Expr::Column { name, .. } => Some(name.as_str()),
        _ => None,
    }
}

fn index_key(input: &Input<'_>, key: &IndexKey) -> Option<Py> {
    let plain = !key.descending && key.nulls_first.is_none();
    if let (Some(name), true) = (column_of(&key.expr), plain) {
        return Some(Py::Atom(string(name)));
    }
    let mut text = sql(input, &key.expr)?;
    if key.descending {
        text.push_str(" DESC");
    }
    match key.nulls_first {
        Some(true) => text.push_str(" NULLS FIRST"),
        Some(false) => text.push_str(" NULLS LAST"),
        None => {}
    }
    Some(Py::call("sa.text", [Py::Atom(string(&text))]))
}

fn method(method: &IndexMethod) -> Option<&str> {
    match method {
        IndexMethod::BTree => None,
        IndexMethod::Hash => Some("hash"),
        IndexMethod::Gin => Some("gin"),
        IndexMethod::Gist => Some("gist"),
        IndexMethod::Brin => Some("brin"),
        IndexMethod::Other(name) => Some(name),
    }
}

/// Storage, as a dictionary.
fn options(table: &Table) -> Option<Py> {
    let mut items = Vec::new();
    if let Some(percent) = table.fillfactor {
        items.push(Py::atom(format!(
            "\"postgresql_with\": {{\"fillfactor\": {percent}}}"
        )));
    }
    if let Some(partitioned) = &table.partitioned {
        let by = match partitioned.by {
            PartitionBy::Range => "RANGE",
            PartitionBy::List => "LIST",
            PartitionBy::Hash => "HASH",
        };
        let columns: Vec<&str> = partitioned.columns.iter().map(Ident::as_str).collect();
        let text = string(&format!("{by} ({})", columns.join(", ")));
        items.push(Py::atom(format!("\"postgresql_partition_by\": {text}")));
    }
    // The comment is what documents the class, unless Python would change its blanks.
    if let Some(comment) = table
        .comment
        .as_ref()
        .filter(|comment| documented(comment) != **comment)
    {
        items.push(Py::Atom(format!("\"comment\": {}", string(comment))));
    }
    (!items.is_empty()).then_some(Py::Listed("{", items, "}"))
}

#[cfg(test)]
mod tests {
    use super::without_parameters;

    #[test]
    fn a_colon_in_a_text_is_no_parameter() {
        assert_eq!(
            without_parameters("x = '12:30' OR y = ':a'"),
            "x = '12:30' OR y = '\\:a'"
        );
        assert_eq!(without_parameters("x::text"), "x::text");
    }
}
