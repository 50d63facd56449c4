//! Folders, and the server inside one, that never outlive us.
//!
//! Four nets hang under each other. `Drop` removes the folder, also while a panic unwinds. [`shutdown_all`] does it
//! for a signal handler. A watcher, a small shell that waits at the other end of a pipe, does it within
//! milliseconds of our death, also by `kill -9`. Whatever slips through even so (a machine that lost power) is
//! swept when the next folder is made: a folder says that its owner lives by a file lock, which the kernel drops
//! with the process, so neither reused process ids nor clocks can mislead the sweep.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process, kill_process_group, test_kill_process};

use crate::error::EngineError;

const PREFIX: &str = "architrave-";
const LOCK: &str = "owner.lock";
/// Where servers write their process ids, in their data folders: PostgreSQL, MariaDB.
const PID_FILES: [&str; 2] = ["postmaster.pid", "server.pid"];
const MARKER: &str = "a temporary folder of architrave: removed when its owner ends\n";
/// How long a folder may stay without a lock, which it has only while it is being made.
const UNFINISHED: Duration = Duration::from_secs(600);

static FOLDERS: Mutex<Vec<Weak<Inner>>> = Mutex::new(Vec::new());
static CLOSING: AtomicBool = AtomicBool::new(false);

/// Stops every temporary server of this process and removes every temporary folder, at once; for signal handlers
/// and for ends that skip destructors. Whatever starts afterwards in this process fails as cancelled.
pub fn shutdown_all() {
    CLOSING.store(true, Ordering::SeqCst);
    let folders: Vec<_> = lock(&FOLDERS).drain(..).collect();
    for folder in folders.iter().filter_map(Weak::upgrade) {
        folder.close();
    }
}

/// Fails when [`shutdown_all`] was called.
pub(crate) fn check_open() -> Result<(), EngineError> {
    if CLOSING.load(Ordering::SeqCst) {
        Err(EngineError::Cancelled)
    } else {
        Ok(())
    }
}

/// A mutex whose poison means nothing: all that is inside stays consistent when a holder panics.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A private folder (mode 0700, random name) that goes when this goes.
#[derive(Debug)]
pub(crate) struct Scratch(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    path: PathBuf,
    /// Locked as long as we live; what the sweep looks at.
    _lock: File,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    watcher: Option<Watcher>,
    process: Option<Child>,
    ending: Ending,
    closed: bool,
}

/// How a process is ended whose folder goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Ending {
    /// Asked by `SIGQUIT`: PostgreSQL then takes its children and its shared memory with it, at once.
    #[default]
    Asked,
    /// By `SIGKILL`: one process without children that would only tidy up what is removed anyway (MariaDB).
    Killed,
}

impl Ending {
    fn signal(self) -> Signal {
        match self {
            Self::Asked => Signal::QUIT,
            Self::Killed => Signal::KILL,
        }
    }
}

impl Scratch {
    /// Makes a folder under `base`, after sweeping what dead owners left there.
    pub(crate) fn create(base: &Path) -> Result<Self, EngineError> {
        check_open()?;
        let path = base.join(format!("{PREFIX}{}", random_hex()?));
        DirBuilder::new()
            .mode(0o700)
            .create(&path)
            .map_err(|e| EngineError::io(format_args!("making the folder `{}`", path.display()), &e))?;
        let made = Self::furnish(&path);
        if made.is_err() {
            // Nothing is in it yet that could resist, and the first error is the one to tell.
            let _ = fs::remove_dir_all(&path);
        }
        let scratch = made?;
        sweep(base, &path);
        Ok(scratch)
    }

