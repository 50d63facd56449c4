//! Schemas as they may be shown: without addresses of databases, which hold passwords.

/// Settings whose values are addresses.
const ADDRESSES: [&str; 3] = ["url", "directUrl", "shadowDatabaseUrl"];

/// A text of the same length, byte by byte, in which stars stand for addresses: what follows `://`, and the value of `url` and its like.
/// For showing places in it; what is masked may have been no address.
#[must_use]
pub fn masked(text: &str) -> String {
    text.split_inclusive('\n').map(line).collect()
}

fn line(line: &str) -> String {
    let word = line.split('=').next().unwrap_or_default().trim();
    let from = match line.find('=') {
        Some(at) if ADDRESSES.contains(&word) => Some(at + 1),
        _ => line.find("://").map(|at| at + 3),
    };
    let Some((open, secret)) = from.and_then(|at| line.split_at_checked(at)) else {
        return line.to_owned();
    };
    let mut out = open.to_owned();
    for c in secret.chars() {
        if c.is_ascii_whitespace() {
            out.push(c);
        } else {
            out.extend(std::iter::repeat_n('*', c.len_utf8()));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::masked;

    #[test]
    fn addresses_become_stars() {
        let text = "  url = \"x:hunter2@é\" // y\nmodel A {}\n x \"p://hunter2\" z";
        let shown = masked(text);
        assert_eq!(shown.len(), text.len());
        assert!(!shown.contains("hunter2"), "{shown}");
        assert!(shown.contains("model A {}\n x \"p://******** *"), "{shown}");
    }
}
