package main

// The environment, the SDK clients made from it, and plain HTTP for what the SDK has no word for.

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
	authentication "github.com/microsoft/kiota-authentication-azure-go"
	msgraph "github.com/microsoftgraph/msgraph-sdk-go"
	"github.com/microsoftgraph/msgraph-sdk-go/identitygovernance"
	"github.com/microsoftgraph/msgraph-sdk-go/models/odataerrors"
)

const (
	scope        = "https://graph.microsoft.com/.default"
	personScopes = scope + " openid profile offline_access"
	em           = "/identityGovernance/entitlementManagement"
	httpTimeMax  = time.Minute
	bodyBytesMax = 1 << 20
)

var (
	env       = environment()
	base      = strings.TrimRight(env["BASE_URL"], "/")
	authority = strings.TrimRight(env["AUTHORITY_URL"], "/")
	run       = randomText(4)
	password  = "Aa1!" + randomText(16)
	plain     = &http.Client{Timeout: httpTimeMax}
)

// environment reads the lines of demo.env.
func environment() map[string]string {
	values := map[string]string{}
	var absent []string
	for _, name := range strings.Fields("BASE_URL AUTHORITY_URL TENANT_ID CLIENT_ID CLIENT_SECRET READER_CLIENT_ID " +
		"READER_CLIENT_SECRET PUBLIC_CLIENT_ID CA_BUNDLE USER_DOMAIN") {
		if values[name] = os.Getenv(name); values[name] == "" {
			absent = append(absent, name)
		}
	}
	if absent != nil {
		fmt.Fprintf(os.Stderr, "not set: %s; they are the lines of demo.env\n", strings.Join(absent, ", "))
		os.Exit(1)
	}
	// The language reads it once, before the first certificate is looked at. The name of a file is always accepted.
	_ = os.Setenv("SSL_CERT_FILE", values["CA_BUNDLE"])
	return values
}

func randomText(bytes int) string {
	random := make([]byte, bytes)
	_, _ = rand.Read(random) // never fails: it ends the program instead
	return hex.EncodeToString(random)
}

func appCredential(id, secret string) azcore.TokenCredential {
	options := azidentity.ClientSecretCredentialOptions{DisableInstanceDiscovery: true}
	options.Cloud = cloud.Configuration{ActiveDirectoryAuthorityHost: authority}
	return must(azidentity.NewClientSecretCredential(env["TENANT_ID"], id, secret, &options))
}

// passwordGrant signs a person in by one POST: the library's own flow first calls the authority without its port.
type passwordGrant struct {
	userPrincipalName string
	token             azcore.AccessToken
}

func (grant *passwordGrant) GetToken(ctx context.Context, _ policy.TokenRequestOptions) (azcore.AccessToken, error) {
	if time.Until(grant.token.ExpiresOn) > time.Minute {
		return grant.token, nil
	}
	form := url.Values{"grant_type": {"password"}, "client_id": {env["PUBLIC_CLIENT_ID"]}, "scope": {personScopes},
		"username": {grant.userPrincipalName}, "password": {password}}
	endpoint := authority + "/" + env["TENANT_ID"] + "/oauth2/v2.0/token"
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, endpoint, strings.NewReader(form.Encode()))
	if err != nil {
		return grant.token, err
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	status, body, err := send(request)
	if err != nil || status != http.StatusOK {
		return grant.token, fmt.Errorf("token endpoint: HTTP %d %v %w", status, body, err)
	}
	seconds, _ := body["expires_in"].(float64)
	text, _ := body["access_token"].(string)
	grant.token = azcore.AccessToken{Token: text, ExpiresOn: time.Now().Add(time.Duration(seconds) * time.Second)}
	return grant.token, nil
}

// session is one signed-in caller: the SDK's client, and plain HTTP with the same token.
type session struct {
	credential azcore.TokenCredential
	client     *msgraph.GraphServiceClient
}

func newSession(credential azcore.TokenCredential) *session {
	// The name stands there without its port; without the list a token goes to any host.
	hosts := []string{must(url.Parse(base)).Hostname()}
	provider := must(authentication.NewAzureIdentityAuthenticationProviderWithScopesAndValidHosts(
		credential, []string{scope}, hosts))
	adapter := must(msgraph.NewGraphRequestAdapter(provider))
	adapter.SetBaseUrl(base + "/v1.0")
	return &session{credential, msgraph.NewGraphServiceClient(adapter)}
}

func (s *session) em() *identitygovernance.EntitlementManagementRequestBuilder {
	return s.client.IdentityGovernance().EntitlementManagement()
}

// http makes one plain request, without retries. The path begins with its version.
func (s *session) http(ctx context.Context, method, path string, body any) (int, map[string]any) {
	token := must(s.credential.GetToken(ctx, policy.TokenRequestOptions{Scopes: []string{scope}, EnableCAE: true}))
	var content io.Reader
	if body != nil {
		content = bytes.NewReader(must(json.Marshal(body)))
	}
	request := must(http.NewRequestWithContext(ctx, method, base+path, content))
	request.Header.Set("Authorization", "Bearer "+token.Token)
	request.Header.Set("Content-Type", "application/json")
	status, answer, err := send(request)
	done(err)
	return status, answer
}

func send(request *http.Request) (int, map[string]any, error) {
	answer, err := plain.Do(request)
	if err != nil {
		return 0, nil, err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(io.LimitReader(answer.Body, bodyBytesMax))
	if err != nil || len(text) == 0 {
		return answer.StatusCode, nil, err
	}
	var body map[string]any
	err = json.Unmarshal(text, &body)
	return answer.StatusCode, body, err
}

func explain(failure any) string {
	err, isError := failure.(error)
	var graph *odataerrors.ODataError
	if isError && errors.As(err, &graph) && graph.GetErrorEscaped() != nil {
		body := graph.GetErrorEscaped()
		return fmt.Sprintf("HTTP %d %s: %s", graph.GetStatusCode(), value(body.GetCode()), value(body.GetMessage()))
	}
	if known, isFault := failure.(fault); isFault {
		return known.text
	}
	return fmt.Sprintf("%T: %v", failure, failure)
}

// refused wants an error in that status, with all that programs read from one. The answer of the call is not looked at.
func refused(err error, status int, code string) *odataerrors.ODataError {
	check(err != nil, fmt.Sprintf("was accepted, where %d %s was due", status, code))
	var graph *odataerrors.ODataError
	check(errors.As(err, &graph), fmt.Sprintf("no ODataError but %T: %v", err, err))
	same(graph.GetStatusCode(), status, "the status ("+explain(err)+")")
	body := graph.GetErrorEscaped()
	check(body != nil && value(body.GetCode()) != "" && value(body.GetMessage()) != "", "it lacks its code or message")
	inner := body.GetInnerError()
	check(inner != nil && value(inner.GetRequestId()) != "", "innerError lacks its request-id")
	check(value(inner.GetClientRequestId()) != "", "innerError lacks its client-request-id")
	check(inner.GetDate() != nil, "innerError lacks its date")
	if code != "" {
		same(value(body.GetCode()), code, "the code ("+value(body.GetMessage())+")")
	}
	return graph
}

// to makes the pointer that the SDK's setters want.
func to[T any](v T) *T { return &v }

// value is what the SDK's getters point to; nothing is the zero value.
func value[T any](pointer *T) T {
	if pointer == nil {
		var nothing T
		return nothing
	}
	return *pointer
}
