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

-- name: captures(before_at, before_id, told_by, rows_max)
-- Jobs, the newest first; told_by: of what they sent, null: all. Index: epcis_capture_created.
SELECT id, document_id, error_behaviour, told_by, events, events_kept, errors, created_at
FROM epcis_capture
WHERE (created_at, id) < (:before_at::timestamptz, :before_id::uuid)
  AND (:told_by::text IS NULL OR told_by = :told_by)
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

-- name: captured_between(after_at, after_id, since, until, is_descending, rows_max)
-- Captured events in the order of their time, or backwards. Index: epcis_event_time.
(SELECT id, event_time AS at
 FROM epcis_event
 WHERE NOT :is_descending::boolean AND (event_time, id) > (:after_at::timestamptz, :after_id::bigint) AND event_time < :until::timestamptz
 ORDER BY event_time, id
 LIMIT :rows_max)
UNION ALL
(SELECT id, event_time AS at
 FROM epcis_event
 WHERE :is_descending::boolean AND (event_time, id) < (:after_at::timestamptz, :after_id::bigint) AND event_time >= :since::timestamptz
 ORDER BY event_time DESC, id DESC
 LIMIT :rows_max);

-- name: captured_of_keys(keys, after_at, after_id, since, until, is_descending, rows_max)
-- The same of those that name one of these keys. Index: epcis_event_key_pkey.
(SELECT DISTINCT k.event AS id, k.event_time AS at
 FROM unnest(:keys::text[]) AS asked (key)
 CROSS JOIN LATERAL (
     SELECT k.event_time, k.event
     FROM epcis_event_key k
     WHERE NOT :is_descending::boolean AND k.key = asked.key
       AND (k.event_time, k.event) > (:after_at::timestamptz, :after_id::bigint) AND k.event_time < :until::timestamptz
     ORDER BY k.event_time, k.event
     LIMIT :rows_max
 ) AS k
 ORDER BY k.event_time, k.event
 LIMIT :rows_max)
UNION ALL
(SELECT DISTINCT k.event AS id, k.event_time AS at
 FROM unnest(:keys::text[]) AS asked (key)
 CROSS JOIN LATERAL (
     SELECT k.event_time, k.event
     FROM epcis_event_key k
     WHERE :is_descending::boolean AND k.key = asked.key
       AND (k.event_time, k.event) < (:after_at::timestamptz, :after_id::bigint) AND k.event_time >= :since::timestamptz
     ORDER BY k.event_time DESC, k.event DESC
     LIMIT :rows_max
 ) AS k
 ORDER BY k.event_time DESC, k.event DESC
 LIMIT :rows_max);

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
-- The lots that classes or units name: by a GTIN of their item, or the item's name, and their number, also one that was
-- corrected since. Index: correction_confirmed.
WITH asked AS (
    SELECT i.id AS item_id, k.lot_number
    FROM unnest(:gtins::text[], :lot_numbers::text[], :item_names::text[]) AS k (gtin, lot_number, item)
    JOIN item i ON i.id IN (SELECT g.item_id FROM item_gtin g WHERE g.gtin = k.gtin) OR i.name = k.item
)
SELECT l.id
FROM asked a
CROSS JOIN LATERAL (SELECT id FROM lot WHERE item_id = a.item_id AND lot_number = a.lot_number OFFSET 0) AS l
UNION
SELECT c.lot_id
FROM asked a
JOIN correction c ON c.kind = 'lot_number' AND c.decision = 'confirmed' AND c.before ->> 'lot_number' = a.lot_number
WHERE (SELECT item_id FROM lot WHERE id = c.lot_id) = a.item_id;

-- name: lots_of_serials(serials)
-- The lots of which somebody moved a unit with one of these serials. Index: movement_serial.
SELECT DISTINCT m.lot_id AS id FROM movement m WHERE m.serial = ANY(:serials) AND m.serial <> '';

-- name: movements_between(actions, after_at, after_id, since, until, is_descending, rows_max)
-- Movements in the order of their time, or backwards. Index: movement_occurred.
(SELECT m.id, m.occurred_at AS at
 FROM movement m
 WHERE NOT :is_descending::boolean AND (m.occurred_at, m.id) > (:after_at::timestamptz, :after_id::bigint) AND m.occurred_at < :until::timestamptz
   AND m.action = ANY(:actions)
 ORDER BY m.occurred_at, m.id
 LIMIT :rows_max)
