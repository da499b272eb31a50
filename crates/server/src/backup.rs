//! `tenure backup` and `tenure restore`: the embedded database as one file, made while it is served, and put back into an
//! empty folder. The file is the database, followed by one line with the length and the checksum of it. The master key is
//! not in it: whoever finds a backup can read names, but sign nothing.

use crate::config::{Options, Transport};
use crate::failure::{Failure, Outcome, While};
use crate::{installation, lock, master_key};
use aws_lc_rs::digest::{Context, SHA256};
use serde::{Deserialize, Serialize};
use std::ffi::OsString;
use std::fmt::Write as _;
use std::fs::{self, File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use tenure_service::Store;

/// What the last line begins with.
const MARK: &str = "tenure-backup ";
/// Bytes of the last line at most.
const LAST_LINE_BYTES_MAX: u64 = 512;
/// The only form of backups so far.
const FORMAT: u32 = 1;
/// Bytes read or written at once.
const BLOCK_BYTES: usize = 1 << 20;
/// What an otherwise empty folder may hold: keys that were kept apart come back first, or a restore was cut off.
const MAY_BE_THERE: [&str; 5] = ["master.key", "ca.pem", "ca.key", "serve.lock", "tenure.db.new"];

/// The last line of a backup.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Seal {
    format: u32,
    /// Of the database.
    bytes: u64,
    /// Of the database, in hexadecimal.
    sha256: String,
}

/// The verb `backup`.
pub fn back_up(options: &Options, file: &Path) -> Outcome<()> {
    embedded_only(options, "pg_dump --format=custom --file FILE URL")?;
    let from = installation::database_path(options);
    if !from.exists() {
        return Err(Failure::new(format!(
            "there is no database at {}; name its folder with --data-dir",
            from.display()
        )));
    }
    if file.exists() {
        return Err(Failure::new(format!("{} exists; give the backup a name of its own", file.display())));
    }
    // Under another name until it is whole: a backup that was cut off is never taken for one.
    let part = beside(file, ".part");
    let made = copy(&from, &part).and_then(|bytes| {
        fs::rename(&part, file).doing(format!("renaming {} to {}", part.display(), file.display()))?;
        sync_folder(file)?;
        Ok(bytes)
    });
    let bytes = made.inspect_err(|_| {
        let _ = fs::remove_file(&part);
    })?;
    say(&format!(
        "{} holds the database as it was a moment ago ({bytes} bytes).\n{}",
        file.display(),
        keep_apart(options)
    ))
}

/// The verb `restore`.
pub fn restore(options: &Options, file: &Path) -> Outcome<()> {
    embedded_only(options, "pg_restore --dbname URL FILE")?;
    let mut backup = File::open(file).doing(format!("opening {}", file.display()))?;
    let seal = read_seal(&mut backup).doing(format!("reading {}", file.display()))?;
    let folder = installation::folder(options)?;
    refuse_occupied(folder)?;
    let _lock = lock::take(folder)?;
    let to = installation::database_path(options);
    let part = beside(&to, ".new");
    let put_back = unpack(&mut backup, &seal, &part).and_then(|()| {
        Store::inspect_embedded(&part).doing(format!("looking through {}", file.display()))?;
        fs::rename(&part, &to).doing(format!("renaming {} to {}", part.display(), to.display()))?;
        sync_folder(&to)
    });
    put_back.inspect_err(|_| {
        let _ = fs::remove_file(&part);
    })?;
    let next = if master_key::read(options)?.is_some() {
        "Its master key is there; start the server to see that it fits."
    } else {
        "Now put the master key that belongs to it there as master.key, or name it with --master-key-file: without it the \
         server does not start."
    };
    say(&format!("{} is restored in {}.\n{next}", file.display(), folder.display()))
}

/// On a database server its own tools do this better: they know its roles, its settings and its other databases.
fn embedded_only(options: &Options, tool: &str) -> Outcome<()> {
    if options.database.is_none() {
        return Ok(());
    }
    Err(Failure::new(format!(
        "the database is on a server, which has tools of its own for this: {tool}. They, too, work while Tenure serves. \
         Keep the master key apart"
    )))
}

fn keep_apart(options: &Options) -> String {
    let key = master_key::path(options);
    let mut text = format!(
        "Keep a copy of {} in another place: it is not in the backup, and without it a backup cannot be used.",
        key.display()
    );
    if options.transport == Transport::PrivateAuthority {
        let _ = write!(
            text,
            "\nCopy ca.pem and ca.key of {} there, too, or clients must trust a new authority after a restore.",
            options.data_dir.display()
        );
    }
    text
}

