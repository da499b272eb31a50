//! `tenure audit` as an operator meets it: export and check while the server runs, after a kill, and with what was kept
//! outside.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

struct Place {
    folder: tempfile::TempDir,
}

impl Place {
    /// A real tenant that no server has served yet.
    fn new() -> Self {
        let place = Self { folder: tempfile::tempdir().expect("a folder") };
        let made = place.tenure(&["init", "--admin", "anna@example.org"], true);
        assert!(made.status.success(), "{made:?}");
        place
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn command(&self, words: &[&str], in_place: bool) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tenure"));
        for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("TENURE_")) {
            command.env_remove(name);
        }
        command.args(words);
        if in_place {
            command.arg("--data-dir").arg(self.path("data"));
        }
        command
    }

    fn tenure(&self, words: &[&str], in_place: bool) -> Output {
        self.command(words, in_place).output().expect("the program runs")
    }

    /// A server that serves already.
    fn serve(&self) -> Child {
        let words = ["serve", "--listen", "127.0.0.1:0", "--insecure-http", "--audit-checkpoint-file"];
        let mut command = self.command(&words, false);
        command.arg(self.path("outside")).arg("--data-dir").arg(self.path("data"));
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("a server");
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("its output")).read_line(&mut line).expect("a line");
        assert!(line.starts_with("Tenure serves"), "{line}");
        child
    }

    fn export(&self) -> String {
        let out = self.tenure(&["audit", "export"], true);
        assert!(out.status.success(), "{out:?}");
        String::from_utf8(out.stdout).expect("text")
    }

    /// The output of a check: of the summary, or of the fault.
    fn verify(&self, export: &str, more: &[(&str, &Path)]) -> Result<String, String> {
        let file = self.path("export.jsonl");
        fs::write(&file, export).expect("the export is written");
        let mut command = self.command(&["audit", "verify"], false);
        command.arg(&file);
        for (flag, path) in more {
            command.arg(flag).arg(path);
        }
        let out = command.output().expect("the program runs");
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("text");
        match out.status.code() {
            Some(0) => Ok(text(out.stdout)),
            Some(1) => Err(text(out.stderr)),
            other => panic!("{other:?}"),
        }
    }
}

fn terminate(mut child: Child) {
    let asked = Command::new("sh").args(["-c", "kill -TERM \"$0\"", &child.id().to_string()]).status();
    assert!(asked.is_ok_and(|s| s.success()));
    assert_eq!(child.wait().expect("it ends").code(), Some(0));
}

#[test]
fn a_stop_seals_everything_and_the_key_can_be_held_to() {
    let place = Place::new();
    let before = place.verify(&place.export(), &[]).expect("good");
    assert!(before.contains("0 checkpoints") && before.contains("checkpoint key none"), "{before}");
    let server = place.serve();
    let running = place.verify(&place.export(), &[]).expect("good while the server runs");
    assert!(running.contains("checkpoint key sha256:"), "{running}");
    terminate(server);

    let export = place.export();
    let key = place.tenure(&["audit", "key"], true);
    fs::write(place.path("key.pem"), &key.stdout).expect("written");
    let (pem, outside) = (place.path("key.pem"), place.path("outside"));
    let summary =
        place.verify(&export, &[("--public-key", &pem), ("--checkpoint-file", &outside)]).expect("a good export");
    assert!(summary.contains(" 0 rows not sealed yet") && summary.lines().count() == 1, "{summary}");
    assert_eq!(fs::read_to_string(&outside).map(|t| t.lines().count() > 0).ok(), Some(true));

    let other = place.path("other.pem");
    fs::write(&other, "1".repeat(64)).expect("written");
    let fault = place.verify(&export, &[("--public-key", &other)]).expect_err("another key");
    assert!(fault.contains("line 1: the checkpoint key is sha256:"), "{fault}");
}

#[test]
fn a_changed_line_is_named_by_line_writer_and_row() {
    let place = Place::new();
    terminate(place.serve());
    let export = place.export();
    let changed = export.replacen("\"activity\":\"Add user\"", "\"activity\":\"Add usex\"", 1);
    assert_ne!(changed, export);
    let fault = place.verify(&changed, &[]).expect_err("a changed line");
    let line = export.lines().position(|l| l.contains("\"activity\":\"Add user\"")).map_or(0, |n| n + 1);
    assert!(fault.contains(&format!("line {line}: writer ")) && fault.contains("row "), "{fault}");
    let fault = place.verify("", &[]).expect_err("nothing at all");
    assert!(fault.contains("cut off"), "{fault}");
    let missing = place.tenure(&["audit", "verify", "/nowhere/at/all"], false);
    assert_eq!(missing.status.code(), Some(1));
}

#[test]
fn a_killed_server_leaves_a_good_audit_and_the_next_one_seals_the_rest() {
    let place = Place::new();
    let mut server = place.serve();
    server.kill().expect("killed");
    server.wait().expect("gone");
    assert!(place.verify(&place.export(), &[]).is_ok());
    terminate(place.serve());
    let summary = place.verify(&place.export(), &[("--checkpoint-file", &place.path("outside"))]).expect("good");
    assert!(summary.contains(" 0 rows not sealed yet"), "{summary}");
}

#[test]
fn an_older_history_than_the_one_kept_outside_is_found() {
    let place = Place::new();
    terminate(place.serve());
    let old = place.export();
    let person = old.split("\"kind\":\"User\"").next().and_then(|t| t.rsplit("\"id\":\"").next());
    let person = person.and_then(|t| t.get(..36)).expect("the administrator").to_owned();
    let erased = place.tenure(&["audit", "erase", "--person", &person], true);
    assert!(erased.status.success(), "{erased:?}");
    terminate(place.serve());
    let new = place.export();
    assert!(old.contains("anna@example.org") && !new.contains("anna@example.org"), "{new}");
    let outside = place.path("outside");
    assert!(place.verify(&new, &[("--checkpoint-file", &outside)]).is_ok());
    let fault = place.verify(&old, &[("--checkpoint-file", &outside)]).expect_err("sealed rows are missing");
    assert!(fault.contains("was kept outside"), "{fault}");
}

#[test]
fn a_server_does_not_go_on_with_a_history_that_was_kept_otherwise() {
    let place = Place::new();
    terminate(place.serve());
    let outside = fs::read_to_string(place.path("outside")).expect("checkpoints");
    let forged = outside.replacen("\"at\":1", "\"at\":2", 1);
    assert_ne!(forged, outside);
    fs::write(place.path("outside"), forged).expect("written");
    let words = ["serve", "--listen", "127.0.0.1:0", "--insecure-http", "--audit-checkpoint-file"];
    let mut command = place.command(&words, false);
    command.arg(place.path("outside")).arg("--data-dir").arg(place.path("data"));
    let refused = command.output().expect("the program runs");
    assert_eq!(refused.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("which this database does not hold"), "{refused:?}");
}
