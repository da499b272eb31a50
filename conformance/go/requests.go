package main

// People get the package, lists tell of it, and what is wrong is refused.

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	abstractions "github.com/microsoft/kiota-abstractions-go"
	core "github.com/microsoftgraph/msgraph-sdk-go-core"
	"github.com/microsoftgraph/msgraph-sdk-go/identitygovernance"
	"github.com/microsoftgraph/msgraph-sdk-go/models"
)

const nobody = "00000000-0000-4000-8000-00000000dead"

var endStates = []models.AccessPackageRequestState{models.DELIVERED_ACCESSPACKAGEREQUESTSTATE,
	models.PARTIALLYDELIVERED_ACCESSPACKAGEREQUESTSTATE, models.DELIVERYFAILED_ACCESSPACKAGEREQUESTSTATE,
	models.DENIED_ACCESSPACKAGEREQUESTSTATE, models.CANCELED_ACCESSPACKAGEREQUESTSTATE}

// ended waits for the end of a request, which has to be delivery.
func ended(ctx context.Context, id string) models.AccessPackageAssignmentRequestable {
	expand := identitygovernance.EntitlementManagementAssignmentRequestsAccessPackageAssignmentRequestItemRequestBuilderGetQueryParameters{
		Expand: []string{"requestor", "accessPackage", "assignment($expand=target)"}}
	seen := until(ctx, "the end of the request", func() models.AccessPackageAssignmentRequestable {
		return must(app().em().AssignmentRequests().ByAccessPackageAssignmentRequestId(id).Get(ctx,
			&identitygovernance.EntitlementManagementAssignmentRequestsAccessPackageAssignmentRequestItemRequestBuilderGetRequestConfiguration{
				QueryParameters: &expand}))
	}, func(each models.AccessPackageAssignmentRequestable) bool {
		return slices.Contains(endStates, value(each.GetState()))
	})
	same(value(seen.GetState()), models.DELIVERED_ACCESSPACKAGEREQUESTSTATE, "the state in which the request ended")
	return seen
}

// live are the assignments of the package that are in force, by the id of the person who has them.
func live(ctx context.Context, more string) map[string]string {
	ask := identitygovernance.EntitlementManagementAssignmentsRequestBuilderGetQueryParameters{Expand: []string{"target"},
		Filter: to("accessPackage/id eq '" + fact[string]("package") + "' and state eq 'delivered'" + more)}
	page := must(app().em().Assignments().Get(ctx,
		&identitygovernance.EntitlementManagementAssignmentsRequestBuilderGetRequestConfiguration{QueryParameters: &ask}))
	found := map[string]string{}
	for _, each := range page.GetValue() {
		check(each.GetTarget() != nil, "target is not expanded")
		found[value(each.GetTarget().GetObjectId())] = value(each.GetId())
	}
	return found
}

func held(ctx context.Context, person string) string {
	id := live(ctx, " and target/objectId eq '"+fact[string](person)+"'")[fact[string](person)]
	check(id != "", person+" holds nothing")
	return id
}

// flat is a request as Microsoft's snippets write it: ids that the model does not know.
func flat(kind models.AccessPackageRequestType, target string) models.AccessPackageAssignmentRequestable {
	assignment := models.NewAccessPackageAssignment()
	ids := map[string]any{"assignmentPolicyId": fact[string]("policy"), "accessPackageId": fact[string]("package")}
	if target != "" {
		ids["targetId"] = target
	}
	assignment.SetAdditionalData(ids)
	request := models.NewAccessPackageAssignmentRequest()
	request.SetRequestType(to(kind))
	request.SetAssignment(assignment)
	return request
}

func removal(kind models.AccessPackageRequestType, id string) models.AccessPackageAssignmentRequestable {
	assignment := models.NewAccessPackageAssignment()
	assignment.SetId(to(id))
	request := models.NewAccessPackageAssignmentRequest()
	request.SetRequestType(to(kind))
	request.SetAssignment(assignment)
	return request
}

