"""The environment, the SDK clients made from it, and the few plain HTTP calls the SDKs have no word for."""
import asyncio
import importlib
import inspect
import os
import re
import secrets
import ssl
import sys
import time
from datetime import datetime

REQUIRED = (
    "BASE_URL AUTHORITY_URL TENANT_ID CLIENT_ID CLIENT_SECRET READER_CLIENT_ID READER_CLIENT_SECRET "
    "PUBLIC_CLIENT_ID CA_BUNDLE USER_DOMAIN DEMO_PASSWORD"
).split()
absent = [name for name in REQUIRED if not os.environ.get(name)]
if absent:
    sys.exit(f"not set: {', '.join(absent)}; they are the lines of demo.env")

E = {name: os.environ[name] for name in REQUIRED}
BASE = E["BASE_URL"].rstrip("/")
AUTHORITY = E["AUTHORITY_URL"].rstrip("/")
TENANT, DOMAIN, PUBLIC_CLIENT = E["TENANT_ID"], E["USER_DOMAIN"], E["PUBLIC_CLIENT_ID"]
# azure-identity reads the first name and the Graph SDK the second, both when they are imported.
os.environ["REQUESTS_CA_BUNDLE"] = os.environ["SSL_CERT_FILE"] = E["CA_BUNDLE"]

import httpx  # noqa: E402
import msgraph  # noqa: E402
import msgraph_beta  # noqa: E402
from azure.core.credentials import AccessToken  # noqa: E402
from azure.identity import ClientSecretCredential, DeviceCodeCredential  # noqa: E402
from kiota_abstractions.api_error import APIError  # noqa: E402
from kiota_abstractions.base_request_configuration import RequestConfiguration  # noqa: E402
from kiota_abstractions.headers_collection import HeadersCollection  # noqa: E402
from kiota_authentication_azure.azure_identity_authentication_provider import (  # noqa: E402
    AzureIdentityAuthenticationProvider,
)

from harness import check, same  # noqa: E402

RUN = secrets.token_hex(4)
PASSWORD = f"Aa1!{secrets.token_urlsafe(18)}"
SCOPE = "https://graph.microsoft.com/.default"
PERSON_SCOPES = f"{SCOPE} openid profile offline_access"
EM = "/identityGovernance/entitlementManagement"
HTTP_SECONDS_MAX = 60
TLS = ssl.create_default_context(cafile=E["CA_BUNDLE"])


class Models:
    """`v1.User` is the generated class; the SDK keeps each one in a module of its own."""

    def __init__(self, package):
        self._package = package

    def __getattr__(self, name):
        module = re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()
        return getattr(importlib.import_module(f"{self._package}.{module}"), name)


v1 = Models("msgraph.generated.models")
beta = Models("msgraph_beta.generated.models")
V1_ERROR = importlib.import_module("msgraph.generated.models.o_data_errors.o_data_error").ODataError


async def http(method, url, seconds_max=HTTP_SECONDS_MAX, **options):
    """One plain request, no redirects, no retries."""
    async with httpx.AsyncClient(verify=TLS, timeout=seconds_max) as client:
        return await client.request(method, url, **options)


async def token_endpoint(**form):
    return await http("POST", f"{AUTHORITY}/{TENANT}/oauth2/v2.0/token", data=form)


async def password_grant(user_principal_name, password, scope=PERSON_SCOPES):
    return await token_endpoint(grant_type="password", client_id=PUBLIC_CLIENT, scope=scope,
                                username=user_principal_name, password=password)


class PasswordGrant:
    """Signs a person in by one POST: MSAL's own flow first calls the authority without its port."""

    def __init__(self, user_principal_name, password):
        self._who = (user_principal_name, password)
        self._token = None

    async def get_token(self, *_scopes, **_options):
        if self._token is None or self._token.expires_on < time.time() + 60:
            answer = await password_grant(*self._who)
            if answer.status_code != 200:
                raise RuntimeError(f"token endpoint: HTTP {answer.status_code} {answer.text[:300]}")
            body = answer.json()
            self._token = AccessToken(body["access_token"], int(time.time()) + body["expires_in"])
        return self._token


