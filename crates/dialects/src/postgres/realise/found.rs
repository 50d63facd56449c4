//! Tables as they were found: nothing is added to them. Only the types that the source spells are read as PostgreSQL would.

use physical::SqlType;

use super::realiser::Realiser;
use crate::postgres::types;

pub(super) fn realise(r: &mut Realiser<'_>) {
    let found = &r.blueprint.found;
    r.database.schemas.extend(found.schemas.iter().cloned());
    r.database.types.extend(found.types.iter().cloned());
    for table in &found.tables {
        let mut table = table.clone();
        for column in &mut table.columns {
            if let SqlType::Other(text) = &column.ty {
                column.ty = types::parse(text);
            }
        }
        r.add_table(table);
    }
}
