//! Tables, views, sequences and types, without what hangs on them.

use std::collections::{BTreeMap, HashMap};

use physical::{
    Database, Expected, Ident, Inheritance, Name, Opaque, Origin, Partition, PartitionBy, PartitionOf,
    Partitioned, RowSecurity, Table, View, ViewQuery,
};
use plan::CatalogError;

use super::{Answers, acl, opaque, rights_opaque, sequences, with_comment};
use crate::postgres::ident;

/// A table or view by its number, while it is being put together.
#[derive(Debug)]
pub(super) struct Relation {
    pub(super) name: Name,
    pub(super) kind: char,
    pub(super) owner: String,
    pub(super) columns: HashMap<i64, (String, i64)>,
    /// Columns as they would be written, for what is kept as text.
    pub(super) column_text: Vec<String>,
    /// What is to be said of them once they are there.
    pub(super) column_comments: Vec<String>,
    server: Option<String>,
    /// A partition that is all that its parent says, and nothing of its own.
    pub(super) plain_partition: bool,
    /// What is left to say about it once it is made: owner, rights, comment.
    rest: String,
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
    inherits: Vec<(i64, Vec<i64>)>,
    attached: Vec<(i64, i64)>,
    sequences: Vec<(i64, i64, Name)>,
    identities: Vec<(i64, String, sequences::Sequence)>,
    /// What can only be said when partitions are in their places.
    pub(super) late: Vec<Opaque>,
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
        self.place_partitions();
        self.place_heirs();
        self.own_sequences(database);
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
        database.opaque.append(&mut self.late);
    }

    /// Partitions that stand with their parent, and the parents' keys.
    fn place_partitions(&mut self) {
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
    }

    fn place_heirs(&mut self) {
        for (number, parents) in std::mem::take(&mut self.inherits) {
            let parents = parents.iter().filter_map(|parent| self.name(*parent).cloned());
            let parents: Vec<Name> = parents.collect();
            if let Some(inherits) = self.table(number).and_then(|table| table.inherits.as_mut()) {
                inherits.parents = parents;
            }
        }
        for (number, parent) in std::mem::take(&mut self.attached) {
            let parent = self.name(parent).cloned();
            let place = self.table(number).and_then(|table| table.partition_of.as_mut());
            if let (Some(place), Some(parent)) = (place, parent) {
                place.parent = parent;
            }
        }
    }

    fn own_sequences(&mut self, database: &mut Database) {
        for (number, column, sequence) in std::mem::take(&mut self.identities) {
            if let Some(table) = self.name(number) {
                sequence.of_identity(table, &column, database);
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
    }
}

fn foreign_table(relation: &Relation, database: &mut Database) {
    let name = ident::name(&relation.name);
    database.opaque.push(opaque(
        "foreign table",
        relation.name.clone(),
        format!(
            "CREATE FOREIGN TABLE {name} (\n    {}\n){}{}",
            relation.column_text.join(",\n    "),
            relation.server.as_deref().unwrap_or_default(),
            relation.rest
        ),
        Some(format!("DROP FOREIGN TABLE {name}")),
        Vec::new(),
    ));
}

/// A row of the relations, as far as all kinds share it.
struct Row<'a> {
    number: i64,
    name: Name,
    kind: char,
    owner: &'a str,
    row_security: (bool, bool),
    persistence: &'a str,
    replica_identity: &'a str,
    options: Vec<String>,
    rights: Option<&'a str>,
    comment: Option<String>,
    definition: Option<&'a str>,
    strategy: Option<&'a str>,
    key: Vec<i64>,
    key_text: Option<&'a str>,
    is_partition: bool,
    parents: Vec<i64>,
    bound: Option<&'a str>,
    sequence_of: (i64, i64),
    sequence_kind: Option<&'a str>,
    sequence: Option<&'a str>,
    plain_sequence: bool,
    server: Option<String>,
    plain_partition: bool,
    toast_options: Vec<String>,
    of_type: Option<&'a str>,
    replica_index: Option<&'a str>,
    clustered: Option<&'a str>,
    sequence_column: Option<&'a str>,
    /// As the server estimates; less than zero where it never looked.
    rows: i64,
    /// How its rows are kept, if not as usual.
    access_method: Option<&'a str>,
}

