//! What is backed up while the server serves comes back whole, and nothing else does.

use crate::process::{EM, Server, refusal, run, success, tenure, text};
use serde_json::{Value, json};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use tempfile::TempDir;

/// Writes that are acknowledged before the backup begins.
const WRITES_BEFORE: usize = 20;
/// Writes that are acknowledged while it may run, at least.
const WRITES_MEANWHILE: usize = 20;

/// A folder with a stopped demo, and a backup of it.
struct Backed {
    folder: TempDir,
}

impl Backed {
    fn up() -> Self {
        let folder = TempDir::new().expect("a folder");
        let backed = Self { folder };
        Server::start(&backed.data(), &[]).stop();
        success(&run(&["backup", text(&backed.file()), "--data-dir", text(&backed.data())]));
        backed
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn data(&self) -> PathBuf {
        self.path("data")
    }

    fn file(&self) -> PathBuf {
        self.path("tenure.backup")
    }

    fn restore(&self, to: &str) -> std::process::Output {
        run(&["restore", text(&self.file()), "--data-dir", text(&self.path(to))])
    }
}

fn names_of(server: &Server, token: &str) -> Vec<String> {
    let catalogs = server.list(&format!("{EM}/catalogs?$select=displayName"), token);
    let name = |c: &Value| c["displayName"].as_str().unwrap_or_default().to_owned();
    let mut names: Vec<String> = catalogs.iter().map(name).filter(|n| n.starts_with("Written ")).collect();
    names.sort();
    names
}

fn write(server: &Server, token: &str, n: usize) {
    let made =
        server.call("POST", &format!("{EM}/catalogs"), token, &json!({ "displayName": format!("Written {n:04}") }));
    assert_eq!(made.status, 201, "{made:?}");
}

fn copy_keys(from: &Path, to: &Path) {
    fs::copy(from.join("master.key"), to.join("master.key")).expect("the key is copied");
}

#[test]
fn a_backup_made_while_writes_go_on_restores_one_instant() {
    let folder = TempDir::new().expect("a folder");
    let (data, file, restored) =
        (folder.path().join("data"), folder.path().join("b.backup"), folder.path().join("restored"));
    let server = Server::start(&data, &[]);
    let token = server.token();
    for n in 0..WRITES_BEFORE {
        write(&server, &token, n);
    }
    let is_done = AtomicBool::new(false);
    let written = std::thread::scope(|scope| {
        let writer = scope.spawn(|| {
            let mut n = WRITES_BEFORE;
            while n < WRITES_BEFORE + WRITES_MEANWHILE || !is_done.load(Ordering::SeqCst) {
                write(&server, &token, n);
                n += 1;
            }
            n
        });
        let said = success(&run(&["backup", text(&file), "--data-dir", text(&data)]));
        is_done.store(true, Ordering::SeqCst);
        assert!(said.contains("master.key"), "it says what is not in it: {said}");
        writer.join().expect("the writer")
    });
    assert_eq!(names_of(&server, &token).len(), written);
    server.stop();
    assert_eq!(fs::metadata(&file).expect("the backup").permissions().mode() & 0o777, 0o600);

    success(&run(&["restore", text(&file), "--data-dir", text(&restored)]));
    copy_keys(&data, &restored);
    let server = Server::start(&restored, &[]);
    // The token of before is good: its keys came back.
    let names = names_of(&server, &token);
    assert!(names.len() >= WRITES_BEFORE, "what was acknowledged before is there: {names:?}");
    let expected: Vec<String> = (0..names.len()).map(|n| format!("Written {n:04}")).collect();
    assert_eq!(names, expected, "one instant: no write without those before it");
    let audits = server.list("/v1.0/auditLogs/directoryAudits", &token);
    let about = audits
        .iter()
        .map(Value::to_string)
        .filter(|a| a.contains("Create access package catalog") && a.contains("Written "));
    assert_eq!(about.count(), names.len(), "each with its audit row");
    write(&server, &token, names.len());
    server.stop();
    let export = folder.path().join("audit.jsonl");
    let sealed = success(&run(&["audit", "export", "--data-dir", text(&restored)]));
    fs::write(&export, sealed).expect("the export is written");
    success(&run(&["audit", "verify", text(&export)]));
}

#[test]
fn a_restored_server_without_its_master_key_is_refused() {
    let backed = Backed::up();
    success(&backed.restore("restored"));
    let serve = |folder: &str| {
        let data = backed.path(folder);
        let mut command = tenure(&["serve", "--demo", "--insecure-http", "--listen", "127.0.0.1:0", "--data-dir"]);
        refusal(&command.arg(&data).output().expect("it ends"))
    };
    let missing = serve("restored");
    assert!(missing.contains("its master key is not in") && missing.contains("restore master.key"), "{missing}");
    assert!(!backed.path("restored").join("master.key").exists(), "no new key is begun");
    // The key of another installation.
    fs::write(backed.path("restored").join("master.key"), "A".repeat(43)).expect("a key");
    let wrong = serve("restored");
    assert!(wrong.contains("the master key does not fit this database"), "{wrong}");
    copy_keys(&backed.data(), &backed.path("restored"));
    Server::start(&backed.path("restored"), &[]).stop();
}

#[test]
fn only_a_whole_and_unchanged_backup_is_restored() {
    let backed = Backed::up();
    let whole = fs::read(backed.file()).expect("the backup");
    let refused = |bytes: &[u8], why: &str| {
        fs::write(backed.file(), bytes).expect("another file");
        let said = refusal(&backed.restore("restored"));
        assert!(said.contains(why), "{said}");
        assert!(!backed.path("restored").join("tenure.db").exists());
    };
    let mut changed = whole.clone();
    changed[whole.len() / 2] ^= 1;
    refused(&changed, "its checksum is another");
    refused(&whole[..whole.len() - 100], "this is no backup of Tenure, or its end is missing");
    refused(&whole[1..], "longer or shorter");
    refused(b"", "this is no backup of Tenure");
    refused(&fs::read(backed.data().join("tenure.db")).expect("the database"), "this is no backup of Tenure");
    fs::write(backed.file(), &whole).expect("the backup again");
    success(&backed.restore("restored"));
}

#[test]
fn a_restore_never_overwrites_and_a_backup_neither() {
    let backed = Backed::up();
    let said = refusal(&backed.restore("data"));
    assert!(said.contains("is not empty"), "{said}");
    let said = refusal(&run(&["backup", text(&backed.file()), "--data-dir", text(&backed.data())]));
    assert!(said.contains("exists; give the backup a name of its own"), "{said}");
    let said = refusal(&run(&["backup", text(&backed.path("x")), "--data-dir", text(&backed.path("nowhere"))]));
    assert!(said.contains("there is no database at"), "{said}");
    assert!(!backed.path("nowhere").exists() && !backed.path("x").exists());
    // Keys that were kept apart may come back first.
    fs::create_dir(backed.path("prepared")).expect("a folder");
    copy_keys(&backed.data(), &backed.path("prepared"));
    success(&backed.restore("prepared"));
}

#[test]
fn a_backup_that_is_cut_off_leaves_no_file_under_its_name() {
    let backed = Backed::up();
    let (file, data) = (backed.path("second.backup"), backed.data());
    // The system ends the process in the middle of a write: 64 blocks of half a kibibyte is less than the database.
    let script = "ulimit -f 64; exec \"$@\"";
    let mut command = std::process::Command::new("sh");
    command.env_clear().args(["-c", script, "sh", env!("CARGO_BIN_EXE_tenure"), "backup", text(&file)]);
    refusal(&command.args(["--data-dir", text(&data)]).output().expect("it ends"));
    assert!(!file.exists());
    success(&run(&["backup", text(&file), "--data-dir", text(&data)]));
}

#[test]
fn a_database_server_has_tools_of_its_own() {
    let folder = TempDir::new().expect("a folder");
    let (file, data) = (folder.path().join("b"), folder.path().join("data"));
    let at = ["--data-dir", text(&data), "--database", "postgres://u:secret@127.0.0.1:1/x"];
    for (verb, tool) in [("backup", "pg_dump"), ("restore", "pg_restore")] {
        let said = refusal(&run(&[&[verb, text(&file)][..], &at].concat()));
        assert!(said.contains(tool) && !said.contains("secret"), "{said}");
        assert!(!data.exists());
    }
}
