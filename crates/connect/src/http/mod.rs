//! The one way out by HTTP (decisions.md K9). An address may come from a catalog owner or from another system, so it is
//! not trusted: https only, no redirects, the name resolved once, every address checked, and the connection made to the
//! address that was checked. What comes back is bounded in bytes and in time.

mod address;

pub use address::{BadNetwork, Network};

use address::is_public;
use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::client::conn::http1;
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HOST, HeaderName, HeaderValue};
use hyper::http::uri::Scheme;
use hyper::{Method, Uri};
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
pub use rustls::RootCertStore;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use std::future::Future;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;
use tenure_domain::limits::{OUTBOUND_ADDRESSES_MAX, OUTBOUND_BODY_MAX_BYTES, OUTBOUND_TIME_MAX_SECONDS};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

/// Where requests may go.
#[derive(Clone, Debug, Default)]
pub struct Rules {
    /// Networks that are reached although they are not public, named by the operator.
    pub allow: Vec<Network>,
    /// Loopback, and plain HTTP there: in a demo only (decisions.md Q6).
    pub loopback: bool,
}

/// What is asked.
#[derive(Clone, Debug)]
pub struct Request {
    /// GET, POST, …
    pub method: Method,
    /// Where: a whole URL.
    pub url: String,
    /// Headers.
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// The body; nothing for GET.
    pub body: Bytes,
}

impl Request {
    /// A form that is posted; without one the address is only read.
    pub fn of_form(url: String, form: Option<String>, authorization: Option<String>) -> Self {
        let method = if form.is_some() { Method::POST } else { Method::GET };
        let kind = form.as_ref().map(|_| HeaderValue::from_static("application/x-www-form-urlencoded"));
        let secret = authorization.and_then(|a| HeaderValue::from_str(&a).ok());
        let headers = kind.map(|k| (CONTENT_TYPE, k)).into_iter().chain(secret.map(|s| (AUTHORIZATION, s)));
        Self { method, url, headers: headers.collect(), body: form.unwrap_or_default().into() }
    }
}

/// What was answered: any status, redirects too, which are not followed.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The body.
    pub body: Bytes,
}

/// Why there is no answer. None of it repeats what the other side said.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// The text is no URL we could ask.
    #[error("the address is not an https URL without user name and password")]
    Url,
    /// Plain HTTP where it is not allowed.
    #[error("the address must begin with https://")]
    NotHttps,
    /// No such name.
    #[error("the host name cannot be resolved")]
    Unresolved,
    /// Every address of the name is in a range that is not asked.
    #[error("the host is at {0}, in a range that is not asked; list it under outbound.allow if it must be")]
    Forbidden(IpAddr),
    /// Nobody listens there.
    #[error("the host cannot be reached")]
    Unreachable,
    /// The certificate is not good for the name.
    #[error("the certificate of the host is not trusted, or is for another name")]
    Certificate,
    /// Too long.
    #[error("the answer is longer than {OUTBOUND_BODY_MAX_BYTES} bytes")]
    TooLong,
    /// Too slow.
    #[error("the answer took longer than {OUTBOUND_TIME_MAX_SECONDS} seconds")]
    TooSlow,
    /// It is not HTTP, or breaks off.
    #[error("the answer is not HTTP or breaks off")]
    Broken,
}

/// The addresses of a name, to be awaited.
type Addresses = Pin<Box<dyn Future<Output = io::Result<Vec<SocketAddr>>> + Send>>;
type Resolve = Arc<dyn Fn(String, u16) -> Addresses + Send + Sync>;

/// Asks other systems.
#[derive(Clone)]
pub struct Client {
    rules: Arc<Rules>,
    tls: Arc<ClientConfig>,
    resolve: Resolve,
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client").field("rules", &self.rules).finish_non_exhaustive()
    }
}

/// The certificate authorities of the operating system.
pub fn system_roots() -> RootCertStore {
    let mut roots = RootCertStore::empty();
    let found = rustls_native_certs::load_native_certs();
    // One that cannot be read is no reason to trust none.
    roots.add_parsable_certificates(found.certs);
    roots
}

/// Adds the certificates of a PEM text; gives how many there are.
pub fn add_roots(roots: &mut RootCertStore, pem: &[u8]) -> usize {
    let certificates: Vec<CertificateDer<'static>> = CertificateDer::pem_slice_iter(pem).flatten().collect();
    roots.add_parsable_certificates(certificates).0
}

impl Client {
    /// A client that trusts these authorities. The error is one of the cryptographic provider.
    pub fn new(rules: Rules, roots: RootCertStore) -> Result<Self, rustls::Error> {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let tls = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_no_client_auth();
        let resolve: Resolve = Arc::new(|host, port| {
            Box::pin(async move { Ok(tokio::net::lookup_host((host.as_str(), port)).await?.collect()) })
        });
        Ok(Self { rules: Arc::new(rules), tls: Arc::new(tls), resolve })
    }

