//! Where a package lies, how it is imported, and what it takes of the application around it.

/// Where everything goes. The default is a package `app` of its own, with nothing around it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Placement<'a> {
    /// The name by which the package is imported: `app`, `backend.app`.
    pub package: &'a str,
    /// The folder of the support package relative to the package, `/` between parts: `core`.
    pub support: &'a str,
    /// What must be on Python's path, relative to the output folder; empty for that folder itself.
    pub root: &'a str,
    /// The folder of the migrations relative to the output folder, `/` between parts.
    pub migrations: &'a str,
    /// The application's own base of models, as a dotted name.
    pub base: Option<&'a str>,
    /// The application's own function for security events, as a dotted name.
    pub log: Option<&'a str>,
}

impl Default for Placement<'_> {
    fn default() -> Self {
        Self {
            package: "app",
            support: "core",
            root: "",
            migrations: "migrations",
            base: None,
            log: None,
        }
    }
}

impl Placement<'_> {
    /// The support package by dots: `core`, `db.architrave`.
    pub(crate) fn support_module(&self) -> String {
        self.support.replace('/', ".")
    }

    /// How many folders the support package lies below the package.
    pub(crate) fn depth(&self) -> usize {
        self.support.split('/').count()
    }

    /// The import of something of the application, from a module of the support package: relative below the same root.
    pub(crate) fn import(&self, dotted: &str, as_name: &str) -> String {
        let (module, name) = dotted.rsplit_once('.').unwrap_or(("", dotted));
        let own = format!("{}.{}", self.package, self.support_module());
        let (own, other): (Vec<&str>, Vec<&str>) = (own.split('.').collect(), module.split('.').collect());
        let common = own
            .iter()
            .zip(&other)
            .take_while(|(left, right)| left == right)
            .count();
        let module = if common == 0 {
            module.to_owned()
        } else {
            // One point is the support package itself.
            let dots = ".".repeat(own.len() - common + 1);
            format!("{dots}{}", other.get(common..).unwrap_or_default().join("."))
        };
        if name == as_name {
            format!("from {module} import {name}\n")
        } else {
            format!("from {module} import {name} as {as_name}\n")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Placement;

    #[test]
    fn what_lies_below_one_root_is_imported_relatively() {
        let place = |support| Placement {
            support,
            ..Placement::default()
        };
        let import = |support, dotted| place(support).import(dotted, "Root");
        assert_eq!(
            import("architrave", "app.core.database.Base"),
            "from ..core.database import Base as Root\n"
        );
        assert_eq!(
            import("db/architrave", "app.db.base.Root"),
            "from ..base import Root\n"
        );
        assert_eq!(
            import("db/architrave", "app.Base"),
            "from ... import Base as Root\n"
        );
        assert_eq!(
            import("core", "shared.models.Base"),
            "from shared.models import Base as Root\n"
        );
    }
}
