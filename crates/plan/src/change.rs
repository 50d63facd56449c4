//! What a plan is made of before a dialect puts it into words.

use physical::{
    Database, ForeignKey, Function, Index, NamedType, Opaque, Policy, Role, Schema, Seed, Table, Trigger,
    View,
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
#[derive(Debug, Clone, Copy)]
pub enum Change<'a> {
    /// Makes the object. Its undo removes it.
    Create(Object<'a>),
}
