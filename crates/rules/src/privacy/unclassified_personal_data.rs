//! What has no class is neither masked, nor redacted, nor erased.

use diagnostics::{Certainty, Diagnostic, Diagnostics, Rule, Severity};
use model::{Field, Model, Privacy, Protection, Scalar, Type};

use crate::{Lint, support};

static RULE: Rule = Rule {
    code: "PRV001",
    name: "unclassified-personal-data",
    severity: Severity::Warning,
    summary: "a field holds personal data and does not say so",
};

/// The lint.
pub(crate) static LINT: Lint = Lint { rule: &RULE, check };

/// Names of personal data, with what to write.
const KNOWN: [(&str, Meant); 22] = [
    ("email", Meant::Type("Email")),
    ("e_mail", Meant::Type("Email")),
    ("email_address", Meant::Type("Email")),
    ("phone", Meant::Type("Phone")),
    ("phone_number", Meant::Type("Phone")),
    ("mobile", Meant::Type("Phone")),
    ("telephone", Meant::Type("Phone")),
    ("ip", Meant::Type("Ip")),
    ("ip_address", Meant::Type("Ip")),
    ("first_name", Meant::Class("@pii")),
    ("last_name", Meant::Class("@pii")),
    ("full_name", Meant::Class("@pii")),
    ("surname", Meant::Class("@pii")),
    ("birth_date", Meant::Class("@pii")),
    ("date_of_birth", Meant::Class("@pii")),
    ("birthday", Meant::Class("@pii")),
    ("address", Meant::Class("@pii")),
    ("street", Meant::Class("@pii")),
    ("ssn", Meant::Class("@pii(special) @encrypted")),
    ("passport_number", Meant::Class("@pii(special) @encrypted")),
    ("iban", Meant::Class("@pii @encrypted")),
    ("diagnosis", Meant::Class("@pii(special) @encrypted")),
];

#[derive(Clone, Copy)]
enum Meant {
    Type(&'static str),
    Class(&'static str),
}

fn check(model: &Model, found: &mut Diagnostics) {
    for field in model.entities.iter().flat_map(support::written) {
        if field.privacy != Privacy::None || field.protection != Protection::Plain || !holds_data(field) {
            continue;
        }
        let name = model::naming::snake(&field.name.text);
        let Some((_, meant)) = KNOWN.iter().find(|(known, _)| *known == name) else {
            continue;
        };
        let text = matches!(field.ty, Type::Scalar(Scalar::String(_) | Scalar::Text));
        let message = format!("`{}` is personal data, and nothing says so", field.name.text);
        let diagnostic = Diagnostic::new(&RULE, field.name.span, message);
        found.push(match meant {
            Meant::Type(ty) if text => diagnostic
                .help(format!(
                    "use `{ty}`, which is checked, masked and redacted by itself"
                ))
                .replace(
                    Certainty::Suggested,
                    format!("write `{ty}`"),
                    field.type_span,
                    *ty,
                ),
            Meant::Type(_) => diagnostic.help("write `@pii` behind the type"),
            Meant::Class(class) => diagnostic.help(format!("write `{class}` behind the type")),
        });
    }
}

fn holds_data(field: &Field) -> bool {
    matches!(
        field.ty,
        Type::Scalar(Scalar::String(_) | Scalar::Text | Scalar::Date | Scalar::Json) | Type::Shape(_)
    )
}
