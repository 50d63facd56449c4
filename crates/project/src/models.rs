//! `[models]` in `architrave.toml`: where the package of the models goes, and what it takes of the application.

use diagnostics::{Diagnostic, Diagnostics};
use serde::Deserialize;
use toml::Spanned;

use crate::config::{FILE, line_of};
use crate::{codes, python, root};

/// The settings under `[models]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Models {
    /// The folder of the package, relative to the output folder: that of the application, for example.
    pub folder: String,
    /// The name by which the package is imported, when it is not the whole path: `shop` for `src/shop`.
    pub package: Option<String>,
    /// The folder of the support package, below `folder`; without it, `core`.
    pub support: Option<String>,
    /// The folder of the migrations, relative to the output folder.
    pub migrations: String,
    /// The application's own base of models, as `app.core.database.Base`.
    pub base: Option<String>,
    /// The application's own function for security events, as `app.core.logging.log_security_event`.
    pub log: Option<String>,
}

impl Default for Models {
    fn default() -> Self {
        Self {
            folder: "models".to_owned(),
            package: None,
            support: None,
            migrations: MIGRATIONS.to_owned(),
            base: None,
            log: None,
        }
    }
}

/// Where migrations lie unless another place is named.
const MIGRATIONS: &str = "migrations";
/// Where the support package lies in the package, unless another place is named.
const SUPPORT: &str = "core";
/// What every package of models has, and nothing else may be.
const OWN: [&str; 2] = ["models", "schemas"];

impl Models {
    /// The folder as the beginning of a path: `src/shop/`.
    #[must_use]
    pub fn place(&self) -> String {
        beginning(&self.folder)
    }

    /// The folder of the migrations as the beginning of a path: `migrations/`.
    #[must_use]
    pub fn migrations_place(&self) -> String {
        beginning(&self.migrations)
    }

    /// Whether the migrations lie where they lie without a word.
    #[must_use]
    pub fn migrations_are_usual(&self) -> bool {
        parts(&self.migrations) == [MIGRATIONS]
    }

    /// The name by which the package is imported: `shop`.
    #[must_use]
    pub fn import(&self) -> String {
        self.package
            .clone()
            .unwrap_or_else(|| parts(&self.folder).join("."))
    }

    /// The folder that must be on Python's path, relative to the output folder: `src`; empty when it is that one.
    #[must_use]
    pub fn root(&self) -> String {
        let parts = parts(&self.folder);
        let imported = self.import().split('.').count();
        let kept = parts.len().saturating_sub(imported);
        parts.get(..kept).unwrap_or_default().join("/")
    }

    /// The folder of the support package relative to the package: `core`.
    #[must_use]
    pub fn support_below(&self) -> String {
        let Some(support) = &self.support else {
            return SUPPORT.to_owned();
        };
        let place = self.place();
        let whole = parts(support).join("/");
        whole
            .strip_prefix(&place)
            .map_or_else(|| SUPPORT.to_owned(), str::to_owned)
    }
}

/// The parts of a path, without those that say nothing.
fn parts(path: &str) -> Vec<&str> {
    path.split(['/', '\\'])
        .filter(|part| !part.is_empty() && *part != ".")
        .collect()
}

fn beginning(path: &str) -> String {
    parts(path).iter().map(|part| format!("{part}/")).collect()
}

/// The settings with the places where they stand.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Written {
    folder: Option<Spanned<String>>,
    package: Option<Spanned<String>>,
    support: Option<Spanned<String>>,
    migrations: Option<Spanned<String>>,
    base: Option<Spanned<String>>,
    log: Option<Spanned<String>>,
}

/// A setting as it is judged.
#[derive(Debug, Clone, Copy)]
struct Setting<'a> {
    name: &'static str,
    value: &'a str,
    line: usize,
}

