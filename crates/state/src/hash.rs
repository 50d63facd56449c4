//! The hash of what a project says, whatever its layout, its files' names, and its comments.

use sha2::{Digest, Sha256};
use syntax::Tree;

use crate::Checked;

/// Version of the form that is hashed.
const FORM: &str = "architrave.source/1";

/// SHA-256 over the items of all files: their tokens without blanks and comments (`///` text counts: it reaches the
/// database), sorted. Moving an item to another file, or formatting, changes nothing; the order within an item counts.
#[must_use]
pub fn source_hash(checked: &Checked) -> String {
    let mut items: Vec<String> = checked.trees.iter().flat_map(items_of).collect();
    items.sort();
    let mut hash = Sha256::new();
    hash.update(FORM);
    for item in items {
        hash.update((item.len() as u64).to_be_bytes());
        hash.update(item);
    }
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

fn items_of(tree: &Tree) -> Vec<String> {
    let text = |item: syntax::NodeRef<'_>| {
        let tokens = item.tokens().filter(|token| !token.kind().is_trivia());
        tokens
            .map(|token| token.text().trim_end())
            .collect::<Vec<_>>()
            .join(" ")
    };
    tree.root().children().map(text).collect()
}
