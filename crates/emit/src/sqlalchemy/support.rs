//! What differs in the support package where it goes into an application: where it lies, and what it takes from around it.

use crate::Placement;

/// What a fixed text says, and what stands there instead.
type Change = (&'static str, String);

/// A module of the support package where it lies, with the base and the log of the application.
pub(super) fn placed(place: &Placement<'_>, module: &str, text: &str) -> String {
    let mut changes: Vec<Change> = Vec::new();
    if place.depth() > 1 {
        changes.push((PACKAGE, format!("__package__.rsplit('.', {})[0]", place.depth())));
    }
    match module {
        "database" if place.base.is_some() => changes.extend(BASE.map(owned)),
        "logging" if place.log.is_some() => changes.extend(LOG.map(owned)),
        _ => {}
    }
    changes
        .iter()
        .fold(text.to_owned(), |text, (from, to)| text.replace(from, to))
}

/// The package above, from a module of the support package.
const PACKAGE: &str = "__package__.rsplit('.', 1)[0]";

/// The base is the application's, too; types, names and tables are our own.
const BASE: [(&str, &str); 3] = [
    (
        "from .project import SCHEMA\n",
        "from .base import Root\nfrom .project import SCHEMA\n",
    ),
    (
        "class Base(DeclarativeBase):\n",
        "class Base(Root, DeclarativeBase):\n",
    ),
    (
        "    def __init_subclass__(cls, **kwargs: Any) -> None:\n        super().__init_subclass__(**kwargs)\n        table = cls.__dict__.get(\"__table__\")\n        if isinstance(table, sa.Table) and",
        "    #: Types are those of the registry above, and not those of the application's base.\n    type_annotation_map: ClassVar[Any] = None\n\n    def __init_subclass__(cls, **kwargs: Any) -> None:\n        super().__init_subclass__(**kwargs)\n        table = cls.__dict__.get(\"__table__\")\n        if isinstance(table, sa.Table) and",
    ),
];

/// Events go to the application's function, too.
const LOG: [(&str, &str); 3] = [
    (
        "from .database import Base\n",
        "from .database import Base\nfrom .events import tell\n",
    ),
    (
        "    \"\"\"Writes an event to the log `architrave.security`, as fields of the record.\"\"\"\n",
        "    \"\"\"Writes an event to the log `architrave.security`, as fields of the record, and tells the application.\"\"\"\n",
    ),
    (
        "    _LOG.info(\"%s\", kind, extra={\"event\": event})\n",
        "    _LOG.info(\"%s\", kind, extra={\"event\": event})\n    tell(kind, {**event, \"actor\": actor, \"row\": row})\n",
    ),
];

fn owned((from, to): (&'static str, &str)) -> Change {
    (from, to.to_owned())
}

/// Modules that are there only where the application brings something: the base, and the function for security events.
pub(super) fn of_the_application(place: &Placement<'_>) -> Vec<(&'static str, String)> {
    let base = place.base.map(|base| {
        let text = include_str!("core/base.py");
        (
            "base",
            text.replace(
                "from app.core.database import Base as Root\n",
                &place.import(base, "Root"),
            ),
        )
    });
    let log = place.log.map(|log| {
        let text = include_str!("core/events.py");
        let import = place.import(log, "theirs");
        (
            "events",
            text.replace(
                "from app.core.logging import log_security_event as theirs\n",
                &import,
            ),
        )
    });
    base.into_iter().chain(log).collect()
}

/// The marks of the package and of what lies between it and its support.
pub(super) fn above(place: &Placement<'_>) -> impl Iterator<Item = String> {
    let folders: Vec<&str> = place.support.split('/').collect();
    (0..folders.len()).map(move |count| {
        let above: String = folders
            .iter()
            .take(count)
            .map(|folder| format!("{folder}/"))
            .collect();
        format!("{above}__init__.py")
    })
}

#[cfg(test)]
mod tests {
    use super::{BASE, LOG, PACKAGE};

    #[test]
    fn what_is_changed_is_there_once() {
        let database = include_str!("core/database.py");
        let logging = include_str!("core/logging.py");
        for (text, changes) in [(database, BASE), (logging, LOG)] {
            for (from, _) in changes {
                assert_eq!(text.matches(from).count(), 1, "{from}");
            }
        }
        assert_eq!(database.matches(PACKAGE).count(), 1);
        assert_eq!(
            include_str!("core/migrations.py").matches("__package__").count(),
            include_str!("core/migrations.py").matches(PACKAGE).count()
        );
    }
}
