-- name: known_capture(document_id, error_behaviour)^
-- The job of a document that was captured in this way before.
SELECT id, document_id, error_behaviour, told_by, events, events_kept, errors, created_at
FROM epcis_capture WHERE document_id = :document_id AND error_behaviour = :error_behaviour;

-- name: add_capture(id, document_id, error_behaviour, told_by, event_count, events_kept, errors)^
-- A job, and how it ended.
INSERT INTO epcis_capture (id, document_id, error_behaviour, told_by, events, events_kept, errors)
VALUES (:id, :document_id, :error_behaviour, :told_by, :event_count, :events_kept, :errors)
RETURNING id, document_id, error_behaviour, told_by, events, events_kept, errors, created_at;

-- name: capture(id)^
-- One job.
SELECT id, document_id, error_behaviour, told_by, events, events_kept, errors, created_at
FROM epcis_capture WHERE id = :id;

-- name: captures(before_at, before_id, rows_max)
-- Jobs, the newest first. Index: epcis_capture_created.
SELECT id, document_id, error_behaviour, told_by, events, events_kept, errors, created_at
FROM epcis_capture
WHERE (created_at, id) < (:before_at::timestamptz, :before_id::uuid)
ORDER BY created_at DESC, id DESC
LIMIT :rows_max;

-- name: add_events(capture_id, event_names, hashes, digests, types, event_times, recorded_at, biz_steps, biz_locations, bodies, prefixes)
-- Events of a job in their order; gives the id and number of each that is new.
WITH said AS MATERIALIZED (
    SELECT * FROM unnest(:event_names::text[], :hashes::bytea[], :digests::bytea[], :types::text[],
                         :event_times::timestamptz[], :biz_steps::text[], :biz_locations::text[], :bodies::text[])
         WITH ORDINALITY AS e (event_id, hash, digest, type, event_time, biz_step, biz_location, body, number)
), added AS (
    INSERT INTO epcis_event (capture_id, event_id, hash, digest, type, event_time, recorded_at, biz_step, biz_location,
                             body, prefixes)
    SELECT :capture_id, event_id, hash, digest, type, event_time, :recorded_at, biz_step, biz_location, body::json,
           :prefixes::json
    FROM said
    ORDER BY number
    ON CONFLICT (digest) DO NOTHING
    RETURNING id, digest
)
SELECT a.id, s.number FROM added a JOIN said s ON s.digest = a.digest;

-- name: add_event_keys(keys, event_times, events, are_parents)!
-- What events name.
INSERT INTO epcis_event_key (key, event_time, event, is_parent)
SELECT * FROM unnest(:keys::text[], :event_times::timestamptz[], :events::bigint[], :are_parents::boolean[])
ON CONFLICT DO NOTHING;

-- name: captured_told(ids)
-- Captured events as they were sent.
SELECT id, event_id, hash, recorded_at, body, prefixes FROM epcis_event WHERE id = ANY(:ids);

-- name: captured_between(after_at, after_id, until, rows_max)
-- Captured events in the order of their time. Index: epcis_event_time.
SELECT id, event_time AS at
FROM epcis_event
WHERE (event_time, id) > (:after_at::timestamptz, :after_id::bigint) AND event_time < :until::timestamptz
ORDER BY event_time, id
LIMIT :rows_max;

-- name: captured_of_keys(keys, after_at, after_id, until, rows_max)
-- The same of those that name one of these keys. Index: epcis_event_key_pkey.
SELECT DISTINCT k.event AS id, k.event_time AS at
FROM unnest(:keys::text[]) AS asked (key)
CROSS JOIN LATERAL (
    SELECT k.event_time, k.event
    FROM epcis_event_key k
    WHERE k.key = asked.key AND (k.event_time, k.event) > (:after_at::timestamptz, :after_id::bigint)
      AND k.event_time < :until::timestamptz
    ORDER BY k.event_time, k.event
    LIMIT :rows_max
) AS k
ORDER BY k.event_time, k.event
LIMIT :rows_max;

