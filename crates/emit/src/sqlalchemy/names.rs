//! Names in Python: from the schema's, without keywords, without what the modules themselves use, and each once.

use std::collections::BTreeSet;

use model::naming::snake;

/// Words that Python keeps for itself.
const KEYWORDS: &[&str] = &[
    "False", "None", "True", "and", "as", "assert", "async", "await", "break", "class", "continue", "def",
    "del", "elif", "else", "except", "finally", "for", "from", "global", "if", "import", "in", "is",
    "lambda", "nonlocal", "not", "or", "pass", "raise", "return", "try", "while", "with", "yield",
];

/// What a class of the models uses while it is made, or has by inheritance: an attribute of that name would hide it.
const ATTRIBUTES: &[&str] = &[
    // of SQLAlchemy, and of what is built upon it
    "metadata",
    "registry",
    "query",
    "type_annotation_map",
    "to_dict_secure",
    "is_deleted",
    "owner_key",
    // what stands in the body of a class
    "sa",
    "dt",
    "kept",
    "mapped_column",
    "relationship",
    "alive",
    "where",
    "classmethod",
    "property",
    // builtins that annotations speak of
    "str",
    "int",
    "bool",
    "bytes",
    "float",
    "list",
    "object",
    // of Pydantic
    "copy",
    "dict",
    "json",
    "schema",
    "schema_json",
    "validate",
    "construct",
    "parse_obj",
    "parse_raw",
    "parse_file",
    "from_orm",
    "update_forward_refs",
    "model_config",
    "model_fields",
    "model_computed_fields",
    "model_extra",
    "model_fields_set",
    "model_construct",
    "model_copy",
    "model_dump",
    "model_dump_json",
    "model_json_schema",
    "model_parametrized_name",
    "model_post_init",
    "model_rebuild",
    "model_validate",
    "model_validate_json",
    "model_validate_strings",
];

/// Attributes that would hide what the schemas call for a reference.
const REFERENCES: &[&str] = &["reference", "public_id"];

/// Names of classes that the generated modules import or define.
const CLASSES: &[&str] = &[
    // of the support package
    "Accessed",
    "Authored",
    "Base",
    "Identified",
    "Linked",
    "Mortal",
    "OfTenant",
    "Owned",
    "Ref",
    "IdentifiedByUuid",
    "SoftDeleted",
    "Timed",
    "Unversioned",
    "Versioned",
    "KEPT",
    "PERSONAL",
    "SECRET",
    "SPECIAL",
    "Query",
    "Choice",
    "Day",
    "Duration",
    "EmailAddress",
    "Encrypted",
    "Envelope",
    "Exact",
    "Flag",
    "Float",
    "Guid",
    "Instant",
    "Ip",
    "IpAddress",
    "Json",
    "Key",
    "ListOf",
    "Money",
    "TimeOfDay",
    "BigInt",
    "Blob",
    "Token",
    "Service",
    // of the schemas
    "Given",
    "Read",
    "Write",
    "Shape",
    "Text",
    "Email",
    "Phone",
    "Url",
    "PasswordHash",
    "SecretStr",
    "Int",
    "Bytes",
    "Number",
    "Field",
    "IPvAnyAddress",
    "PlainSerializer",
    // of Python and of SQLAlchemy
    "Annotated",
    "Any",
    "Decimal",
    "Final",
    "Mapped",
    "NamedTuple",
    "Sequence",
    "TYPE_CHECKING",
    "UUID",
];

/// Names that a function of a declared query uses, or that a parameter must not hide.
const PARAMETERS: &[&str] = &[
    "cls",
    "sa",
    "dt",
    "key",
    "asc",
    "desc",
    "now",
    "ago",
    "today",
    "starts_with",
    "ends_with",
    "has_text",
    "has_item",
    "str",
    "int",
    "list",
    "super",
];

/// Modules that are there already.
const MODULES: &[&str] = &["enums", "services", "shapes", "core"];

/// Names of one place, each given once.
#[derive(Debug, Clone, Default)]
pub(super) struct Names<'n> {
    taken: BTreeSet<String>,
    /// Words that are never given, and names of a larger place.
    reserved: Vec<&'static [&'static str]>,
    around: Option<&'n BTreeSet<String>>,
}