impl Setting<'_> {
    fn finding(self, rule: &'static diagnostics::Rule, why: &str, instead: &str) -> Diagnostic {
        let Self { name, value, line } = self;
        Diagnostic::global(
            rule,
            format!("`{FILE}` line {line}: `{name} = \"{value}\"`: {why}"),
        )
        .help(format!("write `{name} = \"{instead}\"`, for example"))
    }
}

impl Written {
    /// The settings when all of them hold; a finding for each that does not, and the defaults for all then.
    pub(crate) fn judged(&self, text: &str, diagnostics: &mut Diagnostics) -> Models {
        let before = diagnostics.len();
        self.confined(diagnostics);
        if diagnostics.len() == before {
            self.names(text, diagnostics);
        }
        let standard = Models::default();
        let value = |setting: &Option<Spanned<String>>| setting.as_ref().map(|it| it.get_ref().clone());
        let models = Models {
            folder: value(&self.folder).unwrap_or(standard.folder),
            package: value(&self.package),
            support: value(&self.support),
            migrations: value(&self.migrations).unwrap_or(standard.migrations),
            base: value(&self.base),
            log: value(&self.log),
        };
        if diagnostics.len() == before {
            self.places(&models, text, diagnostics);
        }
        if diagnostics.len() == before {
            models
        } else {
            Models::default()
        }
    }

    fn setting<'a>(
        name: &'static str,
        written: Option<&'a Spanned<String>>,
        text: &str,
    ) -> Option<Setting<'a>> {
        written.map(|it| Setting {
            name,
            value: it.get_ref(),
            line: line_of(text, it.span().start),
        })
    }

    /// Paths stay below the project.
    fn confined(&self, diagnostics: &mut Diagnostics) {
        let paths = [
            ("models.folder", &self.folder),
            ("models.support", &self.support),
            ("models.migrations", &self.migrations),
        ];
        for (name, written) in paths {
            if let Some(value) = written.as_ref().map(Spanned::get_ref)
                && !root::is_confined(std::path::Path::new(value))
            {
                diagnostics.push(root::outside(name, value));
            }
        }
    }

    /// Every part can be imported, and the first one hides nothing.
    fn names(&self, text: &str, diagnostics: &mut Diagnostics) {
        for (name, written) in [("folder", &self.folder), ("support", &self.support)] {
            let Some(setting) = Self::setting(name, written.as_ref(), text) else {
                continue;
            };
            let first = name == "folder" && self.package.is_none();
            diagnostics.extend(judge(setting, &parts(setting.value), "/", first));
        }
        if let Some(setting) = Self::setting("package", self.package.as_ref(), text) {
            let parts: Vec<&str> = setting.value.split('.').collect();
            diagnostics.extend(judge(setting, &parts, ".", true));
        }
        for (name, written, last) in [
            ("base", &self.base, "Base"),
            ("log", &self.log, "log_security_event"),
        ] {
            let Some(setting) = Self::setting(name, written.as_ref(), text) else {
                continue;
            };
            let parts: Vec<&str> = setting.value.split('.').collect();
            if parts.len() < 2 || parts.iter().any(|part| part.is_empty()) {
                let why = format!("`{name}` names something in a module");
                diagnostics.push(setting.finding(
                    &codes::BAD_PACKAGE_NAME,
                    &why,
                    &format!("package.module.{last}"),
                ));
            } else {
                diagnostics.extend(judge(setting, &parts, ".", false));
            }
        }
    }

    /// Packages are not in each other's way.
    fn places(&self, models: &Models, text: &str, diagnostics: &mut Diagnostics) {
        let place = models.place();
        if let Some(setting) = Self::setting("package", self.package.as_ref(), text)
            && !format!(".{}", parts(&models.folder).join(".")).ends_with(&format!(".{}", setting.value))
        {
            let last = parts(&models.folder).last().copied().unwrap_or_default();
            let why = format!(
                "it is not what `{}` ends with",
                place.trim_end_matches('/').replace('/', ".")
            );
            diagnostics.push(setting.finding(&codes::IN_THE_WAY, &why, last));
        }
        if let Some(setting) = Self::setting("support", self.support.as_ref(), text) {
            diagnostics.extend(support(setting, &place));
        }
        if let Some(setting) = Self::setting("migrations", self.migrations.as_ref(), text)
            && is_ours(&models.migrations_place(), models)
        {
            let why = "migrations are no part of the package";
            diagnostics.push(setting.finding(&codes::IN_THE_WAY, why, MIGRATIONS));
        }
        for (name, written) in [("base", &self.base), ("log", &self.log)] {
            if let Some(setting) = Self::setting(name, written.as_ref(), text) {
                diagnostics.extend(theirs(setting, models));
            }
        }
    }
}

