-- Databases whose name holds a connection that is no more.
SELECT datname FROM pg_database
WHERE datname ~ '^tenure_test_[0-9x]+_'
    AND NOT EXISTS (
        SELECT 1 FROM pg_stat_activity
        WHERE pid::text || 'x' || (extract(EPOCH FROM backend_start) * 1000)::bigint = split_part(datname, '_', 3)
    )
