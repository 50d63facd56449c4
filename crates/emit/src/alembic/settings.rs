//! `alembic.ini` and `env.py`: where they lie, what they import, and what else lies in the same database.

use crate::Placement;

/// Where migrations lie without a word. Elsewhere they have an `alembic.ini` of their own beside them, since the usual one is another's.
const USUAL: &str = "migrations";

/// The path of `alembic.ini`.
pub(super) fn path(place: &Placement<'_>) -> String {
    if place.migrations == USUAL {
        "alembic.ini".to_owned()
    } else {
        format!("{}/alembic.ini", place.migrations)
    }
}

/// The text of `alembic.ini`.
pub(super) fn ini(place: &Placement<'_>) -> String {
    let text = include_str!("alembic.ini");
    let (scripts, up) = if place.migrations == USUAL {
        ("%(here)s/migrations", String::new())
    } else {
        let depth = place.migrations.split('/').count();
        ("%(here)s", "/..".repeat(depth))
    };
    let root = match place.root {
        "" => String::new(),
        root => format!("/{root}"),
    };
    text.replace(SCRIPTS, &format!("script_location = {scripts}\n"))
        .replace(PATH, &format!("prepend_sys_path = %(here)s{up}{root}\n"))
}

const SCRIPTS: &str = "script_location = %(here)s/migrations\n";
const PATH: &str = "prepend_sys_path = %(here)s\n";

/// The text of `env.py`.
pub(super) fn environment(place: &Placement<'_>) -> String {
    let mut text = include_str!("env.py").to_owned();
    let support = place.support_module();
    let mut imports: Vec<String> = text
        .lines()
        .filter(|line| line.starts_with("from app."))
        .map(str::to_owned)
        .collect();
    let before = imports.join("\n");
    for line in &mut imports {
        let line_of = |from: &str, to: String| line.strip_prefix(from).map(|rest| format!("{to}{rest}"));
        let moved = line_of("from app.core", format!("from {}.{support}", place.package))
            .or_else(|| line_of("from app.", format!("from {}.", place.package)));
        *line = moved.unwrap_or_else(|| line.clone());
    }
    imports.sort_by_key(|line| line.split(' ').nth(1).map(str::to_owned));
    text = text.replace(&before, &imports.join("\n"));
    if place.base.is_some() {
        for (from, to) in SHARED {
            text = text.replace(from, to);
        }
    }
    text
}

/// Where the application has tables of its own, SQLite has them in the same place, and a table of versions for them.
const SHARED: [(&str, &str); 4] = [
    (" import ASIDE, target\n", " import target\n"),
    (
        " import AUDIT, OWN_SQL, PRIVATE, SCHEMA\n",
        " import OWN_SQL, PRIVATE, SCHEMA\n",
    ),
    (
        "    return not name.startswith((f\"{PRIVATE}_\", f\"{AUDIT}_\", ASIDE) if SQLITE else PARTITIONS)\n",
        "    # On SQLite the application's own tables lie among these.\n    return not SQLITE and not name.startswith(PARTITIONS)\n",
    ),
    (
        "    \"version_table_schema\": None if SQLITE else PRIVATE,\n",
        "    \"version_table\": f\"{PRIVATE}_alembic_version\" if SQLITE else \"alembic_version\",\n    \"version_table_schema\": None if SQLITE else PRIVATE,\n",
    ),
];

#[cfg(test)]
mod tests {
    use super::{PATH, SCRIPTS, SHARED, environment, ini, path};
    use crate::Placement;

    #[test]
    fn what_is_changed_is_there_once() {
        let (ini, environment) = (include_str!("alembic.ini"), include_str!("env.py"));
        for (text, from) in [(ini, SCRIPTS), (ini, PATH)]
            .into_iter()
            .chain(SHARED.map(|(from, _)| (environment, from)))
        {
            assert_eq!(text.matches(from).count(), 1, "{from}");
        }
    }

    #[test]
    fn the_usual_place_changes_nothing() {
        let place = Placement::default();
        assert_eq!(ini(&place), include_str!("alembic.ini"));
        assert_eq!(environment(&place), include_str!("env.py"));
    }

    #[test]
    fn an_application_keeps_its_own() {
        let place = Placement {
            package: "shop",
            root: "src",
            support: "zeta",
            migrations: "db/secure",
            base: Some("shop.db.Base"),
            ..Placement::default()
        };
        assert_eq!(path(&place), "db/secure/alembic.ini");
        let ini = ini(&place);
        assert!(
            ini.contains("script_location = %(here)s\nprepend_sys_path = %(here)s/../../src\n"),
            "{ini}"
        );
        let environment = environment(&place);
        let imports = "from shop.models import Base\nfrom shop.zeta import session\nfrom shop.zeta.migrations import target\n";
        assert!(environment.contains(imports), "{environment}");
        assert!(environment.contains("_alembic_version"));
    }
}
