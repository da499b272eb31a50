-- read: the versions of the schema
SELECT version, checksum FROM schema_version ORDER BY version

-- change: a version that this program cannot know
INSERT INTO schema_version (version, checksum) VALUES (999, 'of a later release');
