-- What speaks for theft, diversion or counterfeit of serialised units.

-- name: units_moved(item_ids, serials)
-- All movements of these units (an item and a serial, whatever the lot). Index: movement_serial.
SELECT u.item_id, u.serial, m.fact, m.occurred_at AS at, m.lot_id, l.lot_number, m.action, m.operator,
       f.name AS from_place, f.kind AS from_kind, coalesce(fs.name, '') AS from_site,
       t.name AS to_place, t.kind AS to_kind, coalesce(ts.name, '') AS to_site
FROM (SELECT DISTINCT * FROM unnest(:item_ids::bigint[], :serials::text[]) AS each (item_id, serial)) u
JOIN movement m ON m.serial = u.serial AND m.serial <> '' AND m.quantity > 0
JOIN lot l ON l.id = m.lot_id AND l.item_id = u.item_id
JOIN place f ON f.id = m.from_place
JOIN place t ON t.id = m.to_place
LEFT JOIN place fs ON fs.id = f.ancestors[1] AND fs.kind = 'site'
LEFT JOIN place ts ON ts.id = t.ancestors[1] AND ts.kind = 'site'
ORDER BY u.item_id, u.serial, m.occurred_at, m.id;

-- name: units_counted(item_ids, serials)
-- Where these units were counted. Index: position_serial, count_line_position.
SELECT u.item_id, u.serial, c.fact, c.counted_at AS at, p.name AS place, coalesce(s.name, '') AS site
FROM (SELECT DISTINCT * FROM unnest(:item_ids::bigint[], :serials::text[]) AS each (item_id, serial)) u
JOIN position b ON b.serial = u.serial AND b.serial <> ''
JOIN lot l ON l.id = b.lot_id AND l.item_id = u.item_id
JOIN count_line c ON (c.lot_id, c.place_id, c.serial) = (b.lot_id, b.place_id, b.serial) AND c.quantity > 0
JOIN place p ON p.id = b.place_id
LEFT JOIN place s ON s.id = p.ancestors[1] AND s.kind = 'site';

-- name: items_of_lots(lot_ids)
-- The items of these lots.
SELECT id AS lot_id, item_id FROM lot WHERE id = ANY(:lot_ids);

-- name: item_rules(item_ids)
-- Whether an item is made here, and whether its maker tells every unit.
SELECT i.id, i.name, i.compounding <> '' AS is_made_here,
       EXISTS (SELECT FROM complete_maker c WHERE c.item_id = i.id) AS is_complete,
       ARRAY(SELECT g.gtin FROM item_gtin g WHERE g.item_id = i.id) AS gtins
FROM item i WHERE i.id = ANY(:item_ids);

-- name: made_lots(lot_ids)
-- Those of these lots that came out of a batch here.
SELECT DISTINCT lot_id FROM batch_product WHERE lot_id = ANY(:lot_ids);

-- name: told_lots(gtins)
-- Lots that events commissioned, with how many units each. Index: told_unit_lot.
SELECT lot_number, count(DISTINCT serial) FILTER (WHERE serial <> '') AS units
FROM told_unit WHERE gtin = ANY(:gtins) AND step = 'commissioned' AND lot_number <> ''
GROUP BY lot_number;

-- name: told_units(gtins, serials)
-- What events say of these serials. Index: told_unit_pkey.
SELECT serial, step, lot_number, event_time, told_by, event_id
FROM told_unit WHERE gtin = ANY(:gtins) AND serial = ANY(:serials)
ORDER BY event_time, event_id;

-- name: add_told_units(gtins, lot_numbers, serials, steps, event_times, told_by, event_ids)!
-- Keep what events say of units and lots.
INSERT INTO told_unit (gtin, lot_number, serial, step, event_time, told_by, event_id)
SELECT gtin, lot_number, serial, step, event_time, :told_by, event_id
FROM unnest(:gtins::text[], :lot_numbers::text[], :serials::text[], :steps::text[], :event_times::timestamptz[],
            :event_ids::bigint[]) AS said (gtin, lot_number, serial, step, event_time, event_id)
