-- What was added for the rest of the published surface.

-- Delta queries (ADR 17): every change of a directory object (streams 1 to 4, the numbers of the kinds) and of a membership
-- (stream 5), insert-only. `stamp` and `place` are filled by the database: which transaction, and where in it.
CREATE TABLE directory_change (
    place {{place}},
    stamp {{stamp}},
    stream {{enum}} NOT NULL,
    object_id {{id}} NOT NULL,
    member_id {{id}} NOT NULL,
    member_kind {{enum}} NOT NULL,
    removed {{bool}} NOT NULL,
    at {{ts}} NOT NULL
){{table}};
INSERT INTO directory_change (stream, object_id, member_id, member_kind, removed, at)
    SELECT 5, m.group_id, m.member_id, COALESCE(o.kind, 1), m.removed, m.at
    FROM member_change m LEFT JOIN directory_object o ON o.id = m.member_id ORDER BY m.at, m.id;
CREATE UNIQUE INDEX uq_directory_change_stream ON directory_change (stream, stamp, place);
CREATE INDEX ix_directory_change_object ON directory_change (object_id, member_id, stamp, place);
DROP TABLE member_change;
