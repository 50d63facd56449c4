//! Whoever reads the table, a backup or a log can take over accounts.

use diagnostics::{Certainty, Diagnostic, Diagnostics, Rule, Severity};
use model::{Field, Model, Protection, Scalar, Type};

use crate::{Lint, support};

static RULE: Rule = Rule {
    code: "SEC004",
    name: "plain-text-secret",
    severity: Severity::Error,
    summary: "a secret is stored in plain text",
};

/// The lint.
pub(crate) static LINT: Lint = Lint { rule: &RULE, check };

/// Words that end the name of a secret.
const SECRETS: [&str; 12] = [
    "token",
    "secret",
    "password",
    "passwd",
    "passphrase",
    "passcode",
    "otp",
    "apikey",
    "pin",
    "credential",
    "credentials",
    "pwd",
];
/// Pairs of words that end the name of a secret.
const PAIRS: [(&str, &str); 8] = [
    ("api", "key"),
    ("private", "key"),
    ("access", "key"),
    ("secret", "key"),
    ("signing", "key"),
    ("recovery", "code"),
    ("session", "key"),
    ("session", "id"),
];

fn check(model: &Model, found: &mut Diagnostics) {
    for field in model.entities.iter().flat_map(support::written) {
        if is_secret(field) {
            let words = support::words(&field.name.text);
            let password = words
                .iter()
                .any(|word| word.starts_with("passw") || word == "pwd" || word == "passphrase");
            let (meant, help) = if password {
                (
                    "PasswordHash",
                    "use `PasswordHash`: the database keeps a slow hash of it, which never leaves",
                )
            } else {
                (
                    "Token",
                    "use `Token`: the database keeps a SHA-256 of it, the caller sees it once; what must be read again is `@encrypted`",
                )
            };
            found.push(
                Diagnostic::new(
                    &RULE,
                    field.type_span,
                    format!("`{}` stores a secret in plain text", field.name.text),
                )
                .label("anyone who reads the table can take over accounts")
                .help(help)
                .replace(
                    Certainty::Suggested,
                    format!("write `{meant}`"),
                    field.type_span,
                    meant,
                ),
            );
        }
    }
}

fn is_secret(field: &Field) -> bool {
    let text = matches!(
        field.ty,
        Type::Scalar(Scalar::String(_) | Scalar::Text | Scalar::Uuid | Scalar::Bytes(_))
    );
    if !text || field.protection != Protection::Plain {
        return false;
    }
    let words = support::words(&field.name.text);
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words.as_slice() {
        [.., one, other] if PAIRS.contains(&(one, other)) => true,
        // What is named after a hash holds one, and is judged as such.
        [.., last] => SECRETS.contains(last),
        [] => false,
    }
}
