// The entitlement management tutorial with Microsoft's own JavaScript clients, on v1.0 and on beta.
//
// Start it in a folder where `npm ci --ignore-scripts` was run with the package.json beside this file, with the
// lines of demo.env in the environment. Every step prints `ok NAME: detail` or `FAIL NAME: reason`; the last line
// is `N passed, M failed`, and the exit code is 1 when M > 0.
import { randomUUID } from "node:crypto";

import {
  BASE, BatchRequestContent, BatchResponseContent, E, EM, PASSWORD, PageIterator, RUN, SCOPE, appCredential,
  deviceCredential, explain, passwordCredential, refused, session,
} from "./clients.mjs";
import { check, facts, runAll, same, step, until } from "./harness.mjs";

const DAY_MS = 86_400_000;
const ENDED = ["delivered", "partiallyDelivered", "deliveryFailed", "denied", "canceled"];
const ACTIVITIES = [
  "User requests access package assignment",
  "Auto approve access package assignment request",
  "Ready to fulfill access package assignment request",
  "Fulfill access package assignment request",
];

const made = { users: [], groups: [], catalogs: [], packages: [], policies: [] };
const keep = (kind, thing) => {
  check(thing?.id, `the new one of ${kind} has no id`);
  made[kind].push(thing.id);
  return thing;
};
const ids = (list) => list.map((each) => each.id).sort();
const em = (route) => facts.app.v1(EM + route);
const emBeta = (route) => facts.app.beta(EM + route);
const members = async () => ids((await facts.app.v1(`/groups/${facts.group.id}/members`).get()).value);
const now = async () => Date.parse((await facts.app.v1(`${BASE}/tenure/v1/clock`).get()).now);

const createPerson = async (name) => keep("users", await facts.app.v1("/users").post({
  accountEnabled: true, displayName: `${name} ${RUN}`, mailNickname: `${name}${RUN}`,
  userPrincipalName: `js${name}${RUN}@${E.USER_DOMAIN}`,
  passwordProfile: { forceChangePasswordNextSignIn: false, password: PASSWORD },
}));

const createGroup = async (name) => keep("groups", await facts.app.v1("/groups").post({
  displayName: `${name} ${RUN}`, description: "Group of a test run", groupTypes: [], mailEnabled: false,
  mailNickname: `js${name}${RUN}`.toLowerCase(), securityEnabled: true,
}));

/** The request when it can go no further; anything but `delivered` is an error here. */
async function ended(id) {
  const seen = await until("the end of the request", () => em(`/assignmentRequests/${id}`).get(),
    (request) => ENDED.includes(request.state));
  same(seen.state, "delivered", "the state in which the request ended");
  return seen;
}

async function live(person) {
  const page = await em("/assignments").expand("target").filter(
    `accessPackage/id eq '${facts.package.id}' and target/objectId eq '${person.id}' and state eq 'delivered'`).get();
  return page.value;
}

const roleScope = (resource, spelling) => {
  const origin = { originId: resource.originId, originSystem: resource.originSystem };
  const role = { originId: `Member_${resource.originId}`, displayName: "Member", originSystem: "AadGroup" };
  return spelling === "v1.0"
    ? { role: { ...role, resource: { id: resource.id, ...origin } }, scope: origin }
    : { accessPackageResourceRole: { ...role, accessPackageResource: { id: resource.id, ...origin } },
      accessPackageResourceScope: origin };
};

// ---- who calls

step("token.app", ["app"], async () => {
  const credential = appCredential();
  const { token } = await credential.getToken(SCOPE);
  same(token.split(".").length, 3, "the number of parts of the token");
  facts.app = session(credential);
  const claims = JSON.parse(Buffer.from(token.split(".")[1], "base64url").toString());
  same([claims.tid, claims.idtyp], [E.TENANT_ID, "app"], "tid, idtyp");
  return `${claims.roles.length} roles`;
});

