//! The listener: accepts, speaks TLS and HTTP, and lets what is under way finish. No client can hold it up: heads,
//! handshakes and answers have their time, peers that are gone are noticed, and everything a connection may hold is
//! bounded.

mod traffic;

use crate::failure::{Outcome, While};
use crate::handles;
use axum::Router;
use axum::body::Body;
use axum::http::Request;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use rustix::net::sockopt;
use rustls::ServerConfig;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tenure_api::Peer;
use tenure_domain::limits;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio_rustls::TlsAcceptor;
use traffic::{Metered, Traffic};

/// Pause after the system could not give us a connection, for example for want of file handles.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// What clients may take and how long. The product has one set; tests have shorter times.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Connections that are open at once; more wait to be accepted.
    pub connections: usize,
    /// For the TLS handshake.
    pub handshake_time: Duration,
    /// For the head of a request; also how long an idle connection is kept.
    pub head_time: Duration,
    /// Bytes that a client must take of its answers in the time of a head.
    pub taken_bytes_min: u64,
    /// That requests under way have after the stop.
    pub drain_time: Duration,
}

impl Limits {
    /// Those of the product, with as many connections as this process may have files.
    pub fn of_this_process() -> Self {
        Self {
            connections: handles::connections(),
            handshake_time: Duration::from_secs(limits::HANDSHAKE_TIME_MAX_SECONDS),
            head_time: Duration::from_secs(limits::HEAD_TIME_MAX_SECONDS),
            taken_bytes_min: limits::TAKEN_BYTES_MIN,
            drain_time: Duration::from_secs(limits::DRAIN_TIME_MAX_SECONDS),
        }
    }
}

/// Binds the address.
pub fn bind(address: SocketAddr) -> Outcome<std::net::TcpListener> {
    let bound = std::net::TcpListener::bind(address).and_then(|listener| {
        // The standard library lets only 128 wait: said once more, with our number.
        rustix::net::listen(&listener, limits::CONNECTIONS_WAITING_MAX)?;
        listener.set_nonblocking(true)?;
        Ok(listener)
    });
    bound.doing(format!("listening on {address}"))
}

/// Serves until `stop` says so, then waits for what is under way.
pub async fn run(
    listener: std::net::TcpListener,
    tls: Option<Arc<ServerConfig>>,
    router: Router,
    stop: watch::Receiver<bool>,
) -> Outcome<()> {
    run_within(Limits::of_this_process(), listener, tls, router, stop).await
}

async fn run_within(
    limits: Limits,
    listener: std::net::TcpListener,
    tls: Option<Arc<ServerConfig>>,
    router: Router,
    mut stop: watch::Receiver<bool>,
) -> Outcome<()> {
    let listener = TcpListener::from_std(listener).doing("listening")?;
    let acceptor = tls.map(TlsAcceptor::from);
    let connections = Arc::new(Semaphore::new(limits.connections));
    let mut pause = tokio::time::interval(ACCEPT_PAUSE);
    while !*stop.borrow() {
        let accepted = tokio::select! {
            accepted = accept(&listener, &connections) => accepted,
            _ = stop.changed() => break,
        };
        let Some((stream, peer, permit)) = accepted else {
            pause.reset();
            pause.tick().await;
            continue;
        };
        let (acceptor, router, stop) = (acceptor.clone(), router.clone(), stop.clone());
        tokio::spawn(async move {
            let _permit = permit;
            serve(limits, (stream, peer), acceptor, router, stop).await;
        });
    }
    drop(listener);
    // Every connection holds a permit: once all are back, all have ended.
    let all = u32::try_from(limits.connections).unwrap_or(u32::MAX);
    if tokio::time::timeout(limits.drain_time, connections.acquire_many(all)).await.is_err() {
        tracing::warn!("some requests did not end in time and were cut off");
    }
    Ok(())
}

type Accepted = (TcpStream, SocketAddr, tokio::sync::OwnedSemaphorePermit);

async fn accept(listener: &TcpListener, connections: &Arc<Semaphore>) -> Option<Accepted> {
    // The semaphore is never closed.
    let permit = connections.clone().acquire_owned().await.ok()?;
    match listener.accept().await {
        Ok((stream, peer)) => Some((stream, peer, permit)),
        Err(error) => {
            tracing::warn!(%error, "a connection could not be accepted");
            None
        }
    }
}

