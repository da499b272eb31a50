//! A subject: a requestor or target as entitlement management sees it (behaviour.md a).

use crate::ids::{ObjectId, OrganizationId, SubjectId};

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

    /// The kind stored as `code`.
    pub const fn from_code(code: i64) -> Option<Self> {
        match code {
            1 => Some(Self::User),
            2 => Some(Self::ServicePrincipal),
            _ => None,
        }
    }
}

/// Whether the end of the last assignment ends an external account (behaviour.md e.3). Numbers are stored, and the members
/// of the published enum.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lifecycle {
    /// Not said: members of the directory, and who was known before it mattered.
    NotDefined = 0,
    /// It does not: the account was there before.
    NotGoverned = 1,
    /// It does: the account was made for access, or was marked so.
    Governed = 2,
}

impl Lifecycle {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::NotDefined, Self::NotGoverned, Self::Governed];

    /// The stored number.
    pub const fn code(self) -> i64 {
        self as i64
    }

    /// The lifecycle stored as `code`.
    pub fn from_code(code: i64) -> Option<Self> {
        Self::ALL.into_iter().find(|l| l.code() == code)
    }

    /// The published word.
    pub const fn name(self) -> &'static str {
        match self {
            Self::NotDefined => "notDefined",
            Self::NotGoverned => "notGoverned",
            Self::Governed => "governed",
        }
    }
}

/// A subject row. Its id is the id of its directory object, or the one that object will get (decisions.md B14).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subject {
    /// Its id.
    pub id: SubjectId,
    /// The directory object behind it; nothing while an external person is known by his address only.
    pub object: Option<ObjectId>,
    /// What it is.
    pub kind: SubjectKind,
    /// Display name.
    pub name: String,
    /// Mail address.
    pub email: Option<String>,
    /// User principal name.
    pub principal_name: Option<String>,
    /// The connected organization it belongs to; the first one, when there are several.
    pub organization: Option<OrganizationId>,
    /// Whether the end of its last assignment ends its account. Saving an existing row leaves that as it is.
    pub lifecycle: Lifecycle,
}
