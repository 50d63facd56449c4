//! `policy { … }`: what holds where nothing is said.

use diagnostics::{Diagnostic, Span};
use syntax::Amount;
use syntax::ast::{self, Expr, ValueKind};

use super::{Named, Resolver};
use crate::{Access, AuditMode, ColumnOrder, ContextMode, EntityId, Identity, Opted, Ownership};
use crate::{StatusStorage, UuidVersion, Versioning, codes};

const SETTINGS: [&str; 13] = [
    "identity",
    "actor",
    "timestamps",
    "soft_delete",
    "versioning",
    "access",
    "audit",
    "tenant",
    "context",
    "enums",
    "columns",
    "references",
    "storage",
];

/// One value of a setting, with the reason that may stand in its parentheses: `audit off("the platform keeps one")`.
struct Choice<'t> {
    word: &'t str,
    inner: Option<&'t str>,
    span: Span,
    because: Option<String>,
}

impl<'t> Choice<'t> {
    fn opted<T>(self, value: T) -> Opted<T> {
        Opted {
            value,
            said: Some(self.span),
            because: self.because,
        }
    }
}

/// `dual(uuid4)`, `uuid(uuid7)`, `internal`, `natural`; a bare `uuid7` is `dual(uuid7)`.
pub(super) fn identity_of(word: &str, inner: Option<&str>) -> Option<Identity> {
    let version = |word: &str| match word {
        "uuid4" => Some(UuidVersion::V4),
        "uuid7" => Some(UuidVersion::V7),
        _ => None,
    };
    match (word, inner) {
        ("dual", None) => Some(Identity::Dual(UuidVersion::V4)),
        ("dual", Some(inner)) => version(inner).map(Identity::Dual),
        ("uuid", None) => Some(Identity::Uuid(UuidVersion::V4)),
        ("uuid", Some(inner)) => version(inner).map(Identity::Uuid),
        ("internal", None) => Some(Identity::Internal),
        ("natural", None) => Some(Identity::Natural),
        (other, None) => version(other).map(Identity::Dual),
        _ => None,
    }
}

