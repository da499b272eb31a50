-- Damage that a proof must find, done to the file of a server that is stopped. The kind says what the proof must call it.

-- lost: a catalog
DELETE FROM catalog WHERE id = (SELECT id FROM catalog WHERE name_key LIKE 'crash 1 %' LIMIT 1);

-- doubled: a group
CREATE TEMP TABLE twin AS SELECT * FROM directory_object WHERE display_key LIKE 'crash 1 %' LIMIT 1;
CREATE TEMP TABLE twin_group AS SELECT * FROM dir_group WHERE id = (SELECT id FROM twin);
UPDATE twin SET id = randomblob(16);
UPDATE twin_group SET id = (SELECT id FROM twin);
INSERT INTO directory_object SELECT * FROM twin;
INSERT INTO dir_group SELECT * FROM twin_group;

-- lost: a membership
DELETE FROM group_member WHERE (group_id, member_id) = (
    SELECT m.group_id, m.member_id FROM group_member m JOIN resource r ON r.origin_object = m.group_id
     WHERE r.name_key = 'crash lasting' LIMIT 1);

-- doubled: a membership
CREATE TEMP TABLE twin AS SELECT m.* FROM group_member m JOIN resource r ON r.origin_object = m.group_id
 WHERE r.name_key = 'crash lasting' LIMIT 1;
UPDATE twin SET member_id = (SELECT id FROM dir_user WHERE upn_key LIKE 'manager@%');
INSERT INTO group_member SELECT * FROM twin;

-- lost: the change of a person
UPDATE directory_object SET attrs = replace(attrs, '"Crash ', '"Krach ') WHERE attrs LIKE '%"Crash %';

-- lost: a mail
DELETE FROM mail WHERE id = (SELECT id FROM mail WHERE kind = 'accessEnded' AND subject LIKE '%Crash %' LIMIT 1);

-- doubled: a mail
CREATE TEMP TABLE twin AS SELECT * FROM mail WHERE kind = 'accessEnded' AND subject LIKE '%Crash %' LIMIT 1;
UPDATE twin SET id = randomblob(16);
INSERT INTO mail SELECT * FROM twin;

-- lost: a timer
DELETE FROM timer WHERE subject_id = (
    SELECT a.id FROM assignment a JOIN package p ON p.id = a.package_id
     WHERE p.name_key = 'crash ending' AND a.is_live LIMIT 1);

-- doubled: a request
CREATE TEMP TABLE twin AS SELECT r.* FROM request r JOIN package p ON p.id = r.package_id
 WHERE p.name_key = 'crash lasting' AND r.direction = 1 LIMIT 1;
UPDATE twin SET id = randomblob(16);
INSERT INTO request SELECT * FROM twin;

-- lost: a request, with its assignment
CREATE TEMP TABLE gone AS SELECT r.id FROM request r JOIN package p ON p.id = r.package_id
 WHERE p.name_key = 'crash asked' LIMIT 1;
DELETE FROM assignment WHERE request_id IN (SELECT id FROM gone);
DELETE FROM request WHERE id IN (SELECT id FROM gone);

-- lost: what a grant has given
UPDATE grant_row SET observed = 0 WHERE id = (
    SELECT v.id FROM grant_row v JOIN resource r ON r.id = v.resource_id
     WHERE r.name_key = 'crash lasting' AND v.observed = 1 LIMIT 1);

-- doubled: a grant
DROP INDEX uq_grant;
CREATE TEMP TABLE twin AS SELECT v.* FROM grant_row v JOIN resource r ON r.id = v.resource_id
 WHERE r.name_key = 'crash lasting' LIMIT 1;
UPDATE twin SET id = randomblob(16);
INSERT INTO grant_row SELECT * FROM twin;

-- lost: the half of an assignment
UPDATE assignment SET is_live = 0, state = 3 WHERE id = (
    SELECT a.id FROM assignment a JOIN package p ON p.id = a.package_id
     WHERE p.name_key = 'crash lasting' AND a.is_live LIMIT 1);

-- doubled: an assignment that was taken away
UPDATE assignment SET is_live = 1, state = 2 WHERE id = (
    SELECT a.id FROM assignment a JOIN package p ON p.id = a.package_id
     WHERE p.name_key = 'crash lasting' AND NOT a.is_live AND NOT EXISTS (
        SELECT 1 FROM assignment b WHERE b.target_id = a.target_id AND b.package_id = a.package_id AND b.is_live)
     LIMIT 1);

-- lost: a decision
UPDATE approval_stage SET decision = 0, justification = NULL WHERE id = (
    SELECT s.id FROM approval_stage s JOIN request r ON r.id = s.request_id WHERE s.decision = 1 AND r.state = 3
       AND s.justification LIKE 'Crash %' LIMIT 1);

-- lost: what was said with a decision
UPDATE approval_stage SET justification = 'Krach' WHERE id = (
    SELECT id FROM approval_stage WHERE decision = 2 AND justification LIKE 'Crash %' LIMIT 1);

