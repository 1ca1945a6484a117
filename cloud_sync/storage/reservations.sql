-- name: lock_request(key)^
-- One at a time for each client id, until the end of the transaction.
SELECT pg_advisory_xact_lock(hashtextextended(:key, 0));

-- name: said(subject)^
-- What the ledger was asked before under a client id, and what it answered.
SELECT kind, data FROM event WHERE subject = :subject ORDER BY id LIMIT 1;

-- name: add_reservation(client_id, lot_id, serial, place_id, quantity, demand, reserved_by, expires_at)$
-- Reserve stock for a demand, firmly (expires_at null) or until then.
INSERT INTO reservation (client_id, lot_id, serial, place_id, quantity, demand, reserved_by, expires_at)
VALUES (:client_id, :lot_id, :serial, :place_id, :quantity, :demand, :reserved_by, :expires_at)
RETURNING id;

-- name: add_reservations(client_id, lot_ids, serials, place_ids, quantities, demand, reserved_by, expires_at)
-- Reservation several positions to a demand, firmly (expires_at null) or until then, in the order in which bookings own
-- lots: so they wait for each other in turn.
INSERT INTO reservation (client_id, lot_id, serial, place_id, quantity, demand, reserved_by, expires_at)
SELECT :client_id, t.lot_id, t.serial, t.place_id, t.quantity, :demand, :reserved_by, :expires_at
FROM unnest(:lot_ids::bigint[], :serials::text[], :place_ids::bigint[], :quantities::bigint[])
     AS t (lot_id, serial, place_id, quantity)
ORDER BY t.lot_id, t.place_id, t.serial
RETURNING id, lot_id, place_id, serial;

-- name: confirm_reservation(reservation_id)!
-- A pending reservation is firm from now on.
UPDATE reservation SET expires_at = NULL WHERE id = :reservation_id AND ended_at IS NULL;

-- name: end_unconfirmed(at, rows_max)
-- End pending reservations that nobody confirmed in time. Index: reservation_pending.
UPDATE reservation v
SET ended_at = clock_timestamp(), ended_as = 'expired', ended_reason = 'not confirmed in time'
FROM (SELECT id FROM reservation WHERE ended_at IS NULL AND expires_at <= :at
      ORDER BY id LIMIT :rows_max FOR UPDATE SKIP LOCKED) AS due
WHERE v.id = due.id
RETURNING v.id, v.lot_id, v.demand, v.quantity;

-- name: reservation_by_id(reservation_id)^
-- One reservation.
SELECT v.id, v.client_id, v.lot_id, v.serial, v.place_id, p.name AS place, v.quantity, v.demand, v.reserved_by,
       v.ended_as, v.expires_at
FROM reservation v JOIN place p ON p.id = v.place_id
WHERE v.id = :reservation_id;

-- name: lock_reservation(reservation_id)^
-- Nobody else ends this reservation until the end of the transaction.
SELECT id FROM reservation WHERE id = :reservation_id FOR UPDATE;

-- name: end_reservation(reservation_id, ended_as, ended_reason)!
-- Take a reservation back, or say that it was kept.
UPDATE reservation SET ended_at = clock_timestamp(), ended_as = :ended_as, ended_reason = :ended_reason
WHERE id = :reservation_id AND ended_at IS NULL;

-- name: break_held_reservations(lot_ids)
-- Break all open reservations of stock of these lots that is held by now; gives them with the first reason. What was made for
-- one patient stays reserved for that prescription.
UPDATE reservation v
SET ended_at = clock_timestamp(), ended_as = 'broken', ended_reason = held.text
FROM (
    SELECT o.id, min(h.text) AS text
    FROM reservation o
    JOIN place p ON p.id = o.place_id
    CROSS JOIN LATERAL (
        SELECT n.text
        FROM active_hold n
        WHERE n.lot_id = o.lot_id AND (n.serial IS NULL OR n.serial = o.serial)
          AND hold_covers(n.place_id, o.place_id)
          AND NOT is_for_prescription(n.prescription, o.demand)
        OFFSET 0 -- and so looked up for each
    ) AS h
    WHERE o.lot_id = ANY(:lot_ids) AND o.ended_at IS NULL
    GROUP BY o.id
) AS held
WHERE v.id = held.id AND v.ended_at IS NULL
RETURNING v.id, v.lot_id, v.demand, v.quantity, v.ended_reason;

-- name: end_expired(at, lot_ids)
-- End the open reservations (of these lots, null: all) of lots that may no longer be used; one that somebody is ending
-- right now is left to them.
-- Index: reservation_open.
WITH late AS (
    SELECT v.id, l.lot_number, expired_text(it.expires_at, p.zone) AS text
    FROM reservation v
    JOIN lot l ON l.id = v.lot_id
    JOIN place p ON p.id = v.place_id
    CROSS JOIN LATERAL expires_at(l.expires_on, l.expires_hour, l.expires_exactly, p.zone) AS it (expires_at)
    WHERE v.ended_at IS NULL AND it.expires_at <= :at AND (:lot_ids::bigint[] IS NULL OR v.lot_id = ANY(:lot_ids))
      -- Nowhere is a day further on than 14 hours ahead of UTC. Index: lot_expiry.
      AND l.expires_on <= ((:at::timestamptz AT TIME ZONE 'UTC') + interval '14 hours')::date
    ORDER BY v.id
    FOR UPDATE OF v SKIP LOCKED
)
UPDATE reservation v
SET ended_at = clock_timestamp(), ended_as = 'expired',
    ended_reason = 'lot ' || late.lot_number || ' ' || late.text
FROM late
WHERE v.id = late.id
RETURNING v.id, v.lot_id, v.demand, v.quantity, v.ended_reason;

