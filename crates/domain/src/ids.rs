//! Typed identifiers, and the generator that makes them from time and randomness it is given.

use crate::time::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::{Builder, Uuid};

macro_rules! typed_id {
    ($($(#[$doc:meta])* $name:ident,)+) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl From<Uuid> for $name {
            fn from(id: Uuid) -> Self {
                Self(id)
            }
        }

        impl From<$name> for Uuid {
            fn from(id: $name) -> Self {
                id.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.hyphenated().fmt(f)
            }
        }
    )+};
}

typed_id! {
    /// A directory object: user, group, application or service principal.
    ObjectId,
    /// An app role assignment of the directory.
    AppRoleAssignmentId,
    /// A role assignment (directory or entitlement provider).
    RoleAssignmentId,
    /// A catalog.
    CatalogId,
    /// A resource as a catalog holds it; not the id of the group or application itself.
    ResourceId,
    /// A role of a catalog resource.
    RoleId,
    /// A scope of a catalog resource.
    ScopeId,
    /// A request to add or remove a catalog resource.
    ResourceRequestId,
    /// An access package.
    PackageId,
    /// An assignment policy.
    PolicyId,
    /// A connected organization.
    OrganizationId,
    /// A workflow extension.
    ExtensionId,
    /// A connector of resources whose origin is outside.
    OriginConnectorId,
    /// A question of a policy.
    QuestionId,
    /// A requestor or target as entitlement management sees it.
    SubjectId,
    /// An assignment request.
    RequestId,
    /// A stage of an approval.
    StageId,
    /// A delegation of approvals.
    DelegationId,
    /// An assignment.
    AssignmentId,
    /// One resource role of one subject.
    GrantId,
    /// An audit row.
    AuditId,
    /// An outbox row.
    OutboxId,
    /// A kept mail.
    MailId,
    /// Work that reaches many objects, chunk by chunk.
    JobId,
}

/// A source of random bytes. The server's is the operating system's; a test's is seeded.
pub trait Entropy: Send {
    /// Fills the whole slice.
    fn fill(&mut self, bytes: &mut [u8]);
}

/// A repeatable source for tests and the demo tenant (SplitMix64). Not for secrets.
#[derive(Clone, Debug)]
pub struct SeededEntropy(u64);

impl SeededEntropy {
    /// The sequence that belongs to `seed`.
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next 64 bits of the sequence.
    pub const fn next_u64(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
}

impl Entropy for SeededEntropy {
    fn fill(&mut self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(8) {
            let word = self.next_u64().to_le_bytes();
            for (to, from) in chunk.iter_mut().zip(word) {
                *to = from;
            }
        }
    }
}

/// Makes UUIDv7 from the given time and randomness. Ids of one generator are strictly increasing, also within a
/// millisecond (RFC 9562 section 6.2, method 1), so that rows of one transaction keep their order.
pub struct Ids {
    entropy: Box<dyn Entropy>,
    /// Milliseconds of the last id, shifted left by 12, plus its counter.
    last: u64,
}

impl Ids {
    /// A generator over `entropy`.
    pub fn new(entropy: Box<dyn Entropy>) -> Self {
        Self { entropy, last: 0 }
    }

    /// The next id of any kind.
    pub fn next<T: From<Uuid>>(&mut self, now: Timestamp) -> T {
        let mut random = [0u8; 10];
        self.entropy.fill(&mut random);
        let [a, b, rest @ ..] = random;
        let millis = u64::try_from(now.as_millisecond()).unwrap_or(0) & 0xffff_ffff_ffff;
        // The counter starts in the lower half of its 12 bits, so that thousands of ids fit a millisecond.
        let fresh = (millis << 12) | (u64::from(u16::from_be_bytes([a, b])) & 0x7ff);
        self.last = if fresh > self.last { fresh } else { self.last.wrapping_add(1) };
        let [c0, c1] = u16::try_from(self.last & 0xfff).unwrap_or(0).to_be_bytes();
        let mut tail = [0u8; 10];
        for (to, from) in tail.iter_mut().zip([c0, c1].into_iter().chain(rest)) {
            *to = from;
        }
        T::from(Builder::from_unix_timestamp_millis(self.last >> 12, &tail).into_uuid())
    }

    /// The source itself.
    pub fn entropy(&mut self) -> &mut dyn Entropy {
        &mut *self.entropy
    }

    /// Random bytes from the same source.
    pub fn bytes<const N: usize>(&mut self) -> [u8; N] {
        let mut out = [0u8; N];
        self.entropy.fill(&mut out);
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_of_one_generator_increase_even_when_time_stands_still_or_goes_back() {
        let mut ids = Ids::new(Box::new(SeededEntropy::new(7)));
        let t = Timestamp::UNIX_EPOCH;
        let mut last = Uuid::nil();
        for step in 0..6_000_i64 {
            let now = Timestamp::from_millisecond(1_800_000_000_000 - step / 1_000).unwrap_or(t);
            let id: Uuid = ids.next(now);
            assert!(id > last, "{id} after {last}");
            assert_eq!(id.get_version_num(), 7);
            last = id;
        }
    }

    #[test]
    fn the_same_seed_gives_the_same_ids() {
        let make = || Ids::new(Box::new(SeededEntropy::new(42)));
        let now = Timestamp::UNIX_EPOCH;
        assert_eq!(make().next::<PackageId>(now), make().next::<PackageId>(now));
    }
}