    fn furnish(path: &Path) -> Result<Self, EngineError> {
        let failed =
            |e: io::Error| EngineError::io(format_args!("making the folder `{}`", path.display()), &e);
        let metadata = fs::symlink_metadata(path).map_err(failed)?;
        if metadata.mode() & 0o077 != 0 {
            return Err(EngineError::unsupported(
                format!(
                    "the file system of `{}` does not keep folders private",
                    path.display()
                ),
                "point the temporary folder at a local disk",
            ));
        }
        // Locked under another name first, so that no sweep ever sees it without its lock.
        let unborn = path.join("owner.new");
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&unborn)
            .map_err(failed)?;
        file.try_lock().map_err(|e| failed(io::Error::from(e)))?;
        file.write_all(format!("{MARKER}{}\n", std::process::id()).as_bytes())
            .map_err(failed)?;
        fs::rename(&unborn, path.join(LOCK)).map_err(failed)?;
        let watcher = Watcher::spawn(path)?;
        let inner = Arc::new(Inner {
            path: path.to_owned(),
            _lock: file,
            state: Mutex::new(State {
                watcher: Some(watcher),
                process: None,
                ending: Ending::default(),
                closed: false,
            }),
        });
        let mut folders = lock(&FOLDERS);
        folders.retain(|folder| folder.strong_count() > 0);
        folders.push(Arc::downgrade(&inner));
        drop(folders);
        Ok(Self(inner))
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0.path
    }

    /// Starts a process that ends with this folder. At most one at a time.
    pub(crate) fn spawn(&self, command: &mut Command) -> Result<(), EngineError> {
        self.spawn_ending(command, Ending::Asked)
    }

    /// The same, with a word on how it ends.
    pub(crate) fn spawn_ending(&self, command: &mut Command, ending: Ending) -> Result<(), EngineError> {
        let mut state = lock(&self.0.state);
        if state.closed {
            return Err(EngineError::Cancelled);
        }
        // A group of its own: Ctrl-C in the terminal is ours to handle, not the server's.
        let child = command.process_group(0).spawn().map_err(|e| {
            EngineError::io(
                format_args!("starting `{}`", command.get_program().to_string_lossy()),
                &e,
            )
        })?;
        let id = child.id();
        state.process = Some(child);
        state.ending = ending;
        if let Some(watcher) = &mut state.watcher {
            watcher.tell(match ending {
                Ending::Asked => "ask\n",
                Ending::Killed => "kill\n",
            });
            watcher.tell(&format!("{id}\n"));
        }
        Ok(())
    }

    /// Waits for the process to end by itself; true when it ended well.
    pub(crate) fn wait(&self, deadline: Instant) -> Result<bool, EngineError> {
        loop {
            if let Some(success) = self.exited()? {
                return Ok(success);
            }
            if Instant::now() >= deadline {
                self.kill(Signal::KILL);
                return Err(EngineError::Timeout {
                    message: "a program of the database did not end".to_owned(),
                });
            }
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    /// Whether the process has ended, and if so whether well. [`EngineError::Cancelled`] when the folder was closed.
    pub(crate) fn exited(&self) -> Result<Option<bool>, EngineError> {
        let mut state = lock(&self.0.state);
        if state.closed {
            return Err(EngineError::Cancelled);
        }
        let Some(child) = &mut state.process else {
            return Ok(Some(false));
        };
        let status = child
            .try_wait()
            .map_err(|e| EngineError::io("waiting for the database", &e))?;
        Ok(status.map(|status| status.success()))
    }

    pub(crate) fn process_id(&self) -> Option<u32> {
        lock(&self.0.state).process.as_ref().map(Child::id)
    }

    /// Sends a signal to the process, if it still runs.
    pub(crate) fn kill(&self, signal: Signal) {
        if let Some(child) = &mut lock(&self.0.state).process {
            signal_child(child, signal);
        }
    }

    /// Sends a signal to the process and to all that it started, if it still runs.
    pub(crate) fn kill_group(&self, signal: Signal) {
        if let Some(child) = &mut lock(&self.0.state).process
            && let (Ok(None), Some(pid)) = (child.try_wait(), pid(child.id()))
        {
            // It leads a group of its own; the group may have ended in between, which is what we want.
            let _ = kill_process_group(pid, signal);
        }
    }

    /// Stops everything and removes the folder now.
    pub(crate) fn close(&self) {
        self.0.close();
    }
}

impl Inner {
    fn close(&self) {
        let mut state = lock(&self.state);
        if std::mem::replace(&mut state.closed, true) {
            return;
        }
        let ending = state.ending;
        if let Some(mut child) = state.process.take() {
            end(&mut child, ending);
        }
        remove(&self.path);
        if let Some(watcher) = state.watcher.take() {
            watcher.dismiss();
        }
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.close();
    }
}

/// Ends a server at once: an immediate shutdown, by which it takes its children and shared memory with it, and
/// `SIGKILL` if it does not obey.
fn end(child: &mut Child, ending: Ending) {
    signal_child(child, ending.signal());
    let deadline = Instant::now() + Duration::from_secs(5);
    while matches!(child.try_wait(), Ok(None)) {
        if Instant::now() >= deadline {
            // Both can only fail when it is gone already.
            let _ = child.kill();
            let _ = child.wait();
            return;
        }
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// A child that nobody has waited for keeps its process id, so the signal cannot reach a stranger.
fn signal_child(child: &mut Child, signal: Signal) {
    if let (Ok(None), Some(pid)) = (child.try_wait(), pid(child.id())) {
        // It may have ended in between, which is what we want.
        let _ = kill_process(pid, signal);
    }
}

pub(crate) fn pid(id: u32) -> Option<Pid> {
    i32::try_from(id).ok().and_then(Pid::from_raw)
}

fn remove(path: &Path) {
    // A dying backend may still create a file while we remove its folder; a few rounds outlast it.
    for _ in 0..50 {
        match fs::remove_dir_all(path) {
            Ok(()) => return,
            Err(e) if e.kind() == io::ErrorKind::NotFound && !path.exists() => return,
            Err(_) => std::thread::sleep(Duration::from_millis(10)),
        }
    }
}

/// A shell at the other end of a pipe. When we die, however we die, the pipe ends and it cleans up for us.
#[derive(Debug)]
struct Watcher {
    child: Child,
    pipe: ChildStdin,
}

/// Reads the ids of processes until the pipe ends. `done` says that there is nothing left to do.
/// A process is only ended when its command line names our folder: ids are reused.
const WATCHER: &str = r#"
trap '' HUP INT TERM QUIT
folder=$1
pid=
signal=QUIT
while read -r word; do
  case $word in done) exit 0 ;; ask) signal=QUIT ;; kill) signal=KILL ;; *) pid=$word ;; esac
