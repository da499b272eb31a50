-- One tenant per database. Ids are {{id}}, instants are whole microseconds since 1970 ({{ts}}), enumerations are small
-- numbers ({{enum}}), text that is compared without regard to case has a folded twin whose name ends in _key.
-- {{table}} and {{edge}} close a table; {{edge}} is for tables that are nothing but their key.

CREATE TABLE tenant (
    id {{id}} PRIMARY KEY,
    name {{text}} NOT NULL,
    domains {{json}} NOT NULL,
    settings {{json}} NOT NULL,
    is_demo {{bool}} NOT NULL,
    clock_offset {{int}} NOT NULL
){{table}};

CREATE TABLE signing_key (
    id {{id}} PRIMARY KEY,
    purpose {{text}} NOT NULL,
    public {{bytes}} NOT NULL,
    sealed {{bytes}} NOT NULL,
    not_before {{ts}} NOT NULL,
    retire_at {{ts}} NOT NULL,
    created_at {{ts}} NOT NULL
){{table}};

CREATE TABLE secret (
    purpose {{text}} PRIMARY KEY,
    sealed {{bytes}} NOT NULL,
    created_at {{ts}} NOT NULL
){{table}};

CREATE TABLE credential (
    id {{id}} PRIMARY KEY,
    principal_id {{id}} NOT NULL,
    kind {{enum}} NOT NULL,
    hash {{text}} NOT NULL,
    name {{text}},
    hint {{text}},
    must_change {{bool}} NOT NULL,
    starts_at {{ts}} NOT NULL,
    expires_at {{ts}},
    failures {{int}} NOT NULL,
    locked_until {{ts}}
){{table}};
CREATE INDEX ix_credential_principal ON credential (principal_id, kind);

CREATE TABLE oauth_artifact (
    hash {{bytes}} PRIMARY KEY,
    kind {{enum}} NOT NULL,
    client_id {{id}} NOT NULL,
    principal_id {{id}},
    data {{json}} NOT NULL,
    family {{id}},
    expires_at {{ts}} NOT NULL,
    used_at {{ts}}
){{table}};
CREATE INDEX ix_oauth_artifact_family ON oauth_artifact (family);
CREATE INDEX ix_oauth_artifact_expires ON oauth_artifact (expires_at);
CREATE INDEX ix_oauth_artifact_principal ON oauth_artifact (principal_id);

CREATE TABLE oauth_grant (
    id {{id}} PRIMARY KEY,
    client_id {{id}} NOT NULL,
    principal_id {{id}},
    resource_id {{id}} NOT NULL,
    scopes {{text}} NOT NULL,
    created_at {{ts}} NOT NULL
){{table}};
CREATE UNIQUE INDEX uq_oauth_grant_all ON oauth_grant (client_id, resource_id) WHERE principal_id IS NULL;
CREATE UNIQUE INDEX uq_oauth_grant_one ON oauth_grant (client_id, principal_id, resource_id) WHERE principal_id IS NOT NULL;
CREATE INDEX ix_oauth_grant_principal ON oauth_grant (principal_id);

CREATE TABLE session (
    token_hash {{bytes}} PRIMARY KEY,
    user_id {{id}} NOT NULL,
    epoch {{int}} NOT NULL,
    methods {{text}} NOT NULL,
    created_at {{ts}} NOT NULL,
    seen_at {{ts}} NOT NULL,
    expires_at {{ts}} NOT NULL
){{table}};
CREATE INDEX ix_session_user ON session (user_id);
CREATE INDEX ix_session_expires ON session (expires_at);

CREATE TABLE identity_link (
    issuer {{text}} NOT NULL,
    subject {{text}} NOT NULL,
    user_id {{id}} NOT NULL,
    created_at {{ts}} NOT NULL,
    not_before {{ts}} NOT NULL,
    PRIMARY KEY (issuer, subject)
){{edge}};
CREATE INDEX ix_identity_link_user ON identity_link (user_id);

CREATE TABLE source (
    id {{id}} PRIMARY KEY,
    kind {{text}} NOT NULL,
    name {{text}} NOT NULL,
    config {{json}} NOT NULL,
    can_write {{bool}} NOT NULL
){{table}};

