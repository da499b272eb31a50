-- Indexes that a statement made, not those that come with a key.
SELECT indexname::text, indexdef FROM pg_indexes
WHERE schemaname = 'public' AND tablename = $1
    AND NOT EXISTS (SELECT 1 FROM pg_constraint WHERE conname = indexname)
ORDER BY indexname
