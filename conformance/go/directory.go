package main

// Who calls, and the people and the group that the packages are about.

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"strconv"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
	abstractions "github.com/microsoft/kiota-abstractions-go"
	"github.com/microsoftgraph/msgraph-sdk-go/models"
	"github.com/microsoftgraph/msgraph-sdk-go/users"
)

// made holds the ids of what this run created, by kind, so that the end can take it away.
var made = map[string][]string{}

func keep[T models.Entityable](kind string, thing T) T {
	check(value(thing.GetId()) != "", "the new one of "+kind+" has no id")
	made[kind] = append(made[kind], value(thing.GetId()))
	return thing
}

func app() *session { return fact[*session]("app") }

func createPerson(ctx context.Context, name string) models.Userable {
	secret := models.NewPasswordProfile()
	secret.SetForceChangePasswordNextSignIn(to(false))
	secret.SetPassword(to(password))
	person := models.NewUser()
	person.SetAccountEnabled(to(true))
	person.SetDisplayName(to(name + " " + run))
	person.SetMailNickname(to(name + run))
	person.SetUserPrincipalName(to("go" + name + run + "@" + env["USER_DOMAIN"]))
	person.SetPasswordProfile(secret)
	return keep("users", must(app().client.Users().Post(ctx, person, nil)))
}

// members are the people in the group, and their number.
func members(ctx context.Context) map[string]bool {
	page := must(app().client.Groups().ByGroupId(fact[string]("group")).Members().Get(ctx, nil))
	found := map[string]bool{}
	for _, each := range page.GetValue() {
		person, isUser := each.(models.Userable)
		check(isUser && value(person.GetUserPrincipalName()) != "", "a member is not read as a user")
		found[value(each.GetId())] = true
	}
	same(len(found), len(page.GetValue()), "the number of members")
	return found
}

func set(ids ...string) map[string]bool {
	all := map[string]bool{}
	for _, id := range ids {
		all[id] = true
	}
	return all
}

