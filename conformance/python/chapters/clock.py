"""What time brings: scheduled starts and expiry. The clock is everybody's and only moves forward."""
from datetime import timedelta

from chapters.directory import member_ids
from chapters.requesting import assignments, audit_rows, mail_subjects
from clients import BASE, EM, http, instant, read, refused_http, v1, word
from harness import check, facts, holds_all, same, step, until

ADVANCE_SECONDS_MAX = 630  # the server may take ten minutes for it


async def now():
    return instant((await facts.app.http("GET", "/tenure/v1/clock")).json()["now"])


async def advance(duration):
    before = await now()
    answer = await facts.app.http("POST", "/tenure/v1/clock", json={"advance": duration},
                                  seconds_max=ADVANCE_SECONDS_MAX)
    same(answer.status_code, 200, f"the status ({answer.text[:200]})")
    check(answer.json()["ran"] >= 1, f"nothing ran: {answer.text}")
    return before, instant(answer.json()["now"])


async def ask_for_a_later_start():
    """In three days of the server's own time."""
    request = await facts.colleague_session.em.assignment_requests.post(v1.AccessPackageAssignmentRequest(
        request_type=v1.AccessPackageRequestType.UserAdd,
        schedule=v1.EntitlementManagementSchedule(start_date_time=await now() + timedelta(days=3)),
        assignment=v1.AccessPackageAssignment(additional_data={
            "accessPackageId": facts.toolbox.id, "assignmentPolicyId": facts.toolbox_policy.id})))
    await until("the state `scheduled`", request_of(request).get, lambda seen: word(seen.state) == "scheduled")
    return request


def request_of(request):
    return facts.app.em.assignment_requests.by_access_package_assignment_request_id(request.id)


@step("clock.refuses")
async def clock_refuses():
    refused_http(await http("POST", f"{BASE}/tenure/v1/clock", json={"advance": "PT1S"}), 401)
    backwards = {"set": (await now() - timedelta(days=1)).strftime("%Y-%m-%dT%H:%M:%SZ")}
    refused_http(await facts.app.http("POST", "/tenure/v1/clock", json=backwards), 400)
    return "no token: 401, backwards: 400"


@step("schedule.waits_for_its_start", gives="to_cancel")
async def scheduled():
    facts.to_cancel = await ask_for_a_later_start()
    seen = await request_of(facts.to_cancel).get()
    same(seen.status, "PendingNotBefore", "status")
    check(seen.schedule.start_date_time > await now() + timedelta(days=2), f"start {seen.schedule.start_date_time}")
    check(facts.colleague.id not in await member_ids(facts.marketing.id), "already a member")
    return seen.id


@step("schedule.only_one_open_request")
async def second_open_request():
    answer = await facts.colleague_session.http("POST", f"/v1.0{EM}/assignmentRequests", json={
        "requestType": "userAdd", "schedule": {"startDateTime": (await now() + timedelta(days=3)).isoformat()},
        "assignment": {"accessPackageId": facts.toolbox.id, "assignmentPolicyId": facts.toolbox_policy.id}})
    related = refused_http(answer, 400, "ExistingOpenRequest")["innerError"]["tenure"]["related"]
    holds_all({each["id"] for each in related}, {facts.to_cancel.id}, "related")
    return "400 ExistingOpenRequest naming the open one"


@step("schedule.cancel", gives="canceled")
async def cancel():
    await facts.colleague_session.em.assignment_requests.by_access_package_assignment_request_id(
        facts.to_cancel.id).cancel.post()
    facts.canceled = await request_of(facts.to_cancel).get()
    same(word(facts.canceled.state), "canceled", "state")
    return facts.canceled.status


@step("schedule.starts_when_the_clock_gets_there", gives="scheduled", seconds_max=ADVANCE_SECONDS_MAX)
async def start_reached():
    check(facts.canceled, "the first one is not canceled")
    facts.scheduled = await ask_for_a_later_start()
    before, after = await advance("P4D")
    check(after - before >= timedelta(days=4), f"the clock moved by {after - before}")
    seen = await until("delivery", request_of(facts.scheduled).get, lambda seen: word(seen.state) == "delivered")
    check(seen.completed_date_time < after - timedelta(hours=12), f"delivered at {seen.completed_date_time}, late")
    check(facts.colleague.id in await member_ids(facts.marketing.id), "no member yet")
    same(word((await request_of(facts.to_cancel).get()).state), "canceled", "the state of the canceled one")
    return f"the clock says {after.isoformat()}"


@step("audit.of_a_scheduled_start")
async def audit_scheduled():
    rows = await audit_rows(facts.scheduled.id)
    activities = [row.activity_display_name for row in rows]
    wanted = ["User requests access package assignment", "Auto approve access package assignment request",
              "Schedule a future access package assignment", "Ready to fulfill access package assignment request",
              "Fulfill access package assignment request"]
    same([each for each in activities if each in wanted], wanted, "the activities as served")
    return f"{len(rows)} rows"


@step("expiry.ends_the_assignment", gives="expired", seconds_max=ADVANCE_SECONDS_MAX)
async def expire():
    end = facts.assignment.schedule.expiration.end_date_time
    days = (end - await now()).days + 2
    check(0 < days < 31, f"the assignment ends at {end}")
    await advance(f"P{days}D")
    gone = await until("the end of the assignment", lambda: assignments(facts.campaign, facts.requestor, "expired"),
                       lambda found: facts.assignment.id in {each.id for each in found})
    same(await assignments(facts.campaign, facts.requestor), [], "assignments still delivered")
    facts.expired = gone
    return f"ended at {end.isoformat()}"


@step("expiry.leaves_a_system_request")
async def system_request():
    check(facts.expired, "nothing expired")
    found = (await read(facts.app.em.assignment_requests, expand=["assignment"],
                        filter=f"accessPackage/id eq '{facts.campaign.id}'")).value
    system = [each for each in found if word(each.request_type) == "systemRemove"]
    same([(each.assignment.id, word(each.state)) for each in system], [(facts.assignment.id, "delivered")],
         "the systemRemove requests")
    return system[0].id


@step("expiry.ends_the_membership")
async def membership_ended():
    check(facts.expired, "nothing expired")
    same(await member_ids(facts.marketing.id), {facts.colleague.id}, "members of the group")
    return "gone for the one, kept for the other whose end lies ahead"


@step("mail.after_the_end")
async def mail_of_the_end():
    check(facts.expired, "nothing expired")
    ended = f"Access has ended for {facts.campaign.display_name}"
    await until("the mail of the end", lambda: mail_subjects(facts.requestor), lambda found: ended in found)
    return ended


@step("mail.none_on_direct_assignment")
async def no_mail():
    subjects = await mail_subjects(facts.colleague)
    check(f"You now have access to {facts.toolbox.display_name}" in subjects, "the mail of the own request is missing")
    check(f"You now have access to {facts.campaign.display_name}" not in subjects,
          "a direct assignment was announced by mail")
    return "only of the own request"
