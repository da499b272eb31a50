//! What reads the bytes of strangers, without a server around it: tests throw bytes at it by the million. Nothing in the
//! product calls it.

use crate::http::parse_json;
use crate::wire::write::{directory as d, entitlement as e, policy, request};
use crate::{dispatch, http, metadata};
use serde_json::Value as Json;
use tenure_domain::Timestamp;
use tenure_domain::authorize::Capability;
use tenure_domain::ids::{CatalogId, PackageId, PolicyId};
use tenure_domain::limits::GETBYIDS_MAX;
use tenure_domain::policy::{Policy, PolicyBody};
use tenure_odata::edm::{EntityType, Version};
use uuid::Uuid;

/// Where a method on a path leads (its shape and the keys on the way), without doing it; nothing where no route is.
pub fn route(version: Version, method: &str, path: &str) -> Option<(String, Vec<String>)> {
    let document = match method {
        "GET" => metadata::is_asked(path),
        "POST" => http::is_batch_path(path),
        _ => false,
    };
    if document {
        return Some((path.trim_matches('/').to_owned(), Vec::new()));
    }
    dispatch::route(version, method, path).ok()
}

/// What would let a caller read more rows of a type than his own.
pub fn needed_to_read(entity: &EntityType) -> &'static [Capability] {
    dispatch::walk::capabilities(entity)
}

/// Reads a body as every command of every version; gives how many of them it could be.
pub fn every_command(bytes: &[u8]) -> usize {
    let Ok(body) = parse_json(bytes) else { return 0 };
    let directory = [
        d::new_user(&body).is_ok(),
        d::user_patch(&body).is_ok(),
        d::new_group(&body).is_ok(),
        d::group_patch(&body).is_ok(),
        d::new_application(&body).is_ok(),
        d::application_patch(&body).is_ok(),
        d::new_service_principal(&body).is_ok(),
        d::service_principal_patch(&body).is_ok(),
        d::app_role_assignment(&body).is_ok(),
        d::password_credential(&body).is_ok(),
        d::key_id(&body).is_ok(),
        d::reference(&body).is_ok(),
        d::ids(&body, &["ids"], GETBYIDS_MAX).is_ok(),
        e::new_catalog(&body).is_ok(),
        e::catalog_patch(&body).is_ok(),
        e::new_package(&body).is_ok(),
        e::package_patch(&body).is_ok(),
        e::resource_request(&body).is_ok(),
        e::role_scope(&body).is_ok(),
        request::assignment_request(&body).is_ok(),
        crate::batch::reads(&body),
    ];
    let policies = Version::ALL.into_iter().filter(|version| is_policy(&body, *version)).count();
    directory.into_iter().filter(|read| *read).count() + policies
}

/// Whether a body makes, replaces or changes a policy; what it makes is checked as the use case would.
fn is_policy(body: &Json, version: Version) -> bool {
    let old = Policy {
        id: PolicyId(Uuid::nil()),
        package: PackageId(Uuid::nil()),
        catalog: CatalogId(Uuid::nil()),
        name: String::new(),
        is_enabled: true,
        version: 1,
        body: PolicyBody::direct_assignment_only(),
        keep_pre_existing: false,
        created_at: Timestamp::UNIX_EPOCH,
        modified_at: Timestamp::UNIX_EPOCH,
        created_by: String::new(),
        modified_by: String::new(),
    };
    let made = [
        policy::new_policy(body, version).map(|(_, draft)| draft),
        policy::replaced(body, version, &old),
        policy::patched(body, &old),
    ];
    made.into_iter().flatten().filter(|draft| draft.body.check().is_ok()).count() > 0
}
