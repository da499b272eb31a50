//! What is a caller's own: conditions under which rows of entitlement management are shown to somebody who has no right
//! over them (decisions.md J3, J4). `{me}` is the caller, `{p}` and the like stand for numbered aliases.

/// The organizations a guest belongs to, by the domain he is at home in or by a provider he has signed in by; `$me` is he.
/// It says in SQL what [`tenure_domain::organization::belongs`] says of one of them. It does not depend on the row it is
/// asked for, so that it is worked out once.
macro_rules! organizations_of {
    ($me:literal) => {
        concat!(
            "(SELECT oi.organization_id FROM dir_user pu JOIN org_identity oi ON oi.value_key = pu.home_key \
                AND oi.kind IN (3, 4) WHERE pu.id = ",
            $me,
            " AND pu.user_type = 2 UNION ALL SELECT oi.organization_id FROM identity_link il CROSS JOIN org_identity oi \
                JOIN dir_user pu ON pu.id = il.user_id WHERE il.user_id = ",
            $me,
            " AND pu.user_type = 2 AND oi.kind IN (1, 2) AND lower(il.issuer) || '/' LIKE '%/' || oi.value_key || '/%')"
        )
    };
}

/// A policy whose scope includes a person; `$me` is he.
macro_rules! in_scope {
    ($me:literal) => {
        concat!(
            "(pq.scope_kind = 5 \
                OR (pq.scope_kind = 4 AND EXISTS (SELECT 1 FROM dir_user pu WHERE pu.id = ", $me, " AND pu.user_type = 1)) \
                OR (pq.scope_kind = 8 AND EXISTS (SELECT 1 FROM dir_user pu WHERE pu.id = ", $me, " AND pu.user_type = 2)) \
                OR (pq.scope_kind = 7 AND EXISTS (SELECT 1 FROM organization og WHERE og.state = 0 AND og.id IN ",
            organizations_of!($me),
            ")) \
                OR (pq.scope_kind = 2 AND EXISTS (SELECT 1 FROM policy_ref pf WHERE pf.policy_id = pq.id AND pf.role = 1 \
                    AND pf.ref_id IN ",
            organizations_of!($me),
            ")) \
                OR (pq.scope_kind = 1 AND EXISTS (SELECT 1 FROM policy_ref pf WHERE pf.policy_id = pq.id AND pf.role = 1 \
                    AND (pf.ref_id = ", $me, " OR pf.ref_id IN (SELECT gc.ancestor_id FROM group_member gm \
                        JOIN group_closure gc ON gc.descendant_id = gm.group_id WHERE gm.member_id = ", $me, ")))))"
        )
    };
}

/// A delegation `ad` by which the caller may decide now what was opened as the stage `$stage` of the request `$request`:
/// within its time, assigned after it was made, of somebody who could decide it himself (behaviour.md b.4).
macro_rules! deputizes {
    ($stage:literal, $request:literal) => {
        concat!(
            "ad.to_id = {me} AND ad.starts_at <= {now} AND (ad.ends_at IS NULL OR ad.ends_at > {now}) AND ",
            $stage,
            ".opened_at >= ad.created_at AND af.is_enabled AND NOT af.is_deleted AND ",
            $request,
            ".target_id <> ad.from_id AND (",
            $request,
            ".requestor_id IS NULL OR ",
            $request,
            ".requestor_id <> ad.from_id)"
        )
    };
}

pub(super) use deputizes;

/// Requests that a person decides or has decided, by himself or through a group; what he may decide in somebody's place,
/// and what he has so decided; never his own (decisions.md H8, J4). A macro, because constants are joined from literals
/// only.
macro_rules! approves {
    ($before:literal, $after:literal) => {
        concat!(
            $before,
            "(SELECT aa.request_id FROM stage_approver aa WHERE aa.principal_id = {me} \
             UNION SELECT aa.request_id FROM group_member gm JOIN group_closure gc ON gc.descendant_id = gm.group_id \
             JOIN dir_group ag ON ag.id = gc.ancestor_id JOIN stage_approver aa ON aa.principal_id = ag.id \
             WHERE gm.member_id = {me} AND NOT ag.is_deleted \
             UNION SELECT ax.request_id FROM approval_stage ax WHERE ax.decided_by = {me} \
             UNION SELECT aa.request_id FROM delegation ad JOIN dir_user af ON af.id = ad.from_id \
             JOIN stage_approver aa ON aa.principal_id = ad.from_id AND aa.is_open \
             JOIN approval_stage ax ON ax.request_id = aa.request_id AND ax.number = aa.number \
             JOIN request ar ON ar.id = aa.request_id WHERE ",
            deputizes!("ax", "ar"),
            " UNION SELECT aa.request_id FROM delegation ad JOIN dir_user af ON af.id = ad.from_id \
             JOIN group_member gm ON gm.member_id = ad.from_id JOIN group_closure gc ON gc.descendant_id = gm.group_id \
             JOIN dir_group ag ON ag.id = gc.ancestor_id JOIN stage_approver aa ON aa.principal_id = ag.id AND aa.is_open \
             JOIN approval_stage ax ON ax.request_id = aa.request_id AND ax.number = aa.number \
             JOIN request ar ON ar.id = aa.request_id WHERE NOT ag.is_deleted AND ",
            deputizes!("ax", "ar"),
            ")",
            $after
        )
    };
}

