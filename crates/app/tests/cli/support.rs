//! Projects in folders of their own, and the program run in them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use engine::{Server, StartOptions};
use serde_json::Value;
use tempfile::TempDir;

/// The longest that anything here may take; what takes longer hangs.
const PATIENCE: Duration = Duration::from_secs(600);

/// A declaration that the smallest projects begin with.
pub(crate) const HEAD: &str = "project p {\n  database  postgres, sqlite\n}\n\n";

pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .canonicalize()
        .unwrap()
}

/// How a run ended.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Ran {
    pub(crate) fn of(output: Output) -> Self {
        let text = |bytes| String::from_utf8(bytes).unwrap();
        let ran = Self {
            code: output.status.code(),
            out: text(output.stdout),
            err: text(output.stderr),
        };
        assert!(!ran.err.contains("panicked"), "{ran:?}");
        ran
    }

    #[track_caller]
    pub(crate) fn ends(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "\n{}\n{}", self.out, self.err);
        self
    }

    #[track_caller]
    pub(crate) fn says(self, words: &str) -> Self {
        assert!(
            self.out.contains(words) || self.err.contains(words),
            "`{words}` is not in\n{}\n{}",
            self.out,
            self.err
        );
        self
    }

    #[track_caller]
    pub(crate) fn keeps_silent_about(self, words: &str) -> Self {
        assert!(
            !self.out.contains(words) && !self.err.contains(words),
            "`{words}` is in\n{}\n{}",
            self.out,
            self.err
        );
        self
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}\n{}", self.out))
    }
}

/// A folder that goes with the value; the account of a temporary server may enter it.
pub(crate) fn folder() -> TempDir {
    let folder = tempfile::Builder::new()
        .prefix("acli")
        .tempdir_in("/tmp")
        .unwrap();
    open_to_all(folder.path());
    folder
}

fn open_to_all(path: &Path) {
    use std::os::unix::fs::PermissionsExt as _;
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
}

/// A project in a folder of its own, and another for what the program makes beside it.
pub(crate) struct Project {
    folder: TempDir,
}

impl Project {
    /// A project with these files.
    pub(crate) fn new(files: &[(&str, &str)]) -> Self {
        let it = Self { folder: folder() };
        for part in ["project", "tmp"] {
            fs::create_dir(it.folder.path().join(part)).unwrap();
            open_to_all(&it.folder.path().join(part));
        }
        for (path, text) in files {
            it.write(path, text);
        }
        it
    }

    /// A project of one file behind the usual head.
    pub(crate) fn of(text: &str) -> Self {
        Self::new(&[("schema/a.arch", &format!("{HEAD}{text}"))])
    }

    /// A copy of an example.
    pub(crate) fn example(name: &str) -> Self {
        let it = Self::new(&[]);
        for entry in fs::read_dir(root().join("examples").join(name).join("schema")).unwrap() {
            let path = entry.unwrap().path();
            let file = format!("schema/{}", path.file_name().unwrap().to_str().unwrap());
            it.write(&file, fs::read_to_string(&path).unwrap());
        }
        it
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.folder.path().join("project")
    }

    pub(crate) fn at(&self, relative: &str) -> PathBuf {
        self.path().join(relative)
    }

    /// Where the program makes its temporary folders.
    pub(crate) fn tmp(&self) -> PathBuf {
        self.folder.path().join("tmp")
    }

    pub(crate) fn write(&self, relative: &str, bytes: impl AsRef<[u8]>) {
        let path = self.at(relative);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }

    pub(crate) fn read(&self, relative: &str) -> String {
        fs::read_to_string(self.at(relative)).unwrap()
    }

    /// The program, standing in the project.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_architrave"));
        command.args(arguments).current_dir(self.path()).env_clear();
        // `initdb` runs once for all tests, and once more after `cargo clean`.
        command.env(
            "XDG_CACHE_HOME",
            Path::new(env!("CARGO_TARGET_TMPDIR")).join("cache"),
        );
        command
            .env("TMPDIR", self.tmp())
            .env("PATH", std::env::var_os("PATH").unwrap());
        command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Ran {
        finish(&mut self.command(arguments))
    }

    /// Every file of the project with its bytes, by path.
    pub(crate) fn files(&self) -> Vec<(String, Vec<u8>)> {
        let mut found = Vec::new();
        collect(&self.path(), &self.path(), &mut found);
        found.sort();
        found
    }
}

fn collect(root: &Path, folder: &Path, into: &mut Vec<(String, Vec<u8>)>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(root, &path, into);
        } else {
            let name = path.strip_prefix(root).unwrap().to_str().unwrap().to_owned();
            into.push((name, fs::read(&path).unwrap_or_default()));
        }
    }
}

/// Runs a command to its end, which must come.
pub(crate) fn finish(command: &mut Command) -> Ran {
    let child = command.spawn().unwrap();
    let id = child.id();
    let (done, waiting) = std::sync::mpsc::channel::<()>();
    let guard = std::thread::spawn(move || {
        if waiting.recv_timeout(PATIENCE) == Err(std::sync::mpsc::RecvTimeoutError::Timeout) {
            signal(id, "KILL");
        }
    });
    let output = child.wait_with_output().unwrap();
    drop(done);
    guard.join().unwrap();
    Ran::of(output)
}

/// The Python that the gate of the models has made, with the packages that it pins.
pub(crate) fn python() -> PathBuf {
    let shelf = Path::new(env!("CARGO_TARGET_TMPDIR")).join("cache/architrave/python");
    let mut found: Vec<PathBuf> = fs::read_dir(shelf)
        .unwrap()
        .map(|entry| entry.unwrap().path().join("bin/python"))
        .filter(|path| path.exists())
        .collect();
    found.sort_by_key(|path| path.metadata().unwrap().modified().unwrap());
    found.pop().unwrap()
}

