//! Python, and a virtual environment with the packages that the models need: made once, kept in the cache.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::Duration;

use engine::{CancelToken, Done, EngineError, Task, Workshop};
use sha2::{Digest, Sha256};

use crate::gate::Stop;
use crate::prove::Workplace;

/// Every package with its version, and the hashes of its files.
const REQUIREMENTS: &str = include_str!("requirements.txt");
/// By which name Python is looked for.
const NAMES: [&str; 5] = ["python3", "python3.14", "python3.13", "python3.12", "python3.11"];
/// Prints where it is and its version, and fails where it cannot make environments.
const QUESTION: &str = "import sys, venv, ensurepip; print(sys.executable, *sys.version_info[:2], sep='\\n')";
const LEAST: (u32, u32) = (3, 11);
const PATIENCE: Duration = Duration::from_secs(600);

/// The Python of an environment with everything in it.
pub(super) fn ready(workplace: &Workplace, cancel: &CancelToken) -> Result<PathBuf, Stop> {
    let workshop = Workshop::create(&workplace.temporary)?;
    let (python, version) = find(workplace, &workshop, cancel)?;
    let digest = Sha256::new()
        .chain_update(REQUIREMENTS)
        .chain_update(python.as_os_str().as_encoded_bytes())
        .chain_update(format!("{}.{}", version.0, version.1))
        .finalize();
    let name: String = digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    let shelf = workplace.cache.join("python");
    let failed = |e: std::io::Error| Stop::Unable(format!("`{}` cannot be used: {e}", shelf.display()));
    fs::create_dir_all(&shelf).map_err(failed)?;
    let kept = shelf.join(&name);
    let program = kept.join("bin").join("python");
    // The environment appears under its name when it is complete, so it can be used without the lock.
    if program.exists() {
        return Ok(program);
    }
    let lock = File::create(shelf.join(format!("{name}.lock"))).map_err(failed)?;
    while lock.try_lock().is_err() {
        if cancel.is_cancelled() {
            return Err(Stop::Cancelled);
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    if program.exists() {
        return Ok(program);
    }
    let building = shelf.join(format!("{name}.new"));
    if building.exists() {
        fs::remove_dir_all(&building).map_err(failed)?;
    }
    let made = make(workplace, &workshop, &python, &building, cancel);
    if made.is_err() {
        // The next proof would do the same; the first error is the one to tell.
        let _ = fs::remove_dir_all(&building);
    }
    made?;
    fs::rename(&building, &kept).map_err(failed)?;
    Ok(program)
}

/// A Python that is new enough and can make environments.
fn find(
    workplace: &Workplace,
    workshop: &Workshop,
    cancel: &CancelToken,
) -> Result<(PathBuf, (u32, u32)), Stop> {
    let folders: Vec<PathBuf> = workplace
        .path
        .iter()
        .flat_map(std::env::split_paths)
        .filter(|folder| folder.is_absolute())
        .collect();
    let mut seen = None;
    for name in NAMES {
        for program in folders.iter().map(|folder| folder.join(name)) {
            if !program.is_file() {
                continue;
            }
            let done = start(workshop, &program, &["-I", "-c", QUESTION], Vec::new(), cancel)?;
            if !done.success {
                seen.get_or_insert_with(|| {
                    format!(
                        "`{}` cannot make environments; install its module `venv`",
                        program.display()
                    )
                });
                continue;
            }
            let mut lines = done.output.lines();
            let real = lines.next().map_or_else(|| program.clone(), PathBuf::from);
            let mut number = || {
                lines
                    .next()
                    .and_then(|line| line.parse::<u32>().ok())
                    .unwrap_or(0)
            };
            let version = (number(), number());
            if version >= LEAST {
                return Ok((real, version));
            }
            seen.get_or_insert_with(|| {
                format!("`{}` is Python {}.{}", program.display(), version.0, version.1)
            });
        }
    }
    let found = seen.unwrap_or_else(|| "there is none on the path".to_owned());
    Err(Stop::Unable(format!(
        "the models need Python {}.{} or later: {found}",
        LEAST.0, LEAST.1
    )))
}

fn make(
    workplace: &Workplace,
    workshop: &Workshop,
    python: &Path,
    building: &Path,
    cancel: &CancelToken,
) -> Result<(), Stop> {
    let folder = building.display().to_string();
    let made = start(
        workshop,
        python,
        &["-I", "-m", "venv", &folder],
        Vec::new(),
        cancel,
    )?;
    if !made.success {
        return Err(unable("the environment for Python could not be made", &made));
    }
    let list = workshop.write("requirements.txt", REQUIREMENTS.as_bytes())?;
    let list = list.display().to_string();
    let pip = building.join("bin").join("python");
    let arguments = [
        "-I",
        "-m",
        "pip",
        "install",
        "--require-virtualenv",
        "--require-hashes",
        "--only-binary=:all:",
        "--no-deps",
        "--no-input",
        "--quiet",
        "--disable-pip-version-check",
        "-r",
        &list,
    ];
    let done = start(workshop, &pip, &arguments, workplace.network.clone(), cancel)?;
    if done.success {
        Ok(())
    } else {
        Err(unable(
            "the packages for Python could not be installed (is there a network?)",
            &done,
        ))
    }
}

fn unable(what: &str, done: &Done) -> Stop {
    let last = done.errors.lines().rfind(|line| !line.trim().is_empty());
    let last: String = last.unwrap_or("no word").chars().take(200).collect();
    Stop::Unable(format!("{what}: {last}"))
}

fn start(
    workshop: &Workshop,
    program: &Path,
    arguments: &[&str],
    more: Vec<(String, std::ffi::OsString)>,
    cancel: &CancelToken,
) -> Result<Done, Stop> {
    let mut environment = vec![
        ("PATH".to_owned(), "/usr/bin:/bin".into()),
        ("HOME".to_owned(), workshop.folder().into()),
        ("TMPDIR".to_owned(), workshop.folder().into()),
        ("PYTHONDONTWRITEBYTECODE".to_owned(), "1".into()),
    ];
    environment.extend(more);
    let done = workshop.run(&Task {
        program,
        arguments: arguments.iter().map(Into::into).collect(),
        environment,
        input: Vec::new(),
        patience: PATIENCE,
        cancel: cancel.clone(),
    });
    match done {
        Err(EngineError::Timeout { message }) => Err(Stop::Unable(message)),
        other => Ok(other?),
    }
}
