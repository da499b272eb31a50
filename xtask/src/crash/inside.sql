-- What must hold in the database at any moment, in one snapshot each: a row of an answer is a fault. About the packages,
-- groups and catalogs of the crash proof, whose names begin with "Crash"; {{ours}} is a condition for outbox rows.

-- lost: a role of the package is not held by somebody who has the package, and no job is on its way
SELECT a.id, z.role_id FROM assignment a
  JOIN package p ON p.id = a.package_id JOIN package_role z ON z.package_id = a.package_id
 WHERE p.name_key LIKE 'crash %' AND a.is_live
   AND NOT EXISTS (SELECT 1 FROM job j WHERE j.subject_id = p.id AND j.due_at IS NOT NULL) AND NOT EXISTS (
    SELECT 1 FROM assignment_grant g JOIN grant_row v ON v.id = g.grant_id
     WHERE g.assignment_id = a.id AND g.is_live AND v.role_id = z.role_id AND v.scope_id = z.scope_id
       AND v.subject_id = a.target_id AND v.desired AND v.observed = 1)

-- lost: an assignment is not delivered
SELECT a.id, a.state FROM assignment a JOIN package p ON p.id = a.package_id
 WHERE p.name_key LIKE 'crash %' AND a.is_live AND a.state <> 2

-- lost: an assignment whose request is not done
SELECT a.id FROM assignment a JOIN package p ON p.id = a.package_id LEFT JOIN request r ON r.id = a.request_id
 WHERE p.name_key LIKE 'crash %' AND (r.id IS NULL OR r.state <> 3)

-- doubled: somebody has kept a role that was taken out of the package, and no job is on its way
SELECT g.assignment_id, g.grant_id FROM assignment_grant g
  JOIN assignment a ON a.id = g.assignment_id JOIN package p ON p.id = a.package_id JOIN grant_row v ON v.id = g.grant_id
 WHERE p.name_key LIKE 'crash %' AND g.is_live
   AND NOT EXISTS (SELECT 1 FROM job j WHERE j.subject_id = p.id AND j.due_at IS NOT NULL)
   AND NOT EXISTS (SELECT 1 FROM package_role z
                    WHERE z.package_id = p.id AND z.role_id = v.role_id AND z.scope_id = v.scope_id)

-- lost: a change of an assignment is done, but the assignment is not there
SELECT r.id FROM request r JOIN package p ON p.id = r.package_id
 WHERE p.name_key LIKE 'crash %' AND r.kind IN (2, 5) AND r.state = 3 AND NOT EXISTS (
    SELECT 1 FROM assignment a WHERE a.id = r.assignment_id AND a.package_id = r.package_id AND a.target_id = r.target_id)

-- lost: a request is done, but its assignment is not there
SELECT r.id FROM request r JOIN package p ON p.id = r.package_id
 WHERE p.name_key LIKE 'crash %' AND r.kind IN (1, 4) AND r.state = 3 AND NOT EXISTS (
    SELECT 1 FROM assignment a WHERE a.id = r.assignment_id AND a.request_id = r.id
       AND a.package_id = r.package_id AND a.target_id = r.target_id)

-- lost: an assignment has ended, but no request has ended it
SELECT a.id FROM assignment a JOIN package p ON p.id = a.package_id
 WHERE p.name_key LIKE 'crash %' AND NOT a.is_live AND NOT EXISTS (
    SELECT 1 FROM request r WHERE r.assignment_id = a.id AND r.direction = 2 AND r.state = 3)

-- lost: a removal is done, but the assignment has not ended
SELECT r.id FROM request r JOIN package p ON p.id = r.package_id JOIN assignment a ON a.id = r.assignment_id
 WHERE p.name_key LIKE 'crash %' AND r.direction = 2 AND r.state = 3 AND a.is_live

