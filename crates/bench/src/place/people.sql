SELECT DISTINCT a.target_id FROM assignment a JOIN dir_user u ON u.id = a.target_id
WHERE NOT u.is_deleted AND u.is_enabled AND u.user_type = 1
AND a.package_id IN (SELECT b.package_id FROM assignment b GROUP BY b.package_id HAVING count(*) >= {least})
