package tenure;

import com.microsoft.graph.models.AccessPackageRequestState;
import com.microsoft.graph.models.AccessPackageRequestType;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/**
 * The entitlement management tutorial with Microsoft's own Java SDK.
 *
 * <p>Start it with the lines of demo.env in the environment. Every step prints {@code ok NAME: detail} or
 * {@code FAIL NAME: reason}; the last line is {@code N passed, M failed}, and the exit code is 1 when M > 0.
 */
final class Tutorial extends Chapter {
    private Tutorial(Harness harness, Packages packages, Requests requests) {
        super(harness);
        h.step("cleanup.assignments", () -> {
            for (String id : requests.live("").values()) {
                requests.ended(app().em().assignmentRequests().post(
                        Requests.removal(AccessPackageRequestType.AdminRemove, id)).getId());
            }
            h.check(requests.live("").isEmpty(), "some are live");
            return "none is live";
        });
        cleanup("policies", id -> app().em().assignmentPolicies().byAccessPackageAssignmentPolicyId(id).delete(),
                id -> app().em().assignmentPolicies().byAccessPackageAssignmentPolicyId(id).get());
        cleanup("packages", id -> app().em().accessPackages().byAccessPackageId(id).delete(),
                id -> app().em().accessPackages().byAccessPackageId(id).get());
        h.step("cleanup.resource", () -> {
            var answer = app().em().resourceRequests().post(packages.resourceRequest(AccessPackageRequestType.AdminRemove));
            h.same(answer.getState(), AccessPackageRequestState.Delivered, "state");
            var left = app().em().catalogs().byAccessPackageCatalogId(h.fact("catalog")).resources().get().getValue();
            h.same(left.size(), 0, "the number of resources in the catalog");
            return "out of the catalog";
        });
        cleanup("catalogs", id -> app().em().catalogs().byAccessPackageCatalogId(id).delete(),
                id -> app().em().catalogs().byAccessPackageCatalogId(id).get());
        cleanup("groups", id -> app().client.groups().byGroupId(id).delete(),
                id -> app().client.groups().byGroupId(id).get());
        cleanup("users", id -> app().client.users().byUserId(id).delete(), id -> app().client.users().byUserId(id).get());
        h.step("cleanup.deleted_items", () -> {
            List<String> ids = new ArrayList<>(made("groups"));
            ids.addAll(made("users"));
            for (String id : ids) {
                var route = app().client.directory().deletedItems().byDirectoryObjectId(id);
                route.delete();
                refused(route::get, 404, null);
            }
            return "gone for good";
        });
    }

    /** Deletes all of a kind and reads each once more; one that fails does not keep the others. */
    private void cleanup(String kind, Consumer<String> remove, Consumer<String> read) {
        h.step("cleanup." + kind, () -> {
            h.check(!made(kind).isEmpty(), "no step of this run made " + kind);
            List<String> left = new ArrayList<>();
            for (String id : made(kind)) {
                try {
                    remove.accept(id);
                    refused(() -> read.accept(id), 404, null);
                } catch (RuntimeException failure) { // named together at the end
                    left.add(id + ": " + explain(failure));
                }
            }
            h.check(left.isEmpty(), "left: " + left);
            return made(kind).size() + " deleted, GET answers 404";
        });
    }

    public static void main(String[] arguments) throws InterruptedException {
        Harness harness = new Harness();
        new Directory(harness);
        Packages packages = new Packages(harness);
        new Tutorial(harness, packages, new Requests(harness));
        // Ends the libraries' own threads, too.
        System.exit(harness.runAll(Chapter::explain) ? 0 : 1);
    }
}
