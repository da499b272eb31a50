-- The rest of the published surface, and of our own.

-- Workflow extensions: calls to systems outside, of a catalog.
CREATE TABLE workflow_extension (
    id {{id}} PRIMARY KEY,
    catalog_id {{id}} NOT NULL,
    kind {{enum}} NOT NULL,
    name {{text}} NOT NULL,
    name_key {{text}} NOT NULL,
    description {{text}},
    settings {{json}} NOT NULL,
    created_at {{ts}} NOT NULL,
    modified_at {{ts}} NOT NULL,
    created_by {{text}} NOT NULL,
    modified_by {{text}} NOT NULL,
    version {{int}} NOT NULL
){{table}};
CREATE UNIQUE INDEX uq_workflow_extension_name ON workflow_extension (catalog_id, name_key);

-- Mails that are not sent under a policy, kind by kind: a list of their names.
ALTER TABLE policy ADD COLUMN mails_off {{text}} NOT NULL DEFAULT '[]';
-- Sites: places with an address and permission groups, and who is in those. Whoever is in a group by an access package has a
-- grant like any other. An environment is where the sites of one host are.
CREATE TABLE site_environment (
    id {{id}} PRIMARY KEY,
    origin_system {{enum}} NOT NULL,
    url {{text}} NOT NULL,
    url_key {{text}} NOT NULL,
    is_default {{bool}} NOT NULL,
    created_at {{ts}} NOT NULL
){{table}};
CREATE UNIQUE INDEX uq_site_environment_url ON site_environment (url_key);

CREATE TABLE site (
    id {{id}} PRIMARY KEY,
    collection_id {{id}} NOT NULL,
    environment_id {{id}} NOT NULL,
    parent_id {{id}},
    host {{text}} NOT NULL,
    url {{text}} NOT NULL,
    url_key {{text}} NOT NULL,
    path_name {{text}} NOT NULL,
    path_name_key {{text}} NOT NULL,
    is_root {{bool}},
    name {{text}} NOT NULL,
    name_key {{text}} NOT NULL,
    description {{text}},
    created_at {{ts}} NOT NULL,
    modified_at {{ts}} NOT NULL,
    version {{int}} NOT NULL
){{table}};
CREATE UNIQUE INDEX uq_site_url ON site (url_key);
CREATE INDEX ix_site_parent ON site (parent_id, id) WHERE parent_id IS NOT NULL;
CREATE INDEX ix_site_environment ON site (environment_id, id);

CREATE TABLE site_group (
    id {{id}} PRIMARY KEY,
    site_id {{id}} NOT NULL,
    number {{int}} NOT NULL,
    number_key {{text}} NOT NULL,
    name {{text}} NOT NULL,
    name_key {{text}} NOT NULL,
    description {{text}}
){{table}};
CREATE UNIQUE INDEX uq_site_group_number ON site_group (site_id, number_key);

CREATE TABLE site_member (
    group_id {{id}} NOT NULL,
    principal_id {{id}} NOT NULL,
    PRIMARY KEY (group_id, principal_id)
){{edge}};
CREATE INDEX ix_site_member_principal ON site_member (principal_id, group_id);

ALTER TABLE resource ADD COLUMN environment_id {{id}};
CREATE INDEX ix_resource_environment ON resource (environment_id, id) WHERE environment_id IS NOT NULL;

-- Delta queries (ADR 17): every change of a directory object (streams 1 to 4, the numbers of the kinds) and of a membership
-- (stream 5), insert-only. `stamp` and `place` are filled by the database: which transaction, and where in it.
CREATE TABLE directory_change (
    place {{place}},
    stamp {{stamp}},
    stream {{enum}} NOT NULL,
    object_id {{id}} NOT NULL,
    member_id {{id}} NOT NULL,
    member_kind {{enum}} NOT NULL,
    removed {{bool}} NOT NULL,
    at {{ts}} NOT NULL
){{table}};
INSERT INTO directory_change (stream, object_id, member_id, member_kind, removed, at)
    SELECT 5, m.group_id, m.member_id, COALESCE(o.kind, 1), m.removed, m.at
    FROM member_change m LEFT JOIN directory_object o ON o.id = m.member_id ORDER BY m.at, m.id;
CREATE UNIQUE INDEX uq_directory_change_stream ON directory_change (stream, stamp, place);
CREATE INDEX ix_directory_change_object ON directory_change (object_id, member_id, stamp, place);
DROP TABLE member_change;

-- Files of assignments: who sent one, as whom its rows are carried out, and what came of each.
CREATE TABLE import_file (
    job_id {{id}} PRIMARY KEY,
    digest {{text}} NOT NULL,
    principal_id {{id}} NOT NULL,
    identity {{json}} NOT NULL,
    is_dry_run {{bool}} NOT NULL
){{table}};
CREATE INDEX ix_import_file_digest ON import_file (digest, principal_id);

CREATE TABLE import_row (
    id {{id}} PRIMARY KEY,
    job_id {{id}} NOT NULL,
    number {{int}} NOT NULL,
    line {{int}} NOT NULL,
    package {{text}} NOT NULL,
    target {{text}} NOT NULL,
    input {{json}} NOT NULL,
    pair_key {{text}},
    state {{enum}} NOT NULL,
    request_id {{id}},
    code {{text}},
    message {{text}}
){{table}};
CREATE UNIQUE INDEX uq_import_row ON import_row (job_id, number);
CREATE INDEX ix_import_row_job ON import_row (job_id, id);
CREATE INDEX ix_import_row_pair ON import_row (job_id, pair_key) WHERE pair_key IS NOT NULL;

-- The overview: assignments of a catalog by their end.
CREATE INDEX ix_assignment_ends ON assignment (catalog_id, ends_at) WHERE is_live AND ends_at IS NOT NULL;

-- Connectors of resources whose origin is outside.
CREATE TABLE origin_connector (
    id {{id}} PRIMARY KEY,
    kind {{enum}} NOT NULL,
    name {{text}} NOT NULL,
    name_key {{text}} NOT NULL,
    description {{text}},
    connection {{json}} NOT NULL,
    created_at {{ts}} NOT NULL,
    modified_at {{ts}} NOT NULL,
    created_by {{text}} NOT NULL,
    modified_by {{text}} NOT NULL,
    version {{int}} NOT NULL
){{table}};
CREATE UNIQUE INDEX uq_origin_connector_name ON origin_connector (name_key);
