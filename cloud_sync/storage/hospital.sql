-- name: add_message(document_id, connection_name, format, kind, control_id, site, owner, received_at)$
-- Keep what a message is; gives its id, null if the site or the owner is unknown.
INSERT INTO hospital_message (document_id, connection, format, kind, control_id, site_id, owner, received_at)
SELECT :document_id, :connection_name, :format, :kind, :control_id, s.id, o.name, :received_at
FROM owner o LEFT JOIN place s ON s.name = :site AND s.kind = 'site'
WHERE o.name = :owner AND (:site::text IS NULL OR s.id IS NOT NULL)
RETURNING id;

-- name: set_scope(message_id, site, owner)!
-- The site and the owner that a message speaks for, as they are now; no row if one of them is unknown.
UPDATE hospital_message m SET site_id = s.id, owner = o.name
FROM owner o LEFT JOIN place s ON s.name = :site AND s.kind = 'site'
WHERE m.id = :message_id AND o.name = :owner AND (:site::text IS NULL OR s.id IS NOT NULL);

-- name: message_of_document(document_id)^
-- The message that a document is, with what became of it last.
SELECT m.id, m.control_id, o.outcome, o.answer, o.text, o.faults, o.map_sha256, o.id AS outcome_id
FROM hospital_message m
LEFT JOIN LATERAL (SELECT * FROM hospital_outcome WHERE message_id = m.id ORDER BY id DESC LIMIT 1) AS o ON true
WHERE m.document_id = :document_id;

-- name: message_with_control_id(connection_name, control_id, but_id)$
-- The first message of a connection with this control id, besides one.
SELECT id FROM hospital_message
WHERE connection = :connection_name AND control_id = :control_id AND id <> :but_id ORDER BY id LIMIT 1;

-- name: add_outcome(message_id, outcome, answer, text, faults, map_sha256, by_whom, at)$
-- Keep what became of a message; gives its id.
INSERT INTO hospital_outcome (message_id, outcome, answer, text, faults, map_sha256, by_whom, at)
VALUES (:message_id, :outcome, :answer, :text, :faults, :map_sha256, :by_whom, :at)
RETURNING id;

-- name: message(id)^
-- A message with its bytes and what became of it last.
SELECT m.id, m.document_id, m.connection, m.format, m.kind, m.control_id, s.name AS site, m.owner, m.received_at, d.content,
       d.bytes, encode(d.sha256, 'hex') AS sha256, o.outcome, o.answer, o.text, o.faults
FROM hospital_message m
JOIN interop_document d ON d.id = m.document_id
LEFT JOIN place s ON s.id = m.site_id
LEFT JOIN LATERAL (SELECT * FROM hospital_outcome WHERE message_id = m.id ORDER BY id DESC LIMIT 1) AS o ON true
WHERE m.id = :id;

-- name: outcomes(message_id)
-- What became of a message each time, the first first.
SELECT o.outcome, o.answer, o.text, o.faults, o.map_sha256, o.by_whom, o.at
FROM hospital_outcome o WHERE o.message_id = :message_id ORDER BY o.id;

-- name: messages_listed(connection_name, outcome, words, rows_max, rows_skipped)
-- Messages, the latest first, of one connection and outcome ('': any), with these words ('': any). Index: hospital_message_pkey.
SELECT m.id, m.connection, m.format, m.kind, m.control_id, m.received_at, d.bytes, o.outcome, o.answer, o.text AS told
FROM hospital_message m
JOIN interop_document d ON d.id = m.document_id
LEFT JOIN LATERAL (SELECT * FROM hospital_outcome WHERE message_id = m.id ORDER BY id DESC LIMIT 1) AS o ON true
WHERE (:connection_name = '' OR m.connection = :connection_name) AND (:outcome = '' OR o.outcome = :outcome)
  AND (:words = '' OR strpos(lower(m.control_id), lower(:words)) > 0 OR strpos(lower(m.kind), lower(:words)) > 0
       OR strpos(lower(m.connection), lower(:words)) > 0 OR strpos(lower(o.text), lower(:words)) > 0)
