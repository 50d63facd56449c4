//! The subset of regular expressions that patterns of the language use: classes, groups, alternatives, counts, anchors.
//! It can make a text that matches, and say whether a text does.

use super::rng::Rng;

/// A pattern that was understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern(Node);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Node {
    One(Set),
    Start,
    End,
    All(Vec<Node>),
    Any(Vec<Node>),
    Repeat(Box<Node>, u32, Option<u32>),
}

#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct Set {
    ranges: Vec<(char, char)>,
    negated: bool,
}

/// Backtracking is given up after so many steps.
const MOST_STEPS: u32 = 40_000;
/// What a free class may be drawn from.
const PLAIN: (char, char) = (' ', '~');

impl Set {
    fn holds(&self, c: char) -> bool {
        self.ranges.iter().any(|(low, high)| (*low..=*high).contains(&c)) != self.negated
    }

    fn draw(&self, rng: &mut Rng) -> Option<char> {
        if self.negated {
            // Nearly every plain character is outside of a negated class: the first guess mostly does.
            let guess = |rng: &mut Rng| Some(between(PLAIN, rng)).filter(|c| self.holds(*c));
            return (0..8)
                .find_map(|_| guess(rng))
                .or_else(|| (PLAIN.0..=PLAIN.1).find(|c| self.holds(*c)));
        }
        rng.pick(&self.ranges).copied().map(|range| between(range, rng))
    }
}

fn between((low, high): (char, char), rng: &mut Rng) -> char {
    let span = u64::from(u32::from(high) - u32::from(low)) + 1;
    let offset = u32::try_from(rng.below(span)).unwrap_or(0);
    // What is no character lies between the surrogates only.
    char::from_u32(u32::from(low) + offset).unwrap_or(low)
}

impl Pattern {
    /// Understands a pattern; `None` for what is outside of the subset.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut parser = Parser {
            rest: text.chars().collect(),
            at: 0,
            depth: 0,
        };
        let node = parser.alternatives()?;
        (parser.at == parser.rest.len()).then_some(Self(node))
    }

    /// A text that matches and whose length, in characters, is in the given range.
    pub fn generate(&self, rng: &mut Rng, shortest: usize, longest: usize) -> Option<String> {
        (0..32_u64).find_map(|attempt| {
            let mut text = String::new();
            match attempt {
                // Longer and longer: most patterns have short members, and some have only long ones.
                0..8 => draw(&self.0, rng, attempt, &mut text)?,
                // Just so long, by what the pattern repeats.
                _ => {
                    let wanted = if attempt % 2 == 0 {
                        shortest
                    } else {
                        longest.min(4096)
                    };
                    let mut extra = wanted.saturating_sub(least(&self.0));
                    stretch(&self.0, rng, &mut extra, &mut text)?;
                }
            }
            let length = text.chars().count();
            ((shortest..=longest).contains(&length) && self.matches(&text) == Some(true)).then_some(text)
        })
    }

    /// Whether a part of the text matches (the whole, where the pattern has anchors). `None` when it takes too long to say.
    #[must_use]
    pub fn matches(&self, text: &str) -> Option<bool> {
        let chars: Vec<char> = text.chars().collect();
        let mut matcher = Matcher {
            text: &chars,
            steps: 0,
        };
        for start in 0..=chars.len() {
            if matcher.run(&self.0, start, &mut |_, _| true) {
                return Some(true);
            }
        }
        (matcher.steps < MOST_STEPS).then_some(false)
    }
}

fn draw(node: &Node, rng: &mut Rng, stretch: u64, out: &mut String) -> Option<()> {
    match node {
        Node::One(set) => out.push(set.draw(rng)?),
        Node::Start | Node::End => {}
        Node::All(nodes) => nodes.iter().try_for_each(|node| draw(node, rng, stretch, out))?,
        Node::Any(nodes) => draw(rng.pick(nodes)?, rng, stretch, out)?,
        Node::Repeat(node, least, most) => {
            let room = most.map_or(u64::from(u32::MAX), |most| u64::from(most.saturating_sub(*least)));
            let more = stretch.min(room);
            let count = u64::from(*least) + rng.below(more + 1);
            for _ in 0..count.min(5_000) {
                draw(node, rng, stretch / 2, out)?;
            }
        }
    }
    Some(())
}

/// How many characters the shortest member has.
fn least(node: &Node) -> usize {
    match node {
        Node::One(_) => 1,
        Node::Start | Node::End => 0,
        Node::All(nodes) => nodes.iter().map(least).sum(),
        Node::Any(nodes) => nodes.iter().map(least).min().unwrap_or(0),
        Node::Repeat(node, count, _) => least(node).saturating_mul(*count as usize),
    }
}