impl<'a> Row<'a> {
    fn read(row: &mut super::Cursor<'a>) -> Result<Self, CatalogError> {
        Ok(Self {
            number: row.int()?,
            name: Name::new(row.text()?, row.text()?),
            kind: row.text()?.chars().next().unwrap_or(' '),
            owner: row.text()?,
            row_security: (row.bool()?, row.bool()?),
            persistence: row.text()?,
            replica_identity: row.text()?,
            options: row.texts()?,
            rights: row.maybe()?,
            comment: row.owned()?,
            definition: row.maybe()?,
            strategy: row.maybe()?,
            key: row.numbers()?,
            key_text: row.maybe()?,
            is_partition: row.bool()?,
            parents: row.numbers()?,
            bound: row.maybe()?,
            sequence_of: (row.int()?, row.int()?),
            sequence_kind: row.maybe()?,
            sequence: row.maybe()?,
            plain_sequence: row.bool()?,
            server: row.owned()?,
            plain_partition: row.bool()?,
            toast_options: row.texts()?,
            of_type: row.maybe()?,
            replica_index: row.maybe()?,
            clustered: row.maybe()?,
            sequence_column: row.maybe()?,
            rows: row.int()?,
            access_method: row.maybe()?,
        })
    }

    fn relation(&self) -> Relation {
        Relation {
            name: self.name.clone(),
            kind: self.kind,
            owner: self.owner.to_owned(),
            columns: HashMap::new(),
            column_text: Vec::new(),
            column_comments: Vec::new(),
            server: self.server.clone(),
            plain_partition: self.plain_partition,
            rest: String::new(),
            table: None,
            view: None,
        }
    }
}

pub(super) fn read(answers: &Answers<'_>, database: &mut Database) -> Result<Relations, CatalogError> {
    let mut out = Relations::default();
    for mut row in answers.rows("relations") {
        let row = Row::read(&mut row)?;
        let mut relation = row.relation();
        match row.kind {
            'S' => {
                sequence(&row, &mut out, database);
                continue;
            }
            'v' | 'm' => relation.view = Some(view(&row, database)),
            'r' if row.plain_partition => {
                let bound = row.bound.filter(|bound| *bound != "DEFAULT");
                let partition = Partition {
                    name: row.name.clone(),
                    bound: bound.map(str::to_owned),
                };
                let parent = row.parents.first().copied().unwrap_or_default();
                out.partitions.push((parent, partition));
            }
            'r' | 'p' => relation.table = Some(table(&row, &mut out, database)),
            'f' => {
                let mut rest = vec![format!(
                    ";\nALTER FOREIGN TABLE {} OWNER TO {}",
                    ident::name(&row.name),
                    ident::ident(row.owner)
                )];
                rest.extend(acl::whole(
                    "TABLE",
                    &ident::name(&row.name),
                    row.rights,
                    row.owner,
                ));
                let comment = row.comment.as_deref();
                relation.rest = with_comment(
                    rest.join(";\n"),
                    "FOREIGN TABLE",
                    &ident::name(&row.name),
                    comment,
                );
            }
            _ => {}
        }
        out.order.push(row.number);
        out.by_number.insert(row.number, relation);
    }
    Ok(out)
}

