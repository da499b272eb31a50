//! What the opaque words of the schema stand for: where rows come from, how pairs are joined, and what a caller who does
//! not see everything sees of each.

use super::columns as c;
use tenure_domain::authorize::{AuditReach, Reach, Sight};
use tenure_odata::edm::{Column, Link, Relation};

/// Where the rows of a relation come from. `{a}` stands for the numbered alias `a`.
#[derive(Debug)]
pub struct RelationDef {
    /// Its name.
    pub name: Relation,
    /// The FROM clause.
    pub from: &'static str,
    /// The part of it that says how many rows there are, where the rest adds to each of them and is never missing.
    pub counted: Option<&'static str>,
    /// The key.
    pub key: Column,
    /// What must always hold.
    pub always: Option<&'static str>,
    /// What holds as well, and is said where rows are found or ordered by their name: it opens the index of names. Said
    /// everywhere it would invite to read all rows of a kind.
    pub by_name: Option<&'static str>,
    /// The column whose every value has few rows, however many rows there are.
    pub few: Option<Column>,
    /// The instant that a row's key begins with, or that lies before it: a lower bound of one is a bound of the other.
    pub made: Option<Column>,
    /// The column that says in which catalog a row lies: who has a role there sees it.
    pub catalog: Option<&'static str>,
    /// Where no column says that: the condition under which a row has to do with a catalog. `[x]` stands for the column
    /// `x` being one of the caller's catalogs.
    pub by_catalog: Option<&'static str>,
    /// What a caller sees of it.
    pub family: Family,
}

