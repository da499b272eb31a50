//! Quotas of callers, where the operator wants them (decisions.md K14): resource units in windows of ten seconds, counted as
//! the published service counts them (semantics.md 1.4). Kept in memory of each server; a restart forgives.

use crate::error::Failure;
use crate::http::{Call, Reply};
use axum::http::{HeaderName, Method, StatusCode, header};
use std::collections::HashMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError};
use tenure_domain::Timestamp;
use tenure_domain::limits::{QUOTA_CALLERS_MAX, QUOTA_WINDOW_SECONDS};
use tenure_service::Identity;
use uuid::Uuid;

const UNIT: HeaderName = HeaderName::from_static("x-ms-resource-unit");
const PERCENTAGE: HeaderName = HeaderName::from_static("x-ms-throttle-limit-percentage");
const SCOPE: HeaderName = HeaderName::from_static("x-ms-throttle-scope");
const INFORMATION: HeaderName = HeaderName::from_static("x-ms-throttle-information");
/// From this share of the quota on, answers tell how much is used, in percent.
const TOLD_FROM_PERCENT: u64 = 80;
/// A page below this many rows costs less.
const SMALL_PAGE: u32 = 20;

/// What callers have used in the window that each is in.
#[derive(Debug, Default)]
pub struct Quota {
    /// Units per window; 0 is no quota.
    limit: AtomicU32,
    used: Mutex<HashMap<Uuid, Used>>,
}

#[derive(Clone, Copy, Debug)]
struct Used {
    window: i64,
    units: u32,
}

/// What a request meets.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Stand {
    /// Used of the quota with this request, in percent.
    percent: u64,
    /// The quota is used up.
    is_over: bool,
    /// Until the next window.
    seconds_left: i64,
}

impl Quota {
    /// Every caller has so many units per window from now on; 0 is as many as he likes.
    pub fn limit(&self, units: u32) {
        self.limit.store(units, Ordering::Relaxed);
    }

    /// Counts a request; nothing where there is no quota. One that is refused costs nothing.
    fn take(&self, caller: Uuid, units: u32, wall: Timestamp) -> Option<Stand> {
        let limit = self.limit.load(Ordering::Relaxed);
        if limit == 0 {
            return None;
        }
        let now = wall.as_second();
        let window = now.div_euclid(QUOTA_WINDOW_SECONDS);
        let mut all = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= QUOTA_CALLERS_MAX {
            all.retain(|_, used| used.window == window);
        }
        if all.len() >= QUOTA_CALLERS_MAX {
            // So many callers in one window are beyond what quotas are for: queues have their own limits.
            all.clear();
        }
        let used = all.entry(caller).or_insert(Used { window, units: 0 });
        if used.window != window {
            *used = Used { window, units: 0 };
        }
        let wanted = used.units.saturating_add(units);
        let is_over = wanted > limit;
        if !is_over {
            used.units = wanted;
        }
        let percent = u64::from(wanted) * 100 / u64::from(limit);
        Some(Stand { percent, is_over, seconds_left: QUOTA_WINDOW_SECONDS - now.rem_euclid(QUOTA_WINDOW_SECONDS) })
    }
}

/// Resource units of a request, as published: at least one.
fn units(method: &Method, path: &str, query: &str) -> u32 {
    let path = path.trim_matches('/').to_ascii_lowercase();
    let segments: Vec<&str> = path.split('/').collect();
    let last = segments.last().copied().unwrap_or_default();
    let base: i64 = match (method, segments.as_slice()) {
        (&Method::POST, _) if last.starts_with("checkmember") => 4,
        (&Method::POST, _) if last.starts_with("getmember") => 2,
        (&Method::POST, _) if last.starts_with("getbyids") => 3,
        (&Method::GET, ["groups", _, "members", ..]) => 3,
        (&Method::GET, ["groups", _, "transitivemembers", ..]) => 5,
        (&Method::GET, ["users" | "applications", ..] | ["me", "memberof", ..]) => 2,
        _ => 1,
    };
    let options: Vec<(String, &str)> = query
        .split('&')
        .filter_map(|pair| pair.split_once('='))
        .map(|(name, value)| (name.replace("%24", "$").to_ascii_lowercase(), value))
        .collect();
    let value = |name: &str| options.iter().find(|(n, _)| n.trim_start_matches('$') == name).map(|(_, value)| *value);
    let is_small = value("top").and_then(|top| top.parse::<u32>().ok()).is_some_and(|top| top < SMALL_PAGE);
    let less = i64::from(value("select").is_some()) + i64::from(is_small);
    let more = i64::from(value("expand").is_some());
    u32::try_from((base - less + more).max(1)).unwrap_or(1)
}