/// A package is visible to those who hold or held it, have a request for it, have a report who holds it, or are in the
/// scope of one of its policies (decisions.md J3); whether that policy takes requests now is for the refusal to say.
pub(super) const OWN_PACKAGE: &str = concat!(
    "({p}.id IN (SELECT pa.package_id FROM assignment pa WHERE pa.target_id = {me} \
        UNION SELECT pr.package_id FROM request pr WHERE pr.target_id = {me} \
        UNION SELECT pr.package_id FROM request pr WHERE pr.requestor_id = {me} \
        UNION SELECT pa.package_id FROM dir_user mu JOIN assignment pa ON pa.target_id = mu.id AND pa.is_live \
            WHERE mu.manager_id = {me} \
        UNION SELECT pr.package_id FROM request pr WHERE pr.id IN ",
    approves!("", ""),
    ") \
        OR EXISTS (SELECT 1 FROM policy pq WHERE pq.package_id = {p}.id AND NOT pq.is_auto AND ",
    in_scope!("{me}"),
    "))"
);

/// Assignments are one's own, or live ones of one's direct reports (behaviour.md b.2; ADR 14).
pub(super) const OWN_ASSIGNMENT: &str = "({a}.target_id = {me} \
    OR ({a}.is_live AND {a}.target_id IN (SELECT mu.id FROM dir_user mu WHERE mu.manager_id = {me})))";

/// A policy of the package `$p` by which a person could ask, were he in its scope: it is on, people may ask under it, and the
/// catalog is open to him; `{1}` is he, `$scope` says whom it is for (behaviour.md c.1, browse rule).
macro_rules! offered {
    ($p:literal, $scope:expr) => {
        concat!(
            "EXISTS (SELECT 1 FROM policy pq WHERE pq.package_id = ",
            $p,
            ".id AND pq.is_enabled AND pq.self_add AND NOT pq.is_auto \
            AND EXISTS (SELECT 1 FROM catalog pc WHERE pc.id = pq.catalog_id AND pc.state = 2 AND (pc.is_external \
                OR EXISTS (SELECT 1 FROM dir_user pu WHERE pu.id = {1} AND pu.user_type = 1))) AND ",
            $scope,
            ")"
        )
    };
}

/// A package that can be requested now: visible by a policy, not hidden, not held, not asked for, with nothing held, asked
/// for or belonged to that excludes it, and with no resource that is gone (behaviour.md c.1, browse rule; decisions.md H20).
pub(super) const REQUESTABLE: &str = concat!(
    "NOT {p}.is_hidden \
        AND NOT EXISTS (SELECT 1 FROM package_role pz JOIN resource ps ON ps.id = pz.resource_id \
            WHERE pz.package_id = {p}.id AND ps.is_missing) \
        AND {p}.id NOT IN (SELECT pa.package_id FROM assignment pa WHERE pa.target_id = {1} AND pa.is_live) \
        AND {p}.id NOT IN (SELECT pr.package_id FROM request pr WHERE pr.target_id = {1} AND pr.direction = 1 AND pr.is_open) \
        AND {p}.id NOT IN (SELECT pi.package_id FROM assignment pa JOIN incompatibility pi ON pi.kind = 1 \
            AND pi.other_id = pa.package_id WHERE pa.target_id = {1} AND pa.is_live \
            UNION SELECT pi.package_id FROM request pr JOIN incompatibility pi ON pi.kind = 1 \
            AND pi.other_id = pr.package_id WHERE pr.target_id = {1} AND pr.direction = 1 AND pr.is_open \
            UNION SELECT pi.package_id FROM group_member gm JOIN group_closure gc ON gc.descendant_id = gm.group_id \
            JOIN incompatibility pi ON pi.kind = 2 AND pi.other_id = gc.ancestor_id \
            JOIN dir_group pg ON pg.id = pi.other_id AND NOT pg.is_deleted WHERE gm.member_id = {1}) \
        AND ",
    offered!("{p}", in_scope!("{1}"))
);

