//! What a plan is made of before a dialect puts it into words.

use physical::{
    Check, Column, Database, ForeignKey, Function, Ident, Index, Name, NamedType, Opaque, Partition,
    PartitionOf, Policy, PrimaryKey, Role, Schema, Seed, Table, Trigger, Unique, View,
};

/// An object that can be made and removed by itself.
#[derive(Debug, Clone, Copy)]
pub enum Object<'a> {
    /// A role.
    Role(&'a Role),
    /// A schema, with its owner, rights and comment.
    Schema(&'a Schema),
    /// An extension.
    Extension(&'a physical::Ident),
    /// An enum or domain.
    Type(&'a NamedType),
    /// A table: columns, primary key, uniques, checks, comments, owner; and those foreign keys whose tables are there already,
    /// given by position in [`Table::foreign_keys`].
    Table(&'a Table, &'a [usize]),
    /// A foreign key that is added afterwards.
    ForeignKey(&'a Table, &'a ForeignKey),
    /// An index.
    Index(&'a Table, &'a Index),
    /// A function, with owner, rights and comment.
    Function(&'a Function),
    /// A trigger.
    Trigger(&'a Table, &'a Trigger),
    /// That a table is a partition of another. Its indexes and keys become parts of those of the other.
    Place(&'a Table, &'a PartitionOf),
    /// ENABLE and FORCE.
    RowSecurity(&'a Table),
    /// A policy.
    Policy(&'a Table, &'a Policy),
    /// A view, with owner, rights and comment.
    View(&'a View),
    /// All rights on a table.
    Grants(&'a Table),
    /// Rows.
    Seed(&'a Seed, &'a Database),
    /// What we do not take apart.
    Opaque(&'a Opaque),
}

/// A change of a schema.
#[derive(Debug, Clone)]
pub enum Change<'a> {
    /// Makes the object, with what it stands on or on something as new as itself. Its undo removes it.
    Create(Object<'a>),
    /// Makes the object on something that is there and in use.
    Add(Object<'a>),
    /// Makes an index on a partitioned table alone: its partitions have theirs already, or get them apart, and they become parts of it.
    AddWhole {
        /// The partitioned table.
        table: &'a Table,
        /// The index.
        index: &'a Index,
        /// Indexes of partitions that stand by themselves until then. Once they are parts they go with the whole: its undo makes
        /// them again.
        standing: Vec<(&'a Table, &'a Index)>,
        /// Whether one of those that it gets is the index behind a key.
        keys: bool,
        /// Whether it becomes a part itself, and goes with another.
        joins: bool,
    },
    /// Makes an index of a partition that will be a part of one of the whole: its undo is that one's.
    AddPart(Object<'a>),
    /// Makes an index or key of a partition a part of one of the table that it is a partition of.
    Join {
        /// The partition.
        table: &'a Table,
        /// Its index or key.
        part: &'a Ident,
        /// The one of the whole.
        whole: &'a Ident,
    },
    /// Removes an index of a partitioned table, with the parts of it, or such a part. Its undo makes it again, of parts that are there
    /// by then.
    DropWhole {
        /// The partitioned table.
        table: &'a Table,
        /// The index.
        index: &'a Index,
        /// The indexes that are parts of it.
        parts: Vec<Name>,
        /// Whether one of them is the index behind a key.
        keys: bool,
        /// Whether it goes by itself, with one that it is itself a part of.
        along: bool,
    },
    /// Removes the object. Its undo makes it again, without what was in it.
    Drop(Object<'a>),
    /// The object goes with its table, by itself. Its undo makes it again.
    GoesAlong(Object<'a>),
    /// Makes the second of the first, which has the same name and what hangs on it.
    Replace(Object<'a>, Object<'a>),
    /// Gives what stays another name.
    Rename(&'a crate::Rename),
    /// Makes columns of other types beside those of a large table, with what stands on them, before anything else is touched. The change of
    /// the table puts them in their place.
    Beside(TableChange<'a>),
    /// The same for the way back: nothing is done, and its undo makes columns of the types that were.
    BesideBack(TableChange<'a>),
    /// Changes a table that stays.
    Alter(TableChange<'a>),
    /// Makes an enum another one that lacks some of its members, or has them in another order, with all columns of it. What it was
    /// remains under the other name until nothing is of it.
    Retype {
        /// As it is.
        from: &'a NamedType,
        /// As it shall be.
        to: &'a NamedType,
        /// What it is called until it goes.
        was: Name,
        /// Columns of it, as they are and as they shall be.
        columns: Vec<(&'a Table, &'a Column, &'a Column)>,
        /// Checks that speak of such columns, as they are and as they shall be.
        checks: [Vec<(&'a Table, &'a Check)>; 2],
    },
    /// Removes what a type was, which nothing is of any more.
    DropRetyped {
        /// As it was.
        from: &'a NamedType,
        /// What it is called.
        was: Name,
    },
    /// Copies the rows of a table that is about to be made anew. Its undo puts them back.
    SetAside {
        /// The table.
        table: &'a Table,
        /// Where to.
        aside: Name,
        /// Partitions that stay, with the rows in them.
        except: Vec<Name>,
    },
    /// Puts the rows into the table that was made anew, as far as it has the columns, and removes the copy. Its undo copies them again.
    BringBack {
        /// The table as it was.
        from: &'a Table,
        /// The table.
        to: &'a Table,
        /// Where from.
        aside: Name,
        /// Partitions that stay, with the rows in them.
        except: Vec<Name>,
    },
}

/// A table before and after.
#[derive(Debug, Clone)]
pub struct TableChange<'a> {
    /// As it is.
    pub from: &'a Table,
    /// As it shall be.
    pub to: &'a Table,
    /// What differs, in the order in which it can be done. Foreign keys, indexes, triggers and policies are changes of their own.
    pub edits: Vec<Edit<'a>>,
    /// Its partitions that are tables in their own right, and theirs, as they are and as they shall be. What the edits do to columns
    /// and checks reaches them; keys are made for the table alone.
    pub parts: Vec<(&'a Table, &'a Table)>,
    /// Indexes and triggers on it, as they are, that are there before and after: who makes the table anew makes them again.
    pub stays: Vec<Object<'a>>,
    /// Of a large table some of whose columns get types for which it would be written anew: how they do.
    pub beside: Option<crate::Beside>,
    /// Everything, as it is and as it shall be: for databases that must make the table anew, with what hangs on it.
    pub databases: (&'a Database, &'a Database),
}

impl<'a> Key<'a> {
    /// The name of the constraint.
    #[must_use]
    pub const fn name(self) -> &'a Ident {
        match self {
            Self::Primary(key) => &key.name,
            Self::Unique(key) => &key.name,
        }
    }
}

/// A key that a table can have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Key<'a> {
    /// The primary key.
    Primary(&'a PrimaryKey),
    /// A unique constraint.
    Unique(&'a Unique),
}

/// A difference within a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Edit<'a> {
    /// A check goes.
    DropCheck(&'a Check),
    /// A unique constraint goes.
    DropUnique(&'a Unique),
    /// The primary key goes.
    DropPrimaryKey(&'a PrimaryKey),
    /// A unique constraint has gone with the one that it was a part of.
    LoseUnique(&'a Unique),
    /// So has the primary key.
    LosePrimaryKey(&'a PrimaryKey),
    /// A partition goes.
    DropPartition(&'a Partition),
    /// A column goes, with its values.
    DropColumn(&'a Column),
    /// A column comes.
    AddColumn(&'a Column),
    /// A column is another one.
    ChangeColumn(&'a Column, &'a Column),
    /// A primary key comes.
    AddPrimaryKey(&'a PrimaryKey),
    /// A unique constraint comes.
    AddUnique(&'a Unique),
    /// A key comes that will be a part of one of the whole, and go with that.
    AddPart(Key<'a>),
    /// A check comes.
    AddCheck(&'a Check),
    /// A partition comes.
    AddPartition(&'a Partition),
    /// Owner, comment, rights, row-level security, storage: whatever the two tables differ in.
    Settings,
}