CREATE TABLE directory_object (
    id {{id}} PRIMARY KEY,
    kind {{enum}} NOT NULL,
    display_name {{text}} NOT NULL,
    display_key {{text}} NOT NULL,
    source_id {{id}},
    source_key {{text}},
    created_at {{ts}} NOT NULL,
    changed_at {{ts}} NOT NULL,
    deleted_at {{ts}},
    attrs {{json}} NOT NULL,
    version {{int}} NOT NULL
){{table}};
CREATE INDEX ix_directory_object_name ON directory_object (kind, display_key, id);
CREATE INDEX ix_directory_object_changed ON directory_object (kind, changed_at, id);
CREATE INDEX ix_directory_object_deleted ON directory_object (deleted_at, id) WHERE deleted_at IS NOT NULL;
CREATE UNIQUE INDEX uq_directory_object_source ON directory_object (source_id, source_key) WHERE source_id IS NOT NULL;

CREATE TABLE dir_user (
    id {{id}} PRIMARY KEY,
    upn {{text}} NOT NULL,
    upn_key {{text}} NOT NULL,
    mail {{text}},
    mail_key {{text}},
    nickname {{text}},
    nickname_key {{text}},
    user_type {{enum}} NOT NULL,
    is_enabled {{bool}} NOT NULL,
    manager_id {{id}},
    token_epoch {{int}} NOT NULL,
    given_name_key {{text}},
    surname_key {{text}},
    department_key {{text}},
    job_title_key {{text}},
    office_key {{text}},
    city_key {{text}},
    state_key {{text}},
    country_key {{text}},
    company_key {{text}},
    employee_id_key {{text}},
    employee_type_key {{text}},
    usage_location_key {{text}},
    is_deleted {{bool}} NOT NULL
){{table}};
CREATE UNIQUE INDEX uq_user_upn ON dir_user (upn_key) WHERE NOT is_deleted;
CREATE INDEX ix_user_deleted ON dir_user (is_deleted);
CREATE INDEX ix_user_mail ON dir_user (mail_key);
CREATE INDEX ix_user_manager ON dir_user (manager_id, id);
CREATE INDEX ix_user_department ON dir_user (department_key, id);

CREATE TABLE dir_group (
    id {{id}} PRIMARY KEY,
    nickname {{text}} NOT NULL,
    nickname_key {{text}} NOT NULL,
    unique_name {{text}},
    unique_key {{text}},
    is_security {{bool}} NOT NULL,
    is_mail {{bool}} NOT NULL,
    is_unified {{bool}} NOT NULL,
    is_dynamic {{bool}} NOT NULL,
    is_role_assignable {{bool}} NOT NULL,
    types_list {{text}} NOT NULL,
    rule {{text}},
    is_deleted {{bool}} NOT NULL
){{table}};
CREATE UNIQUE INDEX uq_group_unique_name ON dir_group (unique_key) WHERE unique_key IS NOT NULL AND NOT is_deleted;

CREATE TABLE application (
    id {{id}} PRIMARY KEY,
    app_id {{id}} NOT NULL,
    unique_name {{text}},
    unique_key {{text}},
    is_public {{bool}} NOT NULL,
    roles {{json}} NOT NULL,
    is_deleted {{bool}} NOT NULL
){{table}};
CREATE UNIQUE INDEX uq_application_app_id ON application (app_id);
CREATE UNIQUE INDEX uq_application_unique_name ON application (unique_key) WHERE unique_key IS NOT NULL AND NOT is_deleted;

CREATE TABLE service_principal (
    id {{id}} PRIMARY KEY,
    app_id {{id}} NOT NULL,
    is_enabled {{bool}} NOT NULL,
    roles {{json}} NOT NULL,
    is_deleted {{bool}} NOT NULL
){{table}};
CREATE UNIQUE INDEX uq_service_principal_app_id ON service_principal (app_id) WHERE NOT is_deleted;

CREATE TABLE app_role (
    sp_id {{id}} NOT NULL,
    id {{id}} NOT NULL,
    value {{text}},
    name {{text}} NOT NULL,
    description {{text}},
    is_enabled {{bool}} NOT NULL,
    PRIMARY KEY (sp_id, id)
){{edge}};

CREATE TABLE group_member (
    group_id {{id}} NOT NULL,
    member_id {{id}} NOT NULL,
    member_kind {{enum}} NOT NULL,
    via {{enum}} NOT NULL,
    created_at {{ts}} NOT NULL,
    PRIMARY KEY (group_id, member_id)
){{edge}};
CREATE INDEX ix_group_member_member ON group_member (member_id, group_id);

CREATE TABLE group_closure (
    descendant_id {{id}} NOT NULL,
    ancestor_id {{id}} NOT NULL,
    PRIMARY KEY (descendant_id, ancestor_id)
){{edge}};
CREATE INDEX ix_group_closure_ancestor ON group_closure (ancestor_id, descendant_id);

