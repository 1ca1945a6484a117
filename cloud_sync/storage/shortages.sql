-- Shortages: what there is of an item, who wants it, who gets what, and what orders may still ask for.

-- name: supply_of(item_id, site_id, at)$
-- Base units of an item at and below a site that may be given: neither held, expired nor reserved, nor in a ward's own store.
-- Index: lot_fefo, position's primary key.
SELECT coalesce(sum(b.quantity - coalesce((SELECT sum(v.quantity) FROM reservation v
                                           WHERE v.ended_at IS NULL
                                             AND (v.lot_id, v.place_id, v.serial) = (b.lot_id, b.place_id, b.serial)), 0)), 0)::bigint
FROM lot l
JOIN item i ON i.id = l.item_id
JOIN position b ON b.lot_id = l.id AND b.quantity > 0
JOIN place p ON p.id = b.place_id AND p.kind IN ('site', 'room', 'bin') AND p.ancestors @> ARRAY[:site_id::bigint]
WHERE l.item_id = :item_id AND l.owner = 'house'
  AND (expires_at(l.expires_on, l.expires_hour, l.expires_exactly, p.zone) > :at OR l.expires_on IS NULL AND NOT i.expiry_required)
  AND NOT EXISTS (SELECT FROM active_hold h WHERE h.lot_id = l.id AND coalesce(h.serial = b.serial, true)
                  AND hold_covers(h.place_id, b.place_id))
  AND NOT EXISTS (SELECT FROM place w WHERE w.id = ANY(p.ancestors) AND w.kind IN ('customer', 'ward'));

-- name: stock_of_recipients(item_id, place_ids, at)
-- Base units of an item that recipients have in rooms and bins of their own, neither held nor expired. Index: lot_fefo,
-- position's primary key.
SELECT own.id AS place_id, sum(b.quantity)::bigint AS units
FROM lot l
JOIN item i ON i.id = l.item_id
JOIN position b ON b.lot_id = l.id AND b.quantity > 0
JOIN place p ON p.id = b.place_id AND p.kind IN ('room', 'bin')
CROSS JOIN LATERAL unnest(p.ancestors) AS own (id)
WHERE l.item_id = :item_id AND l.owner = 'house' AND own.id = ANY(:place_ids)
  AND (expires_at(l.expires_on, l.expires_hour, l.expires_exactly, p.zone) > :at OR l.expires_on IS NULL AND NOT i.expiry_required)
  AND NOT EXISTS (SELECT FROM active_hold h WHERE h.lot_id = l.id AND coalesce(h.serial = b.serial, true)
                  AND hold_covers(h.place_id, b.place_id) OFFSET 0)
GROUP BY 1;

-- name: claims_on(item_id, site_id, since, at)
-- Who got an item from a site since, or asks for it by an open requisition: base units used, base units asked for and not
-- given, and the care priority. Index: lot_fefo, movement_out, order_line_item.
SELECT p.id AS place_id, p.name AS place, coalesce(r.care_priority, 3) AS priority, coalesce(used.units, 0)::bigint AS used,
       coalesce(asked.units, 0)::bigint AS asked
FROM (SELECT to_place AS place_id, sum(m.quantity)::bigint AS units
      FROM lot l
      JOIN movement m ON m.lot_id = l.id AND m.action IN ('dispense', 'ship') AND m.occurred_at >= :since AND m.occurred_at < :at
      JOIN place f ON f.id = m.from_place AND f.ancestors @> ARRAY[:site_id::bigint]
      WHERE l.item_id = :item_id AND l.owner = 'house'
      GROUP BY 1) used
FULL JOIN (SELECT o.to_place AS place_id,
                  sum(greatest(n.quantity - coalesce((SELECT sum(s.quantity) FROM order_step s WHERE (s.order_id, s.line) = (o.id, n.line)), 0)
                      - coalesce((SELECT sum(m.quantity) FROM movement m JOIN lot l ON l.id = m.lot_id AND l.item_id = n.item_id
                                  WHERE m.order_ref = o.number AND m.order_ref <> '' AND m.action IN ('dispense', 'ship')), 0), 0))::bigint AS units
           FROM order_line n
           JOIN stock_order o ON o.id = n.order_id AND o.kind = 'requisition' AND o.requested_at >= :since
           JOIN place f ON f.id = o.from_place AND f.ancestors @> ARRAY[:site_id::bigint]
           WHERE n.item_id = :item_id
             AND NOT EXISTS (SELECT FROM order_step s WHERE s.order_id = o.id AND s.step = 'rejected')
           GROUP BY 1) asked USING (place_id)
JOIN place p ON p.id = place_id AND p.kind IN ('customer', 'ward')
LEFT JOIN recipient r ON r.place_id = p.id
ORDER BY priority, p.name;

-- name: add_shortage(item_id, site_id, until_day, supply, wanted, needs_second_person, reason, opened_by, opened_at)$
-- Open a shortage and give its id; no row if one is open of this item at this site.
INSERT INTO shortage (item_id, site_id, until_day, supply, wanted, needs_second_person, reason, opened_by, opened_at)
VALUES (:item_id, :site_id, :until_day, :supply, :wanted, :needs_second_person, :reason, :opened_by, :opened_at)
ON CONFLICT (item_id, site_id) WHERE ended_at IS NULL AND decision IS DISTINCT FROM 'rejected' DO NOTHING
RETURNING id;

