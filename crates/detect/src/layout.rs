//! Where a package of models goes in an application: beside what is there, and never over it.

use std::collections::{BTreeMap, BTreeSet};

use diagnostics::Span;

use crate::clue::{Clue, Said};
use crate::codes;
use crate::conclude::{Told, at};
use crate::look::Look;

/// The settings of `architrave.toml`, where they differ from the defaults.
#[derive(Debug, Clone, Default)]
pub(crate) struct Layout {
    pub(crate) output: Option<String>,
    pub(crate) folder: Option<String>,
    pub(crate) package: Option<String>,
    pub(crate) support: Option<String>,
    pub(crate) migrations: Option<String>,
    pub(crate) base: Option<String>,
    pub(crate) log: Option<String>,
}

/// What says that a folder is one of which Python's packages are imported.
const MANIFESTS: &[&str] = &[
    "pyproject.toml",
    "setup.cfg",
    "Pipfile",
    "requirements.txt",
    "alembic.ini",
];
/// Names for a folder of our own, the first that is free.
const FREE: &[&str] = &["data", "store", "architrave"];

/// Where a package stands.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Package {
    /// The part of the repository that it belongs to: `backend`; empty for the whole.
    component: String,
    /// The folder that it is imported from, below the component: `src`, or empty.
    root: String,
    /// Its own name: `app`.
    name: String,
}

impl Package {
    /// The package in which a path lies; none for a module beside the manifest.
    fn of(look: &Look<'_>, path: &str) -> Option<Self> {
        let folders: Vec<&str> = path.split('/').collect();
        let folders = folders.split_last().map(|(_, folders)| folders.to_vec())?;
        let joined = |count: usize| folders.get(..count).unwrap_or_default().join("/");
        let is_component = |folder: &str| {
            let place = if folder.is_empty() {
                String::new()
            } else {
                format!("{folder}/")
            };
            let has = |name: &str| look.files.contains(&format!("{place}{name}"));
            // A module `setup.py` within a package is no manifest.
            MANIFESTS.iter().any(|name| has(name)) || has("setup.py") && !has("__init__.py")
        };
        let depth = (0..folders.len())
            .rev()
            .find(|count| is_component(&joined(*count)))
            .unwrap_or(0);
        let component = joined(depth);
        let mut rest = folders.get(depth..)?.to_vec();
        let mut root = String::new();
        let source = joined(depth + 1);
        if rest.first() == Some(&"src") && !look.files.contains(&format!("{source}/__init__.py")) {
            root = rest.remove(0).to_owned();
        }
        let name = (*rest.first()?).to_owned();
        Some(Self {
            component,
            root,
            name,
        })
    }

    /// The folder of the package, from the project's folder.
    fn folder(&self) -> String {
        joined(&[&self.component, &self.root, &self.name])
    }

    /// A path below the project's folder as it is imported: `app.core.database`.
    fn dotted(&self, path: &str) -> Option<String> {
        let above = joined(&[&self.component, &self.root]);
        let below = if above.is_empty() {
            path
        } else {
            path.strip_prefix(&format!("{above}/"))?
        };
        let module = below.strip_suffix(".py")?;
        Some(
            module
                .strip_suffix("/__init__")
                .unwrap_or(module)
                .replace('/', "."),
        )
    }
}

fn joined(parts: &[&str]) -> String {
    let parts: Vec<&str> = parts.iter().copied().filter(|part| !part.is_empty()).collect();
    parts.join("/")
}

/// Chooses the places, and tells why.
pub(crate) fn choose(
    look: &mut Look<'_>,
    wish: Option<&str>,
    generated: &[String],
    told: &mut Told,
) -> Layout {
    let Some(package) = package(look, wish, told) else {
        return Layout::default();
    };
    let mut layout = Layout::default();
    if !package.component.is_empty() {
        layout.output = Some(package.component.clone());
    }
    let whole = inner(look, wish, &package, generated, told);
    let below = |path: &str| {
        let place = format!("{}/", package.component);
        path.strip_prefix(&place).unwrap_or(path).to_owned()
    };
    layout.folder = Some(below(&whole));
    if !package.root.is_empty() {
        let prefix = format!("{}/", joined(&[&package.component, &package.root]));
        layout.package = whole.strip_prefix(&prefix).map(|rest| rest.replace('/', "."));
    }
    if let Some(support) = support(look, &whole, told) {
        layout.support = Some(below(&support));
    }
    layout.base = base(look, &package, told);
    layout.log = log(look, &package, told);
    layout.migrations = migrations(look, &package, told);
    layout
}

