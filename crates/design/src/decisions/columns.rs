//! Decision: the order of columns, and how full pages are.

use model::{ColumnOrder, Entity};
use physical::{Column, Expected, SqlType};

use crate::decisions::Kind;
use crate::draft::Draft;
use crate::{Alternative, Decision};

pub(crate) static KIND: Kind = Kind {
    id: "columns",
    title: "the order of columns",
    reason: "by alignment, so that no bytes are lost between columns (9 % with text, 20 % without), with what may be empty behind what may \
             not, and wide and rare columns last",
    alternatives: &[
        Alternative {
            option: "by alignment",
            how: "`columns aligned` in the policy (the default)",
        },
        Alternative {
            option: "as written",
            how: "`columns as_written` in the policy",
        },
    ],
    attacker: None,
    apply,
};

/// Room for a new version of a row on its page: 6 % HOT updates became 99.7 % for 11 % more heap.
pub(super) const HOT: u8 = 90;
/// A row that is changed this often a day, on average, is hot.
const CHANGES_A_DAY: f64 = 0.01;

fn apply(draft: &mut Draft<'_>) {
    let aligned = draft.model.policy.columns.value == ColumnOrder::Aligned;
    if aligned {
        for table in &mut draft.blueprint.database.tables {
            // Stable, so that columns of one class stay as written; the key stays in front.
            table.columns.sort_by_key(class);
        }
    }
    for entity in &draft.model.entities {
        let table = draft.facts(entity.id).table.clone();
        let expected = Expected(entity.volume.as_ref().map(|volume| volume.rows));
        draft.change(&table, |table| table.expected = expected);
        let hot = is_hot(entity);
        if hot {
            draft.change(&table, |table| table.fillfactor = Some(HOT));
        }
        let order = if aligned {
            "ordered by alignment"
        } else {
            "as written"
        };
        let choice = if hot {
            format!("{order}; pages filled to {HOT} %, since rows change often")
        } else {
            order.to_owned()
        };
        draft.decide(
            Decision::new(&KIND, &entity.name.text, choice)
                .opted(&draft.model.policy.columns)
                .name(&table.name),
        );
    }
}

fn is_hot(entity: &Entity) -> bool {
    entity.volume.as_ref().is_some_and(|volume| {
        let rows = volume.rows.max(1) as f64;
        volume
            .updates
            .is_some_and(|updates| updates * 86_400.0 / rows >= CHANGES_A_DAY)
    })
}

/// The key; then what has a fixed width and is never empty, by alignment; then what may be empty; then texts; then what is wide.
fn class(column: &Column) -> (u8, u8) {
    let (alignment, shape) = layout(&column.ty);
    match (column.identity.is_some(), shape, column.nullable) {
        (true, ..) => (0, 0),
        (_, Width::Fixed, false) => (1, alignment),
        (_, Width::Fixed, true) => (2, alignment),
        (_, Width::Short, false) => (3, 0),
        (_, Width::Short, true) => (4, 0),
        (_, Width::Wide, false) => (5, 0),
        (_, Width::Wide, true) => (6, 0),
    }
}

/// How wide values are.
enum Width {
    Fixed,
    Short,
    Wide,
}

/// Where a type stands among those of its width, the widest alignment first; and how wide it is.
const fn layout(ty: &SqlType) -> (u8, Width) {
    match ty {
        SqlType::BigInt | SqlType::Double | SqlType::TimestampTz | SqlType::Timestamp | SqlType::Time => {
            (0, Width::Fixed)
        }
        SqlType::Interval => (0, Width::Fixed),
        SqlType::Integer | SqlType::Real | SqlType::Date | SqlType::Named(_) => (1, Width::Fixed),
        SqlType::SmallInt => (2, Width::Fixed),
        SqlType::Uuid => (3, Width::Fixed),
        SqlType::Boolean => (4, Width::Fixed),
        SqlType::Numeric(_) | SqlType::Text | SqlType::Varchar(_) | SqlType::Char(_) | SqlType::Inet => {
            (0, Width::Short)
        }
        SqlType::Bytes | SqlType::Json | SqlType::JsonText | SqlType::Array(_) | SqlType::Other(_) => {
            (0, Width::Wide)
        }
    }
}
