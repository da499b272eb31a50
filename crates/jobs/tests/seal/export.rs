//! What is done to an export.

use crate::world::{Node, verify, verify_pinned, with_fitting_end};
use tenure_auth::audit::{Pin, fingerprint};
use tenure_domain::seal::Hex;
use tenure_testkit::both_databases;
use tenure_testkit::db::{Db, Kind};

/// Seven rows of two nodes, three checkpoints, one row that none covers.
fn sample(db: &Db) -> String {
    let node = Node::first(db);
    for alias in ["ada", "ben", "cleo"] {
        node.person(alias);
    }
    assert_eq!(node.seal(), 1);
    let other = Node::further(db, 2);
    other.person("dora");
    other.person("emil");
    assert_eq!(other.finish(), 1);
    node.person("fred");
    assert_eq!(node.finish(), 1);
    node.person("gina");
    node.export()
}

fn lines(export: &str) -> Vec<String> {
    export.lines().map(ToOwned::to_owned).collect()
}

/// The first letter or figure of the value of a member, another one of the same kind in its place.
fn altered(line: &str, member: &str) -> Option<String> {
    let at = line.find(&format!("\"{member}\":"))? + member.len() + 3;
    let mut bytes = line.as_bytes().to_vec();
    let offset = bytes.iter().skip(at).position(u8::is_ascii_alphanumeric)?;
    let byte = bytes.get_mut(at + offset)?;
    *byte = match *byte {
        b'9' => b'8',
        b'f' => b'e',
        other => other + 1,
    };
    String::from_utf8(bytes).ok()
}

both_databases! {
    fn a_sealed_audit_verifies_and_says_what_is_not_sealed_yet(db) {
        let export = sample(&db);
        let summary = verify(export.as_bytes()).unwrap_or_else(|f| panic!("{f}\n{export}"));
        assert_eq!((summary.rows, summary.checkpoints, summary.unsealed, summary.erased), (7, 3, 1, 0));
        // Each database thread is a writer of its own.
        assert!(summary.writers >= 2, "{summary}");
        let key = summary.key.expect("a key");
        assert!(summary.to_string().ends_with(&fingerprint(&key)), "{summary}");
        assert_eq!(Node::further(&db, 3).export(), export, "an export of the same audit is the same");
    }

    fn every_member_of_every_line_is_covered(db) {
        let lines = lines(&sample(&db));
        let kinds = [
            ("format", vec!["format", "tenant", "publicKey"]),
            ("writer", vec!["writer", "startedAt", "sealed"]),
            ("row", vec!["row", "writer", "id", "event", "activity", "at", "personal", "name", "salt", "digest", "hash"]),
            ("checkpoint", vec!["checkpoint", "at", "previous", "heads", "sequence", "hash", "signature"]),
        ];
        let mut tried = 0;
        for (i, line) in lines.iter().enumerate() {
            let Some((kind, members)) = kinds.iter().find(|(k, _)| line.starts_with(&format!("{{\"{k}\":"))) else {
                assert!(line.starts_with("{\"end\":"), "{line}");
                continue;
            };
            for member in members {
                let mut changed = lines.clone();
                changed[i] = altered(line, member).unwrap_or_else(|| panic!("{member} of {line}"));
                let fault = verify(with_fitting_end(&changed).as_bytes()).expect_err(&changed[i]);
                assert!(!fault.what.contains("the file was changed"), "{member} of {line}: {fault}");
                if *kind == "row" && !["writer"].contains(member) {
                    assert_eq!(fault.line, i as u64 + 1, "{member} of {line}: {fault}");
                    assert!(fault.what.starts_with("writer "), "{fault}");
                }
                tried += 1;
            }
        }
        assert!(tried > 70, "{tried}");
    }

    fn lines_that_are_dropped_doubled_swapped_or_cut_off_are_found(db) {
        let lines = lines(&sample(&db));
        let last = lines.len() - 1;
        // The last row before the end is not sealed: nobody can know that it was there.
        for i in 0..last - 1 {
            let mut dropped = lines.clone();
            let line = dropped.remove(i);
            let fault = verify(with_fitting_end(&dropped).as_bytes()).expect_err(&line);
            assert!(!fault.what.contains("the file was changed"), "{fault}");
        }
        for i in 0..last {
            let mut doubled = lines.clone();
            doubled.insert(i, lines[i].clone());
            assert!(verify(with_fitting_end(&doubled).as_bytes()).is_err(), "{}", lines[i]);
            if i + 1 < last {
                let mut swapped = lines.clone();
                swapped.swap(i, i + 1);
                assert!(verify(with_fitting_end(&swapped).as_bytes()).is_err(), "{}", lines[i]);
            }
            let cut: String = lines[..=i].iter().flat_map(|l| [&l[..], "\n"]).collect();
            let fault = verify(cut.as_bytes()).expect_err("cut off");
            assert!(fault.what.contains("cut off"), "{fault}");
        }
        // Everything after the second checkpoint is gone, and the last line fits: the writers know better.
        let second = lines.iter().position(|l| l.starts_with("{\"checkpoint\":2")).expect("a checkpoint");
        let fault = verify(with_fitting_end(&lines[..=second]).as_bytes()).expect_err("sealed rows are missing");
        assert!(fault.what.contains("its rows are sealed up to"), "{fault}");
        let mut more = lines.clone();
        more.push(lines[last].clone());
        let text: String = more.iter().flat_map(|l| [&l[..], "\n"]).collect();
        assert!(verify(text.as_bytes()).expect_err("two ends").what.contains("after the last"));
    }
}

#[test]
fn a_change_of_any_byte_is_found() {
    let export = sample(&Db::fresh(Kind::Embedded)).into_bytes();
    assert!(verify(&export).is_ok());
    for mask in [0x01, 0x20, 0x80] {
        for i in 0..export.len() {
            let mut changed = export.clone();
            changed[i] ^= mask;
            assert!(verify(&changed).is_err(), "byte {i} xor {mask}");
        }
    }
    for i in [0, 1, export.len() / 2, export.len() - 1] {
        let mut shorter = export.clone();
        shorter.remove(i);
        assert!(verify(&shorter).is_err(), "without byte {i}");
        let mut longer = export.clone();
        longer.insert(i, b' ');
        assert!(verify(&longer).is_err(), "a blank at {i}");
    }
}

#[test]
fn an_expected_key_is_held_to() {
    let export = sample(&Db::fresh(Kind::Embedded));
    let key = verify(export.as_bytes()).ok().and_then(|s| s.key).expect("a key");
    assert!(verify_pinned(export.as_bytes(), Pin::read(&key.to_string())).is_ok());
    let fault = verify_pinned(export.as_bytes(), Some(Pin::Key(Hex([1; 32])))).expect_err("another key");
    assert_eq!(fault.line, 1);
}

#[test]
fn an_unknown_member_is_found() {
    let mut lines = lines(&sample(&Db::fresh(Kind::Embedded)));
    for i in 0..lines.len() {
        let line = lines[i].clone();
        lines[i] = format!("{},\"more\":1}}", line.strip_suffix('}').expect("an object"));
        let text: String = lines.iter().flat_map(|l| [&l[..], "\n"]).collect();
        let fault = verify(text.as_bytes()).expect_err(&lines[i]);
        assert_eq!(fault.line, i as u64 + 1, "{fault}");
        lines[i] = line;
    }
}
