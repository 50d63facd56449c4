//! Lists of keywords, as every name that is written is looked up in one.

/// A sorted list of words that are ASCII, shorter than 32 bytes, and all in the same case.
pub(crate) struct Words {
    sorted: &'static [&'static str],
    /// By first letter, whatever its case: one bit for each length that occurs.
    lengths: [u32; 32],
}

impl Words {
    /// Takes a sorted list.
    pub(crate) fn new(sorted: &'static [&'static str]) -> Self {
        let mut lengths = [0; 32];
        for word in sorted {
            if let Some(bits) = lengths.get_mut(letter(word)) {
                *bits |= bit(word);
            }
        }
        Self { sorted, lengths }
    }

    /// Whether a word can be in the list, in one case or another. Most names cannot, and this says so at once.
    pub(crate) fn may_hold(&self, word: &str) -> bool {
        let bits = self.lengths.get(letter(word)).copied().unwrap_or_default();
        bits & bit(word) != 0
    }

    /// Whether a word is in the list, in the list's case.
    pub(crate) fn hold(&self, word: &str) -> bool {
        self.may_hold(word) && self.sorted.binary_search(&word).is_ok()
    }
}

fn letter(word: &str) -> usize {
    word.bytes().next().map_or(0, |first| usize::from(first & 31))
}

fn bit(word: &str) -> u32 {
    u32::try_from(word.len())
        .ok()
        .and_then(|length| 1_u32.checked_shl(length))
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::Words;

    #[test]
    fn holds_what_is_listed_and_nothing_else() {
        let words = Words::new(&["and", "as", "order"]);
        for word in ["and", "as", "order"] {
            assert!(words.hold(word) && words.may_hold(&word.to_uppercase()));
        }
        for word in [
            "",
            "an",
            "any",
            "orders",
            "AND",
            "übrig",
            &"a".repeat(32),
            &"a".repeat(100),
        ] {
            assert!(!words.hold(word), "{word}");
        }
    }
}
