//! Connected organizations: organizations outside with which there is a relationship, and who belongs to them
//! (behaviour.md e.1).

use crate::ids::OrganizationId;
use crate::limits::IDENTITY_SOURCES_MAX;
use crate::refusal::{Code, Refusal};
use crate::text::fold;
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Characters of a domain name at most (RFC 1035).
const DOMAIN_CHARS_MAX: usize = 253;
/// Characters of one label of a domain name at most.
const LABEL_CHARS_MAX: usize = 63;
/// Characters of the other texts of an identity source at most.
const TEXT_CHARS_MAX: usize = 512;

/// Whether somebody has decided that the relationship exists. Numbers are the members of the published enum.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OrganizationState {
    /// An administrator made or confirmed it.
    Configured = 0,
    /// It became known by a request of one of its people; "all configured organizations" does not include it.
    Proposed = 1,
}

impl OrganizationState {
    /// The stored number.
    pub const fn code(self) -> i64 {
        self as i64
    }

    /// The state stored as `code`.
    pub const fn from_code(code: i64) -> Option<Self> {
        match code {
            0 => Some(Self::Configured),
            1 => Some(Self::Proposed),
            _ => None,
        }
    }

    /// The published word.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Configured => "configured",
            Self::Proposed => "proposed",
        }
    }
}

/// How the people of an organization prove who they are (semantics.md 9).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum IdentitySource {
    /// Accounts of a tenant of the same cloud.
    Tenant {
        /// The tenant's id.
        tenant: Uuid,
        /// Its name.
        name: Option<String>,
    },
    /// Accounts of a tenant of another cloud.
    OtherCloudTenant {
        /// The tenant's id.
        tenant: Uuid,
        /// The cloud.
        cloud: String,
        /// Its name.
        name: Option<String>,
    },
    /// Whoever has an address of a domain.
    Domain {
        /// The domain.
        domain: String,
        /// Its name.
        name: Option<String>,
    },
    /// Accounts of an identity provider that stands for a domain.
    Federation {
        /// The domain.
        domain: String,
        /// The provider.
        issuer: Option<String>,
        /// Its name.
        name: Option<String>,
    },
    /// Accounts of a social network.
    Social {
        /// Which network; the published word.
        network: String,
        /// Its name.
        name: Option<String>,
    },
}

