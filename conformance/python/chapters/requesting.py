"""Asking for access, getting it, and the traces that leaves: assignment, membership, audit, mail."""
from datetime import datetime, timedelta

from chapters.directory import member_ids
from clients import EM, V1_ERROR, beta, explain, read, refused, refused_http, v1, word
from harness import check, facts, holds_all, same, step, until

# Scenario: no approval, in scope. These four, in this order, are its audit rows.
ACTIVITIES = [
    "User requests access package assignment",
    "Auto approve access package assignment request",
    "Ready to fulfill access package assignment request",
    "Fulfill access package assignment request",
]
ENDED = {"delivered", "partiallyDelivered", "deliveryFailed", "denied", "canceled"}


def v1_request(kind, **assignment):
    """The three ids travel flat, as in the documentation, though this version's type has no such properties."""
    return v1.AccessPackageAssignmentRequest(
        request_type=v1.AccessPackageRequestType[kind],
        assignment=v1.AccessPackageAssignment(additional_data=assignment))


def admin_add(package, policy, person):
    return v1_request("AdminAdd", accessPackageId=package.id, assignmentPolicyId=policy.id, targetId=person.id)


def user_add(package, policy, person):
    return beta.AccessPackageAssignmentRequest(
        request_type="UserAdd", access_package_assignment=beta.AccessPackageAssignment(
            access_package_id=package.id, assignment_policy_id=policy.id, target_id=person.id))


async def ended(request):
    """The request when it can go no further; anything but `delivered` is an error here."""
    builder = facts.app.em.assignment_requests.by_access_package_assignment_request_id(request.id)
    seen = await until("the end of the request", builder.get, lambda seen: word(seen.state) in ENDED)
    same(word(seen.state), "delivered", "the state in which the request ended")
    return seen


async def assign(package, policy, person):
    request = await facts.app.em.assignment_requests.post(admin_add(package, policy, person))
    await ended(request)
    return request


async def assignments(package, person, state="delivered"):
    page = await read(facts.app.em.assignments, expand=["target"], filter=(
        f"accessPackage/id eq '{package.id}' and target/objectId eq '{person.id}' and state eq '{state}'"))
    return page.value


async def remove(assignment):
    request = await facts.app.em.assignment_requests.post(v1.AccessPackageAssignmentRequest(
        request_type=v1.AccessPackageRequestType.AdminRemove, assignment=v1.AccessPackageAssignment(id=assignment.id)))
    await ended(request)
    return request


async def audit_rows(request_id):
    return (await read(facts.app.v1.audit_logs.directory_audits, filter=f"correlationId eq '{request_id}'")).value


async def mails_to(person):
    """What this person was sent since the run began; the outbox pages like any list."""
    found, url = [], "/tenure/v1/outbox/mail"
    query = {"$filter": f"createdDateTime ge {facts.started.strftime('%Y-%m-%dT%H:%M:%SZ')}", "$top": "200"}
    while url:
        answer = await facts.app.http("GET", url, params=query)
        same(answer.status_code, 200, f"GET {url}")
        found += [mail for mail in answer.json()["value"] if person.user_principal_name.lower() in
                  {address.lower() for address in mail["to"]}]
        url, query = answer.json().get("@odata.nextLink"), None
    return found


async def mail_subjects(person):
    return [mail["subject"] for mail in await mails_to(person)]


@step("package.requestable_by_the_person")
async def requestable():
    def offered(session):
        return session.em.access_packages.filter_by_current_user_with_on("allowedRequestor").get()
    found = {each.id for each in (await offered(facts.requestor_session)).value}
    holds_all(found, {facts.campaign.id, facts.toolbox.id, facts.ledger.id}, "what the requestor may ask for")
    strange = {each.id for each in (await offered(facts.outsider_session)).value}
    check(facts.campaign.id not in strange, "the package is offered outside its policies")
    return f"{len(found)} packages"


