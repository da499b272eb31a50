// The environment and the official clients made from it. The packages come from the folder node was started in.
import { spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { createRequire } from "node:module";
import path from "node:path";

import { check, same } from "./harness.mjs";

const REQUIRED = ["BASE_URL", "AUTHORITY_URL", "TENANT_ID", "CLIENT_ID", "CLIENT_SECRET", "READER_CLIENT_ID",
  "READER_CLIENT_SECRET", "PUBLIC_CLIENT_ID", "CA_BUNDLE", "USER_DOMAIN", "DEMO_PASSWORD"];
export const E = process.env;
const absent = REQUIRED.filter((name) => !E[name]);
if (absent.length > 0) {
  console.error(`not set: ${absent.join(", ")}; they are the lines of demo.env`);
  process.exit(1);
}
if (E.NODE_EXTRA_CA_CERTS !== E.CA_BUNDLE) {
  // Node reads this variable when it starts and never again, so a second node does the work.
  const again = spawnSync(process.execPath, process.argv.slice(1),
    { env: { ...E, NODE_EXTRA_CA_CERTS: E.CA_BUNDLE }, stdio: "inherit" });
  process.exit(again.status ?? 1);
}

const require = createRequire(path.join(process.cwd(), "package.json"));
export const { BatchRequestContent, BatchResponseContent, PageIterator } = require("@microsoft/microsoft-graph-client");
const { Client } = require("@microsoft/microsoft-graph-client");
const { TokenCredentialAuthenticationProvider } = require(
  "@microsoft/microsoft-graph-client/authProviders/azureTokenCredentials");
const { ClientSecretCredential, DeviceCodeCredential, UsernamePasswordCredential } = require("@azure/identity");

export const BASE = E.BASE_URL.replace(/\/+$/, "");
export const EM = "/identityGovernance/entitlementManagement";
export const SCOPE = "https://graph.microsoft.com/.default";
export const RUN = randomBytes(4).toString("hex");
export const PASSWORD = `Aa1!${randomBytes(15).toString("base64url")}`;
const AUTHORITY = { authorityHost: E.AUTHORITY_URL.replace(/\/+$/, ""), disableInstanceDiscovery: true };

export const appCredential = (id = E.CLIENT_ID, secret = E.CLIENT_SECRET) =>
  new ClientSecretCredential(E.TENANT_ID, id, secret, AUTHORITY);

export const passwordCredential = (name, password) =>
  new UsernamePasswordCredential(E.TENANT_ID, E.PUBLIC_CLIENT_ID, name, password, AUTHORITY);

export const deviceCredential = (userPromptCallback) => new DeviceCodeCredential(
  { ...AUTHORITY, tenantId: E.TENANT_ID, clientId: E.PUBLIC_CLIENT_ID, userPromptCallback });

/** One signed-in caller. `v1(path)` and `beta(path)` start a request of that version. */
export function session(credential) {
  const client = Client.initWithMiddleware({
    authProvider: new TokenCredentialAuthenticationProvider(credential, { scopes: [SCOPE] }),
    baseUrl: `${BASE}/`,
    defaultVersion: "v1.0",
    // Without it no token goes to a host that is not Microsoft's; the name stands there without its port.
    customHosts: new Set([new URL(BASE).hostname]),
  });
  return { client, v1: (route) => client.api(route), beta: (route) => client.api(route).version("beta") };
}

export function explain(error) {
  const { statusCode, code, name, message } = error;
  return statusCode > 0 ? `HTTP ${statusCode} ${code}: ${message}` : `${name}: ${message}`;
}

/** The call must end in that status, as a GraphError with all that scripts read from one. Returns its body. */
export async function refused(call, status, code) {
  let error;
  try {
    await call;
  } catch (caught) {
    error = caught;
  }
  check(error, `was accepted, where ${status} ${code ?? ""} was due`);
  same(error.statusCode, status, `the status (${explain(error)})`);
  check(error.code && error.message, "the error lacks its code or message");
  check(error.requestId, "innerError lacks its request-id");
  check(!Number.isNaN(error.date?.getTime()), "innerError.date is no date");
  if (code) same(error.code, code, `the code (${error.message})`);
  return JSON.parse(error.body);
}
