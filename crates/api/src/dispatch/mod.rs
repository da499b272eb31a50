//! From a path to an answer. Reads need no code of their own: a path is walked over the schema and becomes selections.
//! Writes are a table of path shapes.

mod additional_access;
mod afar;
mod approvals;
mod changes;
mod context;
mod current_user;
mod delta;
mod directory;
mod entitlement;
mod etag;
pub mod export;
mod extensions;
mod incompatible;
mod invitations;
mod key;
mod members;
mod organizations;
mod origin_connectors;
mod own;
mod properties;
pub mod read;
pub mod reports;
mod requirements;
mod roles;
mod sites;
mod suggestions;
pub mod walk;

use crate::error::Failure;
use crate::http::{Call, Reply};
use crate::wire::schema::SCHEMA;
use crate::wire::write::spelling::as_written;
use axum::http::Method;
use std::pin::Pin;
use tenure_odata::edm::Version;
use tenure_odata::path::{self, Key, Resolved, Step, Suffix};
use tenure_odata::query::Options;

/// Where a call leads: its path followed over the schema, and its query options as text.
pub struct Target {
    /// The path.
    pub resolved: Resolved,
    /// The query options.
    pub options: Options,
    /// The keys of the path, in order.
    pub keys: Vec<Key>,
}

impl Target {
    /// The key at `i` of the path; the shape says that there is one.
    pub fn key(&self, i: usize) -> Key {
        self.keys.get(i).cloned().unwrap_or(Key::Id(String::new()))
    }
}

type Answer<'c> = Pin<Box<dyn Future<Output = Result<Reply, Failure>> + Send + 'c>>;

/// A path shape that can be written to.
struct Route {
    method: Method,
    shape: &'static str,
    run: for<'c> fn(&'c Call, &'c Target) -> Answer<'c>,
}

macro_rules! routes {
    ($($method:ident $shape:literal => $handler:path;)+) => {
        /// Everything that can be written to. A shape is the path from its set: `{}` stands for a key, `name()` for an
        /// action, and names are those of the older version, whichever one was asked.
        static ROUTES: &[Route] =
            &[$(Route { method: Method::$method, shape: $shape, run: |call, target| Box::pin($handler(call, target)) }),+];
    };
}

use approvals as a;
use directory as d;
use entitlement as e;
use extensions as x;
use incompatible as i;
use members as m;
use organizations as o;
use origin_connectors as oc;
use own as w;
use properties as p;
use sites as s;

