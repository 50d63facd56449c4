//! MariaDB, 10.11 and newer.

mod catalog;

pub use catalog::{queries as catalog, read as read_catalog};

/// What every session must say first, so that statements and what they make mean the same everywhere.
pub const SESSION: &[&str] = &[
    "SET NAMES utf8mb4 COLLATE utf8mb4_nopad_bin",
    "SET SESSION sql_mode = 'STRICT_ALL_TABLES,STRICT_TRANS_TABLES,NO_ZERO_IN_DATE,NO_ZERO_DATE,\
ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION', SESSION time_zone = '+00:00', SESSION autocommit = 1, \
SESSION foreign_key_checks = 1, SESSION unique_checks = 1, SESSION check_constraint_checks = 1",
];
