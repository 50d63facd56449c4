//! A folder in one file, with digests: what a template of a data folder is kept as.
//!
//! One file is replaced in one step, so nobody ever sees half a template, and a damaged one is noticed before a
//! server starts from it. An index comes first, so several threads can write files at the same time: making a
//! thousand files is what a start spends most of its time with.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, FileExt as _, OpenOptionsExt as _};
use std::path::{Component, Path};
use std::thread;

use super::identity::Identity;

const MAGIC: &[u8; 23] = b"architrave template v1\n";
const FOLDER: u8 = b'd';
const FILE: u8 = b'f';
/// No index of a data folder comes near this; a damaged length must not make us ask for all memory.
const LONGEST_INDEX: u64 = 16 << 20;
const MOST_THREADS: usize = 4;

/// Packs a folder with everything in it that `keep` (given relative paths) wants.
pub(crate) fn pack(root: &Path, keep: &dyn Fn(&str) -> bool) -> io::Result<Vec<u8>> {
    let (mut index, mut contents) = (Vec::new(), Vec::new());
    pack_folder(root, "", keep, &mut index, &mut contents)?;
    let mut out = MAGIC.to_vec();
    out.extend_from_slice(&number(index.len()));
    out.extend_from_slice(&digest(&index).to_le_bytes());
    out.extend_from_slice(&index);
    out.extend_from_slice(&contents);
    Ok(out)
}

fn pack_folder(
    folder: &Path,
    name: &str,
    keep: &dyn Fn(&str) -> bool,
    index: &mut Vec<u8>,
    contents: &mut Vec<u8>,
) -> io::Result<()> {
    let mut entries = fs::read_dir(folder)?.collect::<Result<Vec<_>, _>>()?;
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let relative = match entry.file_name().to_str() {
            Some(own) if name.is_empty() => own.to_owned(),
            Some(own) => format!("{name}/{own}"),
            None => return Err(io::Error::from(io::ErrorKind::InvalidData)),
        };
        if !keep(&relative) {
            continue;
        }
        let kind = entry.file_type()?;
        if kind.is_dir() {
            describe(index, FOLDER, &relative, &[]);
            pack_folder(&entry.path(), &relative, keep, index, contents)?;
        } else if kind.is_file() {
            let content = fs::read(entry.path())?;
            describe(index, FILE, &relative, &content);
            contents.extend_from_slice(&content);
        }
    }
    Ok(())
}

fn describe(index: &mut Vec<u8>, kind: u8, path: &str, content: &[u8]) {
    index.push(kind);
    index.extend_from_slice(&number(path.len()));
    index.extend_from_slice(&number(content.len()));
    index.extend_from_slice(&digest(content).to_le_bytes());
    index.extend_from_slice(path.as_bytes());
}

fn number(length: usize) -> [u8; 8] {
    u64::try_from(length).unwrap_or(u64::MAX).to_le_bytes()
}

/// An archive with an intact index. Its contents are checked while they are unpacked.
#[derive(Debug)]
pub(crate) struct Archive {
    file: File,
    entries: Vec<Entry>,
}

#[derive(Debug)]
struct Entry {
    kind: u8,
    path: String,
    offset: u64,
    length: u64,
    digest: u64,
}

impl Archive {
    /// Opens an archive. `InvalidData` when it is none, or damaged.
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        let mut file = File::open(path)?;
        let size = file.metadata()?.len();
        let (mut magic, mut length, mut expected) = ([0; MAGIC.len()], [0; 8], [0; 8]);
        for part in [magic.as_mut_slice(), &mut length, &mut expected] {
            file.read_exact(part).map_err(|_| io::ErrorKind::InvalidData)?;
        }
        let length = u64::from_le_bytes(length);
        if magic != *MAGIC || length > LONGEST_INDEX {
            return Err(io::Error::from(io::ErrorKind::InvalidData));
        }
        let mut index = Vec::new();
        (&mut file).take(length).read_to_end(&mut index)?;
        if digest(&index) != u64::from_le_bytes(expected) {
            return Err(io::Error::from(io::ErrorKind::InvalidData));
        }
        let start = u64::try_from(MAGIC.len()).unwrap_or(0) + 16 + length;
        match entries(&index, start) {
            Some((entries, end)) if end == size => Ok(Self { file, entries }),
            _ => Err(io::Error::from(io::ErrorKind::InvalidData)),
        }
    }

    /// Writes everything into `root`, which is made, all of it private and owned by `owner`.
    pub(crate) fn unpack(&self, root: &Path, owner: Identity) -> io::Result<()> {
        make_folder(root, owner)?;
        for folder in self.entries.iter().filter(|entry| entry.kind == FOLDER) {
            make_folder(&folder.under(root)?, owner)?;
        }
        let files: Vec<&Entry> = self.entries.iter().filter(|entry| entry.kind == FILE).collect();
        let threads = thread::available_parallelism().map_or(1, |count| count.get().min(MOST_THREADS));
        // Neighbours stay together, because files of one folder are made one after the other anyway.
        let share = files.len().div_ceil(threads).max(1);
        thread::scope(|scope| {
            let workers: Vec<_> = files
                .chunks(share)
                .map(|part| scope.spawn(move || part.iter().try_for_each(|it| self.write(it, root, owner))))
                .collect();
            workers.into_iter().try_for_each(|worker| {
                worker
                    .join()
                    .unwrap_or_else(|_| Err(io::Error::other("a thread that copies files failed")))
            })
        })
    }

    fn write(&self, entry: &Entry, root: &Path, owner: Identity) -> io::Result<()> {
        let length = usize::try_from(entry.length).map_err(|_| io::ErrorKind::InvalidData)?;
        let mut content = vec![0; length];
        self.file.read_exact_at(&mut content, entry.offset)?;
        if digest(&content) != entry.digest {
            return Err(io::Error::from(io::ErrorKind::InvalidData));
        }
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(entry.under(root)?)?;
        file.write_all(&content)?;
        owner.give(&file)
    }
}

