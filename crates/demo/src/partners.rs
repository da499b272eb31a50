//! Connected organizations: whom Contoso works with, and who vouches for whom.

use crate::fixed;
use tenure_domain::organization::{IdentitySource, OrganizationState};
use tenure_service::organizations::{self, NewOrganization, Side};
use tenure_service::{Ctx, ServiceError};

struct Partner {
    name: &'static str,
    description: &'static str,
    domain: &'static str,
    state: OrganizationState,
    /// Members of Contoso who decide about its people.
    internal: &'static [&'static str],
    /// Its own people who do.
    external: &'static [&'static str],
}

const PARTNERS: [Partner; 2] = [
    Partner {
        name: "Fabrikam",
        description: "The agency that makes campaigns with Marketing",
        domain: "fabrikam.example",
        state: OrganizationState::Configured,
        internal: &["peter.hall"],
        external: &["ana.silva"],
    },
    Partner {
        name: "Litware",
        description: "Consultants; the contract is not signed yet",
        domain: "litware.example",
        state: OrganizationState::Proposed,
        internal: &["aisha.bello"],
        external: &[],
    },
];

/// Makes the organizations with their sponsors.
pub(crate) fn seed(ctx: &mut Ctx<'_, '_>) -> Result<(), ServiceError> {
    for partner in &PARTNERS {
        let source = IdentitySource::Domain { domain: partner.domain.to_owned(), name: Some(partner.name.to_owned()) };
        let new = NewOrganization {
            name: partner.name.to_owned(),
            description: Some(partner.description.to_owned()),
            sources: vec![source],
            state: partner.state,
        };
        let id = organizations::create(ctx, &new)?;
        for (side, people) in [(Side::Internal, partner.internal), (Side::External, partner.external)] {
            for alias in people {
                organizations::add_sponsor(ctx, id, side, fixed::person(alias))?;
            }
        }
    }
    Ok(())
}
