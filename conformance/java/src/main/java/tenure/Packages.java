package tenure;

import com.microsoft.graph.models.AccessPackageAssignmentApprovalSettings;
import com.microsoft.graph.models.AccessPackageAssignmentPolicy;
import com.microsoft.graph.models.AccessPackageAssignmentRequestorSettings;
import com.microsoft.graph.models.AccessPackageCatalog;
import com.microsoft.graph.models.AccessPackageCatalogState;
import com.microsoft.graph.models.AccessPackageCatalogType;
import com.microsoft.graph.models.AccessPackageRequestState;
import com.microsoft.graph.models.AccessPackageRequestType;
import com.microsoft.graph.models.AccessPackageResource;
import com.microsoft.graph.models.AccessPackageResourceRequest;
import com.microsoft.graph.models.AccessPackageResourceRole;
import com.microsoft.graph.models.AccessPackageResourceRoleScope;
import com.microsoft.graph.models.AccessPackageResourceScope;
import com.microsoft.graph.models.AllowedTargetScope;
import com.microsoft.graph.models.ExpirationPattern;
import com.microsoft.graph.models.ExpirationPatternType;
import com.microsoft.graph.models.SingleUser;
import com.microsoft.graph.models.SubjectSet;
import com.microsoft.kiota.PeriodAndDuration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** From the catalog to the policy. */
final class Packages extends Chapter {
    Packages(Harness harness) {
        super(harness);
        h.step("catalog.general", this::general);
        h.step("catalog.create", List.of("catalog"), this::catalog);
        h.step("resource.add", this::addResource);
        h.step("resource.read", List.of("resource"), this::readResource);
        h.step("role.filter_and_expand", this::role);
        h.step("package.create", List.of("package"), this::create);
        h.step("role_scope.create", this::roleScope);
        h.step("policy.create", List.of("policy"), this::policy);
        h.step("policy.put", this::put);
    }

    private String general() {
        var page = app().em().catalogs().get(ask -> ask.queryParameters.filter = "displayName eq 'General'");
        var found = page.getValue();
        h.same(found.size(), 1, "how many are called General");
        h.same(found.get(0).getCatalogType(), AccessPackageCatalogType.ServiceDefault, "catalogType");
        h.same(found.get(0).getState(), AccessPackageCatalogState.Published, "state");
        return found.get(0).getId();
    }

    private String catalog() {
        AccessPackageCatalog catalog = new AccessPackageCatalog();
        catalog.setDisplayName("Java " + Session.RUN);
        catalog.setDescription("Catalog of a test run");
        catalog.setState(AccessPackageCatalogState.Published);
        catalog.setIsExternallyVisible(false);
        AccessPackageCatalog created = keep("catalogs", app().em().catalogs().post(catalog));
        h.same(created.getCatalogType(), AccessPackageCatalogType.UserManaged, "catalogType");
        h.check(created.getCreatedDateTime() != null, "no createdDateTime");
        return h.give("catalog", created.getId());
    }

    /** Asks to put the group into the catalog, or to take it out. */
    AccessPackageResourceRequest resourceRequest(AccessPackageRequestType kind) {
        AccessPackageResource resource = new AccessPackageResource();
        resource.setOriginId(h.fact("group"));
        resource.setOriginSystem("AadGroup");
        AccessPackageResourceRequest request = new AccessPackageResourceRequest();
        request.setRequestType(kind);
        request.setCatalog(catalogWithId());
        request.setResource(resource);
        return request;
    }

    private String addResource() {
        var answer = app().em().resourceRequests().post(resourceRequest(AccessPackageRequestType.AdminAdd));
        h.same(answer.getRequestType(), AccessPackageRequestType.AdminAdd, "requestType");
        h.same(answer.getState(), AccessPackageRequestState.Delivered, "state");
        return answer.getId();
    }

    private String readResource() {
        var found = app().em().catalogs().byAccessPackageCatalogId(h.fact("catalog")).resources().get(ask -> {
            ask.queryParameters.filter = "originId eq '" + h.fact("group") + "'";
            ask.queryParameters.expand = new String[] {"roles", "scopes"};
        }).getValue();
        h.same(found.size(), 1, "how many there are");
        h.same(found.get(0).getDisplayName(), "Java Marketing " + Session.RUN, "displayName");
        h.same(found.get(0).getRoles().size(), 2, "the number of roles");
        h.same(found.get(0).getScopes().size(), 1, "the number of scopes");
        return h.give("resource", found.get(0).getId());
    }

    private String role() {
        var found = app().em().catalogs().byAccessPackageCatalogId(h.fact("catalog")).resourceRoles().get(ask -> {
            ask.queryParameters.filter = "originSystem eq 'AadGroup' and displayName eq 'Member' and resource/id eq '"
                    + h.fact("resource") + "'";
            ask.queryParameters.expand = new String[] {"resource"};
        }).getValue();
        h.same(found.size(), 1, "how many there are");
        h.same(found.get(0).getOriginId(), "Member_" + h.fact("group"), "originId");
        h.check(found.get(0).getResource() != null, "resource is not expanded");
        h.same(found.get(0).getResource().getId(), h.fact("resource"), "the expanded resource");
        return found.get(0).getId();
    }

