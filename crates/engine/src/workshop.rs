//! A folder for a foreign program, and that program while it runs.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Component, Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::Signal;

use crate::error::EngineError;
use crate::scratch::Scratch;
use crate::server::CancelToken;

/// A private folder in which one foreign program runs at a time. Both go with the value, and with the process, however it ends.
#[derive(Debug)]
pub struct Workshop {
    scratch: Scratch,
}

/// What to run.
#[derive(Debug, Clone)]
pub struct Task<'a> {
    /// The program.
    pub program: &'a Path,
    /// Its arguments. One of them should name the workshop's folder: by that a program is known when its owner was killed.
    pub arguments: Vec<OsString>,
    /// All that its environment holds.
    pub environment: Vec<(String, OsString)>,
    /// What it reads.
    pub input: Vec<u8>,
    /// How long it may take.
    pub patience: Duration,
    /// By which it is given up.
    pub cancel: CancelToken,
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Done {
    /// Whether it ended well.
    pub success: bool,
    /// What it wrote.
    pub output: String,
    /// What it wrote beside.
    pub errors: String,
}

impl Workshop {
    /// Makes the folder under another one.
    ///
    /// # Errors
    /// [`EngineError::Io`] and [`EngineError::DiskFull`] when it cannot be made.
    pub fn create(temporary: &Path) -> Result<Self, EngineError> {
        Scratch::create(temporary).map(|scratch| Self { scratch })
    }

    /// The folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.scratch.path()
    }

    /// Writes a file; `path` is relative to the folder, and stays in it.
    ///
    /// # Errors
    /// [`EngineError::Refused`] for a path that leads elsewhere, [`EngineError::Io`] as the operating system says.
    pub fn write(&self, path: &str, text: &[u8]) -> Result<PathBuf, EngineError> {
        let relative = Path::new(path);
        if !relative
            .components()
            .all(|part| matches!(part, Component::Normal(_)))
        {
            return Err(EngineError::Refused {
                message: format!("`{path}` leads out of its folder"),
                help: None,
            });
        }
        let whole = self.folder().join(relative);
        let failed = |e: std::io::Error| EngineError::io(format_args!("writing `{}`", whole.display()), &e);
        if let Some(parent) = whole.parent() {
            fs::create_dir_all(parent).map_err(failed)?;
        }
        fs::write(&whole, text).map_err(failed)?;
        Ok(whole)
    }

    /// Runs a program to its end.
    ///
    /// # Errors
    /// [`EngineError::Cancelled`], [`EngineError::Timeout`], [`EngineError::Io`] when it cannot be started.
    pub fn run(&self, task: &Task<'_>) -> Result<Done, EngineError> {
        let file = |name: &str| -> Result<(PathBuf, File), EngineError> {
            let path = self.folder().join(name);
            let opened = OpenOptions::new()
                .write(true)
                .create(true)
                .truncate(true)
                .mode(0o600)
                .open(&path);
            let file =
                opened.map_err(|e| EngineError::io(format_args!("writing `{}`", path.display()), &e))?;
            Ok((path, file))
        };
        let (input_path, mut input) = file("task.in")?;
        std::io::Write::write_all(&mut input, &task.input)
            .map_err(|e| EngineError::io("handing a program its input", &e))?;
        let reading =
            File::open(&input_path).map_err(|e| EngineError::io("handing a program its input", &e))?;
        let (output_path, output) = file("task.out")?;
        let (errors_path, errors) = file("task.err")?;
        let mut command = Command::new(task.program);
        command
            .args(&task.arguments)
            .env_clear()
            .envs(task.environment.iter().map(|(name, value)| (name, value)))
            .current_dir(self.folder())
            .stdin(Stdio::from(reading))
            .stdout(Stdio::from(output))
            .stderr(Stdio::from(errors));
        self.scratch.spawn(&mut command)?;
        // It has been read or will be: whoever looks into the folder later finds no addresses.
        let forgotten = fs::remove_file(&input_path);
        drop(forgotten);
        let success = self.wait(task)?;
        let text = |path: &Path| fs::read(path).map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
        let failed = |e: std::io::Error| EngineError::io("reading what a program wrote", &e);
        Ok(Done {
            success,
            output: text(&output_path).map_err(failed)?,
            errors: text(&errors_path).map_err(failed)?,
        })
    }

    fn wait(&self, task: &Task<'_>) -> Result<bool, EngineError> {
        let deadline = Instant::now() + task.patience;
        loop {
            if let Some(success) = self.scratch.exited()? {
                return Ok(success);
            }
            let given_up = if task.cancel.is_cancelled() {
                EngineError::Cancelled
            } else if Instant::now() >= deadline {
                let seconds = task.patience.as_secs();
                EngineError::Timeout {
                    message: format!("`{}` did not end in {seconds} s", task.program.display()),
                }
            } else {
                std::thread::sleep(Duration::from_millis(5));
                continue;
            };
            self.scratch.kill_group(Signal::KILL);
            // It is being killed: this only collects it.
            let collected = self.scratch.wait(Instant::now() + Duration::from_secs(5));
            drop(collected);
            return Err(given_up);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn task<'a>(workshop: &Workshop, script: &str, patience: u64) -> Task<'a> {
        Task {
            program: Path::new("/bin/sh"),
            arguments: vec!["-c".into(), script.into(), workshop.folder().into()],
            environment: vec![("GIVEN".to_owned(), "here".into())],
            input: b"word\n".to_vec(),
            patience: Duration::from_millis(patience),
            cancel: CancelToken::default(),
        }
    }

    #[test]
    fn a_program_gets_its_input_and_nothing_else() {
        let workshop = Workshop::create(Path::new("/tmp")).unwrap();
        let done = workshop
            .run(&task(
                &workshop,
                "read a; echo $a $GIVEN [$HOME]; echo no >&2; exit 3",
                5000,
            ))
            .unwrap();
        assert_eq!(
            (done.success, done.output.as_str(), done.errors.as_str()),
            (false, "word here []\n", "no\n")
        );
        let folder = workshop.folder().to_owned();
        assert!(!folder.join("task.in").exists());
        drop(workshop);
        assert!(!folder.exists());
    }

    #[test]
    fn what_takes_too_long_or_is_given_up_is_killed() {
        let workshop = Workshop::create(Path::new("/tmp")).unwrap();
        let slow = workshop.run(&task(&workshop, "sleep 60 & wait", 100));
        assert!(matches!(slow, Err(EngineError::Timeout { .. })), "{slow:?}");
        let cancelled = task(&workshop, "sleep 60", 60_000);
        cancelled.cancel.cancel();
        assert_eq!(workshop.run(&cancelled), Err(EngineError::Cancelled));
    }

    #[test]
    fn files_stay_in_the_folder() {
        let workshop = Workshop::create(Path::new("/tmp")).unwrap();
        assert!(workshop.write("a/b.py", b"x").unwrap().is_file());
        for path in ["../x", "/tmp/x", "a/../../x", "./x"] {
            assert!(workshop.write(path, b"x").is_err(), "{path}");
        }
    }
}