/// Relations that a caller sees by the same rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    /// Users.
    Users,
    /// Groups.
    Groups,
    /// Applications, service principals and what belongs to them.
    Applications,
    /// Directory objects of all kinds.
    Objects,
    /// Delegated permission grants.
    Grants,
    /// Entitlement objects; the condition is what makes one the caller's own, `{me}` being him.
    Entitlement(Option<&'static str>),
    /// Connected organizations.
    Organizations,
    /// The built-in roles: seen by whoever has any right in entitlement management.
    Roles,
    /// Audit rows.
    Audit,
    /// The tenant itself.
    Tenant,
    /// What people list although they see nothing but their own; administrators see all of it.
    Mine(&'static str),
    /// Seen by whoever may use the path at all.
    Everybody,
}

/// The organizations a guest belongs to, by his address or the provider he signs in by; `$me` is he. It says in SQL what
/// [`tenure_domain::organization::belongs`] says of one of them. It does not depend on the row it is asked for, so that it
/// is worked out once.
macro_rules! organizations_of {
    ($me:literal) => {
        concat!(
            "(SELECT oi.organization_id FROM dir_user pu JOIN org_identity oi ON \
                (oi.kind IN (3, 4) AND (pu.mail_key LIKE '%@' || oi.value_key \
                    OR (pu.mail_key IS NULL AND pu.upn_key LIKE '%!_' || oi.value_key || '#ext#@%' ESCAPE '!'))) \
                OR (oi.kind IN (1, 2) AND EXISTS (SELECT 1 FROM identity_link il WHERE il.user_id = pu.id \
                    AND lower(il.issuer) || '/' LIKE '%/' || oi.value_key || '/%')) \
                WHERE pu.id = ",
            $me,
            " AND pu.user_type = 2)"
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

/// Assignments are one's own or those of one's direct reports, for whom a manager may act (behaviour.md b.2); so are
/// requests and people, below.
const OWN_ASSIGNMENT: &str =
    "({a}.target_id = {me} OR {a}.target_id IN (SELECT mu.id FROM dir_user mu WHERE mu.manager_id = {me}))";

/// A package that can be requested now: visible by a policy, not hidden, not held (behaviour.md c.1, browse rule).
const REQUESTABLE: &str = concat!(
    "NOT {p}.is_hidden \
        AND {p}.id NOT IN (SELECT pa.package_id FROM assignment pa WHERE pa.target_id = {1} AND pa.is_live) \
        AND EXISTS (SELECT 1 FROM policy pq WHERE pq.package_id = {p}.id AND pq.is_enabled AND pq.self_add AND NOT pq.is_auto \
            AND EXISTS (SELECT 1 FROM catalog pc WHERE pc.id = pq.catalog_id AND pc.state = 2 AND (pc.is_external \
                OR EXISTS (SELECT 1 FROM dir_user pu WHERE pu.id = {1} AND pu.user_type = 1))) AND ",
    in_scope!("{1}"),
    ")"
);

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

/// A package is visible to those who hold or held it, have a request for it, or are in the scope of one of its policies
/// (decisions.md J3); whether that policy takes requests now is for the refusal to say.
const OWN_PACKAGE: &str = concat!(
    "({p}.id IN (SELECT pa.package_id FROM assignment pa WHERE pa.target_id = {me} \
        UNION SELECT pr.package_id FROM request pr WHERE pr.target_id = {me} \
        UNION SELECT pr.package_id FROM request pr WHERE pr.requestor_id = {me} \
        UNION SELECT pr.package_id FROM request pr WHERE pr.id IN ",
    approves!("", ""),
    ") \
        OR EXISTS (SELECT 1 FROM policy pq WHERE pq.package_id = {p}.id AND NOT pq.is_auto AND ",
    in_scope!("{me}"),
    "))"
);

/// Requests in whose approval a person takes part.
const APPROVES: &str =
    approves!("({q}.id IN ", " AND {q}.target_id <> {me} AND ({q}.requestor_id IS NULL OR {q}.requestor_id <> {me}))");

/// A subject has to do with a catalog when he has, had or asks for something in it, or asked for it. Asked for one row,
/// for each subject that is looked at: as `EXISTS` one database may gather all rows of the table first.
const SUBJECT_OF_CATALOG: &str = "((SELECT 1 FROM assignment ca WHERE ca.target_id = {j}.id AND [ca.catalog_id] LIMIT 1) = 1 \
    OR (SELECT 1 FROM request cr WHERE cr.target_id = {j}.id AND [cr.catalog_id] LIMIT 1) = 1 \
    OR (SELECT 1 FROM request cr WHERE cr.requestor_id = {j}.id AND [cr.catalog_id] LIMIT 1) = 1)";

/// What most of them have not.
const PLAIN: RelationDef = RelationDef {
    name: Relation(""),
    from: "",
    counted: None,
    key: Column(""),
    always: None,
    by_name: None,
    few: None,
    made: None,
    catalog: None,
    by_catalog: None,
    family: Family::Objects,
};

/// A grant with what it is called after; history whose resource has left its catalog is not shown.
const DELIVERY: &str = "grant_row {vd} JOIN resource_role {vdl} ON {vdl}.id = {vd}.role_id \
    JOIN resource {vdr} ON {vdr}.id = {vd}.resource_id JOIN subject {vdj} ON {vdj}.id = {vd}.subject_id";

/// All relations.
pub const RELATIONS: &[RelationDef] = &[
    RelationDef {
        name: c::tenant::RELATION,
        // The General catalog is made with the tenant and stays: its age is the tenant's.
        from: "tenant {b} LEFT JOIN catalog {bc} ON {bc}.kind = 2",
        key: c::tenant::ID,
        family: Family::Tenant,
        ..PLAIN
    },
    RelationDef {
        name: c::object::RELATION,
        from: "directory_object {o} LEFT JOIN dir_user {u} ON {u}.id = {o}.id LEFT JOIN dir_group {g} ON {g}.id = {o}.id \
            LEFT JOIN service_principal {s} ON {s}.id = {o}.id LEFT JOIN application {x} ON {x}.id = {o}.id",
        counted: Some("directory_object {o}"),
        key: c::object::ID,
        always: Some("{o}.deleted_at IS NULL"),
        family: Family::Objects,
        ..PLAIN
    },
    RelationDef {
        name: Relation("deleted_object"),
        from: "directory_object {o} LEFT JOIN dir_user {u} ON {u}.id = {o}.id LEFT JOIN dir_group {g} ON {g}.id = {o}.id \
            LEFT JOIN service_principal {s} ON {s}.id = {o}.id LEFT JOIN application {x} ON {x}.id = {o}.id",
        counted: Some("directory_object {o}"),
        key: c::object::ID,
        always: Some("{o}.deleted_at IS NOT NULL"),
        family: Family::Objects,
        ..PLAIN
    },
    RelationDef {
        name: c::user::RELATION,
        from: "dir_user {u} JOIN directory_object {o} ON {o}.id = {u}.id",
        counted: Some("dir_user {u}"),
        key: c::user::ID,
        always: Some("NOT {u}.is_deleted"),
        by_name: Some("{o}.kind = 1"),
        family: Family::Users,
        ..PLAIN
    },
    RelationDef {
        name: c::group::RELATION,
        from: "dir_group {g} JOIN directory_object {o} ON {o}.id = {g}.id",
        counted: Some("dir_group {g}"),
        key: c::group::ID,
        always: Some("NOT {g}.is_deleted"),
        by_name: Some("{o}.kind = 2"),
        family: Family::Groups,
        ..PLAIN
    },
    RelationDef {
        // The same rows, but they are parts of a package: who reads packages reads them.
        name: c::incompatible_group::RELATION,
        from: "dir_group {g} JOIN directory_object {o} ON {o}.id = {g}.id",
        counted: Some("dir_group {g}"),
        key: c::incompatible_group::ID,
        always: Some("NOT {g}.is_deleted"),
        by_name: Some("{o}.kind = 2"),
        by_catalog: Some(
            "EXISTS (SELECT 1 FROM incompatibility ib JOIN package ip ON ip.id = ib.package_id \
             WHERE ib.kind = 2 AND ib.other_id = {g}.id AND [ip.catalog_id])",
        ),
        family: Family::Entitlement(None),
        ..PLAIN
    },
    RelationDef {
        name: c::application::RELATION,
        from: "application {x} JOIN directory_object {o} ON {o}.id = {x}.id",
        counted: Some("application {x}"),
        key: c::application::ID,
        always: Some("NOT {x}.is_deleted"),
        by_name: Some("{o}.kind = 4"),
        family: Family::Applications,
        ..PLAIN
    },
    RelationDef {
        name: c::service_principal::RELATION,
        from: "service_principal {s} JOIN directory_object {o} ON {o}.id = {s}.id",
        counted: Some("service_principal {s}"),
        key: c::service_principal::ID,
        always: Some("NOT {s}.is_deleted"),
        by_name: Some("{o}.kind = 3"),
        family: Family::Applications,
        ..PLAIN
    },
    RelationDef {
        name: c::app_role_assignment::RELATION,
        from: "app_role_assignment {h} JOIN directory_object {ho} ON {ho}.id = {h}.principal_id \
            JOIN directory_object {hs} ON {hs}.id = {h}.sp_id",
        key: c::app_role_assignment::ID,
        family: Family::Applications,
        ..PLAIN
    },
    RelationDef {
        name: c::oauth_grant::RELATION,
        from: "oauth_grant {w}",
        key: c::oauth_grant::ID,
        family: Family::Grants,
        ..PLAIN
    },
    RelationDef {
        name: c::catalog::RELATION,
        from: "catalog {c}",
        key: c::catalog::ID,
        catalog: Some("{c}.id"),
        family: Family::Entitlement(None),
        ..PLAIN
    },
    RelationDef {
        name: c::resource::RELATION,
        from: "resource {r}",
        key: c::resource::ID,
        catalog: Some("{r}.catalog_id"),
        family: Family::Entitlement(None),
        ..PLAIN
    },
    RelationDef {
        name: c::resource_role::RELATION,
        from: "resource_role {l} JOIN resource {lr} ON {lr}.id = {l}.resource_id",
        key: c::resource_role::ID,
        catalog: Some("{l}.catalog_id"),
        family: Family::Entitlement(None),
        ..PLAIN
    },
    RelationDef {
        name: c::resource_scope::RELATION,
        from: "resource_scope {k} JOIN resource {kr} ON {kr}.id = {k}.resource_id",
        key: c::resource_scope::ID,
        catalog: Some("{k}.catalog_id"),
        family: Family::Entitlement(None),
        ..PLAIN
    },
    RelationDef {
        name: c::resource_request::RELATION,
        from: "resource_request {e}",
        key: c::resource_request::ID,
        catalog: Some("{e}.catalog_id"),
        family: Family::Entitlement(None),
        ..PLAIN
    },
    RelationDef {
        name: c::package::RELATION,
        from: "package {p}",
        key: c::package::ID,
        catalog: Some("{p}.catalog_id"),
        family: Family::Entitlement(Some(OWN_PACKAGE)),
        ..PLAIN
    },
    RelationDef {
        name: c::package_role::RELATION,
        from: "package_role {z}",
        key: c::package_role::ID,
        catalog: Some("{z}.catalog_id"),
        family: Family::Entitlement(None),
        ..PLAIN
    },
    RelationDef {
        name: c::policy::RELATION,
        from: "policy {y} JOIN policy_version {yv} ON {yv}.policy_id = {y}.id AND {yv}.version = {y}.current_version",
        counted: Some("policy {y}"),
        key: c::policy::ID,
        catalog: Some("{y}.catalog_id"),
        family: Family::Entitlement(None),
        ..PLAIN
    },
    RelationDef {
        name: c::subject::RELATION,
        from: "subject {j}",
        key: c::subject::ID,
        by_catalog: Some(SUBJECT_OF_CATALOG),
        family: Family::Entitlement(Some(approves!(
            "({j}.id = {me} OR {j}.id IN (SELECT mu.id FROM dir_user mu WHERE mu.manager_id = {me}) \
             OR EXISTS (SELECT 1 FROM request so WHERE so.requestor_id = {me} AND so.target_id = {j}.id) \
             OR EXISTS (SELECT 1 FROM request sr WHERE (sr.target_id = {j}.id OR sr.requestor_id = {j}.id) AND sr.id IN ",
            "))"
        ))),
        ..PLAIN
    },
    RelationDef {
        name: c::organization::RELATION,
        from: "organization {f}",
        key: c::organization::ID,
        family: Family::Organizations,
        ..PLAIN
    },
    RelationDef {
        name: c::settings::RELATION,
        from: "tenant {bs}",
        key: c::settings::ID,
        family: Family::Entitlement(None),
        ..PLAIN
    },
    RelationDef {
        name: c::request::RELATION,
        from: "request {q}",
        key: c::request::ID,
        few: Some(c::request::TARGET),
        made: Some(c::request::CREATED),
        catalog: Some("{q}.catalog_id"),
        family: Family::Entitlement(Some(approves!(
            "({q}.target_id = {me} OR {q}.requestor_id = {me} \
             OR {q}.target_id IN (SELECT mu.id FROM dir_user mu WHERE mu.manager_id = {me}) OR {q}.id IN ",
            ")"
        ))),
        ..PLAIN
    },
    RelationDef {
        name: c::approval::RELATION,
        from: "request {q}",
        key: c::approval::ID,
        always: Some("{q}.stage IS NOT NULL"),
        catalog: Some("{q}.catalog_id"),
        family: Family::Entitlement(Some(APPROVES)),
        ..PLAIN
    },
    RelationDef {
        name: c::approval_stage::RELATION,
        // Whether a stage waits for the caller is part of the row.
        from: concat!(
            "(SELECT s.request_id, s.number, s.id, s.state, s.decision, s.decided_at, s.decided_by, s.justification, \
            q.target_id, q.requestor_id, q.catalog_id, CASE WHEN s.state = 2 AND q.target_id <> {me} \
            AND (q.requestor_id IS NULL OR q.requestor_id <> {me}) AND EXISTS (SELECT 1 FROM stage_approver a \
            WHERE a.request_id = s.request_id AND a.number = s.number AND a.is_open AND (a.principal_id = {me} \
            OR (a.is_group AND EXISTS (SELECT 1 FROM group_member gm JOIN group_closure gc \
            ON gc.descendant_id = gm.group_id JOIN dir_group ag ON ag.id = gc.ancestor_id \
            WHERE gc.ancestor_id = a.principal_id AND gm.member_id = {me} AND NOT ag.is_deleted)) \
            OR EXISTS (SELECT 1 FROM delegation ad JOIN dir_user af ON af.id = ad.from_id WHERE ",
            deputizes!("s", "q"),
            " AND (a.principal_id = ad.from_id OR (a.is_group AND EXISTS (SELECT 1 FROM group_member gm \
            JOIN group_closure gc ON gc.descendant_id = gm.group_id JOIN dir_group ag ON ag.id = gc.ancestor_id \
            WHERE gc.ancestor_id = a.principal_id AND gm.member_id = ad.from_id AND NOT ag.is_deleted)))))) \
            THEN TRUE ELSE FALSE END AS is_mine FROM approval_stage s JOIN request q ON q.id = s.request_id) {sg} \
            LEFT JOIN directory_object {sgo} ON {sgo}.id = {sg}.decided_by"
        ),
        key: c::approval_stage::ID,
        catalog: Some("{sg}.catalog_id"),
        family: Family::Entitlement(Some(approves!(
            "({sg}.request_id IN ",
            " AND {sg}.target_id <> {me} AND ({sg}.requestor_id IS NULL OR {sg}.requestor_id <> {me}))"
        ))),
        ..PLAIN
    },
    RelationDef {
        name: c::delegation::RELATION,
        from: "delegation {dg}",
        key: c::delegation::ID,
        family: Family::Mine("({dg}.from_id = {me} OR {dg}.to_id = {me})"),
        ..PLAIN
    },
    RelationDef {
        name: c::assignment::RELATION,
        from: "assignment {a}",
        key: c::assignment::ID,
        few: Some(c::assignment::TARGET),
        catalog: Some("{a}.catalog_id"),
        family: Family::Entitlement(Some(OWN_ASSIGNMENT)),
        ..PLAIN
    },
    RelationDef {
        name: c::grant::RELATION,
        from: "grant_row {v} JOIN resource_role {vl} ON {vl}.id = {v}.role_id JOIN resource {vr} ON {vr}.id = {v}.resource_id",
        key: c::grant::ID,
        few: Some(c::grant::SUBJECT),
        catalog: Some("{vl}.catalog_id"),
        family: Family::Entitlement(Some("{v}.subject_id = {me}")),
        ..PLAIN
    },
    RelationDef {
        name: c::role_definition::RELATION,
        from: "role_definition {f}",
        key: c::role_definition::ID,
        family: Family::Roles,
        ..PLAIN
    },
    RelationDef {
        name: c::role_assignment::RELATION,
        from: "role_assignment {i}",
        key: c::role_assignment::ID,
        always: Some("{i}.provider = 2"),
        catalog: Some("{i}.scope_id"),
        family: Family::Entitlement(None),
        ..PLAIN
    },
    RelationDef {
        name: c::delivery::RELATION,
        from: DELIVERY,
        key: c::delivery::ID,
        always: Some("({vd}.due_at IS NOT NULL OR {vd}.error IS NOT NULL)"),
        catalog: Some("{vdr}.catalog_id"),
        family: Family::Entitlement(None),
        ..PLAIN
    },
    RelationDef {
        name: c::app_scope::RELATION,
        from: "catalog {if}",
        key: c::app_scope::ID,
        catalog: Some("{if}.id"),
        family: Family::Entitlement(None),
        ..PLAIN
    },
    RelationDef {
        name: c::drift::RELATION,
        from: DELIVERY,
        key: c::drift::ID,
        always: Some("{vd}.drift_at IS NOT NULL AND {vd}.observed = 1"),
        catalog: Some("{vdr}.catalog_id"),
        family: Family::Entitlement(None),
        ..PLAIN
    },
    RelationDef {
        name: c::job::RELATION,
        from: "job {jo}",
        key: c::job::ID,
        // Other rows of the table are leases.
        always: Some("{jo}.subject_id IS NOT NULL"),
        catalog: Some("{jo}.catalog_id"),
        family: Family::Entitlement(None),
        ..PLAIN
    },
    RelationDef {
        name: c::audit::RELATION,
        from: "audit {t}",
        key: c::audit::ID,
        made: Some(c::audit::AT),
        family: Family::Audit,
        ..PLAIN
    },
    RelationDef { name: c::mail::RELATION, from: "mail {m}", key: c::mail::ID, family: Family::Everybody, ..PLAIN },
];

/// Rows of collection properties.
const SIDES: [(Relation, &str); 2] =
    [(c::audit_target::RELATION, "audit_target {tt}"), (c::org_identity::RELATION, "org_identity {fi}")];

/// The definition of a relation; the schema names only those that exist, which a test asserts.
pub fn relation(name: Relation) -> Option<&'static RelationDef> {
    RELATIONS.iter().find(|r| r.name == name)
}

/// The FROM clause of a side relation.
pub fn side(name: Relation) -> Option<&'static str> {
    SIDES.iter().find(|(n, _)| *n == name).map(|(_, from)| *from)
}

/// How pairs are joined: the FROM clause, this row's key, the target's key, and whether a pair can appear twice.
#[derive(Clone, Copy, Debug)]
pub struct LinkDef {
    pub name: Link,
    pub from: &'static str,
    pub left: &'static str,
    pub right: &'static str,
    pub repeats: bool,
}

const LINKS: &[LinkDef] = &[
    LinkDef {
        name: c::link::MEMBERS,
        from: "group_member {n}",
        left: "{n}.group_id",
        right: "{n}.member_id",
        repeats: false,
    },
    LinkDef {
        name: c::link::MEMBER_OF,
        from: "group_member {n}",
        left: "{n}.member_id",
        right: "{n}.group_id",
        repeats: false,
    },
    LinkDef {
        name: c::link::TRANSITIVE_MEMBERS,
        from: "group_closure {nc} JOIN group_member {n} ON {n}.group_id = {nc}.descendant_id",
        left: "{nc}.ancestor_id",
        right: "{n}.member_id",
        repeats: true,
    },
    LinkDef {
        name: c::link::TRANSITIVE_MEMBER_OF,
        from: "group_member {n} JOIN group_closure {nc} ON {nc}.descendant_id = {n}.group_id",
        left: "{n}.member_id",
        right: "{nc}.ancestor_id",
        repeats: true,
    },
    LinkDef {
        name: c::link::OWNERS,
        from: "(SELECT object_id, person_id FROM object_link WHERE kind = 1) {n}",
        left: "{n}.object_id",
        right: "{n}.person_id",
        repeats: false,
    },
    LinkDef {
        name: c::link::OWNED,
        from: "(SELECT object_id, person_id FROM object_link WHERE kind = 1) {n}",
        left: "{n}.person_id",
        right: "{n}.object_id",
        repeats: false,
    },
    LinkDef {
        name: c::link::SPONSORS,
        from: "(SELECT object_id, person_id FROM object_link WHERE kind = 2) {n}",
        left: "{n}.object_id",
        right: "{n}.person_id",
        repeats: false,
    },
    LinkDef {
        name: c::link::INCOMPATIBLE_PACKAGES,
        from: "(SELECT package_id, other_id FROM incompatibility WHERE kind = 1) {n}",
        left: "{n}.package_id",
        right: "{n}.other_id",
        repeats: false,
    },
    LinkDef {
        name: c::link::INCOMPATIBLE_WITH,
        from: "(SELECT package_id, other_id FROM incompatibility WHERE kind = 1) {n}",
        left: "{n}.other_id",
        right: "{n}.package_id",
        repeats: false,
    },
    LinkDef {
        name: c::link::INCOMPATIBLE_GROUPS,
        from: "(SELECT package_id, other_id FROM incompatibility WHERE kind = 2) {n}",
        left: "{n}.package_id",
        right: "{n}.other_id",
        repeats: false,
    },
    LinkDef {
        name: c::link::INTERNAL_SPONSORS,
        from: "(SELECT object_id, person_id FROM object_link WHERE kind = 3) {n}",
        left: "{n}.object_id",
        right: "{n}.person_id",
        repeats: false,
    },
    LinkDef {
        name: c::link::EXTERNAL_SPONSORS,
        from: "(SELECT object_id, person_id FROM object_link WHERE kind = 4) {n}",
        left: "{n}.object_id",
        right: "{n}.person_id",
        repeats: false,
    },
    LinkDef {
        name: c::link::ASSIGNMENT_GRANTS,
        from: "(SELECT assignment_id, grant_id FROM assignment_grant WHERE is_live) {n}",
        left: "{n}.assignment_id",
        right: "{n}.grant_id",
        repeats: false,
    },
    LinkDef {
        name: c::link::GRANT_ASSIGNMENTS,
        from: "(SELECT assignment_id, grant_id FROM assignment_grant WHERE is_live) {n}",
        left: "{n}.grant_id",
        right: "{n}.assignment_id",
        repeats: false,
    },
    LinkDef {
        name: c::link::INHERITED_ROLES,
        from: "(SELECT id AS heir_id, id AS role_id FROM role_definition WHERE 1 = 0) {n}",
        left: "{n}.heir_id",
        right: "{n}.role_id",
        repeats: false,
    },
];

/// The definition of a link.
pub fn link(name: Link) -> Option<&'static LinkDef> {
    LINKS.iter().find(|l| l.name == name)
}

/// A condition that a function of the API stands for. `{1}` is its first parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Predicate {
    /// Assignments of this person.
    AssignmentTarget,
    /// Assignments whose request this person made.
    AssignmentCreatedBy,
    /// Assignments of this person's direct reports.
    AssignmentTargetManager,
    /// Requests for this person.
    RequestTarget,
    /// Requests made by this person.
    RequestCreatedBy,
    /// Requests for or by this person.
    RequestTargetOrRequestor,
    /// Requests for this person's direct reports.
    RequestTargetManager,
    /// Requests made by this person for others.
    RequestForOthers,
    /// Requests this person decides or has decided.
    RequestApprover,
    /// Packages this person can request now.
    PackageAllowedRequestor,
    /// Live assignments of one package whose holder has a live assignment of another one too; its parameters are both.
    AssignmentAdditionalAccess,
    /// Nothing: relations that this release has none of.
    Nothing,
}