-- name: captured_named(event_names)
-- Captured events with these ids. Index: epcis_event_named.
SELECT id, event_id, hash, recorded_at, body, prefixes
FROM epcis_event WHERE event_id = ANY(:event_names)
ORDER BY event_time, id;

-- name: captured_children(parents, rows_max)
-- Events in which one of these keys is a parent, in their order. Index: epcis_event_key_pkey.
SELECT e.id, e.event_id, e.event_time AS at, e.body, e.prefixes, e.capture_id, c.told_by
FROM epcis_event_key k JOIN epcis_event e ON e.id = k.event JOIN epcis_capture c ON c.id = e.capture_id
WHERE k.key = ANY(:parents) AND k.is_parent
ORDER BY e.event_time, e.id
LIMIT :rows_max;

-- name: packages_wait()$
-- Whether a package was scanned of which nobody had told what is in it. Index: exception_case_open.
SELECT EXISTS (SELECT FROM exception_case WHERE kind = 'unknown_package' AND resolved_at IS NULL);

-- name: captured_naming(keys, rows_max)
-- Events that name one of these keys, as whatever, with who told them. Index: epcis_event_key_pkey.
SELECT e.id, e.event_id, e.event_time AS at, e.body, c.told_by
FROM (SELECT DISTINCT k.event_time, k.event FROM epcis_event_key k WHERE k.key = ANY(:keys)
      ORDER BY k.event_time, k.event LIMIT :rows_max) AS k
JOIN epcis_event e ON e.id = k.event
JOIN epcis_capture c ON c.id = e.capture_id;

-- name: lot_named(lot_id)^
-- A lot as labels name it: its number, the GTINs of its item, serials of units of it.
SELECT l.lot_number, ARRAY(SELECT g.gtin FROM item_gtin g WHERE g.item_id = l.item_id) AS gtins,
       ARRAY(SELECT DISTINCT p.serial FROM position p WHERE p.lot_id = l.id AND p.serial <> '' LIMIT 1000) AS serials
FROM lot l WHERE l.id = :lot_id;

-- name: captured_masters(keys, rows_max)
-- Events that say of these keys what they are (ILMD): commissioning and transformation. Index: epcis_event_key_pkey.
SELECT e.id, e.body
FROM epcis_event_key k JOIN epcis_event e ON e.id = k.event
WHERE k.key = ANY(:keys) AND NOT k.is_parent AND e.type IN ('ObjectEvent', 'TransformationEvent')
  AND e.body -> 'ilmd' IS NOT NULL
ORDER BY e.event_time, e.id
LIMIT :rows_max;

-- name: lots_of_keys(gtins, lot_numbers, item_names)
-- The lots that classes or units name: by a GTIN of their item, or the item's name, and their number.
SELECT DISTINCT l.id
FROM unnest(:gtins::text[], :lot_numbers::text[], :item_names::text[]) AS asked (gtin, lot_number, item)
JOIN item i ON i.id IN (SELECT g.item_id FROM item_gtin g WHERE g.gtin = asked.gtin) OR i.name = asked.item
JOIN lot l ON l.item_id = i.id AND l.lot_number = asked.lot_number;

-- name: lots_of_serials(serials)
-- The lots of which somebody moved a unit with one of these serials. Index: movement_serial.
SELECT DISTINCT m.lot_id AS id FROM movement m WHERE m.serial = ANY(:serials) AND m.serial <> '';

-- name: movements_between(after_at, after_id, until, actions, rows_max)
-- Movements in the order of their time. Index: movement_occurred.
SELECT m.id, m.occurred_at AS at
FROM movement m
WHERE (m.occurred_at, m.id) > (:after_at::timestamptz, :after_id::bigint) AND m.occurred_at < :until::timestamptz
  AND m.action = ANY(:actions)
ORDER BY m.occurred_at, m.id
LIMIT :rows_max;

