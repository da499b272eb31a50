package main

// From the catalog to the policy.

import (
	"context"

	"github.com/microsoft/kiota-abstractions-go/serialization"
	"github.com/microsoftgraph/msgraph-sdk-go/identitygovernance"
	"github.com/microsoftgraph/msgraph-sdk-go/models"
)

func newCatalogWithId(id string) models.AccessPackageCatalogable {
	catalog := models.NewAccessPackageCatalog()
	catalog.SetId(to(id))
	return catalog
}

func newPackageWithId(id string) models.AccessPackageable {
	accessPackage := models.NewAccessPackage()
	accessPackage.SetId(to(id))
	return accessPackage
}

func newPackage(name string) models.AccessPackageable {
	accessPackage := models.NewAccessPackage()
	accessPackage.SetDisplayName(to(name))
	accessPackage.SetDescription(to("For a campaign"))
	accessPackage.SetCatalog(newCatalogWithId(fact[string]("catalog")))
	return accessPackage
}

// resourceRequest asks to put the group into the catalog, or to take it out.
func resourceRequest(kind models.AccessPackageRequestType) models.AccessPackageResourceRequestable {
	resource := models.NewAccessPackageResource()
	resource.SetOriginId(to(fact[string]("group")))
	resource.SetOriginSystem(to("AadGroup"))
	request := models.NewAccessPackageResourceRequest()
	request.SetRequestType(to(kind))
	request.SetCatalog(newCatalogWithId(fact[string]("catalog")))
	request.SetResource(resource)
	return request
}

// newPolicy lets people who are named ask without approval, for thirty days.
func newPolicy(description string, people ...string) models.AccessPackageAssignmentPolicyable {
	var targets []models.SubjectSetable
	for _, id := range people {
		target := models.NewSingleUser()
		target.SetUserId(to(id))
		target.SetDescription(to("x"))
		targets = append(targets, target)
	}
	expiration := models.NewExpirationPattern()
	expiration.SetTypeEscaped(to(models.AFTERDURATION_EXPIRATIONPATTERNTYPE))
	expiration.SetDuration(must(serialization.ParseISODuration("P30D")))
	requestor := models.NewAccessPackageAssignmentRequestorSettings()
	requestor.SetEnableTargetsToSelfAddAccess(to(true))
	requestor.SetEnableTargetsToSelfRemoveAccess(to(true))
	requestor.SetAllowCustomAssignmentSchedule(to(true))
	approval := models.NewAccessPackageAssignmentApprovalSettings()
	approval.SetIsApprovalRequiredForAdd(to(false))
	approval.SetStages([]models.AccessPackageApprovalStageable{})
	policy := models.NewAccessPackageAssignmentPolicy()
	policy.SetDisplayName(to("Named people"))
	policy.SetDescription(to(description))
	policy.SetAllowedTargetScope(to(models.SPECIFICDIRECTORYUSERS_ALLOWEDTARGETSCOPE))
	policy.SetSpecificAllowedTargets(targets)
	policy.SetExpiration(expiration)
	policy.SetRequestorSettings(requestor)
	policy.SetRequestApprovalSettings(approval)
	policy.SetAccessPackage(newPackageWithId(fact[string]("package")))
	return policy
}