-- lost: a link has not ended with its assignment, or the other way round; a role that is taken out ends its links
SELECT g.assignment_id, g.grant_id FROM assignment_grant g
  JOIN assignment a ON a.id = g.assignment_id JOIN package p ON p.id = a.package_id
 WHERE p.name_key LIKE 'crash %' AND g.is_live <> a.is_live AND (g.is_live OR p.name_key <> 'crash many')

-- lost: a grant is wished for by nobody, or not wished for by somebody
SELECT v.id FROM grant_row v JOIN resource r ON r.id = v.resource_id
 WHERE r.name_key LIKE 'crash %'
   AND v.desired <> EXISTS (SELECT 1 FROM assignment_grant g WHERE g.grant_id = v.id AND g.is_live)

-- lost: a grant is not as it is wished
SELECT v.id FROM grant_row v JOIN resource r ON r.id = v.resource_id
 WHERE r.name_key LIKE 'crash %' AND v.desired <> (v.observed = 1)

-- lost: a grant is observed, but the membership is not there
SELECT v.id FROM grant_row v JOIN resource r ON r.id = v.resource_id
 WHERE r.name_key LIKE 'crash %' AND v.observed = 1 AND NOT EXISTS (
    SELECT 1 FROM group_member m WHERE m.group_id = r.origin_object AND m.member_id = v.subject_id)

-- doubled: a membership that no grant has given
SELECT m.group_id, m.member_id FROM group_member m JOIN resource r ON r.origin_object = m.group_id
 WHERE r.name_key LIKE 'crash %' AND NOT EXISTS (
    SELECT 1 FROM grant_row v WHERE v.resource_id = r.id AND v.subject_id = m.member_id AND v.observed = 1)

-- doubled: two grants of the same
SELECT subject_id, role_id, scope_id FROM grant_row GROUP BY subject_id, role_id, scope_id HAVING count(*) > 1

-- doubled: two live assignments of the same
SELECT package_id, target_id FROM assignment WHERE is_live GROUP BY package_id, target_id HAVING count(*) > 1

-- doubled: two assignments by one request
SELECT request_id FROM assignment GROUP BY request_id HAVING count(*) > 1

-- doubled: two requests by which one assignment has ended
SELECT r.assignment_id FROM request r JOIN package p ON p.id = r.package_id
 WHERE p.name_key LIKE 'crash %' AND r.direction = 2 AND r.state = 3 GROUP BY r.assignment_id HAVING count(*) > 1

-- lost: an assignment has an end, but no timer looks at it in time
SELECT a.id FROM assignment a JOIN package p ON p.id = a.package_id
 WHERE p.name_key LIKE 'crash %' AND a.is_live AND a.ends_at IS NOT NULL AND NOT EXISTS (
    SELECT 1 FROM timer t WHERE t.subject_kind = 2 AND t.subject_id = a.id AND t.fire_at <= a.ends_at)

-- doubled: a timer looks at an assignment that has ended
SELECT t.subject_id FROM timer t JOIN assignment a ON a.id = t.subject_id
 WHERE t.subject_kind = 2 AND NOT a.is_live

-- lost: access has ended, but a mail about it is neither kept nor to come
SELECT w.n, f.n FROM
 (SELECT count(*) AS n FROM request r JOIN package p ON p.id = r.package_id
   WHERE p.name_key LIKE 'crash %' AND r.direction = 2 AND r.state = 3) w,
 (SELECT (SELECT count(*) FROM mail WHERE kind = 'accessEnded' AND subject LIKE '%Crash %')
       + (SELECT count(*) FROM outbox WHERE CAST(payload AS TEXT) LIKE '%AccessEnded%' AND {{ours}}) AS n) f
 WHERE w.n > f.n

-- doubled: there are more mails than access that has ended
SELECT w.n, f.n FROM
 (SELECT count(*) AS n FROM request r JOIN package p ON p.id = r.package_id
   WHERE p.name_key LIKE 'crash %' AND r.direction = 2 AND r.state = 3) w,
 (SELECT (SELECT count(*) FROM mail WHERE kind = 'accessEnded' AND subject LIKE '%Crash %')
       + (SELECT count(*) FROM outbox WHERE CAST(payload AS TEXT) LIKE '%AccessEnded%' AND {{ours}}) AS n) f
 WHERE w.n < f.n

