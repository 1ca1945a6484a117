-- name: graph(lot_ids, serial, is_forward, rows_max)^
-- Where lots (or one serial of them) came from, or went: their own movements, and backward those of every lot that went
-- into the production places they came out of, forward those of every lot that came out of the production places they
-- went into, and so on. A node is a lot in a place; each is visited once, so loops end. Movements of a lot between the
-- same two places are added up to one edge; what went into a place of production has an edge to each product that left
-- it afterwards. A serial is followed through the opening of its case: forward to what was in it, from then on, backward
-- to the case that it was in, up to then; what came out without a serial is followed as the loose stock it became. Gives
-- JSON texts: a trace has tens of thousands of edges, which nobody but the reader of the answer needs to take apart.
-- nodes and edges; ends: edges from suppliers (backward) or to recipients (forward); production: what went into places of
-- production and came out; serials: by which the lots themselves were followed; is_cut: whether there are more edges than
-- rows_max.
-- Index: movement_in, movement_out, movement_from_place, movement_to_place. Nobody can know beforehand how much is
-- reached: OFFSET 0 lets each node be looked up, never a whole table read.
WITH RECURSIVE walked (lot_id, place_id, serial, since_or_until) AS ( -- serial: only that, null: all
    SELECT m.lot_id, side.place_id, nullif(:serial, ''),
           CASE WHEN :is_forward THEN '-infinity'::timestamptz ELSE 'infinity' END
    FROM movement m CROSS JOIN LATERAL (VALUES (m.from_place), (m.to_place)) AS side (place_id)
    WHERE m.lot_id = ANY(:lot_ids) AND (:serial = '' OR m.serial = :serial)
    UNION
    SELECT further.lot_id, further.place_id, further.serial, further.since_or_until
    FROM (SELECT t.*, p.kind FROM walked t JOIN place p ON p.id = t.place_id OFFSET 0) AS r
    CROSS JOIN LATERAL (
        SELECT m.lot_id, m.from_place, r.serial, r.since_or_until
        FROM movement m
        WHERE NOT :is_forward AND m.lot_id = r.lot_id AND m.to_place = r.place_id
          AND (:serial = '' OR r.serial IS NULL OR m.serial = r.serial AND m.came_at <= r.since_or_until
               AND m.from_place <> ALL(ARRAY(SELECT g.id FROM place g WHERE g.kind = 'unpacking')))
        UNION ALL
        SELECT m.lot_id, m.to_place, r.serial, r.since_or_until
        FROM movement m
        WHERE :is_forward AND m.lot_id = r.lot_id AND m.from_place = r.place_id
          AND (:serial = '' OR r.serial IS NULL
               OR m.serial = r.serial AND m.left_at >= r.since_or_until AND r.kind <> 'unpacking')
        UNION ALL
        SELECT opened.lot_id, opened.to_place, opened.serial, opened.left_at
        FROM movement m
        JOIN movement opened ON opened.lot_id = m.lot_id AND opened.to_place = m.from_place
            AND opened.event_id = m.event_id AND opened.serial <> m.serial
        WHERE :serial <> '' AND NOT :is_forward AND r.serial IS NOT NULL AND m.lot_id = r.lot_id AND m.to_place = r.place_id
          AND m.serial = r.serial AND m.came_at <= r.since_or_until
          AND m.from_place = ANY(ARRAY(SELECT g.id FROM place g WHERE g.kind = 'unpacking'))
          AND (opened.serial <> '' OR NOT EXISTS ( -- loose stock only where no case was named
              SELECT FROM movement c WHERE c.lot_id = m.lot_id AND c.to_place = m.from_place AND c.serial <> ''
              AND c.event_id = m.event_id))
        UNION ALL
        SELECT m.lot_id, m.to_place, m.serial, m.came_at
        FROM movement opened
        JOIN movement m ON m.lot_id = opened.lot_id AND m.from_place = opened.to_place
            AND m.event_id = opened.event_id AND m.serial <> opened.serial
        WHERE :serial <> '' AND :is_forward AND r.kind = 'unpacking' AND r.serial IS NOT NULL
          AND opened.lot_id = r.lot_id AND opened.to_place = r.place_id AND opened.serial = r.serial
          AND opened.left_at >= r.since_or_until
        UNION ALL
        SELECT put_in.lot_id, r.place_id, NULL, 'infinity'
        FROM movement made
        JOIN movement put_in ON put_in.to_place = made.from_place AND put_in.occurred_at <= made.occurred_at
        WHERE NOT :is_forward AND r.kind = 'production' AND made.lot_id = r.lot_id AND made.from_place = r.place_id
          AND put_in.lot_id <> r.lot_id
          AND (:serial = '' OR r.serial IS NULL OR made.serial = r.serial AND made.came_at <= r.since_or_until)
        UNION ALL
        SELECT made.lot_id, r.place_id, NULL, '-infinity'
        FROM movement put_in
        JOIN movement made ON made.from_place = put_in.to_place AND made.occurred_at >= put_in.occurred_at
        WHERE :is_forward AND r.kind = 'production' AND put_in.lot_id = r.lot_id AND put_in.to_place = r.place_id
          AND made.lot_id <> r.lot_id
          AND (:serial = '' OR r.serial IS NULL OR put_in.serial = r.serial AND put_in.left_at >= r.since_or_until)
    ) AS further (lot_id, place_id, serial, since_or_until)
), reached AS (
    SELECT w.lot_id, w.place_id, w.serial,
           CASE WHEN :is_forward THEN min(w.since_or_until) ELSE max(w.since_or_until) END AS since_or_until,
           w.serial IS NOT NULL AND w.place_id IN (SELECT id FROM place WHERE kind = 'unpacking') AS is_opening
    FROM walked w
    WHERE :serial <> ''
    GROUP BY w.lot_id, w.place_id, w.serial
    UNION ALL
    SELECT w.lot_id, w.place_id, NULL, NULL, false FROM walked w WHERE :serial = '' -- each is there once
), found AS MATERIALIZED (
    SELECT r.lot_id, CASE WHEN :is_forward THEN r.place_id ELSE step.other END AS from_place,
           CASE WHEN :is_forward THEN step.other ELSE r.place_id END AS to_place, sum(step.quantity)::bigint AS quantity,
           count(*) AS movements, min(step.occurred_at) AS first_at, max(step.occurred_at) AS last_at
    FROM reached r
    CROSS JOIN LATERAL (
        SELECT m.from_place AS other, m.quantity, m.occurred_at
        FROM movement m
        WHERE NOT :is_forward AND m.lot_id = r.lot_id AND m.to_place = r.place_id
          AND (:serial = '' OR r.serial IS NULL OR m.serial = r.serial AND m.came_at <= r.since_or_until)
        UNION ALL
        SELECT m.to_place, m.quantity, m.occurred_at
        FROM movement m
        WHERE :is_forward AND NOT r.is_opening AND m.lot_id = r.lot_id AND m.from_place = r.place_id
          AND (:serial = '' OR r.serial IS NULL OR m.serial = r.serial AND m.left_at >= r.since_or_until)
        UNION ALL
        SELECT m.to_place, m.quantity, m.occurred_at
        FROM movement opened
        JOIN movement m ON m.lot_id = opened.lot_id AND m.from_place = opened.to_place
            AND m.event_id = opened.event_id AND m.serial <> opened.serial
        WHERE :serial <> '' AND :is_forward AND r.is_opening AND opened.lot_id = r.lot_id AND opened.to_place = r.place_id
          AND opened.serial = r.serial AND opened.left_at >= r.since_or_until
        OFFSET 0
    ) AS step
    GROUP BY r.lot_id, r.place_id, step.other
    ORDER BY first_at, 1, 2, 3
    LIMIT :rows_max + 1
), step AS MATERIALIZED (
    SELECT f.*, ',"first_at":' || to_json(f.first_at) || ',"last_at":' || to_json(f.last_at) || '}' AS times,
           row_number() OVER (ORDER BY f.first_at, f.lot_id, f.from_place, f.to_place) AS number
    FROM (SELECT * FROM found ORDER BY first_at, lot_id, from_place, to_place LIMIT :rows_max) AS f
), node AS MATERIALIZED (
    SELECT lot_id, from_place AS place_id FROM step UNION SELECT lot_id, to_place FROM step
), lot_text AS (
    SELECT l.id, '"lot_id":' || l.id || ',"item":' || to_json(i.name) || ',"lot_number":' || to_json(l.lot_number) AS text
    FROM (SELECT DISTINCT lot_id FROM node) AS n
    CROSS JOIN LATERAL (SELECT id, item_id, lot_number FROM lot WHERE id = n.lot_id OFFSET 0) AS l
    JOIN item i ON i.id = l.item_id
), place_text AS MATERIALIZED ( -- tail: what comes after the id of the lot in the key of a node, and the closing quote
    SELECT p.id, p.kind, to_json(p.name)::text AS name, '@' || substr(to_json(p.name)::text, 2) AS tail
    FROM place p
    WHERE p.id IN (SELECT place_id FROM node)
), put_in AS (
    SELECT s.* FROM step s JOIN place_text p ON p.id = s.to_place AND p.kind = 'production'
), made AS (
    SELECT s.lot_id, s.from_place AS place_id, sum(s.quantity)::bigint AS quantity, max(s.last_at) AS at
    FROM step s JOIN place_text p ON p.id = s.from_place AND p.kind = 'production'
    GROUP BY 1, 2
), made_into AS (
    SELECT put_in.lot_id AS source, made.lot_id AS target, made.place_id, sum(put_in.quantity) AS quantity,
           sum(put_in.movements) AS movements, min(put_in.first_at) AS first_at, made.at AS last_at
    FROM put_in
    JOIN made ON made.place_id = put_in.to_place AND made.lot_id <> put_in.lot_id AND put_in.first_at <= made.at
    GROUP BY 1, 2, 3, made.at
)
SELECT
    (SELECT '[' || coalesce(string_agg('{"key":"' || n.lot_id || p.tail || ',' || l.text || ',"place":' || p.name
                                       || ',"place_kind":"' || p.kind || '"}', ',' ORDER BY n.lot_id, n.place_id), '') || ']'
     FROM node n JOIN lot_text l ON l.id = n.lot_id JOIN place_text p ON p.id = n.place_id) AS nodes,
    (SELECT '[' || coalesce(string_agg(text, ',' ORDER BY number, source, target, place_id), '') || ']'
     FROM (
        SELECT s.number, 0::bigint AS source, 0::bigint AS target, 0::bigint AS place_id,
               '{"kind":"moved","source":"' || s.lot_id || f.tail || ',"target":"' || s.lot_id || t.tail || ',"quantity":'
               || s.quantity || ',"movements":' || s.movements || s.times AS text
        FROM step s JOIN place_text f ON f.id = s.from_place JOIN place_text t ON t.id = s.to_place
        UNION ALL
        SELECT NULL, m.source, m.target, m.place_id,
               '{"kind":"made_into","source":"' || m.source || p.tail || ',"target":"' || m.target || p.tail || ',"quantity":'
               || m.quantity || ',"movements":' || m.movements || ',"first_at":' || to_json(m.first_at)
               || ',"last_at":' || to_json(m.last_at) || '}'
        FROM made_into m JOIN place_text p ON p.id = m.place_id
     ) AS edge) AS edges,
    (SELECT '[' || coalesce(string_agg('{' || l.text || ',"from_place":' || f.name || ',"to_place":' || t.name
                                       || ',"quantity":' || s.quantity || s.times, ',' ORDER BY s.number), '') || ']'
     FROM step s JOIN lot_text l ON l.id = s.lot_id
     JOIN place_text f ON f.id = s.from_place JOIN place_text t ON t.id = s.to_place
     WHERE CASE WHEN :is_forward THEN t.kind IN ('customer', 'ward') ELSE f.kind = 'supplier' END) AS ends,
    (SELECT coalesce(json_agg(json_build_object('lot_id', lot_id, 'place_id', place_id, 'quantity', quantity,
                                                'is_put_in', is_put_in)), '[]')::text
     FROM (SELECT lot_id, to_place AS place_id, sum(quantity)::bigint AS quantity, true AS is_put_in
           FROM put_in GROUP BY 1, 2
           UNION ALL SELECT lot_id, place_id, quantity, false FROM made) AS flow) AS production,
    ARRAY(SELECT DISTINCT serial FROM reached WHERE lot_id = ANY(:lot_ids) AND serial IS NOT NULL) AS serials,
    (SELECT count(*) > :rows_max FROM found) AS is_cut;

