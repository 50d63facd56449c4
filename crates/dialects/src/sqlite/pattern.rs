//! Regular expressions without a regular expression engine: the subset that GLOB and lengths can say exactly.

mod parse;

use plan::Unspeakable;

use super::expression::unspeakable;
use super::ident::text;
use parse::Parser;

/// More alternatives than this make a check that nobody can read.
const MOST_ALTERNATIVES: usize = 32;
/// More repetitions than this are not written out.
const MOST_REPEATS: u32 = 128;

/// One or more characters of a set, so many times.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Item {
    set: Set,
    least: u32,
    most: Option<u32>,
}

/// A set of characters, as ranges.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Set {
    negated: bool,
    ranges: Vec<(char, char)>,
}

impl Set {
    const fn any() -> Self {
        Self {
            negated: true,
            ranges: Vec::new(),
        }
    }

    fn single(&self) -> Option<char> {
        match (self.negated, self.ranges.as_slice()) {
            (false, [(from, to)]) if from == to => Some(*from),
            _ => None,
        }
    }

    fn holds(&self, c: char) -> bool {
        self.ranges.iter().any(|(from, to)| (*from..=*to).contains(&c)) != self.negated
    }

    const fn is_any(&self) -> bool {
        self.negated && self.ranges.is_empty()
    }

    /// As GLOB writes it; `inverted` for the characters that are not in it.
    fn glob(&self, inverted: bool) -> String {
        if !inverted && self.is_any() {
            return "?".to_owned();
        }
        if let (false, Some(c)) = (inverted, self.single()) {
            return if matches!(c, '*' | '?' | '[') {
                format!("[{c}]")
            } else {
                c.to_string()
            };
        }
        let mut class = String::from("[");
        if self.negated != inverted {
            class.push('^');
        }
        // In a GLOB class `]` stands first, `^` never first, and `-` last; ranges keep clear of them.
        let lone = |wanted: char| {
            self.ranges
                .iter()
                .any(|(from, to)| *from == wanted && *to == wanted)
        };
        if lone(']') {
            class.push(']');
        }
        for (from, to) in &self.ranges {
            match (*from, *to) {
                (c, d) if c == d && matches!(c, ']' | '^' | '-') => {}
                (c, d) if c == d => class.push(c),
                (c, d) => class.extend([c, '-', d]),
            }
        }
        if lone('^') {
            class.push('^');
        }
        if lone('-') {
            class.push('-');
        }
        class.push(']');
        class
    }

    /// Whether GLOB can write it without its special characters getting in each other's way.
    fn is_writable(&self) -> bool {
        let tricky = |c: char| matches!(c, ']' | '^' | '-' | '\0');
        let ranges_clear = self
            .ranges
            .iter()
            .all(|(from, to)| from == to || !(tricky(*from) || tricky(*to)));
        let only_caret = !self.negated
            && self.ranges.len() > 1
            && self
                .ranges
                .iter()
                .all(|(from, to)| from == to && matches!(from, '^' | '-'));
        ranges_clear && !only_caret
    }
}

/// Says that a text matches a regular expression.
///
/// # Errors
///
/// When GLOB and lengths cannot say exactly that.
pub(super) fn translate(value: &str, regex: &str) -> Result<String, Unspeakable> {
    let alternatives = Parser::new(regex).regex()?;
    let mut said: Vec<String> = Vec::new();
    for items in &alternatives {
        let sql = sequence(value, items, regex)?;
        if !said.contains(&sql) {
            said.push(sql);
        }
    }
    match said.as_slice() {
        [only] => Ok(only.clone()),
        many => Ok(many
            .iter()
            .map(|sql| format!("({sql})"))
            .collect::<Vec<_>>()
            .join(" OR ")),
    }
}

fn is_fixed(item: &Item) -> bool {
    item.most == Some(item.least)
}

fn sequence(value: &str, items: &[Item], regex: &str) -> Result<String, Unspeakable> {
    if items.iter().any(|item| !item.set.is_writable()) {
        return cannot(regex, "has a class of characters that GLOB cannot write");
    }
    if items.iter().any(|item| item.least > MOST_REPEATS) {
        return cannot(regex, "repeats too often");
    }
    if items
        .iter()
        .all(|item| is_fixed(item) || (item.set.is_any() && item.most.is_none()))
    {
        return Ok(format!("{value} GLOB {}", text(&glob(items))));
    }
    let variable: Vec<usize> = items
        .iter()
        .enumerate()
        .filter(|(_, item)| !is_fixed(item))
        .map(|(at, _)| at)
        .collect();
    match variable.as_slice() {
        [only] => one_variable(value, items, *only),
        [first, ..] if *first > 0 => {
            // Fixed characters at the start are looked at by themselves.
            let (head, rest) = items.split_at_checked(*first).unwrap_or((items, &[]));
            let length: u32 = head.iter().map(|item| item.least).sum();
            let rest = sequence(&format!("substr({value}, {})", length + 1), rest, regex)?;
            Ok(format!(
                "{value} GLOB {} AND {rest}",
                text(&format!("{}*", glob(head)))
            ))
        }
        [first, .., last] => split(value, items, *first, regex)
            .or_else(|_| split_right(value, items, *last, regex))
            .or_else(|unspeakable| expand(value, items, regex).unwrap_or(Err(unspeakable))),
        [] => cannot(regex, "is empty"),
    }
}

fn glob(items: &[Item]) -> String {
    let mut pattern = String::new();
    for item in items {
        for _ in 0..item.least {
            pattern.push_str(&item.set.glob(false));
        }
        if item.most.is_none() {
            pattern.push('*');
        }
    }
    pattern
}