-- doubled: a decision
CREATE TEMP TABLE twin AS SELECT a.* FROM audit a JOIN audit_target t ON t.audit_id = a.id
  JOIN approval_stage s ON s.request_id = t.target_id
 WHERE s.justification LIKE 'Crash %' AND a.activity_key = 'approve access package assignment request' LIMIT 1;
CREATE TEMP TABLE twin_target AS SELECT t.* FROM audit_target t WHERE t.audit_id = (SELECT id FROM twin);
UPDATE twin SET id = randomblob(16), sequence = (SELECT max(a.sequence) + 1 FROM audit a WHERE a.writer_id = twin.writer_id);
UPDATE twin_target SET audit_id = (SELECT id FROM twin);
INSERT INTO audit SELECT * FROM twin;
INSERT INTO audit_target SELECT * FROM twin_target;

-- lost: access that was approved
UPDATE request SET state = 1 WHERE id = (
    SELECT r.id FROM request r JOIN package p ON p.id = r.package_id
     WHERE p.name_key = 'crash approved' AND r.kind = 1 AND r.state = 3 LIMIT 1);

-- doubled: access that was denied
UPDATE request SET state = 3 WHERE id = (
    SELECT r.id FROM request r JOIN package p ON p.id = r.package_id
     WHERE p.name_key = 'crash approved' AND r.kind = 1 AND r.state = 5 LIMIT 1);

-- doubled: a stage that is open
UPDATE approval_stage SET state = 2 WHERE id = (
    SELECT id FROM approval_stage WHERE decision = 1 AND justification LIKE 'Crash %' LIMIT 1);

-- lost: an end that was set
UPDATE assignment SET ends_at = ends_at - 1000000 WHERE id = (
    SELECT a.id FROM assignment a JOIN package p ON p.id = a.package_id
     WHERE p.name_key = 'crash approved' AND a.is_live LIMIT 1);

-- lost: a mail to approvers
DELETE FROM mail WHERE id = (SELECT id FROM mail WHERE kind = 'laterDecide' LIMIT 1);

-- doubled: a mail to approvers
CREATE TEMP TABLE twin AS SELECT * FROM mail WHERE kind = 'decide' LIMIT 1;
UPDATE twin SET id = randomblob(16);
INSERT INTO mail SELECT * FROM twin;

-- doubled: a mail about a denial
CREATE TEMP TABLE twin AS SELECT * FROM mail WHERE kind = 'denied' AND subject LIKE '%Crash %' LIMIT 1;
UPDATE twin SET id = randomblob(16);
INSERT INTO mail SELECT * FROM twin;

-- lost: the end of a job
UPDATE job SET state = 2, done = done - 10 WHERE id = (
    SELECT j.id FROM job j JOIN package p ON p.id = j.subject_id WHERE p.name_key = 'crash many' LIMIT 1);

-- doubled: somebody whom a job has reached
UPDATE job SET done = done + 1 WHERE id = (
    SELECT j.id FROM job j JOIN package p ON p.id = j.subject_id WHERE p.name_key = 'crash many' LIMIT 1);

-- doubled: a job
CREATE TEMP TABLE twin AS SELECT j.* FROM job j JOIN package p ON p.id = j.subject_id
 WHERE p.name_key = 'crash many' LIMIT 1;
UPDATE twin SET id = randomblob(16);
INSERT INTO job SELECT * FROM twin;

-- lost: a role that a job has given
DELETE FROM group_member WHERE (group_id, member_id) = (
    SELECT m.group_id, m.member_id FROM group_member m JOIN resource r ON r.origin_object = m.group_id
     WHERE r.name_key LIKE 'crash many %' LIMIT 1);

-- doubled: a row of the audit about a role that a job has given
CREATE TEMP TABLE twin AS SELECT a.* FROM audit a JOIN audit_target t ON t.audit_id = a.id
  JOIN resource r ON r.origin_object = t.target_id
 WHERE r.name_key LIKE 'crash many %' AND a.activity_key = 'fulfill access package resource assignment' LIMIT 1;
CREATE TEMP TABLE twin_target AS SELECT t.* FROM audit_target t WHERE t.audit_id = (SELECT id FROM twin);
UPDATE twin SET id = randomblob(16), sequence = (SELECT max(a.sequence) + 1 FROM audit a WHERE a.writer_id = twin.writer_id);
UPDATE twin_target SET audit_id = (SELECT id FROM twin);
INSERT INTO audit SELECT * FROM twin;
INSERT INTO audit_target SELECT * FROM twin_target;

-- lost: an effect that was given up
INSERT INTO outbox (id, payload, due_at, attempt, is_parked, last_error) VALUES (randomblob(16), '{}', NULL, 20, 1, 'x');

-- lost: a row of the audit
DELETE FROM audit WHERE id = (SELECT id FROM audit WHERE sequence > 10 LIMIT 1);

-- lost: how far the clock was moved
UPDATE tenant SET clock_offset = 0;
