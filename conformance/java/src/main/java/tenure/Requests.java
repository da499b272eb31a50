package tenure;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.microsoft.graph.core.content.BatchRequestContent;
import com.microsoft.graph.core.tasks.PageIterator;
import com.microsoft.graph.models.AccessPackage;
import com.microsoft.graph.models.AccessPackageAssignment;
import com.microsoft.graph.models.AccessPackageAssignmentCollectionResponse;
import com.microsoft.graph.models.AccessPackageAssignmentPolicy;
import com.microsoft.graph.models.AccessPackageAssignmentRequest;
import com.microsoft.graph.models.AccessPackageAssignmentState;
import com.microsoft.graph.models.AccessPackageRequestState;
import com.microsoft.graph.models.AccessPackageRequestType;
import com.microsoft.graph.models.AccessPackageSubject;
import com.microsoft.graph.models.EntitlementManagementSchedule;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.OffsetDateTime;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** People get the package, lists tell of it, and what is wrong is refused. */
final class Requests extends Chapter {
    private static final String BETA = "/beta/identityGovernance/entitlementManagement";
    private static final Set<AccessPackageRequestState> END_STATES = Set.of(AccessPackageRequestState.Delivered,
            AccessPackageRequestState.PartiallyDelivered, AccessPackageRequestState.DeliveryFailed,
            AccessPackageRequestState.Denied, AccessPackageRequestState.Canceled);

    Requests(Harness harness) {
        super(harness);
        h.step("request.admin_add", List.of("request"), this::adminAdd);
        h.step("request.is_delivered", this::delivered);
        h.step("request.admin_add_as_the_model_has_it", this::adminAddOfModel);
        h.step("request.user_add", this::userAdd);
        h.step("membership.of_the_delivered_group", this::membership);
        h.step("assignment.ends_after_the_policy_s_30_days", this::end);
        h.step("paging.by_page_iterator", this::paging);
        h.step("batch.read", this::batch);
        h.step("beta.by_plain_http", this::beta);
        h.step("error.for_the_app", this::errorsForTheApp);
        h.step("error.for_a_person", this::errorsForAPerson);
        h.step("error.second_request", this::secondRequest);
        h.step("removal.by_the_person", this::removalByThePerson);
        h.step("schedule.later_start_and_cancel", this::cancel);
        h.step("removal.by_the_administrator", this::removalByTheAdministrator);
    }

    /** Waits for the end of a request, which has to be delivery. */
    AccessPackageAssignmentRequest ended(String id) throws InterruptedException {
        var route = app().em().assignmentRequests().byAccessPackageAssignmentRequestId(id);
        var seen = h.until("the end of the request", () -> route.get(ask -> ask.queryParameters.expand =
                new String[] {"requestor", "accessPackage", "assignment($expand=target)"}),
                each -> END_STATES.contains(each.getState()));
        h.same(seen.getState(), AccessPackageRequestState.Delivered, "the state in which the request ended");
        return seen;
    }

    /** The assignments of the package that are in force, by the id of the person who has them. */
    Map<String, String> live(String more) {
        Map<String, String> found = new HashMap<>();
        for (AccessPackageAssignment each : app().em().assignments().get(ask -> {
            ask.queryParameters.filter =
                    "accessPackage/id eq '" + h.fact("package") + "' and state eq 'delivered'" + more;
            ask.queryParameters.expand = new String[] {"target"};
        }).getValue()) {
            h.check(each.getTarget() != null, "target is not expanded");
            found.put(each.getTarget().getObjectId(), each.getId());
        }
        return found;
    }

    private String held(String person) {
        String id = live(" and target/objectId eq '" + h.fact(person) + "'").get(h.fact(person));
        h.check(id != null, person + " holds nothing");
        return id;
    }

    /** A request as Microsoft's snippets write it: ids that the model does not know. */
    private AccessPackageAssignmentRequest flat(AccessPackageRequestType kind, String target) {
        Map<String, Object> ids = new HashMap<>();
        ids.put("assignmentPolicyId", h.fact("policy"));
        ids.put("accessPackageId", h.fact("package"));
        if (target != null) {
            ids.put("targetId", target);
        }
        AccessPackageAssignment assignment = new AccessPackageAssignment();
        assignment.setAdditionalData(ids);
        return request(kind, assignment);
    }

    static AccessPackageAssignmentRequest removal(AccessPackageRequestType kind, String id) {
        AccessPackageAssignment assignment = new AccessPackageAssignment();
        assignment.setId(id);
        return request(kind, assignment);
    }

    private static AccessPackageAssignmentRequest request(
            AccessPackageRequestType kind, AccessPackageAssignment assignment) {
        AccessPackageAssignmentRequest request = new AccessPackageAssignmentRequest();
        request.setRequestType(kind);
        request.setAssignment(assignment);
        return request;
    }

    private static EntitlementManagementSchedule from(OffsetDateTime start) {
        EntitlementManagementSchedule schedule = new EntitlementManagementSchedule();
        schedule.setStartDateTime(start);
        return schedule;
    }

