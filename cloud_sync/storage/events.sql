-- name: add_event(actor, kind, subject, reason, data)$
-- Say who did what, when and why; gives the event's id.
INSERT INTO event (actor, kind, subject, reason, data)
VALUES (:actor, :kind, :subject, :reason, :data)
RETURNING id;

-- name: events_of_subject(subject, rows_max)
-- The history of one subject, oldest first.
SELECT id, at, actor, kind, subject, reason, data
FROM event
WHERE subject = :subject
ORDER BY id
LIMIT :rows_max;