-- name: reservations(demand, lot_id, only_open, rows_max, rows_skipped)
-- Reservations, by demand and lot.
SELECT v.id, v.client_id::text, v.lot_id, i.name AS item, l.lot_number, l.expires_on, v.serial, p.name AS place,
       v.quantity, v.demand, v.reserved_by, v.reserved_at, v.expires_at, v.ended_at, v.ended_as, v.ended_reason
FROM reservation v
JOIN lot l ON l.id = v.lot_id
JOIN item i ON i.id = l.item_id
JOIN place p ON p.id = v.place_id
WHERE (:demand::text IS NULL OR v.demand = :demand)
  AND (:lot_id::bigint IS NULL OR v.lot_id = :lot_id)
  AND (NOT :only_open OR v.ended_at IS NULL)
ORDER BY v.id
LIMIT :rows_max OFFSET :rows_skipped;

-- name: position_to_issue(lot_id, serial, place_id, but_reservation, but_demand, picked_for)^
-- One position with all that blocks it; a reservation that is about to be picked does not count against itself, nor do
-- those for the demand that the stock is for, nor that it was made for the prescription it is picked for.
SELECT b.lot_id, b.serial, b.place_id, b.quantity, l.lot_number, l.owner, l.expires_on,
       expires_at(l.expires_on, l.expires_hour, l.expires_exactly, p.zone) AS expires_at, p.zone, i.expiry_required,
       i.name AS item, p.name AS place,
       l.received_at,
       coalesce((SELECT sum(v.quantity) FROM reservation v
                 WHERE v.ended_at IS NULL AND v.id IS DISTINCT FROM :but_reservation::bigint
                   AND v.demand IS DISTINCT FROM :but_demand::text
                   AND (v.lot_id, v.place_id, v.serial) = (b.lot_id, b.place_id, b.serial)), 0)::bigint AS reserved,
       coalesce((SELECT jsonb_agg(jsonb_build_object('kind', h.kind, 'text', h.text) ORDER BY h.kind, h.text)
                 FROM active_hold h
                 WHERE h.lot_id = b.lot_id AND coalesce(h.serial = b.serial, true)
                   AND hold_covers(h.place_id, b.place_id)
                   AND NOT is_for_prescription(h.prescription, :picked_for::text)), '[]') AS holds
FROM position b
JOIN lot l ON l.id = b.lot_id
JOIN item i ON i.id = l.item_id
JOIN place p ON p.id = b.place_id
WHERE (b.lot_id, b.place_id, b.serial) = (:lot_id, :place_id, :serial);

-- name: substitutes_of(item_id)
-- What may be given instead of an item, the best first.
SELECT s.rank, s.substitute_id AS item_id, other.name AS item, i.name AS instead_of
FROM item_substitute s
JOIN item i ON i.id = s.item_id
JOIN item other ON other.id = s.substitute_id
WHERE s.item_id = :item_id
ORDER BY s.rank;

-- name: begin_together(keys, holds_key)
-- With plans that are kept: one at a time for each of these client ids, until the end of the transaction, then locks.share
-- of the holds; in this order.
SELECT keep_plans()
UNION ALL
(SELECT pg_advisory_xact_lock(k.id)
 FROM (SELECT DISTINCT hashtextextended(key, 0) AS id FROM unnest(:keys::text[]) AS u (key) ORDER BY 1 OFFSET 0) AS k)
UNION ALL
SELECT pg_advisory_xact_lock_shared(:holds_key);

-- name: any_needs_more(subjects, demands)$
-- Whether the ledger was asked before under any of these client ids, or any of these demands is a prescription, or an order
-- with one. Index: event_subject, stock_order_number_key, production_batch_prescription.
SELECT EXISTS (SELECT FROM event WHERE subject = ANY(:subjects))
    OR EXISTS (SELECT FROM stock_order WHERE number = ANY(:demands) AND kind = 'requisition' AND patient_ref <> '')
    OR EXISTS (SELECT FROM production_batch WHERE prescription <> ''
               AND (prescription = ANY(:demands)
                    OR prescription = ANY(ARRAY(SELECT token FROM personal_data
                                                WHERE field = 'prescription' AND value = ANY(:demands)))));

-- name: add_reservations_together(client_ids, lot_ids, serials, place_ids, quantities, demands, reserved_bys, expires_at)
-- Reservations of several demands, as add_reservations.
INSERT INTO reservation (client_id, lot_id, serial, place_id, quantity, demand, reserved_by, expires_at)
SELECT *
FROM unnest(:client_ids::uuid[], :lot_ids::bigint[], :serials::text[], :place_ids::bigint[], :quantities::bigint[],
            :demands::text[], :reserved_bys::text[], :expires_at::timestamptz[])
     AS t (client_id, lot_id, serial, place_id, quantity, demand, reserved_by, expires_at)
ORDER BY t.lot_id, t.place_id, t.serial
RETURNING id, client_id, lot_id, place_id, serial;

-- name: is_any_held_of(client_ids)$
-- Whether any open reservation that was asked for under one of these client ids is of stock that is held (made for another
-- patient included). Index: reservation_client; were open ones asked for here, a plan from before statistics were taken
-- would read all that are open.
WITH own AS MATERIALIZED (
    SELECT lot_id, place_id, serial, demand, ended_at FROM reservation WHERE client_id = ANY(:client_ids::uuid[])
)
SELECT EXISTS (
    SELECT FROM own
    JOIN holds_of_lots(ARRAY(SELECT lot_id FROM own)) AS h ON h.lot_id = own.lot_id
    WHERE own.ended_at IS NULL AND (h.serial IS NULL OR h.serial = own.serial) AND hold_covers(h.place_id, own.place_id)
      AND NOT is_for_prescription(h.prescription, own.demand));
