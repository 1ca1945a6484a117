-- name: known_items(keys)
-- What these keys of scanned codes stand for.
SELECT k.key, k.item_id, k.base_units, i.name FROM item_key k JOIN item i ON i.id = k.item_id WHERE k.key = ANY(:keys);

-- name: items_by_name(names)
-- Items by name, as known_items gives them.
SELECT 'item:' || i.name AS key, i.id AS item_id, 1 AS base_units, i.name FROM item i WHERE i.name = ANY(:names);

-- name: known_places(names)
-- Places by name.
SELECT id, name, kind FROM place WHERE name = ANY(:names);

-- name: lines_out_of_scope(gateways, from_names, to_names)
-- Of scanned lines (number counts from 1) between places that are known, those that their gateway may not speak for:
-- it stands nowhere, an end is in another site (or outermost room) that nobody gave it, or neither end is in a site.
SELECT l.number, g.place_id IS NOT NULL AS is_placed
FROM unnest(:gateways::text[], :from_names::text[], :to_names::text[]) WITH ORDINALITY
     AS l (gateway, from_name, to_name, number)
JOIN gateway g ON g.name = l.gateway
JOIN place f ON f.name = l.from_name
JOIN place t ON t.name = l.to_name
LEFT JOIN place own ON own.id = g.place_id
WHERE own.id IS NULL
   OR is_foreign(g.id, own.ancestors, place_scope(f.kind, f.ancestors))
   OR is_foreign(g.id, own.ancestors, place_scope(t.kind, t.ancestors))
   OR coalesce(place_scope(f.kind, f.ancestors), place_scope(t.kind, t.ancestors)) IS NULL
ORDER BY l.number;

-- name: give_sites(gateway, names, reason, said_by)
-- Let a gateway speak for the sites of these places too, on purpose; gives those that are new.
INSERT INTO gateway_site (gateway_id, site_id, reason, said_by)
SELECT DISTINCT g.id, place_scope(p.kind, p.ancestors), :reason, :said_by
FROM gateway g JOIN place own ON own.id = g.place_id JOIN place p ON p.name = ANY(:names)
WHERE g.name = :gateway AND is_foreign(g.id, own.ancestors, place_scope(p.kind, p.ancestors))
ON CONFLICT DO NOTHING
RETURNING (SELECT name FROM place WHERE id = site_id) AS site;

-- name: take_site(gateway, site)!
-- Let a gateway speak for this site no more, unless it stands there.
DELETE FROM gateway_site s USING gateway g, place p
WHERE g.id = s.gateway_id AND p.id = s.site_id AND g.name = :gateway AND p.name = :site;

-- name: add_own_place(name, title, kind)!
-- A place that the ledger makes itself (where destroyed stock ends, say), if it is not there yet.
INSERT INTO place (id, name, title, kind, ancestors)
OVERRIDING SYSTEM VALUE
SELECT new.id, :name, :title, :kind, ARRAY[new.id]
FROM (SELECT nextval(pg_get_serial_sequence('place', 'id')) AS id) AS new
ON CONFLICT (name) DO NOTHING;

-- name: lines_touch_production(place_names, keys, lot_numbers)$
-- Whether any of these places is one of production, or any lot of these labels has been in one.
SELECT EXISTS (SELECT FROM place WHERE name = ANY(:place_names) AND kind = 'production')
    OR EXISTS (
        SELECT FROM lot l
        JOIN item_key k ON k.item_id = l.item_id
        JOIN movement m ON m.lot_id = l.id
        JOIN place p ON p.id = m.to_place
        WHERE k.key = ANY(:keys) AND l.lot_number = ANY(:lot_numbers) AND p.kind = 'production');

-- name: lots_touch_production(place_ids, lot_ids)$
-- Whether any of these places is one of production, or any of these lots has been in one.
SELECT EXISTS (SELECT FROM place WHERE id = ANY(:place_ids) AND kind = 'production')
    OR EXISTS (
        SELECT FROM movement m
        JOIN place p ON p.id = m.to_place
        WHERE m.lot_id = ANY(:lot_ids) AND p.kind = 'production');

-- name: add_lots(item_ids, lot_numbers, owners, expires_on, expires_hours, received_at)
-- Make the lots that are not there yet, in one order, so that two who make the same lots wait for each other in turn; gives
-- those, as lots_by_label does. received_at is when they will turn out to have come (receive_lots), or null.
INSERT INTO lot (item_id, lot_number, owner, expires_on, expires_hour, received_at)
SELECT *
FROM unnest(:item_ids::bigint[], :lot_numbers::text[], :owners::text[], :expires_on::date[], :expires_hours::time[],
            :received_at::timestamptz[])
