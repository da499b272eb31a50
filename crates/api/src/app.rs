//! What every request may use.

use crate::body::Bodies;
use crate::caller::Known;
use crate::error::Failure;
use crate::oidc::Addresses;
use crate::outside::{Outbound, Outside, Provider, Verified};
use crate::quota::Quota;
use crate::turns::{Turn, Turns};
use crate::watch::Metrics;
use prometheus_client::registry::Registry;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};
use tenure_auth::cache::TokenCache;
use tenure_auth::{PublicKey, password};
use tenure_domain::Timestamp;
use tenure_domain::limits::{
    BODIES_BYTES_MAX, COUNT_CONCURRENCY, COUNT_QUEUE_MAX, EXPORT_CONCURRENCY, PASSWORD_HASHERS, PASSWORD_QUEUE_MAX,
};
use tenure_service::identity::Tenant;
use tenure_service::identity::keys::{KeyRing, KeyTime};
use tenure_service::{Engine, ServiceError};

/// What came of moving the demo clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moved {
    /// The present.
    pub now: Timestamp,
    /// How much was run on the way.
    pub ran: u32,
}

/// Why the demo clock was not moved.
#[derive(Debug)]
pub enum ClockFailure {
    /// The target lies behind the present.
    Backwards {
        /// The present.
        now: Timestamp,
    },
    /// Running what was due failed.
    Failed(ServiceError),
}

/// Moves the demo clock to an instant and runs everything due on the way.
pub type ClockControl =
    Arc<dyn Fn(Timestamp) -> Pin<Box<dyn Future<Output = Result<Moved, ClockFailure>> + Send>> + Send + Sync>;

/// The names under which requests may ask for us (decisions.md K15).
#[derive(Clone, Debug, Default)]
pub struct Hosts {
    /// Host names and addresses, without port.
    pub names: Vec<String>,
    /// `https`, or `http` behind a proxy on this machine.
    pub scheme: &'static str,
    /// The address in links, when it is not the one that was asked: `https://host[:port]`.
    pub public_url: Option<String>,
}

impl Hosts {
    /// Whether a proxy on this machine stands between us and the network.
    pub fn is_behind_proxy(&self) -> bool {
        self.scheme == "http"
    }

    /// Where links in the answer point, if the request may ask for us under this `Host`.
    pub fn base(&self, host: &str) -> Option<String> {
        let name = without_port(host);
        let known = self.names.iter().any(|n| n.eq_ignore_ascii_case(name));
        let well_formed = !host.is_empty() && host.bytes().all(|b| b.is_ascii_alphanumeric() || b".-:[]".contains(&b));
        if !known || !well_formed {
            return None;
        }
        let asks_public = |url: &&String| {
            let public = url.split_once("://").map_or("", |(_, host)| host.trim_end_matches('/'));
            without_port(public).eq_ignore_ascii_case(name)
        };
        match self.public_url.as_ref().filter(asks_public) {
            Some(url) => Some(url.trim_end_matches('/').to_owned()),
            None => Some(format!("{}://{}", self.scheme, host.to_ascii_lowercase())),
        }
    }
}

/// `host[:port]` or `[v6][:port]` without the port.
fn without_port(host: &str) -> &str {
    if host.starts_with('[') {
        return host.split_inclusive(']').next().unwrap_or(host);
    }
    host.split(':').next().unwrap_or(host)
}

/// What the parts of the server decide at start.
pub struct Settings {
    /// Runs use cases.
    pub engine: Engine,
    /// The tenant.
    pub tenant: Tenant,
    /// Its keys.
    pub keys: KeyRing,
    /// Names we answer to.
    pub hosts: Hosts,
    /// The demo clock, in a demo.
    pub clock: Option<ClockControl>,
}

struct Parts {
    engine: Engine,
    tenant: Tenant,
    keys: RwLock<KeyRing>,
    tokens: TokenCache<Known>,
    hosts: Hosts,
    clock: Option<ClockControl>,
    outside: Outside,
    foreign_tokens: TokenCache<Verified>,
    addresses: Addresses,
    quota: Quota,
    hashing: Turns,
    counting: Turns,
    exporting: Turns,
    bodies: Bodies,
    metrics: Metrics,
}

/// What every request may use; cheap to clone.
#[derive(Clone)]
pub struct App(Arc<Parts>);

impl App {
    /// Puts the parts together; people sign in with passwords only.
    pub fn new(settings: Settings) -> Self {
        Self::with_outside(settings, Outside::new(Vec::new(), None))
    }

    /// Puts the parts together; people can also sign in with these providers, which are asked by `outbound`.
    pub fn with_providers(settings: Settings, providers: Vec<Provider>, outbound: Arc<dyn Outbound>) -> Self {
        Self::with_outside(settings, Outside::new(providers, Some(outbound)))
    }

    fn with_outside(settings: Settings, outside: Outside) -> Self {
        Self(Arc::new(Parts {
            engine: settings.engine,
            tenant: settings.tenant,
            keys: RwLock::new(settings.keys),
            tokens: TokenCache::default(),
            hosts: settings.hosts,
            clock: settings.clock,
            outside,
            foreign_tokens: TokenCache::default(),
            addresses: Addresses::default(),
            quota: Quota::default(),
            hashing: Turns::new(PASSWORD_HASHERS, PASSWORD_QUEUE_MAX),
            counting: Turns::new(COUNT_CONCURRENCY, COUNT_QUEUE_MAX),
            exporting: Turns::new(EXPORT_CONCURRENCY, 0),
            bodies: Bodies::new(BODIES_BYTES_MAX),
            metrics: Metrics::default(),
        }))
    }

