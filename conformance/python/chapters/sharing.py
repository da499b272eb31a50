"""Two packages with one group, and a role of an application: what a grant hangs on."""
from chapters.directory import member_ids
from chapters.requesting import assign, assignments, ended, remove, user_add
from clients import beta, refused, v1
from harness import check, facts, same, step


async def in_marketing(person):
    return person.id in await member_ids(facts.marketing.id)


async def role_holders():
    builder = facts.app.v1.service_principals.by_service_principal_id(facts.principal.id)
    return (await builder.app_role_assigned_to.get()).value


@step("sharing.second_package_with_the_same_group", gives="shared")
async def second_package():
    facts.shared = [(await assignments(facts.campaign, facts.colleague))[0]]
    await assign(facts.toolbox, facts.toolbox_policy, facts.colleague)
    facts.shared.append((await assignments(facts.toolbox, facts.colleague))[0])
    same(await member_ids(facts.marketing.id), {facts.requestor.id, facts.colleague.id}, "members of the group")
    return "two live assignments, one membership"


@step("sharing.first_removal_keeps_the_membership", gives="first_removal")
async def first_removal():
    facts.first_removal = await remove(facts.shared[0])
    same(await assignments(facts.campaign, facts.colleague), [], "live assignments of the first package")
    check(await in_marketing(facts.colleague), "the group is gone though the second package still grants it")
    return facts.first_removal.id


@step("sharing.last_removal_ends_the_membership")
async def last_removal():
    check(facts.first_removal.id, "the first removal has no id")
    await remove(facts.shared[1])
    check(not await in_marketing(facts.colleague), "still a member, and no package grants it any more")
    check(await in_marketing(facts.requestor), "the other person lost the group too")
    return "out of the group"


@step("removal.leaves_expired_assignments")
async def expired_rows():
    for package, removed in zip((facts.campaign, facts.toolbox), facts.shared):
        same([each.id for each in await assignments(package, facts.colleague, "expired")], [removed.id],
             f"expired assignments of {package.display_name}")
    return "listed as expired"


@step("removal.of_an_ended_assignment")
async def remove_twice():
    return await refused(facts.app.em.assignment_requests.post(v1.AccessPackageAssignmentRequest(
        request_type=v1.AccessPackageRequestType.AdminRemove,
        assignment=v1.AccessPackageAssignment(id=facts.shared[0].id))), 400, "AssignmentNotLive")


@step("application.role_is_granted", gives="ledger_assignment")
async def grant_role():
    request = await facts.requestor_session.em_beta.access_package_assignment_requests.post(
        user_add(facts.ledger, facts.ledger_policy, facts.requestor))
    await ended(request)
    held = await role_holders()
    same([(str(each.principal_id), str(each.app_role_id), each.principal_type) for each in held],
         [(facts.requestor.id, facts.app_role_id, "User")], "appRoleAssignedTo")
    facts.ledger_assignment = (await assignments(facts.ledger, facts.requestor))[0]
    return "Bookkeeper"


@step("application.role_ends_when_the_person_gives_it_back")
async def give_back():
    request = await facts.requestor_session.em_beta.access_package_assignment_requests.post(
        beta.AccessPackageAssignmentRequest(
            request_type="UserRemove",
            access_package_assignment=beta.AccessPackageAssignment(id=facts.ledger_assignment.id)))
    await ended(request)
    same(await role_holders(), [], "appRoleAssignedTo")
    return "by userRemove"
