SELECT q.package_id, q.target_id FROM request q
