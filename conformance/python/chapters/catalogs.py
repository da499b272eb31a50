"""Catalogs, their resources, and packages: every spelling that documentation and tools use."""
import uuid
from datetime import UTC, datetime, timedelta

import jwt
from azure.identity import CertificateCredential
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from clients import AUTHORITY, EM, RUN, SCOPE, TENANT, beta, made, read, refused, refused_http, v1, word
from harness import check, facts, holds_all, same, step, until


def v1_resource_request(catalog, origin_id, origin_system="AadGroup", kind="AdminAdd"):
    return v1.AccessPackageResourceRequest(
        request_type=v1.AccessPackageRequestType[kind], catalog=v1.AccessPackageCatalog(id=catalog.id),
        resource=v1.AccessPackageResource(origin_id=origin_id, origin_system=origin_system))


async def resource_of(catalog, origin_id):
    """The catalog's resource for that group or application; it may appear a moment after the request."""
    builder = facts.app.em.catalogs.by_access_package_catalog_id(catalog.id).resources
    page = await until("the resource in its catalog",
                       lambda: read(builder, filter=f"originId eq '{origin_id}'", expand=["roles", "scopes"]),
                       lambda page: page.value)
    same(len(page.value), 1, f"the number of resources with originId {origin_id}")
    return page.value[0]


def v1_role_scope(resource, role_origin_id):
    origin = {"origin_id": resource.origin_id, "origin_system": resource.origin_system}
    return v1.AccessPackageResourceRoleScope(
        role=v1.AccessPackageResourceRole(origin_id=role_origin_id, origin_system=resource.origin_system,
                                          resource=v1.AccessPackageResource(id=resource.id, **origin)),
        scope=v1.AccessPackageResourceScope(is_root_scope=True, **origin))


async def package(name, catalog):
    created = made.add("packages", await facts.app.em.access_packages.post(v1.AccessPackage(
        display_name=f"{name} {RUN}", description=f"{name} of a test run",
        catalog=v1.AccessPackageCatalog(id=catalog.id))))
    same(created.is_hidden, False, "isHidden")
    return created


@step("catalog.general", gives="general")
async def general():
    found = (await read(facts.app.em.catalogs, filter="(displayName eq 'General')")).value
    same(len(found), 1, "the number of General catalogs")
    facts.general = found[0]
    same((word(found[0].catalog_type), word(found[0].state)), ("serviceDefault", "published"), "catalogType, state")
    check(found[0].is_externally_visible, "General is not externally visible")
    check(isinstance(found[0].created_date_time, datetime), "createdDateTime is no date")
    return found[0].id


@step("catalog.general_on_beta")
async def general_beta():
    # the PowerShell tutorial writes the property with a capital letter
    found = (await read(facts.app.em_beta.access_package_catalogs, filter="DisplayName eq 'general'")).value
    same([catalog.id for catalog in found], [facts.general.id], "the catalogs found on beta")
    same((found[0].catalog_type, found[0].catalog_status), ("ServiceDefault", "Published"), "type and status")
    return "same id, beta's words"


@step("catalog.create", gives="catalog")
async def create_catalog():
    catalog = made.add("catalogs", await facts.app.em.catalogs.post(v1.AccessPackageCatalog(
        display_name=f"Conformance {RUN}", description="Catalog of a test run",
        state=v1.AccessPackageCatalogState.Published)))
    facts.catalog = catalog
    same((word(catalog.catalog_type), word(catalog.state)), ("userManaged", "published"), "catalogType, state")
    same(catalog.is_externally_visible, False, "isExternallyVisible when absent")
    age = catalog.created_date_time - facts.started
    check(timedelta(seconds=-5) < age < timedelta(hours=1), f"createdDateTime is {age} after this run began")
    return catalog.id


@step("catalog.create_on_beta", gives="beta_catalog")
async def create_catalog_beta():
    facts.beta_catalog = made.add("catalogs", await facts.app.em_beta.access_package_catalogs.post(
        beta.AccessPackageCatalog(display_name=f"Conformance beta {RUN}", description="Catalog of a test run",
                                  catalog_status="unpublished", is_externally_visible=True)))
    same(facts.beta_catalog.catalog_status, "Unpublished", "catalogStatus")
    seen = await facts.app.em.catalogs.by_access_package_catalog_id(facts.beta_catalog.id).get()
    same((word(seen.state), seen.is_externally_visible), ("unpublished", True), "the same catalog on v1.0")
    return facts.beta_catalog.id