-- lost: somebody has got what was asked for, but a mail about it is neither kept nor to come
SELECT w.n, f.n FROM
 (SELECT count(*) AS n FROM request r JOIN package p ON p.id = r.package_id
   WHERE p.name_key LIKE 'crash %' AND r.kind = 1 AND r.state = 3) w,
 (SELECT (SELECT count(*) FROM mail WHERE kind = 'accessGranted' AND subject LIKE '%Crash %')
       + (SELECT count(*) FROM outbox WHERE CAST(payload AS TEXT) LIKE '%AccessGranted%' AND {{ours}}) AS n) f
 WHERE w.n > f.n

-- doubled: there are more mails than access that was asked for
SELECT w.n, f.n FROM
 (SELECT count(*) AS n FROM request r JOIN package p ON p.id = r.package_id
   WHERE p.name_key LIKE 'crash %' AND r.kind = 1 AND r.state = 3) w,
 (SELECT (SELECT count(*) FROM mail WHERE kind = 'accessGranted' AND subject LIKE '%Crash %')
       + (SELECT count(*) FROM outbox WHERE CAST(payload AS TEXT) LIKE '%AccessGranted%' AND {{ours}}) AS n) f
 WHERE w.n < f.n

-- doubled: somebody has more mails about an end than access that has ended
SELECT u.upn FROM dir_user u WHERE u.upn_key LIKE 'crash%'
   AND (SELECT count(*) FROM mail m
         WHERE m.kind = 'accessEnded' AND m.subject LIKE '%Crash %' AND m.recipients_list LIKE '%' || u.upn_key || '%')
     > (SELECT count(*) FROM request r JOIN package p ON p.id = r.package_id
         WHERE p.name_key LIKE 'crash %' AND r.target_id = u.id AND r.direction = 2 AND r.state = 3)

-- lost: a request waits for approval, but no stage is open
SELECT r.id FROM request r JOIN package p ON p.id = r.package_id
 WHERE p.name_key LIKE 'crash %' AND r.state = 1
   AND NOT EXISTS (SELECT 1 FROM approval_stage s WHERE s.request_id = r.id AND s.state = 2)

-- lost: every stage was approved, but access was not given
SELECT r.id, r.state FROM request r JOIN package p ON p.id = r.package_id
 WHERE p.name_key = 'crash approved' AND r.kind = 1 AND r.state <> 3
   AND NOT EXISTS (SELECT 1 FROM approval_stage s WHERE s.request_id = r.id AND s.decision <> 1)

-- doubled: access was given, but not every stage was approved
SELECT r.id FROM request r JOIN package p ON p.id = r.package_id
 WHERE p.name_key = 'crash approved' AND r.kind = 1 AND r.state = 3
   AND 2 <> (SELECT count(*) FROM approval_stage s WHERE s.request_id = r.id AND s.decision = 1)

-- lost: a stage was denied, but the request was not
SELECT r.id, r.state FROM request r JOIN approval_stage s ON s.request_id = r.id JOIN package p ON p.id = r.package_id
 WHERE p.name_key LIKE 'crash %' AND s.decision = 2 AND r.state <> 5

-- A request that was withdrawn keeps the stage that was open.
-- doubled: a request has more than one open stage, or was decided and has one
SELECT r.id FROM request r JOIN package p ON p.id = r.package_id
 WHERE p.name_key LIKE 'crash %'
   AND (SELECT count(*) FROM approval_stage s WHERE s.request_id = r.id AND s.state = 2)
     > CASE WHEN r.state IN (1, 7) THEN 1 ELSE 0 END

