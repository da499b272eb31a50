//! A subject: a requestor or target as entitlement management sees it (behaviour.md a).

use crate::ids::{ObjectId, SubjectId};

/// What a subject is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SubjectKind {
    /// A person.
    User,
    /// An application's identity.
    ServicePrincipal,
}

impl SubjectKind {
    /// The stored number; also the member number of the published enum.
    pub const fn code(self) -> i64 {
        match self {
            Self::User => 1,
            Self::ServicePrincipal => 2,
        }
    }
}

/// A subject row. Its id is the id of its directory object (decisions.md B14).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subject {
    /// Its id.
    pub id: SubjectId,
    /// The directory object behind it.
    pub object: ObjectId,
    /// What it is.
    pub kind: SubjectKind,
    /// Display name.
    pub name: String,
    /// Mail address.
    pub email: Option<String>,
    /// User principal name.
    pub principal_name: Option<String>,
}