CREATE TABLE member_change (
    id {{id}} PRIMARY KEY,
    group_id {{id}} NOT NULL,
    member_id {{id}} NOT NULL,
    removed {{bool}} NOT NULL,
    at {{ts}} NOT NULL
){{table}};
CREATE INDEX ix_member_change_group ON member_change (group_id, at);

CREATE TABLE object_link (
    kind {{enum}} NOT NULL,
    object_id {{id}} NOT NULL,
    person_id {{id}} NOT NULL,
    PRIMARY KEY (kind, object_id, person_id)
){{edge}};
CREATE INDEX ix_object_link_person ON object_link (person_id, kind, object_id);

CREATE TABLE app_role_assignment (
    id {{id}} PRIMARY KEY,
    sp_id {{id}} NOT NULL,
    app_role_id {{id}} NOT NULL,
    principal_id {{id}} NOT NULL,
    created_at {{ts}} NOT NULL
){{table}};
CREATE UNIQUE INDEX uq_app_role_assignment ON app_role_assignment (sp_id, app_role_id, principal_id);
CREATE INDEX ix_app_role_assignment_principal ON app_role_assignment (principal_id, id);
CREATE INDEX ix_app_role_assignment_holder ON app_role_assignment (principal_id, sp_id, app_role_id);
CREATE INDEX ix_app_role_assignment_sp ON app_role_assignment (sp_id, id);

CREATE TABLE role_assignment (
    id {{id}} PRIMARY KEY,
    provider {{enum}} NOT NULL,
    role_id {{id}} NOT NULL,
    principal_id {{id}} NOT NULL,
    scope_kind {{enum}} NOT NULL,
    scope_id {{id}} NOT NULL,
    created_at {{ts}} NOT NULL
){{table}};
CREATE UNIQUE INDEX uq_role_assignment ON role_assignment (provider, role_id, principal_id, scope_kind, scope_id);
CREATE INDEX ix_role_assignment_principal ON role_assignment (principal_id);

CREATE TABLE search_term (
    term {{text}} NOT NULL,
    object_id {{id}} NOT NULL,
    PRIMARY KEY (term, object_id)
){{edge}};
CREATE INDEX ix_search_term_object ON search_term (object_id);

CREATE TABLE catalog (
    id {{id}} PRIMARY KEY,
    name {{text}} NOT NULL,
    name_key {{text}} NOT NULL,
    description {{text}},
    unique_name {{text}},
    unique_key {{text}},
    kind {{enum}} NOT NULL,
    state {{enum}} NOT NULL,
    is_external {{bool}} NOT NULL,
    created_at {{ts}} NOT NULL,
    modified_at {{ts}} NOT NULL,
    created_by {{text}} NOT NULL,
    modified_by {{text}} NOT NULL,
    version {{int}} NOT NULL
){{table}};
CREATE UNIQUE INDEX uq_catalog_name ON catalog (name_key);
CREATE UNIQUE INDEX uq_catalog_unique_name ON catalog (unique_key) WHERE unique_key IS NOT NULL;

CREATE TABLE resource (
    id {{id}} PRIMARY KEY,
    catalog_id {{id}} NOT NULL,
    origin_system {{enum}} NOT NULL,
    origin_object {{id}} NOT NULL,
    origin_id {{text}} NOT NULL,
    origin_key {{text}} NOT NULL,
    source_id {{id}},
    kind {{text}} NOT NULL,
    kind_key {{text}} NOT NULL,
    name {{text}} NOT NULL,
    name_key {{text}} NOT NULL,
    description {{text}},
    is_missing {{bool}} NOT NULL,
    added_by {{text}} NOT NULL,
    created_at {{ts}} NOT NULL,
    modified_at {{ts}} NOT NULL
){{table}};
CREATE UNIQUE INDEX uq_resource_origin ON resource (catalog_id, origin_system, origin_key);
CREATE INDEX ix_resource_catalog ON resource (catalog_id, id);
CREATE INDEX ix_resource_origin ON resource (origin_object);

CREATE TABLE resource_role (
    id {{id}} PRIMARY KEY,
    resource_id {{id}} NOT NULL,
    catalog_id {{id}} NOT NULL,
    kind {{enum}} NOT NULL,
    app_role {{id}},
    origin_id {{text}} NOT NULL,
    origin_key {{text}} NOT NULL,
    name {{text}} NOT NULL,
    name_key {{text}} NOT NULL,
    description {{text}}
){{table}};
CREATE UNIQUE INDEX uq_resource_role_origin ON resource_role (resource_id, origin_key);
CREATE INDEX ix_resource_role_catalog ON resource_role (catalog_id, id);

