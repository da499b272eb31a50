//! What the fuzzer once found worth keeping is thrown again with every run of the tests, and a little more: each input
//! cut short, and with a byte changed.

#![expect(clippy::print_stdout, reason = "a failure names its input")]

use std::fs;
use std::path::Path;
use tenure_testkit::thrown::TARGETS;

#[test]
fn nothing_in_the_corpus_breaks_what_reads_it() {
    for (target, throw) in TARGETS {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus").join(target);
        let mut inputs: Vec<_> = fs::read_dir(&folder)
            .unwrap_or_else(|e| panic!("{}: {e}", folder.display()))
            .map(|entry| entry.expect("an input").path())
            .collect();
        inputs.sort();
        assert!(inputs.len() >= 20, "{target} has {} inputs", inputs.len());
        for path in inputs {
            let bytes = fs::read(&path).expect("an input");
            println!("{}", path.display());
            throw(&bytes);
            throw(&bytes[..bytes.len() / 2]);
            let mut changed = bytes;
            if let Some(byte) = changed.get_mut(7) {
                *byte ^= 0x20;
            }
            throw(&changed);
        }
    }
}

/// Inputs at the limits: what would grow with the square of its length takes no longer than the rest of the tests.
#[test]
fn long_inputs_are_read_in_time_that_grows_with_their_length() {
    let of = |target: &str| TARGETS.iter().find(|(name, _)| *name == target).expect("a target").1;
    let (path, filter, query, body) = (of("path"), of("filter"), of("query"), of("body"));
    let place = "/v1.0/identityGovernance/entitlementManagement/assignments\n";
    let long = |unit: &str, bytes: usize| unit.repeat(bytes / unit.len());
    let url = 64 << 10;
    for unit in ["/x", "/users", "(", "'", "%27", "a='x',", "/users(a='x',"] {
        path(long(unit, url).as_bytes());
    }
    path(format!("/users/filterByCurrentUser({})", long("a='x',", url)).as_bytes());
    for unit in ["(", "not ", "a/", "id eq '1' or ", "'", "1,", "manager/manager/", "contains(", "x/any(x:", "é"] {
        filter(format!("{place}{}", long(unit, url)).as_bytes());
        filter(format!("{place}id in ({}", long(unit, url)).as_bytes());
    }
    let expand = format!("*($filter={})", long("state eq 'x' or ", url / 2));
    for text in [
        long("$expand=", url),
        format!("$expand={}", long("target,", url)),
        format!("$expand={}", long("target(", url)),
        format!("$expand=*({expand};$expand=*({expand}))"),
        format!("$select={}", long("id,", url)),
        format!("$orderby={}", long("id,", url)),
        format!("$search={}", long("a ", url)),
        format!("$search=\"{}\"", long("a ", url)),
        long("@p=1&", url),
        long("x=1&", url),
        long("$top=1&", url),
        format!("$filter={}", long("%28", url)),
    ] {
        query(format!("{place}{text}").as_bytes());
    }
    let large = 4 << 20;
    body(long("[", large).as_bytes());
    body(format!("[{}1]", long("1,", large)).as_bytes());
    body(format!("{{\"questions\":[{}{{}}]}}", long("{},", large)).as_bytes());
    let members = (0..200_000).map(|n| format!("\"member{n}\":1,")).collect::<Vec<_>>().concat();
    body(format!("{{{members}\"x\":1}}").as_bytes());
    body(
        format!(
            "{{\"requests\":[{{\"id\":\"1\",\"method\":\"GET\",\"url\":\"/\",\"headers\":{{{members}\"x\":1}}}}]}}"
        )
        .as_bytes(),
    );
    body(format!("{{\"description\":\"{}\"}}", long("\\u00e9", large)).as_bytes());
    body(format!("{{\"ids\":[{}\"x\"]}}", long("\"00000000-0000-0000-0000-000000000000\",", large)).as_bytes());
}
