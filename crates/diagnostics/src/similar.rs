//! Names that are close to each other.

/// Names longer than this are not compared: nobody mistypes them by a letter.
const LONGEST: usize = 64;

/// The candidate that was most likely meant by a misspelled name, if one is close enough.
///
/// Closeness is the number of letters to insert, delete, replace or swap, with case ignored: one for names
/// of up to four letters, two up to seven, three beyond. Of equally close ones the first is taken.
pub fn did_you_mean<'c, C>(name: &str, candidates: impl IntoIterator<Item = &'c C>) -> Option<&'c str>
where
    C: AsRef<str> + ?Sized + 'c,
{
    let wanted: Vec<char> = name.chars().flat_map(char::to_lowercase).collect();
    let limit = match wanted.len() {
        0 | LONGEST.. => return None,
        1 => 0,
        2..=4 => 1,
        5..=7 => 2,
        _ => 3,
    };
    let mut best: Option<(usize, &str)> = None;
    for candidate in candidates {
        let candidate = candidate.as_ref();
        let allowed = best.map_or(limit, |(distance, _)| distance.saturating_sub(1));
        if candidate.len() > LONGEST || candidate == name {
            continue;
        }
        if let Some(distance) = distance(&wanted, candidate, allowed)
            && best.is_none_or(|(known, _)| distance < known)
        {
            best = Some((distance, candidate));
        }
    }
    best.map(|(_, candidate)| candidate)
}

/// The optimal string alignment distance, unless it is beyond the limit.
fn distance(wanted: &[char], candidate: &str, limit: usize) -> Option<usize> {
    let other: Vec<char> = candidate.chars().flat_map(char::to_lowercase).collect();
    if wanted.len().abs_diff(other.len()) > limit {
        return None;
    }
    let mut before: Vec<usize> = Vec::new();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (i, a) in wanted.iter().enumerate() {
        let mut next = vec![i + 1];
        for (j, b) in other.iter().enumerate() {
            let at = |row: &[usize], index: usize| row.get(index).copied().unwrap_or(usize::MAX - 1);
            let replaced = at(&row, j) + usize::from(a != b);
            let mut cost = replaced.min(at(&row, j + 1) + 1).min(at(&next, j) + 1);
            let swapped = i > 0 && j > 0 && wanted.get(i - 1) == Some(b) && other.get(j - 1) == Some(a);
            if swapped {
                cost = cost.min(at(&before, j - 1) + 1);
            }
            next.push(cost);
        }
        if next.iter().min().is_some_and(|least| *least > limit) {
            return None;
        }
        before = std::mem::replace(&mut row, next);
    }
    row.last().copied().filter(|distance| *distance <= limit)
}

#[cfg(test)]
mod tests {
    use super::did_you_mean;

    #[test]
    fn near_names_are_found_and_far_ones_are_not() {
        let items = ["entity", "enum", "shape", "role"];
        for (typed, meant) in [
            ("enitty", Some("entity")),
            ("Entity", Some("entity")),
            ("entities", Some("entity")),
            ("rol", Some("role")),
            ("shpae", Some("shape")),
            ("table", None),
            ("entity", None),
            ("", None),
            ("x", None),
        ] {
            assert_eq!(did_you_mean(typed, &items), meant, "{typed}");
        }
    }

    #[test]
    fn the_closest_wins_and_the_first_of_equals() {
        assert_eq!(
            did_you_mean("usre", &["users".to_owned(), "user".to_owned()]),
            Some("user")
        );
        assert_eq!(did_you_mean("cat", &["car", "bat"]), Some("car"));
    }

    #[test]
    fn letters_outside_ascii_count_as_letters() {
        assert_eq!(did_you_mean("größe", &["grösse", "größen"]), Some("größen"));
    }
}