routes! {
    POST "catalogs" => e::create_catalog;
    PATCH "catalogs/{}" => e::update_catalog;
    DELETE "catalogs/{}" => e::delete_catalog;
    POST "catalogs/{}/customWorkflowExtensions" => x::create_extension;
    PATCH "catalogs/{}/customWorkflowExtensions/{}" => x::update_extension;
    DELETE "catalogs/{}/customWorkflowExtensions/{}" => x::delete_extension;
    POST "catalogs/{}/customAccessPackageWorkflowExtensions" => x::create_extension;
    PATCH "catalogs/{}/customAccessPackageWorkflowExtensions/{}" => x::update_extension;
    PUT "catalogs/{}/customAccessPackageWorkflowExtensions/{}" => x::update_extension;
    DELETE "catalogs/{}/customAccessPackageWorkflowExtensions/{}" => x::delete_extension;
    POST "resourceRequests" => e::request_resource;
    POST "catalogs/{}/resources/{}/refresh()" => e::refresh_resource_of_catalog;
    POST "resources/{}/refresh()" => e::refresh_resource;
    POST "accessPackages" => e::create_package;
    PATCH "accessPackages/{}" => e::update_package;
    DELETE "accessPackages/{}" => e::delete_package;
    POST "accessPackages/{}/getApplicablePolicyRequirements()" => requirements::get;
    POST "accessPackages/{}/resourceRoleScopes" => e::add_role;
    DELETE "accessPackages/{}/resourceRoleScopes/{}" => e::remove_role;
    POST "accessPackages/{}/incompatibleAccessPackages/$ref" => i::add_package;
    DELETE "accessPackages/{}/incompatibleAccessPackages/{}/$ref" => i::remove_package;
    DELETE "accessPackages/{}/incompatibleAccessPackages/$ref" => i::remove_package;
    POST "accessPackages/{}/incompatibleGroups/$ref" => i::add_group;
    DELETE "accessPackages/{}/incompatibleGroups/{}/$ref" => i::remove_group;
    DELETE "accessPackages/{}/incompatibleGroups/$ref" => i::remove_group;
    POST "assignmentPolicies" => e::create_policy;
    PUT "assignmentPolicies/{}" => e::replace_policy;
    PATCH "assignmentPolicies/{}" => e::update_policy;
    DELETE "assignmentPolicies/{}" => e::delete_policy;
    POST "assignmentRequests" => e::request_access;
    PATCH "approvals/{}/stages/{}" => a::decide;
    PATCH "approvals/{}/steps/{}" => a::decide;
    POST "delegations" => a::delegate;
    DELETE "delegations/{}" => a::end_delegation;
    DELETE "assignmentRequests/{}" => e::delete_request;
    POST "assignmentRequests/{}/cancel()" => e::cancel_request;
    POST "assignmentRequests/{}/reprocess()" => e::reprocess_request;
    POST "assignmentRequests/{}/resume()" => e::resume_request;
    POST "assignments/{}/reprocess()" => e::reprocess_assignment;
    POST "accessPackages/{}/moveToCatalog()" => e::move_package;
    POST "drift/{}/repair()" => w::repair;
    POST "drift/{}/adopt()" => w::adopt;
    POST "jobs/{}/pause()" => w::pause;
    POST "jobs/{}/resume()" => w::resume;

    POST "originConnectors" => oc::add;
    PATCH "originConnectors/{}" => oc::update;
    DELETE "originConnectors/{}" => oc::delete;
    POST "roleAssignmentScheduleRequests/{}/cancel()" => roles::no_request;
    POST "roleAssignmentScheduleRequests/{}/updateRequest()" => roles::no_request;
    POST "roleEligibilityScheduleRequests/{}/cancel()" => roles::no_request;
    POST "roleDefinitions/{}/restore()" => roles::not_deleted;
    POST "roleDefinitions/{}/inheritsPermissionsFrom/{}/restore()" => roles::not_deleted;
    POST "deletedRoleDefinitions/{}/restore()" => roles::not_deleted;
    POST "deletedRoleDefinitions/{}/inheritsPermissionsFrom/{}/restore()" => roles::not_deleted;
    POST "invitations" => invitations::create;
    POST "sites" => s::create_published;
    POST "tenantSites" => s::create;
    PATCH "tenantSites/{}" => s::update;
    DELETE "tenantSites/{}" => s::delete;
    POST "tenantSites/{}/groups" => s::add_group;
    POST "tenantSites/{}/groups/{}/members/$ref" => s::add_member;
    DELETE "tenantSites/{}/groups/{}/members/{}/$ref" => s::remove_member;
    DELETE "tenantSites/{}/groups/{}/members/$ref" => s::remove_member;

    POST "roleAssignments" => roles::assign;
    DELETE "roleAssignments/{}" => roles::unassign;
    POST "connectedOrganizations" => o::create_organization;
    PATCH "connectedOrganizations/{}" => o::update_organization;
    DELETE "connectedOrganizations/{}" => o::delete_organization;
    POST "connectedOrganizations/{}/internalSponsors/$ref" => o::add_internal_sponsor;
    DELETE "connectedOrganizations/{}/internalSponsors/{}/$ref" => o::remove_internal_sponsor;
    DELETE "connectedOrganizations/{}/internalSponsors/$ref" => o::remove_internal_sponsor;
    POST "connectedOrganizations/{}/externalSponsors/$ref" => o::add_external_sponsor;
    DELETE "connectedOrganizations/{}/externalSponsors/{}/$ref" => o::remove_external_sponsor;
    DELETE "connectedOrganizations/{}/externalSponsors/$ref" => o::remove_external_sponsor;
    PATCH "subjects/{}" => o::update_subject;
    PATCH "settings" => o::update_settings;
    PATCH "tenantSettings" => o::update_tenant_settings;

    POST "users" => d::create_user;
    PATCH "users/{}" => d::update_user;
    DELETE "users/{}" => d::delete_user;
    POST "groups" => d::create_group;
    PATCH "groups/{}" => d::update_group;
    DELETE "groups/{}" => d::delete_group;
    POST "applications" => d::create_application;
    PATCH "applications/{}" => d::update_application;
    DELETE "applications/{}" => d::delete_application;
    POST "servicePrincipals" => d::create_service_principal;
    PATCH "servicePrincipals/{}" => d::update_service_principal;
    DELETE "servicePrincipals/{}" => d::delete_service_principal;
    POST "applications/{}/addPassword()" => d::add_password;
    POST "servicePrincipals/{}/addPassword()" => d::add_password;
    POST "applications/{}/removePassword()" => d::remove_password;
    POST "servicePrincipals/{}/removePassword()" => d::remove_password;
    POST "users/{}/appRoleAssignments" => d::assign_role;
    POST "groups/{}/appRoleAssignments" => d::assign_role;
    POST "servicePrincipals/{}/appRoleAssignments" => d::assign_role;
    POST "servicePrincipals/{}/appRoleAssignedTo" => d::assign_role;
    DELETE "users/{}/appRoleAssignments/{}" => d::unassign_role;
    DELETE "groups/{}/appRoleAssignments/{}" => d::unassign_role;
    DELETE "servicePrincipals/{}/appRoleAssignments/{}" => d::unassign_role;
    DELETE "servicePrincipals/{}/appRoleAssignedTo/{}" => d::unassign_role;
    DELETE "oauth2PermissionGrants/{}" => d::delete_grant;
    DELETE "directoryObjects/{}" => d::delete_object;
    POST "deletedItems/{}/restore()" => d::restore;
    POST "directoryObjects/{}/restore()" => d::restore;
    DELETE "deletedItems/{}" => d::delete_for_good;

    PUT "users/{}/manager/$ref" => m::set_manager;
    DELETE "users/{}/manager/$ref" => m::clear_manager;
    POST "users/{}/sponsors/$ref" => m::add_sponsor;
    DELETE "users/{}/sponsors/{}/$ref" => m::remove_sponsor;
    DELETE "users/{}/sponsors/$ref" => m::remove_sponsor;
    POST "groups/{}/members/$ref" => m::add_member;
    DELETE "groups/{}/members/{}/$ref" => m::remove_member;
    DELETE "groups/{}/members/$ref" => m::remove_member;
    POST "groups/{}/owners/$ref" => m::add_group_owner;
    DELETE "groups/{}/owners/{}/$ref" => m::remove_group_owner;
    DELETE "groups/{}/owners/$ref" => m::remove_group_owner;
    POST "applications/{}/owners/$ref" => m::add_app_owner;
    DELETE "applications/{}/owners/{}/$ref" => m::remove_app_owner;
    DELETE "applications/{}/owners/$ref" => m::remove_app_owner;
    POST "servicePrincipals/{}/owners/$ref" => m::add_app_owner;
    DELETE "servicePrincipals/{}/owners/{}/$ref" => m::remove_app_owner;
    DELETE "servicePrincipals/{}/owners/$ref" => m::remove_app_owner;

    POST "users/{}/checkMemberGroups()" => m::check_groups;
    POST "users/{}/checkMemberObjects()" => m::check_groups;
    POST "users/{}/getMemberGroups()" => m::member_groups;
    POST "users/{}/getMemberObjects()" => m::member_groups;
    POST "groups/{}/checkMemberGroups()" => m::check_groups;
    POST "groups/{}/checkMemberObjects()" => m::check_groups;
    POST "groups/{}/getMemberGroups()" => m::member_groups;
    POST "groups/{}/getMemberObjects()" => m::member_groups;
    POST "servicePrincipals/{}/checkMemberGroups()" => m::check_groups;
    POST "servicePrincipals/{}/checkMemberObjects()" => m::check_groups;
    POST "servicePrincipals/{}/getMemberGroups()" => m::member_groups;
    POST "servicePrincipals/{}/getMemberObjects()" => m::member_groups;
    POST "applications/{}/checkMemberGroups()" => m::check_groups;
    POST "applications/{}/getMemberGroups()" => m::member_groups;
    POST "applications/{}/getMemberObjects()" => m::member_groups;
    POST "directoryObjects/{}/checkMemberGroups()" => m::check_groups;
    POST "directoryObjects/{}/checkMemberObjects()" => m::check_groups;
    POST "directoryObjects/{}/getMemberGroups()" => m::member_groups;
    POST "directoryObjects/{}/getMemberObjects()" => m::member_groups;
    POST "directoryObjects/getByIds()" => m::by_ids;
    POST "users/getByIds()" => m::by_ids;
    POST "groups/getByIds()" => m::by_ids;
    POST "applications/getByIds()" => m::by_ids;
    POST "servicePrincipals/getByIds()" => m::by_ids;
    POST "directoryObjects/validateProperties()" => p::validate;
    POST "users/validateProperties()" => p::validate;
    POST "groups/validateProperties()" => p::validate;
    POST "applications/validateProperties()" => p::validate;
    POST "servicePrincipals/validateProperties()" => p::validate;
    POST "groups/{}/validateProperties()" => p::validate_group;
    POST "directoryObjects/getAvailableExtensionProperties()" => p::extension_properties;
    POST "users/getAvailableExtensionProperties()" => p::extension_properties;
    POST "groups/getAvailableExtensionProperties()" => p::extension_properties;
    POST "applications/getAvailableExtensionProperties()" => p::extension_properties;
    POST "servicePrincipals/getAvailableExtensionProperties()" => p::extension_properties;
    POST "users/{}/assignLicense()" => p::assign_license;
    POST "groups/{}/assignLicense()" => p::assign_license;
}