-- name: own_ends(lot_id)
-- Where a lot itself came from suppliers and went to recipients, added up as edges, the earliest first; and the places of
-- production between which and other lots a trace goes on. Index: movement_out.
SELECT m.lot_id, i.name AS item, l.lot_number, f.name AS from_place, f.kind AS from_kind, t.name AS to_place,
       t.kind AS to_kind, sum(m.quantity)::bigint AS quantity, min(m.occurred_at) AS first_at
FROM movement m
JOIN lot l ON l.id = m.lot_id
JOIN item i ON i.id = l.item_id
JOIN place f ON f.id = m.from_place
JOIN place t ON t.id = m.to_place
WHERE m.lot_id = :lot_id AND (f.kind IN ('supplier', 'production') OR t.kind IN ('customer', 'ward', 'production'))
GROUP BY m.lot_id, i.id, l.id, f.id, t.id
ORDER BY first_at, f.id, t.id;

-- name: lots_of(serial, lot_number, supplier, order_ref, recipient, batch, rows_max)
-- The lots that somebody means: by serial, by number (of a supplier), by order, by who got them, or by the batch that
-- they went into or came out of; all that is given has to hold. Index: the lot's key, movement_from_place and _to_place.
SELECT l.id AS lot_id
FROM lot l
WHERE (:lot_number::text IS NULL OR l.lot_number = :lot_number)
  AND (:serial::text IS NULL OR EXISTS (SELECT FROM movement m WHERE m.lot_id = l.id AND m.serial = :serial))
  AND (:supplier::text IS NULL OR EXISTS (
      SELECT FROM movement m JOIN place p ON p.id = m.from_place AND p.kind = 'supplier' AND p.name = :supplier
      WHERE m.lot_id = l.id))
  AND (:order_ref::text IS NULL OR EXISTS (SELECT FROM movement m WHERE m.lot_id = l.id AND m.order_ref = :order_ref))
  AND (:recipient::text IS NULL OR EXISTS (
      SELECT FROM movement m JOIN place p ON p.id = m.to_place AND p.kind IN ('customer', 'ward') AND p.name = :recipient
      WHERE m.lot_id = l.id))
  AND (:batch::text IS NULL OR EXISTS (
      SELECT FROM movement m JOIN place p ON p.id IN (m.from_place, m.to_place) AND p.kind = 'production' AND p.name = :batch
      WHERE m.lot_id = l.id))