ORDER BY 1, 2, 3
ON CONFLICT (item_id, lot_number, owner) DO NOTHING
RETURNING id, item_id, lot_number, owner, expires_on, expires_hour, expires_exactly, is_expiry_corrected;

-- name: receive_lots(lot_ids)!
-- Let lots that are new have come when they first were somewhere, or not yet. The trigger of this name sees to what comes
-- earlier later on.
UPDATE lot l SET received_at = came.at
FROM (SELECT asked.id, (SELECT min(r.began_at) FROM residency r WHERE r.lot_id = asked.id) AS at
      FROM unnest(:lot_ids::bigint[]) AS asked (id)) AS came
WHERE l.id = came.id AND l.received_at IS DISTINCT FROM came.at;

-- name: lots_by_label(item_ids, lot_numbers, owners)
-- Lots by what identifies them.
SELECT l.id, l.item_id, l.lot_number, l.owner, l.expires_on, l.expires_hour, l.expires_exactly, l.is_expiry_corrected
FROM unnest(:item_ids::bigint[], :lot_numbers::text[], :owners::text[]) AS label (item_id, lot_number, owner)
JOIN lot l USING (item_id, lot_number, owner);

-- name: lots_with_expiry(lot_ids)
-- Lots with what is known of their expiry, locked.
SELECT l.id, l.lot_number, l.expires_on, l.expires_hour, l.is_expiry_corrected
FROM lot l WHERE l.id = ANY(:lot_ids) ORDER BY l.id FOR NO KEY UPDATE;

-- name: is_made_here(lot_id)$
-- Whether a lot is a product of a batch of ours.
SELECT EXISTS (SELECT FROM batch_product WHERE lot_id = :lot_id);

-- name: set_expiry(id, expires_on, expires_hour, expires_exactly)!
-- Another expiry, or the first that is known.
UPDATE lot SET expires_on = :expires_on, expires_hour = :expires_hour, expires_exactly = :expires_exactly WHERE id = :id;

-- name: issues_after_expiry(lot_id, place_id, issuing)
-- What was handed out of a lot, or at and below a place, when it had expired, or may have (a doubtful or typed time: as
-- late as it may have been), by the expiry that it has now, in words as faults_at_issue gives them. latest_at: when its
-- time was typed. Index: movement_out.
SELECT m.fact, m.lot_id, m.action, m.quantity, m.operator, m.order_ref, evidence_of(m.fact) AS evidence_id, m.occurred_at,
       CASE WHEN m.fact NOT LIKE '%%/scans/%%' THEN m.latest_at END AS latest_at,
       expired_text(it.expires_at, p.zone) AS text
FROM lot l JOIN movement m ON m.lot_id = l.id
JOIN place p ON p.id = m.from_place
CROSS JOIN LATERAL expires_at(l.expires_on, l.expires_hour, l.expires_exactly, p.zone) AS it (expires_at)
WHERE (:lot_id::bigint IS NULL OR l.id = :lot_id) AND m.action = ANY(:issuing)
  AND (:place_id::bigint IS NULL OR p.ancestors @> ARRAY[:place_id::bigint])
  AND it.expires_at <= CASE WHEN m.latest_at IS NULL THEN m.occurred_at ELSE least(m.latest_at, clock_timestamp()) END
ORDER BY m.id;

-- name: add_movements(facts, lot_ids, serials, quantities, from_places, to_places, occurred_at, actions, operators, order_refs, event_ids, latest_at)
-- Append movements, with the times between which they were where a clock is doubtful, or a person typed the time afterwards
-- (latest_at); gives those that were not there yet. What a journal says that nobody announced may have been as late as now.
INSERT INTO movement (fact, lot_id, serial, quantity, from_place, to_place, occurred_at, action, operator, order_ref,
                      event_id, earliest_at, latest_at)
SELECT new.fact, new.lot_id, new.serial, new.quantity, new.from_place, new.to_place, new.occurred_at, new.action,
       new.operator, new.order_ref, new.event_id,
       coalesce(possible.earliest_at,
                CASE WHEN coalesce(new.latest_at, doubted.latest_at) IS NOT NULL THEN new.occurred_at END),
       greatest(possible.latest_at, new.latest_at, doubted.latest_at)
FROM unnest(:facts::text[], :lot_ids::bigint[], :serials::text[], :quantities::bigint[], :from_places::bigint[],
            :to_places::bigint[], :occurred_at::timestamptz[], :actions::text[], :operators::text[],
            :order_refs::text[], :event_ids::bigint[], :latest_at::timestamptz[])
     AS new (fact, lot_id, serial, quantity, from_place, to_place, occurred_at, action, operator, order_ref, event_id,
             latest_at)