CREATE TABLE resource_scope (
    id {{id}} PRIMARY KEY,
    resource_id {{id}} NOT NULL,
    catalog_id {{id}} NOT NULL,
    origin_id {{text}} NOT NULL,
    origin_key {{text}} NOT NULL
){{table}};
CREATE UNIQUE INDEX uq_resource_scope_origin ON resource_scope (resource_id, origin_key);
CREATE INDEX ix_resource_scope_catalog ON resource_scope (catalog_id, id);

CREATE TABLE resource_request (
    id {{id}} PRIMARY KEY,
    kind {{enum}} NOT NULL,
    catalog_id {{id}} NOT NULL,
    resource_id {{id}} NOT NULL,
    requestor_id {{id}},
    justification {{text}},
    created_at {{ts}} NOT NULL
){{table}};
CREATE INDEX ix_resource_request_catalog ON resource_request (catalog_id, id);

CREATE TABLE package (
    id {{id}} PRIMARY KEY,
    catalog_id {{id}} NOT NULL,
    name {{text}} NOT NULL,
    name_key {{text}} NOT NULL,
    description {{text}},
    unique_name {{text}},
    unique_key {{text}},
    is_hidden {{bool}} NOT NULL,
    scopes_visible {{bool}} NOT NULL,
    created_at {{ts}} NOT NULL,
    modified_at {{ts}} NOT NULL,
    created_by {{text}} NOT NULL,
    modified_by {{text}} NOT NULL,
    version {{int}} NOT NULL
){{table}};
CREATE UNIQUE INDEX uq_package_name ON package (catalog_id, name_key);
CREATE UNIQUE INDEX uq_package_unique_name ON package (unique_key) WHERE unique_key IS NOT NULL;
CREATE INDEX ix_package_name ON package (name_key, id);
CREATE INDEX ix_package_catalog ON package (catalog_id, id);

CREATE TABLE package_role (
    id {{id}} NOT NULL,
    package_id {{id}} NOT NULL,
    role_id {{id}} NOT NULL,
    scope_id {{id}} NOT NULL,
    resource_id {{id}} NOT NULL,
    catalog_id {{id}} NOT NULL,
    created_at {{ts}} NOT NULL,
    created_by {{text}} NOT NULL,
    PRIMARY KEY (package_id, role_id, scope_id)
){{edge}};
CREATE UNIQUE INDEX uq_package_role_id ON package_role (id);
CREATE INDEX ix_package_role_role ON package_role (role_id);
CREATE INDEX ix_package_role_resource ON package_role (resource_id);

CREATE TABLE policy (
    id {{id}} PRIMARY KEY,
    package_id {{id}} NOT NULL,
    catalog_id {{id}} NOT NULL,
    name {{text}} NOT NULL,
    name_key {{text}} NOT NULL,
    scope_kind {{enum}} NOT NULL,
    is_enabled {{bool}} NOT NULL,
    is_auto {{bool}} NOT NULL,
    self_add {{bool}} NOT NULL,
    current_version {{int}} NOT NULL,
    created_at {{ts}} NOT NULL,
    modified_at {{ts}} NOT NULL,
    created_by {{text}} NOT NULL,
    modified_by {{text}} NOT NULL
){{table}};
CREATE INDEX ix_policy_package ON policy (package_id, id);
CREATE INDEX ix_policy_catalog ON policy (catalog_id, id);
CREATE INDEX ix_policy_name ON policy (name_key);

CREATE TABLE policy_version (
    policy_id {{id}} NOT NULL,
    version {{int}} NOT NULL,
    body {{json}} NOT NULL,
    created_at {{ts}} NOT NULL,
    created_by {{text}} NOT NULL,
    PRIMARY KEY (policy_id, version)
){{table}};

CREATE TABLE policy_ref (
    policy_id {{id}} NOT NULL,
    role {{enum}} NOT NULL,
    ref_id {{id}} NOT NULL,
    PRIMARY KEY (policy_id, role, ref_id)
){{edge}};
CREATE INDEX ix_policy_ref_ref ON policy_ref (ref_id, role, policy_id);

