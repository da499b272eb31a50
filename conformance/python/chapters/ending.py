"""What must not be deleted while in use, and then everything this run made, away."""
from chapters.catalogs import v1_resource_request
from chapters.directory import member_ids
from chapters.requesting import assignments, ended, remove
from clients import beta, made, read, refused, v1
from harness import Missing, check, facts, same, step


def ids_of(kind):
    found = made.of(kind)
    if not found:
        raise Missing(f"no step of this run made {kind}")
    return found


async def delete_all(kind, builder_of):
    """Deletes all of a kind and reads each once more; one that fails does not keep the others."""
    left = []
    for each in ids_of(kind):
        try:
            await builder_of(each).delete()
            await refused(builder_of(each).get(), 404)
        except Exception as error:  # named together at the end
            left.append(f"{each}: {error}")
    check(not left, f"{len(left)} left; {left[:1]}")
    return f"{len(ids_of(kind))} deleted, GET answers 404"


@step("in_use.package_policy_catalog_resource")
async def in_use():
    check(await assignments(facts.toolbox, facts.colleague), "nobody holds the package any more")
    em = facts.app.em
    policy = em.assignment_policies.by_access_package_assignment_policy_id(facts.toolbox_policy.id)
    removal = v1_resource_request(facts.catalog, facts.marketing.id, kind="AdminRemove")
    await refused(em.access_packages.by_access_package_id(facts.toolbox.id).delete(), 400, "AccessPackageInUse")
    await refused(policy.delete(), 400, "PolicyInUse")
    await refused(em.catalogs.by_access_package_catalog_id(facts.catalog.id).delete(), 400, "CatalogNotEmpty")
    await refused(em.resource_requests.post(removal), 400, "InvalidDeleteResourceHasEntitlements")
    return "a code for each"


@step("removal.by_the_id_of_the_request")
async def remove_by_request():
    # the API tutorial's last step puts the request's id where the assignment's belongs
    request = await facts.app.em_beta.access_package_assignment_requests.post(beta.AccessPackageAssignmentRequest(
        request_type="AdminRemove", access_package_assignment=beta.AccessPackageAssignment(id=facts.scheduled.id)))
    await ended(request)
    same(await assignments(facts.toolbox, facts.colleague), [], "live assignments")
    same(await member_ids(facts.marketing.id), set(), "members of the group")
    return request.id


@step("cleanup.assignments")
async def clean_assignments():
    for package in ids_of("packages"):
        live = f"accessPackage/id eq '{package}' and state ne 'expired'"
        for assignment in (await read(facts.app.em.assignments, filter=live)).value:
            await remove(assignment)
        same((await read(facts.app.em.assignments, filter=live)).value, [], f"live assignments of {package}")
    return "none is live"


@step("cleanup.policies")
async def clean_policies():
    return await delete_all("policies", facts.app.em.assignment_policies.by_access_package_assignment_policy_id)


@step("cleanup.packages")
async def clean_packages():
    return await delete_all("packages", facts.app.em.access_packages.by_access_package_id)


@step("cleanup.resources")
async def clean_resources():
    for catalog, group in ((facts.general, facts.marketing), (facts.catalog, facts.marketing)):
        await facts.app.em.resource_requests.post(v1_resource_request(catalog, group.id, kind="AdminRemove"))
        builder = facts.app.em.catalogs.by_access_package_catalog_id(catalog.id).resources
        found = (await read(builder, filter=f"originId eq '{group.id}'")).value
        same(found, [], f"the group's resources in {catalog.display_name}")
    return "out of General and out of the run's own catalog"


@step("cleanup.catalogs")
async def clean_catalogs():
    return await delete_all("catalogs", facts.app.em.catalogs.by_access_package_catalog_id)


@step("cleanup.applications")
async def clean_applications():
    await delete_all("servicePrincipals", facts.app.v1.service_principals.by_service_principal_id)
    return await delete_all("applications", facts.app.v1.applications.by_application_id)


@step("cleanup.groups")
async def clean_groups():
    return await delete_all("groups", facts.app.v1.groups.by_group_id)


@step("cleanup.users")
async def clean_users():
    return await delete_all("users", facts.app.v1.users.by_user_id)


@step("cleanup.deleted_items")
async def purge():
    deleted = facts.app.v1.directory.deleted_items.by_directory_object_id
    people = [await deleted(each).get() for each in ids_of("users")]
    check(all(isinstance(each, v1.User) for each in people), "deletedItems lacks @odata.type #microsoft.graph.user")
    return await delete_all("users", deleted) + "; " + await delete_all("groups", deleted)


@step("cleanup.deleted_applications")
async def purge_applications():
    deleted = facts.app.v1.directory.deleted_items.by_directory_object_id
    return await delete_all("servicePrincipals", deleted) + "; " + await delete_all("applications", deleted)