-- doubled: the audit tells of more decisions than stages were decided
SELECT r.id FROM request r JOIN package p ON p.id = r.package_id
 WHERE p.name_key LIKE 'crash %' AND r.stage IS NOT NULL
   AND (SELECT count(*) FROM audit_target t JOIN audit a ON a.id = t.audit_id WHERE t.target_id = r.id
         AND a.activity_key IN ('approve access package assignment request', 'deny access package assignment request',
                                'approval stage completed for access package assignment request'))
     > (SELECT count(*) FROM approval_stage s WHERE s.request_id = r.id AND s.decision <> 0)

-- lost: the audit does not tell of a decision
SELECT r.id FROM request r JOIN package p ON p.id = r.package_id
 WHERE p.name_key LIKE 'crash %' AND r.stage IS NOT NULL
   AND (SELECT count(*) FROM audit_target t JOIN audit a ON a.id = t.audit_id WHERE t.target_id = r.id
         AND a.activity_key IN ('approve access package assignment request', 'deny access package assignment request',
                                'approval stage completed for access package assignment request'))
     < (SELECT count(*) FROM approval_stage s WHERE s.request_id = r.id AND s.decision <> 0)

-- lost: approvers of a first stage were not asked, by a mail that is kept or to come
SELECT w.n, f.n FROM
 (SELECT count(*) AS n FROM approval_stage s JOIN request r ON r.id = s.request_id JOIN package p ON p.id = r.package_id
   WHERE p.name_key LIKE 'crash %' AND s.number = 1 AND s.opened_at IS NOT NULL) w,
 (SELECT (SELECT count(*) FROM mail WHERE kind = 'decide')
       + (SELECT count(*) FROM outbox WHERE CAST(payload AS TEXT) LIKE '%"Decide"%') AS n) f
 WHERE w.n > f.n

-- doubled: approvers of a first stage were asked more than once
SELECT w.n, f.n FROM
 (SELECT count(*) AS n FROM approval_stage s JOIN request r ON r.id = s.request_id JOIN package p ON p.id = r.package_id
   WHERE p.name_key LIKE 'crash %' AND s.number = 1 AND s.opened_at IS NOT NULL) w,
 (SELECT (SELECT count(*) FROM mail WHERE kind = 'decide')
       + (SELECT count(*) FROM outbox WHERE CAST(payload AS TEXT) LIKE '%"Decide"%') AS n) f
 WHERE w.n < f.n

-- lost: approvers of a later stage were not asked, by a mail that is kept or to come
SELECT w.n, f.n FROM
 (SELECT count(*) AS n FROM approval_stage s JOIN request r ON r.id = s.request_id JOIN package p ON p.id = r.package_id
   WHERE p.name_key LIKE 'crash %' AND s.number > 1 AND s.opened_at IS NOT NULL) w,
 (SELECT (SELECT count(*) FROM mail WHERE kind = 'laterDecide')
       + (SELECT count(*) FROM outbox WHERE CAST(payload AS TEXT) LIKE '%"LaterDecide"%') AS n) f
 WHERE w.n > f.n

-- doubled: approvers of a later stage were asked more than once
SELECT w.n, f.n FROM
 (SELECT count(*) AS n FROM approval_stage s JOIN request r ON r.id = s.request_id JOIN package p ON p.id = r.package_id
   WHERE p.name_key LIKE 'crash %' AND s.number > 1 AND s.opened_at IS NOT NULL) w,
 (SELECT (SELECT count(*) FROM mail WHERE kind = 'laterDecide')
       + (SELECT count(*) FROM outbox WHERE CAST(payload AS TEXT) LIKE '%"LaterDecide"%') AS n) f
 WHERE w.n < f.n

-- lost: somebody was denied, but a mail about it is neither kept nor to come
SELECT w.n, f.n FROM
 (SELECT count(*) AS n FROM request r JOIN package p ON p.id = r.package_id
   WHERE p.name_key LIKE 'crash %' AND r.kind = 1 AND r.state = 5) w,
 (SELECT (SELECT count(*) FROM mail WHERE kind = 'denied' AND subject LIKE '%Crash %')
       + (SELECT count(*) FROM outbox WHERE CAST(payload AS TEXT) LIKE '%"Denied"%' AND {{ours}}) AS n) f
 WHERE w.n > f.n

