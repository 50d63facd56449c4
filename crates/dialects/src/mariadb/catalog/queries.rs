//! The queries that read the catalog. Their number does not grow with the schema; each answer is read in the order of its
//! columns by the function of the same name. All speak of the database of the connection alone, and sort by bytes: `t` and `T` are
//! two tables, whose rows must not be mixed.

use plan::CatalogQuery;

/// All queries, in the order in which the answers are read.
pub(super) static QUERIES: &[CatalogQuery] = &[
    CatalogQuery {
        name: "database",
        sql: "SELECT schema_name, default_collation_name FROM information_schema.schemata WHERE schema_name = DATABASE()",
    },
    CatalogQuery {
        name: "tables",
        sql: "SELECT table_name, table_type, engine, table_collation, create_options, table_comment, table_rows \
              FROM information_schema.tables WHERE table_schema = DATABASE() ORDER BY BINARY table_name",
    },
    CatalogQuery {
        name: "columns",
        sql: "SELECT table_name, column_name, column_type, is_nullable = 'YES', column_default, collation_name, extra, \
              generation_expression, column_comment \
              FROM information_schema.columns WHERE table_schema = DATABASE() ORDER BY BINARY table_name, ordinal_position",
    },
    CatalogQuery {
        name: "indexes",
        sql: "SELECT table_name, index_name, non_unique = 0, column_name, collation = 'D', sub_part, index_type, \
              index_comment, ignored = 'YES' \
              FROM information_schema.statistics WHERE table_schema = DATABASE() \
              ORDER BY BINARY table_name, BINARY index_name, seq_in_index",
    },
    CatalogQuery {
        name: "checks",
        sql: "SELECT table_name, constraint_name, level, check_clause \
              FROM information_schema.check_constraints WHERE constraint_schema = DATABASE() \
              ORDER BY BINARY table_name, BINARY constraint_name, level",
    },
    CatalogQuery {
        name: "foreign keys",
        sql: "SELECT table_name, constraint_name, update_rule, delete_rule \
              FROM information_schema.referential_constraints WHERE constraint_schema = DATABASE() \
              ORDER BY BINARY table_name, BINARY constraint_name",
    },
    CatalogQuery {
        name: "columns of foreign keys",
        sql: "SELECT table_name, constraint_name, column_name, \
              NULLIF(referenced_table_schema, DATABASE()), referenced_table_name, referenced_column_name \
              FROM information_schema.key_column_usage \
              WHERE table_schema = DATABASE() AND referenced_table_name IS NOT NULL \
              ORDER BY BINARY table_name, BINARY constraint_name, ordinal_position",
    },
    CatalogQuery {
        name: "partitions",
        sql: "SELECT table_name, partition_name, subpartition_name, partition_method, partition_expression, \
              partition_description, partition_comment \
              FROM information_schema.partitions WHERE table_schema = DATABASE() AND partition_name IS NOT NULL \
              ORDER BY BINARY table_name, partition_ordinal_position, subpartition_ordinal_position",
    },
    CatalogQuery {
        name: "views",
        sql: "SELECT table_name, view_definition, check_option, security_type, algorithm \
              FROM information_schema.views WHERE table_schema = DATABASE() ORDER BY BINARY table_name",
    },
    CatalogQuery {
        name: "triggers",
        sql: "SELECT event_object_table, trigger_name, action_timing, event_manipulation, action_statement \
              FROM information_schema.triggers WHERE trigger_schema = DATABASE() \
              ORDER BY BINARY event_object_table, action_timing, event_manipulation, action_order",
    },
    CatalogQuery {
        name: "routines",
        sql: "SELECT specific_name, routine_type, dtd_identifier, collation_name, routine_definition, \
              is_deterministic = 'YES', sql_data_access, security_type, routine_comment \
              FROM information_schema.routines WHERE routine_schema = DATABASE() ORDER BY routine_type, BINARY specific_name",
    },
    CatalogQuery {
        name: "parameters",
        sql: "SELECT routine_type, specific_name, parameter_mode, parameter_name, dtd_identifier, collation_name \
              FROM information_schema.parameters WHERE specific_schema = DATABASE() AND ordinal_position > 0 \
              ORDER BY routine_type, BINARY specific_name, ordinal_position",
    },
    CatalogQuery {
        name: "events",
        sql: "SELECT event_name, event_definition, CAST(execute_at AS char), interval_value, interval_field, \
              CAST(starts AS char), CAST(ends AS char), status, on_completion, event_comment, time_zone \
              FROM information_schema.events WHERE event_schema = DATABASE() ORDER BY BINARY event_name",
    },
    CatalogQuery {
        name: "rights",
        sql: "SELECT grantee, table_name, NULL AS column_name, privilege_type, is_grantable = 'YES' \
              FROM information_schema.table_privileges WHERE table_schema = DATABASE() \
              UNION ALL SELECT grantee, table_name, column_name, privilege_type, is_grantable = 'YES' \
              FROM information_schema.column_privileges WHERE table_schema = DATABASE() \
              UNION ALL SELECT grantee, NULL, NULL, privilege_type, is_grantable = 'YES' \
              FROM information_schema.schema_privileges WHERE table_schema = DATABASE() \
              ORDER BY BINARY grantee, BINARY table_name, privilege_type, BINARY column_name",
    },
];
