//! Issuers outside, as the configuration names them (decisions.md K17): where their pages and keys are, and what their
//! tokens say. What they publish is asked for through [`Outbound`] only (K9), kept for a while, and asked for again when
//! a token names a key that is not known, but not more often than once a minute.

use serde::Deserialize;
use std::collections::BTreeMap;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, PoisonError, RwLock};
use tenure_auth::foreign::{self, Expected, ForeignClaims, ForeignError, KeySet};
use tenure_auth::scopes;
use tenure_domain::Timestamp;
use tenure_domain::authorize::Capabilities;
use tenure_domain::limits::{ISSUER_KEEP_SECONDS, ISSUER_PAUSE_SECONDS};
use tenure_domain::time::plus_seconds;
use tokio::sync::Mutex;

/// A provider that people can sign in with.
#[derive(Clone, PartialEq, Eq)]
pub struct Provider {
    /// Its name in addresses: small letters, digits and dashes.
    pub name: String,
    /// What the button says.
    pub label: String,
    /// Its issuer, as its tokens say it.
    pub issuer: String,
    /// Who we are there.
    pub client_id: String,
    /// How we prove it; a public client cannot.
    pub client_secret: Option<String>,
    /// Domains whose verified addresses find an account the first time, in lower case.
    pub trusted_domains: Vec<String>,
    /// Whether its access tokens are taken, and as what.
    pub access_tokens: Option<AccessTokens>,
}

impl fmt::Debug for Provider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Not the secret.
        f.debug_struct("Provider").field("name", &self.name).field("issuer", &self.issuer).finish_non_exhaustive()
    }
}

/// How access tokens of a provider are read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccessTokens {
    /// Whom they must be for.
    pub audience: String,
    /// The claim whose words say what they allow.
    pub claim: String,
    /// What each word allows here: names of permissions.
    pub scopes: BTreeMap<String, Vec<String>>,
}

/// A question to another system.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    /// A whole URL.
    pub url: String,
    /// A form to send; without one it is only read.
    pub form: Option<String>,
    /// The `Authorization` header.
    pub authorization: Option<String>,
}

/// What was answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    /// The status.
    pub status: u16,
    /// The body.
    pub body: Vec<u8>,
}

/// The answer, to be awaited; the text says why there is none.
pub type Saying = Pin<Box<dyn Future<Output = Result<Said, String>> + Send>>;

/// Asks other systems, within the rules for that.
pub trait Outbound: Send + Sync {
    /// Asks.
    fn ask(&self, question: Question) -> Saying;
}

/// Why a provider could not be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OutsideError {
    /// It does not answer, or not as it should: the log says more.
    Unavailable,
    /// Its token is not good.
    Token(ForeignError),
}

/// Where a provider has what (OpenID Connect Discovery 3).
#[derive(Clone, Debug, Deserialize)]
pub struct Metadata {
    issuer: String,
    /// The page that signs people in.
    pub authorization_endpoint: String,
    /// Where codes are brought.
    pub token_endpoint: String,
    jwks_uri: String,
    /// How a client may prove who it is there.
    #[serde(default)]
    pub token_endpoint_auth_methods_supported: Vec<String>,
}

struct Published {
    metadata: Arc<Metadata>,
    keys: Arc<KeySet>,
    at: Timestamp,
}

/// A provider with what it has published.
pub struct Issuer {
    /// As configured.
    pub provider: Provider,
    published: RwLock<Option<Arc<Published>>>,
    /// When it was last asked; held while it is.
    asked: Mutex<Option<Timestamp>>,
}

/// What is kept of an access token that was verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    /// The issuer.
    pub issuer: String,
    /// Its name for the person.
    pub subject: String,
    /// Issued at, seconds.
    pub issued_at: i64,
    /// It is verified anew then, at the latest: its key may have been withdrawn.
    pub until: i64,
    /// What it allows.
    pub capabilities: Capabilities,
}

/// All providers.
pub struct Outside {
    issuers: Vec<Issuer>,
    outbound: Option<Arc<dyn Outbound>>,
}

impl Outside {
    /// The providers of the configuration.
    pub fn new(providers: Vec<Provider>, outbound: Option<Arc<dyn Outbound>>) -> Self {
        let issuer = |provider| Issuer { provider, published: RwLock::default(), asked: Mutex::default() };
        Self { issuers: providers.into_iter().map(issuer).collect(), outbound }
    }

    /// Every provider.
    pub fn providers(&self) -> impl Iterator<Item = &Provider> {
        self.issuers.iter().map(|i| &i.provider)
    }

    /// The provider of that name.
    pub fn named(&self, name: &str) -> Option<&Issuer> {
        self.issuers.iter().find(|i| i.provider.name == name)
    }

    /// The provider whose access tokens are taken and whose this one says to be.
    pub fn of_access_token(&self, token: &str) -> Option<(&Issuer, &AccessTokens)> {
        // Nothing is read where nothing is configured.
        if self.issuers.iter().all(|i| i.provider.access_tokens.is_none()) {
            return None;
        }
        let issuer = foreign::claimed_issuer(token)?;
        let found = self.issuers.iter().find(|i| i.provider.issuer == issuer && i.provider.access_tokens.is_some())?;
        found.provider.access_tokens.as_ref().map(|a| (found, a))
    }