    private String adminAdd() {
        var answer = app().em().assignmentRequests().post(flat(AccessPackageRequestType.AdminAdd, h.fact("colleague")));
        h.same(answer.getRequestType(), AccessPackageRequestType.AdminAdd, "requestType");
        return h.give("request", answer.getId());
    }

    private String delivered() throws InterruptedException {
        var seen = ended(h.fact("request"));
        h.check(seen.getAccessPackage() != null && seen.getAssignment() != null
                && seen.getAssignment().getTarget() != null, "not everything is expanded");
        h.same(seen.getAccessPackage().getId(), h.fact("package"), "the package");
        h.same(seen.getAssignment().getState(), AccessPackageAssignmentState.Delivered, "the assignment's state");
        h.same(seen.getAssignment().getTarget().getObjectId(), h.fact("colleague"), "the target");
        h.check(seen.getCompletedDateTime() != null, "no completedDateTime");
        return seen.getStatus();
    }

    private String adminAddOfModel() throws InterruptedException {
        AccessPackageSubject target = new AccessPackageSubject();
        target.setObjectId(h.fact("third"));
        AccessPackageAssignmentPolicy policy = new AccessPackageAssignmentPolicy();
        policy.setId(h.fact("policy"));
        AccessPackageAssignment assignment = new AccessPackageAssignment();
        assignment.setTarget(target);
        assignment.setAssignmentPolicy(policy);
        assignment.setAccessPackage(packageWithId());
        AccessPackageAssignmentRequest request = request(AccessPackageRequestType.AdminAdd, assignment);
        request.setSchedule(from(OffsetDateTime.now()));
        var answer = app().em().assignmentRequests().post(request);
        h.same(ended(answer.getId()).getAssignment().getTarget().getObjectId(), h.fact("third"), "the target");
        return answer.getId();
    }

    private String userAdd() throws InterruptedException {
        var answer = person().em().assignmentRequests().post(flat(AccessPackageRequestType.UserAdd, null));
        h.same(answer.getState(), AccessPackageRequestState.Submitted, "state");
        var seen = ended(answer.getId());
        h.check(seen.getRequestor() != null, "requestor is not expanded");
        h.same(seen.getRequestor().getObjectId(), h.fact("requestor"), "the requestor");
        return answer.getId();
    }

    private String membership() {
        h.same(members(), Set.copyOf(made("users")), "members of the group");
        return "all three";
    }

    private String end() {
        var schedule = app().em().assignments().byAccessPackageAssignmentId(held("colleague")).get().getSchedule();
        h.check(schedule != null && schedule.getExpiration() != null, "no schedule with an expiration");
        OffsetDateTime begin = schedule.getStartDateTime();
        OffsetDateTime end = schedule.getExpiration().getEndDateTime();
        h.check(begin != null && end != null, "no start or no end");
        h.same(Duration.between(begin, end).toDays(), 30L, "the length");
        return end.toString();
    }

    private String paging() throws Exception {
        var first = app().em().assignments().get(ask -> {
            ask.queryParameters.top = 1;
            ask.queryParameters.count = true;
            ask.queryParameters.filter = "accessPackage/id eq '" + h.fact("package") + "'";
            ask.queryParameters.expand = new String[] {"target"};
        });
        h.same(first.getValue().size(), 1, "the size of the first page");
        h.same(first.getOdataCount(), 3L, "@odata.count");
        Set<String> seen = new HashSet<>();
        var iterator = new PageIterator.Builder<AccessPackageAssignment, AccessPackageAssignmentCollectionResponse>()
                .client(app().client).collectionPage(first)
                .collectionPageFactory(AccessPackageAssignmentCollectionResponse::createFromDiscriminatorValue)
                .processPageItemCallback(each -> {
                    h.check(each.getTarget() != null, "target is not expanded on every page");
                    h.check(seen.add(each.getTarget().getObjectId()), "one comes twice");
                    return seen.size() != 1; // stops once, after the first
                }).build();
        iterator.iterate();
        h.same(seen.size(), 1, "how many were seen before the pause");
        iterator.resume();
        h.same(seen, Set.copyOf(made("users")), "the targets on all pages");
        h.same(iterator.getPageIteratorState(), PageIterator.PageIteratorState.COMPLETE, "the state of the iterator");
        return "paused and resumed, $expand kept";
    }

    private String batch() throws Exception {
        var content = new BatchRequestContent(app().client);
        var packages = app().em().accessPackages();
        String known = content.addBatchRequestStep(
                packages.byAccessPackageId(h.fact("package")).toGetRequestInformation());
        String unknown = content.addBatchRequestStep(packages.byAccessPackageId(NOBODY).toGetRequestInformation());
        AccessPackage changed = new AccessPackage();
        changed.setDescription("Changed in a batch");
        String patched = content.addBatchRequestStep(
                packages.byAccessPackageId(h.fact("package")).toPatchRequestInformation(changed));
        var answer = app().client.getBatchRequestBuilder().post(content, null);
        var statuses = answer.getResponsesStatusCode();
        h.same(statuses.get(unknown), 404, "the status of the unknown one");
        h.same(statuses.get(patched) / 100, 2, "the hundreds of the change's status");
        var found = answer.getResponseById(known, AccessPackage::createFromDiscriminatorValue);
        h.same(found.getId(), h.fact("package"), "the package's id");
        return "two reads and a change";
    }

