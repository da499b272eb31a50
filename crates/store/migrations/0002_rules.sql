-- The rules of access: approval, delegation of approvals, separation of duties, connected organizations, drift, jobs.

CREATE TABLE approval_stage (
    request_id {{id}} NOT NULL,
    number {{int}} NOT NULL,
    id {{id}} NOT NULL,
    state {{enum}} NOT NULL,
    opened_at {{ts}},
    remind_at {{ts}},
    escalate_at {{ts}},
    deadline_at {{ts}},
    is_escalated {{bool}} NOT NULL,
    decision {{enum}} NOT NULL,
    decided_by {{id}},
    decided_for {{id}},
    decided_at {{ts}},
    justification {{text}},
    PRIMARY KEY (request_id, number)
){{edge}};
CREATE UNIQUE INDEX uq_approval_stage_id ON approval_stage (id);
CREATE INDEX ix_approval_stage_decided ON approval_stage (decided_by, request_id) WHERE decided_by IS NOT NULL;

CREATE TABLE stage_approver (
    request_id {{id}} NOT NULL,
    number {{int}} NOT NULL,
    principal_id {{id}} NOT NULL,
    part {{enum}} NOT NULL,
    is_group {{bool}} NOT NULL,
    is_open {{bool}} NOT NULL,
    PRIMARY KEY (request_id, number, principal_id, part)
){{edge}};
CREATE INDEX ix_stage_approver_principal ON stage_approver (principal_id, is_open, request_id);

CREATE TABLE delegation (
    id {{id}} PRIMARY KEY,
    from_id {{id}} NOT NULL,
    to_id {{id}} NOT NULL,
    starts_at {{ts}} NOT NULL,
    ends_at {{ts}},
    created_at {{ts}} NOT NULL
){{table}};
CREATE UNIQUE INDEX uq_delegation_from ON delegation (from_id);
CREATE INDEX ix_delegation_to ON delegation (to_id);

CREATE TABLE incompatibility (
    package_id {{id}} NOT NULL,
    kind {{enum}} NOT NULL,
    other_id {{id}} NOT NULL,
    PRIMARY KEY (package_id, kind, other_id)
){{edge}};
CREATE INDEX ix_incompatibility_other ON incompatibility (kind, other_id, package_id);

CREATE TABLE organization (
    id {{id}} PRIMARY KEY,
    name {{text}} NOT NULL,
    name_key {{text}} NOT NULL,
    description {{text}},
    identity_sources {{json}} NOT NULL,
    state {{enum}} NOT NULL,
    created_at {{ts}} NOT NULL,
    modified_at {{ts}} NOT NULL,
    created_by {{text}} NOT NULL,
    modified_by {{text}} NOT NULL,
    version {{int}} NOT NULL
){{table}};
CREATE UNIQUE INDEX uq_organization_name ON organization (name_key);

CREATE TABLE org_identity (
    organization_id {{id}} NOT NULL,
    place {{int}} NOT NULL,
    kind {{enum}} NOT NULL,
    value_key {{text}} NOT NULL,
    PRIMARY KEY (organization_id, place)
){{table}};
CREATE INDEX ix_org_identity_value ON org_identity (value_key, organization_id);

-- The domain a guest is at home in, folded: that of his address, else the one his user principal name holds before its
-- mark. Both databases can cut characters off an end, and neither finds the last of them: all but the mark is cut off, and
-- that is how long it was.
ALTER TABLE dir_user ADD COLUMN home_key {{text}};
UPDATE dir_user SET home_key = CASE WHEN mail_key LIKE '%!@%' ESCAPE '!' THEN substr(mail_key, length(rtrim(mail_key, replace(mail_key, '@', ''))) + 1) END WHERE user_type = 2 AND mail_key IS NOT NULL;
UPDATE dir_user SET home_key = CASE WHEN substr(upn_key, 1, length(rtrim(upn_key, replace(upn_key, '#', ''))) - 5) LIKE '%!_%' ESCAPE '!' THEN substr(substr(upn_key, 1, length(rtrim(upn_key, replace(upn_key, '#', ''))) - 5), length(rtrim(substr(upn_key, 1, length(rtrim(upn_key, replace(upn_key, '#', ''))) - 5), replace(substr(upn_key, 1, length(rtrim(upn_key, replace(upn_key, '#', ''))) - 5), '_', ''))) + 1) END WHERE user_type = 2 AND mail_key IS NULL AND upn_key LIKE '%#ext#@%';
UPDATE dir_user SET home_key = substr(upn_key, length(rtrim(upn_key, replace(upn_key, '@', ''))) + 1) WHERE user_type = 2 AND mail_key IS NULL AND upn_key LIKE '%@%' AND upn_key NOT LIKE '%#ext#@%';

ALTER TABLE subject ADD COLUMN organization_id {{id}};
ALTER TABLE subject ADD COLUMN cleanup_at {{ts}};
CREATE INDEX ix_subject_organization ON subject (organization_id, id) WHERE organization_id IS NOT NULL;

ALTER TABLE request ADD COLUMN stage {{int}};
ALTER TABLE request ADD COLUMN reason {{text}};
ALTER TABLE request ADD COLUMN credentials {{json}} NOT NULL DEFAULT '[]';