@step("catalog.update")
async def update_catalog():
    await facts.app.em.catalogs.by_access_package_catalog_id(facts.catalog.id).patch(
        v1.AccessPackageCatalog(description="Described anew"))
    seen = await facts.app.em_beta.access_package_catalogs.by_access_package_catalog_id(facts.catalog.id).get()
    same((seen.description, seen.display_name), ("Described anew", f"Conformance {RUN}"), "description, displayName")
    answer = await facts.app.http("PATCH", f"/v1.0{EM}/catalogs/{facts.catalog.id}",
                                  json={"description": "And once more"}, headers={"Prefer": "return=representation"})
    same((answer.status_code, answer.json().get("description")), (200, "And once more"), "the preferred body")
    return "204 and the change, or the body when preferred"


@step("catalog.name_is_unique")
async def duplicate_catalog():
    return await refused(facts.app.em.catalogs.post(v1.AccessPackageCatalog(
        display_name=f"conformance {RUN}", description="same name, other case")), 400, "DuplicateCatalog")


@step("resource.add")
async def add_resource():
    answer = await facts.app.em.resource_requests.post(v1_resource_request(facts.catalog, facts.marketing.id))
    check(answer.id, "the request has no id")
    same((word(answer.request_type), word(answer.state)), ("adminAdd", "delivered"), "requestType, state")
    return answer.id


@step("resource.add_on_beta")
async def add_resource_beta():
    answer = await facts.app.em_beta.access_package_resource_requests.post(beta.AccessPackageResourceRequest(
        catalog_id=facts.catalog.id, request_type="AdminAdd", justification="",
        access_package_resource=beta.AccessPackageResource(
            resource_type="AadGroup", origin_id=facts.analytics.id, origin_system="AadGroup ")))
    same(answer.catalog_id, facts.catalog.id, "catalogId")
    same((answer.request_type, answer.request_state, answer.request_status), ("AdminAdd", "Delivered", "Fulfilled"),
         "requestType, requestState, requestStatus")
    return "accessPackageResource and catalogId; the blank after AadGroup is the tutorial's"


@step("resource.add_with_beta_names_on_v1")
async def add_resource_tutorial():
    answer = await facts.app.em.resource_requests.post(v1.AccessPackageResourceRequest(
        request_type=v1.AccessPackageRequestType.AdminAdd,
        additional_data={"catalogId": facts.general.id, "justification": "", "accessPackageResource": {
            "resourceType": "AadGroup", "originId": facts.marketing.id, "originSystem": "AadGroup"}}))
    same(word(answer.request_type), "adminAdd", "requestType")
    await resource_of(facts.general, facts.marketing.id)
    return "as the API tutorial's snippets send it, into General"


@step("resource.only_once_per_catalog")
async def resource_twice():
    return await refused(facts.app.em.resource_requests.post(
        v1_resource_request(facts.catalog, facts.marketing.id)), 400, "ResourceAlreadyInCatalog")


@step("resource.read", gives="resource")
async def read_resource():
    facts.resource = found = await resource_of(facts.catalog, facts.marketing.id)
    check(found.id != facts.marketing.id, "the resource has the group's id instead of its own")
    same((found.display_name, found.origin_system), (facts.marketing.display_name, "AadGroup"),
         "displayName, originSystem")
    same({role.origin_id for role in found.roles},
         {f"{role}_{facts.marketing.id}" for role in ("Member", "Owner")}, "the roles")
    same([(scope.is_root_scope, scope.origin_id) for scope in found.scopes], [(True, facts.marketing.id)], "the scopes")
    return found.id


@step("resource.read_on_beta")
async def read_resource_beta():
    builder = facts.app.em_beta.access_package_catalogs.by_access_package_catalog_id(facts.catalog.id)
    by_name = await read(builder.access_package_resources, filter=f"DisplayName eq '{facts.marketing.display_name}'")
    same([found.id for found in by_name.value], [facts.resource.id], "the resources of that name")
    by_start = await read(builder.access_package_resources, filter=f"startswith(originId, '{facts.analytics.id}')")
    same([found.origin_id for found in by_start.value], [facts.analytics.id], "startswith(originId)")
    return "by displayName and by startswith"


@step("role.filter_and_expand")
async def read_role():
    builder = facts.app.em.catalogs.by_access_package_catalog_id(facts.catalog.id).resource_roles
    found = (await read(builder, expand=["resource"], filter=(
        f"(originSystem eq 'AadGroup' and displayName eq 'Member' and resource/id eq '{facts.resource.id}')"))).value
    same([role.origin_id for role in found], [f"Member_{facts.marketing.id}"], "the roles found")
    same(found[0].resource and found[0].resource.id, facts.resource.id, "the expanded resource")
    return found[0].id