impl<'t> Resolver<'t> {
    pub(super) fn policies(&mut self) {
        let all = std::mem::take(&mut self.policies);
        for second in all.iter().skip(1) {
            let word = |policy: &ast::Policy<'t>| {
                let keyword = policy.node().own_tokens().find(|token| token.text() == "policy");
                keyword.map_or_else(|| policy.span(), |token| token.span())
            };
            let found = Diagnostic::new(
                &codes::SECOND_POLICY,
                word(second),
                "the policy is declared twice",
            );
            let first = all.first().map(word).unwrap_or_default();
            self.push(
                found
                    .also(first, "the first one")
                    .help("all files share one policy: keep one"),
            );
        }
        let Some(first) = all.first() else { return };
        let mut seen = Vec::new();
        for setting in first.settings() {
            let Some(name) = setting.name() else { continue };
            if self.is_repeated(&mut seen, name) {
                continue;
            }
            let mut values = setting.values();
            let Some(value) = values.next() else { continue };
            for extra in values {
                self.bad_value(name.text, extra, &[]);
            }
            self.policy_setting(name, value);
        }
    }

    fn policy_setting(&mut self, name: ast::Name<'t>, value: ast::Value<'t>) {
        match name.text {
            "storage" => self.storage(value),
            "actor" => self.actor(value),
            "tenant" => self.tenant(value),
            _ if !SETTINGS.contains(&name.text) => self.unknown_setting(name, &SETTINGS, "the policy"),
            _ => {
                let choice = self.choice(value);
                let good = choice.and_then(|choice| self.choose(name.text, choice));
                if good.is_none() {
                    self.bad_value(name.text, value, choices(name.text));
                }
            }
        }
    }

    fn choice(&mut self, value: ast::Value<'t>) -> Option<Choice<'t>> {
        let word = value.word()?;
        let mut choice = Choice {
            word: word.text,
            inner: None,
            span: value.span(),
            because: None,
        };
        for arg in value.args().into_iter().flat_map(ast::Args::iter) {
            match arg.expr()? {
                Expr::Literal(literal) => match literal.value()? {
                    ast::LiteralValue::Text(text) => choice.because = Some(text.value()),
                    _ => return None,
                },
                Expr::Path(path) => choice.inner = Some(path.single()?.text),
                _ => return None,
            }
        }
        Some(choice)
    }

    /// Sets what was chosen; none if it is no choice of this setting.
    fn choose(&mut self, setting: &str, choice: Choice<'t>) -> Option<()> {
        if choice.inner.is_some() && setting != "identity" {
            return None;
        }
        if matches!(choice.word, "off" | "internal") && choice.because.is_none() {
            let message = format!("`{setting}` is switched off for everything, and nothing says why");
            let help = format!(
                "write `{setting} {}(\"why\")`, or leave it out entity by entity with `without … because`",
                choice.word
            );
            self.report(&codes::OFF_WITHOUT_REASON, choice.span, message, &help);
        }
        let switch = match choice.word {
            "on" => Some(true),
            "off" => Some(false),
            _ => None,
        };
        let word = choice.word;
        let policy = &mut self.model.policy;
        match setting {
            "identity" => {
                policy.identity = {
                    let identity = identity_of(word, choice.inner)?;
                    choice.opted(identity)
                }
            }
            "timestamps" => policy.timestamps = choice.opted(switch?),
            "soft_delete" => policy.soft_delete = choice.opted(switch?),
            "versioning" => policy.versioning = choice.opted(versioning_of(word)?),
            "access" => policy.access = choice.opted(access_of(word)?),
            "audit" => policy.audit = choice.opted(audit_of(word)?),
            "context" => {
                policy.context = choice.opted(match word {
                    "setting" => ContextMode::Setting,
                    "signed" => ContextMode::Signed,
                    _ => return None,
                })
            }
            "enums" => {
                policy.enums = choice.opted(match word {
                    "check" => StatusStorage::Check,
                    "native" => StatusStorage::Native,
                    _ => return None,
                })
            }
            "columns" => {
                policy.columns = choice.opted(match word {
                    "aligned" => ColumnOrder::Aligned,
                    "as_written" => ColumnOrder::AsWritten,
                    _ => return None,
                })
            }
            _ => {
                policy.copied_references = choice.opted(match word {
                    "resolved" => false,
                    "copied" => true,
                    _ => return None,
                })
            }
        }
        Some(())
    }

    fn storage(&mut self, value: ast::Value<'t>) {
        let percent = match value.kind() {
            Some(ValueKind::Amount(Amount::Percent(number))) => {
                number.as_integer().and_then(|n| u32::try_from(n).ok())
            }
            _ => None,
        };
        match percent.filter(|percent| *percent < 100) {
            Some(percent) => self.model.policy.storage = Some(percent),
            None => {
                let message = format!("`storage` cannot be `{}`", value.node().text());
                self.report(
                    &codes::BAD_SETTING,
                    value.span(),
                    message,
                    "say how much smaller than the naive schema: `storage 35%`",
                );
            }
        }
    }

    /// `none`, with or without a reason, or an entity.
    fn principal(&mut self, value: ast::Value<'t>) -> Option<Opted<Option<EntityId>>> {
        let choice = self.choice(value);
        if let Some(choice) = choice.filter(|choice| choice.word == "none") {
            return Some(choice.opted(None));
        }
        let Some(word) = value.word() else {
            self.bad_value("actor", value, &["none"]);
            return None;
        };
        let entity = self.expect_entity(word)?;
        Some(Opted {
            value: Some(entity),
            said: Some(value.span()),
            because: None,
        })
    }

    fn actor(&mut self, value: ast::Value<'t>) {
        self.actor_said = true;
        let Some(actor) = self.principal(value) else {
            return;
        };
        if actor.value.is_none() {
            self.model.policy.actors = false;
            if actor.because.is_none() {
                let message = "`actor` is switched off for everything, and nothing says why";
                self.report(
                    &codes::OFF_WITHOUT_REASON,
                    value.span(),
                    message,
                    "write `actor none(\"why\")`",
                );
            }
        }
        self.model.policy.actor = actor;
    }

    fn tenant(&mut self, value: ast::Value<'t>) {
        match self.principal(value) {
            Some(tenant) => self.model.policy.tenant = tenant,
            None => self.tenant_unclear = true,
        }
    }

    /// The actor that the policy names must own itself; where it names none, the only entity that does is it.
    pub(super) fn find_actor(&mut self) {
        let selves: Vec<EntityId> = self
            .model
            .entities
            .iter()
            .filter(|entity| entity.ownership == Ownership::Itself)
            .map(|entity| entity.id)
            .collect();
        if let Some(actor) = self.model.policy.actor.value {
            if !selves.contains(&actor) {
                let name = self.entity_name(actor);
                let span = self.model.policy.actor.said.unwrap_or_default();
                let message = format!("`{name}` is the actor, but its rows do not own themselves");
                let found = Diagnostic::new(&codes::ACTOR_OWNS_NOTHING, span, message);
                let found = match self.items.get(name.as_str()) {
                    Some((Named::Entity(_), place)) => found.also(*place, "declared here"),
                    _ => found,
                };
                self.push(found.help(format!("write `entity {name} owns self {{ … }}`")));
            }
            return;
        }
        if self.actor_said {
            return;
        }
        match selves.as_slice() {
            [only] => self.model.policy.actor.value = Some(*only),
            [first, second, ..] => {
                let names = (self.entity_name(*first), self.entity_name(*second));
                let span = |id: EntityId| {
                    self.model
                        .entity(id)
                        .map(|entity| entity.name.span)
                        .unwrap_or_default()
                };
                let (at, other) = (span(*second), span(*first));
                let message = format!(
                    "both `{}` and `{}` own themselves: who is it that acts?",
                    names.0, names.1
                );
                let found = Diagnostic::new(&codes::SEVERAL_ACTORS, at, message).also(other, "the other one");
                self.push(found.help(format!("say so in the policy: `policy {{ actor {} }}`", names.0)));
            }
            [] => {}
        }
    }
}

pub(super) fn versioning_of(word: &str) -> Option<Versioning> {
    Some(match word {
        "on" => Versioning::On,
        "off" => Versioning::Off,
        "full" => Versioning::Full,
        _ => return None,
    })
}

pub(super) fn access_of(word: &str) -> Option<Access> {
    Some(match word {
        "off" => Access::Off,
        "separate" => Access::Separate,
        "inline" => Access::Inline,
        _ => return None,
    })
}

pub(super) fn audit_of(word: &str) -> Option<AuditMode> {
    Some(match word {
        "off" => AuditMode::Off,
        "plain" => AuditMode::Plain,
        "chained" => AuditMode::Chained,
        "inline" => AuditMode::Inline,
        _ => return None,
    })
}

/// What a setting can be.
fn choices(setting: &str) -> &'static [&'static str] {
    match setting {
        "identity" => &["dual", "uuid", "internal", "natural"],
        "versioning" => &["on", "off", "full"],
        "access" => &["off", "separate", "inline"],
        "audit" => &["off", "plain", "chained", "inline"],
        "context" => &["setting", "signed"],
        "enums" => &["check", "native"],
        "columns" => &["aligned", "as_written"],
        "references" => &["resolved", "copied"],
        _ => &["on", "off"],
    }
}
