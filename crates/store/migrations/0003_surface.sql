-- The rest of the published surface.

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