impl<'n> Names<'n> {
    fn reserving(words: &[&'static [&'static str]]) -> Self {
        Self {
            taken: BTreeSet::new(),
            reserved: words.to_vec(),
            around: None,
        }
    }

    fn is_taken(&self, name: &str) -> bool {
        self.taken.contains(name)
            || self.around.is_some_and(|around| around.contains(name))
            || self.reserved.iter().any(|words| words.contains(&name))
    }

    /// Of the classes of a project.
    pub(super) fn classes() -> Self {
        Self::reserving(&[KEYWORDS, CLASSES])
    }

    /// Of the modules of a package.
    pub(super) fn modules() -> Self {
        Self::reserving(&[KEYWORDS, MODULES])
    }

    /// Of the attributes of a class.
    pub(super) fn attributes() -> Self {
        Self::reserving(&[KEYWORDS, ATTRIBUTES])
    }

    /// Of the parameters of a function that may speak of some classes.
    pub(super) fn parameters(classes: &'n BTreeSet<String>) -> Self {
        let mut names = Self::reserving(&[KEYWORDS, PARAMETERS]);
        names.around = Some(classes);
        names
    }

    /// Of the members of an enum.
    pub(super) fn members() -> Self {
        Self::reserving(&[KEYWORDS])
    }

    /// Of the types that a module of schemas defines beside its classes, and beside the values that all modules share.
    pub(super) fn aliases(values: &'n BTreeSet<String>, classes: impl IntoIterator<Item = String>) -> Self {
        let mut names = Self::classes();
        names.around = Some(values);
        names.taken.extend(classes);
        names
    }

    /// The name, or the first with underscores behind it that is free.
    pub(super) fn take(&mut self, wanted: &str) -> String {
        let mut name = identifier(wanted);
        while self.is_taken(&name) {
            name.push('_');
        }
        self.taken.insert(name.clone());
        name
    }

    /// The same for a class or an alias, which ends in a word of its own where the name is taken.
    pub(super) fn take_or(&mut self, wanted: &str, word: &str) -> String {
        let name = identifier(wanted);
        if self.is_taken(&name) {
            self.take(&format!("{name}{word}"))
        } else {
            self.take(&name)
        }
    }

    /// A function of a declared query: with a verb in front where a field has the name, or Python.
    pub(super) fn take_query(&mut self, wanted: &str) -> String {
        let name = identifier(wanted);
        if self.is_taken(&name) {
            self.take(&format!("find_{name}"))
        } else {
            self.take(&name)
        }
    }

    /// An attribute for a reference.
    pub(super) fn take_reference(&mut self, wanted: &str) -> String {
        if REFERENCES.contains(&wanted) {
            self.take(&format!("{wanted}_"))
        } else {
            self.take(wanted)
        }
    }
}

/// The nearest identifier: ASCII letters, digits and `_`, with no digit and no underscore at the start.
pub(super) fn identifier(name: &str) -> String {
    let mut out: String = name
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c } else { '_' })
        .collect();
    if out.starts_with('_') {
        out = out.trim_start_matches('_').to_owned();
    }
    if out.is_empty() || out.starts_with(|c: char| c.is_ascii_digit()) {
        out.insert_str(0, "n_");
    }
    out
}

/// `order_lines` as `OrderLines`.
pub(super) fn pascal(name: &str) -> String {
    name.split(|c: char| !c.is_ascii_alphanumeric())
        .filter(|part| !part.is_empty())
        .map(|part| {
            let mut letters = part.chars();
            letters.next().map_or_else(String::new, |first| {
                first.to_ascii_uppercase().to_string() + letters.as_str()
            })
        })
        .collect()
}

/// A member of an enum: `in_progress` as `IN_PROGRESS`, `HTTP/1.1` as `HTTP_1_1`.
pub(super) fn member(name: &str) -> String {
    identifier(&snake(name)).to_ascii_uppercase()
}

/// In which order `ruff` sorts names that are imported: constants, classes, the rest; digits by their value.
pub(super) fn import_order(name: &str) -> (u8, Vec<Piece>, String) {
    let kind = if name.len() > 1 && is_constant(name) {
        0
    } else if name.starts_with(|c: char| c.is_ascii_uppercase()) {
        1
    } else {
        2
    };
    (kind, natural(&name.to_ascii_lowercase()), name.to_owned())
}

fn is_constant(name: &str) -> bool {
    name.chars().any(|c| c.is_ascii_uppercase()) && !name.chars().any(|c| c.is_ascii_lowercase())
}

/// A piece of a name as people sort it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Piece {
    Number(u128, String),
    Text(String),
}

/// A name cut into numbers and what stands between them.
pub(super) fn natural(name: &str) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut rest = name;
    while let Some(first) = rest.chars().next() {
        let digits = first.is_ascii_digit();
        let end = rest
            .find(|c: char| c.is_ascii_digit() != digits)
            .unwrap_or(rest.len());
        let (piece, tail) = rest.split_at(end);
        pieces.push(if digits {
            Piece::Number(piece.parse().unwrap_or(u128::MAX), piece.to_owned())
        } else {
            Piece::Text(piece.to_owned())
        });
        rest = tail;
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::{Names, identifier, import_order, member, pascal};

    #[test]
    fn what_python_or_a_module_uses_is_left_alone() {
        let mut names = Names::attributes();
        for (wanted, given) in [
            ("class", "class_"),
            ("metadata", "metadata_"),
            ("registry", "registry_"),
            ("query", "query_"),
            ("title", "title"),
            ("title", "title_"),
            ("title", "title__"),
            ("str", "str_"),
        ] {
            assert_eq!(names.take(wanted), given);
        }
        assert_eq!(Names::classes().take("Query"), "Query_");
        assert_eq!(Names::classes().take_or("Text", "Value"), "TextValue");
        assert_eq!(Names::modules().take("enums"), "enums_");
    }

    #[test]
    fn any_text_becomes_an_identifier() {
        for (text, expected) in [
            ("1st", "n_1st"),
            ("HTTP/1.1", "HTTP_1_1"),
            ("__x", "x"),
            ("", "n_"),
            ("ü", "n_"),
        ] {
            assert_eq!(identifier(text), expected);
        }
        assert_eq!(member("in_progress"), "IN_PROGRESS");
        assert_eq!(member("HTTP/1.1"), "HTTP_1_1");
        assert_eq!(pascal("order_lines"), "OrderLines");
    }

    #[test]
    fn imports_are_sorted_as_ruff_does() {
        let mut names = vec!["kept", "User", "KEPT", "Item10", "Item2", "alive", "Base", "X"];
        names.sort_by_key(|name| import_order(name));
        assert_eq!(
            names,
            ["KEPT", "Base", "Item2", "Item10", "User", "X", "alive", "kept"]
        );
    }
}
