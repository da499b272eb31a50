//! Real sockets against the listener, with short times: whatever a client does or leaves undone, it is let go of.

#![expect(clippy::indexing_slicing, reason = "frames are taken apart where their length is known")]

use super::*;
use axum::routing::get;
use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream as Client};
use std::sync::mpsc;
use std::thread::JoinHandle;
use std::time::Instant;

/// Longer than any test here may wait for something.
const LATER: Duration = Duration::from_secs(20);
const SHORT: Duration = Duration::from_millis(200);
/// More than the buffers of two sockets hold.
const LARGE_BYTES: usize = 32 << 20;

const QUICK: Limits = Limits {
    connections: 64,
    handshake_time: SHORT,
    head_time: SHORT,
    taken_bytes_min: limits::TAKEN_BYTES_MIN,
    drain_time: SHORT,
};

/// A listener on a port of its own.
struct Served {
    address: SocketAddr,
    stop: watch::Sender<bool>,
    thread: Option<JoinHandle<Outcome<()>>>,
}

fn router() -> Router {
    Router::new()
        .route("/", get(|| async { "here\n" }))
        .route("/large", get(|| async { "x".repeat(LARGE_BYTES) }))
        .route("/never", get(std::future::pending::<&'static str>))
}

fn serve_within(limits: Limits, tls: Option<Arc<ServerConfig>>) -> Served {
    let listener = bind(SocketAddr::from(([127, 0, 0, 1], 0))).unwrap_or_else(|e| unreachable!("{e}"));
    let address = listener.local_addr().unwrap_or_else(|e| unreachable!("{e}"));
    let (stop, stopped) = watch::channel(false);
    let thread = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
        let runtime = runtime.doing("starting")?;
        let served = runtime.block_on(run_within(limits, listener, tls, router(), stopped));
        runtime.shutdown_background();
        served
    });
    Served { address, stop, thread: Some(thread) }
}

impl Served {
    fn connect(&self) -> Client {
        let client = Client::connect(self.address).unwrap_or_else(|e| unreachable!("{e}"));
        client.set_read_timeout(Some(LATER)).unwrap_or_else(|e| unreachable!("{e}"));
        client
    }

    fn send(&self, bytes: &[u8]) -> Client {
        let mut client = self.connect();
        client.write_all(bytes).unwrap_or_else(|e| unreachable!("{e}"));
        client
    }

    /// Stops; gives how long that took.
    fn stop(mut self) -> Duration {
        let started = Instant::now();
        let _ = self.stop.send(true);
        let ended = self.thread.take().map(JoinHandle::join);
        assert!(matches!(ended, Some(Ok(Ok(())))), "it stops without a fault");
        started.elapsed()
    }
}

