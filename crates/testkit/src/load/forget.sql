DROP TABLE sqlite_stat1;
DROP TABLE IF EXISTS sqlite_stat4;
-- Tells open connections to look again.
ANALYZE sqlite_schema;