fn make_folder(path: &Path, owner: Identity) -> io::Result<()> {
    DirBuilder::new().mode(0o700).create(path)?;
    if owner.owner().is_some() {
        owner.give(&File::open(path)?)
    } else {
        Ok(())
    }
}

/// The entries of an index, and where the last content ends; `None` when it is malformed.
fn entries(mut index: &[u8], start: u64) -> Option<(Vec<Entry>, u64)> {
    let (mut entries, mut offset) = (Vec::new(), start);
    while let Some((kind, rest)) = index.split_first() {
        let (path_length, rest) = rest.split_first_chunk::<8>()?;
        let (length, rest) = rest.split_first_chunk::<8>()?;
        let (digest, rest) = rest.split_first_chunk::<8>()?;
        let (path, rest) = rest.split_at_checked(usize::try_from(u64::from_le_bytes(*path_length)).ok()?)?;
        let length = u64::from_le_bytes(*length);
        entries.push(Entry {
            kind: *kind,
            path: std::str::from_utf8(path).ok()?.to_owned(),
            offset,
            length,
            digest: u64::from_le_bytes(*digest),
        });
        offset = offset.checked_add(length)?;
        index = rest;
    }
    Some((entries, offset))
}

impl Entry {
    /// Where this goes, never outside of `root`.
    fn under(&self, root: &Path) -> io::Result<std::path::PathBuf> {
        let path = Path::new(&self.path);
        if path.components().all(|part| matches!(part, Component::Normal(_))) {
            Ok(root.join(path))
        } else {
            Err(io::Error::from(io::ErrorKind::InvalidData))
        }
    }
}

/// A fast digest against damage by accident; the cache belongs to the user, so nobody needs to be kept from forging.
pub(crate) fn digest(bytes: &[u8]) -> u64 {
    const PRIME: u64 = 0x9E37_79B9_7F4A_7C15;
    let mut lanes = [1_u64, 2, 3, 4];
    let (blocks, rest) = bytes.as_chunks::<32>();
    for block in blocks {
        let (words, _) = block.as_chunks::<8>();
        for (lane, word) in lanes.iter_mut().zip(words) {
            *lane = (*lane ^ u64::from_le_bytes(*word))
                .wrapping_mul(PRIME)
                .rotate_left(29);
        }
    }
    let mut sum = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
    for lane in lanes {
        sum = (sum ^ lane).wrapping_mul(PRIME).rotate_left(31);
    }
    for byte in rest {
        sum = (sum ^ u64::from(*byte)).wrapping_mul(PRIME).rotate_left(31);
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unpack(bytes: &[u8], folder: &Path, name: &str) -> io::Result<()> {
        let file = folder.join(format!("{name}.archive"));
        fs::write(&file, bytes).unwrap();
        Archive::open(&file)?.unpack(&folder.join(name), Identity::Own)
    }

    #[test]
    fn what_is_packed_comes_back_and_damage_is_noticed() {
        let folder = tempfile::tempdir().unwrap();
        let from = folder.path().join("from");
        fs::create_dir_all(from.join("a/empty")).unwrap();
        fs::write(from.join("a/file"), b"content \0 with bytes").unwrap();
        fs::write(from.join("left out"), b"x").unwrap();
        let bytes = pack(&from, &|path| path != "left out").unwrap();
        unpack(&bytes, folder.path(), "to").unwrap();
        let to = folder.path().join("to");
        assert_eq!(fs::read(to.join("a/file")).unwrap(), b"content \0 with bytes");
        assert!(to.join("a/empty").is_dir());
        assert!(!to.join("left out").exists());
        for position in 0..bytes.len() {
            let mut damaged = bytes.clone();
            damaged[position] ^= 1;
            let error = unpack(&damaged, folder.path(), &format!("flipped{position}")).unwrap_err();
            assert_eq!(
                error.kind(),
                io::ErrorKind::InvalidData,
                "a flipped bit at {position}"
            );
            let error = unpack(&bytes[..position], folder.path(), &format!("cut{position}")).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::InvalidData, "a cut at {position}");
        }
    }

    #[test]
    fn an_archive_cannot_write_outside_its_folder() {
        let folder = tempfile::tempdir().unwrap();
        for path in ["../escaped", "/tmp/architrave-escaped", "a/../../escaped"] {
            for kind in [FILE, FOLDER] {
                let mut index = Vec::new();
                describe(&mut index, kind, path, b"");
                let mut bytes = MAGIC.to_vec();
                bytes.extend_from_slice(&number(index.len()));
                bytes.extend_from_slice(&digest(&index).to_le_bytes());
                bytes.extend_from_slice(&index);
                let name = format!("{}{kind}", path.len());
                let error = unpack(&bytes, folder.path(), &name).unwrap_err();
                assert_eq!(error.kind(), io::ErrorKind::InvalidData);
            }
        }
        assert!(!folder.path().join("escaped").exists());
    }
}