/// What is wrong with the parts of a name, when there is anything.
fn judge(setting: Setting<'_>, parts: &[&str], joint: &str, first: bool) -> Option<Diagnostic> {
    if parts.is_empty() {
        let why = "the package needs a folder of its own: its modules import each other by it";
        return Some(setting.finding(&codes::BAD_PACKAGE_NAME, why, "app"));
    }
    let why = parts.iter().zip(0..).find_map(|(part, at)| {
        python::unfit(part).or_else(|| {
            let hides = first && at == 0 && python::is_installed(part);
            hides.then(|| {
                format!(
                    "a package `{part}` would hide the one of that name which Python or the models import"
                )
            })
        })
    })?;
    let better = parts.iter().zip(0..).map(|(part, at)| {
        let part = python::fit(part);
        if first && at == 0 && python::is_installed(&part) {
            format!("{part}_app")
        } else {
            part
        }
    });
    let better: Vec<String> = better.collect();
    Some(setting.finding(&codes::BAD_PACKAGE_NAME, &why, &better.join(joint)))
}

/// The support package lies below the package, and in none of its parts.
fn support(setting: Setting<'_>, place: &str) -> Option<Diagnostic> {
    let whole = beginning(setting.value);
    let last = parts(setting.value).last().copied().unwrap_or(SUPPORT);
    let Some(rest) = whole.strip_prefix(place).filter(|rest| !rest.is_empty()) else {
        let why = format!(
            "the support package lies below `{}`, where the models import it from",
            place.trim_end_matches('/')
        );
        let last = if whole == place { SUPPORT } else { last };
        return Some(setting.finding(&codes::IN_THE_WAY, &why, &format!("{place}{last}")));
    };
    let taken = OWN.iter().find(|own| rest.starts_with(&format!("{own}/")))?;
    let why = format!("`{place}{taken}` is full of generated modules");
    Some(setting.finding(&codes::IN_THE_WAY, &why, &format!("{place}architrave")))
}

/// What is the application's does not lie where generated files go.
fn theirs(setting: Setting<'_>, models: &Models) -> Option<Diagnostic> {
    let (module, _) = setting.value.rsplit_once('.')?;
    let import = models.import();
    let below = |folder: &str| {
        let package = format!("{import}.{}", folder.replace('/', "."));
        (module == package || module.starts_with(&format!("{package}."))).then_some(package)
    };
    let support = models.support_below();
    let taken = [support.as_str(), OWN[0], OWN[1]].into_iter().find_map(below)?;
    let why = format!("`{taken}` holds what is generated, so it cannot be the application's own");
    let finding = setting.finding(&codes::IN_THE_WAY, &why, setting.value);
    let instead = format!("{}architrave", models.place());
    Some(Diagnostic {
        help: vec![format!(
            "put the support package elsewhere: `support = \"{instead}\"`; or, when it is a module of models, the whole package: `folder`"
        )],
        ..finding
    })
}

/// Whether a folder is one of the package's own.
fn is_ours(place: &str, models: &Models) -> bool {
    let package = models.place();
    let support = models.support_below();
    [support.as_str(), OWN[0], OWN[1]]
        .iter()
        .any(|own| place.starts_with(&format!("{package}{own}/")))
}
