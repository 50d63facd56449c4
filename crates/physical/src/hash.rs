//! The hash that plans, approvals and evidence are bound to.

use std::io::{self, BufWriter, Write};

use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::Database;

/// The version of the serialisation below. It changes whenever the same schema would be written in another way.
pub const FORMAT: &str = "architrave.physical/1";

#[derive(Serialize)]
struct Versioned<'a> {
    format: &'static str,
    database: &'a Database,
}

/// SHA-256, in hexadecimal, over the versioned serialisation of a database. Where its objects come from is no part of it.
///
/// Give it what the dialect's `canonical` answers, or two spellings of one schema have two hashes.
#[must_use]
pub fn hash(database: &Database) -> String {
    // The serialiser writes word by word; the hash works on blocks.
    let mut writer = BufWriter::with_capacity(1 << 16, Hasher(Sha256::new()));
    let versioned = Versioned {
        format: FORMAT,
        database,
    };
    let written = serde_json::to_writer(&mut writer, &versioned).map_err(io::Error::from);
    if let Err(error) = written.and_then(|()| writer.flush()) {
        // Nothing in a database can fail to serialise; if it ever does, no hash is the same as another's.
        writer.get_mut().0.update(error.to_string());
    }
    let hash = std::mem::take(&mut writer.get_mut().0);
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

struct Hasher(Sha256);

impl Write for Hasher {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Name, Origin, Table};

    #[test]
    fn origins_do_not_count_and_names_do() {
        let with = |name: &str, origin| Database {
            tables: vec![Table::new(Name::new("shop", name), origin)],
            ..Database::default()
        };
        let found = hash(&with("orders", Origin::Found));
        assert_eq!(found, hash(&with("orders", Origin::Decision("identity", None))));
        assert_ne!(found, hash(&with("order", Origin::Found)));
        assert_eq!(found.len(), 64);
    }
}
