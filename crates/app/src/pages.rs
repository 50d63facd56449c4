//! The pages of `docs/rules`, by code.

include!(concat!(env!("OUT_DIR"), "/pages.rs"));

/// The page of a rule, by its code in any case.
pub(crate) fn page(code: &str) -> Option<&'static str> {
    PAGES
        .iter()
        .find(|(known, _)| known.eq_ignore_ascii_case(code))
        .map(|(_, page)| *page)
}
