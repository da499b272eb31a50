//! The transport of the ceiling: the one that the product's listener has, without TLS.

use crate::failure::{Outcome, While};
use axum::Router;
use axum::body::Body;
use axum::http::Request;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};

const HEAD_TIME_MAX: Duration = Duration::from_secs(75);
const STREAMS_MAX: u32 = 128;

/// Serves until the process ends.
pub async fn serve(port: u16, router: Router) -> Outcome<()> {
    let listener = TcpListener::bind(("127.0.0.1", port)).await.doing("listening")?;
    loop {
        let (stream, _) = listener.accept().await.doing("accepting")?;
        tokio::spawn(speak(stream, router.clone()));
    }
}

async fn speak(stream: TcpStream, router: Router) {
    let _ = stream.set_nodelay(true);
    let service = service_fn(move |request: Request<Incoming>| {
        tower::ServiceExt::oneshot(router.clone(), request.map(Body::new))
    });
    let mut builder = Builder::new(TokioExecutor::new());
    builder.http1().timer(TokioTimer::new()).header_read_timeout(HEAD_TIME_MAX);
    builder.http2().timer(TokioTimer::new()).max_concurrent_streams(STREAMS_MAX);
    // A connection that ends early is the generator's business.
    let _ = builder.serve_connection(TokioIo::new(stream), service).await;
}
