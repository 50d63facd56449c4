//! A self reference makes no cycle.

use physical::Ident;

use super::super::ident::ident;
use super::triggers::Work;

pub(super) fn add(work: &mut Work, key: &Ident, parent: &Ident) {
    let (table, key_sql, parent_sql) = (work.sql.clone(), ident(key), ident(parent));
    let condition = format!(
        "NEW.{parent_sql} IS NOT NULL\n  AND NEW.{key_sql} IN (\n    \
         WITH RECURSIVE above (id) AS (\n      \
         SELECT NEW.{parent_sql}\n      \
         UNION\n      \
         SELECT t.{parent_sql} FROM {table} AS t JOIN above ON t.{key_sql} = above.id WHERE t.{parent_sql} IS NOT NULL\n    \
         )\n    SELECT id FROM above\n  )"
    );
    let guard = work.guard("23514", &format!("{parent}_cycle"), &condition);
    work.inserted.push(guard.clone());
    work.updated.push(guard);
}