@step("role.filter_and_expand_on_beta")
async def read_role_beta():
    builder = facts.app.em_beta.access_package_catalogs.by_access_package_catalog_id(facts.catalog.id)
    found = (await read(builder.access_package_resource_roles, expand=["accessPackageResource"], filter=(
        "originSystem eq 'AadGroup' and DisplayName eq 'Member' and "
        f"accessPackageResource/id eq '{facts.resource.id}'"))).value
    same([role.origin_id for role in found], [f"Member_{facts.marketing.id}"], "the roles found")
    same(found[0].access_package_resource.id, facts.resource.id, "the expanded accessPackageResource")
    return found[0].id


@step("package.create", gives="campaign")
async def create_package():
    facts.campaign = await package("Marketing Campaign", facts.catalog)
    seen = await read(facts.app.em.access_packages.by_access_package_id(facts.campaign.id),
                      expand=["catalog", "assignmentPolicies"])
    same(seen.catalog.id, facts.catalog.id, "the expanded catalog")
    same(seen.assignment_policies, [], "the expanded assignmentPolicies")
    return facts.campaign.id


@step("package.create_on_beta", gives="toolbox")
async def create_package_beta():
    facts.toolbox = made.add("packages", await facts.app.em_beta.access_packages.post(beta.AccessPackage(
        catalog_id=facts.catalog.id, display_name=f"Toolbox {RUN}", description="Second package", is_hidden=False)))
    same(facts.toolbox.catalog_id, facts.catalog.id, "catalogId")
    return facts.toolbox.id


@step("package.create_with_catalog_id_on_v1")
async def create_package_tutorial():
    created = made.add("packages", await facts.app.em.access_packages.post(v1.AccessPackage(
        display_name=f"Tutorial package {RUN}", description="In General",
        additional_data={"catalogId": facts.general.id})))
    seen = await facts.app.em_beta.access_packages.by_access_package_id(created.id).get()
    same(seen.catalog_id, facts.general.id, "catalogId")
    return created.id


@step("package.name_is_unique_in_its_catalog")
async def duplicate_package():
    return await refused(facts.app.em.access_packages.post(v1.AccessPackage(
        display_name=f"Marketing Campaign {RUN}", description="again",
        catalog=v1.AccessPackageCatalog(id=facts.catalog.id))), 400, "DuplicateAccessPackage")


@step("package.two_catalogs_in_one_body")
async def contradiction():
    answer = await facts.app.http("POST", f"/v1.0{EM}/accessPackages", json={
        "displayName": f"Torn {RUN}", "catalogId": facts.catalog.id, "catalog": {"id": facts.general.id}})
    return refused_http(answer, 400, "InvalidModel")["message"]


@step("package.unknown_property")
async def unknown_property():
    answer = await facts.app.http("POST", f"/v1.0{EM}/accessPackages", json={
        "displayName": f"Typo {RUN}", "catalogId": facts.catalog.id, "discription": "x", "alsoUnknown": None})
    details = refused_http(answer, 400, "InvalidModel")["details"]
    named = " ".join(detail.get("target") or "" for detail in details)
    check("discription" in named and "alsoUnknown" not in named, f"the details name {named!r}")
    return named


@step("package.find")
async def find_package():
    campaign, packages = facts.campaign, facts.app.em.access_packages
    for condition in (f"displayName eq '{campaign.display_name.upper()}'",
                      f"contains(tolower(displayName), 'campaign {RUN}')",
                      f"catalog/id eq '{facts.catalog.id}' and startswith(displayName, 'Marketing')",
                      f"displayName in ('{campaign.display_name}', 'no such name')"):
        found = [each.id for each in (await read(packages, filter=condition)).value]
        same(found, [campaign.id], f"what {condition} finds")
    on_beta = await read(facts.app.em_beta.access_packages, filter=f"accessPackageCatalog/Id eq '{facts.catalog.id}'")
    holds_all({each.id for each in on_beta.value}, {campaign.id, facts.toolbox.id}, "accessPackageCatalog/Id")
    return "by name in any case, by part of it, by catalog on both versions"


@step("role_scope.create")
async def create_role_scope():
    builder = facts.app.em.access_packages.by_access_package_id(facts.campaign.id)
    created = await builder.resource_role_scopes.post(v1_role_scope(facts.resource, f"Member_{facts.marketing.id}"))
    nested = "resourceRoleScopes($expand=role($expand=resource),scope)"
    seen = (await read(builder, expand=[nested])).resource_role_scopes
    same([each.id for each in seen], [created.id], "the expanded resourceRoleScopes")
    same(created.id, f"{seen[0].role.id}_{seen[0].scope.id}", "the id")
    same((seen[0].role.display_name, seen[0].role.resource.id), ("Member", facts.resource.id), "role, role/resource")
    return created.id


