-- What people look at all day: sites, rooms, and what lies in them.

-- name: rooms()
-- Places where something may be kept or measured, with the site they stand in.
SELECT p.id, p.name, p.title, p.kind, site.name AS site, site.title AS site_title, site.zone, site.is_zone_known, p.policy
FROM place p
JOIN place site ON site.id = ANY(p.ancestors) AND site.kind = 'site'
WHERE p.kind IN ('room', 'ward', 'production', 'transit')
   OR EXISTS (SELECT FROM channel c WHERE c.place_id = p.id)
ORDER BY site.name, p.name;

-- name: lots_in_rooms()
-- How many lots lie at and below each place now, and how many of them are held there.
WITH stocked AS MATERIALIZED (
    SELECT b.place_id, b.lot_id FROM position b WHERE b.quantity > 0 GROUP BY 1, 2
), held AS MATERIALIZED (
    SELECT DISTINCT s.place_id, s.lot_id
    FROM stocked s
    JOIN active_hold h ON h.lot_id = s.lot_id AND hold_covers(h.place_id, s.place_id)
)
SELECT above.id AS place_id, count(DISTINCT s.lot_id) AS lots, count(DISTINCT held.lot_id) AS lots_held
FROM stocked s
JOIN place p ON p.id = s.place_id
CROSS JOIN LATERAL unnest(p.ancestors) AS above (id)
LEFT JOIN held ON (held.place_id, held.lot_id) = (s.place_id, s.lot_id)
GROUP BY above.id;

-- name: channels_now(place_id, at, marks)
-- Channels of a place (null: of all) with their latest good and latest unusable reading, and what they measured at each
-- of these instants, null where that was more than an hour older. Index: those of reading by channel and time.
SELECT c.id, c.place_id, g.name AS gateway, c.device, c.metric, latest.at, latest.value, latest.synced,
       missed.at AS missed_at, missed.quality AS missed_quality,
       (SELECT array_agg((SELECT r.value FROM reading r
                          WHERE r.channel_id = c.id AND r.at <= mark.at AND r.at > mark.at - interval '1 hour'
                          ORDER BY r.at DESC LIMIT 1) ORDER BY mark.at)
        FROM unnest(:marks::timestamptz[]) AS mark (at)) AS history
FROM channel c
JOIN gateway g ON g.id = c.gateway_id
LEFT JOIN LATERAL (SELECT r.at, r.value, r.synced FROM reading r
                   WHERE r.channel_id = c.id AND r.at <= :at ORDER BY r.at DESC LIMIT 1) latest ON true
LEFT JOIN LATERAL (SELECT u.at, u.quality FROM unusable_reading u
                   WHERE (u.gateway_id, u.device) = (c.gateway_id, c.device) AND u.at <= :at ORDER BY u.at DESC LIMIT 1) missed ON true
WHERE c.place_id IS NOT NULL AND (:place_id::bigint IS NULL OR c.place_id = :place_id)
ORDER BY c.place_id, c.device, c.metric;

-- name: zones_of_sites()
-- The time zones of all sites whose zone somebody has said.
SELECT DISTINCT zone FROM place WHERE kind = 'site' AND is_zone_known;

-- name: open_excursions()
-- Excursions that are not over, by place.
SELECT e.id, e.place_id, e.rule, e.severity, e.began_at, e.worst FROM excursion e WHERE e.ended_at IS NULL ORDER BY e.began_at;

-- name: todo()^
-- What waits for somebody. Index: exception_case_open_kind, excursion_open.
SELECT (SELECT count(*) FROM exception_case WHERE resolved_at IS NULL) AS cases,
       (SELECT count(*) FROM exception_case WHERE kind = 'channel_not_judged' AND resolved_at IS NULL) AS channels_not_judged,
       (SELECT count(*) FROM excursion WHERE ended_at IS NULL) AS excursions_open;

-- name: exposure_queue()
-- Excursions that hold stock until somebody decides, those that are over first, then the oldest.
SELECT e.id, p.name AS place, p.title AS place_title, p.zone, e.rule, e.severity, e.began_at, e.ended_at, e.worst, c.metric,
       count(DISTINCT h.lot_id) AS lots
FROM active_hold h
JOIN excursion e ON e.id = h.excursion_id
JOIN channel c ON c.id = e.channel_id
JOIN place p ON p.id = e.place_id
WHERE h.kind = 'exposure'
GROUP BY e.id, p.id, c.metric
ORDER BY e.ended_at IS NULL, e.began_at;

-- name: other_holds(rows_max)
-- What else holds stock: placed by people, by a case, by a recall.
SELECT h.kind, h.hold_id, h.lot_id, i.name AS item, i.title AS item_title, l.lot_number, h.serial, h.text, h.since,
       array_agg(DISTINCT p.name) FILTER (WHERE p.name IS NOT NULL) AS places
FROM active_hold h
JOIN lot l ON l.id = h.lot_id
JOIN item i ON i.id = l.item_id
LEFT JOIN place p ON p.id = h.place_id
WHERE h.kind <> 'exposure'
GROUP BY h.kind, h.hold_id, h.lot_id, i.id, l.id, h.serial, h.text, h.since
ORDER BY h.since NULLS FIRST, h.lot_id
LIMIT :rows_max;

