//! Regular expressions without a regular expression engine: the subset that GLOB and lengths can say exactly.

use plan::Unspeakable;

use super::expression::unspeakable;
use super::ident::text;

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
        Self { negated: true, ranges: Vec::new() }
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
            return if matches!(c, '*' | '?' | '[') { format!("[{c}]") } else { c.to_string() };
        }
        let mut class = String::from("[");
        if self.negated != inverted {
            class.push('^');
        }
        // In a GLOB class `]` stands first, `^` never first, and `-` last; ranges keep clear of them.
        let lone = |wanted: char| self.ranges.iter().any(|(from, to)| *from == wanted && *to == wanted);
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
        let ranges_clear = self.ranges.iter().all(|(from, to)| from == to || !(tricky(*from) || tricky(*to)));
        let only_caret = !self.negated && self.ranges.len() > 1
            && self.ranges.iter().all(|(from, to)| from == to && matches!(from, '^' | '-'));
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
        many => Ok(many.iter().map(|sql| format!("({sql})")).collect::<Vec<_>>().join(" OR ")),
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
    if items.iter().all(|item| is_fixed(item) || (item.set.is_any() && item.most.is_none())) {
        return Ok(format!("{value} GLOB {}", text(&glob(items))));
    }
    let variable: Vec<usize> =
        items.iter().enumerate().filter(|(_, item)| !is_fixed(item)).map(|(at, _)| at).collect();
    match variable.as_slice() {
        [only] => one_variable(value, items, *only),
        [first, ..] => split(value, items, *first, regex),
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
        Some(most) => format!("length({value}) BETWEEN {} AND {}", run.least + around, most + around),
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
        parts.push(format!("{inner} NOT GLOB {}", text(&format!("*{}*", run.set.glob(true)))));
    }
    Ok(parts.join(" AND "))
}