func directorySteps() {
	add("token.app", gives("app"), func(ctx context.Context) string {
		credential := appCredential(env["CLIENT_ID"], env["CLIENT_SECRET"])
		token := must(credential.GetToken(ctx, policy.TokenRequestOptions{Scopes: []string{scope}}))
		parts := strings.Split(token.Token, ".")
		same(len(parts), 3, "the number of parts of the token")
		var claims struct {
			Tid, Idtyp string
			Roles      []string
		}
		done(json.Unmarshal(must(base64.RawURLEncoding.DecodeString(parts[1])), &claims))
		same([]string{claims.Tid, claims.Idtyp}, []string{env["TENANT_ID"], "app"}, "tid, idtyp")
		facts["app"] = newSession(credential)
		return strconv.Itoa(len(claims.Roles)) + " roles"
	})

	add("token.wrong_secret", nil, func(ctx context.Context) string {
		_, err := appCredential(env["CLIENT_ID"], "wrong").GetToken(ctx, policy.TokenRequestOptions{Scopes: []string{scope}})
		var failed *azidentity.AuthenticationFailedError
		check(errors.As(err, &failed), "no AuthenticationFailedError: "+explain(err))
		same(failed.RawResponse.StatusCode, 401, "the status")
		check(strings.Contains(failed.Error(), "AADSTS7000215"), failed.Error())
		return "AADSTS7000215"
	})

	add("token.reader_app_may_not_write", nil, func(ctx context.Context) string {
		reader := newSession(appCredential(env["READER_CLIENT_ID"], env["READER_CLIENT_SECRET"]))
		page := must(reader.em().Catalogs().Get(ctx, nil))
		check(len(page.GetValue()) > 0, "the reader may not even read")
		catalog := models.NewAccessPackageCatalog()
		catalog.SetDisplayName(to("Not allowed"))
		_, err := reader.em().Catalogs().Post(ctx, catalog, nil)
		refused(err, 403, "Authorization_RequestDenied")
		return "reads, does not write"
	})

	add("user.create", gives("requestor", "colleague", "third", "requestorName"), func(ctx context.Context) string {
		for _, name := range []string{"requestor", "colleague", "third"} {
			person := createPerson(ctx, name)
			same(value(person.GetDisplayName()), name+" "+run, "displayName")
			facts[name] = value(person.GetId())
			facts[name+"Name"] = value(person.GetUserPrincipalName())
		}
		return fact[string]("requestorName")
	})

	add("user.patch_and_select", nil, func(ctx context.Context) string {
		route := app().client.Users().ByUserId(fact[string]("requestorName"))
		// A new one: this release of the SDK sends nothing of what is set on an object that it has read.
		changed := models.NewUser()
		changed.SetJobTitle(to("Analyst"))
		must(route.Patch(ctx, changed, nil))
		ask := users.UserItemRequestBuilderGetRequestConfiguration{
			QueryParameters: &users.UserItemRequestBuilderGetQueryParameters{Select: []string{"id", "jobTitle"}}}
		seen := must(route.Get(ctx, &ask))
		same(value(seen.GetId()), fact[string]("requestor"), "id")
		same(value(seen.GetJobTitle()), "Analyst", "jobTitle")
		check(seen.GetDisplayName() == nil, "$select is not obeyed")
		return "PATCH seen by the next GET, $select obeyed"
	})

	add("user.count_and_search", nil, func(ctx context.Context) string {
		eventual := abstractions.NewRequestHeaders()
		eventual.Add("ConsistencyLevel", "eventual")
		number := must(app().client.Users().Count().Get(ctx,
			&users.CountRequestBuilderGetRequestConfiguration{Headers: eventual}))
		ask := users.UsersRequestBuilderGetQueryParameters{Count: to(true), Top: to(int32(1))}
		page := must(app().client.Users().Get(ctx,
			&users.UsersRequestBuilderGetRequestConfiguration{Headers: eventual, QueryParameters: &ask}))
		same(value(page.GetOdataCount()), int64(value(number)), "@odata.count against /users/$count")
		ask = users.UsersRequestBuilderGetQueryParameters{Search: to(`"displayName:` + run + `"`)}
		page = must(app().client.Users().Get(ctx,
			&users.UsersRequestBuilderGetRequestConfiguration{Headers: eventual, QueryParameters: &ask}))
		same(len(page.GetValue()), len(made["users"]), "how many $search finds")
		return strconv.Itoa(int(value(number))) + " people"
	})

	add("group.create", gives("group"), func(ctx context.Context) string {
		group := models.NewGroup()
		group.SetDisplayName(to("Go Marketing " + run))
		group.SetDescription(to("Group of a test run"))
		group.SetGroupTypes([]string{})
		group.SetMailEnabled(to(false))
		group.SetMailNickname(to("go" + run))
		group.SetSecurityEnabled(to(true))
		group = keep("groups", must(app().client.Groups().Post(ctx, group, nil))).(*models.Group)
		same(value(group.GetSecurityEnabled()), true, "securityEnabled")
		facts["group"] = value(group.GetId())
		return fact[string]("group")
	})

	add("group.member_by_reference", nil, func(ctx context.Context) string {
		route := app().client.Groups().ByGroupId(fact[string]("group")).Members()
		reference := models.NewReferenceCreate()
		reference.SetOdataId(to("https://graph.microsoft.com/v1.0/directoryObjects/" + fact[string]("third")))
		done(route.Ref().Post(ctx, reference, nil))
		same(members(ctx), set(fact[string]("third")), "members")
		done(route.ByDirectoryObjectId(fact[string]("third")).Ref().Delete(ctx, nil))
		same(members(ctx), set(), "members afterwards")
		return "in and out"
	})

	add("signin.person", gives("person"), func(ctx context.Context) string {
		person := newSession(&passwordGrant{userPrincipalName: fact[string]("requestorName")})
		facts["person"] = person
		// The SDK writes /users/me-token-to-replace and puts /me in its place just before it sends.
		seen := must(person.client.Me().Get(ctx, nil))
		same(value(seen.GetId()), fact[string]("requestor"), "GET /me")
		on := "target"
		mine := person.em().Assignments().FilterByCurrentUserWithOn(&on)
		page := must(mine.GetAsFilterByCurrentUserWithOnGetResponse(ctx, nil))
		same(len(page.GetValue()), 0, "the number of assignments of a new person")
		return value(seen.GetUserPrincipalName())
	})
}
