//! The query of a view, in the words of a product.

use physical::{Expr, Ident, Name, ViewQuery};
use plan::Unspeakable;

/// How a product writes what stands in a query.
pub(crate) struct Words {
    /// A name.
    pub(crate) ident: fn(&Ident) -> String,
    /// The name of a table or view.
    pub(crate) table: fn(&Name) -> String,
    /// An expression.
    pub(crate) expression: fn(&Expr) -> Result<String, Unspeakable>,
    /// What stands between a table and its alias.
    pub(crate) alias: &'static str,
    /// What lines begin with below a word.
    pub(crate) indent: &'static str,
}

/// Writes what a view shows. What cannot be said was taken out by `realise`.
pub(crate) fn query(query: &ViewQuery, words: &Words) -> String {
    let (from, joins, items, filter) = match query {
        ViewQuery::Sql(sql) => return sql.clone(),
        ViewQuery::Select {
            from,
            joins,
            items,
            filter,
        } => (from, joins, items, filter),
    };
    let said: Vec<(String, String)> = items
        .iter()
        .filter_map(|(name, expr)| Some(((words.expression)(expr).ok()?, (words.ident)(name))))
        .collect();
    let width = said
        .iter()
        .filter(|(expr, _)| !expr.contains('\n'))
        .map(|(expr, _)| expr.chars().count())
        .max()
        .unwrap_or(0)
        .min(60);
    let lines: Vec<String> = said
        .iter()
        .map(|(expr, name)| format!("{}{} AS {name}", words.indent, pad(expr, width)))
        .collect();
    let between = words.alias;
    let mut sql = format!(
        "SELECT\n{}\nFROM {}{between}t",
        lines.join(",\n"),
        (words.table)(from)
    );
    for join in joins {
        let alias = (words.ident)(&join.alias);
        let on: Vec<String> = join
            .on
            .iter()
            .map(|(theirs, own)| format!("{alias}.{} = t.{}", (words.ident)(theirs), (words.ident)(own)))
            .collect();
        sql.push_str(&format!(
            "\nLEFT JOIN {}{between}{alias} ON {}",
            (words.table)(&join.table),
            on.join(" AND ")
        ));
    }
    if let Some(Ok(filter)) = filter.as_ref().map(words.expression) {
        sql.push_str(&format!("\nWHERE {filter}"));
    }
    sql
}

/// Pads to a width in characters.
pub(crate) fn pad(text: &str, width: usize) -> String {
    let length = text.chars().count();
    format!("{text}{}", " ".repeat(width.saturating_sub(length)))
}