/// Sends a signal to a process that a test has started.
pub(crate) fn signal(id: u32, name: &str) {
    // It may have ended meanwhile.
    let _ = Command::new("kill")
        .args(["-s", name, &id.to_string()])
        .stderr(Stdio::null())
        .status();
}

#[track_caller]
pub(crate) fn until(what: &str, mut done: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(30);
    while !done() {
        assert!(Instant::now() < deadline, "not within thirty seconds: {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// One server for the tests that need one that the user names; each takes databases of its own.
pub(crate) fn server() -> &'static Server {
    static SERVER: OnceLock<Server> = OnceLock::new();
    SERVER.get_or_init(|| {
        let cache = Path::new(env!("CARGO_TARGET_TMPDIR")).join("cache");
        let mut options = StartOptions::new(cache, "/tmp");
        options.search.path = std::env::var_os("PATH");
        Server::start(&options)
            .unwrap_or_else(|error| panic!("these tests need PostgreSQL 15 or newer: {error}"))
    })
}

/// Whether this runs as root, and may mount.
pub(crate) fn is_root() -> bool {
    let answer = Command::new("id").arg("-u").output().unwrap();
    answer.stdout == b"0\n"
}

/// Holds a document to a JSON Schema: the part of that language that our schemas use, and a keyword that is not known fails.
#[track_caller]
pub(crate) fn validate(schema: &str, document: &Value) {
    let text = fs::read_to_string(root().join("docs/schemas").join(schema)).unwrap();
    let schema: Value = serde_json::from_str(&text).unwrap();
    let mut faults = Vec::new();
    hold(&schema, &schema, document, "", &mut faults);
    assert!(faults.is_empty(), "{faults:#?}");
}

fn hold(root: &Value, schema: &Value, value: &Value, at: &str, faults: &mut Vec<String>) {
    let fits = |branch: &Value| {
        let mut inner = Vec::new();
        hold(root, branch, value, at, &mut inner);
        inner.is_empty()
    };
    for (keyword, rule) in schema.as_object().unwrap() {
        let holds = match keyword.as_str() {
            "$schema" | "$id" | "$defs" | "title" | "description" => true,
            "$ref" => fits(
                root.pointer(rule.as_str().unwrap().trim_start_matches('#'))
                    .unwrap(),
            ),
            "const" => rule == value,
            "enum" => rule.as_array().unwrap().contains(value),
            "minimum" => value.as_f64() >= rule.as_f64(),
            "minLength" => value.as_str().unwrap_or("").chars().count() as u64 >= rule.as_u64().unwrap(),
            "type" => is_a(rule.as_str().unwrap(), value),
            "pattern" => matches(rule.as_str().unwrap(), value.as_str().unwrap_or("")),
            "required" => rule
                .as_array()
                .unwrap()
                .iter()
                .all(|name| value.get(name.as_str().unwrap()).is_some()),
            "properties" => {
                for (name, rule) in rule.as_object().unwrap() {
                    if let Some(member) = value.get(name) {
                        hold(root, rule, member, &format!("{at}/{name}"), faults);
                    }
                }
                true
            }
            "additionalProperties" => {
                let known = schema["properties"].as_object().unwrap();
                value
                    .as_object()
                    .unwrap()
                    .keys()
                    .all(|name| known.contains_key(name))
            }
            "items" => {
                for (index, item) in value.as_array().into_iter().flatten().enumerate() {
                    hold(root, rule, item, &format!("{at}/{index}"), faults);
                }
                true
            }
            "oneOf" => rule.as_array().unwrap().iter().filter(|it| fits(it)).count() == 1,
            "anyOf" => rule.as_array().unwrap().iter().any(fits),
            other => panic!("the schema uses `{other}`, which this test does not know"),
        };
        if !holds {
            faults.push(format!("{at}: {keyword} {rule} of {value}"));
        }
    }
}

fn is_a(kind: &str, value: &Value) -> bool {
    match kind {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "number" => value.is_number(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64() || value.is_u64(),
        "null" => value.is_null(),
        other => panic!("unknown type {other}"),
    }
}

fn matches(pattern: &str, text: &str) -> bool {
    let only = |allowed: &str| !text.is_empty() && text.chars().all(|letter| allowed.contains(letter));
    const LOWER: &str = "abcdefghijklmnopqrstuvwxyz";
    let begins = text.starts_with(|letter| LOWER.contains(letter));
    match pattern {
        "^[0-9a-f]{64}$" => text.len() == 64 && only("0123456789abcdef"),
        "^[a-z][a-z-]*$" => begins && only(&format!("{LOWER}-")),
        "^[a-z][a-z0-9-]*$" => begins && only(&format!("{LOWER}-0123456789")),
        "^[A-Z]{3}[0-9]{3}$" => {
            text.len() == 6
                && text.bytes().take(3).all(|it| it.is_ascii_uppercase())
                && text.bytes().skip(3).all(|it| it.is_ascii_digit())
        }
        "^[a-z0-9]+(-[a-z0-9]+)*$" => text.split('-').all(|part| {
            !part.is_empty()
                && part
                    .bytes()
                    .all(|it| it.is_ascii_lowercase() || it.is_ascii_digit())
        }),
        other => panic!("the schema uses the pattern `{other}`, which this test does not know"),
    }
}
