//! Everything that the lexer and the parser can complain about.

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
    UNTERMINATED_STRING = "SYN001" "unterminated-string" Error "a string has no closing quote on its line";
    UNTERMINATED_RAW = "SYN002" "unterminated-raw-string" Error "a `\"\"\"` string is never closed";
    BAD_ESCAPE = "SYN003" "bad-escape" Error "a string holds an escape or a control character that JSON does not know";
    SINGLE_QUOTES = "SYN004" "single-quoted-string" Error "a string stands in single quotes";
    STRAY_CHARACTER = "SYN005" "stray-character" Error "a character has no meaning in the language";
    NON_ASCII_NAME = "SYN006" "non-ascii-name" Error "a name has letters outside ASCII";
    BAD_UNIT = "SYN007" "bad-unit" Error "an amount has a unit that is unknown or does not fit its place";
    LONG_NUMBER = "SYN008" "number-too-long" Error "a number has more digits than any database keeps";
    FOREIGN_COMMENT = "SYN009" "foreign-comment" Error "a comment is written as in another language";
    FOREIGN_OPERATOR = "SYN010" "foreign-operator" Error "an operator is written as in another language";
    FOREIGN_SEPARATOR = "SYN011" "foreign-separator" Error "a separator of another language stands where none is needed";
    DOC_WITHOUT_ITEM = "SYN012" "doc-without-item" Error "a doc comment documents nothing";
    TRAILING_DOC = "SYN013" "trailing-doc" Warning "a doc comment behind a member documents the next one";
    UNKNOWN_ITEM = "SYN014" "unknown-item" Error "a file holds something that is no item";
    UNKNOWN_PART = "SYN015" "unknown-part" Error "an entity or shape holds something that is no part of it";
    UNKNOWN_CLAUSE = "SYN016" "unknown-clause" Error "a query holds something that is no clause";
    DUPLICATE_CLAUSE = "SYN017" "duplicate-clause" Error "a query has the same clause twice";
    DUPLICATE_DEFAULT = "SYN018" "duplicate-default" Error "a field has two defaults";
    OPERATOR_DEFAULT = "SYN019" "operator-default" Error "a default is an expression where only a constant may stand";
    MISSING_BRACE = "SYN020" "missing-brace" Error "the `{` of a block is missing";
    UNCLOSED_BRACE = "SYN021" "unclosed-brace" Error "a block is never closed";
    UNCLOSED_PAREN = "SYN022" "unclosed-parenthesis" Error "a parenthesis or bracket is never closed";
    STRAY_BRACE = "SYN023" "stray-brace" Error "a `}` closes nothing";
    MISSING_NAME = "SYN024" "missing-name" Error "a name is missing";
    MISSING_TYPE = "SYN025" "missing-type" Error "a field has no type";
    MISSING_VALUE = "SYN026" "missing-value" Error "a value is missing";
    MISSING_REASON = "SYN027" "missing-reason" Error "a decision has no reason";
    LOWER_CASE_TYPE = "SYN028" "lower-case-type" Error "the name of a type begins with a lower case letter";
    UPPER_CASE_NAME = "SYN029" "upper-case-name" Error "a name that is no type begins with an upper case letter";
    UPPER_CASE_KEYWORD = "SYN030" "upper-case-keyword" Error "a keyword is written in upper case";
    RESERVED_WORD = "SYN031" "reserved-word" Error "a reserved word stands where a name is expected";
    CHAINED_COMPARISON = "SYN032" "chained-comparison" Error "two comparisons share an operand";
    NESTED_TOO_DEEP = "SYN033" "nested-too-deep" Error "parentheses are nested too deep";
    UNEXPECTED = "SYN034" "unexpected-token" Error "something else is expected here";
}
