//! Tables, views, sequences and types, without what hangs on them.

use std::collections::HashMap;

use physical::{
    Database, Ident, Name, NamedType, NamedTypeKind, Origin, Partition, PartitionBy, Partitioned, Privilege,
    RowSecurity, Table, View, ViewQuery,
};
use plan::CatalogError;

use super::{Answers, acl, opaque, rights_opaque};
use crate::postgres::{ident, types};

/// A table or view by its number, while it is being put together.
#[derive(Debug)]
pub(super) struct Relation {
    pub(super) name: Name,
    pub(super) kind: char,
    pub(super) owner: String,
    pub(super) columns: HashMap<i64, (String, i64)>,
    /// Columns as they would be written, for what is kept as text.
    pub(super) column_text: Vec<String>,
    server: Option<String>,
    pub(super) table: Option<Table>,
    pub(super) view: Option<View>,
}

impl Relation {
    /// The names of columns by number.
    pub(super) fn names(&self, numbers: &[i64]) -> Vec<Ident> {
        numbers
            .iter()
            .filter_map(|number| self.columns.get(number))
            .map(|(name, _)| Ident::new(name.as_str()))
            .collect()
    }
}

/// All relations, in the order of the catalog.
#[derive(Debug, Default)]
pub(super) struct Relations {
    order: Vec<i64>,
    by_number: HashMap<i64, Relation>,
    partition_columns: Vec<(i64, Vec<i64>)>,
    partitions: Vec<(i64, Partition)>,
    sequences: Vec<(i64, i64, Name)>,
}

impl Relations {
    pub(super) fn get(&self, number: i64) -> Option<&Relation> {
        self.by_number.get(&number)
    }

    pub(super) fn get_mut(&mut self, number: i64) -> Option<&mut Relation> {
        self.by_number.get_mut(&number)
    }

    pub(super) fn name(&self, number: i64) -> Option<&Name> {
        self.get(number).map(|relation| &relation.name)
    }

    pub(super) fn table(&mut self, number: i64) -> Option<&mut Table> {
        self.get_mut(number)?.table.as_mut()
    }

    /// Puts tables and views into the database.
    pub(super) fn finish(mut self, database: &mut Database) {
        for (number, attributes) in std::mem::take(&mut self.partition_columns) {
            let columns = self
                .get(number)
                .map(|each| each.names(&attributes))
                .unwrap_or_default();
            if let Some(partitioned) = self.table(number).and_then(|table| table.partitioned.as_mut()) {
                partitioned.columns = columns;
            }
        }
        for (parent, partition) in std::mem::take(&mut self.partitions) {
            if let Some(partitioned) = self.table(parent).and_then(|table| table.partitioned.as_mut()) {
                partitioned.partitions.push(partition);
            }
        }
        for (number, column, sequence) in std::mem::take(&mut self.sequences) {
            let Some(relation) = self.get(number) else {
                continue;
            };
            let Some((column, _)) = relation.columns.get(&column) else {
                continue;
            };
            database.opaque.push(opaque(
                "sequence owner",
                sequence.clone(),
                format!(
                    "ALTER SEQUENCE {} OWNED BY {}.{}",
                    ident::name(&sequence),
                    ident::name(&relation.name),
                    ident::ident(column)
                ),
                Some(format!("ALTER SEQUENCE {} OWNED BY NONE", ident::name(&sequence))),
                vec![sequence, relation.name.clone()],
            ));
        }
        for number in &self.order {
            let Some(relation) = self.by_number.remove(number) else {
                continue;
            };
            if relation.kind == 'f' {
                foreign_table(&relation, database);
            }
            database.tables.extend(relation.table);
            database.views.extend(relation.view);
        }
    }
}

fn foreign_table(relation: &Relation, database: &mut Database) {
    let name = ident::name(&relation.name);
    database.opaque.push(opaque(
        "foreign table",
        relation.name.clone(),
        format!(
            "CREATE FOREIGN TABLE {name} (\n    {}\n){}",
            relation.column_text.join(",\n    "),
            relation.server.as_deref().unwrap_or_default()
        ),
        Some(format!("DROP FOREIGN TABLE {name}")),
        Vec::new(),
    ));
}

