//! Texts as they may be shown: a finding prints the line that it speaks of, and that line may hold a password.
//!
//! Masked bytes become `*`, one for one, so that places stay what they are.

/// A text without what stands between `://` and `@`.
pub(crate) fn addresses(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("://") {
        let end = after
            .find(|c: char| c.is_whitespace() || c == '"' || c == '\'')
            .unwrap_or(after.len());
        let (address, behind) = after.split_at_checked(end).unwrap_or((after, ""));
        out.push_str(before);
        out.push_str("://");
        match address.rsplit_once('@') {
            Some((user, host)) => {
                out.push_str(&"*".repeat(user.len()));
                out.push('@');
                out.push_str(host);
            }
            None => out.push_str(address),
        }
        rest = behind;
    }
    out.push_str(rest);
    out
}

/// Lines `NAME=value` without their values; of an address the scheme stays.
pub(crate) fn values(text: &str) -> String {
    let masked = text.split_inclusive('\n').map(|line| {
        let body = line.trim_end_matches(['\n', '\r']);
        let Some(at) = body.find('=') else {
            return line.to_owned();
        };
        let kept = match body.find("://") {
            Some(scheme) if scheme > at && body.get(at + 1..scheme).is_some_and(is_scheme) => scheme + 3,
            _ => at + 1,
        };
        let head = line.get(..kept).unwrap_or_default();
        let end = line.get(body.len()..).unwrap_or_default();
        format!("{head}{}{end}", "*".repeat(body.len() - kept))
    });
    masked.collect()
}

fn is_scheme(word: &str) -> bool {
    word.trim()
        .chars()
        .all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '"' | '\''))
}

#[cfg(test)]
mod tests {
    use super::{addresses, values};

    #[test]
    fn passwords_are_masked_and_places_stay() {
        for (text, expected) in [
            ("a = b://u:p@h/d c", "a = b://***@h/d c"),
            ("x://ü:p@ss@h \"y://z\"", "x://*******@h \"y://z\""),
            ("nothing", "nothing"),
            ("a://", "a://"),
        ] {
            assert_eq!(addresses(text), expected);
            assert_eq!(addresses(text).len(), text.len());
        }
        for (text, expected) in [
            (
                "URL=pg+x://u:p@h\r\nKEY=s3cret\n# words",
                "URL=pg+x://*****\r\nKEY=******\n# words",
            ),
            ("KEY=a b://c", "KEY=*******"),
            ("KEY=\"pg://ü\"", "KEY=\"pg://***"),
        ] {
            assert_eq!(values(text), expected);
            assert_eq!(values(text).len(), text.len());
        }
    }
}