UNION ALL
(SELECT m.id, m.occurred_at AS at
 FROM movement m
 WHERE :is_descending::boolean AND (m.occurred_at, m.id) < (:after_at::timestamptz, :after_id::bigint) AND m.occurred_at >= :since::timestamptz
   AND m.action = ANY(:actions)
 ORDER BY m.occurred_at DESC, m.id DESC
 LIMIT :rows_max);

-- name: movements_of_lots(lot_ids, actions, after_at, after_id, since, until, is_descending, rows_max)
-- The same of these lots. Index: movement_out.
(SELECT m.id, m.occurred_at AS at
 FROM movement m
 WHERE NOT :is_descending::boolean AND (m.occurred_at, m.id) > (:after_at::timestamptz, :after_id::bigint) AND m.occurred_at < :until::timestamptz
   AND m.lot_id = ANY(:lot_ids) AND m.action = ANY(:actions)
 ORDER BY m.occurred_at, m.id
 LIMIT :rows_max)
UNION ALL
(SELECT m.id, m.occurred_at AS at
 FROM movement m
 WHERE :is_descending::boolean AND (m.occurred_at, m.id) < (:after_at::timestamptz, :after_id::bigint) AND m.occurred_at >= :since::timestamptz
   AND m.lot_id = ANY(:lot_ids) AND m.action = ANY(:actions)
 ORDER BY m.occurred_at DESC, m.id DESC
 LIMIT :rows_max);

-- name: mistimed_between(lot_ids, after_at, after_id, since, until, is_descending, rows_max)
-- Movements whose time was corrected, in the order of what was said first; lot_ids: only of these, null: all. Index:
-- movement_said.
(SELECT m.id, m.said_at AS at
 FROM movement m
 WHERE NOT :is_descending::boolean AND (m.said_at, m.id) > (:after_at::timestamptz, :after_id::bigint) AND m.said_at < :until::timestamptz
   AND (:lot_ids::bigint[] IS NULL OR m.lot_id = ANY(:lot_ids))
 ORDER BY m.said_at, m.id
 LIMIT :rows_max)
UNION ALL
(SELECT m.id, m.said_at AS at
 FROM movement m
 WHERE :is_descending::boolean AND (m.said_at, m.id) < (:after_at::timestamptz, :after_id::bigint) AND m.said_at >= :since::timestamptz
   AND (:lot_ids::bigint[] IS NULL OR m.lot_id = ANY(:lot_ids))
 ORDER BY m.said_at DESC, m.id DESC
 LIMIT :rows_max);

-- name: movements_told(ids)
-- Movements with all that their events say. parent: the serial of the case that was opened.
SELECT m.id, m.fact, m.serial, m.quantity, m.occurred_at, m.said_at, m.recorded_at, m.action, m.order_ref, l.lot_number,
       i.name AS item, i.base_unit, g.gtin, f.name AS from_place, f.kind AS from_kind, f.zone AS from_zone,
       l.id AS lot_id, l.expires_on, movement_corrections(m) AS corrections,
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
SELECT m.to_place AS place_id, m.serial, sum(m.quantity)::bigint AS quantity, l.id AS lot_id, l.lot_number, i.name AS item,
       i.base_unit,
       g.gtin, (SELECT min(made.id) FROM movement made WHERE made.from_place = m.to_place) AS first
FROM movement m
JOIN lot l ON l.id = m.lot_id
JOIN item i ON i.id = l.item_id
LEFT JOIN LATERAL (SELECT min(g.gtin) AS gtin FROM item_gtin g WHERE g.item_id = i.id AND g.base_units = 1) g ON true
WHERE m.to_place = ANY(:place_ids)
GROUP BY m.to_place, m.serial, l.id, l.lot_number, i.name, i.base_unit, g.gtin
ORDER BY m.to_place, l.id, m.serial;

-- name: holds_between(after_at, after_id, since, until, is_descending, rows_max)
-- Holds in the order in which they began. Index: hold_placed.
(SELECT h.id, coalesce(h.since, h.placed_at) AS at
 FROM hold h
 WHERE NOT :is_descending::boolean AND (coalesce(h.since, h.placed_at), h.id) > (:after_at::timestamptz, :after_id::bigint) AND coalesce(h.since, h.placed_at) < :until::timestamptz
 ORDER BY coalesce(h.since, h.placed_at), h.id
 LIMIT :rows_max)