step("token.wrong_secret", [], async () => {
  let text = "a token was given";
  try {
    await appCredential(E.CLIENT_ID, "wrong").getToken(SCOPE);
  } catch (error) {
    text = error.message;
  }
  check(text.includes("AADSTS7000215"), text);
  return "AADSTS7000215";
});

step("token.reader_app_may_not_write", [], async () => {
  const reader = session(appCredential(E.READER_CLIENT_ID, E.READER_CLIENT_SECRET));
  check((await reader.v1(`${EM}/catalogs`).top(1).get()).value.length === 1, "the reader may not even read");
  await refused(reader.v1(`${EM}/catalogs`).post({ displayName: "Not allowed", description: "x" }), 403,
    "Authorization_RequestDenied");
  return "reads, does not write";
});

// ---- directory

step("user.create", ["requestor", "colleague"], async () => {
  facts.requestor = await createPerson("Requestor1");
  facts.colleague = await createPerson("Requestor2");
  return facts.requestor.userPrincipalName;
});

step("user.update_and_select", [], async () => {
  const user = `/users/${facts.requestor.userPrincipalName}`;
  same(await facts.app.v1(user).patch({ jobTitle: "Analyst" }), undefined, "the answer of PATCH");
  const seen = await facts.app.v1(user).select(["id", "jobTitle"]).get();
  same([seen.id, seen.jobTitle, seen.displayName], [facts.requestor.id, "Analyst", undefined], "what was selected");
  return "PATCH seen by the next GET, $select obeyed";
});

step("group.create", ["group"], async () => {
  facts.group = await createGroup("Marketing");
  return facts.group.id;
});

step("group.restore_keeps_members", [], async () => {
  const archive = await createGroup("Archive");
  const route = `/groups/${archive.id}`;
  await facts.app.v1(`${route}/members/$ref`).post(
    { "@odata.id": `${BASE}/v1.0/directoryObjects/${facts.colleague.id}` });
  await facts.app.v1(route).delete();
  await refused(facts.app.v1(route).get(), 404, "Request_ResourceNotFound");
  await facts.app.v1(`/directory/deletedItems/${archive.id}/restore`).post({});
  const found = (await facts.app.v1(`${route}/members`).get()).value;
  same(found.map((each) => [each.id, each["@odata.type"]]), [[facts.colleague.id, "#microsoft.graph.user"]], "members");
  return archive.id;
});

step("directory.count_and_search", [], async () => {
  const eventual = (route) => facts.app.v1(route).header("ConsistencyLevel", "eventual");
  const number = await eventual("/users/$count").get();
  const page = await eventual("/users").count(true).top(1).get();
  same(page["@odata.count"], Number(number), "@odata.count against /users/$count");
  const found = (await eventual("/users").search(`"displayName:${RUN}"`).get()).value;
  same(ids(found), ids([facts.requestor, facts.colleague]), "what $search finds");
  return `${number} people`;
});

// ---- catalog, resources, packages

step("catalog.general", ["general"], async () => {
  const { value } = await em("/catalogs").filter("(displayName eq 'General')").get();
  same(value.map((each) => [each.catalogType, each.state]), [["serviceDefault", "published"]], "General on v1.0");
  [facts.general] = value;
  const beta = (await emBeta("/accessPackageCatalogs").filter("DisplayName eq 'General'").get()).value;
  same(beta.map((each) => [each.id, each.catalogType, each.catalogStatus]),
    [[facts.general.id, "ServiceDefault", "Published"]], "General on beta");
  return facts.general.id;
});

step("catalog.create_on_beta", ["catalog"], async () => {
  facts.catalog = keep("catalogs", await emBeta("/accessPackageCatalogs").post({
    displayName: `JavaScript ${RUN}`, description: "Catalog of a test run", catalogStatus: "Published",
    isExternallyVisible: false }));
  const seen = await em(`/catalogs/${facts.catalog.id}`).get();
  same([seen.state, seen.catalogType, seen.isExternallyVisible], ["published", "userManaged", false], "it on v1.0");
  return facts.catalog.id;
});

