//! Refused administrator actions are on record, too: who tried, and what was missing (decisions.md F7). Only so many, so
//! that nobody fills the audit by trying.

use crate::ctx::{Ctx, Identity};
use crate::error::ServiceError;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use tenure_domain::audit::{Activity, AuditEvent, AuditTarget, TargetKind};
use tenure_domain::limits::{REFUSAL_CALLERS_MAX, REFUSAL_INTERVAL_SECONDS};
use tenure_domain::refusal::{Code, Refusal};
use tenure_domain::time::plus_seconds;
use tenure_domain::{Timestamp, Uuid};

/// When refusals of a caller were last recorded.
#[derive(Default)]
pub(crate) struct Refused(Mutex<HashMap<Uuid, Timestamp>>);

impl Refused {
    /// The event of a refused use case, if it is one to be recorded now.
    pub(crate) fn event(&self, identity: Identity, refusal: &Refusal, wall: Timestamp) -> Option<AuditEvent> {
        let Identity::Token { principal, is_app, .. } = identity else { return None };
        if refusal.code != Code::AuthorizationRequestDenied {
            return None;
        }
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_recent = |at: &Timestamp| plus_seconds(*at, REFUSAL_INTERVAL_SECONDS) > wall;
        if last.get(&principal.0).is_some_and(is_recent) {
            return None;
        }
        if last.len() >= REFUSAL_CALLERS_MAX {
            last.retain(|_, at| is_recent(at));
        }
        if last.len() >= REFUSAL_CALLERS_MAX {
            return None;
        }
        last.insert(principal.0, wall);
        let kind = if is_app { TargetKind::ServicePrincipal } else { TargetKind::User };
        let event = AuditEvent::new(Activity::RefuseAction, AuditTarget::new(kind, principal, None)).failed();
        let missing: Vec<&str> = refusal.details.iter().map(|d| d.message.as_str()).collect();
        Some(if missing.is_empty() { event } else { event.because(missing.join("; ")) })
    }
}

/// Records it.
pub(crate) fn record(ctx: &mut Ctx<'_, '_>, event: &AuditEvent) -> Result<(), ServiceError> {
    ctx.audit(event)
}