    /// Takes over keys that were made or retired. Tokens are verified anew: their key may be gone.
    pub fn replace_keys(&self, keys: KeyRing) {
        *self.0.keys.write().unwrap_or_else(PoisonError::into_inner) = keys;
        self.0.tokens.clear();
    }

    /// The keys that are known here, to be compared with those of other nodes.
    pub fn key_times(&self) -> Vec<KeyTime> {
        self.keys().times()
    }

    /// Makes the counters of requests and of the store known.
    pub fn register_metrics(&self, registry: &mut Registry) {
        self.0.metrics.register(registry);
        self.0.engine.store_metrics().register(registry);
    }

    pub(crate) fn metrics(&self) -> &Metrics {
        &self.0.metrics
    }

    pub(crate) fn engine(&self) -> &Engine {
        &self.0.engine
    }

    pub(crate) fn tenant(&self) -> &Tenant {
        &self.0.tenant
    }

    pub(crate) fn keys(&self) -> RwLockReadGuard<'_, KeyRing> {
        self.0.keys.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn public_keys(&self) -> Vec<PublicKey> {
        self.keys().public(self.wall())
    }

    pub(crate) fn tokens(&self) -> &TokenCache<Known> {
        &self.0.tokens
    }

    /// Issuers outside.
    pub(crate) fn outside(&self) -> &Outside {
        &self.0.outside
    }

    /// Their access tokens that were verified.
    pub(crate) fn foreign_tokens(&self) -> &TokenCache<Verified> {
        &self.0.foreign_tokens
    }

    pub(crate) fn hosts(&self) -> &Hosts {
        &self.0.hosts
    }

    /// Addresses with failed sign-ins.
    pub(crate) fn quota(&self) -> &Quota {
        &self.0.quota
    }

    /// Every caller may use so many resource units in ten seconds from now on (decisions.md K14); 0 is as many as he likes.
    pub fn limit_callers(&self, units: u32) {
        self.0.quota.limit(units);
    }

    pub(crate) fn addresses(&self) -> &Addresses {
        &self.0.addresses
    }

    pub(crate) fn clock(&self) -> Option<&ClockControl> {
        self.0.clock.as_ref()
    }

    /// The wall clock.
    pub(crate) fn wall(&self) -> Timestamp {
        self.0.engine.clocks().wall.now()
    }

    /// Exact counts read a whole index: only so many at once (decisions.md D8). Hold it as long as the count runs.
    pub(crate) async fn count_turn(&self) -> Result<Turn, Failure> {
        let busy = || Failure::unavailable("too many counts are waiting; nothing was done, try again");
        self.0.counting.take().await.ok_or_else(busy)
    }

    /// An export holds a page as long as it is sent: only so many at once, and nobody waits for one.
    pub(crate) async fn export_turn(&self) -> Result<Turn, Failure> {
        let busy = || Failure::unavailable("too many exports are under way; nothing was done, try again");
        self.0.exporting.take().await.ok_or_else(busy)
    }

    /// The bodies of all requests.
    pub(crate) fn bodies(&self) -> &Bodies {
        &self.0.bodies
    }

    /// Runs slow hashing: on threads that may wait, so many at once, and only so many waiting (decisions.md K4).
    async fn hash<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, ServiceError> {
        let busy = || ServiceError::Unavailable("too many passwords are being checked".to_owned());
        let turn = self.0.hashing.take().await.ok_or_else(busy)?;
        let in_turn = move || {
            let made = work();
            drop(turn);
            made
        };
        tokio::task::spawn_blocking(in_turn).await.map_err(|e| ServiceError::Internal(e.to_string()))
    }

    /// The hash of a new password.
    pub(crate) async fn hash_password(&self, text: String) -> Result<String, ServiceError> {
        let mut entropy = self.0.engine.entropy();
        Ok(self.hash(move || password::hash(&text, &mut *entropy)).await??)
    }

    /// Whether a password has this hash; takes as long without one.
    pub(crate) async fn check_password(&self, text: String, hash: Option<String>) -> Result<bool, ServiceError> {
        self.hash(move || password::verify(&text, hash.as_deref())).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hosts(public_url: Option<&str>) -> Hosts {
        let names = ["localhost", "127.0.0.1", "[::1]", "tenure.example"].map(ToOwned::to_owned);
        Hosts { names: names.to_vec(), scheme: "https", public_url: public_url.map(ToOwned::to_owned) }
    }

    #[test]
    fn only_known_hosts_are_answered_and_links_keep_the_port() {
        let hosts = hosts(None);
        assert_eq!(hosts.base("LocalHost:8443").as_deref(), Some("https://localhost:8443"));
        assert_eq!(hosts.base("[::1]:8443").as_deref(), Some("https://[::1]:8443"));
        for bad in ["evil.example", "", "localhost:8443/evil", "localhost@evil.example", "localhost\".evil"] {
            assert_eq!(hosts.base(bad), None, "{bad}");
        }
    }

    #[test]
    fn the_public_address_wins_for_its_own_name_only() {
        let hosts = hosts(Some("https://tenure.example/"));
        assert_eq!(hosts.base("tenure.example:8443").as_deref(), Some("https://tenure.example"));
        assert_eq!(hosts.base("127.0.0.1:8443").as_deref(), Some("https://127.0.0.1:8443"));
    }
}
