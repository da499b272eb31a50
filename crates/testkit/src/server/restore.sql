-- Puts back what was saved, whatever refers to what.
DO $$ DECLARE t text; BEGIN
    SET LOCAL session_replication_role = replica;
    FOR t IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' LOOP
        EXECUTE format('DELETE FROM public.%I', t);
        EXECUTE format('INSERT INTO public.%1$I SELECT * FROM saved.%1$I', t);
    END LOOP;
END $$
