-- Holds are on goods: on a quantity of a lot, or on serials. They walk along movements as exposure does, and end by a
-- decision only. What blocks stock now stands in columns that rules read; text is for people only.

---------------------------------------------------------------------------------------------------- where goods went

-- Where goods that were in a place from ``since`` on went next: each stay that received them (or what was made of them),
-- and since when. One reading of it for all that follows goods: exposure, and every other hold.
-- Along every movement out of that stay at or after ``since``, into the stay that received it. Out of a place of
-- production also as every other lot that came out then, out of a case that was opened as its content. Where a movement's clock is doubtful, or a person typed its time,
-- stock left as late and came as early as it may have (left_at, came_at).
-- Suppliers and what is used up are out of sight: what went there may be in all of that lot that comes from such a place
-- afterwards. What a count finds, or comes from nowhere, may be any stock of that lot that the ledger believes elsewhere.
-- A count that moved nothing, because later facts explain it, has a movement of quantity 0.
CREATE FUNCTION goods_went(of_lot bigint, of_serial text, of_place bigint, of_kind text, began timestamptz,
                           until timestamptz, since_when timestamptz)
RETURNS TABLE (lot_id bigint, serial text, place_id bigint, began_at timestamptz, ended_at timestamptz,
               kind text, since timestamptz)
STABLE LANGUAGE sql ROWS 3 AS $$
    SELECT d.lot_id, d.serial, d.place_id, d.began_at, d.ended_at,
           (SELECT p.kind FROM place p WHERE p.id = d.place_id), -- looked up for each
           min(greatest(o.came_at, since_when))
    FROM (
        SELECT m.lot_id, m.serial, m.to_place, m.came_at
        FROM movement m
        WHERE (m.lot_id, m.from_place, m.serial) = (of_lot, of_place, of_serial) AND m.quantity > 0
          AND m.left_at BETWEEN since_when AND coalesce(until, 'infinity')
        UNION ALL
        SELECT m.lot_id, m.serial, m.to_place, m.came_at
        FROM movement m
        WHERE of_kind = 'production' AND m.from_place = of_place AND m.lot_id <> of_lot AND m.left_at >= since_when
          AND m.quantity > 0
        UNION ALL
        SELECT m.lot_id, m.serial, m.to_place, m.came_at -- out of a case that was opened
        FROM movement opened
        JOIN movement m ON m.lot_id = opened.lot_id AND m.from_place = opened.to_place
            AND m.event_id = opened.event_id AND m.serial <> opened.serial
        WHERE of_kind = 'unpacking' AND (opened.lot_id, opened.to_place, opened.serial) = (of_lot, of_place, of_serial)
          AND opened.came_at BETWEEN began AND coalesce(until, 'infinity')
          AND m.left_at >= since_when -- not of one that was opened before
        UNION ALL
        SELECT m.lot_id, m.serial, m.to_place, m.came_at
        FROM movement m
        WHERE m.lot_id = of_lot AND m.serial = of_serial AND m.quantity > 0
          AND m.from_place = ANY(ARRAY(SELECT g.id FROM place g WHERE g.kind = 'count_difference'))
          AND m.left_at >= since_when
        UNION ALL
        SELECT back.lot_id, back.serial, back.to_place, back.came_at
        FROM movement went
        JOIN movement back ON back.lot_id = of_lot AND back.serial = of_serial AND back.quantity > 0
            AND back.left_at >= greatest(went.came_at, since_when)
            AND back.from_place = ANY(ARRAY(SELECT g.id FROM place g WHERE g.kind IN ('supplier', 'used_up')))
        WHERE (went.lot_id, went.from_place, went.serial) = (of_lot, of_place, of_serial) AND went.quantity > 0
          AND went.left_at BETWEEN since_when AND coalesce(until, 'infinity')
          AND went.to_place = ANY(ARRAY(SELECT g.id FROM place g WHERE g.kind IN ('supplier', 'used_up')))
          AND (SELECT g.kind FROM place g WHERE g.id = went.to_place)
            = (SELECT g.kind FROM place g WHERE g.id = back.from_place)
    ) AS o
    JOIN residency d ON (d.lot_id, d.place_id, d.serial) = (o.lot_id, o.to_place, o.serial)
        AND o.came_at BETWEEN d.began_at AND coalesce(d.ended_at, 'infinity')
    GROUP BY d.lot_id, d.serial, d.place_id, d.began_at, d.ended_at
$$;
CREATE INDEX place_kind ON place (kind);

------------------------------------------------------------------------------------------------------------ holds