ON CONFLICT DO NOTHING;

-- name: items_with_gtins(gtins)
-- The items that these GTINs are of.
SELECT DISTINCT item_id FROM item_gtin WHERE gtin = ANY(:gtins);

-- name: units_of_items(item_ids, serials)
-- Those of these serials that units of these items have or had here. Index: position_serial.
SELECT DISTINCT l.item_id, b.serial
FROM position b JOIN lot l ON l.id = b.lot_id
WHERE b.serial = ANY(:serials::text[]) AND b.serial <> '' AND l.item_id = ANY(:item_ids);

-- name: all_units_of_item(item_id, rows_max)
-- Units of an item that are in the house. Index: lot_item_id_lot_number_owner_key, position_pkey.
SELECT DISTINCT l.item_id, b.serial
FROM lot l JOIN position b ON b.lot_id = l.id
JOIN place p ON p.id = b.place_id AND p.kind IN ('site', 'room', 'bin')
WHERE l.item_id = :item_id AND b.serial <> '' AND b.quantity > 0
LIMIT :rows_max;

-- name: lost_since(item_ids, serials)
-- Since when these units are reported as lost. Index: lost_serial_open.
SELECT item_id, serial, lost_at FROM lost_serial
WHERE found_at IS NULL AND (item_id, serial) IN (SELECT * FROM unnest(:item_ids::bigint[], :serials::text[]));

-- name: travels()
-- The least time between sites.
SELECT a.name AS one_site, b.name AS other_site, t.minutes_min, t.set_by, t.set_at
FROM site_travel t JOIN place a ON a.id = t.one_site JOIN place b ON b.id = t.other_site
ORDER BY a.name, b.name;

-- name: keep_travel(one_site, other_site, minutes_min, actor, at)!
-- The least time between two sites from now on.
INSERT INTO site_travel (one_site, other_site, minutes_min, set_by, set_at)
VALUES (least(:one_site::bigint, :other_site::bigint), greatest(:one_site::bigint, :other_site::bigint), :minutes_min, :actor,
        :at)
ON CONFLICT (one_site, other_site) DO UPDATE SET minutes_min = excluded.minutes_min, set_by = excluded.set_by,
                                                 set_at = excluded.set_at;

-- name: keep_complete_maker(item_id, actor, at)!
-- The maker of an item tells every unit.
INSERT INTO complete_maker (item_id, set_by, set_at) VALUES (:item_id, :actor, :at) ON CONFLICT DO NOTHING;

-- name: forget_complete_maker(item_id)!
-- It does not any more.
DELETE FROM complete_maker WHERE item_id = :item_id;

-- name: complete_makers(rows_max, rows_skipped)
-- Items whose maker tells every unit.
SELECT i.name AS item, c.set_by, c.set_at FROM complete_maker c JOIN item i ON i.id = c.item_id
ORDER BY i.name LIMIT :rows_max OFFSET :rows_skipped;

-- name: open_signals(item_id)
-- Open cases of signals about units of an item. Index: exception_case_open_kind.
SELECT id, key, data FROM exception_case
WHERE kind = 'theft_signal' AND resolved_at IS NULL AND (data ->> 'item_id')::bigint = :item_id;


-- name: signals(only_open, rows_max, rows_skipped)
-- Cases of signals about units, the newest first. Index: exception_case_kind.
SELECT k.id, k.text, k.data ->> 'signal' AS signal, k.data ->> 'item' AS item, k.data ->> 'serial' AS serial, k.lot_id,
       l.lot_number, k.opened_at, k.resolved_at, k.resolved_by, k.resolution
