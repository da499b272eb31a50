-- The number of this connection and the millisecond it began in: numbers are used again, sooner than one thinks.
SELECT pid::text || 'x' || (extract(EPOCH FROM backend_start) * 1000)::bigint
FROM pg_stat_activity WHERE pid = pg_backend_pid()
