//! What a composite type that is kept as text is made of.

/// Its attributes, each as it is written: a name, a type, perhaps a collation. `None` where the text is not that of such a type.
#[must_use]
pub fn attributes(definition: &str) -> Option<Vec<&str>> {
    let create = definition.split(";\n").next()?;
    let (_, inside) = create.strip_prefix("CREATE TYPE ")?.split_once(" AS (")?;
    let inside = inside.strip_suffix(')')?;
    let (mut depth, mut quoted, mut start) = (0_usize, false, 0);
    let mut out = Vec::new();
    for (at, c) in inside.char_indices() {
        match c {
            '"' => quoted = !quoted,
            '(' if !quoted => depth += 1,
            ')' if !quoted => depth = depth.saturating_sub(1),
            ',' if !quoted && depth == 0 => {
                out.push(inside.get(start..at)?.trim());
                start = at + 1;
            }
            _ => {}
        }
    }
    let last = inside.get(start..)?.trim();
    out.extend(Some(last).filter(|last| !last.is_empty()));
    Some(out)
}

/// The name of an attribute, with the quotes that it needs.
#[must_use]
pub fn attribute_name(attribute: &str) -> &str {
    let end = match attribute.strip_prefix('"') {
        Some(rest) => rest.find("\" ").map(|at| at + 2),
        None => attribute.find(' '),
    };
    end.and_then(|end| attribute.get(..end)).unwrap_or(attribute)
}

/// Attributes that go and that come where one composite type can become another as it stands: those in both are the first, and the same.
#[must_use]
pub fn regrown<'t>(from: &'t str, to: &'t str) -> Option<(Vec<&'t str>, Vec<&'t str>)> {
    let (mut was, mut is) = (attributes(from)?, attributes(to)?);
    let same = was
        .iter()
        .zip(&is)
        .take_while(|(one, other)| one == other)
        .count();
    let (gone, come) = (was.split_off(same), is.split_off(same));
    let again = |attribute: &&str| {
        gone.iter()
            .any(|other| attribute_name(other) == attribute_name(attribute))
    };
    (!come.iter().any(again)).then_some((gone, come))
}

#[cfg(test)]
mod tests {
    use super::{attribute_name, attributes, regrown};

    #[test]
    fn commas_inside_of_types_and_names_part_nothing() {
        let text =
            "CREATE TYPE a.b AS (\"x, y\" numeric(3,1), z text COLLATE \"C\");\nALTER TYPE a.b OWNER TO o";
        let found = attributes(text).unwrap_or_default();
        assert_eq!(found, ["\"x, y\" numeric(3,1)", "z text COLLATE \"C\""]);
        let names: Vec<&str> = found.into_iter().map(attribute_name).collect();
        assert_eq!(names, ["\"x, y\"", "z"]);
    }

    #[test]
    fn what_stands_elsewhere_cannot_be_moved() {
        let ty = |inside: &str| format!("CREATE TYPE t AS ({inside})");
        let (one, other) = (ty("a int, b int"), ty("a int, c text"));
        assert_eq!(regrown(&one, &other), Some((vec!["b int"], vec!["c text"])));
        assert_eq!(regrown(&one, &ty("b int, a int")), None);
        assert_eq!(regrown(&one, &ty("a text, b int")), None);
    }
}