    private String create() {
        var created = keep("packages", app().em().accessPackages().post(newPackage("Java Campaign " + Session.RUN)));
        h.same(created.getIsHidden(), false, "isHidden");
        h.give("package", created.getId());
        refused(() -> app().em().accessPackages().post(newPackage("Java Campaign " + Session.RUN)), 400,
                "DuplicateAccessPackage");
        return created.getId();
    }

    private String roleScope() {
        AccessPackageResource resource = new AccessPackageResource();
        resource.setId(h.fact("resource"));
        resource.setOriginId(h.fact("group"));
        resource.setOriginSystem("AadGroup");
        AccessPackageResourceRole role = new AccessPackageResourceRole();
        role.setOriginId("Member_" + h.fact("group"));
        role.setDisplayName("Member");
        role.setOriginSystem("AadGroup");
        role.setResource(resource);
        AccessPackageResourceScope scope = new AccessPackageResourceScope();
        scope.setOriginId(h.fact("group"));
        scope.setOriginSystem("AadGroup");
        AccessPackageResourceRoleScope roleScope = new AccessPackageResourceRoleScope();
        roleScope.setRole(role);
        roleScope.setScope(scope);
        var route = app().em().accessPackages().byAccessPackageId(h.fact("package"));
        var created = route.resourceRoleScopes().post(roleScope);
        var seen = route.get(ask -> ask.queryParameters.expand =
                new String[] {"resourceRoleScopes($expand=role($expand=resource),scope)", "catalog"});
        h.same(seen.getResourceRoleScopes().size(), 1, "the number of role scopes");
        var found = seen.getResourceRoleScopes().get(0);
        h.same(found.getId(), created.getId(), "id");
        h.check(found.getRole() != null && found.getRole().getResource() != null && found.getScope() != null
                && seen.getCatalog() != null, "not everything is expanded");
        h.same(found.getRole().getResource().getId(), h.fact("resource"), "the resource of the role");
        h.same(seen.getCatalog().getId(), h.fact("catalog"), "the catalog of the package");
        return created.getId();
    }

    /** Lets people who are named ask without approval, for thirty days. */
    private AccessPackageAssignmentPolicy newPolicy(String description, List<String> people) {
        List<SubjectSet> targets = new ArrayList<>();
        for (String id : people) {
            SingleUser target = new SingleUser();
            target.setUserId(id);
            target.setDescription("x");
            targets.add(target);
        }
        ExpirationPattern expiration = new ExpirationPattern();
        expiration.setType(ExpirationPatternType.AfterDuration);
        expiration.setDuration(PeriodAndDuration.parse("P30D"));
        AccessPackageAssignmentRequestorSettings requestor = new AccessPackageAssignmentRequestorSettings();
        requestor.setEnableTargetsToSelfAddAccess(true);
        requestor.setEnableTargetsToSelfRemoveAccess(true);
        requestor.setAllowCustomAssignmentSchedule(true);
        AccessPackageAssignmentApprovalSettings approval = new AccessPackageAssignmentApprovalSettings();
        approval.setIsApprovalRequiredForAdd(false);
        approval.setStages(List.of());
        AccessPackageAssignmentPolicy policy = new AccessPackageAssignmentPolicy();
        policy.setDisplayName("Named people");
        policy.setDescription(description);
        policy.setAllowedTargetScope(AllowedTargetScope.SpecificDirectoryUsers);
        policy.setSpecificAllowedTargets(targets);
        policy.setExpiration(expiration);
        policy.setRequestorSettings(requestor);
        policy.setRequestApprovalSettings(approval);
        policy.setAccessPackage(packageWithId());
        return policy;
    }

    private String policy() {
        var people = List.of(h.fact("requestor"), h.fact("colleague"));
        var created = app().em().assignmentPolicies().post(newPolicy("As made", people));
        return h.give("policy", keep("policies", created).getId());
    }

    private String put() {
        var route = app().em().assignmentPolicies().byAccessPackageAssignmentPolicyId(h.fact("policy"));
        var people = List.of(h.fact("requestor"), h.fact("colleague"), h.fact("third"));
        h.same(route.put(newPolicy("Changed by PUT", people)).getId(), h.fact("policy"), "the id in the answer");
        var seen = route.get();
        h.same(seen.getDescription(), "Changed by PUT", "description");
        h.same(seen.getAllowedTargetScope(), AllowedTargetScope.SpecificDirectoryUsers, "allowedTargetScope");
        h.same(seen.getExpiration().getDuration(), PeriodAndDuration.parse("P30D"), "the duration");
        Set<String> targets = new HashSet<>();
        for (SubjectSet each : seen.getSpecificAllowedTargets()) {
            h.check(each instanceof SingleUser user && targets.add(user.getUserId()), "a target is no singleUser");
        }
        h.same(targets, Set.copyOf(people), "specificAllowedTargets");
        return "the answer and the next GET have it";
    }
}
