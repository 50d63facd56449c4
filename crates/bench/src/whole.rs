//! The whole proof of an example, as the command line runs it.

use std::path::Path;
use std::process::Command;

use crate::Failure;
use crate::stats::{line, median, ms};

/// `architrave prove examples/shop`, both databases. The program must have been built.
pub(crate) fn prove() -> Result<(), Failure> {
    let program = std::env::current_exe()?.with_file_name("architrave");
    if !program.is_file() {
        return Err(format!("`{}` is missing: cargo build --release", program.display()).into());
    }
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/shop");
    let evidence = tempfile::NamedTempFile::new()?;
    let mut code = None;
    let took = median(3, || {
        let output = Command::new(&program)
            .arg("prove")
            .arg(&example)
            .arg("--evidence")
            .arg(evidence.path())
            .output();
        code = output.ok().and_then(|output| output.status.code());
    });
    line(
        "prove examples/shop, both databases",
        &ms(took),
        &format!("≤ 10,000 ms; exit code {code:?}"),
    );
    Ok(())
}
