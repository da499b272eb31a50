SELECT j.id, j.name, j.name_key, j.email, j.email_key, j.principal_name FROM subject j
WHERE j.email IS NOT NULL AND j.email_key IS NOT NULL AND j.principal_name IS NOT NULL