FROM exception_case k JOIN lot l ON l.id = k.lot_id
WHERE k.kind = 'theft_signal' AND (NOT :only_open OR k.resolved_at IS NULL)
ORDER BY k.id DESC LIMIT :rows_max OFFSET :rows_skipped;

-- name: report_lost(item_id, serial, why, description, lost_at, actor, at)$
-- A unit is lost; no row if it is reported already. Index: lost_serial_open.
INSERT INTO lost_serial (item_id, serial, why, description, lost_at, reported_by, reported_at)
VALUES (:item_id, :serial, :why, :description, :lost_at, :actor, :at)
ON CONFLICT (item_id, serial) WHERE found_at IS NULL DO NOTHING RETURNING id;

-- name: note_found(lost_id, actor, at, how)^
-- It was found; no row if it was found before.
UPDATE lost_serial SET found_by = :actor, found_at = :at, found_how = :how
WHERE id = :lost_id AND found_at IS NULL RETURNING item_id, serial;

-- name: lost(only_open, rows_max, rows_skipped)
-- Lost units, the newest first.
SELECT s.id, i.name AS item, s.serial, s.why, s.description, s.lost_at, s.reported_by, s.reported_at, s.found_by, s.found_at,
       s.found_how
FROM lost_serial s JOIN item i ON i.id = s.item_id
WHERE NOT :only_open OR s.found_at IS NULL
ORDER BY s.id DESC LIMIT :rows_max OFFSET :rows_skipped;

-- name: lost_by_id(lost_id)^
-- One of them.
SELECT s.id, i.name AS item, s.serial, s.why, s.description, s.lost_at, s.reported_by, s.reported_at, s.found_by, s.found_at,
       s.found_how
FROM lost_serial s JOIN item i ON i.id = s.item_id WHERE s.id = :lost_id;

-- name: missing(place_id, since, until, rows_max)
-- What approved counts missed at and below a place (null: anywhere), with who moved or counted stock there since the count
-- before. Index: movement_to_place, movement_from_place, count_line_position.
SELECT p.name AS place, i.name AS item, m.lot_id, l.lot_number, m.serial, m.quantity, m.occurred_at AS missed_at,
       before.counted_at AS counted_before, m.order_ref AS count, coalesce(on_duty.people, '[]') AS people
FROM place d
JOIN movement m ON m.to_place = d.id AND m.occurred_at >= :since AND m.occurred_at < :until AND m.quantity > 0
JOIN place p ON p.id = m.from_place AND (:place_id::bigint IS NULL OR p.ancestors @> ARRAY[:place_id::bigint])
JOIN lot l ON l.id = m.lot_id
JOIN item i ON i.id = l.item_id
LEFT JOIN LATERAL (
    SELECT max(c.counted_at) AS counted_at FROM count_line c
    WHERE (c.lot_id, c.place_id, c.serial) = (m.lot_id, m.from_place, m.serial) AND c.counted_at < m.occurred_at) before ON true
LEFT JOIN LATERAL (
    SELECT jsonb_agg(jsonb_build_object('person', o.operator, 'movements', o.times) ORDER BY o.times DESC, o.operator) AS people
    FROM (SELECT at_place.operator, count(*) AS times
          FROM (SELECT operator FROM movement a
                WHERE a.from_place = m.from_place AND a.action <> 'count' AND a.occurred_at <= m.occurred_at
                  AND a.occurred_at > coalesce(before.counted_at, m.occurred_at - interval '30 days')
                UNION ALL
                SELECT operator FROM movement a
                WHERE a.to_place = m.from_place AND a.action <> 'count' AND a.occurred_at <= m.occurred_at
                  AND a.occurred_at > coalesce(before.counted_at, m.occurred_at - interval '30 days')) at_place
          WHERE at_place.operator <> ''
          GROUP BY at_place.operator) o) on_duty ON true
WHERE d.kind = 'count_difference'
ORDER BY m.occurred_at DESC, m.id DESC
LIMIT :rows_max;