fn sequence(row: &Row<'_>, out: &mut Relations, database: &mut Database) {
    let found = sequences::Sequence {
        name: row.name.clone(),
        owner: row.owner.to_owned(),
        text: row.sequence.unwrap_or_default().to_owned(),
        plain: row.plain_sequence,
        unlogged: row.persistence == "u",
        rights: row.rights.map(str::to_owned),
        comment: row.comment.clone(),
    };
    let (of, column) = row.sequence_of;
    if row.sequence_kind == Some("i") {
        // The column says that it is there; only what is unusual about it is left to say.
        let column = row.sequence_column.unwrap_or_default();
        out.identities.push((of, column.to_owned(), found));
        return;
    }
    found.alone(database);
    if row.sequence_kind == Some("a") {
        out.sequences.push((of, column, row.name.clone()));
    }
}

fn view(row: &Row<'_>, database: &mut Database) -> View {
    let quoted = ident::name(&row.name);
    rights_opaque(database, ("TABLE", &quoted), &row.name, row.rights, row.owner);
    view_options(database, &row.name, row.kind, &row.options);
    table_cluster(database, row);
    access_method(database, row);
    View {
        name: row.name.clone(),
        owner: Some(Ident::new(row.owner)),
        query: ViewQuery::Sql(row.definition.unwrap_or_default().trim().to_owned()),
        materialized: row.kind == 'm',
        security_barrier: option(&row.options, "security_barrier") == Some("true"),
        security_invoker: option(&row.options, "security_invoker") == Some("true"),
        grants: acl::read(row.rights, row.owner, None).grants,
        comment: row.comment.clone(),
        origin: Origin::Found,
    }
}

fn table(row: &Row<'_>, out: &mut Relations, database: &mut Database) -> Table {
    let quoted = ident::name(&row.name);
    rights_opaque(database, ("TABLE", &quoted), &row.name, row.rights, row.owner);
    let mut table = Table::new(row.name.clone(), Origin::Found);
    table.owner = Some(Ident::new(row.owner));
    table.row_security = match row.row_security {
        (true, true) => RowSecurity::Forced,
        (true, false) => RowSecurity::Enabled,
        _ => RowSecurity::Off,
    };
    table.unlogged = row.persistence == "u";
    table.grants = acl::read(row.rights, row.owner, None).grants;
    table.comment.clone_from(&row.comment);
    table.expected = Expected(u64::try_from(row.rows).ok());
    table.fillfactor = option(&row.options, "fillfactor").and_then(|text| text.parse().ok());
    table_options(database, row);
    table_cluster(database, row);
    access_method(database, row);
    if let Some(strategy) = row.strategy {
        partition_strategy(&mut table, strategy, row.key_text);
        out.partition_columns.push((row.number, row.key.clone()));
    }
    match (row.bound, row.parents.as_slice()) {
        (Some(bound), [parent, ..]) if row.is_partition => {
            table.partition_of = Some(PartitionOf {
                parent: Name::bare(""),
                bound: bound.to_owned(),
                parts: BTreeMap::new(),
            });
            out.attached.push((row.number, *parent));
        }
        (_, []) => {}
        (_, parents) => {
            table.inherits = Some(Inheritance {
                parents: Vec::new(),
                columns: Vec::new(),
            });
            out.inherits.push((row.number, parents.to_vec()));
        }
    }
    table
}

fn option<'a>(options: &'a [String], name: &str) -> Option<&'a str> {
    options
        .iter()
        .find_map(|option| option.strip_prefix(name)?.strip_prefix('='))
}

fn view_options(database: &mut Database, name: &Name, kind: char, options: &[String]) {
    let quoted = ident::name(name);
    let word = if kind == 'm' { "MATERIALIZED VIEW" } else { "VIEW" };
    for other in options {
        if !matches!(other.as_str(), "security_barrier=true" | "security_invoker=true") {
            let option = super::setting(
                "view option",
                name.clone(),
                format!("ALTER {word} {quoted} SET ({})", written(other)),
                format!("ALTER {word} {quoted} RESET ({})", named(other)),
                vec![name.clone()],
            );
            database.opaque.push(option.told_by(named(other)));
        }
    }
}

/// What stands before the value in `name=value`.
pub(super) fn named(option: &str) -> &str {
    option.split_once('=').map_or(option, |(name, _)| name)
}

