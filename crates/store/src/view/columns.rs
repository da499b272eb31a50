//! The columns that the API's schema may name, by relation. A column is written `alias.name`; aliases are numbered where
//! a statement is made, so that one relation can stand in it several times.

macro_rules! columns {
    ($($(#[$doc:meta])* $module:ident($relation:literal, $alias:literal) { $($name:ident $column:literal,)+ })+) => {$(
        $(#[$doc])*
        pub mod $module {
            use tenure_odata::edm::{Column, Relation};

            /// The relation.
            pub const RELATION: Relation = Relation($relation);
            $(#[doc = $column] pub const $name: Column = Column(concat!($alias, ".", $column));)+
        }
    )+};
}

columns! {
    /// The tenant.
    tenant("tenant", "b") {
        ID "id", NAME "name", DOMAINS "domains",
    }
    /// The catalog that is made with the tenant.
    tenant_catalog("tenant", "bc") {
        CREATED "created_at",
    }
    /// What all directory objects have.
    object("directory_object", "o") {
        ID "id", KIND "kind", NAME "display_name", NAME_KEY "display_key", CREATED "created_at", DELETED "deleted_at",
        ATTRS "attrs", VERSION "version",
    }
    /// Users.
    user("dir_user", "u") {
        ID "id", UPN "upn", UPN_KEY "upn_key", MAIL "mail", MAIL_KEY "mail_key", NICKNAME "nickname",
        NICKNAME_KEY "nickname_key", TYPE "user_type", ENABLED "is_enabled", MANAGER "manager_id",
        GIVEN_NAME_KEY "given_name_key", SURNAME_KEY "surname_key", DEPARTMENT_KEY "department_key",
        JOB_TITLE_KEY "job_title_key", OFFICE_KEY "office_key", CITY_KEY "city_key", STATE_KEY "state_key",
        COUNTRY_KEY "country_key", COMPANY_KEY "company_key", EMPLOYEE_ID_KEY "employee_id_key",
        EMPLOYEE_TYPE_KEY "employee_type_key", USAGE_LOCATION_KEY "usage_location_key",
    }
    /// Values of schema extensions that users have.
    extension_value("extension_value", "ue") {
        OBJECT "object_id", NAME_KEY "name_key", VALUE_KEY "value_key",
    }
    /// Groups.
    group("dir_group", "g") {
        ID "id", NICKNAME "nickname", NICKNAME_KEY "nickname_key", UNIQUE_NAME "unique_name", UNIQUE_KEY "unique_key",
        SECURITY "is_security", MAIL "is_mail", ROLE_ASSIGNABLE "is_role_assignable", TYPES "types_list", RULE "rule",
    }
    /// Groups that packages are incompatible with, as parts of those packages.
    incompatible_group("incompatible_group", "g") {
        ID "id",
    }
    /// Applications.
    application("application", "x") {
        ID "id", APP_ID "app_id", UNIQUE_NAME "unique_name", UNIQUE_KEY "unique_key", PUBLIC "is_public", ROLES "roles",
    }
    /// Service principals.
    service_principal("service_principal", "s") {
        ID "id", APP_ID "app_id", ENABLED "is_enabled", ROLES "roles",
    }
    /// App role assignments.
    app_role_assignment("app_role_assignment", "h") {
        ID "id", RESOURCE "sp_id", ROLE "app_role_id", PRINCIPAL "principal_id", CREATED "created_at",
    }
    /// The principal of an app role assignment.
    app_role_principal("app_role_assignment", "ho") {
        NAME "display_name", NAME_KEY "display_key", KIND "kind",
    }
    /// The resource of an app role assignment.
    app_role_resource("app_role_assignment", "hs") {
        NAME "display_name",
    }
    /// Delegated permission grants.
    oauth_grant("oauth_grant", "w") {
        ID "id", CLIENT "client_id", PRINCIPAL "principal_id", RESOURCE "resource_id", SCOPES "scopes",
    }
    /// Catalogs.
    catalog("catalog", "c") {
        ID "id", NAME "name", NAME_KEY "name_key", DESCRIPTION "description", UNIQUE_NAME "unique_name",
        UNIQUE_KEY "unique_key", KIND "kind", STATE "state", EXTERNAL "is_external", CREATED "created_at",
        MODIFIED "modified_at", CREATED_BY "created_by", MODIFIED_BY "modified_by", VERSION "version",
    }
    /// Resources of catalogs.
    resource("resource", "r") {
        ID "id", CATALOG "catalog_id", SYSTEM "origin_system", ORIGIN_ID "origin_id", ORIGIN_KEY "origin_key", KIND "kind",
        KIND_KEY "kind_key", NAME "name", NAME_KEY "name_key", DESCRIPTION "description", ADDED_BY "added_by", CREATED "created_at",
        MODIFIED "modified_at", ATTRIBUTES "attributes", ENVIRONMENT "environment_id",
    }
    /// Where the sites of a host are.
    environment("site_environment", "se") {
        ID "id", SYSTEM "origin_system", URL "url", URL_KEY "url_key", DEFAULT "is_default", CREATED "created_at",
    }
    /// Sites.
    site("site", "si") {
        ID "id", COLLECTION "collection_id", PARENT "parent_id", HOST "host", URL "url", URL_KEY "url_key",
        PATH_NAME "path_name", PATH_NAME_KEY "path_name_key", ROOT "is_root", NAME "name", NAME_KEY "name_key",
        DESCRIPTION "description", CREATED "created_at", MODIFIED "modified_at", VERSION "version",
    }
    /// Permission groups of sites.
    site_group("site_group", "sx") {
        ID "id", SITE "site_id", NUMBER "number", NUMBER_KEY "number_key", NAME "name", NAME_KEY "name_key",
        DESCRIPTION "description",
    }
    /// Roles of resources.
    resource_role("resource_role", "l") {
        ID "id", RESOURCE "resource_id", CATALOG "catalog_id", ORIGIN_ID "origin_id", ORIGIN_KEY "origin_key", NAME "name",
        NAME_KEY "name_key", DESCRIPTION "description",
    }
    /// The resource of a role.
    role_resource("resource_role", "lr") {
        SYSTEM "origin_system",
    }
    /// Scopes of resources.
    resource_scope("resource_scope", "k") {
        ID "id", RESOURCE "resource_id", CATALOG "catalog_id", ORIGIN_ID "origin_id", ORIGIN_KEY "origin_key",
    }
    /// The resource of a scope.
    scope_resource("resource_scope", "kr") {
        SYSTEM "origin_system",
    }
    /// Resource requests.
    resource_request("resource_request", "e") {
        ID "id", KIND "kind", CATALOG "catalog_id", RESOURCE "resource_id", REQUESTOR "requestor_id",
        JUSTIFICATION "justification", CREATED "created_at",
    }
    /// Access packages.
    package("package", "p") {
        ID "id", CATALOG "catalog_id", NAME "name", NAME_KEY "name_key", DESCRIPTION "description",
        UNIQUE_NAME "unique_name", UNIQUE_KEY "unique_key", HIDDEN "is_hidden", SCOPES_VISIBLE "scopes_visible",
        CREATED "created_at", MODIFIED "modified_at", CREATED_BY "created_by", MODIFIED_BY "modified_by",
        VERSION "version",
    }
    /// Access packages as somebody browses them.
    browse("browse", "pb") {
        ID "id", CATALOG "catalog_id", NAME "name", NAME_KEY "name_key", DESCRIPTION "description",
    }
    /// Resource roles in packages.
    package_role("package_role", "z") {
        ID "id", PACKAGE "package_id", ROLE "role_id", SCOPE "scope_id", RESOURCE "resource_id", CATALOG "catalog_id",
        CREATED "created_at",
        CREATED_BY "created_by",
    }
    /// What is in a package that somebody browses.
    browse_role_scope("browse_role_scope", "zb") {
        ID "id", PACKAGE "package_id", ROLE "role_id", SCOPE "scope_id", CREATED "created_at",
    }
    /// The role there.
    browse_role("browse_role", "lb") {
        ID "id", RESOURCE "resource_id", ORIGIN_ID "origin_id", NAME "name", NAME_KEY "name_key",
        DESCRIPTION "description",
    }
    /// Its scope.
    browse_scope("browse_scope", "kb") {
        ID "id", RESOURCE "resource_id", ORIGIN_ID "origin_id",
    }
    /// The resource of both.
    browse_resource("browse_resource", "rb") {
        ID "id", NAME "name", NAME_KEY "name_key", DESCRIPTION "description", SYSTEM "origin_system",
        ORIGIN_ID "origin_id",
    }
    /// Assignment policies.
    policy("policy", "y") {
        ID "id", PACKAGE "package_id", CATALOG "catalog_id", NAME "name", NAME_KEY "name_key", SCOPE "scope_kind",
        ENABLED "is_enabled", CREATED "created_at", MODIFIED "modified_at", CREATED_BY "created_by",
        MODIFIED_BY "modified_by", VERSION "current_version",
    }
    /// The current version of a policy.
    policy_version("policy", "yv") {
        BODY "body",
    }
    /// Subjects.
    subject("subject", "j") {
        ID "id", OBJECT "object_id", KIND "kind", NAME "name", NAME_KEY "name_key", EMAIL "email", EMAIL_KEY "email_key",
        PRINCIPAL_NAME "principal_name", LIFECYCLE "lifecycle", ORGANIZATION "organization_id", CLEANUP "cleanup_at",
    }
    /// The directory object of a subject.
    subject_object("subject", "jd") {
        DELETED "deleted_at",
    }
    /// Connected organizations.
    organization("organization", "f") {
        ID "id", NAME "name", NAME_KEY "name_key", DESCRIPTION "description", SOURCES "identity_sources", STATE "state",
        CREATED "created_at", MODIFIED "modified_at", CREATED_BY "created_by", MODIFIED_BY "modified_by",
        VERSION "version",
    }
    /// Workflow extensions.
    workflow_extension("workflow_extension", "we") {
        ID "id", CATALOG "catalog_id", KIND "kind", NAME "name", NAME_KEY "name_key", DESCRIPTION "description",
        SETTINGS "settings", CREATED "created_at", MODIFIED "modified_at", CREATED_BY "created_by",
        MODIFIED_BY "modified_by", VERSION "version",
    }
    /// The same in the newer version's older form.
    legacy_extension("legacy_extension", "wl") {
        ID "id", CATALOG "catalog_id", NAME "name", NAME_KEY "name_key", DESCRIPTION "description",
        SETTINGS "settings", CREATED "created_at", MODIFIED "modified_at", VERSION "version",
    }
    /// Connectors of resources whose origin is outside.
    origin_connector("origin_connector", "oc") {
        ID "id", KIND "kind", NAME "name", NAME_KEY "name_key", DESCRIPTION "description", CONNECTION "connection",
        CREATED "created_at", MODIFIED "modified_at", CREATED_BY "created_by", MODIFIED_BY "modified_by",
        VERSION "version",
    }
    /// What the people of an organization are known by.
    org_identity("org_identity", "fi") {
        ORGANIZATION "organization_id", VALUE "value_key",
    }
    /// The settings of the tenant.
    settings("settings", "bs") {
        ID "id", SETTINGS "settings",
    }
    /// Assignment requests.
    request("request", "q") {
        ID "id", KIND "kind", PACKAGE "package_id", POLICY "policy_id", CATALOG "catalog_id", REQUESTOR "requestor_id",
        TARGET "target_id", ASSIGNMENT "assignment_id", STATE "state", STATUS "status", SCHEDULE "schedule",
        JUSTIFICATION "justification", ANSWERS "answers", COMPLETED "completed_at", CREATED "created_at",
        VERSION "version", REASON "reason", CREDENTIALS "credentials",
    }
    /// Approvals: requests that need or needed one.
    approval("approval", "q") {
        ID "id",
    }
    /// Stages of approvals.
    approval_stage("approval_stage", "sg") {
        ID "id", REQUEST "request_id", NUMBER "number", STATE "state", DECISION "decision", AT "decided_at", JUSTIFICATION "justification",
        MINE "is_mine", BY "decided_by",
    }
    /// Who decided a stage.
    stage_reviewer("approval_stage", "sgo") {
        NAME "display_name",
    }
    /// Delegations of approvals.
    delegation("delegation", "dg") {
        ID "id", FROM "from_id", TO "to_id", STARTS "starts_at", ENDS "ends_at", CREATED "created_at",
    }
    /// Assignments.
    assignment("assignment", "a") {
        ID "id", PACKAGE "package_id", POLICY "policy_id", CATALOG "catalog_id", TARGET "target_id", REQUEST "request_id",
        STATE "state", STATUS "status", STARTS "starts_at", ENDS "ends_at", DELIVERED "delivered_at", ENDED "ended_at", CREATED "created_at",
        EXTENDED "is_extended",
        VERSION "version",
    }
    /// Grants.
    grant("grant_row", "v") {
        ID "id", SUBJECT "subject_id", RESOURCE "resource_id", ROLE "role_id", SCOPE "scope_id", DESIRED "desired",
        OBSERVED "observed", ERROR "error",
    }
    /// The role of a grant.
    grant_role("grant_row", "vl") {
        ORIGIN_ID "origin_id", ORIGIN_KEY "origin_key", NAME "name", NAME_KEY "name_key",
    }
    /// The resource of a grant.
    grant_resource("grant_row", "vr") {
        SYSTEM "origin_system", NAME "name", NAME_KEY "name_key", ORIGIN_ID "origin_id",
    }
    /// Definitions of roles.
    role_definition("role_definition", "f") {
        ID "id", NAME "name", NAME_KEY "name_key", BUILT_IN "is_built_in", ACTIONS "actions",
    }
    /// Roles of entitlement management that were given to somebody.
    role_assignment("role_assignment", "i") {
        ID "id", ROLE "role_id", PRINCIPAL "principal_id", SCOPE_KIND "scope_kind", SCOPE "scope_id",
        SCOPE_KEY "scope_key", CREATED "created_at",
    }
    /// Catalogs as what a role is held for.
    app_scope("app_scope", "if") {
        ID "id", NAME "name",
    }
    /// Grants that are due or were given up.
    delivery("delivery", "vd") {
        ID "id", SUBJECT "subject_id", RESOURCE "resource_id", ROLE "role_id", DESIRED "desired", ATTEMPT "attempt",
        DUE "due_at", ERROR "error",
    }
    /// Grants that somebody has undone by hand.
    drift("drift", "vd") {
        ID "id", SUBJECT "subject_id", RESOURCE "resource_id", ROLE "role_id", SINCE "drift_at",
    }
    /// The role of such a grant.
    delivery_role("delivery", "vdl") {
        NAME "name", NAME_KEY "name_key",
    }
    /// The resource of such a grant.
    delivery_resource("delivery", "vdr") {
        NAME "name", NAME_KEY "name_key", ORIGIN "origin_id", ORIGIN_KEY "origin_key", CATALOG "catalog_id",
    }
    /// The subject of such a grant.
    delivery_subject("delivery", "vdj") {
        NAME "name", NAME_KEY "name_key",
    }
    /// Work that reaches many objects.
    job("job", "jo") {
        ID "id", KIND "kind", STATE "state", TOTAL "total", DONE "done", FAILED "failed", STARTED "started_at",
        ERROR "error", SUBJECT "subject_id", CATALOG "catalog_id",
    }
    /// Rows of files of assignments.
    import_row("import_row", "iw") {
        ID "id", JOB "job_id", NUMBER "number", LINE "line", PACKAGE "package", TARGET "target", STATE "state",
        REQUEST "request_id", CODE "code", MESSAGE "message",
    }
    /// Audit rows.
    audit("audit", "t") {
        ID "id", AT "at", ACTIVITY_KEY "activity_key", CATEGORY_KEY "category_key", ENTITLEMENT "is_entitlement",
        ACTOR_USER "actor_user", ACTOR_APP "actor_app", CORRELATION "correlation", EVENT "event", PERSONAL "personal",
    }
    /// What an audit row is about.
    audit_target("audit_target", "tt") {
        TARGET "target_id", AUDIT "audit_id",
    }
    /// Kept mails.
    mail("mail", "m") {
        ID "id", KIND "kind", KIND_KEY "kind_key", RECIPIENTS "recipients", RECIPIENTS_LIST "recipients_list",
        SUBJECT "subject", SUBJECT_KEY "subject_key", BODY "body", CREATED "created_at",
    }
}

/// Tables of pairs.
pub mod link {
    use tenure_odata::edm::Link;

    /// A group and its direct members.
    pub const MEMBERS: Link = Link("members");
    /// A group and all who belong to it, through nested groups too.
    pub const TRANSITIVE_MEMBERS: Link = Link("transitive_members");
    /// An object and the groups it is a direct member of.
    pub const MEMBER_OF: Link = Link("member_of");
    /// An object and all groups it belongs to.
    pub const TRANSITIVE_MEMBER_OF: Link = Link("transitive_member_of");
    /// An object and its owners.
    pub const OWNERS: Link = Link("owners");
    /// An object and what it owns.
    pub const OWNED: Link = Link("owned");
    /// A person and his sponsors.
    pub const SPONSORS: Link = Link("sponsors");
    /// A package and the packages it is incompatible with.
    pub const INCOMPATIBLE_PACKAGES: Link = Link("incompatible_packages");
    /// A package and the packages that are incompatible with it.
    pub const INCOMPATIBLE_WITH: Link = Link("incompatible_with");
    /// A package and the groups it is incompatible with.
    pub const INCOMPATIBLE_GROUPS: Link = Link("incompatible_groups");
    /// An organization and its sponsors on our side.
    pub const INTERNAL_SPONSORS: Link = Link("internal_sponsors");
    /// An organization and its sponsors on its own side.
    pub const EXTERNAL_SPONSORS: Link = Link("external_sponsors");
    /// An assignment and its grants.
    pub const ASSIGNMENT_GRANTS: Link = Link("assignment_grants");
    /// A grant and its assignments.
    pub const GRANT_ASSIGNMENTS: Link = Link("grant_assignments");
    /// A permission group of a site and who is in it.
    pub const SITE_MEMBERS: Link = Link("site_members");
    /// A role and those it inherits from: none does.
    pub const INHERITED_ROLES: Link = Link("inherited_roles");
}