step("resource.add_on_beta", [], async () => {
  // the blank after AadGroup is the PowerShell tutorial's
  const answer = await emBeta("/accessPackageResourceRequests").post({
    catalogId: facts.catalog.id, requestType: "AdminAdd", justification: "",
    accessPackageResource: { resourceType: "AadGroup", originId: facts.group.id, originSystem: "AadGroup " } });
  same([answer.requestType, answer.requestState, answer.catalogId], ["AdminAdd", "Delivered", facts.catalog.id],
    "requestType, requestState, catalogId");
  return answer.id;
});

step("resource.add", [], async () => {
  const answer = await em("/resourceRequests").post({
    requestType: "adminAdd", catalog: { id: facts.general.id },
    resource: { originId: facts.group.id, originSystem: "AadGroup" } });
  same([answer.requestType, answer.state], ["adminAdd", "delivered"], "requestType, state");
  return "the same group, into General";
});

step("resource.read", ["resource"], async () => {
  const { value } = await em(`/catalogs/${facts.catalog.id}/resources`).filter(`originId eq '${facts.group.id}'`).get();
  same(value.map((each) => [each.originSystem, each.displayName]), [["AadGroup", facts.group.displayName]], "on v1.0");
  [facts.resource] = value;
  const beta = (await emBeta(`/accessPackageCatalogs/${facts.catalog.id}/accessPackageResources`)
    .filter(`DisplayName eq '${facts.group.displayName}'`).get()).value;
  same(ids(beta), [facts.resource.id], "the same one on beta");
  return facts.resource.id;
});

step("role.filter_and_expand", [], async () => {
  const { value } = await em(`/catalogs/${facts.catalog.id}/resourceRoles`).expand("resource").filter(
    `originSystem eq 'AadGroup' and displayName eq 'Member' and resource/id eq '${facts.resource.id}'`).get();
  same(value.map((each) => [each.originId, each.resource?.id]), [[`Member_${facts.group.id}`, facts.resource.id]],
    "originId and expanded resource");
  return value[0].id;
});

step("package.create", ["package", "spare"], async () => {
  facts.package = keep("packages", await em("/accessPackages").post({
    displayName: `JavaScript Campaign ${RUN}`, description: "For a campaign", catalog: { id: facts.catalog.id } }));
  facts.spare = keep("packages", await emBeta("/accessPackages").post({
    displayName: `JavaScript Spare ${RUN}`, description: "Not used", catalogId: facts.catalog.id }));
  same([facts.package.isHidden, facts.spare.catalogId], [false, facts.catalog.id], "isHidden, catalogId");
  await refused(em("/accessPackages").post({
    displayName: facts.package.displayName, description: "again", catalogId: facts.catalog.id }), 400,
  "DuplicateAccessPackage");
  return facts.package.id;
});

step("role_scope.create", [], async () => {
  const route = `/accessPackages/${facts.package.id}`;
  const created = await em(`${route}/resourceRoleScopes`).post(roleScope(facts.resource, "v1.0"));
  const seen = await em(route).expand("resourceRoleScopes($expand=role($expand=resource),scope)").get();
  same(seen.resourceRoleScopes.map((each) => [each.id, each.role?.displayName, each.role?.resource?.id]),
    [[created.id, "Member", facts.resource.id]], "the nested expansion");
  return created.id;
});

step("role_scope.create_on_beta", [], async () => {
  const route = `/accessPackages/${facts.spare.id}`;
  const created = await emBeta(`${route}/accessPackageResourceRoleScopes`).post(roleScope(facts.resource, "beta"));
  const seen = await emBeta(route)
    .expand("accessPackageResourceRoleScopes($expand=accessPackageResourceRole,accessPackageResourceScope)").get();
  same(seen.accessPackageResourceRoleScopes.map((each) => [each.id, each.accessPackageResourceRole?.originId]),
    [[created.id, `Member_${facts.group.id}`]], "the nested expansion");
  return created.id;
});

// ---- policies