ORDER BY l.id
LIMIT :rows_max;

-- name: named_lots(lot_ids)
-- What people call these lots.
SELECT l.id, i.name AS item, l.lot_number FROM lot l JOIN item i ON i.id = l.item_id WHERE l.id = ANY(:lot_ids);

-- name: named_places(place_ids)
-- What people call these places, and their kinds.
SELECT id, name, kind FROM place WHERE id = ANY(:place_ids);

-- name: quantities_of(lot_ids, serial, order_ref, recipient)
-- How many base units of each lot a search is about: what a recipient has (for an order), what an order sent to
-- recipients, or else all that ever came in. Index: movement_in, movement_out.
SELECT m.lot_id, greatest(0, sum(CASE
           WHEN :recipient::text IS NOT NULL THEN CASE WHEN t.name = :recipient THEN m.quantity
                                                       WHEN f.name = :recipient THEN -m.quantity ELSE 0 END
           WHEN :order_ref::text IS NOT NULL THEN CASE WHEN t.kind IN ('customer', 'ward') THEN m.quantity
                                                       WHEN f.kind IN ('customer', 'ward') THEN -m.quantity ELSE 0 END
           WHEN f.kind IN ('supplier', 'count_difference') OR f.kind = 'unpacking' AND m.serial = :serial THEN m.quantity
           WHEN f.kind = 'production' AND NOT EXISTS (
               SELECT FROM movement put_in WHERE put_in.lot_id = m.lot_id AND put_in.to_place = f.id) THEN m.quantity
           ELSE 0 END))::bigint AS quantity