/// `name=value` as it is written: the value in quotes.
pub(super) fn written(option: &str) -> String {
    match option.split_once('=') {
        Some((name, value)) => format!("{name}={}", ident::text(value)),
        None => option.to_owned(),
    }
}

fn table_options(database: &mut Database, row: &Row<'_>) {
    let name = &row.name;
    let quoted = ident::name(name);
    let mut push = |detail: &str, what: String, back: String| {
        let option = super::setting(
            "table option",
            name.clone(),
            format!("ALTER TABLE {quoted} {what}"),
            format!("ALTER TABLE {quoted} {back}"),
            vec![name.clone()],
        );
        database.opaque.push(option.told_by(detail));
    };
    for other in row
        .options
        .iter()
        .filter(|option| !option.starts_with("fillfactor="))
    {
        let option = named(other);
        push(
            option,
            format!("SET ({})", written(other)),
            format!("RESET ({option})"),
        );
    }
    for other in &row.toast_options {
        let option = format!("toast.{}", named(other));
        let back = format!("RESET ({option})");
        push(&option, format!("SET (toast.{})", written(other)), back);
    }
    let whole = match row.replica_identity {
        "f" => Some("FULL"),
        "n" => Some("NOTHING"),
        _ => None,
    };
    if let Some(whole) = whole {
        let back = "REPLICA IDENTITY DEFAULT".to_owned();
        push("replica identity", format!("REPLICA IDENTITY {whole}"), back);
    }
    if row.row_security == (false, true) {
        let (what, back) = ("FORCE ROW LEVEL SECURITY", "NO FORCE ROW LEVEL SECURITY");
        push("row-level security", what.to_owned(), back.to_owned());
    }
    if let Some(of) = row.of_type {
        push("of", format!("OF {of}"), "NOT OF".to_owned());
    }
}

/// How the rows of a table or of a materialised view are kept.
fn access_method(database: &mut Database, row: &Row<'_>) {
    let Some(method) = row.access_method else { return };
    let word = if row.kind == 'm' {
        "MATERIALIZED VIEW"
    } else {
        "TABLE"
    };
    let alter = format!("ALTER {word} {} SET ACCESS METHOD", ident::name(&row.name));
    let option = super::setting(
        "table option",
        row.name.clone(),
        format!("{alter} {}", ident::ident(method)),
        format!("{alter} heap"),
        vec![row.name.clone(), Name::bare(method)],
    );
    database.opaque.push(option.told_by("access method"));
}

/// What names an index of the table: it waits for the index.
fn table_cluster(database: &mut Database, row: &Row<'_>) {
    let quoted = ident::name(&row.name);
    let identity = row.replica_index.map(|index| {
        (
            "replica identity",
            "REPLICA IDENTITY USING INDEX",
            "REPLICA IDENTITY DEFAULT",
            index,
        )
    });
    let cluster = row
        .clustered
        .map(|index| ("cluster", "CLUSTER ON", "SET WITHOUT CLUSTER", index));
    for (detail, what, back, index) in identity.into_iter().chain(cluster) {
        let mut other = row.name.clone();
        other.name = Ident::new(index);
        let option = super::setting(
            "table option",
            row.name.clone(),
            format!("ALTER TABLE {quoted} {what} {}", ident::ident(index)),
            format!("ALTER TABLE {quoted} {back}"),
            vec![row.name.clone(), other],
        );
        database.opaque.push(option.told_by(detail));
    }
}

fn partition_strategy(table: &mut Table, strategy: &str, key: Option<&str>) {
    let plain = key.and_then(|key| key.split_once(" (")).map(|(_, key)| key);
    let is_name = |part: &str| ident::split_path(part.trim()).len() == 1;
    let columns = plain.and_then(|key| key.strip_suffix(')'));
    if !columns.is_some_and(|columns| columns.split(',').all(is_name)) {
        table.partition_key = key.map(str::to_owned);
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
