//! What must come before what.

use std::collections::{BTreeSet, HashMap, HashSet};

use physical::{
    Database, DefaultValue, Expr, Function, Ident, Name, Opaque, Origin, RowSecurity, SqlType, Table,
    TriggerAction, View, ViewQuery,
};
use plan::{Made, Object};

use crate::mentions::each_path;

/// The chapters of a plan, in order. A node that an earlier chapter needs moves there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Class {
    Roles,
    Schemas,
    Extensions,
    Types,
    Tables,
    Partitions,
    ForeignKeys,
    Seeds,
    Functions,
    Triggers,
    RowSecurity,
    Views,
    Services,
    Grants,
    Opaque,
}

/// What a node makes.
#[derive(Debug, Clone, Copy)]
enum What {
    Role(usize),
    Schema(usize),
    Extension(usize),
    Type(usize),
    Table(usize),
    ForeignKey(usize, usize),
    Place(usize),
    Seed(usize),
    Function(usize),
    Trigger(usize, usize),
    RowSecurity(usize),
    View(usize),
    Grants(usize),
    Opaque(usize),
}

/// One thing that is made at once.
#[derive(Debug)]
pub(crate) struct Node<'a> {
    what: What,
    pub(crate) class: Class,
    /// Within the chapter: tables come after what they need.
    rank: u8,
    /// Nodes that must come before.
    hard: BTreeSet<usize>,
    /// Nodes that should: foreign keys, which can be added later.
    soft: BTreeSet<usize>,
    /// With a table: the foreign keys that can be made with it.
    keys: Vec<usize>,
    database: &'a Database,
}

impl<'a> Node<'a> {
    /// What the object at a position of [`Self::objects`] is.
    pub(crate) fn made(&self, position: usize) -> Made {
        match self.what {
            What::Table(at) => match position.checked_sub(1) {
                None => Made::Table(at, self.keys.clone()),
                Some(index) => Made::Index(at, index),
            },
            What::ForeignKey(at, key) => Made::ForeignKey(at, key),
            _ => Made::Other,
        }
    }

    /// The objects to make, in order.
    pub(crate) fn objects<'b>(&'b self, to: &'a Database) -> Vec<Object<'b>> {
        match self.what {
            What::Role(at) => to.roles.get(at).map(Object::Role).into_iter().collect(),
            What::Schema(at) => to.schemas.get(at).map(Object::Schema).into_iter().collect(),
            What::Extension(at) => to.extensions.get(at).map(Object::Extension).into_iter().collect(),
            What::Type(at) => to.types.get(at).map(Object::Type).into_iter().collect(),
            What::Table(at) => to.tables.get(at).map_or_else(Vec::new, |table| {
                let indexes = table.indexes.iter().map(|index| Object::Index(table, index));
                std::iter::once(Object::Table(table, self.keys.as_slice()))
                    .chain(indexes)
                    .collect()
            }),
            What::ForeignKey(at, key) => with(to, at, |table| {
                Some(Object::ForeignKey(table, table.foreign_keys.get(key)?))
            }),
            What::Place(at) => with(to, at, |table| {
                Some(Object::Place(table, table.partition_of.as_ref()?))
            }),
            What::Seed(at) => to
                .seeds
                .get(at)
                .map(|seed| Object::Seed(seed, self.database))
                .into_iter()
                .collect(),
            What::Function(at) => to.functions.get(at).map(Object::Function).into_iter().collect(),
            What::Trigger(at, trigger) => with(to, at, |table| {
                Some(Object::Trigger(table, table.triggers.get(trigger)?))
            }),
            What::RowSecurity(at) => to.tables.get(at).map_or_else(Vec::new, row_security),
            What::View(at) => to.views.get(at).map(Object::View).into_iter().collect(),
            What::Grants(at) => to.tables.get(at).map(Object::Grants).into_iter().collect(),
            What::Opaque(at) => to.opaque.get(at).map(Object::Opaque).into_iter().collect(),
        }
    }
}

fn with<'a>(
    to: &'a Database,
    at: usize,
    object: impl FnOnce(&'a Table) -> Option<Object<'a>>,
) -> Vec<Object<'a>> {
    to.tables.get(at).and_then(object).into_iter().collect()
}

