//! What a plan is made of before a dialect puts it into words.

use physical::{
    Check, Column, Database, ForeignKey, Function, Index, NamedType, Opaque, Partition, Policy, PrimaryKey,
    Role, Schema, Seed, Table, Trigger, Unique, View,
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
    /// Removes the object. Its undo makes it again, without what was in it.
    Drop(Object<'a>),
    /// The object goes with its table, by itself. Its undo makes it again.
    GoesAlong(Object<'a>),
    /// Makes the second of the first, which has the same name and what hangs on it.
    Replace(Object<'a>, Object<'a>),
    /// Changes a table that stays.
    Alter(TableChange<'a>),
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
    /// Indexes and triggers on it, as they are, that are there before and after: who makes the table anew makes them again.
    pub stays: Vec<Object<'a>>,
    /// Everything, as it is and as it shall be: for databases that must make the table anew, with what hangs on it.
    pub databases: (&'a Database, &'a Database),
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
    /// A check comes.
    AddCheck(&'a Check),
    /// A partition comes.
    AddPartition(&'a Partition),
    /// Owner, comment, rights, row-level security, storage: whatever the two tables differ in.
    Settings,
}