done
ours() {
  [ -n "$1" ] || return 1
  if [ -r "/proc/$1/cmdline" ]; then line=$(tr '\0' ' ' <"/proc/$1/cmdline"); else line=$(ps -o args= -p "$1" 2>/dev/null); fi
  case $line in *"$folder"*) return 0 ;; esac
  return 1
}
stop() {
  ours "$1" || return 0
  kill -"$signal" "$1" 2>/dev/null
  tries=0
  while ours "$1" && [ $tries -lt 40 ]; do sleep 0.05; tries=$((tries + 1)); done
  ours "$1" && kill -KILL "$1" 2>/dev/null
  return 0
}
stop "$pid"
for file in postmaster.pid server.pid; do
  [ -r "$folder/data/$file" ] && { read -r pid <"$folder/data/$file"; stop "$pid"; }
done
tries=0
while [ -e "$folder" ] && [ $tries -lt 100 ]; do rm -rf -- "$folder" 2>/dev/null || sleep 0.05; tries=$((tries + 1)); done
"#;

impl Watcher {
    fn spawn(folder: &Path) -> Result<Self, EngineError> {
        let mut child = Command::new("/bin/sh")
            .args(["-c", WATCHER, "architrave-watcher"])
            .arg(folder)
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()
            .map_err(|e| EngineError::io("starting `/bin/sh`, which cleans up after us", &e))?;
        match child.stdin.take() {
            Some(pipe) => Ok(Self { child, pipe }),
            None => Err(EngineError::Io {
                message: "the pipe to `/bin/sh` is missing".to_owned(),
            }),
        }
    }

    fn tell(&mut self, line: &str) {
        // If it is gone, the sweep of the next start is the net that is left.
        let _ = self.pipe.write_all(line.as_bytes());
    }

