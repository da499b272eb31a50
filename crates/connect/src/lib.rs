//! **Room: outside systems.** A [`Connector`] carries out one membership change in a directory that is not ours, and
//! [`http`] is the one way out by HTTP.
//!
//! The kind of error decides what happens next, and that decision is pure (`domain::grant::record`). Every connector
//! passes [`conformance`]. The embedded directory is no connector: it is written in the transaction itself. Contains no
//! database access.

pub mod conformance;
pub mod http;
mod memory;

pub use memory::{Fault, MemoryConnector};

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use tenure_domain::catalog::RoleKind;
use tenure_domain::grant::Outcome;
use tenure_domain::ids::ObjectId;

/// One membership or role of an outside system.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// The key of the group there.
    pub object: String,
    /// What is held.
    pub role: RoleKind,
    /// Who holds it.
    pub principal: ObjectId,
}

/// A change to carry out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Operation {
    /// What.
    pub target: Target,
    /// Given or taken.
    pub give: bool,
    /// The same key is the same change: carrying it out twice is carrying it out once.
    pub key: String,
}

/// Why a change was not carried out.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConnectorError {
    /// Not now.
    #[error("the target is unavailable")]
    Transient {
        /// How long the other side asks to wait, in seconds.
        after_seconds: Option<i64>,
    },
    /// Never.
    #[error("the target refused: {reason}")]
    Permanent {
        /// What it said.
        reason: String,
    },
    /// The group no longer exists there.
    #[error("the target is gone")]
    TargetGone,
}

/// The answer of a connector, to be awaited.
pub type Answer<'a, T> = Pin<Box<dyn Future<Output = Result<T, ConnectorError>> + Send + 'a>>;

/// Speaks to one kind of outside system.
pub trait Connector: Send + Sync {
    /// The word for it in `source.kind`.
    fn kind(&self) -> &'static str;
    /// Whether the role is held there now.
    fn observe<'a>(&'a self, target: &'a Target) -> Answer<'a, bool>;
    /// Carries out a change.
    fn apply<'a>(&'a self, operation: &'a Operation) -> Answer<'a, ()>;
}

/// The connectors of this process, by kind.
#[derive(Clone, Default)]
pub struct Connectors(BTreeMap<&'static str, Arc<dyn Connector>>);

impl Connectors {
    /// Adds a connector.
    pub fn with(mut self, connector: Arc<dyn Connector>) -> Self {
        self.0.insert(connector.kind(), connector);
        self
    }

    /// Carries out a change by the connector of that kind; what came of it, as the rules see it.
    pub async fn apply(&self, kind: &str, operation: &Operation) -> Outcome {
        let Some(connector) = self.0.get(kind) else {
            return Outcome::Permanent {
                error: format!("TargetRejected: no connector of kind `{kind}` is configured"),
            };
        };
        match connector.apply(operation).await {
            Ok(()) => Outcome::Done,
            Err(ConnectorError::Transient { after_seconds }) => {
                Outcome::Transient { error: "TargetUnavailable".to_owned(), after_seconds }
            }
            Err(ConnectorError::Permanent { reason }) => {
                Outcome::Permanent { error: format!("TargetRejected: {reason}") }
            }
            Err(ConnectorError::TargetGone) => Outcome::TargetGone,
        }
    }
}