step("policy.create_on_beta", ["betaPolicy"], async () => {
  facts.betaPolicy = keep("policies", await emBeta("/accessPackageAssignmentPolicies").post({
    accessPackageId: facts.package.id, displayName: "Specific users", description: "One person, no approval",
    accessReviewSettings: null, durationInDays: 30, canExtend: false,
    requestorSettings: { scopeType: "SpecificDirectorySubjects", acceptRequests: true, allowedRequestors: [
      { "@odata.type": "#microsoft.graph.singleUser", isBackup: false, id: facts.requestor.id, description: "x" }] },
    requestApprovalSettings: { isApprovalRequired: false, isApprovalRequiredForExtension: false,
      isRequestorJustificationRequired: false, approvalMode: "NoApproval", approvalStages: [] } }));
  const seen = await em(`/assignmentPolicies/${facts.betaPolicy.id}`).get();
  same([seen.allowedTargetScope, seen.expiration.type, seen.expiration.duration],
    ["specificDirectoryUsers", "afterDuration", "P30D"], "it on v1.0");
  same(seen.specificAllowedTargets.map((each) => [each["@odata.type"], each.userId]),
    [["#microsoft.graph.singleUser", facts.requestor.id]], "its targets on v1.0");
  return facts.betaPolicy.id;
});

step("policy.create", ["policy"], async () => {
  facts.policy = keep("policies", await em("/assignmentPolicies").post({
    displayName: "Colleagues", description: "Any start, no approval", accessPackage: { id: facts.package.id },
    allowedTargetScope: "specificDirectoryUsers", specificAllowedTargets: [
      { "@odata.type": "#microsoft.graph.singleUser", userId: facts.colleague.id, description: "x" }],
    expiration: { type: "afterDuration", duration: "P30D", endDateTime: null },
    requestorSettings: { enableTargetsToSelfAddAccess: true, enableTargetsToSelfUpdateAccess: false,
      enableTargetsToSelfRemoveAccess: true, allowCustomAssignmentSchedule: true, onBehalfRequestors: [] },
    requestApprovalSettings: { isApprovalRequiredForAdd: false, isApprovalRequiredForUpdate: false, stages: [] } }));
  const seen = await emBeta(`/accessPackageAssignmentPolicies/${facts.policy.id}`).get();
  same([seen.accessPackageId, seen.durationInDays], [facts.package.id, 30], "accessPackageId, durationInDays on beta");
  const { scopeType, acceptRequests } = seen.requestorSettings;
  same([scopeType, acceptRequests], ["SpecificDirectorySubjects", true], "scopeType, acceptRequests on beta");
  return facts.policy.id;
});

step("policy.read_change_and_put_back", [], async () => {
  const route = `/assignmentPolicies/${facts.policy.id}`;
  const policy = await em(route).expand("accessPackage").get();
  const answer = await em(route).put({ ...policy, description: "Changed by PUT" });
  same([answer.id, answer.description], [facts.policy.id, "Changed by PUT"], "the answer of PUT");
  const seen = await em(route).get();
  same([seen.description, seen.expiration?.duration, seen.specificAllowedTargets?.[0]?.userId],
    ["Changed by PUT", "P30D", facts.colleague.id], "the policy afterwards");
  return "annotations, nulls and read-only properties went along";
});

// ---- people ask

step("signin.password", ["requestorSession"], async () => {
  facts.requestorSession = session(passwordCredential(facts.requestor.userPrincipalName, PASSWORD));
  same((await facts.requestorSession.v1("/me").select("id").get()).id, facts.requestor.id, "GET /me, v1.0");
  same((await facts.requestorSession.beta("/me").select("id").get()).id, facts.requestor.id, "GET /me, beta");
  return "UsernamePasswordCredential";
});