-- name: movements_of_lots(lot_ids, after_at, after_id, until, actions, rows_max)
-- The same of these lots. Index: movement_out.
SELECT m.id, m.occurred_at AS at
FROM movement m
WHERE m.lot_id = ANY(:lot_ids)
  AND (m.occurred_at, m.id) > (:after_at::timestamptz, :after_id::bigint) AND m.occurred_at < :until::timestamptz
  AND m.action = ANY(:actions)
ORDER BY m.occurred_at, m.id
LIMIT :rows_max;

-- name: mistimed_between(lot_ids, after_at, after_id, until, rows_max)
-- Movements whose time was corrected, in the order of what was said first; lot_ids: only of these, null: all. Index:
-- movement_said.
SELECT m.id, m.said_at AS at
FROM movement m
WHERE (m.said_at, m.id) > (:after_at::timestamptz, :after_id::bigint) AND m.said_at < :until::timestamptz
  AND (:lot_ids::bigint[] IS NULL OR m.lot_id = ANY(:lot_ids))
ORDER BY m.said_at, m.id
LIMIT :rows_max;

-- name: movements_told(ids)
-- Movements with all that their events say. parent: the serial of the case that was opened.
SELECT m.id, m.fact, m.serial, m.quantity, m.occurred_at, m.said_at, m.recorded_at, m.action, m.order_ref, l.lot_number,
       i.name AS item, i.base_unit, g.gtin, f.name AS from_place, f.kind AS from_kind, f.zone AS from_zone,
       fg.gln AS from_gln, fg.extension AS from_gln_extension, t.name AS to_place, t.kind AS to_kind,
       tg.gln AS to_gln, tg.extension AS to_gln_extension,
       CASE WHEN t.kind IN ('site', 'room', 'bin') THEN t.zone ELSE f.zone END AS zone, m.from_place AS from_place_id,
       CASE WHEN f.kind = 'unpacking' THEN (
           SELECT c.serial FROM movement c
           WHERE c.lot_id = m.lot_id AND c.to_place = m.from_place AND c.event_id = m.event_id AND c.serial <> ''
           LIMIT 1) END AS parent
FROM movement m
JOIN lot l ON l.id = m.lot_id
JOIN item i ON i.id = l.item_id
JOIN place f ON f.id = m.from_place
JOIN place t ON t.id = m.to_place
LEFT JOIN place_gln fg ON fg.place_id = f.id
LEFT JOIN place_gln tg ON tg.place_id = t.id
LEFT JOIN LATERAL (SELECT min(g.gtin) AS gtin FROM item_gtin g WHERE g.item_id = i.id AND g.base_units = 1) g ON true
WHERE m.id = ANY(:ids);

-- name: consumed(place_ids)
-- What went into batches: lots and units, with their quantities; first: the first movement that came out of each.
SELECT m.to_place AS place_id, m.serial, sum(m.quantity)::bigint AS quantity, l.lot_number, i.name AS item, i.base_unit,
       g.gtin, (SELECT min(made.id) FROM movement made WHERE made.from_place = m.to_place) AS first
FROM movement m
JOIN lot l ON l.id = m.lot_id
JOIN item i ON i.id = l.item_id
LEFT JOIN LATERAL (SELECT min(g.gtin) AS gtin FROM item_gtin g WHERE g.item_id = i.id AND g.base_units = 1) g ON true
WHERE m.to_place = ANY(:place_ids)
GROUP BY m.to_place, m.serial, l.id, l.lot_number, i.name, i.base_unit, g.gtin
ORDER BY m.to_place, l.id, m.serial;

-- name: holds_between(after_at, after_id, until, rows_max)
-- Holds in the order in which they began. Index: hold_placed.
SELECT h.id, coalesce(h.since, h.placed_at) AS at
FROM hold h
WHERE (coalesce(h.since, h.placed_at), h.id) > (:after_at::timestamptz, :after_id::bigint)
  AND coalesce(h.since, h.placed_at) < :until::timestamptz
ORDER BY coalesce(h.since, h.placed_at), h.id
LIMIT :rows_max;