-- name: lots_of_event(excursion_id)
-- The lots that an excursion exposed: where the exposed goods are now, whether they are held for it, the latest decision.
SELECT x.lot_id, i.name AS item, i.title AS item_title, i.base_unit, i.controlled_schedule, l.lot_number, l.expires_on,
       l.owner, min(x.since) AS since,
       EXISTS (SELECT FROM disposition d WHERE (d.excursion_id, d.lot_id) = (x.excursion_id, x.lot_id)
               AND d.decision <> 'release') AS was_rejected,
       (SELECT jsonb_agg(jsonb_build_object('name', p.name, 'title', p.title, 'kind', p.kind, 'quantity', b.quantity)
                         ORDER BY p.name)
        FROM (SELECT DISTINCT y.place_id FROM exposure y
              JOIN residency r ON (r.lot_id, r.place_id, r.serial, r.began_at)
                                  = (y.lot_id, y.place_id, y.serial, y.residency_began_at)
              WHERE (y.excursion_id, y.lot_id) = (x.excursion_id, x.lot_id) AND r.ended_at IS NULL) at
        JOIN place p ON p.id = at.place_id
        JOIN LATERAL (SELECT sum(quantity)::bigint AS quantity FROM position
                      WHERE (lot_id, place_id) = (x.lot_id, p.id)) b ON true) AS places,
       EXISTS (SELECT FROM active_hold h
               WHERE h.kind = 'exposure' AND (h.lot_id, h.excursion_id) = (x.lot_id, x.excursion_id)) AS is_held,
       decided.decision, decided.reason, decided.decided_by, decided.decided_at
FROM exposure x
JOIN lot l ON l.id = x.lot_id
JOIN item i ON i.id = l.item_id
LEFT JOIN LATERAL (SELECT d.decision, d.reason, d.decided_by, d.decided_at FROM disposition d
                   WHERE (d.excursion_id, d.lot_id) = (x.excursion_id, x.lot_id) ORDER BY d.id DESC LIMIT 1) decided ON true
WHERE x.excursion_id = :excursion_id
GROUP BY x.excursion_id, x.lot_id, i.id, l.id, decided.decision, decided.reason, decided.decided_by, decided.decided_at
ORDER BY i.name, l.lot_number;

-- name: lots_in_house(rows_max, rows_skipped)
-- Ids of lots that are in the house, those that expire first first. Index: lot_expiry, position's primary key.
SELECT l.id
FROM lot l
WHERE EXISTS (SELECT FROM position b JOIN place p ON p.id = b.place_id
              WHERE b.lot_id = l.id AND b.quantity > 0 AND p.kind IN ('site', 'room', 'bin') LIMIT 1)
ORDER BY l.expires_on, l.id
LIMIT :rows_max OFFSET :rows_skipped;

-- name: lots_found(words, after_words, rows_max, rows_skipped)
-- Ids of lots by what a person types: the beginning of a lot number (capitals or not; after_words is the first text beyond
-- all that begin so), a part of an item's name or title, or a GTIN. Those that expire first come first. Index: lot_words,
-- lot_fefo.
SELECT l.id
FROM lot l
WHERE l.id = ANY(ARRAY(
    (SELECT id FROM lot
     WHERE lower(lot_number) COLLATE "C" >= lower(:words) AND lower(lot_number) COLLATE "C" < lower(:after_words)
     ORDER BY expires_on, id LIMIT :rows_max + :rows_skipped)
    UNION
    (SELECT of.id FROM item i
     CROSS JOIN LATERAL (SELECT id FROM lot WHERE item_id = i.id ORDER BY expires_on, id
                         LIMIT :rows_max + :rows_skipped) of
     WHERE strpos(lower(i.name), lower(:words)) > 0 OR strpos(lower(i.title), lower(:words)) > 0
        OR i.id IN (SELECT g.item_id FROM item_gtin g WHERE g.gtin = lpad(:words, 14, '0')))))
ORDER BY l.expires_on, l.id
LIMIT :rows_max OFFSET :rows_skipped;

-- name: lots_shown(lot_ids)
-- Lots as lists show them, those that expire first first, with what is in the house of each.
SELECT l.id, i.name AS item, i.title AS item_title, i.base_unit, l.lot_number, l.owner, l.expires_on,
       coalesce(stock.quantity, 0)::bigint AS quantity, stock.places,
       EXISTS (SELECT FROM active_hold h WHERE h.lot_id = l.id) AS is_held
FROM lot l
JOIN item i ON i.id = l.item_id
LEFT JOIN LATERAL (SELECT sum(b.quantity) AS quantity, array_agg(DISTINCT p.name) AS places
                   FROM position b JOIN place p ON p.id = b.place_id
                   WHERE b.lot_id = l.id AND b.quantity > 0 AND p.kind IN ('site', 'room', 'bin')) stock ON true
WHERE l.id = ANY(:lot_ids)
ORDER BY l.expires_on, l.id;