-- doubled: there are more mails than somebody was denied
SELECT w.n, f.n FROM
 (SELECT count(*) AS n FROM request r JOIN package p ON p.id = r.package_id
   WHERE p.name_key LIKE 'crash %' AND r.kind = 1 AND r.state = 5) w,
 (SELECT (SELECT count(*) FROM mail WHERE kind = 'denied' AND subject LIKE '%Crash %')
       + (SELECT count(*) FROM outbox WHERE CAST(payload AS TEXT) LIKE '%"Denied"%' AND {{ours}}) AS n) f
 WHERE w.n < f.n

-- doubled: there are more mails about approved requests than there are such requests
SELECT w.n, f.n FROM
 (SELECT count(*) AS n FROM request r JOIN package p ON p.id = r.package_id
   WHERE p.name_key LIKE 'crash %' AND r.stage IS NOT NULL AND r.state = 3) w,
 (SELECT (SELECT count(*) FROM mail WHERE kind = 'requestFulfilled' AND subject LIKE '%Crash %')
       + (SELECT count(*) FROM outbox WHERE CAST(payload AS TEXT) LIKE '%"RequestFulfilled"%') AS n) f
 WHERE w.n < f.n

-- lost: a job has ended without having reached everybody
SELECT j.id, j.state, j.done, j.failed FROM job j JOIN package p ON p.id = j.subject_id
 WHERE p.name_key = 'crash many' AND j.due_at IS NULL AND (j.state <> 3 OR j.done < {{holders}} OR j.failed > 0)

-- doubled: a job has reached somebody twice
SELECT j.id, j.done FROM job j JOIN package p ON p.id = j.subject_id
 WHERE p.name_key = 'crash many' AND j.done > {{holders}}

-- doubled: the audit tells of roles given and taken, but not of those that are held
SELECT r.name, (SELECT count(*) FROM grant_row v WHERE v.resource_id = r.id AND v.desired) FROM resource r
 WHERE r.name_key LIKE 'crash many %'
   AND (SELECT coalesce(sum(CASE WHEN a.activity_key LIKE 'fulfill%' THEN 1 ELSE -1 END), 0)
          FROM audit_target t JOIN audit a ON a.id = t.audit_id WHERE t.target_id = r.origin_object
           AND a.activity_key IN ('fulfill access package resource assignment', 'remove access package resource assignment'))
    <> (SELECT count(*) FROM grant_row v WHERE v.resource_id = r.id AND v.desired)

-- lost: an effect was given up
SELECT id, last_error FROM outbox WHERE is_parked

-- lost: a row is missing in the audit
SELECT writer_id FROM audit GROUP BY writer_id HAVING count(*) <> max(sequence) OR min(sequence) <> 1

-- lost: the audit does not know a catalog
SELECT c.id FROM catalog c WHERE c.name_key LIKE 'crash %'
   AND NOT EXISTS (SELECT 1 FROM audit_target t WHERE t.target_id = c.id)

-- lost: the audit does not know a group or a person
SELECT o.id FROM directory_object o WHERE o.display_key LIKE 'crash%'
   AND NOT EXISTS (SELECT 1 FROM audit_target t WHERE t.target_id = o.id)

-- lost: the audit does not know a request
SELECT r.id FROM request r JOIN package p ON p.id = r.package_id
 WHERE p.name_key LIKE 'crash %' AND NOT EXISTS (SELECT 1 FROM audit_target t WHERE t.target_id = r.id)

-- waiting: effects that are still to come
SELECT id FROM outbox WHERE NOT is_parked

-- waiting: jobs that are still to come
SELECT id FROM job WHERE due_at IS NOT NULL