    /// Asks, and reads the whole answer.
    pub async fn send(&self, request: Request) -> Result<Answer, Failure> {
        let time = Duration::from_secs(OUTBOUND_TIME_MAX_SECONDS);
        tokio::time::timeout(time, self.ask(request)).await.unwrap_or(Err(Failure::TooSlow))
    }

    async fn ask(&self, request: Request) -> Result<Answer, Failure> {
        let place = Place::of(&request.url)?;
        let stream = self.connect(&place).await?;
        if place.is_plain {
            return speak(stream, &place, request).await;
        }
        let name = ServerName::try_from(place.host.clone()).map_err(|_| Failure::Url)?;
        let connected = TlsConnector::from(self.tls.clone()).connect(name, stream).await;
        speak(connected.map_err(|_| Failure::Certificate)?, &place, request).await
    }

    /// A connection to an address that was checked; the name is not looked at again.
    async fn connect(&self, place: &Place) -> Result<TcpStream, Failure> {
        let found = (self.resolve)(place.host.clone(), place.port).await.map_err(|_| Failure::Unresolved)?;
        let first = found.first().ok_or(Failure::Unresolved)?.ip();
        let mut failure = Failure::Forbidden(first);
        for address in found.iter().filter(|a| self.may_ask(a.ip(), place.is_plain)).take(OUTBOUND_ADDRESSES_MAX) {
            match TcpStream::connect(address).await {
                Ok(stream) => return Ok(stream),
                Err(_) => failure = Failure::Unreachable,
            }
        }
        if place.is_plain && matches!(failure, Failure::Forbidden(_)) { Err(Failure::NotHttps) } else { Err(failure) }
    }

    fn may_ask(&self, ip: IpAddr, is_plain: bool) -> bool {
        let ip = ip.to_canonical();
        let loopback = self.rules.loopback && ip.is_loopback();
        if is_plain {
            return loopback;
        }
        loopback || is_public(ip) || self.rules.allow.iter().any(|n| n.contains(ip))
    }
}

/// Where a URL leads.
#[derive(Debug, PartialEq, Eq)]
struct Place {
    is_plain: bool,
    host: String,
    port: u16,
    /// As the `Host` header says it.
    authority: String,
    path: String,
}

impl Place {
    fn of(url: &str) -> Result<Self, Failure> {
        let uri: Uri = url.parse().map_err(|_| Failure::Url)?;
        let is_plain = match uri.scheme() {
            Some(scheme) if *scheme == Scheme::HTTPS => false,
            Some(scheme) if *scheme == Scheme::HTTP => true,
            _ => return Err(Failure::Url),
        };
        let authority = uri.authority().ok_or(Failure::Url)?;
        let host = authority.host();
        if authority.as_str().contains('@') || host.is_empty() {
            return Err(Failure::Url);
        }
        let port = match authority.port() {
            Some(port) => port.as_u16(),
            // Something follows the name, and it is no port.
            None if authority.as_str() != host => return Err(Failure::Url),
            None if is_plain => 80,
            None => 443,
        };
        let path = uri.path_and_query().map_or("/", |p| p.as_str());
        let path = if path.starts_with('/') { path.to_owned() } else { format!("/{path}") };
        Ok(Self {
            is_plain,
            host: host.trim_start_matches('[').trim_end_matches(']').to_owned(),
            port,
            authority: authority.as_str().to_owned(),
            path,
        })
    }
}

/// Aborts a task when dropped.
struct Running(tokio::task::JoinHandle<()>);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.abort();
    }
}

async fn speak<S>(stream: S, place: &Place, request: Request) -> Result<Answer, Failure>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(|_| Failure::Broken)?;
    let _running = Running(tokio::spawn(async move {
        // What went wrong is told by the answer that does not come.
        let _ = connection.await;
    }));
    let mut asked = hyper::Request::builder().method(request.method).uri(&place.path).header(HOST, &place.authority);
    for (name, value) in request.headers {
        asked = asked.header(name, value);
    }
    let asked = asked.body(Full::new(request.body)).map_err(|_| Failure::Url)?;
    let answer = sender.send_request(asked).await.map_err(|_| Failure::Broken)?;
    let status = answer.status().as_u16();
    match Limited::new(answer.into_body(), OUTBOUND_BODY_MAX_BYTES).collect().await {
        Ok(body) => Ok(Answer { status, body: body.to_bytes() }),
        Err(error) if error.is::<http_body_util::LengthLimitError>() => Err(Failure::TooLong),
        Err(_) => Err(Failure::Broken),
    }
}

#[cfg(test)]
mod tests;
