// What a program may rely on, checked by the compiler against what was generated from the two documents. A name, type or
// nullability that is lost from a document makes this file wrong.

import type { ODataHttpClient } from "@odata2ts/http-client-api";
import * as beta from "./generated/beta/MicrosoftGraphModel";
import { MicrosoftGraphService as BetaService } from "./generated/beta/MicrosoftGraphService";
import * as v1 from "./generated/v1.0/MicrosoftGraphModel";
import { MicrosoftGraphService } from "./generated/v1.0/MicrosoftGraphService";

/** True when both types are the same. */
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;

export const held: [
  Same<v1.accessPackageAssignmentRequest["state"], v1.accessPackageRequestState | null>,
  Same<beta.accessPackageAssignmentRequest["requestState"], string | null>,
  Same<v1.accessPackageAssignment["target"], v1.accessPackageSubject | null | undefined>,
  Same<v1.accessPackageCatalog["id"], string>,
  Same<beta.accessPackage["catalogId"], string | null>,
  Same<v1.accessPackageAssignmentPolicy["specificAllowedTargets"], v1.subjectSet[]>,
  Same<beta.requestorSettings["allowedRequestors"], beta.userSet[]>,
  Same<v1.appRoleAssignment["appRoleId"], string>,
  Same<v1.user["businessPhones"], string[]>,
  Same<v1.organization["verifiedDomains"], v1.verifiedDomain[]>,
] = [true, true, true, true, true, true, true, true, true, true];

export const words: [v1.accessPackageRequestState, v1.expirationPatternType] = [
  v1.accessPackageRequestState.pendingApproval,
  v1.expirationPatternType.afterDuration,
];

/** A derived type is what it adds to. */
export const named = (user: v1.singleUser, sponsors: beta.internalSponsors): [v1.subjectSet, beta.userSet] => [
  user,
  sponsors,
];

/** Sets of the container and functions bound to lists are there in both versions. */
export const reached = (
  older: MicrosoftGraphService<ODataHttpClient>,
  newer: BetaService<ODataHttpClient>,
) => [
  older.users(),
  older.me(),
  older.identityGovernance().entitlementManagement().assignments(),
  newer.identityGovernance().entitlementManagement().accessPackageAssignments(),
];