    private String beta() throws Exception {
        String filter = URLEncoder.encode("accessPackageId eq '" + h.fact("package") + "'", StandardCharsets.UTF_8);
        var page = app().http("GET", BETA + "/accessPackageAssignments?%24filter=" + filter + "&%24expand=target", null);
        h.same(page.status(), 200, "the status of the list");
        h.same(page.body().getAsJsonArray("value").size(), 3, "the number of assignments");
        for (JsonElement row : page.body().getAsJsonArray("value")) {
            h.same(row.getAsJsonObject().get("assignmentState").getAsString(), "Delivered", "assignmentState");
            h.same(row.getAsJsonObject().get("assignmentPolicyId").getAsString(), h.fact("policy"), "assignmentPolicyId");
        }
        var policy = app().http("GET", BETA + "/accessPackageAssignmentPolicies/" + h.fact("policy"), null);
        h.same(policy.body().get("durationInDays").getAsInt(), 30, "durationInDays");
        JsonObject assignment = new JsonObject();
        assignment.addProperty("id", held("third"));
        JsonObject request = new JsonObject();
        request.addProperty("requestType", "AdminRemove");
        request.add("accessPackageAssignment", assignment);
        var answer = app().http("POST", BETA + "/accessPackageAssignmentRequests", request);
        h.same(answer.status(), 201, "the status of the removal");
        h.same(answer.body().get("requestType").getAsString(), "AdminRemove", "requestType");
        ended(answer.body().get("id").getAsString());
        h.same(members(), Set.of(h.fact("requestor"), h.fact("colleague")), "members of the group");
        return "reads, and takes the third one's access";
    }

    private String errorsForTheApp() {
        refused(() -> app().em().accessPackages().byAccessPackageId(NOBODY).get(), 404, "ResourceNotFound");
        refused(() -> app().client.groups().byGroupId(NOBODY).get(), 404, "Request_ResourceNotFound");
        refused(() -> app().em().catalogs().get(ask -> ask.queryParameters.filter = "displayName eq"), 400, "InvalidFilter");
        AccessPackage nameless = new AccessPackage();
        nameless.setCatalog(catalogWithId());
        var details = refused(() -> app().em().accessPackages().post(nameless), 400, "InvalidModel").getError().getDetails();
        h.check(details != null && details.stream().anyMatch(each -> each.getTarget().contains("displayName")),
                "details do not name displayName");
        return "404, 400";
    }

    private String errorsForAPerson() {
        refused(() -> person().em().accessPackages().post(newPackage("Not mine " + Session.RUN)), 403,
                "Authorization_RequestDenied");
        refused(() -> person().em().assignments().get(), 403, "Authorization_RequestDenied");
        return "403 for each";
    }

    private String secondRequest() {
        var error = refused(() -> person().em().assignmentRequests().post(flat(AccessPackageRequestType.UserAdd, null)), 400,
                "ExistingAssignment");
        h.check(error.getError().getInnerError().getAdditionalData().containsKey("tenure"),
                "innerError does not say what stands in the way");
        return "ExistingAssignment";
    }

    private String removalByThePerson() throws InterruptedException {
        var answer = person().em().assignmentRequests().post(
                removal(AccessPackageRequestType.UserRemove, held("requestor")));
        ended(answer.getId());
        h.same(members(), Set.of(h.fact("colleague")), "members of the group");
        return answer.getId();
    }

    private String cancel() throws InterruptedException {
        AccessPackageAssignmentRequest request = flat(AccessPackageRequestType.UserAdd, null);
        request.setSchedule(from(OffsetDateTime.now().plusDays(3)));
        var mine = person().em().assignmentRequests();
        var route = mine.byAccessPackageAssignmentRequestId(mine.post(request).getId());
        h.until("the state scheduled", () -> route.get().getState(), AccessPackageRequestState.Scheduled::equals);
        route.cancel().post();
        h.same(route.get().getState(), AccessPackageRequestState.Canceled, "the state after cancel");
        return "scheduled, canceled";
    }

    private String removalByTheAdministrator() throws InterruptedException {
        String id = held("colleague");
        refused(() -> app().em().accessPackages().byAccessPackageId(h.fact("package")).delete(), 400, "AccessPackageInUse");
        var answer = app().em().assignmentRequests().post(removal(AccessPackageRequestType.AdminRemove, id));
        ended(answer.getId());
        h.same(live(""), Map.of(), "live assignments");
        h.same(members(), Set.of(), "members of the group");
        h.same(app().em().assignments().byAccessPackageAssignmentId(id).get().getState(),
                AccessPackageAssignmentState.Expired, "the assignment's state");
        return answer.getId();
    }
}