-- name: lifted_between(after_at, after_id, until, rows_max)
-- Holds in the order in which they ended. Index: hold_lifted.
SELECT h.id, h.lifted_at AS at
FROM hold h
WHERE (h.lifted_at, h.id) > (:after_at::timestamptz, :after_id::bigint) AND h.lifted_at < :until::timestamptz
ORDER BY h.lifted_at, h.id
LIMIT :rows_max;

-- name: holds_of_lots(lot_ids, after_at, after_id, until, is_lifted, rows_max)
-- Holds of these lots, in the order of their beginning or end. Index: hold_of_lot.
SELECT h.id, CASE WHEN :is_lifted THEN h.lifted_at ELSE coalesce(h.since, h.placed_at) END AS at
FROM hold h
WHERE h.lot_id = ANY(:lot_ids)
  AND (CASE WHEN :is_lifted THEN h.lifted_at ELSE coalesce(h.since, h.placed_at) END, h.id)
      > (:after_at::timestamptz, :after_id::bigint)
  AND CASE WHEN :is_lifted THEN h.lifted_at ELSE coalesce(h.since, h.placed_at) END < :until::timestamptz
ORDER BY 2, 1
LIMIT :rows_max;

-- name: holds_told(ids)
-- Holds with the goods that they are on: those named, else what they reach, else the lot.
SELECT h.id, h.kind, h.placed_at, h.since, h.lifted_at, p.name AS place, p.zone, pg.gln, pg.extension AS gln_extension,
       (SELECT jsonb_agg(DISTINCT jsonb_build_object('serial', s.serial, 'lot_number', l.lot_number, 'item', i.name,
                                                     'base_unit', i.base_unit, 'gtin', g.gtin))
        FROM (SELECT r.lot_id, r.serial FROM hold_goods r WHERE r.hold_id = h.id
              UNION SELECT h.lot_id, coalesce(h.serial, '')
              WHERE NOT EXISTS (SELECT FROM hold_goods r WHERE r.hold_id = h.id)) AS s
        JOIN lot l ON l.id = s.lot_id
        JOIN item i ON i.id = l.item_id
        LEFT JOIN LATERAL (SELECT min(g.gtin) AS gtin FROM item_gtin g WHERE g.item_id = i.id AND g.base_units = 1) g
            ON true) AS goods
FROM hold h
LEFT JOIN place p ON p.id = h.place_id
LEFT JOIN place_gln pg ON pg.place_id = p.id
WHERE h.id = ANY(:ids);

-- name: excursions_between(after_at, after_id, until, rows_max)
-- Excursions in the order in which they began. Index: excursion_began.
SELECT x.id, x.began_at AS at
FROM excursion x
WHERE (x.began_at, x.id) > (:after_at::timestamptz, :after_id::bigint) AND x.began_at < :until::timestamptz
ORDER BY x.began_at, x.id
LIMIT :rows_max;

-- name: excursions_of_lots(lot_ids, after_at, after_id, until, rows_max)
-- Those that exposed these lots. Index: exposure_lot.
SELECT DISTINCT x.id, x.began_at AS at
FROM exposure e JOIN excursion x ON x.id = e.excursion_id
WHERE e.lot_id = ANY(:lot_ids)
  AND (x.began_at, x.id) > (:after_at::timestamptz, :after_id::bigint) AND x.began_at < :until::timestamptz
ORDER BY 2, 1
LIMIT :rows_max;

-- name: excursions_told(ids)
-- Excursions with the channel, the rule and the goods exposed. is_below: it was too little.
SELECT x.id, x.began_at, x.ended_at, x.rule, x.worst, c.device, c.metric, w.name AS gateway, p.name AS place, p.zone,
       p.policy, pg.gln, pg.extension AS gln_extension,
       coalesce((SELECT NOT o.is_high_worse FROM probe_excursion o
                 WHERE o.channel_id = x.channel_id AND o.rule = x.rule AND o.place_id = x.place_id LIMIT 1), false)
           AS is_below,
       coalesce((SELECT max(v.recorded_at) FROM excursion_version v WHERE v.excursion_id = x.id), x.began_at)
           AS recorded_at,
       coalesce((SELECT jsonb_agg(DISTINCT jsonb_build_object('serial', e.serial, 'lot_number', l.lot_number,
                                                              'item', i.name, 'base_unit', i.base_unit, 'gtin', g.gtin))
        FROM exposure e
        JOIN lot l ON l.id = e.lot_id
        JOIN item i ON i.id = l.item_id
        LEFT JOIN LATERAL (SELECT min(g.gtin) AS gtin FROM item_gtin g WHERE g.item_id = i.id AND g.base_units = 1) g
            ON true
        WHERE e.excursion_id = x.id), '[]') AS goods