LEFT JOIN LATERAL possible_times(new.fact) AS possible ON true
LEFT JOIN LATERAL (
    SELECT greatest(new.occurred_at, clock_timestamp()) AS latest_at
    FROM gateway_journal j JOIN gateway g ON g.id = j.gateway_id
    WHERE j.standing <> 'trusted' AND starts_with(new.fact, g.name || '/' || j.journal || '/scans/')
    LIMIT 1
) AS doubted ON true
ON CONFLICT (fact) DO NOTHING
RETURNING id, fact, lot_id, serial, from_place, to_place;

-- name: add_to_positions(movement_ids)!
-- Carry new movements over to the balances of the places they touch.
INSERT INTO position (lot_id, serial, place_id, quantity)
SELECT m.lot_id, m.serial, side.place_id, sum(side.quantity)
FROM movement m
CROSS JOIN LATERAL (VALUES (m.to_place, m.quantity), (m.from_place, -m.quantity)) AS side (place_id, quantity)
WHERE m.id = ANY(:movement_ids)
GROUP BY 1, 2, 3
ORDER BY 1, 3, 2
ON CONFLICT (lot_id, place_id, serial) DO UPDATE SET quantity = position.quantity + excluded.quantity;

-- name: lots_from_production(movement_ids)
-- Lots that these movements take out of places of production.
SELECT DISTINCT m.lot_id
FROM movement m JOIN place p ON p.id = m.from_place AND p.kind = 'production'
WHERE m.id = ANY(:movement_ids)
ORDER BY m.lot_id;

-- name: redo_residencies(lot_ids, serials, place_ids)!
-- When these (lot, serial, place) were there: from all their movements in the order of event time, those into the place
-- before those out of it, wherever the balance rises above 0 and falls back. Where a clock is doubtful, stock came as early
-- and left as late as it may have: nowhere can it have been longer. Suppliers, count differences and what is used up hold
-- no stock. Only what differs from before is written.
WITH touched AS (
    SELECT DISTINCT t.lot_id, t.serial, t.place_id
    FROM unnest(:lot_ids::bigint[], :serials::text[], :place_ids::bigint[]) AS t (lot_id, serial, place_id)
    JOIN place p ON p.id = t.place_id
    WHERE p.kind NOT IN ('supplier', 'count_difference', 'used_up')
), step AS (
    SELECT t.*, m.came_at AS at, false AS is_out, m.fact, m.quantity AS change
    FROM touched t JOIN movement m ON (m.lot_id, m.to_place, m.serial) = (t.lot_id, t.place_id, t.serial)
    UNION ALL
    SELECT t.*, m.left_at, true, m.fact, -m.quantity
    FROM touched t JOIN movement m ON (m.lot_id, m.from_place, m.serial) = (t.lot_id, t.place_id, t.serial)
), balance AS (
    SELECT *, sum(change) OVER (PARTITION BY lot_id, serial, place_id ORDER BY at, is_out, fact) AS after
    FROM step
), edge AS (
    SELECT *, after > 0 AS begins
    FROM balance
    WHERE (after > 0) <> (after - change > 0)
), new AS (
    SELECT *
    FROM (
        SELECT lot_id, serial, place_id, begins, at AS began_at, lead(at) OVER (
            PARTITION BY lot_id, serial, place_id ORDER BY at, is_out, fact) AS ended_at
        FROM edge
    ) AS pair
    WHERE begins
), gone AS (
    DELETE FROM residency r
    USING touched t
    WHERE (r.lot_id, r.place_id, r.serial) = (t.lot_id, t.place_id, t.serial)
      AND NOT EXISTS (SELECT FROM new n WHERE (n.lot_id, n.place_id, n.serial, n.began_at)
                                            = (r.lot_id, r.place_id, r.serial, r.began_at))
)
INSERT INTO residency (lot_id, serial, place_id, began_at, ended_at)
SELECT lot_id, serial, place_id, began_at, ended_at FROM new
ON CONFLICT (lot_id, place_id, serial, began_at) DO UPDATE SET ended_at = excluded.ended_at
WHERE residency.ended_at IS DISTINCT FROM excluded.ended_at;

