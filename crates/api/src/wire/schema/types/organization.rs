//! How the people of a connected organization prove who they are (semantics.md 9).

use super::{SOCIAL_NETWORK, TEXT};
use tenure_odata::edm::Name;
use tenure_odata::types::{Member, Shape, Structure};

/// An identity source.
pub static IDENTITY_SOURCE: Structure = Structure::complex(Name::both("identitySource"), &[]).one_of(&[
    &TENANT,
    &OTHER_CLOUD_TENANT,
    &DOMAIN,
    &FEDERATION,
    &SOCIAL,
]);

static TENANT: Structure = Structure::complex(
    Name::both("azureActiveDirectoryTenant"),
    &[Member::new("displayName", TEXT), Member::new("tenantId", TEXT)],
)
.adds_to(&IDENTITY_SOURCE);

static OTHER_CLOUD_TENANT: Structure = Structure::complex(
    Name::both("crossCloudAzureActiveDirectoryTenant"),
    &[Member::new("cloudInstance", TEXT.never_null()), Member::new("displayName", TEXT), Member::new("tenantId", TEXT)],
)
.adds_to(&IDENTITY_SOURCE);

static DOMAIN: Structure = Structure::complex(
    Name::both("domainIdentitySource"),
    &[Member::new("displayName", TEXT), Member::new("domainName", TEXT)],
)
.adds_to(&IDENTITY_SOURCE);

static FEDERATION: Structure = Structure::complex(
    Name::both("externalDomainFederation"),
    &[Member::new("displayName", TEXT), Member::new("domainName", TEXT), Member::new("issuerUri", TEXT)],
)
.adds_to(&IDENTITY_SOURCE);

static SOCIAL: Structure = Structure::complex(
    Name::both("socialIdentitySource"),
    &[
        Member::new("displayName", TEXT),
        Member::new("socialIdentitySourceType", Shape::word(&SOCIAL_NETWORK).never_null()),
    ],
)
.adds_to(&IDENTITY_SOURCE);