-- serial: that unit only (null: all). is_of_lot: the whole lot, wherever it is and whenever it comes. Otherwise the goods
-- of hold_goods, and what was at and below place_id at ``since`` as far as that becomes known later. since: from when on,
-- null where movements say it. movement_mark: the latest movement that was known when a person placed the hold.
-- event_id: what a rule held the goods for (a receipt, a return). case_id: it ends when that case is resolved.
ALTER TABLE hold
    ADD COLUMN serial text,
    ADD COLUMN is_of_lot boolean NOT NULL DEFAULT true,
    ADD COLUMN since timestamptz,
    ADD COLUMN movement_mark bigint NOT NULL DEFAULT 0,
    ADD COLUMN event_id bigint REFERENCES event,
    ADD COLUMN case_id bigint REFERENCES exception_case;
CREATE INDEX hold_case ON hold (case_id) WHERE case_id IS NOT NULL;

-- The goods that a hold is on: what the ledger knew in a place ``at`` that time, or what a movement brought.
CREATE TABLE hold_goods (
    hold_id bigint NOT NULL REFERENCES hold,
    lot_id bigint NOT NULL REFERENCES lot,
    serial text NOT NULL,
    place_id bigint NOT NULL REFERENCES place,
    at timestamptz,
    movement_id bigint REFERENCES movement,
    CHECK (num_nonnulls(at, movement_id) = 1)
);
CREATE INDEX hold_goods_hold ON hold_goods (hold_id);
CREATE INDEX hold_goods_movement ON hold_goods (movement_id) WHERE movement_id IS NOT NULL;
CREATE TRIGGER hold_goods_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON hold_goods
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- Where the goods of open holds are and were, followed wherever they went; as exposure.
CREATE TABLE hold_reach (
    hold_id bigint NOT NULL REFERENCES hold,
    lot_id bigint NOT NULL,
    serial text NOT NULL,
    place_id bigint NOT NULL,
    residency_began_at timestamptz NOT NULL,
    since timestamptz NOT NULL,
    PRIMARY KEY (hold_id, lot_id, place_id, serial, residency_began_at)
);
CREATE INDEX hold_reach_lot ON hold_reach (lot_id, place_id, serial);
CREATE INDEX hold_reach_place ON hold_reach (place_id);

-- Holds from before this: those on a place are from now on on the goods that are there.
UPDATE hold SET since = placed_at, is_of_lot = place_id IS NULL, movement_mark = coalesce((SELECT max(id) FROM movement), 0);
INSERT INTO hold (kind, lot_id, place_id, reason, placed_by, placed_at, origin, is_of_lot, since, movement_mark, case_id)
SELECT 'exception', k.lot_id, k.place_id, k.kind || ': ' || k.text, 'ledger', k.opened_at, 'suspicion', k.place_id IS NULL,
       k.opened_at, coalesce((SELECT max(id) FROM movement), 0), k.id
FROM exception_case k WHERE k.kind = 'suspicious_product' AND k.resolved_at IS NULL AND k.lot_id IS NOT NULL;
INSERT INTO hold_goods (hold_id, lot_id, serial, place_id, at)
SELECT h.id, h.lot_id, r.serial, r.place_id, greatest(h.since, r.began_at)
FROM hold h
JOIN place p ON p.ancestors @> ARRAY[h.place_id]
JOIN residency r ON r.lot_id = h.lot_id AND r.place_id = p.id AND r.ended_at IS NULL
WHERE h.lifted_at IS NULL AND NOT h.is_of_lot;
INSERT INTO hold_reach
SELECT g.hold_id, g.lot_id, g.serial, g.place_id, r.began_at, g.at
FROM hold_goods g
JOIN residency r ON (r.lot_id, r.place_id, r.serial) = (g.lot_id, g.place_id, g.serial) AND r.ended_at IS NULL;

-- Whether what was made for a prescription alone may be used for a demand: that prescription, or an order with it.
CREATE FUNCTION is_for_prescription(prescription text, demand text) RETURNS boolean STABLE LANGUAGE sql AS $$
    SELECT coalesce(prescription = demand
                    OR prescription = (SELECT o.patient_ref FROM stock_order o WHERE o.number = demand), false)
$$;

DROP VIEW hold_now;
DROP FUNCTION patient_hold_is_for;
DROP FUNCTION hold_covers;

-- Whether a hold covers stock in a place: the one reading of it. A hold is on goods: in the very place where they are, or
-- on a lot wherever it is (null).
CREATE FUNCTION hold_covers(held_place bigint, place bigint) RETURNS boolean IMMUTABLE LANGUAGE sql AS $$
    SELECT held_place IS NULL OR held_place = place
$$;