step("signin.device_code", ["colleagueSession"], async () => {
  const answers = [];
  const approve = async ({ verificationUri, userCode }) => {
    const form = { user_code: userCode, username: facts.colleague.userPrincipalName, password: PASSWORD };
    answers.push((await fetch(verificationUri, { method: "POST", body: new URLSearchParams(form) })).status);
  };
  facts.colleagueSession = session(deviceCredential(approve));
  same((await facts.colleagueSession.v1("/me").get()).id, facts.colleague.id, "GET /me");
  same(answers.map((status) => status < 400), [true], `the answers of the device page (${answers})`);
  return "DeviceCodeCredential";
});

step("request.user_add", ["request"], async () => {
  facts.request = await facts.requestorSession.beta(`${EM}/accessPackageAssignmentRequests`).post({
    requestType: "UserAdd", accessPackageAssignment: {
      targetId: facts.requestor.id, assignmentPolicyId: facts.betaPolicy.id, accessPackageId: facts.package.id } });
  same([facts.request.requestType, facts.request.requestState, facts.request.requestStatus],
    ["UserAdd", "Submitted", "Accepted"], "requestType, requestState, requestStatus");
  return facts.request.id;
});

step("request.is_delivered", [], async () => {
  await ended(facts.request.id);
  const seen = await em(`/assignmentRequests/${facts.request.id}`).expand("requestor,accessPackage,assignment").get();
  same([seen.requestType, seen.requestor?.objectId, seen.accessPackage?.id, seen.assignment?.state],
    ["userAdd", facts.requestor.id, facts.package.id, "delivered"], "type, requestor, accessPackage, assignment");
  check(!Number.isNaN(Date.parse(seen.completedDateTime)), `completedDateTime is ${seen.completedDateTime}`);
  return seen.status;
});

step("assignment.ends_after_the_policy_s_30_days", ["assignment"], async () => {
  const { value } = await emBeta("/accessPackageAssignments").expand("target")
    .filter(`accessPackageAssignmentPolicy/Id eq '${facts.betaPolicy.id}'`).get();
  same(value.map((each) => [each.targetId, each.target?.objectId, each.assignmentState]),
    [[facts.requestor.id, facts.requestor.id, "Delivered"]], "targetId, target, assignmentState");
  [facts.assignment] = value;
  const { endDateTime } = facts.assignment.schedule.expiration;
  const days = (Date.parse(endDateTime) - await now()) / DAY_MS;
  check(days > 29.9 && days <= 30, `the assignment ends in ${days} days`);
  return endDateTime;
});

step("request.admin_add_on_beta_s_short_route", [], async () => {
  const answer = await emBeta("/assignmentRequests").post({ requestType: "adminAdd", assignment: {
    targetId: facts.colleague.id, assignmentPolicyId: facts.policy.id, accessPackageId: facts.package.id } });
  same(answer.requestType.toLowerCase(), "adminadd", "requestType");
  await ended(answer.id);
  return answer.id;
});

step("membership.of_the_delivered_group", [], async () => {
  same(await members(), ids([facts.requestor, facts.colleague]), "members of the group");
  return "both";
});

step("audit.of_a_request_without_approval", [], async () => {
  const { value } = await facts.app.v1("/auditLogs/directoryAudits")
    .filter(`correlationId eq '${facts.request.id}'`).get();
  same(value.map((row) => row.activityDisplayName).filter((name) => ACTIVITIES.includes(name)), ACTIVITIES,
    "the activities as served");
  same(value[0].initiatedBy.user?.id, facts.requestor.id, "initiatedBy of the first");
  return `${value.length} rows`;
});

// ---- lists, batches, errors

step("paging.by_page_iterator", [], async () => {
  const first = await em("/assignments").filter(`accessPackage/id eq '${facts.package.id}'`).expand("target")
    .top(1).count(true).get();
  same([first.value.length, first["@odata.count"]], [1, 2], "size of the first page, @odata.count");
  const seen = [];
  const pauseAfterEach = (each) => { seen.push(each.target?.objectId); return false; };
  const iterator = new PageIterator(facts.app.client, first, pauseAfterEach);
  await iterator.iterate();
  same([seen.length, iterator.isComplete()], [1, false], "what was seen before the pause");
  while (!iterator.isComplete()) await iterator.resume();
  same(seen.sort(), ids([facts.requestor, facts.colleague]), "the targets on all pages");
  return "paused and resumed, $expand kept on the second page";
});

