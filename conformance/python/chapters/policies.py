"""Assignment policies, written on one version and read on the other."""
from datetime import timedelta

from clients import EM, beta, made, refused_http, v1, word
from harness import check, facts, same, step


def v1_policy(name, package, people, custom_schedule=False):
    return v1.AccessPackageAssignmentPolicy(
        display_name=name, description=f"{name}, no approval", access_package=v1.AccessPackage(id=package.id),
        allowed_target_scope=v1.AllowedTargetScope.SpecificDirectoryUsers,
        specific_allowed_targets=[v1.SingleUser(odata_type="#microsoft.graph.singleUser", user_id=each.id,
                                                description=each.display_name) for each in people],
        # Text, as the documentation's snippets have it: this SDK writes a timedelta as "30 days, 0:00:00".
        expiration=v1.ExpirationPattern(type=v1.ExpirationPatternType.AfterDuration, duration="P30D"),
        requestor_settings=v1.AccessPackageAssignmentRequestorSettings(
            enable_targets_to_self_add_access=True, enable_targets_to_self_update_access=False,
            enable_targets_to_self_remove_access=True, allow_custom_assignment_schedule=custom_schedule,
            on_behalf_requestors=[]),
        request_approval_settings=v1.AccessPackageAssignmentApprovalSettings(
            is_approval_required_for_add=False, is_approval_required_for_update=False, stages=[]))


async def v1_create(*arguments, **options):
    return made.add("policies", await facts.app.em.assignment_policies.post(v1_policy(*arguments, **options)))


def by_id(policy):
    return facts.app.em.assignment_policies.by_access_package_assignment_policy_id(policy.id)


def by_id_beta(policy):
    return facts.app.em_beta.access_package_assignment_policies.by_access_package_assignment_policy_id(policy.id)


@step("policy.create_on_beta", gives="beta_policy")
async def create_beta():
    facts.beta_policy = created = made.add("policies", await facts.app.em_beta.access_package_assignment_policies.post(
        beta.AccessPackageAssignmentPolicy(
            access_package_id=facts.campaign.id, display_name="Specific users", description="One person, no approval",
            duration_in_days=30, can_extend=True, access_review_settings=None,
            requestor_settings=beta.RequestorSettings(
                scope_type="SpecificDirectorySubjects", accept_requests=True, allowed_requestors=[beta.SingleUser(
                    odata_type="#microsoft.graph.singleUser", id=facts.requestor.id, is_backup=False,
                    description="Requestor1")]),
            request_approval_settings=beta.ApprovalSettings(
                is_approval_required=False, is_approval_required_for_extension=False, approval_stages=[],
                is_requestor_justification_required=False, approval_mode="NoApproval"))))
    same((created.access_package_id, created.duration_in_days), (facts.campaign.id, 30), "package, durationInDays")
    allowed = created.requestor_settings.allowed_requestors
    check(isinstance(allowed[0], beta.SingleUser), "allowedRequestors lack @odata.type #microsoft.graph.singleUser")
    same([each.id for each in allowed], [facts.requestor.id], "allowedRequestors")
    return created.id


@step("policy.create", gives="policy")
async def create_v1():
    facts.policy = await v1_create("Colleagues", facts.campaign, [facts.colleague])
    seen = await by_id(facts.policy).get()
    same(word(seen.allowed_target_scope), "specificDirectoryUsers", "allowedTargetScope")
    check(isinstance(seen.specific_allowed_targets[0], v1.SingleUser), "a target lacks #microsoft.graph.singleUser")
    same([each.user_id for each in seen.specific_allowed_targets], [facts.colleague.id], "specificAllowedTargets")
    same((word(seen.expiration.type), seen.expiration.duration), ("afterDuration", timedelta(days=30)), "expiration")
    return seen.id


@step("policy.create_for_the_other_packages", gives="toolbox_policy ledger_policy")
async def create_others():
    facts.toolbox_policy = await v1_create("Both, any start", facts.toolbox, [facts.requestor, facts.colleague],
                                           custom_schedule=True)
    same(facts.toolbox_policy.requestor_settings.allow_custom_assignment_schedule, True, "custom schedule")
    facts.ledger_policy = await v1_create("Bookkeepers", facts.ledger, [facts.requestor])
    same(facts.ledger_policy.requestor_settings.enable_targets_to_self_remove_access, True, "self removal")
    return facts.toolbox_policy.id


@step("policy.of_beta_on_v1")
async def beta_on_v1():
    seen = await by_id(facts.beta_policy).get()
    same(seen.display_name, "Specific users", "displayName")
    same(word(seen.allowed_target_scope), "specificDirectoryUsers", "allowedTargetScope")
    same([each.user_id for each in seen.specific_allowed_targets], [facts.requestor.id], "specificAllowedTargets")
    same((word(seen.expiration.type), seen.expiration.duration), ("afterDuration", timedelta(days=30)), "expiration")
    settings = seen.requestor_settings
    same((settings.enable_targets_to_self_add_access, settings.enable_targets_to_self_update_access), (True, True),
         "self add, self update")
    same(seen.request_approval_settings.is_approval_required_for_add, False, "isApprovalRequiredForAdd")
    return "durationInDays, canExtend, acceptRequests and scopeType in v1.0's words"


@step("policy.of_v1_on_beta")
async def v1_on_beta():
    seen = await by_id_beta(facts.policy).get()
    same((seen.duration_in_days, seen.can_extend), (30, False), "durationInDays, canExtend")
    settings = seen.requestor_settings
    same((settings.scope_type, settings.accept_requests), ("SpecificDirectorySubjects", True),
         "scopeType, acceptRequests")
    same([each.id for each in settings.allowed_requestors], [facts.colleague.id], "allowedRequestors")
    same(seen.request_approval_settings.approval_mode, "NoApproval", "approvalMode")
    return "expiration and requestorSettings in beta's words"


@step("policy.read_change_and_put_back")
async def replace():
    # What scripts do: the whole object goes back, read-only properties and annotations included.
    policy = await by_id(facts.policy).get()
    policy.description = "Changed by PUT"
    policy.expiration.duration = "P30D"
    policy.access_package = v1.AccessPackage(id=facts.campaign.id)
    answer = await by_id(facts.policy).put(policy)
    same((answer.id, answer.description), (facts.policy.id, "Changed by PUT"), "the answer of PUT")
    seen = await by_id(facts.policy).get()
    same([each.user_id for each in seen.specific_allowed_targets], [facts.colleague.id], "specificAllowedTargets")
    same(seen.expiration.duration, timedelta(days=30), "expiration")
    return "PUT answers 200 with the policy"


@step("policy.needs_a_package")
async def without_package():
    answer = await facts.app.http("POST", f"/v1.0{EM}/assignmentPolicies", json={
        "displayName": "Nowhere", "description": "x", "allowedTargetScope": "sometimes"})
    details = refused_http(answer, 400, "InvalidModel")["details"]
    check(len(details) >= 2, f"two fields are wrong, the details name {details}")
    return ", ".join(detail.get("target") or "-" for detail in details)
