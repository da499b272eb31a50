"""Who may not do what, and that nobody learns of things out of sight."""
import uuid

from chapters.requesting import assignments, user_add
from clients import DOMAIN, E, EM, PasswordGrant, Session, all_refused, read, refused, refused_http, v1, word
from harness import check, facts, same, step

DENIED = "Authorization_RequestDenied"


def a_package():
    return v1.AccessPackage(display_name="Not allowed", description="x",
                            catalog=v1.AccessPackageCatalog(id=facts.catalog.id))


@step("forbidden.person_creates_or_changes")
async def person_writes():
    em = facts.requestor_session.em
    await all_refused(
        403, DENIED, em.access_packages.post(a_package()),
        em.catalogs.post(v1.AccessPackageCatalog(display_name="Not allowed", description="x")),
        em.access_packages.by_access_package_id(facts.campaign.id).delete(),
        em.catalogs.by_access_package_catalog_id(facts.catalog.id).patch(v1.AccessPackageCatalog(description="mine")))
    return "packages and catalogs"


@step("forbidden.person_lists_what_others_have")
async def person_lists():
    em = facts.requestor_session.em
    builders = (em.assignments, em.assignment_requests, em.assignment_policies, em.catalogs)
    await all_refused(403, DENIED, *(builder.get() for builder in builders))
    return "assignments, requests, policies, catalogs"


@step("forbidden.does_not_tell_whether_it_exists")
async def same_answer():
    ids = (facts.campaign.id, str(uuid.uuid4()))
    codes = [refused_http(await facts.requestor_session.http("DELETE", f"/v1.0{EM}/accessPackages/{each}"), 403)["code"]
             for each in ids]
    same(codes, [DENIED, DENIED], "the codes for one that exists and one that does not")
    return "403 for both"


@step("forbidden.app_without_write_permission")
async def reader_writes():
    check((await read(facts.reader.em.catalogs, top=1)).value, "the reader may not even read")
    await refused(facts.reader.em.access_packages.post(a_package()), 403, DENIED)
    answer = await facts.reader.http("POST", f"/beta{EM}/accessPackages", json={
        "catalogId": facts.catalog.id, "displayName": "Not allowed"})
    details = str(refused_http(answer, 403, DENIED)["details"])
    check("EntitlementManagement.ReadWrite.All" in details, f"the details name no permission: {details}")
    return "reads, does not write, is told which permission is missing"


@step("invisible.assignment_of_another_person")
async def other_assignment():
    theirs = (await assignments(facts.campaign, facts.requestor))[0]
    em = facts.colleague_session.em
    await refused(em.assignments.by_access_package_assignment_id(theirs.id).get(), 404)
    own = facts.requestor_session.em.assignments.by_access_package_assignment_id(theirs.id)
    same((await own.get()).id, theirs.id, "the same one for its holder")
    return "404 for others, 200 for the holder"


@step("invisible.package_in_a_request")
async def invisible_package():
    body = user_add(facts.campaign, facts.beta_policy, facts.requestor)
    body.access_package_assignment.target_id = None
    return await refused(facts.outsider_session.em_beta.access_package_assignment_requests.post(body), 404,
                         "ResourceNotFound")


@step("forbidden.clock_and_mails_for_a_person")
async def own_surface():
    session = facts.requestor_session
    refused_http(await session.http("POST", "/tenure/v1/clock", json={"advance": "PT1S"}), 403)
    refused_http(await session.http("GET", "/tenure/v1/outbox/mail"), 403)
    return "403 for both"


@step("allowed.global_reader_reads_the_audit")
async def auditor():
    session = Session(PasswordGrant(f"auditor@{DOMAIN}", E["DEMO_PASSWORD"]))
    rows = (await read(session.v1.audit_logs.directory_audits,
                       filter=f"correlationId eq '{facts.request.id}'")).value
    same({word(row.result) for row in rows}, {"success"}, "results of the request's rows")
    await refused(session.em.access_packages.post(a_package()), 403, DENIED)
    return f"{len(rows)} rows, and no right to write"