step("batch.read", [], async () => {
  const part = (id, route) => ({ id, request: new Request(`${BASE}/v1.0${route}`, { method: "GET" }) });
  const content = await new BatchRequestContent([
    part("package", `${EM}/accessPackages/${facts.package.id}`), part("person", `/users/${facts.requestor.id}`),
    part("nobody", `/users/${randomUUID()}`)]).getContent();
  const answer = new BatchResponseContent(await facts.app.v1("/$batch").post(content));
  same((await answer.getResponseById("package").json()).id, facts.package.id, "the package's id");
  same((await answer.getResponseById("person").json()).id, facts.requestor.id, "the person's id");
  same(answer.getResponseById("nobody").status, 404, "the status of the unknown one");
  return "200, 200, 404";
});

step("batch.write_with_dependencies", [], async () => {
  const route = `${BASE}/beta${EM}/accessPackages/${facts.package.id}`;
  const body = JSON.stringify({ description: "Changed in a batch" });
  const headers = { "Content-Type": "application/json" };
  const content = await new BatchRequestContent([
    { id: "1", request: new Request(route, { method: "PATCH", headers, body }) },
    { id: "2", request: new Request(route, { method: "GET" }), dependsOn: ["1"] },
    { id: "3", request: new Request(`${route}x`, { method: "GET" }), dependsOn: ["2"] },
    { id: "4", request: new Request(route, { method: "GET" }), dependsOn: ["3"] }]).getContent();
  const answer = new BatchResponseContent(await facts.app.beta("/$batch").post(content));
  const statuses = ["1", "2", "4"].map((id) => answer.getResponseById(id).status);
  same(statuses, [204, 200, 424], "the statuses");
  check([400, 404].includes(answer.getResponseById("3").status), "the malformed id was found");
  same((await answer.getResponseById("2").json()).description, "Changed in a batch", "what the second part reads");
  return "in order, and not after a failed one";
});

step("error.for_the_app", [], async () => {
  await refused(em(`/accessPackages/${randomUUID()}`).get(), 404, "ResourceNotFound");
  await refused(facts.app.v1(`/groups/${randomUUID()}`).get(), 404, "Request_ResourceNotFound");
  await refused(em("/catalogs").filter("displayName eq").get(), 400, "InvalidFilter");
  await refused(em("/catalogs").filter("parcel eq 'x'").get(), 400, "InvalidFilter");
  await refused(em("/accessPackages").post({ description: "no name", catalogId: facts.catalog.id }), 400,
    "InvalidModel");
  return "404, 400";
});

step("error.for_a_person", [], async () => {
  const mine = (route) => facts.requestorSession.v1(EM + route);
  const denied = (call) => refused(call, 403, "Authorization_RequestDenied");
  await denied(mine("/accessPackages").post({ displayName: "x", description: "x", catalogId: facts.catalog.id }));
  await denied(mine("/assignments").get());
  await denied(mine(`/accessPackages/${facts.package.id}`).delete());
  return "403 for each";
});

step("error.second_request", [], async () => {
  const { innerError } = await refused(facts.requestorSession.v1(`${EM}/assignmentRequests`).post({
    requestType: "userAdd", assignment: {
      targetId: facts.requestor.id, assignmentPolicyId: facts.betaPolicy.id, accessPackageId: facts.package.id } }),
  400, "ExistingAssignment");
  same(innerError.tenure?.related?.map((each) => each.id), [facts.assignment.id], "related");
  return "ExistingAssignment, naming the assignment";
});

// ---- and it ends

step("removal.by_the_person", [], async () => {
  const [held] = await live(facts.colleague);
  check(held, "nothing to give back");
  const answer = await facts.colleagueSession.v1(`${EM}/assignmentRequests`).post(
    { requestType: "userRemove", assignment: { id: held.id } });
  await ended(answer.id);
  same(await members(), [facts.requestor.id], "members of the group");
  return answer.id;
});