pub(super) fn read(answers: &Answers<'_>, database: &mut Database) -> Result<Relations, CatalogError> {
    let mut out = Relations::default();
    for mut row in answers.rows("relations") {
        let number = row.int()?;
        let name = Name::new(row.text()?, row.text()?);
        let kind = row.text()?.chars().next().unwrap_or(' ');
        let owner = row.text()?.to_owned();
        let (enabled, forced) = (row.bool()?, row.bool()?);
        let persistence = row.text()?;
        let identity = row.text()?;
        let options = row.texts()?;
        let list = row.maybe()?;
        let comment = row.owned()?;
        let definition = row.maybe()?;
        let (strategy, attributes, key) = (row.maybe()?, row.numbers()?, row.maybe()?);
        let (is_partition, parent, bound) = (row.bool()?, row.int()?, row.maybe()?);
        let (sequence_of, sequence_column, sequence_kind) = (row.int()?, row.int()?, row.maybe()?);
        let (sequence, plain_sequence) = (row.maybe()?, row.bool()?);
        let server = row.owned()?;

        let mut relation = Relation {
            name: name.clone(),
            kind,
            owner: owner.clone(),
            columns: HashMap::new(),
            column_text: Vec::new(),
            server,
            table: None,
            view: None,
        };
        match kind {
            'S' => {
                let identity_of = sequence_kind == Some("i");
                let text = sequence.unwrap_or_default();
                read_sequence(database, &name, &owner, text, identity_of, plain_sequence);
                if sequence_kind == Some("a") {
                    out.sequences.push((sequence_of, sequence_column, name.clone()));
                }
                continue;
            }
            'v' | 'm' => {
                let rights = acl::read(list, &owner, None);
                rights_opaque(database, "view", &name, rights.others);
                view_options(database, &name, kind, &options);
                relation.view = Some(View {
                    name: name.clone(),
                    owner: Some(Ident::new(owner)),
                    query: ViewQuery::Sql(definition.unwrap_or_default().trim().to_owned()),
                    materialized: kind == 'm',
                    security_barrier: option(&options, "security_barrier") == Some("true"),
                    security_invoker: option(&options, "security_invoker") == Some("true"),
                    grants: rights.grants,
                    comment,
                    origin: Origin::Found,
                });
            }
            'r' | 'p' if is_partition => {
                let bound = bound.filter(|bound| *bound != "DEFAULT").map(str::to_owned);
                if kind == 'p' {
                    let text = format!("-- {name} is a partition that is partitioned itself");
                    database
                        .opaque
                        .push(opaque("partition tree", name.clone(), text, None, Vec::new()));
                }
                let rights = acl::read(list, &owner, None);
                partition_rights(database, &name, &rights);
                out.partitions.push((
                    parent,
                    Partition {
                        name: name.clone(),
                        bound,
                    },
                ));
            }
            'r' | 'p' => {
                let rights = acl::read(list, &owner, None);
                rights_opaque(database, "table", &name, rights.others);
                let mut table = Table::new(name.clone(), Origin::Found);
                table.owner = Some(Ident::new(owner));
                table.row_security = match (enabled, forced) {
                    (true, true) => RowSecurity::Forced,
                    (true, false) => RowSecurity::Enabled,
                    _ => RowSecurity::Off,
                };
                table.unlogged = persistence == "u";
                table.grants = rights.grants;
                table.comment = comment;
                table.fillfactor = option(&options, "fillfactor").and_then(|text| text.parse().ok());
                table_options(database, &name, &options, identity);
                if let Some(strategy) = strategy {
                    partition_strategy(database, &mut table, strategy, &attributes, key);
                    out.partition_columns.push((number, attributes));
                }
                if parent != 0 {
                    inheritance(database, &name, out.name(parent).cloned());
                }
                relation.table = Some(table);
            }
            _ => {}
        }
        out.order.push(number);
        out.by_number.insert(number, relation);
    }
    Ok(out)
}

fn option<'a>(options: &'a [String], name: &str) -> Option<&'a str> {
    options
        .iter()
        .find_map(|option| option.strip_prefix(name)?.strip_prefix('='))
}

fn read_sequence(
    database: &mut Database,
    name: &Name,
    owner: &str,
    text: &str,
    of_identity: bool,
    plain: bool,
) {
    let quoted = ident::name(name);
    if of_identity {
        // The column says that it is there; only what is unusual about it is left to say.
        if !plain {
            database.opaque.push(opaque(
                "identity sequence",
                name.clone(),
                format!("ALTER SEQUENCE {quoted} {text}"),
                Some(String::new()),
                Vec::new(),
            ));
        }
        return;
    }
    database.opaque.push(opaque(
        "sequence",
        name.clone(),
        format!(
            "CREATE SEQUENCE {quoted} {text};\nALTER SEQUENCE {quoted} OWNER TO {}",
            ident::ident(owner)
        ),
        Some(format!("DROP SEQUENCE IF EXISTS {quoted}")),
        Vec::new(),
    ));
}

fn view_options(database: &mut Database, name: &Name, kind: char, options: &[String]) {
    let quoted = ident::name(name);
    let word = if kind == 'm' { "MATERIALIZED VIEW" } else { "VIEW" };
    for other in options {
        if !other.starts_with("security_barrier=") && !other.starts_with("security_invoker=") {
            database.opaque.push(opaque(
                "view option",
                name.clone(),
                format!("ALTER {word} {quoted} SET ({other})"),
                Some(String::new()),
                vec![name.clone()],
            ));
        }
    }
}