ORDER BY m.id DESC
LIMIT :rows_max OFFSET :rows_skipped;

-- name: facts_out_of_scope(message_ids, from_names, to_names)
-- Of facts of messages (number counts from 1) between places that are known, those that their connection may not speak for:
-- an end is in another site than its own, or neither is in a site.
SELECT l.number, m.connection
FROM unnest(:message_ids::bigint[], :from_names::text[], :to_names::text[]) WITH ORDINALITY
     AS l (message_id, from_name, to_name, number)
JOIN hospital_message m ON m.id = l.message_id AND m.site_id IS NOT NULL
JOIN place f ON f.name = l.from_name
JOIN place t ON t.name = l.to_name
WHERE coalesce(place_scope(f.kind, f.ancestors), m.site_id) <> m.site_id
   OR coalesce(place_scope(t.kind, t.ancestors), m.site_id) <> m.site_id
   OR coalesce(place_scope(f.kind, f.ancestors), place_scope(t.kind, t.ancestors)) IS NULL
ORDER BY l.number;

-- name: open_cases_of_facts(facts, kinds)
-- Cases that are open because of these facts, or on the lots that they moved. Index: exception_case_key, movement_fact_key,
-- exception_case_lot.
SELECT k.id, k.kind, k.text FROM exception_case k
WHERE k.kind = ANY(:kinds) AND k.key = ANY(:facts) AND k.resolved_at IS NULL
UNION
SELECT k.id, k.kind, k.text
FROM movement m JOIN exception_case k ON k.lot_id = m.lot_id AND k.resolved_at IS NULL
WHERE m.fact = ANY(:facts)
  AND (k.kind NOT IN ('negative_balance', 'duplicate_serial') AND k.key = m.fact OR k.data ->> 'fact' = m.fact
       OR k.kind = 'negative_balance' AND strpos(k.key, '/place:' || m.from_place) > 0)
ORDER BY id;

-- name: keep_patient(fact, patient)!
-- For whom a fact was.
INSERT INTO hospital_patient (fact, patient) VALUES (:fact, :patient) ON CONFLICT DO NOTHING;

-- name: erase_messages_about(patient)!
-- Nobody reads again what named this patient (a token); the digests stay. Index: hospital_patient_patient.
UPDATE interop_document d SET content = NULL
FROM hospital_patient h
JOIN hospital_message m ON m.id = split_part(split_part(h.fact, '/', 2), '#', 1)::bigint
WHERE h.patient = :patient AND d.id = m.document_id AND d.content IS NOT NULL;

-- name: not_understood(connection_name)$
-- How many messages of a connection wait for a mended field map, or for a person.
SELECT count(*) FROM hospital_message m
JOIN LATERAL (SELECT outcome FROM hospital_outcome WHERE message_id = m.id ORDER BY id DESC LIMIT 1) AS o ON true
WHERE m.connection = :connection_name AND o.outcome = 'not_understood';

-- name: places_outside_scope(message_id, names)
-- Those of these places that the connection of a message may not speak for.
SELECT p.name
FROM hospital_message m JOIN place p ON p.name = ANY(:names)
WHERE m.id = :message_id AND m.site_id IS NOT NULL AND place_scope(p.kind, p.ancestors) <> m.site_id;

-- name: zone_of_site(name)$
-- The time zone of a site, if somebody has said it.
SELECT zone FROM place WHERE name = :name AND is_zone_known;

-- name: unread_messages()
-- Messages of which nothing is booked and whose bytes are still there: nobody knows for whom they were.
SELECT m.document_id, d.content
FROM hospital_message m
JOIN interop_document d ON d.id = m.document_id AND d.content IS NOT NULL
JOIN LATERAL (SELECT outcome FROM hospital_outcome WHERE message_id = m.id ORDER BY id DESC LIMIT 1) AS o ON true
WHERE m.format = 'hl7v2' AND o.outcome IN ('not_understood', 'refused')
ORDER BY m.id;

-- name: erase_documents(document_ids)!
-- Nobody reads these bytes again; their digests stay.
UPDATE interop_document SET content = NULL WHERE id = ANY(:document_ids) AND content IS NOT NULL;