func packageSteps() {
	add("catalog.general", nil, func(ctx context.Context) string {
		filter := identitygovernance.EntitlementManagementCatalogsRequestBuilderGetQueryParameters{
			Filter: to("displayName eq 'General'")}
		page := must(app().em().Catalogs().Get(ctx,
			&identitygovernance.EntitlementManagementCatalogsRequestBuilderGetRequestConfiguration{QueryParameters: &filter}))
		same(len(page.GetValue()), 1, "how many are called General")
		general := page.GetValue()[0]
		same(value(general.GetCatalogType()), models.SERVICEDEFAULT_ACCESSPACKAGECATALOGTYPE, "catalogType")
		same(value(general.GetState()), models.PUBLISHED_ACCESSPACKAGECATALOGSTATE, "state")
		return value(general.GetId())
	})

	add("catalog.create", gives("catalog"), func(ctx context.Context) string {
		catalog := models.NewAccessPackageCatalog()
		catalog.SetDisplayName(to("Go " + run))
		catalog.SetDescription(to("Catalog of a test run"))
		catalog.SetState(to(models.PUBLISHED_ACCESSPACKAGECATALOGSTATE))
		catalog.SetIsExternallyVisible(to(false))
		created := keep("catalogs", must(app().em().Catalogs().Post(ctx, catalog, nil)))
		same(value(created.GetCatalogType()), models.USERMANAGED_ACCESSPACKAGECATALOGTYPE, "catalogType")
		check(!value(created.GetCreatedDateTime()).IsZero(), "no createdDateTime")
		facts["catalog"] = value(created.GetId())
		return fact[string]("catalog")
	})

	add("resource.add", nil, func(ctx context.Context) string {
		answer := must(app().em().ResourceRequests().Post(ctx,
			resourceRequest(models.ADMINADD_ACCESSPACKAGEREQUESTTYPE), nil))
		same(value(answer.GetRequestType()), models.ADMINADD_ACCESSPACKAGEREQUESTTYPE, "requestType")
		same(value(answer.GetState()), models.DELIVERED_ACCESSPACKAGEREQUESTSTATE, "state")
		return value(answer.GetId())
	})

	add("resource.read", gives("resource"), func(ctx context.Context) string {
		filter := identitygovernance.EntitlementManagementCatalogsItemResourcesRequestBuilderGetQueryParameters{
			Filter: to("originId eq '" + fact[string]("group") + "'"), Expand: []string{"roles", "scopes"}}
		page := must(app().em().Catalogs().ByAccessPackageCatalogId(fact[string]("catalog")).Resources().Get(ctx,
			&identitygovernance.EntitlementManagementCatalogsItemResourcesRequestBuilderGetRequestConfiguration{
				QueryParameters: &filter}))
		same(len(page.GetValue()), 1, "how many there are")
		resource := page.GetValue()[0]
		same(value(resource.GetDisplayName()), "Go Marketing "+run, "displayName")
		same([]int{len(resource.GetRoles()), len(resource.GetScopes())}, []int{2, 1}, "the number of roles, scopes")
		facts["resource"] = value(resource.GetId())
		return fact[string]("resource")
	})

	add("role.filter_and_expand", nil, func(ctx context.Context) string {
		filter := identitygovernance.EntitlementManagementCatalogsItemResourceRolesRequestBuilderGetQueryParameters{
			Filter: to("originSystem eq 'AadGroup' and displayName eq 'Member' and resource/id eq '" +
				fact[string]("resource") + "'"), Expand: []string{"resource"}}
		page := must(app().em().Catalogs().ByAccessPackageCatalogId(fact[string]("catalog")).ResourceRoles().Get(ctx,
			&identitygovernance.EntitlementManagementCatalogsItemResourceRolesRequestBuilderGetRequestConfiguration{
				QueryParameters: &filter}))
		same(len(page.GetValue()), 1, "how many there are")
		role := page.GetValue()[0]
		same(value(role.GetOriginId()), "Member_"+fact[string]("group"), "originId")
		check(role.GetResource() != nil, "resource is not expanded")
		same(value(role.GetResource().GetId()), fact[string]("resource"), "the expanded resource")
		return value(role.GetId())
	})

	add("package.create", gives("package"), func(ctx context.Context) string {
		created := keep("packages", must(app().em().AccessPackages().Post(ctx, newPackage("Go Campaign "+run), nil)))
		same(value(created.GetIsHidden()), false, "isHidden")
		facts["package"] = value(created.GetId())
		_, err := app().em().AccessPackages().Post(ctx, newPackage("Go Campaign "+run), nil)
		refused(err, 400, "DuplicateAccessPackage")
		return fact[string]("package")
	})

	add("role_scope.create", nil, func(ctx context.Context) string {
		resource := models.NewAccessPackageResource()
		resource.SetId(to(fact[string]("resource")))
		resource.SetOriginId(to(fact[string]("group")))
		resource.SetOriginSystem(to("AadGroup"))
		role := models.NewAccessPackageResourceRole()
		role.SetOriginId(to("Member_" + fact[string]("group")))
		role.SetDisplayName(to("Member"))
		role.SetOriginSystem(to("AadGroup"))
		role.SetResource(resource)
		where := models.NewAccessPackageResourceScope()
		where.SetOriginId(to(fact[string]("group")))
		where.SetOriginSystem(to("AadGroup"))
		roleScope := models.NewAccessPackageResourceRoleScope()
		roleScope.SetRole(role)
		roleScope.SetScope(where)
		route := app().em().AccessPackages().ByAccessPackageId(fact[string]("package"))
		created := must(route.ResourceRoleScopes().Post(ctx, roleScope, nil))
		expand := identitygovernance.EntitlementManagementAccessPackagesAccessPackageItemRequestBuilderGetQueryParameters{
			Expand: []string{"resourceRoleScopes($expand=role($expand=resource),scope)", "catalog"}}
		seen := must(route.Get(ctx,
			&identitygovernance.EntitlementManagementAccessPackagesAccessPackageItemRequestBuilderGetRequestConfiguration{
				QueryParameters: &expand}))
		same(len(seen.GetResourceRoleScopes()), 1, "the number of role scopes")
		found := seen.GetResourceRoleScopes()[0]
		same(value(found.GetId()), value(created.GetId()), "id")
		check(found.GetRole() != nil && found.GetRole().GetResource() != nil && found.GetScope() != nil && seen.GetCatalog() != nil,
			"not everything is expanded")
		same(value(found.GetRole().GetResource().GetId()), fact[string]("resource"), "the resource of the role")
		same(value(seen.GetCatalog().GetId()), fact[string]("catalog"), "the catalog of the package")
		return value(created.GetId())
	})

	add("policy.create", gives("policy"), func(ctx context.Context) string {
		created := must(app().em().AssignmentPolicies().Post(ctx,
			newPolicy("As made", fact[string]("requestor"), fact[string]("colleague")), nil))
		keep("policies", created)
		facts["policy"] = value(created.GetId())
		return fact[string]("policy")
	})

	add("policy.put", nil, func(ctx context.Context) string {
		route := app().em().AssignmentPolicies().ByAccessPackageAssignmentPolicyId(fact[string]("policy"))
		people := []string{fact[string]("requestor"), fact[string]("colleague"), fact[string]("third")}
		answer := must(route.Put(ctx, newPolicy("Changed by PUT", people...), nil))
		same(value(answer.GetId()), fact[string]("policy"), "the id in the answer")
		seen := must(route.Get(ctx, nil))
		same(value(seen.GetDescription()), "Changed by PUT", "description")
		same(value(seen.GetAllowedTargetScope()), models.SPECIFICDIRECTORYUSERS_ALLOWEDTARGETSCOPE, "allowedTargetScope")
		same(seen.GetExpiration().GetDuration(), must(serialization.ParseISODuration("P30D")), "the duration")
		var targets []string
		for _, each := range seen.GetSpecificAllowedTargets() {
			person, isUser := each.(models.SingleUserable)
			check(isUser, "a target is not read as a singleUser")
			targets = append(targets, value(person.GetUserId()))
		}
		same(set(targets...), set(people...), "specificAllowedTargets")
		return "the answer and the next GET have it"
	})
}
