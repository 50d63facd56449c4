//! Compose files: the images of databases.

use super::Ecosystem;
use crate::clue::{Product, Said, Weight};
use crate::look::Look;

pub(super) const ECOSYSTEM: Ecosystem = Ecosystem {
    name: "containers",
    look,
};

fn look(look: &mut Look<'_>) {
    let is_compose = |name: &str| {
        let stem = name.strip_suffix(".yml").or_else(|| name.strip_suffix(".yaml"));
        stem.is_some_and(|stem| stem.starts_with("docker-compose") || stem.starts_with("compose"))
    };
    for path in look.named(is_compose) {
        let Some((file, text)) = look.manifest(&path) else {
            continue;
        };
        for line in text.lines() {
            let Some(image) = line.trim_start().strip_prefix("image:") else {
                continue;
            };
            let image = image
                .split('#')
                .next()
                .unwrap_or_default()
                .trim()
                .trim_matches(['"', '\'']);
            // A registry and its port stand before the last `/`, a tag and a digest behind the name.
            let name = image.rsplit('/').next().unwrap_or_default();
            let name = name.split([':', '@']).next().unwrap_or_default();
            if let Some(product) = Product::of_word(name) {
                look.say(
                    file,
                    line.trim(),
                    Said::Database(product, Weight::Setting),
                    format!("image `{image}`"),
                );
            }
        }
    }
}
