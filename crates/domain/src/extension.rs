//! Workflow extensions: calls to systems outside that belong to a catalog and that its policies name (behaviour.md g;
//! semantics.md 10). They are kept; nothing calls them yet.

use crate::ids::{CatalogId, ExtensionId};
use crate::limits::CATALOG_EXTENSIONS_MAX;
use crate::policy::{ExtensionStage, Faults};
use crate::refusal::{Code, Refusal};
use crate::time::{IsoDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// Milliseconds that a call may be waited for, at least.
const TIMEOUT_MILLIS_MIN: i32 = 200;
/// And at most.
const TIMEOUT_MILLIS_MAX: i32 = 2_000;
/// How often a failed call is made again, at most.
const RETRIES_MAX: i32 = 1;
/// Days that an answer may be waited for, at most (behaviour.md g).
const CALLBACK_DAYS_MAX: i64 = 14;
/// Characters of the path that names a workflow, at most (behaviour.md g).
const WORKFLOW_PATH_CHARS_MAX: usize = 150;

/// When an extension can be called. Numbers are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExtensionKind {
    /// While a request goes its way; it can be waited for.
    Request = 1,
    /// Before an assignment ends.
    Assignment = 2,
    /// The newer version's older form, called like those of requests.
    Legacy = 3,
}

impl ExtensionKind {
    /// The stored number.
    pub const fn code(self) -> i64 {
        self as i64
    }

    /// The kind stored as `code`.
    pub const fn from_code(code: i64) -> Option<Self> {
        match code {
            1 => Some(Self::Request),
            2 => Some(Self::Assignment),
            3 => Some(Self::Legacy),
            _ => None,
        }
    }

    /// Whether a policy can have it called at a stage.
    pub const fn fits(self, stage: ExtensionStage) -> bool {
        let is_before_end =
            matches!(stage, ExtensionStage::FourteenDaysBeforeExpiration | ExtensionStage::OneDayBeforeExpiration);
        matches!(self, Self::Assignment) == is_before_end
    }
}

/// Where the call goes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Endpoint {
    /// A workflow of the cloud.
    LogicApp {
        /// The subscription it is in.
        subscription: String,
        /// The resource group it is in.
        group: String,
        /// Its name.
        workflow: String,
        /// The address that starts it.
        url: Option<String>,
    },
    /// Any address.
    Http {
        /// The address.
        target: String,
    },
}

/// How the call proves who makes it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Authentication {
    /// A token for a resource.
    Token {
        /// The resource.
        resource: Option<String>,
    },
    /// A token that is bound to its holder.
    ProofOfPossession,
}

/// How patient the caller is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Patience {
    /// Milliseconds to wait for an answer to the call.
    pub timeout_millis: Option<i32>,
    /// How often a failed call is made again.
    pub retries: Option<i32>,
}

/// What an extension does, as it was said.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExtensionSettings {
    /// Where the call goes.
    pub endpoint: Option<Endpoint>,
    /// How it proves who makes it.
    pub authentication: Option<Authentication>,
    /// How patient the caller is.
    pub patience: Option<Patience>,
    /// How long the request waits for an answer that comes later; none: it does not wait.
    pub callback: Option<IsoDuration>,
}

/// A workflow extension.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorkflowExtension {
    /// Its id.
    pub id: ExtensionId,
    /// The catalog it belongs to.
    pub catalog: CatalogId,
    /// When it can be called.
    pub kind: ExtensionKind,
    /// Its name, of which the catalog has one.
    pub name: String,
    /// What it is for.
    pub description: Option<String>,
    /// What it does.
    pub settings: ExtensionSettings,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub modified_at: Timestamp,
    /// Who made it.
    pub created_by: String,
    /// Who changed it last.
    pub modified_by: String,
    /// Grows with every change.
    pub version: i64,
}

