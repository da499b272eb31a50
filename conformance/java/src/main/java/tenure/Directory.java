package tenure;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import com.microsoft.graph.models.AccessPackageCatalog;
import com.microsoft.graph.models.Group;
import com.microsoft.graph.models.PasswordProfile;
import com.microsoft.graph.models.ReferenceCreate;
import com.microsoft.graph.models.User;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.List;
import java.util.Set;

/** Who calls, and the people and the group that the packages are about. */
final class Directory extends Chapter {
    Directory(Harness harness) {
        super(harness);
        h.step("token.app", List.of("app"), this::token);
        h.step("token.wrong_secret", this::wrongSecret);
        h.step("token.reader_app_may_not_write", this::reader);
        h.step("user.create", List.of("requestor", "colleague", "third", "requestorName"), this::people);
        h.step("user.read_change_and_patch", this::patch);
        h.step("user.count_and_search", this::countAndSearch);
        h.step("group.create", List.of("group"), this::group);
        h.step("group.member_by_reference", this::reference);
        h.step("signin.person", List.of("person"), this::signIn);
    }

    private String token() {
        var credential = Session.appCredential(Session.variable("CLIENT_ID"), Session.variable("CLIENT_SECRET"));
        var session = new Session(credential);
        String[] parts = session.token().getToken().split("\\.");
        h.same(parts.length, 3, "the number of parts of the token");
        String middle = new String(Base64.getUrlDecoder().decode(parts[1]), StandardCharsets.UTF_8);
        JsonObject claims = JsonParser.parseString(middle).getAsJsonObject();
        h.same(claims.get("tid").getAsString(), Session.TENANT, "tid");
        h.same(claims.get("idtyp").getAsString(), "app", "idtyp");
        h.give("app", session);
        return claims.getAsJsonArray("roles").size() + " roles";
    }

    private String wrongSecret() {
        String text = "a token was given";
        try {
            new Session(Session.appCredential(Session.variable("CLIENT_ID"), "wrong")).token();
        } catch (RuntimeException refused) {
            text = refused.toString();
        }
        h.check(text.contains("AADSTS7000215"), text);
        return "AADSTS7000215";
    }

    private String reader() {
        var reader = new Session(Session.appCredential(
                Session.variable("READER_CLIENT_ID"), Session.variable("READER_CLIENT_SECRET")));
        h.check(!reader.em().catalogs().get().getValue().isEmpty(), "the reader may not even read");
        AccessPackageCatalog catalog = new AccessPackageCatalog();
        catalog.setDisplayName("Not allowed");
        refused(() -> reader.em().catalogs().post(catalog), 403, "Authorization_RequestDenied");
        return "reads, does not write";
    }

    private String people() {
        for (String name : List.of("requestor", "colleague", "third")) {
            PasswordProfile secret = new PasswordProfile();
            secret.setForceChangePasswordNextSignIn(false);
            secret.setPassword(Session.PASSWORD);
            User person = new User();
            person.setAccountEnabled(true);
            person.setDisplayName(name + " " + Session.RUN);
            person.setMailNickname(name + Session.RUN);
            person.setUserPrincipalName("java" + name + Session.RUN + "@" + Session.variable("USER_DOMAIN"));
            person.setPasswordProfile(secret);
            User created = keep("users", app().client.users().post(person));
            h.same(created.getDisplayName(), person.getDisplayName(), "displayName");
            h.give(name, created.getId());
            h.give(name + "Name", created.getUserPrincipalName());
        }
        return h.fact("requestorName");
    }

    private String patch() {
        var route = app().client.users().byUserId(h.fact("requestorName"));
        User person = route.get();
        person.setJobTitle("Analyst");
        route.patch(person);
        User seen = route.get(ask -> ask.queryParameters.select = new String[] {"id", "jobTitle"});
        h.same(seen.getId(), h.fact("requestor"), "id");
        h.same(seen.getJobTitle(), "Analyst", "jobTitle");
        h.same(seen.getDisplayName(), null, "displayName, which was not selected,");
        return "PATCH seen by the next GET, $select obeyed";
    }

    private String countAndSearch() {
        int number = app().client.users().count().get(ask -> ask.headers.add("ConsistencyLevel", "eventual"));
        var page = app().client.users().get(ask -> {
            ask.headers.add("ConsistencyLevel", "eventual");
            ask.queryParameters.count = true;
            ask.queryParameters.top = 1;
        });
        h.same(page.getOdataCount(), (long) number, "@odata.count against /users/$count");
        page = app().client.users().get(ask -> {
            ask.headers.add("ConsistencyLevel", "eventual");
            ask.queryParameters.search = "\"displayName:" + Session.RUN + "\"";
        });
        h.same(page.getValue().size(), made("users").size(), "how many $search finds");
        return number + " people";
    }

    private String group() {
        Group group = new Group();
        group.setDisplayName("Java Marketing " + Session.RUN);
        group.setDescription("Group of a test run");
        group.setGroupTypes(List.of());
        group.setMailEnabled(false);
        group.setMailNickname("java" + Session.RUN);
        group.setSecurityEnabled(true);
        Group created = keep("groups", app().client.groups().post(group));
        h.same(created.getSecurityEnabled(), true, "securityEnabled");
        return h.give("group", created.getId());
    }

    private String reference() {
        ReferenceCreate reference = new ReferenceCreate();
        reference.setOdataId("https://graph.microsoft.com/v1.0/directoryObjects/" + h.fact("third"));
        memberRoute().ref().post(reference);
        h.same(members(), Set.of(h.fact("third")), "members");
        memberRoute().byDirectoryObjectId(h.fact("third")).ref().delete();
        h.same(members(), Set.of(), "members afterwards");
        return "in and out";
    }

    private String signIn() {
        Session person = h.give("person", new Session(Session.passwordCredential(h.fact("requestorName"))));
        // The SDK writes /users/me-token-to-replace and puts /me in its place just before it sends.
        User seen = person.client.me().get();
        h.same(seen.getId(), h.fact("requestor"), "GET /me");
        var mine = person.em().assignments().filterByCurrentUserWithOn("target").get();
        h.same(mine.getValue().size(), 0, "the number of assignments of a new person");
        return seen.getUserPrincipalName();
    }
}
