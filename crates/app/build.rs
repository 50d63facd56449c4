//! Lists the pages of `docs/rules`, so that `architrave explain SEC004` can print them anywhere.
#![allow(
    clippy::disallowed_methods,
    reason = "cargo tells a build script what it needs by the environment"
)]

use std::fmt::Write as _;
use std::path::Path;
use std::{env, fs, io};

fn main() -> io::Result<()> {
    let root = env::var("CARGO_MANIFEST_DIR").map_err(io::Error::other)?;
    let folder = Path::new(&root).join("../../docs/rules").canonicalize()?;
    println!("cargo::rerun-if-changed={}", folder.display());
    let mut pages = Vec::new();
    for entry in fs::read_dir(&folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "md") {
            pages.push(path);
        }
    }
    pages.sort();
    let mut text =
        String::from("/// Codes and their pages, sorted.\npub(crate) const PAGES: &[(&str, &str)] = &[\n");
    for page in pages {
        let code = page
            .file_stem()
            .map(|stem| stem.to_string_lossy().into_owned())
            .unwrap_or_default();
        writeln!(
            text,
            "    ({code:?}, include_str!({:?})),",
            page.display().to_string()
        )
        .map_err(io::Error::other)?;
    }
    text.push_str("];\n");
    let out = env::var("OUT_DIR").map_err(io::Error::other)?;
    fs::write(Path::new(&out).join("pages.rs"), text)
}
