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

-- name: add_events(actors, kinds, subjects, reasons, data)
-- Say several such things, in this order; gives their ids in this order.
INSERT INTO event (actor, kind, subject, reason, data)
SELECT e.actor, e.kind, e.subject, e.reason, e.data
FROM unnest(:actors::text[], :kinds::text[], :subjects::text[], :reasons::text[], :data::jsonb[]) WITH ORDINALITY
     AS e (actor, kind, subject, reason, data, number)
ORDER BY e.number
RETURNING id;

-- name: events_found(actor, kind, subject, words, since, until, rows_max, rows_skipped)
-- Events, the newest first: by who, what, about what, words in the reason, and when; null: any. Index: the key, backwards, or
-- event_subject.
SELECT id, at, actor, kind, subject, reason, data
FROM event
WHERE (:actor::text IS NULL OR actor = :actor) AND (:kind::text IS NULL OR kind = :kind)
  AND (:subject::text IS NULL OR subject = :subject)
  AND (:words::text IS NULL OR strpos(lower(reason), lower(:words)) > 0)
  AND (:since::timestamptz IS NULL OR at >= :since) AND (:until::timestamptz IS NULL OR at < :until)
ORDER BY id DESC
LIMIT :rows_max OFFSET :rows_skipped;