/// The package of the application: where models, or a base of them, stand; or the only package that there is.
fn package(look: &mut Look<'_>, wish: Option<&str>, told: &mut Told) -> Option<Package> {
    if let Some(wish) = wish {
        let wish = wish.trim_end_matches('/').trim_start_matches("./");
        told.say("folder", wish, "`--folder` says so");
        return Package::of(look, &format!("{wish}/__init__.py"));
    }
    let mut by: BTreeMap<Package, Clue> = BTreeMap::new();
    for clue in &look.clues {
        let path = match &clue.said {
            Said::Base { path, .. } | Said::Model { path, .. } => path,
            _ => continue,
        };
        if let Some(package) = Package::of(look, path) {
            by.entry(package).or_insert_with(|| clue.clone());
        }
    }
    if by.len() > 1 {
        let places: Vec<(Span, String)> = by
            .iter()
            .map(|(package, clue)| (clue.span, format!("`{}`", package.folder())))
            .collect();
        let names: Vec<String> = by
            .keys()
            .map(|package| format!("`--folder {}`", package.folder()))
            .collect();
        let help = format!("say which one the models go into: {}", names.join(" or "));
        look.found(
            &codes::SEVERAL,
            format!("{} packages have models", by.len()),
            &places,
            &help,
        );
        return None;
    }
    if let Some((package, clue)) = by.into_iter().next() {
        told.found
            .push(at(look, "package", &package.folder(), &clue.why, clue.span));
        return Some(package);
    }
    only(look, told)
}

/// The only package, where none has models.
fn only(look: &mut Look<'_>, told: &mut Told) -> Option<Package> {
    let marks = look.named(|name| matches!(name, "__init__.py" | "main.py"));
    let packages: BTreeSet<Package> = marks.iter().filter_map(|path| Package::of(look, path)).collect();
    if packages.len() > 1 {
        let names: Vec<String> = packages
            .iter()
            .map(|package| format!("`--folder {}`", package.folder()))
            .collect();
        let help = format!("say which one the models go into: {}", names.join(" or "));
        let message = format!(
            "there are {} packages, and none of them has models",
            packages.len()
        );
        look.found(&codes::SEVERAL, message, &[], &help);
        return None;
    }
    let found = packages.into_iter().next();
    match &found {
        Some(package) => told.say("package", &package.folder(), "the only package of Python"),
        None => told.unknown.push(
            "no package of Python was found: the models go into `models/`, and `--folder` names another"
                .to_owned(),
        ),
    }
    found
}

/// The folder that gets `models/` and `schemas/`: that of the models that are there, when nothing of theirs is in the way.
fn inner(
    look: &Look<'_>,
    wish: Option<&str>,
    package: &Package,
    generated: &[String],
    told: &mut Told,
) -> String {
    if let Some(wish) = wish {
        let place = wish.trim_end_matches('/').trim_start_matches("./");
        if let Some(taken) = in_the_way(look, place, generated) {
            told.unknown.push(format!(
                "`{taken}` is in the way in `{place}`, and `build` will not overwrite it: move it, or take another `--folder`"
            ));
        }
        return place.to_owned();
    }
    let whole = package.folder();
    let mut homes: BTreeSet<String> = BTreeSet::new();
    for clue in &look.clues {
        if let Said::Model { path, .. } = &clue.said
            && let Some((home, _)) = path.rsplit_once("/models/")
            && (home == whole || home.starts_with(&format!("{whole}/")))
        {
            homes.insert(home.to_owned());
        }
    }
    let home = match homes.len() {
        1 => homes.pop_first().unwrap_or_else(|| whole.clone()),
        _ => whole,
    };
    let Some(taken) = in_the_way(look, &home, generated) else {
        return home;
    };
    let free = |name: &&&str| {
        !look.has_folder(&format!("{home}/{name}")) && !look.files.contains(&format!("{home}/{name}.py"))
    };
    let name = FREE.iter().find(free).unwrap_or(&"architrave_data");
    let place = format!("{home}/{name}");
    told.say(
        "folder",
        &place,
        &format!("`{taken}` is the application's, and would be in the way in `{home}`"),
    );
    place
}

