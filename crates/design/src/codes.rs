//! Everything that the design can complain about.

use diagnostics::{Rule, Severity};

macro_rules! rules {
    ($($id:ident = $code:literal $name:literal $severity:ident $summary:literal;)*) => {
        $(
            #[doc = $summary]
            pub static $id: Rule = Rule { code: $code, name: $name, severity: Severity::$severity, summary: $summary };
        )*
        /// Every rule of this crate, in the order of the codes.
        pub const ALL: &[&Rule] = &[$(&$id),*];
    };
}

rules! {
    UNIQUE_ACROSS_PARTITIONS = "DES001" "unique-across-partitions" Error "uniqueness is demanded across the partitions of a table";
    PARTITIONED_TARGET = "DES002" "reference-to-partitioned" Error "a reference points to a table that is partitioned";
    NAME_SHORTENED = "DES003" "name-shortened" Note "a name is longer than databases take, and was shortened";
    SEPARATE_ACCESS_RETENTION = "DES004" "retention-after-separate-access" Error "a retention counts from the last access, which is recorded in a table of its own";
    CANNOT_BE_EMPTIED = "DES005" "person-cannot-be-emptied" Error "a required personal field has no value that could stand for an erased one";
    UNCHECKED_ELEMENTS = "DES006" "unchecked-array-elements" Warning "the elements of an array are an enum, which the database does not check";
    PUBLIC_ID_PER_PARTITION = "DES007" "public-id-per-partition" Warning "the public id of a partitioned table is unique within each partition only";
    OPTIONAL_PARTITION_KEY = "DES008" "optional-partition-key" Error "a table is partitioned by a field that may be empty";
    DEAD_ROWS_BLOCK = "DES009" "dead-rows-block" Warning "a composite reference makes deleted rows count for uniqueness";
    VALUES_OF_AN_OWNER = "DES010" "values-of-an-owner" Error "a composite reference names values that are unique for each owner, and has no owner itself";
}
