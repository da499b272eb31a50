package tenure;

import com.microsoft.graph.groups.item.members.MembersRequestBuilder;
import com.microsoft.graph.models.AccessPackage;
import com.microsoft.graph.models.AccessPackageCatalog;
import com.microsoft.graph.models.DirectoryObject;
import com.microsoft.graph.models.Entity;
import com.microsoft.graph.models.User;
import com.microsoft.graph.models.odataerrors.ODataError;
import com.microsoft.kiota.ApiException;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedList;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** What the chapters of the tutorial share. */
abstract class Chapter {
    /** An id that nothing has. */
    static final String NOBODY = "00000000-0000-4000-8000-00000000dead";
    /** The ids of what this run created, by kind, so that the end can take it away. */
    private static final Map<String, List<String>> MADE = new HashMap<>();

    protected final Harness h;

    Chapter(Harness harness) {
        h = harness;
    }

    <T extends Entity> T keep(String kind, T thing) {
        h.check(thing.getId() != null && !thing.getId().isEmpty(), "the new one of " + kind + " has no id");
        MADE.computeIfAbsent(kind, unused -> new LinkedList<>()).add(thing.getId());
        return thing;
    }

    List<String> made(String kind) {
        return MADE.getOrDefault(kind, List.of());
    }

    Session app() {
        return h.fact("app", Session.class);
    }

    Session person() {
        return h.fact("person", Session.class);
    }

    MembersRequestBuilder memberRoute() {
        return app().client.groups().byGroupId(h.fact("group")).members();
    }

    /** The ids of the people in the group. */
    Set<String> members() {
        Set<String> found = new HashSet<>();
        for (DirectoryObject each : memberRoute().get().getValue()) {
            h.check(each instanceof User user && user.getUserPrincipalName() != null, "a member is not read as a user");
            h.check(found.add(each.getId()), "a member comes twice");
        }
        return found;
    }

    AccessPackage packageWithId() {
        AccessPackage accessPackage = new AccessPackage();
        accessPackage.setId(h.fact("package"));
        return accessPackage;
    }

    AccessPackageCatalog catalogWithId() {
        AccessPackageCatalog catalog = new AccessPackageCatalog();
        catalog.setId(h.fact("catalog"));
        return catalog;
    }

    AccessPackage newPackage(String name) {
        AccessPackage accessPackage = new AccessPackage();
        accessPackage.setDisplayName(name);
        accessPackage.setDescription("For a campaign");
        accessPackage.setCatalog(catalogWithId());
        return accessPackage;
    }

    static String explain(Throwable failure) {
        if (failure instanceof ODataError error && error.getError() != null) {
            return "HTTP " + error.getResponseStatusCode() + " " + error.getError().getCode() + ": "
                    + error.getError().getMessage();
        }
        if (failure instanceof ApiException error) {
            return "HTTP " + error.getResponseStatusCode() + " " + failure;
        }
        return failure instanceof Harness.Fault ? failure.getMessage() : failure.toString();
    }

    /** The call must end in that status, as an error with all that programs read from one. */
    ODataError refused(Runnable call, int status, String code) {
        ODataError error = null;
        try {
            call.run();
        } catch (ODataError caught) {
            error = caught;
        }
        h.check(error != null, "was accepted, where " + status + " " + code + " was due");
        h.same(error.getResponseStatusCode(), status, "the status (" + explain(error) + ")");
        var body = error.getError();
        h.check(body != null && body.getCode() != null && body.getMessage() != null, "it lacks its code or message");
        var inner = body.getInnerError();
        h.check(inner != null && inner.getRequestId() != null, "innerError lacks its request-id");
        h.check(inner.getClientRequestId() != null, "innerError lacks its client-request-id");
        h.check(inner.getDate() != null, "innerError lacks its date");
        if (code != null) {
            h.same(body.getCode(), code, "the code (" + body.getMessage() + ")");
        }
        return error;
    }
}