@step("request.user_add", gives="request")
async def post_user_add():
    facts.request = request = await facts.requestor_session.em_beta.access_package_assignment_requests.post(
        user_add(facts.campaign, facts.beta_policy, facts.requestor))
    same((request.request_type, request.request_state, request.request_status), ("UserAdd", "Submitted", "Accepted"),
         "requestType, requestState, requestStatus")
    check(isinstance(request.created_date_time, datetime), "createdDateTime is no date")
    return request.id


@step("request.is_delivered")
async def request_delivered():
    seen = await ended(facts.request)
    same(word(seen.request_type), "userAdd", "requestType on v1.0")
    check(isinstance(seen.completed_date_time, datetime), "completedDateTime is no date")
    on_beta = await facts.app.em_beta.access_package_assignment_requests.by_access_package_assignment_request_id(
        facts.request.id).get()
    same(on_beta.request_state, "Delivered", "requestState on beta")
    check(on_beta.request_status in ("Fulfilled", "FulfilledNotificationTriggered"),
          f"requestStatus is {on_beta.request_status}")
    return f"{on_beta.request_state}/{on_beta.request_status}"


@step("request.expand")
async def request_expanded():
    seen = await read(
        facts.app.em.assignment_requests.by_access_package_assignment_request_id(facts.request.id),
        expand=["requestor", "accessPackage", "assignment($expand=target)"])
    same((seen.requestor.object_id, seen.access_package.id, seen.assignment.target.object_id),
         (facts.requestor.id, facts.campaign.id, facts.requestor.id), "requestor, accessPackage, assignment/target")
    return "requestor, accessPackage, assignment/target"


@step("assignment.ends_after_the_policy_s_30_days", gives="assignment")
async def assignment_end():
    found = (await read(
        facts.app.em_beta.access_package_assignments, expand=["target", "accessPackageAssignmentResourceRoles"],
        filter=f"accessPackageAssignmentPolicy/Id eq '{facts.beta_policy.id}'")).value
    same(len(found), 1, "the number of assignments under the policy")
    facts.assignment = one = found[0]
    same((one.target_id, one.target.object_id, one.target.type), (facts.requestor.id, facts.requestor.id, "User"),
         "targetId, target")
    same((one.assignment_state, one.access_package_id), ("Delivered", facts.campaign.id), "assignmentState, package")
    same(len(one.access_package_assignment_resource_roles), 1, "the number of expanded resource roles")
    length = one.schedule.expiration.end_date_time - facts.request.created_date_time
    check(abs(length - timedelta(days=30)) < timedelta(minutes=5), f"the assignment lasts {length}")
    return one.schedule.expiration.end_date_time.isoformat()


@step("assignment.read_on_v1")
async def assignment_v1():
    found = (await read(facts.app.em.assignments, expand=["target", "assignmentPolicy", "accessPackage"], filter=(
        f"accessPackage/id eq '{facts.campaign.id}' and state eq 'Delivered'"))).value
    same([each.id for each in found], [facts.assignment.id], "the assignments")
    same((found[0].target.object_id, found[0].assignment_policy.id, found[0].access_package.id),
         (facts.requestor.id, facts.beta_policy.id, facts.campaign.id), "target, assignmentPolicy, accessPackage")
    return found[0].id


@step("membership.of_the_delivered_group")
async def membership():
    same(await member_ids(facts.marketing.id), {facts.requestor.id}, "members of the group")
    groups = (await facts.app.v1.users.by_user_id(facts.requestor.id).member_of.get()).value
    check(all(each.odata_type for each in groups), "memberOf lacks @odata.type")
    holds_all({each.id for each in groups}, {facts.marketing.id}, "memberOf")
    return "in members and in memberOf"


@step("audit.of_a_request_without_approval")
async def audit_user_add():
    rows = await audit_rows(facts.request.id)
    same([row.activity_display_name for row in rows if row.activity_display_name in ACTIVITIES], ACTIVITIES,
         "the activities as served")
    same([row.id for row in rows], sorted(row.id for row in rows), "the order of the ids")
    same({row.category for row in rows}, {"EntitlementManagement"}, "category")
    same({word(row.result) for row in rows}, {"success"}, "result")
    same(rows[0].initiated_by.user.id, facts.requestor.id, "initiatedBy of the first")
    holds_all({target.id for target in rows[0].target_resources}, {facts.request.id, facts.campaign.id},
              "targetResources of the first")
    return f"{len(rows)} rows, four of them the known ones in order"