impl Predicate {
    /// Whether it asks for one value of a column that has few rows for each.
    pub const fn is_few(self) -> bool {
        matches!(self, Self::AssignmentTarget | Self::RequestTarget)
    }

    /// Whether it is about the one who calls, so that it gives only what is his own.
    pub const fn is_about_caller(self) -> bool {
        !matches!(self, Self::AssignmentAdditionalAccess)
    }

    /// Its text.
    pub const fn text(self) -> &'static str {
        match self {
            Self::AssignmentTarget => "{a}.target_id = {1}",
            Self::AssignmentCreatedBy => {
                "EXISTS (SELECT 1 FROM request ar WHERE ar.id = {a}.request_id AND ar.requestor_id = {1})"
            }
            Self::AssignmentTargetManager => {
                "{a}.target_id IN (SELECT mu.id FROM dir_user mu WHERE mu.manager_id = {1})"
            }
            Self::RequestTarget => "{q}.target_id = {1}",
            Self::RequestCreatedBy => "{q}.requestor_id = {1}",
            Self::RequestTargetOrRequestor => "({q}.target_id = {1} OR {q}.requestor_id = {1})",
            Self::RequestTargetManager => "{q}.target_id IN (SELECT mu.id FROM dir_user mu WHERE mu.manager_id = {1})",
            Self::RequestForOthers => "({q}.requestor_id = {1} AND {q}.target_id <> {1})",
            Self::RequestApprover => APPROVES,
            Self::PackageAllowedRequestor => REQUESTABLE,
            Self::AssignmentAdditionalAccess => "{a}.package_id = {1} AND {a}.is_live",
            Self::Nothing => "1 = 0",
        }
    }
}

