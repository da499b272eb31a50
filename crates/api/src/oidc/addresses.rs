//! Addresses from which sign-ins fail: after too many in a row each further try waits longer, whichever account it names
//! (decisions.md K5). Kept in memory; a restart forgives.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use tenure_domain::Timestamp;
use tenure_domain::limits::{SIGNIN_ADDRESSES_MAX, SIGNIN_LOCK_MINUTES};
use tenure_domain::time::plus_seconds;

/// Failed tries in a row after which an address has to wait: many people may share one.
const FAILURES_WITHOUT_PAUSE: u32 = 30;
/// The pause doubles this often at most.
const DOUBLINGS_MAX: u32 = 6;

#[derive(Clone, Copy, Debug)]
struct Failures {
    count: u32,
    until: Timestamp,
}

/// Who failed how often.
#[derive(Debug, Default)]
pub struct Addresses(Mutex<HashMap<IpAddr, Failures>>);

impl Addresses {
    /// Whether a try from there is not taken yet.
    pub fn waits(&self, address: IpAddr, wall: Timestamp) -> bool {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(&address).is_some_and(|f| f.until > wall)
    }

    /// Notes how a try ended.
    pub fn note(&self, address: IpAddr, succeeded: bool, wall: Timestamp) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if succeeded {
            known.remove(&address);
            return;
        }
        if known.len() >= SIGNIN_ADDRESSES_MAX {
            known.retain(|_, f| plus_seconds(f.until, SIGNIN_LOCK_MINUTES * 60) > wall);
        }
        if known.len() >= SIGNIN_ADDRESSES_MAX {
            // So many different addresses are an attack that addresses cannot tell apart; accounts have their own locks.
            known.clear();
        }
        let failures = known.entry(address).or_insert(Failures { count: 0, until: wall });
        failures.count = failures.count.saturating_add(1);
        let past = failures.count.saturating_sub(FAILURES_WITHOUT_PAUSE);
        let pause = if past == 0 { 0 } else { 1_i64 << past.min(DOUBLINGS_MAX) };
        failures.until = plus_seconds(wall, pause);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv4Addr;

    #[test]
    fn many_failures_make_one_address_wait_and_a_success_forgives() {
        let (addresses, wall) = (Addresses::default(), Timestamp::UNIX_EPOCH);
        let (one, other) = (IpAddr::from(Ipv4Addr::LOCALHOST), IpAddr::from(Ipv4Addr::BROADCAST));
        for _ in 0..FAILURES_WITHOUT_PAUSE {
            addresses.note(one, false, wall);
        }
        assert!(!addresses.waits(one, wall));
        addresses.note(one, false, wall);
        assert!(addresses.waits(one, wall));
        assert!(!addresses.waits(other, wall));
        assert!(!addresses.waits(one, plus_seconds(wall, 2)));
        addresses.note(one, true, wall);
        assert!(!addresses.waits(one, wall));
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let (addresses, wall) = (Addresses::default(), Timestamp::UNIX_EPOCH);
        for n in 0..=u32::try_from(SIGNIN_ADDRESSES_MAX).unwrap_or(u32::MAX) {
            addresses.note(IpAddr::from(Ipv4Addr::from_bits(n)), false, wall);
        }
        let known = addresses.0.lock().unwrap_or_else(PoisonError::into_inner);
        assert!(known.len() <= SIGNIN_ADDRESSES_MAX);
    }
}