/// Whether `text` is the full name of a domain: labels of letters, digits and hyphens, two at least.
pub fn is_domain(text: &str) -> bool {
    let is_label = |label: &str| {
        (1..=LABEL_CHARS_MAX).contains(&label.chars().count())
            && label.chars().all(|c| c.is_alphanumeric() || c == '-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    text.chars().count() <= DOMAIN_CHARS_MAX && text.contains('.') && text.split('.').all(is_label)
}

impl IdentitySource {
    /// The stored number of its kind. Those of tenants are [`Self::TENANTS`].
    pub const fn code(&self) -> i64 {
        match self {
            Self::Tenant { .. } => 1,
            Self::OtherCloudTenant { .. } => 2,
            Self::Domain { .. } => 3,
            Self::Federation { .. } => 4,
            Self::Social { .. } => 5,
        }
    }

    /// What it is found by: the tenant's id, or the folded domain.
    pub fn key(&self) -> String {
        match self {
            Self::Tenant { tenant, .. } | Self::OtherCloudTenant { tenant, .. } => tenant.hyphenated().to_string(),
            Self::Domain { domain, .. } | Self::Federation { domain, .. } => fold(domain),
            // No domain is written so: a social network stands for no domain.
            Self::Social { network, .. } => format!("social:{}", fold(network)),
        }
    }

    /// The folded domain that it stands for.
    pub fn domain(&self) -> Option<String> {
        match self {
            Self::Domain { domain, .. } | Self::Federation { domain, .. } => Some(fold(domain)),
            Self::Tenant { .. } | Self::OtherCloudTenant { .. } | Self::Social { .. } => None,
        }
    }

    /// Its name.
    pub fn name(&self) -> Option<&str> {
        match self {
            Self::Tenant { name, .. }
            | Self::OtherCloudTenant { name, .. }
            | Self::Domain { name, .. }
            | Self::Federation { name, .. }
            | Self::Social { name, .. } => name.as_deref(),
        }
    }

    /// The member that is wrong, and why.
    fn fault(&self, own_domains: &[String]) -> Option<(&'static str, String)> {
        let texts = match self {
            Self::Federation { issuer, name, .. } => [name.as_deref(), issuer.as_deref()],
            Self::OtherCloudTenant { cloud, name, .. } => [name.as_deref(), Some(cloud.as_str())],
            Self::Social { network, name } => [name.as_deref(), Some(network.as_str())],
            Self::Tenant { name, .. } | Self::Domain { name, .. } => [name.as_deref(), None],
        };
        if texts.iter().flatten().any(|text| text.chars().count() > TEXT_CHARS_MAX) {
            return Some((
                "displayName",
                format!("an identity source has texts of at most {TEXT_CHARS_MAX} characters"),
            ));
        }
        let domain = self.domain()?;
        if !is_domain(&domain) {
            return Some((
                "domainName",
                "domainName must be the full name of a domain, such as example.com".to_owned(),
            ));
        }
        let is_own = own_domains.iter().any(|own| fold(own) == domain);
        is_own.then(|| ("domainName", "the domain belongs to this tenant itself".to_owned()))
    }
}

/// A connected organization.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Organization {
    /// Its id.
    pub id: OrganizationId,
    /// Its name, unique without regard to case.
    pub name: String,
    /// What it is.
    pub description: Option<String>,
    /// How its people prove who they are.
    pub sources: Vec<IdentitySource>,
    /// Whether the relationship was decided on.
    pub state: OrganizationState,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub modified_at: Timestamp,
    /// Who made it, as shown.
    pub created_by: String,
    /// Who changed it last, as shown.
    pub modified_by: String,
    /// Raised with every change.
    pub version: i64,
}

impl Organization {
    /// Checks the identity sources: there is one, each is whole, and none stands for the tenant itself.
    pub fn check_sources(&self, own_domains: &[String]) -> Result<(), Refusal> {
        let bad =
            |at: String, message: String| Err(Refusal::new(Code::InvalidModel, message.clone()).detail(at, message));
        if self.sources.is_empty() {
            return bad("/identitySources".to_owned(), "identitySources must name one identity source".to_owned());
        }
        if self.sources.len() > IDENTITY_SOURCES_MAX {
            let message = format!("a connected organization has at most {IDENTITY_SOURCES_MAX} identity sources");
            return bad("/identitySources".to_owned(), message);
        }
        let mut faults = self.sources.iter().enumerate().filter_map(|(i, s)| Some((i, s.fault(own_domains)?)));
        match faults.next() {
            None => Ok(()),
            Some((i, (member, message))) => bad(format!("/identitySources/{i}/{member}"), message),
        }
    }

    /// Whether one of its identity sources stands for this folded domain.
    pub fn has_domain(&self, domain: &str) -> bool {
        self.sources.iter().any(|s| s.domain().is_some_and(|own| own == domain))
    }
}

/// Where an external person comes from, as far as it is known.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Origin {
    /// The folded domain of the address.
    pub domain: Option<String>,
    /// The identity providers the person has signed in by.
    pub issuers: Vec<String>,
}

impl Origin {
    /// Whether a provider the person has signed in by speaks for that tenant: its address names the tenant as a part.
    fn is_of_tenant(&self, tenant: Uuid) -> bool {
        let id = tenant.hyphenated().to_string();
        self.issuers.iter().any(|issuer| issuer.split('/').any(|part| part.eq_ignore_ascii_case(&id)))
    }
}

/// That somebody belongs to an organization.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Belonging {
    /// To which.
    pub organization: OrganizationId,
    /// Whether it is configured, and not only proposed.
    pub is_configured: bool,
}

/// Whether a person belongs to an organization: by exactly its domain, or by having signed in at its tenant. An address
/// of a domain below it does not count, nor one that only ends alike (behaviour.md e.1, membership test).
pub fn belongs(organization: &Organization, who: &Origin) -> bool {
    organization.sources.iter().any(|source| match source {
        IdentitySource::Tenant { tenant, .. } | IdentitySource::OtherCloudTenant { tenant, .. } => {
            who.is_of_tenant(*tenant)
        }
        IdentitySource::Domain { .. } | IdentitySource::Federation { .. } => {
            source.domain().is_some_and(|domain| who.domain.as_ref() == Some(&domain))
        }
        IdentitySource::Social { .. } => false,
    })
}

/// Those of the organizations that the person belongs to, each once, configured ones first.
pub fn belongings(candidates: &[Organization], who: &Origin) -> Vec<Belonging> {
    let mut found: Vec<Belonging> = candidates
        .iter()
        .filter(|organization| belongs(organization, who))
        .map(|o| Belonging { organization: o.id, is_configured: o.state == OrganizationState::Configured })
        .collect();
    found.sort_by_key(|b| (!b.is_configured, b.organization));
    found.dedup();
    found
}

/// What holds a connected organization in place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct OrganizationUses {
    /// Policies that name it.
    pub policies: i64,
    /// Assignments of its people that have not ended.
    pub live_assignments: i64,
    /// Requests for its people that have not ended.
    pub open_requests: i64,
}

