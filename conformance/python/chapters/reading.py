"""Lists, queries, batches and error answers as clients send and read them."""
import uuid
from urllib.parse import quote, urlsplit

from msgraph_core.requests.batch_request_builder import BatchRequestBuilder
from msgraph_core.requests.batch_request_content import BatchRequestContent
from msgraph_core.tasks.page_iterator import PageIterator

from clients import BASE, EM, V1_ERROR, ask, read, refused, refused_http, v1
from harness import check, facts, same, step


def of_campaign():
    """Requests of a package with two of them: enough to make a page of one continue."""
    return f"accessPackage/id eq '{facts.campaign.id}'"


def both():
    return {facts.request.id, facts.direct_request.id}


@step("paging.by_next_link")
async def paging():
    builder = facts.app.em.assignment_requests
    page = await read(builder, filter=of_campaign(), expand=["requestor"], top=1, count=True)
    same((len(page.value), page.odata_count), (1, 2), "size of the first page, @odata.count")
    check(page.odata_next_link, "no @odata.nextLink")
    link = urlsplit(page.odata_next_link)
    same(f"{link.scheme}://{link.netloc}", BASE, "the origin of nextLink")
    check(link.path.startswith("/v1.0/"), f"the path of nextLink is {link.path}")
    second = await builder.with_url(page.odata_next_link).get()
    same({each.id for each in page.value + second.value}, both(), "what both pages hold")
    check(all(each.requestor for each in second.value), "the second page lost $expand")
    same(second.odata_next_link, None, "nextLink of the last page")
    return "two pages of one, filter and expand kept"


@step("paging.by_page_iterator")
async def page_iterator():
    page = await read(facts.app.em.assignment_requests, filter=of_campaign(), top=1)
    seen = []
    iterator = PageIterator(page, facts.app.v1.request_adapter, error_mapping={"XXX": V1_ERROR})
    await iterator.iterate(lambda each: seen.append(each.id) or True)
    same(len(seen), 2, "the number of requests seen")
    same(set(seen), both(), "the requests seen")
    return "each request once"


@step("paging.altered_link_is_refused")
async def altered_link():
    page = await read(facts.app.em.assignment_requests, filter=of_campaign(), top=1)
    check(page.odata_next_link, "no @odata.nextLink")
    altered = page.odata_next_link.replace(quote(facts.campaign.id), quote(facts.toolbox.id))
    check(altered != page.odata_next_link, f"nextLink does not keep $filter: {page.odata_next_link}")
    return await refused(facts.app.em.assignment_requests.with_url(altered).get(), 400, "InvalidNextLink")


@step("count.of_a_filtered_list")
async def count():
    number = await read(facts.app.em.assignment_requests.count, filter=of_campaign())
    same(number, 2, "/assignmentRequests/$count")
    answer = await facts.app.http("GET", f"/v1.0{EM}/assignmentRequests/$count", params={"$filter": of_campaign()})
    check(answer.headers["content-type"].startswith("text/plain"), f"content type {answer.headers['content-type']}")
    same(answer.text, "2", "the body of $count")
    return "2, as plain text"


@step("list.ordered_and_selected")
async def ordered():
    answer = await facts.app.http("GET", f"/v1.0{EM}/accessPackages", params={
        "$filter": f"catalog/id eq '{facts.catalog.id}'", "$orderby": "displayName desc", "$select": "id,displayName"})
    same(answer.status_code, 200, f"the status ({answer.text[:200]})")
    rows = answer.json()["value"]
    names = [row["displayName"] for row in rows]
    check(len(names) >= 3, f"only {names}")
    same(names, sorted(names, key=str.lower, reverse=True), "the order")
    same({key for row in rows for key in row if "@" not in key}, {"id", "displayName"}, "the selected properties")
    return " > ".join(names)


@step("expand.nested_on_a_list")
async def nested_expand():
    nested = "resourceRoleScopes($expand=role($expand=resource),scope)"
    page = await read(facts.app.em.access_packages, filter=f"id eq '{facts.campaign.id}'",
                      expand=["assignmentPolicies", "catalog", nested])
    same([each.id for each in page.value], [facts.campaign.id], "the packages")
    found = page.value[0]
    same({each.id for each in found.assignment_policies}, {facts.beta_policy.id, facts.policy.id}, "assignmentPolicies")
    same(found.resource_role_scopes[0].role.resource.origin_id, facts.marketing.id, "role/resource/originId")
    return "three levels deep"


@step("wire.spellings_of_one_address")
async def spellings():
    name = quote(facts.campaign.display_name)
    for path in (f"/v1.0/IdentityGovernance/entitlementmanagement/ACCESSPACKAGES/{facts.campaign.id}",
                 f"/v1.0{EM}/accessPackages('{facts.campaign.id}')",
                 f"/v1.0{EM}/accessPackages?%24filter=displayName+eq+%27{name}%27",
                 f"/beta{EM}/accessPackages?filter=displayName eq '{name}'",
                 f"/beta{EM}/accessPackages/{facts.campaign.id}"):
        answer = await facts.app.http("GET", path)
        same(answer.status_code, 200, f"the status of {path} ({answer.text[:150]})")
        body = answer.json()
        same([each["id"] for each in body.get("value", [body])], [facts.campaign.id], f"what {path} finds")
    return "any case, key in parentheses, encoded $, plus for blank, no $"