step("schedule.later_start_and_cancel", [], async () => {
  const startDateTime = new Date(await now() + 3 * DAY_MS).toISOString();
  const request = await facts.colleagueSession.v1(`${EM}/assignmentRequests`).post({
    requestType: "userAdd", schedule: { startDateTime },
    assignment: { assignmentPolicyId: facts.policy.id, accessPackageId: facts.package.id } });
  const seen = await until("the state `scheduled`", () => em(`/assignmentRequests/${request.id}`).get(),
    (each) => each.state === "scheduled");
  same(seen.status, "PendingNotBefore", "status");
  await facts.colleagueSession.v1(`${EM}/assignmentRequests/${request.id}/cancel`).post({});
  same((await em(`/assignmentRequests/${request.id}`).get()).state, "canceled", "state after cancel");
  return startDateTime;
});

step("removal.by_the_administrator", [], async () => {
  await refused(em(`/accessPackages/${facts.package.id}`).delete(), 400, "AccessPackageInUse");
  const answer = await emBeta("/accessPackageAssignmentRequests").post(
    { requestType: "AdminRemove", accessPackageAssignment: { id: facts.assignment.id } });
  await ended(answer.id);
  same(await live(facts.requestor), [], "live assignments");
  same(await members(), [], "members of the group");
  const seen = await emBeta(`/accessPackageAssignments/${facts.assignment.id}`).get();
  same(seen.assignmentState, "Expired", "assignmentState");
  return answer.id;
});

step("cleanup.assignments", [], async () => {
  for (const id of made.packages) {
    const left = () => em("/assignments").filter(`accessPackage/id eq '${id}' and state ne 'expired'`).get();
    for (const assignment of (await left()).value) {
      const answer = await em("/assignmentRequests").post(
        { requestType: "adminRemove", assignment: { id: assignment.id } });
      await ended(answer.id);
    }
    same((await left()).value, [], `live assignments of ${id}`);
  }
  return "none is live";
});

for (const [kind, route] of [["policies", `${EM}/assignmentPolicies`], ["packages", `${EM}/accessPackages`]]) {
  step(`cleanup.${kind}`, [], () => deleteAll(kind, route));
}

step("cleanup.resources", [], async () => {
  for (const catalog of [facts.general, facts.catalog]) {
    await em("/resourceRequests").post({ requestType: "adminRemove", catalog: { id: catalog.id },
      resource: { originId: facts.group.id, originSystem: "AadGroup" } });
    const left = await em(`/catalogs/${catalog.id}/resources`).filter(`originId eq '${facts.group.id}'`).get();
    same(left.value, [], `the group's resources in ${catalog.displayName}`);
  }
  return "out of both catalogs";
});

for (const [kind, route] of [["catalogs", `${EM}/catalogs`], ["groups", "/groups"], ["users", "/users"]]) {
  step(`cleanup.${kind}`, [], () => deleteAll(kind, route));
}

step("cleanup.deleted_items", [], async () => {
  await deleteAll("groups", "/directory/deletedItems");
  return deleteAll("users", "/directory/deletedItems");
});

/** Deletes all of a kind and reads each once more; one that fails does not keep the others. */
async function deleteAll(kind, route) {
  check(made[kind].length > 0, `no step of this run made ${kind}`);
  const left = [];
  for (const id of made[kind]) {
    try {
      same(await facts.app.v1(`${route}/${id}`).delete(), undefined, "the answer of DELETE");
      await refused(facts.app.v1(`${route}/${id}`).get(), 404);
    } catch (error) { // named together at the end
      left.push(`${id}: ${explain(error)}`);
    }
  }
  same(left, [], `what is left of ${kind}`);
  return `${made[kind].length} deleted, GET answers 404`;
}

process.exit(await runAll(explain) ? 0 : 1);