-- name: returned_goods(rows_max)
-- What came back from recipients and waits for quality's decision, where it is now. Index: hold_lot.
SELECT h.id AS hold_id, h.lot_id, i.name AS item, i.title AS item_title, l.lot_number, h.serial, h.reason AS text,
       h.placed_at AS since,
       (SELECT array_agg(DISTINCT p.name ORDER BY p.name)
        FROM hold_reach r
        JOIN position b ON (b.lot_id, b.place_id, b.serial) = (r.lot_id, r.place_id, r.serial) AND b.quantity > 0
        JOIN place p ON p.id = b.place_id AND p.kind IN ('site', 'room', 'bin')
        WHERE r.hold_id = h.id) AS places
FROM (SELECT * FROM hold WHERE lifted_at IS NULL ORDER BY lot_id) h
JOIN lot l ON l.id = h.lot_id
JOIN item i ON i.id = l.item_id
WHERE h.origin = 'return'
ORDER BY h.id
LIMIT :rows_max;

-- name: waiting_for_destruction(today, rows_max)
-- Stock in the house that quality rejected or wants destroyed, or that has expired, those decided first. Index:
-- lot_expiry, position's primary key.
WITH unwanted AS (
    SELECT d.lot_id, max(d.decision) AS why FROM disposition d WHERE d.decision <> 'release' GROUP BY d.lot_id
    UNION ALL
    (SELECT l.id, 'expired' FROM lot l
     WHERE l.expires_on < :today
       AND EXISTS (SELECT FROM position b JOIN place p ON p.id = b.place_id
                   WHERE b.lot_id = l.id AND b.quantity > 0 AND p.kind IN ('site', 'room', 'bin') LIMIT 1)
     ORDER BY l.expires_on, l.id LIMIT :rows_max)
)
SELECT u.lot_id, i.name AS item, i.title AS item_title, i.base_unit, l.lot_number, l.owner, l.expires_on, b.serial,
       p.name AS place, b.quantity::bigint AS quantity, u.why
FROM unwanted u
JOIN lot l ON l.id = u.lot_id
JOIN item i ON i.id = l.item_id
JOIN position b ON b.lot_id = l.id AND b.quantity > 0
JOIN place p ON p.id = b.place_id AND p.kind IN ('site', 'room', 'bin')
ORDER BY u.why = 'expired', l.expires_on, l.id, p.name, b.serial
LIMIT :rows_max;

-- name: stock_to_expire(until, rows_max)
-- What is in the house of lots that expire before a day, by place, those that expire first first. Index: lot_expiry, position's
-- primary key.
SELECT l.id AS lot_id, l.item_id, i.name AS item, i.title AS item_title, i.base_unit, l.lot_number, l.owner, l.expires_on,
       p.name AS place, p.title AS place_title, p.zone, sum(b.quantity)::bigint AS quantity,
       EXISTS (SELECT FROM active_hold h WHERE h.lot_id = l.id AND hold_covers(h.place_id, p.id)) AS is_held
FROM (SELECT id, item_id, lot_number, owner, expires_on FROM lot WHERE expires_on < :until
      AND EXISTS (SELECT FROM position b JOIN place p ON p.id = b.place_id
                  WHERE b.lot_id = lot.id AND b.quantity > 0 AND p.kind IN ('site', 'room', 'bin') LIMIT 1)
      ORDER BY expires_on, id LIMIT :rows_max) l
JOIN item i ON i.id = l.item_id
JOIN position b ON b.lot_id = l.id AND b.quantity > 0
JOIN place p ON p.id = b.place_id AND p.kind IN ('site', 'room', 'bin')
GROUP BY l.id, l.item_id, i.id, l.lot_number, l.owner, l.expires_on, p.id
ORDER BY l.expires_on, l.id, p.name;

-- name: used_of_items(item_ids, since)
-- Base units of each of these items that were issued or used up since. Index: lot_fefo, movement_out.
SELECT l.item_id, sum(m.quantity)::bigint AS used
FROM lot l
JOIN movement m ON m.lot_id = l.id
WHERE l.item_id = ANY(:item_ids) AND m.occurred_at >= :since AND m.action IN ('dispense', 'ship', 'consume')
GROUP BY l.item_id;

-- name: residents_between(place_id, since, until, rows_max, rows_skipped)
-- Lots that were at and below a place between two instants, those that came last first. Index: residency_place.
SELECT r.lot_id, i.name AS item, i.title AS item_title, l.lot_number, r.serial, p.name AS place, r.began_at, r.ended_at
FROM (SELECT lot_id, serial, place_id, began_at, ended_at
      FROM residency
      WHERE place_id = ANY(ARRAY(SELECT id FROM place WHERE ancestors @> ARRAY[:place_id::bigint]))
        AND began_at < :until AND (ended_at IS NULL OR ended_at >= :since)
      ORDER BY began_at DESC, lot_id
      LIMIT :rows_max OFFSET :rows_skipped) r
JOIN lot l ON l.id = r.lot_id
JOIN item i ON i.id = l.item_id
JOIN place p ON p.id = r.place_id
ORDER BY r.began_at DESC, r.lot_id;
