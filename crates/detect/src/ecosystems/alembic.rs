//! `alembic.ini`: that there are migrations, and the scheme of their address.

use super::{Ecosystem, scheme};
use crate::clue::{Product, Said, Weight};
use crate::look::Look;

pub(super) const ECOSYSTEM: Ecosystem = Ecosystem {
    name: "Alembic",
    look,
};

fn look(look: &mut Look<'_>) {
    for path in look.named(|name| name == "alembic.ini") {
        let Some((file, text)) = look.manifest(&path) else {
            continue;
        };
        look.say(
            file,
            "script_location",
            Said::Alembic,
            "the application has migrations of its own",
        );
        let address = text
            .lines()
            .filter_map(|line| line.trim_start().strip_prefix("sqlalchemy.url"))
            .find_map(|rest| scheme(rest.trim_start().strip_prefix('=')?));
        if let Some((word, product)) = address.and_then(|word| Some((word, Product::of_word(word)?))) {
            let why = format!("`sqlalchemy.url` begins with `{word}`");
            look.say(
                file,
                "sqlalchemy.url",
                Said::Database(product, Weight::Setting),
                why,
            );
        }
    }
}
