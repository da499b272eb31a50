//! Bodies of requests: bounded one by one, bounded all together, and sent in time. Memory is what a stranger can take
//! without a token, so that it is counted here before anything else looks at a request.

use crate::error::Failure;
use axum::body::{Body, HttpBody};
use axum::http::StatusCode;
use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The bytes that all bodies may hold at once.
#[derive(Clone, Debug)]
pub struct Bodies(Arc<Semaphore>);

/// A body, and its share of all bodies: kept as long as its request is under way.
#[derive(Debug)]
pub struct Held {
    /// The body.
    pub bytes: Bytes,
    _share: Option<OwnedSemaphorePermit>,
}

impl Bodies {
    /// So many bytes at most.
    pub fn new(bytes_max: usize) -> Self {
        Self(Arc::new(Semaphore::new(bytes_max)))
    }

    /// Reads a body of at most `max` bytes to its end within `time`.
    pub async fn read(&self, body: Body, max: usize, time: Duration) -> Result<Held, Failure> {
        tokio::time::timeout(time, self.collect(body, max)).await.unwrap_or_else(|_| {
            let message = format!("the body was not sent within {} seconds", time.as_secs());
            Err(Failure::new(StatusCode::REQUEST_TIMEOUT, "RequestTimeout", message))
        })
    }

    async fn collect(&self, mut body: Body, max: usize) -> Result<Held, Failure> {
        let too_large = || {
            let message = format!("the body is longer than {max} bytes");
            Err(Failure::new(StatusCode::PAYLOAD_TOO_LARGE, "PayloadTooLarge", message))
        };
        if body.size_hint().lower() > max as u64 {
            return too_large();
        }
        let (mut bytes, mut share): (BytesMut, Option<OwnedSemaphorePermit>) = (BytesMut::new(), None);
        while let Some(frame) = body.frame().await {
            let frame = frame.map_err(|_| Failure::model("", "the body could not be read to its end"))?;
            let Ok(data) = frame.into_data() else { continue };
            if bytes.len() + data.len() > max {
                return too_large();
            }
            let more = self.share(data.len())?;
            match &mut share {
                Some(share) => share.merge(more),
                None => share = Some(more),
            }
            bytes.extend_from_slice(&data);
        }
        Ok(Held { bytes: bytes.freeze(), _share: share })
    }

    /// Never waits: who waits for bytes holds some, and all could wait for each other.
    fn share(&self, bytes: usize) -> Result<OwnedSemaphorePermit, Failure> {
        let full = || Failure::unavailable("the server reads too many bodies now; nothing was done, try again");
        let bytes = u32::try_from(bytes).map_err(|_| full())?;
        self.0.clone().try_acquire_many_owned(bytes).map_err(|_| full())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::StreamExt;
    use futures_util::stream::{iter, pending};

    const SOON: Duration = Duration::from_millis(1);
    const LATER: Duration = Duration::from_mins(1);

    fn status(read: Result<Held, Failure>) -> Result<usize, u16> {
        read.map(|held| held.bytes.len()).map_err(|failure| failure.status().as_u16())
    }

    /// A body of unknown length in pieces of one byte.
    fn pieces(bytes: usize) -> Body {
        Body::from_stream(iter((0..bytes).map(|_| Ok::<_, std::io::Error>(Bytes::from_static(b"x")))))
    }

    fn run<T>(work: impl Future<Output = T>) -> std::io::Result<T> {
        Ok(tokio::runtime::Builder::new_current_thread().enable_time().build()?.block_on(work))
    }

    #[test]
    fn one_body_is_bounded_whether_it_says_its_length_or_not() -> std::io::Result<()> {
        run(async {
            let bodies = Bodies::new(100);
            assert_eq!(status(bodies.read(Body::from("12345678"), 8, LATER).await), Ok(8));
            assert_eq!(status(bodies.read(Body::from("123456789"), 8, LATER).await), Err(413));
            assert_eq!(status(bodies.read(pieces(8), 8, LATER).await), Ok(8));
            assert_eq!(status(bodies.read(pieces(9), 8, LATER).await), Err(413));
        })
    }

    #[test]
    fn all_bodies_are_bounded_and_give_back_what_they_held() -> std::io::Result<()> {
        run(async {
            let bodies = Bodies::new(10);
            let first = bodies.read(pieces(6), 8, LATER).await;
            assert!(first.is_ok());
            assert_eq!(status(bodies.read(pieces(4), 8, LATER).await), Ok(4));
            assert_eq!(status(bodies.read(pieces(5), 8, LATER).await), Err(503));
            assert_eq!(status(bodies.read(pieces(4), 8, LATER).await), Ok(4), "what was refused holds nothing");
            drop(first);
            assert_eq!(status(bodies.read(pieces(8), 8, LATER).await), Ok(8));
        })
    }

    #[test]
    fn a_body_that_does_not_come_ends_the_request() -> std::io::Result<()> {
        run(async {
            let bodies = Bodies::new(10);
            let begun = iter([Ok::<_, std::io::Error>(Bytes::from_static(b"half"))]).chain(pending());
            assert_eq!(status(bodies.read(Body::from_stream(begun), 8, SOON).await), Err(408));
            assert_eq!(status(bodies.read(pieces(8), 8, LATER).await), Ok(8), "it holds nothing any more");
        })
    }
}