/// As short as can be, but for `extra` characters, which what is repeated takes in turn.
fn stretch(node: &Node, rng: &mut Rng, extra: &mut usize, out: &mut String) -> Option<()> {
    match node {
        Node::One(set) => out.push(set.draw(rng)?),
        Node::Start | Node::End => {}
        Node::All(nodes) => nodes.iter().try_for_each(|node| stretch(node, rng, extra, out))?,
        Node::Any(nodes) => stretch(nodes.iter().min_by_key(|node| least(node))?, rng, extra, out)?,
        Node::Repeat(node, count, most) => {
            let unit = least(node).max(1);
            let room = most.map_or(usize::MAX, |most| most.saturating_sub(*count) as usize);
            let more = room.min(*extra / unit);
            *extra -= more * unit;
            for _ in 0..(*count as usize + more).min(10_000) {
                stretch(node, rng, extra, out)?;
            }
        }
    }
    Some(())
}

struct Matcher<'a> {
    text: &'a [char],
    steps: u32,
}

type Next<'n, 'a> = &'n mut dyn FnMut(&mut Matcher<'a>, usize) -> bool;

impl<'a> Matcher<'a> {
    fn run(&mut self, node: &Node, at: usize, next: Next<'_, 'a>) -> bool {
        self.steps += 1;
        if self.steps >= MOST_STEPS {
            return false;
        }
        match node {
            Node::One(set) => self.text.get(at).is_some_and(|c| set.holds(*c)) && next(self, at + 1),
            Node::Start => at == 0 && next(self, at),
            Node::End => at == self.text.len() && next(self, at),
            Node::All(nodes) => self.all(nodes, at, next),
            Node::Any(nodes) => nodes.iter().any(|node| self.run(node, at, next)),
            Node::Repeat(node, least, most) => self.repeat(node, *least, *most, at, next),
        }
    }

    fn all(&mut self, nodes: &[Node], at: usize, next: Next<'_, 'a>) -> bool {
        match nodes.split_first() {
            None => next(self, at),
            Some((first, rest)) => self.run(first, at, &mut |matcher, at| matcher.all(rest, at, next)),
        }
    }

    fn repeat(&mut self, node: &Node, least: u32, most: Option<u32>, at: usize, next: Next<'_, 'a>) -> bool {
        let more = most != Some(0)
            && self.run(node, at, &mut |matcher, end| {
                // A turn that eats nothing would go on for ever.
                (end > at || least > 0)
                    && matcher.repeat(
                        node,
                        least.saturating_sub(1),
                        most.map(|most| most - 1),
                        end,
                        next,
                    )
            });
        more || (least == 0 && next(self, at))
    }
}

struct Parser {
    rest: Vec<char>,
    at: usize,
    depth: u32,
}

impl Parser {
    fn peek(&self) -> Option<char> {
        self.rest.get(self.at).copied()
    }

    fn next(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.at += 1;
        Some(c)
    }

    fn eat(&mut self, c: char) -> bool {
        let found = self.peek() == Some(c);
        self.at += usize::from(found);
        found
    }

    fn alternatives(&mut self) -> Option<Node> {
        self.depth += 1;
        if self.depth > 32 {
            return None;
        }
        let mut branches = vec![self.sequence()?];
        while self.eat('|') {
            branches.push(self.sequence()?);
        }
        self.depth -= 1;
        Some(if branches.len() == 1 {
            branches.pop()?
        } else {
            Node::Any(branches)
        })
    }

    fn sequence(&mut self) -> Option<Node> {
        let mut nodes = Vec::new();
        while let Some(c) = self.peek() {
            if c == '|' || c == ')' {
                break;
            }
            let atom = self.atom()?;
            nodes.push(self.counted(atom)?);
        }
        Some(Node::All(nodes))
    }

    fn counted(&mut self, atom: Node) -> Option<Node> {
        let (least, most) = match self.peek() {
            Some('*') => (0, None),
            Some('+') => (1, None),
            Some('?') => (0, Some(1)),
            Some('{') => {
                self.at += 1;
                let least = self.number()?;
                let most = if self.eat(',') {
                    if self.peek() == Some('}') {
                        None
                    } else {
                        Some(self.number()?)
                    }
                } else {
                    Some(least)
                };
                // Left to be eaten below, as the signs are.
                if self.peek() != Some('}') || most.is_some_and(|most| most < least) {
                    return None;
                }
                (least, most)
            }
            _ => return Some(atom),
        };
        self.at += 1;
        if matches!(atom, Node::Start | Node::End) || matches!(self.peek(), Some('*' | '+' | '?')) {
            return None;
        }
        Some(Node::Repeat(Box::new(atom), least, most))
    }

    fn number(&mut self) -> Option<u32> {
        let mut digits = String::new();
        while let Some(c) = self.peek().filter(char::is_ascii_digit) {
            digits.push(c);
            self.at += 1;
        }
        digits.parse().ok().filter(|number| *number <= 10_000)
    }

    fn atom(&mut self) -> Option<Node> {
        match self.next()? {
            '^' => Some(Node::Start),
            '$' => Some(Node::End),
            '.' => Some(Node::One(Set {
                ranges: vec![('\n', '\n')],
                negated: true,
            })),
            '[' => self.class().map(Node::One),
            '\\' => self.escape().map(Node::One),
            '(' => {
                if self.eat('?') && !self.eat(':') {
                    return None;
                }
                let node = self.alternatives()?;
                self.eat(')').then_some(node)
            }
            '*' | '+' | '?' | '{' | ')' => None,
            c => Some(Node::One(Set {
                ranges: vec![(c, c)],
                negated: false,
            })),
        }
    }

