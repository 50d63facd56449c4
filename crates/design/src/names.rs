//! Names of objects: the one place where they are made, shortened, and kept apart.
//!
//! All objects of a schema that a database could confuse (tables, indexes, constraints, types) share one namespace here, which is
//! stricter than any single database, so that no two of them can collide on any.

use std::collections::HashSet;
use std::hash::{BuildHasherDefault, Hasher};

use physical::Ident;

/// How many bytes a name has at most (PostgreSQL; MariaDB takes 64).
pub(crate) const LIMIT: usize = 63;

const OFFSET: u64 = 0xcbf2_9ce4_8422_2325;
const PRIME: u64 = 0x0000_0100_0000_01b3;

/// Which names must differ from each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Space {
    /// Tables, views, indexes, constraints and types of the application's schema.
    App,
    /// The same of the private schema.
    Private,
    /// The same of the audit schema.
    Audit,
    /// The same of the masked schema.
    Masked,
    /// Functions; they all live in the private schema.
    Function,
    /// Policies; prefixed by their table, so one space is enough.
    Policy,
    /// Roles and schemas.
    Role,
}

/// A name that was too long.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Shortened {
    /// What it would have been.
    pub full: String,
    /// What it is.
    pub short: String,
}

/// The names that are taken.
#[derive(Debug, Default)]
pub(crate) struct Names {
    taken: HashSet<(Space, Ident), BuildHasherDefault<Fnv>>,
    /// What was shortened, in order.
    pub shortened: Vec<Shortened>,
}

impl Names {
    /// Takes a name, shortened where it is too long, and made different from every other name of its space.
    pub(crate) fn take(&mut self, space: Space, full: &str) -> Ident {
        let mut name = if full.len() <= LIMIT {
            Ident::from(full)
        } else {
            let short = shorten(full);
            self.shortened.push(Shortened {
                full: full.to_owned(),
                short: short.clone(),
            });
            Ident::from(short)
        };
        let mut attempt = 0_u32;
        while !self.taken.insert((space, folded(&name))) {
            attempt += 1;
            name = Ident::from(with_hash(full, &format!("{full}#{attempt}")));
        }
        name
    }

    /// Takes `<table>_<parts>_<suffix>`.
    pub(crate) fn constraint<'p>(
        &mut self,
        space: Space,
        table: &Ident,
        parts: impl IntoIterator<Item = &'p Ident>,
        suffix: &str,
    ) -> Ident {
        let mut full = table.as_str().to_owned();
        for part in parts {
            full.push('_');
            full.push_str(part.as_str());
        }
        full.push('_');
        full.push_str(suffix);
        self.take(space, &full)
    }
}

/// What names are compared by where a database ignores case.
fn folded(name: &Ident) -> Ident {
    if name.as_str().chars().any(char::is_uppercase) {
        Ident::from(name.as_str().to_lowercase())
    } else {
        name.clone()
    }
}

/// The name itself when it fits, else its beginning and a hash of all of it.
pub(crate) fn shorten(full: &str) -> String {
    if full.len() <= LIMIT {
        full.to_owned()
    } else {
        with_hash(full, full)
    }
}

/// The beginning of a name with the hash of something behind it; never longer than the limit.
fn with_hash(name: &str, hashed: &str) -> String {
    let mut end = name.len().min(LIMIT - 9);
    while !name.is_char_boundary(end) {
        end -= 1;
    }
    let head = name.get(..end).unwrap_or_default().trim_end_matches('_');
    format!("{head}_{:08x}", fold(fnv(hashed)))
}

/// FNV-1a: stable for ever, whatever the standard library does.
fn fnv(text: &str) -> u64 {
    let mut hash = Fnv::default();
    hash.write(text.as_bytes());
    hash.finish()
}

/// The same for the set of names: they come from the project's own source, and there are many.
#[derive(Debug)]
pub(crate) struct Fnv(u64);

impl Default for Fnv {
    fn default() -> Self {
        Self(OFFSET)
    }
}

impl Hasher for Fnv {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        self.0 = bytes
            .iter()
            .fold(self.0, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(PRIME));
    }
}

/// 64 bits into 32.
const fn fold(hash: u64) -> u32 {
    ((hash >> 32) ^ (hash & 0xffff_ffff)) as u32
}

/// `OrderLine` as `order_line`, `HTTPServer` as `http_server`.
pub(crate) fn snake(name: &str) -> String {
    let letters: Vec<char> = name.chars().collect();
    let mut out = String::with_capacity(name.len() + 4);
    for (at, letter) in letters.iter().enumerate() {
        let before = at.checked_sub(1).and_then(|at| letters.get(at));
        let after = letters.get(at + 1);
        let begins = letter.is_uppercase()
            && before.is_some_and(|before| {
                *before != '_' && (!before.is_uppercase() || after.is_some_and(|after| after.is_lowercase()))
            });
        if begins {
            out.push('_');
        }
        out.extend(letter.to_lowercase());
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_names_keep_their_beginning_and_stay_apart() {
        let long = "a".repeat(80);
        let mut names = Names::default();
        let first = names.take(Space::App, &format!("{long}x"));
        let second = names.take(Space::App, &format!("{long}y"));
        assert_ne!(first, second);
        assert_eq!(first.as_str().len(), LIMIT);
        assert_eq!(names.shortened.len(), 2);
    }

    #[test]
    fn shortening_is_stable_and_respects_characters() {
        assert_eq!(shorten(&"ü".repeat(40)), shorten(&"ü".repeat(40)));
        assert!(shorten(&"ü".repeat(40)).len() <= LIMIT);
        assert_eq!(
            shorten("a_table_whose_name_is_so_long_that_nobody_would_want_to_type_it_twice"),
            "a_table_whose_name_is_so_long_that_nobody_would_want_t_5e8c7036"
        );
    }

    #[test]
    fn the_same_name_twice_becomes_two_names_whatever_their_case() {
        let mut names = Names::default();
        let first = names.take(Space::App, "a_b_c_key");
        let second = names.take(Space::App, "A_b_c_key");
        let third = names.take(Space::App, "a_b_c_key");
        assert_eq!(first.as_str(), "a_b_c_key");
        assert_ne!(second.as_str().to_lowercase(), "a_b_c_key");
        assert_ne!(second.as_str().to_lowercase(), third.as_str().to_lowercase());
        assert_eq!(names.take(Space::Audit, "a_b_c_key").as_str(), "a_b_c_key");
    }

    #[test]
    fn snake_case_keeps_abbreviations_together() {
        for (name, want) in [
            ("OrderLine", "order_line"),
            ("HTTPServer", "http_server"),
            ("X", "x"),
            ("a_B", "a_b"),
        ] {
            assert_eq!(snake(name), want);
        }
    }
}