impl ExtensionSettings {
    /// Whether the settings can be carried out one day; a fault names the member as the published model spells it.
    pub fn check(&self, kind: ExtensionKind) -> Result<(), Refusal> {
        let mut faults = Faults::default();
        match &self.endpoint {
            Some(Endpoint::LogicApp { subscription, group, workflow, url }) => {
                let path = subscription.chars().count() + group.chars().count() + workflow.chars().count();
                if path > WORKFLOW_PATH_CHARS_MAX {
                    faults.add(
                        "endpointConfiguration",
                        format!("the path of a workflow has at most {WORKFLOW_PATH_CHARS_MAX} characters"),
                    );
                }
                if url.as_ref().is_some_and(|url| !is_secure(url)) {
                    faults.add("endpointConfiguration/url", "the address must begin with https://".to_owned());
                }
            }
            Some(Endpoint::Http { target }) if !is_secure(target) => {
                faults.add("endpointConfiguration/targetUrl", "the address must begin with https://".to_owned());
            }
            Some(Endpoint::Http { .. }) | None => {}
        }
        if let Some(millis) = self.patience.and_then(|p| p.timeout_millis)
            && !(TIMEOUT_MILLIS_MIN..=TIMEOUT_MILLIS_MAX).contains(&millis)
        {
            let message = format!("a call is waited for {TIMEOUT_MILLIS_MIN} to {TIMEOUT_MILLIS_MAX} milliseconds");
            faults.add("clientConfiguration/timeoutInMilliseconds", message);
        }
        if let Some(retries) = self.patience.and_then(|p| p.retries)
            && !(0..=RETRIES_MAX).contains(&retries)
        {
            let message = format!("a failed call is made again {RETRIES_MAX} time at most");
            faults.add("clientConfiguration/maximumRetries", message);
        }
        if let Some(wait) = self.callback {
            let at = "callbackConfiguration/timeoutDuration";
            if kind == ExtensionKind::Assignment {
                faults.add(at, "only extensions of requests can be waited for".to_owned());
            } else if wait.is_negative() || wait.days_rounded_up() > CALLBACK_DAYS_MAX {
                faults.add(at, format!("an answer is waited for {CALLBACK_DAYS_MAX} days at most"));
            }
        }
        faults.finish()
    }
}

fn is_secure(url: &str) -> bool {
    url.get(..8).is_some_and(|scheme| scheme.eq_ignore_ascii_case("https://")) && url.len() > 8
}

/// Whether a catalog that has so many extensions can have one more.
pub fn may_add(there: i64) -> Result<(), Refusal> {
    if there < CATALOG_EXTENSIONS_MAX {
        return Ok(());
    }
    Err(Refusal::new(
        Code::LimitExceeded,
        format!("a catalog has at most {CATALOG_EXTENSIONS_MAX} workflow extensions"),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(settings: &ExtensionSettings, kind: ExtensionKind) -> String {
        settings.check(kind).err().map(|refusal| format!("{refusal:?}")).unwrap_or_default()
    }

    #[test]
    fn what_cannot_be_carried_out_is_refused_by_name() {
        let wrong = ExtensionSettings {
            endpoint: Some(Endpoint::Http { target: "http://hook.example".to_owned() }),
            authentication: None,
            patience: Some(Patience { timeout_millis: Some(199), retries: Some(2) }),
            callback: "P15D".parse().ok(),
        };
        let said = faults(&wrong, ExtensionKind::Request);
        for member in ["targetUrl", "timeoutInMilliseconds", "maximumRetries", "timeoutDuration"] {
            assert!(said.contains(member), "{member}: {said}");
        }
        let right = ExtensionSettings {
            endpoint: Some(Endpoint::Http { target: "https://hook.example".to_owned() }),
            authentication: Some(Authentication::ProofOfPossession),
            patience: Some(Patience { timeout_millis: Some(200), retries: Some(1) }),
            callback: "P14D".parse().ok(),
        };
        assert_eq!(faults(&right, ExtensionKind::Request), "");
        assert!(faults(&right, ExtensionKind::Assignment).contains("timeoutDuration"));
    }

    #[test]
    fn a_kind_fits_its_own_stages() {
        for stage in ExtensionStage::ALL {
            let is_late =
                [ExtensionStage::FourteenDaysBeforeExpiration, ExtensionStage::OneDayBeforeExpiration].contains(&stage);
            assert_eq!(ExtensionKind::Assignment.fits(stage), is_late);
            assert_eq!(ExtensionKind::Request.fits(stage), !is_late);
        }
    }

    #[test]
    fn a_catalog_has_so_many_and_no_more() {
        assert!(may_add(CATALOG_EXTENSIONS_MAX - 1).is_ok());
        assert!(may_add(CATALOG_EXTENSIONS_MAX).is_err());
    }
}