    fn escape(&mut self) -> Option<Set> {
        let set = |ranges: &[(char, char)], negated| Set {
            ranges: ranges.to_vec(),
            negated,
        };
        Some(match self.next()? {
            'd' => set(&[('0', '9')], false),
            'D' => set(&[('0', '9')], true),
            'w' => set(&[('a', 'z'), ('A', 'Z'), ('0', '9'), ('_', '_')], false),
            'W' => set(&[('a', 'z'), ('A', 'Z'), ('0', '9'), ('_', '_')], true),
            's' => set(&[(' ', ' '), ('\t', '\t'), ('\n', '\n'), ('\r', '\r')], false),
            'S' => set(&[(' ', ' '), ('\t', '\t'), ('\n', '\n'), ('\r', '\r')], true),
            'n' => set(&[('\n', '\n')], false),
            't' => set(&[('\t', '\t')], false),
            'r' => set(&[('\r', '\r')], false),
            c if c.is_alphanumeric() => return None,
            c => set(&[(c, c)], false),
        })
    }

    fn class(&mut self) -> Option<Set> {
        let mut set = Set {
            ranges: Vec::new(),
            negated: self.eat('^'),
        };
        loop {
            let low = match self.next()? {
                ']' if !set.ranges.is_empty() => return Some(set),
                '[' if self.peek() == Some(':') => {
                    set.ranges.extend(self.named_class()?);
                    continue;
                }
                '\\' => {
                    let escaped = self.escape()?;
                    match escaped.ranges.as_slice() {
                        [(low, high)] if low == high && !escaped.negated => *low,
                        _ if escaped.negated => return None,
                        ranges => {
                            set.ranges.extend_from_slice(ranges);
                            continue;
                        }
                    }
                }
                c => c,
            };
            let is_range = self.peek() == Some('-') && self.rest.get(self.at + 1).is_some_and(|c| *c != ']');
            if !is_range {
                set.ranges.push((low, low));
                continue;
            }
            self.at += 1;
            let high = match self.next()? {
                '\\' => self.next()?,
                c => c,
            };
            if high < low {
                return None;
            }
            set.ranges.push((low, high));
        }
    }

    fn named_class(&mut self) -> Option<Vec<(char, char)>> {
        let rest: String = self.rest.iter().skip(self.at).take(12).collect();
        let (name, _) = rest.strip_prefix(':')?.split_once(":]")?;
        self.at += name.len() + 3;
        Some(match name {
            "alpha" => vec![('a', 'z'), ('A', 'Z')],
            "digit" => vec![('0', '9')],
            "alnum" => vec![('a', 'z'), ('A', 'Z'), ('0', '9')],
            "lower" => vec![('a', 'z')],
            "upper" => vec![('A', 'Z')],
            "space" => vec![(' ', ' '), ('\t', '\r')],
            "xdigit" => vec![('0', '9'), ('a', 'f'), ('A', 'F')],
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn generated_texts_match_and_mutations_do_not() {
        let cases = [
            ("^[a-z0-9_]+$", 3, 50, "Bad!"),
            ("^[a-z][a-z0-9-]+$", 1, 40, "-a"),
            ("^#[0-9a-f]{6}$", 7, 7, "#88888"),
            ("^[A-Z][A-Z0-9]+$", 0, 10, "a"),
            (r"^\+[1-9][0-9]{6,14}$", 0, 20, "+0123456"),
            (r"^[^@\s]+@[^@\s]+\.[^@\s]+$", 0, 254, "no at"),
            ("^(ab|cd)?x{2,3}(?:y|z)$", 0, 99, "abxz"),
            ("^[[:alpha:]]{20}$", 20, 20, "abc"),
            (r"^\$argon2id\$v=[0-9]+\$", 0, 200, "$bcrypt$"),
        ];
        for (source, shortest, longest, wrong) in cases {
            let pattern = Pattern::parse(source).unwrap_or_else(|| panic!("{source} is not understood"));
            let mut rng = Rng::new(1, source);
            for _ in 0..50 {
                let text = pattern
                    .generate(&mut rng, shortest, longest)
                    .unwrap_or_else(|| panic!("nothing for {source}"));
                let length = text.chars().count();
                assert_eq!(pattern.matches(&text), Some(true), "{source} {text}");
                assert!((shortest..=longest).contains(&length), "{source} {text}");
            }
            assert_eq!(pattern.matches(wrong), Some(false), "{source} {wrong}");
        }
    }

    #[test]
    fn what_is_outside_the_subset_is_not_guessed() {
        for source in ["(?=a)b", r"\bword\b", "a**", "[z-a]", "(", "a{3,2}", r"(a)\1"] {
            assert_eq!(Pattern::parse(source), None, "{source}");
        }
    }

    #[test]
    fn a_pattern_that_explodes_is_given_up() {
        let pattern = Pattern::parse("^(a+)+$").unwrap();
        assert_eq!(pattern.matches(&format!("{}b", "a".repeat(60))), None);
    }
}