/// Has the system ask a silent peer whether it is still there: one that lost its power says no goodbye.
fn watch_over(stream: &TcpStream) {
    let seconds = |n: u32| Duration::from_secs(n.into());
    let set = sockopt::set_socket_keepalive(stream, true)
        .and_then(|()| sockopt::set_tcp_keepidle(stream, seconds(limits::KEEPALIVE_IDLE_SECONDS)))
        .and_then(|()| sockopt::set_tcp_keepintvl(stream, seconds(limits::KEEPALIVE_INTERVAL_SECONDS)))
        .and_then(|()| sockopt::set_tcp_keepcnt(stream, limits::KEEPALIVE_PROBES_MAX));
    if let Err(error) = set {
        tracing::debug!(%error, "a connection cannot be watched over");
    }
}

async fn serve(
    limits: Limits,
    (stream, peer): (TcpStream, SocketAddr),
    tls: Option<TlsAcceptor>,
    router: Router,
    mut stop: watch::Receiver<bool>,
) {
    // Answers are whole when they are written: waiting for more only delays them.
    let _ = stream.set_nodelay(true);
    watch_over(&stream);
    let Some(acceptor) = tls else { return speak(limits, (stream, peer), router, stop).await };
    let shaken = tokio::select! {
        shaken = tokio::time::timeout(limits.handshake_time, acceptor.accept(stream)) => shaken,
        _ = stop.wait_for(|stopped| *stopped) => return,
    };
    match shaken {
        Ok(Ok(stream)) => speak(limits, (stream, peer), router, stop).await,
        Ok(Err(error)) => tracing::debug!(%error, "a TLS handshake failed"),
        Err(_) => tracing::debug!("a TLS handshake took too long"),
    }
}

fn protocol(limits: Limits) -> Builder<TokioExecutor> {
    let mut builder = Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.head_time)
        .max_headers(limits::HEADERS_MAX)
        .max_buf_size(limits::HEAD_BYTES_MAX);
    builder
        .http2()
        .timer(TokioTimer::new())
        .keep_alive_interval(limits.head_time)
        .max_concurrent_streams(limits::STREAMS_MAX)
        .max_header_list_size(u32::try_from(limits::HEAD_BYTES_MAX).unwrap_or(u32::MAX))
        .max_pending_accept_reset_streams(limits::RESET_STREAMS_MAX)
        .max_local_error_reset_streams(limits::RESET_STREAMS_MAX)
        .max_send_buf_size(limits::STREAM_SEND_BYTES_MAX);
    builder
}

/// Serves one connection to its end. One on which nothing moves for the time of a head is asked to end, and cut off when
/// it has not by the next look: silent ones, and those whose client takes no answer.
async fn speak<S>(limits: Limits, (stream, peer): (S, SocketAddr), router: Router, mut stop: watch::Receiver<bool>)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let traffic = Arc::new(Traffic::default());
    let seen = traffic.clone();
    let service = service_fn(move |request: Request<Incoming>| {
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(Peer(peer.ip()));
        let (begun, answer) = (seen.begin(), tower::ServiceExt::oneshot(router.clone(), request));
        async move {
            let answer = answer.await;
            drop(begun);
            answer
        }
    });
    let builder = protocol(limits);
    let connection = builder.serve_connection(TokioIo::new(Metered::new(stream, traffic.clone())), service);
    tokio::pin!(connection);
    let mut look = tokio::time::interval(limits.head_time);
    look.reset();
    let mut before = traffic.now();
    let mut is_ending = false;
    loop {
        tokio::select! {
            ended = connection.as_mut() => {
                if let Err(error) = ended {
                    tracing::debug!(%error, "a connection ended early");
                }
                return;
            }
            _ = stop.wait_for(|stopped| *stopped), if !is_ending => is_ending = true,
            _ = look.tick() => {
                let now = traffic.now();
                if now.moved_since(&before, limits.taken_bytes_min) {
                    before = now;
                    continue;
                }
                if is_ending {
                    tracing::debug!("a connection that does not end was cut off");
                    return;
                }
                is_ending = true;
            }
        }
        connection.as_mut().graceful_shutdown();
    }
}

#[cfg(test)]
mod tests;
