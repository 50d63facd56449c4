//! Uniqueness among some rows, and where two empty values are the same: by computed columns.
//!
//! A unique key lets any number of rows through that have NULL in it. So a computed column that is 1 for the rows that count and NULL
//! for the others makes a key of those alone; and one that is never NULL makes empty values the same.

use physical::{Column, Expr, Generated, Ident, Index, IndexKey, Origin, SqlType, Table, Unique};

use crate::losses::Losses;
use crate::mariadb::expression;
use crate::mariadb::ident::ident;

/// Where columns come from that are there for a key alone.
pub(super) const BY: Origin = Origin::Decision("unique", None);

/// A key of a column.
pub(super) fn key(column: &Column) -> IndexKey {
    IndexKey {
        expr: Expr::column(column.name.clone(), column.ty.clone()),
        descending: false,
        nulls_first: None,
        operator_class: None,
    }
}

/// Makes unique keys of all that is unique.
pub(super) fn uniques(table: &mut Table, losses: &mut Losses) {
    let name = table.name.clone();
    for unique in &mut table.uniques {
        if unique.deferred {
            losses.add(
                "deferred uniqueness",
                format!("{name}.{}", unique.name),
                "uniqueness is looked at row by row, not at the end of the transaction",
                unique.origin,
            );
            unique.deferred = false;
        }
    }
    for at in 0..table.uniques.len() {
        let Some(unique) = table.uniques.get(at).filter(|unique| unique.nulls_not_distinct) else {
            continue;
        };
        let columns = unique.columns.clone();
        let columns = columns
            .into_iter()
            .map(|column| never_empty(table, &column))
            .collect();
        if let Some(unique) = table.uniques.get_mut(at) {
            unique.columns = columns;
            unique.nulls_not_distinct = false;
        }
    }
    let (some, others): (Vec<Index>, Vec<Index>) = std::mem::take(&mut table.indexes)
        .into_iter()
        .partition(|index| index.unique);
    table.indexes = others;
    for index in some {
        if let Some(unique) = among(table, &index) {
            table.uniques.push(unique);
        } else {
            losses.add(
                "uniqueness among some rows",
                format!("{name}.{}", index.name),
                "a unique key has columns only, and its condition must be the same at any time",
                index.origin,
            );
        }
    }
}

/// A unique index as a key.
fn among(table: &mut Table, index: &Index) -> Option<Unique> {
    let mut columns = Vec::new();
    for key in &index.keys {
        let Expr::Column { name, .. } = &key.expr else {
            return None;
        };
        columns.push(match index.nulls_not_distinct {
            true => never_empty(table, name),
            false => name.clone(),
        });
    }
    if let Some(predicate) = &index.predicate {
        columns.push(counting(table, index, predicate)?);
    }
    Some(Unique {
        name: index.name.clone(),
        columns,
        nulls_not_distinct: false,
        deferred: false,
        comment: index.comment.clone(),
        origin: index.origin,
    })
}

/// A column that is 1 for the rows that a condition is true of.
fn counting(table: &mut Table, index: &Index, predicate: &Expr) -> Option<Ident> {
    let condition = expression::render(predicate).ok()?;
    let expr = Expr::Sql(format!("if({condition},1,NULL)"));
    let known = table.columns.iter().find(|column| {
        let generated = column.generated.as_ref();
        generated.is_some_and(|generated| generated.expr == expr)
    });
    if let Some(known) = known {
        return Some(known.name.clone());
    }
    let living = matches!(predicate, Expr::IsNull { negated: false, .. });
    let name = match living {
        true => free(table, "living"),
        false => free(table, &format!("{}_counts", index.name)),
    };
    let says = format!("1 where {condition}, else empty: what is unique among those rows");
    computed(table, &name, SqlType::Other("tinyint(1)".to_owned()), expr, says);
    Some(name)
}

/// The column, or one beside it that holds something else in place of NULL.
fn never_empty(table: &mut Table, column: &Ident) -> Ident {
    let Some(found) = table.column(column.as_str()).filter(|found| found.nullable) else {
        return column.clone();
    };
    let length = match &found.ty {
        SqlType::SmallInt | SqlType::Integer | SqlType::BigInt => 21,
        SqlType::Uuid => 37,
        SqlType::Varchar(most) => most + 1,
        _ => 255,
    };
    let expr = Expr::Sql(format!("coalesce(concat('=',{}),'')", ident(column)));
    let wanted = format!("{column}_or_none");
    let known = table.column(&wanted).is_some_and(|known| {
        let generated = known.generated.as_ref();
        generated.is_some_and(|generated| generated.expr == expr)
    });
    if known {
        return wanted.into();
    }
    let name = free(table, &wanted);
    let says = format!("{column}, so that two empty ones are the same");
    computed(table, &name, SqlType::Varchar(length), expr, says);
    name
}

fn computed(table: &mut Table, name: &Ident, ty: SqlType, expr: Expr, says: String) {
    let mut column = Column::new(name.clone(), ty, BY);
    column.nullable = true;
    column.generated = Some(Generated { expr, stored: false });
    column.comment = Some(says);
    table.columns.push(column);
}

/// A name that no column of the table has.
fn free(table: &Table, wanted: &str) -> Ident {
    let mut name: String = wanted.chars().take(60).collect();
    while table.column(&name).is_some() {
        name.push('_');
    }
    name.into()
}

#[cfg(test)]
mod tests {
    use physical::Name;

    use super::*;

    #[test]
    fn a_name_that_is_taken_gets_another() {
        let mut table = Table::new(Name::bare("t"), BY);
        table.columns.push(Column::new("living", SqlType::Boolean, BY));
        assert_eq!(free(&table, "living").as_str(), "living_");
        assert_eq!(
            super::key(&table.columns[0]).expr,
            Expr::column("living", SqlType::Boolean)
        );
    }
}