/// Two variable runs with a character between them that the first cannot hold: cut there.
fn split(value: &str, items: &[Item], first: usize, regex: &str) -> Result<String, Unspeakable> {
    let (head, rest) = items.split_at_checked(first + 1).unwrap_or((items, &[]));
    let Some((separator, tail)) = rest.split_first() else {
        return cannot(regex, "has several runs that cannot be told apart");
    };
    let Some(c) = separator.set.single().filter(|_| separator.least == 1 && is_fixed(separator)) else {
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

fn cannot<T>(regex: &str, why: &str) -> Result<T, Unspeakable> {
    unspeakable(format!("SQLite has no regular expressions, and `{regex}` {why}"))
}

/// Reads a regular expression into alternatives of items.
struct Parser<'a> {
    regex: &'a str,
    chars: std::iter::Peekable<std::str::Chars<'a>>,
    depth: u32,
}

type Alternatives = Vec<Vec<Item>>;

impl<'a> Parser<'a> {
    fn new(regex: &'a str) -> Self {
        Self { regex, chars: regex.chars().peekable(), depth: 0 }
    }

    fn fail<T>(&self, why: &str) -> Result<T, Unspeakable> {
        cannot(self.regex, why)
    }

    fn regex(mut self) -> Result<Alternatives, Unspeakable> {
        let mut all = Vec::new();
        loop {
            let open = self.chars.next_if_eq(&'^').is_none();
            let (branch, closed) = self.branch()?;
            for mut items in branch {
                let run = Item { set: Set::any(), least: 0, most: None };
                if open {
                    items.insert(0, run.clone());
                }
                if !closed {
                    items.push(run);
                }
                all.push(items);
            }
            if all.len() > MOST_ALTERNATIVES {
                return self.fail("has too many alternatives");
            }
            match self.chars.next() {
                None => return Ok(all),
                Some('|') => {}
                Some(_) => return self.fail("has a parenthesis too many"),
            }
        }
    }

    /// One branch up to `|`, `)` or the end; whether it ended with `$`.
    fn branch(&mut self) -> Result<(Alternatives, bool), Unspeakable> {
        let mut all: Alternatives = vec![Vec::new()];
        let mut closed = false;
        while let Some(c) = self.chars.peek().copied() {
            if matches!(c, '|' | ')') {
                break;
            }
            if closed {
                return self.fail("has `$` in its middle");
            }
            self.chars.next();
            if c == '$' {
                closed = true;
                continue;
            }
            let atom = self.atom(c)?;
            let repeated = self.repeat(atom)?;
            all = cross(&all, &repeated);
            if all.len() > MOST_ALTERNATIVES {
                return self.fail("has too many alternatives");
            }
        }
        Ok((all, closed))
    }

    fn atom(&mut self, c: char) -> Result<Alternatives, Unspeakable> {
        let set = match c {
            '(' => return self.group(),
            '[' => self.class()?,
            '.' => Set::any(),
            '\\' => self.escape()?,
            '^' | '*' | '+' | '?' | '{' => return self.fail("has an operator with nothing before it"),
            c => Set { negated: false, ranges: vec![(c, c)] },
        };
        Ok(vec![vec![Item { set, least: 1, most: Some(1) }]])
    }

    fn group(&mut self) -> Result<Alternatives, Unspeakable> {
        self.depth += 1;
        if self.depth > 16 {
            return self.fail("is nested too deeply");
        }
        if self.chars.next_if_eq(&'?').is_some() && self.chars.next() != Some(':') {
            return self.fail("looks around");
        }
        let mut all = Vec::new();
        loop {
            let (branch, closed) = self.branch()?;
            if closed {
                return self.fail("has `$` in its middle");
            }
            all.extend(branch);
            match self.chars.next() {
                Some('|') => {}
                Some(_) => {
                    self.depth -= 1;
                    return Ok(all);
                }
                None => return self.fail("has a parenthesis that is not closed"),
            }
        }
    }

    fn escape(&mut self) -> Result<Set, Unspeakable> {
        let of = |ranges: &[(char, char)]| Set { negated: false, ranges: ranges.to_vec() };
        match self.chars.next() {
            Some('d') => Ok(of(&[('0', '9')])),
            Some('D') => Ok(Set { negated: true, ranges: vec![('0', '9')] }),
            Some('s') => Ok(of(SPACES)),
            Some('S') => Ok(Set { negated: true, ranges: SPACES.to_vec() }),
            Some('t') => Ok(of(&[('\t', '\t')])),
            Some('n') => Ok(of(&[('\n', '\n')])),
            Some('r') => Ok(of(&[('\r', '\r')])),
            Some(c) if !c.is_alphanumeric() => Ok(of(&[(c, c)])),
            _ => self.fail("has an escape whose meaning depends on the locale"),
        }
    }

    fn class(&mut self) -> Result<Set, Unspeakable> {
        let negated = self.chars.next_if_eq(&'^').is_some();
        let mut ranges: Vec<(char, char)> = Vec::new();
        let mut first = true;
        loop {
            let Some(c) = self.chars.next() else {
                return self.fail("has a class that is not closed");
            };
            let from = match c {
                ']' if !first => return Ok(Set { negated, ranges }),
                '[' if matches!(self.chars.peek(), Some(':' | '.' | '=')) => {
                    return self.fail("has a named class of characters");
                }
                '\\' => {
                    let set = self.escape()?;
                    match (set.single(), set.negated) {
                        (Some(c), _) => c,
                        (None, false) => {
                            ranges.extend(set.ranges);
                            first = false;
                            continue;
                        }
                        (None, true) => return self.fail("negates inside of a class"),
                    }
                }
                c => c,
            };
            first = false;
            let mut ahead = self.chars.clone();
            if ahead.next() == Some('-') && ahead.next().is_some_and(|c| c != ']') {
                self.chars.next();
                let to = match self.chars.next() {
                    Some('\\') => self.escape()?.single(),
                    other => other,
                };
                match to {
                    Some(to) if from <= to => ranges.push((from, to)),
                    _ => return self.fail("has a range that is the wrong way round"),
                }
            } else {
                ranges.push((from, from));
            }
        }
    }

    fn repeat(&mut self, atom: Alternatives) -> Result<Alternatives, Unspeakable> {
        let (least, most) = match self.chars.peek() {
            Some('*') => (0, None),
            Some('+') => (1, None),
            Some('?') => (0, Some(1)),
            Some('{') => {
                self.chars.next();
                return self.counted(atom);
            }
            _ => return Ok(atom),
        };
        self.chars.next();
        self.repeated(atom, least, most)
    }

    fn counted(&mut self, atom: Alternatives) -> Result<Alternatives, Unspeakable> {
        let mut inside = String::new();
        loop {
            match self.chars.next() {
                Some('}') => break,
                Some(c) => inside.push(c),
                None => return self.fail("has a count that is not closed"),
            }
        }
        let (least, most) = match inside.split_once(',') {
            None => (inside.parse().ok(), inside.parse().ok().map(Some)),
            Some((least, "")) => (least.parse().ok(), Some(None)),
            Some((least, most)) => (least.parse().ok(), most.parse().ok().map(Some)),
        };
        match (least, most) {
            (Some(least), Some(most)) if most.is_none_or(|most| least <= most && most <= 65_535) => {
                self.repeated(atom, least, most)
            }
            _ => self.fail("has a count that is none"),
        }
    }

    fn repeated(&mut self, atom: Alternatives, least: u32, most: Option<u32>) -> Result<Alternatives, Unspeakable> {
        if matches!(self.chars.peek(), Some('*' | '+' | '?' | '{')) {
            return self.fail("repeats a repetition");
        }
        if let [items] = atom.as_slice() {
            if let [Item { set, least: 1, most: Some(1) }] = items.as_slice() {
                return Ok(vec![vec![Item { set: set.clone(), least, most }]]);
            }
        }
        let Some(most) = most.filter(|most| *most <= 8) else {
            return self.fail("repeats a group without a small limit");
        };
        let mut all = Vec::new();
        for count in least..=most {
            let mut sequence: Alternatives = vec![Vec::new()];
            for _ in 0..count {
                sequence = cross(&sequence, &atom);
                if sequence.len() > MOST_ALTERNATIVES {
                    return self.fail("has too many alternatives");
                }
            }
            all.extend(sequence);
        }
        Ok(all)
    }
}

fn cross(left: &Alternatives, right: &Alternatives) -> Alternatives {
    let mut all = Vec::with_capacity(left.len() * right.len());
    for head in left {
        for tail in right {
            all.push(head.iter().chain(tail).cloned().collect());
        }
    }
    all
}

/// What PostgreSQL takes for a space in a UTF-8 locale of the C library.
const SPACES: &[(char, char)] = &[
    ('\t', '\r'),
    (' ', ' '),
    ('\u{1680}', '\u{1680}'),
    ('\u{2000}', '\u{2006}'),
    ('\u{2008}', '\u{200a}'),
    ('\u{2028}', '\u{2029}'),
    ('\u{205f}', '\u{205f}'),
    ('\u{3000}', '\u{3000}'),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fixed_patterns_become_globs() {
        assert_eq!(translate("x", "^[A-Z]{2}-[0-9]+$").unwrap(),
            "length(x) >= 4 AND x GLOB '[A-Z][A-Z]-*' AND substr(x, 4) NOT GLOB '*[^0-9]*'");
        assert_eq!(translate("x", "^[a-z0-9-]{1,40}$").unwrap(),
            "length(x) BETWEEN 1 AND 40 AND x NOT GLOB '*[^a-z0-9-]*'");
        assert_eq!(translate("x", "abc").unwrap(), "x GLOB '*abc*'");
    }

    #[test]
    fn what_cannot_be_said_is_refused() {
        for regex in ["^(a|b)*$", "^a*b*a*$", "(?=a)", "^\\w+$", "[[:alpha:]]", "a**", "(", "[", "a{2", "^a)$"] {
            assert!(translate("x", regex).is_err(), "{regex}");
        }
    }
}