CREATE TABLE subject (
    id {{id}} PRIMARY KEY,
    object_id {{id}},
    kind {{enum}} NOT NULL,
    name {{text}} NOT NULL,
    name_key {{text}} NOT NULL,
    email {{text}},
    email_key {{text}},
    principal_name {{text}},
    lifecycle {{enum}} NOT NULL
){{table}};
CREATE UNIQUE INDEX uq_subject_object ON subject (object_id) WHERE object_id IS NOT NULL;
CREATE UNIQUE INDEX uq_subject_email ON subject (email_key) WHERE object_id IS NULL;

CREATE TABLE request (
    id {{id}} PRIMARY KEY,
    kind {{enum}} NOT NULL,
    direction {{enum}} NOT NULL,
    package_id {{id}} NOT NULL,
    policy_id {{id}} NOT NULL,
    policy_version {{int}} NOT NULL,
    catalog_id {{id}} NOT NULL,
    requestor_id {{id}},
    target_id {{id}} NOT NULL,
    assignment_id {{id}},
    state {{enum}} NOT NULL,
    status {{text}} NOT NULL,
    is_open {{bool}} NOT NULL,
    starts_at {{ts}},
    schedule {{json}} NOT NULL,
    justification {{text}},
    answers {{json}} NOT NULL,
    explain {{json}} NOT NULL,
    completed_at {{ts}},
    created_at {{ts}} NOT NULL,
    version {{int}} NOT NULL
){{table}};
CREATE UNIQUE INDEX uq_open_request ON request (package_id, target_id, direction) WHERE is_open;
CREATE INDEX ix_request_package ON request (package_id, state, id);
CREATE INDEX ix_request_target ON request (target_id, package_id, id);
CREATE INDEX ix_request_requestor ON request (requestor_id, id);
CREATE INDEX ix_request_catalog ON request (catalog_id, state, id);
CREATE INDEX ix_request_state ON request (state, id);
CREATE INDEX ix_request_assignment ON request (assignment_id);
CREATE INDEX ix_request_package_id ON request (package_id, id);
CREATE INDEX ix_request_catalog_id ON request (catalog_id, id);
CREATE INDEX ix_request_created ON request (created_at, id);
CREATE INDEX ix_request_policy ON request (policy_id) WHERE is_open;

CREATE TABLE assignment (
    id {{id}} PRIMARY KEY,
    package_id {{id}} NOT NULL,
    policy_id {{id}} NOT NULL,
    policy_version {{int}} NOT NULL,
    catalog_id {{id}} NOT NULL,
    target_id {{id}} NOT NULL,
    request_id {{id}} NOT NULL,
    state {{enum}} NOT NULL,
    status {{text}} NOT NULL,
    is_live {{bool}} NOT NULL,
    starts_at {{ts}} NOT NULL,
    ends_at {{ts}},
    delivered_at {{ts}},
    ended_at {{ts}},
    created_at {{ts}} NOT NULL,
    version {{int}} NOT NULL
){{table}};
CREATE UNIQUE INDEX uq_live_assignment ON assignment (package_id, target_id) WHERE is_live;
CREATE INDEX ix_assignment_package ON assignment (package_id, state, id);
CREATE INDEX ix_assignment_policy ON assignment (policy_id, state, id);
CREATE INDEX ix_assignment_target ON assignment (target_id, package_id, id);
CREATE INDEX ix_assignment_catalog ON assignment (catalog_id, state, id);
CREATE INDEX ix_assignment_state ON assignment (state, id);
CREATE INDEX ix_assignment_package_id ON assignment (package_id, id);
CREATE INDEX ix_assignment_policy_id ON assignment (policy_id, id);
CREATE INDEX ix_assignment_catalog_id ON assignment (catalog_id, id);

