-- name: share(key)
-- Wait for the owner of what the key stands for; nobody owns it until the end of the transaction.
SELECT pg_advisory_xact_lock_shared(:key);

-- name: own(key)
-- Wait for all who share what the key stands for; it is the transaction's alone until its end.
SELECT pg_advisory_xact_lock(:key);

-- name: lock_one(key, id)
-- Own one row of a kind; the kind has the key.
SELECT pg_advisory_xact_lock(:key, mod(:id::bigint, 2147483648)::integer);

-- name: take_free_turn(key, at_once)^
-- The number of a turn that nobody has, which is the transaction's until its end; none if all are taken.
SELECT number FROM generate_series(0, :at_once - 1) AS turn (number)
WHERE pg_try_advisory_xact_lock(:key, number) LIMIT 1;

-- name: wait_for_turn(key, at_once)
-- Wait for any one turn.
SELECT pg_advisory_xact_lock(:key, mod(pg_backend_pid(), :at_once));

-- name: lock_item_named(key, name)
-- Own the item with this name, if there is one.
SELECT pg_advisory_xact_lock(:key, mod(id, 2147483648)::integer) FROM item WHERE name = :name;

-- name: lock_items_named(key, names)
-- Own the items with these names, in the order of ids; gives them.
SELECT id, name, pg_advisory_xact_lock(:key, mod(id, 2147483648)::integer)
FROM (SELECT id, name FROM item WHERE name = ANY(:names) ORDER BY id OFFSET 0) AS i;

-- name: try_to_lead(key)$
-- Whether this session is, from now on, the one that does what has to be done once.
SELECT pg_try_advisory_lock(:key);

-- name: end_lead(key)$
-- Let others lead at once: the server ends a session some time after its connection was closed.
SELECT pg_advisory_unlock(:key);

-- name: lock_orders(numbers)
-- Lock the orders with these numbers, in the order of ids. Index: stock_order_number_key.
SELECT FROM stock_order WHERE number = ANY(:numbers) ORDER BY id FOR UPDATE;

-- name: lock_lots(lot_ids)
-- Lock these lots, in the order of ids. Index: lot_pkey.
SELECT FROM lot WHERE id = ANY(:lot_ids) ORDER BY id FOR UPDATE;

-- name: share_rooms(key, place_ids, names)
-- Share the rooms of these places, in the order of ids: all that a place is in, but no bins, for there are thousands.
SELECT pg_advisory_xact_lock_shared(:key, mod(id, 2147483648)::integer)
FROM (
    SELECT DISTINCT above.id
    FROM place p
    JOIN place above ON above.id = ANY(p.ancestors) AND (above.kind <> 'bin' OR above.parent_id IS NULL)
    WHERE p.id = ANY(:place_ids) OR p.name = ANY(:names)
    ORDER BY above.id
    OFFSET 0
) AS room;

-- name: lock_rooms(key, place_ids)
-- Own these places, a bin by way of the room it is in, in the order of ids.
SELECT pg_advisory_xact_lock(:key, mod(id, 2147483648)::integer)
FROM (
    SELECT DISTINCT room.id
    FROM place p
    CROSS JOIN LATERAL (
        SELECT above.id
        FROM unnest(p.ancestors) WITH ORDINALITY AS a (id, depth)
        JOIN place above ON above.id = a.id AND (above.kind <> 'bin' OR above.parent_id IS NULL)
        ORDER BY a.depth DESC
        LIMIT 1
    ) AS room
    WHERE p.id = ANY(:place_ids)
    ORDER BY room.id
    OFFSET 0
) AS room;

-- name: lock_lots_exposed(place_ids, firsts, befores)
-- Lock the lots that were at or below these places between these instants (null: without end), and what was made of them,
-- in the order of ids. Index: residency_place, movement_out, lot_pkey.
WITH RECURSIVE reached AS (
    SELECT r.lot_id
    FROM unnest(:place_ids::bigint[], :firsts::timestamptz[], :befores::timestamptz[]) AS t (place_id, first, before)
    JOIN place p ON p.ancestors @> ARRAY[t.place_id]
    JOIN residency r ON r.place_id = p.id
        AND r.began_at < coalesce(t.before, 'infinity')
        AND coalesce(r.ended_at, 'infinity') > coalesce(t.first, '-infinity')
    UNION
    SELECT out.lot_id
    FROM reached r
    JOIN movement went_in ON went_in.lot_id = r.lot_id
    JOIN place p ON p.id = went_in.to_place AND p.kind = 'production'
    JOIN movement out ON out.from_place = p.id
)
SELECT FROM lot WHERE id = ANY(ARRAY(SELECT lot_id FROM reached)) ORDER BY id FOR UPDATE;