    fn dismiss(mut self) {
        self.tell("done\n");
        drop(self.pipe);
        // It ends on its own; waiting only collects it.
        let _ = self.child.wait();
    }
}

/// Removes what dead owners left in `base`. Whatever is not certainly ours and dead stays.
fn sweep(base: &Path, own: &Path) {
    let Ok(own_metadata) = fs::symlink_metadata(own) else {
        return;
    };
    let Ok(entries) = fs::read_dir(base) else { return };
    for entry in entries.flatten() {
        let path = entry.path();
        if !entry.file_name().to_string_lossy().starts_with(PREFIX) || path == own {
            continue;
        }
        let Some(lock) = dead_owner(&path, &own_metadata) else {
            continue;
        };
        stop_leftover(&path);
        remove(&path);
        drop(lock);
    }
}

/// The lock of a folder whose owner is dead (held by us from here on), or nothing to hold when it never had one.
fn dead_owner(path: &Path, own: &fs::Metadata) -> Option<Option<File>> {
    let folder = fs::symlink_metadata(path).ok()?;
    if !folder.is_dir() || folder.permissions().mode() & 0o077 != 0 {
        return None;
    }
    let lock_path = path.join(LOCK);
    let Ok(found) = fs::symlink_metadata(&lock_path) else {
        let age = own.mtime().saturating_sub(folder.mtime());
        let unfinished = u64::try_from(age).is_ok_and(|age| age > UNFINISHED.as_secs());
        return (folder.uid() == own.uid() && unfinished).then_some(None);
    };
    // Root looks into folders of the accounts that its servers run as; the lock in them must be root's own.
    if !found.is_file() || found.uid() != own.uid() || found.nlink() != 1 {
        return None;
    }
    let mut file = File::open(&lock_path).ok()?;
    let mut text = String::new();
    (&mut file).take(1024).read_to_string(&mut text).ok()?;
    (text.starts_with(MARKER) && file.try_lock().is_ok()).then_some(Some(file))
}

/// Ends the server that a dead owner left running in a folder, if there is one.
fn stop_leftover(folder: &Path) {
    let id = || -> Option<u32> {
        let read = |name: &&str| fs::read_to_string(folder.join("data").join(name)).ok();
        let text = PID_FILES.iter().find_map(read)?;
        text.lines().next()?.trim().parse().ok()
    };
    let Some((id, pid)) = id().and_then(|id| Some((id, pid(id)?))) else {
        return;
    };
    if !command_line(id).is_some_and(|line| line.contains(&*folder.to_string_lossy())) {
        return;
    }
    // Errors mean that it is gone, which the loop below sees too.
    let _ = kill_process(pid, Signal::QUIT);
    for _ in 0..200 {
        if test_kill_process(pid).is_err() {
            return;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    let _ = kill_process(pid, Signal::KILL);
}

/// Whether a process of this machine runs, or cannot be told not to.
#[must_use]
pub fn process_runs(id: u32) -> bool {
    pid(id).is_some_and(|pid| test_kill_process(pid) != Err(rustix::io::Errno::SRCH))
}

fn command_line(id: u32) -> Option<String> {
    if let Ok(bytes) = fs::read(format!("/proc/{id}/cmdline")) {
        return Some(String::from_utf8_lossy(&bytes).replace('\0', " "));
    }
    let output = Command::new("ps")
        .args(["-o", "args=", "-p", &id.to_string()])
        .output()
        .ok()?;
    Some(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// 64 random bits of the operating system, in hexadecimal.
pub(crate) fn random_hex() -> Result<String, EngineError> {
    Ok(format!("{:016x}", random()?))
}

/// 64 random bits of the operating system.
pub(crate) fn random() -> Result<u64, EngineError> {
    let mut bytes = [0; 8];
    File::open("/dev/urandom")
        .and_then(|mut file| file.read_exact(&mut bytes))
        .map_err(|e| EngineError::io("reading random bytes", &e))?;
    Ok(u64::from_le_bytes(bytes))
}