impl OrganizationUses {
    /// Deleting is refused while policies name it or its people hold or wait for something (behaviour.md o.18).
    pub fn may_delete(self, name: &str) -> Result<(), Refusal> {
        if self == Self::default() {
            return Ok(());
        }
        let message = format!(
            "the connected organization `{name}` is named by {} policies, and its people have {} live assignments and \
             {} open requests; change, remove or cancel them first",
            self.policies, self.live_assignments, self.open_requests
        );
        Err(Refusal::new(Code::ConnectedOrganizationInUse, message))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn organization(id: u128, state: OrganizationState, sources: Vec<IdentitySource>) -> Organization {
        Organization {
            id: OrganizationId(Uuid::from_u128(id)),
            name: format!("organization {id}"),
            description: None,
            sources,
            state,
            created_at: Timestamp::UNIX_EPOCH,
            modified_at: Timestamp::UNIX_EPOCH,
            created_by: String::new(),
            modified_by: String::new(),
            version: 1,
        }
    }

    fn domain(name: &str) -> IdentitySource {
        IdentitySource::Domain { domain: name.to_owned(), name: None }
    }

    fn of_domain(name: &str) -> Origin {
        Origin { domain: Some(fold(name)), issuers: Vec::new() }
    }

    #[test]
    fn only_the_exact_domain_belongs_without_regard_to_case() {
        let partner = organization(1, OrganizationState::Configured, vec![domain("Partner.example")]);
        assert!(belongs(&partner, &of_domain("PARTNER.example")));
        for other in ["evilpartner.example", "sub.partner.example", "partner.example.org", "example"] {
            assert!(!belongs(&partner, &of_domain(other)), "{other}");
        }
        assert!(!belongs(&partner, &Origin::default()));
    }

    #[test]
    fn a_tenant_belongs_by_the_provider_that_speaks_for_it() {
        let tenant = Uuid::from_u128(0xabc);
        let source = IdentitySource::Tenant { tenant, name: None };
        let partner = organization(1, OrganizationState::Configured, vec![source]);
        let by = |issuer: &str| Origin { domain: None, issuers: vec![issuer.to_owned()] };
        assert!(belongs(&partner, &by(&format!("https://login.example/{tenant}/v2.0"))));
        assert!(!belongs(&partner, &by(&format!("https://login.example/x{tenant}/v2.0"))));
        assert!(!belongs(&partner, &of_domain(&tenant.to_string())), "an id is no domain");
    }

    #[test]
    fn configured_organizations_come_first_and_each_once() {
        let twice = vec![
            domain("a.example"),
            IdentitySource::Federation { domain: "A.example".to_owned(), issuer: None, name: None },
        ];
        let all = [
            organization(1, OrganizationState::Proposed, vec![domain("a.example")]),
            organization(2, OrganizationState::Configured, twice),
            organization(3, OrganizationState::Configured, vec![domain("b.example")]),
        ];
        let found = belongings(&all, &of_domain("a.example"));
        let ids: Vec<(u128, bool)> = found.iter().map(|b| (b.organization.0.as_u128(), b.is_configured)).collect();
        assert_eq!(ids, [(2, true), (1, false)]);
    }

    #[test]
    fn sources_are_whole_and_not_our_own() {
        let own = ["fabrikam.example".to_owned()];
        let at = |sources: Vec<IdentitySource>| {
            let refused = organization(1, OrganizationState::Configured, sources).check_sources(&own).err();
            refused.and_then(|r| r.details.first().and_then(|d| d.target.clone()))
        };
        assert_eq!(at(vec![domain("partner.example")]), None);
        assert_eq!(at(Vec::new()).as_deref(), Some("/identitySources"));
        for wrong in ["partner", "", "a b.example", "@partner.example", "-a.example", "a..example", "Fabrikam.example"]
        {
            let faults = at(vec![domain("partner.example"), domain(wrong)]);
            assert_eq!(faults.as_deref(), Some("/identitySources/1/domainName"), "{wrong}");
        }
        let many = |n| (0..n).map(|i| domain(&format!("d{i}.example"))).collect::<Vec<_>>();
        assert_eq!(at(many(IDENTITY_SOURCES_MAX)), None);
        assert_eq!(at(many(IDENTITY_SOURCES_MAX + 1)).as_deref(), Some("/identitySources"));
    }

    #[test]
    fn policies_and_people_hold_an_organization() {
        assert!(OrganizationUses::default().may_delete("Partner").is_ok());
        for uses in [
            OrganizationUses { policies: 1, ..OrganizationUses::default() },
            OrganizationUses { live_assignments: 1, ..OrganizationUses::default() },
            OrganizationUses { open_requests: 1, ..OrganizationUses::default() },
        ] {
            let code = uses.may_delete("Partner").err().map(|r| r.code);
            assert_eq!(code, Some(Code::ConnectedOrganizationInUse));
        }
    }
}