/// What a call is charged.
pub struct Charge {
    units: u32,
    stand: Stand,
}

/// Charges a call to its caller; nothing where there is no quota, and a 429 where his is used up.
pub fn charge(call: &Call) -> Result<Option<Charge>, Failure> {
    let Identity::Token { principal, client, .. } = call.identity else { return Ok(None) };
    let units = units(&call.method, &call.path, &call.query);
    let Some(stand) = call.app.quota().take(principal.0, units, call.app.wall()) else { return Ok(None) };
    if !stand.is_over {
        return Ok(Some(Charge { units, stand }));
    }
    let scope = format!("Tenant_Application/ReadWrite/{}/{}", client.unwrap_or(principal.0), call.app.tenant().id);
    let message = "Too many requests: the quota of this caller is used up; retry when Retry-After has passed.";
    let failure = Failure::new(StatusCode::TOO_MANY_REQUESTS, "TooManyRequests", message)
        .with(header::RETRY_AFTER, &stand.seconds_left.to_string())
        .with(SCOPE, &scope)
        .with(INFORMATION, "ResourceUnitLimitExceeded");
    Err(failure)
}

impl Charge {
    /// Tells what the call cost, and how much is used when that is much.
    pub fn tell(&self, reply: Reply) -> Reply {
        let reply = reply.with(UNIT, &self.units.to_string());
        if self.stand.percent < TOLD_FROM_PERCENT {
            return reply;
        }
        reply.with(PERCENTAGE, &format!("{}.{:02}", self.stand.percent / 100, self.stand.percent % 100))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tenure_domain::time::plus_seconds;

    #[test]
    fn requests_cost_what_is_published() {
        let cost = |path: &str, query: &str| units(&Method::GET, path, query);
        assert_eq!(cost("/identityGovernance/entitlementManagement/catalogs", ""), 1);
        assert_eq!(cost("/users", ""), 2);
        assert_eq!(cost("/users", "$select=id"), 1);
        assert_eq!(cost("/users", "$select=id&$top=5"), 1, "at least one");
        assert_eq!(cost("/users", "$top=20&%24expand=manager"), 3);
        assert_eq!(cost("/groups/1/members", ""), 3);
        assert_eq!(cost("/groups/1/transitiveMembers", "$top=5"), 4);
        assert_eq!(units(&Method::POST, "/users/1/checkMemberGroups", ""), 4);
        assert_eq!(units(&Method::POST, "/directoryObjects/getByIds", ""), 3);
        assert_eq!(units(&Method::POST, "/groups", ""), 1);
    }

    #[test]
    fn a_window_holds_the_quota_of_each_caller_and_the_next_one_begins_anew() {
        let (quota, wall) = (Quota::default(), Timestamp::UNIX_EPOCH);
        let (one, other) = (Uuid::from_u128(1), Uuid::from_u128(2));
        assert_eq!(quota.take(one, 5, wall), None, "off");
        quota.limit(10);
        let stand = |percent, is_over, seconds_left| Some(Stand { percent, is_over, seconds_left });
        assert_eq!(quota.take(one, 8, wall), stand(80, false, 10));
        assert_eq!(quota.take(one, 3, plus_seconds(wall, 3)), stand(110, true, 7));
        assert_eq!(quota.take(one, 2, plus_seconds(wall, 4)), stand(100, false, 6), "what is refused costs nothing");
        assert_eq!(quota.take(other, 1, plus_seconds(wall, 4)), stand(10, false, 6));
        assert_eq!(quota.take(one, 1, plus_seconds(wall, 10)), stand(10, false, 10));
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let (quota, wall) = (Quota::default(), Timestamp::UNIX_EPOCH);
        quota.limit(1);
        for n in 0..=QUOTA_CALLERS_MAX {
            quota.take(Uuid::from_u128(n as u128), 1, wall);
        }
        assert!(quota.used.lock().unwrap_or_else(PoisonError::into_inner).len() <= QUOTA_CALLERS_MAX);
    }
}
