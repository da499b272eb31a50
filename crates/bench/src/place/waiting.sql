SELECT q.id, s.id, q.target_id, q.package_id FROM request q JOIN approval_stage s ON s.request_id = q.id
JOIN stage_approver a ON a.request_id = q.id AND a.number = s.number
WHERE a.is_open AND a.principal_id IN
(SELECT b.principal_id FROM stage_approver b GROUP BY b.principal_id HAVING count(*) >= {least})
ORDER BY q.id
