//! Metrics, log lines and traces of a running server.

use crate::process::{EM, Server, refusal, run};
use serde_json::Value;
use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::path::Path;
use std::sync::mpsc;
use std::time::Duration;
use tempfile::TempDir;

/// How long a trace may take to arrive: spans wait a second for others.
const TRACE_TIME_MAX: Duration = Duration::from_secs(30);

fn value(metrics: &str, line: &str) -> u64 {
    let found = metrics.lines().find_map(|l| l.strip_prefix(line));
    let found = found.unwrap_or_else(|| panic!("there is no {line} in:\n{metrics}"));
    found.trim().parse().unwrap_or_else(|_| panic!("{line} is no number: {found}"))
}

#[test]
fn metrics_count_requests_by_kind_and_show_no_ids() {
    let folder = TempDir::new().expect("a folder");
    let server = Server::start(folder.path(), &["--metrics-listen", "127.0.0.1:0"]);
    let token = server.token();
    let catalogs = server.list(&format!("{EM}/catalogs"), &token);
    for catalog in &catalogs {
        let id = catalog["id"].as_str().expect("an id");
        assert_eq!(server.call("GET", &format!("{EM}/catalogs/{id}"), &token, &Value::Null).status, 200);
    }
    let made = serde_json::json!({ "displayName": "Counted" });
    assert_eq!(server.call("POST", &format!("{EM}/catalogs"), &token, &made).status, 201);
    assert_eq!(server.call("GET", "/v1.0/nowhere/at/all", &token, &Value::Null).status, 404);
    let metrics = server.metrics();
    let read = "tenure_http_answers_total{route=\"catalogs\",method=\"GET\",status=\"200\"}";
    assert_eq!(value(&metrics, read), 1 + catalogs.len() as u64);
    assert_eq!(value(&metrics, "tenure_http_answers_total{route=\"catalogs\",method=\"POST\",status=\"201\"}"), 1);
    assert_eq!(value(&metrics, "tenure_http_answers_total{route=\"token\",method=\"POST\",status=\"200\"}"), 1);
    assert_eq!(value(&metrics, "tenure_http_answers_total{route=\"none\",method=\"GET\",status=\"404\"}"), 1);
    assert_eq!(
        value(&metrics, "tenure_http_seconds_count{route=\"catalogs\",method=\"GET\"}"),
        1 + catalogs.len() as u64
    );
    assert_eq!(value(&metrics, "tenure_http_tokens_total{known=\"false\"}"), 1);
    assert_eq!(value(&metrics, "tenure_http_tokens_total{known=\"true\"}"), 2 + catalogs.len() as u64);
    assert!(value(&metrics, "tenure_store_commit_use_cases_count") > 0);
    for name in [
        "store_writer_waiting",
        "store_reader_waiting",
        "store_log_bytes",
        "jobs_timers_due",
        "jobs_outbox_due",
        "jobs_grants_due",
        "jobs_outbox_parked",
    ] {
        value(&metrics, &format!("tenure_{name} "));
    }
    for name in ["store_refused", "store_retries", "spans_dropped"] {
        assert_eq!(value(&metrics, &format!("tenure_{name}_total")), 0);
    }
    let id = catalogs[0]["id"].as_str().expect("an id");
    assert!(!metrics.contains(id) && !metrics.contains(server.demo("CLIENT_ID")), "labels are few");
    assert!(metrics.ends_with("# EOF\n"));
    assert_eq!(server.call("GET", "/metrics", &token, &Value::Null).status, 404, "not where clients are served");
    server.stop();
}

#[test]
fn metrics_stay_on_this_machine() {
    let folder = TempDir::new().expect("a folder");
    let data = folder.path().to_str().expect("text");
    let said = refusal(&run(&["serve", "--demo", "--data-dir", data, "--metrics-listen", "0.0.0.0:9464"]));
    assert!(said.contains("--metrics-listen must be on this machine"), "{said}");
}

/// Lists catalogs with a server that logs like that; gives the id of the request, and the log.
fn logged(folder: &Path, more: &[&str]) -> (String, String) {
    let path = folder.join("log");
    let server = Server::start_logging(folder, more, File::create(&path).expect("a file").into());
    let token = server.token();
    let answer = server.call("GET", &format!("{EM}/catalogs"), &token, &Value::Null);
    server.stop();
    let id = answer.header("request-id").expect("an id").to_owned();
    (id, fs::read_to_string(path).expect("the log"))
}

#[test]
fn each_request_is_one_line_when_that_is_asked() {
    let folder = TempDir::new().expect("a folder");
    let (id, log) = logged(folder.path(), &["--log", "info", "--log-format", "json"]);
    let lines: Vec<Value> =
        log.lines().map(|l| serde_json::from_str(l).unwrap_or_else(|_| panic!("no JSON: {l}"))).collect();
    let line = lines.iter().find(|l| l["id"] == id.as_str()).unwrap_or_else(|| panic!("no line of {id}: {log}"));
    for (field, wanted) in [("target", "request"), ("level", "INFO"), ("method", "GET"), ("path", "catalogs")] {
        assert_eq!(line[field], wanted, "{line}");
    }
    assert_eq!(line["status"], 200);
    assert!(line["micros"].is_u64() && line["caller"].as_str().is_some_and(|c| c.len() == 36), "{line}");
    assert!(lines.iter().any(|l| l["path"] == "token" && l["status"] == 200), "{log}");
}

#[test]
fn requests_are_not_logged_unless_that_is_asked() {
    let folder = TempDir::new().expect("a folder");
    let (id, log) = logged(folder.path(), &[]);
    assert!(log.contains("stopping") && !log.contains(&id) && !log.contains("catalogs"), "{log}");
}