fn row_security(table: &Table) -> Vec<Object<'_>> {
    let mut out = Vec::new();
    if table.row_security != RowSecurity::Off {
        out.push(Object::RowSecurity(table));
    }
    out.extend(table.policies.iter().map(|policy| Object::Policy(table, policy)));
    out
}

/// What must be there before foreign keys of tables that are there.
const fn is_structure(what: What) -> bool {
    matches!(what, What::Table(_) | What::Place(_))
}

/// A partition and what it is a partition of.
fn whole_and_part(table: &Table) -> impl Iterator<Item = &Name> {
    let place = table.partition_of.iter();
    place.flat_map(|place| [&place.parent, &table.name])
}

/// What of an object's text must be there when it is made: not what stands in the body of a function.
pub(crate) fn checked(opaque: &Opaque) -> &str {
    let routine = opaque.origin == Origin::Found && matches!(opaque.kind.as_str(), "function" | "procedure");
    match opaque.definition.split_once("\nAS $") {
        Some((head, _)) if routine => head,
        _ => &opaque.definition,
    }
}

/// The body of a function that is kept as text.
fn found_body(opaque: &Opaque) -> Option<&str> {
    let routine = matches!(opaque.kind.as_str(), "function" | "procedure");
    let found = opaque.origin == Origin::Found && routine;
    found
        .then(|| opaque.definition.split_once("\nAS $"))
        .flatten()
        .map(|(_, body)| body)
}

/// SQL of the user's that is run before there are tables.
fn is_first(opaque: &Opaque) -> bool {
    opaque.kind == "user sql" && opaque.detail == plan::FIRST
}

/// A schema, if there is one, and a name in it.
type Path<'a> = (Option<&'a str>, &'a str);

fn path(name: &Name) -> Path<'_> {
    (name.schema.as_ref().map(Ident::as_str), name.name.as_str())
}

/// All that is to be made.
pub(crate) struct Graph<'a> {
    database: &'a Database,
    nodes: Vec<Node<'a>>,
    /// What makes a name; functions of one name are several.
    makers: HashMap<Path<'a>, Vec<usize>>,
}

impl<'a> Graph<'a> {
    pub(crate) fn new(database: &'a Database) -> Self {
        let mut graph = Self {
            database,
            nodes: Vec::new(),
            makers: HashMap::new(),
        };
        graph.access();
        graph.structure();
        graph.behaviour();
        graph.link();
        graph
    }

    fn add(&mut self, what: What, class: Class, rank: u8, name: Option<&'a Name>) -> usize {
        let number = self.nodes.len();
        self.nodes.push(Node {
            what,
            class,
            rank,
            hard: BTreeSet::new(),
            soft: BTreeSet::new(),
            keys: Vec::new(),
            database: self.database,
        });
        if let Some(name) = name {
            self.makers.entry(path(name)).or_default().push(number);
        }
        number
    }

    fn access(&mut self) {
        let mut by_role: HashMap<&Ident, usize> = HashMap::new();
        for (at, role) in self.database.roles.iter().enumerate() {
            let number = self.add(What::Role(at), Class::Roles, 0, None);
            by_role.insert(&role.name, number);
        }
        for (at, role) in self.database.roles.iter().enumerate() {
            let groups: Vec<usize> = role
                .member_of
                .iter()
                .filter_map(|group| by_role.get(group).copied())
                .collect();
            if let Some(node) = self.nodes.get_mut(at) {
                node.hard.extend(groups);
            }
        }
        for at in 0..self.database.schemas.len() {
            self.add(What::Schema(at), Class::Schemas, 0, None);
        }
        for at in 0..self.database.extensions.len() {
            self.add(What::Extension(at), Class::Extensions, 0, None);
        }
    }