CREATE TABLE grant_row (
    id {{id}} PRIMARY KEY,
    subject_id {{id}} NOT NULL,
    resource_id {{id}} NOT NULL,
    role_id {{id}} NOT NULL,
    scope_id {{id}} NOT NULL,
    source_id {{id}},
    desired {{bool}} NOT NULL,
    observed {{enum}} NOT NULL,
    pre_existing {{bool}} NOT NULL,
    attempt {{int}} NOT NULL,
    due_at {{ts}},
    plan {{int}} NOT NULL,
    error {{text}},
    lease_until {{ts}},
    lease_token {{id}}
){{table}};
CREATE UNIQUE INDEX uq_grant ON grant_row (subject_id, role_id, scope_id);
CREATE INDEX ix_grant_due ON grant_row (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX ix_grant_lease ON grant_row (lease_token) WHERE lease_token IS NOT NULL;
CREATE INDEX ix_grant_resource ON grant_row (resource_id, id);

CREATE TABLE assignment_grant (
    assignment_id {{id}} NOT NULL,
    grant_id {{id}} NOT NULL,
    is_live {{bool}} NOT NULL,
    PRIMARY KEY (assignment_id, grant_id)
){{edge}};
CREATE INDEX ix_assignment_grant_grant ON assignment_grant (grant_id, is_live, assignment_id);

CREATE TABLE outbox (
    id {{id}} PRIMARY KEY,
    payload {{json}} NOT NULL,
    due_at {{ts}},
    attempt {{int}} NOT NULL,
    is_parked {{bool}} NOT NULL,
    last_error {{text}},
    lease_until {{ts}},
    lease_token {{id}}
){{table}};
CREATE INDEX ix_outbox_due ON outbox (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX ix_outbox_lease ON outbox (lease_token) WHERE lease_token IS NOT NULL;

CREATE TABLE timer (
    subject_kind {{enum}} NOT NULL,
    subject_id {{id}} NOT NULL,
    fire_at {{ts}} NOT NULL,
    lease_until {{ts}},
    lease_token {{id}},
    PRIMARY KEY (subject_kind, subject_id)
){{edge}};
CREATE INDEX ix_timer_fire ON timer (fire_at);
CREATE INDEX ix_timer_lease ON timer (lease_token) WHERE lease_token IS NOT NULL;

CREATE TABLE mail (
    id {{id}} PRIMARY KEY,
    kind {{text}} NOT NULL,
    kind_key {{text}} NOT NULL,
    recipients {{json}} NOT NULL,
    recipients_list {{text}} NOT NULL,
    subject {{text}} NOT NULL,
    subject_key {{text}} NOT NULL,
    body {{text}} NOT NULL,
    created_at {{ts}} NOT NULL
){{table}};
CREATE INDEX ix_mail_created ON mail (created_at, id);

CREATE TABLE audit_writer (
    id {{id}} PRIMARY KEY,
    started_at {{ts}} NOT NULL,
    previous_id {{id}},
    previous_sequence {{int}},
    previous_hash {{bytes}},
    sealed_sequence {{int}} NOT NULL
){{table}};

CREATE TABLE audit_checkpoint (
    n {{int}} PRIMARY KEY,
    at {{ts}} NOT NULL,
    previous_hash {{bytes}} NOT NULL,
    heads {{json}} NOT NULL,
    signature {{bytes}} NOT NULL
){{table}};

CREATE TABLE job (
    id {{id}} PRIMARY KEY,
    kind {{text}} NOT NULL,
    input {{json}} NOT NULL,
    cursor {{text}},
    total {{int}} NOT NULL,
    done {{int}} NOT NULL,
    failed {{int}} NOT NULL,
    state {{enum}} NOT NULL,
    due_at {{ts}},
    lease_until {{ts}},
    lease_token {{id}}
){{table}};
CREATE INDEX ix_job_due ON job (state, due_at);

CREATE TABLE audit (
    id {{id}} PRIMARY KEY,
    writer_id {{id}} NOT NULL,
    sequence {{int}} NOT NULL,
    at {{ts}} NOT NULL,
    activity {{text}} NOT NULL,
    activity_key {{text}} NOT NULL,
    category_key {{text}} NOT NULL,
    is_entitlement {{bool}} NOT NULL,
    actor_user {{id}},
    actor_app {{id}},
    correlation {{id}} NOT NULL,
    event {{text}} NOT NULL,
    personal {{text}},
    salt {{bytes}},
    digest {{bytes}} NOT NULL,
    hash {{bytes}} NOT NULL
){{table}};
CREATE UNIQUE INDEX uq_audit_sequence ON audit (writer_id, sequence);
CREATE INDEX ix_audit_activity ON audit (activity_key, id);
CREATE INDEX ix_audit_actor ON audit (actor_user, id);
CREATE INDEX ix_audit_correlation ON audit (correlation, id);
CREATE INDEX ix_audit_at ON audit (at, id);

CREATE TABLE audit_target (
    target_id {{id}} NOT NULL,
    audit_id {{id}} NOT NULL,
    PRIMARY KEY (target_id, audit_id)
){{edge}};
CREATE INDEX ix_audit_target_audit ON audit_target (audit_id);

CREATE TABLE idempotency (
    key_hash {{bytes}} PRIMARY KEY,
    answer {{json}} NOT NULL,
    created_at {{ts}} NOT NULL
){{table}};
CREATE INDEX ix_idempotency_created ON idempotency (created_at);