/// What a caller sees of a family: everything, nothing, or rows under a condition.
pub enum Seen {
    /// Everything.
    All,
    /// Nothing.
    Nothing,
    /// Rows under this condition; `{me}` is the caller.
    Under(String),
    /// What lies in the caller's catalogs, and rows under this condition.
    InCatalogs(Option<&'static str>),
}

const OWN_GROUP: &str = "({k} IN (SELECT gc.ancestor_id FROM group_member gm JOIN group_closure gc \
    ON gc.descendant_id = gm.group_id WHERE gm.member_id = {me}) \
    OR {k} IN (SELECT ol.object_id FROM object_link ol WHERE ol.kind = 1 AND ol.person_id = {me}))";

fn by_reach(reach: Reach, own: Option<&str>) -> Seen {
    match (reach, own) {
        (Reach::All, _) => Seen::All,
        (Reach::Own | Reach::Catalogs, Some(own)) => Seen::Under(own.to_owned()),
        (Reach::Own | Reach::Catalogs, None) | (Reach::Nothing, _) => Seen::Nothing,
    }
}

/// The built-in roles are no secret to whoever administers anything.
fn roles(sight: &Sight) -> Reach {
    if matches!(sight.entitlement, Reach::All | Reach::Catalogs) { Reach::All } else { Reach::Nothing }
}

impl Family {
    /// What a caller with this sight sees.
    pub fn seen(self, sight: &Sight) -> Seen {
        let own_group = |key: &str| OWN_GROUP.replace("{k}", key);
        match self {
            Self::Users => by_reach(sight.users, Some("{u}.id = {me}")),
            Self::Groups => by_reach(sight.groups, Some(&own_group("{g}.id"))),
            Self::Applications => by_reach(sight.applications, None),
            Self::Grants => by_reach(sight.grants, None),
            Self::Entitlement(own) if sight.entitlement == Reach::Catalogs => {
                Seen::InCatalogs(own.filter(|_| sight.me.is_some()))
            }
            Self::Entitlement(own) => by_reach(sight.entitlement, own),
            Self::Organizations => by_reach(sight.organizations, None),
            Self::Roles => by_reach(roles(sight), None),
            Self::Audit => match sight.audit {
                AuditReach::All => Seen::All,
                AuditReach::Entitlement => Seen::Under("{t}.is_entitlement".to_owned()),
                AuditReach::Nothing => Seen::Nothing,
            },
            Self::Tenant => by_reach(sight.tenant, None),
            Self::Mine(own) => by_reach(sight.entitlement, Some(own)),
            Self::Everybody => Seen::All,
            Self::Objects => objects_seen(sight, &own_group("{o}.id")),
        }
    }
}

/// How far a caller sees into a relation: what decides whether a list is answered at all.
pub fn reach(name: Relation, sight: &Sight) -> Reach {
    match relation(name).map(|r| r.family) {
        None => Reach::Nothing,
        Some(Family::Users) => sight.users,
        Some(Family::Groups) => sight.groups,
        Some(Family::Applications) => sight.applications,
        Some(Family::Grants) => sight.grants,
        Some(Family::Entitlement(_)) => sight.entitlement,
        Some(Family::Organizations) => sight.organizations,
        Some(Family::Roles) => roles(sight),
        Some(Family::Tenant) => sight.tenant,
        // Whoever may use entitlement management at all lists his own.
        Some(Family::Mine(_)) if sight.entitlement == Reach::Nothing => Reach::Nothing,
        Some(Family::Mine(_) | Family::Everybody) => Reach::All,
        Some(Family::Audit) => match sight.audit {
            AuditReach::Nothing => Reach::Nothing,
            AuditReach::Entitlement | AuditReach::All => Reach::All,
        },
        Some(Family::Objects) => {
            let all = [sight.users, sight.groups, sight.applications];
            let any = |reach: Reach| all.contains(&reach);
            if any(Reach::All) {
                Reach::All
            } else if any(Reach::Own) {
                Reach::Own
            } else {
                Reach::Nothing
            }
        }
    }
}

fn objects_seen(sight: &Sight, own_group: &str) -> Seen {
    let parts = [
        (1, sight.users, "{o}.id = {me}"),
        (2, sight.groups, own_group),
        (3, sight.applications, ""),
        (4, sight.applications, ""),
    ];
    if parts.iter().all(|(_, reach, _)| *reach == Reach::All) {
        return Seen::All;
    }
    let conditions: Vec<String> = parts
        .iter()
        .filter_map(|(kind, reach, own)| match reach {
            Reach::All => Some(format!("{{o}}.kind = {kind}")),
            Reach::Own | Reach::Catalogs if !own.is_empty() => Some(format!("({{o}}.kind = {kind} AND {own})")),
            Reach::Own | Reach::Catalogs | Reach::Nothing => None,
        })
        .collect();
    if conditions.is_empty() { Seen::Nothing } else { Seen::Under(format!("({})", conditions.join(" OR "))) }
}
