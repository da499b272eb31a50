//! Ids and days that are the same in every demo.

use crate::SEED;
use tenure_domain::Timestamp;
use tenure_domain::ids::{Ids, ObjectId, SeededEntropy};
use tenure_domain::time::{from_micros, plus_seconds};
use uuid::Uuid;

/// Seconds of a day.
pub(crate) const DAY: i64 = 86_400;
/// 6 January 2025, 08:00 UTC.
const FIRST_DAY: Timestamp = Timestamp::constant(1_736_150_400, 0);
/// Days after which catalogs and packages are there.
const GOVERNANCE_AFTER_DAYS: i64 = 28;

/// The day the directory was filled.
pub(crate) fn directory_day() -> Timestamp {
    FIRST_DAY
}

/// The day catalogs, packages and policies were made.
pub(crate) fn governance_day() -> Timestamp {
    after(FIRST_DAY, GOVERNANCE_AFTER_DAYS)
}

/// So many days after `day`; before it when negative.
pub(crate) fn after(day: Timestamp, days: i64) -> Timestamp {
    plus_seconds(day, days * DAY)
}

/// The midnight before `t`, by UTC.
pub(crate) fn midnight(t: Timestamp) -> Timestamp {
    from_micros(t.as_second().div_euclid(DAY) * DAY * 1_000_000)
}

/// The id of the thing of that kind and name.
pub(crate) fn id<T: From<Uuid>>(kind: &str, name: &str) -> T {
    let number = hash(kind.bytes().chain([b'/']).chain(name.bytes()));
    Ids::new(Box::new(SeededEntropy::new(SEED ^ number))).next(FIRST_DAY)
}

/// A person's.
pub(crate) fn person(alias: &str) -> ObjectId {
    id("user", alias)
}

/// A group's.
pub(crate) fn group(name: &str) -> ObjectId {
    id("group", name)
}

/// FNV-1a: short, and the same on every machine and in every release.
fn hash(bytes: impl Iterator<Item = u8>) -> u64 {
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_follow_from_kind_and_name() {
        assert_eq!(person("owner"), person("owner"));
        assert_ne!(person("owner"), person("reader"));
        assert_ne!(person("owner"), group("owner"));
    }

    #[test]
    fn days_are_those_the_comments_say() {
        assert_eq!(directory_day().to_string(), "2025-01-06T08:00:00Z");
        assert_eq!(midnight(directory_day()).to_string(), "2025-01-06T00:00:00Z");
    }
}