@step("role_scope.create_on_beta")
async def create_role_scope_beta():
    builder = facts.app.em_beta.access_packages.by_access_package_id(facts.toolbox.id)
    origin = {"origin_id": facts.marketing.id, "origin_system": "AadGroup"}
    created = await builder.access_package_resource_role_scopes.post(beta.AccessPackageResourceRoleScope(
        access_package_resource_role=beta.AccessPackageResourceRole(
            origin_id=f"Member_{facts.marketing.id}", display_name="Member", origin_system="AadGroup",
            access_package_resource=beta.AccessPackageResource(id=facts.resource.id, **origin)),
        access_package_resource_scope=beta.AccessPackageResourceScope(**origin)))
    nested = "accessPackageResourceRoleScopes($expand=accessPackageResourceRole,accessPackageResourceScope)"
    seen = (await read(builder, expand=[nested])).access_package_resource_role_scopes
    same([each.id for each in seen], [created.id], "the expanded accessPackageResourceRoleScopes")
    same(seen[0].access_package_resource_role.display_name, "Member", "the role in it")
    same(seen[0].access_package_resource_scope.is_root_scope, True, "isRootScope")
    return "the same group as in the first package"


@step("role_scope.resource_outside_the_catalog")
async def foreign_resource():
    body = v1_role_scope(facts.resource, f"Member_{facts.marketing.id}")
    body.role.resource.id = facts.marketing.id  # the usual mistake: the group's id for the resource's
    body.role.resource.origin_id = str(uuid.uuid4())
    return await refused(facts.app.em.access_packages.by_access_package_id(
        facts.campaign.id).resource_role_scopes.post(body), 404, "ResourceNotFound")


@step("role_scope.unknown_role")
async def unknown_role():
    return await refused(facts.app.em.access_packages.by_access_package_id(
        facts.campaign.id).resource_role_scopes.post(
            v1_role_scope(facts.resource, f"Chairman_{facts.marketing.id}")), 404, "RoleNotFound")


@step("application.create", gives="application principal app_role_id")
async def create_application():
    facts.app_role_id = str(uuid.uuid4())
    facts.application = made.add("applications", await facts.app.v1.applications.post(v1.Application(
        display_name=f"Ledger {RUN}", app_roles=[v1.AppRole(
            id=facts.app_role_id, allowed_member_types=["User"], display_name="Bookkeeper", value="Ledger.Write",
            description="May write the ledger", is_enabled=True)])))
    facts.principal = made.add("servicePrincipals", await facts.app.v1.service_principals.post(
        v1.ServicePrincipal(app_id=facts.application.app_id)))
    same([str(role.id) for role in facts.principal.app_roles], [facts.app_role_id], "appRoles of the principal")
    return facts.application.app_id


@step("application.signs_in_with_a_certificate")
async def application_certificate():
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, f"Ledger {RUN}")])
    now = datetime.now(UTC)
    signed = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(),
                                     now - timedelta(days=1), now + timedelta(days=1)).sign(key, hashes.SHA256())
    builder = facts.app.v1.applications.by_application_id(facts.application.id)
    await builder.patch(v1.Application(key_credentials=[v1.KeyCredential(
        type="AsymmetricX509Cert", usage="Verify", key=signed.public_bytes(Encoding.DER))]))
    listed = (await builder.get()).key_credentials
    same([one.display_name for one in listed], [f"CN=Ledger {RUN}"], "keyCredentials")
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()) + signed.public_bytes(Encoding.PEM)
    credential = CertificateCredential(TENANT, facts.application.app_id, certificate_data=pem, authority=AUTHORITY,
                                       disable_instance_discovery=True)
    token = jwt.decode(credential.get_token(SCOPE).token, options={"verify_signature": False})
    same(token["appid"], facts.application.app_id, "appid")
    return listed[0].key_id


@step("application.as_resource", gives="ledger")
async def application_resource():
    await facts.app.em.resource_requests.post(
        v1_resource_request(facts.catalog, facts.principal.id, "AadApplication"))
    resource = await resource_of(facts.catalog, facts.principal.id)
    same([(role.origin_id, role.display_name) for role in resource.roles], [(facts.app_role_id, "Bookkeeper")],
         "the roles")
    facts.ledger = await package("Ledger access", facts.catalog)
    builder = facts.app.em.access_packages.by_access_package_id(facts.ledger.id)
    await builder.resource_role_scopes.post(v1_role_scope(resource, facts.app_role_id))
    seen = (await read(builder, expand=["resourceRoleScopes($expand=role,scope)"])).resource_role_scopes
    same([each.role.origin_id for each in seen], [facts.app_role_id], "the package's roles")
    return facts.ledger.id
