//! What is kept outside of the database, so that a cut tail is found.

use std::fmt::{self, Write as _};

use serde::Serialize;

use super::instant;

const MARK: &str = "architrave-anchor/1";

/// A seal, as it is remembered elsewhere. Written and read as one line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Anchor {
    /// The project.
    pub project: String,
    /// The seal's id.
    pub seal: i64,
    /// Its bound.
    pub up_to_transaction: i64,
    /// When it was made: microseconds since 1970.
    pub sealed_at: i64,
    /// With which key.
    pub key_id: String,
    /// Its MAC, in hex.
    pub mac: String,
}

impl fmt::Display for Anchor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{MARK} {} {} {} {} {} {}",
            self.project,
            self.seal,
            self.up_to_transaction,
            instant::text(self.sealed_at, 6),
            encoded(&self.key_id),
            self.mac
        )
    }
}

impl Anchor {
    /// Reads a line.
    ///
    /// # Errors
    /// What is wrong with it, as a sentence without a final period.
    pub fn parse(line: &str) -> Result<Self, String> {
        let parts: Vec<&str> = line.split_ascii_whitespace().collect();
        let [mark, project, seal, bound, sealed_at, key_id, mac] = parts.as_slice() else {
            return Err(format!("it has {} words instead of 7", parts.len()));
        };
        if *mark != MARK {
            return Err(format!("it begins with `{mark}` instead of `{MARK}`"));
        }
        let number =
            |text: &str, what: &str| text.parse::<i64>().map_err(|_| format!("`{text}` is no {what}"));
        if mac.len() != 64 || !mac.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')) {
            return Err("the MAC is not 64 hexadecimal digits in lower case".to_owned());
        }
        Ok(Self {
            project: (*project).to_owned(),
            seal: number(seal, "seal's id")?,
            up_to_transaction: number(bound, "transaction")?,
            sealed_at: instant::parse(sealed_at).ok_or_else(|| format!("`{sealed_at}` is no instant"))?,
            key_id: decoded(key_id).ok_or_else(|| format!("`{key_id}` is no key id"))?,
            mac: (*mac).to_owned(),
        })
    }
}

fn encoded(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/:".contains(&byte) {
            out.push(char::from(byte));
        } else {
            // Writing to a string cannot fail.
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

fn decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let pair = [rest.next()?, rest.next()?];
            bytes.push(u8::from_str_radix(std::str::from_utf8(&pair).ok()?, 16).ok()?);
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).ok()
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn anchors_are_lines() {
        let anchor = Anchor {
            project: "shop".to_owned(),
            seal: 3,
            up_to_transaction: 812,
            sealed_at: 1_769_903_999_999_999,
            key_id: "kms/größe 1%".to_owned(),
            mac: "ab".repeat(32),
        };
        let line = anchor.to_string();
        assert_eq!(line.split(' ').count(), 7, "{line}");
        assert_eq!(Anchor::parse(&line), Ok(anchor));
    }

    #[test]
    fn what_is_no_anchor_is_told() {
        let good = format!(
            "{MARK} shop 1 2 2026-01-31T00:00:00.000000Z k {}",
            "ab".repeat(32)
        );
        assert!(Anchor::parse(&good).is_ok());
        for (bad, why) in [
            ("", "words"),
            (&*good.replace("/1 ", "/2 "), "begins"),
            (&*good.replace(" 1 2 ", " one 2 "), "seal's id"),
            (&*good.replace("2026-01-31T", "2026-01-31 T"), "words"),
            (&*good.replace("abab", "ABAB"), "MAC"),
            (&*good.replace(" k ", " %zz "), "key id"),
        ] {
            assert!(Anchor::parse(bad).unwrap_err().contains(why), "{bad}");
        }
    }
}