/// Every path shape that can be written to, with its method; for whoever checks that all of them were looked at.
pub fn written() -> impl Iterator<Item = (&'static str, &'static str)> {
    ROUTES.iter().map(|route| (route.method.as_str(), route.shape)).chain(crate::own::WRITTEN)
}

/// Answers a call on the published surface.
pub async fn answer(call: &Call) -> Result<Reply, Failure> {
    let options = Options::parse(&call.query)?;
    let follow = |path: &str| path::resolve(&SCHEMA, call.version, path, |alias| options.alias(alias));
    let addressed = sites::in_one_segment(&call.path);
    let resolved =
        follow(addressed.as_deref().unwrap_or(&call.path)).or_else(|error| match refresh_in_other_words(call) {
            Some(path) => follow(&path),
            None => Err(error),
        })?;
    let (shape, keys) = shape(&resolved);
    call.seen.route(resolved.set.id);
    let target = Target { resolved, options, keys };
    if call.method == Method::GET && !is_action(&target.resolved) {
        call.seen.shape(shape);
        if delta::is_asked(&target.resolved) {
            return delta::get(call, target).await;
        }
        if suggestions::is_asked(&target.resolved) {
            return suggestions::get(call, target).await;
        }
        return read::get(call, target).await;
    }
    call.seen.shape(shape.as_str());
    if let Some(route) = written_as(&call.method, &shape) {
        return (route.run)(call, &target).await.map_err(|failure| in_words_of(call, failure));
    }
    let near = afar::shape(&target.resolved, call.version);
    match near.and_then(|(set, shape)| Some((set, written_as(&call.method, &shape)?))) {
        Some((set, route)) => {
            let target = afar::nearer(call, target, set).await?;
            (route.run)(call, &target).await.map_err(|failure| in_words_of(call, failure))
        }
        None => Err(not_allowed(call, &target.resolved, &shape)),
    }
}

