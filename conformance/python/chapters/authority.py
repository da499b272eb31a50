"""What a client asks before it has a token, and the tokens of applications."""
import base64
import json
from urllib.parse import urlsplit

import jwt
from azure.core.exceptions import ClientAuthenticationError

from clients import (AUTHORITY, BASE, DOMAIN, E, EM, SCOPE, TENANT, Session, app_credential, http, instant, read,
                     refused_http, token_endpoint)
from harness import check, facts, holds_all, same, step


def claims_of(token):
    middle = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(middle + "=" * (-len(middle) % 4)))


def on_our_origin(url, what):
    same(tuple(urlsplit(url)[:2]), tuple(urlsplit(AUTHORITY)[:2]), f"the origin of {what}")


def refused_sign_in(answer, status, error, number):
    """The body by which MSAL and scripts tell one refused sign-in from another."""
    same(answer.status_code, status, f"the status ({answer.text[:200]})")
    body = answer.json()
    same(body.get("error"), error, "error")
    same(body.get("error_codes"), [number], "error_codes")
    check(body.get("error_description", "").startswith(f"AADSTS{number}:"), f"error_description {body}")
    holds_all(body, ["timestamp", "trace_id", "correlation_id"], "the error body")
    return f"{status} {error} AADSTS{number}"


async def configuration(tenant):
    return await http("GET", f"{AUTHORITY}/{tenant}/v2.0/.well-known/openid-configuration")


@step("server.ready")
async def server_ready():
    answer = await http("GET", f"{BASE}/healthz")
    same(answer.status_code, 200, "GET /healthz")
    return BASE


@step("authority.discovery", gives="discovery")
async def discovery():
    document = (await configuration(TENANT)).json()
    same(document.get("issuer"), f"{AUTHORITY}/{TENANT}/v2.0", "issuer")
    for key in ("authorization_endpoint", "token_endpoint", "device_authorization_endpoint", "end_session_endpoint",
                "jwks_uri"):
        on_our_origin(document.get(key, ""), key)
    same(urlsplit(document["token_endpoint"]).path, f"/{TENANT}/oauth2/v2.0/token", "the path of token_endpoint")
    facts.discovery = document
    return document["issuer"]


@step("authority.other_names_of_the_tenant")
async def other_names():
    for name in (DOMAIN, "common", "organizations"):
        answer = await configuration(name)
        same(answer.status_code, 200, f"discovery of {name}")
        on_our_origin(answer.json()["token_endpoint"], f"the token endpoint of {name}")
        on_our_origin(answer.json()["issuer"], f"the issuer of {name}")
    return f"{DOMAIN}, common, organizations"


@step("authority.unknown_tenant")
async def unknown_tenant():
    answer = await configuration("00000000-0000-4000-8000-00000000dead")
    check(answer.status_code in (400, 404), f"status {answer.status_code}")
    check(isinstance(answer.json(), dict), "the body is no JSON object")
    return answer.status_code


@step("authority.keys", gives="keys")
async def keys():
    answer = await http("GET", facts.discovery["jwks_uri"])
    facts.keys = {key["kid"]: key for key in answer.json()["keys"]}
    check(facts.keys, "no key at all")
    for key in facts.keys.values():
        same(key["kty"], "RSA", "kty")
        check(key.get("n") and key.get("e"), f"key {key['kid']} lacks n or e")
        check(not {"d", "p", "q"} & set(key), "a private part is published")
    return f"{len(facts.keys)} published"


@step("token.app", gives="app app_claims")
async def app_token():
    app = Session(app_credential())
    claims = claims_of(await app.bearer())
    facts.app, facts.app_claims = app, claims
    holds_all(claims, ["aud", "iss", "iat", "nbf", "exp", "tid", "oid", "sub", "ver"], "the token")
    same(claims["tid"], TENANT, "tid")
    same(claims["appid"], E["CLIENT_ID"], "appid")
    same(claims["idtyp"], "app", "idtyp")
    check("EntitlementManagement.ReadWrite.All" in claims["roles"], f"roles {claims['roles']}")
    check(all(isinstance(claims[name], int) for name in ("iat", "nbf", "exp")), "a time is no number")
    check(3600 <= claims["exp"] - claims["iat"] <= 5400, "a token must live 60 to 90 minutes")
    return f"{len(claims['roles'])} roles"


@step("token.signature")
async def signature():
    token = await facts.app.bearer()
    header = jwt.get_unverified_header(token)
    same(header["alg"], "RS256", "alg")
    check(header["kid"] in facts.keys, f"kid {header['kid']} is not published")
    key = jwt.PyJWK(facts.keys[header["kid"]]).key
    same(jwt.decode(token, key, algorithms=["RS256"], options={"verify_aud": False})["tid"], TENANT, "tid")
    return f"RS256, kid {header['kid']}"


@step("token.scope_of_the_host_without_its_port")
async def host_scope():
    # What the SDK derives when a script gives no scope: https://<host>/.default
    page = await read(Session(app_credential(), scopes=()).em.catalogs, top=1)
    check(page.value, "no catalog was read")
    return f"https://{urlsplit(BASE).hostname}/.default"


@step("token.reader_app", gives="reader")
async def reader_app():
    reader = Session(app_credential(E["READER_CLIENT_ID"], E["READER_CLIENT_SECRET"]))
    roles = claims_of(await reader.bearer())["roles"]
    check("EntitlementManagement.Read.All" in roles, f"roles {roles}")
    check(not [role for role in roles if "Write" in role], f"the reader may write: {roles}")
    facts.reader = reader
    return ", ".join(sorted(roles))


@step("token.wrong_secret")
async def wrong_secret():
    form = {"grant_type": "client_credentials", "client_id": E["CLIENT_ID"], "scope": SCOPE}
    detail = refused_sign_in(await token_endpoint(client_secret="wrong", **form), 401, "invalid_client", 7000215)
    try:
        app_credential(secret="wrong").get_token(SCOPE)
    except ClientAuthenticationError as error:
        check("AADSTS7000215" in str(error), f"azure-identity says {error}")
        return detail
    raise AssertionError("azure-identity got a token by a wrong secret")


@step("token.unknown_client")
async def unknown_client():
    answer = await token_endpoint(grant_type="client_credentials", scope=SCOPE, client_secret="wrong",
                                  client_id="00000000-0000-4000-8000-00000000dead")
    return refused_sign_in(answer, 400, "unauthorized_client", 700016)


@step("token.required")
async def token_required():
    for name, headers in (("no token", {}), ("a forged token", {"Authorization": "Bearer a.b.c"})):
        answer = await http("GET", f"{BASE}/v1.0{EM}/catalogs", headers=headers)
        refused_http(answer, 401, "InvalidAuthenticationToken")
        check(answer.headers.get("www-authenticate", "").startswith("Bearer"), f"no Bearer challenge for {name}")
    return "401 for none and for a forged one"


@step("clock.read", gives="started")
async def clock_read():
    answer = await facts.app.http("GET", "/tenure/v1/clock")
    same(answer.status_code, 200, "GET /tenure/v1/clock")
    facts.started = instant(answer.json()["now"])
    check(facts.started.tzinfo is not None, "the clock names no zone")
    return facts.started.isoformat()