    fn structure(&mut self) {
        let database = self.database;
        for (at, ty) in database.types.iter().enumerate() {
            self.add(What::Type(at), Class::Types, 0, Some(&ty.name));
        }
        for (at, table) in database.tables.iter().enumerate() {
            self.add(What::Table(at), Class::Tables, 1, Some(&table.name));
        }
        for (at, table) in database.tables.iter().enumerate() {
            if table.partition_of.is_some() {
                self.add(What::Place(at), Class::Partitions, 0, None);
            }
        }
        for at in 0..database.seeds.len() {
            self.add(What::Seed(at), Class::Seeds, 0, None);
        }
        for (at, view) in database.views.iter().enumerate() {
            self.add(What::View(at), Class::Views, 1, Some(&view.name));
        }
        for (at, table) in database.tables.iter().enumerate() {
            if !table.grants.is_empty() {
                self.add(What::Grants(at), Class::Grants, 0, None);
            }
        }
        for (at, opaque) in database.opaque.iter().enumerate() {
            // What only says more about a thing has the thing's name, and nobody waits for it.
            let own = !opaque.depends_on.contains(&opaque.name);
            let class = match opaque.kind.as_str() {
                "extension" => Class::Extensions,
                _ if is_first(opaque) => Class::Types,
                _ => Class::Opaque,
            };
            self.add(What::Opaque(at), class, 0, own.then_some(&opaque.name));
        }
    }

    /// Functions of triggers stand right before the first trigger that calls them.
    fn behaviour(&mut self) {
        let database = self.database;
        let mut made: HashSet<usize> = HashSet::new();
        let mut by_name: HashMap<&Name, Vec<usize>> = HashMap::new();
        for (at, function) in database.functions.iter().enumerate() {
            by_name.entry(&function.name).or_default().push(at);
        }
        for (at, table) in database.tables.iter().enumerate() {
            for (number, trigger) in table.triggers.iter().enumerate() {
                if let TriggerAction::Call { function, .. } = &trigger.action {
                    for function in by_name.get(function).into_iter().flatten() {
                        if made.insert(*function) {
                            let name = database.functions.get(*function).map(|each| &each.name);
                            self.add(What::Function(*function), Class::Triggers, 1, name);
                        }
                    }
                }
                self.add(What::Trigger(at, number), Class::Triggers, 1, None);
            }
            if table.row_security != RowSecurity::Off || !table.policies.is_empty() {
                self.add(What::RowSecurity(at), Class::RowSecurity, 1, None);
            }
        }
        for (at, function) in database.functions.iter().enumerate() {
            if made.insert(at) {
                // What somebody may call is a service; what nobody may call serves other functions.
                let class = if function.grants.is_empty() {
                    Class::Functions
                } else {
                    Class::Services
                };
                self.add(What::Function(at), class, 0, Some(&function.name));
            }
        }
    }

    fn link(&mut self) {
        for number in 0..self.nodes.len() {
            let Some(what) = self.nodes.get(number).map(|node| node.what) else {
                continue;
            };
            let hard = self.needs(what);
            let soft = match what {
                What::Table(at) => self.referenced(at),
                _ => BTreeSet::new(),
            };
            if let Some(node) = self.nodes.get_mut(number) {
                node.hard.extend(hard);
                node.hard.remove(&number);
                node.soft = &soft - &node.hard;
                node.soft.remove(&number);
            }
        }
        self.link_bodies();
        self.pull();
    }

    /// A function that was found is made without a look into its body; but a default, a check or an index may have it run as soon as it
    /// is there. So what its body names comes before, unless that needs the function itself.
    fn link_bodies(&mut self) {
        let mut by_name: HashMap<&str, Vec<usize>> = HashMap::new();
        for ((_, name), makers) in &self.makers {
            by_name.entry(name).or_default().extend(makers);
        }
        for number in 0..self.nodes.len() {
            let body = self.nodes.get(number).and_then(|node| match node.what {
                What::Function(at) => self.database.functions.get(at).and_then(|function| {
                    (function.origin == Origin::Found).then_some(function.body.as_str())
                }),
                What::Opaque(at) => self.database.opaque.get(at).and_then(found_body),
                _ => None,
            });
            let Some(body) = body else { continue };
            let mut named = self.in_text(body);
            // Where names are looked for is known when it runs, and not before.
            each_path(body, &mut |schema, name| {
                if schema.is_none() {
                    named.extend(by_name.get(name).into_iter().flatten());
                }
            });
            for other in named {
                let known = self
                    .nodes
                    .get(number)
                    .is_some_and(|node| node.hard.contains(&other));
                if known || other == number || self.is_needed(number, other) {
                    continue;
                }
                if let Some(node) = self.nodes.get_mut(number) {
                    node.hard.insert(other);
                }
            }
        }
    }

