"""How people sign in, and when they may not."""
import base64
import json

import httpx

from chapters.authority import claims_of, refused_sign_in
from clients import (AUTHORITY, BASE, DOMAIN, E, PASSWORD, PERSON_SCOPES, PUBLIC_CLIENT, TENANT, TLS, PasswordGrant,
                     Session, device_credential, http, password_grant, refused_http, token_endpoint, v1)
from harness import check, facts, holds_all, same, step

DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"


async def me(token):
    return await http("GET", f"{BASE}/v1.0/me", headers={"Authorization": f"Bearer {token}"})


async def refresh(token):
    return await token_endpoint(grant_type="refresh_token", client_id=PUBLIC_CLIENT, refresh_token=token,
                                scope=PERSON_SCOPES)


def refused_grant(answer):
    same(answer.status_code, 400, f"the status ({answer.text[:200]})")
    same(answer.json().get("error"), "invalid_grant", "error")


@step("signin.password", gives="requestor_session")
async def by_password():
    facts.requestor_session = Session(PasswordGrant(facts.requestor.user_principal_name, PASSWORD))
    claims = claims_of(await facts.requestor_session.bearer())
    same(claims["oid"], facts.requestor.id, "oid")
    same(claims["tid"], TENANT, "tid")
    check(isinstance(claims["scp"], str) and claims["scp"], f"scp is {claims.get('scp')!r}")
    check("roles" not in claims or not claims["roles"], "a person's token carries application roles")
    same((await facts.requestor_session.v1.me.get()).id, facts.requestor.id, "GET /me, v1.0")
    # a property in one SDK, a method in the other
    same((await facts.requestor_session.beta.me().get()).id, facts.requestor.id, "GET /me, beta")
    return claims["scp"][:120]


@step("signin.id_token_and_client_info", gives="leaver_tokens")
async def identity_token():
    answer = await password_grant(facts.leaver.user_principal_name, PASSWORD)
    same(answer.status_code, 200, f"the status ({answer.text[:200]})")
    facts.leaver_tokens = body = answer.json()
    same(body["token_type"], "Bearer", "token_type")
    check(isinstance(body["expires_in"], int), "expires_in is no number")
    holds_all(body, ["ext_expires_in", "scope", "refresh_token", "id_token", "client_info"], "the answer")
    claims = claims_of(body["id_token"])
    same(claims["aud"], PUBLIC_CLIENT, "aud")
    same(claims["iss"], facts.discovery["issuer"], "iss")
    same((claims["tid"], claims["oid"]), (TENANT, facts.leaver.id), "tid, oid")
    same(claims["preferred_username"], facts.leaver.user_principal_name, "preferred_username")
    holds_all(claims, ["sub", "name"], "the id token")
    info = body["client_info"]
    same(json.loads(base64.urlsafe_b64decode(info + "=" * (-len(info) % 4))),
         {"uid": facts.leaver.id, "utid": TENANT}, "client_info")
    return claims["preferred_username"]


@step("signin.device_code_waits_for_the_person")
async def device_code_pending():
    flow = (await http("POST", f"{AUTHORITY}/{TENANT}/oauth2/v2.0/devicecode",
                       data={"client_id": PUBLIC_CLIENT, "scope": PERSON_SCOPES})).json()
    holds_all(flow, ["user_code", "device_code", "verification_uri", "expires_in", "interval", "message"], "the flow")
    code = flow["device_code"]
    answer = await token_endpoint(grant_type=DEVICE_GRANT, client_id=PUBLIC_CLIENT, code=code, device_code=code)
    same((answer.status_code, answer.json().get("error")), (400, "authorization_pending"), "the answer meanwhile")
    return flow["verification_uri"]


@step("signin.device_code", gives="colleague_session")
async def by_device_code():
    answers = []

    def approve(verification_uri, user_code, _expires):
        form = {"user_code": user_code, "username": facts.colleague.user_principal_name, "password": PASSWORD}
        answers.append(httpx.post(verification_uri, data=form, verify=TLS))

    session = Session(device_credential(approve))
    claims = claims_of(await session.bearer())
    check(answers and answers[0].status_code < 400, f"the device page answered {answers}")
    same(claims["oid"], facts.colleague.id, "oid")
    facts.colleague_session = session
    same((await session.v1.me.get()).id, facts.colleague.id, "GET /me")
    same(len(answers), 1, "times the person was asked")
    return facts.colleague.user_principal_name


@step("signin.demo_person", gives="outsider_session")
async def demo_person():
    name = f"outsider@{DOMAIN}"
    facts.outsider_session = Session(PasswordGrant(name, E["DEMO_PASSWORD"]))
    same((await facts.outsider_session.v1.me.get()).user_principal_name.lower(), name.lower(), "userPrincipalName")
    return name


@step("signin.change_of_password_is_due")
async def change_due():
    answer = await password_grant(facts.newcomer.user_principal_name, PASSWORD)
    return refused_sign_in(answer, 400, "invalid_grant", 50055)


@step("signin.refresh_rotates", gives="rotated")
async def refresh_rotates():
    first = facts.leaver_tokens["refresh_token"]
    answer = await refresh(first)
    same(answer.status_code, 200, f"the status ({answer.text[:200]})")
    facts.rotated = answer.json()
    check(facts.rotated["refresh_token"] != first, "the refresh token is the old one")
    same((await me(facts.rotated["access_token"])).json().get("id"), facts.leaver.id, "GET /me by the new token")
    return "a new pair"


@step("signin.reused_refresh_token_ends_the_family")
async def reuse():
    newer = facts.rotated["refresh_token"]
    refused_grant(await refresh(facts.leaver_tokens["refresh_token"]))
    refused_grant(await refresh(newer))
    return "the old one refused, and from then on the newer one too"


@step("signin.disabled_person_is_out_at_once")
async def disabled():
    token = (await password_grant(facts.leaver.user_principal_name, PASSWORD)).json()["access_token"]
    same((await me(token)).status_code, 200, "GET /me before")
    user = facts.app.v1.users.by_user_id(facts.leaver.id)
    await user.patch(v1.User(account_enabled=False))
    try:
        refused_http(await me(token), 401, "InvalidAuthenticationToken")
        same((await password_grant(facts.leaver.user_principal_name, PASSWORD)).status_code, 400, "a new sign-in")
    finally:
        await user.patch(v1.User(account_enabled=True))
    return "token and password, both"


@step("signin.wrong_password")
async def wrong_password():
    # Last of this chapter: the server slows an account down after a failure.
    answer = await password_grant(facts.leaver.user_principal_name, "not-" + PASSWORD)
    return refused_sign_in(answer, 400, "invalid_grant", 50126)