FROM movement m
JOIN place f ON f.id = m.from_place
JOIN place t ON t.id = m.to_place
WHERE m.lot_id = ANY(:lot_ids)
  AND (:serial::text IS NULL OR m.serial = :serial)
  AND (:order_ref::text IS NULL OR m.order_ref = :order_ref)
GROUP BY m.lot_id
ORDER BY m.lot_id;

-- name: origins_of(lot_ids, roots, serials)
-- From where each of these lots came into being here: suppliers, count differences, places of production that it did
-- not go into. Of the roots only these serials, if any are given. Index: movement_out.
SELECT m.lot_id, m.from_place AS place_id, sum(m.quantity)::bigint AS quantity
FROM movement m
JOIN place f ON f.id = m.from_place
WHERE m.lot_id = ANY(:lot_ids)
  AND (:serials::text[] IS NULL OR m.serial = ANY(:serials) OR NOT m.lot_id = ANY(:roots))
  AND (f.kind IN ('supplier', 'count_difference')
       OR f.kind = 'production' AND NOT EXISTS (
           SELECT FROM movement put_in WHERE put_in.lot_id = m.lot_id AND put_in.to_place = f.id))
GROUP BY 1, 2
ORDER BY 1, 2;

-- name: flows_of(place_ids)
-- What places of production took and gave, lot by lot; what is used up there is in the products. Index:
-- movement_from_place, movement_to_place.
SELECT side.place_id, side.lot_id, (SELECT l.item_id FROM lot l WHERE l.id = side.lot_id) AS item_id,
       sum(side.put_in)::bigint AS put_in, sum(side.came_out)::bigint AS came_out
FROM (
    SELECT m.to_place AS place_id, m.lot_id, m.quantity AS put_in, 0 AS came_out
    FROM movement m WHERE m.to_place = ANY(:place_ids)
    UNION ALL
    SELECT m.from_place, m.lot_id, 0, m.quantity
    FROM movement m JOIN place t ON t.id = m.to_place AND t.kind <> 'used_up'
    WHERE m.from_place = ANY(:place_ids)
) AS side
GROUP BY 1, 2
ORDER BY 1, 2;