UNION ALL
(SELECT h.id, coalesce(h.since, h.placed_at) AS at
 FROM hold h
 WHERE :is_descending::boolean AND (coalesce(h.since, h.placed_at), h.id) < (:after_at::timestamptz, :after_id::bigint) AND coalesce(h.since, h.placed_at) >= :since::timestamptz
 ORDER BY coalesce(h.since, h.placed_at) DESC, h.id DESC
 LIMIT :rows_max);

-- name: lifted_between(after_at, after_id, since, until, is_descending, rows_max)
-- Holds in the order in which they ended. Index: hold_lifted.
(SELECT h.id, h.lifted_at AS at
 FROM hold h
 WHERE NOT :is_descending::boolean AND (h.lifted_at, h.id) > (:after_at::timestamptz, :after_id::bigint) AND h.lifted_at < :until::timestamptz
 ORDER BY h.lifted_at, h.id
 LIMIT :rows_max)
UNION ALL
(SELECT h.id, h.lifted_at AS at
 FROM hold h
 WHERE :is_descending::boolean AND (h.lifted_at, h.id) < (:after_at::timestamptz, :after_id::bigint) AND h.lifted_at >= :since::timestamptz
 ORDER BY h.lifted_at DESC, h.id DESC
 LIMIT :rows_max);

-- name: holds_of_lots(lot_ids, is_lifted, after_at, after_id, since, until, is_descending, rows_max)
-- Holds of these lots, in the order of their beginning or end. Index: hold_of_lot.
(SELECT h.id, CASE WHEN :is_lifted THEN h.lifted_at ELSE coalesce(h.since, h.placed_at) END AS at
 FROM hold h
 WHERE NOT :is_descending::boolean AND (CASE WHEN :is_lifted THEN h.lifted_at ELSE coalesce(h.since, h.placed_at) END, h.id) > (:after_at::timestamptz, :after_id::bigint) AND CASE WHEN :is_lifted THEN h.lifted_at ELSE coalesce(h.since, h.placed_at) END < :until::timestamptz
   AND h.lot_id = ANY(:lot_ids)
 ORDER BY 2, 1
 LIMIT :rows_max)
UNION ALL
(SELECT h.id, CASE WHEN :is_lifted THEN h.lifted_at ELSE coalesce(h.since, h.placed_at) END AS at
 FROM hold h
 WHERE :is_descending::boolean AND (CASE WHEN :is_lifted THEN h.lifted_at ELSE coalesce(h.since, h.placed_at) END, h.id) < (:after_at::timestamptz, :after_id::bigint) AND CASE WHEN :is_lifted THEN h.lifted_at ELSE coalesce(h.since, h.placed_at) END >= :since::timestamptz
   AND h.lot_id = ANY(:lot_ids)
 ORDER BY 2 DESC, 1 DESC
 LIMIT :rows_max);

