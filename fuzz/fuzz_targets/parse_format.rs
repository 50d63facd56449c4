//! Any text parses into a lossless tree; what parses without errors is formatted once and for all.
#![no_main]

use diagnostics::render::{Options, concise, terminal};
use diagnostics::{FileId, Sources, apply_fixes};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let parsed = syntax::parse(FileId(0), text);
    let all: String = parsed.tree.tokens().map(|token| token.text()).collect();
    assert_eq!(all, text, "the tokens are not the text");
    if let Some(formatted) = syntax::format(&parsed) {
        let again = syntax::parse(FileId(0), &formatted);
        assert!(!again.diagnostics.has_errors(), "formatting broke the file");
        assert_eq!(again.tree.nodes().count(), parsed.tree.nodes().count(), "formatting changed the tree");
        assert_eq!(syntax::format(&again), Some(formatted), "formatting twice differs from once");
    }
    let mut sources = Sources::default();
    sources.add("fuzz.arch", text);
    let found = parsed.diagnostics.into_sorted();
    let shown = terminal(&sources, &found, &Options::default());
    assert!(!shown.contains(|c: char| c.is_control() && c != '\n'), "a control character reached the terminal");
    assert_eq!(concise(&sources, &found, &Options::default()).lines().count(), found.len());
    let _ = apply_fixes(&sources, &found);
});