/// Everything until the other side closes, or breaks the connection off; a failure when it does neither.
fn rest(mut client: &Client) -> Vec<u8> {
    let mut bytes = Vec::new();
    if let Err(error) = client.read_to_end(&mut bytes) {
        assert!(error.kind() == ErrorKind::ConnectionReset, "the connection stays open: {error}");
    }
    bytes
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

const GET: &[u8] = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";

fn is_served(served: &Served) -> bool {
    let client = served.send(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    text(&rest(&client)).starts_with("HTTP/1.1 200")
}

#[test]
fn who_says_nothing_or_half_is_let_go() {
    let served = serve_within(QUICK, None);
    let halves: [&[u8]; 6] =
        [b"", b"G", b"GET / HTTP/1.1\r\nHost: local", b"PRI ", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", GET];
    let clients: Vec<Client> = halves.iter().map(|half| served.send(half)).collect();
    for (client, half) in clients.iter().zip(halves) {
        let answer = rest(client);
        assert_eq!(text(&answer).contains("here"), half == GET, "{half:?}");
    }
    assert!(is_served(&served));
}

#[test]
fn who_sends_his_head_byte_by_byte_is_let_go() {
    let served = serve_within(QUICK, None);
    let client = served.connect();
    let mut writer = client.try_clone().unwrap_or_else(|e| unreachable!("{e}"));
    let (tell, gone) = mpsc::channel::<()>();
    let dripping = std::thread::spawn(move || {
        let endless = b"GET / HTTP/1.1\r\nX: ".iter().chain(std::iter::repeat(&b'x'));
        for byte in endless {
            let heard = gone.recv_timeout(SHORT / 20);
            if !matches!(heard, Err(mpsc::RecvTimeoutError::Timeout)) || writer.write_all(&[*byte]).is_err() {
                return;
            }
        }
    });
    assert_eq!(text(&rest(&client)), "");
    drop(tell);
    let _ = client.shutdown(Shutdown::Both);
    assert!(dripping.join().is_ok());
}

#[test]
fn heads_are_bounded_in_bytes_and_in_headers() {
    let served = serve_within(QUICK, None);
    let with = |headers: String| {
        let head = format!("GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{headers}\r\n");
        text(&rest(&served.send(head.as_bytes()))).lines().next().unwrap_or_default().to_owned()
    };
    let many = |n: usize| (0..n).map(|i| format!("x-{i}: y\r\n")).collect::<Vec<_>>().concat();
    assert_eq!(with(many(limits::HEADERS_MAX - 2)), "HTTP/1.1 200 OK", "two are there already");
    assert_eq!(with(many(limits::HEADERS_MAX - 1)), "HTTP/1.1 431 Request Header Fields Too Large");
    let long = |n: usize| format!("x: {}\r\n", "y".repeat(n));
    assert_eq!(with(long(limits::HEAD_BYTES_MAX / 2)), "HTTP/1.1 200 OK");
    assert_eq!(with(long(limits::HEAD_BYTES_MAX)), "HTTP/1.1 431 Request Header Fields Too Large");
}

#[test]
fn who_takes_no_answer_is_let_go() {
    let served = serve_within(Limits { connections: 1, ..QUICK }, None);
    let quick = served.send(b"GET /large HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    assert!(rest(&quick).len() > LARGE_BYTES, "who reads gets all of it");
    let idle = served.send(b"GET /large HTTP/1.1\r\nHost: localhost\r\n\r\n");
    // There is one place: somebody else is served when the listener has let go of this one, although nobody reads.
    assert!(is_served(&served));
    assert!(rest(&idle).len() < LARGE_BYTES, "it was cut off");
}

#[test]
fn a_tls_handshake_has_its_time() {
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap_or_else(|e| unreachable!("{e}"));
    let key = rustls::pki_types::PrivateKeyDer::try_from(made.signing_key.serialize_der());
    let config = ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key.unwrap_or_else(|e| unreachable!("{e}")));
    let served = serve_within(QUICK, Some(Arc::new(config.unwrap_or_else(|e| unreachable!("{e}")))));
    for half in [&b""[..], b"\x16\x03\x01", b"GET / HTTP/1.1\r\n\r\n"] {
        let client = served.send(half);
        assert!(!text(&rest(&client)).contains("HTTP"), "{half:?}");
    }
}

#[test]
fn connections_wait_for_a_place() {
    let served = serve_within(Limits { connections: 2, head_time: LATER, ..QUICK }, None);
    let (first, second) = (served.send(GET), served.send(GET));
    for client in [&first, &second] {
        let mut answer = [0; 12];
        let read = (&*client).read_exact(&mut answer);
        assert!(read.is_ok() && answer == *b"HTTP/1.1 200");
    }
    let third = served.send(GET);
    third.set_read_timeout(Some(SHORT)).unwrap_or_else(|e| unreachable!("{e}"));
    let mut answer = [0; 12];
    assert!((&third).read(&mut answer).is_err(), "two places are taken");
    drop(first);
    third.set_read_timeout(Some(LATER)).unwrap_or_else(|e| unreachable!("{e}"));
    assert!((&third).read_exact(&mut answer).is_ok() && answer == *b"HTTP/1.1 200");
    drop(second);
}

#[test]
fn no_client_holds_up_the_stop() {
    let served = serve_within(Limits { head_time: LATER, handshake_time: LATER, ..QUICK }, None);
    let halves: [&[u8]; 6] = [
        b"",
        b"GET / HTTP/1.1\r\nHost",
        b"PRI ",
        GET,
        b"GET /never HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET /large HTTP/1.1\r\nHost: localhost\r\n\r\n",
    ];
    let clients: Vec<Client> = halves.iter().map(|half| served.send(half)).collect();
    assert!(is_served(&served), "all others were accepted before this one");
    let took = served.stop();
    assert!(took < QUICK.drain_time + LATER / 2, "{took:?}");
    drop(clients);
}

/// The beginning of HTTP/2: the preface and empty settings.
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";
/// `GET /` of `http://localhost`, in the words of the static table.
const GET_FIELDS: &[u8] = b"\x82\x86\x84\x41\x09localhost";

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap_or(u32::MAX).to_be_bytes();
    let mut frame = length[1..].to_vec();
    frame.extend([kind, flags]);
    frame.extend(stream.to_be_bytes());
    frame.extend(payload);
    frame
}

/// The frames that come back until the other side closes: kind, flags, and payload.
fn frames(bytes: &[u8]) -> Vec<(u8, u8, Vec<u8>)> {
    let (mut all, mut left) = (Vec::new(), bytes);
    while let Some((head, tail)) = left.split_first_chunk::<9>() {
        let length = usize::from(head[0]) << 16 | usize::from(head[1]) << 8 | usize::from(head[2]);
        let (payload, after) = tail.split_at(length.min(tail.len()));
        all.push((head[3], head[4], payload.to_vec()));
        left = after;
    }
    all
}

const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const GOAWAY: u8 = 7;

#[test]
fn the_limits_of_http_2_are_told() {
    let served = serve_within(QUICK, None);
    let client = served.send(PREFACE);
    let all = frames(&rest(&client));
    let settings = all.iter().find(|(kind, flags, _)| *kind == SETTINGS && *flags == 0).map(|f| f.2.clone());
    let told: Vec<(u16, u32)> = settings
        .unwrap_or_default()
        .chunks_exact(6)
        .map(|c| (u16::from_be_bytes([c[0], c[1]]), u32::from_be_bytes([c[2], c[3], c[4], c[5]])))
        .collect();
    assert!(told.contains(&(3, limits::STREAMS_MAX)), "{told:?}");
    assert!(told.contains(&(6, u32::try_from(limits::HEAD_BYTES_MAX).unwrap_or(0))), "{told:?}");
    assert!(all.iter().any(|(kind, ..)| *kind == GOAWAY), "an idle connection is asked to end");
}

#[test]
fn requests_that_are_taken_back_again_and_again_end_the_connection() {
    let served = serve_within(Limits { head_time: LATER, ..QUICK }, None);
    let client = served.send(PREFACE);
    let mut writer = &client;
    let begun = u32::try_from(limits::RESET_STREAMS_MAX).unwrap_or(0) * 40;
    let mut burst = Vec::new();
    for n in 0..begun {
        burst.extend(frame(HEADERS, 0x05, 2 * n + 1, GET_FIELDS));
        burst.extend(frame(RST_STREAM, 0, 2 * n + 1, &8_u32.to_be_bytes()));
    }
    // The other side may close before it has read all of it.
    let _ = writer.write_all(&burst);
    let last = frames(&rest(&client)).into_iter().rfind(|(kind, ..)| *kind == GOAWAY);
    let reason = last.and_then(|(_, _, payload)| payload.get(4..8).map(<[u8]>::to_vec));
    // A peer that goes on writing may meet a reset before it has read why.
    assert!(reason.is_none_or(|code| code == 11_u32.to_be_bytes()), "ENHANCE_YOUR_CALM");
    assert!(is_served(&served), "others are served");
}

#[test]
fn streams_beyond_the_limit_are_refused_and_the_others_go_on() {
    let served = serve_within(Limits { drain_time: LATER, head_time: LATER, ..QUICK }, None);
    let client = served.send(PREFACE);
    let mut writer = &client;
    // `/never`, spelt out.
    let fields = b"\x82\x86\x04\x06/never\x41\x09localhost";
    for n in 0..=limits::STREAMS_MAX {
        let sent = writer.write_all(&frame(HEADERS, 0x05, 2 * n + 1, fields));
        assert!(sent.is_ok());
    }
    let mut bytes = Vec::new();
    let mut piece = [0; 4_096];
    let refused = loop {
        let read = (&client).read(&mut piece).unwrap_or(0);
        assert!(read > 0, "nothing was refused");
        bytes.extend(&piece[..read]);
        if let Some((_, _, code)) = frames(&bytes).into_iter().find(|(kind, ..)| *kind == RST_STREAM) {
            break code;
        }
    };
    assert_eq!(refused, 7_u32.to_be_bytes(), "REFUSED_STREAM: it may be sent again");
}

#[test]
fn the_system_watches_over_silent_peers() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.unwrap_or_else(|e| unreachable!("{e}")).block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap_or_else(|e| unreachable!("{e}"));
        let address = listener.local_addr().unwrap_or_else(|e| unreachable!("{e}"));
        let stream = TcpStream::connect(address).await.unwrap_or_else(|e| unreachable!("{e}"));
        watch_over(&stream);
        assert_eq!(sockopt::socket_keepalive(&stream), Ok(true));
        let seconds = |n: u32| Ok(Duration::from_secs(n.into()));
        assert_eq!(sockopt::tcp_keepidle(&stream), seconds(limits::KEEPALIVE_IDLE_SECONDS));
        assert_eq!(sockopt::tcp_keepintvl(&stream), seconds(limits::KEEPALIVE_INTERVAL_SECONDS));
        assert_eq!(sockopt::tcp_keepcnt(&stream), Ok(limits::KEEPALIVE_PROBES_MAX));
    });
}