/// Packages one could ask for, whether or not one can now.
pub(super) const BROWSABLE: &str = concat!("NOT {pb}.is_hidden AND ", offered!("{pb}", in_scope!("{1}")));

/// The same, and those for specific people and groups, which members see although they are not among them.
pub(super) const BROWSABLE_BY_MEMBERS: &str = concat!(
    "NOT {pb}.is_hidden AND ",
    offered!(
        "{pb}",
        concat!(
            "(",
            in_scope!("{1}"),
            " OR (pq.scope_kind = 1 AND EXISTS (SELECT 1 FROM dir_user pu WHERE pu.id = {1} AND pu.user_type = 1)))"
        )
    )
);

/// Requests in whose approval a person takes part.
pub(super) const APPROVES: &str =
    approves!("({q}.id IN ", " AND {q}.target_id <> {me} AND ({q}.requestor_id IS NULL OR {q}.requestor_id <> {me}))");

/// Approvals with a stage that the caller decides now: he, a group of his, or somebody in whose place he decides was asked.
pub(super) const AWAITS: &str = concat!(
    "{q}.state = 1 AND {q}.target_id <> {me} AND ({q}.requestor_id IS NULL OR {q}.requestor_id <> {me}) AND {q}.id IN \
     (SELECT aa.request_id FROM stage_approver aa JOIN approval_stage ax ON ax.request_id = aa.request_id \
     AND ax.number = aa.number AND ax.state = 2 WHERE aa.principal_id = {me} AND aa.is_open \
     UNION SELECT aa.request_id FROM group_member gm JOIN group_closure gc ON gc.descendant_id = gm.group_id \
     JOIN dir_group ag ON ag.id = gc.ancestor_id JOIN stage_approver aa ON aa.principal_id = ag.id AND aa.is_open \
     JOIN approval_stage ax ON ax.request_id = aa.request_id AND ax.number = aa.number AND ax.state = 2 \
     WHERE gm.member_id = {me} AND NOT ag.is_deleted \
     UNION SELECT aa.request_id FROM delegation ad JOIN dir_user af ON af.id = ad.from_id \
     JOIN stage_approver aa ON aa.principal_id = ad.from_id AND aa.is_open \
     JOIN approval_stage ax ON ax.request_id = aa.request_id AND ax.number = aa.number AND ax.state = 2 \
     JOIN request ar ON ar.id = aa.request_id WHERE ",
    deputizes!("ax", "ar"),
    " UNION SELECT aa.request_id FROM delegation ad JOIN dir_user af ON af.id = ad.from_id \
     JOIN group_member gm ON gm.member_id = ad.from_id JOIN group_closure gc ON gc.descendant_id = gm.group_id \
     JOIN dir_group ag ON ag.id = gc.ancestor_id JOIN stage_approver aa ON aa.principal_id = ag.id AND aa.is_open \
     JOIN approval_stage ax ON ax.request_id = aa.request_id AND ax.number = aa.number AND ax.state = 2 \
     JOIN request ar ON ar.id = aa.request_id WHERE NOT ag.is_deleted AND ",
    deputizes!("ax", "ar"),
    ")"
);

/// Subjects: oneself, direct reports, whom one asked for, and those in whose requests one takes part.
pub(super) const OWN_SUBJECT: &str = approves!(
    "({j}.id = {me} OR {j}.id IN (SELECT mu.id FROM dir_user mu WHERE mu.manager_id = {me}) \
     OR EXISTS (SELECT 1 FROM request so WHERE so.requestor_id = {me} AND so.target_id = {j}.id) \
     OR EXISTS (SELECT 1 FROM request sr WHERE (sr.target_id = {j}.id OR sr.requestor_id = {j}.id) AND sr.id IN ",
    "))"
);

/// Requests: for oneself, by oneself, for direct reports, and those in whose approval one takes part.
pub(super) const OWN_REQUEST: &str = approves!(
    "({q}.target_id = {me} OR {q}.requestor_id = {me} \
     OR ({q}.is_open AND {q}.target_id IN (SELECT mu.id FROM dir_user mu WHERE mu.manager_id = {me}) \
        AND EXISTS (SELECT 1 FROM policy my WHERE my.id = {q}.policy_id AND my.on_behalf)) OR {q}.id IN ",
    ")"
);

/// Stages of the requests in whose approval one takes part.
pub(super) const OWN_STAGE: &str = approves!(
    "({sg}.request_id IN ",
    " AND {sg}.target_id <> {me} AND ({sg}.requestor_id IS NULL OR {sg}.requestor_id <> {me}))"
);
