//! Regular expressions, as far as they are understood here.

use plan::Unspeakable;

use super::{Item, MOST_ALTERNATIVES, Set, cannot};

/// Reads a regular expression into alternatives of items.
pub(super) struct Parser<'a> {
    regex: &'a str,
    chars: std::iter::Peekable<std::str::Chars<'a>>,
    depth: u32,
}

pub(super) type Alternatives = Vec<Vec<Item>>;

impl<'a> Parser<'a> {
    pub(super) fn new(regex: &'a str) -> Self {
        Self {
            regex,
            chars: regex.chars().peekable(),
            depth: 0,
        }
    }

    fn fail<T>(&self, why: &str) -> Result<T, Unspeakable> {
        cannot(self.regex, why)
    }

    pub(super) fn regex(mut self) -> Result<Alternatives, Unspeakable> {
        let mut all = Vec::new();
        loop {
            let open = self.chars.next_if_eq(&'^').is_none();
            let (branch, closed) = self.branch()?;
            for mut items in branch {
                let run = Item {
                    set: Set::any(),
                    least: 0,
                    most: None,
                };
                if open {
                    // What stands beside "anything" need not be longer than it must.
                    while let Some(first) = items.first_mut() {
                        first.most = Some(first.least);
                        if first.least > 0 {
                            break;
                        }
                        items.remove(0);
                    }
                    items.insert(0, run.clone());
                }
                if !closed {
                    while let Some(last) = items.last_mut() {
                        if last.set.is_any() && last.least == 0 && last.most.is_none() {
                            break;
                        }
                        last.most = Some(last.least);
                        if last.least > 0 {
                            break;
                        }
                        items.pop();
                    }
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
            c => Set {
                negated: false,
                ranges: vec![(c, c)],
            },
        };
        Ok(vec![vec![Item {
            set,
            least: 1,
            most: Some(1),
        }]])
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
        let of = |ranges: &[(char, char)]| Set {
            negated: false,
            ranges: ranges.to_vec(),
        };
        match self.chars.next() {
            Some('d') => Ok(of(&[('0', '9')])),
            Some('D') => Ok(Set {
                negated: true,
                ranges: vec![('0', '9')],
            }),
            Some('s') => Ok(of(SPACES)),
            Some('S') => Ok(Set {
                negated: true,
                ranges: SPACES.to_vec(),
            }),
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

    fn repeated(
        &mut self,
        atom: Alternatives,
        least: u32,
        most: Option<u32>,
    ) -> Result<Alternatives, Unspeakable> {
        if matches!(self.chars.peek(), Some('*' | '+' | '?' | '{')) {
            return self.fail("repeats a repetition");
        }
        if let [items] = atom.as_slice()
            && let [
                Item {
                    set,
                    least: 1,
                    most: Some(1),
                },
            ] = items.as_slice()
        {
            return Ok(vec![vec![Item {
                set: set.clone(),
                least,
                most,
            }]]);
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