@step("wire.headers")
async def headers():
    mine = str(uuid.uuid4())
    answer = await facts.app.http("GET", f"/v1.0{EM}/catalogs?$top=1", headers={"client-request-id": mine})
    same(answer.headers.get("client-request-id"), mine, "client-request-id")
    check(answer.headers.get("request-id"), "request-id is absent")
    same(answer.headers.get("odata-version"), "4.0", "OData-Version")
    check(answer.headers["content-type"].startswith("application/json"), f"type {answer.headers['content-type']}")
    check("@odata.context" in answer.json(), "@odata.context is absent")
    return answer.headers["content-type"]


@step("batch.by_the_sdk")
async def sdk_batch():
    users, packages = facts.app.v1.users, facts.app.em.access_packages
    content = BatchRequestContent()
    for key, builder in (("person", users.by_user_id(facts.requestor.id)),
                         ("package", packages.by_access_package_id(facts.campaign.id)),
                         ("nobody", users.by_user_id(str(uuid.uuid4())))):
        content.add_request_information(builder.to_get_request_information(), key)
    answer = await BatchRequestBuilder(facts.app.v1.request_adapter, {"XXX": V1_ERROR}).post(content)
    # Only the statuses: this release of msgraph-core cannot read a body that is an object.
    statuses = {item.id: item.status for item in answer.responses.values()}
    same(sorted(statuses.values()), [200, 200, 404], f"the statuses {statuses}")
    return "statuses by id"


@step("batch.bodies_and_dependencies")
async def plain_batch():
    one = f"{EM}/accessPackages/{facts.campaign.id}"
    answer = await facts.app.http("POST", "/v1.0/$batch", json={"requests": [
        {"id": "1", "method": "GET", "url": one},
        {"id": "2", "method": "GET", "url": f"/users/{uuid.uuid4()}"},
        {"id": "3", "method": "GET", "url": one[1:], "dependsOn": ["2"]},
        {"id": "4", "method": "PATCH", "url": f"/v1.0{one}", "headers": {"content-type": "application/json"},
         "body": {"description": "Changed in a batch"}}]})
    same(answer.status_code, 200, f"the status ({answer.text[:200]})")
    parts = {part["id"]: part for part in answer.json()["responses"]}
    same({key: part["status"] for key, part in parts.items()}, {"1": 200, "2": 404, "3": 424, "4": 204}, "the statuses")
    same(parts["1"]["body"]["id"], facts.campaign.id, "the body of the first")
    check(parts["1"]["headers"]["Content-Type"].startswith("application/json"), "its Content-Type")
    same(parts["2"]["body"]["error"]["code"], "Request_ResourceNotFound", "the error of the second")
    return "200, 404, 424, 204"


@step("batch.at_most_twenty")
async def too_many():
    requests = [{"id": str(n), "method": "GET", "url": "/me"} for n in range(21)]
    refused_http(await facts.app.http("POST", "/v1.0/$batch", json={"requests": requests}), 400)
    return "21 are refused as a whole"


@step("error.not_found")
async def not_found():
    absent, em = str(uuid.uuid4()), facts.app.em
    for builder in (em.access_packages.by_access_package_id(absent),
                    em.catalogs.by_access_package_catalog_id(absent),
                    em.assignment_policies.by_access_package_assignment_policy_id(absent),
                    em.assignment_requests.by_access_package_assignment_request_id(absent),
                    em.assignments.by_access_package_assignment_id(absent)):
        await refused(builder.get(), 404, "ResourceNotFound")
    await refused(facts.app.v1.groups.by_group_id(absent).get(), 404, "Request_ResourceNotFound")
    refused_http(await facts.app.http("GET", f"/v1.0{EM}/accessParcels"), 404, "UnknownRoute")
    return "entitlement objects, directory objects, routes: a code each"


@step("error.malformed_query")
async def malformed():
    packages = facts.app.em.access_packages
    for options in ({"filter": "displayName eq"}, {"filter": "(displayName eq 'x'"}, {"filter": "parcel eq 'x'"},
                    {"filter": "catalog/id eq 'General'"}, {"expand": ["parcels"]}, {"orderby": ["parcel"]},
                    {"select": ["parcel"]}, {"top": 0}):
        await refused(packages.get(ask(packages, **options)), 400, "InvalidFilter")
    refused_http(await facts.app.http("GET", f"/v1.0{EM}/accessPackages?$parcel=1"), 400, "InvalidFilter")
    return "filter, expand, orderby, select, top and an unknown option"


@step("error.missing_field")
async def missing_field():
    return await refused(facts.app.em.access_packages.post(v1.AccessPackage(
        description="no name", catalog=v1.AccessPackageCatalog(id=facts.catalog.id))), 400, "InvalidModel")
