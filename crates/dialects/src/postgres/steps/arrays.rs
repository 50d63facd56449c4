//! Arrays whose cast the server would move to their elements.
//!
//! `status IN ('a', 'b')` on a `varchar` is printed as `ANY ((ARRAY['a'::character varying, …])::text[])`. Read again, that text is
//! another tree, which is printed in another way ever after. With the type that the array has already, said once more, it stays.

/// The statement in such words that the server keeps it as it was.
pub(super) fn kept(statement: &str) -> Option<String> {
    let code = [
        "CREATE FUNCTION ",
        "CREATE OR REPLACE ",
        "CREATE PROCEDURE ",
        "DO ",
    ];
    if !statement.contains(START) || code.iter().any(|start| statement.starts_with(start)) {
        return None;
    }
    let mut out = String::with_capacity(statement.len());
    let mut rest = statement;
    while let Some(at) = rest.find(START) {
        let (before, array) = rest.split_at(at);
        out.push_str(before);
        let inside = array.strip_prefix("(ARRAY[").unwrap_or_default();
        match elements(inside) {
            Some((length, ty)) if needs(inside, length, ty) => {
                let (list, after) = inside.split_at(length);
                out.push_str(&format!("(ARRAY[{list}]::{ty}[])"));
                rest = after.strip_prefix("])").unwrap_or(after);
            }
            _ => {
                out.push_str("(ARRAY[");
                rest = inside;
            }
        }
    }
    out.push_str(rest);
    Some(out)
}

const START: &str = "(ARRAY['";

/// How long a list of constants of one type is, and the type.
fn elements(text: &str) -> Option<(usize, &str)> {
    let mut rest = text;
    let mut ty: Option<&str> = None;
    loop {
        let after = constant(rest)?.strip_prefix("::")?;
        let end = after.find([',', ']'])?;
        let own = after.get(..end)?;
        if own.contains(['(', '\'', '[']) || ty.is_some_and(|ty| ty != own) {
            return None;
        }
        ty = Some(own);
        rest = after.get(end..)?;
        match rest.strip_prefix(", ") {
            Some(next) => rest = next,
            None => return Some((text.len() - rest.len(), own)),
        }
    }
}

/// What follows a text in quotes.
fn constant(text: &str) -> Option<&str> {
    let mut rest = text.strip_prefix('\'')?;
    loop {
        let (_, after) = rest.split_once('\'')?;
        match after.strip_prefix('\'') {
            Some(more) => rest = more,
            None => return Some(after),
        }
    }
}

/// Whether another type follows the list.
fn needs(inside: &str, length: usize, ty: &str) -> bool {
    let cast = inside.get(length..).and_then(|rest| rest.strip_prefix("])::"));
    cast.is_some_and(|cast| cast.contains("[]") && !cast.starts_with(&format!("{ty}[]")))
}

#[cfg(test)]
mod tests {
    use super::kept;

    #[test]
    fn only_a_cast_that_would_move_is_held() {
        let check = "CHECK (((s)::text = ANY ((ARRAY['a'::character varying, 'b, ]''c'::character varying])::text[])))";
        let held = "CHECK (((s)::text = ANY ((ARRAY['a'::character varying, 'b, ]''c'::character varying]::character varying[])::text[])))";
        assert_eq!(kept(check).as_deref(), Some(held));
        for same in [
            "CHECK ((s = ANY (ARRAY['a'::text, 'b'::text])))",
            "CHECK (s = ANY ((ARRAY['a'::text])::text[]))",
            "COMMENT ON TABLE t IS '(ARRAY[''a''::character varying])::text[]'",
            "(ARRAY['a'::character varying, b])::text[]",
        ] {
            assert_eq!(kept(same).unwrap_or_else(|| same.to_owned()), same);
        }
        assert_eq!(
            kept("CREATE FUNCTION f() AS $$(ARRAY['a'::character varying])::text[]$$"),
            None
        );
    }
}