fn say(text: &str) -> Outcome<()> {
    writeln!(std::io::stdout(), "{text}").doing("printing what was done")
}

/// The path with something added to its name.
fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(ending);
    name.into()
}

fn sync_folder(of: &Path) -> Outcome<()> {
    let folder = match of.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    };
    File::open(folder).and_then(|f| f.sync_all()).doing(format!("writing {}", folder.display()))
}

/// Nobody else may read it.
fn new_private(path: &Path) -> std::io::Result<File> {
    // What was left by a run that was cut off could have another mode.
    let _ = fs::remove_file(path);
    OpenOptions::new().read(true).write(true).create_new(true).mode(0o600).open(path)
}

/// Makes the whole backup under the name `part`; gives the bytes of the database.
fn copy(from: &Path, part: &Path) -> Outcome<u64> {
    let mut file = new_private(part).doing(format!("making {}", part.display()))?;
    Store::copy_embedded(from, part).doing("copying the database")?;
    let mut sealed = || -> std::io::Result<u64> {
        let (bytes, sha256) = checksum(&mut file, u64::MAX, &mut std::io::sink())?;
        let seal = serde_json::to_string(&Seal { format: FORMAT, bytes, sha256 })?;
        file.seek(SeekFrom::End(0))?;
        write!(file, "\n{MARK}{seal}\n")?;
        file.sync_all()?;
        Ok(bytes)
    };
    sealed().doing(format!("writing {}", part.display()))
}

/// Reads up to `most` bytes from the beginning, hands them on, and gives how many they were and their checksum.
fn checksum(file: &mut File, most: u64, to: &mut dyn Write) -> std::io::Result<(u64, String)> {
    file.seek(SeekFrom::Start(0))?;
    let mut rest = file.take(most);
    let mut block = vec![0; BLOCK_BYTES];
    let (mut bytes, mut hash) = (0, Context::new(&SHA256));
    loop {
        let n = rest.read(&mut block)?;
        let Some(read) = block.get(..n).filter(|read| !read.is_empty()) else { break };
        hash.update(read);
        to.write_all(read)?;
        bytes += read.len() as u64;
    }
    let hash = hash.finish().as_ref().iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    });
    Ok((bytes, hash))
}

/// The last line, if the file is a backup that was not cut off.
fn read_seal(file: &mut File) -> Outcome<Seal> {
    let none = "this is no backup of Tenure, or its end is missing";
    let size = file.metadata().doing("reading its size")?.len();
    let mut end = Vec::new();
    file.seek(SeekFrom::Start(size.saturating_sub(LAST_LINE_BYTES_MAX))).doing("reading its end")?;
    file.take(LAST_LINE_BYTES_MAX).read_to_end(&mut end).doing("reading its end")?;
    let lines = end.strip_suffix(b"\n").ok_or_else(|| Failure::new(none))?;
    let last = lines.rsplit(|b| *b == b'\n').next().unwrap_or_default();
    let seal = std::str::from_utf8(last).ok().and_then(|line| line.strip_prefix(MARK));
    let seal: Seal = seal.and_then(|text| serde_json::from_str(text).ok()).ok_or_else(|| Failure::new(none))?;
    if seal.format != FORMAT {
        return Err(Failure::new(format!("it is a backup of form {}; use a newer program", seal.format)));
    }
    if size != seal.bytes + 1 + last.len() as u64 + 1 {
        return Err(Failure::new("it is longer or shorter than it was when it was made"));
    }
    Ok(seal)
}

/// Writes the database of a backup to `part`, if it is what was backed up.
fn unpack(backup: &mut File, seal: &Seal, part: &Path) -> Outcome<()> {
    let mut file = new_private(part).doing(format!("making {}", part.display()))?;
    let (bytes, sha256) = checksum(backup, seal.bytes, &mut file).doing(format!("writing {}", part.display()))?;
    if (bytes, &sha256) != (seal.bytes, &seal.sha256) {
        return Err(Failure::new(
            "the backup was changed since it was made: its checksum is another; nothing was restored",
        ));
    }
    file.sync_all().doing(format!("writing {}", part.display()))
}

fn refuse_occupied(folder: &Path) -> Outcome<()> {
    let looking = || format!("looking into {}", folder.display());
    for entry in fs::read_dir(folder).doing(looking())? {
        let name = entry.doing(looking())?.file_name();
        if !MAY_BE_THERE.iter().any(|known| name == *known) {
            return Err(Failure::new(format!(
                "{} is not empty: it holds {}. A restore never overwrites; give it a --data-dir of its own",
                folder.display(),
                name.display()
            )));
        }
    }
    Ok(())
}
