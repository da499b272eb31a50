SELECT p.id, y.id, r.origin_object FROM package p JOIN policy y ON y.package_id = p.id
JOIN package_role g ON g.package_id = p.id JOIN resource r ON r.id = g.resource_id
WHERE (SELECT count(*) FROM assignment a WHERE a.package_id = p.id) >= {least}
