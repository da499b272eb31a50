//! What the opaque words of the schema stand for: where the rows of each relation come from, and by which rule a caller
//! sees them.

use super::columns as c;
use super::own::{APPROVES, OWN_ASSIGNMENT, OWN_PACKAGE, OWN_REQUEST, OWN_STAGE, OWN_SUBJECT, deputizes};
use tenure_odata::edm::{Column, Relation};

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
    /// Entitlement objects; the condition is what makes one the caller's own, `{me}` being him, and `{who}` where he may
    /// be an application too.
    Entitlement(Option<&'static str>),
    /// Connected organizations.
    Organizations,
    /// The built-in roles, and where resources can be: seen by whoever has any right in entitlement management.
    Roles,
    /// Audit rows.
    Audit,
    /// Sites and what belongs to them; the condition is what makes one the caller's own.
    Sites(&'static str),
    /// The tenant itself.
    Tenant,
    /// What people list although they see nothing but their own; administrators see all of it.
    Mine(&'static str),
    /// Seen by whoever may use the path at all.
    Everybody,
}

/// A subject has to do with a catalog when he has, had or asks for something in it, or asked for it. Asked for one row,
/// for each subject that is looked at: as `EXISTS` one database may gather all rows of the table first.
const SUBJECT_OF_CATALOG: &str = "((SELECT 1 FROM assignment ca WHERE ca.target_id = {j}.id AND [ca.catalog_id] LIMIT 1) = 1 \
    OR (SELECT 1 FROM request cr WHERE cr.target_id = {j}.id AND [cr.catalog_id] LIMIT 1) = 1 \
    OR (SELECT 1 FROM request cr WHERE cr.requestor_id = {j}.id AND [cr.catalog_id] LIMIT 1) = 1)";

/// Sites in one of whose groups the caller is, by a group of the directory too; `$key` is the site's id.
macro_rules! own_site {
    ($key:literal) => {
        concat!(
            $key,
            " IN (SELECT wg.site_id FROM site_member wm JOIN site_group wg ON wg.id = wm.group_id WHERE wm.principal_id = {me} \
             UNION SELECT wg.site_id FROM group_member gm JOIN group_closure gc ON gc.descendant_id = gm.group_id \
             JOIN dir_group dg ON dg.id = gc.ancestor_id AND NOT dg.is_deleted \
             JOIN site_member wm ON wm.principal_id = gc.ancestor_id JOIN site_group wg ON wg.id = wm.group_id \
             WHERE gm.member_id = {me})"
        )
    };
}

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
        // Whoever names resources names where they are.
        name: c::environment::RELATION,
        from: "site_environment {se}",
        key: c::environment::ID,
        family: Family::Roles,
        ..PLAIN
    },
    RelationDef {
        name: c::site::RELATION,
        from: "site {si}",
        key: c::site::ID,
        family: Family::Sites(own_site!("{si}.id")),
        ..PLAIN
    },
    RelationDef {
        name: c::site_group::RELATION,
        from: "site_group {sx}",
        key: c::site_group::ID,
        few: Some(c::site_group::SITE),
        family: Family::Sites(own_site!("{sx}.site_id")),
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
        name: c::browse::RELATION,
        from: "package {pb}",
        key: c::browse::ID,
        // What somebody browses is said by a predicate, and goes for administrators too.
        family: Family::Mine("{pb}.id = {pb}.id"),
        ..PLAIN
    },
    // Only a package that somebody browses leads to these.
    RelationDef {
        name: c::browse_role_scope::RELATION,
        from: "package_role {zb}",
        key: c::browse_role_scope::ID,
        few: Some(c::browse_role_scope::PACKAGE),
        family: Family::Mine("{zb}.id = {zb}.id"),
        ..PLAIN
    },
    RelationDef {
        name: c::browse_role::RELATION,
        from: "resource_role {lb}",
        key: c::browse_role::ID,
        family: Family::Mine("{lb}.id = {lb}.id"),
        ..PLAIN
    },
    RelationDef {
        name: c::browse_scope::RELATION,
        from: "resource_scope {kb}",
        key: c::browse_scope::ID,
        family: Family::Mine("{kb}.id = {kb}.id"),
        ..PLAIN
    },
    RelationDef {
        name: c::browse_resource::RELATION,
        from: "resource {rb}",
        key: c::browse_resource::ID,
        family: Family::Mine("{rb}.id = {rb}.id"),
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
        // Somebody who was deleted, and can be restored, is marked so.
        from: "subject {j} LEFT JOIN directory_object {jd} ON {jd}.id = {j}.object_id",
        counted: Some("subject {j}"),
        key: c::subject::ID,
        by_catalog: Some(SUBJECT_OF_CATALOG),
        family: Family::Entitlement(Some(OWN_SUBJECT)),
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
        name: c::workflow_extension::RELATION,
        from: "workflow_extension {we}",
        key: c::workflow_extension::ID,
        always: Some("{we}.kind IN (1, 2)"),
        catalog: Some("{we}.catalog_id"),
        family: Family::Entitlement(None),
        ..PLAIN
    },
    RelationDef {
        name: c::legacy_extension::RELATION,
        from: "workflow_extension {wl}",
        key: c::legacy_extension::ID,
        always: Some("{wl}.kind = 3"),
        catalog: Some("{wl}.catalog_id"),
        family: Family::Entitlement(None),
        ..PLAIN
    },
    RelationDef {
        name: c::origin_connector::RELATION,
        from: "origin_connector {oc}",
        key: c::origin_connector::ID,
        family: Family::Entitlement(None),
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
        family: Family::Entitlement(Some(OWN_REQUEST)),
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
        family: Family::Entitlement(Some(OWN_STAGE)),
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
        family: Family::Entitlement(Some("{i}.principal_id = {who}")),
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
        // A file is carried out for whoever sent it.
        family: Family::Entitlement(Some(
            "EXISTS (SELECT 1 FROM import_file jf WHERE jf.job_id = {jo}.id AND jf.principal_id = {who})",
        )),
        ..PLAIN
    },
    RelationDef {
        name: c::import_row::RELATION,
        from: "import_row {iw} JOIN import_file {ifl} ON {ifl}.job_id = {iw}.job_id",
        counted: Some("import_row {iw}"),
        key: c::import_row::ID,
        few: Some(c::import_row::JOB),
        family: Family::Entitlement(Some("{ifl}.principal_id = {who}")),
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
const SIDES: [(Relation, &str); 3] = [
    (c::audit_target::RELATION, "audit_target {tt}"),
    (c::org_identity::RELATION, "org_identity {fi}"),
    (c::extension_value::RELATION, "extension_value {ue}"),
];

/// The definition of a relation; the schema names only those that exist, which a test asserts.
pub fn relation(name: Relation) -> Option<&'static RelationDef> {
    RELATIONS.iter().find(|r| r.name == name)
}

/// The FROM clause of a side relation.
pub fn side(name: Relation) -> Option<&'static str> {
    SIDES.iter().find(|(n, _)| *n == name).map(|(_, from)| *from)
}
