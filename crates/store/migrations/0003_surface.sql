-- The rest of the published surface, and of our own.

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
