SELECT p.id, y.id, z.id, p.catalog_id, r.origin_object, r.id, g.role_id, g.scope_id
FROM package p JOIN policy y ON y.package_id = p.id JOIN policy z ON z.package_id = p.id
JOIN package_role g ON g.package_id = p.id JOIN resource r ON r.id = g.resource_id
WHERE EXISTS (SELECT 1 FROM policy_ref f WHERE f.policy_id = z.id AND f.role = 2)
AND NOT EXISTS (SELECT 1 FROM policy_ref f WHERE f.policy_id = y.id AND f.role = 2)
AND (SELECT count(*) FROM assignment a WHERE a.package_id = p.id) >= {least}
ORDER BY p.id
