SELECT a.id FROM assignment a ORDER BY a.package_id, a.id LIMIT {limit}
