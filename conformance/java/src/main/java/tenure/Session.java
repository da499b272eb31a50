package tenure;

import com.azure.core.credential.AccessToken;
import com.azure.core.credential.TokenCredential;
import com.azure.core.credential.TokenRequestContext;
import com.azure.core.http.okhttp.OkHttpAsyncHttpClientBuilder;
import com.azure.identity.ClientSecretCredentialBuilder;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import com.microsoft.graph.core.authentication.AzureIdentityAuthenticationProvider;
import com.microsoft.graph.core.requests.BaseGraphRequestAdapter;
import com.microsoft.graph.core.requests.GraphClientFactory;
import com.microsoft.graph.identitygovernance.entitlementmanagement.EntitlementManagementRequestBuilder;
import com.microsoft.graph.serviceclient.GraphServiceClient;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.SecureRandom;
import java.security.cert.CertificateFactory;
import java.time.Duration;
import java.time.OffsetDateTime;
import java.util.Base64;
import java.util.List;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509TrustManager;
import okhttp3.FormBody;
import okhttp3.MediaType;
import okhttp3.OkHttpClient;
import okhttp3.Request;
import okhttp3.RequestBody;
import okhttp3.Response;
import reactor.core.publisher.Mono;

/** One signed-in caller: the SDK's client, and plain HTTP with the same token; both made from the lines of demo.env. */
final class Session {
    static final String BASE = variable("BASE_URL").replaceAll("/+$", "");
    static final String AUTHORITY = variable("AUTHORITY_URL").replaceAll("/+$", "");
    static final String TENANT = variable("TENANT_ID");
    static final String RUN = randomText(4);
    static final String PASSWORD = "Aa1!" + randomText(16);
    static final String SCOPE = "https://graph.microsoft.com/.default";
    private static final Duration HTTP_TIME_MAX = Duration.ofMinutes(1);
    private static final OkHttpClient PLAIN = trusting(new OkHttpClient.Builder());

    final GraphServiceClient client;
    private final TokenCredential credential;

    Session(TokenCredential credential) {
        this.credential = credential;
        // The name stands there without its port; to other hosts no token goes.
        String[] hosts = {URI.create(BASE).getHost()};
        var provider = new AzureIdentityAuthenticationProvider(credential, hosts, SCOPE);
        var adapter = new BaseGraphRequestAdapter(provider, BaseGraphRequestAdapter.Clouds.GLOBAL_CLOUD, "v1.0",
                trusting(GraphClientFactory.create()));
        // Before the client is made: it keeps the address.
        adapter.setBaseUrl(BASE + "/v1.0");
        client = new GraphServiceClient(adapter);
    }

    EntitlementManagementRequestBuilder em() {
        return client.identityGovernance().entitlementManagement();
    }

    static TokenCredential appCredential(String id, String secret) {
        return new ClientSecretCredentialBuilder().authorityHost(AUTHORITY).disableInstanceDiscovery().tenantId(TENANT)
                .clientId(id).clientSecret(secret).httpClient(new OkHttpAsyncHttpClientBuilder(PLAIN).build()).build();
    }

    /** Signs a person in by one POST: the library's own flow first calls the authority without its port. */
    static TokenCredential passwordCredential(String userPrincipalName) {
        RequestBody form = new FormBody.Builder().add("grant_type", "password").add("username", userPrincipalName)
                .add("password", PASSWORD).add("client_id", variable("PUBLIC_CLIENT_ID"))
                .add("scope", SCOPE + " openid profile offline_access").build();
        var request = new Request.Builder().url(AUTHORITY + "/" + TENANT + "/oauth2/v2.0/token").post(form).build();
        Mono<AccessToken> grant = Mono.fromCallable(() -> {
            Answer answer = send(request);
            if (answer.status != 200) {
                throw new IOException("token endpoint: HTTP " + answer.status + " " + answer.body);
            }
            return new AccessToken(answer.body.get("access_token").getAsString(),
                    OffsetDateTime.now().plusSeconds(answer.body.get("expires_in").getAsLong()));
        });
        Mono<AccessToken> kept = grant.cache();
        return context -> kept;
    }

    AccessToken token() {
        return credential.getTokenSync(new TokenRequestContext().addScopes(SCOPE));
    }

    record Answer(int status, JsonObject body) {}

    /** One plain request, without retries. The path begins with its version. */
    Answer http(String method, String path, JsonObject body) throws IOException {
        RequestBody content = body == null ? null : RequestBody.create(body.toString(), MediaType.get("application/json"));
        return send(new Request.Builder().url(BASE + path).method(method, content)
                .header("Authorization", "Bearer " + token().getToken()).build());
    }

    private static Answer send(Request request) throws IOException {
        try (Response answer = PLAIN.newCall(request).execute()) {
            String text = answer.body().string();
            return new Answer(answer.code(), text.isEmpty() ? null : JsonParser.parseString(text).getAsJsonObject());
        }
    }

    /** A line of demo.env. */
    static String variable(String name) {
        String value = System.getenv(name);
        if (value == null || value.isEmpty()) {
            System.err.println("not set: " + name + "; it is a line of demo.env");
            System.exit(1);
        }
        return value;
    }

    private static String randomText(int bytes) {
        byte[] random = new byte[bytes];
        new SecureRandom().nextBytes(random);
        return Base64.getUrlEncoder().withoutPadding().encodeToString(random).replaceAll("[-_]", "x").toLowerCase();
    }

    /** A client that believes the authority of the server's certificate, and nobody else. */
    private static OkHttpClient trusting(OkHttpClient.Builder builder) {
        try (InputStream file = Files.newInputStream(Path.of(variable("CA_BUNDLE")))) {
            KeyStore store = KeyStore.getInstance(KeyStore.getDefaultType());
            store.load(null, null);
            for (var certificate : CertificateFactory.getInstance("X.509").generateCertificates(file)) {
                store.setCertificateEntry("authority" + store.size(), certificate);
            }
            var factory = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
            factory.init(store);
            var trust = (X509TrustManager) List.of(factory.getTrustManagers()).get(0);
            SSLContext context = SSLContext.getInstance("TLS");
            context.init(null, new X509TrustManager[] {trust}, null);
            return builder.sslSocketFactory(context.getSocketFactory(), trust).callTimeout(HTTP_TIME_MAX).build();
        } catch (IOException | GeneralSecurityException failure) {
            throw new IllegalStateException("the file of CA_BUNDLE cannot be used", failure);
        }
    }
}