    /// Where a provider has what.
    pub async fn metadata(&self, issuer: &Issuer, now: Timestamp) -> Result<Arc<Metadata>, OutsideError> {
        Ok(self.published(issuer, now, None).await?.metadata.clone())
    }

    /// The claims of a token, verified with the keys of its issuer; they are asked for again when its key is unknown.
    pub async fn verify(
        &self,
        issuer: &Issuer,
        token: &str,
        audience: &str,
        now: Timestamp,
    ) -> Result<ForeignClaims, OutsideError> {
        let expected = Expected { issuer: &issuer.provider.issuer, audience, now };
        let published = self.published(issuer, now, None).await?;
        match foreign::verify(token, &published.keys, expected) {
            Err(ForeignError::UnknownKey) => {}
            other => return other.map_err(OutsideError::Token),
        }
        let renewed = self.published(issuer, now, Some(published.at)).await?;
        foreign::verify(token, &renewed.keys, expected).map_err(OutsideError::Token)
    }

    /// An access token, verified, with what it allows.
    pub async fn access(
        &self,
        (issuer, taken): (&Issuer, &AccessTokens),
        token: &str,
        now: Timestamp,
    ) -> Result<Verified, OutsideError> {
        let claims = self.verify(issuer, token, &taken.audience, now).await?;
        let words = claims.words(&taken.claim);
        let names = words.iter().filter_map(|w| taken.scopes.get(*w)).flatten().map(String::as_str);
        Ok(Verified {
            issuer: issuer.provider.issuer.clone(),
            capabilities: scopes::capabilities(names),
            issued_at: claims.issued_at,
            until: claims.expires_at.min(plus_seconds(now, ISSUER_KEEP_SECONDS).as_second()),
            subject: claims.subject,
        })
    }

    /// What a provider publishes: as it is kept, or asked for when it is old or not newer than `stale`.
    async fn published(
        &self,
        issuer: &Issuer,
        now: Timestamp,
        stale: Option<Timestamp>,
    ) -> Result<Arc<Published>, OutsideError> {
        let fresh = |p: &Arc<Published>| {
            plus_seconds(p.at, ISSUER_KEEP_SECONDS) > now && stale.is_none_or(|stale| p.at > stale)
        };
        let known = || issuer.published.read().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(found) = known().filter(fresh) {
            return Ok(found);
        }
        let mut asked = issuer.asked.lock().await;
        // Somebody else may have asked while this one waited.
        let found = known();
        if let Some(found) = found.clone().filter(fresh) {
            return Ok(found);
        }
        if asked.is_some_and(|at| plus_seconds(at, ISSUER_PAUSE_SECONDS) > now) {
            // Asked a moment ago: what is known is what there is, as long as it is not too old.
            let usable = found.filter(|p| plus_seconds(p.at, ISSUER_KEEP_SECONDS) > now);
            return usable.ok_or(OutsideError::Unavailable);
        }
        *asked = Some(now);
        let published = Arc::new(self.fetch(&issuer.provider, now).await?);
        *issuer.published.write().unwrap_or_else(PoisonError::into_inner) = Some(published.clone());
        Ok(published)
    }

    async fn fetch(&self, provider: &Provider, now: Timestamp) -> Result<Published, OutsideError> {
        let place = format!("{}/.well-known/openid-configuration", provider.issuer.trim_end_matches('/'));
        let metadata: Option<Metadata> = serde_json::from_slice(&self.read(provider, place).await?).ok();
        // Discovery 4.3: another issuer's document is no word about this one.
        let Some(metadata) = metadata.filter(|m| m.issuer == provider.issuer) else {
            tracing::warn!(provider = provider.name, "the discovery document is not that of the configured issuer");
            return Err(OutsideError::Unavailable);
        };
        let Some(keys) = KeySet::parse(&self.read(provider, metadata.jwks_uri.clone()).await?) else {
            tracing::warn!(provider = provider.name, "the published keys cannot be read");
            return Err(OutsideError::Unavailable);
        };
        Ok(Published { metadata: Arc::new(metadata), keys: Arc::new(keys), at: now })
    }

    async fn read(&self, provider: &Provider, url: String) -> Result<Vec<u8>, OutsideError> {
        let said = self.ask(provider, Question { url, form: None, authorization: None }).await?;
        if said.status == 200 {
            return Ok(said.body);
        }
        tracing::warn!(provider = provider.name, status = said.status, "a provider does not publish what it must");
        Err(OutsideError::Unavailable)
    }

    /// Asks a provider something.
    pub async fn ask(&self, provider: &Provider, question: Question) -> Result<Said, OutsideError> {
        let Some(outbound) = &self.outbound else { return Err(OutsideError::Unavailable) };
        outbound.ask(question).await.map_err(|why| {
            tracing::warn!(provider = provider.name, why, "a provider cannot be asked");
            OutsideError::Unavailable
        })
    }
}
