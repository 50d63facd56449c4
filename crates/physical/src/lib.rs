//! What will exist in a database: the relational family, and the Dialect contract.