-- name: add_share(shortage_id, place_id, priority, rate, stock, wanted, proposed, why)!
-- What a recipient is to get of it.
INSERT INTO shortage_share (shortage_id, place_id, priority, rate, stock, wanted, proposed, why)
VALUES (:shortage_id, :place_id, :priority, :rate, :stock, :wanted, :proposed, :why);

-- name: shortages(only_open, rows_max, rows_skipped)
-- Shortages, the newest first; only those that are not over.
SELECT s.id, i.name AS item, i.title AS item_title, i.base_unit, p.name AS site, p.zone, s.until_day, s.supply, s.wanted, s.needs_second_person, s.reason, s.opened_by,
       s.opened_at, s.decision, s.decided_by, s.decided_at, s.decision_reason, s.ended_by, s.ended_at, s.ended_reason
FROM shortage s JOIN item i ON i.id = s.item_id JOIN place p ON p.id = s.site_id
WHERE NOT :only_open OR (s.ended_at IS NULL AND s.decision IS DISTINCT FROM 'rejected')
ORDER BY s.id DESC
LIMIT :rows_max OFFSET :rows_skipped;

-- name: shortage_by_id(id)^
-- One shortage.
SELECT s.id, s.item_id, s.site_id, i.name AS item, i.title AS item_title, i.base_unit, p.name AS site, p.zone, s.until_day, s.supply, s.wanted, s.needs_second_person,
       s.reason, s.opened_by, s.opened_at, s.decision, s.decided_by, s.decided_at, s.decision_reason, s.ended_by, s.ended_at,
       s.ended_reason
FROM shortage s JOIN item i ON i.id = s.item_id JOIN place p ON p.id = s.site_id
WHERE s.id = :id;

-- name: lock_shortage(id)$
-- A shortage is nobody else's until the end of the transaction.
SELECT id FROM shortage WHERE id = :id FOR UPDATE;

-- name: shares_of(shortage_id)
-- Who gets what: as proposed, or as the latest override says.
SELECT h.place_id, p.name AS place, p.title AS place_title, h.priority, h.rate, h.stock, h.wanted, h.proposed, coalesce(o.share, h.proposed) AS share,
       h.why, o.reason AS override_reason, o.said_by AS overridden_by
FROM shortage_share h
JOIN place p ON p.id = h.place_id
LEFT JOIN LATERAL (SELECT share, reason, said_by FROM shortage_override v
                   WHERE (v.shortage_id, v.place_id) = (h.shortage_id, h.place_id) ORDER BY v.id DESC LIMIT 1) o ON true
WHERE h.shortage_id = :shortage_id
ORDER BY h.priority, p.name;

-- name: add_override(shortage_id, place_id, share, reason, said_by, said_at)!
-- Another share.
INSERT INTO shortage_override (shortage_id, place_id, share, reason, said_by, said_at)
VALUES (:shortage_id, :place_id, :share, :reason, :said_by, :said_at);

-- name: decide_shortage(id, decision, decided_by, decided_at, decision_reason)!
-- Keep the decision on its shares.
UPDATE shortage SET decision = :decision, decided_by = :decided_by, decided_at = :decided_at, decision_reason = :decision_reason
WHERE id = :id AND decision IS NULL;

-- name: end_shortage(id, ended_by, ended_at, ended_reason)!
-- There is enough again.
UPDATE shortage SET ended_by = :ended_by, ended_at = :ended_at, ended_reason = :ended_reason WHERE id = :id AND ended_at IS NULL;

-- name: lock_rationed(item_ids)
-- Approved shortages of these items: whoever asks for a share of one waits until it is known what others asked for.
SELECT id FROM shortage WHERE item_id = ANY(:item_ids) AND ended_at IS NULL AND decision = 'approved' ORDER BY id FOR UPDATE;

-- name: rations(item_ids, from_place, to_place)
-- What a recipient may still ask for of items that are rationed at the site of a place: its share less what it has asked for
-- since the shortage was opened (cancelled units do not count). Index: shortage_open, stock_order_to.
SELECT s.id, s.item_id, i.name AS item, s.until_day, site.name AS site, coalesce(h.share, 0)::bigint AS share,
       coalesce((SELECT sum(n.quantity - coalesce((SELECT sum(c.quantity) FROM order_step c
                                                   WHERE (c.order_id, c.line) = (o.id, n.line)), 0))
                 FROM stock_order o
                 JOIN order_line n ON n.order_id = o.id AND n.item_id = s.item_id
                 JOIN place f ON f.id = o.from_place AND f.ancestors @> ARRAY[s.site_id]
                 WHERE o.to_place = :to_place AND o.kind = 'requisition' AND o.requested_at >= s.opened_at
                   AND NOT EXISTS (SELECT FROM order_step r WHERE r.order_id = o.id AND r.step = 'rejected')), 0)::bigint AS asked
FROM shortage s
JOIN item i ON i.id = s.item_id
JOIN place site ON site.id = s.site_id
JOIN place here ON here.id = :from_place AND here.ancestors @> ARRAY[s.site_id]
LEFT JOIN LATERAL (SELECT coalesce((SELECT v.share FROM shortage_override v
                                    WHERE (v.shortage_id, v.place_id) = (x.shortage_id, x.place_id) ORDER BY v.id DESC LIMIT 1),
                                   x.proposed) AS share
                   FROM shortage_share x WHERE (x.shortage_id, x.place_id) = (s.id, :to_place)) h ON true
WHERE s.item_id = ANY(:item_ids) AND s.ended_at IS NULL AND s.decision = 'approved'
ORDER BY s.id;