def app_credential(client_id=E["CLIENT_ID"], secret=E["CLIENT_SECRET"]):
    return ClientSecretCredential(TENANT, client_id, secret, authority=AUTHORITY, disable_instance_discovery=True)


def device_credential(prompt):
    return DeviceCodeCredential(PUBLIC_CLIENT, tenant_id=TENANT, authority=AUTHORITY, timeout=60,
                                disable_instance_discovery=True, prompt_callback=prompt)


class Session:
    """One signed-in caller: both SDK clients and plain HTTP with the same token."""

    def __init__(self, credential, scopes=(SCOPE,)):
        self.credential = credential
        provider = AzureIdentityAuthenticationProvider(credential, scopes=list(scopes))
        self.v1 = self._client(msgraph, provider, "/v1.0")
        self.beta = self._client(msgraph_beta, provider, "/beta")
        self.em = self.v1.identity_governance.entitlement_management
        self.em_beta = self.beta.identity_governance.entitlement_management

    @staticmethod
    def _client(sdk, provider, version):
        adapter = sdk.GraphRequestAdapter(provider)
        adapter.base_url = BASE + version
        return sdk.GraphServiceClient(request_adapter=adapter)

    async def bearer(self):
        # enable_cae as the SDK asks: without it azure-identity keeps a second cache and asks a second time
        token = self.credential.get_token(SCOPE, enable_cae=True)
        return (await token if inspect.isawaitable(token) else token).token

    async def http(self, method, path, headers=None, **options):
        headers = {"Authorization": f"Bearer {await self.bearer()}", **(headers or {})}
        return await http(method, path if path.startswith("https:") else BASE + path, headers=headers, **options)


def ask(builder, headers=None, **options):
    """Request configuration with the query parameter class of that very builder."""
    name = next((n for n in dir(type(builder)) if n.endswith("GetQueryParameters")), None)
    configuration = RequestConfiguration(query_parameters=getattr(type(builder), name)(**options) if name else None)
    configuration.headers = HeadersCollection()
    for header, value in (headers or {}).items():
        configuration.headers.add(header, value)
    return configuration


async def read(builder, headers=None, **options):
    return await builder.get(ask(builder, headers, **options))


def word(value):
    """The wire word of an enumeration value of either SDK."""
    return getattr(value, "value", value)


def instant(text):
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


def explain(error):
    body = getattr(error, "error", None)
    if isinstance(error, APIError) and body is not None:
        return f"HTTP {error.response_status_code} {body.code}: {body.message}"
    return f"{type(error).__name__}: {error}"


async def refused(call, status, code=None):
    """The call must end in that status, as an error object an SDK can read."""
    try:
        await call
    except APIError as error:
        same(error.response_status_code, status, f"the status ({explain(error)})")
        body = error.error
        check(body is not None and body.code and body.message, "the error lacks its code or message")
        check(body.inner_error is not None and body.inner_error.request_id, "innerError lacks its request-id")
        if code:
            same(body.code, code, f"the code ({body.message})")
        return f"{status} {body.code}"
    raise AssertionError(f"was accepted, where {status} {code or ''} was due")


async def all_refused(status, code, *calls):
    """Every one of the calls, so that none is left over when an earlier one was let through."""
    outcomes = await asyncio.gather(*(refused(call, status, code) for call in calls), return_exceptions=True)
    for outcome in outcomes:
        if isinstance(outcome, BaseException):
            raise outcome


def refused_http(answer, status, code=None):
    """The same for a plain answer; returns the error object."""
    same(answer.status_code, status, f"the status of {answer.request.url.path} ({answer.text[:200]})")
    error = answer.json()["error"]
    check(error.get("code") and error.get("message"), "the error lacks its code or message")
    inner = error.get("innerError") or {}
    check({"date", "request-id", "client-request-id"} <= set(inner), f"innerError has only {sorted(inner)}")
    if code:
        same(error["code"], code, f"the code ({error['message']})")
    return error


class Made:
    """What this run created, by kind, so that the last chapter can take it away."""

    def __init__(self):
        self._ids = {}

    def add(self, kind, thing):
        self._ids.setdefault(kind, []).append(thing.id)
        return thing

    def of(self, kind):
        return list(self._ids.get(kind, []))


made = Made()