func requestSteps() {
	add("request.admin_add", gives("request"), func(ctx context.Context) string {
		answer := must(app().em().AssignmentRequests().Post(ctx,
			flat(models.ADMINADD_ACCESSPACKAGEREQUESTTYPE, fact[string]("colleague")), nil))
		same(value(answer.GetRequestType()), models.ADMINADD_ACCESSPACKAGEREQUESTTYPE, "requestType")
		facts["request"] = value(answer.GetId())
		return fact[string]("request")
	})

	add("request.is_delivered", nil, func(ctx context.Context) string {
		seen := ended(ctx, fact[string]("request"))
		check(seen.GetAccessPackage() != nil && seen.GetAssignment() != nil && seen.GetAssignment().GetTarget() != nil,
			"not everything is expanded")
		same(value(seen.GetAccessPackage().GetId()), fact[string]("package"), "the package")
		same(value(seen.GetAssignment().GetState()), models.DELIVERED_ACCESSPACKAGEASSIGNMENTSTATE, "the assignment's state")
		same(value(seen.GetAssignment().GetTarget().GetObjectId()), fact[string]("colleague"), "the target")
		check(!value(seen.GetCompletedDateTime()).IsZero(), "no completedDateTime")
		return value(seen.GetStatus())
	})

	add("request.admin_add_as_the_model_has_it", nil, func(ctx context.Context) string {
		target := models.NewAccessPackageSubject()
		target.SetObjectId(to(fact[string]("third")))
		policy := models.NewAccessPackageAssignmentPolicy()
		policy.SetId(to(fact[string]("policy")))
		assignment := models.NewAccessPackageAssignment()
		assignment.SetTarget(target)
		assignment.SetAssignmentPolicy(policy)
		assignment.SetAccessPackage(newPackageWithId(fact[string]("package")))
		schedule := models.NewEntitlementManagementSchedule()
		schedule.SetStartDateTime(to(time.Now()))
		request := models.NewAccessPackageAssignmentRequest()
		request.SetRequestType(to(models.ADMINADD_ACCESSPACKAGEREQUESTTYPE))
		request.SetAssignment(assignment)
		request.SetSchedule(schedule)
		answer := must(app().em().AssignmentRequests().Post(ctx, request, nil))
		seen := ended(ctx, value(answer.GetId()))
		same(value(seen.GetAssignment().GetTarget().GetObjectId()), fact[string]("third"), "the target")
		return value(answer.GetId())
	})

	add("request.user_add", nil, func(ctx context.Context) string {
		answer := must(fact[*session]("person").em().AssignmentRequests().Post(ctx,
			flat(models.USERADD_ACCESSPACKAGEREQUESTTYPE, ""), nil))
		same(value(answer.GetState()), models.SUBMITTED_ACCESSPACKAGEREQUESTSTATE, "state")
		seen := ended(ctx, value(answer.GetId()))
		check(seen.GetRequestor() != nil, "requestor is not expanded")
		same(value(seen.GetRequestor().GetObjectId()), fact[string]("requestor"), "the requestor")
		return value(answer.GetId())
	})

	add("membership.of_the_delivered_group", nil, func(ctx context.Context) string {
		same(members(ctx), set(made["users"]...), "members of the group")
		return "all three"
	})

	add("assignment.ends_after_the_policy_s_30_days", nil, func(ctx context.Context) string {
		seen := must(app().em().Assignments().ByAccessPackageAssignmentId(held(ctx, "colleague")).Get(ctx, nil))
		check(seen.GetSchedule() != nil && seen.GetSchedule().GetExpiration() != nil, "no schedule with an expiration")
		begin, end := seen.GetSchedule().GetStartDateTime(), seen.GetSchedule().GetExpiration().GetEndDateTime()
		check(begin != nil && end != nil, "no start or no end")
		same(end.Sub(*begin).Round(time.Second), 30*24*time.Hour, "the length")
		return end.String()
	})

	add("paging.by_page_iterator", nil, func(ctx context.Context) string {
		ask := identitygovernance.EntitlementManagementAssignmentsRequestBuilderGetQueryParameters{Top: to(int32(1)),
			Count: to(true), Filter: to("accessPackage/id eq '" + fact[string]("package") + "'"), Expand: []string{"target"}}
		first := must(app().em().Assignments().Get(ctx,
			&identitygovernance.EntitlementManagementAssignmentsRequestBuilderGetRequestConfiguration{QueryParameters: &ask}))
		same(len(first.GetValue()), 1, "the size of the first page")
		same(value(first.GetOdataCount()), int64(3), "@odata.count")
		iterator := must(core.NewPageIterator[models.AccessPackageAssignmentable](first, app().client.GetAdapter(),
			models.CreateAccessPackageAssignmentCollectionResponseFromDiscriminatorValue))
		var seen []string
		turns := 0
		for len(seen) < 3 && turns < 5 { // every turn stops after one and goes on where it stopped
			turns++
			done(iterator.Iterate(ctx, func(each models.AccessPackageAssignmentable) bool {
				check(each.GetTarget() != nil, "target is not expanded on page "+strconv.Itoa(len(seen)+1))
				seen = append(seen, value(each.GetTarget().GetObjectId()))
				return false
			}))
		}
		same(set(seen...), set(made["users"]...), "the targets on all pages")
		done(iterator.Iterate(ctx, func(models.AccessPackageAssignmentable) bool {
			panic(fault{"there is a fourth"})
		}))
		return fmt.Sprintf("%d turns, $expand kept", turns)
	})

	add("batch.read", nil, func(ctx context.Context) string {
		batch := core.NewBatchRequest(app().client.GetAdapter())
		step := func(asked *abstractions.RequestInformation, err error) string {
			done(err)
			return value(must(batch.AddBatchRequestStep(*asked)).GetId())
		}
		packages := app().em().AccessPackages()
		known := step(packages.ByAccessPackageId(fact[string]("package")).ToGetRequestInformation(ctx, nil))
		unknown := step(packages.ByAccessPackageId(nobody).ToGetRequestInformation(ctx, nil))
		changed := models.NewAccessPackage()
		changed.SetDescription(to("Changed in a batch"))
		patched := step(packages.ByAccessPackageId(fact[string]("package")).ToPatchRequestInformation(ctx, changed, nil))
		answer := must(batch.Send(ctx, app().client.GetAdapter()))
		found := must(core.GetBatchResponseById[models.AccessPackageable](answer, known,
			models.CreateAccessPackageFromDiscriminatorValue))
		same(value(found.GetId()), fact[string]("package"), "the package's id")
		same(value(answer.GetResponseById(unknown).GetStatus()), int32(404), "the status of the unknown one")
		check(value(answer.GetResponseById(patched).GetStatus())/100 == 2, "the change was not made")
		return "two reads and a change"
	})

	add("beta.by_plain_http", nil, func(ctx context.Context) string {
		query := url.Values{"$filter": {"accessPackageId eq '" + fact[string]("package") + "'"}, "$expand": {"target"}}
		status, page := app().http(ctx, "GET", "/beta"+em+"/accessPackageAssignments?"+query.Encode(), nil)
		same(status, 200, "the status of the list")
		rows, _ := page["value"].([]any)
		same(len(rows), 3, "the number of assignments")
		for _, row := range rows {
			row, _ := row.(map[string]any)
			same(row["assignmentState"], any("Delivered"), "assignmentState")
			same(row["assignmentPolicyId"], any(fact[string]("policy")), "assignmentPolicyId")
		}
		status, policy := app().http(ctx, "GET", "/beta"+em+"/accessPackageAssignmentPolicies/"+fact[string]("policy"), nil)
		same(status, 200, "the status of the policy")
		same(policy["durationInDays"], any(30.0), "durationInDays")
		status, answer := app().http(ctx, "POST", "/beta"+em+"/accessPackageAssignmentRequests", map[string]any{
			"requestType":             "AdminRemove",
			"accessPackageAssignment": map[string]any{"id": held(ctx, "third")}})
		same(status, 201, "the status of the removal")
		same(answer["requestType"], any("AdminRemove"), "requestType")
		id, _ := answer["id"].(string)
		ended(ctx, id)
		same(members(ctx), set(fact[string]("requestor"), fact[string]("colleague")), "members of the group")
		return "reads, and takes the third one's access"
	})

	add("error.for_the_app", nil, func(ctx context.Context) string {
		_, err := app().em().AccessPackages().ByAccessPackageId(nobody).Get(ctx, nil)
		refused(err, 404, "ResourceNotFound")
		_, err = app().client.Groups().ByGroupId(nobody).Get(ctx, nil)
		refused(err, 404, "Request_ResourceNotFound")
		filter := identitygovernance.EntitlementManagementCatalogsRequestBuilderGetQueryParameters{Filter: to("displayName eq")}
		_, err = app().em().Catalogs().Get(ctx,
			&identitygovernance.EntitlementManagementCatalogsRequestBuilderGetRequestConfiguration{QueryParameters: &filter})
		refused(err, 400, "InvalidFilter")
		nameless := models.NewAccessPackage()
		nameless.SetCatalog(newCatalogWithId(fact[string]("catalog")))
		_, err = app().em().AccessPackages().Post(ctx, nameless, nil)
		details := refused(err, 400, "InvalidModel").GetErrorEscaped().GetDetails()
		check(len(details) > 0 && strings.Contains(value(details[0].GetTarget()), "displayName"), "details do not name it")
		return "404, 400"
	})

	add("error.for_a_person", nil, func(ctx context.Context) string {
		mine := fact[*session]("person").em()
		_, err := mine.AccessPackages().Post(ctx, newPackage("Not mine "+run), nil)
		refused(err, 403, "Authorization_RequestDenied")
		_, err = mine.Assignments().Get(ctx, nil)
		refused(err, 403, "Authorization_RequestDenied")
		return "403 for each"
	})

	add("error.second_request", nil, func(ctx context.Context) string {
		_, err := fact[*session]("person").em().AssignmentRequests().Post(ctx,
			flat(models.USERADD_ACCESSPACKAGEREQUESTTYPE, ""), nil)
		inner := refused(err, 400, "ExistingAssignment").GetErrorEscaped().GetInnerError()
		check(inner.GetAdditionalData()["tenure"] != nil, "innerError does not say what stands in the way")
		return "ExistingAssignment"
	})

	add("removal.by_the_person", nil, func(ctx context.Context) string {
		answer := must(fact[*session]("person").em().AssignmentRequests().Post(ctx,
			removal(models.USERREMOVE_ACCESSPACKAGEREQUESTTYPE, held(ctx, "requestor")), nil))
		ended(ctx, value(answer.GetId()))
		same(members(ctx), set(fact[string]("colleague")), "members of the group")
		return value(answer.GetId())
	})

	add("schedule.later_start_and_cancel", nil, func(ctx context.Context) string {
		request := flat(models.USERADD_ACCESSPACKAGEREQUESTTYPE, "")
		schedule := models.NewEntitlementManagementSchedule()
		schedule.SetStartDateTime(to(time.Now().Add(72 * time.Hour)))
		request.SetSchedule(schedule)
		mine := fact[*session]("person").em().AssignmentRequests()
		answer := must(mine.Post(ctx, request, nil))
		route := mine.ByAccessPackageAssignmentRequestId(value(answer.GetId()))
		state := func() models.AccessPackageRequestState { return value(must(route.Get(ctx, nil)).GetState()) }
		until(ctx, "the state scheduled", state, func(each models.AccessPackageRequestState) bool {
			return each == models.SCHEDULED_ACCESSPACKAGEREQUESTSTATE
		})
		done(route.Cancel().Post(ctx, nil))
		same(state(), models.CANCELED_ACCESSPACKAGEREQUESTSTATE, "the state after cancel")
		return "scheduled, canceled"
	})

	add("removal.by_the_administrator", nil, func(ctx context.Context) string {
		id := held(ctx, "colleague")
		err := app().em().AccessPackages().ByAccessPackageId(fact[string]("package")).Delete(ctx, nil)
		refused(err, 400, "AccessPackageInUse")
		answer := must(app().em().AssignmentRequests().Post(ctx, removal(models.ADMINREMOVE_ACCESSPACKAGEREQUESTTYPE, id), nil))
		ended(ctx, value(answer.GetId()))
		same(len(live(ctx, "")), 0, "the number of live assignments")
		same(members(ctx), set(), "members of the group")
		seen := must(app().em().Assignments().ByAccessPackageAssignmentId(id).Get(ctx, nil))
		same(value(seen.GetState()), models.EXPIRED_ACCESSPACKAGEASSIGNMENTSTATE, "the assignment's state")
		return value(answer.GetId())
	})
}