ALTER TABLE assignment ADD COLUMN notices {{int}} NOT NULL DEFAULT 0;
ALTER TABLE assignment ADD COLUMN is_extended {{bool}} NOT NULL DEFAULT FALSE;
ALTER TABLE assignment ADD COLUMN is_ending {{bool}} NOT NULL DEFAULT FALSE;
UPDATE assignment SET is_ending = TRUE WHERE is_live AND EXISTS (SELECT 1 FROM request q
    WHERE q.package_id = assignment.package_id AND q.target_id = assignment.target_id AND q.direction = 2 AND q.is_open);

ALTER TABLE policy ADD COLUMN keep_pre_existing {{bool}} NOT NULL DEFAULT FALSE;
ALTER TABLE policy ADD COLUMN remove_out_of_scope {{bool}} NOT NULL DEFAULT FALSE;
ALTER TABLE policy ADD COLUMN on_behalf {{bool}} NOT NULL DEFAULT FALSE;

ALTER TABLE resource ADD COLUMN attributes {{json}} NOT NULL DEFAULT '[]';

CREATE TABLE assignment_attribute (
    assignment_id {{id}} NOT NULL,
    name {{text}} NOT NULL,
    is_persistent {{bool}} NOT NULL,
    value {{text}} NOT NULL,
    PRIMARY KEY (assignment_id, name)
){{edge}};

-- Values of schema extensions, folded, so that filters find them by index.
CREATE TABLE extension_value (
    object_id {{id}} NOT NULL,
    name_key {{text}} NOT NULL,
    value_key {{text}} NOT NULL,
    PRIMARY KEY (object_id, name_key)
){{edge}};
CREATE INDEX ix_extension_value ON extension_value (name_key, value_key, object_id);

ALTER TABLE grant_row ADD COLUMN drift_at {{ts}};
CREATE INDEX ix_grant_drift ON grant_row (drift_at, id) WHERE drift_at IS NOT NULL;

CREATE INDEX ix_role_assignment_scope ON role_assignment (provider, scope_kind, scope_id);
ALTER TABLE role_assignment ADD COLUMN scope_key {{text}};
CREATE INDEX ix_role_assignment_scope_key ON role_assignment (scope_key, id) WHERE scope_key IS NOT NULL;

-- The built-in roles of entitlement management; a test holds them to those that the rules know.
CREATE TABLE role_definition (
    id {{id}} PRIMARY KEY,
    name {{text}} NOT NULL,
    name_key {{text}} NOT NULL,
    is_built_in {{bool}} NOT NULL,
    actions {{json}} NOT NULL
){{table}};
INSERT INTO role_definition (id, name, name_key, is_built_in, actions) VALUES
    ({{guid:ae79f26694d44dabb730feca7e132178}}, 'Catalog owner', 'catalog owner', TRUE,
        '["microsoft.entitlementManagement/allEntities/allTasks"]'),
    ({{guid:44272f93976248e8af591b5351b1d6b3}}, 'Catalog reader', 'catalog reader', TRUE,
        '["microsoft.entitlementManagement/allEntities/Read"]'),
    ({{guid:7f480852ebdc47d487de0d8498384a83}}, 'AccessPackages manager', 'accesspackages manager', TRUE,
        '["microsoft.entitlementManagement/AccessPackageCatalog/AccessPackage/allTasks","microsoft.entitlementManagement/AccessPackageCatalog/allEntities/Read"]'),
    ({{guid:ba92d953d8e04e39a7970cbedb0a89e8}}, 'Catalog creator', 'catalog creator', TRUE,
        '["microsoft.entitlementManagement/AccessPackageCatalog/Create"]'),
    ({{guid:e2182095804a4656ae1164734e9b7ae5}}, 'AccessPackage assignment manager', 'accesspackage assignment manager', TRUE,
        '["microsoft.entitlementManagement/AccessPackage/GrantRequests/allTasks","microsoft.entitlementManagement/AccessPackage/Grants/allTasks","microsoft.entitlementManagement/AccessPackageCatalog/allEntities/Read"]'),
    ({{guid:e65cf63f9cc24b488871cb667e9d90fb}}, 'Connected Organization Administrator', 'connected organization administrator', TRUE,
        '["microsoft.entitlementManagement/ConnectedOrganizations/allTasks"]');

ALTER TABLE job ADD COLUMN subject_id {{id}};
ALTER TABLE job ADD COLUMN catalog_id {{id}};
ALTER TABLE job ADD COLUMN started_at {{ts}};
ALTER TABLE job ADD COLUMN error {{text}};
ALTER TABLE job ADD COLUMN attempt {{int}} NOT NULL DEFAULT 0;
CREATE INDEX ix_job_queue ON job (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX ix_job_lease ON job (lease_token) WHERE lease_token IS NOT NULL;
CREATE INDEX ix_job_subject ON job (subject_id, id) WHERE subject_id IS NOT NULL;

CREATE INDEX ix_grant_unsettled ON grant_row (id) WHERE due_at IS NOT NULL OR error IS NOT NULL;
