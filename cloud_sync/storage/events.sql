-- name: add_event(actor, kind, subject, reason, data)$
-- Say who did what, when and why; gives the event's id.
INSERT INTO event (actor, kind, subject, reason, data)
VALUES (:actor, :kind, :subject, :reason, :data)
RETURNING id;

-- name: audit_trail(subject, person, kind, places, gateway_record, happened_from, happened_until, recorded_from, recorded_until, after_id, rows_max)
-- Events by whatever is asked, in the order of their recording. Indexes: event_subject, event_person, event_kind, event_at.
SELECT e.id, e.at, happened_at(e.data, e.at) AS happened_at, e.actor, e.kind, e.subject, e.reason, e.data,
       e.data ->> 'said_at' AS gateway_record
FROM event e
WHERE e.id > :after_id
  AND (:subject::text IS NULL OR e.subject = :subject)
  AND (:person::text IS NULL OR person_of(e.actor) = :person)
  AND (:kind::text IS NULL OR e.kind = :kind)
  AND (:gateway_record::text IS NULL
       OR e.subject = 'gateway:' || split_part(:gateway_record, '/', 1) AND e.data ->> 'said_at' = :gateway_record)
  AND (:recorded_from::timestamptz IS NULL OR e.at >= :recorded_from)
  AND (:recorded_until::timestamptz IS NULL OR e.at < :recorded_until)
  AND (:happened_from::timestamptz IS NULL OR happened_at(e.data, e.at) >= :happened_from)
  AND (:happened_until::timestamptz IS NULL OR happened_at(e.data, e.at) < :happened_until)
  AND (:places::text[] IS NULL
       OR starts_with(e.subject, 'place:') AND substr(e.subject, 7) = ANY(:places)
       OR ARRAY[e.data ->> 'place', e.data ->> 'from', e.data ->> 'to', e.data ->> 'from_place', e.data ->> 'to_place',
                e.data ->> 'before', e.data -> 'request' ->> 'place', e.data -> 'request' ->> 'from_place',
                e.data -> 'request' ->> 'to_place'] && :places::text[])
ORDER BY e.id
LIMIT :rows_max;

-- name: place_and_below(name)
-- A place and all in it. Index: place_ancestors.
SELECT below.name
FROM place p JOIN place below ON below.ancestors @> ARRAY[p.id]
WHERE p.name = :name;

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