    /// Whether a node needs another, whatever lies between.
    fn is_needed(&self, other: usize, by: usize) -> bool {
        let mut seen: HashSet<usize> = HashSet::new();
        let mut work = vec![by];
        while let Some(number) = work.pop() {
            if number == other {
                return true;
            }
            if seen.insert(number)
                && let Some(node) = self.nodes.get(number)
            {
                work.extend(node.hard.iter().copied());
            }
        }
        false
    }

    /// What a chapter needs belongs to it, at the latest.
    fn pull(&mut self) {
        let mut work: Vec<usize> = (0..self.nodes.len()).collect();
        while let Some(number) = work.pop() {
            let Some(node) = self.nodes.get(number) else {
                continue;
            };
            let class = node.class;
            let needed: Vec<usize> = node.hard.iter().copied().collect();
            for other in needed {
                if let Some(other_node) = self.nodes.get_mut(other)
                    && other_node.class > class
                {
                    other_node.class = class;
                    work.push(other);
                }
            }
        }
    }

    fn referenced(&self, at: usize) -> BTreeSet<usize> {
        let keys = self
            .database
            .tables
            .get(at)
            .map(|table| table.foreign_keys.as_slice());
        let names = keys.unwrap_or_default().iter().map(|key| &key.references);
        names
            .filter_map(|name| self.makers.get(&path(name)))
            .flatten()
            .copied()
            .collect()
    }

    fn needs(&self, what: What) -> BTreeSet<usize> {
        let database = self.database;
        let table = |at: usize| database.tables.get(at);
        match what {
            What::Type(at) => database.types.get(at).map(|ty| self.type_needs(&ty.kind)),
            What::Table(at) => table(at).map(|table| self.table_needs(table)),
            What::Place(at) | What::ForeignKey(at, _) => table(at).map(|table| self.named(&table.name)),
            What::Seed(at) => database.seeds.get(at).map(|seed| self.named(&seed.table)),
            What::Function(at) => database.functions.get(at).map(|each| self.function_needs(each)),
            What::Trigger(at, number) => table(at).and_then(|table| {
                let trigger = table.triggers.get(number)?;
                let mut out = self.named(&table.name);
                if let TriggerAction::Call { function, .. } = &trigger.action {
                    out.extend(self.named(function));
                }
                out.extend(trigger.when.iter().flat_map(|when| self.mentioned(when)));
                Some(out)
            }),
            What::RowSecurity(at) => table(at).map(|table| {
                let mut out = self.named(&table.name);
                let conditions = table.policies.iter().flat_map(|each| [&each.using, &each.check]);
                out.extend(conditions.flatten().flat_map(|expr| self.mentioned(expr)));
                out
            }),
            What::View(at) => database.views.get(at).map(|view| self.view_needs(view)),
            What::Grants(at) => table(at).map(|table| self.named(&table.name)),
            // It stands where its author put it, whatever it speaks of.
            What::Opaque(at) if database.opaque.get(at).is_some_and(is_first) => None,
            What::Opaque(at) => database.opaque.get(at).map(|opaque| {
                let mut out: BTreeSet<usize> = opaque
                    .depends_on
                    .iter()
                    .flat_map(|name| self.named(name))
                    .collect();
                out.extend(self.in_text(checked(opaque)));
                out
            }),
            What::Role(_) | What::Schema(_) | What::Extension(_) => None,
        }
        .unwrap_or_default()
    }

    fn named(&self, name: &Name) -> BTreeSet<usize> {
        self.makers
            .get(&path(name))
            .into_iter()
            .flatten()
            .copied()
            .collect()
    }

    fn in_text(&self, sql: &str) -> BTreeSet<usize> {
        let mut out = BTreeSet::new();
        each_path(sql, &mut |schema, name| {
            out.extend(self.makers.get(&(schema, name)).into_iter().flatten());
        });
        out
    }

