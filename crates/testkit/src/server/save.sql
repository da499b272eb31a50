-- Keeps a copy of every table beside it.
DO $$ DECLARE t text; BEGIN
    CREATE SCHEMA saved;
    FOR t IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' LOOP
        EXECUTE format('CREATE TABLE saved.%1$I AS TABLE public.%1$I', t);
    END LOOP;
END $$
