//! Everything that resolving can complain about. Each has a page in `docs/rules`.

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
    DUPLICATE_ITEM = "NAM001" "duplicate-item" Error "two items have the same name";
    DUPLICATE_FIELD = "NAM002" "duplicate-field" Error "an entity or shape has two fields of the same name";
    UNKNOWN_TYPE = "NAM003" "unknown-type" Error "a type, entity, enum or shape does not exist";
    UNKNOWN_FIELD = "NAM004" "unknown-field" Error "a field does not exist";
    UNKNOWN_ROLE = "NAM005" "unknown-role" Error "a role is not declared";
    BUILT_IN_NAME = "NAM006" "built-in-name" Error "an item takes the name of a built-in type";
    TABLE_COLLISION = "NAM007" "table-collision" Error "two entities or relations would share a table";
    COLUMN_COLLISION = "NAM008" "column-collision" Error "two fields would share a column";
    LONG_IDENTIFIER = "NAM009" "long-identifier" Error "a name of a table or column is longer than 63 bytes";
    IMPLIED_FIELD = "NAM010" "implied-field" Error "a field is declared that the policy adds already";
    DUPLICATE_QUERY = "NAM011" "duplicate-query" Error "an entity has two queries of the same name";
    UNKNOWN_MEMBER = "NAM012" "unknown-member" Error "an enum has no such member";
    WAS_STILL_EXISTS = "NAM013" "was-still-exists" Error "`@was` names something that is still there";

    NO_PROJECT = "POL001" "no-project" Error "no file declares the project";
    SECOND_PROJECT = "POL002" "second-project" Error "the project is declared twice";
    SECOND_POLICY = "POL003" "second-policy" Error "the policy is declared twice";
    UNKNOWN_SETTING = "POL004" "unknown-setting" Error "a setting does not exist";
    BAD_SETTING = "POL005" "bad-setting" Error "a setting cannot have this value";
    DUPLICATE_SETTING = "POL006" "duplicate-setting" Error "a setting is given twice";
    OFF_WITHOUT_REASON = "POL007" "off-without-reason" Warning "the policy switches a default off for everything and does not say why";
    NOT_YET_EMITTED = "POL008" "not-yet-emitted" Warning "the schema is checked for a target that nothing is built for yet";
    ACTOR_OWNS_NOTHING = "POL009" "actor-not-self-owned" Error "the actor is an entity whose rows do not own themselves";
    SEVERAL_ACTORS = "POL010" "several-actors" Error "several entities own themselves and none is named as the actor";
    UNKNOWN_OPT_OUT = "POL011" "unknown-opt-out" Error "`without` names something that cannot be left out";
    USELESS_OPT_OUT = "POL012" "useless-opt-out" Warning "`without` leaves out what is not there";
    NEEDS_PUBLIC_ID = "POL013" "anonymous-principal" Error "the actor or the tenant has no public id";
    KEY_MISMATCH = "POL014" "key-mismatch" Error "the declared key and the identity contradict each other";

    UNKNOWN_ATTRIBUTE = "ATT001" "unknown-attribute" Error "an attribute does not exist";
    MISPLACED_ATTRIBUTE = "ATT002" "misplaced-attribute" Error "an attribute does not fit what it stands on";
    DUPLICATE_ATTRIBUTE = "ATT003" "duplicate-attribute" Error "an attribute is given twice";
    BAD_ARGUMENT = "ATT004" "bad-argument" Error "an attribute has an argument that it cannot use";
    REASONLESS_ATTRIBUTE = "ATT005" "reasonless-attribute" Error "an attribute gives up a protection and does not say why";
    COMPUTED_OF_COMPUTED = "ATT006" "computed-of-computed" Error "a computed field follows from itself or from another computed field";
    VOLATILE_RULE = "ATT007" "volatile-rule" Error "a check or computed field depends on the clock";
    BROKEN_PATTERN = "ATT008" "broken-pattern" Error "a pattern is not one that every database reads the same way";
    EMPTY_RANGE = "ATT009" "empty-range" Error "no value can satisfy the limits of a field";

    TYPE_MISMATCH = "TYP001" "type-mismatch" Error "two values of different kinds are compared or combined";
    DEFAULT_MISMATCH = "TYP002" "default-mismatch" Error "a default is not a value of its field's type";
    NOT_A_CONDITION = "TYP003" "not-a-condition" Error "a condition is expected and a value stands there";
    BAD_TYPE_ARGUMENT = "TYP004" "bad-type-argument" Error "a type has arguments that it cannot use";
    UNBOUNDED_STRING = "TYP005" "unbounded-string" Error "a `String` does not say how long it may be";
    UNORDERED = "TYP006" "unordered-type" Error "values without an order are put in order";
    UNKNOWN_FUNCTION = "TYP007" "unknown-function" Error "a function does not exist, or takes other arguments";
    COMPARED_WITH_NULL = "TYP008" "compared-with-null" Error "a value is compared with `null`, which never holds";
    BAD_LITERAL = "TYP009" "bad-literal" Error "a constant is malformed or does not fit its type";
    NOT_IN_SHAPE = "TYP010" "not-in-shape" Error "a shape holds something that only an entity can hold";
    RECURSIVE_SHAPE = "TYP011" "recursive-shape" Error "a shape contains itself";

    PARAM_CONFLICT = "QRY001" "parameter-conflict" Error "a parameter stands for two kinds of value";
    PARAM_UNTYPED = "QRY002" "untyped-parameter" Error "nothing says what a parameter stands for";
    PARAM_OUTSIDE = "QRY003" "parameter-outside-query" Error "a parameter stands where there is no caller";
    PATH_DEAD_END = "QRY004" "path-dead-end" Error "a path goes on behind a field that refers to nothing";
    FOREIGN_FIELD = "QRY005" "foreign-field" Error "a rule of a row reads another row";
    AMBIGUOUS_MEMBER = "QRY006" "ambiguous-member" Error "a word is both a field and a member of the enum";
    RELATION_AS_VALUE = "QRY007" "relation-as-value" Error "a relation to many stands where a value is expected";
    SECRET_READ = "QRY008" "secret-read" Error "a query reads, sorts or searches by a secret";
    BAD_LIMIT = "QRY009" "bad-limit" Error "the limit of a query is no positive whole number";
    REPEATED_NAME = "QRY010" "repeated-name" Error "a list of fields names one of them twice";

    UNREACHABLE_MEMBER = "ENM001" "unreachable-member" Error "no move leads to a member that is not where rows begin";
    EMPTY_ENUM = "ENM002" "empty-enum" Error "an enum has no members";
    DUPLICATE_VALUE = "ENM003" "duplicate-value" Error "two members of an enum are stored as the same value";
    REPEATED_MEMBER = "ENM004" "repeated-member" Warning "a member or a move is listed twice";
    MEMBERS_DIFFER_BY_CASE = "ENM005" "members-differ-by-case" Warning "two members of an enum differ only by case";

    AMBIGUOUS_RELATION = "REL001" "ambiguous-relation" Error "a relation to many could be read in several ways";
    SELF_RELATION = "REL002" "unexplained-self-relation" Error "a relation from an entity to itself does not say how it is stored";
    BAD_INVERSE = "REL003" "bad-inverse" Error "`@inverse` names a field that does not refer back";
    BAD_THROUGH = "REL004" "bad-through" Error "`@through` names an entity that does not link the two";
    SET_NULL_ON_REQUIRED = "REL005" "set-null-on-required" Error "a required reference would have to be emptied";
    REFERENCE_COUNT = "REL006" "reference-count" Error "a composite reference does not pair its fields";
    REFERENCE_TYPES = "REL007" "reference-types" Error "a composite reference pairs fields of different types";
    REFERENCE_NOT_UNIQUE = "REL008" "reference-not-unique" Error "a composite reference points at fields that are not unique";
    REQUIRED_CYCLE = "REL009" "required-cycle" Error "required references form a circle, so no row can ever be the first";
    OPTIONAL_RELATION = "REL010" "optional-relation" Error "a relation to many is marked optional";
    OPTIONAL_KEY = "REL011" "optional-key" Error "a field of the key may be empty";
    SECOND_CLAUSE = "REL012" "second-clause" Error "an entity has two of what there can be one of";
    COMPOSITE_TARGET = "REL013" "composite-target" Error "a plain reference points at an entity with a key of several fields";

    NO_OWNER = "OWN001" "no-owner" Error "nothing says whose the rows of an entity are";
    SEVERAL_OWNERS = "OWN002" "several-owners" Error "an entity could inherit its owner through several references";
    SECOND_OWNER = "OWN003" "second-owner" Error "an entity has two owners";
    OPTIONAL_OWNER = "OWN004" "optional-owner" Error "the owner may be absent";
    OWNER_OWNS_NOTHING = "OWN005" "owner-not-owned" Error "the owner is an entity that belongs to no one";
    CONTRADICTORY_OWNERSHIP = "OWN006" "contradictory-ownership" Error "an entity says two different things about whose its rows are";
    NOBODY_TO_ALLOW = "OWN007" "nobody-to-allow" Error "a right is given to an owner or tenant that the entity does not have";
    UNKNOWN_ACTION = "OWN008" "unknown-action" Error "`allow` names something that cannot be allowed";

    RETENTION_NOT_TIME = "RET001" "retention-not-a-time" Error "a retention starts at a field that is no time";
    RETENTION_NEVER = "RET002" "retention-never-starts" Error "a retention starts at an event that the entity does not record";
    RETENTION_TWICE = "RET003" "retention-twice" Error "two retentions say the same thing";

    FOUND_ONLY = "FND001" "found-says-no-more" Error "an entity without defaults says what only a designed one can";
    REFERS_TO_FOUND = "FND002" "designed-refers-to-found" Error "what is designed refers to an entity without defaults";
    FOUND_IN_SEVERAL = "FND003" "found-in-several-databases" Error "an entity without defaults stands in a project for several databases";

    SQL_DIALECT = "SQL001" "unknown-sql-dialect" Error "raw SQL is for a database that does not exist";
    SQL_WITHOUT_UNDO = "SQL002" "sql-without-undo" Warning "raw SQL does not say how to undo it";
}