    /// Only SQL that somebody wrote names more than columns of its own table and functions that are always there.
    fn mentioned(&self, expr: &Expr) -> BTreeSet<usize> {
        match expr {
            Expr::Sql(sql) => self.in_text(sql),
            _ => {
                let mut out = BTreeSet::new();
                expr.children(&mut |child| out.extend(self.mentioned(child)));
                out
            }
        }
    }

    fn of_type(&self, ty: &SqlType) -> BTreeSet<usize> {
        match ty {
            SqlType::Array(element) => self.of_type(element),
            SqlType::Named(name) => self.named(name),
            SqlType::Other(text) => self.in_text(text),
            _ => BTreeSet::new(),
        }
    }

    fn type_needs(&self, kind: &physical::NamedTypeKind) -> BTreeSet<usize> {
        match kind {
            physical::NamedTypeKind::Enum(_) => BTreeSet::new(),
            physical::NamedTypeKind::Domain { base, checks, .. } => {
                let mut out = self.of_type(base);
                out.extend(checks.iter().flat_map(|(_, expr)| self.mentioned(expr)));
                out
            }
        }
    }

    fn table_needs(&self, table: &Table) -> BTreeSet<usize> {
        let mut out = BTreeSet::new();
        for column in &table.columns {
            out.extend(self.of_type(&column.ty));
            out.extend(column.collation.iter().flat_map(|text| self.in_text(text)));
            if let Some(DefaultValue::Expr(expr)) = &column.default {
                out.extend(self.mentioned(expr));
            }
            if let Some(generated) = &column.generated {
                out.extend(self.mentioned(&generated.expr));
            }
        }
        out.extend(table.checks.iter().flat_map(|check| self.mentioned(&check.expr)));
        out.extend(table.partition_key.iter().flat_map(|key| self.in_text(key)));
        let parents = table.inherits.iter().flat_map(|inherits| &inherits.parents);
        // What is done to a partitioned table reaches its partitions, and what is left to do for those comes after.
        let whole = table.partition_of.iter().map(|place| &place.parent);
        out.extend(parents.chain(whole).flat_map(|parent| self.named(parent)));
        for index in &table.indexes {
            out.extend(index.keys.iter().flat_map(|key| self.mentioned(&key.expr)));
            out.extend(index.predicate.iter().flat_map(|expr| self.mentioned(expr)));
        }
        out
    }

    /// The body of an SQL function is checked when it is made, unless it was found: then it was checked where it comes from.
    /// That of others is checked when it runs.
    fn function_needs(&self, function: &Function) -> BTreeSet<usize> {
        let mut out = self.in_text(&function.returns);
        for argument in &function.arguments {
            out.extend(self.in_text(&argument.ty));
            out.extend(argument.default.iter().flat_map(|default| self.in_text(default)));
        }
        if function.language == "sql" && function.origin != Origin::Found {
            out.extend(self.in_text(&function.body));
        }
        out
    }

    fn view_needs(&self, view: &View) -> BTreeSet<usize> {
        match &view.query {
            ViewQuery::Sql(sql) => self.in_text(sql),
            ViewQuery::Select {
                from,
                joins,
                items,
                filter,
            } => {
                let mut out = self.named(from);
                out.extend(joins.iter().flat_map(|join| self.named(&join.table)));
                out.extend(items.iter().flat_map(|(_, expr)| self.mentioned(expr)));
                out.extend(filter.iter().flat_map(|expr| self.mentioned(expr)));
                out
            }
        }
    }

