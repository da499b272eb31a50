ALTER SYSTEM SET max_wal_size = '8GB'
ALTER SYSTEM SET checkpoint_timeout = '1h'
SELECT pg_reload_conf()