fn written_as(method: &Method, shape: &str) -> Option<&'static Route> {
    ROUTES.iter().find(|r| r.method == method && r.shape == shape)
}

/// A failure that names fields, as whoever wrote the body names them. Our own surface has one name for each.
fn in_words_of(call: &Call, failure: Failure) -> Failure {
    if call.version == Version::Own || !failure.names_fields() {
        return failure;
    }
    match call.json() {
        Ok(body) => failure.placed(|pointer| as_written(pointer, &body, call.version)),
        Err(_) => failure,
    }
}

/// The published page of the older version refreshes a resource under the names of the newer one (semantics.md 4).
fn refresh_in_other_words(call: &Call) -> Option<String> {
    let segments: Vec<&str> = call.path.split('/').collect();
    let [before @ .., catalogs, catalog, resources, resource, refresh] = segments.as_slice() else { return None };
    let documented = [(catalogs, "accessPackageCatalogs"), (resources, "accessPackageResources"), (refresh, "refresh")];
    if call.method != Method::POST || documented.iter().any(|(word, name)| !word.eq_ignore_ascii_case(name)) {
        return None;
    }
    Some(format!("{}/catalogs/{catalog}/resources/{resource}/refresh", before.join("/")))
}

/// Where a method on a path leads, without doing it: the shape that answers, and the keys on the way.
pub fn route(version: Version, method: &str, path: &str) -> Result<(String, Vec<String>), Failure> {
    let resolved = path::resolve(&SCHEMA, version, path, |_| None)?;
    let (shape, keys) = shape(&resolved);
    let reads = method == "GET" && !is_action(&resolved);
    let is_written = |shape: &str| ROUTES.iter().any(|r| r.method == method && r.shape == shape);
    let is_called = || afar::shape(&resolved, version).is_some_and(|(_, shape)| is_written(&shape));
    if !reads && !is_written(&shape) && !is_called() {
        return Err(Failure::method_not_allowed(""));
    }
    let keys = keys.into_iter().map(|key| match key {
        Key::Id(id) => id,
        Key::Alternate { value, .. } => value,
        Key::Me => "me".to_owned(),
    });
    Ok((shape, keys.collect()))
}