    /// The nodes, each after what it needs; foreign keys that close a cycle become nodes of their own.
    pub(crate) fn order(mut self) -> Vec<Node<'a>> {
        let mut waiting: Vec<(usize, usize)> = self
            .nodes
            .iter()
            .map(|node| (node.hard.len(), node.soft.len()))
            .collect();
        let mut hard_users: HashMap<usize, Vec<usize>> = HashMap::new();
        let mut soft_users: HashMap<usize, Vec<usize>> = HashMap::new();
        for (number, node) in self.nodes.iter().enumerate() {
            for other in &node.hard {
                hard_users.entry(*other).or_default().push(number);
            }
            for other in &node.soft {
                soft_users.entry(*other).or_default().push(number);
            }
        }
        // The next is always the first of this set; entries are replaced whenever what they wait for becomes less.
        let mut queue: BTreeSet<Key> = BTreeSet::new();
        for (number, node) in self.nodes.iter().enumerate() {
            queue.insert(key(node, number, &waiting));
        }
        let mut order: Vec<usize> = Vec::with_capacity(self.nodes.len());
        while let Some(next) = queue.pop_first() {
            let number = next.number;
            order.push(number);
            for (users, hard) in [(&hard_users, true), (&soft_users, false)] {
                for user in users.get(&number).into_iter().flatten() {
                    let Some(node) = self.nodes.get(*user) else {
                        continue;
                    };
                    let listed = queue.remove(&key(node, *user, &waiting));
                    if let Some(count) = waiting.get_mut(*user) {
                        let part = if hard { &mut count.0 } else { &mut count.1 };
                        *part = part.saturating_sub(1);
                    }
                    if listed {
                        queue.insert(key(node, *user, &waiting));
                    }
                }
            }
        }
        self.place_keys(&order);
        self.take(order)
    }

    /// Decides for each foreign key whether it is made with its table or afterwards.
    fn place_keys(&mut self, order: &[usize]) {
        // A key holds the partitions of the table that it refers to: it must be able to go before them.
        let wholes: HashSet<&Name> = self.database.tables.iter().flat_map(whole_and_part).collect();
        let mut made: HashSet<&Name> = HashSet::new();
        for number in order {
            let Some(node) = self.nodes.get_mut(*number) else {
                continue;
            };
            let What::Table(at) = node.what else { continue };
            let Some(table) = self.database.tables.get(at) else {
                continue;
            };
            made.insert(&table.name);
            let keys = table.foreign_keys.iter().enumerate();
            node.keys = keys
                .filter(|(_, key)| {
                    key.validated && made.contains(&key.references) && !wholes.contains(&key.references)
                })
                .map(|(at, _)| at)
                .collect();
        }
    }

    fn take(mut self, order: Vec<usize>) -> Vec<Node<'a>> {
        let mut late = Vec::new();
        for node in &self.nodes {
            let What::Table(at) = node.what else { continue };
            let keys = self
                .database
                .tables
                .get(at)
                .map_or(0, |table| table.foreign_keys.len());
            let missing = (0..keys).filter(|key| !node.keys.contains(key));
            late.extend(missing.map(|key| (at, key)));
        }
        let mut nodes: Vec<Option<Node<'a>>> = self.nodes.drain(..).map(Some).collect();
        let mut out: Vec<Node<'a>> = Vec::with_capacity(nodes.len() + late.len());
        let mut late = late.into_iter().map(|(table, key)| Node {
            what: What::ForeignKey(table, key),
            class: Class::ForeignKeys,
            rank: 0,
            hard: BTreeSet::new(),
            soft: BTreeSet::new(),
            keys: Vec::new(),
            database: self.database,
        });
        let mut tables_left = order
            .iter()
            .filter(|number| matches!(nodes.get(**number), Some(Some(node)) if is_structure(node.what)))
            .count();
        if tables_left == 0 {
            out.extend(late.by_ref());
        }
        for number in order {
            let Some(node) = nodes.get_mut(number).and_then(Option::take) else {
                continue;
            };
            let table = is_structure(node.what);
            out.push(node);
            if table {
                tables_left -= 1;
                if tables_left == 0 {
                    out.extend(late.by_ref());
                }
            }
        }
        out
    }
}

/// Why a node comes when it does: first what waits for nothing, then chapter, then rank, then the fewest open references,
/// then the source.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    blocked: bool,
    class: Class,
    rank: u8,
    open: usize,
    number: usize,
}

fn key(node: &Node<'_>, number: usize, waiting: &[(usize, usize)]) -> Key {
    let (hard, soft) = waiting.get(number).copied().unwrap_or_default();
    Key {
        blocked: hard > 0,
        class: node.class,
        rank: node.rank,
        open: soft,
        number,
    }
}