-- name: holds_told(ids)
-- Holds with the goods that they are on: those named, else what they reach, else the lot.
SELECT h.id, h.kind, h.placed_at, h.since, h.lifted_at, p.name AS place, p.zone, pg.gln, pg.extension AS gln_extension,
       hold_corrections(h, h.placed_at) AS corrections, hold_corrections(h, h.lifted_at) AS lifted_corrections,
       (SELECT jsonb_agg(DISTINCT jsonb_build_object('lot_id', l.id, 'serial', s.serial, 'lot_number', l.lot_number,
                                                     'item', i.name, 'base_unit', i.base_unit, 'gtin', g.gtin))
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

-- name: excursions_between(after_at, after_id, since, until, is_descending, rows_max)
-- Excursions in the order in which they began. Index: excursion_began.
(SELECT x.id, x.began_at AS at
 FROM excursion x
 WHERE NOT :is_descending::boolean AND (x.began_at, x.id) > (:after_at::timestamptz, :after_id::bigint) AND x.began_at < :until::timestamptz
 ORDER BY x.began_at, x.id
 LIMIT :rows_max)
UNION ALL
(SELECT x.id, x.began_at AS at
 FROM excursion x
 WHERE :is_descending::boolean AND (x.began_at, x.id) < (:after_at::timestamptz, :after_id::bigint) AND x.began_at >= :since::timestamptz
 ORDER BY x.began_at DESC, x.id DESC
 LIMIT :rows_max);

-- name: excursions_of_lots(lot_ids, after_at, after_id, since, until, is_descending, rows_max)
-- Those that exposed these lots. Index: exposure_lot.
(SELECT DISTINCT x.id, x.began_at AS at
 FROM exposure e JOIN excursion x ON x.id = e.excursion_id
 WHERE NOT :is_descending::boolean AND (x.began_at, x.id) > (:after_at::timestamptz, :after_id::bigint) AND x.began_at < :until::timestamptz
   AND e.lot_id = ANY(:lot_ids)
 ORDER BY 2, 1
 LIMIT :rows_max)
UNION ALL
(SELECT DISTINCT x.id, x.began_at AS at
 FROM exposure e JOIN excursion x ON x.id = e.excursion_id
 WHERE :is_descending::boolean AND (x.began_at, x.id) < (:after_at::timestamptz, :after_id::bigint) AND x.began_at >= :since::timestamptz
   AND e.lot_id = ANY(:lot_ids)
 ORDER BY 2 DESC, 1 DESC
 LIMIT :rows_max);

-- name: excursions_told(ids)
-- Excursions with the channel, the rule and the goods exposed. is_below: it was too little.
SELECT x.id, x.began_at, x.ended_at, x.rule, x.worst, c.device, c.metric, w.name AS gateway, p.name AS place, p.zone,
       p.policy, pg.gln, pg.extension AS gln_extension,
       coalesce((SELECT NOT o.is_high_worse FROM probe_excursion o
                 WHERE o.channel_id = x.channel_id AND o.rule = x.rule AND o.place_id = x.place_id LIMIT 1), false)
           AS is_below,
       coalesce((SELECT max(v.recorded_at) FROM excursion_version v WHERE v.excursion_id = x.id), x.began_at)
           AS recorded_at,
       excursion_corrections(x) AS corrections,
       coalesce((SELECT jsonb_agg(DISTINCT jsonb_build_object('lot_id', l.id, 'serial', e.serial, 'lot_number', l.lot_number,
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

-- name: decisions_between(after_at, after_id, since, until, is_descending, rows_max)
-- Decisions in their order. Index: disposition_decided.
(SELECT d.id, d.decided_at AS at
 FROM disposition d
 WHERE NOT :is_descending::boolean AND (d.decided_at, d.id) > (:after_at::timestamptz, :after_id::bigint) AND d.decided_at < :until::timestamptz
 ORDER BY d.decided_at, d.id
 LIMIT :rows_max)
UNION ALL
(SELECT d.id, d.decided_at AS at
 FROM disposition d
 WHERE :is_descending::boolean AND (d.decided_at, d.id) < (:after_at::timestamptz, :after_id::bigint) AND d.decided_at >= :since::timestamptz
 ORDER BY d.decided_at DESC, d.id DESC
 LIMIT :rows_max);

-- name: decisions_of_lots(lot_ids, after_at, after_id, since, until, is_descending, rows_max)
-- Those on these lots.
(SELECT d.id, d.decided_at AS at
 FROM disposition d
 WHERE NOT :is_descending::boolean AND (d.decided_at, d.id) > (:after_at::timestamptz, :after_id::bigint) AND d.decided_at < :until::timestamptz
   AND d.lot_id = ANY(:lot_ids)
 ORDER BY d.decided_at, d.id
 LIMIT :rows_max)
UNION ALL
(SELECT d.id, d.decided_at AS at
 FROM disposition d
 WHERE :is_descending::boolean AND (d.decided_at, d.id) < (:after_at::timestamptz, :after_id::bigint) AND d.decided_at >= :since::timestamptz
   AND d.lot_id = ANY(:lot_ids)
 ORDER BY d.decided_at DESC, d.id DESC
 LIMIT :rows_max);

-- name: decisions_told(ids)
-- Decisions with their goods.
SELECT d.id, d.decision, d.decided_at, p.name AS place, p.zone, pg.gln, pg.extension AS gln_extension,
       lot_corrections(ARRAY[d.lot_id], '{}', d.decided_at) AS corrections,
       jsonb_build_array(jsonb_build_object('lot_id', l.id, 'serial', '', 'lot_number', l.lot_number, 'item', i.name,
                                            'base_unit', i.base_unit, 'gtin', g.gtin)) AS goods
FROM disposition d
JOIN lot l ON l.id = d.lot_id
JOIN item i ON i.id = l.item_id
LEFT JOIN excursion x ON x.id = d.excursion_id
LEFT JOIN place p ON p.id = x.place_id
LEFT JOIN place_gln pg ON pg.place_id = p.id
LEFT JOIN LATERAL (SELECT min(g.gtin) AS gtin FROM item_gtin g WHERE g.item_id = i.id AND g.base_units = 1) g ON true
WHERE d.id = ANY(:ids);

-- name: packings_between(lot_ids, after_at, after_id, since, until, is_descending, rows_max)
-- What was packed into totes or taken out; lot_ids: only of these, null: all. Index: tote_packing_occurred.
(SELECT p.id, p.occurred_at AS at
 FROM tote_packing p
 WHERE NOT :is_descending::boolean AND (p.occurred_at, p.id) > (:after_at::timestamptz, :after_id::bigint) AND p.occurred_at < :until::timestamptz
   AND (:lot_ids::bigint[] IS NULL
        OR EXISTS (SELECT FROM tote_packing_line n WHERE n.packing_id = p.id AND n.lot_id = ANY(:lot_ids)))
 ORDER BY p.occurred_at, p.id
 LIMIT :rows_max)
UNION ALL
(SELECT p.id, p.occurred_at AS at
 FROM tote_packing p
 WHERE :is_descending::boolean AND (p.occurred_at, p.id) < (:after_at::timestamptz, :after_id::bigint) AND p.occurred_at >= :since::timestamptz
   AND (:lot_ids::bigint[] IS NULL
        OR EXISTS (SELECT FROM tote_packing_line n WHERE n.packing_id = p.id AND n.lot_id = ANY(:lot_ids)))
 ORDER BY p.occurred_at DESC, p.id DESC
 LIMIT :rows_max);

-- name: packings_of_totes(ssccs, after_at, after_id, since, until, is_descending, rows_max)
-- The same of totes with these numbers. Index: tote_sscc_key, tote_packing_tote.
(SELECT p.id, p.occurred_at AS at
 FROM tote t JOIN tote_packing p ON p.tote_id = t.id
 WHERE NOT :is_descending::boolean AND (p.occurred_at, p.id) > (:after_at::timestamptz, :after_id::bigint) AND p.occurred_at < :until::timestamptz
   AND t.sscc = ANY(:ssccs)
 ORDER BY 2, 1
 LIMIT :rows_max)
UNION ALL
(SELECT p.id, p.occurred_at AS at
 FROM tote t JOIN tote_packing p ON p.tote_id = t.id
 WHERE :is_descending::boolean AND (p.occurred_at, p.id) < (:after_at::timestamptz, :after_id::bigint) AND p.occurred_at >= :since::timestamptz
   AND t.sscc = ANY(:ssccs)
 ORDER BY 2 DESC, 1 DESC
 LIMIT :rows_max);

-- name: packings_told(ids)
-- Packings with what was packed, the tote and its order.
SELECT p.id, p.is_unpacking, p.occurred_at, p.recorded_at, t.sscc, coalesce(o.number, '') AS order_ref, w.name AS place, w.zone,
       wg.gln, wg.extension AS gln_extension,
       (SELECT jsonb_agg(jsonb_build_object('lot_id', n.lot_id, 'serial', n.serial, 'lot_number', l.lot_number,
                                            'item', i.name, 'base_unit', i.base_unit, 'gtin', g.gtin,
                                            'quantity', n.quantity) ORDER BY n.line)
        FROM tote_packing_line n
        JOIN lot l ON l.id = n.lot_id
        JOIN item i ON i.id = l.item_id
        LEFT JOIN LATERAL (SELECT min(g.gtin) AS gtin FROM item_gtin g WHERE g.item_id = i.id AND g.base_units = 1) g ON true
        WHERE n.packing_id = p.id) AS goods,
       lot_corrections(ARRAY(SELECT n.lot_id FROM tote_packing_line n WHERE n.packing_id = p.id), '{}', p.recorded_at)
           AS corrections
FROM tote_packing p
JOIN tote t ON t.id = p.tote_id
JOIN place w ON w.id = p.place_id
LEFT JOIN place_gln wg ON wg.place_id = w.id
LEFT JOIN stock_order o ON o.id = t.order_id
WHERE p.id = ANY(:ids);

-- name: retold_between(lot_ids, after_at, after_id, since, until, is_descending, rows_max)
-- What was said of lots before they were corrected, and does not hold any more; lot_ids: only of these, null: all. id: the
-- number of the statement (interop/epcis/facts.Statement). Index: correction_confirmed, movement_out, hold_of_lot, exposure_lot.
WITH corrected AS MATERIALIZED (
    SELECT DISTINCT c.lot_id
    FROM correction c
    WHERE c.kind IN ('lot_number', 'lot_expiry') AND c.decision = 'confirmed'
      AND (:lot_ids::bigint[] IS NULL OR c.lot_id = ANY(:lot_ids))
), moved AS (
    SELECT m.id, m.occurred_at, m.said_at, m.corrections
    FROM corrected_movements(ARRAY(SELECT lot_id FROM corrected)) AS m
), told (source, row_id, at, first, last) AS (
    -- What holds is the last statement of each source; of a movement whose time was corrected, none as it was said.
    SELECT CASE WHEN said_at IS NULL THEN 1 ELSE 2 END, id, occurred_at, 0, jsonb_array_length(corrections) - 1 FROM moved
    UNION ALL SELECT 1, id, said_at, 1, jsonb_array_length(corrections) FROM moved WHERE said_at IS NOT NULL
    UNION ALL
    SELECT k.source, h.id, CASE k.source WHEN 3 THEN coalesce(h.since, h.placed_at) ELSE h.lifted_at END, 0,
           jsonb_array_length(hold_corrections(h, CASE k.source WHEN 3 THEN h.placed_at ELSE h.lifted_at END)) - 1
    FROM (SELECT lot_id FROM corrected) c
    JOIN hold h ON h.lot_id = c.lot_id
    CROSS JOIN (VALUES (3), (4)) AS k (source)
    WHERE k.source = 3 OR h.lifted_at IS NOT NULL
    UNION ALL
    SELECT 5, x.id, x.began_at, 0, jsonb_array_length(excursion_corrections(x)) - 1
    FROM (SELECT DISTINCT e.excursion_id FROM corrected c JOIN exposure e ON e.lot_id = c.lot_id) e
    JOIN excursion x ON x.id = e.excursion_id
    UNION ALL
    SELECT 6, d.id, d.decided_at, 0, jsonb_array_length(lot_corrections(ARRAY[d.lot_id], '{}', d.decided_at)) - 1
    FROM corrected c JOIN disposition d ON d.lot_id = c.lot_id
    UNION ALL
    SELECT 8, p.id, p.occurred_at, 0,
           jsonb_array_length(lot_corrections(ARRAY(SELECT n.lot_id FROM tote_packing_line n WHERE n.packing_id = p.id), '{}',
                                              p.recorded_at)) - 1
    FROM (SELECT DISTINCT n.packing_id FROM corrected c JOIN tote_packing_line n ON n.lot_id = c.lot_id) n
    JOIN tote_packing p ON p.id = n.packing_id
), statements AS (
    SELECT (t.source::bigint << 54) | (r.revision::bigint << 46) | t.row_id AS id, t.at
    FROM told t CROSS JOIN LATERAL generate_series(t.first, least(t.last, 255)) AS r (revision)
)
(SELECT s.id, s.at
 FROM statements s
 WHERE NOT :is_descending::boolean AND (s.at, s.id) > (:after_at::timestamptz, :after_id::bigint) AND s.at < :until::timestamptz
 ORDER BY s.at, s.id
 LIMIT :rows_max)
UNION ALL
(SELECT s.id, s.at
 FROM statements s
 WHERE :is_descending::boolean AND (s.at, s.id) < (:after_at::timestamptz, :after_id::bigint) AND s.at >= :since::timestamptz
 ORDER BY s.at DESC, s.id DESC
 LIMIT :rows_max);

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
-- Take a name away, and whoever is told its answers; no row if there is none.
WITH told AS (DELETE FROM epcis_subscription WHERE query = :name)
DELETE FROM epcis_query WHERE name = :name RETURNING name;

-- name: set_place_gln(place_id, gln, extension)!
-- The GLN of a place from now on.
INSERT INTO place_gln (place_id, gln, extension) VALUES (:place_id, :gln, :extension)
ON CONFLICT (place_id) DO UPDATE SET gln = excluded.gln, extension = excluded.extension;

-- name: place_of_gln(gln, extension)$
-- The name of the place that a GLN is of.
SELECT p.name FROM place_gln g JOIN place p ON p.id = g.place_id WHERE g.gln = :gln AND g.extension = :extension;

-- name: add_subscription(id, query, connection_name, schedule, report_if_empty, since, next_at, made_by, made_at)!
-- Tell a connection the answers of a query: from the last checkpoint before an instant on, null: from now on.
INSERT INTO epcis_subscription (id, query, connection, schedule, report_if_empty, followed_to, next_at, made_by, made_at)
SELECT :id, :query, :connection_name, :schedule, :report_if_empty, coalesce(max(c.size), 0), :next_at, :made_by, :made_at
FROM seal_checkpoint c
WHERE :since::timestamptz IS NULL OR c.at <= :since;

-- name: subscriptions(query)
-- The subscriptions of a query.
SELECT s.id, s.query, s.connection, s.schedule, s.report_if_empty, s.next_at, s.last_told_at, s.made_by, s.made_at
FROM epcis_subscription s WHERE s.query = :query ORDER BY s.made_at, s.id;

-- name: subscription(query, id)^
-- One of them.
SELECT s.id, s.query, s.connection, s.schedule, s.report_if_empty, s.next_at, s.last_told_at, s.made_by, s.made_at
FROM epcis_subscription s WHERE s.query = :query AND s.id = :id;

-- name: drop_subscription(id)!
-- Tell nothing more.
DELETE FROM epcis_subscription WHERE id = :id;

-- name: due_subscriptions(size, at)
-- Those for which there may be something new, as it comes; and those whose time it is.
SELECT s.id
FROM epcis_subscription s JOIN interop_connection c ON c.name = s.connection AND c.active
WHERE CASE WHEN s.schedule IS NULL THEN s.followed_to < :size ELSE s.next_at <= :at END
ORDER BY s.id;

-- name: lock_subscription(id)^
-- A subscription that nobody else tells until this transaction ends, with its query; no row while somebody does.
SELECT s.id, s.query, s.connection, s.schedule, s.report_if_empty, s.followed_to, s.next_at, q.parameters
FROM epcis_subscription s JOIN epcis_query q ON q.name = s.query
WHERE s.id = :id FOR UPDATE OF s SKIP LOCKED;

-- name: note_told(id, followed_to, next_at, at)!
-- Everything up to this leaf was told.
UPDATE epcis_subscription SET followed_to = :followed_to, next_at = :next_at, last_told_at = :at WHERE id = :id;

-- name: leaves_to_tell(after, until)
-- Rows of which events tell, between two leaves of the seal's tree, in the order of their commits. Index: seal_tile_pkey,
-- seal_row_pkey.
SELECT s.of_table, s.row_id, s.row_key, s.change
FROM seal_tile t
CROSS JOIN LATERAL unnest(t.entries) WITH ORDINALITY AS leaf (entry, place)
JOIN seal_row s ON s.id = leaf.entry
WHERE t.level = 0 AND t.n BETWEEN :after::bigint / 256 AND :until::bigint / 256
  AND t.n * 256 + leaf.place > :after AND t.n * 256 + leaf.place <= :until
  AND (s.change = 'I' AND s.of_table IN ('movement', 'hold', 'disposition', 'tote_packing', 'excursion_version', 'epcis_capture')
       OR s.change = 'U' AND s.of_table IN ('movement', 'hold', 'correction'))
ORDER BY t.n, leaf.place;

-- name: events_of_captures(captures)
-- The events of jobs. Index: epcis_event_capture.
SELECT capture_id, id FROM epcis_event WHERE capture_id = ANY(:captures::uuid[]) ORDER BY capture_id, id;

-- name: lot_of_correction(id)$
-- The lot of whose number or expiry a correction was confirmed.
SELECT lot_id FROM correction WHERE id = :id AND kind IN ('lot_number', 'lot_expiry') AND decision = 'confirmed';