@step("mail.access_granted")
async def mail_granted():
    subject = f"You now have access to {facts.campaign.display_name}"
    await until(f"the mail {subject!r}", lambda: mail_subjects(facts.requestor), lambda found: subject in found)
    return subject


@step("request.mine")
async def own_requests():
    em = facts.requestor_session.em
    requests = (await em.assignment_requests.filter_by_current_user_with_on("target").get()).value
    same([each.id for each in requests], [facts.request.id], "my requests")
    held = (await em.assignments.filter_by_current_user_with_on("target").get()).value
    same([each.id for each in held], [facts.assignment.id], "my assignments")
    return "one request, one assignment"


@step("request.admin_add", gives="direct_request")
async def post_admin_add():
    facts.direct_request = await assign(facts.campaign, facts.policy, facts.colleague)
    same(word(facts.direct_request.request_type), "adminAdd", "requestType")
    same(word(facts.direct_request.state), "submitted", "the state in the answer of POST")
    same(await member_ids(facts.marketing.id), {facts.requestor.id, facts.colleague.id}, "members of the group")
    return facts.direct_request.id


@step("audit.of_a_direct_assignment")
async def audit_admin_add():
    rows = await audit_rows(facts.direct_request.id)
    activities = [row.activity_display_name for row in rows]
    holds_all(activities, ["Administrator directly assigns user to access package", ACTIVITIES[-1]], "the activities")
    check(ACTIVITIES[0] not in activities, "the row says that the user asked")
    same(rows[0].initiated_by.app.app_id, facts.app_claims["appid"], "initiatedBy of the first")
    return activities[0]


@step("request.second_one_is_refused")
async def duplicate():
    body = user_add(facts.campaign, facts.beta_policy, facts.requestor)
    return await refused(facts.requestor_session.em_beta.access_package_assignment_requests.post(body), 400,
                         "ExistingAssignment")


@step("refusal.says_which_guard_and_which_object")
async def refusal_body():
    answer = await facts.requestor_session.http("POST", f"/v1.0{EM}/assignmentRequests", json={
        "requestType": "userAdd", "assignment": {
            "accessPackageId": facts.campaign.id, "assignmentPolicyId": facts.beta_policy.id,
            "targetId": facts.requestor.id}})
    ours = refused_http(answer, 400, "ExistingAssignment")["innerError"]["tenure"]
    same(ours["refusal"], "ExistingAssignment", "refusal")
    guards = {guard["guard"]: guard["passed"] for guard in ours["guards"]}
    same((guards.get("noLiveAssignment"), guards.get("policyScope")), (False, True), "noLiveAssignment, policyScope")
    holds_all({related["id"] for related in ours["related"]}, {facts.assignment.id}, "related")
    return f"{len(guards)} guards, one failed"


@step("request.outside_the_policy_s_scope")
async def out_of_scope():
    try:
        await facts.app.em.assignment_requests.post(admin_add(facts.campaign, facts.beta_policy, facts.newcomer))
    except V1_ERROR as error:
        same((error.response_status_code, error.error.code), (400, "NotInPolicyScope"), "the refusal")
        check("You don't meet policy requirements" in error.error.message, f"the message is {error.error.message!r}")
        return explain(error)
    raise AssertionError("a person outside the policy was assigned")


@step("request.validation_only_leaves_nothing")
async def validation_only():
    package = {"filter": f"accessPackage/id eq '{facts.toolbox.id}'"}
    before = (await read(facts.app.em.assignment_requests, **package)).value
    body = user_add(facts.toolbox, facts.toolbox_policy, facts.requestor)
    body.is_validation_only = True
    await facts.requestor_session.em_beta.access_package_assignment_requests.post(body)
    after = (await read(facts.app.em.assignment_requests, **package)).value
    same([each.id for each in after], [each.id for each in before], "the requests for the package")
    return "accepted, no row"