/// A file by hand where a generated one would go, or that a generated package would hide.
fn in_the_way(look: &Look<'_>, home: &str, generated: &[String]) -> Option<String> {
    let path = |below: &str| format!("{home}/{below}");
    let modules = ["models.py", "schemas.py"]
        .iter()
        .map(|name| path(name))
        .find(|file| look.files.contains(file));
    let files = || {
        generated
            .iter()
            .map(|name| path(name))
            .find(|file| look.files.contains(file))
    };
    let marks = || {
        let marks = ["models/__init__.py", "schemas/__init__.py"].map(path);
        marks
            .into_iter()
            .find(|file| look.files.contains(file) && !look.is_blank(file))
    };
    // What the models stand on must not be imported from among them.
    let within = || {
        look.clues.iter().find_map(|clue| match &clue.said {
            Said::Base { path: file, .. } | Said::Log { path: file, .. } => {
                let own = ["models/", "schemas/"].map(path);
                own.iter().any(|own| file.starts_with(own)).then(|| file.clone())
            }
            _ => None,
        })
    };
    modules.or_else(files).or_else(marks).or_else(within)
}

/// Another place for the support package, where `core` is the application's.
fn support(look: &Look<'_>, folder: &str, told: &mut Told) -> Option<String> {
    let is_free = |name: &str| {
        !look.has_folder(&format!("{folder}/{name}")) && !look.files.contains(&format!("{folder}/{name}.py"))
    };
    if is_free("core") {
        return None;
    }
    let name = ["architrave", "secure_core"]
        .into_iter()
        .find(|name| is_free(name))
        .unwrap_or("architrave_core");
    let place = format!("{folder}/{name}");
    told.say(
        "support",
        &place,
        &format!("`{folder}/core` is the application's own"),
    );
    Some(place)
}

/// The base of models, when there is one that can be used.
fn base(look: &Look<'_>, package: &Package, told: &mut Told) -> Option<String> {
    let mut fit = Vec::new();
    for clue in &look.clues {
        let Said::Base { path, class, unfit } = &clue.said else {
            continue;
        };
        if Package::of(look, path)
            .is_none_or(|own| own.component != package.component || own.root != package.root)
        {
            continue;
        }
        let Some(module) = package.dotted(path) else {
            continue;
        };
        match unfit {
            Some(why) => told
                .unknown
                .push(format!("`{module}.{class}` is not used as `base`: {why}")),
            None => fit.push((format!("{module}.{class}"), clue)),
        }
    }
    one_of(look, "base", fit, told)
}

/// The function for security events, when there is one that can be used.
fn log(look: &Look<'_>, package: &Package, told: &mut Told) -> Option<String> {
    let mut fit = Vec::new();
    for clue in &look.clues {
        let Said::Log { path, unfit } = &clue.said else {
            continue;
        };
        let Some(module) = package.dotted(path) else {
            continue;
        };
        let dotted = format!("{module}.log_security_event");
        match unfit {
            Some(why) => told
                .unknown
                .push(format!("`{dotted}` is not used as `log`: {why}")),
            None => fit.push((dotted, clue)),
        }
    }
    one_of(look, "log", fit, told)
}

/// The only candidate; several are named and left to the user.
fn one_of(look: &Look<'_>, what: &str, fit: Vec<(String, &Clue)>, told: &mut Told) -> Option<String> {
    match fit.as_slice() {
        [(dotted, clue)] => {
            told.found.push(at(look, what, dotted, &clue.why, clue.span));
            Some(dotted.clone())
        }
        [] => None,
        several => {
            let names: Vec<String> = several.iter().map(|(name, _)| format!("`{name}`")).collect();
            told.unknown.push(format!(
                "there are several candidates for `{what}`, and none was taken: {}; say one under `[models]` in `architrave.toml`",
                names.join(", ")
            ));
            None
        }
    }
}

/// Another place for the migrations, where the application has some.
fn migrations(look: &Look<'_>, package: &Package, told: &mut Told) -> Option<String> {
    let own = |name: &str| joined(&[&package.component, name]);
    let clue = look.clues.iter().find(|clue| {
        let path = look
            .sources
            .get(clue.span.file)
            .map_or("", |source| source.path.as_str());
        clue.said == Said::Alembic && path == own("alembic.ini")
    });
    let place = "architrave/migrations";
    if let Some(clue) = clue {
        told.found
            .push(at(look, "migrations", place, &clue.why, clue.span));
    } else if look.has_folder(&own("migrations")) {
        told.say(
            "migrations",
            place,
            &format!("`{}` is the application's own", own("migrations")),
        );
    } else {
        return None;
    }
    Some(place.to_owned())
}
