//! Examples of the environment: the names of settings, and the schemes of addresses. `.env` itself, which holds secrets, is never opened.

use super::{Ecosystem, scheme};
use crate::clue::{Product, Said, Weight};
use crate::look::Look;

pub(super) const ECOSYSTEM: Ecosystem = Ecosystem {
    name: "environment",
    look,
};

/// Files that are there to be shown.
const FILES: &[&str] = &[
    ".env.dist",
    ".env.example",
    ".env.sample",
    ".env.template",
    "env.example",
    "example.env",
    "sample.env",
];

/// Names that say a database without an address.
const NAMES: &[(&str, Product)] = &[
    ("POSTGRES_HOST", Product::Postgres),
    ("POSTGRES_SERVER", Product::Postgres),
    ("POSTGRES_USER", Product::Postgres),
    ("PGHOST", Product::Postgres),
    ("MYSQL_HOST", Product::Mysql),
    ("MYSQL_USER", Product::Mysql),
    ("MARIADB_HOST", Product::Mariadb),
    ("MONGO_HOST", Product::Mongodb),
    ("MONGODB_HOST", Product::Mongodb),
];

fn look(look: &mut Look<'_>) {
    for path in look.named(|name| FILES.contains(&name)) {
        let Some((file, text)) = look.secretive(&path) else {
            continue;
        };
        for line in text.lines() {
            let line = line.trim().strip_prefix("export ").unwrap_or(line.trim());
            let Some((name, value)) = line.split_once('=').filter(|(name, _)| !name.starts_with('#')) else {
                continue;
            };
            let name = name.trim();
            if let Some((word, product)) =
                scheme(value).and_then(|word| Some((word, Product::of_word(word)?)))
            {
                let why = format!("`{name}` begins with `{word}`");
                look.say(file, name, Said::Database(product, Weight::Setting), why);
            } else if let Some((known, product)) = NAMES.iter().find(|(known, _)| *known == name) {
                let why = format!("there is a setting `{known}`");
                look.say(file, name, Said::Database(*product, Weight::Setting), why);
            }
        }
    }
}
