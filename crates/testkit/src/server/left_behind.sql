-- Databases whose name holds the number of a connection that is no more.
SELECT datname FROM pg_database
WHERE datname ~ '^tenure_test_[0-9]+_'
    AND NOT EXISTS (SELECT 1 FROM pg_stat_activity WHERE pid::text = split_part(datname, '_', 3))