FROM excursion x
JOIN channel c ON c.id = x.channel_id
JOIN gateway w ON w.id = c.gateway_id
JOIN place p ON p.id = x.place_id
LEFT JOIN place_gln pg ON pg.place_id = p.id
WHERE x.id = ANY(:ids);

-- name: decisions_between(after_at, after_id, until, rows_max)
-- Decisions in their order. Index: disposition_decided.
SELECT d.id, d.decided_at AS at
FROM disposition d
WHERE (d.decided_at, d.id) > (:after_at::timestamptz, :after_id::bigint) AND d.decided_at < :until::timestamptz
ORDER BY d.decided_at, d.id
LIMIT :rows_max;

-- name: decisions_of_lots(lot_ids, after_at, after_id, until, rows_max)
-- Those on these lots.
SELECT d.id, d.decided_at AS at
FROM disposition d
WHERE d.lot_id = ANY(:lot_ids)
  AND (d.decided_at, d.id) > (:after_at::timestamptz, :after_id::bigint) AND d.decided_at < :until::timestamptz
ORDER BY d.decided_at, d.id
LIMIT :rows_max;

-- name: decisions_told(ids)
-- Decisions with their goods.
SELECT d.id, d.decision, d.decided_at, p.name AS place, p.zone, pg.gln, pg.extension AS gln_extension,
       jsonb_build_array(jsonb_build_object('serial', '', 'lot_number', l.lot_number, 'item', i.name,
                                            'base_unit', i.base_unit, 'gtin', g.gtin)) AS goods
FROM disposition d
JOIN lot l ON l.id = d.lot_id
JOIN item i ON i.id = l.item_id
LEFT JOIN excursion x ON x.id = d.excursion_id
LEFT JOIN place p ON p.id = x.place_id
LEFT JOIN place_gln pg ON pg.place_id = p.id
LEFT JOIN LATERAL (SELECT min(g.gtin) AS gtin FROM item_gtin g WHERE g.item_id = i.id AND g.base_units = 1) g ON true
WHERE d.id = ANY(:ids);

-- name: ledger_is()$
-- What tells this ledger from others: its first public key.
SELECT public_key FROM ledger_key ORDER BY id LIMIT 1;

-- name: keep_query(name, parameters, made_by)$
-- Name a query; no row if there is one of that name.
INSERT INTO epcis_query (name, parameters, made_by) VALUES (:name, :parameters, :made_by)
ON CONFLICT DO NOTHING
RETURNING name;

-- name: named_query(name)^
-- One query.
SELECT name, parameters, made_by, made_at FROM epcis_query WHERE name = :name;

-- name: named_queries()
-- All queries that have a name.
SELECT name, parameters, made_by, made_at FROM epcis_query ORDER BY name;

-- name: forget_query(name)$
-- Take a name away; no row if there is none.
DELETE FROM epcis_query WHERE name = :name RETURNING name;

-- name: set_place_gln(place_id, gln, extension)!
-- The GLN of a place from now on.
INSERT INTO place_gln (place_id, gln, extension) VALUES (:place_id, :gln, :extension)
ON CONFLICT (place_id) DO UPDATE SET gln = excluded.gln, extension = excluded.extension;

-- name: place_of_gln(gln, extension)$
-- The name of the place that a GLN is of.
SELECT p.name FROM place_gln g JOIN place p ON p.id = g.place_id WHERE g.gln = :gln AND g.extension = :extension;