fn table_options(database: &mut Database, name: &Name, options: &[String], replica_identity: &str) {
    let quoted = ident::name(name);
    let mut push = |definition: String| {
        database.opaque.push(opaque(
            "table option",
            name.clone(),
            definition,
            Some(String::new()),
            vec![name.clone()],
        ));
    };
    for other in options.iter().filter(|option| !option.starts_with("fillfactor=")) {
        push(format!("ALTER TABLE {quoted} SET ({other})"));
    }
    match replica_identity {
        "f" => push(format!("ALTER TABLE {quoted} REPLICA IDENTITY FULL")),
        "n" => push(format!("ALTER TABLE {quoted} REPLICA IDENTITY NOTHING")),
        _ => {}
    }
}

fn partition_strategy(
    database: &mut Database,
    table: &mut Table,
    strategy: &str,
    attributes: &[i64],
    key: Option<&str>,
) {
    if attributes.contains(&0) {
        database.opaque.push(opaque(
            "partition key",
            table.name.clone(),
            format!("-- {} is partitioned by {}", table.name, key.unwrap_or_default()),
            None,
            vec![table.name.clone()],
        ));
    }
    table.partitioned = Some(Partitioned {
        by: match strategy {
            "l" => PartitionBy::List,
            "h" => PartitionBy::Hash,
            _ => PartitionBy::Range,
        },
        columns: Vec::new(),
        partitions: Vec::new(),
        managed: false,
    });
}

fn partition_rights(database: &mut Database, name: &Name, rights: &acl::Acl) {
    for grant in &rights.grants {
        database.opaque.push(opaque(
            "right",
            name.clone(),
            format!(
                "-- partition {name}: {:?} for {:?}",
                grant.privilege, grant.grantee
            ),
            None,
            Vec::new(),
        ));
    }
    rights_opaque(database, "partition", name, rights.others.clone());
}

fn inheritance(database: &mut Database, name: &Name, parent: Option<Name>) {
    let Some(parent) = parent else { return };
    let (child, of) = (ident::name(name), ident::name(&parent));
    database.opaque.push(opaque(
        "inheritance",
        name.clone(),
        format!("ALTER TABLE {child} INHERIT {of}"),
        Some(format!("ALTER TABLE {child} NO INHERIT {of}")),
        vec![name.clone(), parent],
    ));
}

/// Enums and domains; composite, range and base types are kept as text. Checks of domains were left in `domain_checks` by
/// the constraints.
pub(super) fn types(
    answers: &Answers<'_>,
    relations: &mut Relations,
    database: &mut Database,
) -> Result<(), CatalogError> {
    let mut checks = super::tables::domain_checks(answers)?;
    for mut row in answers.rows("types") {
        let number = row.int()?;
        let name = Name::new(row.text()?, row.text()?);
        let kind = row.text()?;
        let owner = row.text()?.to_owned();
        let comment = row.owned()?;
        let labels = row.texts()?;
        let (base, not_null, default) = (row.maybe()?, row.bool()?, row.maybe()?);
        let rights = row.maybe()?;
        let relation = row.int()?;
        let subtype = row.maybe()?;
        let quoted = ident::name(&name);
        let kind = match kind {
            "e" => NamedTypeKind::Enum(labels),
            "d" => NamedTypeKind::Domain {
                base: types::parse(base.unwrap_or_default()),
                not_null,
                checks: checks.remove(&number).unwrap_or_default(),
            },
            "c" => {
                let columns = relations
                    .get(relation)
                    .map_or_else(String::new, |each| each.column_text.join(", "));
                let text = format!("CREATE TYPE {quoted} AS ({columns})");
                let undo = Some(format!("DROP TYPE {quoted}"));
                database
                    .opaque
                    .push(opaque("composite type", name, text, undo, Vec::new()));
                continue;
            }
            "r" => {
                let text = format!(
                    "CREATE TYPE {quoted} AS RANGE (SUBTYPE = {})",
                    subtype.unwrap_or_default()
                );
                let undo = Some(format!("DROP TYPE {quoted}"));
                database
                    .opaque
                    .push(opaque("range type", name, text, undo, Vec::new()));
                continue;
            }
            _ => {
                let text = format!("-- base type {quoted}");
                database
                    .opaque
                    .push(opaque("base type", name, text, None, Vec::new()));
                continue;
            }
        };
        if let Some(default) = default {
            let undo = Some(format!("ALTER DOMAIN {quoted} DROP DEFAULT"));
            let text = format!("ALTER DOMAIN {quoted} SET DEFAULT {default}");
            database.opaque.push(opaque(
                "domain default",
                name.clone(),
                text,
                undo,
                vec![name.clone()],
            ));
        }
        if rights.is_some() {
            let acl = acl::read(rights, &owner, Some(Privilege::Usage));
            let text = format!("-- type {name}: {:?} {:?}", acl.grants, acl.others);
            database
                .opaque
                .push(opaque("right", name.clone(), text, None, vec![name.clone()]));
        }
        database.types.push(NamedType {
            name,
            owner: Some(Ident::new(owner)),
            kind,
            comment,
            origin: Origin::Found,
        });
    }
    Ok(())
}
