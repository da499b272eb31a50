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
    body {{json}} NOT NULL,
    PRIMARY KEY (organization_id, place)
){{table}};
CREATE INDEX ix_org_identity_value ON org_identity (value_key);

ALTER TABLE subject ADD COLUMN organization_id {{id}};
ALTER TABLE subject ADD COLUMN cleanup_at {{ts}};

ALTER TABLE request ADD COLUMN stage {{int}};
ALTER TABLE request ADD COLUMN reason {{text}};

ALTER TABLE assignment ADD COLUMN notices {{int}} NOT NULL DEFAULT 0;
ALTER TABLE assignment ADD COLUMN is_extended {{bool}} NOT NULL DEFAULT FALSE;

ALTER TABLE policy ADD COLUMN keep_pre_existing {{bool}} NOT NULL DEFAULT FALSE;
ALTER TABLE policy ADD COLUMN remove_out_of_scope {{bool}} NOT NULL DEFAULT FALSE;

ALTER TABLE resource ADD COLUMN attributes {{json}} NOT NULL DEFAULT '[]';

CREATE TABLE assignment_attribute (
    assignment_id {{id}} NOT NULL,
    name {{text}} NOT NULL,
    is_persistent {{bool}} NOT NULL,
    PRIMARY KEY (assignment_id, name)
){{edge}};

ALTER TABLE grant_row ADD COLUMN drift_at {{ts}};
CREATE INDEX ix_grant_drift ON grant_row (drift_at, id) WHERE drift_at IS NOT NULL;

CREATE INDEX ix_role_assignment_scope ON role_assignment (provider, scope_kind, scope_id);

ALTER TABLE job ADD COLUMN subject_id {{id}};
ALTER TABLE job ADD COLUMN catalog_id {{id}};
ALTER TABLE job ADD COLUMN started_at {{ts}};
ALTER TABLE job ADD COLUMN error {{text}};
ALTER TABLE job ADD COLUMN attempt {{int}} NOT NULL DEFAULT 0;
CREATE INDEX ix_job_queue ON job (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX ix_job_lease ON job (lease_token) WHERE lease_token IS NOT NULL;
CREATE INDEX ix_job_subject ON job (subject_id, id) WHERE subject_id IS NOT NULL;

CREATE INDEX ix_grant_unsettled ON grant_row (id) WHERE due_at IS NOT NULL OR error IS NOT NULL;