#[test]
fn not_even_the_most_talkative_log_of_the_process_quotes_requests() {
    let folder = TempDir::new().expect("a folder");
    let path = folder.path().join("log");
    let log = File::create(&path).expect("a file").into();
    let server = Server::start_logging(folder.path(), &["--log", "debug", "--log-format", "json"], log);
    let token = server.token();
    let user = serde_json::json!({
        "displayName": "Zebrina", "accountEnabled": true, "mailNickname": "zebrina",
        "userPrincipalName": "zebrina@contoso.example", "passwordProfile": { "password": "Canary-1234-Aa" },
    });
    let wrong = serde_json::json!({ "canary": "canary", "displayName": ["canary"] });
    assert_eq!(server.call("POST", "/v1.0/users", &token, &wrong).status, 400);
    assert_eq!(server.call("POST", "/v1.0/users", &token, &user).status, 201);
    assert_eq!(server.call("GET", "/v1.0/users/zebrina@contoso.example", &token, &Value::Null).status, 200);
    assert_eq!(
        server.send("GET", "/canary", &[("Authorization", "Bearer canary"), ("X-Canary", "canary")], "canary").status,
        404
    );
    let secret = server.demo("CLIENT_SECRET").to_owned();
    server.stop();
    let log = fs::read_to_string(path).expect("the log").to_lowercase();
    assert!(log.contains("\"path\":\"users/{}\""), "it does talk: {log}");
    for canary in [
        "canary",
        "zebrina",
        secret.to_lowercase().as_str(),
        token.to_lowercase().rsplit('.').next().expect("a signature"),
    ] {
        assert!(!log.contains(canary), "{canary}: {log}");
    }
}

/// Receives what is posted, and answers that all is well.
fn collector() -> (String, mpsc::Receiver<Value>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = BufReader::new(stream.expect("a connection"));
            let (mut length, mut head, mut line) = (0, String::new(), String::new());
            while stream.read_line(&mut line).is_ok_and(|n| n > 2) {
                let lower = line.to_ascii_lowercase();
                length = lower.strip_prefix("content-length:").map_or(length, |n| n.trim().parse().expect("a length"));
                head += &line;
                line.clear();
            }
            let mut body = vec![0; length];
            stream.read_exact(&mut body).expect("the body");
            let _ = stream.get_mut().write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}");
            assert!(head.starts_with("POST /v1/traces HTTP/1.1"), "{head}");
            if sender.send(serde_json::from_slice(&body).expect("JSON")).is_err() {
                return;
            }
        }
    });
    (format!("http://{address}"), receiver)
}

fn attribute<'s>(span: &'s Value, key: &str) -> Option<&'s Value> {
    let all = span["attributes"].as_array()?;
    all.iter().find(|a| a["key"] == key).map(|a| &a["value"])
}

#[test]
fn a_trace_holds_the_request_its_use_case_and_its_statements() {
    let (endpoint, messages) = collector();
    let folder = TempDir::new().expect("a folder");
    let server = Server::start(folder.path(), &["--otlp-endpoint", &endpoint]);
    let token = server.token();
    let bearer = format!("Bearer {token}");
    let trace = "0af7651916cd43dd8448eb211c80319c";
    let parent = format!("00-{trace}-b7ad6b7169203331-01");
    let headers = [("Authorization", bearer.as_str()), ("traceparent", parent.as_str())];
    let answer = server.send("GET", &format!("{EM}/catalogs"), &headers, "");
    assert_eq!(answer.status, 200);
    let mut spans: Vec<Value> = Vec::new();
    let ours = |spans: &[Value], name: &str| spans.iter().find(|s| s["traceId"] == trace && s["name"] == name).cloned();
    while ours(&spans, "request").is_none() {
        let message = messages.recv_timeout(TRACE_TIME_MAX).expect("a message");
        assert_eq!(message["resourceSpans"][0]["resource"]["attributes"][0]["value"]["stringValue"], "tenure");
        spans.extend(message["resourceSpans"][0]["scopeSpans"][0]["spans"].as_array().expect("spans").iter().cloned());
    }
    let (request, case, batch) = (ours(&spans, "request"), ours(&spans, "use case"), ours(&spans, "database batch"));
    let (request, case, batch) = (request.expect("it"), case.expect("the use case"), batch.expect("the statements"));
    assert_eq!(request["parentSpanId"], "b7ad6b7169203331", "it goes on the caller's trace");
    assert_eq!(case["parentSpanId"], request["spanId"]);
    assert_eq!(batch["parentSpanId"], case["spanId"]);
    assert_eq!(request["kind"], 2);
    assert_eq!(attribute(&request, "http.route"), Some(&serde_json::json!({ "stringValue": "catalogs" })));
    assert_eq!(attribute(&request, "http.response.status_code"), Some(&serde_json::json!({ "intValue": "200" })));
    assert_eq!(
        attribute(&request, "tenure.request_id").map(|v| v["stringValue"].as_str()),
        Some(answer.header("request-id"))
    );
    let nanos = |s: &Value, key: &str| s[key].as_str().and_then(|n| n.parse::<u128>().ok()).expect("nanoseconds");
    assert!(nanos(&request, "startTimeUnixNano") <= nanos(&batch, "startTimeUnixNano"));
    assert!(nanos(&batch, "endTimeUnixNano") <= nanos(&request, "endTimeUnixNano"));
    server.stop();
}

#[test]
fn a_collector_that_is_away_stops_nothing() {
    let folder = TempDir::new().expect("a folder");
    let server = Server::start(folder.path(), &["--otlp-endpoint", "http://127.0.0.1:1"]);
    let token = server.token();
    assert_eq!(server.call("GET", &format!("{EM}/catalogs"), &token, &Value::Null).status, 200);
    server.stop();
}
