//! Sites as clients write them.

use super::{Body, read};
use crate::wire::schema::site as schema;
use serde_json::Value as Json;
use tenure_domain::{Patch, Refusal};
use tenure_odata::edm::Version;
use tenure_service::directory::sites::{NewSite, NewSiteGroup, SitePatch};

/// What the newer version lets say of a site that shall be made, and that means nothing here.
const WITHOUT_MEANING: [&str; 3] = ["locale", "template", "shareByEmailEnabled"];

/// Whether that version publishes the making of sites.
pub fn is_made_in(version: Version) -> bool {
    version == Version::Beta
}

/// A site to be made, as the newer version publishes it: `name` is its title there.
pub fn new_published(value: &Json) -> Result<NewSite, Refusal> {
    read(value, |b| {
        let owner = b.object(&["ownerIdentityToResolve"]);
        let owner = owner.and_then(|o| {
            let address = o.required_text(&["email"]);
            o.finish(None, &["id", "loginName"]);
            address
        });
        let site = NewSite {
            id: None,
            name: b.required_text(&["name", "displayName"]).unwrap_or_default(),
            address: b.required_text(&["webUrl"]).unwrap_or_default(),
            description: b.text(&["description"]),
            parent: None,
            owner,
        };
        b.finish(Some(&schema::SITE), &WITHOUT_MEANING);
        Some(site)
    })
}

/// A site to be made.
pub fn new_site(value: &Json) -> Result<NewSite, Refusal> {
    read(value, |b| {
        let site = NewSite {
            id: None,
            name: b.required_text(&["displayName"]).unwrap_or_default(),
            address: b.required_text(&["webUrl"]).unwrap_or_default(),
            description: b.text(&["description"]),
            parent: b.id(&["parentSiteId"]),
            owner: None,
        };
        b.finish(Some(&schema::TENANT_SITE), &[]);
        Some(site)
    })
}

/// The address and the place of a site stay: catalogs know it by them.
fn stays(b: &Body<'_>, name: &str) {
    if b.has(&[name]) {
        b.fault(name, format!("`{name}` of a site stays as it is"));
    }
}

/// A change of a site.
pub fn patch(value: &Json) -> Result<SitePatch, Refusal> {
    read(value, |b| {
        let patch = SitePatch {
            name: match b.patch_text(&["displayName"]) {
                Patch::Null => {
                    b.missing(&["displayName"]);
                    Patch::Absent
                }
                given => given,
            },
            description: b.patch_text(&["description"]),
        };
        stays(b, "webUrl");
        stays(b, "parentSiteId");
        b.finish(Some(&schema::TENANT_SITE), &[]);
        Some(patch)
    })
}

/// A permission group to be made.
pub fn new_group(value: &Json) -> Result<NewSiteGroup, Refusal> {
    read(value, |b| {
        let group = NewSiteGroup {
            name: b.required_text(&["displayName"]).unwrap_or_default(),
            description: b.text(&["description"]),
        };
        b.finish(Some(&schema::SITE_GROUP), &[]);
        Some(group)
    })
}
