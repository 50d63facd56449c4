//! Checks `.arch` files as one project: `cargo run -p architrave-rules --example check -- FILE …`.

#![allow(clippy::print_stdout, clippy::disallowed_methods, reason = "a small tool for trying rules by hand")]

use diagnostics::{Sources, render};

fn main() {
    let mut sources = Sources::default();
    let mut parses = Vec::new();
    for path in std::env::args().skip(1) {
        let Ok(text) = std::fs::read_to_string(&path) else {
            println!("cannot read {path}");
            continue;
        };
        let file = sources.add(path, text.clone());
        parses.push((file, syntax::parse(file, &text)));
    }
    let files: Vec<_> = parses.iter().map(|(file, parse)| (*file, parse)).collect();
    let (model, mut found) = model::resolve(&files);
    found.append(rules::check(&model));
    for (_, parse) in parses {
        found.append(parse.diagnostics);
    }
    print!("{}", render::terminal(&sources, &found.into_sorted(), &render::Options::default()));
}
