//! JavaScript and TypeScript: `package.json`, and the schema of Prisma.

use serde_json::Value;

use super::Ecosystem;
use crate::clue::{Framework, Product, Said, Weight};
use crate::look::Look;

pub(super) const ECOSYSTEM: Ecosystem = Ecosystem { name: "Node", look };

/// What a package says by being there.
const PACKAGES: &[(&str, Said)] = &[
    ("@prisma/client", Said::Framework(Framework::NotYet("Prisma"))),
    ("prisma", Said::Framework(Framework::NotYet("Prisma"))),
    ("mongoose", Said::Framework(Framework::Unknown("Mongoose"))),
    ("typeorm", Said::Framework(Framework::Unknown("TypeORM"))),
    ("drizzle-orm", Said::Framework(Framework::Unknown("Drizzle"))),
    ("sequelize", Said::Framework(Framework::Unknown("Sequelize"))),
    ("pg", Said::Database(Product::Postgres, Weight::Driver)),
    ("postgres", Said::Database(Product::Postgres, Weight::Driver)),
    ("better-sqlite3", Said::Database(Product::Sqlite, Weight::Driver)),
    ("sqlite3", Said::Database(Product::Sqlite, Weight::Driver)),
    ("mysql2", Said::Database(Product::Mysql, Weight::Driver)),
    ("mysql", Said::Database(Product::Mysql, Weight::Driver)),
    ("mariadb", Said::Database(Product::Mariadb, Weight::Driver)),
    ("mongodb", Said::Database(Product::Mongodb, Weight::Driver)),
];

fn look(look: &mut Look<'_>) {
    for path in look.named(|name| name == "package.json") {
        let Some((file, text)) = look.manifest(&path) else {
            continue;
        };
        let value: Value = match serde_json::from_str(&text) {
            Ok(value) => value,
            Err(error) => {
                let before = text.split_inclusive('\n').take(error.line().saturating_sub(1));
                let at = before.map(str::len).sum::<usize>() + error.column().saturating_sub(1);
                look.broken(file, at.min(text.len()), "it is not JSON");
                continue;
            }
        };
        if let Some(name) = value.get("name").and_then(Value::as_str) {
            look.say(
                file,
                &format!("\"{name}\""),
                Said::Name(name.to_owned()),
                "its name",
            );
        }
        for (name, said) in PACKAGES {
            if value.get("dependencies").and_then(|all| all.get(name)).is_some() {
                look.say(
                    file,
                    &format!("\"{name}\":"),
                    said.clone(),
                    format!("`{name}` is required"),
                );
            }
        }
    }
    prisma(look);
}

/// The provider of Prisma's data source.
fn prisma(look: &mut Look<'_>) {
    for path in look.named(|name| name == "schema.prisma") {
        let Some((file, text)) = look.manifest(&path) else {
            continue;
        };
        let said = Said::Framework(Framework::NotYet("Prisma"));
        look.say(file, "datasource", said, "a schema of Prisma");
        let mut inside = false;
        for line in text.lines().map(str::trim) {
            inside = (inside || line.starts_with("datasource ")) && line != "}";
            let Some(value) = line.strip_prefix("provider").filter(|_| inside) else {
                continue;
            };
            let word = value
                .trim_start()
                .trim_start_matches('=')
                .trim()
                .trim_matches('"');
            if let Some(product) = Product::of_word(word) {
                let why = format!("the provider is `{word}`");
                look.say(file, line, Said::Database(product, Weight::Setting), why);
            }
        }
    }
}
