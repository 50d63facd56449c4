//! A folder in one file, with a digest: what a template of a data folder is kept as.
//!
//! One file is replaced in one step, so nobody ever sees half a template; reading it is one sequential read; and a
//! damaged one is noticed before a server starts from it.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Component, Path};

use super::identity::Identity;

const MAGIC: &[u8] = b"architrave template 1\n";
const FOLDER: u8 = b'd';
const FILE: u8 = b'f';

/// Packs a folder with everything in it that `keep` (given relative paths) wants.
pub(crate) fn pack(root: &Path, keep: &dyn Fn(&str) -> bool) -> io::Result<Vec<u8>> {
    let mut out = MAGIC.to_vec();
    pack_folder(root, "", keep, &mut out)?;
    let digest = digest(&out);
    out.extend_from_slice(&digest.to_le_bytes());
    Ok(out)
}

fn pack_folder(folder: &Path, name: &str, keep: &dyn Fn(&str) -> bool, out: &mut Vec<u8>) -> io::Result<()> {
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
            head(out, FOLDER, &relative, 0);
            pack_folder(&entry.path(), &relative, keep, out)?;
        } else if kind.is_file() {
            let content = fs::read(entry.path())?;
            head(out, FILE, &relative, content.len());
            out.extend_from_slice(&content);
        }
    }
    Ok(())
}

fn head(out: &mut Vec<u8>, kind: u8, path: &str, length: usize) {
    out.push(kind);
    for number in [path.len(), length] {
        out.extend_from_slice(&u64::try_from(number).unwrap_or(u64::MAX).to_le_bytes());
    }
    out.extend_from_slice(path.as_bytes());
}

/// Whether these are the bytes of an archive, whole and unchanged.
pub(crate) fn is_intact(bytes: &[u8]) -> bool {
    let Some((body, end)) = bytes.split_last_chunk::<8>() else {
        return false;
    };
    body.starts_with(MAGIC) && digest(body) == u64::from_le_bytes(*end)
}

/// Writes the content of an intact archive into `root`, which is made, everything private and owned by `owner`.
pub(crate) fn unpack(bytes: &[u8], root: &Path, owner: Identity) -> io::Result<()> {
    let body = bytes
        .split_last_chunk::<8>()
        .and_then(|(body, _)| body.strip_prefix(MAGIC));
    let mut rest = body.ok_or(io::ErrorKind::InvalidData)?;
    make_folder(root, owner)?;
    while !rest.is_empty() {
        let (entry, after) = Entry::read(rest).ok_or(io::ErrorKind::InvalidData)?;
        rest = after;
        let path = Path::new(entry.path);
        if !path.components().all(|part| matches!(part, Component::Normal(_))) {
            return Err(io::Error::from(io::ErrorKind::InvalidData));
        }
        let path = root.join(path);
        if entry.kind == FOLDER {
            make_folder(&path, owner)?;
        } else {
            let mut file = OpenOptions::new()
                .write(true)
                .create_new(true)
                .mode(0o600)
                .open(&path)?;
            file.write_all(entry.content)?;
            owner.give(&file)?;
        }
    }
    Ok(())
}

fn make_folder(path: &Path, owner: Identity) -> io::Result<()> {
    DirBuilder::new().mode(0o700).create(path)?;
    if owner.owner().is_some() {
        owner.give(&File::open(path)?)
    } else {
        Ok(())
    }
}

struct Entry<'a> {
    kind: u8,
    path: &'a str,
    content: &'a [u8],
}

impl<'a> Entry<'a> {
    fn read(bytes: &'a [u8]) -> Option<(Self, &'a [u8])> {
        let (kind, rest) = bytes.split_first()?;
        let (path_length, rest) = rest.split_first_chunk::<8>()?;
        let (length, rest) = rest.split_first_chunk::<8>()?;
        let (path, rest) = rest.split_at_checked(usize::try_from(u64::from_le_bytes(*path_length)).ok()?)?;
        let (content, rest) = rest.split_at_checked(usize::try_from(u64::from_le_bytes(*length)).ok()?)?;
        Some((
            Self {
                kind: *kind,
                path: std::str::from_utf8(path).ok()?,
                content,
            },
            rest,
        ))
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

    #[test]
    fn what_is_packed_comes_back_and_damage_is_noticed() {
        let folder = tempfile::tempdir().unwrap();
        let from = folder.path().join("from");
        fs::create_dir_all(from.join("a/empty")).unwrap();
        fs::write(from.join("a/file"), b"content \0 with bytes").unwrap();
        fs::write(from.join("left out"), b"x").unwrap();
        let bytes = pack(&from, &|path| path != "left out").unwrap();
        assert!(is_intact(&bytes));
        let to = folder.path().join("to");
        unpack(&bytes, &to, Identity::Own).unwrap();
        assert_eq!(fs::read(to.join("a/file")).unwrap(), b"content \0 with bytes");
        assert!(to.join("a/empty").is_dir());
        assert!(!to.join("left out").exists());
        for position in 0..bytes.len() {
            let mut damaged = bytes.clone();
            damaged[position] ^= 1;
            assert!(!is_intact(&damaged), "a flipped bit at {position} went unnoticed");
            assert!(
                !is_intact(&bytes[..position]),
                "a cut at {position} went unnoticed"
            );
        }
    }

    #[test]
    fn an_archive_cannot_write_outside_its_folder() {
        let folder = tempfile::tempdir().unwrap();
        for path in ["../escaped", "/tmp/escaped", "a/../../escaped"] {
            let mut bytes = MAGIC.to_vec();
            head(&mut bytes, FILE, path, 0);
            let sum = digest(&bytes);
            bytes.extend_from_slice(&sum.to_le_bytes());
            assert!(is_intact(&bytes));
            let root = folder.path().join(path.len().to_string());
            assert_eq!(
                unpack(&bytes, &root, Identity::Own).unwrap_err().kind(),
                io::ErrorKind::InvalidData
            );
        }
        assert!(!folder.path().join("escaped").exists());
    }
}