/// Fixed characters around one run of variable length: the length, what stands around, and that nothing else is in the run.
fn one_variable(value: &str, items: &[Item], at: usize) -> Result<String, Unspeakable> {
    let before: u32 = items.iter().take(at).map(|item| item.least).sum();
    let after: u32 = items.iter().skip(at + 1).map(|item| item.least).sum();
    let Some(run) = items.get(at) else {
        return unspeakable("a position outside of the pattern");
    };
    let around = before + after;
    let mut parts = vec![match run.most {
        Some(most) => format!(
            "length({value}) BETWEEN {} AND {}",
            run.least + around,
            most + around
        ),
        None => format!("length({value}) >= {}", run.least + around),
    }];
    if around > 0 {
        let head = glob(items.get(..at).unwrap_or_default());
        let tail = glob(items.get(at + 1..).unwrap_or_default());
        parts.push(format!("{value} GLOB {}", text(&format!("{head}*{tail}"))));
    }
    if !run.set.is_any() {
        let inner = match (before, after) {
            (0, 0) => value.to_owned(),
            (_, 0) => format!("substr({value}, {})", before + 1),
            _ => format!("substr({value}, {}, length({value}) - {around})", before + 1),
        };
        parts.push(format!(
            "{inner} NOT GLOB {}",
            text(&format!("*{}*", run.set.glob(true)))
        ));
    }
    Ok(parts.join(" AND "))
}

/// Two variable runs with a character between them that the first cannot hold: cut there.
fn split(value: &str, items: &[Item], first: usize, regex: &str) -> Result<String, Unspeakable> {
    let (head, rest) = items.split_at_checked(first + 1).unwrap_or((items, &[]));
    let Some((separator, tail)) = rest.split_first() else {
        return cannot(regex, "has several runs that cannot be told apart");
    };
    let Some(c) = separator
        .set
        .single()
        .filter(|_| separator.least == 1 && is_fixed(separator))
    else {
        return cannot(regex, "has several runs that cannot be told apart");
    };
    if head.iter().any(|item| item.set.holds(c)) {
        return cannot(regex, "has several runs that cannot be told apart");
    }
    let at = format!("instr({value}, {})", text(&c.to_string()));
    let left = sequence(&format!("substr({value}, 1, {at} - 1)"), head, regex)?;
    let right = sequence(&format!("substr({value}, {at} + 1)"), tail, regex)?;
    Ok(format!("{at} > 0 AND {left} AND {right}"))
}

/// The same from the right: a character that the last run cannot hold is the last of its kind.
fn split_right(value: &str, items: &[Item], last: usize, regex: &str) -> Result<String, Unspeakable> {
    let (head, rest) = items.split_at_checked(last).unwrap_or((items, &[]));
    let Some((separator, head)) = head.split_last() else {
        return cannot(regex, "has several runs that cannot be told apart");
    };
    let single = separator
        .set
        .single()
        .filter(|_| separator.least == 1 && is_fixed(separator));
    let Some(c) = single.filter(|c| rest.iter().all(|item| !item.set.holds(*c))) else {
        return cannot(regex, "has several runs that cannot be told apart");
    };
    // What is left when everything but the separator is trimmed from the end: the text up to the last separator.
    let before = format!("rtrim({value}, replace({value}, {}, ''))", text(&c.to_string()));
    let left = sequence(&format!("substr({before}, 1, length({before}) - 1)"), head, regex)?;
    let right = sequence(&format!("substr({value}, length({before}) + 1)"), rest, regex)?;
    Ok(format!("length({before}) > 0 AND {left} AND {right}"))
}

/// Writes a run of few lengths out as alternatives.
fn expand(value: &str, items: &[Item], regex: &str) -> Option<Result<String, Unspeakable>> {
    let span = |item: &Item| {
        item.most
            .map(|most| most - item.least)
            .filter(|span| (1..=4).contains(span))
    };
    let (at, item) = items
        .iter()
        .enumerate()
        .filter(|(_, item)| span(item).is_some())
        .min_by_key(|(_, item)| span(item))?;
    let mut said = Vec::new();
    for count in item.least..=item.most? {
        let mut fixed = items.to_vec();
        if let Some(item) = fixed.get_mut(at) {
            item.least = count;
            item.most = Some(count);
        }
        match sequence(value, &fixed, regex) {
            Ok(sql) => said.push(format!("({sql})")),
            Err(unspeakable) => return Some(Err(unspeakable)),
        }
    }
    Some(Ok(format!("({})", said.join(" OR "))))
}

fn cannot<T>(regex: &str, why: &str) -> Result<T, Unspeakable> {
    unspeakable(format!("SQLite has no regular expressions, and `{regex}` {why}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fixed_patterns_become_globs() {
        assert_eq!(
            translate("x", "^[A-Z]{2}-[0-9]+$").unwrap(),
            "length(x) >= 4 AND x GLOB '[A-Z][A-Z]-*' AND substr(x, 4) NOT GLOB '*[^0-9]*'"
        );
        assert_eq!(
            translate("x", "^[a-z0-9-]{1,40}$").unwrap(),
            "length(x) BETWEEN 1 AND 40 AND x NOT GLOB '*[^a-z0-9-]*'"
        );
        assert_eq!(translate("x", "abc").unwrap(), "x GLOB '*abc*'");
    }

    #[test]
    fn what_cannot_be_said_is_refused() {
        for regex in [
            "^(a|b)*$",
            "^a*b*a*$",
            "(?=a)",
            "^\\w+$",
            "[[:alpha:]]",
            "a**",
            "(",
            "[",
            "a{2",
            "^a)$",
        ] {
            assert!(translate("x", regex).is_err(), "{regex}");
        }
    }
}