/// Functions are read; everything else that is called is an action.
const FUNCTIONS: [&str; 7] = [
    "filterByCurrentUser",
    "additionalAccess",
    "getAllSites",
    "delta",
    "assignedPrincipals",
    "roleSchedules",
    "roleScheduleInstances",
];

fn is_action(resolved: &Resolved) -> bool {
    resolved.steps.iter().any(|s| matches!(s, Step::Operation { name, .. } if !FUNCTIONS.contains(name)))
}

fn not_allowed(call: &Call, resolved: &Resolved, shape: &str) -> Failure {
    let reads = (!is_action(resolved)).then_some("GET");
    let writes = ROUTES.iter().filter(|r| r.shape == shape).map(|r| r.method.as_str());
    let allowed: Vec<&str> = reads.into_iter().chain(writes).collect();
    if allowed.is_empty() {
        Failure::unknown_route(&call.full_path())
    } else {
        Failure::method_not_allowed(&allowed.join(", "))
    }
}

/// The shape of a path, with its keys.
fn shape(resolved: &Resolved) -> (String, Vec<Key>) {
    let mut shape = resolved.set.id.to_owned();
    let mut keys = Vec::new();
    for step in &resolved.steps {
        match step {
            Step::Key(key) => {
                shape.push_str("/{}");
                keys.push(key.clone());
            }
            Step::Nav(nav) => {
                shape.push('/');
                shape.push_str(nav.name.spellings().next().unwrap_or_default());
            }
            // A cast only says what the key says anyway.
            Step::Cast(_) => {}
            Step::Operation { name, .. } => {
                shape.push('/');
                shape.push_str(name);
                shape.push_str("()");
            }
            Step::Property(_) => shape.push_str("/property"),
        }
    }
    match resolved.suffix {
        Suffix::Nothing => {}
        Suffix::Count => shape.push_str("/$count"),
        Suffix::Ref => shape.push_str("/$ref"),
        Suffix::Value => shape.push_str("/$value"),
    }
    (shape, keys)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shape_of(version: Version, path: &str) -> String {
        path::resolve(&SCHEMA, version, path, |_| None).map(|r| shape(&r).0).unwrap_or_default()
    }

    #[test]
    fn both_versions_of_a_path_have_one_shape() {
        let id = "0191f0a4-0000-7000-8000-000000000001";
        let em = "/identityGovernance/entitlementManagement";
        let v1 = shape_of(Version::V1, &format!("{em}/accessPackages/{id}/resourceRoleScopes/{id}_{id}"));
        let beta =
            shape_of(Version::Beta, &format!("{em}/AccessPackages('{id}')/accessPackageResourceRoleScopes/{id}_{id}"));
        assert_eq!(v1, "accessPackages/{}/resourceRoleScopes/{}");
        assert_eq!(v1, beta);
        assert_eq!(shape_of(Version::V1, "/me/manager/$ref"), "users/{}/manager/$ref");
        assert_eq!(shape_of(Version::Beta, "/groups/x/members/%24ref"), "groups/{}/members/$ref");
        assert_eq!(shape_of(Version::V1, "/directory/deletedItems/microsoft.graph.user/x"), "deletedItems/{}");
    }

    #[test]
    fn no_route_is_there_twice() {
        for (i, route) in ROUTES.iter().enumerate() {
            let twice = ROUTES.iter().take(i).any(|r| r.method == route.method && r.shape == route.shape);
            assert!(!twice, "{} {}", route.method, route.shape);
        }
    }
}
