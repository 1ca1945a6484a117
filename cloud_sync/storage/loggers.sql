-- Files of temperature loggers: of shipments and of rooms without a gateway.

-- name: add_logger_file(document_id, order_id, place_id, gateway_id, format, is_verified, device, serial, zone, answers, first_at, last_at, readings, lowest, highest, device_verdict, device_alarms, policies, verdict, broken, explanation, notes, brought_by, brought_at)$
-- Keep what a file said and what was made of it; no row if it was brought before.
INSERT INTO logger_file (document_id, order_id, place_id, gateway_id, format, is_verified, device, serial, zone, answers, first_at,
                         last_at, readings, lowest, highest, device_verdict, device_alarms, policies, verdict, broken, explanation,
                         notes, brought_by, brought_at)
VALUES (:document_id, :order_id, :place_id, :gateway_id, :format, :is_verified, :device, :serial, :zone, :answers, :first_at,
        :last_at, :readings, :lowest, :highest, :device_verdict, :device_alarms, :policies, :verdict, :broken, :explanation,
        :notes, :brought_by, :brought_at)
ON CONFLICT (document_id, order_id, place_id) DO NOTHING
RETURNING id;

-- name: logger_file(id)^
-- A file with all that was made of it. Index: logger_file_pkey.
SELECT f.*, o.number AS "order", p.name AS place, g.name AS gateway
FROM logger_file f
LEFT JOIN stock_order o ON o.id = f.order_id
LEFT JOIN place p ON p.id = f.place_id
LEFT JOIN gateway g ON g.id = f.gateway_id
WHERE f.id = :id;

-- name: logger_file_brought(document_id, order_id, place_id)$
-- The file of a document that was brought for this before. Index: the one of documents.
SELECT id FROM logger_file
WHERE document_id = :document_id AND order_id IS NOT DISTINCT FROM :order_id::bigint
  AND place_id IS NOT DISTINCT FROM :place_id::bigint;

-- name: logger_files(order, place, rows_max, rows_skipped)
-- Files, the newest first; of an order or a place if one is named. Index: logger_file_pkey, backwards.
SELECT f.id, f.document_id, o.number AS "order", p.name AS place, f.format, f.is_verified, f.device, f.serial, f.zone, f.first_at,
       f.last_at, f.readings, f.lowest, f.highest, f.device_verdict, f.device_alarms, f.policies, f.verdict, f.broken,
       f.explanation, f.notes, f.brought_by, f.brought_at
FROM logger_file f
LEFT JOIN stock_order o ON o.id = f.order_id
LEFT JOIN place p ON p.id = f.place_id
WHERE (:order::text IS NULL OR o.number = :order) AND (:place::text IS NULL OR p.name = :place)
ORDER BY f.id DESC
LIMIT :rows_max OFFSET :rows_skipped;

-- name: items_of_order(order_id)
-- The items of an order, each with the policy that its storage asks for. Index: order_line_pkey.
SELECT DISTINCT i.id, i.name, i.storage_class
FROM order_line l JOIN item i ON i.id = l.item_id
WHERE l.order_id = :order_id ORDER BY i.name;

-- name: receipts_of_order(number, item_ids)
-- What was received for an order of these items. Index: movement_order_ref.
SELECT m.id, m.fact, m.to_place, m.lot_id, l.item_id
FROM movement m JOIN lot l ON l.id = m.lot_id
WHERE m.order_ref = :number AND m.action = 'receive' AND l.item_id = ANY(:item_ids)
ORDER BY m.id;

-- name: broken_loggers_of_order(number)
-- Files of an order by which a policy was broken, and which items of it have such a policy. Index: logger_file_order.
SELECT f.id, f.serial, f.device, f.policies, f.broken, f.explanation
FROM stock_order o JOIN logger_file f ON f.order_id = o.id
WHERE o.number = :number AND f.verdict = 'broken'
ORDER BY f.id;

-- name: add_logger_gateway(name, public_key, registered_at, place_id)$
-- The gateway that stands for a logger; no row if it is there.
INSERT INTO gateway (name, public_key, registered_at, place_id)
VALUES (:name, :public_key, :registered_at, :place_id)
ON CONFLICT (name) DO NOTHING
RETURNING id;

-- name: logger_gateway(name)^
-- The gateway that stands for a logger, locked. Index: gateway_name_key.
SELECT id, public_key, registered_at, revoked_at FROM gateway WHERE name = :name FOR UPDATE;

-- name: change_logger_key(id, public_key)!
-- The ledger has another key since, and so has what it signs for a logger.
UPDATE gateway SET public_key = :public_key WHERE id = :id;

-- name: known_since(id, registered_at)!
-- An older file of a logger: what it says is believed from then on.
UPDATE gateway SET registered_at = :registered_at WHERE id = :id AND registered_at > :registered_at;

-- name: is_not_heard(id)!
-- A logger is no gateway that could fall silent.
UPDATE gateway SET last_seen_at = NULL WHERE id = :id;

-- name: last_of_lane(gateway_id, journal)^
-- Where the next batch of a logger goes on. Index: the one of evidence by lane.
SELECT last_seq, encode(digest, 'hex') AS digest FROM evidence
WHERE gateway_id = :gateway_id AND journal = :journal::uuid AND lane = 'readings'
ORDER BY first_seq DESC LIMIT 1;

-- name: readings_known(gateway_id, first, last)
-- What is stored of a logger between two instants. Index: those of reading by channel and time.
SELECT c.metric, r.at, r.value
FROM channel c JOIN reading r ON r.channel_id = c.id
WHERE c.gateway_id = :gateway_id AND c.version_of IS NULL AND r.at BETWEEN :first AND :last;

-- name: envelopes_known(gateway_id, first, last)
-- From when on days of a logger are stored. Index: envelope_channel_ended.
SELECT e.began_at, e.ended_at, e.lowest, e.highest
FROM channel c JOIN envelope e ON e.channel_id = c.id
WHERE c.gateway_id = :gateway_id AND e.ended_at >= :first AND e.began_at <= :last;

-- name: channels_of_logger(gateway_id)
-- What a logger measures, and where it is said to be. Index: the one of channels by gateway.
SELECT id, metric, place_id FROM channel WHERE gateway_id = :gateway_id AND version_of IS NULL ORDER BY id;

-- name: policy_over(place_id)^
-- The nearest policy over a place. Index: place_pkey.
SELECT o.policy FROM place p JOIN place o ON o.id = ANY(p.ancestors)
WHERE p.id = :place_id AND o.policy IS NOT NULL
ORDER BY cardinality(o.ancestors) DESC LIMIT 1;

-- name: site_of(place_id)$
-- The site of a place. Index: place_pkey.
SELECT site.id FROM place p JOIN place site ON site.id = ANY(p.ancestors) AND site.kind = 'site' WHERE p.id = :place_id;