-- Every reason that blocks stock now, one row each: (lot, serial, place) with place null = everywhere, serial null =
-- all serials, since = from when on (of goods: the time of the fact, else of the decision). The exposure part: the
-- stock is still there, and the latest decision on it is not a release of the evidence as it is now. Products of a
-- batch are blocked until quality releases it; those made for a prescription are never stock for others.
CREATE VIEW active_hold AS
SELECT x.lot_id, x.serial, x.place_id, 'exposure'::text AS kind, x.excursion_id,
       format('exposed since %s: %s broke %s at %s (worst %s)',
              CASE WHEN x.since <= '0001-01-01Z' THEN 'an unknown time'
                   ELSE to_char(x.since AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS UTC') END,
              c.device || '/' || c.metric, e.rule, p.name, round(e.worst::numeric, 2))
       || CASE decided.decision
              WHEN 'release' THEN '; evidence changed after disposition'
              WHEN 'reject' THEN '; rejected: ' || decided.reason
              WHEN 'destroy' THEN '; to be destroyed: ' || decided.reason
              ELSE '' END AS text,
       x.since, NULL::text AS prescription, NULL::bigint AS hold_id
FROM exposure x
JOIN residency r ON (r.lot_id, r.place_id, r.serial, r.began_at) = (x.lot_id, x.place_id, x.serial, x.residency_began_at)
JOIN excursion e ON e.id = x.excursion_id
JOIN channel c ON c.id = e.channel_id
JOIN place p ON p.id = e.place_id
JOIN place here ON here.id = x.place_id
LEFT JOIN LATERAL (
    SELECT d.decision, d.reason, d.evidence
    FROM disposition d
    WHERE d.excursion_id = x.excursion_id AND d.lot_id = x.lot_id
      AND (d.places IS NULL OR d.places && here.ancestors)
    ORDER BY d.id DESC
    LIMIT 1
) decided ON true
WHERE r.ended_at IS NULL
  AND CASE WHEN decided.decision = 'release' THEN decided.evidence <> exposure_evidence(x.excursion_id, x.lot_id)
           ELSE true END
UNION ALL
SELECT h.lot_id, h.serial, NULL, h.kind, NULL, h.reason, coalesce(h.since, h.placed_at), NULL, h.id
FROM hold h
WHERE h.lifted_at IS NULL AND h.is_of_lot
UNION ALL
SELECT x.lot_id, x.serial, x.place_id, h.kind, NULL,
       h.reason || CASE WHEN x.lot_id = h.lot_id THEN ''
                        ELSE ' (made of lot ' || (SELECT l.lot_number FROM lot l WHERE l.id = h.lot_id) || ')' END,
       x.since, NULL, h.id
FROM hold_reach x
JOIN hold h ON h.id = x.hold_id AND h.lifted_at IS NULL
JOIN residency r ON (r.lot_id, r.place_id, r.serial, r.began_at) = (x.lot_id, x.place_id, x.serial, x.residency_began_at)
WHERE r.ended_at IS NULL AND NOT (h.is_of_lot AND x.lot_id = h.lot_id)
UNION ALL
SELECT k.lot_id, NULL, NULL, 'exception', NULL, k.kind || ': ' || k.text, k.opened_at, NULL, NULL
FROM exception_case k
WHERE k.resolved_at IS NULL AND k.lot_id IS NOT NULL AND k.place_id IS NULL
  AND NOT EXISTS (SELECT FROM hold h WHERE h.case_id = k.id)
UNION ALL
SELECT l.lot_id, NULL, NULL, 'recall', NULL,
       format('recall %s: %s', c.id, c.title) || CASE WHEN l.is_product THEN ' (made of a recalled lot)' ELSE '' END,
       c.opened_at, NULL, NULL
FROM recall_lot l
JOIN recall c ON c.id = l.recall_id
WHERE NOT c.is_mock AND c.outcome IS DISTINCT FROM 'lifted'
UNION ALL
SELECT product.lot_id, NULL, NULL, 'unreleased', NULL,
       CASE WHEN rejected.id IS NULL THEN 'production batch ' || p.name || ' is not released'
            ELSE 'production batch ' || p.name || ' was rejected: ' || (rejected.data ->> 'reason') END,
       b.planned_at, NULL, NULL
FROM batch_product product
JOIN production_batch b ON b.id = product.batch_id
JOIN place p ON p.id = b.place_id
LEFT JOIN batch_fact rejected ON rejected.batch_id = b.id AND rejected.kind = 'rejected'
WHERE NOT EXISTS (SELECT FROM batch_fact f WHERE f.batch_id = b.id AND f.kind = 'released')
UNION ALL
SELECT product.lot_id, NULL, NULL, 'patient', NULL, 'made for prescription ' || b.prescription || ' alone', b.planned_at,
       b.prescription, NULL
FROM batch_product product
JOIN production_batch b ON b.id = product.batch_id
WHERE b.prescription <> '';