-- name: negative_balances(lot_ids, serials, place_ids)
-- Those of these (lot, serial, place) inside whose balance was below 0 once, or for which a case is open that says so, with
-- its key: how low it ever was, and when and by which fact it first fell below 0 (null: never). Times by doubtful clocks are
-- taken as in redo_residencies: nothing is missing that may only have come earlier than was said. Index: exception_case_key.
WITH touched AS (
    SELECT DISTINCT t.lot_id, t.serial, t.place_id, p.name AS place
    FROM unnest(:lot_ids::bigint[], :serials::text[], :place_ids::bigint[]) AS t (lot_id, serial, place_id)
    JOIN place p ON p.id = t.place_id
    WHERE p.kind IN ('site', 'room', 'bin', 'ward', 'customer', 'transit')
), step AS (
    SELECT t.*, m.came_at AS at, false AS is_out, m.fact, m.quantity AS change, m.occurred_at
    FROM touched t JOIN movement m ON (m.lot_id, m.to_place, m.serial) = (t.lot_id, t.place_id, t.serial)
    UNION ALL
    SELECT t.*, m.left_at, true, m.fact, -m.quantity, m.occurred_at
    FROM touched t JOIN movement m ON (m.lot_id, m.from_place, m.serial) = (t.lot_id, t.place_id, t.serial)
), balance AS (
    SELECT *, sum(change) OVER (PARTITION BY lot_id, serial, place_id ORDER BY at, is_out, occurred_at, fact) AS after
    FROM step
)
SELECT *, CASE WHEN since IS NOT NULL THEN evidence_of(fact) END AS evidence_id
FROM (
    SELECT lot_id, serial, place_id, place, min(after)::bigint AS lowest,
           min(occurred_at) FILTER (WHERE after < 0) AS since,
           (array_agg(fact ORDER BY at, is_out, occurred_at, fact) FILTER (WHERE after < 0))[1] AS fact,
           'lot:' || lot_id || '/' || serial || '/place:' || place_id AS key
    FROM balance
    GROUP BY lot_id, serial, place_id, place
) AS each
WHERE since IS NOT NULL
   OR EXISTS (SELECT FROM exception_case c
              WHERE c.kind = 'negative_balance' AND c.key = each.key AND coalesce(c.resolved_at, 'infinity') = 'infinity')
ORDER BY lot_id, serial, place_id;

-- name: faults_at_issue(lot_ids, serials, place_ids, at, dispensed_for)
-- Which of these were under a hold or expired at that time (null: a clock that nobody trusts, so by now), by what the
-- ledger knows now; number counts from 1. dispensed_for is the prescription that stock was picked or dispensed for, or an
-- order with it: what was made for that prescription alone may be.
SELECT issue.number, fault.kind, fault.text
FROM unnest(:lot_ids::bigint[], :serials::text[], :place_ids::bigint[], :at::timestamptz[], :dispensed_for::text[])
     WITH ORDINALITY AS issue (lot_id, serial, place_id, at, dispensed_for, number)
JOIN place p ON p.id = issue.place_id
CROSS JOIN LATERAL (
    (SELECT 'issued_while_held' AS kind, 'held: ' || h.text AS text
     FROM active_hold h
     WHERE h.lot_id = issue.lot_id
       AND (h.serial IS NULL OR h.serial = issue.serial)
       AND hold_covers(h.place_id, issue.place_id)
       AND h.since <= coalesce(issue.at, clock_timestamp())
       AND NOT is_for_prescription(h.prescription, issue.dispensed_for)
     ORDER BY h.kind, h.text
     LIMIT 1) -- and so looked up for each, however many there are
    UNION ALL
    (SELECT 'issued_while_expired', expired_text(it.expires_at, p.zone)
     FROM lot l
     CROSS JOIN LATERAL expires_at(l.expires_on, l.expires_hour, l.expires_exactly, p.zone) AS it (expires_at)
     WHERE l.id = issue.lot_id AND it.expires_at <= coalesce(issue.at, clock_timestamp()))
) AS fault
ORDER BY issue.number, fault.kind;

-- name: serials_in_places(lot_ids, serials)
-- Where these serials are now, and the latest fact about each. Index: residency_serial_open, movement_serial.
SELECT each.*, last.fact, evidence_of(last.fact) AS evidence_id
FROM (
    SELECT s.lot_id, s.serial,
           coalesce(array_agg(p.name ORDER BY p.name) FILTER (WHERE p.id IS NOT NULL), '{}') AS places
    FROM (SELECT DISTINCT * FROM unnest(:lot_ids::bigint[], :serials::text[]) AS s (lot_id, serial)
          WHERE serial <> '') s
    LEFT JOIN residency r ON r.lot_id = s.lot_id AND r.serial = s.serial AND r.serial <> '' AND r.ended_at IS NULL
    LEFT JOIN place p ON p.id = r.place_id
    GROUP BY 1, 2
) AS each
LEFT JOIN LATERAL (
    SELECT m.fact FROM movement m
    WHERE m.lot_id = each.lot_id AND m.serial = each.serial AND m.serial <> ''
    ORDER BY m.came_at DESC, m.fact DESC LIMIT 1
) AS last ON true
ORDER BY each.lot_id, each.serial;
